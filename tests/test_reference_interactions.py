"""Interactions of the oracle against each other: limits in which two are one, orders of polynomials, known numbers."""

import itertools
from functools import partial

import numpy as np
import pytest

from cevns import reference
from cevns.errors import InputError, UnknownNameError
from cevns.reference import ALPHA, AR40, CM2, CS133, G_F, I127, M_E, M_MU, M_TAU

E = np.array([12.0, 29.8, 47.0])[:, None]
T = np.array([1e-3, 4e-3, 2e-2, 0.09])
FLAVOURS = ("e", "mu", "tau")
#: Electric charges: what has them couples to a nucleus as a photon does.
ELECTRIC = {"u": 2 / 3, "d": -1 / 3, "e": -1.0, "mu": 1.0, "tau": 1.0}

#: Every interaction with nuclei at no coupling at all.
OFF = {
    "vector": partial(reference.vector, charges="b-2le-lmu", mass=3.0, g2=0.0),
    "loop_induced": partial(reference.loop_induced, charges="le-ltau", mass=3.0, g2=0.0),
    "contact": partial(reference.contact, eps_u={("e", "mu"): 0.0, ("mu", "mu"): 0.0}, eps_d={("e", "e"): 0.0}),
    "weak_angle": partial(reference.weak_angle, sin2_theta_w=0.23857),
    "charge_radius": partial(reference.charge_radius, r2={(f, f): r for f, r in reference.RADII.items()}),
    "millicharge": partial(reference.millicharge, charge={("e", "e"): 0.0, ("e", "tau"): 0.0}),
    "scalar": partial(reference.scalar, mass=3.0, g2=0.0),
    "tensor": partial(reference.tensor, mass=3.0, g2=0.0, c_p=1.0, c_n=1.0),
    "magnetic_moment": partial(reference.magnetic_moment, mu=0.0),
    "dipole": partial(reference.dipole, mu={"e": 0.0}, outgoing_mass=5.0),
    "vector_to_chi": partial(reference.vector_to_chi, charges="universal", mass=3.0, g2=0.0, outgoing_mass=5.0),
    "scalar_to_chi": partial(reference.scalar_to_chi, mass=3.0, g2=0.0, outgoing_mass=5.0),
}


def same(found, expected, rtol=1e-12):
    assert np.shape(found) == np.shape(expected)
    assert np.any(expected)
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=0)


# --- numbers


def test_prefactors():
    assert pytest.approx(2.4947, abs=5e-5) == 1e25 * CM2 * np.pi * ALPHA**2 / M_E**2
    assert pytest.approx(-0.02380, abs=5e-6) == reference.RADIUS_AMPLITUDE
    assert pytest.approx(5.559e9, rel=1e-4) == reference.MILLICHARGE_AMPLITUDE
    normal = (np.pi * ALPHA / (M_E * G_F)) ** 2 * G_F**2 / np.pi * CM2
    assert 1e25 * normal == pytest.approx(2.4947, abs=5e-5)


def test_charge_radii_of_the_standard_model():
    """<r^2> = -(G_F / 2 sqrt(2) pi^2) (3 - 2 ln(m_l^2 / m_W^2)); without them g_V^p is the same for all flavours."""
    for flavour, mass in zip(FLAVOURS, (M_E, M_MU, M_TAU), strict=True):
        radius = -G_F / (2 * np.sqrt(2) * np.pi**2) * (3 - 2 * np.log(mass**2 / 80369.0**2)) * CM2 / 1e-32
        assert radius == pytest.approx(reference.RADII[flavour], abs=0.006)
        without = reference.GVP[flavour] - reference.RADIUS_AMPLITUDE * reference.RADII[flavour]
        assert without == pytest.approx(0.0204, abs=1e-4)
    # the sign: nu_e has the larger radius and the larger g_V^p
    difference = reference.RADIUS_AMPLITUDE * (reference.RADII["e"] - reference.RADII["mu"])
    assert difference == pytest.approx(reference.GVP["e"] - reference.GVP["mu"], abs=1e-4)


def test_scalar_charge_is_that_of_the_sigma_term():
    assert pytest.approx(59.1 / 3.42, abs=0.05) == reference.SCALAR_CHARGE


def test_charges():
    for name, Q in reference.CHARGES.items():
        if "-l" in name and name[0] == "l":
            assert Q["u"] == Q["d"] == Q["e"] + Q["mu"] + Q["tau"] == 0
        elif name.startswith("b-"):
            # three generations of quarks of baryon number 1/3 each, and as much lepton number
            assert 3 * Q["u"] * 3 + Q["e"] + Q["mu"] + Q["tau"] == pytest.approx(0)
    assert reference.charges_of(ELECTRIC) is ELECTRIC
    with pytest.raises(UnknownNameError, match="b-3lmu"):
        reference.charges_of("b-3lx")


@pytest.mark.parametrize("flavour", ["e", "mu"])
@pytest.mark.parametrize("name", ["universal", "b-l"])
def test_vectors_of_the_paper(name, flavour):
    found = reference.vector(E, T, AR40, flavour, name, 7.0, 1e-9)
    same(found, reference.cross_section(E, T, AR40, flavour, reference.model(name), 7.0, np.sqrt(1e-9)))


def test_contact_interactions_of_the_paper():
    up, down = {"e": 0.12, "mu": -0.07}, {"e": -0.2, "mu": 0.31}
    eps_u, eps_d = ({(f, f): value for f, value in eps.items()} for eps in (up, down))
    for flavour in up:
        expected = reference.cross_section(E, T, CS133, flavour, reference.nsi(up, down))
        same(reference.contact(E, T, CS133, flavour, eps_u, eps_d), expected)


# --- limits


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("name", OFF)
def test_no_coupling_is_the_standard_model_to_the_last_bit(name, flavour):
    plain = reference.standard_model(E, T, I127, flavour)
    if flavour != "tau":
        expected = reference.cross_section(E, T, I127, flavour, reference.model("sm"))
        np.testing.assert_array_equal(plain, expected)
    np.testing.assert_array_equal(OFF[name](E, T, I127, flavour), plain)
    assert float(OFF[name](30.0, 1e-3, I127, flavour)) == float(reference.standard_model(30.0, 1e-3, I127, flavour))


@pytest.mark.parametrize("name", OFF)
def test_other_form_factors_and_radii(name):
    """Every interaction takes both: at a point nucleus radii are of no account, at others they are."""
    larger = AR40._replace(R_p=4.0, R_n=4.2)
    for form_factor in ("point", "helm", "klein-nystrand", "symmetrized-fermi"):
        a, b = (OFF[name](30.0, 0.03, n, "e", form_factor=form_factor) for n in (AR40, larger))
        assert (a == b) == (form_factor == "point")
    with pytest.raises(UnknownNameError, match="klein-nystrand"):
        OFF[name](30.0, 0.03, AR40, "e", form_factor="hlem")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_point_nuclei_have_their_weak_charge_at_every_recoil(flavour):
    charge = 18 * reference.GVP[flavour] + 22 * reference.GVN
    found = reference.standard_model(E, T, AR40, flavour, "point")
    kappa = np.maximum(1 - AR40.mass * T / (2 * E**2), 0)
    same(found, CM2 * G_F**2 * AR40.mass / np.pi * kappa * charge**2)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("name", ["universal", "b-3lmu", "b-le-2lmu", "b+lmu+ltau"])
def test_heavy_vectors_are_contact_interactions(name, sign):
    Q, g2, mass = reference.CHARGES[name], sign * 1.0, 1e6
    x = g2 / mass**2 / (np.sqrt(2) * G_F)
    eps_u, eps_d = ({(f, f): x * Q[quark] * Q[f] for f in FLAVOURS} for quark in ("u", "d"))
    for flavour in FLAVOURS:
        expected = reference.contact(E, T, CS133, flavour, eps_u, eps_d)
        same(reference.vector(E, T, CS133, flavour, name, mass, g2), expected, 1e-7)


@pytest.mark.parametrize("flavour", ["mu", "tau"])
@pytest.mark.parametrize("sign", [1, -1])
def test_massless_vectors_of_electric_charges_are_millicharges(flavour, sign):
    g2 = sign * 1e-11
    charge = {(flavour, flavour): g2 / (4 * np.pi * ALPHA)}
    expected = reference.millicharge(E, T, AR40, flavour, charge)
    same(reference.vector(E, T, AR40, flavour, ELECTRIC, 0.0, g2), expected)
    for antineutrino in (False, True):
        found = reference.electron_vector(E, T, "Ar", flavour, antineutrino, ELECTRIC, 0.0, g2)
        same(found, reference.electron_millicharge(E, T, "Ar", flavour, antineutrino, charge))


@pytest.mark.parametrize("pair", list(itertools.combinations_with_replacement(FLAVOURS, 2)))
def test_radii_are_minus_q2_over_six_millicharges(pair):
    a, b = pair
    q2, r2 = 2 * AR40.mass * 0.01, 0.9  # at one recoil
    total = r2 + (reference.RADII[a] if a == b else 0.0)
    charge = {pair: -q2 / 6 * r2 * 1e-32 / CM2}
    for flavour in pair:
        expected = reference.millicharge(30.0, 0.01, AR40, flavour, charge)
        assert expected != reference.standard_model(30.0, 0.01, AR40, flavour)
        same(reference.charge_radius(30.0, 0.01, AR40, flavour, {pair: total}), expected)
        charge_e = {pair: -2 * M_E * 0.01 / 6 * r2 * 1e-32 / CM2}
        for weak, anti in (("tree-level", True), ("radiative", False)):
            expected = reference.electron_millicharge(30.0, 0.01, 1, flavour, anti, charge_e, weak=weak)
            same(reference.electron_charge_radius(30.0, 0.01, 1, flavour, anti, {pair: total}, weak=weak), expected)


@pytest.mark.parametrize("change", [-0.03, 0.01])
def test_a_weak_angle_is_one_radius_for_all_flavours(change):
    shift = -2 * change / reference.RADIUS_AMPLITUDE
    r2 = {(f, f): reference.RADII[f] + shift for f in FLAVOURS}
    for flavour in FLAVOURS:
        found = reference.weak_angle(E, T, AR40, flavour, reference.SIN2_THETA_W + change)
        same(found, reference.charge_radius(E, T, AR40, flavour, r2))
        s2 = {"sin2_theta_w": reference.SIN2_THETA_W + change}
        found = reference.neutrino_electron(E, T, "Cs", flavour, True, **s2)
        same(found, reference.electron_charge_radius(E, T, "Cs", flavour, True, r2))


@pytest.mark.parametrize("m", [0.0, 1e-6])
def test_light_fermions_that_go_out(m):
    rtol = 1e-12 if m == 0 else 1e-8
    inside, only = T[:3], {"standard_model": False}
    found = reference.dipole(E, inside, AR40, "mu", 1e-9, m)
    same(found, reference.magnetic_moment(E, inside, AR40, "mu", 1e-9), rtol)
    found = reference.vector_to_chi(E, inside, AR40, "mu", "b-3lmu", 4.0, 1e-9, m, **only)
    same(found, reference.vector(E, inside, AR40, "mu", "b-3lmu", 4.0, 1e-9, **only), rtol)
    found = reference.scalar_to_chi(E, inside, AR40, "mu", 4.0, 1e-9, m)
    same(found, reference.scalar(E, inside, AR40, "mu", 4.0, 1e-9), rtol)


def test_flavours_that_do_not_couple():
    only = {"standard_model": False}
    assert not np.any(reference.vector(E, T, AR40, "mu", "b-3ltau", 3.0, 1e-9, **only))
    assert np.all(reference.vector(E, T[:2], AR40, "tau", "b-3ltau", 3.0, 1e-9, **only))
    assert not np.any(reference.vector_to_chi(E, T, AR40, "e", "b-3lmu", 3.0, 1e-9, 1.0, **only))
    assert not np.any(reference.loop_induced(E, T, AR40, "e", "lmu-ltau", 3.0, 1e-9, **only))
    assert not np.any(reference.dipole(E, T, AR40, "e", {"mu": 1e-9}, 1.0, **only))
    assert np.all(reference.dipole(E, T[:2], AR40, "mu", {"mu": 1e-9}, 1.0, **only))


@pytest.mark.parametrize("name", OFF)
def test_nothing_is_below_the_least_energy(name):
    options = OFF[name].keywords
    on = {key: 1e-9 for key in ("g2", "mu") if key in options}
    masses = [{"outgoing_mass": m} for m in (0.0, 5.0, 20.0)] if "outgoing_mass" in options else [{}]
    for mass, recoil in itertools.product(masses, (1e-3, 0.02)):
        # what is new has to vanish by itself
        sigma = partial(OFF[name], **mass, **(on | {"standard_model": False} if on else {}))
        least = reference.least_energy(recoil, AR40.mass, **mass)
        assert sigma(0.9999 * least, recoil, AR40, "e") == 0 < sigma(1.0001 * least, recoil, AR40, "e")


# --- flavours and phases


@pytest.mark.parametrize(
    ("sigma", "name"),
    [
        (reference.contact, "eps_u"),
        (partial(reference.contact, eps_u={}), "eps_d"),
        (reference.charge_radius, "r2"),
        (reference.millicharge, "charge"),
    ],
)
def test_what_changes_flavour_changes_both(sigma, name):
    sigma = partial(sigma, eps_d={}) if name == "eps_u" else sigma
    new = {f: sigma(E, T, AR40, f, **{name: {("e", "mu"): 1e-3j}}, standard_model=False) for f in FLAVOURS}
    same(new["e"], new["mu"])
    assert not np.any(new["tau"])
    both = sigma(E, T, AR40, "e", **{name: {("mu", "e"): 1e-3}})
    same(both, new["e"] + reference.standard_model(E, T, AR40, "e"))


def test_phases_of_contact_interactions():
    """Only that between up and down quarks counts, and none where the flavour stays, which is real."""

    def extra(u, d):
        return reference.contact(30.0, 0.01, CS133, "mu", {("mu", "tau"): u}, {("mu", "tau"): d}, standard_model=False)

    turned = np.exp(0.7j)
    assert extra(0.3 * turned, 0.2 * turned) == pytest.approx(extra(0.3, 0.2), rel=1e-13, abs=0)
    assert extra(0.3 * turned, 0.2) < 0.99 * extra(0.3, 0.2)
    # the element of tau -> mu is the conjugate of that of mu -> tau
    eps_u, eps_d = {("tau", "mu"): -0.3j}, {("mu", "tau"): 0.2 + 0.1j}
    found = reference.contact(30.0, 0.01, CS133, "mu", eps_u, eps_d, standard_model=False)
    assert found == pytest.approx(extra(0.3j, 0.2 + 0.1j), rel=1e-13, abs=0)
    assert found != pytest.approx(extra(-0.3j, 0.2 + 0.1j), rel=1e-2, abs=0)
    for wrong in ({("e", "e"): 1j}, {("e", "mu"): 1.0, ("mu", "e"): 1.0}):
        with pytest.raises(InputError):
            reference.contact(30.0, 0.01, CS133, "tau", wrong, {})
    with pytest.raises(UnknownNameError):
        reference.contact(30.0, 0.01, CS133, "tau", {("e", "nu_mu"): 1.0}, {})
    with pytest.raises(UnknownNameError):
        reference.contact(30.0, 0.01, CS133, "nu_tau", {}, {})


def test_amplitudes_add_in_any_number():
    q2 = 2 * AR40.mass * T
    amplitudes = [
        reference.vector_amplitude(q2, "mu", "b-3lmu", 5.0, 1e-9),
        reference.vector_amplitude(q2, "mu", "universal", 30.0, -1e-9),
        reference.contact_amplitude("mu", {("mu", "tau"): 0.1}, {}),
        reference.millicharge_amplitude(q2, "mu", {("mu", "tau"): -1e-10j}),
        reference.weak_angle_amplitude("mu", 0.24),
    ]
    found = reference.coherent(E, T, AR40, "mu", *amplitudes, form_factor="point")
    p = reference.GVP["mu"] + amplitudes[0]["mu"][0] + amplitudes[1]["mu"][0] - 2 * (0.24 - 0.23857)
    n = reference.GVN + amplitudes[0]["mu"][1] + amplitudes[1]["mu"][1]
    p_tau, n_tau = 0.2 - 1e-10j * reference.MILLICHARGE_AMPLITUDE / q2, 0.1
    squares = (18 * p + 22 * n) ** 2 + np.abs(18 * p_tau + 22 * n_tau) ** 2
    kappa = np.maximum(1 - AR40.mass * T / (2 * E**2), 0)
    same(found, CM2 * G_F**2 * AR40.mass / np.pi * kappa * squares)


# --- loops of leptons


@pytest.mark.parametrize("mass", [M_E, M_MU, M_TAU])
def test_loops_have_their_closed_form(mass):
    q2 = mass**2 * np.array([2.0, 10.0, 1e4])
    z = q2 / mass**2
    s = np.sqrt(1 + 4 / z)
    closed = np.log(mass**2) / 6 + (-5 / 3 + 4 / z + (1 - 2 / z) * s * np.log((s + 1) / (s - 1))) / 6
    np.testing.assert_allclose(reference.lepton_loop(q2, mass), closed, rtol=1e-12)
    # slope at the origin: Int x^2 (1 - x)^2 dx = 1/30
    small = 1e-6 * mass**2
    rise = reference.lepton_loop(small, mass) - np.log(mass**2) / 6
    assert rise == pytest.approx(1e-6 / 30, rel=1e-6, abs=3e-15)


@pytest.mark.parametrize(
    ("name", "a", "b"), [("lmu-ltau", M_MU, M_TAU), ("le-lmu", M_E, M_MU), ("le-ltau", M_E, M_TAU)]
)
def test_charges_of_loops(name, a, b):
    at_rest = ALPHA / (3 * np.pi) * np.log(b**2 / a**2)
    assert reference.loop_charge(0.0, name) == pytest.approx(at_rest, rel=1e-13)
    # far above all masses nothing is left, whatever the unit of mass
    assert abs(reference.loop_charge(1e12, name)) < 1e-3 * at_rest
    if name != "lmu-ltau":
        # of the two logarithms 15.9 (mu) and 10.7 at q = 0 the electron loop has run off most at 40 MeV
        assert 0.2 < reference.loop_charge(1600.0, name) / at_rest < 0.6


def test_loops_on_electrons_have_the_opposite_sign():
    for name, flavour in (("lmu-ltau", "tau"), ("le-lmu", "mu")):
        Q, q2 = reference.CHARGES[name], 2 * M_E * 1e-3
        x = reference.exchange(q2, 2.0, 1e-9)
        (shift,) = reference.electron_loop_shift(1e-3, flavour, name, 2.0, 1e-9).values()
        ((p, n),) = reference.loop_amplitude(q2, flavour, name, 2.0, 1e-9).values()
        assert n == 0
        assert shift == pytest.approx(x * Q[flavour] * Q["e"] - p, rel=1e-12)
