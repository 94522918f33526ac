"""Which lines are sales of goods: states of orders, events of accounts, services."""

import re
import tomllib
from functools import cache
from pathlib import Path

import pandas as pd

from ecomlab.shop.dates import looks_like_dates
from ecomlab.shop.exports import column_in, folded
from ecomlab.shop.guessing import GRADES, name_score, number_columns, tokens, words
from ecomlab.shop.values import as_texts, distinct, spread

_HERE = Path(__file__).parent
_MANY = 40  # states; more are none
_FEW = 16  # values of a column whose values alone tell what it holds
_DAY = re.compile(r"\s*\d{4}-\d{2}-\d{2}\.?")
_LONG = 8  # letters of a word for a service that others begin with: "Versandkostenpauschale"


@cache
def _lists(name):
    toml = tomllib.loads((_HERE / name).read_text(encoding="utf-8"))
    return {key: frozenset(text.split()) for key, text in toml.items()}


def status_columns(raw, columns, export=None, without=()):
    """Return the columns of states of orders or payments: each of them may say "no sale".

    Parameters
    ----------
    raw : DataFrame
    columns : dict
        As `find_columns` returns it.
    export : ecomlab.shop.exports.Export, optional
        Every column counts that it lists as a status.
    without : set of str
        With "status" in it, no column counts.

    Returns
    -------
    list of str
        First the one of `columns`, then those whose name says it outright.
    """
    if "status" in without:
        return []
    listed = {folded(one) for one in export.columns.get("status", [])} if export else set()
    taken = {pair[0] for pair in columns.values()}
    first = [columns["status"][0]] if "status" in columns else []
    others = [
        column
        for column in raw
        if column not in taken
        and (folded(column) in listed or name_score("status", column) == GRADES["first"])
    ]
    codes = number_columns(raw[others], ())
    return first + [column for column in others if column not in codes]


def read_status(values, export=None, told=None, certain=False):
    """Tell by their states which lines are sales.

    Parameters
    ----------
    values : Series
        The states as the source names them; its name may tell that they are of shipments.
    export : ecomlab.shop.exports.Export, optional
        Its own lists go before the common ones.
    told : dict, optional
        `sales` and `no_sales`, as a person listed them; these go first.
    certain : bool
        The column is known to hold states, and was not guessed.

    Returns
    -------
    sale : Series of bool or None
        None if the column holds no states.
    verdicts : dict of str to bool or None
        For each state, the most frequent first: a sale, none, or on no list.
    """
    told = told or {}
    codes, kinds = distinct(values)
    # A state may say until which day it holds.
    texts = as_texts(kinds).str.replace(_DAY, "", regex=True)
    counts = spread(texts, codes, values).value_counts()
    if not len(counts) or (len(counts) > _MANY and not told):
        return None, {}
    lists, name = _lists("statuses.toml"), set(tokens(values.name))
    if name & lists["shipments"]:
        # What waits to be sent is sold.
        told = told | {"sales": [*told.get("sales", []), *lists["weak"]]}
    judge = _refund_verdict if _of_refunds(values) else _verdict
    verdicts = {text: judge(text, export, told) for text in counts.index}
    known = sum(counts[text] for text, verdict in verdicts.items() if verdict is not None)
    certain |= False in verdicts.values()
    if known < 0.5 * counts.sum() and not certain:
        return None, {}
    no_sale = texts.map(verdicts).eq(False)
    return ~spread(no_sale, codes, values, False), verdicts


def paid_for(values):
    """Tell which lines a column of states calls paid for."""
    return _says(values, "paid")


def waits(values, export=None, told=None):
    """Tell which lines a column of states calls not yet worked on: no sale unless paid for.

    A state that a person or the export lists as no sale does not wait, nor does a refund's.
    """
    if _of_refunds(values):
        return pd.Series(False, index=values.index)
    return _says(values, "waiting", lambda text: _listed(text, export, told or {}) is None)


def _of_refunds(values):
    return bool(set(tokens(values.name)) & _lists("statuses.toml")["refund_events"])


def _says(values, key, also=lambda text: True):
    codes, kinds = distinct(values)
    said = as_texts(kinds).map(
        lambda text: folded(text) in _lists("statuses.toml")[key] and also(text)
    )
    return spread(said.eq(True), codes, values, False)


def _listed(text, export, told):
    """Return what a person, else the export, lists a state as; None where neither names it."""
    word = folded(text)
    own = export.status if export is not None else {}
    for lists in (told, own):
        for key, verdict in (("no_sales", False), ("sales", True)):
            if word in {folded(one) for one in lists.get(key, [])}:
                return verdict
    return None


def _refund_verdict(text, export, told):
    """Return the same as `_verdict` for a state of a refund."""
    listed = _listed(text, export, told)
    if listed is not None:
        return listed
    word, lists = folded(text), _lists("statuses.toml")
    return False if word in lists["refunded"] else True if word in lists["not_refunded"] else None


def _verdict(text, export, told):
    """Return True for a sale, False for none, None where no list knows."""
    listed = _listed(text, export, told)
    if listed is not None:
        return listed
    word, common = folded(text), _lists("statuses.toml")
    if word in common["no_sales"]:
        return False
    if word in common["sales"]:
        return True
    parts = set(tokens(text))
    if parts & common["negations"]:  # "not refunded" is no refund
        return None
    for key, verdict in (("no_sales", False), ("sales", True)):
        if parts & common[key] and "partially" not in parts:
            return verdict
    return True if parts & common["sales"] else None


def read_events(raw, export):
    """Tell sales from refunds and other events of an account.

    Returns
    -------
    kind : Series of str or None
        "sale", "refund" or "other"; None if the export has no events.
    others : list of str
        The events that are neither.
    """
    column = column_in(raw, export.rows.get("type", [])) if export is not None else None
    if column is None:
        return None, []
    texts = as_texts(raw[column])
    kinds = {}
    for text in texts.dropna().unique():
        word = folded(text)
        kinds[text] = next(
            (
                key
                for key in ("sales", "refunds")
                if word in {folded(one) for one in export.rows[key]}
            ),
            "other",
        )
    kind = texts.map(kinds).fillna("other").replace({"sales": "sale", "refunds": "refund"})
    return kind, [text for text, what in kinds.items() if what == "other"]


def status_by_values(raw, taken):
    """Return a column, beside those taken, in which every value is a state that is known.

    Some must be sales and some none, or the column holds something else. None if there is no
    such column.
    """
    never, weak = words()["status"][1], _lists("statuses.toml")["weak"]
    for column, texts in _of_few_values(raw, taken):
        if never & set(tokens(column)):
            continue
        verdicts = {text: _verdict(text, None, {}) for text in texts}
        strong = any(v is False and folded(text) not in weak for text, v in verdicts.items())
        if strong and True in verdicts.values() and None not in verdicts.values():
            return column
    return None


def events_by_values(raw, taken):
    """Tell sales from what goes back by a column whose every value names such an event.

    Returns
    -------
    column : str or None
        None if there is no such column.
    kind : Series of str or None
        "sale", "refund" or "other".
    others : list of str
        The events that are neither.
    """
    lists = _lists("statuses.toml")
    named = {"sale": lists["sale_events"], "refund": lists["refund_events"]}
    named["other"] = lists["other_events"]
    for column, texts in _of_few_values(raw, taken):
        kinds = {
            text: next((kind for kind, known in named.items() if folded(text) in known), None)
            for text in texts
        }
        if "sale" in kinds.values() and len(set(kinds.values())) > 1 and None not in kinds.values():
            others = [text for text, kind in kinds.items() if kind == "other"]
            return column, as_texts(raw[column]).map(kinds).fillna("other"), others
    return None, None, []


def flagged(raw, taken):
    """Tell which lines a column such as "is_cancelled" or "Storniert am" calls no sale.

    Returns
    -------
    flag : Series of bool
    columns : list of str
        Those that say so of a line.
    """
    lists = _lists("statuses.toml")
    flag, said = pd.Series(False, index=raw.index), []
    for column in raw.columns:
        parts = set(tokens(column)) - lists["beside_flags"]
        if column in taken or not parts or not parts <= lists["flags"]:
            continue
        texts = as_texts(raw[column])
        values = {text: folded(text) for text in texts.dropna().unique()}
        if set(values.values()) <= lists["yes"] | lists["no"]:
            here = texts.map(values).isin(lists["yes"])
        elif looks_like_dates(pd.Series(list(values))) > 0.9:
            here = texts.notna()
        else:
            continue
        if here.any() and not here.all():
            flag |= here
            said.append(column)
    return flag, said


def _of_few_values(raw, taken):
    """Yield the columns of few values, beside those taken, with these."""
    for column in raw.columns:
        if column not in taken and not pd.api.types.is_numeric_dtype(raw[column].dtype):
            values = raw[column].unique()
            if len(values) <= _FEW:
                texts = as_texts(pd.Series(values)).dropna().tolist()
                if len(texts) > 1:
                    yield column, texts


def is_service(frame, export=None):
    """Tell which lines are postage, fees, vouchers or corrections, and no goods.

    Parameters
    ----------
    frame : DataFrame
        With product_id or product.
    export : ecomlab.shop.exports.Export, optional

    Returns
    -------
    Series of bool
    """
    found = pd.Series(False, index=frame.index)
    ids = set(export.services.get("ids", [])) if export is not None else set()
    for name in ("product_id", "product"):
        if name in frame:
            values = frame[name].dropna().unique()
            # A number names nothing, and some shops have many.
            services = {
                one for one in values if one in ids or (not one.isdigit() and _names_service(one))
            }
            if services:
                found |= frame[name].isin(services)
    return found


def _names_service(text):
    lists = _lists("services.toml")
    # A voucher's value and a shipment's weight are no names.
    parts = [part for part in tokens(text) if not part.isdigit()]
    if "".join(parts) in lists["services"]:
        return True
    hits = [part for part in parts if part in lists["services"] or _begins_as_service(part)]
    return bool(hits) and set(parts) <= {*hits, *lists["beside"]}


@cache
def _begins_as_service(part):
    """Tell whether a long word begins with a long word for a service, as in German."""
    return any(
        part.startswith(word) for word in _lists("services.toml")["services"] if len(word) >= _LONG
    )
