"""Fits of toys drawn at one point, beside that of the observed data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.inference import headers
from cevns.inference.headers import HeaderError
from cevns.inference.levels import delta_chi2
from cevns.inference.results import Result
from cevns.parameters import LARGEST_MASS
from cevns.tabular import Column, Table, html

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from matplotlib.axes import Axes

    from cevns._types import Array

__all__ = ["MODES", "Fraction", "Toys"]

#: How nuisances of toys are handled.
MODES = ("fixed", "fluctuated")
#: delta chi2 that is rounding, relative to 1 + chi2.
NOTHING = 1e-8


class Fraction(NamedTuple):
    """A share of toys with its binomial error, which no share is without: that of (k + 1) / (n + 2) for k of n."""

    value: float
    error: float

    @classmethod
    def of(cls, count: int, total: int) -> Fraction:
        """Return the share of some of all toys."""
        near = (count + 1) / (total + 2)
        return cls(count / total, math.sqrt(near * (1 - near) / total))


@dataclass(frozen=True, eq=False, repr=False)
class Toys(Result):
    """Toys drawn at one point, each fitted as the observed data are.

    Attributes
    ----------
    delta_chi2 : ndarray, shape (n,)
        chi2 at the point above the least one, for each toy.
    least : ndarray, shape (n,)
        The least chi2.
    values : ndarray, shape (n, parameters)
        Where it is.
    point : dict
        Values of the parameters from which toys were drawn.
    observed_delta_chi2, observed_least : float
        The same of the observed data.
    nuisances : str
        ``"fixed"`` or ``"fluctuated"``; see `cevns.likelihoods.draws.Draws`.
    seed : int
        Of the stream from which they were drawn.
    numpy : str
        Version of NumPy, whose distributions drew them.
    profiled : tuple of str
        Parameters over which chi2 was minimised beside those asked about.
    model, label, experiments, labels, parameters, fixed, remarks
        As of every `Result`; parameters are those that are asked about.
    """

    delta_chi2: Array
    least: Array
    values: Array
    point: dict[str, float]
    observed_delta_chi2: float
    observed_least: float
    nuisances: str
    seed: int
    numpy: str
    profiled: tuple[str, ...] = ()

    kind: ClassVar[str] = "toys"
    suffix: ClassVar[str] = ".npz"
    made_by: ClassVar[str] = "Toys.save"
    #: Arrays of its files, and their dimensions.
    arrays: ClassVar[dict[str, int]] = {"delta_chi2": 1, "least": 1, "values": 2}

    def __len__(self) -> int:
        return self.least.size

    @property
    def dof(self) -> int:
        """Number of the parameters that are asked about."""
        return len(self.parameters)

    @property
    def _others(self) -> Iterable[str]:
        return self.profiled

    # --- what toys tell ----------------------------------------------------------------------------------------------

    @property
    def at_best_fit(self) -> bool:
        """Whether they were drawn at the best fit of the observed data, where the p-value of the point is 1."""
        return self.observed_delta_chi2 <= NOTHING * (1 + self.observed_least)

    @property
    def p_value(self) -> Fraction:
        """Share of toys that are as far from the point as the observed data, or farther, in delta chi2."""
        return self.above(self.observed_delta_chi2)

    @property
    def goodness(self) -> Fraction:
        """Share of toys whose least chi2 is that of the observed data or larger: the p-value of the fit."""
        return Fraction.of(int((self.least >= self.observed_least).sum()), len(self))

    def above(self, delta: float) -> Fraction:
        """Return the share of toys with a delta chi2 of some value or more.

        Raises
        ------
        InputError
            If it is no finite number.
        """
        delta = checks.real("delta", delta)
        return Fraction.of(int((self.delta_chi2 >= delta).sum()), len(self))

    def coverage(self, cl: float = 0.90, dof: int | None = None) -> Fraction:
        """Return the share of toys whose asymptotic region holds the point from which they were drawn.

        Parameters
        ----------
        cl : float
            Confidence level of the region.
        dof : int, optional
            Its degrees of freedom; the number of parameters unless given.

        Raises
        ------
        InputError
            If `cl` is outside (0, 1), or `dof` no whole number from 1 on.
        """
        level = delta_chi2(cl, self.dof if dof is None else dof)
        return Fraction.of(int((self.delta_chi2 <= level).sum()), len(self))

    def quantile(self, cl: float = 0.90) -> tuple[float, float]:
        """Return the delta chi2 below which a share of the toys lies, and its error.

        The error is half the distance between the quantiles one binomial standard deviation below and above.

        Raises
        ------
        InputError
            If `cl` is outside (0, 1), or the toys are so few that one of these is none.
        """
        cl, n = checks.confidence_level(cl), len(self)
        spread = math.sqrt(cl * (1 - cl) / n)
        if not 0.5 / n < cl - spread < cl + spread < 1 - 0.5 / n:
            raise InputError(f"{n} toys are too few for the quantile of {cl:g} and its error: draw more")
        low, value, high = np.quantile(self.delta_chi2, [cl - spread, cl, cl + spread]).tolist()
        return value, 0.5 * (high - low)

    # --- how they are shown ------------------------------------------------------------------------------------------

    def table(self) -> Table:
        """Return a row for each toy: the parameters at its best fit, the least chi2, and delta chi2 of the point."""
        columns = [Column(p.name, p.unit, self.values[:, i]) for i, p in enumerate(self.parameters)]
        return Table((*columns, Column("chi2", "", self.least), Column("delta_chi2", "", self.delta_chi2)))

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the share of toys above each delta chi2, beside Wilks' theorem; see `cevns.plotting.plot_toys`."""
        from cevns.inference.ensembles.drawing import plot_toys

        return plot_toys(self, ax=ax, **options)

    def _facts(self) -> str:
        units = {p.name: f" {p.unit}" for p in (*self.parameters, *self.fixed_parameters) if p.unit}
        at = ", ".join(f"{name} = {value:.6g}{units.get(name, '')}" for name, value in self.point.items())
        shares = {"goodness of fit": self.goodness}
        if not self.at_best_fit:
            shares = {"p-value": self.p_value} | shares
        told = (f"{what} {share.value:.3g} +- {share.error:.1g}" for what, share in shares.items())
        return ", ".join([f"{len(self)} toys from {at}, nuisances {self.nuisances}, seed {self.seed}", *told])

    def _repr_html_(self) -> str:
        rows: list[tuple[Any, ...]] = [
            ("chi2", self.observed_least, float(np.median(self.least)), *self.goodness),
            ("delta_chi2", self.observed_delta_chi2, float(np.median(self.delta_chi2)), *self.p_value),
        ]
        rows = rows[:1] if self.at_best_fit else rows[::-1]
        return html(("", "observed", "median of toys", "p-value", "error"), rows, self._caption())

    # --- files -------------------------------------------------------------------------------------------------------

    def _content(self) -> tuple[dict[str, Any], Any]:
        about = {
            "point": self.point,
            "observed_delta_chi2": self.observed_delta_chi2,
            "observed_least": self.observed_least,
            "nuisances": self.nuisances,
            # JSON of others has no whole numbers of 64 bits
            "seed": str(self.seed),
            "numpy": self.numpy,
            "profiled": list(self.profiled),
        }
        return about, {name: np.asarray(getattr(self, name), dtype=float) for name in self.arrays}

    @classmethod
    def _restored(cls, about: Mapping[str, Any], body: Any) -> Self:
        fields = headers.fields(about, None, any_names=True)
        parameters, n = fields["parameters"], body["least"].size
        if body["delta_chi2"].size != n or body["values"].shape != (n, len(parameters)):
            raise HeaderError("it does not hold one fit for each toy")
        headers.check_chi2("least", body["least"])
        headers.check_chi2("delta_chi2", body["delta_chi2"])
        for i, parameter in enumerate(parameters):
            headers.check_range(parameter, body["values"][:, i], LARGEST_MASS)
        nuisances = headers.entry(about, "nuisances", str, "text")
        if nuisances not in MODES:
            raise HeaderError(f"its nuisances are {checks.shown(nuisances)}, not one of {', '.join(MODES)}")
        seed = headers.entry(about, "seed", str, "text")
        if not (seed.isascii() and seed.isdigit() and len(seed) <= 20):
            raise HeaderError(f"its seed is {checks.shown(seed)}, no whole number")
        point = headers.entry(about, "point", dict, "JSON object")
        return cls(
            **body,
            point=headers.numbers(about, "point", list(point)),
            observed_delta_chi2=headers.number(about, "observed_delta_chi2"),
            observed_least=headers.number(about, "observed_least"),
            nuisances=nuisances,
            seed=int(seed),
            numpy=headers.entry(about, "numpy", str, "text"),
            profiled=headers.names(about, "profiled"),
            **fields,
        )
