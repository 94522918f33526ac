"""A neuron to move by hand: its boundary and its loss."""

from io import BytesIO

import numpy as np

from ecomlab.widgets.headless import headless


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
    if headless():
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
    # Text beside it, since a tooltip keeps JupyterLab from drawing an Image.
    caption = widgets.HTML(
        "Left: points and the neuron's boundary. Right: its loss over both weights."
    )
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
    return widgets.VBox([widgets.HBox([controls, buttons]), caption, image])


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
        self.right.set_xlabel(f"learned weight for {names[0]}")
        self.right.set_ylabel(f"learned weight for {names[1]}")
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
