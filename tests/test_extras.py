"""Packages that the tests import are those of the `test` extra, and every dependency group is of use."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
#: Which package brings a module, where the names differ; pytest-benchmark and pytest-xdist are plugins.
PACKAGES = {
    "Cython": "cython",
    "IPython": "ipykernel",
    "PIL": "matplotlib",
    "cycler": "matplotlib",
    "dask": "distributed",
    "_pytest": "pytest",
    "hepdata_lib": "hepdata-lib",
    "tornado": "bokeh",
    "yaml": "hepdata-lib",
}
#: Large, or of another task: tests of them are skipped where they are not installed.
OPTIONAL = {
    "astropy": "its quantities are refused as those of pint are",
    "mypy": "of the group types, whose session has more of it",
    "nox": "of the group dev",
    "playwright": "of the group browser, whose session drives a browser that is installed",
}


def imported(path):
    """Return the modules of others that a file imports, at any place, by `pytest.importorskip` too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "importorskip":
            found |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
    return {name.partition(".")[0] for name in found}


def extra(name):
    """Return the packages of an extra, those of the package's own other extras included."""
    found = set()
    for text in PROJECT["project"]["optional-dependencies"][name]:
        own = re.fullmatch(r"cevns\[(.*)\]", text)
        found |= set().union(*map(extra, own[1].split(","))) if own else {re.match(r"[\w-]+", text)[0]}
    return found


def test_every_package_that_tests_import_is_in_the_extra():
    files = sorted((ROOT / "tests").rglob("*.py"))
    local = {path.stem for path in files} | {"tests", "cevns", *(p.name for p in (ROOT / "tests").iterdir())}
    # of the benchmarks, which some tests read
    local |= {path.stem for path in (ROOT / "benchmarks").rglob("*.py")} | {"benchmarks", "baselines"}
    own = {re.match(r"[\w-]+", text)[0] for text in PROJECT["project"]["dependencies"]}
    known = extra("test") | own
    missing = {}
    for path in files:
        for module in imported(path) - local - set(sys.stdlib_module_names) - set(OPTIONAL):
            if PACKAGES.get(module, module) not in known:
                missing.setdefault(module, path.name)
    assert missing == {}


def test_packages_of_the_extra_are_used():
    used = set().union(*map(imported, [*(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]))
    used = {PACKAGES.get(module, module) for module in used}
    plugins = {"pytest-benchmark", "pytest-xdist", "nbformat", "setuptools", "tqdm"}
    assert extra("test") - used - plugins == set()


@pytest.mark.parametrize("name", sorted(PROJECT["dependency-groups"].keys() - {"dev"}))
def test_every_group_is_that_of_a_session_and_of_developers(name):
    assert {"include-group": name} in PROJECT["dependency-groups"]["dev"]
    # pip installs the extra of the name, which the group stands for
    text = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    assert f'group("{name}")' in text or f"[{name}]" in text
