"""Variants of a planned experiment: longer exposures, higher thresholds."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.binning import Axis, Binning
from cevns.errors import InputError
from cevns.experiments.changes import with_changes
from cevns.likelihoods import Background, Deformation
from cevns.likelihoods.nuisances import SIGNAL

if TYPE_CHECKING:
    from cevns._types import Array
    from cevns.experiments.experiment import Experiment

__all__ = ["above", "scaled"]

#: Factors of an exposure that are accepted, at most, and their inverse at least.
LARGEST_FACTOR = 1e9
#: How near a threshold has to be to an edge of the bins, relative to it.
ON_EDGE = 1e-9


def scaled(experiment: Experiment, exposure: float) -> Experiment:
    """Return an experiment with another exposure; see `Experiment.scaled`."""
    factor = checks.real("exposure", exposure, low=1 / LARGEST_FACTOR, high=LARGEST_FACTOR)
    target = dataclasses.replace(experiment.target, mass=factor * experiment.target.mass)
    uncertainty = experiment.uncertainty
    return dataclasses.replace(
        experiment,
        target=target,
        observed=_times(experiment.observed, factor),
        uncertainty=None if uncertainty is None else _times(uncertainty, math.sqrt(factor)),
        backgrounds=[dataclasses.replace(b, counts=_times(b.counts, factor)) for b in experiment.backgrounds],
        shapes=[_scaled_shape(shape, factor) for shape in experiment.shapes],
        expected=True,
        changes=with_changes(experiment.changes, ("exposure", f"exposure x {_so_far(experiment) * factor:.6g}")),
    )


def _so_far(experiment: Experiment) -> float:
    """Return the exposure of an experiment in units of that which it was loaded with."""
    return float(dict(experiment.changes).get("exposure", "1").rpartition(" ")[2])


def _scaled_shape(shape: Any, factor: float) -> Any:
    # of the signal they are shares, which know no exposure
    if not isinstance(shape, Deformation) or shape.of == SIGNAL:
        return shape
    down = None if shape.down is None else _times(shape.down, factor)
    return dataclasses.replace(shape, up=_times(shape.up, factor), down=down)


def _times(counts: Any, factor: float) -> Array:
    return factor * np.array(counts)


def above(experiment: Experiment, threshold: float) -> Experiment:
    """Return an experiment without the bins below a threshold; see `Experiment.above`."""
    axis, *others = experiment.signal.binning.axes
    start = checks.real("threshold", threshold, unit=axis.unit)
    edges = np.array(axis.edges)
    first = int(np.abs(edges - start).argmin())
    if abs(edges[first] - start) > ON_EDGE * abs(start):
        near = ", ".join(f"{edge:g}" for edge in edges[max(first - 1, 0) : first + 2])
        raise InputError(
            f"threshold = {start:g} {axis.unit} lies inside a bin of {experiment.name}, whose counts cannot be "
            f"divided: take an edge, such as {near}"
        )
    if first == axis.bins:
        raise InputError(f"threshold = {start:g} {axis.unit} leaves no bin of {experiment.name}: take a lower one")
    if first == 0:
        return experiment
    kept = Axis(axis.name, edges[first:], axis.unit)
    shape = (axis.bins, -1)

    def cut(counts: Any) -> Array:
        return np.array(counts).reshape(shape)[first:].ravel()

    response: Any = _cut_response(experiment.response, kept, others, cut)
    changes: dict[str, Any] = {
        "response": response,
        "observed": cut(experiment.observed),
        "uncertainty": None if experiment.uncertainty is None else cut(experiment.uncertainty),
        "backgrounds": [Background(b.name, cut(b.counts), b.sigma) for b in experiment.backgrounds],
        "shapes": [_cut_shape(s, lambda r: _cut_response(r, kept, others, cut), cut) for s in experiment.shapes],
        "expected": experiment.expected,
        "changes": with_changes(
            experiment.changes, ("threshold", f"threshold = {start:.6g}{f' {axis.unit}' if axis.unit else ''}")
        ),
    }
    if experiment.distribution is not None:
        shares = experiment.distribution.shares[first:]
        changes["distribution"] = dataclasses.replace(experiment.distribution, shares=shares)
    return dataclasses.replace(experiment, **changes)


def _cut_response(response: Any, axis: Axis, others: Any, cut: Any) -> Any:
    if not hasattr(response, "templates"):
        return dataclasses.replace(response, edges=axis)
    binning = Binning((axis, *(others if len(response.binning.axes) > 1 else ())))
    return dataclasses.replace(response, templates=[cut(row) for row in response.templates], bins_of=binning)


def _cut_shape(shape: Any, cut_response: Any, cut: Any) -> Any:
    if isinstance(shape, Deformation):
        down = None if shape.down is None else cut(shape.down)
        return dataclasses.replace(shape, up=cut(shape.up), down=down)
    if getattr(shape, "part", "none") is None:
        return dataclasses.replace(shape, up=cut_response(shape.up), down=cut_response(shape.down))
    return shape
