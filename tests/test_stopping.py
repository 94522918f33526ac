"""Commands that are told to end: what they started ends too, whatever the signal."""

import json
import os
import signal
import subprocess
import sys

import pytest
from processes import family, gone, started, wait_for

from ecomlab.stopping import Children, Stopped

SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"]
CHILD = "from ecomlab.stopping import end_with_parent, stop_on_signals\nimport time\n"
CHILD += "stop_on_signals()\nend_with_parent()\nprint('there', flush=True)\n"


def a_child(then):
    """Return the command of a child that follows its parent."""
    return [sys.executable, "-c", CHILD + then]


def test_children_end_in_order_and_nothing_starts_after():
    children = Children()
    # It says that it waits once it is inside `try`: a signal before that has nothing to tidy.
    kept = "try:\n    print('waits', flush=True)\n    time.sleep(600)\n"
    kept += "finally:\n    print('tidied', flush=True)"
    process = children.start(a_child(kept), stdout=subprocess.PIPE)
    assert process.stdout.readline() == "there\n" and process.stdout.readline() == "waits\n"
    children.end()
    assert process.returncode == 1 and process.stdout.read() == "tidied\n"
    assert "Stopped" in process.stderr.read()
    with pytest.raises(Stopped):
        children.start(a_child("pass"))


def test_one_child_that_ends_leaves_the_other_alone():
    children = Children()
    first = children.start(a_child("time.sleep(600)"), stdout=subprocess.PIPE)
    second = children.start(a_child("pass"), stdout=subprocess.PIPE)
    assert second.wait(60) == 0
    assert first.stdout.readline() == "there\n" and first.poll() is None
    children.end()
    assert first.returncode is not None


PARENT = """\
import sys, time
from ecomlab.stopping import Children, stop_on_signals
stop_on_signals()
children = Children()
try:
    print(children.start([sys.executable, "-c", sys.argv[1]]).pid, flush=True)
    time.sleep(600)
finally:
    children.end()
"""


@pytest.mark.parametrize("name", SIGNALS)
def test_a_child_ends_with_its_parent(name):
    _, _, code = a_child("time.sleep(600)")
    with started([sys.executable, "-c", PARENT, code]) as parent:
        child = int(parent.stdout.readline())
        os.kill(parent.pid, getattr(signal, name))
        parent.wait(60)
        wait_for(lambda: gone(child), 60)


def test_an_ignored_signal_stays_ignored():
    """`nohup ecomlab workbook &` goes on when its terminal is closed."""
    code = "from ecomlab.stopping import stop_on_signals\nimport os, signal\n"
    code += "stop_on_signals()\nos.kill(os.getpid(), signal.SIGHUP)\nprint('still here')"
    done = subprocess.run(
        ["nohup", sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "still here\n"


def test_a_second_signal_does_not_cut_the_first_short():
    code = "from ecomlab.stopping import stop_on_signals\nimport os, signal, time\n"
    code += "stop_on_signals()\ntry:\n    os.kill(os.getpid(), signal.SIGTERM)\n    time.sleep(9)\n"
    code += "finally:\n    os.kill(os.getpid(), signal.SIGINT)\n    print('tidied')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "tidied\n"


# Both keep a kernel busy in compiled code: the first in one long call, the second in training.
LONG_CALL = "import numpy as np\nnp.linalg.svd(np.random.default_rng(1).random((9000, 9000)))"
TRAINING = """\
import keras, numpy as np
network = keras.Sequential([keras.Input((200,)), keras.layers.Dense(2000), keras.layers.Dense(1)])
network.compile("adam", "mse")
network.fit(np.zeros((20_000, 200)), np.zeros(20_000), epochs=1000, verbose=0)
"""


@pytest.mark.exhaustive
@pytest.mark.parametrize("busy", [LONG_CALL, TRAINING], ids=["long call", "training"])
@pytest.mark.parametrize("name", SIGNALS)
def test_a_run_ends_with_its_kernel(make_notebook, tmp_path, ecomlab_command, name, busy):
    mark = tmp_path / "mark"
    path = make_notebook(f"import pathlib\npathlib.Path({str(mark)!r}).touch()\n{busy}")
    number = getattr(signal, name)
    with started(ecomlab_command, "run", path, "--root", tmp_path / "out") as process:
        wait_for(mark.exists)
        members = family(process)
        assert len(members) >= 2
        os.kill(process.pid, number)
        _, stderr = process.communicate(timeout=300)
        wait_for(lambda: all(gone(pid) for pid in members), 60)
    if name == "SIGKILL":
        assert process.returncode == -9
        return
    assert process.returncode == 128 + number
    assert stderr.strip().splitlines()[-1] == "ecomlab: stopped"
    kept = [path.name for path in (tmp_path / "out").iterdir()]
    assert kept == ["small.partial.ipynb"]
    json.loads((tmp_path / "out" / kept[0]).read_text("utf-8"))


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_stopped_report_leaves_nothing(tmp_path, ecomlab_command, name):
    arguments = ["report", "segments", "--out", tmp_path / "segments.html"]
    with started(ecomlab_command, *arguments) as process:
        wait_for(lambda: len(family(process)) >= 2)
        members = family(process)
        os.kill(process.pid, getattr(signal, name))
        process.communicate(timeout=300)
        wait_for(lambda: all(gone(pid) for pid in members), 60)
    assert process.returncode == 128 + getattr(signal, name)
    assert not list(tmp_path.iterdir())
