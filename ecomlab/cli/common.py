"""What several commands share: options, NAME=VALUE pairs, a bar over a run's cells."""

import sys
from typing import Annotated

import typer

from ecomlab.errors import RunFailed, UserError

Profile = Annotated[
    str, typer.Option(help="quick (samples, seconds), default (what a reader sees) or full (seeds)")
]
Offline = Annotated[bool, typer.Option("--offline", help="Close the notebook's network.")]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="Set a parameter; repeat."),
]


def new_app(**options):
    """Return an empty group of commands: plain text, no tracebacks in colour, help by default."""
    return typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        **options,
    )


def pairs(texts):
    """Split NAME=VALUE options."""
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UserError(f"--parameter takes NAME=VALUE, not {text!r}")
        if name in pairs:
            raise UserError(f"--parameter {name} is given twice")
        pairs[name] = value
    return pairs


class CellBar:
    """A progress bar over cells, or one line a cell for a program that reads it."""

    def __init__(self, name, lines):
        self._name, self._lines, self._bar = name, lines, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._bar:
            self._bar.close()

    def __call__(self, done, total):
        if self._lines:
            print(f"cell {done}/{total}", file=sys.stderr, flush=True)
            return
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(total=total, unit="cell", desc=self._name, disable=None)
        self._bar.update(done - self._bar.n)


def fail_if_any_failed(outcomes):
    """End the command with exit code 1 and the names of the lessons that failed."""
    failed = [name for name, outcome in outcomes.items() if outcome["failure"]]
    if failed:
        raise RunFailed(f"{len(failed)} of {len(outcomes)} lessons failed: {', '.join(failed)}")
