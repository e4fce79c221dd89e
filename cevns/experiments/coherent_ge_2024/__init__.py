"""COHERENT germanium, Ge-Mini: one count above background, arXiv:2406.13806."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cevns.binning import Axis
from cevns.detectors import Arrival, LindhardQuenching, Response
from cevns.experiments import spallation
from cevns.experiments.coherent_ge_2024 import release
from cevns.experiments.experiment import Experiment
from cevns.likelihoods import Nuisance
from cevns.nuclei import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cevns.detectors import Quenching
    from cevns.nuclei.form_factors import FormFactor

__all__ = ["OPTIONS", "load"]

OPTIONS = ("quenching", "form_factor")


def load(
    *,
    quenching: Quenching | Mapping[str, Quenching] | None = None,
    form_factor: FormFactor | str = "klein-nystrand",
) -> Experiment:
    """Return the germanium experiment.

    Parameters
    ----------
    quenching : Quenching or mapping of str to Quenching, optional
        Lindhard's law with k = 0.157 unless given.
    form_factor : str or FormFactor
        Nuclear form factor.

    Returns
    -------
    Experiment
        One count with its uncertainty; ``sns-flux`` is a nuisance that other experiments at the source share.

    Raises
    ------
    UnknownNameError
        If the form factor is not known.

    Examples
    --------
    >>> ge = load()
    >>> ge.observed, ge.uncertainty, round(float(ge.predict("sm").signal.sum()), 2)
    ((21.0,), (7.8,), 35.05)
    """
    known = release.numbers()
    edges = Axis("energy", [known["energy_low"], known["energy_high"]], "keVee")
    mass = known["active_mass"]
    return Experiment(
        name="coherent-ge-2024",
        flux=spallation.flux(
            neutrinos_per_proton=known["neutrinos_per_proton"],
            protons=known["exposure"] / mass,
            distance=known["distance"],
        ),
        target=Target.of("Ge", mass=mass),
        response=Response(quenching or LindhardQuenching(32, 72.63, k=known["lindhard_k"]), edges),
        observed=[known["observed"]],
        uncertainty=[known["observed_uncertainty"]],
        signal_sigma=math.sqrt(known["signal_sigma"] ** 2 - spallation.FLUX_SIGMA**2),
        form_factor=form_factor,
        label="Ge",
        description="COHERENT Ge-Mini, 10.7 kg, counting, 1.5-8.5 keVee and 0-8 us",
        references=("arXiv:2406.13806",),
        nuisances=[Nuisance("sns-flux", spallation.FLUX_SIGMA)],
        arrival=Arrival([known["time_low"], known["time_high"]]),
    )
