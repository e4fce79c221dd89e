"""Vectorised NumPy for contact interactions: counts are quadratic forms in the parameters, with matrices made once.

Amplitudes are linear in x = (1, parameters), rates are squares of them, so that counts = T @ (x_i x_j). With neutron
radii as arguments the form factor stands between: F_N and its square are polynomials in the recoil energy, known by
their values at a few Chebyshev nodes, and counts are linear in these values.
"""

import numpy as np

from baselines.numpy_moments import E_MAX, E_NUMU, G_F, G_N, G_P, HBAR_C, energy_integrals, eta_values, helm, parabola

ALPHA = 1 / 137.035999
FLAVOURS = ("e", "mu", "tau")
STANDARD_RADII = {"ee": -0.83, "mumu": -0.48}  # 1e-32 cm^2, within G_P
CHEBYSHEV = 16  # nodes of the form factor: 1e-10 of it up to the largest recoil


class Channels:
    """Amplitudes of nu_a -> nu_b on protons and neutrons, linear in x = (1, values of some parameters)."""

    def __init__(self, names):
        self.names = names
        self.proton, self.neutron = np.zeros((2, 2, 3, 1 + len(names)))
        for i, flavour in enumerate(("e", "mu")):
            self.proton[i, i, 0], self.neutron[i, i, 0] = G_P[flavour], G_N

    def add(self, column, pair, proton, neutron):
        """Let a parameter add to the amplitudes of a pair of flavours, both ways."""
        a, b = _flavours(pair)
        for first, last in {(a, b), (b, a)}:
            if first < 2:  # there are no tau neutrinos
                self.proton[first, last, column] += proton
                self.neutron[first, last, column] += neutron

    def forms(self):
        """Quadratic forms in x of Z F_Z Z F_Z, Z F_Z N F_N and N F_N N F_N by flavour, shape (2, 3, n, n)."""
        p, n = self.proton, self.neutron
        cross = np.einsum("fci,fcj->fij", p, n)
        squares = [np.einsum("fci,fcj->fij", x, x) for x in (p, n)]
        return np.stack([squares[0], cross + cross.swapaxes(1, 2), squares[1]], axis=1)


def _flavours(pair):
    first = next(f for f in FLAVOURS if pair.startswith(f))
    return FLAVOURS.index(first), FLAVOURS.index(pair[len(first) :])


def nsi(names):
    """Channels of parameters such as ``eps_u_emu`` (eqs. 3.1 and 3.2)."""
    channels = Channels(names)
    for column, name in enumerate(names, 1):
        _, quark, pair = name.split("_")
        channels.add(column, pair, *{"u": (2.0, 1.0), "d": (1.0, 2.0)}[quark])
    return channels


def charge_radii(names):
    """Channels of parameters such as ``r2_emu`` [1e-32 cm^2]; those that keep the flavour are totals."""
    channels = Channels(names)
    unit = -np.sqrt(2) * np.pi * ALPHA / (3 * G_F) * 1e-32 / (HBAR_C * 1e-13) ** 2
    for column, name in enumerate(names, 1):
        pair = name.split("_")[1]
        channels.add(column, pair, unit, 0.0)
        channels.add(0, pair, -unit * STANDARD_RADII.get(pair, 0.0), 0.0)
    return channels


def _spectra(target):
    """Each nucleus' form factors' arguments and the matrices from amplitudes at the nodes to counts, by flavour."""
    for z, n, mass, r_p, r_n in target.nuclei:
        recoil, folded = target.nodes(mass, [2 * E_NUMU**2 / mass])
        q = np.sqrt(2 * mass * recoil)
        protons = z * helm(q.ravel(), r_p).reshape(q.shape)
        moments = [moment[..., None] * folded for moment in energy_integrals(q / 2)]
        yield q, protons, n, r_n, moments


class QuadraticCounts:
    """Counts, shape (points, etas, bins), for rows of parameters; radii are those of the nuclei."""

    def __init__(self, target, channels):
        forms = channels.forms()
        table = 0.0
        for q, protons, n, r_n, moments in _spectra(target):
            neutrons = n * helm(q.ravel(), r_n).reshape(q.shape)
            for moment, form in zip(moments, forms, strict=True):
                for product, matrix in zip((protons**2, protons * neutrons, neutrons**2), form, strict=True):
                    table = table + (product[..., None, :] @ moment)[..., 0, :, None] * matrix.ravel()
        *shape, self.bins, _ = table.shape
        self.etas = shape[0] if shape else 1
        self.table = np.ascontiguousarray(table.reshape(self.etas * self.bins, -1).T)

    def __call__(self, rows):
        x = np.concatenate([np.ones((len(rows), 1)), rows], axis=1)
        squares = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)
        return (squares @ self.table).reshape(len(x), self.etas, self.bins)


class RadialCounts:
    """The same with the last parameter the neutron radius [fm] of all nuclei of the target."""

    def __init__(self, target, channels):
        self.forms = channels.forms().reshape(6, -1).T
        places = np.cos(np.pi * (np.arange(CHEBYSHEV) + 0.5) / CHEBYSHEV)
        to_series = np.linalg.inv(np.polynomial.chebyshev.chebvander(places, CHEBYSHEV - 1))
        # F is smooth in the recoil energy, that is in q^2, up to (2 E)^2
        self.q = 2 * E_MAX * np.sqrt((1 + places) / 2)
        plain, radial = 0.0, []
        for q, protons, n, _, moments in _spectra(target):
            series = np.polynomial.chebyshev.chebvander(2 * (q / (2 * E_MAX)) ** 2 - 1, CHEBYSHEV - 1) @ to_series
            back = [np.swapaxes(moment, -1, -2) for moment in moments]
            plain = plain + np.stack([(b @ (protons**2)[..., None])[..., 0] for b in back], axis=-1)
            radial += [b @ (power[..., None] * series) for b in back for power in (n * protons, n**2 + 0 * protons)]
        *shape, self.bins, _ = plain.shape
        self.etas = shape[0] if shape else 1
        self.nuclei = len(target.nuclei)
        matrix = np.concatenate([plain, *radial], axis=-1)
        self.matrix = np.ascontiguousarray(matrix.reshape(self.etas * self.bins, -1).T)

    def __call__(self, rows):
        x = np.concatenate([np.ones((len(rows), 1)), rows[:, :-1]], axis=1)
        strengths = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1) @ self.forms
        strengths = strengths.reshape(-1, 2, 3)
        factor = _helm_of_radii(self.q, rows[:, -1:])
        powers = np.stack([factor, factor * factor], axis=1)[:, None]
        radial = (strengths[:, :, 1:, None] * powers).reshape(len(x), -1)
        vector = np.concatenate([strengths[:, :, 0], *[radial] * self.nuclei], axis=1)
        return (vector @ self.matrix).reshape(len(x), self.etas, self.bins)


def _helm_of_radii(q, radii, s=0.9):
    """Helm form factor, shape (points, q), for a column of radii."""
    x = q * (np.sqrt(5 / 3 * (radii**2 - 3 * s**2)) / HBAR_C)
    return 3 * (np.sin(x) - x * np.cos(x)) / x**3 * np.exp(-0.5 * (q * (s / HBAR_C)) ** 2)


class Combined:
    """chi2 of CsI and argon for rows of parameters, all nuisances profiled, eta on a table.

    Pairs are of CsI and argon; `columns` are the parameters that the counts of each take, all unless given.
    """

    def __init__(self, counts, profiles, sigma, columns=(slice(None), slice(None))):
        self.csi, self.argon = counts
        self.csi_profile, self.argon_profile = profiles
        self.columns, self.penalty = columns, ((eta_values(sigma) - 1) / sigma) ** 2

    def chi2(self, rows):
        """chi2, shape (points,)."""
        by_eta = self.csi_profile.of_counts(self.csi(rows[:, self.columns[0]])) + self.penalty
        return parabola(by_eta.T) + self._argon(rows)

    def _argon(self, rows):
        return self.argon_profile.of_counts(self.argon(rows[:, self.columns[1]]))[:, 0]

    def point(self, *values):
        """chi2 of one point."""
        return float(self.chi2(np.array([values]))[0])

    def gradient(self, *values, step=1e-4):
        """chi2 and its gradient by central differences, all points at once."""
        n = len(values)
        moves = step * np.concatenate([np.zeros((1, n)), np.eye(n), -np.eye(n)])
        rows = np.array(values) + moves
        by_eta = self.csi_profile.of_counts(self.csi(rows[:, self.columns[0]])) + self.penalty
        # the same three quenching scales for all, or the differences would be those of two parabolas
        k = int(by_eta[0].argmin().clip(1, by_eta.shape[1] - 2))
        chi2 = parabola(by_eta[:, k - 1 : k + 2].T) + self._argon(rows)
        return float(chi2[0]), (chi2[1 : n + 1] - chi2[n + 1 :]) / (2 * step)
