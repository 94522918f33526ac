"""The house: which room imports which, what is public, how long a module is."""

import ast
import fnmatch
import functools
import importlib
import json
import subprocess
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter

import pytest
from conftest import NOTEBOOKS, ROOT

import ecomlab

PACKAGE = ROOT / "ecomlab"
# From the ground up. A room imports from its own floor and from those below it.
FLOORS = [
    {"errors", "files", "stopping"},
    {"project", "datasets"},
    {
        *("splits", "baselines", "metrics", "segments", "lifetime", "weekly", "plots", "seeds"),
        *("results", "widgets", "checks", "yardstick"),
    },
    {"running"},
    {"pages", "classroom", "doctor"},
    {"shop", "sweep", "expected", "authoring", "papers"},
    {"address"},
    {"cli"},
    {"__main__"},
]
MOST_LINES = 400
LONGER = {}  # a module's path and the reason why it is longer
# Names that lessons take from the package. The fewer, the less a reader must look up: a new one
# has to replace another, but a data set brings the name of its loader.
NAMES_IN_LESSONS = 66


def name_of(path):
    parts = ("ecomlab", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported(tree, package=()):
    """Yield (module, name or None) of every import from `ecomlab`, those in functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            pairs = [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            pairs = [(module, alias.name) for alias in node.names]
        else:
            continue
        for module, name in pairs:
            if f"{module}.{name}" in MODULES:
                yield f"{module}.{name}", None
            elif module.split(".")[0] == "ecomlab":
                yield module, name


def imports_of(name):
    path = MODULES[name]
    package = tuple(name.split("."))[: None if path.name == "__init__.py" else -1]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {module for module, _ in imported(tree, package)} - {name}


def room_of(module):
    return module.split(".")[1] if "." in module else "__init__"


def floor_of(room):
    found = [floor for floor, rooms in enumerate(FLOORS) if room in rooms]
    assert found, f"{room} is new: give it a floor here, and a line in the docstring of ecomlab"
    return found[0]


def test_no_import_runs_up():
    wrong = [
        f"{name} imports {target}"
        for name in MODULES
        for target in imports_of(name)
        if target != "ecomlab" and floor_of(room_of(target)) > floor_of(room_of(name))
    ]
    assert wrong == []


def test_no_import_runs_in_a_circle():
    graph = {name: imports_of(name) for name in MODULES}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_the_docstring_of_the_package_names_every_room():
    rooms = {room_of(name) for name in MODULES} - {"__init__", "__main__"}
    named = {line.split()[0] for line in ecomlab.__doc__.splitlines() if line.startswith("    ")}
    assert named == rooms


def test_no_module_imports_tensorflow():
    names = sorted(set(MODULES) - {"ecomlab.__main__"})
    code = (
        "import importlib, sys\n"
        f"for name in {names}:\n"
        "    importlib.import_module(name)\n"
        "print(sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_modules_are_short():
    lines = {
        path.relative_to(PACKAGE).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in MODULES.values()
    }
    long = {name: n for name, n in lines.items() if n > MOST_LINES}
    assert long.keys() == LONGER.keys(), long


def test_a_wheel_holds_every_file_of_the_package():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["ecomlab"]
    tracked = subprocess.run(
        ["git", "ls-files", "ecomlab"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = [line.removeprefix("ecomlab/") for line in tracked.stdout.splitlines()]
    left_out = [
        name
        for name in files
        if not name.endswith(".py") and not any(fnmatch.fnmatch(name, p) for p in patterns)
    ]
    assert files and left_out == []


@functools.cache
def names_taken_by(path):
    """Return every (module, name) that a notebook takes from the package."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    source = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    tree = ast.parse(source)
    taken = set(imported(tree))
    modules = {module.rpartition(".")[2]: module for module, name in taken if name is None}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = modules.get(node.value.id)
            if module:
                taken.add((module, node.attr))
    return {pair for pair in taken if pair[1] is not None}


LESSONS = sorted(NOTEBOOKS.glob("[0-9_]*.ipynb"))
EXERCISES = sorted(NOTEBOOKS.glob("exercises/*/*.ipynb"))
REPORTS = sorted(NOTEBOOKS.glob("reports/*.ipynb"))


def test_what_notebooks_take_is_public():
    taken = set().union(*(names_taken_by(path) for path in LESSONS + EXERCISES + REPORTS))
    hidden = [
        f"{module}.{name}"
        for module, name in sorted(taken)
        if name not in getattr(importlib.import_module(module), "__all__", ())
    ]
    assert hidden == []


def test_lessons_take_few_names_and_exercises_no_others():
    lessons = set().union(*(names_taken_by(path) for path in LESSONS))
    assert len(lessons) <= NAMES_IN_LESSONS, sorted(".".join(pair) for pair in lessons)
    exercises = set().union(*(names_taken_by(path) for path in EXERCISES))
    assert {module for module, _ in exercises - lessons} == {"ecomlab.checks"}


def test_what_is_public_is_listed_and_there():
    wrong = []
    for name, path in MODULES.items():
        module = importlib.import_module(name) if name != "ecomlab.__main__" else None
        listed = getattr(module, "__all__", None)
        if listed is None:
            continue
        wrong += [f"{name}.{public} is not there" for public in set(listed) - set(dir(module))]
        wrong += [
            f"{name}.{node.name} is not in __all__"
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, (ast.FunctionDef, ast.ClassDef))
            and not node.name.startswith("_")
            and node.name not in listed
        ]
    assert wrong == []
