"""The Helm form factor and the double integral over recoil and neutrino energy, as kernels of their own."""

import warnings

import numpy as np
import pytest
from baselines import double_integral, numpy_moments

from cevns import reference
from cevns.fluxes import tabulated
from cevns.nuclei import Target
from cevns.nuclei.form_factors import helm
from cevns.predictions import recoil_events

RADIUS, SKIN = 4.94, 0.9
ARGON = Target.of({"Ar-40": 1}, molar_mass=39.96, mass=24)
EDGES = np.linspace(5.0, 125.0, 13)


@pytest.mark.parametrize("size", [100_000, 1_000_000])
@pytest.mark.parametrize("version", ["cevns", "numpy", "scipy"])
def test_helm(version, size, measure, quick):
    q = np.linspace(0.0, 120.0, size // 100 if quick else size + 1)[1:]
    function = {
        "cevns": lambda: helm(q, RADIUS, SKIN),
        "numpy": lambda: numpy_moments.helm(q, RADIUS, SKIN),
        "scipy": lambda: reference.helm(q, RADIUS),
    }[version]
    found = measure(f"Helm {size}", version, function, calls=q.size)
    some = slice(q.size // 50, None, q.size // 40)
    worst = np.abs(found[some] / _exact_helm(q[some]) - 1).max()
    assert worst < (1e-14 if version == "cevns" else 1e-10)
    measure.note(error=worst)


def _exact_helm(q):
    import mpmath

    with mpmath.workdps(40):
        radius, skin, hbar_c = (mpmath.mpf(x) for x in (RADIUS, SKIN, 197.3269804))
        diffraction = mpmath.sqrt(mpmath.mpf(5) / 3 * (radius**2 - 3 * skin**2))
        values = []
        for momentum in q:
            k = mpmath.mpf(float(momentum)) / hbar_c
            x = k * diffraction
            sphere = 3 * (mpmath.sin(x) - x * mpmath.cos(x)) / x**3
            values.append(float(sphere * mpmath.exp(-((k * skin) ** 2) / 2)))
    return np.array(values)


def pion_decay_table(rows, noise):
    """Pion decay at rest in equally spaced rows, with the relative statistical noise of a simulated flux."""
    energy = np.linspace(0.5, 52.5, rows)
    eta, m = 1e15, numpy_moments.M_MU
    electron = 192 * eta * energy**2 / m**3 * (0.5 - energy / m)
    muon = 64 * eta * energy**2 / m**3 * (0.75 - energy / m)
    shake = 1 + noise * np.random.default_rng(3).standard_normal((2, rows))
    return energy, electron * shake[0], muon * shake[1]


@pytest.mark.parametrize("table", ["smooth", "simulated"])
@pytest.mark.parametrize("version", ["cevns", "numpy", "scipy", "scipy-loose"])
def test_double_integral(version, table, measure, quick):
    rows = 60 if quick else 1000
    energy, electron, muon = pion_decay_table(rows, {"smooth": 0.0, "simulated": 0.01}[table])
    flux = {"e": electron, "mu": muon}
    made = tabulated(energy, flux)
    mass, coupling = 10.0, 5e-5
    exact = recoil_events("universal", made, ARGON, EDGES, mass, coupling, nodes=32)
    # SciPy gets one bin of the table that it cannot integrate well, and is charged for one
    bins = slice(5, 6) if version.startswith("scipy") and table == "simulated" else slice(0, 12)
    edges = EDGES[bins.start : bins.stop + 1] * 1e-3
    tolerance = 1e-6 if version == "scipy-loose" or quick else 1e-8

    def with_scipy():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # dblquad says so when it gives up
            return double_integral.with_dblquad(edges, energy, electron, muon, mass, coupling, tolerance)

    function = {
        "cevns": lambda: recoil_events("universal", made, ARGON, EDGES, mass, coupling),
        "numpy": lambda: double_integral.with_numpy(edges, energy, flux, mass, coupling) * ARGON.numbers[0],
        "scipy": lambda: with_scipy() * ARGON.numbers[0],
        "scipy-loose": lambda: with_scipy() * ARGON.numbers[0],
    }[version]
    # a median of three survives one pause of the machine
    rounds = 3 if version.startswith("scipy") else None
    found = measure(f"double integral {table}", version, function, rounds=rounds, calls=(bins.stop - bins.start) / 12)
    worst = np.abs(found / exact[bins] - 1).max()
    assert worst < {"cevns": 1e-12, "numpy": 1e-10}.get(version, 0.05)
    measure.note(error=worst)
