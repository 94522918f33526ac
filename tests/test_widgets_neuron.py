"""The neuron playground: a step goes down, one redraw a move, fast, silent when headless."""

import time

import numpy as np
import pytest

from ecomlab import widgets


@pytest.fixture
def playground(monkeypatch):
    """Its controls by description, its picture and its words."""
    monkeypatch.delenv("ECOMLAB_HEADLESS", raising=False)
    rng = np.random.default_rng(0)
    points = rng.normal([0, 3], [0.5, 1.5], (500, 2))
    labels = points[:, 0] > 0.1
    pending, found = [widgets.neuron_playground(points, labels, ("weight", "clarity"))], {}
    while pending:
        widget = pending.pop()
        pending.extend(getattr(widget, "children", ()))
        if type(widget).__name__ in ("Image", "HTML"):
            found[type(widget).__name__] = widget
        elif getattr(widget, "description", ""):
            found[widget.description] = widget
    return found


def loss_shown(playground):
    return float(playground["HTML"].value.split("<b>")[1].split("<")[0])


def test_headless_returns_none(monkeypatch):
    monkeypatch.setenv("ECOMLAB_HEADLESS", "1")
    assert widgets.neuron_playground(np.zeros((4, 2)), np.zeros(4)) is None


def test_a_step_of_gradient_descent_lowers_the_loss(playground):
    assert loss_shown(playground) == pytest.approx(np.log(2), abs=1e-3)  # all zero: p = 0.5
    losses = []
    for _ in range(5):
        playground["One step down"].click()
        losses.append(loss_shown(playground))
    assert losses == sorted(losses, reverse=True) and losses[-1] < 0.4
    assert playground["weight of weight"].value > 1
    playground["All to zero"].click()
    assert loss_shown(playground) == pytest.approx(np.log(2), abs=1e-3)


def test_every_slider_changes_the_picture(playground):
    playground["weight of weight"].value = 2.0
    for name in ("weight of weight", "weight of clarity", "bias"):
        before = playground["Image"].value
        playground[name].value += 1
        assert playground["Image"].value != before, name


def test_a_move_is_answered_within_100_ms(playground):
    times = []
    for value in np.linspace(-5, 13, 50):
        start = time.process_time()
        playground["weight of weight"].value = float(value)
        times.append(time.process_time() - start)
    assert np.quantile(times, 0.95) < 0.1
