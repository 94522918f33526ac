"""Every notebook runs in the quick profile with its network closed and records what its snapshot
foresees; the stored and the full runs carry what `headline.toml` claims."""

import contextlib
import copy
import os
import tomllib

import nbformat
import pytest
from conftest import NOTEBOOKS
from warm import WarmProcess

from ecomlab import authoring
from ecomlab.datasets import DataUnavailableError, catalogue
from ecomlab.datasets.loading import files_of
from ecomlab.expected import (
    HEADLINE,
    SNAPSHOTS,
    TIMED,
    claims,
    compare,
    headline_bands,
    headline_wins,
    lost_wins,
    outside_bands,
    read_snapshot,
)
from ecomlab.project import PROFILES, lessons, profile_parameters, read_lesson
from ecomlab.results import read_full, read_results
from ecomlab.running import one
from ecomlab.running.parameters import check_parameters
from ecomlab.running.processors import environment_of_another, environment_of_threads
from ecomlab.running.records import made_of

LESSONS = [lesson.name for lesson in lessons()]
IN_FULL = [name for name in LESSONS if profile_parameters(name, "full")]
RUNNABLE = [path.relative_to(NOTEBOOKS).as_posix() for path in authoring.notebooks()]
HEADLINES = tomllib.loads(HEADLINE.read_text("utf-8"))
# Run twice and compared to the last digit: a dense, a recurrent and a factor model. The other
# notebooks are compared with their snapshots only.
AGAIN = ("00_start_here.ipynb", "04a_the_state.ipynb", "08b_networks_that_recommend.ipynb")
# What ranks, picks or groups by score is run as on another processor, too: there a tie that falls
# the other way shows. All the rest would take as long again as `make test`.
ELSEWHERE = (
    "00_start_here.ipynb",
    "04c_next_trip.ipynb",
    "08a_measuring_and_counting.ipynb",
    "08c_from_model_to_list.ipynb",
    "10a_segments.ipynb",
    "reports/recommend.ipynb",
)
# Lessons in which a sentence stands for every claim in `headline.toml`.
MARKED = (
    "00_start_here",
    "00b_data",
    "01_neuron_and_backprop",
    "01b_training_a_network",
    "02_deep_and_classical",
    "03_cnn_product_images",
    "03b_moved_photos",
    "03c_few_labels",
    "03d_borrowed_kernels",
    "03e_pretrained_network",
    "04a_the_state",
    "04b_the_gates",
    "04c_next_trip",
    "05_autoencoder",
    "06_variational_autoencoder",
    "07_gan",
    "08a_measuring_and_counting",
    "08b_networks_that_recommend",
    "08c_from_model_to_list",
    "09a_price_prediction",
    "09b_price_and_demand",
    "09c_what_to_charge",
    "10a_segments",
    "10b_campaigns",
    "10c_lifetime_value",
    "11a_data_quality",
    "11b_labels_and_drift",
    "12a_cost_and_knobs",
    "12b_search",
    "13a_training_cost",
    "13b_inference",
    "13c_several_machines",
    "14_attention",
)
MEMORY_LIMIT_MB = 4096


@pytest.fixture(scope="session")
def warm_process():
    """A process with the imports of all lessons, which gives kernels; None where it cannot."""
    if not hasattr(os, "pidfd_open"):  # Linux has it
        yield None
        return
    process = WarmProcess(environment_of_threads())
    yield process
    process.end()


def run_quickly(place, root, **environment):
    """Run a notebook in the quick profile, with its network closed and in one thread."""
    return one.run(
        NOTEBOOKS / place,
        root=root,
        profile="quick",
        offline=True,
        environment=environment_of_threads() | environment,
    )


@pytest.fixture(scope="session")
def quick_run(tmp_path_factory, warm_process):
    """Run a notebook once in the quick profile, for all the tests that look at it."""
    runs = {}

    def run(place):
        if place not in runs:
            with warm_process.gives_kernels() if warm_process else contextlib.nullcontext():
                runs[place] = run_quickly(place, tmp_path_factory.mktemp("quick"))
        return runs[place]

    return run


@pytest.fixture
def foreseen(monkeypatch):
    """Return a notebook's snapshot as it is where some data sets cannot be had."""
    monkeypatch.setenv("ECOMLAB_OFFLINE", "1")

    def snapshot(place):
        known = read_snapshot(place.removesuffix(".ipynb").split("/")[-1])
        for name in catalogue():
            if f"rows_{name}" in known:  # lesson 00 counts the rows of what is there
                try:
                    files_of(name, "sample")
                except DataUnavailableError:
                    known[f"rows_{name}"]["value"] = 0
        return known

    return snapshot


@pytest.mark.slow
@pytest.mark.parametrize("place", RUNNABLE)
def test_it_runs_quickly_with_no_network(place, quick_run, foreseen):
    run = quick_run(place)
    print(f"{place}: {run.seconds:.0f} s, {run.peak_memory_mb:.0f} MB")
    assert run.peak_memory_mb < MEMORY_LIMIT_MB
    assert not compare(run.results, foreseen(place))


@pytest.mark.exhaustive
@pytest.mark.parametrize("place", ELSEWHERE)
def test_it_records_the_same_as_on_another_processor(place, foreseen, tmp_path):
    run = run_quickly(place, tmp_path, **environment_of_another())
    assert not compare(run.results, foreseen(place))


@pytest.mark.exhaustive
@pytest.mark.parametrize("place", AGAIN)
def test_two_runs_record_the_same(place, quick_run, tmp_path):
    again = run_quickly(place, tmp_path).results
    steady = {name for name in again if not name.endswith(TIMED)}
    first = quick_run(place).results
    assert {name: first[name] for name in steady} == {name: again[name] for name in steady}


def test_every_notebook_has_a_snapshot_and_no_other_is_left():
    assert {path.stem for path in SNAPSHOTS.glob("*.json")} == {
        path.stem for path in authoring.notebooks()
    }


@pytest.mark.parametrize(
    ("name", "profile"),
    [(name, "default") for name in LESSONS] + [(name, "full") for name in IN_FULL],
)
def test_stored_results_lie_in_their_bands_and_carry_their_wins(name, profile):
    stored = read_results(NOTEBOOKS / f"{name}.ipynb")
    results = read_full(name)["results"] if profile == "full" else stored
    bands = headline_bands(name, profile)
    assert not outside_bands(results, bands)
    assert not lost_wins(headline_wins(name, profile), results, bands)


@pytest.mark.parametrize("name", IN_FULL)
def test_full_results_are_up_to_date(name):
    stored = read_full(name)
    assert stored["code_hash"] == authoring.full_hash(name), f"run `ecomlab full {name}` again"
    assert stored["parameters"] == profile_parameters(name, "full")


@pytest.mark.parametrize("name", LESSONS)
def test_what_a_sentence_claims_is_held(name):
    """The mark behind a sentence is a claim of `headline.toml`, which the test above holds."""
    lesson = one.read_notebook(NOTEBOOKS / f"{name}.ipynb")
    held = headline_wins(name)
    here = headline_wins(name, "default")
    for claim, said in claims(lesson):
        assert claim in held, f"{said!r} claims {claim}: name it in headline.toml"
        if claim in here:
            continue
        for other in here:  # whoever reads a claim of this run is back in this run
            said = said.rpartition(f"<!-- claim: {other} -->")[2]
        profiles = [p for p in PROFILES if claim in headline_wins(name, p)]
        assert any(f"{p} profile" in said for p in profiles), f"{said!r}: name the profile"
    if name in MARKED:
        assert {claim for claim, _ in claims(lesson)} == set(held)


def test_headlines_stay_few():
    assert len(HEADLINE.read_text("utf-8").splitlines()) <= 600
    assert list(HEADLINES) == LESSONS
    for lesson in lessons():
        entry = HEADLINES[lesson.name]
        assert set(entry) <= {"bands", "wins", "level"}
        assert set(lesson.headline) <= set(entry["bands"]), lesson.name
        stated = entry.get("wins", {}) | entry.get("level", {})
        assert {p for profiles in stated.values() for p in profiles} <= {*PROFILES}


@pytest.mark.parametrize("name", LESSONS)
def test_bands_can_fail(name):
    """A band that holds chance proves nothing, nor does one that holds 0 and is in no win."""
    entry = HEADLINES[name]
    claimed = {word for win in headline_wins(name) for word in win.split()}
    for key, band in entry["bands"].items():
        assert set(band) <= {"default", "full", "chance", "reference", "source"}, key
        assert ("reference" in band) == ("source" in band), key
        for profile in {"default", "full"} & set(band):
            low, high = band[profile]
            chance = band.get("chance")
            chance = chance[profile] if isinstance(chance, dict) else chance
            assert low < high, key
            assert chance is None or not low <= chance <= high, key
            assert chance is not None or key in claimed or not low <= 0 <= high, key


@pytest.mark.parametrize("name", LESSONS)
def test_profiles_name_declared_parameters(name):
    notebook = one.read_notebook(NOTEBOOKS / f"{name}.ipynb")
    for profile in PROFILES:
        check_parameters(notebook, profile_parameters(name, profile))


def test_a_moved_legend_asks_for_no_full_run_and_a_changed_layer_does(monkeypatch, tmp_path):
    name = "13a_training_cost"
    lesson = one.read_notebook(NOTEBOOKS / f"{name}.ipynb")
    monkeypatch.setattr(authoring, "NOTEBOOKS", tmp_path)

    def is_stale(old, new):
        """Replace a line in a copy of the lesson, and compare it with the stored full result."""
        changed = copy.deepcopy(lesson)
        (cell,) = (cell for cell in changed.cells if old in cell.source)
        cell.source = cell.source.replace(old, new)
        nbformat.write(changed, tmp_path / f"{name}.ipynb")
        return authoring.full_hash(name) != read_full(name)["code_hash"]

    legend, layer = 'axis.legend(loc="lower right", fontsize=8)', 'layers.Dense(10, name="dense")'
    assert not is_stale(legend, 'axis.legend(loc="upper left")')
    assert not is_stale("from ecomlab.seeds import set_seed", "from ecomlab import set_seed")
    assert is_stale(layer, layer.replace("10", "11"))

    # A page that was drawn with the old legend is another matter.
    def made(**options):
        return made_of(read_lesson(tmp_path / f"{name}.ipynb"), "full", **options)

    nbformat.write(lesson, tmp_path / f"{name}.ipynb")
    before = made(), made(looked_at=True)
    is_stale(legend, 'axis.legend(loc="upper left")')
    assert (before[0] == made(), before[1] == made(looked_at=True)) == (True, False)
