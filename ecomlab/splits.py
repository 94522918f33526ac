"""Splits that leak nothing: what came later is never used to predict what came before."""

from typing import NamedTuple

import numpy as np


class Trips(NamedTuple):
    """Shopping trips in order of household, then date.

    Attributes
    ----------
    categories : array of str, shape (n_categories,)
    household : array of int, shape (n_trips,)
    date : array of datetime64[D], shape (n_trips,)
    baskets : array of uint8, shape (n_trips, n_categories)
        1 where the trip bought the category.
    """

    categories: np.ndarray
    household: np.ndarray
    date: np.ndarray
    baskets: np.ndarray


# What the till records as a category but no household decides to buy: fuel is sold by
# volume, coupons are refunds. The small "COUPONS/STORE & MFG" stays, as in the protocol of
# 243 categories whose figures the lessons are held against.
NOT_PRODUCTS = ("COUPON/MISC ITEMS", "FUEL")


def next_trips(transactions, products, min_trips=5, min_rows=200):
    """Return each household's trips as sets of categories.

    Parameters
    ----------
    transactions, products : DataFrame
        From `ecomlab.datasets.load_complete_journey`.
    min_trips : int
        Households with fewer trips are left out.
    min_rows : int
        Categories with fewer basket lines are left out.

    Returns
    -------
    Trips
        A trip is all that a household bought on one day.
    """
    category = products.set_index("product_id")["product_category"]
    lines = transactions[["household_id", "transaction_timestamp", "product_id"]]
    lines = lines.assign(
        category=lines["product_id"].map(category),
        date=lines["transaction_timestamp"].dt.normalize(),
    )
    lines = lines[lines["category"].notna() & ~lines["category"].isin(NOT_PRODUCTS)]
    counts = lines["category"].value_counts()
    lines = lines[lines["category"].isin(counts.index[counts >= min_rows])]
    lines = lines[["household_id", "date", "category"]].drop_duplicates()

    days = lines.groupby("household_id")["date"].nunique()
    lines = lines[lines["household_id"].isin(days.index[days >= min_trips])]
    categories, column = np.unique(lines["category"].to_numpy(str), return_inverse=True)
    trip = lines.groupby(["household_id", "date"], sort=True)
    baskets = np.zeros((trip.ngroups, len(categories)), np.uint8)
    baskets[trip.ngroup(), column] = 1
    keys = trip.size().index
    return Trips(
        categories,
        keys.get_level_values("household_id").to_numpy(),
        keys.get_level_values("date").to_numpy().astype("datetime64[D]"),
        baskets,
    )


def from_end(household):
    """Return how many trips of the same household follow each trip.

    Parameters
    ----------
    household : array, shape (n_trips,)
        Sorted, so that the trips of a household stand together.

    Returns
    -------
    array of int, shape (n_trips,)
        0 for a household's last trip, 1 for the one before it.
    """
    household = np.asarray(household)
    if (household[1:] < household[:-1]).any():
        raise ValueError("trips must be sorted by household")
    _, start, count = np.unique(household, return_index=True, return_counts=True)
    return np.repeat(start + count, count) - 1 - np.arange(len(household))
