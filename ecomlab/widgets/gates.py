"""The gates of a recurrent network over a text that one can edit."""

from html import escape

import numpy as np

from ecomlab.widgets.headless import headless


def gate_reader(read, text):
    """Edit a text, and see what a network's gates do at each word.

    Parameters
    ----------
    read : callable
        Takes a text; returns its words, a list of str of length time, and a dict of row name to
        array, shape (time,), each value from 0 to 1. The network stays in the notebook.
    text : str
        What stands in the field at first.

    Returns
    -------
    ipywidgets.VBox or None
        None where the environment has `ECOMLAB_HEADLESS=1`.
    """
    if headless():
        return None
    import ipywidgets as widgets

    field = widgets.Text(
        text,
        description="text",
        continuous_update=False,
        layout=widgets.Layout(width="720px", max_width="100%"),
    )
    field.tooltip = "Change a word, then press Enter"
    back = widgets.Button(description="As it was", tooltip="Put the first text back")
    shown = widgets.HTML()

    def draw(_=None):
        words, rows = read(field.value) if field.value.strip() else ([], {})
        shown.value = _gates_html(words, rows) if words else "Type a word, then press Enter."

    def on_back(_):
        field.value = text

    field.observe(draw, names="value")
    back.on_click(on_back)
    draw()
    return widgets.VBox([widgets.HBox([field, back]), shown])


def _gates_html(words, rows):
    """Return a table with one column a word; the stronger a value, the darker its cell."""
    head = "".join(f"<th>{escape(word)}</th>" for word in words)
    lines = [f"<tr><th></th>{head}</tr>"]
    for name, values in rows.items():
        cells = []
        for value in np.clip(values, 0, 1):
            # From white to the palette's blue; the letters turn white where it is dark.
            red, green, blue = (round(255 + value * (end - 255)) for end in (0, 90, 150))
            letters = "#fff" if value > 0.55 else "#000"
            cells.append(
                f"<td style='background:rgb({red},{green},{blue});color:{letters}'>{value:.2f}</td>"
            )
        lines.append(f"<tr><th style='text-align:left'>{escape(name)}</th>{''.join(cells)}</tr>")
    return f"<div style='overflow-x:auto'><table>{''.join(lines)}</table></div>"
