"""An executed notebook to one self-contained HTML file that opens with no network.

nbconvert's own pages load MathJax, require.js and the widget manager from elsewhere. Here
equations become MathML, which browsers draw themselves, and the rest is left out.
"""

import base64
import mimetypes
import re
from html import escape, unescape
from pathlib import Path
from xml.etree import ElementTree

from ecomlab import __version__
from ecomlab.errors import UserError
from ecomlab.files import write_text
from ecomlab.pages.folding import folds, is_wide
from ecomlab.pages.links import picture, target
from ecomlab.running.one import read_notebook

TEMPLATES = Path(__file__).parent / "templates"

# Richest first. A widget needs a kernel, so its still figure stands for it.
_SHOWN = ("text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg")
_SHOWN += ("text/latex", "text/plain")

# TensorFlow writes these lines to stderr by itself, whatever its log level. Only they
# are removed from pages and stored notebooks: anything else on stderr is a fault to mend.
_LOG_PREFIX = r"[IWE]0000 00:00:\d+\.\d+ +\d+ [\w.]+:\d+\] "
_TENSORFLOW_NOISE = re.compile(
    r"WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR"
    rf"|{_LOG_PREFIX}oneDNN custom operations are on\. .*"
    rf"|{_LOG_PREFIX}Could not find cuda drivers on your machine, GPU will not be used\."
    # A tf.data pipeline that ended while it was still tuning itself.
    rf"|{_LOG_PREFIX}Optimization loop failed: CANCELLED: Operation was cancelled"
    rf"|{_LOG_PREFIX}failed call to cuInit: .*"
    # Its optimizer cannot join a convolution and a leaky ReLU, and runs them one by one.
    rf"|{_LOG_PREFIX}remapper failed: INVALID_ARGUMENT: Mutation::Apply error: "
    rf"fanout '[^']*/LeakyReluGrad' exist for missing node '[^']*'\."
    # A processor without AVX-512, told of a transposed mask.
    rf"|{_LOG_PREFIX}oneDNN supports DT_\w+ only on platforms with AVX-512\. "
    rf"Falling back to the default Eigen-based implementation if present\."
    rf"|{_LOG_PREFIX}NodeDef mentions attribute use_unbounded_threadpool .*"
    rf"|{_LOG_PREFIX}This TensorFlow binary is optimized to use available CPU instructions .*"
    r"|To enable the following instructions: .*, in other operations, rebuild TensorFlow .*"
)

# A minus after ( [ { = , · × + ≈ < > is a sign; a function's name stands before what it takes.
_SIGN = re.compile(
    r"(<mo[^>]*>&#x0(?:0028|005B|007B|003D|002C|00B7|00D7|002B|2248|003C|003E);</mo>)"
    r"<mo>&#x02212;</mo>"
)
_NAME = re.compile(r"(<mi>(?:ln|log|exp|tanh)</mi>)(?=<m[in])")


def render(
    notebook, output, *, executed=None, links=(), pages=None, code_open=True, hide_code=False
):
    """Write a notebook, or a guide, as one HTML file that holds its pictures.

    Parameters
    ----------
    notebook : str or Path
        A notebook, or a Markdown file.
    output : str or Path
    executed : Path, optional
        A copy that was run, whose outputs are shown in place of the notebook's own.
    links : sequence of (label, address)
        Shown at the top of the page.
    pages : dict of Path to str, optional
        The address that a notebook or a guide has as a page, for links inside the text. One
        that has no page is named without a link.
    code_open : bool
        Whether code blocks start unfolded; those that a reader does not need (`folds`) do not.
    hide_code : bool
        Leave code out of sight, on paper too, until the reader asks for it.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    UserError
        If the notebook does not read, an equation in it cannot be drawn, or a picture of it
        is missing.
    """
    notebook, output = Path(notebook), Path(output)
    if not notebook.is_file():
        raise UserError(f"no such notebook: {notebook}")
    node = _guide(notebook) if notebook.suffix == ".md" else read_notebook(notebook)
    if executed:
        node = _with_outputs(node, read_notebook(executed))
    folded = folds(node)
    for cell, before, fold, after in zip(
        node.cells, ["", *folded], folded, [*folded[1:], ""], strict=False
    ):
        if cell.cell_type == "code":
            cell.outputs = without_tensorflow_noise(cell.outputs)
            cell.metadata.fold = fold
            # Neighbours that are folded whole share one fold.
            cell.metadata.fold_opens = fold == "all" != before
            cell.metadata.fold_closes = fold == "all" != after
    title = node.metadata.get("ecomlab", {}).get("title") or _first_heading(node) or notebook.stem
    page = {
        "title": title,
        "style": stylesheet(),
        "links": list(links),
        "contents": _contents(node),
        "code_open": code_open and not hide_code,
        "hide_code": hide_code,
        "footer": f"ecomlab {__version__}, {notebook.name}",
    }
    html, _ = _exporter(notebook, pages or {}).from_notebook_node(node, resources={"page": page})
    return write_text(output, html)


def _guide(path):
    """Return a Markdown file as a notebook of one cell."""
    from nbformat.v4 import new_markdown_cell, new_notebook

    return new_notebook(cells=[new_markdown_cell(path.read_text(encoding="utf-8"))])


def _with_outputs(node, executed):
    """Put the outputs of a run into the notebook as it reads now.

    Prose, comments and figures may have changed since the run. A figure that has keeps the
    output stored with it. Where cells were cut in another way the run is shown as it was.
    """
    cells, run = ([c for c in n.cells if c.cell_type == "code"] for n in (node, executed))
    if len(cells) != len(run):
        return executed
    for cell, ran in zip(cells, run, strict=True):
        figure = {"figure", "check"} & set(cell.metadata.get("tags", []))
        if not figure or cell.source == ran.source:
            cell.outputs = ran.outputs
    return node


def without_tensorflow_noise(outputs):
    """Return a cell's outputs without the lines that TensorFlow writes by itself.

    Parameters
    ----------
    outputs : list of nbformat.NotebookNode

    Returns
    -------
    list of nbformat.NotebookNode
        What is left of stderr stays; an output with nothing left is gone.
    """
    kept = []
    for output in outputs:
        if output.output_type == "stream" and output.name == "stderr":
            lines = output.text.splitlines(keepends=True)
            lines = [line for line in lines if not _TENSORFLOW_NOISE.fullmatch(line.rstrip())]
            if not "".join(lines).strip():
                continue
            output = type(output)(output, text="".join(lines))
        kept.append(output)
    return kept


def stylesheet():
    """Return the style sheet that every page carries."""
    return (TEMPLATES / "page" / "style.css").read_text(encoding="utf-8")


def to_mathml(latex, display):
    """Turn one equation into MathML.

    Parameters
    ----------
    latex : str
    display : {"inline", "block"}

    Raises
    ------
    UserError
        If the equation is not understood.
    """
    from latex2mathml.converter import convert

    try:
        mathml = convert(latex.strip(), display=display)
        tree = ElementTree.fromstring(mathml)
    except Exception as error:  # the library raises a class of its own for each fault
        raise UserError(f"cannot draw {latex.strip()!r}: {type(error).__name__}") from None
    # What it does not know it passes on as it stands, and a missing part it leaves out.
    unknown = re.search(r"\\\w+", "".join(tree.itertext()))
    if unknown:
        raise UserError(f"cannot draw {latex.strip()!r}: {unknown[0]} is not understood")
    if any(len(node) != 2 for node in tree.iter() if node.tag.endswith("}mfrac")):
        raise UserError(f"cannot draw {latex.strip()!r}: a fraction lacks a part")
    # It leaves out what a browser needs to set a sign close to its number, and a name apart.
    mathml = _SIGN.sub(r'\1<mo form="prefix">&#x02212;</mo>', mathml)
    return _NAME.sub(r'\1<mspace width="0.17em"/>', mathml)


def _side_by_side(latex):
    r"""Cut a line of formulas at each `\qquad` that stands in no bracket of LaTeX."""
    parts = [""]
    for piece in re.split(r"(\\qquad)", latex):
        whole = parts[-1]
        deep = whole.count("{") - whole.count("}")
        deep += len(re.findall(r"\\left\b", whole)) - len(re.findall(r"\\right\b", whole))
        if piece == r"\qquad" and not deep and r"\begin" not in latex:
            parts.append("")
        else:
            parts[-1] += piece
    return parts


def _exporter(source, pages):
    from jinja2 import pass_context
    from nbconvert.exporters.html import HTMLExporter
    from nbconvert.exporters.templateexporter import TemplateExporter
    from nbconvert.filters.highlight import Highlight2HTML
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
    from traitlets.config import Config

    class Renderer(IPythonRenderer):
        def heading(self, text, level, **_):
            anchor = _anchor(text)
            link = f'<a class="anchor-link" href="#{anchor}" aria-label="link to here">¶</a>'
            return f'<h{level} id="{anchor}">{text}{link}</h{level}>\n'

        def image(self, text, url, title=None):
            return super().image(text, _inside(url, source), title)

        def link(self, text, url, title=None):
            file = target(url, source)
            if file in pages:
                url = pages[file] + "".join(url.partition("#")[1:])
            elif file and file.suffix in (".ipynb", ".md"):
                return text  # a browser shows neither
            return super().link(text, url, title)

        def block_math(self, body):
            # Formulas side by side stand one below the other where the window is narrow.
            formulas = [to_mathml(part, "block") for part in _side_by_side(body)]
            return f'<div class="formulas">{"".join(formulas)}</div>'

        def inline_math(self, body):
            return to_mathml(body, "inline")

        def latex_environment(self, name, body):
            return to_mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block")

        def block_code(self, code, info=None):
            if info and info.startswith("mermaid"):  # drawn by a script from elsewhere
                return f"<pre>{escape(code)}</pre>"
            return super().block_code(code, info)

    class PageExporter(HTMLExporter):
        def from_notebook_node(self, nb, resources=None, **keywords):
            # HTMLExporter reads the finished page once more to mark figures that have no alt
            # text. That takes two thirds of the time, and a test finds such figures.
            self.register_filter("highlight_code", Highlight2HTML("python", parent=self))
            self.register_filter("is_wide", is_wide)
            return TemplateExporter.from_notebook_node(self, nb, resources, **keywords)

        @pass_context
        def markdown2html(self, context, source):
            cell = context.get("cell", {})
            renderer = Renderer(escape=False, attachments=cell.get("attachments", {}))
            return MarkdownWithMath(renderer=renderer).render(source)

    return PageExporter(
        template_name="page",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        # What a cell prints reaches a notebook in pieces; it is one output to the reader.
        preprocessors=["nbconvert.preprocessors.CoalesceStreamsPreprocessor"],
        config=Config({"NbConvertBase": {"display_data_priority": list(_SHOWN)}}),
    )


def _inside(address, source):
    """Return a picture as an address that holds it; what lies in the network stays there."""
    if target(address, source) is None:
        return address
    path = picture(address, source)
    kind, _ = mimetypes.guess_type(path.name)
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _headings(node):
    for cell in node.cells:
        if cell.cell_type == "markdown":
            for match in re.finditer(r"^(#{1,3}) (.+)$", cell.source, flags=re.MULTILINE):
                yield len(match[1]), match[2].strip()


def _first_heading(node):
    return next((text for level, text in _headings(node) if level == 1), None)


def _contents(node):
    return [
        (level, _anchor(text), re.sub(r"[`*$]", "", text))
        for level, text in _headings(node)
        if level > 1
    ]


def _anchor(heading):
    """Spell a heading, Markdown or HTML, as the name of a place, as GitHub and the book do."""
    words = unescape(re.sub(r"<[^>]*>", "", heading))
    return re.sub(r"[^\w\- ]", "", words.lower().strip()).replace(" ", "-")
