"""Data sets and quenching factors, parsed anew from the released files."""

from __future__ import annotations

import functools
import importlib.resources
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from cevns.reference.constants import pick

if TYPE_CHECKING:
    from typing import Any

LIGHT_YIELD = 13.348  # PE/keVee; coherent_parameters.yaml, arXiv:1804.09459
PROMPT_EXPOSURE = 7.47594  # GWh; coherent_parameters.yaml, arXiv:1804.09459
PE_EDGES = np.arange(6.0, 31.0)  # the 1-PE efficiency bins inside bins i = 4 to 15 of eq. 4.1
BIRKS_E0 = 12.97  # keV; Chicago-3 fit, arXiv:1907.04828, not checked against its text
BIRKS_KB = 3.311e-3  # g/(MeV cm^2); likewise


def _folder(folder: Any, name: str) -> Any:
    return importlib.resources.files("cevns") / "experiments" / name if folder is None else folder


@functools.cache
def load_csi(folder: Any = None) -> SimpleNamespace:
    """CsI, 2017 release (arXiv:1804.09459): 12 bins of eq. 4.1, efficiency of 24 1-PE bins, tables of f_Q.

    N_i = C_i - AC_i and sigma_i^2 = C_i + AC_i from the beam-on counts before 6 us; `folder` is a path object.

    Examples
    --------
    >>> load_csi().observed.shape
    (12,)
    """
    folder = _folder(folder, "coherent_csi_2017")

    def counts(name: str) -> Any:
        pe, time, n = np.loadtxt(folder / name, delimiter=",").T
        return np.array([n[(pe == 2 * i - 1) & (time < 6)].sum() for i in range(4, 16)])

    C, AC = counts("data_coincidence_beamOn.txt"), counts("data_anticoincidence_beamOn.txt")
    # coherent_parameters.yaml: a / (1 + exp(-k (x - x_0))) at the centre of each 1-PE bin, the step function is 1 here
    efficiency = 0.6655 / (1 + np.exp(-0.4942 * (PE_EDGES[:-1] + 0.5 - 10.8507)))
    pe, prompt = np.loadtxt(folder / "promptPDF.txt", delimiter=",").T
    background = prompt[(pe > 6) & (pe < 30)] * PROMPT_EXPOSURE * efficiency
    recoil_kev, *columns = np.loadtxt(folder / "csi_ions_in_csi.csv", delimiter=",", skiprows=3).T
    return SimpleNamespace(
        observed=C - AC,
        sigma=np.sqrt(C + AC),
        background=background.reshape(12, 2).sum(axis=1),
        efficiency=efficiency,
        stopping_power=(recoil_kev, sum(columns) / 2),
        polynomial=np.loadtxt(folder / "scintRespCoefficients.txt")[0],
    )


@functools.cache
def load_argon(folder: Any = None) -> SimpleNamespace:
    """Argon, analysis A of the 2020 release (arXiv:2006.12659): 12 bins of eq. 4.2, efficiency rows in keVee.

    The backgrounds are summed over F90 and time.

    Examples
    --------
    >>> load_argon().observed.shape
    (12,)
    """
    folder = _folder(folder, "coherent_argon_2020")
    centre, observed, sigma_exp = np.loadtxt(folder / "energydata1d.txt", skiprows=1, usecols=(0, 1, 2)).T

    def background(name: str) -> Any:
        energy, _, _, n = np.loadtxt(folder / name).T
        return np.array([n[energy == c].sum() for c in centre])

    prompt, late = background("brnpdf.txt"), background("delbrnpdf.txt")
    efficiency = np.loadtxt(folder / "CENNS10AnlAEfficiency.txt", usecols=(0, 2)).T
    return SimpleNamespace(observed=observed, sigma_exp=sigma_exp, prompt=prompt, late=late, efficiency=efficiency)


def quenching_factor(choice: Any = "chicago-3", folder: Any = None) -> Any:
    """Quenching factor f_Q of eq. 2.10 as a function of the recoil energy in keV.

    Parameters
    ----------
    choice : {"chicago-3", "constant", "polynomial-2021", "release"}
        CsI: modified Birks law for the Chicago-3 measurement, (1 - exp(-T/E0)) / (kB dE/dr), dE/dr the total stopping
        power averaged over Cs and I (a polynomial of degree 7 in log-log), a reconstruction of the curve of
        arXiv:1907.04828; or
        0.0878 of arXiv:1708.01294; or the polynomial of the 2021 release, arXiv:2110.07730.
        Argon: 0.246 + 7.8e-4 T up to 125 keV, constant above (arXiv:2003.10630).
    folder : path object, optional
        Where the CsI tables are; the package's own by default.

    Returns
    -------
    callable

    Examples
    --------
    >>> round(float(quenching_factor("release")(200.0)), 4)
    0.3435
    """

    def birks() -> Any:
        # a polynomial of degree 7 in log-log misses no row of the table by more than its rounding, 2e-5
        energy, power = np.log(load_csi(folder).stopping_power)
        log_dedr = np.polynomial.Chebyshev.fit(energy, power, 7)
        return lambda T: (1 - np.exp(-T / BIRKS_E0)) / (BIRKS_KB * np.exp(log_dedr(np.log(T))))

    def polynomial() -> Any:
        # E_ee = a x + b x^2 + c x^3 + d x^4 with E_ee and x in MeV
        coefficients = load_csi(folder).polynomial
        return lambda T: np.polynomial.polynomial.polyval(T / 1000, coefficients)

    choices = {
        "chicago-3": birks,
        "constant": lambda: lambda T: 0.0878 + 0 * T,
        "polynomial-2021": polynomial,
        "release": lambda: lambda T: 0.246 + 7.8e-4 * np.minimum(T, 125.0),
    }
    return pick("quenching factor", choices, choice)()
