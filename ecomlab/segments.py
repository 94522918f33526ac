"""Customer segments by rule: recency, frequency, money.

In every function that looks back on orders, here and elsewhere, `end` is the day from which it
looks back: orders on it and after it are left out. A `last_day` is itself looked at.
"""

import numpy as np
import pandas as pd

__all__ = ["SEGMENTS", "order_days", "rfm_scores"]

CLASSES = 5
SEGMENTS = ("champions", "loyal", "at risk", "promising", "cooling", "asleep")


def order_days(orders, customer="customer_id", date="date", amount="amount"):
    """Put the order lines of each customer and day into one row.

    Parameters
    ----------
    orders : DataFrame
        One row an order or a part of one.
    customer, date : str
        Column names.
    amount : str or None
        The column of money; None where there is none.

    Returns
    -------
    DataFrame
        Columns: the customer and the date without its time, both rising, `lines` (rows of that
        day) and, if `amount` is given, `money` (their sum).
    """
    groups = orders.groupby([orders[customer], orders[date].dt.normalize()])
    days = groups.size().to_frame("lines")
    if amount:
        days["money"] = groups[amount].sum()
    return days.reset_index()


def rfm_scores(orders, end):
    """Return recency, frequency and money of each customer, scored 1 to 5, with a segment.

    A score counts how many fifths of the customers are strictly worse, plus one, so equal
    customers have equal scores: where most ordered once, all of these have frequency score 1.
    Segments go by the recency score and the mean of the other two. A mean of 4 or more is
    "champions", "loyal" or "at risk" where recency is at least 4, 3, or less; a lower mean
    is "promising", "cooling" or "asleep".

    Parameters
    ----------
    orders : DataFrame
        Columns customer_id, order_id, date (datetime) and amount. Rows of one order_id are
        one order, so lines of a basket may stand alone.
    end : datetime-like
        The day from which one looks back. Rows on it and after it are left out.

    Returns
    -------
    DataFrame
        One row a customer, by customer_id: recency (whole days), frequency (orders), money
        (sum of amount), r, f, m (int, 5 is best) and segment, a category of `SEGMENTS`.

    Raises
    ------
    ValueError
        If no row lies before `end`.

    References
    ----------
    Hughes, Strategic Database Marketing, 1994.
    """
    end = pd.Timestamp(end)
    past = orders[orders["date"] < end]
    if past.empty:
        raise ValueError(f"there is no order before {end.date()}")
    by_customer = past.groupby("customer_id")
    table = pd.DataFrame(
        {
            "recency": (end - by_customer["date"].max()).dt.days,
            "frequency": by_customer["order_id"].nunique(),
            "money": by_customer["amount"].sum(),
        }
    )
    for score, values in (
        ("r", -table["recency"]),
        ("f", table["frequency"]),
        ("m", table["money"]),
    ):
        worse = values.rank(method="min").astype(int) - 1
        table[score] = 1 + CLASSES * worse // len(table)
    strong = (table["f"] + table["m"]) / 2 >= 4
    place = np.select([table["r"] >= 4, table["r"] == 3], [0, 1], default=2)
    names = np.array(SEGMENTS)[np.where(strong, place, place + 3)]
    table["segment"] = pd.Categorical(names, categories=SEGMENTS)
    return table
