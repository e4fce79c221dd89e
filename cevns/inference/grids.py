"""Grids of the values of one or two parameters: as users give them, and as results show, draw and read them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import span
from cevns.errors import InputError
from cevns.inference import headers
from cevns.inference.headers import HeaderError
from cevns.parameters import LARGEST_MASS
from cevns.tabular import Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import Array, ArrayLike, Model
    from cevns.likelihoods import Likelihood
    from cevns.parameters import Parameter

__all__ = ["check_grid", "grid_axes", "grid_columns", "grid_corners", "grid_dataset", "grid_span"]


def grid_axes(
    likelihood: Likelihood, interaction: Model, grid: Mapping[str, ArrayLike], most: int
) -> tuple[tuple[str, ...], list[Array]]:
    """Return the parameters of a grid and their values.

    Raises
    ------
    InputError
        If there are not one or two, values do not ascend, or the grid has more points than `most`.
    UnknownNameError
        If a parameter is not known.
    """
    names = tuple(grid) if hasattr(grid, "keys") else ()
    if not 1 <= len(names) <= 2:
        raise InputError(f"grid must be a mapping of one or two parameters to their values, got {checks.shown(grid)}")
    known = {p.name: p for p in likelihood.parameters(interaction)}
    for name in names:
        checks.known("parameter", name, known)
    axes = [checks.ascending(name, known[name].values(grid[name]), unit=known[name].unit, least=2) for name in names]
    count = math.prod(axis.size for axis in axes)
    if count > most:
        raise InputError(f"grid has {count} points, at most {most} are compared with toys: make it coarser")
    return names, axes


def grid_columns(parameters: Sequence[Parameter], x: Array, y: Array) -> list[Column]:
    """Return the columns of a table that has a row for each point."""
    first, *others = parameters
    columns = [Column(first.name, first.unit, np.repeat(x, y.size))]
    return columns + [Column(p.name, p.unit, np.tile(y, x.size)) for p in others]


def grid_dataset(result: Any) -> Any:
    """Return the arrays of a result over its grid as an xarray Dataset with the parameters as coordinates.

    Raises
    ------
    MissingDependencyError
        If xarray is not installed.
    """
    from cevns.exchange import result_dataset

    count = len(result.parameters)
    arrays = {name: getattr(result, name) for name, dimensions in result.arrays.items() if dimensions > 1}
    shaped = {name: array if count > 1 else array[:, 0] for name, array in arrays.items()}
    return result_dataset(result, (result.x, result.y)[:count], shaped, cl=result.cl)


def grid_span(parameters: Sequence[Parameter], x: Array, y: Array) -> str:
    """Return from where to where a grid goes, in words."""
    return " x ".join(span(p.name, values, p.unit) for p, values in zip(parameters, (x, y), strict=False))


def grid_corners(parameters: Sequence[Parameter], x: Array, y: Array) -> Array:
    """Return the corners of a grid of two parameters, shape (2, 2), which logarithmic axes begin above 0."""
    axes = list(zip(parameters, (x, y), strict=True))
    first = [v[v > 0][0] if p.scale == "log" and (v > 0).any() else v[0] for p, v in axes]
    return np.array([first, [x[-1], y[-1]]])


def check_grid(parameters: Sequence[Parameter], arrays: Mapping[str, Array]) -> None:
    """Refuse arrays of a file, x and y among them, that are not those of a grid.

    Raises
    ------
    HeaderError
        If there are more than two parameters, their values do not ascend or are out of range, or an array of two
        dimensions has not one number for each point.
    """
    if len(parameters) > 2:
        raise HeaderError(f"it has {len(parameters)} parameters, a region has two at most")
    x, y = arrays["x"], arrays["y"]
    if any(values.shape != (x.size, y.size) for values in arrays.values() if values.ndim == 2):
        raise HeaderError("it does not hold one value for each point of the grid")
    if len(parameters) == 1 and y.size != 1:
        raise HeaderError("it has one parameter, but a grid of two")
    for p, values in zip(parameters, (x, y), strict=False):
        if not (np.diff(values) > 0).all():
            raise HeaderError(f"{p.name} does not ascend")
        headers.check_range(p, values, LARGEST_MASS)
