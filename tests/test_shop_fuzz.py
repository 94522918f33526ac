"""Orders written in random habits, read back: the total is right to the cent, or it stops."""

import os
from collections import Counter

import pytest
from habits import habits, write_orders
from hypothesis import HealthCheck, given, seed, settings

from ecomlab.shop.orders import OrdersError, read_orders

COMMON = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}


def reads_right_or_stops(path, how, counts):
    total = write_orders(path, how)
    try:
        orders = read_orders(None, path, today="2025-12-01")
    except OrdersError as stop:
        counts["stops"] += 1
        counts[str(stop).partition(": ")[2][:60]] += 1
        return
    counts["right"] += 1
    read = orders.lines["amount"].sum()
    assert abs(read - total) < 0.005, f"{read:,.2f} for {total:,.2f}: {orders.account()}"


def check(tmp_path, examples, drawn_from):
    counts = Counter()

    @seed(drawn_from)  # the same habits at every run: what fails can be looked at again
    @settings(max_examples=examples, **COMMON)
    @given(habits())
    def run(how):
        reads_right_or_stops(tmp_path / "orders.csv", how, counts)

    run()
    print(dict(counts))
    # A reader that stops at everything is never wrong, and of no use.
    assert counts["stops"] < 0.3 * (counts["stops"] + counts["right"])


@pytest.mark.slow
def test_forty_habits(tmp_path):
    check(tmp_path, 40, drawn_from=0)


@pytest.mark.exhaustive
@pytest.mark.parametrize("drawn_from", range(1, 5))
def test_many_habits(tmp_path, drawn_from):
    """Two thousand take a quarter of an hour: ECOMLAB_FUZZ=500 asks each part for so many."""
    check(tmp_path, int(os.environ.get("ECOMLAB_FUZZ", "150")), drawn_from)
