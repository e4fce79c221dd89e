"""Couplings that cancel each other: chi2 is right to four digits, or refused, whichever way it is asked for."""

import functools

import numpy as np
import pytest
from scipy.integrate import quad

from cevns import Experiment, load
from cevns.detectors import PolynomialQuenching, Response
from cevns.errors import ConvergenceError, InputError
from cevns.fluxes import pion_decay_at_rest
from cevns.interactions import VectorMediator
from cevns.likelihoods import Background
from cevns.nuclei import Target

LEPTONS = {"e": 1, "mu": 1, "tau": 1}
ONE = VectorMediator("one", quarks=(1, 1), leptons=LEPTONS)
OTHER = VectorMediator("other", quarks=(-1, -1), leptons=LEPTONS).renamed(coupling="other")
#: Of one mass, so that g^2 less the other's g^2 is the squared coupling of one mediator.
BOTH = ONE + OTHER
#: A mass of its own, which is given the same value.
APART = ONE + OTHER.renamed(mass="mass_b")
NAMES = ("coherent-csi-2017", "coherent-argon-2020", "coherent-csi-2021", "coherent-ge-2024", "xenonnt-8b-2026")
REFUSED = "couplings cancel each other"


@functools.cache
def data(name):
    return load(name)


def left_of(coupling, other):
    """Return the coupling of the one mediator that is left."""
    squares = [np.longdouble(value) ** 2 for value in (coupling, other)]
    return float(np.sqrt(squares[0] - squares[1]))


def ways(likelihood, model, point):
    """Return chi2 by all ways in which a point can be asked for."""
    near = {**point, "coupling": np.array([1.5, 1.0, 2.0, 1.0 + 1e-9]) * point["coupling"]}
    bound = likelihood.bind(model)
    return {
        "chi2": lambda: likelihood.chi2(model, **point),
        "bound": lambda: bound(**point),
        "array": lambda: likelihood.chi2(model, **near)[1],
        "alone": lambda: likelihood.chi2(model, **{k: np.array([v]) for k, v in point.items()})[0],
        "gradient": lambda: bound.gradient(**point)[0],
        "pulls": lambda: likelihood.pulls(model, **point).chi2,
    }


def answer(ask):
    """Return chi2, None where it is refused because couplings cancel."""
    try:
        return ask()
    except InputError as error:
        if REFUSED in str(error):
            return None
        raise


@pytest.mark.parametrize("model", [BOTH, APART], ids=["one mass", "two masses"])
@pytest.mark.parametrize("name", NAMES)
def test_every_way_is_right_or_refused(name, model):
    likelihood, draw, answered = data(name), np.random.default_rng(27), 0
    for other in np.geomspace(1e-4, 1.0, 7):
        coupling = float(np.hypot(other, 10 ** draw.uniform(-5.0, -4.3)))
        mass = float(10 ** draw.uniform(-0.5, 1.5))
        expected = likelihood.chi2(ONE, mass, left_of(coupling, other))
        point = {"mass": mass, "coupling": coupling, "other": float(other)}
        if model is APART:
            point["mass_b"] = mass
        for way, ask in ways(likelihood, model, point).items():
            if (found := answer(ask)) is None:
                assert other > 1e-3, way
                continue
            answered += 1
            assert found == pytest.approx(expected, rel=1e-4, abs=1e-4), way
    assert answered >= 12


@pytest.mark.parametrize("name", NAMES)
def test_far_beyond_nothing_is_answered(name):
    likelihood, point = data(name), {"mass": 1.8, "coupling": 0.1 * (1 + 1e-8), "other": 0.1}
    for ask in ways(likelihood, BOTH, point).values():
        with pytest.raises(InputError, match=REFUSED):
            ask()
    with pytest.raises(InputError, match=REFUSED):
        likelihood.predict(BOTH, **point)
    with pytest.raises(ConvergenceError, match=r"rounding decides what coupling leaves of the counts of other = 0\.1"):
        likelihood.limit(BOTH, mass=1.8, other=0.1)
    with pytest.raises(InputError, match=REFUSED):
        likelihood.limit(BOTH, mass=1.8, other=0.1, reference=1.0)
    # where they do not cancel they are as large as before
    assert likelihood.chi2(BOTH, mass=1.8, coupling=0.2, other=0.1) > 1.0


def test_compiled_callers_get_no_number():
    bound = data("coherent-argon-2020").bind(BOTH, mass=1.8, other=0.1)
    found, *_ = quad(bound.low_level_callable(), 0.1 * (1 + 1e-8), 0.1 * (1 + 2e-8), full_output=True)
    assert np.isnan(found)


def test_a_fixed_coupling_is_refused_where_the_other_one_cancels_it():
    argon = data("coherent-argon-2020")
    right = argon.limit(BOTH, mass=1.8, other=1e-4).excluded[0]
    effective = argon.limit(ONE, mass=1.8).excluded[0]
    # above the other one, what is left is one mediator's
    wanted = np.sqrt(effective[effective[:, 0] > 0, 0] ** 2 + 1e-8)
    np.testing.assert_allclose(right[-1, 0], wanted[-1], rtol=1e-6)
    bound = argon.bind(BOTH, other=0.1)
    assert bound(1.8, 0.3) > 1.0
    with pytest.raises(InputError, match=REFUSED):
        bound(1.8, 0.1 * (1 + 1e-9))


def test_signals_far_below_one_count_are_refused_too():
    """Beside a background that is far below one as well."""
    made = Experiment(
        "few",
        pion_decay_at_rest(neutrinos_per_proton=0.09, protons=1e23, distance=20.0),
        Target.of("Ar", mass=2e-5),
        Response(PolynomialQuenching((0.25,)), [5.0, 35.0]),
        [3.0],
        signal_sigma=0.1,
        backgrounds=[Background("b", [1e-5], 0.0)],
    )
    point = {"mass": 10.0, "coupling": float(np.hypot(0.21466165413533833, 1e-5)), "other": 0.21466165413533833}
    for ask in (*ways(made, BOTH, point).values(), lambda: made.predict(BOTH, **point)):
        with pytest.raises(InputError, match=REFUSED):
            ask()


@pytest.mark.parametrize("other", [1e-3, 1.7e-3, 2e-3])
def test_fits_are_right_or_refused(other):
    xenon = data("xenonnt-8b-2026")
    if other == 1e-3:
        assert xenon.fit(BOTH, ["coupling"], mass=0.5, other=other).chi2 == pytest.approx(
            xenon.best_fit(ONE, mass=0.5).chi2, abs=1e-3
        )
        return
    with pytest.raises(InputError, match=REFUSED):
        xenon.fit(BOTH, ["coupling"], mass=0.5, other=other)


def test_toys_at_such_points_are_refused():
    argon = data("coherent-argon-2020")
    with pytest.raises(InputError, match=REFUSED):
        argon.feldman_cousins(BOTH, {"coupling": [0.1 * (1 + 1e-8), 0.2]}, mass=1.8, other=0.1, toys=10)
