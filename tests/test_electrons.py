"""Elastic scattering on electrons: an additional channel of a signal, against the oracle and in its limits."""

import dataclasses
import itertools
import pickle
from functools import partial

import numpy as np
import pytest

import cevns
from cevns import reference
from cevns.constants import ELECTRON_MASS
from cevns.detectors import Efficiency, ElectronResponse, GaussianResolution, PolynomialQuenching, Response
from cevns.errors import InputError, UnknownNameError
from cevns.fluxes import Component, Flux, monochromatic, pion_decay_at_rest, reactor_antineutrinos, tabulated
from cevns.interactions import (
    RADIATIVE_ELECTRON_COUPLINGS,
    TREE_LEVEL_COUPLINGS,
    Amplitude,
    Interaction,
    PseudoscalarMediator,
    ScalarMediator,
    VectorMediator,
    WeakCouplings,
    contact,
    electron_cross_section,
    get_interaction,
    mediated,
)
from cevns.interactions.kinematics import electron_ends
from cevns.nuclei import Target
from cevns.nuclei.atoms import SHELLS, shells
from cevns.nuclei.elements import SYMBOLS
from cevns.parameters import Parameter, coupling, mass
from cevns.predictions import Signal, nsi_quadratic_form, recoil_events

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


@pytest.fixture(scope="module")
def csi():
    return cevns.load("coherent-csi-2017")


@pytest.fixture(scope="module")
def bound(csi):
    return csi.replace(electrons="shells")


@pytest.fixture(scope="module")
def free(csi):
    return csi.replace(electrons="free")


@pytest.fixture(scope="module")
def liquid():
    return cevns.load("coherent-argon-2020").replace(electrons="shells")


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
def test_counts_of_csi(case, bound, free, binding):
    interaction, values, sigma = case
    expected = reference.electron_events_csi(sigma, ("Cs", "I") if binding == "shells" else (55, 53), method="fixed")
    experiment = {"shells": bound, "free": free}[binding]
    near(experiment.predict(interaction, **values).electrons, expected)


@pytest.mark.parametrize("binding", ["shells", "free"])
def test_counts_of_argon(case, liquid, binding):
    interaction, values, sigma = case
    if values.get("mass") == 0.0 and binding == "free":
        # from 0 on they diverge, which is refused
        pytest.skip("massless")
    expected = reference.electron_events_argon(sigma, "Ar" if binding == "shells" else 18, method="fixed")
    near(liquid.replace(electrons=binding).predict(interaction, **values).electrons, expected)


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


def test_published_sizes(bound, free):
    """What docs/physics.md says of the size of it all."""
    for experiment, sm, moment, charge in ((free, 1.53e-5, 0.382, 330.2), (bound, 1.20e-5, 0.292, 240.7)):
        size = {
            "sm": experiment.predict("sm").electrons.sum(),
            "moment": experiment.predict("magnetic-moment", mu_mu=1e-9).electrons.sum(),
            "charge": experiment.predict("millicharge", q_mumu=1e-9).electrons.sum(),
        }
        assert size == pytest.approx({"sm": sm, "moment": moment, "charge": charge}, rel=5e-3)


# --- off, and limits


def test_off_is_what_it_was_to_the_last_bit(csi, bound):
    assert csi.electrons is None
    assert csi.predict("sm").electrons is None
    for interaction, values in (("sm", {}), ("b-l", {"mass": 10.0, "coupling": 3e-5}), ("le-lmu", CASES["le-lmu"][1])):
        plain, both = csi.predict(interaction, **values), bound.predict(interaction, **values)
        np.testing.assert_array_equal(plain.signal, both.signal)
        np.testing.assert_array_equal(plain.total, plain.signal + sum(plain.backgrounds.values()))
        np.testing.assert_array_equal(both.neutrinos, both.signal + both.electrons)
        near(bound.signal.counts(interaction, **values), both.neutrinos, 1e-14)


@pytest.mark.parametrize("name", ["universal", "b-3le", "le-lmu", "millicharge", "charge-radius", "anapole", "scalar"])
def test_no_coupling_is_the_standard_model(name, liquid):
    interaction = SCALAR if name == "scalar" else cevns.get_interaction(name)
    couplings = {p.name: p.origin for p in interaction.parameters if p.name != "mass"}
    values = couplings | ({"mass": 0.1} if "mass" in interaction.own_names else {})
    expected = liquid.predict("sm").electrons
    near(liquid.predict(interaction, **values).electrons, expected, 1e-14)


def test_heavy_mediators_are_contact_interactions(liquid):
    heavy = liquid.predict("universal", mass=1e6, coupling=1.0).electrons
    x = 1.0 / (np.sqrt(2) * cevns.constants.FERMI_CONSTANT * 1e12)
    same = contact("same", proton={}, neutron={}, electron=dict.fromkeys(["e", "mu", "tau"], x))
    near(heavy, liquid.predict(same).electrons, 1e-9)


def test_massless_mediators_of_electric_charges_are_millicharges(bound):
    g2 = 1e-11
    charged = mediated("charged", proton={"mu": 1.0}, neutron={}, electron={"mu": -1.0})
    found = bound.predict(charged, mass=0.0, coupling=np.sqrt(g2))
    expected = bound.predict("millicharge", q_mumu=g2 / (4 * np.pi * cevns.constants.FINE_STRUCTURE))
    near(found.electrons, expected.electrons, 1e-12)
    near(found.signal, expected.signal, 1e-12)


def test_a_weak_angle_is_one_radius_for_all_flavours(liquid):
    per_radius = cevns.get_interaction("charge-radius").amplitudes[0].electron
    shift = 2 * (0.25 - 0.23857) / per_radius
    radii = {f"r2_{2 * f}": r + shift for f, r in cevns.interactions.STANDARD_RADII.items()}
    near(liquid.predict("charge-radius", **radii).electrons, liquid.predict("sm", sin2_theta_w=0.25).electrons)


def test_light_final_leptons_are_massless_ones(liquid):
    found = liquid.predict("sterile-dipole", mass=1e-4, mu_mu=1e-9).electrons
    near(found, liquid.predict("magnetic-moment", mu_mu=1e-9).electrons, 1e-6)


def test_heavy_final_leptons_leave_the_standard_model(liquid):
    """With 29.79 MeV electrons need more: (m + m^2 / 2 m_e) MeV of neutrinos for a lepton of mass m."""
    plain = liquid.predict("sm").electrons
    near(liquid.predict("sterile-dipole", mass=8.0, mu_mu=1e-6).electrons, plain, 1e-14)
    assert liquid.predict("sterile-dipole", mass=4.0, mu_mu=1e-6).electrons.sum() > 100 * plain.sum()


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


# --- responses and atoms


def test_shells_hold_all_electrons():
    for symbol, found in SHELLS.items():
        assert sum(n for n, _ in found) == 1 + SYMBOLS.index(symbol)
        energies = [energy for _, energy in found]
        assert all(a > 0.98 * b for a, b in itertools.pairwise(energies))
    for symbol, expected in reference.SHELLS.items():
        assert shells(symbol) == expected


def test_electrons_take_part_from_their_binding_energy_on(bound, free):
    ratio = bound.predict("millicharge", q_mumu=1e-8).electrons / free.predict("millicharge", q_mumu=1e-8).electrons
    # the M shells of Cs and I end at 1.21 keV, which is 16.2 PE
    assert (ratio < 1).all()
    assert ratio[-1] == pytest.approx((55 - 10 + 53 - 10) / 108, rel=1e-3)


def test_unknown_atoms_need_a_choice():
    target, response = Target.of("W", mass=1.0), Response(PolynomialQuenching((0.2,)), [1.0, 2.0])
    with pytest.raises(InputError, match=r"electrons of W are not built in.*electrons='free'"):
        Signal(PIONS, target, response, electrons="shells")
    free = Signal(PIONS, target, response, electrons="free").of("electrons").counts("sm")
    own = ElectronResponse(shells={"W": [(2, 69.5), (72, 0.1)]})
    near(Signal(PIONS, target, response, electrons=own).of("electrons").counts("sm"), free * 72 / 74)
    with pytest.raises(InputError, match="hold 3 electrons: there must be 74"):
        Signal(PIONS, target, response, electrons=ElectronResponse(shells={"W": [(3, 1.0)]}))


def test_own_response_in_the_same_bins(csi):
    """A light yield of its own moves the bins, an efficiency multiplies them, whatever those of nuclear recoils are."""
    half = Efficiency((0.0, 1.0), (0.5,), kind="steps")
    plain = csi.replace(electrons=ElectronResponse(efficiency=Efficiency((0.0, 1.0), (1.0,), kind="steps")))
    weaker = csi.replace(electrons=ElectronResponse(efficiency=half))
    values = {"q_mumu": 1e-9}
    near(weaker.predict("millicharge", **values).electrons, 0.5 * plain.predict("millicharge", **values).electrons)
    brighter = csi.replace(electrons=ElectronResponse("free", light_yield=26.696, efficiency=half))
    coarse = np.array(csi.response.edges) / 2
    other = dataclasses.replace(csi.response, edges=coarse)
    same = Signal(csi.flux, csi.target, other, electrons=ElectronResponse("free", efficiency=half))
    near(brighter.predict("millicharge", **values).electrons, same.of("electrons").counts("millicharge", **values))


def test_a_resolution_smears_electrons(free):
    smeared = free.replace(electrons=ElectronResponse("free", resolution=GaussianResolution(0.2)))
    values = {"q_mumu": 1e-9}
    one, two = (e.predict("millicharge", **values).electrons for e in (free, smeared))
    assert not np.allclose(one, two, rtol=1e-4)
    assert two.sum() == pytest.approx(one.sum(), rel=0.05)


@pytest.mark.parametrize("wrong", ["bound", 3, True, ["shells"]])
def test_what_is_no_response_is_refused(csi, wrong):
    with pytest.raises((InputError, UnknownNameError), match="electrons"):
        csi.replace(electrons=wrong)


def test_responses_are_checked():
    for message, options in (
        ("unknown binding", {"binding": "loose"}),
        ("light_yield", {"light_yield": 0.0}),
        ("asks for free electrons", {"binding": "free", "shells": {"Ar": [(18, 0.0)]}}),
        ("more than once", {"shells": [("Ar", [(18, 0.0)]), ("Ar", [(18, 0.0)])]}),
        ("binding energy in", {"shells": {"Ar": [(18, -1.0)]}}),
        ("number of electrons in", {"shells": {"Ar": [(0.5, 1.0)]}}),
        ("efficiency", {"efficiency": 0.5}),
        ("resolution", {"resolution": 0.5}),
    ):
        with pytest.raises((InputError, UnknownNameError), match=message):
            ElectronResponse(**options)
    made = ElectronResponse(shells={"Ar": [(18, 0.5)]}, light_yield=2.0)
    assert pickle.loads(pickle.dumps(made)) == made
    assert hash(made) != hash(ElectronResponse())


def test_free_electrons_down_to_zero_refuse_light_mediators(liquid):
    """Bound ones begin at the least binding energy, and no pole is there."""
    perfect = ElectronResponse("free", efficiency=Efficiency.perfect())
    down = liquid.replace(electrons=perfect)
    assert down.smallest_mass > 0
    for interaction, values in (("millicharge", {"q_mumu": 1e-9}), ("b-l", {"mass": 0.0, "coupling": 1e-6})):
        with pytest.raises(InputError, match=r"observed down to 0|mass"):
            down.predict(interaction, **values)
    assert liquid.replace(electrons=ElectronResponse(efficiency=Efficiency.perfect())).smallest_mass == 0
    assert down.predict("b-l", mass=1.0, coupling=1e-6).electrons.sum() > 0


# --- fluxes that say which neutrinos they hold


def test_fluxes_that_do_not_say_are_refused(csi):
    unsaid = monochromatic(30.0, fluence=1e14, flavour="mu")
    assert unsaid.antineutrinos == (None,)
    with pytest.raises(
        InputError, match=r"does not say whether its component 'monochromatic' of flavour 'mu'.*antineut"
    ):
        csi.replace(flux=PIONS + unsaid, electrons="free")
    assert csi.replace(flux=unsaid).predict("sm").electrons is None


def test_fluxes_say_which_neutrinos_they_hold():
    assert PIONS.antineutrinos == (False, True, False)
    assert reactor_antineutrinos(thermal_power=1.0, distance=10.0, exposure=1.0).antineutrinos == (True, True)
    said = tabulated([1.0, 2.0], {"e": [1.0, 1.0], "mu": [1.0, 2.0]}, antineutrino={"e": True})
    assert said.antineutrinos == (True, None)
    assert (said + PIONS).antineutrinos == (True, None, False, True, False)
    assert monochromatic(1.0, fluence=1.0, flavour="e", antineutrino=True) != monochromatic(
        1.0, fluence=1.0, flavour="e", antineutrino=False
    )
    with pytest.raises(InputError, match="antineutrino"):
        monochromatic(1.0, fluence=1.0, flavour="e", antineutrino="yes")
    with pytest.raises(UnknownNameError, match="flavour in antineutrino"):
        tabulated([1.0, 2.0], {"e": [1.0, 1.0]}, antineutrino={"mu": True})
    spectrum = PIONS.components[0].spectrum
    assert Component("e", spectrum, "nu_e").antineutrino is None


def test_hydrogen_that_is_left_out_has_electrons():
    response = Response(PolynomialQuenching((0.2,)), [1.0, 2.0])
    with pytest.raises(InputError, match="electrons of which nothing is known"):
        Signal(PIONS, Target.of("CH", mass=1.0), response, electrons="free")
    Signal(PIONS, Target.of("CH", mass=1.0), response)


# --- statistics


def test_chi2_includes_them(bound, csi):
    values = {"q_mumu": 1e-9}
    assert bound.chi2("millicharge", **values) > csi.chi2("millicharge", **values) + 1
    found = bound.asimov("millicharge", **values)
    assert found.chi2("millicharge", **values) == pytest.approx(0, abs=1e-9)
    assert csi.with_data(found.observed).chi2("millicharge", **values) > 1


def test_the_quenching_scale_does_not_touch_them(bound):
    for eta in (0.3, 0.9, 1.1, 2.0):
        one, two = (bound.predict("millicharge", q_mumu=1e-9, eta=e) for e in (1.0, eta))
        np.testing.assert_array_equal(one.electrons, two.electrons)
        assert not np.allclose(one.signal, two.signal)


@pytest.mark.parametrize(
    ("interaction", "values"),
    [
        ("sm", {"rn_csi": 5.0}),
        ("universal", {"mass": 0.3, "coupling": 1e-5, "rn_cs": 5.0}),
        ("le-lmu", {"mass": 0.3, "coupling": 1e-5}),
        ("millicharge", {"q_mumu": 1e-9, "q_emu": 1e-10, "sin2_theta_w": 0.25}),
        ("magnetic-moment", {"mu_mu": 1e-9, "rn_i": 5.0}),
        ("sterile-dipole", {"mass": 2.0, "mu_mu": 1e-9}),
        (SCALAR, {"mass": 0.3, "coupling": 1e-5}),
    ],
)
def test_chi2_is_that_of_the_counts(bound, interaction, values):
    """Minimum over the quenching scale of a chi2 that is written out, whatever way the kernels go."""
    fixed = bound.replace(quenching_sigma=0.0)
    (background,) = bound.backgrounds
    y = np.array(bound.observed) - background.counts
    covariance = np.diag(np.square(bound.uncertainty)) + background.sigma**2 * np.outer(
        background.counts, background.counts
    )

    def by_hand(counts):
        total = covariance + bound.signal_sigma**2 * np.outer(counts, counts)
        return float((y - counts) @ np.linalg.solve(total, y - counts))

    expected = by_hand(fixed.signal.counts(interaction, **values))
    # as pulls, a covariance of signal uncertainties is the same as a profile over them
    assert fixed.chi2(interaction, **values) == pytest.approx(expected, rel=1e-9)
    profile = bound.pulls(interaction, **values)
    eta = 1 + profile.experiments[bound.name]["pulls"]["quenching"]
    at = by_hand(bound.signal.counts(interaction, eta=eta, **values)) + ((eta - 1) / bound.quenching_sigma) ** 2
    assert profile.chi2 == pytest.approx(at, rel=1e-7)
    own = {n: v for n, v in values.items() if n in cevns.get_interaction(interaction).own_names}
    rest = {n: v for n, v in values.items() if n not in own}
    function = bound.bind(interaction, free=tuple(rest))
    assert function(**values) == pytest.approx(profile.chi2, rel=1e-10)


def test_counts_are_polynomials_of_the_coupling(bound):
    """Third differences in g^2 vanish, with electrons as without."""
    g2 = np.arange(5) * 1e-12
    counts = bound.predict("b-3le", mass=0.1, coupling=np.sqrt(g2)).neutrinos
    assert np.abs(np.diff(counts, 3, axis=0)).max() < 1e-12 * counts.max()


def test_quadratic_form_of_quarks_holds_them(bound):
    names, form = nsi_quadratic_form(bound)
    assert names[0] == "1"
    near(form[:, 0, 0], bound.predict("sm").neutrinos, 1e-13)


def test_predictions_show_them_apart(bound):
    found = bound.predict("millicharge", q_mumu=1e-9)
    assert "electrons 240.7" in repr(found)
    assert "electrons" in found._repr_html_()
    many = bound.predict("millicharge", q_mumu=[1e-9, 2e-9])
    assert many.electrons.shape == (2, 12)
    assert "and electrons" in repr(many)
    assert "electrons" not in repr(cevns.load("coherent-argon-2020").predict("sm"))
    copy = pickle.loads(pickle.dumps(bound))
    assert copy == bound
    np.testing.assert_array_equal(copy.predict("sm").electrons, bound.predict("sm").electrons)


def test_charges_that_say_half_are_refused(bound, csi):
    half = mediated("half", proton={"e": 1.0, "mu": 1.0}, neutron={}, leptons={"e": 1.0, "mu": 1.0})
    assert csi.chi2(half, mass=10.0, coupling=1e-5) > 0
    with pytest.raises(InputError, match="has the charge 1 of electrons, but no amplitude of neutrinos with them"):
        bound.chi2(half, mass=10.0, coupling=1e-5)
    with pytest.raises(InputError, match="no amplitude of neutrinos with them"):
        electron_cross_section(half, 30.0, "e", 1.0, antineutrino=False, mass=10.0, coupling=1e-5)
    said = half.replace(leptons=())
    point = {"mass": 10.0, "coupling": 1e-5}
    assert bound.chi2(said, **point) == pytest.approx(csi.chi2(said, **point), rel=1e-6)


def test_experiments_say_that_they_count_electrons(bound, free, csi):
    assert [e.__repr__().count(" electrons") for e in (csi, bound, free)] == [0, 1, 1]
    assert "bound electrons" in repr(bound)
    assert "free electrons" in repr(free)


def test_parts_of_a_signal(bound, csi):
    nuclei, electrons = bound.signal.of("nuclei"), bound.signal.of("electrons")
    assert nuclei.targets == ("nuclei",)
    assert electrons.folds is bound.signal.folds
    assert pickle.loads(pickle.dumps(electrons)) == electrons != bound.signal
    with pytest.raises(UnknownNameError, match="unknown part 'electrons'"):
        csi.signal.of("electrons")


def test_interactions_carry_charges_of_electrons():
    vector = VectorMediator("mine", quarks=(0, 0), leptons={"e": 2, "mu": -3})
    assert [a.electron for a in vector.amplitudes] == [4, -6]
    free = [a.electron for a in cevns.get_interaction("b-3lmu").amplitudes]
    assert not any(free)
    assert ScalarMediator().amplitudes[0].electron == 0
    names = (mass(), coupling())
    axial = Interaction("axial", names, [Amplitude(("e", "e"), 0, 0, {"coupling": 2}, "mass", electron_axial=1.0)])
    energy, kev = 30.0, 500.0
    one, two = (
        electron_cross_section(axial, energy, "e", kev, antineutrino=a, mass=1.0, coupling=1e-5) for a in (False, True)
    )
    assert one > 1.01 * two
    with pytest.raises(InputError, match="no amplitude of 'idle' depends"):
        Interaction("idle", (Parameter("g"),), [])


def test_a_pseudoscalar_is_of_electrons_alone(csi, bound, liquid):
    """Nuclei alone do not see it, which is said, with the remedy, wherever it is asked of them."""
    point = {"mass": 0.1, "coupling": 1e-3}
    np.testing.assert_array_equal(bound.predict(PSEUDOSCALAR, **point).signal, csi.predict("sm").signal)
    added = [e.predict(PSEUDOSCALAR, **point).electrons - e.predict("sm").electrons for e in (bound, liquid)]
    assert all((some > 0).all() for some in added)
    assert (bound + liquid).chi2(PSEUDOSCALAR, **point) != (bound + liquid).chi2("sm")
    both = PSEUDOSCALAR + get_interaction("b-l").renamed(mass="mass_2", coupling="g_2")
    for ask in (
        lambda: csi.predict(PSEUDOSCALAR, **point),
        lambda: csi.chi2(PSEUDOSCALAR, **point),
        lambda: csi.bind(PSEUDOSCALAR),
        lambda: csi.limit(PSEUDOSCALAR, mass=[1.0]),
        lambda: csi.fit(PSEUDOSCALAR, free=["coupling"], mass=1.0),
        lambda: csi.signal.counts(PSEUDOSCALAR, **point),
        lambda: (csi + liquid).chi2(PSEUDOSCALAR, **point),
        lambda: csi.chi2(both, **point, mass_2=1.0, g_2=0.0),
    ):
        with pytest.raises(InputError, match=r"spins.*replace\(electrons='shells'\).*configuration file"):
            ask()
    with pytest.raises(InputError, match=r"spins.*electron_cross_section"):
        PSEUDOSCALAR.cross_section(30.0, "Ar-40", "e", 10.0, **point)
    with pytest.raises(InputError, match=r"spins.*ElectronResponse"):
        recoil_events(PSEUDOSCALAR, PIONS, csi.signal.target, [0.0, 1.0], **point)
    with pytest.raises(InputError, match=r"PseudoscalarMediator\(\), for experiments with electrons"):
        get_interaction("pseudoscalar")


def test_numbers_of_a_pseudoscalar():
    """None of nuclei, and no massive neutral lepton that leaves."""
    with pytest.raises(InputError, match=r"proton and neutron must be 0.*spins.*give electron alone"):
        Amplitude(("e", "e"), 1.0, 0.0, kinematics="pseudoscalar")
    with pytest.raises(InputError, match="final_mass"):
        Amplitude(("e", "e"), 0.0, 0.0, kinematics="pseudoscalar", final_mass=1.0, electron=1.0)
    with pytest.raises(InputError, match="electron = inf"):
        PseudoscalarMediator(electron=np.inf)
    # without a coupling to electrons nothing is left, and nothing is refused
    assert PseudoscalarMediator(electron=0.0).own_names == ()


def test_nothing_of_a_scalar_and_a_pseudoscalar_interferes(bound):
    """Of electrons without a spin the currents have no product, so that rates add, whatever their signs are."""
    scalar = ScalarMediator(proton=0.0, neutron=0.0, electron=1.0)
    point = {"mass": 0.1, "coupling": 1e-3}
    parts = [bound.predict(model, **point).electrons for model in (scalar, PseudoscalarMediator())]
    together = bound.predict(scalar + PseudoscalarMediator(), **point).electrons
    np.testing.assert_allclose(together, sum(parts) - bound.predict("sm").electrons, rtol=1e-12)
