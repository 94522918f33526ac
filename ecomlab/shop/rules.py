"""The rules that a line must keep, and the account of those that were left out."""

import numpy as np
import pandas as pd

from ecomlab.errors import OrdersError
from ecomlab.shop.columns import NEEDS
from ecomlab.shop.layout import some

# How many customers, products and days it takes to learn from one part and be tested on a later.
LEAST = {
    "segments": {"customers": 50, "days": 84},
    "recommend": {"customers": 50, "products": 10, "days": 42},
    "forecast": {"days": 112},
}
MOSTLY = 0.5  # a column of which fewer values than this can be read is the wrong column
DROPPED = ["rule", "reason", "lines", "value", "rows"]
# Left out because they are no sale of goods, and not because they cannot be used.
_NO_SALES = """
empty order_row event status service return refund returned quantity_zero zero_price asked
"""
KNOWN = frozenset(_NO_SALES.split())


def line_rules(report, frame, today, currency, reasons):
    """Return the rules in order: key, column, test, reason.

    A line falls under the first that it breaks. The tests take a column and return True where
    a line may stay.

    Parameters
    ----------
    report : str or None
    frame : DataFrame
    today : Timestamp
    currency : str
        The one to keep.
    reasons : dict of str to str
        Reasons that only the caller knows: event, status, currency.
    """
    needs = NEEDS[report] if report else ("customer_id",)
    needed = {name for names in needs for name in names.split("|")}
    rules = [("empty", "filled", lambda s: s, "an empty line")]
    for key, column, reason in (
        ("order_row", "is_line", "an order's own row, and no line of it"),
        ("event", "is_sale_event", "an event that is no sale"),
        ("status", "is_sale", "a state that is no sale"),
        ("service", "is_goods", "postage, a fee, a voucher or a correction"),
    ):
        if column in frame:
            rules.append((key, column, lambda s: s, reasons.get(key, reason)))
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
        key = "asked" if "asked" in reasons else "currency"
        reason = f"a currency other than {currency}, or none: no rate of exchange is known"
        rules.append((key, "currency", lambda s: s == currency, reason))
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


def broken_rules(frame, rules):
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


def unreadable(frame, rules, columns):
    """Name the columns of which most values cannot be read: they are the wrong ones."""
    problems = []
    candidates = frame["filled"].copy()
    for column in ("is_line", "is_sale_event", "is_sale"):
        candidates &= frame.get(column, True)
    lines = max(int(candidates.sum()), 1)
    for key, column, test, reason in rules:
        if not key.endswith(("_unreadable", "_missing", "_damaged")):
            continue
        name = column.removesuffix("_damaged")
        broken = frame.index[candidates & ~test(frame[column])]
        if len(broken) > MOSTLY * lines:
            shown = columns.get(name, (name, ""))[0] or name
            problems.append(
                f"column {shown!r}, taken as {name}: {len(broken):,} of {lines:,} lines with "
                f"{reason} (rows {some(broken)})"
            )
    return problems


def dropped_lines(frame, reasons, rules, bad_rows):
    """Return one row a rule that left lines out: rule, reason, lines, value and first rows."""
    amount = frame["amount"] if "amount" in frame else pd.Series(np.nan, index=frame.index)
    records = []
    if bad_rows:
        reason = "more fields than the header has"
        records.append(("too_many_fields", reason, len(bad_rows), 0.0, some(bad_rows)))
    broken = set(reasons.unique())
    for key, _, _, reason in rules:
        if key in broken:
            here = reasons == key
            value = round(float(amount[here].sum()), 2)
            records.append((key, reason, int(here.sum()), value, some(frame.index[here])))
    return pd.DataFrame(records, columns=DROPPED)


def dropped_shares(orders):
    """Return the shares of lines and of value that could not be used.

    What is known to be no sale of goods (a cancelled order, a return, postage) does not count.
    """
    lost = orders.dropped[~orders.dropped["rule"].isin(KNOWN)]
    known = orders.dropped["lines"].sum() - lost["lines"].sum()
    lines = lost["lines"].sum() / max(orders.n_read - known, 1)
    kept = orders.lines["amount"].sum() if "amount" in orders.lines else 0.0
    value = lost["value"].abs().sum()
    return float(lines), float(value / max(value + kept, 1e-9))


def refuse_losses(orders, allowed):
    """Stop if more than a share of the lines or of the value could not be used."""
    lines, value = dropped_shares(orders)
    if max(lines, value) > allowed + 1e-9:
        lost = orders.dropped[~orders.dropped["rule"].isin(KNOWN)]
        told = "; ".join(f"{row.lines:,} lines: {row.reason}" for row in lost.itertuples())
        share = int(max(lines, value) * 100 + 1) / 100
        several = " (--currency EUR keeps one alone)" if "currency" in set(lost["rule"]) else ""
        raise OrdersError(
            f"{orders.source}: {lines:.1%} of the lines and {value:.1%} of the value cannot be "
            f"used ({told}): mend the file, or take the rest with --allow-dropped {share}{several}"
        )


def refuse_little(orders, report, limits):
    """Stop if nothing is left, or too little to learn from, with every reason."""
    lines = orders.lines
    if lines.empty:
        told = "; ".join(f"{r.lines:,} lines: {r.reason}" for r in orders.dropped.itertuples())
        raise OrdersError(f"{orders.source}: no line is left to use ({told})")
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
