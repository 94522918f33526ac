"""Figures: alt text, grids, curves."""

import base64
from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from ecomlab import plots


@pytest.fixture
def displayed(monkeypatch):
    """What would reach the notebook."""
    seen = []
    monkeypatch.setattr(
        "IPython.display.display", lambda data, **keywords: seen.append((data, keywords))
    )
    return seen


def test_a_figure_is_shown_with_its_alt_text_and_closed(displayed):
    plots.use_style()
    figure, axis = plt.subplots()
    axis.plot([1, 2])
    plots.show(figure, alt="a rising line")
    ((data, keywords),) = displayed
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert keywords["metadata"]["image/png"]["alt"] == "a rising line"
    assert not plt.get_fignums()


def test_a_figure_without_alt_text_is_refused(displayed):
    figure, _ = plt.subplots()
    with pytest.raises(ValueError, match="one sentence"):
        plots.show(figure, alt=" ")
    plt.close(figure)
    assert not displayed


@pytest.mark.parametrize("shape", [(7, 4, 4), (7, 4, 4, 1), (1, 4, 4)])
def test_a_grid_holds_every_image_once(shape):
    images = np.arange(np.prod(shape), dtype=float).reshape(shape)
    figure = plots.image_grid(images, titles=[str(i) for i in range(shape[0])], columns=3)
    drawn = [axis for axis in figure.axes if axis.images]
    assert len(drawn) == shape[0]
    assert drawn[-1].get_title() == str(shape[0] - 1)
    np.testing.assert_array_equal(drawn[0].images[0].get_array(), images[0].reshape(4, 4))
    plt.close(figure)


def test_a_grid_keeps_colours():
    images = np.random.default_rng(1).integers(256, size=(2, 4, 4, 3), dtype=np.uint8)
    figure = plots.image_grid(images)
    np.testing.assert_array_equal(figure.axes[1].images[0].get_array(), images[1])
    plt.close(figure)


def test_a_photo_is_packed_with_colours_chosen_for_it():
    rows, columns = np.mgrid[0:600, 0:900] / np.array([600, 900])[:, None, None]
    shadows = 0.4 + 0.6 * np.cos(9 * rows)[..., None] ** 2
    photo = 255 * shadows * np.stack([rows, columns, 1 - rows * columns], axis=-1)
    photo += np.random.default_rng(1).normal(0, 9, photo.shape)
    photo = Image.fromarray(np.clip(photo, 0, 255).astype("uint8"))
    png = BytesIO()
    photo.save(png, "png")

    def error(few):
        return np.sqrt(np.mean((np.asarray(few.convert("RGB"), float) - np.asarray(photo)) ** 2))

    few = Image.open(BytesIO(plots._compact(png)))
    assert len(few.getcolors()) <= 128
    assert error(few) < 0.9 * error(photo.quantize(128, dither=Image.Dither.NONE))


def test_a_training_curve_draws_validation_and_a_grey_baseline():
    history = {"loss": [2, 1], "val_loss": [2, 1.5], "accuracy": [0.5, 0.7]}
    figure = plots.training_curve(history, "accuracy", baseline=0.6)
    loss, accuracy = figure.axes
    assert [line.get_label() for line in loss.lines] == ["training", "validation"]
    assert accuracy.lines[-1].get_color() == plots.BASELINE_COLOR
    assert accuracy.lines[-1].get_ydata()[0] == 0.6
    plt.close(figure)
