"""Discounts: of whole orders, as exports tell them, and of lines, in a column of their own."""

import pandas as pd

from ecomlab.shop.exports import column_in
from ecomlab.shop.guessing import number_columns, tokens
from ecomlab.shop.pieces import SURE, name_it, share_equal
from ecomlab.shop.values import read_numbers

NEAR = 0.02  # share of an order's value by which what it should come to may differ


def discount_columns(raw, export):
    """Return the columns in which an export tells of whole orders.

    Returns
    -------
    dict of str to list of str
        `discount`; `goods` (what an order comes to after it) and `extras` (what is no goods in
        that). Empty without a discount.
    """
    told = export.amount.get("order", {}) if export is not None else {}
    found = {
        name: [column for one in told.get(name, []) if (column := column_in(raw, [one]))]
        for name in ("discount", "goods", "extras")
    }
    return found if found["discount"] else {}


def order_discounts(amount, line_discount, order, discount, goods, included):
    """Return how much of its order's discount each line still has to give.

    What an order comes to decides whether its discount is in the lines' amounts already, is
    told beside the lines' own discounts, or holds these too. Where an order decides nothing,
    most others do.

    Parameters
    ----------
    amount : Series of float
        The lines' amounts, after their own discounts.
    line_discount : Series of float
        The lines' own discounts.
    order : Series
        The order of each line.
    discount : Series of float
        The order's discount, on one of its lines or on all.
    goods : Series of float
        What the order comes to after its discount, on one of its lines or on all; NaN where
        the table does not say.
    included : bool
        Amounts hold the discount already, if no order decides.

    Returns
    -------
    Series of float
        To be taken off the amounts: in parts of their value, at most that.
    """
    by = pd.DataFrame(
        {
            "lines": amount.groupby(order).sum(),
            "own": line_discount.groupby(order).sum(),
            "discount": discount.abs().groupby(order).max().fillna(0),
            "goods": goods.groupby(order).max(),
        }
    )
    by = by[by["lines"] > 0]
    plain = by[(by["discount"] == 0) & (by["goods"] > 0)]
    # Taxes on top show on orders without a discount.
    rate = (plain["goods"] / plain["lines"]).median() if len(plain) else 1.0
    by = by[by["discount"] > 0]
    ways = pd.DataFrame(
        {"included": 0.0, "beside": by["discount"], "whole": by["discount"] - by["own"]}
    )
    gap = ways.sub(by["lines"] - by["goods"] / rate, axis=0).abs()
    decided = gap.min(axis=1) <= NEAR * by["lines"]
    way = gap[decided].idxmin(axis=1)
    usual = way.mode()[0] if len(way) else ("included" if included else "whole")
    way = way.reindex(by.index, fill_value=usual)
    off = sum(ways[name].where(way == name, 0) for name in ways).clip(0, by["lines"])
    share = (off / by["lines"]).reindex(order.to_numpy()).fillna(0)
    return amount.where(amount > 0, 0) * share.to_numpy()


def amount_less_discount(frame, raw, columns, discount, mark):
    """Take the column that is price times quantity less a discount as the amount, if there is one.

    Parameters
    ----------
    frame : DataFrame
        quantity and price; amount is put in.
    raw : DataFrame
    columns : dict
        discount among them; amount is put in.
    discount : Series of float
        At least 0.
    mark : {".", ","}
        Before the fraction.

    Returns
    -------
    bool
        Whether there is one.
    """
    if "price" not in frame or columns.get("amount", ("", ""))[1] == "map":
        return False
    lines = discount > 0
    ways = _ways(frame["price"] * frame["quantity"], discount, raw, columns)
    taken = {pair[0] for name, pair in columns.items() if name != "amount"}
    first = [columns["amount"][0]] if "amount" in columns else []
    for name in dict.fromkeys([*first, *number_columns(raw, taken)]):
        values = read_numbers(raw[name], mark)
        for less in ways.values():
            if min(share_equal(values[lines], less[lines]), share_equal(values, less)) >= SURE:
                frame["amount"] = values
                columns["amount"] = (name, f"price times quantity less {columns['discount'][0]}")
                return True
    return False


def take_discount(frame, raw, columns, discount, notes):
    """Take a discount off amounts that hold it still, where a person said so; ask elsewhere.

    Returns
    -------
    list of str
        What has to be asked.
    """
    column, how = columns["discount"]
    lines = discount > 0
    whole = frame["price"] * frame["quantity"] if "price" in frame else frame["amount"]
    if how != "map" and (
        "price" not in frame or share_equal(frame["amount"][lines], whole[lines]) < SURE
    ):
        return []  # the amount is not what stands before the discount
    ways = _ways(whole, discount, raw, columns)
    less = ways[_usual_way(column, raw, ways)]
    if how == "map":
        frame["amount"] = less.round(6)
        notes.append(f"{column}: {whole.sum() - less.sum():,.2f} taken off the amounts")
        return []
    return [
        f"column {column!r} holds discounts beside prices: price times quantity is "
        f"{whole.sum():,.2f}, less the discounts {less.sum():,.2f}. Say "
        f'{name_it("discount", column)}, to take them off, or discount = "" to leave them'
    ]


def _ways(whole, off, raw, columns):
    """Return what is left of amounts if discounts are of a line, of an order, or percentages."""
    ways = {"line": whole - off.where(whole >= 0, -off)}
    if off.max() <= 100:
        ways["percent"] = whole * (1 - off / 100)
    if off.max() <= 1:
        ways["share"] = whole * (1 - off)
    if "order_id" in columns:
        order = raw[columns["order_id"][0]]
        by = off.groupby(order)
        several = by.size() > 1
        once = (by.max() == by.min()) | ((off > 0).groupby(order).sum() <= 1)
        if several.sum() >= 5 and once[several].mean() >= SURE:
            none = whole * 0.0
            ways["order"] = whole - order_discounts(whole, none, order, off, none + float("nan"), 0)
    return ways


def _usual_way(column, raw, ways):
    """Return how discounts are to be read by their column's name, signs and rows."""
    signs = raw[column].dropna().astype("str").head(1000).str.contains("%").any()
    named = {"percent", "percentage", "pct", "prozent", "rate", "satz", "rabattsatz", "taux"}
    if "percent" in ways and (signs or "%" in column or named & set(tokens(column))):
        return "percent"
    return "order" if "order" in ways else "line"
