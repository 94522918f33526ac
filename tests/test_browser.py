"""The pages and JupyterLab in a real browser."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from conftest import PAGE_FAULTS, ROOT

from ecomlab import workbook
from ecomlab.project import lessons
from ecomlab.render import render

pytestmark = pytest.mark.slow
LESSONS = lessons()


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
@pytest.mark.parametrize("width", [1200, 390])
def test_a_lesson_reads_well_with_no_network(lesson, width, page, tmp_path):
    path = render(lesson.path, tmp_path / f"{lesson.name}.html")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(path.as_uri())
    page.evaluate(
        "document.querySelectorAll('main details:not(.code)').forEach(d => d.open = true)"
    )
    assert page.evaluate(PAGE_FAULTS) == []
    assert page.errors_seen == []
    outside = [url for url in page.requests_seen if not url.startswith(("file:", "data:"))]
    assert outside == []
    assert page.locator("h1").count() == 1


def test_code_folds_at_a_click_and_by_keyboard(page, tmp_path):
    page.goto(render(LESSONS[0].path, tmp_path / "lesson.html").as_uri())
    blocks = page.locator("details.code")
    assert blocks.count() > 5
    page.get_by_role("button", name="Fold code").click()
    assert page.locator("details.code[open]").count() == 0
    page.get_by_role("button", name="Unfold code").press("Enter")
    assert page.locator("details.code[open]").count() == blocks.count()


def test_the_index_leads_to_each_lesson_and_back(page, tmp_path):
    outcomes = {
        lesson.name: {
            "path": str(lesson.path),
            "seconds": 1.0,
            "peak_memory_mb": 1.0,
            "failure": None,
        }
        for lesson in LESSONS
    }
    page.goto(workbook.build(outcomes, tmp_path).as_uri())
    page.get_by_role("link", name=LESSONS[0].title).click()
    assert page.locator("h1").inner_text().startswith(LESSONS[0].name[:2])
    page.get_by_role("link", name="Next lesson").click()
    assert page.locator("h1").inner_text().startswith(LESSONS[1].name[:2])
    page.get_by_role("link", name="All lessons").click()
    assert page.get_by_role("heading", name="Results").is_visible()
    assert page.errors_seen == []


@pytest.fixture
def lab(tmp_path):
    """JupyterLab as `make lab` starts it, with its token kept; its address and token."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = f"--no-browser --port={port} --ServerApp.port_retries=0"
    if os.geteuid() == 0:
        options += " --allow-root"
    # The reader's own settings stay out of it.
    environment = os.environ | {"JUPYTER_CONFIG_DIR": str(tmp_path), "HOME": str(tmp_path)}
    log = (tmp_path / "log").open("w+")
    process = subprocess.Popen(
        ["make", "lab", f"LAB_OPTIONS={options}"],
        cwd=ROOT,
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        deadline = time.time() + 120
        found = None
        while found is None and time.time() < deadline and process.poll() is None:
            time.sleep(0.5)
            text = (tmp_path / "log").read_text()
            found = re.search(rf"(http://127\.0\.0\.1:{port}/lab\S*)\?token=(\w+)", text)
        assert found, (tmp_path / "log").read_text()[-2000:]
        yield found[1], found[2]
    finally:
        end_group(process)
        log.close()


def end_group(process, patience=30):
    """End a process and all that it started: make may be gone before JupyterLab is."""
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(timeout=patience)
    deadline = time.time() + patience
    with contextlib.suppress(ProcessLookupError):
        while time.time() < deadline:
            os.killpg(process.pid, 0)
            time.sleep(0.2)
        os.killpg(process.pid, signal.SIGKILL)


def test_make_lab_opens_the_first_lesson_and_keeps_its_token(lab, page):
    address, token = lab
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(address.split("/lab")[0] + "/api/contents")
    assert refused.value.code == 403
    # A browser of its own is what `make lab` opens on a desktop; here the test's browser goes
    # to the same lesson, in the folder that the server shows.
    page.goto(f"{address}/tree/00_start_here.ipynb?token={token}")
    page.get_by_role("heading", name=re.compile("^00 · ")).first.wait_for(timeout=90_000)
    page.locator(".jp-Notebook .jp-OutputArea-output img").first.wait_for(timeout=30_000)
