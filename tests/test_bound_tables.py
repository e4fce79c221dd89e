"""Bounds: what they and their tables say of themselves."""

import pickle

import pytest

from cevns.bounds import (
    Bound,
    load_bound,
)
from cevns.bounds.magnetic_moments import MagneticMomentBand, magnetic_moment_shift
from cevns.errors import InputError, UnknownNameError
from cevns.interactions import VectorMediator

# --- what a bound and its table say of themselves

CURVE = [([1.0, 10.0], [1e-4, 1e-3])]
MINE = {"name": "mine", "label": "mine", "model": "b-l", "kind": "lower", "segments": CURVE}


@pytest.mark.parametrize(
    "changes",
    [
        *({"name": name} for name in (3, "", None, "a\0")),
        *({"label": label} for label in (3, None, "a\0", "\ud800")),
        *({"model": model} for model in ("zzz", "B-L", None, 3)),
        *({"segments": segments} for segments in (None, 3, "ab", [None], [3], [], {1: 2}, [([1.0, 2.0], None)])),
        {"reference": 3},
        {"figure": 3},
        {"note": None},
        {"approximate": "no"},
    ],
)
def test_bounds_check_every_field(changes):
    with pytest.raises((InputError, UnknownNameError)):
        Bound(**MINE | changes)


def test_bounds_of_a_model_of_ones_own_are_copied():
    model = VectorMediator("my", quarks=(1, 1), leptons={"e": 1})
    bound = Bound(**MINE | {"model": model, "confidence_level": 0.9})
    for copied in (bound.scaled(2.0), bound.rescaled(0.95), pickle.loads(pickle.dumps(bound)).scaled(1.0)):
        assert copied.model == "my"


@pytest.mark.parametrize(
    ("titles", "options", "words"),
    [
        ("mass [GeV],g", {}, "mass_unit = 'MeV' contradicts the title 'mass .GeV.'"),
        ("mass_keV,g", {}, "mass_unit"),
        ("mass [MeV],g", {"mass_unit": "GeV"}, "mass_unit = 'GeV'"),
        ("m,g^2", {}, "coupling = 'g' contradicts .* says 'g.2'"),
        ("m,g**2", {}, "coupling"),
        ("m,g", {"coupling": "g^2"}, "coupling = 'g.2' contradicts .* says 'g'"),
        ("m,epsilon", {}, "says 'epsilon'"),
        ("m,g", {"columns": (1, 1)}, "column 1 of .* is chosen twice"),
    ],
)
def test_titles_that_contradict_the_arguments_are_refused(tmp_path, titles, options, words):
    path = tmp_path / "mine.csv"
    path.write_text(f"{titles}\n1,1e-4\n2,2e-4\n")
    with pytest.raises(InputError, match=words):
        load_bound(path, **{"model": "b-l", "mass_unit": "MeV", "coupling": "g"} | options)


@pytest.mark.parametrize("titles", ["mass [MeV],g", "mass,lower", "M in MeV or GeV,g", "m/MeV,g_BL"])
def test_titles_that_agree_or_say_nothing_are_taken(tmp_path, titles):
    path = tmp_path / "mine.csv"
    path.write_text(f"{titles}\n1,1e-4\n2,2e-4\n")
    assert load_bound(path, model="b-l", mass_unit="MeV", coupling="g").mass_range == (1.0, 2.0)


def test_a_lepton_has_no_closest_match():
    for call in (
        lambda: magnetic_moment_shift(1.0, 1e-4, flavour="emu"),
        lambda: MagneticMomentBand("emu", 1e-9, 1e-10),
    ):
        with pytest.raises(UnknownNameError, match="known: e, mu, tau; neutrinos and anti") as refused:
            call()
        assert "Did you mean" not in str(refused.value)
