"""The equations of arXiv:2008.05022 once more, literally: the oracle for tests and the yardstick for benchmarks.

Slow and obvious on purpose. Nothing numerical is shared with the rest of the package: constants, data parsing, form
factors, cross section and quadrature are all written out here with NumPy and SciPy. Equation numbers are those of
arXiv:2008.05022. Energies and masses are in MeV unless a name says `kev`; lengths in fm. Arguments of the same name
mean the same everywhere and are explained at `cross_section` and `events_csi`.
"""

import functools
import importlib.resources
import itertools
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
from scipy import integrate, optimize, special

from cevns.errors import ConvergenceError, InputError, UnknownNameError

G_F = 1.1663787e-11  # MeV^-2; CODATA 2022
HBAR_C = 197.3269804  # MeV fm; CODATA 2022
M_MU = 105.6583755  # MeV; CODATA 2022
M_PI = 139.57039  # MeV; PDG 2024
M_TAU = 1776.86  # MeV; PDG 2022
M_E = 0.51099895069  # MeV; CODATA 2022
M_U = 931.49410372  # MeV; CODATA 2022
ALPHA = 1 / 137.035999  # CODATA 2022, rounded
N_A = 6.02214076e23  # 1/mol; exact in the SI
CM2 = (HBAR_C * 1e-13) ** 2  # one MeV^-2 in cm^2

GVP = {"e": 0.0401, "mu": 0.0318}  # eqs 2.2, 2.3
GVN = -0.5094  # eq. 2.4
E_NUMU = (M_PI**2 - M_MU**2) / (2 * M_PI)  # eq. 2.6
E_MAX = M_MU / 2  # end of the spectra 2.7 and 2.8

HELM_SKIN = 0.9  # fm; s of Helm's form factor, Phys. Rev. 104 (1956) 1466, arXiv:1710.02730
YUKAWA_RANGE = 0.7  # fm; a_k of Klein and Nystrand, nucl-th/9902259
SURFACE_THICKNESS = 2.30  # fm; t of the symmetrized Fermi distribution, arXiv:1710.02730

LIGHT_YIELD = 13.348  # PE/keVee; coherent_parameters.yaml, arXiv:1804.09459
PROMPT_EXPOSURE = 7.47594  # GWh; coherent_parameters.yaml, arXiv:1804.09459
PE_EDGES = np.arange(6.0, 31.0)  # the 1-PE efficiency bins inside bins i = 4 to 15 of eq. 4.1
BIRKS_E0 = 12.97  # keV; Chicago-3 fit, arXiv:1907.04828, not checked against its text
BIRKS_KB = 3.311e-3  # g/(MeV cm^2); likewise


class Nucleus(NamedTuple):
    """Proton and neutron numbers, nuclear mass in MeV, rms radii in fm (eq. 2.5 and the text below it)."""

    Z: int
    N: int
    mass: float
    R_p: float
    R_n: float


# nuclear mass = atomic mass in u (AME2020) less the mass of the electrons
CS133 = Nucleus(55, 78, 132.905451961 * M_U - 55 * M_E, 4.804, 5.01)
I127 = Nucleus(53, 74, 126.9044719 * M_U - 53 * M_E, 4.749, 4.94)
AR40 = Nucleus(18, 22, 39.9623831237 * M_U - 18 * M_E, 3.448, 3.55)

# N(target) = N_A M_det / M_molar, and eta = r N_POT / (4 pi L^2) in 1/cm^2, section 2
N_CSI, FLUX_CSI = N_A * 14.6e3 / 259.8, 0.08 * 17.6e22 / (4 * np.pi * 1930.0**2)
N_AR, FLUX_AR = N_A * 24e3 / 39.96, 0.09 * 13.7e22 / (4 * np.pi * 2750.0**2)


def _pick(kind, table, name):
    if name not in table:
        raise UnknownNameError(f"unknown {kind} {name!r}; known: {', '.join(sorted(table))}")
    return table[name]


# --- form factors


def _sphere(x):
    # 3 j1(x)/x through J_{3/2}: sin(x)/x^2 - cos(x)/x loses its digits at small x
    safe = np.where(x < 1e-6, 1.0, x)
    return np.where(x < 1e-6, 1 - x**2 / 10, 3 * np.sqrt(np.pi / 2) * special.jv(1.5, safe) / safe**1.5)


def helm(q, R):
    """Helm form factor, 3 j1(q R0)/(q R0) exp(-q^2 s^2/2) with R^2 = (3/5) R0^2 + 3 s^2.

    Parameters
    ----------
    q : float or ndarray
        Momentum transfer in MeV.
    R : float
        Rms radius in fm.

    Returns
    -------
    ndarray
        Form factor, shape of `q`. Source: Phys. Rev. 104 (1956) 1466, reference 29 of arXiv:2008.05022.

    Examples
    --------
    >>> float(helm(0.0, 5.01))
    1.0
    """
    q = np.asarray(q, dtype=float) / HBAR_C
    R0 = np.sqrt(5 / 3 * (R**2 - 3 * HELM_SKIN**2))
    return _sphere(q * R0) * np.exp(-((q * HELM_SKIN) ** 2) / 2)


def klein_nystrand(q, R):
    """Klein-Nystrand form factor, 3 j1(q R_A)/(q R_A) / (1 + q^2 a_k^2) with R^2 = (3/5) R_A^2 + 6 a_k^2.

    Arguments as `helm`. Source: nucl-th/9902259, reference 31 of arXiv:2008.05022.

    Examples
    --------
    >>> float(klein_nystrand(0.0, 5.01))
    1.0
    """
    q = np.asarray(q, dtype=float) / HBAR_C
    R_A = np.sqrt(5 / 3 * (R**2 - 6 * YUKAWA_RANGE**2))
    return _sphere(q * R_A) / (1 + (q * YUKAWA_RANGE) ** 2)


def symmetrized_fermi(q, R):
    """Symmetrized Fermi form factor, with a = t/(4 ln 3) and R^2 = (3/5) c^2 + (7/5) (pi a)^2.

    Arguments as `helm`. Source: arXiv:1604.07799, reference 30 of arXiv:2008.05022. The closed form loses digits
    at small q, as (q R)^-2; below q R = 1e-3 the term 1 - q^2 R^2/6 stands in.

    Examples
    --------
    >>> float(symmetrized_fermi(0.0, 5.01))
    1.0
    """
    q = np.asarray(q, dtype=float) / HBAR_C
    a = SURFACE_THICKNESS / (4 * np.log(3))
    c = np.sqrt(5 / 3 * (R**2 - 7 / 5 * (np.pi * a) ** 2))
    small = q * R < 1e-3
    safe = np.where(small, 1.0, q)
    x, y = safe * c, np.pi * safe * a
    closed = 3 / (x * (x**2 + y**2)) * y / np.sinh(y) * (y * np.sin(x) / np.tanh(y) - x * np.cos(x))
    return np.where(small, 1 - (q * R) ** 2 / 6, closed)


FORM_FACTORS = {"helm": helm, "klein-nystrand": klein_nystrand, "symmetrized-fermi": symmetrized_fermi}


# --- fluxes; the muon neutrinos of eq. 2.6 are a line at E_NUMU, which `rate` adds by itself


def flux_numubar(E, eta):
    """Eq. 2.7, muon antineutrinos per MeV in the unit of `eta`, the neutrinos per flavour and area; E in MeV."""
    return np.where((E >= 0) & (E <= E_MAX), eta * 64 * E**2 / M_MU**3 * (3 / 4 - E / M_MU), 0.0)


def flux_nue(E, eta):
    """Eq. 2.8, electron neutrinos; arguments as `flux_numubar`."""
    return np.where((E >= 0) & (E <= E_MAX), eta * 192 * E**2 / M_MU**3 * (1 / 2 - E / M_MU), 0.0)


def tabulated(energies, values):
    """Flux that is linear between its rows (`energies` in MeV, ascending) and zero outside, as a function of E."""
    return lambda E: np.interp(E, energies, values, left=0.0, right=0.0)


# --- models and cross section


def model(name):
    """Couplings of a model, Q_l = (g_V^p(l) + kp_l x) Z F_Z + (g_V^n + kn_l x) N F_N.

    Parameters
    ----------
    name : {"sm", "universal", "b-l", "lmu-ltau"}
        Eqs 2.1, 3.4, 3.5 and 3.6.

    Returns
    -------
    dict
        ``kind``, "mediated" (x = g^2 / (sqrt(2) G_F (q^2 + M^2))) or "contact" (x = 1); ``kp``, ``kn`` per flavour.

    Examples
    --------
    >>> model("b-l")["kn"]
    {'e': -1.0, 'mu': -1.0}
    """
    loop = float(-ALPHA / (3 * np.pi) * np.log(M_TAU**2 / M_MU**2))
    table = {
        "sm": ("contact", (0.0, 0.0), (0.0, 0.0)),
        "universal": ("mediated", (3.0, 3.0), (3.0, 3.0)),
        "b-l": ("mediated", (-1.0, -1.0), (-1.0, -1.0)),
        "lmu-ltau": ("mediated", (0.0, loop), (0.0, 0.0)),
    }
    kind, kp, kn = _pick("model", table, name)
    return {"kind": kind, "kp": dict(zip(("e", "mu"), kp, strict=True)), "kn": dict(zip(("e", "mu"), kn, strict=True))}


def nsi(eps_u, eps_d):
    """Couplings of contact non-standard interactions, eq. 3.2, from eps^{uV} and eps^{dV}, dicts per flavour.

    Examples
    --------
    >>> nsi({"e": 0.5, "mu": 0.0}, {"e": 0.25, "mu": 0.0})["kp"]
    {'e': 1.25, 'mu': 0.0}
    """
    kp = {flavour: 2 * eps_u[flavour] + eps_d[flavour] for flavour in GVP}
    kn = {flavour: eps_u[flavour] + 2 * eps_d[flavour] for flavour in GVP}
    return {"kind": "contact", "kp": kp, "kn": kn}


def cross_section(E, T, nucleus, flavour, couplings, mass=0.0, coupling=0.0, form_factor="helm"):
    """Differential cross section dsigma/dT in cm^2/MeV, eqs 2.1 and 3.2 to 3.6.

    Parameters
    ----------
    E, T : float or ndarray
        Neutrino and recoil energy in MeV; they broadcast.
    nucleus : Nucleus
        Target.
    flavour : {"e", "mu"}
        Flavour of the neutrino; an antineutrino has the same cross section.
    couplings : dict
        What `model` or `nsi` returns.
    mass, coupling : float
        M_Z' in MeV and g_Z'; a contact model does not use them.
    form_factor : {"helm", "klein-nystrand", "symmetrized-fermi"}
        Form factor of both nucleon distributions.

    Returns
    -------
    float or ndarray
        Zero where T is above the kinematic limit 2 E^2 / M.

    Examples
    --------
    >>> float(cross_section(10.0, 1.0, AR40, "e", model("sm")))
    0.0
    """
    F = _pick("form factor", FORM_FACTORS, form_factor)
    q2 = 2 * nucleus.mass * T
    x = coupling**2 / (np.sqrt(2) * G_F * (q2 + mass**2)) if couplings["kind"] == "mediated" else 1.0
    Q_p = (GVP[flavour] + couplings["kp"][flavour] * x) * nucleus.Z * F(np.sqrt(q2), nucleus.R_p)
    Q_n = (GVN + couplings["kn"][flavour] * x) * nucleus.N * F(np.sqrt(q2), nucleus.R_n)
    kinematic = np.maximum(1 - nucleus.mass * T / (2 * E**2), 0.0)
    return CM2 * G_F**2 * nucleus.mass / np.pi * kinematic * (Q_p + Q_n) ** 2


# --- data


def _folder(folder, name):
    return importlib.resources.files("cevns") / "experiments" / name if folder is None else folder


@functools.cache
def load_csi(folder=None):
    """CsI, 2017 release (arXiv:1804.09459): 12 bins of eq. 4.1, efficiency of 24 1-PE bins, tables of f_Q.

    N_i = C_i - AC_i and sigma_i^2 = C_i + AC_i from the beam-on counts before 6 us; `folder` is a path object.
    """
    folder = _folder(folder, "coherent_csi_2017")

    def counts(name):
        pe, time, n = np.loadtxt(folder / name, delimiter=",").T
        return np.array([n[(pe == 2 * i - 1) & (time < 6)].sum() for i in range(4, 16)])

    C, AC = counts("data_coincidence_beamOn.txt"), counts("data_anticoincidence_beamOn.txt")
    # coherent_parameters.yaml: a / (1 + exp(-k (x - x_0))) at the centre of each 1-PE bin, the step function is 1 here
    efficiency = 0.6655 / (1 + np.exp(-0.4942 * (PE_EDGES[:-1] + 0.5 - 10.8507)))
    pe, prompt = np.loadtxt(folder / "promptPDF.txt", delimiter=",").T
    background = prompt[(pe > 6) & (pe < 30)] * PROMPT_EXPOSURE * efficiency
    recoil_kev, *columns = np.loadtxt(folder / "csi_ions_in_csi.csv", delimiter=",", skiprows=3).T
    return SimpleNamespace(
        observed=C - AC,
        sigma=np.sqrt(C + AC),
        background=background.reshape(12, 2).sum(axis=1),
        efficiency=efficiency,
        stopping_power=(recoil_kev, sum(columns) / 2),
        polynomial=np.loadtxt(folder / "scintRespCoefficients.txt")[0],
    )


@functools.cache
def load_argon(folder=None):
    """Argon, analysis A of the 2020 release (arXiv:2006.12659): 12 bins of eq. 4.2, efficiency rows in keVee.

    The backgrounds are summed over F90 and time.
    """
    folder = _folder(folder, "coherent_argon_2020")
    centre, observed, sigma_exp = np.loadtxt(folder / "energydata1d.txt", skiprows=1, usecols=(0, 1, 2)).T

    def background(name):
        energy, _, _, n = np.loadtxt(folder / name).T
        return np.array([n[energy == c].sum() for c in centre])

    prompt, late = background("brnpdf.txt"), background("delbrnpdf.txt")
    efficiency = np.loadtxt(folder / "CENNS10AnlAEfficiency.txt", usecols=(0, 2)).T
    return SimpleNamespace(observed=observed, sigma_exp=sigma_exp, prompt=prompt, late=late, efficiency=efficiency)


# --- quenching


def quenching_factor(choice="chicago-3", folder=None):
    """Quenching factor f_Q of eq. 2.10 as a function of the recoil energy in keV.

    Parameters
    ----------
    choice : {"chicago-3", "constant", "polynomial-2021", "release"}
        CsI: modified Birks law for the Chicago-3 measurement, (1 - exp(-T/E0)) / (kB dE/dr), dE/dr the total stopping
        power averaged over Cs and I (a polynomial of degree 7 in log-log), a reconstruction of the curve of
        arXiv:1907.04828; or
        0.0878 of arXiv:1708.01294; or the polynomial of the 2021 release, arXiv:2110.07730.
        Argon: 0.246 + 7.8e-4 T up to 125 keV, constant above (arXiv:2003.10630).
    folder : path object, optional
        Where the CsI tables are; the package's own by default.

    Returns
    -------
    callable

    Examples
    --------
    >>> round(float(quenching_factor("release")(200.0)), 4)
    0.3435
    """

    def birks():
        # a polynomial of degree 7 in log-log misses no row of the table by more than its rounding, 2e-5
        log_dedr = np.polynomial.Chebyshev.fit(*np.log(load_csi(folder).stopping_power), 7)
        return lambda T: (1 - np.exp(-T / BIRKS_E0)) / (BIRKS_KB * np.exp(log_dedr(np.log(T))))

    def polynomial():
        # E_ee = a x + b x^2 + c x^3 + d x^4 with E_ee and x in MeV
        coefficients = load_csi(folder).polynomial
        return lambda T: np.polynomial.polynomial.polyval(T / 1000, coefficients)

    choices = {
        "chicago-3": birks,
        "constant": lambda: lambda T: 0.0878 + 0 * T,
        "polynomial-2021": polynomial,
        "release": lambda: lambda T: 0.246 + 7.8e-4 * np.minimum(T, 125.0),
    }
    return _pick("quenching factor", choices, choice)()


def _recoil(T_ee_kev, T_max, f_Q):
    # recoil energies in MeV with f_Q(T) T = T_ee; light that no recoil reaches is mapped to the kinematic limit T_max
    low, high = 0.5, 1000 * T_max  # the stopping-power table starts at 0.5 keV

    def excess(T, T_ee=0.0):
        return float(f_Q(T)) * T - T_ee

    if not np.min(T_ee_kev) > excess(low):
        raise InputError(f"{np.min(T_ee_kev):g} keVee is less light than a {low} keV recoil gives: eta is out of range")
    roots = [
        optimize.brentq(excess, low, high, args=(t,), xtol=1e-14, rtol=1e-15) if t < excess(high) else high
        for t in T_ee_kev
    ]
    return np.array(roots) / 1000


# --- events

_GAUSS_T = np.polynomial.legendre.leggauss(32)
_GAUSS_E = np.polynomial.legendre.leggauss(4)  # exact: flux times kinematic factor is a cubic in E


def _quad(f, low, high):
    return integrate.quad(f, low, high, epsabs=0, epsrel=1e-11, limit=200)[0]


def _fixed(f, low, high, rule):
    half, middle = np.subtract(high, low) / 2, np.add(high, low) / 2
    return half * (f(middle[..., None] + half[..., None] * rule[0]) @ rule[1])


def _integrate(f, low, high, kink, method):
    # integrals over the pieces [low, high], each split at the kink
    kink = np.clip(kink, low, high)
    if method == "quad":
        return np.array([_quad(f, a, k) + _quad(f, k, b) for a, k, b in zip(low, kink, high, strict=True)])
    return _fixed(f, low, kink, _GAUSS_T) + _fixed(f, kink, high, _GAUSS_T)


def rate(T, nucleus, eta, couplings, mass=0.0, coupling=0.0, form_factor="helm", method="quad"):
    """Events per nucleus and MeV of recoil energy: the inner integral of eq. 2.9 with the fluxes 2.6 to 2.8.

    `T` in MeV, one number for ``method="quad"``; `eta` in neutrinos per flavour and cm^2.
    """

    def sigma(E, T, flavour):
        return cross_section(E, T, nucleus, flavour, couplings, mass, coupling, form_factor)

    def integrand(E, T):
        return flux_nue(E, eta) * sigma(E, T, "e") + flux_numubar(E, eta) * sigma(E, T, "mu")

    line, E_min = eta * sigma(E_NUMU, T, "mu"), np.sqrt(nucleus.mass * T / 2)
    if method == "quad":
        return line + _quad(lambda E: integrand(E, T), E_min, E_MAX)
    return line + _fixed(lambda E: integrand(E, T[..., None]), E_min, E_MAX, _GAUSS_E)


def _counted(counts):
    if not np.isfinite(counts).all():
        raise ConvergenceError("event counts are not finite: mass and coupling must be finite numbers")
    return counts


def _couplings(name_or_dict):
    return model(name_or_dict) if isinstance(name_or_dict, str) else name_or_dict


def events_csi(
    model, mass=0.0, coupling=0.0, eta=1.0, quenching="chicago-3", form_factor="helm", method="quad", folder=None
):
    """Signal counts of CsI in the 12 bins of eq. 4.1 (6 to 30 PE, 2 PE wide), eq. 2.9.

    Parameters
    ----------
    model : str or dict
        Name, or what `model` or `nsi` returns.
    mass, coupling : float
        M_Z' in MeV and g_Z'.
    eta : float
        Quenching nuisance of eq. 4.1, PE = 13.348 eta f_Q(T) T[keV].
    quenching : {"chicago-3", "constant", "polynomial-2021"}
        See `quenching_factor`.
    form_factor : str
        See `cross_section`.
    method : {"quad", "fixed"}
        Nested adaptive quadrature (relative 1e-11), or Gauss-Legendre nodes between the same kinks.
    folder : path object, optional
        Where the data files are; the package's own by default.

    Returns
    -------
    ndarray, shape (12,)

    Examples
    --------
    >>> round(float(events_csi("sm", quenching="constant", method="fixed").sum()), 1)
    164.7
    """
    couplings, data, counts = _couplings(model), load_csi(folder), np.zeros(12)
    T_max = {nucleus: 2 * E_MAX**2 / nucleus.mass for nucleus in (CS133, I127)}
    edges = _recoil(PE_EDGES / (LIGHT_YIELD * eta), max(T_max.values()), quenching_factor(quenching, folder))
    for nucleus in T_max:  # footnote 1: they add incoherently
        dN_dT = functools.partial(
            rate, nucleus=nucleus, eta=FLUX_CSI, couplings=couplings, mass=mass, coupling=coupling,
            form_factor=form_factor, method=method,
        )  # fmt: skip
        T = np.minimum(edges, T_max[nucleus])
        pieces = _integrate(dN_dT, T[:-1], T[1:], 2 * E_NUMU**2 / nucleus.mass, method)
        counts += N_CSI * (data.efficiency * pieces).reshape(12, 2).sum(axis=1)
    return _counted(counts)


def events_argon(model, mass=0.0, coupling=0.0, form_factor="helm", method="quad", folder=None):
    """Signal counts of argon in the 12 bins of eq. 4.2 (0 to 120 keVee, 10 keVee wide), eq. 2.9.

    Arguments and return value as `events_csi`. The efficiency is linear between its rows, zero below the first and
    constant above the last.

    Examples
    --------
    >>> round(float(events_argon("sm", method="fixed").sum()), 1)
    131.4
    """
    couplings, (rows, efficiency), f_Q = _couplings(model), load_argon(folder).efficiency, quenching_factor("release")
    kinks = _recoil(np.union1d(rows, np.arange(10.0, 121.0, 10.0)), 2 * E_MAX**2 / AR40.mass, f_Q)
    T = np.union1d(kinks, 0.125)  # f_Q breaks at 125 keV

    def T_ee(T):
        return f_Q(1000 * T) * 1000 * T

    def dN_dT(T):
        A = np.interp(T_ee(T), rows, efficiency, left=0.0)
        return A * rate(T, AR40, FLUX_AR, couplings, mass, coupling, form_factor, method)

    pieces = N_AR * _integrate(dN_dT, T[:-1], T[1:], 2 * E_NUMU**2 / AR40.mass, method)
    return _counted(np.bincount((T_ee((T[:-1] + T[1:]) / 2) // 10).astype(int), pieces, minlength=12))


def double_integral(edges_kev, energies, fluxes, nucleus, model, mass=0.0, coupling=0.0, form_factor="helm"):
    """Events per nucleus in bins of recoil energy for any tabulated flux: eq. 2.9 with A = 1.

    The flux has a kink at each row of its table: `scipy.integrate.dblquad` is called between them.

    Parameters
    ----------
    edges_kev : array_like, shape (n + 1,)
        Bin edges of the recoil energy in keV, ascending.
    energies : array_like, shape (m,)
        Rows of the flux table in MeV, ascending.
    fluxes : dict of str to array_like, shape (m,)
        Flux of the flavours "e" and "mu" at the rows, per cm^2 and MeV; linear between rows, zero outside.

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> double_integral([1, 10], [20, 30], {"e": [0, 1e9]}, AR40, "sm").shape
    (1,)
    """
    couplings, energies = _couplings(model), np.asarray(energies, dtype=float)
    edges, kinks = np.asarray(edges_kev, dtype=float) / 1000, 2 * energies**2 / nucleus.mass
    flux = {flavour: tabulated(energies, values) for flavour, values in fluxes.items()}

    def integrand(E, T):
        args = (couplings, mass, coupling, form_factor)
        return sum(f(E) * cross_section(E, T, nucleus, flavour, *args) for flavour, f in flux.items())

    def start(T, row):
        return max(row, np.sqrt(nucleus.mass * T / 2))

    counts = np.zeros(len(edges) - 1)
    for i, (low, high) in enumerate(itertools.pairwise(edges)):
        cuts = np.concatenate([[low], kinks[(kinks > low) & (kinks < high)], [high]])
        for a, b in itertools.pairwise(cuts):
            for row, top in itertools.pairwise(energies):
                if start((a + b) / 2, row) < top:
                    E_min = functools.partial(start, row=row)
                    counts[i] += integrate.dblquad(integrand, a, b, E_min, top, epsabs=0, epsrel=1e-10)[0]
    return _counted(counts)


# --- likelihood


def _least_squares(observed, sigma, templates, pull_sigmas):
    # minimum over the scale of each template of the squares of residuals and pulls, and the scales
    pulls = np.diag(1 / np.asarray(pull_sigmas))
    A = np.vstack([np.transpose(templates) / sigma[:, None], pulls])
    y = np.concatenate([observed / sigma, pulls.diagonal()])
    # columns of length one, or lstsq drops the backgrounds as negligible beside a huge signal
    length = np.linalg.norm(A, axis=0)
    scales = np.linalg.lstsq(A / length, y, rcond=None)[0] / length
    return float(np.sum((y - A @ scales) ** 2)), scales.tolist()


def chi2_csi(
    model, mass=0.0, coupling=0.0, eta=None, quenching="chicago-3", form_factor="helm", method="fixed", folder=None
):
    """Least-squares function of CsI, eq. 4.1, minimised over alpha, beta and, unless it is given, eta.

    Arguments as `events_csi`.

    Returns
    -------
    chi2 : float
    pulls : dict
        alpha_c, beta_c and eta at the minimum.

    Examples
    --------
    >>> round(chi2_csi("sm")[0], 2)
    2.84
    """
    data, couplings = load_csi(folder), _couplings(model)

    def at(eta):
        counts = events_csi(couplings, mass, coupling, eta, quenching, form_factor, method, folder)
        chi2, scales = _least_squares(data.observed, data.sigma, [counts, data.background], [0.112, 0.25])
        return chi2 + ((eta - 1) / 0.051) ** 2, scales

    if eta is None:
        # refine around each minimum of a grid, because nothing guarantees that there is only one
        grid = np.linspace(0.4, 2.0, 81)
        scan = np.array([at(e)[0] for e in grid])
        minima = [j for j in range(1, 80) if scan[j] <= min(scan[j - 1], scan[j + 1])]
        fits = [
            optimize.minimize_scalar(lambda e: at(e)[0], bounds=grid[[j - 1, j + 1]], options={"xatol": 1e-10})
            for j in minima
        ]
        if not fits:
            raise ConvergenceError("chi2 of CsI has no minimum for eta between 0.4 and 2.0")
        eta = float(min(fits, key=lambda fit: fit.fun).x)
    chi2, (signal, background) = at(eta)
    return chi2, {"alpha_c": signal - 1, "beta_c": background - 1, "eta": eta}


def chi2_argon(model, mass=0.0, coupling=0.0, form_factor="helm", method="fixed", folder=None):
    """Least-squares function of argon, eqs 4.2 to 4.7 for fixed R_n, minimised over the three normalisations.

    Arguments as `events_argon`.

    Returns
    -------
    chi2 : float
    pulls : dict
        eta_CEvNS, eta_PBRN and eta_LBRN at the minimum.

    Examples
    --------
    >>> round(chi2_argon("sm")[0], 2)
    8.86
    """
    data = load_argon(folder)
    counts = events_argon(model, mass, coupling, form_factor, method, folder)
    energy_shape = np.sqrt(0.058**2 / 12) * (data.prompt + data.late)  # eqs 4.3, 4.4
    sigma = np.sqrt(data.sigma_exp**2 + energy_shape**2)
    chi2, scales = _least_squares(data.observed, sigma, [counts, data.prompt, data.late], [0.134, 0.32, 1.0])
    return chi2, dict(zip(("eta_CEvNS", "eta_PBRN", "eta_LBRN"), scales, strict=True))


def chi2(experiments, model, mass=0.0, coupling=0.0, form_factor="helm"):
    """Sum of the least-squares functions of "coherent-csi-2017" and "coherent-argon-2020", those that are named."""
    functions = {"coherent-csi-2017": chi2_csi, "coherent-argon-2020": chi2_argon}
    return sum(
        _pick("experiment", functions, name)(model, mass, coupling, form_factor=form_factor)[0] for name in experiments
    )
