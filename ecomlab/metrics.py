"""Measures that no library gives as needed: rankings scored whole, and how sure a mean is."""

import numpy as np

__all__ = [
    "bootstrap_interval",
    "hit_rate_at_k",
    "in_top_k",
    "mase",
    "mrr_at_k",
    "ndcg_at_k",
    "recall_at_k",
    "seed_spread",
    "target_ranks",
    "top_k",
]


def top_k(scores, k=10):
    """Return the k best-scored items of each row, the best first.

    The order is stated, so it is the same on every processor: by falling score, and among
    equal scores the smaller column first. (`np.argpartition` and `np.argsort` let equal
    scores fall as the processor's own way of sorting has it.)

    Parameters
    ----------
    scores : array, shape (n_items,) or (n_rows, n_items)
        Higher is better.
    k : int
        Where there are fewer items, all of them.

    Returns
    -------
    array of int, shape (k,) or (n_rows, k)
        Columns.

    Raises
    ------
    ValueError
        If a score is NaN, or k is below 1.

    Examples
    --------
    >>> top_k([1, 3, 0, 3, 1, 1], 4).tolist()
    [1, 3, 0, 4]
    """
    scores = np.asarray(scores)
    chosen = np.nonzero(in_top_k(scores, k))[-1]
    columns = chosen.reshape(*scores.shape[:-1], min(k, scores.shape[-1]))
    values = np.take_along_axis(scores, columns, axis=-1).astype(float)
    order = np.argsort(-values, axis=-1, kind="stable")
    return np.take_along_axis(columns, order, axis=-1)


def in_top_k(scores, k=10):
    """Tell of each item whether it is one of the k that `top_k` returns.

    Parameters
    ----------
    scores : array, shape (n_items,) or (n_rows, n_items)
    k : int

    Returns
    -------
    array of bool, shape of `scores`
        True k times in each row.

    Raises
    ------
    ValueError
        If a score is NaN, or k is below 1.
    """
    scores = _without_nan(scores)
    n_items = scores.shape[-1]
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    if k >= n_items:
        return np.ones(scores.shape, bool)
    # Which value is the k-th best does not depend on how the rest falls.
    weakest = np.partition(scores, n_items - k, axis=-1)[..., n_items - k, None]
    above, equal = scores > weakest, scores == weakest
    left = k - above.sum(axis=-1, keepdims=True)
    return above | (equal & (np.cumsum(equal, axis=-1, dtype=np.int32) <= left))


def recall_at_k(scores, relevant, k=10):
    """Return, for each row, the share of its relevant items among its k best-scored.

    Parameters
    ----------
    scores : array, shape (n_rows, n_items)
        Higher is better. An item at ``-inf`` is never recommended. Equal scores have no
        order: the mean over all their orders is returned, so a model that gives every item
        one score has the recall of chance, wherever the relevant items stand.
    relevant : array of bool, shape (n_rows, n_items)
    k : int
        Where there are fewer items, all of them count.

    Returns
    -------
    array, shape (n_rows,)
        Between 0 and 1; NaN for a row with no relevant item.

    Raises
    ------
    ValueError
        If a score is NaN or the shapes differ.

    Examples
    --------
    The best item is no hit. Two of three equal ones are; one of the three has a place.

    >>> recall_at_k([[2, 1, 1, 1]], [[0, 1, 1, 0]], k=2).round(3).tolist()
    [0.333]
    """
    relevant = np.asarray(relevant, bool)
    hits = _expected_hits(scores, relevant, k).sum(axis=1)
    return _ratio(hits, relevant.sum(axis=1))


def ndcg_at_k(scores, relevant, k=10):
    """Return, for each row, its normalised discounted cumulative gain at k.

    A hit at rank r gains ``1 / log2(r + 1)``; the sum is divided by that of a perfect list
    (Järvelin and Kekäläinen, 2002, with gains of 0 and 1). The mean over all orders of equal
    scores is returned (McSherry and Najork, 2008), as `sklearn.metrics.ndcg_score` does.

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

    Raises
    ------
    ValueError
        If a score is NaN or the shapes differ.
    """
    relevant = np.asarray(relevant, bool)
    hits = _expected_hits(scores, relevant, k)
    discounts = 1 / np.log2(np.arange(hits.shape[1]) + 2)
    perfect = np.append(0, discounts.cumsum())
    n_relevant = np.minimum(relevant.sum(axis=1), hits.shape[1])
    return _ratio(hits @ discounts, perfect[n_relevant])


def target_ranks(scores, targets):
    """Return the first and the last rank that each row's one true item may have among all.

    Parameters
    ----------
    scores : array, shape (n_rows, n_items)
        Higher is better. ``-inf`` is a score as any other here, the lowest: where k reaches so
        far, such a target is a hit. (`recall_at_k` never counts it.)
    targets : array of int, shape (n_rows,)
        The column of the true item.

    Returns
    -------
    array of int, shape (n_rows, 2)
        1 for the best. The two differ where other items score the same as the target: every
        rank from the first to the last is then equally likely.

    Raises
    ------
    ValueError
        If a score is NaN.
    """
    scores = _without_nan(scores)
    target = scores[np.arange(len(scores)), targets][:, None]
    return np.stack([(scores > target).sum(axis=1) + 1, (scores >= target).sum(axis=1)], axis=1)


def hit_rate_at_k(ranks, k=20):
    """Return the chance of each row's target to be among the k best: HR@k before its mean.

    Parameters
    ----------
    ranks : array of int, shape (n_rows, 2)
        From `target_ranks`.
    k : int

    Returns
    -------
    array of float, shape (n_rows,)
        1 or 0, and between them where the target ties with items on both sides of k.
    """
    first, last = np.transpose(ranks)
    return np.clip((k + 1 - first) / (last + 1 - first), 0, 1)


def mrr_at_k(ranks, k=20):
    """Return the expected 1 / rank of each row's target, where it counts 0 beyond rank k.

    Parameters
    ----------
    ranks : array of int, shape (n_rows, 2)
        From `target_ranks`.
    k : int

    Returns
    -------
    array of float, shape (n_rows,)
        Its mean is the mean reciprocal rank, MRR@k.
    """
    first, last = np.transpose(ranks)
    up_to = np.append(0, np.cumsum(1 / np.arange(1, k + 1)))  # 1 + 1/2 + ... + 1/rank
    gained = up_to[np.minimum(last, k)] - up_to[np.minimum(first - 1, k)]
    return gained / (last + 1 - first)


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


def seed_spread(values):
    """Return the spread of a result over runs that differ in their seed alone.

    The sample standard deviation, with n - 1 below the line. (`np.std` divides by n, and says 0
    of a single run.)

    Parameters
    ----------
    values : array, shape (n_seeds,)
        One result a seed.

    Returns
    -------
    float
        In the unit of `values`; NaN for a single seed, which has no spread.

    Raises
    ------
    ValueError
        If there is no value, or they are not one number a seed.

    Examples
    --------
    >>> seed_spread([0.90, 0.92, 0.94])
    0.02
    """
    values = np.asarray(values, float)
    if values.ndim != 1 or not len(values):
        raise ValueError(f"one number a seed, not an array of shape {values.shape}")
    return float(values.std(ddof=1).round(12)) if len(values) > 1 else np.nan


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


def _expected_hits(scores, relevant, k):
    """Return, by rank, how likely the item there is relevant, (n_rows, k).

    Items of equal score share their ranks: the item at any of them is relevant with the
    share of relevant ones among all of that score, those beyond rank k included.
    """
    scores = _without_nan(scores)
    if scores.shape != relevant.shape:
        raise ValueError(f"scores are {scores.shape}, relevant is {relevant.shape}")
    best = top_k(scores, k)
    values = np.take_along_axis(scores, best, axis=1)
    relevant = relevant & (scores > -np.inf)
    hits = np.take_along_axis(relevant, best, axis=1).astype(float)
    n_rows, k = best.shape
    # Ranks with one score are one group, numbered through all rows.
    new = np.concatenate([np.ones((n_rows, 1), bool), values[:, 1:] != values[:, :-1]], axis=1)
    group = np.cumsum(new).reshape(n_rows, k) - 1
    size, found = np.bincount(group.ravel()).astype(float), np.bincount(group.ravel(), hits.ravel())
    # The last group of a row may reach beyond rank k: count it among all items.
    equal = scores == values[:, -1:]
    size[group[:, -1]], found[group[:, -1]] = equal.sum(axis=1), (equal & relevant).sum(axis=1)
    return (found / size)[group]


def _without_nan(scores):
    scores = np.asarray(scores)
    if np.isnan(scores).any():
        raise ValueError("a score is NaN: what has no score has no rank")
    return scores


def _ratio(part, whole):
    """Divide, with NaN where there is nothing to divide by."""
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
