"""Finding lessons and profiles."""

import subprocess
import sys

import pytest

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
    with pytest.raises(UserError, match="in the workbook's own folder"):
        project.lessons()


def test_importing_ecomlab_is_quick_and_does_nothing():
    code = (
        "import time; start = time.perf_counter(); import ecomlab; "
        "seconds = time.perf_counter() - start; import sys; "
        "assert 'tensorflow' not in sys.modules and 'pandas' not in sys.modules; print(seconds)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(out.stdout) < 0.3
