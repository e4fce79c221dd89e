"""Poisson counts: the likelihood ratio of Baker and Cousins, minimised over every nuisance by SciPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special

from cevns.errors import ConvergenceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

#: Least expected count of a bin; a smaller one, which only pulls beyond -1 make, is taken for it.
FLOOR = 1e-6


def baker_cousins(observed: Any, expected: Any, floor: float = FLOOR) -> float:
    """chi2 = 2 sum(N - n + n ln(n / N)); Baker and Cousins, Nucl. Instrum. Meth. 221 (1984) 437.

    Parameters
    ----------
    observed, expected : array_like
        Counts n and N, of one shape.
    floor : float
        Least N of a bin.

    Examples
    --------
    >>> baker_cousins([3, 0], [3.0, 0.5])
    1.0
    """
    n, N = np.asarray(observed, dtype=float), np.maximum(expected, floor)
    return float(2 * np.sum(N - n + special.xlogy(n, n / N)))


def precision_of(sigmas: Any) -> Any:
    """Inverse of the covariance of independent pulls; an infinite sigma, a free pull, gives zero.

    Examples
    --------
    >>> precision_of([0.5, np.inf])
    array([[4., 0.],
           [0., 0.]])
    """
    return np.diag(1 / np.asarray(sigmas, dtype=float) ** 2)


def fit_normalisations(
    observed: Any, templates: Any, precision: Any, held: Any = 0.0, floor: float = FLOOR
) -> tuple[float, Any]:
    """Minimum of `baker_cousins` for N = held + sum_k (1 + a_k) template_k, with a' P a added.

    Convex, so that one start does.

    Parameters
    ----------
    observed : ndarray, shape (bins,)
        Counts.
    templates : ndarray, shape (k, bins)
        Counts that are scaled; those of a signal may be negative nowhere.
    precision : ndarray, shape (k, k)
        P, the inverse of the covariance of the pulls a; zero for one that is free.
    held : float or ndarray, shape (bins,)
        Counts that are not scaled.
    floor : float
        As `baker_cousins`.

    Returns
    -------
    chi2 : float
    pulls : ndarray, shape (k,)

    Raises
    ------
    ConvergenceError
        If counts are not finite, or the search does not end.

    Examples
    --------
    >>> chi2, pulls = fit_normalisations(np.array([12.0, 8.0]), np.array([[10.0, 10.0]]), precision_of([np.inf]))
    >>> round(chi2, 4), float(abs(pulls[0]) < 1e-9)
    (0.8054, 1.0)
    """
    n, t, P = (np.asarray(a, dtype=float) for a in (observed, templates, precision))
    if not np.isfinite(t).all():
        raise ConvergenceError("event counts are not finite: mass and coupling must be finite numbers")
    # scales 1 + a, since a loses the digits of a small one; a template far beyond the data begins where it meets them
    begin = np.minimum(n.sum() / np.maximum(t.sum(axis=1), 1e-300), 1.0)
    start = np.maximum(held + begin @ t, floor)
    # units in which every curvature at the start is about one; a signal without counts has none but its pull
    unit = 1 / np.sqrt((t**2 * np.maximum(n, 0.1) / start**2).sum(axis=1) + P.diagonal() + 1e-300)
    t = t * unit[:, None]

    def expected(x: Any) -> Any:
        return np.maximum(held + x @ t, floor)

    def value(x: Any) -> float:
        a = x * unit - 1
        return baker_cousins(n, expected(x), floor) + float(a @ P @ a)

    def slope(x: Any) -> Any:
        N = expected(x)
        return 2 * (t @ np.where(floor < N, 1 - n / N, 0.0) + unit * (P @ (x * unit - 1)))

    def curvature(x: Any) -> Any:
        N = expected(x)
        return 2 * ((t * np.where(floor < N, n / N**2, 0.0)) @ t.T + np.outer(unit, unit) * P)

    found = optimize.minimize(
        value, begin / unit, jac=slope, hess=curvature, method="trust-exact", options={"gtol": 1e-8, "maxiter": 2000}
    )
    # rounding of the value may stop it too early: what another step of Newton's would gain says whether it did
    left = 0.5 * found.jac @ np.linalg.lstsq(found.hess, found.jac, rcond=None)[0]
    if not left < 1e-9:
        raise ConvergenceError(f"normalisations of the oracle do not converge: {found.message}")
    return float(found.fun), found.x * unit - 1


def fit_shapes(
    observed: Any,
    templates: Callable[[Any], Any],
    precision: Any,
    shape_precision: Any,
    bounds: Any,
    starts: Any,
    held: Any = 0.0,
) -> tuple[float, Any, Any]:
    """Minimum of `fit_normalisations` over nuisances that change the templates, from several starts.

    Parameters
    ----------
    observed, precision, held
        As `fit_normalisations`.
    templates : callable
        From the shape nuisances z to templates of shape (k, bins).
    shape_precision : ndarray, shape (m, m)
        Inverse of the covariance of z; zero for one that is flat.
    bounds : sequence of (low, high), length m
        Ranges of z.
    starts : sequence of array_like, shape (m,)
        From each of which a minimum is looked for; the least is returned.

    Returns
    -------
    chi2 : float
    pulls : ndarray, shape (k,)
    shapes : ndarray, shape (m,)

    Examples
    --------
    >>> def tilted(z):
    ...     return np.array([[5.0 + z[0], 5.0 - z[0]]])
    >>> chi2, pulls, z = fit_shapes([4.0, 6.0], tilted, [[4.0]], [[1.0]], [(-3, 3)], [[0.0]])
    >>> round(chi2, 3), round(float(z[0]), 2)
    (0.288, -0.29)
    """

    def at(z: Any) -> tuple[float, Any]:
        chi2, pulls = fit_normalisations(observed, templates(z), precision, held)
        return chi2 + float(z @ shape_precision @ z), pulls

    def of(z: Any) -> float:
        return at(z)[0]

    how = {"method": "L-BFGS-B", "jac": "3-point", "options": {"ftol": 1e-14, "gtol": 1e-7, "maxfun": 5000}}
    fits = [optimize.minimize(of, np.array(start, dtype=float), bounds=bounds, **how) for start in starts]
    best = min(fits, key=lambda fit: fit.fun)
    chi2, pulls = at(best.x)
    return chi2, pulls, best.x
