"""Finding lessons and profiles."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from ecomlab import project
from ecomlab.errors import UserError


def test_lessons_come_in_order_with_their_titles():
    found = project.lessons()
    assert [lesson.name for lesson in found] == sorted(lesson.name for lesson in found)
    assert found[0].name == "00_start_here"
    assert all(lesson.title and lesson.minutes > 0 for lesson in found)


def test_a_lesson_is_found_by_number_name_or_file():
    path = project.NOTEBOOKS / "03_cnn_product_images.ipynb"
    for name in ("03", "03_cnn_product_images", str(path)):
        assert project.find_notebook(name) == path


def test_a_lesson_in_two_parts_is_found_by_its_letter(monkeypatch, tmp_path):
    text = '{"metadata": {}, "cells": []}'
    for name in ("04_alone", "14a_first", "14b_second", "15_next"):
        (tmp_path / f"{name}.ipynb").write_text(text, "utf-8")
    monkeypatch.setattr(project, "NOTEBOOKS", tmp_path)
    names = [lesson.name for lesson in project.lessons()]
    assert names == ["04_alone", "14a_first", "14b_second", "15_next"]
    assert project.find_notebook("14b").stem == "14b_second"
    with pytest.raises(UserError, match="14 has 2 parts: name one of 14a_first, 14b_second"):
        project.find_notebook("14")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("03_cnn_produkt_images", "did you mean 03_cnn_product_images"),
        ("nothing_like_it", "`ecomlab list` shows them all"),
        ("away.ipynb", r"no such notebook: away\.ipynb"),
    ],
)
def test_a_wrong_name_is_answered_with_a_near_one(name, message):
    with pytest.raises(UserError, match=message):
        project.find_notebook(name)


def test_profiles():
    assert project.profile_parameters("03_cnn_product_images", "default") == {}
    assert project.profile_parameters("03_cnn_product_images", "quick")["SIZE"] == "sample"
    with pytest.raises(UserError, match="choose one of quick, default, full"):
        project.profile_parameters("03_cnn_product_images", "fast")


def test_without_notebooks_the_remedy_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(project, "NOTEBOOKS", tmp_path / "away")
    with pytest.raises(UserError, match="from the workbook's own folder"):
        project.lessons()


def test_importing_ecomlab_is_quick_and_does_nothing():
    code = (
        "import time; start = time.process_time(); import ecomlab; "
        "seconds = time.process_time() - start; import sys; "
        "assert 'tensorflow' not in sys.modules and 'pandas' not in sys.modules; print(seconds)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(out.stdout) < 0.3


def test_a_package_among_others_builds_where_the_reader_stands(tmp_path):
    shutil.copytree(Path(project.__file__).parent, tmp_path / "lib" / "ecomlab")
    done = subprocess.run(
        [sys.executable, "-c", "from ecomlab.project import BUILD; print(BUILD)"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "lib")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()) == tmp_path / "build"


@pytest.mark.exhaustive
def test_an_ordinary_installation_writes_where_the_reader_works(make_notebook, tmp_path):
    tracked = subprocess.run(
        ["git", "ls-files", "ecomlab", "pyproject.toml", "README.md", "LICENSE*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in tracked.stdout.splitlines():  # building leaves files beside the sources
        copy = tmp_path / "source" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy)
    installed, work = tmp_path / "installed", tmp_path / "work"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    pip += ["--disable-pip-version-check", "--target", str(installed), str(tmp_path / "source")]
    subprocess.run(pip, check=True)
    before = sorted(installed.rglob("*"))
    work.mkdir()
    path = make_notebook("import ecomlab\nprint(ecomlab.__file__)")

    def call(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "ecomlab", *arguments],
            cwd=work,
            env=os.environ | {"PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
        )

    done = call("run", str(path), "--profile", "quick")
    assert done.returncode == 0, done.stderr
    written = [path for path in work.rglob("*") if path.is_file()]
    assert [path.relative_to(work).as_posix() for path in written] == ["build/runs/small.ipynb"]
    assert str(installed) in written[0].read_text("utf-8")
    for arguments in (
        ["list"],
        ["run", "03"],
        ["workbook"],
        ["report", "segments", "--out", "x.html"],
    ):
        done = call(*arguments)
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
        assert "the workbook's own folder" in done.stderr
    assert sorted(installed.rglob("*")) == before
    left = [path for path in work.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert left == written
