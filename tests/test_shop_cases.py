"""Files in the shapes that shops' tools write: read to the cent, or stopped with the reason.

`cases/orders` holds them with their right totals in truth.json; no person in them is real.
"""

import json

import pandas as pd
import pytest
from conftest import ROOT

from ecomlab.shop.columns import find_columns
from ecomlab.shop.exports import recognise
from ecomlab.shop.orders import OrdersError, read_orders

CASES = ROOT / "tests" / "cases" / "orders"
HEADERS = json.loads((CASES / "headers.json").read_text("utf-8"))


def read(name, report=None):
    return read_orders(report, CASES / name, today="2025-12-01")


@pytest.mark.parametrize(
    ("name", "lines", "customers", "total"),
    [
        ("shopify_orders.csv", 358, 78, 21_492),
        ("woo_orders.csv", 341, 79, 20_779),
        ("ebay_orders.csv", 390, 80, 23_364),
        ("whole_euros.csv", 198, 80, 467_280),
        ("excel_mixed_dates.csv", 390, 80, 23_364),
        ("freight_value.csv", 390, 80, 23_364),
        ("mail_case.csv", 198, 80, 23_364),
        ("title_and_total.csv", 390, 80, 23_364),
        ("returned_giant.csv", 198, 80, 9_900),
    ],
)
def test_a_case_is_read_to_the_cent(name, lines, customers, total):
    orders = read(name)
    assert len(orders.lines) == lines
    assert orders.lines["customer_id"].nunique() == customers
    assert orders.lines["amount"].sum() == pytest.approx(total, abs=0.005)


def test_a_quotation_mark_that_never_closes_is_named_by_its_line():
    with pytest.raises(OrdersError, match="line 42 opens a quotation mark that closes in line 143"):
        read("open_quote.csv")


def test_dates_of_two_spellings_share_the_order_that_one_of_them_decides():
    orders = read("excel_mixed_dates.csv")
    dates = orders.lines.set_index("row")["date"]
    assert (dates[2], dates[3]) == (pd.Timestamp("2025-02-13"), pd.Timestamp("2025-04-09"))
    assert len(dates) == 390 and "dates read as %m/%d/%Y and %m-%d-%Y" in orders.notes


def test_a_giant_order_that_came_back_leaves_its_customer_no_money():
    orders = read("returned_giant.csv")
    assert "C999" not in set(orders.lines["customer_id"])
    assert dict(zip(orders.dropped["rule"], orders.dropped["lines"], strict=True)) == {
        "return": 1,
        "returned": 1,
    }


def test_no_name_or_address_is_shown():
    for name in ("shopify_orders.csv", "woo_orders.csv", "mail_case.csv"):
        orders = read(name)
        assert orders.lines["customer_id"].str.fullmatch("c[0-9a-f]{10}").all()
        assert not orders.lines.astype("str").apply(lambda c: c.str.contains("@")).any().any()
        assert orders.key["customer"].str.contains("@").all()


PERSONS = {
    "SHOPIFY": {
        "customer_id": "Email",
        "date": "Created at",
        "order_id": "Name",
        "product": "Lineitem name",
        "price": "Lineitem price",
        "quantity": "Lineitem quantity",
    },
    "WOO (order export plugin)": {
        "customer_id": "Email (Billing)",
        "date": "Order Date",
        "product": "Item Name",
        "price": "Item Cost",
        "quantity": "Quantity (- Refund)",
        "status": "Order Status",
    },
    "EBAY": {
        "customer_id": "Buyer Username",
        "date": "Sale Date",
        "product": "Item Title",
        "price": "Sold For",
    },
    "AMAZON all orders (tab)": {
        "date": "purchase-date",
        "product": "product-name",
        "amount": "item-price",
        "order_id": "amazon-order-id",
    },
    "PAYPAL": {"customer_id": "From Email Address", "product": "Item Title", "amount": "Gross"},
    "FR": {
        "customer_id": "N° client",
        "date": "Date commande",
        "product_id": "Référence",
        "product": "Désignation",
        "quantity": "Quantité",
        "amount": "Montant TTC",
    },
    "PT": {
        "customer_id": "Cliente",
        "date": "Data",
        "product": "Produto",
        "quantity": "Quantidade",
        "amount": "Valor Total",
    },
    "olist joined": {
        "customer_id": "customer_unique_id",
        "date": "order_purchase_timestamp",
        "product_id": "product_id",
        "amount": "price",
    },
}


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("backwards", [False, True])
def test_columns_are_those_that_a_person_would_choose(name, backwards):
    header = HEADERS[name][::-1] if backwards else HEADERS[name]
    frame = pd.DataFrame(columns=header)
    found = find_columns(frame, "forecast", {}, export=recognise(header))
    assert {field: found[field][0] for field in PERSONS[name]} == PERSONS[name]
