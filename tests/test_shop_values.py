"""Numbers and dates as many countries write them; what nothing decides is said to be open."""

import numpy as np
import pandas as pd
import pytest

from ecomlab.shop.dates import AmbiguousDatesError, read_dates
from ecomlab.shop.values import decimal_marks, read_ids, read_numbers


def marks_of(*texts):
    return decimal_marks({"column": pd.Series(texts)})


def test_negative_amounts_and_signs_of_currency():
    texts = ["'-70", "(70)", "70-", "-70", "€ -70", "-70,00 zł", "70,00- EUR", "\N{MINUS SIGN}70"]
    assert set(read_numbers(pd.Series(texts), ",")) == {-70.0}
    texts = ["kr 1 200,50", "R$ 1.200,50", "CHF 1'200.50", "US$1,200.50", "1.200,50 Ft"]
    assert set(read_numbers(pd.Series(texts))) == {1200.5}


def test_words_with_a_number_are_no_numbers():
    assert (
        read_numbers(pd.Series(["Lamp 3", "Größe 2", "A003", "200-5", "13.02.2025"])).isna().all()
    )


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        (["280", "1.120", "2.720"], ","),  # whole euros: a fraction would not end in 0
        (["280", "1,120"], "."),
        (["12,50", "1.120"], ","),
        (["957.5775", "907.152", "2.5"], "."),  # zeros at the end are not written
        (["1234.567", "2.500"], "."),
    ],
)
def test_thousands_are_told_from_decimals(texts, mark):
    assert marks_of(*texts) == ({"column": mark}, {})


@pytest.mark.parametrize(
    "texts", [["1.120", "2.720"], ["12.50", "1.120"], ["1500", "1.120"], ["1.120", "1,120"]]
)
def test_what_nothing_decides_is_open(texts):
    assert "column" in marks_of(*texts)[1]


def test_cents_in_one_column_decide_for_another():
    columns = {"price": pd.Series(["12,50", "3,00"]), "quantity": pd.Series(["1.000", "2"])}
    marks, unsure = decimal_marks(columns)
    assert marks == {"price": ",", "quantity": ","} and not unsure


def test_ids_keep_zeros_and_fold_addresses():
    ids, damaged = read_ids(pd.Series(["007", "'0012", " A@X.com ", "12923.0", "1.2E+12", "NA"]))
    assert ids.tolist()[:4] == ["007", "0012", "a@x.com", "12923"] and pd.isna(ids[5])
    assert damaged.tolist() == [False] * 4 + [True, False]


@pytest.mark.parametrize(
    "text",
    [
        "31. März 2025",
        "31 mars 2025",
        "31 de marzo de 2025",
        "31 marzo 2025",
        "31 de março de 2025",
        "31-mrt-2025",
        "Monday, March 31, 2025",
        "Mar-31-25",
        "2025年3月31日",
        "31.3.25",
        "45747",
        "2025.03.31",
    ],
)
def test_a_day_in_many_spellings(text):
    assert read_dates(pd.Series([text]))[0][0] == pd.Timestamp("2025-03-31")


def test_the_shops_own_clock_is_kept_through_the_change_to_summer():
    texts = ["2025-03-29 23:30:00 +0100", "2025-03-30 23:30:00 +0200"]
    assert read_dates(pd.Series(texts))[0].dt.hour.tolist() == [23, 23]
    apart = ["2025-03-29 23:30:00 +0100", "2025-03-29 17:30:00 -0500"]
    assert read_dates(pd.Series(apart))[0].dt.hour.tolist() == [22, 22]


def test_serial_days_stand_beside_texts():
    dates, how = read_dates(pd.Series(["2025-04-13", "45747", "45748.5"]))
    assert dates.dt.strftime("%m-%d %H").tolist() == ["04-13 00", "03-31 00", "04-01 12"]
    assert "spreadsheet days" in how and "ISO8601" in how


def test_a_spreadsheet_that_exchanged_day_and_month_is_found_out():
    days = pd.Series(pd.date_range("2025-01-01", "2025-12-12"))
    texts = [
        f"{day:%m/%d/%Y}" if day.day > 12 else f"{day.year}-{day.day:02d}-{day.month:02d} 00:00:00"
        for day in days
    ]
    dates, how = read_dates(pd.Series(texts))
    assert dates.equals(days.astype("datetime64[ns]")) and "swapped back" in how


def test_another_column_or_the_order_of_rows_decides_between_day_and_month():
    column = pd.Series(["03/04/2025", "05/06/2025"])
    dates, _ = read_dates(column, others=[pd.Series(["13/01/2025", "x"])])
    assert dates[0] == pd.Timestamp("2025-04-03")
    days = [day for day in pd.date_range("2025-01-01", "2025-12-31") if day.day <= 12]
    dates, _ = read_dates(pd.Series([f"{day:%d/%m/%Y}" for day in days]))
    assert dates.tolist() == days


def test_two_orders_in_one_spelling_stop():
    with pytest.raises(AmbiguousDatesError, match=r"only have the day first.*only the month first"):
        read_dates(pd.Series(["13/04/2025", "04/13/2025"] * 30))


def test_a_column_of_floats_needs_no_mark():
    assert decimal_marks({"x": pd.Series([1.12, 2.5])}) == ({"x": "."}, {})
    np.testing.assert_array_equal(read_numbers(pd.Series([1.12, np.inf])), [1.12, np.nan])
