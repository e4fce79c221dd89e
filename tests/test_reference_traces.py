"""Kinematic factors of `cevns.reference` against squares of amplitudes, summed over spins with explicit matrices.

A neutrino of energy E on a particle of spin 1/2 at rest: dsigma/dT = Sum |amplitude|^2 / 2 / (32 pi M E^2), averaged
over the two spins of the target. What a nucleus has dropped is of the order of T/E.
"""

import itertools

import numpy as np
import pytest

from cevns import reference
from cevns.reference import ALPHA, AR40, CM2, G_F, M_E

METRIC = np.diag([1.0, -1.0, -1.0, -1.0])
_SIGMA = [np.array(m, dtype=complex) for m in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])]
_ZERO, _ONE = np.zeros((2, 2)), np.eye(2)
GAMMA = [np.block([[_ONE, _ZERO], [_ZERO, -_ONE]]).astype(complex)]
GAMMA += [np.block([[_ZERO, s], [-s, _ZERO]]) for s in _SIGMA]
GAMMA5 = 1j * GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3]
LEFT = (np.eye(4) - GAMMA5) / 2
TENSOR = [[0.5j * (a @ b - b @ a) for b in GAMMA] for a in GAMMA]
SQRT2_GF = np.sqrt(2) * G_F


def near(value, rel):
    """Return what compares to cross sections, which are all equal within pytest's own absolute tolerance."""
    return pytest.approx(value, rel=rel, abs=0)


def slash(p):
    return sum(METRIC[i, i] * p[i] * GAMMA[i] for i in range(4))


def momenta(E, T, M, m):
    """Return k, k', P, P' of a neutrino that becomes a particle of mass m and leaves the recoil energy T."""
    out, recoil = np.sqrt((E - T) ** 2 - m**2), np.sqrt(T**2 + 2 * M * T)
    along = (E**2 + recoil**2 - out**2) / (2 * E)  # of the recoil
    across = np.sqrt(recoil**2 - along**2)
    before, target = np.array([E, 0, 0, E]), np.array([M, 0, 0, 0.0])
    struck = np.array([M + T, across, 0, along])
    return before, before + target - struck, target, struck


def conjugate(matrix):
    return GAMMA[0] @ matrix.conj().T @ GAMMA[0]


def dsigma(E, T, M, vertices, m=0.0, antineutrino=False):
    """Return dsigma/dT in cm^2/MeV for an amplitude that is a sum of products of (neutrino, target) vertices."""
    k, k_out, P, P_out = momenta(E, T, M, m)
    first, last = (slash(k_out) - m * np.eye(4), slash(k)) if antineutrino else (slash(k), slash(k_out) + m * np.eye(4))
    total = 0.0
    for (a, A), (b, B) in itertools.product(vertices, repeat=2):
        lepton = np.trace(last @ a @ first @ conjugate(b))
        total += lepton * np.trace((slash(P_out) + M * np.eye(4)) @ A @ (slash(P) + M * np.eye(4)) @ conjugate(B))
    assert abs(total.imag) < 1e-9 * abs(total.real)
    return CM2 * total.real / 2 / (32 * np.pi * M * E**2)


def vector_vertices(strength, g_V=1.0, g_A=0.0):
    return [(strength * METRIC[i, i] * GAMMA[i] @ LEFT, GAMMA[i] @ (g_V * np.eye(4) - g_A * GAMMA5)) for i in range(4)]


def tensor_vertices(strength):
    return [
        (strength * METRIC[i, i] * METRIC[j, j] * TENSOR[i][j] @ LEFT, TENSOR[i][j]) for i in range(4) for j in range(4)
    ]


def magnetic_vertices(strength, k, k_out):
    q = METRIC @ (k - k_out)
    return [
        (strength * METRIC[i, i] * sum(TENSOR[i][j] * q[j] for j in range(4)) @ LEFT, GAMMA[i].copy()) for i in range(4)
    ]


#: One proton as heavy as argon, so that p alone is the amplitude.
NUCLEUS = AR40._replace(Z=1, N=0)
#: E, T and the mass of what goes out; some at the edge of what is possible.
POINTS = [(30.0, 1e-3, 0.0), (30.0, 0.047, 0.0), (20.0, 1e-2, 0.0), (52.0, 0.12, 0.0)]
HEAVY = [(30.0, 1e-2, 5.0), (52.0, 1e-1, 20.0), (52.0, 2e-2, 40.0), (40.0, 8e-3, 30.0)]
OF_NUCLEUS = {"form_factor": "point", "standard_model": False}


def strength(T, mass=0.0):
    """Return g^2 that has an amplitude of one weak unit on one nucleon."""
    return SQRT2_GF * (2 * NUCLEUS.mass * T + mass**2)


@pytest.mark.parametrize(("E", "T", "m"), POINTS)
def test_vector(E, T, m):
    found = reference.vector(
        E, T, NUCLEUS, "e", {"u": 1, "d": -1, "e": 1, "mu": 1, "tau": 1}, 3.0, strength(T, 3.0), **OF_NUCLEUS
    )
    exact = dsigma(E, T, NUCLEUS.mass, vector_vertices(SQRT2_GF))
    at_rest = dsigma(E, 1e-6, NUCLEUS.mass, vector_vertices(SQRT2_GF))
    assert abs(found - exact) < 3 * T / E * at_rest
    as_antineutrino = dsigma(E, T, NUCLEUS.mass, vector_vertices(SQRT2_GF), antineutrino=True)
    assert as_antineutrino == near(exact, 1e-12)


@pytest.mark.parametrize(("E", "T", "m"), POINTS)
def test_scalar_and_tensor(E, T, m):
    found = reference.scalar(E, T, NUCLEUS, "e", 3.0, strength(T, 3.0), 1.0, 1.0, **OF_NUCLEUS)
    exact = dsigma(E, T, NUCLEUS.mass, [(SQRT2_GF * LEFT, np.eye(4))])
    assert found == near(exact, 1e-5)
    found = reference.tensor(E, T, NUCLEUS, "e", 3.0, strength(T, 3.0), 1.0, 1.0, **OF_NUCLEUS)
    exact = dsigma(E, T, NUCLEUS.mass, tensor_vertices(SQRT2_GF))
    assert found == near(exact, 3 * T / E)


@pytest.mark.parametrize(("E", "T", "m"), POINTS + HEAVY)
def test_moments(E, T, m):
    """A moment of one Bohr magneton, e / 2 m_e, which a photon joins to the charge e of the nucleus."""
    k, k_out, *_ = momenta(E, T, NUCLEUS.mass, m)
    vertices = magnetic_vertices(4 * np.pi * ALPHA / (2 * M_E) / (2 * NUCLEUS.mass * T), k, k_out)
    exact = dsigma(E, T, NUCLEUS.mass, vertices, m)
    assert reference.dipole(E, T, NUCLEUS, "mu", 1.0, m, **OF_NUCLEUS) == near(exact, 1e-9)
    if m == 0:
        assert reference.magnetic_moment(E, T, NUCLEUS, "mu", 1.0, **OF_NUCLEUS) == near(exact, 1e-9)


@pytest.mark.parametrize(("E", "T", "m"), HEAVY)
def test_upscattering(E, T, m):
    charges = {"u": 1, "d": -1, "e": 1, "mu": 1, "tau": 1}
    found = reference.vector_to_chi(E, T, NUCLEUS, "e", charges, 3.0, strength(T, 3.0), m, **OF_NUCLEUS)
    exact = dsigma(E, T, NUCLEUS.mass, vector_vertices(SQRT2_GF), m)
    at_rest = dsigma(E, 1e-6, NUCLEUS.mass, vector_vertices(SQRT2_GF))
    assert abs(found - exact) < 3 * T / E * at_rest
    found = reference.scalar_to_chi(E, T, NUCLEUS, "e", 3.0, strength(T, 3.0), m, 1.0, 1.0, **OF_NUCLEUS)
    exact = dsigma(E, T, NUCLEUS.mass, [(SQRT2_GF * LEFT, np.eye(4))], m)
    assert found == near(exact, 1e-5)


def test_the_recoil_of_a_light_target_takes_part_in_upscattering():
    """Of the order of m^2 / E M, which is more than T / E at the least recoils."""
    light, E, T, m = NUCLEUS._replace(mass=1000.0), 30.0, 2e-3, 10.0
    charges = {"u": 1, "d": -1, "e": 1, "mu": 1, "tau": 1}
    g2 = SQRT2_GF * 2 * light.mass * T
    found = reference.vector_to_chi(E, T, light, "e", charges, 0.0, g2, m, **OF_NUCLEUS)
    assert found == near(dsigma(E, T, light.mass, vector_vertices(SQRT2_GF), m), 3 * T / E)
    assert 0.2 * m**2 / (2 * E * light.mass) > 3 * T / E


@pytest.mark.parametrize("m", [0.0, 5.0, 40.0])
def test_least_energies(m):
    """At the least energy what goes out goes along the recoil or against it; the exact one is a T/E below or above."""
    M = NUCLEUS.mass
    for T in (1e-3, 1e-2, 0.1):
        exact = (m**2 + 2 * M * T) / 2 / (np.sqrt(T**2 + 2 * M * T) - T)
        out = np.sqrt((exact - T) ** 2 - m**2)
        assert min(abs(np.sqrt(T**2 + 2 * M * T) - s * out - exact) for s in (1, -1)) < 1e-9 * exact
        found = reference.least_energy(T, M, m)
        assert found == pytest.approx(exact - T / 2 * (1 + m**2 / (2 * M * T)), rel=1e-5)


@pytest.mark.parametrize("antineutrino", [False, True])
@pytest.mark.parametrize(("E", "T"), [(30.0, 1e-3), (30.0, 20.0), (1.0, 0.5), (0.3, 0.1)])
def test_electrons(E, T, antineutrino):
    for flavour in ("e", "mu"):
        g_V, g_A = reference.electron_couplings(flavour)
        found = reference.neutrino_electron(E, T, 1, flavour, antineutrino)
        exact = dsigma(E, T, M_E, vector_vertices(SQRT2_GF, g_V, g_A), antineutrino=antineutrino)
        assert found == near(exact, 1e-10)
    no_weak = {"standard_model": False}
    g2 = 1e-9
    found = reference.electron_scalar(E, T, 1, "e", antineutrino, 0.3, g2, **no_weak)
    vertices = [(g2 / (2 * M_E * T + 0.3**2) * LEFT, np.eye(4))]
    assert found == near(dsigma(E, T, M_E, vertices, antineutrino=antineutrino), 1e-8)
    found = reference.electron_pseudoscalar(E, T, 1, "e", antineutrino, 0.3, g2, **no_weak)
    for neutrinos in (LEFT, 1j * GAMMA5 @ LEFT):
        vertices = [(g2 / (2 * M_E * T + 0.3**2) * neutrinos, 1j * GAMMA5)]
        assert found == near(dsigma(E, T, M_E, vertices, antineutrino=antineutrino), 1e-8)
    k, k_out, *_ = momenta(E, T, M_E, 0.0)
    vertices = magnetic_vertices(4 * np.pi * ALPHA / (2 * M_E) / (2 * M_E * T), k, k_out)
    found = reference.electron_magnetic_moment(E, T, 1, "e", antineutrino, 1.0, **no_weak)
    assert found == near(dsigma(E, T, M_E, vertices, antineutrino=antineutrino), 1e-8)


def test_the_charged_current_adds_to_electrons():
    """By a Fierz transformation it is a neutral current with g_V = g_A = 1."""
    for weak in ("tree-level", "radiative"):
        (v_e, a_e), (v_mu, a_mu) = (reference.electron_couplings(f, weak) for f in ("e", "mu"))
        assert (v_e - v_mu, a_e - a_mu) == pytest.approx((1, 1), abs=0.01)
