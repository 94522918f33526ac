"""What is written into a sheet: numbers, first steps, fingerprints, and variants of all these.

A task on paper shows numbers and nothing else: they are drawn in its hidden tests, printed into
the text, and written into the solution. Everything else is computed where the sheet runs.
"""

import contextlib
import io
import re
import textwrap

import numpy as np

from ecomlab import checks
from ecomlab.checks.fingerprints import Call, matches, pack
from ecomlab.classroom.sheets import about, beside, is_task, rules_of, walk, wrong_answers
from ecomlab.errors import UserError

TRIES = 60  # draws of a variant's numbers until one does
_VARIANT = re.compile(r"^VARIANT = \d+", re.M)
_DRAWN = re.compile(r"^# The numbers on paper\.\n(.*?)^# End of the numbers\.$", re.M | re.S)
_WRITTEN = re.compile(r"( *)# The numbers on paper\.\n.*?# End of the numbers\.\n", re.S)
_PRINTED = re.compile(r"```text\n.*?```", re.S)
_FIRST_STEP = re.compile(r"\n*<details><summary>A first step</summary>.*?</details>", re.S)


def stamp_exercise(notebook, path):
    """Write into a sheet what is drawn or computed: numbers, first steps, fingerprints.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Changed in place.
    path : Path
        Where it lies, and beside it its wrong answers.

    Raises
    ------
    UserError
        If the solution fails, or a wrong answer earns all points or looks like another answer.
    """
    write_numbers(notebook)
    write_first_steps(notebook, path)
    cell = next(c for c in notebook.cells if about(c).get("grade_id") == "answers")
    cell.source, tasks = "", {}
    with checks.recording() as recorded:
        for task in walk(notebook):
            tasks[task.name] = known_answers(task, path, recorded) | {
                "begin": begin(path, task.name)
            }
    packed = pack({"sheet": rules_of(notebook), "tasks": tasks})
    lines = [packed[i : i + 96] for i in range(0, len(packed), 96)]
    head = "# Fingerprints of right and of known wrong answers, for the checks below.\n"
    cell.source = head + 'checks.load("""\n' + "\n".join(lines) + '\n""")'


def known_answers(task, path, recorded):
    """Return the fingerprints of a task's right and wrong answers.

    Parameters
    ----------
    task : Task
    path : Path
        As in `stamp_exercise`.
    recorded : list of checks.Recorded
        What `checks.recording` yields.

    Raises
    ------
    UserError
        As in `stamp_exercise`.
    """
    where = f"{path.stem}, {task.name}"
    trial = task.try_out(task.solution)
    if trial.failure is not None:
        raise UserError(f"{where}: the solution fails: {trial.failure}")
    right = recorded[-1]
    if right.outcome.state != "right":
        raise UserError(f"{where}: the solution: {right.outcome.hint}")
    if right.digits == 3 and not _stands_rounding(right):
        raise UserError(f"{where}: rounding to three significant digits changes the answer")
    wrong = []
    for hint, source in wrong_answers(path, task):
        trial = task.try_out(source)
        if trial.failure is None:
            raise UserError(f"{where}: gets its points: {hint}")
        if hint in recorded[-1].outcome.hint:  # one of the check's own rules says it
            continue
        found = recorded[-1].found
        if found in [right.found, *(earlier for earlier, _ in wrong)]:
            raise UserError(f"{where}: cannot be told apart: {hint}")
        wrong.append([found, hint])
    return {"right": right.found, "wrong": wrong}


def _stands_rounding(right):
    """Tell whether an answer written with three significant digits is still the right one."""
    calls = [Call(rounded(call.value)) for call in right.calls]
    return matches(calls, right.found, right.digits)


def rounded(value, digits=3):
    """Return an answer as a person writes it down, with so many significant digits."""
    if isinstance(value, dict):
        return {name: rounded(part, digits) for name, part in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [rounded(part, digits) for part in value]
    if isinstance(value, str):
        return value
    return float(f"{value:.{digits}g}") if value != round(value) else value


def set_variant(notebook, path, variant):
    """Give a sheet other numbers: drawn again until wrong answers differ from the right one.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Changed in place.
    path : Path
        As in `stamp_exercise`.
    variant : int

    Raises
    ------
    UserError
        If no draw does.
    """
    for draw in range(TRIES):
        write_number(notebook, variant + 1000 * draw)
        try:
            return stamp_exercise(notebook, path)
        except UserError as error:
            last = error
    raise UserError(f"variant {variant}: {TRIES} draws did not do, take another: {last}")


def write_number(notebook, number):
    """Write the number from which all of a sheet's numbers are drawn."""
    changed = 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source, count = _VARIANT.subn(f"VARIANT = {number:d}", cell.source)
            changed += count
    if changed != 1:
        raise UserError("this sheet has no line `VARIANT = ...`")


def number_of(notebook):
    """Return the number from which a sheet's numbers are drawn."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return int(_VARIANT.search(text)[0].split()[-1])


def write_numbers(notebook):
    """Draw the numbers of the tasks on paper; write them into text and solution.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Changed in place.
    """
    shown = solution = None
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and _PRINTED.search(cell.source):
            shown = cell
        elif is_task(cell):
            solution = cell
        found = _DRAWN.search(cell.source)
        if not found or not about(cell).get("grade"):
            continue
        space, printed = {"np": np, "VARIANT": number_of(notebook)}, io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(found[1], "<numbers>", "exec"), space)
        text = printed.getvalue().strip("\n")
        shown.source = _PRINTED.sub(lambda _, t=text: f"```text\n{t}\n```", shown.source)
        solution.source = _WRITTEN.sub(lambda block, s=space: _literals(block, s), solution.source)


def _literals(block, space):
    """Return the lines of a solution that write the drawn numbers out."""
    names = re.findall(r"^ *(\w+) = ", block[0], re.M)
    lines = [f"{name} = {_literal(space[name])}" for name in names]
    lines = ["# The numbers on paper.", *lines, "# End of the numbers."]
    return textwrap.indent("\n".join(lines), block[1]) + "\n"


def _literal(value):
    if isinstance(value, np.ndarray):
        return f"np.array({value.tolist()})"
    if isinstance(value, (list, tuple, set)):
        inside = ", ".join(
            _literal(part) for part in (sorted(value) if isinstance(value, set) else value)
        )
        return {list: "[{}]", tuple: "({},)", set: "{{{}}}"}[type(value)].format(inside)
    return repr(value.item() if isinstance(value, np.generic) else value)


def begin(path, task):
    """Return where a student who has not begun may begin, as a check says it."""
    step = beside(path)["begin"][task]
    lesson = path.stem.split("_")[0]
    return f'Begin with lesson {lesson}, "{step["section"]}"; the first line: {step["line"]}'


def write_first_steps(notebook, path):
    """Write a folded first step under the text of each task.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Changed in place.
    path : Path
        As in `stamp_exercise`.
    """
    steps, text = beside(path)["begin"], None
    lesson = f"../../{path.stem}.ipynb"
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            text = cell
        elif is_task(cell):
            step = steps[about(cell).grade_id]
            words = (
                f"\n\n<details><summary>A first step</summary>\n\nRead *{step['section']}* in "
                f"[lesson {path.stem.split('_')[0]}]({lesson}). Then write this line, and go on "
                f"from it:\n\n```python\n{step['line']}\n```\n\n</details>"
            )
            text.source = _FIRST_STEP.sub("", text.source) + words
