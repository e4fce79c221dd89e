"""One test for each mistake that published CEvNS codes have made; each fails if the library makes it."""

import inspect
import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from scipy import integrate

from cevns import fluxes, predictions, reference
from cevns.constants import HBAR_C, MUON_MASS
from cevns.kernels.engine import crossings_limit
from cevns.nuclei import Nucleus, Target
from cevns.nuclei.form_factors import helm


@pytest.mark.parametrize("exposure", [1e-40, 1e-15, 1e15])
def test_no_absolute_tolerance_hides_in_the_quadrature(argon, exposure):
    """A rate per second in one kilogram is tiny; it must have the same digits as one over years in a tonne."""
    target = Target(argon.target.components, argon.target.molar_mass, argon.target.mass * exposure)
    for point in (("sm",), ("universal", 1.0, 3e-5)):
        found = argon.replace(target=target).predict(*point).signal
        np.testing.assert_allclose(found / exposure, argon.predict(*point).signal, rtol=1e-12)
        edges = [1.0, 10.0, 100.0]
        scaled, whole = (
            predictions.recoil_events(point[0], argon.flux, t, edges, *point[1:]) for t in (target, argon.target)
        )
        np.testing.assert_allclose(scaled / exposure, whole, rtol=1e-12)


def test_helm_exponential_damps():
    """exp(-q^2 s^2 / 2), not exp(+...): below the uniform sphere of the same diffraction radius."""
    q, rms_radius, s = np.linspace(10, 120, 12), 5.01, 0.9
    x = q / HBAR_C * np.sqrt(5 / 3 * (rms_radius**2 - 3 * s**2))
    sphere = 3 * (np.sin(x) - x * np.cos(x)) / x**3
    np.testing.assert_allclose(helm(q, rms_radius, s) / sphere, np.exp(-((q / HBAR_C * s) ** 2) / 2), rtol=1e-12)


def test_helm_radius_is_not_the_diffraction_radius():
    """The first zero is at q R_0 = 4.4934 with R_0^2 = 5/3 (R^2 - 3 s^2), not at q R = 4.4934."""
    rms_radius, s = 5.01, 0.9
    zero = 4.493409457909064 * HBAR_C / np.sqrt(5 / 3 * (rms_radius**2 - 3 * s**2))
    assert abs(helm(zero, rms_radius, s)) < 1e-15
    assert helm(zero * (1 - 1e-6), rms_radius, s) > 0 > helm(zero * (1 + 1e-6), rms_radius, s)
    assert helm(4.493409457909064 * HBAR_C / rms_radius, rms_radius, s) < -1e-3


def test_form_factor_enters_squared():
    nucleus = Nucleus("X", 54, 76, 121000.0, 4.9, 4.9)
    target = Target(((nucleus, 1.0),), molar_mass=130.0, mass=1.0)
    flux = fluxes.monochromatic(40.0, fluence=1e14, flavour="e")
    recoil = np.array([1.0, 8.0, 20.0])
    rates = predictions.recoil_spectrum("sm", flux, target, recoil)
    kinematic = 1 - nucleus.mass * recoil * 1e-3 / (2 * 40.0**2)
    squared = helm(np.sqrt(2 * nucleus.mass * recoil * 1e-3), 4.9, 0.9) ** 2
    np.testing.assert_allclose(rates / rates[0], kinematic * squared / (kinematic[0] * squared[0]), rtol=1e-12)


def test_pion_decay_flux_ends_at_half_the_muon_mass(argon):
    """The polynomials of eqs. 2.7 and 2.8 go on beyond m_mu / 2; the spectra do not."""
    for flavour in ("e", "mu"):
        assert argon.flux.moment(flavour, MUON_MASS / 2) == 0
        assert argon.flux.density(flavour, [MUON_MASS / 2 * (1 + 1e-12), 0.6 * MUON_MASS]).tolist() == [0, 0]
    end = 2e3 * (MUON_MASS / 2) ** 2 / argon.target.nuclei[0].mass
    assert predictions.recoil_spectrum("sm", argon.flux, argon.target, [end * (1 - 1e-6)])[0] > 0
    assert predictions.recoil_spectrum("sm", argon.flux, argon.target, [end * (1 + 1e-12)])[0] == 0


def test_the_kinematic_factor_has_its_two(argon):
    """1 - M T / 2 E^2: a line's spectrum falls linearly, but for F^2, to zero at T = 2 E^2 / M."""
    flux = fluxes.monochromatic(10.0, fluence=1e14, flavour="e")
    mass = argon.target.nuclei[0].mass
    end = 2e3 * 10.0**2 / mass
    half, most = predictions.recoil_spectrum("sm", flux, argon.target, np.array([0.5, 1e-9]) * end)
    damping = helm(np.sqrt(2 * mass * 0.5 * end * 1e-3), 3.5, 0.9) ** 2
    assert half / most == pytest.approx(0.5 * damping, rel=0.01)


def test_the_allowed_strip_of_the_universal_model_is_not_missed(both):
    """Near g = 2e-6 M / MeV (section 5.2) it is narrower than a step of 100 couplings over six decades."""
    level = both.chi2("sm") + 4.61
    found, counts, above = np.empty((1, crossings_limit())), np.zeros(1, np.intp), np.zeros(1, np.int8)
    both.bind("universal").engine.crossings(np.array([[1e3, 0.0]]), False, level, found, counts, above)
    couplings = np.geomspace(1e-4, 1e-2, 20001)
    excluded = both.chi2("universal", 1e3, couplings) > level
    jumps = np.nonzero(np.diff(excluded))[0]
    # allowed, excluded by destructive interference, allowed strip, excluded
    assert above[0] == 0
    assert counts[0] == jumps.size == 3
    edges = np.sqrt(found[0, :3])
    assert (couplings[jumps] <= edges).all()
    assert (edges <= couplings[jumps + 1]).all()
    assert edges[1] < 2e-3 < 1.1 * edges[2]
    assert edges[2] / edges[1] < 1e6 ** (1 / 99)


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="counts the threads of a process through /proc")
def test_small_jobs_start_no_threads():
    """Asked for two threads, only a large job starts any: Python's are counted as they start, OpenMP's stay."""
    program = """
import os
import threading
import numpy as np
import cevns
from cevns.predictions import recoil_events

started, start = [], threading.Thread.start

def counted(thread):
    started.append(thread)
    start(thread)

def threads():
    return len(started) + len(os.listdir("/proc/self/task"))

threading.Thread.start = counted

argon = cevns.load("coherent-argon-2020")
both = cevns.load("coherent-csi-2017") + argon
masses, couplings = np.geomspace(1, 1e3, 200), np.geomspace(1e-6, 1e-1, 1000)
found = [threads()]
both.chi2("b-l", 10.0, 5e-5)
both.scan("b-l", masses[:10], couplings[:10], num_threads=2)
found.append(threads())
both.best_fit("b-l", mass=10.0, num_threads=2)
both.limit("b-l", 10.0, reference=10.0, num_threads=2)
found.append(threads())
recoil_events("b-l", argon.flux, argon.target, [5.0, 10.0, 20.0], 10.0, 5e-5, num_threads=2)
found.append(threads())
both.scan("b-l", masses, couplings, num_threads=2)
found.append(threads())
print(*(n - found[0] for n in found[1:]))
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_", "KMP_"))}
    result = subprocess.run(
        [sys.executable, "-c", program],
        # the threads of a linear algebra library are not ours
        env=environment | {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    scan, limit, events, large = map(int, result.stdout.split())
    assert (scan, limit, events) == (0, 0, 0)
    assert large > 0


def test_integrals_use_one_thread_unless_asked():
    assert inspect.signature(predictions.recoil_events).parameters["num_threads"].default == 1


def test_masses_of_nuclei_are_not_those_of_atoms(argon):
    """The electrons of caesium weigh 28 MeV: the mass of a table that says nuclear and holds atomic ones."""
    assert argon.target.nuclei[0].mass == pytest.approx(reference.AR40.mass, rel=1e-12)
    assert argon.target.nuclei[0].mass < 39.9623831237 * 931.49410372 - 9


def test_textbook_profile_loses_its_digits_where_ours_does_not(argon):
    """(y - N)' P (y - N) - ... is a difference of huge numbers; chi2 stays below that of no signal."""
    observed = np.array(argon.observed) - sum(np.array(b.counts) for b in argon.backgrounds)
    without_signal = (observed**2 / np.square(argon.uncertainty)).sum() + argon.signal_sigma**-2
    for coupling in (1e-1, 1e3, 1e10):
        assert 0 < argon.chi2("universal", 0.0, coupling) < without_signal


def test_efficiency_rows_are_kinks_of_the_quadrature(argon):
    """A rule that ignores the rows of the efficiency table is wrong by 1e-4 in the first bin."""

    def integrand(recoil):
        accepted = argon.response.efficiency(argon.response.observable(recoil))
        return accepted * predictions.recoil_spectrum("sm", argon.flux, argon.target, recoil)

    cuts = argon.response.recoil([x for x in argon.response.efficiency.x if x < 10.0] + [10.0])
    exact = sum(integrate.fixed_quad(integrand, a, b, n=12)[0] for a, b in itertools.pairwise(cuts))
    assert argon.predict("sm").signal[0] == pytest.approx(exact, rel=1e-10)
