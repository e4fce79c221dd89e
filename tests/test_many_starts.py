"""Least chi2 over nuisances of fluctuated data, beside the best of many descents of SciPy with literal expectations."""

import itertools
from functools import cache, lru_cache

import numpy as np
import pytest
from scipy import interpolate, optimize, special

import cevns
from cevns import reference
from cevns.binning import Axis
from cevns.detectors import (
    Arrival,
    ArrivalEfficiency,
    Distribution,
    GaussianResolution,
    LindhardQuenching,
    PoissonResolution,
    PolynomialQuenching,
    Response,
    ResponseShape,
    TimeOffset,
    shaped,
)
from cevns.experiments import Experiment
from cevns.fluxes import Flux, PulseTiming, pion_decay_at_rest
from cevns.likelihoods import Background, Deformation, Nuisance
from cevns.nuclei import Target
from cevns.predictions import Signal
from cevns.reference import argon_3d, csi_2021

POINTS = {
    "sm": ("sm", {}),
    "b-l": ("b-l", {"mass": 10.0, "coupling": 5e-5}),
    "twice the signal": ("universal", {"mass": 10.0, "coupling": 5e-5}),
    "light": ("lmu-ltau", {"mass": 0.1, "coupling": 1e-3}),
}
#: Share of the largest bin of energy to which counts are known between nodes of the shapes of a response.
BETWEEN_NODES = 5e-8


class Part:
    """One experiment: templates of its components as functions of the nuisances x, all of them by number.

    Parameters
    ----------
    templates : callable
        From x to the components, the signal first, shape (components, bins).
    scales : dict
        By component and number of the nuisance, relative change by a unit of it.
    moving : tuple of int
        Nuisances that templates depend on.
    floor : float
        Least expectation.
    energies : int
        Number of bins of energy, where the library has nodes of a response's shapes; 0 where it has none.
    """

    def __init__(self, templates, scales, moving, floor=0.0, energies=0):
        self.templates, self.scales, self.moving, self.floor = templates, scales, moving, floor
        self.energies = energies

    def factors(self, x):
        out = np.ones(1 + max(component for component, _ in self.scales))
        for (component, k), unit in self.scales.items():
            out[component] += unit * x[k]
        return out

    def expected(self, x):
        return self.factors(x) @ self.templates(x)

    def slopes(self, x):
        """Derivatives of the expectations, shape (nuisances, bins)."""
        templates, factors = self.templates(x), self.factors(x)
        out = np.zeros((x.size, templates.shape[1]))
        for (component, k), unit in self.scales.items():
            out[k] += unit * templates[component]
        for k in self.moving:
            step = np.zeros(x.size)
            step[k] = 1e-4
            out[k] += factors @ (self.templates(x + step) - self.templates(x - step)) / 2e-4
        return out

    def rounding(self, x, n):
        """How far chi2 may be from what exact counts give: slopes in expectations, times what these may miss."""
        if not self.energies:
            return 0.0
        signal = self.factors(x)[0] * self.templates(x)[0].reshape(self.energies, -1)
        slopes = np.abs(2 - 2 * n / self.expected(x)).reshape(signal.shape)
        by_energy = signal.sum(axis=1)
        # a bin may lie below where the efficiency begins
        shares = signal / np.maximum(by_energy, 1e-300)[:, None]
        return BETWEEN_NODES * by_energy.max() * (shares * slopes).sum()


def descend(parts, data, precision, bounds, start):
    """chi2 of Baker and Cousins with the pulls x' P x at the end of one descent."""

    def chi2(x):
        total, gradient = x @ precision @ x, 2 * precision @ x
        for part, n in zip(parts, data, strict=True):
            N = part.expected(x)
            if (N < 0).any() or (part.floor == 0 and (N[n > 0] == 0).any()):
                return 1e12, gradient
            low = part.floor >= N
            N = np.maximum(N, part.floor)
            total += 2 * (N - n + special.xlogy(n, n / np.maximum(N, 1e-300))).sum()
            gradient = gradient + part.slopes(x) @ np.where(low, 0.0, 2 - 2 * n / np.maximum(N, 1e-300))
        return total, gradient

    options = {"maxiter": 3000, "maxfun": 20000, "ftol": 1e-15, "gtol": 1e-7}
    found = optimize.minimize(chi2, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    # what is left at the end of the first is what its memory of curvatures missed
    return optimize.minimize(chi2, found.x, jac=True, method="L-BFGS-B", bounds=bounds, options=options)


def least(rng, parts, data, precision, bounds, starts, spread=1.0):
    """The least of many descents, from 0 and from random places, and how exact it is known."""
    low, high = np.transpose(bounds)
    widths = 1 / np.sqrt(np.where(np.diag(precision) > 0, np.diag(precision), 1.0))
    found = []
    for i in range(starts):
        free = rng.uniform(np.maximum(low, -0.5), np.minimum(high, 1.0))
        x = np.where(np.diag(precision) > 0, rng.normal(0, spread * widths), free)
        found.append(descend(parts, data, precision, bounds, np.clip(x * (i > 0), low, high)))
    best = min(found, key=lambda f: f.fun)
    return pytest.approx(best.fun, abs=1e-6 + sum(p.rounding(best.x, n) for p, n in zip(parts, data, strict=True)))


def poisson(rng, parts, sigmas, bounds):
    """Counts of nuisances that are somewhere."""
    low, high = np.transpose(bounds)
    x = np.clip([rng.normal(0, 0.3 * h if np.isinf(s) else s) for s, h in zip(sigmas, high, strict=True)], low, high)
    return [rng.poisson(np.maximum(part.expected(x), 0.0)).astype(float) for part in parts]


# --- CsI 2021 with all nuisances, by the oracle


@cache
def csi_part(model, values):
    spectra = csi_2021._recoil_spectra(model, *(dict(values).get(k, 0.0) for k in ("mass", "coupling")), "helm")
    others = [b.ravel() for b in reference.backgrounds_csi_2021().values()]

    @lru_cache(64)
    def energies(*z):
        return [csi_2021.response(T, *z) @ w for T, w in spectra.values()]

    @lru_cache(64)
    def times(dt):
        return [csi_2021.arrival_shares(c, dt) for c in spectra]

    def templates(x):
        # 0 signal, 1 to 3 backgrounds, 4 to 6 shapes, 7 time
        signal = sum(np.outer(e, t) for e, t in zip(energies(*x[4:7]), times(x[7]), strict=True))
        return np.array([signal.ravel(), *others])

    return Part(templates, {(k, k): 1.0 for k in range(4)}, (4, 5, 6, 7), energies=9)


CSI_SIGMAS = np.array([np.hypot(0.10, 0.032), 0.021, 0.25, 0.35, 1, 1, 1, np.inf])
CSI_BOUNDS = [(-np.inf, np.inf)] * 4 + [(-3.5, 3.5)] * 3 + [(-0.25, 0.25)]


def check_csi(seed, point, truth, starts):
    rng = np.random.default_rng(seed)
    sigmas = np.array([CSI_SIGMAS[0], *(csi_2021.SIGMAS[name] for name in csi_2021.BACKGROUNDS), *CSI_SIGMAS[4:]])
    made = [csi_part(POINTS[name][0], tuple(POINTS[name][1].items())) for name in (truth, point)]
    data = poisson(rng, made[:1], sigmas, CSI_BOUNDS)
    expected = least(rng, made[1:], data, reference.precision_of(sigmas), CSI_BOUNDS, starts)
    model, values = POINTS[point]
    assert cevns.load("coherent-csi-2021").with_data(data[0]).chi2(model, **values) == expected


def test_csi_of_2021():
    check_csi(2, "b-l", "sm", starts=2)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(12))
def test_many_of_csi_of_2021(seed):
    point, truth = [*itertools.product(POINTS, list(POINTS)[:3])][seed]
    check_csi(100 + seed, point, truth, starts=30)


# --- argon in three dimensions, with and without shapes, by the oracle

ARGON_SIGMAS = [argon_3d.SIGNAL_SIGMA, *argon_3d.SIGMAS.values()]


def check_argon(seed, point, names, starts):
    rng, (model, values), data = np.random.default_rng(seed), POINTS[point], reference.load_argon_3d()
    own = cevns.load("coherent-argon-2020-3d", shapes=names)
    ratio = reference.signal_ratio(model, *(values.get(k, 0.0) for k in ("mass", "coupling")))

    def templates(ratio):
        def of(x):
            out = {name: np.array(t) for name, t in data.templates.items()}
            for name, z in zip(names, x[4:], strict=True):
                (component, *_), tables = argon_3d.EXCURSIONS[name], data.excursions[name]
                step = (tables[0] - tables[1]) / 2 if len(tables) == 2 else tables[0] - data.templates[component]
                out[component] = out[component] + z * step
            out["signal"] = ratio[:, None, None] * out["signal"]
            return np.array([t.ravel() for t in out.values()])

        return of

    moving = tuple(range(4, 4 + len(names)))
    scales = {(k, k): 1.0 for k in range(4)}
    sigmas = np.array([*ARGON_SIGMAS, *(1.0 for _ in names)])
    bounds = [(-np.inf, np.inf)] * 4 + [(-5.0, 5.0)] * len(names)
    truth, part = (Part(templates(r), scales, moving, floor=1e-6) for r in (np.ones(12), ratio))
    observed = poisson(rng, [truth], sigmas, [(-np.inf, np.inf)] * 4 + [(-0.5, 0.5)] * len(names))
    expected = least(rng, [part], observed, reference.precision_of(sigmas), bounds, starts, spread=0.4)
    assert own.with_data(observed[0]).chi2(model, **values) == expected


def test_argon_in_three_dimensions():
    check_argon(1, "b-l", ("F90", "PBRN-energy"), starts=3)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(12))
def test_many_of_argon_in_three_dimensions(seed):
    check_argon(seed, list(POINTS)[seed % 4], tuple(argon_3d.EXCURSIONS)[: seed // 2], starts=30)


# --- experiments of a user


def through(f, low, high, order=32):
    """A smooth function of one variable as a polynomial through its values at Chebyshev nodes, to rounding."""
    nodes = 0.5 * (low + high) + 0.5 * (high - low) * np.cos(np.pi * (np.arange(order) + 0.5) / order)
    return interpolate.BarycentricInterpolator(nodes, np.array([f(x) for x in nodes]))


def literal(e, index, model, values):
    """Return an experiment as a `Part`, the response and the shares computed anew at nodes of each shape.

    Names of nuisances stand in `index`; those of the experiment alone have its name before theirs.
    """
    (bent,) = [s for s in e.shapes if isinstance(s, ResponseShape)] or [None]
    (late,) = [s for s in e.shapes if isinstance(s, TimeOffset)] or [None]
    morphs = [s for s in e.shapes if isinstance(s, Deformation)]
    components = e.flux.components

    def by_energy(z):
        response = shaped(e.response, [bent], {bent.name: z}) if bent else e.response
        return [Signal(Flux(c.name, (c,)), e.target, response).counts(model, **values) for c in components]

    def shares(dt):
        return [e.arrival.shares(c.timing, dt) for c in components]

    energies = through(by_energy, bent.low, bent.high) if bent else (lambda _: np.array(by_energy(0.0)))
    times = through(shares, late.low, late.high) if late else (lambda _: np.array(shares(0.0)))
    fixed = np.array([b.counts for b in e.backgrounds])
    places = {"signal": 0, **{b.name: i for i, b in enumerate(e.backgrounds, start=1)}}

    def templates(x):
        counts = energies(x[index[bent.name]] if bent else 0.0)
        if e.arrival is not None:
            signal = np.einsum("ge,gt->et", counts, times(x[index[late.name]] if late else 0.0))
        else:
            spread = np.ones((counts.shape[1], 1)) if e.distribution is None else np.array(e.distribution.shares)
            nominal = spread.ravel()
            for m in morphs:
                if m.of == "signal":
                    spread = spread + x[index[m.name]] * m.change(nominal).reshape(spread.shape)
            signal = counts.sum(axis=0)[:, None] * spread
        out = np.array([signal.ravel(), *fixed])
        for m in morphs:
            if m.of != "signal":
                out[places[m.of]] += x[index[m.name]] * m.change(fixed[places[m.of] - 1])
        return out

    own = [("signal", e.signal_sigma), *((b.name, b.sigma) for b in e.backgrounds)]
    scales = {(places[name], index[f"{e.name} {name}"]): 1.0 for name, sigma in own if sigma}
    scales |= {(places[of], index[n.name]): by for n in e.nuisances for of, by in n.of}
    return Part(templates, scales, tuple(index[s.name] for s in e.shapes), energies=e.response.bins)


def numbered(experiments):
    """Return the place, the uncertainty and the range of every nuisance."""
    index, sigmas, bounds = {}, [], []

    def add(name, sigma, low=-np.inf, high=np.inf):
        if name not in index:
            index[name] = len(index)
            sigmas.append(sigma)
            bounds.append((low, high))

    for e in experiments:
        for name, sigma in [("signal", e.signal_sigma), *((b.name, b.sigma) for b in e.backgrounds)]:
            if sigma:
                add(f"{e.name} {name}", sigma)
        for n in e.nuisances:
            add(n.name, n.sigma)
        for s in e.shapes:
            low, high = (-s.reach, s.reach) if isinstance(s, Deformation) else (s.low, s.high)
            add(s.name, np.inf if isinstance(s, TimeOffset) else 1.0, low, high)
    return index, np.array(sigmas), bounds


CORRELATED = ("flux", "neutrons", 0.4)


def generated(seed):
    """Three detectors at one source: energies and times; energies and pulse shapes; energies alone."""
    rng = np.random.default_rng(seed)
    pulse = {"prompt nu_mu": [0.03], "anti-nu_mu": [0.03, 2.2], "nu_e": [0.03, 2.2]}
    flux = pion_decay_at_rest(distance=rng.uniform(18, 30), protons=rng.uniform(1, 3) * 1e23, neutrinos_per_proton=0.09)
    pulsed = flux.with_timing({name: PulseTiming(0.5, 0.15, lives) for name, lives in pulse.items()})
    shared = [Nuisance("flux", 0.1), Nuisance("neutrons", 0.3, ["neutrons"])]

    def flat(bins, n, sigma, name="steady"):
        return Background(name, n / bins * rng.uniform(0.6, 1.4, bins), sigma)

    def sides(value, step):
        return value + step, value - step

    def ramp(background, slope):
        tilt = 1 + slope * np.linspace(-1, 1, len(background.counts))
        return np.array(background.counts) * tilt

    light = ResponseShape("light", *(PolynomialQuenching((f,)) for f in sides(0.082, 0.0075)))
    pe = Axis("energy", [5, 8, 12, 16, 20, 30, 45], "PE")
    timed = {
        "response": Response(PolynomialQuenching((0.082,)), pe, light_yield=13.0, resolution=PoissonResolution()),
        "target": Target.of("CsI", mass=rng.uniform(5, 15)),
        "arrival": Arrival([0, 0.4, 0.8, 1.5, 6], ArrivalEfficiency(0.5, 0.05)),
        "backgrounds": [flat(24, rng.uniform(50, 300), 0.05), flat(24, 12, 0.0, "neutrons")],
        "nuisances": shared,
        "shapes": [light, TimeOffset(-0.2, 0.2)],
    }
    keV = Axis("energy", [5, 12, 20, 30, 60], "keVee")
    argon = [PolynomialQuenching((f,)) for f in (0.25, *sides(0.25, 0.025))]
    shares = rng.dirichlet([8.0, 6.0, 3.0], 4)
    steady = flat(12, rng.uniform(20, 200), 0.1)
    pulses = {
        "response": Response(argon[0], keV, resolution=GaussianResolution(0.58)),
        "target": Target.of("Ar-40", mass=rng.uniform(20, 60)),
        "distribution": Distribution([Axis("F90", [0.5, 0.6, 0.7, 0.9])], shares),
        "signal_sigma": 0.08,
        "backgrounds": [steady, flat(12, 30, 0.0, "neutrons")],
        "nuisances": shared,
        "correlations": {CORRELATED[:2]: CORRELATED[2]},
        "shapes": [
            ResponseShape("ionisation", argon[1], argon[2]),
            Deformation("pulse", "signal", shares @ np.array([[0.9, 0.1, 0], [0, 0.9, 0.1], [0, 0, 1]]), shares),
            Deformation("slope", "steady", ramp(steady, 0.1), ramp(steady, -0.1)),
        ],
    }
    germanium = [LindhardQuenching(32, 72.6, k) for k in (0.157, *sides(0.157, 0.01))]
    kev = Axis("energy", [0.5, 1, 2, 4, 8], "keVee")
    alone = {
        "response": Response(germanium[0], kev, resolution=GaussianResolution(constant=0.1)),
        "target": Target.of("Ge", mass=rng.uniform(2, 10)),
        "backgrounds": [flat(4, rng.uniform(5, 40), 0.0)],
        "nuisances": [shared[0], Nuisance("germanium background", np.inf, ["steady"])],
        "shapes": [ResponseShape("stopping", *germanium[1:])],
    }
    made = []
    for name, given in (("timed", timed), ("pulses", pulses), ("alone", alone)):
        bins = 24 if name == "timed" else 12 if name == "pulses" else 4
        used = pulsed if "arrival" in given else flux
        made.append(Experiment(name=name, flux=used, observed=np.ones(bins), **given))
    return rng, made


def check_generated(seed, point, starts):
    rng, experiments = generated(seed)
    index, sigmas, bounds = numbered(experiments)
    covariance = np.diag(np.where(np.isinf(sigmas), 1.0, sigmas**2))
    i, j = (index[name] for name in CORRELATED[:2])
    covariance[i, j] = covariance[j, i] = CORRELATED[2] * sigmas[i] * sigmas[j]
    precision = np.linalg.inv(covariance)
    free = np.isinf(sigmas)
    precision[free, free] = 0.0
    truth, (model, values) = [literal(e, index, "sm", {}) for e in experiments], POINTS[point]
    data = poisson(rng, truth, sigmas, [(max(low, -2), min(high, 2)) for low, high in bounds])
    parts = [literal(e, index, model, values) for e in experiments]
    expected = least(rng, parts, data, precision, bounds, starts)
    first, *others = (e.with_data(n) for e, n in zip(experiments, data, strict=True))
    likelihood = sum(others, first)
    assert likelihood.chi2(model, **values) == expected


def test_experiments_of_a_user():
    check_generated(2, "twice the signal", starts=3)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(16))
def test_many_experiments_of_a_user(seed):
    check_generated(100 + seed, list(POINTS)[seed % 4], starts=30)
