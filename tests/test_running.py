"""Notebook runs: what is checked before a kernel starts, and what is left after a fault."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from ecomlab import errors, results
from ecomlab.errors import UserError
from ecomlab.running import one, parameters, processors

DECLARED = """\
WIDTH = 3  # how wide
RATE = 0.1  # how fast
DEEP = False  # more layers
NAME = "max"  # which pooling
SEEDS = [1, 2]  # one run each
LIMIT = None  # none, or a number
"""


def notebook(parameters=DECLARED):
    tags = {"tags": ["parameters"]}
    return {"cells": [{"cell_type": "code", "source": parameters, "metadata": tags}]}


def test_declared_parameters_carry_default_and_comment():
    declared = parameters.declared_parameters(notebook())
    assert list(declared) == ["WIDTH", "RATE", "DEEP", "NAME", "SEEDS", "LIMIT"]
    assert declared["RATE"] == parameters.Parameter("RATE", 0.1, "how fast")
    assert parameters.declared_parameters({"cells": []}) == {}


@pytest.mark.parametrize(
    "source",
    [
        "WIDTH = 2 * 3",
        "WIDTH: int",
        "WIDTH += 1",
        "WIDTH = DEPTH = 3",
        "WIDTH = (3",
        "%matplotlib inline",
        "!pip list",
        "WIDTH = 3\n%matplotlib inline",
        "import os",
        "WIDTH = '\0'",
        f"WIDTH = {'(' * 500}3{')' * 500}",
    ],
)
def test_a_parameters_cell_holds_literals_only(source):
    line = 1 + source.count("\n")
    message = f"line {line} of the `parameters` cell is not NAME = literal"
    with pytest.raises(UserError, match=message):
        parameters.declared_parameters(notebook(source))


def test_annotated_parameters_are_read():
    source = "WIDTH: int = 3  # how wide\nSEEDS: list[int] = [1]\nRATE: 'float' = 0.1"
    checked = parameters.check_parameters(notebook(source), {"WIDTH": "-4", "rate": 1})
    assert checked == {"WIDTH": -4, "RATE": 1.0}
    assert parameters.declared_parameters(notebook(source))["WIDTH"].comment == "how wide"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"WIDTH": "1e3"}, {"WIDTH": 1000}),
        ({"WIDTH": 4.0}, {"WIDTH": 4}),
        ({"WIDTH": "9007199254740993"}, {"WIDTH": 9007199254740993}),
        ({"WIDTH": "-9007199254740993"}, {"WIDTH": -9007199254740993}),
        ({"WIDTH": "+1e23"}, {"WIDTH": 10**23}),
        ({"WIDTH": "1e300"}, {"WIDTH": 10**300}),
        ({"SEEDS": "-123456789012345678901"}, {"SEEDS": [-123456789012345678901]}),
        ({"rate": "1e-4"}, {"RATE": 0.0001}),
        ({"RATE": 1}, {"RATE": 1.0}),
        ({"DEEP": "no"}, {"DEEP": False}),
        ({"DEEP": "True"}, {"DEEP": True}),
        ({"NAME": "3"}, {"NAME": "3"}),
        ({"SEEDS": "5"}, {"SEEDS": [5]}),
        ({"SEEDS": "1,2,3"}, {"SEEDS": [1, 2, 3]}),
        ({"SEEDS": [7]}, {"SEEDS": [7]}),
        ({"LIMIT": "12"}, {"LIMIT": 12}),
        ({"LIMIT": "all"}, {"LIMIT": "all"}),
    ],
)
def test_a_value_takes_the_declared_type(given, expected):
    checked = parameters.check_parameters(notebook(), given)
    assert checked == expected
    assert [type(v) for v in checked.values()] == [type(v) for v in expected.values()]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"WIDHT": 3}, r"no parameter 'WIDHT' \(did you mean WIDTH\?\)"),
        ({"WIDTH = 1; import os": 3}, "no parameter 'WIDTH = 1; import os'"),
        ({"WIDTH": "ten"}, "WIDTH: 'ten' is not a whole number"),
        ({"WIDTH": 2.5}, "WIDTH: 2.5 is not a whole number"),
        ({"WIDTH": True}, "WIDTH: True is not a whole number"),
        ({"WIDTH": "1e999999999"}, "WIDTH: '1e999999999' is not a whole number"),
        ({"WIDTH": "-inf"}, "WIDTH: '-inf' is not a whole number"),
        ({"WIDTH": [3]}, r"WIDTH: \[3\] is not a whole number"),
        ({"RATE": "nan"}, "RATE: 'nan' is not a finite number"),
        ({"DEEP": "maybe"}, "DEEP: 'maybe' is neither true nor false"),
        ({"DEEP": 1}, "DEEP: 1 is neither true nor false"),
        ({"NAME": 3}, "NAME: 3 is not text"),
        ({"SEEDS": "1,x"}, "SEEDS: 'x' is not a whole number"),
        ({"SEEDS": (1, 2)}, "a builtins.tuple is not a plain JSON value"),
        ({"WIDTH": np.int64(3)}, "a numpy.int64 is not a plain JSON value"),
        ({"LIMIT": [float("nan")]}, "LIMIT: .* is not a plain JSON value"),
    ],
)
def test_a_wrong_parameter_is_named(given, message):
    with pytest.raises(UserError, match=message):
        parameters.check_parameters(notebook(), given)


def test_every_problem_is_told_at_once():
    with pytest.raises(UserError) as raised:
        parameters.check_parameters(notebook(), {"WIDTH": "x", "RATE": "y", "OTHER": 1})
    assert all(name in str(raised.value) for name in ("WIDTH", "RATE", "OTHER"))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("output", ["../x.ipynb", "/etc/x.ipynb", "a/../../x.ipynb", "."])
def test_an_output_never_leaves_its_root(output, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    with pytest.raises(UserError, match="lies outside the output folder"):
        one.resolve_output(output, root)


def test_a_link_does_not_lead_an_output_out(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path)
    with pytest.raises(UserError, match="lies outside"):
        one.resolve_output("link/x.ipynb", tmp_path / "root")


def test_bad_input_starts_no_kernel_and_writes_nothing(make_notebook, tmp_path):
    path = make_notebook("print(WIDTH)")
    root = tmp_path / "root"
    with pytest.raises(UserError, match="no parameter 'HEIGHT'"):
        one.run(path, parameters={"HEIGHT": 1}, root=root)
    assert not root.exists()
    with pytest.raises(UserError, match="would overwrite its input"):
        one.run(path, path.name, root=tmp_path)
    kernels = {"not_here": "which is not installed here .*choose a kernel", "..": "not installed"}
    for name, message in kernels.items():
        with pytest.raises(UserError, match=message) as raised:
            one.run(with_metadata(path, {"kernelspec": {"name": name}}), root=root)
        assert "\n" not in str(raised.value)
    assert not root.exists()


def with_metadata(path, metadata, **changes):
    """Give a notebook file other metadata, and return its path."""
    node = json.loads(path.read_text("utf-8")) | {"metadata": metadata} | changes
    path.write_text(json.dumps(node))
    return path


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"not a notebook", "not appear to be JSON"),
        (b"", "not appear to be JSON"),
        (b"{}", "missing a key"),
        (b"[]", "no attribute"),
        (b'{"nbformat": 9, "nbformat_minor": 0, "metadata": {}, "cells": []}', "version 9"),
        (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [3]}', "TypeError"),
        (b'{"nbformat": 4, "nbformat_minor": 5, "cells": []}', "metadata"),
        (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {"a": "\xfc"}}', "not UTF-8"),
        ('{"nbformat": 4}'.encode("utf-16"), "not UTF-8"),
    ],
)
def test_what_is_no_notebook_is_told_in_one_line(payload, message, tmp_path):
    (tmp_path / "broken.ipynb").write_bytes(payload)
    with pytest.raises(UserError, match=rf"broken\.ipynb does not read.*{message}") as raised:
        one.run(tmp_path / "broken.ipynb", root=tmp_path / "root")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "root").exists()


def test_a_run_gives_results_times_and_memory(make_notebook, tmp_path):
    path = make_notebook(
        "from ecomlab.results import record",
        "block = bytearray(300 * 2**20)\nimport time\ntime.sleep(0.6)",
        "record(width=WIDTH, kind=type(WIDTH).__name__)",
    )
    before, seen = path.read_bytes(), []
    run = one.run(
        path, parameters={"width": "5"}, root=tmp_path / "out", on_cell=lambda *c: seen.append(c)
    )
    assert run.results == {"width": 5, "kind": "int"}
    assert path.read_bytes() == before
    assert run.peak_memory_mb > 300
    # papermill adds one cell, the injected parameters.
    assert [done for done, _ in seen] == [1, 2, 3, 4, 5]
    assert {total for _, total in seen} == {5}
    assert 0.6 < max(run.cell_seconds) < run.seconds
    assert sorted(p.name for p in run.path.parent.iterdir()) == ["small.ipynb"]


def test_a_failing_cell_is_named_with_its_line_and_what_ran_is_kept(make_notebook, tmp_path):
    path = make_notebook("print('before')", "value = 1\nvalue / 0")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "small.ipynb").write_text("an earlier, whole run")
    with pytest.raises(errors.RunFailed) as raised:
        one.run(path, root=tmp_path / "out")
    assert str(raised.value) == "small, cell 3, `value / 0`: ZeroDivisionError: division by zero"
    assert "before" in raised.value.partial.read_text()
    assert (tmp_path / "out" / "small.ipynb").read_text() == "an earlier, whole run"
    # Run again, whole: the partial copy goes.
    make_notebook("print('before')")
    one.run(path, root=tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["small.ipynb"]


def test_a_killed_kernel_ends_in_one_line(make_notebook, tmp_path):
    path = make_notebook("print('before')", "import os\nos.kill(os.getpid(), 9)")
    with pytest.raises(errors.RunFailed, match="small, cell 3, `import os`: the kernel died") as e:
        one.run(path, root=tmp_path / "out")
    assert "before" in e.value.partial.read_text()


def test_a_cell_that_takes_too_long_ends_in_one_line(make_notebook, tmp_path):
    path = make_notebook("import time\ntime.sleep(60)")
    with pytest.raises(errors.RunFailed, match="took longer than 1 s"):
        one.run(path, root=tmp_path / "out", cell_timeout=1)


def test_the_working_folder_is_left_alone(make_notebook, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = make_notebook("import os\nfrom ecomlab.results import record\nrecord(cwd=os.getcwd())")
    assert one.run(path, root=tmp_path / "out").results["cwd"] == str(tmp_path)
    assert Path.cwd() == tmp_path


def test_a_kernel_computes_as_on_another_processor(make_notebook, tmp_path):
    code = """\
import os
import threadpoolctl
from numpy._core._multiarray_umath import __cpu_features__
from ecomlab.results import record
record(
    given=os.environ["NPY_DISABLE_CPU_FEATURES"],
    numpy=" ".join(name for name, there in __cpu_features__.items() if there),
    blas=" ".join(one.get("architecture", "") for one in threadpoolctl.threadpool_info()),
)
"""
    other = processors.environment_of_another()
    path, before = make_notebook(code), dict(os.environ)
    found = one.run(path, root=tmp_path / "out", environment=other).results
    assert found["given"] == other["NPY_DISABLE_CPU_FEATURES"]
    assert not set(found["given"].split()) & set(found["numpy"].split())
    assert other.get("OPENBLAS_CORETYPE", "") in found["blas"]
    assert os.environ == before  # the variables are the kernel's alone


@pytest.mark.slow
def test_runs_from_one_folder_at_once_do_not_meet(make_notebook, tmp_path, ecomlab_command):
    path = make_notebook(
        "import time\ntime.sleep(1)", "from ecomlab.results import record\nrecord(width=WIDTH)"
    )
    command = [*ecomlab_command, "run", path, "--root", tmp_path / "out"]
    processes = [
        subprocess.Popen(
            [*command, "-p", f"WIDTH={width}", "--out", f"{width}.ipynb"], cwd=tmp_path
        )
        for width in range(4)
    ]
    assert [process.wait() for process in processes] == [0] * 4
    for width in range(4):
        assert results.read_results(tmp_path / "out" / f"{width}.ipynb") == {"width": width}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no IPC sockets: kernels use TCP there")
def test_kernels_use_ipc_and_leave_no_folder(make_notebook, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = make_notebook(
        "from IPython import get_ipython\nfrom ecomlab.results import record",
        "app = get_ipython().kernel.parent\nrecord(transport=app.transport)",
    )
    assert one.run(path, root=tmp_path / "out").results == {"transport": "ipc"}
    assert not list(tmp_path.glob("ecomlab-*"))


@pytest.mark.parametrize("metadata", [{}, {"kernelspec": {}}, {"kernelspec": {"name": ""}}])
def test_a_notebook_without_a_kernel_takes_python3(metadata, make_notebook, tmp_path):
    path = make_notebook("from ecomlab.results import record\nrecord(width=WIDTH)")
    run = one.run(with_metadata(path, metadata), None, {"WIDTH": 4}, root=tmp_path / "out")
    assert run.results == {"width": 4}


def test_a_notebook_of_an_older_format_runs(tmp_path):
    source = "from ecomlab.results import record\nrecord(old=1)"
    cell = {"cell_type": "code", "input": source, "language": "python", "outputs": []}
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": "old"}}
    old["worksheets"] = [{"cells": [cell | {"collapsed": False}]}]
    (tmp_path / "old.ipynb").write_text(json.dumps(old), encoding="utf-8-sig")
    assert one.run(tmp_path / "old.ipynb", root=tmp_path / "out").results == {"old": 1}


def test_a_long_temporary_folder_takes_tcp(make_notebook, tmp_path, monkeypatch):
    long = tmp_path / ("t" * (90 - len(str(tmp_path)) % 90))
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    path = make_notebook(
        "from IPython import get_ipython\nfrom ecomlab.results import record",
        "record(transport=get_ipython().kernel.parent.transport)",
    )
    assert one.run(path, root=tmp_path / "{out}").results == {"transport": "tcp"}
    assert not list(long.iterdir())


@pytest.mark.slow
def test_a_kernel_that_cannot_start_ends_in_one_line(
    make_notebook, tmp_path, monkeypatch, ecomlab_command
):
    kernels = tmp_path / "kernels"
    for name, argv in {
        "absent": ["/no/such/python"],
        "rude": [sys.executable, "-c", "1 / 0"],
    }.items():
        (kernels / name).mkdir(parents=True)
        spec = {"argv": argv, "display_name": name, "language": "python"}
        (kernels / name / "kernel.json").write_text(json.dumps(spec))
    (kernels / "broken").mkdir()
    (kernels / "broken" / "kernel.json").write_text("{")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    for name, message in {
        "absent": "small: the kernel did not start: FileNotFoundError",
        "rude": "small: the kernel did not start: .*division by zero",
        "broken": "the kernel 'broken' is damaged here .*choose a kernel",
    }.items():
        path = with_metadata(make_notebook("1"), {"kernelspec": {"name": name}})
        with pytest.raises((errors.RunFailed, UserError), match=message) as raised:
            one.run(path, root=tmp_path / "out")
        assert "\n" not in str(raised.value)
        command = [*ecomlab_command, "run", str(path), "--root", str(tmp_path / "out")]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode in (1, 2) and len(done.stderr.splitlines()) == 1, done.stderr
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(
    "again", [0, *(pytest.param(again, marks=pytest.mark.exhaustive) for again in (1, 2))]
)
def test_a_cell_that_prints_faster_than_it_is_read_loses_nothing(again, make_notebook, tmp_path):
    path = make_notebook(
        "for line in range(10_000):\n    print(f'{line:05}' + 195 * 'x', flush=True)\n"
        "from ecomlab.results import record\nrecord(inside=1)",
        "record(after=1)",
    )
    run = one.run(path, root=tmp_path / "out")
    assert run.results == {"inside": 1, "after": 1}
    cells = json.loads(run.path.read_text("utf-8"))["cells"]
    texts = ["".join(o["text"]) for c in cells for o in c.get("outputs", []) if "text" in o]
    assert [int(line[:5]) for line in "".join(texts).splitlines()] == list(range(10_000))


def test_the_doors_of_jupyter_that_a_run_needs_are_where_they_were():
    from ipykernel.iostream import IOPubThread
    from ipykernel.kernelbase import Kernel
    from jupyter_client import AsyncKernelManager
    from jupyter_client.provisioning import LocalProvisioner
    from papermill.clientwrap import PapermillNotebookClient

    needed = {
        AsyncKernelManager: "provisioner kernel_id kernel_spec connection_file transport ip",
        LocalProvisioner: "launch_kernel pid",
        PapermillNotebookClient: "iopub_timeout kernel_manager_class on_cell_start",
        Kernel: "iopub_thread control_thread",
        IOPubThread: "schedule",
    }
    gone = [
        f"{c.__name__}.{n}"
        for c, names in needed.items()
        for n in names.split()
        if not hasattr(c, n)
    ]
    assert not gone, f"moved by an upgrade: {', '.join(gone)}; see ecomlab/running"


def test_a_kernel_that_is_told_to_end_is_not_waited_for(make_notebook, tmp_path, monkeypatch):
    """Its last message goes through a thread that is slow here, and may be closed before."""
    from jupyter_client.provisioning import LocalProvisioner

    signals, send_signal = [], LocalProvisioner.send_signal

    async def noted(self, number):
        signals.append(number)
        await send_signal(self, number)

    monkeypatch.setattr(LocalProvisioner, "send_signal", noted)
    slow = """\
import sys, time
flush, through = sys.stdout.flush, get_ipython().kernel.iopub_thread
sys.stdout.flush = lambda: (through.schedule(lambda: time.sleep(0.5)), flush())
"""
    one.run(make_notebook(slow), root=tmp_path / "out")
    assert signal.SIGTERM not in signals


def test_ctrl_c_ends_the_kernel_and_keeps_what_ran(make_notebook, tmp_path, ecomlab_command):
    mark = tmp_path / "pid"
    path = make_notebook(
        f"import os, pathlib, time\npathlib.Path({str(mark)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(600)"
    )
    process = subprocess.Popen(
        [*ecomlab_command, "run", str(path), "--root", str(tmp_path / "out")],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.time() + 60
    while not (mark.exists() and mark.read_text()) and time.time() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode in (1, 130)
    assert "Traceback" not in stderr
    kernel = int(mark.read_text())
    deadline = time.time() + 20
    while Path(f"/proc/{kernel}").exists() and time.time() < deadline:
        time.sleep(0.1)
    assert not Path(f"/proc/{kernel}").exists()
    kept = [p.name for p in (tmp_path / "out").iterdir()]
    assert kept == ["small.partial.ipynb"]
    json.loads((tmp_path / "out" / kept[0]).read_text())


def test_an_offline_run_refuses_the_network_and_allows_loopback(make_notebook, tmp_path):
    local = (
        "import socket\nserver = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname()).close()"
    )
    one.run(make_notebook(local), root=tmp_path / "out", offline=True)
    for address in ("192.0.2.1", "shop.example"):
        away = f"import socket\nsocket.create_connection(({address!r}, 80), timeout=2)"
        with pytest.raises(errors.RunFailed, match=f"tried to reach {address}"):
            one.run(make_notebook(away), root=tmp_path / "out", offline=True)
    datagram = (
        "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM)"
        ".sendto(b'x', ('192.0.2.1', 53))"
    )
    with pytest.raises(errors.RunFailed, match=r"tried to reach 192\.0\.2\.1"):
        one.run(make_notebook(datagram), root=tmp_path / "out", offline=True)
