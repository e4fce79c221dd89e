"""What pyproject.toml and setup.py promise: warnings that fail tests, Pythons that work, errors of builds."""

import os
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path

import pytest

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
