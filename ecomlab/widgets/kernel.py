"""A kernel drawn by hand over a product photo."""

from io import BytesIO

import numpy as np

from ecomlab.widgets.headless import headless

KERNEL_PRESETS = {
    "identity": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "vertical edge": [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]],
    "horizontal edge": [[-1, -1, -1], [0, 0, 0], [1, 1, 1]],
    "outline": [[-0.5, -0.5, -0.5], [-0.5, 4, -0.5], [-0.5, -0.5, -0.5]],
    "blur": [[0.11, 0.11, 0.11], [0.11, 0.11, 0.11], [0.11, 0.11, 0.11]],
    "sharpen": [[0, -0.5, 0], [-0.5, 3, -0.5], [0, -0.5, 0]],
}


def kernel_playground(photos):
    """Change the nine weights of one 3x3 kernel, and see what it makes of a product photo.

    Parameters
    ----------
    photos : array, shape (n, height, width)
        Grey levels, 0 to 255 or 0 to 1.

    Returns
    -------
    ipywidgets.VBox or None
        None where the environment has `ECOMLAB_HEADLESS=1`.
    """
    if headless():
        return None
    import ipywidgets as widgets

    photos = np.asarray(photos, np.float32)
    photos = photos / max(1.0, float(photos.max()))
    names = [f"row {row}, column {column}" for row in (1, 2, 3) for column in (1, 2, 3)]
    sliders = [
        widgets.FloatSlider(
            min=-4, max=4, step=0.05, description=name, readout_format=".2f", tooltip=name
        )
        for name in names
    ]
    for slider in sliders:
        slider.layout = widgets.Layout(width="250px")
        slider.style = {"description_width": "105px"}
    preset = widgets.Dropdown(options=[*KERNEL_PRESETS, "my own"], description="preset")
    index = widgets.IntSlider(0, min=0, max=len(photos) - 1, description="photo")
    relu = widgets.Checkbox(False, description="ReLU: negative values become 0", indent=False)
    image = widgets.Image(format="png", layout=widgets.Layout(width="720px", max_width="100%"))
    # Text beside it, since a tooltip keeps JupyterLab from drawing an Image.
    caption = widgets.HTML("The photo, the kernel, and the feature map that it makes of the photo.")
    moving = False

    def draw():
        kernel = np.array([slider.value for slider in sliders], np.float32).reshape(3, 3)
        image.value = _kernel_png(photos[index.value], kernel, relu.value)

    def on_preset(_):
        """Put a preset on the sliders without a redraw for each of them, then draw once."""
        nonlocal moving
        if preset.value == "my own":
            return
        moving = True
        for slider, value in zip(sliders, np.ravel(KERNEL_PRESETS[preset.value]), strict=True):
            slider.value = float(value)
        moving = False
        draw()

    def on_slider(_):
        if not moving:
            preset.value = "my own"
            draw()

    for slider in sliders:
        slider.observe(on_slider, names="value")
    preset.observe(on_preset, names="value")
    for control in (index, relu):
        control.observe(lambda _: draw(), names="value")
    preset.value = "vertical edge"
    rows = [widgets.HBox(sliders[start : start + 3]) for start in (0, 3, 6)]
    return widgets.VBox([widgets.HBox([preset, index, relu]), *rows, caption, image])


def _kernel_png(photo, kernel, relu=False, side=224, gap=24, head=24):
    """Return photo, kernel and feature map side by side as PNG bytes."""
    from PIL import Image, ImageDraw, ImageFont

    windows = np.lib.stride_tricks.sliding_window_view(photo, (3, 3))
    result = np.einsum("ijkl,kl->ij", windows, kernel)
    if relu:
        result = np.maximum(result, 0)
    largest = float(np.abs(result).max())
    grey = np.repeat(np.uint8(255 * (1 - photo))[..., None], 3, axis=2)
    signed = _signed_colors(result / (largest or 1))
    tiles = _signed_colors(kernel / (float(np.abs(kernel).max()) or 1))
    canvas = Image.new("RGB", (3 * side + 2 * gap, side + head), "white")
    for column, pixels in enumerate((grey, tiles, signed)):
        tile = Image.fromarray(pixels).resize((side, side), Image.Resampling.NEAREST)
        canvas.paste(tile, (column * (side + gap), head))
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(size=14)
    titles = ("photo", "kernel", f"feature map, {result.min():.2f} to {result.max():.2f}")
    for column, text in enumerate(titles):
        left = column * (side + gap)
        pen.text((left, 2), text, fill="black", font=font)
        pen.rectangle((left, head, left + side - 1, head + side - 1), outline="#CCCCCC")
    for row, column in np.ndindex(3, 3):
        place = (side + gap + (column + 0.5) * side / 3, head + (row + 0.5) * side / 3)
        pen.text(place, f"{kernel[row, column]:.2f}", fill="black", font=font, anchor="mm")
    buffer = BytesIO()
    canvas.save(buffer, "png", compress_level=1)
    return buffer.getvalue()


def _signed_colors(values):
    """Return RGB of values from -1 (blue) over 0 (white) to 1 (orange), shape (..., 3)."""
    ends = np.where((values < 0)[..., None], (60, 130, 190), (230, 130, 40))
    strength = np.abs(values)[..., None]
    return np.uint8(255 + strength * (ends - 255.0))
