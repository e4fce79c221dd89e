"""Cost against size: straight lines are expected."""

import numpy as np
import pytest
from test_kernels import ARGON, EDGES, pion_decay_table

from cevns.detectors import Efficiency, Response
from cevns.fluxes import tabulated
from cevns.predictions import recoil_events

COUPLINGS = np.geomspace(1e-6, 1e-1, 100)


@pytest.mark.parametrize("size", [10, 30, 100, 300, 1000])
def test_masses(size, measure, both):
    masses = np.geomspace(0.1, 1e4, size)
    found = measure("masses", "cevns", lambda: both.scan("b-l", masses, COUPLINGS).chi2, axis="masses", size=size)
    assert found.shape == (size, 100)


@pytest.mark.parametrize("size", [10, 100, 1000, 10_000, 100_000])
def test_couplings(size, measure, both, quick):
    couplings = np.geomspace(1e-6, 1e-1, min(size, 1000) if quick else size)
    found = measure("couplings", "cevns", lambda: both.chi2("b-l", 20.0, couplings), axis="couplings", size=size)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("size", [3, 12, 48, 192, 768])
def test_bins(size, measure, argon, plane):
    response = Response(argon.response.quenching, np.linspace(5.0, 45.0, size + 1), efficiency=Efficiency.perfect())
    template = argon.replace(response=response, observed=np.ones(size), uncertainty=np.ones(size), backgrounds=())
    # data that are the standard model's own expectation
    fine = template.replace(observed=template.predict("sm").signal)
    chi2, points = fine.bind("b-l"), plane(100)
    assert abs(chi2(10.0, 0.0)) < 1e-8
    found = measure("bins", "cevns", lambda: [chi2(m, g) for m, g in points], calls=100, axis="bins", size=size)
    assert min(found) > -1e-8


@pytest.mark.parametrize("size", [30, 100, 300, 1000, 3000])
def test_table_rows(size, measure):
    energy, electron, muon = pion_decay_table(size, 0.01)
    flux = tabulated(energy, {"e": electron, "mu": muon})
    found = measure(
        "table rows",
        "cevns",
        lambda: recoil_events("universal", flux, ARGON, EDGES, 10.0, 5e-5),
        axis="table rows",
        size=size,
    )
    assert (found > 0).all()


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("size", [10, 300])
def test_threads(size, threads, measure, both):
    masses, couplings = np.geomspace(0.1, 1e4, size), np.geomspace(1e-6, 1e-1, size)
    found = measure(
        f"threads, {size} x {size}",
        "cevns",
        lambda: both.scan("b-l", masses, couplings, num_threads=threads).chi2,
        axis=f"threads, {size} x {size}",
        size=threads,
    )
    assert np.array_equal(found, both.scan("b-l", masses, couplings).chi2)
