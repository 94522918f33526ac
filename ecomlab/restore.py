"""Give a lesson back as it was, and keep what the reader made of it."""

import datetime
import subprocess

from ecomlab.project import NOTEBOOKS, ROOT, UserError
from ecomlab.render import write_text


def restore(path, revision="HEAD"):
    """Put back a lesson from git; the reader's version moves to `notebooks/my_copies/`.

    Parameters
    ----------
    path : Path
        A notebook inside `notebooks/`.
    revision : str
        A git revision: a commit, a tag or a branch.

    Returns
    -------
    Path or None
        The reader's copy; None where nothing had changed.

    Raises
    ------
    UserError
        If the workbook is no git clone, or the revision does not hold the lesson.
    """
    if not path.is_relative_to(ROOT):
        raise UserError(f"{path} is not part of the workbook in {ROOT}")
    place = path.relative_to(ROOT).as_posix()
    try:
        found = subprocess.run(
            ["git", "show", f"{revision}:{place}"], cwd=ROOT, capture_output=True, check=False
        )
    except FileNotFoundError:
        raise UserError("git is not installed, and lessons are restored from it") from None
    if found.returncode:
        cause = found.stderr.decode(errors="replace").strip().splitlines()
        raise UserError(f"git has no {place} at {revision}: {cause[0] if cause else 'unknown'}")
    original, current = found.stdout.decode("utf-8"), path.read_text(encoding="utf-8")
    if original == current:
        return None
    stamp = datetime.datetime.now().strftime("%Y-%m-%d_%H%M%S")
    copy = NOTEBOOKS / "my_copies" / f"{path.stem}_{stamp}.ipynb"
    write_text(copy, current)
    write_text(path, original)
    return copy
