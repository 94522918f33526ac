"""Customer segments by rule: recency, frequency, money."""

import numpy as np
import pandas as pd

CLASSES = 5
SEGMENTS = ("champions", "loyal", "at risk", "promising", "cooling", "asleep")


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
