"""The map of products: the right product at each place, keys, speed, silent when headless."""

import time
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from ecomlab import widgets
from ecomlab.widgets.vae_map import MAP_SIDE

FIRST, SECOND = np.linspace(-2, 2, 21), np.linspace(-1.5, 1.5, 17)
SIDE = MAP_SIDE


@pytest.fixture
def images():
    """Return products that tell where they lie: one dark pixel at (row, column)."""
    made = np.zeros((17, 21, 28, 28), "float32")
    for row, column in np.ndindex(17, 21):
        made[row, column, row, column] = 1
    return made


@pytest.fixture
def playground(monkeypatch, images):
    monkeypatch.delenv("ECOMLAB_HEADLESS", raising=False)
    box, _, image = widgets.vae_map(images, FIRST, SECOND).children
    across, up = box.children
    return across, up, image


def pixels(image):
    return np.asarray(Image.open(BytesIO(image.value))).astype(int)


def product(image):
    """Return where the dark pixel of the product lies, as (row, column)."""
    cell = SIDE // 28
    shown = pixels(image)[cell // 2 :: cell, -SIDE + cell // 2 :: cell].sum(axis=2)
    return np.unravel_index(shown.argmin(), shown.shape)


def marker(image):
    """Return the middle of the orange square on the map, as shares of the map's side."""
    map_part = pixels(image)[:, :SIDE]
    rows, columns = np.nonzero((map_part == (0xD5, 0x5E, 0)).all(axis=2))
    return rows.mean() / SIDE, columns.mean() / SIDE


def test_headless_returns_none(monkeypatch, images):
    monkeypatch.setenv("ECOMLAB_HEADLESS", "1")
    assert widgets.vae_map(images, FIRST, SECOND) is None


def test_a_missing_image_is_refused_also_when_headless(monkeypatch, images):
    monkeypatch.setenv("ECOMLAB_HEADLESS", "1")
    with pytest.raises(ValueError, match=r"expected \(21, 17"):
        widgets.vae_map(images, SECOND, FIRST)


def test_it_starts_in_the_middle(playground):
    across, up, image = playground
    assert (across.label, up.label) == ("+0.00", "+0.00")
    assert product(image) == (8, 10)
    assert marker(image) == pytest.approx((0.5, 0.5), abs=0.01)


@pytest.mark.parametrize(
    ("row", "column", "place"),
    [(0, 0, (0.96, 0.04)), (16, 0, (0.04, 0.04)), (0, 20, (0.96, 0.96)), (16, 20, (0.04, 0.96))],
)
def test_every_corner_shows_its_product_and_its_place(playground, row, column, place):
    across, up, image = playground
    across.value, up.value = column, row
    assert product(image) == (row, column)
    assert marker(image) == pytest.approx(place, abs=0.01)


def test_whole_numbers_and_shares_look_the_same(monkeypatch, images):
    monkeypatch.delenv("ECOMLAB_HEADLESS", raising=False)
    whole = widgets.vae_map(np.uint8(255 * images), FIRST, SECOND)
    shares = widgets.vae_map(images, FIRST, SECOND)
    assert whole.children[-1].value == shares.children[-1].value


def test_a_move_is_answered_within_100_ms(playground):
    across, up, image = playground
    times = []
    for step in range(40):
        start = time.process_time()
        (across if step % 2 else up).value = step % 17
        times.append(time.process_time() - start)
    assert np.quantile(times, 0.95) < 0.1
    assert pixels(image).shape == (SIDE, 2 * SIDE + 24, 3)
