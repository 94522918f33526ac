"""What columns hold that no name tells: found by what values agree on, or asked about."""

import pandas as pd
import pytest

from ecomlab.shop.dates import read_dates
from ecomlab.shop.orders import OrdersError, check_orders, read_orders
from ecomlab.shop.values import named_currency, read_numbers

N = 40
PIECES = pd.Series([1, 1, 2, 1, 3] * 8)
PRICE = pd.Series([10.0, 12.5, 8.0, 20.0, 5.0, 7.5, 30.0, 9.0] * 5)
WHOLE = PRICE * PIECES
OFF = pd.Series([0.0, 0.0, 4.0, 0.0] * 10)


def orders(**columns):
    """Forty lines of twenty orders of ten customers; further columns by name, None for none."""
    number = pd.Series(range(N))
    frame = pd.DataFrame(
        {
            "Order ID": "O" + (number // 2).astype("str"),
            "Order Date": pd.Timestamp("2025-01-01") + pd.to_timedelta(number // 2, unit="D"),
            "Customer ID": "C" + (number // 2 % 10).astype("str"),
            "Item Name": "Lamp " + (number * 3 % 7).astype("str"),
            "Unit Price": PRICE,
        }
    )
    frame["Order Date"] = frame["Order Date"].dt.strftime("%Y-%m-%d")
    frame = frame.assign(**{name: values for name, values in columns.items() if values is not None})
    return frame.drop(columns=[name for name, values in columns.items() if values is None])


def total(frame, **options):
    return round(check_orders(None, frame, **options).lines["amount"].sum(), 2)


def test_pieces_are_what_makes_a_price_an_amount():
    assert total(orders(Foo=PIECES, Bar=WHOLE)) == WHOLE.sum()
    with pytest.raises(OrdersError, match=r"'Foo' may: prices alone.*times 'Foo' to 816"):
        check_orders(None, orders(Foo=PIECES))
    assert total(orders(Foo=PIECES), mapping={"quantity": "Foo"}) == WHOLE.sum()
    assert total(orders(Foo=PIECES), mapping={"quantity": ""}) == PRICE.sum()
    assert total(orders(Position=pd.Series([1, 2] * 20))) == PRICE.sum()  # counts lines


def test_two_prices_are_asked_about_where_no_amount_agrees_with_one():
    frame = orders(Quantity=PIECES, **{"Unit Price": None, "Retail Price": PRICE * 2})
    frame["Wholesale Price"] = PRICE
    with pytest.raises(OrdersError, match=rf"Price' to {WHOLE.sum():,.2f}. Name one: price ="):
        check_orders(None, frame)
    assert total(frame, mapping={"price": "Wholesale Price"}) == WHOLE.sum()
    assert total(frame.assign(Amount=WHOLE)) == WHOLE.sum()
    costs = orders(Quantity=PIECES)  # what the shop pays, before what its customers pay
    costs.insert(0, "Unit Cost", PRICE / 2)
    assert total(costs) == WHOLE.sum()


def test_discounts_beside_prices_are_asked_about():
    frame = orders(Quantity=PIECES, Discount=OFF)
    with pytest.raises(OrdersError, match=rf"{WHOLE.sum():,.2f}, less the discounts"):
        check_orders(None, frame)
    assert total(frame, mapping={"discount": "Discount"}) == (WHOLE - OFF).sum()
    assert total(frame, mapping={"discount": ""}) == WHOLE.sum()
    assert total(orders(Quantity=PIECES, Discount=OFF * 0)) == WHOLE.sum()
    percent = orders(Quantity=PIECES, **{"Discount %": OFF})
    assert total(percent, mapping={"discount": "Discount %"}) == 803.84
    once = OFF.where(OFF.index % 2 == 0)  # an order's, on its first line
    assert total(orders(Discount=once), mapping={"discount": "Discount"}) == PRICE.sum() - 40


def test_the_amount_after_discounts_is_found_whatever_it_is_called():
    named = orders(Quantity=PIECES, Discount=OFF, Gross=WHOLE, Foo=WHOLE - OFF)
    assert total(named) == (WHOLE - OFF).sum()
    unnamed = orders(Quantity=PIECES, **{"Line subtotal": WHOLE, "Line total": WHOLE - OFF})
    with pytest.raises(OrdersError, match=r"'Line total' .* is less on some lines"):
        check_orders(None, unnamed)


def test_rows_of_refunds_go_against_their_sales():
    back = orders().iloc[[2, 7]]
    journal = pd.concat([orders(Type="Sale"), back.assign(Type="Refund")], ignore_index=True)
    assert total(journal) == PRICE.sum() - PRICE[[2, 7]].sum()
    post = orders().iloc[::2].assign(Kind="shipping", **{"Item Name": "Zeta", "Unit Price": 4.9})
    journal = pd.concat([orders(Kind="product"), post], ignore_index=True)
    assert total(journal) == PRICE.sum()


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        ("is_cancelled", "1", "0"),
        ("Storniert", "ja", "nein"),
        ("cancelled_at", "2025-03-01 10:00", None),
        ("Foo", "Cancelled", "Paid"),
        ("Statusz", "storniert", "bezahlt"),
    ],
)
def test_lines_that_a_column_calls_no_sale_are_left_out(name, yes, no):
    made = check_orders(None, orders(**{name: pd.Series([no, no, no, yes] * 10)}))
    assert made.lines["amount"].sum() == PRICE.sum() - PRICE[3::4].sum()
    assert made.dropped["rule"].tolist() == ["status"]


def test_pieces_that_came_back_are_taken_off():
    back = pd.Series([0, 0, 1, 0] * 10)
    net = (PRICE * (PIECES - back)).sum()
    assert total(orders(Quantity=PIECES, **{"Returned qty": back})) == net
    frame = orders(Quantity=PIECES, Total=WHOLE, **{"Unit Price": None, "Returned qty": back})
    with pytest.raises(OrdersError, match="pieces that came back: amounts come"):
        check_orders(None, frame)
    assert total(frame, mapping={"returned": "Returned qty"}) == round(net, 2)


def test_an_orders_first_row_speaks_for_all_its_rows():
    frame = orders()
    empty = frame.index % 2 == 1
    some = frame.assign(**{"Order Date": frame["Order Date"].mask(empty)})
    assert total(some) == PRICE.sum()
    for name in ("Order ID", "Customer ID"):
        some[name] = some[name].mask(empty)
    made = check_orders(None, some)
    assert made.lines["amount"].sum() == PRICE.sum()
    assert made.lines["order_id"].nunique() == 20 and made.lines["customer_id"].nunique() == 10


def test_a_date_in_three_columns_and_one_of_thailand():
    day = pd.to_datetime(orders()["Order Date"]).dt
    frame = orders(**{"Order Date": None}, Jahr=day.year, Monat=day.month, Tag=day.day)
    assert check_orders(None, frame).lines["date"].max() == pd.Timestamp("2025-01-20")
    dates, _ = read_dates(pd.Series(["13/02/2568", "01/12/2567"]))
    assert dates.tolist() == [pd.Timestamp("2025-02-13"), pd.Timestamp("2024-12-01")]


def test_buyers_are_no_products_and_addresses_are_customers():
    number = pd.Series(range(N)) // 2 % 10
    frame = orders(Name="Ann Example " + number.map("ABCDEFGHIJ".__getitem__))
    frame = frame.drop(columns=["Item Name", "Customer ID"])
    frame["Foo"] = number.astype("str") + "@example.org"
    made = check_orders(None, frame)
    assert "product" not in made.lines
    assert made.columns["customer_id"] == ("Foo", "its values") and len(made.key) == 10


def test_a_name_that_may_be_a_products_or_a_persons_is_asked_about():
    frame = orders(Name=pd.Series(["Ann Example", "Bob Sample"] * 20))
    frame = frame[["Order Date", "Name", "Unit Price"]]
    with pytest.raises(OrdersError, match="'Name' may name products or people"):
        check_orders(None, frame)
    made = check_orders(None, frame, mapping={"customer_id": "Name"})
    assert "product" not in made.lines and len(made.key) == 2


def test_where_no_name_tells_of_money_the_columns_of_numbers_are_shown():
    frame = orders(Quantity=PIECES, Zeta=WHOLE + 0.25, **{"Unit Price": None})
    with pytest.raises(OrdersError, match=r"'Zeta' with a total of"):
        check_orders(None, frame)
    made = check_orders(None, frame, mapping={"amount": ""})
    assert "amount" not in made.lines and made.lines["quantity"].sum() == PIECES.sum()


def test_what_names_of_services_and_amounts_say():
    names = pd.Series(
        ["Lamp"] * 36 + ["Gift Card $50", "Versandkostenpauschale", "DHL Paket", "Porto"]
    )
    made = check_orders(
        None, orders(**{"Item Name": names, "Unit Price": None, "Cents": PRICE * 100})
    )
    assert set(made.lines["product"]) == {"Lamp"}
    assert total(orders(**{"Unit Price": None, "price_in_cents": PRICE * 100})) == PRICE.sum()
    assert [named_currency(one) for one in ("Total (GBP)", "Betrag in €", "SKU")] == [
        "GBP",
        "EUR",
        "",
    ]
    texts = pd.Series(["2 Pkg.", "3 Nos", "4 Paar", "12,50 EUR/Stk.", "1 box"])
    assert read_numbers(texts).tolist() == [2, 3, 4, 12.5, 1]


def test_marks_after_a_backslash_and_totals_of_months(tmp_path):
    rows = [f'"{n}","2025-01-{n:02d}","C{n}","a 12\\" lamp, red","{n}.50"' for n in range(1, 11)]
    header = "Order ID,Order Date,Customer ID,Product,Total"
    (tmp_path / "o.csv").write_text("\n".join([header, *rows]))
    orders = read_orders(None, tmp_path / "o.csv")
    assert orders.lines["amount"].sum() == 60 and set(orders.lines["product"]) == {
        'a 12" lamp, red'
    }
    rows = [f"{n},2025-01-{n:02d},C{n},Lamp,{n}.50" for n in range(1, 11)]
    foot = ["Summe 01/2025,,,,60.00", "Gesamtumsatz,,,,60.00"]
    (tmp_path / "o.csv").write_text("\n".join([header, *rows, *foot]))
    assert read_orders(None, tmp_path / "o.csv").lines["amount"].sum() == 60


def test_a_row_that_names_the_sum_of_a_month_is_no_line(tmp_path):
    header = "Date,Order ID,Customer ID,Product,Quantity,Total"
    rows = [f"2025-01-{n:02d},{n},C{n},Total Care,1,{n}.50" for n in range(1, 11)]
    rows.insert(5, "2025-01-05,,,Monthly total,5,17.50")
    rows.append("2025-01-31,,,Summe Januar 2025,5,42.50")
    (tmp_path / "o.csv").write_text("\n".join([header, *rows]))
    made = read_orders("forecast", tmp_path / "o.csv", any_size=True)
    assert made.lines["amount"].sum() == 60 and set(made.lines["product"]) == {"Total Care"}


def test_states_that_no_list_knows_are_asked_about_and_not_passed_over():
    state = pd.Series(["Zeta", "Eta"] * 20)
    with pytest.raises(OrdersError, match="column 'Order Status': no list knows whether 'Zeta'"):
        check_orders(None, orders(**{"Order Status": state}))
    assert total(orders(**{"Order Status": state}), mapping={"status": ""}) == PRICE.sum()
    assert total(orders(**{"Order Status": "Zeta"})) == PRICE.sum()  # one value tells nothing


@pytest.mark.parametrize(
    ("first", "sold", "second", "paid", "back"),
    [
        ("Bestellstatus", "Abgeschlossen", "Zahlungsstatus", "Bezahlt", "Rückerstattet"),
        ("Order Status", "Completed", "Payment Status", "Paid", "Refunded"),
        ("Financial Status", "Paid", "Status", "Shipped", "Cancelled"),
        ("Statut commande", "Terminée", "Statut du paiement", "Payée", "Non payée"),
    ],
)
def test_each_state_of_order_or_payment_may_say_that_a_line_is_no_sale(
    first, sold, second, paid, back
):
    frame = orders(**{first: sold, second: pd.Series([paid, paid, paid, back] * 10)})
    made = check_orders(None, frame)
    assert made.lines["amount"].sum() == PRICE.sum() - PRICE[3::4].sum()
    assert made.dropped[["rule", "reason"]].to_numpy().tolist() == [
        ["status", f"a state that is no sale: {back}"]
    ]
    assert total(frame, mapping={"status": first}) == made.lines["amount"].sum()
    assert total(frame, mapping={"status": ""}) == PRICE.sum()
    assert set(made.columns["status"][0].split(", ")) == {first, second}
    # An order's first row speaks for the others.
    rows = frame.index % 2 == 1
    filled = frame.assign(**{second: [paid, paid, back, back] * 10})
    holes = filled.assign(**{name: filled[name].mask(rows) for name in (first, second)})
    holes["Order Date"] = holes["Order Date"].mask(rows)
    assert total(holes) == total(filled) == PRICE.sum() - PRICE[filled[second] == back].sum()


def test_a_second_state_that_no_list_knows_is_asked_about():
    frame = orders(**{"Order Status": "Completed", "Payment Status": ["Paid", "Zeta"] * 20})
    with pytest.raises(OrdersError, match="column 'Payment Status': no list knows whether 'Zeta'"):
        check_orders(None, frame)
    listed = {"status": {"no_sales": ["Zeta"]}}
    assert total(frame, settings=listed) == PRICE[::2].sum()
    codes = orders(**{"Order Status": "Completed", "Payment Status": ["10", "20"] * 20})
    assert total(codes) == PRICE.sum()


def test_a_sale_that_waits_to_be_sent_is_a_sale():
    waits = {"Fulfillment Status": ["fulfilled", "unfulfilled"] * 20, "Financial Status": "paid"}
    waits |= {"Delivery Status": ["pending shipment", "returned"] * 20}
    assert total(orders(**waits)) == PRICE.sum()
    states = ["Pending shipment", "Unfulfilled", "Not refunded", "Refunded"] * 10
    made = check_orders(None, orders(**{"Order Status": pd.Series(states)}))
    assert made.lines["amount"].sum() == PRICE.sum() - PRICE[3::4].sum()
    alone = orders(**{"Delivery Status": ["Pending", "Delivered", "Shipped", "Returned"] * 10})
    assert total(alone) == PRICE.sum() - PRICE[3::4].sum()


@pytest.mark.parametrize(
    ("order", "waiting", "payment", "paid", "due"),
    [
        ("Bestellstatus", "Offen", "Zahlungsstatus", "Bezahlt", "Offen"),
        ("Order Status", "Pending", "Payment Status", "Paid", "Pending"),
        ("État commande", "Nouvelle", "État paiement", "Payé", "En attente"),
    ],
)
def test_an_open_order_is_a_sale_where_it_is_paid_for(order, waiting, payment, paid, due):
    states = {order: [waiting, "Complete", "Cancelled", waiting] * 10}
    states[payment] = [paid, paid, paid, due] * 10
    frame = orders(Quantity=PIECES, Amount=WHOLE, **states)
    listed = {"status": {"sales": [], "no_sales": ["Nouvelle"]}}
    if waiting == "Nouvelle":  # what a person lists as no sale is none, paid for or not
        assert total(frame, settings=listed) == WHOLE[1::4].sum()
    else:
        assert total(frame) == WHOLE[0::4].sum() + WHOLE[1::4].sum()


def test_a_column_of_refunds_says_what_went_back_and_asks_about_other_words():
    states = {
        "Order Status": "Completed",
        "Refund Status": [None, "Refunded", "No refund", ""] * 10,
    }
    frame = orders(Quantity=PIECES, Amount=WHOLE, **states)
    assert total(frame) == WHOLE.sum() - WHOLE[1::4].sum()
    frame["Refund Status"] = [None, "Completed", None, "Rejected"] * 10
    with pytest.raises(OrdersError, match="'Refund Status': no list knows whether 'Completed'"):
        check_orders(None, frame)
    frame["Order Status"] = "Paid"
    frame["Refund Status"] = [None, "Pending", None, "No refund"] * 10
    with pytest.raises(OrdersError, match="'Refund Status': no list knows whether 'Pending'"):
        check_orders(None, frame)


def test_known_exports_read_each_of_their_states(tmp_path):
    header = "Auftragsnummer;Auftragsdatum;Kundennummer;Artikelnummer;Menge;VK-Preis"
    rows = [f"A{n};{n}.02.2025;K{n};L1;1;10,00" for n in range(1, 5)]
    states = [
        "Versendet;bezahlt",
        "Versendet;Erstattet",
        "Storniert;bezahlt",
        "In Bearbeitung;Bezahlt",
    ]
    lines = [f"{row};{state}" for row, state in zip(rows, states, strict=True)]
    text = "\n".join([f"{header};Auftragsstatus;Zahlungsstatus", *lines])
    (tmp_path / "o.csv").write_text(text)
    made = read_orders(None, tmp_path / "o.csv")
    assert made.export.startswith("JTL") and made.lines["amount"].sum() == 20
    header = "Name,Created at,Lineitem name,Lineitem price,Lineitem quantity"
    rows = [f"#{n},2025-02-0{n},Lamp,10.00,1" for n in range(1, 5)]
    states = ["paid,fulfilled", "refunded,fulfilled", "paid,unfulfilled", "paid,restocked"]
    lines = [f"{row},{state}" for row, state in zip(rows, states, strict=True)]
    text = "\n".join([f"{header},Financial Status,Fulfillment Status", *lines])
    (tmp_path / "o.csv").write_text(text)
    assert read_orders(None, tmp_path / "o.csv").lines["amount"].sum() == 30


def test_amounts_with_tax_beside_those_without_are_told():
    net = (WHOLE / 1.19).round(2)
    frame = orders(Menge=PIECES, **{"Unit Price": (PRICE / 1.19).round(6)})
    frame = frame.assign(**{"Summe (netto)": net, "Summe (brutto)": WHOLE})
    made = check_orders(None, frame)
    assert made.lines["amount"].sum() == pytest.approx(net.sum())
    assert f"Summe (brutto) comes to {WHOLE.sum():,.2f}" in " ".join(made.notes)


def test_names_of_products_and_pieces_in_french_and_spanish():
    french = orders().rename(columns={"Item Name": "Nom du produit"})
    assert check_orders(None, french).columns["product"][0] == "Nom du produit"
    names = {"Item Name": "Concepto", "Unit Price": "P.V.P."}
    spanish = orders(Amount=WHOLE).rename(columns=names | {"Amount": "Importe"})
    spanish["Uds."] = PIECES
    spanish.loc[spanish.index[-1], "Concepto"] = "Gastos de envío"
    made = check_orders(None, spanish)
    assert made.lines["amount"].sum() == WHOLE[:-1].sum()
    assert made.lines["quantity"].sum() == PIECES[:-1].sum()
