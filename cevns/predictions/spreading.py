"""A signal in bins of energy and of other observables, whose neutrinos arrive in groups."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import unique
from cevns.binning import Binning
from cevns.detectors import Arrival, Distribution, ResponseShape, TemplateResponse, TimeOffset, shaped
from cevns.errors import InputError
from cevns.interactions import get_interaction
from cevns.interactions.kinematics import VECTOR, kinds_of
from cevns.kept import Kept
from cevns.predictions.deforming import in_moments, main_terms, shape_fold, shape_grids
from cevns.predictions.folds import Folds
from cevns.predictions.pieces import eta_range
from cevns.predictions.refining import ETA_POINTS
from cevns.predictions.shaping import shaped_nodes
from cevns.predictions.signal import MOST_INTERACTIONS, QUENCHING, Signal
from cevns.spread import Grid, Spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cevns._types import Array
    from cevns.fluxes import Flux
    from cevns.interactions import Interaction
    from cevns.kernels.counts import Counts
    from cevns.parameters import Parameter
    from cevns.predictions.fold import Fold, LayerKey
    from cevns.predictions.panels import RecoilNodes

__all__ = ["SpreadSignal"]

#: Pieces of the range of a nuisance, between which descents start, where bins are sharp.
SHARP_PIECES = 16
#: Most nuisances that deform the response of one experiment.
MOST_SHAPES = 4
#: Deformed signals that are kept, since what is asked of one prediction is asked twice.
MOST_MOVED = 8


@dataclass(frozen=True)
class SpreadSignal(Signal):
    """Coherent scattering in bins of energy and of other observables.

    Parameters
    ----------
    flux, target, response, form_factor, quenching_sigma, electrons, part
        As of `Signal`; components of the flux need a timing where there is an `arrival`.
    arrival : Arrival, optional
        Bins of arrival time, with the efficiency in time.
    distribution : Distribution, optional
        How recoils of each bin of energy are distributed over other axes.
    offset : TimeOffset, optional
        Nuisance that shifts the arrival times of all neutrinos.
    shapes : sequence of ResponseShape
        Nuisances that deform the response, at most 4.

    Raises
    ------
    InputError
        If shapes, arrival, offset and distribution do not fit together, or a component has no timing.

    Examples
    --------
    >>> import cevns
    >>> from cevns.detectors import Arrival
    >>> from cevns.fluxes import PulseTiming
    >>> csi = cevns.load("coherent-csi-2017")
    >>> flux = csi.flux.with_timing(PulseTiming(0.45, 0.15, [0.03]))
    >>> signal = SpreadSignal(flux, csi.target, csi.response, arrival=Arrival([0, 0.5, 1, 6]))
    >>> signal.counts("sm").shape, signal.binning.shape
    ((36,), (12, 3))
    """

    arrival: Any = None
    distribution: Any = None
    offset: Any = None
    shapes: Any = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        shapes = checks.sequence("shapes", self.shapes, ResponseShape)
        checks.put(self, shapes=shapes)
        if shapes and (self.quenching_sigma or self.electrons is not None):
            raise InputError(
                "shapes of the response do not go with a quenching_sigma, nor with electrons: make the scale a "
                "shape, and leave electrons out"
            )
        if len(shapes) > MOST_SHAPES:
            raise InputError(f"{len(shapes)} shapes deform the response, at most {MOST_SHAPES} can")
        # refuses what does not fit here and now: numbers go straight from corner to corner
        for corner in itertools.product(*((shape.low, shape.high) for shape in shapes)):
            shaped(self.response, shapes, {shape.name: z for shape, z in zip(shapes, corner, strict=True)})
        for field, kind in {"arrival": Arrival, "distribution": Distribution, "offset": TimeOffset}.items():
            checks.instance(field, getattr(self, field), (kind, type(None)))
        if self.arrival is not None and self.distribution is not None:
            raise InputError("arrival and distribution are both given: a distribution holds the times as well")
        if self.arrival is not None:
            for component in self.flux.components:
                if component.timing is None:
                    raise InputError(
                        f"component {component.name!r} of flux {self.flux.name!r} has no timing, which bins of arrival "
                        "time need: give it one, flux.with_timing(...) or timing in the table of the flux"
                    )
        # refuses axes of one name, and more bins than any memory holds
        _ = self.binning
        if self.offset is not None and self.arrival is None:
            raise InputError("offset is given, but there are no bins of arrival time that it could shift: leave it out")
        if self.offset is not None:
            window = self.arrival.edges[-1] - self.arrival.edges[0]
            if max(-self.offset.low, self.offset.high) > 10 * window:
                raise InputError(
                    f"offset from {self.offset.low:g} to {self.offset.high:g} us takes neutrinos far out of all bins "
                    f"of arrival time, which are {window:g} us long together: give microseconds"
                )
        if self.distribution is not None and self.distribution.energy != self.response.bins:
            raise InputError(
                f"distribution has {self.distribution.energy} bins of energy, the response has {self.response.bins}"
            )

    def __reduce__(self) -> tuple[Any, ...]:
        # without what has been folded so far
        return SpreadSignal, tuple(getattr(self, f.name) for f in dataclasses.fields(self))

    @cached_property
    def binning(self) -> Binning:
        """All axes, those of the response first."""
        others = () if self.distribution is None else self.distribution.axes
        return Binning((*self.response.binning.axes, *(() if self.arrival is None else (self.arrival.axis,)), *others))

    @cached_property
    def parts(self) -> tuple[Signal, ...]:
        """Signal by energy of each group of neutrinos that arrive together."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(Signal)}
        if self.arrival is None:
            return (Signal(**fields),)
        return tuple(Signal(**(fields | {"flux": flux})) for _, flux in self.flux.by_timing())

    def moved(self, pulls: Mapping[str, float]) -> tuple[SpreadSignal, float]:
        """Return the signal with a response as nuisances deform it, and the quenching scale; see `Signal.moved`."""
        _, eta = super().moved(pulls)
        shifts = {shape.name: pulls[shape.name] for shape in self.shapes if pulls.get(shape.name)}
        if not shifts:
            return self, eta

        def make() -> SpreadSignal:
            # what is deformed already is not looked at for how it is deformed
            return dataclasses.replace(self, response=shaped(self.response, self.shapes, shifts), shapes=())

        return self._moved.get(tuple(sorted(shifts.items())), make), eta

    @cached_property
    def _moved(self) -> Kept:
        return Kept(MOST_MOVED)

    # --- what the statistics take ------------------------------------------------------------------------------------

    @cached_property
    def spread(self) -> Spread:
        """How counts by energy of the parts fall into all bins, and what deforms them: its range, and places in it."""
        return Spread(*self._shares, tuple(self._ranges))

    @property
    def _ranges(self) -> Iterator[Grid]:
        # where bins are sharp chi2 may have a minimum wherever a spectrum's end or a step passes an edge
        pieces = 1 if self.response.smeared else SHARP_PIECES
        for shape in self.shapes:
            yield Grid(shape.name, np.linspace(shape.low, shape.high, pieces + 1), 1)
        if self.quenching_sigma:
            low, high = np.array(eta_range(self.quenching_sigma)) - 1.0
            yield Grid(QUENCHING, np.linspace(low, high, pieces + 1), 1, self.quenching_sigma, "relative", shared=False)

    def _folded(self, layers: tuple[LayerKey, ...]) -> tuple[Spread, Fold]:
        """Return how moments of the rates lead to counts in all bins for some kinematics, and the fold to moments."""
        return self._foldeds.get(layers, lambda: self._fold(layers))

    def _fold(self, layers: tuple[LayerKey, ...]) -> tuple[Spread, Fold]:
        if isinstance(self.response, TemplateResponse) and not self._deformed:
            elementary = Folds(self.flux, self.target, self.response.elementary, self.form_factor, 0.0)
            templates = np.array(self.response.templates).T[None, None]
            return Spread(*self._shares, mixing=templates), elementary.at(1.0, layers)
        grids = self._grids(layers)
        if self.shapes:
            whole = shape_fold(self._shaped_nodes(layers), self.response, self.shapes, grids)
        else:
            whole = self.folds.flat(1.0 + grids[0].nodes, layers)
        orders = main_terms(whole, grids)
        fold, mixing = in_moments(whole, grids, orders)
        return Spread(*self._shares, grids, orders, mixing), fold

    @property
    def _deformed(self) -> bool:
        """Whether nuisances deform the response."""
        return bool(self.quenching_sigma or self.shapes)

    @cached_property
    def _foldeds(self) -> Kept:
        return Kept(MOST_INTERACTIONS)

    @cached_property
    def _shares(self) -> tuple[Array, Grid | None]:
        """Shares of the bins of all axes but energy's, and the time offset that they depend on."""
        if self.distribution is not None:
            return self.distribution.shares[None, None], None
        if self.arrival is None:
            return np.ones((1, 1, 1, 1)), None
        timings = [timing for timing, _ in self.flux.by_timing()]
        if self.offset is None:
            return np.array([[[self.arrival.shares(timing)]] for timing in timings]), None
        grid, values = self.offset.shares(self.arrival, timings)
        return values[:, :, None, :], grid

    def _grids(self, layers: tuple[LayerKey, ...]) -> tuple[Grid, ...]:
        """Return the nuisances that deform the response, cut where counts of some kinematics have kinks."""
        if self.shapes:
            found = [shape_grids(nodes, self.response, self.shapes) for nodes in self._shaped_nodes(layers).values()]
            return tuple(_finest(some) for some in zip(*found, strict=True))
        if not self.quenching_sigma:
            return ()
        # the kinks of all parts are those of the whole flux
        fold = self.folds.over(1.0, None, layers)
        edges = eta_range(self.quenching_sigma) if fold.edges is None else fold.edges
        pieces = np.asarray(edges) - 1.0
        return (Grid(QUENCHING, pieces, ETA_POINTS.size, self.quenching_sigma, "relative", shared=False),)

    def grouped(
        self, interaction: str | Interaction, parameters: tuple[Parameter, ...], fixed: Mapping[str, float]
    ) -> tuple[tuple[Counts, ...], Spread]:
        """Return moments of the rates of each part as functions of parameters, or counts by energy; kept.

        Parameters
        ----------
        interaction : str or Interaction
            Interaction.
        parameters : tuple of Parameter
            What counts are functions of.
        fixed : mapping of str to float
            Values of others.

        Returns
        -------
        counts : tuple of Counts
        spread : Spread
            How they lead to counts in all bins.
        """
        interaction = get_interaction(interaction)
        key = interaction, parameters, tuple(sorted(fixed.items()))
        return self._counts.get(key, lambda: self._grouped(interaction, parameters, fixed))

    def _grouped(
        self, interaction: Interaction, parameters: tuple[Parameter, ...], fixed: Mapping[str, float]
    ) -> tuple[tuple[Counts, ...], Spread]:
        asked: list[tuple[LayerKey, ...]] = []

        def noted(layers: tuple[LayerKey, ...]) -> Fold:
            asked.append(layers)
            return self.folds.at(1.0, layers)

        if not (self._deformed or (isinstance(self.response, TemplateResponse) and self.electrons is None)):
            counts = tuple(part.bind(interaction, parameters, fixed) for part in self.parts)
            return counts, Spread(*self._shares)
        # what an interaction asks for is its kinematics
        self.bind(interaction, parameters, fixed, folds=noted)
        spread, fold = self._folded(asked[0] if asked else (VECTOR.layer,))
        counts = tuple(
            part.bind(interaction, parameters, fixed, folds=functools.partial(_of_flux, fold, part.flux))
            for part in self.parts
        )
        return counts, spread

    def _shaped_nodes(self, layers: tuple[LayerKey, ...]) -> dict[LayerKey, RecoilNodes]:
        """Return nodes for every response that the shapes make, of layers of which something is seen."""
        seen = self.flux, self.target, self.form_factor, self.response, self.shapes
        found = {}
        for key in layers:
            try:
                found[key] = shaped_nodes(*seen, kinds=kinds_of(key))
            except InputError:
                # of a final lepton that is too heavy
                if key[1] == 0:
                    raise
        return found

    # --- counts in all bins ------------------------------------------------------------------------------------------

    def joined(self, by_energy: Sequence[Array], offset: float = 0.0) -> Array:
        """Return counts in all bins, shape (..., bins), from those of each part by energy, shape (..., energy bins)."""
        return self.spread.filled(dict(enumerate(by_energy)), self.spread.at(offset))

    def predictor(
        self, interaction: str | Interaction, free: Sequence[str] = (), *, eta: float = 1.0, **fixed: float
    ) -> Any:
        """Return counts in all bins, the last axis fastest, as a function of parameters; see `Signal.predictor`."""
        return SpreadPredictor(self, [part.predictor(interaction, free, eta=eta, **fixed) for part in self.parts])


class SpreadPredictor:
    """Signal counts in all bins as a function of the parameters, as a `Predictor`, from those of parts by energy.

    Parameters
    ----------
    signal : SpreadSignal
        How they fall into bins.
    parts : sequence of Predictor or RefoldedPredictor
        Of its parts.
    """

    def __init__(self, signal: SpreadSignal, parts: Sequence[Any]) -> None:
        self._signal, self._parts = signal, tuple(parts)
        self.parameters, self.names = parts[0].parameters, parts[0].names

    def __reduce__(self) -> tuple[Any, ...]:
        return SpreadPredictor, (self._signal, self._parts)

    def __repr__(self) -> str:
        return repr(self._parts[0]).replace(type(self._parts[0]).__name__, "SpreadPredictor", 1)

    @cached_property
    def __signature__(self) -> Any:
        return self._parts[0].__signature__

    def __call__(self, *args: float, **named: float) -> Array:
        """Return counts, shape (bins,), at one point; see `Predictor`."""
        return self._signal.joined([part(*args, **named) for part in self._parts])

    def rows(self, values: Array, out: Array) -> None:
        """Write counts at many points into `out`; see `Predictor.rows`."""
        by_energy = [np.empty((len(values), self._signal.response.bins)) for _ in self._parts]
        for part, found in zip(self._parts, by_energy, strict=True):
            part.rows(values, found)
        out[:] = self._signal.joined(by_energy)


def _finest(grids: Sequence[Grid]) -> Grid:
    """Return a grid of one nuisance that is as good as each of some."""
    edges = unique(np.concatenate([grid.edges for grid in grids]))
    return dataclasses.replace(grids[0], edges=edges, order=max(grid.order for grid in grids))


def _of_flux(fold: Fold, flux: Flux, _: Any) -> Fold:
    return fold.of_flux(flux)
