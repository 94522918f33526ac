"""Every example in the help of `ecomlab` runs as it stands, in a copy of the project."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import typer
from conftest import ROOT, skip_or_fail
from distributed import Client
from messy import messy_orders

from ecomlab.cli.main import app
from ecomlab.project import profile_parameters


def examples_of(help_text):
    """Return the commands after "Example:", or in a paragraph of their own; " / " parts them."""
    found = []
    for paragraph in help_text.split("\n\n"):
        line = re.sub(r"^Examples?: ", "", " ".join(paragraph.split()))
        if line.startswith("ecomlab "):
            found += line.split(" / ")
    return found


def documented(command, path=()):
    """Walk the command line; yield each command's path and its help."""
    for name, inner in getattr(command, "commands", {}).items():
        yield from documented(inner, (*path, name))
    if path and not hasattr(command, "commands"):
        yield path, command.help


HELP = dict(documented(typer.main.get_command(app)))
# These run notebooks or build a site; `data fetch` needs the network or a mirror.
LONG = {"run", "workbook", "book", "store", "full", "sweep", "compare", "report", "score", "grade"}
EXAMPLES = [
    pytest.param(
        example,
        id=example.removeprefix("ecomlab "),
        marks=pytest.mark.exhaustive
        if path[0] in LONG
        else pytest.mark.fulldata
        if path == ("data", "fetch")
        else pytest.mark.slow,
    )
    for path, text in HELP.items()
    for example in examples_of(text)
]
# What these read, another example makes.
FIRST = {
    HELP["compare",]: HELP["sweep",],
    HELP["score",]: HELP["report", "segments"],
}
FIRST = {examples_of(late)[0]: examples_of(earlier)[0] for late, earlier in FIRST.items()}
# A class hands in what was handed out.
SHEET = "00_start_here"
FIRST |= dict.fromkeys(
    examples_of(HELP["grade",]),
    f"sh -c 'nbgrader generate_assignment {SHEET} --force && mkdir -p course/submitted/ada && "
    f"cp -r course/release/{SHEET} course/submitted/ada'",
)


@pytest.mark.parametrize("path", HELP, ids=" ".join)
def test_every_command_has_an_example_of_itself(path):
    found = examples_of(HELP[path])
    assert found and all(line.startswith(f"ecomlab {' '.join(path)}") for line in found)


def quick_size(path):
    """Give a notebook the values of its quick profile as its defaults."""
    node = nbformat.read(path, as_version=4)
    for cell in node.cells:
        if "parameters" in cell.metadata.get("tags", []):
            for name, value in profile_parameters(path.stem, "quick").items():
                cell.source = re.sub(
                    rf"(?m)^{name} = .*?(?=  #|$)", f"{name} = {value!r}", cell.source
                )
    nbformat.write(node, path)


def cut_down(path):
    """Leave of a lesson its prose, its stored outputs, and code that records its headline.

    Glossary and overview need the headings and the figures of all lessons.
    """
    node = nbformat.read(path, as_version=4)
    numbers = dict.fromkeys(node.metadata["ecomlab"].get("headline", {}), 0.5)
    for cell in node.cells:
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", []):
            cell.source = "pass"
    record = f"from ecomlab.results import record\nrecord(**{numbers!r})"
    node.cells.append(nbformat.v4.new_code_cell(record))
    nbformat.write(node, path)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of this project in which one lesson computes, in its quick size, and no other does.

    Lessons run in full elsewhere; here it is the commands, their options and what they leave.
    """
    folder = tmp_path_factory.mktemp("examples") / "ecomlab"
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.check_output(listing, cwd=ROOT, text=True).splitlines():
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for path in (folder / "notebooks").glob("[0-9]*.ipynb"):
        quick_size(path) if path.stem == "00_start_here" else cut_down(path)
    orders, _ = messy_orders(4000, faults=0)
    for name in ("orders.csv", "new.csv"):
        orders.to_csv(folder / name, index=False)
    (folder / "map.toml").write_text('[columns]\nproduct_id = "Artikelnummer"\n')
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for arguments in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "first"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def surroundings(project):
    """Where and with which variables a line is tried: the copy's code, a cache of its own."""
    programs = str(Path(sys.executable).parent)
    variables = os.environ | {
        "PATH": os.pathsep.join([programs, os.environ["PATH"]]),
        "PYTHONPATH": str(project),
        "ECOMLAB_CACHE": str(project / "data" / "cache"),
    }
    options = {"cwd": project, "env": variables, "text": True}
    code = "import ecomlab; print(ecomlab.__file__)"
    assert subprocess.check_output([sys.executable, "-c", code], **options).startswith(str(project))
    return options


@pytest.fixture(scope="module")
def cluster(surroundings):
    """The scheduler and the worker that the help of `ecomlab sweep` names, at their address."""
    programs = re.findall(r"`(dask\s[^`]+)`", HELP["sweep",])
    assert [line.split()[1] for line in programs] == ["scheduler", "worker"]
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 8786)) == 0:
            skip_or_fail("something else listens at Dask's port 8786")
    started = []
    for line in programs:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        started.append(subprocess.Popen(shlex.split(line), **surroundings, **quiet))
    with Client("tcp://127.0.0.1:8786", timeout=60, set_as_default=False) as client:
        client.wait_for_workers(1, timeout=60)
    yield
    for process in reversed(started):
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def tried():
    """The lines that have been run."""
    return set()


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs_as_it_stands(example, project, surroundings, tried, request):
    if "--scheduler" in example:
        request.getfixturevalue("cluster")
    for line in [FIRST.get(example, example), example]:
        if line in tried:
            continue
        tried.add(line)
        # What asks before it removes or replaces something is told yes.
        done = subprocess.run(
            shlex.split(line), **surroundings, input="y\n", capture_output=True, timeout=600
        )
        if example.startswith("ecomlab data fetch") and "Not fetched" in done.stderr:
            skip_or_fail(done.stderr)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        for name in re.findall(r"--(?:out|to) (\S+)", line):
            assert (project / name).exists(), f"{line}: {name} is not there"
