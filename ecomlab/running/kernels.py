"""The kernel of one run: how it is started and reached, and what memory it takes."""

import contextlib
import os
import shutil
import tempfile
import threading
from pathlib import Path


def first_line(source):
    """Return the first line of a cell that is code, cut."""
    lines = [line for line in source.splitlines() if line.strip() and not line.startswith("#")]
    return lines[0].strip()[:60] if lines else ""


def kernel_manager_class(watch, offline, environment=None):
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
            variables = (keywords.pop("env", None) or os.environ) | (environment or {})
            variables["ECOMLAB_HEADLESS"] = "1"
            if offline:
                variables["ECOMLAB_OFFLINE"] = "1"
            # What the kernel process says outside its cells: of use only if it cannot start.
            with (self.folder / "log").open("wb") as log:
                await super()._async_start_kernel(env=variables, stderr=log, **keywords)
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
        self.where = f"cell {cell_index + 1}, `{first_line(cell.source)}`"

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
        while not self._stopped.wait(self._interval):
            self.peak_mb = max(self.peak_mb, memory_mb(pid))
