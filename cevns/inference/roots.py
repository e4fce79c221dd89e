"""Roots of many functions at once, each between two values at which its sign differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from cevns._types import Array

__all__ = ["COARSER", "NARROWEST", "bracketed"]

#: What a root may leave of the function, and most steps.
ROOT, STEPS = 1e-9, 80
#: Width of a bracket, as a share of what it holds, at which doubles end.
NARROWEST = 1e-15
#: The same where each value costs a fold, and a jump would be followed to the last digit.
COARSER = 1e-9


def bracketed(
    function: Callable[[Array, np.ndarray], Array],
    a: Array,
    b: Array,
    fa: Array,
    fb: Array,
    accuracy: float = ROOT,
    narrowest: float = NARROWEST,
) -> tuple[Array, Array]:
    """Return roots by Chandrupatla's method (Adv. Eng. Software 28 (1997) 145), and what they leave of the function.

    Parameters
    ----------
    function : callable
        Takes arguments and the indices of the functions that they belong to, both of shape (k,).
    a, b, fa, fb : ndarray, shape (m,)
        Ends of the brackets, and the functions there, whose signs differ.
    accuracy : float
        What a root may leave of the function.
    narrowest : float
        Width of a bracket, as a share of what it holds, that is as good as a root.
    """
    a, b, fa, fb = (np.array(x, dtype=float) for x in (a, b, fa, fb))
    c, fc, fraction = a.copy(), fa.copy(), np.full(a.size, 0.5)
    for _ in range(STEPS):
        left = np.minimum(np.abs(fa), np.abs(fb))
        i = np.flatnonzero((left > accuracy) & (np.abs(b - a) > narrowest * (np.abs(a) + np.abs(b))))
        if not i.size:
            break
        x = a[i] + fraction[i] * (b[i] - a[i])
        fx = function(x, i)
        same = (fx > 0) == (fa[i] > 0)
        c[i], fc[i] = np.where(same, a[i], b[i]), np.where(same, fa[i], fb[i])
        b[i], fb[i] = np.where(same, b[i], a[i]), np.where(same, fb[i], fa[i])
        a[i], fa[i] = x, fx
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
            quick = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
            step = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        fraction = np.where(quick & np.isfinite(step), step, 0.5).clip(1e-6, 1 - 1e-6)
    better = np.abs(fa) <= np.abs(fb)
    return np.where(better, a, b), np.where(better, fa, fb)
