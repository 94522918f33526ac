"""What an exercise answers at once: not tried, not yet and why, or right.

A task is a function that the student writes. Each exercise carries fingerprints of the right
answers and of known wrong ones, packed into its first code cell: enough to recognise an answer,
not to read one. Points come from nbgrader's hidden tests, which use other inputs.

Everything is printed: a value at the end of a graded cell would be read as points by nbgrader,
and so would a line on stderr, as none.
"""

import base64
import contextlib
import copy
import hashlib
import io
import itertools
import json
import os
import traceback
import warnings
import zlib
from typing import NamedTuple

import numpy as np

SMALL = 6  # numbers up to which an answer is hashed; a larger one is projected
_known = {}  # task -> {"right": fingerprint, "wrong": [[fingerprint, hint], ...]}
_given = {}  # task -> what its function last answered in a check
recorded = None  # a list while `ecomlab.classroom` takes fingerprints, else None


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
        What `pack` returned; white space does not matter.
    """
    _known.update(json.loads(zlib.decompress(base64.b64decode("".join(packed.split())))))


def pack(known):
    """Return fingerprints as text that tells nothing to the eye.

    Parameters
    ----------
    known : dict
        `{task: {"right": fingerprint, "wrong": [[fingerprint, hint], ...]}}`.

    Returns
    -------
    str
    """
    return base64.b64encode(zlib.compress(json.dumps(known).encode(), 9)).decode()


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
    _given[name] = calls
    outcome = _judge(name, calls, rules, digits)
    if recorded is not None:
        recorded.append((name, _fingerprint(calls, digits), outcome))
    print(f"{name}: {outcome.state}{'. ' if outcome.hint else ''}{outcome.hint}")


def given(function):
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
    calls = _given.get(function.__name__) or [Call(error=NotImplementedError())]
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
    found, wanted = dict(_leaves(call.value)), dict(_leaves(expected))
    name = function.__name__
    must(found.keys() == wanted.keys(), f"{name}: asked are {_listed(wanted) or 'single values'}")
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


class Call(NamedTuple):
    """One call of a student's function: its value, or the error that stopped it."""

    value: object = None
    error: BaseException | None = None
    changed: bool = False


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
    known = _known.get(name, {}) if recorded is None else {}
    for wrong, hint in known.get("wrong", []):
        if _matches(calls, wrong, digits):
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
    if rules or right is None or _matches(calls, right, digits):
        return Outcome("right")
    return Outcome("not yet", _explain(calls, right, digits))


def _where(name, error):
    """Return an error in one line, with the student's own line."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.name == name]
    line = f" in the line `{frames[-1].line}`" if frames and frames[-1].line else ""
    return f"It stopped with {_error_text(error)}{line}"


# Fingerprints. An answer is taken apart into leaves: texts, arrays of numbers, other objects.


def _leaves(value, path=""):
    """Yield (path, leaf); a leaf is a float array, a text, or the type of another object."""
    if hasattr(value, "numpy"):  # a tensor
        value = value.numpy()
    elif type(value).__module__.startswith("pandas") and hasattr(value, "to_numpy"):
        value = value.to_numpy()
    if isinstance(value, str):
        yield path, value
        return
    if isinstance(value, dict):
        for key in sorted(value, key=str):
            yield from _leaves(value[key], f"{path}[{key!r}]")
        return
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=str)
    try:
        yield path, np.asarray(value, dtype=float)
        return
    except (TypeError, ValueError):
        pass
    if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim):
        for place, item in enumerate(value):
            yield from _leaves(item, f"{path}[{place}]")
        return
    yield path, f"<{type(value).__name__}>"


def _fingerprint(calls, digits):
    """Return {path: [shape, digest]} of all calls' answers."""
    found = {}
    for case, call in enumerate(calls):
        start = f"{case}:"
        if call.error is not None:
            found[start] = ["error", type(call.error).__name__]
            continue
        for path, leaf in _leaves(call.value):
            found[start + path] = _digest(leaf, digits)
    return found


def _digest(leaf, digits):
    if isinstance(leaf, str):
        return ["text", _hash([leaf])]
    shape = str(leaf.shape)
    if not np.isfinite(leaf).all():
        return [shape, "not finite"]
    if leaf.size <= SMALL:
        return [shape, _hash([_texts(x, digits)[0] for x in leaf.ravel()])]
    return [shape, [float(f"{x:.6g}") for x in _projections(leaf)]]


def _hash(texts):
    return hashlib.sha1("|".join(texts).encode()).hexdigest()[:10]


def _texts(number, digits):
    """Return a number as text in the ways that rounding may write it, the plain one first."""
    if abs(number) < 1e-9:
        return ["0"]
    if abs(number - round(number)) < 1e-6 * max(1, abs(number)):
        return [str(round(number)), f"{number:.{digits - 1}e}"]
    slack = 0.2 * 10.0 ** (1 - digits)
    moved = [number, number * (1 - slack), number * (1 + slack)]
    return list(dict.fromkeys(f"{x:.{digits - 1}e}" for x in moved))


def _projections(array):
    """Return the length of an array and three sums with fixed random weights."""
    flat = array.ravel()
    weights = np.random.default_rng(flat.size).normal(size=(3, flat.size))
    return np.concatenate([[np.linalg.norm(flat)], weights @ flat])


def _leaf_matches(leaf, wanted, digits):
    shape, digest = wanted
    if isinstance(leaf, str):
        return shape == "text" and _hash([leaf]) == digest
    if str(leaf.shape) != shape:
        return False
    if not np.isfinite(leaf).all():
        return digest == "not finite"
    if isinstance(digest, list):
        found = _projections(leaf)
        return bool(np.abs(found - digest).max() <= 10.0**-digits * (abs(digest[0]) + 1e-9))
    ways = itertools.product(*[_texts(x, digits) for x in leaf.ravel()])
    return leaf.size <= SMALL and any(_hash(way) == digest for way in ways)


def _matches(calls, wanted, digits):
    for case, call in enumerate(calls):
        start = f"{case}:"
        mine = {path: leaf for path, leaf in wanted.items() if path.startswith(start)}
        if call.error is not None:
            if mine != {start: ["error", type(call.error).__name__]}:
                return False
            continue
        leaves = {start + path: leaf for path, leaf in _leaves(call.value)}
        if leaves.keys() != mine.keys():
            return False
        if not all(_leaf_matches(leaf, mine[path], digits) for path, leaf in leaves.items()):
            return False
    return True


# Hints for wrong answers that nobody foresaw: what would have to be done to make them right?


def _explain(calls, right, digits):
    for case, call in enumerate(calls):
        start = f"{case}:"
        wanted = {p.removeprefix(start): leaf for p, leaf in right.items() if p.startswith(start)}
        leaves = dict(_leaves(call.value))
        where = f" (call {case + 1} of {len(calls)})" if len(calls) > 1 else ""
        if leaves.keys() != wanted.keys():
            if _listed(wanted):
                return f"The parts: asked are {_listed(wanted)}{where}."
            return f"The kind: one value is asked, not {_listed(leaves)}{where}."
        wrong = [p for p, leaf in leaves.items() if not _leaf_matches(leaf, wanted[p], digits)]
        if wrong:
            hint = _explain_leaf(leaves[wrong[0]], wanted[wrong[0]], digits)
            part = f"Part {wrong[0]}: " if wrong[0] else ""
            others = len(leaves) - len(wrong)
            rest = f" ({others} of {len(leaves)} parts are right)" if others else ""
            return f"{part}{hint}{where}{rest}"
    return "Something differs."


def _listed(paths):
    return ", ".join(path for path in paths if path)


def _explain_leaf(leaf, wanted, digits):
    shape = wanted[0]
    if isinstance(leaf, str) or shape == "text":
        asked = "a text" if shape == "text" else "numbers"
        same = isinstance(leaf, str) == (shape == "text")
        return "Another answer is asked." if same else f"The kind: {asked} is asked."
    if not np.isfinite(leaf).all():
        return f"{(~np.isfinite(leaf)).sum()} of {leaf.size} numbers are not finite: 0/0, log of 0?"
    for words, change in _CHANGES:
        with np.errstate(all="ignore"), contextlib.suppress(ValueError, IndexError):
            for changed in change(leaf):
                if np.isfinite(changed).all() and _leaf_matches(changed, wanted, digits):
                    return words
    if str(leaf.shape) != shape:
        return f"The shape: yours is {leaf.shape}, asked is {shape}."
    return "The shape is right, the numbers are not."


def _turned(a):
    orders = itertools.permutations(range(a.ndim)) if 2 <= a.ndim <= 4 else []
    return [a.transpose(order) for order in orders]


def _counts(a):
    """Return numbers by which a sum and a mean may differ."""
    return {n for n in (*a.shape, a.size) if n > 1}


_CHANGES = [
    ("The sign: each number is the negative of what is asked.", lambda a: [-a]),
    ("The axes: they are in another order.", _turned),
    (
        "The direction: it runs backwards along an axis.",
        lambda a: [np.flip(a, axis) for axis in range(a.ndim)] + [np.flip(a)] * (a.ndim > 1),
    ),
    (
        "The shape: the numbers are right, yours has an axis of length one too many or too few.",
        lambda a: [a.squeeze(), a[None], a[..., None]],
    ),
    ("The shape: the numbers are right, in one row instead of a table.", lambda a: [a.ravel()]),
    ("The unit: a share is asked, or per cent; yours is the other.", lambda a: [a * 100, a / 100]),
    ("The unit: pixels run from 0 to 1 or from 0 to 255.", lambda a: [a * 255, a / 255]),
    ("A factor of two.", lambda a: [a * 2, a / 2]),
    ("The sum where the mean is asked, or the reverse.", lambda a: [a * n for n in _counts(a)]),
    ("The mean where the sum is asked, or the reverse.", lambda a: [a / n for n in _counts(a)]),
    ("The complement: one minus it is asked.", lambda a: [1 - a]),
    ("A square or a root too many.", lambda a: [a**2, np.sqrt(a)]),
    ("A logarithm too many or too few.", lambda a: [np.exp(a), np.log(a)]),
    ("The logarithm's base: the natural one is asked.", lambda a: [a * np.log(2), a * np.log(10)]),
    ("Off by one.", lambda a: [a + 1, a - 1]),
]
