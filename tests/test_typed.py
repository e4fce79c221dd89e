"""What `typed.py` tells type checkers is so when it runs, and a checker that is told otherwise objects."""

import subprocess
import sys
import typing
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["points", "functions", "results"])
def test_values_are_of_the_types_that_checkers_are_told(name, monkeypatch):
    import typed

    seen = []

    def check(value, wanted):
        origin = typing.get_origin(wanted) or wanted
        # arrays have an alias, which is no class; a number of NumPy's is a float as well
        assert isinstance(value, origin if isinstance(origin, type) else np.ndarray), (value, wanted)
        seen.append(value)
        return value

    monkeypatch.setattr(typed, "assert_type", check)
    getattr(typed, name)()
    assert len(seen) >= 8


def test_a_checker_objects_to_other_types(tmp_path):
    pytest.importorskip("mypy")
    script = tmp_path / "wrong.py"
    script.write_text(
        "import cevns\n"
        "csi = cevns.load('coherent-csi-2017')\n"
        "csi.chi2('b-l', mass=[1.0, 2.0], coupling=1e-5).is_integer()\n"
        "csi.chi2('sm').shape\n"
        "csi.limit('b-l', 10.0).chi\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(script)]
    found = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False).stdout
    assert found.count("error:") == 3, found
    assert all(f'"{name}"' in found for name in ("is_integer", "shape", "chi")), found
