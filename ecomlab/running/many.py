"""Many notebooks, each in a process of its own.

Ctrl-C, a dead kernel or a lack of memory in one of them leaves the others alone.
"""

import json
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed

import psutil

from ecomlab.project import BUILD, lessons, read_lesson


def run_all(paths=None, *, profile="default", folder=BUILD / "notebooks", jobs=1, offline=False):
    """Run notebooks, the longest first, each in a process of its own, with progress shown.

    Parameters
    ----------
    paths : list of Path, optional
        All lessons by default.
    profile : {"quick", "default", "full"}
    folder : Path
        Where the executed notebooks go.
    jobs : int
        How many run at once. A lesson whose metadata say `timed` runs alone.
    offline : bool
        Close the notebooks' network.

    Returns
    -------
    dict of str to dict
        For each notebook, by name and in order: `path` (None where it failed), `seconds`,
        `peak_memory_mb` and `failure` (a line, or None).
    """
    from tqdm import tqdm

    paths = paths or [lesson.path for lesson in lessons()]
    folder.mkdir(parents=True, exist_ok=True)
    outcomes, processes, running = {}, [], {}
    # A bar for people who watch; plain lines where the output goes to a file.
    bar = tqdm(total=len(paths), unit="lesson", disable=None, dynamic_ncols=True)

    def show(name, cells):
        running[name] = f"{name[:2]} at cell {cells}"
        bar.set_postfix_str(", ".join(running.values()))

    def run_one(path):
        outcome = _run_in_process(path, profile, folder, offline, processes, show)
        running.pop(path.stem, None)
        return path.stem, outcome

    # The longest first: none is left to run alone at the end. What measures seconds has the
    # machine to itself, after the others.
    queue = sorted(map(read_lesson, paths), key=lambda lesson: lesson.minutes, reverse=True)
    groups = ([lesson for lesson in queue if lesson.timed is timed] for timed in (False, True))
    pools = []
    try:
        for group, at_once in zip(groups, (jobs, 1), strict=True):
            pools.append(pool := ThreadPoolExecutor(max_workers=at_once))
            for future in as_completed([pool.submit(run_one, lesson.path) for lesson in group]):
                name, outcome = future.result()
                outcomes[name] = outcome
                bar.update()
                done = f"{outcome['seconds']:.0f} s, {outcome['peak_memory_mb'] / 1024:.1f} GB"
                tqdm.write(f"{name}: {outcome['failure'] or done}")
    finally:
        for pool in pools:
            pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)  # it ends its kernel and keeps what ran
        bar.close()
    return {path.stem: outcomes[path.stem] for path in paths}


def default_jobs():
    """Return how many lessons to run at once: two where cores and memory allow.

    Two lessons at once take 14% less time than one after another on two cores. A lesson may
    take 4 GB.
    """
    enough = psutil.virtual_memory().available >= 2 * 4 * 1024**3
    return 2 if enough and (os.cpu_count() or 1) >= 2 else 1


def _run_in_process(path, profile, folder, offline, processes, show):
    report = folder / f".{path.stem}.{os.getpid()}.json"
    command = [sys.executable, "-m", "ecomlab", "run", str(path), "--profile", profile]
    command += ["--root", str(folder), "--report", str(report), "--quiet"]
    command += ["--offline"] if offline else []
    try:
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        processes.append(process)
        last = ""
        for line in process.stderr:
            if match := re.match(r"cell (\d+/\d+)$", line.strip()):
                show(path.stem, match[1])
            elif line.strip():
                last = line.strip()
        if process.wait() == 0:
            return json.loads(report.read_text(encoding="utf-8")) | {"failure": None}
        failure = last.removeprefix("ecomlab: ") or f"stopped with exit code {process.returncode}"
        return {"path": None, "seconds": 0.0, "peak_memory_mb": 0.0, "failure": failure}
    finally:
        report.unlink(missing_ok=True)
