"""The data sets of today and what they say, each computed once for figures and summary alike."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from cevns.detectors import TimeOffset
from cevns.experiments import load
from cevns.experiments.coherent_argon_2020_3d import with_excursion
from cevns.experiments.spallation import FLUX_SIGMA
from cevns.figures.analysis import Kept, with_tips
from cevns.figures.measurements import RADIUS_SIGMA, sigmas
from cevns.fluxes import PulseTiming
from cevns.inference.lines import Line
from cevns.interactions import RADIATIVE_COUPLINGS, contact, cross_section
from cevns.likelihoods import Nuisance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cevns._types import Array, ArrayLike
    from cevns.experiments import Experiment
    from cevns.inference import Fit, Interval, Limit
    from cevns.likelihoods import Likelihood
    from cevns.predictions import Prediction

__all__ = ["DATA", "LEVEL", "MASSES", "NORMALISATION", "Free", "Today"]

#: Confidence level of the limits.
LEVEL = 0.90
#: Mediator masses of the planes [MeV].
MASSES = np.geomspace(0.1, 1e4, 61)
#: Further ones of L_mu-L_tau.
HEAVIER = (2.5e4, 1e5)
#: Data sets, in the order in which legends name them.
DATA = ("CsI 2021", "Ar 3-D", "Ge", "Xe 8B", "all four")
#: Relative width in mass to which the tip of an allowed strip is followed.
_TIP = 0.02
#: How near the mass of the least chi2 is found, in its logarithm.
_NEAR = 1e-3
#: Counts are those of the standard model times the square of 1 + coupling.
NORMALISATION = contact(
    "normalisation",
    proton=dict(RADIATIVE_COUPLINGS.proton),
    neutron={flavour: RADIATIVE_COUPLINGS.neutron for flavour, _ in RADIATIVE_COUPLINGS.proton},
    label=r"CE$\nu$NS",
    description="standard model, times a number",
)
#: Where that number is searched.
_SEARCHED = {"coupling": (-0.95, 1.5)}
#: Delay of neutrinos that the published weak mixing angle is compared for [us].
DELAY = 0.08


@dataclasses.dataclass(frozen=True)
class Free:
    """A fit with the signal's normalisation free.

    Attributes
    ----------
    factor : float
        Signal over that of the standard model at the same nuisances.
    allowed : (float, float)
        The same, one standard deviation down and up, nuisances profiled.
    chi2 : float
        Least chi2.
    significance : float
        Root of how far chi2 without a signal lies above it.
    prediction : Prediction
        Signal and backgrounds of the fit, beside the data.
    pulls : dict of str to float
        Where the nuisances are.
    """

    factor: float
    allowed: tuple[float, float]
    chi2: float
    significance: float
    prediction: Prediction
    pulls: dict[str, float]


class Today(Kept):
    """Data sets and results, computed when they are asked for and kept.

    Parameters
    ----------
    csi, argon, germanium, xenon : Experiment, optional
        As `cevns.load` returns them unless given: with their default nuisances.
    masses : array_like, optional
        Mediator masses of the planes [MeV], `MASSES` unless given.

    Attributes
    ----------
    experiments : dict of str to Experiment
        By the names in `DATA`.
    likelihoods : dict of str to Likelihood
        The same, and all of them together, with the flux of the spallation source as one nuisance.

    Examples
    --------
    >>> today = Today()
    >>> today.likelihoods["Ge"].label, [e.name for e in today.likelihoods["all four"].experiments][:2]
    ('Ge', ['coherent-csi-2021', 'coherent-argon-2020-3d'])
    """

    def __init__(
        self,
        csi: Experiment | None = None,
        argon: Experiment | None = None,
        germanium: Experiment | None = None,
        xenon: Experiment | None = None,
        masses: ArrayLike = MASSES,
    ) -> None:
        super().__init__()
        given = (csi, argon, germanium, xenon)
        names = ("coherent-csi-2021", "coherent-argon-2020-3d", "coherent-ge-2024", "xenonnt-8b-2026")
        found = [load(name) if one is None else one for one, name in zip(given, names, strict=True)]
        self.experiments = dict(zip(DATA[:-1], found, strict=True))
        first, *others = found
        together: Any = first
        for other in others:
            together = together + other
        self.likelihoods: dict[str, Likelihood] = {**self.experiments, DATA[-1]: together}
        self.masses = np.asarray(masses, dtype=float)

    # --- planes ------------------------------------------------------------------------------------------------------

    def best_fit(self, model: str, data: str) -> Fit:
        """Return the least chi2 over the plane, found among `masses` and followed between them."""
        return self.keep(("best fit", model, data), lambda: self._best_fit(model, data))

    def _best_fit(self, model: str, data: str) -> Fit:
        from scipy.optimize import minimize_scalar

        likelihood = self.likelihoods[data]
        # every second mass is near enough to a minimum: chi2 bends over a factor of two in mass at least
        logs = np.log(self.masses[::2])
        best = int(Line(likelihood, model, "fit").minima(np.exp(logs), self.num_threads)[0].argmin())
        found: dict[float, Fit] = {}

        def chi2(log: float) -> float:
            found[log] = likelihood.best_fit(model, mass=math.exp(log))
            return found[log].chi2

        chi2(float(logs[best]))
        ends = logs[max(best - 1, 0)], logs[min(best + 1, logs.size - 1)]
        minimize_scalar(chi2, bounds=ends, method="bounded", options={"xatol": _NEAR})
        return min(found.values(), key=lambda fit: fit.chi2)

    def limit(self, model: str, data: str, cl: float = LEVEL) -> Limit:
        """Return exact limits on `masses`, with further ones where an allowed strip begins or ends."""
        return self.keep((model, data, cl), lambda: self._limit(model, data, cl))

    def _limit(self, model: str, data: str, cl: float) -> Limit:
        def at(mass: ArrayLike) -> Limit:
            reference, threads = self.best_fit(model, data), self.num_threads
            return self.likelihoods[data].limit(model, mass, cl=cl, reference=reference, num_threads=threads)

        # beyond the paper's masses, as far as its figure of this model goes, g / M alone matters
        heavier = HEAVIER if model == "lmu-ltau" else ()
        return with_tips(at([*self.masses, *heavier]), at, _TIP)

    # --- one normalisation -------------------------------------------------------------------------------------------

    def free(self, data: str) -> Free:
        """Return the fit of a data set with the signal's normalisation free, its other nuisances profiled.

        That of CsI has the uncertainty of its flux, and none of form factors, which the published one does not have.
        """
        return self.keep(("free", data), lambda: _free(self._for_normalisation(data)))

    def _for_normalisation(self, data: str) -> Experiment:
        return self.for_radius(data) if data == "CsI 2021" else self.experiments[data]

    def counted(self, *, known_backgrounds: bool = False) -> Free:
        """Return the fit of how many events CsI has seen, which need neither a flux nor an efficiency."""

        def compute() -> Free:
            csi = _without_sigma(self.experiments["CsI 2021"])
            times = [shape for shape in csi.shapes if isinstance(shape, TimeOffset)]
            known = [dataclasses.replace(b, sigma=0.0) if known_backgrounds else b for b in csi.backgrounds]
            return _free(csi.replace(shapes=times, backgrounds=known))

        return self.keep(("counted", known_backgrounds), compute)

    def statistical(self, shapes: tuple[str, ...] = ()) -> Free:
        """Return the same of argon without uncertainties of the signal, as published, or with some shapes."""
        argon = load("coherent-argon-2020-3d", shapes=shapes) if shapes else self.experiments["Ar 3-D"]
        return self.keep(("statistical", shapes), lambda: _free(_without_sigma(argon)))

    def excursion(self, name: str, which: int) -> Free:
        """Return that of argon with an excursion's template; see `coherent_argon_2020_3d.with_excursion`."""
        argon = self.experiments["Ar 3-D"]
        return self.keep(("excursion", name, which), lambda: _free(_without_sigma(with_excursion(argon, name, which))))

    def every_run(self) -> Experiment:
        """Return the experiment with all runs of XENONnT."""
        return self.keep("every run", lambda: load("xenonnt-8b-2026", runs=("sr0", "sr1", "sr2")))

    def all_runs(self) -> Free:
        """Return the same of all runs of XENONnT."""
        return self.keep("all runs", lambda: _free(self.every_run()))

    def normalisations(self, data: str, factors: ArrayLike) -> Array:
        """Return delta chi2 of signals that are multiples of the standard model's, nuisances profiled."""
        x = np.sqrt(np.asarray(factors)) - 1
        found: Array = self._for_normalisation(data).chi2(NORMALISATION, coupling=x) - self.free(data).chi2
        return found

    def average_cross_section(self) -> float:
        """Return the cross section of CsI, averaged over the neutrinos of pions and muons at rest [cm^2]."""
        return self.keep("average", lambda: _average(self.experiments["CsI 2021"]))

    # --- parameters --------------------------------------------------------------------------------------------------

    def for_radius(self, year: str) -> Experiment:
        """Return an experiment without the uncertainty of form factors, for a free neutron radius."""
        return self.keep(("for radius", year), lambda: self._for_radius(year))

    def _for_radius(self, year: str) -> Experiment:
        if year == "CsI 2017":
            return load("coherent-csi-2017").replace(signal_sigma=RADIUS_SIGMA["CsI"])
        csi = self.experiments[year]
        return csi.replace(nuisances=[Nuisance("sns-flux", FLUX_SIGMA)])

    def radius(self, year: str, n: float = 1) -> Interval:
        """Return the neutron radii [fm] that caesium iodide of a year allows, `n` standard deviations."""
        return self.keep(("radius", year, n), lambda: self.for_radius(year).interval("sm", "rn_csi", cl=sigmas(n)))

    def suppression(self) -> float:
        """Return by how much chi2 of 2021 with F = 1 lies above the least one for any neutron radius."""

        def compute() -> float:
            point = self.for_radius("CsI 2021").replace(form_factor="point")
            return float(point.chi2("sm")) - self.radius("CsI 2021").chi2_min

        return self.keep("suppression", compute)

    def for_angle(self, kind: str) -> Experiment:
        """Return an experiment for the weak mixing angle: of 2017, 2021, or as in the published comparison."""
        return self.keep(("for angle", kind), lambda: self._for_angle(kind))

    def _for_angle(self, kind: str) -> Experiment:
        if kind == "CsI 2017":
            return load("coherent-csi-2017")
        if kind == "CsI 2021":
            return self.experiments[kind]
        core = load("coherent-csi-2021", systematics="core")
        late = {
            part.name: dataclasses.replace(part.timing, mean=part.timing.mean + DELAY)
            for part in core.flux.components
            if isinstance(part.timing, PulseTiming)
        }
        return core.replace(flux=core.flux.with_timing(late))

    def angle(self, kind: str) -> Interval:
        """Return the weak mixing angles that caesium iodide allows, one standard deviation."""
        return self.keep(("angle", kind), lambda: self.for_angle(kind).interval("sm", "sin2_theta_w", cl=sigmas(1)))


def _without_sigma(experiment: Experiment) -> Experiment:
    return experiment.replace(signal_sigma=0.0, nuisances=())


def _free(experiment: Experiment) -> Free:
    found = experiment.interval(NORMALISATION, "coupling", cl=sigmas(1), bounds=_SEARCHED)
    best = float(found.best_fit)
    pulls = experiment.pulls(NORMALISATION, coupling=best)
    low, high = ((1 + found.allowed[0]) ** 2).tolist()
    none = float(experiment.chi2(NORMALISATION, coupling=-1.0))
    return Free(
        (1 + best) ** 2,
        (low, high),
        found.chi2_min,
        math.sqrt(none - found.chi2_min),
        experiment.predict(NORMALISATION, coupling=best, pulls=pulls),
        pulls.of(experiment.name),
    )


def _average(experiment: Experiment) -> float:
    """Return the mean cross section [cm^2] of nuclei of which a target has equally many, over all neutrinos."""
    nodes, weights = np.polynomial.legendre.leggauss(32)
    nuclei = experiment.target.nuclei
    total = fluence = 0.0
    for part in experiment.flux.components:
        breaks = part.spectrum.breaks
        low, half = breaks[:-1, None], np.diff(breaks)[:, None] / 2
        energy = (low + half * (1 + nodes)).ravel()
        density = np.empty(energy.size)
        part.spectrum.density(energy, density)
        energy = np.concatenate([energy, part.spectrum.line_energies])
        count = np.concatenate([(half * weights).ravel() * density, part.spectrum.line_weights])
        fluence += count.sum()
        total += sum(count @ cross_section("sm", energy, nucleus, part.flavour) for nucleus in nuclei) / len(nuclei)
    return float(total / fluence)
