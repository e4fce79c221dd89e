"""chi2 along a mass for whose every value counts are folded anew: all minima, and the least over that mass.

A fold costs what ten thousand points at its mass do. So the mass is searched last: all other parameters are minimised
at the masses of a lattice, and between these the bottoms of valleys are found with a handful of further folds. Ends of
spectra move with the mass, and where they cross a step of the response chi2 has a kink; see `valleys`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.inference.descent import along_axes, descend, scales
from cevns.inference.minima import MOST, WITHIN, Minimum, at_the_wall, distinct, find_minima
from cevns.inference.profiled import HOPELESS, Profiled
from cevns.inference.valleys import bottom

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import Array
    from cevns.inference.objectives import Objective

__all__ = ["all_minima", "folded_basis", "has_kink", "moved", "profile_of", "slices"]

#: Masses of the lattice: evenly in their logarithm, evenly themselves, and ever nearer to ends of spectra.
EVENLY, LINEARLY, NEARER = 25, 25, 11
#: Ends of spectra near which masses are, and standard deviations of a prior.
MOST_ENDS, WITHIN_PRIOR = 4, 5
#: Rounds in which masses are added where chi2, the others minimised, is not straight between three of them: by how much
#: it is not, and how near masses may be, as a share of their logarithms' range.
ROUNDS, STRAIGHT, NEAREST = 3, 0.1, 1e-3
#: Masses at which all minima in the other parameters are looked for, and how many are followed from each.
LOOKS, FOLLOWED = 9, 6
#: Relative difference in chi2 below which neighbours lie on the same plateau.
PLATEAU = 1e-9
#: Valleys that are followed for each value of parameters of interest.
VALLEYS = 3
#: How often a distance is corrected in which chi2 changes by about 1, and the share of it at which kinks are sought.
STEPS, KINK = 12, 3e-3
#: First step of a search, as a share of the distance in which chi2 rises by 1/2.
STEP = 0.1


class _Slices:
    """Minima in all other parameters at the masses of a lattice.

    Attributes
    ----------
    places : ndarray, shape (m,)
        Masses, ascending, on the axis.
    starts : list of ndarray of shape (k, n)
        Points at each of them from which the others are minimised.
    """

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        step = _step(objective)
        self.low, self.high = float(objective.low[step]), float(objective.high[step])
        self.places = self._lattice()
        # where a value may be asked for, not where nothing is left
        looks = np.unique(np.linspace(0, len(self.places) - 2, LOOKS).astype(int))
        self._looks = [(self.places[i], self._all_at(self.places[i])) for i in looks]
        self.starts = [self._nearest(place) for place in self.places]

    def _lattice(self) -> Array:
        low, high, objective = self.low, self.high, self.objective
        even = np.linspace(low, high, EVENLY)
        # two that are nearly the same cost twice
        ends = np.log([mass for mass in objective.ceasing if mass > 0])
        ends = ends[np.diff(ends, append=np.inf) > 1e-3][-MOST_ENDS:]
        heaviest = np.exp(min([high, *ends[-1:]]))
        linear = np.log(np.linspace(np.exp(low), max(heaviest, np.exp(low)), LINEARLY))
        apart = np.abs(linear[:, None] - even).min(axis=1) > 0.1 * (high - low) / EVENLY
        # below each end of a spectrum what is left of it is ever less
        nearer = ends[:, None] + np.log1p(-(0.5 ** np.arange(2.0, 2.0 + NEARER)))
        last, prior = objective.last[_step(objective)], objective.parameters[_step(objective)].prior
        places = np.concatenate([even, linear[apart], nearer.ravel(), ends, [last - 1e-12]])
        if prior is not None:
            wanted = prior[0] + prior[1] * np.linspace(-WITHIN_PRIOR, WITHIN_PRIOR, 2 * WITHIN_PRIOR + 1)
            places = np.concatenate([places, np.log(wanted[wanted > 0])])
        found: Array = np.unique(places[(places >= low) & (places <= high) & ((places < last) | (places == high))])
        return found

    def _all_at(self, place: float) -> Array:
        """Return all minima at a mass, the least first, as points."""
        objective, step = self.objective, _step(self.objective)
        mass = float(objective.value(step, place))
        base = objective.base
        base[step] = place
        one = objective.at({objective.names[step]: mass})
        if one is None:
            return base[None]
        return objective.points_of(one, np.array([m.point for m in find_minima(one)[:FOLLOWED]]), base)

    def _nearest(self, place: float) -> Array:
        """Return the starts at a mass: minima at the nearest ones at which all were looked for."""
        near = sorted(self._looks, key=lambda look: abs(look[0] - place))[:2]
        out: Array = np.concatenate([points for _, points in near])
        out[:, _step(self.objective)] = place
        return out

    def least(self) -> tuple[Array, list[Array], list[Array]]:
        """Return the least chi2 at each mass, and all minima that the starts lead to with their chi2."""
        objective, step = self.objective, _step(self.objective)
        others = [i for i in range(len(objective.names)) if i != step]
        size = [len(rows) for rows in self.starts]
        points, chi2 = np.concatenate(self.starts), np.empty(0)
        if others:
            points, chi2, _ = descend(objective, points, others)
        else:
            chi2 = objective.chi2(points)
        ends = np.cumsum(size)[:-1]
        values = np.split(chi2, ends)
        return np.array([v.min() for v in values]), np.split(points, ends), values

    def refine(self) -> None:
        """Add masses where chi2 is not straight."""
        for _ in range(ROUNDS):
            chi2, u = self.least()[0], self.places
            straight = chi2[:-2] + (chi2[2:] - chi2[:-2]) * (u[1:-1] - u[:-2]) / (u[2:] - u[:-2])
            best = chi2.min()
            bent = (np.abs(straight - chi2[1:-1]) > STRAIGHT) & (chi2[1:-1] <= best + WITHIN)
            gaps = np.unique(np.concatenate([np.flatnonzero(bent), np.flatnonzero(bent) + 1]))
            gaps = gaps[(u[gaps + 1] - u[gaps]) > NEAREST * (self.high - self.low)]
            if not gaps.size:
                break
            self.places = np.sort(np.concatenate([u, 0.5 * (u[gaps] + u[gaps + 1])]))
            self.starts = [self._nearest(place) for place in self.places]


def _step(objective: Objective) -> int:
    if objective.step is None:
        raise ValueError("no parameter needs a fold for every value")
    return objective.step


def slices(objective: Objective) -> _Slices:
    """Return the slices of an objective, made once."""
    found = objective.kept.get("slices")
    if found is None:
        found = objective.kept["slices"] = _Slices(objective)
        found.refine()
    made: _Slices = found
    return made


def all_minima(objective: Objective) -> tuple[Minimum, ...]:
    """Return the local minima of chi2, the least first, as `find_minima` does, which calls this."""
    made, step = slices(objective), _step(objective)
    _, points, chi2 = made.least()
    starts = _candidates(objective, made.places, points, chi2)
    bases = np.tile(np.eye(len(objective.names)), (len(starts), 1, 1))
    gaps = np.diff(made.places)
    place = np.searchsorted(made.places, starts[:, step]).clip(1, len(gaps)) - 1
    # as far as to the neighbours, so that a search begins with a bracket
    bases[:, step, step] = gaps[place] / STEP
    found = distinct(objective, (), *moved(objective, starts, range(len(objective.names)), bases))
    at_ends = [at_the_wall(objective, m) for m in found if m.chi2 <= found[0].chi2 + WITHIN]
    return tuple(sorted(at_ends, key=lambda m: m.chi2))[:MOST]


def _candidates(objective: Objective, places: Array, points: Sequence[Array], chi2: Sequence[Array]) -> Array:
    """Return points of the lattice from which no way leads down to a neighbouring mass, one for each plateau."""
    step = _step(objective)
    others = [i for i in range(len(objective.names)) if i != step]
    rows, values = np.concatenate(points), np.concatenate(chi2)
    index = np.repeat(np.arange(len(places)), [len(p) for p in points])
    good = values <= values.min() + WITHIN
    rows, values, index = rows[good], values[good], index[good]
    lowest = np.ones(len(rows), dtype=bool)
    level = np.zeros(len(rows), dtype=bool)
    for side in (-1, 1):
        inside = np.flatnonzero((index + side >= 0) & (index + side < len(places)))
        beside = rows[inside].copy()
        beside[:, step] = places[index[inside] + side]
        there = descend(objective, beside, others)[1] if others else objective.chi2(beside)
        equal = np.abs(there - values[inside]) <= PLATEAU * (1 + np.abs(values[inside]))
        lowest[inside] &= (there >= values[inside]) | equal
        if side < 0:
            level[inside] |= equal
    # of a plateau the first point, from which a valley at its side is found as from any other
    chosen = rows[lowest & ~level]
    first = chosen if len(chosen) else rows[lowest][:1]
    order = np.lexsort((first[:, step],))
    kept: list[Array] = []
    for row in first[order]:
        if not any(np.allclose(row, other, rtol=1e-6, atol=1e-12) for other in kept):
            kept.append(row)
    return np.array(kept)


def moved(
    objective: Objective, points: Array, moving: Sequence[int], basis: Array | None = None
) -> tuple[Array, Array, Array]:
    """Return the local minima that points lead to where the mass moves too, as `descend` does, which calls this.

    Parameters
    ----------
    objective : Objective
        chi2.
    points : ndarray, shape (m, n)
        Where to start.
    moving : sequence of int
        Axes along which points move, that of the mass among them.
    basis : ndarray, shape (m, k, k), optional
        Directions, of which that of the mass says how far the first step is.
    """
    step, axes = _step(objective), list(moving)
    place, rest = axes.index(step), [i for i in axes if i != step]
    low, high = float(objective.low[step]), float(objective.high[step])
    known: list[dict[float, float]] = [{} for _ in points]
    first = np.full(len(points), 1e-2 * (high - low))
    if basis is not None:
        first = STEP * np.abs(basis[:, place]).max(axis=1)
    search = _Search(objective, points, rest, first.clip(1e-6 * (high - low), 0.1 * (high - low)))
    search.run(known)
    return search.points, search.chi2, search.basis(axes, high - low)


class _Search:
    """Searches for the bottoms of many valleys, whose masses are folded together.

    Parameters
    ----------
    objective : Objective
        chi2.
    points : ndarray, shape (m, n)
        Where to start.
    rest : sequence of int
        Axes along which the others move.
    first : ndarray, shape (m,)
        First steps along the mass.
    """

    def __init__(self, objective: Objective, points: Array, rest: Sequence[int], first: Array) -> None:
        self.objective, self.rest, self.first = objective, list(rest), first
        self.step = _step(objective)
        self.bases = along_axes(scales(objective, points, self.rest)) if self.rest else np.empty((len(points), 0, 0))
        self.points, self.chi2 = points.copy(), np.full(len(points), np.inf)
        self._samples: list[dict[float, tuple[float, Array]]] = [{} for _ in points]

    def _ask(self, which: Sequence[int], places: Sequence[float]) -> Array:
        """Return chi2 at masses, the others minimised from the nearest points that are known."""
        rows = np.empty((len(which), self.points.shape[1]))
        for k, (i, place) in enumerate(zip(which, places, strict=True)):
            samples = self._samples[i]
            nearest = min(samples, key=lambda u: abs(u - place)) if samples else None
            rows[k] = self.points[i] if nearest is None else samples[nearest][1]
            rows[k, self.step] = place
        bases = self.bases[list(which)]
        if self.rest:
            rows, chi2, bases = descend(self.objective, rows, self.rest, bases)
        else:
            chi2 = self.objective.chi2(rows)
        for k, i in enumerate(which):
            self._samples[i][float(places[k])] = float(chi2[k]), rows[k]
            self.bases[i] = bases[k]
        return chi2

    def run(self, known: Sequence[Mapping[float, float]]) -> None:
        """Find all bottoms; values at some masses may be known."""
        low, high = float(self.objective.low[self.step]), float(self.objective.high[self.step])
        every = list(range(len(self.points)))
        starts = [float(u) for u in self.points[:, self.step]]
        values = self._ask(every, starts).tolist()
        going: list[tuple[int, Any, float]] = []
        for i in every:
            search = bottom({**known[i], starts[i]: values[i]}, float(self.first[i]), low, high)
            going.append((i, search, np.nan))
        going = _advanced(going, first=True)
        while going:
            found = self._ask([i for i, *_ in going], [place for *_, place in going])
            going = _advanced(
                [(i, search, value) for (i, search, _), value in zip(going, found.tolist(), strict=True)], first=False
            )
        for i, samples in enumerate(self._samples):
            chi2, point = min(samples.values(), key=lambda sample: sample[0])
            self.points[i], self.chi2[i] = point, chi2

    def basis(self, axes: Sequence[int], widest: float) -> Array:
        """Return directions at the bottoms, as `descend` does."""
        out = np.zeros((len(self.points), len(axes), len(axes)))
        place, rest = list(axes).index(self.step), [k for k, i in enumerate(axes) if i != self.step]
        for i, samples in enumerate(self._samples):
            out[np.ix_([i], rest, rest)] = self.bases[i]
            size, shift = 0.5 * widest, np.zeros(self.points.shape[1])
            risen = [(chi2 - self.chi2[i], u, point) for u, (chi2, point) in samples.items() if u != self._place(i)]
            # from what is nearest to a rise of 1/2, as on a parabola
            risen = [one for one in risen if one[0] > 1e-6]
            if risen:
                rise, u, point = min(risen, key=lambda one: abs(np.log(one[0] / 0.5)))
                share = np.sqrt(0.5 / rise)
                size, shift = min(share * abs(u - self._place(i)), size), share * (point - self.points[i])
            out[i, place, place] = size
            # with them, the others go as far as they did
            longest = np.abs(self.bases[i]).max(axis=1) if len(rest) else np.empty(0)
            out[i, rest, place] = shift[[axes[k] for k in rest]].clip(-longest, longest)
        return out

    def _place(self, i: int) -> float:
        return float(self.points[i, self.step])


def _advanced(going: Sequence[tuple[int, Any, float]], *, first: bool) -> list[tuple[int, Any, float]]:
    """Return the searches that ask for another place, with it, after they were sent values."""
    out = []
    for i, search, value in going:
        try:
            out.append((i, search, float(next(search) if first else search.send(value))))
        except StopIteration:
            continue
    return out


def folded_basis(objective: Objective, point: Array, axes: Sequence[int]) -> Array:
    """Return directions at a minimum along which chi2 changes by about 1, the mass among them, shape (1, k, k)."""
    step, axes = _step(objective), list(axes)
    rest = [i for i in axes if i != step]
    out = along_axes(np.ones((1, len(axes))))
    place, others = axes.index(step), [k for k, i in enumerate(axes) if i != step]
    if rest:
        scale = along_axes(scales(objective, point, rest))
        out[np.ix_([0], others, others)] = descend(objective, point, rest, scale, steps=4)[2]
    room = 0.5 * min(objective.high[step] - point[0, step], point[0, step] - objective.low[step])
    size = room
    for _ in range(STEPS):
        risen = float(np.abs(_beside(objective, point, size) - objective.chi2(point)).max())
        if risen <= 1.0:
            break
        size *= max(risen**-0.5, 0.1)
    out[0, place, place] = size
    return out


def _beside(objective: Objective, point: Array, size: float) -> Array:
    """Return chi2 on both sides of a point along the mass."""
    rows = np.repeat(point, 2, axis=0)
    rows[:, _step(objective)] += np.array([size, -size])
    return objective.chi2(rows)


def has_kink(objective: Objective, point: Array, axes: Sequence[int]) -> bool:
    """Return whether slopes on both sides of a minimum differ, however near one looks, so that it has no curvature."""
    if objective.step is None or objective.step not in axes:
        return False
    size = KINK * float(folded_basis(objective, point, axes)[0].diagonal()[list(axes).index(objective.step)])
    least = objective.chi2(point)[0]
    wide, narrow = (float(_beside(objective, point, s).sum() - 2 * least) for s in (size, 0.1 * size))
    # a tenth of the way a parabola rises a hundredth, a kink a tenth
    return narrow > 0.03 * wide


def profile_of(
    objective: Objective, names: Sequence[str], minima: Sequence[Minimum] | None = None, highest: float = np.inf
) -> Profiled:
    """Return chi2 with all but some parameters profiled; see `Profiled`, which does where no mass is among them."""
    if objective.step is None or objective.names[objective.step] in names:
        return Profiled(objective, names, minima, highest)
    return _OverMasses(objective, names, minima, highest)


class _OverMasses(Profiled):
    """chi2 with a mass among the profiled parameters for whose every value counts are folded anew."""

    def _prepare(self) -> None:
        # everything begins from the lattice
        self._slices = slices(self.objective)
        self._rest = [i for i in self.moving if i != self.objective.step]

    def __call__(self, values: Array, starts: Array | None = None) -> tuple[Array, Array]:
        """Return the least chi2 at values of the parameters of interest, and the points; see `Profiled`."""
        rows, known, owner = self._from_lattice(values)
        chi2, points = self._searched(rows, known)
        if starts is not None:
            more = starts.reshape(-1, starts.shape[-1]).copy()
            which = np.repeat(np.arange(len(values)), starts.shape[1])
            more[:, self.fixed] = values[which]
            found, at = self._searched(more, [{} for _ in more])
            chi2, points, owner = (np.concatenate(p) for p in ((chi2, found), (points, at), (owner, which)))
        best = np.lexsort((chi2, owner))
        best = best[np.concatenate([[True], np.diff(owner[best]) > 0])]
        return self._met(chi2[best], points[best])

    def _from_lattice(self, values: Array) -> tuple[Array, list[dict[float, float]], np.ndarray]:
        """Return where to search: points, chi2 at masses around them, and to which value they belong."""
        objective, lattice = self.objective, self._slices.places
        starts = self._slices.starts
        size = [len(s) if self._rest else 1 for s in starts]
        one = np.concatenate([s[:k] for s, k in zip(starts, size, strict=True)])
        rows = np.repeat(one[None], len(values), axis=0)
        rows[:, :, self.fixed] = values[:, None, :]
        rows = rows.reshape(-1, rows.shape[-1])
        if self._rest:
            rows, chi2, _ = descend(objective, rows, self._rest)
        else:
            chi2 = objective.chi2(rows)
        rows, chi2 = rows.reshape(len(values), len(one), -1), chi2.reshape(len(values), -1)
        ends = np.concatenate([[0], np.cumsum(size)])
        least = np.minimum.reduceat(chi2, ends[:-1], axis=1)
        points, known, owner = [], [], []
        for i, row in enumerate(least):
            padded = np.pad(row, 1, constant_values=np.inf)
            valleys = np.flatnonzero((row <= padded[:-2]) & (row < padded[2:]) & (row <= row.min() + HOPELESS))
            for k in valleys[np.argsort(row[valleys], kind="stable")][:VALLEYS]:
                at = ends[k] + int(chi2[i, ends[k] : ends[k + 1]].argmin())
                points.append(rows[i, at])
                near = range(max(k - 2, 0), min(k + 3, len(lattice)))
                known.append({float(lattice[j]): float(row[j]) for j in near})
                owner.append(i)
        return np.array(points), known, np.array(owner)

    def _searched(self, rows: Array, known: Sequence[Mapping[float, float]]) -> tuple[Array, Array]:
        step = _step(self.objective)
        width = float(self.objective.high[step] - self.objective.low[step])
        search = _Search(self.objective, rows, self._rest, np.full(len(rows), 1e-2 * width))
        search.run(known)
        return search.chi2, search.points

    def along(self, values: Array, sweeps: int = 100) -> tuple[Array, Array]:
        """Return the same for ascending values of one parameter: the lattice knows all valleys of each."""
        return self(values)

    def from_starts(self, values: Array, starts: Array, bases: Array) -> tuple[Array, Array, Array]:
        """Return least chi2 near one start for each value; see `Profiled`."""
        rows = starts.copy()
        rows[:, self.fixed] = values
        points, chi2, bases = moved(self.objective, rows, self.moving, bases)
        return *self._met(chi2, points), bases

    def bases(self, count: int) -> Array:
        """Return directions to start with."""
        step = _step(self.objective)
        out = np.tile(np.eye(len(self.moving)), (count, 1, 1))
        out[:, self.moving.index(step)] *= 0.1 * (self.objective.high[step] - self.objective.low[step])
        return out
