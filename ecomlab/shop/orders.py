"""A shop's orders: which column is what, what each line must hold, and what was dropped.

A file in, an `Orders` out: clean lines, and beside them the account of every line that was
left out. Each reason is a rule below; no line is repaired in silence.
"""

import difflib
import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ecomlab.shop.errors import OrdersError
from ecomlab.shop.reading import RawTable, read_table
from ecomlab.shop.values import (
    AmbiguousDatesError,
    currency_signs,
    decimal_mark,
    read_dates,
    read_ids,
    read_numbers,
)

FIELDS = {
    "customer_id": "customer customernumber customerno client clientid user userid visitorid "
    "household householdid householdkey buyer buyerid member memberid email customeremail "
    "kunde kundennummer kundennr kundenid idclient cliente idcliente 客户 会员 用户id",
    "date": "orderdate invoicedate datetime timestamp transactiontimestamp transactiondate "
    "createdat created purchasedate purchasedat day soldat time orderedat paidat "
    "datum bestelldatum rechnungsdatum fecha data日期 日期 datecommande",
    "order_id": "order orderno ordernumber invoice invoiceno invoicenumber basket basketid "
    "transaction transactionid receipt receiptid cart bestellnummer rechnungsnummer 订单号",
    "product_id": "product productno productcode productnumber item itemid itemcode sku "
    "lineitemsku "
    "stockcode article articleid articlenumber asin ean variantid artikel artikelnummer "
    "artikelnr articulo 商品id",
    "product": "productname producttitle description title itemname itemdescription "
    "lineitemname producttype name bezeichnung artikelname nombre libelle 商品名称",
    "quantity": "qty units count pieces lineitemquantity orderedquantity menge anzahl stueck "
    "cantidad quantite 数量",
    "amount": "amounteur amountusd total totalprice linetotal linevalue sales salesvalue "
    "salesamount revenue value netsales turnover spend umsatz betrag gesamtpreis importe "
    "montant 金额",
    "price": "unitprice itemprice lineitemprice priceeach sellingprice saleprice preis "
    "einzelpreis stueckpreis precio prix 单价",
    "currency": "currencycode ordercurrency waehrung währung moneda devise 币种",
}
NAMES = {name: words.split() for name, words in FIELDS.items()}

# What each report cannot do without: columns ("a|b": one of them), and how many customers,
# products and days it takes to learn from one part and be tested on a later one.
NEEDS = {
    "segments": (("customer_id", "date", "amount|price"), {"customers": 50, "days": 84}),
    "recommend": (
        ("customer_id", "date", "product_id|product"),
        {"customers": 50, "products": 10, "days": 42},
    ),
    "forecast": (("date", "quantity|amount|price"), {"days": 112}),
}
SETTINGS = ("decimal", "separator", "encoding", "date_format", "sheet", "currency")
MOSTLY = 0.5  # a column of which fewer values than this can be read is the wrong column


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
    """

    lines: pd.DataFrame
    columns: dict
    dropped: pd.DataFrame
    source: str
    n_read: int
    notes: list = field(default_factory=list)

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
        }
        (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")
        return folder

    @classmethod
    def load(cls, folder):
        """Read back what `save` wrote."""
        folder = Path(folder)
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        dropped = pd.DataFrame(about["dropped"], columns=_DROPPED)
        columns = {name: tuple(pair) for name, pair in about["columns"].items()}
        lines = pd.read_parquet(folder / "lines.parquet")
        return cls(lines, columns, dropped, about["source"], about["n_read"], about["notes"])

    def account(self):
        """Return what was read, dropped and kept, as lines of text."""
        found = [
            f"{name} <- {column} ({how})" if column else f"{name}: {how}"
            for name, (column, how) in self.columns.items()
        ]
        out = [f"{self.n_read:,} lines in {self.source}", *self.notes, *found]
        out += [
            f"dropped {row.lines:,} lines: {row.reason} (rows {row.rows})"
            for row in self.dropped.itertuples()
        ]
        return [*out, f"kept {len(self.lines):,} lines"]


_DROPPED = ["rule", "reason", "lines", "value", "rows"]


def read_orders(
    report,
    data=None,
    *,
    query=None,
    columns=None,
    today=None,
    currency=None,
    keep_duplicates=False,
    any_size=False,
):
    """Read and check a shop's orders.

    Parameters
    ----------
    report : {"segments", "recommend", "forecast"}
        What they are for: each needs other columns.
    data : str or Path, optional
        A CSV, parquet or Excel file, or with `query` a database URL (`duckdb:///shop.duckdb`,
        `sqlite:///shop.db`, ...).
    query : str, optional
        SQL whose answer is the orders. Without `data` it runs in DuckDB on files by name.
    columns : str or Path, optional
        A TOML file that says which column is what ([columns]) and how to read ([read]).
    today : datetime-like, optional
        Dates after it are in the future; by default the clock's today.
    currency : str, optional
        The currency to keep; by default the most frequent.
    keep_duplicates : bool
        Keep lines that repeat an earlier one in every column.
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
    table = read_table(data, query, settings)
    return check_orders(
        report,
        table,
        mapping=mapping,
        settings=settings | ({"currency": currency} if currency else {}),
        today=today,
        keep_duplicates=keep_duplicates,
        any_size=any_size,
    )


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
        decimal, separator, encoding, date_format, sheet, currency, where given.

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
    for table, known in (("columns", FIELDS), ("read", SETTINGS)):
        for name, value in toml.get(table, {}).items():
            if name not in known:
                problems.append(f"[{table}] has no {name!r}{_near(name, known)}")
            elif not isinstance(value, str) and name != "sheet":
                problems.append(f"[{table}] {name} = {value!r} is no text")
    problems += [f"no table [{name}]" for name in toml if name not in ("columns", "read")]
    settings = toml.get("read", {})
    if settings.get("decimal", ".") not in (".", ","):
        problems.append(f"[read] decimal is . or , and not {settings['decimal']!r}")
    if problems:
        raise OrdersError(f"{path.name}: {'; '.join(problems)}")
    return toml.get("columns", {}), settings


def check_orders(
    report,
    table,
    *,
    mapping=None,
    settings=None,
    today=None,
    keep_duplicates=False,
    any_size=False,
):
    """Give a table's columns their meaning, and leave out every line that breaks a rule.

    Parameters
    ----------
    report : str
        As for `read_orders`.
    table : RawTable or DataFrame
    mapping, settings : dict, optional
        As `read_map` returns them.
    today, keep_duplicates, any_size
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
    columns = find_columns(table.frame, report, mapping or {}, table.source)
    frame, notes, problems = _typed(table.frame, columns, settings)
    n_read = len(frame) + len(table.bad_rows)
    today = pd.Timestamp.now() if today is None else pd.Timestamp(today)

    frame["filled"] = table.frame.notna().any(axis=1)
    frame["repeats"] = table.frame.duplicated() & (not keep_duplicates)
    main = settings.get("currency") or _main_currency(frame)
    rules = _rules(report, frame, today, main)
    reasons = _broken_rules(frame, rules)
    problems += _unreadable(frame, rules, columns)
    if problems:
        raise OrdersError(f"{table.source}: {'; '.join(problems)}")

    dropped = _dropped(frame, reasons, rules, table.bad_rows)
    lines = frame[reasons == ""].rename_axis("row").reset_index()
    if "order_id" not in lines and "customer_id" in lines:
        day = lines["date"].dt.strftime("%Y%m%d")
        lines["order_id"] = lines["customer_id"] + " " + day
    order = ["customer_id", "date", "order_id", "product_id", "product", "quantity", "amount"]
    lines = lines[[name for name in [*order, "row"] if name in lines]]
    lines = lines.sort_values("date", kind="stable", ignore_index=True)
    if main and main != "?":
        notes.append(f"amounts in {main}")
    orders = Orders(lines, columns, dropped, table.source, n_read, [table.how, *notes])
    orders.notes = [note for note in orders.notes if note]
    _enough(orders, report, {} if any_size else NEEDS[report][1])
    return orders


def find_columns(frame, report, mapping, source="the data"):
    """Tell which column is what: by the map, by its own name, or by a guess.

    Returns
    -------
    dict
        Field to (column, "map", "name" or "guess").

    Raises
    ------
    OrdersError
        If the map names an absent column, or one that the report needs is not found.
    """
    here = list(frame.columns)
    problems = [
        f"the map's {name} = {column!r} is no column{_near(column, here)}"
        for name, column in mapping.items()
        if column not in here
    ]
    found = {name: (column, "map") for name, column in mapping.items() if column in here}
    for name in FIELDS:
        if name not in found and name in here:
            found[name] = (name, "name")
    # Exact words first, for all fields; then words that the column's name begins or ends with.
    for exact in (True, False):
        taken = {column for column, _ in found.values()}
        for name, words in NAMES.items():
            if name in found:
                continue
            words = [_word(name), *words]
            for column in here:
                word = _word(column)
                if column not in taken and word and _fits(word, words, exact):
                    found[name] = (column, "guess")
                    taken.add(column)
                    break
    for needed in NEEDS[report][0]:
        if not any(name in found for name in needed.split("|")):
            words = " or ".join(needed.split("|"))
            problems.append(
                f"no column for {words} (columns: {', '.join(here[:20])}): "
                f"name it under [columns] in a TOML and give that with --columns"
            )
    if problems:
        raise OrdersError(f"{source}: {'; '.join(problems)}")
    return {name: found[name] for name in FIELDS if name in found}


def _typed(raw, columns, settings):
    """Return ids, dates and numbers, with notes on how they were read, and problems."""
    frame, notes, problems = pd.DataFrame(index=raw.index), [], []
    numbers = [name for name in ("quantity", "amount", "price") if name in columns]
    mark = settings.get("decimal") or decimal_mark([raw[columns[name][0]] for name in numbers])
    for name, (column, _) in columns.items():
        values = raw[column]
        if name in ("customer_id", "order_id", "product_id"):
            frame[name], frame[f"{name}_damaged"] = read_ids(values)
        elif name == "date":
            try:
                frame[name], date_format = read_dates(values, settings.get("date_format"))
            except AmbiguousDatesError as error:
                problems.append(f"column {column!r}: {error}")
                frame[name] = pd.Series(pd.NaT, index=raw.index, dtype="datetime64[ns]")
            else:
                notes.append(f"dates read as {date_format}")
        elif name in numbers:
            frame[name] = read_numbers(values, mark)
        elif name == "currency":
            frame[name] = values.astype("str").str.strip().str.upper()
        else:
            frame[name] = values.astype("str").str.strip()
    if mark == ",":
        notes.append("a comma before the fraction")
    if "currency" not in frame:
        money = columns.get("amount") or columns.get("price")
        signs = currency_signs(raw[money[0]]) if money else None
        if signs is not None and signs.notna().any():
            frame["currency"] = signs
    _complete(frame, columns, notes)
    return frame, notes, problems


def _complete(frame, columns, notes):
    """Fill in what follows from other columns."""
    if "quantity" not in frame:
        frame["quantity"] = 1.0
        columns["quantity"] = ("", "absent: 1 a line")
    if "amount" not in frame and "price" in frame:
        frame["amount"] = frame["price"] * frame["quantity"]
        columns["amount"] = (columns["price"][0], "price times quantity")
    if "product_id" not in frame and "product" in frame:
        frame["product_id"], frame["product_id_damaged"] = read_ids(frame["product"])
        columns["product_id"] = (columns["product"][0], "the product's name")


def _rules(report, frame, today, currency):
    """Return the rules in order: key, column, test, reason. A line falls under the first it breaks.

    The tests take a column and return True where a line may stay.
    """
    needed = {name for names in NEEDS[report][0] for name in names.split("|")}
    rules = [("empty", "filled", lambda s: s, "an empty line")]
    for name in ("customer_id", "product_id"):
        if name in frame and (name in needed or name == "product_id"):
            what = name.removesuffix("_id")
            rules += [
                (f"{what}_missing", name, lambda s: s.notna(), f"no {what}"),
                (
                    f"{what}_damaged",
                    f"{name}_damaged",
                    lambda s: ~s,
                    f"a {what} id such as 1.2E+12: a spreadsheet has thrown its digits away",
                ),
            ]
    earliest = pd.Timestamp("1980-01-01")
    rules += [
        ("date_unreadable", "date", lambda s: s.notna(), "a date missing or not readable"),
        ("date_future", "date", lambda s: ~(s > today), f"a date after {today:%Y-%m-%d}"),
        ("date_ancient", "date", lambda s: ~(s < earliest), "a date before 1980"),
        ("quantity_unreadable", "quantity", lambda s: s.notna(), "a quantity not readable"),
        ("quantity_zero", "quantity", lambda s: s != 0, "a quantity of 0"),
    ]
    if "amount" in frame:
        rules.append(("amount_unreadable", "amount", lambda s: s.notna(), "an amount not readable"))
    if "currency" in frame:
        reason = f"a currency other than {currency}, or none: no rate of exchange is known"
        rules.append(("currency", "currency", lambda s: s == currency, reason))
    rules += [
        ("duplicate", "repeats", lambda s: ~s, "a repeat of an earlier line in every column"),
        ("return", "quantity", lambda s: ~(s < 0), "a return (a quantity below 0)"),
    ]
    if "amount" in frame:
        rules += [
            ("refund", "amount", lambda s: ~(s < 0), "a refund (an amount below 0)"),
            ("zero_price", "amount", lambda s: s != 0, "a price of 0: a gift or a sample"),
        ]
    return rules


def _broken_rules(frame, rules):
    """Return for each line the first rule that it breaks, "" for none, through a pandera schema."""
    import pandera.pandas as pa
    from pandera.errors import SchemaErrors

    checks = {}
    for key, column, test, _ in rules:
        checks.setdefault(column, []).append(pa.Check(test, error=key, ignore_na=False))
    # What is missing is a rule of its own, so each column may hold it as far as the schema goes.
    schema = pa.DataFrameSchema(
        {name: pa.Column(checks=those, nullable=True) for name, those in checks.items()}
    )
    broken = pd.Series("", index=frame.index, dtype="object")
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        rank = {key: place for place, (key, *_) in enumerate(rules)}
        cases = cases.assign(rank=cases["check"].map(rank)).sort_values("rank", kind="stable")
        first = cases.drop_duplicates("index").set_index("index")["check"]
        broken.loc[first.index.astype(frame.index.dtype)] = first.to_numpy()
    return broken


def _unreadable(frame, rules, columns):
    """Name the columns of which most values cannot be read: they are the wrong ones."""
    problems = []
    lines = max(int(frame["filled"].sum()), 1)
    for key, column, test, reason in rules:
        if not key.endswith(("_unreadable", "_missing", "_damaged")):
            continue
        name = column.removesuffix("_damaged")
        broken = frame.index[frame["filled"] & ~test(frame[column])]
        if len(broken) > MOSTLY * lines:
            shown = columns.get(name, (name, ""))[0] or name
            problems.append(
                f"column {shown!r}, taken as {name}: {len(broken):,} of {lines:,} lines with "
                f"{reason} (rows {_some(broken)})"
            )
    return problems


def _dropped(frame, reasons, rules, bad_rows):
    amount = frame["amount"] if "amount" in frame else pd.Series(np.nan, index=frame.index)
    records = []
    if bad_rows:
        reason = "more fields than the header has"
        records.append(("too_many_fields", reason, len(bad_rows), 0.0, _some(bad_rows)))
    for key, _, _, reason in rules:
        here = reasons == key
        if here.any():
            value = round(float(amount[here].sum()), 2)
            records.append((key, reason, int(here.sum()), value, _some(frame.index[here])))
    return pd.DataFrame(records, columns=_DROPPED)


def _enough(orders, report, limits):
    """Refuse what is too little to learn from, with every reason."""
    lines = orders.lines
    if lines.empty:
        reasons = "; ".join(f"{r.lines:,} lines: {r.reason}" for r in orders.dropped.itertuples())
        raise OrdersError(f"{orders.source}: no line is left to use ({reasons})")
    days = int((lines["date"].max() - lines["date"].min()).days) + 1
    found = {
        "customers": lines["customer_id"].nunique() if "customer_id" in lines else 0,
        "products": lines["product_id"].nunique() if "product_id" in lines else 0,
        "days": days,
    }
    problems = []
    for what, least in limits.items():
        if found[what] < least:
            word = what.removesuffix("s") if found[what] == 1 else what
            problems.append(f"{found[what]:,} {word} only, and {least} are needed")
    if problems:
        raise OrdersError(
            f"{orders.source}: too little for the report {report} "
            f"({lines['date'].min():%Y-%m-%d} to {lines['date'].max():%Y-%m-%d}, "
            f"{len(lines):,} lines kept): {'; '.join(problems)}"
        )


def _main_currency(frame):
    if "currency" not in frame:
        return ""
    counts = frame["currency"].value_counts()
    return counts.index[0] if len(counts) else "?"


def _word(name):
    return re.sub(r"[\W_]+", "", str(name).lower())


def _fits(word, words, exact):
    if exact:
        return word in words
    # "order date (utc)", "total in eur": a known word of some length at either end.
    return any(len(w) > 3 and (word.startswith(w) or word.endswith(w)) for w in words)


def _near(name, known):
    near = difflib.get_close_matches(str(name), [str(one) for one in known], n=1, cutoff=0.5)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _some(rows, most=5):
    rows = [int(row) for row in rows[: most + 1]]
    return ", ".join(map(str, rows[:most])) + (", ..." if len(rows) > most else "")


def demo_orders(dataset, report, size="full"):
    """Return the orders of a public data set, as a report takes them when it is given none.

    Parameters
    ----------
    dataset : {"complete_journey", "cdnow"}
    report : str
    size : {"full", "sample"}

    Returns
    -------
    Orders

    Raises
    ------
    OrdersError
        If the data set is unknown, or lacks what the report needs.
    """
    from ecomlab.datasets import load_cdnow, load_complete_journey
    from ecomlab.splits import NOT_PRODUCTS

    if dataset == "cdnow":
        table = RawTable(load_cdnow(size), "cdnow", "69,659 orders of an online CD shop, 1997-98")
    elif dataset == "complete_journey":
        products = load_complete_journey("products", size)
        lines = load_complete_journey("transactions", size)
        names = products["product_type"].fillna("?").str.capitalize()
        names = names + " (" + products["brand"].str.lower().fillna("?") + ")"
        names.index = products["product_id"]
        kept = products.loc[~products["product_category"].isin(NOT_PRODUCTS), "product_id"]
        lines = lines[lines["product_id"].isin(kept)]
        frame = pd.DataFrame(
            {
                "customer_id": lines["household_id"],
                # The till's clock is UTC; the shops are about five hours behind it.
                "date": lines["transaction_timestamp"] - pd.Timedelta(hours=5),
                "order_id": lines["basket_id"],
                "product_id": lines["product_id"],
                "product": lines["product_id"].map(names),
                "quantity": lines["quantity"],
                "amount": lines["sales_value"],
            }
        )
        how = "a grocer's households in 2017; fuel and coupons are left out"
        table = RawTable(frame, "complete_journey", how)
    else:
        raise OrdersError(f"no data set {dataset!r}: choose complete_journey or cdnow")
    table.frame = table.frame.reset_index(drop=True)
    table.frame.index += 1
    return check_orders(report, table)
