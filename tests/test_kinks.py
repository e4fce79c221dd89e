"""Slopes of chi2 in the quenching scale that jump where a spectrum's end meets a step: scalars and magnetic moments."""

import numpy as np
import pytest

from cevns import Experiment, Likelihood, fluxes
from cevns.detectors import PolynomialQuenching, Response
from cevns.interactions import get_interaction
from cevns.nuclei import Target

NSI = ("eps_u_ee", "eps_d_ee", "eps_u_mumu", "eps_d_mumu", "eps_u_emu")


@pytest.fixture(scope="module")
def lines():
    """Two lines on argon, of which recoils end inside the bins; data that no quenching scale fits."""
    flux = fluxes.monochromatic(30.0, fluence=1e15, flavour="mu") + fluxes.monochromatic(
        25.0, fluence=5e14, flavour="e"
    )
    target = Target.of({"Ar-40": 1}, molar_mass=39.962383, mass=10.0)
    response = Response(PolynomialQuenching((0.25,)), np.array([3, 5, 7, 8, 9, 9.5, 10.0, 10.7, 11.3, 12.0]) / 2)
    flat = np.ones(response.bins)
    bare = Experiment("lines", flux, target, response, flat, flat, signal_sigma=0.1, quenching_sigma=0.06)
    signal = bare.predict("sm").signal
    wiggles = 1 + 0.4 * np.sin(2.0 * np.arange(signal.size))
    return bare.replace(observed=signal * wiggles, uncertainty=np.sqrt(signal + 0.01 * signal.max()))


def dense(experiment, mass, couplings, etas=1501):
    """chi2 of a scalar on a line of eta, counts exact at each, shape (couplings, etas)."""
    sigma = np.array(experiment.uncertainty)
    backgrounds = np.array([b.counts for b in experiment.backgrounds]).reshape(-1, sigma.size) / sigma
    scaled = np.array([b.sigma for b in experiment.backgrounds])[:, None] * backgrounds
    data = np.array(experiment.observed) / sigma - backgrounds.sum(axis=0)
    inverse = np.linalg.inv(np.eye(sigma.size) + scaled.T @ scaled)
    pull = experiment.signal_sigma**-2
    line = np.linspace(*experiment.signal.eta_range, etas)
    # a scalar adds what grows with the fourth power of its coupling
    ends = [[experiment.predict("scalar", mass, g, eta=eta).signal for eta in line.tolist()] for g in (0.0, 1e-4)]
    none, most = np.array(ends) / sigma
    y = (np.array(couplings) / 1e-4)[:, None, None] ** 4
    counts = none + y * (most - none)
    u = counts @ (inverse @ data) + pull
    v = np.einsum("gei,ij,gej->ge", counts, inverse, counts) + pull
    return data @ inverse @ data + pull - u**2 / v + ((line - 1) / experiment.quenching_sigma) ** 2


def wells(chi2):
    """Return the values of all minima on a line, ascending."""
    return np.sort(chi2[1:-1][(chi2[1:-1] < chi2[:-2]) & (chi2[1:-1] < chi2[2:])])


def term(likelihood, model, **kwargs):
    return likelihood.bind(model, **kwargs).engine.prepare().terms[0]


# --- what is known of the data sets


@pytest.mark.parametrize(
    ("model", "kinked"),
    [("universal", False), ("b-l", False), ("scalar", True), ("magnetic-moment", True), ("millicharge", False)],
)
def test_csi_is_convex_but_for_the_kinks_of_spectra_that_jump(csi, model, kinked):
    found = term(csi, model)
    assert (found.searched, found.kinked) == (False, kinked)


def test_couplings_without_an_end_are_sampled_where_they_matter(csi):
    """Neither a range of 1 Bohr magneton, a billion times what is seen, nor one of 1e10 says where to look."""
    assert not term(csi, "charge-radius").searched
    others = {name: 0.0 for name in csi.own_parameters("nsi") if name not in NSI}
    assert not term(csi, "nsi", **others).searched
    assert not term(csi, "nsi", free=["rn_csi"], **others).searched
    assert term(csi, "magnetic-moment", mu_tau=0.0).kinked
    assert term(csi, "magnetic-moment", mu_mu=0.0).kinked is False


def test_a_few_points_do_not_pay_for_many_samples(csi):
    others = {name: 0.0 for name in csi.own_parameters("nsi") if name not in NSI}
    chi2 = csi.replace(name="fresh").bind("nsi", **others)
    values = [chi2(0.1, 0.0, 0.0, 0.0, 0.0) for _ in range(100)]
    assert chi2.engine.terms[0].searched
    chi2.engine.prepare()
    assert not chi2.engine.terms[0].searched
    assert chi2(0.1, 0.0, 0.0, 0.0, 0.0) == pytest.approx(values[0], rel=1e-12)


# --- the least minimum


@pytest.mark.parametrize("mass", [1.0, 30.0, 300.0])
def test_csi_has_the_least_chi2_over_all_eta(csi, mass):
    chi2 = csi.bind("scalar")
    chi2.engine.prepare()
    scale = 2e-5 * np.sqrt(1 + (mass / 40.0) ** 2)
    couplings = scale * np.geomspace(0.2, 50.0, 60)
    expected = dense(csi, mass, couplings, 601).min(axis=1)
    found = np.array([chi2(mass, g) for g in couplings.tolist()])
    assert (found < expected + 1e-8).all()
    assert (found > expected - 2e-4).all()


def test_the_lower_of_two_minima_beside_a_kink(csi):
    """Whichever of them a search comes upon first, with the couplings before it ascending or descending."""
    couplings = np.geomspace(2.5e-5, 6e-5, 40)
    chi2 = csi.bind("scalar")
    assert chi2.engine.prepare().terms[0].kinked
    ascending = csi.chi2("scalar", 10.0, couplings)
    descending = csi.chi2("scalar", 10.0, couplings[::-1])[::-1]
    alone = np.array([chi2(10.0, g) for g in couplings.tolist()])
    depths, seen = [], 0
    for i, line in enumerate(dense(csi, 10.0, couplings)):
        found = wells(line)
        if found.size > 1:
            seen += 1
            depths.append(found[1] - found[0])
        for value in (ascending[i], descending[i], alone[i]):
            assert found[0] - 2e-4 < value < found[0] + 1e-7
    assert seen > 10, "there is nothing to choose from"
    assert max(depths) > 0.05


# --- one point, one value


@pytest.mark.parametrize("model", ["scalar", "lmu-ltau"])
@pytest.mark.parametrize("which", ["csi", "lines", "both"])
def test_all_ways_to_a_mediators_chi2_agree(request, csi, lines, which, model):
    likelihood = {"csi": csi, "lines": lines, "both": Likelihood([csi, lines])}[which]
    masses, couplings = np.geomspace(0.3, 3e3, 9), np.geomspace(1e-7, 1e-1, 241)
    chi2 = likelihood.replace().bind(model) if which != "both" else likelihood.bind(model)
    first = chi2(masses[3], couplings[100])
    chi2.engine.prepare()
    alone = np.array([[chi2(m, g) for g in couplings.tolist()] for m in masses.tolist()])
    assert first == pytest.approx(alone[3, 100], rel=1e-11)
    order = np.random.default_rng(3).permutation(alone.size)
    m, g = (x.ravel()[order] for x in np.broadcast_arrays(masses[:, None], couplings))
    shuffled = np.empty(alone.size)
    shuffled[order] = likelihood.chi2(model, m, g)
    ways = {
        "grid": likelihood.scan(model, masses, couplings).chi2,
        "descending": likelihood.chi2(model, masses[:, None], couplings[::-1])[:, ::-1],
        "every third": np.concatenate(
            [likelihood.chi2(model, masses[:, None], couplings[k::3]) for k in range(3)], axis=1
        )[:, np.argsort(np.concatenate([np.arange(k, 241, 3) for k in range(3)]))],
        "shuffled": shuffled.reshape(alone.shape),
        "pulls": np.array([[likelihood.pulls(model, m, g).chi2 for g in couplings.tolist()] for m in masses.tolist()]),
        "gradient": np.array([[chi2.gradient(m, g)[0] for g in couplings.tolist()] for m in masses.tolist()]),
    }
    for name, values in ways.items():
        np.testing.assert_allclose(values, alone, rtol=1e-10, atol=1e-10, err_msg=name)


def test_rows_of_two_moments_agree_with_points(csi):
    moments = np.geomspace(1e-10, 1e-8, 60)
    alone = csi.bind("magnetic-moment")
    expected = np.array([[alone(x, y, 0.0) for y in moments.tolist()] for x in moments.tolist()])
    found = csi.chi2("magnetic-moment", mu_e=moments[:, None], mu_mu=moments, mu_tau=0.0)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_limits_stand_where_chi2_crosses_the_level(csi):
    fit = csi.best_fit("scalar")
    curve = csi.limit("scalar", [1.0, 30.0, 300.0], reference=fit)
    couplings = np.geomspace(1e-7, 1e-2, 2000)
    for mass, intervals in zip(curve.mass.tolist(), curve.excluded, strict=True):
        for edge in intervals[np.isfinite(intervals) & (intervals > 0)]:
            assert csi.chi2("scalar", mass, edge) - fit.chi2 == pytest.approx(curve.delta_chi2, abs=1e-7)
        above = csi.chi2("scalar", mass, couplings) > fit.chi2 + curve.delta_chi2
        inside = ((couplings >= intervals[:, :1]) & (couplings <= intervals[:, 1:])).any(axis=0)
        np.testing.assert_array_equal(inside, above)


def test_interactions_that_add_keep_their_kinks(csi):
    """Charge radii have none, moments have: sampled together with others that may be far larger."""
    model = get_interaction("magnetic-moment") + get_interaction("charge-radius")
    others = {"mu_e": 0.0, "mu_tau": 0.0}
    found = term(csi, model, **others)
    assert (found.searched, found.kinked) == (False, True)
    chi2 = csi.bind(model, **others)
    alone = csi.bind("magnetic-moment", mu_e=0.0, mu_tau=0.0)
    default = {p.name: p.default for p in chi2.parameters}
    for mu in np.geomspace(3e-10, 1e-8, 30).tolist():
        values = {name: 0.0 if value is None else value for name, value in default.items()} | {"mu_mu": mu}
        assert chi2(**values) == pytest.approx(alone(mu), rel=1e-7)
