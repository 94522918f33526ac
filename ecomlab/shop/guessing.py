"""Which column is what: a guess from its name, its values and how much of it is filled.

What columns are called stands in `words.toml`.
"""

import re
import tomllib
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

import pandas as pd

from ecomlab.shop.dates import looks_like_dates
from ecomlab.shop.values import as_texts, read_numbers

GRADES = {"first": 1.0, "second": 0.8, "third": 0.5}
PART = 0.8  # a known word at one end of a longer name counts so much of the word itself
_SAMPLE = 400  # distinct values looked at
NUMBERS = ("quantity", "amount", "price", "refund", "discount", "returned")
# Letters that no accent makes of others.
_LETTERS = str.maketrans({"ß": "ss", "ı": "i", "ł": "l", "ø": "o", "æ": "ae", "đ": "d"})
# "Total incl. VAT" is a total: these two words together say only how the tax stands.
_WITH_WORDS = "inc incl including ex excl excluding inkl exkl zzgl with without inclus"
_TAX_WORDS = "tax taxes vat gst mwst ust btw tva iva dph moms alv afa kdv"
_WITH, _TAX = frozenset(_WITH_WORDS.split()), frozenset(_TAX_WORDS.split())
PERSON = re.compile(
    r"e-?mail|\b(full|first|last|buyer|customer|billing|shipping|ship|kunden|client)\s?name\b|"
    r"name des|phone|telefon|telefono|\bnom\b|nombre|姓名|氏名|收货人|地址|address|street|strasse",
    re.IGNORECASE,
)


@cache
def words():
    """Return for each field its known words with their grades, and the words that rule it out."""
    toml = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))
    found = {}
    for name, lists in toml.items():
        grades = {}
        for grade in reversed(GRADES):
            grades |= dict.fromkeys(lists[grade].split(), GRADES[grade])
        found[name] = grades, frozenset(lists["never"].split())
    return found


@lru_cache(maxsize=10_000)
def tokens(name):
    """Return a column's name as small words without accents: "MontantTTC" is montant, ttc."""
    text = unicodedata.normalize("NFKC", str(name))
    text = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    text = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    text = "".join(one for one in text if not unicodedata.combining(one))
    return tuple(re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text).replace("#", " no ")))


def name_score(field, name):
    """Return how well a name fits a field, 0 to 1."""
    grades, never = words()[field]
    parts = _without_tax(tokens(name))
    word = "".join(parts)
    if word in grades:
        return grades[word]
    if never & set(parts) or not parts:
        return 0.0
    best = 0.0
    for size in range(1, len(parts)):
        for piece in ("".join(parts[:size]), "".join(parts[-size:])):
            # Alone, a word of two letters at one end says too little.
            if len(piece) > 2 or not piece.isascii():
                best = max(best, PART * grades.get(piece, 0))
    return best


def _without_tax(parts):
    """Leave out what says only whether tax is in an amount."""
    out = list(parts)
    for place in range(len(out) - 2, 0, -1):
        if out[place] in _WITH and out[place + 1] in _TAX:
            del out[place : place + 2]
    return out


@lru_cache(maxsize=10_000)
def knows(name):
    """Tell whether a name is one that some field goes by."""
    word = "".join(tokens(name))
    return any(word in grades for grades, _ in words().values())


def guess(frame, taken=(), field=None):
    """Return for each field the columns that may be it.

    Parameters
    ----------
    frame : DataFrame
        May have no rows: then names alone speak.
    taken : iterable of str
        Columns that have a meaning already.
    field : str, optional
        Only columns whose name may be this field.

    Returns
    -------
    dict of str to list of (float, str)
        Score and column, the best first. A column stands under the field that it fits best.
    """
    pairs = []
    for place, column in enumerate(frame.columns):
        if column in taken:
            continue
        named = {one: name_score(one, column) for one in words()}
        if not any(named.values()) or (field and not named[field]):
            continue
        values = frame[column]
        filled = float(values.notna().mean()) if len(values) else 1.0
        kind = _kind_of(frame, column)
        for one, score in named.items():
            if score:
                score *= _fits(one, kind, filled)
                pairs.append((-round(score, 4), place, one, column))
    found, used = {}, {}
    for score, _, one, column in sorted(pairs):
        # A column goes where it fits best; what is near there is kept, to be asked about.
        if score < 0 and used.get(column, one) == one:
            used[column] = one
            found.setdefault(one, []).append((-score, column))
    return found


def number_columns(frame, taken):
    """Return the columns of a table, beside those taken, whose values are numbers and no dates."""
    found = []
    for column in frame.columns:
        if column not in taken:
            kind = _kind_of(frame, column)
            if not kind["empty"] and kind["numbers"] > 0.95 and kind["dates"] < 0.9:
                found.append(column)
    return found


def _kind_of(frame, column):
    """Look at a column's values once for each table; the answer stands in its `attrs`."""
    kinds = frame.attrs.setdefault("kinds", {})
    if column not in kinds:
        kinds[column] = _kind(frame[column])
    return kinds[column]


def _kind(values):
    """Return what a column's values look like: shares of dates and numbers, and variety."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return {"dates": 1.0, "numbers": 0.0, "whole": 0.0, "distinct": 2, "empty": False}
    some = values.dropna()
    distinct = pd.Series(some.unique()[: 20 * _SAMPLE])
    distinct = distinct.iloc[:: max(1, len(distinct) // _SAMPLE)]
    texts = as_texts(distinct).dropna()
    if not len(texts):
        return {"dates": 0.0, "numbers": 0.0, "whole": 0.0, "distinct": 0, "empty": True}
    numbers = read_numbers(texts)
    whole = float(((numbers % 1) == 0).mean())
    dates = looks_like_dates(texts)
    shares = {"dates": dates, "numbers": float(numbers.notna().mean()), "whole": whole}
    return shares | {"distinct": len(texts), "empty": False}


def _fits(field, kind, filled):
    """Return how well values fit a field, 0 to 1; columns without any value do not count."""
    if kind["empty"]:
        return 0.0 if filled < 1 else 1.0
    if field == "date":
        return kind["dates"] * filled
    if field == "time":
        return filled
    if field in NUMBERS:
        few = 0.9 if field == "quantity" and kind["whole"] < 0.5 else 1.0
        sparse = 1.0 if field in ("refund", "discount", "returned") else filled
        return kind["numbers"] * (0.2 if kind["dates"] > 0.9 else 1.0) * few * sparse
    if field.endswith("_id") and kind["numbers"] > 0.9 and kind["whole"] < 0.9:
        return 0.1  # money
    if field == "customer_id" and kind["distinct"] == 1:
        return 0.3 * filled  # the shop's own name
    if kind["dates"] > 0.9 and field in ("customer_id", "product", "product_id", "status"):
        return 0.1 if kind["numbers"] < 0.9 else filled
    if field in ("currency", "status"):
        return 1.0 if kind["distinct"] <= 60 and kind["numbers"] < 0.5 else 0.1
    if field == "product":
        return filled * (0.5 if kind["numbers"] > 0.9 else 1.0)
    return filled
