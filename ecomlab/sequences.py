"""Trips and clicks as sequences: windows in which a network predicts the next step."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ecomlab.splits import from_end

FORGET = 0.9  # what is left of an earlier trip in the second row of `known`, one trip later


class Sequences(NamedTuple):
    """All steps in one array, sequence after sequence, and windows [start, stop) into it.

    Attributes
    ----------
    rows : array
        The steps: baskets of uint8, shape (n_rows, n_items), or item numbers, shape (n_rows,).
    owner : array of int, shape (n_rows,)
        The row at which the household or session of each row begins.
    known : array of float16, shape (n_rows, 3, n_items), or None
        How often each item was bought until this row, the same with earlier trips slowly
        forgotten, and the last trip alone. None for clicks.
    n_items : int
    length : int
        The most steps that a question may look back.
    train, retrain : array of int, shape (n, 2)
        Windows in which each row after the first is to be predicted. `retrain` holds the
        validation steps too: for the last training, when all choices are made.
    val, test : array of int, shape (n, 2)
        Windows of which the last row alone is to be predicted.
    """

    rows: np.ndarray
    owner: np.ndarray
    known: np.ndarray | None
    n_items: int
    length: int
    train: np.ndarray
    retrain: np.ndarray
    val: np.ndarray
    test: np.ndarray


def trip_sequences(trips, length=50, n_test=3):
    """Return the trips of each household as one sequence.

    The last `n_test` trips of each household are the test, each predicted from all before
    it; the trip before these is validation.

    Parameters
    ----------
    trips : Trips
        From `ecomlab.splits.next_trips`.
    length, n_test : int

    Returns
    -------
    Sequences
    """
    _, start, n_trips = np.unique(trips.household, return_index=True, return_counts=True)
    owner, stop = np.repeat(start, n_trips), start + n_trips
    counts = trips.baskets.astype(np.float16)
    known = np.stack([counts] * 3, axis=1)
    for row in np.flatnonzero(np.arange(len(owner)) > owner):
        known[row, 0] += known[row - 1, 0]
        known[row, 1] += known[row - 1, 1] * np.float16(FORGET)
    left = from_end(trips.household)
    asked = np.arange(len(owner)) > owner
    asked = (asked & (left == n_test), asked & (left < n_test))
    return Sequences(
        *(trips.baskets, owner, known, len(trips.categories), length),
        *(_pieces(start, stop - n_test - more, length) for more in (1, 0)),
        *(_questions(owner, np.flatnonzero(which), length) for which in asked),
    )


def click_sequences(train, test, length=20):
    """Return the clicks of each session as one sequence, sessions in order of their end.

    Validation is the last 24 hours of `train`. Each click after the first of its session is
    a question, if its item occurs in training.

    Parameters
    ----------
    train, test : DataFrame
        SessionId, ItemId, Time in seconds.
    length : int

    Returns
    -------
    Sequences
    """
    frame = pd.concat([train.assign(part=0), test.assign(part=2)], ignore_index=True)
    frame["end"] = frame.groupby(["part", "SessionId"])["Time"].transform("max")
    late = (frame["part"] == 0) & (frame["end"] > train["Time"].max() - 24 * 3600)
    frame.loc[late, "part"] = 1
    frame = frame[frame["ItemId"].isin(train["ItemId"])]
    frame = frame.sort_values(["part", "end", "SessionId", "Time"], kind="stable")
    rows, part = pd.factorize(frame["ItemId"])[0], frame["part"].to_numpy()
    begins = np.append(True, np.diff(frame["SessionId"]) != 0)
    start = np.flatnonzero(begins)
    owner, stop = start[np.cumsum(begins) - 1], np.append(start[1:], len(rows))
    targets = np.arange(len(rows)) > owner
    asked = (targets & (part == 1) & np.isin(rows, rows[part == 0]), targets & (part == 2))
    return Sequences(
        *(rows, owner, None, int(rows.max()) + 1, length),
        *(_pieces(start[part[start] <= p], stop[part[start] <= p], length) for p in (0, 1)),
        *(_questions(owner, np.flatnonzero(which), length) for which in asked),
    )


def gather(sequences, windows, last_only=False):
    """Return a batch of windows, padded at their end to one length.

    Parameters
    ----------
    sequences : Sequences
    windows : array of int, shape (batch, 2)
    last_only : bool
        Ask for the last row of each window only, not for each row after the first.

    Returns
    -------
    x : array, shape (batch, time) or (batch, time, n_items)
        The steps before the last. Padding repeats a step and is never asked.
    asked : array of int, shape (n_asked,)
        The places after which the next step is asked: numbers into batch x time, flattened.
    known : array of float32, shape (n_asked, 3, n_items), or (n_asked, 3, 0) for clicks
    wanted : array, shape (n_asked,) or (n_asked, n_items)
        The step that followed.
    """
    start, stop = np.asarray(windows).T
    step, last = np.arange((stop - start).max() - 1), (stop - start)[:, None] - 2
    place = np.minimum(start[:, None] + step, stop[:, None] - 2)
    ask = step == last if last_only else step <= last
    known = sequences.known
    known = np.zeros((ask.sum(), 3, 0)) if known is None else known[place[ask]]
    x, wanted = sequences.rows[place], sequences.rows[place[ask] + 1]
    return x, np.flatnonzero(ask), known.astype(np.float32), wanted


def item_rules(sequences, begin, reach=1, fade=False, both=False):
    """Return how often each item followed each other one within a session.

    Parameters
    ----------
    sequences : Sequences
        Of clicks.
    begin : int
        Only rows before this one are counted.
    reach : int
        The most steps between two clicks of a pair. 1 makes the Markov rule.
    fade : bool
        Count 1 / steps instead of 1: a sequential rule (Ludewig and Jannach, 2018).
    both : bool
        Count each pair in both directions: an association rule.

    Returns
    -------
    array of float32, shape (n_items, n_items)
        Row i scores what follows item i.
    """
    table = np.zeros((sequences.n_items, sequences.n_items), np.float32)
    for step in range(1, reach + 1):
        first = np.arange(begin - step)
        first = first[sequences.owner[first] == sequences.owner[first + step]]
        pair = sequences.rows[first], sequences.rows[first + step]
        for one in (pair, pair[::-1])[: 1 + both]:
            np.add.at(table, one, 1 / step if fade else 1)
    return table


def _pieces(start, stop, length):
    """Cut each [start, stop) into windows of at most length + 1 rows; no target twice."""
    return np.array(
        [
            (max(first, end - length - 1), end)
            for first, last in zip(start, stop, strict=True)
            for end in range(last, first + 1, -length)
        ]
    )


def _questions(owner, targets, length):
    """Return one window for each target row, with at most `length` rows before it."""
    return np.stack([np.maximum(owner[targets], targets - length), targets + 1], axis=1)
