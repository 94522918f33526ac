"""Online shoppers: sessions of a shop, and whether each ended in a purchase."""

from .loading import files_of

# The months of the data; the file spells June out and has no January and no April.
MONTHS = ("Feb", "Mar", "May", "June", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# The sample is every fourth session: each month keeps about its share.
SAMPLE_STEP = 4


def load_online_shoppers(size="full"):
    """Load the sessions as shipped.

    Parameters
    ----------
    size : {"full", "sample"}
        All 12,330 sessions, or every fourth of them (3,083). Both need the fetched file.

    Returns
    -------
    pandas.DataFrame
        One row a session, 18 columns:

        - ``Administrative``, ``Informational``, ``ProductRelated``: pages seen of each kind
        - ``Administrative_Duration`` and so on: seconds on them
        - ``BounceRates``, ``ExitRates``: averages over the pages seen, 0 to 0.2
        - ``PageValues``: average value of a page seen before a purchase, Google Analytics
        - ``SpecialDay``: closeness to a holiday, 0 to 1
        - ``Month``: an ordered category; ``VisitorType``: a category
        - ``OperatingSystems``, ``Browser``, ``Region``, ``TrafficType``: codes, not amounts
        - ``Weekend``, ``Revenue``: bool; ``Revenue`` is the label, true in 1,908 sessions

    Raises
    ------
    DataUnavailableError
        If the file was never fetched and cannot be had now.

    Notes
    -----
    Source: UCI Machine Learning Repository, CC BY 4.0.

    Known traps: the rule ``PageValues > 0`` alone scores 0.873 accuracy, since a page earns
    its value by purchases such as this very one: a leak; 125 rows repeat another exactly.
    """
    import pandas as pd

    file = "online_shoppers_intention.csv"
    sessions = pd.read_csv(files_of("online_shoppers", size, [file])[file])
    sessions["Month"] = pd.Categorical(sessions["Month"], categories=MONTHS, ordered=True)
    sessions["VisitorType"] = sessions["VisitorType"].astype("category")
    sessions["Revenue"] = sessions["Revenue"].astype(bool)
    if size == "sample":
        return sessions.iloc[::SAMPLE_STEP].reset_index(drop=True)
    return sessions
