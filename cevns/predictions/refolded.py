"""Counts of interactions with a parameter, a mass of a final lepton, for whose every value they are folded anew."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.arrays import alike
from cevns.kept import Kept
from cevns.kernels.functions import checked, signature

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cevns._types import Array
    from cevns.interactions import Interaction
    from cevns.kernels.functions import Predictor
    from cevns.parameters import Parameter
    from cevns.predictions.signal import Signal

__all__ = ["RefoldedPredictor"]

#: Predictors that are kept.
MOST_KEPT = 32


class RefoldedPredictor:
    """Signal counts as a function of the parameters, as a `Predictor`, but with a fold for each new mass.

    Parameters
    ----------
    signal : Signal
        Whose counts they are.
    interaction : Interaction
        Interaction.
    parameters : tuple of Parameter
        What counts are a function of.
    steps : tuple of int
        Which of them need a fold for every value.
    fixed : mapping of str to float
        Values of others.
    eta : float
        Quenching scale.
    """

    def __init__(
        self,
        signal: Signal,
        interaction: Interaction,
        parameters: tuple[Parameter, ...],
        steps: tuple[int, ...],
        fixed: Mapping[str, float],
        eta: float,
    ) -> None:
        self.parameters, self._steps = parameters, list(steps)
        self._arguments = signal, interaction, parameters, steps, fixed, eta
        self.names = tuple(p.name for p in parameters)
        self._others = [i for i in range(len(parameters)) if i not in steps]
        self._kept = Kept(MOST_KEPT)

    def __reduce__(self) -> tuple[Any, ...]:
        return RefoldedPredictor, self._arguments

    @cached_property
    def __signature__(self) -> Any:
        return signature(self.parameters)

    def _at(self, values: tuple[float, ...]) -> Predictor:
        signal, interaction, _, _, fixed, eta = self._arguments
        given = {**fixed, **{self.names[i]: value for i, value in zip(self._steps, values, strict=True)}}
        others = tuple(self.parameters[i] for i in self._others)
        return self._kept.get(values, lambda: signal.bound_predictor(interaction, others, given, eta))

    def __call__(self, *args: float, **named: float) -> Array:
        """Return counts, shape (bins,), at one point; see `Predictor`."""
        row = checked(self.parameters, self.names, args, named)
        return self._at(tuple(row[i] for i in self._steps))(*(row[i] for i in self._others))

    def rows(self, values: Array, out: Array) -> None:
        """Write counts at many points into `out`; see `Predictor.rows`."""
        for steps, where in alike(values[:, self._steps]):
            part = np.empty((len(where), out.shape[1]))
            self._at(steps).rows(np.ascontiguousarray(values[where][:, self._others]), part)
            out[where] = part
