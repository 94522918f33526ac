"""A warm process: it has imported what lessons import, and is forked for each kernel.

Each lesson begins with TensorFlow's import, three seconds of the processor. The warm process
imports and does nothing else, so that no thread of TensorFlow's runs when it is forked. It ends
when the tests do, however they end: its standard input closes. Its kernels watch it and end too.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from unittest import mock

MODULES = ("keras", "matplotlib.figure", "pandas", "sklearn.ensemble")
HARMLESS = {"jemalloc_bg_thd"}  # threads that know what a fork is


def serve(modules):
    """Import, then fork for each line of standard input. Return, in a child, what the line asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks here how a kernel ended
    for module in modules:
        importlib.import_module(module)
    me = os.getpid()
    others = [task for task in Path("/proc/self/task").iterdir() if task.name != str(me)]
    gc.collect()
    gc.freeze()  # what all kernels share is neither looked through nor copied
    print(json.dumps([(task / "comm").read_text().strip() for task in others]), flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            return json.loads(line) | {"parent": me}
        print(pid, flush=True)
    os._exit(0)


def settle(asked):
    """Be what the new process of a kernel is: in its own session, with its files and variables."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    log = os.open(asked["log"], os.O_WRONLY | os.O_APPEND)
    for number, file in enumerate([nothing, nothing, log]):
        os.dup2(file, number)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(asked["environment"], JPY_PARENT_PID=str(asked["parent"]))
    os.chdir(asked["folder"])
    # A kernel reads as it is imported, so too early here, whose end it is to follow.
    follow = f"--IPKernelApp.parent_handle={asked['parent']}"
    sys.argv = ["ipykernel_launcher.py", *asked["arguments"], follow]


class Forked:
    """The process of a kernel as jupyter_client knows it, `subprocess.Popen`; no child of ours."""

    stdin = stdout = stderr = None

    def __init__(self, pid):
        self.pid = pid
        try:
            self._end = os.fdopen(os.pidfd_open(pid), closefd=True)
        except ProcessLookupError:  # so soon
            self._end = None

    def poll(self, seconds=0):
        if self._end is not None and not select.select([self._end], [], [], seconds)[0]:
            return None
        return 0

    def wait(self):
        code = self.poll(None)
        if self._end is not None:
            self._end.close()
            self._end = None
        return code

    def send_signal(self, number):
        os.kill(self.pid, number)


class WarmProcess:
    """The warm process as tests see it. `threads` are those that it would fork besides its own."""

    def __init__(self, environment, modules=MODULES):
        # Before anything is imported: what a kernel draws with.
        environment = environment | {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
        self._process = subprocess.Popen(
            [sys.executable, __file__, "ipykernel.kernelapp", *modules],
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        self.threads = set(json.loads(self._process.stdout.readline())) - HARMLESS

    @contextlib.contextmanager
    def gives_kernels(self):
        """Let a run take its kernel from here. All else about the run is as ever."""
        from jupyter_client.provisioning import LocalProvisioner

        async def launch_kernel(provisioner, cmd, *, env, stderr, cwd=None, **_):
            arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
            asked = {"arguments": arguments, "environment": env, "log": stderr.name}
            asked["folder"] = os.fspath(cwd or Path.cwd())
            print(json.dumps(asked), file=self._process.stdin, flush=True)
            provisioner.process = Forked(int(self._process.stdout.readline()))
            provisioner.pid = provisioner.pgid = provisioner.process.pid
            return provisioner.connection_info

        with mock.patch.object(LocalProvisioner, "launch_kernel", launch_kernel):
            yield

    def end(self):
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


if __name__ == "__main__":
    del sys.path[0]  # the folder of this file is none of a kernel's
    settle(serve(sys.argv[1:]))
    sys.modules["ipykernel.kernelapp"].launch_new_instance()
