"""Neutrinos of the Sun, and fluxes that change flavour, against tables, published means and brute force."""

import math
from pathlib import Path

import numpy as np
import pytest

import cevns
from cevns.constants import FERMI_CONSTANT, HBAR_C_SQUARED_CM2
from cevns.detectors import PolynomialQuenching, Response
from cevns.errors import InputError, UnknownNameError
from cevns.fluxes import (
    SOLAR_FLUXES,
    SOLAR_SURVIVAL,
    PulseTiming,
    monochromatic,
    oscillated,
    pion_decay_at_rest,
    solar_neutrinos,
    tabulated,
)
from cevns.nuclei import Target
from cevns.predictions import Signal, recoil_events

YEAR = 365.25
B8 = np.loadtxt(Path(cevns.__file__).parent / "fluxes/solar_data/b8_spectrum.csv", delimiter=",", skiprows=3)


def mean_energy(source):
    flux = solar_neutrinos(source, exposure=1.0, survival=1.0)
    energy = np.linspace(0, flux.maximum_energy, 200_001)
    density = flux.density("e", energy)
    return np.trapezoid(energy * density, energy) / np.trapezoid(density, energy)


@pytest.mark.parametrize("source", SOLAR_FLUXES)
def test_all_flavours_are_the_total(source):
    flux = solar_neutrinos(source, exposure=YEAR)
    seconds = YEAR * 86400
    by_flavour = [flux.moment(flavour, 0.0) / seconds for flavour in flux.flavours]
    assert flux.flavours == ("e", "mu", "tau")
    assert sum(by_flavour) == pytest.approx(SOLAR_FLUXES[source], rel=1e-12)
    assert by_flavour[0] == pytest.approx(SOLAR_SURVIVAL[source] * SOLAR_FLUXES[source], rel=1e-12)
    assert by_flavour[1] == by_flavour[2]
    assert flux.antineutrinos == (False, False, False)
    assert {component.name for component in flux.components} == {source}


def test_electron_neutrinos_of_high_energies_survive_as_matter_in_the_sun_lets_them():
    # as SNO and Borexino found: a third where matter decides, a little more than half where vacuum does
    assert [SOLAR_SURVIVAL[source] for source in ("8B", "hep")] == [0.33, 0.33]
    assert {SOLAR_SURVIVAL[source] for source in SOLAR_FLUXES.keys() - {"8B", "hep"}} == {0.55}


@pytest.mark.parametrize(
    ("source", "mean", "rel"),
    [("pp", 0.2668, 2e-4), ("13N", 0.7063, 5e-4), ("15O", 0.9964, 5e-4), ("17F", 0.9977, 2e-3), ("hep", 9.628, 5e-4)],
)
def test_allowed_decays_have_the_standard_mean_energies(source, mean, rel):
    # hep-ph/9710491
    assert mean_energy(source) == pytest.approx(mean, rel=rel)


def test_pp_is_the_standard_table():
    # rows of the standard spectrum of hep-ph/9710491, per MeV
    energy = [0.05041, 0.10081, 0.20162, 0.30244, 0.35284, 0.40325]
    expected = [0.3094, 1.0647, 2.9766, 4.0605, 3.7632, 2.2589]
    density = solar_neutrinos("pp", exposure=1.0, total=1 / 86400, survival=1.0).density("e", energy)
    np.testing.assert_allclose(density, expected, rtol=2e-3)


def test_straight_lines_between_the_rows_of_decays_are_near_enough(monkeypatch):
    at = np.linspace(0.05, 18.7, 977)
    coarse = solar_neutrinos("hep", exposure=1.0).density("e", at)
    monkeypatch.setattr("cevns.fluxes.solar._ROWS", 20_001)
    monkeypatch.setattr("cevns.fluxes.solar._table", cevns.fluxes.solar._table.__wrapped__)
    fine = solar_neutrinos("hep", exposure=1.0).density("e", at)
    assert np.abs(coarse - fine).max() < 1.5e-5 * fine.max()


def test_b8_is_its_table():
    flux = solar_neutrinos(exposure=1.0, total=1 / 86400, survival=1.0)
    np.testing.assert_allclose(flux.density("e", B8[:-1, 0]), B8[:-1, 1], rtol=1e-9)
    assert mean_energy("8B") == pytest.approx(6.735, abs=1e-3)


def test_b8_rate_in_xenon_is_that_of_brute_force():
    # per tonne and year above 0.5 keV: a sum over nuclei, energies and recoils, in which nothing is the library's but
    # radii, masses and couplings
    target = Target.of("Xe", mass=1000.0)
    flux = solar_neutrinos(exposure=YEAR)
    energy = np.linspace(B8[0, 0], B8[-1, 0], 4_001)
    density = np.interp(energy, B8[:, 0], B8[:, 1])
    fluence = 5.25e6 * YEAR * 86400
    expected = 0.0
    for nucleus, number in zip(target.nuclei, target.numbers, strict=True):
        recoil = np.geomspace(0.5e-3, 2 * B8[-1, 0] ** 2 / nucleus.mass, 751)
        e_min = np.sqrt(nucleus.mass * recoil / 2)
        inside = energy > e_min[:, None]
        kinematic = np.where(inside, 1 - (e_min[:, None] / energy) ** 2, 0.0)
        folded = np.trapezoid(kinematic * density, energy, axis=1)
        q = np.sqrt(2 * nucleus.mass * recoil) / 197.3269804
        charges = []
        for radius in (nucleus.proton_radius, nucleus.neutron_radius):
            # Helm, with a surface of 0.9 fm and the radius of the diffraction that gives this mean square
            r0 = math.sqrt(5 / 3 * (radius**2 - 3 * 0.9**2))
            x = q * r0
            charges.append(3 * (np.sin(x) - x * np.cos(x)) / x**3 * np.exp(-0.5 * (0.9 * q) ** 2))
        for flavour, share in (("e", 0.33), ("mu", 0.335), ("tau", 0.335)):
            weak = {"e": 0.0401, "mu": 0.0318, "tau": 0.0275}[flavour]
            charge = weak * nucleus.protons * charges[0] - 0.5094 * nucleus.neutrons * charges[1]
            rate = FERMI_CONSTANT**2 * nucleus.mass / np.pi * charge**2 * HBAR_C_SQUARED_CM2 * folded
            expected += share * fluence * number * np.trapezoid(rate, recoil)
    found = recoil_events("sm", flux, target, [0.5, 20.0])[0]
    assert found == pytest.approx(expected, rel=2e-4)
    assert found == pytest.approx(304.0, abs=0.1)
    # and folded with a response
    response = Response(PolynomialQuenching((0.1,)), [0.05, 0.1, 2.0])
    assert Signal(flux, target, response).counts("sm").sum() == pytest.approx(found, rel=1e-9)


def test_survival_may_depend_on_energy():
    energy, share = [2.0, 5.0, 12.0], [0.5, 0.36, 0.31]
    flux = solar_neutrinos(exposure=YEAR, survival=(energy, share))
    fluence = 5.25e6 * YEAR * 86400
    at = np.array([0.5, 3.3, 7.7, 13.0])
    emitted = fluence * np.interp(at, B8[:, 0], B8[:, 1])
    np.testing.assert_allclose(flux.density("e", at), emitted * np.interp(at, energy, share), rtol=1e-9)
    np.testing.assert_allclose(flux.density("tau", at), emitted * (1 - np.interp(at, energy, share)) / 2, rtol=1e-9)
    for flavour in flux.flavours:
        fine = np.unique([*np.linspace(0.02, 16.02, 80_001), *energy])
        for k in (0, 2):
            expected = np.trapezoid(flux.density(flavour, fine) / fine**k, fine)
            assert flux.moment(flavour, 0.02, k) == pytest.approx(expected, rel=1e-4)


def test_lines_are_shared_too():
    flux = solar_neutrinos("7Be", exposure=1.0, survival=([0.4, 0.8], [0.6, 0.5]))
    fluence = 4.93e9 * 86400
    assert flux.moment("e", 0.5) == pytest.approx(0.8956 * fluence * 0.5, rel=1e-12)
    assert flux.moment("e", 0.0) == pytest.approx(fluence * (0.8956 * 0.5 + 0.1044 * 0.6), rel=1e-12)
    assert flux.maximum_energy == 0.8618


def test_what_is_left_is_lost_without_a_rest():
    flux = oscillated(monochromatic(3.0, fluence=8.0, flavour="mu", name="line"), {"e": 0.25, "tau": 0.5})
    assert [flux.moment(flavour, 0.0) for flavour in ("e", "mu", "tau")] == [2.0, 0.0, 4.0]
    assert flux.flavours == ("e", "tau")
    assert flux.name == "line"


def test_components_stay_what_they_are():
    source = pion_decay_at_rest(
        neutrinos_per_proton=0.08, protons=1e22, distance=20.0, timing=PulseTiming(0.47, 0.15, [0.026])
    )
    flux = oscillated(source, {"mu": 0.9}, rest=["tau"], name="far")
    assert flux.name == "far"
    assert [(c.name, c.flavour, c.antineutrino) for c in flux.components[2:4]] == [
        ("anti-nu_mu", "mu", True),
        ("anti-nu_mu", "tau", True),
    ]
    assert len(flux.by_timing()) == 2
    assert oscillated(source, {"e": 1.0}).flavours == ("e",)


def test_shares_of_everything_give_the_flux_back():
    flux = tabulated([1.0, 2.0, 4.0], {"e": [0.0, 1.0, 0.0]}, name="x")
    assert oscillated(flux, {"e": 1.0}, rest=("mu",)) == flux
    halves = oscillated(flux, {"e": ([0.5, 1.5, 3.0], [0.2, 0.9, 0.4])})
    other = oscillated(flux, {"e": ([0.5, 1.5, 3.0], [0.8, 0.1, 0.6])})
    at = np.linspace(0.9, 4.1, 50)
    np.testing.assert_allclose(halves.density("e", at) + other.density("e", at), flux.density("e", at), atol=1e-14)


LINE = monochromatic(3.0, fluence=8.0, flavour="e")
PIONS = pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e22, distance=20.0)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: solar_neutrinos("B8", exposure=1.0), UnknownNameError, "unknown source 'B8'"),
        (lambda: solar_neutrinos(exposure=0.0), InputError, "exposure = 0.0"),
        (lambda: solar_neutrinos(exposure=1.0, total=-1.0), InputError, "total = -1.0"),
        (lambda: solar_neutrinos(exposure=1.0, survival=33), InputError, "survival = 33"),
        (lambda: oscillated(LINE, {"e": 0.6, "mu": 0.5}), InputError, r"shares are 1\.1 together"),
        (lambda: oscillated(LINE, {"e": 0.6}, rest=("e",)), InputError, "'e' has a share already"),
        (lambda: oscillated(LINE, {"e": 0.6}, rest=("mu", "mu")), InputError, "'mu' has a share already"),
        (lambda: oscillated(LINE, {"e": 0.0}), InputError, "leave no neutrinos"),
        (lambda: oscillated(LINE, {"e": ([1.0, 2.0], [0.5])}), InputError, r"shares\['e'\] must have length 2"),
        (lambda: oscillated(LINE, {"e": ([2.0, 1.0], [0.5, 0.5])}), InputError, "must ascend"),
        (lambda: oscillated(LINE, {"e": (1.0,)}), InputError, "a pair of energies and shares"),
        (lambda: oscillated(LINE, {"s": 0.5}), UnknownNameError, "flavour 's'"),
        (
            lambda: oscillated(PIONS, {"e": ([1.0, 9.0], [0.5, 0.4])}),
            InputError,
            "'nu_e' has a spectrum of third order",
        ),
        (lambda: oscillated("sun", {"e": 0.5}), InputError, "flux must be a Flux"),
        (lambda: oscillated(LINE, 0.5), InputError, "shares must be a mapping"),
    ],
    ids=[
        *("source", "exposure", "total", "per cent", "too many", "twice", "rest twice", "nothing", "length", "order"),
        *("pair", "sterile", "cubic", "no flux", "no shares"),
    ],
)
def test_bad_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
