"""Every notebook runs in the quick profile with its network closed, and what the stored,
the quick and the full runs recorded lies inside the bands of `expected.toml`."""

import json
import tomllib

import pytest
from conftest import NOTEBOOKS

from ecomlab.authoring import full_hash
from ecomlab.project import FULL_RESULTS, PROFILES, lessons, profile_parameters
from ecomlab.results import read_results
from ecomlab.running import one
from ecomlab.running.parameters import check_parameters

EXPECTED = tomllib.loads((NOTEBOOKS.parent / "tests" / "expected.toml").read_text("utf-8"))
LESSONS = [lesson.name for lesson in lessons()]
# Whatever notebook there is, is run: lessons, the template, reports. Exercises have tests of
# their own, which also try the students' answers.
RUNNABLE = sorted(
    path.relative_to(NOTEBOOKS).as_posix()
    for path in NOTEBOOKS.rglob("*.ipynb")
    if not {".ipynb_checkpoints", "my_copies", "exercises"} & set(path.parts)
)
# A busy machine takes many times the seconds of a quiet one, so seconds have no band.
SECONDS = ("_s", "_ms")
# Two runs may differ in these; a ratio of seconds within one run still has its band.
TIMES = (*SECONDS, "_ratio")
MEMORY_LIMIT_MB = 4096


def numbers(value):
    """Every number inside a recorded value."""
    if isinstance(value, dict):
        return [n for item in value.values() for n in numbers(item)]
    if isinstance(value, list):
        return [n for item in value for n in numbers(item)]
    return [value] if isinstance(value, (int, float)) else []


def compare(results, bands):
    """Say what is missing, unforeseen or outside its band."""
    faults = [f"{name}: has a band but was not recorded" for name in bands if name not in results]
    for name, value in results.items():
        if not numbers(value) or name.endswith(SECONDS):
            continue
        if name not in bands:
            faults.append(f"{name} = {value}: recorded but has no band")
            continue
        low, high = bands[name]["low"], bands[name]["high"]
        outside = [n for n in numbers(value) if not low <= n <= high]
        faults += [f"{name} = {n} lies outside {low} to {high}" for n in outside]
    return faults


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    """Run a notebook once in the quick profile, for all the tests that look at it."""
    runs = {}

    def run(place):
        if place not in runs:
            root = tmp_path_factory.mktemp("quick")
            runs[place] = one.run(NOTEBOOKS / place, root=root, profile="quick", offline=True)
        return runs[place]

    return run


@pytest.mark.slow
@pytest.mark.parametrize("place", RUNNABLE)
def test_it_runs_quickly_with_no_network(place, quick_run):
    run = quick_run(place)
    print(f"{place}: {run.seconds:.0f} s, {run.peak_memory_mb:.0f} MB")
    assert run.peak_memory_mb < MEMORY_LIMIT_MB
    assert not compare(run.results, EXPECTED[run.path.stem]["quick"])


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("place", RUNNABLE)
def test_two_runs_record_the_same(place, quick_run, tmp_path):
    again = one.run(NOTEBOOKS / place, root=tmp_path, profile="quick", offline=True).results
    steady = {name for name in again if not name.endswith(TIMES)}
    first = quick_run(place).results
    assert {name: first[name] for name in steady} == {name: again[name] for name in steady}


@pytest.mark.parametrize("name", LESSONS)
def test_the_stored_results_lie_in_their_bands(name):
    assert not compare(read_results(NOTEBOOKS / f"{name}.ipynb"), EXPECTED[name]["default"])


@pytest.mark.parametrize("name", [n for n in LESSONS if profile_parameters(n, "full")])
def test_the_full_results_lie_in_their_bands_and_are_up_to_date(name):
    stored = json.loads(FULL_RESULTS.read_text("utf-8"))[name]
    assert not compare(stored["results"], EXPECTED[name]["full"])
    assert stored["code_hash"] == full_hash(name), f"run `ecomlab full {name}` again"
    assert stored["parameters"] == profile_parameters(name, "full")


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("profile", PROFILES)
def test_bands_can_fail(name, profile):
    """A band as wide as what it measures proves nothing, nor one that holds chance."""
    for key, band in EXPECTED[name].get(profile, {}).items():
        assert set(band) <= {"low", "high", "chance", "reference", "source"}, key
        assert band["low"] <= band["high"], key
        if "chance" in band:
            assert not band["low"] <= band["chance"] <= band["high"], key
        assert ("reference" in band) == ("source" in band), key
    for winner, loser in EXPECTED[name].get("wins", {}).get(profile, []):
        bands = EXPECTED[name][profile]
        apart = bands[winner]["low"] > bands[loser]["high"]
        below = bands[winner]["high"] < bands[loser]["low"]  # an error: less is better
        assert apart or below, f"the bands of {winner} and {loser} meet"


@pytest.mark.parametrize("name", LESSONS)
def test_profiles_name_declared_parameters(name):
    notebook = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text("utf-8"))
    for profile in PROFILES:
        check_parameters(notebook, profile_parameters(name, profile))


def test_compare_finds_each_kind_of_fault():
    bands = {"a": {"low": 0, "high": 1}, "gone": {"low": 0, "high": 1}}
    faults = compare({"a": [0.5, 2], "new": 3, "text": "x"}, bands)
    assert len(faults) == 3
    assert not compare({"a": {"x": 1}}, {"a": {"low": 0, "high": 1}})
    assert not compare({"training_s": 900}, {})
