"""An experiment: a signal, its data, backgrounds and systematic uncertainties in one object."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.errors import InputError
from cevns.likelihoods import Background, Data, Likelihood, Nuisance
from cevns.likelihoods.gaussian import GaussianStatistic
from cevns.predictions import Signal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import ArrayLike, Model, Values
    from cevns.detectors import Response
    from cevns.fluxes import Flux
    from cevns.kernels.functions import Predictor
    from cevns.nuclei import Target
    from cevns.predictions import Prediction, RefoldedPredictor

__all__ = ["Experiment"]


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
    response : Response
        Quenching, efficiency, bins.
    observed : array_like, shape (bins,)
        Counts with steady-state background subtracted.
    uncertainty : array_like, shape (bins,)
        Standard deviations, uncorrelated.
    signal_sigma : float
        Relative uncertainty of the signal's normalisation, a fraction from 1e-6 to 2.
    backgrounds : sequence of Background
        Beam-related backgrounds.
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
        Further uncertainties of the signal's normalisation, which other experiments may share.
    electrons : ElectronResponse or str, optional
        Elastic scattering on electrons as part of the signal: ``"shells"``, ``"free"``, or a response; see `Signal`.
    expected : bool
        Whether `observed` are no data, but what an interaction predicts: figures and tables say so. `asimov` sets it,
        and other counts end it.

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
    response: Response
    observed: Values
    uncertainty: Values
    signal_sigma: float
    backgrounds: Values = ()
    quenching_sigma: float = 0.0
    form_factor: Any = "helm"
    label: str = ""
    description: str = ""
    references: Values = ()
    nuisances: Values = ()
    electrons: Any = None
    expected: bool = False

    def __post_init__(self) -> None:
        checks.text("name", self.name)
        for field in ("label", "description"):
            checks.words(field, getattr(self, field))
        signal = self.signal
        bins = self.response.bins
        for field in ("observed", "uncertainty"):
            checks.array(field, getattr(self, field), ndim=1, length=bins)
        data = self.data
        backgrounds = checks.sequence("backgrounds", self.backgrounds, Background)
        for background in backgrounds:
            if len(background.counts) != bins:
                raise InputError(
                    f"background {checks.shown(background.name)} has {len(background.counts)} bins, the response "
                    f"has {bins}"
                )
            data.check_precision(background.counts)
        names = [b.name for b in backgrounds]
        if len(set(names)) < len(names):
            repeated = next(n for n in names if names.count(n) > 1)
            raise InputError(f"background names must differ, but {checks.shown(repeated)} comes more than once")
        nuisances = checks.sequence("nuisances", self.nuisances, Nuisance)
        if len({n.name for n in nuisances}) < len(nuisances):
            raise InputError("nuisances must have different names: one of them comes more than once")
        checks.put(
            self,
            observed=data.observed,
            uncertainty=data.uncertainty,
            backgrounds=backgrounds,
            references=checks.sequence("references", self.references, str),
            nuisances=nuisances,
            signal_sigma=checks.relative("signal_sigma", self.signal_sigma),
            quenching_sigma=signal.quenching_sigma,
            form_factor=signal.form_factor,
            electrons=signal.electrons,
            label=self.label or self.name,
            expected=checks.instance("expected", self.expected, bool),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # without what has been computed so far
        return Experiment, tuple(getattr(self, f.name) for f in dataclasses.fields(self))

    def __repr__(self) -> str:
        nuclei = " + ".join(n.name for n in self.target.nuclei)
        nuclei += (
            "" if self.electrons is None else f" and {self.electrons.binding.replace('shells', 'bound')} electrons"
        )
        return f"<Experiment {self.name}: {nuclei}, {self.response.span}>"

    def _repr_html_(self) -> str:
        from cevns.tabular import html

        backgrounds = self.backgrounds
        rows = zip(
            self.response.edges[:-1],
            self.response.edges[1:],
            self.observed,
            self.uncertainty,
            *(b.counts for b in backgrounds),
            strict=True,
        )
        head = ("low", "high", "observed", "uncertainty", *(b.name for b in backgrounds))
        return html(head, rows, f"{self!r}, signal uncertain by {self.signal_sigma:.3g}")

    @property
    def summary(self) -> tuple[object, ...]:
        """Name, nuclei, bins, range and observed counts, for tables."""
        edges = self.response.edges
        nuclei = " + ".join(n.name for n in self.target.nuclei)
        span = f"{edges[0]:g} to {edges[-1]:g} {self.response.unit}"
        return self.name, nuclei, self.response.bins, span, sum(self.observed)

    def replace(self, **changes: Any) -> Experiment:
        """Return a copy with some fields changed, for example ``quenching_sigma=0``."""
        other = {"expected": False} if "observed" in changes else {}
        return dataclasses.replace(self, **other | changes)

    def with_data(self, observed: ArrayLike, uncertainty: ArrayLike | None = None) -> Experiment:
        """Return the same experiment with other counts, sharing all that they do not change.

        Parameters
        ----------
        observed : array_like, shape (bins,)
            Counts with steady-state background subtracted.
        uncertainty : array_like, shape (bins,), optional
            Standard deviations; the same as before unless given.

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
        data = self.data.replace(observed, uncertainty)
        for background in self.backgrounds if uncertainty is not None else ():
            data.check_precision(background.counts)
        out = object.__new__(Experiment)
        own = {"data": data, "observed": data.observed, "uncertainty": data.uncertainty, "expected": False}
        out.__dict__.update(self.__dict__, statistic=self.statistic.with_data(data), **own)
        # chi2 of the other data
        for name in ("_evaluators", "_constrained"):
            out.__dict__.pop(name, None)
        return out

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
        checks.put(out, expected=True)
        return out

    @cached_property
    def signal(self) -> Signal:
        """What predicts counts, and knows no data."""
        return Signal(self.flux, self.target, self.response, self.form_factor, self.quenching_sigma, self.electrons)

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

        That built-in experiments leave out electrons is a choice that docs/physics.md tells of.
        """
        from cevns.experiments.registry import known_experiments

        if self.name in known_experiments() or not self.signal.misses_electrons(interaction):
            return ()
        return (f"electrons of {self.name} are left out; electrons='shells' adds them",)

    @cached_property
    def statistic(self) -> GaussianStatistic:
        """chi2 of the data for counts of any interaction."""
        return GaussianStatistic(self.data, self.backgrounds, self.signal_sigma, self.quenching_sigma)

    def predict(
        self,
        interaction: Model,
        mass: ArrayLike | None = None,
        coupling: ArrayLike | None = None,
        *,
        eta: float = 1.0,
        **values: ArrayLike,
    ) -> Prediction:
        """Return the predicted counts beside the data.

        Parameters
        ----------
        interaction : str or Interaction
            Interaction.
        mass, coupling : array_like, optional
            Mediator mass [MeV] and coupling; see `Likelihood.chi2`.
        eta : float
            Quenching scale, 0.1 to 10: the response is computed anew where need be.
        **values : array_like
            Any other parameters, by name; see `parameters`.

        Raises
        ------
        InputError
            If a parameter is missing or out of range.
        UnknownNameError
            If the interaction or a parameter is not known.

        Examples
        --------
        >>> import cevns
        >>> argon = cevns.load("coherent-argon-2020")
        >>> float(argon.predict("universal", mass=10, coupling=3e-5).signal.sum().round(1))
        64.6
        """
        from cevns.predictions import predict

        return predict(self, interaction, {"mass": mass, "coupling": coupling, **values}, eta=eta)

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
