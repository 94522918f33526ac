"""Windows hold the past of what they ask, and each step is asked in one split only."""

import numpy as np
import pandas as pd
import pytest

from ecomlab.sequences import click_sequences, gather, item_rules, trip_sequences
from ecomlab.splits import Trips


@pytest.fixture
def trips():
    """Two households of 12 and 5 trips; basket r is item r modulo 4, so places can be read."""
    household = np.repeat([3, 7], [12, 5])
    baskets = np.eye(4, dtype=np.uint8)[np.arange(17) % 4]
    return Trips(np.array(list("abcd")), household, np.arange(17), baskets)


@pytest.fixture
def clicks():
    day = 24 * 3600
    sessions = [(1, [10, 20, 30], 0), (2, [20, 10], 100), (3, [10, 20, 99], day + 200)]
    rows = [(s, item, at + i) for s, items, at in sessions for i, item in enumerate(items)]
    train = pd.DataFrame(rows, columns=["SessionId", "ItemId", "Time"])
    test = pd.DataFrame({"SessionId": 4, "ItemId": [30, 77, 99, 10], "Time": np.arange(4) + 3e5})
    return train, test


def targets(windows, last_only):
    return [r for start, stop in windows for r in range(stop - 1 if last_only else start + 1, stop)]


def test_each_trip_is_asked_in_one_split(trips):
    s = trip_sequences(trips, length=4)
    train, again = targets(s.train, False), targets(s.retrain, False)
    val, test = targets(s.val, True), targets(s.test, True)
    assert sorted(test) == [9, 10, 11, 14, 15, 16] and sorted(val) == [8, 13]
    assert sorted(train) == list(range(1, 8)) and sorted(again) == sorted(train + val)
    for windows in (s.train, s.retrain, s.val, s.test):
        assert (s.owner[windows[:, 0]] == s.owner[windows[:, 1] - 1]).all()
        assert (windows[:, 1] - windows[:, 0] <= 5).all()


def test_counts_grow_within_a_household(trips):
    known = trip_sequences(trips).known
    assert known[11, 0].tolist() == [3, 3, 3, 3]
    assert known[12, 0].tolist() == [1, 0, 0, 0]
    assert known[4, 1, 0] == pytest.approx(1 + 0.9**4, abs=2e-3)
    assert known[4, 2].tolist() == [1, 0, 0, 0]


def test_clicks_are_split_by_session_and_time(clicks):
    s = click_sequences(*clicks)
    assert s.rows.tolist() == [0, 1, 2, 1, 0, 0, 1, 3, 2, 3, 0]  # 77 was never trained: gone
    assert targets(s.train, False) == [1, 2, 4]
    assert targets(s.retrain, False) == [1, 2, 4, 6, 7]
    assert targets(s.val, True) == [6]  # 99 is new on the last day
    assert targets(s.test, True) == [9, 10]


def test_a_batch_asks_what_comes_next(trips):
    s = trip_sequences(trips, length=4)
    x, asked, known, wanted = gather(s, np.array([[0, 4], [12, 14]]))
    assert x.shape == (2, 3, 4) and asked.tolist() == [0, 1, 2, 3]
    assert wanted.argmax(axis=1).tolist() == [1, 2, 3, 13 % 4]
    assert (known == s.known[[0, 1, 2, 12]]).all()
    _, asked, _, wanted = gather(s, np.array([[0, 4], [12, 14]]), last_only=True)
    assert asked.tolist() == [2, 3] and wanted.argmax(axis=1).tolist() == [3, 1]


def test_a_batch_of_clicks_has_no_counts(clicks):
    s = click_sequences(*clicks)
    x, _, known, wanted = gather(s, s.retrain)
    assert x.shape == (3, 2) and known.shape == (5, 3, 0)
    assert wanted.tolist() == [s.rows[r] for r in targets(s.retrain, False)]


def test_rules_count_pairs_of_past_sessions_only(clicks):
    s = click_sequences(*clicks)
    assert item_rules(s, 5)[:3, :3].tolist() == [[0, 1, 0], [1, 0, 1], [0, 0, 0]]
    assert item_rules(s, 5, reach=2, fade=True)[0].tolist() == [0, 1, 0.5, 0]
    assert item_rules(s, 5, reach=2, both=True)[2].tolist() == [1, 1, 0, 0]
    assert item_rules(s, 8)[0, 1] == 2
