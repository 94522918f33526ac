"""Many notebooks at once: outcomes, pages, stored outputs."""

import json
import os
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest
from conftest import NOTEBOOKS

from ecomlab import authoring
from ecomlab.errors import UserError
from ecomlab.pages import workbook
from ecomlab.project import Lesson
from ecomlab.results import read_results
from ecomlab.running import many

RECORD = "from ecomlab.results import record\nrecord(width=WIDTH)"


@pytest.fixture
def lessons_here(make_notebook, tmp_path, monkeypatch):
    """Three small lessons, the second of which fails, in place of the real ones."""
    paths = [
        make_notebook(RECORD, name="01_first", markdown=["# 01 · First $x^2$"]),
        make_notebook("1 / 0", name="02_second"),
        make_notebook(RECORD, name="03_third"),
    ]
    found = [Lesson(path.stem, path, path.stem.upper(), 1, "diamonds") for path in paths]
    for module in (many, workbook, authoring):
        monkeypatch.setattr(module, "lessons", lambda: found)
    monkeypatch.setattr(authoring, "NOTEBOOKS", tmp_path)
    return paths


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


def test_stored_outputs_are_clean_and_of_the_same_code(lessons_here, tmp_path):
    first = lessons_here[0]
    executed = many.run_all([first], folder=tmp_path / "out")["01_first"]["path"]
    authoring.store("01_first", executed)
    node = nbformat.read(first, as_version=4)
    assert read_results(first) == {"width": 3}
    assert "papermill" not in json.dumps(node)
    stored = first.read_text("utf-8")
    authoring.store("01_first", executed)
    assert first.read_text("utf-8") == stored

    node.cells[1].source += "\nWIDTH = 4"
    nbformat.write(node, first)
    with pytest.raises(UserError, match="01_first changed since"):
        authoring.store("01_first", executed)


def test_full_results_are_kept_for_lessons_that_did_not_run(lessons_here, tmp_path, monkeypatch):
    full = tmp_path / "results" / "full.json"
    full.parent.mkdir()
    full.write_text(json.dumps({"00_other": {"results": {"a": 1}}}))
    monkeypatch.setattr(authoring, "FULL_RESULTS", full)
    outcomes = many.run_all(lessons_here[:2], folder=tmp_path / "out")
    authoring.store_full(outcomes)
    stored = json.loads(full.read_text("utf-8"))
    assert set(stored) == {"00_other", "01_first"}
    entry = stored["01_first"]
    assert entry["results"] == {"width": 3} and entry["seconds"] >= 0
    assert entry["code_hash"] == authoring.full_hash("01_first")


def test_the_results_table_shows_default_beside_full():
    rows = authoring.results_table().splitlines()
    assert rows[0] == "| lesson | measured | default profile | full profile |"
    lesson = json.loads((NOTEBOOKS / "03_cnn_product_images.ipynb").read_text("utf-8"))
    label = next(iter(lesson["metadata"]["ecomlab"]["headline"].values()))
    assert any(label in row for row in rows)


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
