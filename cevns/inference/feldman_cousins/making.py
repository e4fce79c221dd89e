"""Critical values at every point, with toys where they are needed.

Toys of nearby points serve each other: with weights those of all points together are toys of any of them (see
`cevns.inference.mixtures`). So that toys are drawn at some points alone, near enough for the data not to tell others
apart from them, and more where the boundary of the region is not known well enough yet.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.inference.assumptions import about
from cevns.inference.feldman_cousins.construction import BLOCK, Construction, of_shard
from cevns.inference.feldman_cousins.result import FeldmanCousins
from cevns.inference.grids import grid_axes
from cevns.inference.levels import delta_chi2
from cevns.inference.mixtures import Mixture

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cevns._types import Array, ArrayLike, Model, Progress
    from cevns.likelihoods import Likelihood

__all__ = ["feldman_cousins"]

#: Points with a delta chi2 of so many times that of Wilks' theorem, and so much at least, are excluded without a toy.
FAR, MORE = 4.0, 10.0
#: How far apart, in standard deviations of the data, the points are at which toys are drawn.
APART = 1.0
#: Most points, since toys are weighed at each of them.
MOST_POINTS = 20_000
#: By how much a point's toys may grow in a round, and most rounds.
GROWTH, ROUNDS = 4.0, 12
#: Within how many of its errors of the boundary a point belongs to it.
NEAR = 3.0


def feldman_cousins(
    likelihood: Likelihood,
    interaction: Model,
    grid: Mapping[str, ArrayLike],
    *,
    cl: float = 0.90,
    precision: float = 0.05,
    toys: int = 1024,
    most: int = 1_000_000,
    nuisances: str = "fluctuated",
    seed: int = 0,
    folder: str | Path | None = None,
    executor: Any = None,
    workers: int = 1,
    progress: Progress | None = None,
    **fixed: float,
) -> FeldmanCousins:
    """Return the region of one or two parameters whose coverage is that of its level, by toys.

    At every point delta chi2 of the observed data is compared with that of toys, which are drawn there, nuisances
    having the values that fit the observed data, and fitted with everything profiled.

    Parameters
    ----------
    likelihood : Likelihood
        Of the observed data.
    interaction : str or Interaction
        Interaction.
    grid : mapping of str to array_like
        Ascending values of one or two parameters.
    cl : float
        Confidence level.
    precision : float
        Statistical error of critical values near the boundary, relative to them, at which no more toys are drawn.
    toys : int
        Toys that are drawn first at each of the points which the others need, in blocks of 256, whatever the precision:
        with fewer of them weights of toys of other points vary more than they tell.
    most : int
        Most toys.
    nuisances : {"fluctuated", "fixed"}
        Whether constraints of nuisances are measured anew for each toy; see `cevns.likelihoods.draws.Draws`. If not,
        toys of points that only pulled nuisances make likely are far from their constraints, and critical values large.
    seed : int
        Of all toys: the same ones whoever draws them.
    folder : path, optional
        Where toys are kept, so that what was interrupted goes on; see `cevns.work`.
    executor : object, optional
        With ``submit`` or ``map``, which draws toys elsewhere; see `cevns.work.run`.
    workers : int
        Processes, unless there is an executor.
    progress : callable, optional
        Called as ``progress(done, total)`` with the shards of a round.
    **fixed : float
        Values of other parameters.

    Returns
    -------
    FeldmanCousins

    Raises
    ------
    InputError
        If there are not one or two parameters, values do not ascend, or something else is none of what is allowed.
    WorkError
        If a shard failed, or a folder holds others.

    Examples
    --------
    >>> import cevns
    >>> import numpy as np
    >>> argon = cevns.load("coherent-argon-2020")
    >>> found = feldman_cousins(argon, "b-l", {"coupling": np.linspace(0, 1e-4, 11)}, mass=10.0, precision=0.1)
    >>> found.allowed.shape
    (1, 2)
    """
    from cevns.work import Task, pool, run

    cl = checks.confidence_level(cl)
    precision = checks.real("precision", precision, low=1e-4, high=1)
    first = math.ceil(checks.whole("toys", toys, low=1, high=10**9) / BLOCK)
    most = checks.whole("most", most, low=1, high=10**10)
    names, axes = grid_axes(likelihood, interaction, grid, MOST_POINTS)
    points = np.array(list(itertools.product(*axes)))
    given = {name: float(value) for name, value in fixed.items() if value is not None}
    every = Construction(likelihood, interaction, names, points, given, nuisances, seed)
    chi2, least, best = every.observed()
    above, level = np.maximum(chi2 - least, 0.0), delta_chi2(cl, len(names))
    near = np.flatnonzero(above <= max(FAR * level, level + MORE))
    part = Construction(likelihood, interaction, names, points[near], given, nuisances, seed)
    blocks = np.zeros(near.size, dtype=int)
    wanted = np.zeros(near.size, dtype=int)
    wanted[_nodes(part.distances)] = first
    shape = tuple(axis.size for axis in axes)
    parts: list[Mapping[str, Array]] = []
    # processes that have started serve all rounds
    own = executor is None and workers > 1
    with pool(workers) if own else contextlib.nullcontext(executor) as processes:
        for number in range(ROUNDS):
            plan = np.array([(k, b) for k in range(near.size) for b in range(blocks[k], wanted[k])], dtype=np.int64)
            inputs = {"construction": part, "plan": plan}
            task = Task("Feldman-Cousins", of_shard, inputs, shards=len(plan))
            where = None if folder is None else f"{folder}/round-{number:02d}"
            parts.append(run(task, where, processes, 1, None, progress))
            blocks = wanted.copy()
            critical, error, p_values, p_errors = _evaluated(parts, near.size, above[near], cl)
            boundary = _boundary(near, shape, above, critical, error)
            short = boundary & ~(error <= precision * critical)
            if not short.any() or blocks.sum() * BLOCK >= most:
                break
            wanted = _more(part.distances, blocks, short, error, precision * critical, most)
            if (wanted == blocks).all():
                break
    reached = error[boundary] / critical[boundary]
    remarks = list(likelihood.omissions(interaction))
    if short.any():
        remarks.append(
            f"critical values at {int(short.sum())} points near the boundary are known worse than {precision:g} of "
            f"them after {blocks.sum() * BLOCK} toys: allow more"
        )

    def on_grid(values: Array) -> Array:
        out = np.full(len(points), np.nan)
        out[near] = values
        return out.reshape(shape[0], -1)

    known = {p.name: p for p in likelihood.parameters(interaction)}
    return FeldmanCousins(
        cl=cl,
        x=axes[0],
        y=axes[1] if len(axes) > 1 else np.zeros(1),
        delta_chi2=above.reshape(shape[0], -1),
        critical=on_grid(critical),
        error=on_grid(error),
        p_value=on_grid(p_values),
        p_error=on_grid(p_errors),
        chi2_min=least,
        best_fit=best,
        toys=int(blocks.sum()) * BLOCK,
        nuisances=nuisances,
        seed=seed,
        reached=float(np.nanmax(reached)) if np.isfinite(reached).any() else math.nan,
        parameters=tuple(known[n] for n in names),
        remarks=tuple(remarks),
        **about(likelihood, interaction, given),
    )


def _nodes(distances: Array) -> list[int]:
    """Return points of which each other one has one nearby, as far as the data can tell."""
    left, found = np.ones(len(distances), dtype=bool), []
    while left.any():
        # the one that has most of those that are left near
        counts = ((distances <= APART) & left).sum(axis=1) * left
        node = int(counts.argmax())
        found.append(node)
        left &= distances[node] > APART
    return sorted(found)


def _evaluated(
    parts: list[Mapping[str, Array]], count: int, observed: Array, cl: float
) -> tuple[Array, Array, Array, Array]:
    """Return critical values, shares of toys beyond the observed delta chi2, and the errors of both, at each point."""
    node, above, density = (np.concatenate([part[key] for part in parts]) for key in ("node", "above", "density"))
    mixture = Mixture(density.astype(float), np.bincount(node.astype(int), minlength=count))
    out = np.empty((4, count))
    for k in range(count):
        out[:2, k] = mixture.critical(k, above[:, k].astype(float), cl)
        out[2:, k] = mixture.tail(k, above[:, k], observed[k])
    return out[0], out[1], out[2], out[3]


def _boundary(near: np.ndarray, shape: tuple[int, ...], above: Array, critical: Array, error: Array) -> np.ndarray:
    """Return which points lie at the boundary: next to one on its other side, within their errors, or not known."""
    excluded = np.ones(math.prod(shape), dtype=bool)
    excluded[near] = ~(above[near] <= critical)
    table = excluded.reshape(shape)
    beside = np.zeros(shape, dtype=bool)
    for axis in range(len(shape)):
        change = np.diff(table, axis=axis)
        lower, upper = ([slice(None)] * len(shape) for _ in range(2))
        lower[axis], upper[axis] = slice(None, -1), slice(1, None)
        beside[tuple(lower)] |= change
        beside[tuple(upper)] |= change
    unsure = ~(np.abs(above[near] - critical) > NEAR * error)
    found: np.ndarray = beside.ravel()[near] | unsure
    return found


def _more(
    distances: Array, blocks: np.ndarray, short: np.ndarray, error: Array, allowed: Array, most: int
) -> np.ndarray:
    """Return how many blocks each point is to have: more where those that are not known well are nearest."""
    wanted = blocks.copy()
    drawn = np.flatnonzero(blocks)
    for k in np.flatnonzero(short):
        node = int(drawn[distances[k, drawn].argmin()])
        if not np.isfinite(error[k]):
            # nothing is known there: toys of its own
            wanted[k] = max(wanted[k], 4)
            continue
        factor = min((error[k] / allowed[k]) ** 2, GROWTH)
        wanted[node] = max(wanted[node], math.ceil(blocks[node] * factor))
    room = most // BLOCK - int(blocks.sum())
    extra = wanted - blocks
    if extra.sum() > room:
        extra = extra * room // max(int(extra.sum()), 1)
    found: np.ndarray = blocks + extra
    return found
