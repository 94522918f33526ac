"""The kernel of one run: how it is started and reached, and what memory it takes."""

import contextlib
import os
import signal
import threading
import uuid
from pathlib import Path


def first_line(source):
    """Return the first line of a cell that is code, cut."""
    lines = [line for line in source.splitlines() if line.strip() and not line.startswith("#")]
    return lines[0].strip()[:60] if lines else ""


def kernel_manager_class(folder, watch, environment):
    """Build the kernel manager class of one run.

    papermill passes on the class, but no environment and no transport, so both are set inside.
    Kernels talk over IPC (files in a private folder) where the system has it: no port to race
    for, and nothing for others on a shared machine to connect to. Everything here is
    jupyter_client's public interface: a provisioner launches, the manager says how to talk.

    Parameters
    ----------
    folder : Path
        The run's own: connection file, sockets, and `log`, what the kernel's process says
        outside its cells.
    watch : Watch
    environment : dict of str to str
        Added to the kernel's environment variables.
    """
    from jupyter_client import AsyncKernelManager
    from jupyter_client.provisioning import LocalProvisioner

    class RunProvisioner(LocalProvisioner):
        async def launch_kernel(self, cmd, *, env, **keywords):
            with (folder / "log").open("wb") as log:
                keywords |= {"env": env | environment, "stderr": log}
                connection = await super().launch_kernel(cmd, **keywords)
            watch.kernel_started(self.pid)
            return connection

    class RunKernelManager(AsyncKernelManager):
        def __init__(self, **keywords):
            super().__init__(**keywords)
            self.connection_file = str(folder / "kernel.json")
            if _has_room_for_sockets(folder):
                self.transport = "ipc"
                self.ip = str(folder / "k")
            self.kernel_id = str(uuid.uuid4())
            self.provisioner = RunProvisioner(
                kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self
            )

    return RunKernelManager


def _has_room_for_sockets(folder):
    """Tell whether the path of a socket in a folder is short enough: about 100 bytes."""
    import zmq

    longest = os.fsencode(folder / "k-5")  # five sockets, numbered
    return os.name != "nt" and len(longest) <= zmq.IPC_PATH_MAX_LEN


def last_words(folder):
    """Return the last line that a kernel's process said outside its cells."""
    log = Path(folder) / "log"
    words = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return words[-1][:240] if words else "it said nothing"


def memory_mb(pid):
    """Return the memory of a process with all its children, in MB; 0 where it has ended."""
    import psutil

    total = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        whole = psutil.Process(pid)
        for process in [whole, *whole.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
    return total / 2**20


class Watch:
    """Follow one run: the cell it is at, and the memory that its kernel takes."""

    def __init__(self, on_cell, interval=0.25):
        self.peak_mb = 0.0
        self.where = None  # before the first cell
        self.notebook = None  # with what its cells gave so far, once the kernel answers
        self._on_cell = on_cell
        self._cells_in_all = self._cells_done = 0
        self._interval = interval
        self._stopped = threading.Event()
        self._thread = None

    async def notebook_started(self, notebook):
        self.notebook = notebook
        self._cells_in_all = sum(cell.cell_type == "code" for cell in notebook.cells)

    async def cell_started(self, cell, cell_index):
        self.where = f"cell {cell_index + 1}, `{first_line(cell.source)}`"

    async def cell_executed(self, cell, cell_index, execute_reply):
        self._cells_done += 1
        if self._on_cell:
            self._on_cell(self._cells_done, self._cells_in_all)

    def kernel_started(self, pid):
        self._kernel = pid
        self._thread = threading.Thread(target=self._sample, args=(pid,), daemon=True)
        self._thread.start()

    def stop(self):
        self._stopped.set()
        if self._thread:
            self._thread.join()
            # The kernel leads a process group: what its cells started ends with it.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._kernel, signal.SIGKILL)

    def _sample(self, pid):
        while not self._stopped.wait(self._interval):
            self.peak_mb = max(self.peak_mb, memory_mb(pid))
