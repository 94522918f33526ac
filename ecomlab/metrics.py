"""Measures that no library gives as needed: rankings scored whole, and how sure a mean is."""

import numpy as np


def recall_at_k(scores, relevant, k=10):
    """Return, for each row, the share of its relevant items among its k best-scored.

    Parameters
    ----------
    scores : array, shape (n_rows, n_items)
        Higher is better. An item at ``-inf`` is never recommended. Equal scores keep the
        items' order.
    relevant : array of bool, shape (n_rows, n_items)
    k : int

    Returns
    -------
    array, shape (n_rows,)
        Between 0 and 1; NaN for a row with no relevant item.
    """
    relevant = np.asarray(relevant, bool)
    hits = _hits(scores, relevant, k).sum(axis=1)
    return _ratio(hits, relevant.sum(axis=1))


def ndcg_at_k(scores, relevant, k=10):
    """Return, for each row, its normalised discounted cumulative gain at k.

    A hit at rank r gains ``1 / log2(r + 1)``; the sum is divided by that of a perfect list
    (Järvelin and Kekäläinen, 2002, with gains of 0 and 1).

    Parameters
    ----------
    scores : array, shape (n_rows, n_items)
        As for `recall_at_k`.
    relevant : array of bool, shape (n_rows, n_items)
    k : int

    Returns
    -------
    array, shape (n_rows,)
        Between 0 and 1; NaN for a row with no relevant item.
    """
    relevant = np.asarray(relevant, bool)
    hits = _hits(scores, relevant, k)
    discounts = 1 / np.log2(np.arange(hits.shape[1]) + 2)
    perfect = np.append(0, discounts.cumsum())
    n_relevant = np.minimum(relevant.sum(axis=1), hits.shape[1])
    return _ratio(hits @ discounts, perfect[n_relevant])


def target_ranks(scores, targets):
    """Return the rank of each row's one true item among all items.

    Parameters
    ----------
    scores : array, shape (n_rows, n_items)
    targets : array of int, shape (n_rows,)
        The column of the true item.

    Returns
    -------
    array of int, shape (n_rows,)
        1 for the best. An item that scores the same as the target counts as better: a
        model that gives every item one score gains nothing.
    """
    scores = np.asarray(scores)
    target = scores[np.arange(len(scores)), targets][:, None]
    return (scores >= target).sum(axis=1)


def hit_rate_at_k(ranks, k=20):
    """Return 1 for each row whose target is among the k best, else 0: HR@k before its mean.

    Parameters
    ----------
    ranks : array of int, shape (n_rows,)
        From `target_ranks`.
    k : int

    Returns
    -------
    array of float, shape (n_rows,)
    """
    return (np.asarray(ranks) <= k).astype(float)


def mrr_at_k(ranks, k=20):
    """Return 1 / rank for each row whose target is among the k best, else 0.

    Parameters
    ----------
    ranks : array of int, shape (n_rows,)
        From `target_ranks`.
    k : int

    Returns
    -------
    array of float, shape (n_rows,)
        Its mean is the mean reciprocal rank, MRR@k.
    """
    ranks = np.asarray(ranks)
    return np.where(ranks <= k, 1 / ranks, 0.0)


def bootstrap_interval(values, draws=1000, seed=1, groups=None):
    """Return the 95% percentile interval of the mean of `values` (Efron, 1979).

    Parameters
    ----------
    values : array, shape (n_rows,)
        One number a row, for instance a paired difference. NaN rows are left out.
    draws : int
        How often the rows are drawn again, with replacement.
    seed : int
    groups : array, shape (n_rows,), optional
        The household or session of each row. Rows of one group are not independent, so
        whole groups are drawn.

    Returns
    -------
    low, high : float
    """
    values = np.asarray(values, float)
    known = ~np.isnan(values)
    values = values[known]
    if groups is None:
        totals, sizes = values, np.ones(len(values))
    else:
        _, index = np.unique(np.asarray(groups)[known], return_inverse=True)
        totals, sizes = np.bincount(index, values), np.bincount(index)
    if len(totals) == 0:
        raise ValueError("no value to draw from: all are NaN or there are none")
    rng = np.random.default_rng(seed)
    means = np.empty(draws)
    for draw in range(draws):
        rows = rng.integers(len(totals), size=len(totals))
        means[draw] = totals[rows].sum() / sizes[rows].sum()
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def mase(truth, forecast, past):
    """Return each row's mean absolute scaled error (Hyndman and Koehler, 2006).

    The mean error of the forecast, divided by that of the forecast "as last week", one week
    ahead, over the known past.

    Parameters
    ----------
    truth, forecast : array, shape (n_rows, horizon)
        Where the truth is NaN, the week does not count.
    past : array, shape (n_rows, n_weeks)
        Values until the origin. NaN is left out together with the change to the next week.

    Returns
    -------
    array, shape (n_rows,)
        NaN for a row whose past never changed or whose truth is nowhere known.
    """
    errors = np.abs(np.asarray(truth, float) - forecast)
    changes = np.abs(np.diff(np.asarray(past, float), axis=1))
    (error, weeks), (change, steps) = (
        (np.nansum(part, axis=1), (~np.isnan(part)).sum(axis=1)) for part in (errors, changes)
    )
    return _ratio(_ratio(error, weeks), _ratio(change, steps))


def _hits(scores, relevant, k):
    """Return, by rank, whether each of a row's k best items is relevant, (n_rows, k)."""
    if np.shape(scores) != relevant.shape:
        raise ValueError(f"scores are {np.shape(scores)}, relevant is {relevant.shape}")
    best = np.argsort(-np.asarray(scores), axis=1, kind="stable")[:, :k]
    return np.take_along_axis(relevant & np.isfinite(scores), best, axis=1)


def _ratio(part, whole):
    """Divide, with NaN where there is nothing to divide by."""
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
