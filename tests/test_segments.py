"""RFM scores against cases worked out by hand."""

import pandas as pd
import pytest

from ecomlab.segments import rfm_scores


def orders(rows):
    table = pd.DataFrame(rows, columns=["customer_id", "order_id", "date", "amount"])
    return table.assign(date=pd.to_datetime(table["date"]))


def test_five_customers_by_hand():
    # Customer k ordered k times, last on day k, 10 k each.
    rows = [
        (k, 100 * k + n, f"2024-01-{k - n // 2:02d}", 10.0 * k)
        for k in range(1, 6)
        for n in range(k)
    ]
    table = rfm_scores(orders(rows), "2024-01-08")
    assert list(table.index) == [1, 2, 3, 4, 5]
    assert list(table["recency"]) == [7, 6, 5, 4, 3]
    assert list(table["frequency"]) == [1, 2, 3, 4, 5]
    assert list(table["money"]) == [10, 40, 90, 160, 250]
    for score in "rfm":
        assert list(table[score]) == [1, 2, 3, 4, 5]
    assert list(table["segment"]) == ["asleep", "asleep", "cooling", "champions", "champions"]


def test_the_strong_who_stayed_away_are_at_risk_and_the_weak_who_came_are_promising():
    rows = [("old", n, "2024-01-01", 99.0) for n in range(9)]
    rows += [(f"c{k}", 100 + k, f"2024-02-{k:02d}", float(k)) for k in range(1, 10)]
    table = rfm_scores(orders(rows), "2024-03-01")
    assert table.loc["old", ["r", "f", "m", "segment"]].tolist() == [1, 5, 5, "at risk"]
    assert table.loc["c9", ["r", "f", "m", "segment"]].tolist() == [5, 1, 5, "promising"]


def test_equal_customers_score_alike():
    rows = [(k, k, "2024-01-01", 5.0) for k in range(10)] + [(9, 99, "2024-01-01", 5.0)]
    table = rfm_scores(orders(rows), "2024-01-02")
    assert (table["r"] == 1).all()
    assert (table.loc[:8, "f"] == 1).all() and table.loc[9, "f"] == 5
    assert table["f"].dtype.kind == "i"


def test_lines_of_one_basket_are_one_order():
    table = rfm_scores(orders([("a", 1, "2024-01-01", 2.0), ("a", 1, "2024-01-01", 3.0)]), "2025")
    assert table.loc["a", ["frequency", "money"]].tolist() == [1, 5]


def test_what_comes_on_the_day_or_later_does_not_count():
    rows = [("a", 1, "2024-01-01", 2.0), ("a", 2, "2024-01-05", 9.0), ("b", 3, "2024-01-05", 1.0)]
    table = rfm_scores(orders(rows), "2024-01-05")
    assert list(table.index) == ["a"] and table.loc["a", "money"] == 2
    with pytest.raises(ValueError, match="no order before 2023-01-01"):
        rfm_scores(orders(rows), "2023-01-01")
