"""Many notebooks at once: outcomes, order, the time left."""

from pathlib import Path

import nbformat
import pytest

from ecomlab.project import Lesson
from ecomlab.results import read_results
from ecomlab.running import many
from ecomlab.running.pace import Pace, in_words


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_one_failing_lesson_leaves_the_others_alone(lessons_here, tmp_path, jobs, capsys):
    ended = []
    outcomes = many.run_all(
        folder=tmp_path / "out", jobs=jobs, on_end=lambda name, outcome: ended.append(name)
    )
    assert list(outcomes) == sorted(ended) == ["01_first", "02_second", "03_third"]
    failures = [outcome["failure"] for outcome in outcomes.values()]
    assert failures[0] is failures[2] is None
    assert "ZeroDivisionError" in failures[1]
    assert outcomes["03_third"]["peak_memory_mb"] > 10
    assert "02_second: 02_second, cell 2" in capsys.readouterr().out
    assert not list((tmp_path / "out").glob(".*")), "a temporary file is left"


@pytest.mark.slow
def test_what_measures_seconds_runs_alone(lessons_here, make_notebook, tmp_path):
    cell = "import time\nfrom ecomlab.results import record\nstart = time.time()\n"
    cell += "time.sleep(1)\nrecord(start=start, end=time.time())"
    paths = [make_notebook(cell, name=name) for name in ("04_timed", "05_other", "06_other")]
    node = nbformat.read(paths[0], as_version=4)
    node.metadata["ecomlab"] = {"timed": True, "minutes": 3}
    nbformat.write(node, paths[0])
    outcomes = many.run_all(paths, folder=tmp_path / "out", jobs=2)
    # The longest would come first, were it not timed.
    timed, *others = (read_results(outcome["path"]) for outcome in outcomes.values())
    assert timed["start"] > max(other["end"] for other in others)


def a_lesson(minutes, timed=False):
    return Lesson("01_a", Path("01_a.ipynb"), "A", minutes, "", timed=timed)


def test_time_left_follows_the_lessons_that_have_ended():
    two, timed = a_lesson(2.0), a_lesson(1.0, timed=True)
    pace = Pace(jobs=1)
    assert pace.minutes_left([], [two, timed]) is None
    pace.ended(two, 360)  # two minutes stated, six taken
    assert pace.factor == pytest.approx(3)
    assert pace.minutes_left([], [two, timed]) == pytest.approx(9)
    # One that has run for half of its time leaves the other half.
    assert pace.minutes_left([(two, 180)], []) == pytest.approx(3)
    # One that is over its time is not taken for done.
    assert pace.minutes_left([(two, 9999)], []) == pytest.approx(0.6)


def test_side_by_side_each_takes_longer_and_all_together_less():
    two, timed = a_lesson(2.0), a_lesson(1.0, timed=True)
    pace = Pace(jobs=2, yardstick=1.0)
    assert pace.minutes_left([], [two, two]) == pytest.approx(4 * 0.86)
    # What runs alone does so after the others, at its own pace.
    assert pace.minutes_left([], [two, two, timed]) == pytest.approx(4 * 0.86 + 1)
    # Nothing shortens the one that is left.
    assert pace.minutes_left([], [two]) == pytest.approx(2 * 2 * 0.86)
    pace.ended(two, 2 * 60 * 2 * 0.86)
    assert pace.factor == pytest.approx(1)


def test_a_known_machine_has_a_time_left_at_once():
    pace = Pace(yardstick=2.0)
    assert pace.minutes_left([], [a_lesson(3.0)]) == pytest.approx(6)
    pace.ended(a_lesson(2.0), 8 * 60)  # twice as long as the yardstick said: half way there
    assert pace.factor == pytest.approx(3)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(None, ""), (0.4, "less than a minute left"), (12.4, "about 12 min left"), (150, "2.5 hours")],
)
def test_time_left_in_words(minutes, words):
    assert words in in_words(minutes)
