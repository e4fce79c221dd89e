"""What is counted from a minimum begins again where it meets a lower one."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from cevns.inference.descent import descend
from cevns.inference.minima import SAME, distinct, on_axes
from cevns.inference.stepped import profile_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cevns._types import Array
    from cevns.inference.minima import Minimum
    from cevns.inference.objectives import Objective
    from cevns.inference.profiled import Profiled

__all__ = ["Met", "until_lowest"]

T = TypeVar("T")
#: How often what is counted from a minimum begins again.
AGAIN = 4


class Met:
    """The profiles that a computation makes, and the lowest chi2 that any of them meets.

    Parameters
    ----------
    objective : Objective
        On the axes on which minima were looked for.
    minima : sequence of Minimum
        On the same, the least first.
    """

    def __init__(self, objective: Objective, minima: Sequence[Minimum]) -> None:
        self.objective, self.minima = objective, tuple(minima)
        self._profiles: list[Profiled] = []

    def profile_of(
        self,
        names: Sequence[str],
        highest: float = np.inf,
        *,
        plain: Sequence[str] | None = None,
        box: tuple[Array, Array] | None = None,
    ) -> Profiled:
        """Return chi2 of some parameters, others profiled, with plain axes of these unless others are named.

        In a box of all parameters it is as fast as can be.
        """
        axes = self.objective.on_axes(names if plain is None else plain)
        axes = axes if box is None else axes.focused(*box)
        made = profile_of(axes, names, on_axes(self.minima, self.objective, axes), highest)
        self._profiles.append(made)
        return made

    def lower(self) -> Array | None:
        """Return the lowest point that was met if it lies below all minima."""
        objective, best = self.objective, self.minima[0].chi2
        found = None
        for made in self._profiles:
            chi2, point = made.lowest
            if point is None or chi2 >= best - SAME * (1 + abs(best)):
                continue
            at = objective.to_points(made.objective.to_values(point[None])).clip(objective.low, objective.high)
            # many at once may have been lower by rounding
            chi2 = float(objective.chi2(at)[0])
            if chi2 < best - SAME * (1 + abs(best)):
                best, found = chi2, at
        return found


def until_lowest(
    objective: Objective, minima: Sequence[Minimum], work: Callable[[Met], T]
) -> tuple[T, tuple[Minimum, ...], tuple[str, ...]]:
    """Return what is counted from the least minimum, anew from every lower one that is met on the way.

    No finite search is a proof, but whoever looks at chi2 along a parameter sees more of it than the search did.

    Parameters
    ----------
    objective : Objective
        chi2.
    minima : sequence of Minimum
        The least first.
    work : callable
        Computes something from a `Met`, whose profiles it uses.

    Returns
    -------
    result, minima, remarks
        The last result, the minima from which it counts, and what has to be said if there is still a lower chi2.
    """
    minima = tuple(minima)
    for _ in range(AGAIN):
        met = Met(objective, minima)
        done = work(met)
        point = met.lower()
        if point is None:
            return done, minima, ()
        points, chi2, basis = descend(objective, point, range(len(objective.names)))
        minima = distinct(objective, minima, points, chi2, basis)
    met = Met(objective, minima)
    done = work(met)
    point = met.lower()
    if point is None:
        return done, minima, ()
    values = zip(objective.names, objective.to_values(point)[0].tolist(), strict=True)
    where = ", ".join(f"{name} {value:.6g}" for name, value in values)
    text = f"chi2 is lower than the minimum, {float(objective.chi2(point)[0]):.7g}, at {where}: narrow the bounds to it"
    return done, minima, (text,)
