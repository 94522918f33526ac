"""CDNOW: eighteen months of orders of an online CD shop's new customers."""

from .loading import files_of


def load_cdnow(size="full"):
    """Load the orders as shipped, with plain column names.

    Parameters
    ----------
    size : {"full", "sample"}
        All 69,659 orders of 23,570 customers, or all orders of 2,357 customers drawn at random
        (one in ten) that lie in the project.

    Returns
    -------
    pandas.DataFrame
        One row an order, columns:

        - ``customer_id``: an integer from 1 to 23,570
        - ``date``: the day, 1997-01-01 to 1998-06-30, datetime64
        - ``quantity``: CDs bought, 1 to 99
        - ``amount``: US dollars, 0 to 1,286.01

    Notes
    -----
    Source: Fader and Hardie's file CDNOW_master.txt, read from the Python package lifetimes
    0.11.3. Every customer's first order lies in the first quarter of 1997.

    Known traps: 255 rows repeat another exactly; 80 orders have an amount of zero; a customer
    may order several times a day (2,068 rows share customer and day with an earlier one).

    Examples
    --------
    >>> list(load_cdnow(size="sample").columns)
    ['customer_id', 'date', 'quantity', 'amount']
    """
    import pandas as pd

    orders = pd.read_csv(
        files_of("cdnow", size)["CDNOW_master.txt"],
        sep=r"\s+",
        skiprows=1,
        names=["customer_id", "date", "quantity", "amount"],
        dtype={"date": str},
    )
    orders["date"] = pd.to_datetime(orders["date"], format="%Y%m%d")
    return orders
