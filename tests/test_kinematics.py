"""Kinematics by kind and final mass: limits in which one becomes another, and flux moments against quadrature."""

import itertools

import numpy as np
import pytest
from scipy import integrate, optimize

import cevns
from cevns import reference
from cevns.arrays import unique
from cevns.detectors import PolynomialQuenching, Response
from cevns.fluxes import monochromatic, pion_decay_at_rest, tabulated
from cevns.interactions import Amplitude, Interaction, Loop
from cevns.interactions.kinematics import recoil_ends
from cevns.kernels.kinematics import KINDS, kappa, rate_moments
from cevns.nuclei import Target
from cevns.parameters import Parameter, coupling, mass
from cevns.predictions import Signal, recoil_events

MASS = 37215.0  # argon [MeV]
FLUXES = {
    "pions": pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e22, distance=20.0),
    "line": monochromatic(30.0, fluence=1e10, flavour="mu"),
    "table": tabulated([1.0, 20.0, 50.0], {"e": [1e9, 3e9, 1e9], "mu": [0.0, 1e9, 0.0]}),
}


def kappas(kind, recoil, energy, final_mass=0.0):
    recoil, energy = np.broadcast_arrays(np.asarray(recoil, dtype=float), energy)
    out = np.empty(recoil.size)
    kappa(KINDS[kind], *map(np.ascontiguousarray, (recoil.ravel(), energy.ravel())), MASS, final_mass, out)
    return out.reshape(recoil.shape)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("final_mass", [0.0, 3.0, 20.0])
@pytest.mark.parametrize("flux", FLUXES)
def test_moments_are_integrals_of_kappa(kind, final_mass, flux):
    """Adaptive quadrature between all kinks, lines added by hand."""
    if kind == "tensor" and final_mass:
        pytest.skip("a tensor knows no final mass")
    flux = FLUXES[flux]
    for flavour in flux.flavours:
        for recoil in (1e-4, 3e-3, 2e-2):
            e_min = np.sqrt(MASS * recoil / 2) * (1 + final_mass**2 / (2 * MASS * recoil))
            expected, found = 0.0, np.zeros(1)
            for name, spectrum in flux.spectra:
                if name != flavour:
                    continue
                part = np.zeros(1)
                rate_moments(spectrum, KINDS[kind], np.array([recoil]), MASS, final_mass, part)
                found += part
                lines = zip(spectrum.line_energies, spectrum.line_weights, strict=True)
                expected += sum(w * kappas(kind, recoil, e, final_mass) for e, w in lines)
                breaks = [b for b in spectrum.breaks if b > e_min]
                start = max(e_min, spectrum.breaks[0]) if breaks else 0.0

                def integrand(energy, flavour=flavour, recoil=recoil):
                    return float(flux.density(flavour, energy)) * float(kappas(kind, recoil, energy, final_mass))

                for low, high in itertools.pairwise(unique([start, *breaks])):
                    expected += integrate.quad(integrand, low, high, epsrel=1e-11, epsabs=0)[0]
            scale = flux.moment(flavour, 0.0) * max(float(kappas(kind, recoil, 50.0, final_mass)), 1e-300)
            assert found[0] == pytest.approx(expected, rel=1e-8, abs=1e-9 * scale)


def test_a_light_final_lepton_is_massless():
    energy, recoil = np.array([[10.0], [40.0]]), np.array([1e-5, 1e-3, 4e-3])
    for kind in ("vector", "scalar", "magnetic"):
        light, none = kappas(kind, recoil, energy, 1e-5), kappas(kind, recoil, energy)
        np.testing.assert_allclose(light, none, rtol=1e-8)
        assert (none > 0).any()


def test_kappa_is_never_negative_and_vanishes_beyond_the_ends():
    for final_mass in (0.0, 1.0, 10.0, 25.0):
        low, high = recoil_ends(MASS, 30.0, final_mass)
        inside = np.linspace(low, high, 101)[1:-1]
        outside = np.array([*([0.999 * low] if final_mass else []), 1.001 * high])
        for kind in ("vector", "scalar", "magnetic"):
            assert (kappas(kind, inside, 30.0, final_mass) > 0).all()
            assert not kappas(kind, outside, 30.0, final_mass).any()


def test_recoil_ends_are_those_of_exact_kinematics_up_to_what_is_dropped():
    """E_min of arbitrary masses is (m^2 + 2MT) / 2 (sqrt(T^2 + 2MT) - T); T / E is dropped."""
    for energy, final_mass in ((30.0, 0.0), (30.0, 5.0), (50.0, 49.0)):
        for recoil in recoil_ends(MASS, energy, final_mass):
            if recoil:
                exact = (final_mass**2 + 2 * MASS * recoil) / (2 * (np.sqrt(recoil**2 + 2 * MASS * recoil) - recoil))
                dropped = recoil / 2 * (1 + final_mass**2 / (2 * MASS * recoil))
                assert exact - dropped == pytest.approx(energy, rel=1e-6)
    assert recoil_ends(MASS, 30.0, 30.1) == (0.0, 0.0)


def test_upscattering_by_a_vector_and_a_scalar_has_its_limits(argon):
    """A final lepton that is light adds to the standard model as a massless one without interference would."""
    g, m = (("coupling", 2),), "mass"

    def interaction(kinematics, final_mass):
        amplitudes = [Amplitude((f, f), 3.0, 3.0, g, m, kinematics, final_mass) for f in ("e", "mu")]
        return Interaction(f"{kinematics} to {final_mass}", (mass(), coupling()), amplitudes)

    point, sm = {"mass": 20.0, "coupling": 5e-5}, argon.signal.counts("sm")
    for kinematics in ("vector", "scalar"):
        massless, light, heavy = (
            argon.signal.counts(interaction(kinematics, value), **point) - sm for value in (0.0, 1e-3, 60.0)
        )
        np.testing.assert_allclose(light, massless, rtol=1e-6)
        assert massless[:6].min() > 0
        assert not heavy.any()
    universal = argon.signal.counts("universal", **point) - sm
    squares = argon.signal.counts(interaction("vector", 0.0), **point) - sm
    assert not np.allclose(universal, squares, rtol=0.1)
    scalar = cevns.interactions.ScalarMediator(proton=3.0, neutron=3.0)
    expected = argon.signal.counts(scalar, **point) - sm
    np.testing.assert_allclose(argon.signal.counts(interaction("scalar", None), **point) - sm, expected, rtol=1e-12)


def test_a_dipole_portal_becomes_a_magnetic_moment_and_closes(both):
    moment = {"mu_e": 1e-9, "mu_mu": 2e-9}
    light = both.chi2("sterile-dipole", mass=1e-4, **moment)
    assert light == pytest.approx(both.chi2("magnetic-moment", **moment), rel=1e-9)
    assert both.chi2("sterile-dipole", mass=53.0, **moment) == pytest.approx(both.chi2("sm"), rel=1e-13)
    # a new mass is a new fold, a new moment is not
    masses = both.chi2("sterile-dipole", mass=np.array([5.0, 20.0])[:, None], mu_e=0.0, mu_mu=[1e-9, 3e-9])
    for i, m in enumerate((5.0, 20.0)):
        bound = both.bind("sterile-dipole", mass=m)
        np.testing.assert_allclose(masses[i], [bound(0.0, 1e-9), bound(0.0, 3e-9)], rtol=1e-12)


def test_a_charge_is_a_massless_mediator_and_a_radius_a_sixth_of_its_slope(both):
    alpha = cevns.constants.FINE_STRUCTURE
    massless = cevns.interactions.mediated("photon", proton={"e": 1.0, "mu": 1.0}, neutron={})
    g = 3e-4
    charge = g**2 / (4 * np.pi * alpha)
    for m, rel in ((1e-6, 1e-9), (0.0, 1e-12)):
        counts = both.experiments[0].signal.counts(massless, mass=m, coupling=g)
        both_flavours = both.experiments[0].signal.counts("millicharge", q_ee=charge, q_mumu=charge)
        np.testing.assert_allclose(counts, both_flavours, rtol=rel)
    # <r^2> = -6 dF/dq^2: p(q) of a charge times q^2 is that of a radius times -6
    interaction = cevns.get_interaction("millicharge")
    radius = cevns.get_interaction("charge-radius")
    q_number = interaction.amplitudes[0].proton / (np.sqrt(2) * cevns.constants.FERMI_CONSTANT)
    r_number = radius.amplitudes[0].proton * cevns.constants.HBAR_C_SQUARED_CM2 / 1e-32
    assert r_number == pytest.approx(-q_number / 6, rel=1e-12)


def test_the_weak_angle_and_a_radius_of_all_flavours_are_one_observable(both):
    shift = 0.01
    radius = cevns.get_interaction("charge-radius")
    step = -2 * shift / radius.amplitudes[0].proton
    values = {f"r2_{f}{f}": standard + step for f, standard in cevns.interactions.STANDARD_RADII.items()}
    assert both.chi2("charge-radius", **values) == pytest.approx(
        both.chi2("sm", sin2_theta_w=0.23857 + shift), rel=1e-10
    )
    # without the radii all flavours have one coupling
    bare = {
        f: p - radius.amplitudes[0].proton * r
        for (f, p), r in zip(
            cevns.interactions.RADIATIVE_COUPLINGS.proton, cevns.interactions.STANDARD_RADII.values(), strict=True
        )
    }
    assert np.ptp(list(bare.values())) < 3e-4
    assert both.chi2("anapole", a_ee=0.5) == pytest.approx(both.chi2("charge-radius", r2_ee=-0.83 - 3.0), rel=1e-12)


def test_a_phase_between_up_and_down_matters_and_a_common_one_does_not(both):
    def chi2(**eps):
        return both.chi2("nsi", **eps)

    real = chi2(eps_u_emu=0.3, eps_d_emu=0.2)
    assert chi2(eps_u_emu_im=0.3, eps_d_emu_im=0.2) == pytest.approx(real, rel=1e-12)
    assert chi2(eps_u_emu=0.3, eps_d_emu_im=0.2) != pytest.approx(real, rel=1e-3)
    # electron neutrinos know e mu and e tau, muon neutrinos e mu and mu tau
    assert chi2(eps_u_etau=0.3) != chi2(eps_u_mutau=0.3)
    assert chi2(eps_u_tautau=0.3) == pytest.approx(both.chi2("sm"), rel=1e-14)


def test_loops_run_and_have_the_sign_of_electrodynamics(argon):
    loop = Loop({"mu": 1, "tau": -1})
    alpha, m_mu, m_tau = cevns.constants.FINE_STRUCTURE, cevns.constants.MUON_MASS, cevns.constants.TAU_MASS
    assert loop(0.0) == pytest.approx(alpha / (3 * np.pi) * np.log(m_tau**2 / m_mu**2), rel=1e-12)
    electron = Loop({"e": 1, "mu": -1})
    assert electron(0.0) / electron(40.0**2) == pytest.approx(3, rel=0.2)
    q2 = np.geomspace(1e-8, 1e8, 60)
    for charges in ({"e": 1, "mu": -1}, {"e": 2, "mu": -1, "tau": -1}):
        expected = [reference.loop_charge(s, {"e": 0, "mu": 0, "tau": 0} | charges) for s in q2]
        np.testing.assert_allclose(Loop(charges)(q2), expected, rtol=1e-9, atol=1e-12)
    with pytest.raises(cevns.errors.InputError, match="must add up to 0"):
        Loop({"mu": 1})
    # numbers of PHYSICS: destructive for muon neutrinos, and the paper's sign
    counts = {n: argon.signal.counts(n, mass=5.0, coupling=1e-3).sum() for n in ("lmu-ltau-running", "lmu-ltau")}
    assert counts["lmu-ltau-running"] == pytest.approx(93.9, abs=0.05)
    assert counts["lmu-ltau"] == pytest.approx(186.6, abs=0.05)


def test_negative_squares_of_couplings(both):
    signed = cevns.interactions.VectorMediator(
        "signed", quarks=(1, 1), leptons={"e": 1, "mu": 1, "tau": 1}, signed=True
    )
    assert both.chi2(signed, mass=10.0, coupling_squared=1e-9) == pytest.approx(
        both.chi2("universal", mass=10.0, coupling=1e-9**0.5), rel=1e-12
    )
    flipped = cevns.interactions.VectorMediator("flipped", quarks=(-1, -1), leptons={"e": 1, "mu": 1, "tau": 1})
    assert both.chi2(signed, mass=10.0, coupling_squared=-1e-9) == pytest.approx(
        both.chi2(flipped, mass=10.0, coupling=1e-9**0.5), rel=1e-12
    )
    (intervals,) = both.limit(signed, 10.0).excluded
    assert intervals[0][0] == -np.inf
    assert intervals[-1][1] == np.inf


def test_photons_need_a_threshold(argon):
    response = argon.response
    open_ended = cevns.detectors.Response(response.quenching, response.edges)
    bare = argon.replace(response=open_ended)
    assert bare.signal.smallest_mass > 0
    for name, value in (("magnetic-moment", {"mu_e": 1e-9}), ("millicharge", {"q_ee": 1e-7})):
        with pytest.raises(cevns.errors.InputError, match="threshold above 0"):
            bare.chi2(name, **value)
    assert np.isfinite(bare.chi2("charge-radius", r2_ee=1.0))


@pytest.mark.parametrize("light", [0.02, 0.3])
@pytest.mark.parametrize("name", ["scalar", "universal"])
def test_spectra_from_zero_that_go_like_half_integer_powers(name, light):
    # neutrinos down to E = 0: the moments of 1/E^2 go like 1 / sqrt(T), which no polynomial carries from 0 on
    flux = tabulated([0.0, 30.0], {"e": [1e10, 1e10]})
    target = Target.of({"Ge-74": 1}, molar_mass=73.92, mass=1.0)
    # bins above 0, each less than an octave, are not concerned
    fine = np.geomspace(1e-16, 30.0, 120)
    expected = recoil_events(name, flux, target, fine, light, 1e-4).sum()
    assert recoil_events(name, flux, target, [0.0, 30.0], light, 1e-4).sum() == pytest.approx(expected, rel=1e-8)
    response = Response(quenching=PolynomialQuenching((0.2,)), edges=[0.0, 30.0])
    signal = Signal(flux, target, response)
    assert signal.counts(name, mass=light, coupling=1e-4).sum() == pytest.approx(expected, rel=1e-8)


def test_kinds_that_have_no_answer_are_refused_with_the_reason():
    for name, reason in (("pseudoscalar", "spins"), ("tensor", "TensorMediator")):
        with pytest.raises(cevns.errors.InputError, match=reason):
            cevns.get_interaction(name)


def test_fixed_masses_are_numbers(both):
    heavy = Interaction(
        "fixed",
        (Parameter("g", default=0.0, low=0.0, high=1.0),),
        [Amplitude((f, f), 3.0, 3.0, {"g": 2}, 10.0) for f in ("e", "mu")],
    )
    assert both.chi2(heavy, g=3e-5) == pytest.approx(both.chi2("universal", mass=10.0, coupling=3e-5), rel=1e-12)


@pytest.mark.parametrize(
    ("name", "point"),
    [
        ("scalar", {"mass": 30.0, "coupling": 3e-5}),
        ("scalar", {"mass": 1.0, "coupling": 5e-5}),
        ("magnetic-moment", {"mu_e": 3e-9, "mu_mu": 1e-9}),
        ("sterile-dipole", {"mass": 3.0, "mu_e": 0.0, "mu_mu": 4e-9}),
        ("sterile-dipole", {"mass": 22.0, "mu_e": 5e-9, "mu_mu": 1e-9}),
    ],
)
def test_the_quenching_scale_is_profiled_over_spectra_that_jump(csi, name, point):
    """Against counts that are folded at every single scale, where pieces of the scale play no part."""
    sigma, observed = np.array(csi.uncertainty), np.array(csi.observed)
    (background,) = csi.backgrounds

    def chi2(eta):
        counts = csi.predictor(name, eta=eta, **point)()
        templates = np.array([counts, background.counts]) / sigma
        rows = np.vstack([templates.T, np.diag([1 / csi.signal_sigma, 1 / background.sigma])])
        wanted = np.concatenate([observed / sigma, [1 / csi.signal_sigma, 1 / background.sigma]])
        found, *_ = np.linalg.lstsq(rows, wanted, rcond=None)
        return ((wanted - rows @ found) ** 2).sum() + ((eta - 1) / csi.quenching_sigma) ** 2

    etas = np.linspace(0.85, 1.15, 31)
    best = etas[np.argmin([chi2(eta) for eta in etas])]
    least = optimize.minimize_scalar(chi2, bounds=(best - 0.01, best + 0.01), method="bounded", options={"xatol": 1e-9})
    assert csi.chi2(name, **point) == pytest.approx(least.fun, rel=1e-8)
