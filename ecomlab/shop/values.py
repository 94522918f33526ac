"""Texts to ids, numbers and dates, whatever country's habits a file follows.

Each function works on the distinct values of a column, so a million lines cost little.
"""

import re

import numpy as np
import pandas as pd

EMPTY = ("", "nan", "none", "null", "n/a", "na", "<na>", "nat", "-")
CURRENCIES = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR"}
_MANY = 500  # distinct values looked at to choose a date format
# Tried in this order. Two that differ only in which comes first, day or month, are told
# apart by the values: a 13 cannot be a month.
_DATES = ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m.%d.%Y", "%d-%m-%Y", "%m-%d-%Y"]
_DATES += ["%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d/%m/%y", "%m/%d/%y", "%d.%m.%y"]
_DATES += ["%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%d-%b-%y"]
_TIMES = ["", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p"]
_SWAPPED = {"%d/%m": "%m/%d", "%d.%m": "%m.%d", "%d-%m": "%m-%d"}


class AmbiguousDatesError(ValueError):
    """Every date can be read with the day first and with the month first."""


def read_ids(column):
    """Return a column's values as ids.

    Parameters
    ----------
    column : Series
        Texts or numbers. 17850.0, as a spreadsheet writes an id that it took for a number,
        becomes "17850".

    Returns
    -------
    ids : Series of str
        Missing where the value is empty.
    damaged : Series of bool
        An id such as 1.23E+12, whose digits a spreadsheet has thrown away.
    """
    codes, values = _distinct(column)
    if pd.api.types.is_float_dtype(values.dtype):
        whole = np.isfinite(values) & (values == np.floor(values)) & (values.abs() < 2**53)
        ids = values.astype("str").where(~whole, values.where(whole, 0).astype("int64").astype(str))
        return _spread(ids, codes, column), _spread(values.abs() >= 2**53, codes, column, False)
    ids = _texts(values).str.replace(r"^(\d+)\.0+$", r"\1", regex=True)
    damaged = ids.str.fullmatch(r"\d+([.,]\d+)?[eE]\+?\d+").fillna(False).astype(bool)
    return _spread(ids, codes, column), _spread(damaged, codes, column, False)


def read_numbers(column, decimal="."):
    """Return a column's values as numbers.

    Parameters
    ----------
    column : Series
        Numbers, or texts such as ``1.234,50 €``, ``(12.50)``, ``12,50-`` or ``1 234.5``.
    decimal : {".", ","}
        The mark before the fraction; the other one, spaces and apostrophes stand between
        thousands.

    Returns
    -------
    Series of float
        NaN where a value cannot be read.
    """
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.astype(float).replace([np.inf, -np.inf], np.nan)
    codes, values = _distinct(column)
    texts = _texts(values)
    plain = _plain(texts)
    if decimal == ",":
        plain = plain.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
    else:
        plain = plain.str.replace(",", "", regex=False)
    numbers = pd.to_numeric(plain, errors="coerce").astype(float)
    negative = texts.str.fullmatch(r"\(.*\)|[^-]*\d\s*-").fillna(False).astype(bool)
    numbers = numbers.where(~negative, -numbers.abs()).replace([np.inf, -np.inf], np.nan)
    return _spread(numbers, codes, column)


def decimal_mark(columns):
    """Tell which mark stands before the fraction in columns of one file.

    Parameters
    ----------
    columns : list of Series

    Returns
    -------
    {".", ","}
        The mark that more values speak for; a point where none does.
    """
    votes = {".": 0, ",": 0}
    for column in columns:
        if pd.api.types.is_numeric_dtype(column.dtype):
            continue
        plain = _plain(_texts(_distinct(column)[1])).dropna()
        for mark, other in ((".", ","), (",", ".")):
            m, o = re.escape(mark), re.escape(other)
            # A fraction of one, two or over three digits, or both marks with this one last.
            shape = rf"-?\d+{m}(\d{{1,2}}|\d{{4,}})|-?\d{{1,3}}({o}\d{{3}})+{m}\d*|-?0{m}\d+"
            votes[mark] += int(plain.str.fullmatch(shape).sum())
            # Thousands in more than one group: the mark between them is not before a fraction.
            votes[mark] += int(plain.str.fullmatch(rf"-?\d{{1,3}}({o}\d{{3}}){{2,}}").sum())
    return "," if votes[","] > votes["."] else "."


def read_dates(column, date_format=None):
    """Return a column's values as dates.

    Parameters
    ----------
    column : Series
        Dates, texts, days as a spreadsheet counts them, or seconds or milliseconds since 1970.
    date_format : str, optional
        As for `strptime`, where the values alone do not tell.

    Returns
    -------
    dates : Series of datetime64
        Without a time zone (UTC where the text gave one); NaT where a value cannot be read.
    date_format : str
        How they were read.

    Raises
    ------
    AmbiguousDatesError
        If every date makes sense with the day first and with the month first.
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        dates = column
        if getattr(column.dtype, "tz", None) is not None:
            dates = column.dt.tz_convert("UTC").dt.tz_localize(None)
        return dates.astype("datetime64[ns]"), "dates"
    codes, values = _distinct(column)
    texts = _texts(values)
    if date_format:
        return _spread(_parse(texts, date_format), codes, column), date_format
    numbers = pd.to_numeric(texts, errors="coerce").astype(float)
    if numbers.notna().sum() > 0.5 * max(texts.notna().sum(), 1):
        dates, how = _dates_of_numbers(numbers, texts)
        return _spread(dates, codes, column), how
    how = _best_format(texts.dropna())
    dates = _parse(texts, how)
    left = dates.isna() & texts.notna()
    if left.any() and how != "ISO8601":
        dates[left] = _parse(texts[left], "ISO8601")
    return _spread(dates, codes, column), how


def currency_signs(column):
    """Return the currency that a column's texts carry as a sign, missing where they carry none."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return pd.Series(pd.NA, index=column.index, dtype="str")
    codes, values = _distinct(column)
    texts = _texts(values)
    found = texts.str.extract(rf"([{''.join(CURRENCIES)}]|\b[A-Z]{{3}}\b)", expand=False)
    return _spread(found.replace(CURRENCIES).astype("str"), codes, column)


def _best_format(texts):
    """Return the format that reads most of the texts; ISO 8601 where it reads as many."""
    some = texts.iloc[:: max(1, len(texts) // _MANY)]
    best, most = "ISO8601", int(_parse(some, "ISO8601").notna().sum())
    for day in _DATES:
        for time in _TIMES:
            read = int(_parse(some, day + time).notna().sum())
            if read > most:
                best, most = day + time, read
        if most == len(some):
            break
    first, swapped = best[:5], _SWAPPED.get(best[:5])
    if swapped is None:
        return best
    other = swapped + best[5:]
    # Decided on all values: the day that settles it may be rare.
    here, there = (_parse(texts, one) for one in (best, other))
    if there.notna().sum() > here.notna().sum():
        return other
    if there.notna().sum() == here.notna().sum() and not here.equals(there):
        raise AmbiguousDatesError(
            f"dates such as {texts.iloc[0]!r} read as {first} (day first) and as {swapped} "
            f"(month first): say which by date_format = {best!r} under [read] in the columns' TOML"
        )
    return best


def _parse(texts, date_format):
    if date_format == "ISO8601":
        dates = pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True)
        # ISO 8601 also knows 2026 and 202601, which are years and months, no dates.
        short = texts.str.len().fillna(0) < 8
        return dates.dt.tz_localize(None).astype("datetime64[ns]").mask(short)
    dates = pd.to_datetime(texts, format=date_format, errors="coerce")
    if getattr(dates.dtype, "tz", None) is not None:
        dates = dates.dt.tz_convert("UTC").dt.tz_localize(None)
    return dates.astype("datetime64[ns]")


def _dates_of_numbers(numbers, texts):
    middle = numbers.median()
    if 19_000_101 <= middle <= 22_000_101:
        whole = texts.str.replace(r"\.0$", "", regex=True)
        return _parse(whole, "%Y%m%d"), "%Y%m%d"
    for low, high, unit, scale, origin, how in (
        (20_000, 80_000, "s", 86_400, "1899-12-30", "spreadsheet days"),
        (5e8, 5e9, "s", 1, "1970-01-01", "seconds since 1970"),
        (5e11, 5e12, "ms", 1, "1970-01-01", "milliseconds since 1970"),
    ):
        if low <= middle <= high:
            inside = numbers.where((numbers > 0) & (numbers < high))
            dates = pd.to_datetime(
                (inside * scale).round(), unit=unit, origin=origin, errors="coerce"
            )
            return dates.astype("datetime64[ns]"), how
    return pd.Series(pd.NaT, index=texts.index, dtype="datetime64[ns]"), "nothing known"


def _plain(texts):
    """Return texts without signs of currency, spaces and apostrophes."""
    plain = texts.str.replace("\N{MINUS SIGN}", "-", regex=False)
    letters = r"[\s'’()€$£¥₹%]|\b[A-Za-z]{3}\b|(?<=\d)\s*-$"
    return plain.str.replace(letters, "", regex=True)


def _texts(values):
    texts = values.astype("str").str.strip()
    return texts.mask(texts.str.lower().isin(EMPTY))


def _distinct(column):
    codes, values = pd.factorize(column)
    return codes, pd.Series(values)


def _spread(values, codes, column, missing=None):
    """Give each line the value of its code; a line with no code is missing."""
    if missing is not None:
        out = np.append(values.to_numpy(bool), missing)[codes]
        return pd.Series(out, index=column.index)
    out = values.reindex(codes)  # code -1, a missing value, is in no index
    out.index = column.index
    return out
