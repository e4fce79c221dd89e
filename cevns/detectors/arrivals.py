"""Arrival times at a detector: bins and an efficiency in time, and the shares of a flux that they take."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import Brief, ByValue, gauss_legendre, unique
from cevns.binning import Axis
from cevns.detectors.efficiency import Efficiency
from cevns.errors import ConvergenceError, InputError

if TYPE_CHECKING:
    from cevns._types import Array, ArrayLike, Values
    from cevns.fluxes import Timing

__all__ = ["Arrival", "ArrivalEfficiency", "SharesOver"]

#: Latest time [us] that is accepted, and largest rate [1/us].
LARGEST_TIME, LARGEST_RATE = 1e12, 1e9
#: Unit of times.
UNIT = "us"
#: Nodes of Gauss and Legendre between two cuts; what `Timing.cuts` promises is for these.
NODES = 16
#: Largest error of a polynomial in the delay, and the most polynomials.
PRECISION, LARGEST_PIECES = 2e-11, 10_000
_RULE = gauss_legendre(NODES)
# doublings after which an exponential has fallen to exp(-64)
_DOUBLINGS = 7


@dataclass(frozen=True)
class ArrivalEfficiency:
    """An efficiency that is 1 until some time, and then falls exponentially, as where a first pulse hides the others.

    Parameters
    ----------
    start : float
        When it begins to fall [us].
    rate : float
        How fast [1/us].

    Raises
    ------
    InputError
        If `start` is not finite or `rate` is negative.

    Examples
    --------
    >>> ArrivalEfficiency(start=0.52, rate=0.0494)([0.0, 0.52, 6.0]).round(4).tolist()  # arXiv:2110.07730
    [1.0, 1.0, 0.7628]
    """

    start: float
    rate: float

    def __post_init__(self) -> None:
        start = checks.real("start", self.start, unit=UNIT, low=-LARGEST_TIME, high=LARGEST_TIME)
        checks.put(self, start=start, rate=checks.real("rate", self.rate, unit=f"1/{UNIT}", low=0, high=LARGEST_RATE))

    @property
    def kinks(self) -> tuple[float, ...]:
        """Times [us] at which the efficiency is not smooth."""
        return (self.start,) if self.rate else ()

    @property
    def cuts(self) -> tuple[float, ...]:
        """Times [us], with `kinks`, between which the efficiency falls slowly, or has fallen to nothing."""
        falls = [2.0**k / self.rate for k in range(_DOUBLINGS)] if self.rate else []
        return tuple(self.start + fall for fall in ([0.0, *falls] if falls else []))

    def slope(self, time: ArrayLike) -> Array:
        """Return the derivative in time [1/us]; that after the start at the start."""
        falling = -self.rate * self(time)
        return np.where(np.asarray(time) < self.start, 0.0, falling)

    def __call__(self, time: ArrayLike) -> Array:
        """Return the efficiency at times [us]."""
        late = np.maximum(checks.floats("time", time, unit=UNIT) - self.start, 0.0)
        return np.asarray(np.exp(-self.rate * late))


@dataclass(frozen=True, repr=False)
class Arrival(Brief):
    """What a detector observes of arrival times: bins, and an efficiency.

    Parameters
    ----------
    edges : array_like, shape (n + 1,), or Axis
        Ascending bin edges [us] of the time after the source's pulse.
    efficiency : ArrivalEfficiency or Efficiency, optional
        As a function of the time [us]; an `Efficiency` is zero before its first one. None for 1 at all times.

    Attributes
    ----------
    axis : Axis
        The bins.

    Raises
    ------
    InputError
        If the edges do not ascend, or have another unit.

    Examples
    --------
    >>> from cevns.fluxes import PulseTiming
    >>> arrival = Arrival([0.0, 0.5, 1.0, 6.0], ArrivalEfficiency(start=0.52, rate=0.0494))
    >>> arrival.shares(PulseTiming(0.4673, 0.1475, [0.0312])).round(4).tolist()
    [0.5046, 0.492, 0.0005]
    """

    edges: Values
    efficiency: ArrivalEfficiency | Efficiency | None = None
    axis: Axis = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        name = "time"
        if isinstance(self.edges, Axis):
            name = self.edges.name
            if self.edges.unit != UNIT:
                raise InputError(
                    f"the axis in edges has the unit {checks.shown(self.edges.unit)}: give times in {UNIT}"
                )
            checks.put(self, edges=self.edges.edges)
        edges = checks.ascending("edges", self.edges, unit=UNIT, low=-LARGEST_TIME, high=LARGEST_TIME, least=2)
        axis = Axis(name, edges, UNIT)
        checks.put(self, axis=axis, edges=axis.edges)
        checks.instance("efficiency", self.efficiency, (ArrivalEfficiency, Efficiency, type(None)))

    @property
    def bins(self) -> int:
        """Number of bins."""
        return self.axis.bins

    @property
    def kinks(self) -> tuple[float, ...]:
        """Times [us] inside the bins' range at which the efficiency is not smooth."""
        own = self.efficiency.x if isinstance(self.efficiency, Efficiency) else getattr(self.efficiency, "kinks", ())
        return tuple(t for t in own if self.edges[0] < t < self.edges[-1])

    def shares(self, timing: Timing, dt: ArrayLike = 0.0) -> Array:
        """Return the share of neutrinos that is observed in each bin, Int_bin dt' p(t' - dt) efficiency(t').

        Parameters
        ----------
        timing : Timing
            p, when they arrive.
        dt : array_like
            Delay [us] of the arrivals beside the detector's clock, any shape.

        Returns
        -------
        ndarray, shape (..., bins)
            To 1e-12.

        Raises
        ------
        InputError
            If `timing` is no law of arrival times, or a delay is not finite.
        """
        if not all(hasattr(timing, name) for name in ("breaks", "cuts", "cumulative")):
            raise InputError(
                f"timing must say when neutrinos arrive, got {checks.shown(timing)}; see cevns.fluxes.PulseTiming"
            )
        dt = checks.array("dt", dt, unit=UNIT, low=-LARGEST_TIME, high=LARGEST_TIME)
        own = np.array([*self.edges, *self.kinks, *getattr(self.efficiency, "cuts", ())])
        theirs = np.asarray(timing.cuts, dtype=float)
        found = [self._shares(timing, delay, np.concatenate([own, theirs + delay])) for delay in dt.ravel()]
        return np.reshape(found, (*dt.shape, self.bins))

    def _shares(self, timing: Timing, dt: float, cuts: Array) -> Array:
        cuts = unique(cuts[(cuts >= self.edges[0]) & (cuts <= self.edges[-1])])
        low, high = cuts[:-1], cuts[1:]
        arrived = timing.cumulative(cuts - dt)
        # by parts, since what has arrived is smoother than what arrives, and exact where the efficiency is constant
        at_low, at_high, slope, where, nodes, weights = self._efficiency(low, high)
        pieces = at_high * arrived[1:] - at_low * arrived[:-1]
        pieces[where] -= (weights * slope * timing.cumulative(nodes - dt)).sum(axis=1)
        return np.maximum(np.add.reduceat(pieces, np.searchsorted(cuts, self.edges[:-1])), 0.0)

    def _efficiency(self, low: Array, high: Array) -> tuple[Any, ...]:
        """Return the efficiency at both ends of intervals, seen from inside; and where it slopes, with a rule there."""
        efficiency, ones = self.efficiency, np.ones(low.size)
        if isinstance(efficiency, Efficiency):
            offset, slopes = efficiency.lines(low, high)
            ends, where = (offset + slopes * low, offset + slopes * high), slopes != 0
        elif efficiency is None:
            ends, where = (ones, ones), ones == 0
        else:
            ends, where = (efficiency(low), efficiency(high)), efficiency.slope(low) != 0
        half = 0.5 * (high - low)[where, None]
        x, weights = _RULE
        nodes = low[where, None] + half * (1 + x)
        slope = efficiency.slope(nodes) if isinstance(efficiency, ArrivalEfficiency) else np.zeros(nodes.shape)
        if isinstance(efficiency, Efficiency):
            slope = slope + slopes[where, None]
        return *ends, slope, where, nodes, half * weights

    def shares_over(self, timing: Timing, low: float, high: float, *, order: int = 12) -> SharesOver:
        """Return `shares` as polynomials in the delay over a range of it.

        Parameters
        ----------
        timing : Timing
            When neutrinos arrive.
        low, high : float
            Range [us] of the delay.
        order : int
            Coefficients of each polynomial.

        Returns
        -------
        SharesOver
            Good to 1e-10.

        Raises
        ------
        InputError
            If the range is empty, or `timing` is no law of arrival times.
        ConvergenceError
            If too many polynomials are needed.

        Examples
        --------
        >>> from cevns.fluxes import PulseTiming
        >>> arrival, pulse = Arrival([0.0, 1.0, 6.0]), PulseTiming(0.4673, 0.1475, [0.0312, 2.2])
        >>> over = arrival.shares_over(pulse, -0.25, 0.25)
        >>> bool(abs(over(0.08) - arrival.shares(pulse, dt=0.08)).max() < 1e-10)
        True
        """
        low = checks.real("low", low, unit=UNIT, low=-LARGEST_TIME, high=LARGEST_TIME)
        high = checks.real("high", high, unit=UNIT, above=low, high=LARGEST_TIME)
        order = checks.whole("order", order, low=4, high=64)
        self.shares(timing, low)
        meetings = np.subtract.outer([*self.edges, *self.kinks], np.asarray(timing.breaks, dtype=float)).ravel()
        inner = unique(meetings[(meetings > low) & (meetings < high)])
        # meetings that differ by rounding are one
        inner = inner[(np.diff(inner, prepend=low) > 1e-9 * (high - low)) & (high - inner > 1e-9 * (high - low))]
        todo = [*itertools.pairwise([low, *inner, high])][::-1]
        zeros = np.cos(math.pi * (np.arange(order)[::-1] + 0.5) / order)
        # the error is largest where the next Chebyshev polynomial is
        extremes = np.cos(math.pi * np.array([order, order - 1, order // 2, 0]) / order)
        done: list[SharesOver] = []
        while todo:
            begin, end = todo.pop()
            middle, half = 0.5 * (begin + end), 0.5 * (end - begin)
            nodes = middle + half * zeros
            piece = SharesOver(np.array([begin, end]), nodes, self.shares(timing, nodes))
            at = np.clip(middle + half * extremes, begin, end)
            if np.abs(piece(at) - self.shares(timing, at)).max() <= PRECISION:
                done.append(piece)
            elif len(done) + len(todo) >= LARGEST_PIECES:
                raise ConvergenceError(
                    f"shares over delays from {low:g} to {high:g} us need more than {LARGEST_PIECES} polynomials: take "
                    "a shorter range, or a pulse that is longer"
                )
            else:
                todo += [(middle, end), (begin, middle)]
        edges = np.array([*(piece.edges[0] for piece in done), high])
        return SharesOver(edges, *(np.concatenate([getattr(p, name) for p in done]) for name in ("nodes", "values")))


@dataclass(frozen=True, eq=False)
class SharesOver(ByValue):
    """Shares of arrival-time bins over a range of the delay: polynomials through values at Chebyshev nodes.

    Parameters
    ----------
    edges : ndarray, shape (pieces + 1,)
        Delays [us] between which each polynomial holds.
    nodes : ndarray, shape (pieces * order,)
        Delays [us], ascending: in each piece the zeros of a Chebyshev polynomial.
    values : ndarray, shape (pieces * order, bins)
        Shares at the nodes.

    Examples
    --------
    >>> shares = SharesOver(np.array([-1.0, 1.0]), np.array([-0.5, 0.5]), np.array([[0.25, 0.75], [0.5, 0.5]]))
    >>> shares(0.0)
    array([0.375, 0.625])
    """

    edges: Array
    nodes: Array
    values: Array

    @property
    def pieces(self) -> int:
        """Number of polynomials."""
        return self.edges.size - 1

    @property
    def order(self) -> int:
        """Coefficients of each."""
        return self.nodes.size // self.pieces

    def __call__(self, dt: ArrayLike) -> Array:
        """Return the shares at delays [us] of any shape, shape (..., bins).

        Raises
        ------
        InputError
            If a delay is out of range.
        """
        first, last = float(self.edges[0]), float(self.edges[-1])
        dt = checks.array("dt", dt, unit=UNIT, low=first, high=last)
        piece = np.clip(np.searchsorted(self.edges, dt, side="right") - 1, 0, self.pieces - 1)
        begin, end = self.edges[piece], self.edges[piece + 1]
        angle = np.arccos(np.clip((2 * dt - begin - end) / (end - begin), -1, 1))
        series = _coefficients(self.values.reshape(self.pieces, self.order, -1))[piece]
        return np.asarray((np.cos(angle[..., None] * np.arange(self.order))[..., None] * series).sum(axis=-2))


def _coefficients(values: Array) -> Array:
    """Return Chebyshev coefficients, shape (pieces, order, bins), from values at ascending zeros."""
    order = values.shape[1]
    angles = math.pi * (np.arange(order)[::-1] + 0.5) / order
    to_series = np.cos(np.arange(order)[:, None] * angles) * (2 / order)
    to_series[0] *= 0.5
    return np.asarray(to_series @ values)
