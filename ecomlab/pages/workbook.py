"""The workbook: every lesson's page, and an index of them that opens with no network."""

from pathlib import Path

from ecomlab import __version__
from ecomlab.files import write_text
from ecomlab.pages.notebook import TEMPLATES, render, stylesheet
from ecomlab.project import BUILD, lessons
from ecomlab.results import read_results, shown


def build(outcomes, folder=BUILD):
    """Turn executed lessons into pages and an index that opens with no network.

    Parameters
    ----------
    outcomes : dict
        What `run_all` returned.
    folder : Path

    Returns
    -------
    Path
        The index page.
    """
    known = {lesson.name: lesson for lesson in lessons()}
    done = [name for name, outcome in outcomes.items() if outcome["path"]]
    rows, results = [], []
    for name, outcome in outcomes.items():
        row = {
            "title": known[name].title,
            "dataset": known[name].dataset,
            "page": None,
            "seconds": f"{outcome['seconds']:.0f}",
            "memory": f"{outcome['peak_memory_mb'] / 1024:.1f} GB",
            "failure": outcome["failure"],
        }
        if outcome["path"]:
            row["page"] = f"{name}.html"
            place = done.index(name)
            links = [("All lessons", "index.html")]
            if place > 0:
                links.append(("Previous lesson", f"{done[place - 1]}.html"))
            if place + 1 < len(done):
                links.append(("Next lesson", f"{done[place + 1]}.html"))
            render(outcome["path"], folder / f"{name}.html", links=links)
            recorded = {k: shown(value) for k, value in read_results(outcome["path"]).items()}
            headline = {
                label: recorded[k] for k, label in known[name].headline.items() if k in recorded
            }
            results.append({"title": row["title"], "headline": headline, "recorded": recorded})
        rows.append(row)
    return write_index(folder, rows, results)


def write_index(folder, lessons, results):
    """Write the workbook's first page.

    Parameters
    ----------
    folder : Path
    lessons : list of dict
        Each with title, page, dataset, seconds, memory and failure.
    results : list of dict
        Each with a lesson's title, its headline (label to value) and all that it recorded
        (name to value).

    Returns
    -------
    Path
    """
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(TEMPLATES / "page"), autoescape=True)
    html = environment.get_template("workbook.html.j2").render(
        lessons=lessons,
        results=results,
        style=stylesheet(),
        footer=f"ecomlab {__version__}",
    )
    return write_text(Path(folder) / "index.html", html)
