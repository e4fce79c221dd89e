"""Exact excluded intervals of the coupling, by root finding at each mass."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cevns import checks
from cevns.arrays import below, span
from cevns.errors import InputError
from cevns.inference import headers
from cevns.inference.fits import Fit, best_fit
from cevns.inference.headers import HeaderError
from cevns.inference.levels import default_dof, delta_chi2
from cevns.inference.lines import Line
from cevns.inference.references import reference_fit
from cevns.inference.results import Result
from cevns.parameters import LARGEST_COUPLING, LARGEST_MASS, common_shape
from cevns.tabular import Column, Table
from cevns.threads import checked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from cevns._types import Array, ArrayLike, Model
    from cevns.likelihoods import Likelihood
    from cevns.parameters import Parameter

__all__ = ["Limit", "limit"]


@dataclass(frozen=True, eq=False, repr=False)
class Limit(Result):
    """Excluded intervals of the coupling at each mass.

    Attributes
    ----------
    cl : float
        Confidence level.
    dof : int
        Degrees of freedom of the level.
    delta_chi2 : float
        Level above the minimum.
    chi2_min : float
        The chi2 from which it counts.
    best_fit : Fit
        Where the minimum lies.
    mass : ndarray, shape (m,) or None
        Mediator masses [MeV]; None for interactions without one.
    excluded : tuple of ndarray, each of shape (k, 2)
        For each mass the excluded intervals of the coupling, ascending and disjoint; infinite where they do not end.
    not_standard : tuple of str
        Which of the `fixed` make it another model than the standard model where the coupling vanishes.
    model, label, experiments, labels, parameters, remarks
        As of every `Result`.
    """

    cl: float
    dof: int
    delta_chi2: float
    chi2_min: float
    best_fit: Fit
    mass: Any
    excluded: tuple[np.ndarray, ...]
    not_standard: tuple[str, ...] = ()

    kind: ClassVar[str] = "limit"
    suffix: ClassVar[str] = ".csv"
    made_by: ClassVar[str] = "Limit.save or `cevns limit -o`"

    @property
    def lowest(self) -> Array:
        """Lowest excluded coupling at each mass, shape (m,); infinite where nothing is excluded.

        It is where the coupling vanishes, 0 for most, if that is excluded; see `excludes_origin`. For a contact
        interaction, whose coupling has two signs, it is the lowest one above that: others may be excluded nearer to it
        on the other side, and `excluded` holds both.
        """
        origin = self._origin
        above = ([max(low, origin) for low, high in intervals if high > origin] for intervals in self.excluded)
        return np.array([min(ends, default=np.inf) for ends in above])

    @property
    def excludes_origin(self) -> bool:
        """Whether the value at which the coupling vanishes, 0 for most, is among what is excluded.

        Its chi2 is the same for all masses. It lies above the level if another point describes the data so much better:
        `best_fit` says which. Check the data then, or count from another chi2 with ``reference=``.
        """
        return any(map(self._holds_origin, self.excluded))

    @property
    def excludes_standard_model(self) -> bool:
        """Whether the standard model is among what is excluded.

        That is where the coupling vanishes (`excludes_origin`), unless other couplings, or the weak angle, have values
        of their own: these are `not_standard`, and nothing is said of the standard model. Limits count from its chi2
        with ``reference=likelihood.chi2("sm")``.

        Examples
        --------
        >>> import cevns
        >>> argon = cevns.load("coherent-argon-2020")
        >>> argon.limit("universal", mass=10.0).excludes_standard_model
        False
        >>> many = argon.replace(observed=[3 * count for count in argon.observed])
        >>> many.limit("universal", mass=10.0).excludes_standard_model
        True
        """
        return not self.not_standard and self.excludes_origin

    @property
    def _origin(self) -> float:
        return self.parameters[-1].origin

    def _holds_origin(self, intervals: Array) -> bool:
        # the couplings of a mediator begin there, which is then no end of what is excluded
        origin, begins = self._origin, self.one_sided
        return any(low < origin < high or (low == origin and begins) for low, high in intervals)

    def text(self, intervals: Array) -> str:
        """Return excluded intervals in one line, with [ before 0 where it is excluded too, as couplings begin there.

        Examples
        --------
        >>> import cevns
        >>> curve = cevns.load("coherent-argon-2020").limit("universal", mass=300.0)
        >>> curve.text(curve.excluded[0])
        '(0.00017596, 0.000487266), (0.000593695, inf)'
        """
        begins = self.one_sided
        shown = (f"{'[' if low == self._origin and begins else '('}{low:.6g}, {high:.6g})" for low, high in intervals)
        return ", ".join(shown) or "none"

    @property
    def one_sided(self) -> bool:
        """Whether couplings begin at 0, and do not have both signs."""
        return self.parameters[-1].low >= self._origin

    def excludes(self, mass: ArrayLike | None, coupling: ArrayLike) -> Any:
        """Return whether points are excluded, with the arguments of `Bound.excludes` of the published limits.

        Parameters
        ----------
        mass : array_like or None
            Masses [MeV] at which the limit was computed, to a relative 1e-9; None for models without one.
        coupling : array_like
            Couplings; they broadcast with `mass`. The ends of an excluded interval are allowed, except 0 for a
            mediator, where couplings begin.

        Returns
        -------
        ndarray of bool, or bool

        Raises
        ------
        InputError
            If a mass is not among those that were computed: nothing is interpolated, since intervals come and go from
            one mass to the next. Or if `mass` and `coupling` do not broadcast, or a coupling is negative of which only
            the square counts.

        Examples
        --------
        >>> import cevns
        >>> curve = cevns.load("coherent-argon-2020").limit("universal", mass=[10.0, 300.0])
        >>> curve.excludes([10.0, 300.0], 1e-4)
        array([ True, False])
        """
        coupling = checks.floats("coupling", coupling)
        if np.isnan(coupling).any():
            raise InputError("coupling contains nan")
        begin = self._origin
        if self.one_sided and (coupling < begin).any():
            raise InputError(
                f"coupling contains {coupling.min():g}, but that of {checks.shown(self.model)} begins at {begin:g}"
            )
        index = self._index(mass)
        common_shape({"mass": index, "coupling": coupling})
        index, coupling = np.broadcast_arrays(index, coupling)
        out = np.zeros(index.shape, dtype=bool)
        for i in set(index.flat):
            low, high = self.excluded[i].T
            here = index == i
            out[here] = ((low < coupling[here, None]) & (coupling[here, None] < high)).any(axis=1)
            if self._holds_origin(self.excluded[i]):
                out[here] |= coupling[here] == begin
        return out if out.ndim else bool(out)

    def _index(self, mass: Any) -> np.ndarray:
        """Return where masses stand among those of the limit."""
        if self.mass is None:
            if mass is not None:
                raise InputError(f"mass is given, but model {checks.shown(self.model)} has no mediator: give None")
            return np.array(0)
        if mass is None:
            raise InputError(f"mass is missing: model {checks.shown(self.model)} has a mediator, give its mass in MeV")
        wanted = checks.array("mass", mass, unit="MeV", low=0)
        nearest: np.ndarray = np.abs(self.mass - wanted[..., None]).argmin(axis=-1)
        missed = np.abs(self.mass[nearest] - wanted) > 1e-9 * wanted
        if missed.any():
            first, close = wanted[missed].flat[0], self.mass[nearest][missed].flat[0]
            raise InputError(
                f"mass = {first:g} MeV is not among the {self.mass.size} masses of the limit, the nearest is "
                f"{float(close)!r}: compute the limit there"
            )
        return nearest

    def ascending(self) -> Limit:
        """Return the limit with its masses in ascending order; itself where they are."""
        if self.mass is None or (np.diff(self.mass) >= 0).all():
            return self
        order = np.argsort(self.mass, kind="stable")
        return dataclasses.replace(self, mass=self.mass[order], excluded=tuple(self.excluded[i] for i in order))

    def table(self) -> Table:
        """Return a row for each excluded interval, or one with None for both ends where nothing is excluded.

        Examples
        --------
        >>> import cevns
        >>> curve = cevns.load("coherent-argon-2020").limit("universal", mass=[10.0, 300.0])
        >>> [(mass, f"{low:.3g}", f"{high:.3g}") for mass, low, high in curve.table()]
        [(10.0, '2.67e-05', 'inf'), (300.0, '0.000176', '0.000487'), (300.0, '0.000594', 'inf')]
        """
        unit = self.parameters[-1].unit
        intervals = [rows.tolist() or [(None, None)] for rows in self.excluded]
        columns = [
            Column(f"excluded_{end}", unit, [row[i] for rows in intervals for row in rows])
            for i, end in enumerate(("from", "to"))
        ]
        if self.mass is not None:
            masses = [m for m, rows in zip(self.mass.tolist(), intervals, strict=True) for _ in rows]
            columns.insert(0, Column(self.parameters[0].name, self.parameters[0].unit, masses))
        return Table(tuple(columns))

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the excluded region; options of `cevns.plotting.plot_limit`."""
        from cevns.inference.drawing import plot_limit

        return plot_limit(self, ax=ax, **options)

    def _facts(self) -> str:
        mass = self.parameters[0]
        masses = "" if self.mass is None else f", {span(mass.name, self.mass, mass.unit)}"
        return f"{self._level()}{masses}{self._of_origin(', ', '')}"

    def _level(self) -> str:
        return f"{below(self.cl, 1)} C.L. for {self.dof} d.o.f."

    def _of_origin(self, before: str, verb: str) -> str:
        if not self.excludes_origin:
            return ""
        what = f"{self.parameters[-1].name} = {self._origin:g}" if self.not_standard else "standard model"
        return f"{before}{what} {verb}excluded"

    def _caption(self) -> str:
        warning = self._of_origin("; ", "is ")
        return "; ".join([f"{self.subject}, {self._level()}: excluded couplings{warning}", *self.remarks])

    # --- files -------------------------------------------------------------------------------------------------------

    def _content(self) -> tuple[dict[str, Any], Any]:
        if self.mass is not None and len(set(self.mass.tolist())) < self.mass.size:
            raise InputError(
                "a mass comes more than once in the limit, which a file cannot tell apart: compute it once"
            )
        about = {"cl": self.cl, "dof": self.dof, "delta_chi2": self.delta_chi2, "chi2_min": self.chi2_min}
        more = {"best_fit": self.best_fit.entries(), "not_standard": list(self.not_standard)}
        return about | more, self.table()

    @classmethod
    def _restored(cls, about: Mapping[str, Any], body: Any) -> Self:
        mass, excluded = _intervals(body)
        fields = headers.fields(about, mass is not None)
        parameters = fields["parameters"]
        heads = _heads(about, parameters)
        if tuple(body[0]) != heads:
            raise HeaderError(f"its columns are {', '.join(body[0]) or 'none'}, not {', '.join(heads)}")
        if mass is not None:
            headers.check_range(parameters[0], mass, LARGEST_MASS)
        headers.check_range(parameters[-1], np.concatenate([*map(np.ravel, excluded)]), LARGEST_COUPLING, ends=True)
        cl = checks.confidence_level(headers.number(about, "cl"))
        dof = checks.whole("dof", headers.entry(about, "dof", int, "whole number"), low=1)
        level = headers.level(about, cl, dof)
        entries = headers.entry(about, "best_fit", dict, "JSON object")
        fit = Fit.of_entries(entries, fields, " of the best_fit")
        chi2_min = headers.number(about, "chi2_min")
        if chi2_min != fit.chi2:
            raise HeaderError(f"its chi2_min {chi2_min:g} is not the chi2 of its best_fit, {fit.chi2:g}")
        # a file of an earlier version does not say which of them matter
        beside = headers.names(about, "not_standard") if "not_standard" in about else tuple(fields["fixed"])
        if not fields["fixed"].keys() >= set(beside):
            raise HeaderError(f"its not_standard {', '.join(beside)} are not all among what is fixed")
        return cls(cl, dof, level, chi2_min, fit, mass, excluded, beside, **fields)


def _heads(about: Mapping[str, Any], parameters: Sequence[Parameter]) -> tuple[str, ...]:
    """Return the columns that a file must have; those of the first format do not depend on the parameters."""
    ends = ("excluded_from", "excluded_to")
    if about["format"] == headers.FIRST_FORMAT:
        return "mass_MeV", *ends
    unit = parameters[-1].unit
    columns = [Column(p.name, p.unit, ()) for p in parameters[:-1]]
    return Table((*columns, *(Column(end, unit, ()) for end in ends))).file_heads


def _intervals(body: Any) -> tuple[Array | None, tuple[Array, ...]]:
    """Return the masses, None if there are none, and the excluded intervals at each, of the lines of a table."""
    head, *rows = body or [[]]
    if len(head) not in (2, 3):
        raise HeaderError(f"its columns are {', '.join(head) or 'none'}")
    wrong = next((i for i, row in enumerate(rows, start=3) if len(row) != len(head)), None)
    if wrong:
        raise HeaderError(f"line {wrong} has not {len(head)} cells")
    masses, excluded = [], []
    for mass, group in itertools.groupby(rows, key=lambda row: row[0] if len(head) == 3 else ""):
        cells = [row[-2:] for row in group]
        intervals = [(_number(low), _number(high)) for low, high in cells if low or high]
        if len(intervals) < len(cells) != 1:
            raise HeaderError(f"mass {mass or 'none'} comes more than once, or has an interval without ends")
        ends = np.array(intervals, dtype=float).reshape(-1, 2)
        # not that a difference is positive, which between infinities is no number; nor the opposite, true of nan
        if not (ends.ravel()[:-1] < ends.ravel()[1:]).all():
            raise HeaderError(f"the intervals at mass {mass or 'none'} do not ascend")
        masses.append(mass)
        excluded.append(ends)
    if not masses:
        raise HeaderError("it has no rows")
    if masses == [""]:
        return None, tuple(excluded)
    found = checks.array("mass", list(map(_number, masses)))
    values, first = np.unique(found, return_index=True)
    if values.size < found.size:
        again = np.delete(found, first)[0]
        raise HeaderError(f"mass {again:g} comes more than once, but not in one place")
    return found, tuple(excluded)


def _number(text: str) -> float:
    return checks.number("a cell", text)


def limit(
    likelihood: Likelihood,
    interaction: Model,
    mass: ArrayLike | None = None,
    *,
    cl: float = 0.90,
    dof: int | None = None,
    reference: Fit | float | None = None,
    mass_range: tuple[float, float] | None = None,
    parameter: str | None = None,
    num_threads: int = 1,
    **fixed: float,
) -> Limit:
    """Return the exactly excluded intervals of the coupling at each mass.

    Parameters
    ----------
    likelihood : Likelihood
        What excludes.
    interaction : str or Interaction
        Interaction.
    mass : array_like, optional
        Mediator masses [MeV]; not needed for models without one.
    cl : float
        Confidence level.
    dof : int, optional
        Degrees of freedom of the level; those of `default_dof` unless given: 2 for a mediator, 1 for a contact
        interaction.
    reference : Fit or float, optional
        Minimum from which delta chi2 counts; the best fit over `mass_range` and all couplings unless given. A Fit must
        be one of the same model, data, priors and fixed values. For the standard model, the number
        ``likelihood.chi2("sm")``.
    mass_range : (float, float), optional
        Lowest and highest mass of that best fit [MeV]; see `best_fit`.
    parameter : str, optional
        Which coupling, if the interaction has several; the others have their defaults unless they are given.
    num_threads : int
        Threads over the masses; the result does not depend on them.
    **fixed : float
        Values of other parameters.

    Returns
    -------
    Limit

    Raises
    ------
    InputError
        If a parameter is out of range, or the model has no coupling, or one is given that nothing depends on: a mass
        for a model without one, a range of masses beside a reference. Or if a reference is a fit whose chi2 is not
        that of this call at its point.
    ConvergenceError
        If chi2 crosses the level more often than can be true.

    Examples
    --------
    >>> import cevns
    >>> both = cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")
    >>> curve = limit(both, "universal", mass=[10.0, 200.0])
    >>> [len(intervals) for intervals in curve.excluded]  # above 100 MeV a strip is allowed
    [1, 2]
    >>> f"{curve.lowest[0]:.2g}"
    '2.4e-05'
    """
    line = Line(likelihood, interaction, "limit", fixed, parameter)
    dof = default_dof(line.parameters) if dof is None else dof
    above_minimum, dof = delta_chi2(cl, dof), int(dof)
    num_threads = checked(num_threads)
    if mass_range is not None and reference is not None:
        raise InputError("mass_range is given, but so is the reference that it would be searched for: leave one out")
    masses = line.other_values(mass)
    if reference is None:
        # defaults of other couplings are among the values of the line
        searched: dict[str, Any] = {"mass_range": mass_range, "num_threads": num_threads, **line.fixed}
        reference = best_fit(likelihood, interaction, **searched)
    else:
        reference = reference_fit(reference, line)
        # a number stands for no point
        alone = math.isnan(reference.coupling) or (line.other is not None and reference.mass is None)
        about = line.about if alone else line.about_best(reference.mass, reference.coupling)
        about["remarks"] = tuple(dict.fromkeys((*about["remarks"], *reference.remarks)))
        reference = dataclasses.replace(reference, **about)
    return Limit(
        cl=float(cl),
        dof=dof,
        delta_chi2=above_minimum,
        chi2_min=reference.chi2,
        best_fit=reference,
        mass=masses if line.other else None,
        excluded=line.above(masses, reference.chi2 + above_minimum, num_threads),
        not_standard=line.not_standard,
        **(line.about | {"remarks": reference.remarks}),
    )
