"""The threshold playground counts as one counts by hand."""

import time
from html import escape

import numpy as np
import pytest

from ecomlab import widgets

SCORES, LABELS = [0.1, 0.4, 0.5, 0.9], [0, 1, 0, 1]


@pytest.fixture
def playground(monkeypatch):
    monkeypatch.delenv("ECOMLAB_HEADLESS", raising=False)
    return widgets.threshold_playground(SCORES, LABELS, gain=5, cost=1).children


def test_precision_recall_and_money_by_hand(playground):
    threshold, gain, cost, said, picture = playground
    threshold.value = 0.5  # acts on .5 and .9, right once: 5 - 2
    assert "<b>50.0%</b>, recall <b>50.0%</b>" in said.value and "<b>$3</b>" in said.value
    threshold.value = 0.4  # three, two right: 10 - 3
    assert "<b>66.7%</b>, recall <b>100.0%</b>" in said.value and "<b>$7</b>" in said.value
    gain.value, cost.value = 10, 2
    assert "<b>$14</b>" in said.value
    before = picture.value
    threshold.value = 1.0
    assert "none acted on" in said.value and "<b>$0</b>" in said.value and picture.value != before


def test_a_move_is_answered_within_100_ms(monkeypatch):
    monkeypatch.delenv("ECOMLAB_HEADLESS", raising=False)
    rng = np.random.default_rng(0)
    threshold = widgets.threshold_playground(rng.random(50_000), rng.random(50_000) < 0.1)
    threshold, times = threshold.children[0], []
    for value in np.linspace(0, 1, 50):
        start = time.process_time()
        threshold.value = float(value)
        times.append(time.process_time() - start)
    assert np.quantile(times, 0.95) < 0.1


def test_it_costs_nothing_where_nobody_looks(monkeypatch):
    monkeypatch.setenv("ECOMLAB_HEADLESS", "1")
    assert widgets.threshold_playground(SCORES, LABELS) is None


@pytest.mark.parametrize("labels", [[0, 1], [0, 0, 0, 0]])
def test_labels_that_do_not_fit_are_refused(labels):
    with pytest.raises(ValueError, match="one label for each score"):
        widgets.threshold_playground(SCORES, labels)


@pytest.mark.parametrize("currency", ["<img src=x onerror=alert(1)>", "{0.__class__}", "'&\""])
def test_a_currency_is_text(currency, monkeypatch):
    monkeypatch.delenv("ECOMLAB_HEADLESS", raising=False)
    *_, said, picture = widgets.threshold_playground(SCORES, LABELS, currency=currency).children
    for html in (said.value, picture.value):
        assert f"{escape(currency)}" in html and "<img" not in html
