"""The numbers of a view at one point: chi2, spectra, nuisances, and chi2 along lines through it."""

from __future__ import annotations

import dataclasses
import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.explore.spans import spans
from cevns.inference.levels import standard_deviations, survival
from cevns.inference.unseen import unseen_at
from cevns.tabular import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cevns._types import Array
    from cevns.binning import Axis
    from cevns.explore.sources import Source
    from cevns.explore.spans import Span
    from cevns.explore.state import State
    from cevns.interactions import Interaction
    from cevns.likelihoods import Likelihood, Pulls
    from cevns.predictions import Prediction

__all__ = ["Line", "Point", "Setting", "axes_of", "line", "moved", "point", "pull_rows", "setting", "significance"]

#: How far a nuisance may be moved by hand, in the units of pulls.
LARGEST_SHIFT = 1e9

#: Values along a line, how many are computed at first, and seconds in which they become twice as many.
ALONG, FIRST, QUICK = 160, 4, 0.02
#: First values and steps, in the order in which they are computed: first some of the whole line.
STRIDES = (0, 16), (8, 16), (4, 8), (2, 4), (1, 2)
#: How well chi2 from counts has to agree with that of the likelihood before it is shown for other nuisances.
AGREES = 1e-5


@dataclass(frozen=True)
class Setting:
    """What a state stands for: the likelihood, the interaction, and the values of parameters, all checked.

    Attributes
    ----------
    likelihood : Likelihood
        Of the chosen data sets.
    model, standard : Interaction
        The interaction, and the standard model with the same weak couplings.
    spans : dict of str to Span
        Ranges of all parameters.
    values : dict of str to float
        The interaction's own parameters, and others that are given.
    state : State
        With values of what has no default filled in.
    x, y : str
        Parameters of the plane; empty where there are not two.
    without : tuple, optional
        Nuisances and predictions of the standard model.
    """

    likelihood: Likelihood
    model: Interaction
    standard: Interaction
    spans: dict[str, Span]
    values: dict[str, float]
    state: State
    x: str = ""
    y: str = ""
    without: tuple[Pulls, Mapping[str, Prediction]] | None = field(default=None, compare=False, repr=False)

    @property
    def own(self) -> tuple[str, ...]:
        """Names of the interaction's own parameters."""
        return tuple(name for name, span in self.spans.items() if span.own)

    @property
    def mediator(self) -> str:
        """Name of the mass, empty if there is none or there are several."""
        masses = [name for name in self.own if name in self.likelihood.mediators(self.model)]
        return masses[0] if len(masses) == 1 else ""

    @property
    def through(self) -> list[str]:
        """Parameters along which chi2 is shown through the point."""
        return [name for name in (self.x, self.y) if name] or self.axes[:1]

    @property
    def others(self) -> dict[str, float]:
        """Values that do not belong to the interaction, which the standard model has too."""
        return {name: value for name, value in self.values.items() if not self.spans[name].own}

    @property
    def axes(self) -> list[str]:
        """Parameters that a plane may have: those on which counts depend."""
        unseen = self.likelihood.unseen(self.model)
        return [name for name in self.own if name not in unseen]


def setting(source: Source, state: State) -> Setting:
    """Return what a state stands for.

    Raises
    ------
    CevnsError
        If a name is not known, a value is out of range, or data sets do not go together.

    Examples
    --------
    >>> from cevns.explore.sources import Source
    >>> source = Source()
    >>> found = setting(source, source.start(["coherent-argon-2020"], "b-l"))
    >>> found.values, found.x, found.y
    ({'mass': 10.0, 'coupling': 0.0001}, 'mass', 'coupling')
    """
    likelihood, model = source.likelihood(state.experiments), source.model(state.model)
    names = tuple(e.name for e in likelihood.experiments)
    ranges = source.beside((names, model.name), lambda: spans(likelihood, model))
    known = {p.name: p for p in likelihood.parameters(model)}
    for name in state.values:
        checks.known("parameter", name, known)
    started = {name: span.start for name, span in ranges.items() if span.own and span.start is not None}
    values = {name: known[name].number(value) for name, value in {**started, **state.values}.items()}
    told = {name: value for name, value in values.items() if name in state.values or value != known[name].default}
    out = Setting(likelihood, model, source.standard_model(model), ranges, values, state.replace(values=told))
    x, y = _plane(out)
    # of one source, so that names say all
    key = names, model.name, tuple(sorted(out.others.items()))
    without = source.beside(key, lambda: _without(out))
    return dataclasses.replace(out, x=x, y=y, without=without)


def _without(of: Setting) -> tuple[Pulls, Mapping[str, Prediction]]:
    """Return nuisances and predictions of the standard model."""
    pulls = of.likelihood.pulls(of.standard, **of.others)
    return pulls, of.likelihood.predict(of.standard, pulls=pulls, **of.others)


def _plane(of: Setting) -> tuple[str, str]:
    """Return the parameters of the plane; empty where there are not two."""
    axes = of.axes
    chosen = [name for name in (of.state.x, of.state.y) if name]
    for name in chosen:
        checks.known("parameter of the plane", name, of.own)
    if len(axes) < 2:
        return "", ""
    if of.mediator:
        couplings = [name for name in axes if name != of.mediator]
        return of.mediator, next((name for name in chosen if name in couplings), couplings[0])
    if len(set(chosen)) == 2:
        return chosen[0], chosen[1]
    if len(chosen) == 2:
        raise InputError(f"both axes of the plane are {chosen[0]}: choose another one for one of them")
    first, second = [name for name in axes if name not in chosen][:2]
    return (of.state.x or first), (of.state.y or (first if of.state.x else second))


@dataclass(frozen=True)
class Point:
    """The numbers at a point.

    Attributes
    ----------
    setting : Setting
        Where it is.
    chi2, standard : float
        chi2 there, and of the standard model, nuisances profiled.
    moved : float or None
        chi2 with the nuisances where they are moved to by hand; None where they are profiled, or it is not known.
    pulls, standard_pulls : Pulls
        Nuisances there, as the spectra have them, and those of the standard model.
    predictions, standard_predictions : dict of str to Prediction
        By data set, with these nuisances.
    remarks : tuple of str
        What has to be said beside the numbers.
    """

    setting: Setting
    chi2: float
    standard: float
    moved: float | None
    pulls: Pulls
    standard_pulls: Pulls
    predictions: Mapping[str, Prediction]
    standard_predictions: Mapping[str, Prediction]
    remarks: tuple[str, ...]


def point(of: Setting) -> Point:
    """Return the numbers at a point.

    Examples
    --------
    >>> from cevns.explore.sources import Source
    >>> source = Source()
    >>> found = point(setting(source, source.start(["coherent-argon-2020"], "b-l")))
    >>> round(found.chi2, 3), round(found.standard, 3)
    (41.953, 8.857)
    """
    likelihood, model = of.likelihood, of.model
    best = likelihood.pulls(model, **of.values)
    standard, predicted = of.without or _without(of)
    remarks = [*likelihood.omissions(model), *unseen_at(likelihood, model, of.values, "chi2"), *best.remarks]
    shown, by_hand = best, None
    if of.state.pulls is not None:
        shown = moved(best, of.state.pulls)
        at_best = likelihood.predict(model, pulls=best, **of.values)
        if math.isclose(_from_counts(at_best, best), best.chi2, rel_tol=AGREES, abs_tol=AGREES):
            by_hand = _from_counts(likelihood.predict(model, pulls=shown, **of.values), shown)
        else:
            remarks.append("chi2 with nuisances moved by hand is not known for these data: their nuisances correlate")
    return Point(
        of,
        best.chi2,
        standard.chi2,
        by_hand,
        shown,
        standard,
        likelihood.predict(model, pulls=shown, **of.values),
        predicted,
        tuple(dict.fromkeys(remarks)),
    )


def moved(best: Pulls, by_hand: Mapping[tuple[str, str], float]) -> Pulls:
    """Return nuisances of which some are moved by hand, the others staying where chi2 is least.

    Raises
    ------
    UnknownNameError
        If a data set has no such nuisance.
    InputError
        If one is moved so far that numbers end.

    Examples
    --------
    >>> import cevns
    >>> best = cevns.load("coherent-argon-2020").pulls("sm")
    >>> moved(best, {("coherent-argon-2020", "PBRN"): 0.1}).experiments["coherent-argon-2020"]["pulls"]["PBRN"]
    0.1
    """
    experiments = {name: {**part, "pulls": dict(part["pulls"])} for name, part in best.experiments.items()}
    shared = dict(best.shared)
    for (of, name), value in by_hand.items():
        checks.real(f"{name}{' of ' * bool(of)}{of}", value, low=-LARGEST_SHIFT, high=LARGEST_SHIFT)
        if not of:
            shared[checks.known("shared nuisance", name, best.shared)] = value
            continue
        pulls = experiments[checks.known("data set of a nuisance", of, experiments)]["pulls"]
        pulls[checks.known(f"nuisance of {of}", name, pulls)] = value
    for part in experiments.values():
        part["pulls"].update({name: value for name, value in shared.items() if name in part["pulls"]})
    return dataclasses.replace(best, experiments=experiments, shared=shared)


def _from_counts(predictions: Mapping[str, Prediction], pulls: Pulls) -> float:
    """Return chi2 from counts and from nuisances that are independent."""
    total = sum(pull**2 for pull in pulls.priors.values())
    widths = {name: width for own in pulls.widths.values() for name, width in own.items()}
    total += sum((pull / widths[name]) ** 2 for name, pull in pulls.shared.items())
    for name, prediction in predictions.items():
        own = pulls.experiments[name]["pulls"]
        total += sum((pull / pulls.widths[name][n]) ** 2 for n, pull in own.items() if n not in pulls.shared)
        total += _of_bins(prediction)
    return float(total)


def _of_bins(prediction: Prediction) -> float:
    """Return what bins add to chi2: Gaussian with the uncertainties of the data, Poisson without."""
    expected, observed = prediction.total, prediction.observed
    if prediction.uncertainty is not None:
        return float((((observed - expected) / prediction.uncertainty) ** 2).sum())
    seen = observed > 0
    if (expected[seen] <= 0).any():
        return math.inf
    logarithm = np.log(observed[seen] / expected[seen])
    return float(2 * ((expected - observed).sum() + (observed[seen] * logarithm).sum()))


def axes_of(prediction: Prediction) -> list[Axis]:
    """Return the axes that are drawn: those of several bins, or the first."""
    return [axis for axis in prediction.axes if axis.bins > 1] or [prediction.axes[0]]


def pull_rows(point: Point) -> list[tuple[str, float, float, float]]:
    """Return name, shift, standard deviation and the standard model's shift of each nuisance, free ones with 1."""
    standard = {(of, name): shift for of, name, shift, _ in point.standard_pulls.table()}
    rows = []
    for of, name, shift, width in point.pulls.table():
        known = 1.0 if width is None else width
        rows.append((f"{of}: {name}", shift, known, standard.get((of, name), 0.0)))
    return rows


@dataclass(frozen=True)
class Line:
    """chi2 along one parameter, nuisances profiled and the other parameters as they are.

    Attributes
    ----------
    span : Span
        Of the parameter.
    values, chi2 : ndarray
        Along it.
    at : float
        Where the point is.
    """

    span: Span
    values: Array
    chi2: Array
    at: float

    def table(self) -> Table:
        """Return a row for each value."""
        return Table((Column(self.span.name, self.span.unit, self.values), Column("chi2", "", self.chi2)), keys=1)


def line(of: Setting, name: str) -> Iterator[Line]:
    """Yield chi2 along a parameter, from few values to all, so that whoever asked may stop."""
    span = of.spans[name]
    values, at = span.grid(ALONG), of.values[name]
    fixed = {other: value for other, value in of.values.items() if other != name}
    chi2 = np.full(ALONG, np.nan)
    order = np.concatenate([np.arange(ALONG)[first::step] for first, step in STRIDES])
    begin, count = 0, FIRST
    while begin < ALONG:
        started, some = time.monotonic(), order[begin : begin + count]
        chi2[some] = of.likelihood.chi2(of.model, **{name: values[some]}, **fixed)
        begin += count
        count *= 2 if time.monotonic() - started < QUICK else 1
        known = np.sort(order[:begin])
        yield Line(span, values[known], chi2[known], at)


def significance(delta: float, dof: int) -> tuple[float, float]:
    """Return the confidence level at which a rise of chi2 excludes, and the same in standard deviations, two-sided.

    Examples
    --------
    >>> [round(x, 3) for x in significance(4.605, 2)]
    [0.9, 1.645]
    """
    if delta <= 0:
        return 0.0, 0.0
    return 1 - float(survival(delta, dof)), standard_deviations(delta, dof)
