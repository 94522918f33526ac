"""The orders that a report's notebook is given: a checked folder, a shop's file, or public data.

`ecomlab report` checks a file before a kernel starts and hands over a folder. papermill and
JupyterLab have no such step, so a notebook checks a file itself, by the same rules.
"""

from pathlib import Path

import pandas as pd

from ecomlab.errors import OrdersError
from ecomlab.shop.columns import NEEDS
from ecomlab.shop.orders import Orders, check_orders, read_orders
from ecomlab.shop.reading import RawTable
from ecomlab.shop.rules import LEAST, refuse_little

__all__ = ["demo_orders", "report_orders"]


def report_orders(report, orders="", *, columns="", out="", dataset="", size="full"):
    """Return the orders that a report's notebook works on.

    Parameters
    ----------
    report : {"segments", "recommend", "forecast"}
    orders : str or Path
        A file, as for `ecomlab report --data`, or a folder that `Orders.save` wrote; "" takes a
        public data set.
    columns : str or Path
        With a file: the TOML that says which column is what, and how to read it.
    out : str or Path
        A folder for the key, where customers of a file are shown under hashes; "" writes none.
    dataset, size : str
        As for `demo_orders`.

    Returns
    -------
    ecomlab.shop.orders.Orders

    Raises
    ------
    OrdersError
        If they cannot be used, in the words of `ecomlab report`.
    """
    orders = str(orders)  # papermill takes a file called 2025 for a number
    if not orders:
        return demo_orders(dataset, report, size)
    if not Path(orders).is_dir():
        read = read_orders(report, orders, columns=columns or None)
        if out:
            read.save_key(Path(out) / "customer_key.csv")
        return read
    checked = Orders.load(orders)
    lacking = [
        needed for needed in NEEDS[report] if not set(needed.split("|")) & set(checked.lines)
    ]
    if lacking:
        raise OrdersError(f"{checked.source} was checked for another report: no {lacking[0]}")
    refuse_little(checked, report, LEAST[report])
    return checked


def demo_orders(dataset, report, size="full"):
    """Return the orders of a public data set, as a report takes them when it is given none.

    Parameters
    ----------
    dataset : {"complete_journey", "cdnow"}
    report : str
    size : {"full", "sample"}

    Returns
    -------
    Orders

    Raises
    ------
    OrdersError
        If the data set is unknown, or lacks what the report needs.
    """
    from ecomlab.datasets import load_cdnow, load_complete_journey
    from ecomlab.splits import NOT_PRODUCTS

    if dataset == "cdnow":
        table = RawTable(load_cdnow(size), "cdnow", "69,659 orders of an online CD shop, 1997-98")
    elif dataset == "complete_journey":
        products = load_complete_journey("products", size)
        lines = load_complete_journey("transactions", size)
        names = products["product_type"].fillna("?").str.capitalize()
        names = names + " (" + products["brand"].str.lower().fillna("?") + ")"
        names.index = products["product_id"]
        kept = products.loc[~products["product_category"].isin(NOT_PRODUCTS), "product_id"]
        lines = lines[lines["product_id"].isin(kept)]
        frame = pd.DataFrame(
            {
                "customer_id": lines["household_id"],
                # The till's clock is UTC; the shops are about five hours behind it.
                "date": lines["transaction_timestamp"] - pd.Timedelta(hours=5),
                "order_id": lines["basket_id"],
                "product_id": lines["product_id"],
                "product": lines["product_id"].map(names),
                "quantity": lines["quantity"],
                "amount": lines["sales_value"],
            }
        )
        how = "a grocer's households in 2017; fuel and coupons are left out"
        table = RawTable(frame, "complete_journey", how)
    else:
        raise OrdersError(f"no data set {dataset!r}: choose complete_journey or cdnow")
    table.frame = table.frame.reset_index(drop=True)
    table.frame.index += 1
    return check_orders(report, table, settings={"currency": "USD"}, keep_duplicates=False)
