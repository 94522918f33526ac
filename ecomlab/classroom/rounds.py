"""A round of grading: what a class has handed in, graded one after another, as a table."""

import codecs
import contextlib
import importlib.util
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from ecomlab.classroom.sheets import about, find_exercise
from ecomlab.errors import UserError
from ecomlab.project import ROOT

# nbgrader without a grammar of web addresses that `ecomlab.cli.main` leaves out as well: a second.
_NBGRADER = (
    "import sys; sys.modules['rfc3987_syntax'] = None; "
    "from nbgrader.apps.nbgraderapp import main; main()"
)
_ENDINGS = {".ipynb", ".json", ".txt"}  # what browsers save a notebook under
_MARKS = {  # the beginning of a file that an editor has saved in another encoding
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class Graded(NamedTuple):
    """What came of one submission.

    Attributes
    ----------
    student : str
    points : float
        What the tests gave.
    most : float
        What they could give.
    waits : bool
        Whether an answer waits for a person.
    remarks : list of str
        One line for each thing that went wrong.
    """

    student: str
    points: float
    most: float
    waits: bool
    remarks: list


def course_folder():
    """Return the folder of the course: `course/`, or wherever ECOMLAB_COURSE says."""
    return Path(os.environ.get("ECOMLAB_COURSE") or ROOT / "course").resolve()


def grade(name):
    """Grade all that was handed in for one sheet.

    Parameters
    ----------
    name : str
        A lesson's number or name.

    Yields
    ------
    Graded
        One a student, as soon as it is known.

    Raises
    ------
    UserError
        If nbgrader is not installed, nothing was handed out, or nothing handed in.
    """
    sheet, course = find_exercise(name).stem, course_folder()
    if importlib.util.find_spec("nbgrader") is None:
        raise UserError("nbgrader is not installed: pip install 'ecomlab[classroom]'")
    if not (course / "release" / sheet).is_dir():
        raise UserError(f"{sheet} was not handed out: nbgrader generate_assignment {sheet}")
    folders = sorted(p for p in (course / "submitted").glob(f"*/{sheet}") if p.is_dir())
    if not folders:
        raise UserError(f"nothing was handed in: {course / 'submitted'}/<student>/{sheet}")
    remarks = {folder.parent.name: _received(folder, course, sheet) for folder in folders}
    for student, told in remarks.items():
        # One process for each: whatever a submission does to it, the next one is graded.
        command = [sys.executable, "-P", "-c", _NBGRADER, "autograde", sheet]
        command += ["--student", student, "--force"]
        subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
        yield _graded(course, sheet, student, told)


def _received(folder, course, sheet):
    """Bring what was handed in under the name that nbgrader asks for; return remarks."""
    target, remarks = folder / f"{sheet}.ipynb", _with_readable_time(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        if path.suffix in _ENDINGS and _now_in_utf8(path):
            remarks.append(f"the file {path.relative_to(folder)} was in another encoding")
    if target.exists():
        return remarks
    there = [str(path.relative_to(folder)) for path in files if path.name != "timestamp.txt"]
    found = [p for p in files if p.suffix in _ENDINGS and _is_of(p, course, sheet)]
    if found:
        target.write_bytes(found[-1].read_bytes())
        return [*remarks, f"the file was called {found[-1].relative_to(folder)}"]
    target.write_bytes((course / "release" / sheet / target.name).read_bytes())
    other = f", but {', '.join(there[:3])}" if there else ""
    return [*remarks, f"no notebook of this sheet was handed in{other}"]


def _now_in_utf8(path):
    """Save a file anew if it begins like one in another encoding; tell whether it did."""
    data = path.read_bytes()
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), None)
    if encoding is None:
        return False
    with contextlib.suppress(UnicodeDecodeError):  # then it is no notebook at all
        path.write_text(data.decode(encoding), encoding="utf-8")
    return True


def _with_readable_time(folder):
    """Put a time of handing in aside that nbgrader would stop at; return remarks."""
    from nbgrader.utils import parse_utc

    path = folder / "timestamp.txt"
    try:
        if path.exists():
            parse_utc(path.read_text(encoding="utf-8").strip() or None)
    except ValueError:  # UnicodeDecodeError is one, too
        path.replace(path.with_suffix(".unread"))
        return ["its timestamp.txt could not be read"]
    return []


def _is_of(path, course, sheet):
    """Tell whether a file is this sheet under another name: it has most of its tasks."""
    asked = _names(course / "release" / sheet / f"{sheet}.ipynb")
    return len(asked & _names(path)) > len(asked) / 2


def _names(path):
    import nbformat

    try:
        cells = nbformat.read(path, as_version=4).cells
    except Exception:  # whatever a student's file may be
        return set()
    return {about(cell)["grade_id"] for cell in cells if about(cell).get("solution")}


def _graded(course, sheet, student, remarks):
    """Return what the gradebook and the graded notebook say of a student."""
    import nbformat
    from nbgrader.api import Gradebook, MissingEntry

    from ecomlab.classroom.grading import REMARKS

    path = course / "autograded" / student / sheet / f"{sheet}.ipynb"
    if not path.exists():
        return Graded(student, 0.0, 0.0, False, [*remarks, "the file could not be read"])
    first = nbformat.read(path, as_version=4).cells[0].source
    if first.startswith(f"## {REMARKS}"):
        remarks += [line.removeprefix("- ") for line in first.splitlines()[2:]]
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        try:
            grades = gradebook.find_submission_notebook(sheet, sheet, student).grades
            late = gradebook.find_submission(sheet, student).total_seconds_late
        except MissingEntry:
            return Graded(student, 0.0, 0.0, False, [*remarks, "the file could not be read"])
        if late:
            remarks = [*remarks, f"handed in late, by {timedelta(seconds=int(late))}"]
        tested = [grade for grade in grades if grade.cell_type == "code"]
        points = sum(grade.auto_score or 0 for grade in tested)
        waits = any(grade.needs_manual_grade for grade in grades)
        return Graded(student, points, sum(g.max_score for g in tested), waits, remarks)
