"""What has to be said beside the numbers of a minimum, in plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.errors import InputError
from cevns.inference.axes import MOMENTUM, TOO_NEAR
from cevns.inference.descent import descend
from cevns.inference.flats import flat_directions
from cevns.tabular import chi2_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array
    from cevns.inference.minima import Minimum
    from cevns.inference.objectives import Objective

__all__ = ["ONE_NAME", "at_ends", "check_effect", "directions", "jumped", "nuisances", "remarks", "shown_values"]

#: What to do where several names are given for one.
ONE_NAME = "give the name of one parameter: profiled= takes others, over which chi2 is minimised, and fit several"
_INEXACT = "the end may be inexact"
_UNKNOWN = (
    "chi2 of some points is not known, since couplings cancel each other in the counts or no minimum over nuisances "
    "was found: they are left out"
)
#: Difference in chi2 below which another minimum is as deep.
AS_DEEP = 0.01
#: Change of chi2 below which an end of a range fits as well.
AS_GOOD = 1e-6
#: How far on both sides of a minimum a direction on the axes is taken for one of the parameters.
NEAR = 1e-4


def shown_values(objective: Objective, point: Array) -> dict[str, float]:
    """Return the values of a point by name, in the order in which the parameters were named."""
    values = objective.inert | dict(zip(objective.names, objective.to_values(point).tolist(), strict=True))
    return {name: values[name] for name in objective.given}


def jumped(objective: Objective, name: str, jumps: Sequence[float]) -> tuple[str, ...]:
    """Return what to say of ends of intervals, on the axis of a parameter, at which chi2 jumps over the level."""
    index = objective.names.index(name)
    for i, mass, power in objective.units:
        if i == index:
            unit = f"({objective.names[mass]}^2 + ({MOMENTUM:g} MeV)^2)^{power:g}"
            return tuple(f"where {name} is {at:g} {unit} chi2 jumps over the level: {_INEXACT}" for at in jumps)
    places = objective.value(index, np.array(jumps))
    return tuple(f"at {name} = {at:g} chi2 jumps over the level: {_INEXACT}" for at in places.tolist())


def check_effect(objective: Objective, *names: str) -> None:
    """Refuse if chi2 does not depend on a parameter.

    Raises
    ------
    InputError
        If there is such a one.
    """
    for name in names:
        if name in objective.inert:
            raise InputError(objective.without_effect(name))


def at_ends(objective: Objective, minimum: Minimum) -> dict[str, str]:
    """Return which parameters stand at an end of their range, or fit as well there, and which end, by name.

    0 is no end for a coupling of which only the square counts.
    """
    found = {}
    for i, name in enumerate(objective.names):
        if i == objective.step and _without_effect(objective, minimum):
            continue
        for side, end in ((-1, objective.low[i]), (1, objective.high[i])):
            if np.isfinite(objective.open_end(name, side)):
                continue
            moved = minimum.point.copy()
            moved[i] = end
            close = minimum.point[i] == end
            # a mass slides along a valley in which chi2 hardly changes
            if not close and objective.logarithmic[i]:
                close = bool(objective.chi2(moved[None])[0] - minimum.chi2 <= AS_GOOD)
            if close:
                found[name] = "lower" if side < 0 else "upper"
    return {name: found[name] for name in objective.given if name in found}


def _without_effect(objective: Objective, minimum: Minimum) -> bool:
    """Return whether a mass that is folded anew is as good at both ends of its range, as without a coupling it is."""
    rows = np.repeat(minimum.point[None], 2, axis=0)
    rows[:, objective.step] = objective.low[objective.step], objective.high[objective.step]
    return bool((objective.chi2(rows) - minimum.chi2 <= AS_GOOD).all())


def directions(objective: Objective, minimum: Minimum) -> tuple[dict[str, float], ...]:
    """Return directions in which chi2 does not change at a minimum, parameters without any effect left out.

    They are unit vectors in the parameters themselves, each in its own unit.
    """
    out = []
    for direction, _ in flat_directions(objective, minimum):
        room = NEAR * np.abs(direction)
        # at the end of a range beside it, or one of both ends would be cut
        middle = minimum.point.clip(objective.low + room, objective.high - room)
        ends = middle + NEAR * np.outer((1, -1), direction)
        above, below = objective.to_values(ends.clip(objective.low, objective.high))
        way = above - below
        way /= np.linalg.norm(way)
        out.append({name: value for name, value in zip(objective.names, way.tolist(), strict=True) if value})
    return tuple(out)


def _along(objective: Objective, minimum: Minimum) -> list[str]:
    """Return what has to be said of these directions."""
    out = []
    for flat, parts in zip(flat_directions(objective, minimum), directions(objective, minimum), strict=True):
        terms = " ".join(f"{value:+.3g} {name}" for name, value in parts.items())
        along = next(iter(parts)) if len(parts) == 1 else terms
        on = "on a curve through the minimum, there " if flat.bent else ""
        out.append(f"chi2 does not change {on}along {along}{'' if flat.bent else ' at the minimum'}")
    return out


def _of_heavy(objective: Objective) -> list[str]:
    """Return what has to be said of a range that goes on where a mass has no effect."""
    out = []
    for name, p in objective.beyond.items():
        i = objective.names.index(name)
        highest = objective.parameters[i].high
        point = objective.base
        point[i] = objective.high[i]
        others = [k for k in range(len(objective.names)) if k != i]
        chi2 = descend(objective, point[None], others)[1][0] if others else objective.chi2(point[None])[0]
        out.append(
            f"above {name} = {highest:.6g} {p.unit} no recoil is observed: chi2 is {chi2_text(float(chi2))} there, "
            f"whatever the couplings that come with it; what lies within {100 * TOO_NEAR:g} % below counts as above"
        )
    return out


def nuisances(objective: Objective, minimum: Minimum) -> tuple[str, ...]:
    """Return what has to be said of nuisances at a minimum: that they end at their range."""
    return tuple(f"at the best fit {text}" for text in objective.nuisances(minimum.point))


def remarks(objective: Objective, minima: Sequence[Minimum]) -> tuple[str, ...]:
    """Return what has to be said of the least minimum.

    Parameters
    ----------
    objective : Objective
        chi2.
    minima : sequence of Minimum
        The least first.
    """
    best, out = minima[0], list(objective.omissions)
    for name in objective.inert:
        of_bounds = " within its bounds" if name in objective.bounds else ""
        out.append(f"chi2 does not depend on {name}{of_bounds}: any value{of_bounds and ' there'} fits as well")
    out += _of_heavy(objective)
    for name, end in at_ends(objective, best).items():
        p = objective.parameter(name)
        if end == "upper" and name in objective.beyond:
            out.append(f"the best fit has {name} where it has no effect: any larger one fits as well")
            continue
        unit = f" {p.unit}" if p.unit else ""
        # below 0 it does not fall
        beyond = "chi2 may fall further beyond" if best.chi2 > AS_GOOD else "chi2 is 0 there, and nothing fits better"
        out.append(f"{name} is at the {end} end of its range, {p.low if end == 'lower' else p.high:g}{unit}: {beyond}")
    out += nuisances(objective, best)
    out += _along(objective, best)
    if objective.kept.get("unknown"):
        out.append(_UNKNOWN)
    for other in minima[1:]:
        if other.chi2 - best.chi2 <= AS_DEEP:
            values = ", ".join(f"{name} {value:.6g}" for name, value in shown_values(objective, other.point).items())
            out.append(f"another minimum is as deep, chi2 higher by {max(other.chi2 - best.chi2, 0.0):.2g}: {values}")
    return tuple(out)
