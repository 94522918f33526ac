"""What several commands share: NAME=VALUE options, and a bar over a run's cells."""

import sys

from ecomlab.errors import UserError


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
