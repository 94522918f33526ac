"""How long this machine takes, measured in the minutes of the reference machine.

Minutes in a lesson are those of a machine with yardstick 1: two cores on which one pass of
lesson 03's textbook network over 60,000 photos, in batches of 32, takes 12 seconds. Where
it takes 36 seconds the yardstick is 3, and a lesson of two minutes takes about six.

The network below is a stopwatch and no model: it is given random numbers, learns nothing,
and no lesson uses it. It has the shapes of the textbook network, because only the same work
is slower by the same factor on another machine.
"""

import contextlib
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import psutil

from ecomlab.errors import RunFailed
from ecomlab.files import write_text
from ecomlab.stopping import Children, end_with_parent

__all__ = ["in_words", "yardstick"]

REFERENCE_SECONDS = 12  # one pass over PHOTOS on the reference machine
PHOTOS, BATCH = 60_000, 32
STEPS = 120  # short passes over less: a step takes as long as in a whole one
PASSES = 25  # their median: with five it moved by a third within an hour, with forty by a tenth
LONGEST = 300  # seconds; a machine that needs more for a minute's work has another trouble


def yardstick(measure=True, fresh=False):
    """Return this machine's yardstick: 2 where lessons take twice the minutes that they state.

    It is measured once, in about 25 seconds, and kept in the user's cache for this
    processor and these versions.

    Parameters
    ----------
    measure : bool
        Whether to measure where no value is kept. Without, nothing is started.
    fresh : bool
        Measure again, also where a value is kept.

    Returns
    -------
    float or None
        None where no value is kept and `measure` is False.

    Raises
    ------
    RunFailed
        If TensorFlow does not start, or Keras runs on another engine.
    """
    place, machine = _place(), _machine()
    if not fresh:
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            kept = json.loads(place.read_text(encoding="utf-8"))
            if kept["machine"] == machine:
                return float(kept["yardstick"])
    if not measure:
        return None
    value = _measure_apart()
    with contextlib.suppress(OSError):  # a cache that cannot be written costs 25 seconds
        write_text(place, json.dumps({"machine": machine, "yardstick": value}, indent=1) + "\n")
    return value


def in_words(value):
    """Say how long a lesson takes here: `about twice as long as its minutes say`."""
    times = (
        "" if 0.8 <= value < 1.25 else "twice " if 1.75 <= value < 2.25 else f"{value:.1f} times "
    )
    return f"about {times}as long as its minutes say"


def _place():
    import platformdirs

    return platformdirs.user_cache_path("ecomlab", appauthor=False) / "yardstick.json"


def _machine():
    """Name what the yardstick depends on: another processor or version asks for a new one."""
    processor = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):  # Linux tells the model here alone
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        processor = models[0] if models else processor
    versions = {}
    for package in ("tensorflow", "keras"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    # Each of these makes Keras compute in another way.
    settings = {name: os.environ.get(name) for name in ("KERAS_BACKEND", "ONEDNN_MAX_CPU_ISA")}
    return {"processor": processor, "cores": os.cpu_count(), **versions, **settings}


def _measure_apart():
    """Measure in a process of its own: it leaves no trace here, and may die without harm."""
    children = Children()
    process = children.start([sys.executable, "-m", "ecomlab.yardstick"], stdout=subprocess.PIPE)
    try:
        stdout, stderr = process.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        raise RunFailed(f"the yardstick took more than {LONGEST} s: is the machine busy?") from None
    finally:
        children.end()
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        # TensorFlow's packages are built for processors with AVX.
        hint = ": this processor is too old for TensorFlow" if name == "SIGILL" else ""
        raise RunFailed(f"TensorFlow ended with {name}{hint}")
    if process.returncode:
        words = stderr.strip().splitlines() or ["it said nothing"]
        raise RunFailed(f"TensorFlow does not start: {words[-1]}")
    return float(stdout.split()[-1])


def _measure():
    """Time the stopwatch network, and return the yardstick."""
    import keras
    import numpy as np

    from ecomlab.seeds import set_seed

    if keras.backend.backend() != "tensorflow":
        sys.exit(f"Keras runs on {keras.backend.backend()}")
    set_seed(1)
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    network.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    rng = np.random.default_rng(1)
    photos = rng.random((BATCH * STEPS, 28, 28, 1), dtype="float32")
    labels = rng.integers(0, 10, len(photos))

    def one_pass():
        network.fit(photos, labels, batch_size=BATCH, verbose=0)

    one_pass()  # it also builds the graph
    seconds = statistics.median(_seconds_of(one_pass) for _ in range(PASSES))
    return seconds * PHOTOS / len(photos) / REFERENCE_SECONDS


def _seconds_of(work):
    """Time a piece of work as on a machine where nothing else runs.

    Where no processor was idle, the work waited for other programs. What they took is
    subtracted: on two cores with sixteen programs a pass took 107 s by the clock, and 22 s
    without them.
    """
    cores = psutil.cpu_count()
    start, before, own = time.perf_counter(), psutil.cpu_times(), time.process_time()
    work()
    seconds, after, own = time.perf_counter() - start, psutil.cpu_times(), time.process_time() - own
    # Linux alone tells waiting for a disk, and what the host of a virtual machine took.
    unused = sum(
        getattr(after, name, 0) - getattr(before, name, 0) for name in ("idle", "iowait", "steal")
    )
    others = cores * seconds - unused - own
    full = unused < 0.1 * cores * seconds
    return seconds - max(0, others) / cores if full else seconds


if __name__ == "__main__":
    end_with_parent()
    print(_measure())
