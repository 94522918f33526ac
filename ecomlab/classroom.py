"""Exercises as files: a student's copy, a set of variants, and the fingerprints in each.

An exercise is one nbgrader source notebook, `notebooks/exercises/NN_name/NN_name.ipynb`. Beside
it lies `wrong_answers.toml`: for each task, changes to the solution that make it wrong, with
the hint that a student reads. nbgrader is told to leave that file alone.
"""

import contextlib
import copy
import io
import re
import tomllib
from dataclasses import dataclass

from ecomlab import checks
from ecomlab.checks.fingerprints import pack
from ecomlab.errors import UserError
from ecomlab.project import NOTEBOOKS

EXERCISES = NOTEBOOKS / "exercises"
STUB = "# YOUR CODE HERE\n{0}raise NotImplementedError()"
_SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?### END SOLUTION", re.M | re.S)
_HIDDEN = re.compile(r"^ *### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS\n?", re.M | re.S)
_VARIANT = re.compile(r"^VARIANT = \d+", re.M)


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
        cell.source = without_solution(cell.source)
    return notebook


def without_solution(source):
    """Return a cell's source with a stub for its solution, and without hidden tests."""
    source = _SOLUTION.sub(lambda found: found[1] + STUB.format(found[1]), source)
    return _HIDDEN.sub("", source).rstrip("\n")


@dataclass
class Task:
    """One task of an exercise, ready to be tried in this process.

    Attributes
    ----------
    name : str
        The function that the student writes.
    points : float
    solution : str
        The cell that holds the solution.
    test : str
        The graded cell, with its hidden tests.
    space : dict
        The names that the cells before it have made.
    """

    name: str
    points: float
    solution: str
    test: str
    space: dict

    def try_out(self, solution):
        """Run a solution and its test; return what the check printed and the failure, or None.

        Parameters
        ----------
        solution : str

        Returns
        -------
        said : str
        failure : Exception or None
        """
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                exec(compile(solution, "<solution>", "exec"), self.space)
                exec(compile(self.test, "<test>", "exec"), self.space)
        except Exception as failure:
            return said.getvalue(), failure
        return said.getvalue(), None


def walk(notebook):
    """Run an exercise in this process and stop at each task.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        With its solutions.

    Yields
    ------
    Task
        Afterwards the exercise goes on with the right solution.
    """
    space, solution = {"__name__": "__exercise__"}, None
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if cell.cell_type != "code":
            continue
        if about.get("solution"):
            solution = about.grade_id, cell.source
        elif about.get("grade"):
            yield Task(solution[0], about.points, solution[1], cell.source, space)
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(solution[1], "<solution>", "exec"), space)
        else:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(cell.source, f"<{about.get('grade_id', 'cell')}>", "exec"), space)


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
    table = tomllib.loads(path.with_name("wrong_answers.toml").read_text(encoding="utf-8"))
    pairs = []
    for entry in table.get(task.name, []):
        old, new = entry["old"].strip("\n"), entry["new"].strip("\n")
        if old not in task.solution:
            raise UserError(f"{path.stem}, {task.name}: the solution no longer has {old!r}")
        pairs.append((entry["hint"], task.solution.replace(old, new)))
    return pairs


def stamp_exercise(notebook, path):
    """Write the fingerprints of right and wrong answers into an exercise.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Changed in place: the cell `answers`.
    path : Path
        Where its wrong answers lie.

    Raises
    ------
    UserError
        If the solution fails, or a wrong answer earns points or looks like another answer.
    """
    known = {}
    with checks.recording() as recorded:
        for task in walk(notebook):
            _, failure = task.try_out(task.solution)
            if failure is not None:
                raise UserError(f"{path.stem}, {task.name}: the solution fails: {failure}")
            _, right, outcome = recorded[-1]
            if outcome.state != "right":
                raise UserError(f"{path.stem}, {task.name}: the solution: {outcome.hint}")
            known[task.name] = {"right": right, "wrong": []}
            for hint, source in wrong_answers(path, task):
                _, failure = task.try_out(source)
                _, found, outcome = recorded[-1]
                if failure is None:
                    raise UserError(f"{path.stem}, {task.name}: gets its points: {hint}")
                if hint in outcome.hint:  # one of the check's own rules says it
                    continue
                told = [right, *(earlier for earlier, _ in known[task.name]["wrong"])]
                if found in told:
                    raise UserError(f"{path.stem}, {task.name}: cannot be told apart: {hint}")
                known[task.name]["wrong"].append([found, hint])
    cell = next(
        c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "answers"
    )
    packed = pack(known)
    lines = [packed[i : i + 96] for i in range(0, len(packed), 96)]
    head = "# Fingerprints of right and of known wrong answers, for the checks below.\n"
    cell.source = head + 'checks.load("""\n' + "\n".join(lines) + '\n""")'


def set_variant(notebook, variant):
    """Give an exercise other numbers.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Changed in place: the line `VARIANT = ...`.
    variant : int

    Raises
    ------
    UserError
        If it has no such line.
    """
    changed = 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source, count = _VARIANT.subn(f"VARIANT = {variant:d}", cell.source)
            changed += count
    if changed != 1:
        raise UserError("this exercise has no variants")
