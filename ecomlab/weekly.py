"""Weekly sales of products, and forecasts from rolling origins that know nothing of later weeks."""

import numpy as np
import pandas as pd

__all__ = ["rolling_origins", "weekly_sales"]


def weekly_sales(
    orders,
    weeks=None,
    product="product_id",
    week="week",
    units="quantity",
    revenue="sales_value",
):
    """Return units, price and revenue of each product in each week.

    Parameters
    ----------
    orders : DataFrame
        One row an order line. Lines without units or money (gifts, refunds) are left out.
    weeks : (int, int), optional
        First and last week, both counted; by default those that occur.
    product, week, units, revenue : str
        The columns of `orders`; `week` holds whole numbers.

    Returns
    -------
    DataFrame
        Columns product, week, units, price, revenue; one row for each product and week, sorted.
        A week without sales has 0 units and revenue and no price (NaN). The price is revenue
        over units: what was paid on average, in the currency of `revenue`.

    Raises
    ------
    ValueError
        If no line is left.
    """
    sold = orders[(orders[units] > 0) & (orders[revenue] > 0)]
    if weeks is not None:
        sold = sold[sold[week].between(*weeks)]
    if sold.empty:
        raise ValueError("no order line with units and revenue lies in these weeks")
    first, last = weeks or (sold[week].min(), sold[week].max())
    sums = sold.groupby([product, week])[[units, revenue]].sum()
    grid = pd.MultiIndex.from_product(
        [sums.index.levels[0], range(first, last + 1)], names=["product", "week"]
    )
    table = sums.reindex(grid, fill_value=0).set_axis(["units", "revenue"], axis=1)
    table["price"] = table["revenue"] / table["units"].where(table["units"] > 0)
    return table.reset_index()[["product", "week", "units", "price", "revenue"]]


def rolling_origins(values, origins, steps, horizon=4, until=None):
    """Return what is known at each origin, and the weeks after it.

    Parameters
    ----------
    values : DataFrame, shape (n_products, n_weeks)
        One row a product; the columns are whole, consecutive week numbers.
    origins : sequence of int
        The last week that is known when a forecast is made.
    steps : sequence of int
        Weeks to look at, counted from the origin: 0 is the origin, -1 the week before.
    horizon : int
        Weeks to predict: 1 to `horizon` after the origin.
    until : int, optional
        The last week that training may see. Name it wherever the windows train a method.

    Returns
    -------
    past : array of float, shape (n_products, n_origins, n_steps)
    future : array of float, shape (n_products, n_origins, horizon)

    Raises
    ------
    ValueError
        If a step is later than its origin, if a window leaves the weeks of `values`, or if a
        week to be predicted lies after `until`.
    """
    weeks, origins, steps = (np.asarray(list(x), int) for x in (values.columns, origins, steps))
    if (np.diff(weeks) != 1).any():
        raise ValueError("the columns must be consecutive weeks")
    if (steps > 0).any():
        raise ValueError(
            f"step {steps.max()} lies after the origin: an input must be known when the forecast "
            "is made"
        )
    if until is not None and origins.max() + horizon > until:
        raise ValueError(
            f"origin {origins.max()} asks for week {origins.max() + horizon}, but training must "
            f"end by week {until}"
        )
    first, last = origins.min() + steps.min(), origins.max() + horizon
    if first < weeks[0] or last > weeks[-1]:
        raise ValueError(
            f"windows need weeks {first} to {last}, there are {weeks[0]} to {weeks[-1]}"
        )
    array, place = values.to_numpy(float), origins[:, None] - weeks[0]
    return array[:, place + steps], array[:, place + np.arange(1, horizon + 1)]
