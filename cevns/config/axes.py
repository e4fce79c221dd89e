"""The axes of an experiment beside that of energy, and arrays of counts in the bins of all of them."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.binning import MOST_BINS, Axis, Binning
from cevns.config import readers as read
from cevns.config.readers import Reader, Section, join
from cevns.config.responses import EFFICIENCIES, OBSERVABLE, UNIT
from cevns.config.responses import axes as axes_of_lists
from cevns.detectors import Arrival, ArrivalEfficiency, Distribution
from cevns.detectors.distribution import EXCESS
from cevns.errors import CevnsError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cevns._types import Array
    from cevns.predictions import Signal

__all__ = ["Axes", "Shares", "arrival", "distribution"]

#: Name of the axis of arrival times.
TIME = "time"
#: How far a template's counts may be from those of the response: further apart they are in other units.
LARGEST_RATIO = 10.0
#: Largest part of a template's counts that may be where the response expects none.
LARGEST_LOSS = 1e-3


@dataclass(frozen=True)
class Axes:
    """What is known of the axes of an experiment, whatever else is wrong with it.

    Attributes
    ----------
    axes : tuple of Axis
        That of energy first; by number where it is not known better.
    whole : bool
        Whether these are all; if not, numbers of bins cannot be checked.
    edges : bool
        Whether the only axis is the list ``response.edges``.
    """

    axes: tuple[Axis, ...]
    whole: bool
    edges: bool = False

    @classmethod
    def of(cls, reader: Reader, where: str) -> Axes:
        """Return the axes that a file gives to the experiment at a path."""
        found: list[Axis | None] = []
        sound = True
        response = reader.parts.get(join(where, "response"), {})
        if "axes" in response:
            found += response["axes"] or [None]
        else:
            name, unit = (response.get(key) or usual for key, usual in (("axis", OBSERVABLE), ("unit", UNIT)))
            found.append(_axis(name, response.get("edges"), unit))
            sound &= _ascends(response.get("edges"))
        table = reader.parts.get(where, {})
        if "arrival" in table:
            edges = reader.parts.get(join(where, "arrival"), {}).get("edges")
            found.append(_axis(TIME, edges, "us"))
            sound &= _ascends(edges)
        if "distribution" in table:
            found += reader.parts.get(join(where, "distribution"), {}).get("axes") or [None]
        known = tuple(axis for axis in found if axis is not None)
        # a distribution that holds the times does not go with those of an arrival
        whole = sound and len(known) == len(found) and not {"arrival", "distribution"} <= table.keys()
        whole = whole and len({axis.name for axis in known}) == len(known)
        # more bins than any memory holds are listed where the axes are put together
        whole = whole and math.prod(axis.bins for axis in known) <= MOST_BINS
        return cls(known, whole, len(found) == 1 and "edges" in response)

    @classmethod
    def of_binning(cls, binning: Binning) -> Axes:
        """Return those of an experiment that is there."""
        return cls(binning.axes, True)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of bins along each axis."""
        return tuple(axis.bins for axis in self.axes)

    @property
    def bins(self) -> int:
        """Number of bins."""
        return math.prod(self.shape)

    @property
    def names(self) -> str:
        """Names of the axes."""
        return _listed([axis.name for axis in self.axes])

    def label(self, i: int) -> str:
        """Return which bin is the i-th, from 0."""
        if not self.whole or i >= self.bins:
            return f"bin {i + 1}"
        label = Binning(self.axes).labels[i]
        return f"bin {i + 1}, {self.axes[0].name if len(self.axes) == 1 else ''} {label}".replace(",  ", ", ")

    def flat(self, reader: Reader, values: Array, where: str) -> Array | None:
        """Return numbers of all bins in a row, the last axis fastest; list what does not fit the axes."""
        if not self.whole or _merges(values.shape, self.shape):
            return values.ravel()
        if len(self.axes) == 1:
            bins = f"bin of response.edges ({self.bins + 1} edges)" if self.edges else f"bin of {self.axes[0].name}"
            got = len(values) if values.ndim == 1 else f"lists of shape {values.shape}"
            message = f"must have length {self.bins}, one number for each {bins}; got {got}"
        else:
            got = f"{values.size} numbers" if values.ndim == 1 else f"the shape {values.shape}"
            turned = values.shape == self.shape[::-1] or _merges(values.shape[::-1], self.shape)
            message = (
                f"must have the shape {self.shape}, bins of {self.names}, or be {self.bins} numbers with the last axis "
                f"fastest; got {got}{'; turn rows into columns' if turned else ''}"
            )
        return reader.problem(where, message)  # type: ignore[no-any-return]

    def unlike_observed(self, reader: Reader, observed: int, size: int, where: str) -> None:
        """List numbers that are not as many as the observed ones, where nothing else counts bins."""
        reader.problem(
            where,
            f"must be {observed} numbers in all, as observed; got {size} (the edges of {self.names or 'the axes'}, "
            "with which something is wrong, do not tell how many bins there are)",
        )

    def build(self, reader: Reader, build: Callable[..., Any], where: str, *columns: Array, what: str = "") -> Any:
        """Return what is made of numbers of all bins; name the bin whose numbers are refused."""
        # those that are no numbers are listed already
        given = [np.where(np.isnan(values), 1.0, values) for values in columns]
        try:
            made = build(*given)
        except CevnsError as error:
            bad = next((i for i, row in enumerate(zip(*given, strict=False)) if not _accepts(build, row)), None)
            ats = [(bad, float(values[bad])) for values in given] if bad is not None else []
            said = (reader.place(where, error, at) for at in (getattr(error, "at", None), *ats))
            label = "" if bad is None else f" ({self.label(bad)})"
            return reader.problem(where, f"{what}{error}{label}", next(filter(None, said), ""))
        return made


def _accepts(build: Callable[..., Any], row: Sequence[Any]) -> bool:
    try:
        build(*(np.array([value]) for value in row))
    except CevnsError:
        return False
    return True


def _axis(name: str, edges: Any, unit: str = "") -> Axis | None:
    """Return an axis, with edges by number where those that are given are no axis."""
    if not edges or len(edges) < 2:
        return None
    try:
        return Axis(name, edges, unit)
    except CevnsError:
        return Axis(name, range(len(edges)))


def _ascends(edges: Any) -> bool:
    """Return whether edges count bins: those that do not ascend may be too many, or too few."""
    return bool(edges) and not any(a is None or b is None or a >= b for a, b in itertools.pairwise(edges))


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _merges(given: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Return whether numbers of one shape are those of another whose neighbouring axes are written as one."""
    ends = set(np.cumprod(shape, dtype=float).tolist()) | {1.0}
    return math.prod(given) == math.prod(shape) and set(np.cumprod(given, dtype=float).tolist()) <= ends


@dataclass(frozen=True)
class Shares:
    """How recoils are distributed over further axes, as the file gives it: shares, or a template of expected counts.

    Attributes
    ----------
    axes : tuple of Axis
        Further axes.
    shares, template : ndarray or None
        One of them.
    """

    axes: tuple[Axis, ...]
    shares: Array | None
    template: Array | None

    def made(self, reader: Reader, signal: Signal, where: str) -> Distribution | None:
        """Return the distribution; `signal` says what a template is divided by."""
        if self.shares is None:
            return self.of_template(reader, signal, self.template, join(where, "template"))
        try:
            return Distribution(self.axes, self.shares.reshape(-1, math.prod(axis.bins for axis in self.axes)))
        except CevnsError as error:
            return reader.problem(join(where, "shares"), error)  # type: ignore[no-any-return]

    def of_template(self, reader: Reader, signal: Signal, template: Any, where: str) -> Distribution | None:
        """Return the distribution with which the signal of the standard model becomes a template."""
        try:
            counts = signal.counts("sm")
            found = Distribution.of_template(self.axes, template.reshape(counts.size, -1), counts)
            _check_template(template.reshape(counts.size, -1).sum(axis=1), counts)
        except CevnsError as error:
            return reader.problem(where, error)  # type: ignore[no-any-return]
        return found

    def check(self, reader: Reader, axes: Axes, where: str) -> None:
        """List what of the shares does not fit the axes."""
        for name, values in (("shares", self.shares), ("template", self.template)):
            if values is None:
                continue
            given = axes.flat(reader, values, join(where, name))
            if given is None or not axes.whole:
                continue
            rows = np.nan_to_num(given).reshape(-1, math.prod(axis.bins for axis in self.axes))
            sums = rows.sum(axis=1)
            if name == "shares" and sums.max(initial=0.0) > 1 + EXCESS:
                i = int(sums.argmax())
                reader.problem(
                    join(where, name),
                    f"shares of bin {i + 1} of {axes.axes[0].name} add up to {sums[i]:.6g}: at most 1 can be seen; "
                    "divide them by their sum, or give expected counts as template",
                )
            axes.build(
                reader,
                lambda v: Distribution((Axis("bin", (0, 1)),), v[:, None], ratios=True),
                join(where, name),
                given,
            )


def _check_template(by_energy: Array, counts: Array) -> None:
    """Refuse a template that is not of the counts that a response expects."""
    expected, own = float(by_energy.sum()), float(counts.sum())
    if not own:
        raise InputError("the response expects no counts of the standard model, of which this could be a template")
    if not own / LARGEST_RATIO <= expected <= own * LARGEST_RATIO:
        raise InputError(
            f"template adds up to {expected:.6g}, but the response expects {own:.6g} counts of the standard model: "
            "give expected counts of the whole exposure, or shares"
        )
    lost = float(by_energy[counts <= 0].sum())
    if lost > LARGEST_LOSS * expected:
        i = int(np.flatnonzero((counts <= 0) & (by_energy > 0))[0])
        raise InputError(
            f"template has {lost:.6g} of its {expected:.6g} counts where the response expects none, first in bin "
            f"{i + 1} of energy: correct the quenching, the efficiency or the edges"
        )


@read.takes(lambda of: of.table(_ARRIVAL))
def arrival(reader: Reader, value: Any, where: str) -> Any:
    """Bins of arrival time."""
    return read.a(_ARRIVAL)(reader, value, where)


@read.takes(lambda of: of.table(_DISTRIBUTION))
def distribution(reader: Reader, value: Any, where: str) -> Any:
    """Shares, or a template, with their axes."""
    return read.a(_DISTRIBUTION)(reader, value, where)


def _build_distribution(*, axes: Sequence[Axis], shares: Any = None, template: Any = None) -> Shares:
    if (shares is None) == (template is None):
        raise InputError("give either shares of each bin of energy, or a template of expected counts")
    # refuses axes of one name
    binning = Binning(axes)
    return Shares(binning.axes, shares, template)


_DISTRIBUTION: Section = Section(
    _build_distribution,
    {
        "axes": ("axes", axes_of_lists),
        "shares": ("shares", read.array),
        "template": ("template", read.array),
    },
    {"axes": (Axis("x", (0.0, 1.0)),)},
    told_by=(Distribution,),
    means={
        "shares": "For each bin of energy, of its counts in the other bins: at most 1 in all.",
        "template": "Expected counts of the standard model in all bins.",
    },
)
_ARRIVAL_EFFICIENCIES = {
    "exponential": Section(
        ArrivalEfficiency,
        {"start_us": ("start", read.number), "rate_per_us": ("rate", read.number)},
        {"start": 0.0, "rate": 0.1},
    ),
    **EFFICIENCIES,
}
_ARRIVAL: Section = Section(
    Arrival,
    {
        "edges_us": ("edges", read.ascending),
        "efficiency": ("efficiency", read.one_of(_ARRIVAL_EFFICIENCIES)),
    },
    {"edges": (0.0, 1.0)},
    {"efficiency": frozenset({"edges"})},
)
