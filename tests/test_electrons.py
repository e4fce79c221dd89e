"""Elastic scattering on electrons: an additional channel of a signal, against the oracle and in its limits."""

import dataclasses
import pickle
from functools import partial

import numpy as np
import pytest

import cevns
from cevns import reference
from cevns.constants import ELECTRON_MASS
from cevns.detectors import PolynomialQuenching, Response
from cevns.errors import InputError, UnknownNameError
from cevns.fluxes import Flux, pion_decay_at_rest, tabulated
from cevns.interactions import (
    RADIATIVE_ELECTRON_COUPLINGS,
    TREE_LEVEL_COUPLINGS,
    Amplitude,
    Interaction,
    PseudoscalarMediator,
    ScalarMediator,
    WeakCouplings,
    contact,
    electron_cross_section,
    mediated,
)
from cevns.interactions.kinematics import electron_ends
from cevns.nuclei import Target
from cevns.predictions import Signal

SCALAR = ScalarMediator("electrons", electron=0.7, neutrinos={"e": 1.0, "mu": -2.0})
PSEUDOSCALAR = PseudoscalarMediator(electron=0.7, neutrinos={"e": 1.0, "mu": -2.0})
#: Interactions with values of their parameters, and the oracle's cross section per atom.
CASES = {
    "sm": ("sm", {}, reference.neutrino_electron),
    "sm, weak angle": ("sm", {"sin2_theta_w": 0.25}, partial(reference.neutrino_electron, sin2_theta_w=0.25)),
    "universal": (
        "universal",
        {"mass": 1.0, "coupling": 1e-5},
        partial(reference.electron_vector, charges="universal", mass=1.0, g2=1e-10),
    ),
    "b-3le": (
        "b-3le",
        {"mass": 0.1, "coupling": 1e-6},
        partial(reference.electron_vector, charges="b-3le", mass=0.1, g2=1e-12),
    ),
    "b-l, massless": (
        "b-l",
        {"mass": 0.0, "coupling": 1e-7},
        partial(reference.electron_vector, charges="b-l", mass=0.0, g2=1e-14),
    ),
    "b-3lmu": ("b-3lmu", {"mass": 0.1, "coupling": 1e-6}, reference.neutrino_electron),
    "le-lmu": (
        "le-lmu",
        {"mass": 0.1, "coupling": 1e-6},
        partial(reference.electron_loop_induced, charges="le-lmu", mass=0.1, g2=1e-12),
    ),
    "lmu-ltau-running": (
        "lmu-ltau-running",
        {"mass": 0.1, "coupling": 1e-5},
        partial(reference.electron_loop_induced, charges="lmu-ltau", mass=0.1, g2=1e-10),
    ),
    "millicharge": (
        "millicharge",
        {"q_ee": 1e-10, "q_mumu": -1e-9, "q_emu": 2e-10},
        partial(
            reference.electron_millicharge,
            charge={("e", "e"): 1e-10, ("mu", "mu"): -1e-9, ("e", "mu"): 2e-10},
        ),
    ),
    "charge-radius": (
        "charge-radius",
        {"r2_ee": 2.0, "r2_mumu": -3.0, "r2_etau": 5.0},
        partial(
            reference.electron_charge_radius,
            r2={("e", "e"): 2.0, ("mu", "mu"): -3.0, ("e", "tau"): 5.0},
        ),
    ),
    "anapole": (
        "anapole",
        {"a_mumu": 0.5},
        partial(reference.electron_charge_radius, r2={("e", "e"): -0.83, ("mu", "mu"): -0.48 - 3.0}),
    ),
    "magnetic-moment": (
        "magnetic-moment",
        {"mu_e": 3e-11, "mu_mu": 1e-10},
        partial(reference.electron_magnetic_moment, mu={"e": 3e-11, "mu": 1e-10}),
    ),
}
NAMES = {"e": ("e", False), "e-bar": ("e", True), "mu": ("mu", False), "mu-bar": ("mu", True), "tau": ("tau", False)}
PIONS = pion_decay_at_rest(neutrinos_per_proton=0.08, protons=17.6e22, distance=19.3)


def scalar(E, T, atom, flavour, antineutrino):
    g2 = 1e-12 * 0.7 * {"e": 1.0, "mu": -2.0, "tau": 0.0}[flavour]
    return reference.electron_scalar(E, T, atom, flavour, antineutrino, 0.1, g2)


def pseudoscalar(E, T, atom, flavour, antineutrino):
    g2 = 1e-8 * 0.7 * {"e": 1.0, "mu": -2.0, "tau": 0.0}[flavour]
    return reference.electron_pseudoscalar(E, T, atom, flavour, antineutrino, 0.1, g2)


CASES["pseudoscalar"] = (PSEUDOSCALAR, {"mass": 0.1, "coupling": 1e-4}, pseudoscalar)
CASES["scalar"] = (SCALAR, {"mass": 0.1, "coupling": 1e-6}, scalar)


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


def near(found, expected, rtol=1e-11):
    np.testing.assert_allclose(found, expected, rtol=0, atol=rtol * np.abs(expected).max())


# --- against the oracle


@pytest.mark.parametrize("name", NAMES)
def test_cross_sections(case, name):
    interaction, values, sigma = case
    flavour, antineutrino = NAMES[name]
    energy, recoil = np.array([0.3, 3.0, 29.8, 52.0])[:, None], np.array([1e-3, 0.02, 0.5, 20.0])
    found = electron_cross_section(interaction, energy, flavour, 1e3 * recoil, antineutrino=antineutrino, **values)
    expected = sigma(energy, recoil, 1, flavour, antineutrino)
    assert found[0, 3] == 0
    assert (expected > 0).any()
    np.testing.assert_allclose(1e3 * found, expected, rtol=1e-10)


@pytest.mark.parametrize("binding", ["shells", "free"])
def test_counts_of_csi(case, bound_csi, free_csi, binding):
    interaction, values, sigma = case
    expected = reference.electron_events_csi(sigma, ("Cs", "I") if binding == "shells" else (55, 53), method="fixed")
    experiment = {"shells": bound_csi, "free": free_csi}[binding]
    near(experiment.predict(interaction, **values).electrons, expected)


@pytest.mark.parametrize("binding", ["shells", "free"])
def test_counts_of_argon(case, bound_argon, binding):
    interaction, values, sigma = case
    if values.get("mass") == 0.0 and binding == "free":
        # from 0 on they diverge, which is refused
        pytest.skip("massless")
    expected = reference.electron_events_argon(sigma, "Ar" if binding == "shells" else 18, method="fixed")
    near(bound_argon.replace(electrons=binding).predict(interaction, **values).electrons, expected)


def test_counts_of_a_table_of_reactor_antineutrinos():
    """Any flux of one kind, with electrons that end inside the bins."""
    rows, values = [0.2, 1.0, 2.5, 6.0], [4e14, 3e14, 1e14, 0.0]
    flux = tabulated(rows, {"e": values}, antineutrino=True)
    target = Target.of("Ge", mass=1.0)
    edges = [0.4, 1.3, 5.0, 200.0, 1500.0]
    response = Response(PolynomialQuenching((1e-3,)), edges)
    # nuclear recoils are not seen: their scale of light does not matter for electrons
    signal = Signal(
        flux, target, dataclasses.replace(response, quenching=PolynomialQuenching((0.9,))), electrons="free"
    )
    found = signal.of("electrons").counts("magnetic-moment", mu_e=1e-10)
    sigma = partial(reference.electron_magnetic_moment, mu=1e-10)
    one = reference.electron_double_integral(
        edges, rows, {"nuebar": values}, 32, sigma, cuts_kev=np.geomspace(0.5, 1e3, 9)
    )
    near(found, one * sum(target.numbers), 1e-8)


def test_published_sizes(bound_csi, free_csi):
    """What docs/physics.md says of the size of it all."""
    for experiment, sm, moment, charge in ((free_csi, 1.53e-5, 0.382, 330.2), (bound_csi, 1.20e-5, 0.292, 240.7)):
        size = {
            "sm": experiment.predict("sm").electrons.sum(),
            "moment": experiment.predict("magnetic-moment", mu_mu=1e-9).electrons.sum(),
            "charge": experiment.predict("millicharge", q_mumu=1e-9).electrons.sum(),
        }
        assert size == pytest.approx({"sm": sm, "moment": moment, "charge": charge}, rel=5e-3)


# --- off, and limits


def test_off_is_what_it_was_to_the_last_bit(csi, bound_csi):
    assert csi.electrons is None
    assert csi.predict("sm").electrons is None
    for interaction, values in (("sm", {}), ("b-l", {"mass": 10.0, "coupling": 3e-5}), ("le-lmu", CASES["le-lmu"][1])):
        plain, both = csi.predict(interaction, **values), bound_csi.predict(interaction, **values)
        np.testing.assert_array_equal(plain.signal, both.signal)
        np.testing.assert_array_equal(plain.total, plain.signal + sum(plain.backgrounds.values()))
        np.testing.assert_array_equal(both.neutrinos, both.signal + both.electrons)
        near(bound_csi.signal.counts(interaction, **values), both.neutrinos, 1e-14)


@pytest.mark.parametrize("name", ["universal", "b-3le", "le-lmu", "millicharge", "charge-radius", "anapole", "scalar"])
def test_no_coupling_is_the_standard_model(name, bound_argon):
    interaction = SCALAR if name == "scalar" else cevns.get_interaction(name)
    couplings = {p.name: p.origin for p in interaction.parameters if p.name != "mass"}
    values = couplings | ({"mass": 0.1} if "mass" in interaction.own_names else {})
    expected = bound_argon.predict("sm").electrons
    near(bound_argon.predict(interaction, **values).electrons, expected, 1e-14)


def test_heavy_mediators_are_contact_interactions(bound_argon):
    heavy = bound_argon.predict("universal", mass=1e6, coupling=1.0).electrons
    x = 1.0 / (np.sqrt(2) * cevns.constants.FERMI_CONSTANT * 1e12)
    same = contact("same", proton={}, neutron={}, electron=dict.fromkeys(["e", "mu", "tau"], x))
    near(heavy, bound_argon.predict(same).electrons, 1e-9)


def test_massless_mediators_of_electric_charges_are_millicharges(bound_csi):
    g2 = 1e-11
    charged = mediated("charged", proton={"mu": 1.0}, neutron={}, electron={"mu": -1.0})
    found = bound_csi.predict(charged, mass=0.0, coupling=np.sqrt(g2))
    expected = bound_csi.predict("millicharge", q_mumu=g2 / (4 * np.pi * cevns.constants.FINE_STRUCTURE))
    near(found.electrons, expected.electrons, 1e-12)
    near(found.signal, expected.signal, 1e-12)


def test_a_weak_angle_is_one_radius_for_all_flavours(bound_argon):
    per_radius = cevns.get_interaction("charge-radius").amplitudes[0].electron
    shift = 2 * (0.25 - 0.23857) / per_radius
    radii = {f"r2_{2 * f}": r + shift for f, r in cevns.interactions.STANDARD_RADII.items()}
    near(
        bound_argon.predict("charge-radius", **radii).electrons, bound_argon.predict("sm", sin2_theta_w=0.25).electrons
    )


def test_light_final_leptons_are_massless_ones(bound_argon):
    found = bound_argon.predict("sterile-dipole", mass=1e-4, mu_mu=1e-9).electrons
    near(found, bound_argon.predict("magnetic-moment", mu_mu=1e-9).electrons, 1e-6)


def test_heavy_final_leptons_leave_the_standard_model(bound_argon):
    """With 29.79 MeV electrons need more: (m + m^2 / 2 m_e) MeV of neutrinos for a lepton of mass m."""
    plain = bound_argon.predict("sm").electrons
    near(bound_argon.predict("sterile-dipole", mass=8.0, mu_mu=1e-6).electrons, plain, 1e-14)
    assert bound_argon.predict("sterile-dipole", mass=4.0, mu_mu=1e-6).electrons.sum() > 100 * plain.sum()


def test_antineutrinos_exchange_left_and_right():
    """What g_A -> -g_A does: only its product with g_V tells them apart."""
    energy, kev = np.array([3.0, 30.0])[:, None], np.array([10.0, 1e3])
    plain, other = (electron_cross_section("sm", energy, "e", kev, antineutrino=a) for a in (False, True))
    assert (plain > 1.0001 * other).all()
    mirrored = WeakCouplings({"e": 0.0}, 0.0, "test", electron={"e": (2 * 0.23857 + 0.5, -0.5)})
    found = electron_cross_section(Interaction("mirror", weak=mirrored), energy, "e", kev, antineutrino=True)
    np.testing.assert_allclose(found, plain, rtol=1e-14)
    # a vector of electrons alone knows no difference
    alone = Interaction("alone", weak=WeakCouplings({"e": 0.0}, 0.0, "test", electron={"e": (1.0, 0.0)}))
    one, two = (electron_cross_section(alone, energy, "e", kev, antineutrino=a) for a in (False, True))
    np.testing.assert_array_equal(one, two)


def test_antineutrinos_change_no_count_of_nuclei(csi):
    flipped = Flux("flipped", [dataclasses.replace(c, antineutrino=not c.antineutrino) for c in PIONS.components])
    one, two = csi.replace(electrons="free"), csi.replace(flux=flipped, electrons="free")
    np.testing.assert_array_equal(one.predict("sm").signal, two.predict("sm").signal)
    assert not np.allclose(one.predict("sm").electrons, two.predict("sm").electrons, rtol=1e-7, atol=0)
    moment = {"mu_mu": 1e-9}
    a, b = (e.predict("magnetic-moment", **moment).electrons for e in (one, two))
    near(a - one.predict("sm").electrons, b - two.predict("sm").electrons, 1e-12)


def test_weak_couplings_of_electrons():
    for flavour in ("e", "mu", "tau"):
        radiative = RADIATIVE_ELECTRON_COUPLINGS.of_electrons(flavour)
        assert radiative == pytest.approx(reference.electron_couplings(flavour, "radiative"), abs=5e-5)
        tree = TREE_LEVEL_COUPLINGS.of_electrons(flavour)
        assert tree == pytest.approx(reference.electron_couplings(flavour, sin2_theta_w=0.23855), abs=1e-15)
    assert RADIATIVE_ELECTRON_COUPLINGS.of("mu") == cevns.interactions.RADIATIVE_COUPLINGS.of("mu")
    assert pickle.loads(pickle.dumps(RADIATIVE_ELECTRON_COUPLINGS)) == RADIATIVE_ELECTRON_COUPLINGS
    one = WeakCouplings({"e": 0.0, "mu": 0.0}, 0.0, "test", electron={"e": (1.0, 0.5)})
    with pytest.raises(InputError, match="no standard-model couplings of electrons for flavour 'mu'"):
        one.of_electrons("mu")
    for wrong, message in (
        ({"e": (1.0,)}, "must be the two numbers"),
        ({"e": 1.0}, r"electron\['e'\] must be a sequence"),
        ({"x": (1.0, 0.5)}, "unknown lepton flavour"),
        ({"e": (np.inf, 0.5)}, "g_V of electron"),
    ):
        with pytest.raises((InputError, UnknownNameError), match=message):
            WeakCouplings({"e": 0.0}, 0.0, "test", electron=wrong)


# --- kinematics


@pytest.mark.parametrize("final_mass", [0.0, 0.01, 1.0, 5.0])
def test_ends_are_where_the_least_energy_is(final_mass):
    energy = np.array([1e-3, 0.2, 1.3, 29.8, 53.0, 1e6])
    low, high = electron_ends(energy, final_mass)
    opened = energy >= final_mass + final_mass**2 / (2 * ELECTRON_MASS)
    np.testing.assert_array_equal(high > 0, opened)
    assert (low <= high).all()
    for end in (low, high) if final_mass else (high,):
        T = end[opened]
        least = (T + np.sqrt(T**2 + 2 * ELECTRON_MASS * T)) / 2 * (1 + final_mass**2 / (2 * ELECTRON_MASS * T))
        np.testing.assert_allclose(least, energy[opened], rtol=1e-9)


def test_dipole_portals_against_a_trace():
    """nu e -> N e by a transition moment, from traces of gamma matrices: no formula is taken over."""
    minkowski = np.diag([1.0, -1.0, -1.0, -1.0])
    pauli = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    off, unit = np.zeros((2, 2)), np.eye(2)
    gamma = [np.block([[unit, off], [off, -unit]])] + [np.block([[off, s], [-s, off]]) for s in pauli]

    def slash(p):
        return sum(minkowski[i, i] * p[i] * gamma[i] for i in range(4))

    E, T, m, M = 5.0, 0.4, 1.2, ELECTRON_MASS
    mu, alpha = 1e-9, cevns.constants.FINE_STRUCTURE
    # electron at rest; what it gets fixes the angle
    momentum = np.sqrt(T * (T + 2 * M))
    cosine = (2 * M * T + m**2 + 2 * E * T) / (2 * E * momentum)
    assert abs(cosine) < 1
    sine = np.sqrt(1 - cosine**2)
    k, p = np.array([E, 0, 0, E]), np.array([M, 0, 0, 0])
    out = np.array([M + T, momentum * sine, 0, momentum * cosine])
    left = k + p - out
    q = k - left
    assert left @ minkowski @ left == pytest.approx(m**2)
    total = 0.0
    vertices = [
        sum(0.5j * (gamma[a] @ gamma[b] - gamma[b] @ gamma[a]) * (minkowski @ q)[b] for b in range(4)) for a in range(4)
    ]
    bars = [gamma[0] @ v.conj().T @ gamma[0] for v in vertices]
    for a in range(4):
        for b in range(4):
            lepton = np.trace((slash(left) + m * np.eye(4)) @ vertices[a] @ slash(k) @ bars[b])
            electron = np.trace((slash(out) + M * np.eye(4)) @ gamma[a] @ (slash(p) + M * np.eye(4)) @ gamma[b])
            total += minkowski[a, a] * minkowski[b, b] * lepton * electron
    # a moment of mu / mu_B, with mu_B = e / 2 m_e and L = -(mu / 2) nubar sigma F nu; photons divide by q^4, and the
    # electron's spin is averaged; only left-handed neutrinos are there, which halves the sum
    square = (mu / (2 * M)) ** 2 * (4 * np.pi * alpha) ** 2 * total.real / (2 * M * T) ** 2 / 2 / 2
    expected = square / (32 * np.pi * M * E**2) * cevns.constants.HBAR_C_SQUARED_CM2
    sm = electron_cross_section("sm", E, "mu", 1e3 * T, antineutrino=False)
    found = electron_cross_section("sterile-dipole", E, "mu", 1e3 * T, antineutrino=False, mass=m, mu_mu=mu) - sm
    assert 1e3 * found == pytest.approx(expected, rel=1e-6, abs=0)


def test_amplitudes_of_electrons_are_checked():
    for message, options in (
        ("not allowed for the kinematics of a tensor", {"kinematics": "tensor", "electron": 1.0}),
        ("with a final_mass", {"final_mass": "mass", "electron": 1.0}),
        ("it is a vector's", {"kinematics": "scalar", "electron_axial": 1.0}),
        ("electron of an amplitude = nan", {"electron": float("nan")}),
    ):
        with pytest.raises(InputError, match=message):
            Amplitude(("e", "e"), 0.0, 0.0, (("coupling", 1),), **options)
