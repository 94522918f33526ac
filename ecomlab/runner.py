"""One notebook run: parameters checked before a kernel starts, then papermill.

papermill warns where it should refuse, so everything is checked here first: an unknown
name, a value of the wrong kind, an output outside its folder. What is written is written
to a temporary name and renamed, so a file that is there is whole.
"""

import ast
import contextlib
import difflib
import json
import logging
import math
import os
import re
import shutil
import tempfile
import threading
import time
import tokenize
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from ecomlab.project import BUILD, UserError, find_notebook, profile_parameters
from ecomlab.results import read_results


class RunFailed(Exception):
    """A notebook did not finish; the message names notebook, cell and cause in one line.

    Attributes
    ----------
    partial : Path or None
        The notebook as far as it came.
    """

    def __init__(self, message, partial=None):
        super().__init__(message)
        self.partial = partial


@dataclass(frozen=True)
class Parameter:
    """A declared parameter: its name, default value and the comment beside it."""

    name: str
    default: object
    comment: str


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


def declared_parameters(notebook):
    """Read the cell tagged `parameters`.

    Parameters
    ----------
    notebook : dict
        A loaded notebook.

    Returns
    -------
    dict of str to Parameter
        Empty where no cell has the tag.

    Raises
    ------
    UserError
        If the cell holds more than assignments of literals.
    """
    cells = [
        cell
        for cell in notebook["cells"]
        if cell["cell_type"] == "code" and "parameters" in cell["metadata"].get("tags", [])
    ]
    if len(cells) > 1:
        raise UserError("this notebook has more than one cell tagged `parameters`")
    if not cells:
        return {}
    source = "".join(cells[0]["source"])
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    declared = {}
    for statement in ast.parse(source).body:
        try:
            (target,) = statement.targets
            name, default = target.id, ast.literal_eval(statement.value)
        except (AttributeError, ValueError, TypeError):
            raise UserError(
                f"line {statement.lineno} of the `parameters` cell is not NAME = literal"
            ) from None
        declared[name] = Parameter(name, default, comments.get(statement.end_lineno, ""))
    return declared


def check_parameters(notebook, values):
    """Match given parameters with the declared ones, and give each its declared type.

    Parameters
    ----------
    notebook : dict
        A loaded notebook.
    values : dict
        Name to plain JSON value. A string is read as the default's type, as a command
        line gives it. A name may be written in any case.

    Returns
    -------
    dict
        Declared name to value.

    Raises
    ------
    UserError
        With every problem in one line.
    """
    declared = declared_parameters(notebook)
    by_lower = {name.lower(): name for name in declared}
    checked, problems = {}, []
    for given, value in values.items():
        name = given if given in declared else by_lower.get(str(given).lower())
        if name is None:
            near = difflib.get_close_matches(str(given).upper(), declared, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            known = ", ".join(declared) or "none"
            problems.append(f"no parameter {given!r}{hint}; declared: {known}")
            continue
        try:
            checked[name] = _coerce(value, declared[name].default)
        except ValueError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise UserError("; ".join(problems))
    return checked


def _coerce(value, default):
    """Give `value` the type of `default`, or raise ValueError saying what was expected."""
    if not isinstance(value, (str, bool, int, float, list, dict, type(None))):
        raise ValueError(
            f"a {type(value).__module__}.{type(value).__name__} is not a plain JSON value"
        )
    if isinstance(default, bool):
        return _coerce_bool(value)
    if isinstance(default, int):
        return _coerce_int(value)
    if isinstance(default, float):
        return _coerce_float(value)
    if isinstance(default, str):
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is not text (default {default!r})")
        return value
    if isinstance(default, list):
        return _coerce_list(value, default)
    if isinstance(value, str):
        with contextlib.suppress(json.JSONDecodeError):
            value = json.loads(value)
    if isinstance(default, dict) and not isinstance(value, dict):
        raise ValueError(f"{value!r} is not a JSON object")
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{value!r} is not a plain JSON value ({error})") from None
    return value


def _coerce_bool(value):
    if isinstance(value, bool):
        return value
    words = {"true": True, "yes": True, "on": True, "1": True}
    words |= {"false": False, "no": False, "off": False, "0": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise ValueError(f"{value!r} is neither true nor false")


def _coerce_int(value):
    number = None
    if not isinstance(value, bool):
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            number = float(value)
    if number is None or not number.is_integer():
        raise ValueError(f"{value!r} is not a whole number")
    # A string such as 1e3 is whole; a long integer must not lose digits on the way.
    return int(value) if isinstance(value, int) or str(value).isdigit() else int(number)


def _coerce_float(value):
    number = math.nan
    if not isinstance(value, bool):
        with contextlib.suppress(ValueError, TypeError):
            number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a finite number")
    return number


def _coerce_list(value, default):
    if isinstance(value, str):
        text = value.strip()
        try:
            value = json.loads(text if text.startswith("[") else f"[{text}]")
        except json.JSONDecodeError:
            value = [item.strip() for item in text.strip("[]").split(",")]
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is not a list")
    if not default:
        return [_coerce(item, None) for item in value]
    return [_coerce(item, default[0]) for item in value]


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


def run(
    notebook,
    output=None,
    parameters=None,
    *,
    profile="default",
    root=BUILD,
    offline=False,
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
    import nbformat

    path = find_notebook(notebook)
    output = resolve_output(output or path.name, root)
    if output == path:
        raise UserError(f"the output {output} would overwrite its input: name another")
    try:
        node = nbformat.read(path, as_version=4)
    except (nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        line = str(error).splitlines()[0]
        raise UserError(f"{path.name} does not read as a notebook: {line}") from None
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
            node, temporary, checked, path.stem, offline, cell_timeout, on_cell
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


def _execute(node, output, parameters, name, offline, cell_timeout, on_cell):
    """Run a notebook node through papermill, and turn each kind of failure into one line."""
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # each failure is told below
    watch = _Watch(on_cell)
    started = time.perf_counter()
    try:
        executed = papermill.execute_notebook(
            node,
            str(output),
            parameters,
            kernel_manager_class=_kernel_manager_class(watch, offline),
            execution_timeout=cell_timeout,
            progress_bar=False,
            on_cell_start=watch.cell_started,
            on_cell_executed=watch.cell_executed,
            on_notebook_start=watch.notebook_started,
            extra_arguments=["--IPKernelApp.extra_extensions=ecomlab.offline"] if offline else [],
        )
    except papermill.PapermillExecutionError as error:
        cause = f"{error.ename}: {error.evalue}".strip().splitlines()[0]
        line = _failing_line(error.traceback) or _first_line(error.source)
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


def _first_line(source):
    lines = [line for line in source.splitlines() if line.strip() and not line.startswith("#")]
    return lines[0].strip()[:60] if lines else ""


def _kernel_manager_class(watch, offline):
    """Build the kernel manager class of one run.

    papermill passes on the class but no environment and no transport, so both are set
    inside. Kernels talk over IPC (files in a private folder) where the system has it:
    no port to race for, and nothing for others on a shared machine to connect to.
    """
    from jupyter_client import AsyncKernelManager

    class RunKernelManager(AsyncKernelManager):
        def __init__(self, **keywords):
            super().__init__(**keywords)
            # Unique and short for each run: two runs from one folder would otherwise
            # share a socket, and a socket's path may have about 100 characters.
            self.folder = Path(tempfile.mkdtemp(prefix="ecomlab-"))
            self.connection_file = str(self.folder / "kernel.json")
            if os.name != "nt":
                self.transport = "ipc"
                self.ip = str(self.folder / "k")

        async def _async_start_kernel(self, **keywords):
            environment = keywords.pop("env", None) or os.environ.copy()
            environment["ECOMLAB_HEADLESS"] = "1"
            if offline:
                environment["ECOMLAB_OFFLINE"] = "1"
            # What the kernel process says outside its cells: of use only if it cannot start.
            with (self.folder / "log").open("wb") as log:
                await super()._async_start_kernel(env=environment, stderr=log, **keywords)
            watch.kernel_started(self.provisioner.pid)

        start_kernel = _async_start_kernel

        async def _async_cleanup_resources(self, restart=False):
            await super()._async_cleanup_resources(restart=restart)
            if not restart and self.folder.exists():
                words = (self.folder / "log").read_text(errors="replace").strip().splitlines()
                watch.last_words = words[-1] if words else "it said nothing"
                shutil.rmtree(self.folder, ignore_errors=True)

        cleanup_resources = _async_cleanup_resources

    return RunKernelManager


class _Watch:
    """Follow one run: the cell it is at, and the memory that its kernel takes."""

    def __init__(self, on_cell, interval=0.25):
        self.peak_mb = 0.0
        self.where = "before the first cell"
        self.last_words = "it said nothing"
        self._on_cell = on_cell
        self._cells_in_all = self._cells_done = 0
        self._interval = interval
        self._stopped = threading.Event()
        self._thread = None

    async def notebook_started(self, notebook):
        self._cells_in_all = sum(cell.cell_type == "code" for cell in notebook.cells)

    async def cell_started(self, cell, cell_index):
        self.where = f"cell {cell_index + 1}, `{_first_line(cell.source)}`"

    async def cell_executed(self, cell, cell_index, execute_reply):
        self._cells_done += 1
        if self._on_cell:
            self._on_cell(self._cells_done, self._cells_in_all)

    def kernel_started(self, pid):
        self._thread = threading.Thread(target=self._sample, args=(pid,), daemon=True)
        self._thread.start()

    def stop(self):
        self._stopped.set()
        if self._thread:
            self._thread.join()

    def _sample(self, pid):
        import psutil

        with contextlib.suppress(psutil.NoSuchProcess):
            kernel = psutil.Process(pid)
            while not self._stopped.wait(self._interval):
                total = 0
                for process in [kernel, *kernel.children(recursive=True)]:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        total += process.memory_info().rss
                self.peak_mb = max(self.peak_mb, total / 2**20)
