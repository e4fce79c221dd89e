"""Commands that draw and fit toys, in shards."""

from __future__ import annotations

from cevns.arrays import below
from cevns.cli.fits import about, grid_of, saved
from cevns.cli.inputs import described, given, inputs, point, settings
from cevns.cli.output import Result, number, table
from cevns.cli.progress import progress_bar
from cevns.cli.work import compute, executor
from cevns.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

    from cevns.inference.ensembles.result import Fraction
    from cevns.interactions import Interaction
    from cevns.likelihoods import Likelihood

__all__ = ["feldman_cousins", "goodness", "toys"]


def toys(args: Namespace) -> Result:
    """Fits of toys that are drawn at a point, or how often asymptotic regions hold it."""
    likelihood, model = inputs(args)
    return _toys(args, likelihood, model, point(likelihood, model, args))


def goodness(args: Namespace) -> Result:
    """The p-value of the best fit, by toys that are drawn there."""
    from cevns.inference.ensembles.making import best_values

    likelihood, model = inputs(args)
    values = given(likelihood, model, args)
    for name in values.keys() & set(args.free):
        raise InputError(f"{name} is fitted, and has a value: leave out --{name}, or take it from --free")
    return _toys(args, likelihood, model, values | best_values(likelihood, model, args.free, **values))


def _toys(args: Namespace, likelihood: Likelihood, model: Interaction, values: dict[str, Any]) -> Result:
    """Draw and fit toys at a point, and tell what the command is for."""
    from cevns.inference.ensembles.making import ensemble_of, task_of

    profiled = getattr(args, "profile", ())
    options: dict[str, Any] = {"profiled": profiled, "nuisances": args.nuisances, "seed": args.seed, **values}
    ensemble = ensemble_of(likelihood, model, args.free, **options)
    task = task_of(ensemble, args.toys)
    merged = compute(task, args)
    if merged.missing:
        there = f"{task.shards - len(merged.missing)} of {task.shards} shards are there"
        text = f"{args.folder}: {there}; cevns toys merge joins parts"
        return Result({"folder": str(args.folder), "shards": task.shards, "missing": len(merged.missing)}, text)
    found = ensemble.result(merged.arrays)
    data = about(found, model) | {
        "toys": len(found),
        "seed": found.seed,
        "nuisances": found.nuisances,
        "point": found.point,
        "observed_delta_chi2": found.observed_delta_chi2,
        "observed_least": found.observed_least,
        "p_value": None if found.at_best_fit else _share(found.p_value),
        "goodness": _share(found.goodness),
    }
    rows = [
        ("delta chi2 at the point", found.observed_delta_chi2, *found.p_value),
        ("least chi2", found.observed_least, *found.goodness),
    ]
    shown = table(("", "observed", "share of toys above", "error"), rows[int(found.at_best_fit) :])
    if hasattr(args, "cl"):
        cl = 0.90 if args.cl is None else args.cl
        share = found.coverage(cl, args.dof)
        data |= {"cl": cl, "dof": found.dof if args.dof is None else args.dof, "coverage": _share(share)}
        level = f"{below(cl, 1, 6)} for {data['dof']} degree{'s' if data['dof'] > 1 else ''} of freedom"
        shown = table(("confidence level", "share of regions that hold the point", "error"), [(level, *share)])
    title = f"{described(model, values, likelihood.parameters(model))}, {' + '.join(found.experiments)}: "
    title += f"{len(found)} toys, nuisances {found.nuisances}, seed {found.seed}"
    return saved(found, args, data, title, shown)


def _share(share: Fraction) -> dict[str, float]:
    return {"value": share.value, "error": share.error}


def feldman_cousins(args: Namespace) -> Result:
    """Regions whose coverage is that of their level."""
    likelihood, model = inputs(args)
    if args.shard is not None:
        raise InputError(
            "--shard is for work that is known from its start, and toys go where they are needed: leave it out"
        )
    grid = grid_of(likelihood, model, args.grid)
    options: dict[str, Any] = {} if args.cl is None else {"cl": args.cl}
    options |= {"precision": args.precision, "nuisances": args.nuisances, "seed": args.seed, "folder": args.folder}
    options |= settings(likelihood, model, args)
    with executor(args.workers, args.scheduler) as chosen, progress_bar("toys", lines=True) as progress:
        found = likelihood.feldman_cousins(model, grid, executor=chosen, progress=progress, **options)
    shown = found.table()
    data = about(found, model) | {
        "cl": found.cl,
        "chi2_min": found.chi2_min,
        "best_fit": found.best_fit,
        "toys": found.toys,
        "seed": found.seed,
        "nuisances": found.nuisances,
        "reached": None if found.reached != found.reached else found.reached,
        "wilks": found.wilks,
        "points": [dict(zip(shown.names, row, strict=True)) for row in shown],
    }
    settled = f" ({found.settings})" if found.settings else ""
    title = (
        f"{described(model, {})}, {' + '.join(found.experiments)}{settled}: Feldman-Cousins, confidence level "
        f"{below(found.cl, 1, 6)}, {found.toys} toys, critical values known to {number(100 * found.reached)} % at the "
        f"boundary, {number(found.wilks)} by Wilks' theorem"
    )
    rows = [[number(cell) if isinstance(cell, float) else cell for cell in row] for row in shown]
    return saved(found, args, data, title, table(shown.heads, rows))
