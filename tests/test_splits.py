"""Trips by hand, the real ones against the counts of the published protocol, windows that hold
the past of what they ask, each step asked in one split only, and weeks kept apart."""

import numpy as np
import pandas as pd
import pytest

from ecomlab.datasets import load_complete_journey
from ecomlab.splits import (
    Trips,
    click_sequences,
    from_end,
    gather,
    next_trips,
    trip_sequences,
    weekly_interactions,
    weekly_purchases,
)


@pytest.fixture
def shop():
    products = pd.DataFrame(
        {
            "product_id": [1, 2, 3, 4, 5],
            "product_category": ["MILK", "BREAD", "FUEL", "COUPON/MISC ITEMS", None],
        }
    )
    rows = [
        (7, "2017-01-02 09:00", 1),
        (7, "2017-01-02 18:00", 2),  # the same day: the same trip
        (7, "2017-01-01 09:00", 1),
        (7, "2017-01-03 09:00", 3),  # fuel alone is no trip
        (7, "2017-01-04 09:00", 4),
        (7, "2017-01-05 09:00", 5),
        (3, "2017-01-09 09:00", 2),
        (3, "2017-01-09 09:01", 2),
        (3, "2017-01-10 09:00", 1),
        (9, "2017-01-10 09:00", 1),  # one trip only
    ]
    columns = ["household_id", "transaction_timestamp", "product_id"]
    transactions = pd.DataFrame(rows, columns=columns)
    transactions["transaction_timestamp"] = pd.to_datetime(transactions["transaction_timestamp"])
    return transactions, products


def test_a_trip_is_a_household_and_a_day(shop):
    trips = next_trips(*shop, min_trips=2, min_rows=1)
    assert trips.categories.tolist() == ["BREAD", "MILK"]
    assert trips.household.tolist() == [3, 3, 7, 7]
    assert trips.date.astype(str).tolist() == [
        "2017-01-09",
        "2017-01-10",
        "2017-01-01",
        "2017-01-02",
    ]
    assert trips.baskets.tolist() == [[1, 0], [0, 1], [0, 1], [1, 1]]


def test_rare_categories_are_left_out(shop):
    trips = next_trips(*shop, min_trips=1, min_rows=4)
    assert trips.categories.tolist() == ["MILK"]


def test_trips_are_counted_from_the_end():
    assert from_end([3, 3, 3, 7, 9, 9]).tolist() == [2, 1, 0, 0, 1, 0]
    with pytest.raises(ValueError, match="sorted by household"):
        from_end([3, 7, 3])


@pytest.mark.fulldata
def test_the_real_trips_are_those_of_the_protocol(have):
    have("complete_journey")
    trips = next_trips(load_complete_journey("transactions"), load_complete_journey("products"))
    assert len(trips.categories) == 243
    assert trips.baskets.shape == (119_012, 243)
    assert len(np.unique(trips.household)) == 2_334
    assert trips.baskets.any(axis=1).all()


@pytest.fixture
def trips():
    """Two households of 12 and 5 trips; basket r is item r modulo 4, so places can be read."""
    household = np.repeat([3, 7], [12, 5])
    baskets = np.eye(4, dtype=np.uint8)[np.arange(17) % 4]
    return Trips(np.array(list("abcd")), household, np.arange(17), baskets)


def targets(windows, last_only):
    return [r for start, stop in windows for r in range(stop - 1 if last_only else start + 1, stop)]


def test_each_trip_is_asked_in_one_split(trips):
    s = trip_sequences(trips, length=4)
    train, again = targets(s.train, False), targets(s.retrain, False)
    val, test = targets(s.val, True), targets(s.test, True)
    assert sorted(test) == [9, 10, 11, 14, 15, 16] and sorted(val) == [8, 13]
    assert sorted(train) == list(range(1, 8)) and sorted(again) == sorted(train + val)
    for windows in (s.train, s.retrain, s.val, s.test):
        assert (s.owner[windows[:, 0]] == s.owner[windows[:, 1] - 1]).all()
        assert (windows[:, 1] - windows[:, 0] <= 5).all()


def test_counts_grow_within_a_household(trips):
    known = trip_sequences(trips).known
    assert known[11, 0].tolist() == [3, 3, 3, 3]
    assert known[12, 0].tolist() == [1, 0, 0, 0]
    assert known[4, 1, 0] == pytest.approx(1 + 0.9**4, abs=2e-3)
    assert known[4, 2].tolist() == [1, 0, 0, 0]


def test_clicks_are_split_by_session_and_time(clicks):
    s = click_sequences(*clicks)
    assert s.rows.tolist() == [0, 1, 2, 1, 0, 0, 1, 3, 2, 3, 0]  # 77 was never trained: gone
    assert targets(s.train, False) == [1, 2, 4]
    assert targets(s.retrain, False) == [1, 2, 4, 6, 7]
    assert targets(s.val, True) == [6]  # 99 is new on the last day
    assert targets(s.test, True) == [9, 10]


def test_a_batch_asks_what_comes_next(trips):
    s = trip_sequences(trips, length=4)
    x, asked, known, wanted = gather(s, np.array([[0, 4], [12, 14]]))
    assert x.shape == (2, 3, 4) and asked.tolist() == [0, 1, 2, 3]
    assert wanted.argmax(axis=1).tolist() == [1, 2, 3, 13 % 4]
    assert (known == s.known[[0, 1, 2, 12]]).all()
    _, asked, _, wanted = gather(s, np.array([[0, 4], [12, 14]]), last_only=True)
    assert asked.tolist() == [2, 3] and wanted.argmax(axis=1).tolist() == [3, 1]


def test_a_batch_of_clicks_has_no_counts(clicks):
    s = click_sequences(*clicks)
    x, _, known, wanted = gather(s, s.retrain)
    assert x.shape == (3, 2) and known.shape == (5, 3, 0)
    assert wanted.tolist() == [s.rows[r] for r in targets(s.retrain, False)]


@pytest.fixture
def year():
    """Milk (1) is bought most in weeks 1 to 3, bread (2) less; tea (6) succeeds only later."""
    rows = [
        *((7, f"2017-01-0{day} 09:00", 1, day) for day in (1, 2, 3)),
        (7, "2017-01-03 18:00", 1, 3),  # the same day again
        (7, "2017-01-02 09:00", 2, 2),
        (7, "2017-01-02 09:00", 3, 2),  # fuel
        (3, "2017-01-01 09:00", 2, 1),
        (3, "2017-01-02 09:00", 6, 2),
        (9, "2017-01-01 09:00", 1, 1),  # one day of shopping only
        *((7, f"2017-01-0{day} 09:00", 6, day) for day in (5, 6, 7, 8)),
        (7, "2017-01-05 09:00", 1, 5),
    ]
    columns = ["household_id", "transaction_timestamp", "product_id", "week"]
    transactions = pd.DataFrame(rows, columns=columns)
    transactions["transaction_timestamp"] = pd.to_datetime(transactions["transaction_timestamp"])
    category = ["MILK", "BREAD", "FUEL", "COUPON/MISC ITEMS", None, "TEA"]
    products = pd.DataFrame({"product_id": [1, 2, 3, 4, 5, 6], "product_category": category})
    return transactions, products


def test_items_and_households_are_chosen_by_the_training_weeks(year):
    purchases = weekly_purchases(*year, last_week=3, n_items=2, min_trips=2)
    assert purchases.households.tolist() == [3, 7]
    assert purchases.items.tolist() == [1, 2]  # tea sells best over all weeks
    every = weekly_purchases(*year, last_week=8, n_items=2, min_trips=2)
    assert every.items.tolist() == [6, 1]


def test_interactions_count_days_of_the_weeks_asked_for(year):
    purchases = weekly_purchases(*year, last_week=3, n_items=3, min_trips=2)
    assert purchases.items.tolist() == [1, 2, 6]
    past = weekly_interactions(purchases, (1, 3), asked=(4, 8))
    assert past.toarray().tolist() == [[0, 1, 1], [3, 1, 0]]
    assert weekly_interactions(purchases, (4, 8)).toarray().tolist() == [[0, 0, 0], [1, 0, 4]]
    faded = weekly_interactions(purchases, (1, 3), asked=(4, 8), half_life=1.0)
    assert faded.toarray().tolist() == [[0, 0.25, 0.5], [1.75, 0.5, 0]]
    assert faded.dtype == np.float32


@pytest.mark.parametrize(
    ("weeks", "asked", "message"),
    [
        ((1, 5), (5, 8), "weeks 1 to 5 reach into weeks 5 to 8.*must end by week 4"),
        ((1, 9), (5, 8), "reach into weeks 5 to 8"),
        ((3, 1), None, "the first week, 3, comes after the last, 1"),
        ((20, 30), None, "no purchase in weeks 20 to 30"),
    ],
)
def test_a_future_week_is_refused(year, weeks, asked, message):
    purchases = weekly_purchases(*year, last_week=3, n_items=3, min_trips=2)
    with pytest.raises(ValueError, match=message):
        weekly_interactions(purchases, weeks, asked)


def test_the_past_does_not_depend_on_the_future(year):
    """Leakage: whatever happens after the last training week changes no input."""
    transactions, products = year
    other = transactions.copy()
    later = other["week"] > 3
    other.loc[later, "product_id"] = 2
    for changed in (other, transactions[~later]):
        before = weekly_purchases(transactions, products, 3, 3, 2)
        after = weekly_purchases(changed, products, 3, 3, 2)
        inputs = [weekly_interactions(p, (1, 3), (4, 8)).toarray() for p in (before, after)]
        assert (before.items == after.items).all() and (inputs[0] == inputs[1]).all()
