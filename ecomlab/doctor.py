"""Whether the lessons run on this machine, and what to do about each trouble."""

import contextlib
import os
import platform
import shutil
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ecomlab.errors import RunFailed, UserError
from ecomlab.project import BUILD, NOTEBOOKS, ROOT, lessons
from ecomlab.yardstick import in_words, yardstick

__all__ = [
    "Check",
    "check_browser",
    "check_data",
    "check_disk",
    "check_kernel",
    "check_memory",
    "check_packages",
    "check_python",
    "check_writing",
    "check_yardstick",
    "doctor",
    "examine",
]

GB = 1e9
HERE = {"here": True}  # the mark of an output that `ecomlab store` leaves out
REINSTALL = "run `make setup`, then restart the kernel"


@dataclass(frozen=True)
class Check:
    """What one look found.

    Attributes
    ----------
    name : str
    needed : str
        What lessons need, the same on every machine.
    found : str
        What is here.
    state : {"ok", "note", "fix"}
        With `fix`, lessons do not run; with `note`, they do.
    remedy : str
        What to do, in one line; empty where all is well.
    """

    name: str
    needed: str
    found: str
    state: str = "ok"
    remedy: str = ""


def doctor():
    """Show in a notebook whether this machine is ready, and how long lessons take on it.

    The table says the same on every machine that is ready. Two looks of `ecomlab doctor` are
    left out: a kernel runs already, and a browser is for the tests.
    """
    from IPython.display import Markdown, display

    lines = ["| looked at | needed | state |", "| :-- | :-- | :-- |"]
    checks = [look() for look in (*_LOOKS, check_yardstick)]
    for check in checks:
        todo = f"**{check.state}** {check.found}: {check.remedy}" if check.remedy else "ok"
        lines.append(f"| {check.name} | {check.needed} | {todo} |")
    display(Markdown("\n".join(lines)))
    if checks[-1].state == "ok":
        # True of this machine alone, so it is shown here and not stored in the lesson.
        display(Markdown(f"On this machine {checks[-1].found}."), metadata={"ecomlab": HERE})


def examine(fresh=False):
    """Look at everything, one thing after the other.

    Parameters
    ----------
    fresh : bool
        Measure the yardstick again.

    Yields
    ------
    Check

    Raises
    ------
    UserError
        If the package runs without its notebooks.
    """
    lessons()
    for look in (*_LOOKS, check_kernel, check_browser):
        yield look()
    yield check_yardstick(fresh)


def check_python(project=None):
    """Look at Python's version.

    Parameters
    ----------
    project : dict, optional
        The table `project` of `pyproject.toml`; by default the workbook's own.
    """
    from packaging.specifiers import SpecifierSet

    wanted, here = (project or _project())["requires-python"], platform.python_version()
    if SpecifierSet(wanted).contains(here, prereleases=True):
        return Check("Python", wanted, here)
    return Check("Python", wanted, here, "fix", f"install Python {wanted}, then `make setup`")


def check_packages(project=None):
    """Look at the packages that the lessons need, and at those of tests, classes and the book.

    The list is that of `pyproject.toml`, not of the installed package, which is older
    after a `git pull`.
    """
    from packaging.requirements import Requirement

    project = project or _project()
    needed = [Requirement(text) for text in project["dependencies"]]
    faults = [fault for fault in map(_fault, needed) if fault]
    needs = "as in pyproject.toml"
    if faults:
        return Check("packages", needs, ", ".join(faults), "fix", REINSTALL)
    found = f"{len(needed)} of {len(needed)}"
    extras = project.get("optional-dependencies", {})
    for extra, texts in extras.items():
        if faults := [fault for fault in map(_fault, map(Requirement, texts)) if fault]:
            return Check("packages", needs, f"{extra}: {', '.join(faults)}", "note", REINSTALL)
    return Check("packages", needs, found)


def _fault(requirement):
    """Say what is wrong with a required package, or nothing."""
    try:
        here = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return f"{requirement.name} is absent"
    if requirement.specifier.contains(here, prereleases=True):
        return ""
    return f"{requirement.name} is {here}, not {requirement.specifier}"


def check_memory(enough=4, least=2):
    """Look at free memory, in GB: under `least` a lesson fails, under `enough` a large one."""
    import psutil

    free = psutil.virtual_memory().available / GB
    with contextlib.suppress(OSError, ValueError):  # a container's own limit
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="utf-8")
        free = min(free, int(limit) / GB)
    remedy = 'close other programs, or set `SIZE = "sample"` in each lesson'
    return _amount("free memory", free, enough, least, remedy)


def check_disk(enough=2, least=0.5):
    """Look at free disk, in GB, where data and pages are written."""
    from ecomlab.datasets.locations import cache_folder

    free = min(shutil.disk_usage(_existing(p)).free for p in (BUILD, cache_folder())) / GB
    return _amount("free disk", free, enough, least, "delete what you can spare")


def _amount(name, free, enough, least, remedy):
    needed, found = f"{enough:,} GB", f"{free:.1f} GB"
    if free >= enough:
        return Check(name, needed, found)
    return Check(name, needed, found, "fix" if free < least else "note", remedy)


def check_data():
    """Look at the data sets: whole in the cache, a sample, or absent."""
    from ecomlab.datasets import catalogue
    from ecomlab.datasets.fetching import state_of

    states = {info.name: state_of(info) for info in catalogue().values()}
    missing = {name: state for name, state in states.items() if state != "cached"}
    found = f"{len(states) - len(missing)} of {len(states)} data sets are whole"
    if not missing:
        return Check("data", "fetched when first used", found)
    listed = ", ".join(f"{name}: {state}" for name, state in missing.items())
    remedy = f"`ecomlab data fetch {' '.join(missing)}`, or let the lessons fetch them"
    return Check("data", "fetched when first used", f"{found} ({listed})", "note", remedy)


def check_writing(folders=(BUILD, NOTEBOOKS)):
    """Look whether runs and pages can be written."""
    for folder in folders:
        try:
            with tempfile.TemporaryFile(dir=_existing(folder)):
                pass
        except OSError as error:
            found = f"{folder}: {error.strerror}"
            remedy = "move the workbook to a folder of your own, or ask for the right to write"
            return Check("writing", "build/ and notebooks/", found, "fix", remedy)
    return Check("writing", "build/ and notebooks/", "both can be written")


def check_kernel():
    """Run a notebook of one cell, as a lesson is run: `python3` must start Keras from here."""
    import nbformat

    from ecomlab.running.one import run

    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    node = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    node.cells = [nbformat.v4.new_code_cell(_FIRST_WORDS)]
    needed = f"`python3` of {sys.prefix}, with Keras on TensorFlow"
    with tempfile.TemporaryDirectory(prefix="ecomlab-") as folder:
        path = Path(folder) / "doctor.ipynb"
        nbformat.write(node, path)
        try:
            result = run(path, "answer.ipynb", root=folder, cell_timeout=120).results
        except (RunFailed, UserError, OSError) as error:
            return Check("kernel", needed, str(error), "fix", _KERNEL_REMEDY)
    if Path(result["prefix"]).resolve() != Path(sys.prefix).resolve():
        found = f"`python3` is that of {result['prefix']}"
        return Check("kernel", needed, found, "fix", _KERNEL_REMEDY)
    if result["engine"] != "tensorflow":
        remedy = f"{_ENGINE_REMEDY}; else {REINSTALL}"
        return Check("kernel", needed, f"Keras on {result['engine']}", "fix", remedy)
    return Check("kernel", needed, "`python3` starts, with Keras on TensorFlow")


_FIRST_WORDS = """\
import sys
from ecomlab.results import record
try:
    import keras
    engine = keras.backend.backend()
except Exception as error:
    engine = f"nothing: {type(error).__name__}: {error}"
record(prefix=sys.prefix, engine=engine)
"""
_KERNEL_REMEDY = (
    "`jupyter kernelspec list` shows where `python3` lies, `jupyter kernelspec remove python3` "
    "takes a wrong one away; else `make setup`"
)
_ENGINE_REMEDY = "unset `KERAS_BACKEND`, and look into `~/.keras/keras.json`"


def check_browser():
    """Look for the browser in which tests look at pages."""
    needed = "Chromium or Chrome, for the tests"
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return Check("browser", needed, found)
    return Check("browser", needed, "none", "note", "install one of them if you run the tests")


def check_yardstick(fresh=False):
    """Measure how long lessons take here; see `ecomlab.yardstick`."""
    needed = "TensorFlow starts"
    try:
        value = yardstick(fresh=fresh)
    except RunFailed as error:
        remedy = f"{_ENGINE_REMEDY}; else {REINSTALL}"
        return Check("yardstick", needed, str(error), "fix", remedy)
    found = f"a lesson takes {in_words(value)} (yardstick {value:.1f})"
    return Check("yardstick", needed, found)


_LOOKS = (check_python, check_packages, check_memory, check_disk, check_data, check_writing)


def _project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _existing(folder):
    """Return the folder, or the nearest one above it that is there."""
    return next(place for place in (folder, *folder.parents) if os.access(place, os.F_OK))
