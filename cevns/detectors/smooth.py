"""Efficiencies that are smooth functions of the observable, but for kinks that they name."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cevns import checks
from cevns.arrays import Value, gauss_legendre, lagrange, legendre
from cevns.detectors.efficiency import LARGEST_OBSERVABLE, Efficiency
from cevns.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cevns._types import Array, ArrayLike, Values

__all__ = ["EfficiencyFunction", "LogisticEfficiency", "SmoothEfficiency", "checked_efficiency"]

#: Gauss-Legendre nodes of a piece, the polynomial through which is the efficiency to this; a product of two such
#: polynomials is integrated exactly by as many nodes.
PIECE_NODES = 12
PIECE_TOLERANCE = 1e-11
#: Most pieces: a function that needs more has kinks that it does not name.
MOST_PIECES = 4096

_NODES, _WEIGHTS = gauss_legendre(PIECE_NODES)
_PLACES = np.concatenate([_NODES, np.linspace(-1, 1, 2 * PIECE_NODES + 1)])
_TO_TESTS = lagrange(_NODES, _WEIGHTS).T @ legendre(_PLACES[PIECE_NODES:], PIECE_NODES)


class SmoothEfficiency:
    """Base of efficiencies that are analytic but for kinks: `value` gives the efficiency, `x` the kinks, ascending.

    Nothing is accepted below the first x. A subclass needs `value`, for arrays of any shape, which is asked for nothing
    below it; where it needs another `x` than 0 it gives that too.

    Examples
    --------
    >>> class Rise(SmoothEfficiency):
    ...     def value(self, observable):
    ...         return 1.0 - np.exp(-observable)
    >>> Rise()([-1.0, 0.0, 2.0]).round(3)
    array([0.   , 0.   , 0.865])
    """

    steps: ClassVar[bool] = False
    straight: ClassVar[bool] = False
    end: ClassVar[float] = math.inf
    x: Values = (0.0,)

    def value(self, observable: Array) -> Array:
        """Return the efficiency at values of the observable, at the first x or above it."""
        raise NotImplementedError

    def __call__(self, observable: ArrayLike) -> Array:
        """Return the efficiency at values of the observable."""
        observable = checks.floats("observable", observable)
        return np.where(observable < self.x[0], 0.0, self.value(np.maximum(observable, self.x[0])))

    @property
    def threshold(self) -> float:
        """Value below which nothing is accepted."""
        return float(self.x[0])

    @property
    def jumps(self) -> tuple[float, ...]:
        """Values of the observable where the efficiency jumps."""
        beside = 1e-9 * np.maximum(np.abs(self.x), 1e-3) * np.array([[-1.0], [1.0]])
        below, above = self(np.asarray(self.x) + beside)
        return tuple(x for x, jump in zip(self.x, np.abs(above - below), strict=True) if jump > 1e-6)

    def pieces(self, low: float, high: float) -> list[float]:
        """Return the values between two others where pieces end on which polynomials carry the efficiency.

        Raises
        ------
        InputError
            If it takes too many of them.
        """
        kinks = [low, *(float(x) for x in self.x if low < x < high), high]
        ends, pending = set(kinks), np.array([kinks[:-1], kinks[1:]])
        while pending.size:
            half, middle = 0.5 * (pending[1] - pending[0]), 0.5 * (pending[1] + pending[0])
            # inside, so that a jump at an end belongs to its own piece
            places = middle[:, None] + half[:, None] * (1 - 1e-13) * _PLACES
            values = self(places)
            missed = np.abs(values[:, :PIECE_NODES] @ _TO_TESTS - values[:, PIECE_NODES:]).max(axis=1)
            wrong = (missed > PIECE_TOLERANCE) & (half > 1e-9 * (high - low))
            ends.update(middle[wrong].tolist())
            if len(ends) > MOST_PIECES:
                raise InputError(
                    f"efficiency: {type(self).__name__} is not smooth between {low:g} and {high:g}: name its kinks, "
                    "where its slope or value jumps, in x, or give a table, Efficiency"
                )
            low_ends, high_ends = pending[:, wrong]
            pending = np.array([[*low_ends, *middle[wrong]], [*middle[wrong], *high_ends]])
        return sorted(ends - {low, high})

    def check(self, name: str, low: float, high: float) -> None:
        """Refuse what is no efficiency between two values of the observable, by a look at 256 of them.

        Raises
        ------
        InputError
            If it is not one number from 0 to 1 for each value.
        """
        places = np.linspace(max(low, self.x[0]), max(high, self.x[0]), 256)
        kind = type(self).__name__
        try:
            found, square = (np.asarray(self(p), dtype=float) for p in (places, places.reshape(2, 128)))
        except InputError:
            raise
        except Exception as error:
            raise InputError(
                f"{name}: {kind} raises {type(error).__name__} for an array of 256 values: {error}; it must take "
                "arrays of any shape, with functions of NumPy in the place of those of math"
            ) from error
        if not np.array_equal(found, square.ravel(), equal_nan=True):
            raise InputError(f"{name}: {kind} depends on the shape of the array of values")
        bad = ~((found >= 0) & (found <= 1))
        if bad.any():
            i = int(np.argmax(bad))
            raise InputError(
                f"{name}: {kind} is {found[i]:g} at {places[i]:.6g}; it must be from 0 to 1: scale it, or clip it and "
                "name the kinks that this makes in x"
            )


@dataclass(frozen=True, eq=False, repr=False)
class LogisticEfficiency(SmoothEfficiency, Value):
    """eps(x) = a / (1 + exp(-b (x - c))) + d, cut at 0 and at 1: the efficiency of the CsI release of 2021.

    Parameters
    ----------
    a : float
        Height of the step.
    b : float
        Its steepness, in the inverse unit of the observable.
    c : float
        Its middle.
    d : float
        What is there far below it; with d < 0 nothing is accepted below c - ln(-a/d - 1) / b.

    Raises
    ------
    InputError
        If a or b is not above 0, or nothing is accepted, or all.

    References
    ----------
    arXiv:2110.07730, its ancillary files.

    Examples
    --------
    >>> csi = LogisticEfficiency(1.32045, 0.285979, 10.8646, -0.333322)
    >>> round(csi.threshold, 3), csi([7.0, 10.0, 50.0]).round(4).tolist()
    (7.068, [0.0, 0.2457, 0.9871])
    """

    moves: ClassVar[tuple[str, ...]] = ("a", "b", "c", "d")

    a: float
    b: float
    c: float
    d: float = 0.0

    def __post_init__(self) -> None:
        checks.put(
            self,
            a=checks.real("a", self.a, above=0, high=1e6),
            b=checks.real("b", self.b, above=0, high=1e12),
            c=checks.real("c", self.c, low=-LARGEST_OBSERVABLE, high=LARGEST_OBSERVABLE),
            d=checks.real("d", self.d, low=-1e6, high=1e6),
        )
        if not -self.a < self.d < 1:
            raise InputError(
                f"d = {self.d:g} is not allowed: with a = {self.a:g} the efficiency a + d far above c must be above 0, "
                "and d, far below it, less than 1"
            )

    def _crossing(self, height: float) -> float:
        """Return where the efficiency is `height`."""
        return self.c - math.log(self.a / (height - self.d) - 1) / self.b

    @property
    def x(self) -> tuple[float, ...]:
        """Where it leaves 0, and where it reaches 1 if it does."""
        first = self._crossing(0.0) if self.d < 0 else 0.0
        return (first, self._crossing(1.0)) if self.a + self.d > 1 and self._crossing(1.0) > first else (first,)

    def value(self, observable: Array) -> Array:
        """Return the efficiency at values of the observable."""
        step = 0.5 * self.a * (1 + np.tanh(0.5 * self.b * (observable - self.c)))
        return np.clip(step + self.d, 0.0, 1.0)


@dataclass(frozen=True, eq=False, repr=False)
class EfficiencyFunction(SmoothEfficiency, Value):
    """Efficiency of a user's own: a function that is analytic but for kinks.

    Parameters
    ----------
    function : callable
        From values of the observable, an array of any shape, to efficiencies. One that is defined in a module, not a
        lambda, can be pickled.
    x : array_like, shape (n,)
        Ascending values of the observable where its slope or value jumps; nothing is accepted below the first.

    Raises
    ------
    InputError
        If it cannot be called, or `x` does not ascend. A `Response` refuses values that are not from 0 to 1.

    Examples
    --------
    >>> EfficiencyFunction(np.tanh, [0.5])([0.4, 1.0]).round(3).tolist()
    [0.0, 0.762]
    """

    function: Callable[[Any], Any]
    x: Values = (0.0,)

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise InputError(f"function must be callable, got {checks.shown(self.function)}")
        x = checks.ascending("x", self.x, low=-LARGEST_OBSERVABLE, high=LARGEST_OBSERVABLE)
        checks.put(self, x=tuple(x.tolist()))

    def value(self, observable: Array) -> Array:
        """Return the efficiency at values of the observable."""
        return np.asarray(self.function(observable), dtype=float)


def checked_efficiency(name: str, efficiency: Any, low: float, high: float) -> Any:
    """Return an efficiency, of straight lines or smooth, if it can be folded between two values.

    Raises
    ------
    InputError
        If it is none, or a smooth one is not from 0 to 1, or needs more kinks.
    """
    checks.instance(name, efficiency, (Efficiency, SmoothEfficiency))
    if not efficiency.straight:
        if type(efficiency).value is SmoothEfficiency.value:
            raise InputError(f"{name}: {type(efficiency).__name__} has no method value(observable)")
        checks.ascending(f"x of {type(efficiency).__name__}", efficiency.x)
        efficiency.check(name, low, high)
        efficiency.pieces(low, high)
    return efficiency
