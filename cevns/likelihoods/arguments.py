"""Which parameters functions of a likelihood take, and what is known of them before the interaction's numbers are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cevns.likelihoods.assembly import check_radii
from cevns.likelihoods.priors import terms
from cevns.parameters import choose, varies
from cevns.steps import Steps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import Array, Model
    from cevns.kernels.likelihood import Evaluator
    from cevns.likelihoods.likelihood import Likelihood
    from cevns.likelihoods.refolded import RefoldedEvaluator
    from cevns.parameters import Parameter

__all__ = ["arguments", "priors_of", "what_moves"]


def arguments(
    likelihood: Likelihood, interaction: Model, free: Sequence[str], fixed: Mapping[str, float]
) -> tuple[Steps, Any]:
    """Return the parameters of a function and their priors, which all interactions of a structure share.

    Priors are None if some parameters need a fold for every value.
    """
    parameters = choose(likelihood.parameters(interaction), likelihood.own_parameters(interaction), free, fixed)
    steps = Steps(parameters, likelihood.experiments[0].signal.refolded(interaction))
    return steps, None if steps else priors_of(likelihood, interaction, parameters, fixed)


def priors_of(
    likelihood: Likelihood, interaction: Model, parameters: Sequence[Parameter], fixed: Mapping[str, float]
) -> list[tuple[int, float, float]]:
    """Return the priors of parameters as an engine takes them; see `cevns.likelihoods.priors.terms`.

    Raises
    ------
    InputError
        If radii are given that not all experiments have, or a parameter with a prior is nowhere.
    """
    check_radii(likelihood.experiments, [*(p.name for p in parameters), *fixed])
    return terms(likelihood.parameters(interaction), parameters, fixed)


def what_moves(
    likelihood: Likelihood,
    interaction: Model,
    evaluator: Evaluator | RefoldedEvaluator,
    arrays: dict[str, Array],
) -> tuple[Evaluator | RefoldedEvaluator, dict[str, Array]]:
    """Return what takes only those parameters that differ among many points, unless the line is one of them."""
    line, moving = evaluator.engine.line, {name for name, array in arrays.items() if varies(array)}
    if line < 0 or not moving or evaluator.parameters[line].name in moving:
        return evaluator, arrays
    fixed: dict[str, Any] = {name: array.flat[0].item() for name, array in arrays.items() if name not in moving}
    own = likelihood.own_parameters(interaction)
    free = [name for name in arrays if name in moving and name not in own]
    return likelihood.bind(interaction, free=free, **fixed), {n: array for n, array in arrays.items() if n in moving}
