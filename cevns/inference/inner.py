"""Boxes of parameters in which chi2 is convex in the quenching scale, and so twenty times as fast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cevns._types import Array, Model
    from cevns.kernels.engine import Engine
    from cevns.likelihoods import Likelihood
    from cevns.parameters import Parameter

__all__ = ["convex_box"]


def convex_box(
    parameters: Sequence[Parameter],
    likelihood: Likelihood,
    interaction: Model,
    fixed: Mapping[str, float],
    low: Array,
    high: Array,
) -> tuple[Array, Array, Engine] | None:
    """Return a box with an engine for it if chi2 is convex there; None if it is not, or the box is none.

    Parameters
    ----------
    parameters : sequence of Parameter
        Free ones.
    likelihood : Likelihood
        Experiments.
    interaction : str or Interaction
        Interaction.
    fixed : mapping of str to float
        Values of other parameters.
    low, high : ndarray, shape (parameters,)
        Ends of the box.
    """
    if not (low < high).all():
        return None
    within = tuple(
        p.replace(low=a, high=b, default=None) for p, a, b in zip(parameters, low.tolist(), high.tolist(), strict=True)
    )
    engine = likelihood.engine(interaction, within, fixed).prepare()
    return None if any(term.searched for term in engine.terms) else (low, high, engine)
