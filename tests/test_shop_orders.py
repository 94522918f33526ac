"""A shop's orders: read whatever their habits, every dropped line accounted for."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from messy import SCRIPT, messy_orders, write_messy

from ecomlab.shop.columns import find_columns
from ecomlab.shop.dates import AmbiguousDatesError, read_dates
from ecomlab.shop.given import demo_orders
from ecomlab.shop.orders import (
    Orders,
    OrdersError,
    check_orders,
    read_map,
    read_orders,
)
from ecomlab.shop.values import currency_signs, decimal_marks, read_ids, read_numbers


def plain(n=240, customers=60, days=120):
    """Right orders: 60 customers, 20 products, 120 days."""
    at = np.arange(n)
    return pd.DataFrame(
        {
            "customer_id": at % customers,
            "date": pd.Timestamp("2025-01-01") + pd.to_timedelta(at % days, unit="D"),
            "product_id": at % 20,
            "quantity": 1 + at % 3,
            "amount": 5.0 + at % 7,
        }
    )


def counted(orders):
    return dict(zip(orders.dropped["rule"], orders.dropped["lines"], strict=True))


@pytest.fixture(scope="module")
def messy(tmp_path_factory):
    path = tmp_path_factory.mktemp("messy") / "export.csv"
    counts, n_lines = write_messy(path)
    return read_orders("recommend", path), counts, n_lines


def test_every_fault_of_a_messy_file_is_counted_exactly(messy):
    orders, counts, n_lines = messy
    assert counted(orders) == counts
    assert orders.n_read == n_lines >= 20_000
    assert len(orders.lines) == n_lines - sum(counts.values())
    assert len(orders.dropped) == 16


def test_a_messy_file_is_read_as_its_country_writes(messy):
    orders, _, _ = messy
    assert orders.columns["customer_id"] == ("Kundennummer", "guess")
    assert orders.columns["amount"] == ("Betrag", "guess")
    assert "cp1252, separator ;" in orders.notes
    assert "dates read as %d.%m.%Y %H:%M" in orders.notes
    assert orders.lines["customer_id"].str.fullmatch(r"\d+").all()
    assert (orders.lines["amount"] == 1234.5).sum() >= 35
    assert set(orders.lines.loc[orders.lines["product_id"] == "A000", "product"]) == {SCRIPT}
    assert "Größe" in " ".join(orders.lines["product"].unique())
    assert (orders.lines["date"].dt.normalize() == "2025-06-30").sum() >= 35


def test_the_named_rows_are_those_of_the_file(messy, tmp_path):
    path = tmp_path / "export.csv"
    write_messy(path)
    text = path.read_bytes().decode("cp1252").split("\r\n")
    dropped = messy[0].dropped.set_index("rule")["rows"]
    for rule, sign in (("date_future", "2099"), ("currency", ";USD"), ("zero_price", ";0,00 €")):
        for row in dropped[rule].removesuffix(", ...").split(", "):
            assert sign in text[int(row) - 1]
    assert dropped["too_many_fields"] == "102, 203" and dropped["empty"] == "304"


def test_saved_orders_read_back_equal(messy, tmp_path):
    orders = messy[0]
    back = Orders.load(orders.save(tmp_path / "orders"))
    pd.testing.assert_frame_equal(back.lines, orders.lines)
    pd.testing.assert_frame_equal(back.dropped, orders.dropped)
    assert (back.columns, back.n_read, back.notes) == (orders.columns, orders.n_read, orders.notes)


@pytest.mark.parametrize(
    ("encoding", "separator", "ending"),
    [
        ("utf-8", ",", ".csv"),
        ("utf-8-sig", ";", ".csv"),
        ("utf-16", "\t", ".tsv"),
        ("cp1252", "|", ".txt"),
        ("cp1251", ";", ".csv"),
        ("gb18030", ",", ".csv"),
        ("utf-8", ",", ".csv.gz"),
    ],
)
def test_any_common_encoding_and_separator(encoding, separator, ending, tmp_path):
    name = {"cp1251": "Зелёная ваза", "gb18030": "绿色花瓶"}.get(encoding, "Größe Café")
    path = tmp_path / f"orders{ending}"
    frame = plain().assign(product=name)
    frame.to_csv(path, sep=separator, encoding=encoding, index=False)
    orders = read_orders("segments", path)
    assert set(orders.lines["product"]) == {name}
    assert len(orders.lines) == 240


def test_parquet_excel_and_databases_give_the_same_lines(tmp_path):
    import duckdb
    import sqlalchemy

    frame = plain()
    frame.to_parquet(tmp_path / "orders.parquet")
    frame.to_excel(tmp_path / "orders.xlsx", index=False)
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute("create table orders as select * from frame")
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/shop.db")
    frame.to_sql("orders", engine, index=False)
    engine.dispose()
    sql = "select * from orders"
    read = [
        read_orders("segments", tmp_path / "orders.parquet"),
        read_orders("segments", tmp_path / "orders.xlsx"),
        read_orders("segments", f"duckdb:///{tmp_path}/shop.duckdb", query=sql),
        read_orders("segments", f"sqlite:///{tmp_path}/shop.db", query=sql),
        read_orders("segments", query=f"select * from '{tmp_path}/orders.parquet'"),
    ]
    expected = read[0].lines.drop(columns="row")
    for orders in read:
        pd.testing.assert_frame_equal(orders.lines.drop(columns="row"), expected)


def test_columns_by_a_map(tmp_path):
    frame = plain().rename(columns={"customer_id": "x1", "date": "x2", "amount": "x3"})
    frame["x3"] = frame["x3"].map(lambda v: f"{v:.2f}".replace(".", ","))
    frame.to_csv(tmp_path / "o.csv", sep=";", index=False)
    toml = tmp_path / "map.toml"
    toml.write_text(
        '[columns]\ncustomer_id = "x1"\ndate = "x2"\namount = "x3"\n[read]\ndecimal = ","\n'
    )
    orders = read_orders("segments", tmp_path / "o.csv", columns=toml)
    assert orders.columns["customer_id"] == ("x1", "map")
    assert orders.lines["amount"].sum() == pytest.approx(plain()["amount"].sum())


def test_every_fault_of_a_map_is_told_at_once(tmp_path):
    path = tmp_path / "map.toml"
    path.write_text('[columns]\ncustomer = "x"\n[read]\ndecimal = ";"\n[rows]\na = 1\n')
    with pytest.raises(OrdersError) as raised:
        read_map(path)
    assert "no 'customer' (did you mean 'customer_id'?)" in str(raised.value)
    assert "decimal is . or ," in str(raised.value) and "no table [rows]" in str(raised.value)
    with pytest.raises(OrdersError, match=r"the map's date = 'when' is no column.*no column for"):
        find_columns(plain().drop(columns="amount"), "segments", {"date": "when"})


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        (
            "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID",
            {"customer_id": "CustomerID", "price": "UnitPrice", "product_id": "StockCode"},
        ),
        (
            "household_id,basket_id,product_id,quantity,sales_value,transaction_timestamp",
            {
                "customer_id": "household_id",
                "amount": "sales_value",
                "date": "transaction_timestamp",
            },
        ),
        (
            "Email,Created at,Lineitem name,Lineitem sku,Lineitem price,Total,Currency",
            {"customer_id": "Email", "product": "Lineitem name", "currency": "Currency"},
        ),
        ("Customer Number,Order Date (UTC),Total", {"date": "Order Date (UTC)"}),
    ],
)
def test_columns_of_known_exports_are_guessed(columns, found):
    guessed = find_columns(pd.DataFrame(columns=columns.split(",")), "segments", {})
    assert {name: guessed[name][0] for name in found} == found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.assign(customer_id=7), "1 customer only, and 50 are needed"),
        (lambda f: f[f["date"] < "2025-01-15"], "14 days only, and 84 are needed"),
        (lambda f: f.assign(date="soon"), r"'date', taken as date: 240 of 240 .*\(rows 1, 2, 3"),
        (lambda f: f.assign(amount="free"), "an amount not readable"),
        (lambda f: f.drop(columns="amount"), "no column for amount or price"),
        (lambda f: f.assign(date="2099-01-01"), "no line is left to use.*a date after"),
        (lambda f: f.assign(date="03/04/2025"), "day first.*month first.*date_format"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(change, message):
    with pytest.raises(OrdersError, match=message) as raised:
        check_orders("segments", change(plain()))
    assert "\n" not in str(raised.value)


def test_several_problems_are_told_together():
    with pytest.raises(OrdersError) as raised:
        check_orders("segments", plain().assign(amount="free", date="soon"))
    assert "'amount', taken as amount" in str(raised.value) and "'date', t" in str(raised.value)
    wrong = plain().assign(customer_id=7)
    with pytest.raises(OrdersError, match=r"1 customer only.*; 14 days only"):
        check_orders("segments", wrong[wrong["date"] < "2025-01-15"])


def test_each_rule_on_its_own():
    frame = plain().astype({"quantity": float, "amount": float})
    frame.loc[0, "quantity"], frame.loc[1, "amount"] = -2, 0
    frame.loc[2, "date"] = pd.Timestamp("2099-01-01")
    again = pd.concat([frame, frame.iloc[[5, 5]]], ignore_index=True)
    orders = check_orders("segments", again, keep_duplicates=False)
    assert counted(orders) == {"return": 1, "zero_price": 1, "date_future": 1, "duplicate": 2}
    kept = check_orders("segments", again, keep_duplicates=True)
    assert "duplicate" not in counted(kept) and len(kept.lines) == len(orders.lines) + 2


def test_the_frequent_currency_is_kept_or_the_one_asked_for():
    frame = plain().assign(currency=["EUR"] * 150 + ["usd"] * 90)
    assert counted(check_orders("segments", frame, allow_dropped=0.4)) == {"currency": 90}
    asked = check_orders("segments", frame, settings={"currency": "USD"})
    assert len(asked.lines) == 90
    signs = plain()
    signs["amount"] = [f"€{v}" for v in signs["amount"][:200]] + [
        f"${v}" for v in signs["amount"][200:]
    ]
    assert counted(check_orders("segments", signs, allow_dropped=0.4)) == {"currency": 40}


def test_what_is_absent_follows_from_the_rest():
    frame = plain().rename(columns={"amount": "unit_price"}).drop(columns="product_id")
    orders = check_orders("segments", frame)
    assert orders.lines["amount"].sum() == (frame["unit_price"] * frame["quantity"]).sum()
    assert orders.lines["order_id"].notna().all()
    single = check_orders("segments", plain().drop(columns="quantity"))
    assert (single.lines["quantity"] == 1).all()


def test_ids_lose_the_point_that_a_spreadsheet_gave_them():
    ids, damaged = read_ids(pd.Series([17850.0, np.nan, 3.0]))
    assert ids.tolist()[0] == "17850" and pd.isna(ids[1]) and not damaged.any()
    ids, damaged = read_ids(pd.Series(["17850.0", "1.23E+12", "A-7", " ", "007"]))
    assert ids[0] == "17850" and ids[2] == "A-7" and pd.isna(ids[3]) and ids[4] == "007"
    assert damaged.tolist() == [False, True, False, False, False]


@pytest.mark.parametrize(
    ("texts", "mark", "numbers"),
    [
        (["1.234,50 €", "2,5"], ",", [1234.5, 2.5]),
        (["1,234.50", "$2.5"], ".", [1234.5, 2.5]),
        (["1 234,5", "7"], ",", [1234.5, 7]),
        (["1'234.50", "(3.25)"], ".", [1234.5, -3.25]),
        (["12.50-", "\N{MINUS SIGN}2.00"], ".", [-12.5, -2]),
        (["1,234", "2,500,000"], ".", [1234, 2_500_000]),
        (["EUR 5.00", "inf"], ".", [5, np.nan]),
    ],
)
def test_numbers_of_many_countries(texts, mark, numbers):
    column = pd.Series(texts)
    assert decimal_marks({"": column}) == ({"": mark}, {})
    np.testing.assert_array_equal(read_numbers(column, mark), numbers)


@pytest.mark.parametrize(
    ("texts", "date"),
    [
        (["2025-03-31", "2025-04-01"], "2025-03-31"),
        (["31/03/2025", "01/04/2025"], "2025-03-31"),
        (["03/31/2025", "04/01/2025"], "2025-03-31"),
        (["31.03.2025 14:05", "01.04.2025 08:00"], "2025-03-31 14:05"),
        (["03/31/2025 02:05 PM"], "2025-03-31 14:05"),
        (["2025-03-31T14:05:00+02:00"], "2025-03-31 14:05"),
        (["31-Mar-25"], "2025-03-31"),
        (["20250331"], "2025-03-31"),
        (["45747"], "2025-03-31"),
        (["1743379200"], "2025-03-31"),
        (["1743379200000"], "2025-03-31"),
    ],
)
def test_dates_of_many_countries(texts, date):
    assert read_dates(pd.Series(texts))[0][0] == pd.Timestamp(date)


def test_ambiguous_dates_are_asked_about():
    with pytest.raises(AmbiguousDatesError, match="day first"):
        read_dates(pd.Series(["03/04/2025", "05/06/2025"]))
    dates, _ = read_dates(pd.Series(["03/04/2025"]), "%m/%d/%Y")
    assert dates[0] == pd.Timestamp("2025-03-04")


def test_the_public_data_pass_and_a_report_says_what_they_lack():
    cdnow = demo_orders("cdnow", "segments", "sample")
    assert set(cdnow.columns) == {"customer_id", "date", "quantity", "amount"}
    assert "product" in demo_orders("complete_journey", "recommend", "sample").lines
    with pytest.raises(OrdersError, match="no column for product_id or product"):
        demo_orders("cdnow", "recommend", "sample")
    with pytest.raises(OrdersError, match="choose complete_journey or cdnow"):
        demo_orders("nowhere", "segments")


def test_signs_name_the_currency():
    assert currency_signs(pd.Series(["€5", "5 USD", "5"])).tolist()[:2] == ["EUR", "USD"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"customer_id,date,amount\n", "holds no lines"),
        (b"1,2025-01-01,5.0\n2,2025-01-02,6.0\n", "has no header"),
        (b"just words\nmore words\n", "one column only"),
        (b"\x89PNG\r\n\x1a\n\0\0", "no text file"),
        (b"a,a,b\n1,2,3\n", "no column for"),
    ],
)
def test_what_is_no_table_is_told(content, message, tmp_path):
    (tmp_path / "orders.csv").write_bytes(content)
    with pytest.raises(OrdersError, match=message):
        read_orders("segments", tmp_path / "orders.csv")


def test_absent_files_are_told(tmp_path):
    with pytest.raises(OrdersError, match="no such file"):
        read_orders("segments", tmp_path / "away.csv")
    with pytest.raises(OrdersError, match="--data"):
        read_orders("segments")


def test_reading_orders_needs_no_tensorflow(tmp_path):
    plain().to_csv(tmp_path / "o.csv", index=False)
    code = (
        "import sys; from ecomlab.shop.orders import read_orders; "
        "import ecomlab.cli.main, ecomlab.shop.model;"
        f"read_orders('segments', {str(tmp_path / 'o.csv')!r});"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_account_is_plain_json(messy):
    assert json.dumps(messy[0].dropped.to_dict("records"))
    assert any("dropped 40 lines: a price of 0" in line for line in messy[0].account())


def test_the_generator_gives_the_same_file_twice():
    first, second = messy_orders(2000, seed=3), messy_orders(2000, seed=3)
    pd.testing.assert_frame_equal(first[0], second[0])
    assert first[1] == second[1]
