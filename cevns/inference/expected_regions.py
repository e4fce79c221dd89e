"""Which values of one or two parameters data are expected to exclude: the share of data that would."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cevns import checks
from cevns.arrays import below
from cevns.inference import headers
from cevns.inference.assumptions import about
from cevns.inference.expected_intervals import search_over, true_values
from cevns.inference.grids import check_grid, grid_axes, grid_columns, grid_dataset, grid_span
from cevns.inference.headers import HeaderError
from cevns.inference.levels import delta_chi2
from cevns.inference.objectives import Objective
from cevns.inference.remarks import check_effect
from cevns.inference.results import Result
from cevns.inference.searches import Search
from cevns.inference.sensitivities import METHODS, MOST_TOYS, of_no_data
from cevns.tabular import Column, Table, html
from cevns.threads import checked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matplotlib.axes import Axes

    from cevns._types import Array, ArrayLike, Model
    from cevns.likelihoods import Likelihood
    from cevns.likelihoods.draws import Drawn

__all__ = ["ExpectedRegion", "expected_region"]

#: Most points of a grid.
MOST_POINTS = 100_000
#: Noncentrality beyond which all data exclude a point.
CERTAIN = 1e4
#: Share of allowed points that have none beside them, along one of the parameters, in a grid that is too coarse.
ALONE = 0.2


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ExpectedRegion(Result):
    """The share of data that would exclude each point of a grid, of data that the true values lead to.

    Attributes
    ----------
    cl : float
        Confidence level at which data exclude.
    x : ndarray, shape (m,)
        Values of the first parameter.
    y : ndarray, shape (n,)
        Those of the second one; 0 alone where there is none.
    excluded : ndarray, shape (m, n)
        The share.
    delta_chi2 : ndarray, shape (m, n)
        Of Asimov data: chi2 above the least one.
    truth : dict
        True values of the parameters, and of those that are profiled.
    method : {"asimov", "toys"}
        How the share was found.
    toys : int
        Of how many toys, 0 unless they are.
    profiled : tuple of str
        Parameters over which chi2 is minimised at each point.
    model, label, experiments, labels, parameters, fixed, remarks
        As of every `Result`.
    """

    cl: float
    x: Array
    y: Array
    excluded: Array
    delta_chi2: Array
    truth: dict[str, float]
    method: str
    toys: int = 0
    profiled: tuple[str, ...] = ()

    kind: ClassVar[str] = "expectedregion"
    suffix: ClassVar[str] = ".npz"
    made_by: ClassVar[str] = "ExpectedRegion.save or `cevns sensitivity --grid ... -o`"
    #: Arrays of its files, and their dimensions.
    arrays: ClassVar[dict[str, int]] = {"x": 1, "y": 1, "excluded": 2, "delta_chi2": 2}

    @property
    def level(self) -> float:
        """The delta chi2 above which data exclude."""
        return delta_chi2(self.cl, len(self.parameters))

    def share(self, above: Array) -> Array:
        """Return the share of data that exclude where Asimov data have a delta chi2, by Wald's approximation."""
        return _by_wald(above, self.level, len(self.parameters))

    @property
    def error(self) -> Array:
        """Statistical error of `excluded`, 0 without toys, shape (m, n)."""
        if not self.toys:
            return np.zeros_like(self.excluded)
        # of a share as it is estimated from one toy more of either kind, so that none has no error
        share = (self.excluded * self.toys + 1.0) / (self.toys + 2.0)
        found: Array = np.sqrt(share * (1.0 - share) / self.toys)
        return found

    @property
    def _others(self) -> Iterable[str]:
        return self.profiled

    def table(self) -> Table:
        """Return a row for each point."""
        columns = grid_columns(self.parameters, self.x, self.y)
        columns += [Column(name, "", getattr(self, name).ravel()) for name in ("excluded", "error", "delta_chi2")]
        return Table(tuple(columns), keys=len(self.parameters))

    def to_xarray(self) -> Any:
        """Return the arrays over the grid as an xarray Dataset with the parameters as coordinates.

        Raises
        ------
        MissingDependencyError
            If xarray is not installed.
        """
        return grid_dataset(self)

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw where half, 16 and 84, 2.3 and 97.7 % of data exclude; see `cevns.plotting.plot_expected_region`."""
        from cevns.inference.drawing import plot_expected_region

        return plot_expected_region(self, ax=ax, **options)

    def _facts(self) -> str:
        values = grid_span(self.parameters, self.x, self.y)
        found = f"{self.toys} toys" if self.toys else "Asimov data"
        dof = len(self.parameters)
        return f"share of data that exclude at {below(self.cl, 1)} C.L. for {dof} d.o.f., {values}, by {found}"

    def _repr_html_(self) -> str:
        rows: list[tuple[str, Any]] = [(f"true {name}", value) for name, value in self.truth.items()]
        rows += [
            (f"points that {text} of data exclude", f"{int((self.excluded >= share).sum())} of {self.excluded.size}")
            for text, share in (("16 %", 0.16), ("half", 0.5), ("84 %", 0.84))
        ]
        return html(("", ""), rows, self._caption())

    # --- files -------------------------------------------------------------------------------------------------------

    def _content(self) -> tuple[dict[str, Any], Any]:
        about: dict[str, Any] = {"cl": self.cl, "truth": self.truth, "method": self.method, "toys": self.toys}
        about["profiled"] = list(self.profiled)
        return about, {name: np.asarray(getattr(self, name), dtype=float) for name in self.arrays}

    @classmethod
    def _restored(cls, about: Mapping[str, Any], body: Any) -> Self:
        fields = headers.fields(about, None, any_names=True)
        parameters = fields["parameters"]
        check_grid(parameters, body)
        if not ((body["excluded"] >= 0) & (body["excluded"] <= 1)).all():
            raise HeaderError("a share of data is none")
        headers.check_chi2("delta_chi2", body["delta_chi2"])
        method = headers.entry(about, "method", str, "text")
        toys = checks.whole("toys", headers.entry(about, "toys", int, "whole number"), low=0)
        if method not in ("asimov", "toys") or bool(toys) != (method == "toys"):
            raise HeaderError(f"its method is {checks.shown(method)}, of {toys} toys")
        profiled = headers.names(about, "profiled")
        return cls(
            cl=checks.confidence_level(headers.number(about, "cl")),
            truth=headers.numbers(about, "truth", [*(p.name for p in parameters), *profiled]),
            method=method,
            toys=toys,
            profiled=profiled,
            **body,
            **fields,
        )


def expected_region(
    likelihood: Likelihood,
    interaction: Model,
    grid: Mapping[str, ArrayLike],
    *,
    cl: float = 0.90,
    profiled: Sequence[str] | str = (),
    bands: str = "asimov",
    toys: int = 1000,
    nuisances: str = "fluctuated",
    seed: int = 0,
    truth: Mapping[str, float] | None = None,
    num_threads: int = 1,
    **fixed: float,
) -> ExpectedRegion:
    """Return which values of one or two parameters data are expected to exclude.

    At each point of a grid it is the share of data that would, of those to which the true values lead. Where it is a
    half is the median of contours; where it is 16 and 84 % is their band of one standard deviation. By Asimov data
    delta chi2 of data has a noncentral chi2 distribution, whose noncentrality is the delta chi2 of Asimov data (Wald,
    arXiv:1007.1727, section 3.1): right where that is nearly a parabola. Toys assume nothing.

    Parameters
    ----------
    likelihood : Likelihood
        Of planned experiments, or of others, whose data do not matter.
    interaction : str or Interaction
        Interaction.
    grid : mapping of str to array_like
        Ascending values of one or two parameters.
    cl : float
        Confidence level at which data exclude, for as many degrees of freedom as there are parameters.
    profiled : sequence of str
        Parameters over which chi2 is minimised at each point.
    bands : {"asimov", "toys"}
        How the share is found.
    toys, nuisances, seed
        How many toys, and how they are drawn; see `cevns.likelihoods.draws.Draws`. Their nuisances are at the centres.
    truth : mapping of str to float, optional
        True values of the parameters and of what is profiled; unless given those of the standard model.
    num_threads : int
        Threads over toys.
    **fixed : float
        Values of other parameters.

    Returns
    -------
    ExpectedRegion

    Raises
    ------
    InputError
        If there are not one or two parameters, values do not ascend, or something else is none of what is allowed.
    UnknownNameError
        If a name is not known.

    Examples
    --------
    >>> import cevns
    >>> import numpy as np
    >>> argon = cevns.load("coherent-argon-2020")
    >>> expected_region(argon, "sm", {"sin2_theta_w": np.linspace(0.1, 0.4, 4)}).excluded[:, 0].round(2).tolist()
    [0.49, 0.15, 0.25, 0.82]
    """
    checks.known("bands", bands, METHODS[:2])
    toys = checks.whole("toys", toys, low=20, high=MOST_TOYS) if bands == "toys" else 0
    num_threads, cl = checked(num_threads), checks.confidence_level(cl)
    profiled = (profiled,) if isinstance(profiled, str) else tuple(checks.sequence("profiled", profiled, str))
    names, axes = grid_axes(likelihood, interaction, grid, MOST_POINTS)
    level = delta_chi2(cl, len(names))
    given: dict[str, Any] = {name: value for name, value in fixed.items() if value is not None}
    true: dict[str, Any] = true_values(likelihood, interaction, (*names, *profiled), truth, given)
    expected = likelihood.asimov(interaction, **given, **true)
    check_effect(Objective(expected, interaction, (*names, *profiled), given), *names, *profiled)
    points = np.array(list(itertools.product(*axes)))
    chi2 = _Profiles(expected, interaction, names, profiled, given, points, true, num_threads)
    above = chi2.above(expected.observation, true)[0]
    told = dict(zip((*names, *profiled), chi2.best(expected.observation), strict=True))
    if toys:
        drawn = likelihood.draws(
            interaction, nuisances=nuisances, pulls="central", seed=seed, **given, **true
        ).take(0, toys)  # fmt: skip
        share = (chi2.above(drawn, true) > level).mean(axis=0)
    else:
        share = _by_wald(above, level, len(names))
    known = {p.name: p for p in likelihood.parameters(interaction)}
    ends = [name for name in names if bands == "asimov" and true.get(name) in (known[name].low, known[name].high)]
    said = [
        f"{name} is truly at the end of its range: fewer data exclude values next to it, as toys know" for name in ends
    ]
    shape = axes[0].size, -1
    return ExpectedRegion(
        cl=cl,
        x=axes[0],
        y=axes[1] if len(axes) > 1 else np.zeros(1),
        excluded=share.reshape(shape),
        delta_chi2=above.reshape(shape),
        truth={name: true.get(name, value) for name, value in told.items()},
        method=bands,
        toys=toys,
        profiled=profiled,
        parameters=tuple(known[name] for name in names),
        remarks=(*likelihood.omissions(interaction), *said, *_coarse(share.reshape(shape))),
        symbols={name: known[name].label for name in profiled},
        **of_no_data(about(likelihood, interaction, given)),
    )


def _coarse(share: Array) -> tuple[str, ...]:
    """Return what to say of a grid between whose points much of what is allowed may lie."""
    allowed = np.pad(share < 0.5, 1)
    inside = allowed[1:-1, 1:-1]
    beside = allowed[:-2, 1:-1] | allowed[2:, 1:-1]
    if min(share.shape) > 1:
        beside &= allowed[1:-1, :-2] | allowed[1:-1, 2:]
    if not inside.any():
        return ("most data exclude all points: where they do not may lie between them, so make the grid finer",)
    if (inside & ~beside).sum() > ALONE * inside.sum():
        return ("what is allowed is about as narrow as the grid, whose picture may leave parts out: make it finer",)
    return ()


class _Profiles:
    """chi2 of many data at all points of a grid, others profiled."""

    def __init__(
        self,
        likelihood: Likelihood,
        interaction: Model,
        names: tuple[str, ...],
        profiled: tuple[str, ...],
        fixed: dict[str, float],
        points: Array,
        truth: Mapping[str, float],
        num_threads: int,
    ) -> None:
        self.points, self.threads = points, num_threads
        self.whole = Search(likelihood, interaction, (*names, *profiled), fixed)
        if profiled:
            rows = (dict(zip(names, row, strict=True)) for row in points.tolist())
            self.each = [search_over(likelihood, interaction, profiled, {**fixed, **row}, truth, {}) for row in rows]
        else:
            self.each = []
            self.plain = Search(likelihood, interaction, names, fixed)

    def best(self, drawn: Drawn) -> list[float]:
        """Return where the first of some data has its least chi2."""
        found: list[float] = self.whole.least(drawn[:1])[1][0].tolist()
        return found

    def above(self, drawn: Drawn, truth: Mapping[str, float]) -> Array:
        """Return how far chi2 of each lies above its least one, shape (n, points)."""
        if self.each:
            chi2 = np.column_stack([search.least(drawn, self.threads, truth)[0] for search in self.each])
        else:
            chi2 = self.plain.points(drawn, self.points, self.threads)
        least = np.minimum(self.whole.least(drawn, self.threads, truth)[0], chi2.min(axis=1))
        found: Array = np.minimum(chi2 - least[:, None], 1e30)
        return found


def _by_wald(above: Array, level: float, dof: int) -> Array:
    """Return the share of data whose delta chi2 lies above a level if it is noncentral chi2 distributed."""
    from scipy.stats import chi2, ncx2

    share = np.ones_like(above)
    near = above < CERTAIN
    share[near] = ncx2.sf(level, dof, np.maximum(above[near], 1e-12))
    # what is true itself
    share[above <= 1e-12] = chi2.sf(level, dof)
    return share.clip(0.0, 1.0)
