"""What report notebooks show and write: tables that sort, files beside the page, safe text."""

import re
from pathlib import Path

import pandas as pd
from jinja2 import Template

from ecomlab.files import write_text

__all__ = [
    "figure_text",
    "in_currency",
    "markdown_text",
    "money_format",
    "money_text",
    "shorten",
    "show_table",
    "write_csv",
    "write_table",
]

# A cell that begins so is a formula to a spreadsheet.
_FORMULA = re.compile(r"[=+\-@\t\r\n]")
# A number sorts by its value, a word by its text. A space for _ lets a narrow screen break a
# heading. `columns` holds names and formats; a column of words has none.
_TABLE = Template(
    """
{% if fold %}<details><summary>{{ caption }}: {{ rows | length }} rows</summary>{% endif %}
<div class="wide"><table class="sortable">
<caption>{{ caption }}
{%- if n_rows > rows | length %}; the first {{ "{:,}".format(rows | length) }} of
{{ "{:,}".format(n_rows) }}{% endif %}</caption>
<thead><tr>
{%- for name, format in columns %}
<th scope="col" class="{{ "number" if format else "word" }}">{{ name.replace("_", " ") }}</th>
{%- endfor %}
</tr></thead>
<tbody>
{%- for row in rows %}
<tr>
{%- for value in row %}
{%- set format = columns[loop.index0][1] %}
{%- set text = "" if value is none else format.format(value) if format else value %}
{%- if format %}
<td class="number" data-sort="{{ "" if value is none else "{:.12g}".format(value) }}">
{{- text }}</td>
{%- else %}
<td class="word">{{ text }}</td>
{%- endif %}
{%- endfor %}
</tr>
{%- endfor %}
</tbody></table></div>
{%- if fold %}</details>{% endif %}
""".strip(),
    autoescape=True,
)


def show_table(frame, caption, formats=None, rows=50, fold=False):
    """Display a table whose columns sort at a click, every text escaped.

    Parameters
    ----------
    frame : DataFrame
        Its columns are shown under their own names, with spaces; its index is not shown.
    caption : str
        What the table holds.
    formats : dict, optional
        Column to a format such as ``"{:,.0f}"``.
    rows : int
        At most this many; a line says how many there are.
    fold : bool
        Show the caption alone until a reader unfolds it.
    """
    from IPython.display import display

    formats = formats or {}
    shown = frame.head(rows)
    columns = [
        (str(name), formats.get(name, "{:,}") if pd.api.types.is_numeric_dtype(kind) else None)
        for name, kind in frame.dtypes.items()
    ]
    html = _TABLE.render(
        caption=caption,
        n_rows=len(frame),
        fold=fold,
        columns=columns,
        rows=[
            [None if pd.isna(value) else value for value in row]
            for row in shown.itertuples(index=False)
        ],
    )
    display({"text/html": html, "text/plain": shown.to_string(index=False)}, raw=True)


def write_table(frame, folder, name):
    """Write a table as CSV (see `write_csv`) and parquet.

    Parameters
    ----------
    frame : DataFrame
    folder : str or Path
        "" writes nothing: a notebook run by hand leaves no files.
    name : str
    """
    if not folder:
        return
    folder = Path(folder)
    write_csv(frame, folder / f"{name}.csv")
    frame.to_parquet(folder / f"{name}.parquet", index=False)


def write_csv(frame, path):
    """Write a table as CSV that a spreadsheet opens without computing anything.

    A text that a spreadsheet would take for a formula, in a cell or in a column's name, gets
    an apostrophe in front: it begins with =, +, -, @, a tab or a line break. A number stays
    a number.

    Parameters
    ----------
    frame : DataFrame
        Its index is not written.
    path : str or Path

    Returns
    -------
    Path
        `path`; the file is whole or not there.
    """
    safe = frame.rename(columns=_harmless)
    for place, dtype in enumerate(safe.dtypes):
        if dtype == "object" or isinstance(dtype, (pd.StringDtype, pd.CategoricalDtype)):
            texts = safe.iloc[:, place].astype("object")
            safe.isetitem(place, texts.map(_harmless, na_action="ignore"))
    # Both line breaks end a line, so both are quoted inside a text: neither begins a new cell.
    return write_text(path, safe.to_csv(index=False, float_format="%.6g", lineterminator="\r\n"))


def _harmless(value):
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def markdown_text(text, most=40):
    """Return a text from data, cut and escaped, to stand in Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>#|$~&^])", r"\\\1", shorten(text, most))


def figure_text(text, most=28):
    """Return a text from data, cut, to stand in a figure: its $ is no formula there."""
    return shorten(text, most).replace("$", r"\$")


def shorten(text, most):
    """Return a text on one line, at most so many characters long."""
    text = " ".join(str(text).split())
    return text if len(text) <= most else text[: most - 1] + "…"


def money_format(currency, decimals=0):
    """Return the format of amounts in a table, "{:,.0f} EUR"; without a currency, the number's."""
    unit = str(currency).replace("{", "{{").replace("}", "}}")
    return f"{{:,.{decimals}f}} {unit}".rstrip()


def money_text(value, currency):
    """Return an amount with its currency, to stand in Markdown: "1,234 EUR"."""
    return markdown_text(money_format(currency).format(value), 60)


def in_currency(name, currency):
    """Return what an axis of amounts is called: "sales (EUR)", or "sales" without a currency."""
    return figure_text(f"{name} ({currency})" if currency else name, 60)
