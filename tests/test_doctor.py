"""What `ecomlab doctor` finds, here and on machines where something is wrong."""

import json
import os
import subprocess
import sys

import nbformat
import pytest
from conftest import NOTEBOOKS

from ecomlab import doctor
from ecomlab.authoring import normalise
from ecomlab.datasets import catalogue
from ecomlab.running.one import run


def test_this_machine_runs_the_lessons():
    """The tests could not run elsewhere; what they need beside is a note at most."""
    checks = [look() for look in (doctor.check_python, doctor.check_packages)]
    checks += [doctor.check_data(), doctor.check_writing(), doctor.check_browser()]
    for check in checks:
        assert check.state in ("ok", "note") and check.found, check
        assert bool(check.remedy) == (check.state == "note")


def test_another_python_is_to_be_fixed():
    check = doctor.check_python({"requires-python": ">=3.99"})
    assert check.state == "fix" and "install Python >=3.99" in check.remedy


def test_a_package_that_is_old_or_absent_is_named():
    project = {"dependencies": ["numpy>=99", "nothing-like-it", "pandas"]}
    check = doctor.check_packages(project)
    assert check.state == "fix" and "make setup" in check.remedy
    assert "numpy is 2" in check.found and "not >=99" in check.found
    assert "nothing-like-it is absent" in check.found and "pandas" not in check.found


def test_what_only_a_class_or_the_tests_need_is_a_note():
    extras = {"classroom": ["nothing-like-it>=1"]}
    check = doctor.check_packages({"dependencies": ["numpy"], "optional-dependencies": extras})
    assert check.state == "note" and check.found == "classroom: nothing-like-it is absent"


@pytest.mark.parametrize("look", [doctor.check_memory, doctor.check_disk])
def test_memory_and_disk_are_noted_when_low_and_to_be_fixed_when_gone(look):
    assert look(enough=0, least=0).state == "ok"
    assert look(enough=10**6, least=0).state == "note"
    check = look(enough=10**6, least=10**5)
    assert check.state == "fix" and check.needed == "1,000,000 GB" and check.remedy


def test_missing_data_are_noted_with_the_command_that_fetches_them(monkeypatch, tmp_path):
    monkeypatch.setenv("ECOMLAB_CACHE", str(tmp_path))
    check = doctor.check_data()
    assert check.state == "note" and "cdnow: sample" in check.found
    assert f"`ecomlab data fetch {' '.join(catalogue())}`" in check.remedy


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    check = doctor.check_writing([tmp_path, tmp_path / "file" / "build"])
    assert check.state == "fix" and str(tmp_path / "file" / "build") in check.found


def test_what_is_true_of_one_machine_is_not_stored():
    outputs = [
        nbformat.v4.new_output("display_data", {"text/markdown": text}, metadata=metadata)
        for text, metadata in (("for all", {}), ("for this one", {"ecomlab": doctor.HERE}))
    ]
    cell = nbformat.v4.new_code_cell("doctor()", outputs=outputs)
    kept = normalise(nbformat.v4.new_notebook(cells=[cell])).cells[0].outputs
    assert [output.data["text/markdown"] for output in kept] == ["for all"]


@pytest.mark.slow
def test_lesson_00_stores_the_table_of_a_ready_machine(make_notebook, tmp_path):
    def table(path):
        cells = nbformat.read(path, as_version=4).cells
        (cell,) = [cell for cell in cells if cell.source.endswith("\ndoctor()")]
        return [
            line.split("|")[1:-1] for line in cell.outputs[0].data["text/markdown"].splitlines()
        ]

    path = make_notebook("from ecomlab.doctor import doctor\n\ndoctor()")
    here = table(run(path, "out.ipynb", root=tmp_path / "out").path)
    stored = table(NOTEBOOKS / "00_start_here.ipynb")
    assert [line[:2] for line in stored] == [line[:2] for line in here]
    assert {line[2].strip() for line in stored[2:]} == {"ok"}


@pytest.mark.slow
def test_the_kernel_starts_with_keras_and_is_this_pythons():
    assert doctor.check_kernel().state == "ok"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "found"),
    [
        (["false"], "the kernel did not start"),
        ([sys.executable, "-S", "-m", "ipykernel_launcher"], "the kernel did not start"),
    ],
)
def test_a_kernelspec_that_points_elsewhere_is_to_be_fixed(program, found, monkeypatch, tmp_path):
    spec = {
        "argv": [*program, "-f", "{connection_file}"],
        "display_name": "x",
        "language": "python",
    }
    folder = tmp_path / "kernels" / "python3"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    check = doctor.check_kernel()
    assert check.state == "fix" and found in check.found and "kernelspec list" in check.remedy


@pytest.mark.slow
def test_the_command_tells_and_its_exit_code_says_whether_lessons_run(ecomlab_command):
    def call(**environment):
        return subprocess.run(
            [*ecomlab_command, "doctor"],
            env=os.environ | environment,
            capture_output=True,
            text=True,
        )

    done = call()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the lessons run here" in done.stdout and "as long as its minutes say" in done.stdout
    done = call(KERAS_BACKEND="torch")
    assert done.returncode == 1 and "2 to fix before the lessons run" in done.stdout
    assert done.stdout.count("No module named 'torch'") == 2
    assert done.stdout.count("unset `KERAS_BACKEND`") == 2
