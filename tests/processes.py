"""Commands that are started, ended by a signal, and counted: what the kill tests share."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
import time

import psutil

# `ecomlab` with made-up lessons in place of the real ones.
ELSEWHERE = """\
import sys
from pathlib import Path
from ecomlab import project
project.NOTEBOOKS, project.BUILD = map(Path, sys.argv[1:3])
from ecomlab.cli.main import main
sys.argv[1:] = sys.argv[3:]
main()
"""


def ecomlab_with(notebooks, build):
    """Return the command line of an `ecomlab` that knows other lessons."""
    return [sys.executable, "-c", ELSEWHERE, str(notebooks), str(build)]


def wait_for(condition, seconds=240):
    deadline = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found, "it did not happen in time"
    return found


def gone(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def family(process):
    """Return the ids of a process and of all that it has started."""
    return [process.pid, *(one.pid for one in psutil.Process(process.pid).children(recursive=True))]


@contextlib.contextmanager
def started(command, *arguments, **options):
    """Start a command with a session of its own; nothing of it outlives the test."""
    process = subprocess.Popen(
        [*map(str, [*command, *arguments])],
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options},
        start_new_session=True,
        # Under `nohup` the tests ignore a closed terminal; what they start is there to notice it.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )
    members = []
    try:
        yield process
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            members = psutil.Process(process.pid).children(recursive=True)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        for member in members:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        process.communicate()


@contextlib.contextmanager
def in_a_terminal(command, *arguments):
    """Start a command in a terminal of its own; give its process and what closes the terminal."""
    leader, follower = pty.openpty()
    close = contextlib.ExitStack()
    close.callback(os.close, leader)
    # The new session takes the terminal for its own when it opens it.
    opened = f'exec "$@" < {os.ttyname(follower)} > {os.ttyname(follower)} 2>&1'
    with started(["sh", "-c", opened, "sh", *command], *arguments) as process, close:
        os.close(follower)
        yield process, close.close
