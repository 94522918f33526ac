"""Where things are: the project's folders, its lessons and its profiles."""

import difflib
import json
import os
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from ecomlab.errors import UserError

__all__ = [
    "BUILD",
    "FULL_RESULTS",
    "NOTEBOOKS",
    "PROFILES",
    "REPOSITORY",
    "ROOT",
    "Lesson",
    "find_notebook",
    "lessons",
    "profile_parameters",
    "project_folder",
    "read_lesson",
]


def project_folder():
    """Return the project's folder, or None where the package runs without one.

    The package sits in the project when it was installed with ``pip install -e .``. An
    ordinary installation finds the project from the folder in which the reader works.
    """
    here = Path(__file__).resolve().parent.parent
    return next((folder for folder in (here, *_working_folders()) if _is_project(folder)), None)


def _working_folders():
    try:
        working = Path.cwd()
    except FileNotFoundError:  # it was removed while the reader worked in it
        return ()
    return (working, *working.parents)


def _is_project(folder):
    # pathlib raises where a folder may not be looked into.
    return os.access(folder / "data" / "draw_samples.py", os.F_OK)


# Without a project, what is made goes below the folder in which the reader works, never
# below the one in which the package is installed.
ROOT = project_folder() or next(iter(_working_folders()), Path())
NOTEBOOKS = ROOT / "notebooks"
BUILD = ROOT / "build"
FULL_RESULTS = NOTEBOOKS / "results" / "full.json"
PROFILES = ("quick", "default", "full")
# The repository's address, https://HOST/OWNER/NAME, once there is one that answers; then
# `ecomlab address` writes it into papers and notebooks.
REPOSITORY = None


@dataclass(frozen=True)
class Lesson:
    """One numbered notebook.

    Attributes
    ----------
    name : str
        The file's name without its ending, for example `03_cnn_product_images`.
    path : Path
    title : str
        The text of its first heading.
    minutes : float
        Of the reference machine, in the default profile; 0 where not stated. See `yardstick`.
    dataset : str
        The data sets it reads, by catalogue name.
    headline : dict
        The recorded names that tables show, each with a label for people.
    timed : bool
        Whether it measures seconds, so that nothing may run beside it.
    """

    name: str
    path: Path
    title: str
    minutes: float
    dataset: str
    headline: dict = field(default_factory=dict)
    timed: bool = False


def lessons():
    """Return the numbered lessons in order, as a list of `Lesson`.

    Raises
    ------
    UserError
        If the package runs without its notebooks.
    """
    if not NOTEBOOKS.is_dir():
        raise UserError(
            f"no notebooks beside the package (looked in {NOTEBOOKS}): "
            "call ecomlab from the workbook's own folder, or install it there with "
            "`make setup` or `pip install -e .`"
        )
    return [read_lesson(path) for path in sorted(NOTEBOOKS.glob("[0-9][0-9]*_*.ipynb"))]


def find_notebook(name):
    """Return the path of a notebook named by file, by lesson name or by number.

    Parameters
    ----------
    name : str or Path
        `notebooks/03_cnn_product_images.ipynb`, `03_cnn_product_images` or `03`; a lesson
        in two parts has two numbers, `04a` and `04b`.

    Raises
    ------
    UserError
        If there is no such notebook; near names are suggested.
    """
    path = Path(name)
    if path.suffix == ".ipynb":
        if path.is_file():
            return path.resolve()
        raise UserError(f"no such notebook: {path}")
    names = {lesson.name: lesson.path for lesson in lessons()}
    matches = [known for known in names if known == str(name) or known.split("_")[0] == str(name)]
    if len(matches) == 1:
        return names[matches[0]]
    parts = [known for known in names if re.fullmatch(rf"{re.escape(str(name))}[a-z]_.*", known)]
    if parts:
        raise UserError(f"lesson {name} has {len(parts)} parts: name one of {', '.join(parts)}")
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]}? " if near else ""
    raise UserError(f"no lesson named {name!r}: {hint}`ecomlab list` shows them all")


def profile_parameters(name, profile):
    """Return the parameters that a profile sets for a lesson.

    Parameters
    ----------
    name : str
        The lesson's name.
    profile : {"quick", "default", "full"}

    Returns
    -------
    dict
        Empty for the default profile: the notebook's own values are the default.

    Raises
    ------
    UserError
        If the profile is unknown.
    """
    if profile not in PROFILES:
        raise UserError(f"no profile {profile!r}: choose one of {', '.join(PROFILES)}")
    if profile == "default" or not (NOTEBOOKS / "profiles.toml").is_file():
        return {}  # a notebook of the reader's own, away from the project, has no profiles
    table = tomllib.loads((NOTEBOOKS / "profiles.toml").read_text(encoding="utf-8"))
    return table.get(name, {}).get(profile, {})


def read_lesson(path):
    """Return the `Lesson` of a notebook file, from its metadata and its first heading."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    about = notebook["metadata"].get("ecomlab", {})
    headings = (
        line.removeprefix("# ")
        for cell in notebook["cells"]
        if cell["cell_type"] == "markdown"
        for line in "".join(cell["source"]).splitlines()
        if line.startswith("# ")
    )
    return Lesson(
        name=path.stem,
        path=path,
        title=about.get("title") or next(headings, path.stem),
        minutes=about.get("minutes", 0),
        dataset=about.get("dataset", ""),
        headline=about.get("headline", {}),
        timed=about.get("timed", False),
    )
