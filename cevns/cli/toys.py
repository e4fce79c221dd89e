"""Commands that draw and fit toys, in shards."""

from __future__ import annotations

from cevns.arrays import below
from cevns.cli.fits import about, grid_of, saved
from cevns.cli.inputs import described, inputs, point, settings
from cevns.cli.output import Result, number, table
from cevns.cli.progress import progress_bar
from cevns.cli.work import compute, executor
from cevns.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

__all__ = ["feldman_cousins", "toys"]


def toys(args: Namespace) -> Result:
    """Fits of toys that are drawn at a point."""
    from cevns.inference.ensembles.ensemble import CHUNK, of_shard
    from cevns.inference.ensembles.making import ensemble_of
    from cevns.work import Task

    likelihood, model = inputs(args)
    values = point(likelihood, model, args)
    options: dict[str, Any] = {"profiled": args.profile, "nuisances": args.nuisances, "seed": args.seed, **values}
    ensemble = ensemble_of(likelihood, model, args.free, **options)
    shards = -(-args.toys // CHUNK)
    task = Task("toys", of_shard, {"ensemble": ensemble, "total": args.toys}, shards=shards)
    merged = compute(task, args)
    if merged.missing:
        text = (
            f"{args.folder}: {shards - len(merged.missing)} of {shards} shards are there; cevns toys merge joins parts"
        )
        return Result({"folder": str(args.folder), "shards": shards, "missing": len(merged.missing)}, text)
    found = ensemble.result(merged.arrays)
    share, good = found.p_value, found.goodness
    data = about(found, model) | {
        "toys": len(found),
        "seed": found.seed,
        "nuisances": found.nuisances,
        "point": found.point,
        "observed_delta_chi2": found.observed_delta_chi2,
        "observed_least": found.observed_least,
        "p_value": None if found.at_best_fit else {"value": share.value, "error": share.error},
        "goodness": {"value": good.value, "error": good.error},
    }
    rows = [
        ("delta chi2 at the point", found.observed_delta_chi2, share.value, share.error),
        ("least chi2", found.observed_least, good.value, good.error),
    ]
    if found.at_best_fit:
        del rows[0]
    title = f"{described(model, values, likelihood.parameters(model))}, {' + '.join(found.experiments)}: "
    title += f"{len(found)} toys, nuisances {found.nuisances}, seed {found.seed}"
    return saved(found, args, data, title, table(("", "observed", "share of toys above", "error"), rows))


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
