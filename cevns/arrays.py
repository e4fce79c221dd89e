"""What NumPy lacks, or does at a price."""

from __future__ import annotations

import dataclasses
import functools
import operator
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from cevns._types import Array, ArrayLike


__all__ = [
    "Brief",
    "ByValue",
    "Polynomial",
    "Value",
    "below",
    "equal",
    "gauss_legendre",
    "lagrange",
    "legendre",
    "product",
    "span",
    "unique",
]


class ByValue:
    """Base of results that hold arrays: equal if all their fields are, and not hashable, since arrays can change."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return equal(self, other)


class Brief:
    """Base of dataclasses that hold long tuples of numbers, of which `repr` shows the ends."""

    __slots__ = ()
    #: The longest tuple that is shown as it is.
    _longest: ClassVar[int] = 6

    def __repr__(self) -> str:
        fields = [f.name for f in dataclasses.fields(self) if f.repr]  # type: ignore[arg-type]  # of dataclasses alone
        return f"{type(self).__name__}({', '.join(f'{name}={self._brief(getattr(self, name))}' for name in fields)})"

    def _brief(self, value: Any) -> str:
        if isinstance(value, tuple) and len(value) > self._longest:
            first, second, last = (self._brief(value[i]) for i in (0, 1, -1))
            return f"({first}, {second}, ..., {last}: {len(value)} values)"
        if isinstance(value, np.ndarray) and value.size > self._longest:
            return f"<array of shape {value.shape}>"
        return repr(value)


class Value(Brief):
    """Base of frozen dataclasses that are equal if all their fields are, and hashed by these.

    `dataclass` would compile the same functions for each of them, which takes longer than all else of the import.

    Examples
    --------
    >>> @dataclasses.dataclass(frozen=True, eq=False, repr=False)
    ... class Point(Value):
    ...     x: float
    >>> Point(1.0) == Point(1.0), hash(Point(1.0)) == hash(Point(1.0)), Point(2.0)
    (True, True, Point(x=2.0))
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        kind: Any = self.__class__
        return bool(_compared(kind)(self) == _compared(kind)(other))

    def __hash__(self) -> int:
        kind: Any = self.__class__
        return hash(_compared(kind)(self))


@functools.cache
def _compared(kind: Any) -> Callable[[Any], Any]:
    """Return what finds the fields of a dataclass that are compared."""
    names = [f.name for f in dataclasses.fields(kind) if f.compare]
    # for a single name it finds no tuple, and for none it is an error
    return operator.attrgetter(*names) if len(names) > 1 else lambda one: tuple(getattr(one, name) for name in names)


class Polynomial:
    """Polynomial of least squares through points, which `numpy.polynomial` is too long to import for.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Points, x ascending.
    degree : int
        Of the polynomial, less than n.

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 4.0])
    >>> Polynomial(x, x**2, degree=2)(np.array([3.0])).round(12).tolist()
    [9.0]
    """

    def __init__(self, x: Array, y: Array, degree: int) -> None:
        self._ends = float(x[0]), float(x[-1])
        self._coefficients = np.linalg.lstsq(legendre(self._place(x), degree + 1).T, y, rcond=None)[0].tolist()

    def _place(self, x: Array) -> Array:
        first, last = self._ends
        return (2 * x - first - last) / (last - first)

    def __call__(self, x: Array) -> Array:
        """Return the values at x of any shape, which does not matter to the last digit."""
        x = self._place(x)
        # Clenshaw's recurrence
        found, above = np.zeros_like(x), np.zeros_like(x)
        for k, coefficient in reversed([*enumerate(self._coefficients)]):
            found, above = coefficient + (2 * k + 1) / (k + 1) * x * found - (k + 1) / (k + 2) * above, found
        return found


def equal(a: object, b: object) -> bool:
    """Return whether two values are equal, arrays inside sequences and mappings element by element, NaN to NaN.

    Examples
    --------
    >>> equal({"x": np.array([1.0, np.nan])}, {"x": np.array([1.0, np.nan])})
    True
    """
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        a, b = np.asarray(a), np.asarray(b)
        return bool(
            a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc" and b.dtype.kind in "fc")
        )
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(map(equal, a, b))
    if dataclasses.is_dataclass(a) and type(a) is type(b):
        return all(equal(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(value, b[key]) for key, value in a.items())
    return bool(a == b) or (isinstance(a, float) and isinstance(b, float) and a != a and b != b)


def gauss_legendre(order: int) -> tuple[Array, Array]:
    """Return the nodes, ascending in (-1, 1), and the weights of a Gauss-Legendre rule.

    `numpy.polynomial`, which has it too, is not imported with NumPy, and takes longer than any module here.

    Examples
    --------
    >>> nodes, weights = gauss_legendre(2)
    >>> (3 * nodes**2).round(12).tolist(), weights.round(12).tolist()
    ([1.0, 1.0], [1.0, 1.0])
    """
    nodes = np.cos(np.pi * (np.arange(order, 0, -1) - 0.25) / (order + 0.5))
    # Newton's steps double the digits, of which the formula above has two or more
    for _ in range(4):
        below, last = legendre(nodes, order + 1)[-2:]
        slope = order * (below - nodes * last) / (1 - nodes**2)
        nodes = nodes - last / slope
    nodes, weights = 0.5 * (nodes - nodes[::-1]), 1 / ((1 - nodes**2) * slope**2)
    weights += weights[::-1]
    return nodes, weights * (2 / weights.sum())


def lagrange(nodes: Array, weights: Array) -> Array:
    """Return the share of each Legendre polynomial in the Lagrange polynomials of Gauss-Legendre nodes, shape (n, n).

    Examples
    --------
    >>> nodes, weights = gauss_legendre(2)
    >>> (legendre(nodes, 2).T @ lagrange(nodes, weights)).round(12).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    shares: Array = (np.arange(nodes.size)[:, None] + 0.5) * legendre(nodes, nodes.size) * weights
    return shares


def legendre(x: Array, count: int) -> Array:
    """Return the first `count` Legendre polynomials, shape (count, ...), at any x.

    Examples
    --------
    >>> legendre(np.array([0.5]), 3).ravel().tolist()
    [1.0, 0.5, -0.125]
    """
    out = np.empty((count, *x.shape))
    out[0] = 1.0
    out[1:2] = x
    for k in range(2, count):
        np.multiply(x, out[k - 1], out=out[k, ...])
        out[k] *= (2 * k - 1) / k
        out[k] -= (1 - 1 / k) * out[k - 2]
    return out


def below(value: float, end: float, digits: int = 4) -> str:
    """Return a number in few digits, but in as many as tell it from an end that it lies below: a confidence level.

    Examples
    --------
    >>> below(0.9, 1), below(0.99999, 1), below(1 - 1e-16, 1)
    ('0.9', '0.99999', '0.9999999999999999')
    """
    texts = (f"{value:.{more}g}" for more in range(digits, 18))
    return next((text for text in texts if float(text) < end), repr(value))


#: Multiplications in one product of matrices, below which BLAS libraries use one thread: OpenBLAS up to 2^18.
_FEW = 250_000


def product(a: Array, b: Array) -> Array:
    """Return ``a @ b`` of two matrices by blocks that are too small to be shared among threads.

    Threads of a BLAS library that wait for each other cost many times the product where the machine is busy.

    Examples
    --------
    >>> product(np.ones((2, 3)), np.ones((3, 100_000))).sum()
    np.float64(600000.0)
    """
    step = max(_FEW // max(a.size, 1), 1)
    if b.shape[1] <= step:
        return a @ b
    out = np.empty((a.shape[0], b.shape[1]))
    for first in range(0, b.shape[1], step):
        np.matmul(a, b[:, first : first + step], out=out[:, first : first + step])
    return out


def span(name: str, values: ArrayLike, unit: str = "") -> str:
    """Return in a few words what an array, or a single number, holds.

    Examples
    --------
    >>> span("mass", [1.0, 30.0, 1000.0], "MeV")
    '3 values of mass from 1 to 1000 MeV'
    >>> span("coupling", 1e-5)
    'coupling 1e-05'
    """
    values, unit = np.asarray(values, dtype=float), f" {unit}" if unit else ""
    if values.size == 1:
        return f"{name} {values.item():.4g}{unit}"
    if not values.size:
        return f"no values of {name}"
    return f"{values.size} values of {name} from {values.min():.4g} to {values.max():.4g}{unit}"


def unique(values: ArrayLike) -> Array:
    """Return the different values in ascending order.

    `numpy.unique` imports `numpy.ma` when it is first called, a tenth of the time from a cold interpreter to a result.

    Examples
    --------
    >>> unique([3.0, 1.0, 3.0]).tolist()
    [1.0, 3.0]
    """
    ordered = np.sort(np.asarray(values, dtype=float), axis=None)
    return ordered[np.concatenate([[True], ordered[1:] > ordered[:-1]])] if ordered.size else ordered
