"""Nuisances that experiments share by name."""

import numpy as np
import pytest
from scipy.optimize import least_squares

import cevns
from cevns.errors import InputError
from cevns.likelihoods import Background, Nuisance

FLUX = Nuisance("flux", 0.1)
POINTS = [("sm", {}), ("b-l", {"mass": 10.0, "coupling": 5e-5}), ("universal", {"mass": 300.0, "coupling": 6e-4})]


@pytest.fixture(scope="module")
def csi():
    return cevns.load("coherent-csi-2017").replace(nuisances=[FLUX])


@pytest.fixture(scope="module")
def argon():
    return cevns.load("coherent-argon-2020").replace(nuisances=[FLUX])


def least_by_brute_force(experiments, model, values):
    """chi2 minimised by `scipy.optimize` over every nuisance at once: flux, normalisations, backgrounds, quenching."""

    def residuals(x):
        flux, rest = x[0], list(x[1:])
        out = [flux / FLUX.sigma]
        for e in experiments:
            own = rest.pop(0)
            eta = 1 + rest.pop(0) if e.quenching_sigma else 1.0
            counts = e.predict(model, **values, eta=eta).signal * (1 + flux + own)
            out.append(own / e.signal_sigma)
            if e.quenching_sigma:
                out.append((eta - 1) / e.quenching_sigma)
            for b in e.backgrounds:
                shift = rest.pop(0)
                counts = counts + (1 + shift) * np.array(b.counts)
                out.append(shift / b.sigma)
            out.extend((np.array(e.observed) - counts) / np.array(e.uncertainty))
        return np.array(out)

    size = 1 + sum(1 + bool(e.quenching_sigma) + len(e.backgrounds) for e in experiments)
    return 2 * least_squares(residuals, np.zeros(size), xtol=1e-12, ftol=1e-14, gtol=1e-12).cost


@pytest.mark.parametrize(("model", "values"), POINTS)
def test_a_shared_normalisation_is_the_least_over_everything_at_once(csi, argon, model, values):
    found = (csi + argon).chi2(model, **values)
    assert found == pytest.approx(least_by_brute_force([csi, argon], model, values), abs=2e-7)
    # it binds the two together
    assert abs(found - csi.chi2(model, **values) - argon.chi2(model, **values)) > 1e-3


@pytest.mark.parametrize(("model", "values"), POINTS)
def test_in_one_experiment_it_adds_in_quadrature(csi, argon, model, values):
    for e in (csi, argon):
        plain = e.replace(nuisances=(), signal_sigma=float(np.hypot(e.signal_sigma, FLUX.sigma)))
        assert e.chi2(model, **values) == pytest.approx(plain.chi2(model, **values), abs=1e-9)


def test_names_that_differ_share_nothing(csi, argon):
    other = argon.replace(nuisances=[Nuisance("another flux", 0.1)])
    assert (csi + other).chi2("sm") == pytest.approx(csi.chi2("sm") + argon.chi2("sm"), abs=1e-10)


def test_several_shared_nuisances(csi, argon):
    """Two with the same members are one with their sum in quadrature."""
    two = [Nuisance("flux", 0.08), Nuisance("distance", 0.06)]
    both = csi.replace(nuisances=two) + argon.replace(nuisances=two)
    for model, values in POINTS:
        assert both.chi2(model, **values) == pytest.approx((csi + argon).chi2(model, **values), abs=1e-9)


def test_points_rows_grids_limits_and_callables_agree(csi, argon):
    both = csi + argon
    chi2 = both.bind("b-l")
    masses, couplings = np.geomspace(1, 1e3, 4), np.geomspace(1e-6, 1e-3, 9)
    grid = both.scan("b-l", masses, couplings).chi2
    points = [[chi2(float(m), float(g)) for g in couplings] for m in masses]
    np.testing.assert_allclose(grid, points, rtol=0, atol=1e-9 * grid.max())
    limit = both.limit("b-l", masses)
    for mass, intervals in zip(limit.mass, limit.excluded, strict=True):
        for edge in intervals.ravel():
            if 0 < edge < np.inf:
                assert chi2(float(mass), float(edge)) == pytest.approx(limit.chi2_min + limit.delta_chi2, abs=1e-6)
    assert min(grid.ravel()) >= both.best_fit("b-l").chi2 - 1e-9


def test_pulls_rebuild_chi2(csi, argon):
    both = csi + argon
    profile = both.pulls("b-l", 10.0, 5e-5)
    assert profile.chi2 == pytest.approx(both.chi2("b-l", 10.0, 5e-5), abs=1e-10)
    flux = profile.shared["flux"]
    total = (flux / FLUX.sigma) ** 2
    for e in both.experiments:
        pulls = profile.experiments[e.name]["pulls"]
        signal = e.predict("b-l", 10.0, 5e-5, eta=1 + pulls.get("quenching", 0.0)).signal
        counts = (1 + flux + pulls["signal"]) * signal
        part = (pulls["signal"] / e.signal_sigma) ** 2
        if e.quenching_sigma:
            part += (pulls["quenching"] / e.quenching_sigma) ** 2
        for b in e.backgrounds:
            counts = counts + (1 + pulls[b.name]) * np.array(b.counts)
            part += (pulls[b.name] / b.sigma) ** 2
        part += (((np.array(e.observed) - counts) / np.array(e.uncertainty)) ** 2).sum()
        assert part == pytest.approx(profile.experiments[e.name]["chi2"], abs=1e-8)
        total += part
    assert total == pytest.approx(profile.chi2, abs=1e-8)


@pytest.mark.parametrize("seed", range(8))
def test_a_normalisation_in_two_parts_is_one_where_there_are_many_wells(csi, seed):
    """With a wide quenching scale and sharp data chi2 has many minima in it, and the parts move between them."""
    rng = np.random.default_rng(seed)
    wide = csi.replace(quenching_sigma=0.2 + 0.05 * (seed % 4), nuisances=())
    uncertainty = 0.3 * np.array(csi.uncertainty)
    toy = wide.with_data(csi.predict("sm").total + uncertainty * rng.normal(size=12), uncertainty)
    parts = toy.replace(signal_sigma=(toy.signal_sigma**2 - 0.01) ** 0.5, nuisances=[Nuisance("part", 0.1)])
    coupling = np.geomspace(1e-5, 3e-3, 25)
    expected = toy.chi2("universal", mass=30.0, coupling=coupling)
    assert parts.chi2("universal", mass=30.0, coupling=coupling) == pytest.approx(expected, rel=1e-8)
    assert parts.pulls("universal", 30.0, 2e-4).chi2 == pytest.approx(toy.chi2("universal", 30.0, 2e-4), rel=1e-8)


def test_wells_of_two_experiments_are_searched_together(csi):
    """Against a grid of both quenching scales, at each point of which all other nuisances are a straight line's."""
    uncertainty = 0.4 * np.array(csi.uncertainty)
    shared = Nuisance("part", 0.2)
    pair = []
    for seed in (3, 4):
        observed = csi.predict("sm").total + uncertainty * np.random.default_rng(seed).normal(size=12)
        toy = csi.replace(name=f"toy {seed}", quenching_sigma=0.25, nuisances=[shared])
        pair.append(toy.with_data(observed, uncertainty))
    both = pair[0] + pair[1]

    def line(e, etas, coupling):
        # chi2 is a + p (c - s)^2 for the centre c of the signal's normalisation
        n = np.array([e.predict("universal", 30.0, coupling, eta=eta).signal for eta in etas.tolist()]) / uncertainty
        counts = [np.array(b.counts) / uncertainty for b in e.backgrounds]
        data = np.array(e.observed) / uncertainty - sum(counts)
        inverse = np.linalg.inv(
            np.eye(12) + sum(b.sigma**2 * np.outer(c, c) for b, c in zip(e.backgrounds, counts, strict=True))
        )
        u, v, k = n @ inverse @ data, np.einsum("ei,ij,ej->e", n, inverse, n), e.signal_sigma**-2
        return data @ inverse @ data - u * u / v + ((etas - 1) / e.quenching_sigma) ** 2, k * v / (k + v), u / v

    def least(coupling, ranges):
        grids = [np.linspace(*ends, 301) for ends in ranges]
        (a, p, s), (b, q, t) = (line(e, etas, coupling) for e, etas in zip(pair, grids, strict=True))
        a, p, s = (x[:, None] for x in (a, p, s))
        shift = (p * (s - 1) + q * (t - 1)) / (p + q + shared.sigma**-2)
        total = a + b + p * (1 + shift - s) ** 2 + q * (1 + shift - t) ** 2 + (shift / shared.sigma) ** 2
        at = np.unravel_index(total.argmin(), total.shape)
        return total.min(), [(grid[i] - 0.006, grid[i] + 0.006) for grid, i in zip(grids, at, strict=True)]

    for coupling in (2e-4, 1e-3):
        _, near = least(coupling, [(0.25, 2.25)] * 2)
        found, _ = least(coupling, near)
        assert found - 1e-3 <= both.chi2("universal", 30.0, coupling) <= found + 1e-9


def test_what_does_not_fit_together_is_refused(csi, argon):
    with pytest.raises(InputError, match=r"nuisance 'flux' has the uncertainty 0\.1 in one experiment and 0\.2"):
        csi + argon.replace(nuisances=[Nuisance("flux", 0.2)])
    with pytest.raises(InputError, match="names of nuisances must differ"):
        csi.replace(nuisances=[FLUX, FLUX])
    with pytest.raises(InputError, match="sigma of 'flux'"):
        Nuisance("flux", 12.0)


@pytest.mark.parametrize("name", ["signal", "quenching"])
def test_no_background_has_the_name_of_another_pull(name):
    with pytest.raises(InputError, match=f"name of a background = '{name}' is not allowed: .*choose another name"):
        Background(name, [1.0, 2.0], 0.1)
