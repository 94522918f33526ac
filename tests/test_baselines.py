"""Baselines, against numbers worked out on paper."""

import numpy as np
import pytest
from scipy import sparse

from ecomlab.baselines import als, ease, edge_histograms, item_knn, item_rules
from ecomlab.datasets import load_fashion_mnist
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


def test_als_with_one_factor_by_hand():
    # One household, one item, count 3, confidence 2: the weight is 7. A round sets
    # u = 7 v / (7 v v + 1), then v = 7 u / (7 u u + 1). The fixed point has 7 u u + 1 = 7.
    users, items = als([[3]], factors=1, regularisation=1.0, confidence=2.0, rounds=100)
    assert (users @ items.T).item() == pytest.approx(6 / 7)
    assert abs(users.item()) == pytest.approx(np.sqrt(6 / 7))


def test_als_solves_each_item_against_all_households():
    counts = np.random.default_rng(0).poisson(0.7, size=(30, 8))
    users, items = als(counts, factors=3, regularisation=0.5, confidence=4.0, rounds=2)
    for item in range(8):
        weight = np.diag(1 + 4.0 * counts[:, item])
        left = users.T @ weight @ users + 0.5 * np.eye(3)
        by_hand = np.linalg.solve(left, users.T @ weight @ (counts[:, item] > 0))
        assert np.allclose(items[item], by_hand)


def test_als_lowers_its_loss_in_each_round_and_repeats():
    counts = np.random.default_rng(1).poisson(0.5, size=(40, 12))

    def loss(rounds):
        users, items = als(counts, 4, 0.3, 2.0, rounds, seed=5)
        fit = ((1 + 2.0 * counts) * ((counts > 0) - users @ items.T) ** 2).sum()
        return fit + 0.3 * ((users**2).sum() + (items**2).sum())

    losses = [loss(rounds) for rounds in range(1, 8)]
    assert (np.diff(losses) < 0).all()
    assert loss(3) == losses[2]


def test_als_without_confidence_is_the_best_low_rank_matrix():
    # All weights 1 and hardly any penalty: the truncated singular value decomposition.
    matrix = (np.random.default_rng(2).random((25, 10)) < 0.4).astype(float)
    users, items = als(sparse.csr_array(matrix), 3, 1e-9, confidence=0.0, rounds=300)
    left, size, right = np.linalg.svd(matrix, full_matrices=False)
    assert np.allclose(users @ items.T, left[:, :3] * size[:3] @ right[:3], atol=1e-4)


def test_als_gives_nothing_to_a_household_or_item_without_purchases():
    users, items = als([[2, 0, 1], [0, 0, 0]], factors=2)
    assert not users[1].any() and not items[1].any()


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
        (lambda: als([[-1, 1]]), "finite and not negative"),
        (lambda: als(BASKETS, factors=0), "at least 1, not 0 and 10"),
        (lambda: als(BASKETS, regularisation=0), "regularisation must be above 0"),
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


def test_edge_histograms_equal_a_sum_pixel_by_pixel():
    photos = load_fashion_mnist(size="sample").x_train[:101, ..., None].astype("float32") / 255
    found = edge_histograms(photos)  # 101: more than one part
    assert found.shape == (101, 1296) and found.dtype == "float32"
    for photo, row in zip(photos[[0, 57, 100], ..., 0], found[[0, 57, 100]], strict=True):
        grey, cells = np.pad(photo, 1, mode="edge"), np.zeros((7, 7, 9))
        for i in range(28):
            for j in range(28):
                down = grey[i + 2, j + 1] - grey[i, j + 1]
                right = grey[i + 1, j + 2] - grey[i + 1, j]
                place = np.degrees(np.arctan2(down, right)) % 180 / 20  # in nine directions
                nearer, share = int(place), place % 1
                cells[i // 4, j // 4, nearer % 9] += np.hypot(down, right) * (1 - share)
                cells[i // 4, j // 4, (nearer + 1) % 9] += np.hypot(down, right) * share
        for i in range(6):
            for j in range(6):
                block = np.concatenate([cells[i + a, j + b] for a in (0, 1) for b in (0, 1)])
                block /= np.sqrt((block**2).sum() + 1e-3)
                start = (i * 6 + j) * 36
                assert row[start : start + 36] == pytest.approx(block, abs=1e-5)


def test_edge_histograms_of_no_photos_are_empty():
    assert edge_histograms(np.zeros((0, 28, 28, 1))).shape == (0, 1296)


def test_edge_histograms_find_the_direction_of_an_edge():
    photo = np.zeros((1, 28, 28, 1))
    photo[:, :, 14:] = 1  # dark to the right of the middle: the grey rises along the row
    found = edge_histograms(photo).reshape(-1, 9).sum(axis=0)
    assert found[0] > 0 and np.allclose(found[1:], 0)
    turned = edge_histograms(photo.swapaxes(1, 2)).reshape(-1, 9).sum(axis=0)
    assert np.argmax(turned) == 4 and turned[5] == pytest.approx(turned[4])  # 90 degrees
