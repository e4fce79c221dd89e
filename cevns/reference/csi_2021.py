"""CsI in energy and arrival time, the release of arXiv:2110.07730: counts in 9 x 11 bins, and their chi2.

The inner integral of eq. 2.9 of arXiv:2008.05022 is that of `events`; light, photoelectrons, efficiency and arrival
times are those of the release. Everything is integrated, and nothing is taken at the centre of a bin.
"""

from __future__ import annotations

import functools
import importlib.resources
import itertools
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
from scipy import integrate, special

from cevns.reference.constants import pick
from cevns.reference.events import COMPONENTS, E_MAX, E_NUMU, N_CSI, counted, rate
from cevns.reference.kinematics import opening_recoils
from cevns.reference.nuclei import CS133, I127
from cevns.reference.poisson import fit_normalisations, fit_shapes, precision_of

if TYPE_CHECKING:
    from typing import Any

FLUX = 0.0848 * 3.198e23 / (4 * np.pi * 1930.0**2)  # neutrinos per flavour and cm^2
PE = np.array([0.0, 8, 12, 16, 20, 24, 32, 40, 50, 60])
TIME = np.array([0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1, 2, 4, 6])  # us

# photoelectrons: k = 1 + 9.56 Eee, mean Eee / 0.0749, Eee in keV
WIDTH, GAIN = 9.56, 0.0749
# acceptance in time: 1 before 0.52 us, exp(-0.0494 (t - 0.52)) after
PLATEAU, LOSS = 0.52, 0.0494
# protons on target: Gaussian; mean lives of the pion, whose tail holds more than the decay, and the muon; in us
PULSE_MEAN, PULSE_WIDTH, PION, MUON = 0.4673, 0.1475, 0.0312, 2.196
#: The release's histograms of arrival times end here, us, and have unit sum: so has the law until then.
LATEST = 15.0

#: Steady-state background, beam-related and neutrino-induced neutrons in the region.
BACKGROUNDS = {"SSB": 1286.0, "BRN": 18.4, "NIN": 5.6}
SIGMAS = {"SSB": 0.021, "BRN": 0.25, "NIN": 0.35}
#: One normalisation of the signal: of `core` all in one, of `full` flux and form factor, whose shifts add.
SIGNAL_SIGMA = {"core": 0.12, "full": float(np.hypot(0.10, 0.032))}
#: z_eff, z_q0, z_q1 and dt in us.
BOUNDS = ((-5.0, 5.0), (-5.0, 5.0), (-5.0, 5.0), (-0.25, 0.25))
STARTS = ((0, 0, 0, 0.05), (1, 0, 0, 0.1), (-0.7, 0, 0, 0.1), (-1.5, 0, 0, 0), (0, 0.5, -1, -0.1), (0, 0, 1, 0.2))

#: Recoils in keV between which the response is smooth enough for the nodes of one rule.
PANELS = np.array([0.0, 1, 3, 8, 16, 30, 48]) / 1000
_NODES_T = np.polynomial.legendre.leggauss(20)
_NODES_PE = np.polynomial.legendre.leggauss(16)
_NODES_TIME = np.polynomial.legendre.leggauss(32)


@functools.cache
def load_csi_2021(folder: Any = None) -> SimpleNamespace:
    """Counts, background templates and coefficients of the release; `folder` is a path object.

    ``observed`` and ``anticoincidence`` have the shape (9, 11), ``templates`` are dicts of unit sum, ``efficiency`` and
    ``light`` have the nominal set first, then +1 and -1 sigma.

    Examples
    --------
    >>> data = load_csi_2021()
    >>> data.observed.shape, float(data.observed.sum())
    ((9, 11), 1578.0)
    """
    root: Any = importlib.resources.files("cevns") / "experiments"
    folder = root / "coherent_csi_2021" if folder is None else folder

    def events(name: str) -> Any:
        pe, time = np.loadtxt(folder / name).T
        return np.histogram2d(pe, time, bins=[PE, TIME])[0]

    coincidence, anticoincidence = events("dataBeamOnC.txt"), events("dataBeamOnAC.txt")
    ssb = np.outer(anticoincidence.sum(axis=1), _exponential(TIME, LOSS))
    templates = {"SSB": ssb / ssb.sum()}
    for name in ("brn", "nin"):
        (pe, per_pe), (t, per_time) = (np.loadtxt(folder / f"{name}{kind}.txt").T for kind in ("PE", "Trec"))
        # rows are centres of bins of 1 PE and 0.01 us; an edge at 0.125 us halves one
        energy = np.array([per_pe[(pe > a) & (pe < b)].sum() for a, b in itertools.pairwise(PE)])
        time = np.zeros(len(TIME) - 1)
        for centre, height in zip(t, per_time, strict=True):
            cuts = np.clip(TIME, centre - 0.005, centre + 0.005)
            time += height / 0.01 * _accepted_time(cuts)
        templates[name.upper()] = np.outer(energy / energy.sum(), time / time.sum())
    return SimpleNamespace(
        observed=coincidence,
        anticoincidence=anticoincidence,
        templates=templates,
        efficiency=np.loadtxt(folder / "effCoefficients.txt"),
        light=np.loadtxt(root / "coherent_csi_2017" / "scintRespCoefficients.txt"),
    )


def _exponential(edges: Any, k: float) -> Any:
    # integrals of exp(-k t) over bins
    return -np.diff(np.exp(-k * np.asarray(edges))) / k


def _accepted_time(edges: Any) -> Any:
    # integrals of the acceptance in time over bins
    before, after = np.minimum(edges, PLATEAU), np.maximum(edges, PLATEAU)
    return np.diff(before) + np.exp(LOSS * PLATEAU) * _exponential(after, LOSS)


# --- energy


def light(T: Any, z_q0: float = 0.0, z_q1: float = 0.0) -> Any:
    """Electron-equivalent energy in keV for recoils `T` in MeV; the shifts of both systematic sets add.

    Examples
    --------
    >>> round(float(light(0.045)), 2)
    4.48
    """
    nominal, *sets = load_csi_2021().light
    c = nominal + z_q0 * (sets[0] - sets[1]) / 2 + z_q1 * (sets[2] - sets[3]) / 2
    return 1000 * T * np.polynomial.polynomial.polyval(T, c)


def photoelectrons(x: Any, T: Any, z_q0: float = 0.0, z_q1: float = 0.0) -> Any:
    """Gamma density in reconstructed photoelectrons `x` of a recoil `T` in MeV; arguments broadcast.

    Examples
    --------
    >>> round(float(photoelectrons(10.0, 0.012)), 4)  # per photoelectron
    0.0611
    """
    E = light(T, z_q0, z_q1)
    k = 1 + WIDTH * E
    r = GAIN * k / E
    return np.exp(k * np.log(r) - special.gammaln(k) + (k - 1) * np.log(x) - r * x)


def efficiency_set(z_eff: float = 0.0) -> tuple[Any, float]:
    """Coefficients a, b, c, d of the efficiency at `z_eff`, and the photoelectrons where it begins.

    Examples
    --------
    >>> coefficients, start = efficiency_set()
    >>> coefficients.round(3).tolist(), round(start, 2)
    ([1.32, 0.286, 10.865, -0.333], 7.07)
    """
    nominal, plus, minus = load_csi_2021().efficiency
    a, b, c, d = coefficients = nominal + z_eff * (plus - minus) / 2
    return coefficients, float(c - np.log(-a / d - 1) / b)


def efficiency(x: Any, z_eff: float = 0.0) -> Any:
    """Efficiency at `x` photoelectrons, max(0, a / (1 + exp(-b (x - c))) + d).

    Examples
    --------
    >>> round(efficiency_set()[1], 2), float(efficiency(7.0)), round(float(efficiency(40.0)), 3)
    (7.07, 0.0, 0.987)
    """
    (a, b, c, d), _ = efficiency_set(z_eff)
    return np.maximum(a / (1 + np.exp(-b * (np.asarray(x) - c))) + d, 0.0)


def _pe_pieces(z_eff: float) -> Any:
    # bins, cut where the efficiency begins
    return np.maximum(PE, efficiency_set(z_eff)[1])


def response(T: Any, z_eff: float = 0.0, z_q0: float = 0.0, z_q1: float = 0.0) -> Any:
    """Probabilities that a recoil `T` in MeV, shape (n,), is seen in the nine bins of photoelectrons, shape (9, n)."""
    edges = _pe_pieces(z_eff)
    half, middle = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
    x = middle[:, None] + half[:, None] * _NODES_PE[0]
    weights = half[:, None] * _NODES_PE[1] * efficiency(x, z_eff)
    return np.einsum("ij,ijn->in", weights, photoelectrons(x[:, :, None], np.asarray(T), z_q0, z_q1))


def _recoils(component: str, nucleus: Any) -> Any:
    # nodes and weights, cut at the greatest recoil of the component
    (_, top) = opening_recoils(E_NUMU if component == "numu" else E_MAX, nucleus.mass)
    cuts = np.unique(np.minimum(PANELS, top))
    half, middle = np.diff(cuts) / 2, (cuts[1:] + cuts[:-1]) / 2
    return (middle[:, None] + half[:, None] * _NODES_T[0]).ravel(), (half[:, None] * _NODES_T[1]).ravel()


def _recoil_spectra(model: Any, mass: float, coupling: float, form_factor: str) -> Any:
    # events by component: recoils, and events of each
    spectra = {}
    for component in COMPONENTS:
        parts = []
        for nucleus in (CS133, I127):
            T, weights = _recoils(component, nucleus)
            dN_dT = rate(T, nucleus, FLUX, model, mass, coupling, form_factor, method="fixed", components=(component,))
            parts.append((T, N_CSI * weights * dN_dT))
        spectra[component] = tuple(np.concatenate(column) for column in zip(*parts, strict=True))
    return spectra


def _by_quad(component: str, model: Any, mass: float, coupling: float, form_factor: str, z: Any) -> Any:
    # nested adaptive quadrature
    edges, counts = _pe_pieces(z[0]), np.zeros(len(PE) - 1)
    for nucleus in (CS133, I127):
        (_, top) = opening_recoils(E_NUMU if component == "numu" else E_MAX, nucleus.mass)

        def seen(T: float, i: int, nucleus: Any = nucleus) -> float:
            def density(x: float) -> float:
                return float(efficiency(x, z[0]) * photoelectrons(x, T, *z[1:3]))

            dN_dT = rate(
                np.array([T]), nucleus, FLUX, model, mass, coupling, form_factor, "fixed", components=(component,)
            )
            return float(dN_dT[0] * integrate.quad(density, *edges[i : i + 2], epsabs=1e-18, epsrel=1e-11)[0])

        for i in range(len(counts)):
            if edges[i] < edges[i + 1]:
                cuts = [0.0, 0.002, 0.006, 0.015, top]
                pieces = [
                    integrate.quad(seen, *ends, args=(i,), epsabs=0, epsrel=1e-11, limit=200)[0]
                    for ends in itertools.pairwise(cuts)
                ]
                counts[i] += N_CSI * sum(pieces)
    return counts


# --- time


def _after_pulse(t: Any, life: float) -> Any:
    # density of a Gaussian and an exponential delay; erfcx where the product of exp and erfc overflows
    u = (PULSE_WIDTH / life - (t - PULSE_MEAN) / PULSE_WIDTH) / np.sqrt(2)
    gauss = np.exp(-(((t - PULSE_MEAN) / PULSE_WIDTH) ** 2) / 2)
    tail = np.exp(np.minimum((PULSE_WIDTH / life) ** 2 / 2 - (t - PULSE_MEAN) / life, 700.0))
    product = np.where(u > 0, gauss * special.erfcx(np.maximum(u, 0.0)), tail * special.erfc(np.minimum(u, 0.0)))
    return product / (2 * life)


def _law(t: Any, component: str) -> Any:
    prompt = _after_pulse(t, PION)
    if component == "numu":
        return prompt
    # two delays: (exp(-t/b) - exp(-t/a)) / (b - a)
    return (MUON * _after_pulse(t, MUON) - PION * prompt) / (MUON - PION)


@functools.cache
def _until_latest(component: str) -> float:
    cuts = np.linspace(-1.0, LATEST, 65)
    return sum(
        float(integrate.quad(_law, *ends, args=(component,), epsabs=1e-16, epsrel=1e-12)[0])
        for ends in itertools.pairwise(cuts)
    )


def arrival(t: Any, component: str) -> Any:
    """Density of arrival times in 1/us: the pulse, the pion's decay and, but for "numu", the muon's.

    Examples
    --------
    >>> round(float(integrate.quad(arrival, -1, 15, args=("nue",), points=[0.5, 5], limit=200)[0]), 9)
    1.0
    """
    pick("component", COMPONENTS, component)
    return _law(t, component) / _until_latest(component)


def arrival_shares(component: str, dt: float = 0.0) -> Any:
    """Shares of a component in the eleven bins of time, the acceptance in them; `dt` in us is a delay of neutrinos.

    Examples
    --------
    >>> [round(float(arrival_shares(c).sum()), 3) for c in ("numu", "numubar", "nue")]
    [0.997, 0.848, 0.848]
    """
    cuts = np.union1d(np.union1d(TIME, PLATEAU), np.arange(0.0, 6.01, 0.25))
    half, middle = np.diff(cuts) / 2, (cuts[1:] + cuts[:-1]) / 2
    t = middle[:, None] + half[:, None] * _NODES_TIME[0]
    accepted = np.exp(-LOSS * np.maximum(t - PLATEAU, 0.0))
    pieces = half * ((arrival(t - dt, component) * accepted) @ _NODES_TIME[1])
    return np.histogram(middle, TIME, weights=pieces)[0]


# --- counts and chi2


def energy_counts_csi_2021(
    model: Any,
    mass: float = 0.0,
    coupling: float = 0.0,
    form_factor: str = "helm",
    method: str = "fixed",
    z_eff: float = 0.0,
    z_q0: float = 0.0,
    z_q1: float = 0.0,
) -> dict[str, Any]:
    """Counts of each component of the flux in the nine bins of photoelectrons, at any time; as `events_csi_2021`.

    Examples
    --------
    >>> counts = energy_counts_csi_2021("sm")
    >>> {name: round(float(n.sum()), 1) for name, n in counts.items()}
    {'nue': 123.4, 'numu': 51.1, 'numubar': 201.0}
    """
    z = (z_eff, z_q0, z_q1)
    if method == "quad":
        return {c: _by_quad(c, model, mass, coupling, form_factor, z) for c in COMPONENTS}
    spectra = _recoil_spectra(model, mass, coupling, form_factor)
    return {c: response(T, *z) @ weights for c, (T, weights) in spectra.items()}


def events_csi_2021(
    model: Any,
    mass: float = 0.0,
    coupling: float = 0.0,
    form_factor: str = "helm",
    method: str = "fixed",
    *,
    z_eff: float = 0.0,
    z_q0: float = 0.0,
    z_q1: float = 0.0,
    dt: float = 0.0,
) -> Any:
    """Signal counts in 9 bins of photoelectrons and 11 of arrival time.

    Parameters
    ----------
    model, mass, coupling, form_factor
        As `events_csi`.
    method : {"fixed", "quad"}
        Gauss-Legendre nodes between kinks, or nested adaptive quadrature (relative 1e-11).
    z_eff, z_q0, z_q1 : float
        Shifts of the efficiency's and of the light's coefficients in their standard deviations.
    dt : float
        Delay of the neutrinos in us.

    Returns
    -------
    ndarray, shape (9, 11)

    Examples
    --------
    >>> round(float(events_csi_2021("sm").sum()), 1)
    325.9
    """
    energy = energy_counts_csi_2021(model, mass, coupling, form_factor, method, z_eff, z_q0, z_q1)
    return counted(sum(np.outer(E, arrival_shares(c, dt)) for c, E in energy.items()))


def backgrounds_csi_2021() -> dict[str, Any]:
    """Counts of the three backgrounds, each of shape (9, 11).

    Examples
    --------
    >>> {name: round(float(counts.sum()), 1) for name, counts in backgrounds_csi_2021().items()}
    {'SSB': 1286.0, 'BRN': 18.4, 'NIN': 5.6}
    """
    return {name: BACKGROUNDS[name] * load_csi_2021().templates[name] for name in BACKGROUNDS}


def chi2_csi_2021(
    model: Any,
    mass: float = 0.0,
    coupling: float = 0.0,
    form_factor: str = "helm",
    systematics: str = "full",
    *,
    signal_sigma: float | None = None,
    scale: float = 1.0,
    shapes: Any = None,
) -> tuple[float, dict[str, float]]:
    """chi2 of Baker and Cousins, minimised over all nuisances.

    Parameters
    ----------
    model, mass, coupling, form_factor
        As `events_csi`.
    systematics : {"full", "core"}
        ``"core"``: four normalisations; ``"full"``: those, and z_eff, z_q0, z_q1 ~ N(0, 1) and dt flat within 0.25 us.
    signal_sigma : float, optional
        Of the signal's normalisation, infinite for a free one; that of `systematics` by default.
    scale : float
        Factor on the signal.
    shapes : array_like, shape (4,), optional
        z_eff, z_q0, z_q1 and dt, at which the shapes are held; their pull is not counted.

    Returns
    -------
    chi2 : float
    pulls : dict
        Relative shifts ``signal``, ``SSB``, ``BRN`` and ``NIN``, and the shapes; ``counts`` is the fitted signal.

    Examples
    --------
    >>> round(chi2_csi_2021("sm", systematics="core")[0], 1)
    84.5
    """
    observed = load_csi_2021().observed.ravel()
    others = [b.ravel() for b in backgrounds_csi_2021().values()]
    default = pick("systematics", SIGNAL_SIGMA, systematics)
    precision = precision_of([default if signal_sigma is None else signal_sigma, *SIGMAS.values()])
    spectra = _recoil_spectra(model, mass, coupling, form_factor)

    def templates(z: Any) -> Any:
        parts = (np.outer(response(T, *z[:3]) @ w, arrival_shares(c, z[3])) for c, (T, w) in spectra.items())
        return np.array([scale * np.sum(list(parts), axis=0).ravel(), *others])

    if shapes is None and systematics == "core":
        shapes = np.zeros(4)
    if shapes is None:
        shape_precision = precision_of([1.0, 1.0, 1.0, np.inf])
        chi2, pulls, shapes = fit_shapes(observed, templates, precision, shape_precision, BOUNDS, STARTS)
    else:
        chi2, pulls = fit_normalisations(observed, templates(shapes), precision)
    counts = float((1 + pulls[0]) * templates(shapes)[0].sum())
    found = dict(zip(("signal", *SIGMAS), pulls.tolist(), strict=True))
    found |= dict(zip(("z_eff", "z_q0", "z_q1", "dt"), map(float, shapes), strict=True))
    return chi2, found | {"counts": counts}
