"""`ecomlab store`, `full` and `address`: what an author writes for readers who do not run it."""

from typing import Annotated

import typer

from ecomlab.cli.common import fail_if_any_failed
from ecomlab.errors import RunFailed, UserError
from ecomlab.project import BUILD, find_notebook, lessons, profile_parameters

Fresh = Annotated[
    bool, typer.Option("--fresh", help="Run also what ran before: a helper in ecomlab changed.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Take what was run without asking.")]


def store(
    names: Annotated[list[str] | None, typer.Argument(help="Lessons; all by default.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Lessons at once.")] = 1,
    snapshot: Annotated[
        bool,
        typer.Option("--snapshot", help="Only the snapshot of the quick profile, of any notebook."),
    ] = False,
    fresh: Fresh = False,
    yes: Yes = False,
):
    """Run lessons, show what moved, and store outputs in notebooks/ (for authors).

    Each lesson runs in the default profile, whose outputs are stored, and in the quick profile,
    whose numbers become its snapshot in tests/snapshots/. What ran before and is the same since
    is not run again.

    Examples: ecomlab store 00 / ecomlab store --snapshot notebooks/_template.ipynb --yes
    """
    from ecomlab import authoring
    from ecomlab.expected import take_snapshot, write_snapshot
    from ecomlab.papers import write_papers
    from ecomlab.results import read_results

    if snapshot:
        chosen, outcomes = _paths(names) or authoring.notebooks(), {}
    else:
        chosen = _paths(names) or [lesson.path for lesson in lessons()]
        outcomes = authoring.run_changed(
            chosen,
            profile="default",
            folder=BUILD / "notebooks" / "default",
            jobs=jobs,
            fresh=fresh,
        )
    quick = {}
    for path in _with_bar(path for path in chosen if snapshot or outcomes[path.stem]["path"]):
        try:
            quick[path.stem] = authoring.quick_runs(path, BUILD / "snapshots", fresh=fresh)
        except RunFailed as error:  # the others are stored all the same
            outcomes[path.stem] = {"path": None, "failure": str(error)}
            print(error)
    left = []
    for name, runs in quick.items():
        if not snapshot:
            results = read_results(outcomes[name]["path"])
            _show(f"{name}, default profile", *authoring.moved(name, "default", results))
        _show(f"{name}, quick profile", *authoring.moved_quick(name, runs))
        if not _agreed(name, yes):
            left.append(name)
            continue
        if not snapshot:
            authoring.store(name, outcomes[name]["path"])
        write_snapshot(name, take_snapshot(runs))
    write_papers()
    _say_what_is_left("store --snapshot" if snapshot else "store", left)
    fail_if_any_failed(outcomes)


def full(
    names: Annotated[list[str] | None, typer.Argument(help="Lessons; all by default.")] = None,
    fresh: Fresh = False,
    yes: Yes = False,
):
    """Run the full profile (seeds, best numbers), show what moved, and store the results.

    They go to notebooks/results/full.json. What ran before and is the same since is not run
    again.

    Example: ecomlab full 00
    """
    from ecomlab import authoring
    from ecomlab.papers import write_papers
    from ecomlab.results import read_results

    # Without a full profile a run would store the default's numbers under another name.
    chosen = _paths(names) or [lesson.path for lesson in lessons()]
    chosen = [path for path in chosen if profile_parameters(path.stem, "full")]
    if not chosen:
        raise UserError("no full profile in notebooks/profiles.toml for what you named")
    outcomes = authoring.run_changed(
        chosen, profile="full", folder=BUILD / "notebooks" / "full", fresh=fresh
    )
    left = []
    for name, outcome in outcomes.items():
        if not outcome["path"]:
            continue
        _show(f"{name}, full", *authoring.moved(name, "full", read_results(outcome["path"])))
        if _agreed(name, yes):
            authoring.store_full({name: outcome})
        else:
            left.append(name)
    write_papers()
    _say_what_is_left("full", left)
    fail_if_any_failed(outcomes)


def address():
    """Write the address of ecomlab/project.py into papers and notebooks, or take it out.

    Example: ecomlab address
    """
    from ecomlab.address import write_address

    for path in write_address():
        print(path)


def _paths(names):
    return [find_notebook(name) for name in names] if names else None


def _with_bar(paths):
    from tqdm import tqdm

    return tqdm(list(paths), unit="notebook", desc="quick profile", disable=None)


def _show(title, lines, faults):
    print(f"{title}: {len(lines) or 'no'} values moved")
    for line in lines:
        print(f"  {line}")
    for fault in faults:
        print(f"  ! {fault}")


def _agreed(name, yes):
    """Ask whether to take a run; where nobody can answer it is not taken."""
    try:
        return yes or typer.confirm(f"take {name}?")
    except typer.Abort:  # no terminal, or Ctrl-C
        return False


def _say_what_is_left(command, left):
    if left:
        raise RunFailed(
            f"not taken: {', '.join(left)}. The runs are kept in {BUILD}; to take them: "
            f"ecomlab {command} {' '.join(left)} --yes"
        )
