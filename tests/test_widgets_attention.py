"""The attention playground follows its sliders and escapes what it is given."""

import numpy as np
import pytest

from ecomlab import widgets


@pytest.fixture
def playground(monkeypatch):
    monkeypatch.delenv("ECOMLAB_HEADLESS", raising=False)
    weights = [np.full((2, t, t), 1 / t) for t in (3, 5)]
    weights[1][1, 4] = [0, 0.75, 0, 0, 0.25]
    labels = [["bread", "milk", "<b>"], list("abcde")]
    box = widgets.attention_map(weights, labels)
    (sequence, head), step, said = box.children[0].children, box.children[1], box.children[2]
    return sequence, head, step, said


def test_it_starts_at_the_last_step_of_the_first_sequence(playground):
    sequence, head, step, said = playground
    assert (sequence.value, head.value, step.value) == (1, 1, 3)
    assert said.value.count("<tr>") == 3 and "0.33" in said.value
    assert "&lt;b&gt;" in said.value and "'>milk<" in said.value


def test_it_follows_every_slider(playground):
    sequence, head, step, said = playground
    sequence.value = 2
    assert step.value == 5 and said.value.count("<tr>") == 5
    head.value = 2
    assert "0.75" in said.value and "width:150px" in said.value
    step.value = 1
    assert "0.75" not in said.value
    sequence.value = 1
    assert step.value == 3 and said.value.count("<tr>") == 3


def test_it_costs_nothing_where_nobody_looks(monkeypatch):
    monkeypatch.setenv("ECOMLAB_HEADLESS", "1")
    assert widgets.attention_map([np.ones((1, 1, 1))], [["a"]]) is None


def test_labels_and_steps_must_match():
    with pytest.raises(ValueError, match="one label for each step"):
        widgets.attention_map([np.ones((1, 2, 2))], [["a"]])
