"""Observed counts and backgrounds of a configuration file, in bins of one or several axes."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.config import readers as read
from cevns.config.axes import Axes
from cevns.config.models import model
from cevns.config.readers import Reader, Section, join
from cevns.errors import CevnsError, InputError
from cevns.interactions import get_interaction
from cevns.likelihoods import Background, Data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cevns._types import Array, Model
    from cevns.experiments import Experiment

__all__ = ["ASIMOV", "BackgroundTable", "DataTable", "Expected", "background", "data", "data_in_part"]

#: In the place of observed counts, those that are expected; of uncertainties, the square roots of these.
ASIMOV, COUNTING = "asimov", "counting"
#: Of a projection, as many counts for each unit of the axis.
FLAT = "flat"


@dataclass(frozen=True)
class Expected:
    """A model with values of its parameters, whose counts stand for observed ones.

    Attributes
    ----------
    model : str or Interaction
        The model.
    values : mapping of str to float
        Of its parameters.
    """

    model: Model = "sm"
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class DataTable:
    """The table of data: counts, or whose counts are expected.

    Attributes
    ----------
    observed : ndarray or Expected
        In any shape that fits the axes.
    uncertainty : ndarray, str or None
        Likewise, ``"counting"``, or None for Poisson counts.
    """

    observed: Any
    uncertainty: Any

    def fitted(self, reader: Reader, axes: Axes, where: str) -> DataTable:
        """Return numbers in a row; list those that do not fit the axes, or are refused."""
        found: dict[str, Any] = {
            name: axes.flat(reader, values, join(where, name)) if isinstance(values, np.ndarray) else values
            for name, values in (("observed", self.observed), ("uncertainty", self.uncertainty))
        }
        given = [found[name] for name in found if isinstance(found[name], np.ndarray)]
        wrong = any(found[name] is None for name in found if getattr(self, name) is not None)
        if not isinstance(self.observed, np.ndarray):
            # the uncertainties alone, of counts that are not known yet
            if given:
                axes.build(reader, _data_of_uncertainty, where, *given)
        elif given and not wrong and len({values.size for values in given}) == 1:
            if axes.build(reader, Data, where, *given) is None and len(given) > 1:
                # observed counts, which are looked at first, do not hide what is wrong with uncertainties
                axes.build(reader, _data_of_uncertainty, where, given[1])
        elif given and not wrong:
            # without edges that count bins observed counts do
            sizes = [values.size for values in given]
            axes.unlike_observed(reader, sizes[0], sizes[1], join(where, "uncertainty"))
        elif wrong:
            # one of them is left; nothing that it may be refused beside
            for name, values in found.items():
                if isinstance(values, np.ndarray):
                    alone = _data_of_observed if name == "observed" else _data_of_uncertainty
                    axes.build(reader, alone, where, values)
        return DataTable(**found)

    def put_into(self, reader: Reader, experiment: Experiment, axes: Axes, where: str) -> Experiment | None:
        """Return an experiment with these data in the place of others; they fit its axes."""
        observed, uncertainty, expected = self.observed, self.uncertainty, None
        if isinstance(observed, Expected):
            try:
                expected = experiment.asimov(observed.model, **observed.values)
                observed = np.array(expected.observed)
            except CevnsError as error:
                return reader.problem(join(where, ASIMOV), error)  # type: ignore[no-any-return]
        if isinstance(uncertainty, str):
            empty = np.flatnonzero(~(observed > 0))
            if empty.size:
                return reader.problem(  # type: ignore[no-any-return]
                    join(where, "uncertainty"),
                    f"{COUNTING!r} is the square root of the expected counts, which are {observed[empty[0]]:g} in "
                    f"{axes.label(int(empty[0]))}: merge bins, give numbers, or leave it out for Poisson counts",
                )
            uncertainty = np.sqrt(observed)
        try:
            found = experiment.with_data(observed, uncertainty)
        except CevnsError as error:
            return reader.problem(where, error)  # type: ignore[no-any-return]
        if expected is not None:
            checks.put(found, expected=True, changes=expected.changes)
        return found


def _data_of_observed(observed: Array) -> Data:
    return Data(observed, np.maximum(np.abs(observed), 1.0))


def _data_of_uncertainty(uncertainty: Array) -> Data:
    return Data(np.zeros(uncertainty.size), uncertainty)


def data_in_part(reader: Reader, where: str) -> DataTable:
    """Return what could be read of data, whatever else is wrong with their table."""
    part = reader.parts.get(where, {})
    given = (part.get(name) for name in ("observed", "uncertainty"))
    return DataTable(*(values if isinstance(values, np.ndarray) else None for values in given))


@read.takes(lambda of: of.table(_DATA))
def data(reader: Reader, value: Any, where: str) -> Any:
    """Counts with uncertainties, Poisson counts, or expected ones."""
    return read.a(_DATA)(reader, value, where)


@read.takes(
    lambda of: {
        "type": "object",
        "properties": {"model": {"anyOf": [of.value(read.text), of.value(model)]}},
        "additionalProperties": of.value(read.number),
    }
)
def _expected(reader: Reader, value: Any, where: str) -> Any:
    """A model with values of its parameters, by name."""
    table = read.mapping(reader, value, where)
    if table is None:
        return None
    before = len(reader.problems)
    of: Any = table.get("model", "sm")
    try:
        if isinstance(of, str):
            of = reader.models[of] if of in reader.models else get_interaction(of)
        else:
            of = model(reader, of, join(where, "model"))
    except CevnsError as error:
        reader.problem(join(where, "model"), error)
    rest = {key: entry for key, entry in table.items() if key != "model"}
    values = {key: read.number(reader, entry, join(where, key)) for key, entry in rest.items()}
    return None if len(reader.problems) > before or of is None else Expected(of, values)


def _build_data(*, observed: Any, uncertainty: Any = None, asimov: Any = None) -> DataTable:
    expected = isinstance(observed, str)
    if asimov is not None and not expected:
        raise InputError(f'asimov says of which model counts are expected, and goes with observed = "{ASIMOV}" alone')
    if isinstance(uncertainty, str) and not expected:
        raise InputError(
            f'uncertainty = "{COUNTING}" goes with observed = "{ASIMOV}" alone: leave it out for Poisson counts, or '
            "give numbers"
        )
    return DataTable((asimov or Expected()) if expected else observed, uncertainty)


_DATA: Section = Section(
    _build_data,
    {
        "observed": ("observed", read.Word(ASIMOV)),
        "uncertainty": ("uncertainty", read.Word(COUNTING)),
        ASIMOV: ("asimov", _expected),
    },
    {"observed": (1.0,)},
    {"asimov": frozenset({"observed"})},
    (Data,),
    {
        "observed": f'Counts in all bins, or "{ASIMOV}" for those that are expected.',
        "uncertainty": f'Standard deviations, or "{COUNTING}" for square roots of what is expected; none for Poisson '
        "counts.",
    },
)


@dataclass(frozen=True)
class BackgroundTable:
    """The table of a background: its counts, or their number with a projection on each axis.

    Attributes
    ----------
    name : str
        Of the background.
    sigma : float
        Relative uncertainty of its normalisation.
    counts : ndarray or None
        In any shape that fits the axes.
    events : float or None
        Number of counts in all bins, where they are a product.
    projections : mapping of str to ndarray or str
        By axis; ``"flat"`` for as many counts for each unit.
    """

    name: str
    sigma: float
    counts: Array | None
    events: float | None
    projections: Mapping[str, Any]

    def made(self, reader: Reader, axes: Axes, where: str) -> Background | None:
        """Return the background, or list what is wrong with it."""
        if self.counts is None:
            counts = self._product(reader, axes, where)
        else:
            counts = axes.flat(reader, self.counts, join(where, "counts"))
        # what else is wrong with it
        bare = reader.build(_BARE, {"name": self.name, "counts": _RIGHT["counts"], "sigma": self.sigma}, where)
        if counts is None:
            return None
        rest = self if bare is not None else self._right
        found: Background | None = axes.build(
            reader, lambda c: Background(rest.name, c, rest.sigma), where, counts.ravel()
        )
        return None if bare is None else found

    @property
    def _right(self) -> BackgroundTable:
        """The same with a right uncertainty, and with a right name if its own is refused."""
        try:
            Background(self.name, **_RIGHT)
        except CevnsError:
            return replace(self, name="x", sigma=_RIGHT["sigma"])
        return replace(self, sigma=_RIGHT["sigma"])

    def _product(self, reader: Reader, axes: Axes, where: str) -> Array | None:
        """Return counts as the product of the projections."""
        before = len(reader.problems)
        parts: list[Array] = []
        for axis in axes.axes:
            here, values = join(where, axis.name), self.projections[axis.name]
            if isinstance(values, str):
                values = np.diff(axis.edges)
            elif values.shape != (axis.bins,):
                got = len(values) if values.ndim == 1 else f"lists of shape {values.shape}"
                reader.problem(here, f"must have length {axis.bins}, one number for each bin of {axis.name}; got {got}")
                continue
            try:
                # those that are no numbers are listed already
                values = np.where(np.isnan(values), 1.0, values)
                values = checks.array(f"projection of background {checks.shown(self.name)}", values, low=0, high=1e30)
            except CevnsError as error:
                reader.problem(here, error)
                continue
            total = float(values.sum())
            if not total:
                reader.problem(here, "is 0 in all bins: a projection says how counts are shared among them")
                continue
            parts.append(values / total)
        # axes that are not known to fit together may have any number of bins
        if len(reader.problems) > before or not axes.whole:
            return None
        return functools.reduce(np.multiply.outer, parts, np.array([self.events or 0.0]))


@read.takes(
    lambda of: of.first(
        [
            (
                {"required": ["events"], "not": {"required": ["counts"]}},
                of.table(
                    Section(_build_product, _PRODUCT, told_by=(Background,), means={"events": "Counts in all bins."}),
                    others=read.Word(FLAT),
                ),
            )
        ],
        of.table(Section(_build_counts, _BACKGROUND, told_by=(Background,))),
    ),
    "background",
)
def background(reader: Reader, value: Any, where: str) -> Any:
    """A background: counts in all bins, or the number of events with a projection on each axis by its name."""
    table = read.mapping(reader, value, where)
    if table is None:
        return None
    axes = Axes.of(reader, where.rpartition(".")[0])
    names = [axis.name for axis in axes.axes]
    if not axes.whole:
        # a key may be the name of an axis that could not be read
        names += [key for key in table if key not in ("columns", "file")]
    projections = {name: (name, read.Word(FLAT)) for name in names if name not in (*_BACKGROUND, "events")}
    if "counts" in table or not {"events", *projections} & table.keys():
        found = reader.section(Section(_build_counts, _BACKGROUND, {"name": "x"} | _RIGHT), table, where)
    else:
        before = len(reader.problems)
        found = reader.section(
            Section(_build_product, _PRODUCT | projections, {"name": "x", "sigma": 0.1, "events": 1.0}), table, where
        )
        for axis in axes.axes if found is not None or "file" not in table else ():
            if axis.name not in table and axis.name not in reader.parts[where]:
                reader.problem(
                    join(where, axis.name), f'missing; give counts in the {axis.bins} bins of this axis, or "{FLAT}"'
                )
        found = None if len(reader.problems) > before else found
    return found


def _build_counts(*, name: str, counts: Any, sigma: float) -> BackgroundTable:
    return BackgroundTable(name, sigma, counts, None, {})


def _build_product(*, name: str, sigma: float, events: float, **projections: Any) -> BackgroundTable:
    return BackgroundTable(name, sigma, None, checks.real("events", events, low=0, high=1e30), projections)


_BACKGROUND: dict[str, Any] = {
    "name": ("name", read.text),
    "counts": ("counts", read.array),
    "sigma": ("sigma", read.number),
}
_PRODUCT: dict[str, Any] = {
    "name": ("name", read.text),
    "sigma": ("sigma", read.number),
    "events": ("events", read.number),
}
_RIGHT: dict[str, Any] = {"counts": (1.0,), "sigma": 0.1}
#: A background with other counts.
_BARE = Section(Background, _BACKGROUND, {"name": "x"} | _RIGHT)
