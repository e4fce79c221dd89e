"""What pyproject.toml and setup.py promise: warnings that fail tests, Pythons that work, errors of builds."""

import os
import pkgutil
import re
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path

import pytest

import cevns

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("module", ["cevns", "cevns.plotting", "test_plotting", "__main__", "scipylike.special"])
@pytest.mark.parametrize("category", [DeprecationWarning, FutureWarning, RuntimeWarning])
def test_deprecated_calls_of_this_project_fail_tests(module, category):
    with pytest.raises(category, match="old"):
        warnings.warn_explicit("old", category, "file.py", 1, module=module)


@pytest.mark.parametrize("module", ["matplotlib", "matplotlib._mathtext", "pyparsing.util", "scipy.special._basic"])
def test_deprecated_calls_among_other_packages_do_not(module):
    with warnings.catch_warnings(record=True) as caught:
        warnings.warn_explicit("old", DeprecationWarning, "file.py", 1, module=module)
    assert [str(warning.message) for warning in caught] == ["old"]
    with pytest.raises(RuntimeWarning, match="old"):
        warnings.warn_explicit("old", RuntimeWarning, "file.py", 1, module=module)


def test_the_least_python_is_the_first_of_the_declared_ones():
    declared = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if "Python :: 3." in line]
    assert declared == [f"3.{11 + i}" for i in range(len(declared))]
    assert PROJECT["requires-python"] == f">={declared[0]}"


def moved():
    """Return the rows of the table for those who come from 0.1.0."""
    page = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    table = page.partition("### Moving from 0.1.0")[2].partition("```")[0]
    return [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ") and "---" not in line]


def test_what_has_moved_is_where_the_changelog_says():
    """Modules with what stands in brackets behind them, and attributes of experiments."""
    names, attributes = set(), set()
    for _, new in moved()[1:]:
        for name, listed in re.findall(r"`(cevns[\w.]*)[^`]*`(?: \(((?:`\w+`[^`)]*)+))?", new):
            names |= {name, *(f"{name}.{member}" for member in re.findall(r"`(\w+)`", listed))}
        attributes |= set(re.findall(r"`experiment\.([^`]+)`", new))
    assert {"cevns.interactions", "cevns.kernels.engine.Engine", "cevns.nuclei.get_form_factor"} <= names
    assert [name for name in sorted(names) if "/" not in name and not found(name)] == []
    assert "signal.folds.at()" in attributes
    for path in attributes:
        place = cevns.load("coherent-argon-2020")
        for name, call in re.findall(r"(\w+)(\([^)]*\))?\.?", path):
            place = getattr(place, name)
            place = place() if call and not path.endswith(call) else place


def found(name):
    """Whether a dotted name is a module, or in one."""
    try:
        return pkgutil.resolve_name(name) is not None
    except (ImportError, AttributeError):
        return False


@pytest.mark.skipif(sys.platform == "win32", reason="CC does not choose the compiler there")
@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("CC", "no-such-compiler", "the kernels of cevns are compiled, which needs a C compiler"),
        ("CEVNS_SANITIZE", "no-such-sanitizer", "CEVNS_SANITIZE='no-such-sanitizer', but the compiler cannot"),
    ],
    ids=["compiler", "sanitizer"],
)
def test_a_build_that_cannot_be_says_why(variable, value, message, tmp_path):
    command = [sys.executable, "setup.py", "-q", "build_ext", "--build-lib", tmp_path, "--build-temp", tmp_path]
    environment = os.environ | {variable: value}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].startswith(f"error: {message}")
