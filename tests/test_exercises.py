"""Exercises: the solution earns all points, a stub none, each known wrong answer its own hint."""

import contextlib
import copy
import io
import re

import nbformat
import pytest

from ecomlab import checks
from ecomlab.checks.scan import Scan
from ecomlab.classroom import exercises, stamping, student_copy
from ecomlab.classroom.sheets import (
    Task,
    about,
    beside,
    is_task,
    lead_to_page,
    model_answers,
    rules_of,
    task_of,
    walk,
    without_solution,
    wrong_answers,
)
from ecomlab.errors import UserError
from ecomlab.project import NOTEBOOKS, lessons

SOURCES = exercises()
TENSORFLOW = {"03_cnn_product_images", "03d_borrowed_kernels"}
MARKED = [pytest.param(p, marks=pytest.mark.slow) if p.stem in TENSORFLOW else p for p in SOURCES]
VARIANTS = range(21)
# Cells that train networks and that no number of a variant reaches: alike in all variants.
ALIKE = {
    "03_cnn_product_images": r"given_3|(test_)?better_network(_2)?",
    "03d_borrowed_kernels": r"(test_)?to_fine_tune(_2)?",
}


def names(path):
    return path.stem


def _has_name(cell, pattern):
    return bool(re.fullmatch(pattern, about(cell).get("grade_id", "")))


@pytest.fixture
def source(path):
    return nbformat.read(path, as_version=4)


def each(paths=SOURCES):
    return pytest.mark.parametrize("path", paths, ids=names)


@each(MARKED)
def test_the_solution_is_right_the_stub_is_not_tried_and_wrong_answers_get_their_hints(
    path, source
):
    scan = Scan(**rules_of(source))
    for task in walk(source):
        trial = task.try_out(task.solution)
        assert trial.failure is None, (task.name, trial.failure)
        assert f"{task.name}: right\n" in trial.said
        assert trial.points == task.points
        assert scan.objections(task.solution) == []

        trial = task.try_out(without_solution(task.solution))
        assert f"{task.name}: not tried. Begin with lesson" in trial.said
        assert isinstance(trial.failure, (checks.NotRight, NotImplementedError)), task.name
        assert trial.points == 0

        wrong = wrong_answers(path, task)
        hints = [hint for hint, _ in wrong]
        assert len(set(hints)) == len(hints) >= 3, task.name
        for hint, answer in wrong:
            trial = task.try_out(answer)
            assert f"{task.name}: not yet. " in trial.said, (task.name, hint, trial.said)
            assert hint in trial.said, (task.name, hint, trial.said)
            assert trial.points < task.points, (task.name, hint)


@each(MARKED)
def test_an_untouched_copy_runs_to_its_end_and_says_not_tried(path, source):
    said, space = io.StringIO(), {"__name__": "__exercise__"}
    with contextlib.redirect_stdout(said):
        for cell in student_copy(source).cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, path.stem, "exec"), space)
    tasks = [about(c).grade_id for c in source.cells if is_task(c)]
    assert all(f"{name}: not tried. " in said.getvalue() for name in tasks)


@each()
def test_it_is_an_exercise_that_nbgrader_takes(path, source):
    from nbgrader.nbgraderformat import MetadataValidator

    MetadataValidator().validate_nb(source)
    solutions = [about(c).grade_id for c in source.cells if is_task(c)]
    graded = [c for c in source.cells if about(c).get("grade") and c.cell_type == "code"]
    assert 3 <= len(solutions) <= 6
    assert list(dict.fromkeys(task_of(cell) for cell in graded)) == solutions
    for cell in graded:
        assert 0 < about(cell).points <= 2  # a task of three points is given in parts
        visible, hidden = cell.source.split("### BEGIN HIDDEN TESTS")
        second = about(cell).grade_id.endswith("_2")
        assert ("checks.answer(" in visible) != second and "checks." in hidden
        assert hidden.endswith("### END HIDDEN TESTS")
    for cell in filter(is_task, source.cells):
        assert "### BEGIN SOLUTION" in cell.source and "### END SOLUTION" in cell.source
    assert source.cells[0].source.startswith(f"# Exercise {path.stem.split('_')[0]} · ")
    assert path.stem in {lesson.name for lesson in lessons()}
    assert not any(cell.get("outputs") for cell in source.cells)


@each()
def test_the_head_says_points_and_minutes_and_a_person_grades_one_question(path, source):
    total = sum(about(c).points for c in source.cells if about(c).get("grade"))
    words = r"tasks and a question, (\d+) points, about (\d+) minutes of work"
    points, minutes = map(int, re.search(words, source.cells[0].source).groups())
    assert points == total and 30 <= minutes <= 120
    question, answer = source.cells[-2:]
    assert "(3 points)" in question.source
    assert not re.findall(r"^- \S", question.source, re.M)  # they would give the answer away
    assert "A person reads them and gives up to three points." in question.source
    for_teachers = model_answers(source)[about(answer).grade_id]
    rubric = for_teachers.split("\n\nOne point for each of these:\n\n")[1]
    assert len(re.findall(r"^- \S", rubric, re.M)) == 3
    assert about(answer).points == 3 and about(answer).solution and about(answer).grade
    assert answer.cell_type == "markdown"
    for cell in source.cells:  # the points that a heading promises are those that are given
        said = re.match(r"## \d+ · .*\((\d) points?", cell.source)
        if said and cell is not question:
            tested = source.cells[source.cells.index(cell) :]
            name = next(about(c).grade_id for c in tested if is_task(c))
            tests = (c for c in tested if about(c).get("grade") and c.cell_type == "code")
            assert int(said[1]) == sum(about(c).points for c in tests if task_of(c) == name)


@each()
def test_each_task_has_a_first_step_that_leads_into_the_lesson(path, source):
    lesson = nbformat.read(NOTEBOOKS / path.name, as_version=4)
    text = "\n".join(c.source for c in lesson.cells if c.cell_type == "markdown")
    headings = re.findall(r"^##+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    folded = "\n".join(c.source for c in source.cells if c.cell_type == "markdown")
    steps = beside(path)["begin"]
    assert list(steps) == [about(c).grade_id for c in source.cells if is_task(c)]
    for task, step in steps.items():
        assert headings.count(step["section"]) == 1, f"{task}: no such section, or several"
        assert f"```python\n{step['line']}\n```" in folded, f"{task}: --stamp writes its first step"
        compile(f"def f():\n    {step['line']}", task, "exec")


@each()
def test_what_is_handed_out_leads_to_the_lessons_page_beside_it(path, source):
    page = lead_to_page(source, path)
    text = "\n".join(c.source for c in source.cells if c.cell_type == "markdown")
    assert set(re.findall(r"\]\(([^)#]+)", text)) == {page}


@each()
def test_only_what_needs_tensorflow_imports_it(path, source):
    text = "\n".join(c.source for c in source.cells)
    assert ("import keras" in text) == (path.stem in TENSORFLOW)


@each()
def test_a_students_copy_is_nbgraders_own_and_gives_nothing_away(path, source):
    from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions

    handed_out = copy.deepcopy(source)
    for preprocessor in (ClearSolutions(), ClearHiddenTests()):
        handed_out, _ = preprocessor.preprocess(handed_out, {})
    mine = student_copy(source)
    for one, other in zip(mine.cells, handed_out.cells, strict=True):
        assert one.source.rstrip() == other.source.rstrip()
    text = "\n".join(cell.source for cell in mine.cells)
    assert "BEGIN SOLUTION" not in text and "HIDDEN" not in text
    assert "wrong_answers" not in nbformat.writes(mine)
    # No helper of the set-up does what a task asks for: those stand in hidden tests.
    for word in ("correlate2d", "log_softmax", "ndimage", "softmax", "expit", "logit"):
        assert not re.search(rf"import .*\b{word}\b", text)


@each([path for path in SOURCES if path.stem not in TENSORFLOW])
def test_a_variant_has_other_numbers_and_is_as_sound(path, source):
    before = "\n".join(cell.source for cell in source.cells)
    stamping.set_variant(source, path, 7)  # stops where a wrong answer would earn its points
    after = "\n".join(cell.source for cell in source.cells)
    assert before != after
    assert stamping.number_of(source) % 1000 == 7


@each()
def test_the_numbers_on_paper_stand_in_the_text_and_are_drawn_for_each_variant(path, source):
    """Twenty-one variants of the task on paper, the one in which wrong answers may coincide."""
    cells = {about(c).get("grade_id"): c for c in source.cells}
    if "### BEGIN" not in cells.get("test_on_paper", cells["answers"]).source:
        return  # 00b has no task on paper
    task, seen = next(walk(source)), set()
    for variant in VARIANTS:
        for draw in range(stamping.TRIES):
            stamping.write_number(source, variant + 1000 * draw)
            stamping.write_numbers(source)
            task.space["VARIANT"] = variant + 1000 * draw
            tests = [(about(cells["test_on_paper"]).points, cells["test_on_paper"].source)]
            drawn = Task("on_paper", cells["on_paper"].source, tests, task.space)
            with checks.recording() as recorded, contextlib.suppress(UserError):
                stamping.known_answers(drawn, path, recorded)
                break
        else:
            pytest.fail(f"variant {variant}: no draw does")
        seen.add(cells["given_2"].source)
        assert "rng" not in cells["on_paper"].source + cells["given_2"].source
    assert len(seen) > 3  # few numbers can be drawn on some sheets, so some variants are alike


@pytest.mark.exhaustive
@each()
def test_variants_0_to_20_are_sound(path, source):
    """The first goes the whole way; what is alike in all is left out of the others."""
    numbers = []
    for variant in VARIANTS:
        if variant == 1 and path.stem in ALIKE:
            alike = [c for c in source.cells if _has_name(c, ALIKE[path.stem])]
            assert len(alike) > 1 and not any("VARIANT" in cell.source for cell in alike)
            source.cells = [cell for cell in source.cells if cell not in alike]
        stamping.set_variant(source, path, variant)
        numbers.append(stamping.number_of(source))
    assert [number % 1000 for number in numbers] == list(VARIANTS)
    print(f"{path.stem}: {len(numbers)} variants, {sum(n > 20 for n in numbers)} drawn again")
