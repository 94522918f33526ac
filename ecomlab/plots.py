"""Figures: one look, alt text on each, and the few plots that several lessons share."""

import base64
from importlib.resources import files
from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

__all__ = ["BASELINE_COLOR", "image_grid", "show", "training_curve", "use_style"]

BASELINE_COLOR = "#999999"
LARGE_PICTURE = 100_000  # bytes


def use_style():
    """Give every figure of this notebook the workbook's look."""
    plt.style.use(str(files("ecomlab") / "ecomlab.mplstyle"))


def show(figure, alt):
    """Display a figure with a text for those who cannot see it, and close it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What the figure shows, in one sentence.

    Raises
    ------
    ValueError
        If `alt` is empty.
    """
    from IPython.display import display

    if not alt.strip():
        raise ValueError("say in one sentence what the figure shows")
    buffer = BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    plt.close(figure)
    display(
        {"image/png": base64.b64encode(_compact(buffer)).decode(), "text/plain": alt},
        metadata={"image/png": {"alt": alt}},
        raw=True,
    )


def _compact(png):
    """Return a PNG of 256 colours, or 128 where it is large: a stored lesson stays small."""
    from PIL import Image

    def packed(few):
        buffer = BytesIO()
        few.save(buffer, format="png", optimize=True)
        return buffer.getvalue()

    image = Image.open(png).convert("RGB")
    small = packed(image.quantize(256, dither=Image.Dither.NONE))
    if len(small) < LARGE_PICTURE:
        return small
    # Photos. k-means chooses colours that show no steps; over every pixel it would take seconds.
    some = image.resize((image.width // 4, image.height // 4), Image.Resampling.NEAREST)
    palette = some.quantize(128, kmeans=3)
    return packed(image.quantize(palette=palette, dither=Image.Dither.NONE))


def image_grid(images, titles=None, columns=10, cell=1.0, **imshow):
    """Draw images in a grid, grey or in colours.

    Parameters
    ----------
    images : array, shape (n, height, width), (n, height, width, 1) or (n, height, width, 3)
        With three channels they are drawn in colours: 0 to 255 as integers, or 0 to 1.
    titles : sequence of str, optional
        One title an image.
    columns : int
    cell : float
        Side of one image, in inches.
    **imshow
        Passed to `Axes.imshow`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    images = np.asarray(images)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    height = cell * (1.25 if titles is not None else 1.0)
    figure, axes = plt.subplots(
        rows, columns, figsize=(cell * columns, height * rows), squeeze=False
    )
    for axis in axes.flat:
        axis.set_axis_off()
    for index, (axis, image) in enumerate(zip(axes.flat, images, strict=False)):
        axis.imshow(image, **imshow)
        if titles is not None:
            axis.set_title(titles[index], fontsize=8, loc="center")
    return figure


def training_curve(history, metric=None, baseline=None, baseline_label="baseline"):
    """Draw loss, and one metric if named, over the epochs of a Keras history.

    Parameters
    ----------
    history : keras.callbacks.History or dict of str to list of float
    metric : str, optional
        A metric's name; its validation twin is drawn too where there is one.
    baseline : float, optional
        The baseline's value of `metric`, drawn in grey.
    baseline_label : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    values = getattr(history, "history", history)
    names = ["loss"] + ([metric] if metric else [])
    figure, axes = plt.subplots(1, len(names), figsize=(3.6 * len(names) + 0.6, 3), squeeze=False)
    for axis, name in zip(axes.flat, names, strict=True):
        epochs = np.arange(1, len(values[name]) + 1)
        axis.plot(epochs, values[name], label="training", marker="o", markersize=3)
        if f"val_{name}" in values:
            axis.plot(epochs, values[f"val_{name}"], label="validation", marker="o", markersize=3)
        if name == metric and baseline is not None:
            axis.axhline(baseline, color=BASELINE_COLOR, linestyle="--", label=baseline_label)
        axis.set(xlabel="epoch", ylabel=name)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))  # there is no half epoch
        axis.legend()
    return figure
