"""Expected limits of a planned experiment, with bands."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cevns import checks
from cevns.arrays import below, span
from cevns.errors import InputError
from cevns.inference import headers
from cevns.inference.bands import SIGMAS
from cevns.inference.expected_limits import limit_ends, summed
from cevns.inference.headers import HeaderError
from cevns.inference.levels import default_dof, delta_chi2
from cevns.inference.lines import Line
from cevns.inference.results import Result
from cevns.parameters import Parameter
from cevns.tabular import Column, Table
from cevns.threads import checked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from matplotlib.axes import Axes

    from cevns._types import Array, ArrayLike, Model
    from cevns.likelihoods import Likelihood
    from cevns.likelihoods.draws import Drawn

__all__ = ["SIGMAS", "Sensitivity", "blind", "of_no_data", "sensitivity", "told_at", "variants"]

#: What columns call the standard deviations of the bands.
_TAGS = ("minus_2_sigma", "minus_1_sigma", "median", "plus_1_sigma", "plus_2_sigma")
#: With which what is said of data begins.
OF_DATA = ("other data", "expected data")
#: Most toys, which are all kept at once.
MOST_TOYS = 1_000_000
#: How the bands were found.
METHODS = ("asimov", "toys", "none")


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity(Result):
    """What a limit on a coupling is expected to be if there is nothing new.

    Attributes
    ----------
    cl : float
        Confidence level.
    dof : int
        Degrees of freedom of the level.
    delta_chi2 : float
        Level above the minimum.
    values : ndarray, shape (m,), or None
        Mediator masses [MeV], exposures or thresholds, whichever the first of two parameters is; None where the
        coupling is the only one.
    upper : ndarray, shape (m, 5)
        The lowest coupling above the best fit that is excluded, at -2, -1, 0, 1 and 2 standard deviations of its
        distribution, 0 being the median; infinite where nothing is excluded. Of couplings that have two signs, the
        highest one that is allowed.
    lower : ndarray, shape (m, 5), or None
        The lowest coupling that is allowed, of couplings that have two signs.
    method : {"asimov", "toys", "none"}
        How the bands were found.
    toys : int
        Of how many toys, 0 unless they are.
    profiled : tuple of str
        Parameters over which chi2 is minimised, of an interval.
    model, label, experiments, labels, parameters, fixed, remarks
        As of every `Result`.
    """

    cl: float
    dof: int
    delta_chi2: float
    values: Any
    upper: Array
    lower: Any
    method: str
    toys: int = 0
    profiled: tuple[str, ...] = ()

    kind: ClassVar[str] = "sensitivity"
    suffix: ClassVar[str] = ".csv"
    made_by: ClassVar[str] = "Sensitivity.save or `cevns sensitivity -o`"

    @property
    def _others(self) -> Iterable[str]:
        return self.profiled

    @property
    def median(self) -> Array:
        """The median of `upper`, shape (m,)."""
        middle: Array = self.upper[:, SIGMAS.index(0)]
        return middle

    def table(self) -> Table:
        """Return a row for each value: the coupling at -2, -1, 0, 1 and 2 standard deviations, and the lower end."""
        coupling = self.parameters[-1]
        columns = []
        if self.values is not None:
            columns.append(Column(self.parameters[0].name, self.parameters[0].unit, self.values))
        for prefix, ends in (("lower_", self.lower), ("", self.upper)):
            for tag, column in zip(_TAGS, () if ends is None else ends.T, strict=ends is not None):
                columns.append(Column(f"{prefix}{coupling.name}_{tag}", coupling.unit, column))
        return Table(tuple(columns))

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the median and the bands; options of `cevns.plotting.plot_sensitivity`."""
        from cevns.inference.drawing import plot_sensitivity

        return plot_sensitivity(self, ax=ax, **options)

    def _facts(self) -> str:
        along = self.parameters[0]
        values = "" if self.values is None else f", {span(along.name, self.values, along.unit)}"
        bands = {"asimov": "bands of Asimov data", "toys": f"bands of {self.toys} toys", "none": "no bands"}
        return f"expected {below(self.cl, 1)} C.L. for {self.dof} d.o.f.{values}, {bands[self.method]}"

    # --- files -------------------------------------------------------------------------------------------------------

    def _content(self) -> tuple[dict[str, Any], Any]:
        about = {"cl": self.cl, "dof": self.dof, "delta_chi2": self.delta_chi2, "method": self.method}
        about |= {name: value for name in ("toys", "profiled") if (value := getattr(self, name))}
        return about, self.table()

    @classmethod
    def _restored(cls, about: Mapping[str, Any], body: Any) -> Self:
        fields = headers.fields(about, None, any_names=True)
        *others, coupling = fields["parameters"]
        if len(others) > 1:
            raise HeaderError(f"it has {len(others) + 1} parameters, a limit is along one at most")
        cl = checks.confidence_level(headers.number(about, "cl"))
        dof = checks.whole("dof", headers.entry(about, "dof", int, "whole number"), low=1)
        level = headers.level(about, cl, dof)
        method = headers.entry(about, "method", str, "text")
        if method not in METHODS:
            raise HeaderError(f"its method is {checks.shown(method)}, not one of {', '.join(METHODS)}")
        toys = checks.whole("toys", headers.entry(about, "toys", int, "whole number"), low=1) if "toys" in about else 0
        if bool(toys) != (method == "toys"):
            raise HeaderError(f"its method is {method}, of {toys} toys")
        profiled = headers.names(about, "profiled") if "profiled" in about else ()
        head, *rows = body or [[]]
        two_sided = any(name.startswith("lower_") for name in head)
        ends = np.empty((1, len(SIGMAS)))
        known = ends[:, 0] if others else None
        empty = cls(cl, dof, level, known, ends, ends if two_sided else None, method, toys, profiled, **fields)
        heads = empty.table().file_heads
        if tuple(head) != heads:
            raise HeaderError(f"its columns are {', '.join(head) or 'none'}, not {', '.join(heads)}")
        if not rows or any(len(row) != len(heads) for row in rows) or (len(rows) > 1 and not others):
            raise HeaderError(f"it has no rows, too many, or one that has not {len(heads)} cells")
        numbers = np.array([[checks.number("a cell", cell) for cell in row] for row in rows])
        values = numbers[:, 0] if others else None
        rest = numbers[:, len(others) :]
        if np.isnan(rest).any() or (values is not None and not np.isfinite(values).all()):
            raise HeaderError("a number is none, or a value along it is not finite")
        for k in range(0, rest.shape[1], len(SIGMAS)):
            if not (rest[:, k : k + 4] <= rest[:, k + 1 : k + 5]).all():
                raise HeaderError(f"its {coupling.name} does not ascend from -2 to 2 standard deviations")
        lower = rest[:, : len(SIGMAS)] if two_sided else None
        return cls(cl, dof, level, values, rest[:, -len(SIGMAS) :], lower, method, toys, profiled, **fields)


def sensitivity(
    likelihood: Likelihood,
    interaction: Model,
    mass: ArrayLike | None = None,
    *,
    cl: float = 0.90,
    dof: int | None = None,
    bands: str = "asimov",
    toys: int = 1000,
    nuisances: str = "fluctuated",
    seed: int = 0,
    exposure: ArrayLike | None = None,
    threshold: ArrayLike | None = None,
    mass_range: tuple[float, float] | None = None,
    parameter: str | None = None,
    num_threads: int = 1,
    **fixed: float,
) -> Sensitivity:
    """Return the limit that is expected if there is nothing new, its median and bands of 1 and 2 standard deviations.

    The median is the limit of Asimov data, the counts that are predicted where the coupling vanishes: those of the
    standard model, unless other couplings or the weak angle are given. Those of the bands are moved along the signal to
    where it would be seen with 1 and 2 standard deviations, and as far to the other side (arXiv:1007.1727, section
    4.3): right as long as what signals add to the counts is small beside these, or proportional to the coupling's power
    that a limit is on.

    Parameters
    ----------
    likelihood : Likelihood
        Of planned experiments, or of others, whose data do not matter.
    interaction : str or Interaction
        Interaction.
    mass : array_like, optional
        Mediator masses [MeV]; one with exposures or thresholds, none for an interaction without a mediator.
    cl : float
        Confidence level.
    dof : int, optional
        Degrees of freedom of the level; see `default_dof`.
    bands : {"asimov", "toys", "none"}
        How the bands are found: as said, or as quantiles of the limits of toys, which assume nothing, the median too;
        without any they are the median.
    toys, nuisances, seed
        How many toys, and how they are drawn; see `cevns.likelihoods.draws.Draws`. Their nuisances are at the centres.
    exposure : array_like, shape (m,), optional
        Exposures in units of the experiments' own, along which the limit is computed; see `Experiment.scaled`.
    threshold : array_like, shape (m,), optional
        Edges of one experiment's bins, below which all are left out; see `Experiment.above`.
    mass_range : (float, float), optional
        Lowest and highest mass of the best fits from which levels count [MeV]; see `best_fit`.
    parameter : str, optional
        Which coupling, if the interaction has several.
    num_threads : int
        Threads over the masses.
    **fixed : float
        Values of other parameters.

    Returns
    -------
    Sensitivity

    Raises
    ------
    InputError
        If a parameter is out of range, the interaction has no coupling, or more than one of masses, exposures and
        thresholds are several.
    UnknownNameError
        If a name is not known.

    Examples
    --------
    >>> import cevns
    >>> argon = cevns.load("coherent-argon-2020")
    >>> found = argon.sensitivity("b-l", mass=[10.0, 100.0])
    >>> [f"{g:.1e}" for g in found.median]
    ['5.4e-05', '1.5e-04']
    >>> [f"{g:.1e}" for g in argon.sensitivity("b-l", 10.0, exposure=[1, 10]).median]
    ['5.4e-05', '3.8e-05']
    """
    checks.known("bands", bands, METHODS)
    toys = checks.whole("toys", toys, low=20, high=MOST_TOYS) if bands == "toys" else 0
    num_threads = checked(num_threads)
    varied = variants(likelihood, exposure, threshold)
    first = Line(likelihood, interaction, "limit", fixed, parameter)
    dof = default_dof(first.parameters) if dof is None else dof
    level, dof = delta_chi2(cl, dof), int(dof)
    masses = first.other_values(mass)
    along: Parameter | None = first.other
    if varied is not None:
        along, values = varied[0], varied[1]
        if masses.size > 1:
            raise InputError(
                f"{masses.size} masses are given with several values of {along.name}: give one mass, or one "
                f"{along.name}"
            )
        likelihoods = varied[2]
    else:
        values, likelihoods = masses, [likelihood]

    def draw(one: Likelihood, at: dict[str, Any]) -> Drawn:
        return one.draws(interaction, nuisances=nuisances, pulls="central", seed=seed, **at).take(0, toys)

    found = []
    for k, one in enumerate(likelihoods):
        with contextlib.nullcontext() if varied is None or along is None else told_at(along, values[k]):
            found.append(
                limit_ends(
                    one, interaction, masses, level, bands, mass_range, parameter, num_threads, first.fixed, draw
                )
            )
    upper, lower, apart = (np.concatenate([ends[k] for ends in found]) for k in range(3))
    about = first.about
    if varied is not None and along is not None:
        about["remarks"] = (*about.get("remarks", ()), *blind(along, values, likelihoods, interaction))
    if bands != "none":
        about["remarks"] = (*about.get("remarks", ()), *_several(along, np.asarray(values), apart))
    at_mass = {} if varied is None or first.other is None else {first.other.name: float(masses[0])}
    about["fixed"] = at_mass | about["fixed"]
    about = of_no_data(about)
    about["fixed_parameters"] = tuple(first.known[name] for name in about["fixed"])
    return Sensitivity(
        cl=float(cl),
        dof=dof,
        delta_chi2=level,
        values=None if along is None else values,
        upper=upper,
        lower=lower if first.two_sided else None,
        method=bands,
        toys=toys,
        **(about | {"parameters": (first.parameter,) if along is None else (along, first.parameter)}),
    )


def of_no_data(about: dict[str, Any]) -> dict[str, Any]:
    """Return what a result says beside its numbers without what it says of data, which do not matter."""
    said = tuple(text for text in about["assumptions"] if not text.rpartition(": ")[2].startswith(OF_DATA))
    return about | {"assumptions": said}


@contextlib.contextmanager
def told_at(along: Parameter, value: float) -> Iterator[None]:
    """Say at which value of what is varied something is refused."""
    try:
        yield
    except InputError as error:
        raise InputError(f"at {span(along.name, value, along.unit)}: {error}") from error


def blind(along: Parameter, values: Array, likelihoods: Sequence[Likelihood], model: Model) -> tuple[str, ...]:
    """Return what to say of values of what is varied at which an experiment counts nothing."""
    return tuple(
        f"at {span(along.name, value, along.unit)}: {e.omissions(model)[0]}"
        for value, one in zip(values.tolist(), likelihoods, strict=True)
        for e in one.experiments
        if getattr(e, "blind", False)
    )


def _several(along: Parameter | None, values: Array, apart: Array) -> tuple[str, ...]:
    """Return what to say where what is allowed has several parts, of which data choose one."""
    if not apart.any():
        return ()
    where = f" at {span(along.name, values[apart], along.unit)}" if along is not None else ""
    return (
        f"couplings beyond excluded ones are allowed again{where}: the limit next to the best fit is on either side of "
        "these, so that bands, and the median of toys, may jump from one to the other: take those of toys, since those "
        "of Asimov data are unreliable here",
    )


def variants(
    likelihood: Likelihood, exposure: ArrayLike | None, threshold: ArrayLike | None
) -> tuple[Parameter, Array, list[Likelihood]] | None:
    """Return along what experiments are varied, with its values and the likelihoods; None for nothing."""
    if exposure is None and threshold is None:
        return None
    if exposure is not None and threshold is not None:
        raise InputError("exposure and threshold are both given: leave one out, or change the experiment by the other")
    if exposure is not None:
        values = checks.ascending("exposure", np.atleast_1d(checks.floats("exposure", exposure)), above=0)
        along = Parameter("exposure", label="exposure, in units of its own", low=0.0, scale="log")
        return along, values, [_changed(likelihood, "scaled", value) for value in values.tolist()]
    if len(likelihood.experiments) > 1:
        names = ", ".join(e.name for e in likelihood.experiments)
        raise InputError(f"threshold is of one experiment, not of {names}: leave out bins with experiment.above(...)")
    axis = likelihood.experiments[0].signal.binning.axes[0]
    values = checks.ascending("threshold", np.atleast_1d(checks.floats("threshold", threshold)), unit=axis.unit)
    along = Parameter("threshold", unit=axis.unit, label="threshold")
    return along, values, [_changed(likelihood, "above", value) for value in values.tolist()]


def _changed(likelihood: Likelihood, method: str, value: float) -> Likelihood:
    return summed((getattr(e, method)(value) for e in likelihood.experiments), likelihood.priors)
