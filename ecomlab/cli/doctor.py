"""`ecomlab doctor`: whether the lessons run here, and how long they take."""

from typing import Annotated

import typer


def doctor(
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Time the machine again, though a time is kept.")
    ] = False,
):
    """Look at Python, packages, memory, disk, data, kernel and browser, and time this machine.

    Each trouble comes with its remedy. The exit code is 0 where the lessons run, notes or not,
    and 1 where something is to be fixed.

    Example: ecomlab doctor
    """
    from ecomlab.doctor import examine

    to_fix = 0
    for check in examine(fresh):
        typer.echo(f"{check.state:<5} {check.name:<12} {check.found}")
        if check.remedy:
            typer.echo(f"{'':<18} {check.remedy}")
        to_fix += check.state == "fix"
    typer.echo(f"{to_fix} to fix before the lessons run" if to_fix else "the lessons run here")
    raise typer.Exit(1 if to_fix else 0)
