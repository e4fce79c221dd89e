"""The chi2 from which levels count: a number, or a fit of the very chi2 whose level is asked for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.errors import InputError
from cevns.inference.estimates import Estimate
from cevns.inference.fits import Fit
from cevns.inference.results import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cevns.inference.lines import Line
    from cevns.inference.objectives import Objective
    from cevns.parameters import Parameter

__all__ = ["chi2_of_fit", "reference_chi2", "reference_fit"]

#: Difference of chi2, relative to 1 + chi2, that rounding may leave, other versions' and machines' included.
ROUNDING = 1e-7
_ALONE = "give its chi2 alone, reference=fit.chi2"


def reference_fit(reference: Any, line: Line) -> Fit:
    """Return the fit from which a limit counts: the one that was given, or one that has nothing but a chi2.

    Parameters
    ----------
    reference : Fit or float
        What was given.
    line : Line
        Along which the limit runs.

    Raises
    ------
    InputError
        If it is neither a fit nor a number, or a fit of another chi2.
    """
    if not isinstance(reference, Fit):
        return Fit(_number(reference, "a Fit of best_fit"), None, math.nan, **line.about)
    name = checks.shown(line.name)
    checks.real("chi2 of the reference", reference.chi2)
    if reference.mass is None and line.other and not math.isnan(reference.coupling):
        raise InputError(f"reference has a coupling without a mass, but {name} has a mediator: {_ALONE}")
    if reference.mass is not None and not line.other:
        raise InputError(f"reference has a mass, but {name} has no mediator: {_ALONE}")
    values = {line.parameter.name: reference.coupling}
    if line.other and reference.mass is not None:
        values[line.other.name] = reference.mass
    _check(reference, values, line.parameters, line.known, line.about, line.chi2)
    return reference


def chi2_of_fit(reference: Any, objective: Objective) -> float | None:
    """Return the chi2 from which levels count, or None for the least that is found.

    Parameters
    ----------
    reference : Fit, Estimate, float or None
        What was given.
    objective : Objective
        The chi2 whose level is asked for.

    Raises
    ------
    InputError
        If it is neither a fit nor a number, or a fit of another chi2.
    """
    if reference is None:
        return None
    if not isinstance(reference, (Fit, Estimate)):
        return _number(reference, "a fit")
    chi2 = checks.real("chi2 of the reference", reference.chi2)
    _check(
        reference,
        _point(reference),
        objective.evaluator.parameters,
        objective.known,
        objective.about,
        objective.evaluator,
    )
    return chi2


def _number(reference: Any, fit: str) -> float:
    if isinstance(reference, str):
        raise InputError(
            f"reference must be a chi2 or {fit}, got {reference!r}; give a number, for the standard model "
            'likelihood.chi2("sm")'
        )
    if isinstance(reference, Result):
        remedy = f": {_ALONE}" if isinstance(reference, Estimate) else ""
        raise InputError(f"reference must be a chi2 or {fit}, got {checks.shown(reference)}{remedy}")
    return reference_chi2(reference)


def reference_chi2(reference: Any) -> float:
    """Return the number from which levels count.

    Raises
    ------
    InputError
        If it is none, or below 0, beyond rounding, where no chi2 is.
    """
    chi2 = checks.real("reference", reference)
    if chi2 < -ROUNDING:
        raise InputError(
            f"reference = {chi2:g} is not allowed: no chi2 lies below 0; for the standard model give "
            'likelihood.chi2("sm")'
        )
    return chi2


def _point(fit: Fit | Estimate) -> dict[str, float]:
    if isinstance(fit, Estimate):
        return fit.values
    values = (fit.coupling,) if len(fit.parameters) == 1 else (fit.mass, fit.coupling)
    return {p.name: value for p, value in zip(fit.parameters, values, strict=True) if value is not None}


def _check(
    fit: Fit | Estimate,
    point: Mapping[str, float],
    free: tuple[Parameter, ...],
    known: Mapping[str, Parameter],
    about: Mapping[str, Any],
    chi2: Callable[..., float],
) -> None:
    """Refuse a fit whose chi2 is not that of this call at its point: it would be told of under a name not its own.

    Parameters
    ----------
    fit : Fit or Estimate
        The reference.
    point : mapping of str to float
        Where its minimum lies.
    free : tuple of Parameter
        What chi2 is a function of.
    known : mapping of str to Parameter
        All that chi2 depends on.
    about : mapping
        What results of this call say of it.
    chi2 : callable
        chi2 of this call.
    """
    name = checks.shown(about["model"])
    # beside what has no coupling a chi2 was given, and no point
    alone = any(math.isnan(value) for value in point.values())
    for parameter in free:
        value = point.get(parameter.name, math.nan)
        if value < parameter.low or value > parameter.high:
            raise InputError(
                f"reference has the {parameter.name} {value:g}, but that of {name} is from {parameter.low:g} to "
                f"{parameter.high:g}: {_ALONE}"
            )
    for what, found, wanted in (
        ("interaction", fit.model, about["model"]),
        ("likelihood", fit.experiments, about["experiments"]),
    ):
        if found != wanted:
            raise InputError(
                f"reference belongs to another {what}, {checks.shown(found)}, than {checks.shown(wanted)}: {_ALONE}"
            )
    if alone:
        return
    defaults = {p.name: p.default for p in known.values()}
    there, here = defaults | dict(fit.fixed) | dict(point), defaults | about["fixed"]
    values = {p.name: there.get(p.name) for p in free}
    missing = next((n for n, value in values.items() if value is None), None)
    if missing:
        raise InputError(f"reference has no value of {missing}, which {name} has: {_ALONE}")
    at_point = chi2(**values)
    if abs(at_point - fit.chi2) <= ROUNDING * (1 + abs(at_point)):
        return
    others = [n for n in there if n not in values and there[n] != here.get(n)]
    said = " and ".join(f"{n} is {_said(here.get(n))} here and {_said(there[n])} in the fit" for n in others)
    raise InputError(
        f"reference has chi2 = {fit.chi2:.6g}, but at its point chi2 is {at_point:.6g} in this call: "
        f"{said or 'the fit is of other data, priors or weak couplings'}; fit again with what this call has, or "
        f"{_ALONE}"
    )


def _said(value: float | None) -> str:
    return "its default" if value is None else f"{value:.6g}"
