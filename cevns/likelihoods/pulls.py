"""Where the nuisances go at one point."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns.experiments import Experiment

__all__ = ["Pulls", "edges"]

#: Share of the range of eta that counts as its end.
EDGE = 1e-6


@dataclass(frozen=True)
class Pulls:
    """chi2 at one point with the nuisances that minimise it.

    Attributes
    ----------
    chi2 : float
        Sum over the experiments, and the penalties of shared nuisances and of priors.
    experiments : dict
        For each experiment's name: ``chi2`` and ``pulls``, a dict. A normalisation's pull is its relative shift, so
        that (1 + pull) multiplies the counts (alpha_c and beta_c of eq. 4.1, eta - 1 of eq. 4.2); ``quenching`` is eta
        - 1.
    at_edge : tuple of str
        Experiments whose quenching scale lies at an end of its range, five standard deviations from 1 or 0.25: the
        minimum may lie beyond, and the data and the prediction hardly belong together.
    shared : dict
        Pulls of nuisances by name, which scale the signals of several experiments; their penalties are in `chi2` alone.
    priors : dict
        Pulls of parameters that have a prior, by name, in units of its standard deviation; their squares are in `chi2`
        alone.
    remarks : tuple of str
        What has to be said beside the numbers: a sentence for each experiment of `at_edge`.
    """

    chi2: float
    experiments: dict[str, dict[str, Any]]
    at_edge: tuple[str, ...] = ()
    shared: dict[str, float] = field(default_factory=dict)
    priors: dict[str, float] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def edges(experiments: Sequence[Experiment], terms: Sequence[tuple[Any, ...]]) -> dict[str, str]:
    """Return which experiments have a quenching scale at an end of its range, and what has to be said, by name.

    Parameters
    ----------
    experiments : sequence of Experiment
        Whose terms these are.
    terms : sequence of (chi2, eta, signal, shifts)
        What `Engine.profile` returns of them.
    """
    found = {}
    for experiment, (_, eta, *_) in zip(experiments, terms, strict=True):
        low, high = experiment.signal.eta_range
        if high > low and min(eta - low, high - eta) <= EDGE * (high - low):
            end, side = (low, "below") if eta - low < high - eta else (high, "above")
            sigmas = abs(end - 1) / experiment.quenching_sigma
            found[experiment.name] = (
                f"the quenching scale of {experiment.name} is at an end of its range, {end:.4g}, {sigmas:.3g} sigma "
                f"{side} 1: chi2 may fall further beyond"
            )
    return found
