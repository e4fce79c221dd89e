"""COHERENT caesium iodide, the release of arXiv:2110.07730, in photoelectrons and arrival time."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.binning import Axis
from cevns.detectors import (
    Arrival,
    ArrivalEfficiency,
    GammaResolution,
    LogisticEfficiency,
    PolynomialQuenching,
    Response,
    ResponseShape,
    TimeOffset,
)
from cevns.experiments import spallation
from cevns.experiments.coherent_csi_2021 import release
from cevns.experiments.experiment import Experiment
from cevns.fluxes import TabulatedTiming
from cevns.likelihoods import Background, Nuisance
from cevns.nuclei import Target

if TYPE_CHECKING:
    from cevns._types import Array
    from cevns.nuclei.form_factors import FormFactor

__all__ = ["OPTIONS", "SYSTEMATICS", "load"]

OPTIONS = ("form_factor", "systematics")
SYSTEMATICS = ("full", "core")

#: Photoelectrons and times [us].
PHOTOELECTRONS = np.array([0.0, 8, 12, 16, 20, 24, 32, 40, 50, 60])
TIMES = np.array([0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1, 2, 4, 6])
#: Photoelectrons per keVee, and how the gamma density narrows: k = 1 + 9.56 Eee / keV.
LIGHT_YIELD, NARROWING = 1 / 0.0749, 9.56
#: Recoils [keV] up to which the light is known.
HIGHEST_RECOIL = 50.0
#: Acceptance in time: 1 before 0.52 us, exp(-0.0494 (t - 0.52)) after.
PLATEAU, LOSS = 0.52, 0.0494
#: Events and relative uncertainties of steady-state background, beam-related and neutrino-induced neutrons.
EVENTS = {"SSB": (1286.0, 0.021), "BRN": (18.4, 0.25), "NIN": (5.6, 0.35)}
#: Signal: flux and form factor of the full set; all in one of the core, flux apart.
FORM_FACTOR_SIGMA, CORE_SIGMA = 0.032, 0.12
#: Ranges of the shapes, in standard deviations, and of the time offset [us].
REACH, OFFSET = 3.5, 0.25


def load(*, form_factor: FormFactor | str = "helm", systematics: str = "full") -> Experiment:
    """Return the caesium iodide experiment of 2021.

    Parameters
    ----------
    form_factor : str or FormFactor
        Nuclear form factor.
    systematics : str
        ``"full"``: flux 10 %, form factor 3.2 %, the released excursions of the efficiency and of the quenching factor
        as shapes, and a time offset within 0.25 us; or ``"core"``: the signal to 12 %, of which 10 % are the flux's.

    Returns
    -------
    Experiment
        Poisson counts in 9 bins of photoelectrons and 11 of time [us]; ``sns-flux`` is a nuisance that other
        experiments at the source share.

    Raises
    ------
    UnknownNameError
        If the form factor or the systematics are not known.

    Examples
    --------
    >>> csi = load(systematics="core")
    >>> csi.signal.binning.shape, sum(csi.observed), round(float(csi.predict("sm").signal.sum()), 1)
    ((9, 11), 1578.0, 325.9)
    """
    full = checks.known("systematics", systematics, SYSTEMATICS) == "full"
    nominal, *sets = release.light_coefficients()
    efficiency, above, below = (LogisticEfficiency(*row) for row in release.efficiency_coefficients().tolist())
    response = Response(
        _quenching(nominal),
        Axis("energy", PHOTOELECTRONS, "PE"),
        light_yield=LIGHT_YIELD,
        efficiency=efficiency,
        resolution=GammaResolution(NARROWING / LIGHT_YIELD),
    )
    own = Nuisance("form-factor", FORM_FACTOR_SIGMA) if full else None
    shapes = [
        ResponseShape("csi efficiency", above, below, -REACH, REACH),
        ResponseShape("csi quenching 0", _quenching(sets[0]), _quenching(sets[1]), -REACH, REACH),
        ResponseShape("csi quenching 1", _quenching(sets[2]), _quenching(sets[3]), -REACH, REACH),
        TimeOffset(-OFFSET, OFFSET, name="csi time offset"),
    ]
    return Experiment(
        name="coherent-csi-2021",
        flux=spallation.flux(neutrinos_per_proton=0.0848, protons=3.198e23, distance=19.3),
        target=Target.of({"Cs-133": 1, "I-127": 1}, molar_mass=259.8, mass=14.6),
        response=response,
        observed=release.counts("C", PHOTOELECTRONS, TIMES),
        signal_sigma=0.0 if full else float(np.sqrt(CORE_SIGMA**2 - spallation.FLUX_SIGMA**2)),
        backgrounds=[
            Background(name, events * _template(name).ravel(), sigma) for name, (events, sigma) in EVENTS.items()
        ],
        form_factor=form_factor,
        label="CsI",
        description="COHERENT CsI[Na], 14.6 kg, 2021, in photoelectrons and arrival time",
        references=("arXiv:2110.07730",),
        nuisances=[Nuisance("sns-flux", spallation.FLUX_SIGMA), *([own] if own else [])],
        arrival=Arrival(Axis("time", TIMES, "us"), ArrivalEfficiency(PLATEAU, LOSS)),
        shapes=shapes if full else (),
    )


def _quenching(coefficients: Array) -> PolynomialQuenching:
    return PolynomialQuenching.of_mev(coefficients.tolist(), HIGHEST_RECOIL)


def _template(name: str) -> Array:
    """Return the share of a background in each bin, shape (photoelectrons, time): a product of two shapes."""
    if name == "SSB":
        energy = release.counts("AC", PHOTOELECTRONS, TIMES).sum(axis=1)
        time = -np.diff(np.exp(-LOSS * TIMES))
    else:
        edges, shares, times, counts = release.neutrons(name.lower())
        energy = np.array(
            [shares[(edges[:-1] >= a) & (edges[1:] <= b)].sum() for a, b in itertools.pairwise(PHOTOELECTRONS)]
        )
        arrival = Arrival(TIMES, ArrivalEfficiency(PLATEAU, LOSS))
        time = arrival.shares(TabulatedTiming(times, counts))
    found: Array = np.outer(energy / energy.sum(), time / time.sum())
    return found
