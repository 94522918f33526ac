"""What the README and the book tell of the lessons is what the lessons recorded."""

import json
import re

import pytest
from conftest import NOTEBOOKS, ROOT

from ecomlab import papers
from ecomlab.errors import UserError
from ecomlab.expected import headline_wins


def test_all_of_it_is_as_it_would_be_written_now():
    remedy = "run `ecomlab store`, or ecomlab.papers.write_papers()"
    assert (ROOT / "README.md").read_text("utf-8") == papers.readme(), remedy
    assert (ROOT / papers.RESULTS_PAGE).read_text("utf-8") == papers.results_page(), remedy
    assert papers.picture_is_current(), remedy


def test_the_page_of_results_shows_default_beside_full():
    rows = papers.results_page().splitlines()
    assert "| lesson | measured | default profile | full profile |" in rows
    lesson = json.loads((NOTEBOOKS / "03_cnn_product_images.ipynb").read_text("utf-8"))
    label = next(iter(lesson["metadata"]["ecomlab"]["headline"].values()))
    assert any(label in row for row in rows)


@pytest.mark.parametrize("result", papers.read_six_results(), ids=lambda result: result["lesson"])
def test_each_of_the_six_results_is_held_by_its_claim(result):
    assert result["claim"] in headline_wins(result["lesson"], "full")
    assert ("< 0 <" in result["claim"]) == result["so"].startswith("level")


def test_a_result_that_was_not_recorded_is_named_with_its_remedy(monkeypatch):
    result = papers.read_six_results()[0] | {"simple": "{share_of_nothing:.1%} right"}
    monkeypatch.setattr(papers, "read_six_results", lambda: [result])
    with pytest.raises(UserError, match=f"share_of_nothing.*ecomlab full {result['lesson']}"):
        papers.six_results()


def test_the_readme_stays_short():
    """Two minutes at two hundred words a minute; what is folded, listed or in a table left out."""
    text = papers.readme().split("## Lessons")[0]
    before, folded = text.split("<details>")
    read = before + folded.split("</details>")[1]
    read = re.sub(r"^\|.*$", " ", read, flags=re.MULTILINE)
    read = re.sub(r"```.*?```|<!--.*?-->|!?\]\([^)]*\)", " ", read, flags=re.DOTALL)
    assert len(re.findall(r"[A-Za-z0-9]\S*", read)) < 420
