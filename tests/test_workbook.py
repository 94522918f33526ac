"""The workbook: pages at once, then runs; stopped and gone on with; nothing left running."""

import json
import os
import re
import signal
import tomllib

import nbformat
import pytest
from conftest import NOTEBOOKS, RECORD
from processes import ecomlab_with, family, gone, in_a_terminal, started, wait_for

from ecomlab.errors import UserError
from ecomlab.pages import cards, workbook
from ecomlab.project import lessons
from ecomlab.running import many

# A lesson that leaves a mark each time it runs, and waits until it may go on.
HELD = """\
import os, pathlib, subprocess, time
marks = pathlib.Path(MARKS)
subprocess.Popen(["sleep", "600"])
(marks / f"{NAME}.{os.getpid()}").touch()
while not (marks / "go").exists():
    time.sleep(0.05)
"""


@pytest.fixture
def shelf(make_notebook, tmp_path):
    """Three lessons in a folder, of which two wait for the mark `go`."""

    class Shelf:
        build, marks = tmp_path / "build", tmp_path / "marks"
        command = ecomlab_with(tmp_path, tmp_path / "build")

        def write(self, name, *cells, **metadata):
            parameters = f"WIDTH = 3\nNAME = {name!r}\nMARKS = {str(self.marks)!r}"
            path = make_notebook(*cells, RECORD, name=name, parameters=parameters)
            node = nbformat.read(path, as_version=4)
            node.metadata["ecomlab"] = {"title": name, "dataset": "none", "minutes": 1, **metadata}
            nbformat.write(node, path)
            return path

        def runs(self, name):
            return len(list(self.marks.glob(f"{name}.*")))

        def record(self, name):
            return json.loads((self.build / f"notebooks/default/{name}.json").read_text("utf-8"))

        def ran(self, name):
            return (self.build / f"notebooks/default/{name}.json").exists()

    shelf = Shelf()
    shelf.marks.mkdir()
    mark = HELD.split("while")[0].replace("subprocess.Popen", "# ")
    shelf.write("01_quick", mark, minutes=2)
    shelf.write("02_held", HELD)
    shelf.write("03_held", HELD)
    yield shelf
    (shelf.marks / "go").touch()


@pytest.mark.slow
def test_pages_stand_before_anything_has_run(shelf):
    with started(shelf.command, "workbook", "--jobs", 2) as process:
        assert process.stdout.readline() == f"open {shelf.build / 'index.html'}\n"
        for name in ("01_quick", "02_held", "03_held"):
            assert "WIDTH" in (shelf.build / f"{name}.html").read_text("utf-8")
        index = (shelf.build / "index.html").read_text("utf-8")
        assert "none was run on this machine yet" in index
        assert index.count("Stored outputs") == 3

        # The index follows each lesson as it ends.
        wait_for(lambda: "1 of 3 were run" in (shelf.build / "index.html").read_text("utf-8"))
        (shelf.marks / "go").touch()
        told, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    assert re.search(r"^01_quick: \d+ s, \d\.\d GB \(1 of 3; .+ left\)$", told, re.MULTILINE)
    index = (shelf.build / "index.html").read_text("utf-8")
    assert "All of them were run on this machine" in index
    assert len(re.findall(r"Run here on \d+ \w+ \d{4}, \d\d:\d\d: \d+ s, \d\.\d GB", index)) == 3
    assert "<td>width</td><td>3</td>" in index, "what a lesson recorded is missing"
    page = (shelf.build / "02_held.html").read_text("utf-8")
    assert 'href="01_quick.html"' in page and 'href="03_held.html"' in page
    assert "recorded" in page


@pytest.mark.slow
def test_what_is_unchanged_is_not_run_again(shelf, monkeypatch, capsys):
    (shelf.marks / "go").touch()
    found = [many.read_lesson(path) for path in sorted(shelf.marks.parent.glob("0*.ipynb"))]
    for module in (workbook, many):
        monkeypatch.setattr(module, "lessons", lambda: found)

    def make(**options):
        outcomes = workbook.make_workbook(folder=shelf.build, jobs=2, **options)
        return list(outcomes)

    assert make() == ["01_quick", "02_held", "03_held"]
    pages = {path: path.stat().st_mtime_ns for path in shelf.build.glob("0*.html")}
    assert make() == []
    assert "3 of 3 lessons ran here before" in capsys.readouterr().out
    assert pages == {path: path.stat().st_mtime_ns for path in shelf.build.glob("0*.html")}

    # Prose and a comment ask for no run, and the page has them at once.
    node = nbformat.read(found[0].path, as_version=4)
    node.cells[1].source += "\n# a comment that came later"
    node.cells.insert(0, nbformat.v4.new_markdown_cell("Prose that came later."))
    nbformat.write(node, found[0].path)
    assert make() == []
    page = (shelf.build / "01_quick.html").read_text("utf-8")
    assert "Prose that came later." in page and "a comment that came later" in page
    assert "recorded" in page, "the outputs of the run are lost"

    # Code, a version, a default each ask for one.
    node.cells[2].source += "\nextra = 1"
    nbformat.write(node, found[0].path)
    record = shelf.record("02_held")
    record["made_of"]["versions"]["keras"] = "3.0.0"
    (shelf.build / "notebooks/default/02_held.json").write_text(json.dumps(record))
    assert make() == ["01_quick", "02_held"]
    node.cells[1].source = node.cells[1].source.replace("WIDTH = 3", "WIDTH = 4")
    nbformat.write(node, found[0].path)
    assert make() == ["01_quick"]
    assert "<td>width</td><td>4</td>" in (shelf.build / "index.html").read_text("utf-8")

    # Only what is named is run, and everything where it is asked for.
    assert make(fresh=True) == ["01_quick", "02_held", "03_held"]
    assert shelf.runs("03_held") == 2


@pytest.mark.slow
def test_a_failing_lesson_keeps_its_stored_page_and_is_told(shelf):
    (shelf.marks / "go").touch()
    path = shelf.write("02_held", "print('as it was')\nif WIDTH == 3:\n    raise ValueError('<b>')")
    node = nbformat.read(path, as_version=4)
    node.cells[1].outputs = [nbformat.v4.new_output("stream", name="stdout", text="stored words")]
    nbformat.write(node, path)
    with started(shelf.command, "workbook", "--jobs", 2) as process:
        _, stderr = process.communicate(timeout=300)
    assert process.returncode == 1
    assert stderr.splitlines()[-1] == "ecomlab: 1 of 3 lessons failed: 02_held"
    assert shelf.ran("01_quick") and shelf.ran("03_held")
    assert "stored words" in (shelf.build / "02_held.html").read_text("utf-8")
    index = (shelf.build / "index.html").read_text("utf-8")
    assert (
        "02_held, cell 2, `raise ValueError(&#39;&lt;b&gt;&#39;)`: ValueError: &lt;b&gt;" in index
    )
    assert 'href="02_held.html"' in index and "2 of 3 were run" in index


def test_a_lesson_without_its_data_is_left_out_and_told(shelf, tmp_path):
    shelf.write("01_quick", "print(WIDTH)", dataset="diamonds")
    nowhere = {"ECOMLAB_CACHE": str(tmp_path / "empty"), "ECOMLAB_OFFLINE": "1"}
    environment = {k: v for k, v in os.environ.items() if k != "ECOMLAB_MIRROR"} | nowhere
    with started(shelf.command, "workbook", "01_quick", env=environment) as process:
        stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr
    line = "diamonds is not on this machine and could not be fetched"
    assert f"01_quick: not run. {line}" in stdout
    index = (shelf.build / "index.html").read_text("utf-8")
    assert f"Not run: {line}" in index and 'href="01_quick.html"' in index


def test_a_page_that_cannot_be_drawn_leaves_the_others(shelf):
    (shelf.marks / "go").touch()
    path = shelf.write("03_held", "print(WIDTH)")
    node = nbformat.read(path, as_version=4)
    node.cells.append(nbformat.v4.new_markdown_cell(r"$\nosuchcommand$"))
    nbformat.write(node, path)
    with started(shelf.command, "workbook", "01_quick") as process:
        process.communicate(timeout=300)
    index = (shelf.build / "index.html").read_text("utf-8")
    assert 'href="01_quick.html"' in index and 'href="03_held.html"' not in index
    assert "nosuchcommand is not understood" in index


def test_two_workbooks_do_not_meet(shelf):
    with started(shelf.command, "workbook") as first:
        first.stdout.readline()
        with started(shelf.command, "workbook") as second:
            _, stderr = second.communicate(timeout=300)
    assert second.returncode == 2
    assert "another `ecomlab workbook` is at work" in stderr


def end(process, close_terminal, number):
    """End a command as people and systems do."""
    if number == signal.SIGHUP:
        close_terminal()
    else:
        os.kill(process.pid, number)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_a_stopped_workbook_leaves_nothing_running_and_goes_on(shelf, name):
    number = getattr(signal, name)
    with in_a_terminal(shelf.command, "workbook", "--jobs", 2) as (process, close_terminal):
        wait_for(lambda: shelf.ran("01_quick"))
        wait_for(lambda: shelf.runs("02_held") and shelf.runs("03_held"))
        members = family(process)
        assert len(members) >= 7, "the workbook, two runs, two kernels, and what these started"
        end(process, close_terminal, number)
        process.wait(60)
        wait_for(lambda: all(gone(pid) for pid in members), 60)
    assert process.returncode == (-9 if name == "SIGKILL" else 128 + number)
    assert not shelf.ran("02_held") and not shelf.ran("03_held")

    (shelf.marks / "go").touch()
    with started(shelf.command, "workbook", "--jobs", 2) as process:
        stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr
    assert "1 of 3 lessons ran here before" in stdout
    assert [shelf.runs(one) for one in ("01_quick", "02_held", "03_held")] == [1, 2, 2]


def test_an_unknown_lesson_starts_nothing(shelf):
    with pytest.raises(UserError, match="no lesson named"):
        workbook.make_workbook(["99"], folder=shelf.build)
    assert not shelf.build.exists()


def test_each_lesson_has_a_card_with_a_line_and_a_figure():
    entries = tomllib.loads((NOTEBOOKS / "cards.toml").read_text("utf-8"))
    assert list(entries) == [lesson.name for lesson in lessons()]
    for name, card in entries.items():
        assert set(card) == {"line", "picture"} and len(card["line"].split()) <= 14
        assert cards.figure(NOTEBOOKS / f"{name}.ipynb", card["picture"]), name
