"""Form factors of eq. 2.5 and the text below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from cevns.reference.constants import HBAR_C

if TYPE_CHECKING:
    from typing import Any

HELM_SKIN = 0.9  # fm; s of Helm's form factor, Phys. Rev. 104 (1956) 1466, arXiv:1710.02730
YUKAWA_RANGE = 0.7  # fm; a_k of Klein and Nystrand, nucl-th/9902259
SURFACE_THICKNESS = 2.30  # fm; t of the symmetrized Fermi distribution, arXiv:1710.02730


def _sphere(x: Any) -> Any:
    # 3 j1(x)/x through J_{3/2}: sin(x)/x^2 - cos(x)/x loses its digits at small x
    safe = np.where(x < 1e-6, 1.0, x)
    return np.where(x < 1e-6, 1 - x**2 / 10, 3 * np.sqrt(np.pi / 2) * special.jv(1.5, safe) / safe**1.5)


def helm(q: Any, R: float) -> Any:
    """Helm form factor, 3 j1(q R0)/(q R0) exp(-q^2 s^2/2) with R^2 = (3/5) R0^2 + 3 s^2.

    Parameters
    ----------
    q : float or ndarray
        Momentum transfer in MeV.
    R : float
        Rms radius in fm.

    Returns
    -------
    ndarray
        Form factor, shape of `q`. Source: Phys. Rev. 104 (1956) 1466, reference 29 of arXiv:2008.05022.

    Examples
    --------
    >>> float(helm(0.0, 5.01))
    1.0
    """
    q = np.asarray(q, dtype=float) / HBAR_C
    R0 = np.sqrt(5 / 3 * (R**2 - 3 * HELM_SKIN**2))
    return _sphere(q * R0) * np.exp(-((q * HELM_SKIN) ** 2) / 2)


def klein_nystrand(q: Any, R: float) -> Any:
    """Klein-Nystrand form factor, 3 j1(q R_A)/(q R_A) / (1 + q^2 a_k^2) with R^2 = (3/5) R_A^2 + 6 a_k^2.

    Arguments as `helm`. Source: nucl-th/9902259, reference 31 of arXiv:2008.05022.

    Examples
    --------
    >>> float(klein_nystrand(0.0, 5.01))
    1.0
    """
    q = np.asarray(q, dtype=float) / HBAR_C
    R_A = np.sqrt(5 / 3 * (R**2 - 6 * YUKAWA_RANGE**2))
    return _sphere(q * R_A) / (1 + (q * YUKAWA_RANGE) ** 2)


def symmetrized_fermi(q: Any, R: float) -> Any:
    """Symmetrized Fermi form factor, with a = t/(4 ln 3) and R^2 = (3/5) c^2 + (7/5) (pi a)^2.

    Arguments as `helm`. Source: arXiv:1604.07799, reference 30 of arXiv:2008.05022. The closed form loses digits
    at small q, as (q R)^-2; below q R = 1e-3 the term 1 - q^2 R^2/6 stands in.

    Examples
    --------
    >>> float(symmetrized_fermi(0.0, 5.01))
    1.0
    """
    q = np.asarray(q, dtype=float) / HBAR_C
    a = SURFACE_THICKNESS / (4 * np.log(3))
    c = np.sqrt(5 / 3 * (R**2 - 7 / 5 * (np.pi * a) ** 2))
    small = q * R < 1e-3
    safe = np.where(small, 1.0, q)
    x, y = safe * c, np.pi * safe * a
    closed = 3 / (x * (x**2 + y**2)) * y / np.sinh(y) * (y * np.sin(x) / np.tanh(y) - x * np.cos(x))
    return np.where(small, 1 - (q * R) ** 2 / 6, closed)


def point(q: Any, R: float) -> Any:
    """Form factor of a point, 1 at every `q` and `R`.

    Examples
    --------
    >>> float(point(50.0, 5.01))
    1.0
    """
    return np.ones_like(q, dtype=float)


FORM_FACTORS = {
    "helm": helm,
    "klein-nystrand": klein_nystrand,
    "symmetrized-fermi": symmetrized_fermi,
    "point": point,
}
