"""Diagrams and links: one style, a text for each, and they arrive wherever their page goes."""

import html
import json
import re
from xml.etree import ElementTree

import nbformat
import pytest
from conftest import NOTEBOOKS, ROOT
from nbformat.v4 import new_markdown_cell, new_notebook

from ecomlab.classroom import exercises
from ecomlab.errors import UserError
from ecomlab.pages.book import stage
from ecomlab.pages.links import FIGURES, GLOSSARY, diagrams, relinked, target
from ecomlab.pages.notebook import render
from ecomlab.project import lessons

SVG = "{http://www.w3.org/2000/svg}"
DIAGRAMS = sorted(FIGURES.glob("*.svg"))
PHONE = 350  # pixels that a page leaves for a picture on a phone
GUIDES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *NOTEBOOKS.rglob("README.md")]
ANCHOR = re.compile(r"glossary\.md#([^)\s]+)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")


def words(path):
    """Return the Markdown of a guide or a notebook, without the code in it."""
    text = path.read_text("utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return CODE.sub("", text)


def prose():
    """Yield (file, Markdown) of all that a reader may open."""
    for path in [*GUIDES, *(lesson.path for lesson in lessons()), *exercises()]:
        yield path, words(path)


def test_each_diagram_is_used_and_each_used_one_is_there():
    images = [(path, address) for path, text in prose() for _, address in IMAGE.findall(text)]
    shown = {(path.parent / address).resolve() for path, address in images if ":" not in address}
    assert [path for path in shown if not path.is_file()] == []
    assert not set(DIAGRAMS) - shown


def test_no_relative_link_is_dead():
    for path, text in prose():
        for address in LINK.findall(text):
            file = target(address, path)
            assert file is None or file.exists(), f"{path.name} leads to {address}"


def test_each_picture_says_in_words_what_it_shows():
    for path, text in prose():
        for alt, address in IMAGE.findall(text):
            assert len(alt.split()) >= 4, f"{path.name}: {address} needs an alt text"


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.stem)
def test_a_diagram_is_whole_small_and_readable(path):
    text = path.read_text("utf-8")
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SVG}svg" and len(text.encode()) < 30_000
    assert all(len(root.findtext(f"{SVG}{part}", "").split()) >= 3 for part in ("title", "desc"))
    # A picture of a page runs nothing and fetches nothing.
    assert not re.search(r"<script|<foreignObject|\son\w+=|@import|url\((?!#)", text)
    assert not re.search(r"href=\"(?!#)", text)

    width, height = float(root.get("width")), float(root.get("height"))
    assert [float(part) for part in root.get("viewBox").split()] == [0, 0, width, height]
    sizes = [float(size) for size in re.findall(r"font-size\s*[=:]\s*\"?([\d.]+)", text)]
    assert root.get("font-size") and root.get("font-family") == "system-ui, sans-serif"
    assert "scale(" not in text and min(sizes) >= 12
    assert min(sizes) * PHONE / max(width, PHONE) >= 8, "too small to read on a phone"

    # A white plate behind all of it: ink stays dark on a dark page.
    plate = next(node for node in root if node.tag == f"{SVG}rect")
    assert plate.get("fill") == "#fff" and float(plate.get("rx")) > 0
    assert (float(plate.get("width")), float(plate.get("height"))) == (width, height)


def test_the_map_shows_every_lesson():
    root = ElementTree.parse(FIGURES / "map.svg").getroot()
    words = {node.text for node in root.iter(f"{SVG}text")}
    assert {lesson.name.split("_")[0] for lesson in lessons()} <= words


def test_the_price_tags_of_lesson_01b_show_its_stored_run():
    tags = ElementTree.parse(FIGURES / "01b_price_tag.svg").getroot()
    prices = [node.text for node in tags.iter(f"{SVG}text") if "$" in node.text]
    (lesson,) = (lesson.path for lesson in lessons() if lesson.name.startswith("01b_"))
    outputs = [
        o
        for cell in json.loads(lesson.read_text("utf-8"))["cells"]
        for o in cell.get("outputs", [])
    ]
    shown = "".join("".join(o.get("data", {}).get("text/markdown", "")) for o in outputs)
    assert len(prices) == 15
    assert [price for price in prices if price.replace("$", "\\$") not in shown] == []


def test_the_lists_of_lesson_08a_show_its_stored_run():
    lists = ElementTree.parse(FIGURES / "rec_ten_products.svg").getroot()
    products = [
        node.text.rstrip("…") for node in lists.iter(f"{SVG}text") if node.get("x") in ("48", "364")
    ]
    (lesson,) = (lesson.path for lesson in lessons() if lesson.name.startswith("08a_"))
    outputs = [
        o
        for cell in json.loads(lesson.read_text("utf-8"))["cells"]
        for o in cell.get("outputs", [])
    ]
    shown = html.unescape("".join("".join(o.get("data", {}).get("text/html", "")) for o in outputs))
    assert len(products) == 20
    assert [product for product in products if product not in shown] == []


@pytest.fixture
def write(tmp_path):
    def write(source):
        notebook = new_notebook(cells=[new_markdown_cell(source)])
        nbformat.write(notebook, tmp_path / "n.ipynb")
        return tmp_path / "n.ipynb"

    return write


def test_a_page_holds_its_pictures(write, tmp_path):
    source = "\n\n".join(f"![All of {path.stem}](figures/{path.name})" for path in DIAGRAMS)
    html = render(write(source), tmp_path / "n.html").read_text("utf-8")
    assert "figures/" not in html
    assert html.count('src="data:image/svg+xml;base64,') == len(DIAGRAMS) > 0
    assert all(f'alt="All of {path.stem}"' in html for path in DIAGRAMS)


def test_a_picture_that_is_not_there_is_named(write, tmp_path):
    with pytest.raises(UserError, match=r"n\.ipynb shows figures/away\.svg, which does not exist"):
        render(write("![A thing](figures/away.svg)"), tmp_path / "n.html")
    assert not (tmp_path / "n.html").exists()


def test_links_lead_to_pages_and_to_nothing_that_a_browser_cannot_show(write, tmp_path):
    path = write("[one](02.ipynb#a-b) [two](away.ipynb) [three](https://a.org/x.md) [four](#x)")
    html = render(path, tmp_path / "n.html", pages={tmp_path / "02.ipynb": "02.html"}).read_text()
    assert '<a href="02.html#a-b">one</a> two <a href="https://a.org/x.md">three' in html
    assert '<a href="#x">four</a>' in html


def test_a_copy_finds_what_the_original_finds():
    text = "![Map](../../figures/map.svg) [a](../../away.ipynb) [b](#x) [c](https://example.org)"
    copy = relinked(text, NOTEBOOKS / "exercises/00/00.ipynb", NOTEBOOKS / "my_copies/00.ipynb")
    assert copy == text.replace("../../figures", "../figures")


def test_the_book_carries_the_diagrams_along(tmp_path):
    stage(tmp_path)
    assert "](figures/map.svg)" in (tmp_path / "index.md").read_text("utf-8")
    for path in [*tmp_path.rglob("*.md"), *tmp_path.rglob("*.ipynb")]:
        for _, address in IMAGE.findall(words(path)):
            assert (path.parent / address).is_file(), f"{path.name}: {address}"


def test_a_page_is_made_again_when_its_diagram_changes():
    assert diagrams("![Map](figures/map.svg) and ![Map](../../figures/map.svg)") == [
        FIGURES / "map.svg"
    ]


def test_the_glossary_has_each_term_once_in_order_with_its_chinese(tmp_path):
    text = GLOSSARY.read_text("utf-8")
    for group in text.split("\n## ")[1:]:
        terms = re.findall(r"^### (.+)$", group, re.MULTILINE)
        assert terms == sorted(set(terms), key=str.lower) and len(terms) > 10
        entries = re.findall(r"^\*\*(.+)\*\* · .+\. \[\w+\]\(.+\)$", group, re.MULTILINE)
        assert len(entries) == len(terms)
        assert all(re.search(r"[\u4e00-\u9fff]", entry) for entry in entries)
    # A lesson's link to a term arrives there.
    html = render(GLOSSARY, tmp_path / "glossary.html").read_text("utf-8")
    anchors = re.findall(r'<h3 id="([^"]+)"', html)
    assert {"ab-test", "cross-entropy", "gate", "mode-collapse"} <= set(anchors)
    asked = {name for _, text in prose() for name in ANCHOR.findall(text)}
    assert asked <= set(anchors)
