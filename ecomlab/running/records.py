"""What a run was made of, noted beside the executed notebook: by that it is known again.

A run stands as long as its code, parameters, data, profile and the versions of what computes
are the same. `NAME.json` beside `NAME.ipynb` says so, and when and how long it ran.
"""

import datetime
import hashlib
import json

from ecomlab.datasets import catalogue
from ecomlab.files import write_text
from ecomlab.project import profile_parameters
from ecomlab.results import NOT_HASHED, code_hash
from ecomlab.running.parameters import check_parameters, declared_parameters
from ecomlab.running.versions import versions


def datasets_of(lesson):
    """Return the catalogue's data sets that a lesson names; lesson 00 says "all" and names none."""
    return [name for name in catalogue() if name in lesson.dataset.replace(",", " ").split()]


def made_of(lesson, profile, *, looked_at=False):
    """Return all that a lesson's run depends on.

    Parameters
    ----------
    lesson : ecomlab.project.Lesson
    profile : {"quick", "default", "full"}
    looked_at : bool
        Whether the run's figures are shown, and not its numbers only.

    Returns
    -------
    dict
        `code` (a hash of code and parameters), `data` (each data set and a hash of its files'
        sha256), `profile` and `versions`; where it is looked at `drawn`, a hash of the cells
        that `code` leaves out: a moved legend changes no number, but the picture.
    """
    notebook = json.loads(lesson.path.read_text(encoding="utf-8"))
    parameters = {p.name: p.default for p in declared_parameters(notebook).values()}
    parameters |= check_parameters(notebook, profile_parameters(lesson.name, profile))
    infos = [catalogue()[name] for name in datasets_of(lesson) or catalogue()]
    left_out = (
        "".join(cell["source"])
        for cell in notebook["cells"]
        if NOT_HASHED & set(cell["metadata"].get("tags", []))
    )
    return ({"drawn": _hash(left_out)} if looked_at else {}) | {
        "code": code_hash(notebook, parameters),
        "data": {info.name: _hash(file.sha256 for file in info.files) for info in infos},
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


def _hash(texts):
    return hashlib.sha256(" ".join(texts).encode()).hexdigest()[:16]
