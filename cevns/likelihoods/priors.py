"""Gaussian constraints on parameters, as chi2 takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cevns.errors import InputError
from cevns.kernels.engine import Engine
from cevns.parameters import Parameter, unused_prior

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["added", "constrained", "merged", "terms", "without_priors"]


def merged(several: Iterable[Mapping[str, tuple[float, float]]]) -> dict[str, tuple[float, float]]:
    """Return all priors by the parameter's name.

    Raises
    ------
    InputError
        If a parameter has different ones.
    """
    given: dict[str, tuple[float, float]] = {}
    for priors in several:
        for name, prior in priors.items():
            if given.setdefault(name, prior) != prior:
                raise InputError(
                    f"{name} has the prior {given[name]} in one likelihood and {prior} in another: leave one out"
                )
    return given


def added(
    priors: Mapping[str, tuple[float, float]], more: Mapping[str, tuple[float, float]]
) -> dict[str, tuple[float, float]]:
    """Return the priors of a likelihood and further ones.

    Raises
    ------
    InputError
        If one is no pair of numbers, or the likelihood has another of the same parameter.
    """
    out = dict(priors)
    for name, given in more.items():
        prior: Any = Parameter(name, prior=given).prior
        if out.setdefault(name, prior) != prior:
            raise InputError(
                f"{name} has the prior {out[name]} already, and {prior} does not replace it: give one of them to a "
                "likelihood without, as Likelihood(likelihood.experiments) is"
            )
    return out


def constrained(parameter: Parameter, prior: tuple[float, float]) -> Parameter:
    """Return a parameter with the prior that a likelihood has for it.

    Raises
    ------
    InputError
        If it has another of its own.
    """
    if parameter.prior not in (None, prior):
        raise InputError(
            f"{parameter.name} has the prior {parameter.prior} of its own and {prior} in the likelihood: leave one out"
        )
    return parameter.replace(prior=prior)


def terms(
    known: Iterable[Parameter], parameters: Sequence[Parameter], fixed: Mapping[str, float]
) -> list[tuple[int, float, float]]:
    """Return the priors of parameters as an engine takes them: of those that it has, and of those that are fixed.

    Raises
    ------
    InputError
        If a parameter with a prior is neither: its prior would mean nothing.
    """
    place, found = {p.name: i for i, p in enumerate(parameters)}, []
    for p in known:
        if p.prior is None:
            continue
        mean, sigma = p.prior
        if p.name in place:
            found.append((place[p.name], mean, sigma))
        elif p.name in fixed:
            found.append((-1, fixed[p.name], ((fixed[p.name] - mean) / sigma) ** 2))
        else:
            raise InputError(unused_prior(p))
    return found


def without_priors(engine: Engine) -> Engine:
    """Return what computes the same chi2 without what priors of parameters add to it."""
    return Engine(engine.terms, engine.shared, (), engine.joint) if engine.priors else engine
