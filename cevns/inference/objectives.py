"""chi2 as a function of the parameters that are free, on axes on which it is smooth."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.inference.assumptions import about
from cevns.inference.axes import LIGHTEST, Axes
from cevns.inference.inner import convex_box
from cevns.inference.unseen import without_effect
from cevns.parameters import LARGEST_COUPLING, chosen, unused_prior
from cevns.threads import checked, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array, Model
    from cevns.inference.flats import Flat
    from cevns.inference.floors import Floors
    from cevns.inference.minima import Minimum
    from cevns.likelihoods import Likelihood
    from cevns.parameters import Parameter

__all__ = ["Objective", "mass_range"]

#: The masses of mediators [MeV] that are searched unless a range is given: those of the paper's figures.
MASS_RANGE = 0.1, 1e4
#: Change of chi2, relative to 1 + chi2, below which a parameter is without effect.
NOTHING = 1e-10
#: Standard deviation of a prior, as a share of its mean, below which numbers cannot tell chi2 around it.
NARROWEST = 1e-9
#: Multiples of the part of the ranges in which chi2 has structure along the axes, in which it may be convex in eta.
INNER = (30.0, 10.0, 3.0)
#: How far from the base points are that tell whether chi2 knows a sign.
DISTANCES = 10.0 ** np.linspace(-12.0, 3.0, 61)
#: chi2 of points of which it is not known: above all that is known of others.
UNKNOWN = 1e100


def mass_range(parameter: Parameter) -> tuple[float, float]:
    """Return the masses of a mediator that are searched unless a range is given: 0.1 MeV to 10 GeV, if allowed."""
    return max(MASS_RANGE[0], parameter.low), min(MASS_RANGE[1], parameter.high)


def check_prior(parameter: Parameter) -> None:
    """Refuse a prior of a free parameter that is as good as a value, but leaves chi2 around it to rounding.

    Raises
    ------
    InputError
        If it is narrower than a billionth of its mean.
    """
    mean, sigma = parameter.prior or (0.0, math.inf)
    if sigma < NARROWEST * abs(mean):
        raise InputError(
            f"the prior of {parameter.name}, {mean!r} +- {sigma:g}, is too narrow for a parameter that is free: below "
            f"{NARROWEST * abs(mean):g} rounding decides chi2; fix it, {parameter.name}={mean!r}, or widen its prior"
        )


class Objective(Axes):
    """chi2 of an interaction as a function of its free parameters, all others fixed.

    Parameters
    ----------
    likelihood : Likelihood
        What is minimised.
    interaction : str or Interaction
        Interaction.
    free : sequence of str
        Names of the free parameters, at least one.
    fixed : mapping of str to float
        Values of others; what is neither free nor fixed has its default.
    bounds : mapping of str to (float, float), optional
        Narrower ranges of free parameters.
    priors : mapping of str to (float, float), optional
        Gaussian constraints, mean and standard deviation.
    plain : sequence of str
        Parameters that have their own axis, or a logarithmic one, whatever they are.
    num_threads : int
        Threads over many points.

    Attributes
    ----------
    given : tuple of str
        Free parameters in the order in which they were named.
    known : dict
        All parameters that chi2 depends on, by name.
    inert : dict
        The others, with the values that they are left at.
    step : int or None
        The column of a mass for whose every value counts are folded anew: a thousand times as much work as a point.
    beyond : dict
        That parameter by its name, with the whole range, if the end of it that is searched is where it loses its
        effect.
    ceasing : tuple of float
        Values of it at which something ceases to be seen, and chi2 changes more the nearer it is.
    kept : dict
        What is computed once, also for the same on other axes.

    Raises
    ------
    UnknownNameError
        If a parameter is not known.
    InputError
        If none is free, one is free and fixed, has neither a value nor a default, or is out of range; if the prior of
        one is narrower than numbers can tell; or if chi2 depends on none of them.
    """

    _all: dict[str, Parameter]

    def __init__(
        self,
        likelihood: Likelihood,
        interaction: Model,
        free: Sequence[str] | str,
        fixed: Mapping[str, Any],
        *,
        bounds: Mapping[str, tuple[float, float]] | None = None,
        priors: Mapping[str, tuple[float, float]] | None = None,
        plain: Sequence[str] = (),
        num_threads: int = 1,
    ) -> None:
        self.num_threads = checked(num_threads)
        self._arguments = likelihood, interaction, fixed, bounds, priors
        self.interaction = interaction
        if not hasattr(likelihood, "experiments"):
            raise InputError(f"likelihood must be a Likelihood or an Experiment, got {checks.shown(likelihood)}")
        likelihood = likelihood.constrained(priors)
        self.name, self.label = likelihood.describe(interaction)
        self.experiments = likelihood.experiments
        #: What they leave out that matters, in plain sentences.
        self.omissions = likelihood.omissions(interaction)
        self.known = known = {p.name: p for p in likelihood.parameters(interaction)}
        given = {name: value for name, value in fixed.items() if value is not None}
        free, self.fixed = chosen(tuple(known.values()), free, given)
        if not free:
            raise InputError(f"no parameter is free: name at least one of {', '.join(known)}")
        for name in free:
            if free.count(name) > 1:
                raise InputError(f"{name} is named twice: every parameter is free, profiled or an axis once")
            if name in given:
                raise InputError(f"{name} cannot be free and have the value {given[name]}: leave one out")
            check_prior(known[name])
        own = likelihood.own_parameters(interaction)
        #: Names of the interaction's own parameters; others are radii and the weak angle.
        self.own = frozenset(own)
        values = dict(self.fixed)
        for name in own:
            if name not in free and name not in values:
                if known[name].default is None:
                    unit = f" in {known[name].unit}" if known[name].unit else ""
                    raise InputError(
                        f"{name} is neither free nor has it a value: free it, profile it, or give its value{unit}"
                    )
                if known[name].prior is not None:
                    raise InputError(unused_prior(known[name]))
                values[name] = known[name].number(None)
        self.given, self.inert = free, dict[str, float]()
        self.kept: dict[str, Any] = {}
        #: Flat directions at minima that were looked at.
        self.flat: dict[Minimum, list[Flat]] = {}
        self._propagators = likelihood.propagators(interaction)
        for _ in range(2):
            moving = [name for name in free if name not in self.inert]
            others = tuple(name for name in moving if name not in own)
            self.evaluator = likelihood.bind(interaction, free=others, priors=None, **values, **self.inert)
            self.engine = self.evaluator.engine.prepare()
            self._data = likelihood.of_data(self.engine)
            self.names = self.evaluator.names
            if not self.inert:
                self._ranges(bounds, likelihood.mediators(interaction))
                self._limit(likelihood.heaviest(interaction))
                self._all = dict(zip(self.names, self.parameters, strict=True))
            self.parameters = tuple(self._all[name] for name in self.names)
            self.logarithmic = np.array([name in likelihood.mediators(interaction) for name in self.names])
            stepped = [i for i, name in enumerate(self.names) if name in getattr(self.engine, "stepped", ())]
            self.step = stepped[0] if stepped else None
            self._set_axes(plain)
            self._inner: tuple[Array, Array, Any] | None = None
            if self.inert or not self._find_inert():
                break
        #: Values of all parameters of the interaction that are not free, by name.
        self.others = values | self.inert
        self._find_inner(likelihood, interaction, self.others)

    def _ranges(self, bounds: Mapping[str, tuple[float, float]] | None, mediators: frozenset[str]) -> None:
        """Set the ranges that are searched, and the axes."""
        if bounds is not None and not isinstance(bounds, Mapping):
            raise InputError(f"bounds must be a mapping of names to (low, high), got {checks.shown(bounds)}")
        self.bounds = {}
        for name, pair in (bounds or {}).items():
            checks.known("free parameter in bounds", name, self.names)
            parameter = self.evaluator.parameters[self.names.index(name)]
            low, high = checks.ascending(f"bounds of {name}", pair, unit=parameter.unit, length=2).tolist()
            for end in (low, high):
                parameter.number(end)
            self.bounds[name] = low, high
        parameters = []
        for p in self.evaluator.parameters:
            low, high = self.bounds.get(p.name, mass_range(p) if p.name in mediators else (p.low, p.high))
            parameters.append(p.replace(low=low, high=high, default=None))
        self.parameters = tuple(parameters)

    def _limit(self, heaviest: Mapping[str, tuple[float, ...]]) -> None:
        """Let masses of final leptons end where heavier ones are not seen: nothing depends on these any more.

        Raises
        ------
        InputError
            If nothing else is left of the range, or several of them are free.
        """
        self.beyond: dict[str, Parameter] = {}
        self.ceasing: tuple[float, ...] = ()
        found = [p for p in self.parameters if p.name in getattr(self.engine, "stepped", ())]
        if len(found) > 1:
            names = " and ".join(p.name for p in found)
            raise InputError(
                f"{names} of {self.name!r} are masses of final leptons, for whose every value counts are folded anew: "
                f"one of them can be free at a time; give others a value, {found[1].name}=..., one after the other"
            )
        for p in found:
            self.ceasing = heaviest[p.name]
            highest = self.ceasing[-1]
            if p.prior is not None:
                # on which chi2 depends wherever it is
                continue
            if p.low >= highest:
                raise InputError(
                    f"bounds of {p.name} begin at {p.low:g} {p.unit}, where chi2 does not depend on it: of leptons "
                    f"heavier than {highest:g} {p.unit} no recoil is observed; begin below that"
                )
            if p.high > highest:
                self.beyond[p.name] = p
                self.parameters = tuple(q.replace(high=highest) if q is p else q for q in self.parameters)

    def _find_inert(self) -> dict[str, float]:
        """Find the parameters on which chi2 depends nowhere that is looked at, and return them.

        What data tell of one parameter would be lost in the prior of another one, which may be enormous there.

        Raises
        ------
        InputError
            If these are all.
        """
        base, n = self.base, len(self.names)
        sizes = 10.0 ** np.arange(-12.0, 4.0)
        points = np.concatenate(
            [base[None], *(np.where(self.logarithmic, base, base + s * sizes[:, None]) for s in (1, -1))]
        )
        points = points.clip(self.low, self.high)
        for i, name in enumerate(self.names):
            if self.parameters[i].prior is not None:
                continue
            places = np.concatenate([[self.low[i], self.high[i]], base[i] + np.array([-1e-3, 1e-3, -1.0, 1.0])])
            places = places.clip(max(self.low[i], -1e6), min(self.high[i], 1e6))
            rows = np.repeat(points[:, None, :], 1 + places.size, axis=1)
            rows[:, 1:, i] = places
            chi2 = self.of_data(rows.reshape(-1, n)).reshape(len(points), -1)
            if (np.ptp(chi2, axis=1) <= NOTHING * (1 + np.abs(chi2).min(axis=1))).all():
                self.inert[name] = float(self.to_values(base)[i])
        if len(self.inert) == n:
            raise InputError(self.without_effect(*self.given))
        return self.inert

    def without_effect(self, *names: str) -> str:
        """Return what to say of parameters on which chi2 does not depend: nothing does, or their bounds are narrow."""
        likelihood, interaction, fixed, _, priors = self._arguments
        for name in (name for name in names if name in self.bounds):
            low, high = self.bounds[name]
            wide = {other: ends for other, ends in self.bounds.items() if other != name}
            try:
                inert = name in Objective(likelihood, interaction, self.given, fixed, bounds=wide, priors=priors).inert
            except InputError:
                inert = True
            if not inert:
                return (
                    f"bounds of {name}, from {low!r} to {high!r}, are too narrow: chi2 does not change between them; "
                    f"give wider ones, or fix it, {name}={low:g}"
                )
        blind = [e.omissions(self.interaction)[0] for e in self.experiments if getattr(e, "blind", False)]
        return "; ".join([without_effect((e.name for e in self.experiments), self.name, names), *blind])

    def _find_inner(self, likelihood: Likelihood, interaction: Model, fixed: Mapping[str, float]) -> None:
        """Find a part of the ranges in which chi2 is convex in the quenching scale, and so twenty times as fast.

        Over ranges that are there to keep numbers finite it hardly ever is.
        """
        if self.logarithmic.any() or not any(term.searched for term in getattr(self.engine, "terms", ())):
            return
        from cevns.inference.minima import extents

        below, above = extents(self, self.base[None])
        for factor in INNER:
            low = np.maximum(self.low, self.base - factor * below[0])
            high = np.minimum(self.high, self.base + factor * above[0])
            self._inner = convex_box(self.evaluator.parameters, likelihood, interaction, fixed, low, high)
            if self._inner is not None or not (low < high).all():
                return

    def focused(self, low: Array, high: Array) -> Objective:
        """Return the same, as fast as can be in a box of all parameters, shapes (n,); itself if nothing is gained."""
        if self.logarithmic.any() or not any(term.searched for term in getattr(self.engine, "terms", ())):
            return self
        likelihood, interaction, _, _, priors = self._arguments
        low, high = low.clip(self.low, self.high), high.clip(self.low, self.high)
        data = likelihood.constrained(priors)
        inner = convex_box(self.evaluator.parameters, data, interaction, self.others, low, high)
        other = copy.copy(self)
        other._inner = inner
        for name in ("floors", "dear"):
            other.__dict__.pop(name, None)
        return self if inner is None else other

    def _set_axes(self, plain: Sequence[str]) -> None:
        ending = self.step if self.step is not None and self.names[self.step] in self.beyond else None
        self.set_axes(self._propagators, plain, ending)

    def on_axes(self, plain: Sequence[str]) -> Objective:
        """Return the same with plain axes of some parameters; itself if that changes nothing."""
        if not any(self.names[i] in plain for i, *_ in self.units):
            return self
        other = copy.copy(self)
        other._set_axes(plain)
        other.__dict__.pop("floors", None)
        return other

    @property
    def about(self) -> dict[str, Any]:
        """What every `Result` says beside its numbers, but for the parameters."""
        likelihood, interaction, _, _, priors = self._arguments
        return about(likelihood.constrained(priors), interaction, self.fixed) | {
            "symbols": {name: self.known[name].label for name in self.given},
        }

    def parameter(self, name: str) -> Parameter:
        """Return a free parameter with its range, or the part of it that bounds leave."""
        return self.beyond.get(name, self._all[name])

    def at(self, values: Mapping[str, float]) -> Objective | None:
        """Return the same with some free parameters at values; None if no other is left, or chi2 depends on none.

        Its axes may be others.
        """
        likelihood, interaction, fixed, bounds, priors = self._arguments
        others = [name for name in self.names if name not in values]
        if not others:
            return None
        narrower = {name: ends for name, ends in (bounds or {}).items() if name in others}
        values = {**fixed, **self.inert, **values}
        try:
            return Objective(
                likelihood, interaction, others, values, bounds=narrower, priors=priors, num_threads=self.num_threads
            )
        except InputError:
            # all else was found to be right before
            return None

    def points_of(self, other: Objective, points: Array, start: Array) -> Array:
        """Return points of the same with fewer free parameters, shape (m, k), as points here, the rest as in a row."""
        rows = np.tile(self.to_values(start[None]), (len(points), 1))
        rows[:, [self.names.index(name) for name in other.names]] = other.to_values(points)
        found: Array = self.to_points(rows).clip(self.low, self.high)
        return found

    def open_end(self, name: str, side: int) -> float:
        """Return how the end of a range stands in results: infinite, unless the parameter itself begins there.

        Of a coupling of which only the square counts, 0 is no end of what is searched.
        """
        low = self._all[name].low
        return low if side < 0 and low == self._all[name].origin == self.known[name].low else side * math.inf

    @cached_property
    def even(self) -> list[int]:
        """Columns of parameters whose sign alone chi2 does not know, as of flavour-changing couplings of one quark."""
        if self.step is not None:
            # at a mass from which nothing is seen chi2 knows no sign, whatever it knows elsewhere
            return []
        # all at once, since a product of two parameters may have a sign where each alone has none
        angles = np.outer(np.arange(1.0, DISTANCES.size + 1), np.arange(1.0, len(self.names) + 1))
        rows = self.base + DISTANCES[:, None] * np.sin(angles)
        rows = np.where(self.logarithmic, self.base, rows).clip(self.low, self.high)
        start, found = self.of_data(rows), []
        for i, p in enumerate(self.parameters):
            if self.logarithmic[i] or p.origin != 0 or self.low[i] != -self.high[i]:
                continue
            if p.prior is not None and p.prior[0] != 0:
                continue
            flipped = rows.copy()
            flipped[:, i] *= -1
            if (np.abs(self.of_data(flipped) - start) <= NOTHING * (1 + np.abs(start))).all():
                found.append(i)
        return found

    @cached_property
    def floors(self) -> Floors:
        """The valleys of flat minima on these axes."""
        from cevns.inference.floors import Floors

        return Floors(self)

    def chi2(self, points: Array) -> Array:
        """Return chi2 of points, shape (m, n), inside the ranges."""
        rows = np.ascontiguousarray(self.to_values(points) if self.logarithmic.any() else points)
        if self._inner is None:
            return self._points(self.engine, rows)
        low, high, engine = self._inner
        inside = ((rows >= low) & (rows <= high)).all(axis=1)
        if inside.all():
            return self._points(engine, rows)
        out = np.empty(len(rows))
        out[inside] = self._points(engine, rows[inside])
        out[~inside] = self._points(self.engine, rows[~inside])
        return out

    def nuisances(self, point: Array) -> tuple[str, ...]:
        """Return what has to be said of nuisances at one point: that they end at their range."""
        found: tuple[str, ...] = self._arguments[0].remarks(self.evaluator, self.to_values(point))
        return found

    def of_data(self, points: Array) -> Array:
        """Return chi2 of points without what priors add to it."""
        return self._points(self._data, np.ascontiguousarray(self.to_values(points)))

    def _points(self, engine: Any, rows: Array) -> Array:
        out = np.empty(len(rows))
        share(lambda part: engine.points(rows[part], out[part]), len(rows), len(rows), self.num_threads)
        unknown = np.isnan(out)
        if unknown.any():
            # no way leads there, of which results say something; differences of it are numbers
            out[unknown] = UNKNOWN
            self.kept["unknown"] = True
        return out

    @cached_property
    def dear(self) -> bool:
        """Whether a point costs so much that gradients, one call of the kernels each, are less than differences."""
        # along a mass that needs folds there are kinks, and no gradients
        if self._inner is not None or self.step is not None:
            return False
        # with a mass a radius is a new fold, in all pieces of the quenching scale if all of it is searched
        radii = any(name.startswith("rn_") for name in self.names if name not in self.own)
        terms = getattr(self.engine, "terms", ())
        return radii and bool(self.logarithmic.any() or any(term.searched for term in terms))

    def gradients(self, points: Array) -> tuple[Array, Array]:
        """Return chi2 and its gradient at points, shape (m, n), from the kernels."""
        chi2, slopes = np.empty(len(points)), np.empty(points.shape)
        ends = np.array([[p.low, p.high] for p in self.parameters]).T
        # units may miss the end of a range by rounding
        values = self.to_values(points).clip(*ends)
        for k, row in enumerate(values.tolist()):
            chi2[k], slopes[k] = self.evaluator.gradient(*row)
        return chi2, self.to_slopes(values, slopes)

    @property
    def base(self) -> Array:
        """The point from which parameters are first varied: `origin`, or what is next to it within a prior."""
        values = self.to_values(self.origin)
        for i, p in enumerate(self.parameters):
            if p.prior is not None:
                mean, sigma = p.prior
                values[i] = min(max(min(max(values[i], mean - sigma), mean + sigma), p.low), p.high)
        return self.to_points(values).clip(self.low, self.high)

    @property
    def origin(self) -> Array:
        """The point where amplitudes vanish, or the default, whatever priors say."""
        found = np.empty(len(self.names))
        for i, (p, searched) in enumerate(zip(self.evaluator.parameters, self.parameters, strict=True)):
            value = p.default if p.default is not None else p.origin
            if self.logarithmic[i]:
                value = math.sqrt(max(searched.low, LIGHTEST) * searched.high)
            elif not searched.low <= value <= searched.high:
                ends = max(searched.low, -LARGEST_COUPLING), min(searched.high, LARGEST_COUPLING)
                # a radius without a default: where nuclei are
                value = min(max(5.0 if p.unit == "fm" else value, ends[0]), ends[1])
            found[i] = value
        return self.to_points(found)
