"""The least-squares functions 4.1 and 4.2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize

from cevns.errors import ConvergenceError
from cevns.reference.constants import pick
from cevns.reference.cross_sections import couplings_of
from cevns.reference.data import load_argon, load_csi
from cevns.reference.events import events_argon, events_csi

if TYPE_CHECKING:
    from typing import Any


def _least_squares(observed: Any, sigma: Any, templates: Any, pull_sigmas: Any) -> Any:
    # minimum over the scale of each template of the squares of residuals and pulls, and the scales
    pulls = np.diag(1 / np.asarray(pull_sigmas))
    A = np.vstack([np.transpose(templates) / sigma[:, None], pulls])
    y = np.concatenate([observed / sigma, pulls.diagonal()])
    # columns of length one, or lstsq drops the backgrounds as negligible beside a huge signal
    length = np.linalg.norm(A, axis=0)
    scales = np.linalg.lstsq(A / length, y, rcond=None)[0] / length
    return float(np.sum((y - A @ scales) ** 2)), scales.tolist()


def chi2_csi(
    model: Any,
    mass: float = 0.0,
    coupling: float = 0.0,
    eta: float | None = None,
    quenching: Any = "chicago-3",
    form_factor: str = "helm",
    method: str = "fixed",
    folder: Any = None,
) -> Any:
    """Least-squares function of CsI, eq. 4.1, minimised over alpha, beta and, unless it is given, eta.

    Arguments as `events_csi`.

    Returns
    -------
    chi2 : float
    pulls : dict
        alpha_c, beta_c and eta at the minimum.

    Raises
    ------
    ConvergenceError
        If there is no minimum for eta between 0.4 and 2.

    Examples
    --------
    >>> round(chi2_csi("sm")[0], 2)
    2.84
    """
    data, couplings = load_csi(folder), couplings_of(model)

    def at(eta: float) -> Any:
        counts = events_csi(couplings, mass, coupling, eta, quenching, form_factor, method, folder)
        chi2, scales = _least_squares(data.observed, data.sigma, [counts, data.background], [0.112, 0.25])
        return chi2 + ((eta - 1) / 0.051) ** 2, scales

    if eta is None:
        # refine around each minimum of a grid, because nothing guarantees that there is only one
        grid = np.linspace(0.4, 2.0, 81)
        scan = np.array([at(e)[0] for e in grid])
        minima = [j for j in range(1, 80) if scan[j] <= min(scan[j - 1], scan[j + 1])]
        fits = [
            optimize.minimize_scalar(lambda e: at(e)[0], bounds=grid[[j - 1, j + 1]], options={"xatol": 1e-10})
            for j in minima
        ]
        if not fits:
            raise ConvergenceError("chi2 of CsI has no minimum for eta between 0.4 and 2.0")
        eta = float(min(fits, key=lambda fit: fit.fun).x)
    chi2, (signal, background) = at(eta)
    return chi2, {"alpha_c": signal - 1, "beta_c": background - 1, "eta": eta}


def chi2_argon(
    model: Any,
    mass: float = 0.0,
    coupling: float = 0.0,
    form_factor: str = "helm",
    method: str = "fixed",
    folder: Any = None,
) -> Any:
    """Least-squares function of argon, eqs 4.2 to 4.7 for fixed R_n, minimised over the three normalisations.

    Arguments as `events_argon`.

    Returns
    -------
    chi2 : float
    pulls : dict
        eta_CEvNS, eta_PBRN and eta_LBRN at the minimum.

    Examples
    --------
    >>> round(chi2_argon("sm")[0], 2)
    8.86
    """
    data = load_argon(folder)
    counts = events_argon(model, mass, coupling, form_factor, method, folder)
    energy_shape = np.sqrt(0.058**2 / 12) * (data.prompt + data.late)  # eqs 4.3, 4.4
    sigma = np.sqrt(data.sigma_exp**2 + energy_shape**2)
    chi2, scales = _least_squares(data.observed, sigma, [counts, data.prompt, data.late], [0.134, 0.32, 1.0])
    return chi2, dict(zip(("eta_CEvNS", "eta_PBRN", "eta_LBRN"), scales, strict=True))


def chi2(experiments: Any, model: Any, mass: float = 0.0, coupling: float = 0.0, form_factor: str = "helm") -> Any:
    """Sum of the least-squares functions of "coherent-csi-2017" and "coherent-argon-2020", those that are named.

    Examples
    --------
    >>> round(float(chi2(["coherent-argon-2020"], "sm")), 3)
    8.857
    """
    functions = {"coherent-csi-2017": chi2_csi, "coherent-argon-2020": chi2_argon}
    return sum(
        pick("experiment", functions, name)(model, mass, coupling, form_factor=form_factor)[0] for name in experiments
    )
