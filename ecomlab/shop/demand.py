"""What the forecast takes from the calendar, and the stock that its errors ask for."""

import numpy as np
import pandas as pd

__all__ = ["order_quantities", "whole_weeks"]

MISSING = 0.02  # of a week's lines, on days that the data do not reach: no more, and it is whole
TRUST = 4  # errors of its own from which a product's spread counts as much as that of all


def whole_weeks(dates):
    """Return the first and the last day of the weeks, Monday to Sunday, that the data hold whole.

    A week is whole if no day is missing, or if next to nothing is sold on the weekdays that are.

    Parameters
    ----------
    dates : Series of datetime64

    Returns
    -------
    first, last : Timestamp
        A Monday and a Sunday.
    told : str
        Which week was left out at either end, and why; "" for none.
    """
    days = dates.dt.normalize()
    start, end = days.min(), days.max()
    share = days.dt.day_of_week.value_counts(normalize=True).reindex(range(7), fill_value=0)
    first = start - pd.Timedelta(days=start.day_of_week)
    last = end + pd.Timedelta(days=6 - end.day_of_week)
    told = []
    if share[: start.day_of_week].sum() > MISSING:
        told.append(f"The first week is left out: its data begin on {start:%A, %Y-%m-%d}.")
        first += pd.Timedelta(days=7)
    if share[end.day_of_week + 1 :].sum() > MISSING:
        last -= pd.Timedelta(days=7)
        n = int((days > last).sum())
        told.append(
            f"The last week is incomplete: its data end on {end:%A, %Y-%m-%d}. It is left out "
            f"({n:,} lines), and the forecast begins with it."
        )
    return first, last, " ".join(told)


def order_quantities(forecast, errors, scales, scale, level):
    """Return the stock that lasts with a given probability, by the newsvendor's rule.

    It is the forecast and as much more as its errors ask for: the quantile of all products'
    errors, each divided by its own product's spread, times that product's spread. A spread
    is drawn towards that of all products, since a product has few errors of its own.

    Parameters
    ----------
    forecast : array, shape (n_products,)
        Units of the time that the stock must last.
    errors : array, shape (n_products, n_starts)
        Real minus forecast units of such times, at starts that the method was not fitted on.
    scales : array, shape (n_products, n_starts)
        Each product's size at those starts, in units: errors are taken as shares of it.
    scale : array, shape (n_products,)
        Its size now.
    level : float
        The service level, between 0 and 1: the share of products that are to last.

    Returns
    -------
    array, shape (n_products,)
        In units, at least 0 and not rounded.

    References
    ----------
    Arrow, Harris and Marschak, Optimal Inventory Policy, Econometrica 19, 1951.
    """
    shares = np.asarray(errors, float) / scales
    n_starts = shares.shape[1]
    own, of_all = (shares**2).mean(axis=1), (shares**2).mean()
    spread = np.sqrt((n_starts * own + TRUST * of_all) / (n_starts + TRUST))
    if not of_all:  # never wrong: nothing to hold in reserve
        return np.maximum(forecast, 0)
    reserve = np.quantile(shares / spread[:, None], level) * spread * scale
    return np.maximum(forecast + reserve, 0)
