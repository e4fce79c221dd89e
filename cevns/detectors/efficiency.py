"""Efficiencies: the share of events that is accepted, as a function of the reconstructed observable."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from cevns import checks
from cevns.arrays import Value
from cevns.errors import InputError

if TYPE_CHECKING:
    from cevns._types import Array, ArrayLike, Values

__all__ = ["LARGEST_OBSERVABLE", "Efficiency"]

#: Largest value of an observable that is accepted.
LARGEST_OBSERVABLE = 1e12


@dataclass(frozen=True, eq=False, repr=False)
class Efficiency(Value):
    """Efficiency as a function of the observable: steps or straight lines between points, zero below the first.

    Parameters
    ----------
    x : array_like, shape (n,)
        Ascending values of the observable: step edges, or points.
    values : array_like, shape (n - 1,) or (n,)
        n - 1 values for steps, n for straight lines.
    beyond : {"constant", "zero"}
        What holds above the last x.
    kind : {"steps", "points"}, optional
        Says which of the two is meant, and the lengths must agree; told by the lengths unless given. A list of low
        edges with one value for each is neither: add the last bin's upper edge, and give ``kind="steps"``.

    Raises
    ------
    InputError
        If a value is out of [0, 1], `x` does not ascend, or the lengths do not fit `kind`.

    Examples
    --------
    >>> Efficiency([0.0, 1.0, 2.0], [0.5, 1.0])([-0.1, 0.5, 1.5, 3.0]).tolist()
    [0.0, 0.5, 1.0, 1.0]
    """

    moves: ClassVar[tuple[str, ...]] = ("values",)
    #: Whether it is a straight line wherever `pieces` do not end.
    straight: ClassVar[bool] = True

    x: Values
    values: Values
    beyond: str = "constant"
    kind: str | None = None

    def __post_init__(self) -> None:
        x = checks.ascending("x", self.x, low=-LARGEST_OBSERVABLE, high=LARGEST_OBSERVABLE, least=2)
        values = checks.array("values", self.values, low=0, high=1, ndim=1)
        needed = {"steps": x.size - 1, "points": x.size}
        if self.kind is None:
            if values.size not in needed.values():
                raise InputError(
                    f"values must have {x.size - 1} entries for steps or {x.size} for straight lines, got {values.size}"
                )
            checks.put(self, kind="points" if values.size == x.size else "steps")
        elif values.size != needed[checks.known("kind of efficiency", self.kind, needed)]:
            what, other = ("edges", "points") if self.kind == "steps" else ("points", "steps")
            hint = "interval between two edges" if self.kind == "steps" else "point"
            raise InputError(
                f"values must have {needed[self.kind]} entries, one for each {hint}, since kind is {self.kind!r}; got "
                f"{values.size} for {x.size} {what}: correct one of them, or take kind = {other!r}"
            )
        checks.known("beyond", self.beyond, ("constant", "zero"))
        checks.put(self, x=tuple(x.tolist()), values=tuple(values.tolist()))

    @classmethod
    def perfect(cls) -> Efficiency:
        """Return an efficiency of 1 for every observable above 0."""
        return cls((0.0, 1.0), (1.0,))

    @property
    def steps(self) -> bool:
        """Whether the efficiency is constant in steps."""
        return self.kind == "steps"

    @property
    def jumps(self) -> tuple[float, ...]:
        """Values of the observable where the efficiency jumps."""
        if self.steps:
            return tuple(self.x)
        first = (self.x[0],) if self.values[0] > 0 else ()
        return first + ((self.x[-1],) if self.beyond == "zero" and self.values[-1] > 0 else ())

    @property
    def threshold(self) -> float:
        """Value below which nothing is accepted."""
        return float(self.x[0])

    @property
    def end(self) -> float:
        """Value above which nothing is accepted, or infinite."""
        return float(self.x[-1]) if self.beyond == "zero" else math.inf

    def pieces(self, low: float, high: float) -> list[float]:
        """Return the values between two others where straight lines end."""
        return [x for x in self.x if low < x < high]

    def lines(self, low: ArrayLike, high: ArrayLike) -> tuple[Array, Array]:
        """Return offset and slope of the efficiency on segments [low, high] inside which it is a straight line."""
        low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
        middle = 0.5 * (low + high)
        if self.steps:
            return self(middle), np.zeros(middle.size)
        inside = (middle > self.x[0]) & (middle < self.x[-1])
        index = np.clip(np.searchsorted(self.x, middle) - 1, 0, len(self.x) - 2)
        slope = np.where(inside, (np.diff(self.values) / np.diff(self.x))[index], 0.0)
        return self(middle) - slope * middle, slope

    def __call__(self, observable: ArrayLike) -> Array:
        """Return the efficiency at values of the observable."""
        observable = checks.floats("observable", observable)
        if self.steps:
            index = np.searchsorted(self.x, observable, side="right") - 1
            value = np.asarray(self.values)[np.clip(index, 0, len(self.values) - 1)]
        else:
            value = np.interp(observable, self.x, self.values)
        value = np.where(observable < self.x[0], 0.0, value)
        return np.where(observable > self.x[-1], 0.0, value) if self.beyond == "zero" else value
