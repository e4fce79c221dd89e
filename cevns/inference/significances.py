"""The significance of what a planned experiment may find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.inference.levels import standard_deviations
from cevns.parameters import common_shape

if TYPE_CHECKING:
    from cevns._types import ArrayLike, Model
    from cevns.likelihoods import Likelihood

__all__ = ["significance"]


def significance(likelihood: Likelihood, interaction: Model, *, dof: int = 1, **values: ArrayLike) -> Any:
    """Return with how many standard deviations an interaction is expected to be seen, if it is there.

    It is the significance of delta chi2 between the standard model and the interaction, for the counts that the
    interaction predicts.

    Parameters
    ----------
    likelihood : Likelihood
        Of planned experiments, or of others, whose data do not matter.
    interaction : str or Interaction
        Interaction.
    dof : int
        Degrees of freedom: 1 if but the coupling is not known, 2 with the mass.
    **values : array_like
        The interaction's parameters, and others; they broadcast.

    Returns
    -------
    float or ndarray
        Two-sided, in standard deviations.

    Raises
    ------
    InputError
        If a parameter is missing, or the interaction has no coupling.

    Examples
    --------
    >>> import cevns
    >>> both = cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")
    >>> both.significance("b-l", mass=10.0, coupling=[4e-5, 6e-5]).round(2)
    array([1.53, 3.91])
    """
    dof = checks.whole("dof", dof, low=1, high=100)
    given = {name: np.asarray(value, dtype=float) for name, value in values.items() if value is not None}
    shape = common_shape(given)
    own, masses = likelihood.own_parameters(interaction), likelihood.mediators(interaction)
    couplings = [p for p in likelihood.parameters(interaction) if p.name in own and p.name not in masses]
    if not couplings:
        raise InputError(f"interaction {checks.shown(likelihood.describe(interaction)[0])} has no coupling to discover")
    out = np.empty(shape)
    rows = {name: np.broadcast_to(array, shape) for name, array in given.items()}
    for index in np.ndindex(shape):
        point = {name: float(array[index]) for name, array in rows.items()}
        there = likelihood.asimov(interaction, **point)
        without = point | {p.name: p.origin for p in couplings}
        above = there.chi2(interaction, **without) - there.chi2(interaction, **point)
        out[index] = standard_deviations(float(above), dof)
    return out if shape else float(out)
