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


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize("missing", [*SOURCES, ""])
def test_a_missing_kernel_is_no_bug(missing, tmp_path):
    package = Path(cevns.__file__).parent
    (tmp_path / "cevns").mkdir()
    for path in package.iterdir():
        if path.name != "kernels":
            (tmp_path / "cevns" / path.name).symlink_to(path)
    (tmp_path / "cevns" / "kernels").mkdir()
    suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)
    for path in (package / "kernels").iterdir():
        if path.is_dir() or (path.name.endswith(suffixes) and missing in ("", path.name.partition(".")[0])):
            continue
        shutil.copy(path, tmp_path / "cevns" / "kernels")
    command = [sys.executable, "-c", "import cevns.kernels.recoils"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    last = done.stderr.splitlines()[-1]
    assert f"the compiled kernels of cevns (cevns.kernels.{missing or SOURCES[0]}) are not built" in last
    assert "pip install -e ." in last
