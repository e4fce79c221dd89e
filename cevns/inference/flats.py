"""Directions in which chi2 does not change at a minimum: descents begin aside, and stay there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cevns.inference.descent import descend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array
    from cevns.inference.minima import Minimum
    from cevns.inference.objectives import Objective

__all__ = ["flat_directions", "look_at_flat"]

#: How far along a direction a descent begins that comes back unless the direction is flat, and what chi2 may differ,
#: relative to 1 + chi2 of the data.
ASIDE, NOTHING = 0.2, 1e-8


def look_at_flat(objective: Objective, minima: Sequence[Minimum], same: float) -> None:
    """Look for flat directions at those of ascending minima that are as deep as a neighbour: at all of them at once.

    Parameters
    ----------
    objective : Objective
        chi2, which remembers what is found.
    minima : sequence of Minimum
        The least first.
    same : float
        Difference in chi2 below which two are as deep, relative to 1 + chi2.
    """
    if objective.step is not None or len(minima) < 2:
        return
    chi2 = np.array([m.chi2 for m in minima])
    alike = np.diff(chi2) <= same * (1 + np.abs(chi2[:-1]))
    alike = np.concatenate([alike, [False]]) | np.concatenate([[False], alike])
    unknown = [m for m, equal in zip(minima, alike, strict=True) if equal and m not in objective.flat]
    objective.flat.update(zip(unknown, _flat_directions(objective, unknown), strict=True))


def flat_directions(objective: Objective, minimum: Minimum) -> list[Array]:
    """Return unit vectors along which chi2 does not change at a minimum, maybe on a curve, in units of the axes."""
    # a minimum is compared with many others, and each look costs some descents
    if minimum not in objective.flat:
        if objective.step is not None:
            objective.flat[minimum] = _flat_where_folded(objective, minimum)
        else:
            (objective.flat[minimum],) = _flat_directions(objective, [minimum])
    return objective.flat[minimum]


def _flat_directions(objective: Objective, minima: Sequence[Minimum]) -> list[list[Array]]:
    n, count = len(objective.names), len(minima)
    if not count:
        return []
    basis, least = np.array([m.basis for m in minima]), np.array([m.chi2 for m in minima])[:, None]
    start = np.array([m.point for m in minima])[:, None, :]
    turned = ASIDE * basis.swapaxes(1, 2)
    # what the range cuts off is no step
    ends = (start + np.concatenate([turned, -turned], axis=1)).clip(objective.low, objective.high)
    nothing = NOTHING * (1 + objective.of_data(start[:, 0]))[:, None]
    back, chi2, _ = descend(
        objective,
        ends.reshape(-1, n),
        range(n),
        np.repeat(basis, 2 * n, axis=0),
        # there it is back in the valley, and may be aside
        goal=np.repeat(least + nothing, 2 * n),
    )
    way = (back.reshape(count, 2 * n, n) - start).swapaxes(1, 2)
    left = np.abs(np.linalg.solve(basis, way)).max(axis=1)
    stays = (np.abs(chi2.reshape(count, 2 * n) - least) <= nothing) & (left >= 0.5 * ASIDE)
    moved = (ends != start).any(axis=2)
    found = []
    for one in range(count):
        flat = []
        for k in range(n):
            # at the end of a range there is one side alone
            sides = [s for s in (k, k + n) if moved[one, s]]
            if sides and stays[one, sides].all():
                direction = basis[one, :, k]
                flat.append(direction / math.sqrt(float(direction @ direction)))
        found.append(flat)
    return found


def _flat_where_folded(objective: Objective, minimum: Minimum) -> list[Array]:
    """Return the same where one parameter is a mass that needs a fold for every value: that one, or others at it."""
    n, step = len(objective.names), objective.step
    rest = [i for i in range(n) if i != step]
    found = []
    steps = ASIDE * np.array([minimum.basis[:, step], -minimum.basis[:, step]])
    ends = (minimum.point + steps).clip(objective.low, objective.high)
    ends = ends[(ends[:, step] != minimum.point[step])]
    nothing = NOTHING * (1 + objective.of_data(minimum.point[None])[0])
    chi2 = descend(objective, ends, rest)[1]
    if (np.abs(chi2 - minimum.chi2) <= nothing).all():
        found.append(np.eye(n)[step])
    if rest:
        inner = minimum.basis[np.ix_(rest, rest)]
        steps = ASIDE * np.concatenate([inner.T, -inner.T])
        ends = np.tile(minimum.point, (2 * len(rest), 1))
        ends[:, rest] = (ends[:, rest] + steps).clip(objective.low[rest], objective.high[rest])
        back, chi2, _ = descend(objective, ends, rest, np.repeat(inner[None], len(ends), axis=0))
        left = np.abs(np.linalg.solve(inner, (back - minimum.point)[:, rest].T)).max(axis=0)
        stays = (np.abs(chi2 - minimum.chi2) <= nothing) & (left >= 0.5 * ASIDE)
        for k in range(len(rest)):
            sides = [s for s in (k, k + len(rest)) if (ends[s] != minimum.point).any()]
            if sides and stays[sides].all():
                direction = np.zeros(n)
                direction[rest] = inner[:, k]
                found.append(direction / math.sqrt(float(direction @ direction)))
    return found
