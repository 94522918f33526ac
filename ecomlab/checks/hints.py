"""Hints for wrong answers that nobody foresaw: which change would make them right."""

import contextlib
import itertools
import math
import re

import numpy as np

from ecomlab.checks.fingerprints import leaf_matches, leaves


def explain(calls, right, digits):
    """Return what differs between the first wrong answer and the right one, in one sentence."""
    for case, call in enumerate(calls):
        start = f"{case}:"
        wanted = {p.removeprefix(start): leaf for p, leaf in right.items() if p.startswith(start)}
        found = dict(leaves(call.value))
        where = f" (call {case + 1} of {len(calls)})" if len(calls) > 1 else ""
        if found.keys() != wanted.keys():
            if listed(wanted):
                return f"The parts: asked are {listed(wanted)}{where}."
            return f"The kind: one value is asked, not {listed(found)}{where}."
        wrong = [p for p, leaf in found.items() if not leaf_matches(leaf, wanted[p], digits)]
        if wrong:
            hint = _explain_leaf(found[wrong[0]], wanted[wrong[0]], digits)
            part = f"Part {wrong[0]}: " if wrong[0] else ""
            others = len(found) - len(wrong)
            rest = f" ({others} of {len(found)} parts are right)" if others else ""
            return f"{part}{hint}{where}{rest}"
    return "Something differs."


def listed(paths):
    """Name the parts of an answer, for a sentence; empty where it has one part only."""
    return ", ".join(path for path in paths if path)


def _explain_leaf(leaf, wanted, digits):
    shape = wanted[0]
    if isinstance(leaf, str) or shape == "text":
        if isinstance(leaf, str) == (shape == "text"):
            return "Another answer is asked."
        asked = "a text is asked" if shape == "text" else "numbers are asked"
        object_ = re.fullmatch(r"<(\w+)>", leaf) if isinstance(leaf, str) else None
        return f"The kind: {asked}{f', yours is of type {object_[1]}' if object_ else ''}."
    if not np.isfinite(leaf).all():
        return f"{(~np.isfinite(leaf)).sum()} of {leaf.size} numbers are not finite: 0/0, log of 0?"
    for words, change in _CHANGES:
        with np.errstate(all="ignore"), contextlib.suppress(ValueError, IndexError):
            for changed in change(leaf):
                if np.isfinite(changed).all() and leaf_matches(changed, wanted, digits):
                    return words
    if str(leaf.shape) != shape:
        return f"The shape: yours is {leaf.shape}, asked is {shape}."
    if digits == 3:
        for coarser, words in _ROUNDED.items():
            if any(leaf_matches(finer, wanted, digits) for finer in _finer(leaf, coarser)):
                return words
    if leaf.size == 1:
        return "It is another number."
    return "The shape is right, the numbers are not."


_ROUNDED = {  # said of an answer with so many digits, where three are asked
    2: "It is rounded too far: write three significant digits, as in 0.0123.",
    3: "The last digit is off: round at the end, not in between.",
}


def _finer(leaf, digits):
    """Yield what numbers of two or three digits may have been, to three digits.

    Of two digits it is all that rounds to them, of three their neighbours. Nothing comes of
    numbers with more digits, or of more than two numbers.
    """
    ways = []
    for number in leaf.ravel():
        if number == 0 or float(f"{number:.{digits - 1}e}") != number or leaf.size > 2:
            return
        unit = 10.0 ** (math.floor(math.log10(abs(number))) - 2)  # of the third digit
        steps = range(-5, 6) if digits == 2 else range(-1, 2)
        ways.append([number + step * unit for step in steps])
    for way in itertools.product(*ways):
        yield np.reshape(way, leaf.shape)


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
