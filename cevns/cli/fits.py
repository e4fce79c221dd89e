"""Commands that fit, profile and draw any parameters."""

from __future__ import annotations

from cevns.arrays import below
from cevns.cli.inputs import inputs, pairs, save_figure, settings, weak_name, with_warnings
from cevns.cli.output import Result, number, table
from cevns.errors import InputError
from cevns.tabular import chi2_text, without_rounding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from typing import Any

    from cevns.inference import Result as AnyResult
    from cevns.interactions import Interaction
    from cevns.likelihoods import Likelihood

__all__ = ["about", "contour", "fit", "interval", "profile", "saved", "values_of"]


def fit(args: Namespace) -> Result:
    """Best fit in any parameters."""
    likelihood, model = inputs(args)
    found = likelihood.fit(model, args.free, **_options(likelihood, model, args))
    data = about(found, model) | {
        "chi2_min": found.chi2,
        "values": found.values,
        "intervals": found.intervals,
        "minima": found.minima,
        "covariance": [[None if x != x else x for x in row] for row in found.covariance.tolist()],
        "at_edge": found.at_edge,
        "flat": found.flat,
        "degenerate": bool(found.degenerate),
    }
    rows = [
        (p.name, found.values[p.name], p.unit, _intervals(found.intervals[p.name].tolist())) for p in found.parameters
    ]
    title = f"chi2 {chi2_text(found.chi2)}  {found.subject}"
    text = table(("parameter", "best fit", "unit", "delta chi2 at most 1, others profiled"), rows)
    if len(found.minima) > 1:
        names = [p.name for p in found.parameters]
        others = [(chi2_text(m["chi2"]), *(m["values"][name] for name in names)) for m in found.minima]
        text += f"\n\n{table(('chi2 of minima', *names), others)}"
    return saved(found, args, data, title, text)


def profile(args: Namespace) -> Result:
    """chi2 along one parameter."""
    likelihood, model = inputs(args)
    known = {p.name: p for p in likelihood.parameters(model)}
    scale = known[args.parameter].scale if args.parameter in known else "linear"
    found = likelihood.profile(
        model, args.parameter, values_of(args.values, scale), profiled=args.profile, **_options(likelihood, model, args)
    )
    shown = found.table()
    data = about(found, model) | {
        "parameter": found.name,
        "values": found.values,
        "chi2": found.chi2,
        "chi2_min": found.chi2_min,
        "profiled": found.profiled,
    }
    title = f"least chi2 {chi2_text(found.chi2_min)}  {found.subject}"
    return saved(found, args, data, title, table(shown.heads, without_rounding(shown)))


def interval(args: Namespace) -> Result:
    """Allowed intervals of one parameter."""
    likelihood, model = inputs(args)
    level = {} if args.cl is None else {"cl": args.cl}
    found = likelihood.interval(
        model, args.parameter, profiled=args.profile, **level, **_options(likelihood, model, args)
    )
    data = about(found, model) | {
        "parameter": found.name,
        "profiled": found.profiled,
        "cl": found.cl,
        "dof": 1,
        "chi2_min": found.chi2_min,
        "best_fit": found.best_fit,
        "values": found.values,
        "delta_chi2": found.delta_chi2,
        "allowed": found.allowed,
    }
    title = (
        f"{found.subject}, confidence level {below(found.cl, 1, 6)} for 1 degree of freedom\n"
        f"allowed where chi2 <= {number(found.chi2_min + found.delta_chi2)}, {number(found.delta_chi2)} above "
        f"{chi2_text(found.chi2_min)}"
    )
    unit = found.parameters[0].unit
    head = (f"{found.name} [{unit}]" if unit else found.name, "best fit")
    return saved(found, args, data, title, table(head, [(_intervals(found.allowed.tolist()), found.best_fit)]))


def contour(args: Namespace) -> Result:
    """Closed curves in a plane."""
    likelihood, model = inputs(args)
    level = {} if args.cl is None else {"cl": args.cl}
    found = likelihood.contour(
        model, args.x, args.y, profiled=args.profile, **level, **_options(likelihood, model, args)
    )
    levels = [
        {"cl": cl, "delta_chi2": above, "curves": curves}
        for cl, above, curves in zip(found.cl, found.delta_chi2, found.curves, strict=True)
    ]
    data = about(found, model) | {
        "x": args.x,
        "y": args.y,
        "profiled": found.profiled,
        "dof": 2,
        "chi2_min": found.chi2_min,
        "values": found.values,
        # those of the lowest level; there is one unless more are asked for
        **levels[0],
        "levels": levels,
    }
    rows = [
        (below(cl, 1, 6), k, len(curve) - 1, *curve.min(axis=0), *curve.max(axis=0))
        for cl, curves in zip(found.cl, found.curves, strict=True)
        for k, curve in enumerate(curves, start=1)
    ]
    head = (
        "level",
        "curve",
        "vertices",
        f"least {args.x}",
        f"least {args.y}",
        f"largest {args.x}",
        f"largest {args.y}",
    )
    title = f"least chi2 {chi2_text(found.chi2_min)}  {found.subject}, 2 degrees of freedom"
    return saved(found, args, data, title, table(head, rows))


def _options(likelihood: Likelihood, model: Interaction, args: Namespace) -> dict[str, Any]:
    """Return what all of these take."""
    options: dict[str, Any] = {"bounds": pairs("bounds", args.bounds), "num_threads": args.threads}
    return options | settings(likelihood, model, args)


def values_of(parts: Sequence[tuple[float, ...]], scale: str) -> Any:
    """Return ascending values from numbers and grids, whose steps are even on the parameter's scale."""
    import numpy as np

    found: list[float] = []
    for part in parts:
        if len(part) == 3:
            low, high, count = part
            space = np.geomspace if scale == "log" and low > 0 else np.linspace
            found += space(low, high, int(count)).tolist()
        else:
            found += part
    return sorted(set(found))


def about(found: AnyResult, model: Interaction) -> dict[str, Any]:
    """Return what JSON says of any result."""
    units = {p.name: p.unit or "dimensionless" for p in found.parameters}
    data = {"model": found.model, "weak": weak_name(model), "experiments": found.experiments, "units": units}
    return data | {"fixed": found.fixed, **({"assumptions": found.assumptions} if found.assumptions else {})}


def _intervals(rows: Sequence[Sequence[float]]) -> str:
    return ", ".join(f"[{low:.6g}, {high:.6g}]" for low, high in rows) or "none"


def grid_of(likelihood: Likelihood, model: Interaction, parts: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return the values of parameters of a grid, by name."""
    known = {p.name: p for p in likelihood.parameters(model)}
    names = [name for name, _ in parts]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"--grid has {name} twice: give all of its values at once, NAME=VALUE,VALUE")
    return {name: values_of(part, known[name].scale if name in known else "linear") for name, part in parts}


def saved(found: AnyResult, args: Namespace, data: dict[str, Any], title: str, text: str) -> Result:
    """Write the result where it is to go, and return what is told of it."""
    if args.output is not None:
        if args.output.suffix == found.suffix:
            found.save(args.output)
        else:
            from cevns.plotting import file_axes

            save_figure(found.plot(file_axes()), args.output)
        data["file"] = str(args.output)
        title += f"\nwritten to {args.output}"
    return with_warnings(data, title, text, found.remarks)
