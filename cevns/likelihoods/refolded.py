"""chi2 of interactions with a parameter, a mass of a final lepton, for whose every value counts are folded anew."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.arrays import alike
from cevns.errors import InputError
from cevns.kept import Kept
from cevns.kernels.functions import checked, signature

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cevns._types import Array, Model
    from cevns.kernels.likelihood import Engine
    from cevns.likelihoods.likelihood import Likelihood
    from cevns.parameters import Parameter

__all__ = ["RefoldedEngine", "RefoldedEvaluator"]

#: Engines that are kept.
MOST_KEPT = 32


class RefoldedEngine:
    """What an `Engine` does, with one of them for each value of the parameters that need it.

    Parameters
    ----------
    likelihood : Likelihood
        Whose chi2 it is.
    interaction : str or Interaction
        Interaction.
    parameters : tuple of Parameter
        What chi2 is a function of.
    steps : tuple of int
        Which of them need an engine for every value.
    fixed : mapping of str to float
        Values of others.
    """

    def __init__(
        self,
        likelihood: Likelihood,
        interaction: Model,
        parameters: tuple[Parameter, ...],
        steps: tuple[int, ...],
        fixed: Mapping[str, float],
    ) -> None:
        self.parameters, self._steps = parameters, list(steps)
        self._arguments = likelihood, interaction, parameters, steps, fixed
        self._others = [i for i in range(len(parameters)) if i not in steps]
        self._kept = Kept(MOST_KEPT)
        # any values do: the line does not depend on them
        first = self._engine(tuple(parameters[i].high for i in steps))
        self.line = self._others[first.line] if first.line >= 0 else -1
        self.line_power = first.line_power

    def prepare(self) -> RefoldedEngine:
        """Return the engine."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return RefoldedEngine, self._arguments

    @property
    def priors(self) -> tuple[tuple[int, float, float], ...]:
        """The priors of those parameters for which one engine does, as `Engine.priors`."""
        first = self._engine(tuple(self.parameters[i].high for i in self._steps))
        return tuple((self._others[i] if i >= 0 else i, mean, sigma) for i, mean, sigma in first.priors)

    @property
    def stepped(self) -> list[str]:
        """Names of the parameters that need an engine for every value."""
        return [self.parameters[i].name for i in self._steps]

    def _engine(self, values: tuple[float, ...]) -> Engine:
        likelihood, interaction, _, _, fixed = self._arguments
        others = tuple(self.parameters[i] for i in self._others)
        given = {**fixed, **dict(zip(self.stepped, values, strict=True))}
        return self._kept.get(values, lambda: likelihood.engine(interaction, others, given))

    def _groups(self, rows: Array) -> Iterator[tuple[Engine, Any, Array]]:
        for values, where in alike(rows[:, self._steps]):
            yield self._engine(values), where, np.ascontiguousarray(rows[where][:, self._others])

    def points(self, rows: Array, out: Array) -> None:
        """Write chi2 of points; see `Engine.points`."""
        for engine, where, others in self._groups(rows):
            part = np.empty(len(others))
            engine.points(others, part)
            out[where] = part

    def grid(self, rows: Array, y: Array, out: Array) -> None:
        """Write chi2 on a grid of points and values of y; see `Engine.grid`."""
        for engine, where, others in self._groups(rows):
            part = np.empty((len(others), len(y)))
            engine.grid(others, y, part)
            out[where] = part

    def minima(self, rows: Array, two_sided: bool, out: Array, at: Array) -> None:
        """Write the least chi2 along the line through each point; see `Engine.minima`."""
        for engine, where, others in self._groups(rows):
            part, y = np.empty(len(others)), np.empty(len(others))
            engine.minima(others, two_sided, part, y)
            out[where], at[where] = part, y

    def crossings(self, rows: Array, two_sided: bool, level: float, out: Array, counts: Any, above: Any) -> None:
        """Find every y at which chi2 crosses a level; see `Engine.crossings`."""
        for engine, where, others in self._groups(rows):
            part, n, first = np.empty((len(others), out.shape[1])), counts[where], above[where]
            engine.crossings(others, two_sided, level, part, n, first)
            out[where], counts[where], above[where] = part, n, first

    def profile(self, values: Array) -> Any:
        """Return chi2 with its nuisances at one point; see `Engine.profile`."""
        engine = self._engine(tuple(values[self._steps].tolist()))
        return engine.profile(np.ascontiguousarray(values[self._others]))

    def penalty(self, values: Array) -> float:
        """Return what the priors of parameters add to chi2 at one point; see `Engine.penalty`."""
        engine = self._engine(tuple(values[self._steps].tolist()))
        return engine.penalty(np.ascontiguousarray(values[self._others]))


class RefoldedEvaluator:
    """chi2 as a function of the parameters, as an `Evaluator`, but with a fold for each new mass.

    Parameters
    ----------
    engine : RefoldedEngine
        What computes it.
    """

    def __init__(self, engine: RefoldedEngine) -> None:
        self.engine = engine
        self.parameters = engine.parameters
        self.names = tuple(p.name for p in self.parameters)

    def __reduce__(self) -> tuple[Any, ...]:
        return RefoldedEvaluator, (self.engine,)

    @cached_property
    def __signature__(self) -> Any:
        return signature(self.parameters)

    def __call__(self, *args: float, **named: float) -> float:
        """Return chi2 at one point, all nuisances profiled; see `Evaluator`."""
        row = np.array([checked(self.parameters, self.names, args, named)])
        out = np.empty(1)
        self.engine.points(row, out)
        return float(out[0])

    def gradient(self, *args: float, **values: float) -> Any:
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

    def low_level_callable(self, quantity: str = "chi2") -> Any:
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
