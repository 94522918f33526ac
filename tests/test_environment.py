"""One source of truth for versions, and papers that say what is so."""

import ast
import importlib.metadata
import platform
import re
import subprocess
import tomllib

import pytest
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import ecomlab

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
EXTRAS = PROJECT["optional-dependencies"]
# A host of a package registry, or a folder of somebody's machine, has no place here.
REGISTRY_HOST = re.compile(
    r"pypi\.(org|python)|pythonhosted|deb\.debian\.org|registry\.npmjs|/opt/pypi"
)


def tracked(*patterns):
    listed = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.splitlines()]


def locked():
    pins = [Requirement(line) for line in LOCK.splitlines() if line and line[0] not in "#-"]
    found = {}
    for pin in pins:
        found.setdefault(pin.name.lower(), []).append(pin)
    return found


@pytest.mark.parametrize("python", ["3.11.9", "3.12.4", "3.13.1"])
def test_the_lock_satisfies_every_declared_dependency(python):
    pins, major = locked(), ".".join(python.split(".")[:2])
    environment = {"python_full_version": python, "python_version": major}
    wanted = [*PROJECT["dependencies"], *(item for extra in EXTRAS.values() for item in extra)]
    for text in wanted:
        requirement = Requirement(text)
        candidates = pins[requirement.name.lower()]
        chosen = [p for p in candidates if not p.marker or p.marker.evaluate(environment)]
        assert len(chosen) == 1, f"{requirement.name} has {len(chosen)} pins for {python}"
        (version,) = [spec.version for spec in chosen[0].specifier]
        assert requirement.specifier.contains(version), text


def test_every_installed_package_says_that_it_is_for_this_python():
    """uv installs what pip, on a reader's machine, would refuse."""
    python = platform.python_version()
    for package in importlib.metadata.distributions():
        wanted = package.metadata.get("Requires-Python")
        assert not wanted or SpecifierSet(wanted).contains(python), package.name


def test_the_lock_pins_exactly_and_names_no_place():
    assert all("==" in str(pin.specifier) for pins in locked().values() for pin in pins)
    # pip refuses hashes beside an editable install, and URLs would hold a host.
    assert "://" not in LOCK and "--hash" not in LOCK
    assert not (ROOT / "uv.lock").exists()


def test_conda_and_binder_install_the_same_lock_and_package():
    import yaml

    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    conda = [item for item in environment["dependencies"] if isinstance(item, str)]
    (pip,) = [item["pip"] for item in environment["dependencies"] if isinstance(item, dict)]
    assert pip == ["-r requirements.lock", "-e ."]
    (python,) = [item.split("=")[1] for item in conda if item.startswith("python=")]
    assert SpecifierSet(PROJECT["requires-python"]).contains(python)
    assert "pip" in conda


def test_every_dependency_has_its_reason():
    text = (ROOT / "pyproject.toml").read_text("utf-8").split("\n[project]\n")[1]
    lines = [line for line in text.splitlines() if re.search(r'"[\w\[\]-]+>=[\d.]+"', line)]
    declared = [*PROJECT["dependencies"], *(item for extra in EXTRAS.values() for item in extra)]
    assert len(lines) == len(declared)
    assert all(re.search(r"# \S", line) for line in lines)
    assert set(EXTRAS) == {"sweep", "classroom", "book", "dev"}


def test_one_version_everywhere():
    version = ecomlab.__version__
    assert PROJECT["version"] == version
    assert f"version: {version}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"## {version}\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_nothing_committed_names_a_registry_host_or_a_machine_path():
    text_files = tracked(
        "*.py", "*.toml", "*.md", "*.lock", "*.yml", "*.ipynb", "Makefile", ".ci/*"
    )
    looking = {"test_environment.py", "test_datasets.py"}  # they name what they look for
    for path in [path for path in text_files if path.name not in looking]:
        found = REGISTRY_HOST.search(path.read_text("utf-8"))
        assert not found, f"{path.relative_to(ROOT)}: {found}"


def test_the_readme_is_true():
    readme = (ROOT / "README.md").read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"`make ([a-z-]+)", readme)):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), f"make {target}"
    for link in re.findall(r"\]\(((?!https?:)[^)#]+)\)", readme):
        assert (ROOT / link).exists(), link


@pytest.mark.parametrize("path", sorted((ROOT / "ecomlab").rglob("*.py")), ids=lambda p: p.name)
def test_public_names_have_docstrings_and_modules_are_known(path):
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree), path.name
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path.name}: {node.name}"
        if isinstance(node, ast.ImportFrom):
            assert all(alias.name != "*" for alias in node.names)


def test_every_machine_runs_the_same_commands():
    import yaml

    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text("utf-8"))
    scripts = [(ROOT / ".ci/run").read_text("utf-8")]
    for job in workflow["jobs"].values():
        scripts.append("\n".join(step.get("run", "") for step in job["steps"]))
        assert all(re.fullmatch(r"[\w/-]+@v\d+", s["uses"]) for s in job["steps"] if "uses" in s)
    for script in scripts:
        called = re.findall(r"make (setup|data|test-all|test)\b", script)
        assert called == ["setup", "data", "test", "test-all"]


def test_hooks_before_a_commit_call_what_make_setup_installs():
    import yaml

    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    (here,) = hooks["repos"]
    assert here["repo"] == "local" and all(hook["language"] == "system" for hook in here["hooks"])
    called = [hook["entry"].split() for hook in here["hooks"]]
    assert {words[0] for words in called} == {"ruff", "pytest"}
    assert all((ROOT / words[1]).exists() for words in called if words[0] == "pytest")
