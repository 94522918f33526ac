"""From a data set and a size to the files that a loader reads."""

from ecomlab.errors import DataUnavailableError

from . import locations
from .fetching import fetch
from .info import dataset_info


def files_of(name, size, files=None):
    """Return the paths of a data set's files, whole or as the committed sample.

    Parameters
    ----------
    name : str
        A data set of the catalogue.
    size : {"full", "sample"}
        The sample's files bear the same names, perhaps with .gz added. A data set whose
        sample is drawn from the fetched file gives the whole files for either size.
    files : list of str, optional
        Only these files; all by default.

    Returns
    -------
    dict of str to Path
    """
    if size not in ("full", "sample"):
        raise ValueError(f'size is "full" or "sample", not {size!r}')
    info = dataset_info(name)
    if size == "full" or info.sample == "drawn":
        return fetch(name, files)
    return {file: _sample_file(name, file) for file in files or [f.name for f in info.files]}


def _sample_file(name, file):
    folder = locations.sample_folder()
    if folder is None:
        raise DataUnavailableError(
            f"the sample of {name} lies in the project's data/ folder, and no project was found.\n"
            "What to do: work in a clone of the project, or ask for size='full'."
        )
    for path in (folder / name / file, folder / name / f"{file}.gz"):
        if path.is_file():
            return path
    raise DataUnavailableError(
        f"the sample of {name} is not in {folder}: {file} is missing.\n"
        "What to do: restore data/ from the repository, or draw it: python data/draw_samples.py"
    )
