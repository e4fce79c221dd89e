"""Places along a line between which chi2 hides no valley.

Along a coupling counts are quadratic, so that every bin's count turns around once, and is what it was at as much
on either side. chi2 changes where counts do: on ladders that climb from where they turn around, in units of what
doubles them, to where nothing else is left. However far the other parameters have gone, ladders go with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.kernels.functions import Predictor

if TYPE_CHECKING:
    from cevns._types import Array
    from cevns.inference.objectives import Objective

__all__ = ["Ladder", "ladder"]

#: Rungs on each side, in units in which counts double: evenly where they may be those observed, and far out.
RUNGS = np.concatenate([np.arange(0.1, 2.5, 0.1), np.geomspace(2.5, 1e3, 14), 10.0 ** np.arange(4.0, 13.0)])
#: Rungs from where couplings vanish, down to what hardly shows.
LOW = np.geomspace(1e-4, 0.1, 7)[:-1]
#: Shares of bins that turn around below a place, at each of which a rung is.
SHARES = np.array([0.0, 0.25, 0.75, 1.0])
#: Counts, as a share of those of all bins, that are none.
NOTHING = 1e-12
#: Standard deviations of a prior from its mean at which there are rungs.
SIGMAS = np.array([-8.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 8.0])


class Ladder:
    """Places along an axis on which counts of all experiments are quadratic, or are in a power of the parameter.

    Parameters
    ----------
    objective : Objective
        chi2.
    axis : int
        Column of the parameter.
    counts : list of (callable, list of int)
        Coefficients of counts of each experiment, and the columns of the parameters that they are a function of.
    power : int
        Of the parameter, in which counts are quadratic.
    even : bool
        Whether one side of where its amplitude vanishes is like the other, and need not be looked at.
    """

    def __init__(
        self, objective: Objective, axis: int, counts: list[tuple[Any, list[int]]], power: int, *, even: bool
    ) -> None:
        self._objective, self._axis, self._counts, self._power = objective, axis, counts, power
        parameter = objective.parameters[axis]
        self._origin, self._high = parameter.origin, parameter.high
        self._low = parameter.origin if even else parameter.low
        values = objective.to_values(objective.origin)[None]
        # counts without the coupling, beside which others are large or small
        self._usual = [np.abs(self._coefficients(k, values)[0, 0]).sum() for k in range(len(counts))]
        mean, sigma = parameter.prior or (self._origin, 0.0)
        self._known = np.concatenate([[self._low, self._high, self._origin], mean + sigma * SIGMAS])

    def _coefficients(self, k: int, values: Array) -> Array:
        predictor, columns = self._counts[k]
        found: Array = predictor.coefficients(np.ascontiguousarray(values[:, columns]))
        return found

    def adds_up(self, other: int) -> bool:
        """Return whether counts know products of the parameter and another one, since an amplitude is their sum."""
        values = np.tile(self._objective.to_values(self._objective.origin), (2, 1))
        parameter = self._objective.parameters[other]
        # anywhere but where the other one vanishes
        values[1, other] = min(parameter.origin + 1.0, 0.5 * (parameter.origin + parameter.high))
        found = (self._coefficients(k, values)[:, 1] for k in range(len(self._counts)))
        return any(np.abs(here - there).max() > NOTHING * np.abs(there).max() for here, there in found)

    @property
    def bent(self) -> bool:
        """Whether amplitudes go with a power of the parameter that no straight line follows."""
        return self._power > 1

    def carried(self, points: Array, to: Array) -> Array:
        """Return points with the place along the axis at which all counts together are those of other points.

        Parameters
        ----------
        points : ndarray, shape (m, n)
            Where counts are known.
        to : ndarray, shape (m, n)
            Where they change with all other parameters.
        """
        axis, rows = self._axis, self._objective.to_values(np.concatenate([points, to]))
        quadratic = sum(self._coefficients(k, rows).sum(axis=2) / max(u, 1e-300) for k, u in enumerate(self._usual))
        (a, b, c), m = np.transpose(quadratic), len(points)
        y = np.abs(rows[:m, axis] - self._origin) ** self._power
        with np.errstate(divide="ignore", invalid="ignore"):
            turn = -0.5 * b / c
            # from where they turn around as much more as there, if they can be as few
            side = y - turn[:m]
            more = c[:m] * side**2 + (a - c * turn**2)[:m] - (a - c * turn**2)[m:]
            found = turn[m:] + np.copysign(np.sqrt(np.maximum(more, 0.0) / c[m:]), side)
        found = np.where(np.isfinite(found), found, y).clip(0.0)
        rows[m:, axis] = (self._origin + found ** (1 / self._power)).clip(self._low, self._high)
        out = to.copy()
        places = self._objective.to_points(rows[m:])[:, axis]
        out[:, axis] = places.clip(self._objective.low[axis], self._objective.high[axis])
        return out

    def cancelled(self, points: Array) -> Array:
        """Return how many times as large as counts that is whose difference they are, shape (m,)."""
        values = self._objective.to_values(points)
        y = (values[:, self._axis, None] - self._origin) ** self._power
        ratios = []
        for k in range(len(self._counts)):
            a, b, c = np.moveaxis(self._coefficients(k, values), 1, 0)
            left, sums = a + y * (b + y * c), np.abs(a) + np.abs(y * b) + np.abs(y**2 * c)
            ratios.append(sums.sum(axis=1) / np.maximum(np.abs(left.sum(axis=1)), 1e-300))
        found: Array = np.max(ratios, axis=0)
        return found

    def rows(self, points: Array) -> Array:
        """Return points moved to ascending places along the axis, shape (m, places, n)."""
        objective, axis = self._objective, self._axis
        values = objective.to_values(points)
        y = np.concatenate([self._rungs(k, values) for k in range(len(self._counts))], axis=1)
        if self._power % 2:
            along = self._origin + np.copysign(np.abs(y) ** (1 / self._power), y)
        else:
            root = np.abs(y) ** (1 / self._power)
            along = self._origin + (np.concatenate([-root, root], axis=1) if self._low < self._origin else root)
        along = np.concatenate([along, np.tile(self._known, (len(y), 1))], axis=1).clip(self._low, self._high)
        along.sort(axis=1)
        out = np.repeat(values[:, None], along.shape[1], axis=1)
        out[:, :, axis] = along
        places = objective.to_points(out)[:, :, axis]
        out[:] = points[:, None]
        out[:, :, axis] = places.clip(objective.low[axis], objective.high[axis])
        return out

    def _rungs(self, k: int, values: Array) -> Array:
        """Return values of the power of the parameter at which counts of one experiment change, shape (m, rungs)."""
        a, b, c = np.moveaxis(self._coefficients(k, values), 1, 0)
        usual = self._usual[k]
        size, slope = c.sum(axis=1), np.abs(b).sum(axis=1)
        bent = size > NOTHING * usual * (slope / np.maximum(usual, 1e-300)) ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            turns = np.where(c > NOTHING * size[:, None], -0.5 * b / c, np.nan)
            middle = np.where(bent, -0.5 * b.sum(axis=1) / size, 0.0)
            least = np.maximum((a + middle[:, None] * (b + middle[:, None] * c)).sum(axis=1), 0.0)
            unit = np.where(bent, np.sqrt((usual + least) / size), (usual + np.abs(a).sum(axis=1)) / slope)
        # what no count knows is as good anywhere
        unit = np.where(np.isfinite(unit) & (unit > 0), unit, 1.0)
        turns = np.where(np.isfinite(turns), turns, middle[:, None])
        ends = np.sort(turns, axis=1)[:, (SHARES * (turns.shape[1] - 1)).round().astype(int)]
        rungs = np.concatenate([-RUNGS[::-1], [0.0], RUNGS])
        low = np.concatenate([-LOW, LOW])
        found: Array = np.concatenate([middle[:, None] + unit[:, None] * rungs, unit[:, None] * low, ends], axis=1)
        return found


def ladder(objective: Objective, axis: int, *, even: bool) -> Ladder | None:
    """Return the ladder along an axis; None if counts are not quadratic along it."""
    name = objective.names[axis]
    if objective.logarithmic[axis] or name not in objective.own:
        return None
    counts, power = [], 1
    for experiment in objective.experiments:
        known = [p.name for p in experiment.parameters(objective.interaction)]
        others = [other for other in objective.names if other in known and other != name]
        fixed = {other: value for other, value in objective.others.items() if other in known}
        predictor = experiment.predictor(objective.interaction, free=(*others, name), **fixed)
        columns = [objective.names.index(other) for other in (*others, name)]
        # a mass that every value of folds anew is free, or counts are not quadratic
        if not isinstance(predictor, Predictor) or predictor.counts.line != len(others):
            return None
        power = predictor.counts.line_power
        counts.append((predictor, columns))
    return Ladder(objective, axis, counts, power, even=even)
