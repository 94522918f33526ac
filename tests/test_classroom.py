"""The classroom: `ecomlab exercise`, cheating answers, and nbgrader's whole round run for real."""

import contextlib
import os
import queue
import re
import subprocess
import sys
import threading
import time
from html import escape
from pathlib import Path
from subprocess import PIPE

import classes
import nbformat
import numpy as np
import pandas as pd
import psutil
import pytest
from conftest import ROOT
from jupyter_client.manager import start_new_kernel
from nbconvert.exporters.exporter import ResourcesDict
from nbgrader.api import Gradebook
from traitlets.config import Config

from ecomlab import checks
from ecomlab.checks.referee import Referee
from ecomlab.checks.scan import Scan, bound_names
from ecomlab.classroom import exercises, find_exercise
from ecomlab.classroom.grading import ANSWER, HandOut
from ecomlab.classroom.sheets import (
    about,
    beside,
    is_task,
    rules_of,
    student_copy,
    task_of,
    walk,
)
from ecomlab.cli import classroom as cli_classroom
from ecomlab.errors import UserError
from ecomlab.project import NOTEBOOKS
from ecomlab.results import read_results


def test_the_command_gives_copies_solutions_and_variants(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cli_classroom, "MY_COPIES", tmp_path)
    cli_classroom.exercise("01")
    mine = tmp_path / "01_exercise.ipynb"
    assert "raise NotImplementedError" in mine.read_text("utf-8")
    with pytest.raises(UserError, match="it is yours"):
        cli_classroom.exercise("01")
    cli_classroom.exercise("01", solution=True)
    assert "BEGIN SOLUTION" in (tmp_path / "01_solution.ipynb").read_text("utf-8")
    cli_classroom.exercise("01", variant=7, to=tmp_path / "source")
    name = "01_neuron_and_backprop"
    made = (tmp_path / "source" / name / f"{name}.ipynb").read_text("utf-8")
    assert re.search(r"VARIANT = \d*7 ", made)
    assert not (tmp_path / "source" / name / "wrong_answers.toml").exists()
    with pytest.raises(UserError, match="no exercise '99'"):
        cli_classroom.exercise("99")
    with pytest.raises(UserError, match="belong together"):
        cli_classroom.exercise("01", variant=3)


def test_grade_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("ECOMLAB_COURSE", str(tmp_path))
    with pytest.raises(UserError, match="was not handed out: nbgrader generate_assignment"):
        cli_classroom.grade("01")
    (tmp_path / "release" / classes.NAME).mkdir(parents=True)
    with pytest.raises(UserError, match="nothing was handed in"):
        cli_classroom.grade("01")


def test_a_sheet_brings_its_lessons_page_along(tmp_path):
    sheet = find_exercise(classes.SHEET)
    (tmp_path / "source").symlink_to(sheet.parents[1])
    step = HandOut(config=Config({"CourseDirectory": {"root": str(tmp_path)}}))
    resources = ResourcesDict(nbgrader={"assignment": sheet.stem, "notebook": sheet.stem})
    step.preprocess(nbformat.read(sheet, as_version=4), resources)
    [(name, page)] = resources["outputs"].items()
    page = page.decode()
    assert name == "lesson_01.html"
    for step in beside(sheet)["begin"].values():  # each section that a first step names is there
        assert re.search(rf"<h\d id=[^>]*>{re.escape(escape(step['section']))}<", page), step
    addresses = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert all(re.match(r"#|data:|https?:", address) for address in addresses)


# Cheating answers, without a kernel: read first, then run under the referee's eyes.

SHEETS = [
    pytest.param(p, id=p.stem, marks=[pytest.mark.slow] * p.stem.startswith(("03_", "03d_")))
    for p in exercises()
]


def run_in_process(notebook):
    """Run a sheet as grading does; return the points of each task, and what was said of it."""
    space, scan = {"__name__": "__sheet__"}, Scan(**rules_of(notebook))
    referee, points, said = Referee(space), {}, {}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if about(cell).get("grade"):
            task = task_of(cell)
            try:
                referee.run_test(task, cell.source, said.get(task, ""))
                points[task] = points.get(task, 0) + about(cell).points
            except Exception as failure:
                said.setdefault(task, str(failure))
        elif is_task(cell):
            if objections := scan.objections(cell.source):
                said[about(cell).grade_id] = "its cell was refused: " + "; ".join(objections)
            else:
                exec(compile(cell.source, "<answer>", "exec"), space)
        else:
            exec(compile(cell.source, "<given>", "exec"), space)
            referee.after_given(bound_names(cell.source))
    return points, said


def sheet_with(answer):
    """The source of the sheet, hidden tests and all, with one answer to `gradient`."""
    notebook = nbformat.read(find_exercise(classes.SHEET), as_version=4)
    classes.cell_of(notebook, "gradient").source = answer
    return notebook


@pytest.mark.parametrize("path", SHEETS)
def test_right_answers_earn_all_points_under_the_referee(path):
    notebook = nbformat.read(path, as_version=4)
    tests = (c for c in notebook.cells if c.cell_type == "code" and about(c).get("grade"))
    points, said = run_in_process(notebook)
    assert sum(points.values()) == sum(about(c).points for c in tests) and said == {}


def test_a_helper_may_have_the_name_of_one_in_the_hidden_test():
    helper = "def loss_at(p, y):\n    return (p - y) / len(y)\n\n\n"
    solved = classes.cell_of(classes.copy_with_answers(), "gradient").source
    answer = helper + solved.replace("(p - y) / len(y)", "loss_at(p, y)")
    assert answer.count("loss_at") == 2
    points, said = run_in_process(sheet_with(answer))
    assert sum(points.values()) == classes.MOST and said == {}


def test_a_graded_sheet_shows_the_hint_that_the_student_saw(capsys):
    wrong = classes.cell_of(classes.copy_with_answers(), "gradient").source.replace(" / len(y)", "")
    _, said = run_in_process(sheet_with(wrong))
    assert "gradient: not yet. " in capsys.readouterr().out
    assert said["gradient"].startswith("gradient['w']: other numbers are asked")


@pytest.mark.parametrize("kind", [*classes.CHEATS, *classes.REBINDS])
def test_a_cheating_answer_earns_nothing_and_is_named(kind):
    if kind in classes.CHEATS:
        notebook = sheet_with(classes.CHEATS[kind])
        objections = Scan(**rules_of(notebook)).objections(classes.CHEATS[kind])
        assert objections and all(re.match(r"line \d+: .{10,}", line) for line in objections)
        return  # it does not run at all
    points, said = run_in_process(sheet_with(classes.REBINDS[kind]))
    assert "gradient" not in points and said["gradient"]
    assert sum(points.values()) == classes.MOST - 2, said


def test_an_answer_is_told_at_home_that_it_will_be_refused(tmp_path, capsys):
    """The check reads the cell as grading does; a notebook keeps a cell's text as a file."""
    path = tmp_path / "cell.py"
    path.write_text("def gradient(x, y, w, b):\n    return {'w': x_train[0], 'b': 0}\n")
    space = {}
    notebook = nbformat.read(find_exercise(classes.SHEET), as_version=4)
    for task in walk(notebook):
        if task.name == "gradient":
            space = task.space
            break
    exec(compile(path.read_text(), str(path), "exec"), space)
    capsys.readouterr()
    checks.answer(space["gradient"], (1, 2, 3, 4))
    said = capsys.readouterr().out
    assert "gradient: not yet. It will be refused: line 2: `x_train` is the sheet's" in said


def test_what_honest_answers_do_is_not_refused():
    honest = (
        "import math\nimport numpy as np\nfrom itertools import pairwise\n\n"
        "STEP = 1e-3\n\n"
        "def helper(x):\n    total = 0\n    for _ in range(3):\n        total += x\n"
        "    return total\n\n"
        "def gradient(x, y, w, b):\n    frame = {}\n    frame['a'] = [math.sqrt(v) for v in x]\n"
        "    x_train = np.array(x)\n    print(x_train.shape)\n    return helper(frame['a'][0])\n\n"
        "result = gradient(x_train, y_train, 0, 0)\nprint(result, y_val[:3])\n"
    )
    notebook = nbformat.read(find_exercise(classes.SHEET), as_version=4)
    assert Scan(**rules_of(notebook)).objections(honest) == []


def test_what_an_answer_changed_in_a_library_is_put_back():
    def gradient():
        pass

    gradient.__qualname__ = "gradient"
    referee = Referee({"gradient": gradient})
    right, np.allclose, pd.Series.to_numpy = np.allclose, len, len
    words = "an answer has changed Series.to_numpy, numpy.allclose"
    with pytest.raises(AssertionError, match=words):
        referee.run_test("gradient", "1 / 0")
    assert np.allclose is right and "to_numpy" not in vars(pd.Series)
    with pytest.raises(ZeroDivisionError):
        referee.run_test("gradient", "1 / 0")


def test_a_fence_keeps_an_answer_from_files_processes_and_the_network(tmp_path):
    tried = (
        *("open('a', 'w')", "open('a.ipynb')", "os.remove('a')", "os.system('true')"),
        *("subprocess.run(['true'])", "os.fork()", "socket.create_connection(('localhost', 9))"),
    )
    code = (
        "import os, socket, subprocess, json\nfrom ecomlab.checks.guards import Fence\n"
        "fence = Fence()\nopen('a', 'w').close()\nfence.up = True\n"
        "open('a').close()\nopen(os.devnull, 'w').close()\nimport colorsys\n"
    )
    for line in tried:
        code += f"try:\n    {line}\n    print({line!r})\nexcept PermissionError:\n    pass\n"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_cell_prints_within_its_bound_and_is_then_stopped():
    start = "from ecomlab.checks import referee; referee.start(4096, 1000)"
    arguments = [f"--IPKernelApp.exec_lines={start}"]  # as when a submission is graded
    manager, client = start_new_kernel(extra_arguments=arguments)
    try:
        for code, printed, stopped in (
            ("for i in range(10**8):\n    print('x')", 1000, True),
            ("print('y' * 999)", 1000, False),
            ("print('y' * 1001)", 1000, True),
        ):
            seen = []
            reply = client.execute_interactive(code, timeout=60, output_hook=seen.append)["content"]
            texts = [m["content"]["text"] for m in seen if m["msg_type"] == "stream"]
            assert len("".join(texts)) == printed, code
            assert (reply.get("evalue") == "it printed more than 1,000 characters") is stopped, code
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


# nbgrader's round, with all that happens in a course.


def nbgrader(course, *arguments):
    command = [str(Path(sys.executable).with_name("nbgrader")), *arguments]
    environment = os.environ | {"ECOMLAB_COURSE": str(course)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


def graded(course, ecomlab_command, sheet, *options):
    """Run `ecomlab grade`; return its lines, and seconds and megabytes, each by student."""
    environment = os.environ | {"ECOMLAB_COURSE": str(course), "PYTHONUNBUFFERED": "1"}
    environment |= {"ECOMLAB_CELL_SECONDS": "30"}  # what never ends is waited for in full
    command = [*ecomlab_command, "grade", sheet, *options]
    running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=PIPE, text=True)
    heard = queue.Queue()
    listener = threading.Thread(target=lambda: [*map(heard.put, running.stdout), heard.put("")])
    listener.start()
    lines, costs, start, largest = {}, {}, time.perf_counter(), 0
    while line := _next(heard):
        if line is ...:  # nothing yet: how large is what runs?
            largest = max(largest, _megabytes(running.pid))
            continue
        student, lines[student] = line.rstrip("\n").split(": ", 1)
        costs[student], largest = (time.perf_counter() - start, largest), 0
        start = time.perf_counter()
        print(f"{student}: {costs[student][0]:.0f} s, {costs[student][1]:.0f} MB,", lines[student])
    listener.join()
    assert running.wait() == 0
    return lines, costs


def _next(heard):
    try:
        return heard.get(timeout=0.3)
    except queue.Empty:
        return ...


def _megabytes(pid):
    """Return the size of the largest process that a process has started."""
    sizes = [0]
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                sizes.append(child.memory_info().rss / 2**20)
    return max(sizes)


def hand_in(course, student, notebook, sheet=classes.NAME):
    path = course / "submitted" / student / sheet / f"{sheet}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
    return path


def class_of_all():
    """Yield (student, notebook, change of its file or None, points, remark)."""
    cases = {
        kind: (change, points, words) for kind, (change, points, words) in classes.REAL.items()
    }
    # All of them are read in `test_a_cheating_answer_earns_nothing_and_is_named`: here a few go
    # the whole way, for each takes a kernel.
    for kind, answer in list(classes.CHEATS.items())[::7]:
        words = "gradient: its cell was refused: line"
        cases[f"cheats: {kind}"] = (classes.instead(answer), classes.MOST - 2, words)
    for kind, answer in classes.REBINDS.items():
        cases[f"cheats: {kind}"] = (classes.instead(answer), classes.MOST - 2, "gradient")
    for kind, (change, points, words) in cases.items():
        notebook = classes.copy_with_answers()
        change(notebook)
        yield re.sub(r"\W+", "_", kind), notebook, None, points, words
    for kind, (change, points, words) in classes.FILES.items():
        yield re.sub(r"\W+", "_", kind), classes.copy_with_answers(), change, points, words


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
def test_a_class_with_all_that_happens_in_a_course(tmp_path, ecomlab_command):
    course, expected = tmp_path / "course", {}
    nbgrader(course, "generate_assignment", classes.NAME)
    release = course / "release" / classes.NAME
    handed_out = [f"{classes.NAME}.ipynb", "lesson_01.html"]
    assert sorted(p.name for p in release.iterdir()) == handed_out
    assert "BEGIN SOLUTION" not in (release / f"{classes.NAME}.ipynb").read_text("utf-8")
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        gradebook.update_or_create_assignment(classes.NAME, duedate=classes.DUE)
    for student, notebook, change, points, words in class_of_all():
        path = hand_in(course, student, notebook)
        if change:
            change(path)
        expected[student] = points, words
    lines, costs = graded(course, ecomlab_command, classes.SHEET, "--all")
    seconds, megabytes = zip(*costs.values(), strict=True)
    print(f"{len(lines)} submissions: {sum(seconds):.0f} s, up to {max(megabytes):.0f} MB")
    assert lines.keys() == expected.keys()
    for student, (points, words) in expected.items():
        assert lines[student].startswith(f"{points} of "), (student, lines[student])
        assert (words or "") in lines[student], (student, lines[student])
    assert "one answer waits for you" in lines["an_answer_for_a_person"]
    assert "|" not in lines["right"]
    marked = course / "autograded" / "an_answer_for_a_person" / classes.NAME
    below = nbformat.read(marked / f"{classes.NAME}.ipynb", as_version=4).cells[-1].source
    assert below.startswith(f"## {ANSWER}") and "One point for each of these:" in below
    assert 0 < max(megabytes) < 5000 and max(seconds) < 1000

    nbgrader(course, "generate_feedback", classes.NAME)
    for student in expected.keys() - {"no_notebook"}:
        page = course / "feedback" / student / classes.NAME / f"{classes.NAME}.html"
        assert page.stat().st_size < 3e6, student
        if expected[student][0] < 10:  # being late, or a file's name, is only told to the teacher
            assert "What grading remarked" in page.read_text("utf-8"), student
    untouched = course / "feedback" / "untouched" / classes.NAME / f"{classes.NAME}.html"
    text = untouched.read_text("utf-8")
    assert "not right: gradient: not tried" in text
    assert "Traceback (most recent call last)" not in text


@pytest.mark.exhaustive
def test_a_sheet_with_networks_stays_within_its_bounds(tmp_path, ecomlab_command):
    course, path = tmp_path / "course", find_exercise("03")
    source = nbformat.read(path, as_version=4)
    nbgrader(course, "generate_assignment", path.stem)
    answers = {about(c).grade_id: c.source for c in source.cells if is_task(c)}
    for student, keep in (("right", True), ("untouched", False)):
        notebook = student_copy(source)
        for cell in filter(is_task, notebook.cells if keep else []):
            cell.source = re.sub(
                r"^ *### (BEGIN|END) SOLUTION\n?", "", answers[about(cell).grade_id], flags=re.M
            )
        hand_in(course, student, notebook, path.stem)
    lines, _ = graded(course, ecomlab_command, "03")
    assert lines["right"] == "10 of 10 points", lines
    assert lines["untouched"].startswith("0 of 10 points | ")


def test_the_guide_tells_the_gap_of_lesson_02_as_it_is_stored():
    stored = read_results(NOTEBOOKS / "02_deep_and_classical.ipynb")
    gap, low, high = (-stored[f"table_gain{end}"] for end in ("", "_high", "_low"))
    guide = (ROOT / "docs" / "teaching.md").read_text("utf-8")
    words = "On the {:,} test rows of lesson 02's table a gap of {} has an interval from {} to {};"
    shown = [f"{value:.4f}".lstrip("0") for value in (gap, low, high)]
    assert words.format(stored["n_test_table"], *shown) in guide
    wider = (high - low) / 2 * 20**0.5  # on a twentieth of the rows
    assert "on a twentieth of them it would hold 0" in guide and gap - wider < 0
