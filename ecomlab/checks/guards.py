"""Two walls behind the reading of answers, for what it did not foresee.

While a student's cell or a test runs, nothing is written, started or asked of the network, by
whatever way it was reached; and libraries have the functions that they came with.
"""

import builtins
import math
import os
import sys

import pandas as pd
from pandas.core.computation import eval as text_as_code

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_STOPPED = (  # beginnings of the names of what Python reports before it is done
    *("os.chmod", "os.chown", "os.exec", "os.fork", "os.kill", "os.link", "os.mkdir", "os.posix"),
    *("os.remove", "os.rename", "os.rmdir", "os.spawn", "os.startfile", "os.symlink", "os.system"),
    *("os.truncate", "socket.bind", "socket.connect", "socket.getaddrinfo", "subprocess."),
)


class Fence:
    """Stops what leaves the notebook, while it is up.

    Attributes
    ----------
    up : bool
        Down at first. Once made, a fence stays in its process.
    """

    def __init__(self):
        self.up = False
        sys.addaudithook(self._hear)

    def _hear(self, event, arguments):
        if not self.up:
            return
        stopped = event.startswith(_STOPPED)
        if event == "open":
            path, _, flags = arguments
            name = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else ""
            writes = (flags or 0) & _WRITES and name not in ("", os.devnull)
            stopped = writes or name.endswith(".ipynb")  # neither a sheet nor its solution
        if stopped:
            # Libraries expect this error, where they would only keep something for next time.
            raise PermissionError(f"an answer leaves the notebook ({event})")


class Kept:
    """Remembers functions of libraries, and puts them back where an answer has changed them."""

    def __init__(self):
        libraries = ("ecomlab", "numpy", "pandas", "random", "scipy", "statistics")
        loaded = [(n, m) for n, m in sys.modules.items() if m is not None]
        homes = [module for name, module in loaded if name.split(".")[0] in libraries]
        homes += [builtins, math, pd.DataFrame, pd.Series, pd.Index]
        self._functions = [(home, _functions_of(home), {*dir(home)}) for home in homes]

    def put_back(self):
        """Put all functions back; return the names of those that were others, in order."""
        changed = set()
        for home, functions, known in self._functions:
            now = vars(home)
            for name, function in functions.items():
                if now.get(name) is not function:
                    setattr(home, name, function)
                    changed.add(f"{home.__name__}.{name}")
            if isinstance(home, type):
                for name in known & set(_functions_of(home)) - set(functions):
                    delattr(home, name)  # it stood before what the class inherits
                    changed.add(f"{home.__name__}.{name}")
        return sorted(changed)


def _functions_of(home):
    found = {name: f for name, f in [*vars(home).items()] if callable(f) or hasattr(f, "__get__")}
    if home is builtins:
        found.pop("input")  # the kernel has another one for each cell
    return found


def no_text_as_code():
    """Let pandas read no text as code: `frame.agg("eval", ...)` shows no `eval` in an answer."""

    def stopped(*_, **__):
        raise PermissionError("an answer lets pandas run text as code")

    text_as_code.eval = pd.eval = stopped
