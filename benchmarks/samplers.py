"""Likelihood calls a second that iminuit, emcee and SciPy reach, through Python and through C.

Run ``python benchmarks/samplers.py`` to print them. The functions below are what the documentation shows.
"""

import functools
import importlib.util
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import cevns

__all__ = ["SAMPLERS", "rates"]


def with_iminuit(both, start):
    """Fit mass and coupling with MIGRAD; return the calls it made."""
    from iminuit import Minuit

    chi2 = both.bind("b-l")
    fit = Minuit(lambda log_m, log_g: chi2(10**log_m, 10**log_g), log_m=start[0], log_g=start[1])
    fit.errordef = Minuit.LEAST_SQUARES
    fit.limits = [(-1, 4), (-6, -1)]
    fit.migrad()
    return fit.nfcn


def with_emcee(both, start, steps=200):
    """Sample the plane, flat in the logarithms; return the calls it made."""
    import emcee

    chi2 = both.bind("b-l")

    def log_probability(x):
        log_m, log_g = x.tolist()
        return -0.5 * chi2(10**log_m, 10**log_g) if -1 < log_m < 4 and -6 < log_g < -1 else -math.inf

    walkers = np.array(start) + 0.1 * np.random.default_rng(1).standard_normal((32, 2))
    emcee.EnsembleSampler(32, 2, log_probability).run_mcmc(walkers, steps)
    return 32 * (steps + 1)


def with_emcee_vectorized(both, start, steps=200):
    """The same with one call for all walkers that move."""
    import emcee

    def log_probability(x):
        inside = (x > (-1, -6)).all(axis=1) & (x < (4, -1)).all(axis=1)
        chi2 = both.chi2("b-l", *10 ** np.where(inside[:, None], x, (1.0, -5.0)).T)
        return np.where(inside, -0.5 * chi2, -np.inf)

    walkers = np.array(start) + 0.1 * np.random.default_rng(1).standard_normal((32, 2))
    emcee.EnsembleSampler(32, 2, log_probability, vectorize=True).run_mcmc(walkers, steps)
    return 32 * (steps + 1)


def with_nquad(both, start):
    """Integrate the likelihood around a point with SciPy's compiled callback; return the calls it made."""
    from scipy.integrate import nquad

    function = both.bind("b-l").low_level_callable("likelihood")
    mass, coupling = 10 ** start[0], 10 ** start[1]
    options = {"epsabs": 0.0, "epsrel": 1e-6}
    ranges = [(mass, 2 * mass), (0.1 * coupling, coupling)]
    return nquad(function, ranges, opts=options, full_output=True)[2]["neval"]


def with_iminuit_and_cython(both, start):
    """MIGRAD on a Cython function that calls ``chi2_c``; return the calls it made."""
    from iminuit import Minuit

    chi2, chi2_of_logarithms = both.bind("b-l"), loops().chi2_of_logarithms
    fit = Minuit(lambda log_m, log_g: chi2_of_logarithms(chi2, log_m, log_g), log_m=start[0], log_g=start[1])
    fit.errordef = Minuit.LEAST_SQUARES
    fit.limits = [(-1, 4), (-6, -1)]
    fit.migrad()
    return fit.nfcn


def with_emcee_and_cython(both, start, steps=200):
    """emcee with one Cython call for all walkers that move; return the calls it made."""
    import emcee

    chi2, log_probabilities = both.bind("b-l"), loops().log_probabilities
    walkers = np.array(start) + 0.1 * np.random.default_rng(1).standard_normal((32, 2))
    sampler = emcee.EnsembleSampler(32, 2, lambda x: log_probabilities(chi2, x), vectorize=True)
    sampler.run_mcmc(walkers, steps)
    return 32 * (steps + 1)


@functools.cache
def loops():
    """Build loops.pyx as a user would, outside the package, and return it."""
    import Cython  # noqa: F401  (says what is missing before a compiler does)

    source = Path(__file__).with_name("loops.pyx")
    folder = Path(tempfile.mkdtemp(prefix="cevns-loops-"))
    (folder / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "setup.py").write_text(
        "from setuptools import Extension, setup\n"
        "from Cython.Build import cythonize\n"
        "directives = dict(language_level=3, boundscheck=False, wraparound=False, cdivision=True, cpow=True)\n"
        "setup(name='loops', py_modules=[], ext_modules=cythonize([Extension('loops', ['loops.pyx'])],"
        f" include_path=[{str(Path(cevns.__file__).parents[1])!r}], compiler_directives=directives))\n",
        encoding="utf-8",
    )
    build = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    subprocess.run(build, cwd=folder, check=True, capture_output=True)
    (library,) = (p for p in folder.iterdir() if p.suffix in {".so", ".pyd"})
    spec = importlib.util.spec_from_file_location("loops", library)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def bare_loop(both, start, steps=20_000):
    """What the loop alone reaches: the limit for a sampler in Python."""
    chi2 = both.bind("b-l")
    for log_g in np.linspace(-6, -1, steps).tolist():
        chi2(10 ** start[0], 10**log_g)
    return steps


SAMPLERS = {
    "a loop": bare_loop,
    "iminuit, MIGRAD": with_iminuit,
    "emcee": with_emcee,
    "emcee, vectorised": with_emcee_vectorized,
    "iminuit, MIGRAD, through Cython": with_iminuit_and_cython,
    "emcee, vectorised, through Cython": with_emcee_and_cython,
    "SciPy nquad, LowLevelCallable": with_nquad,
}
STARTS = [(0.0, -4.5), (1.0, -4.5), (2.0, -3.5), (3.0, -2.5)]


def rates(seconds=1.0):
    """Return calls per second for each of `SAMPLERS`; those whose package is missing are left out."""
    both = cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")
    found = {}
    for name, sample in SAMPLERS.items():
        try:
            sample(both, STARTS[0])
        except ImportError:
            continue
        calls, begin, elapsed, k = 0, time.perf_counter(), 0.0, 0
        while elapsed < seconds:
            calls += sample(both, STARTS[k % len(STARTS)])
            elapsed, k = time.perf_counter() - begin, k + 1
        found[name] = calls / elapsed
    return found


if __name__ == "__main__":
    for name, rate in rates().items():
        print(f"{rate:12,.0f} calls/s  {name}")
