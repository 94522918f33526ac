"""Draw the samples in this folder from the full data: real rows, the same bytes every time.

Run it from anywhere: ``python data/draw_samples.py [FOLDER]``. It fetches what it needs,
and writes into this folder unless another is named.
"""

import gzip
import random
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from ecomlab.datasets import fetch, load_promotions
from ecomlab.datasets.complete_journey import TABLES
from ecomlab.datasets.idx import idx_bytes, read_idx

HERE = Path(__file__).resolve().parent

# One fixed seed. Python's own generator gives the same draw in every version.
SEED = 20260101
PHOTOS_PER_CLASS = {"train": 400, "t10k": 100}
DIAMONDS = 5_000
CDNOW_CUSTOMERS = 2_357
HOUSEHOLDS = 300
PROMOTED_CATEGORY = "SOFT DRINKS"  # of the promotions, only those of this category


def draw(population, count):
    """Draw so many members of a population, returned in their own order."""
    return sorted(random.Random(SEED).sample(sorted(population), count))


def draw_fashion_mnist(folder):
    """Draw equally many photos of each class, from each split apart."""
    paths = fetch("fashion_mnist")
    for split, count in PHOTOS_PER_CLASS.items():
        images = read_idx(paths[f"{split}-images-idx3-ubyte"])
        labels = read_idx(paths[f"{split}-labels-idx1-ubyte"])
        kept = sorted(
            row for label in range(10) for row in draw(np.flatnonzero(labels == label), count)
        )
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            target = folder / f"{split}-{name}-ubyte.gz"
            # Without the time of writing, equal contents are equal files.
            target.write_bytes(gzip.compress(idx_bytes(array[kept]), mtime=0))


def draw_diamonds(folder):
    """Draw rows, kept as lines of the file, so that no number is written anew."""
    header, *rows = _lines(fetch("diamonds")["diamonds.csv"])
    kept = draw(range(len(rows)), DIAMONDS)
    _write_lines(folder / "diamonds.csv", [header] + [rows[row] for row in kept])


def draw_cdnow(folder):
    """Draw whole customers: all orders of each one drawn."""
    header, *rows = _lines(fetch("cdnow")["CDNOW_master.txt"])
    kept = set(draw({row.split()[0] for row in rows}, CDNOW_CUSTOMERS))
    _write_lines(
        folder / "CDNOW_master.txt", [header] + [row for row in rows if row.split()[0] in kept]
    )


def draw_complete_journey(folder):
    """Draw whole households with their year; of the other tables, what concerns them."""
    paths = fetch("complete_journey")
    tables = {table: pd.read_parquet(paths[f"{table}.parquet"]) for table in TABLES}
    households = draw({int(h) for h in tables["transactions"]["household_id"]}, HOUSEHOLDS)
    for table, frame in tables.items():
        if "household_id" in frame:
            tables[table] = frame[frame["household_id"].isin(households)]
    bought = set(tables["transactions"]["product_id"])
    for table in ("products", "coupons"):
        tables[table] = tables[table][tables[table]["product_id"].isin(bought)]
    products = tables["products"]
    promoted = products.loc[products["product_category"] == PROMOTED_CATEGORY, "product_id"]
    tables["promotions"] = load_promotions(promoted).astype(
        {"display_location": "str", "mailer_location": "str"}
    )
    for table, frame in tables.items():
        frame.reset_index(drop=True).to_parquet(
            folder / f"{table}.parquet", compression="zstd", compression_level=19
        )


def _lines(path):
    return path.read_text(encoding="utf-8").splitlines()


def _write_lines(path, lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


DRAWS = {
    "fashion_mnist": draw_fashion_mnist,
    "diamonds": draw_diamonds,
    "cdnow": draw_cdnow,
    "complete_journey": draw_complete_journey,
}


def main(target=HERE):
    """Draw every sample into a folder of its own."""
    for name, draw_sample in DRAWS.items():
        folder = Path(target) / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        draw_sample(folder)
        size = sum(file.stat().st_size for file in folder.iterdir())
        print(f"{name}: {size / 1e6:.2f} MB in {folder}")


if __name__ == "__main__":
    main(*sys.argv[1:])
