"""An experiment: flux, target, response, observed counts, backgrounds and systematic uncertainties in one object."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns._engine import Predictor, Term, Weights
from cevns.detectors import Response
from cevns.errors import InputError
from cevns.eta_pieces import EtaPieces, eta_range
from cevns.fluxes import Flux
from cevns.folding import RecoilNodes, pack, response_weights
from cevns.form_factors import get_form_factor
from cevns.models import get_model
from cevns.models.vector import LARGEST_COUPLING, LARGEST_MASS
from cevns.nuclei import Target

if TYPE_CHECKING:
    from cevns._types import Array, ArrayLike, Model, Progress, Values
    from cevns.inference import BestFit, Limit, Scan
    from cevns.likelihoods import Evaluator, Likelihood, Profile
    from cevns.predictions import Prediction

__all__ = ["Background", "Experiment"]

#: Largest counts, and smallest uncertainty of them, that are accepted: far from what overflows when it is squared.
LARGEST_COUNTS, SMALLEST_UNCERTAINTY = 1e30, 1e-30
#: Largest counts in units of their uncertainty: the difference of larger ones would have no digits left for chi2.
LARGEST_PRECISION = 1e8

#: Largest uncertainty of the quenching scale, of which five standard deviations are searched.
LARGEST_QUENCHING_SIGMA = 0.5
#: Least quenching scale that is accepted, and the inverse of the largest.
SMALLEST_ETA = 0.1

#: Models whose folded form is kept; a scan over models must not fill the memory.
MOST_MODELS = 64


@dataclass(frozen=True)
class Background:
    """A background with a normalisation pull.

    Parameters
    ----------
    name : str
        For tables and pulls.
    counts : array_like, shape (bins,)
        Expected counts.
    sigma : float
        Relative uncertainty of the normalisation, a fraction from 1e-6 to 2.
    """

    name: str
    counts: Values
    sigma: float

    def __post_init__(self):
        checks.text("name of a background", self.name)
        counts = checks.array(
            f"counts of background {checks.shown(self.name)}", self.counts, low=0, high=LARGEST_COUNTS, ndim=1
        )
        checks.put(
            self,
            counts=tuple(counts.tolist()),
            sigma=checks.relative(f"sigma of background {checks.shown(self.name)}", self.sigma),
        )


@dataclass(frozen=True, repr=False)
class Experiment:
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

    def __post_init__(self):
        checks.text("name", self.name)
        for field, kind in {"flux": Flux, "target": Target, "response": Response}.items():
            checks.instance(field, getattr(self, field), kind)
        for field in ("label", "description"):
            checks.words(field, getattr(self, field))
        bins, most = self.response.bins, LARGEST_COUNTS
        observed = checks.array("observed", self.observed, low=-most, high=most, ndim=1, length=bins)
        uncertainty = checks.array(
            "uncertainty", self.uncertainty, low=SMALLEST_UNCERTAINTY, high=most, ndim=1, length=bins
        )
        backgrounds = checks.sequence("backgrounds", self.backgrounds, Background)
        for background in backgrounds:
            if len(background.counts) != bins:
                raise InputError(
                    f"background {checks.shown(background.name)} has {len(background.counts)} bins, the response "
                    f"has {bins}"
                )
        largest = np.abs([observed, *(b.counts for b in backgrounds)]).max(axis=0) / uncertainty
        if largest.max() > LARGEST_PRECISION:
            raise InputError(
                f"uncertainty = {uncertainty[largest.argmax()]:g} of bin {largest.argmax() + 1} is less than "
                f"{1 / LARGEST_PRECISION:g} of its counts or of a background, which leaves chi2 no digits; correct it"
            )
        names = [b.name for b in backgrounds]
        if len(set(names)) < len(names):
            repeated = next(n for n in names if names.count(n) > 1)
            raise InputError(f"background names must differ, but {checks.shown(repeated)} comes more than once")
        checks.put(
            self,
            observed=tuple(observed.tolist()),
            uncertainty=tuple(uncertainty.tolist()),
            backgrounds=backgrounds,
            references=checks.sequence("references", self.references, str),
            signal_sigma=checks.relative("signal_sigma", self.signal_sigma),
            quenching_sigma=checks.relative(
                "quenching_sigma", self.quenching_sigma, high=LARGEST_QUENCHING_SIGMA, or_none=True
            ),
            form_factor=get_form_factor(self.form_factor),
            label=self.label or self.name,
        )

    def __reduce__(self):
        # without what has been computed so far
        return Experiment, tuple(getattr(self, f.name) for f in dataclasses.fields(self))

    def __repr__(self):
        response, nuclei = self.response, " + ".join(n.name for n in self.target.nuclei)
        low, high = response.edges[0], response.edges[-1]
        return f"<Experiment {self.name}: {nuclei}, {response.bins} bins from {low:g} to {high:g} {response.unit}>"

    def _repr_html_(self):
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

    def replace(self, **changes: Any) -> Experiment:
        """Return a copy with some fields changed, for example ``quenching_sigma=0``."""
        return dataclasses.replace(self, **changes)

    @cached_property
    def eta_pieces(self) -> EtaPieces | None:
        """Pieces of the quenching scale's range, or None without such a nuisance."""
        if not self.quenching_sigma:
            return None
        precision = float((np.abs(self.observed) / np.array(self.uncertainty)).max())
        return EtaPieces.build(self.response, self.nodes, self.flux, self.target, self.quenching_sigma, precision)

    @cached_property
    def smallest_mass(self) -> float:
        """Least mediator mass [MeV]: 0, unless recoils are observed down to 0, where light mediators diverge."""
        return self._smallest_mass(self.nodes)

    def _smallest_mass(self, nodes):
        if nodes.edges[0] > 0:
            return 0.0
        return float(np.sqrt(2e-3 * max(n.mass for n in self.target.nuclei) * nodes.edges[1]))

    @cached_property
    def nodes(self) -> RecoilNodes:
        """Recoil nodes for every value of the quenching scale."""
        if not self.quenching_sigma:
            edges = self.response.recoil(self.response.edges) if self.response.resolution is None else ()
            return RecoilNodes.build(
                self.flux, self.target, self.form_factor, *self.response.recoil_range(), extra_edges=edges
            )
        low, high = eta_range(self.quenching_sigma)
        limits = self.response.recoil_range((low, 1.0, high))
        return RecoilNodes.build(self.flux, self.target, self.form_factor, *limits)

    @cached_property
    def weights(self) -> Array:
        """Matrix from rates at the nodes to counts at eta = 1, shape (bins, cols)."""
        return response_weights(self.nodes, self.response)

    @cached_property
    def _packed_weights(self):
        return pack([self.weights])

    @cached_property
    def scaled_weights(self) -> Weights:
        """Matrices in units of the uncertainties, as the chi2 kernel takes them: at eta = 1, or at all eta nodes."""
        weights = self._packed_weights if self.eta_pieces is None else self.eta_pieces.weights
        return weights.scaled(1 / np.array(self.uncertainty))

    @cached_property
    def _predictors(self):
        return {}

    @cached_property
    def likelihood(self) -> Likelihood:
        """The likelihood of this experiment alone."""
        from cevns.likelihoods import Likelihood

        return Likelihood((self,))

    def __add__(self, other: Experiment | Likelihood) -> Likelihood:
        return self.likelihood + other

    def __radd__(self, other: Any) -> Likelihood:
        # sum() starts from 0
        return self.likelihood if other == 0 else NotImplemented

    def predict(
        self,
        model: Model,
        mass: ArrayLike | None = None,
        coupling: ArrayLike | None = None,
        *,
        eta: float = 1.0,
    ) -> Prediction:
        """Return the predicted counts; see `cevns.predictions.predict`."""
        from cevns.predictions import predict

        return predict(self, model, mass, coupling, eta=eta)

    def predictor(self, model: Model, *, eta: float = 1.0) -> Predictor:
        """Return the signal counts of a model as a fast function of mass [MeV] and coupling.

        Parameters
        ----------
        model : str or VectorModel
            Interaction.
        eta : float
            Quenching scale, 0.1 to 10.

        Raises
        ------
        InputError
            If `eta` is out of range, or no recoil can be observed with it.

        Examples
        --------
        >>> import cevns
        >>> counts = cevns.load("coherent-csi-2017").predictor("universal")
        >>> float(counts(10.0, 3e-5).sum().round(1))
        87.6
        """
        model = get_model(model)
        eta = checks.real("eta", eta, low=SMALLEST_ETA, high=1 / SMALLEST_ETA)
        key = model, eta
        found = self._predictors.get(key)
        if found is None:
            nodes = self._nodes_at(eta)
            weights = self._packed_weights if eta == 1.0 else pack([response_weights(nodes, self.response, eta)])
            a, b, c, q2 = nodes.quadratic(model)
            none, zero = np.zeros((0, self.response.bins)), np.zeros(self.response.bins)
            sm = weights.dot(a.sum(axis=0))[None]
            term = Term(q2, b, c, weights, sm, zero, none, none[:, :0], none[:, 0], 1.0, 1.0)
            found = Predictor(term, model, (self._smallest_mass(nodes), LARGEST_MASS, LARGEST_COUPLING))
            if eta == 1.0:
                self._predictors[key] = found
                if len(self._predictors) > MOST_MODELS:
                    self._predictors.pop(next(iter(self._predictors)), None)
        return found

    def _nodes_at(self, eta):
        """Return recoil nodes that cover what is observed with a quenching scale."""
        low, high = eta_range(self.quenching_sigma)
        if low <= eta <= high:
            return self.nodes
        return RecoilNodes.build(self.flux, self.target, self.form_factor, *self.response.recoil_range((eta,)))

    def chi2(self, model: Model, mass: ArrayLike | None = None, coupling: ArrayLike | None = None) -> Any:
        """Return chi2 of this experiment; see `Likelihood.chi2`."""
        return self.likelihood.chi2(model, mass, coupling)

    def pulls(self, model: Model, mass: float | None = None, coupling: float | None = None) -> Profile:
        """Return chi2 and best-fit pulls; see `Likelihood.pulls`."""
        return self.likelihood.pulls(model, mass, coupling)

    def bind(self, model: Model) -> Evaluator:
        """Return a fast evaluator; see `Likelihood.bind`."""
        return self.likelihood.bind(model)

    def best_fit(
        self,
        model: Model,
        *,
        mass: float | None = None,
        mass_range: tuple[float, float] | None = None,
        num_threads: int = 1,
    ) -> BestFit:
        """Return the best fit over the plane of mass and coupling; see `cevns.inference.best_fit`."""
        return self.likelihood.best_fit(model, mass=mass, mass_range=mass_range, num_threads=num_threads)

    def limit(
        self,
        model: Model,
        mass: ArrayLike | None = None,
        *,
        cl: float = 0.90,
        dof: int | None = None,
        reference: BestFit | float | None = None,
        mass_range: tuple[float, float] | None = None,
        num_threads: int = 1,
    ) -> Limit:
        """Return exact excluded intervals of the coupling at each mass; see `cevns.inference.limit`."""
        return self.likelihood.limit(
            model, mass, cl=cl, dof=dof, reference=reference, mass_range=mass_range, num_threads=num_threads
        )

    def scan(
        self,
        model: Model,
        mass: ArrayLike,
        coupling: ArrayLike,
        *,
        num_threads: int = 1,
        progress: Progress | None = None,
    ) -> Scan:
        """Return chi2 on a grid; see `cevns.inference.scan`."""
        return self.likelihood.scan(model, mass, coupling, num_threads=num_threads, progress=progress)
