"""`ecomlab store`, `full` and `address`: what an author writes for readers who do not run it."""

from typing import Annotated

import typer

from ecomlab.cli.common import fail_if_any_failed
from ecomlab.errors import UserError
from ecomlab.project import BUILD, find_notebook, lessons, profile_parameters


def store(
    names: Annotated[list[str] | None, typer.Argument(help="Lessons; all by default.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Lessons at once.")] = 1,
):
    """Run lessons in the default profile and store their outputs in notebooks/ (for authors).

    Example: ecomlab store 00
    """
    from ecomlab.authoring import store, write_readme_table
    from ecomlab.running.many import run_all

    outcomes = run_all(_paths(names), jobs=jobs)
    for name, outcome in outcomes.items():
        if outcome["path"]:
            store(name, outcome["path"])
    write_readme_table()
    fail_if_any_failed(outcomes)


def full(
    names: Annotated[list[str] | None, typer.Argument(help="Lessons; all by default.")] = None,
):
    """Run the full profile (seeds, best numbers) and store it in notebooks/results/full.json.

    Example: ecomlab full 00
    """
    from ecomlab.authoring import store_full, write_readme_table
    from ecomlab.running.many import run_all

    # Without a full profile a run would store the default's numbers under another name.
    chosen = _paths(names) or [lesson.path for lesson in lessons()]
    chosen = [path for path in chosen if profile_parameters(path.stem, "full")]
    if not chosen:
        raise UserError("no full profile in notebooks/profiles.toml for what you named")
    outcomes = run_all(chosen, profile="full", folder=BUILD / "full")
    store_full(outcomes)
    write_readme_table()
    fail_if_any_failed(outcomes)


def address():
    """Write the address of ecomlab/project.py into papers and notebooks, or take it out.

    Example: ecomlab address
    """
    from ecomlab.address import write_address

    for path in write_address():
        print(path)


def _paths(names):
    return [find_notebook(name) for name in names] if names else None
