"""An experiment: flux, target, response, observed counts, backgrounds and systematic uncertainties in one object."""

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cevns import checks
from cevns._engine import Predictor, Term
from cevns.arrays import unique
from cevns.detectors import Response
from cevns.errors import InputError
from cevns.fluxes import Flux
from cevns.folding import EtaPieces, RecoilNodes, pack, recoil_end_kev, response_weights
from cevns.form_factors import FormFactor, get_form_factor
from cevns.models import get_model
from cevns.models.vector import LARGEST_COUPLING, LARGEST_MASS
from cevns.nuclei import Target

__all__ = ["Background", "Experiment"]

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
        Relative uncertainty of the normalisation.
    """

    name: str
    counts: tuple
    sigma: float

    def __post_init__(self):
        checks.text("name of a background", self.name)
        counts = checks.array(f"counts of background {self.name!r}", self.counts, low=0, ndim=1)
        object.__setattr__(self, "counts", tuple(counts.tolist()))
        sigma = checks.real(f"sigma of background {self.name!r}", self.sigma, above=0)
        object.__setattr__(self, "sigma", sigma)


@dataclass(frozen=True)
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
        Relative uncertainty of the signal's normalisation.
    backgrounds : sequence of Background
        Beam-related backgrounds.
    quenching_sigma : float
        Uncertainty of the quenching scale eta; 0 for none.
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
    observed: tuple
    uncertainty: tuple
    signal_sigma: float
    backgrounds: tuple = ()
    quenching_sigma: float = 0.0
    form_factor: FormFactor | str = "helm"
    label: str = ""
    description: str = ""
    references: tuple = ()

    def __post_init__(self):
        checks.text("name", self.name)
        kinds = {"flux": Flux, "target": Target, "response": Response, "label": str, "description": str}
        for field, kind in kinds.items():
            checks.instance(field, getattr(self, field), kind)
        bins = self.response.bins
        observed = checks.array("observed", self.observed, ndim=1, length=bins)
        uncertainty = checks.array("uncertainty", self.uncertainty, above=0, ndim=1, length=bins)
        backgrounds = checks.sequence("backgrounds", self.backgrounds, Background)
        for background in backgrounds:
            if len(background.counts) != bins:
                raise InputError(
                    f"background {background.name!r} has {len(background.counts)} bins, the response has {bins}"
                )
        names = [b.name for b in backgrounds]
        if len(set(names)) < len(names):
            raise InputError(f"background names must differ, got {names}")
        object.__setattr__(self, "observed", tuple(observed.tolist()))
        object.__setattr__(self, "uncertainty", tuple(uncertainty.tolist()))
        object.__setattr__(self, "backgrounds", backgrounds)
        object.__setattr__(self, "references", checks.sequence("references", self.references, str))
        object.__setattr__(self, "signal_sigma", checks.real("signal_sigma", self.signal_sigma, above=0))
        quenching_sigma = checks.real("quenching_sigma", self.quenching_sigma, low=0, high=0.5)
        object.__setattr__(self, "quenching_sigma", quenching_sigma)
        object.__setattr__(self, "form_factor", get_form_factor(self.form_factor))
        if not self.label:
            object.__setattr__(self, "label", self.name)

    def __reduce__(self):
        # without what has been computed so far
        return Experiment, tuple(getattr(self, f.name) for f in dataclasses.fields(self))

    def replace(self, **changes):
        """Return a copy with some fields changed, for example ``quenching_sigma=0``."""
        return dataclasses.replace(self, **changes)

    @cached_property
    def kinks_kev(self):
        """Recoil energies [keV] at which lines and spectra end, for each nucleus."""
        return unique([recoil_end_kev(n, e) for n in self.target.nuclei for e in self.flux.end_energies])

    @cached_property
    def eta_pieces(self):
        """Pieces of the quenching scale's range, or None without such a nuisance."""
        if not self.quenching_sigma:
            return None
        return EtaPieces.build(self.response, self.kinks_kev, self.quenching_sigma)

    @cached_property
    def smallest_mass(self):
        """Least mediator mass [MeV]: 0, unless recoils are observed down to 0, where light mediators diverge."""
        if self.nodes.edges[0] > 0:
            return 0.0
        return float(np.sqrt(2e-3 * max(n.mass for n in self.target.nuclei) * self.nodes.edges[1]))

    @cached_property
    def nodes(self):
        """Recoil nodes for every value of the quenching scale."""
        if self.eta_pieces is None:
            edges = self.response.recoil(self.response.edges) if self.response.resolution is None else ()
            return RecoilNodes.build(
                self.flux, self.target, self.form_factor, *self.response.recoil_range(), extra_edges=edges
            )
        limits = self.response.recoil_range((self.eta_pieces.edges[0], 1.0, self.eta_pieces.edges[-1]))
        return RecoilNodes.build(self.flux, self.target, self.form_factor, *limits)

    @cached_property
    def weights(self):
        """Matrix from rates at the nodes to counts at eta = 1, shape (bins, cols)."""
        return response_weights(self.nodes, self.response)

    @cached_property
    def _packed_weights(self):
        return pack([self.weights])

    @cached_property
    def scaled_weights(self):
        """Matrices in units of the uncertainties, as the chi2 kernel takes them: at eta = 1, or at all eta nodes."""
        etas = (1.0,) if self.eta_pieces is None else self.eta_pieces.nodes
        sigma = np.array(self.uncertainty)[:, None]
        return pack(response_weights(self.nodes, self.response, eta) / sigma for eta in etas)

    @cached_property
    def _predictors(self):
        return {}

    @cached_property
    def likelihood(self):
        """The likelihood of this experiment alone."""
        from cevns.likelihoods import Likelihood

        return Likelihood((self,))

    def __add__(self, other):
        return self.likelihood + other

    def __radd__(self, other):
        # sum() starts from 0
        return self.likelihood if other == 0 else NotImplemented

    def predict(self, model, mass=None, coupling=None, *, eta=1.0):
        """Return the predicted counts; see `cevns.predictions.predict`."""
        from cevns.predictions import predict

        return predict(self, model, mass, coupling, eta=eta)

    def predictor(self, model, *, eta=1.0):
        """Return the signal counts of a model as a fast function of mass [MeV] and coupling.

        Parameters
        ----------
        model : str or VectorModel
            Interaction.
        eta : float
            Quenching scale.

        Raises
        ------
        InputError
            If `eta` is outside the experiment's range.

        Examples
        --------
        >>> import cevns
        >>> counts = cevns.load("coherent-csi-2017").predictor("universal")
        >>> float(counts(10.0, 3e-5).sum().round(1))
        87.6
        """
        model = get_model(model)
        eta = checks.real("eta", eta, above=0)
        key = model, eta
        found = self._predictors.get(key)
        if found is None:
            weights = self._packed_weights if eta == 1.0 else pack([self._weights_at(eta)])
            a, b, c, q2 = self.nodes.quadratic(model)
            none, zero = np.zeros((0, self.response.bins)), np.zeros(self.response.bins)
            term = Term(
                q2, b, c, weights, weights.dot(a.sum(axis=0))[None], zero, none, none[:, :0], none[:, 0], 1.0, 1.0
            )
            found = Predictor(term, model, (self.smallest_mass, LARGEST_MASS, LARGEST_COUPLING))
            if eta == 1.0:
                self._predictors[key] = found
                if len(self._predictors) > MOST_MODELS:
                    self._predictors.pop(next(iter(self._predictors)), None)
        return found

    def _weights_at(self, eta):
        low, high = (1.0, 1.0) if self.eta_pieces is None else self.eta_pieces.edges[[0, -1]]
        if not low <= eta <= high:
            raise InputError(f"eta = {eta:g} is not allowed for {self.name}: it must be from {low:g} to {high:g}")
        return response_weights(self.nodes, self.response, eta)

    def chi2(self, model, mass=None, coupling=None):
        """Return chi2 of this experiment; see `Likelihood.chi2`."""
        return self.likelihood.chi2(model, mass, coupling)

    def pulls(self, model, mass=None, coupling=None):
        """Return chi2 and best-fit pulls; see `Likelihood.pulls`."""
        return self.likelihood.pulls(model, mass, coupling)

    def bind(self, model):
        """Return a fast evaluator; see `Likelihood.bind`."""
        return self.likelihood.bind(model)

    def best_fit(self, model, **options):
        """Return the best fit over the plane; see `cevns.inference.best_fit`."""
        return self.likelihood.best_fit(model, **options)

    def limit(self, model, mass=None, **options):
        """Return exact excluded intervals; see `cevns.inference.limit`."""
        return self.likelihood.limit(model, mass, **options)

    def scan(self, model, mass, coupling, **options):
        """Return chi2 on a grid; see `cevns.inference.scan`."""
        return self.likelihood.scan(model, mass, coupling, **options)
