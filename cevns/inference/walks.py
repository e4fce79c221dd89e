"""Ways along valleys: where chi2, all else minimised, is least again on a valley that is far longer than wide.

Contact interactions of two quarks shift each nucleus's amplitude by nearly the same sum, so that chi2 hardly knows the
difference. Such a valley is thousands of times as long as wide, and where the sign of one nucleus's amplitude changes
it has a minimum of its own. With a radius or a phase free it bends, and no straight line stays in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.inference.descent import descend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array
    from cevns.inference.minima import Minimum
    from cevns.inference.objectives import Objective

__all__ = ["along_valleys"]

#: How much farther a parameter goes with the others minimised than alone, in a valley that is worth a walk.
LONG = 4.0
#: Distances from a minimum, in units of how far chi2 takes to rise by about 1/2 along the valley.
PLACES = 0.5 * 1.25 ** np.arange(24)
#: Steps of the descents to the bottom, which need not be exact.
STEPS = 12


def _long_axes(minimum: Minimum) -> dict[int, int]:
    """Return the axes that are followed along the long valleys through a minimum, and directions of these."""
    basis = minimum.basis
    alone = 1 / np.sqrt((np.linalg.inv(basis) ** 2).sum(axis=0))
    longer = np.abs(basis) / alone[:, None]
    found: dict[int, int] = {}
    for k in np.argsort(-longer.max(axis=0)):
        axis = int(longer[:, k].argmax())
        if longer[axis, k] > LONG:
            found.setdefault(axis, int(k))
    return found


def along_valleys(objective: Objective, minima: Sequence[Minimum]) -> Array:
    """Return points at the bottoms of valleys through minima where chi2 is least again, shape (m, n)."""
    n, found = len(objective.names), []
    walks: dict[int, list[tuple[Minimum, Array]]] = {}
    for minimum in minima:
        for axis, k in _long_axes(minimum).items():
            if axis in objective.even:
                # the valley is an ellipse of squares, along which rates do not change
                continue
            walks.setdefault(axis, []).append((minimum, minimum.basis[:, k]))
    for axis, some in walks.items():
        rows, bases, owner = [], [], []
        for w, (minimum, direction) in enumerate(some):
            offsets = np.concatenate([-PLACES[::-1], [0.0], PLACES])
            way = minimum.point + offsets[:, None] * direction
            way = way[(way[:, axis] >= objective.low[axis]) & (way[:, axis] <= objective.high[axis])]
            rows.append(way.clip(objective.low, objective.high))
            bases.append(np.repeat(_across(minimum, axis)[None], len(way), axis=0))
            owner += [w] * len(way)
        rest = [i for i in range(n) if i != axis]
        bottoms, chi2, _ = descend(objective, np.concatenate(rows), rest, np.concatenate(bases), steps=STEPS)
        for w, (minimum, _) in enumerate(some):
            own = np.flatnonzero(np.array(owner) == w)
            values = np.pad(chi2[own], 1, constant_values=np.inf)
            least = (values[1:-1] <= values[:-2]) & (values[1:-1] < values[2:])
            found += [bottoms[i] for i in own[least] if (bottoms[i] != minimum.point).any()]
    return np.array(found).reshape(-1, n)


def _across(minimum: Minimum, axis: int) -> Array:
    """Return directions at a minimum with one axis kept, along which chi2 changes by about 1, shape (n - 1, n - 1)."""
    inverse = np.linalg.inv(minimum.basis)
    curvature = np.delete(np.delete(inverse.T @ inverse, axis, axis=0), axis, axis=1)
    bend, vectors = np.linalg.eigh(curvature)
    found: Array = vectors / np.sqrt(np.maximum(bend, 1e-12 * bend.max()))
    return found
