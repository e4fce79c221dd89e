"""The kernels against `cevns.reference`, which shares no numerical code with them."""

import itertools

import numpy as np
import pytest

import cevns
from cevns import fluxes, predictions, reference
from cevns.interactions import NonStandardInteractions
from cevns.nuclei import Target, nucleus
from cevns.nuclei.form_factors import known_form_factors

MEDIATORS = ("universal", "b-l", "lmu-ltau")
#: (mass, coupling), extremes among them
POINTS = [(0.0, 0.0), (0.0, 1e-1), (1e-3, 3e-5), (10.0, 5e-5), (60.0, 2e-4), (1e3, 2e-3), (1e4, 1e-1), (1e4, 1e-8)]

EPSILONS = {"up": {"e": 0.12, "mu": -0.07}, "down": {"e": -0.2, "mu": 0.31}}


def test_standard_model_events_by_nested_adaptive_quadrature(csi, argon):
    np.testing.assert_allclose(csi.predict("sm").signal, reference.events_csi("sm"), rtol=1e-9)
    np.testing.assert_allclose(argon.predict("sm").signal, reference.events_argon("sm"), rtol=1e-9)


def test_the_two_methods_of_the_oracle_agree():
    point = ("b-l", 20.0, 1e-4)
    np.testing.assert_allclose(
        reference.events_csi(*point, method="quad"), reference.events_csi(*point, method="fixed"), rtol=1e-11
    )


@pytest.mark.parametrize("model", MEDIATORS)
@pytest.mark.parametrize(("mass", "coupling"), POINTS)
def test_events_with_a_mediator(csi, argon, model, mass, coupling):
    expected = reference.events_csi(model, mass, coupling, method="fixed")
    np.testing.assert_allclose(csi.predict(model, mass, coupling).signal, expected, rtol=1e-9)
    expected = reference.events_argon(model, mass, coupling, method="fixed")
    np.testing.assert_allclose(argon.predict(model, mass, coupling).signal, expected, rtol=1e-9)


def test_events_with_contact_interactions(csi, argon):
    model, couplings = NonStandardInteractions(**EPSILONS), reference.nsi(EPSILONS["up"], EPSILONS["down"])
    np.testing.assert_allclose(csi.predict(model).signal, reference.events_csi(couplings, method="fixed"), rtol=1e-9)
    np.testing.assert_allclose(
        argon.predict(model).signal, reference.events_argon(couplings, method="fixed"), rtol=1e-9
    )


@pytest.mark.parametrize("quenching", ["chicago-3", "constant", "polynomial-2021"])
def test_events_of_each_csi_quenching(quenching):
    experiment = cevns.load("coherent-csi-2017", quenching=quenching)
    for point in (("sm",), ("universal", 5.0, 1e-4)):
        expected = reference.events_csi(*point, quenching=quenching, method="fixed")
        np.testing.assert_allclose(experiment.predict(*point).signal, expected, rtol=1e-9)


@pytest.mark.parametrize("form_factor", known_form_factors())
def test_events_of_each_form_factor(form_factor):
    point = ("b-l", 30.0, 3e-4)
    csi = cevns.load("coherent-csi-2017", form_factor=form_factor)
    expected = reference.events_csi(*point, form_factor=form_factor, method="fixed")
    np.testing.assert_allclose(csi.predict(*point).signal, expected, rtol=1e-9)
    argon = cevns.load("coherent-argon-2020", form_factor=form_factor)
    expected = reference.events_argon(*point, form_factor=form_factor, method="fixed")
    np.testing.assert_allclose(argon.predict(*point).signal, expected, rtol=1e-9)


@pytest.mark.parametrize("eta", [0.75, 0.9, 0.97, 1.0001, 1.06, 1.25])
def test_events_with_a_shifted_quenching(csi, eta):
    for point in (("sm",), ("universal", 1.0, 1e-4)):
        expected = reference.events_csi(*point, eta=eta, method="fixed")
        np.testing.assert_allclose(csi.predict(*point, eta=eta).signal, expected, rtol=1e-9)


# the last ones pull the quenching of CsI by more than one standard deviation
@pytest.mark.parametrize(
    ("model", "mass", "coupling"),
    [
        ("sm", 0.0, 0.0),
        ("universal", 0.0, 1e-1),
        ("universal", 100.0, 2e-4),
        ("universal", 1e4, 2e-2),
        ("b-l", 10.0, 5e-5),
        ("b-l", 300.0, 3e-3),
        ("lmu-ltau", 1.0, 2e-4),
        ("lmu-ltau", 1e4, 1e-1),
        ("universal", 1.0, 1.1250662597691551e-4),
        ("universal", 10.0, 1.15e-4),
        ("b-l", 1.0, 1.125e-4),
        ("lmu-ltau", 1.0, 3.0664e-3),
    ],
)
def test_chi2(csi, argon, both, model, mass, coupling):
    expected, pulls = reference.chi2_csi(model, mass, coupling)
    found = csi.pulls(model, mass, coupling)
    assert found.chi2 == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert found.experiments[csi.name]["pulls"] == pytest.approx(
        {"signal": pulls["alpha_c"], "prompt neutrons": pulls["beta_c"], "quenching": pulls["eta"] - 1},
        abs=1e-4,
    )
    expected_argon, pulls = reference.chi2_argon(model, mass, coupling)
    found = argon.pulls(model, mass, coupling)
    assert found.chi2 == pytest.approx(expected_argon, rel=1e-9)
    # the oracle gives scales, the library their shifts
    assert found.experiments[argon.name]["pulls"] == pytest.approx(
        {name: pulls[key] - 1 for name, key in (("signal", "eta_CEvNS"), ("PBRN", "eta_PBRN"), ("LBRN", "eta_LBRN"))},
        abs=1e-8,
    )
    assert both.chi2(model, mass, coupling) == pytest.approx(expected + expected_argon, rel=1e-6)


def test_points_for_chi2_include_pulls_beyond_one_standard_deviation(csi):
    quenching = csi.pulls("universal", 1.0, 1.1250662597691551e-4).experiments[csi.name]["pulls"]["quenching"]
    assert abs(quenching) > csi.quenching_sigma


def test_chi2_of_contact_interactions(both):
    model, couplings = NonStandardInteractions(**EPSILONS), reference.nsi(EPSILONS["up"], EPSILONS["down"])
    expected = reference.chi2_csi(couplings)[0] + reference.chi2_argon(couplings)[0]
    assert both.chi2(model) == pytest.approx(expected, rel=1e-6)


# --- fluxes other than pion decay

ENERGIES = [2.0, 12.0, 25.0, 50.0]
TABLE = {"e": [0.0, 3e10, 1e10, 0.0], "mu": [1e10, 1e10, 2e10, 5e9]}


@pytest.fixture(scope="module")
def one_argon_nucleus():
    return Target(((nucleus("Ar-40"), 1.0),), molar_mass=40.0, mass=40e-3 / reference.N_A)


@pytest.mark.parametrize(
    ("model", "mass", "coupling"), [("sm", 0.0, 0.0), ("universal", 0.0, 1e-4), ("b-l", 50.0, 1e-3)]
)
def test_double_integral_over_a_table(one_argon_nucleus, model, mass, coupling):
    edges = [0.5, 5.0, 40.0, 160.0]
    flux = fluxes.tabulated(ENERGIES, TABLE)
    found = predictions.recoil_events(model, flux, one_argon_nucleus, edges, mass, coupling)
    expected = reference.double_integral(edges, ENERGIES, TABLE, reference.AR40, model, mass, coupling)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_recoil_spectrum_is_the_cross_section_in_a_line(one_argon_nucleus):
    flux = fluxes.monochromatic(30.0, fluence=1e14, flavour="mu")
    recoil = np.array([[1e-3, 0.5], [20.0, 47.0]])
    for model, mass, coupling in (("sm", 0.0, 0.0), ("lmu-ltau", 3.0, 1e-3), ("universal", 0.0, 1e-5)):
        found = predictions.recoil_spectrum(model, flux, one_argon_nucleus, recoil, mass, coupling)
        expected = (
            1e-3
            * 1e14
            * reference.cross_section(30.0, recoil * 1e-3, reference.AR40, "mu", reference.model(model), mass, coupling)
        )
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("form_factor", known_form_factors())
def test_recoil_spectrum_of_pion_decay(csi, form_factor):
    """Cs and I add incoherently; each end of a spectrum is where it should be."""
    recoil = np.array([0.1, 3.0, 14.5, 30.0, 44.9, 46.0, 47.5])
    found = predictions.recoil_spectrum("b-l", csi.flux, csi.target, recoil, 20.0, 1e-4, form_factor=form_factor)
    options = {"eta": reference.FLUX_CSI, "couplings": reference.model("b-l"), "mass": 20.0, "coupling": 1e-4}
    expected = np.zeros(recoil.size)
    for isotope in (reference.CS133, reference.I127):
        inside = recoil * 1e-3 < 2 * reference.E_MAX**2 / isotope.mass
        expected[inside] += reference.rate(
            recoil[inside] * 1e-3, isotope, form_factor=form_factor, method="fixed", **options
        )
    np.testing.assert_allclose(found, reference.N_CSI * expected * 1e-3, rtol=1e-11)
    assert found[-1] == 0 < found[-2]


def test_recoil_events_of_pion_decay_are_the_counts_of_a_perfect_detector(argon):
    edges = [1.0, 7.0, 30.0, 80.0, 160.0]
    found = predictions.recoil_events("universal", argon.flux, argon.target, edges, 5.0, 3e-5)

    def rate(recoil):
        return predictions.recoil_spectrum("universal", argon.flux, argon.target, recoil, 5.0, 3e-5)

    nodes, weights = np.polynomial.legendre.leggauss(24)
    expected = []
    for low, high in itertools.pairwise(edges):
        kink = 2e3 * reference.E_NUMU**2 / reference.AR40.mass
        end = 2e3 * reference.E_MAX**2 / reference.AR40.mass
        cuts = np.unique(np.clip([low, np.sqrt(low * high), kink, end, high], low, high))
        parts = [(b - a) / 2 * rate((a + b) / 2 + (b - a) / 2 * nodes) @ weights for a, b in itertools.pairwise(cuts)]
        expected.append(sum(parts))
    np.testing.assert_allclose(found, expected, rtol=1e-11)


@pytest.mark.parametrize("mass", [1e-3, 1e-2, 0.1, 1.0, 30.0])
def test_recoil_events_of_a_light_mediator_from_zero_recoil(one_argon_nucleus, mass):
    """The bin that starts at 0 holds a peak of width M^2 / (2 M_nucleus), however light the mediator is."""
    flux = fluxes.monochromatic(30.0, fluence=1e14, flavour="e")
    cuts = np.concatenate([[0.0], np.geomspace(1e-12, 5.0, 30)])
    in_parts = predictions.recoil_events("universal", flux, one_argon_nucleus, cuts, mass, 1e-5).sum()
    at_once = predictions.recoil_events("universal", flux, one_argon_nucleus, [0.0, 5.0], mass, 1e-5)
    assert at_once[0] == pytest.approx(in_parts, rel=1e-9, abs=0)


def test_recoil_events_add_over_bins_and_stop_at_the_kinematic_end(argon):
    fine = predictions.recoil_events("sm", argon.flux, argon.target, np.linspace(0, 200, 41))
    coarse = predictions.recoil_events("sm", argon.flux, argon.target, [0.0, 50.0, 200.0])
    np.testing.assert_allclose([fine[:10].sum(), fine[10:].sum()], coarse, rtol=1e-12)
    end = 2e3 * reference.E_MAX**2 / reference.AR40.mass
    assert not predictions.recoil_events("sm", argon.flux, argon.target, [end, 1.1 * end, 1e4]).any()


# --- numbers of the paper and of COHERENT


def test_standard_model_events(csi, argon):
    assert csi.predict("sm").signal.sum() == pytest.approx(131.4, abs=0.05)
    assert argon.predict("sm").signal.sum() == pytest.approx(131.4, abs=0.05)
    constant = cevns.load("coherent-csi-2017", quenching="constant")
    assert constant.predict("sm").signal.sum() == pytest.approx(164.7, abs=0.05)


def test_standard_model_chi2(csi, argon):
    assert csi.chi2("sm") == pytest.approx(2.83, abs=0.01)
    assert argon.chi2("sm") == pytest.approx(8.86, abs=0.005)
