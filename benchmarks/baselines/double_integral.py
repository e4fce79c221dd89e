"""Events in bins of recoil energy for a tabulated flux (eq. 2.9): SciPy's `dblquad`, and the closed form in NumPy.

The table has equally spaced rows and is linear between them; argon, universal model.
"""

import math

import numpy as np

from baselines.numpy_moments import AR40, CHARGE, G_F, G_N, G_P, HBAR_C, helm

SCALE = G_F**2 * AR40[2] / np.pi * (HBAR_C * 1e-13) ** 2
NEW = CHARGE["universal"] / (math.sqrt(2) * G_F)


def with_dblquad(edges, energies, electron, muon, mass, coupling, tolerance):
    """One `dblquad` for each bin [MeV]; events per nucleus."""
    from scipy.integrate import dblquad

    z, n, m_nucleus, r_p, r_n = AR40
    low, step, last = float(energies[0]), float(energies[1] - energies[0]), len(energies) - 2
    tables = tuple(zip(electron.tolist(), muon.tolist(), strict=True))
    top, g2, m2 = float(energies[-1]), coupling**2, mass**2

    def form_factor(q, rms_radius):
        r = math.sqrt(5 / 3 * (rms_radius**2 - 3 * 0.9**2))
        x, s = q * r / HBAR_C, q * 0.9 / HBAR_C
        return 3 * (math.sin(x) - x * math.cos(x)) / x**3 * math.exp(-0.5 * s * s)

    def integrand(energy, recoil):
        q2 = 2 * m_nucleus * recoil
        q = math.sqrt(q2)
        protons, neutrons = z * form_factor(q, r_p), n * form_factor(q, r_n)
        new = NEW * g2 * (protons + neutrons) / (q2 + m2)
        x = (energy - low) / step
        row = min(max(int(x), 0), last)
        x -= row
        (e0, mu0), (e1, mu1) = tables[row], tables[row + 1]
        weak = G_N * neutrons + new
        flux_e, flux_mu = e0 + x * (e1 - e0), mu0 + x * (mu1 - mu0)
        charges = flux_e * (G_P["e"] * protons + weak) ** 2 + flux_mu * (G_P["mu"] * protons + weak) ** 2
        return charges * (1 - q2 / (4 * energy * energy))

    def start(recoil):
        return math.sqrt(m_nucleus * recoil / 2)

    # in these units the integral is large, so that the relative tolerance decides
    bins = zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    return SCALE * np.array([dblquad(integrand, a, b, start, top, epsabs=0, epsrel=tolerance)[0] for a, b in bins])


def with_numpy(edges, energies, fluxes, mass, coupling, nodes=4):
    """Closed form in the neutrino energy, Gauss-Legendre between the kinks in the recoil; `fluxes` by flavour."""
    z, n, m_nucleus, r_p, r_n = AR40
    kinks = 2 * energies**2 / m_nucleus
    cuts = np.union1d(edges, kinks[(kinks > edges[0]) & (kinks < edges[-1])])
    x, w = np.polynomial.legendre.leggauss(nodes)
    half, middle = np.diff(cuts)[:, None] / 2, (cuts[1:] + cuts[:-1])[:, None] / 2
    recoil = (middle + half * x).ravel()
    q2 = 2 * m_nucleus * recoil
    q = np.sqrt(q2)
    protons, neutrons = z * helm(q, r_p), n * helm(q, r_n)
    new = NEW * coupling**2 * (protons + neutrons) / (q2 + mass**2)
    e_min = q / 2
    row = np.clip(np.searchsorted(energies, e_min, side="right"), 1, len(energies) - 1)
    spectrum = np.zeros_like(recoil)
    for flavour, flux in fluxes.items():
        slope = np.diff(flux) / np.diff(energies)
        offset = flux[:-1] - slope * energies[:-1]

        def between(a, b, s, o):
            """Int dE (o + s E) and Int dE (o + s E) / E^2 from a to b."""
            return (b - a) * (o + s * (a + b) / 2), o * (b - a) / (a * b) + s * np.log(b / a)

        pieces = between(energies[:-1], energies[1:], slope, offset)
        zeroth, second = (np.append(np.cumsum(p[::-1])[::-1], 0.0) for p in pieces)
        first = between(e_min, energies[row], slope[row - 1], offset[row - 1])
        moment = first[0] + zeroth[row] - e_min**2 * (first[1] + second[row])
        spectrum += moment * (G_P[flavour] * protons + G_N * neutrons + new) ** 2
    events = (spectrum.reshape(-1, nodes) @ w) * half[:, 0] * SCALE
    return np.add.reduceat(events, np.searchsorted(cuts, edges[:-1]))
