"""A notebook as one page: nothing from elsewhere, equations drawn, data escaped."""

import base64
import io
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from ecomlab.errors import UserError
from ecomlab.pages.notebook import render, to_mathml


@pytest.fixture
def write(tmp_path):
    def write(*cells, title=None):
        metadata = {"ecomlab": {"title": title}} if title else {}
        nbformat.write(new_notebook(cells=list(cells), metadata=metadata), tmp_path / "n.ipynb")
        return tmp_path / "n.ipynb"

    return write


def shown(data, metadata=None):
    return new_code_cell(
        "draw()", outputs=[new_output("display_data", data=data, metadata=metadata or {})]
    )


def test_a_page_asks_nothing_of_the_network(write, tmp_path):
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "w"}
    path = write(
        new_markdown_cell("# One\n\n$x^2$\n\n```mermaid\ngraph TD\n```"),
        shown({"text/html": "<b>table</b>"}),
        shown(widget),
        shown({"application/javascript": "require(['x'])", "text/plain": "script"}),
    )
    html = render(path, tmp_path / "n.html").read_text()
    assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:)?//", html)
    assert "@import" not in html and "url(" not in html
    assert "require(" not in html and "<b>table</b>" in html
    assert html.count("<script") == 1  # the page's own: folding


def test_equations_become_mathml(write, tmp_path):
    path = write(
        new_markdown_cell(
            r"Inline $\sigma(z)$, then" + "\n\n" + r"$$\frac{\partial L}{\partial w}$$"
        ),
        shown({"text/markdown": "the value $y$", "text/plain": "y"}),
    )
    html = render(path, tmp_path / "n.html").read_text()
    assert html.count("<math") == 3
    assert "<mfrac>" in html and "$" not in re.sub(r"(?s)<script.*?</script>", "", html)


@pytest.mark.parametrize(
    ("latex", "cause"),
    [
        (r"\frac{1", "a fraction lacks a part"),
        (r"\sofmax(z)", r"\\sofmax is not understood"),
        (r"\begin{aligned} a &= b \end{aligned}", "ParseError"),
        ("x_{", "MissingSuperScriptOrSubscript"),
    ],
)
def test_an_equation_that_cannot_be_drawn_is_named(latex, cause):
    with pytest.raises(UserError, match=f"cannot draw .*{cause}"):
        to_mathml(latex, "inline")


def test_text_from_data_is_escaped(write, tmp_path):
    path = write(
        shown({"text/plain": "<script>alert(1)</script>"}),
        shown({"image/png": "iVBORw0KGgo="}, {"image/png": {"alt": '"><script>alert(2)</script>'}}),
        title="<script>alert(3)</script>",
    )
    html = render(path, tmp_path / "n.html", links=[("<script>", "x.html")]).read_text()
    assert html.count("<script") == 1


def test_a_figure_keeps_its_alt_text(write, tmp_path):
    path = write(shown({"image/png": "iVBORw0KGgo="}, {"image/png": {"alt": "a falling line"}}))
    assert 'alt="a falling line"' in render(path, tmp_path / "n.html").read_text()


def test_code_folds_and_the_bootstrap_cell_is_left_out(write, tmp_path):
    bootstrap = new_code_cell("clone_everything()", metadata={"tags": ["bootstrap"]})
    path = write(new_code_cell("keep_me()"), bootstrap)
    opened = render(path, tmp_path / "n.html").read_text()
    folded = render(path, tmp_path / "n.html", code_open=False).read_text()
    assert "keep_me" in opened and "clone_everything" not in opened
    assert '<details class="code" open' in opened and '<details class="code" open' not in folded


def test_what_a_reader_does_not_need_starts_folded(write, tmp_path):
    def cell(source, section=None, tag=None):
        metadata = {"section": section} if section else {}
        return new_code_cell(source, metadata=metadata | ({"tags": [tag]} if tag else {}))

    cells = [
        cell("import tools", "setup"),
        cell("WIDTH = 3", "parameters", "parameters"),
        cell("plot()", tag="figure"),
        cell("question(...)", tag="check"),
        cell("as_in_the_lesson_before()", tag="repeat"),
        cell("train()"),
        cell("record()", "record"),
    ]
    html = render(write(*cells), tmp_path / "n.html").read_text()
    opened = [
        "open>" in part.split("</summary>")[0] for part in html.split('<details class="code"')[1:]
    ]
    assert opened == [False, True, False, False, False, True, True]
    assert html.index('<details class="recorded">') > html.index("train")

    # Two cells that record share one fold, and the browser sees both in it.
    html = render(write(*cells, cell("record_more()")), tmp_path / "n.html").read_text()
    folded = html.split('<details class="recorded">')[1]
    assert html.count('<details class="recorded">') == 1
    assert folded.index("record_more") < folded.rindex("</details>")


def test_what_a_cell_prints_in_pieces_is_one_output(write, tmp_path):
    code = new_code_cell("print(1)")
    code.outputs = [new_output("stream", name="stdout", text=text) for text in ("one\n", "two\n")]
    html = render(write(code), tmp_path / "n.html").read_text()
    assert html.count("output_stdout") == 1
    assert "one\ntwo" in html


def test_a_sign_stands_by_its_number_and_formulas_in_a_row_may_stand_below_each_other(
    write, tmp_path
):
    path = write(new_markdown_cell(r"$$a = -2, \qquad b = x - 1$$ and $\ln 0.93$"))
    html = render(path, tmp_path / "n.html").read_text()
    assert html.count('form="prefix"') == 1
    assert html.count("<math") == 3
    assert "<mi>ln</mi><mspace" in html


def test_a_picture_of_several_panels_scrolls_on_a_phone(write, tmp_path):
    def png(width, height):
        out = io.BytesIO()
        Image.new("RGB", (width, height)).save(out, "png")
        return base64.b64encode(out.getvalue()).decode()

    for size, panels in (((900, 300), True), ((700, 300), False)):
        path = write(shown({"image/png": png(*size)}, {"image/png": {"alt": "panels"}}))
        html = render(path, tmp_path / "n.html").read_text()
        assert ('<div class="panels">' in html) == panels


def test_headings_and_contents_agree(write, tmp_path):
    path = write(new_markdown_cell('# Title\n\n## The *loss* $L$ of `fit`\n\n### A "part"'))
    html = render(path, tmp_path / "n.html").read_text()
    targets = re.findall(r'<li class="level\d"><a href="#([^"]+)"', html)
    assert len(targets) == 2
    assert all(f'id="{target}"' in html for target in targets)


def test_what_is_no_notebook_is_named(tmp_path):
    (tmp_path / "orders.ipynb").write_text("a;b")
    with pytest.raises(UserError, match=r"orders\.ipynb does not read as a notebook"):
        render(tmp_path / "orders.ipynb", tmp_path / "n.html")
    with pytest.raises(UserError, match="no such notebook"):
        render(tmp_path / "away.ipynb", tmp_path / "n.html")
    assert not (tmp_path / "n.html").exists()


def test_tensorflows_own_lines_are_left_out_and_other_warnings_stay(write, tmp_path):
    noise = "I0000 00:00:1795506860.7 5494 cudart_stub.cc:31] Could not find cuda drivers on your "
    text = f"{noise}machine, GPU will not be used.\nRuntimeWarning: overflow\n"
    output = new_output("stream", name="stderr", text=text)
    page = render(write(new_code_cell("x", outputs=[output])), tmp_path / "page.html")
    html = page.read_text("utf-8")
    assert "RuntimeWarning: overflow" in html and "cudart" not in html
