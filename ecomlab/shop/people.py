"""Customers under a short hash where their ids are names or addresses; no sums over a few."""

import hashlib

import pandas as pd

from ecomlab.shop.columns import names_people

__all__ = ["FEW", "hide_people", "pool_few"]

FEW = 5  # customers: a sum over fewer tells of persons
LETTERS = 10  # of the hash: among a million customers, two share one with a chance of 0.4


def hide_people(customers, column):
    """Replace e-mail addresses and names by short hashes.

    Parameters
    ----------
    customers : Series of str
    column : str
        What the source calls them.

    Returns
    -------
    customers : Series of str
        Unchanged where ids tell of no person.
    key : DataFrame or None
        customer_id (the hash) and customer (as given), one row a customer.
    """
    named = names_people(column, customers)
    values = customers.dropna().drop_duplicates()
    hidden = values if named else values[values.str.contains("@", regex=False)]
    if hidden.empty:
        return customers, None
    short = {one: "c" + hashlib.sha256(_folded(one)).hexdigest()[:LETTERS] for one in hidden}
    key = pd.DataFrame({"customer_id": list(short.values()), "customer": list(short)})
    return customers.map(short).fillna(customers), key


def pool_few(groups):
    """Put the customers of small groups into one, so that no sum tells of fewer than `FEW`.

    A pool that would hold fewer itself takes the next smallest group in.

    Parameters
    ----------
    groups : Series of str
        The group of each customer.

    Returns
    -------
    Series of str
        "(small groups)" where the customer's own is pooled.
    """
    counts = groups.value_counts().sort_index().sort_values(kind="stable")  # ties by name
    small = counts < FEW
    while 0 < counts[small].sum() < FEW and not small.all():
        small[counts.index[small.sum()]] = True
    return groups.mask(groups.map(small).astype(bool), "(small groups)")


def _folded(text):
    """Return a name's bytes without differences of case and spaces: one person, one hash."""
    return " ".join(text.casefold().split()).encode()
