"""Grids of interactions whose rates add to the standard model's: scalars, magnetic moments, dipole portals."""

import numpy as np
import pytest
from baselines.numpy_kinematics import Moments, Scalars

import cevns

#: A parabola through three of 41 quenching scales misses kinks of chi2, by 2e-3 near the minimum.
TOLERANCE = 2e-2


def grid(quick):
    n = 20 if quick else 300
    return np.geomspace(0.1, 1e4, n), np.geomspace(1e-6, 1e-1, n)


def moments(n):
    return np.geomspace(1e-11, 1e-7, n)  # Bohr magnetons


@pytest.mark.parametrize("version", ["cevns", "vector", "numpy"])
def test_scalar_grid(version, measure, both, numpy_parts, close, quick):
    masses, couplings = grid(quick)
    scalars = Scalars(*numpy_parts())
    function = {
        "cevns": lambda: both.scan("scalar", masses, couplings).chi2,
        "vector": lambda: both.scan("b-l", masses, couplings).chi2,
        "numpy": lambda: scalars.grid(masses, couplings),
    }[version]
    found = measure("scalar grid", version, function, rounds=9)
    if version != "vector":
        measure.note(error=close(found, both.scan("scalar", masses, couplings).chi2, TOLERANCE))


@pytest.mark.parametrize("version", ["cevns", "vector", "numpy"])
def test_plane_of_magnetic_moments(version, measure, both, numpy_parts, close, quick):
    masses, couplings = grid(quick)
    mu = moments(masses.size)
    other = Moments(*numpy_parts())

    def plane():
        return both.chi2("magnetic-moment", mu_e=mu[:, None], mu_mu=mu, mu_tau=0.0)

    function = {
        "cevns": plane,
        "vector": lambda: both.scan("b-l", masses, couplings).chi2,
        "numpy": lambda: other.plane(mu, mu),
    }[version]
    found = measure("magnetic moments", version, function, rounds=5)
    if version != "vector":
        measure.note(error=close(found, plane(), TOLERANCE))


@pytest.mark.parametrize("version", ["cevns", "numpy"])
def test_sterile_dipole_from_cold(version, measure, numpy_parts, close, quick):
    masses, mu = (np.geomspace(1.0, 100.0, 5), moments(20)) if quick else (np.geomspace(1.0, 100.0, 100), moments(200))

    def cold():
        likelihood = cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")
        return likelihood.chi2("sterile-dipole", mass=masses[:, None], mu_e=0.0, mu_mu=mu)

    function = {"cevns": cold, "numpy": lambda: Moments(*numpy_parts()).portal(masses, mu)}[version]
    found = measure("sterile dipole", version, function, rounds=3)
    measure.note(error=close(found, cold(), TOLERANCE))
