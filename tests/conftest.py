"""What the tests share: the order they run in, small notebooks, a browser, a small disk."""

import lean  # noqa: F401  before whatever imports nbformat

# isort: split
import contextlib
import importlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from threadpoolctl import threadpool_limits

from ecomlab import authoring, papers
from ecomlab.datasets import DataUnavailableError, fetch
from ecomlab.pages import workbook
from ecomlab.project import Lesson, lessons
from ecomlab.running import many

# nbgrader imports setuptools, which refuses where a test has imported Python's own distutils.
with contextlib.suppress(ImportError):
    importlib.import_module("setuptools")

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
RECORD = "from ecomlab.results import record\nrecord(width=WIDTH)"
# What a reader would see as a fault, told by the page itself.
PAGE_FAULTS = """() => {
  const faults = [];
  for (const image of document.images) {
    if (!image.naturalWidth) faults.push("an empty figure: " + image.alt);
    if (!image.alt) faults.push("a figure without alt text");
  }
  for (const equation of document.querySelectorAll("math")) {
    const box = equation.getBoundingClientRect();
    if (equation.checkVisibility() && (!box.width || !box.height)) faults.push("an equation not drawn");
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push("the page is wider than the window");
  for (const link of document.querySelectorAll("a[href^='#']:not([href='#'])"))
    if (!document.getElementById(decodeURIComponent(link.hash.slice(1)))) faults.push("a dead link " + link.hash);
  const prose = document.querySelector("main, [role=main]").cloneNode(true);
  prose.querySelectorAll("pre, code").forEach(code => code.remove());
  const left = prose.textContent.match(/\\$(?=\\S)[^$\\n]{0,79}[^$\\s]\\$(?!\\d)/);
  if (left) faults.push("an equation left as text: " + left[0]);
  return faults;
}"""  # noqa: E501


# A shell that starts the tests in the background lets them, and all that they start, ignore
# Ctrl-C; the tests that press it need what a reader at a terminal has.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Where each test has a notebook of its own, that notebook's tests go to whichever worker is free.
# The tests of any other file stay together: they share what took long to make.
BY_NOTEBOOK = {"test_notebooks": "place", "test_exercises": "path"}
# Seconds of the longest files, `make test-all` included, roughly, where they are not a lesson's.
LONG_FILES = {"test_examples": 400, "test_shop_report": 400, "test_classroom": 300}
LONG_FILES |= {"test_browser": 150, "test_sweep": 150, "test_workbook": 120}
LONG_FILES |= {"test_shop_fuzz": 120, "test_running": 60}
LESSON_MINUTES = {lesson.path.name: lesson.minutes for lesson in lessons()}


def _group(item):
    """Return the name of the group that one worker runs, and the seconds it may take."""
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    notebook = parameters.get(BY_NOTEBOOK.get(item.path.stem))
    if notebook is None:
        return item.path.stem, LONG_FILES.get(item.path.stem, 10)
    name = Path(notebook).name
    if item.path.stem == "test_exercises":
        return f"exercise {name}", 60 if item.get_closest_marker("exhaustive") else 10
    # The quick profile takes about half of the default one, and a kernel some seconds to start.
    return name, 10 + 30 * LESSON_MINUTES.get(name, 0.5)


def pytest_collection_modifyitems(items):
    """Put the longest first and keep groups together, for `--dist loadgroup`.

    Without this order a worker may begin the longest lesson when the other has nothing left.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)[0]))
    items.sort(key=lambda item: -_group(item)[1])


def pytest_runtest_setup(item):
    """Leave out what starts after `ECOMLAB_TESTS_END` (seconds of the clock), and say so.

    A slow machine that may take only so long still gets a result: `.ci/run` sets it for the
    exhaustive tests, never for those of `make test`.
    """
    end = os.environ.get("ECOMLAB_TESTS_END")
    if end and time.time() > float(end):
        pytest.skip("the time given to the tests was over before this one began")


def skip_or_fail(reason):
    """Skip with a reason; on the project's own CI, where everything is there, fail instead."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"on CI this may not be skipped: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session", autouse=True)
def one_thread_of_blas():
    """Keep linear algebra in the tests' own process to one thread: there are two workers.

    Threads that wait for each other took four times the processor's seconds in the exercises.
    """
    import scipy.linalg  # noqa: F401  it brings a BLAS of its own, and only what is there is kept

    with threadpool_limits(1):
        yield


@pytest.fixture
def make_notebook(tmp_path):
    """Write a notebook of the given code cells and return its path."""

    def make(*cells, name="small", parameters="WIDTH = 3  # how wide", markdown=()):
        head = new_code_cell(parameters, metadata={"tags": ["parameters"]})
        nodes = [new_markdown_cell(text) for text in markdown]
        nodes += [head, *(new_code_cell(source) for source in cells)]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(new_notebook(cells=nodes, metadata={"kernelspec": kernel}), path)
        return path

    return make


@pytest.fixture
def lessons_here(make_notebook, tmp_path, monkeypatch):
    """Three small lessons, the second of which fails, in place of the real ones."""
    paths = [
        make_notebook(RECORD, name="01_first", markdown=["# 01 · First $x^2$"]),
        make_notebook("1 / 0", name="02_second"),
        make_notebook(RECORD, name="03_third"),
    ]
    found = [Lesson(path.stem, path, path.stem.upper(), 1, "diamonds") for path in paths]
    for module in (many, workbook, papers):
        monkeypatch.setattr(module, "lessons", lambda: found)
    monkeypatch.setattr(authoring, "NOTEBOOKS", tmp_path)
    return paths


@pytest.fixture(scope="session")
def have():
    """Make sure of a fetched data set, or skip the test with the reason."""

    def make_sure(name):
        try:
            fetch(name)
        except DataUnavailableError as error:
            skip_or_fail(error.summary)

    return make_sure


@pytest.fixture(scope="session")
def ecomlab_command():
    """The command line as a reader calls it, from this environment."""
    return [str(Path(sys.executable).with_name("ecomlab"))]


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all the tests that a worker runs: the system's, else playwright's own."""
    from playwright.sync_api import sync_playwright

    arguments = ["--disable-quic", "--no-first-run", "--disable-background-networking"]
    arguments += ["--disable-component-update", "--disable-sync"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium's sandbox refuses to run as root
    with sync_playwright() as playwright:
        names = ("chromium", "chromium-browser", "google-chrome")
        path = next(filter(None, map(shutil.which, names)), playwright.chromium.executable_path)
        if not Path(path).exists():
            skip_or_fail("no Chromium here: the pages are not looked at in a browser")
        yield playwright.chromium.launch(executable_path=path, args=arguments)


@pytest.fixture
def page(browser, tmp_path):
    """A page of a new profile that notes every request and console error, and its last look."""
    context = browser.new_context(viewport={"width": 1100, "height": 900})
    opened = context.new_page()
    opened.requests_seen, opened.errors_seen = [], []
    opened.on("request", lambda request: opened.requests_seen.append(request.url))
    opened.on("pageerror", lambda error: opened.errors_seen.append(str(error)))
    opened.on(
        "console",
        lambda message: message.type == "error" and opened.errors_seen.append(message.text),
    )
    yield opened
    opened.screenshot(path=tmp_path / "last_look.png")
    context.close()


@pytest.fixture(scope="session")
def own_mounts(tmp_path_factory):
    """The start of a command that may mount what others do not see: as root, or as its own root."""
    start = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(tmp_path_factory.mktemp("mount"))]
    if not shutil.which("unshare") or subprocess.run([*start, *mount], check=False).returncode:
        pytest.skip("no small disk to fill: this system lets us mount none, even as our own root")
    return start


@pytest.fixture
def on_small_disk(own_mounts, tmp_path):
    """Run a command with a small disk in place of a folder; what it left there is in `left`."""

    def run(folder, size, command, **options):
        folder.mkdir()
        script = (
            'mount -t tmpfs -o size="$0" tmpfs "$1" && folder=$1 left=$2 && shift 2 || exit; '
            '"$@"; code=$?; cp -a "$folder" "$left"; exit $code'
        )
        start = [*own_mounts, "sh", "-c", script, size, folder, tmp_path / "left"]
        done = subprocess.run(
            [*map(str, [*start, *command])], capture_output=True, text=True, **options
        )
        return done, tmp_path / "left"

    return run


@pytest.fixture
def clicks():
    """Training and test clicks of four sessions; session 3 falls on the last day of training."""
    day = 24 * 3600
    sessions = [(1, [10, 20, 30], 0), (2, [20, 10], 100), (3, [10, 20, 99], day + 200)]
    rows = [(s, item, at + i) for s, items, at in sessions for i, item in enumerate(items)]
    train = pd.DataFrame(rows, columns=["SessionId", "ItemId", "Time"])
    test = pd.DataFrame({"SessionId": 4, "ItemId": [30, 77, 99, 10], "Time": np.arange(4) + 3e5})
    return train, test
