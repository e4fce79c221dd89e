"""Commands that tell what planned experiments may see."""

from __future__ import annotations

from cevns.arrays import below
from cevns.cli.fits import about, grid_of, saved, values_of
from cevns.cli.inputs import assumed, described, inputs, pairs, point, settings, weak_name, with_warnings
from cevns.cli.output import Result, number, table
from cevns.errors import InputError
from cevns.tabular import without_rounding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

    from cevns.inference import Sensitivity
    from cevns.interactions import Interaction
    from cevns.likelihoods import Likelihood

__all__ = ["sensitivity", "significance"]


def sensitivity(args: Namespace) -> Result:
    """Expected limits, intervals and regions."""
    likelihood, model = inputs(args)
    if args.grid is not None:
        return _region(likelihood, model, args)
    if args.output is not None and args.output.suffix == ".npz":
        raise InputError(f"{args.output} cannot hold expected limits, which are tables: let its name end in .csv")
    options: dict[str, Any] = {} if args.cl is None else {"cl": args.cl}
    options |= {"num_threads": args.threads, "bands": args.bands}
    options |= {"toys": args.toys, "nuisances": args.nuisances, "seed": args.seed}
    for name, scale in (("exposure", "log"), ("threshold", "linear")):
        given = getattr(args, name)
        options[name] = None if given is None else values_of(given, scale)
    values = [value for parts in (args.mass, args.exposure, args.threshold) for part in parts or () for value in part]
    if args.output is not None and args.output.suffix != ".csv" and len(values) < 2:
        raise InputError(
            f"{args.output} would be a picture, which needs two masses, exposures or thresholds: give LOW:HIGH:N, or a "
            "name that ends in .csv"
        )
    own = set(likelihood.own_parameters(model)) - likelihood.mediators(model)
    if args.profile or args.truth or (args.parameter is not None and args.parameter not in own):
        found = _interval(likelihood, model, args, options)
    else:
        given = settings(likelihood, model, args)
        masses: Any = given.pop("mass", None)
        if args.mass is not None:
            if masses is not None:
                raise InputError("mass is given by --mass and by --set: give it once")
            masses = [m for part in args.mass for m in part]
        options |= {"dof": args.dof, "parameter": args.parameter}
        found = likelihood.sensitivity(model, masses, **options, **given)
    shown = found.table()
    data = about(found, model) | {
        "cl": found.cl,
        "dof": found.dof,
        "delta_chi2": found.delta_chi2,
        "method": found.method,
        **({"toys": found.toys} if found.toys else {}),
        **({"profiled": list(found.profiled)} if found.profiled else {}),
        "expected": [dict(zip(shown.names, row, strict=True)) for row in shown],
    }
    freedom = f"{found.dof} degree{'s' if found.dof > 1 else ''} of freedom"
    title = f"{found.subject}: expected limits, confidence level {below(found.cl, 1, 6)} for {freedom}"
    return saved(found, args, data, title, table(shown.heads, without_rounding(shown)))


def _interval(likelihood: Likelihood, model: Interaction, args: Namespace, options: dict[str, Any]) -> Sensitivity:
    """Return the interval of one parameter that is expected to be allowed."""
    if args.parameter is None:
        raise InputError("--profile and --truth are of an interval: say of which parameter by --parameter NAME")
    if args.dof not in (None, 1):
        raise InputError(f"--dof {args.dof} is not allowed: an interval has one degree of freedom")
    return likelihood.expected_interval(
        model, args.parameter, profiled=args.profile, **_true(args), **options, **_values(likelihood, model, args)
    )


def _region(likelihood: Likelihood, model: Interaction, args: Namespace) -> Result:
    """Tell which values data are expected to exclude."""
    for name in ("parameter", "exposure", "threshold", "dof"):
        if getattr(args, name) is not None:
            raise InputError(f"--{name} and --grid are both given: leave one out")
    if args.output is not None and args.output.suffix == ".csv":
        raise InputError(f"{args.output} cannot hold a region: let its name end in .npz")
    options: dict[str, Any] = {} if args.cl is None else {"cl": args.cl}
    options |= {"profiled": args.profile, "bands": args.bands, "toys": args.toys, "nuisances": args.nuisances}
    options |= {"seed": args.seed, "num_threads": args.threads, **_true(args)}
    grid = grid_of(likelihood, model, args.grid)
    found = likelihood.expected_region(model, grid, **options, **_values(likelihood, model, args))
    shown = found.table()
    data = about(found, model) | {
        "cl": found.cl,
        "dof": len(found.parameters),
        "delta_chi2": found.level,
        "method": found.method,
        "toys": found.toys,
        "truth": found.truth,
        "profiled": list(found.profiled),
        "points": [dict(zip(shown.names, row, strict=True)) for row in shown],
    }
    title = f"{found.subject}: share of data that exclude, confidence level {below(found.cl, 1, 6)}"
    rows = [[number(cell) if isinstance(cell, float) else cell for cell in row] for row in shown]
    return saved(found, args, data, title, table(shown.heads, rows))


def _true(args: Namespace) -> dict[str, Any]:
    return {"truth": None if args.truth is None else pairs("truth", args.truth)}


def _values(likelihood: Likelihood, model: Interaction, args: Namespace) -> dict[str, Any]:
    """Return values of other parameters, a mass among them."""
    masses = [mass for part in args.mass or () for mass in part]
    if len(masses) > 1:
        raise InputError(f"{len(masses)} masses are given, an interval or a region is at one: give one --mass")
    given = settings(likelihood, model, args)
    return {"mass": masses[0], **given} if masses else given


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
