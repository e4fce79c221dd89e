"""The analysis of arXiv:2008.05022: its data sets, and each limit computed once for figures and summary alike."""

from __future__ import annotations

import dataclasses

import numpy as np

from cevns.experiments import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from cevns._types import ArrayLike
    from cevns.experiments import Experiment
    from cevns.inference import Fit, Limit

    Kind = TypeVar("Kind")

__all__ = ["LABELS", "MASSES", "Analysis", "Kept", "with_tips"]

#: Mediator masses of the figures [MeV].
MASSES = np.geomspace(0.1, 1e5, 481)
#: The data sets in the order in which the paper's legends name them.
LABELS = ("Ar", "CsI", "CsI + Ar")
#: Relative width in mass to which the tip of an allowed strip is followed.
_TIP = 1e-5


class Kept:
    """What is computed when it is asked for, once."""

    def __init__(self) -> None:
        self.num_threads = 1
        self._kept: dict[Any, Any] = {}

    def keep(self, key: Any, compute: Callable[[], Kind]) -> Kind:
        """Return ``compute()``, called only once for a key."""
        if key not in self._kept:
            self._kept[key] = compute()
        found: Kind = self._kept[key]
        return found


def with_tips(coarse: Limit, at: Callable[[ArrayLike], Limit], tip: float) -> Limit:
    """Return a limit with further masses where an allowed strip begins or ends.

    Parameters
    ----------
    coarse : Limit
        On ascending masses.
    at : callable
        ``at(mass)`` returns the same at other masses.
    tip : float
        Relative width in mass to which tips are followed.
    """
    found = dict(zip(coarse.mass.tolist(), coarse.excluded, strict=True))
    pairs = zip(coarse.mass[:-1].tolist(), coarse.mass[1:].tolist(), strict=True)
    for low, high in [(a, b) for a, b in pairs if len(found[a]) != len(found[b])]:
        while high / low - 1 > tip:
            middle = (low * high) ** 0.5
            found[middle] = at(middle).excluded[0]
            low, high = (middle, high) if len(found[middle]) == len(found[low]) else (low, middle)
    mass = np.array(sorted(found))
    return dataclasses.replace(coarse, mass=mass, excluded=tuple(found[m] for m in mass.tolist()))


class Analysis(Kept):
    """Data sets and limits of the paper, computed when they are asked for and kept.

    Parameters
    ----------
    argon, csi : Experiment, optional
        Those of the paper unless given: other ones show what a change of quenching or form factor does to its figures.

    Attributes
    ----------
    experiments : dict of str to Experiment
        ``"Ar"`` and ``"CsI"``.
    likelihoods : dict of str to Likelihood
        By the names in `LABELS`.
    num_threads : int
        Threads over masses.

    Examples
    --------
    >>> analysis = Analysis()
    >>> analysis.limit("b-l", "CsI + Ar", 0.90) is analysis.limit("b-l", "CsI + Ar", 0.90)
    True
    """

    def __init__(self, argon: Experiment | None = None, csi: Experiment | None = None) -> None:
        super().__init__()
        argon = load("coherent-argon-2020") if argon is None else argon
        csi = load("coherent-csi-2017") if csi is None else csi
        self.experiments = {"Ar": argon, "CsI": csi}
        self.likelihoods = {"Ar": argon, "CsI": csi, "CsI + Ar": csi + argon}

    def best_fit(self, model: str, data: str = "CsI + Ar") -> Fit:
        """Return the best fit over the plane of mass and coupling."""
        return self.keep(
            ("best fit", model, data), lambda: self.likelihoods[data].best_fit(model, num_threads=self.num_threads)
        )

    def limit(self, model: str, data: str, cl: float) -> Limit:
        """Return exact limits on `MASSES`, with further masses where an allowed strip begins or ends."""
        return self.keep((model, data, cl), lambda: self._limit(model, data, cl))

    def _limit(self, model: str, data: str, cl: float) -> Limit:
        def at(mass: ArrayLike) -> Limit:
            reference, threads = self.best_fit(model, data), self.num_threads
            return self.likelihoods[data].limit(model, mass, cl=cl, reference=reference, num_threads=threads)

        return with_tips(at(MASSES), at, _TIP)
