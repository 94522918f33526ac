"""The command line, `ecomlab`. Nothing here imports TensorFlow: help must come at once."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ecomlab import __version__
from ecomlab.cli import classroom, data, reports
from ecomlab.cli import sweep as sweeps
from ecomlab.cli.common import CellBar, pairs
from ecomlab.errors import UserError
from ecomlab.project import BUILD, find_notebook, lessons, profile_parameters

app = typer.Typer(
    name="ecomlab",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Profile = Annotated[
    str, typer.Option(help="quick (samples, seconds), default (what a reader sees) or full (seeds)")
]
Offline = Annotated[bool, typer.Option("--offline", help="Close the notebook's network.")]

# The data commands have a module of their own: they know nothing of notebooks.
app.add_typer(data.app, name="data")
app.command()(classroom.exercise)
app.add_typer(reports.app, name="report")
app.command()(reports.score)


def main():
    """Run the command line; bad input ends in one line and exit code 2."""
    from ecomlab.errors import RunFailed

    try:
        code = app(standalone_mode=False)
    except UserError as error:
        _stop(error, 2)
    except RunFailed as error:
        kept = f" (kept as far as it came: {error.partial})" if error.partial else ""
        _stop(f"{error}{kept}", 1)
    except OSError as error:
        _stop(f"{error.strerror or error}: {error.filename or 'no file named'}", 1)
    except (KeyboardInterrupt, typer.Abort):
        _stop("stopped", 130)
    except Exception as error:
        # Typer's own usage errors carry an exit code and know how to show themselves.
        if not hasattr(error, "exit_code"):
            raise
        if hasattr(error, "format_message"):
            _stop(error.format_message(), error.exit_code)
        code = error.exit_code
    sys.exit(code or 0)


def _stop(message, code):
    print(f"ecomlab: {message}", file=sys.stderr)
    sys.exit(code)


def _version(asked: bool):
    if asked:
        print(f"ecomlab {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
):
    """Deep learning for e-commerce: run the lessons, fetch their data, build the pages."""


@app.command("list")
def list_lessons():
    """List the lessons with their measured minutes and their data.

    Example: ecomlab list
    """
    for lesson in lessons():
        print(f"{lesson.name:<28} {lesson.minutes:>4} min  {lesson.dataset:<24} {lesson.title}")


@app.command()
def run(
    notebook: Annotated[str, typer.Argument(help="A lesson's number or name, or a file.")],
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="Set a parameter; repeat."),
    ] = None,
    profile: Profile = "default",
    out: Annotated[Path | None, typer.Option(help="The executed notebook, inside --root.")] = None,
    root: Annotated[Path, typer.Option(help="Folder that no output leaves.")] = BUILD / "runs",
    offline: Offline = False,
    cell_timeout: Annotated[float | None, typer.Option(help="Seconds one cell may take.")] = None,
    html: Annotated[bool, typer.Option("--html", help="Write an HTML page beside it.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the outcome as JSON here.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No bar: one line a cell.")] = False,
):
    """Run one notebook with checked parameters; print what it recorded.

    Example: ecomlab run 03 -p BETTER_EPOCHS=6 -p KNOB=MaxPooling2D --html
    """
    from ecomlab.results import shown
    from ecomlab.running.one import run as run_notebook

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
        report.write_text(json.dumps(outcome), encoding="utf-8")
    if html:
        from ecomlab.pages.notebook import render as render_page

        print(render_page(result.path, result.path.with_suffix(".html")))
    if not quiet:
        for name, value in result.results.items():
            print(f"{name} = {shown(value)}")
        print(f"{result.path}: {result.seconds:.0f} s, {result.peak_memory_mb:.0f} MB")


@app.command()
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


@app.command()
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


@app.command()
def workbook(
    profile: Profile = "default",
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Lessons at once. [default: 2 with two cores and 8 GB free]"),
    ] = None,
    offline: Offline = False,
):
    """Run every lesson and build the HTML workbook in build/.

    Example: ecomlab workbook --profile quick
    """
    from ecomlab.pages.workbook import build
    from ecomlab.running.many import default_jobs, run_all

    outcomes = run_all(profile=profile, jobs=jobs or default_jobs(), offline=offline)
    print(f"open {build(outcomes)}")
    _fail_if_any_failed(outcomes)


@app.command()
def book():
    """Build the book, a site of all lessons and exercises that opens with no network.

    Example: ecomlab book
    """
    from ecomlab.pages.book import build_book

    print(f"open {build_book()}")


@app.command()
def store(
    names: Annotated[list[str] | None, typer.Argument(help="Lessons; all by default.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Lessons at once.")] = 1,
):
    """Run lessons in the default profile and store their outputs in notebooks/ (for authors).

    Example: ecomlab store 03
    """
    from ecomlab.authoring import store, write_readme_table
    from ecomlab.running.many import run_all

    outcomes = run_all(_paths(names), jobs=jobs)
    for name, outcome in outcomes.items():
        if outcome["path"]:
            store(name, outcome["path"])
    write_readme_table()
    _fail_if_any_failed(outcomes)


@app.command()
def full(
    names: Annotated[list[str] | None, typer.Argument(help="Lessons; all by default.")] = None,
):
    """Run the full profile (seeds, best numbers) and store it in notebooks/results/full.json.

    Example: ecomlab full 03
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
    _fail_if_any_failed(outcomes)


app.command()(sweeps.sweep)
app.command()(sweeps.compare)


def _paths(names):
    return [find_notebook(name) for name in names] if names else None


def _fail_if_any_failed(outcomes):
    failed = [name for name, outcome in outcomes.items() if outcome["failure"]]
    if failed:
        _stop(f"{len(failed)} of {len(outcomes)} lessons failed: {', '.join(failed)}", 1)
