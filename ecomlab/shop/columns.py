"""Which column is what: by the map, by a known export, by its own name, or by a guess."""

import difflib

import pandas as pd

from ecomlab.errors import OrdersError
from ecomlab.shop.exports import columns_of
from ecomlab.shop.guessing import GRADES, PERSON, guess, name_score, tokens
from ecomlab.shop.values import read_numbers

FIELDS = (
    "customer_id",
    "date",
    "time",
    "order_id",
    "product_id",
    "product",
    "quantity",
    "amount",
    "price",
    "currency",
    "status",
    "refund",
    "discount",
    "returned",
)
# What each report cannot do without ("a|b": one of them).
NEEDS = {
    "segments": ("customer_id", "date", "amount|price"),
    "recommend": ("customer_id", "date", "product_id|product"),
    "forecast": ("date", "quantity|amount|price"),
}
# What is joined to a date where each stands in a column of its own.
_YEAR, _MONTH, _DAY = (
    "year jahr annee ano anno rok jaar yil",
    "month monat mois mes mese maand miesiac mesic ay",
    "day tag jour dia giorno dag dzien den gun",
)
_DATE_PARTS = {"year": _YEAR.split(), "month": _MONTH.split(), "day": _DAY.split()}
NEAR = 0.05  # two candidates whose scores lie closer are asked about


def find_columns(frame, report, mapping, source="the data", export=None, without=()):
    """Tell which column is what.

    Parameters
    ----------
    frame : DataFrame
        May have no rows: then names alone speak.
    report : str or None
        What the columns are for; None needs a date alone.
    mapping : dict
        Field to column, as a person gave it.
    source : str
        For messages.
    export : ecomlab.shop.exports.Export, optional
        The known export that the table is.
    without : set of str
        Fields that the table has no column for, whatever names say.

    Returns
    -------
    dict
        Field to (column, "map", "export", "name" or "guess").

    Raises
    ------
    OrdersError
        If the map names an absent column, one that the report needs is not found, or two
        columns may be the same.
    """
    here = list(frame.columns)
    problems = [
        f"the map's {name} = {column!r} is no column{near(column, here)}"
        for name, column in mapping.items()
        if column not in here
    ]
    found = {name: (column, "map") for name, column in mapping.items() if column in here}
    if export is not None:
        for name, column in columns_of(export, frame).items():
            if name not in {*found, *without} and column not in {
                column for column, _ in found.values()
            }:
                found[name] = (column, "export")
    else:
        for name in FIELDS:
            if name not in {*found, *without} and name in here:
                found[name] = (name, "name")
        problems += _guess_rest(frame, found, without)
    lacking = [
        needed
        for needed in (NEEDS[report] if report else ("date",))
        if not any(name in found for name in needed.split("|"))
    ]
    told = f" (it is {export.name})" if export is not None else ""
    for needed in lacking:
        words = " or ".join(needed.split("|"))
        problems.append(
            f"no column for {words}{told} (columns: {', '.join(here[:20])}): "
            f"name it under [columns] in a TOML and give that with --columns"
        )
    if problems:
        raise OrdersError(f"{source}: {'; '.join(problems)}")
    return {name: found[name] for name in FIELDS if name in found}


def _guess_rest(frame, found, without):
    """Add guesses to what is found; return what has to be asked."""
    problems = []
    candidates = guess(frame, {column for column, _ in found.values()})
    for name in FIELDS:
        if name in {*found, *without} or name not in candidates:
            continue
        ranked = candidates[name]
        if name in ("product", "product_id"):
            ranked = [pair for pair in ranked if not _is_personal(frame, pair[1], found)]
        if not ranked or ranked[0][0] < 0.2:
            continue
        best, column = ranked[0]
        if name == "product" and "customer_id" not in found and _of_whom(frame, column):
            problems.append(
                f"column {column!r} may name products or people: say product = {column!r} or "
                f"customer_id = {column!r} under [columns] in a TOML, given with --columns"
            )
            continue
        rivals = [other for score, other in ranked[1:] if score > best - NEAR]
        if name in ("customer_id", "date"):
            rivals = [other for other in rivals if not _same(frame[column], frame[other])]
            if rivals and len(frame):
                problems.append(
                    f"columns {column!r} and {rivals[0]!r} may both be {name}: "
                    f"name one under [columns] in a TOML and give that with --columns"
                )
        elif rivals and name in ("order_id", "product_id") and len(frame):
            filled = {one: frame[one].notna().mean() for one in (column, *rivals)}
            column = max(filled, key=filled.get)
        found[name] = (column, "guess")
    if "customer_id" not in {*found, *without}:
        taken = {column for column, _ in found.values()}
        mails = (column for column in frame if column not in taken and _addresses(frame[column]))
        column = next(mails, None)
        if column is not None:
            found["customer_id"] = (column, "its values")
    return problems


def _addresses(values):
    """Tell whether a column holds e-mail addresses, and more than the shop's own."""
    texts = values.dropna().drop_duplicates().head(400).astype("str")
    return len(texts) > 1 and texts.str.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+").mean() > 0.9


def with_date(frame, mapping):
    """Join a year's, a month's and a day's column to one of dates, where there is no other."""
    parts = {}
    for column in frame.columns:
        for name, known in _DATE_PARTS.items():
            if "".join(tokens(column)) in known:
                parts.setdefault(name, column)
    if len(parts) < 3 or "date" in mapping or not len(frame):
        return frame
    if any(score > 0.2 for score, _ in guess(frame, field="date").get("date", [])):
        return frame
    numbers = pd.DataFrame({name: read_numbers(frame[column]) for name, column in parts.items()})
    dates = pd.to_datetime(numbers, errors="coerce")
    name = " ".join(parts[name] for name in _DATE_PARTS)
    return frame.drop(columns=list(parts.values())).assign(**{name: dates})


def _same(first, second):
    """Tell whether two columns cut the lines into the same groups."""
    codes = pd.DataFrame({"a": pd.factorize(first)[0], "b": pd.factorize(second)[0]})
    pairs = len(codes.drop_duplicates())
    return pairs == codes["a"].nunique() == codes["b"].nunique()


def _is_personal(frame, column, found):
    """Tell whether a column that may name products tells of people instead."""
    values = frame[column].dropna().astype("str")
    if _one_an_order(frame, column, found):
        return True
    named = PERSON.search(column) and name_score("product", column) < GRADES["first"]
    if named or values.head(2000).str.contains("@").mean() > 0.2:
        return True
    if "customer_id" not in found or not len(frame):
        return False
    # Nearly one value for each customer, and always the same: a name, and no product.
    customer = frame[found["customer_id"][0]]
    by = frame[column].groupby(customer)
    often = by.size() >= 3
    if often.sum() < 5 or values.nunique() < 0.5 * customer.nunique():
        return False
    return bool((by.nunique()[often] <= 1).mean() > 0.9)


def _of_whom(frame, column):
    """Tell whether a column such as "Name", without a word of products, holds people's names."""
    bare = name_score("product", column) <= GRADES["third"]
    return bool(len(frame) and bare and names_people(column, frame[column]))


def _one_an_order(frame, column, found):
    """Tell whether a column is the same on all lines of an order: its buyer, and no product."""
    if "order_id" not in found or not len(frame):
        return False
    codes = pd.Series(pd.factorize(frame[column])[0], index=frame.index)
    by = codes.groupby(frame[found["order_id"][0]])
    several = by.size() > 1
    if several.sum() < 5 or several.mean() < 0.1:  # few: lines that are there twice
        return False
    return bool((by.max() == by.min())[several].mean() > 0.95)


def names_people(column, values):
    """Tell whether a column of customers holds names, by its own name or by its values."""
    parts = tokens(column)
    if PERSON.search(column) and "user" not in parts and "username" not in parts:
        return True
    texts = values.dropna().astype("str").drop_duplicates().head(400)
    shaped = texts.str.fullmatch(r"[^\W\d_][^\d@#]*[ ,][^\d@#]*[^\W\d_]\.?")
    return bool(len(texts) and shaped.mean() > 0.6)


def near(name, known):
    """Return " (did you mean ...?)" for the known name that a wrong one is near, else ""."""
    found = difflib.get_close_matches(str(name), [str(one) for one in known], n=1, cutoff=0.5)
    return f" (did you mean {found[0]!r}?)" if found else ""
