"""Least chi2 over a time offset, which may have many minima, beside a scan of offsets with SciPy at each of them."""

import numpy as np
import pytest
from scipy import optimize, special, stats

from cevns.detectors import Arrival, PolynomialQuenching, Response, TimeOffset
from cevns.experiments import Experiment
from cevns.fluxes import Flux, PulseTiming, pion_decay_at_rest
from cevns.likelihoods import Background, Nuisance
from cevns.nuclei import Target
from cevns.predictions import Signal

MEAN, PION, MUON = 0.47, 0.026, 2.197
FLUX, LEVEL = 0.1, 0.2
#: In two bins of energy.
RESPONSE = Response(PolynomialQuenching((0.25,)), [5, 15, 40])
POINTS = (("sm", {}), ("b-l", {"mass": 20.0, "coupling": 1e-4}))
COARSE, FINE = [0, 0.5, 1, 2, 6], [0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 6]


def sns(width):
    flux = pion_decay_at_rest(neutrinos_per_proton=0.09, protons=1e23, distance=20.0)
    lives = {"prompt nu_mu": [PION], "anti-nu_mu": [PION, MUON], "nu_e": [PION, MUON]}
    return flux.with_timing({name: PulseTiming(MEAN, width, times) for name, times in lives.items()})


def timed(edges, background, low, high, *, mass=100.0, width=0.15, name="timed"):
    return Experiment(
        name=name,
        flux=sns(width),
        target=Target.of("Ar-40", mass=mass),
        response=RESPONSE,
        arrival=Arrival(edges),
        observed=np.zeros(2 * (len(edges) - 1)),
        backgrounds=[Background(f"steady of {name}", background, LEVEL)] if np.any(background) else [],
        nuisances=[Nuisance("flux", FLUX)],
        shapes=[TimeOffset(low, high)],
    )


def steady(edges, total):
    return total * np.outer([0.6, 0.4], np.diff(edges) / (edges[-1] - edges[0])).ravel()


def arrived(edges, width, offset, lives):
    """Shares of time bins of a Gaussian pulse, after which one parent decays, or two in turn."""
    found = [stats.exponnorm.cdf(np.array(edges) - offset, life / width, MEAN, width) for life in lives]
    if len(lives) == 2:
        found = [(lives[1] * found[1] - lives[0] * found[0]) / (lives[1] - lives[0])]
    return np.diff(found[0])


class Scanned:
    """Least chi2 of some of `timed` at one point, with the nuisances in `expected` all written out."""

    def __init__(self, experiments, model, values):
        self.experiments, self.energies = experiments, []
        for e in experiments:
            parts = [Signal(Flux(c.name, (c,)), e.target, e.response) for c in e.flux.components]
            self.energies.append([part.counts(model, **values) for part in parts])

    def signals(self, offset):
        out = []
        for e, energies in zip(self.experiments, self.energies, strict=True):
            timings = [c.timing for c in e.flux.components]
            shares = [arrived(e.arrival.edges, t.sigma, offset, t.lifetimes) for t in timings]
            out.append(sum(np.outer(counts, share) for counts, share in zip(energies, shares, strict=True)).ravel())
        return out

    def at(self, offset, data):
        """The least chi2 of one offset: a convex function of what is left."""
        signals = self.signals(offset)

        def chi2(x):
            out, slopes = x @ x, 2 * x
            for i, (e, n, signal) in enumerate(zip(self.experiments, data, signals, strict=True), start=1):
                fixed = np.array(e.backgrounds[0].counts) if e.backgrounds else 0 * signal
                N = (1 + FLUX * x[0]) * signal + (1 + LEVEL * x[i]) * fixed
                if (N < 0).any() or (N[n > 0] == 0).any():
                    return 1e9, slopes
                out += 2 * (N - n + special.xlogy(n, n) - special.xlogy(n, N)).sum()
                by_count = 2 * (1 - np.divide(n, N, out=np.zeros_like(N), where=n > 0))
                slopes[0] += FLUX * by_count @ signal
                slopes[i] += LEVEL * by_count @ fixed
            return out, slopes

        return optimize.minimize(chi2, np.zeros(1 + len(signals)), jac=True, method="BFGS", options={"gtol": 1e-6}).fun

    def least(self, data, low, high):
        offsets = np.linspace(low, high, 81)
        found = np.array([self.at(t, data) for t in offsets])
        best = [found.min()]
        # what lies between two offsets of the scan
        for i in np.argsort(found)[:3]:
            ends = offsets[max(i - 1, 0)], offsets[min(i + 1, 80)]
            options = {"xatol": 1e-7}
            best.append(optimize.minimize_scalar(self.at, ends, args=(data,), bounds=ends, options=options).fun)
        return min(best)


def drawn(rng, scanned, low, high):
    """Counts of one offset between two."""
    signals = scanned.signals(rng.uniform(low, high))
    fixed = [e.backgrounds[0].counts if e.backgrounds else 0.0 for e in scanned.experiments]
    return [rng.poisson(signal + f).astype(float) for signal, f in zip(signals, fixed, strict=True)]


def check(experiments, data, low, high, points=POINTS):
    first, *others = (e.with_data(n) for e, n in zip(experiments, data, strict=True))
    for model, values in points:
        expected = Scanned(experiments, model, values).least(data, low, high)
        assert sum(others, first).chi2(model, **values) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("seed", [12, 454])
def test_chi2_is_the_least_over_all_offsets(seed):
    rng = np.random.default_rng(seed)
    high, mass = float(rng.choice([0.25, 0.5, 1.0])), float(10 ** rng.uniform(0.5, 2))
    made = [timed(COARSE, steady(COARSE, mass), -high, high, mass=mass)]
    check(made, drawn(rng, Scanned(made, *POINTS[0]), -high, high), -high, high)


def test_a_bin_that_the_pulse_has_left_may_be_empty():
    rng = np.random.default_rng(0)
    made = [timed(COARSE, np.zeros(8), -0.3, 1.5)]
    data = drawn(rng, Scanned(made, *POINTS[0]), 1.45, 1.5)
    assert not data[0][0::4].any()
    check(made, data, -0.3, 1.5)


def test_experiments_share_an_offset_whatever_their_times():
    made = [
        timed(COARSE, steady(COARSE, 10.0), -0.5, 0.5, mass=10.0),
        timed(FINE, steady(FINE, 30.0), -0.5, 0.5, mass=30.0, width=0.1, name="later"),
    ]
    check(made, drawn(np.random.default_rng(6), Scanned(made, *POINTS[0]), -0.5, 0.5), -0.5, 0.5, POINTS[1:])


def test_the_minimum_is_one_of_all_nuisances_and_does_not_depend_on_the_order():
    made = timed(COARSE, steady(COARSE, 100.0), -1.0, 1.0)
    made = made.with_data([80, 52, 92, 151, 16, 14, 30, 35])
    x = {"mass": 20.0, "coupling": 1e-4}
    pulls = made.pulls("b-l", **x)
    assert pulls.shared["time offset"] == -1.0  # the end of its range
    N = np.asarray(made.predict("b-l", **x, pulls=pulls).total)
    own = pulls.shared["flux"] / FLUX, pulls.experiments["timed"]["pulls"]["steady of timed"] / LEVEL
    n = made.observed
    chi2 = 2 * (N - n + special.xlogy(n, n / N)).sum() + np.square(own).sum()
    assert chi2 == pytest.approx(pulls.chi2, rel=1e-9)
    couplings = np.geomspace(1e-5, 3e-4, 12)
    row = made.chi2("b-l", mass=20.0, coupling=couplings)
    assert row[::-1] == pytest.approx(made.chi2("b-l", mass=20.0, coupling=couplings[::-1].copy()), rel=1e-9)
    assert row == pytest.approx([made.chi2("b-l", mass=20.0, coupling=c) for c in couplings.tolist()], rel=1e-9)
