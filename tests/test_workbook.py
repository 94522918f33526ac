"""Many notebooks at once: outcomes, pages, and an end that leaves nothing running."""

import os
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest

from ecomlab.pages import workbook
from ecomlab.results import read_results
from ecomlab.running import many


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_failing_lesson_leaves_the_others_alone(lessons_here, tmp_path, jobs, capsys):
    outcomes = many.run_all(folder=tmp_path / "out", jobs=jobs)
    assert list(outcomes) == ["01_first", "02_second", "03_third"]
    failures = [outcome["failure"] for outcome in outcomes.values()]
    assert failures[0] is failures[2] is None
    assert "ZeroDivisionError" in failures[1]
    assert outcomes["03_third"]["peak_memory_mb"] > 10
    assert "02_second: 02_second, cell 2" in capsys.readouterr().out
    assert not list((tmp_path / "out").glob(".*")), "a temporary file is left"

    index = workbook.build(outcomes, tmp_path / "pages")
    html = index.read_text("utf-8")
    assert 'href="01_first.html"' in html and "02_second.html" not in html
    assert "ZeroDivisionError" in html
    assert "<td>width</td><td>3</td>" in html, "what a lesson recorded is missing"
    # The page before and after leave out the lesson that has none.
    assert 'href="03_third.html"' in (tmp_path / "pages" / "01_first.html").read_text("utf-8")


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


def test_ctrl_c_stops_every_lesson(make_notebook, tmp_path, ecomlab_command):
    """The workbook's own process gets the signal, as from a terminal, with its children."""
    pids = tmp_path / "pids"
    pids.mkdir()
    code = (
        f"import os, pathlib, time\n(pathlib.Path({str(pids)!r}) / str(os.getpid())).touch()\n"
        "time.sleep(600)"
    )
    paths = [str(make_notebook(code, name=name)) for name in ("01_a", "02_b")]
    script = (
        "from pathlib import Path\nfrom ecomlab.running.many import run_all\n"
        f"run_all([Path(p) for p in {paths!r}], folder=Path({str(tmp_path / 'out')!r}), jobs=2)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], start_new_session=True, stderr=subprocess.DEVNULL
    )
    deadline = time.time() + 60
    while len(list(pids.iterdir())) < 2 and time.time() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    process.wait(timeout=60)
    kernels = [int(path.name) for path in pids.iterdir()]
    assert len(kernels) == 2
    deadline = time.time() + 30
    while any(alive(pid) for pid in kernels) and time.time() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in kernels if alive(pid)]


def alive(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
