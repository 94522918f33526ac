"""What a task of an exercise calls: `answer` while a student tries, the rest in hidden tests.

Everything is printed: a value at the end of a graded cell would be read as points by nbgrader,
and so would a line on stderr, as none.
"""

import contextlib
import copy
import io
import os
import traceback
import warnings
from typing import NamedTuple

import numpy as np

from ecomlab.checks.fingerprints import Call, fingerprint, leaves, matches, unpack
from ecomlab.checks.hints import explain, listed

_known = {}  # task -> {"right": fingerprint, "wrong": [[fingerprint, hint], ...]}
_calls = {}  # task -> the calls of its last check
_record = None  # what `recording` fills


class NotRight(AssertionError):
    """A hidden test that does not hold: shown as one line, without a traceback."""

    def _render_traceback_(self):
        return [f"not right: {self}"]


class Outcome(NamedTuple):
    """What a check says.

    Attributes
    ----------
    state : {"not tried", "not yet", "right"}
    hint : str
        What is wrong; empty unless the state is `not yet`.
    """

    state: str
    hint: str = ""


def load(packed):
    """Make fingerprints known.

    Parameters
    ----------
    packed : str
        What `ecomlab.checks.fingerprints.pack` returned.
    """
    _known.update(unpack(packed))


@contextlib.contextmanager
def recording():
    """Judge without known fingerprints, and note what each `answer` found; for authors.

    Yields
    ------
    list of (str, dict, Outcome)
        Task, fingerprint and outcome, one a call of `answer`, as they come.
    """
    global _record
    _record = []
    try:
        yield _record
    finally:
        _record = None


def answer(function, *cases, rules=(), digits=4):
    """Try a student's function and print one line: not tried, not yet and why, or right.

    Parameters
    ----------
    function : callable
        The task, known by its name.
    *cases : tuple
        The arguments of each call; none for one call without arguments.
    rules : sequence of (callable, str)
        Each callable takes the answers of all cases; where it is false, its text is the hint.
        A task with rules is open: whatever keeps them is right, like the solution or not.
    digits : int
        Digits that must agree.
    """
    name = function.__name__
    cases = cases or ((),)
    calls = [_call(function, case) for case in cases]
    _calls[name] = calls
    outcome = _judge(name, calls, rules, digits)
    if _record is not None:
        _record.append((name, fingerprint(calls, digits), outcome))
    print(f"{name}: {outcome.state}{'. ' if outcome.hint else ''}{outcome.hint}")


def last_answer(function):
    """Return what a function answered in the last check; for tests that need no second run.

    Parameters
    ----------
    function : callable

    Returns
    -------
    object or list
        One answer, or a list of them where the check had several cases.

    Raises
    ------
    NotRight
        If it was not tried, or stopped with an error.
    """
    calls = _calls.get(function.__name__) or [Call(error=NotImplementedError())]
    for call in calls:
        _must_have_answered(function, call)
    return calls[0].value if len(calls) == 1 else [call.value for call in calls]


def must(condition, words):
    """Raise `NotRight` unless a condition holds.

    Parameters
    ----------
    condition : bool
    words : str
        What the student reads.
    """
    if not condition:
        raise NotRight(words)


def require(function, case, expected, tolerance=1e-4):
    """Raise `NotRight` unless a function's answer is the expected one.

    Parameters
    ----------
    function : callable
    case : tuple
        Its arguments.
    expected : number, str, array, list or dict
        Compared by value; shapes must be equal.
    tolerance : float
        Relative to each number, and absolute for numbers below one.
    """
    call = _call(function, case)
    _must_have_answered(function, call)
    found, wanted = dict(leaves(call.value)), dict(leaves(expected))
    name = function.__name__
    must(found.keys() == wanted.keys(), f"{name}: asked are {listed(wanted) or 'single values'}")
    for path, want in wanted.items():
        part = f"{name}{path}"
        if isinstance(want, np.ndarray):
            got = found[path]
            must(isinstance(got, np.ndarray), f"{part}: numbers are asked")
            shapes = f"shape {got.shape}, asked is {want.shape}"
            must(got.shape == want.shape, f"{part}: {shapes}")
            close = np.allclose(got, want, rtol=tolerance, atol=tolerance, equal_nan=True)
            must(close, f"{part}: other numbers are asked, in a case that the check does not show")
        else:
            must(found[path] == want, f"{part}: another answer is asked")


def _call(function, case):
    """Call a function with copies of its arguments."""
    arguments = [_copied(argument) for argument in case]
    try:
        with _quiet():
            value = function(*arguments)
    except (Exception, SystemExit) as error:
        return Call(error=error)
    pairs = zip(arguments, case, strict=True)
    arrays = [(now, then) for now, then in pairs if isinstance(then, np.ndarray)]
    return Call(value, changed=any(not _same(now, then) for now, then in arrays))


@contextlib.contextmanager
def _quiet():
    """Keep warnings and printing away from the notebook."""
    nowhere = io.StringIO()
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)  # TensorFlow writes past Python's stderr
    try:
        with (
            warnings.catch_warnings(record=True),
            contextlib.redirect_stderr(nowhere),
            contextlib.redirect_stdout(nowhere),
        ):
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)


def _same(now, then):
    return now.shape == then.shape and np.array_equal(now, then, equal_nan=then.dtype.kind == "f")


def _copied(argument):
    if isinstance(argument, (list, dict)):
        return copy.deepcopy(argument)
    if isinstance(argument, np.ndarray) or type(argument).__module__.startswith("pandas"):
        return argument.copy() if hasattr(argument, "copy") else argument  # a Timestamp has none
    return argument


def _must_have_answered(function, call):
    name = function.__name__
    must(not isinstance(call.error, NotImplementedError), f"{name}: not tried")
    must(call.error is None, f"{name}: stopped with {_error_text(call.error)}")
    must(call.value is not None, f"{name}: it returns nothing")


def _error_text(error):
    return f"{type(error).__name__}: {error}".split("\n")[0][:200]


def _judge(name, calls, rules, digits):
    """Return the outcome: known wrong answers first, since their hints say most."""
    if any(isinstance(call.error, NotImplementedError) for call in calls):
        return Outcome("not tried")
    known = _known.get(name, {}) if _record is None else {}
    for wrong, hint in known.get("wrong", []):
        if matches(calls, wrong, digits):
            return Outcome("not yet", hint)
    for call in calls:
        if call.error is not None:
            return Outcome("not yet", _where(name, call.error))
        if call.value is None:
            return Outcome("not yet", "It returns nothing: is there a `return`?")
        if call.changed:
            return Outcome("not yet", "It changes its input: work on a copy.")
    for rule, hint in rules:
        try:
            with _quiet():
                holds = rule(*[call.value for call in calls])
        except Exception as error:
            return Outcome("not yet", f"{hint} (its check stopped: {_error_text(error)})")
        if not holds:
            return Outcome("not yet", hint)
    right = known.get("right")
    if rules or right is None or matches(calls, right, digits):
        return Outcome("right")
    return Outcome("not yet", explain(calls, right, digits))


def _where(name, error):
    """Return an error in one line, with the student's own line."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.name == name]
    line = f" in the line `{frames[-1].line}`" if frames and frames[-1].line else ""
    return f"It stopped with {_error_text(error)}{line}"
