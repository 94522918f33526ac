"""A sweep's folder: what it was planned from, and one record a run that has ended."""

import contextlib
import json
from pathlib import Path

from ecomlab.errors import UserError

SWEEP_FILE = "sweep.json"


def read_sweep(folder):
    """Return what a sweep's folder holds.

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    about : dict
        The notebook's name, title, headline and the hash of its code.
    records : list of dict
        One a run that has ended, well or not, in the order of their names.

    Raises
    ------
    UserError
        If the folder holds no sweep.
    """
    folder = Path(folder)
    try:
        about = json.loads((folder / SWEEP_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{folder} holds no sweep: there is no {SWEEP_FILE} in it") from None
    except ValueError as error:
        raise UserError(f"{folder / SWEEP_FILE} does not read: {error}") from None
    records = []
    for path in sorted((folder / "runs").glob("*.json")):
        with contextlib.suppress(ValueError):  # a damaged record is a run still to be made
            records.append(json.loads(path.read_text(encoding="utf-8")))
    return about, records


def refuse_another_notebook(out, about):
    """Raise a `UserError` where a folder holds the runs of another notebook, or of other code."""
    if not (out / SWEEP_FILE).exists():
        return
    there, _ = read_sweep(out)
    if there["code"] != about["code"]:
        same = there["notebook"] == about["notebook"]
        what = f"{there['notebook']} with other code" if same else there["notebook"]
        raise UserError(f"{out} holds runs of {what}: name another folder for {about['notebook']}")
