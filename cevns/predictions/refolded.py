"""Counts of interactions with a parameter, a mass of a final lepton, for whose every value they are folded anew."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.kept import Kept
from cevns.kernels.functions import checked, signature
from cevns.parameters import bound_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cevns._types import Array
    from cevns.interactions import Interaction
    from cevns.kernels.functions import Predictor
    from cevns.predictions.signal import Signal
    from cevns.steps import Steps

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
    steps : Steps
        What counts are a function of, and which of it needs a fold for every value.
    fixed : mapping of str to float
        Values of others.
    eta : float
        Quenching scale.

    Examples
    --------
    >>> import cevns
    >>> signal = cevns.load("coherent-argon-2020").signal
    >>> predictor = signal.predictor("sterile-dipole", ["mass"], mu_mu=1e-8)
    >>> predictor
    <RefoldedPredictor of mass: counts of sterile-dipole with mu_mu=1e-08>
    >>> predictor(5.0).shape
    (12,)
    """

    def __init__(
        self, signal: Signal, interaction: Interaction, steps: Steps, fixed: Mapping[str, float], eta: float
    ) -> None:
        self._arguments = signal, interaction, steps, fixed, eta
        self.parameters, self._steps = steps.parameters, steps
        self.names = tuple(p.name for p in self.parameters)
        self._kept = Kept(MOST_KEPT)

    def __reduce__(self) -> tuple[Any, ...]:
        return RefoldedPredictor, self._arguments

    def __repr__(self) -> str:
        _, interaction, _, fixed, _ = self._arguments
        return f"<RefoldedPredictor of {', '.join(self.names)}: counts of {bound_name(interaction.name, fixed)}>"

    @cached_property
    def __signature__(self) -> Any:
        return signature(self.parameters)

    def _at(self, values: tuple[float, ...]) -> Predictor:
        signal, interaction, steps, fixed, eta = self._arguments
        given = {**fixed, **steps.given(values)}
        return self._kept.get(values, lambda: signal.bound_predictor(interaction, steps.others, given, eta))

    def __call__(self, *args: float, **named: float) -> Array:
        """Return counts, shape (bins,), at one point; see `Predictor`."""
        row = np.array([checked(self.parameters, self.names, args, named)])
        ((values, _, (others,)),) = self._steps.groups(row)
        return self._at(values)(*others.tolist())

    def rows(self, values: Array, out: Array) -> None:
        """Write counts at many points into `out`; see `Predictor.rows`."""
        for steps, where, others in self._steps.groups(values):
            part = np.empty((len(where), out.shape[1]))
            self._at(steps).rows(others, part)
            out[where] = part
