"""Data sets that are slow to load, and the settings of property tests and of output."""

import json
import os
import re
import sys
from pathlib import Path

import hypothesis
import numpy as np
import pytest

import cevns
from cevns.cli import main
from cevns.errors import DataError
from cevns.interactions import NonStandardInteractions

# the folder is not a package; the generator of experiments and its oracle are modules beside the tests
sys.path.insert(0, str(Path(__file__).parent))
# help and tracebacks of Python 3.14 are coloured where FORCE_COLOR is set, as CI services like to do
os.environ["PYTHON_COLORS"] = "0"

# the same examples on every run, and no database of them in the checkout
hypothesis.settings.register_profile("cevns", max_examples=25, deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("cevns")


@pytest.fixture(scope="session")
def csi():
    return cevns.load("coherent-csi-2017")


@pytest.fixture(scope="session")
def argon():
    return cevns.load("coherent-argon-2020")


@pytest.fixture(scope="session")
def both(csi, argon):
    return csi + argon


@pytest.fixture(scope="session")
def curve(both):
    return both.limit("universal", [10.0, 30.0, 200.0])


@pytest.fixture(scope="session")
def results(argon, both):
    """One of each kind, and those without a mass."""
    contact = NonStandardInteractions(up={"e": 1.0})
    return {
        "fit": both.best_fit("b-l"),
        "fit-contact": argon.best_fit(contact),
        "reference": both.limit("b-l", 10.0, reference=7.0).best_fit,
        "limit": both.limit("universal", [10.0, 200.0]),
        "limit-contact": argon.limit(contact),
        "scan": argon.scan("b-l", [1.0, 2.0], [1e-5, 1e-4, 1e-3]),
    }


@pytest.fixture(scope="session")
def data(csi, argon, both):
    return {"csi": csi, "argon": argon, "both": both}


@pytest.fixture(scope="session")
def bound_csi(csi):
    return csi.replace(electrons="shells")


@pytest.fixture(scope="session")
def free_csi(csi):
    return csi.replace(electrons="free")


@pytest.fixture(scope="session")
def bound_argon(argon):
    return argon.replace(electrons="shells")


@pytest.fixture(params=cevns.known_interactions())
def model(request):
    return cevns.get_interaction(request.param)


@pytest.fixture
def load(tmp_path):
    """Load a configuration from text, with tables and arrays in files beside it; the schema is asked, too."""
    from schemas import loaded

    def load(text, /, **files):
        for name, content in files.items():
            if isinstance(content, str):
                (tmp_path / f"{name}.csv").write_text(content, encoding="utf-8")
            else:
                np.save(tmp_path / f"{name}.npy", content)
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return loaded(path)

    return load


@pytest.fixture
def problems(load):
    """Return the problems of a configuration that must be refused."""

    def problems(text, /, **files):
        with pytest.raises(DataError) as caught:
            load(text, **files)
        first, *lines = str(caught.value).splitlines()
        assert re.search(rf"mine\.toml has {len(lines)} problem", first)
        return [re.sub(r"^  \(\d+\) ", "", line) for line in lines]

    return problems


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Run a command in an empty folder and return (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*argv):
        code = main([str(word) for word in argv])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def run_json(run):
    """Run a command with --json and return its object; nothing else may have been printed."""

    def run_json(*argv):
        code, out, err = run(*argv, "--json")
        assert (code, err) == (0, "")
        assert out.count("\n") == 1
        return json.loads(out, parse_constant=pytest.fail)

    return run_json
