"""Numbers of NumPy take the short way that Python's own take: nothing looks at them but the compiled functions."""

import numpy as np
import pytest

import cevns
from cevns import checks
from cevns.checks import numbers
from cevns.errors import InputError
from cevns.kernels import functions
from cevns.likelihoods import Likelihood
from cevns.parameters import Parameter

KINDS = sorted(functions.SCALARS, key=lambda kind: kind.__name__)


@pytest.fixture(scope="module")
def both():
    return cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")


@pytest.fixture(scope="module")
def argon():
    return cevns.load("coherent-argon-2020")


def values(kind):
    """Return a mass and a coupling that a kind of number can hold."""
    return kind(10), kind(5e-5 if issubclass(kind, np.floating) else 1)


def refuse(*_, **__):
    raise AssertionError("the long way was taken")


def test_kernels_and_checks_know_the_same_kinds():
    assert functions.SCALARS == checks.SCALARS
    assert {np.float16, np.float32, np.float64, np.int8, np.int64, np.uint64} <= functions.SCALARS
    assert np.bool_ not in functions.SCALARS
    assert np.complex128 not in functions.SCALARS


@pytest.mark.parametrize("kind", KINDS)
def test_chi2_and_bound_functions_take_the_short_way(both, argon, kind, monkeypatch):
    mass, coupling = values(kind)
    plain = float(mass), float(coupling)
    functions_ = both.bind("b-l"), argon.bind("b-l"), argon.predictor("b-l")
    wanted = both.chi2("b-l", mass=plain[0], coupling=plain[1]), [f(*plain) for f in functions_]
    monkeypatch.setattr(Likelihood, "at", refuse)
    monkeypatch.setattr(Parameter, "number", refuse)
    # an engine that has seen many points minimises in another way, which rounds differently
    assert both.chi2("b-l", mass=mass, coupling=coupling) == pytest.approx(wanted[0], rel=1e-12)
    assert both.chi2("b-l", mass, plain[1]) == pytest.approx(wanted[0], rel=1e-12)
    for function, found in zip(functions_, wanted[1], strict=True):
        assert function(mass, coupling) == pytest.approx(found, rel=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_and_fixed_values_need_no_conversion(argon, kind, monkeypatch):
    mass, coupling = values(kind)
    wanted = argon.predict("b-l", mass=float(mass), coupling=float(coupling)).signal
    monkeypatch.setattr(numbers, "_converted", refuse)
    assert np.array_equal(argon.predict("b-l", mass=mass, coupling=coupling).signal, wanted)
    chi2 = argon.chi2("b-l", float(mass), float(coupling))
    assert argon.bind("b-l", mass=mass)(coupling) == pytest.approx(chi2, rel=1e-12)
    assert argon.pulls("b-l", mass=mass, coupling=coupling).chi2 == pytest.approx(chi2, rel=1e-12)


@pytest.mark.parametrize("kind", [np.longdouble, np.array])
def test_other_numbers_give_the_same(both, kind):
    wanted = both.chi2("b-l", mass=10.0, coupling=5e-5)
    assert both.chi2("b-l", mass=kind(10.0), coupling=kind(5e-5)) == pytest.approx(wanted, rel=1e-12)
    assert both.bind("b-l")(kind(10.0), kind(5e-5)) == pytest.approx(wanted, rel=1e-12)


class Metres(np.float64):
    """A number that is more than a number."""

    unit = "m"


@pytest.mark.parametrize(
    "value", [np.bool_(True), np.complex128(1), np.float64("nan"), np.float32("inf"), np.int64(-1), Metres(1.0)]
)
def test_what_is_not_allowed_is_refused_in_every_way(both, argon, value):
    for function in (
        lambda: both.chi2("b-l", mass=value, coupling=5e-5),
        lambda: both.bind("b-l")(10.0, value),
        lambda: argon.predictor("b-l")(value, 5e-5),
        lambda: argon.predict("b-l", mass=value, coupling=5e-5),
        lambda: argon.pulls("b-l", mass=10.0, coupling=value),
    ):
        with pytest.raises(InputError, match=r"mass|coupling"):
            function()
