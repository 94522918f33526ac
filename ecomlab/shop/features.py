"""What a model sees of a shop's customers: their habits as numbers, their purchases as a matrix."""

import numpy as np
import pandas as pd

from ecomlab.segments import order_days

__all__ = ["customer_features", "history_matrix", "log1p_features", "standardised"]

SHARES = ("recent_share", "weekend_share")


def customer_features(lines, end):
    """Return what a customer's orders before a day look like.

    Parameters
    ----------
    lines : DataFrame
        Clean order lines, as `ecomlab.shop.orders.Orders.lines`.
    end : datetime-like
        The day from which one looks back; lines on it and after it are left out.

    Returns
    -------
    DataFrame
        Index: the customer, rising. Columns: recency_weeks (since the last order),
        age_weeks (since the first), order_days, money, order_value (money a day of orders),
        lines_per_day, gap_weeks (mean weeks between days of orders; the age for who came
        once), recent_share (of the money, in the last quarter of the age) and weekend_share
        (of the days of orders).
    """
    end = pd.Timestamp(end).normalize()
    past = lines[lines["date"] < end]
    days = order_days(past)
    by = days.groupby("customer_id")
    first, last, n = by["date"].min(), by["date"].max(), by.size()
    age = (end - first).dt.days / 7
    start_recent = end - pd.to_timedelta(days["customer_id"].map(age) * 7 / 4, unit="D")
    recent = days["money"].where(days["date"] >= start_recent, 0).groupby(days["customer_id"]).sum()
    weekend = (days["date"].dt.day_of_week >= 5).groupby(days["customer_id"]).mean()
    money = by["money"].sum()
    gaps = ((last - first).dt.days / 7) / (n - 1).clip(lower=1)
    return pd.DataFrame(
        {
            "recency_weeks": (end - last).dt.days / 7,
            "age_weeks": age,
            "order_days": n.astype(float),
            "money": money,
            "order_value": money / n,
            "lines_per_day": by["lines"].sum() / n,
            "gap_weeks": gaps.where(n > 1, age),
            "recent_share": recent / money,
            "weekend_share": weekend,
        }
    )


def standardised(features, means, scales):
    """Return features as a network takes them: `log1p_features` with means 0, scales 1; float32.

    Parameters
    ----------
    features : DataFrame, shape (n_customers, n_features)
    means, scales : array, shape (n_features,)
    """
    return ((log1p_features(features) - means) / scales).astype("float32")


def log1p_features(features):
    """Return features with the logarithm of 1 + x in place of all x that are no shares."""
    out = features.copy()
    for name in out:
        if name not in SHARES:
            out[name] = np.log1p(out[name])
    return out.to_numpy(float)


def history_matrix(lines, customers, items):
    """Return what each customer bought, a sparse array of 0 and 1, (n_customers, n_items)."""
    from scipy import sparse

    row = pd.Index(customers).get_indexer(lines["customer_id"])
    column = pd.Index(items).get_indexer(lines["product_id"])
    inside = (row >= 0) & (column >= 0)
    shape = (len(customers), len(items))
    matrix = sparse.csr_array((np.ones(inside.sum()), (row[inside], column[inside])), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix
