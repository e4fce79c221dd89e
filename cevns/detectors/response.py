"""Detector response: from recoil energy to what is observed in bins.

The observable is x = light_yield * eta * f_Q(T) * T, in photoelectrons (PE) or electron-equivalent energy (keVee), with
eta a nuisance scale of the quenching factor, nominally 1 (text below eq. 4.1 of arXiv:2008.05022, and eq. 2.10).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cevns import checks
from cevns.arrays import Value, equal, unique
from cevns.binning import Axis, Binning
from cevns.detectors.base import DetectorResponse
from cevns.detectors.by_nucleus import QuenchingByNucleus, check_fraction, checked_quenching
from cevns.detectors.efficiency import LARGEST_OBSERVABLE, Efficiency
from cevns.detectors.quenching import PolynomialQuenching, Quenching
from cevns.detectors.resolution import Resolution
from cevns.detectors.smooth import SmoothEfficiency, checked_efficiency
from cevns.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cevns._types import Array, ArrayLike, Values
    from cevns.detectors.electrons import ElectronResponse
    from cevns.nuclei import Nucleus

__all__ = ["Response"]

#: Largest amount of an observable per keVee that is accepted.
LARGEST_YIELD = 1e9
#: Sets of quenching scales whose recoils are kept.
MOST_KNOWN = 32
_UNIT = "keVee"
#: Recoils [keV] between which an efficiency in recoil energy is looked at when it is given.
_RECOILS = (1e-3, 1e3)


@dataclass(frozen=True, eq=False, repr=False)
class Response(DetectorResponse, Value):
    """What a detector does with a recoil: quenching, light yield, resolution, efficiency, bins.

    Parameters
    ----------
    quenching : Quenching, or mapping of str to Quenching
        f_Q(T) of all nuclei of the target, or of each by the name of an isotope or else of its element: a fraction, at
        most 1, unless `unit` is no energy and `light_yield` is 1, so that it may be the observable per keV.
    edges : array_like, shape (n + 1,), or Axis
        Ascending bin edges of the observable.
    unit : str
        Unit of the observable, for figures and tables; that of the axis if there is one.
    light_yield : float
        Observable per keVee.
    efficiency : Efficiency or SmoothEfficiency
        As a function of the reconstructed observable.
    resolution : GaussianResolution, TabulatedResolution, GammaResolution or PoissonResolution, optional
        None for none, as in arXiv:2008.05022.
    recoil_efficiency : Efficiency or SmoothEfficiency, optional
        As a function of the recoil energy [keV], of nuclei alone; it multiplies the other.

    Attributes
    ----------
    axis : Axis
        The bins.

    Raises
    ------
    InputError
        If edges do not ascend from 0 or more, a number is out of range, `unit` is not that of the axis, or an
        efficiency or resolution is of another kind, or no fraction where the bins are.

    Examples
    --------
    >>> from cevns.detectors import PolynomialQuenching
    >>> crystal = {"Na": PolynomialQuenching((0.2,)), "I": PolynomialQuenching((0.06,))}
    >>> Response(crystal, [1, 2, 4]).axis.labels
    ('1 to 2 keVee', '2 to 4 keVee')
    """

    scalable: ClassVar[bool] = True
    moves: ClassVar[tuple[str, ...]] = ("quenching", "light_yield", "efficiency", "resolution", "recoil_efficiency")

    quenching: Quenching | Mapping[str, Quenching]
    edges: Values
    unit: str = _UNIT
    light_yield: float = 1.0
    efficiency: Efficiency | SmoothEfficiency = field(default_factory=Efficiency.perfect)
    resolution: Resolution | None = None
    recoil_efficiency: Efficiency | SmoothEfficiency | None = None
    axis: Axis = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        name = "observable"
        if isinstance(self.edges, Axis):
            name = self.edges.name
            if self.unit not in (self.edges.unit, _UNIT):
                raise InputError(
                    f"unit = {checks.shown(self.unit)} is not that of the axis in edges, "
                    f"{checks.shown(self.edges.unit)}: leave it out"
                )
            checks.put(self, unit=self.edges.unit, edges=self.edges.edges)
        checks.words("unit", self.unit)
        edges = checks.ascending("edges", self.edges, unit=self.unit, low=0, high=LARGEST_OBSERVABLE, least=2)
        light_yield = checks.real(
            "light_yield", self.light_yield, unit=f"{self.unit}/keVee", low=1 / LARGEST_YIELD, high=LARGEST_YIELD
        )
        axis = Axis(name, edges, self.unit)
        checks.put(self, axis=axis, edges=axis.edges, light_yield=light_yield)
        checks.put(self, quenching=checked_quenching(self.quenching))
        factors = self.quenching if isinstance(self.quenching, QuenchingByNucleus) else {"": self._factor}
        for nucleus, factor in factors.items() if self._has_fractions else ():
            # since f_Q(T) T grows, what is seen as T comes of a smaller recoil just where f_Q(T) is above 1; a last bin
            # may reach beyond all recoils, which the flux limits
            where = f"quenching[{nucleus!r}]" if nucleus else "quenching"
            check_fraction(where, factor, edges / light_yield, everywhere=True)
        checked_efficiency("efficiency", self.efficiency, axis.edges[0], axis.edges[-1])
        checks.instance("resolution", self.resolution, (Resolution, type(None)))
        if self.recoil_efficiency is not None:
            checked_efficiency("recoil_efficiency", self.recoil_efficiency, *_RECOILS)

    @property
    def _has_fractions(self) -> bool:
        # of what is neither an energy nor has a yield, the factor may be both at once: photoelectrons per keV
        return "eV" in self.unit or self.light_yield != 1

    def check_recoils(self, recoil_kev: Array) -> None:
        """Refuse a quenching factor that is above 1 at any of some recoils [keV], unless it may hold a yield too."""
        if self._has_fractions:
            check_fraction("quenching", self._factor, recoil_kev)

    @property
    def binning(self) -> Binning:
        """The bins, of one axis."""
        return Binning((self.axis,))

    @property
    def smeared(self) -> bool:  # type: ignore[override]
        """Whether there is a resolution."""
        return self.resolution is not None

    def __repr__(self) -> str:
        known = self.quenching
        parts = dict.fromkeys(type(q).__name__ for q in (known.values() if isinstance(known, Mapping) else (known,)))
        resolution = "" if self.resolution is None else f", {type(self.resolution).__name__}"
        return f"<Response: {' and '.join(parts)}, {self.binning}{resolution}>"

    def of(self, nucleus: Nucleus) -> Response:
        """Return the response to recoils of one nucleus.

        Raises
        ------
        InputError
            If it has no quenching factor.
        """
        if not isinstance(self.quenching, QuenchingByNucleus):
            return self
        return dataclasses.replace(self, quenching=self.quenching.of(nucleus), edges=self.axis)

    def parts(self, nuclei: Sequence[Nucleus]) -> list[tuple[tuple[int, ...], Response]]:
        """Return which nuclei share a quenching factor, and the response to recoils of these.

        Raises
        ------
        InputError, UnknownNameError
            If nuclei and quenching factors do not fit together; see `QuenchingByNucleus.check_target`.
        """
        if not isinstance(self.quenching, QuenchingByNucleus):
            return [(tuple(range(len(nuclei))), self)]
        self.quenching.check_target(nuclei)
        parts: list[tuple[list[int], Response]] = []
        for i, nucleus in enumerate(nuclei):
            factor = self.quenching.of(nucleus)
            members = next((members for members, part in parts if _same(part.quenching, factor)), None)
            if members is None:
                parts.append(([i], self.of(nucleus)))
            else:
                members.append(i)
        return [(tuple(members), part) for members, part in parts]

    def to_electrons(self, electrons: ElectronResponse) -> Response:
        """Return the response to electrons in the same bins: no quenching, and what they have of their own."""
        return dataclasses.replace(
            self,
            quenching=PolynomialQuenching((1.0,)),
            edges=self.axis,
            light_yield=self.light_yield if electrons.light_yield is None else electrons.light_yield,
            efficiency=electrons.efficiency or self.efficiency,
            resolution=electrons.resolution or self.resolution,
            recoil_efficiency=None,
        )

    @property
    def _factor(self) -> Quenching:
        if isinstance(self.quenching, Quenching):
            return self.quenching
        raise InputError("quenching differs by nucleus: take the response to one, of(nucleus)")

    @property
    def kinks(self) -> tuple[float, ...]:
        """Recoils [keV] where the quenching factor, or the efficiency in recoil energy, is not analytic."""
        own = () if self.recoil_efficiency is None else tuple(self.recoil_efficiency.x)
        return (*self._factor.kinks, *own)

    @property
    def sharp(self) -> Array:
        """Recoils [keV] where bins end at scale 1."""
        return self.recoil(self.edges)

    def observable(self, recoil_kev: ArrayLike, eta: float | Array = 1.0) -> Array:
        """Return x for recoil energies [keV] and a quenching scale."""
        return self.light_yield * eta * self._factor.signal(recoil_kev)

    def recoil(self, observable: ArrayLike, eta: float | Array = 1.0) -> Array:
        """Return the recoil energies [keV] for values of the observable; inf where none gives it.

        Raises
        ------
        InputError
            If an observable is no finite number.
        """
        return self._factor.recoil(checks.floats("observable", observable) / (self.light_yield * eta))

    @property
    def steps(self) -> Array:
        """Values of the observable where acceptance into a bin jumps or kinks, ascending."""
        inner = [x for x in self.efficiency.x if self.edges[0] < x < self.edges[-1]]
        return unique([*self.edges, *inner])

    @property
    def jumps(self) -> Array:
        """Values of the observable where acceptance into a bin jumps, ascending."""
        return unique([*self.edges, *self.efficiency.jumps])

    @property
    def recoil_jumps(self) -> tuple[float, ...]:
        """Recoils [keV] where acceptance jumps."""
        return () if self.recoil_efficiency is None else self.recoil_efficiency.jumps

    @cached_property
    def _pieces(self) -> Array:
        """Values of the observable between which the efficiency is a straight line, or a polynomial."""
        return unique([*self.edges, *self.efficiency.pieces(self.edges[0], self.edges[-1])])

    @cached_property
    def _known_recoils(self) -> dict[bytes, Array]:
        return {}

    def _recoils_of_pieces(self, etas: Array) -> Array:
        """Return recoils [keV] of the ends of pieces for each scale, the same ones for each mass of a final lepton."""
        key = etas.tobytes()
        found = self._known_recoils.get(key)
        if found is None:
            if len(self._known_recoils) >= MOST_KNOWN:
                self._known_recoils.clear()
            found = self._known_recoils[key] = self.recoil(self._pieces, etas[:, None])
        return found

    def recoil_range(self, etas: Iterable[float] = (1.0,)) -> tuple[float, float]:
        """Return the lowest and highest recoil [keV] that can be observed in any bin for these scales."""
        low, high = self._threshold, self.edges[-1]
        if self.resolution is not None:
            low, high = self.resolution.reach(low, high)
        low, high = float(self.recoil(low, max(etas))), float(self.recoil(high, min(etas)))
        if self.recoil_efficiency is None:
            return low, high
        return max(low, self.recoil_efficiency.threshold), min(high, self.recoil_efficiency.end)

    @property
    def _threshold(self) -> float:
        return float(max(self.edges[0], self.efficiency.threshold))

    @property
    def rise(self) -> float:
        """Power of small observables in which the acceptance vanishes, infinite below a threshold that is sharp."""
        if self.recoil_efficiency is not None and self.recoil_efficiency.threshold > 0:
            return math.inf
        if self.resolution is None:
            return math.inf if self._threshold > 0 else 0.0
        return self.resolution.rise(self._threshold)

    def acceptance(self, observable: ArrayLike) -> Array:
        """Return the probability to accept a recoil in each bin.

        Parameters
        ----------
        observable : array_like, shape (k,)
            True values of the observable.

        Returns
        -------
        ndarray, shape (bins, k)

        Raises
        ------
        InputError
            If an observable is no finite number.

        Examples
        --------
        >>> from cevns.detectors import Efficiency, PolynomialQuenching
        >>> threshold = Efficiency([0.0, 2.0], [0.0, 0.8])
        >>> response = Response(PolynomialQuenching((0.25,)), [1.0, 2.0, 5.0], efficiency=threshold)
        >>> response.acceptance([1.5, 3.0])
        array([[0.6, 0. ],
               [0. , 0.8]])
        """
        x = checks.floats("observable", observable)
        edges = np.asarray(self.edges)
        if self.resolution is None:
            inside = (x >= edges[:-1, None]) & (x < edges[1:, None])
            return inside * self.efficiency(x)
        if isinstance(self.efficiency, SmoothEfficiency):
            return self.resolution.smeared(x, edges, self.efficiency)
        steps = self._pieces
        accepted = self.resolution.accepted(x, steps[:-1], steps[1:], self.efficiency)
        starts = np.searchsorted(steps, edges[:-1])
        return accepted if starts.size == len(accepted) else np.add.reduceat(accepted, starts, axis=0)

    def passed(self, observable: Array, recoil_kev: Array) -> Array:
        """Return the efficiency for values of the observable and the recoils [keV] from which they come."""
        if self.recoil_efficiency is None:
            return self.efficiency(observable)
        return self.efficiency(observable) * self.recoil_efficiency(recoil_kev)

    @property
    def constant(self) -> bool:
        """Whether efficiencies are constant between cuts."""
        return self.efficiency.steps and (self.recoil_efficiency is None or self.recoil_efficiency.steps)

    def shares(self, recoil_kev: Array, etas: Any = 1.0) -> Array:
        """Return the probability to accept recoils in each bin, shape (bins, k); see `DetectorResponse`."""
        found = self.acceptance(self.observable(recoil_kev, etas).ravel())
        return found if self.recoil_efficiency is None else found * self.recoil_efficiency(recoil_kev).ravel()

    def cuts(self, low: float, high: float, etas: Array, steps: Array | None = None) -> Array:
        """Return, for each quenching scale, recoil energies [keV] between which acceptance is smooth.

        Without a resolution these are its steps; with one it is smooth on the scale of the resolution. `steps` are
        values of the observable to be taken for those of the acceptance.

        Returns
        -------
        ndarray, shape (etas, n)
            In any order; inf where a scale has fewer than others.
        """
        own = () if self.recoil_efficiency is None else self.recoil_efficiency.pieces(low, high)
        kinks = np.broadcast_to(np.array([*self.kinks, *own], dtype=float), (etas.size, len(self.kinks) + len(own)))
        if self.resolution is None:
            # for all at once, since inverting a quenching curve costs more than all else
            found = self._recoils_of_pieces(etas) if steps is None else self.recoil(steps, etas[:, None])
            return np.concatenate([found, kinks], axis=1)
        steps = self._pieces if steps is None else steps
        # a width at a time where a step is near enough to be felt
        around = np.arange(-self.resolution.felt, self.resolution.felt + 1)
        felt = unique(np.rint(self.resolution.widths(steps))[:, None] + around)
        ends = self.resolution.widths(self.observable(np.array([low, high]), etas[:, None]))
        widths = [
            self.resolution.at(felt[(felt >= np.floor(a)) & (felt <= np.ceil(b)) & np.isfinite(felt)]) / eta
            for (a, b), eta in zip(ends, etas, strict=True)
        ]
        sizes = np.array([w.size for w in widths])
        cuts = np.full((etas.size, sizes.max()), np.inf)
        cuts[np.arange(sizes.max()) < sizes[:, None]] = self.recoil(np.concatenate(widths))
        rows = [self.recoil(self.resolution.kinks, etas[:, None])] if self.resolution.kinks else []
        return np.concatenate([cuts, kinks, *rows], axis=1)


def _same(one: Any, other: Any) -> bool:
    # what a class of a user's own compares is not known
    return one is other or (dataclasses.is_dataclass(one) and equal(one, other))
