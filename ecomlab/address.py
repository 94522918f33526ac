"""The repository's address, and all that is written from it.

`project.REPOSITORY` is its one place. Where that is None, no paper links to a repository, no
badge offers a machine of others, and no notebook begins by cloning itself.
"""

import re

from ecomlab.authoring import normalise
from ecomlab.errors import UserError
from ecomlab.files import write_text
from ecomlab.project import REPOSITORY, ROOT, read_lesson

BOOTSTRAP = """\
# On Google Colab, fetch this workbook first. Everywhere else this cell does nothing.
import importlib.util
import subprocess
import sys
from pathlib import Path

if "google.colab" in sys.modules and importlib.util.find_spec("ecomlab") is None:
    clone = Path("workbook").resolve()  # a folder named ecomlab would hide the package in it
    source = "{address}"
    if not clone.exists():
        subprocess.run(["git", "clone", "--quiet", "--depth=1", source, str(clone)], check=True)
    # Without the lock file: a version that Colab has and that fits the package stays.
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "-e", str(clone)], check=True)
    sys.path.insert(0, str(clone))"""
# What lies between these two lines of a paper is written from the address.
_REGION = re.compile(
    r"^(?P<start>\W*address: written by `ecomlab address`.*\n)(?:.*\n)*?(?=\W*end of address)", re.M
)
_COLAB = "https://colab.research.google.com"
_BINDER = "https://mybinder.org"
_GITHUB = "https://github.com/"


def write_address(address=REPOSITORY, root=ROOT):
    """Write an address into every paper and notebook, or take out the one that is there.

    Parameters
    ----------
    address : str or None
        `https://HOST/OWNER/NAME`. Badges are written for GitHub alone, whose repositories
        Colab and Binder open.
    root : Path
        The workbook's folder.

    Returns
    -------
    list of Path
        The files that changed.

    Raises
    ------
    UserError
        If the address has another form, or a paper has lost the lines that mark its place.
    """
    if address is not None and not re.fullmatch(r"https://[\w.-]+(/[\w.-]+)+(?<!\.git)", address):
        raise UserError(f"the address is https://HOST/OWNER/NAME, not {address!r}")
    notebooks = root / "notebooks"
    lessons = sorted(notebooks.glob("[0-9]*.ipynb"))
    papers = {
        "README.md": lambda: _readme(address, lessons),
        "CITATION.cff": lambda: f"repository-code: {address}\n",
        "pyproject.toml": lambda: f'[project.urls]\nHomepage = "{address}"\n',
        "docs/index.md": lambda: f"It lies at <{address}>.\n",
    }
    written = {
        root / name: _paper(root / name, words() if address else "")
        for name, words in papers.items()
    }
    for path in [*lessons, notebooks / "_template.ipynb", *notebooks.glob("exercises/*/*.ipynb")]:
        written[path] = _notebook(path, address)
    changed = {path: text for path, text in written.items() if path.read_text("utf-8") != text}
    return [write_text(path, text) for path, text in changed.items()]


def _paper(path, words):
    """Return a paper with other words between its two marks."""
    text, found = _REGION.subn(lambda match: match["start"] + words, path.read_text("utf-8"))
    if found != 1:
        raise UserError(f"{path.name} lacks the two lines that mark the address's place")
    return text


def _readme(address, lessons):
    """Say in Markdown how to get the workbook, and how to open it without installing anything."""
    words = f"`git clone {address}` fetches the workbook into a folder of its own.\n"
    if not address.startswith(_GITHUB):
        return words
    place = address.removeprefix(_GITHUB)

    def links(path):
        colab = f"{_COLAB}/github/{place}/blob/main/notebooks/{path.name}"
        return colab, f"{_BINDER}/v2/gh/{place}/main?urlpath=lab/tree/notebooks/{path.name}"

    colab, binder = links(lessons[0])
    rows = "".join(
        f"| {read_lesson(path).title} | [Colab]({colab}) | [Binder]({binder}) |\n"
        for path in lessons
        for colab, binder in [links(path)]
    )
    return (
        f"{words}Without installing anything, on a machine of others:\n\n"
        f"[![Open in Colab]({_COLAB}/assets/colab-badge.svg)]({colab})\n"
        f"[![Open in Binder]({_BINDER}/badge_logo.svg)]({binder})\n\n"
        f"<details><summary>Each lesson in Colab or Binder</summary>\n\n"
        f"| lesson | Colab | Binder |\n| --- | --- | --- |\n{rows}\n</details>\n"
    )


def _notebook(path, address):
    """Return a notebook's text with one cell that clones the workbook on Colab, or with none."""
    import nbformat

    node = nbformat.read(path, as_version=4)
    node.cells = [cell for cell in node.cells if "bootstrap" not in cell.metadata.get("tags", [])]
    if address:
        sections = [cell.metadata.get("section") for cell in node.cells]
        place = sections.index("setup") if "setup" in sections else 1
        source, tags = BOOTSTRAP.format(address=address), {"tags": ["bootstrap"]}
        cell = nbformat.v4.new_code_cell(source, id="bootstrap", metadata=tags)
        node.cells.insert(place, cell)
    if "exercises" not in path.parts:  # an exercise's cells have names, a lesson's numbers
        _number(node)
    return nbformat.writes(node) + "\n"


def _number(node):
    """Count a lesson's cells anew, and its runs where it was run."""
    cells = [cell for cell in node.cells if cell.cell_type == "code"]
    if any(cell.execution_count for cell in cells):
        for count, cell in enumerate(cells, start=1):
            cell.execution_count = count
    normalise(node)
