"""Ends of the interval of one parameter that data are expected to allow, others profiled."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.inference.assumptions import about
from cevns.inference.bands import SIGMAS
from cevns.inference.expected_limits import around, moved_data
from cevns.inference.intervals import interval
from cevns.inference.levels import delta_chi2
from cevns.inference.minima import find_minima
from cevns.inference.objectives import Objective
from cevns.inference.remarks import ONE_NAME, shown_values
from cevns.inference.searches import Search
from cevns.inference.sensitivities import METHODS, MOST_TOYS, Sensitivity, blind, of_no_data, told_at, variants
from cevns.threads import checked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array, ArrayLike, Model
    from cevns.inference.intervals import Interval
    from cevns.likelihoods import Likelihood
    from cevns.likelihoods.draws import Drawn

__all__ = ["expected_interval", "search_over", "true_values"]

#: Values at which chi2 of toys is computed, and how far beyond the ends of the bands, in their widths. Between two of
#: them the root of delta chi2 is a straight line, which of a parabola it is.
VALUES, MARGIN = 49, 0.5


def expected_interval(
    likelihood: Likelihood,
    interaction: Model,
    name: str,
    *,
    cl: float = 0.90,
    profiled: Sequence[str] | str = (),
    bands: str = "asimov",
    toys: int = 1000,
    nuisances: str = "fluctuated",
    seed: int = 0,
    exposure: ArrayLike | None = None,
    threshold: ArrayLike | None = None,
    truth: Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    num_threads: int = 1,
    **fixed: float,
) -> Sensitivity:
    """Return the interval of one parameter that is expected to be allowed, its median and bands, others profiled.

    The median is the interval of Asimov data, the counts that are predicted for the true values. Bands are those of
    data that are expected where the parameter has the values which Asimov data tell apart from the true one with 1 and
    2 standard deviations, and counts as far to the other side if none of these goes there; or quantiles of toys, found
    to about a percent of their width. Of disjoint intervals the outermost ends count.

    Parameters
    ----------
    likelihood : Likelihood
        Of planned experiments, or of others, whose data do not matter.
    interaction : str or Interaction
        Interaction.
    name : str
        Parameter.
    cl : float
        Confidence level, for one degree of freedom.
    profiled : sequence of str
        Parameters over which chi2 is minimised at each value.
    bands, toys, nuisances, seed, exposure, threshold
        As of `sensitivity`.
    truth : mapping of str to float, optional
        True values of `name` and of what is profiled; unless given those of the standard model.
    bounds : mapping of str to (float, float), optional
        As of `fit`.
    num_threads : int
        Threads over toys and over points.
    **fixed : float
        Values of other parameters.

    Returns
    -------
    Sensitivity
        With `lower` unless the true value is the lowest one.

    Raises
    ------
    InputError
        If a value is missing or out of range, chi2 does not depend on the parameter, or exposures and thresholds are
        both given.
    UnknownNameError
        If a name is not known.

    Examples
    --------
    >>> import cevns
    >>> argon = cevns.load("coherent-argon-2020")
    >>> found = expected_interval(argon, "sm", "sin2_theta_w", cl=0.6827, exposure=[1, 10])
    >>> found.upper.round(2).tolist()
    [[0.17, 0.24, 0.3, 0.36, 0.42], [0.22, 0.24, 0.27, 0.3, 0.34]]
    """
    checks.instance("name", name, str, ONE_NAME)
    checks.known("bands", bands, METHODS)
    toys = checks.whole("toys", toys, low=20, high=MOST_TOYS) if bands == "toys" else 0
    num_threads = checked(num_threads)
    cl, level = checks.confidence_level(cl), delta_chi2(cl, 1)
    profiled = (profiled,) if isinstance(profiled, str) else tuple(checks.sequence("profiled", profiled, str))
    fixed = {key: value for key, value in fixed.items() if value is not None}
    true = true_values(likelihood, interaction, (name, *profiled), truth, fixed)
    ends = ExpectedEnds(
        interaction, name, true, profiled, cl, level, fixed, {"bounds": bounds, "num_threads": num_threads}
    )
    if bounds is not None:
        checks.instance("bounds", bounds, Mapping, "a mapping of parameters to their ranges")
    varied = variants(likelihood, exposure, threshold)
    likelihoods = [likelihood] if varied is None else varied[2]
    known = {p.name: p for p in likelihood.parameters(interaction)}
    parameter = known[name]
    low, high = (bounds or {}).get(name, (parameter.low, parameter.high))
    upper, lower = np.empty((2, len(likelihoods), len(SIGMAS)))
    said: tuple[str, ...] = ()
    for i, one in enumerate(likelihoods):
        with contextlib.nullcontext() if varied is None else told_at(varied[0], varied[1][i]):
            upper[i], lower[i], median = ends.of(one, bands != "none")
        said = (*said, *median.remarks)
        if bands == "toys":
            at: dict[str, Any] = ends.at()
            draws = one.draws(interaction, nuisances=nuisances, pulls="central", seed=seed, **at)
            upper[i], lower[i] = ends.of_toys(
                one, draws.take(0, toys), upper[i], lower[i], (float(low), float(high)), num_threads
            )
    if varied is not None:
        said = (*said, *blind(*varied, interaction))
    told = {**fixed, **({} if truth is None else true)}
    return Sensitivity(
        cl=cl,
        dof=1,
        delta_chi2=level,
        values=None if varied is None else varied[1],
        upper=upper,
        lower=None if true.get(name, math.inf) <= low else lower,
        method=bands,
        toys=toys,
        profiled=profiled,
        parameters=(parameter,) if varied is None else (varied[0], parameter),
        remarks=tuple(dict.fromkeys(said)),
        symbols={key: known[key].label for key in profiled},
        **of_no_data(about(likelihood, interaction, told)),
    )


def true_values(
    likelihood: Likelihood,
    interaction: Model,
    names: Sequence[str],
    given: Mapping[str, float] | None,
    fixed: Mapping[str, float],
) -> dict[str, float]:
    """Return values of parameters that data are expected for: those given, or those without an effect.

    A radius of several elements has none of these, which have their own, unless a prior has a mean.
    """
    if given is not None:
        checks.instance("truth", given, Mapping, "a mapping of parameters to their true values")
    known = {p.name: p for p in likelihood.parameters(interaction)}
    found = {}
    for k, name in enumerate(names):
        checks.known("parameter", name, known)
        if name in names[:k] or name in fixed:
            raise InputError(f"{name} is given twice, among what is varied, profiled and fixed: leave one out")
        p = known[name]
        if p.default is None and p.prior is not None:
            found[name] = p.prior[0]
        elif p.default is not None or p.low <= p.origin <= p.high:
            found[name] = p.origin if p.default is None else p.default
    for name, value in (given or {}).items():
        checks.known("parameter in truth", name, names)
        found[name] = known[name].number(value)
    for name in likelihood.mediators(interaction) & set(found):
        if name not in (given or {}):
            raise InputError(
                f"{name} is a mass, which has no true value where there is nothing new: give the truth of {name}, or "
                f"its value instead of freeing it"
            )
    return found


def search_over(
    likelihood: Likelihood,
    interaction: Model,
    names: Sequence[str],
    fixed: Mapping[str, float],
    truth: Mapping[str, float],
    bounds: Mapping[str, tuple[float, float]],
) -> Search:
    """Return a search over some parameters, but those without effect where others have these values."""
    idle = set()
    if likelihood.mediators(interaction) & set(names):
        try:
            idle = set(Objective(likelihood, interaction, names, fixed).inert)
        except InputError:
            # that of none has an effect is refused, which at a coupling of 0 says nothing of others
            idle = set(names)
    free = tuple(name for name in names if name not in idle)
    own = {name: bounds[name] for name in free if name in bounds}
    return Search(likelihood, interaction, free, {**fixed, **{name: truth[name] for name in idle}}, bounds=own)


class ExpectedEnds:
    """The outermost values of one parameter that are expected to be allowed.

    Parameters
    ----------
    interaction : str or Interaction
        Interaction.
    name : str
        Parameter.
    truth : mapping of str to float
        Values of the parameter and of those that are profiled which data are expected for.
    profiled : sequence of str
        Parameters over which chi2 is minimised at each value.
    cl, level : float
        Confidence level, and its delta chi2.
    fixed : mapping of str to float
        Values of other parameters.
    options : mapping
        Of `interval`.
    """

    def __init__(
        self,
        interaction: Model,
        name: str,
        truth: Mapping[str, float],
        profiled: Sequence[str],
        cl: float,
        level: float,
        fixed: Mapping[str, float],
        options: Mapping[str, Any],
    ) -> None:
        self.interaction, self.name, self.truth, self.profiled = interaction, name, dict(truth), tuple(profiled)
        self.cl, self.level, self.fixed, self.options = cl, level, dict(fixed), dict(options)

    def at(self, **values: float) -> dict[str, float]:
        """Return the values of all parameters that data are expected for, some of them moved."""
        return {**self.fixed, **self.truth, **values}

    def of(self, likelihood: Likelihood, bands: bool) -> tuple[Array, Array, Interval]:
        """Return upper and lower ends at -2 to 2 standard deviations, shape (5,) each, and the interval of Asimov data.

        Those of the bands are of data that are expected for values of the parameter which Asimov data tell apart from
        the true one with 1 and 2 standard deviations; where its range ends there, of data as far to the other side.
        """
        expected = likelihood.asimov(self.interaction, **self.at())
        median = self._interval(expected, self.cl)
        upper, lower = (np.full(len(SIGMAS), end) for end in _outermost(median))
        for n in (1, 2) if bands else ():
            found = [_outermost(self._interval(data, self.cl)) for data in self._moved(likelihood, expected, n)]
            for sign, choose in ((1, max), (-1, min)) if found else ():
                k = SIGMAS.index(sign * n)
                upper[k], lower[k] = (choose(end[side] for end in found) for side in (0, 1))
        return around(upper[None])[0], around(lower[None])[0], median

    def _moved(self, likelihood: Likelihood, expected: Likelihood, n: int) -> list[Likelihood]:
        """Return a likelihood of data that are n standard deviations off, to both sides and mirrored.

        Where the parameter is moved, others that are profiled have what they have there, which leaves data as likely as
        they can be. None where the data do not tell a value with so many standard deviations, however far it is moved.
        """
        out = []
        here, *ends = self._next_to_truth(expected, math.erf(n / math.sqrt(2)))
        for value in ends:
            if not math.isfinite(value) or value == here:
                continue
            out.append(likelihood.asimov(self.interaction, **self.at(**self._at_least(expected, value))))
        return moved_data(likelihood, expected, out)

    def _at_least(self, expected: Likelihood, value: float) -> dict[str, float]:
        """Return where chi2 of Asimov data is least if the parameter has a value."""
        if not self.profiled:
            return {self.name: value}
        bounds = {key: ends for key, ends in (self.options["bounds"] or {}).items() if key in self.profiled}
        objective = Objective(expected, self.interaction, self.profiled, self._given(value), bounds=bounds)
        return {self.name: value, **shown_values(objective, find_minima(objective)[0].point)}

    def of_toys(
        self, likelihood: Likelihood, drawn: Drawn, upper: Array, lower: Array, ends: tuple[float, float], threads: int
    ) -> tuple[Array, Array]:
        """Return the quantiles of the ends of toys, shape (5,) each.

        Parameters
        ----------
        likelihood : Likelihood
            What is fitted.
        drawn : Drawn
            Toys of what is expected.
        upper, lower : ndarray, shape (5,)
            Ends of bands of Asimov data, around which those of toys are looked for.
        ends : (float, float)
            Range of the parameter.
        threads : int
            Threads over toys.
        """
        from scipy.stats import norm

        values = self._values(upper, lower, ends)
        bounds = self.options["bounds"] or {}
        if self.profiled:
            chi2 = np.column_stack([
                search_over(likelihood, self.interaction, self.profiled, self._given(value), self.truth, bounds).least(
                    drawn, threads
                )[0]
                for value in values.tolist()
            ])  # fmt: skip
        else:
            search = Search(likelihood, self.interaction, (self.name,), self.fixed)
            chi2 = search.points(drawn, values[:, None], threads)
        whole = Search(likelihood, self.interaction, (self.name, *self.profiled), self.fixed, bounds=bounds)
        least = np.minimum(whole.least(drawn, threads, self.truth)[0], chi2.min(axis=1))
        roots = np.sqrt(np.maximum(chi2 - least[:, None], 0.0))
        edge = math.sqrt(self.level)
        last = [_crossing(values[::-1], roots[:, ::-1], edge), _crossing(values, roots, edge)]
        shares = norm.cdf(SIGMAS)
        high, low = (np.quantile(side, shares, method="inverted_cdf") for side in last)
        return high, low

    def _values(self, upper: Array, lower: Array, ends: tuple[float, float]) -> Array:
        low, high = (min(max(float(v), ends[0]), ends[1]) for v in (lower[0], upper[-1]))
        away = MARGIN * (high - low)
        return np.linspace(max(low - away, ends[0]), min(high + away, ends[1]), VALUES)

    def _given(self, value: float) -> dict[str, float]:
        return {**self.fixed, self.name: value}

    def _interval(self, likelihood: Likelihood, cl: float) -> Interval:
        options: dict[str, Any] = {"profiled": self.profiled, **self.options, **self.fixed}
        return interval(likelihood, self.interaction, self.name, cl=cl, **options)

    def _next_to_truth(self, expected: Likelihood, cl: float) -> tuple[float, float, float]:
        """Return the true value, and the ends of what is allowed around it."""
        found = self._interval(expected, cl)
        here = self.truth.get(self.name, found.best_fit)
        for low, high in found.allowed.tolist():
            # at its true value chi2 is least, and an end only by rounding
            if low <= here <= high:
                return here, low, high
        return here, here, here


def _outermost(found: Interval) -> tuple[float, float]:
    """Return the highest and the lowest value that are allowed; both are the best fit if none is."""
    if not found.allowed.size:
        return found.best_fit, found.best_fit
    return float(found.allowed[-1, 1]), float(found.allowed[0, 0])


def _crossing(values: Array, roots: Array, edge: float) -> Array:
    """Return the first value, on the way along rows, where they fall below an edge; infinite where they begin below."""
    inside = roots <= edge
    first = inside.argmax(axis=1)
    here, rows = np.maximum(first, 1), np.arange(len(roots))
    above, below = roots[rows, here - 1], roots[rows, here]
    share = (above - edge) / np.where(above > below, above - below, np.inf)
    found = values[here - 1] + share * (values[here] - values[here - 1])
    open_end = np.inf if values[0] > values[-1] else -np.inf
    return np.where(first == 0, np.where(inside[:, 0], open_end, values[roots.argmin(axis=1)]), found)
