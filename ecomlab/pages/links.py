"""Addresses in Markdown: where a link or a picture leads once its page stands elsewhere.

A lesson names its neighbours as they lie beside it, `figures/map.svg` or
`../docs/glossary.md#loss`, which JupyterLab follows by itself. A copy of the lesson, a page or
the book lies in another folder, and there each of them reads differently.
"""

import os
import re
from pathlib import Path
from urllib.parse import unquote

from ecomlab.errors import UserError
from ecomlab.project import NOTEBOOKS, ROOT

FIGURES = NOTEBOOKS / "figures"
GLOSSARY = ROOT / "docs" / "glossary.md"

# [text](address#anchor or ![text](address "title": what has a scheme is no file of ours.
_ADDRESS = re.compile(r"(\[[^\]]*\]\()([^)\s#:]+)")
_DIAGRAM = re.compile(r"\bfigures/([\w-]+\.svg)")


def target(address, source):
    """Return the file to which an address in `source` leads, its anchor left out.

    Parameters
    ----------
    address : str
    source : Path
        The file in which the address stands.

    Returns
    -------
    Path or None
        None for an address with a scheme, or one inside the same page.
    """
    file = address.split("#")[0]
    if not file or ":" in file:
        return None
    return Path(os.path.normpath(source.parent / unquote(file)))


def _there(file):
    return file if file and file.exists() else None


def relinked(text, source, place, where=_there):
    """Return Markdown with its addresses as they read in another place.

    Parameters
    ----------
    text : str
    source : Path
        The file from which the text was read.
    place : Path
        The file into which it goes.
    where : callable
        Takes the file to which an address leads, and returns where that file is now; None
        leaves the address as it is. By default files stay where they are.
    """

    def renew(found):
        now = where(target(found[2], source))
        return f"{found[1]}{os.path.relpath(now, place.parent)}" if now else found[0]

    return _ADDRESS.sub(renew, text)


def relink(notebook, source, place, where=_there):
    """Change the addresses in a notebook's prose as `relinked` does.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Changed in place.
    source, place, where
        As in `relinked`.
    """
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = relinked(cell.source, source, place, where)


def picture(address, source):
    """Return the file of a picture, as it lies beside a notebook or beside the lessons.

    A copy that was run lies in another folder, and its diagrams are those of the lessons.

    Raises
    ------
    UserError
        If there is no such file.
    """
    beside = target(address, source)
    for path in (beside, FIGURES / beside.name):
        if path.is_file():
            return path
    raise UserError(f"{source.name} shows {address}, which does not exist: add or mend it")


def diagrams(text):
    """Return the diagrams that a notebook's or a guide's text names, as a list of paths."""
    return [FIGURES / name for name in sorted(set(_DIAGRAM.findall(text)))]
