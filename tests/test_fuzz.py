"""A few hundred mutated inputs of every kind; docs/fuzzing.md tells how to try many more."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from .fuzz import KINDS, play, toml
from .fuzz.mutations import Fault, finite

#: Cases that together take about ten seconds.
BUDGET = {"config": 25, "table": 600, "curve": 300, "result": 250, "command": 120}
SEED = 0


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_inputs_are_read_rightly_or_refused(kind):
    outcomes = {play(kind, SEED, index) for index in range(BUDGET[kind])}
    assert outcomes == {"accepted", "refused"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_depends_on_seed_kind_and_number_alone(kind, tmp_path):
    contents = []
    for again in ("a", "b"):
        folder = tmp_path / again
        folder.mkdir()
        # what was played before does not matter
        play(kind, SEED, 3 if again == "a" else 4, None)
        play(kind, SEED, 5, folder)
        contents.append({p.name: p.read_bytes() for p in folder.iterdir() if p.suffix != ".png" and p.is_file()})
    assert contents[0] == contents[1] != {}


def test_faults_are_seen(monkeypatch):
    def warn(rng, folder):
        import numpy as np

        np.float64(1e300) * 1e300

    def leave(rng, folder):
        (folder / ".cevns-0-0.csv").touch()

    def break_down(rng, folder):
        raise KeyError("a")

    for broken, words in ((warn, "overflow"), (leave, "temporary"), (break_down, "KeyError")):
        monkeypatch.setitem(KINDS, "table", broken)
        with pytest.raises(Fault, match=words):
            play("table", SEED, 0)
    with pytest.raises(Fault, match="nan"):
        finite("chi2", [1.0, float("nan")])


def test_the_first_figure_belongs_to_no_case():
    """What a process imports and draws once would count against the case that happens to come first."""
    program = """if True:
        import sys
        from tests.fuzz import KINDS, play

        def look(rng, folder):
            return [name in sys.modules for name in ("matplotlib.font_manager", "matplotlib.mathtext", "scipy.stats")]

        KINDS["table"] = look
        assert play("table", 0, 0) == [True] * 3
    """
    root = Path(__file__).parents[1]
    path = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
    subprocess.run([sys.executable, "-P", "-c", program], check=True, env=os.environ | {"PYTHONPATH": path}, cwd=root)


def test_the_same_document_is_written_in_many_ways():
    import tomllib

    document = {"a": [{"b": 1.0, "c": {"d": [1.5, 2.0], "e": "é'\n"}}, {"b": 2e300}], "f": True, "g": {"h": -0.0}}
    texts = {toml.dumps(document, random.Random(i)) for i in range(50)}
    assert len(texts) > 40
    assert all(tomllib.loads(text) == document for text in texts)
