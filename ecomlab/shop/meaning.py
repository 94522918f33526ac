"""Which lines are sales of goods: states of orders, events of accounts, services."""

import tomllib
from functools import cache
from pathlib import Path

import pandas as pd

from ecomlab.shop.exports import column_in, folded
from ecomlab.shop.guessing import tokens
from ecomlab.shop.values import as_texts

_HERE = Path(__file__).parent
_MANY = 40  # states; more are none


@cache
def _lists(name):
    toml = tomllib.loads((_HERE / name).read_text(encoding="utf-8"))
    return {key: frozenset(text.split()) for key, text in toml.items()}


def read_status(values, export=None, told=None, certain=False):
    """Tell by their states which lines are sales.

    Parameters
    ----------
    values : Series
        The states as the source names them.
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
    no_sales : list of str
        The states that are none.
    unknown : list of str
        States that no list has.
    """
    texts = as_texts(values)
    counts = texts.value_counts()
    if len(counts) > _MANY and not told:
        return None, [], []
    verdicts = {text: _verdict(text, export, told or {}) for text in counts.index}
    known = sum(counts[text] for text, verdict in verdicts.items() if verdict is not None)
    if not counts.sum() or (known < 0.5 * counts.sum() and not certain):
        return None, [], []
    no_sales = [text for text, verdict in verdicts.items() if verdict is False]
    unknown = [text for text, verdict in verdicts.items() if verdict is None]
    return ~texts.isin(no_sales), no_sales, unknown


def _verdict(text, export, told):
    """Return True for a sale, False for none, None where no list knows."""
    word = folded(text)
    own = export.status if export is not None else {}
    for lists in (told, own):
        for key, verdict in (("no_sales", False), ("sales", True)):
            if word in {folded(one) for one in lists.get(key, [])}:
                return verdict
    common = _lists("statuses.toml")
    if word in common["no_sales"]:
        return False
    if word in common["sales"]:
        return True
    parts = set(tokens(text))
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
    parts = tokens(text)
    lists = _lists("services.toml")
    both = lists["services"] | lists["beside"]
    whole = "".join(parts) in lists["services"]
    return whole or (bool(set(parts) & lists["services"]) and set(parts) <= both)
