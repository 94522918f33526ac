"""What lessons are expected to record: snapshots of quick runs, and bands of the headlines.

A snapshot (`tests/snapshots/NAME.json`, written by `ecomlab store`) holds every number that a
notebook records in the quick profile. It belongs to one machine; how far another one may be
from it is read off further runs of the same notebook, with other rounding and other seeds.
What the other two profiles recorded stands in the notebook itself and in `results/full.json`.
Headlines (`tests/headline.toml`, kept by hand) are the few numbers that a lesson's text rests on.
"""

import json
import math
import re
import tomllib
from statistics import median

from ecomlab.files import write_text
from ecomlab.project import ROOT
from ecomlab.results import shown

HEADLINE = ROOT / "tests" / "headline.toml"
SNAPSHOTS = ROOT / "tests" / "snapshots"

TIMED = ("_s", "_ms", "_ratio")
"""Ends of the names of seconds and of ratios of seconds: they differ from run to run."""

ARITHMETIC = 1e-6
"""Share of itself by which a number may move where nothing is trained."""

SHARE = 0.03
"""Share of itself by which a trained number may move in any case."""

CLAIM = re.compile(r"<!-- claim: (?P<claim>.+?) -->")
"""The mark behind a sentence that says who won, or that two are level."""


def take_snapshot(runs):
    """Say of each recorded value what it is and how far it may move.

    Parameters
    ----------
    runs : list of dict
        What several runs of one notebook recorded. The first is the one to compare with.

    Returns
    -------
    dict of str to dict
        For each single value its `class`, its `value` and, where it is trained, the
        `tolerance` (absolute). Seconds and ratios of seconds are left out. Classes:

        `count`
            a whole number, a word or a truth value that was the same in every run;
        `arithmetic`
            a number that was the same in every run, to a millionth;
        `trained`
            a number that chance or rounding moves. It may move by `SHARE` of itself, or as far
            as it moved between the runs, or, if it is a share or a rate (up to 1), as far as is
            usual for those in this notebook: two runs may agree by luck;
        `choice`
            a word, or a list of no fixed length, that differed: only its name is compared.
    """
    flat = [_steady_values(run) for run in runs]
    entries = {}
    for name, value in runs[0].items():
        leaves = [{key: v for key, v in run.items() if key.split(".")[0] == name} for run in flat]
        if any(set(other) != set(leaves[0]) for other in leaves[1:]):
            entries[name] = {"class": "choice", "value": shown(value)}
        else:
            entries |= {key: _entry(*(run[key] for run in leaves)) for key in leaves[0]}
    trained = [entry for entry in entries.values() if entry["class"] == "trained"]
    usual = median([e["tolerance"] for e in trained if abs(e["value"]) <= 1] or [0])
    for entry in trained:
        spread = max(entry["tolerance"], usual if abs(entry["value"]) <= 1 else 0)
        # What is 0 but for rounding has no share of itself to move by.
        tolerance = max(SHARE * abs(entry["value"]), spread, 10 * ARITHMETIC)
        entry["tolerance"] = float(f"{1.01 * tolerance:.3g}")  # short, and never less
    return entries


def _single_values(results):
    """Take lists and dicts apart: `{"rmse": [0.1, 0.2]}` has a `rmse.0` and a `rmse.1`."""
    found = {}

    def take(name, value):
        if isinstance(value, (dict, list)):
            inside = value.items() if isinstance(value, dict) else enumerate(value)
            for key, item in inside:
                take(f"{name}.{key}", item)
        else:
            found[name] = value

    for name, value in results.items():
        take(name, value)
    return found


def _steady_values(results):
    return _single_values({k: v for k, v in results.items() if not k.endswith(TIMED)})


def _entry(value, *others):
    """Classify one value; a trained one has the largest difference seen for its tolerance."""
    if not all(_is_number(v) for v in (value, *others)):
        same = all(type(other) is type(value) and other == value for other in others)
        return {"class": "count" if same else "choice", "value": value}
    spread = max((abs(other - value) for other in others), default=0.0)
    if isinstance(value, int) and spread == 0:
        return {"class": "count", "value": value}
    # Ten times as near as is asked for later: what just agrees here may not elsewhere.
    if spread <= 0.1 * ARITHMETIC * abs(value):
        return {"class": "arithmetic", "value": value}
    return {"class": "trained", "value": value, "tolerance": spread}


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def compare(results, snapshot):
    """Say what a run recorded that its snapshot does not foresee.

    Parameters
    ----------
    results : dict
        What the run recorded.
    snapshot : dict
        As `take_snapshot` returns it.

    Returns
    -------
    list of str
        A line for each value that is missing, new, or moved too far.
    """
    free = {name for name, entry in snapshot.items() if entry["class"] == "choice"}
    values = {
        name: value
        for name, value in _steady_values(results).items()
        if not {name, name.split(".")[0]} & free
    }
    faults = [f"{name} was recorded, and is not" for name in set(snapshot) - free - set(values)]
    for name, value in values.items():
        if name not in snapshot:
            faults.append(f"{name} = {value} is new")
        elif not _agrees(value, snapshot[name]):
            entry = snapshot[name]
            limit = f", may move by {entry['tolerance']:g}" if "tolerance" in entry else ""
            faults.append(f"{name}: {_change(entry['value'], value)} ({entry['class']}{limit})")
    return faults


def _agrees(value, entry):
    if entry["class"] == "count" or not _is_number(value):
        return value == entry["value"]
    low, high = _interval(entry)
    return low <= value <= high


def _interval(entry):
    """Return between what a snapshot's number may lie."""
    reach = entry.get("tolerance", ARITHMETIC * abs(entry["value"]))
    return entry["value"] - reach, entry["value"] + reach


def _change(old, new):
    by = f" ({new - old:+.3g})" if _is_number(old) and _is_number(new) else ""
    return f"{shown(old)} -> {shown(new)}{by}"


def changes(old, new):
    """Say what moved between two runs of one profile, seconds left out.

    Parameters
    ----------
    old, new : dict
        What each recorded.

    Returns
    -------
    list of str
    """
    old, new = _steady_values(old), _steady_values(new)
    lines = [f"{name}: gone" for name in old if name not in new]
    lines += [f"{name}: new, {shown(value)}" for name, value in new.items() if name not in old]
    for name in (name for name in new if name in old):
        both = old[name], new[name]
        if all(map(_is_number, both)):
            same = math.isclose(*both, rel_tol=ARITHMETIC, abs_tol=ARITHMETIC**2)
        else:
            same = both[0] == both[1]
        lines += [] if same else [f"{name}: {_change(*both)}"]
    return lines


def read_snapshot(name):
    """Return the snapshot of a notebook; empty where none was stored."""
    path = SNAPSHOTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def write_snapshot(name, snapshot):
    """Store the snapshot of a notebook, one value a line: so git shows what moved."""
    lines = (
        f"{json.dumps(key, ensure_ascii=False)}: {json.dumps(entry, ensure_ascii=False)}"
        for key, entry in snapshot.items()
    )
    write_text(SNAPSHOTS / f"{name}.json", "{\n" + ",\n".join(lines) + "\n}\n")


def headline_bands(name, profile):
    """Return the bands of a lesson's headline numbers: name to lowest and highest value."""
    bands = _headlines().get(name, {}).get("bands", {})
    return {key: band[profile] for key, band in bands.items() if profile in band}


def headline_wins(name, profile=None):
    """Return what a lesson claims, for one profile or for any, as `lost_wins` takes it."""
    entry = _headlines().get(name, {})
    claims = entry.get("wins", {}) | entry.get("level", {})
    return [claim for claim, profiles in claims.items() if profile in (None, *profiles)]


def claims(notebook):
    """Return the claims that a lesson's text marks, with the sentence that each one carries.

    The mark stands behind its sentence and is not shown: `<!-- claim: a_low > 0 -->`.

    Parameters
    ----------
    notebook : dict

    Returns
    -------
    list of (str, str)
        The claim as `tests/headline.toml` spells it, and the text of its paragraph before the
        mark, other marks included.
    """
    found = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            text = "".join(cell["source"])
            for mark in CLAIM.finditer(text):
                found.append((mark["claim"], text[: mark.start()].rpartition("\n\n")[2]))
    return found


def _headlines():
    return tomllib.loads(HEADLINE.read_text(encoding="utf-8")) if HEADLINE.is_file() else {}


def outside_bands(results, bands):
    """Say which headline numbers are missing or lie outside their bands.

    Parameters
    ----------
    results : dict
        What a run recorded. A list, one number for each seed, must lie inside as a whole.
    bands : dict
        Name to its lowest and highest value.

    Returns
    -------
    list of str
    """
    lines = [f"{name} has a band and was not recorded" for name in bands if name not in results]
    for name, (low, high) in bands.items():
        lines += [
            f"{name} = {shown(number)} lies outside its band, {low} to {high}"
            for number in _single_values({name: results.get(name, [])}).values()
            if not low <= number <= high
        ]
    return lines


def lost_wins(wins, results, bands):
    """Say which claimed wins do not hold.

    Parameters
    ----------
    wins : iterable of str
        `a > b`, or `a < b` where less is better: wherever the two may lie, this holds. Or
        `a_low > 0`, `a_high < 0`: this end of a difference's interval lies on that side of 0.
        Or, for two that are level, `a_low < 0 < a_high`: the interval holds 0, inside or as one of
        its ends; what lies within rounding of 0 is 0. Or, of shares of the same things,
        `a > b of n`: b lies below a by more than any interval of the difference can reach, however
        the two share their mistakes; `n` is a number or a recorded one.
    results : dict
        What a run recorded.
    bands : dict
        Name to its lowest and highest value. A number without a band counts as recorded.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If a claim on shares is not written `a > b of n`.
    """

    def ends(name):
        if name == "0":
            return 0, 0
        values = bands.get(name) or _single_values({name: results[name]}).values()
        return tuple(0 if abs(value) < 1e-12 else value for value in (min(values), max(values)))

    lines = []
    for win in wins:
        ordered, _, count = win.partition(" of ")
        words = ordered.split()
        known = {"0", *bands, *results}
        needed = {*words[::2], *([count] if count and not count.isdecimal() else [])}
        missing = sorted(needed - known)
        if missing:
            lines.append(f"{win} cannot hold: {', '.join(missing)} was not recorded")
            continue
        if count:
            if words[1::2] != [">"]:
                raise ValueError(f"{win}: of shares, write a > b of n")
            gap, reach = _gap_of_shares(
                results[words[0]], results[words[2]], int(results.get(count, count))
            )
            if not gap > reach:
                lines.append(f"{win} does not hold: {gap:.4g}, and chance may reach {reach:.4g}")
            continue
        found = [ends(name) for name in words[::2]]
        signs = words[1::2]
        if signs == ["<", "<"] and words[2] == "0":
            holds = found[0][1] <= 0 <= found[2][0]
        else:
            holds = all(
                low > other_high if sign == ">" else high < other_low
                for (low, high), sign, (other_low, other_high) in zip(
                    found, signs, found[1:], strict=False
                )
            )
        if not holds:
            told = ", ".join(f"{low:.4g} to {high:.4g}" for low, high in found)
            lines.append(f"{win} does not hold: {told}")
    return lines


def _gap_of_shares(first, second, n):
    """Return the gap of two means over the same n things, and how far 95% intervals can reach.

    Of values between 0 and 1 whose mean is m, the standard deviation is at most the root of
    m (1 - m). That of the difference is at most the sum of the two, however the two share their
    mistakes. The things are supposed to be independent; what other trainings would change is not
    counted.
    """
    deviation = math.sqrt(first * (1 - first)) + math.sqrt(second * (1 - second))
    return first - second, 1.96 * deviation / math.sqrt(n)


def snapshot_values(snapshot):
    """Return the values of a snapshot by name."""
    return {name: entry["value"] for name, entry in snapshot.items()}
