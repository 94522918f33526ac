"""The book: built from the stored notebooks, opened from the file system with no network."""

import re
from urllib.parse import unquote

import pytest
from conftest import PAGE_FAULTS

from ecomlab.pages.book import build_book
from ecomlab.project import lessons

pytestmark = pytest.mark.exhaustive
LESSONS = lessons()
# Contrast of text with what lies behind it, by WCAG 2: 4.5 is asked, 3 where letters are large.
WEAK_TEXT = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgb = color => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = node => { for (; node; node = node.parentElement) {
    const color = rgb(getComputedStyle(node).backgroundColor);
    if (color[3] > 200) return color; } return [255, 255, 255, 255]; };
  const weak = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !node.checkVisibility()) continue;
    if (["SCRIPT", "STYLE", "NOSCRIPT"].includes(node.tagName)) continue;
    const style = getComputedStyle(node);
    const [a, b] = [light(rgb(style.color)), light(behind(node))];
    const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    const large = parseFloat(style.fontSize) >= 24;
    if (contrast < (large ? 3 : 4.5))
      weak.add(`${contrast.toFixed(1)} ${node.tagName}.${node.className}: ${node.textContent.slice(0, 30)}`);
  }
  return [...weak];
}"""  # noqa: E501


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The folder of the built site."""
    folder = tmp_path_factory.mktemp("book")
    return build_book(folder / "site", folder / "source").parent


def test_every_page_reads_well_and_asks_for_nothing(book, page):
    paths = sorted(book.rglob("*.html"))
    assert {f"{lesson.name}.html" for lesson in LESSONS} <= {path.name for path in paths}
    for path in paths:
        page.goto(path.as_uri())
        page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
        assert (path.name, page.evaluate(PAGE_FAULTS)) == (path.name, [])
    assert page.errors_seen == []
    assert [u for u in page.requests_seen if not u.startswith(("file:", "data:"))] == []


def test_no_link_inside_the_book_is_dead(book):
    for path in book.rglob("*.html"):
        for target in re.findall(r'href="([^"#]+)', path.read_text("utf-8")):
            if not re.match(r"[a-z]+:", target):
                file = path.parent / unquote(target).split("?")[0]
                assert file.exists(), f"{path.name} leads to {target}"


def test_one_searches_and_goes_from_lesson_to_lesson(book, page):
    page.goto((book / "index.html").as_uri())
    page.get_by_role("searchbox").or_(page.get_by_placeholder("Search")).first.fill("convolution")
    page.keyboard.press("Enter")
    page.get_by_role("link", name=re.compile("^03 · ")).last.wait_for()
    page.locator("#search-results").get_by_role("link", name=re.compile("^03 · ")).first.click()
    assert page.locator("h1").inner_text().startswith("03 ")
    page.locator(".related-pages .next-page").click()
    assert page.locator("h1").inner_text().startswith("03b ")
    page.locator(".related-pages .prev-page").click()
    assert page.locator("h1").inner_text().startswith("03 ")
    assert page.errors_seen == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(book, page, scheme):
    page.emulate_media(color_scheme=scheme)
    for path in (book / "index.html", book / "lessons" / f"{LESSONS[3].name}.html"):
        page.goto(path.as_uri())
        assert page.evaluate(WEAK_TEXT) == []


def test_no_solution_is_shown(book):
    text = "".join(path.read_text("utf-8") for path in book.glob("exercises/*.html"))
    assert "BEGIN SOLUTION" not in text and "HIDDEN TESTS" not in text
