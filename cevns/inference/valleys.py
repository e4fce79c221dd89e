"""The bottom of a valley along one parameter, with few values of a function that may have kinks.

Where every value costs milliseconds, a search has to get along with a handful. Parabolas through three values do at a
smooth bottom, at a kink the straight lines on both sides of it; for a convex function these lines also say how far it
can fall between its values, and so when a search may stop.
"""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

__all__ = ["ACCURACY", "bottom"]

#: What a search may leave of the function, relative to 1 + its size, and most values that it asks for.
ACCURACY, MOST = 1e-11, 60
#: Width of a bracket, relative to 1 + the place, that is as good as none.
NARROWEST = 1e-11
#: How far a parabola through three values may miss another one, as a share of their differences, where it is trusted.
SMOOTH = 0.03
#: Share of a gap in which a value is asked for beside the lowest one.
BESIDE = 0.1


def bottom(
    known: Mapping[float, float], step: float, low: float, high: float
) -> Generator[float, float, tuple[float, float]]:
    """Find a local minimum between two ends: yields places, is sent values there, and returns place and value.

    Parameters
    ----------
    known : mapping of float to float
        Values that are known; the search goes down from the least of them.
    step : float
        First step where no value beside the least one is known.
    low, high : float
        Ends.

    Examples
    --------
    >>> search = bottom({0.0: 1.0}, 0.1, -1.0, 1.0)
    >>> x = next(search)
    >>> try:
    ...     while True:
    ...         x = search.send(abs(x - 0.25) + (x - 0.25) ** 2 + 0.9)
    ... except StopIteration as stop:
    ...     print([round(number, 9) for number in stop.value])
    [0.25, 0.9]
    """
    places = sorted(known)
    values = dict(known)
    predicted: tuple[float, float] | None = None
    smooth = True
    for turn in range(MOST):
        i = min(range(len(places)), key=lambda k: values[places[k]])
        b, least = places[i], values[places[i]]
        allowed = ACCURACY * (1 + abs(least))
        if (i == 0 and b > low) or (i == len(places) - 1 and b < high):
            # downhill, ever faster
            x = max(low, b - step) if i == 0 and b > low else min(high, b + step)
            step, predicted = 2 * step, None
        elif len(places) == 1:
            break
        elif i in (0, len(places) - 1):
            # at an end, unless there is something between it and the next place
            beside = places[1 if i == 0 else -2]
            if abs(beside - b) <= 1e-6 * (high - low) or values[beside] - least <= allowed:
                break
            x, predicted = b + BESIDE * (beside - b), None
        else:
            if predicted is not None and abs(predicted[1] - values[predicted[0]]) <= allowed:
                # the parabola is what the function is
                break
            x, bound = _fallen(places, values, i)
            a, c = places[i - 1], places[i + 1]
            if least - bound <= allowed or c - a <= NARROWEST * (1 + abs(b)):
                break
            vertex = _vertex((a, b, c), (values[a], least, values[c]))
            if turn % 6 == 5:
                x = 0.5 * (b + (a if b - a > c - b else c))
            elif smooth:
                x = vertex
            # a vertex at the lowest place says nothing until a value beside it agrees
            x = _apart(x, a, b, c)
            predicted = x, _parabola_at(x, (a, b, c), (values[a], least, values[c]))
        if x in values:
            break
        value = yield x
        if predicted is not None:
            around = max(values[places[i - 1]], values[places[i + 1]]) - least
            smooth = abs(predicted[1] - value) <= SMOOTH * around or (not smooth and value > least)
        bisect.insort(places, x)
        values[x] = value
    best = min(places, key=values.__getitem__)
    return best, values[best]


def _apart(x: float, a: float, b: float, c: float) -> float:
    """Return a place in a bracket that is not one of those that are known."""
    room = 1e-3 * min(b - a, c - b)
    x = min(max(x, a + 1e-2 * (b - a)), c - 1e-2 * (c - b))
    if abs(x - b) < room:
        # where there is more to be known
        x = b + room if c - b > b - a else b - room
    return x


def _vertex(x: tuple[float, float, float], f: tuple[float, float, float]) -> float:
    """Return where the parabola through three points, the middle one the lowest, is least."""
    slope, curve = _differences(x, f)
    return 0.5 * (x[0] + x[1]) - 0.5 * slope / curve if curve > 0 else x[1]


def _parabola_at(at: float, x: tuple[float, float, float], f: tuple[float, float, float]) -> float:
    slope, curve = _differences(x, f)
    return f[0] + (at - x[0]) * (slope + curve * (at - x[1]))


def _differences(x: tuple[float, float, float], f: tuple[float, float, float]) -> tuple[float, float]:
    first, second = (f[1] - f[0]) / (x[1] - x[0]), (f[2] - f[1]) / (x[2] - x[1])
    return first, (second - first) / (x[2] - x[0])


def _fallen(places: list[float], values: Mapping[float, float], i: int) -> tuple[float, float]:
    """Return how far a convex function may fall beside its lowest value, and where it would."""
    found = places[i], -float("inf")
    lowest = float("inf")
    for side in (-1, 1):
        # between the lowest place and the next one the lines through what lies outside of both cross
        outside = i + 2 * side
        if not 0 <= outside < len(places):
            return 0.5 * (places[i - 1] + places[i + 1]), -float("inf")
        b, near, far, other = (places[i + k * side] for k in (0, 1, 2, -1))
        one = (values[near] - values[far]) / (near - far)
        two = (values[b] - values[other]) / (b - other)
        if one == two:
            continue
        x = (values[b] - values[near] + one * near - two * b) / (one - two)
        x = min(max(x, min(b, near)), max(b, near))
        value = max(values[near] + one * (x - near), values[b] + two * (x - b))
        if value < lowest:
            lowest, found = value, (x, value)
    return found
