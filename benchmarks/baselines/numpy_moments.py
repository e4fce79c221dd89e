"""Vectorised NumPy at its best: counts as a + b(M) g^2 + c(M) g^4, and the nuisances of eqs. 4.1 and 4.2 closed-form.

NumPy alone is imported, so that ``python numpy_moments.py FOLDER`` is also the cold-start baseline: it reads the CsI
release of 2017 from a folder and prints the least chi2 of a 100 x 100 grid (universal, constant quenching, no eta).
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

G_F = 1.1663787e-11  # MeV^-2
HBAR_C = 197.3269804  # MeV fm
M_MU, M_PI, M_E, M_U = 105.6583755, 139.57039, 0.51099895069, 931.49410372  # MeV
N_A = 6.02214076e23
E_NUMU, E_MAX = (M_PI**2 - M_MU**2) / (2 * M_PI), M_MU / 2
G_P, G_N = {"e": 0.0401, "mu": 0.0318}, -0.5094
CHARGE = {"universal": 3.0, "b-l": -1.0}  # of protons and of neutrons alike

# Z, N, mass [MeV], R_p, R_n [fm]
CS133 = (55, 78, 132.905451961 * M_U - 55 * M_E, 4.804, 5.01)
I127 = (53, 74, 126.9044719 * M_U - 53 * M_E, 4.749, 4.94)
AR40 = (18, 22, 39.9623831237 * M_U - 18 * M_E, 3.448, 3.55)

MASSES, COUPLINGS = np.geomspace(0.1, 1e4, 100), np.geomspace(1e-6, 1e-1, 100)
NODES = 6


def helm(q, rms_radius, s=0.9, block=4096):
    """Helm form factor of a flat array; blocks that stay in the cache, no temporary arrays."""
    scale, width = np.sqrt(5 / 3 * (rms_radius**2 - 3 * s**2)) / HBAR_C, -0.5 * (s / HBAR_C) ** 2
    out, (x, a, b) = np.empty_like(q), np.empty((3, block))
    for start in range(0, q.size, block):
        part = q[start : start + block]
        x_, a_, b_, target = x[: part.size], a[: part.size], b[: part.size], out[start : start + block]
        np.multiply(part, scale, out=x_)
        np.cos(x_, out=a_)
        np.multiply(a_, x_, out=a_)
        np.sin(x_, out=b_)
        np.subtract(b_, a_, out=b_)
        np.multiply(x_, x_, out=a_)
        np.multiply(a_, x_, out=a_)
        np.divide(b_, a_, out=b_)
        np.multiply(part, part, out=x_)
        np.multiply(x_, width, out=x_)
        np.exp(x_, out=x_)
        np.multiply(x_, b_, out=x_)
        np.multiply(x_, 3.0, out=target)
    return out


def inverse_moments(e_min, order):
    """Int dE phi(E) / E^order above E_min for one neutrino of each kind: electron, and both muon (anti)neutrinos."""
    # phi is a square and a cube of the energy, for the muon neutrino of the pion's decay a line beside them
    square, cube = ((E_MAX**n - np.minimum(e_min, E_MAX) ** n) / n for n in (3 - order, 4 - order))
    electron = 192 / M_MU**3 * (square / 2 - cube / M_MU)
    muon = 64 / M_MU**3 * (0.75 * square - cube / M_MU) + np.where(e_min < E_NUMU, E_NUMU**-order, 0.0)
    return electron, muon


def energy_integrals(e_min):
    """Int dE phi(E) (1 - E_min^2 / E^2), in the same order."""
    zeroth, second = inverse_moments(e_min, 0), inverse_moments(e_min, 2)
    return tuple(j0 - e_min**2 * j2 for j0, j2 in zip(zeroth, second, strict=True))


def recoil_nodes(edges, kinks):
    """Gauss-Legendre nodes between edges and kinks, weights, and the numbers of their intervals between the edges.

    Edges are rows of the same length, of which each is cut at the same kinks; those out of a row cut nothing off it.
    """
    x, w = np.polynomial.legendre.leggauss(NODES)
    kinks = np.broadcast_to(kinks, (*edges.shape[:-1], len(kinks))).clip(edges[..., :1], edges[..., -1:])
    cuts = np.sort(np.concatenate([edges, kinks], axis=-1))
    half, middle = np.diff(cuts)[..., None] / 2, (cuts[..., 1:] + cuts[..., :-1])[..., None] / 2
    interval = (middle >= edges[..., None, :]).sum(axis=-1).clip(1, edges.shape[-1] - 1).repeat(NODES, axis=-1) - 1
    flat = (*edges.shape[:-1], -1)
    return (middle + half * x).reshape(flat), (half * w).reshape(flat), interval


class Target(NamedTuple):
    """What is seen of recoils.

    `edges` are all recoil energies [MeV] where the acceptance jumps or kinks; `fold` returns the acceptance of each
    bin, shape (..., nodes, bins), for recoil energies [MeV] and the numbers of their intervals.
    """

    nuclei: tuple
    number: float
    fluence: float
    edges: np.ndarray
    fold: Callable

    def nodes(self, mass, kinks):
        """Recoil energies, and the matrix from (flux moment) x (amplitude)^2 there to counts in the bins."""
        recoil, measure, interval = recoil_nodes(self.edges, kinks)
        scale = self.number * self.fluence * G_F**2 * mass / np.pi * (HBAR_C * 1e-13) ** 2
        return recoil, self.fold(recoil, interval) * (scale * measure)[..., None]


class Moments:
    """Counts of a target, for one quenching scale, in pion-decay-at-rest neutrinos with a light vector mediator."""

    def __init__(self, target, charge):
        parts = []
        for z, n, mass, r_p, r_n in target.nuclei:
            recoil, folded = target.nodes(mass, [2 * E_NUMU**2 / mass])
            q2 = 2 * mass * recoil
            q = np.sqrt(q2)
            protons, neutrons = z * helm(q, r_p), n * helm(q, r_n)
            electron, muon = energy_integrals(q / 2)
            weak_e, weak_mu = (G_P[flavour] * protons + G_N * neutrons for flavour in ("e", "mu"))
            new = charge / (np.sqrt(2) * G_F) * (protons + neutrons)
            parts.append(
                (
                    q2,
                    (electron * weak_e**2 + muon * weak_mu**2) @ folded,
                    (2 * new * (electron * weak_e + muon * weak_mu))[:, None] * folded,
                    (new**2 * (electron + muon))[:, None] * folded,
                )
            )
        q2, a, b, c = zip(*parts, strict=True)
        self.q2, self.a, self.b, self.c = np.concatenate(q2), sum(a), np.concatenate(b), np.concatenate(c)

    def coefficients(self, masses):
        """b and c, shape (masses, bins)."""
        p = 1 / (self.q2 + np.square(masses)[:, None])
        return p @ self.b, (p * p) @ self.c

    def counts(self, mass, coupling):
        """Shape (bins,), at one point."""
        p = 1 / (self.q2 + mass * mass)
        g2 = coupling * coupling
        return self.a + g2 * (p @ self.b + g2 * ((p * p) @ self.c))

    def grid(self, masses, couplings):
        """Counts, shape (masses, couplings, bins)."""
        b, c = self.coefficients(masses)
        g2 = np.square(couplings)[:, None]
        return self.a + g2 * (b[:, None] + g2 * c[:, None])


class Profile:
    """chi2 with the signal's and the backgrounds' normalisations profiled."""

    def __init__(self, observed, sigma, backgrounds, background_sigmas, signal_sigma):
        self.scaled = backgrounds * background_sigmas[:, None]
        y = observed - backgrounds.sum(axis=0)
        self.inverse = np.linalg.inv(np.diag(sigma**2) + self.scaled.T @ self.scaled)
        self.projected, self.pull = self.inverse @ y, signal_sigma**-2
        self.base = y @ self.projected + self.pull

    def of_counts(self, counts):
        """chi2, shape (...,), for counts of shape (..., bins)."""
        u = counts @ self.projected + self.pull
        v = ((counts @ self.inverse) * counts).sum(axis=-1) + self.pull
        return self.base - u * u / v

    def of_slope(self, a, b, y):
        """chi2, shape (..., y), for counts a + y b, both of shape (..., bins)."""
        pa, pb = a @ self.inverse, b @ self.inverse
        u = [(x @ self.projected)[..., None] for x in (a, b)]
        v = [x.sum(axis=-1)[..., None] for x in (pa * a, 2 * pa * b, pb * b)]
        top = u[1] * y
        top += u[0] + self.pull
        bottom = v[2] * y
        bottom += v[1]
        bottom *= y
        bottom += v[0] + self.pull
        top *= top
        top /= bottom
        return np.subtract(self.base, top, out=top)

    def of_coefficients(self, a, b, c, couplings):
        """chi2, shape (..., couplings), from coefficients of shape (..., bins): rational in g^2 at each mass."""
        y = np.square(couplings)
        pa, pb, pc = a @ self.inverse, b @ self.inverse, c @ self.inverse
        u = [(x @ self.projected)[..., None] for x in (a, b, c)]
        v = [x.sum(axis=-1)[..., None] for x in (pa * a, 2 * pa * b, pb * b + 2 * pa * c, 2 * pb * c, pc * c)]
        top = u[2] * y
        top += u[1]
        top *= y
        top += u[0] + self.pull
        bottom = v[4] * y
        for k in (3, 2, 1):
            bottom += v[k]
            bottom *= y
        bottom += v[0] + self.pull
        top *= top
        top /= bottom
        return np.subtract(self.base, top, out=top)


def eta_values(sigma, values=41, reach=4.0):
    """Quenching scales of a table."""
    return np.linspace(1 - reach * sigma, 1 + reach * sigma, values)


class EtaTables:
    """The quenching nuisance eta on a table: moments at many values, and a parabola through the lowest three.

    `moments` makes the `Moments` at a value of eta.
    """

    def __init__(self, moments, profile, sigma):
        self.eta = eta_values(sigma)
        tables = [moments(eta) for eta in self.eta]
        self.q2, self.a, self.b, self.c = (np.stack([getattr(t, k) for t in tables]) for k in ("q2", "a", "b", "c"))
        self.profile, self.penalty = profile, ((self.eta - 1) / sigma) ** 2

    def point(self, mass, coupling):
        """chi2 at one point."""
        p = 1 / (self.q2 + mass * mass)
        g2 = coupling * coupling
        counts = self.a + g2 * ((p[:, None] @ self.b)[:, 0] + g2 * ((p * p)[:, None] @ self.c)[:, 0])
        return float(parabola((self.profile.of_counts(counts) + self.penalty)[:, None])[0])

    def grid(self, masses, couplings):
        """chi2, shape (masses, couplings)."""
        out = np.empty((len(masses), len(couplings)))
        for i, mass in enumerate(masses):
            p = 1 / (self.q2 + mass * mass)
            b, c = (p[:, None] @ self.b)[:, 0], ((p * p)[:, None] @ self.c)[:, 0]
            chi2 = self.profile.of_coefficients(self.a, b, c, couplings)
            chi2 += self.penalty[:, None]
            out[i] = parabola(chi2)
        return out


def parabola(values):
    """Least value along the first axis by a parabola through the lowest entry and its neighbours."""
    k = np.clip(values.argmin(axis=0), 1, len(values) - 2)
    columns = np.arange(values.shape[1])
    low, middle, high = values[k - 1, columns], values[k, columns], values[k + 1, columns]
    curvature = np.maximum(low - 2 * middle + high, 1e-300)
    return np.minimum(middle - (high - low) ** 2 / (8 * curvature), np.minimum(low, high))


def crossings(chi2, couplings, level):
    """Lowest coupling at each mass where a grid of chi2 rises through a level, by interpolation in log g."""
    above = chi2 > level
    first = np.argmax(above, axis=1)
    rows, x = np.arange(len(chi2)), np.log(couplings)
    low, high = chi2[rows, first - 1], chi2[rows, first]
    return np.exp(x[first - 1] + (level - low) / (high - low) * (x[first] - x[first - 1]))


def csi_target(edges, efficiency):
    """CsI for the 25 recoil energies [MeV] of the 1-PE edges, shape (..., 25), and the 24 efficiencies between them."""
    weights = np.repeat(np.eye(12), 2, axis=0) * efficiency[:, None]
    return Target(
        (CS133, I127),
        N_A * 14.6e3 / 259.8,
        0.08 * 17.6e22 / (4 * np.pi * 1930.0**2),
        edges,
        lambda recoil, interval: weights[interval],
    )


def constant_quenching_edges(eta=1.0):
    """Recoil energies [MeV] of the 1-PE edges from 6 to 30 PE for a quenching factor of 0.0878."""
    return np.arange(6.0, 31.0) / (13.348 * 0.0878 * eta) * 1e-3


def argon_target(quenching, rows, efficiency):
    """Argon; `quenching` maps recoil [keV] to keVee, `rows` and `efficiency` are the release's table."""
    ends = np.linspace(0.0, 2e3 * E_MAX**2 / AR40[2], 4001)
    seen = np.union1d(rows, np.arange(10.0, 121.0, 10.0))
    edges = np.interp(seen, quenching(ends), ends)
    for _ in range(60):  # secant steps, since the light grows almost linearly with the recoil energy
        step = edges * 1e-7
        slope = (quenching(edges + step) - quenching(edges - step)) / (2 * step)
        edges -= (quenching(edges) - seen) / slope
    top = ends[-1]
    edges = np.unique(np.append(np.minimum(edges, top), min(125.0, top)))

    def fold(recoil, interval):
        light = quenching(recoil * 1e3)
        accepted = np.interp(light, rows, efficiency, left=0.0)
        return (np.minimum(light // 10, 11)[:, None] == np.arange(12)) * accepted[:, None]

    return Target((AR40,), N_A * 24e3 / 39.96, 0.09 * 13.7e22 / (4 * np.pi * 2750.0**2), edges * 1e-3, fold)


def read_csi(folder):
    """Observed counts, uncertainties, background and efficiency of the release of 2017 in its own text files."""
    folder = Path(folder)
    totals = []
    for name in ("data_coincidence_beamOn.txt", "data_anticoincidence_beamOn.txt"):
        pe, time, counts = np.loadtxt(folder / name, delimiter=",").T
        totals.append(np.histogram(pe[time < 6], np.arange(6.0, 31.0, 2.0), weights=counts[time < 6])[0])
    pe = np.arange(6.5, 30.0)
    efficiency = 0.6655 / (1 + np.exp(-0.4942 * (pe - 10.8507)))
    centre, prompt = np.loadtxt(folder / "promptPDF.txt", delimiter=",").T
    background = (prompt[(centre > 6) & (centre < 30)] * 7.47594 * efficiency).reshape(12, 2).sum(axis=1)
    return totals[0] - totals[1], np.sqrt(totals[0] + totals[1]), background, efficiency


def csi_constant(folder):
    """Moments and profile of CsI with constant quenching and without eta."""
    observed, sigma, background, efficiency = read_csi(folder)
    profile = Profile(observed, sigma, background[None], np.array([0.25]), 0.112)
    return Moments(csi_target(constant_quenching_edges(), efficiency), CHARGE["universal"]), profile


if __name__ == "__main__":
    moments, profile = csi_constant(sys.argv[1])
    print(repr(float(profile.of_coefficients(moments.a, *moments.coefficients(MASSES), COUPLINGS).min())))
