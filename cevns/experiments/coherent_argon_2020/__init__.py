"""COHERENT argon (CENNS-10), analysis A of the release of 2020 (arXiv:2003.10630, arXiv:2006.12659), as in
arXiv:2008.05022.

Twelve bins of 10 keVee from 0 to 120; no energy smearing, as in the paper. Uncertainties are those of eqs. 4.3-4.7.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.binning import Axis
from cevns.detectors import Efficiency, LinearQuenching, Quenching, Response
from cevns.experiments.experiment import Experiment
from cevns.experiments.released import columns
from cevns.fluxes import pion_decay_at_rest
from cevns.likelihoods import Background
from cevns.nuclei import Target

if TYPE_CHECKING:
    from cevns._types import Array
    from cevns.nuclei.form_factors import FormFactor


#: Uncorrelated uncertainty of the neutron backgrounds' shape, eq. 4.4.
SIGMA_BRNES = np.sqrt(0.058**2 / 12)

OPTIONS = ("quenching", "form_factor")

_FOLDER = os.path.dirname(__file__)
_EDGES = np.arange(0.0, 121.0, 10.0)

QUENCHINGS = {
    "release": lambda: LinearQuenching(0.246, 7.8e-4, 125.0),
}


def _neutrons(name: str) -> Array:
    energy, counts = columns(os.path.join(_FOLDER, name), usecols=(0, 3))
    return np.histogram(energy, _EDGES, weights=counts)[0]


def load(
    *, quenching: Quenching | Mapping[str, Quenching] | str = "release", form_factor: FormFactor | str = "helm"
) -> Experiment:
    """Return the argon experiment.

    Parameters
    ----------
    quenching : str, Quenching or mapping of str to Quenching
        ``"release"``: f_Q = 0.246 + 7.8e-4 T/keV up to 125 keV, constant above.
    form_factor : str or FormFactor
        Nuclear form factor.

    Returns
    -------
    Experiment
    """
    if not isinstance(quenching, (Quenching, Mapping)):
        quenching = QUENCHINGS[checks.known("argon quenching", quenching, QUENCHINGS)]()
    energy, accepted = columns(os.path.join(_FOLDER, "CENNS10AnlAEfficiency.txt"), usecols=(0, 2))
    observed, statistical = columns(os.path.join(_FOLDER, "energydata1d.txt"), skiprows=1, usecols=(1, 2))
    prompt, late = _neutrons("brnpdf.txt"), _neutrons("delbrnpdf.txt")
    return Experiment(
        name="coherent-argon-2020",
        flux=pion_decay_at_rest(neutrinos_per_proton=0.09, protons=13.7e22, distance=27.5),
        target=Target.of({"Ar-40": 1}, molar_mass=39.96, mass=24),
        response=Response(
            quenching=quenching, edges=Axis("energy", _EDGES, "keVee"), efficiency=Efficiency(energy, accepted)
        ),
        observed=observed,
        uncertainty=np.sqrt(statistical**2 + (SIGMA_BRNES * (prompt + late)) ** 2),  # eq. 4.3
        signal_sigma=0.134,
        backgrounds=(Background("PBRN", prompt, 0.32), Background("LBRN", late, 1.0)),
        form_factor=form_factor,
        label="Ar",
        description="COHERENT CENNS-10 liquid argon, 24 kg, analysis A, 0-120 keVee",
        references=("arXiv:2003.10630", "arXiv:2006.12659", "arXiv:2008.05022"),
    )
