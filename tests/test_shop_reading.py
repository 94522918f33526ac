"""Finding the table: encodings, what stands around it, archives."""

import zipfile

import pandas as pd
import pytest
from conftest import ROOT

from ecomlab.shop.encodings import find_encoding
from ecomlab.shop.orders import OrdersError, read_orders
from ecomlab.shop.reading import read_table

ROWS = [f"{n},2025-01-{n:02d},C{n},{n}.50" for n in range(1, 11)]
HEADER = "Order ID,Order Date,Customer ID,Total"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Größe;Menge;Straße"),
        ("cp1252", "Quantité;Désignation;crème brûlée à la carte"),
        ("cp1252", "5,00 €;Käse;Crème fraîche"),
        ("cp1250", "Zboží;Množství;Šroub křížový"),
        ("cp1250", "Ilość;Sprzedaż;Łóżko;żółty"),
        ("cp1254", "Müşteri;Ürün;Sipariş;kırmızı gömlek"),
        ("cp1251", "Покупатель;Товар;Зелёная ваза"),
        ("cp932", "注文番号;商品名;カップ;緑の花瓶"),
        ("cp932", "ポイント;商品名;①青い茶碗"),
        ("gb18030", "订单编号;宝贝标题;数量;绿色花瓶"),
    ],
)
def test_letters_tell_the_encoding(encoding, text):
    assert find_encoding(text.encode(encoding)) == encoding


def test_titles_headers_inside_totals_and_notes_are_no_lines(tmp_path):
    text = ["Sales report", "", HEADER, *ROWS[:5], HEADER, *ROWS[5:], "Total,,,60.00", "made by x"]
    (tmp_path / "o.csv").write_text("\n".join(text))
    orders = read_orders(None, tmp_path / "o.csv")
    assert len(orders.lines) == orders.n_read == 10 and orders.lines["amount"].sum() == 60
    assert orders.lines["row"].tolist()[:6] == [4, 5, 6, 7, 8, 10]


def test_an_archive_with_one_table_is_read_and_with_two_is_not(tmp_path):
    for names in (["a/orders.csv"], ["a.csv", "b.csv"]):
        with zipfile.ZipFile(tmp_path / "o.zip", "w") as archive:
            for name in names:
                archive.writestr(name, "\n".join([HEADER, *ROWS]))
        if len(names) == 1:
            assert len(read_table(tmp_path / "o.zip").frame) == 10
        else:
            with pytest.raises(OrdersError, match="must hold one table and holds 2"):
                read_table(tmp_path / "o.zip")


def test_a_comma_inside_numbers_without_quotation_marks_stops(tmp_path):
    (tmp_path / "o.csv").write_text("\n".join([HEADER, *[row + ",0" for row in ROWS]]))
    with pytest.raises(OrdersError, match="more fields than the header"):
        read_table(tmp_path / "o.csv")


@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_spreadsheets_of_older_and_freer_kinds_are_read(kind):
    """`cases/books` holds one table as Excel 97 and as OpenDocument, with a title and a total."""
    orders = read_orders(None, ROOT / "tests" / "cases" / "books" / f"orders.{kind}")
    lines = orders.lines
    assert (len(lines), lines["amount"].sum()) == (10, 96.75)
    assert list(lines["date"].agg(["min", "max"])) == [
        pd.Timestamp("2025-03-01"),
        pd.Timestamp("2025-03-10"),
    ]
    assert set(lines["customer_id"]) == {"001", "002", "003", "004"}  # ids keep their zeros
    assert lines["row"].tolist() == list(range(4, 14))
    assert "notes below the table in rows 14 left out" in orders.notes
