"""`ecomlab list`, `run`, `render` and `restore`: one lesson, or any notebook."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ecomlab.cli.common import CellBar, Offline, Parameters, Profile, pairs
from ecomlab.files import write_text
from ecomlab.project import BUILD, find_notebook, lessons


def list_lessons():
    """List the lessons with their measured minutes and their data.

    Example: ecomlab list
    """
    for lesson in lessons():
        print(f"{lesson.name:<28} {lesson.minutes:>4} min  {lesson.dataset:<24} {lesson.title}")


def run(
    notebook: Annotated[str, typer.Argument(help="A lesson's number or name, or a file.")],
    parameter: Parameters = None,
    profile: Profile = "default",
    out: Annotated[Path | None, typer.Option(help="The executed notebook, inside --root.")] = None,
    root: Annotated[Path, typer.Option(help="Folder that no output leaves.")] = BUILD / "runs",
    offline: Offline = False,
    cell_timeout: Annotated[float | None, typer.Option(help="Seconds one cell may take.")] = None,
    html: Annotated[bool, typer.Option("--html", help="Write an HTML page beside it.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the outcome as JSON here.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No bar: one line a cell.")] = False,
    with_parent: Annotated[
        bool, typer.Option("--with-parent", help="End when the standard input closes.")
    ] = False,
):
    """Run one notebook with checked parameters; print what it recorded.

    Example: ecomlab run 03 -p BETTER_EPOCHS=6 -p KNOB=MaxPooling2D --html
    """
    from ecomlab.results import shown
    from ecomlab.running.one import run as run_notebook
    from ecomlab.stopping import end_with_parent

    if with_parent:
        end_with_parent()
    with CellBar(Path(notebook).stem, quiet) as bar:
        result = run_notebook(
            notebook,
            out,
            pairs(parameter or []),
            profile=profile,
            root=root,
            offline=offline,
            cell_timeout=cell_timeout,
            on_cell=bar,
        )
    if report:
        outcome = {
            "path": str(result.path),
            "seconds": result.seconds,
            "peak_memory_mb": result.peak_memory_mb,
        }
        write_text(report, json.dumps(outcome))
    if html:
        from ecomlab.pages.notebook import render as render_page

        print(render_page(result.path, result.path.with_suffix(".html")))
    if not quiet:
        for name, value in result.results.items():
            print(f"{name} = {shown(value)}")
        print(f"{result.path}: {result.seconds:.0f} s, {result.peak_memory_mb:.0f} MB")


def render(
    notebook: Annotated[str, typer.Argument(help="An executed notebook, or a lesson's number.")],
    out: Annotated[Path | None, typer.Option(help="The HTML file.")] = None,
    fold: Annotated[bool, typer.Option("--fold", help="Start with the code folded.")] = False,
):
    """Turn a notebook into one HTML file that opens with no network.

    Example: ecomlab render 03 --out cnn.html
    """
    from ecomlab.pages.notebook import render as render_page

    path = find_notebook(notebook)
    print(render_page(path, out or BUILD / f"{path.stem}.html", code_open=not fold))


def restore(
    notebook: Annotated[str, typer.Argument(help="A lesson's number or name.")],
    revision: Annotated[str, typer.Option(help="The git revision to take it from.")] = "HEAD",
):
    """Give a lesson back as it was; your copy is kept in notebooks/my_copies.

    Example: ecomlab restore 03
    """
    from ecomlab.authoring import restore as restore_lesson

    copy = restore_lesson(find_notebook(notebook), revision)
    print("it is as it was already" if copy is None else f"restored; your copy is {copy}")
