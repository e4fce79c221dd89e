"""What is excluded or allowed in the plane of two parameters, in steps from a first look to all details."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.inference.levels import delta_chi2

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cevns.explore.numbers import Setting
    from cevns.inference import Contour, Fit, Limit
    from cevns.interactions import Interaction
    from cevns.likelihoods import Likelihood

__all__ = ["Question", "Region", "answer", "at_mass", "question", "several_couplings"]

#: Masses of what is drawn at last, and in which order they are computed: each fifth first, for a look at all of it.
LAST, ORDER = 121, (0, 2, 4, 1, 3)
#: Seconds after which what is known so far is told.
TOLD = 1.0
#: How far beyond the sliders a plane of contact couplings is searched.
WIDER = 2.0


@dataclass(frozen=True)
class Question:
    """What a region is of.

    Attributes
    ----------
    experiments : tuple of str
        Data sets.
    model : str
        Interaction.
    x, y : str
        Parameters of the plane; empty for a model without a coupling.
    mediator : bool
        Whether `x` is a mass: the region is then what `limit` excludes, otherwise what `contour` allows.
    cl : float
        Confidence level.
    bounds : tuple of (str, float, float)
        Ranges of both.
    fixed : tuple of (str, float)
        Other parameters.
    """

    experiments: tuple[str, ...]
    model: str
    x: str
    y: str
    mediator: bool
    cl: float
    bounds: tuple[tuple[str, float, float], ...]
    fixed: tuple[tuple[str, float], ...]

    @property
    def of_fit(self) -> Question:
        """The question of the best fit, which does not depend on the confidence level."""
        return dataclasses.replace(self, cl=0.0)

    @property
    def limits(self) -> dict[str, tuple[float, float]]:
        """Ranges by name."""
        return {name: (low, high) for name, low, high in self.bounds}


@dataclass(frozen=True)
class Region:
    """An answer, maybe one of which details are to come.

    Attributes
    ----------
    question : Question
        Of what.
    chi2_min : float
        Least chi2 in the plane.
    best : dict of str to float
        Where it is.
    result : Limit, Contour or None
        What is excluded, or allowed; None while but the best fit is known.
    fit : Fit or None
        The best fit from which the level of a limit counts.
    complete : bool
        Whether nothing better will come.
    remarks : tuple of str
        What has to be said of it.
    """

    question: Question
    chi2_min: float
    best: Mapping[str, float]
    result: Limit | Contour | None
    fit: Fit | None
    complete: bool
    remarks: tuple[str, ...] = ()

    @property
    def level(self) -> float:
        """The chi2 above which is excluded."""
        return self.chi2_min + delta_chi2(self.question.cl, 2)


def question(of: Setting) -> Question | None:
    """Return what to ask for the plane of a setting; None where there is no plane.

    Examples
    --------
    >>> from cevns.explore.numbers import setting
    >>> from cevns.explore.sources import Source
    >>> source = Source()
    >>> question(setting(source, source.start(model="b-l"))).fixed
    ()
    """
    x, y = of.x, of.y
    if not x:
        return None
    known = {p.name: p for p in of.likelihood.parameters(of.model)}
    mediator = x == of.mediator
    bounds = []
    for name in (x, y):
        span, p = of.spans[name], known[name]
        low, high = span.low, span.high
        if not mediator:
            wider = (WIDER - 1) * 0.5 * (high - low)
            low, high = (p.low, high) if span.logarithmic else (max(low - wider, p.low), min(high + wider, p.high))
        bounds.append((name, low, high))
    fixed = {name: value for name, value in of.values.items() if name not in (x, y)}
    fixed = {name: value for name, value in fixed.items() if known[name].default != value}
    names = tuple(e.name for e in of.likelihood.experiments)
    return Question(names, of.model.name, x, y, mediator, of.state.cl, tuple(bounds), tuple(sorted(fixed.items())))


def answer(
    likelihood: Likelihood, model: Interaction, asked: Question, fit: Fit | None = None, num_threads: int = 1
) -> Iterator[Region]:
    """Yield the region of a question, coarse ones first.

    Parameters
    ----------
    likelihood : Likelihood
        Of its data sets.
    model : Interaction
        Its interaction.
    asked : Question
        What is asked.
    fit : Fit, optional
        The best fit, if it is known already.
    num_threads : int
        Threads over masses or points.

    Examples
    --------
    >>> import cevns
    >>> from cevns.explore.numbers import setting
    >>> from cevns.explore.sources import Source
    >>> source = Source()
    >>> found = setting(source, source.start(["coherent-argon-2020"], "b-l"))
    >>> [region.complete for region in answer(found.likelihood, found.model, question(found))]
    [False, False, True]
    """
    if not asked.mediator:
        yield _allowed(likelihood, model, asked, num_threads)
        return
    along = _along(likelihood, model, asked)
    if fit is None:
        fit = likelihood.best_fit(model, num_threads=num_threads, **along)
    yield Region(asked, fit.chi2, fit.values, None, fit, False, fit.remarks)
    masses, told = np.geomspace(*asked.limits[asked.x], LAST), -np.inf
    known: dict[float, Any] = {}
    options: dict[str, Any] = {"cl": asked.cl, "reference": fit, "num_threads": num_threads, **along}
    for begin in ORDER:
        some = masses[begin :: len(ORDER)]
        result = likelihood.limit(model, some, **options)
        known.update(zip(some.tolist(), result.excluded, strict=True))
        complete = len(known) == LAST
        if complete or time.monotonic() > told + TOLD:
            told, found = time.monotonic(), sorted(known)
            shown = dataclasses.replace(result, mass=np.array(found), excluded=tuple(known[m] for m in found))
            yield Region(asked, fit.chi2, fit.values, shown, fit, complete, result.remarks)


def at_mass(of: Setting, asked: Question, fit: Fit) -> Limit:
    """Return what is excluded at the very mass of a point.

    Parameters
    ----------
    of : Setting
        Of the point.
    asked : Question
        Whose level and parameters.
    fit : Fit
        The best fit, from which the level counts.

    Examples
    --------
    >>> from cevns.explore.numbers import setting
    >>> from cevns.explore.sources import Source
    >>> source = Source()
    >>> found = setting(source, source.start(["coherent-argon-2020"], "b-l"))
    >>> limit = at_mass(found, question(found), found.likelihood.best_fit("b-l"))
    >>> limit.text(limit.excluded[0])
    '(5.59848e-05, inf)'
    """
    along = _along(of.likelihood, of.model, asked)
    return of.likelihood.limit(of.model, [of.values[asked.x]], cl=asked.cl, reference=fit, **along)


def several_couplings(likelihood: Likelihood, model: Interaction) -> bool:
    """Return whether it has to be said along which coupling a limit is."""
    masses = likelihood.mediators(model)
    return sum(name not in masses for name in likelihood.own_parameters(model)) > 1


def _along(likelihood: Likelihood, model: Interaction, asked: Question) -> dict[str, Any]:
    """Return the values of other parameters, and which coupling is meant where there are several."""
    return {**dict(asked.fixed), **({"parameter": asked.y} if several_couplings(likelihood, model) else {})}


def _allowed(likelihood: Likelihood, model: Interaction, asked: Question, num_threads: int) -> Region:
    options: dict[str, Any] = {"bounds": asked.limits, "num_threads": num_threads, **dict(asked.fixed)}
    found = likelihood.contour(model, asked.x, asked.y, cl=asked.cl, **options)
    return Region(asked, found.chi2_min, found.values, found, None, True, found.remarks)
