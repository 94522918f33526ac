"""A shop's orders: which column is what, what each line must hold, and what was dropped.

A file in, an `Orders` out: clean lines, and beside them the account of every line that was
left out. Each reason is a rule (`rules.py`); no line is repaired in silence.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ecomlab.errors import OrdersError
from ecomlab.shop.columns import find_columns, with_date
from ecomlab.shop.display import write_csv
from ecomlab.shop.exports import recognise
from ecomlab.shop.layout import some
from ecomlab.shop.lines import typed_lines
from ecomlab.shop.mapping import read_map
from ecomlab.shop.reading import RawTable, read_table
from ecomlab.shop.returns import net_returns
from ecomlab.shop.rules import (
    DROPPED,
    LEAST,
    broken_rules,
    dropped_lines,
    line_rules,
    refuse_little,
    refuse_losses,
    unreadable,
)

__all__ = ["Orders", "check_orders", "read_orders"]

ALLOWED = 0.1  # share of lines, or of their value, that may be left out


@dataclass
class Orders:
    """A shop's clean order lines and their account.

    Attributes
    ----------
    lines : DataFrame
        One row a line: customer_id (str), date (datetime64), order_id (str), product_id
        (str), product (str), quantity (float, above 0), amount (float, the line's value,
        above 0), row (int, where the source shows it). A column the source lacks is
        absent; quantity is then 1.
    columns : dict
        Field to (the source's column, how it was found: by name, by the map, or guessed).
    dropped : DataFrame
        One row a rule that left lines out: rule, reason, lines, value, rows (the first few).
    source : str
    n_read : int
        Lines in the source.
    notes : list of str
        How encoding, dates and the rest were read.
    export : str
        The known export that the source is; "" for none.
    currency : str
        Of the amounts; "" where the source names none.
    n_customers : int
        In the source, with those whose lines are all left out.
    key : DataFrame or None
        customer_id (a short hash) and customer (a name or an e-mail address, as given), where
        ids told of people. It is not saved with the orders.
    """

    lines: pd.DataFrame
    columns: dict
    dropped: pd.DataFrame
    source: str
    n_read: int
    notes: list = field(default_factory=list)
    export: str = ""
    currency: str = ""
    n_customers: int = 0
    key: pd.DataFrame | None = None

    def save(self, folder):
        """Write the orders to a folder, as parquet and JSON, and return the folder."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.lines.to_parquet(folder / "lines.parquet", index=False)
        about = {
            "columns": {name: list(pair) for name, pair in self.columns.items()},
            "dropped": self.dropped.to_dict("records"),
            "source": self.source,
            "n_read": self.n_read,
            "notes": self.notes,
            "export": self.export,
            "currency": self.currency,
            "n_customers": self.n_customers,
        }
        (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")
        return folder

    def save_key(self, path):
        """Write which customer each short hash stands for, where customers are hashed."""
        if self.key is not None:
            write_csv(self.key, path)

    @classmethod
    def load(cls, folder):
        """Read back what `save` wrote; a folder without it is an OrdersError."""
        folder = Path(folder)
        if not (folder / "about.json").is_file():
            raise OrdersError(f"the folder {folder} holds no checked orders: name a file")
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        dropped = pd.DataFrame(about["dropped"], columns=DROPPED)
        columns = {name: tuple(pair) for name, pair in about["columns"].items()}
        lines = pd.read_parquet(folder / "lines.parquet")
        told = {name: about[name] for name in about if name not in ("columns", "dropped")}
        return cls(lines, columns, dropped, **told)

    def account(self):
        """Return what was read, dropped and kept, as lines of text."""
        found = [
            f"{name} <- {column} ({how})" if column else f"{name}: {how}"
            for name, (column, how) in self.columns.items()
        ]
        known = [f"recognised: {self.export}"] if self.export else []
        out = [f"{self.n_read:,} lines in {self.source}", *known, *self.notes, *found]
        out += [
            f"dropped {row.lines:,} lines: {row.reason} (rows {row.rows})"
            for row in self.dropped.itertuples()
        ]
        return [*out, f"kept {len(self.lines):,} lines"]


def read_orders(
    report,
    data=None,
    *,
    query=None,
    columns=None,
    today=None,
    currency=None,
    keep_duplicates=None,
    allow_dropped=None,
    any_size=False,
):
    """Read and check a shop's orders.

    Parameters
    ----------
    report : {"segments", "recommend", "forecast"} or None
        What they are for: each needs other columns. None looks at the orders as such.
    data : str or Path, optional
        A CSV, parquet or spreadsheet file, or with `query` a database URL (`duckdb:///shop.duckdb`,
        `sqlite:///shop.db`, ...).
    query : str, optional
        SQL whose answer is the orders. Without `data` it runs in DuckDB on files by name.
    columns : str or Path, optional
        A TOML file that says which column is what ([columns]) and how to read ([read]).
    today : datetime-like, optional
        Dates after it are in the future; by default the clock's today.
    currency : str, optional
        The currency to keep; by default the most frequent.
    keep_duplicates : bool, optional
        Keep lines that repeat an earlier one in every column. By default they are left out
        where a column counts the pieces and an order's number or a customer's time of day tells
        sales apart; elsewhere they are asked about.
    allow_dropped : float, optional
        The share of lines, and of their value, that may be unfit for use; by default 0.1. The
        TOML may name this and `keep_duplicates`, too; what is given here goes before it.
    any_size : bool
        Take few customers and a short time too: enough to score, too little to learn from.

    Returns
    -------
    Orders

    Raises
    ------
    OrdersError
        If they cannot be used, with every reason and the row numbers.
    """
    mapping, settings = read_map(columns) if columns else ({}, {})
    if keep_duplicates is None:
        keep_duplicates = settings.get("keep_duplicates")
    if allow_dropped is None:
        allow_dropped = settings.get("allow_dropped", ALLOWED)
    table = read_table(data, query, settings)
    return check_orders(
        report,
        table,
        mapping=mapping,
        settings=settings | ({"currency": currency} if currency else {}),
        today=today,
        keep_duplicates=keep_duplicates,
        allow_dropped=allow_dropped,
        any_size=any_size,
    )


def check_orders(
    report,
    table,
    *,
    mapping=None,
    settings=None,
    today=None,
    keep_duplicates=None,
    allow_dropped=ALLOWED,
    any_size=False,
):
    """Give a table's columns their meaning, and leave out every line that breaks a rule.

    Parameters
    ----------
    report : str or None
        As for `read_orders`.
    table : RawTable or DataFrame
    mapping, settings : dict, optional
        As `read_map` returns them.
    today, keep_duplicates, allow_dropped, any_size
        As for `read_orders`.

    Returns
    -------
    Orders

    Raises
    ------
    OrdersError
        If they cannot be used, with every reason.
    """
    if isinstance(table, pd.DataFrame):
        table = RawTable(table.set_axis(pd.RangeIndex(1, len(table) + 1)), "a table")
    settings = settings or {}
    export = recognise(table.frame.columns)
    if export is not None and export.missing:
        raise OrdersError(f"{table.source} is {export.name}: {export.missing}")
    without = {name for name, column in (mapping or {}).items() if not column}
    mapping = {name: column for name, column in (mapping or {}).items() if column}
    settings = settings | {"without": without}
    if export is None:
        table.frame = with_date(table.frame, mapping)
    columns = find_columns(table.frame, report, mapping, table.source, export, without)
    frame, told = typed_lines(table.frame, columns, settings, export)
    notes, problems, reasons = told.notes, told.problems, told.reasons
    n_read = len(frame) + len(table.bad_rows)
    today = pd.Timestamp.now() if today is None else pd.Timestamp(today)

    frame["filled"] = table.frame.notna().any(axis=1)
    frame["repeats"] &= not keep_duplicates
    main = settings.get("currency") or _main_currency(frame) or (export.currency if export else "")
    if settings.get("currency"):
        reasons["asked"] = ""
    rules = line_rules(report, frame, today, main, reasons)
    broken = broken_rules(frame, rules)
    asked = " ".join(problems)
    problems += [one for one in unreadable(frame, rules, columns) if one.split(",")[0] not in asked]
    problems += _ask_about_repeats(frame, broken, columns, keep_duplicates)
    if problems:
        raise OrdersError(f"{table.source}: {'; '.join(problems)}")

    broken = _set_returns_off(frame, broken, rules, notes)
    dropped = dropped_lines(frame, broken, rules, table.bad_rows)
    lines = frame[broken == ""].rename_axis("row").reset_index()
    if "order_id" not in lines and "customer_id" in lines:
        day = lines["date"].dt.strftime("%Y%m%d")
        lines["order_id"] = lines["customer_id"] + " " + day
    order = ["customer_id", "date", "order_id", "product_id", "product", "quantity", "amount"]
    lines = lines[[name for name in [*order, "row"] if name in lines]]
    lines = lines.sort_values("date", kind="stable", ignore_index=True)
    main = main if main != "?" else ""
    if main:
        notes.append(f"amounts in {main}")
    notes = [note for note in [table.how, *table.notes, *notes] if note]
    orders = Orders(lines, columns, dropped, table.source, n_read, notes, key=told.key)
    orders.export, orders.currency = export.name if export else "", main
    orders.n_customers = frame["customer_id"].nunique() if "customer_id" in frame else 0
    refuse_little(orders, report, {})
    refuse_losses(orders, allow_dropped)
    refuse_little(orders, report, {} if any_size or not report else LEAST[report])
    return orders


def _ask_about_repeats(frame, broken, columns, keep):
    """Ask about exact repeats that may be sales of their own.

    They may where no column counts pieces, where no product is named (an order may hold two
    things at one price), and where neither an order number nor a customer's time of day tells two
    sales apart.
    """
    repeats = frame[broken == "duplicate"]
    if keep is not None or repeats.empty:
        return []
    lacking = "no column counts pieces"
    if columns["quantity"][0] and "product_id" not in frame:
        lacking = "no column names the product"
    elif columns["quantity"][0]:
        repeats = repeats[~_tells_apart(frame).loc[repeats.index]]
        lacking = "no order number and no customer's time of day tells two sales apart"
    if repeats.empty:
        return []
    value = ""
    if "amount" in frame:
        without = frame.loc[(broken == "") & (frame["amount"] > 0), "amount"].sum()
        both = without + repeats["amount"].clip(lower=0).sum()
        value = f" (sales with them {both:,.2f}, without {without:,.2f})"
    return [
        f"{len(repeats):,} lines repeat an earlier one in every column (rows "
        f"{some(repeats.index)}), and {lacking}{value}: say --keep-duplicates if each is a sale, "
        f"or --drop-duplicates if each is a mistake"
    ]


def _tells_apart(frame):
    """Tell which lines say of what sale they are: by an order's number, or a customer's clock."""
    absent = pd.Series(pd.NA, index=frame.index)
    by_number = frame.get("order_id", absent).notna()
    clock = (frame["date"] != frame["date"].dt.normalize()) & frame["date"].notna()
    return by_number | (frame.get("customer_id", absent).notna() & clock.any())


def _set_returns_off(frame, broken, rules, notes):
    """Set returns off against sales; return the rules broken, with sales that came back whole."""
    is_back = broken.isin(["return", "refund"])
    if not is_back.any():
        return broken
    value = "amount" if "amount" in frame else "quantity"
    sales = frame[broken == ""].assign(amount=lambda f: f[value])
    back = frame[is_back].assign(amount=lambda f: f[value])
    back["goods"] = (back["quantity"] < 0) | back.get("is_back", False)  # else money alone
    netted, left = net_returns(sales.reset_index(drop=True), back)
    netted.index = sales.index
    total = back["amount"].abs().sum()
    if left.sum() < total - 0.005:
        notes.append(
            f"returns: {total - left.sum():,.2f} of {total:,.2f} set against their sales, "
            f"{left.sum():,.2f} without a sale in the table left out"
        )
    whole = netted.index[netted["amount"] <= 0.005]
    for name in {value, "quantity"}:
        kept = netted.index.difference(whole)
        frame.loc[kept, name] = netted.loc[kept, name]
    broken = broken.copy()
    broken.loc[whole] = "returned"
    rules.append(("returned", "filled", lambda s: s, "a sale that came back whole"))
    return broken


def _main_currency(frame):
    if "currency" not in frame:
        return ""
    counts = frame["currency"].value_counts()
    return counts.index[0] if len(counts) else "?"
