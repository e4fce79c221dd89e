"""Grids of the values of one or two parameters, as users give them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cevns import checks
from cevns.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cevns._types import Array, ArrayLike, Model
    from cevns.likelihoods import Likelihood

__all__ = ["grid_axes"]


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
