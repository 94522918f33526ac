"""What the first pages show of a lesson: a line, a thumbnail, its exercise."""

import base64
import io
import json
import tomllib

from ecomlab.classroom import exercises
from ecomlab.files import write_bytes
from ecomlab.pages.notebook import TEMPLATES
from ecomlab.project import NOTEBOOKS

WIDTH = 480  # pixels of a thumbnail: enough for a card on a sharp screen


def about(name):
    """Return a lesson's entry in `notebooks/cards.toml`: `line` and `picture`, or nothing."""
    path = NOTEBOOKS / "cards.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")).get(name, {}) if path.is_file() else {}


def exercise_of(name):
    """Return the number under which `ecomlab exercise` finds a lesson's sheet, or None."""
    return name.split("_")[0] if name in {path.stem for path in exercises()} else None


def figure(notebook, beginning):
    """Return a stored figure of a notebook.

    Parameters
    ----------
    notebook : Path
    beginning : str
        How the text beside the figure begins.

    Returns
    -------
    bytes or None
        The PNG; None where there is no such figure.
    """
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
            if alt.startswith(beginning) and "image/png" in output.get("data", {}):
                return base64.b64decode("".join(output["data"]["image/png"]))
    return None


def thumbnail(notebook, name):
    """Return a lesson's thumbnail, `WIDTH` pixels at most on each side.

    Parameters
    ----------
    notebook : Path
        The lesson, or its copy that was run here.
    name : str
        The lesson's name.

    Returns
    -------
    bytes or None
        A PNG; None for a lesson that was not run: it has no figure.
    """
    from PIL import Image

    beginning = about(name).get("picture")
    png = figure(notebook, beginning) if beginning else None
    if png is None:
        return None
    small = Image.open(io.BytesIO(png)).convert("RGB")
    small.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
    drawn = io.BytesIO()
    small.quantize(64).save(drawn, "PNG", optimize=True)
    return drawn.getvalue()


def write_thumbnail(notebook, name, path):
    """Write a lesson's thumbnail, unless it is there and newer than the notebook.

    Parameters
    ----------
    notebook : Path
    name : str
        As in `thumbnail`.
    path : Path

    Returns
    -------
    bool
        Whether there is one.
    """
    if path.is_file() and path.stat().st_mtime_ns > notebook.stat().st_mtime_ns:
        return True
    drawn = thumbnail(notebook, name)
    if drawn:
        write_bytes(path, drawn)
    return drawn is not None


def card(lesson):
    """Return what a card says of a lesson wherever it stands, as a dict for the template."""
    return {
        "title": f"{lesson.name.split('_')[0]} · {lesson.title}",
        "dataset": lesson.dataset,
        "minutes": lesson.minutes,
        "line": about(lesson.name).get("line"),
        "exercise": exercise_of(lesson.name),
    }


def still_cards(lessons, address):
    """Return the cards of lessons whose outputs are the stored ones, as HTML with pictures inside.

    Parameters
    ----------
    lessons : list of ecomlab.project.Lesson
    address : callable
        Takes a lesson and returns the address of its page.

    Returns
    -------
    str
    """
    from jinja2 import Environment, FileSystemLoader

    rows = []
    for lesson in lessons:
        drawn = thumbnail(lesson.path, lesson.name)
        inside = f"data:image/png;base64,{base64.b64encode(drawn).decode()}" if drawn else None
        rows.append(card(lesson) | {"page": address(lesson), "picture": inside})
    environment = Environment(loader=FileSystemLoader(TEMPLATES / "page"), autoescape=True)
    return environment.get_template("cards.html.j2").render(lessons=rows)
