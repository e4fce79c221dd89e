"""chi2 of experiments whose nuisances are profiled together: Poisson data, deformations, shared normalisations."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.kernels.joint import Joint, square_root
from cevns.kernels.poisson import PoissonTerm
from cevns.likelihoods.nuisances import SIGNAL, Pull, check_differ, check_floors, places_along

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from cevns._types import Array
    from cevns.kernels.counts import Counts
    from cevns.likelihoods.data import Background, Data
    from cevns.likelihoods.nuisances import Deformation, Nuisance
    from cevns.spread import Grid, Spread

__all__ = ["JointStatistic", "join"]

#: Where a descent starts in a nuisance that may have several minima, in standard deviations.
_START = 1.5
#: Places along a quenching scale, at least, from which minima are looked for.
_LOOKS = 32
#: What correlations may be of.
_CORRELATED = "They are of nuisances that may be shared, those of nuisances= and shapes=: make it one of these"
#: How far off, in standard deviations, a component may vanish for its nuisance to be counted from there: beyond, pulls
#: near 0 would lose too many digits, and no signal is worth a chi2 that is its square.
_FARTHEST = 1e4
#: Relative uncertainty of a component from which on chi2 may have several minima along what deforms it.
_WIDE = 0.1
#: How many times wider than those of the signal alone a nuisance of backgrounds, too, is replaced by the signal's sum.
_FAR_WIDER = 100.0
#: Largest number of nuisances that are profiled together.
MOST_PULLS = 64


class JointStatistic:
    """Data, backgrounds and nuisances of an experiment, for counts of any interaction.

    Parameters
    ----------
    data : Data
        Poisson data, or Gaussian ones.
    backgrounds : sequence of Background
        Other components.
    signal_sigma : float
        Relative uncertainty of the signal's own normalisation; 0 for none.
    nuisances : sequence of Nuisance
        What scales components.
    deformations : sequence of Deformation
        What deforms templates.
    spread : Spread
        How the signal falls into bins, and what deforms it.
    floor : float
        Least expectation of a bin.
    """

    def __init__(
        self,
        data: Data,
        backgrounds: Sequence[Background],
        signal_sigma: float,
        nuisances: Sequence[Nuisance],
        deformations: Sequence[Deformation],
        spread: Spread,
        floor: float = 0.0,
    ) -> None:
        self.data, self.backgrounds, self.signal_sigma = data, tuple(backgrounds), signal_sigma
        self.nuisances, self.deformations, self.spread, self.floor = nuisances, deformations, spread, floor
        names = [SIGNAL, *(b.name for b in backgrounds)]
        for one in (*((n.name, name) for n in nuisances for name, _ in n.of), *((d.name, d.of) for d in deformations)):
            if one[1] not in names:
                raise InputError(
                    f"nuisance {checks.shown(one[0])} is of {checks.shown(one[1])}, which is no component of the "
                    f"experiment: it has {', '.join(names)}"
                )
        self._components = {name: i for i, name in enumerate(names)}
        # refuses what does not fit here and now
        _ = self._deformed
        check_differ([pull.name for pull in self.pulls])

    def with_data(self, data: Data) -> JointStatistic:
        """Return the same for other data, sharing what they do not change."""
        out = JointStatistic.__new__(JointStatistic)
        out.__dict__.update(self.__dict__, data=data)
        return out

    @property
    def grids(self) -> tuple[Grid, ...]:
        """Nuisances that deform the signal's energies and times."""
        offset = self.spread.offset
        return (*self.spread.shapes, *(() if offset is None else (offset,)))

    @cached_property
    def pulls(self) -> tuple[Pull, ...]:
        """All nuisances, in the order of the term's own."""
        sigmas = [(SIGNAL, self.signal_sigma), *((b.name, b.sigma) for b in self.backgrounds)]
        own = [_normalisation(name, sigma, False) for name, sigma in sigmas if sigma]
        shared = [_normalisation(n.name, n.sigma, True) for n in self.nuisances]
        grids = [
            Pull(g.name, 1.0, g.sigma, g.edges[0], g.edges[-1], g.shared, False, g.unit, *_along(g))
            for g in self.spread.shapes
        ]
        if (g := self.spread.offset) is not None:
            grids.append(Pull(g.name, 1.0, g.sigma, g.edges[0], g.edges[-1], True, False, g.unit, (), tuple(g.edges)))
        # of the signal's template counts by energy are factors
        counts = {SIGNAL: self._deformed[0][0, 0].ravel(), **{b.name: np.array(b.counts) for b in self.backgrounds}}
        widths = {
            of: math.hypot(sigma, *(n.sigma * f for n in self.nuisances for o, f in n.of if o == of and f))
            for of, sigma in sigmas
        }
        wide = {of: counts[of] for of, width in widths.items() if width >= _WIDE}
        morphs = [
            Pull(d.name, 1.0, 1.0, -d.reach, d.reach, True, False, "sigma", (), places_along(d, wide))
            for d in self.deformations
        ]
        return (*own, *shared, *grids, *morphs)

    @cached_property
    def scales(self) -> Array:
        """Relative change of each component by a unit of each nuisance, shape (components, nuisances)."""
        out = np.zeros((len(self._components), len(self.pulls)))
        given = {n.name: n.of for n in self.nuisances}
        for k, pull in enumerate(self.pulls):
            if pull.scales:
                for name, factor in given.get(pull.name, ((pull.name, 1.0),)) if pull.shared else ((pull.name, 1.0),):
                    out[self._components[name], k] += factor * pull.unit
        return out

    @cached_property
    def _place(self) -> dict[str, int]:
        return {pull.name: k for k, pull in enumerate(self.pulls)}

    @cached_property
    def _deformed(self) -> tuple[Array, list[tuple[int, str, Array]]]:
        """Shares, with rows of their own where a deformation of the signal needs them, and all changes."""
        shares, templates = self.spread.shares, [np.array(b.counts) for b in self.backgrounds]
        found = []
        if any(d.of == SIGNAL for d in self.deformations):
            energy = len(self.data.observed) // self.spread.rest
            shares = np.ascontiguousarray(np.broadcast_to(shares, (*shares.shape[:2], energy, shares.shape[3])))
        for d in self.deformations:
            component = self._components[d.of]
            if component:
                found.append((component, d.name, d.change(templates[component - 1])))
                continue
            if shares.shape[0] > 1 or self.spread.offset is not None:
                raise InputError(
                    f"deformation {checks.shown(d.name)} of the signal needs one group of neutrinos without a time "
                    "offset: give the signal's distribution over the bins"
                )
            found.append((0, d.name, d.change(shares[0, 0].ravel())))
        return shares, found

    @property
    def pull_units(self) -> dict[str, str]:
        """In what pulls are, by name: ``"relative"`` shifts, ``"sigma"`` or a unit."""
        return {pull.name: pull.told_in for pull in self.pulls}

    @property
    def pull_widths(self) -> dict[str, float]:
        """Standard deviations of pulls by name, in their units."""
        return {pull.name: pull.unit * pull.sigma for pull in self.pulls}

    def _scale(self, component: str, pulls: Mapping[str, float]) -> float:
        x = [pulls.get(pull.name, 0.0) / pull.unit for pull in self.pulls]
        return 1.0 + float(self.scales[self._components[component]] @ x)

    def expected_signal(self, by_energy: Mapping[int, Array], pulls: Mapping[str, float]) -> Array:
        """Return the counts that pulls make of a signal; what they make of its energies is in `by_energy`.

        Parameters
        ----------
        by_energy : mapping of int to ndarray, shape (..., energy bins)
            Counts of groups of neutrinos, by their number; of some of them, too.
        pulls : mapping of str to float
            Shifts by name, as of `Pulls`; those of other experiments are nothing to it.

        Returns
        -------
        ndarray, shape (..., bins)
        """
        offset = self.spread.offset
        shares = self.spread.at(0.0 if offset is None else pulls.get(offset.name, 0.0))
        for component, name, change in self._deformed[1]:
            if component == 0:
                shares = shares + pulls.get(name, 0.0) * change.reshape(1, -1, self.spread.rest)
        return self._scale(SIGNAL, pulls) * self.spread.filled(by_energy, shares)

    def expected_backgrounds(self, pulls: Mapping[str, float]) -> dict[str, Array]:
        """Return the counts that pulls make of the backgrounds, shape (bins,), by name."""
        found = {b.name: np.array(b.counts) for b in self.backgrounds}
        for component, name, change in self._deformed[1]:
            if component:
                found[self.backgrounds[component - 1].name] += pulls.get(name, 0.0) * change
        return {name: self._scale(name, pulls) * counts for name, counts in found.items()}

    def term(
        self,
        counts: Sequence[Counts],
        spread: Spread,
        places: Sequence[int],
        scales: Array | None = None,
        bases: Array | None = None,
    ) -> PoissonTerm:
        """Return the compiled chi2 for counts of each group by energy.

        Parameters
        ----------
        counts : sequence of Counts
            Moments of each group, or counts by energy.
        spread : Spread
            What leads from these to counts in all bins.
        places : sequence of int
            Where the term's nuisances stand among those of all experiments.
        scales : ndarray, shape (components, nuisances), optional
            How these scale the components, where the kernels' nuisances are others than `pulls`; see `Joined.turn`.
        bases : ndarray, shape (components,), optional
            Normalisations where all of these are 0; see `Joined.origins`.
        """
        shares, deformed = self._deformed
        observed, uncertainty = self.data.arrays
        offset = spread.offset
        return PoissonTerm(
            tuple(counts),
            spread.mixing,
            observed,
            shares,
            np.array([b.counts for b in self.backgrounds]).reshape(-1, observed.size),
            tuple(places),
            self.scales if scales is None else scales,
            [self._axis(grid) for grid in spread.shapes],
            spread.orders,
            None if offset is None else self._axis(offset),
            [(component, self._place[name], change) for component, name, change in deformed],
            None if uncertainty is None else uncertainty**2,
            self.floor,
            bases,
        )

    def _axis(self, grid: Grid) -> tuple[Array, int, int]:
        return np.array(grid.edges), grid.order, self._place[grid.name]


def _along(grid: Grid) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return where descents begin in a deformation of the signal, and places from which all minima along it are found.

    A scale may take the signal out of bins, and its chi2 have a minimum wherever one enters or leaves.
    """
    if grid.unit != "relative":
        return tuple(grid.edges[1:-1]), ()
    each = max(math.ceil(_LOOKS / (len(grid.edges) - 1)), 2)
    inner = [np.linspace(a, b, each, endpoint=False) for a, b in itertools.pairwise(grid.edges)]
    return (), tuple(np.append(np.concatenate(inner), grid.edges[-1]).tolist())


def _normalisation(name: str, sigma: float, shared: bool) -> Pull:
    free = math.isinf(sigma)
    return Pull(name, 1.0 if free else sigma, math.inf if free else 1.0, shared=shared)


@dataclass(frozen=True)
class Joined:
    """Nuisances of several experiments as one set.

    Attributes
    ----------
    names : tuple of (str or None, str)
        Experiment, None for shared ones, and name.
    pulls : tuple of Pull
        The nuisances.
    places : tuple of tuple of int
        For each experiment, where its own stand.
    precision : ndarray, shape (nuisances, nuisances)
        Inverse covariance; 0 for those without a pull.
    scales : tuple of ndarray
        For each experiment, how its nuisances scale its components.
    outer : frozenset of int
        Which nuisances experiments that are profiled alone have, too.
    """

    names: tuple[tuple[str | None, str], ...]
    pulls: tuple[Pull, ...]
    places: tuple[tuple[int, ...], ...]
    precision: np.ndarray
    scales: tuple[np.ndarray, ...]
    outer: frozenset[int] = frozenset()

    @cached_property
    def _sums(self) -> dict[int, int]:
        """For experiments whose signal several nuisances scale, by number: which of these their sum replaces."""
        out: dict[int, int] = {}
        for i, (places, scales) in enumerate(zip(self.places, self.scales, strict=True)):
            widths = np.abs(scales[0])
            alone = [k for k in np.flatnonzero(widths) if self._is_of_one(places[k])]
            own = [k for k in alone if not scales[1:, k].any()]
            if np.count_nonzero(widths) > 1 and own:
                # the widest: pulls of others would be differences of numbers that are larger by the ratio of widths
                widest, found = (max(some, key=widths.__getitem__) for some in (alone, own))
                out[i] = int(widest if widths[widest] > _FAR_WIDER * widths[found] else found)
        return out

    def _is_of_one(self, k: int) -> bool:
        """Return whether one experiment alone has a nuisance."""
        return self.shared_by(k) == 1 and k not in self.outer

    @cached_property
    def turn(self) -> Array:
        """Nuisances for those of the kernels, shape (nuisances, nuisances).

        Where several nuisances scale a signal, chi2 knows their sum better the larger the signal is, and at large
        couplings so much better than each that no digits of their pulls would be left in its second derivatives. So
        that the sum is a variable of the kernels, in the place of one of them, in units of its standard deviation.
        """
        out = np.eye(len(self.pulls))
        for i, k in self._sums.items():
            signal, places = self.scales[i][0], list(self.places[i])
            out[places[k], places] = -signal / signal[k]
            out[places[k], places[k]] = np.linalg.norm(signal) / signal[k]
        return out

    def turned(self, i: int) -> Array:
        """Return how the kernels' nuisances scale the components of an experiment."""
        if i not in self._sums:
            return self.scales[i]
        places, k = list(self.places[i]), self._sums[i]
        scales = self.scales[i] @ self.turn[np.ix_(places, places)]
        # but for rounding
        scales[0] = 0.0
        scales[0, k] = np.linalg.norm(self.scales[i][0])
        return scales

    @cached_property
    def origins(self) -> Array:
        """Return from where the kernels count their nuisances, shape (nuisances,): from where a component vanishes.

        Of a signal far beyond the data only what its normalisation leaves next to 0 is left, of which one that is
        1 + s x has no digits. Signals come first; those of `outer` are counted from 0.
        """
        found: dict[int, float] = {}
        all_scales = [self.turned(i) for i in range(len(self.places))]
        rows = [
            (places, row)
            for part in (slice(1), slice(1, None))
            for places, scales in zip(self.places, all_scales, strict=True)
            for row in scales[part]
        ]
        for places, row in rows:
            moved = np.flatnonzero(row)
            if moved.size == 1 and places[moved[0]] not in self.outer and abs(row[moved[0]]) * _FARTHEST >= 1.0:
                found.setdefault(places[moved[0]], -1.0 / float(row[moved[0]]))
        out = np.zeros(len(self.pulls))
        out[list(found)] = list(found.values())
        return out

    def bases(self, i: int) -> Array:
        """Return the normalisations of an experiment's components where the kernels' nuisances are 0."""
        out = 1.0 + self.turned(i) @ self.origins[list(self.places[i])]
        # what vanishes there does, whatever the rounding
        return np.where(np.abs(out) < 1e-12, 0.0, out)

    def index(self, name: str) -> int:
        """Return where a shared nuisance stands; -1 for nowhere."""
        key = (None, name)
        return self.names.index(key) if key in self.names else -1

    def shared_by(self, k: int) -> int:
        """Return how many experiments have a nuisance."""
        return sum(k in places for places in self.places)

    def make(self, terms: Sequence[PoissonTerm]) -> Joint:
        """Return the compiled sum."""
        low, high = (np.array([getattr(p, end) for p in self.pulls]) for end in ("low", "high"))
        root, origins = square_root(self.precision) @ self.turn, self.origins
        looks = [(k, np.array(pull.places) - origins[k]) for k, pull in enumerate(self.pulls) if pull.places]
        return Joint(terms, root, low - origins, high - origins, self.starts - origins, self.convex, -origins, looks)

    @property
    def convex(self) -> bool:
        """Whether all nuisances scale components alone."""
        return all(p.scales for p in self.pulls)

    def _nothing(self) -> Array:
        """Return where free normalisations leave nothing of what they scale."""
        most = np.zeros(len(self.pulls))
        for places, scales in zip(self.places, self.scales, strict=True):
            most[list(places)] = np.maximum(most[list(places)], scales.max(axis=0))
        free = np.array([math.isinf(pull.sigma) and pull.scales for pull in self.pulls])
        out = np.divide(-1.0, most, out=np.zeros(len(self.pulls)), where=free & (most > 0.0))
        return np.asarray(np.linalg.solve(self.turn, out))

    @cached_property
    def starts(self) -> Array:
        """From where minima are looked for, shape (n, nuisances): 0, then what deforms moved up and down in turn."""
        out = np.zeros((3, len(self.pulls)))
        moved = [k for k, pull in enumerate(self.pulls) if not pull.scales]
        looks = [(k, place) for k in moved for place in self.pulls[k].looks]
        for i, k in enumerate(moved):
            pull = self.pulls[k]
            sigma = pull.sigma if np.isfinite(pull.sigma) else np.inf
            up, down = min(pull.high / 2, _START * sigma), max(pull.low / 2, -_START * sigma)
            out[1:3, k] = (up, down) if i % 2 == 0 else (down, up)
        # what is far deformed may be below 0 in some bin: then other nuisances begin with nothing of it
        if any(pull.places and pull.told_in == "sigma" for pull in self.pulls):
            out = np.concatenate([out, self._nothing()[None]])
        alone = np.zeros((len(looks), len(self.pulls)))
        for row, (k, place) in zip(alone, looks, strict=True):
            row[k] = place
        return np.concatenate([out, alone]) if moved else out[:1]


def join(
    names: Sequence[str],
    statistics: Sequence[JointStatistic],
    correlations: Mapping[tuple[str, str], float] | None = None,
    alone: Collection[str] = (),
) -> Joined:
    """Return the nuisances of several experiments as one set, equal names being one where they may be shared.

    Parameters
    ----------
    names : sequence of str
        Of the experiments.
    statistics : sequence of JointStatistic
        Of the experiments.
    correlations : mapping of (str, str) to float, optional
        Between shared nuisances.
    alone : collection of str
        Names of nuisances that experiments which are profiled alone have.

    Raises
    ------
    InputError
        If nuisances of one name differ, there are too many, or the covariance is not positive definite.
    UnknownNameError
        If a correlated nuisance is not known.
    """
    found: dict[tuple[str | None, str], Pull] = {}
    places = []
    for name, statistic in zip(names, statistics, strict=True):
        for pull in statistic.pulls:
            key = None if pull.shared else name, pull.name
            known = found.setdefault(key, pull)
            if known != pull:
                raise InputError(
                    f"nuisance {checks.shown(pull.name)} of {checks.shown(name)} has another uncertainty or range than "
                    "elsewhere: equal names are one nuisance, rename one or correct it"
                )
            found[key] = replace(known, places=tuple(sorted({*known.places, *pull.places})))
        keys = list(found)
        places.append(tuple(keys.index((None if p.shared else name, p.name)) for p in statistic.pulls))
    check_floors(names, statistics, places)
    if len(found) > MOST_PULLS:
        raise InputError(f"{len(found)} nuisances are profiled together, at most {MOST_PULLS} can be: leave some out")
    return Joined(
        tuple(found),
        tuple(found.values()),
        tuple(places),
        _precision(list(found.items()), correlations or {}),
        tuple(statistic.scales for statistic in statistics),
        frozenset(k for k, (owner, name) in enumerate(found) if owner is None and name in alone),
    )


def _precision(pulls: list[tuple[Any, Pull]], correlations: Mapping[tuple[str, str], float]) -> Array:
    """Return the inverse covariance."""
    place = {key[1]: i for i, (key, _) in enumerate(pulls) if key[0] is None}
    correlated = np.eye(len(pulls))
    for pair, value in correlations.items():
        for name in pair:
            checks.known("correlated nuisance", name, place, _CORRELATED)
        i, j = (place[name] for name in pair)
        if i == j or any(math.isinf(pulls[k][1].sigma) for k in (i, j)):
            raise InputError(f"correlation of {pair[0]!r} and {pair[1]!r} needs two nuisances, each with a pull")
        correlated[i, j] = correlated[j, i] = value
    least = np.linalg.eigvalsh(correlated).min() if len(pulls) else 1.0
    if least < 1e-9:
        given = ", ".join(f"{a} and {b}: {value:g}" for (a, b), value in correlations.items())
        raise InputError(
            f"the covariance of the nuisances is not positive definite (correlations {given}): its least eigenvalue, "
            f"in units of the variances, is {least:.3g}; make correlations smaller, or leave some out"
        )
    weights = np.array([0.0 if math.isinf(p.sigma) else 1.0 / p.sigma for _, p in pulls])
    inverse: Any = np.linalg.inv(correlated) if correlations else correlated
    out: Array = inverse * np.outer(weights, weights)
    return out
