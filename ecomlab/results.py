"""Numbers that leave a notebook: recorded in its last cell, read back from its file.

A recorded result travels as a display output with its own MIME type, so it is stored
in the notebook itself and needs no second file that could disagree.
"""

import ast
import hashlib
import json
import math
from html import escape
from pathlib import Path

from ecomlab.project import FULL_RESULTS

__all__ = ["MIME_TYPE", "code_hash", "read_full", "read_results", "record", "shown"]

MIME_TYPE = "application/vnd.ecomlab.result+json"
# Cells that draw, that ask, and the one that fetches the workbook compute no recorded number.
NOT_HASHED = {"figure", "check", "bootstrap"}


def record(**values):
    """Display named results and store them in the notebook.

    Parameters
    ----------
    **values : number, str, bool, or a list or dict of these
        NumPy scalars and arrays are turned into plain JSON values.

    Raises
    ------
    ValueError
        If a value is NaN or infinite, or is not a plain JSON value.

    Examples
    --------
    >>> record(accuracy=0.931, baseline=0.897)
    """
    from IPython.display import display

    if not values:
        raise ValueError("record() needs at least one named value")
    plain = {name: _plain(value, name) for name, value in values.items()}
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(shown(value))}</td></tr>"
        for name, value in plain.items()
    )
    display(
        {
            MIME_TYPE: plain,
            "text/html": f"<table><thead><tr><th>recorded</th><th>value</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>",
            "text/plain": "\n".join(f"{name} = {shown(v)}" for name, v in plain.items()),
        },
        raw=True,
    )


def read_results(notebook):
    """Return every result that an executed notebook recorded.

    Parameters
    ----------
    notebook : str, Path or dict
        A notebook file, or a notebook already loaded.

    Returns
    -------
    dict
        Name to value, in the order of recording; empty where nothing was recorded.

    Raises
    ------
    ValueError
        If the file is no notebook, or one name was recorded twice.
    """
    if isinstance(notebook, (str, Path)):
        try:
            notebook = json.loads(Path(notebook).read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{notebook} does not read as a notebook: {error}") from error
    if not isinstance(notebook, dict) or "cells" not in notebook:
        raise ValueError("this file is not a notebook: it has no cells")
    results = {}
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            for name, value in output.get("data", {}).get(MIME_TYPE, {}).items():
                if name in results:
                    raise ValueError(f"{name!r} is recorded twice in this notebook")
                results[name] = value
    return results


def read_full(lesson):
    """Return what the full profile recorded for a lesson, from `notebooks/results/full.json`.

    Parameters
    ----------
    lesson : str
        The lesson's name, for example `03_cnn_product_images`.

    Returns
    -------
    dict or None
        `results` (name to value), `seconds`, `peak_memory_mb`, `machine`, `commit`, `code_hash`
        and `parameters`; None where the full profile was never run.
    """
    if not FULL_RESULTS.is_file():
        return None
    return json.loads(FULL_RESULTS.read_text(encoding="utf-8")).get(lesson)


def code_hash(notebook, parameters=None):
    """Return a short hash of what a notebook computes, by which stored results are told stale.

    Prose, comments, formatting, imports, the borders between cells, and cells with a tag of
    `NOT_HASHED` may change without a new run; any other code may not. A name that an import
    renames (`recall as score`) counts as what it stands for.

    Parameters
    ----------
    notebook : dict
    parameters : dict, optional
        The values that a run used, in place of the `parameters` cell: a default that the
        run replaced may then change without making the run stale.

    Returns
    -------
    str
        16 hexadecimal digits, the same under every supported Python.
    """
    hashed, renamed = [], {}
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        tags, tree = set(cell["metadata"].get("tags", [])), _parsed("".join(cell["source"]))
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = (name for name in node.names if name.asname)
                renamed |= {name.asname: name.name.split(".")[-1] for name in names}
        if not tags & NOT_HASHED and (parameters is None or "parameters" not in tags):
            hashed += tree.body
    parts = [] if parameters is None else [json.dumps(parameters, sort_keys=True)]
    parts += (text for text in (_spelled(statement, renamed) for statement in hashed) if text)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _parsed(source):
    """Return a cell's syntax tree; of a magic, or code that cannot run, the letters."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.Module([ast.Name(source)], [])


def _spelled(node, renamed):
    """Spell a piece of a syntax tree the same way under every Python.

    `ast.dump` and `ast.unparse` differ between versions; new fields come empty where code
    does not use them, so an empty field is left out. An empty place in a list stays: it tells
    `{**a, "b": 1}` from `{"b": 1, **a}`.
    """
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return ""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return ""  # a docstring, or a value that nobody takes
    if isinstance(node, ast.Name):
        return f"Name({renamed.get(node.id, node.id)})"
    if isinstance(node, ast.JoinedStr):  # Python 3.12 ends a nested format with an empty text
        values = (v for v in node.values if not (isinstance(v, ast.Constant) and v.value == ""))
        return f"JoinedStr({','.join(_spelled(value, renamed) for value in values)})"
    if isinstance(node, ast.AST):
        fields = ((name, _spelled(value, renamed)) for name, value in ast.iter_fields(node))
        return f"{type(node).__name__}({','.join(f'{n}={text}' for n, text in fields if text)})"
    if isinstance(node, list):
        spelled = ("None" if item is None else _spelled(item, renamed) for item in node)
        return ",".join(text for text in spelled if text)
    # Which letters `repr` spells out differs between versions; `ascii` spells out all.
    return "" if node is None else ascii(node)


def _plain(value, name):
    """Turn a NumPy value into a plain one, and refuse what JSON cannot hold."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} is {value}: a recorded number must be finite")
    if isinstance(value, (list, tuple)):
        return [_plain(item, name) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item, name) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(f"{name} is a {type(value).__name__}: record numbers, strings, lists, dicts")


def shown(value):
    """Write a recorded value for people: four significant digits for a float."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(shown(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {shown(item)}" for key, item in value.items())
    return str(value)
