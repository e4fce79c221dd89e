"""What every flux promises, whatever builds it."""

import itertools
import pickle

import numpy as np
import pytest
from canonical import FLUXES

from cevns.constants import FLAVOURS
from cevns.errors import InputError


@pytest.fixture(params=FLUXES)
def flux(request):
    return FLUXES[request.param]


def energies(flux):
    """Return energies [MeV] below, between and at all edges, and above the highest."""
    edges = np.concatenate([[1e-3 * flux.break_energies[0]], flux.break_energies, [1.5 * flux.maximum_energy]])
    return np.unique(np.concatenate([edges, *(np.linspace(a, b, 7) for a, b in itertools.pairwise(edges))]))


def test_says_what_it_holds(flux):
    assert flux.name
    assert set(flux.flavours) <= set(FLAVOURS)
    assert set(flux.flavours) == {component.flavour for component in flux.components}
    assert all(component.name for component in flux.components)
    assert flux.antineutrinos == tuple(component.antineutrino for component in flux.components)
    assert set(flux.antineutrinos) <= {True, False, None}
    assert 0 < flux.maximum_energy == flux.break_energies[-1]
    assert set(flux.sharp_energies) <= set(flux.break_energies)


def test_density_is_not_negative(flux):
    for flavour in FLAVOURS:
        density = flux.density(flavour, energies(flux))
        # but for the rounding of a polynomial at its zero
        assert (density >= -1e-12 * density.max()).all()
        assert (density[energies(flux) > flux.maximum_energy] == 0).all()


@pytest.mark.parametrize("k", [0, 1, 2])
def test_moments_are_not_negative_and_fall(flux, k):
    low = energies(flux)
    for flavour in FLAVOURS:
        moment = flux.moment(flavour, low, k)
        assert (moment >= 0).all()
        assert (np.diff(moment) <= 1e-13 * moment[0]).all()
        assert (moment[low > flux.maximum_energy] == 0).all()
        assert (moment[0] > 0) == (flavour in flux.flavours)


def test_kinematic_moment_lies_below_the_flux(flux):
    low = energies(flux)
    for flavour in FLAVOURS:
        moment, whole = flux.kinematic_moment(flavour, low), flux.moment(flavour, low)
        second = flux.moment(flavour, low, 2)
        assert (np.diff(moment) <= 1e-13 * moment[0]).all()
        assert (moment >= -1e-13 * whole).all()
        assert (moment <= whole).all()
        np.testing.assert_allclose(moment, whole - low**2 * second, rtol=0, atol=1e-11 * whole[0] + 1e-300)


def test_total_is_that_of_the_components(flux):
    for flavour in flux.flavours:
        parts = []
        for component in flux.components:
            if component.flavour == flavour:
                parts.append(np.empty(1))
                component.spectrum.moment(np.zeros(1), 0, parts[-1])
        assert flux.moment(flavour, 0.0) == pytest.approx(sum(p[0] for p in parts), rel=1e-14)


@pytest.mark.parametrize("other", FLUXES)
def test_fluxes_add(flux, other):
    other = FLUXES[other]
    both = flux + other
    assert set(both.flavours) == {*flux.flavours, *other.flavours}
    assert len(both.components) == len(flux.components) + len(other.components)
    assert both.antineutrinos == flux.antineutrinos + other.antineutrinos
    assert both.maximum_energy == max(flux.maximum_energy, other.maximum_energy)
    low = energies(flux)
    for flavour in FLAVOURS:
        for name in ("density", "moment", "kinematic_moment"):
            one, two, sum_of_both = (getattr(f, name)(flavour, low) for f in (flux, other, both))
            np.testing.assert_allclose(sum_of_both, one + two, rtol=1e-13)


def test_equal_by_value_and_pickles(flux):
    copy = pickle.loads(pickle.dumps(flux))
    assert copy == flux
    assert copy.antineutrinos == flux.antineutrinos
    assert hash(copy) == hash(flux)
    for flavour in flux.flavours:
        np.testing.assert_array_equal(copy.moment(flavour, energies(flux)), flux.moment(flavour, energies(flux)))
    assert [other == flux for other in FLUXES.values()].count(True) == 1


def test_electrons_need_to_know_which_neutrinos_they_are(flux, argon):
    if None in flux.antineutrinos:
        with pytest.raises(InputError, match=r"does not say whether its component"):
            argon.replace(flux=flux, electrons="free")
        assert argon.replace(flux=flux).electrons is None
    else:
        assert argon.replace(flux=flux, electrons="free").predict("millicharge", q_ee=1e-9).electrons.sum() > 0
