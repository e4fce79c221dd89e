"""How toys are drawn and fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.inference.ensembles.ensemble import CHUNK, Ensemble, of_shard
from cevns.inference.ensembles.result import Fraction, Toys
from cevns.inference.refits import Refit
from cevns.inference.searches import LINES
from cevns.threads import checked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import Model, Path, Progress
    from cevns.likelihoods import Likelihood, Pulls
    from cevns.work import Task

__all__ = ["best_values", "coverage", "ensemble_of", "goodness", "task_of", "toys"]

#: Most toys of one result.
MOST = 100_000_000


def toys(
    likelihood: Likelihood,
    interaction: Model,
    n: int,
    *,
    free: Sequence[str] | str,
    profiled: Sequence[str] | str = (),
    nuisances: str = "fluctuated",
    pulls: Pulls | str = "best fit",
    seed: int = 0,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    lines: int = LINES,
    num_threads: int = 1,
    folder: Path | None = None,
    executor: Any = None,
    workers: int = 1,
    progress: Progress | None = None,
    **values: Any,
) -> Toys:
    """Return fits of toys that are drawn at a point.

    Parameters
    ----------
    likelihood : Likelihood
        Of whose data toys are drawn.
    interaction : str or Interaction
        Interaction.
    n : int
        How many.
    free : str or sequence of str
        Parameters that are asked about: delta chi2 is chi2 at their values of the point above the least one.
    profiled : str or sequence of str
        Parameters over which chi2 is minimised besides. Toys are drawn with the values that fit the observed data at
        the point, unless they are given.
    nuisances, pulls, seed
        How toys are drawn; see `cevns.likelihoods.draws.Draws`.
    bounds, lines
        How they are fitted; see `cevns.inference.refits.Refit`.
    num_threads : int
        Threads over toys; the result does not depend on them.
    folder : path, optional
        Where shards of 4,096 toys are kept, each as soon as it is done: the same call goes on from there.
    executor : object, optional
        Who computes shards, unless this process does; see `cevns.work.run`. The result does not depend on it.
    workers : int
        Processes, unless there is an executor.
    progress : callable, optional
        Called as ``progress(done, total)`` with toys, or shards where there is a folder or an executor.
    **values : float
        The point: a value of each parameter that is asked about, and of others unless they have defaults.

    Returns
    -------
    Toys

    Raises
    ------
    UnknownNameError
        If the interaction or a parameter is not known.
    InputError
        If `n` is no whole number from 1 on, the point is incomplete, threads are asked for beside shards, or something
        is none of what is allowed.
    WorkError, DataError
        If a shard failed; if the folder holds other work.

    Examples
    --------
    >>> import cevns
    >>> argon = cevns.load("coherent-argon-2020")
    >>> found = toys(argon, "b-l", 500, free="coupling", mass=10.0, coupling=3e-5, seed=1)
    >>> found.delta_chi2.shape
    (500,)
    """
    n, num_threads = checks.whole("n", n, low=1, high=MOST), checked(num_threads)
    progress = checks.function("progress", progress)
    ensemble = ensemble_of(
        likelihood,
        interaction,
        free,
        profiled=profiled,
        nuisances=nuisances,
        pulls=pulls,
        seed=seed,
        bounds=bounds,
        lines=lines,
        **values,
    )
    if folder is not None or executor is not None or workers != 1:
        from cevns.work import run

        if num_threads != 1:
            raise InputError(f"num_threads = {num_threads} is of this process, shards have workers: leave one out")
        return ensemble.result(run(task_of(ensemble, n), folder, executor, workers, None, progress))
    parts = []
    for start in range(0, n, CHUNK):
        stop = min(start + CHUNK, n)
        parts.append(ensemble.part(start, stop, num_threads))
        if progress:
            progress(stop, n)
    return ensemble.result({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def task_of(ensemble: Ensemble, n: int) -> Task:
    """Return the drawing and fitting of n toys as work in shards."""
    from cevns.work import Task

    return Task("toys", of_shard, {"ensemble": ensemble, "total": n}, shards=-(-n // CHUNK))


def ensemble_of(
    likelihood: Likelihood,
    interaction: Model,
    free: Sequence[str] | str,
    *,
    profiled: Sequence[str] | str = (),
    nuisances: str = "fluctuated",
    pulls: Pulls | str = "best fit",
    seed: int = 0,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    lines: int = LINES,
    **values: Any,
) -> Ensemble:
    """Return what draws and fits toys; see `toys`."""
    given = {name: value for name, value in values.items() if value is not None}
    asked = (free,) if isinstance(free, str) else checks.sequence("free", free, str)
    others = (profiled,) if isinstance(profiled, str) else checks.sequence("profiled", profiled, str)
    fixed = {name: value for name, value in given.items() if name not in asked and name not in others}
    refit = Refit(likelihood, interaction, asked, profiled=others, bounds=bounds, lines=lines, **fixed)
    at = refit.point({name: given[name] for name in asked if name in given})
    told = {name: given[name] for name in others if name in given}
    if len(told) < len(others):
        told = refit.profiled_at(likelihood.observation, **at) | told
    return Ensemble(
        likelihood, interaction, asked, others, at, told, fixed, nuisances, pulls, seed, dict(bounds or {}), lines
    )


def goodness(likelihood: Likelihood, interaction: Model, n: int, *, free: Sequence[str] | str, **options: Any) -> Toys:
    """Return toys that are drawn at the best fit of the observed data: `Toys.goodness` is the p-value of the fit.

    Parameters
    ----------
    likelihood, interaction, n
        As of `toys`.
    free : str or sequence of str
        Parameters of the fit.
    **options
        As of `toys`; values of other parameters among them.

    Returns
    -------
    Toys

    Raises
    ------
    InputError, UnknownNameError
        As `toys` does.

    Examples
    --------
    >>> import cevns
    >>> argon = cevns.load("coherent-argon-2020")
    >>> goodness(argon, "b-l", 2000, free="coupling", mass=10.0, seed=1).goodness.value > 0.5
    True
    """
    own = {"profiled", "nuisances", "pulls", "seed", "bounds", "lines", "num_threads", "folder", "executor", "workers"}
    fixed = {name: value for name, value in options.items() if name not in own | {"progress"}}
    if options.get("profiled"):
        raise InputError("profiled is given, but all parameters of the fit are free: name them in free")
    fit = {name: options[name] for name in ("bounds", "lines") if name in options}
    best: dict[str, Any] = best_values(likelihood, interaction, free, **fit, **fixed)
    return toys(likelihood, interaction, n, free=free, **options, **best)


def best_values(
    likelihood: Likelihood, interaction: Model, free: Sequence[str] | str, **options: Any
) -> dict[str, float]:
    """Return the values of free parameters that fit the observed data best, as toys are fitted."""
    refit = Refit(likelihood, interaction, free, **options)
    _, values = refit.least(likelihood.observation)
    return dict(zip(refit.names, values[0].tolist(), strict=True))


def coverage(
    likelihood: Likelihood,
    interaction: Model,
    n: int,
    *,
    free: Sequence[str] | str,
    cl: float = 0.90,
    dof: int | None = None,
    **options: Any,
) -> Fraction:
    """Return the share of toys whose asymptotic region holds the point from which they are drawn.

    Parameters
    ----------
    likelihood, interaction, n, free
        As of `toys`.
    cl : float
        Confidence level of the regions.
    dof : int, optional
        Their degrees of freedom; the number of parameters unless given.
    **options
        As of `toys`; the point among them.

    Returns
    -------
    Fraction
        The share and its binomial error.

    Raises
    ------
    InputError, UnknownNameError
        As `toys` does.

    Examples
    --------
    >>> import cevns
    >>> argon = cevns.load("coherent-argon-2020")
    >>> share = coverage(argon, "b-l", 1000, free="coupling", mass=10.0, coupling=5e-5, nuisances="fluctuated")
    >>> 0.8 < share.value < 1.0
    True
    """
    cl = checks.confidence_level(cl)
    return toys(likelihood, interaction, n, free=free, **options).coverage(cl, dof)
