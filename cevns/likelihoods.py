"""chi2 of one or more experiments with every nuisance profiled (eqs. 4.1-4.7 of arXiv:2008.05022); likelihoods add."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns._engine import Engine, Evaluator, Term
from cevns.errors import InputError
from cevns.eta_pieces import ETA_POINTS, eta_range
from cevns.experiments.base import MOST_MODELS, Experiment
from cevns.models import VectorModel, get_model
from cevns.models.vector import LARGEST_COUPLING, LARGEST_MASS, broadcast_shape

if TYPE_CHECKING:
    from cevns._types import ArrayLike, Model, Progress
    from cevns.inference import BestFit, Limit, Scan
    from cevns.predictions import Prediction

__all__ = ["Evaluator", "Likelihood", "Profile"]


@dataclass(frozen=True)
class Profile:
    """chi2 at one point with the nuisances that minimise it.

    Attributes
    ----------
    chi2 : float
        Sum over the experiments.
    experiments : dict
        For each experiment's name: ``chi2`` and ``pulls``, a dict. A normalisation's pull is its relative shift, so
        that (1 + pull) multiplies the counts (alpha_c and beta_c of eq. 4.1, eta - 1 of eq. 4.2); ``quenching`` is eta
        - 1.
    at_edge : tuple of str
        Experiments whose quenching scale lies at an end of its range, five standard deviations from 1: the minimum may
        lie beyond, and the data and the prediction hardly belong together.
    """

    chi2: float
    experiments: dict
    at_edge: tuple = ()


#: Share of the range of eta that counts as its end.
EDGE = 1e-6


class Likelihood:
    """Sum of the chi2 of independent experiments.

    Parameters
    ----------
    experiments : sequence of Experiment
        With different names.

    Examples
    --------
    >>> import cevns
    >>> both = cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")
    >>> round(both.chi2("sm"), 2)
    11.69
    """

    def __init__(self, experiments: Sequence[Experiment]):
        experiments = checks.sequence("experiments", experiments, Experiment, "see cevns.load")
        if not experiments:
            raise InputError("experiments is empty: a likelihood needs at least one")
        names = [e.name for e in experiments]
        if len(set(names)) < len(names):
            repeated = next(n for n in names if names.count(n) > 1)
            raise InputError(
                f"experiment {checks.shown(repeated)} comes more than once: data must not be counted twice"
            )
        self.experiments = experiments
        self._lock = threading.Lock()
        self._evaluators = {}

    def __repr__(self):
        return f"Likelihood({' + '.join(e.name for e in self.experiments)})"

    def _repr_html_(self):
        from cevns.tabular import html

        rows = [
            (
                e.name,
                " + ".join(n.name for n in e.target.nuclei),
                e.response.bins,
                f"{e.response.edges[0]:g} to {e.response.edges[-1]:g} {e.response.unit}",
                sum(e.observed),
            )
            for e in self.experiments
        ]
        return html(("experiment", "nuclei", "bins", "range", "observed"), rows)

    def __eq__(self, other):
        return self.experiments == other.experiments if isinstance(other, Likelihood) else NotImplemented

    def __hash__(self):
        return hash(self.experiments)

    def __add__(self, other: Experiment | Likelihood) -> Likelihood:
        if isinstance(other, Experiment):
            other = other.likelihood
        if not isinstance(other, Likelihood):
            return NotImplemented
        return Likelihood(self.experiments + other.experiments)

    def __radd__(self, other: Any) -> Likelihood:
        # sum() starts from 0
        return self if other == 0 else NotImplemented

    def __reduce__(self):
        return Likelihood, (self.experiments,)

    @property
    def smallest_mass(self) -> float:
        """Least mediator mass [MeV] that every experiment resolves; see `Experiment.smallest_mass`."""
        return max(e.smallest_mass for e in self.experiments)

    def engine(self, model: Model) -> Engine:
        """Return the compiled chi2 for a model; made once and kept."""
        return self.bind(model).engine

    def bind(self, model: Model) -> Evaluator:
        """Return chi2 of one model as a fast function of mass [MeV] and coupling; made once and kept.

        Parameters
        ----------
        model : str or VectorModel
            Name in the registry, or a model of your own.

        Returns
        -------
        Evaluator

        Examples
        --------
        >>> import cevns
        >>> chi2 = cevns.load("coherent-csi-2017").bind("universal")
        >>> round(chi2(10.0, 3e-5), 3)
        5.354
        """
        # a name is its own key, so that a call in a loop neither builds nor compares models
        evaluator = self._evaluators.get(model) if isinstance(model, (str, VectorModel)) else None
        if evaluator is None:
            with self._lock:
                built = get_model(model)
                if built not in self._evaluators:
                    engine = Engine([_term(e, built) for e in self.experiments])
                    self._evaluators[built] = Evaluator(
                        engine, built, (self.smallest_mass, LARGEST_MASS, LARGEST_COUPLING)
                    )
                evaluator = self._evaluators[model] = self._evaluators[built]
                while len(self._evaluators) > MOST_MODELS:
                    del self._evaluators[next(iter(self._evaluators))]
        return evaluator

    def chi2(self, model: Model, mass: ArrayLike | None = None, coupling: ArrayLike | None = None) -> Any:
        """Return chi2 with all nuisances profiled.

        Parameters
        ----------
        model : str or VectorModel
            Name in the registry, or a model of your own.
        mass : array_like, optional
            Mediator mass M_Z' [MeV], at least 0; not needed for models without one.
        coupling : array_like, optional
            Coupling g_Z' of a mediator, or the common factor of a contact interaction (1 unless given).

        Returns
        -------
        float or ndarray
            Shape of `mass` and `coupling` broadcast.

        Raises
        ------
        InputError
            If a mass or coupling is missing, negative, not finite or too large.
        UnknownNameError
            If the model is not known.
        """
        evaluator = self.bind(model)
        if isinstance(mass, (float, int)) and isinstance(coupling, (float, int)):
            return evaluator(mass, coupling)
        model = evaluator.model
        mass, coupling = model.check_mass(mass, self.smallest_mass), model.check_coupling(coupling)
        shape = broadcast_shape(mass, coupling)
        mass_squared = np.broadcast_to(np.square(mass) if model.has_mass else 1.0, shape).ravel()
        y = np.broadcast_to(model.strength(coupling), shape).ravel()
        out = np.empty(mass_squared.size)
        evaluator.engine.pairs(np.ascontiguousarray(mass_squared), np.ascontiguousarray(y), out)
        return out.reshape(shape) if shape else float(out[0])

    def predict(
        self,
        model: Model,
        mass: ArrayLike | None = None,
        coupling: ArrayLike | None = None,
        *,
        eta: float = 1.0,
    ) -> dict[str, Prediction]:
        """Return the predicted counts of each experiment, by its name; see `cevns.predictions.predict`.

        Examples
        --------
        >>> import cevns
        >>> both = cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")
        >>> {name: float(p.signal.sum().round(1)) for name, p in both.predict("sm").items()}
        {'coherent-csi-2017': 131.4, 'coherent-argon-2020': 131.4}
        """
        return {e.name: e.predict(model, mass, coupling, eta=eta) for e in self.experiments}

    def pulls(self, model: Model, mass: float | None = None, coupling: float | None = None) -> Profile:
        """Return chi2 of each experiment and the nuisances that minimise it, at one point.

        Parameters are those of `chi2`, one mass and one coupling.

        Returns
        -------
        Profile
        """
        model = get_model(model)
        checked = model.check_mass(mass, self.smallest_mass, single=True)
        strength = model.strength(model.check_coupling(coupling, single=True))
        values = self.engine(model).profile(checked * checked if model.has_mass else 1.0, strength)
        out, at_edge = {}, []
        for experiment, (chi2, eta, signal, shifts) in zip(self.experiments, values, strict=True):
            pulls = {"signal": signal - 1.0}
            pulls |= {b.name: b.sigma * float(x) for b, x in zip(experiment.backgrounds, shifts, strict=True)}
            if experiment.quenching_sigma:
                pulls["quenching"] = eta - 1.0
                low, high = eta_range(experiment.quenching_sigma)
                if min(eta - low, high - eta) <= EDGE * (high - low):
                    at_edge.append(experiment.name)
            out[experiment.name] = {"chi2": chi2, "pulls": pulls}
        return Profile(sum(v["chi2"] for v in out.values()), out, tuple(at_edge))

    def best_fit(
        self,
        model: Model,
        *,
        mass: float | None = None,
        mass_range: tuple[float, float] | None = None,
        num_threads: int = 1,
    ) -> BestFit:
        """Return the best fit over the plane of mass and coupling; see `cevns.inference.best_fit`."""
        from cevns.inference import best_fit

        return best_fit(self, model, mass=mass, mass_range=mass_range, num_threads=num_threads)

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
        from cevns.inference import limit

        options = {"cl": cl, "dof": dof, "reference": reference, "mass_range": mass_range, "num_threads": num_threads}
        return limit(self, model, mass, **options)

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
        from cevns.inference import scan

        return scan(self, model, mass, coupling, num_threads=num_threads, progress=progress)


def _systematics(experiment):
    """Return backgrounds / sigma (backgrounds, bins), their pulls' sigmas, and the subtracted data y / sigma."""
    sigma = np.array(experiment.uncertainty)
    counts = np.array([b.counts for b in experiment.backgrounds]).reshape(-1, sigma.size)
    pulls = np.array([b.sigma for b in experiment.backgrounds])
    return counts / sigma, pulls, (np.array(experiment.observed) - counts.sum(axis=0)) / sigma


def _term(experiment, model):
    """Fold an experiment with a model for the engine."""
    backgrounds, sigma, data = _systematics(experiment)
    scaled = sigma[:, None] * backgrounds
    # P = (1 + G'G)^-1 = 1 - G'(1 + GG')^-1 G = 1 - H H' with H = G' L'^-1, G the scaled backgrounds as rows
    root = np.linalg.cholesky(np.eye(sigma.size) + scaled @ scaled.T)
    modes, to_shifts = np.linalg.solve(root, scaled), np.linalg.inv(root).T
    shifts = to_shifts @ (modes @ data)
    projected = data - shifts @ scaled
    a, b, c, q2 = experiment.nodes.quadratic(model)
    pull = experiment.signal_sigma**-2.0
    pieces = experiment.eta_pieces
    weights = experiment.scaled_weights
    sm = weights.dot(a.sum(axis=0)).reshape(-1, experiment.response.bins)
    eta = () if pieces is None else (pieces.edges, ETA_POINTS, experiment.quenching_sigma)
    # y'Py as the squares of what the backgrounds leave, and of their pulls
    base = float(projected @ projected + shifts @ shifts + pull)
    return Term(q2, b, c, weights, sm, projected, modes, to_shifts, shifts, base, pull, *eta)
