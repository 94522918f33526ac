"""Hidden tests out of reach: what a test uses is put back, and it runs where no answer looks.

An answer's cell may have bound `np` or `sum` anew, or changed the sheet's data in place; and an
answer could return `wanted`, if the test defined it among the answer's own names. The referee
remembers what the sheet itself defined, keeps checks of its own, loaded before any answer ran,
and runs tests among names of their own. It is called by whoever grades, never by a sheet.
"""

import builtins
import contextlib
import importlib
import sys
import zlib

import numpy as np

from ecomlab.checks.guards import Fence, Kept, no_text_as_code


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
    """Remembers what a sheet defines, puts it back before each test, and runs the test.

    Parameters
    ----------
    space : dict
        The names of the notebook that is graded.
    """

    def __init__(self, space):
        self.space = space
        self.checks = loaded_afresh()
        self.given, self.marks = {}, {}
        self.kept = Kept()
        self.tests = {"__name__": "__test__"}  # what tests define, for those after them

    def put_back(self):
        """Let names mean again what they mean to Python and to the sheet."""
        for name in set(self.space) & set(vars(builtins)):
            del self.space[name]  # Python's own again: `sum`, `zip`, `AssertionError`
        self.space.update(self.given)

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
            self.given["checks"] = self.checks
        self.tests |= {name: self.given[name] for name in names if name in self.given}

    def run_test(self, task, source, stopped=""):
        """Put the sheet's names back, and run a test, unless it cannot be held.

        Parameters
        ----------
        task : str
            The function that the student writes.
        source : str
            The cell that tests it.
        stopped : str
            Why the task's cell did not run to its end; empty if it did.

        Raises
        ------
        NotRight
            If the sheet's data were changed, the function is not there, or its answer is wrong.
        """
        self.put_back()
        must, patched = self.checks.must, self.kept.put_back()
        must(not patched, f"{task}: an answer has changed {', '.join(patched)}")
        changed = [name for name, value in self.given.items() if self.marks[name] != _mark(value)]
        must(not changed, f"{task}: an answer has changed the sheet's own {', '.join(changed)}")
        must(not stopped, f"{task}: {stopped}")
        function = self.space.get(task)
        must(callable(function), f"{task}: there is no such function")
        # What another function returned, or `partial`, may carry data that no answer may use.
        plain = getattr(function, "__qualname__", None) == task
        must(plain, f"{task}: it is not written with `def`, under this name")
        self.checks.take_over(sys.modules["ecomlab.checks"])  # the sheet's fingerprints
        self.tests[task] = function
        exec(compile(source, f"<test of {task}>", "exec"), self.tests)


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


_referee = _fence = None  # of the notebook that is graded in this kernel


def start(megabytes, characters):
    """Begin to grade in this kernel: bounds of memory and of printed text, and a referee.

    Parameters
    ----------
    megabytes : int
        What the kernel may take; not bounded where the system cannot (Windows).
    characters : int
        What a cell may print.
    """
    global _referee, _fence
    with contextlib.suppress(ImportError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (megabytes * 2**20,) * 2)
    from IPython import get_ipython

    shell = get_ipython()
    for stream in (sys.stdout, sys.stderr):
        _bound(stream, characters, shell)
    no_text_as_code()
    _referee, _fence = Referee(shell.user_ns), Fence()
    shell.events.register("pre_run_cell", _before_any_cell)


def _before_any_cell(*_):
    """Raise the fence, and see to it that the referee can be called: see `grading.Grade`."""
    _referee.space.pop("__import__", None)
    _referee.space["__builtins__"] = builtins
    _fence.up = True


def before_given():
    """Let a cell of the sheet run as if no answer had run before."""
    _referee.put_back()
    _referee.kept.put_back()
    _fence.up = False


def _bound(stream, most, shell):
    """Let a stream take so many characters a cell: one error beyond, then silence.

    It is bound before each cell, since IPython gives a stream another `write` while a cell runs.
    """
    left = most

    def bind(*_):
        nonlocal left
        left, write = most, stream.write
        if getattr(write, "is_bounded", False):
            return

        def bounded(text):
            nonlocal left
            before, left = left, left - len(text)
            if left >= 0:
                return write(text)
            if before >= 0:
                write(text[: max(0, before)])
                raise RuntimeError(f"it printed more than {most:,} characters")
            return len(text)

        bounded.is_bounded = True
        stream.write = bounded

    shell.events.register("pre_run_cell", bind)


def after_given(names):
    """Note what the sheet has bound; see `Referee.after_given`."""
    _referee.after_given(names)


def run_test(task, source, stopped):
    """Run a test among names of its own; see `Referee.run_test`."""
    _referee.run_test(task, source, stopped)
