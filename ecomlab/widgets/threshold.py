"""A threshold with its precision, its recall and its money."""

from html import escape

import numpy as np

from ecomlab.widgets.headless import headless


def threshold_playground(scores, labels, gain=5.0, cost=1.0, currency="$"):
    """Move the score from which one acts, and see whom that reaches and what it earns.

    Parameters
    ----------
    scores : array, shape (n,)
        Probabilities, 0 to 1.
    labels : array, shape (n,)
        1 where acting earns `gain`, else 0.
    gain, cost : float
        Money from one right action, and of one action; both have a slider.
    currency : str
        Stands before an amount of money.

    Returns
    -------
    ipywidgets.VBox or None
        None where the environment has `ECOMLAB_HEADLESS=1`.

    Raises
    ------
    ValueError
        If there is not one label for each score, or no label is 1.
    """
    scores, labels = np.asarray(scores, float).ravel(), np.asarray(labels, float).ravel()
    if scores.shape != labels.shape or not labels.any():
        raise ValueError("give one label for each score, and at least one label that is 1")
    if headless():
        return None
    import ipywidgets as widgets

    currency = escape(currency)
    steps = np.linspace(0, 1, 101)
    order = np.argsort(scores)
    # Those at or above each threshold: acted on, and rightly so.
    first = np.searchsorted(scores[order], steps)
    acted = len(scores) - first
    right = np.append(np.cumsum(labels[order][::-1])[::-1], 0)[first]

    wide = widgets.Layout(width="420px")
    style = {"description_width": "150px"}
    threshold, earned, paid = (
        widgets.FloatSlider(
            value, min=0, max=top, step=step, description=name, layout=wide, style=style
        )
        for value, top, step, name in (
            (0.5, 1, 0.01, "threshold"),
            (gain, 4 * gain, gain / 20, "gain of a right action"),
            (cost, 4 * cost, cost / 20, "cost of an action"),
        )
    )
    said, picture = widgets.HTML(), widgets.HTML()

    def draw(_=None):
        place = round(threshold.value * 100)
        money = right * earned.value - acted * paid.value
        said.value = _threshold_words(
            acted[place], right[place], labels.sum(), money[place], currency
        )
        picture.value = _threshold_svg(
            steps, right / np.maximum(acted, 1), right / labels.sum(), money, place, currency
        )

    for slider in (threshold, earned, paid):
        slider.observe(draw, names="value")
    draw()
    return widgets.VBox([threshold, earned, paid, said, picture])


def _threshold_words(acted, right, positives, money, currency):
    precision = f"{right / acted:.1%}" if acted else "none acted on"
    return (
        f"acted on <b>{acted:,}</b>, rightly <b>{right:,.0f}</b> of {positives:,.0f} · precision "
        f"<b>{precision}</b>, recall <b>{right / positives:.1%}</b> · money "
        f"<b>{currency}{money:,.0f}</b>"
    )


def _threshold_svg(steps, precision, recall, money, place, currency):
    """Return two panels, precision with recall and money, each with a line at the threshold."""
    width, height, gap, edge = 300, 170, 60, 34
    low, high = min(0.0, money.min()), max(money.max(), 1e-9)
    share, amount = "{:.0%}".format, lambda value: f"{currency}{value:,.0f}"
    panels = (
        ((("precision", precision, "#0072B2"), ("recall", recall, "#D55E00")), 0.0, 1.0, share),
        ((("money", money, "#009E73"),), low, high, amount),
    )
    parts = []
    for number, (curves, bottom, top, form) in enumerate(panels):
        left = edge + number * (width + gap + edge)
        x = left + steps * width
        up = lambda values, b=bottom, t=top: 20 + height * (1 - (values - b) / (t - b))  # noqa: E731
        box = f"x='{left}' y='20' width='{width}' height='{height}'"
        parts.append(f"<rect {box} fill='none' stroke='#999'/>")
        for value in (bottom, top):
            parts.append(
                f"<text x='{left - 4}' y='{up(value) + 4:.0f}' text-anchor='end'>"
                f"{form(value)}</text>"
            )
        for line, (name, values, color) in enumerate(curves):
            points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, up(values), strict=True))
            parts.append(
                f"<polyline points='{points}' fill='none' stroke='{color}' stroke-width='2'/>"
            )
            parts.append(f"<text x='{left + 80 * line}' y='12' fill='{color}'>{name}</text>")
            parts.append(
                f"<circle cx='{x[place]:.1f}' cy='{up(values[place]):.1f}' r='4' fill='{color}'/>"
            )
        parts.append(
            f"<line x1='{x[place]:.1f}' x2='{x[place]:.1f}' y1='20' y2='{20 + height}' "
            f"stroke='currentColor' stroke-dasharray='4 3'/>"
        )
        parts.append(
            f"<text x='{left + width / 2}' y='{height + 38}' text-anchor='middle'>threshold, "
            f"0 to 1</text>"
        )
    size = 2 * (width + edge) + gap + 10
    return (
        f"<svg viewBox='0 0 {size} {height + 46}' width='{size}' style='max-width:100%;"
        f"font:12px sans-serif' fill='currentColor' role='img' "
        f"aria-label='Precision, recall and money by threshold'>{''.join(parts)}</svg>"
    )
