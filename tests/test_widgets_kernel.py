"""The kernel playground: right arithmetic, one redraw a move, fast, silent when headless."""

import time
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from ecomlab import widgets
from ecomlab.datasets import load_fashion_mnist
from ecomlab.widgets.kernel import KERNEL_PRESETS, _kernel_png


@pytest.fixture
def photos():
    return load_fashion_mnist(size="sample").x_train[:20]


def parts(playground):
    """Return the controls by their description, and the picture."""
    controls, image = {}, None
    pending = [playground]
    while pending:
        widget = pending.pop(0)
        if hasattr(widget, "children"):
            pending.extend(widget.children)
        elif type(widget).__name__ == "Image":
            image = widget
        elif type(widget).__name__ != "HTML":
            controls[widget.description] = widget
    return controls, image


def pixels(image):
    return np.asarray(Image.open(BytesIO(image.value)))


def test_headless_returns_none(monkeypatch, photos):
    monkeypatch.setenv("ECOMLAB_HEADLESS", "1")
    assert widgets.kernel_playground(photos) is None


def test_every_control_changes_the_picture(monkeypatch, photos):
    monkeypatch.delenv("ECOMLAB_HEADLESS", raising=False)
    controls, image = parts(widgets.kernel_playground(photos))
    assert len(controls) == 9 + 3
    for name, value in [
        ("preset", "blur"),
        ("photo", 3),
        ("row 1, column 1", -2.0),
        ("ReLU: negative values become 0", True),
    ]:
        before = image.value
        controls[name].value = value
        assert image.value != before, name
    assert controls["preset"].value == "my own"


def test_identity_shows_the_photo_again(photos):
    photo = photos[0].astype("float32") / 255
    kernel = np.array(KERNEL_PRESETS["identity"], "float32")
    shown = np.asarray(Image.open(BytesIO(_kernel_png(photo, kernel, side=26 * 8))))
    result = shown[24:, -26 * 8 :].reshape(26, 8, 26, 8, 3)[:, 4, :, 4].astype(float)
    darker = (255 - result.sum(axis=2) / 3) / (255 - 400 / 3)  # orange is (230, 130, 40)
    expected = photo[1:-1, 1:-1] / photo[1:-1, 1:-1].max()
    np.testing.assert_allclose(darker, expected, atol=0.02)


def test_a_vertical_edge_is_found_on_both_sides():
    photo = np.zeros((28, 28), "float32")
    photo[:, 14:] = 1
    kernel = np.array(KERNEL_PRESETS["vertical edge"], "float32")
    shown = np.asarray(Image.open(BytesIO(_kernel_png(photo, kernel, side=26 * 8))))
    middle = shown[24 + 13 * 8, -26 * 8 :][4::8]
    colored = np.flatnonzero((middle < 250).any(axis=1))
    assert colored.tolist() == [12, 13]


def test_an_empty_photo_and_a_zero_kernel_are_drawn_white():
    image = _kernel_png(np.zeros((28, 28), "float32"), np.zeros((3, 3), "float32"))
    shown = np.asarray(Image.open(BytesIO(image)))[25:-1]  # inside the frames
    assert (shown[:, 1:223] == 255).all() and (shown[:, -223:-1] == 255).all()


def test_a_move_is_answered_within_100_ms(monkeypatch, photos):
    monkeypatch.delenv("ECOMLAB_HEADLESS", raising=False)
    controls, image = parts(widgets.kernel_playground(photos))
    slider = controls["row 2, column 2"]
    times = []
    for value in np.linspace(-3, 3, 50):
        start = time.process_time()
        slider.value = float(value)
        times.append(time.process_time() - start)
    assert np.quantile(times, 0.95) < 0.1
    assert pixels(image).shape == (248, 720, 3)
