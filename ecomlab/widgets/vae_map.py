"""A walk over the map of a decoder."""

from io import BytesIO

import numpy as np

from ecomlab.widgets.headless import headless


def vae_map(images, first, second):
    """Walk over a map of products that a decoder has made, one step at a time.

    Parameters
    ----------
    images : array, shape (rows, columns, height, width)
        Grey levels, 0 to 255 or 0 to 1. `images[i, j]` is made from the code
        `(first[j], second[i])`.
    first : sequence of float, shape (columns,)
        The values of the code's first number, in rising order: drawn from left to right.
    second : sequence of float, shape (rows,)
        The same of its second number: drawn from the bottom to the top.

    Returns
    -------
    ipywidgets.VBox or None
        None where the environment has `ECOMLAB_HEADLESS=1`.

    Raises
    ------
    ValueError
        If there is not one image for each pair of values.
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[:2] != (len(second), len(first)):
        raise ValueError(
            f"images have shape {images.shape}: expected ({len(second)}, {len(first)}, "
            "height, width), one image for each pair of values"
        )
    if headless():
        return None
    import ipywidgets as widgets

    top = 255 if images.dtype == np.uint8 else max(1.0, float(images.max()))
    ink = np.uint8(255 - 255 * (images.astype(np.float32) / top))  # the background is white
    overview = _overview(ink)
    image = widgets.Image(format="png", layout=widgets.Layout(width="808px", max_width="100%"))
    # Text beside it, since a tooltip keeps JupyterLab from drawing an Image.
    caption = widgets.HTML("Left: the map and your place in it. Right: the product of this code.")
    sliders = []
    for name, values in (("first number", first), ("second number", second)):
        slider = widgets.SelectionSlider(
            options=[(f"{value:+.2f}", place) for place, value in enumerate(values)],
            value=len(values) // 2,
            description=name,
            tooltip=f"The code's {name}: arrow keys move one step",
            layout=widgets.Layout(width="390px"),
        )
        slider.style = {"description_width": "110px"}
        sliders.append(slider)
    across, up = sliders

    def draw(_=None):
        image.value = _map_png(ink, overview, up.value, across.value)

    for slider in sliders:
        slider.observe(draw, names="value")
    draw()
    return widgets.VBox([widgets.HBox(sliders), caption, image])


MAP_SIDE = 392  # pixels of the map, and of the product beside it


def _overview(ink, shown=14):
    """Return a square picture of the whole map, some products of each row and column."""
    from PIL import Image

    rows, columns = (
        np.linspace(0, size - 1, min(size, shown)).round().astype(int) for size in ink.shape[:2]
    )
    some = ink[np.ix_(rows[::-1], columns)]  # the largest second number lies at the top
    whole = some.swapaxes(1, 2).reshape(len(rows) * ink.shape[2], len(columns) * ink.shape[3])
    return Image.fromarray(whole).resize((MAP_SIDE, MAP_SIDE), Image.Resampling.BILINEAR)


def _map_png(ink, overview, row, column, gap=24):
    """Return the map with the place marked, and the product found there, as PNG bytes."""
    from PIL import Image, ImageDraw

    side = MAP_SIDE
    canvas = Image.new("RGB", (2 * side + gap, side), "white")
    canvas.paste(overview.convert("RGB"), (0, 0))
    product = Image.fromarray(ink[row, column]).resize((side, side), Image.Resampling.NEAREST)
    canvas.paste(product.convert("RGB"), (side + gap, 0))
    pen = ImageDraw.Draw(canvas)
    pen.rectangle((side + gap, 0, 2 * side + gap - 1, side - 1), outline="#CCCCCC")
    cell = side / 14
    left = column / max(1, ink.shape[1] - 1) * (side - cell)
    top = (1 - row / max(1, ink.shape[0] - 1)) * (side - cell)
    pen.rectangle((left, top, left + cell - 1, top + cell - 1), outline="#D55E00", width=3)
    buffer = BytesIO()
    canvas.save(buffer, "png", compress_level=1)
    return buffer.getvalue()
