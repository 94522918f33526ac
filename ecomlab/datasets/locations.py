"""Where data lie: the samples, the cache, and the mirror that a school may keep."""

import os
from pathlib import Path

from ecomlab.project import project_folder


def sample_folder():
    """Return the folder of the committed samples, or None where there is no project."""
    project = project_folder()
    return project / "data" if project else None


def mirror_folder():
    """Return the folder named by $ECOMLAB_MIRROR, or None where the variable is not set."""
    named = os.environ.get("ECOMLAB_MIRROR", "").strip()
    return Path(named).expanduser() if named else None


def is_offline():
    """Whether $ECOMLAB_OFFLINE forbids every source on another machine."""
    return os.environ.get("ECOMLAB_OFFLINE", "").strip().lower() not in ("", "0", "no", "false")


def cache_folders():
    """Return the folders in which fetched files are looked for, best first.

    $ECOMLAB_CACHE, where it is set, is the only one. Otherwise it is data/cache of the
    project, then the user's own cache: so a class may share one filled project folder
    that nobody can write to.
    """
    named = os.environ.get("ECOMLAB_CACHE", "").strip()
    if named:
        return [Path(named).expanduser()]
    import platformdirs

    project = project_folder()
    own = platformdirs.user_cache_path("ecomlab", appauthor=False) / "data"
    return [project / "data" / "cache", own] if project else [own]


def cache_folder():
    """Return the folder into which new files go: the first of `cache_folders` to allow it."""
    folders = cache_folders()
    return next((folder for folder in folders if is_writable(folder)), folders[0])


def is_writable(folder):
    """Whether files can be made in a folder, or the folder itself made, without trying."""
    while not _exists(folder) and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK | os.X_OK) and folder.is_dir()


def _exists(path):
    """Whether a path is there and may be seen; pathlib raises where the latter is missing."""
    return os.access(path, os.F_OK)
