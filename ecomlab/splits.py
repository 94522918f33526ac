"""Splits in time: the steps that are to be predicted are never among the inputs.

`next_trips` makes trips of basket lines. `trip_sequences` and `click_sequences` cut trips or
clicks into windows for training, validation and test; `gather` makes a batch of windows.
`weekly_purchases` and `weekly_interactions` split by weeks of the calendar, the same for all.

What they guard: an input ends before its target begins. In the two splits by calendar the
training set also ends before the test begins, and nothing of the test chooses who or what is in.

What they do not guard, and a lesson that uses them has to say:

- `next_trips` chooses households and categories by the whole year. Who stopped early, or what
  was dropped, is left out with knowledge of later weeks.
- `trip_sequences` splits each household at its own last trips. The test trips of one household
  may lie before training trips of another, so a season or an offer of the test may be known.
- `click_sequences` takes the split between training and test as it is given, and asks only for
  items that occur in training: a new item is never a question.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

__all__ = [
    "NOT_PRODUCTS",
    "Purchases",
    "Sequences",
    "Trips",
    "click_sequences",
    "from_end",
    "gather",
    "next_trips",
    "trip_sequences",
    "weekly_interactions",
    "weekly_purchases",
]

FORGET = 0.9  # what is left of an earlier trip in the second row of `known`, one trip later


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


class Purchases(NamedTuple):
    """What each household bought on each day, as numbers into `households` and `items`.

    Attributes
    ----------
    households : array of int, shape (n_households,)
    items : array of int, shape (n_items,)
        Product ids, the most bought first.
    household, item, week : array of int, shape (n_rows,)
        A row says that a household bought an item on a day of a week.
    """

    households: np.ndarray
    items: np.ndarray
    household: np.ndarray
    item: np.ndarray
    week: np.ndarray


def weekly_purchases(transactions, products, last_week=44, n_items=5000, min_trips=5):
    """Return the purchases of the most-bought products by the households that come often.

    Both are chosen on the weeks up to `last_week` alone: a product's later success must not
    decide whether it is offered.

    Parameters
    ----------
    transactions, products : DataFrame
        From `ecomlab.datasets.load_complete_journey`.
    last_week : int
        The last week of training.
    n_items : int
        Products are ranked by the number of days on which a household bought them; equals
        by their id.
    min_trips : int
        Households with fewer days of shopping until `last_week` are left out.

    Returns
    -------
    Purchases
        Of all weeks, later ones too. `weekly_interactions` keeps them apart.
    """
    known = products.loc[
        products["product_category"].notna() & ~products["product_category"].isin(NOT_PRODUCTS)
    ]
    lines = transactions[["household_id", "transaction_timestamp", "product_id", "week"]]
    lines = lines[lines["product_id"].isin(known["product_id"])]
    lines = lines.assign(date=lines["transaction_timestamp"].dt.normalize())
    lines = lines.drop(columns="transaction_timestamp").drop_duplicates(
        ["household_id", "date", "product_id"]
    )
    past = lines[lines["week"] <= last_week]
    days = past.groupby("household_id")["date"].nunique()
    households = days.index[days >= min_trips].to_numpy()
    bought = past.loc[past["household_id"].isin(households), "product_id"].value_counts()
    order = np.lexsort([bought.index, -bought.to_numpy()])
    items = bought.index.to_numpy()[order[:n_items]]
    lines = lines[lines["household_id"].isin(households) & lines["product_id"].isin(items)]
    return Purchases(
        households,
        items,
        pd.Index(households).get_indexer(lines["household_id"]),
        pd.Index(items).get_indexer(lines["product_id"]),
        lines["week"].to_numpy(),
    )


def weekly_interactions(purchases, weeks, asked=None, half_life=None):
    """Return on how many days of some weeks each household bought each item.

    Parameters
    ----------
    purchases : Purchases
    weeks : (int, int)
        First and last week, both counted.
    asked : (int, int), optional
        First and last of the weeks that will be predicted from what is returned. Name them
        wherever the result is an input: weeks that reach into them raise an error.
    half_life : float, optional
        Weeks after which a purchase counts half, seen from the last of `weeks`.

    Returns
    -------
    scipy.sparse.csr_array of float32, shape (n_households, n_items)

    Raises
    ------
    ValueError
        If `weeks` are in the wrong order, hold no purchase, or reach into `asked`.
    """
    first, last = weeks
    if first > last:
        raise ValueError(f"the first week, {first}, comes after the last, {last}")
    if asked is not None and last >= asked[0]:
        raise ValueError(
            f"weeks {first} to {last} reach into weeks {asked[0]} to {asked[1]}, which are to be "
            f"predicted: an input must end by week {asked[0] - 1}"
        )
    rows = (purchases.week >= first) & (purchases.week <= last)
    if not rows.any():
        raise ValueError(f"there is no purchase in weeks {first} to {last}")
    weight = np.ones(rows.sum(), np.float32)
    if half_life is not None:
        weight = 0.5 ** ((last - purchases.week[rows]) / half_life)
    shape = len(purchases.households), len(purchases.items)
    where = purchases.household[rows], purchases.item[rows]
    return sparse.coo_array((weight, where), shape=shape, dtype=np.float32).tocsr()


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


class Sequences(NamedTuple):
    """All steps in one array, sequence after sequence, and windows [start, stop) into it.

    Attributes
    ----------
    rows : array
        The steps: baskets of uint8, shape (n_rows, n_items), or item numbers, shape (n_rows,).
    owner : array of int, shape (n_rows,)
        The row at which the household or session of each row begins.
    known : array of float16, shape (n_rows, 3, n_items), or None
        How often each item was bought until this row, the same with earlier trips slowly
        forgotten, and the last trip alone. None for clicks.
    n_items : int
    length : int
        The most steps that a question may look back.
    train, retrain : array of int, shape (n, 2)
        Windows in which each row after the first is to be predicted. `retrain` holds the
        validation steps too: for the last training, when all choices are made.
    val, test : array of int, shape (n, 2)
        Windows of which the last row alone is to be predicted.
    """

    rows: np.ndarray
    owner: np.ndarray
    known: np.ndarray | None
    n_items: int
    length: int
    train: np.ndarray
    retrain: np.ndarray
    val: np.ndarray
    test: np.ndarray


def trip_sequences(trips, length=50, n_test=3):
    """Return the trips of each household as one sequence.

    The last `n_test` trips of each household are the test, each predicted from all before
    it; the trip before these is validation.

    Parameters
    ----------
    trips : Trips
        From `next_trips`.
    length, n_test : int

    Returns
    -------
    Sequences
    """
    _, start, n_trips = np.unique(trips.household, return_index=True, return_counts=True)
    owner, stop = np.repeat(start, n_trips), start + n_trips
    counts = trips.baskets.astype(np.float16)
    known = np.stack([counts] * 3, axis=1)
    for row in np.flatnonzero(np.arange(len(owner)) > owner):
        known[row, 0] += known[row - 1, 0]
        known[row, 1] += known[row - 1, 1] * np.float16(FORGET)
    left = from_end(trips.household)
    asked = np.arange(len(owner)) > owner
    asked = (asked & (left == n_test), asked & (left < n_test))
    return Sequences(
        *(trips.baskets, owner, known, len(trips.categories), length),
        *(_pieces(start, stop - n_test - more, length) for more in (1, 0)),
        *(_questions(owner, np.flatnonzero(which), length) for which in asked),
    )


def click_sequences(train, test, length=20):
    """Return the clicks of each session as one sequence, sessions in order of their end.

    Validation is the last 24 hours of `train`. Each click after the first of its session is
    a question, if its item occurs in training.

    Parameters
    ----------
    train, test : DataFrame
        SessionId, ItemId, Time in seconds.
    length : int

    Returns
    -------
    Sequences
    """
    frame = pd.concat([train.assign(part=0), test.assign(part=2)], ignore_index=True)
    frame["end"] = frame.groupby(["part", "SessionId"])["Time"].transform("max")
    late = (frame["part"] == 0) & (frame["end"] > train["Time"].max() - 24 * 3600)
    frame.loc[late, "part"] = 1
    frame = frame[frame["ItemId"].isin(train["ItemId"])]
    frame = frame.sort_values(["part", "end", "SessionId", "Time"], kind="stable")
    rows, part = pd.factorize(frame["ItemId"])[0], frame["part"].to_numpy()
    begins = np.append(True, np.diff(frame["SessionId"]) != 0)
    start = np.flatnonzero(begins)
    owner, stop = start[np.cumsum(begins) - 1], np.append(start[1:], len(rows))
    targets = np.arange(len(rows)) > owner
    asked = (targets & (part == 1) & np.isin(rows, rows[part == 0]), targets & (part == 2))
    return Sequences(
        *(rows, owner, None, int(rows.max()) + 1, length),
        *(_pieces(start[part[start] <= p], stop[part[start] <= p], length) for p in (0, 1)),
        *(_questions(owner, np.flatnonzero(which), length) for which in asked),
    )


def gather(sequences, windows, last_only=False):
    """Return a batch of windows, padded at their end to one length.

    Parameters
    ----------
    sequences : Sequences
    windows : array of int, shape (batch, 2)
    last_only : bool
        Ask for the last row of each window only, not for each row after the first.

    Returns
    -------
    x : array, shape (batch, time) or (batch, time, n_items)
        The steps before the last. Padding repeats a step and is never asked.
    asked : array of int, shape (n_asked,)
        The places after which the next step is asked: numbers into batch x time, flattened.
    known : array of float32, shape (n_asked, 3, n_items), or (n_asked, 3, 0) for clicks
    wanted : array, shape (n_asked,) or (n_asked, n_items)
        The step that followed.
    """
    start, stop = np.asarray(windows).T
    step, last = np.arange((stop - start).max() - 1), (stop - start)[:, None] - 2
    place = np.minimum(start[:, None] + step, stop[:, None] - 2)
    ask = step == last if last_only else step <= last
    known = sequences.known
    known = np.zeros((ask.sum(), 3, 0)) if known is None else known[place[ask]]
    x, wanted = sequences.rows[place], sequences.rows[place[ask] + 1]
    return x, np.flatnonzero(ask), known.astype(np.float32), wanted


def _pieces(start, stop, length):
    """Cut each [start, stop) into windows of at most length + 1 rows; no target twice."""
    return np.array(
        [
            (max(first, end - length - 1), end)
            for first, last in zip(start, stop, strict=True)
            for end in range(last, first + 1, -length)
        ]
    )


def _questions(owner, targets, length):
    """Return one window for each target row, with at most `length` rows before it."""
    return np.stack([np.maximum(owner[targets], targets - length), targets + 1], axis=1)
