"""The yardstick: measured once, kept for this machine, and never measured unasked."""

import json
import subprocess
import sys
import time

import platformdirs
import psutil
import pytest

from ecomlab import yardstick as module
from ecomlab.yardstick import in_words, yardstick


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """A user's cache of its own, on every system."""
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: tmp_path)
    return tmp_path / "yardstick.json"


def test_a_kept_yardstick_holds_for_its_machine_alone(cache):
    assert yardstick(measure=False) is None
    cache.write_text(json.dumps({"machine": module._machine(), "yardstick": 1.5}))
    assert yardstick() == yardstick(measure=False) == 1.5
    other = module._machine() | {"processor": "another"}
    cache.write_text(json.dumps({"machine": other, "yardstick": 1.5}))
    assert yardstick(measure=False) is None
    for damaged in ("", "[]", '{"machine": 1}'):
        cache.write_text(damaged)
        assert yardstick(measure=False) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.5, "about 0.5 times as long"),
        (1.1, "about as long"),
        (2.1, "about twice as long"),
        (3.04, "about 3.0 times as long"),
    ],
)
def test_the_yardstick_in_words(value, words):
    assert in_words(value).startswith(words)


@pytest.mark.slow
@pytest.mark.exhaustive  # twenty seconds of two cores
def test_it_is_measured_apart_when_asked_and_kept(cache):
    cache.write_text(json.dumps({"machine": module._machine(), "yardstick": 1000}))
    before = "tensorflow" in sys.modules
    assert yardstick() == 1000
    value = yardstick(fresh=True)
    assert 0.1 < value < 50
    assert ("tensorflow" in sys.modules) == before
    assert yardstick() == yardstick(measure=False) == value


@pytest.mark.slow
def test_what_other_programs_take_is_subtracted():
    def work():
        until = time.process_time() + 0.5
        while time.process_time() < until:
            pass

    spin = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(spin) for _ in range(2 * psutil.cpu_count())]
    try:
        while psutil.cpu_percent(0.2) < 99:
            pass
        start = time.perf_counter()
        seconds = module._seconds_of(work)
        by_the_clock = time.perf_counter() - start
    finally:
        for other in others:
            other.kill()
            other.wait()
    assert by_the_clock > 0.9  # it had to share
    assert seconds < by_the_clock / 2
