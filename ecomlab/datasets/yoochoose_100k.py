"""Yoochoose: clicks in sessions of a real shop."""

from typing import NamedTuple

from .loading import files_of

# The sample keeps every fourth session whole.
SAMPLE_STEP = 4


class Yoochoose(NamedTuple):
    """Clicks of the two splits; see `load_yoochoose_100k`."""

    train: "pd.DataFrame"  # noqa: F821 - pandas is imported when data are loaded
    test: "pd.DataFrame"  # noqa: F821


def load_yoochoose_100k(size="full"):
    """Load the clicks as shipped, split by time as prepared in session-rec.

    Parameters
    ----------
    size : {"full", "sample"}
        All clicks, or those of every fourth session, whole. Both need the fetched files: their
        licence does not let us hand them on.

    Returns
    -------
    Yoochoose
        A named tuple of two tables, ``train`` (70,278 clicks, 17,794 sessions) and ``test``
        (13,568 clicks, 3,416 sessions, the last day). Columns:

        - ``SessionId``, ``ItemId``: integers
        - ``Time``: seconds since 1970, a float (2014-04-01 to 2014-04-08)

    Raises
    ------
    DataUnavailableError
        If the files were never fetched and cannot be had now.

    Notes
    -----
    Source: RecSys Challenge 2015, prepared in rn5l/session-rec. CC BY-NC-ND 4.0:
    not for commercial use.

    Known traps: 26 % of next clicks repeat the current item, so report results both with and
    without them; clicks of one session stand together and in order, but sessions are not
    sorted by time.
    """
    import pandas as pd

    paths = files_of("yoochoose_100k", size)
    train, test = (
        pd.read_csv(paths[f"yoochoose-clicks-100k_{part}.txt"], sep="\t")
        for part in ("train_full", "test")
    )
    if size == "sample":
        train, test = _every_fourth_session(train), _every_fourth_session(test)
    return Yoochoose(train, test)


def _every_fourth_session(clicks):
    kept = clicks["SessionId"].unique()[::SAMPLE_STEP]
    return clicks[clicks["SessionId"].isin(kept)].reset_index(drop=True)
