"""The pages and JupyterLab in a real browser."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import nbformat
import pytest
from conftest import PAGE_FAULTS, ROOT

from ecomlab.classroom import find_exercise, student_copy
from ecomlab.pages import cards, workbook
from ecomlab.pages.notebook import render
from ecomlab.project import NOTEBOOKS, lessons, profile_parameters

pytestmark = pytest.mark.slow
LESSONS = lessons()


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_a_lesson_reads_well_with_no_network(lesson, page, tmp_path):
    page.goto(render(lesson.path, tmp_path / f"{lesson.name}.html").as_uri())
    page.evaluate(
        "document.querySelectorAll('main details:not(.code)').forEach(d => d.open = true)"
    )
    for width in (1200, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert (width, page.evaluate(PAGE_FAULTS)) == (width, [])
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
    book = workbook.Workbook(LESSONS[:3], "default", tmp_path)
    page.goto(book.build().as_uri())
    assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith("system-ui")
    for lesson in LESSONS[:3]:
        card = page.locator("li", has=page.get_by_role("link", name=lesson.title))
        assert cards.about(lesson.name)["line"] in card.inner_text()
        assert card.locator("img").evaluate("image => image.naturalWidth") > 200
    for width in (1200, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(PAGE_FAULTS) == []
    page.get_by_role("link", name=LESSONS[0].title).press("Enter")
    assert page.locator("h1").inner_text().startswith(LESSONS[0].name[:2])
    page.get_by_role("link", name="Next lesson").click()
    assert page.locator("h1").inner_text().startswith(LESSONS[1].name[:2])
    page.get_by_role("link", name="All lessons").click()
    assert page.get_by_role("heading", name="Results").is_visible()
    assert page.errors_seen == []


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab as `make lab` starts it, with its token kept; its address and token."""
    tmp_path = tmp_path_factory.mktemp("lab")
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
    page.goto(f"{address}/tree/notebooks/00_start_here.ipynb?token={token}")
    page.get_by_role("heading", name=re.compile("^00 · ")).first.wait_for(timeout=90_000)
    page.locator(".jp-Notebook .jp-OutputArea-output img").first.wait_for(timeout=30_000)


@contextlib.contextmanager
def readers_copy(name, cells):
    """A notebook of these cells in the readers' own folder, gone afterwards."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    path = NOTEBOOKS / "my_copies" / f"{name}_browser_{os.getpid()}.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)
    try:
        yield path
    finally:
        path.unlink()


@pytest.fixture
def no_kernels_left(lab):
    """End the kernels that a test started: each would keep half a gigabyte."""
    yield
    address, token = lab
    api = f"{address.split('/lab')[0]}/api/sessions"
    headers = {"Authorization": f"token {token}"}
    with urllib.request.urlopen(urllib.request.Request(api, headers=headers)) as answer:
        sessions = json.load(answer)
    for session in sessions:
        ended = urllib.request.Request(f"{api}/{session['id']}", headers=headers, method="DELETE")
        urllib.request.urlopen(ended).close()


def open_in_lab(page, lab, path):
    address, token = lab
    # A workspace of its own: the default one brings back the last test's tabs.
    place = path.relative_to(ROOT).as_posix()
    page.goto(f"{address}/workspaces/{path.stem}/tree/{place}?token={token}")
    page.locator(".jp-Cell").first.wait_for(timeout=90_000)


def open_and_run_all(page, lab, path):
    open_in_lab(page, lab, path)
    # What is sent to a kernel that is still starting may be lost.
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=90_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()


@pytest.mark.usefixtures("no_kernels_left")
def test_jupyterlab_shows_a_diagram_and_follows_a_link_to_a_term(lab, page):
    from playwright.sync_api import expect

    words = "![The map of the book](../figures/map.svg) [a term](../../docs/glossary.md#uplift)"
    with readers_copy("links", [nbformat.v4.new_markdown_cell(words)]) as path:
        open_in_lab(page, lab, path)
        picture = page.get_by_alt_text("The map of the book")
        picture.wait_for()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 660
        page.get_by_role("link", name="a term").click()
        expect(page.get_by_role("heading", name="uplift")).to_be_in_viewport(timeout=30_000)


PLAYGROUND_SETUP = """\
import numpy as np

from ecomlab import widgets
from ecomlab.datasets import load_fashion_mnist

photos = load_fashion_mnist(size="sample").x_train
rng = np.random.default_rng(0)
points = rng.normal(size=(500, 2))
places = np.linspace(-1, 1, 5)
words = lambda text: (text.split(), {"forget gate": np.ones(len(text.split()))})
"""
PLAYGROUNDS = {
    "neuron": 'widgets.neuron_playground(points, points[:, 0] > 0, ("weight", "clarity"))',
    "kernel": "widgets.kernel_playground(photos[:20])",
    "map": "widgets.vae_map(photos[:25].reshape(5, 5, 28, 28), places, places)",
    "attention": 'widgets.attention_map([np.full((2, 3, 3), 1 / 3)], [["a", "b", "c"]])',
    "gates": 'widgets.gate_reader(words, "not a nice dress")',
    "threshold": "widgets.threshold_playground(points[:, 0], points[:, 0] > 1, gain=5, cost=1)",
    "list": 'widgets.recommendation_list(["bread", "milk"], np.eye(2), liked=["bread"], top=1)',
}
# One of them in `make test` says that the machinery works; each starts a kernel.
TIERED = [
    pytest.param(name, marks=() if name == "kernel" else pytest.mark.exhaustive)
    for name in PLAYGROUNDS
]


@pytest.mark.usefixtures("no_kernels_left")
@pytest.mark.parametrize("name", TIERED)
def test_a_playground_is_drawn_in_jupyterlab_and_moves_by_keyboard(lab, page, name):
    sources = (PLAYGROUND_SETUP, PLAYGROUNDS[name])
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in sources]
    with readers_copy(name, cells) as path:
        open_and_run_all(page, lab, path)
        shown = page.locator(".jp-OutputArea .jupyter-widgets.widget-vbox").first
        shown.wait_for(timeout=60_000)
        page.wait_for_timeout(500)
        assert page.get_by_text("javascript error").count() == 0
        assert not [text for text in page.errors_seen if "view" in text]
        picture = "[...document.querySelectorAll('.widget-vbox img, .widget-vbox .widget-html')]"
        look = f"{picture}.map(e => e.src ?? e.innerHTML).join()"
        before = page.evaluate(look)
        if name in ("gates", "list"):
            field = shown.locator("input[type=text]").first
            field.fill("milk")
            field.press("Enter")
        else:
            place, key = (-1, "ArrowLeft") if name == "attention" else (0, "ArrowRight")
            shown.locator(".noUi-handle").nth(place).press(key)
        page.wait_for_function(f"before => {look} !== before", arg=before, timeout=10_000)


@pytest.mark.usefixtures("no_kernels_left")
def test_an_exercise_is_answered_wrongly_then_rightly(lab, page):
    source = nbformat.read(find_exercise("03"), as_version=4)
    cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in source.cells}
    task = cells["convolve"]
    right = re.sub(r"\n *### (BEGIN|END) SOLUTION", "", task.source)
    wrong = right.replace("* kernel)", "* kernel[::-1, ::-1])")
    sheet = student_copy(source)
    names = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in sheet.cells]
    kept = [
        sheet.cells[names.index(n)] for n in ("given_1", "answers", "convolve", "test_convolve")
    ]
    with readers_copy("exercise", kept) as path:
        open_and_run_all(page, lab, path)
        page.get_by_text("convolve: not tried").wait_for(timeout=60_000)
        for answer, said in ((wrong, "turned round"), (right, "convolve: right")):
            editor = page.locator(".jp-CodeCell", has_text="def convolve").locator(".cm-content")
            editor.click()
            page.keyboard.press("ControlOrMeta+a")
            page.keyboard.insert_text(answer)
            page.keyboard.press("Shift+Enter")
            page.keyboard.press("Shift+Enter")
            page.get_by_text(said).first.wait_for(timeout=30_000)


def lesson_in_haste(name):
    """Return a lesson's cells without outputs, its parameters set as a reader in haste would."""
    cells = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells
    for cell in cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if "parameters" in cell.metadata.get("tags", []):
            chosen = profile_parameters(name, "quick") | {"TEXTBOOK_EPOCHS": 2, "BETTER_EPOCHS": 2}
            cell.source += "".join(f"\n{key} = {value!r}" for key, value in chosen.items())
    return cells


@pytest.fixture
def reader_copy():
    with readers_copy("lesson", lesson_in_haste("03_cnn_product_images")) as path:
        yield path


@pytest.mark.exhaustive
@pytest.mark.usefixtures("no_kernels_left")
def test_lesson_03_runs_from_its_menu_and_its_playground_moves(lab, page, reader_copy, tmp_path):
    open_and_run_all(page, lab, reader_copy)

    # The last cell's output says that all cells before it have run.
    scroll = "document.querySelector('.jp-WindowedPanel-outer').scrollTop = {}"
    deadline = time.time() + 400
    while page.locator(".jp-OutputArea th", has_text="recorded").count() == 0:
        assert time.time() < deadline, "the lesson did not come to its end"
        assert page.locator(".jp-RenderedText[data-mime-type*=error]").count() == 0
        page.evaluate(scroll.format("1e7"))
        time.sleep(1)

    picture = page.locator(
        "img.widget-image, .widget-image img, .jp-OutputArea img[src^=blob]"
    ).first
    place = 1e7
    while picture.count() == 0 and place > 0:  # cells out of sight are not in the page
        place = page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop") - 500
        page.evaluate(scroll.format(place))
        time.sleep(0.3)
    picture.scroll_into_view_if_needed()
    before = picture.get_attribute("src")
    handle = page.locator(".noUi-handle").first
    handle.focus()
    handle.press("ArrowRight")
    page.wait_for_function("([p, s]) => p.src !== s", arg=[picture.element_handle(), before])
    page.screenshot(path=tmp_path / "playground.png")
