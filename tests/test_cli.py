"""The command line as people call it: help at once, one clear line, exit codes."""

import re
import subprocess
import sys

import pytest
from conftest import ROOT


@pytest.fixture
def call(ecomlab_command):
    def call(*arguments, **keywords):
        return subprocess.run(
            [*ecomlab_command, *map(str, arguments)], capture_output=True, text=True, **keywords
        )

    return call


def imported_by(*arguments):
    """Return what the command imports, and its standard output."""
    command = [sys.executable, "-X", "importtime", "-m", "ecomlab", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    names = re.findall(r"\|\s+(\S+)$", done.stderr, re.M)
    return {name.split(".")[0] for name in names}, done.stdout


def test_help_comes_at_once_since_it_imports_nothing_large():
    imported, said = imported_by("--help")
    assert "Commands:" in said
    large = {"tensorflow", "keras", "pandas", "numpy", "sklearn", "nbformat", "distributed"}
    assert "typer" in imported and not imported & large


def test_a_notebook_is_read_without_a_grammar_of_web_addresses(make_notebook):
    imported, _ = imported_by("run", make_notebook("1"), "-p", "WIDTH=wrong")
    assert "nbformat" in imported and "lark" not in imported


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["run", "99"], "no lesson named '99'"),
        (["run", "03", "-p", "EXTRA_EPOCH=1"], "did you mean EXTRA_EPOCHS"),
        (["run", "03", "-p", "EXTRA"], "takes NAME=VALUE"),
        (["run", "03", "-p", "EXTRA=1", "-p", "EXTRA=2"], "given twice"),
        (["run", "03", "-p", "EXTRA=many"], "'many' is not a whole number"),
        (["run", "03", "--profile", "fast"], "choose one of quick, default, full"),
        (["run", "03", "--out", "../x.ipynb"], "lies outside the output folder"),
        (["render", "away.ipynb"], "no such notebook"),
        (["restore", "03", "--revision", "no-such-tag"], "git has no notebooks/03"),
        (["full", "notebooks/_template.ipynb"], "no full profile in notebooks/profiles.toml"),
        (["rum"], "No such command"),
        (["run"], "Missing argument"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(call, arguments, line):
    done = call(*arguments, cwd=ROOT)
    assert done.returncode == 2
    assert line in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_run_prints_what_was_recorded(call, make_notebook, tmp_path):
    path = make_notebook("from ecomlab.results import record\nrecord(width=WIDTH, share=1 / 3)")
    done = call("run", path, "-p", "width=7", "--root", tmp_path / "out", "--html")
    assert done.returncode == 0, done.stderr
    assert "width = 7" in done.stdout and "share = 0.3333" in done.stdout
    assert (tmp_path / "out" / "small.html").exists()


def test_a_failing_run_ends_in_one_line_and_exit_code_1(call, make_notebook, tmp_path):
    done = call("run", make_notebook("1 / 0"), "--root", tmp_path / "out")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "ZeroDivisionError" in done.stderr and "small.partial.ipynb" in done.stderr


def test_a_full_disk_ends_in_one_line_and_leaves_no_part(
    ecomlab_command, make_notebook, on_small_disk, tmp_path
):
    path, place = make_notebook("print('x' * 200_000)"), tmp_path / "small_disk"
    command = [*ecomlab_command, "run", path, "--root", place]
    done, left = on_small_disk(place, "32k", command)
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (left / "small.ipynb").exists()


def test_orders_are_told_before_a_report(call, tmp_path):
    cases = ROOT / "tests" / "cases" / "orders"
    told = call("orders", "check", cases / "shopify_orders.csv").stdout
    assert "recognised: Shopify, orders" in told and "total: 21,492.00 EUR" in told
    drafted = call("orders", "map", cases / "whole_euros.csv", "--out", tmp_path / "map.toml")
    assert drafted.returncode == 0 and 'amount = "Betrag"' in (tmp_path / "map.toml").read_text()
    columns = ["--columns", tmp_path / "map.toml"]
    assert "467,280.00" in call("orders", "check", cases / "whole_euros.csv", *columns).stdout
    stopped = call("orders", "check", cases / "open_quote.csv")
    assert stopped.returncode == 2 and len(stopped.stderr.splitlines()) == 1
    assert "shopify" in call("report", "--list-exports").stdout
