"""Recoil spectra of generated experiments from the definitions, for their oracle; the library shares none of it."""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import legendre
from oracle_kinematics import flux_moment, kappa, least_energy, loop, recoil_ends
from scipy import special

from cevns.reference import CM2, G_F, GVN, HBAR_C, M_MU, N_A
from cevns.reference import GVP as GVP_E_MU

#: g_V^p of nu_tau has the charge radius of nu_tau in the place of that of nu_mu, as docs/physics.md says.
GVP = GVP_E_MU | {"tau": 0.0275}

NODES = 16
_X, WEIGHTS = legendre.leggauss(NODES)
# values at the nodes -> Legendre coefficients -> coefficients of the integral from -1
_TO_SERIES = (legendre.legvander(_X, NODES - 1) * WEIGHTS[:, None]).T * (np.arange(NODES)[:, None] + 0.5)
INTEGRAL = np.array([legendre.legint(row, lbnd=-1) for row in np.eye(NODES)]).T @ _TO_SERIES
#: Widest ratio of a panel's ends; the rate has a pole at T = 0 or below.
RATIO = 1.5


@dataclass(frozen=True)
class Term:
    """One more amplitude, ``(proton Z F_Z + neutron N F_N)`` times y^degree and what its other fields say.

    Attributes
    ----------
    flavours : (str, str)
        Before and after.
    proton, neutron : float or complex
    degree : float
        0, 1/2 or 1; rates are polynomials in y of degree 2.
    mediator : float or "mass" or None
        Mass [MeV], that of the point, or none.
    kinematics : str
    final_mass : float
        Of the neutral lepton that leaves [MeV]; 0 for the standard model's.
    loop : dict, optional
        Charges of the leptons of a loop.
    """

    flavours: tuple
    proton: complex
    neutron: complex
    degree: float = 1.0
    mediator: object = None
    kinematics: str = "vector"
    final_mass: float = 0.0
    loop: dict | None = None

    def propagator(self, q2, mass):
        """Return the factor of a mediator for q^2 [MeV^2], 1 without one."""
        if self.mediator is None:
            return 1.0
        return 1 / (np.sqrt(2) * G_F * (q2 + (mass if self.mediator == "mass" else self.mediator) ** 2))


class Grid:
    """Recoil nodes on panels between the kinks of all spectra, and the rates there.

    Parameters
    ----------
    oracle : Oracle
    final_mass : float
        Mass of a final lepton whose spectra are carried beside those of massless ones [MeV].
    """

    def __init__(self, oracle, final_mass):
        self.oracle, self.final_mass, self.kept = oracle, final_mass, {}
        plan, end = oracle.plan, oracle.recoil_end
        threshold = max(plan.edges[0], plan.efficiency[0][0]) / oracle.eta_range[1]
        if plan.resolution is None:
            low, high = (float(oracle.recoil(v)) for v in (threshold, plan.edges[-1] / oracle.eta_range[0]))
        else:
            # twelve standard deviations; the Poisson probability of what lies below is smaller still
            a = plan.resolution or 1.0
            low = float(oracle.recoil((np.sqrt(threshold + 36 * a**2) - 6 * a) ** 2)) if plan.resolution else 0.0
            high = end
        low = 0.0 if threshold == 0 else low
        energies = {e for p in oracle.parts for e in _breaks(p) if e > 0}
        ends = [recoil_ends(e, n[2], m) for n in oracle.nuclei for e in energies for m in {0.0, final_mass}]
        #: Where spectra kink or jump [keV].
        self.kinks = 1e3 * np.unique([t for pair in ends if pair for t in pair if t > 0])
        cuts = np.array([low, high, *self.kinks, *oracle.quenching_kinks()])
        cuts = np.unique(cuts[(cuts >= low) & (cuts <= high)])
        cuts = cuts[np.concatenate([[True], np.diff(cuts) > 1e-12 * cuts[1:]])]
        edges = [cuts[0]]
        if low == 0:
            edges.append(min(1e-10 * end, 0.5 * cuts[1]))
        for b in cuts[1:]:
            edges.extend(np.geomspace(edges[-1], b, int(np.ceil(np.log(b / edges[-1]) / np.log(RATIO))) + 1)[1:])
        edges = np.array(edges)
        if plan.resolution is not None:
            # acceptance is smooth on the scale of the resolution
            width = 1.5 * (plan.resolution or 1.0)
            root = np.sqrt(oracle.signal(np.maximum(edges, 1e-300)) * oracle.eta_range[1])
            fine = [edges[:1]]
            for i in range(edges.size - 1):
                # root(x) is close to a power of T inside a panel
                n = int(np.ceil((root[i + 1] - root[i]) / width * 2))
                fine.append(np.linspace(edges[i], edges[i + 1], max(n, 1) + 1)[1:])
            edges = np.concatenate(fine)
        self.edges, self.half = edges, 0.5 * np.diff(edges)
        self.t = (edges[:-1, None] + self.half[:, None] * (1 + _X)).ravel()
        self.x = oracle.signal(self.t)
        # per nucleus: events per keV without flux moment and charge squared, q^2, Z F_Z and N F_N
        units = N_A * 1e3 * plan.mass / plan.molar_mass
        self.flavours = sorted({p[0] for p in oracle.parts})
        self.rows = []
        for z, n, mass, r_p, r_n, count in oracle.nuclei:
            q2 = 2e-3 * mass * self.t
            q = np.sqrt(q2) / HBAR_C
            charges = z * _form_factor(plan.form_factor, q, r_p), n * _form_factor(plan.form_factor, q, r_n)
            self.rows.append((1e-3 * units * count * CM2 * G_F**2 * mass / np.pi, mass, q2, *charges))

    def acceptance_at(self, eta):
        """Return the acceptance of the recoil nodes at one eta; kept."""
        if ("eta", eta) not in self.kept:
            self.kept["eta", eta] = self.oracle.acceptance(eta * self.x)
        return self.kept["eta", eta]

    def moments(self, nucleus, kinematics, final_mass):
        """Return events per keV without the amplitude squared, by flavour; kept."""
        key = nucleus, kinematics, final_mass
        if key not in self.kept:
            scale, mass, *_ = self.rows[nucleus]
            t = 1e-3 * self.t
            e_min, coefficients = least_energy(t, mass, final_mass), kappa(kinematics, t, mass, final_mass)
            total = {f: np.zeros(t.size) for f in self.flavours}
            for part in self.oracle.parts:
                total[part[0]] += flux_moment(part, e_min, coefficients)
            self.kept[key] = {f: scale * m for f, m in total.items()}
        return self.kept[key]

    def amplitude(self, nucleus, term, mass):
        """Return an amplitude at the nodes."""
        *_, q2, z, n = self.rows[nucleus]
        out = term.propagator(q2, mass) * (term.proton * z + term.neutron * n)
        if term.loop is not None:
            key = nucleus, tuple(term.loop.items())
            if key not in self.kept:
                self.kept[key] = loop(term.loop, q2)
            out = out * self.kept[key]
        return out

    def rates(self, interaction, mass=0.0):
        """Return the coefficients of 1, y and y^2 of the events per keV at the nodes, shape (3, nodes)."""
        out = np.zeros((3, self.t.size))
        for f in self.flavours:
            g_p, g_n = (GVP[f], GVN) if interaction.weak == "radiative" else (0.0229, -0.5)
            # what interferes: the same flavours, kinematics and final lepton
            sectors = {((f, f), "vector", 0.0): [Term((f, f), g_p, g_n, 0.0)]}
            for term in interaction.all_terms:
                if term.flavours[0] == f:
                    key = term.flavours, term.kinematics, term.final_mass
                    sectors.setdefault(key, []).append(term)
            for (_, kinematics, final_mass), terms in sectors.items():
                for i in range(len(self.rows)):
                    moment = self.moments(i, kinematics, final_mass)[f]
                    some = [(t.degree, self.amplitude(i, t, mass)) for t in terms]
                    for (j, first), (k, second) in itertools.product(some, repeat=2):
                        out[round(j + k)] += moment * (first * np.conj(second)).real
        return out


def flux_pieces(part):
    kind, *values = part
    if kind == "pion":
        eta, end = 0.08 * values[0] / (4 * np.pi * 2000.0**2), M_MU / 2
        line = (139.57039**2 - M_MU**2) / (2 * 139.57039)
        return [
            ("e", 0.0, end, lambda e: eta * 192 * e**2 / M_MU**3 * (0.5 - e / M_MU)),
            ("mu", 0.0, end, lambda e: eta * 64 * e**2 / M_MU**3 * (0.75 - e / M_MU)),
            ("mu", line, None, eta),
        ]
    if kind == "line":
        return [(values[2], values[0], None, values[1])]
    tables = _reactor_tables(values[0]) if kind == "reactor" else [(values[0], f, phi) for f, phi in values[1].items()]
    pieces = []
    for energy, flavour, phi in tables:
        for i in range(len(energy) - 1):
            a, b = phi[i], phi[i] if kind == "histogram" else phi[i + 1]
            if a or b:
                low, high = energy[i], energy[i + 1]
                pieces.append((flavour, low, high, lambda e, a=a, b=b, p=low, q=high: a + (b - a) * (e - p) / (q - p)))
    return pieces


def _reactor_tables(distance):
    """Return the rows of the library's reactor flux; what is in them is tested elsewhere."""
    from cevns.fluxes import reactor_antineutrinos

    flux = reactor_antineutrinos(thermal_power=3.0, distance=distance, exposure=300)
    tables = []
    for flavour, spectrum in flux.spectra:
        energy, c = np.asarray(spectrum.breaks), np.asarray(spectrum.coefficients)
        phi = c[:, 0] + c[:, 1] * energy[:-1]
        tables.append((energy, flavour, np.append(phi, c[-1, 0] + c[-1, 1] * energy[-1])))
    return tables


def top_energy(piece):
    return piece[1] if piece[2] is None else piece[2]


def _breaks(piece):
    return [piece[1]] if piece[2] is None else [piece[1], piece[2]]


def _form_factor(name, q, radius):
    """Return F at momentum transfers [1/fm]."""

    def sphere(x):
        return 3 * special.spherical_jn(1, x) / np.where(x > 0, x, 1)

    if name == "helm":
        x = q * np.sqrt(5 / 3 * (radius**2 - 3 * 0.9**2))
        return sphere(x) * np.exp(-0.5 * (0.9 * q) ** 2)
    if name == "klein-nystrand":
        x = q * np.sqrt(5 / 3 * (radius**2 - 6 * 0.7**2))
        return sphere(x) / (1 + (0.7 * q) ** 2)
    # the mean of a uniform sphere smeared by the derivative of a Fermi function, as in arXiv:1604.07799
    a = 2.30 / (4 * np.log(3))
    c = np.sqrt(5 / 3 * radius**2 - 7 / 3 * (np.pi * a) ** 2)
    x, y = q * c, np.pi * q * a
    safe_x, safe_y = np.where(x > 1e-3, x, 1.0), np.where(y > 1e-3, y, 1.0)
    bracket = safe_y / np.tanh(safe_y) * np.sin(safe_x) / safe_x - np.cos(safe_x)
    closed = 3 / (safe_x**2 + safe_y**2) * safe_y / np.sinh(safe_y) * bracket
    series = 1 - (q * radius) ** 2 / 6
    return np.where((x > 1e-3) & (y > 1e-3), closed, series)
