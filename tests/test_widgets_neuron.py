"""The neuron playground: right arithmetic, one redraw a move, fast, silent when headless."""

import time
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression

from ecomlab import widgets
from ecomlab.datasets import load_diamonds

NAMES = ("log carat", "clarity grade")


@pytest.fixture(scope="module")
def stones():
    table = load_diamonds(size="sample").sample(2000, random_state=1)
    points = np.stack([np.log(table["carat"]), table["clarity"].cat.codes], axis=1)
    return points, (table["price"] > table["price"].median()).to_numpy()


@pytest.fixture
def playground(monkeypatch, stones):
    monkeypatch.delenv("ECOMLAB_HEADLESS", raising=False)
    return parts(widgets.neuron_playground(*stones, NAMES))


def parts(playground):
    """Return the controls by their description, the picture, and the line of text."""
    controls, image, text = {}, None, None
    pending = [playground]
    while pending:
        widget = pending.pop(0)
        kind = type(widget).__name__
        if hasattr(widget, "children"):
            pending.extend(widget.children)
        elif kind == "Image":
            image = widget
        elif kind == "HTML":
            text = widget
        else:
            controls[widget.description] = widget
    return controls, image, text


def test_headless_returns_none(monkeypatch, stones):
    monkeypatch.setenv("ECOMLAB_HEADLESS", "1")
    assert widgets.neuron_playground(*stones) is None


def test_every_control_is_one_that_the_keyboard_reaches(playground):
    controls, _, _ = playground
    kinds = {name: type(control).__name__ for name, control in controls.items()}
    assert kinds == {
        "weight of log carat": "FloatSlider",
        "weight of clarity grade": "FloatSlider",
        "bias": "FloatSlider",
        "learning rate": "FloatLogSlider",
        "One step down": "Button",
        "All to zero": "Button",
    }


def test_a_move_changes_the_picture_once_and_the_loss(playground):
    controls, image, text = playground
    pictures = []
    image.observe(lambda change: pictures.append(change.new), names="value")
    for name in ("weight of log carat", "weight of clarity grade", "bias"):
        before = text.value
        controls[name].value = 2.0
        assert text.value != before
    assert len(pictures) == 3
    controls["One step down"].click()
    assert len(pictures) == 4, "one step moves three sliders and must draw once"
    assert Image.open(BytesIO(image.value)).size == (760, 340)


def test_gradient_agrees_with_finite_differences(stones):
    picture = widgets._NeuronPicture(*stones, NAMES)
    state = np.array([1.5, -0.7, 0.3])
    for place, slope in enumerate(picture.gradient(state)):
        move = np.eye(3)[place] * 1e-6
        rise = picture.score(state + move)[0] - picture.score(state - move)[0]
        assert abs(rise / 2e-6 - slope) < 1e-7


def test_steps_reach_what_logistic_regression_finds(playground, stones):
    controls, _, text = playground
    controls["learning rate"].value = 10.0
    for _ in range(600):
        controls["One step down"].click()
    points, labels = stones
    inputs = (points - points.mean(axis=0)) / points.std(axis=0)
    best = LogisticRegression(C=1e6).fit(inputs, labels)
    p = np.clip(best.predict_proba(inputs)[:, 1], 1e-12, 1 - 1e-12)
    loss = -np.mean(np.where(labels, np.log(p), np.log(1 - p)))
    assert abs(float(text.value.split("<b>")[1].split("<")[0]) - loss) < 0.003
    controls["All to zero"].click()
    assert "0.693" in text.value  # ln 2: every answer is one half
    assert controls["bias"].value == 0


def test_boundary_is_where_the_neuron_answers_one_half(stones):
    picture = widgets._NeuronPicture(*stones, NAMES)
    for state in ([2.0, 1.0, 0.5], [2.0, 0.0, 0.5], [0.0, 1.0, -0.3]):
        ends = np.stack(picture._boundary(*state), axis=1)
        inputs = (ends - picture.mean) / picture.spread
        assert np.allclose(inputs @ state[:2] + state[2], 0)
    assert picture._boundary(0.0, 0.0, 1.0) == ([], [])


def test_surface_is_near_the_loss_of_all_points(stones):
    picture = widgets._NeuronPicture(*stones, NAMES)
    surface = picture.losses(0.5)
    for row, column in ((20, 30), (30, 20), (25, 25)):
        state = (picture.weights[column], picture.weights[row], 0.5)
        assert surface[row, column] == pytest.approx(picture.score(np.array(state))[0], rel=0.2)


def test_a_wild_step_still_draws(playground):
    controls, _, text = playground
    controls["learning rate"].value = 100.0
    for _ in range(5):
        controls["One step down"].click()
    assert "nan" not in text.value and "inf" not in text.value


def test_fifty_moves_each_under_a_tenth_of_a_second(playground):
    controls, _, _ = playground
    names = ("weight of log carat", "weight of clarity grade", "bias", "One step down")
    rng = np.random.default_rng(1)
    slow = []
    for _ in range(3):  # another process may take the core: the best of three counts
        seconds = []
        for move in range(50):
            control = controls[names[move % 4]]
            start = time.perf_counter()
            if names[move % 4] == "One step down":
                control.click()
            else:
                control.value = rng.uniform(control.min, control.max)
            seconds.append(time.perf_counter() - start)
        slow.append(np.quantile(seconds, 0.95))
    assert min(slow) < 0.1, slow
