"""A report's model as a folder: what it is, its arrays and its network; nothing is unpickled.

`arrays.npz` and, where a network is part of it, `network.keras` are written first, and
`model.json` last, with the checksum of both: a folder whose writing was interrupted has no
model.json, and a file that was cut off or changed is told from its checksum.
"""

import hashlib
import importlib.metadata
import json
from pathlib import Path

import numpy as np

from ecomlab import __version__
from ecomlab.errors import UserError, one_line
from ecomlab.files import write_text

__all__ = ["load_model", "read_about", "save_model"]

FORMAT = 1  # raised when an older reader would read a model wrongly
AGAIN = "make the report again"
# What the JSON of each kind says, whatever its method.
_SAID = {
    "segments": {
        "features": list,
        "group_names": list,
        "segmentation": str,
        "horizon_days": int,
        "end": str,
        "lifetime": dict,
        "mean_value": float,
        "value_weight": float,
    },
    "recommend": {"method": str, "top_k": int, "new_only": bool, "end": str},
}


def save_model(folder, about, arrays=None, network=None):
    """Save a fitted model with its preprocessing: JSON, arrays and a Keras file, no pickle.

    Parameters
    ----------
    folder : str or Path
        "" saves nothing. A model that is there is replaced.
    about : dict
        Plain JSON values; `kind` says what it is.
    arrays : dict of str to array, optional
    network : keras.Model, optional
    """
    if not folder:
        return
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("model.json", "network.keras"):
        (folder / name).unlink(missing_ok=True)
    files = ["arrays.npz"]
    np.savez_compressed(folder / "arrays.npz", **(arrays or {}))
    if network is not None:
        files.append("network.keras")
        network.save(folder / "network.keras")
    about = about | {
        "format": FORMAT,
        "made_with": {"ecomlab": __version__, "keras": importlib.metadata.version("keras")},
        "files": {name: _checksum(folder / name) for name in files},
    }
    write_text(folder / "model.json", json.dumps(about, allow_nan=False))


def read_about(folder):
    """Read what a saved model is, without its arrays.

    Returns
    -------
    dict

    Raises
    ------
    UserError
        If the folder is none that a report saved, or a newer `ecomlab` saved it.
    """
    folder = Path(folder)
    if not (folder / "model.json").is_file():
        raise UserError(f"{folder} is no model that a report saved (it has no model.json)")
    try:
        about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise UserError(f"{folder}: model.json is damaged ({one_line(error)}): {AGAIN}") from None
    if not isinstance(about, dict) or about.get("kind") not in _SAID:
        raise UserError(f"{folder} holds no model of segments or recommend")
    number = about.get("format")
    if not isinstance(number, int) or number < 1:
        raise UserError(f"{folder} has no format number: {AGAIN}")
    if number > FORMAT:
        saved_by = dict(about.get("made_with") or {}).get("ecomlab", "a newer version")
        raise UserError(
            f"{folder} has format {number} and was saved by ecomlab {saved_by}; this ecomlab "
            f"reads formats up to {FORMAT}: install the newer one, or {AGAIN} with this one"
        )
    said = _SAID[about["kind"]] | {"files": dict}
    wrong = [name for name, kind in said.items() if not isinstance(about.get(name), kind)]
    if wrong or "arrays.npz" not in about["files"]:
        names = ", ".join(wrong or ["arrays.npz"])
        raise UserError(f"{folder}: model.json is damaged ({names}): {AGAIN}")
    return about


def load_model(folder):
    """Read a model's folder.

    Returns
    -------
    about : dict
    arrays : dict of array
    network : keras.Model or None

    Raises
    ------
    UserError
        If the folder is none that a report saved, or one of its files is missing or damaged.
    """
    folder = Path(folder)
    about = read_about(folder)
    for name, checksum in about["files"].items():
        if not (folder / name).is_file():
            raise UserError(f"{folder} lacks {name}: {AGAIN}")
        if _checksum(folder / name) != checksum:
            raise UserError(f"{folder}: {name} is damaged (its checksum is another): {AGAIN}")
    try:
        with np.load(folder / "arrays.npz", allow_pickle=False) as stored:
            arrays = dict(stored)
    except Exception as error:  # NumPy and its zip files raise many kinds
        raise UserError(
            f"{folder}: arrays.npz does not read ({one_line(error)}): {AGAIN}"
        ) from None
    network = None
    if "network.keras" in about["files"]:
        network = _load_network(folder, about)
    problem = _misfit(about, arrays, network)
    if problem:
        raise UserError(f"{folder} does not fit together ({problem}): {AGAIN}")
    return about, arrays, network


def _load_network(folder, about):
    import keras

    try:
        return keras.saving.load_model(folder / "network.keras", compile=False, safe_mode=True)
    except Exception as error:  # Keras raises many kinds
        saved_by = dict(about.get("made_with") or {}).get("keras", "another version")
        raise UserError(
            f"{folder}: network.keras, saved by Keras {saved_by}, does not load with Keras "
            f"{keras.__version__} ({one_line(error)}): {AGAIN}"
        ) from None


def _misfit(about, arrays, network):
    """Say what does not fit between a model's JSON, arrays and network; None where all does."""
    if about["kind"] == "segments":
        n_inputs = len(about["features"])
        n_outputs = n_inputs if network is None else network.output_shape[-1]
        shapes = {
            "means": (n_inputs,),
            "scales": (n_inputs,),
            "centres": (len(about["group_names"]), n_outputs),
        }
    else:
        n_inputs = n_outputs = len(arrays.get("items", ()))
        shapes = dict.fromkeys(("items", "names", "popularity"), (n_inputs,))
        if about["method"] in ("item-kNN", "EASE"):
            shapes["weights"] = (n_inputs, n_inputs)
        elif about["method"] == "ALS":
            shapes["factors"] = (n_inputs, *np.shape(arrays.get("factors"))[1:2])
            if not isinstance(about.get("als"), dict):
                return "no settings of ALS"
        elif about["method"] == "autoencoder" and network is None:
            return "no network.keras"
    for name, shape in shapes.items():
        if name not in arrays:
            return f"no array {name}"
        array, kind = arrays[name], "U" if name in ("items", "names") else "fiu"
        if array.shape != shape or array.dtype.kind not in kind:
            return f"{name} is {array.dtype} of shape {array.shape}, where {shape} is needed"
    if network is not None:
        ends = (network.input_shape[-1], network.output_shape[-1])
        if ends != (n_inputs, n_outputs):
            return f"the network maps {ends[0]} numbers to {ends[1]}, not {n_inputs} to {n_outputs}"
    return None


def _checksum(path):
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
