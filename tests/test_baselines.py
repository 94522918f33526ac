"""Baselines, against numbers worked out on paper."""

import numpy as np
import pytest

from ecomlab.baselines import ease, item_knn, item_rules
from ecomlab.splits import click_sequences

# Bread and butter together twice, butter and tea once.
BASKETS = np.array([[1, 1, 0], [1, 1, 0], [0, 1, 1]])


def test_item_knn_is_the_cosine_of_two_columns():
    # Lengths of the columns: sqrt 2, sqrt 3, 1. Shared households: 2, 0 and 1.
    bread_butter, butter_tea = 2 / np.sqrt(6), 1 / np.sqrt(3)
    by_hand = [[0, bread_butter, 0], [bread_butter, 0, butter_tea], [0, butter_tea, 0]]
    assert np.allclose(item_knn(BASKETS, neighbours=2), by_hand)


def test_item_knn_keeps_the_nearest_of_each_column():
    weights = item_knn(BASKETS, neighbours=1)
    # Butter is nearer to bread (.816) than to tea (.577), so only bread speaks for butter.
    assert np.allclose(weights[:, 1], [2 / np.sqrt(6), 0, 0])
    assert (np.count_nonzero(weights, axis=0) <= 1).all()
    # A household that has bread is told butter.
    assert (np.array([1, 0, 0]) @ weights).argmax() == 1


def test_equal_neighbours_keep_the_order_of_items():
    weights = item_knn([[1, 1, 1]], neighbours=1)
    assert weights.tolist() == [[0, 1, 1], [1, 0, 0], [0, 0, 0]]


def test_shrink_is_added_below_the_line():
    # 2 / (sqrt 6 + 1)
    assert item_knn(BASKETS, neighbours=2, shrink=1.0)[0, 1] == pytest.approx(2 / (6**0.5 + 1))


def test_item_knn_takes_counts():
    # (3, 4) and (4, 3): 24 / 25.
    assert item_knn([[3, 4], [4, 3]], neighbours=1)[0, 1] == pytest.approx(24 / 25)


def test_an_item_that_nobody_bought_has_no_weights():
    weights = item_knn([[1, 1, 0], [1, 0, 0]], neighbours=2)
    assert not weights[2].any() and not weights[:, 2].any()


def test_ease_on_two_items_is_ridge_regression_of_one_on_the_other():
    # Of item 1 on item 0: shared / (own + l2) = 2 / (2 + 1); the other way 2 / (3 + 1).
    assert np.allclose(ease([[1, 1], [1, 1], [0, 1]], l2=1.0), [[0, 2 / 3], [2 / 4, 0]])


def test_ease_is_ridge_regression_of_each_item_on_the_others():
    rng = np.random.default_rng(0)
    matrix = rng.poisson(1.0, size=(40, 6)).astype(float)
    weights = ease(matrix, l2=3.0)
    for item in range(6):
        others = np.delete(matrix, item, axis=1)
        left = others.T @ others + 3.0 * np.eye(5)
        by_hand = np.linalg.solve(left, others.T @ matrix[:, item])
        assert np.allclose(np.delete(weights[:, item], item), by_hand)


def test_ease_sees_what_cosine_does_not():
    # Tea is bought by all who buy butter, butter by all who buy bread. Of bread itself tea
    # learns nothing that butter does not tell, so its weight is near zero; its cosine is not.
    chain = np.repeat([[1, 1, 1], [0, 1, 1], [0, 0, 1], [0, 0, 0]], 100, axis=0)
    assert abs(ease(chain, l2=1e-6)[0, 2]) < 1e-6
    assert item_knn(chain, neighbours=2)[0, 2] > 0.5


@pytest.mark.parametrize("weights", [item_knn(BASKETS, 2), ease(BASKETS, 1.0)])
def test_no_item_speaks_for_itself(weights):
    assert weights.shape == (3, 3) and weights.dtype == float
    assert not np.diag(weights).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: item_knn(BASKETS, 0), "neighbours must be at least 1, not 0"),
        (lambda: item_knn(BASKETS, 1, shrink=-1), "shrink must not be negative"),
        (lambda: ease(BASKETS, 0), "l2 must be above 0, not 0"),
        (lambda: ease([1, 2], 1), "households by items"),
        (lambda: item_knn([[np.nan, 1]], 1), "every number finite"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_rules_count_pairs_of_past_sessions_only(clicks):
    s = click_sequences(*clicks)
    assert item_rules(s, 5)[:3, :3].tolist() == [[0, 1, 0], [1, 0, 1], [0, 0, 0]]
    assert item_rules(s, 5, reach=2, fade=True)[0].tolist() == [0, 1, 0.5, 0]
    assert item_rules(s, 5, reach=2, both=True)[2].tolist() == [1, 1, 0, 0]
    assert item_rules(s, 8)[0, 1] == 2
