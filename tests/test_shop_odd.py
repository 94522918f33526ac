"""Odd shops: each ends in a page that makes sense, or in one line that says why there is none."""

import re

import pandas as pd
import pytest
from test_shop_given import shop
from test_shop_report import FAST

from ecomlab.errors import UserError
from ecomlab.shop.orders import read_orders
from ecomlab.shop.report import REPORTS, make_report


def told(made):
    """Return a report's page as text, without its code."""
    html = re.sub(r"<(script|style|details).*?</\1>", "", made.page.read_text("utf-8"), flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def write(frame, folder):
    frame.to_csv(folder / "o.csv", index=False)
    return folder / "o.csv"


@pytest.mark.parametrize("report", REPORTS)
def test_three_customers_on_one_day_are_too_few_for_any_report(report, tmp_path):
    frame = shop().head(30)
    frame["Customer"] = [f"K{place % 3}" for place in range(30)]
    frame["Order Date"] = frame["Order Date"].iloc[0]
    with pytest.raises(UserError, match=r"too little for the report .*1 day only") as stop:
        read_orders(report, write(frame, tmp_path))
    assert "\n" not in str(stop.value)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("report", "line"),
    [
        ("segments", "ordered before .*, and 0 of them in the .* days after: too few to learn"),
        ("recommend", "0 came in the .* days after, and 0 of 0 asked bought .*: too few to test"),
    ],
)
def test_customers_who_bought_once_only_end_a_report_in_one_line(report, line, tmp_path):
    frame = shop()
    frame["Customer"] = "K" + frame["Order ID"]
    orders = read_orders(report, write(frame, tmp_path))
    with pytest.raises(UserError, match=line) as stop:
        make_report(report, tmp_path / "x.html", orders, FAST[report])
    assert "\n" not in str(stop.value)
    assert [path.name for path in tmp_path.iterdir()] == ["o.csv"]


@pytest.mark.exhaustive
def test_who_bought_everything_gets_no_list_and_is_counted(tmp_path):
    frame = shop()
    every = frame.drop_duplicates("Item").assign(Customer="K0")
    every["Order Date"] = frame["Order Date"].iloc[0]
    orders = read_orders("recommend", write(pd.concat([every, frame]), tmp_path))
    made = make_report("recommend", tmp_path / "x.html", orders, FAST["recommend"])
    assert "Without a list: 1 of 60 customers." in told(made)


@pytest.mark.exhaustive
def test_one_price_and_a_week_cut_short_are_told(tmp_path):
    frame = shop(2400)
    frame = frame[frame["Order Date"] <= "2025-07-02"]  # a Wednesday
    frame["Total"] = frame["Quantity"] * 10.0
    orders = read_orders("forecast", write(frame, tmp_path))
    made = make_report("forecast", tmp_path / "x.html", orders, FAST["forecast"])
    page = told(made)
    assert "Prices need amounts, and three products or more whose price moved." in page
    assert "The last week is incomplete: its data end on Wednesday, 2025-07-02." in page
    assert "at a service level of 90%" in page
    stock = (tmp_path / "x_stock.csv").read_text().splitlines()
    assert stock[0] == "product_id,product,forecast,stock to hold,reserve" and len(stock) > 10
    with pytest.raises(UserError, match="SERVICE_LEVEL lies between 0 and 1"):
        make_report("forecast", tmp_path / "y.html", orders, {"SERVICE_LEVEL": 90})


@pytest.mark.exhaustive
@pytest.mark.parametrize("report", REPORTS)
def test_no_amount_stands_without_its_currency(report, tmp_path):
    orders = read_orders(report, write(shop(2400), tmp_path))
    quick = FAST[report] | ({"NEW_ONLY": "no"} if report == "recommend" else {})
    made = make_report(report, tmp_path / "x.html", orders, quick)
    page, _, recorded = told(made).rpartition("recorded")
    total = f"{orders.lines['amount'].sum():,.0f}"
    amounts = re.findall(rf"(?:\d{{1,3}},\d{{3}}\.\d\d|{total}(?!\.\d))( EUR)?", page)
    assert amounts and set(amounts) == {" EUR"}
    if report == "segments":
        assert "currency EUR" in recorded
        for name in ("customers", "segments", "leaving"):
            assert set(pd.read_csv(tmp_path / f"x_{name}.csv")["currency"]) <= {"EUR"}
