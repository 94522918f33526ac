"""Many runs of one notebook, on the cores of this machine or on a Dask cluster.

A job carries the notebook's text and brings the executed text back, so workers need no
disk in common. A run is on disk, whole, before it counts as finished; whatever stops a
sweep, the same command goes on from there.
"""

import contextlib
import json
import logging
import math
import re
import time
import uuid
from pathlib import Path

from ecomlab import __version__
from ecomlab.errors import RunFailed, UserError
from ecomlab.files import write_text
from ecomlab.project import find_notebook
from ecomlab.results import code_hash
from ecomlab.running.one import read_notebook
from ecomlab.sweep.grid import plan
from ecomlab.sweep.worker import jobs_here, run_job

SWEEP_FILE = "sweep.json"
MEMORY_OF_A_RUN = 4 * 1024**3


def sweep(
    notebook,
    grid,
    out,
    *,
    profile="default",
    random=None,
    seed=1,
    scheduler=None,
    workers=None,
    threads=1,
    cell_timeout=None,
):
    """Run a notebook with every combination of a grid, and keep what each recorded.

    Parameters
    ----------
    notebook, grid, profile, random, seed
        As for `plan`.
    out : str or Path
        The folder of results. Runs that are finished there are not run again.
    scheduler : str, optional
        Address of a Dask scheduler, for example `tcp://host:8786`; by default the workers
        are processes of this machine.
    workers : int, optional
        How many of those; by default one a core, if memory gives each 4 GB.
    threads : int
        How many threads TensorFlow and the numerical libraries take in each run.
    cell_timeout : float, optional
        Seconds a single cell may take.

    Returns
    -------
    list of dict
        The record of each planned run: `key`, `given`, `parameters`, `results`, `failure`
        (None, or one line that names cell and error), `seconds`, `peak_memory_mb`, `host`.

    Raises
    ------
    UserError
        Bad input, a folder with runs of another notebook, or no scheduler at the address.
        No run was started.
    RunFailed
        The scheduler was lost or the disk is full. Finished runs are kept.
    """
    from filelock import FileLock, Timeout

    runs = plan(notebook, grid, profile=profile, random=random, seed=seed)
    path, out = find_notebook(notebook), Path(out).resolve()
    _check_place(scheduler, workers)
    node = read_notebook(path)
    for cell in node.cells:  # a job need not carry old outputs over the network
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    about = {
        "notebook": path.name,
        "title": node.metadata.get("ecomlab", {}).get("title") or path.stem,
        "headline": node.metadata.get("ecomlab", {}).get("headline", {}),
        # Without the parameters cell: a default that changed makes other runs, not another sweep.
        "code": code_hash(node, {}),
        "ecomlab": __version__,
    }
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: name a folder for --out")
    _refuse_another_notebook(out, about)
    (out / "runs").mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(out / ".lock", timeout=0):
            _save(out / SWEEP_FILE, json.dumps(about, indent=1, ensure_ascii=False) + "\n")
            job = {
                "name": path.name,
                "text": json.dumps(node, ensure_ascii=False),
                "threads": threads,
                "cell_timeout": cell_timeout,
            }
            return _Sweep(runs, out, job).run(scheduler, workers)
    except Timeout:
        raise UserError(f"another sweep is writing to {out}: let it end first") from None


def _check_place(scheduler, workers):
    if workers is not None and scheduler:
        raise UserError("--workers is for this machine: a scheduler has its own")
    if workers is not None and workers < 1:
        raise UserError(f"--workers {workers}: a sweep needs one at least")
    if scheduler and not re.fullmatch(r"\w+://.+:\d+", scheduler):
        raise UserError(f"--scheduler takes tcp://host:8786, not {scheduler!r}")


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


def _refuse_another_notebook(out, about):
    if not (out / SWEEP_FILE).exists():
        return
    there, _ = read_sweep(out)
    if there["code"] != about["code"]:
        same = there["notebook"] == about["notebook"]
        what = f"{there['notebook']} with other code" if same else there["notebook"]
        raise UserError(f"{out} holds runs of {what}: name another folder for {about['notebook']}")


def _save(path, text):
    """Write a file whole or not at all; an error names the file."""
    try:
        write_text(path, text)
    except OSError as error:
        error.filename = str(path)
        raise


class _Sweep:
    """The client's side: hand out jobs, keep what comes back."""

    def __init__(self, runs, out, job):
        self._runs, self._out, self._job = runs, out, job
        _, records = read_sweep(out)
        keys = {run.key for run in runs}
        self._records = {r["key"]: r for r in records if r["key"] in keys and not r["failure"]}
        self._earlier = len(self._records)
        self._waiting = [run for run in runs if run.key not in self._records]
        self._running = {}
        self._bar = None
        self._places, self._asked, self._told_to_wait = 0, -math.inf, False

    def run(self, scheduler, workers):
        from tqdm import tqdm

        if self._earlier:
            print(f"{self._earlier} of {len(self._runs)} runs are finished in {self._out} already")
        if self._waiting:
            total, done = len(self._runs), self._earlier
            with (
                _quiet_dask(),
                _connected(scheduler, workers, len(self._waiting)) as client,
                tqdm(total=total, initial=done, unit="run", disable=None) as self._bar,
            ):
                self._drive(client)
        return [self._records[run.key] for run in self._runs]

    def _drive(self, client):
        """Keep every worker busy until all runs have ended."""
        try:
            while self._waiting or self._running:
                self._hand_out(client)
                if not self._collect():
                    time.sleep(0.1)
                if client.status != "running":
                    raise _SchedulerLost
        except OSError as error:
            self._abandon(client)
            raise RunFailed(
                f"{error.strerror or error}: {error.filename or self._out}; {self._kept()}"
            ) from None
        except _SchedulerLost:
            raise RunFailed(f"the connection to the scheduler was lost; {self._kept()}") from None
        except KeyboardInterrupt:
            self._collect()
            self._abandon(client)
            self._bar.write(f"stopped; {self._kept()}")
            raise

    def _kept(self):
        done = sum(not record["failure"] for record in self._records.values())
        return (
            f"{done} of {len(self._runs)} runs are finished and kept in {self._out}: "
            "the same command goes on from there"
        )

    def _hand_out(self, client):
        """Submit one run for each idle worker, and no more.

        Dask blames a worker's death on every job that it held. A run that exhausts the
        memory must not take others with it, so none waits on a worker.
        """
        if not self._waiting:
            return
        if len(self._running) >= self._places and time.monotonic() > self._asked + 1:
            self._places, self._asked = _workers_now(client), time.monotonic()
            if not self._places and not self._told_to_wait:
                self._bar.write("the scheduler has no worker yet: waiting for one")
                self._told_to_wait = True
        while self._waiting and len(self._running) < self._places:
            run = self._waiting.pop(0)
            key = f"ecomlab-{run.key}-{uuid.uuid4().hex[:8]}"
            future = client.submit(run_job, self._job, run.parameters, key=key, pure=False)
            self._running[future] = run

    def _collect(self):
        """Keep what has ended; tell whether anything had."""
        ended = [future for future in self._running if future.status != "pending"]
        for future in ended:
            if future.status in ("cancelled", "lost"):
                raise _SchedulerLost
            run = self._running[future]
            self._keep(run, _outcome(future))
            del self._running[future]
        return bool(ended)

    def _keep(self, run, outcome):
        text = outcome.pop("text")
        record = {"key": run.key, "given": run.given, "parameters": run.parameters} | outcome
        whole, partial = (
            self._out / "runs" / f"{run.name}{end}" for end in (".ipynb", ".partial.ipynb")
        )
        if text:
            _save(partial if record["failure"] else whole, text)
        # The record comes last: a run that has one has its notebook too.
        _save(self._out / "runs" / f"{run.name}.json", json.dumps(record, ensure_ascii=False))
        if not record["failure"]:
            partial.unlink(missing_ok=True)
        self._records[run.key] = record
        self._bar.update()
        told = record["failure"] or f"{record['seconds']:.0f} s"
        self._bar.write(f"{', '.join(f'{n}={v}' for n, v in run.given.items())}: {told}")

    def _abandon(self, client):
        """Take the jobs back and wait until their kernels are gone."""
        with contextlib.suppress(Exception):  # if this fails, workers end kernels themselves
            keys = [future.key for future in self._running]
            client.cancel(list(self._running), force=True)
            deadline = time.monotonic() + 10
            while any(client.run(jobs_here, keys).values()) and time.monotonic() < deadline:
                time.sleep(0.2)


class _SchedulerLost(Exception):
    """The scheduler does not answer any more."""


def _workers_now(client):
    try:
        return len(client.nthreads())
    except OSError:  # what Dask raises where a connection breaks
        raise _SchedulerLost from None


def _outcome(future):
    """Return what a job brought back; a job that Dask gave up is a failed run too."""
    from distributed import CancelledError, KilledWorker

    failed = {"results": {}, "seconds": 0.0, "peak_memory_mb": 0.0, "host": "", "text": ""}
    try:
        return future.result()
    except KilledWorker:
        failed["failure"] = "each worker that ran it died (often: out of memory)"
    except Exception as error:
        if isinstance(error, CancelledError) or future.client.status != "running":
            raise _SchedulerLost from None
        message = f"{type(error).__name__}: {error}".splitlines()[0]
        failed["failure"] = f"the worker could not run it: {message}"
    return failed


@contextlib.contextmanager
def _quiet_dask():
    """Leave out Dask's log lines, whatever their logger: what they tell of is told in ours."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


@contextlib.contextmanager
def _connected(scheduler, workers, runs):
    """Give a client of the named scheduler, or of workers started here."""
    from distributed import Client, LocalCluster

    if scheduler:
        try:
            client = Client(scheduler, timeout=10, set_as_default=False)
        except (OSError, ValueError) as error:
            line = str(error).splitlines()[0]
            raise UserError(f"no scheduler answers at {scheduler}: {line}") from None
        with client:
            _check_workers(client)
            yield client
        return
    with (
        LocalCluster(
            n_workers=min(workers or _default_workers(), runs),
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # any free port: 8787 may be taken
            scheduler_kwargs={"dashboard": False},
            memory_limit=None,  # what Dask would watch is the worker, and memory goes to its kernel
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        client.register_plugin(_deaf_to_interrupts())
        yield client


def _check_workers(client):
    """Tell at once which workers lack this package, before every run fails on them."""
    # `eval` is on any worker; a function of this package is not.
    found = client.run(eval, "__import__('ecomlab').__version__", on_error="return")
    other = {}
    for place, answer in sorted(found.items()):
        if isinstance(answer, (ImportError, AttributeError)):
            other[place] = "no ecomlab that can be imported"
        elif isinstance(answer, str) and answer != __version__:
            other[place] = f"ecomlab {answer}"
    if other:  # a worker that was lost meanwhile is Dask's affair
        place, has = next(iter(other.items()))
        raise UserError(
            f"the worker at {place} has {has}, and this is {__version__}"
            + (f" ({len(other)} workers differ)" if len(other) > 1 else "")
            + ": install the same version, with its packages, on every worker"
        )


def _default_workers():
    import psutil
    from dask.system import CPU_COUNT

    return max(1, min(CPU_COUNT, psutil.virtual_memory().available // MEMORY_OF_A_RUN))


def _deaf_to_interrupts():
    """Make workers ignore Ctrl-C: the terminal sends it to them too, and the client decides."""
    import signal

    from distributed import WorkerPlugin

    class DeafToInterrupts(WorkerPlugin):
        name = "ecomlab-deaf-to-interrupts"

        def setup(self, worker):
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    return DeafToInterrupts()
