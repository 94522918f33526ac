"""Stored notebooks are whole, tidy, and have the anatomy of a lesson."""

import ast
import dis
import json
import re

import nbformat
import pytest
from conftest import NOTEBOOKS

from ecomlab.authoring import normalise
from ecomlab.datasets import catalogue
from ecomlab.errors import UserError
from ecomlab.pages.links import diagrams
from ecomlab.project import lessons
from ecomlab.results import MIME_TYPE, NOT_HASHED, read_full
from ecomlab.running.parameters import declared_parameters

SECTIONS = [
    "title",
    "objectives",
    "setup",
    "parameters",
    "data",
    "baseline",
    "idea",
    "by_hand",
    "network",
    "training",
    "comparison",
    "predict",
    "break",
    "playground",
    "limits",
    "questions",
    "summary",
    "record",
]
LESSONS = [lesson.path for lesson in lessons()]
WITH_TEMPLATE = [*LESSONS, NOTEBOOKS / "_template.ipynb"]
# Calls of `argsort` and `argpartition` without kind="stable": equal values fall as the processor
# has it. Here that changes no recorded number, or the lesson waits for its next full run.
FREE_ORDER = {
    "04c_next_trip": ["argsort"],  # rows of a picture, by means of trained gates
    "08c_from_model_to_list": ["argpartition"],  # timed, and not looked at
    "09b_price_and_demand": ["argsort"] * 2,  # three products and five groups of a picture
    "13b_inference": ["argsort"],  # a curve, from its twentieth part on
    "14_attention": ["argsort"],  # numbers made unequal by chance
}
# Lessons that follow "How a lesson reads" in CONTRIBUTING.md, as far as a test can count.
SECOND_EDITION = {
    "00_start_here",
    "00b_data",
    "01_neuron_and_backprop",
    "01b_training_a_network",
    "03_cnn_product_images",
    "03b_moved_photos",
    "03c_few_labels",
    "03d_borrowed_kernels",
    "03e_pretrained_network",
    "04a_the_state",
    "04b_the_gates",
    "05_autoencoder",
    "08a_measuring_and_counting",
    "08b_networks_that_recommend",
}
ABSOLUTE_PATH = re.compile(r"(?<![\w.:/~])/(home|root|tmp|work|Users|opt|var|mnt|usr)/|[A-Z]:\\\\")


def by_name(path):
    return path.stem


@pytest.fixture
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def each(paths):
    return pytest.mark.parametrize("notebook", paths, indirect=True, ids=by_name)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@each(LESSONS)
def test_it_ran_from_first_to_last(notebook):
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for output in (output for cell in cells for output in cell.outputs):
        assert output.output_type != "error"
        assert output.get("name") != "stderr", output.text


@each(WITH_TEMPLATE)
def test_metadata_is_normalised(notebook):
    before = nbformat.writes(notebook)
    assert nbformat.writes(normalise(notebook)) == before
    assert not notebook.metadata.get("widgets")


@pytest.mark.parametrize("path", WITH_TEMPLATE, ids=by_name)
def test_it_is_small_and_names_no_machine(path):
    text = path.read_text("utf-8")
    assert len(text.encode()) < 1_000_000
    for cell in json.loads(text)["cells"]:
        outputs = cell.get("outputs", [])
        shown = [str(o.get("text", "")) + json.dumps(o.get("data", {})) for o in outputs]
        shown = [re.sub(r'"image/png": "[^"]*"', "", text) for text in shown]
        for part in ["".join(cell["source"]), *shown]:
            assert not ABSOLUTE_PATH.search(part), ABSOLUTE_PATH.search(part)


@each(WITH_TEMPLATE)
def test_every_section_of_the_anatomy_is_there_in_order(notebook):
    found = [cell.metadata.section for cell in notebook.cells if "section" in cell.metadata]
    omitted = notebook.metadata.ecomlab.get("omitted", {})
    assert all(len(reason.split()) >= 4 for reason in omitted.values())
    wanted = [name for name in SECTIONS if name not in omitted]
    # Where the idea is long, rivals stand just before the network that is compared with them.
    later = [name for name in wanted if name != "baseline"]
    later.insert(later.index("network") if "network" in later else 0, "baseline")
    assert found in (wanted, later)


@each(LESSONS)
def test_a_lesson_says_what_it_is(notebook, request):
    about = notebook.metadata.ecomlab
    assert about.title and 0 < about.minutes <= 3 and about.headline
    assert re.match(r"# \d\d[a-z]? · ", notebook.cells[0].source)
    recorded = [
        o for c in code_cells(notebook) for o in c.outputs if MIME_TYPE in o.get("data", {})
    ]
    assert len(recorded) == 1
    # What only the full profile measures may be a headline, too.
    name = request.node.callspec.params["notebook"].stem
    in_full = (read_full(name) or {}).get("results", {})
    assert set(about.headline) <= set(recorded[0].data[MIME_TYPE]) | set(in_full)


@pytest.mark.parametrize("path", LESSONS, ids=by_name)
def test_a_cell_can_be_read_at_one_look(path):
    """A whole lesson may be as long as its ideas need; one cell may not."""
    cells = code_cells(nbformat.read(path, as_version=4))
    lines = [len([line for line in c.source.splitlines() if line.strip()]) for c in cells]
    assert max(lines) <= 40


def links(notebook, section):
    """Return where the links of a section's first cell lead, without their anchors."""
    cell = next(cell for cell in notebook.cells if cell.metadata.get("section") == section)
    return {address.split("#")[0] for address in re.findall(r"\]\(([^)\s]+)\)", cell.source)}


@pytest.mark.parametrize("path", LESSONS, ids=by_name)
def test_a_lesson_leads_to_its_neighbours_and_to_its_exercise(path):
    place = LESSONS.index(path)
    wanted = {other.name for other in LESSONS[max(place - 1, 0) : place + 2] if other != path}
    sheet = f"exercises/{path.stem}/{path.name}"
    if (NOTEBOOKS / sheet).is_file():
        wanted.add(sheet)
    assert not wanted - links(nbformat.read(path, as_version=4), "objectives")


def test_the_lessons_that_the_gallery_names_load_the_data_set():
    text = ""
    for cell in nbformat.read(NOTEBOOKS / "00b_data.ipynb", as_version=4).cells:
        shown = [o.get("data", {}).get("text/markdown", "") for o in cell.get("outputs", [])]
        text += "\n".join([cell.source, *shown] if cell.cell_type == "markdown" else shown) + "\n"
    # A row of the table, or a section, begins with the data set's name.
    gallery = [name for name, info in catalogue().items() if info.gallery]
    names = "|".join(gallery)
    parts = re.split(rf"^(?:\| |### \d\. `)({names})\b", text, flags=re.MULTILINE)
    assert parts[1::2] == gallery * 2
    for data, part in zip(parts[1::2], parts[2::2], strict=True):
        linked = re.findall(r"\]\((\w+\.ipynb)\)", part.split("\n## ")[0])
        assert linked, data
        for link in linked:
            lesson = nbformat.read(NOTEBOOKS / link, as_version=4)
            loads = any(f"load_{data}(" in cell.source for cell in code_cells(lesson))
            assert loads, f"{link} does not load {data}"


@pytest.mark.parametrize("path", [p for p in LESSONS if p.stem in SECOND_EDITION], ids=by_name)
def test_a_lesson_takes_one_step_at_a_time(path):
    notebook = nbformat.read(path, as_version=4)
    for cell in code_cells(notebook):
        assert len([line for line in cell.source.splitlines() if line.strip()]) <= 25, cell.source
    known, shown, tuned = set(), set(), 0
    for cell in (cell for cell in notebook.cells if cell.cell_type == "markdown"):
        new = set(re.findall(r"glossary\.md#([\w-]+)", cell.source)) - known
        assert len(new) <= 2, f"{sorted(new)} are new in one cell"
        known |= new
        shown |= set(diagrams(cell.source))
        tuned += cell.source.count("<summary>How this was tuned</summary>")
    assert len(shown) >= 3 or path.stem == "00b_data", "a lesson has three pictures that explain"
    assert tuned <= 1


@each(WITH_TEMPLATE)
def test_parameters_are_commented_literals(notebook):
    declared = declared_parameters(notebook)
    assert {"SIZE", "SEED"} <= set(declared)
    assert all(name.isupper() and parameter.comment for name, parameter in declared.items())


@each(LESSONS)
def test_every_figure_has_alt_text_and_is_followed_by_words(notebook):
    figures = 0
    for cell, following in zip(notebook.cells, [*notebook.cells[1:], None], strict=True):
        outputs = cell.get("outputs", [])
        for place, output in enumerate(outputs):
            if "image/png" not in output.get("data", {}):
                continue
            figures += 1
            alt = output.metadata.get("image/png", {}).get("alt", "")
            assert len(alt.split()) >= 4, cell.source[:80]
            after = outputs[place + 1 :] + following.get("outputs", [])
            explained = any("text/markdown" in o.get("data", {}) for o in after)
            assert explained or following.cell_type == "markdown", cell.source[:80]
    assert figures >= 4


def reads_and_binds(source):
    """Return what a cell reads before it binds it, what it binds, and every name in it."""
    reads, binds, every = set(), set(), set()

    def walk(code, top):
        every.update(code.co_names)
        for step in dis.get_instructions(code):
            if step.opname == "STORE_NAME" and top:
                binds.add(step.argval)
            elif step.opname in ("LOAD_NAME", "LOAD_GLOBAL") and step.argval not in binds:
                reads.add(step.argval)
            elif hasattr(step.argval, "co_names"):
                walk(step.argval, top=False)

    walk(compile(source, "cell", "exec"), top=True)
    return reads, binds, every


@pytest.mark.parametrize("path", [*LESSONS, *(NOTEBOOKS / "reports").glob("*.ipynb")], ids=by_name)
def test_equal_values_fall_in_a_stated_order(path):
    calls = [
        node
        for cell in code_cells(nbformat.read(path, as_version=4))
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("np.arg")
    ]
    free = [
        name
        for call in calls
        if (name := call.func.attr) in ("argsort", "argpartition")
        if not any(ast.unparse(word) == "kind='stable'" for word in call.keywords)
    ]
    assert sorted(free) == FREE_ORDER.get(path.stem, [])


def test_reads_and_binds():
    reads, binds, every = reads_and_binds("y = [f(x) for x in a]\ndef g(b): return b + c\nd = y.e")
    assert (reads, binds) == ({"f", "a", "c"}, {"y", "g", "d"})
    assert "e" in every


@each(WITH_TEMPLATE)
def test_what_the_hash_leaves_out_changes_nothing_elsewhere(notebook):
    """Such a cell may be rewritten without a new run: no number may rest on it."""
    cells = code_cells(notebook)
    known = [reads_and_binds(cell.source) for cell in cells]
    for place, cell in enumerate(cells):
        if not NOT_HASHED - {"bootstrap"} & set(cell.metadata.get("tags", [])):
            continue
        _, binds, every = known[place]
        # Another cell that the hash leaves out may use what this one binds: how both draw.
        elsewhere = {
            name
            for other, (reads, _, _) in zip(cells, known, strict=True)
            if other is not cell and not NOT_HASHED & set(other.metadata.get("tags", []))
            for name in reads
        }
        assert not binds & elsewhere, cell.source
        assert not every & {"fit", "train_on_batch", "set_seed", "default_rng", "record"}


def test_normalise_removes_tensorflows_noise_and_nothing_else():
    def with_stderr(text):
        output = nbformat.v4.new_output("stream", name="stderr", text=text)
        cell = nbformat.v4.new_code_cell("x", outputs=[output], metadata={"papermill": {}})
        return nbformat.v4.new_notebook(cells=[cell], metadata={"papermill": {}})

    noise = (
        "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
        "I0000 00:00:1795506860.700885    5494 port.cc:153] oneDNN custom operations are on. You "
        "may see slightly different numerical results.\n"
        "I0000 00:00:1795506860.7 5494 cudart_stub.cc:31] Could not find cuda drivers on your "
        "machine, GPU will not be used.\n"
    )
    clean = normalise(with_stderr(noise))
    assert clean.cells[0].outputs == [] and "papermill" not in clean.metadata
    assert clean.cells[0].metadata == {}
    with pytest.raises(UserError, match="cell 1 wrote to stderr: RuntimeWarning: overflow"):
        normalise(with_stderr(noise + "RuntimeWarning: overflow\n"))
