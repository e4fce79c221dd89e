"""Folds of a response that shapes move: one set of recoil nodes, and densities that are shared by all efficiencies.

What a resolution makes of recoils is known at nodes of the reconstructed observable. It moves with the quenching
factor; an efficiency enters as a matrix from there to the bins, which is cheap, and exact wherever its kinks are.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import product
from cevns.detectors import Efficiency, Response, shaped
from cevns.errors import InputError
from cevns.interactions.kinematics import VECTOR
from cevns.predictions.folding import pack_rows, response_weights, trimmed
from cevns.predictions.panels import RecoilNodes, recoil_ends_kev, recoil_ranges

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cevns._types import Array
    from cevns.detectors import DetectorResponse, ResponseShape
    from cevns.detectors.grids import Grid
    from cevns.fluxes import Flux
    from cevns.interactions import Kind
    from cevns.kernels.weights import Weights
    from cevns.nuclei import FormFactor, Target
    from cevns.predictions.panels import Panels

__all__ = ["Reconstruction", "shaped_nodes", "shaped_weights"]

#: Most shapes whose corners are looked at, and most nodes of the reconstructed observable that are kept.
MOST_SHAPES, MOST_OBSERVED = 10, 20_000
#: Share of the highest observable below which densities are left out.
_NOTHING = 1e-16
#: By how much recoils may lie beyond the nodes.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class _Density:
    """What nodes of the reconstructed observable are to a fold: bins, the share of each being a density."""

    response: Any
    grid: Grid
    smeared: bool = True

    @property
    def bins(self) -> int:
        return self.grid.observed.size

    def cuts(self, low: float, high: float, etas: Array) -> Array:
        found: Array = self.response.cuts(low, high, etas, self.grid.steps)
        return found

    def shares(self, recoil_kev: Array, etas: Any) -> Array:
        x = self.response.observable(recoil_kev, etas).ravel()
        found: Array = self.response.resolution.density(x, self.grid.observed)
        own = self.response.recoil_efficiency
        return found if own is None else found * own(recoil_kev).ravel()


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """Densities of the reconstructed observable for rates at recoil nodes, before any efficiency.

    Attributes
    ----------
    grids : tuple of Grid
        One for each quenching factor.
    matrices : tuple of ndarray, shape (n, cols)
        From rates at the nodes of these nuclei to densities at those of the grid [keV per unit of the observable].
    """

    grids: tuple[Grid, ...]
    matrices: tuple[Array, ...]

    @classmethod
    def build(cls, nodes: RecoilNodes, response: Response, threshold: float = 0.0) -> Reconstruction | None:
        """Return the densities of a response with a resolution; None if there are too many of them.

        Parameters
        ----------
        nodes : RecoilNodes
            Where rates are known.
        response : Response
            With a quenching factor and a resolution; its efficiency does not matter.
        threshold : float
            Value of the observable below which no efficiency that is asked for accepts anything.
        """
        edges, resolution = np.asarray(response.edges), response.resolution
        assert resolution is not None
        grids, matrices = [], []
        for panels, part in _panels(nodes, response):
            x = part.observable(panels.edges[[0, -1]])
            low, high = resolution.spread(x)
            # the ladder of a gamma density has no lower end, and next to nothing is observed there
            low, high = max(low, edges[0], threshold, _NOTHING * edges[-1]), min(high, edges[-1])
            grid = resolution.grid(x, float(low), float(max(high, low * (1 + 1e-12))), edges)
            if grid.observed.size > MOST_OBSERVED:
                return None
            seen = dataclasses.replace(nodes, panels=(dataclasses.replace(panels, response=_Density(part, grid)),))
            grids.append(grid)
            matrices.append(response_weights(seen))
        return cls(tuple(grids), tuple(matrices))

    def weights(self, efficiency: Any, edges: Array) -> Array:
        """Return the matrix from rates at the nodes to counts in bins with an efficiency, shape (bins, cols)."""
        parts = [product(g.weights(efficiency, edges), m) for g, m in zip(self.grids, self.matrices, strict=True)]
        return np.concatenate(parts, axis=1)


def shaped_nodes(
    flux: Flux,
    target: Target,
    form_factor: FormFactor,
    response: DetectorResponse,
    shapes: Sequence[ResponseShape],
    *,
    kinds: Sequence[Kind] = (VECTOR,),
) -> RecoilNodes:
    """Return recoil nodes for every response that shapes within their ranges make of one.

    Parameters
    ----------
    flux, target, form_factor, response
        What is seen by what.
    shapes : sequence of ResponseShape
        At most 10.
    kinds : sequence of Kind
        Kinematics whose rates the nodes carry.

    Raises
    ------
    InputError
        If no recoil can be observed, shapes do not fit the response, or there are too many.
    """
    if len(shapes) > MOST_SHAPES:
        raise InputError(f"shapes are {len(shapes)}, at most {MOST_SHAPES} are allowed")
    # numbers of the response go straight from corner to corner, and with them the ends of its recoils
    corners = itertools.product(*((shape.low, shape.high) for shape in shapes))
    names = [shape.name for shape in shapes]
    beside = [shaped(response, shapes, dict(zip(names, corner, strict=True))) for corner in corners] if shapes else []
    ranges = recoil_ranges([response, *beside], target.nuclei)
    return RecoilNodes.build(flux, target, form_factor, response, kinds=kinds, ranges=ranges)


def shaped_weights(
    nodes: RecoilNodes,
    response: DetectorResponse,
    shapes: Sequence[ResponseShape],
    shifts: Iterable[Mapping[str, float]],
    *,
    covered: bool = False,
) -> Weights:
    """Return what leads from rates at recoil nodes to counts, for many values of shapes at once.

    Responses with the same quenching factor and resolution share their densities, so that moving the efficiency alone
    costs next to nothing.

    Parameters
    ----------
    nodes : RecoilNodes
        Of `shaped_nodes`.
    response : DetectorResponse
        The nominal one.
    shapes : sequence of ResponseShape
        What moves it.
    shifts : iterable of mapping of str to float
        Standard deviations by name; see `shaped`.
    covered : bool
        Whether the nodes are known to be those of these shapes.

    Returns
    -------
    Weights
        Rows (shift, bin).

    Raises
    ------
    InputError
        If a shift is out of its range, or its recoils are not covered by the nodes.
    """
    moved = [shaped(response, shapes, z) for z in shifts]
    if not moved:
        raise InputError("shifts is empty: give values of the shapes at least once")
    for each in () if covered else moved:
        _check_covered(nodes, each)
    return pack_rows([trimmed(matrix) for matrix in _matrices(nodes, moved)], nodes.recoil.size)


def _matrices(nodes: RecoilNodes, responses: Sequence[Any]) -> Iterator[Array]:
    """Yield the matrix of each response."""
    threshold = min((each.efficiency.threshold for each in responses if isinstance(each, Response)), default=0.0)
    users: dict[Response, int] = {}
    keys = [_without_efficiency(each) for each in responses]
    for key in keys:
        if key is not None:
            users[key] = users.get(key, 0) + 1
    made: dict[Response, Reconstruction | None] = {}
    for response, key in zip(responses, keys, strict=True):
        if key is not None and users[key] > 1 and key not in made:
            made[key] = Reconstruction.build(nodes, key, threshold)
        shared = made.get(key) if key is not None else None
        if shared is not None:
            yield shared.weights(response.efficiency, np.asarray(response.edges))
        else:
            panels = tuple(dataclasses.replace(p, response=part) for p, part in _panels(nodes, response))
            yield response_weights(dataclasses.replace(nodes, panels=panels))


def _without_efficiency(response: Any) -> Response | None:
    """Return what decides on densities; None without a resolution, where there are none."""
    if not isinstance(response, Response) or not response.smeared:
        return None
    return dataclasses.replace(response, efficiency=Efficiency.perfect(), edges=response.axis)


def _panels(nodes: RecoilNodes, response: DetectorResponse) -> Iterator[tuple[Panels, Any]]:
    """Yield panels with the part of a response that is for their nuclei."""
    parts = dict(response.parts(nodes.nuclei))
    for panels in nodes.panels:
        yield panels, parts[panels.nuclei]


def _check_covered(nodes: RecoilNodes, response: DetectorResponse) -> None:
    """Refuse a response whose recoils lie beyond the nodes."""
    final_mass = nodes.kinds[0].final_mass
    ranges = zip(response.parts(nodes.nuclei), recoil_ranges([response], nodes.nuclei), strict=True)
    seen = {members: ends for (members, _), ends in ranges}
    for panels in nodes.panels:
        checks.known("part of the response", str(panels.nuclei), [str(members) for members in seen])
        own = [recoil_ends_kev(nodes.nuclei[i], nodes.flux.maximum_energy, final_mass) for i in panels.nuclei]
        low, high = seen[panels.nuclei]
        low = max(low, float(min(least for least, _ in own)))
        high = min(high, float(max(most for _, most in own)))
        if low < panels.edges[0] * (1 - _ROUNDING) or high > panels.edges[-1] * (1 + _ROUNDING):
            raise InputError(
                f"recoils from {low:.4g} to {high:.4g} keV are observed, but the nodes are from {panels.edges[0]:.4g} "
                f"to {panels.edges[-1]:.4g} keV: make them with shaped_nodes, for the same shapes"
            )
