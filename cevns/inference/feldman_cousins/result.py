"""A region by toys at every point, beside that of Wilks' theorem."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cevns import checks
from cevns.arrays import below
from cevns.errors import InputError
from cevns.inference import headers
from cevns.inference.ensembles.result import MODES
from cevns.inference.grids import check_grid, grid_columns, grid_dataset, grid_span
from cevns.inference.headers import HeaderError
from cevns.inference.levels import delta_chi2
from cevns.inference.results import Result
from cevns.tabular import Column, Table, html

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from cevns._types import Array

__all__ = ["FeldmanCousins"]

#: Stands for what is not known in files, which hold finite numbers alone.
_UNKNOWN = -1.0


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class FeldmanCousins(Result):
    """Critical values of delta chi2 at the points of a grid.

    Attributes
    ----------
    cl : float
        Confidence level.
    x : ndarray, shape (m,)
        Values of the first parameter.
    y : ndarray, shape (n,)
        Those of the second one; 0 alone where there is none.
    delta_chi2 : ndarray, shape (m, n)
        Of the observed data: chi2 above the least one.
    critical, error : ndarray, shape (m, n)
        The value below which delta chi2 of a share `cl` of the toys lies, and its statistical error. NaN where so much
        more is observed than Wilks' theorem allows that no toys were needed: such points are excluded.
    p_value, p_error : ndarray, shape (m, n)
        Share of the toys with at least the observed delta chi2, and its statistical error.
    chi2_min : float
        The least chi2 of the observed data.
    best_fit : dict
        Where it is.
    toys : int
        How many were drawn.
    nuisances : str
        How theirs were handled: ``"fixed"`` or ``"fluctuated"``.
    seed : int
        Of all of them.
    reached : float
        Largest error of a critical value near the boundary, relative to it; NaN where there is no boundary.
    model, label, experiments, labels, parameters, fixed, remarks
        As of every `Result`.
    """

    cl: float
    x: Array
    y: Array
    delta_chi2: Array
    critical: Array
    error: Array
    p_value: Array
    p_error: Array
    chi2_min: float
    best_fit: dict[str, float]
    toys: int
    nuisances: str
    seed: int
    reached: float

    kind: ClassVar[str] = "feldmancousins"
    suffix: ClassVar[str] = ".npz"
    made_by: ClassVar[str] = "FeldmanCousins.save or `cevns feldman-cousins -o`"
    #: Arrays of its files, and their dimensions.
    arrays: ClassVar[dict[str, int]] = {
        "x": 1,
        "y": 1,
        **dict.fromkeys(["delta_chi2", "critical", "error", "p_value", "p_error"], 2),
    }

    @property
    def excess(self) -> Array:
        """delta chi2 of the data relative to the critical value, shape (m, n): above 1 outside of the region.

        Where no toys were needed the critical value is taken to be the largest of all.
        """
        largest = float(np.nanmax(self.critical)) if np.isfinite(self.critical).any() else self.wilks
        found: Array = self.delta_chi2 / np.where(np.isfinite(self.critical), self.critical, largest)
        return found

    @property
    def excluded(self) -> np.ndarray:
        """Whether each point lies outside of the region, shape (m, n)."""
        found: np.ndarray = ~(self.delta_chi2 <= self.critical)
        return found

    @property
    def wilks(self) -> float:
        """The critical value of Wilks' theorem."""
        return delta_chi2(self.cl, len(self.parameters))

    @property
    def allowed(self) -> Array:
        """Intervals of the one parameter that are allowed, shape (k, 2), ends interpolated between values.

        Raises
        ------
        InputError
            If there are two parameters.
        """
        if len(self.parameters) > 1:
            raise InputError("intervals are of one parameter, and this region has two: plot it, or ask excluded")
        above = self.excess[:, 0] - 1.0
        inside = above <= 0
        ends = [] if not inside[0] else [self.x[0]]
        for i in np.flatnonzero(inside[1:] != inside[:-1]):
            share = above[i] / (above[i] - above[i + 1])
            ends.append(self.x[i] + share * (self.x[i + 1] - self.x[i]))
        if inside[-1]:
            ends.append(self.x[-1])
        return np.array(ends, dtype=float).reshape(-1, 2)

    def table(self) -> Table:
        """Return a row for each point."""
        columns = grid_columns(self.parameters, self.x, self.y)
        columns.append(Column("delta_chi2", "", self.delta_chi2.ravel()))
        for name in ("critical", "error", "p_value", "p_error"):
            values = getattr(self, name).ravel().tolist()
            columns.append(Column(name, "", [None if math.isnan(value) else value for value in values]))
        columns.append(Column("excluded", "", self.excluded.ravel()))
        return Table(tuple(columns), keys=len(self.parameters))

    def to_xarray(self) -> Any:
        """Return the arrays over the grid as an xarray Dataset with the parameters as coordinates.

        Raises
        ------
        MissingDependencyError
            If xarray is not installed.
        """
        return grid_dataset(self)

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the region, and that of Wilks' theorem; see `cevns.plotting.plot_feldman_cousins`."""
        from cevns.inference.feldman_cousins.drawing import plot_feldman_cousins

        return plot_feldman_cousins(self, ax=ax, **options)

    def _facts(self) -> str:
        values = grid_span(self.parameters, self.x, self.y)
        known = "" if math.isnan(self.reached) else f", known to {self.reached:.1%} at the boundary"
        return f"{below(self.cl, 1)} C.L., {values}, {self.toys} toys{known}"

    def _repr_html_(self) -> str:
        rows = [
            ("toys", self.toys),
            ("nuisances", self.nuisances),
            ("critical value of Wilks' theorem", self.wilks),
            ("least critical value", float(np.nanmin(self.critical)) if np.isfinite(self.critical).any() else None),
            ("largest critical value", float(np.nanmax(self.critical)) if np.isfinite(self.critical).any() else None),
            ("excluded points", f"{int(self.excluded.sum())} of {self.excluded.size}"),
        ]
        return html(("", ""), rows, self._caption())

    # --- files -------------------------------------------------------------------------------------------------------

    def _content(self) -> tuple[dict[str, Any], Any]:
        about = {name: getattr(self, name) for name in ("cl", "chi2_min", "best_fit", "toys", "nuisances", "seed")}
        about["reached"] = None if math.isnan(self.reached) else self.reached
        arrays = {name: np.asarray(getattr(self, name), dtype=float) for name in self.arrays}
        return about, {name: np.where(np.isnan(values), _UNKNOWN, values) for name, values in arrays.items()}

    @classmethod
    def _restored(cls, about: Mapping[str, Any], body: Any) -> Self:
        fields = headers.fields(about, None, any_names=True)
        parameters = fields["parameters"]
        check_grid(parameters, body)
        headers.check_chi2("delta_chi2", body["delta_chi2"])
        for name in ("critical", "error", "p_value", "p_error"):
            values = body[name]
            if (values[values != _UNKNOWN] < 0).any() or (name == "p_value" and values.max() > 1.5):
                raise HeaderError(f"its {name} lies outside of what it can be")
            body[name] = np.where(values == _UNKNOWN, np.nan, values)
        reached = headers.entry(about, "reached", (int, float, type(None)), "number or null")
        nuisances = headers.entry(about, "nuisances", str, "text")
        if nuisances not in MODES:
            raise HeaderError(f"its nuisances are {checks.shown(nuisances)}, not one of {', '.join(MODES)}")
        return cls(
            cl=checks.confidence_level(headers.number(about, "cl")),
            chi2_min=headers.number(about, "chi2_min"),
            best_fit=headers.numbers(about, "best_fit", [p.name for p in parameters]),
            toys=checks.whole("toys", headers.entry(about, "toys", int, "whole number"), low=1),
            nuisances=nuisances,
            seed=checks.whole("seed", headers.entry(about, "seed", int, "whole number"), low=0),
            reached=math.nan if reached is None else checks.real("reached", reached, low=0),
            **body,
            **fields,
        )
