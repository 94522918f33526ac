"""Hidden tests out of reach: what a test uses is put back before it runs.

An answer's cell may have bound `np` or `sum` anew, or changed the sheet's data in place. The
referee remembers what the sheet itself defined, and keeps checks of its own, loaded before any
answer ran. It is called by whoever grades, never by a sheet.
"""

import builtins
import contextlib
import importlib
import sys
import zlib

import numpy as np


def loaded_afresh():
    """Return the package `ecomlab.checks`, loaded from its files into modules of its own."""
    names = [n for n in sys.modules if n == "ecomlab.checks" or n.startswith("ecomlab.checks.")]
    kept = {name: sys.modules.pop(name) for name in names}
    try:
        return importlib.import_module("ecomlab.checks")
    finally:
        sys.modules.update(kept)
        sys.modules["ecomlab"].checks = kept["ecomlab.checks"]  # what a sheet imports


class Referee:
    """Remembers what a sheet defines, and puts it back before each test.

    Parameters
    ----------
    space : dict
        The names of the notebook that is graded.
    """

    def __init__(self, space):
        self.space = space
        self.checks = loaded_afresh()
        self.given, self.marks = {}, {}

    def after_given(self, names):
        """Note what a cell of the sheet has bound.

        Parameters
        ----------
        names : iterable of str
        """
        for name in names:
            if name in self.space:
                self.given[name] = self.space[name]
                self.marks[name] = _mark(self.space[name])
        if "checks" in self.given:
            self.checks.take_over(self.given["checks"])
            self.given["checks"] = self.checks

    def before_test(self, task, stopped=""):
        """Put the sheet's names back, and stop a test that cannot be held.

        Parameters
        ----------
        task : str
            The function that the student writes.
        stopped : str
            Why its cell did not run to its end; empty if it did.

        Raises
        ------
        NotRight
            If the sheet's data were changed, or the function is not there.
        """
        for name in set(self.space) & set(vars(builtins)):
            del self.space[name]  # Python's own again: `sum`, `zip`, `AssertionError`
        self.space.update(self.given)
        must = self.checks.must
        changed = [name for name, value in self.given.items() if self.marks[name] != _mark(value)]
        must(not changed, f"{task}: an answer has changed the sheet's own {', '.join(changed)}")
        must(not stopped, f"{task}: {stopped}")
        must(callable(self.space.get(task)), f"{task}: there is no such function")


def _mark(value):
    """Return a checksum of data that could be changed in place; None for all else."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        return zlib.crc32(np.ascontiguousarray(value).view(np.uint8))
    if isinstance(value, (list, dict, set)):
        return repr(value) if len(value) < 1000 else len(value)
    if type(value).__module__.startswith("pandas") and hasattr(value, "columns"):
        return (
            value.shape,
            tuple(map(str, value.columns)),
            float(value.sum(numeric_only=True).sum()),
        )
    return None


_referee = None  # of the notebook that is graded in this kernel


def start(megabytes, characters):
    """Begin to grade in this kernel: bounds of memory and of printed text, and a referee.

    Parameters
    ----------
    megabytes : int
        What the kernel may take; not bounded where the system cannot (Windows).
    characters : int
        What a cell may print.
    """
    global _referee
    with contextlib.suppress(ImportError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (megabytes * 2**20,) * 2)
    from IPython import get_ipython

    shell = get_ipython()
    for stream in (sys.stdout, sys.stderr):
        _bound(stream, characters, shell)
    _referee = Referee(shell.user_ns)


def _bound(stream, most, shell):
    """Let a stream take so many characters a cell: one error beyond, then silence."""
    write, left = stream.write, most

    def again():
        nonlocal left
        left = most

    def bounded(text):
        nonlocal left
        before, left = left, left - len(text)
        if left >= 0:
            return write(text)
        if before >= 0:
            write(text[: max(0, before)])
            raise RuntimeError(f"it printed more than {most:,} characters")
        return len(text)

    stream.write = bounded
    shell.events.register("pre_run_cell", lambda *_: again())


def after_given(names):
    """Note what the sheet has bound; see `Referee.after_given`."""
    _referee.after_given(names)


def before_test(task, stopped):
    """Put the sheet's names back before a test; see `Referee.before_test`."""
    _referee.before_test(task, stopped)
