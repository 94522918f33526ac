"""The data themselves: their counts, types and known traps, the samples, and loading times."""

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from ecomlab import datasets
from ecomlab.datasets import DataUnavailableError, catalogue, fetch, locations
from ecomlab.datasets.complete_journey import DEMOGRAPHIC_ORDERS, TABLES
from ecomlab.datasets.idx import idx_bytes, read_idx
from ecomlab.datasets.payload import checked_payload

DATA = Path(__file__).resolve().parent.parent / "data"
# A second on the reference machine; a machine may be three times slower.
SECOND = 3
COMMITTED = [info.name for info in catalogue().values() if info.sample == "committed"]


@pytest.fixture
def without_network(tmp_path, monkeypatch):
    """Give a machine that has the repository and nothing else."""
    monkeypatch.setenv("ECOMLAB_CACHE", str(tmp_path / "empty"))
    monkeypatch.setenv("ECOMLAB_OFFLINE", "1")
    monkeypatch.delenv("ECOMLAB_MIRROR", raising=False)


def quickest(load, tries=3):
    """Return the seconds of the quickest of some tries: another process may take the cores."""
    seconds = []
    for _ in range(tries):
        start = time.perf_counter()
        load()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


# --- the full data ---------------------------------------------------------------------------


@pytest.mark.fulldata
def test_fashion_mnist(have):
    have("fashion_mnist")
    photos = datasets.load_fashion_mnist()
    assert photos.x_train.shape == (60_000, 28, 28)
    assert photos.x_test.shape == (10_000, 28, 28)
    assert all(array.dtype == np.uint8 for array in photos)
    assert np.bincount(photos.y_train).tolist() == [6_000] * 10
    assert np.bincount(photos.y_test).tolist() == [1_000] * 10
    assert (photos.x_train.min(), photos.x_train.max()) == (0, 255)
    assert photos.x_train.flags.writeable
    assert photos._fields == ("x_train", "y_train", "x_test", "y_test")
    # The first training photo is known to every user of these data: an ankle boot.
    assert datasets.FASHION_CLASSES[photos.y_train[0]] == "Ankle boot"


@pytest.mark.fulldata
def test_fashion_mnist_loads_within_a_second(have):
    have("fashion_mnist")
    assert quickest(datasets.load_fashion_mnist) < SECOND


@pytest.mark.fulldata
def test_a_class_of_ten_fetches_from_one_mirror_at_once(have, tmp_path):
    """Ten laptops: a process and a cache for each, one folder of the school, no network."""
    name = "complete_journey"
    have(name)
    school = tmp_path / "school"
    (school / name).mkdir(parents=True)
    for path in fetch(name).values():
        shutil.copy(path, school / name)
    before = {p.name: p.stat().st_mtime_ns for p in (school / name).iterdir()}
    laptops = [tmp_path / f"laptop_{number}" for number in range(10)]
    room = {"ECOMLAB_MIRROR": str(school), "ECOMLAB_OFFLINE": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "ecomlab", "data", "fetch", name],
            env=os.environ | room | {"ECOMLAB_CACHE": str(laptop)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for laptop in laptops
    ]
    ended = [(process.communicate(timeout=240), process.returncode) for process in processes]
    assert [code for _, code in ended] == [0] * 10, ended
    for laptop in laptops:
        for file in catalogue()[name].files:
            (path,) = laptop.rglob(file.name)
            assert checked_payload(path.read_bytes(), file)
    assert {p.name: p.stat().st_mtime_ns for p in (school / name).iterdir()} == before


@pytest.mark.fulldata
def test_complete_journey_counts(have):
    have("complete_journey")
    tables = {table: datasets.load_complete_journey(table) for table in TABLES}
    assert {table: len(frame) for table, frame in tables.items()} == {
        "transactions": 1_469_307,
        "products": 92_331,
        "demographics": 801,
        "campaigns": 6_589,
        "campaign_descriptions": 27,
        "coupons": 116_204,
        "coupon_redemptions": 2_102,
    }
    lines = tables["transactions"]
    assert lines["household_id"].nunique() == 2_469
    assert lines["basket_id"].nunique() == 155_848
    assert lines["product_id"].nunique() == 68_509
    assert lines["quantity"].max() == 89_638
    assert lines["transaction_timestamp"].dtype.kind == "M"
    assert (lines["week"].min(), lines["week"].max()) == (1, 53)
    assert lines.isna().sum().sum() == 0
    # The known traps, as the card and the docstring tell them.
    assert (~lines["product_id"].isin(tables["products"]["product_id"])).sum() == 4_836
    assert (lines["sales_value"] == 0).sum() == 11_226
    assert (lines["quantity"] == 0).sum() == 8_869
    assert tables["coupons"].duplicated().sum() == 4_872
    assert lines.groupby("basket_id")["transaction_timestamp"].nunique().max() == 1
    by_hour = lines["transaction_timestamp"].dt.hour.value_counts()
    assert by_hour.idxmax() == 22  # UTC: five in the afternoon in the shop
    assert by_hour.idxmin() == 8


@pytest.mark.fulldata
def test_promotions(have):
    """Two products, by the whole table read another way; and what the card tells of it."""
    have("complete_journey")
    path = fetch("complete_journey")["promotions.parquet"]
    asked = [5569230, 1029743]
    read = datasets.load_promotions(asked)
    assert read["product_id"].unique().tolist() == sorted(asked)
    order = list(read)
    query = f"select {', '.join(order)} from '{path}' where product_id in (5569230, 1029743)"
    whole = duckdb.sql(query).df().sort_values(order, ignore_index=True)
    places = {"display_location": "str", "mailer_location": "str"}
    ours = read.astype(places).sort_values(order, ignore_index=True)
    pd.testing.assert_frame_equal(ours, whole.astype(places), check_dtype=False)
    counts = "count(*), count(distinct product_id), count(distinct store_id)"
    neither = "count(*) filter (display_location = '0' and mailer_location = '0')"
    (found,) = duckdb.sql(f"select {counts}, {neither} from '{path}'").fetchall()
    assert found == (20_940_529, 59_800, 112, 0)
    assert datasets.load_promotions([]).empty
    drinks = datasets.load_promotions(asked, "sample")
    assert drinks["product_id"].unique().tolist() == [5569230]  # the other one is milk
    pd.testing.assert_frame_equal(
        drinks.astype(places),
        read[read["product_id"] == 5569230].astype(places).reset_index(drop=True),
    )


@pytest.mark.fulldata
def test_complete_journey_demographics_are_ordered(have):
    have("complete_journey")
    people = datasets.load_complete_journey("demographics")
    raw = pd.read_parquet(fetch("complete_journey")["demographics.parquet"])
    for column in DEMOGRAPHIC_ORDERS:
        assert people[column].cat.ordered
        assert people[column].isna().sum() == raw[column].isna().sum()
    assert (people["income"] >= "100-124K").sum() == 38 + 34 + 30 + 11 + 11 + 5


@pytest.mark.fulldata
def test_complete_journey_transactions_load_within_a_second(have):
    have("complete_journey")
    assert quickest(datasets.load_complete_journey) < SECOND


@pytest.mark.fulldata
def test_cdnow(have):
    have("cdnow")
    orders = datasets.load_cdnow()
    assert orders.shape == (69_659, 4)
    assert list(orders) == ["customer_id", "date", "quantity", "amount"]
    assert orders["customer_id"].nunique() == 23_570
    assert orders["date"].min() == pd.Timestamp("1997-01-01")
    assert orders["date"].max() == pd.Timestamp("1998-06-30")
    assert orders.duplicated().sum() == 255
    assert (orders["amount"] == 0).sum() == 80
    assert orders.duplicated(["customer_id", "date"]).sum() == 2_068
    assert (orders["quantity"].min(), orders["quantity"].max()) == (1, 99)
    assert orders["amount"].max() == 1286.01
    first = orders.groupby("customer_id")["date"].min()
    assert first.max() < pd.Timestamp("1997-04-01")


@pytest.mark.fulldata
def test_diamonds(have):
    have("diamonds")
    table = datasets.load_diamonds()
    assert table.shape == (53_940, 10)
    assert table.duplicated().sum() == 146
    sides = table[["x", "y", "z"]]
    assert (sides == 0).sum().tolist() == [8, 7, 20]
    assert (sides == 0).any(axis=1).sum() == 20
    assert sides.max().tolist() == [10.74, 58.9, 31.8]
    assert (table["price"].min(), table["price"].max()) == (326, 18_823)
    assert table.isna().sum().sum() == 0
    for column, worst, best in (
        ("cut", "Fair", "Ideal"),
        ("color", "J", "D"),
        ("clarity", "I1", "IF"),
    ):
        assert table[column].cat.ordered
        assert (table[column].min(), table[column].max()) == (worst, best)


@pytest.mark.fulldata
def test_womens_clothing_reviews(have):
    have("womens_clothing_reviews")
    reviews = datasets.load_womens_clothing_reviews()
    assert reviews.shape == (23_486, 10)
    assert reviews["text"].isna().sum() == 845
    assert reviews["title"].isna().sum() == 3_810
    assert reviews["department"].isna().sum() == 14
    assert reviews["recommended"].dtype == bool
    assert reviews["rating"].value_counts(normalize=True)[5] == pytest.approx(0.559, abs=5e-4)
    assert reviews["recommended"].mean() == pytest.approx(0.822, abs=5e-4)
    assert len(datasets.load_womens_clothing_reviews("sample")) == 3_915
    assert datasets.load_womens_clothing_reviews("sample", made_up=True).attrs["real"] is True


@pytest.mark.fulldata
def test_online_shoppers(have):
    have("online_shoppers")
    sessions = datasets.load_online_shoppers()
    assert sessions.shape == (12_330, 18)
    assert sessions["Revenue"].dtype == bool
    assert sessions["Revenue"].sum() == 1_908
    assert sessions.isna().sum().sum() == 0
    assert sessions.duplicated().sum() == 125
    leak = ((sessions["PageValues"] > 0) == sessions["Revenue"]).mean()
    assert leak == pytest.approx(0.873, abs=5e-4)
    assert len(datasets.load_online_shoppers("sample")) == 3_083


@pytest.mark.fulldata
def test_yoochoose_100k(have):
    have("yoochoose_100k")
    clicks = datasets.load_yoochoose_100k()
    assert (len(clicks.train), len(clicks.test)) == (70_278, 13_568)
    assert list(clicks.train) == ["SessionId", "ItemId", "Time"]
    assert [part["SessionId"].nunique() for part in clicks] == [17_794, 3_416]
    assert clicks.train["Time"].max() < clicks.test["Time"].min()
    for part in clicks:
        following = part.groupby("SessionId")["ItemId"].shift(-1)
        known = following.notna()
        repeats = (part["ItemId"][known] == following[known]).mean()
        assert repeats == pytest.approx(0.26, abs=0.005)
        assert (part.groupby("SessionId")["Time"].diff() < 0).sum() == 0
    sample = datasets.load_yoochoose_100k("sample")
    assert [part["SessionId"].nunique() for part in sample] == [4_449, 854]
    whole = clicks.train[clicks.train["SessionId"].isin(sample.train["SessionId"])]
    pd.testing.assert_frame_equal(whole.reset_index(drop=True), sample.train)


@pytest.mark.fulldata
def test_grocery_store(have):
    have("grocery_store")
    photos = datasets.load_grocery_store(pixels=32)
    sets = (photos.x_train, photos.x_val, photos.x_test)
    labels = (photos.y_train, photos.y_val, photos.y_test)
    assert [x.shape for x in sets] == [(n, 32, 32, 3) for n in (675, 57, 661)]
    assert [x.dtype for x in sets] == [np.uint8] * 3
    assert [np.bincount(y, minlength=14).tolist() for y in labels] == [
        [45, 59, 59, 50, 65, 39, 33, 36, 46, 57, 41, 45, 30, 70],
        [6, 6, 5, 0, 5, 6, 5, 4, 5, 5, 0, 5, 0, 5],
        [45, 58, 59, 50, 64, 39, 32, 36, 46, 56, 35, 44, 29, 68],
    ]
    assert photos.names[:3] == ["Golden Delicious", "Granny Smith", "Pink Lady"]
    assert photos.coarse_names == ["Apple", "Melon", "Orange", "Pear", "Satsumas"]
    assert photos.coarse_of.tolist() == [0] * 5 + [1] * 4 + [2] + [3] * 3 + [4]
    # No photo stands in two splits or twice in one, and the middle of an orange is orange.
    assert len({photo.tobytes() for x in sets for photo in x}) == 1_393
    red, _, blue = photos.x_train[photos.y_train == 9, 8:24, 8:24].mean(axis=(0, 1, 2))
    assert red > 2 * blue
    sample = datasets.load_grocery_store("sample", pixels=32)
    np.testing.assert_array_equal(sample.x_test, photos.x_test[::5])
    assert len(sample.x_train) + len(sample.x_val) + len(sample.x_test) == 280
    assert np.bincount(sample.y_train).min() == 6
    with pytest.raises(ValueError, match="from 1 to 348"):
        datasets.load_grocery_store(pixels=400)


@pytest.mark.fulldata
def test_grocery_store_lists_each_test_photo_twice(have):
    """And the two are equal byte for byte; a photo never stands in two splits."""
    have("grocery_store")
    table = pd.read_parquet(fetch("grocery_store")["images2.parquet"])
    copies = table.groupby("image_data")["dataset"].agg(tuple).value_counts()
    assert copies.to_dict() == {("train",): 675, ("test", "test"): 661, ("val",): 57}


@pytest.mark.fulldata
def test_efficientnet_lite0(have):
    have("efficientnet_lite0")
    weights = datasets.load_efficientnet_lite0()
    assert len(weights) == 247
    assert {array.dtype for array in weights.values()} == {np.dtype("float32")}
    assert sum(array.size for array in weights.values()) == 4_694_024
    assert weights["_blocks.15._project_conv.weight"].shape == (320, 1152, 1, 1)
    assert all((weights[name] >= 0).all() for name in weights if name.endswith("running_var"))
    # Read with the wrong strides, the numbers of a kernel are mixed, and no kernel is smooth.
    kernels = weights["_blocks.4._depthwise_conv.weight"][:, 0]
    centre, corners = kernels[:, 2, 2], kernels[:, ::4, ::4]
    assert np.abs(centre).mean() > 3 * np.abs(corners).mean()


# --- the samples -----------------------------------------------------------------------------


def test_samples_load_with_no_network_and_no_cache(without_network, tmp_path):
    photos = datasets.load_fashion_mnist("sample")
    assert photos.x_train.shape == (4_000, 28, 28)
    assert np.bincount(photos.y_train).tolist() == [400] * 10
    assert np.bincount(photos.y_test).tolist() == [100] * 10
    assert datasets.load_diamonds("sample").shape == (5_000, 10)
    orders = datasets.load_cdnow("sample")
    assert orders["customer_id"].nunique() == 2_357
    lines = datasets.load_complete_journey(size="sample")
    assert lines["household_id"].nunique() == 300
    for table in TABLES:
        assert len(datasets.load_complete_journey(table, "sample"))
    promoted = datasets.load_promotions([5569230], "sample")
    assert list(promoted["display_location"].cat.categories) == [*"012345679A"]
    assert (promoted["week"].min(), promoted["week"].max()) == (1, 53)
    assert not (tmp_path / "empty").exists()


@pytest.mark.parametrize("name", ["grocery_store", "efficientnet_lite0"])
def test_what_has_no_sample_in_the_project_says_what_to_do(without_network, name):
    with pytest.raises(DataUnavailableError, match=f"put the files into a folder as {name}/"):
        getattr(datasets, f"load_{name}")()


def test_samples_are_small():
    files = [file for name in COMMITTED for file in (DATA / name).iterdir()]
    assert sum(file.stat().st_size for file in files) < 10e6


def test_every_data_set_has_a_card_and_the_index_names_it():
    index = (DATA / "README.md").read_text(encoding="utf-8")
    for info in catalogue().values():
        card = (DATA / f"{info.name}.md").read_text(encoding="utf-8")
        for heading in ("## What", "## Source and licence", "## Sample", "## Known traps"):
            assert heading in card, (info.name, heading)
        assert info.origin in card
        assert "draw_samples.py" in card or info.sample != "committed"
        assert f"({info.name}.md)" in index


@pytest.mark.fulldata
def test_sample_photos_are_photos_of_their_own_split(have):
    have("fashion_mnist")
    full, sample = datasets.load_fashion_mnist(), datasets.load_fashion_mnist("sample")
    for split in ("train", "test"):
        pairs = [
            {
                (image.tobytes(), int(label))
                for image, label in zip(
                    getattr(data, f"x_{split}"), getattr(data, f"y_{split}"), strict=True
                )
            }
            for data in (full, sample)
        ]
        assert pairs[1] <= pairs[0]


@pytest.mark.fulldata
def test_sample_rows_are_rows_of_the_data(have):
    for name in ("diamonds", "cdnow"):
        have(name)
        ((file, path),) = fetch(name).items()
        rows, drawn = (p.read_text().splitlines() for p in (path, DATA / name / file))
        assert set(drawn) <= set(rows)
    orders, sample = datasets.load_cdnow(), datasets.load_cdnow("sample")
    whole = orders[orders["customer_id"].isin(sample["customer_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(whole, sample)


@pytest.mark.fulldata
def test_sample_households_are_whole(have):
    have("complete_journey")
    lines = datasets.load_complete_journey()
    sample = datasets.load_complete_journey(size="sample")
    whole = lines[lines["household_id"].isin(sample["household_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(whole, sample)
    for table in TABLES[1:]:
        full_table = datasets.load_complete_journey(table).astype(str)
        sample_table = datasets.load_complete_journey(table, "sample").astype(str)
        assert set(map(tuple, sample_table.values)) <= set(map(tuple, full_table.values)), table
    products = datasets.load_complete_journey("products", "sample")
    assert products["product_id"].isin(sample["product_id"]).all()


@pytest.mark.fulldata
def test_drawing_the_samples_gives_the_committed_ones(have, tmp_path):
    for name in COMMITTED:
        have(name)
    specification = importlib.util.spec_from_file_location("draw_samples", DATA / "draw_samples.py")
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
    script.main(tmp_path / "first")
    script.main(tmp_path / "second")
    for name in COMMITTED:
        files = sorted(file.name for file in (tmp_path / "first" / name).iterdir())
        assert files == sorted(file.name for file in (DATA / name).iterdir())
        for file in files:
            first, second = (tmp_path / part / name / file for part in ("first", "second"))
            assert first.read_bytes() == second.read_bytes()
            _assert_same_content(first, DATA / name / file)


def _assert_same_content(drawn, committed):
    """Compare what files say: another library's version may compress in another way."""
    if drawn.suffix == ".parquet":
        pd.testing.assert_frame_equal(pd.read_parquet(drawn), pd.read_parquet(committed))
    elif drawn.suffix == ".gz":
        np.testing.assert_array_equal(read_idx(drawn), read_idx(committed))
    else:
        assert drawn.read_bytes() == committed.read_bytes()


# --- IDX -------------------------------------------------------------------------------------


def test_idx_there_and_back(tmp_path):
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "a").write_bytes(idx_bytes(array))
    np.testing.assert_array_equal(read_idx(tmp_path / "a"), array)
    (tmp_path / "b").write_bytes(b"\x00\x00\x0d\x01\x00\x00\x00\x00")
    with pytest.raises(ValueError, match="not an IDX file of unsigned bytes"):
        read_idx(tmp_path / "b")


def test_a_missing_sample_says_how_to_get_it_back(monkeypatch, tmp_path):
    monkeypatch.setattr(locations, "project_folder", lambda: tmp_path)
    with pytest.raises(DataUnavailableError, match="restore data/ from the repository"):
        datasets.load_diamonds("sample")
    monkeypatch.setattr(locations, "project_folder", lambda: None)
    with pytest.raises(DataUnavailableError, match="work in a clone of the project"):
        datasets.load_diamonds("sample")
