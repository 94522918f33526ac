"""Fingerprints of answers: enough to recognise a right one, not to read it.

An answer is taken apart into leaves: texts, arrays of numbers, other objects. Few numbers are
hashed, rounded; many are projected.
"""

import base64
import contextlib
import hashlib
import itertools
import json
import zlib
from typing import NamedTuple

import numpy as np

SMALL = 6  # numbers up to which an answer is hashed; a larger one is projected


class Call(NamedTuple):
    """One call of a student's function: its value, or the error that stopped it."""

    value: object = None
    error: BaseException | None = None
    changed: bool = False


def pack(known):
    """Return fingerprints as text that tells nothing to the eye.

    Parameters
    ----------
    known : dict
        `{"sheet": {"withheld": names, "keras": bool}, "tasks": {task: {"right": fingerprint,
        "wrong": [[fingerprint, hint], ...], "begin": text}}}`.

    Returns
    -------
    str
    """
    return base64.b64encode(zlib.compress(json.dumps(known).encode(), 9)).decode()


def unpack(packed):
    """Return the fingerprints that `pack` wrote; white space does not matter."""
    return json.loads(zlib.decompress(base64.b64decode("".join(packed.split()))))


def leaves(value, path=""):
    """Yield (path, leaf); a leaf is a float array, a text, or the type of another object.

    The parts of a dict come in its own order, that of the task.
    """
    if hasattr(value, "numpy"):  # a tensor
        value = value.numpy()
    elif type(value).__module__.startswith("pandas") and hasattr(value, "to_numpy"):
        value = value.to_numpy()
    if isinstance(value, str):
        yield path, str.__str__(value)  # of a class of its own, too
        return
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, f"{path}[{key!r}]")
        return
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=str)
    if value is not None:  # NumPy would read None as a number that is not finite
        with contextlib.suppress(TypeError, ValueError):
            yield path, np.asarray(value, dtype=float)
            return
    if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim):
        for place, item in enumerate(value):
            yield from leaves(item, f"{path}[{place}]")
        return
    yield path, f"<{type(value).__name__}>"


def fingerprint(calls, digits):
    """Return {path: [shape, digest]} of all calls' answers."""
    found = {}
    for case, call in enumerate(calls):
        start = f"{case}:"
        if call.error is not None:
            found[start] = ["error", type(call.error).__name__]
            continue
        for path, leaf in leaves(call.value):
            found[start + path] = digest(leaf, digits)
    return found


def digest(leaf, digits):
    """Return the shape of a leaf and what its numbers are recognised by."""
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


def leaf_matches(leaf, wanted, digits):
    """Tell whether a leaf has a wanted shape and digest."""
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


def matches(calls, wanted, digits):
    """Tell whether all calls' answers have a wanted fingerprint."""
    for case, call in enumerate(calls):
        start = f"{case}:"
        mine = {path: leaf for path, leaf in wanted.items() if path.startswith(start)}
        if call.error is not None:
            if mine != {start: ["error", type(call.error).__name__]}:
                return False
            continue
        found = {start + path: leaf for path, leaf in leaves(call.value)}
        if found.keys() != mine.keys():
            return False
        if not all(leaf_matches(leaf, mine[path], digits) for path, leaf in found.items()):
            return False
    return True
