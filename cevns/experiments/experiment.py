"""An experiment: a signal, its data, backgrounds and systematic uncertainties in one object."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.experiments.changes import checked_changes, differences, of_expected, of_other_data, replaced
from cevns.experiments.counts import check_axes, in_a_row, in_axes
from cevns.experiments.shapes import checked_floor, checked_shapes
from cevns.likelihoods import Background, Data, Deformation, Likelihood, Nuisance, Pulls
from cevns.likelihoods.gaussian import GaussianStatistic
from cevns.likelihoods.nuisances import checked_correlations
from cevns.predictions import Signal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array, ArrayLike, Model, Values
    from cevns.detectors import DetectorResponse
    from cevns.fluxes import Flux
    from cevns.kernels.functions import Predictor
    from cevns.likelihoods.joint import JointStatistic
    from cevns.nuclei import Target
    from cevns.predictions import Prediction, RefoldedPredictor

__all__ = ["Experiment"]

_DATA = {"observed", "uncertainty"}


@dataclass(frozen=True, repr=False)
class Experiment(Likelihood):
    """A data set with all that a prediction and a chi2 need. Immutable; experiments add up to a `Likelihood`.

    Parameters
    ----------
    name : str
        Short name.
    flux : Flux
        Neutrinos at the detector, integrated over the exposure.
    target : Target
        Nuclei and active mass.
    response : Response or TemplateResponse
        Quenching, efficiency, bins; or what recoils of given energies leave in the bins.
    observed : array_like, shape (bins,) or that of all axes
        Counts; with Gaussian uncertainties maybe with steady-state background subtracted.
    uncertainty : array_like, shape (bins,), optional
        Standard deviations, uncorrelated. Without them the counts are Poisson data.
    signal_sigma : float
        Relative uncertainty of the signal's normalisation, a fraction from 1e-6 to 2; 0 for none of its own, which
        Gaussian data whose nuisances are profiled in closed form do not know.
    backgrounds : sequence of Background
        Other components.
    quenching_sigma : float
        Uncertainty of the quenching scale eta, a fraction from 1e-6 to 0.5; 0 for none.
    form_factor : FormFactor or str
        Nuclear form factor.
    label : str
        Name as it is set in figures.
    description : str
        One line for lists.
    references : tuple of str
        What to cite.
    nuisances : sequence of Nuisance
        Further uncertainties of normalisations, which other experiments may share.
    electrons : ElectronResponse or str, optional
        Elastic scattering on electrons as part of the signal: ``"shells"``, ``"free"``, or a response; see `Signal`.
    arrival : Arrival, optional
        Bins of arrival time, in addition to those of energy; see `cevns.predictions.SpreadSignal`.
    distribution : Distribution, optional
        Bins of further axes, whose shares do not depend on the interaction.
    shapes : sequence of ResponseShape, TimeOffset or Deformation
        Nuisances that deform the response, arrival times, or templates.
    correlations : sequence of ((str, str), float), optional
        Of nuisances that may be shared, by their names.
    floor : float
        Least expectation of a bin of Poisson data; 0 for none, and at most 0.01 beside `shapes` or a `quenching_sigma`.
        Where counts were seen components whose sum is below 0 are refused all the same.
    expected : bool
        Whether `observed` are no data, but what an interaction predicts: figures and tables say so. `asimov` sets it,
        and other counts end it.
    changes : sequence of (str, str)
        How it differs from the one that it was loaded as, the option or field with a text, which results tell. `load`,
        `replace` and other methods keep it.

    Examples
    --------
    >>> import cevns
    >>> csi = cevns.load("coherent-csi-2017")
    >>> round(float(csi.predict("sm").signal.sum()), 1)
    131.4
    """

    name: str
    flux: Flux
    target: Target
    response: DetectorResponse
    observed: Values
    uncertainty: Values | None = None
    signal_sigma: float = 0.0
    backgrounds: Values = ()
    quenching_sigma: float = 0.0
    form_factor: Any = "helm"
    label: str = ""
    description: str = ""
    references: Values = ()
    nuisances: Values = ()
    electrons: Any = None
    arrival: Any = None
    distribution: Any = None
    shapes: Values = ()
    correlations: Values = ()
    floor: float = 0.0
    expected: bool = False
    changes: Values = dataclasses.field(default=(), compare=False)

    def __post_init__(self) -> None:
        checks.text("name", self.name)
        for field in ("label", "description"):
            checks.words(field, getattr(self, field))
        checks.put(self, shapes=checked_shapes(self.shapes))
        checks.put(self, floor=checked_floor(self))
        signal = self.signal
        bins = signal.binning.bins
        for field in ("observed", "uncertainty"):
            if field == "observed" or self.uncertainty is not None:
                checks.put(self, **{field: tuple(self._flat(field, getattr(self, field)).tolist())})
        data = self.data
        backgrounds = checks.sequence("backgrounds", self.backgrounds, Background)
        for background in backgrounds:
            if len(background.counts) != bins:
                raise InputError(
                    f"background {checks.shown(background.name)} has {len(background.counts)} bins, the "
                    f"{'response' if bins == self.response.bins else 'experiment'} has {bins}"
                )
            check_axes(f"background {checks.shown(background.name)}", background.axes, signal.binning)
            data.check_precision(background.counts)
        for shape in self.shapes:
            if isinstance(shape, Deformation):
                check_axes(f"up of deformation {checks.shown(shape.name)}", shape.axes, signal.binning)
        checks.differ("background names", [b.name for b in backgrounds])
        nuisances = checks.sequence("nuisances", self.nuisances, Nuisance)
        checks.differ("names of nuisances", [n.name for n in nuisances])
        checks.put(
            self,
            correlations=checked_correlations(self.correlations),
            observed=data.observed,
            uncertainty=data.uncertainty,
            backgrounds=backgrounds,
            references=checks.sequence("references", self.references, str),
            nuisances=nuisances,
            signal_sigma=checks.relative("signal_sigma", self.signal_sigma, or_none=self.together),
            quenching_sigma=signal.quenching_sigma,
            form_factor=signal.form_factor,
            electrons=signal.electrons,
            label=self.label or self.name,
            expected=checks.instance("expected", self.expected, bool),
            changes=checked_changes(self.changes),
        )
        _ = self._assembly if self.together else self.statistic  # refuses what does not fit together here and now

    def _flat(self, field: str, values: Any) -> Array:
        return in_a_row(field, values, self.signal.binning)

    @cached_property
    def together(self) -> bool:
        """Whether nuisances are profiled together, by descents, and not in closed form."""
        plain = all(n.plain for n in self.nuisances if isinstance(n, Nuisance))
        spread = self.arrival is not None or self.distribution is not None
        return self.uncertainty is None or spread or bool(self.shapes) or bool(self.correlations) or not plain

    def __reduce__(self) -> tuple[Any, ...]:
        # without what has been computed so far
        return Experiment, tuple(getattr(self, f.name) for f in dataclasses.fields(self))

    def __repr__(self) -> str:
        nuclei, binning = " + ".join(n.name for n in self.target.nuclei), self.signal.binning
        nuclei += (
            "" if self.electrons is None else f" and {self.electrons.binding.replace('shells', 'bound')} electrons"
        )
        return f"<Experiment {self.name}: {nuclei}, {binning}>"

    def _repr_html_(self) -> str:
        from cevns.tabular import html

        columns = {"observed": self.observed, **({"uncertainty": self.uncertainty} if self.uncertainty else {})}
        columns |= {b.name: b.counts for b in self.backgrounds}
        table = self.signal.binning.table({name: np.array(counts) for name, counts in columns.items()})
        own = f", signal uncertain by {self.signal_sigma:.3g}" if self.signal_sigma else ""
        return html(table.names, table, f"{self!r}{own}")

    @property
    def summary(self) -> tuple[object, ...]:
        """Name, nuclei, bins, range and observed counts, for tables."""
        nuclei, binning = " + ".join(n.name for n in self.target.nuclei), self.signal.binning
        return self.name, nuclei, binning.bins, binning.span, sum(self.observed)

    def replace(self, **changes: Any) -> Experiment:
        """Return a copy with some fields changed, for example ``quenching_sigma=0``.

        Data alone, ``observed`` maybe with ``uncertainty``, change nothing of the signal, which then is shared; see
        `with_data`.
        """
        fields = [f.name for f in dataclasses.fields(self)]
        for name in changes:
            checks.known("field of an experiment", name, fields)
        gaussian = changes.get("uncertainty", self.uncertainty) is not None
        if "observed" in changes and changes.keys() <= _DATA and gaussian == (self.uncertainty is not None):
            flat = {name: self._flat(name, values) for name, values in changes.items() if values is not None}
            return self.with_data(**flat)
        other = {"expected": False} if "observed" in changes else {}
        out = dataclasses.replace(self, **other | changes)
        if "changes" not in changes:
            checks.put(out, changes=replaced(self, changes, out))
        return out

    def with_data(  # type: ignore[override]  # the counts of one where a sum has several
        self, observed: ArrayLike, uncertainty: ArrayLike | None = None
    ) -> Experiment:
        """Return the same experiment with other counts, sharing all that they do not change.

        Parameters
        ----------
        observed : array_like, shape (bins,) or that of all axes
            Counts with steady-state background subtracted.
        uncertainty : array_like, optional
            Standard deviations, in either shape; the same as before unless given.

        Raises
        ------
        InputError
            If the counts are not one finite number for each bin.

        Examples
        --------
        >>> import cevns
        >>> argon = cevns.load("coherent-argon-2020")
        >>> expected = argon.predict("sm").total
        >>> abs(argon.with_data(expected).chi2("sm")) < 1e-9
        True
        """
        several = len(self.signal.binning.axes) > 1
        if several or in_axes(observed):
            observed = self._flat("observed", observed)
        if uncertainty is not None and (several or in_axes(uncertainty)):
            uncertainty = self._flat("uncertainty", uncertainty)
        data = self.data.replace(observed, uncertainty)
        for background in self.backgrounds if uncertainty is not None else ():
            data.check_precision(background.counts)
        out = object.__new__(Experiment)
        own = {"data": data, "observed": data.observed, "uncertainty": data.uncertainty, "expected": False}
        own["changes"] = self._of_other_data
        if data.uncertainty is not None:
            own["floor"] = 0.0
        out.__dict__.update(self.__dict__, statistic=self.statistic.with_data(data), _like=self._evaluators, **own)
        out.__dict__["_assembly"] = self._assembly.with_data(out)
        # chi2 of the other data
        for name in ("_evaluators", "_constrained"):
            out.__dict__.pop(name, None)
        return out

    @cached_property
    def _of_other_data(self) -> Values:
        return of_other_data(self.changes)

    @cached_property
    def blind(self) -> bool:
        """Whether nothing is counted in any bin, whatever neutrinos do: efficiencies are 0, or a threshold too high."""
        return not self.signal.counts("sm").any()

    @property
    def differs(self) -> tuple[str, ...]:
        """How it differs from the experiment that it was loaded as, in short texts; what is no data, `expected`, too.

        Examples
        --------
        >>> import cevns
        >>> cevns.load("coherent-csi-2017", quenching="constant").replace(signal_sigma=0.1).asimov().differs
        ('quenching = constant', 'signal_sigma = 0.1', 'expected data')
        """
        return differences(self.changes, self.expected)

    def asimov(self, interaction: Model = "sm", **values: float) -> Experiment:
        """Return the same experiment with the counts that an interaction predicts, nuisances at their central values.

        Parameters are those of `chi2`, one value each.

        Raises
        ------
        InputError
            If a parameter is missing, out of range, or not one number.
        UnknownNameError
            If the interaction or a parameter is not known.

        Examples
        --------
        >>> import cevns
        >>> argon = cevns.load("coherent-argon-2020").asimov("b-l", mass=10, coupling=5e-5)
        >>> round(argon.chi2("b-l", mass=10, coupling=5e-5), 9)
        0.0
        """
        expected = self.signal.counts(interaction, **values)
        if expected.ndim > 1:
            raise InputError(f"asimov takes one value of each parameter, got values of shape {expected.shape[:-1]}")
        for background in self.backgrounds:
            expected = expected + background.counts
        out = self.with_data(expected)
        checks.put(out, expected=True, changes=of_expected(self.changes, self.describe(interaction)[0], values))
        return out

    def scaled(self, exposure: float) -> Experiment:
        """Return the same experiment with another exposure, in units of its own: what can be expected of more data.

        Target, backgrounds and their deformations grow with it, Gaussian uncertainties with its root; relative ones
        stay as they are. Counts grow too, but are expectations then; `asimov` gives those of a model.

        Raises
        ------
        InputError
            If the exposure is not above 0.

        Examples
        --------
        >>> import cevns
        >>> argon = cevns.load("coherent-argon-2020")
        >>> more = argon.scaled(4.0)
        >>> round(float(more.predict("sm").signal.sum() / argon.predict("sm").signal.sum()), 9)
        4.0
        """
        from cevns.experiments.plans import scaled

        return scaled(self, exposure)

    def above(self, threshold: float) -> Experiment:
        """Return the same experiment without the bins below a threshold.

        Parameters
        ----------
        threshold : float
            An edge of the first axis of its bins, in that axis's unit.

        Raises
        ------
        InputError
            If it is none, or no bin is left.

        Examples
        --------
        >>> import cevns
        >>> cevns.load("coherent-argon-2020").above(30.0)
        <Experiment coherent-argon-2020: Ar-40, 9 bins from 30 to 120 keVee>
        """
        from cevns.experiments.plans import above

        return above(self, threshold)

    @cached_property
    def signal(self) -> Signal:
        """What predicts counts, and knows no data."""
        fields = self.flux, self.target, self.response, self.form_factor, self.quenching_sigma, self.electrons
        if not self.together:
            return Signal(*fields)
        # of what experiments with one axis do without nothing is imported
        from cevns.detectors import ResponseShape, TimeOffset
        from cevns.predictions import SpreadSignal

        offsets = [shape for shape in self.shapes if isinstance(shape, TimeOffset)]
        if len(offsets) > 1:
            raise InputError("shapes holds more than one time offset: all neutrinos have one")
        return SpreadSignal(
            *fields,
            arrival=self.arrival,
            distribution=self.distribution,
            offset=offsets[0] if offsets else None,
            shapes=[shape for shape in self.shapes if isinstance(shape, ResponseShape)],
        )

    @cached_property
    def data(self) -> Data:
        """Observed counts with their uncertainties."""
        return Data(self.observed, self.uncertainty)

    @property
    def experiments(self) -> tuple[Experiment, ...]:  # type: ignore[override]
        """The experiments whose chi2 adds up: this one."""
        return (self,)

    def omissions(self, interaction: Model) -> tuple[str, ...]:
        """Return what is left out that would matter for an interaction.

        That built-in experiments leave out electrons is a choice that docs/physics.md tells of, and said where photons
        make them matter more than nuclei. What an interaction takes for granted that nuclei may not grant is said too.
        """
        from cevns.experiments.omissions import omissions

        return omissions(self, interaction)

    @property
    def overlaps(self) -> frozenset[str]:
        """Names of other built-in experiments that hold the same events, with which it makes no likelihood."""
        from cevns.experiments.registry import overlapping

        return overlapping(self.name)

    @cached_property
    def statistic(self) -> GaussianStatistic | JointStatistic:
        """chi2 of the data for counts of any interaction."""
        if self.together:
            from cevns.likelihoods.joint import JointStatistic

            deformations = [shape for shape in self.shapes if isinstance(shape, Deformation)]
            return JointStatistic(
                self.data,
                self.backgrounds,
                self.signal_sigma,
                self.nuisances,
                deformations,
                self.signal.spread,  # type: ignore[attr-defined]  # together, it is a SpreadSignal
                self.floor,
            )
        shared = [nuisance.name for nuisance in self.nuisances]
        return GaussianStatistic(self.data, self.backgrounds, self.signal_sigma, self.quenching_sigma, shared)

    def predict(  # type: ignore[override]  # one of them where a sum has several
        self,
        interaction: Model,
        mass: ArrayLike | None = None,
        coupling: ArrayLike | None = None,
        *,
        eta: float = 1.0,
        pulls: Pulls | None = None,
        **values: ArrayLike,
    ) -> Prediction:
        """Return the predicted counts beside the data, nuisances at their central values or as pulls say.

        Parameters
        ----------
        interaction : str or Interaction
            Interaction.
        mass, coupling : array_like, optional
            Mediator mass [MeV] and coupling; see `Likelihood.chi2`.
        eta : float
            Quenching scale, 0.1 to 10: the response is computed anew where need be.
        pulls : Pulls, optional
            Of this experiment or of a likelihood that it is part of: signal and backgrounds are then scaled and
            deformed as these say, so that their sum is what that chi2 compares with the data, raised to `floor`. They
            are taken as they stand: of another point, model or data they are nuisances that are kept, not fitted here.
        **values : array_like
            Any other parameters, by name; see `parameters`.

        Raises
        ------
        InputError
            If a parameter is missing or out of range, both a scale and pulls are given, or the pulls are of an
            experiment of this name with other nuisances.
        UnknownNameError
            If the interaction or a parameter is not known, or the pulls are of other experiments.

        Examples
        --------
        >>> import cevns
        >>> argon = cevns.load("coherent-argon-2020")
        >>> float(argon.predict("universal", mass=10, coupling=3e-5).signal.sum().round(1))
        64.6
        >>> fitted = argon.predict("sm", pulls=argon.pulls("sm"))
        >>> {name: float(counts.sum().round(1)) for name, counts in fitted.backgrounds.items()}
        {'PBRN': 438.8, 'LBRN': 30.5}
        """
        from cevns.predictions import predict

        checks.instance("pulls", pulls, (Pulls, type(None)), "those of likelihood.pulls(...)")
        own = None if pulls is None else pulls.of(self.name, self.statistic.pull_units)
        return predict(self, interaction, {"mass": mass, "coupling": coupling, **values}, eta=eta, pulls=own)

    def predictor(
        self, interaction: Model, *, free: Sequence[str] = (), eta: float = 1.0, **fixed: float
    ) -> Predictor | RefoldedPredictor:
        """Return the signal counts of an interaction as a fast function of its parameters; see `Signal.predictor`.

        Examples
        --------
        >>> import cevns
        >>> counts = cevns.load("coherent-csi-2017").predictor("universal")
        >>> float(counts(10.0, 3e-5).sum().round(1))
        87.6
        """
        return self.signal.predictor(interaction, free, eta=eta, **fixed)
