"""Fetch a data set: from the cache, the mirror, or the first source that gives the right bytes."""

import contextlib
import shutil
import sys
import tempfile
from pathlib import Path

from ecomlab.errors import DataUnavailableError
from ecomlab.files import write_bytes

from . import locations
from .info import dataset_info
from .payload import DISK_FULL, SourceFailedError, fault_of


def fetch(name, files=None):
    """Make sure that a data set's files are on this machine, and return where.

    Tries in order the cache, the folder $ECOMLAB_MIRROR (laid out as ``<data set>/<file>``),
    and the sources of the catalogue. Every file is checked by its sha256, each time. Several
    processes may fetch at once: one does the work, the others wait for it.

    Parameters
    ----------
    name : str
        A data set of the catalogue.
    files : list of str, optional
        Only these files; all by default.

    Returns
    -------
    dict of str to Path
        Each file's name and its place in the cache.

    Raises
    ------
    DataUnavailableError
        If a file could not be had. The message names what was tried and what to do.
    ValueError
        If there is no such data set or file.
    """
    info = dataset_info(name)
    known = {file.name: file for file in info.files}
    if unknown := [file for file in files or () if file not in known]:
        raise ValueError(f"{name} has no file {unknown[0]!r}; it has {', '.join(known)}")
    return fetch_files(info, [known[file] for file in files or known])


def fetch_files(info, wanted):
    """Do the work of `fetch` for a data set's record and some of its files."""
    found, faults = find_cached(info, wanted)
    if not faults:
        return found
    folder = locations.cache_folder() / info.name
    with _cache_errors_explained(info, folder):
        folder.mkdir(parents=True, exist_ok=True)
        with _only_one_process(info, folder):
            # Another process may have done the work while this one waited.
            found, faults = find_cached(info, wanted)
            if faults:
                _fill(info, wanted, faults, folder)
                found, faults = find_cached(info, wanted)
    if faults:
        raise DataUnavailableError(f"{info.name} changed in the cache while it was read: {faults}")
    return found


def find_cached(info, wanted):
    """Look for files in the caches.

    Returns
    -------
    found : dict of str to Path
        The sound ones.
    faults : dict of str to str
        The others, each with what is wrong.
    """
    found, faults = {}, {}
    for file in wanted:
        for folder in locations.cache_folders():
            path = folder / info.name / file.name
            fault = fault_of(path, file)
            if fault is None:
                found[file.name] = path
                faults.pop(file.name, None)
                break
            if faults.get(file.name, "absent") == "absent":
                faults[file.name] = fault
    return found, faults


def is_cached(info):
    """Whether all files of a data set lie in the caches, by their sizes alone: a quick look."""
    return all(
        any(
            _size(folder / info.name / file.name) == file.size
            for folder in locations.cache_folders()
        )
        for file in info.files
    )


def state_of(info):
    """Say how much of a data set is here: `cached` (all of it), `sample` or `absent`."""
    samples = locations.sample_folder()
    if is_cached(info):
        return "cached"
    return "sample" if samples and (samples / info.name).is_dir() else "absent"


def _size(path):
    try:
        return path.stat().st_size
    except OSError:
        return None


def _fill(info, wanted, faults, folder):
    """Put the wanted files into the cache from the first sources that have them."""
    remove_leftovers(folder)
    damaged = {name: fault for name, fault in faults.items() if fault != "absent"}
    for name, fault in damaged.items():
        say(f"{info.name}: {name} in the cache is {fault}; fetching it again")
    needed = {file.name for file in wanted if file.name in faults}
    # A source that is opened for one file gives the others too.
    missing = [file for file in info.files if find_cached(info, [file])[1]]
    attempts = [("the cache", ", ".join(sorted(set(faults.values()))))]
    with tempfile.TemporaryDirectory(prefix=".work-", dir=folder) as workspace:
        for described, payloads in _sources(info, missing, Path(workspace)):
            try:
                for file, payload in payloads:
                    write_bytes(folder / file.name, payload)
                    missing.remove(file)
                    needed.discard(file.name)
            except SourceFailedError as error:
                attempts.append((described, str(error)))
            if not needed:
                say(f"{info.name}: licence {info.licence} ({info.licence_url})")
                return
    raise DataUnavailableError(_unavailable(info, needed, attempts))


def _sources(info, missing, workspace):
    """Give each source's description and an iterator over its payloads, in the order to try."""
    from . import sources

    mirror = locations.mirror_folder()
    if mirror:
        yield f"the mirror {mirror / info.name}", _from_mirror(info, missing, mirror)
    for source in info.sources:
        if source.needs_network and locations.is_offline():
            yield str(source), _refuse("ECOMLAB_OFFLINE is set")
        else:
            yield str(source), sources.collect(source, info, list(missing), workspace, say)


def _from_mirror(info, missing, mirror):
    from .sources import from_folder

    # A mirror may hold a part of the files: one that is absent must not hide the next.
    reason = None
    for file in list(missing):
        try:
            yield from from_folder(mirror / info.name, [file])
        except SourceFailedError as error:
            reason = reason or error
        except OSError as error:
            reason = reason or SourceFailedError(error.strerror or str(error))
    if reason:
        raise reason


def _refuse(reason):
    raise SourceFailedError(reason)
    yield  # a generator, so that the refusal comes where the payloads would


def _unavailable(info, needed, attempts):
    """Word the one error: what was tried, why each failed, what to do."""
    tried = "\n".join(f"  - {described}: {reason}" for described, reason in attempts)
    remedies = []
    if locations.is_offline():
        remedies.append("unset ECOMLAB_OFFLINE, if a network may be used")
    elif any(source.needs_network for source in info.sources):
        remedies.append("connect to a network and run `ecomlab data fetch " + info.name + "`")
    remedies.append(
        f"put the files into a folder as {info.name}/<file> and set ECOMLAB_MIRROR to that folder"
    )
    remedies += [
        f"install the Debian package: apt-get install {source.package}"
        for source in info.sources
        if source.kind == "debian"
    ]
    if info.sample == "committed":
        remedies.append('ask for size="sample", which needs no network')
    todo = "\n".join(f"  - {remedy}" for remedy in remedies)
    drawn = " (its sample is drawn from the fetched file)" if info.sample == "drawn" else ""
    return (
        f"{info.name} is not on this machine and could not be fetched{drawn}.\n"
        f"Missing: {', '.join(sorted(needed))}\n"
        f"Tried:\n{tried}\nWhat to do, any one of:\n{todo}"
    )


@contextlib.contextmanager
def _only_one_process(info, folder):
    import filelock

    lock = filelock.FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        say(f"{info.name}: another process is fetching it; waiting")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _cache_errors_explained(info, folder):
    """Turn a failure of the cache itself, where no source is to blame, into one clear error."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            what = (
                f"the disk is full (or a limit on file size is reached): {info.name} takes "
                f"{info.size / 1e6:.0f} MB in {folder}"
            )
        else:
            what = f"the cache folder {folder} cannot be written: {error.strerror or error}"
        raise DataUnavailableError(
            f"{info.name} could not be stored: {what}.\n"
            "What to do: make room there, or set ECOMLAB_CACHE to a folder that you may write to."
        ) from error


def remove_leftovers(folder):
    """Remove what a killed process left behind; whoever holds the lock is the only writer."""
    for leftover in folder.glob(".*.tmp"):
        leftover.unlink(missing_ok=True)
    for leftover in folder.glob(".work-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def say(text):
    """Tell the reader, on standard error, that something is being fetched."""
    print(text, file=sys.stderr, flush=True)
