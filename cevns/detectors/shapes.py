"""Shapes: how the numbers of a response move with nuisances, from what they are one standard deviation up and down."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import equal
from cevns.detectors.base import DetectorResponse
from cevns.detectors.by_nucleus import QuenchingByNucleus
from cevns.detectors.efficiency import Efficiency
from cevns.detectors.quenching import Quenching
from cevns.detectors.resolution import Resolution
from cevns.detectors.smooth import SmoothEfficiency
from cevns.detectors.templates import TemplateResponse
from cevns.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["LARGEST_SHIFT", "ResponseShape", "shaped"]

#: Standard deviations that a shape may be moved by at most.
LARGEST_SHIFT = 10.0
#: Parts of a response that stand for the whole, and the field that each of them is.
_PARTS = {
    (Quenching, QuenchingByNucleus): "quenching",
    (Efficiency, SmoothEfficiency): "efficiency",
    (Resolution,): "resolution",
}
#: Ends of numbers that stay shares, however far they are moved.
_LIMITS = {(Efficiency, "values"): (0.0, 1.0), (TemplateResponse, "templates"): (0.0, np.inf)}


@dataclass(frozen=True)
class ResponseShape:
    """An uncertainty that changes a response's form, known by the responses one standard deviation up and down.

    Parameters
    ----------
    name : str
        Of the nuisance.
    up, down : DetectorResponse, or Quenching, efficiency or resolution
        What is there at +1 and -1: the whole response, or the part that moves.
    low, high : float
        Standard deviations between which it may be moved, from -10 to 10.

    Raises
    ------
    InputError
        If `up` and `down` are of different structure, or the range does not hold 0.

    Examples
    --------
    >>> from cevns.detectors import LogisticEfficiency
    >>> up = LogisticEfficiency(1.3439, 0.285366, 9.84596, -0.356364)
    >>> ResponseShape("efficiency", up, LogisticEfficiency(1.297, 0.286592, 11.8832, -0.31028)).low
    -3.0
    """

    name: str
    up: Any
    down: Any
    low: float = -3.0
    high: float = 3.0

    def __post_init__(self) -> None:
        checks.text("name of a shape", self.name)
        for side in ("up", "down"):
            kinds = (DetectorResponse, *(kind for kinds in _PARTS for kind in kinds))
            checks.instance(f"{side} of shape {self.name!r}", getattr(self, side), kinds)
        _check_alike(self.up, self.down, f"up and down of shape {self.name!r}")
        low = checks.real("low", self.low, low=-LARGEST_SHIFT, high=0)
        checks.put(self, low=low, high=checks.real("high", self.high, low=0, high=LARGEST_SHIFT))
        if not self.low < self.high:
            raise InputError(f"low = {self.low:g} and high = {self.high:g} of shape {self.name!r} leave no room")

    @property
    def part(self) -> str | None:
        """Field of the response that moves; None for all of it."""
        return next((field for kinds, field in _PARTS.items() if isinstance(self.up, kinds)), None)


def shaped(response: Any, shapes: Sequence[ResponseShape], z: Mapping[str, float]) -> Any:
    """Return a response whose numbers are moved by shapes: each c to c + sum_m z_m (c_up,m - c_down,m) / 2.

    Numbers are coefficients of a quenching factor, the light yield, parameters of an efficiency or a resolution, and
    rows of tables, whose efficiencies stay within 0 and 1.

    Parameters
    ----------
    response : DetectorResponse
        The nominal one.
    shapes : sequence of ResponseShape
        With names that differ.
    z : mapping of str to float
        By name, in standard deviations; those that are left out are 0.

    Returns
    -------
    DetectorResponse

    Raises
    ------
    InputError
        If a shape is of another structure than the response, a shift is out of its range, or what follows is no
        response.
    UnknownNameError
        If there is no shape of a name.

    Examples
    --------
    >>> from cevns.detectors import PolynomialQuenching, Response
    >>> nominal = Response(PolynomialQuenching((0.08,)), [1, 2, 4])
    >>> yields = ResponseShape("yield", PolynomialQuenching((0.09,)), PolynomialQuenching((0.07,)))
    >>> round(shaped(nominal, [yields], {"yield": 0.5}).quenching.coefficients[0], 12)
    0.085
    """
    checks.instance("response", response, DetectorResponse)
    shapes = checks.sequence("shapes", shapes, ResponseShape)
    names = [shape.name for shape in shapes]
    checks.differ("names of shapes", names)
    for name in z:
        checks.known("shape", name, names)
    moves: dict[str | None, list[tuple[float, Any, Any]]] = {}
    for shape in shapes:
        value = checks.real(f"z of {shape.name!r}", z.get(shape.name, 0.0), low=shape.low, high=shape.high)
        nominal = response if shape.part is None else getattr(response, shape.part, None)
        _check_alike(nominal, shape.up, f"the response and shape {shape.name!r}")
        if value:
            moves.setdefault(shape.part, []).append((value, shape.up, shape.down))
    try:
        whole = moves.pop(None, [])
        found = _moved(response, whole)
        if moves:
            # a part may be moved as part of the whole too
            parts = {part: _moved(getattr(found, str(part)), steps) for part, steps in moves.items()}
            found = _replaced(found, parts)
    except InputError as error:
        shifts = ", ".join(f"{name} = {value:g}" for name, value in z.items())
        raise InputError(f"shapes moved by {shifts} leave no response: {error}; narrow their ranges") from error
    return found


def _replaced(thing: Any, changes: Mapping[str | None, Any]) -> Any:
    given = {f.name: getattr(thing, f.name) for f in dataclasses.fields(thing) if f.init}
    if "edges" in given:
        # with the name of the axis
        given["edges"] = thing.axis
    return type(thing)(**given | {str(name): value for name, value in changes.items()})


def _moved(nominal: Any, steps: Sequence[tuple[float, Any, Any]]) -> Any:
    """Return something with all its numbers moved, by shifts from its like at +1 and at -1."""
    if not steps or nominal is None:
        return nominal
    if isinstance(nominal, QuenchingByNucleus):
        return QuenchingByNucleus({k: _moved(v, [(z, u[k], d[k]) for z, u, d in steps]) for k, v in nominal.items()})
    changes = {}
    for name in nominal.moves:
        value = getattr(nominal, name)
        sides = [(z, getattr(up, name), getattr(down, name)) for z, up, down in steps]
        if all(equal(value, up) and equal(value, down) for _, up, down in sides):
            continue
        if isinstance(value, (float, tuple)):
            moved = np.asarray(value) + sum(z * (np.asarray(up) - np.asarray(down)) / 2 for z, up, down in sides)
            moved = np.clip(moved, *_LIMITS.get((type(nominal), name), (-np.inf, np.inf)))
            changes[name] = moved if isinstance(value, tuple) else float(moved)
        else:
            changes[name] = _moved(value, sides)
    return _replaced(nominal, changes) if changes else nominal


def _check_alike(one: Any, other: Any, what: str) -> None:
    """Refuse two things that have not the same structure: another type, or other numbers that cannot move."""
    if type(one) is not type(other):
        kinds = [type(thing).__name__ for thing in (one, other)]
        raise InputError(f"{what} do not match: {kinds[0]} and {kinds[1]}; they must be of the same kind")
    if one is None:
        return
    if isinstance(one, QuenchingByNucleus):
        if one.keys() != other.keys():
            raise InputError(f"{what} do not match: quenching of {', '.join(one)} and of {', '.join(other)}")
        for name in one:
            _check_alike(one[name], other[name], what)
        return
    if not dataclasses.is_dataclass(one) or not hasattr(one, "moves"):
        raise InputError(f"{what}: {type(one).__name__} has no numbers that are known to move; give a table")
    for field in dataclasses.fields(one):
        if not field.init:
            continue
        a, b = getattr(one, field.name), getattr(other, field.name)
        if field.name not in one.moves:
            if not equal(a, b):
                raise InputError(
                    f"{what} do not match: {field.name} of {type(one).__name__} is {checks.shown(a)} and "
                    f"{checks.shown(b)}; it does not move, and must be the same"
                )
        elif isinstance(a, tuple) and isinstance(b, tuple):
            if np.shape(a) != np.shape(b):
                raise InputError(
                    f"{what} do not match: {field.name} of {type(one).__name__} are {len(a)} and {len(b)}; fill up "
                    "with zeros what is not there"
                )
        elif not (isinstance(a, float) and isinstance(b, float)):
            _check_alike(a, b, what)
