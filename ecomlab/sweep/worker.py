"""What runs on a sweep's workers: one notebook, brought as text, sent back as text."""

import contextlib
import os
import socket
import tempfile
import threading
from pathlib import Path

from ecomlab.errors import RunFailed
from ecomlab.results import read_results
from ecomlab.running.one import run as run_notebook
from ecomlab.running.processors import environment_of_threads
from ecomlab.running.versions import versions

# One run at a time in a process: the limits of threads stand in its environment.
_turn = threading.Lock()
_jobs = set()


def jobs_here(keys):
    """Return how many of the jobs with these keys this worker process has at hand."""
    return len(_jobs.intersection(keys))


def run_job(job, parameters):
    """Run one notebook on a worker.

    Parameters
    ----------
    job : dict
        `name` and `text` of the notebook, `threads` and `cell_timeout`.
    parameters : dict

    Returns
    -------
    dict
        `text` (the executed notebook, as far as it came), `results`, `failure` (None or one
        line), `seconds`, `peak_memory_mb`, `host` and `versions`.
    """
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()
    outcome = {"results": {}, "seconds": 0.0, "peak_memory_mb": 0.0, "host": socket.gethostname()}
    outcome |= {"text": "", "failure": None, "versions": versions()}
    _jobs.add(key)
    try:
        with _turn, tempfile.TemporaryDirectory(dir=worker.local_directory) as folder:
            os.environ.update(environment_of_threads(job["threads"]))
            source = Path(folder) / job["name"]
            source.write_text(job["text"], encoding="utf-8")
            with _ended_when_unwanted(worker, key):
                _run_there(source, parameters, job["cell_timeout"], outcome)
    except Exception as error:  # a full disk there, a kernel not installed: this run's fault only
        message = f"{type(error).__name__}: {error}".splitlines()[0]
        outcome["failure"] = f"on {outcome['host']}: {message}"
    finally:
        _jobs.discard(key)
    return outcome


def _run_there(source, parameters, cell_timeout, outcome):
    """Run the notebook in its own folder and put what came of it into `outcome`."""
    root = source.parent / "out"
    try:
        result = run_notebook(source, parameters=parameters, root=root, cell_timeout=cell_timeout)
    except RunFailed as error:
        outcome["failure"] = str(error)
        if error.partial:
            outcome["text"] = error.partial.read_text(encoding="utf-8")
        return
    outcome["text"] = result.path.read_text(encoding="utf-8")
    outcome["results"] = read_results(result.path)
    outcome["seconds"] = round(result.seconds, 3)
    outcome["peak_memory_mb"] = round(result.peak_memory_mb, 1)


@contextlib.contextmanager
def _ended_when_unwanted(worker, key):
    """End the kernel once nobody waits for the run any more.

    Dask cannot stop a job that runs. The client may have taken it back or died, or the
    worker may be closing: then the kernel is killed, and the job ends by that.
    """
    import psutil

    here = psutil.Process()
    others, ended = {child.pid for child in here.children()}, threading.Event()

    def watch():
        while not ended.wait(0.5):
            task = worker.state.tasks.get(key)
            wanted = task is not None and task.state in ("executing", "long-running")
            if wanted and worker.status.name in ("running", "paused"):
                continue
            with contextlib.suppress(psutil.NoSuchProcess):
                for child in here.children():
                    if child.pid not in others:
                        for process in [*child.children(recursive=True), child]:
                            with contextlib.suppress(psutil.NoSuchProcess):
                                process.kill()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
