"""Trips by hand, and the real ones against the counts of the published protocol."""

import numpy as np
import pandas as pd
import pytest

from ecomlab.datasets import load_complete_journey
from ecomlab.splits import from_end, next_trips


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


def test_the_real_trips_are_those_of_the_protocol():
    trips = next_trips(load_complete_journey("transactions"), load_complete_journey("products"))
    assert len(trips.categories) == 243
    assert trips.baskets.shape == (119_012, 243)
    assert len(np.unique(trips.household)) == 2_334
    assert trips.baskets.any(axis=1).all()
