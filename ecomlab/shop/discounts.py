"""Discounts that an export tells of whole orders, put on the orders' lines."""

import pandas as pd

from ecomlab.shop.exports import column_in

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
