"""What the runs of a sweep recorded: one table, its plots, and a page with both.

Runs that differ in their seed only are one row, with the spread among them beside the mean.
"""

import base64
import json
from io import BytesIO
from pathlib import Path

from ecomlab import __version__
from ecomlab.errors import UserError
from ecomlab.files import write_bytes, write_text
from ecomlab.pages.notebook import TEMPLATES, stylesheet
from ecomlab.results import shown
from ecomlab.sweep.folder import read_sweep
from ecomlab.sweep.grid import REPLICATES

FIGURES = 8  # a notebook may record fifty numbers; the page draws these many, headlines first
_COLUMNS = ("seconds", "peak_memory_mb", "host", "failure")
_TIMES = ("_s", "_ms", "_ratio")


def compare(folder):
    """Write `table.parquet` and `sweep.html` into a sweep's folder.

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    Path
        The page, one file that opens with no network.

    Raises
    ------
    UserError
        If the folder holds no sweep, or no run in it has ended.
    """
    folder = Path(folder)
    about, records = read_sweep(folder)
    if not records:
        raise UserError(f"no run has ended in {folder} yet")
    table = results_table(records)
    write_bytes(folder / "table.parquet", table.to_parquet())
    return write_text(folder / "sweep.html", _page(about, records, table))


def results_table(records):
    """Return one row a run: every parameter, every recorded value, seconds, memory, failure.

    Parameters
    ----------
    records : list of dict
        As `ecomlab.sweep.read_sweep` gives them.

    Returns
    -------
    pandas.DataFrame
        Indexed by `run`. A dictionary that was recorded takes a column an entry, named
        `name.entry`; a list is written as JSON. A result with a parameter's name is
        called `NAME (recorded)`.
    """
    import pandas as pd

    rows = []
    for record in records:
        row = {"run": record["key"], **record["parameters"]}
        for name, value in _flat(record["results"]):
            taken = name in record["parameters"] or name in _COLUMNS or name == "run"
            row[f"{name} (recorded)" if taken else name] = value
        rows.append(row | {name: record[name] for name in _COLUMNS})
    order = dict.fromkeys(name for row in rows for name in row if name not in _COLUMNS)
    table = pd.DataFrame(rows, columns=[*order, *_COLUMNS]).set_index("run")
    for name in table:
        kinds = {type(value) for value in (row.get(name) for row in rows)} - {type(None)}
        if kinds <= {int, float}:
            table[name] = pd.to_numeric(table[name])
        elif kinds != {bool} and kinds != {str}:  # a column has one type
            table[name] = [None if name not in row else _text(row[name]) for row in rows]
    return table


def changed_parameters(records):
    """Return the names that a grid set, or that differ between the runs, in declared order."""
    names = dict.fromkeys(name for record in records for name in record["parameters"])
    return [
        name
        for name in names
        if any(name in record["given"] for record in records)
        or len({json.dumps(record["parameters"].get(name)) for record in records}) > 1
    ]


def recorded_numbers(table, parameters):
    """Return the names of the recorded numbers and `seconds`, in the order of recording.

    Parameters
    ----------
    table : pandas.DataFrame
        From `results_table`.
    parameters : collection of str
        The columns that are parameters.
    """
    return [
        name
        for name in table
        if name not in parameters
        and name != "peak_memory_mb"
        and table[name].dtype.kind in "if"
        and table[name].notna().any()
    ]


def grouped(table, by, numbers):
    """Put the runs that differ in their seed only into one row.

    Parameters
    ----------
    table : pandas.DataFrame
        From `results_table`.
    by : list of str
        The parameters that tell one group from another.
    numbers : list of str
        The columns to measure.

    Returns
    -------
    pandas.DataFrame
        One row a group, in the order of the values; columns in two levels: the parameters
        (second level empty), `runs`, and for each number its `mean`, `sd` (sample standard
        deviation, missing for one run), `min` and `max`. Failed runs are left out.
    """
    import pandas as pd

    whole = table[table["failure"].isna()]
    groups = whole.groupby(by or pd.Series("all", index=whole.index), dropna=False)
    measured = groups[numbers].agg(["mean", "std", "min", "max"])
    measured = measured.rename(columns={"std": "sd"}, level=1)
    measured.insert(0, ("runs", ""), groups.size())
    return measured.reset_index(drop=not by)


def _flat(results, prefix=""):
    for name, value in results.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _text(value):
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _page(about, records, table):
    from jinja2 import Environment, FileSystemLoader

    failed = [record for record in records if record["failure"]]
    changed = changed_parameters(records)
    seeds = [name for name in changed if name.upper() in REPLICATES]
    keys = [name for name in changed if name not in seeds]
    numbers = recorded_numbers(table, {name for r in records for name in r["parameters"]})
    numbers.sort(key=lambda name: name not in about["headline"])
    groups = grouped(table, keys, numbers)
    drawn = [name for name in numbers if name != "seconds" and _differs(table[name])]
    drawn.sort(key=lambda name: name not in about["headline"] and name.endswith(_TIMES))
    figures = [
        _figure(table, keys, name, about["headline"].get(name, name)) for name in drawn[:FIGURES]
    ]
    left = f" Not drawn: {', '.join(drawn[FIGURES:])}." if drawn[FIGURES:] else ""
    repeats = f"Runs that differ only in {' and '.join(seeds)} are one row, " if seeds else ""
    several = bool(len(groups)) and groups[("runs", "")].max() > 1
    spread = "with their mean ± their standard deviation." if repeats and several else ""
    page = {
        "title": about["title"],
        "style": stylesheet(),
        "summary": f"{len(records) - len(failed)} runs of {about['notebook']} finished"
        + (f" and {len(failed)} failed" if failed else "")
        + f". What differs between them: {', '.join(changed) or 'nothing'}.",
        "groups": {
            "columns": [*keys, "runs", *numbers],
            "rows": [_group_row(row, keys, numbers) for _, row in groups.iterrows()],
        },
        "groups_note": repeats + spread if spread else "One row a run.",
        "figures": [figure for figure in figures if figure],
        "figures_note": "Each panel changes one parameter; a dot is a run, the line joins the "
        "means over all else." + left,
        "failures": {
            "columns": [*changed, "failure"],
            "rows": [_run_row(record, [*changed, "failure"]) for record in failed],
        },
        "runs": {
            "columns": ["run", *changed, *numbers, "peak_memory_mb", "host"],
            "rows": [
                _cells(
                    [key, *(row[name] for name in [*changed, *numbers, "peak_memory_mb", "host"])]
                )
                for key, row in table.iterrows()
            ],
        },
        "footer": f"ecomlab {__version__}, {about['notebook']}, code {about['code']}",
    }
    environment = Environment(loader=FileSystemLoader(TEMPLATES / "page"), autoescape=True)
    return environment.get_template("sweep.html.j2").render(page)


def _differs(column):
    return len(column.dropna().unique()) > 1


def _group_row(row, keys, numbers):
    cells = _cells([*(row[(key, "")] for key in keys), row[("runs", "")]])
    for name in numbers:
        (text, _, key), spread = _cells([row[(name, "mean")]])[0], row[(name, "sd")]
        cells.append((text, "" if _missing(spread) else shown(float(spread)), key))
    return cells


def _run_row(record, names):
    return _cells([record["parameters"].get(name, record.get(name)) for name in names])


def _cells(values):
    """Return text, spread (none here) and what a value sorts by."""
    cells = []
    for value in values:
        if hasattr(value, "item"):
            value = value.item()
        if _missing(value):
            cells.append(("", "", ""))
        else:
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            cells.append((shown(value), "", repr(value) if number else shown(value)))
    return cells


def _missing(value):
    return value is None or value != value


def _figure(table, keys, name, label):
    """Draw a recorded number against each parameter that changed."""
    import matplotlib as mpl

    whole = table[table["failure"].isna() & table[name].notna()]
    keys = [key for key in keys if _differs(whole[key])]
    if not keys:
        return None
    mpl.use("agg")
    from matplotlib import pyplot as plt

    from ecomlab.plots import use_style

    with plt.rc_context():
        use_style()
        figure, axes = plt.subplots(
            1, len(keys), figsize=(3.2 * len(keys) + 0.8, 3), sharey=True, squeeze=False
        )
        for axis, key in zip(axes[0], keys, strict=True):
            means = whole.groupby(key)[name].mean()
            places = dict(zip(means.index, range(len(means)), strict=True))
            axis.plot(range(len(means)), means, color="C0")
            axis.plot(whole[key].map(places), whole[name], "o", color="C0", alpha=0.5)
            axis.set_xticks(range(len(means)), [_escaped(shown(value)) for value in means.index])
            axis.set_xlabel(key)
            axis.margins(x=0.15)
        axes[0][0].set_ylabel(_escaped(label))
        buffer = BytesIO()
        figure.savefig(buffer, format="png", dpi=120, bbox_inches="tight")
        plt.close(figure)
    means = "; ".join(
        f"{key}: " + ", ".join(f"{shown(v)} {shown(float(m))}" for v, m in column.items())
        for key, column in ((key, whole.groupby(key)[name].mean()) for key in keys)
    )
    png = base64.b64encode(buffer.getvalue()).decode()
    return {"png": png, "alt": f"{label} against {', '.join(keys)}. Means: {means}."}


def _escaped(text):
    """Keep a dollar sign a dollar sign: matplotlib reads what stands between two as an equation."""
    return str(text).replace("$", r"\$")
