"""The data of today: Poisson counts in energy, time and pulse shape, alone and together."""

import numpy as np
import pytest
from baselines.numpy_moments import crossings
from baselines.numpy_poisson import Poisson

import cevns
from cevns import reference

MASSES = np.geomspace(0.1, 1e4, 200)
#: Job, data sets, and versions beside the library's.
JOBS = {
    "CsI 2021 core": ("core", ("cevns", "numpy", "scipy")),
    "CsI 2021 full": ("full", ("cevns", "scipy")),
    "argon 3D": ("argon", ("cevns", "numpy")),
    "four data sets": ("four", ("cevns", "numpy")),
}


@pytest.fixture(scope="module")
def today():
    core, argon = cevns.load("coherent-csi-2021", systematics="core"), cevns.load("coherent-argon-2020-3d")
    others = cevns.load("coherent-ge-2024") + cevns.load("xenonnt-8b-2026")
    return {"core": core, "full": cevns.load("coherent-csi-2021"), "argon": argon, "four": core + argon + others}


def points(n):
    """Points near the limits, as a sampler meets them."""
    generator = np.random.default_rng(21)
    return list(zip(10 ** generator.uniform(0, 3, n), 10 ** generator.uniform(-5.5, -4, n), strict=True))


@pytest.mark.parametrize(("job", "version"), [(job, v) for job, (_, versions) in JOBS.items() for v in versions])
def test_point(job, version, measure, today, quick):
    name = JOBS[job][0]
    chi2 = today[name].bind("b-l")
    if version == "scipy" and name == "full" and quick:
        pytest.skip("half a minute")
    count = {"cevns": 100, "numpy": 20, "scipy": 1}[version]
    rows = [tuple(map(float, row)) for row in points(count)]
    function = {
        "cevns": lambda: chi2,
        "numpy": lambda: Poisson(chi2.engine).point,
        "scipy": lambda: lambda m, g: reference.chi2_csi_2021("b-l", m, g, systematics=name)[0],
    }[version]()
    found = measure(
        job, version, lambda: [function(*row) for row in rows], calls=count, rounds=1 if version == "scipy" else None
    )
    worst = np.abs(np.array(found) - [chi2(*row) for row in rows]).max()
    assert worst < (1e-3 if version == "scipy" else 1e-6)
    measure.note(error=worst)


@pytest.mark.parametrize(("name", "version"), [("core", "cevns"), ("core", "numpy"), ("full", "cevns")])
def test_couplings(name, version, measure, today):
    data, mass, couplings = today[name], 20.0, np.geomspace(1e-6, 1e-3, 200)
    function = {
        "cevns": lambda: data.chi2("b-l", mass, couplings),
        "numpy": lambda: other.row(mass, couplings),
    }[version]
    other = Poisson(data.bind("b-l").engine) if version == "numpy" else None
    found = measure(f"CsI 2021 {name} couplings", version, function, calls=couplings.size)
    worst = np.abs(found - data.chi2("b-l", mass, couplings)).max()
    assert worst < 1e-6
    measure.note(error=worst)


@pytest.mark.parametrize(("name", "version"), [("core", "cevns"), ("core", "numpy"), ("full", "cevns")])
def test_limit(name, version, measure, today, quick):
    data, masses = today[name], MASSES[::50] if quick else MASSES
    reference_fit = data.best_fit("b-l", mass=20.0)
    if version == "cevns":
        measure(f"limit of CsI 2021 {name}", version, lambda: data.limit("b-l", masses), rounds=1)
        return
    # the contour's error falls with the square of the grid's step
    couplings, other = np.geomspace(1e-6, 1e-1, 500), Poisson(data.bind("b-l").engine)
    exact = data.limit("b-l", masses, reference=reference_fit)
    level = exact.chi2_min + exact.delta_chi2
    grid = measure(f"limit of CsI 2021 {name}", version, lambda: other.grid(masses, couplings), rounds=1)
    worst = np.abs(crossings(grid, couplings, level) / exact.lowest - 1).max()
    assert worst < 1e-2
    measure.note(error=worst)
