"""How a command ends when it is told to, so that nothing it started is left running.

Ctrl-C, SIGTERM and a closed terminal (SIGHUP) do one and the same: the work stops, the
children end, what is finished is kept. Each child's standard input is a pipe whose other end
its parent holds. The pipe closes when the parent wants the child to end, and also when the
parent is killed outright; the child then ends as if it had been told to. A kernel watches
its own parent and ends within two seconds of it.
"""

import math
import os
import signal
import subprocess
import threading
import time

# Windows knows no SIGHUP.
SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
GRACE = 15  # seconds to end in order: a kernel that is busy takes about five


class Stopped(KeyboardInterrupt):
    """A signal told this command to end."""


class _Handler:
    """Raise `Stopped` once; again only after the time that ending in order may take."""

    def __init__(self):
        self.received, self._at = signal.SIGINT, -math.inf

    def __call__(self, number, _frame):
        # A second Ctrl-C must not cut short what the first one began.
        if time.monotonic() - self._at > GRACE:
            self.received, self._at = number, time.monotonic()
            raise Stopped


_handler = _Handler()


def stop_on_signals():
    """Let SIGTERM and a closed terminal end this command as Ctrl-C does.

    A signal that is ignored stays ignored: `nohup` and jobs in the background ask for that.
    """
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _handler)


def exit_code():
    """Return the exit code of a command that was stopped: 128 and the signal's number."""
    return 128 + _handler.received


class Children:
    """Processes that end when this one does, however it ends.

    Each calls `end_with_parent`. They have a process group of their own, so that a Ctrl-C at
    the terminal reaches this process only, which then ends them.
    """

    def __init__(self):
        self._processes, self._ended, self._lock = {}, False, threading.Lock()

    def start(self, command, stdout=subprocess.DEVNULL):
        """Start a command and return its `subprocess.Popen`; its stderr is a stream of text.

        Raises
        ------
        Stopped
            If `end` was called: nothing may start any more.
        """
        with self._lock:
            if self._ended:
                raise Stopped
            theirs, ours = os.pipe()
            try:
                process = subprocess.Popen(
                    command,
                    stdin=theirs,
                    stdout=stdout,
                    stderr=subprocess.PIPE,
                    text=True,
                    process_group=0,
                )
            finally:
                os.close(theirs)
            self._processes[process] = ours
            return process

    def end(self):
        """End every child and wait until it is gone."""
        with self._lock:
            self._ended = True
        for ours in self._processes.values():
            os.close(ours)
        deadline = time.monotonic() + GRACE + 5
        for process in self._processes:
            try:
                process.wait(max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def end_with_parent():
    """End this process in order once its standard input closes, and at the latest `GRACE` later."""
    threading.Thread(target=_watch_parent, daemon=True).start()


def _watch_parent():
    while os.read(0, 1):
        pass
    signal.pthread_kill(threading.main_thread().ident, signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(exit_code())
