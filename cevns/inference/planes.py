"""chi2 in the plane of two parameters, others profiled, on axes on which regions have a size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.inference.roots import COARSER, NARROWEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array
    from cevns.inference.profiled import Profiled

__all__ = ["Plane"]


class Plane:
    """chi2 of two parameters.

    Parameters
    ----------
    profiled : Profiled
        chi2 of the two, the others profiled.
    units : (float or None, float or None)
        Where an axis is logarithmic: the value below which it is linear, since ranges begin at 0.
    turn : ndarray, shape (2, 2), optional
        What makes places of what stands on the axes, where none is logarithmic: axes along and across a valley.

    Attributes
    ----------
    missed : float
        The largest difference of a vertex from its level.
    """

    def __init__(self, profiled: Profiled, units: tuple[float | None, float | None], turn: Array | None = None) -> None:
        self.profiled, self.units, self.turn = profiled, units, turn
        self.missed = 0.0
        if turn is not None:
            # a box on these axes has to lie inside the ranges
            self.low, self.high = np.full(2, -np.inf), np.full(2, np.inf)
            return
        ends: Array = np.stack([profiled.low, profiled.high])
        corners = self.of_axes(ends)
        self.low, self.high = corners[0], corners[1]

    @property
    def narrowest(self) -> float:
        """Width of a bracket, as a share of what it holds, that is as good as a root."""
        return NARROWEST if self.profiled.objective.step is None else COARSER

    def at_cut(self, places: Array) -> Any:
        """Return which places stand where a mass begins to be without effect, and chi2 jumps, shape (m,)."""
        objective = self.profiled.objective
        cut = objective.last[self.profiled.fixed]
        near = np.abs(self.to_axes(places) - cut) <= 1e-6 * (1 + np.abs(cut))
        return (near & (cut < objective.high[self.profiled.fixed])).any(axis=1)

    def of_axes(self, values: Array) -> Array:
        """Return places in the plane for what stands on the objective's axes, shape (m, 2)."""
        out = np.array(values, dtype=float)
        if self.turn is not None:
            turned: Array = out @ self.turn.T
            return turned
        for i, unit in enumerate(self.units):
            if unit is not None:
                out[:, i] = np.arcsinh(out[:, i] / unit)
        return out

    def to_axes(self, places: Array) -> Array:
        """Return what stands on the objective's axes for places, shape (m, 2)."""
        out = np.array(places, dtype=float)
        if self.turn is not None:
            out = np.linalg.solve(self.turn, out.T).T
        for i, unit in enumerate(self.units):
            if unit is not None:
                out[:, i] = unit * np.sinh(out[:, i])
        found: Array = out.clip(self.profiled.low, self.profiled.high)
        return found

    def slopes(self, values: Array) -> Array:
        """Return by how much places move with what stands on the axes, at one point of these, shape (2, 2)."""
        if self.turn is not None:
            return self.turn
        pairs = zip(self.units, values.tolist(), strict=True)
        found: Array = np.diag([1.0 if unit is None else (unit**2 + value**2) ** -0.5 for unit, value in pairs])
        return found

    def values(self, places: Array) -> Array:
        """Return values of the two parameters for places, shape (m, 2)."""
        axes, objective = self.to_axes(places), self.profiled.objective
        return np.column_stack([objective.value(i, axes[:, k]) for k, i in enumerate(self.profiled.fixed)])

    def least(self, places: Array, near: Sequence[Any]) -> tuple[Array, list[Any]]:
        """Return chi2 at places, shape (m,), and states from which neighbours may start.

        Parameters
        ----------
        places : ndarray, shape (m, 2)
        near : sequence of (list of states or None)
            For each place; None starts from all branches of the profile.
        """
        axes = self.to_axes(places)
        chi2, points = np.full(len(places), np.inf), np.empty((len(places), len(self.profiled.objective.names)))
        bases = np.empty((len(places), len(self.profiled.moving), len(self.profiled.moving)))
        thorough = np.array([states is None for states in near])
        if thorough.any() or not self.profiled.moving:
            which = np.flatnonzero(thorough) if self.profiled.moving else np.arange(len(places))
            chi2[which], points[which] = self.profiled(axes[which])
            bases[which] = self.profiled.bases(len(which))
        if self.profiled.moving and not thorough.all():
            owner = np.array([i for i, states in enumerate(near) for _ in states or ()])
            starts = np.array([state[0] for states in near for state in states or ()])
            last = np.array([state[1] for states in near for state in states or ()])
            found, at, there = self.profiled.from_starts(axes[owner], starts, last)
            for k in np.lexsort((found, owner))[::-1]:
                # the least one comes last
                i = owner[k]
                if found[k] <= chi2[i]:
                    chi2[i], points[i], bases[i] = found[k], at[k], there[k]
        return chi2, list(zip(points, bases, strict=True))
