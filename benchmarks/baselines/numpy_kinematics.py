"""Vectorised NumPy for scalars and magnetic moments, whose rates add to the standard model's.

Counts are a + b y with y the fourth power of a scalar's coupling, or the square of a moment, so that chi2 along a row
of couplings is a ratio of quadratics for each of the quenching scales of a table.
"""

import numpy as np

from baselines.numpy_contact import ALPHA, Channels, QuadraticCounts
from baselines.numpy_moments import E_MAX, E_NUMU, G_F, M_E, eta_values, helm, inverse_moments, parabola

SCALAR_CHARGE = 17.3
MAGNETON = np.pi * ALPHA / (M_E * G_F)


class Added:
    """chi2 of CsI and argon for counts a + b y, eta on a table."""

    def __init__(self, targets, profiles, sigma):
        self.targets, self.profiles = targets, profiles
        self.penalty = ((eta_values(sigma) - 1) / sigma) ** 2
        #: Counts of the standard model, shape (etas, bins).
        self.standard = [QuadraticCounts(target, Channels(()))(np.empty((1, 0)))[0] for target in targets]

    def row(self, added, y, base=None):
        """chi2, shape (y,), for counts added with y = 1 to a base, the standard model's unless given."""
        csi, argon = (
            profile.of_slope(a, b, y)
            for profile, a, b in zip(self.profiles, self.standard if base is None else base, added, strict=True)
        )
        csi += self.penalty[:, None]
        return parabola(csi) + argon[0]


class Scalars(Added):
    """A scalar mediator with equal couplings to protons and neutrons."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.folds = []
        for target in self.targets:
            parts = []
            for z, n, mass, r_p, r_n in target.nuclei:
                recoil, folded = target.nodes(mass, [2 * E_NUMU**2 / mass])
                q2 = 2 * mass * recoil
                q = np.sqrt(q2)
                charge = z * helm(q.ravel(), r_p) + n * helm(q.ravel(), r_n)
                amplitude = SCALAR_CHARGE / (np.sqrt(2) * G_F) * charge.reshape(q.shape)
                moment = sum(inverse_moments(q / 2, 2)) * mass * recoil / 2
                parts.append((q2, (amplitude**2 * moment)[..., None] * folded))
            q2, matrix = (np.concatenate(p, axis=-1 - i) for i, p in enumerate(zip(*parts, strict=True)))
            self.folds.append((np.atleast_2d(q2), matrix.reshape(-1, *matrix.shape[-2:])))

    def grid(self, masses, couplings):
        """chi2, shape (masses, couplings)."""
        y = couplings**4
        out = np.empty((len(masses), len(couplings)))
        for i, mass in enumerate(masses):
            out[i] = self.row([((q2 + mass**2)[:, None] ** -2.0 @ m)[:, 0] for q2, m in self.folds], y)
        return out


class Moments(Added):
    """Magnetic moments, with the mass of the lepton that the neutrino becomes: 0 for those of light neutrinos."""

    def added(self, final_mass=0.0):
        """Counts of moments of one Bohr magneton of both flavours, each a list of shape (etas, bins) by target."""
        out = []
        for target in self.targets:
            counts = 0.0
            for z, _, mass, r_p, _ in target.nuclei:
                kinks = recoil_ends(E_NUMU, mass, final_mass) + recoil_ends(E_MAX, mass, final_mass)
                recoil, folded = target.nodes(mass, kinks)
                q = np.sqrt(2 * mass * recoil)
                square = (MAGNETON * z * helm(q.ravel(), r_p).reshape(q.shape)) ** 2
                e_min = q / 2 + final_mass**2 / (2 * q)
                kappa = magnetic(recoil, mass, final_mass**2)
                terms = [inverse_moments(e_min, k) for k in (0, 1, 2)]
                moments = [sum(c * t[f] for c, t in zip(kappa, terms, strict=True)) * square for f in (0, 1)]
                counts = counts + np.stack([(m[..., None, :] @ folded)[..., 0, :] for m in moments])
            out.append(counts.reshape(2, -1, counts.shape[-1]))
        return [[counts[flavour] for counts in out] for flavour in (0, 1)]

    def plane(self, electron, muon):
        """chi2, shape (electron, muon), of moments [Bohr magnetons] of both flavours."""
        first, second = self.added()
        bases = ([a + y * b for a, b in zip(self.standard, first, strict=True)] for y in electron**2)
        return np.array([self.row(second, muon**2, base) for base in bases])

    def portal(self, masses, muon):
        """chi2, shape (masses, muon), of a muon neutrino that becomes a heavy lepton of these masses [MeV]."""
        return np.array([self.row(self.added(mass)[1], muon**2) for mass in masses])


def magnetic(recoil, mass, square):
    """Coefficients of 1, 1 / E and 1 / E^2 in kappa, `square` that of the final lepton's mass."""
    fourth = square**2 * (recoil - mass) / (8 * recoil**2 * mass**2)
    return (
        1 / (mass * recoil),
        -(1 + square / (2 * recoil * mass)) / mass,
        (square / (4 * mass) - square / (4 * recoil) + fourth) / mass,
    )


def recoil_ends(energy, mass, final_mass):
    """Least and largest recoil of a neutrino of this energy; both 0 if it does not make the final lepton."""
    larger = (energy + np.sqrt(energy**2 - final_mass**2)) / 2 if final_mass < energy else 0.0
    return (2 * (final_mass**2 / (4 * larger)) ** 2 / mass, 2 * larger**2 / mass) if larger else (0.0, 0.0)
