"""Authoring: a lesson given back as it was, outputs and full results stored, the table."""

import json
import subprocess

import nbformat
import pytest
from conftest import NOTEBOOKS

from ecomlab import authoring
from ecomlab.errors import UserError
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


def test_the_readmes_table_shows_default_beside_full():
    rows = authoring.readme_table().splitlines()
    assert rows[0] == "| lesson | measured | default profile | full profile |"
    lesson = json.loads((NOTEBOOKS / "03_cnn_product_images.ipynb").read_text("utf-8"))
    label = next(iter(lesson["metadata"]["ecomlab"]["headline"].values()))
    assert any(label in row for row in rows)
