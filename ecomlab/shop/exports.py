"""Known exports: what shops' tools write, recognised by the header.

Each is one TOML file in `exports/`, whose keys are

name, source
    What it is called, and where its columns are documented.
currency
    Of its amounts, where no column names it and it is always the same.
missing
    What it lacks altogether, in words, for an export that no report can use.
[[header]]
    `all`: columns that are there, in any order. Several tables: other languages or versions.
[columns]
    Field to columns; the first that is there and filled counts, of the status each.
[amount]
    `of`: "amount" (a line's value), "price" (of a piece, times quantity);
    `minus`: columns taken off it, such as a line's discount or refund;
    `decimal`: the mark before the fraction where values such as "30.000" read both ways.
[amount.order]
    `discount`: the column of the whole order's discount; `goods`: of what the order comes to
    after it; `extras`: of what is no goods in that (postage, taxes). `included = true`: amounts
    hold the discount already, where no order's `goods` decides.
[rows]
    `fill_down`: an order's fields stand on its first row only;
    `need`: columns of which one is filled in a row that is a line;
    `where`: columns with the values that a row holds if it is a line;
    `from_above`: columns that are filled once, above all rows that they hold for;
    `type`, `sales`, `refunds`: the column of events, and which are what: others are left out;
    `refund_of`: the column that names the order of a refund.
[status]
    `sales` and `no_sales`, where they differ from `statuses.toml`.
[services]
    `ids`: product ids that are postage, fees, corrections.
"""

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ecomlab.shop.guessing import tokens

FOLDER = Path(__file__).parent / "exports"


@dataclass(frozen=True)
class Export:
    """A known export; the module's docstring tells what each part means."""

    name: str
    source: str
    header: list
    currency: str = ""
    missing: str = ""
    columns: dict = field(default_factory=dict)
    amount: dict = field(default_factory=dict)
    rows: dict = field(default_factory=dict)
    status: dict = field(default_factory=dict)
    services: dict = field(default_factory=dict)


@cache
def exports():
    """Return all known exports, by the names of their files."""
    return {path.stem: _load(path) for path in sorted(FOLDER.glob("*.toml"))}


def _load(path):
    return Export(**tomllib.loads(path.read_text(encoding="utf-8")))


def folded(name):
    """Return a column's name without case, accents, spaces and signs."""
    return "".join(tokens(name)) or str(name).strip()


def recognise(names):
    """Return the export whose header a table has, or None.

    Parameters
    ----------
    names : iterable of str
        The table's columns, in any order.

    Returns
    -------
    Export or None
        Of several, the one that more columns speak for.
    """
    here = {folded(name) for name in names}
    best, most = None, 0
    for export in exports().values():
        for header in export.header:
            wanted = {folded(name) for name in header["all"]}
            if wanted <= here and len(wanted) > most:
                best, most = export, len(wanted)
    return best


def columns_of(export, frame):
    """Return field to column, of the export's columns the first that is there and filled."""
    by_name = {}
    for name in frame.columns:
        by_name.setdefault(folded(name), name)
    found = {}
    for name, choices in export.columns.items():
        here = [by_name[folded(one)] for one in choices if folded(one) in by_name]
        filled = [one for one in here if not len(frame) or frame[one].notna().any()]
        # Where an order's fields stand on its first row, few rows are filled.
        enough = 0.0 if export.rows.get("fill_down") else 0.5
        good = [one for one in filled if not len(frame) or frame[one].notna().mean() >= enough]
        if good or filled:
            found[name] = (good or filled)[0]
    return found


def column_in(frame, names):
    """Return the table's own spelling of the first of some columns that it has, or None."""
    by_name = {folded(name): name for name in reversed(list(frame.columns))}
    return next((by_name[folded(one)] for one in names if folded(one) in by_name), None)
