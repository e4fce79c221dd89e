"""Nuisances of a configuration file: what scales components, what deforms a response, times or templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.config import readers as read
from cevns.config.readers import Reader, Section, join
from cevns.config.responses import efficiency, quenching, resolution, response
from cevns.detectors import PolynomialQuenching, QuenchingByNucleus, ResponseShape, TimeOffset
from cevns.errors import CevnsError, InputError
from cevns.likelihoods import Deformation, Nuisance

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cevns._types import Array
    from cevns.config.axes import Axes, Shares
    from cevns.predictions import Signal

__all__ = ["SIGNAL", "DeformationTable", "check_names", "correlations", "nuisances", "shapes"]

#: What nuisances call the signal.
SIGNAL = "signal"


@dataclass(frozen=True)
class DeformationTable:
    """The table of a deformation.

    Attributes
    ----------
    name, of : str
        Of the nuisance, and of what it deforms.
    up, down : ndarray or None
        In any shape that fits the axes.
    rest : mapping of str to float
        Its reach, if it is given.
    """

    name: str
    of: str
    up: Array
    down: Array | None
    rest: Mapping[str, float]

    def made(self, reader: Reader, axes: Axes, where: str) -> Deformation | None:
        """Return the deformation, or list what is wrong with it."""
        before = len(reader.problems)
        sides = {name: v for name, v in (("up", self.up), ("down", self.down)) if v is not None}
        flat = {name: axes.flat(reader, values, join(where, name)) for name, values in sides.items()}
        given = [values for values in flat.values() if values is not None]
        if len(given) < len(flat):
            # what else is wrong with it
            for values in given:
                axes.build(reader, lambda v: Deformation(self.name, self.of, v, **self.rest), where, values)
            return None

        def build(up: Array, down: Array | None = None) -> Deformation:
            return Deformation(self.name, self.of, up, down, **self.rest)

        found: Deformation | None = axes.build(reader, build, where, *given)
        if found is None and len(given) > 1:
            # up, which is looked at first, does not hide what is wrong with down
            axes.build(reader, lambda v: build(np.ones(v.size), v), where, given[1])
        return None if len(reader.problems) > before else found

    def of_templates(self, reader: Reader, signal: Signal, shares: Shares, where: str) -> Deformation | None:
        """Return a deformation of the signal whose templates are expected counts, as that of its distribution."""
        sides = [
            v if v is None else shares.of_template(reader, signal, v, join(where, name))
            for name, v in (("up", self.up), ("down", self.down))
        ]
        if sides[0] is None or (sides[1] is None and self.down is not None):
            return None
        up, down = (None if side is None else side.shares for side in sides)
        return Deformation(self.name, self.of, up, down, **self.rest)


def check_names(reader: Reader, kind: str, given: Iterable[tuple[str, str]], known: Sequence[str]) -> None:
    """List names that are none of those that are known; `given` are paths with names."""
    for where, name in given:
        try:
            checks.known(kind, name, dict.fromkeys(known))
        except CevnsError as error:
            reader.problem(where, error)


@read.takes(lambda of: {"anyOf": [of.value(one) for one in (read.text, read.texts, read.couplings)]})
def _components(reader: Reader, value: Any, where: str) -> Any:
    """The name of a component, names of several, or a table of how much of the pull each one takes."""
    if isinstance(value, dict):
        return read.couplings(reader, value, where)
    return read.text(reader, value, where) if isinstance(value, str) else read.texts(reader, value, where)


def _build_side(**parts: Any) -> Any:
    if len(parts) != 1:
        raise InputError(f"give one of {', '.join(_SIDE)}, got {', '.join(parts) or 'none'}")
    (found,) = parts.values()
    return QuenchingByNucleus(found) if isinstance(found, dict) else found


def _build_deformation(*, name: str, of: str, up: Any, down: Any = None, **rest: Any) -> DeformationTable:
    # refuses what is wrong beside the templates
    Deformation(name, of, np.ones(1), **rest)
    return DeformationTable(name, of, up, down, rest)


def _build_correlation(*, of: Any, value: float) -> tuple[tuple[str, str], float]:
    if len(of) != 2:
        raise InputError(f"of must be the names of two nuisances, got {len(of)}")
    return (of[0], of[1]), checks.real("value", value, low=-1, high=1)


_NUISANCE = Section(
    Nuisance,
    {"name": ("name", read.text), "sigma": ("sigma", read.number_or_inf), "of": ("of", _components)},
    {"name": "x", "sigma": 0.1},
)
#: The reader of one nuisance, or of several.
nuisances = read.one_or_more(read.a(_NUISANCE, "nuisance"))
_SIDE: dict[str, Any] = {
    "quenching": ("quenching", quenching),
    "efficiency": ("efficiency", efficiency),
    "resolution": ("resolution", resolution),
    "response": ("response", response),
}
_side = read.a(Section(_build_side, _SIDE), "side")
_SHAPES = {
    "response": Section(
        ResponseShape,
        {
            "name": ("name", read.text),
            "up": ("up", _side),
            "down": ("down", _side),
            "low": ("low", read.number),
            "high": ("high", read.number),
        },
        {"name": "x", "up": PolynomialQuenching((0.1,)), "down": PolynomialQuenching((0.1,))},
        {"up": frozenset({"down"}), "down": frozenset({"up"})},
    ),
    "time-offset": Section(
        TimeOffset,
        {
            "name": ("name", read.text),
            "low_us": ("low", read.number),
            "high_us": ("high", read.number),
            "sigma_us": ("sigma", read.number_or_inf),
        },
        {"low": -1.0, "high": 1.0},
    ),
    "deformation": Section(
        _build_deformation,
        {
            "name": ("name", read.text),
            "of": ("of", read.text),
            "up": ("up", read.array),
            "down": ("down", read.array),
            "reach": ("reach", read.number),
        },
        {"name": "x", "of": SIGNAL, "up": np.ones(1)},
        told_by=(Deformation,),
    ),
}
#: The reader of one shape, or of several.
shapes = read.one_or_more(read.one_of(_SHAPES, "shape"))
_CORRELATION = Section(
    _build_correlation,
    {"of": ("of", read.texts), "value": ("value", read.number)},
    {"of": ("x", "y"), "value": 0.0},
    means={"of": "Names of two nuisances.", "value": "From -1 to 1."},
)
#: The reader of one correlation, or of several.
correlations = read.one_or_more(read.a(_CORRELATION, "correlation"))
