"""How often a customer will order again, and whether they still do: two classic models.

In both, a customer orders at random at a rate of their own until, unseen, they leave. BG/NBD
lets them leave after an order only, Pareto/NBD at any time. Time is in weeks throughout.
"""

import tomllib
import warnings
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize
from scipy.special import betaln, expit, gammaln, hyp2f1

from ecomlab.segments import order_days

__all__ = [
    "BgNbd",
    "ParetoNbd",
    "fit_bg_nbd",
    "fit_pareto_nbd",
    "published_cdnow_customers",
    "rfm_summary",
]


def published_cdnow_customers():
    """Return the customers of the published one-in-ten sample of CDNOW.

    Returns
    -------
    array of int, shape (2357,)
        Their ``customer_id`` in the full data, rising.

    Notes
    -----
    Fader and Hardie ship the list as CDNOW_sample.txt. They call the sample systematic, but
    it is not every tenth number, so the list itself is kept here.
    """
    listed = (files("ecomlab.datasets") / "cdnow_published_sample.toml").read_text("utf-8")
    return np.array(tomllib.loads(listed)["customers"])


def rfm_summary(orders, last_day, customer="customer_id", date="date", amount="amount"):
    """Return frequency, recency, age and value of each customer on the last day of a period.

    Parameters
    ----------
    orders : pandas.DataFrame
        One row an order or a part of one. All orders of one day count as one.
    last_day : str or pandas.Timestamp
        The last day of the period; it is looked at. Later rows are left out, and so are
        customers whose first order is later.
    customer, date : str
        Column names; dates without time, or their time is dropped.
    amount : str or None
        The column of money; None where there is none.

    Returns
    -------
    pandas.DataFrame
        Index: the customer, rising. Columns:

        - ``frequency``: days with an order after the first such day
        - ``recency``: weeks from the first day to the last; 0 for who never came again
        - ``age``: weeks from the first day to `last_day`
        - ``monetary_value``: mean money of a repeat day, 0 where there is none; only if
          `amount` is given

    Raises
    ------
    KeyError
        If a column is missing.
    ValueError
        If no order lies in the period, or a customer or date is missing.
    """
    columns = [customer, date] + ([amount] if amount else [])
    if missing := [name for name in columns if name not in orders]:
        raise KeyError(f"orders have no column {', '.join(map(repr, missing))}")
    if orders[[customer, date]].isna().to_numpy().any():
        raise ValueError("an order without customer or date")
    last_day = pd.Timestamp(last_day).normalize()
    rows = orders.loc[orders[date] < last_day + pd.Timedelta(days=1), columns]
    if rows.empty:
        raise ValueError(f"no order up to {last_day:%Y-%m-%d}")
    by = order_days(rows, customer, date, amount).groupby(customer)
    first, last, n_days = by[date].min(), by[date].max(), by.size()
    summary = pd.DataFrame(
        {
            "frequency": n_days - 1,
            "recency": (last - first).dt.days / 7,
            "age": (last_day - first).dt.days / 7,
        }
    )
    if amount:
        # Each customer's days come in order, so the first row of a customer is the first day.
        repeat = by["money"].sum() - by["money"].first()
        summary["monetary_value"] = (repeat / summary["frequency"].clip(lower=1)).round(10)
    return summary


class BgNbd(NamedTuple):
    """The fitted BG/NBD model (Fader, Hardie and Lee, 2005).

    Rates of ordering follow a gamma distribution with shape `r` and `alpha` weeks; after each
    order a customer leaves with a probability that follows a beta distribution (`a`, `b`).
    """

    r: float
    alpha: float
    a: float
    b: float

    def log_likelihood(self, frequency, recency, age):
        """Return the log-likelihood of each customer, shape (n,)."""
        x, seen, whole = _columns(frequency, recency, age)
        r, alpha, a, b = self
        both = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
        staying = betaln(a, b + x) - (r + x) * np.log(alpha + whole)
        leaving = betaln(a + 1, b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + seen)
        return both + np.logaddexp(staying, np.where(x > 0, leaving, -np.inf))

    def probability_alive(self, frequency, recency, age):
        """Return the probability that each customer has not left, shape (n,).

        It is 1 for who never ordered again: in this model nobody leaves but after an order.
        """
        x, seen, whole = _columns(frequency, recency, age)
        odds = np.log(self.a / (self.b + np.maximum(x, 1) - 1))
        odds = odds + (self.r + x) * np.log((self.alpha + whole) / (self.alpha + seen))
        return np.where(x > 0, expit(-odds), 1.0)

    def expected_purchases(self, weeks, frequency, recency, age):
        """Return the expected number of days with an order in the coming weeks, shape (n,)."""
        x, seen, whole = _columns(frequency, recency, age)
        r, alpha, a, b = self
        a = a if abs(a - 1) > 1e-6 else 1 + 1e-6  # the formula divides by a - 1
        share = weeks / (alpha + whole + weeks)
        # Euler's transformation: no argument of the series but b + x grows with x.
        series = hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, share)
        if_alive = (a + b + x - 1) / (a - 1) * (1 - (1 - share) ** (a - 1) * series)
        return if_alive * self.probability_alive(x, seen, whole)

    def simulate(self, weeks, frequency, recency, age, paths=1000, seed=1):
        """Return order days in the coming weeks in simulated futures, int, (paths, n)."""
        x, seen, whole = _columns(frequency, recency, age)
        rng, shape = np.random.default_rng(seed), (paths, len(x))
        alive = rng.random(shape) < self.probability_alive(x, seen, whole)
        rate = rng.gamma(self.r + x, 1 / (self.alpha + whole), shape)
        leaves = np.clip(rng.beta(self.a, self.b + x, shape), 1e-12, 1)
        return np.where(alive, np.minimum(rng.poisson(rate * weeks), rng.geometric(leaves)), 0)


class ParetoNbd(NamedTuple):
    """The fitted Pareto/NBD model (Schmittlein, Morrison and Colombo, 1987).

    Rates of ordering follow a gamma distribution with shape `r` and `alpha` weeks, rates of
    leaving one with shape `s` and `beta` weeks.
    """

    r: float
    alpha: float
    s: float
    beta: float

    def log_likelihood(self, frequency, recency, age):
        """Return the log-likelihood of each customer, shape (n,)."""
        x, seen, whole = _columns(frequency, recency, age)
        both = gammaln(self.r + x) - gammaln(self.r)
        both += self.r * np.log(self.alpha) + self.s * np.log(self.beta)
        return both + np.logaddexp(self._alive(x, whole), self._left(x, seen, whole))

    def probability_alive(self, frequency, recency, age):
        """Return the probability that each customer has not left, shape (n,)."""
        x, seen, whole = _columns(frequency, recency, age)
        return expit(self._alive(x, whole) - self._left(x, seen, whole))

    def expected_purchases(self, weeks, frequency, recency, age):
        """Return the expected number of days with an order in the coming weeks, shape (n,)."""
        x, seen, whole = _columns(frequency, recency, age)
        s = self.s if abs(self.s - 1) > 1e-9 else 1 + 1e-9  # the limit, to eight digits
        stays = np.log1p(weeks / (self.beta + whole))
        lasting = (self.beta + whole) * -np.expm1((1 - s) * stays) / (s - 1)
        rate = (self.r + x) / (self.alpha + whole)
        return rate * lasting * self.probability_alive(x, seen, whole)

    def simulate(self, weeks, frequency, recency, age, paths=1000, seed=1):
        """Return order days in the coming weeks in simulated futures, int, (paths, n)."""
        x, seen, whole = _columns(frequency, recency, age)
        rng, shape = np.random.default_rng(seed), (paths, len(x))
        alive = rng.random(shape) < self.probability_alive(x, seen, whole)
        rate = rng.gamma(self.r + x, 1 / (self.alpha + whole), shape)
        # A rate of leaving near 0 is a stay beyond all weeks asked for.
        leaving = np.maximum(rng.gamma(self.s, 1 / (self.beta + whole), shape), 1e-12)
        stay = np.minimum(rng.exponential(1, shape) / leaving, weeks)
        return np.where(alive, rng.poisson(rate * stay), 0)

    def _alive(self, x, whole):
        return -(self.r + x) * np.log(self.alpha + whole) - self.s * np.log(self.beta + whole)

    def _left(self, x, seen, whole):
        """Return the log of the part of the likelihood in which the customer has left."""
        r, alpha, s, beta = self
        third = r + s + x + 1

        def tail(weeks):  # Euler's transformation leaves a series whose first argument is 1
            if alpha >= beta:
                series = hyp2f1(1, r + x, third, (alpha - beta) / (alpha + weeks))
                return np.log(series) - (r + x) * np.log(alpha + weeks) - s * np.log(beta + weeks)
            series = hyp2f1(1, s + 1, third, (beta - alpha) / (beta + weeks))
            logs = (r + x - 1) * np.log(alpha + weeks) + (s + 1) * np.log(beta + weeks)
            return np.log(series) - logs

        early, late = tail(seen), tail(whole)
        gap = np.maximum(early - late, 1e-300)  # 0 for who ordered on the last day
        return np.log(s / (r + s + x)) + early + np.log(-np.expm1(-gap))


def fit_bg_nbd(frequency, recency, age):
    """Fit BG/NBD by maximum likelihood.

    Parameters
    ----------
    frequency, recency, age : array, shape (n,)
        As `rfm_summary` returns them: order days after the first, and weeks.

    Returns
    -------
    BgNbd

    Raises
    ------
    ValueError
        If the numbers contradict each other, or nobody ever ordered again.
    RuntimeError
        If the search does not settle.

    Warns
    -----
    UserWarning
        If the search runs towards its bounds, to a parameter above 1,000 or below 1 / 1,000: the
        data do not tell it. The warning names it.
    """
    return _fit(BgNbd, (1.0, 5.0, 1.0, 2.0), frequency, recency, age)


def fit_pareto_nbd(frequency, recency, age):
    """Fit Pareto/NBD by maximum likelihood.

    Parameters
    ----------
    frequency, recency, age : array, shape (n,)
        As `rfm_summary` returns them: order days after the first, and weeks.

    Returns
    -------
    ParetoNbd

    Raises
    ------
    ValueError
        If the numbers contradict each other, or nobody ever ordered again.
    RuntimeError
        If the search does not settle.

    Warns
    -----
    UserWarning
        If the search runs towards its bounds, to a parameter above 1,000 or below 1 / 1,000: the
        data do not tell it. The warning names it.
    """
    return _fit(ParetoNbd, (1.0, 5.0, 1.0, 10.0), frequency, recency, age)


BOUNDS = -9, 9  # of the logarithm of each parameter
# The likelihood grows flat towards a bound, so the search may stop on its way there.
EXTREME = 1000


def _fit(model, start, frequency, recency, age):
    x, seen, whole = _columns(frequency, recency, age)
    if not x.any():
        raise ValueError("nobody ordered again: there is nothing to fit")
    # Customers with the same three numbers are one row with a weight.
    rows, weights = np.unique(np.stack([x, seen, whole]), axis=1, return_counts=True)

    def loss(logs):
        return -np.average(model(*np.exp(logs)).log_likelihood(*rows), weights=weights)

    within = {"bounds": [BOUNDS] * 4}
    found = optimize.minimize(
        loss, np.log(start), method="L-BFGS-B", options={"ftol": 1e-13}, **within
    )
    stuck = not found.success and np.abs(found.jac).max() > 1e-3
    if stuck:
        # Near a bound, rounding in the likelihood is larger than the steps of its slope: the
        # search goes on without slopes.
        options = {"xatol": 1e-4, "fatol": 1e-9, "maxiter": 4000, "maxfev": 4000}
        found = optimize.minimize(loss, found.x, method="Nelder-Mead", options=options, **within)
        stuck = not found.success
    if stuck or not np.isfinite(found.fun):
        raise RuntimeError(f"{model.__name__} did not settle: {found.message}")
    fitted = model(*map(float, np.exp(found.x)))
    extreme = [
        f"{name} = {value:.3g}"
        for name, value in fitted._asdict().items()
        if not 1 / EXTREME < value < EXTREME
    ]
    if extreme:
        warnings.warn(
            f"{model.__name__}: the search ran towards its bounds and stopped at "
            f"{', '.join(extreme)}. These customers do not tell such a parameter: do not read it, "
            "and check the forecasts on later weeks.",
            stacklevel=3,
        )
    return fitted


def _columns(frequency, recency, age):
    """Return the three as arrays of float, checked."""
    x, seen, whole = (np.asarray(values, float) for values in (frequency, recency, age))
    if not x.shape == seen.shape == whole.shape or x.ndim != 1:
        raise ValueError(f"three columns of one length, not {x.shape}, {seen.shape}, {whole.shape}")
    if not all(np.isfinite(values).all() for values in (x, seen, whole)):
        raise ValueError("every number must be finite")
    if (x < 0).any() or (seen < 0).any() or (seen > whole + 1e-9).any():
        raise ValueError("frequency and recency must not be negative, nor recency above age")
    if ((x == 0) & (seen > 0)).any():
        raise ValueError("who never ordered again has recency 0")
    return x, seen, whole
