"""Playgrounds: small interactive figures, each with a still figure beside it in its lesson.

Every playground returns an ipywidgets widget that answers the keyboard as well as the mouse,
and None where `ECOMLAB_HEADLESS=1`: a run by papermill has nobody to move a slider.
"""

import os
from html import escape
from io import BytesIO

import numpy as np


def neuron_playground(points, labels, names=("first input", "second input")):
    """Move two weights and a bias of one sigmoid neuron, and see its boundary and its loss.

    The neuron works on standardised inputs; the axes show the inputs' own units. A button
    takes one step of gradient descent.

    Parameters
    ----------
    points : array, shape (n, 2)
        Two inputs a row.
    labels : array, shape (n,)
        0 or 1 a row.
    names : pair of str
        What the two inputs are, for the axes.

    Returns
    -------
    ipywidgets.VBox or None
        None where the environment has `ECOMLAB_HEADLESS=1`.
    """
    if os.environ.get("ECOMLAB_HEADLESS") == "1":
        return None
    import ipywidgets as widgets

    picture = _NeuronPicture(points, labels, names)
    layout, style = widgets.Layout(width="340px"), {"description_width": "150px"}
    sliders = [
        widgets.FloatSlider(0, min=low, max=high, step=0.1, description=text, layout=layout)
        for low, high, text in (
            (*picture.weight_range, f"weight of {names[0]}"),
            (*picture.weight_range, f"weight of {names[1]}"),
            (-6, 6, "bias"),
        )
    ]
    rate = widgets.FloatLogSlider(
        3, base=10, min=-1, max=2, step=0.1, description="learning rate", layout=layout
    )
    for slider in (*sliders, rate):
        slider.style = style
    step = widgets.Button(description="One step down", tooltip="One step of gradient descent")
    restart = widgets.Button(description="All to zero", tooltip="Weights and bias to zero")
    image = widgets.Image(format="png", layout=widgets.Layout(width="760px"))
    image.tooltip = "Left: diamonds and the neuron's boundary. Right: its loss over both weights."
    said = widgets.HTML()
    state = np.zeros(3)
    trail = []
    moving = False

    def draw():
        image.value = picture.png(state, trail)
        loss, right = picture.score(state)
        said.value = f"Loss <b>{loss:.3f}</b>, right for <b>{right:.1%}</b> of the points"

    def show(values):
        """Put values on the sliders without a redraw for each of them, then draw once."""
        nonlocal moving
        state[:] = values
        moving = True
        for slider, value in zip(sliders, values, strict=True):
            slider.value = float(np.clip(value, slider.min, slider.max))
        moving = False
        draw()

    def on_slider(_):
        if not moving:
            trail.clear()
            state[:] = [slider.value for slider in sliders]
            draw()

    def on_step(_):
        trail.append(state[:2].copy())
        show(state - rate.value * picture.gradient(state))

    def on_restart(_):
        trail.clear()
        show(np.zeros(3))

    for slider in sliders:
        slider.observe(on_slider, names="value")
    step.on_click(on_step)
    restart.on_click(on_restart)
    draw()
    controls = widgets.VBox([*sliders, rate])
    buttons = widgets.VBox([widgets.HBox([step, restart]), said])
    return widgets.VBox([widgets.HBox([controls, buttons]), image])


class _NeuronPicture:
    """Two panels whose axes and points are drawn once; a move redraws only what moves."""

    weight_range = (-6.0, 14.0)
    side = 41  # grid points along each axis of both panels

    def __init__(self, points, labels, names):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        points = np.asarray(points, float)
        self.labels = np.asarray(labels, float).ravel()
        self.mean, self.spread = points.mean(axis=0), points.std(axis=0)
        self.inputs = (points - self.mean) / self.spread
        low, high = points.min(axis=0), points.max(axis=0)
        margin = 0.05 * (high - low)
        self.low, self.high = low - margin, high + margin
        steps = np.linspace(0, 1, self.side)[:, None]
        axes_values = self.low + steps * (self.high - self.low)
        self.grid = (axes_values - self.mean) / self.spread  # standardised, (side, 2)
        self.weights = np.linspace(*self.weight_range, self.side)
        # The loss surface takes at most 200 points: a smooth average needs no more.
        every = -(-len(points) // 200)
        self.few, self.few_labels = self.inputs[::every], self.labels[::every]
        self.surface_bias, self.surface = None, None

        self.figure = Figure(figsize=(7.6, 3.4), dpi=100, layout="constrained")
        self.canvas = FigureCanvasAgg(self.figure)
        self.left, self.right = self.figure.subplots(1, 2)
        self._draw_still_parts(points, names)

    def _draw_still_parts(self, points, names):
        extent = (self.low[0], self.high[0], self.low[1], self.high[1])
        empty = np.zeros((self.side, self.side))
        self.answers = self.left.imshow(
            empty, extent=extent, origin="lower", aspect="auto", cmap="PuOr", vmin=0, vmax=1
        )
        self.answers.set(alpha=0.55, interpolation="bilinear")
        colors = np.where(self.labels[:, None] == 1, "#1B2A6B", "#B35806")[:, 0]
        self.dots = self.left.scatter(*points.T, c=colors, s=6, linewidths=0)
        (self.line,) = self.left.plot([], [], color="black", linewidth=2)
        self.left.set(xlabel=names[0], ylabel=names[1], xlim=extent[:2], ylim=extent[2:])
        self.left.set_title("The neuron's answer and its boundary", fontsize=10)
        extent = (*self.weight_range, *self.weight_range)
        self.heat = self.right.imshow(
            empty, extent=extent, origin="lower", aspect="auto", cmap="viridis_r", vmin=0, vmax=1.5
        )
        self.heat.set_interpolation("bilinear")
        (self.path,) = self.right.plot([], [], "o-", color="black", markersize=3, linewidth=1)
        (self.here,) = self.right.plot([], [], "o", color="#D55E00", markersize=9, mec="white")
        self.right.set(xlabel=f"weight of {names[0]}", ylabel=f"weight of {names[1]}")
        self.right.set(xlim=self.weight_range, ylim=self.weight_range)
        self.right.set_title("Loss at this bias: dark is high", fontsize=10)
        self.moving = {
            self.left: (self.answers, self.dots, self.line),
            self.right: (self.heat, self.path, self.here),
        }
        for artists in self.moving.values():
            for artist in artists:
                artist.set_animated(True)
        self.canvas.draw()
        self.background = self.canvas.copy_from_bbox(self.figure.bbox)

    def score(self, state):
        """Return the loss and the share of right answers."""
        z = self.inputs @ state[:2] + state[2]
        # Cross-entropy from z itself, which stays finite where the sigmoid reaches 0 or 1.
        loss = np.mean(np.logaddexp(0, z) - self.labels * z)
        return float(loss), float(np.mean((z > 0) == (self.labels == 1)))

    def gradient(self, state):
        """Return the loss' gradient by both weights and the bias, shape (3,)."""
        error = _sigmoid(self.inputs @ state[:2] + state[2]) - self.labels
        return np.append(self.inputs.T @ error, error.sum()) / len(error)

    def losses(self, bias):
        """Return the loss for every pair of weights, shape (side, side), second weight down."""
        if self.surface_bias != bias:
            first = np.outer(self.weights, self.few[:, 0])
            second = np.outer(self.weights, self.few[:, 1]) + bias
            z = (second[:, None, :] + first[None, :, :]).astype(np.float32)
            labels = self.few_labels.astype(np.float32)
            softplus = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
            self.surface = softplus.mean(axis=2) - z @ labels / len(labels)
            self.surface_bias = bias
        return self.surface

    def png(self, state, trail):
        """Return the picture of a neuron and of the steps that led to it, as PNG bytes."""
        from PIL import Image

        first, second, bias = state
        z = first * self.grid[:, 0][None, :] + second * self.grid[:, 1][:, None] + bias
        self.answers.set_data(_sigmoid(z))
        self.line.set_data(*self._boundary(first, second, bias))
        self.heat.set_data(self.losses(float(bias)))
        steps = np.array([*trail, state[:2]])
        self.path.set_data(steps[:, 0], steps[:, 1])
        # A neuron that has left the map is shown at its edge.
        self.here.set_data(*np.clip(state[:2], *self.weight_range)[:, None])
        self.canvas.restore_region(self.background)
        for axis, artists in self.moving.items():
            for artist in artists:
                axis.draw_artist(artist)
        buffer = BytesIO()
        pixels = np.asarray(self.canvas.buffer_rgba())[..., :3]
        Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "png", compress_level=1)
        return buffer.getvalue()

    def _boundary(self, first, second, bias):
        """Return the line where the neuron answers one half, in the inputs' own units."""
        if abs(second) > abs(first) * 1e-3:
            across = self.grid[[0, -1], 0]
            up = -(first * across + bias) / second
        elif first:
            up = self.grid[[0, -1], 1]
            across = -(second * up + bias) / first
        else:
            return [], []
        return across * self.spread[0] + self.mean[0], up * self.spread[1] + self.mean[1]


def _sigmoid(z):
    return 1 / (1 + np.exp(-np.clip(z, -500, 500)))


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
    if os.environ.get("ECOMLAB_HEADLESS") == "1":
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
    image.tooltip = "The photo, the kernel, and the feature map that the kernel makes of the photo."
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
    return widgets.VBox([widgets.HBox([preset, index, relu]), *rows, image])


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
    if os.environ.get("ECOMLAB_HEADLESS") == "1":
        return None
    import ipywidgets as widgets

    top = 255 if images.dtype == np.uint8 else max(1.0, float(images.max()))
    ink = np.uint8(255 - 255 * (images.astype(np.float32) / top))  # the background is white
    overview = _overview(ink)
    image = widgets.Image(format="png", layout=widgets.Layout(width="808px", max_width="100%"))
    image.tooltip = "Left: the map and where you are. Right: the product made from this code."
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
    return widgets.VBox([widgets.HBox(sliders), image])


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


def attention_map(weights, labels):
    """Choose a sequence, a head and a step, and see how much each earlier step weighs.

    Parameters
    ----------
    weights : sequence of array, each of shape (heads, time, time)
        One a sequence. Row t holds the weights of step t; each row sums to 1.
    labels : sequence of sequences of str
        One short text for each step of each sequence.

    Returns
    -------
    ipywidgets.VBox or None
        None where the environment has `ECOMLAB_HEADLESS=1`.

    Raises
    ------
    ValueError
        If there is not one label for each step.
    """
    if [np.shape(each)[1] for each in weights] != [len(each) for each in labels]:
        raise ValueError("give one label for each step of each sequence")
    if os.environ.get("ECOMLAB_HEADLESS") == "1":
        return None
    import ipywidgets as widgets

    wide = widgets.Layout(width="390px")
    sequence = widgets.IntSlider(1, min=1, max=len(weights), description="sequence", layout=wide)
    head = widgets.IntSlider(1, min=1, max=len(weights[0]), description="head", layout=wide)
    step = widgets.IntSlider(1, min=1, max=len(labels[0]), description="step", layout=wide)
    for slider in (sequence, head, step):
        slider.tooltip = f"Which {slider.description}: arrow keys move by one"
    said = widgets.HTML()

    def draw(_=None):
        number = sequence.value - 1
        row = weights[number][head.value - 1, step.value - 1]
        said.value = _attention_html(row, labels[number], step.value - 1)

    def on_sequence(_):
        step.max = len(labels[sequence.value - 1])
        step.value = step.max
        draw()

    sequence.observe(on_sequence, names="value")
    for slider in (head, step):
        slider.observe(draw, names="value")
    step.value = step.max
    draw()
    return widgets.VBox([widgets.HBox([sequence, head]), step, said])


def _attention_html(row, labels, step):
    """Return a table of the steps, latest first, each with a bar as long as its weight."""
    lines = []
    for place in range(len(labels) - 1, -1, -1):
        weight = float(row[place])
        mark = "<b>now</b>" if place == step else f"{place - step:+d}"
        color = "#0072B2" if place <= step else "#999999"
        lines.append(
            f"<tr><td>{mark}</td><td>{weight:.2f}</td><td style='width:210px'>"
            f"<div style='background:{color};height:12px;width:{200 * weight:.0f}px'></div></td>"
            f"<td style='text-align:left'>{escape(labels[place])}</td></tr>"
        )
    return f"<table>{''.join(lines)}</table>"
