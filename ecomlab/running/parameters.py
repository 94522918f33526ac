"""What a notebook declares in its `parameters` cell, and values checked against it.

papermill does not check what it is given: an unknown name only warns, `-p flag no` becomes a
string, a name is injected as code. Here each value gets the type of its default, or an error.
"""

import ast
import contextlib
import difflib
import json
import math
import tokenize
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from io import StringIO

from ecomlab.errors import UserError


@dataclass(frozen=True)
class Parameter:
    """A declared parameter: its name, default value and the comment beside it."""

    name: str
    default: object
    comment: str


def declared_parameters(notebook):
    """Read the cell tagged `parameters`.

    Parameters
    ----------
    notebook : dict
        A loaded notebook.

    Returns
    -------
    dict of str to Parameter
        Empty where no cell has the tag.

    Raises
    ------
    UserError
        If the cell holds more than assignments of literals.
    """
    cells = [
        cell
        for cell in notebook["cells"]
        if cell["cell_type"] == "code" and "parameters" in cell["metadata"].get("tags", [])
    ]
    if len(cells) > 1:
        raise UserError("this notebook has more than one cell tagged `parameters`")
    if not cells:
        return {}
    source = "".join(cells[0]["source"])
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        raise UserError(_not_a_literal(line)) from None
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    declared = {}
    for statement in statements:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                with contextlib.suppress(ValueError, TypeError, RecursionError):
                    default = ast.literal_eval(value)
                    comment = comments.get(statement.end_lineno, "")
                    declared[name] = Parameter(name, default, comment)
                    continue
        raise UserError(_not_a_literal(statement.lineno))
    return declared


def _not_a_literal(line):
    return f"line {line} of the `parameters` cell is not NAME = literal"


def check_parameters(notebook, values):
    """Match given parameters with the declared ones, and give each its declared type.

    Parameters
    ----------
    notebook : dict
        A loaded notebook.
    values : dict
        Name to plain JSON value. A string is read as the default's type, as a command
        line gives it. A name may be written in any case.

    Returns
    -------
    dict
        Declared name to value.

    Raises
    ------
    UserError
        With every problem in one line.
    """
    declared = declared_parameters(notebook)
    by_lower = {name.lower(): name for name in declared}
    checked, problems = {}, []
    for given, value in values.items():
        name = given if given in declared else by_lower.get(str(given).lower())
        if name is None:
            near = difflib.get_close_matches(str(given).upper(), declared, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            known = ", ".join(declared) or "none"
            problems.append(f"no parameter {given!r}{hint}; declared: {known}")
            continue
        try:
            checked[name] = _coerce(value, declared[name].default)
        except ValueError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise UserError("; ".join(problems))
    return checked


def _coerce(value, default):
    """Give `value` the type of `default`, or raise ValueError saying what was expected."""
    if not isinstance(value, (str, bool, int, float, list, dict, type(None))):
        raise ValueError(
            f"a {type(value).__module__}.{type(value).__name__} is not a plain JSON value"
        )
    if isinstance(default, bool):
        return _coerce_bool(value)
    if isinstance(default, int):
        return _coerce_int(value)
    if isinstance(default, float):
        return _coerce_float(value)
    if isinstance(default, str):
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is not text (default {default!r})")
        return value
    if isinstance(default, list):
        return _coerce_list(value, default)
    if isinstance(value, str):
        with contextlib.suppress(json.JSONDecodeError):
            value = json.loads(value)
    if isinstance(default, dict) and not isinstance(value, dict):
        raise ValueError(f"{value!r} is not a JSON object")
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{value!r} is not a plain JSON value ({error})") from None
    return value


def _coerce_bool(value):
    if isinstance(value, bool):
        return value
    words = {"true": True, "yes": True, "on": True, "1": True}
    words |= {"false": False, "no": False, "off": False, "0": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise ValueError(f"{value!r} is neither true nor false")


def _coerce_int(value):
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    # A text such as 1e3 is whole, too; a Decimal loses no digit of a long number on the way.
    if isinstance(value, (str, float)):
        with contextlib.suppress(InvalidOperation):
            number = Decimal(value)
            whole = number.is_finite() and number.adjusted() < 400
            if whole and number == number.to_integral_value():
                return int(number)
    raise ValueError(f"{value!r} is not a whole number")


def _coerce_float(value):
    number = math.nan
    if not isinstance(value, bool):
        with contextlib.suppress(ValueError, TypeError):
            number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a finite number")
    return number


def _coerce_list(value, default):
    if isinstance(value, str):
        text = value.strip()
        try:
            value = json.loads(text if text.startswith("[") else f"[{text}]")
        except json.JSONDecodeError:
            value = [item.strip() for item in text.strip("[]").split(",")]
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is not a list")
    if not default:
        return [_coerce(item, None) for item in value]
    return [_coerce(item, default[0]) for item in value]
