"""Cross sections and couplings of interactions against the oracle."""

import itertools
import math

import numpy as np
import pytest
from canonical import VALUES
from oracle_interactions import SIGMAS
from test_interactions import POINT

from cevns import reference
from cevns.errors import InputError, UnknownNameError
from cevns.interactions import (
    Amplitude,
    Interaction,
    NonStandardInteractions,
    WeakCouplings,
    cross_section,
    get_interaction,
    known_interactions,
)
from cevns.nuclei import Nucleus
from cevns.parameters import coupling

# --- against the oracle


def oracle_of(name, **changes):
    """Return the oracle's couplings for a weak mixing angle that is changed by some amount, as a contact addition."""
    found = reference.model(name)
    return found | {key: {f: v + changes.get(key, 0.0) for f, v in found[key].items()} for key in ("kp", "kn")}


@pytest.mark.parametrize("form_factor", ["helm", "klein-nystrand", "symmetrized-fermi"])
@pytest.mark.parametrize("name", known_interactions())
@pytest.mark.parametrize("flavour", ["e", "mu"])
def test_differential_cross_sections_are_those_of_the_oracle(name, flavour, form_factor):
    energy = np.array([5.0, 20.0, 29.8, 50.0])[:, None]
    recoil = np.geomspace(1e-3, 140.0, 40)
    point = {n: VALUES[n] for n in get_interaction(name).own_names}
    sigma = SIGMAS[name](**point)
    for theirs, ours in ((reference.CS133, "Cs-133"), (reference.I127, "I-127"), (reference.AR40, "Ar-40")):
        found = cross_section(name, energy, ours, flavour, recoil, form_factor=form_factor, **point)
        expected = 1e-3 * sigma(energy, 1e-3 * recoil, theirs, flavour, form_factor=form_factor)
        assert found.shape == (4, 40)
        np.testing.assert_array_equal(found == 0, expected == 0)
        # where the mediator cancels the weak amplitude, its square keeps the digits of what is cancelled
        scale = 1e-3 * reference.cross_section(energy, 1e-3 * recoil, theirs, flavour, reference.model("sm"))
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12 * scale.max())


@pytest.mark.parametrize("change", [-0.02, 0.005])
@pytest.mark.parametrize("name", ["sm", "universal"])
def test_the_weak_mixing_angle_against_the_oracle(name, change):
    """It moves g_V^p by minus twice itself."""
    point = {} if name == "sm" else {"mass": 12.0, "coupling": 2e-4}
    value = 0.23857 + change
    recoil = np.geomspace(0.1, 40.0, 20)
    found = cross_section(name, 40.0, "Ar-40", "mu", recoil, sin2_theta_w=value, **point)
    moved = get_interaction(name).replace(
        weak=WeakCouplings({"mu": reference.GVP["mu"] - 2 * change}, reference.GVN, "moved")
    )
    np.testing.assert_allclose(found, moved.cross_section(40.0, "Ar-40", "mu", recoil, **point), rtol=1e-12)
    if name == "sm":
        # a contact addition to g_V^p is the same for the oracle
        expected = reference.cross_section(40.0, 1e-3 * recoil, reference.AR40, "mu", oracle_of("sm", kp=-2 * change))
        np.testing.assert_allclose(found, 1e-3 * expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["csi", "argon"])
def test_counts_at_another_weak_mixing_angle_are_those_of_the_oracle(request, name):
    experiment = request.getfixturevalue(name)
    change = 0.01
    events = {"csi": reference.events_csi, "argon": reference.events_argon}[name]
    expected = events(oracle_of("sm", kp=-2 * change), method="fixed")
    found = experiment.predict("sm", sin2_theta_w=0.23857 + change).signal
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert abs(found.sum() / experiment.predict("sm").signal.sum() - 1) > 1e-3
    up, down = {"e": -2 * change * 2 / 3, "mu": -2 * change * 2 / 3}, {"e": 2 * change / 3, "mu": 2 * change / 3}
    np.testing.assert_allclose(found, experiment.predict(NonStandardInteractions(up=up, down=down)).signal, rtol=1e-12)


@pytest.mark.parametrize("radius", [3.2, 4.1])
def test_cross_sections_at_another_neutron_radius_are_those_of_the_oracle(radius):
    theirs = reference.AR40._replace(R_n=radius)
    ours = Nucleus("argon", 18, 22, theirs.mass, theirs.R_p, radius)
    recoil = np.geomspace(0.1, 40.0, 20)
    expected = 1e-3 * reference.cross_section(40.0, 1e-3 * recoil, theirs, "e", reference.model("sm"))
    np.testing.assert_allclose(cross_section("sm", 40.0, ours, "e", recoil), expected, rtol=1e-11)


@pytest.mark.parametrize(("name", "m"), [("sm", None), ("b-l", 0.01), ("b-l", 30.0), ("universal", 1e4)])
def test_total_cross_sections_are_integrals(name, m):
    from scipy import integrate

    point = {} if m is None else {"mass": m, "coupling": 1e-4}
    for energy in (1.0, 30.0):
        end = 2 * energy**2 / reference.AR40.mass

        def density(log, energy=energy):
            t = math.exp(log)
            return t * float(reference.cross_section(energy, t, reference.AR40, "e", reference.model(name), **point))

        pieces = np.linspace(math.log(1e-16 * end), math.log(end), 20)
        expected = sum(integrate.quad(density, a, b, epsabs=0, epsrel=1e-10)[0] for a, b in itertools.pairwise(pieces))
        assert cross_section(name, energy, "Ar-40", "e", **point) == pytest.approx(expected, rel=1e-8)


def test_cross_sections_of_many_energies():
    found = cross_section("sm", [[10.0], [30.0]], "Ar-40", "mu")
    assert found.shape == (2, 1)
    assert found[1, 0] == cross_section("sm", 30.0, "Ar-40", "mu")
    assert isinstance(cross_section("sm", 30.0, "Ar-40", "mu", 1.0), float)


def test_a_change_of_flavour_adds_to_the_rate(argon):
    """Amplitudes that change the flavour do not interfere with the weak one, and final flavours are summed over."""
    changing = Interaction("changing", (coupling("eps", low=-1e3),), [Amplitude(("e", "tau"), 0.3, 0.6, (("eps", 1),))])
    for sign in (-1.0, 1.0):
        more = argon.predict(changing, eps=sign).signal - argon.predict("sm").signal
        assert (more >= 0).all()
        assert more.sum() > 10
        four = argon.predict(changing, eps=2 * sign).signal - argon.predict("sm").signal
        np.testing.assert_allclose(four, 4 * more, rtol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "values", "message"),
    [
        (("b-l", 0.0, "Ar-40", "e"), POINT, "energy contains 0.0"),
        (("b-l", 30.0, "Ar-40", "x"), POINT, "unknown neutrino flavour 'x'"),
        (("b-l", 30.0, "Ar-41", "e"), POINT, "Ar-41"),
        (("b-l", 30.0, "Ar-40", "e", 0.0), POINT, "recoil_kev contains 0.0"),
        (("b-l", 30.0, "Ar-40", "e"), {"mass": 1.0}, "coupling is missing"),
        (("b-l", 30.0, "Ar-40", "e"), POINT | {"g": 1.0}, "unknown parameter 'g'"),
        (("b-l", 30.0, "Ar-40", "e"), POINT | {"mass": 0.0}, "massless mediator diverges: give recoil_kev"),
        (("sm", 30.0, "Ar-40", "e"), {"sin2_theta_w": 1.5}, "sin2_theta_w = 1.5 is not allowed"),
    ],
)
def test_cross_sections_that_are_refused(arguments, values, message):
    with pytest.raises((InputError, UnknownNameError), match=message):
        cross_section(*arguments, **values)
