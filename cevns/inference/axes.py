"""Axes on which chi2 is smooth: logarithms of masses, couplings in units of what chi2 knows at each mass."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.parameters import LARGEST_COUPLING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from cevns._types import Array
    from cevns.parameters import Parameter

__all__ = ["LIGHTEST", "MOMENTUM", "TOO_NEAR", "Axes"]

#: The mass [MeV] below which a mediator is as good as without one.
LIGHTEST = 1e-4
#: Usual momentum transfer [MeV], beside which a mediator is light or heavy.
MOMENTUM = 50.0
#: Masses of final leptons that are as near, as a share of the heaviest one that is seen, count as that: of what is left
#: of a spectrum sums lose all but a few digits.
TOO_NEAR = 1e-4
#: Standard deviation of a prior, as a share of its mean, below which it tells a coupling whatever the mass is.
TOLD = 0.1


class Axes:
    """The axes of free parameters; rows of values on them are called points.

    Masses of mediators have a logarithmic axis, their couplings one in units of what chi2 knows at each mass, all other
    parameters their own.

    Attributes
    ----------
    names : tuple of str
        Parameters in the order of the columns.
    parameters : tuple of Parameter
        The same, with their ranges as they are searched.
    logarithmic : ndarray of bool, shape (n,)
        Which axes are.
    low, high : ndarray, shape (n,)
        The ranges on the axes.
    last : ndarray, shape (n,)
        From where on the value is that of the end.
    units : list of (int, int, float)
        Columns of couplings in units of (q^2 + m^2)^power MeV, the column of m, and the power.
    """

    names: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    logarithmic: npt.NDArray[np.bool_]
    low: Array
    high: Array
    last: Array
    units: list[tuple[int, int, float]]

    def set_axes(self, propagators: Mapping[str, tuple[str, int]], plain: Sequence[str], ending: int | None) -> None:
        """Set the ranges and units.

        Parameters
        ----------
        propagators : mapping of str to (str, int)
            The mass and the power of the coupling that amplitudes of a mediator know, by the coupling's name.
        plain : sequence of str
            Couplings that keep their own axis.
        ending : int, optional
            The column of a mass that ends where nothing depends on it any more.
        """
        self.units = []
        for i, name in enumerate(self.names):
            mediator, power = propagators.get(name, ("", 1))
            p = self.parameters[i]
            # the ends of a range would not be those of one in other units
            unlimited = p.high >= LARGEST_COUPLING and (p.low == 0 or p.low <= -LARGEST_COUPLING)
            # nor the valley of a coupling that its prior tells, which would bend
            told = p.prior is not None and p.prior[1] < TOLD * abs(p.prior[0])
            if mediator in self.names and name not in plain and unlimited and not told:
                self.units.append((i, self.names.index(mediator), 1 / power))
        ends = np.array([[p.low, p.high] for p in self.parameters]).T
        self.low, self.high = ends.copy()
        logs = self.logarithmic
        self.low[logs], self.high[logs] = np.log(np.maximum(ends[:, logs], LIGHTEST))
        self.last = self.high.copy()
        if ending is not None:
            self.last[ending] += math.log1p(-TOO_NEAR)
        for i, mass, exponent in self.units:
            largest = self._unit(self.parameters[mass].high, exponent)
            self.low[i], self.high[i] = self.low[i] / largest, self.high[i] / largest

    @staticmethod
    def _unit(mass: Any, power: float) -> Any:
        """Return the unit of a mediator's coupling at a mass."""
        return (MOMENTUM**2 + mass**2) ** power

    def to_points(self, values: Array) -> Array:
        """Return points for values of the parameters, shape (..., n)."""
        values = np.array(values, dtype=float)
        for i, mass, power in self.units:
            values[..., i] /= self._unit(values[..., mass], power)
        logs = self.logarithmic
        values[..., logs] = np.log(np.maximum(values[..., logs], LIGHTEST))
        return values

    def to_values(self, points: Array) -> Array:
        """Return values of the parameters for points, shape (..., n); they are in their ranges."""
        values = np.array(points, dtype=float)
        if self.logarithmic.any():
            values[..., self.logarithmic] = np.exp(values[..., self.logarithmic])
            # an end of the range is that number, which the logarithm may miss
            for i in np.flatnonzero(self.logarithmic).tolist():
                p = self.parameters[i]
                values[..., i] = np.where(points[..., i] <= self.low[i], p.low, values[..., i].clip(p.low, p.high))
                values[..., i] = np.where(points[..., i] >= self.last[i], p.high, values[..., i])
        for i, mass, power in self.units:
            p = self.parameters[i]
            values[..., i] = (values[..., i] * self._unit(values[..., mass], power)).clip(p.low, p.high)
        found: Array = values
        return found

    def to_slopes(self, values: Array, slopes: Array) -> Array:
        """Return slopes along the axes, shape (m, n), for those along the parameters at values of the same shape."""
        found = np.where(self.logarithmic, slopes * values, slopes)
        for i, mass, power in self.units:
            squares = MOMENTUM**2 + values[:, mass] ** 2
            found[:, mass] += slopes[:, i] * values[:, i] * power * 2 * values[:, mass] ** 2 / squares
            found[:, i] = slopes[:, i] * squares**power
        return found

    def axis(self, index: int, values: Any) -> Array:
        """Return values of one parameter on its axis."""
        found: Array = np.asarray(values, dtype=float)
        return np.log(np.maximum(found, LIGHTEST)) if self.logarithmic[index] else found

    def value(self, index: int, points: Any) -> Array:
        """Return values of one parameter for what stands on its axis."""
        rows = np.tile(self.low, (np.size(points), 1))
        rows[:, index] = np.ravel(points)
        found: Array = self.to_values(rows)[:, index].reshape(np.shape(points))
        return found
