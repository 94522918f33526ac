"""How much each earlier step weighs."""

from html import escape

import numpy as np

from ecomlab.widgets.headless import headless


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
    if headless():
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
