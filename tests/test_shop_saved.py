"""Saved models: read back as they were; what is damaged ends in one line with its remedy."""

import json
import subprocess
import zipfile

import numpy as np
import pandas as pd
import pytest

from ecomlab.errors import UserError
from ecomlab.shop import saved
from ecomlab.shop.model import score_file
from ecomlab.shop.saved import load_model, read_about, save_model

SEGMENTS = {
    "kind": "segments",
    "features": ["money", "order_days", "age_weeks"],
    "group_names": ["regular", "rare"],
    "segmentation": "groups",
    "horizon_days": 28,
    "end": "2025-03-01",
    "lifetime": {"method": "rate", "parameters": {}},
    "mean_value": 20.0,
    "value_weight": 2.0,
}
ITEMS = {"items": np.array(["a", "b"]), "names": np.array(["A", "B"]), "popularity": np.ones(2)}
RECOMMEND = {"kind": "recommend", "method": "popular", "top_k": 5, "new_only": True, "end": "2025"}


def arrays_of_segments(n_outputs=3):
    return {"means": np.zeros(3), "scales": np.ones(3), "centres": np.eye(2, n_outputs)}


@pytest.fixture
def model(tmp_path):
    """The folder of a small model of segments."""
    save_model(tmp_path / "model", SEGMENTS, arrays_of_segments())
    return tmp_path / "model"


def tell(folder):
    """What loading a damaged model says: one line, and the remedy."""
    with pytest.raises(UserError) as raised:
        load_model(folder)
    assert "\n" not in str(raised.value) and "make the report again" in str(raised.value)
    return str(raised.value)


def change(folder, **changes):
    """Change model.json."""
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_model_reads_back_as_it_was(model):
    about, arrays, network = load_model(model)
    assert SEGMENTS.items() <= about.items() and about["format"] == saved.FORMAT
    assert network is None
    for name, array in arrays_of_segments().items():
        np.testing.assert_array_equal(arrays[name], array)
    save_model("", SEGMENTS)  # writes nothing


@pytest.mark.parametrize("size", [0, 1, 100, -1])
def test_cut_off_arrays_are_told(model, size):
    payload = (model / "arrays.npz").read_bytes()
    (model / "arrays.npz").write_bytes(payload[:size])
    assert "arrays.npz is damaged" in tell(model)
    # Written so from the first: the checksum is right, and the file still does not read.
    change(model, files={"arrays.npz": saved._checksum(model / "arrays.npz")})
    assert "arrays.npz does not read" in tell(model)


def test_a_changed_byte_is_told(model):
    payload = bytearray((model / "arrays.npz").read_bytes())
    payload[60] ^= 1
    (model / "arrays.npz").write_bytes(payload)
    assert "arrays.npz is damaged" in tell(model)


def test_a_missing_file_is_told(model):
    (model / "arrays.npz").unlink()
    assert "lacks arrays.npz" in tell(model)


def test_pickled_arrays_are_not_read(model):
    np.savez(model / "arrays.npz", means=np.array([print], dtype=object))
    change(model, files={"arrays.npz": saved._checksum(model / "arrays.npz")})
    assert "allow_pickle=False" in tell(model)


@pytest.mark.parametrize("size", [0, 1, 50, -1])
def test_a_cut_off_description_is_told(model, size):
    text = (model / "model.json").read_text()
    (model / "model.json").write_text(text[:size])
    assert "model.json is damaged" in tell(model)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": None}, "has no format number"),
        ({"features": "money"}, r"damaged \(features\)"),
        ({"files": []}, r"damaged \(files\)"),
        ({"files": {}}, r"damaged \(arrays.npz\)"),
        ({"features": ["money"]}, r"means is float64 of shape \(3,\), where \(1,\) is needed"),
        ({"group_names": ["one"]}, r"centres is float64 of shape \(2, 3\)"),
    ],
)
def test_a_description_that_does_not_fit_is_told(model, changes, message):
    change(model, **changes)
    with pytest.raises(UserError, match=message):
        load_model(model)
    tell(model)


def test_a_newer_format_is_refused_with_a_remedy(model):
    change(model, format=saved.FORMAT + 1, made_with={"ecomlab": "9.1"})
    with pytest.raises(UserError, match=r"saved by ecomlab 9\.1.*install the newer one, or make"):
        read_about(model)


@pytest.mark.parametrize(
    ("about", "arrays", "message"),
    [
        ({}, {"items": np.array(["a", "b"])}, "no array names"),
        ({}, ITEMS | {"popularity": np.ones(3)}, "popularity is float64 of shape"),
        ({}, ITEMS | {"names": np.zeros(2)}, "names is float64"),
        ({"method": "EASE"}, ITEMS, "no array weights"),
        ({"method": "EASE"}, ITEMS | {"weights": np.eye(3)}, "weights is float64 of shape"),
        ({"method": "ALS"}, ITEMS | {"factors": np.ones((2, 4))}, "no settings of ALS"),
        ({"method": "autoencoder"}, ITEMS, r"no network\.keras"),
    ],
)
def test_arrays_that_do_not_fit_are_told(about, arrays, message, tmp_path):
    save_model(tmp_path, RECOMMEND | about, arrays)
    with pytest.raises(UserError, match=message):
        load_model(tmp_path)


def test_what_is_no_model_is_told(tmp_path):
    with pytest.raises(UserError, match=r"has no model\.json"):
        load_model(tmp_path)
    (tmp_path / "model.json").write_text('{"kind": "weather"}')
    with pytest.raises(UserError, match="no model of segments or recommend"):
        load_model(tmp_path)


def test_a_folder_whose_writing_was_interrupted_is_no_model(model, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez_compressed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_model(model, SEGMENTS, arrays_of_segments())
    with pytest.raises(UserError, match=r"no model that a report saved \(it has no model\.json\)"):
        load_model(model)


def test_the_command_refuses_a_damaged_model_in_one_line(model, ecomlab_command, tmp_path):
    (model / "arrays.npz").write_bytes(b"PK")
    (tmp_path / "o.csv").write_text("customer_id,date,amount\n1,2025-01-01,5\n2,2025-01-02,6\n")
    arguments = ["score", model, tmp_path / "o.csv", "--out", tmp_path / "scores.csv"]
    done = subprocess.run([*ecomlab_command, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert "arrays.npz is damaged" in done.stderr
    assert not (tmp_path / "scores.csv").exists()


@pytest.mark.parametrize("kind", ["segments", "recommend"])
def test_orders_in_other_money_are_not_scored_without_a_word(kind, tmp_path):
    segments = SEGMENTS | {"features": ["money", "order_days", "age_weeks"], "currency": "USD"}
    if kind == "segments":
        save_model(tmp_path / "model", segments, arrays_of_segments())
    else:
        save_model(tmp_path / "model", RECOMMEND, ITEMS)
    frame = pd.DataFrame({"customer_id": ["1", "2"] * 20, "product_id": ["a", "b"] * 20})
    frame["date"], frame["amount"] = "2025-01-05", np.arange(1.0, 41)
    frame["order_id"] = np.arange(40)
    mixed = frame.assign(currency=["EUR"] * 39 + ["CHF"])
    for name, lines in (("mixed", mixed), ("euros", frame.assign(currency="EUR"))):
        lines.to_csv(tmp_path / f"{name}.csv", index=False)
    out = tmp_path / "scores.csv"
    with pytest.raises(UserError, match=r"1 lines are in .* other than EUR.*--currency EUR"):
        score_file(tmp_path / "model", tmp_path / "mixed.csv", out)
    if kind == "segments":
        with pytest.raises(UserError, match=r"is in EUR, and .* learnt from amounts in USD: make"):
            score_file(tmp_path / "model", tmp_path / "euros.csv", out)
    assert not out.exists()
    score_file(tmp_path / "model", tmp_path / "mixed.csv", out, currency="EUR")
    assert len(pd.read_csv(out)) >= 2


@pytest.mark.slow
def test_a_network_is_part_of_a_model(tmp_path):
    import keras

    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    folder = tmp_path / "model"
    save_model(folder, SEGMENTS, arrays_of_segments(n_outputs=2), network)
    x = np.ones((1, 3), dtype="float32")
    loaded = load_model(folder)[2]
    np.testing.assert_array_equal(network.predict(x, verbose=0), loaded.predict(x, verbose=0))

    payload = (folder / "network.keras").read_bytes()
    (folder / "network.keras").write_bytes(payload[: len(payload) // 2])
    assert "network.keras is damaged" in tell(folder)
    checksum = saved._checksum
    files = {name: checksum(folder / name) for name in ("arrays.npz", "network.keras")}
    change(folder, files=files)
    assert "does not load with Keras" in tell(folder)
    (folder / "network.keras").unlink()
    assert "lacks network.keras" in tell(folder)

    save_model(folder, SEGMENTS, arrays_of_segments(n_outputs=3), network)
    assert "centres is float64 of shape (2, 3)" in tell(folder)
    wide = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    save_model(folder, SEGMENTS, arrays_of_segments(n_outputs=2), wide)
    assert "the network maps 4 numbers to 2, not 3 to 2" in tell(folder)

    # Code in a layer is not run.
    coded = keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: x[:, :2])])
    save_model(folder, SEGMENTS, arrays_of_segments(n_outputs=2), coded)
    assert "does not load with Keras" in tell(folder)
    assert zipfile.is_zipfile(folder / "network.keras")

    # Saved again without one, none is left.
    save_model(folder, SEGMENTS, arrays_of_segments())
    assert load_model(folder)[2] is None and not (folder / "network.keras").exists()
