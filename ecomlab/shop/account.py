"""What is told of a shop's orders before anything is made of them: as text, and on a page."""

import pandas as pd

from ecomlab.shop.display import markdown_text, money_format, show_table
from ecomlab.shop.rules import KNOWN, dropped_shares

__all__ = ["show_account", "summary"]

_YEAR = 13  # months; more are folded away
_MOST = 240  # months that are shown


def summary(orders):
    """Return how orders were read, what they hold and what was left out, as lines of text.

    Parameters
    ----------
    orders : ecomlab.shop.orders.Orders

    Returns
    -------
    list of str
        The account, then period, customers, orders, products, the total by month, and what was
        left out, by lines and by value.
    """
    lines = orders.lines
    first, last = lines["date"].min(), lines["date"].max()
    out = [*orders.account(), f"period: {first:%Y-%m-%d} to {last:%Y-%m-%d}"]
    counts = _counts(orders)
    out += [", ".join(counts)] if counts else []
    out += _hidden_customers(orders)
    out.append(f"{_total(orders)} of {len(lines):,} lines")
    out += [
        f"  {row.month}  {row.lines:>9,} lines  {row.worth:>16,.2f}"
        for row in _by_month(orders).itertuples()
    ]
    return out + _left_out(orders)


def show_account(orders):
    """Display the same on a report's page: what was read, what it holds, what was left out.

    Parameters
    ----------
    orders : ecomlab.shop.orders.Orders
    """
    from IPython.display import Markdown, display

    lines, money = orders.lines, orders.currency
    first, last = lines["date"].min(), lines["date"].max()
    held = [
        f"{len(lines):,} order lines from {first:%Y-%m-%d} to {last:%Y-%m-%d} "
        f"({(last.normalize() - first.normalize()).days + 1:,} days)",
        *_counts(orders),
        *_hidden_customers(orders),
        markdown_text(_total(orders)),
    ]
    known = f" ({markdown_text(orders.export)})" if orders.export else ""
    unnamed = "" if money or "amount" not in lines else " The file names no currency."
    display(
        Markdown(
            f"**Period and size.** {', '.join(held)}. Source: {markdown_text(orders.source)}"
            f"{known}.{unnamed}"
        )
    )
    word, worth = _value(orders)
    months = _by_month(orders).rename(columns={"worth": word})
    title, long = "Lines used, by month", len(months) > _YEAR
    show_table(months, title, {word: worth}, rows=_MOST, fold=long)
    if orders.dropped.empty:
        display(Markdown("**Left out.** Nothing: every line could be used."))
    else:
        n_lost = orders.n_read - len(lines)
        told = [markdown_text(text.removeprefix("left out "), 200) for text in _left_out(orders)]
        told = "; ".join([f"{n_lost:,} of {orders.n_read:,} lines", *told])
        display(Markdown(f"**Left out.** {told}."))
        table = orders.dropped[["reason", "lines", "value", "rows"]].copy()
        # A sum over other currencies has no unit.
        table.loc[orders.dropped["rule"].isin(["currency", "asked"]), "value"] = None
        formats = {"lines": "{:,}", "value": money_format(money, 2)}
        show_table(table, "Lines left out, by the first rule that they break", formats)
    found = [(name, column, how) for name, (column, how) in orders.columns.items()]
    table = pd.DataFrame(found, columns=["meaning", "column", "how it was found"])
    show_table(table, "Columns as they were read")
    notes = [f"- {markdown_text(note, 300)}" for note in orders.notes]
    if notes:
        display(Markdown("\n".join(["**How the file was read.**", "", *notes])))


def _counts(orders):
    """Return how many customers, orders and products there are, as far as the table has them."""
    names = ("customer_id", "customers"), ("order_id", "orders"), ("product_id", "products")
    return [
        f"{orders.lines[name].nunique():,} {word}" for name, word in names if name in orders.lines
    ]


def _hidden_customers(orders):
    """Tell how many customers there are with those who have no line left."""
    n_used = orders.lines["customer_id"].nunique() if "customer_id" in orders.lines else 0
    if not n_used or orders.n_customers <= n_used:
        return []
    return [f"customers with those whose lines are all left out: {orders.n_customers:,}"]


def _value(orders):
    """Return what the sums are, and their format: of amounts, or of pieces where there are none."""
    if "amount" in orders.lines:
        return "total", money_format(orders.currency, 2)
    return "pieces", "{:,.2f}"


def _column(orders):
    return orders.lines["amount" if "amount" in orders.lines else "quantity"]


def _total(orders):
    word, worth = _value(orders)
    return f"{word}: {worth.format(_column(orders).sum())}"


def _by_month(orders):
    """Return one row a month with a line: month, lines, and their worth (or pieces)."""
    months = orders.lines["date"].dt.to_period("M").rename("month")
    by = _column(orders).groupby(months).agg(lines="size", worth="sum").reset_index()
    return by.assign(month=by["month"].astype("str"))


def _left_out(orders):
    """Tell what is no sale of goods and what could not be used, by lines and by value."""
    out = []
    known = orders.dropped[orders.dropped["rule"].isin(KNOWN)]
    if len(known):
        worth = money_format(orders.currency, 2).format(known["value"].sum())
        out.append(f"left out as no sale of goods: {known['lines'].sum():,} lines, {worth}")
    share_lines, share_value = dropped_shares(orders)
    return [*out, f"left out as unfit: {share_lines:.1%} of lines, {share_value:.1%} of value"]
