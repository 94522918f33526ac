"""The recommendation list follows what one likes, and says why."""

import time

import numpy as np
import pytest

from ecomlab import widgets

NAMES = ["bread", "milk", "<beer>", "chips"]
WEIGHTS = np.array([[0, 0.9, 0.1, 0], [0.9, 0, 0, 0.2], [0.1, 0, 0, 0.8], [0, 0.2, 0.8, 0]])


@pytest.fixture
def playground(monkeypatch):
    monkeypatch.delenv("ECOMLAB_HEADLESS", raising=False)
    return widgets.recommendation_list(NAMES, WEIGHTS, liked=["bread"], top=2).children


def test_the_list_changes_with_what_one_likes(playground):
    choose, likes, shown = playground
    assert shown.value.index(">milk<") < shown.value.index("&lt;beer&gt;")
    assert ">bread<" not in shown.value and "mostly for bread" in shown.value
    choose.value = "<beer>"  # chosen in the field: it joins what is liked, and the field empties
    assert list(likes.value) == ["bread", "<beer>"] and choose.value == ""
    assert ">chips<" in shown.value and "mostly for &lt;beer&gt;" in shown.value
    likes.value = []
    assert shown.value == "Add something that you like."


def test_a_choice_is_answered_within_100_ms(monkeypatch):
    monkeypatch.delenv("ECOMLAB_HEADLESS", raising=False)
    rng = np.random.default_rng(0)
    names = [f"item {number}" for number in range(5000)]
    box = widgets.recommendation_list(names, rng.random((5000, 5000), np.float32))
    likes, times = box.children[1], []
    for number in range(50):
        start = time.process_time()
        likes.value = names[number : number + 5]
        times.append(time.process_time() - start)
    assert np.quantile(times, 0.95) < 0.1


def test_it_costs_nothing_where_nobody_looks(monkeypatch):
    monkeypatch.setenv("ECOMLAB_HEADLESS", "1")
    assert widgets.recommendation_list(NAMES, WEIGHTS) is None


def test_names_and_weights_must_match():
    with pytest.raises(ValueError, match="each name once"):
        widgets.recommendation_list(["a", "a"], np.zeros((2, 2)))
