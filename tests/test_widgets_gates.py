"""The gates playground reads what one types, escapes it, and is silent when headless."""

import time

import numpy as np
import pytest

from ecomlab import widgets


def read(text):
    words = text.split()
    return words, {"forget gate": np.linspace(0, 1, len(words)), "<b>": np.full(len(words), 0.3)}


@pytest.fixture
def playground(monkeypatch):
    monkeypatch.delenv("ECOMLAB_HEADLESS", raising=False)
    (field, back), shown = (
        lambda box: (box.children[0].children, box.children[1])
    )(widgets.gate_reader(read, "not a nice dress"))  # fmt: skip
    return field, back, shown


def test_it_shows_one_column_a_word_and_follows_the_text(playground):
    field, back, shown = playground
    assert shown.value.count("<td") == 2 * 4 and "rgb(0,90,150)" in shown.value
    field.value = "a <i>nice</i> one"
    assert shown.value.count("<td") == 2 * 3
    assert "&lt;i&gt;nice" in shown.value and "&lt;b&gt;" in shown.value
    back.click()
    assert field.value == "not a nice dress" and shown.value.count("<td") == 2 * 4


def test_an_empty_text_asks_for_a_word(playground):
    field, _, shown = playground
    field.value = "  "
    assert "Type a word" in shown.value


def test_a_change_is_answered_within_100_ms(playground):
    field, _, _ = playground
    times = []
    for count in range(1, 51):
        start = time.process_time()
        field.value = "word " * count
        times.append(time.process_time() - start)
    assert np.quantile(times, 0.95) < 0.1


def test_it_costs_nothing_where_nobody_looks(monkeypatch):
    monkeypatch.setenv("ECOMLAB_HEADLESS", "1")
    assert widgets.gate_reader(read, "a") is None
