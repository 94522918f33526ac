"""The whole workbook at once: run every lesson, build the pages, store the outputs.

Each lesson runs in a process of its own, so that Ctrl-C, a dead kernel or a lack of
memory in one of them leaves the others alone.
"""

import contextlib
import json
import os
import platform
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed

import psutil

from ecomlab.project import (
    BUILD,
    FULL_RESULTS,
    NOTEBOOKS,
    ROOT,
    UserError,
    lessons,
    profile_parameters,
    read_lesson,
)
from ecomlab.render import render, without_tensorflow_noise, write_index, write_text
from ecomlab.results import code_hash, read_results, shown
from ecomlab.runner import declared_parameters

README_MARKS = ("<!-- results: written by `ecomlab store` -->", "<!-- end of results -->")


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


def build(outcomes, folder=BUILD):
    """Turn executed lessons into pages and an index that opens with no network.

    Parameters
    ----------
    outcomes : dict
        What `run_all` returned.
    folder : Path

    Returns
    -------
    Path
        The index page.
    """
    known = {lesson.name: lesson for lesson in lessons()}
    done = [name for name, outcome in outcomes.items() if outcome["path"]]
    rows, results = [], []
    for name, outcome in outcomes.items():
        row = {
            "title": known[name].title,
            "dataset": known[name].dataset,
            "page": None,
            "seconds": f"{outcome['seconds']:.0f}",
            "memory": f"{outcome['peak_memory_mb'] / 1024:.1f} GB",
            "failure": outcome["failure"],
        }
        if outcome["path"]:
            row["page"] = f"{name}.html"
            place = done.index(name)
            links = [("All lessons", "index.html")]
            if place > 0:
                links.append(("Previous lesson", f"{done[place - 1]}.html"))
            if place + 1 < len(done):
                links.append(("Next lesson", f"{done[place + 1]}.html"))
            render(outcome["path"], folder / f"{name}.html", links=links)
            recorded = {k: shown(value) for k, value in read_results(outcome["path"]).items()}
            headline = {
                label: recorded[k] for k, label in known[name].headline.items() if k in recorded
            }
            results.append({"title": row["title"], "headline": headline, "recorded": recorded})
        rows.append(row)
    return write_index(folder, rows, results)


def store(name, executed):
    """Put an executed lesson's outputs into the lesson itself, cleaned and normalised.

    Parameters
    ----------
    name : str
        The lesson's name.
    executed : Path
        Its executed copy, run in the default profile with no parameters.

    Raises
    ------
    UserError
        If the outputs hold anything on stderr beyond TensorFlow's start-up lines, or the
        copy was run from other code.
    """
    import nbformat

    path = NOTEBOOKS / f"{name}.ipynb"
    node = nbformat.read(executed, as_version=4)
    source = nbformat.read(path, as_version=4)
    if code_hash(node) != code_hash(source):
        raise UserError(f"{name} changed since {executed} was run: run it again")
    # Prose and metadata may have been mended since the run: only the outputs are taken.
    cells = [[c for c in n.cells if c.cell_type == "code"] for n in (source, node)]
    for cell, run in zip(*cells, strict=True):
        cell.outputs, cell.execution_count = run.outputs, run.execution_count
    write_text(path, nbformat.writes(normalise(source)) + "\n")


def normalise(node):
    """Drop from a notebook what differs between two machines or two runs.

    Parameters
    ----------
    node : nbformat.NotebookNode

    Returns
    -------
    nbformat.NotebookNode
        The same node, changed in place.

    Raises
    ------
    UserError
        If a cell wrote to stderr.
    """
    from nbformat import NotebookNode

    node.metadata = NotebookNode(
        ecomlab=node.metadata.get("ecomlab", NotebookNode()),
        kernelspec=NotebookNode(display_name="Python 3", language="python", name="python3"),
        language_info=NotebookNode(name="python"),
    )
    for index, cell in enumerate(node.cells, start=1):
        cell.id = f"cell-{index:02d}"
        keep = {key: cell.metadata[key] for key in ("section", "tags") if cell.metadata.get(key)}
        cell.metadata = NotebookNode(keep)
        if cell.cell_type != "code":
            continue
        cell.outputs = without_tensorflow_noise(cell.outputs)
        for output in cell.outputs:
            if output.output_type == "stream" and output.name == "stderr":
                raise UserError(f"cell {index} wrote to stderr: {output.text.strip()}")
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count
    return node


def store_full(outcomes):
    """Write what the full profile measured to `notebooks/results/full.json`.

    Lessons that were not run keep the entry they had.
    """
    stored = {}
    with contextlib.suppress(FileNotFoundError):
        stored = json.loads(FULL_RESULTS.read_text(encoding="utf-8"))
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    for name, outcome in outcomes.items():
        if not outcome["path"]:
            continue
        stored[name] = {
            "results": read_results(outcome["path"]),
            "parameters": profile_parameters(name, "full"),
            "seconds": round(outcome["seconds"]),
            "peak_memory_mb": round(outcome["peak_memory_mb"]),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
            "commit": commit,
            "code_hash": full_hash(name),
        }
    text = json.dumps(dict(sorted(stored.items())), indent=1, ensure_ascii=False)
    write_text(FULL_RESULTS, text + "\n")


def full_hash(name):
    """Return the hash of a lesson's code and of all parameters of its full profile."""
    lesson = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))
    defaults = {p.name: p.default for p in declared_parameters(lesson).values()}
    return code_hash(lesson, defaults | profile_parameters(name, "full"))


def results_table():
    """Write the README's table from the stored notebooks and the full profile's file.

    Returns
    -------
    str
        Markdown, one row a recorded number that the lesson's metadata names as a headline.
    """
    full = {}
    with contextlib.suppress(FileNotFoundError):
        full = json.loads(FULL_RESULTS.read_text(encoding="utf-8"))
    lines = ["| lesson | measured | default profile | full profile |", "| --- | --- | --- | --- |"]
    for lesson in lessons():
        recorded = read_results(lesson.path)
        best = full.get(lesson.name, {}).get("results", {})
        link = f"[{lesson.title}](notebooks/{lesson.path.name})"
        for key, label in lesson.headline.items():
            cells = [shown(found[key]) if key in found else "" for found in (recorded, best)]
            lines.append(f"| {link} | {label} | {cells[0]} | {cells[1]} |")
            link = ""
    return "\n".join(lines)


def write_readme_table():
    """Put `results_table()` between the marks in the README."""
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8")
    start, end = README_MARKS
    before, rest = text.split(start)
    after = rest.split(end)[1]
    write_text(path, f"{before}{start}\n{results_table()}\n{end}{after}")
