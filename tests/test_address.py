"""The repository's address: written from one place, and without a trace where there is none."""

import re
import shutil
import subprocess
import sys
import tomllib

import nbformat
import pytest
import yaml
from conftest import NOTEBOOKS, ROOT

from ecomlab.address import BOOTSTRAP, write_address
from ecomlab.errors import UserError
from ecomlab.project import REPOSITORY
from ecomlab.results import code_hash

PAPERS = ("README.md", "CITATION.cff", "pyproject.toml", "docs/index.md")
ADDRESS = "https://github.com/a-school/deep-shop"
HOSTS = re.compile(rb"github\.com/(ecomlab|a-school)|colab\.research|mybinder", re.I)


def copy_to(folder, notebooks):
    for path in [*(ROOT / name for name in PAPERS), *notebooks]:
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    return folder


@pytest.fixture
def workbook(tmp_path):
    """A copy of the papers and of a few notebooks: a lesson, the template, an exercise."""
    names = ("00_start_here", "13a_training_cost", "_template", "exercises/01*/01*")
    return copy_to(tmp_path, [p for name in names for p in NOTEBOOKS.glob(f"{name}.ipynb")])


@pytest.fixture
def whole_workbook(tmp_path):
    return copy_to(tmp_path, [*NOTEBOOKS.glob("*.ipynb"), *NOTEBOOKS.glob("exercises/*/*.ipynb")])


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def bootstrap_cells(notebook):
    return [cell for cell in notebook.cells if "bootstrap" in cell.metadata.get("tags", [])]


def test_what_is_committed_is_what_the_address_writes(whole_workbook):
    assert write_address(REPOSITORY, whole_workbook) == [], "run `ecomlab address`"


def test_an_address_comes_and_goes(workbook):
    write_address(None, workbook)
    without = contents(workbook)
    notebooks = sorted((workbook / "notebooks").glob("*.ipynb"))
    hashes = [code_hash(nbformat.read(path, as_version=4)) for path in notebooks]
    assert not [path for path, held in without.items() if HOSTS.search(held)]

    write_address(ADDRESS, workbook)
    readme = (workbook / "README.md").read_text("utf-8")
    assert f"git clone {ADDRESS}`" in readme
    for service in ("colab.research.google.com/github", "mybinder.org/v2/gh"):
        linked = set(re.findall(rf"{service}/a-school/deep-shop\S+/notebooks/([\w.]+)", readme))
        assert linked == {path.name for path in notebooks} - {"_template.ipynb"}
    project = tomllib.loads((workbook / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["urls"] == {"Homepage": ADDRESS}
    citation = yaml.safe_load((workbook / "CITATION.cff").read_text("utf-8"))
    assert citation["repository-code"] == ADDRESS
    assert ADDRESS in (workbook / "docs" / "index.md").read_text("utf-8")
    assert write_address(ADDRESS, workbook) == []
    assert [code_hash(nbformat.read(path, as_version=4)) for path in notebooks] == hashes

    write_address(None, workbook)
    assert contents(workbook) == without


def test_every_notebook_gets_one_cell_for_colab_and_counts_anew(whole_workbook):
    workbook = whole_workbook
    write_address(ADDRESS, workbook)
    exercises = list((workbook / "notebooks" / "exercises").glob("*/*.ipynb"))
    lessons = list((workbook / "notebooks").glob("*.ipynb"))
    assert len(exercises) >= 20 and len(lessons) >= 20
    for path in exercises + lessons:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        (cell,) = bootstrap_cells(notebook)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert cell is code[0] and cell.source == BOOTSTRAP.format(address=ADDRESS)
        if path in lessons and path.stem != "_template":
            assert [c.execution_count for c in code] == list(range(1, len(code) + 1))
            assert notebook.cells[-1].id == f"cell-{len(notebook.cells):02d}"


def test_the_cell_for_colab_does_nothing_elsewhere(tmp_path):
    program = BOOTSTRAP.format(address=ADDRESS) + "\nassert 'clone' not in globals()"
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
    assert list(tmp_path.iterdir()) == []


def test_no_lesson_needs_the_cell_for_colab():
    """A name that only that cell imported would be missing where there is no address."""
    arguments = ["check", "--isolated", "--select", "F821", "notebooks"]
    found = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout


def test_elsewhere_than_on_github_there_are_no_badges(workbook):
    write_address("https://git.example.org/shop/workbook", workbook)
    readme = (workbook / "README.md").read_text("utf-8")
    assert "git clone https://git.example.org/shop/workbook`" in readme
    assert not HOSTS.search(readme.encode())


@pytest.mark.parametrize(
    "address",
    ["github.com/a/b", "https://github.com", "https://github.com/a/b.git", "https://x y/z"],
)
def test_an_address_of_another_form_changes_nothing(address, workbook):
    before = contents(workbook)
    with pytest.raises(UserError, match="https://HOST/OWNER/NAME"):
        write_address(address, workbook)
    assert contents(workbook) == before


def test_a_paper_that_lost_its_marks_is_named_before_anything_is_written(workbook):
    path = workbook / "CITATION.cff"
    path.write_text(path.read_text("utf-8").replace("# end of address\n", ""), "utf-8")
    before = contents(workbook)
    with pytest.raises(UserError, match=r"CITATION\.cff lacks the two lines"):
        write_address(ADDRESS, workbook)
    assert contents(workbook) == before
