"""Many notebooks at once: outcomes, order, the time left."""

import nbformat
import pytest

from ecomlab.results import read_results
from ecomlab.running import many
from ecomlab.running.pace import Pace, shown_minutes


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


def test_time_left_follows_the_lessons_that_have_ended():
    pace = Pace()
    assert pace.minutes_left([], [2.0, 2.0], [1.0], 2) is None
    pace.ended(2.0, 360)  # two minutes stated, six taken
    assert pace.factor == pytest.approx(3)
    # Two side by side take six minutes, then one alone takes three.
    assert pace.minutes_left([], [2.0, 2.0], [1.0], 2) == pytest.approx(9)
    # One that has run for half of its time leaves the other half.
    assert pace.minutes_left([(2.0, 180)], [], [], 2) == pytest.approx(3)
    # One that is over its time is not taken for done.
    assert pace.minutes_left([(2.0, 9999)], [], [], 2) == pytest.approx(0.6)


def test_a_known_machine_has_a_time_left_at_once():
    pace = Pace(factor=2.0)
    assert pace.minutes_left([], [3.0], [], 1) == pytest.approx(6)
    pace.ended(2.0, 8 * 60)  # as long again as the yardstick said: half way towards it
    assert pace.factor == pytest.approx(3)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(None, ""), (0.4, "less than a minute left"), (12.4, "about 12 min left"), (150, "2.5 hours")],
)
def test_time_left_in_words(minutes, words):
    assert words in shown_minutes(minutes)
