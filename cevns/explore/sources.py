"""Data sets and interactions that a view offers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.errors import InputError
from cevns.explore.state import State
from cevns.interactions import Interaction, get_interaction, known_interactions
from cevns.kept import Kept
from cevns.likelihoods import Likelihood

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from cevns._types import Path
    from cevns.experiments import Experiment

__all__ = ["Source"]

#: Likelihoods that are kept, with the functions that they have compiled, and what belongs to one and an interaction.
KEPT, KEPT_BESIDE = 16, 256
#: What is shown where nothing is asked for: data and interaction of arXiv:2008.05022.
PAPER, MODEL = ("coherent-csi-2017", "coherent-argon-2020"), "b-l"


class Source:
    """What a view chooses from.

    Parameters
    ----------
    experiments : mapping of str to Experiment, or None
        By name; those that are built in unless given, each loaded when it is first shown.
    models : sequence of Interaction
        Beside those that are built in.
    priors : mapping
        Gaussian constraints on parameters, as of `Likelihood`.
    config : str
        File from which they come, for the lines that compute the same.

    Examples
    --------
    >>> source = Source()
    >>> source.likelihood(("coherent-argon-2020",))
    Likelihood(coherent-argon-2020)
    >>> source.start().model
    'b-l'
    """

    def __init__(
        self,
        experiments: Mapping[str, Experiment] | None = None,
        models: Sequence[Interaction] = (),
        *,
        priors: Mapping[str, tuple[float, float]] | None = None,
        config: str = "",
    ) -> None:
        self._given = None if experiments is None else dict(experiments)
        self._own = {model.name: model for model in models}
        self._priors = dict(priors or {})
        self._loaded: dict[str, Experiment] = {}
        self._likelihoods = Kept(KEPT)
        self._beside = Kept(KEPT_BESIDE)
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}
        self.config = config

    @classmethod
    def of_config(cls, path: Path) -> Source:
        """Return the experiments and models of a configuration file.

        Raises
        ------
        DataError
            If the file is not one.
        """
        from cevns.config import load_config

        found = load_config(path)
        experiments = {e.name: e for e in found.likelihood.experiments}
        return cls(experiments, list(found.models.values()), priors=found.likelihood.priors, config=str(path))

    @property
    def built_in(self) -> bool:
        """Whether data sets are those that `cevns.load` knows."""
        return self._given is None

    @property
    def experiments(self) -> tuple[str, ...]:
        """Names of all data sets."""
        from cevns.experiments import known_experiments

        return known_experiments() if self._given is None else tuple(self._given)

    @property
    def models(self) -> tuple[str, ...]:
        """Names of all interactions, own ones first."""
        return tuple(dict.fromkeys([*self._own, *known_interactions()]))

    def owns(self, name: str) -> bool:
        """Return whether an interaction is not the built-in one of its name."""
        return name in self._own

    def model(self, name: str) -> Interaction:
        """Return an interaction.

        Raises
        ------
        UnknownNameError
            If there is none of this name.
        """
        checks.known("interaction", name, self.models)
        return self._own[name] if name in self._own else get_interaction(name)

    def standard_model(self, model: Interaction) -> Interaction:
        """Return the standard model with the weak couplings of an interaction."""
        return get_interaction("sm").replace(weak=model.weak)

    def likelihood(self, names: Sequence[str]) -> Likelihood:
        """Return the likelihood of some data sets; the same object for the same names, whatever their order.

        Raises
        ------
        UnknownNameError
            If a name is not known.
        InputError
            If there is none, or two hold the same events.
        """
        if not names:
            raise InputError("no data set is chosen: choose at least one")
        chosen = tuple(name for name in self.experiments if name in set(names))
        for name in names:
            checks.known("data set", name, self.experiments)
        found: Likelihood = self._likelihoods.get(
            chosen, lambda: Likelihood([self._experiment(name) for name in chosen], self._priors)
        )
        return found

    def beside(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what does not change while a point moves, made once; of other data it can be made at the same time.

        Parameters
        ----------
        key : hashable
            Data sets, interaction and what it is.
        make : callable
            Returns it, maybe after seconds.
        """
        found = self._beside.known(key)
        if found is None:
            with self._lock:
                making = self._making.setdefault(key, threading.Lock())
            with making:
                found = self._beside.known(key)
                if found is None:
                    made = make()
                    found = self._beside.get(key, lambda: made)
            with self._lock:
                self._making.pop(key, None)
        return found

    def _experiment(self, name: str) -> Any:
        if self._given is not None:
            return self._given[name]
        from cevns.experiments import load

        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = load(name)
        return self._loaded[name]

    def start(self, experiments: Sequence[str] = (), model: str = "") -> State:
        """Return what is shown first.

        Parameters
        ----------
        experiments : sequence of str
            Data sets; those of arXiv:2008.05022, or all that were given, unless some are named.
        model : str
            Interaction; an own one, or B-L, unless it is named.
        """
        names = tuple(experiments) or (PAPER if self.built_in else self.experiments)
        self.likelihood(names)
        model = model or next(iter(self._own), MODEL)
        self.model(model)
        return State(names, model)
