"""The versions of what computes: results of others are not taken for the same."""

import contextlib
import platform
from importlib import metadata

from ecomlab import __version__

# What a lesson's numbers come from. A new JupyterLab, say, asks for no new run.
COMPUTING = (
    "tensorflow",
    "keras",
    "keras-rs",
    "numpy",
    "pandas",
    "scikit-learn",
    "lightgbm",
    "optuna",
    "faiss-cpu",
    "ai-edge-litert",
)


def versions():
    """Return the versions of Python (as 3.12), of ecomlab and of the packages that compute."""
    found = {"python": ".".join(platform.python_version_tuple()[:2]), "ecomlab": __version__}
    for package in COMPUTING:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def differences(there, here):
    """Say in what versions differ: `keras 3.14.0 there, 3.15.1 here`.

    Parameters
    ----------
    there, here : dict of str to str
        As `versions` gives them; `there` may be empty.
    """
    if not there:
        return "their versions were not noted"
    return "; ".join(
        f"{name} {there.get(name, 'absent')} there, {here.get(name, 'absent')} here"
        for name in dict.fromkeys([*there, *here])
        if there.get(name) != here.get(name)
    )
