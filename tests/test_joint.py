"""Nuisances that are profiled together: kernels beside SciPy, experiments beside their parts."""

import dataclasses
import math
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from scipy import optimize

import cevns
from cevns import reference
from cevns.detectors import Arrival, ArrivalEfficiency, TimeOffset
from cevns.errors import InputError, UnknownNameError
from cevns.experiments import Experiment
from cevns.fluxes import PulseTiming
from cevns.kernels.counts import Counts
from cevns.kernels.engine import Engine
from cevns.kernels.joint import Joint, square_root
from cevns.kernels.likelihood import Evaluator
from cevns.kernels.poisson import PoissonTerm
from cevns.kernels.weights import Weights
from cevns.likelihoods import Background, Deformation, Nuisance
from cevns.parameters import Parameter
from cevns.spread import Grid

ENERGY, REST, GROUPS = 5, 4, 2
COUPLING = Parameter("coupling", default=0.0, low=-10, high=10)


class Made:
    """An experiment from formulas, with every kind of nuisance.

    Nuisances: 0 of the signal, 1 of the signal and against a background, 2 and 3 of backgrounds, 4 and 5 shapes, 6 a
    time offset without a pull, 7 and 8 deformations of a background and of the signal.
    """

    def __init__(self, seed, gaussian):
        rng = self.rng = np.random.default_rng(seed)
        self.base, self.quadratic = rng.uniform(5, 30, (GROUPS, ENERGY)), rng.uniform(0.5, 2, (GROUPS, ENERGY))
        self.linear = rng.normal(0, 3, (GROUPS, ENERGY))
        self.tilt = rng.normal(0, 0.1, (2, GROUPS, ENERGY))
        self.backgrounds = rng.uniform(1, 6, (2, ENERGY * REST))
        self.moved, self.signal_moved = rng.normal(0, 0.3, ENERGY * REST), rng.normal(0, 0.02, (GROUPS, ENERGY, REST))
        self.scales = np.zeros((3, 9))
        self.scales[0, :2], self.scales[1, 1:3], self.scales[2, 3] = (0.1, 0.05), (-0.1, 0.2), 0.3
        self.precision = np.eye(9)
        self.precision[6, 6], self.precision[0, 2], self.precision[2, 0] = 0.0, 0.3, 0.3
        self.high = np.full(9, np.inf)
        self.high[[4, 5, 6]] = 3.0, 3.0, 0.3
        self.shapes = Grid("z", (-3.0, -1.0, 1.0, 3.0), 6), Grid("w", (-3.0, 3.0), 8)
        self.offset = Grid("t", (-0.3, 0.0, 0.3), 10)
        truth = rng.normal(0, 0.7, 9)
        truth[6] = 0.1
        expected = np.maximum(self.expected(truth, 0.5), 0.1)
        self.observed = rng.poisson(expected).astype(float)
        self.variance = rng.uniform(5, 20, expected.size) if gaussian else None

    def by_energy(self, g, z, w, y):
        straight = self.base[g] + y * (self.linear[g] + y * self.quadratic[g])
        return straight * np.exp(self.tilt[0, g] * z + 0.5 * self.tilt[1, g] * w + 0.02 * z * w)

    def shares(self, g, t):
        return np.diff(1 / (1 + np.exp(-(np.arange(REST + 1) - 1.5 - g - 2 * t))))

    def expected(self, x, y):
        signal = sum(
            self.by_energy(g, x[4], x[5], y)[:, None] * (self.shares(g, x[6]) + x[8] * self.signal_moved[g])
            for g in range(GROUPS)
        )
        f = 1 + self.scales @ x
        return f[0] * signal.ravel() + f[1] * self.backgrounds[0] + f[2] * (self.backgrounds[1] + x[7] * self.moved)

    def chi2(self, x, y):
        expected, n = self.expected(x, y), self.observed
        pull = x @ self.precision @ x
        if self.variance is not None:
            return ((expected - n) ** 2 / self.variance).sum() + pull
        if (expected <= 0).any():
            return 1e9
        return 2 * (expected - n + n * np.log(np.where(n > 0, n, 1) / expected)).sum() + pull

    def least(self, y):
        """The least of several descents of SciPy."""
        ends = list(zip(np.maximum(-self.high, -50), np.minimum(self.high, 50), strict=True))
        starts = np.concatenate([np.zeros((1, 9)), self.rng.normal(0, 0.5, (5, 9))])
        starts[:, 6] *= 0.2
        options = {"maxiter": 5000, "maxfun": 10**6, "ftol": 1e-15, "gtol": 1e-9}
        found = [optimize.minimize(self.chi2, s, (y,), method="L-BFGS-B", bounds=ends, options=options) for s in starts]
        return min(f.fun for f in found)

    def counts(self, g):
        first, second = self.shapes
        nodes = [(z, w) for z in first.nodes for w in second.nodes]
        at = {y: np.array([self.by_energy(g, z, w, y) for z, w in nodes]) for y in (-1.0, 0.0, 1.0)}
        for y, values in at.items():
            found = values.reshape(first.nodes.size, second.nodes.size, ENERGY)
            at[y] = second.coefficients(first.coefficients(found), axis=1).reshape(-1, ENERGY)
        line = np.stack([(at[1.0] - at[-1.0]) / 2, (at[1.0] + at[-1.0]) / 2 - at[0.0]], axis=1)
        # moments are all coefficients
        size = len(nodes) * ENERGY
        zeros = np.zeros(size + 1, dtype=np.intp)
        weights = Weights(np.empty(0), zeros, zeros[1:], 1)
        constant, linear = at[0.0].reshape(1, -1), line.reshape(len(nodes), 2, ENERGY).swapaxes(0, 1).reshape(1, 2, -1)
        return Counts(
            (COUPLING,), (0, 1), weights, size, constant.copy(), np.ascontiguousarray(linear), np.ones((1, 1))
        )

    def term(self):
        grids = [*self.shapes, self.offset]
        axes = [(np.array(g.edges), g.order, 4 + i) for i, g in enumerate(grids)]
        shares = np.array([[[self.shares(g, t)] * ENERGY for t in self.offset.nodes] for g in range(GROUPS)])
        shares = self.offset.coefficients(shares, axis=1)
        orders = np.stack(np.indices([grid.order for grid in self.shapes]), axis=-1).reshape(-1, 2)
        morphs = [(2, 7, self.moved), (0, 8, self.signal_moved)]
        counts = [self.counts(g) for g in range(GROUPS)]
        mixing = np.eye(3 * len(orders) * ENERGY).reshape(3, len(orders), ENERGY, -1)
        return PoissonTerm(
            counts,
            mixing,
            self.observed,
            shares,
            self.backgrounds,
            range(9),
            self.scales,
            axes[:2],
            orders,
            axes[2],
            morphs,
            self.variance,
        )

    def engine(self):
        starts = np.zeros((5, 9))
        starts[[1, 2, 3, 4], [6, 6, 4, 4]] = 0.15, -0.15, 1.5, -1.5
        joint = Joint([self.term()], square_root(self.precision), -self.high, self.high, starts, False)
        return Engine([], [], [], joint)


@pytest.fixture(scope="module", params=[False, True], ids=["poisson", "gaussian"])
def made(request):
    return Made(5, request.param)


@pytest.mark.parametrize("y", [0.0, 0.5, -1.0, 3.0])
def test_chi2_is_the_least_of_many_descents(made, y):
    out = np.empty(1)
    made.engine().points(np.array([[y]]), out)
    assert out[0] == pytest.approx(made.least(y), abs=2e-6)


def test_chi2_belongs_to_the_nuisances_that_are_told(made):
    _, _, (terms, x) = made.engine().profile(np.array([0.5]))
    out = np.empty(1)
    made.engine().points(np.array([[0.5]]), out)
    assert made.chi2(x, 0.5) == pytest.approx(out[0], abs=1e-6)
    assert terms[0] + x @ made.precision @ x == pytest.approx(out[0], rel=1e-12)
    assert (np.abs(x) <= made.high).all()


def test_points_and_grids_agree_in_any_order(made):
    engine, y = made.engine(), np.linspace(-3, 3, 61)
    grid, alone = np.empty((1, y.size)), np.empty(y.size)
    engine.grid(np.zeros((1, 1)), y, grid)
    engine.points(y[:, None].copy(), alone)
    assert grid[0] == pytest.approx(alone, rel=1e-11)
    engine.grid(np.zeros((1, 1)), y[::-1].copy(), grid)
    assert grid[0, ::-1] == pytest.approx(alone, rel=1e-11)


def test_minima_and_crossings_along_the_line(made):
    engine = made.engine()
    chi2 = Evaluator((COUPLING,), engine)
    least, at = np.empty(1), np.empty(1)
    engine.minima(np.zeros((1, 1)), True, least, at)
    around = np.linspace(-10, 10, 401)
    assert chi2(at[0]) == pytest.approx(least[0], rel=1e-12)
    assert least[0] <= min(chi2(y) for y in around) + 1e-9
    roots, counts, above = np.empty((1, 256)), np.empty(1, dtype=np.intp), np.empty(1, dtype=np.int8)
    engine.crossings(np.zeros((1, 1)), True, least[0] + 2.7, roots, counts, above)
    found = roots[0, : counts[0]]
    assert [chi2(y) for y in found] == pytest.approx([least[0] + 2.7] * found.size, abs=1e-9)
    values = np.array([chi2(y) for y in around]) - least[0] - 2.7
    assert found.size == (np.sign(values[1:]) != np.sign(values[:-1])).sum()
    assert above[0]


def test_gradient_is_that_of_differences(made):
    chi2 = Evaluator((COUPLING,), made.engine())
    value, gradient = chi2.gradient(0.7)
    assert value == chi2(0.7)
    assert gradient[0] == pytest.approx((chi2(0.7 + 1e-5) - chi2(0.7 - 1e-5)) / 2e-5, rel=1e-6)


# --- experiments


@pytest.fixture(scope="module")
def csi_flux():
    csi = cevns.load("coherent-csi-2017")
    prompt, delayed = PulseTiming(0.4673, 0.1475, [0.0312]), PulseTiming(0.4673, 0.1475, [0.0312, 2.197])
    return csi.flux.with_timing({"prompt nu_mu": prompt, "anti-nu_mu": delayed, "nu_e": delayed})


@pytest.fixture(scope="module")
def timed(csi_flux):
    csi = cevns.load("coherent-csi-2017")
    arrival = Arrival([0, 0.25, 0.5, 1, 2, 6], ArrivalEfficiency(0.52, 0.0494))
    backgrounds = [Background("BRN", np.full(60, 0.8), 0.25), Background("SSB", np.full(60, 3.0), 0.02)]
    empty = Experiment(
        name="timed",
        flux=csi_flux,
        target=csi.target,
        response=csi.response,
        observed=np.ones(60),
        backgrounds=backgrounds,
        nuisances=[Nuisance("flux", 0.1)],
        arrival=arrival,
        shapes=[TimeOffset(-0.25, 0.25)],
    )
    expected = empty.signal.counts("sm") + 3.8
    return empty.with_data(np.random.default_rng(7).poisson(expected).astype(float))


def test_counts_in_time_add_up_to_those_of_energy(timed):
    csi = cevns.load("coherent-csi-2017")
    counts = timed.signal.counts("b-l", mass=10, coupling=5e-5).reshape(12, 5)
    assert (counts.sum(axis=1) < csi.signal.counts("b-l", mass=10, coupling=5e-5)).all()
    assert timed.signal.binning.shape == (12, 5)
    by_part = [part.counts("b-l", mass=10, coupling=5e-5) for part in timed.signal.parts]
    assert sum(by_part) == pytest.approx(csi.signal.counts("b-l", mass=10, coupling=5e-5), rel=1e-10)


def test_asimov_data_have_chi2_0(timed):
    asimov = timed.asimov("universal", mass=10, coupling=3e-5)
    assert asimov.chi2("universal", mass=10, coupling=3e-5) == pytest.approx(0, abs=1e-9)
    assert asimov.chi2("sm") > 1


def test_chi2_of_an_experiment_is_that_of_its_pulls(timed):
    pulls = timed.pulls("b-l", mass=10, coupling=5e-5)
    own = pulls.experiments["timed"]["pulls"]
    shares = timed.signal.spread.at(own["time offset"])
    by_part = [part.counts("b-l", mass=10, coupling=5e-5) for part in timed.signal.parts]
    signal = sum(e[:, None] * q for e, q in zip(by_part, shares, strict=True)).ravel()
    expected = (1 + own["flux"]) * signal + (1 + own["BRN"]) * 0.8 + (1 + own["SSB"]) * 3.0
    n = np.array(timed.observed)
    chi2 = 2 * (expected - n + n * np.log(np.where(n > 0, n, 1) / expected)).sum()
    chi2 += (own["flux"] / 0.1) ** 2 + (own["BRN"] / 0.25) ** 2 + (own["SSB"] / 0.02) ** 2
    assert chi2 == pytest.approx(timed.chi2("b-l", mass=10, coupling=5e-5), rel=1e-9)
    assert pulls.chi2 == pytest.approx(chi2, rel=1e-9)


def test_what_shares_nothing_adds_up(timed, argon):
    for point in ({"mass": 10, "coupling": 5e-5}, {"mass": 300, "coupling": 1e-3}):
        total = (timed + argon).chi2("b-l", **point)
        assert total == pytest.approx(timed.chi2("b-l", **point) + argon.chi2("b-l", **point), rel=1e-12)


def test_a_nuisance_is_shared_with_gaussian_data(timed, argon):
    """Against a descent over the shared one, with the others profiled by each experiment alone."""
    shared = argon.experiments[0].replace(nuisances=[Nuisance("flux", 0.1)])
    both = timed + shared

    def chi2(shift):
        scaled = shared.replace(nuisances=())
        signal = 1 + shift[0]
        held = timed.replace(nuisances=(), target=_scaled(timed.target, signal))
        other = scaled.replace(target=_scaled(scaled.target, signal), signal_sigma=0.134 / signal)
        return held.chi2("sm") + other.chi2("sm") + (shift[0] / 0.1) ** 2

    best = optimize.minimize(chi2, [0.0], method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9})
    assert both.chi2("sm") == pytest.approx(best.fun, abs=1e-6)
    assert both.pulls("sm").shared["flux"] == pytest.approx(best.x[0], abs=1e-4)
    assert both.pulls("sm").chi2 == pytest.approx(both.chi2("sm"), rel=1e-12)


def _scaled(target, factor):
    return dataclasses.replace(target, mass=target.mass * factor)


def test_a_free_normalisation_fits_the_signal(timed):
    free = timed.replace(nuisances=[Nuisance("signal strength", math.inf)])
    assert free.chi2("sm") < timed.chi2("sm")
    scaled = timed.asimov("sm").replace(nuisances=[Nuisance("signal strength", math.inf)])
    assert scaled.pulls("sm").shared["signal strength"] == pytest.approx(0, abs=1e-6)


def test_quenching_scale_of_poisson_data(timed):
    """A scale that both ways know: Poisson counts so large that they are Gaussian."""
    argon = cevns.load("coherent-argon-2020").experiments[0]
    counts = argon.signal.counts("sm") * 0 + 1e7
    gaussian = argon.replace(
        quenching_sigma=0.05, observed=counts + argon.signal.counts("sm"), uncertainty=np.sqrt(counts), backgrounds=()
    )
    poisson = gaussian.replace(uncertainty=None, backgrounds=[Background("flat", counts, 1e-6)])
    gaussian = gaussian.replace(backgrounds=[Background("flat", counts, 1e-6)])
    for coupling in (0.0, 5e-4, 1e-3):
        point = {"mass": 10, "coupling": coupling}
        assert poisson.chi2("b-l", **point) == pytest.approx(gaussian.chi2("b-l", **point), abs=2e-3, rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"observed": -np.ones(60)}, InputError, "at least 0"),
        ({"observed": np.full(60, np.nan)}, InputError, "finite"),
        ({"observed": np.ones(12)}, InputError, "60"),
        ({"nuisances": [Nuisance("x", 0.1, ["nothing"])]}, InputError, "no component"),
        ({"nuisances": [Nuisance("BRN", 0.1)]}, InputError, "rename"),
        ({"shapes": [Deformation("d", "BRN", np.ones(3))]}, InputError, "bins"),
        ({"shapes": [Deformation("d", "dust", np.ones(60))]}, InputError, "no component"),
        ({"correlations": {("flux", "dust"): 0.3}}, UnknownNameError, "dust"),
        ({"correlations": {("flux", "time offset"): 0.3}}, InputError, "pull"),
        ({"flux": cevns.load("coherent-csi-2017").flux}, InputError, "timing"),
    ],
    ids=["negative", "NaN", "few", "component", "twice", "bins", "template", "unknown", "no pull", "timing"],
)
def test_what_does_not_fit_is_refused(timed, changes, error, message):
    with pytest.raises(error, match=message):
        timed.replace(**changes)


def test_a_covariance_that_is_none_is_refused(timed):
    nuisances = [Nuisance(name, 0.1) for name in "abc"]
    pairs = {("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.9}
    with pytest.raises(InputError, match="positive definite"):
        timed.replace(nuisances=nuisances, correlations=pairs)
    assert timed.replace(nuisances=nuisances, correlations={("a", "b"): 0.9}).chi2("sm") > 0


def test_no_expectation_under_data_is_refused(timed):
    # argon's last bins see no recoil
    bare = cevns.load("coherent-argon-2020").experiments[0].replace(uncertainty=None, backgrounds=())
    for ask in (lambda e: e.chi2("sm"), lambda e: e.pulls("sm"), lambda e: e.chi2("b-l", mass=[1, 2], coupling=1e-5)):
        with pytest.raises(InputError, match="chi2 is infinite"):
            ask(bare)
    assert math.isfinite(bare.replace(floor=1e-6).chi2("sm"))
    assert math.isfinite(bare.replace(observed=np.where(bare.signal.counts("sm") > 0, bare.observed, 0)).chi2("sm"))


_ALONE = """
import cevns
from cevns import reference
from cevns.detectors import PolynomialQuenching, Response
csi = cevns.load("coherent-csi-2017")
response = Response(PolynomialQuenching((0.1,)), [1, 2, 3, 4])
bare = cevns.Experiment("bare", csi.flux, csi.target, response, observed=[100, 50, 30])
print(float(bare.limit("b-l", mass=[1.0, 10.0, 100.0]).lowest[1]))
"""


def test_an_experiment_without_nuisances_has_limits():
    """In a process of its own, which what writes beyond its memory ends."""
    done = subprocess.run([sys.executable, "-c", _ALONE], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 0


_HIDDEN = """
import numpy as np
import cevns
from cevns import reference
from cevns.detectors import PolynomialQuenching, Response
csi = cevns.load("coherent-csi-2017")
# recoils end at 47 keV: below the first bin unless the quenching factor is larger
response = Response(PolynomialQuenching((0.1,)), [4.9, 5.2, 6.0])
hidden = cevns.Experiment("hidden", csi.flux, csi.target, response, [40, 9], quenching_sigma=0.1, floor=0.01)
assert not hidden.signal.counts("b-l", mass=10.0, coupling=1e-3).any()
limit = hidden.limit("b-l", mass=10.0)
print(limit.chi2_min, hidden.chi2("b-l", mass=10.0, coupling=np.geomspace(1e-6, 1e-2, 40)).min())
"""


def test_couplings_that_only_another_quenching_scale_shows_are_searched():
    done = subprocess.run([sys.executable, "-c", _HIDDEN], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    least, probed = map(float, done.stdout.split())
    assert least <= probed + 1e-6


#: Signals that are more than so many times the data are brought down to this by `src_cython/joint.pyx`.
FAR = 1e5
EVERY = ("coherent-csi-2021", "coherent-argon-2020-3d", "coherent-ge-2024", "xenonnt-8b-2026")


@cache
def load(names, systematics):
    options = {"coherent-csi-2021": {"systematics": systematics}}
    first, *others = (cevns.load(name, **options.get(name, {})) for name in names)
    for other in others:
        first = first + other
    return first


def rounding(likelihood):
    """How exact chi2 can be where a signal is FAR times the data n, so that its normalisation f = 1 + a is 1 / FAR.

    f is known to the rounding of 1, eps; the slope in it to that times the second derivative, n FAR^2; and what of
    chi2 goes with 1 / FAR is f times the slope. Nothing else of chi2 has so few digits.
    """
    return FAR * sum(np.sum(e.observed) for e in likelihood.experiments) * np.finfo(float).eps


@pytest.mark.parametrize(
    ("names", "systematics"),
    [(EVERY[:1], "core"), (EVERY[:1], "full"), (EVERY[1:2], ""), (EVERY[3:], ""), (EVERY, "core"), (EVERY, "full")],
    ids=["core", "full", "Ar", "Xe", "all with core", "all with full"],
)
def test_signals_that_are_far_too_large_have_a_least_chi2(names, systematics):
    """A billion events for hundreds: the sum of normalisations is known to many more digits than each of them."""
    likelihood = load(names, systematics)
    couplings = np.geomspace(3e-4, 1e-2, 24)
    found = likelihood.chi2("universal", mass=10.0, coupling=couplings)
    # what is left of the signal has the shape of light mediators, whatever the coupling
    assert np.ptp(found) < 2
    assert (np.abs(np.diff(found)) < 0.5).all()
    one_by_one = [likelihood.chi2("universal", mass=10.0, coupling=g) for g in couplings[::6]]
    exact = rounding(likelihood)
    np.testing.assert_allclose(one_by_one, found[::6], rtol=0, atol=exact)
    if systematics != "full":
        limit = likelihood.limit("universal", mass=10.0, reference=likelihood.chi2("sm"))
        assert limit.excluded[0][-1, 1] == np.inf
    pulls = likelihood.pulls("universal", mass=10.0, coupling=1e-2)
    assert pulls.chi2 == pytest.approx(found[-1], abs=exact)


@pytest.mark.parametrize(
    ("name", "model", "mass"),
    [
        (EVERY[0], "b+lmu+ltau", 10.0),
        (EVERY[0], "le-ltau", 1e5),
        (EVERY[1], "b-le-2lmu", 100.0),
        (EVERY[3], "b-l", 1.0),
    ],
)
def test_far_signals_along_a_line_are_those_of_scipy(name, model, mass):
    """Points of a line begin at the last one's nuisances, next to the minimum, where chi2 has no digits to fall by."""
    experiment = load((name,), "core")
    couplings = np.geomspace(1e-6, 1e4, 81)
    found = experiment.chi2(model, mass=mass, coupling=couplings)
    sigma = math.hypot(experiment.signal_sigma, *(n.sigma for n in experiment.nuisances))
    moved = [b for b in experiment.backgrounds if b.sigma]
    held = sum(np.array(b.counts) for b in experiment.backgrounds if not b.sigma)
    precision = reference.precision_of([sigma, *(b.sigma for b in moved)])
    for i in (*range(0, 81, 8), 55):
        signal = experiment.signal.counts(model, mass=mass, coupling=couplings[i])
        templates = np.array([signal, *(b.counts for b in moved)])
        least, _ = reference.fit_normalisations(experiment.observed, templates, precision, held)
        assert found[i] == pytest.approx(least, abs=rounding(experiment)), couplings[i]
        alone = experiment.chi2(model, mass=mass, coupling=couplings[i])
        assert alone == pytest.approx(least, abs=rounding(experiment)), couplings[i]


@pytest.mark.parametrize("coupling", [1e-2, 10.0])
def test_pulls_and_slopes_of_far_signals_are_those_of_the_best_descent(coupling):
    """Descents from several places scale signals down by different factors.

    The slope is that of the signal scaled down: of the pull ((f - 1) / 0.105)^2, with at most 1 / FAR for f.
    """
    csi = load(EVERY[:1], "full")
    chi2 = csi.bind("universal", free=["coupling"], mass=0.01)
    value, (slope,) = chi2.gradient(coupling)
    assert csi.pulls("universal", mass=0.01, coupling=coupling).chi2 == pytest.approx(value, abs=rounding(csi))
    along = chi2(coupling * 1.001) - chi2(coupling / 1.001)
    assert slope * coupling == pytest.approx(along / 2e-3, abs=2 / (FAR * 0.105**2))


def test_pulls_do_not_depend_on_how_normalisations_are_shared_out():
    """One normalisation in the place of two, whose variances add up; the two have parts of it as their variances."""
    csi = cevns.load("coherent-csi-2021", systematics="core")
    one = csi.replace(signal_sigma=0.0, nuisances=[Nuisance("all", 0.12)])
    two, single = csi.pulls("b-l", mass=10.0, coupling=5e-5), one.pulls("b-l", mass=10.0, coupling=5e-5)
    own = two.experiments[csi.name]["pulls"]
    assert two.chi2 == pytest.approx(single.chi2, rel=1e-9)
    assert own["signal"] + own["sns-flux"] == pytest.approx(single.shared["all"], rel=1e-6)
    assert own["sns-flux"] / own["signal"] == pytest.approx(0.10**2 / csi.signal_sigma**2, rel=1e-6)
