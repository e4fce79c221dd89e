"""Probability densities of parameters, in the forms that samplers ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.inference.objectives import Objective

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import Array, ArrayLike, Model
    from cevns.likelihoods import Likelihood
    from cevns.parameters import Parameter

__all__ = ["Posterior", "posterior"]


class Posterior:
    """Logarithm of the density of free parameters, up to a constant: -chi2 / 2 with priors, inside of ranges.

    A parameter has a Gaussian prior if it was given one, and else one that is flat in its range, or flat in its
    logarithm. Pickles, so that processes may share the work.

    Parameters
    ----------
    objective : Objective
        chi2 of the free parameters.
    logarithmic : sequence of str
        Parameters whose prior is flat in their logarithm.

    Attributes
    ----------
    names : tuple of str
        The parameters in the order of the values.
    low, high : ndarray, shape (n,)
        Their ranges.

    Raises
    ------
    InputError
        If a parameter that is to be flat in its logarithm may be 0 or below, or has a Gaussian prior.
    UnknownNameError
        If it is not among those that are free.

    Examples
    --------
    >>> import cevns
    >>> log_density = cevns.load("coherent-argon-2020").posterior("sm", ["rn_ar"])
    >>> log_density
    Posterior(rn_ar)
    >>> round(log_density([3.5]) - log_density([4.0]), 3)
    0.311
    """

    def __init__(self, objective: Objective, logarithmic: Sequence[str]) -> None:
        self.names = objective.given
        self._evaluator = objective.evaluator
        self._order = [self.names.index(name) for name in objective.names]
        self._parameters: tuple[Parameter, ...] = tuple(objective.parameter(name) for name in self.names)
        self.low = np.array([p.low for p in self._parameters])
        self.high = np.array([p.high for p in self._parameters])
        self._logarithmic = np.array([name in logarithmic for name in self.names])
        for name in logarithmic:
            p = self._parameters[self.names.index(checks.known("logarithmic parameter", name, self.names))]
            if p.low <= 0:
                raise InputError(
                    f"the prior of {name} cannot be flat in its logarithm from {p.low:g} on: give "
                    f"bounds={{{name!r}: (low, high)}} with low above 0"
                )
            if p.prior is not None:
                raise InputError(f"{name} has a Gaussian prior, and cannot have one that is flat in its logarithm")

    def __repr__(self) -> str:
        return f"Posterior({', '.join(self.names)})"

    def __call__(self, values: ArrayLike) -> Any:
        """Return the logarithm of the density at one point, shape (n,), or many, shape (m, n); -inf out of range.

        Raises
        ------
        InputError
            If `values` are not plain numbers, or not one for each parameter.
        """
        return self._log(values, with_priors=True)

    def log_likelihood(self, values: ArrayLike) -> Any:
        """Return -chi2 / 2 without priors, for samplers to which `prior_transform` tells these."""
        return self._log(values, with_priors=False)

    def _log(self, values: ArrayLike, *, with_priors: bool) -> Any:
        rows = np.atleast_2d(checks.floats("values", values))
        if rows.ndim != 2 or rows.shape[1] != len(self.names):
            raise InputError(f"values must have {len(self.names)} columns, {', '.join(self.names)}, got {rows.shape}")
        out = np.full(len(rows), -np.inf)
        # written so that NaN is outside
        inside = ((rows >= self.low) & (rows <= self.high)).all(axis=1)
        some = np.ascontiguousarray(rows[inside][:, self._order])
        chi2 = np.empty(len(some))
        self._evaluator.engine.points(some, chi2)
        if with_priors:
            chi2 += 2 * np.log(rows[inside][:, self._logarithmic]).sum(axis=1)
        else:
            for k, p in enumerate(self._parameters):
                if p.prior is not None:
                    chi2 -= ((rows[inside][:, k] - p.prior[0]) / p.prior[1]) ** 2
        out[inside] = -0.5 * chi2
        return out if np.ndim(values) == 2 else float(out[0])

    def prior_transform(self, cube: ArrayLike) -> Array:
        """Return values of the parameters for numbers between 0 and 1, shape (..., n), which samples the priors.

        Raises
        ------
        InputError
            If a number is not from 0 to 1, there is not one for each parameter, or a parameter has neither a Gaussian
            prior nor a finite range.
        """
        cube = checks.array("cube", cube, low=0, high=1, length=len(self.names))
        out = np.empty(cube.shape)
        for k, p in enumerate(self._parameters):
            low, high, share = self.low[k], self.high[k], cube[..., k]
            if p.prior is not None:
                from scipy.special import ndtr, ndtri

                mean, sigma = p.prior
                first, last = ndtr((low - mean) / sigma), ndtr((high - mean) / sigma)
                out[..., k] = mean + sigma * ndtri(first + (last - first) * share)
            elif self._logarithmic[k]:
                out[..., k] = low * (high / low) ** share
            elif abs(low) >= 1e10 or abs(high) >= 1e10:
                raise InputError(
                    f"{p.name} has neither a Gaussian prior nor a range: give bounds={{{p.name!r}: (low, high)}}"
                )
            else:
                out[..., k] = low + (high - low) * share
        found: Array = np.clip(out, self.low, self.high)
        return found


def posterior(
    likelihood: Likelihood,
    interaction: Model,
    free: Sequence[str] | str,
    *,
    logarithmic: Sequence[str] | str = (),
    bounds: Mapping[str, tuple[float, float]] | None = None,
    priors: Mapping[str, tuple[float, float]] | None = None,
    **fixed: float,
) -> Posterior:
    """Return the density of some parameters for samplers.

    Parameters
    ----------
    likelihood : Likelihood
        chi2.
    interaction : str or Interaction
        Interaction.
    free : sequence of str
        Names of the parameters, in the order of the values.
    logarithmic : sequence of str
        Those whose prior is flat in their logarithm.
    bounds, priors, **fixed
        As of `fit`.

    Returns
    -------
    Posterior

    Raises
    ------
    UnknownNameError
        If the interaction or the experiments have no such parameter.
    InputError
        If a range, prior or value is not allowed, or a prior flat in the logarithm begins at 0 or below.

    Examples
    --------
    >>> import cevns
    >>> csi = cevns.load("coherent-csi-2017")
    >>> density = csi.posterior("sm", ["rn_csi"], priors={"rn_csi": (4.9, 0.2)})
    >>> round(density([5.0]) + 0.5 * csi.chi2("sm", rn_csi=5.0), 3)
    -0.125
    >>> density.prior_transform([0.5]).round(2)
    array([4.9])
    """
    logarithmic = (logarithmic,) if isinstance(logarithmic, str) else checks.sequence("logarithmic", logarithmic, str)
    return Posterior(Objective(likelihood, interaction, free, fixed, bounds=bounds, priors=priors), logarithmic)
