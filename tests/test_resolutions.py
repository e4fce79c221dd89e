"""Resolutions beyond the square root, against quadrature and other arithmetic."""

import itertools

import mpmath
import numpy as np
import pytest
from scipy import special, stats

from cevns.detectors import (
    Efficiency,
    EfficiencyFunction,
    GammaResolution,
    GaussianResolution,
    LogisticEfficiency,
    PoissonResolution,
    PolynomialQuenching,
    Response,
    TabulatedResolution,
)
from cevns.errors import InputError
from cevns.fluxes import monochromatic, pion_decay_at_rest
from cevns.kernels.weights import poisson_tails
from cevns.nuclei import Target
from cevns.predictions import Signal, recoil_spectrum

FLUX = pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e23, distance=20.0)
TARGET = Target.of({"Ar-40": 1}, mass=20.0)
PERFECT = Efficiency.perfect()
EDGES = (0.5, 1.0, 2.0, 4.0, 8.0)

NORMAL = {
    "noise": (GaussianResolution(0.0, constant=0.3), lambda x: 0.3 + 0 * x),
    "noise and quanta": (GaussianResolution(0.4, constant=0.3), lambda x: np.sqrt(0.09 + 0.16 * x)),
    "linear": (GaussianResolution(0.0, linear=0.1), lambda x: 0.1 * x),
    "all": (GaussianResolution(0.4, constant=0.2, linear=0.2), lambda x: np.sqrt(0.04 + 0.16 * x + 0.04 * x * x)),
    "table": (
        TabulatedResolution([0.5, 2.0, 6.0], [0.2, 0.3, 0.9]),
        lambda x: np.interp(x, [0.5, 2, 6], [0.2, 0.3, 0.9]),
    ),
}
DENSITIES = {name: (r, lambda x, s=s: stats.norm(x, s(x))) for name, (r, s) in NORMAL.items()} | {
    "root": (GaussianResolution(0.4), lambda x: stats.norm(x, 0.4 * np.sqrt(x))),
    "gamma": (GammaResolution(2.0, 1.5), lambda x: stats.gamma(1.5 + 2 * x, scale=x / (1.5 + 2 * x))),
    "gamma, exponential": (GammaResolution(0.0), lambda x: stats.gamma(1.0, scale=x)),
}


@pytest.fixture(params=DENSITIES)
def case(request):
    return DENSITIES[request.param]


def test_shares_are_integrals_of_the_density(case):
    resolution, law = case
    x, low, high = np.array([0.05, 0.9, 3.0, 7.0]), np.array([0.5, 1.3, 6.0]), np.array([1.3, 6.0, 6.01])
    expected = [[law(t).cdf(b) - law(t).cdf(a) for t in x] for a, b in zip(low, high, strict=True)]
    np.testing.assert_allclose(resolution.accepted(x, low, high, PERFECT), expected, rtol=1e-9, atol=1e-14)
    y = np.array([0.2, 1.0, 2.5, 8.0])
    np.testing.assert_allclose(
        resolution.density(x, y), [[law(t).pdf(v) for t in x] for v in y], rtol=1e-11, atol=1e-250
    )


SLOPES = Efficiency([0.4, 1.2, 5.0], [0.1, 0.7, 0.9])
LOGISTIC = LogisticEfficiency(1.3, 1.4, 1.8, -0.3)
STEEP = EfficiencyFunction(lambda x: 0.5 * (1 + np.tanh(80 * (x - 1.7))), [0.6])


@pytest.mark.parametrize("efficiency", [SLOPES, LOGISTIC, STEEP], ids=["lines", "logistic", "steep"])
def test_acceptance_is_the_integral_of_efficiency_times_density(case, efficiency):
    resolution, law = case
    x, edges = np.array([0.02, 0.5, 1.6, 4.0, 11.0]), np.array(EDGES)
    found = Response(PolynomialQuenching((0.2,)), edges, efficiency=efficiency, resolution=resolution).acceptance(x)
    cuts = {*EDGES, *efficiency.x, *np.linspace(0.5, 8.0, 151).tolist()}
    nodes, weights = np.polynomial.legendre.leggauss(20)
    for i, t in enumerate(x):
        sigma = law(t).std()
        own = sorted({*cuts, *(t + sigma * np.arange(-8, 9)).tolist()})
        own = [cut for cut in own if 0.5 <= cut <= 8]
        half, middle = 0.5 * np.diff(own)[:, None], 0.5 * np.add(own[1:], own[:-1])[:, None]
        y = middle + half * nodes
        parts = (half * weights * efficiency(y) * law(t).pdf(y)).sum(axis=1)
        places = np.searchsorted(edges, own[:-1], side="right") - 1
        expected = np.bincount(places, parts, minlength=4)
        np.testing.assert_allclose(found[:, i], expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("efficiency", [PERFECT, SLOPES, LOGISTIC], ids=["perfect", "lines", "logistic"])
def test_counts_are_integrals_over_recoils(case, efficiency):
    """Trapezoids of 8 000 recoils for the sum over recoils, SciPy's distributions for that over what is observed."""
    resolution, law = case
    flux = monochromatic(30.0, fluence=1e14, flavour="mu")
    response = Response(PolynomialQuenching((0.1, 4e-4)), EDGES, efficiency=efficiency, resolution=resolution)
    counts = Signal(flux, TARGET, response).counts("sm")
    end = 2e3 * 30.0**2 / TARGET.nuclei[0].mass
    t = np.linspace(0, end, 8_001)
    t = 0.5 * (t[1:] + t[:-1])
    rate = recoil_spectrum("sm", flux, TARGET, t) * (end / t.size)
    x = response.observable(t)
    nodes, weights = np.polynomial.legendre.leggauss(12)
    expected = []
    for low, high in itertools.pairwise(EDGES):
        ends = sorted({low, high, *(k for k in efficiency.x if low < k < high), *np.linspace(low, high, 9).tolist()})
        total = 0.0
        for a, b in itertools.pairwise(ends):
            y = 0.5 * (a + b) + 0.5 * (b - a) * nodes
            own = 0.5 * (b - a) * weights * efficiency(y)
            total += sum(w * (rate * law(x).pdf(v)).sum() for w, v in zip(own, y, strict=True))
        expected.append(total)
    np.testing.assert_allclose(counts, expected, rtol=1e-6)


def test_noise_observes_recoils_of_nothing():
    noise = GaussianResolution(0.2, constant=0.3)
    assert noise.reach(0.5, 4.0)[0] == 0.0
    assert noise.rise(0.5) == 0.0
    np.testing.assert_allclose(
        noise.accepted(np.zeros(1), np.array([0.5]), np.array([1.0]), PERFECT)[0, 0],
        stats.norm.cdf(1, scale=0.3) - stats.norm.cdf(0.5, scale=0.3),
        rtol=1e-13,
    )
    # and far above it not
    low, _ = noise.reach(6.0, 9.0)
    assert low > 0.5
    assert noise.rise(6.0) == np.inf
    np.testing.assert_allclose((6.0 - low) / noise.width(low), 8.5, rtol=1e-12)


@pytest.mark.parametrize(
    ("resolution", "diverges"),
    [
        (GaussianResolution(0.2), False),
        (GaussianResolution(0.2, constant=0.1), True),
        (GaussianResolution(0.2, constant=0.05), False),
        (TabulatedResolution([1.0], [0.2]), True),
        (GammaResolution(2.0), False),
    ],
)
def test_light_mediators_diverge_where_nothing_is_observed_as_something(resolution, diverges):
    response = Response(PolynomialQuenching((0.2,)), EDGES, resolution=resolution)
    signal = Signal(FLUX, TARGET, response)
    assert (signal.smallest_mass > 0) is diverges
    if diverges:
        with pytest.raises(InputError, match="mass"):
            signal.counts("b-l", mass=0.0, coupling=1e-5)
    counts = signal.counts("b-l", mass=5.0, coupling=5e-5)
    assert np.isfinite(counts).all()


@pytest.mark.parametrize("name", NORMAL)
@pytest.mark.parametrize(("low", "high"), [(0.01, 0.2), (1.0, 3.0), (5.0, 40.0)])
def test_reach_is_where_the_tails_end(name, low, high):
    resolution, sigma = NORMAL[name]
    first, last = resolution.reach(low, high)
    if first > 0:
        np.testing.assert_allclose(first + 8.5 * sigma(first), low, rtol=1e-10)
    else:
        assert 8.5 * sigma(0.0) >= low
    if np.isfinite(last):
        np.testing.assert_allclose(last - 8.5 * sigma(last), high, rtol=1e-10)
    else:
        # so wide at every value that all of them may be observed below
        assert 1e9 - 8.5 * sigma(1e9) < high


@pytest.mark.parametrize(("low", "high"), [(0.01, 0.2), (1.0, 3.0), (7.0, 40.0)])
@pytest.mark.parametrize("resolution", [GammaResolution(0.716), GammaResolution(0.0, 30.0)], ids=str)
def test_reach_of_a_gamma_density(resolution, low, high):
    first, last = resolution.reach(low, high)
    assert 0 < first < low
    assert high < last
    k = resolution.shape_offset + resolution.shape_slope * np.array([first, last])
    np.testing.assert_allclose(stats.gamma.sf(low, k[0], scale=first / k[0]), 1e-16, rtol=1e-6)
    np.testing.assert_allclose(stats.gamma.cdf(high, k[1], scale=last / k[1]), 1e-16, rtol=1e-6)


@pytest.mark.parametrize(
    ("x", "low", "high"), [(4.0, 30.0, 45.0), (60.0, 2.0, 9.0), (0.7, 15.0, 16.0), (2e4, 2.05e4, 2.06e4)]
)
def test_tails_of_a_gamma_density_keep_their_digits(x, low, high):
    slope = mpmath.mpf("0.716")
    mpmath.mp.dps, before = 60, mpmath.mp.dps
    k = 1 + slope * mpmath.mpf(x)
    r = k / mpmath.mpf(x)
    expected = mpmath.gammainc(k, r * low, r * high, regularized=True)
    density = r**k * mpmath.mpf(low) ** (k - 1) * mpmath.exp(-r * low) / mpmath.gamma(k)
    mpmath.mp.dps = before
    resolution = GammaResolution(0.716)
    found = resolution.accepted(np.array([x]), np.array([low]), np.array([high]), PERFECT)[0, 0]
    assert found == pytest.approx(float(expected), rel=1e-10, abs=1e-300)
    assert resolution.density(np.array([x]), np.array([low]))[0, 0] == pytest.approx(float(density), rel=1e-11)


def test_mean_and_width_of_a_gamma_density():
    resolution, x = GammaResolution(0.716, 1.0), np.array([0.3, 5.0, 40.0])
    y = np.linspace(0, 400, 400_001)
    y = 0.5 * (y[1:] + y[:-1])
    density = resolution.density(x, y) * 1e-3
    np.testing.assert_allclose(density.sum(axis=0), 1, rtol=1e-4)
    mean = (density * y[:, None]).sum(axis=0)
    np.testing.assert_allclose(mean, x, rtol=1e-4)
    np.testing.assert_allclose(
        np.sqrt((density * (y[:, None] - mean) ** 2).sum(axis=0)), resolution.width(x), rtol=1e-4
    )


def test_a_gamma_density_of_many_quanta_is_nearly_poisson():
    x = np.array([900.0, 1000.0])
    edges = np.array([880.0, 950.0, 1010.0])
    gamma = GammaResolution(1.0).accepted(x, edges[:-1], edges[1:], PERFECT)
    poisson = PoissonResolution().accepted(x, edges[:-1], edges[1:], PERFECT)
    np.testing.assert_allclose(gamma, poisson, atol=0.02)


def test_whole_numbers_with_a_smooth_efficiency_are_summed():
    x, edges = np.array([0.5, 6.0, 13.0, 40.0]), (3.0, 14.5, 100.0)
    efficiency = LogisticEfficiency(1.1, 0.3, 11.0, -0.2)
    response = Response(PolynomialQuenching((0.2,)), edges, efficiency=efficiency, resolution=PoissonResolution())
    n = np.arange(3, 100)
    terms = stats.poisson.pmf(n, x[:, None]) * efficiency(n)
    expected = [terms[:, n < 14.5].sum(axis=1), terms[:, n > 14.5].sum(axis=1)]
    np.testing.assert_allclose(response.acceptance(x), expected, rtol=1e-11, atol=1e-15)


def test_too_many_whole_numbers_are_refused():
    response = Response(
        PolynomialQuenching((0.2,)),
        [1e9, 5e9],
        light_yield=1e9,
        efficiency=EfficiencyFunction(lambda x: 0.5 + 0 * x),
        resolution=PoissonResolution(),
    )
    with pytest.raises(InputError, match="at most 200000"):
        response.acceptance(np.geomspace(1e9, 5e9, 50))


@pytest.mark.parametrize("sigma", [1e-9, 1e-5, 1e-2])
def test_a_smooth_efficiency_seen_by_a_narrow_resolution_is_that_seen_by_none(sigma):
    options = {"edges": np.linspace(1.0, 8.0, 6), "efficiency": LOGISTIC}
    sharp, narrow = (
        Signal(FLUX, TARGET, Response(PolynomialQuenching((0.2,)), **options, resolution=r)).counts("sm")
        for r in (None, GaussianResolution(0.0, constant=sigma))
    )
    np.testing.assert_allclose(narrow, sharp, rtol=1e-7 + 3 * sigma**2)


@pytest.mark.parametrize("linear", [1e-3, 0.14, 1.1])
def test_widths_in_proportion_are_followed_down_to_nothing(linear):
    resolution, edges = GaussianResolution(linear=linear), [0.0, 1.0, 4.0, 9.0]
    assert resolution.reach(0.0, 9.0)[0] == 0
    assert resolution.width(1e-300) > 0
    smooth, table = (
        Signal(FLUX, TARGET, Response(PolynomialQuenching((0.2,)), edges, efficiency=e, resolution=resolution))
        for e in (EfficiencyFunction(lambda x: 0.1 + 0.05 * x), Efficiency([0.0, 9.0], [0.1, 0.55], kind="points"))
    )
    np.testing.assert_allclose(smooth.counts("sm"), table.counts("sm"), rtol=1e-9)


@pytest.mark.parametrize("seed", range(40))
def test_any_resolution_makes_the_same_of_straight_lines_as_the_closed_form(seed):
    rng = np.random.default_rng(seed)
    top = 10 ** rng.uniform(-1, 3)
    edges = np.cumsum(rng.uniform(0.02, 0.2, 6)) * top

    def size(low, high):
        return 10 ** rng.uniform(low, high)

    resolution = [
        GaussianResolution(size(-3, 1) * top**0.5, constant=size(-4, 0) * top),
        GaussianResolution(constant=size(-4, 1) * top),
        GaussianResolution(size(-3, 0) * top**0.5, size(-4, 0) * top, size(-3, 0.5)),
        TabulatedResolution(np.sort(rng.uniform(0, top, 4)), size(-3, 0) * top * rng.uniform(0.1, 1, 4)),
        GammaResolution(size(-2, 4) / top, size(-1.9, 3)),
    ][seed % 5]
    efficiency = Efficiency(np.sort(rng.uniform(0, 1.2 * top, 4)), rng.uniform(0, 1, 4), kind="points")
    x = np.concatenate([[0.0], np.sort(rng.uniform(0, 1.5 * top, 100))])
    response = Response(PolynomialQuenching((0.2,)), edges, efficiency=efficiency, resolution=resolution)
    np.testing.assert_allclose(resolution.smeared(x, edges, efficiency), response.acceptance(x), rtol=0, atol=1e-10)


def test_a_constant_width_is_a_table_of_one_row():
    x, ends = np.linspace(0.0, 9.0, 30), np.array(EDGES)
    table, noise = TabulatedResolution([3.0], [0.3]), GaussianResolution(0.0, constant=0.3)
    found = [r.accepted(x, ends[:-1], ends[1:], PERFECT) for r in (table, noise)]
    np.testing.assert_allclose(*found, rtol=1e-13)
    assert table.reach(1.0, 4.0) == pytest.approx(noise.reach(1.0, 4.0))
    assert table.rise(1.0) == noise.rise(1.0) == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GaussianResolution(), r"a = 0\.0"),
        (lambda: GaussianResolution(0.3, constant=-0.1), "constant = -0.1"),
        (lambda: GaussianResolution(0.3, linear=np.nan), "linear = nan"),
        (lambda: GaussianResolution(0.3, constant=1e-12), "constant = 1e-12"),
        (lambda: GaussianResolution("0.3", linear=0.1), "a"),
        (lambda: TabulatedResolution([1.0, 0.5], [0.1, 0.2]), "x must ascend"),
        (lambda: TabulatedResolution([1.0, 2.0], [0.1]), "sigma must have length 2"),
        (lambda: TabulatedResolution([1.0, 2.0], [0.1, 0.0]), "sigma contains 0.0"),
        (lambda: GammaResolution(-0.1), "shape_slope = -0.1"),
        (lambda: GammaResolution(0.1, 0.0), "shape_offset = 0.0"),
    ],
)
def test_resolutions_that_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize("width", [1e-3, 0.3, 1e3, 1e9])
def test_shares_of_bins_that_are_narrow_beside_the_resolution_have_all_digits(width):
    """Differences of tails had lost as many of them as bins are narrower, and made folds look for what is rounding."""
    x, edges = np.array([0.0, 3.0, 4.9, 7.0]), np.array([1.0, 4.0, 5.0, 5.001, 9.0])
    efficiency = Efficiency([0.0, 5.0, 10.0], [0.2, 0.9, 0.4])
    found = GaussianResolution(constant=width).accepted(x, edges[:-1], edges[1:], efficiency)
    # with the same nodes everywhere, panels of half a standard deviation each
    t, weights = np.polynomial.legendre.leggauss(12)
    for row, (low, high) in zip(found, itertools.pairwise(edges), strict=True):
        ends = np.linspace(low, high, 1 + int(np.ceil((high - low) / (0.5 * width))))
        half, middle = 0.5 * np.diff(ends)[:, None], 0.5 * (ends[1:] + ends[:-1])[:, None]
        y = middle + half * t
        z = (y[:, :, None] - x) / width
        density = np.exp(-0.5 * z * z) / (width * np.sqrt(2 * np.pi))
        expected = ((efficiency(y) * half * weights)[:, :, None] * density).sum(axis=(0, 1))
        assert row == pytest.approx(expected, rel=1e-11, abs=1e-300)


@pytest.mark.parametrize(
    "numbers",
    [[-2.0, -1.0, 0.0, 1.0, 7.0, 16.0, 17.0, 120.0, 1000.0], np.arange(-1.0, 400.0, 3.0), [9.0, 4.0, 5.0, 5.0]],
)
def test_tails_of_poisson_numbers_are_those_of_scipy(numbers):
    numbers = np.array(numbers)
    means = np.concatenate([[0.0], np.geomspace(1e-9, 1500, 200)])
    found = poisson_tails(numbers, means)
    known = special.pdtr(np.maximum(numbers, 0.0)[:, None], means)
    above = -special.pdtrc(np.maximum(numbers, 0.0)[:, None], means)
    expected = np.where(numbers[:, None] < 0, 0.0, np.where(numbers[:, None] < means, known, above))
    assert found == pytest.approx(expected, rel=1e-10, abs=1e-290)
