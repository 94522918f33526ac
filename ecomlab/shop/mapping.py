"""The TOML in which a person says which column is what: read, and drafted from a table."""

import json
import tomllib
from pathlib import Path

from ecomlab.errors import OrdersError
from ecomlab.shop.columns import FIELDS, near
from ecomlab.shop.exports import columns_of, recognise
from ecomlab.shop.guessing import guess

# What [read] may say, and as what.
SETTINGS = {
    "decimal": (str,),
    "separator": (str,),
    "encoding": (str,),
    "date_format": (str,),
    "sheet": (str, int),
    "currency": (str,),
    "keep_duplicates": (bool,),
    "allow_dropped": (float, int),
}
_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def read_map(path):
    """Read the TOML that maps columns.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    mapping : dict
        Field to the source's column.
    settings : dict
        Of `SETTINGS`, those that are given; and `status`, with lists of `sales` and `no_sales`.

    Raises
    ------
    OrdersError
        With every unknown name.
    """
    path = Path(path)
    if not path.is_file():
        raise OrdersError(f"no such file: {path}")
    try:
        toml = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OrdersError(f"{path.name} is no TOML: {error}") from None
    problems = []
    for table, known in (("columns", dict.fromkeys(FIELDS, (str,))), ("read", SETTINGS)):
        for name, value in toml.get(table, {}).items():
            if name not in known:
                problems.append(f"[{table}] has no {name!r}{near(name, known)}")
            elif type(value) not in known[name]:
                words = " or ".join(_WORDS[kind] for kind in known[name])
                problems.append(f"[{table}] {name} = {value!r} is not {words}")
    for name, value in toml.get("status", {}).items():
        if name not in ("sales", "no_sales") or not isinstance(value, list):
            problems.append(f"[status] takes sales and no_sales, lists of texts, not {name!r}")
    problems += [f"no table [{name}]" for name in toml if name not in ("columns", "read", "status")]
    settings = toml.get("read", {})
    if settings.get("decimal", ".") not in (".", ","):
        problems.append(f"[read] decimal is . or , and not {settings['decimal']!r}")
    if not problems and not 0 <= settings.get("allow_dropped", 0) <= 1:
        problems.append(f"[read] allow_dropped lies between 0 and 1: {settings['allow_dropped']!r}")
    if problems:
        raise OrdersError(f"{path.name}: {'; '.join(problems)}")
    if "status" in toml:
        settings = settings | {"status": toml["status"]}
    return toml.get("columns", {}), settings


def draft_map(table):
    """Return a TOML that names the columns of a table as they would be guessed.

    Parameters
    ----------
    table : ecomlab.shop.reading.RawTable

    Returns
    -------
    str
        Fields that nothing was found for are comments; other candidates stand beside.
    """
    export = recognise(table.frame.columns)
    found = columns_of(export, table.frame) if export is not None else {}
    candidates = guess(table.frame, found.values())
    lines = [f"# Which column of {table.source} is what. Edit, and give it with --columns."]
    if export is not None:
        lines.append(f"# Recognised: {export.name}. What is named here goes before its rules.")
    lines += ["", "[columns]"]
    for name in FIELDS:
        ranked = [column for _, column in candidates.get(name, [])]
        if name not in found and not ranked:
            lines.append(f"# {name} = ")
            continue
        chosen = found.get(name) or ranked[0]
        others = [column for column in ranked if column != chosen][:3]
        beside = f"  # or {', '.join(map(_quoted, others))}" if others and not export else ""
        # What an export's own rules do is left to them.
        mark = "# " if export is not None else ""
        lines.append(f"{mark}{name} = {_quoted(chosen)}{beside}")
    rest = [column for column in table.frame if column not in found.values()]
    lines += [
        "",
        f"# All columns: {', '.join(map(_quoted, rest))}",
        "",
        "[read]",
        '# decimal = ","  # the mark before the fraction',
        '# date_format = "%d/%m/%Y"  # the day first',
        '# currency = "EUR"  # the one to keep',
        "# keep_duplicates = true  # lines equal in every column",
        "# allow_dropped = 0.4  # the share of lines, and of value, that may be unfit",
        "",
        "# [status]",
        '# sales = ["..."]  # states that count, where no list knows them',
        '# no_sales = ["..."]',
        "",
    ]
    return "\n".join(lines)


def _quoted(name):
    return json.dumps(str(name), ensure_ascii=False)
