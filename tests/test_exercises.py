"""Exercises: the solution earns all points, a stub none, each known wrong answer its own hint."""

import contextlib
import copy
import io

import nbformat
import pytest

from ecomlab import checks, classroom
from ecomlab.project import lessons

SOURCES = classroom.exercises()
TENSORFLOW = {"03_cnn_product_images", "03b_moved_photos_few_labels"}
MARKED = [pytest.param(p, marks=pytest.mark.slow) if p.stem in TENSORFLOW else p for p in SOURCES]


def names(path):
    return path.stem


def about(cell):
    return cell.metadata.get("nbgrader", {})


@pytest.fixture
def source(path):
    return nbformat.read(path, as_version=4)


def each(paths=SOURCES):
    return pytest.mark.parametrize("path", paths, ids=names)


@each(MARKED)
def test_the_solution_is_right_the_stub_is_not_tried_and_wrong_answers_get_their_hints(
    path, source
):
    points = 0
    for task in classroom.walk(source):
        said, failure = task.try_out(task.solution)
        assert failure is None, (task.name, failure)
        assert said.startswith(f"{task.name}: right")
        points += task.points

        said, failure = task.try_out(classroom.without_solution(task.solution))
        assert said == f"{task.name}: not tried\n"
        assert isinstance(failure, (checks.NotRight, NotImplementedError)), task.name

        wrong = classroom.wrong_answers(path, task)
        hints = [hint for hint, _ in wrong]
        assert len(set(hints)) == len(hints) >= 3, task.name
        for hint, answer in wrong:
            said, failure = task.try_out(answer)
            assert said.startswith(f"{task.name}: not yet. "), (task.name, hint, said)
            assert hint in said, (task.name, hint, said)
            assert failure is not None, (task.name, hint)
    assert points == sum(about(c).points for c in source.cells if about(c).get("grade"))


@each(MARKED)
def test_an_untouched_copy_runs_to_its_end_and_says_not_tried(path, source):
    said, space = io.StringIO(), {"__name__": "__exercise__"}
    with contextlib.redirect_stdout(said):
        for cell in classroom.student_copy(source).cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, path.stem, "exec"), space)
    tasks = [about(c).grade_id for c in source.cells if about(c).get("solution")]
    assert all(f"{name}: not tried\n" in said.getvalue() for name in tasks)


@each()
def test_it_is_an_exercise_that_nbgrader_takes(path, source):
    from nbgrader.nbgraderformat import MetadataValidator

    MetadataValidator().validate_nb(source)
    solutions = [c for c in source.cells if about(c).get("solution")]
    graded = [c for c in source.cells if about(c).get("grade")]
    assert 3 <= len(solutions) == len(graded) <= 6
    for solution, test in zip(solutions, graded, strict=True):
        assert about(test).grade_id == f"test_{about(solution).grade_id}"
        assert about(test).points > 0
        assert "### BEGIN SOLUTION" in solution.source and "### END SOLUTION" in solution.source
        visible, hidden = test.source.split("### BEGIN HIDDEN TESTS")
        assert "checks.answer(" in visible and "checks." in hidden
        assert hidden.endswith("### END HIDDEN TESTS")
    assert source.cells[0].source.startswith(f"# Exercise {path.stem.split('_')[0]} · ")
    assert path.stem in {lesson.name for lesson in lessons()}
    assert not any(cell.get("outputs") for cell in source.cells)


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
    mine = classroom.student_copy(source)
    for one, other in zip(mine.cells, handed_out.cells, strict=True):
        assert one.source.rstrip() == other.source.rstrip()
    text = "\n".join(cell.source for cell in mine.cells)
    assert "BEGIN SOLUTION" not in text and "HIDDEN" not in text
    assert "wrong_answers" not in nbformat.writes(mine)


@each([path for path in SOURCES if path.stem not in TENSORFLOW])
def test_a_variant_has_other_numbers_and_is_as_sound(path, source):
    asked = []
    for variant in (1, 2):
        classroom.set_variant(source, variant)
        classroom.stamp_exercise(source, path)  # stops where a wrong answer would earn points
        asked.append([c.source for c in source.cells if about(c).get("grade_id") == "answers"])
        for task in classroom.walk(source):
            said, failure = task.try_out(task.solution)
            assert said.startswith(f"{task.name}: right") and failure is None
    assert asked[0] != asked[1]
