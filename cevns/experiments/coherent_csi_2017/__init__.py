"""COHERENT CsI, data release of 2017 (arXiv:1708.01294, arXiv:1804.09459), analysed as in arXiv:2008.05022.

Bins i = 4..15 of eq. 4.1: 2 PE wide, 6 to 30 PE. Observed: coincidence minus anticoincidence counts with the beam on
and an arrival time below 6 us. The signal has no time cut and no photoelectron smearing, as in the paper.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.binning import Axis
from cevns.detectors import BirksQuenching, Efficiency, PolynomialQuenching, Quenching, Response
from cevns.experiments.experiment import Experiment
from cevns.experiments.released import columns
from cevns.fluxes import pion_decay_at_rest
from cevns.likelihoods import Background
from cevns.nuclei import Target

if TYPE_CHECKING:
    from cevns._types import Array, ArrayLike
    from cevns.nuclei.form_factors import FormFactor


#: PE per keVee (coherent_parameters.yaml).
LIGHT_YIELD = 13.348
#: GWh of beam (promptPDF.txt).
EXPOSURE_GWH = 7.47594
#: Arrival times [us] that are counted.
LATEST_ARRIVAL = 6.0

OPTIONS = ("quenching", "form_factor")

_FOLDER = os.path.dirname(__file__)
_EDGES = np.arange(6.0, 31.0, 2.0)
_PE = np.arange(6.0, 31.0, 1.0)


def chicago_3() -> BirksQuenching:
    """Return the Chicago-3 quenching factor of arXiv:1907.04828: a modified Birks law with E0 = 12.97 keV and kB =
    3.311e-3.

    A reconstruction: no machine-readable curve is public, and the two constants could not be checked against the text
    of their source. The stopping power (nuclear: ZBL; electronic: scaled from SRIM) is the mean of Cs and I recoils in
    CsI.
    """
    energy, *powers = columns(os.path.join(_FOLDER, "csi_ions_in_csi.csv"), delimiter=",", skiprows=3)
    return BirksQuenching(12.97, 3.311e-3, energy, sum(powers) / 2)


def polynomial_2021() -> PolynomialQuenching:
    """Return the quenching of the 2021 CsI release (arXiv:2110.07730): E_ee = a T + b T^2 + c T^3 + d T^4, T in MeV."""
    nominal = columns(os.path.join(_FOLDER, "scintRespCoefficients.txt"))[:, 0]
    # from MeV per MeV^n to keV per keV^n; the quartic turns over above about 100 keV
    return PolynomialQuenching(tuple(nominal * 1e-3 ** np.arange(4)), maximum=70.0)


QUENCHINGS: Mapping[str, Callable[[], Quenching]] = {
    "chicago-3": chicago_3,
    "constant": lambda: PolynomialQuenching((0.0878,)),
    "polynomial-2021": polynomial_2021,
}


def efficiency(photoelectrons: ArrayLike) -> Array:
    """Return the acceptance at values of the observable [PE] as coherent_parameters.yaml gives it."""
    x = np.asarray(photoelectrons, dtype=float)
    step = np.where(x < 5, 0.0, np.where(x < 6, 0.5, 1.0))
    return 0.6655 / (1 + np.exp(-0.4942 * (x - 10.8507))) * step


def _counts(name: str) -> Array:
    photoelectrons, arrival, counts = columns(os.path.join(_FOLDER, name), delimiter=",")
    early = arrival < LATEST_ARRIVAL
    return np.histogram(photoelectrons[early], _EDGES, weights=counts[early])[0]


def load(
    *, quenching: Quenching | Mapping[str, Quenching] | str = "chicago-3", form_factor: FormFactor | str = "helm"
) -> Experiment:
    """Return the CsI experiment.

    Parameters
    ----------
    quenching : str, Quenching or mapping of str to Quenching
        ``"chicago-3"`` (as in arXiv:2008.05022), ``"constant"`` (0.0878, arXiv:1708.01294) or ``"polynomial-2021"``.
    form_factor : str or FormFactor
        Nuclear form factor.

    Returns
    -------
    Experiment
    """
    if not isinstance(quenching, (Quenching, Mapping)):
        quenching = QUENCHINGS[checks.known("CsI quenching", quenching, QUENCHINGS)]()
    on, off = _counts("data_coincidence_beamOn.txt"), _counts("data_anticoincidence_beamOn.txt")
    # the release evaluates the efficiency at the centre of each 1-PE bin
    accepted = efficiency(0.5 * (_PE[1:] + _PE[:-1]))
    centre, neutrons = columns(os.path.join(_FOLDER, "promptPDF.txt"), delimiter=",")
    inside = (centre > _PE[0]) & (centre < _PE[-1])
    neutrons = np.histogram(centre[inside], _EDGES, weights=neutrons[inside] * EXPOSURE_GWH * accepted)[0]
    return Experiment(
        name="coherent-csi-2017",
        flux=pion_decay_at_rest(neutrinos_per_proton=0.08, protons=17.6e22, distance=19.3),
        target=Target.of({"Cs-133": 1, "I-127": 1}, molar_mass=259.8, mass=14.6),
        response=Response(
            quenching=quenching,
            edges=Axis("energy", _EDGES, "PE"),
            light_yield=LIGHT_YIELD,
            efficiency=Efficiency(_PE, accepted),
        ),
        observed=on - off,
        uncertainty=np.sqrt(on + off),
        signal_sigma=0.112,
        backgrounds=(Background("prompt neutrons", neutrons, 0.25),),
        quenching_sigma=0.051,
        form_factor=form_factor,
        label="CsI",
        description="COHERENT CsI[Na], 14.6 kg, 6-30 PE",
        references=("arXiv:1708.01294", "arXiv:1804.09459", "arXiv:1907.04828", "arXiv:2008.05022"),
    )
