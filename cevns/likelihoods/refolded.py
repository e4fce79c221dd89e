"""chi2 of interactions with a parameter, a mass of a final lepton, for whose every value counts are folded anew."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from cevns.errors import InputError
from cevns.kept import Kept
from cevns.kernels.functions import checked, signature
from cevns.likelihoods.priors import without_priors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cevns._types import Array, Model
    from cevns.kernels.engine import Engine
    from cevns.likelihoods.likelihood import Likelihood
    from cevns.steps import Steps

__all__ = ["DataEngine", "RefoldedEngine", "RefoldedEvaluator"]

#: Engines that are kept.
MOST_KEPT = 1024


class RefoldedEngine:
    """What an `Engine` does, with one of them for each value of the parameters that need it.

    Parameters
    ----------
    likelihood : Likelihood
        Whose chi2 it is.
    interaction : str or Interaction
        Interaction.
    steps : Steps
        What chi2 is a function of, and which of it needs an engine for every value.
    fixed : mapping of str to float
        Values of others.
    """

    def __init__(self, likelihood: Likelihood, interaction: Model, steps: Steps, fixed: Mapping[str, float]) -> None:
        self._arguments = likelihood, interaction, steps, fixed
        self.parameters, self._steps = steps.parameters, steps
        self._kept = Kept(MOST_KEPT)
        first = self._first
        self.line = steps.rest[first.line] if first.line >= 0 else -1
        self.line_power = first.line_power

    @property
    def _first(self) -> Engine:
        # any values do for what does not depend on them, and these see nothing
        return self._engine(tuple(self.parameters[i].high for i in self._steps.places))

    def prepare(self) -> RefoldedEngine:
        """Return the engine."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return RefoldedEngine, self._arguments

    def __repr__(self) -> str:
        return f"<RefoldedEngine in {', '.join(p.name for p in self.parameters)}>"

    @property
    def priors(self) -> tuple[tuple[int, float, float], ...]:
        """The priors of those parameters for which one engine does, as `Engine.priors`."""
        rest = self._steps.rest
        return tuple((rest[i] if i >= 0 else i, mean, sigma) for i, mean, sigma in self._first.priors)

    @property
    def stepped(self) -> tuple[str, ...]:
        """Names of the parameters that need an engine for every value."""
        return self._steps.stepped

    def _engine(self, values: tuple[float, ...]) -> Engine:
        likelihood, interaction, steps, fixed = self._arguments
        given = {**fixed, **steps.given(values)}
        return self._kept.get(values, lambda: likelihood.engine(interaction, steps.others, given))

    def groups(self, rows: Array) -> Iterator[tuple[Engine, list[int], Array]]:
        """Yield the engines of rows, which rows each does, and what it takes of them."""
        for values, where, others in self._steps.groups(rows):
            yield self._engine(values), where, others

    def _alone(self, values: Array) -> tuple[Engine, Array]:
        """Return the engine of one point, and the values that it takes."""
        ((engine, _, others),) = self.groups(values[None, :])
        return engine, others[0]

    def refuse(self, value: float, values: Array | None = None) -> None:
        """Refuse a value of chi2 that is none; see `Engine.refuse`."""
        engine, others = (self._first, None) if values is None else self._alone(values)
        engine.refuse(value, others)

    def points(self, rows: Array, out: Array) -> None:
        """Write chi2 of points; see `Engine.points`."""
        for engine, where, others in self.groups(rows):
            part = np.empty(len(others))
            engine.points(others, part)
            out[where] = part

    def grid(self, rows: Array, y: Array, out: Array) -> None:
        """Write chi2 on a grid of points and values of y; see `Engine.grid`."""
        for engine, where, others in self.groups(rows):
            part = np.empty((len(others), len(y)))
            engine.grid(others, y, part)
            out[where] = part

    def minima(self, rows: Array, two_sided: bool, out: Array, at: Array) -> None:
        """Write the least chi2 along the line through each point; see `Engine.minima`."""
        for engine, where, others in self.groups(rows):
            part, y = np.empty(len(others)), np.empty(len(others))
            engine.minima(others, two_sided, part, y)
            out[where], at[where] = part, y

    def crossings(self, rows: Array, two_sided: bool, level: float, out: Array, counts: Any, above: Any) -> None:
        """Find every y at which chi2 crosses a level; see `Engine.crossings`."""
        for engine, where, others in self.groups(rows):
            part, n, first = np.empty((len(others), out.shape[1])), counts[where], above[where]
            engine.crossings(others, two_sided, level, part, n, first)
            out[where], counts[where], above[where] = part, n, first

    def profile(self, values: Array) -> Any:
        """Return chi2 with its nuisances at one point; see `Engine.profile`."""
        engine, others = self._alone(values)
        return engine.profile(others)

    def penalty(self, values: Array) -> float:
        """Return what the priors of parameters add to chi2 at one point; see `Engine.penalty`."""
        engine, others = self._alone(values)
        return engine.penalty(others)


class DataEngine:
    """What chi2 of points is without priors, from the folds of an engine.

    Parameters
    ----------
    engine : RefoldedEngine
        That engine.
    """

    def __init__(self, engine: RefoldedEngine) -> None:
        self._engine = engine

    def points(self, rows: Array, out: Array) -> None:
        """Write chi2 of points; see `Engine.points`."""
        for engine, where, others in self._engine.groups(rows):
            part = np.empty(len(others))
            without_priors(engine).points(others, part)
            out[where] = part


class RefoldedEvaluator:
    """chi2 as a function of the parameters, as an `Evaluator`, but with a fold for each new mass.

    Parameters
    ----------
    engine : RefoldedEngine
        What computes it.
    subject : str
        Of what it is chi2, to be shown.
    """

    def __init__(self, engine: RefoldedEngine, subject: str = "") -> None:
        self.engine, self.subject = engine, subject
        self.parameters = engine.parameters
        self.names = tuple(p.name for p in self.parameters)

    def __reduce__(self) -> tuple[Any, ...]:
        return RefoldedEvaluator, (self.engine, self.subject)

    def __repr__(self) -> str:
        return f"<RefoldedEvaluator of {', '.join(self.names)}: {self.subject}>"

    @cached_property
    def __signature__(self) -> Any:
        return signature(self.parameters)

    def point(self, *args: float, **values: float) -> Array:
        """Return one value for each parameter, checked; see `Evaluator`."""
        return np.array(checked(self.parameters, self.names, args, values))

    def __call__(self, *args: float, **values: float) -> float:
        """Return chi2 at one point, all nuisances profiled; see `Evaluator`."""
        out = np.empty(1)
        self.engine.points(self.point(*args, **values)[None], out)
        return float(out[0])

    def gradient(self, *args: float, **values: float) -> NoReturn:
        """Refuse: chi2 has kinks in a parameter that moves the ends of spectra.

        Raises
        ------
        InputError
            Always, with the remedy.
        """
        steps = ", ".join(self.engine.stepped)
        raise InputError(
            f"there is no derivative with {steps} as an argument, which needs a new fold for every value; fix it, "
            f"bind(interaction, {steps}=...)"
        )

    def low_level_callable(self, quantity: str = "chi2") -> NoReturn:
        """Refuse: there is no compiled function of a parameter that needs a new fold for every value.

        Raises
        ------
        InputError
            Always, with the remedy.
        """
        steps = ", ".join(self.engine.stepped)
        raise InputError(
            f"there is no {quantity} for compiled code with {steps} as an argument, which needs a new fold for every "
            f"value: fix it, bind(interaction, {steps}=...)"
        )
