"""Many runs of one notebook, on the cores of this machine or on a Dask cluster.

A job carries the notebook's text and brings the executed text back, so workers need no
disk in common. A run is on disk, whole, before it counts as finished; whatever stops a
sweep, the same command goes on from there.
"""

import contextlib
import json
import math
import time
import uuid
from pathlib import Path

from ecomlab.errors import RunFailed, UserError
from ecomlab.files import write_text
from ecomlab.project import find_notebook
from ecomlab.results import code_hash
from ecomlab.running.one import read_notebook
from ecomlab.running.versions import differences, versions
from ecomlab.sweep.cluster import check_place, connected, quiet_dask
from ecomlab.sweep.folder import SWEEP_FILE, read_sweep, refuse_another_notebook
from ecomlab.sweep.grid import plan
from ecomlab.sweep.worker import jobs_here, run_job


def sweep(
    notebook,
    grid,
    out,
    *,
    profile="default",
    random=None,
    seed=1,
    scheduler=None,
    security=None,
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
        The folder of results. Runs that are finished there are not run again, unless other
        versions of Python, ecomlab or the packages that compute made them.
    scheduler : str, optional
        Address of a Dask scheduler, for example `tcp://host:8786`; by default the workers
        are processes of this machine. A scheduler without TLS is open: whoever reaches its
        port can run any code on its workers, as the user who started them. Keep it inside a
        network that you trust, or let it listen at `tls://` with certificates.
    security : distributed.Security, optional
        Certificates for a scheduler at `tls://`; by default those that Dask's configuration
        names. See `ecomlab.sweep.cluster.tls_security`.
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
        (None, or one line that names cell and error), `seconds`, `peak_memory_mb`, `host`,
        `versions`.

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
    check_place(scheduler, workers, security)
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
    }
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: name a folder for --out")
    refuse_another_notebook(out, about)
    (out / "runs").mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(out / ".lock", timeout=0):
            write_text(out / SWEEP_FILE, json.dumps(about, indent=1, ensure_ascii=False) + "\n")
            job = {
                "name": path.name,
                "text": json.dumps(node, ensure_ascii=False),
                "threads": threads,
                "cell_timeout": cell_timeout,
            }
            return _Sweep(runs, out, job).run(scheduler, workers, security)
    except Timeout:
        raise UserError(f"another sweep is writing to {out}: let it end first") from None


class _Sweep:
    """The client's side: hand out jobs, keep what comes back."""

    def __init__(self, runs, out, job):
        self._runs, self._out, self._job = runs, out, job
        _, records = read_sweep(out)
        keys = {run.key for run in runs}
        finished = [r for r in records if r["key"] in keys and not r["failure"]]
        same = [r for r in finished if r.get("versions") == versions()]
        if other := [r.get("versions") for r in finished if r not in same]:
            why = differences(other[0], versions())
            print(f"{len(other)} finished runs in {out} are of other versions ({why}): run again")
        self._records = {record["key"]: record for record in same}
        self._earlier = len(self._records)
        self._waiting = [run for run in runs if run.key not in self._records]
        self._running = {}
        self._bar = None
        self._places, self._asked, self._told_to_wait = 0, -math.inf, False

    def run(self, scheduler, workers, security):
        from tqdm import tqdm

        if self._earlier:
            print(f"{self._earlier} of {len(self._runs)} runs are finished in {self._out} already")
        if self._waiting:
            total, done = len(self._runs), self._earlier
            with (
                quiet_dask(),
                connected(scheduler, workers, len(self._waiting), security) as client,
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
            with contextlib.suppress(OSError):  # the terminal may be closed
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
            write_text(partial if record["failure"] else whole, text)
        # The record comes last: a run that has one has its notebook too.
        write_text(self._out / "runs" / f"{run.name}.json", json.dumps(record, ensure_ascii=False))
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
    failed["versions"] = {}
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
