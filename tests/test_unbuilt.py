"""A checkout without its kernels, or without one of them, says how to build it."""

import importlib.machinery
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import cevns
from cevns import kernels

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path.stem for path in (ROOT / "src_cython").glob("*.pyx"))


def test_all_sources_are_looked_for():
    assert list(kernels._MODULES) == SOURCES


def without(missing, folder, kept=0):
    """Return the last line of what Python says without some kernels, or with so many bytes of them."""
    package = Path(cevns.__file__).parent
    (folder / "cevns").mkdir()
    for path in package.iterdir():
        if path.name != "kernels":
            (folder / "cevns" / path.name).symlink_to(path)
    (folder / "cevns" / "kernels").mkdir()
    suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)
    for path in (package / "kernels").iterdir():
        if path.is_dir():
            continue
        if not path.name.endswith(suffixes) or missing not in ("", path.name.partition(".")[0]):
            shutil.copy(path, folder / "cevns" / "kernels")
        elif kept:
            (folder / "cevns" / "kernels" / path.name).write_bytes(path.read_bytes()[:kept])
    command = [sys.executable, "-c", "import cevns.kernels.recoils"]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    return done.stderr.splitlines()[-1]


LINKS = pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")


@LINKS
@pytest.mark.parametrize("missing", [*SOURCES, ""])
def test_a_missing_kernel_is_no_bug(missing, tmp_path):
    last = without(missing, tmp_path)
    assert f"the compiled kernels of cevns (cevns.kernels.{missing or SOURCES[0]}) are not built" in last
    assert "pip install -e ." in last


@LINKS
@pytest.mark.parametrize("broken", ["recoils", "toys"])
def test_a_kernel_of_which_a_part_is_missing_is_no_bug(broken, tmp_path):
    last = without(broken, tmp_path, 100)
    assert last.startswith("cevns.errors.MissingDependencyError: the compiled kernels of cevns")
    assert f"(cevns.kernels.{broken}) cannot be loaded" in last
    assert "install cevns again" in last
