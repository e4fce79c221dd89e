"""chi2 in the plane of two parameters, others profiled, on axes on which regions have a size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.inference.roots import COARSER, NARROWEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array
    from cevns.inference.profiled import Profiled

__all__ = ["Plane", "Starts"]


@dataclass(frozen=True)
class Starts:
    """Where searches over the profiled parameters start.

    Attributes
    ----------
    points : ndarray, shape (m, n)
        All parameters.
    bases : ndarray, shape (m, k, k)
        Directions of the profiled ones.
    """

    points: Array
    bases: Array

    def __getitem__(self, which: Any) -> Starts:
        return Starts(self.points[which], self.bases[which])

    @staticmethod
    def joined(parts: Sequence[Starts]) -> Starts:
        """Return several as one."""
        return Starts(np.concatenate([p.points for p in parts]), np.concatenate([p.bases for p in parts]))


class Plane:
    """chi2 of two parameters.

    Parameters
    ----------
    profiled : Profiled
        chi2 of the two, the others profiled.
    units : (float or None, float or None)
        Where an axis is logarithmic: the value below which it is linear, since ranges begin at 0.

    Attributes
    ----------
    low, high : ndarray, shape (2,)
        Places of the ends of the ranges.
    """

    def __init__(self, profiled: Profiled, units: tuple[float | None, float | None]) -> None:
        self.profiled, self.units = profiled, units
        ends: Array = np.stack([profiled.low, profiled.high])
        corners = self.of_axes(ends)
        self.low, self.high = corners[0], corners[1]

    @property
    def narrowest(self) -> float:
        """Width of a bracket, as a share of what it holds, that is as good as a root."""
        return NARROWEST if self.profiled.objective.step is None else COARSER

    def of_axes(self, values: Array) -> Array:
        """Return places in the plane for what stands on the objective's axes, shape (m, 2)."""
        out = np.array(values, dtype=float)
        for i, unit in enumerate(self.units):
            if unit is not None:
                out[:, i] = np.arcsinh(out[:, i] / unit)
        return out

    def to_axes(self, places: Array) -> Array:
        """Return what stands on the objective's axes for places, shape (m, 2)."""
        out = np.array(places, dtype=float)
        for i, unit in enumerate(self.units):
            if unit is not None:
                out[:, i] = unit * np.sinh(out[:, i])
        # an end of the range is that number, which the logarithm may miss
        out = np.where(places <= self.low, self.profiled.low, out.clip(self.profiled.low, self.profiled.high))
        found: Array = np.where(places >= self.high, self.profiled.high, out)
        return found

    def slopes(self, values: Array) -> Array:
        """Return by how much places move with what stands on the axes, at one point of these, shape (2, 2)."""
        pairs = zip(self.units, values.tolist(), strict=True)
        found: Array = np.diag([1.0 if unit is None else (unit**2 + value**2) ** -0.5 for unit, value in pairs])
        return found

    def values(self, places: Array) -> Array:
        """Return values of the two parameters for places, shape (m, 2)."""
        objective, fixed = self.profiled.objective, self.profiled.fixed
        rows = np.tile(objective.low, (len(places), 1))
        rows[:, fixed] = self.to_axes(places)
        found: Array = objective.to_values(rows)[:, fixed]
        return found

    @property
    def straight(self) -> bool:
        """Whether what is straight in the plane is so in the parameters."""
        objective = self.profiled.objective
        fixed = self.profiled.fixed
        bent = any(i in fixed for i, *_ in objective.units) or objective.logarithmic[fixed].any()
        return not bent and all(unit is None for unit in self.units)

    def of_values(self, values: Array) -> Array:
        """Return places for values of the two parameters, shape (m, 2)."""
        objective, fixed = self.profiled.objective, self.profiled.fixed
        rows = np.tile(objective.to_values(objective.low), (len(values), 1))
        rows[:, fixed] = values
        return self.of_axes(objective.to_points(rows)[:, fixed])

    def least(self, places: Array, starts: Starts | None = None) -> tuple[Array, Starts]:
        """Return chi2 at places, shape (m,), and from where neighbours may start.

        Parameters
        ----------
        places : ndarray, shape (m, 2)
        starts : Starts, optional
            One for each place; all branches of the profile unless given.
        """
        axes = self.to_axes(places)
        if starts is None or not self.profiled.moving:
            chi2, points = self.profiled(axes)
            return chi2, Starts(points, self.profiled.bases(len(places)))
        chi2, points, bases = self.profiled.from_starts(axes, starts.points, starts.bases)
        return chi2, Starts(points, bases)
