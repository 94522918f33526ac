"""Discounts of whole orders: taken off their lines once, whatever the export holds already."""

import pandas as pd
import pytest

from ecomlab.shop.orders import read_orders

SHOPIFY = (
    "Name,Email,Financial Status,Currency,Subtotal,Shipping,Total,Discount Code,Discount Amount,"
    "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem discount"
)
# Order, what it comes to, the order's discount, its lines: quantity, price, own discount.
ORDERS = [
    ("#1", 53.91, 110.59, [(3, 34.90, 0), (1, 59.80, 0)]),  # a code on all goods
    ("#2", 20.00, 4.90, [(2, 10.00, 0)]),  # a code on the postage alone
    ("#3", 15.00, 5.00, [(1, 20.00, 5.00)]),  # on a line, and told again for the order
    ("#4", 33.00, 7.00, [(1, 20.00, 2.00), (2, 10.00, 0)]),  # 2 on a line, 5 on the order
    ("#5", 12.00, 0.00, [(1, 12.00, 0)]),
]
VALUES = {"#1": 53.91, "#2": 20.0, "#3": 15.0, "#4": 33.0, "#5": 12.0}


def shopify(path, orders=ORDERS, without=()):
    rows = [SHOPIFY]
    for name, subtotal, discount, lines in orders:
        for place, (quantity, price, own) in enumerate(lines):
            first = not place
            head = f"paid,EUR,{subtotal},0,{subtotal},CODE,{discount}" if first else ",,,,,,"
            day = f"2025-03-0{name[1]} 10:00:00 +0100"
            rows.append(f"{name},a@x.example,{head},{day},{quantity},Lamp {place},{price},{own}")
    path.write_text("\n".join(rows))
    if without:
        frame = pd.read_csv(path, dtype=str).drop(columns=list(without))
        frame.to_csv(path, index=False)
    return path


def by_order(path):
    orders = read_orders(None, path)
    return orders, orders.lines.groupby("order_id")["amount"].sum().round(4).to_dict()


def test_shopifys_subtotal_says_what_an_order_comes_to(tmp_path):
    orders, values = by_order(shopify(tmp_path / "o.csv"))
    assert values == VALUES
    first = orders.lines[orders.lines["order_id"] == "#1"]["amount"]
    share = 53.91 / 164.50  # each line gives the same
    assert first.tolist() == pytest.approx([104.70 * share, 59.80 * share])
    told = next(note for note in orders.notes if note.startswith("Discount Amount"))
    assert "115.59 of 127.49 taken off the orders' lines" in told


def test_without_a_subtotal_the_discount_holds_those_of_lines(tmp_path):
    _, values = by_order(shopify(tmp_path / "o.csv", without=["Subtotal"]))
    assert values == VALUES | {"#2": 15.10}  # nothing tells that this was the postage


def woo(path, gross, tax=1.0, totals=True):
    """Twenty orders of 40.00 with two lines, every second one with a tenth off by a coupon."""
    head = "Order Number,Order Status,Order Date,Email (Billing),Cart Discount Amount,"
    rows = [
        f"{head}Order Shipping Amount,Order Total Amount,Item Name,Quantity (- Refund),Item Cost"
    ]
    for number in range(20):
        off = 0.1 * (number % 2)
        total = f"{40 * (1 - off) * tax + 4.9:.2f}" if totals else ""
        for price in (10, 20):
            cost = price * (1 if gross else 1 - off)
            rows.append(
                f"{number},Completed,2025-02-{number + 1:02d} 10:00,a@x.example,{40 * off:.2f},"
                f"4.90,{total},Lamp {price},{2 if price == 10 else 1},{cost:.2f}"
            )
    path.write_text("\n".join(rows))
    return path


@pytest.mark.parametrize("tax", [1.0, 1.19])
@pytest.mark.parametrize("gross", [True, False])
def test_woocommerces_totals_say_whether_prices_are_before_the_coupon(gross, tax, tmp_path):
    orders, values = by_order(woo(tmp_path / "o.csv", gross, tax))
    assert set(values.values()) == {40.0, 36.0}
    assert sum(values.values()) == pytest.approx(760)
    taken = "40.00 of 40.00 taken off" if gross else ": 0.00 of 40.00 taken off"
    assert any(taken in note for note in orders.notes)


def test_woocommerces_prices_are_after_the_coupon_where_nothing_tells(tmp_path):
    _, values = by_order(woo(tmp_path / "o.csv", gross=False, totals=False))
    assert sum(values.values()) == pytest.approx(760)
