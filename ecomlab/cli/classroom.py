"""`ecomlab exercise`: a sheet to work on, or a variant for a class. `ecomlab grade`: a round."""

from pathlib import Path
from typing import Annotated

import typer

from ecomlab.errors import UserError
from ecomlab.files import write_text
from ecomlab.project import NOTEBOOKS

MY_COPIES = NOTEBOOKS / "my_copies"


def exercise(
    name: Annotated[str, typer.Argument(help="A lesson's number or name.")],
    solution: Annotated[
        bool, typer.Option("--solution", help="With worked solutions and the tests.")
    ] = False,
    variant: Annotated[
        int | None, typer.Option(min=0, help="Other numbers in the tasks; needs --to.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="A course's own folder of sources.")
    ] = None,
    stamp: Annotated[
        bool, typer.Option("--stamp", help="Renew the fingerprints in the source (authors).")
    ] = False,
):
    """Copy an exercise to work on; or its worked solution; or, for a teacher, a variant.

    Examples: ecomlab exercise 03 / ecomlab exercise 03 --solution /
    ecomlab exercise 01 --variant 2 --to course/source
    """
    import nbformat

    from ecomlab.classroom import find_exercise, student_copy
    from ecomlab.classroom.stamping import set_variant, stamp_exercise
    from ecomlab.pages.links import relink

    if (variant is None) != (to is None):
        raise UserError("--variant and --to belong together")
    path = find_exercise(name)
    notebook = nbformat.read(path, as_version=4)
    if stamp:
        stamp_exercise(notebook, path)
        write_text(path, nbformat.writes(notebook) + "\n")
        print(path)
        return
    if to is not None:
        set_variant(notebook, path, variant)
        target = to / path.stem / path.name
    else:
        kind = "solution" if solution else "exercise"
        target = MY_COPIES / f"{path.stem.split('_')[0]}_{kind}.ipynb"
        notebook = notebook if solution else student_copy(notebook)
    if target.exists() and not solution:
        raise UserError(f"{target} is there already: it is yours, move it or delete it first")
    relink(notebook, path, target)
    write_text(target, nbformat.writes(notebook) + "\n")
    print(target)


def grade(
    name: Annotated[str, typer.Argument(help="A lesson's number or name.")],
    all_remarks: Annotated[
        bool, typer.Option("--all", help="Every remark, not the first of each student.")
    ] = False,
):
    """Grade what a class has handed in for a sheet; print points and what went wrong.

    Examples: ecomlab grade 00 / ecomlab grade 00 --all
    """
    from ecomlab.classroom.rounds import grade as grade_all

    for graded in grade_all(name):
        wait = ", one answer waits for you" if graded.waits else ""
        remarks = graded.remarks if all_remarks else graded.remarks[:1]
        more = len(graded.remarks) - len(remarks)
        print(f"{graded.student}: {graded.points:g} of {graded.most:g} points{wait}", end="")
        print("".join(f" | {remark}" for remark in remarks) + (f" | {more} more" if more else ""))
