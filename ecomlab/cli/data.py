"""`ecomlab data`: what data there are, where they lie, and how to get them."""

from pathlib import Path
from typing import Annotated

import typer

from ecomlab.cli.common import new_app
from ecomlab.files import write_bytes

app = new_app(help="List, fetch and check the data sets.")

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAMES]...", help="Data sets, by name.")
]
WRONG_USE = 2


@app.command("list")
def list_datasets():
    """Show every data set: its size, licence and state on this machine.

    The state is `cached` (all files are here), `sample` (only the sample is: enough for the
    quick profile) or `absent`.

    Example: ecomlab data list
    """
    from ecomlab.datasets import catalogue
    from ecomlab.datasets.fetching import state_of

    rows = [("name", "size", "state", "licence", "title")]
    for info in catalogue().values():
        licence = info.licence.split(" (")[0].split(";")[0].split(" as published")[0]
        rows.append((info.name, f"{info.size / 1e6:.1f} MB", state_of(info), licence, info.title))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        typer.echo("  ".join(cells).rstrip())


@app.command()
def fetch(
    names: Names = None,
    everything: Annotated[bool, typer.Option("--all", help="Every data set.")] = False,
    to: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Also copy the files there, laid out as a mirror."),
    ] = None,
):
    """Fetch data sets into the cache; what is there already is only checked.

    Where one data set cannot be had, the others are fetched all the same, and the exit code is 1.

    Examples: ecomlab data fetch fashion_mnist cdnow / ecomlab data fetch --all /
    ecomlab data fetch --all --to mirror

    A school sets ECOMLAB_MIRROR to that folder.
    """
    from ecomlab.datasets import DataUnavailableError
    from ecomlab.datasets import fetch as fetch_dataset

    if not names and not everything:
        typer.echo("Name the data sets to fetch, or say --all.", err=True)
        raise typer.Exit(WRONG_USE)
    failed = []
    for info in _named(None if everything else names):
        try:
            paths = fetch_dataset(info.name)
            _copy(paths, to / info.name if to else None)
        except (DataUnavailableError, OSError) as error:
            typer.echo(str(error), err=True)
            failed.append(info.name)
        else:
            typer.echo(
                f"{info.name}: {len(paths)} files in {to / info.name if to else 'the cache'}"
            )
    if failed:
        typer.echo(f"Not fetched: {', '.join(failed)}", err=True)
        raise typer.Exit(1)


@app.command()
def verify(names: Names = None):
    """Check every cached file against its sha256; all data sets by default.

    Examples: ecomlab data verify / ecomlab data verify diamonds
    """
    from ecomlab.datasets.fetching import find_cached

    sound = True
    for info in _named(names):
        _, faults = find_cached(info, info.files)
        for file in info.files:
            fault = faults.get(file.name)
            sound = sound and fault in (None, "absent")
            typer.echo(f"{info.name}/{file.name}: {fault or 'sound'}")
    if not sound:
        typer.echo("A damaged file is fetched again when it is next used.", err=True)
        raise typer.Exit(1)


@app.command()
def where():
    """Show the folders of the cache, the mirror and the samples.

    Example: ecomlab data where
    """
    from ecomlab.datasets import locations

    mirror = locations.mirror_folder()
    typer.echo(f"cache    {locations.cache_folder()}")
    for folder in locations.cache_folders():
        if folder != locations.cache_folder() and folder.is_dir():
            typer.echo(f"         {folder} (also read)")
    typer.echo(f"mirror   {mirror or 'none: ECOMLAB_MIRROR is not set'}")
    typer.echo(
        f"samples  {locations.sample_folder() or 'none: this is not a clone of the project'}"
    )


@app.command()
def clear(
    names: Names = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
):
    """Remove cached files; all data sets by default. Samples and mirror stay.

    Examples: ecomlab data clear cdnow / ecomlab data clear --yes
    """
    from ecomlab.datasets import locations

    infos = _named(names)
    folders = [locations.cache_folder() / info.name for info in infos]
    folders = [folder for folder in folders if folder.is_dir()]
    if not folders:
        typer.echo("Nothing is cached.")
        return
    if not yes:
        typer.echo("\n".join(map(str, folders)))
        typer.confirm("Remove these?", abort=True)
    for info in infos:
        _remove(locations.cache_folder() / info.name, info)


def _named(names):
    """Return the records of the named data sets, all by default; a wrong name ends the command."""
    from ecomlab.datasets import catalogue
    from ecomlab.datasets.info import dataset_info

    try:
        return [dataset_info(name) for name in names or catalogue()]
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_USE) from None


def _copy(paths, folder):
    if folder is None:
        return
    for name, path in paths.items():
        write_bytes(folder / name, path.read_bytes())


def _remove(folder, info):
    """Remove only what fetching puts there: a folder named by mistake keeps its other files."""
    from ecomlab.datasets.fetching import remove_leftovers

    if not folder.is_dir():
        return
    remove_leftovers(folder)
    for name in [file.name for file in info.files] + [".lock"]:
        (folder / name).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()
    typer.echo(f"{info.name}: removed from the cache")
