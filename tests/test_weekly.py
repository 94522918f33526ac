"""Weekly sums by hand, and windows that never reach past their origin."""

import numpy as np
import pandas as pd
import pytest

from ecomlab.weekly import rolling_origins, weekly_sales

ORDERS = pd.DataFrame(
    {
        "product_id": [7, 7, 7, 8, 8],
        "week": [2, 2, 4, 3, 3],
        "quantity": [1, 3, 2, 5, 0],
        "sales_value": [2.0, 4.0, 5.0, 10.0, 1.0],
    }
)
VALUES = pd.DataFrame([range(10), range(10, 20)], columns=range(2, 12))


def test_weekly_sales_by_hand():
    table = weekly_sales(ORDERS)
    assert list(table.columns) == ["product", "week", "units", "price", "revenue"]
    assert table["product"].tolist() == [7, 7, 7, 8, 8, 8]
    assert table["week"].tolist() == [2, 3, 4] * 2
    assert table["units"].tolist() == [4, 0, 2, 0, 5, 0]
    assert table["revenue"].tolist() == [6, 0, 5, 0, 10, 0]
    # 6 / 4 and 5 / 2; no price where nothing was sold; the line without units does not count.
    expected = [1.5, np.nan, 2.5, np.nan, 2.0, np.nan]
    np.testing.assert_array_equal(table["price"], expected)


def test_weekly_sales_takes_other_columns_and_weeks():
    orders = ORDERS.set_axis(["sku", "w", "n", "money"], axis=1)
    names = {"product": "sku", "week": "w", "units": "n", "revenue": "money"}
    table = weekly_sales(orders, weeks=(3, 5), **names)
    assert table["week"].tolist() == [3, 4, 5] * 2
    assert table["units"].sum() == 7
    with pytest.raises(ValueError, match="no order line"):
        weekly_sales(orders, weeks=(20, 30), **names)


def test_rolling_origins_by_hand():
    past, future = rolling_origins(VALUES, [4, 6], range(-2, 1), horizon=2)
    assert past.shape == (2, 2, 3) and future.shape == (2, 2, 2)
    # Week 2 is column 0, so the origin 4 knows columns 0 to 2 and asks for 3 and 4.
    assert past[0].tolist() == [[0, 1, 2], [2, 3, 4]]
    assert future[1].tolist() == [[13, 14], [15, 16]]


def test_what_is_later_raises_an_error():
    with pytest.raises(ValueError, match="step 1 lies after the origin"):
        rolling_origins(VALUES, [4], [0, 1])
    with pytest.raises(ValueError, match="asks for week 8, but training must end by week 7"):
        rolling_origins(VALUES, [3, 4], [0], until=7)
    rolling_origins(VALUES, [3], [0], until=7)


def test_windows_outside_the_weeks_raise_an_error():
    with pytest.raises(ValueError, match="need weeks 1 to 7"):
        rolling_origins(VALUES, [3], range(-2, 1))
    with pytest.raises(ValueError, match="need weeks 8 to 12"):
        rolling_origins(VALUES, [8], [0])
    with pytest.raises(ValueError, match="consecutive"):
        rolling_origins(VALUES[[2, 4, 5]], [4], [0])


def test_the_past_does_not_change_with_the_future():
    changed = VALUES.copy()
    changed.loc[:, 7:] = -1
    before, _ = rolling_origins(VALUES, [4, 6], range(-2, 1))
    after, _ = rolling_origins(changed, [4, 6], range(-2, 1))
    np.testing.assert_array_equal(before, after)
