"""A signal, neutrinos on a target seen by a detector: eq. 2.9 of arXiv:2008.05022, A(T) included. It knows no data."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import Value
from cevns.binning import Binning
from cevns.detectors import DetectorResponse, Response
from cevns.detectors.electrons import electron_response
from cevns.errors import InputError, TooManyFreeError
from cevns.fluxes import Flux
from cevns.interactions import Interaction, get_interaction
from cevns.interactions.kinematics import ELECTRONS, NUCLEI
from cevns.kept import Kept
from cevns.kernels.functions import Predictor
from cevns.nuclei import Target, get_form_factor
from cevns.parameters import Parameter, bound_name, broadcast, choose, chosen, needed, owned, varying
from cevns.predictions.binding import Asked, bind
from cevns.predictions.electrons import check_electrons
from cevns.predictions.folds import Folds, FoldsOfPart
from cevns.predictions.pieces import eta_range, tolerance
from cevns.predictions.radii import Radii
from cevns.predictions.refolded import RefoldedPredictor
from cevns.steps import Steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cevns._types import Array
    from cevns.interactions.structure import Structure
    from cevns.kernels.counts import Counts
    from cevns.predictions.fold import Fold, LayerKey
    from cevns.predictions.panels import RecoilNodes

__all__ = ["QUENCHING", "SMALLEST_ETA", "Signal"]

#: Name of the pull of the quenching scale, which counts from 1.
QUENCHING = "quenching"

#: Largest uncertainty of the quenching scale, of which five standard deviations are searched.
LARGEST_QUENCHING_SIGMA = 0.5
#: Least quenching scale that is accepted, and the inverse of the largest.
SMALLEST_ETA = 0.1
#: What is kept at most; a scan over interactions must not fill the memory.
MOST_INTERACTIONS = 64


@dataclass(frozen=True, eq=False, repr=False)
class Signal(Value):
    """Coherent scattering of a flux in a detector. Immutable; what it has folded is kept and shared.

    Parameters
    ----------
    flux : Flux
        Neutrinos at the detector, integrated over the exposure.
    target : Target
        Nuclei and active mass.
    response : Response or TemplateResponse
        Quenching, efficiency, bins; or what recoils of given energies leave in the bins.
    form_factor : FormFactor or str
        Nuclear form factor.
    quenching_sigma : float
        Uncertainty of the quenching scale eta, a fraction from 1e-6 to 0.5, over five of which counts are known; 0 for
        eta = 1 alone.
    electrons : ElectronResponse or str, optional
        Response to electrons, whose elastic scattering then adds to counts: ``"shells"`` or ``"free"`` for how they are
        bound and the response of nuclear recoils without quenching. None leaves it out.
    part : str
        ``"nuclei"`` or ``"electrons"`` for the counts of one of them alone; see `of`.

    Examples
    --------
    >>> import cevns
    >>> signal = cevns.load("coherent-argon-2020").signal
    >>> [p.name for p in signal.parameters("b-l")]
    ['mass', 'coupling', 'sin2_theta_w', 'rn_ar']
    >>> float(signal.counts("sm").sum().round(1))
    131.4
    >>> float(signal.counts("sm", rn_ar=3.0).sum().round(1))
    143.5
    """

    flux: Flux
    target: Target
    response: DetectorResponse
    form_factor: Any = "helm"
    quenching_sigma: float = 0.0
    electrons: Any = None
    part: str = ""

    def __repr__(self) -> str:
        nuclei = " + ".join(n.name for n in self.target.nuclei)
        return f"<Signal: {self.flux.name} on {nuclei}, {self.binning}>"

    def __post_init__(self) -> None:
        for field, kind in {"flux": Flux, "target": Target, "response": (Response, DetectorResponse)}.items():
            checks.instance(field, getattr(self, field), kind)
        # each nucleus must have a quenching factor
        self.response.parts(self.target.nuclei)
        sigma = checks.relative("quenching_sigma", self.quenching_sigma, high=LARGEST_QUENCHING_SIGMA, or_none=True)
        if sigma and not self.response.scalable:
            raise InputError(f"quenching_sigma = {sigma:g} is not allowed: {_unscaled(self.response)}; leave it out")
        checks.put(self, form_factor=get_form_factor(self.form_factor), quenching_sigma=sigma)
        electrons = electron_response(self.electrons)
        checks.put(self, electrons=electrons)
        if electrons is not None:
            electrons.of(self.response)
            check_electrons(self.flux, self.target, electrons)
        if self.part:
            checks.known("part", self.part, self._all_targets)

    def __reduce__(self) -> tuple[Any, ...]:
        # without what has been folded so far
        return Signal, tuple(getattr(self, f.name) for f in dataclasses.fields(self))

    def of(self, part: str) -> Signal:
        """Return the signal of ``"nuclei"`` or of ``"electrons"`` alone, which shares what has been folded.

        Raises
        ------
        UnknownNameError
            If it has no such part.

        Examples
        --------
        >>> import cevns
        >>> csi = cevns.load("coherent-csi-2017").replace(electrons="shells")
        >>> f"{csi.signal.of('electrons').counts('millicharge', q_mumu=1e-9).sum():.0f}"
        '241'
        """
        out = dataclasses.replace(self, part=checks.known("part", part, self._all_targets))
        out.__dict__["folds"] = self.folds
        return out

    def _alone(self, flux: Flux) -> Signal:
        """Return the signal by energy of a part of the flux, at the nodes of all of it."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(Signal)}
        out = Signal(**(fields | {"flux": flux}))
        out.__dict__["folds"] = FoldsOfPart(self.folds, flux)
        return out

    @cached_property
    def components(self) -> dict[str, tuple[int, Signal]]:
        """Signal by energy of each component of the flux, and the group of neutrinos that it arrives with."""
        groups = {timing: i for i, (timing, _) in enumerate(self.flux.by_timing())} if len(self.parts) > 1 else {}
        return {name: (groups.get(flux.timings[0], 0), self._alone(flux)) for name, flux in self.flux.by_component()}

    @property
    def parts(self) -> tuple[Signal, ...]:
        """Signal by energy of each group of neutrinos that arrive together: one."""
        return (self,)

    def joined(self, by_energy: Sequence[Array], offset: float = 0.0) -> Array:
        """Return counts in all bins, shape (..., bins), from those of each part by energy, shape (..., energy bins)."""
        return by_energy[0]

    def moved(self, pulls: Mapping[str, float]) -> tuple[Signal, float]:
        """Return the signal with a response as nuisances deform it, and the quenching scale.

        Parameters
        ----------
        pulls : mapping of str to float
            Shifts by name; others than its own are nothing to it.
        """
        return self, 1.0 + (pulls.get(QUENCHING, 0.0) if self.quenching_sigma else 0.0)

    @cached_property
    def _predictors(self) -> Kept:
        return Kept(MOST_INTERACTIONS)

    @cached_property
    def _counts(self) -> Kept:
        return Kept(MOST_INTERACTIONS)

    # --- parameters --------------------------------------------------------------------------------------------------

    @cached_property
    def _radii(self) -> Radii:
        return Radii(self.target, self.form_factor)

    @property
    def radii(self) -> dict[str, tuple[str, ...]]:
        """Names of the parameters that are neutron radii, and those of the elements for which each stands."""
        return self._radii.elements

    def describe(self, interaction: str | Interaction) -> tuple[str, str]:
        """Return the name of an interaction, and its name in figures."""
        interaction = get_interaction(interaction)
        return interaction.name, interaction.label

    def structure(self, interaction: str | Interaction) -> Structure:
        """Return what interactions that differ in numbers alone have in common; see `Interaction.structure`."""
        return get_interaction(interaction).structure

    def assumptions(self, interaction: str | Interaction) -> tuple[str, ...]:
        """Return what an interaction assumes that is not usual; see `Interaction.assumptions`."""
        return get_interaction(interaction).assumptions

    def misses_electrons(self, interaction: str | Interaction, *, massless: bool = False) -> bool:
        """Return whether electrons are left out, which an interaction scatters on at small energies above all.

        Those are photons, magnetic moments and mediators, which may be light. What electrons feel by a contact
        interaction is as little as they add to the standard model. With `massless` only charges of neutrinos count,
        by whose photons electrons are hit far more often than nuclei.
        """
        if self.electrons is not None:
            return False
        felt = [a for a in get_interaction(interaction).amplitudes if a.electron or a.electron_axial]
        if massless:
            return any(a.mediator == 0.0 and a.kinematics == "vector" for a in felt)
        return any(a.mediator is not None or a.kinematics == "magnetic" for a in felt)

    def unseen(self, interaction: str | Interaction) -> tuple[str, ...]:
        """Return the names of an interaction's own parameters on which no counts depend."""
        return get_interaction(interaction).unseen(self.flux.flavours, self.folds.observed(self.targets))

    def mediators(self, interaction: str | Interaction) -> frozenset[str]:
        """Return the names of the parameters that are masses, of mediators or of final leptons."""
        interaction = get_interaction(interaction)
        return interaction.structure.masses

    def refolded(self, interaction: str | Interaction) -> frozenset[str]:
        """Return the names of the parameters for whose every value counts are folded anew: masses of final leptons."""
        return get_interaction(interaction).final_masses

    def heaviest(self, interaction: str | Interaction) -> dict[str, tuple[float, ...]]:
        """Return for each of these the masses [MeV] at which parts of the flux cease to be observed, ascending.

        Above the last one no recoil is.
        """
        return dict.fromkeys(sorted(self.refolded(interaction)), self.folds.heaviest_leptons)

    def propagators(self, interaction: str | Interaction) -> Mapping[str, tuple[str, int]]:
        """Return the mass of the mediator of each coupling, and the coupling's power; see `Interaction.propagators`."""
        return get_interaction(interaction).propagators

    def own_parameters(self, interaction: str | Interaction) -> tuple[str, ...]:
        """Return the names of an interaction's own parameters, which functions take unless others are asked for."""
        return get_interaction(interaction).own_names

    def parameters(self, interaction: str | Interaction) -> tuple[Parameter, ...]:
        """Return all that the counts of an interaction depend on: its own parameters, sin2_theta_w and neutron radii.

        A mass may be 0, unless recoils are observed down to 0, where the events of light mediators diverge.

        Raises
        ------
        InputError
            If it is of electrons, which the signal does not count.
        """
        interaction = get_interaction(interaction)
        structure = interaction.structure
        if self.electrons is None:
            interaction.check_nuclei(_WITH_ELECTRONS)
        return self._parameters.get(structure, lambda: self._make_parameters(structure))

    @cached_property
    def _parameters(self) -> Kept:
        return Kept(MOST_INTERACTIONS)

    def _make_parameters(self, structure: Structure) -> tuple[Parameter, ...]:
        mediators = structure.mediators
        smallest = self.smallest_mass if mediators else 0.0
        reason = (
            "recoils are observed down to 0, where the events of light mediators diverge: give a mass of "
            f"{smallest:.6g} MeV or above, or a response that begins above 0"
        )
        own = tuple(
            p.replace(low=max(p.low, smallest), reason=reason) if smallest and p.name in mediators else p
            for p in structure.all_parameters
        )
        return own + self._radii.parameters

    @cached_property
    def smallest_mass(self) -> float:
        """Least mediator mass [MeV]: 0, unless recoils are observed down to 0, where light ones diverge."""
        return self.folds.smallest_mass

    # --- the fold ----------------------------------------------------------------------------------------------------

    @cached_property
    def folds(self) -> Folds:
        """The response folded with recoil nodes, for every kind of interaction."""
        return Folds(self.flux, self.target, self.response, self.form_factor, self.quenching_sigma, self.electrons)

    @property
    def nodes(self) -> RecoilNodes:
        """Recoil nodes for every value of the quenching scale in its range."""
        return self.folds.nodes

    @cached_property
    def binning(self) -> Binning:
        """Bins of all axes, which are those of the response."""
        return self.response.binning

    @cached_property
    def eta_range(self) -> tuple[float, float]:
        """Lowest and highest quenching scale that the nuisance reaches."""
        return eta_range(self.quenching_sigma)

    @property
    def targets(self) -> tuple[str, ...]:
        """What neutrinos scatter on, as far as it is counted."""
        return (self.part,) if self.part else self._all_targets

    @property
    def _all_targets(self) -> tuple[str, ...]:
        return (NUCLEI,) if self.electrons is None else (NUCLEI, ELECTRONS)

    # --- counts ------------------------------------------------------------------------------------------------------

    def bind(
        self,
        interaction: str | Interaction,
        parameters: Sequence[Parameter],
        fixed: Mapping[str, float] | None = None,
        *,
        folds: Callable[[tuple[LayerKey, ...]], Fold] | None = None,
    ) -> Counts:
        """Return counts as a function of some parameters, the others being fixed.

        Parameters
        ----------
        interaction : str or Interaction
            Interaction.
        parameters : sequence of Parameter
            Of `parameters`, and maybe of other signals', on which these counts do not depend.
        fixed : mapping of str to float, optional
            Values of others; what is neither here nor among `parameters` takes its default.
        folds : callable, optional
            Returns the response with some layers; at quenching scale 1 unless given.

        Returns
        -------
        Counts
        """
        interaction, fixed = get_interaction(interaction), fixed or {}
        structure, names = interaction.structure, tuple([p.name for p in parameters])
        key = structure, names, tuple(sorted(fixed.items()))
        return bind(
            folds or (lambda layers: self.folds.at(1.0, layers)),
            self.form_factor,
            interaction,
            parameters,
            self._asked.get(key, lambda: self._ask(structure, names, fixed)),
            flavours=self.flux.flavours,
            targets=self.targets,
            smallest_mass=self.smallest_mass,
            from_zero=self.folds.from_zero,
        )

    @cached_property
    def _asked(self) -> Kept:
        return Kept(MOST_INTERACTIONS)

    def _ask(self, structure: Structure, names: tuple[str, ...], fixed: Mapping[str, float]) -> Asked:
        values = {p.name: p.number(fixed.get(p.name)) for p in structure.all_parameters if p.name not in names}
        return Asked.of(structure, names, values, self._radii.chosen(names, fixed))

    def profiled(
        self,
        interaction: str | Interaction,
        parameters: tuple[Parameter, ...],
        fixed: Mapping[str, float],
        precision: float = 1.0,
        units: tuple[float, ...] | None = None,
    ) -> Counts:
        """Return counts of `bind` over the range of the quenching scale, for a statistic; made once and kept.

        `precision` and `units` are those of `Folds.over`.
        """
        interaction = get_interaction(interaction)
        key = interaction, parameters, tuple(sorted(fixed.items())), tolerance(precision), units
        return self._counts.get(
            key,
            lambda: self.bind(
                interaction, parameters, fixed, folds=lambda layers: self.folds.over(precision, units, layers)
            ),
        )

    def predictor(
        self,
        interaction: str | Interaction,
        free: Sequence[str] = (),
        *,
        eta: float = 1.0,
        **fixed: float,
    ) -> Predictor | RefoldedPredictor:
        """Return the counts of an interaction as a fast function of its own parameters.

        Parameters
        ----------
        interaction : str or Interaction
            Interaction.
        free : sequence of str
            Further parameters that the function takes, as `Likelihood.bind` does.
        eta : float
            Quenching scale, 0.1 to 10.
        **fixed : float
            Parameters that are not arguments of the function.

        Raises
        ------
        InputError
            If `eta` is out of range, or no recoil can be observed with it.
        UnknownNameError
            If a parameter is not known.
        """
        interaction = get_interaction(interaction)
        eta = checks.real("eta", eta, low=SMALLEST_ETA, high=1 / SMALLEST_ETA)
        if eta != 1 and not self.response.scalable:
            raise InputError(f"eta = {eta:g} is not allowed: {_unscaled(self.response)}; it must be 1")
        fixed = owned(fixed, interaction.own_names, interaction.name)
        free, fixed = chosen(self.parameters(interaction), free, fixed)
        key = interaction, free, tuple(sorted(fixed.items()))

        def make() -> Predictor | RefoldedPredictor:
            parameters = choose(self.parameters(interaction), interaction.own_names, free, fixed)
            steps = Steps(parameters, interaction.final_masses)
            if steps:
                return RefoldedPredictor(self, interaction, steps, fixed, eta)
            return self.bound_predictor(interaction, parameters, fixed, eta)

        return self._predictors.get(key, make) if eta == 1.0 else make()

    def bound_predictor(
        self, interaction: Interaction, parameters: tuple[Parameter, ...], fixed: Mapping[str, float], eta: float
    ) -> Predictor:
        """Return counts at a quenching scale as a function of parameters none of which needs a fold for every value."""
        folds = functools.partial(self.folds.at, eta)
        subject = f"counts of {bound_name(interaction.name, fixed)}"
        return Predictor(parameters, self.bind(interaction, parameters, fixed, folds=folds), subject)

    def counts(self, interaction: str | Interaction, *, eta: float = 1.0, **values: Any) -> Array:
        """Return predicted counts, shape (..., bins), the last axis fastest, for values of parameters that broadcast.

        Raises
        ------
        InputError
            If a value is missing or out of range.
        UnknownNameError
            If a parameter is not known.
        """
        interaction = get_interaction(interaction)
        own, known = interaction.own_names, self.parameters(interaction)
        values = needed(values, own, interaction.name)
        # numbers are fixed, unless the interaction owns them: then the next call may have others
        free, fixed = varying(known, (), {name: value for name, value in values.items() if name not in own})
        try:
            predictor = self.predictor(interaction, free, eta=eta, **fixed)
        except TooManyFreeError:
            free, fixed = varying(known, own, values)
            predictor = self.predictor(interaction, free, eta=eta, **fixed)
        shape, rows = broadcast(predictor.parameters, values)
        out = np.empty((rows.shape[0], self.binning.bins))
        predictor.rows(rows, out)
        return out.reshape(*shape, self.binning.bins)


#: What lets electrons take part.
_WITH_ELECTRONS = (
    "count them, experiment.replace(electrons='shells') or 'free', electrons = \"shells\" in [[experiment]] of a "
    "configuration file"
)


def _unscaled(response: DetectorResponse) -> str:
    return f"{type(response).__name__} has no quenching factor that a scale could move"
