"""Axes of couplings that have both signs: linear, or logarithmic on either side of what is linear around 0."""

from __future__ import annotations

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cevns._types import Array

__all__ = ["signed_end", "signed_order", "signed_scale"]

#: Largest value in units of the least that is still seen on a linear axis.
LINEAR = 30.0


def signed_scale(values: Array) -> dict[str, Any]:
    """Return the scale on which values of both signs are told apart, as options of ``set_yscale``.

    It is linear where that shows the least of them too, and where they are evenly spaced.

    Examples
    --------
    >>> signed_scale(np.array([-2e-9, 1e-9])), signed_scale(np.array([-2e-3, 3e-9]))
    ({'value': 'linear'}, {'value': 'symlog', 'linthresh': 1e-09})
    """
    size = np.abs(values[np.isfinite(values) & (values != 0)])
    steps = np.diff(values)
    even = values.size > 2 and np.allclose(steps, steps[0], rtol=1e-6, atol=0.0)
    if even or not size.size or size.max() <= LINEAR * size.min():
        return {"value": "linear"}
    return {"value": "symlog", "linthresh": float(10.0 ** np.floor(np.log10(size.min())))}


def signed_end(value: float, scale: dict[str, Any]) -> float:
    """Return where an axis of such a scale ends beyond a value: at the next power of ten, or a little further."""
    if scale["value"] == "linear":
        return 1.3 * value
    size = max(2 * abs(value), scale["linthresh"])
    return float(np.copysign(10.0 ** np.ceil(np.log10(size)), value))


def signed_order(values: Array, unit: float) -> Array:
    """Return values of both signs as they lie on an axis that is linear up to a unit and logarithmic beyond."""
    found: Array = np.arcsinh(values / unit)
    return found
