"""Many notebooks, each in a process of its own.

A dead kernel or a lack of memory in one of them leaves the others alone.
"""

import json
import os
import re
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import psutil

from ecomlab.project import BUILD, lessons, read_lesson
from ecomlab.running.pace import Pace, in_words
from ecomlab.stopping import Children


def run_all(
    paths=None,
    *,
    profile="default",
    folder=BUILD / "notebooks",
    jobs=1,
    offline=False,
    pace=None,
    on_end=None,
):
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
    pace : Pace, optional
        What is known of this machine, for the time left.
    on_end : callable, optional
        Called with a notebook's name and its outcome as soon as it has ended.

    Returns
    -------
    dict of str to dict
        For each notebook, by name and in order: `path` (None where it failed), `seconds`,
        `peak_memory_mb` and `failure` (a line, or None).
    """
    paths = [lesson.path for lesson in lessons()] if paths is None else paths
    folder.mkdir(parents=True, exist_ok=True)
    # The longest first: none is left to run alone at the end. What measures seconds has the
    # machine to itself, after the others.
    queue = sorted(map(read_lesson, paths), key=lambda lesson: lesson.minutes, reverse=True)
    outcomes, children = {}, Children()
    with _Progress(queue, pace or Pace(jobs)) as progress:

        def run_one(lesson):
            progress.started(lesson)
            return lesson, _run_in_process(
                lesson.path, profile, folder, offline, children, progress.at_cell
            )

        try:
            for timed, at_once in ((False, jobs), (True, 1)):
                pool = ThreadPoolExecutor(max_workers=at_once)
                pending = {pool.submit(run_one, one) for one in queue if one.timed is timed}
                while pending:
                    done, pending = wait(pending, timeout=1, return_when=FIRST_COMPLETED)
                    for future in done:
                        lesson, outcome = future.result()
                        outcomes[lesson.name] = outcome
                        progress.ended(lesson, outcome)
                        if on_end:
                            on_end(lesson.name, outcome)
                    progress.refresh()
        finally:
            children.end()  # each ends its kernel and keeps what ran
            pool.shutdown(wait=False, cancel_futures=True)
    return {path.stem: outcomes[path.stem] for path in paths}


def default_jobs():
    """Return how many lessons to run at once: two where cores and memory allow.

    A lesson may take 4 GB.
    """
    enough = psutil.virtual_memory().available >= 2 * 4 * 1024**3
    return 2 if enough and (os.cpu_count() or 1) >= 2 else 1


class _Progress:
    """A bar for people who watch: what is done, what runs, the time left. Else plain lines."""

    def __init__(self, lessons, pace):
        self._waiting, self._running = list(lessons), {}
        self._pace, self._all = pace, len(lessons)

    def __enter__(self):
        from tqdm import tqdm

        self._bar = tqdm(
            total=self._all,
            disable=None,
            dynamic_ncols=True,
            bar_format="{n_fmt} of {total_fmt} lessons |{bar:10}| {elapsed}{postfix}",
        )
        return self

    def __exit__(self, *_):
        self._bar.close()

    def started(self, lesson):
        self._waiting.remove(lesson)
        self._running[lesson.name] = (lesson, time.monotonic(), "starting")

    def at_cell(self, name, cell):
        lesson, since, _ = self._running[name]
        self._running[name] = (lesson, since, f"at cell {cell}")

    def ended(self, lesson, outcome):
        from tqdm import tqdm

        del self._running[lesson.name]
        told = outcome["failure"]
        if not told:
            self._pace.ended(lesson, outcome["seconds"])
            told = f"{outcome['seconds']:.0f} s, {outcome['peak_memory_mb'] / 1024:.1f} GB"
        self._bar.update()
        done = self._all - len(self._waiting) - len(self._running)
        left = f"; {self._time_left()}" if done < self._all and self._time_left() else ""
        tqdm.write(f"{lesson.name}: {told} ({done} of {self._all}{left})")

    def refresh(self):
        words = [
            f"{name.split('_')[0]} {where}" for name, (_, _, where) in [*self._running.items()]
        ]
        self._bar.set_postfix_str(", ".join([self._time_left(), *words]).lstrip(", "))

    def _time_left(self):
        now, running = time.monotonic(), [*self._running.values()]
        running = [(lesson, now - since) for lesson, since, _ in running]
        return in_words(self._pace.minutes_left(running, self._waiting))


def _run_in_process(path, profile, folder, offline, children, at_cell):
    report = folder / f".{path.stem}.{os.getpid()}.json"
    command = [sys.executable, "-m", "ecomlab", "run", str(path), "--profile", profile]
    command += ["--root", str(folder), "--report", str(report), "--quiet", "--with-parent"]
    command += ["--offline"] if offline else []
    try:
        process = children.start(command)
        last = ""
        for line in process.stderr:
            if match := re.match(r"cell (\d+/\d+)$", line.strip()):
                at_cell(path.stem, match[1])
            elif line.strip():
                last = line.strip()
        if process.wait() == 0:
            return json.loads(report.read_text(encoding="utf-8")) | {"failure": None}
        failure = last.removeprefix("ecomlab: ") or f"stopped with exit code {process.returncode}"
        return {"path": None, "seconds": 0.0, "peak_memory_mb": 0.0, "failure": failure}
    finally:
        report.unlink(missing_ok=True)
