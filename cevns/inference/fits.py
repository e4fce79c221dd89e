"""Best fits over the plane of mediator mass and coupling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cevns import checks
from cevns.arrays import span
from cevns.errors import InputError
from cevns.inference import headers
from cevns.inference.headers import HeaderError
from cevns.inference.lines import Line
from cevns.inference.objectives import MASS_RANGE
from cevns.inference.results import Result
from cevns.parameters import LARGEST_COUPLING, LARGEST_MASS
from cevns.tabular import Column, Table, chi2_text
from cevns.threads import checked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from cevns._types import Array, Model
    from cevns.likelihoods import Likelihood

__all__ = ["Fit", "best_fit"]

_MASSES = 97
#: Masses that are looked at between neighbours of the best of them, and distance in the logarithm of the mass to which
#: the best of these is refined.
_FINE, _CLOSE = 17, 1e-8
#: Relative distances from another mediator's mass at which is looked as well.
_NEAR = np.geomspace(0.1, 1e-6, 11)
#: Share of chi2 by which neighbouring masses differ in rounding alone.
_ROUNDING = 1e-13
#: Relative distance from an end of the range within which a mass counts as that end, and difference in chi2 to which
#: the end fits as well: in a light or heavy mediator's mass chi2 is flat, and its least value stands anywhere.
EDGE, EDGE_CHI2 = 1e-3, 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class Fit(Result):
    """The point with the least chi2.

    Attributes
    ----------
    chi2 : float
        Least chi2.
    mass : float or None
        Mediator mass [MeV]; None for interactions without one.
    coupling : float
        Coupling; not a number where a chi2 that was given stands for a fit.
    at_edge : bool
        Whether an end of the masses that were searched fits as well, to 0.1 % of the mass or to 1e-6 of chi2, so that
        chi2 may fall further beyond it, unless it is 0.
    model, label, experiments, labels, parameters
        As of every `Result`.

    Examples
    --------
    >>> import cevns
    >>> fit = cevns.load("coherent-argon-2020").best_fit("b-l", mass=10.0)
    >>> f"{fit.coupling:.2e}", round(fit.chi2, 2)
    ('2.90e-05', 8.47)
    """

    chi2: float
    mass: float | None
    coupling: float
    at_edge: bool = False

    kind: ClassVar[str] = "fit"
    suffix: ClassVar[str] = ".json"
    made_by: ClassVar[str] = "Fit.save"

    def table(self) -> Table:
        """Return one row: the parameters, chi2, and whether an end of the masses fits as well."""
        columns = [
            *(Column(p.name, p.unit, [value]) for p, value in zip(self.parameters, self._point(), strict=True)),
            Column("chi2", "", [self.chi2]),
            Column("at_edge", "", [self.at_edge]),
        ]
        return Table(tuple(columns))

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Mark the point in the plane of mass and coupling; options of `cevns.plotting.plot_fit`."""
        from cevns.inference.drawing import plot_fit

        return plot_fit(self, ax=ax, **options)

    def _repr_png_(self) -> None:
        # a single point is no picture
        return None

    def _facts(self) -> str:
        parts = [f"chi2 {chi2_text(self.chi2)}"]
        units = {p.name: p.unit for p in self.parameters}
        parts += [span(name, value, units[name]) for name, value in self.values.items()]
        return ", ".join([*parts, *(["at an edge"] if self.at_edge else [])])

    @property
    def values(self) -> dict[str, float]:
        """Values of the parameters by name, as of an `Estimate`: none where a chi2 that was given stands for a fit.

        Examples
        --------
        >>> import cevns
        >>> list(cevns.load("coherent-argon-2020").best_fit("b-l").values)
        ['mass', 'coupling']
        """
        pairs = zip(self.parameters, self._point(), strict=True)
        return {p.name: value for p, value in pairs if value is not None and not math.isnan(value)}

    def _point(self) -> tuple[float | None, ...]:
        """Return a value for each parameter."""
        return (self.coupling,) if len(self.parameters) == 1 else (self.mass, self.coupling)

    # --- files -------------------------------------------------------------------------------------------------------

    def entries(self) -> dict[str, Any]:
        """Return what the header of a file says of the fit; JSON has no NaN."""
        coupling = None if math.isnan(self.coupling) else self.coupling
        return {"chi2": self.chi2, "mass": self.mass, "coupling": coupling, "at_edge": self.at_edge}

    @classmethod
    def of_entries(cls, about: Mapping[str, Any], fields: Mapping[str, Any], of: str = "") -> Self:
        """Return the fit that `entries` wrote, or the reference that stands for one: a chi2 without mass and coupling.

        Parameters
        ----------
        about : mapping
            The entries.
        fields : mapping
            What every result has.
        of : str
            For messages, after the name of an entry.

        Raises
        ------
        HeaderError, InputError
            If they are wrong or do not go with the parameters.
        """
        chi2 = headers.number(about, "chi2", of)
        mass = headers.entry(about, "mass", (int, float, type(None)), "number or null")
        coupling = headers.entry(about, "coupling", (int, float, type(None)), "number or null")
        at_edge = headers.entry(about, "at_edge", bool, "true or false")
        *others, parameter = fields["parameters"]
        if mass is not None:
            if not others:
                raise HeaderError(f"it has a mass{of}, but its only parameter is {parameter.name}")
            mass = checks.real(f"mass{of}", mass)
            headers.check_range(others[0], mass, LARGEST_MASS)
        if coupling is not None:
            coupling = checks.real(f"coupling{of}", coupling)
            headers.check_range(parameter, coupling, LARGEST_COUPLING)
            if others and mass is None:
                raise HeaderError(f"it has a coupling{of}, but no mass")
            # a number that was given to count from may be below every chi2
            headers.check_chi2(f"chi2{of}", chi2)
        return cls(chi2, mass, math.nan if coupling is None else coupling, at_edge, **fields)

    def _content(self) -> tuple[dict[str, Any], Any]:
        return self.entries(), None

    @classmethod
    def _restored(cls, about: Mapping[str, Any], body: Any) -> Self:
        return cls.of_entries(about, headers.fields(about, None))


def best_fit(
    likelihood: Likelihood,
    interaction: Model,
    *,
    mass: float | None = None,
    mass_range: tuple[float, float] | None = None,
    parameter: str | None = None,
    num_threads: int = 1,
    **fixed: float,
) -> Fit:
    """Return the best fit over masses and couplings.

    Parameters
    ----------
    likelihood : Likelihood
        What is minimised.
    interaction : str or Interaction
        Interaction.
    mass : float, optional
        Fixed mediator mass [MeV]; over `mass_range` unless given.
    mass_range : (float, float), optional
        Lowest and highest mass [MeV]; from 0.1 MeV, or from ``likelihood.smallest_mass`` where that is higher, to 10
        GeV unless given. Below a few MeV and above about a GeV chi2 hardly depends on the mass, at fixed g
        and g/M, so the ends matter little.
    parameter : str, optional
        Which coupling, if the interaction has several; the others have their defaults unless they are given.
    num_threads : int
        Threads over the masses.
    **fixed : float
        Values of other parameters.

    Returns
    -------
    Fit

    Raises
    ------
    InputError
        If the range is not two ascending masses or starts below ``likelihood.smallest_mass``, the model has no
        coupling, or it has no mediator and a mass or a range is given, or both are.

    Examples
    --------
    >>> import cevns
    >>> fit = best_fit(cevns.load("coherent-argon-2020"), "b-l")
    >>> round(fit.chi2, 2)
    7.44
    """
    line = Line(likelihood, interaction, "fit", fixed, parameter)
    num_threads = checked(num_threads)
    if mass_range is not None and (mass is not None or line.other is None):
        reason = "mass is given too" if line.other else f"interaction {checks.shown(line.name)} has no mass"
        raise InputError(f"mass_range is given, but {reason}: leave it out")
    if line.other is None or mass is not None:
        single = None if mass is None or line.other is None else line.other.number(mass)
        chi2, y = line.minima(line.other_values(mass if single is None else single), num_threads)
        found = line.value_in_range(y[0])
        return Fit(float(chi2[0]), single, found, **line.about_best(single, found))
    low, high = _check_range(mass_range, line.other.low, line.other.high)
    logs = _masses(low, high, line.fixed_masses)
    chi2, y = line.minima(np.exp(logs).clip(low, high), num_threads)
    best = int(chi2.argmin())
    least, found, at = chi2[best], logs[best], y[best]
    for i in _valleys(chi2):
        # how far chi2 falls between neighbours shows in how it rises towards them, unless it is saturated there; it
        # falls nowhere below 0
        if max(chi2[i] - 1e3 * _rise(chi2, i), 0.0) < least - 1e-10 * (1 + least):
            left, right = logs[max(i - 1, 0)], logs[min(i + 1, logs.size - 1)]
            valley = _refined(line, left, right, (low, high), num_threads)
            least, found, at = min((least, found, at), valley)
    # without a coupling that matters the mass means nothing
    matters = line.least_at_origin - least > EDGE_CHI2
    edges = [
        f"the {side} one, {end:g} {line.other.unit}"
        for side, end, value in (("lower", low, chi2[0]), ("upper", high, chi2[-1]))
        if matters and (abs(found - math.log(end)) <= EDGE or value - least <= EDGE_CHI2)
    ]
    found_mass, coupling = float(np.exp(found).clip(low, high)), line.value_in_range(at)
    about = line.about_best(found_mass, coupling)
    if edges:
        lies = f"the best fit lies at an end of the masses that are searched, {' and '.join(edges)}"
        said = f"{lies}: chi2 may fall further beyond"
        if least <= EDGE_CHI2:
            said = f"{lies}: chi2 is 0 there, and nothing fits better"
            if (chi2 <= EDGE_CHI2).sum() > 1:
                said = "the data do not determine the mass: chi2 of the best fit is 0, as it is at many other masses"
        about["remarks"] += (said,)
    return Fit(float(least), found_mass, coupling, bool(edges), **about)


def _masses(low: float, high: float, others: Sequence[float]) -> Array:
    """Return logarithms of the masses that are looked at first.

    A mediator makes up for another one of large coupling if it has its mass, nearly: the larger that coupling, the
    nearer.
    """
    logs = np.linspace(math.log(low), math.log(high), _MASSES)
    for other in others:
        near = math.log(other) + np.concatenate([-_NEAR, [0.0], _NEAR[::-1]])
        logs = np.union1d(logs, near[(near > logs[0]) & (near < logs[-1])])
    return logs


def _valleys(chi2: Array) -> list[int]:
    """Return the indices of all local minima, the lowest first."""
    padded = np.concatenate([[np.inf], chi2, [np.inf]])
    found = np.flatnonzero((chi2 <= padded[:-2]) & (chi2 <= padded[2:]))
    return [int(i) for i in found[np.argsort(chi2[found], kind="stable")]]


def _rise(chi2: Array, i: int) -> float:
    return float(np.abs(chi2[max(i - 1, 0) : i + 2] - chi2[i]).max())


def _refined(
    line: Line, left: float, right: float, limits: tuple[float, float], num_threads: int
) -> tuple[float, float, float]:
    """Return the least chi2 between two logarithms of the mass, where it lies, and its y."""
    fine = np.linspace(left, right, _FINE)
    chi2, y = line.minima(np.exp(fine).clip(*limits), num_threads)
    best = int(chi2.argmin())
    least = chi2[best], fine[best], y[best]
    # a closer look at rounding finds nothing
    if np.ptp(chi2) <= _ROUNDING * (1 + abs(least[0])):
        return least
    from scipy.optimize import minimize_scalar

    looked = [least]

    def chi2_at(log_mass: float) -> float:
        value, at = line.minima(np.exp([log_mass]).clip(*limits), 1)
        looked.append((value[0], log_mass, at[0]))
        return float(value[0])

    # one mass after the other, since a rough experiment takes 20 ms for each
    between = fine[max(best - 1, 0)], fine[min(best + 1, _FINE - 1)]
    minimize_scalar(chi2_at, bounds=between, method="bounded", options={"xatol": _CLOSE})
    return min(looked)


def _check_range(mass_range: tuple[float, float] | None, smallest: float, largest: float) -> tuple[float, float]:
    if mass_range is None:
        mass_range = max(MASS_RANGE[0], smallest), min(MASS_RANGE[1], largest)
    low, high = checks.ascending("mass_range", mass_range, unit="MeV", above=0, high=largest, length=2)
    if low < smallest:
        raise InputError(
            f"mass_range starts at {low:g} MeV, which is not allowed: recoils are observed down to 0, where the events "
            f"of light mediators diverge; start at {smallest:g} MeV or above"
        )
    return low, high
