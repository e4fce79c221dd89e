"""Counts as a function of the quenching scale eta: a polynomial in each of many pieces of its range."""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cevns.arrays import unique
from cevns.kernels.weights import dot_rows
from cevns.predictions.folding import Rows, pack_rows, response_rows, response_weights
from cevns.predictions.panels import RecoilNodes, recoil_ends_kev
from cevns.predictions.refining import ETA_POINTS, TO_POWERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array
    from cevns.detectors import Response
    from cevns.fluxes import Flux
    from cevns.kernels.weights import Weights
    from cevns.nuclei import Nucleus

__all__ = ["EtaPieces", "eta_range", "probes_of", "tolerance"]

#: Widest piece, as a share of eta, and the narrowest.
_WIDEST, _NARROWEST = 0.04, 1e-5
_MOST_PIECES, _MOST_PARTS = 1024, 4
#: Least number of parts for one piece among others that are cut together: errors fall to a third.
_FEWEST_PARTS, _MOST_TOGETHER = 1.25, 6
#: Pieces that are looked at together: their rows, most of which are not kept, stay where memory is fast.
_AT_ONCE = 16
#: Counts that are negligible beside those at eta = 1.
_NEGLIGIBLE = 1e-8
#: Errors of counts inside a piece, as a share of them: for data known to 20 % and worse, and for the best ones.
_LARGEST_ERROR, _SMALLEST_ERROR = 1e-9, 1e-11
#: Standard deviations of eta that are searched, and where they end in any case.
_REACH, _SMALLEST = 5.0, 0.25

#: Share of a piece beside its ends within which no kink is cut: a polynomial carries it as well.
_APART = 1e-5
# where errors of the interpolation are looked for, near the extremes of the polynomial that the nodes are zeros of:
# without kinks the ends, where they are the same, are left out
_SMOOTH = np.array([-0.809, -0.309, 0.309, 0.809])
_TESTS = np.array([-1.0, *_SMOOTH, 1.0])


def eta_range(sigma: float) -> tuple[float, float]:
    """Return the lowest and highest quenching scale that are searched for an uncertainty `sigma`.

    Examples
    --------
    >>> eta_range(0.05)
    (0.75, 1.25)
    """
    return max(1 - _REACH * sigma, _SMALLEST), 1 + _REACH * sigma


@functools.lru_cache(64)
def tolerance(precision: float) -> float:
    """Return the relative error that counts may have, in steps, if a bin's data are `precision` times its uncertainty.

    Examples
    --------
    >>> tolerance(4.0), tolerance(20.0)
    (1e-09, 2.5e-10)
    """
    steps = math.ceil(math.log(max(precision / 5, 1.0), 4))
    return max(_LARGEST_ERROR / 4.0**steps, _SMALLEST_ERROR)


@dataclass(frozen=True, eq=False, repr=False)
class EtaPieces:
    """Range of the quenching scale eta in pieces inside which counts are polynomials, to a billionth of them or better.

    Attributes
    ----------
    edges : ndarray, shape (pieces + 1,)
        Ascending.
    nodes : ndarray, shape (pieces * 5,)
        Chebyshev nodes of all pieces.
    weights : Weights
        From rates at the recoil nodes to counts; rows (eta node, bin).
    """

    edges: Array
    nodes: Array
    weights: Weights

    @classmethod
    def build(cls, recoil_nodes: RecoilNodes, sigma: float, allowed: float, within: Array | None = None) -> EtaPieces:
        """Cut the range where a kink of the recoil spectrum or of the quenching crosses a step of the response.

        `allowed` is the relative error that counts may have; see `tolerance`. `within` are edges of pieces that others
        need, of which these are parts.

        The nu_mu line ends at a recoil energy inside the CsI bins. Each time that eta moves it across a step of the
        efficiency or a bin edge, the second derivative of the counts jumps, so that no single polynomial in eta gets
        below about 1e-4 of a count. Weaker kinks, such as rows of a quenching table that meet rows of an efficiency
        table, become cuts only where the polynomial is found to be wrong, and so does the middle of a piece in which
        counts vanish or grow steeply.
        """
        first, last = eta_range(sigma)
        strong, weak = (_inside(etas, first, last) for etas in _all_crossings(recoil_nodes))
        if within is not None:
            # those that are cuts already, and what their differences are by rounding
            near = np.abs(strong[:, None] - within).min(axis=1, initial=np.inf) if strong.size else strong
            strong = unique(np.concatenate([within[1:-1], strong[near > 1e-7]]))
        cuts = np.concatenate([[first], strong, [last]])
        cuts = cuts[np.concatenate([[True], np.diff(cuts) > 1e-7])]
        # a resolution leaves nothing that is narrow, and lets pieces be wide where they can be
        smooth = recoil_nodes.panels[0].response.smeared
        narrowest, widest = (_WIDEST / 8, 4 * _WIDEST) if smooth else (_NARROWEST, _WIDEST)
        widths = [(x, y) if within is not None else _widths(x, y, widest) for x, y in itertools.pairwise(cuts)]
        pending = [(a, b, np.inf) for some in widths for a, b in itertools.pairwise(some)]
        probes = probes_of(recoil_nodes)
        reference = response_weights(recoil_nodes) @ probes
        largest, bins = reference.max(axis=0), len(reference)
        rates = np.ascontiguousarray(probes.T)
        tested = _SMOOTH if smooth else _TESTS
        looks = np.concatenate([ETA_POINTS, tested])
        to_tests = np.vander(tested, ETA_POINTS.size, increasing=True) @ TO_POWERS
        done: list[tuple[float, float]] = []
        rows: list[Rows] = []
        while pending:
            split: list[tuple[float, float, float]] = []
            wrong: list[tuple[float, float, float, float]] = []
            room = _MOST_PIECES - len(done) - len(pending)
            for first in range(0, len(pending), _AT_ONCE):
                some = pending[first : first + _AT_ONCE]
                low, high = np.array([ends[:2] for ends in some]).T[:, :, None]
                etas = 0.5 * (low + high) + 0.5 * (high - low) * looks
                every = response_rows(recoil_nodes, etas.ravel())
                counts = dot_rows(*every, rates).reshape(-1, *etas.shape, bins)
                errors, sizes = _missed(np.moveaxis(counts, 0, -1), to_tests, largest, allowed)
                for i, (a, b, before) in enumerate(some):
                    error, size = float(errors[i]), float(sizes[i])
                    inside = weak[(weak > a + _APART * (b - a)) & (weak < b - _APART * (b - a))]
                    # without a kink an error that does not shrink is rounding; beside the counts, which may vanish at
                    # an end of the piece, it need not shrink
                    hopeless = not inside.size and size > 0.5 * before
                    if error <= 1 or hopeless or b - a < narrowest * b or len(split) + len(wrong) >= room:
                        done.append((a, b))
                        row = i * looks.size * bins
                        rows.append(every.part(row, row + ETA_POINTS.size * bins))
                        continue
                    if smooth and within is None:
                        wrong.append((a, b, size, error))
                        continue
                    if inside.size:
                        cut = np.array([a, inside[np.abs(inside - 0.5 * (a + b)).argmin()], b])
                        # one of the parts may be nearly as wide, and as wrong, which says nothing of rounding
                        size = np.inf
                    else:
                        # the error of an analytic function falls like the fifth power of the width
                        cut = _parts(a, b, int(np.clip(np.ceil(error ** (1 / ETA_POINTS.size)), 2, _MOST_PARTS)))
                    split += [(x, y, size) for x, y in itertools.pairwise(cut)]
            pending = split + _together(wrong, room)
        order = sorted(range(len(done)), key=lambda i: done[i][0])
        edges = np.array([*(done[i][0] for i in order), last])
        half = 0.5 * np.diff(edges)
        nodes = ((edges[1:] - half)[:, None] + half[:, None] * ETA_POINTS).ravel()
        return cls(edges, nodes, pack_rows([rows[i] for i in order], len(probes)))


def _missed(counts: Array, to_tests: Array, largest: Array, allowed: float) -> tuple[Array, Array]:
    """Return how far the polynomials of pieces are off, in units of what they may be, and beside the largest counts.

    Parameters
    ----------
    counts : ndarray, shape (pieces, looks, bins, kinds)
        At the nodes and where errors are looked for.
    to_tests : ndarray, shape (tests, nodes)
        From values at the nodes to those of the polynomial there.
    largest : ndarray, shape (kinds,)
        Counts of the largest bins at scale 1.
    allowed : float
        As of `EtaPieces.build`.

    Returns
    -------
    tuple of ndarray, shape (pieces,)
    """
    sampled, tests = np.split(counts, [ETA_POINTS.size], axis=1)
    found = (to_tests @ sampled.reshape(len(counts), ETA_POINTS.size, -1)).reshape(tests.shape)
    top = np.maximum(tests.max(axis=2, keepdims=True), _NEGLIGIBLE * largest)
    # between a share of the bin and one of the largest: as uncertainties of counts go
    scale = np.sqrt(np.maximum(tests, _NEGLIGIBLE * top) * top)
    missed = np.abs(found - tests)
    each = (1, 2, 3)
    return (missed / (allowed * scale + 1e-300)).max(axis=each), (missed / (largest + 1e-300)).max(axis=each)


def _all_crossings(nodes: RecoilNodes) -> tuple[Array, Array]:
    """Return the etas at which kinks cross steps: those of the first importance, and others."""
    flux, nuclei = nodes.flux, nodes.nuclei
    final_mass = nodes.kinds[0].final_mass
    parts = [_crossings(p.response, flux, [nuclei[i] for i in p.nuclei], final_mass) for p in nodes.panels]
    first, others = zip(*parts, strict=True)
    return np.concatenate(first), np.concatenate(others)


def _crossings(response: Response, flux: Flux, nuclei: Sequence[Nucleus], final_mass: float) -> tuple[Array, Array]:
    if response.smeared:
        return np.empty(0), np.empty(0)
    ends, breaks = (
        np.concatenate([recoil_ends_kev(n, energies, final_mass) for n in nuclei], axis=None)
        for energies in (flux.end_energies, flux.break_energies)
    )
    quenching = np.asarray(response.kinks, dtype=float)
    steps, jumps = response.steps, response.jumps

    def meeting(kinks: Array, steps: Array) -> Array:
        x = response.observable(kinks[kinks > 0])
        # where nearly nothing is observed of a kink the quotient is infinite, and so never inside the range
        with np.errstate(over="ignore"):
            return np.divide.outer(steps, x[x > 0]).ravel()

    return (
        np.concatenate(
            [meeting(ends, steps), meeting(quenching, jumps), meeting(np.array(response.recoil_jumps), steps)]
        ),
        np.concatenate([meeting(breaks, steps), meeting(quenching, steps)]),
    )


def _inside(etas: Array, low: float, high: float) -> Array:
    return unique(etas[(etas > low) & (etas < high)])


def _widths(low: float, high: float, widest: float) -> Array:
    """Return edges from `low` to `high` whose ratios are small enough."""
    return _parts(low, high, int(np.ceil(np.log(high / low) / widest)))


def _together(wrong: Sequence[tuple[float, float, float, float]], room: int) -> list[tuple[float, float, float]]:
    """Return parts of pieces with their sizes and errors, neighbours cut as one, into as few as the errors ask for.

    Parameters
    ----------
    wrong : sequence of (float, float, float, float)
        Ends of ascending pieces that meet no kink, and their errors as `_missed` returns them, the last one first.
    room : int
        How many parts more than pieces there may be.

    Returns
    -------
    list of (float, float, float)
        Ends, and the largest error, beside the largest counts, of the pieces that a part belonged to.
    """
    found: list[tuple[float, float, float]] = []
    first = 0
    for last in range(1, len(wrong) + 1):
        if last < len(wrong) and wrong[last][0] == wrong[last - 1][1]:
            continue
        low, high, sizes, errors = np.array(wrong[first:last]).T
        # the error of an analytic function falls like the fifth power of the width; a little more, for what does not
        needed = np.clip(1.05 * errors ** (1 / ETA_POINTS.size), _FEWEST_PARTS, _MOST_TOGETHER)
        counted = np.concatenate([[0.0], np.cumsum(needed)])
        parts = min(math.ceil(counted[-1]), last - first + max(room - len(found), 0))
        at = np.linspace(0.0, counted[-1], parts + 1)
        ends = np.exp(np.interp(at, counted, np.log(np.append(low, high[-1]))))
        ends[[0, -1]] = low[0], high[-1]
        from_, to = (np.searchsorted(counted, at[:-1], side="right") - 1, np.searchsorted(counted, at[1:]))
        found += [(x, y, sizes[i:j].max()) for x, y, i, j in zip(ends[:-1], ends[1:], from_, to, strict=True)]
        first = last
    return found


def _parts(low: float, high: float, n: int) -> Array:
    edges = np.geomspace(low, high, n + 1)
    edges[[0, -1]] = low, high
    return edges


def probes_of(nodes: RecoilNodes) -> Array:
    """Return rates like those of a heavy and of a massless mediator at the recoil nodes, shape (cols, 2 kinds)."""
    charges = nodes.proton_charge**2 + nodes.neutron_charge**2
    heavy = [(nodes.kinematic(kind).sum(axis=0) * charges).sum(axis=0) for kind in nodes.kinds]
    return np.stack([rate for each in heavy for rate in (each, each / nodes.recoil**2)], axis=1)
