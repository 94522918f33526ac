"""Lifetime models against the published fits on the 2,357 customers of CDNOW, and by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad

from ecomlab.datasets import load_cdnow
from ecomlab.lifetime import (
    BgNbd,
    ParetoNbd,
    fit_bg_nbd,
    fit_pareto_nbd,
    published_cdnow_customers,
    rfm_summary,
)

BG_NBD = BgNbd(0.243, 4.414, 0.793, 2.426)
PARETO_NBD = ParetoNbd(0.553, 10.578, 0.606, 11.669)
# Never again; again long ago; again on the last day; very often.
CASES = np.array([[0, 0, 30], [2, 10, 30], [3, 30, 30], [60, 29, 30]], float).T


@pytest.fixture(scope="module")
def cdnow(have):
    """Return the summary of 39 weeks and the order days of the 39 weeks that follow."""
    have("cdnow")
    orders = load_cdnow("full")
    orders = orders[orders["customer_id"].isin(published_cdnow_customers())]
    summary = rfm_summary(orders, "1997-09-30")
    later = orders[orders["date"] > "1997-09-30"].drop_duplicates(["customer_id", "date"])
    counts = later.groupby("customer_id").size().reindex(summary.index, fill_value=0)
    return summary[["frequency", "recency", "age"]].to_numpy().T, counts.to_numpy()


@pytest.mark.fulldata
def test_the_published_sample(cdnow):
    (frequency, _, age), later = cdnow
    assert len(frequency) == 2357
    assert (frequency.sum(), (frequency == 0).sum(), later.sum()) == (2457, 1411, 1882)
    assert age.max() == pytest.approx(38.86, abs=0.005)


@pytest.mark.parametrize(
    "fit, published, likelihood, mae, rmse",
    [
        (fit_bg_nbd, BG_NBD, -9582.4, 0.786, 1.608),
        (fit_pareto_nbd, PARETO_NBD, -9595.0, 0.755, 1.603),
    ],
)
@pytest.mark.fulldata
def test_fits_as_published(cdnow, fit, published, likelihood, mae, rmse):
    summary, later = cdnow
    model = fit(*summary)
    assert model == pytest.approx(published, rel=2e-3)
    assert model.log_likelihood(*summary).sum() == pytest.approx(likelihood, abs=0.05)
    error = model.expected_purchases(39, *summary) - later
    assert np.abs(error).mean() == pytest.approx(mae, abs=1e-3)
    assert np.sqrt((error**2).mean()) == pytest.approx(rmse, abs=1e-3)


@pytest.mark.parametrize("model", [BG_NBD, PARETO_NBD])
def test_simulated_futures_have_the_expected_mean(model):
    paths = model.simulate(39, *CASES, paths=40_000)
    noise = paths.std(axis=0) / np.sqrt(len(paths))
    assert (np.abs(paths.mean(axis=0) - model.expected_purchases(39, *CASES)) < 4 * noise).all()
    alive = model.probability_alive(*CASES)
    assert ((alive > 0) & (alive <= 1)).all() and alive[1] < alive[2]
    assert (model.simulate(39, *CASES, paths=3) == model.simulate(39, *CASES, paths=3)).all()


def test_bg_nbd_by_hand():
    # Rate 1 a week in the mean, and after one repeat order at week 1 of 2: odds of having left
    # a / b * ((alpha + 2) / (alpha + 1)) ** (r + 1) = 1 / 1 * (3 / 2) ** 2.
    alive = BgNbd(1, 1, 1, 1).probability_alive([1.0], [1.0], [2.0])
    assert alive == pytest.approx([1 / (1 + 2.25)])


@pytest.mark.parametrize("r, alpha, s, beta", [(0.6, 10, 0.7, 12), (0.6, 12, 0.7, 10)])
def test_pareto_nbd_against_its_integral(r, alpha, s, beta):
    # The customer left at week y, anywhere between the last order and the end.
    for x, seen, whole in CASES.T[1:2]:
        left, _ = quad(lambda y: s * (alpha + y) ** -(r + x) * (beta + y) ** -(s + 1), seen, whole)  # noqa: B023
        stayed = (alpha + whole) ** -(r + x) * (beta + whole) ** -s
        alive = ParetoNbd(r, alpha, s, beta).probability_alive([x], [seen], [whole])
        assert alive == pytest.approx([stayed / (stayed + left)], rel=1e-6)


@pytest.mark.parametrize("model", [BG_NBD, PARETO_NBD])
def test_holds_for_who_orders_very_often(model):
    often = np.array([[2000.0], [38.0], [38.5]])
    assert np.isfinite(model.log_likelihood(*often)).all()
    assert 0 < model.expected_purchases(39, *often)[0] < 39 * 2000 / 38


@pytest.mark.parametrize("one, near", [(BG_NBD._replace(a=1.0), BG_NBD._replace(a=1.0001))])
def test_no_hole_where_the_formula_divides_by_zero(one, near):
    values = [model.expected_purchases(39, *CASES) for model in (one, near)]
    assert values[0] == pytest.approx(values[1], rel=1e-3)


def test_pareto_nbd_has_no_hole_at_one():
    values = [PARETO_NBD._replace(s=s).expected_purchases(39, *CASES) for s in (1.0, 1.0001)]
    assert values[0] == pytest.approx(values[1], rel=1e-3)


def test_summary_by_hand():
    rows = [
        ("b", "2026-01-01", 10.0),
        ("b", "2026-01-01", 5.0),  # the same day: the same order
        ("b", "2026-01-15", 7.0),
        ("b", "2026-01-22 18:30", 9.0),
        ("b", "2026-02-05", 99.0),  # after the end
        ("a", "2026-01-08", 3.0),
        ("late", "2026-02-02", 1.0),
    ]
    orders = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    orders["date"] = pd.to_datetime(orders["date"], format="mixed")
    summary = rfm_summary(orders.sample(frac=1, random_state=1), "2026-01-29")
    assert summary.index.tolist() == ["a", "b"]
    assert summary.loc["a"].tolist() == [0, 0, 3, 0]
    assert summary.loc["b"].tolist() == [2, 3, 4, 8]
    assert list(rfm_summary(orders, "2026-01-29", amount=None)) == ["frequency", "recency", "age"]
    with pytest.raises(ValueError, match="no order up to 2025"):
        rfm_summary(orders, "2025-01-01")
    with pytest.raises(KeyError, match="'money'"):
        rfm_summary(orders, "2026-01-29", amount="money")
    with pytest.raises(ValueError, match="without customer or date"):
        rfm_summary(orders.assign(date=pd.NaT), "2026-01-29")


@pytest.mark.parametrize(
    "columns, reason",
    [
        (([1], [5], [4]), "recency above age"),
        (([0], [5], [6]), "recency 0"),
        (([0, 1], [0], [6]), "one length"),
        (([np.nan], [0], [6]), "finite"),
        (([0, 0], [0, 0], [6, 7]), "nobody ordered again"),
    ],
)
def test_numbers_that_contradict_each_other(columns, reason):
    for fit in (fit_bg_nbd, fit_pareto_nbd):
        with pytest.raises(ValueError, match=reason):
            fit(*columns)


def test_a_parameter_that_runs_to_its_bound_is_named():
    # Everybody orders once a week on the mean and nobody leaves: the likeliest chance of leaving
    # is 0, which neither a of BG/NBD nor s of Pareto/NBD can reach.
    rng = np.random.default_rng(1)
    days = [np.flatnonzero(rng.random(7 * 40) < 1 / 7) / 7 for _ in range(200)]
    columns = [len(d) for d in days], [d[-1] for d in days], [40.0] * len(days)
    for fit, named in ((fit_bg_nbd, "BgNbd: .* a = "), (fit_pareto_nbd, "ParetoNbd: .* s = ")):
        with pytest.warns(UserWarning, match=f"{named}.*do not read it") as told:
            fit(*columns)
        assert told[0].filename == __file__  # it points at the caller


@pytest.mark.parametrize("seed", range(8))
def test_customers_who_never_leave_and_are_alike_are_fitted(seed):
    # Sixty weekly customers who all ordered on the last day: near the bounds, rounding is larger
    # than the likelihood's slope, on which the first search stops.
    rng = np.random.default_rng(seed)
    ages = (173 + rng.integers(0, 9, 60)) / 7
    with pytest.warns(UserWarning, match="ran towards its bounds"):
        fitted = fit_bg_nbd(rng.integers(19, 22, 60), np.full(60, 173 / 7), ages)
    assert fitted.r / fitted.alpha == pytest.approx(20 / 25, rel=0.1)  # orders a week


@pytest.mark.filterwarnings("error")
def test_a_fit_inside_its_bounds_says_nothing():
    orders = load_cdnow("sample")
    summary = rfm_summary(orders, "1997-09-30")[["frequency", "recency", "age"]].to_numpy().T
    fit_bg_nbd(*summary), fit_pareto_nbd(*summary)
