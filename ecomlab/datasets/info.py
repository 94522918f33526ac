"""The catalogue of data sets, read from catalogue.toml into plain records."""

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CATALOGUE_FILE = Path(__file__).with_name("catalogue.toml")
SOURCE_KINDS = ("system", "debian", "wheel", "url")


@dataclass(frozen=True, slots=True)
class FileInfo:
    """One file of a data set; sha256 and size (bytes) describe its decompressed payload."""

    name: str
    sha256: str
    size: int
    normalise: str = ""

    def __post_init__(self):
        """Refuse a name that could lead out of the data set's folder."""
        if self.name in ("", ".", "..") or "/" in self.name or "\\" in self.name:
            raise ValueError(f"{self.name!r} is not a plain file name")


@dataclass(frozen=True, slots=True)
class Source:
    """One place that may give the files of a data set; see catalogue.toml for the kinds."""

    kind: str
    folder: str = ""
    package: str = ""
    version: str = ""
    url: str = ""
    member: str = ""

    def __post_init__(self):
        """Refuse a kind that no code serves."""
        if self.kind not in SOURCE_KINDS:
            raise ValueError(f"unknown kind of source: {self.kind!r}")

    def __str__(self):
        """Name the source in a few words, for messages."""
        return {
            "system": f"the folder {self.folder}",
            "debian": f"the Debian package {self.package}",
            "wheel": f"the Python package {self.package} {self.version}",
            "url": self.url,
        }[self.kind]

    @property
    def needs_network(self):
        """Whether the source lies on another machine."""
        return self.kind != "system"


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """What the catalogue says of one data set."""

    name: str
    title: str
    licence: str
    licence_url: str
    citation: str
    origin: str
    notes: str
    sample: str
    files: tuple[FileInfo, ...]
    sources: tuple[Source, ...] = ()
    gallery: bool = True

    @property
    def size(self):
        """Bytes of all payloads together."""
        return sum(file.size for file in self.files)


def catalogue():
    """Return every data set of the catalogue.

    Returns
    -------
    dict of str to DatasetInfo
        In the catalogue's order.

    Examples
    --------
    >>> catalogue()["diamonds"].licence
    'MIT (the packages ggplot2 and plotnine; no licence is named for the data)'
    """
    return dict(_read_catalogue(CATALOGUE_FILE))


def dataset_info(name):
    """Return one data set's record, or raise a ValueError that suggests the nearest name."""
    known = catalogue()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(str(name), known, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(known)}"
    raise ValueError(f"there is no data set {name!r}: {hint}")


@cache
def _read_catalogue(path):
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: _dataset(name, entry) for name, entry in entries.items()}


def _dataset(name, entry):
    files = tuple(FileInfo(**file) for file in entry.pop("files"))
    sources = tuple(Source(**source) for source in entry.pop("sources"))
    return DatasetInfo(name=name, files=files, sources=sources, **entry)
