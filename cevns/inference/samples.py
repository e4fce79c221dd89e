"""chi2 along one parameter for its picture: so many samples of it that lines between them are the curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.inference.crossings import Course

if TYPE_CHECKING:
    from cevns._types import Array
    from cevns.inference.profiled import Profiled

__all__ = ["samples"]

#: Samples that are spread evenly, and the most that there are.
EVENLY, MOST = 61, 600
#: Rounds in which samples are added where the curve bends, and by how much it does, as a share of the height.
ROUNDS, BEND = 4, 0.01
#: Bisections that find where the curve leaves the picture.
BISECTIONS = 6
#: Change of chi2 that counts as none, as a share of the height, and how much of such a plateau is shown, in units of
#: the part of the range in which chi2 changes.
FLAT, PLATEAU = 0.01, 2.0
#: Nearest samples, as a share of the range that is shown.
NEAREST = 1e-6


def samples(profiled: Profiled, found: Course, least: float, top: float, *, logarithmic: bool) -> tuple[Course, bool]:
    """Return chi2 over all of a picture that ends where the curve last rises above a height.

    Parameters
    ----------
    profiled : Profiled
        chi2 of one parameter, exact up to the height.
    found : Course
        What is known of it, not everywhere exactly.
    least, top : float
        Absolute chi2 of the picture's lower and upper end.
    logarithmic : bool
        Whether the parameter may be drawn on a logarithmic axis, other than on its own.

    Returns
    -------
    samples : Course
    joined : bool
        Whether lines between them are the curve. They are not where each value of a parameter that is profiled costs
        a fold of its own: there are no more samples than the search had.
    """
    (index,), objective = profiled.fixed, profiled.objective
    known = np.isfinite(found.places) & (np.abs(objective.value(index, found.places)) < np.inf)
    found = Course(found.places[known], found.chi2[known], found.points[known])
    if objective.step is not None:
        shown = np.flatnonzero(found.chi2 <= top)
        within = slice(shown[0], shown[-1] + 1)
        # between masses that were folded chi2 has been found to be straight
        return Course(found.places[within], found.chi2[within], found.points[within]), index == objective.step
    left, right = (_end(profiled, found, top, FLAT * (top - least), side) for side in (0, -1))
    inside = (found.places >= left) & (found.places <= right)
    places = [found.places[inside], np.linspace(left, right, EVENLY)]
    if logarithmic and left > 0:
        places.append(np.geomspace(left, right, EVENLY)[1:-1])
    every = np.unique(np.concatenate(places))
    drawn = Course(every, *profiled.branches(every[:, None]))
    # the minima among them
    drawn = drawn.joined(found.places[inside], found.chi2[inside], found.points[inside])
    for _ in range(ROUNDS):
        more = _between(drawn, top + 0.25 * (top - least), BEND * (top - least))
        if not more.size or len(drawn.places) + len(more) > MOST:
            break
        after = np.searchsorted(drawn.places, more)
        starts = np.stack([drawn.points[after - 1], drawn.points[after]], axis=1)
        drawn = drawn.joined(more, *profiled(more[:, None], starts))
    return drawn, True


def _end(profiled: Profiled, found: Course, top: float, flat: float, side: int) -> float:
    """Return where a picture ends at one side, 0 for the lower and -1 for the upper one."""
    shown = np.flatnonzero(found.chi2 <= top)
    last, step = int(shown[side]), -1 if side == 0 else 1
    if last not in (0, len(found.places) - 1):
        inner, outer = found.places[last], found.places[last + step]
        for _ in range(BISECTIONS):
            middle = 0.5 * (inner + outer)
            if profiled(np.array([[middle]]))[0][0] <= top:
                inner = middle
            else:
                outer = middle
        return float(outer)
    end = float(found.places[side])
    changing = np.flatnonzero(np.abs(found.chi2 - found.chi2[side]) > flat)
    if not changing.size:
        return end
    # a range that goes on for decades, only to keep numbers finite, would leave no room for what changes
    width = np.ptp(found.places[[changing[0], changing[-1]]]) + abs(
        found.places[changing[side]] - found.places[changing[side] + step]
    )
    reach = float(found.places[changing[side]] + step * PLATEAU * width)
    return max(end, reach) if side == 0 else min(end, reach)


def _between(drawn: Course, highest: float, bend: float) -> Array:
    """Return places between samples at which the curve bends."""
    x, y = drawn.places, np.minimum(drawn.chi2, highest)
    share = (x[1:-1] - x[:-2]) / (x[2:] - x[:-2])
    bent = np.flatnonzero(np.abs(y[:-2] + share * (y[2:] - y[:-2]) - y[1:-1]) > bend)
    gaps = np.unique(np.concatenate([bent, bent + 1]))
    gaps = gaps[np.diff(x)[gaps] > NEAREST * (x[-1] - x[0])]
    found: Array = 0.5 * (x[gaps] + x[gaps + 1])
    return found
