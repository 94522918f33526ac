"""Snapshots: what a value is and how far it may move. Bands and wins: what a lesson claims."""

import pytest

from ecomlab import expected
from ecomlab.expected import claims, compare, lost_wins, outside_bands, take_snapshot

RUNS = [
    {"n": 5, "rmse": 2.0, "loss": 0.5, "gain": [0.1, 0.0], "best": "GRU", "s": "x", "fit_s": 3.1},
    {"n": 5, "rmse": 2.0, "loss": 0.52, "gain": [0.1, 0.01], "best": "LSTM", "s": "x", "fit_s": 9},
    {"n": 5, "rmse": 2.0, "loss": 0.49, "gain": [0.1, 0.0], "best": "GRU", "s": "x", "fit_s": 4},
]


def classes(runs):
    return {name: entry["class"] for name, entry in take_snapshot(runs).items()}


def test_values_are_classified_by_what_moved_them():
    assert classes(RUNS) == {
        "n": "count",
        "rmse": "arithmetic",
        "loss": "trained",
        "gain.0": "arithmetic",
        "gain.1": "trained",
        "best": "choice",
        "s": "count",
    }
    assert classes([{"epochs": 7}, {"epochs": 9}]) == {"epochs": "trained"}
    assert classes([{"ok": True}, {"ok": True}]) == {"ok": "count"}
    assert classes([{"ok": True}, {"ok": False}]) == {"ok": "choice"}
    assert classes([{"week": None}, {"week": 3}]) == {"week": "choice"}
    # A list that is longer in one run has no fixed places.
    assert classes([{"path": [1, 2]}, {"path": [1, 2, 3]}]) == {"path": "choice"}
    # What is rounding only moves by all of itself.
    assert take_snapshot([{"gap": 3e-8}, {"gap": 5e-8}])["gap"]["tolerance"] == pytest.approx(
        1e-5, rel=0.02
    )


def test_a_tolerance_is_a_share_of_the_value_or_follows_the_runs():
    large = take_snapshot([{"dollars": 200.0}, {"dollars": 201.0}])["dollars"]
    assert large["tolerance"] == pytest.approx(expected.SHARE * 200, rel=0.02)
    wide = take_snapshot([{"loss": 0.5}, {"loss": 0.6}])["loss"]
    assert wide["tolerance"] == pytest.approx(0.1, rel=0.02)
    # Two runs agree by luck, to the last digit but one: what is usual here is allowed.
    lucky = {"a": 0.5, "b": 0.5, "c": 0.001}, {"a": 0.6, "b": 0.4, "c": 0.0011}
    assert take_snapshot(lucky)["c"]["tolerance"] == pytest.approx(0.1, rel=0.02)


def test_a_run_is_compared_by_class():
    snapshot = take_snapshot(RUNS)
    assert not compare(RUNS[0], snapshot)
    assert not compare(RUNS[0] | {"loss": 0.515, "best": "RNN", "fit_s": 900}, snapshot)
    assert compare(RUNS[0] | {"n": 6}, snapshot) == ["n: 5 -> 6 (+1) (count)"]
    assert len(compare(RUNS[0] | {"rmse": 2.0001}, snapshot)) == 1
    assert not compare(RUNS[0] | {"rmse": 2.0000001}, snapshot)
    assert "may move by 0.0202" in compare(RUNS[0] | {"loss": 0.6}, snapshot)[0]
    assert compare(RUNS[0] | {"new": 1}, snapshot) == ["new = 1 is new"]
    assert compare({k: v for k, v in RUNS[0].items() if k != "n"}, snapshot)
    assert len(compare(RUNS[0] | {"s": "y", "gain": [0.1]}, snapshot)) == 2


def test_what_moved_is_told_with_its_size():
    lines = expected.changes({"a": 1.0, "b": 2, "c": [1]}, {"a": 1.5, "c": [1], "d": "x"})
    assert lines == ["b: gone", "d: new, x", "a: 1 -> 1.5 (+0.5)"]
    assert not expected.changes({"a": 1.0, "t_s": 1}, {"a": 1.0 + 1e-9, "t_s": 2})


def test_a_snapshot_comes_back_as_it_was_stored(tmp_path, monkeypatch):
    monkeypatch.setattr(expected, "SNAPSHOTS", tmp_path)
    assert expected.read_snapshot("03") == {}
    expected.write_snapshot("03", take_snapshot(RUNS))
    assert expected.read_snapshot("03") == take_snapshot(RUNS)
    assert len((tmp_path / "03.json").read_text().splitlines()) == 2 + 7


def test_every_number_of_a_band_lies_inside():
    bands = {"a": [0, 1], "t_ratio": [1, 2]}
    assert not outside_bands({"a": [0.5, 1], "t_ratio": 1.5}, bands)
    assert outside_bands({"a": [0.5, 1.1]}, bands) == [
        "t_ratio has a band and was not recorded",
        "a = 1.1 lies outside its band, 0 to 1",
    ]


@pytest.mark.parametrize(
    ("win", "holds"),
    [
        ("a > b", True),
        ("b > a", False),
        ("b < a", True),
        ("a > c", False),  # they may meet
        ("gap_low > 0", True),
        ("gap_high < 0", False),
        ("over_seeds > 0", False),
        ("a > unbanded", True),  # as recorded
        ("level_low < 0 < level_high", True),
        ("gap_low < 0 < gap_high", False),
        ("touches_low < 0 < level_high", True),  # 0 is its end
        ("touches_low > 0", False),
        ("never_recorded_low > 0", False),
        # Shares of .9 and .8 of n things: 1.96 (.3 + .4) / sqrt(n) is .137 of 100, .097 of 200.
        ("share > other of 100", False),
        ("share > other of 200", True),
        ("other > share of 200", False),
        ("share > other of n_test", True),
        ("share > other of n_lost", False),
    ],
)
def test_a_win_holds_where_intervals_do_not_meet(win, holds):
    bands = {"a": (0.8, 0.9), "b": (0.6, 0.7), "c": (0.7, 0.85)}
    results = {"gap_low": 0.01, "gap_high": 0.2, "over_seeds": [0.1, -0.1], "unbanded": 0.75}
    results |= {"level_low": -0.01, "level_high": 0.02, "touches_low": 6e-18}
    results |= {"share": 0.9, "other": 0.8, "n_test": 200}
    assert bool(lost_wins([win], results, bands)) is not holds


@pytest.mark.parametrize("win", ["other < share of 200", "share > other > 0 of 200"])
def test_a_claim_on_shares_has_one_form(win):
    with pytest.raises(ValueError, match="a > b of n"):
        lost_wins([win], {"share": 0.9, "other": 0.8}, {})


def test_a_claim_is_read_with_its_sentence():
    text = ["Trees win. <!-- claim: trees > network -->", " The rest is level."]
    cells = [{"cell_type": "markdown", "source": text}, {"cell_type": "code", "source": text}]
    assert claims({"cells": cells}) == [("trees > network", "Trees win. ")]
    cells[0]["source"] = ["In the full profile.\n", "\n", *text]
    assert claims({"cells": cells}) == [("trees > network", "Trees win. ")]
