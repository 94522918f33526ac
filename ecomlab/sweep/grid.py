"""A grid of parameter values against a notebook: which runs there are, and the key of each."""

import json
import math
import random as chance
import re
from dataclasses import dataclass

from ecomlab.errors import UserError
from ecomlab.project import find_notebook, profile_parameters
from ecomlab.results import code_hash
from ecomlab.running.one import read_notebook
from ecomlab.running.parameters import check_parameters, declared_parameters

REPLICATES = ("SEED", "SEEDS")  # the parameters that repeat a run instead of changing it


@dataclass(frozen=True)
class Run:
    """One planned run.

    Attributes
    ----------
    name : str
        The stem of its files: the values that the grid gives it, and `key`.
    key : str
        A hash of the notebook's code and every parameter, by which a finished run is known.
    given : dict
        What the grid sets.
    parameters : dict
        Every declared parameter with the value that this run takes.
    """

    name: str
    key: str
    given: dict
    parameters: dict


def parse_grid(texts):
    """Read `--grid` options.

    Parameters
    ----------
    texts : sequence of str
        `NAME=VALUE,VALUE`. A comma inside brackets or double quotes does not separate.

    Returns
    -------
    dict of str to list of str

    Raises
    ------
    UserError
        If an option has another form, or a name is given twice.
    """
    grid = {}
    for text in texts:
        name, equals, values = text.partition("=")
        values = [value.strip() for value in _split(values)]
        if not equals or not name or not all(values):
            raise UserError(f"--grid takes NAME=VALUE,VALUE, not {text!r}")
        if name.lower() in (known.lower() for known in grid):
            raise UserError(f"--grid {name} is given twice")
        grid[name] = [json.loads(v) if re.fullmatch(r'"[^"]*"', v) else v for v in values]
    if not grid:
        raise UserError("name at least one --grid NAME=VALUE,VALUE")
    return grid


def _split(text):
    """Split at commas that stand outside brackets and double quotes."""
    parts, depth, quoted = [""], 0, False
    for letter in text:
        quoted ^= letter == '"'
        if not quoted:
            depth += (letter in "[{") - (letter in "]}")
        if letter == "," and not quoted and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def plan(notebook, grid, *, profile="default", random=None, seed=1):
    """Check a grid against a notebook and list the runs. Nothing is started.

    Parameters
    ----------
    notebook : str or Path
        A file, a lesson's name or its number.
    grid : dict of str to list
        Parameter to its values, plain JSON or text as a command line gives it.
    profile : {"quick", "default", "full"}
        What the parameters outside the grid are.
    random : int, optional
        So many combinations drawn without replacement, each with all its seeds.
    seed : int
        Of that drawing.

    Returns
    -------
    list of Run

    Raises
    ------
    UserError
        With every wrong name and value in one line.
    """
    path = find_notebook(notebook)
    node = read_notebook(path)
    values, problems = {}, []
    for given, choices in grid.items():
        checked = []
        for choice in choices:
            try:
                ((name, value),) = check_parameters(node, {given: choice}).items()
            except UserError as error:
                problems.append(str(error))
                if str(error).startswith("no parameter"):
                    break
                continue
            if value in checked:
                problems.append(f"{name}: {choice!r} is there twice")
            checked.append(value)
            values[name] = checked
    if random is not None and random < 1:
        problems.append(f"--random {random}: draw at least one combination")
    if problems:
        raise UserError(f"{path.name}: {'; '.join(problems)}")
    declared = {name: item.default for name, item in declared_parameters(node).items()}
    base = declared | check_parameters(node, profile_parameters(path.stem, profile))

    seeds = {name: values[name] for name in values if name.upper() in REPLICATES}
    changed = {name: values[name] for name in values if name.upper() not in REPLICATES}
    number = math.prod(map(len, changed.values()))
    if random is None or random >= number:
        places = range(number)
    else:
        places = sorted(chance.Random(seed).sample(range(number), random))
    runs = []
    for place in places:
        for repeat in range(math.prod(map(len, seeds.values()))):
            given = _combination(changed, place) | _combination(seeds, repeat)
            parameters = base | given
            key = code_hash(node, parameters)
            runs.append(Run(f"{_slug(given)}.{key[:8]}", key, given, parameters))
    return runs


def _combination(values, place):
    """Return the combination at one place of a grid, the last name changing fastest."""
    chosen = {}
    for name in reversed(values):
        place, index = divmod(place, len(values[name]))
        chosen[name] = values[name][index]
    return dict(reversed(chosen.items()))


def _slug(given):
    words = [f"{name}={value}".lower() for name, value in given.items()]
    return re.sub(r"[^\w.=+-]+", "_", "-".join(words))[:80]
