"""What asks and answers: `question` in lessons; in a task of an exercise `answer` while a student
tries, the rest in hidden tests.

Everything is printed: a value at the end of a graded cell would be read as points by nbgrader,
and so would a line on stderr, as none.
"""

import contextlib
import copy
import io
import linecache
import os
import sys
import traceback
import warnings
from html import escape
from typing import NamedTuple

import numpy as np
from IPython import get_ipython
from IPython.display import HTML, display

from ecomlab.checks.fingerprints import (
    Call,
    digest,
    fingerprint,
    leaf_matches,
    leaves,
    matches,
    unpack,
)
from ecomlab.checks.hints import explain, listed
from ecomlab.checks.scan import Scan

_known = {}  # task -> {"right": fingerprint, "wrong": [[fingerprint, hint], ...], "begin": text}
_sheet = {}  # what an answer may not use: the arguments of `Scan`
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
        Where to begin, or what is wrong; empty where the answer is right.
    """

    state: str
    hint: str = ""


class Recorded(NamedTuple):
    """What one call of `answer` found: task, fingerprint, outcome, the calls and their digits."""

    task: str
    found: dict
    outcome: Outcome
    calls: list
    digits: int


def load(packed):
    """Make fingerprints known.

    Parameters
    ----------
    packed : str
        What `ecomlab.checks.fingerprints.pack` returned.
    """
    found = unpack(packed)
    _sheet.update(found.get("sheet", {}))
    _known.update(found.get("tasks", found))


def take_over(other):
    """Know what another copy of this package knows; for whoever grades.

    Parameters
    ----------
    other : module
        `ecomlab.checks`, as a sheet has imported it.
    """
    theirs = other.answers
    _sheet.update(theirs._sheet)
    _known.update(theirs._known)


@contextlib.contextmanager
def recording():
    """Judge without known fingerprints, and note what each `answer` found; for authors.

    Yields
    ------
    list of Recorded
        One a call of `answer`, as they come.
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
    name = getattr(function, "__name__", "the answer")
    with _listening() as heard:
        calls = [_call(function, case, heard) for case in cases or ((),)]
        _calls[name] = calls
        outcome = _refused(function) or _judge(name, calls, rules, digits, heard)
    if _record is not None:
        _record.append(Recorded(name, fingerprint(calls, digits), outcome, calls, digits))
    print(f"{name}: {outcome.state}{'. ' if outcome.hint else ''}{outcome.hint}")


def question(yours, right, hint, digits=2):
    """Answer a lesson's small question, asked before the reader goes on; print one line.

    Where nothing was tried, the answer and its hint lie folded under the line, for those who read
    a page and cannot run it.

    Parameters
    ----------
    yours : number, list or array
        What the reader found; `...`, as the lesson has it, where nothing was tried.
    right : number, list or array
        Computed by the lesson's own functions, so that the cell does not show it.
    hint : str
        What is printed where the answer is another one.
    digits : int
        Digits that must agree: a number from paper is rounded.
    """
    if yours is ...:
        outcome = Outcome("not tried", "Write your answer in place of the three dots.")
    else:
        found, wanted = np.asarray(yours, float), np.asarray(right, float)
        slack = 0.5 * 10.0 ** (1 - digits)
        same = found.shape == wanted.shape and np.allclose(found, wanted, rtol=slack, atol=1e-9)
        outcome = Outcome("right") if same else Outcome("not yet", hint)
    print(f"{outcome.state}{'. ' if outcome.hint else ''}{outcome.hint}")
    if yours is ... and get_ipython():
        # 4, not "4.", which a full stop would follow.
        digits_of = {"float_kind": lambda x: np.format_float_positional(x, precision=4, trim="-")}
        found = np.array2string(np.asarray(right), separator=", ", formatter=digits_of)
        text = escape(f"{found}. {hint}")
        display(HTML(f"<details><summary>Answer</summary><p>{text}</p></details>"))


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


def require(function, case, expected, tolerance=1e-4, digits=None, part=None):
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
    digits : int, optional
        Significant digits that must agree, judged as `answer` does, in place of a tolerance.
    part : callable, optional
        What of the answer, and of the expected one, is compared; without it all is.
    """
    with _listening() as heard:
        call = _call(function, case, heard)
    _must_have_answered(function, call)
    name, value = function.__name__, call.value
    if part is not None:
        try:
            value, expected = part(value), part(expected)
        except (TypeError, LookupError):
            raise NotRight(f"{name}: the part that is tested here is missing") from None
    found, wanted = dict(leaves(value)), dict(leaves(expected))
    must(found.keys() == wanted.keys(), f"{name}: asked are {listed(wanted) or 'single values'}")
    for path, want in wanted.items():
        _must_be_equal(f"{name}{path}", found[path], want, tolerance, digits)


def _must_be_equal(name, got, want, tolerance, digits):
    if not isinstance(want, np.ndarray):
        must(not isinstance(got, np.ndarray) and got == want, f"{name}: another answer is asked")
        return
    must(isinstance(got, np.ndarray), f"{name}: numbers are asked")
    must(got.shape == want.shape, f"{name}: shape {got.shape}, asked is {want.shape}")
    if digits is None:
        close = np.allclose(got, want, rtol=tolerance, atol=tolerance, equal_nan=True)
    else:
        close = leaf_matches(got, digest(want, digits), digits)
    must(close, f"{name}: other numbers are asked, in a case that the check does not show")


def _refused(function):
    """Return an outcome for an answer that uses what no answer may use, else None."""
    if _record is not None or not _sheet or _graded():
        return None
    if _known and getattr(function, "__name__", None) not in _known:
        return Outcome("not yet", "Write it with `def`, under the name that is asked.")
    code = getattr(function, "__code__", None)
    source = "".join(linecache.getlines(code.co_filename)) if code else ""
    objections = Scan(**_sheet).objections(source)
    return Outcome("not yet", f"It will be refused: {objections[0]}") if objections else None


def _graded():
    """Whether the referee runs this sheet: it has read each cell, and adds lines of its own."""
    referee = sys.modules.get("ecomlab.checks.referee")
    return getattr(referee, "_referee", None) is not None


def _call(function, case, heard):
    """Call a function with copies of its arguments; `heard` takes what it prints."""
    arguments = [_copied(argument) for argument in case]
    try:
        with _quiet(heard):
            value = function(*arguments)
    except (Exception, SystemExit) as error:
        traceback.clear_frames(error.__traceback__)  # what it had filled memory with
        return Call(error=error)
    pairs = zip(arguments, case, strict=True)
    arrays = [(now, then) for now, then in pairs if isinstance(then, np.ndarray)]
    return Call(value, changed=any(not _same(now, then) for now, then in arrays))


class _Heard(io.TextIOBase):
    """What an answer prints: the beginning is kept, the rest is counted."""

    most = 2000  # characters

    def __init__(self):
        self.text, self.left_out = "", 0

    def write(self, text):
        kept = text[: self.most - len(self.text)]
        self.text += kept
        self.left_out += len(text) - len(kept)
        return len(text)


@contextlib.contextmanager
def _listening():
    """Yield what takes an answer's prints, and print them afterwards."""
    heard = _Heard()
    try:
        yield heard
    finally:
        if heard.text:
            rest = f" ... and {heard.left_out:,} characters more" if heard.left_out else ""
            print(heard.text.rstrip("\n") + rest)


@contextlib.contextmanager
def _quiet(heard):
    """Keep warnings away from the notebook, and what is printed until all is judged."""
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)  # TensorFlow writes past Python's stderr
    try:
        with (
            warnings.catch_warnings(record=True),
            contextlib.redirect_stderr(heard),
            contextlib.redirect_stdout(heard),
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
    must(type(call.error) is not NotImplementedError, f"{name}: not tried")
    must(call.error is None, f"{name}: stopped with {_error_text(call.error)}")
    must(call.value is not None, f"{name}: it returns nothing")


def _error_text(error):
    return f"{type(error).__name__}: {error}".split("\n")[0][:200]


def _judge(name, calls, rules, digits, heard):
    """Return the outcome: known wrong answers first, since their hints say most."""
    known = _known.get(name, {}) if _record is None else {}
    if any(type(call.error) is NotImplementedError for call in calls):
        return Outcome("not tried", known.get("begin", ""))
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
            with _quiet(heard):
                holds = rule(*[call.value for call in calls])
        except Exception as error:
            stopped = f"The check stopped at it with {_error_text(error)}."
            return Outcome("not yet", f"{stopped} Is each part of the kind that is asked?")
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
