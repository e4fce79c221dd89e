"""What deforms the signal and the backgrounds of an experiment, and the floor of its expectations beside that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.errors import InputError
from cevns.likelihoods import Deformation
from cevns.likelihoods.nuisances import HIGHEST_FLOOR

if TYPE_CHECKING:
    from cevns.experiments.experiment import Experiment

__all__ = ["checked_floor", "checked_shapes"]


def checked_shapes(given: Any) -> Any:
    """Return what deforms signal and backgrounds."""
    if given == ():
        return given
    from cevns.detectors import ResponseShape, TimeOffset

    return checks.sequence("shapes", given, (Deformation, ResponseShape, TimeOffset))


def checked_floor(experiment: Experiment) -> float:
    """Return the least expectation of a bin of an experiment."""
    floor = checks.real("floor", experiment.floor, low=0, high=1e6)
    if floor and experiment.uncertainty is not None:
        raise InputError(f"floor = {floor:g} is of Poisson data, and these have uncertainties: leave it out")
    if floor > HIGHEST_FLOOR and (experiment.shapes or experiment.quenching_sigma):
        raise InputError(
            f"floor = {floor} beside shapes or a quenching_sigma is not allowed: there it is at most {HIGHEST_FLOOR:g} "
            "counts, since chi2 may have minima below higher ones that no search is sure to find; 1e-6 does what a "
            "floor is for"
        )
    return floor
