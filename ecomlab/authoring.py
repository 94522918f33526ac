"""What authors do with lessons: store outputs and full results, restore.

A stored lesson holds nothing that differs between two machines or two runs. What is to be
stored is run into `build/` first, shown beside what it replaces, and taken afterwards.
"""

import contextlib
import datetime
import json
import os
import platform
import subprocess
from pathlib import Path

from ecomlab.doctor import HERE
from ecomlab.errors import UserError
from ecomlab.expected import (
    changes,
    compare,
    headline_bands,
    headline_wins,
    lost_wins,
    outside_bands,
    read_snapshot,
    snapshot_values,
    take_snapshot,
)
from ecomlab.files import write_text
from ecomlab.pages.links import relinked
from ecomlab.pages.notebook import without_tensorflow_noise
from ecomlab.project import (
    FULL_RESULTS,
    NOTEBOOKS,
    ROOT,
    profile_parameters,
    read_lesson,
)
from ecomlab.results import code_hash, read_full, read_results
from ecomlab.running.many import run_all
from ecomlab.running.one import run as run_one
from ecomlab.running.parameters import declared_parameters
from ecomlab.running.processors import environment_of_another, environment_of_threads
from ecomlab.running.records import made_of, read_record, write_record


def notebooks():
    """Return the path of every notebook that has a snapshot: lessons, the template, reports.

    Exercises have tests of their own, which also try the students' answers.
    """
    others = {".ipynb_checkpoints", "my_copies", "exercises"}
    found = (path for path in NOTEBOOKS.rglob("*.ipynb") if not others & set(path.parts))
    return sorted(found)


def run_changed(paths, *, profile, folder, jobs=1, fresh=False):
    """Run notebooks; one that ran into `folder` before and is the same since is left alone.

    Parameters
    ----------
    paths : list of Path
    profile : {"default", "full"}
    folder : Path
    jobs : int
    fresh : bool
        Run all of them.

    Returns
    -------
    dict of str to dict
        As `run_all` gives it.
    """
    looked_at = profile == "default"  # its outputs are stored; of the others only numbers
    parts = {path.stem: made_of(read_lesson(path), profile, looked_at=looked_at) for path in paths}
    outcomes = {}
    for path in paths:
        record = None if fresh else read_record(folder, path.stem, parts[path.stem])
        if record and not record["failure"]:
            outcomes[path.stem] = record | {"path": str(folder / path.name)}

    def note(name, outcome):
        write_record(folder, name, parts[name], outcome)

    left = [path for path in paths if path.stem not in outcomes]
    if left:
        outcomes |= run_all(left, profile=profile, folder=folder, jobs=jobs, on_end=note)
    return {path.stem: outcomes[path.stem] for path in paths}


def quick_runs(path, folder, *, fresh=False):
    """Run a notebook in the quick profile as often as its snapshot asks, each in one thread.

    Once as this machine computes; once as another processor would, with other seeds; once
    with other seeds again. What ran before and is the same since is left alone.

    Parameters
    ----------
    path : Path
    folder : Path
    fresh : bool
        Run it all the same.

    Returns
    -------
    list of dict
        What each run recorded, the first as `take_snapshot` wants it.

    Raises
    ------
    RunFailed
        If a run fails.
    UserError
        If a data set cannot be had here: its snapshot would tell of no rows.
    """
    parts = made_of(read_lesson(path), "quick")
    one_thread, another = environment_of_threads(), environment_of_another()
    if "bfloat16" in path.read_text(encoding="utf-8"):
        # Below AVX-512 oneDNN has no bfloat16, and TensorFlow, which asks the real processor,
        # would take it all the same and abort: its own kernels have it everywhere.
        another["TF_ENABLE_ONEDNN_OPTS"] = "0"
    ways = {
        "as_it_is": {"environment": one_thread},
        "other_processor": {
            "parameters": _other_seeds(path, 1000),
            "environment": one_thread | another,
        },
        "other_seeds": {"parameters": _other_seeds(path, 2000), "environment": one_thread},
    }
    found = []
    for way, options in ways.items():
        executed = folder / way / path.name
        if fresh or not read_record(executed.parent, path.stem, parts):
            done = run_one(path, root=executed.parent, profile="quick", offline=True, **options)
            outcome = {"seconds": done.seconds, "peak_memory_mb": done.peak_memory_mb}
            write_record(executed.parent, path.stem, parts, outcome | {"failure": None})
        found.append(read_results(executed))
    missing = [key for key in found[0] if key.startswith("rows_") and found[0][key] == 0]
    if missing:  # lesson 00 counts the rows of each data set that is there
        raise UserError(
            f"{path.stem} found no data: {', '.join(missing)}; `ecomlab data fetch --all`"
        )
    return found


def _other_seeds(path, by):
    """Return every parameter that holds seeds, moved on."""
    declared = declared_parameters(json.loads(path.read_text(encoding="utf-8")))
    used = {name: parameter.default for name, parameter in declared.items()}
    used |= profile_parameters(path.stem, "quick")
    return {
        name: [seed + by for seed in value] if isinstance(value, list) else value + by
        for name, value in used.items()
        if name == "SEED" or name.endswith("SEEDS")
    }


def moved(name, profile, results):
    """Say what a new run changes against what is stored.

    Parameters
    ----------
    name : str
        The notebook's name.
    profile : {"default", "full"}
    results : dict
        What the new run recorded.

    Returns
    -------
    list of str, list of str
        Each value that moved, and by how much; what lies outside its band or is claimed as a
        win and is none.
    """
    if profile == "full":
        old = (read_full(name) or {"results": {}})["results"]
    else:
        old = read_results(NOTEBOOKS / f"{name}.ipynb")
    bands = headline_bands(name, profile)
    faults = outside_bands(results, bands)
    return changes(old, results), faults + lost_wins(headline_wins(name, profile), results, bands)


def moved_quick(name, runs):
    """Say the same of what `quick_runs` gave, against the stored snapshot."""
    old, new = read_snapshot(name), take_snapshot(runs)
    faults = compare(runs[0], old) if old else []
    faults += lost_wins(headline_wins(name, "quick"), runs[0], {})
    return changes(snapshot_values(old), snapshot_values(new)), faults


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
        outputs = without_tensorflow_noise(cell.outputs)
        cell.outputs = [o for o in outputs if o.get("metadata", {}).get("ecomlab") != HERE]
        for output in cell.outputs:
            if output.output_type == "stream" and output.name == "stderr":
                raise UserError(f"cell {index} wrote to stderr: {output.text.strip()}")
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count
    return node


def store_full(outcomes):
    """Write what the full profile measured to `notebooks/results/full.json`.

    Lessons that were not run keep the entry they had.

    Raises
    ------
    UserError
        If a lesson's code has changed since the run.
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
        if full_hash(name, outcome["path"]) != full_hash(name):
            raise UserError(f"{name} changed since {outcome['path']} was run: run it again")
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


def full_hash(name, executed=None):
    """Return the hash of a lesson's code and of all parameters of its full profile.

    Parameters
    ----------
    name : str
    executed : Path or str, optional
        A copy that was run, whose code is taken in place of the lesson's.
    """
    path = executed or NOTEBOOKS / f"{name}.ipynb"
    notebook = json.loads(Path(path).read_text(encoding="utf-8"))
    defaults = {p.name: p.default for p in declared_parameters(notebook).values()}
    cells = [  # papermill puts the values of a run into a cell of their own
        cell
        for cell in notebook["cells"]
        if "injected-parameters" not in cell["metadata"].get("tags", [])
    ]
    return code_hash({"cells": cells}, defaults | profile_parameters(name, "full"))


def restore(path, revision="HEAD"):
    """Put back a lesson from git; the reader's version moves to `notebooks/my_copies/`.

    Parameters
    ----------
    path : Path
        A notebook inside `notebooks/`.
    revision : str
        A git revision: a commit, a tag or a branch.

    Returns
    -------
    Path or None
        The reader's copy; None where nothing had changed.

    Raises
    ------
    UserError
        If the workbook is no git clone, or the revision does not hold the lesson.
    """
    if not path.is_relative_to(ROOT):
        raise UserError(f"{path} is not part of the workbook in {ROOT}")
    place = path.relative_to(ROOT).as_posix()
    try:
        found = subprocess.run(
            ["git", "show", f"{revision}:{place}"], cwd=ROOT, capture_output=True, check=False
        )
    except FileNotFoundError:
        raise UserError("git is not installed, and lessons are restored from it") from None
    if found.returncode:
        cause = found.stderr.decode(errors="replace").strip().splitlines()
        raise UserError(f"git has no {place} at {revision}: {cause[0] if cause else 'unknown'}")
    original, current = found.stdout.decode("utf-8"), path.read_text(encoding="utf-8")
    if original == current:
        return None
    stamp = datetime.datetime.now().strftime("%Y-%m-%d_%H%M%S")
    copy = NOTEBOOKS / "my_copies" / f"{path.stem}_{stamp}.ipynb"
    write_text(copy, relinked(current, path, copy))
    write_text(path, original)
    return copy
