"""The classroom: `ecomlab exercise`, and nbgrader's whole round run for real."""

import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT

from ecomlab import classroom
from ecomlab.cli import classroom as cli_classroom
from ecomlab.errors import UserError


def about(cell):
    return cell.metadata.get("nbgrader", {})


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
    assert "VARIANT = 7" in made
    assert not (tmp_path / "source" / name / "wrong_answers.toml").exists()
    with pytest.raises(UserError, match="no exercise '99'"):
        cli_classroom.exercise("99")
    with pytest.raises(UserError, match="belong together"):
        cli_classroom.exercise("01", variant=3)


# nbgrader's round: generate, submit, autograde, feedback.

NAME = "03_cnn_product_images"
CRASHES = {
    "syntax error": ("def convolve", "def convolve("),
    "divides by zero": ("    (h, w), (a, b)", "    1 / 0\n    (h, w), (a, b)"),
}


def handed_in(kind):
    """A student's notebook; its points out of ten."""
    notebook = nbformat.read(classroom.find_exercise("03"), as_version=4)
    solutions = {about(c).grade_id: c.source for c in notebook.cells if about(c).get("solution")}
    student = classroom.student_copy(notebook)
    mine = {about(c).get("grade_id"): c for c in student.cells}
    if kind == "untouched":
        return student, 0
    for task, text in solutions.items():
        mine[task].source = re.sub(r"^ *### (BEGIN|END) SOLUTION\n?", "", text, flags=re.M)
    if kind == "right":
        return student, 10
    if kind == "wrong":  # the kernel turned round, the loss summed
        for task, (old, new) in {
            "convolve": ("* kernel).sum()", "* kernel[::-1, ::-1]).sum()"),
            "mean_loss": (".mean()", ".sum()"),
        }.items():
            mine[task].source = mine[task].source.replace(old, new)
        return student, 6
    if kind == "tampered":  # tests are put back when they are graded
        mine["convolve"].source = "def convolve(photo, kernel):\n    return photo"
        mine["test_convolve"].source = "pass"
        return student, 8
    old, new = CRASHES[kind]
    assert old in mine["convolve"].source
    mine["convolve"].source = mine["convolve"].source.replace(old, new)
    return student, 8


def graded(course, kinds):
    """Run nbgrader's round; return points, the seconds of grading and the largest process."""
    environment = os.environ | {"ECOMLAB_COURSE": str(course)}

    def nbgrader(*arguments):
        command = [str(Path(sys.executable).with_name("nbgrader")), *arguments]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]

    nbgrader("generate_assignment", NAME)
    release = course / "release" / NAME
    assert [p.name for p in release.iterdir()] == [f"{NAME}.ipynb"]
    assert "BEGIN SOLUTION" not in (release / f"{NAME}.ipynb").read_text("utf-8")
    expected = {}
    for number, kind in enumerate(kinds):
        student = f"{number:02}_{kind.replace(' ', '_')}"
        notebook, expected[student] = handed_in(kind)
        folder = course / "submitted" / student / NAME
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / f"{NAME}.ipynb")
    start = time.perf_counter()
    nbgrader("autograde", NAME)
    seconds = time.perf_counter() - start
    nbgrader("generate_feedback", NAME)

    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        points = {s["student"]: s["score"] for s in gradebook.submission_dicts(NAME)}
    assert points == expected
    for student in expected:
        page = (course / "feedback" / student / NAME / f"{NAME}.html").read_text("utf-8")
        assert NAME in page
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


@pytest.mark.exhaustive
def test_nbgraders_round_with_six_kinds_of_students(tmp_path):
    """Submissions are graded one after another: a class of thirty only takes longer."""
    kinds = ["right", "untouched", "wrong", "tampered", *CRASHES]
    seconds, megabytes = graded(tmp_path / "course", kinds)
    print(f"{len(kinds)} submissions: {seconds:.0f} s, largest process {megabytes:.0f} MB")
    assert megabytes < 4096
    page = tmp_path / "course" / "feedback" / "01_untouched" / NAME / f"{NAME}.html"
    text = page.read_text("utf-8")
    assert "not right: convolve: not tried" in text
    assert "Traceback (most recent call last)" not in text
