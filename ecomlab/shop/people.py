"""Customers under a short hash where their ids are names or addresses, with a key kept apart."""

import hashlib

import pandas as pd

from ecomlab.shop.columns import names_people

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


def _folded(text):
    """Return a name's bytes without differences of case and spaces: one person, one hash."""
    return " ".join(text.casefold().split()).encode()
