"""Authoring: a lesson given back as it was, outputs and full results stored, the table."""

import io
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from ecomlab import authoring, expected, papers
from ecomlab.cli import authors
from ecomlab.errors import RunFailed, UserError
from ecomlab.results import read_results
from ecomlab.running import many


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A real git repository with one lesson in it, standing in for the reader's clone."""
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    lesson = notebooks / "03_lesson.ipynb"
    lesson.write_text("as it was: 价格", encoding="utf-8")
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for arguments in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "first"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    monkeypatch.setattr(authoring, "ROOT", tmp_path)
    monkeypatch.setattr(authoring, "NOTEBOOKS", notebooks)
    return lesson


def test_a_changed_lesson_comes_back_and_the_copy_is_kept(clone):
    clone.write_text("what I tried", encoding="utf-8")
    copy = authoring.restore(clone)
    assert clone.read_text(encoding="utf-8") == "as it was: 价格"
    assert copy.read_text(encoding="utf-8") == "what I tried"
    assert copy.parent.name == "my_copies"


def test_an_unchanged_lesson_is_left_alone(clone):
    assert authoring.restore(clone) is None
    assert not (clone.parent / "my_copies").exists()


def test_what_cannot_be_restored_is_left_alone_and_named(clone, tmp_path):
    clone.write_text("what I tried", encoding="utf-8")
    with pytest.raises(UserError, match=r"git has no notebooks/03_lesson\.ipynb at v9"):
        authoring.restore(clone, "v9")
    with pytest.raises(UserError, match="is not part of the workbook"):
        authoring.restore(tmp_path.parent / "elsewhere.ipynb")
    assert clone.read_text(encoding="utf-8") == "what I tried"


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
    assert entry["results"] == {"width": 3} and entry["seconds"] > 0
    assert entry["code_hash"] == authoring.full_hash("01_first")

    node = nbformat.read(lessons_here[0], as_version=4)
    node.cells[-1].source += "\nx = 1"
    nbformat.write(node, lessons_here[0])
    with pytest.raises(UserError, match="01_first changed since"):
        authoring.store_full(outcomes)
    assert json.loads(full.read_text("utf-8")) == stored


@pytest.fixture
def workshop(lessons_here, tmp_path, monkeypatch):
    """All that `ecomlab store` and `full` read and write, in a folder of its own."""
    monkeypatch.setattr(authoring, "ROOT", tmp_path)
    monkeypatch.setattr(papers, "ROOT", tmp_path)
    monkeypatch.setattr(papers, "picture_is_current", lambda: True)
    (tmp_path / "docs").mkdir()
    (tmp_path / papers.SIX_RESULTS).write_text("result = []")
    (tmp_path / "README.md").write_text(
        "\n".join(m for name in papers.REGIONS for m in papers.marks(name))
    )
    monkeypatch.setattr(authors, "BUILD", tmp_path / "build")
    monkeypatch.setattr(expected, "SNAPSHOTS", tmp_path / "snapshots")
    monkeypatch.setattr(expected, "HEADLINE", tmp_path / "headline.toml")
    monkeypatch.setattr(sys, "stdin", io.StringIO())  # nobody answers
    return str(lessons_here[0])


@pytest.mark.slow
def test_nothing_is_stored_unasked_and_no_run_is_lost(workshop, tmp_path, monkeypatch, capsys):
    lesson = Path(workshop)
    before = lesson.read_text("utf-8")
    with pytest.raises(RunFailed, match=r"not taken: 01_first.*ecomlab store 01_first --yes"):
        authors.store([workshop])
    assert "width: new, 3" in capsys.readouterr().out
    assert lesson.read_text("utf-8") == before and not (tmp_path / "snapshots").exists()

    runs = {path: path.stat().st_mtime_ns for path in (tmp_path / "build").rglob("*.ipynb")}
    authors.store([workshop], yes=True)
    assert read_results(lesson) == {"width": 3}
    assert expected.read_snapshot("01_first") == {"width": {"class": "count", "value": 3}}
    assert len(runs) == 4, "the default profile once, the quick one three times"
    assert all(path.stat().st_mtime_ns == then for path, then in runs.items()), "it ran again"

    # Other code: it runs again, and what moved is told, within bands or not.
    capsys.readouterr()
    node = nbformat.read(lesson, as_version=4)
    node.cells[-1].source = node.cells[-1].source.replace("width=WIDTH", "width=WIDTH + 1")
    nbformat.write(node, lesson)
    (tmp_path / "headline.toml").write_text("[01_first.bands]\nwidth = { default = [2, 3] }")
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    authors.store([workshop])
    told = capsys.readouterr().out
    assert "width: 3 -> 4 (+1)" in told and "! width = 4 lies outside its band, 2 to 3" in told
    assert "! width: 3 -> 4 (+1) (count)" in told
    assert expected.read_snapshot("01_first")["width"]["value"] == 4
