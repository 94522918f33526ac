"""The warm process from which the quick runs of lessons take their kernels."""

import os
import signal
import threading

import pytest
from processes import gone, wait_for
from warm import WarmProcess

from ecomlab.errors import RunFailed
from ecomlab.running import one
from ecomlab.running.processors import environment_of_threads

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="a warm process needs Linux"),
]
TELL = """\
import __main__, os, sys
from ecomlab.results import record
record(
    folder=os.getcwd(),
    path=sys.path,
    names=sorted(vars(__main__)),
    variables=sorted(os.environ.items()),
    drawn_with=__import__("matplotlib").get_backend(),
    leads_its_session=os.getsid(0) == os.getpid(),
)
"""


@pytest.fixture
def small_process():
    """One without TensorFlow, for a test alone."""
    process = WarmProcess(environment_of_threads(), modules=["matplotlib.figure"])
    yield process
    process.end()


def test_it_is_forked_before_a_thread_of_tensorflow_runs():
    process = WarmProcess(environment_of_threads())
    process.end()
    assert process.threads == set()


def test_its_kernels_are_as_any_others(small_process, make_notebook, tmp_path):
    path, options = make_notebook(TELL), {"environment": environment_of_threads(), "offline": True}
    cold = one.run(path, root=tmp_path / "cold", **options).results
    with small_process.gives_kernels():
        warm = one.run(path, root=tmp_path / "warm", **options).results
    for results in (cold, warm):
        told = dict(results["variables"])
        results["variables"] = told
        told.pop("JPY_PARENT_PID")
    assert warm == cold


def test_it_ends_with_the_tests_and_its_kernels_end_with_it(small_process, make_notebook, tmp_path):
    mark = tmp_path / "pid"
    waits = f"import os, pathlib, time\npathlib.Path({str(mark)!r}).write_text(str(os.getpid()))"
    path = make_notebook(f"{waits}\ntime.sleep(600)")

    def kill_it():
        wait_for(lambda: mark.exists() and mark.read_text())
        os.kill(small_process.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_it)
    killer.start()
    with small_process.gives_kernels(), pytest.raises(RunFailed, match="the kernel died"):
        one.run(path, root=tmp_path / "out")
    killer.join()
    assert gone(int(mark.read_text()))
