"""A recommendation list that changes with what one likes."""

from html import escape

import numpy as np

from ecomlab.metrics import top_k
from ecomlab.widgets.headless import headless


def recommendation_list(names, weights, liked=(), top=10):
    """Say what you like, and see what an item-to-item model recommends, and why.

    Parameters
    ----------
    names : sequence of str, length n_items
        Each once.
    weights : array, shape (n_items, n_items)
        Row i, column j: what liking item i adds to item j's score, as in EASE or item-kNN.
    liked : sequence of str
        What is liked at first.
    top : int
        Length of the list.

    Returns
    -------
    ipywidgets.VBox or None
        None where the environment has `ECOMLAB_HEADLESS=1`.

    Raises
    ------
    ValueError
        If a name comes twice, or names and weights do not match.
    """
    names, weights = list(names), np.asarray(weights)
    if len(set(names)) != len(names) or weights.shape != (len(names), len(names)):
        raise ValueError("give each name once, and one row and one column of weights for each")
    if headless():
        return None
    import ipywidgets as widgets

    place = {name: number for number, name in enumerate(names)}
    wide = widgets.Layout(width="640px", max_width="100%")
    choose = widgets.Combobox(
        options=names, placeholder="type, choose, press Enter", description="add", layout=wide
    )
    likes = widgets.TagsInput(
        value=[name for name in liked if name in place], allowed_tags=names, layout=wide
    )
    likes.tooltip = "What you like: Backspace takes the last one away"
    shown = widgets.HTML()

    def draw(_=None):
        rows = [place[name] for name in likes.value]
        shown.value = _recommended_html(names, weights, rows, top)

    def on_choose(_):
        if choose.value in place:
            if choose.value not in likes.value:
                likes.value = [*likes.value, choose.value]
            choose.value = ""

    choose.observe(on_choose, names="value")
    likes.observe(draw, names="value")
    draw()
    return widgets.VBox([choose, likes, shown])


def _recommended_html(names, weights, liked, top):
    """Return the best items as a table, each with the liked item that speaks most for it."""
    if not liked:
        return "Add something that you like."
    scores = weights[liked].sum(axis=0)
    scores[liked] = -np.inf  # what one has is not recommended
    best = top_k(scores, top)
    best = best[np.isfinite(scores[best])]
    longest = max(float(scores[best].max(initial=0)), 1e-9)
    lines = []
    for rank, item in enumerate(best, start=1):
        reason = names[liked[int(np.argmax(weights[liked, item]))]]
        bar = max(0.0, 160 * float(scores[item]) / longest)
        lines.append(
            f"<tr><td>{rank}</td><td style='text-align:left'>{escape(names[item])}</td>"
            f"<td>{scores[item]:.3f}</td><td style='width:170px'><div style='background:#0072B2;"
            f"height:12px;width:{bar:.0f}px'></div></td>"
            f"<td style='text-align:left'>mostly for {escape(reason)}</td></tr>"
        )
    return f"<table>{''.join(lines)}</table>"
