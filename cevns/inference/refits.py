"""Fits of toys to one model: what Feldman-Cousins, coverage and goodness of fit ask of each data vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.inference.searches import LINES, Search
from cevns.threads import checked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import Array, Model
    from cevns.likelihoods import Likelihood
    from cevns.likelihoods.draws import Drawn

__all__ = ["Refit", "Refitted"]

#: Points at which other parameters are profiled that are kept.
MOST_POINTS = 64


@dataclass(frozen=True, eq=False, repr=False)
class Refitted:
    """Fits of some toys.

    Attributes
    ----------
    at : ndarray, shape (n,)
        chi2 at the point, other free parameters profiled; infinite where the data cannot come from there.
    least : ndarray, shape (n,)
        Least chi2.
    values : ndarray, shape (n, parameters)
        Where it is: the parameters that are asked about, then those that are profiled.
    """

    at: Array
    least: Array
    values: Array

    @property
    def delta_chi2(self) -> Array:
        """chi2 at the point above the least one, at least 0, shape (n,)."""
        found: Array = np.maximum(self.at - self.least, 0.0)
        return found

    def __len__(self) -> int:
        return len(self.least)

    def __repr__(self) -> str:
        return f"<Refitted: {len(self)} toys, {self.values.shape[1]} parameters>"


class Refit:
    """delta chi2 of many data vectors at points of some parameters; made once for a model, and for any data.

    Parameters
    ----------
    likelihood : Likelihood
        What is minimised.
    interaction : str or Interaction
        Interaction.
    free : str or sequence of str
        Parameters that are asked about.
    profiled : str or sequence of str
        Others over which chi2 is minimised, both at the point and for the least one.
    bounds : mapping of str to (float, float), optional
        Ranges in which free parameters are searched; masses from 0.1 MeV to 10 GeV unless given. With those of the
        coupling descents take the place of searches along lines.
    lines : int
        How many values of the other parameter of a plane, such as a mass, are searched for every toy before the lowest
        valleys are followed.
    **fixed : float
        Values of other parameters by name.

    Raises
    ------
    UnknownNameError
        If the interaction or a parameter is not known.
    InputError
        If a parameter has no value, comes twice, or is the mass of a final lepton.

    Notes
    -----
    One coupling, and one together with a mass or another parameter of a finite range, are searched along lines on which
    counts are quadratic: nothing is left out, and toys cost what `docs/toys.md` says. All others take descents from the
    point and from the minima of the observed data, some 10 ms for each toy and start.

    Examples
    --------
    >>> import cevns
    >>> argon = cevns.load("coherent-argon-2020")
    >>> refit = Refit(argon, "b-l", "coupling", mass=10.0)
    >>> draws = argon.draws("b-l", mass=10.0, coupling=3e-5)
    >>> refit.statistic(draws.take(0, 100), coupling=3e-5).delta_chi2.shape
    (100,)
    """

    def __init__(
        self,
        likelihood: Likelihood,
        interaction: Model,
        free: Sequence[str] | str,
        *,
        profiled: Sequence[str] | str = (),
        bounds: Mapping[str, tuple[float, float]] | None = None,
        lines: int = LINES,
        **fixed: Any,
    ) -> None:
        if not hasattr(likelihood, "experiments"):
            raise InputError(f"likelihood must be a Likelihood or an Experiment, got {checks.shown(likelihood)}")
        self.names = (free,) if isinstance(free, str) else checks.sequence("free", free, str)
        self.profiled = (profiled,) if isinstance(profiled, str) else checks.sequence("profiled", profiled, str)
        every = (*self.names, *self.profiled)
        if not self.names:
            raise InputError("no parameter is free: name at least one")
        for name in every:
            if every.count(name) > 1:
                raise InputError(f"{name} is named twice: every parameter is free or profiled once")
        self.fixed = {name: value for name, value in fixed.items() if value is not None}
        self._arguments = likelihood, interaction, dict(bounds or {}), lines
        self._all = Search(likelihood, interaction, every, self.fixed, bounds=bounds, lines=lines)
        self._points: dict[tuple[float, ...], Search] = {}
        known = {p.name: p for p in likelihood.parameters(interaction)}
        self.parameters = tuple(known[name] for name in self.names)

    def __repr__(self) -> str:
        return f"<Refit of {', '.join(self.names)}: {self.way}>"

    @property
    def way(self) -> str:
        """How the least chi2 is found: along a ``"line"``, in a ``"plane"``, or by ``"descents"``."""
        return self._all.way

    def point(self, values: Mapping[str, Any]) -> dict[str, float]:
        """Return checked values of the parameters that are asked about.

        Raises
        ------
        InputError
            If one is missing or out of range.
        UnknownNameError
            If one is none of them.
        """
        for name in values:
            checks.known("parameter of the point", name, self.names)
        for name in self.names:
            if values.get(name) is None:
                raise InputError(f"{name} is missing: a point has a value of each of {', '.join(self.names)}")
        return {p.name: p.number(values[p.name]) for p in self.parameters}

    def at(self, drawn: Drawn, num_threads: int = 1, **values: float) -> Array:
        """Return chi2 of each toy at a point, other free parameters profiled, shape (n,)."""
        point = self.point(values)
        if not self.profiled:
            return self._all.at(drawn, point, num_threads)
        return self._others(point).least(drawn, num_threads)[0]

    def points(self, drawn: Drawn, points: Array, num_threads: int = 1) -> Array:
        """Return chi2 of each toy at many points, shape (n, points), other free parameters profiled.

        Parameters
        ----------
        drawn : Drawn
            The toys.
        points : ndarray, shape (points, parameters)
            Values of the parameters that are asked about.
        num_threads : int
            Threads over toys.
        """
        if not self.profiled:
            return self._all.points(drawn, points, checked(num_threads))
        columns = [self.at(drawn, num_threads, **dict(zip(self.names, row, strict=True))) for row in points.tolist()]
        return np.column_stack(columns)

    def profiled_at(self, drawn: Drawn, **values: float) -> dict[str, float]:
        """Return the values of the other free parameters that fit the first of some data best at a point."""
        found = self._others(self.point(values)).least(drawn[:1])[1]
        return dict(zip(self.profiled, found[0].tolist(), strict=True))

    def _others(self, values: dict[str, float]) -> Search:
        """Return the search over the parameters that are profiled at a point."""
        key = tuple(values.values())
        search = self._points.get(key)
        if search is None:
            likelihood, interaction, bounds, lines = self._arguments
            own = {name: pair for name, pair in bounds.items() if name in self.profiled}
            search = Search(likelihood, interaction, self.profiled, self.fixed | values, bounds=own, lines=lines)
            if len(self._points) >= MOST_POINTS:
                self._points.clear()
            self._points[key] = search
        return search

    def least(self, drawn: Drawn, num_threads: int = 1) -> tuple[Array, Array]:
        """Return the least chi2 of each toy, shape (n,), and where it is, shape (n, free and profiled parameters)."""
        return self._all.least(drawn, checked(num_threads))

    def statistic(self, drawn: Drawn, num_threads: int = 1, **values: float) -> Refitted:
        """Return the fits of toys, and their chi2 at a point.

        Parameters
        ----------
        drawn : Drawn
            What `Draws.take` returns.
        num_threads : int
            Threads over toys, of which the result does not depend.
        **values : float
            A value of each parameter that is asked about.

        Returns
        -------
        Refitted

        Raises
        ------
        InputError
            If a value is missing or out of range.
        ConvergenceError
            If no minimum over the nuisances was found.
        """
        at = self.at(drawn, checked(num_threads), **values)
        point = self.point(values)
        least, where = self._all.least(drawn, num_threads, None if self.profiled else point)
        # a descent may have missed what the point itself knows
        lower = at < least
        if not self.profiled and lower.any():
            where[lower] = list(point.values())
        return Refitted(at, np.minimum(least, at), where)
