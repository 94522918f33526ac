"""Ranking measures against hand-computed cases, scikit-learn and keras-rs; leakage by chance."""

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from ecomlab.baselines import als, ease, item_knn
from ecomlab.metrics import (
    bootstrap_interval,
    hit_rate_at_k,
    in_top_k,
    mase,
    mrr_at_k,
    ndcg_at_k,
    recall_at_k,
    seed_spread,
    target_ranks,
    top_k,
)

SCORES = np.array([[0.9, 0.1, 0.8, 0.7], [0.1, 0.2, 0.3, 0.4]])
RELEVANT = np.array([[1, 1, 0, 1], [1, 0, 0, 0]], bool)


def test_recall_by_hand():
    # Row 0: best two are items 0 and 2, one of three relevant. Row 1: items 3 and 2, none.
    assert recall_at_k(SCORES, RELEVANT, k=2) == pytest.approx([1 / 3, 0])


def test_ndcg_by_hand():
    # Hits at ranks 1 and 3; a perfect list has ranks 1, 2 and 3.
    perfect = 1 + 1 / np.log2(3) + 1 / 2
    assert ndcg_at_k(SCORES, RELEVANT, k=3) == pytest.approx([(1 + 1 / 2) / perfect, 0])


def test_ndcg_agrees_with_scikit_learn_where_scores_tie_and_where_not():
    rng = np.random.default_rng(0)
    unequal = rng.permuted(np.tile(np.arange(30.0), (200, 1)), axis=1)
    relevant = rng.random((200, 30)) < 0.2
    relevant[:, 0] = True
    for scores in (unequal, unequal // 7, np.zeros((200, 30))):
        ours = ndcg_at_k(scores, relevant, k=10).mean()
        assert ours == pytest.approx(ndcg_score(relevant, scores, k=10), abs=1e-12)


def test_measures_under_ties_are_the_mean_over_all_orders():
    # Scores 2, 1, 1, 1, 0; relevant: one of the three that tie, and the last. The list has two
    # places: the first is no hit, the second is the relevant one in a third of the orders.
    scores, relevant = np.array([[1.0, 2, 1, 0, 1]]), np.array([[0, 0, 1, 1, 0]])
    third = 1 / np.log2(3)  # what a hit at rank 2 gains
    assert recall_at_k(scores, relevant, k=2) == pytest.approx([1 / 3 / 2])
    assert ndcg_at_k(scores, relevant, k=2) == pytest.approx([third / 3 / (1 + third)])
    # And what shuffling the columns gives on the mean, with a stated order among equals.
    rng = np.random.default_rng(5)
    scores, relevant = rng.integers(4, size=12), rng.random(12) < 0.3
    drawn = []
    for _ in range(4000):
        columns = rng.permutation(12)
        drawn.append(relevant[columns][top_k(scores[columns], 5)].sum() / relevant.sum())
    assert recall_at_k([scores], [relevant], k=5)[0] == pytest.approx(np.mean(drawn), abs=0.01)


def test_one_score_for_all_items_has_the_recall_of_chance():
    relevant = np.zeros((1, 500), bool)
    relevant[0, [0, 3, 499]] = True
    assert recall_at_k(np.ones((1, 500)), relevant) == pytest.approx([10 / 500])


def test_the_order_of_the_k_best_is_stated():
    assert top_k([1, 3, 0, 3, 1, 1], 4).tolist() == [1, 3, 0, 4]
    assert in_top_k([1, 3, 0, 3, 1, 1], 4).tolist() == [True, True, False, True, True, False]
    assert top_k([[0.5, -np.inf, 0.5], [0, 0, 0]], 2).tolist() == [[0, 2], [0, 1]]
    assert top_k(np.array([1, 2], "uint8"), 9).tolist() == [1, 0]  # k above the catalogue
    assert top_k(np.zeros((0, 7)), 3).shape == (0, 3)
    with pytest.raises(ValueError, match="k must be at least 1, not 0"):
        top_k([1.0, 2.0], 0)
    rng = np.random.default_rng(6)
    scores = rng.integers(40, size=(50, 1000)) * 0.1
    by_sorting = np.argsort(-scores, axis=1, kind="stable")
    for k in (1, 10, 999):
        np.testing.assert_array_equal(top_k(scores, k), by_sorting[:, :k])


def test_more_places_than_items_hold_all_items():
    assert recall_at_k(SCORES, RELEVANT, k=9) == pytest.approx([1, 1])
    assert ndcg_at_k(SCORES, RELEVANT, k=9) == pytest.approx(ndcg_at_k(SCORES, RELEVANT, k=4))


@pytest.mark.parametrize(
    "rank",
    [
        top_k,
        lambda s: recall_at_k(s, RELEVANT),
        lambda s: ndcg_at_k(s, RELEVANT),
        lambda s: target_ranks(s, [0, 1]),
    ],
)
def test_what_has_no_score_has_no_rank(rank):
    scores = SCORES.copy()
    scores[1, 2] = np.nan
    with pytest.raises(ValueError, match="a score is NaN"):
        rank(scores)


@pytest.mark.slow
def test_measures_agree_with_keras_rs_where_no_scores_tie():
    import keras_rs

    rng = np.random.default_rng(3)
    scores = rng.permuted(np.tile(np.arange(30.0), (100, 1)), axis=1).astype("float32")
    relevant = rng.random((100, 30)) < 0.2
    relevant[:, 0] = True
    theirs = {}
    for measure in (keras_rs.metrics.RecallAtK, keras_rs.metrics.NDCG):
        metric = measure(k=10)
        metric.update_state(relevant.astype("float32"), scores)
        theirs[measure] = float(metric.result())
    assert recall_at_k(scores, relevant).mean() == pytest.approx(
        theirs[keras_rs.metrics.RecallAtK], abs=1e-6
    )
    assert ndcg_at_k(scores, relevant).mean() == pytest.approx(
        theirs[keras_rs.metrics.NDCG], abs=1e-6
    )
    one = rng.integers(30, size=100)
    metric = keras_rs.metrics.MeanReciprocalRank(k=10)
    metric.update_state(np.eye(30, dtype="float32")[one], scores)
    ours = mrr_at_k(target_ranks(scores, one), k=10).mean()
    assert ours == pytest.approx(float(metric.result()), abs=1e-6)


@pytest.mark.parametrize("method", ["frequency", "item_knn", "ease", "als"])
def test_shuffled_households_fall_to_chance(method):
    """Households of two tastes. Given another's truth, no method may do better than chance."""
    rng = np.random.default_rng(4)
    taste = rng.integers(2, size=400)[:, None] == (np.arange(40) % 2)
    past, truth = (rng.random((400, 40)) < 0.02 + 0.4 * taste for _ in range(2))
    if method == "als":
        users, items = als(past, factors=4)
        scores = users @ items.T
    elif method == "frequency":
        scores = past + 0.01 * rng.random(past.shape)
    else:
        scores = past @ {"item_knn": item_knn, "ease": lambda m: ease(m, 50.0)}[method](past)
    honest = np.nanmean(recall_at_k(scores, truth, k=10))
    shuffled = np.nanmean(recall_at_k(scores, rng.permutation(truth), k=10))
    assert shuffled == pytest.approx(10 / 40, abs=0.03)
    assert honest > 0.35


def test_a_row_without_relevant_items_is_nan_and_not_zero():
    relevant = np.array([[0, 0, 0, 0], [1, 0, 0, 0]])
    for measure in (recall_at_k, ndcg_at_k):
        assert np.isnan(measure(SCORES, relevant)).tolist() == [True, False]


def test_an_item_at_minus_infinity_is_never_a_hit():
    scores = np.array([[1.0, -np.inf, -np.inf]])
    relevant = np.array([[0, 1, 0]])
    assert recall_at_k(scores, relevant, k=3) == [0]
    assert ndcg_at_k(scores, relevant, k=3) == [0]


def test_shapes_that_do_not_match_are_named():
    with pytest.raises(ValueError, match=r"\(2, 4\), relevant is \(2, 3\)"):
        recall_at_k(SCORES, RELEVANT[:, :3])


def test_a_target_that_ties_has_its_expected_hit_rate_and_reciprocal_rank():
    scores = np.array([[3.0, 2.0, 1.0], [1.0, 1.0, 1.0], [3.0, 2.0, 2.0]])
    ranks = target_ranks(scores, [1, 0, 1])
    assert ranks.tolist() == [[2, 2], [1, 3], [2, 3]]
    assert hit_rate_at_k(ranks, k=2) == pytest.approx([1, 2 / 3, 1 / 2])
    # Row 1: rank 1, 2 or 3, of which the last is beyond k: (1 + 1/2 + 0) / 3.
    assert mrr_at_k(ranks, k=2) == pytest.approx([1 / 2, 1 / 2, 1 / 4])
    assert mrr_at_k(ranks, k=1) == pytest.approx([0, 1 / 3, 0])


def test_a_target_has_a_place_among_more_places_than_items():
    ranks = target_ranks(np.array([[3.0, 2.0, 1.0], [1.0, 1.0, 1.0]]), [2, 0])
    assert hit_rate_at_k(ranks, k=9) == pytest.approx([1, 1])
    # The last of three; and rank 1, 2 or 3: (1 + 1/2 + 1/3) / 3.
    assert mrr_at_k(ranks, k=9) == pytest.approx([1 / 3, 11 / 18])


def test_a_target_at_minus_infinity_has_the_last_ranks():
    ranks = target_ranks(np.array([[1.0, -np.inf, -np.inf]]), [1])
    assert ranks.tolist() == [[2, 3]]
    assert hit_rate_at_k(ranks, k=1) == [0]
    assert hit_rate_at_k(ranks, k=2) == [1 / 2]
    assert hit_rate_at_k(ranks, k=3) == [1]  # where recall_at_k counts no hit


def test_the_bootstrap_interval_is_that_of_the_normal_law():
    values = np.random.default_rng(1).normal(5, 2, 4000)
    low, high = bootstrap_interval(values, draws=2000)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.01)
    assert bootstrap_interval(values, draws=50) == bootstrap_interval(values, draws=50)


def test_rows_of_one_household_widen_the_interval():
    once = np.random.default_rng(2).normal(size=500)
    copies = np.repeat(once, 4)
    household = np.repeat(np.arange(500), 4)
    narrow = np.diff(bootstrap_interval(copies))[0]
    honest = np.diff(bootstrap_interval(copies, groups=household))[0]
    assert honest == pytest.approx(np.diff(bootstrap_interval(once))[0], rel=0.1)
    assert honest > 1.7 * narrow


def test_missing_values_are_left_out_of_the_bootstrap():
    values = np.array([1.0, 1.0, np.nan])
    assert bootstrap_interval(values) == (1, 1)
    assert bootstrap_interval(values, groups=[1, 2, 3]) == (1, 1)
    with pytest.raises(ValueError, match="no value"):
        bootstrap_interval([np.nan])


def test_mase_by_hand():
    # Row 0: errors 1 and 3, changes 2, 1 and 3: 2 / 2. Row 1: one week counts, 1; changes 1
    # and 1, the week without a value is left out. Row 2 never changed, so has no scale.
    truth = np.array([[5, 9], [np.nan, 4], [1, 2]])
    past = np.array([[1, 3, 4, 1], [2, 3, 4, np.nan], [7, 7, 7, 7]])
    forecast = np.array([[6, 6], [0, 3], [1, 1]])
    np.testing.assert_allclose(mase(truth, forecast, past), [1, 1, np.nan])


def test_spread_over_seeds_by_hand():
    # Means 3, deviations -2, 0 and 2: (4 + 0 + 4) / (3 - 1) = 4, whose root is 2.
    assert seed_spread([1, 3, 5]) == 2
    assert seed_spread(np.array([7, 7])) == 0
    assert np.isnan(seed_spread([7]))  # not 0: one run says nothing of others
    for wrong in ([], [[1, 2]]):
        with pytest.raises(ValueError, match="one number a seed"):
            seed_spread(wrong)
