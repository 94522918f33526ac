"""One notebook run: parameters checked before a kernel starts, then papermill.

papermill warns where it should refuse, so everything is checked here first: an unknown
name, a value of the wrong kind, an output outside its folder. What is written is written
to a temporary name and renamed, so a file that is there is whole.
"""

import logging
import os
import re
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from ecomlab.errors import RunFailed, UserError
from ecomlab.project import BUILD, find_notebook, profile_parameters
from ecomlab.results import read_results
from ecomlab.running.kernels import Watch, first_line, kernel_manager_class
from ecomlab.running.parameters import check_parameters

OFFLINE = "ecomlab.running.offline"  # the extension that closes a kernel's network


@dataclass(frozen=True)
class RunResult:
    """What a finished run leaves.

    Attributes
    ----------
    path : Path
        The executed notebook.
    results : dict
        What it recorded.
    seconds : float
        From kernel start to the last cell.
    peak_memory_mb : float
        The kernel's and its children's resident memory at its highest, sampled.
    cell_seconds : list of float
        Seconds of each code cell.
    """

    path: Path
    results: dict
    seconds: float
    peak_memory_mb: float
    cell_seconds: list = field(repr=False)


def resolve_output(output, root):
    """Return the absolute path of an output, and refuse one outside `root`.

    Raises
    ------
    UserError
        If the path leaves the folder, through `..`, a link or an absolute path.
    """
    root = Path(root).resolve()
    path = (root / output).resolve()
    if not path.is_relative_to(root) or path == root:
        raise UserError(f"{output} lies outside the output folder {root}: name one inside it")
    return path


def read_notebook(path):
    """Return the node of a notebook file.

    Raises
    ------
    UserError
        If it does not read as a notebook.
    """
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except (nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        line = str(error).splitlines()[0]
        raise UserError(f"{path.name} does not read as a notebook: {line}") from None


def run(
    notebook,
    output=None,
    parameters=None,
    *,
    profile="default",
    root=BUILD,
    offline=False,
    environment=None,
    cell_timeout=None,
    on_cell=None,
):
    """Run one notebook and write the executed copy.

    Parameters
    ----------
    notebook : str or Path
        A file, a lesson's name or its number.
    output : str or Path, optional
        Where to write, inside `root`; by default the notebook's own name.
    parameters : dict, optional
        Checked against the notebook's `parameters` cell; they win over the profile.
    profile : {"quick", "default", "full"}
    root : str or Path
        The folder that no output leaves.
    offline : bool
        Close the kernel's network, loopback excepted.
    environment : dict of str to str, optional
        Added to the kernel's environment variables.
    cell_timeout : float, optional
        Seconds a single cell may take.
    on_cell : callable, optional
        Called with (cells done, cells in all) after each cell.

    Returns
    -------
    RunResult

    Raises
    ------
    UserError
        Bad input; no kernel was started and nothing written.
    RunFailed
        A cell failed, took too long, or the kernel died. What had run is kept
        beside the output as `NAME.partial.ipynb`.
    """
    path = find_notebook(notebook)
    output = resolve_output(output or path.name, root)
    if output == path:
        raise UserError(f"the output {output} would overwrite its input: name another")
    node = read_notebook(path)
    given = profile_parameters(path.stem, profile) | (parameters or {})
    try:
        checked = check_parameters(node, given)
    except UserError as error:
        raise UserError(f"{path.name}: {error}") from None

    partial = output.with_suffix(".partial.ipynb")
    temporary = output.with_name(f".{output.stem}.{os.getpid()}.{threading.get_ident()}.ipynb")
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        executed, seconds, peak = _execute(
            node, temporary, checked, path.stem, offline, environment, cell_timeout, on_cell
        )
        temporary.replace(output)
    except BaseException as error:
        if temporary.exists():
            temporary.replace(partial)
        if isinstance(error, RunFailed):
            raise RunFailed(str(error), partial if partial.exists() else None) from None
        raise
    partial.unlink(missing_ok=True)
    cell_seconds = [
        cell.metadata.get("papermill", {}).get("duration") or 0.0
        for cell in executed.cells
        if cell.cell_type == "code"
    ]
    return RunResult(output, read_results(executed), seconds, peak, cell_seconds)


def _execute(node, output, parameters, name, offline, environment, cell_timeout, on_cell):
    """Run a notebook node through papermill, and turn each kind of failure into one line."""
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # each failure is told below
    watch = Watch(on_cell)
    started = time.perf_counter()
    try:
        executed = papermill.execute_notebook(
            node,
            str(output),
            parameters,
            kernel_manager_class=kernel_manager_class(watch, offline, environment),
            execution_timeout=cell_timeout,
            progress_bar=False,
            on_cell_start=watch.cell_started,
            on_cell_executed=watch.cell_executed,
            on_notebook_start=watch.notebook_started,
            extra_arguments=[f"--IPKernelApp.extra_extensions={OFFLINE}"] if offline else [],
        )
    except papermill.PapermillExecutionError as error:
        cause = f"{error.ename}: {error.evalue}".strip().splitlines()[0]
        line = _failing_line(error.traceback) or first_line(error.source)
        raise RunFailed(f"{name}, cell {error.cell_index + 1}, `{line}`: {cause}") from None
    except DeadKernelError:
        cause = "the kernel died (often: out of memory, or it was killed)"
        raise RunFailed(f"{name}, {watch.where}: {cause}") from None
    except CellTimeoutError:
        raise RunFailed(f"{name}, {watch.where}: took longer than {cell_timeout:g} s") from None
    except RuntimeError as error:  # jupyter_client: "Kernel died before replying to kernel_info"
        if "Kernel" not in str(error):
            raise
        raise RunFailed(f"{name}: the kernel did not start: {watch.last_words}") from None
    finally:
        watch.stop()
    return executed, time.perf_counter() - started, watch.peak_mb


def _failing_line(traceback):
    """Return the line that IPython's traceback points at with an arrow, in the cell itself."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(traceback))
    arrow = re.search(r"^-+> \d+ (.*)$", plain[plain.find("Cell In[") :], flags=re.MULTILINE)
    return arrow.group(1).strip()[:60] if arrow else ""
