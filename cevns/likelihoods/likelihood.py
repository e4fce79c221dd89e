"""chi2 of one or more experiments (eqs. 4.1 and 4.2 of arXiv:2008.05022), nuisances profiled; likelihoods add."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from cevns import checks
from cevns.errors import InputError, TooManyFreeError
from cevns.kept import Kept
from cevns.kernels.likelihood import Evaluator
from cevns.likelihoods.arguments import arguments, priors_of, what_moves
from cevns.likelihoods.assembly import Assembly, check_apart, check_radii, replaced
from cevns.likelihoods.expectations import Expectations
from cevns.likelihoods.methods import Inference
from cevns.likelihoods.priors import added, constrained, merged, without_priors
from cevns.likelihoods.pulls import Pulls
from cevns.likelihoods.questions import Questions
from cevns.likelihoods.refolded import DataEngine, RefoldedEngine, RefoldedEvaluator
from cevns.parameters import (
    Parameter,
    bound_name,
    chosen,
    common_shape,
    in_common,
    needed,
    owned,
    rows_of,
    varying,
)

if TYPE_CHECKING:
    from cevns._types import Array, ArrayLike, Model, Number
    from cevns.experiments import Experiment
    from cevns.kernels.engine import Engine
    from cevns.predictions import Prediction

__all__ = ["Evaluator", "Likelihood"]

#: Evaluators that are kept; a scan over interactions must not fill the memory.
MOST_KEPT = 64
#: From so many points on another engine, which shares work among them, pays.
MANY = 1000
#: Sets of priors that are kept.
MOST_CONSTRAINED = 8
#: Parameters that `chi2` takes by place, and numbers that need no look.
_PLANE, _NUMBERS = ("mass", "coupling"), checks.SCALARS | {float, int}


class Likelihood(Inference, Expectations, Questions):
    """Sum of the chi2 of independent experiments.

    Parameters
    ----------
    experiments : sequence of Experiment
        With different names.
    priors : mapping of str to (float, float), optional
        Gaussian constraints on parameters; see `with_priors`.

    Examples
    --------
    >>> import cevns
    >>> both = cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")
    >>> round(both.chi2("sm"), 2)
    11.69
    """

    experiments: tuple[Experiment, ...]
    #: Gaussian constraints on parameters by name: (mean, standard deviation); `with_priors` adds them.
    priors: Mapping[str, tuple[float, float]] = MappingProxyType({})
    #: Evaluators of the same experiments with other data, of what `Experiment.with_data` makes.
    _like: Kept | None = None

    def __init__(
        self, experiments: Sequence[Likelihood], priors: Mapping[str, tuple[float, float]] | None = None
    ) -> None:
        likelihoods = checks.sequence("experiments", experiments, Likelihood, "see cevns.load")
        self.experiments = tuple(e for likelihood in likelihoods for e in likelihood.experiments)
        if not self.experiments:
            raise InputError("experiments is empty: a likelihood needs at least one")
        check_apart(self.experiments)
        self.priors = MappingProxyType(merged([priors or {}, *(likelihood.priors for likelihood in likelihoods)]))
        # refuses what does not fit together here and now
        _ = self._assembly

    def __repr__(self) -> str:
        return f"Likelihood({' + '.join(e.name for e in self.experiments)})"

    def _repr_html_(self) -> str:
        from cevns.tabular import html

        return html(("experiment", "nuclei", "bins", "range", "observed"), [e.summary for e in self.experiments])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Likelihood):
            return NotImplemented
        return self.experiments == other.experiments and self.priors == other.priors

    def __hash__(self) -> int:
        return hash(self.experiments)

    def __add__(self, other: Likelihood) -> Likelihood:
        if not isinstance(other, Likelihood):
            return NotImplemented
        return Likelihood((self, other))

    def __radd__(self, other: Any) -> Likelihood:
        # sum() starts from 0
        return self if other == 0 else NotImplemented

    def __reduce__(self) -> tuple[Any, ...]:
        return Likelihood, (self.experiments, dict(self.priors))

    def with_priors(self, **priors: tuple[float, float]) -> Likelihood:
        """Return the likelihood with Gaussian constraints on parameters: each adds ((value - mean) / sigma)^2 to chi2.

        They hold in everything that the likelihood does. A parameter of an interaction may have a prior of its own
        instead, ``Parameter.prior``. No prior replaces another: equal ones are one, and ones that differ are refused,
        here, in a sum of likelihoods, and where a parameter with its own is used.

        Parameters
        ----------
        **priors : (float, float)
            Mean and standard deviation, by the parameter's name.

        Raises
        ------
        InputError
            If a prior is no pair of numbers, a standard deviation is not above 0, or the parameter has another prior.

        Examples
        --------
        >>> import cevns
        >>> csi = cevns.load("coherent-csi-2017")
        >>> chi2 = csi.with_priors(rn_csi=(4.9, 0.1)).bind("sm", free=["rn_csi"])
        >>> round(chi2(5.0) - csi.chi2("sm", rn_csi=5.0), 9)
        1.0
        """
        return Likelihood((self,), added(self.priors, priors))

    def with_data(
        self, observed: Mapping[str, ArrayLike], uncertainty: Mapping[str, ArrayLike] | None = None
    ) -> Likelihood:
        """Return the likelihood with other counts; see `Experiment.with_data`, which takes those of one.

        Parameters
        ----------
        observed : mapping of str to array_like
            Counts of each experiment by its name; those that are left out keep theirs.
        uncertainty : mapping of str to array_like, optional
            Standard deviations of those by name; the same as before where they are left out.

        Raises
        ------
        InputError, UnknownNameError
            If counts or uncertainties are refused, naming the experiment, or one is not known.

        Examples
        --------
        >>> import cevns
        >>> both = cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")
        >>> both.with_data({"coherent-csi-2017": [10.0] * 12}).experiments[0].observed[:2]
        (10.0, 10.0)
        """
        return Likelihood(replaced(self.experiments, observed, uncertainty or {}), self.priors)

    def asimov(self, interaction: Model = "sm", **values: float) -> Likelihood:
        """Return the likelihood with the counts that an interaction predicts; see `Experiment.asimov`.

        Examples
        --------
        >>> import cevns
        >>> round(cevns.load("coherent-argon-2020").asimov("sm").chi2("sm"), 9)
        0.0
        """
        given = self._own_values(interaction, values)
        return Likelihood([e.asimov(interaction, **of) for e, of in given], self.priors)

    def _own_values(self, interaction: Model, values: Mapping[str, Any]) -> list[tuple[Experiment, dict[str, Any]]]:
        """Return each experiment with the values of its own parameters: a radius of other nuclei is nothing to it."""
        values = owned(values, self.own_parameters(interaction), self.describe(interaction)[0])
        for name in values:
            checks.known("parameter", name, [p.name for p in self.parameters(interaction)])
        check_radii(self.experiments, [name for name, value in values.items() if value is not None])
        known = [(e, {p.name for p in e.signal.parameters(interaction)}) for e in self.experiments]
        return [(e, {name: value for name, value in values.items() if name in names}) for e, names in known]

    # --- parameters --------------------------------------------------------------------------------------------------

    def parameters(self, interaction: Model) -> tuple[Parameter, ...]:
        """Return all that chi2 of an interaction depends on: its own parameters, sin2_theta_w and neutron radii.

        Their ranges are those that every experiment allows. A radius of a compound, ``rn_csi``, is that of all its
        nuclei, which no other radius may set as well; in a sum it is refused where another experiment has some of the
        nuclei but not this parameter, and those of the elements, ``rn_cs`` and ``rn_i``, serve instead.

        Examples
        --------
        >>> import cevns
        >>> [p.name for p in cevns.load("coherent-csi-2017").parameters("b-l")]
        ['mass', 'coupling', 'sin2_theta_w', 'rn_cs', 'rn_i', 'rn_csi']
        """
        sets = tuple([e.signal.parameters(interaction) for e in self.experiments])
        if len(sets) == 1 and not self.priors:
            return sets[0]
        return self._parameters.get(sets, lambda: self._joined_parameters(sets))

    @cached_property
    def _parameters(self) -> Kept:
        return Kept(MOST_KEPT)

    def _joined_parameters(self, sets: Sequence[Sequence[Parameter]]) -> tuple[Parameter, ...]:
        found = in_common(sets)
        for name, prior in self.priors.items():
            checks.known("parameter of a prior", name, found)
            found[name] = constrained(found[name], prior)
        return tuple(found.values())

    # --- points ------------------------------------------------------------------------------------------------------

    @cached_property
    def _evaluators(self) -> Kept:
        return Kept(MOST_KEPT)

    def bind(
        self,
        interaction: Model,
        *,
        free: Sequence[str] = (),
        priors: Mapping[str, tuple[float, float]] | None = None,
        **fixed: float,
    ) -> Evaluator | RefoldedEvaluator:
        """Return chi2 of one interaction as a fast function of its parameters; made once and kept.

        Parameters
        ----------
        interaction : str or Interaction
            Name in the registry, or one of your own.
        free : sequence of str
            Further parameters that the function takes, after the interaction's own: ``sin2_theta_w``, ``rn_cs`` and the
            like; see `parameters`. If some of its own are named, what is named is taken in that order, and others have
            their defaults, if they have one.
        priors : mapping of str to (float, float), optional
            Gaussian constraints on parameters, mean and standard deviation; as those of `with_priors`.
        **fixed : float
            Parameters that are not arguments of the function; what is neither free nor fixed has its default.

        Returns
        -------
        Evaluator
            Or a `RefoldedEvaluator`, with the same methods, if a parameter is the mass of a final lepton, for whose
            every value counts are folded anew.

        Raises
        ------
        UnknownNameError
            If the interaction or a parameter is not known.

        Examples
        --------
        >>> import cevns
        >>> csi = cevns.load("coherent-csi-2017")
        >>> chi2 = csi.bind("universal")
        >>> round(chi2(10.0, 3e-5), 3)
        5.354
        """
        # a name is its own key, so that a call in a loop neither builds nor compares interactions
        if priors is not None:
            return self.constrained(priors).bind(interaction, free=free, priors=None, **fixed)
        try:
            hash(interaction)
        except TypeError:
            # no interaction, which this refuses
            self.describe(interaction)
            raise
        if type(free) is tuple and not (free or fixed):
            return self._evaluators.get(interaction, lambda: self._bind(interaction, (), {}, interaction))
        fixed = owned(fixed, self.own_parameters(interaction), self.describe(interaction)[0])
        free, fixed = chosen(self.parameters(interaction), free, fixed)
        key = interaction, free, tuple(sorted(fixed.items()))
        return self._evaluators.get(key, lambda: self._bind(interaction, free, fixed, key))

    def _bind(
        self, interaction: Model, free: Sequence[str], fixed: Mapping[str, float], key: Any
    ) -> Evaluator | RefoldedEvaluator:
        like = self._like.known(key) if self._like else None
        if type(like) is Evaluator:
            # of other data alone: all but the engine is the same
            engine = self._assembly.engine(interaction, like.parameters, fixed, like.engine.priors)
            return Evaluator(like.parameters, engine, like.subject)
        structure = self.experiments[0].signal.structure(interaction)
        asked = structure, tuple(free), tuple(sorted(fixed.items()))
        steps, priors = self._arguments.get(asked, lambda: arguments(self, interaction, free, fixed))
        subject = f"chi2 of {bound_name(self.describe(interaction)[0], fixed)} and {self._names}"
        if steps:
            return RefoldedEvaluator(RefoldedEngine(self, interaction, steps, fixed), subject)
        engine = self._assembly.engine(interaction, steps.parameters, fixed, priors)
        return Evaluator(steps.parameters, engine, subject)

    @cached_property
    def _arguments(self) -> Kept:
        return Kept(MOST_KEPT)

    @cached_property
    def _names(self) -> str:
        return " + ".join([e.name for e in self.experiments])

    def engine(self, interaction: Model, parameters: tuple[Parameter, ...], fixed: Mapping[str, float]) -> Engine:
        """Return what computes chi2 as a function of some parameters, none of which needs a new fold for every value.

        Parameters
        ----------
        interaction : str or Interaction
            Interaction.
        parameters : tuple of Parameter
            Of `parameters`.
        fixed : mapping of str to float
            Values of others; what is neither here nor among `parameters` has its default.
        """
        priors = priors_of(self, interaction, parameters, fixed)
        return self._assembly.engine(interaction, parameters, fixed, priors)

    @staticmethod
    def of_data(engine: Engine | RefoldedEngine) -> Engine | DataEngine:
        """Return what computes the same chi2 without what priors of parameters add to it."""
        if isinstance(engine, RefoldedEngine):
            return DataEngine(engine)
        return without_priors(engine)

    def constrained(self, priors: Mapping[str, tuple[float, float]] | None) -> Likelihood:
        """Return the likelihood with priors from a mapping, itself without any; made once and kept.

        Raises
        ------
        InputError
            If they are no mapping of names to pairs of numbers.
        """
        if not isinstance(priors, (Mapping, type(None))) or not all(isinstance(name, str) for name in priors or ()):
            raise InputError(f"priors must be a mapping of names to (mean, sigma), got {checks.shown(priors)}")
        if not priors:
            return self
        made = self.with_priors(**priors)
        return self._constrained.get(tuple(sorted(made.priors.items())), lambda: made)

    @cached_property
    def _constrained(self) -> Kept:
        return Kept(MOST_CONSTRAINED)

    @cached_property
    def _assembly(self) -> Assembly:
        return Assembly(self.experiments)

    @overload
    def chi2(
        self, interaction: Model, mass: Number | None = None, coupling: Number | None = None, **values: Number
    ) -> float: ...

    @overload
    def chi2(
        self, interaction: Model, mass: ArrayLike | None = None, coupling: ArrayLike | None = None, **values: ArrayLike
    ) -> Array: ...

    def chi2(
        self, interaction: Model, mass: ArrayLike | None = None, coupling: ArrayLike | None = None, **values: ArrayLike
    ) -> float | Array:
        """Return chi2 with all nuisances profiled.

        Parameters
        ----------
        interaction : str or Interaction
            Name in the registry, or one of your own.
        mass : array_like, optional
            Mediator mass M_Z' [MeV], at least 0; for interactions that have one.
        coupling : array_like, optional
            Coupling g_Z' of a mediator, or the common factor of a contact interaction (1 unless given).
        **values : array_like
            Any other parameters, by name; see `parameters`.

        Returns
        -------
        float or ndarray
            Shape to which the values broadcast. Of a model without effect on the data it is that of the standard model,
            without a word: `limit`, `fit` and others say so in `remarks`, and `unseen` names such parameters.

        Raises
        ------
        InputError
            If a value is missing, negative, not finite or too large.
        UnknownNameError
            If the interaction or a parameter is not known.

        Examples
        --------
        >>> import cevns
        >>> argon = cevns.load("coherent-argon-2020")
        >>> argon.chi2("b-l", mass=10.0, coupling=[1e-5, 1e-4]).round(2)
        array([ 8.77, 41.95])
        """
        if not values and type(mass) in _NUMBERS and type(coupling) in _NUMBERS:
            evaluator = self.bind(interaction)
            if evaluator.names == _PLANE:
                return evaluator(mass, coupling)  # type: ignore[arg-type]  # numbers, as has just been seen
        evaluator, given = self.at(interaction, mass=mass, coupling=coupling, **values)
        arrays = {p.name: np.asarray(p.values(given.get(p.name))) for p in evaluator.parameters}
        if not (shape := common_shape(arrays)):
            return evaluator(*(array.item() for array in arrays.values()))
        if math.prod(shape) >= MANY:
            evaluator, arrays = what_moves(self, interaction, evaluator, arrays)
        rows = rows_of(arrays.values(), shape)
        out = np.empty(rows.shape[0])
        evaluator.engine.points(rows, out)
        if not (known := np.isfinite(out)).all():
            first = int(known.argmin())
            evaluator.engine.refuse(out[first], rows[first])
        return out.reshape(shape)

    def at(self, interaction: Model, **values: Any) -> tuple[Evaluator | RefoldedEvaluator, dict[str, Any]]:
        """Return the evaluator that takes the parameters that have values, and the values that it takes.

        Parameters that are not the interaction's own are arguments too, so that the next call may have others.
        ``mass`` and ``coupling`` of an interaction that has none may be None or 0: then one call serves all. Where that
        is more than a function takes, only what has several values is an argument.
        """
        own = self.own_parameters(interaction)
        given = needed(values, own, self.describe(interaction)[0])
        try:
            return self.bind(interaction, free=sorted([name for name in given if name not in own])), given
        except TooManyFreeError:
            free, fixed = varying(self.parameters(interaction), own, given)
            return self.bind(interaction, free=free, **fixed), {name: given[name] for name in free}

    def predict(
        self,
        interaction: Model,
        mass: ArrayLike | None = None,
        coupling: ArrayLike | None = None,
        *,
        eta: float = 1.0,
        pulls: Pulls | None = None,
        **values: ArrayLike,
    ) -> Mapping[str, Prediction]:
        """Return the predicted counts of each experiment, by its name; see `Experiment.predict`.

        Examples
        --------
        >>> import cevns
        >>> both = cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")
        >>> {name: float(p.signal.sum().round(1)) for name, p in both.predict("sm").items()}
        {'coherent-csi-2017': 131.4, 'coherent-argon-2020': 131.4}
        """
        return {
            e.name: e.predict(interaction, mass, coupling, eta=eta, pulls=pulls, **of)
            for e, of in self._own_values(interaction, values)
        }

    def pulls(
        self, interaction: Model, mass: float | None = None, coupling: float | None = None, **values: float
    ) -> Pulls:
        """Return chi2 of each experiment and the nuisances that minimise it, at one point.

        Parameters are those of `chi2`, one value each.

        Returns
        -------
        Pulls

        Examples
        --------
        >>> import cevns
        >>> pulls = cevns.load("coherent-argon-2020").pulls("b-l", mass=10.0, coupling=1e-4)
        >>> round(pulls.chi2, 2), list(pulls.experiments["coherent-argon-2020"]["pulls"])
        (41.95, ['signal', 'PBRN', 'LBRN'])
        """
        if values or (evaluator := self.bind(interaction)).names != _PLANE:
            evaluator, given = self.at(interaction, mass=mass, coupling=coupling, **values)
            point = evaluator.point(**given)
        else:
            point = evaluator.point(mass, coupling)  # type: ignore[arg-type]  # which may have defaults
        total, experiments, ends, shared = self._assembly.pulls(evaluator.engine.profile(point))
        priors = {}
        if evaluator.engine.priors:
            total += evaluator.engine.penalty(point)
            pairs = zip(evaluator.parameters, point.tolist(), strict=True)
            priors = {p.name: (value - p.prior[0]) / p.prior[1] for p, value in pairs if p.prior is not None}
        widths = {name: own.copy() for name, own in self._assembly.widths.items()}
        return Pulls(total, experiments, ends.experiments, shared, priors, ends.remarks, widths)

    def remarks(self, evaluator: Evaluator | RefoldedEvaluator, values: Array) -> tuple[str, ...]:
        """Return what has to be said of a point of a function that `bind` made; see `Pulls.remarks`."""
        return self._assembly.ends(evaluator.engine.profile(values)).remarks
