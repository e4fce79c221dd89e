"""Commands that tell what planned experiments may see."""

from __future__ import annotations

from cevns.arrays import below
from cevns.cli.fits import about, saved, values_of
from cevns.cli.inputs import assumed, described, inputs, point, settings, weak_name, with_warnings
from cevns.cli.output import Result, number, table
from cevns.tabular import without_rounding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

__all__ = ["sensitivity", "significance"]


def sensitivity(args: Namespace) -> Result:
    """Expected limits with bands."""
    likelihood, model = inputs(args)
    masses = None if args.mass is None else [m for part in args.mass for m in part]
    options: dict[str, Any] = {} if args.cl is None else {"cl": args.cl}
    options |= {"dof": args.dof, "parameter": args.parameter, "num_threads": args.threads, "bands": args.bands}
    options |= {"toys": args.toys, "nuisances": args.nuisances, "seed": args.seed}
    for name, scale in (("exposure", "log"), ("threshold", "linear")):
        given = getattr(args, name)
        options[name] = None if given is None else values_of(given, scale)
    found = likelihood.sensitivity(model, masses, **options, **settings(likelihood, model, args))
    shown = found.table()
    data = about(found, model) | {
        "cl": found.cl,
        "dof": found.dof,
        "delta_chi2": found.delta_chi2,
        "method": found.method,
        **({"toys": found.toys} if found.toys else {}),
        "expected": [dict(zip(shown.names, row, strict=True)) for row in shown],
    }
    freedom = f"{found.dof} degree{'s' if found.dof > 1 else ''} of freedom"
    title = f"{found.subject}: expected limits, confidence level {below(found.cl, 1, 6)} for {freedom}"
    return saved(found, args, data, title, table(shown.heads, without_rounding(shown)))


def significance(args: Namespace) -> Result:
    """Standard deviations with which an interaction is expected to be seen."""
    likelihood, model = inputs(args)
    values = point(likelihood, model, args)
    found = likelihood.significance(model, dof=args.dof or 1, **values)
    data = {
        "model": model.name,
        "weak": weak_name(model),
        "experiments": [e.name for e in likelihood.experiments],
        "values": values,
        "dof": args.dof or 1,
        "significance": found,
        **assumed(likelihood, model),
    }
    names = " + ".join(data["experiments"])
    title = f"{number(found)} standard deviations  {described(model, values, likelihood.parameters(model))}, {names}"
    rows = "expected, if the interaction is there, between it and the standard model"
    return with_warnings(data, title, rows, likelihood.omissions(model))
