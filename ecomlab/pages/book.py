"""The book: lessons, exercises and guides as one static site that opens from the file system.

Sphinx and myst-nb build it from copies: the notebooks' outputs stay what they are in the
lessons, only their form changes to what a site can show without a kernel or a network.
"""

import shutil
from pathlib import Path

from ecomlab.classroom import exercises, student_copy
from ecomlab.errors import UserError
from ecomlab.files import write_bytes, write_text
from ecomlab.pages.cards import still_cards
from ecomlab.pages.folding import folds
from ecomlab.pages.links import FIGURES, relink, relinked
from ecomlab.pages.notebook import to_mathml, without_tensorflow_noise
from ecomlab.project import BUILD, ROOT, lessons
from ecomlab.results import MIME_TYPE

DOCS = ROOT / "docs"
_GUIDES = {
    "index.md": DOCS / "index.md",
    "glossary.md": DOCS / "glossary.md",
    "results.md": DOCS / "results.md",
    "teaching.md": DOCS / "teaching.md",
    "safety.md": DOCS / "safety.md",
    "contributing.md": ROOT / "CONTRIBUTING.md",
}


def build_book(output=BUILD / "book", source=BUILD / "book-source"):
    """Build the site.

    Parameters
    ----------
    output : Path
        Where the site goes; its first page is `index.html`.
    source : Path
        Where the copies go that Sphinx reads. Replaced on each build.

    Returns
    -------
    Path
        The first page.

    Raises
    ------
    UserError
        If Sphinx is not installed, or warns: a dead link, a figure without a text.
    """
    try:
        from sphinx.cmd.build import main as sphinx_build
    except ImportError:
        raise UserError(
            "the book needs Sphinx: `make setup`, or pip install -e '.[book]'"
        ) from None
    stage(Path(source))
    options = ["-b", "html", "-W", "--keep-going", "-q", "-c", str(DOCS)]
    if sphinx_build([*options, str(source), str(output)]) != 0:
        raise UserError("the book was not built: Sphinx's lines above name the page")
    return Path(output) / "index.html"


def stage(folder):
    """Copy every page of the book, in the form that Sphinx reads.

    Parameters
    ----------
    folder : Path
        Emptied first.
    """
    import nbformat

    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    pages = {"lessons": [lesson.path for lesson in lessons()], "exercises": exercises()}
    places = {path: folder / kind / path.name for kind, paths in pages.items() for path in paths}
    guides = {path: folder / name for name, path in _GUIDES.items()}
    drawn = {path: folder / "figures" / path.name for path in FIGURES.glob("*.svg")}
    where = (places | guides | drawn).get
    for path, place in places.items():
        notebook = _page(path, student=path in pages["exercises"])
        relink(notebook, path, place, where)
        write_text(place, nbformat.writes(notebook))
    for path, place in guides.items():
        text = relinked(path.read_text(encoding="utf-8"), path, place, where)
        for kind, paths in pages.items():
            names = "\n".join(f"{kind}/{path.stem}" for path in paths)
            text = text.replace(f"<!-- {kind} -->", names)
        if "<!-- cards -->" in text:
            cards = still_cards(lessons(), lambda lesson: f"lessons/{lesson.name}.html")
            text = text.replace("<!-- cards -->", f"```{{raw}} html\n{cards}\n```")
        write_text(place, text)
    for path, place in drawn.items():
        write_bytes(place, path.read_bytes())


def _page(path, *, student):
    """Return a notebook as a site shows it: pictures with texts, nothing that asks for a kernel."""
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    if student:
        notebook = student_copy(notebook)
    for cell, fold in zip(notebook.cells, folds(notebook), strict=True):
        if cell.cell_type == "code":
            tags = cell.metadata.setdefault("tags", [])
            tags += {"code": ["hide-input"], "all": ["hide-cell"]}.get(fold, [])  # of myst-nb
            cell.outputs = [_still(output) for output in without_tensorflow_noise(cell.outputs)]
    notebook.cells = [c for c in notebook.cells if "bootstrap" not in c.metadata.get("tags", [])]
    return notebook


def _still(output):
    """Return an output as a site can show it; a picture carries its text with it."""
    from html import escape

    data = output.get("data", {})
    data.pop(MIME_TYPE, None)
    if any(kind.startswith("application/vnd.jupyter.widget") for kind in data):
        for kind in [kind for kind in data if kind.startswith("application/")]:
            del data[kind]
    if "image/png" in data:
        alt = output.metadata.get("image/png", {}).get("alt", data.get("text/plain", ""))
        picture = "".join(data.pop("image/png").split())
        source = f"data:image/png;base64,{picture}"
        data["text/html"] = f'<img class="figure" src="{source}" alt="{escape(alt, quote=True)}">'
    return output


def draw_equation(translator, node):
    """Write one equation of a page as MathML, which the browser draws itself.

    Parameters
    ----------
    translator : sphinx.writers.html5.HTML5Translator
    node : docutils.nodes.math or docutils.nodes.math_block
    """
    from docutils import nodes

    display = "block" if isinstance(node, nodes.math_block) else "inline"
    translator.body.append(to_mathml(node.astext(), display))
    raise nodes.SkipNode
