"""Parameters of interactions and nuclei: names, units, ranges and defaults, and the checks of their values."""

from __future__ import annotations

import dataclasses
import itertools
import keyword
import math
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks, units
from cevns.arrays import Value
from cevns.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from cevns._types import ArrayLike

__all__ = [
    "LARGEST_COUPLING",
    "LARGEST_MASS",
    "Parameter",
    "bound_name",
    "broadcast",
    "choose",
    "chosen",
    "common_shape",
    "coupling",
    "coupling_squared",
    "in_common",
    "mass",
    "needed",
    "owned",
    "rows_of",
    "unused_prior",
    "varying",
]

#: Largest coupling that is accepted: far beyond perturbation theory, and low enough that g^8 cannot overflow.
LARGEST_COUPLING = 1e10
#: Largest mass [MeV] of a mediator that is accepted.
LARGEST_MASS = 1e15
#: Least standard deviation of a prior that is accepted, and the inverse of the largest, and of the largest mean.
SMALLEST_SIGMA = 1e-30


@dataclass(frozen=True, eq=False, repr=False)
class Parameter(Value):
    """A number that predictions depend on.

    Parameters
    ----------
    name : str
        As a keyword in calls, configuration files and on the command line.
    unit : str
        Empty for a pure number.
    label : str
        As it is set in figures (Matplotlib's mathtext), without the unit; unless given, the name, as a symbol with its
        index where it is one.
    default : float, optional
        Value where none is given; without one, a value must be given.
    low, high : float
        Range, ends included.
    scale : {"linear", "log"}
        How it is best drawn and scanned.
    prior : (float, float), optional
        Mean and standard deviation of a Gaussian constraint.
    origin : float
        Value at which its amplitude vanishes: couplings start from here.
    reason : str
        Why the range begins where it does, and what to do, for messages.

    Examples
    --------
    >>> mass = Parameter("mass", "MeV", low=0.0, scale="log")
    >>> mass.number(10)
    10.0
    >>> mass.number(-1)
    Traceback (most recent call last):
        ...
    cevns.errors.InputError: mass = -1 is not allowed: it must be finite and at least 0 MeV
    """

    name: str
    unit: str = ""
    label: str = ""
    default: float | None = None
    low: float = -math.inf
    high: float = math.inf
    scale: str = "linear"
    prior: tuple[float, float] | None = None
    origin: float = 0.0
    reason: str = dataclasses.field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        checks.text("name of a parameter", self.name)
        # Python reads names in their normal form, in which another spelling would not be found
        normal = unicodedata.is_normalized("NFKC", self.name)
        if not self.name.isidentifier() or keyword.iskeyword(self.name) or not normal:
            raise InputError(f"name of a parameter = {self.name!r} is not allowed: it must be usable as a keyword")
        for field in ("unit", "label"):
            checks.words(field, getattr(self, field))
        if not self.unit.isprintable():
            raise InputError(f"unit of {self.name} = {self.unit!r} is not allowed: it must be one line of text")
        checks.known("scale", self.scale, ("linear", "log"))
        low, high = (self._end(field) for field in ("low", "high"))
        if not low < high:
            raise InputError(f"range of {self.name} is not allowed: low = {low!s} must lie below high = {high!s}")
        checks.put(self, low=low, high=high, origin=checks.real(f"origin of {self.name}", self.origin))
        if self.default is not None:
            checks.put(self, default=self.number(self.default))
        if self.prior is not None:
            mean, sigma = checks.array(f"prior of {self.name}", self.prior, ndim=1, length=2).tolist()
            # their ratio is squared
            checks.real(f"mean of the prior of {self.name}", mean, low=-1 / SMALLEST_SIGMA, high=1 / SMALLEST_SIGMA)
            checks.real(f"sigma of {self.name}", sigma, low=SMALLEST_SIGMA, high=1 / SMALLEST_SIGMA)
            checks.put(self, prior=(mean, sigma))
        if not self.label:
            checks.put(self, label=units.symbol(self.name))

    def _end(self, field: str) -> float:
        """Return an end of the range, which may be infinite."""
        value = getattr(self, field)
        if isinstance(value, (float, np.floating)) and math.isinf(value):
            return float(value)
        return checks.real(f"{field} of {self.name}", value)

    def __hash__(self) -> int:
        # not of everything: equality looks at the rest
        return hash(self.name)

    def replace(self, **changes: Any) -> Parameter:
        """Return a copy with some fields changed, for example ``default=0.0``."""
        return dataclasses.replace(self, **changes)

    def agrees(self, other: Parameter) -> bool:
        """Return whether another parameter takes the same numbers for the same, however it is called and drawn.

        Examples
        --------
        >>> mass(label="$M$").agrees(mass()), mass(high=1.0).agrees(mass())
        (True, False)
        """
        return self.replace(name=other.name, label=other.label, scale=other.scale) == other

    @property
    def axis_label(self) -> str:
        r"""Label with the unit, both typeset, for an axis of a figure.

        Examples
        --------
        >>> print(Parameter("r2_ee", "1e-32 cm2", r"$\langle r^2\rangle_{ee}$").axis_label)
        $\langle r^2\rangle_{ee}$ [$10^{-32}$ cm$^2$]
        """
        return units.axis_label(self.label, self.unit)

    def number(self, value: Any) -> float:
        """Return one value as a checked float; the default stands in for `None`.

        Raises
        ------
        InputError
            If the value is missing, not one plain number, or out of range.
        """
        found: float = self._checked(checks.real, self._given(value))
        return found

    def values(self, value: ArrayLike | None) -> Any:
        """Return one or many values as a checked float or array of any shape; the default stands in for `None`.

        Raises
        ------
        InputError
            If a value is missing, not a plain number, or out of range.
        """
        value = self._given(value)
        check = checks.real if isinstance(value, (int, float)) or type(value) in checks.SCALARS else checks.array
        return self._checked(check, value)

    def _checked(self, check: Callable[..., Any], value: Any) -> Any:
        try:
            return check(self.name, value, unit=self.unit, low=self.low, high=self.high)
        except InputError as error:
            if self.reason and (checks.floats(self.name, value) < self.low).any():
                raise InputError(f"{error}; {self.reason}") from None
            raise

    def _given(self, value: Any) -> Any:
        if value is None:
            value = self.default
        if value is None:
            raise InputError(f"{self.name} is missing: give a number{f' in {self.unit}' if self.unit else ''}")
        return value


def mass(name: str = "mass", **fields: Any) -> Parameter:
    """Return the mass of a mediator [MeV]."""
    usual: dict[str, Any] = {"label": "$M_{Z'}$", "low": 0.0, "high": LARGEST_MASS, "scale": "log"}
    return Parameter(name, "MeV", **(usual | fields))


def coupling(name: str = "coupling", **fields: Any) -> Parameter:
    """Return the coupling of a mediator, of which only the square counts."""
    usual: dict[str, Any] = {"label": "$g_{Z'}$", "low": 0.0, "high": LARGEST_COUPLING, "scale": "log"}
    return Parameter(name, **(usual | fields))


def coupling_squared(name: str = "coupling_squared", **fields: Any) -> Parameter:
    """Return the square of a mediator's coupling, which as a product of different couplings may be negative."""
    usual: dict[str, Any] = {"label": "$g_{Z'}^2$", "low": -LARGEST_COUPLING, "high": LARGEST_COUPLING}
    return Parameter(name, **(usual | fields))


def broadcast(parameters: Sequence[Parameter], given: Mapping[str, Any]) -> tuple[tuple[int, ...], np.ndarray]:
    """Return the common shape of many values, and one row of values for each point.

    Parameters
    ----------
    parameters : sequence of Parameter
        In the order of the columns.
    given : mapping of str to array_like
        Values by name; parameters that are left out take their defaults.

    Returns
    -------
    shape : tuple of int
        To which the values broadcast.
    rows : ndarray, shape (points, parameters)

    Raises
    ------
    InputError
        If a value is missing, not allowed, or their shapes do not fit together.

    Examples
    --------
    >>> shape, rows = broadcast([mass(), coupling()], {"mass": [[1.0], [2.0]], "coupling": [0.1, 0.2, 0.3]})
    >>> shape, rows.shape
    ((2, 3), (6, 2))
    """
    values = {parameter.name: parameter.values(given.get(parameter.name)) for parameter in parameters}
    shape = common_shape(values)
    return shape, rows_of(values.values(), shape)


def rows_of(values: Collection[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """Return one row for each point of a shape to which values broadcast.

    Examples
    --------
    >>> rows_of([np.array(1.0), np.array([2.0, 3.0])], (2,)).tolist()
    [[1.0, 2.0], [1.0, 3.0]]
    """
    rows = np.empty((*shape, len(values)))
    for i, value in enumerate(values):
        rows[..., i] = value
    return rows.reshape(math.prod(shape), len(values))


def varies(array: np.ndarray) -> bool:
    """Return whether an array holds different values.

    Examples
    --------
    >>> varies(np.array([1.0, 2.0])), varies(np.array([1.0, 1.0])), varies(np.array(1.0))
    (True, False, False)
    """
    return array.size > 1 and bool(array.flat[0] != array.flat[-1] or (array != array.flat[0]).any())


def common_shape(values: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the shape to which values broadcast.

    Raises
    ------
    InputError
        If they do not.
    """
    shapes = {name: np.shape(value) for name, value in values.items()}
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        found = [f"{name} of shape {shape}" for name, shape in shapes.items() if shape]
        raise InputError(
            f"{' and '.join(found)} do not broadcast; for a grid use {next(iter(shapes))}[:, None]"
        ) from None
    except RuntimeError:
        most = max(shapes, key=lambda name: len(shapes[name]))
        raise InputError(
            f"{most} has {len(shapes[most])} axes, more than NumPy broadcasts at once: reshape it to fewer"
        ) from None


def choose(
    parameters: Sequence[Parameter], own: Sequence[str], free: Sequence[str], fixed: Mapping[str, Any]
) -> tuple[Parameter, ...]:
    """Return the parameters that a function takes, in order: an interaction's own, then those named, less those fixed.

    Where own ones are named too, all that are named have the order in which they are, behind own ones without a
    default; others keep it. Names are those that `chosen` has checked.

    Examples
    --------
    >>> [p.name for p in choose((mass(), coupling(), Parameter("rn_ar")), ["mass", "coupling"], ["rn_ar"], {"mass": 1})]
    ['coupling', 'rn_ar']
    """
    known = {p.name: p for p in parameters}
    if not set(own).isdisjoint(free):
        own = [name for name in own if name not in free and known[name].default is None]
    return tuple(known[name] for name in dict.fromkeys((*own, *free)) if name not in fixed)


def chosen(
    parameters: Sequence[Parameter], free: Sequence[str], fixed: Mapping[str, Any]
) -> tuple[tuple[str, ...], dict[str, float]]:
    """Return the names of free parameters and the values of fixed ones, checked; one name may stand for itself.

    Raises
    ------
    UnknownNameError
        If a name is not among the parameters.
    InputError
        If a value is not one plain number, or out of range, or a parameter is to be free and fixed.

    Examples
    --------
    >>> chosen((mass(), Parameter("rn_ar")), "rn_ar", {"mass": 1})
    (('rn_ar',), {'mass': 1.0})
    """
    known = {p.name: p for p in parameters}
    free = (free,) if isinstance(free, str) else checks.sequence("free", free, str)
    for name in (*free, *fixed):
        checks.known("parameter", name, known)
    for name in free:
        if name in fixed:
            raise InputError(f"{name} cannot be free and have the value {checks.shown(fixed[name])}: leave one out")
    return tuple(free), {name: known[name].number(value) for name, value in fixed.items()}


def varying(
    parameters: Sequence[Parameter], own: Sequence[str], given: Mapping[str, Any]
) -> tuple[list[str], dict[str, Any]]:
    """Return the names of parameters that have several values, and the values of others, given or an interaction's own.

    A function of those alone serves one call, where one of all an interaction's own would have too many arguments.

    Raises
    ------
    InputError
        If a value is missing.

    Examples
    --------
    >>> varying((mass(), coupling(), Parameter("rn_ar")), ["mass", "coupling"], {"mass": 10.0, "coupling": [0.1, 0.2]})
    (['coupling'], {'mass': 10.0})
    """
    several = [name for name, value in given.items() if np.ndim(value)]
    alone = {name: value for name, value in given.items() if name not in several}
    missing = {p.name: p.number(None) for p in parameters if p.name in own and p.name not in given}
    return several, missing | alone


def bound_name(name: str, fixed: Mapping[str, float]) -> str:
    """Return what to call an interaction with values of some parameters.

    Examples
    --------
    >>> bound_name("b-l", {"mass": 10.0}), bound_name("sm", {})
    ('b-l with mass=10', 'sm')
    """
    return f"{name} with {', '.join(f'{n}={value:g}' for n, value in fixed.items())}" if fixed else name


def in_common(sets: Iterable[Sequence[Parameter]]) -> dict[str, Parameter]:
    """Return the parameters of several sets by name, each with the range that all of them allow."""
    found: dict[str, Parameter] = {}
    for parameter in itertools.chain(*sets):
        known = found.setdefault(parameter.name, parameter)
        if known is not parameter and known != parameter:
            # what differs has no value in common unless it is given
            common = known.default if known.default == parameter.default else None
            ends = {"low": max(known.low, parameter.low), "high": min(known.high, parameter.high)}
            found[parameter.name] = known.replace(default=common, **ends)
    return found


def unused_prior(parameter: Parameter) -> str:
    """Return what to say of a prior of a parameter that is neither free nor has a value: it would mean nothing."""
    mean, sigma = parameter.prior or (0.0, math.inf)
    return (
        f"{parameter.name} has the prior {mean:g} +- {sigma:g}, but is neither free nor has it a value: free it, in "
        f"an interval or contour by profiled={parameter.name!r} (--profile {parameter.name} of the command), give its "
        "value, or leave the prior out"
    )


def owned(given: Mapping[str, Any], own: Sequence[str], name: str) -> dict[str, Any]:
    """Return values without a mass or coupling of 0 or None that an interaction does not have.

    So that one call serves every interaction.

    Raises
    ------
    InputError
        If an interaction, called `name`, has no mass or coupling, but gets another value for one.

    Examples
    --------
    >>> owned({"mass": 0, "coupling": None, "rn_ar": 3.0}, [], "sm")
    {'rn_ar': 3.0}
    """
    found = dict(given)
    for key in ("mass", "coupling"):
        if key in found and key not in own:
            value = found.pop(key)
            if value is not None and checks.floats(key, value).any():
                raise InputError(f"{key} is given, but interaction {checks.shown(name)} has none: leave it out")
    return found


def needed(given: Mapping[str, Any], own: Sequence[str], name: str) -> dict[str, Any]:
    """Return the values of `owned` that are not None, which stands for what is not given.

    Examples
    --------
    >>> needed({"mass": 0, "coupling": 1e-5, "rn_ar": None}, ["coupling"], "nsi")
    {'coupling': 1e-05}
    """
    return {key: value for key, value in owned(given, own, name).items() if value is not None}
