"""When neutrinos of a pulsed source arrive, relative to the pulse."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from cevns import checks
from cevns.arrays import Value
from cevns.errors import InputError

if TYPE_CHECKING:
    from cevns._types import Array, ArrayLike, Values

__all__ = ["LARGEST_TIME", "PulseTiming", "TabulatedTiming", "Timing"]

#: Latest time [us] that is accepted, and shortest lifetimes and pulses.
LARGEST_TIME, SHORTEST = 1e12, 1e-9
#: How far lifetimes must differ, relative to the larger one: they are told apart by differences.
APART = 1e-4
# beyond 9 standard deviations a Gaussian holds 1e-19, after 40 lifetimes a decay has left 1e-17
_WIDTHS, _LIVES = 9.0, 40.0


@runtime_checkable
class Timing(Protocol):
    """When neutrinos arrive: what every law of arrival times has. Laws of one's own have to be hashable.

    Examples
    --------
    >>> from cevns.fluxes.timing import PulseTiming
    >>> isinstance(PulseTiming(0.5, 0.2), Timing)
    True
    """

    @property
    def breaks(self) -> tuple[float, ...]:
        """Times [us] at which the density is not smooth."""

    @property
    def cuts(self) -> tuple[float, ...]:
        """Times [us], with `breaks`, between which 16 nodes of Gauss and Legendre integrate the law to 1e-13."""

    def density(self, time: ArrayLike) -> Array:
        """Return the share of the neutrinos that arrives at `time` [us], per us."""

    def cumulative(self, time: ArrayLike) -> Array:
        """Return the share of the neutrinos that has arrived by `time` [us]."""


@dataclass(frozen=True, eq=False, repr=False)
class PulseTiming(Value):
    """A pulse of protons with a Gaussian profile, after which parents of the neutrinos decay, one after another.

    Parameters
    ----------
    mean, sigma : float
        Centre and standard deviation of the pulse [us].
    lifetimes : sequence of float
        Mean lives [us] of the parents: the pion's for neutrinos of its own decay, the pion's and the muon's for those
        of muon decay. None for neutrinos that arrive with the pulse.
    latest : float
        End [us] of the times in which neutrinos are counted, all of them before it: where a release's law ends.

    Raises
    ------
    InputError
        If a time is not finite or not positive, or two lifetimes are nearly equal.

    Examples
    --------
    >>> prompt = PulseTiming(0.4673, 0.1475, [0.0260])
    >>> prompt.cumulative([0.0, 0.5, 1.0]).round(4).tolist()
    [0.0005, 0.5185, 0.9996]
    """

    mean: float
    sigma: float
    lifetimes: Values = ()
    latest: float = math.inf

    def __post_init__(self) -> None:
        end: dict[str, Any] = {"unit": "us", "low": -LARGEST_TIME, "high": LARGEST_TIME}
        size: dict[str, Any] = {"unit": "us", "low": SHORTEST, "high": LARGEST_TIME}
        lifetimes = checks.array("lifetimes", self.lifetimes, ndim=1, **size)
        checks.put(
            self,
            mean=checks.real("mean", self.mean, **end),
            sigma=checks.real("sigma", self.sigma, **size),
            lifetimes=tuple(lifetimes.tolist()),
        )
        if not (isinstance(self.latest, float) and self.latest == math.inf):
            checks.put(self, latest=checks.real("latest", self.latest, unit="us", above=self.mean, high=LARGEST_TIME))
        for a, b in itertools.combinations(self.lifetimes, 2):
            if abs(a - b) < APART * max(a, b):
                raise InputError(f"lifetimes of {a:g} and {b:g} us are too near to each other: let them differ more")

    @property
    def breaks(self) -> tuple[float, ...]:
        """None, since the density is smooth, but for where it ends [us]."""
        return () if self.latest == math.inf else (self.latest,)

    @property
    def cuts(self) -> tuple[float, ...]:
        """Times [us] three standard deviations apart in the pulse, and then twice as far apart each."""
        steps = [-_WIDTHS, -_WIDTHS / 3, _WIDTHS / 3, _WIDTHS]
        while self.lifetimes and (steps[-1] - _WIDTHS) * self.sigma < _LIVES * max(self.lifetimes):
            # a decay is gone before its intervals are too long
            steps.append(2 * steps[-1])
        found = (self.mean + self.sigma * step for step in steps)
        return tuple(sorted({*(time for time in found if time < self.latest), *self.breaks}))

    def density(self, time: ArrayLike) -> Array:
        """Return the share of the neutrinos that arrives at `time` [us], per us.

        Raises
        ------
        InputError
            If a time is no finite number.

        Examples
        --------
        >>> PulseTiming(0.5, 0.2).density([0.3, 0.5]).round(3)  # per us
        array([1.21 , 1.995])
        """
        time = checks.floats("time", time, unit="us")
        return np.asarray(np.where(time < self.latest, self._density(time), 0.0)) / self._whole

    def cumulative(self, time: ArrayLike) -> Array:
        """Return the share of the neutrinos that has arrived by `time` [us].

        Raises
        ------
        InputError
            If a time is no finite number.

        Examples
        --------
        >>> PulseTiming(0.5, 0.2).cumulative([0.5, 6.0]).round(3)
        array([0.5, 1. ])
        """
        time = checks.floats("time", time, unit="us")
        return np.asarray(self._cumulative(np.minimum(time, self.latest))) / self._whole

    @cached_property
    def _whole(self) -> float:
        """What arrives before the end, of all that a law without one has."""
        return 1.0 if self.latest == math.inf else float(self._cumulative(np.array(self.latest)))

    def _density(self, time: Array) -> Array:
        u = self._from_mean(time)
        if not self.lifetimes:
            return np.asarray(np.exp(-0.5 * u * u) / (self.sigma * math.sqrt(2 * math.pi)))
        parts = [weight / life * self._late(u, life) for life, weight in self._weighted]
        return np.asarray(np.maximum(sum(parts, np.zeros_like(u)), 0.0))

    def _cumulative(self, time: Array) -> Array:
        from scipy.special import ndtr

        u = self._from_mean(time)
        out = ndtr(u)
        for life, weight in self._weighted:
            out = out - weight * self._late(u, life)
        return np.asarray(np.clip(out, 0.0, 1.0))

    def _from_mean(self, time: Array) -> Array:
        return np.asarray((time - self.mean) / self.sigma)

    @property
    def _weighted(self) -> list[tuple[float, float]]:
        """Each lifetime and its weight in the partial fractions of the decays' product."""
        return [
            (life, math.prod(life / (life - other) for other in self.lifetimes if other != life))
            for life in self.lifetimes
        ]

    def _late(self, u: Array, life: float) -> Array:
        """Return what of a pulse has begun but not decayed, ``exp((s / tau)^2 / 2 - u s / tau) Phi(u - s / tau)``."""
        from scipy.special import erfcx, ndtr

        ratio = self.sigma / life
        z = u - ratio
        # each form where it neither overflows nor cancels
        early = 0.5 * np.exp(-0.5 * u * u) * erfcx(-np.minimum(z, 0.0) / math.sqrt(2))
        late = np.exp(np.minimum(0.5 * ratio * ratio - u * ratio, 0.0)) * ndtr(z)
        return np.asarray(np.where(z < 0, early, late))


@dataclass(frozen=True, eq=False, repr=False)
class TabulatedTiming(Value):
    """A histogram of arrival times, flat inside each bin.

    Parameters
    ----------
    edges : array_like, shape (n + 1,)
        Ascending [us].
    values : array_like, shape (n,)
        Neutrinos in each bin, in any unit.

    Raises
    ------
    InputError
        If edges do not ascend, or values are negative or nothing at all.

    Examples
    --------
    >>> TabulatedTiming([0.0, 1.0, 3.0], [3.0, 1.0]).cumulative([0.5, 2.0, 9.0]).tolist()
    [0.375, 0.875, 1.0]
    """

    edges: Values
    values: Values

    def __post_init__(self) -> None:
        edges = checks.ascending("edges", self.edges, unit="us", low=-LARGEST_TIME, high=LARGEST_TIME, least=2)
        values = checks.array("values", self.values, low=0, high=1e300, ndim=1, length=edges.size - 1)
        total = values.sum()
        if not 0 < total < math.inf:
            raise InputError(f"values must hold some neutrinos, but their sum is {total:g}")
        checks.put(self, edges=tuple(edges.tolist()), values=tuple((values / total).tolist()))

    @property
    def breaks(self) -> tuple[float, ...]:
        """The edges [us]."""
        return tuple(self.edges)

    @property
    def cuts(self) -> tuple[float, ...]:
        """The edges [us], between which the density is constant."""
        return tuple(self.edges)

    def density(self, time: ArrayLike) -> Array:
        """Return the share of the neutrinos that arrives at `time` [us], per us.

        Raises
        ------
        InputError
            If a time is no finite number.

        Examples
        --------
        >>> TabulatedTiming([0.0, 1.0, 3.0], [3.0, 1.0]).density([0.5, 2.0])  # per us
        array([0.75 , 0.125])
        """
        time = checks.floats("time", time, unit="us")
        return np.asarray(self._heights[np.searchsorted(self._edges, time, side="right")])

    def cumulative(self, time: ArrayLike) -> Array:
        """Return the share of the neutrinos that has arrived by `time` [us].

        Raises
        ------
        InputError
            If a time is no finite number.

        Examples
        --------
        >>> TabulatedTiming([0.0, 1.0, 3.0], [3.0, 1.0]).cumulative([1.0, 3.0])
        array([0.75, 1.  ])
        """
        return np.asarray(np.interp(checks.floats("time", time, unit="us"), self._edges, self._arrived))

    @cached_property
    def _edges(self) -> Array:
        return np.array(self.edges)

    @cached_property
    def _heights(self) -> Array:
        return np.array([0.0, *(np.array(self.values) / np.diff(self._edges)), 0.0])

    @cached_property
    def _arrived(self) -> Array:
        return np.concatenate([[0.0], np.cumsum(self.values)])
