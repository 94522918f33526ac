"""A lesson given back as it was, the reader's copy kept."""

import subprocess

import pytest

from ecomlab import authoring as module
from ecomlab.errors import UserError


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
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "NOTEBOOKS", notebooks)
    return lesson


def test_a_changed_lesson_comes_back_and_the_copy_is_kept(clone):
    clone.write_text("what I tried", encoding="utf-8")
    copy = module.restore(clone)
    assert clone.read_text(encoding="utf-8") == "as it was: 价格"
    assert copy.read_text(encoding="utf-8") == "what I tried"
    assert copy.parent.name == "my_copies"


def test_an_unchanged_lesson_is_left_alone(clone):
    assert module.restore(clone) is None
    assert not (clone.parent / "my_copies").exists()


def test_what_cannot_be_restored_is_left_alone_and_named(clone, tmp_path):
    clone.write_text("what I tried", encoding="utf-8")
    with pytest.raises(UserError, match=r"git has no notebooks/03_lesson\.ipynb at v9"):
        module.restore(clone, "v9")
    with pytest.raises(UserError, match="is not part of the workbook"):
        module.restore(tmp_path.parent / "elsewhere.ipynb")
    assert clone.read_text(encoding="utf-8") == "what I tried"
