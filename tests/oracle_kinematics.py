"""Kinematics, flux moments and loops of the oracle for experiments that are generated.

Written out from the formulas of docs/physics.md with a quadrature of its own; nothing is shared with the library.
Energies, recoils and masses are in MeV. Fluxes are pieces (flavour, low, high, density) and lines (flavour, energy,
None, fluence).
"""

import numpy as np
from numpy.polynomial import legendre

from cevns.reference import ALPHA, M_E, M_MU, M_TAU

_E_NODES, _E_WEIGHTS = legendre.leggauss(24)
# x = u^4 / 2 resolves logarithms that turn where x (1 - x) q^2 is the square of the electron's mass
_U, _U_WEIGHTS = legendre.leggauss(80)
_U = 0.5 * (1 + _U)
_X = 0.5 * _U**4
_X_WEIGHTS = 2 * 2 * _U**3 * 0.5 * _U_WEIGHTS


def recoil_ends(energy, mass, final_mass):
    """Return the least and the largest recoil for a neutrino energy; None if it does not make the final lepton."""
    if energy <= final_mass:
        return None
    root = np.sqrt((energy - final_mass) * (energy + final_mass))
    return final_mass**4 / (2 * mass * (energy + root) ** 2), (energy + root) ** 2 / (2 * mass)


def least_energy(recoil, mass, final_mass):
    """Return E_min."""
    return np.sqrt(mass * recoil / 2) + final_mass**2 / np.sqrt(8 * mass * recoil)


def kappa(kind, recoil, mass, final_mass):
    """Return kappa as the coefficients of 1, 1 / E and 1 / E^2, each an array like `recoil`."""
    t, m2, none = recoil, final_mass**2, np.zeros_like(recoil)
    if kind == "vector":
        return none + 1, none - m2 / (2 * mass), -(mass * t / 2 + m2 / 4)
    if kind == "scalar":
        return none, none, mass * t / 2 + m2 / 4
    if kind == "tensor":
        return none + 8, none, -2 * mass * t
    fourth = m2**2 * (t - mass) / (8 * t**2 * mass**2)
    return (
        1 / (mass * t),
        -(1 + m2 / (2 * t * mass)) / mass,
        (m2 / (4 * mass) - m2 / (4 * t) + fourth) / mass,
    )


def flux_moment(piece, e_min, coefficients):
    """Return Int dE phi(E) kappa(E) above e_min > 0, by quadrature in log E; all arguments are arrays over recoils."""
    _, low, high, density = piece
    c0, c1, c2 = coefficients
    if high is None:
        return np.where(e_min < low, density * (c0 + (c1 + c2 / low) / low), 0.0)
    out = np.zeros(e_min.size)
    above = np.flatnonzero(e_min < high)
    if low > 0:
        # pieces that lie above e_min as a whole share their moments
        whole = above[e_min[above] <= low]
        u = 0.5 * np.log(high / low)
        e = low * np.exp(u * (1 + _E_NODES))
        f = u * _E_WEIGHTS * density(e) * e
        out[whole] = c0[whole] * f.sum() + c1[whole] * (f / e).sum() + c2[whole] * (f / e**2).sum()
        above = above[e_min[above] > low]
    if not above.size:
        return out
    c0, c1, c2, first = c0[above], c1[above], c2[above], e_min[above]
    start = np.maximum(first, 1e-7 * high)
    u = 0.5 * np.log(high / start)
    # long pieces in parts of at most a factor 8
    parts = max(int(np.ceil(2 * u.max() / np.log(8))), 1)
    total = np.zeros(above.size)
    for k in range(parts):
        width = u / parts
        e = start[:, None] * np.exp(width[:, None] * (2 * k + 1 + _E_NODES))
        f = density(e) * e * (c0[:, None] + (c1[:, None] + c2[:, None] / e) / e)
        total += width * (f @ _E_WEIGHTS)
    if low == 0:
        # below 1e-7 of the end a density is a constant
        rest = c0 * (start - first) + c1 * np.log(start / first) + c2 * (1 / first - 1 / start)
        total += density(np.zeros(1)) * rest
    out[above] = total
    return out


def loop(charges, q2):
    """Return h(q) of charged leptons with charges by flavour that add up to 0."""
    x = _X * (1 - _X)
    total = np.zeros(np.shape(q2))
    for flavour, mass in (("e", M_E), ("mu", M_MU), ("tau", M_TAU)):
        # in units of the muon's mass, so that logarithms are small
        logarithm = np.log((mass / M_MU) ** 2 + x * np.asarray(q2)[..., None] / M_MU**2)
        total += charges.get(flavour, 0.0) * (logarithm @ (_X_WEIGHTS * x))
    return -2 * ALPHA / np.pi * total
