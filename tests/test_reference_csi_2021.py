"""The oracle of CsI 2021: the numbers of the release, of its publication, and of independent codes."""

import itertools
from functools import partial

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from cevns import reference
from cevns.errors import UnknownNameError
from cevns.reference import csi_2021

CHI2, EVENTS = reference.chi2_csi_2021, reference.events_csi_2021


@pytest.fixture(scope="module")
def free():
    """Return the fit with a free signal."""
    return CHI2("sm", signal_sigma=np.inf)


# --- files


def test_events_in_the_region():
    data = reference.load_csi_2021()
    assert (data.observed.sum(), data.anticoincidence.sum()) == (1578, 1295)
    assert data.observed.sum(axis=1).tolist() == [11, 147, 224, 177, 144, 237, 210, 231, 197]
    assert data.anticoincidence[0].sum() == 4


def test_shapes_of_backgrounds():
    counts = reference.backgrounds_csi_2021()
    assert {name: round(float(c.sum()), 9) for name, c in counts.items()} == {"SSB": 1286, "BRN": 18.4, "NIN": 5.6}
    for shape in counts.values():
        assert shape.min() >= 0
        outer = np.outer(shape.sum(axis=1), shape.sum(axis=0)) / shape.sum()
        np.testing.assert_allclose(shape, outer, atol=1e-14)
    # the steady state: what is in a bin of time is what a decay of 0.0494 per us leaves there
    time = counts["SSB"].sum(axis=0)
    assert time[9] / time[8] == pytest.approx(2 * np.exp(-1.5 * 0.0494), rel=1e-3)


# --- response


@pytest.mark.parametrize("recoil", [0.004, 0.012, 0.044])
def test_photoelectrons_are_a_gamma_distribution(recoil):
    E = float(reference.light(recoil))
    k = 1 + 9.56 * E
    same = stats.gamma(k, scale=E / 0.0749 / k)
    x = np.array([3.0, 15.0, 55.0])
    np.testing.assert_allclose(reference.photoelectrons(x, recoil), same.pdf(x), rtol=1e-11)
    assert same.mean() == pytest.approx(13.35 * E, rel=1e-3)


def test_response_by_adaptive_quadrature():
    recoil, z = 0.021, (0.6, -0.4, 1.2)

    def density(x):
        return float(reference.efficiency(x, z[0]) * reference.photoelectrons(x, recoil, *z[1:]))

    begin = reference.efficiency_set(z[0])[1]
    edges = np.maximum(csi_2021.PE, begin)
    expected = [integrate.quad(density, *pair, epsabs=1e-16, epsrel=1e-12)[0] for pair in itertools.pairwise(edges)]
    np.testing.assert_allclose(csi_2021.response(np.array([recoil]), *z)[:, 0], expected, rtol=1e-11)


def test_efficiency_beyond_the_first_bin_empties_it():
    assert reference.efficiency_set(-1.21)[1] > 8 > reference.efficiency_set(-1.19)[1]
    assert not EVENTS("sm", z_eff=-1.21)[0].any()
    assert EVENTS("sm", z_eff=-1.19)[0].min() > 0


def test_shifts_of_coefficients_are_the_released_sets():
    data = reference.load_csi_2021()
    np.testing.assert_allclose(reference.efficiency_set(1.0)[0], data.efficiency[1], rtol=2e-3)
    np.testing.assert_allclose(reference.efficiency_set(-1.0)[0], data.efficiency[2], rtol=2e-3)
    T = np.linspace(0.001, 0.045, 9)
    for z, row in (((1, 0), 1), ((-1, 0), 2), ((0, 1), 3), ((0, -1), 4)):
        expected = 1000 * T * np.polynomial.polynomial.polyval(T, data.light[row])
        np.testing.assert_allclose(reference.light(T, *z), expected, rtol=2e-4)


# --- time


def test_law_of_arrival_times():
    """A Gaussian with exponential delays, by SciPy's distribution and by a convolution."""
    t = np.array([0.1, 0.5, 1.0, 4.0])
    prompt = stats.exponnorm(0.0312 / 0.1475, loc=0.4673, scale=0.1475)
    norm = reference.arrival(t, "numu") / prompt.pdf(t)
    np.testing.assert_allclose(norm, 1.0, rtol=1e-12)

    def delayed(t):
        f = partial(integrate.quad, epsabs=1e-14, epsrel=1e-11, limit=200)
        return f(lambda s: prompt.pdf(t - s) * np.exp(-s / 2.196) / 2.196, max(t - 1.6, 0), t + 0.8)[0]

    beyond = np.exp(-(15 - 0.4673 - 0.0312) / 2.196)
    for when in t:
        expected = delayed(when) / (1 - beyond)
        assert float(reference.arrival(when, "nue")) == pytest.approx(expected, rel=1e-5)


def test_acceptance_in_time():
    shares = {c: float(reference.arrival_shares(c).sum()) for c in reference.COMPONENTS}
    assert {c: round(share, 3) for c, share in shares.items()} == {"numu": 0.997, "numubar": 0.848, "nue": 0.848}
    early = reference.arrival_shares("numu", -0.25).cumsum() - reference.arrival_shares("numu", 0.25).cumsum()
    assert early[:8].min() > 0
    with pytest.raises(UnknownNameError):
        reference.arrival(1.0, "nutau")


# --- events


def test_events_of_the_standard_model():
    energy = reference.energy_counts_csi_2021("sm")
    assert sum(E.sum() for E in energy.values()) == pytest.approx(375.4, abs=0.05)
    in_region = {c: E.sum() * reference.arrival_shares(c).sum() for c, E in energy.items()}
    assert in_region == {
        "numu": pytest.approx(51.0, abs=0.05),
        "numubar": pytest.approx(170.4, abs=0.05),
        "nue": pytest.approx(104.6, abs=0.05),
    }
    assert EVENTS("sm").sum() == pytest.approx(325.9, abs=0.05)


def test_radii_are_what_separates_it_from_the_published_number():
    def total(skin):
        changed = (n._replace(R_n=n.R_p + skin) for n in (reference.CS133, reference.I127))
        patched = dict(zip((reference.CS133, reference.I127), changed, strict=True))

        def sigma(E, T, nucleus, flavour):
            return reference.standard_model(E, T, patched[nucleus], flavour)

        return EVENTS(sigma).sum()

    assert total(0.0) == pytest.approx(349.2, abs=0.1)
    assert total(0.07) == pytest.approx(341.0, abs=0.1)


@pytest.mark.parametrize(
    ("z", "change"),
    [("z_eff", (11.3, -10.0)), ("z_q0", (0.9, -0.9)), ("z_q1", (-3.1, 3.1))],
)
def test_effect_of_one_standard_deviation(z, change):
    found = [100 * (EVENTS("sm", **{z: s}).sum() / EVENTS("sm").sum() - 1) for s in (1, -1)]
    assert found == pytest.approx(change, abs=0.06)


def test_cross_section_averaged_over_the_flux():
    total = 0.0
    for component in reference.COMPONENTS:
        for nucleus in (reference.CS133, reference.I127):
            T, weights = csi_2021._recoils(component, nucleus)
            total += weights @ reference.rate(T, nucleus, 1.0, "sm", method="fixed", components=(component,))
    assert total / 6 == pytest.approx(183.1e-40, abs=0.1e-40)


@pytest.mark.long
@pytest.mark.parametrize("point", [("sm",), ("lmu-ltau", 0.3, 1e-3), ("b-l", 50.0, 1e-4)])
def test_events_by_nested_adaptive_quadrature(point):
    shapes = {"z_eff": -0.5, "z_q0": 0.3, "z_q1": -1.0}
    adaptive = reference.energy_counts_csi_2021(*point, method="quad", **shapes)
    fixed = reference.energy_counts_csi_2021(*point, method="fixed", **shapes)
    for component, counts in fixed.items():
        np.testing.assert_allclose(counts, adaptive[component], rtol=1e-10)


def test_one_component_by_nested_adaptive_quadrature(monkeypatch):
    """One bin of the whole sum; the others take as long."""
    monkeypatch.setattr(csi_2021, "PE", csi_2021.PE[2:4])
    args = ("universal", 1.0, 2e-5, "helm")
    adaptive = csi_2021._by_quad("numu", *args, (0.0, 0.0, 0.0))
    monkeypatch.setattr(csi_2021, "COMPONENTS", ("numu",))
    fixed = reference.energy_counts_csi_2021(*args)["numu"]
    np.testing.assert_allclose(fixed, adaptive, rtol=1e-10)


def test_counts_are_quadratic_in_the_square_of_the_coupling():
    found = [EVENTS("b-l", 20.0, g) for g in 1e-4 * np.sqrt([0.0, 1.0, 2.0, 3.0])]
    assert np.abs(np.diff(found, 3, axis=0)).max() < 1e-11 * np.max(found)


# --- fits


def test_free_signal(free):
    """Beside the published 306 +- 20 events; what the page has in brackets follows with the simulated arrival times."""
    chi2, found = free
    fitted = {name: csi_2021.BACKGROUNDS[name] * (1 + found[name]) for name in csi_2021.BACKGROUNDS}
    assert found["counts"] == pytest.approx(309, abs=0.5)
    assert fitted == {
        "SSB": pytest.approx(1272, abs=0.5),
        "BRN": pytest.approx(17.1, abs=0.06),
        "NIN": pytest.approx(5.5, abs=0.05),
    }
    assert found["dt"] == pytest.approx(0.080, abs=0.005)
    assert 183.05 * (1 + found["signal"]) == pytest.approx(168.8, abs=0.5)
    none = CHI2("sm", scale=0.0)
    assert np.sqrt(none[0] - chi2) == pytest.approx(11.62, abs=0.01)


@pytest.mark.long
def test_error_of_the_cross_section(free):
    chi2, found = free
    best = 1 + found["signal"]

    def above(factor):
        return CHI2("sm", scale=factor, signal_sigma=0.10)[0] - chi2 - 1

    up, down = (optimize.brentq(above, *ends, xtol=1e-4) - best for ends in ((best, 1.5), (0.5, best)))
    assert 183.05 * up == pytest.approx(29.1, abs=0.15)
    assert 183.05 * down == pytest.approx(-24.8, abs=0.15)


def test_weak_angle():
    """Published 0.220 +0.028 -0.026."""

    def chi2(s2):
        model = partial(reference.weak_angle, sin2_theta_w=s2)
        return CHI2(model, shapes=(0, 0, 0, 0.08), signal_sigma=csi_2021.SIGNAL_SIGMA["core"])[0]

    best = optimize.minimize_scalar(chi2, bounds=(0.15, 0.35), options={"xatol": 1e-6})
    up, down = (optimize.brentq(lambda s: chi2(s) - best.fun - 1, *e) for e in ((best.x, 0.35), (0.1, best.x)))
    assert (best.x, up - best.x, down - best.x) == pytest.approx((0.231, 0.027, -0.024), abs=1e-3)


def test_full_is_what_core_is_with_shapes_held():
    sigma = csi_2021.SIGNAL_SIGMA["core"]
    assert (
        CHI2("b-l", 10.0, 5e-5, systematics="core")[0]
        == CHI2("b-l", 10.0, 5e-5, shapes=np.zeros(4), signal_sigma=sigma)[0]
    )
    with pytest.raises(UnknownNameError):
        CHI2("sm", systematics="none")


@pytest.mark.long
@pytest.mark.parametrize("point", [("sm",), ("b-l", 0.1, 1e-4), ("universal", 10.0, 3e-5), ("universal", 10.0, 1e-3)])
def test_more_starts_find_nothing_lower(point, monkeypatch):
    chi2 = CHI2(*point)[0]
    low, high = np.transpose(csi_2021.BOUNDS) * [[0.4, 0.4, 0.4, 0.9]]
    rng = np.random.default_rng(20210)
    monkeypatch.setattr(csi_2021, "STARTS", rng.uniform(low, high, (16, 4)))
    assert CHI2(*point)[0] == pytest.approx(chi2, abs=1e-7)
