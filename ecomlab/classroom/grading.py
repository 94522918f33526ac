"""nbgrader's steps for a sheet: what a student broke is mended, what cheats is refused.

`nbgrader_config.py` puts these in the places of nbgrader's own. Whatever a submission does, it is
graded to its end within bounds of time, memory and printed text, and its first cell says in one
line each what went wrong. What is handed out brings its lesson's page along.
"""

import copy
import json
import re
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.v4 import new_markdown_cell, new_output
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from traitlets import Integer

from ecomlab.checks.scan import Scan, bound_names
from ecomlab.classroom.sheets import (
    about,
    is_task,
    lead_to_page,
    model_answers,
    rules_of,
    student_copy,
    task_of,
)
from ecomlab.pages.notebook import render
from ecomlab.project import NOTEBOOKS

REMARKS = "What grading remarked"  # the heading of a graded sheet's first cell
ANSWER = "A model answer, and what each point is for"  # of the cell below an answer in words
_NOTED = "ecomlab"  # between the two steps, in the notebook's metadata: remarks, model answers


class HandOut(NbGraderPreprocessor):
    """Brings the lesson's page along with a sheet that is handed out, and leads links to it."""

    def preprocess(self, nb, resources):
        """Return the sheet, with the page among the files that go beside it; see nbgrader."""
        source = _source_of(self, resources)
        lesson = NOTEBOOKS / source.name
        if lesson.exists():
            page = lead_to_page(nb, source)
            if not isinstance(resources["outputs"], dict):  # as nbconvert itself begins
                resources["outputs"] = {}
            with tempfile.TemporaryDirectory() as folder:
                resources["outputs"][page] = render(lesson, Path(folder) / page).read_bytes()
        return nb, resources


def _source_of(step, resources):
    """Return the source of the sheet that a step of nbgrader works on."""
    course, names = CourseDirectory(parent=step), resources["nbgrader"]
    folder = course.format_path(course.source_directory, ".", names["assignment"])
    return Path(folder) / f"{names['notebook']}.ipynb"


class Mend(NbGraderPreprocessor):
    """Puts back the cells of a sheet that a submission lacks, each at its place."""

    def preprocess(self, nb, resources):
        """Return the submission with all cells of its source; see nbgrader."""
        solved = nbformat.read(_source_of(self, resources), as_version=4)
        sheet = student_copy(solved)
        asked, there = {about(c).grade_id: c for c in sheet.cells if about(c)}, {}
        remarks, last = _led_back(nb, sheet), None
        for cell in nb.cells:
            there.setdefault(about(cell).get("grade_id"), []).append(cell)
            # Metadata are the sheet's: a tag may say that a cell is skipped, a lock of one's own
            # that it is not read, and nbgrader stops at what it does not understand.
            cell.metadata = nbformat.from_dict({})
        for name, cell in asked.items():
            found = there.get(name)
            if not found:
                remarks.append(f"the cell `{name}` was missing and is put back")
                found = [copy.deepcopy(cell)]
                nb.cells.insert(0 if last is None else _index(nb.cells, last) + 1, found[0])
            if len(found) > 1:
                remarks.append(f"the cell `{name}` stood there {len(found)} times")
                if about(cell).locked:
                    for earlier in found[:-1]:
                        del nb.cells[_index(nb.cells, earlier)]
            last = found[-1]  # in a notebook, too, the last of several definitions counts
            last.metadata = copy.deepcopy(cell.metadata)
            if last.cell_type != cell.cell_type:
                remarks.append(f"the cell `{name}` was of another type: {cell.cell_type} again")
        nb.metadata[_NOTED] = {"remarks": remarks, "answers": model_answers(solved)}
        return nb, resources


def _led_back(nb, sheet):
    """Give a notebook its sheet's kernel, and its cells their names where all are lost.

    A service that keeps a notebook its own way may write another kernel's name, or leave out
    what nbgrader had noted.

    Returns
    -------
    list of str
        Remarks.
    """
    remarks, kernel = [], nb.metadata.get("kernelspec", {}).get("name")
    if kernel != sheet.metadata.kernelspec.name:
        remarks.append(f"it was saved for the kernel `{kernel}`, not for Python's")
    nb.metadata = copy.deepcopy(sheet.metadata)
    if not any(about(cell) for cell in nb.cells):
        remarks.append("no cell had its name any more: they were told by their text")
        for wanted in filter(about, sheet.cells):
            for cell in nb.cells:
                if not about(cell) and _alike(cell, wanted):
                    cell.metadata["nbgrader"] = copy.deepcopy(about(wanted))
                    break
    return remarks


def _alike(cell, wanted):
    """Tell whether a cell without a name is a wanted one: by what it defines, or by its text."""
    if is_task(wanted):
        return re.search(rf"^def {about(wanted).grade_id}\(", cell.source, re.M) is not None
    same = cell.source.split() == wanted.source.split()
    return same or cell.get("id") == wanted.id


def _index(cells, cell):
    """Return the place of this very cell; another one may be equal."""
    return next(place for place, other in enumerate(cells) if other is cell)


class Grade(Execute):
    """Runs a submission: answers are read first, tests are held out of their reach."""

    memory = Integer(2048, help="megabytes that a submission may take").tag(config=True)
    keras_memory = Integer(4096, help="the same on a sheet with Keras").tag(config=True)
    seconds = Integer(900, help="seconds that a whole submission may take").tag(config=True)
    characters = Integer(100_000, help="characters that a cell may print").tag(config=True)

    def preprocess(self, nb, resources, km=None):
        """Return the submission, run, with its remarks; see nbgrader."""
        rules = rules_of(nb)
        self._scan, self._stopped, self._unnoted, self._over = Scan(**rules), {}, set(), ""
        noted = nb.metadata.pop(_NOTED)
        self._remarks = list(noted["remarks"])
        self._end = time.monotonic() + self.seconds
        most = self.timeout
        memory = self.keras_memory if rules["keras"] else self.memory
        start = f"start({memory}, {self.characters})"
        self.extra_arguments = [
            "--HistoryManager.hist_file=:memory:",
            f"--IPKernelApp.exec_lines={_call(start)}",
        ]
        try:
            nb, resources = super().preprocess(nb, resources, km)
        finally:
            self.timeout = most
        self._remarks += [line for cell in nb.cells for line in _failures(cell)]
        if self._remarks:
            lines = "\n".join(f"- {line}" for line in self._remarks)
            _insert(nb, 0, f"## {REMARKS}\n\n{lines}")
        for name, words in noted["answers"].items():
            places = [i for i, cell in enumerate(nb.cells) if about(cell).get("grade_id") == name]
            _insert(nb, places[-1] + 1, f"## {ANSWER}\n\n{words}")
        return nb, resources

    def preprocess_cell(self, cell, resources, index):
        """Run one cell; a kernel that has died or hangs ends nothing but this submission."""
        if cell.cell_type != "code":
            return cell, resources
        left = self._end - time.monotonic()
        if left <= 0 and not self._over:
            self._over = f"took more than {self.seconds} seconds in all"
        objections = [] if about(cell).get("locked") else self._scan.objections(cell.source)
        if self._over or objections:
            words = self._over or f"was refused: {'; '.join(objections)}"
            cell.outputs = [_error("Refused", words)]
            self._note(cell, words)
            return cell, resources
        kept, cell.source = cell.source, self._to_run(cell)
        self.timeout = min(self.timeout, max(1, int(left)))
        try:
            cell, resources = super().preprocess_cell(cell, resources, index)
        except DeadKernelError:
            self._over = "ended its own kernel, by too much memory or on purpose"
        except CellTimeoutError:
            self._over = "could not be stopped in time"
        finally:
            cell.source = kept
        if self._over:
            cell.outputs = [_error("Stopped", self._over)]
        for output in cell.outputs:
            if output.output_type == "error" and not about(cell).get("grade"):
                self._note(cell, _words(output))
        return cell, resources

    def _note(self, cell, words):
        """Remember why a cell did not run to its end."""
        name = about(cell).get("grade_id")
        if is_task(cell):
            self._stopped.setdefault(name, f"its cell {words}")
        elif not about(cell).get("grade"):
            whose = f"the cell `{name}`" if name else "a cell of your own"
            self._remarks.append(f"{whose} {words}")

    def _to_run(self, cell):
        """Return what runs in a cell's place: the referee notes what the last one has bound."""
        names, self._unnoted = sorted(self._unnoted), set()
        note = _call(f"after_given({json.dumps(names)})") + "\n" if names else ""
        if not about(cell).get("locked"):
            return note + cell.source
        if not about(cell).get("grade"):
            self._unnoted = set(bound_names(cell.source))
            return note + _call("before_given()") + "\n" + cell.source
        task = task_of(cell)
        return note + _call(f"run_test({task!r}, {cell.source!r}, {self._stopped.get(task, '')!r})")


def _insert(nb, place, words):
    """Put a cell of text into a notebook, of whatever minor version it is."""
    cell = new_markdown_cell(words)
    if nb.nbformat_minor < 5:
        cell.pop("id", None)
    nb.cells.insert(place, cell)


def _call(what):
    return f"__import__('ecomlab.checks.referee', fromlist=['_']).{what}"


def _error(name, words):
    return new_output("error", ename=name, evalue=words, traceback=[f"{name.lower()}: {words}"])


def _words(output):
    """Return an error in one line."""
    if output.ename in ("Refused", "Stopped"):
        return output.evalue
    if output.ename in ("CellTimeoutError", "KeyboardInterrupt"):
        return "was stopped at the end of its time"
    return "stopped with " + f"{output.ename}: {output.evalue}".strip(": ").split("\n")[0][:200]


def _failures(cell):
    """Yield one line for a graded cell that has failed."""
    if cell.cell_type == "code" and about(cell).get("grade"):
        for output in cell.outputs:
            if output.output_type == "error":
                told = output.ename == "NotRight"
                words = output.evalue if told else f"{task_of(cell)}: {_words(output)}"
                yield f"`{about(cell).grade_id}`: {words}"
                return
