"""The strongest simple method for each task: what a network has to beat."""

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from ecomlab.metrics import in_top_k

__all__ = ["als", "als_users", "ease", "edge_histograms", "item_knn", "item_rules"]


def item_knn(matrix, neighbours=20, shrink=0.0):
    """Return item-to-item weights from cosine similarity (Sarwar et al., 2001).

    Score what a household may want with ``matrix @ weights``: each item collects the
    similarity of the items that the household has.

    Parameters
    ----------
    matrix : array, shape (n_households, n_items)
        What each household bought, as 0 or 1, or as counts.
    neighbours : int
        An item is scored by this many items most like it; the rest of its column is 0.
        Equal similarities keep the items' order.
    shrink : float
        Added to the product of the two lengths, so that a similarity that rests on few
        households counts less (Bell and Koren, 2007).

    Returns
    -------
    array of float, shape (n_items, n_items)
        Column j holds the weights by which the items of a household speak for item j.
        The diagonal is zero: no item speaks for itself.

    Examples
    --------
    >>> item_knn([[1, 1, 0], [1, 1, 0], [0, 1, 1]], neighbours=1).round(3).tolist()
    [[0.0, 0.816, 0.0], [0.816, 0.0, 0.577], [0.0, 0.0, 0.0]]
    """
    matrix = _as_matrix(matrix)
    if neighbours < 1:
        raise ValueError(f"neighbours must be at least 1, not {neighbours}")
    if shrink < 0:
        raise ValueError(f"shrink must not be negative, it is {shrink}")
    shared = matrix.T @ matrix
    length = np.sqrt(np.diag(shared))
    scale = np.outer(length, length) + shrink
    weights = np.divide(shared, scale, out=np.zeros_like(shared), where=scale > 0)
    np.fill_diagonal(weights, 0)
    # Similarity is the same both ways, so rows stand for columns: memory is read in order.
    return np.where(in_top_k(weights, neighbours), weights, 0).T


def ease(matrix, l2):
    """Return the item-to-item weights of EASE (Steck, *Embarrassingly shallow autoencoders*, 2019).

    The weights are the linear regression that rebuilds each item of a household from its
    other items: they minimise the squared error of ``matrix @ weights`` against
    ``matrix`` plus `l2` times the squared weights, with a zero diagonal. With
    P = inverse(matrix' matrix + l2 I), the weight of item i for item j is -P_ij / P_jj.

    Parameters
    ----------
    matrix : array, shape (n_households, n_items)
        What each household bought, as 0 or 1, or as counts.
    l2 : float
        Above 0. More holds the weights nearer to 0.

    Returns
    -------
    array of float, shape (n_items, n_items)
        Score with ``matrix @ weights``. The diagonal is zero.

    Examples
    --------
    >>> ease([[1, 1], [1, 1], [0, 1]], l2=1.0).round(3).tolist()
    [[0.0, 0.667], [0.5, 0.0]]
    """
    matrix = _as_matrix(matrix)
    if l2 <= 0:
        raise ValueError(f"l2 must be above 0, not {l2}")
    precision = np.linalg.inv(matrix.T @ matrix + l2 * np.eye(matrix.shape[1]))
    weights = -precision / np.diag(precision)
    np.fill_diagonal(weights, 0)
    return weights


def als(interactions, factors=32, regularisation=1.0, confidence=1.0, rounds=10, seed=1):
    """Return factors of implicit alternating least squares (Hu, Koren and Volinsky, 2008).

    A bought item is wanted (1), every other one is not (0), and a count says how sure that
    is: its weight is ``1 + confidence * count``. With the items' factors held fixed, each
    household's best factors solve a small linear system, and the other way round. The two
    are solved in turn.

    Parameters
    ----------
    interactions : array or SciPy sparse matrix, shape (n_households, n_items)
        Counts, or 0 and 1. Not negative.
    factors : int
        Numbers for each household and each item.
    regularisation : float
        Above 0. Times the squared length of every factor vector.
    confidence : float
        Weight of one purchase beyond that of none. Not negative.
    rounds : int
        How often both sides are solved.
    seed : int
        Of the items' first factors.

    Returns
    -------
    user_factors : array of float, shape (n_households, factors)
    item_factors : array of float, shape (n_items, factors)
        Score with ``user_factors @ item_factors.T``.

    Raises
    ------
    ValueError
        If a setting is out of its range, or a count is negative or not finite.
    """
    interactions = sparse.csr_array(interactions, dtype=float)
    if not np.isfinite(interactions.data).all() or (interactions.data < 0).any():
        raise ValueError("counts must be finite and not negative")
    if min(factors, rounds) < 1:
        raise ValueError(f"factors and rounds must be at least 1, not {factors} and {rounds}")
    if regularisation <= 0 or confidence < 0:
        raise ValueError("regularisation must be above 0 and confidence not negative")
    by_item = interactions.T.tocsr()
    rng = np.random.default_rng(seed)
    items = rng.normal(0, 1 / np.sqrt(factors), (interactions.shape[1], factors))
    for _ in range(rounds):
        users = als_users(interactions, items, regularisation, confidence)
        items = als_users(by_item, users, regularisation, confidence)
    return users, items


def als_users(interactions, item_factors, regularisation=1.0, confidence=1.0):
    """Return the best factors of each household with the items' factors held fixed.

    One half of a round of `als`, and all that a household needs that came after the fit. The
    other half is the same with the sides exchanged.

    Parameters
    ----------
    interactions : array or SciPy sparse matrix, shape (n_households, n_items)
        As for `als`.
    item_factors : array of float, shape (n_items, factors)
    regularisation, confidence : float
        As for `als`.

    Returns
    -------
    array of float, shape (n_households, factors)
        0 for a household that bought nothing.
    """
    rows = sparse.csr_array(interactions, dtype=float)
    best = np.zeros((rows.shape[0], item_factors.shape[1]))
    # Thousands of tiny systems: threads would wait for each other longer than they work.
    with threadpool_limits(1, "blas"):
        # Every row shares the sum over all items with weight 1; its own purchases add the rest.
        shared = item_factors.T @ item_factors + regularisation * np.eye(item_factors.shape[1])
        for row, (start, stop) in enumerate(zip(rows.indptr, rows.indptr[1:], strict=False)):
            if start < stop:
                bought = item_factors[rows.indices[start:stop]]
                extra = confidence * rows.data[start:stop]
                left = shared + (bought.T * extra) @ bought
                best[row] = np.linalg.solve(left, bought.T @ (1 + extra))
    return best


def item_rules(sequences, begin, reach=1, fade=False, both=False):
    """Return how often each item followed each other one within a session.

    Parameters
    ----------
    sequences : Sequences
        Of clicks, from `ecomlab.splits.click_sequences`.
    begin : int
        Only rows before this one are counted.
    reach : int
        The most steps between two clicks of a pair. 1 makes the Markov rule.
    fade : bool
        Count 1 / steps instead of 1: a sequential rule (Ludewig and Jannach, 2018).
    both : bool
        Count each pair in both directions: an association rule.

    Returns
    -------
    array of float32, shape (n_items, n_items)
        Row i scores what follows item i.
    """
    table = np.zeros((sequences.n_items, sequences.n_items), np.float32)
    for step in range(1, reach + 1):
        first = np.arange(begin - step)
        first = first[sequences.owner[first] == sequences.owner[first + step]]
        pair = sequences.rows[first], sequences.rows[first + step]
        for one in (pair, pair[::-1])[: 1 + both]:
            np.add.at(table, one, 1 / step if fade else 1)
    return table


def edge_histograms(photos):
    """Return histograms of oriented gradients, HOG (Dalal and Triggs, 2005), as in lesson 03.

    Cells of 4 x 4 pixels, nine directions, blocks of 2 x 2 cells scaled to length one. An
    edge between two directions counts for both, by nearness.

    Parameters
    ----------
    photos : array of float, shape (n, 28, 28, 1)
        Grey levels, 0 to 1.

    Returns
    -------
    array of float32, shape (n, 1296)
    """
    parts = np.array_split(photos[..., 0], max(1, -(-len(photos) // 100)))  # fit into the cache
    return np.concatenate([_edge_histograms(part) for part in parts])


def _edge_histograms(grey):
    grey = np.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="edge")
    down, right = grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1], grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2]
    strength, angle = np.hypot(down, right), np.arctan2(down, right) % np.pi / np.pi * 9
    direction = angle.astype("int64")
    beyond = strength * (angle - direction)  # what the following direction receives
    number = np.arange(len(grey) * 49).reshape(-1, 7, 7).repeat(4, axis=1).repeat(4, axis=2)
    cells = sum(  # twice as fast as adding up the pixels direction by direction
        np.bincount((number * 9 + k % 9).ravel(), weights.ravel(), len(grey) * 49 * 9)
        for k, weights in ((direction, strength - beyond), (direction + 1, beyond))
    )
    cells = cells.astype("float32").reshape(-1, 7, 7, 9)
    blocks = np.concatenate([cells[:, a : a + 6, b : b + 6] for a in (0, 1) for b in (0, 1)], -1)
    blocks /= np.sqrt((blocks**2).sum(axis=-1, keepdims=True) + 1e-3)
    return blocks.reshape(len(grey), 1296)


def _as_matrix(matrix):
    matrix = np.asarray(matrix, float)
    if matrix.ndim != 2 or not np.isfinite(matrix).all():
        raise ValueError("the matrix must be households by items, and every number finite")
    return matrix
