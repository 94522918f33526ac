"""Whole weeks, the stock that errors ask for, and groups too small for a sum."""

import numpy as np
import pandas as pd
import pytest

from ecomlab.shop.demand import order_quantities, whole_weeks
from ecomlab.shop.display import in_currency, money_format, money_text
from ecomlab.shop.people import pool_few


def days(first, last, closed=()):
    """Return a line a day, but for the weekdays on which the shop is closed."""
    every = pd.Series(pd.date_range(first, last))
    return every[~every.dt.day_of_week.isin(closed)]


@pytest.mark.parametrize(
    ("dates", "first", "last", "told"),
    [
        (days("2025-01-06", "2025-03-30"), "2025-01-06", "2025-03-30", []),
        (
            days("2025-01-08", "2025-03-26"),
            "2025-01-13",
            "2025-03-23",
            [
                "data begin on Wednesday, 2025-01-08",
                "data end on Wednesday, 2025-03-26",
                "(3 lines)",
            ],
        ),
        # Closed on Sundays and Mondays: a week from Tuesday to Saturday is whole.
        (days("2025-01-07", "2025-03-29", closed=(0, 6)), "2025-01-06", "2025-03-30", []),
        (
            days("2025-01-07", "2025-03-28", closed=(0, 6)),
            "2025-01-06",
            "2025-03-23",
            ["The last week is incomplete", "end on Friday, 2025-03-28"],
        ),
        # A line a week, as where a till sums up its weeks.
        (days("2025-01-06", "2025-03-24", closed=range(1, 7)), "2025-01-06", "2025-03-30", []),
    ],
)
def test_weeks_are_whole_where_no_day_of_sales_is_missing(dates, first, last, told):
    start, end, said = whole_weeks(dates + pd.Timedelta(hours=11))
    assert (start, end) == (pd.Timestamp(first), pd.Timestamp(last))
    assert bool(said) == bool(told) and all(text in said for text in told)


def test_stock_of_two_products_by_hand():
    # Shares of size: 0.1, -0.1 and 0.4, -0.4. Mean squares 0.01 and 0.16, of all 0.085; the
    # spreads are the roots of (2 * 0.01 + 4 * 0.085) / 6 = 0.06 and (2 * 0.16 + 0.34) / 6 = 0.11.
    errors, scales = np.array([[1.0, -1], [8, -8]]), np.array([[10.0, 10], [20, 20]])
    level = np.quantile([0.1 / 0.06**0.5, -0.1 / 0.06**0.5, 0.4 / 0.11**0.5, -0.4 / 0.11**0.5], 0.9)
    stock = order_quantities([40, 80], errors, scales, np.array([10, 20]), 0.9)
    np.testing.assert_allclose(stock, [40 + level * 10 * 0.06**0.5, 80 + level * 20 * 0.11**0.5])


def test_stock_covers_what_the_level_says_and_each_product_by_its_own_errors():
    rng = np.random.default_rng(1)
    n, forecast = 4000, np.full(4000, 100.0)
    spread = np.where(np.arange(n) % 2, 5.0, 30.0)
    errors = rng.normal(size=(n, 16)) * spread[:, None]
    demand = forecast + rng.normal(size=n) * spread
    size = np.full((n, 16), 25.0)
    for level in (0.5, 0.8, 0.95):
        stock = order_quantities(forecast, errors, size, size[:, 0], level)
        assert (stock >= demand).mean() == pytest.approx(level, abs=0.03)
    assert stock[::2].mean() - 100 > 2 * (stock[1::2].mean() - 100) > 0


def test_stock_is_never_below_nothing_and_needs_no_reserve_where_nothing_was_wrong():
    none = order_quantities([3.0, 0], np.zeros((2, 4)), np.ones((2, 4)), np.ones(2), 0.9)
    assert none.tolist() == [3, 0]
    too_high = np.full((2, 4), -9.0)
    assert order_quantities([3.0, 0], too_high, np.ones((2, 4)), np.ones(2), 0.9).min() == 0


def test_small_groups_are_pooled_until_no_sum_tells_of_a_few():
    groups = pd.Series([*"a" * 9, *"b" * 7, *"c" * 4, *"d" * 3])
    assert pool_few(groups).value_counts().to_dict() == {"a": 9, "b": 7, "(small groups)": 7}
    alone = pd.Series([*"a" * 9, *"b" * 7, *"c" * 4])
    assert pool_few(alone).value_counts().to_dict() == {"a": 9, "(small groups)": 11}
    assert pool_few(groups[:16]).tolist() == groups[:16].tolist()
    assert set(pool_few(groups[-7:])) == {"(small groups)"}
    assert set(pool_few(groups[-3:])) == {"(small groups)"}
    assert pool_few(groups[:0]).empty


def test_amounts_carry_their_currency():
    assert money_format("EUR").format(1234.5) == "1,234 EUR"
    assert money_format("", 2).format(1234.5) == "1,234.50"
    assert money_text(1234.5, "US$") == r"1,234 US\$"
    assert in_currency("sales", "US$") == r"sales (US\$)" and in_currency("sales", "") == "sales"
    assert money_format("{odd}").format(1) == "1 {odd}"
