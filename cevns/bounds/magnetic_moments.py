"""Magnetic moments of the electron and the muon at one loop, and the couplings that a measurement asks for or forbids.

A vector of mass M, coupling g and vector charge Q'_l shifts a_l = (g_l - 2)/2 by

    delta a_l = (Q'_l g)^2 / (4 pi^2) Int_0^1 dx x^2 (1 - x) / (x^2 + (1 - x) M^2 / m_l^2),

which is (Q'_l g)^2 / (8 pi^2) for M << m_l and (Q'_l g)^2 m_l^2 / (12 pi^2 M^2) for M >> m_l (arXiv:1104.3145).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks, parameters
from cevns.bounds.bound import Bound
from cevns.constants import ELECTRON_MASS, MUON_MASS, TAU_MASS
from cevns.errors import InputError
from cevns.inference.levels import delta_chi2
from cevns.interactions import get_interaction
from cevns.parameters import common_shape

if TYPE_CHECKING:
    from cevns._types import ArrayLike, Model


__all__ = [
    "ELECTRON_ANOMALY",
    "MUON_ANOMALY",
    "MagneticMomentBand",
    "coupling_for_shift",
    "loop_function",
    "magnetic_moment_shift",
]

_MASSES = {"e": ELECTRON_MASS, "mu": MUON_MASS, "tau": TAU_MASS}

# In u = log(x / (1 - x)) the integrand has its nearest poles at a distance of pi/2 or more from the real axis for every
# mass, so that the trapezoidal rule with this step errs by exp(-pi^2 / 0.25) = 7e-18; beyond the ends lies exp(-42).
_STEP = 0.25
_W = np.exp(np.arange(-42.0, 42.0 + _STEP, _STEP))
_NUMERATOR = _STEP * _W**2 / (1 + _W) ** 3
_DENOMINATOR = _W * (1 + _W)


def loop_function(mass_ratio: ArrayLike) -> Any:
    """Return Int_0^1 dx x^2 (1 - x) / (x^2 + (1 - x) r^2) for r = M / m_l, to 1e-14 for every r.

    Parameters
    ----------
    mass_ratio : array_like
        r, at least 0, any shape.

    Returns
    -------
    ndarray or float
        1/2 for r = 0, 1 / (3 r^2) for large r.

    Raises
    ------
    InputError
        If a ratio is negative, or above 1e18.

    Examples
    --------
    >>> loop_function([0.0, 1e4]) * [2, 3e8]
    array([1.        , 0.99999951])
    """
    ratio = checks.array("mass_ratio", mass_ratio, low=0, high=1e18)
    out = np.array([(_NUMERATOR / (1 + r * r * _DENOMINATOR)).sum() for r in ratio.ravel()])
    return out.reshape(ratio.shape) if ratio.ndim else float(out[0])


def magnetic_moment_shift(
    mass: ArrayLike, coupling: ArrayLike, *, model: Model = "universal", flavour: str = "mu"
) -> Any:
    """Return delta a_l of a vector mediator at one loop.

    Parameters
    ----------
    mass : array_like
        Mediator mass [MeV].
    coupling : array_like
        g; broadcasts with `mass`.
    model : str or Interaction
        Gives the lepton's charge.
    flavour : {"e", "mu", "tau"}
        The lepton.

    Returns
    -------
    ndarray or float

    Raises
    ------
    InputError
        If the model gives no charge for the lepton, or a mass or coupling is negative or not finite.

    Examples
    --------
    >>> f"{magnetic_moment_shift(1.0, 4e-4, model='b-l'):.3e}"
    '1.969e-09'
    """
    charge = get_interaction(model).lepton_charge(checks.flavour("lepton flavour", flavour, _MASSES))
    mass = np.asarray(parameters.mass().values(mass))
    coupling = np.asarray(parameters.coupling().values(coupling))
    common_shape({"mass": mass, "coupling": coupling})
    return (charge * coupling) ** 2 / (4 * math.pi**2) * loop_function(mass / _MASSES[flavour])


def coupling_for_shift(mass: ArrayLike, shift: ArrayLike, *, model: Model = "universal", flavour: str = "mu") -> Any:
    """Return the coupling that gives a shift delta a_l; the inverse of `magnetic_moment_shift`.

    Raises
    ------
    InputError
        If the shift is negative, which a vector cannot give, or the lepton has no charge in the model.

    Examples
    --------
    >>> f"{coupling_for_shift(0.0, 279e-11):.3e}"  # sqrt(8 pi^2 279e-11)
    '4.694e-04'
    """
    shift = checks.array("shift", shift, low=0)
    common_shape({"mass": checks.floats("mass", mass), "shift": shift})
    unit = magnetic_moment_shift(mass, 1.0, model=model, flavour=flavour)
    if not np.all(unit):
        raise InputError(
            f"model {get_interaction(model).name!r} does not couple to the lepton {flavour!r}: no coupling gives "
            "a shift"
        )
    return np.sqrt(shift / unit)


@dataclass(frozen=True)
class MagneticMomentBand:
    """A measured difference a_l(experiment) - a_l(standard model) as a region of mass and coupling.

    Parameters
    ----------
    flavour : {"e", "mu", "tau"}
        The lepton.
    value, sigma : float
        Difference and its standard deviation.
    reference : str
        Source.

    Raises
    ------
    UnknownNameError
        If there is no such lepton.
    InputError
        If `value` is not finite, or `sigma` not positive.

    Examples
    --------
    >>> low, high = MUON_ANOMALY.band(10.0, model="universal", confidence_level=0.90)
    >>> f"{low:.2e} {high:.2e}"
    '3.94e-04 6.38e-04'
    >>> f"{ELECTRON_ANOMALY.limit(10.0, model='b-l', confidence_level=0.90):.2e}"
    '9.24e-05'
    """

    flavour: str
    value: float
    sigma: float
    reference: str = ""

    def __post_init__(self) -> None:
        checks.flavour("lepton flavour", self.flavour, _MASSES)
        checks.real("value", self.value)
        checks.real("sigma", self.sigma, above=0)

    def band(self, mass: ArrayLike, *, model: Model, confidence_level: float) -> tuple[Any, Any]:
        """Return the couplings whose shift lies within the central interval value +- z sigma.

        Parameters
        ----------
        mass : array_like
            Mediator masses [MeV].
        model : str or Interaction
            Gives the lepton's charge.
        confidence_level : float
            Of the central interval: `cevns.inference.TWO_SIGMA` or 0.90, for example.

        Returns
        -------
        low, high : ndarray
            Shape of `mass`; `low` is 0 where the interval holds a shift of zero.

        Raises
        ------
        InputError
            If the whole interval is negative; use `limit`.
        """
        margin = self._sigmas(confidence_level) * self.sigma
        if self.value + margin < 0:
            raise InputError(
                f"value = {self.value:g} +- {margin:g} is negative: no vector gives such a shift, there is no band; "
                "use limit"
            )
        options: dict[str, Any] = {"model": model, "flavour": self.flavour}
        low = coupling_for_shift(mass, max(self.value - margin, 0.0), **options)
        return low, coupling_for_shift(mass, self.value + margin, **options)

    def largest_shift(self, confidence_level: float) -> float:
        """Return the largest shift of a vector that the measurement allows.

        It is the shift whose chi2 = (value - shift)^2 / sigma^2 lies z^2 above the smallest chi2 of any shift that is
        not negative, with z = 1.645 at 90 %. For a positive value this is value + z sigma; for a negative one, as the
        electron's, where the least chi2 is that of no vector at all, it is value + sqrt(value^2 + z^2 sigma^2). The
        upper end of the central interval, the usual choice, would be negative for the electron and exclude every
        coupling. arXiv:2008.05022 does not say how it drew its line for the electron.
        """
        z = self._sigmas(confidence_level)
        return self.value + math.sqrt(min(self.value, 0.0) ** 2 + (z * self.sigma) ** 2)

    def limit(self, mass: ArrayLike, *, model: Model, confidence_level: float) -> Any:
        """Return the largest allowed coupling, by the convention of `largest_shift`; parameters as in `band`."""
        return coupling_for_shift(mass, self.largest_shift(confidence_level), model=model, flavour=self.flavour)

    def band_bound(
        self, model: Model, *, confidence_level: float, mass: ArrayLike | None = None, **fields: Any
    ) -> Bound:
        """Return the band as a `Bound` of kind ``"band"``; `mass` ascending [MeV], 0.01 MeV to 1 TeV unless given."""
        mass = self._masses(mass)
        curves = (mass, *self.band(mass, model=model, confidence_level=confidence_level))
        return self._bound("band", curves, model, confidence_level, **fields)

    def limit_bound(
        self, model: Model, *, confidence_level: float, mass: ArrayLike | None = None, **fields: Any
    ) -> Bound:
        """Return the limit as a `Bound` of kind ``"lower"``; `mass` as in `band_bound`."""
        mass = self._masses(mass)
        curves = (mass, self.limit(mass, model=model, confidence_level=confidence_level))
        note = "excluded above the shift whose chi2 exceeds that of the best shift that is not negative by z^2"
        return self._bound("lower", curves, model, confidence_level, **{"note": note, **fields})

    def _bound(
        self, kind: str, curves: tuple[ArrayLike, ...], model: Model, confidence_level: float, **fields: Any
    ) -> Bound:
        symbol = {"e": "e", "mu": r"\mu", "tau": r"\tau"}[self.flavour]
        defaults = {
            "name": f"g-2-{self.flavour}",
            "label": f"$(g-2)_{symbol}$",
            "reference": self.reference,
            "origin": f"computed at one loop from ({self.value:g} +- {self.sigma:g})",
        }
        return Bound(
            model=get_interaction(model),
            kind=kind,
            segments=(curves,),
            confidence_level=confidence_level,
            **{**defaults, **fields},
        )

    @staticmethod
    def _masses(mass: ArrayLike | None) -> ArrayLike:
        return np.geomspace(1e-2, 1e6, 801) if mass is None else mass

    @staticmethod
    def _sigmas(confidence_level: float) -> float:
        return math.sqrt(delta_chi2(confidence_level, dof=1))


#: Muon: (279 +- 76)e-11, as used in arXiv:2008.05022.
MUON_ANOMALY = MagneticMomentBand("mu", 279e-11, 76e-11, "arXiv:2006.04822")
#: Electron: (-87 +- 36)e-14, as used in arXiv:2008.05022.
ELECTRON_ANOMALY = MagneticMomentBand("e", -87e-14, 36e-14, "arXiv:1806.10252")
