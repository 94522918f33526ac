"""Sweeps: what is checked before, what is kept whatever happens, what the table shows."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import pandas as pd
import pytest
from conftest import skip_or_fail
from distributed import Client
from filelock import FileLock
from processes import family, gone, started, wait_for

from ecomlab.errors import UserError
from ecomlab.running.versions import differences, versions
from ecomlab.sweep import client, cluster
from ecomlab.sweep.grid import parse_grid, plan
from ecomlab.sweep.table import compare, grouped, recorded_numbers, results_table

DECLARED = """\
WIDTH = 3  # how wide
POOLING = "max"  # which
HIDDEN = [32]  # neurons
SEED = 1  # chance
"""
slow = pytest.mark.slow


@pytest.fixture
def small(make_notebook):
    return make_notebook("print(WIDTH)", parameters=DECLARED)


@pytest.mark.parametrize(
    ("texts", "grid"),
    [
        (["width=16,32", "pooling=max"], {"width": ["16", "32"], "pooling": ["max"]}),
        (["HIDDEN=[32],[64,32]"], {"HIDDEN": ["[32]", "[64,32]"]}),
        (['NAME="a,b",c', "U=a=b"], {"NAME": ["a,b", "c"], "U": ["a=b"]}),
    ],
)
def test_a_grid_is_names_with_values(texts, grid):
    assert parse_grid(texts) == grid


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["width"], "takes NAME=VALUE,VALUE, not 'width'"),
        (["width="], "takes NAME=VALUE,VALUE"),
        (["width=1,,2"], "takes NAME=VALUE,VALUE"),
        (["width=1", "WIDTH=2"], "--grid WIDTH is given twice"),
        ([], "at least one --grid"),
    ],
)
def test_a_grid_of_another_form_is_refused(texts, message):
    with pytest.raises(UserError, match=message):
        parse_grid(texts)


def test_a_plan_is_every_combination_with_every_parameter(small):
    runs = plan(small, {"width": ["4", "5"], "hidden": ["[8,4]"], "seed": [1, 2]})
    assert [run.given for run in runs] == [
        {"WIDTH": width, "HIDDEN": [8, 4], "SEED": seed} for width in (4, 5) for seed in (1, 2)
    ]
    assert runs[0].parameters == {"WIDTH": 4, "POOLING": "max", "HIDDEN": [8, 4], "SEED": 1}
    assert len({run.key for run in runs}) == len({run.name for run in runs}) == 4
    assert re.fullmatch(r"[\w.=+-]+", runs[0].name)
    # A default written out is the same run; other code is not.
    again, longer = (
        plan(small, {"width": [4], "hidden": [[8, 4]], **more})[0]
        for more in ({}, {"pooling": ["max"]})
    )
    assert again.key == longer.key == runs[0].key


def test_a_profile_sets_what_the_grid_does_not():
    (run,) = plan("00", {"epochs": [3]}, profile="quick")
    assert run.parameters["EPOCHS"] == 3 and run.parameters["SIZE"] == "sample"


def test_random_draws_combinations_each_with_all_its_seeds(small):
    grid = {"width": list(range(1000)), "pooling": ["max", "average"], "seed": [1, 2, 3]}
    runs = plan(small, grid, random=5)
    assert len(runs) == 15
    drawn = {(run.given["WIDTH"], run.given["POOLING"]) for run in runs}
    assert len(drawn) == 5
    assert runs == plan(small, grid, random=5)
    assert runs != plan(small, grid, random=5, seed=2)
    assert len(plan(small, {"width": [1, 2]}, random=50)) == 2


@pytest.mark.parametrize(
    ("texts", "options", "message"),
    [
        (["widht=1,2"], {}, r"no parameter 'widht' \(did you mean WIDTH\?\)"),
        (["width=1,two", "seed=x"], {}, "WIDTH: 'two' is not a whole number; SEED: 'x' is not"),
        (["width=16,16.0"], {}, "WIDTH: '16.0' is there twice"),
        (["width=1"], {"random": 0}, "draw at least one"),
        (["width=1"], {"workers": 0}, "needs one at least"),
        (["width=1"], {"profile": "fast"}, "choose one of quick"),
        (["width=1"], {"scheduler": "here:8786"}, "--scheduler takes tcp://host:8786"),
        (["width=1"], {"scheduler": "tcp://here:1", "workers": 2}, "is for this machine"),
    ],
)
def test_bad_input_starts_nothing(small, tmp_path, texts, options, message):
    with pytest.raises(UserError, match=message) as raised:
        client.sweep(small, parse_grid(texts), tmp_path / "out", **options)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_the_command_tells_bad_input_in_one_line(ecomlab_command, small, tmp_path):
    done = call(ecomlab_command, "sweep", small, "--out", tmp_path / "out", "--grid", "widht=1")
    assert done.returncode == 2
    assert "did you mean WIDTH?" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@slow
def test_a_scheduler_that_is_not_there_is_told(small, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "ANSWER_WITHIN", 1)  # it is waited for in full
    with pytest.raises(UserError, match="no scheduler answers at tcp://127"):
        client.sweep(small, {"width": [1]}, tmp_path / "out", scheduler="tcp://127.0.0.1:1")
    assert not list(tmp_path.glob("out/runs/*"))


def call(command, *arguments):
    return subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True)


# Runs that leave a mark when they start, and of which one waits for leave to go on.

HELD = """\
import os, pathlib, time
marks = pathlib.Path(MARKS)
(marks / f"{WIDTH}.{os.getpid()}").write_text(str(os.getppid()))
while WIDTH == 2 and not (marks / "go").exists():
    time.sleep(0.05)
if WIDTH == 5 and not (marks / "mended").exists():
    raise ValueError("five <b>")
"""
RECORD = "from ecomlab.results import record\nrecord(area=WIDTH**2, threads=os.environ['TF_NUM_INTRAOP_THREADS'])"  # noqa: E501


class Marks:
    """What the runs of the held notebook left."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()

    def kernels(self, width):
        return {int(path.suffix[1:]): path for path in self.folder.glob(f"{width}.*")}

    def go(self):
        (self.folder / "go").touch()


@pytest.fixture
def marks(tmp_path):
    made = Marks(tmp_path / "marks")
    yield made
    made.go()  # no run of a test that failed stays behind


@pytest.fixture
def held(make_notebook, marks):
    return make_notebook(HELD, RECORD, parameters=f"WIDTH = 3\nMARKS = {str(marks.folder)!r}")


def finished(out):
    """Return the widths of the runs that are on disk, and check that each is whole."""
    widths = []
    for path in out.glob("runs/*.json"):
        record = json.loads(path.read_text("utf-8"))
        if not record["failure"]:
            json.loads(path.with_suffix(".ipynb").read_text("utf-8"))
            widths.append(record["given"]["WIDTH"])
    return sorted(widths)


@pytest.fixture
def certificates(tmp_path):
    """A certificate that is its own authority, and its key."""
    if not shutil.which("openssl"):
        skip_or_fail("no openssl here: nothing makes certificates for a tls:// scheduler")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=ecomlab", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)
    return cert, key


@pytest.fixture
def dask(request, tmp_path):
    """A scheduler and two workers with one thread each, in folders that nobody else uses.

    With the parameter `tls`, all speak TLS with one certificate.
    """
    processes, tls = [], []
    if getattr(request, "param", None) == "tls":
        cert, key = map(str, request.getfixturevalue("certificates"))
        tls = ["--tls-ca-file", cert, "--tls-cert", cert, "--tls-key", key]

    def start(program, *arguments):
        folder = tmp_path / f"{program}{len(processes)}"
        folder.mkdir()
        command = [sys.executable, "-m", f"distributed.cli.dask_{program}", "--no-dashboard"]
        processes.append(
            subprocess.Popen([*command, *arguments, *tls], cwd=folder, stderr=subprocess.DEVNULL)
        )
        return processes[-1]

    file = tmp_path / "scheduler.json"
    host = "tls://127.0.0.1" if tls else "127.0.0.1"
    scheduler = start("scheduler", "--host", host, "--port", "0", "--scheduler-file", str(file))
    address = json.loads(wait_for(lambda: file.exists() and file.read_text()))["address"]
    for _ in range(2):
        start("worker", address, "--nthreads", "1")
    yield address, scheduler
    for process in reversed(processes):
        process.terminate()
    for process in processes:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.mark.exhaustive
def test_a_worker_without_this_package_is_told_before_a_run_fails_on_it(
    dask, small, tmp_path, ecomlab_command
):
    address, _ = dask
    folder = tmp_path / "bare"
    folder.mkdir()
    # -S leaves out what an editable install adds to the path.
    packages = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
    command = [sys.executable, "-S", "-m", "distributed.cli.dask_worker", address]
    bare = [*command, "--no-dashboard", "--no-nanny", "--local-directory", folder]
    with started(bare, cwd=folder, env=os.environ | {"PYTHONPATH": packages}):
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(3, timeout=60)
        out = tmp_path / "out"
        done = call(
            ecomlab_command,
            "sweep",
            small,
            "--grid",
            "width=1,2",
            "--scheduler",
            address,
            "--out",
            out,
        )
    assert done.returncode == 2
    assert "has no ecomlab that can be imported" in done.stderr
    assert "install the same version" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list(out.glob("runs/*"))


@pytest.mark.exhaustive
def test_a_killed_worker_loses_nothing(dask, held, marks, tmp_path, ecomlab_command):
    address, _ = dask
    out = tmp_path / "out"
    arguments = ["sweep", held, "--grid", "width=1,2,3,4", "--scheduler", address, "--out", out]
    with started(ecomlab_command, *arguments) as process:
        kernel, mark = wait_for(lambda: list(marks.kernels(2).items()))[0]
        worker = int(wait_for(mark.read_text))
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda: gone(kernel), 60)
        marks.go()
        stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    assert finished(out) == [1, 2, 3, 4]
    assert len(marks.kernels(2)) == 2, "the run is made again"
    assert all(len(marks.kernels(width)) == 1 for width in (1, 3, 4)), "the others are not"
    assert stdout.splitlines()[-1] == f"open {out / 'sweep.html'}"
    assert stderr == ""
    table = pd.read_parquet(out / "table.parquet")
    assert sorted(table["area"]) == [1, 4, 9, 16]
    assert set(table["threads"]) == {"1"}


@pytest.mark.exhaustive
def test_a_killed_scheduler_is_told_and_the_same_command_goes_on(
    dask, held, marks, tmp_path, ecomlab_command, capsys
):
    address, scheduler = dask
    out = tmp_path / "out"
    arguments = ["sweep", held, "--grid", "width=1,2,3", "--out", out]
    with started(ecomlab_command, *arguments, "--scheduler", address) as process:
        wait_for(lambda: finished(out) == [1, 3])
        (kernel,) = wait_for(lambda: marks.kernels(2))
        scheduler.kill()
        _, stderr = process.communicate(timeout=300)
    assert process.returncode == 1
    line = f"ecomlab: the connection to the scheduler was lost; 2 of 3 runs are finished and kept in {out}"  # noqa: E501
    assert stderr.startswith(line) and len(stderr.strip().splitlines()) == 1
    wait_for(lambda: gone(kernel), 60)
    assert finished(out) == [1, 3]

    marks.go()
    client.sweep(held, {"width": [1, 2, 3]}, out, workers=1)
    assert "2 of 3 runs are finished" in capsys.readouterr().out
    assert finished(out) == [1, 2, 3]
    assert [len(marks.kernels(width)) for width in (1, 2, 3)] == [1, 2, 1]


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_a_stopped_sweep_keeps_what_is_finished_and_ends_every_process(
    held, marks, tmp_path, ecomlab_command, name
):
    out, number = tmp_path / "out", getattr(signal, name)
    arguments = ["sweep", held, "--grid", "width=1,2", "--workers", "2", "--out", out]
    with started(ecomlab_command, *arguments) as process:
        wait_for(lambda: finished(out) == [1])
        (kernel,) = wait_for(lambda: marks.kernels(2))
        members = family(process)
        assert kernel in members
        if name in ("SIGINT", "SIGHUP"):  # as from a terminal: to all at once
            os.killpg(process.pid, number)
        else:
            os.kill(process.pid, number)
        stdout, stderr = process.communicate(timeout=300)
        wait_for(lambda: all(gone(pid) for pid in members), 60)
    if name == "SIGKILL":
        assert process.returncode == -9
    else:
        assert process.returncode == 128 + number
        assert stderr.strip() == "ecomlab: stopped"
        assert f"stopped; 1 of 2 runs are finished and kept in {out}" in stdout
    assert finished(out) == [1]

    marks.go()
    done = call(ecomlab_command, *arguments)
    assert done.returncode == 0, done.stderr
    assert finished(out) == [1, 2]
    assert [len(marks.kernels(width)) for width in (1, 2)] == [1, 2]


@pytest.mark.exhaustive
@pytest.mark.parametrize("dask", ["tls"], indirect=True)
def test_a_tls_scheduler_is_reached_with_certificates(
    dask, certificates, held, marks, tmp_path, ecomlab_command
):
    marks.go()
    address, _ = dask
    assert address.startswith("tls://")
    cert, key = certificates
    arguments = ["sweep", held, "--scheduler", address, "--out", tmp_path / "out"]
    options = ["--tls-ca", cert, "--tls-cert", cert, "--tls-key", key]
    done = call(ecomlab_command, *arguments, "--grid", "width=1", *options)
    assert done.returncode == 0, done.stderr
    # The same from Dask's configuration.
    prefix = "DASK_DISTRIBUTED__COMM__TLS__"
    names = {"CA_FILE": cert, "CLIENT__CERT": cert, "CLIENT__KEY": key}
    variables = {f"{prefix}{name}": str(file) for name, file in names.items()}
    command = [*ecomlab_command, *map(str, arguments), "--grid", "width=3"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | variables)
    assert done.returncode == 0, done.stderr
    assert finished(tmp_path / "out") == [1, 3]


def test_a_tls_scheduler_without_certificates_is_told(small, tmp_path, ecomlab_command):
    arguments = ["sweep", small, "--grid", "width=1", "--out", tmp_path / "out"]
    for options, line in (
        (["--scheduler", "tls://127.0.0.1:1"], "needs certificates: give --tls-ca, --tls-cert"),
        (["--scheduler", "tcp://127.0.0.1:1", "--tls-ca", small], "go with --scheduler tls://"),
        (
            ["--scheduler", "tls://127.0.0.1:1", "--tls-ca", "no.pem", "--tls-cert", "no.pem"],
            "no such certificate or key: no.pem",
        ),
    ):
        done = call(ecomlab_command, *arguments, *options)
        assert done.returncode == 2
        assert line in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


@slow
def test_runs_of_other_versions_are_made_again(held, marks, tmp_path, capsys):
    marks.go()
    out = tmp_path / "out"
    client.sweep(held, {"width": [1, 3]}, out, workers=2)
    here = versions()
    for path, there in zip(sorted(out.glob("runs/*.json")), ({}, {"keras": "3.0.0"}), strict=True):
        record = json.loads(path.read_text("utf-8"))
        assert record["versions"] == here
        # The first stands for a folder of before versions were noted.
        record["versions"] = here | there if there else {}
        path.write_text(json.dumps(record))
    capsys.readouterr()
    client.sweep(held, {"width": [1, 3]}, out, workers=2)
    told = capsys.readouterr().out
    assert f"2 finished runs in {out} are of other versions (their versions were not noted" in told
    assert [len(marks.kernels(width)) for width in (1, 3)] == [2, 2]
    client.sweep(held, {"width": [1, 3]}, out, workers=2)
    assert "2 of 2 runs are finished" in capsys.readouterr().out


def test_versions_that_differ_are_named():
    here = {"python": "3.12", "keras": "3.15", "numpy": "2.4"}
    there = here | {"keras": "3.14"}
    assert differences(there, here) == "keras 3.14 there, 3.15 here"
    assert differences({"python": "3.12", "keras": "3.15"}, here) == "numpy absent there, 2.4 here"
    assert {"python", "ecomlab", "keras", "tensorflow", "numpy"} <= versions().keys()


@pytest.mark.exhaustive
def test_a_full_disk_ends_in_one_line_and_leaves_no_part(
    make_notebook, on_small_disk, tmp_path, ecomlab_command
):
    path, place = make_notebook("print('x' * 50_000 * WIDTH)"), tmp_path / "small_disk"
    arguments = ["sweep", path, "--grid", "width=1,3,2", "--workers", "1", "--out", place]
    done, left = on_small_disk(place, "128k", [*ecomlab_command, *arguments])
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "1 of 3 runs are finished and kept" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert finished(left) == [1]
    names = [p.name for p in left.rglob("*") if p.is_file()]
    assert not [name for name in names if name.endswith(".tmp")], "a part is left"


@slow
def test_one_run_fails_the_rest_finish_and_the_same_folder_goes_on(
    held, marks, make_notebook, tmp_path, ecomlab_command
):
    out = tmp_path / "out"
    done = call(
        ecomlab_command, "sweep", held, "--grid", "width=5,1", "--workers", "1", "--out", out
    )
    assert done.returncode == 1
    assert done.stderr.startswith("ecomlab: 1 of 2 runs failed")
    (failed,) = (json.loads(p.read_text("utf-8")) for p in out.glob("runs/width=5*.json"))
    assert failed["failure"].startswith("small, cell 3, `raise ValueError(")
    assert "ValueError: five <b>" in failed["failure"]
    (partial,) = out.glob("runs/*.partial.ipynb")
    assert "Traceback" in partial.read_text("utf-8")
    page = (out / "sweep.html").read_text("utf-8")
    assert "five &lt;b&gt;" in page and "<b>" not in page

    # The same folder again, for more: only what is not finished is run.
    (marks.folder / "mended").touch()
    records = client.sweep(held, {"width": [5, 1, 4]}, out, workers=1)
    assert [record["results"]["area"] for record in records] == [25, 1, 16]
    assert [len(marks.kernels(width)) for width in (5, 1, 4)] == [2, 1, 1]
    assert not list(out.glob("runs/*.partial.ipynb"))
    # All of it is there: nobody is asked for a worker, not even where none would answer.
    nobody = "tcp://127.0.0.1:1"
    assert client.sweep(held, {"width": [5, 1, 4]}, out, scheduler=nobody) == records

    other = make_notebook("print('other')", name="other")
    with pytest.raises(UserError, match=r"holds runs of small\.ipynb: name another folder"):
        client.sweep(other, {"width": [1]}, out)
    with FileLock(out / ".lock"), pytest.raises(UserError, match="another sweep is writing to"):
        client.sweep(held, {"width": [6]}, out)
    assert finished(out) == [1, 4, 5]


@pytest.mark.exhaustive
def test_a_real_lesson_is_swept_with_seeds(tmp_path, ecomlab_command):
    out = tmp_path / "out"
    arguments = ["--profile", "quick", "--grid", "hidden=16", "--grid", "seeds=1,2"]
    done = call(ecomlab_command, "sweep", "00", *arguments, "--out", out)
    assert done.returncode == 0, done.stderr
    table = pd.read_parquet(out / "table.parquet")
    assert len(table) == 2 and table["accuracy"].between(0.5, 1).all()
    page = (out / "sweep.html").read_text("utf-8")
    assert "Runs that differ only in SEEDS are one row" in page


# The table, from records written by hand.


def a_record(width, seed, *, failure=None, **results):
    parameters = {"WIDTH": width, "POOLING": "max", "SEED": seed, "HIDDEN": [32]}
    return {
        "key": f"{width}{seed}",
        "given": {"WIDTH": width, "SEED": seed},
        "parameters": parameters,
        "results": results,
        "seconds": 2.0,
        "peak_memory_mb": 80.0,
        "host": "one",
        "failure": failure,
    }


def write_sweep(folder, records, **about):
    (folder / "runs").mkdir(parents=True)
    about = {"notebook": "a.ipynb", "title": "A", "headline": {}, "code": "0", **about}
    (folder / "sweep.json").write_text(json.dumps(about))
    for record in records:
        (folder / "runs" / f"{record['key']}.json").write_text(json.dumps(record))


def test_seeds_are_one_row_with_their_spread():
    records = [a_record(3, seed, score=score) for seed, score in ((1, 0.7), (2, 0.9))]
    records += [a_record(4, 1, score=0.5), a_record(4, 2, failure="small, cell 2: it fell")]
    table = results_table(records)
    names = recorded_numbers(table, records[0]["parameters"])
    assert names == ["score", "seconds"]
    groups = grouped(table, ["WIDTH"], names)
    assert groups[("WIDTH", "")].tolist() == [3, 4] and groups[("runs", "")].tolist() == [2, 1]
    score = groups["score"]
    assert score["mean"].tolist() == pytest.approx([0.8, 0.5])
    # Two values that lie 0.2 apart: the sample standard deviation is 0.2 / sqrt(2).
    assert score["sd"][0] == pytest.approx(0.2 / 2**0.5) and pd.isna(score["sd"][1])
    assert (score["min"][0], score["max"][0]) == (0.7, 0.9)


def test_every_kind_of_value_reaches_the_parquet_file(tmp_path):
    results = {"share": 0.5, "count": 3, "WIDTH": 9, "by": {"a": 1, "b": {"c": 2.5}}, "all": [1, 2]}
    records = [a_record(3, 1, **results, mixed="text"), a_record(4, 1, mixed=2, sure=True)]
    write_sweep(tmp_path, records)
    compare(tmp_path)
    table = pd.read_parquet(tmp_path / "table.parquet")
    first = table.loc["31"]
    assert (first["WIDTH"], first["WIDTH (recorded)"], first["HIDDEN"]) == (3, 9, "[32]")
    assert (first["by.a"], first["by.b.c"], first["all"]) == (1, 2.5, "[1, 2]")
    assert table["mixed"].tolist() == ["text", "2"]
    assert table["failure"].isna().all()


def test_compare_without_a_sweep_is_told(tmp_path):
    with pytest.raises(UserError, match="holds no sweep"):
        compare(tmp_path)
    write_sweep(tmp_path, [])
    with pytest.raises(UserError, match="no run has ended in"):
        compare(tmp_path)
    (tmp_path / "sweep.json").write_text("{")
    with pytest.raises(UserError, match="does not read"):
        compare(tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("width", [1100, 390])
def test_the_page_sorts_and_asks_for_nothing(page, tmp_path, width):
    records = [
        a_record(size, seed, score=0.1 * ((size * 7) % 5) + 0.01 * seed, **{"<script>": seed})
        for size in (2, 10, 33)
        for seed in (1, 2)
    ]
    records += [a_record(1, 1, failure="a, cell 2, `<script>alert(1)</script>`: $5 to $6")]
    write_sweep(tmp_path, records, title="<script>alert(2)</script>", headline={"score": "$ a $"})
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(compare(tmp_path).as_uri())
    assert page.errors_seen == [] and page.requests_seen == [page.url]
    assert page.locator("h1").inner_text() == "Sweep: <script>alert(2)</script>"
    alts = [image.get_attribute("alt") for image in page.locator("img").all()]
    assert alts[0].startswith("$ a $ against WIDTH. Means: WIDTH: 2 0.415")
    assert alts[1].startswith("<script> against WIDTH.")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    first = page.locator("table").first

    def column():
        return first.locator("tbody tr td:first-child").all_inner_texts()

    assert column() == ["2", "10", "33"]
    first.locator("th button", has_text="score").click()
    assert column() == ["10", "33", "2"]
    first.locator("th button", has_text="score").click()
    assert column() == ["2", "33", "10"]
    first.locator("th button", has_text="WIDTH").click()
    assert column() == ["2", "10", "33"], "numbers sort as numbers"
    assert "± 0.007071" in first.inner_text()
