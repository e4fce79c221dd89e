"""What arXiv:2005.01645 and arXiv:1908.06045 measure: each interval and contour computed once for all that show it."""

from __future__ import annotations

import math

from cevns.figures.analysis import LABELS, Analysis

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from cevns._types import ArrayLike
    from cevns.experiments import Experiment
    from cevns.inference import Contour, Interval, Profile

__all__ = ["LEVEL", "RADIUS_SIGMA", "Measurements", "sigmas"]

#: Confidence level of the limits on charge radii and magnetic moments.
LEVEL = 0.90
#: Uncertainty of the signal where the neutron radius is free, so that it does not count the radius's own.
RADIUS_SIGMA = {"Ar": 0.132, "CsI": 0.112}


def sigmas(n: float) -> float:
    """Return the confidence level of `n` Gaussian standard deviations.

    Examples
    --------
    >>> round(sigmas(1), 4)
    0.6827
    """
    return math.erf(n / math.sqrt(2))


class Measurements(Analysis):
    """Data sets and results, computed when they are asked for and kept.

    Parameters
    ----------
    argon, csi : Experiment, optional
        As of `Analysis`.

    Attributes
    ----------
    radii : dict of str to Experiment
        ``"Ar"`` and ``"CsI"`` for free neutron radii, with `RADIUS_SIGMA`.

    Examples
    --------
    >>> Measurements().radius("CsI", 0.6827).allowed.round(2)
    array([[4.28, 5.75]])
    """

    def __init__(self, argon: Experiment | None = None, csi: Experiment | None = None) -> None:
        super().__init__(argon, csi)
        self.radii = {
            label: experiment.replace(signal_sigma=RADIUS_SIGMA[label])
            for label, experiment in self.experiments.items()
        }

    def proton_radius(self, label: str) -> float:
        """Return the largest R_p [fm] of the nuclei of an experiment."""
        return max(nucleus.proton_radius for nucleus in self.experiments[label].target.nuclei)

    def radius(self, label: str, cl: float, *, skin: bool = False) -> Interval:
        """Return the allowed neutron radii [fm] of an experiment; with `skin`, among those not below R_p."""
        name = f"rn_{label.lower()}"
        bounds = {name: (self.proton_radius(label), 20.0)} if skin else None
        return self.keep(
            ("radius", label, cl, skin), lambda: self.radii[label].interval("sm", name, cl=cl, bounds=bounds)
        )

    def suppression(self) -> float:
        """Return by how much chi2 of CsI with F = 1 lies above the least one for any neutron radius."""
        point = self.radii["CsI"].replace(form_factor="point")
        return self.keep("suppression", lambda: float(point.chi2("sm")) - self.radius("CsI", sigmas(1)).chi2_min)

    def interval(
        self,
        data: str,
        model: str,
        name: str,
        cl: float = LEVEL,
        *,
        profiled: tuple[str, ...] = (),
        bounds: Mapping[str, tuple[float, float]] | None = None,
    ) -> Interval:
        """Return what is allowed of one parameter, for one degree of freedom."""
        return self.keep(
            (data, model, name, cl, profiled, tuple((bounds or {}).items())),
            lambda: self.likelihoods[data].interval(model, name, cl=cl, profiled=profiled, bounds=bounds),
        )

    def contour(self, data: str, model: str, x: str, y: str) -> Contour:
        """Return what is allowed in a plane at `LEVEL`, for two degrees of freedom."""
        return self.keep(("contour", data, model, x, y), lambda: self.likelihoods[data].contour(model, x, y, cl=LEVEL))

    def profiles(self, model: str, name: str, values: ArrayLike) -> dict[str, Profile]:
        """Return chi2 along one parameter, for each data set."""
        return {label: self.likelihoods[label].profile(model, name, values) for label in LABELS}
