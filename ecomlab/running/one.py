"""One notebook run: parameters checked before a kernel starts, then papermill.

papermill warns where it should refuse, so everything is checked here first: an unknown
name, a value of the wrong kind, an output outside its folder. What is written is written
to a temporary name and renamed, so a file that is there is whole.
"""

import logging
import os
import re
import tempfile
import threading
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from ecomlab.errors import OrdersError, RunFailed, UserError, one_line
from ecomlab.project import BUILD, find_notebook, profile_parameters
from ecomlab.results import read_results
from ecomlab.running.kernels import Watch, first_line, kernel_manager_class, last_words
from ecomlab.running.parameters import check_parameters

# IPython extensions: the first lets a kernel keep its outputs, the other closes its network.
OUTPUTS = "ecomlab.running.outputs"
OFFLINE = "ecomlab.running.offline"
# Seconds that outputs are waited for once a cell is done, as long as the kernel lives. nbclient
# takes four, too few where a cell prints faster than it is read.
WAIT_FOR_OUTPUTS = 3600
# What a cell raises that cannot use what it was given; its text is meant for the user as it stands.
_BAD_INPUT = {kind.__name__ for kind in (UserError, OrdersError)}
# What a notebook and each of its cells need, to be run.
_NOTEBOOK = {"metadata", "nbformat_minor"}
_CELL = {"cell_type", "source", "metadata"}


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
    """Return the node of a notebook file, of any format that nbformat knows.

    Raises
    ------
    UserError
        If it does not read as a notebook.
    """
    import nbformat

    # A fault of format that does not keep a notebook from running is logged, in many lines.
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an older minor format lacks the ids of cells
            text = path.read_bytes().decode("utf-8-sig")
            # An older format comes as nodes of its own kind, which papermill does not know.
            node = nbformat.from_dict(nbformat.reads(text, as_version=4))
        parts = [(node, _NOTEBOOK), *((cell, _CELL) for cell in node["cells"])]
        lacking = {key for part, keys in parts for key in keys - set(part)}
        if lacking:
            raise ValueError(f"no {', '.join(sorted(lacking))}")
    except UnicodeDecodeError:
        raise UserError(
            f"{path.name} does not read as a notebook: it is not UTF-8, save it as UTF-8"
        ) from None
    except Exception as error:  # what is JSON but no notebook raises many kinds
        raise UserError(f"{path.name} does not read as a notebook: {one_line(error)}") from None
    return node


def kernel_name(notebook):
    """Return the kernel that a notebook asks for; python3 where it names none.

    Parameters
    ----------
    notebook : nbformat.NotebookNode

    Raises
    ------
    UserError
        If it is not installed here, or is not of Python.
    """
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    name = (notebook.metadata.get("kernelspec") or {}).get("name") or "python3"
    specs = KernelSpecManager()
    remedy = "open it in JupyterLab, choose a kernel of Python with Kernel > Change Kernel, save it"
    try:
        language = specs.get_kernel_spec(name).language
    except NoSuchKernel:
        known = ", ".join(sorted(specs.find_kernel_specs())) or "none"
        raise UserError(
            f"it asks for the kernel {name!r}, which is not installed here (installed: {known}): "
            f"{remedy}; or run `python -m ipykernel install --user --name {name}`"
        ) from None
    except (ValueError, OSError, TypeError) as error:  # its kernel.json
        raise UserError(
            f"the kernel {name!r} is damaged here ({one_line(error)}): {remedy}"
        ) from None
    if not language.lower().startswith("python"):
        raise UserError(f"the kernel {name!r} is of {language}, not of Python: {remedy}")
    return name


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
        Bad input. Nothing is written; no kernel is started unless a cell finds it.
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
        kernel = kernel_name(node)
    except UserError as error:
        raise UserError(f"{path.name}: {error}") from None

    partial = output.with_suffix(".partial.ipynb")
    temporary = output.with_name(f".{output.stem}.{os.getpid()}.{threading.get_ident()}.ipynb")
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        executed, seconds, peak = _execute(
            node, temporary, checked, path.stem, kernel, offline, environment, cell_timeout, on_cell
        )
        temporary.replace(output)
    except UserError:
        temporary.unlink(missing_ok=True)
        raise
    except BaseException as error:
        kept = temporary.replace(partial) if temporary.exists() else None
        if isinstance(error, RunFailed):
            raise RunFailed(str(error), kept) from None
        raise
    partial.unlink(missing_ok=True)
    cell_seconds = [
        cell.metadata.get("papermill", {}).get("duration") or 0.0
        for cell in executed.cells
        if cell.cell_type == "code"
    ]
    return RunResult(output, read_results(executed), seconds, peak, cell_seconds)


def _execute(node, output, parameters, name, kernel, offline, environment, cell_timeout, on_cell):
    """Run a notebook node, and turn each kind of failure into one line."""
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # each failure is told below
    logging.getLogger("asyncio").addFilter(_of_a_living_kernel)
    watch = Watch(on_cell)
    started = time.perf_counter()
    try:
        # Unique and short: two runs from one folder would otherwise share a socket.
        with tempfile.TemporaryDirectory(prefix="ecomlab-", ignore_cleanup_errors=True) as folder:
            executed = _papermill(
                Path(folder), watch, node, output, parameters, kernel, offline, environment,
                cell_timeout,
            )  # fmt: skip
    except papermill.PapermillExecutionError as error:
        if error.ename in _BAD_INPUT:
            raise UserError(error.evalue) from None
        cause = f"{error.ename}: {error.evalue}".strip().splitlines()[0]
        line = _failing_line(error.traceback) or first_line(error.source)
        raise RunFailed(f"{name}, cell {error.cell_index + 1}, `{line}`: {cause}") from None
    except DeadKernelError:
        cause = "the kernel died (often: out of memory, or it was killed)"
        raise RunFailed(f"{name}, {watch.where or 'before the first cell'}: {cause}") from None
    except CellTimeoutError:
        limit = f"{cell_timeout:g} s" if cell_timeout else "an hour to give its outputs"
        raise RunFailed(f"{name}, {watch.where}: took longer than {limit}") from None
    except Exception as error:
        if watch.where:  # a cell had started: a fault of this program
            raise
        output.unlink(missing_ok=True)  # nothing ran that is worth keeping
        cause = str(error) if isinstance(error, _NoKernel) else one_line(error)
        raise RunFailed(f"{name}: the kernel did not start: {cause}") from None
    finally:
        watch.stop()
    return executed, time.perf_counter() - started, watch.peak_mb


def _papermill(folder, watch, node, output, parameters, kernel, offline, environment, cell_timeout):
    """Execute a notebook node with papermill, and return the executed node."""
    import nbformat
    import papermill

    environment = {"ECOMLAB_HEADLESS": "1"} | (environment or {})
    extensions = [OUTPUTS]
    if offline:
        environment["ECOMLAB_OFFLINE"] = "1"
        extensions.append(OFFLINE)
    try:
        return papermill.execute_notebook(
            node,
            str(output).replace("{", "{{").replace("}", "}}"),  # papermill formats it
            parameters,
            kernel_name=kernel,
            language="python",
            kernel_manager_class=kernel_manager_class(folder, watch, environment),
            execution_timeout=cell_timeout,
            iopub_timeout=WAIT_FOR_OUTPUTS,
            # Else the whole is written twice for each cell: three seconds in a long lesson.
            request_save_on_cell_execute=False,
            progress_bar=False,
            on_cell_start=watch.cell_started,
            on_cell_executed=watch.cell_executed,
            on_notebook_start=watch.notebook_started,
            extra_arguments=[f"--IPKernelApp.extra_extensions={each}" for each in extensions],
        )
    except papermill.PapermillExecutionError:  # it saved what ran, and marked the failing cell
        raise
    except BaseException as error:
        if watch.notebook is not None:
            nbformat.write(watch.notebook, output)
        elif isinstance(error, RuntimeError) and "Kernel died before replying" in str(error):
            raise _NoKernel(last_words(folder)) from None  # says more: why it died
        raise


class _NoKernel(Exception):
    """What a kernel's process said before it died."""


def _of_a_living_kernel(record):
    """Leave out that a kernel died while its cell was waited for: after Ctrl-C it was ended."""
    from nbclient.exceptions import DeadKernelError

    return not (record.exc_info and isinstance(record.exc_info[1], DeadKernelError))


def _failing_line(traceback):
    """Return the line that IPython's traceback points at with an arrow, in the cell itself."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(traceback))
    arrow = re.search(r"^-+> \d+ (.*)$", plain[plain.find("Cell In[") :], flags=re.MULTILINE)
    return arrow.group(1).strip()[:60] if arrow else ""
