"""What a page folds, so that a reader sees the lesson and not its tools."""

import base64
import struct

# Pixels. A picture of seven inches, at the 110 dots an inch of `ecomlab.mplstyle`, is still read
# on a phone; what is wider has panels side by side, and their letters would be too small.
_WIDE = 780
_FOLDED = {"figure", "check", "repeat"}


def folds(notebook):
    """Return for each cell what a page folds of it.

    Parameters
    ----------
    notebook : nbformat.NotebookNode

    Returns
    -------
    list of {"", "code", "all"}
        `"code"`: cells that only draw or only check an answer, those that repeat what an earlier
        lesson explains, and the imports. `"all"`: the numbers recorded at the end, with the cell
        that records them.
    """
    found, section = [], None
    for cell in notebook.cells:
        section = cell.metadata.get("section", section)
        tags = set(cell.metadata.get("tags", []))
        if cell.cell_type != "code" or "parameters" in tags:
            found.append("")
        elif section == "record":
            found.append("all")
        else:
            found.append("code" if tags & _FOLDED or section == "setup" else "")
    return found


def is_wide(picture):
    """Tell whether a PNG in base64 is so wide that a phone has to scroll it."""
    head = base64.b64decode("".join(picture[:64].split())[:40])
    if head[12:16] != b"IHDR":
        return False
    return struct.unpack(">I", head[16:20])[0] > _WIDE
