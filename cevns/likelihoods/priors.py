"""Gaussian constraints on parameters, as chi2 takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.errors import InputError
from cevns.kernels.engine import Engine
from cevns.parameters import unused_prior

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cevns.parameters import Parameter

__all__ = ["merged", "terms", "without_priors"]


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
