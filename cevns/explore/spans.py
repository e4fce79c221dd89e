"""Ranges of sliders: those that parameters declare, and for couplings where the data begin and cease to allow them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.inference.objectives import mass_range

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cevns._types import Array
    from cevns.interactions import Interaction
    from cevns.likelihoods import Likelihood
    from cevns.parameters import Parameter

__all__ = ["Span", "spans"]

#: Rise of chi2 above that without the coupling from which it matters, and up to which it is of interest.
SEEN, BEYOND = 4.0, 25.0
#: Sizes of couplings that are tried, from that of a millicharge to that of a charge radius.
LOWEST, HIGHEST, EACH = -18, 6, 4
#: Of a coupling on which nothing depends.
NOTHING = 1e-6, 1.0
#: Mass [MeV] at which a view starts.
FIRST_MASS = 10.0


@dataclass(frozen=True)
class Span:
    """The range of a slider.

    Parameters
    ----------
    name, unit : str
        Of the parameter.
    low, high : float
        Ends.
    logarithmic : bool
        Whether the slider moves in the logarithm.
    start : float or None
        Value where none is given; None for a parameter that has none unless it is given.
    own : bool
        Whether it belongs to the interaction.
    """

    name: str
    unit: str
    low: float
    high: float
    logarithmic: bool
    start: float | None
    own: bool

    @property
    def title(self) -> str:
        """The name with the unit."""
        return f"{self.name} [{self.unit}]" if self.unit else self.name

    @property
    def ends(self) -> tuple[float, float]:
        """Where the slider ends: logarithms to base 10 where it moves in them."""
        return (math.log10(self.low), math.log10(self.high)) if self.logarithmic else (self.low, self.high)

    def place(self, value: float) -> float:
        """Return where a value stands on the slider, at an end where it lies beyond.

        Examples
        --------
        >>> Span("mass", "MeV", 0.1, 1e4, True, 10.0, True).place(10.0)
        1.0
        """
        low, high = self.ends
        if not self.logarithmic:
            return min(max(value, low), high)
        return low if value <= self.low else min(math.log10(value), high)

    def value(self, place: float) -> float:
        """Return the value at a place of the slider, with no more digits than it resolves.

        A coupling that is 0 unless it is given is so at the lower end of a logarithmic slider too.

        Examples
        --------
        >>> Span("mass", "MeV", 0.1, 1e4, True, 10.0, True).value(1.0)
        10.0
        """
        if self.logarithmic and self.start == 0 and place <= self.ends[0]:
            return 0.0
        return rounded(10.0**place if self.logarithmic else place)

    def grid(self, count: int) -> Array:
        """Return values across the range."""
        low, high = self.ends
        places = np.linspace(low, high, count)
        found: Array = np.clip(10.0**places if self.logarithmic else places, self.low, self.high)
        return found


def rounded(value: float, digits: int = 4) -> float:
    """Return a number with so many digits.

    Examples
    --------
    >>> rounded(0.000123456)
    0.0001235
    """
    return float(f"{value:.{digits - 1}e}")


def spans(likelihood: Likelihood, model: Interaction) -> dict[str, Span]:
    """Return the ranges of all parameters by name, the interaction's own first.

    Parameters
    ----------
    likelihood : Likelihood
        Of the data sets.
    model : Interaction
        Interaction.

    Examples
    --------
    >>> import cevns
    >>> found = spans(cevns.load("coherent-argon-2020"), cevns.get_interaction("b-l"))
    >>> found["mass"].low, found["coupling"].logarithmic, found["rn_ar"].start
    (0.1, True, 3.55)
    """
    own, masses = likelihood.own_parameters(model), likelihood.mediators(model)
    known = {p.name: p for p in likelihood.parameters(model)}
    heaviest = {name: ends[-1] for name, ends in likelihood.heaviest(model).items() if ends}
    base: dict[str, float] = {}
    for name in own:
        p = known[name]
        base[name] = FIRST_MASS if name in masses else p.origin if p.default is None else p.default
    found: dict[str, Span] = {}
    for name in [*(n for n in own if n in masses), *(n for n in own if n not in masses)]:
        p = known[name]
        if name in masses:
            low, high = mass_range(p)
            if name in heaviest:
                high = min(high, rounded(heaviest[name], 2))
            found[name] = Span(name, p.unit, low, high, True, p.default or FIRST_MASS, True)
        else:
            light, heavy = ({m: found[m].ends[k] for m in found if m in masses} for k in (0, 1))
            ends = [{m: 10.0**place for m, place in at.items()} for at in (light, heavy)]
            found[name] = _of_coupling(likelihood, model, p, base, ends)
    for name, p in known.items():
        if name not in found:
            found[name] = _of_other(p)
    return found


def _of_coupling(
    likelihood: Likelihood, model: Interaction, p: Parameter, base: Mapping[str, float], ends: list[dict[str, float]]
) -> Span:
    """Return the range of a coupling, from what excludes it with a light mediator to what does with a heavy one."""
    signed = p.low < p.origin
    sizes = 10.0 ** np.linspace(LOWEST, HIGHEST, EACH * (HIGHEST - LOWEST) + 1)
    first, last = math.nan, math.nan
    start: float | None = p.default
    for masses in (*ends, dict.fromkeys(ends[0], FIRST_MASS)):
        others = {**base, **masses}
        rise = _rise(likelihood, model, p, others, sizes)
        if (rise > SEEN).any():
            first = np.fmin(first, sizes[np.argmax(rise > SEEN)])
        if (rise > BEYOND).any():
            last = np.fmax(last, sizes[np.argmax(rise > BEYOND)])
        if p.default is None and (rise > SEEN).any():
            start = rounded(float(sizes[np.argmax(rise > SEEN)]), 1)
    if math.isnan(first) or math.isnan(last):
        first, last = NOTHING
    start = first if start is None else start
    if p.scale == "log" and not signed:
        low, high = 10.0 ** (math.floor(math.log10(first)) - 1), 10.0 ** (math.ceil(math.log10(last)) + 1)
        # one that is 0 unless given has no place on a logarithmic axis, where it stands at the end
        return Span(p.name, p.unit, max(low, p.low), min(high, p.high), True, start, True)
    size = _next(last)
    low, high = max(p.low, p.origin - size) if signed else p.origin, min(p.high, p.origin + size)
    return Span(p.name, p.unit, low, high, False, start, True)


def _rise(likelihood: Likelihood, model: Interaction, p: Parameter, others: Mapping[str, float], sizes: Array) -> Any:
    """Return by how much chi2 lies above that at the origin, at sizes of a coupling of the sign that matters more."""
    fixed = {name: value for name, value in others.items() if name != p.name}
    inside = sizes[p.origin + sizes <= p.high]
    signs = (1.0, -1.0) if p.low < p.origin else (1.0,)
    out = np.zeros(sizes.size)
    for sign in signs:
        values = p.origin + sign * inside
        values = values[values >= p.low]
        chi2 = likelihood.chi2(model, **{p.name: np.append(p.origin, values)}, **fixed)
        out[: values.size] = np.fmax(out[: values.size], chi2[1:] - chi2[0])
    return out


def _next(size: float) -> float:
    """Return the next larger 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(size))
    return next(rounded(step * power, 1) for step in (1, 2, 5, 10) if step * power >= size * (1 - 1e-9))


def _of_other(p: Parameter) -> Span:
    """Return the range of a parameter that every interaction has."""
    size = abs(p.default or 1.0)
    low = p.low if math.isfinite(p.low) else (p.default or 0.0) - size
    high = p.high if math.isfinite(p.high) else (p.default or 0.0) + size
    logarithmic = p.scale == "log" and low > 0
    return Span(p.name, p.unit, low, high, logarithmic, p.default, False)
