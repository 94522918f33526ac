"""What the tests share: small notebooks to run, a browser, and a rule about skipping."""

import os
import shutil
import signal
import sys
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from ecomlab import authoring
from ecomlab.pages import workbook
from ecomlab.project import Lesson
from ecomlab.running import many

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


def skip_or_fail(reason):
    """Skip with a reason; on the project's own CI, where everything is there, fail instead."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"on CI this may not be skipped: {reason}")
    pytest.skip(reason)


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
    for module in (many, workbook, authoring):
        monkeypatch.setattr(module, "lessons", lambda: found)
    monkeypatch.setattr(authoring, "NOTEBOOKS", tmp_path)
    return paths


@pytest.fixture(scope="session")
def ecomlab_command():
    """The command line as a reader calls it, from this environment."""
    return [str(Path(sys.executable).with_name("ecomlab"))]


@pytest.fixture(scope="session")
def chromium():
    """The path of a Chromium browser."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    skip_or_fail("no Chromium here: the pages are not looked at in a browser")


@pytest.fixture
def page(chromium, tmp_path):
    """A browser page that notes every request and console error, and keeps its last look."""
    from playwright.sync_api import sync_playwright

    arguments = ["--disable-quic", "--no-first-run", "--disable-background-networking"]
    arguments += ["--disable-component-update", "--disable-sync"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium's sandbox refuses to run as root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        opened = browser.new_page(viewport={"width": 1100, "height": 900})
        opened.requests_seen, opened.errors_seen = [], []
        opened.on("request", lambda request: opened.requests_seen.append(request.url))
        opened.on("pageerror", lambda error: opened.errors_seen.append(str(error)))
        opened.on(
            "console",
            lambda message: message.type == "error" and opened.errors_seen.append(message.text),
        )
        yield opened
        opened.screenshot(path=tmp_path / "last_look.png")
        browser.close()


@pytest.fixture
def clicks():
    """Training and test clicks of four sessions; session 3 falls on the last day of training."""
    day = 24 * 3600
    sessions = [(1, [10, 20, 30], 0), (2, [20, 10], 100), (3, [10, 20, 99], day + 200)]
    rows = [(s, item, at + i) for s, items, at in sessions for i, item in enumerate(items)]
    train = pd.DataFrame(rows, columns=["SessionId", "ItemId", "Time"])
    test = pd.DataFrame({"SessionId": 4, "ItemId": [30, 77, 99, 10], "Time": np.arange(4) + 3e5})
    return train, test
