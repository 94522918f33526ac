"""Weekly sums by hand, and windows that never reach past their origin."""

import numpy as np
import pandas as pd
import pytest
from conftest import NOTEBOOKS

from ecomlab.datasets import load_complete_journey, load_promotions
from ecomlab.running.one import read_notebook
from ecomlab.splits import NOT_PRODUCTS
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


def within(values, frame):
    """Return values less their product and week effects."""
    for _ in range(30):
        values = values - values.groupby(frame["product"]).transform("mean")
        values = values - values.groupby(frame["week"]).transform("mean")
    return values


@pytest.mark.fulldata
def test_the_side_run_that_09c_tells_of(have):
    """Soft drinks: the slope of the price, alone and beside display and leaflet."""
    have("complete_journey")
    products = load_complete_journey("products").set_index("product_id")
    lines = load_complete_journey("transactions")
    drinks = products.index[products["product_category"] == "SOFT DRINKS"]
    bought = lines[lines["product_id"].isin(drinks)]
    # The products of the lesson: one unit price a week, sold in most weeks, the highest revenue.
    lesson = read_notebook(NOTEBOOKS / "09c_what_to_charge.ipynb")
    code = ["".join(c["source"]) for c in lesson["cells"] if "kept = sold[" in "".join(c["source"])]
    taken = {"products": products, "lines": lines, "N_PRODUCTS": 500, "MIN_WEEKS": 37}
    taken |= {"NOT_PRODUCTS": NOT_PRODUCTS}
    choose = code[0][code[0].index("early = ") : code[0].index("table = ")]
    exec(choose, taken)
    table = weekly_sales(bought[bought["product_id"].isin(taken["chosen"])], weeks=(2, 53))
    table = table[table["units"] > 0].reset_index(drop=True)
    store = bought.groupby("store_id")["sales_value"].sum() / bought["sales_value"].sum()
    promoted = load_promotions(table["product"].unique())
    for place in ("display", "mailer"):
        there = promoted[f"{place}_location"] != "0"
        promoted[place] = there * promoted["store_id"].map(store).fillna(0)
    by_store = promoted.groupby(["product_id", "week", "store_id"])[["display", "mailer"]].max()
    shares = by_store.groupby(["product_id", "week"]).sum()
    table = table.join(shares, on=["product", "week"]).fillna({"display": 0, "mailer": 0})
    table["log_price"] = np.log(table["price"])
    y = within(np.log(table["units"]), table).to_numpy()
    names = ["log_price", "display", "mailer"]
    x = np.stack([within(table[name], table).to_numpy() for name in names], axis=1)
    owner = np.unique(table["product"], return_inverse=True)[1]
    n = owner.max() + 1
    xx, xy = np.zeros((n, 3, 3)), np.zeros((n, 3))  # of each product
    np.add.at(xx, owner, x[:, :, None] * x[:, None, :])
    np.add.at(xy, owner, x * y[:, None])

    def slopes(pick):
        squares, products_of = xx[pick].sum(axis=0), xy[pick].sum(axis=0)
        return products_of[0] / squares[0, 0], np.linalg.solve(squares, products_of)[0]

    alone, beside = slopes(np.arange(n))
    assert n == 51
    assert (alone, beside) == pytest.approx((-3.49, -2.51), abs=0.01)
    rng = np.random.default_rng(1)
    drawn = [np.subtract(*slopes(rng.integers(n, size=n))) for _ in range(500)]
    assert np.percentile(drawn, [2.5, 97.5]) == pytest.approx([-1.28, -0.69], abs=0.05)
    best = [0.6 * e / (1 + e) for e in (alone, beside)]  # of the usual price, at a cost of 60%
    assert best == pytest.approx([0.84, 1.0], abs=0.01)
