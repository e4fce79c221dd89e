"""chi2 along one parameter, the least over others at each value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cevns import checks
from cevns.arrays import span
from cevns.errors import InputError
from cevns.inference import headers
from cevns.inference.headers import HeaderError
from cevns.inference.lower import until_lowest
from cevns.inference.minima import find_minima
from cevns.inference.objectives import Objective
from cevns.inference.remarks import ONE_NAME, check_effect, nuisances
from cevns.inference.results import Result
from cevns.tabular import Column, Table, chi2_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matplotlib.axes import Axes

    from cevns._types import Array, ArrayLike, Model
    from cevns.likelihoods import Likelihood

__all__ = ["Profile", "profile"]


@dataclass(frozen=True, eq=False, repr=False)
class Profile(Result):
    """chi2 at values of one parameter, others profiled.

    Attributes
    ----------
    values : ndarray, shape (m,)
        Values of the parameter, ascending.
    chi2 : ndarray, shape (m,)
        The least chi2 at each of them.
    profiled : dict
        For each parameter over which chi2 is minimised its values there, shape (m,).
    chi2_min : float
        The least chi2 of all values, also of those between and beyond: that from which `delta_chi2` counts.
    model, label, experiments, labels, parameters, fixed, remarks
        As of every `Result`; the one parameter is the one along which chi2 runs.

    Examples
    --------
    >>> import cevns
    >>> profile = cevns.load("coherent-argon-2020").profile("sm", "rn_ar", [3.0, 4.0, 5.0])
    >>> profile.chi2.round(2)  # at 3, 4 and 5 fm
    array([ 8.26,  9.42, 10.86])
    """

    values: Array
    chi2: Array
    profiled: dict[str, Array]
    chi2_min: float

    kind: ClassVar[str] = "profile"
    suffix: ClassVar[str] = ".csv"
    made_by: ClassVar[str] = "Profile.save or `cevns profile -o`"

    @property
    def name(self) -> str:
        """Of the parameter."""
        return self.parameters[0].name

    @property
    def delta_chi2(self) -> Array:
        """chi2 above `chi2_min`, shape (m,)."""
        above: Array = self.chi2 - self.chi2_min
        return above

    def table(self) -> Table:
        """Return a row for each value: the parameter, chi2, how far it is above the least, and those profiled."""
        parameter, chi2, *others = self._columns().columns
        return Table((parameter, chi2, Column("delta_chi2", "", self.delta_chi2), *others))

    def _columns(self) -> Table:
        """Return what files hold, from which the rest follows."""
        p = self.parameters[0]
        return Table(
            (
                Column(p.name, p.unit, self.values),
                Column("chi2", "", self.chi2),
                *(Column(name, "", values) for name, values in self.profiled.items()),
            )
        )

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw chi2 above its minimum; options of `cevns.plotting.plot_profile`."""
        from cevns.inference.drawing import plot_profile

        return plot_profile(self, ax=ax, **options)

    @property
    def _others(self) -> Iterable[str]:
        return self.profiled

    def _facts(self) -> str:
        p = self.parameters[0]
        chi2 = f"chi2 from {chi2_text(self.chi2.min())}, minimum {chi2_text(self.chi2_min)}"
        return f"{span(p.name, self.values, p.unit)}, {chi2}"

    # --- files -------------------------------------------------------------------------------------------------------

    def _content(self) -> tuple[dict[str, Any], Any]:
        return {"profiled": list(self.profiled), "chi2_min": self.chi2_min}, self._columns()

    @classmethod
    def _restored(cls, about: Mapping[str, Any], body: Any) -> Self:
        fields = headers.fields(about, None, any_names=True)
        if len(fields["parameters"]) != 1:
            raise HeaderError(f"it has {len(fields['parameters'])} parameters, a profile is along one")
        profiled = headers.names(about, "profiled")
        p = fields["parameters"][0]
        columns = (Column(p.name, p.unit, ()), Column("chi2", "", ()), *(Column(name, "", ()) for name in profiled))
        heads = Table(columns).file_heads
        head, *rows = body or [[]]
        if tuple(head) != heads:
            raise HeaderError(f"its columns are {', '.join(head) or 'none'}, not {', '.join(heads)}")
        if not rows or any(len(row) != len(heads) for row in rows):
            raise HeaderError(f"it has no rows, or one that has not {len(heads)} cells")
        numbers = np.array([[checks.number("a cell", cell) for cell in row] for row in rows])
        if not np.isfinite(numbers).all() or not (np.diff(numbers[:, 0]) > 0).all():
            raise HeaderError(f"{p.name} does not ascend, or a number is not finite")
        headers.check_chi2("chi2", numbers[:, 1])
        chi2_min = headers.number(about, "chi2_min")
        if chi2_min > numbers[:, 1].min():
            raise HeaderError(f"its chi2_min {chi2_min:g} lies above a chi2, {numbers[:, 1].min():g}")
        others = {name: numbers[:, 2 + k] for k, name in enumerate(profiled)}
        return cls(numbers[:, 0], numbers[:, 1], others, chi2_min, **fields)


def profile(
    likelihood: Likelihood,
    interaction: Model,
    name: str,
    values: ArrayLike,
    *,
    profiled: Sequence[str] | str = (),
    bounds: Mapping[str, tuple[float, float]] | None = None,
    priors: Mapping[str, tuple[float, float]] | None = None,
    num_threads: int = 1,
    **fixed: float,
) -> Profile:
    """Return the least chi2 at values of one parameter.

    Parameters
    ----------
    likelihood : Likelihood
        chi2.
    interaction : str or Interaction
        Interaction.
    name : str
        Parameter.
    values : array_like, shape (m,)
        Ascending values of it.
    profiled : sequence of str
        Parameters over which chi2 is minimised at each value.
    bounds, priors, num_threads, **fixed
        As of `fit`.

    Returns
    -------
    Profile

    Raises
    ------
    UnknownNameError
        If a parameter is not known.
    InputError
        If values do not ascend or are out of range, or chi2 does not depend on the parameter.

    Examples
    --------
    >>> import cevns
    >>> csi = cevns.load("coherent-csi-2017")
    >>> csi.profile("sm", "rn_csi", [4.0, 5.0, 6.0]).chi2.round(2)
    array([4.68, 2.83, 4.57])
    """
    checks.instance("name", name, str, ONE_NAME)
    profiled = (profiled,) if isinstance(profiled, str) else checks.sequence("profiled", profiled, str)
    objective = Objective(
        likelihood, interaction, (name, *profiled), fixed, bounds=bounds, priors=priors, num_threads=num_threads
    )
    check_effect(objective, name)
    index = objective.names.index(name)
    # the parameter's own range, not that in which masses are searched
    known = objective.evaluator.parameters[index]
    values = checks.ascending(name, known.values(values), unit=known.unit)
    p = objective.parameter(name)
    outside = values[(values < p.low) | (values > p.high)]
    if outside.size:
        unit = f" {p.unit}" if p.unit else ""
        raise InputError(
            f"{name} = {outside[0]:g} lies outside of what is searched, {p.low:g} to {p.high:g}{unit}: give "
            f"bounds={{{name!r}: (low, high)}}"
        )
    plain = objective.on_axes([name])
    (chi2, points), minima, said = until_lowest(
        objective,
        find_minima(objective),
        lambda met: met.profile_of([name]).along(plain.axis(index, values)[:, None]),
    )
    at = dict(zip(plain.names, plain.to_values(points).T, strict=True))
    at |= {other: np.full(values.size, value) for other, value in plain.inert.items()}
    return Profile(
        values,
        chi2,
        {other: at[other] for other in profiled},
        # a value may be that of the minimum, which a search meets to its accuracy
        min(minima[0].chi2, float(chi2.min())),
        **objective.about,
        parameters=(objective.parameter(name),),
        remarks=(
            *objective.omissions,
            *(f"chi2 does not depend on {other}: any value fits as well" for other in objective.inert),
            *nuisances(objective, minima[0]),
            *said,
        ),
    )
