"""What a run was made of, noted beside the executed notebook: by that it is known again.

A run stands as long as its code, parameters, data, profile and the versions of what computes
are the same. `NAME.json` beside `NAME.ipynb` says so, and when and how long it ran.
"""

import contextlib
import datetime
import json
import platform
from importlib import metadata

from ecomlab.datasets import catalogue
from ecomlab.files import write_text
from ecomlab.project import profile_parameters
from ecomlab.results import code_hash
from ecomlab.running.parameters import check_parameters, declared_parameters

# What the numbers of a lesson come from. A new JupyterLab, say, asks for no new run.
COMPUTING = (
    "ecomlab",
    "tensorflow",
    "keras",
    "keras-rs",
    "numpy",
    "pandas",
    "scikit-learn",
    "lightgbm",
    "optuna",
    "faiss-cpu",
    "ai-edge-litert",
)


def versions():
    """Return the versions of Python (as 3.12) and of the packages that compute, by name."""
    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    for package in COMPUTING:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def datasets_of(lesson):
    """Return the catalogue's data sets that a lesson names; lesson 00 says "all" and names none."""
    return [name for name in catalogue() if name in lesson.dataset.replace(",", " ").split()]


def made_of(lesson, profile):
    """Return all that a lesson's run depends on.

    Parameters
    ----------
    lesson : ecomlab.project.Lesson
    profile : {"quick", "default", "full"}

    Returns
    -------
    dict
        `code` (a hash of code and parameters), `data` (data set to the sha256 of its files),
        `profile` and `versions`.
    """
    notebook = json.loads(lesson.path.read_text(encoding="utf-8"))
    parameters = {p.name: p.default for p in declared_parameters(notebook).values()}
    parameters |= check_parameters(notebook, profile_parameters(lesson.name, profile))
    known = catalogue()
    return {
        "code": code_hash(notebook, parameters),
        "data": {
            name: {file.name: file.sha256 for file in known[name].files}
            for name in datasets_of(lesson) or known
        },
        "profile": profile,
        "versions": versions(),
    }


def write_record(folder, name, parts, outcome):
    """Note beside an executed notebook what it was made of, or the line of its failure.

    Parameters
    ----------
    folder : Path
    name : str
        The lesson's name.
    parts : dict
        As `made_of` gave it when the run began.
    outcome : dict
        As `run_all` gives it.

    Returns
    -------
    dict
        `made_of`, `ended` (ISO date and time), `seconds`, `peak_memory_mb`, `failure`.
    """
    record = {
        "made_of": parts,
        "ended": datetime.datetime.now().isoformat(timespec="seconds"),
        "seconds": outcome["seconds"],
        "peak_memory_mb": outcome["peak_memory_mb"],
        "failure": outcome["failure"],
    }
    write_text(folder / f"{name}.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return record


def read_record(folder, name, parts):
    """Return the record of a run made of these parts, well or failed; None where there is none."""
    try:
        record = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    kept = record["failure"] or (folder / f"{name}.ipynb").is_file()
    return record if kept and record["made_of"] == parts else None


def forget(folder, name):
    """Remove a record, so that the lesson runs again."""
    (folder / f"{name}.json").unlink(missing_ok=True)
