"""Fixtures of the benchmarks: the experiments, the same jobs in NumPy, and one way to measure.

Each job is measured for several versions, the library's first, and each version's result is compared with the
library's, so that a ratio compares the same job. ``--benchmark-disable`` runs everything once and small.
"""

import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

# the folder is not a package, so that its scripts run as they are
sys.path.insert(0, str(Path(__file__).parent))

from baselines import numpy_moments

import cevns

_MEDIANS = pytest.StashKey()
EXAMPLES = [(10.0, 5e-5), (1000.0, 3e-3)]


def pytest_configure(config):
    config.stash[_MEDIANS] = {}


@pytest.fixture(scope="session")
def quick(request):
    """Whether nothing is timed, so that jobs may be small."""
    return request.config.getoption("benchmark_disable")


@pytest.fixture
def measure(benchmark, request):
    """Measure a version of a job and return its result; what it needs to know goes into the report's JSON file."""

    def run(job, version, function, *, calls=1, rounds=None, setup=None, **about):
        benchmark.group = job
        benchmark.extra_info |= {"job": job, "version": version, "calls": calls, **about}
        result = benchmark(function) if rounds is None else benchmark.pedantic(function, rounds=rounds, setup=setup)
        if benchmark.stats is not None:
            seconds = benchmark.stats.stats.median / calls
            medians = request.config.stash[_MEDIANS]
            library = medians.setdefault(job, seconds) if version == "cevns" else medians.get(job)
            if library is not None:
                benchmark.extra_info["ratio"] = seconds / library
        return result

    def error(**values):
        benchmark.extra_info |= {name: float(value) for name, value in values.items()}

    run.note = error
    return run


@pytest.fixture(scope="session")
def csi():
    return cevns.load("coherent-csi-2017")


@pytest.fixture(scope="session")
def argon():
    return cevns.load("coherent-argon-2020")


@pytest.fixture(scope="session")
def both(csi, argon):
    return csi + argon


@pytest.fixture(scope="session")
def csi_constant():
    """CsI with constant quenching and without eta: a job that fits into a page of NumPy."""
    return cevns.load("coherent-csi-2017", quenching="constant").replace(quenching_sigma=0)


@pytest.fixture(scope="session")
def csi_folder():
    return resources.files("cevns.experiments.coherent_csi_2017")


@pytest.fixture(scope="session")
def numpy_constant(csi_folder):
    return numpy_moments.csi_constant(csi_folder)


@pytest.fixture(scope="session")
def numpy_csi(csi):
    """Moments of CsI as a function of eta and the model's charge."""
    one_pe, efficiency = np.arange(6.0, 31.0), np.array(csi.response.efficiency.values)

    def moments(eta=1.0, charge=numpy_moments.CHARGE["universal"]):
        target = numpy_moments.csi_target(csi.response.recoil(one_pe, eta) * 1e-3, efficiency)
        return numpy_moments.Moments(target, charge)

    return moments


class NumpyCombined:
    """Both experiments and all six nuisances, for the B-L model."""

    def __init__(self, csi, argon, csi_moments):
        charge = numpy_moments.CHARGE["b-l"]
        self.csi = numpy_moments.EtaTables(lambda eta: csi_moments(eta, charge), _profile(csi), csi.quenching_sigma)
        self.argon = numpy_moments.Moments(_argon_target(argon), charge)
        self.profile = _profile(argon)

    def point(self, mass, coupling):
        return self.csi.point(mass, coupling) + self.profile.of_counts(self.argon.counts(mass, coupling))

    def grid(self, masses, couplings):
        out = self.csi.grid(masses, couplings)
        b, c = self.argon.coefficients(masses)
        out += self.profile.of_coefficients(self.argon.a, b, c, couplings)
        return out


@pytest.fixture(scope="session")
def numpy_parts(csi, argon):
    """Make what NumPy needs of CsI, for all scales of its table, and of argon: targets, profiles, sigma of eta."""

    def make():
        one_pe, sigma = np.arange(6.0, 31.0), csi.quenching_sigma
        edges = np.array([csi.response.recoil(one_pe, eta) * 1e-3 for eta in numpy_moments.eta_values(sigma)])
        target = numpy_moments.csi_target(edges, np.array(csi.response.efficiency.values))
        return (target, _argon_target(argon)), (_profile(csi), _profile(argon)), sigma

    return make


def _argon_target(argon):
    efficiency = argon.response.efficiency
    return numpy_moments.argon_target(
        argon.response.quenching.signal, np.array(efficiency.x), np.array(efficiency.values)
    )


def _profile(experiment):
    return numpy_moments.Profile(
        np.array(experiment.observed),
        np.array(experiment.uncertainty),
        np.array([b.counts for b in experiment.backgrounds]),
        np.array([b.sigma for b in experiment.backgrounds]),
        experiment.signal_sigma,
    )


@pytest.fixture(scope="session")
def numpy_both(csi, argon, numpy_csi):
    return NumpyCombined(csi, argon, numpy_csi)


@pytest.fixture(scope="session")
def plane():
    """Return n points of the plane of mass [MeV] and coupling, the first two near the limits."""

    def draw(n):
        generator = np.random.default_rng(20)
        masses, couplings = 10 ** generator.uniform(-1, 4, n), 10 ** generator.uniform(-6, -1, n)
        return [*EXAMPLES, *zip(masses.tolist(), couplings.tolist(), strict=True)][:n]

    return draw


@pytest.fixture(scope="session")
def close():
    """Return the largest difference of chi2 where the expected one is within 100 of the least, and check it."""

    def check(found, expected, tolerance):
        found, expected = np.asarray(found), np.asarray(expected)
        assert found.shape == expected.shape
        near = expected < 110.0
        assert near.any()
        worst = np.abs(found - expected)[near].max()
        assert worst < tolerance
        return worst

    return check
