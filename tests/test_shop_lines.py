"""What counts as a sale, and what comes back: states, returns, services, people, repeats."""

import pandas as pd
import pytest

from ecomlab.shop.account import summary
from ecomlab.shop.orders import OrdersError, check_orders, read_map


def orders(**columns):
    """Ten lines of ten customers on ten days, 10.00 each."""
    frame = pd.DataFrame(
        {
            "Order ID": [f"O{n}" for n in range(10)],
            "Order Date": pd.date_range("2025-01-01", periods=10).strftime("%Y-%m-%d"),
            "Customer ID": [f"C{n}" for n in range(10)],
            "SKU": [f"A{n % 3}" for n in range(10)],
            "Quantity": "1",
            "Total": "10.00",
        }
    )
    return frame.assign(**columns)


def total(frame, **options):
    return round(check_orders(None, frame, **options).lines["amount"].sum(), 2)


def test_states_that_are_no_sale_are_left_out_with_their_value():
    states = ["paid", "shipped", "cancelled", "Refunded", "On hold"] * 2
    made = check_orders(None, orders(Status=states))
    assert made.lines["amount"].sum() == 40
    assert made.dropped[["rule", "lines", "value"]].to_numpy().tolist() == [["status", 6, 60.0]]
    text = "\n".join(summary(made))
    assert "left out as no sale of goods: 6 lines, 60.00" in text and "unfit: 0.0%" in text


def test_a_state_that_no_list_knows_is_asked_about(tmp_path):
    frame = orders(Status=["paid"] * 9 + ["in limbo"])
    with pytest.raises(OrdersError, match="'in limbo' is a sale"):
        check_orders(None, frame)
    (tmp_path / "map.toml").write_text('[status]\nno_sales = ["in limbo"]\n')
    assert total(frame, settings=read_map(tmp_path / "map.toml")[1]) == 90


def test_postage_and_fees_are_no_products_but_a_label_printer_is():
    names = ["Lamp"] * 7 + ["Postage & packing", "DHL Versandkosten", "Shipping label printer"]
    made = check_orders(None, orders(**{"Item Name": names}))
    assert set(made.lines["product"]) == {"Lamp", "Shipping label printer"}
    assert dict(zip(made.dropped["rule"], made.dropped["value"], strict=True)) == {"service": 20}


def test_a_return_goes_against_its_order_then_the_customers_product():
    back = orders().iloc[[2, 5]].assign(Quantity="-1", Total="-10.00")
    back.iloc[1, 0] = "R1"  # an order of its own
    back["Order Date"] = "2025-02-01"
    made = check_orders(None, pd.concat([orders(), back], ignore_index=True))
    assert made.lines["amount"].sum() == 80
    assert not {"C2", "C5"} & set(made.lines["customer_id"])
    lost = back.assign(**{"Customer ID": "C99", "Order ID": ["R2", "R3"]})
    made = check_orders(None, pd.concat([orders(), lost], ignore_index=True))
    assert made.lines["amount"].sum() == 100
    assert made.dropped[["rule", "lines", "value"]].to_numpy().tolist() == [["return", 2, -20.0]]


def test_repeats_are_asked_about_where_no_column_counts_pieces():
    frame = orders().drop(columns="Quantity")
    again = pd.concat([frame, frame.iloc[[3]]], ignore_index=True)
    with pytest.raises(OrdersError, match=r"with them 110.00, without 100.00\): say --keep"):
        check_orders(None, again)
    assert total(again, keep_duplicates=True) == 110
    assert total(again, keep_duplicates=False) == 100


def test_repeats_are_asked_about_where_nothing_tells_sales_apart():
    again = pd.concat([orders(), orders().iloc[[3]]], ignore_index=True)
    assert total(again) == 100  # of one order
    nameless = again.drop(columns="Order ID")
    with pytest.raises(OrdersError, match=r"tells two sales apart \(sales with them 110.00"):
        check_orders(None, nameless)
    assert total(nameless, keep_duplicates=True) == 110
    timed = nameless.assign(**{"Order Date": nameless["Order Date"] + " 14:31"})
    assert total(timed) == 100
    with pytest.raises(OrdersError, match="tells two sales apart"):
        check_orders(None, timed.drop(columns="Customer ID"))
    # One order may hold two things at one price.
    with pytest.raises(OrdersError, match=r"names the product \(sales with them 110.00"):
        check_orders(None, again.drop(columns="SKU"))


def test_more_than_a_tenth_unfit_stops():
    frame = orders()
    frame.loc[:1, "Order Date"] = "soon"
    with pytest.raises(OrdersError, match=r"20\.0% of the lines.*--allow-dropped 0\.2"):
        check_orders(None, frame)
    assert total(frame, allow_dropped=0.2) == 80


def test_of_two_amounts_the_one_that_agrees_is_taken_else_both_are_shown():
    net, gross = [f"{10 + n}.00" for n in range(10)], [f"{12 + n}.50" for n in range(10)]
    both = orders(Net=net, Gross=gross).drop(columns="Total")
    with pytest.raises(OrdersError, match=r"'Net' with a total of 145\.00; 'Gross' with.*170\.00"):
        check_orders(None, both)
    assert total(both.assign(**{"Unit price": gross})) == 170


def test_an_orders_total_on_each_line_is_not_summed():
    frame = orders(**{"Order ID": [f"O{n // 2}" for n in range(10)]})
    frame["Total"] = [f"{20 + n // 2}.00" for n in range(10)]
    frame = frame.rename(columns={"Total": "Order total"})
    with pytest.raises(OrdersError, match=r"over lines 220\.00, once an order 110\.00"):
        check_orders(None, frame)
    assert total(frame.assign(**{"Unit price": [f"{9 + n % 3}.50" for n in range(10)]})) == 104


def test_names_and_addresses_become_short_hashes():
    frame = orders().rename(columns={"Customer ID": "Customer name"})
    frame["Customer name"] = [f"Ann Example {'ABCDEFGHIJ'[n]}" for n in range(10)]
    made = check_orders(None, frame)
    assert made.lines["customer_id"].str.fullmatch("c[0-9a-f]{10}").all()
    assert len(made.key) == 10
    plain = check_orders(None, orders())
    assert plain.key is None and "C3" in set(plain.lines["customer_id"])
