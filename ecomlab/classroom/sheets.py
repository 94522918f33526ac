"""A sheet as a notebook: a student's copy, its tasks, and what its answers may use."""

import contextlib
import copy
import io
import re
import tomllib
from dataclasses import dataclass
from typing import NamedTuple

from ecomlab.checks.scan import MODULES, bound_names
from ecomlab.errors import UserError
from ecomlab.pages.links import relink
from ecomlab.project import NOTEBOOKS

EXERCISES = NOTEBOOKS / "exercises"
STUBS = {"code": "# YOUR CODE HERE\n{0}raise NotImplementedError()", "markdown": "YOUR ANSWER HERE"}
_SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.M | re.S)
_HIDDEN = re.compile(r"^ *### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS\n?", re.M | re.S)
_MAY_CALL = re.compile(r"may call `(\w+)`")


def exercises():
    """Return the source notebooks in order, as a list of paths."""
    return sorted(EXERCISES.glob("[0-9]*/[0-9]*.ipynb"))


def find_exercise(name):
    """Return the source notebook of an exercise.

    Parameters
    ----------
    name : str
        A lesson's number or name: `03`, `04a`, `03_cnn_product_images`.

    Raises
    ------
    UserError
        If there is none.
    """
    for path in exercises():
        if name in (path.stem, path.stem.split("_")[0]):
            return path
    known = ", ".join(path.stem.split("_")[0] for path in exercises())
    raise UserError(f"no exercise {name!r}: there are {known or 'none'}")


def student_copy(notebook):
    """Return an exercise without solutions and hidden tests, as nbgrader hands it out.

    Parameters
    ----------
    notebook : nbformat.NotebookNode

    Returns
    -------
    nbformat.NotebookNode
        A copy.
    """
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        cell.source = without_solution(cell.source, cell.cell_type)
    return notebook


def lead_to_page(notebook, source):
    """Lead a sheet's links to the page of its lesson, which is handed out beside it.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Changed in place.
    source : Path
        Where the sheet lies.

    Returns
    -------
    str
        The page's name.
    """
    page = f"lesson_{source.stem.split('_')[0]}.html"
    relink(notebook, source, source, {NOTEBOOKS / source.name: source.with_name(page)}.get)
    return page


def without_solution(source, kind="code"):
    """Return a cell's source with a stub for its solution, and without hidden tests."""
    source = _SOLUTION.sub(lambda found: found[1] + STUBS[kind].format(found[1]), source)
    return _HIDDEN.sub("", source).rstrip("\n")


def model_answers(notebook):
    """Return the model answers and rubrics of questions in words, as {name of the cell: text}."""
    words = (cell for cell in notebook.cells if cell.cell_type == "markdown")
    return {
        about(cell).grade_id: _SOLUTION.search(cell.source)[2].strip()
        for cell in words
        if about(cell).get("solution")
    }


def about(cell):
    """Return what nbgrader knows of a cell, as a dict; empty where it knows nothing."""
    return cell.metadata.get("nbgrader", {})


def is_task(cell):
    """Tell whether a cell is one that the student writes code in."""
    return cell.cell_type == "code" and bool(about(cell).get("solution"))


def rules_of(notebook):
    """Return what an answer on this sheet may use, as the arguments of `checks.scan.Scan`.

    An answer uses what its function is given. All that the sheet defines is withheld, its own
    data and what it imports from `ecomlab`, unless a task says that it "may call" a function.

    Parameters
    ----------
    notebook : nbformat.NotebookNode

    Returns
    -------
    dict
    """
    bound, allowed = {}, set()
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            allowed |= set(_MAY_CALL.findall(cell.source))
        elif about(cell).get("locked"):
            bound |= bound_names(without_solution(cell.source))
    open_to_all = MODULES | {"keras"}
    mine = {
        name for name, module in bound.items() if (module or "").split(".")[0] not in open_to_all
    }
    return {"withheld": sorted(mine - allowed), "keras": "keras" in bound}


class Trial(NamedTuple):
    """What came of one answer: what was printed, its points, and the first failure or None."""

    said: str
    points: float
    failure: Exception | None


@dataclass
class Task:
    """One task of a sheet, ready to be tried in this process.

    Attributes
    ----------
    name : str
        The function that the student writes.
    solution : str
        The cell that holds the solution.
    tests : list of (float, str)
        Points and source of each graded cell, with its hidden tests.
    space : dict
        The names that the cells before it have made.
    """

    name: str
    solution: str
    tests: list
    space: dict

    @property
    def points(self):
        """Points of all its parts."""
        return sum(points for points, _ in self.tests)

    def try_out(self, answer):
        """Run an answer and its tests.

        Parameters
        ----------
        answer : str

        Returns
        -------
        Trial
        """
        said, points, failures = io.StringIO(), 0, []
        with contextlib.redirect_stdout(said):
            failures.append(self._run(answer))
            for worth, test in self.tests:
                failures.append(self._run(test))
                points += worth * (failures[-1] is None)
        return Trial(said.getvalue(), points, next(filter(None, failures), None))

    def _run(self, source):
        try:
            exec(compile(source, f"<{self.name}>", "exec"), self.space)
        except Exception as failure:
            return failure
        return None


def walk(notebook):
    """Run a sheet in this process and stop at each task.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        With its solutions.

    Yields
    ------
    Task
        Afterwards the sheet goes on with the right solution.
    """
    space, tests = {"__name__": "__exercise__"}, {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and about(cell).get("grade"):
            tests.setdefault(task_of(cell), []).append((about(cell).points, cell.source))
    for cell in notebook.cells:
        name = about(cell).get("grade_id", "cell")
        if cell.cell_type != "code" or about(cell).get("grade"):
            continue
        if is_task(cell):
            yield Task(name, cell.source, tests[name], space)
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(cell.source, f"<{name}>", "exec"), space)


def task_of(cell):
    """Return the task that a graded cell tests: `test_convolve`, `test_convolve_2`."""
    return re.fullmatch(r"test_(\w+?)(_\d)?", about(cell).grade_id)[1]


def wrong_answers(path, task):
    """Return the known wrong answers of a task, as (hint, source) pairs.

    Parameters
    ----------
    path : Path
        The exercise's notebook.
    task : Task

    Raises
    ------
    UserError
        If a change no longer applies to the solution.
    """
    pairs = []
    for entry in beside(path).get(task.name, []):
        old, new = entry["old"].strip("\n"), entry["new"].strip("\n")
        if old not in task.solution:
            raise UserError(f"{path.stem}, {task.name}: the solution no longer has {old!r}")
        pairs.append((entry["hint"], task.solution.replace(old, new)))
    return pairs


def beside(path):
    """Return what lies beside a sheet: first steps under `begin`, and wrong answers by task."""
    return tomllib.loads(path.with_name("wrong_answers.toml").read_text(encoding="utf-8"))
