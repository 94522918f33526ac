"""Texts to ids and numbers, whatever country's habits a file follows.

Each function works on the distinct values of a column, so a million lines cost little. A value
whose own shape tells is read as it says; what may be thousands or thousandths is settled by the
rest of the file, or asked about.
"""

import re
import unicodedata

import numpy as np
import pandas as pd

_NOTHING = r"nan none null (null) n/a na <na> #n/a #nv #na nat nil - -- --- – — . ? \n undefined"
EMPTY = frozenset(_NOTHING.split()) | {""}
CURRENCIES = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR", "₽": "RUB", "元": "CNY"}
CURRENCIES |= {"zł": "PLN", "Kč": "CZK", "R$": "BRL", "₺": "TRY", "Ft": "HUF", "円": "JPY"}
CURRENCIES |= {"TL": "TRY", "Rp": "IDR"}

# Currency before or behind a number; Japan's bytes for ¥ come out as a backslash.
_MONEY = (
    r"(?:[A-Z]{0,3}[$€£¥\\₹₽₺₩฿₫₴]|[A-Z]{3}|[Ee]uros?|eur|usd|gbp|kr\.?|Kr\.?|zł|Kč|Ft|[Ll]ei|TL|RM|"
    r"R[sp]\.?|S?Fr\.?|руб\.?|р\.|лв\.?|元|円|원|￥)"
)
_UNITS = (
    r"(?i:pcs?\.?|stc?k\.?|stück|stuks?|st|x|ks|szt\.?|uds?\.?|un|units?|pz[as]?\.?|pezzi|nos?\.?|ea\.?|"
    r"each|pkg\.?|packs?|paare?|pairs?|box(?:es)?|sets?|db|kpl|adet|шт\.?)"
)
_PIECES = rf"(?:{_UNITS}|件|个|個|개|%)"
_PER_PIECE = rf"(?:\s*(?:/|per|pro)\s*{_UNITS})?"
# Three capital letters in a column's name are a currency if they are one of these.
_CODES = """
EUR USD GBP CHF SEK NOK DKK ISK PLN CZK HUF RON BGN TRY UAH RUB JPY CNY RMB KRW INR BRL MXN ARS CLP
COP PEN UYU CAD AUD NZD ZAR SGD HKD TWD THB MYR IDR PHP VND AED SAR ILS EGP NGN KES
"""
CODES = frozenset(_CODES.split())


def read_ids(column):
    """Return a column's values as ids.

    Parameters
    ----------
    column : Series
        Texts or numbers. 17850.0, as a spreadsheet writes an id that it took for a number,
        becomes "17850"; leading zeros stay; letters of an e-mail address become small.

    Returns
    -------
    ids : Series of str
        Missing where the value is empty.
    damaged : Series of bool
        An id such as 1.23E+12, whose digits a spreadsheet has thrown away.
    """
    codes, values = distinct(column)
    if pd.api.types.is_float_dtype(values.dtype):
        whole = np.isfinite(values) & (values == np.floor(values)) & (values.abs() < 2**53)
        ids = values.astype("str").where(~whole, values.where(whole, 0).astype("int64").astype(str))
        return spread(ids, codes, column), spread(values.abs() >= 2**53, codes, column, False)
    ids = as_texts(values).str.replace(r"^'?(\d+)\.0+$", r"\1", regex=True)
    ids = ids.str.replace(r"^'(?=\d)", "", regex=True)
    mail = ids.str.contains("@", regex=False).fillna(False).astype(bool)
    ids = ids.mask(mail, ids.str.lower().str.removeprefix("mailto:"))
    damaged = ids.str.fullmatch(r"\d+([.,]\d+)?[eE]\+?\d+").fillna(False).astype(bool)
    return spread(ids, codes, column), spread(damaged, codes, column, False)


def read_numbers(column, decimal="."):
    """Return a column's values as numbers.

    Parameters
    ----------
    column : Series
        Numbers, or texts such as ``1.234,50 €``, ``(12.50)``, ``12,50-``, ``'-70`` or ``1 234.5``.
    decimal : {".", ","}
        The mark before the fraction where a value may be read both ways, such as ``1.120``.

    Returns
    -------
    Series of float
        NaN where a value cannot be read.
    """
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.astype(float).replace([np.inf, -np.inf], np.nan)
    codes, values = distinct(column)
    digits, negative = _plain(as_texts(values))
    pairs = zip(digits, _shapes(digits), strict=True)
    plain = pd.Series([_as_python_reads(*pair, decimal) for pair in pairs], digits.index, "str")
    numbers = pd.to_numeric(plain, errors="coerce").astype(float)
    numbers = numbers.where(~negative, -numbers.abs()).replace([np.inf, -np.inf], np.nan)
    return spread(numbers, codes, column)


def _as_python_reads(text, shape, decimal):
    """Return a text of digits with a point before its fraction and no other mark, or None."""
    kind, _, mark = shape.partition(" ")
    if kind == "whole":
        return text
    if kind == "group" or (kind == "either" and mark != decimal):
        return text.replace(mark, "")
    return text.replace("." if mark == "," else ",", "").replace(mark, ".") if mark else None


def decimal_marks(columns):
    """Tell which mark stands before the fraction, for each column of one file.

    Parameters
    ----------
    columns : dict of str to Series
        Columns of numbers that one program has written.

    Returns
    -------
    marks : dict of str to {".", ","}
    unsure : dict of str to str
        Columns that nothing in the file decides, with a value that reads both ways.
    """
    seen = {name: _evidence(column) for name, column in columns.items()}
    whole = {mark: sum(one["decimal"][mark] for one in seen.values()) for mark in ".,"}
    usual = "," if whole[","] > whole["."] else "."
    marks, unsure = {}, {}
    for name, one in seen.items():
        mark = _mark_of(one, whole) if any(one["either"].values()) else usual
        marks[name] = mark or usual
        if mark is None:
            unsure[name] = one["example"]
    return marks, unsure


def _evidence(column):
    """Count what the distinct values of a column say about marks."""
    none = {".": 0, ",": 0}
    found = {"decimal": dict(none), "either": dict(none), "round": False, "example": ""}
    found |= {"small": 0, "large": 0, "places": set()}
    if pd.api.types.is_numeric_dtype(column.dtype):
        return found
    digits, _ = _plain(as_texts(distinct(column)[1]))
    digits = digits.dropna()
    shape = _shapes(digits)
    for mark, other in ((".", ","), (",", ".")):
        sure = digits[shape == f"decimal {mark}"]
        # Thousands in more than one group: the other mark stands before the fraction.
        found["decimal"][mark] = len(sure) + int((shape == f"group {other}").sum())
        found["places"] |= {len(text.rpartition(mark)[2]) for text in sure}
        either = digits[shape == f"either {mark}"]
        found["either"][mark] = len(either)
        if len(either):
            found["example"] = either.iloc[0]
            found["round"] |= bool(either.str.endswith("0").any())
    whole = pd.to_numeric(digits[shape == "whole"], errors="coerce").abs()
    found["small"], found["large"] = int((whole < 1000).sum()), int((whole >= 1000).sum())
    return found


def _mark_of(one, whole):
    """Return the mark before the fraction in a column that holds values such as 1.120, or None."""
    if all(one["either"].values()):  # 1.120 and 1,120 in one column
        return None
    mark = "." if one["either"]["."] else ","
    other = "," if mark == "." else "."
    for votes, here in ((one["decimal"], True), (whole, False)):
        if votes[mark] and votes[other]:
            return None
        if votes[other]:
            return other  # cents elsewhere are written with the other mark
        if votes[mark] and here:
            # Three places beside others: natural where zeros at the end are not written.
            trimmed = 1 in one["places"] and not one["round"]
            return mark if trimmed or max(one["places"]) >= 3 else None
        if votes[mark]:
            # Elsewhere this mark stands before cents; here all have three places, or none round.
            return mark if not one["small"] + one["large"] or not one["round"] else None
    # Nothing but whole numbers and 1.120: a fraction would not end in 0 beside numbers without.
    return other if one["small"] and not one["large"] and one["round"] else None


def currency_signs(column):
    """Return the currency that a column's texts carry as a sign, missing where they carry none."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return pd.Series(pd.NA, index=column.index, dtype="str")
    codes, values = distinct(column)
    signs = "|".join(re.escape(sign) for sign in sorted(CURRENCIES, key=len, reverse=True))
    found = as_texts(values).str.extract(rf"({signs}|(?<![A-Za-z])[A-Z]{{3}}(?![A-Za-z]))")[0]
    return spread(found.replace(CURRENCIES).astype("str"), codes, column)


def named_currency(name):
    """Return the currency that a column's name holds, as in "Total (GBP)"; "" for none."""
    codes = set(re.findall(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])", str(name))) & CODES
    codes |= {code for sign, code in CURRENCIES.items() if not sign.isalpha() and sign in str(name)}
    return codes.pop() if len(codes) == 1 else ""


def _rules():
    """Return the ways that digits and marks may read, and one pattern with a group for each."""
    rules = {"whole": r"[0-9]+(?:[eE][+-]?[0-9]+)?"}
    for mark, other in ((".", ","), (",", ".")):
        m, o = re.escape(mark), re.escape(other)
        exponent = r"(?:[eE][+-]?[0-9]+)?"
        grouped = rf"[0-9]{{1,3}}(?:{o}[0-9]{{2,3}})*{o}[0-9]{{3}}{m}[0-9]*"
        rules[f"decimal {mark}"] = rf"[0-9]*{m}[0-9]*{exponent}|{grouped}"
        rules[f"either {mark}"] = rf"[1-9][0-9]{{0,2}}{m}[0-9]{{3}}"
        rules[f"group {mark}"] = rf"[0-9]{{1,3}}(?:{m}[0-9]{{2,3}})+{m}[0-9]{{3}}"
    # Of two that fit, the later one says it: 1.120 is "either", not "decimal".
    names = list(rules)[::-1]
    return names, re.compile("|".join(f"({rules[name]})" for name in names))


_NAMES, _SHAPE = _rules()


def _shapes(digits):
    """Name how each text of digits and marks reads: whole, decimal, group, either or none."""
    # One pattern of Python's: seven of Arrow's take ten times as long where a column is short.
    found = (_SHAPE.fullmatch(text) if isinstance(text, str) else None for text in digits)
    shapes = [_NAMES[one.lastindex - 1] if one else "none" for one in found]
    return pd.Series(shapes, index=digits.index, dtype="str")


def _plain(texts):
    """Return texts without sign, currency and spaces, and which of them are negative."""
    odd = ~texts.str.fullmatch(r"-?[0-9.,]+").fillna(True).astype(bool)
    negative = texts.str.startswith("-").fillna(False).astype(bool)
    digits = texts.str.removeprefix("-")
    if odd.any():
        digits[odd], negative[odd] = _bare(texts[odd])
    return digits, negative


def _bare(texts):
    """Do the same for texts with more than digits and marks."""
    plain = texts.str.replace("[\N{MINUS SIGN}–—]", "-", regex=True)
    bare = plain.str.replace(rf"^\s*([(+'-]*)\s*{_MONEY}\s*(?=[(+\-\d.,])", r"\1", regex=True)
    bare = bare.str.replace(
        rf"(?<=[\d.,)-])\s*(?:{_MONEY}{_PER_PIECE}|{_PIECES})\s*([)-]*)$", r"\1", regex=True
    )
    bare = bare.str.replace(r"(?<=\d)\s(?=\d)|^[\s'’`´]+|(?<=[-(+])\s+", "", regex=True)
    bare = bare.str.replace(r"(?<=\d)['’`´](?=\d)|\s+(?=-$)", "", regex=True).str.strip()
    bare = bare.str.replace(r"(?<=\d)[.,]-$", "", regex=True)  # the Swiss 12.-
    negative = bare.str.fullmatch(r"\(.*\)|-.*|.*\d-").fillna(False).astype(bool)
    digits = bare.str.replace(r"^[(+-]+|[)-]+$", "", regex=True)
    return digits, negative


def as_texts(values):
    """Return values as texts without spaces around them, missing where they say nothing."""
    texts = values.astype("str")
    strange = texts.str.contains("[^\x00-\x9f\xa1-\xff]", regex=True).fillna(False).astype(bool)
    if strange.any():  # full-width digits, spaces of other widths
        texts = texts.mask(strange, texts[strange].map(_compatible))
    texts = texts.str.strip()
    return texts.mask(texts.str.lower().isin(EMPTY))


def _compatible(text):
    return unicodedata.normalize("NFKC", text)


def distinct(column):
    """Return each line's code, and the values that the codes stand for."""
    codes, values = pd.factorize(column)
    return codes, pd.Series(values)


def spread(values, codes, column, missing=None):
    """Give each line the value of its code; a line with no code is missing."""
    if missing is not None:
        out = np.append(values.to_numpy(bool), missing)[codes]
        return pd.Series(out, index=column.index)
    out = values.reindex(codes)  # code -1, a missing value, is in no index
    out.index = column.index
    return out
