"""A shop's own data, checked, through a report notebook to one HTML page and its tables.

All is made in a folder of its own beside the page and moved into place at the end: a report
that fails leaves nothing, and one that is there is whole.
"""

import contextlib
import ctypes
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from ecomlab.errors import UserError
from ecomlab.project import NOTEBOOKS

REPORTS = ("segments", "recommend", "forecast")
# Parameters that have options of their own on the command line, and what these are.
SET_BY_REPORT = {"ORDERS": "--data", "COLUMNS": "--columns", "OUT": "--out"}


@dataclass(frozen=True)
class ReportResult:
    """What a report leaves.

    Attributes
    ----------
    page : Path
        The HTML file.
    files : list of Path
        Tables (CSV and parquet), and the model's folder where the report saves one.
    results : dict
        What the notebook recorded.
    seconds, peak_memory_mb : float
        Of the notebook's kernel.
    """

    page: Path
    files: list
    results: dict = field(repr=False)
    seconds: float = 0.0
    peak_memory_mb: float = 0.0


def make_report(report, out, orders=None, parameters=None, *, offline=False, on_cell=None):
    """Run a report notebook on checked orders.

    Parameters
    ----------
    report : {"segments", "recommend", "forecast"}
    out : str or Path
        The HTML page. Tables and model are named after it and stand beside it.
    orders : ecomlab.shop.orders.Orders, optional
        By default the notebook takes a public data set.
    parameters : dict, optional
        Checked against the notebook's `parameters` cell.
    offline : bool
        Close the kernel's network.
    on_cell : callable, optional
        Called with (cells done, cells in all).

    Returns
    -------
    ReportResult

    Raises
    ------
    UserError
        Bad input, found before the notebook runs or by one of its cells; nothing was written.
    RunFailed
        A cell failed; nothing was written.
    """
    from ecomlab.errors import RunFailed
    from ecomlab.pages.notebook import render
    from ecomlab.running.one import run

    notebook, out = report_notebook(report), _page_path(out)
    parameters = dict(parameters or {})
    for name in parameters:
        if str(name).upper() in SET_BY_REPORT:
            option = SET_BY_REPORT[str(name).upper()]
            raise UserError(f"{name} is set by the report itself: use {option}")
    out.parent.mkdir(parents=True, exist_ok=True)
    # On the disk of the page itself, so that the last move cannot be cut in two.
    folder = Path(tempfile.mkdtemp(prefix=f".{out.stem}-", dir=out.parent))
    try:
        made = folder / "made"
        made.mkdir()
        parameters["OUT"] = str(made)
        if orders is not None:
            parameters["ORDERS"] = str(orders.save(folder / "orders"))
            orders.save_key(made / "customer_key.csv")
            _give_back_memory()
        try:
            done = run(
                notebook,
                f"{report}.ipynb",
                parameters,
                root=folder,
                offline=offline,
                on_cell=on_cell,
            )
        except RunFailed as error:
            raise RunFailed(str(error)) from None  # its partial notebook goes with the folder
        _tidy(done.path, folder)
        page = render(done.path, folder / "page.html", hide_code=True)
        files = _place(made, out)
        page.replace(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return ReportResult(out, files, done.results, done.seconds, done.peak_memory_mb)


def _give_back_memory():
    """Give the system what reading has freed, before the kernel needs it: allocators keep it."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    with contextlib.suppress(OSError, AttributeError, TypeError):  # glibc alone has this call
        ctypes.CDLL(None).malloc_trim(0)


def report_notebook(report):
    """Return the path of a report's notebook.

    Raises
    ------
    UserError
        If there is none of that name.
    """
    if report not in REPORTS:
        raise UserError(f"no report {report!r}: choose one of {', '.join(REPORTS)}")
    path = NOTEBOOKS / "reports" / f"{report}.ipynb"
    if not path.is_file():
        raise UserError(f"no report notebook {path}: call ecomlab from the workbook's own folder")
    return path


def _page_path(out):
    out = Path(out).absolute()
    if out.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"--out names an .html file, not {out.name}")
    if out.is_dir():
        raise UserError(f"{out.name} is a folder: name an .html file")
    return out


def _tidy(path, folder):
    """Bring what was found to the top, and take this run's folder, soon gone, out of the text."""
    import nbformat

    node = nbformat.read(path, as_version=4)
    found = [cell for cell in node.cells if "summary" in cell.metadata.get("tags", [])]
    rest = [cell for cell in node.cells if "summary" not in cell.metadata.get("tags", [])]
    node.cells = [*rest[:1], *found, *rest[1:]]  # the title stays first
    for cell in node.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = cell.source.replace(f"{folder}{os.sep}", "")
    nbformat.write(node, path)


def _place(made, out):
    """Move tables and model beside the page, each named after it."""
    files = []
    for path in sorted(made.iterdir()):
        target = out.with_name(f"{out.stem}_{path.name}")
        if path.is_dir() and target.exists():
            old = path.with_name(f"{path.name}.old")
            target.replace(old)
        path.replace(target)
        files.append(target)
    return files
