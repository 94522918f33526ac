"""What the first pages show of a lesson: a line, a thumbnail, its exercise."""

import base64
import io
import json
import tomllib

from ecomlab.classroom import exercises
from ecomlab.files import write_bytes
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


def write_thumbnail(notebook, name, path):
    """Write a lesson's thumbnail, unless it is there and newer than the notebook.

    Parameters
    ----------
    notebook : Path
        The lesson, or its copy that was run here.
    name : str
        The lesson's name.
    path : Path

    Returns
    -------
    bool
        Whether there is one: a lesson that was not run has no figure.
    """
    from PIL import Image

    if path.is_file() and path.stat().st_mtime_ns > notebook.stat().st_mtime_ns:
        return True
    beginning = about(name).get("picture")
    png = figure(notebook, beginning) if beginning else None
    if png is None:
        return False
    small = Image.open(io.BytesIO(png)).convert("RGB")
    small.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
    drawn = io.BytesIO()
    small.quantize(64).save(drawn, "PNG", optimize=True)
    write_bytes(path, drawn.getvalue())
    return True
