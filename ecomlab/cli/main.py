"""The command line, `ecomlab`. Nothing here imports TensorFlow: help must come at once."""

import contextlib
import sys
from typing import Annotated

import typer

from ecomlab import __version__, stopping
from ecomlab.cli import authors, classroom, data, doctor, lessons, orders, reports, sweep, workbook
from ecomlab.cli.common import new_app
from ecomlab.errors import RunFailed, UserError

app = new_app(name="ecomlab", context_settings={"help_option_names": ["-h", "--help"]})

# In the order in which `ecomlab --help` shows them.
app.command()(doctor.doctor)
app.command("list")(lessons.list_lessons)
app.command()(lessons.run)
app.command()(lessons.render)
app.command()(lessons.restore)
app.command()(classroom.exercise)
app.command()(classroom.grade)
app.command()(workbook.workbook)
app.command()(workbook.book)
app.add_typer(data.app, name="data")
app.add_typer(orders.app, name="orders")
app.add_typer(reports.app, name="report")
app.command()(reports.score)
app.command()(sweep.sweep)
app.command()(sweep.compare)
app.command()(authors.store)
app.command()(authors.full)
app.command()(authors.address)


def main():
    """Run the command line; bad input ends in one line and exit code 2."""
    stopping.stop_on_signals()
    # As `ecomlab.running` does: a grammar of web addresses takes a second, and nothing needs it.
    sys.modules.setdefault("rfc3987_syntax", None)
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
        code = 130
    except Exception as error:
        # Typer's own usage errors carry an exit code and know how to show themselves.
        if not hasattr(error, "exit_code"):
            raise
        if hasattr(error, "format_message"):
            _stop(error.format_message(), error.exit_code)
        code = error.exit_code
    if code == 130:  # Typer's answer to Ctrl-C
        _stop("stopped", stopping.exit_code())
    sys.exit(code or 0)


def _stop(message, code):
    with contextlib.suppress(OSError):  # the terminal may be closed
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
