"""What predictions need of a detector's response, whatever it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cevns.binning import Axis, Binning
from cevns.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cevns._types import Array, Values
    from cevns.detectors.electrons import ElectronResponse
    from cevns.nuclei import Nucleus

__all__ = ["DetectorResponse", "flat"]


class DetectorResponse:
    """Base of responses: from recoil energies to shares of bins.

    A response that is `smeared` spreads each recoil over many bins, and has `shares`. One that is not gives each recoil
    to one bin, by its observable: then it has `observable`, `passed` and what `EtaPieces` asks for besides.

    Examples
    --------
    >>> from cevns.detectors import PolynomialQuenching, Response
    >>> response = Response(PolynomialQuenching((0.25,)), [1.0, 2.0, 5.0])
    >>> isinstance(response, DetectorResponse), response.bins, response.smeared
    (True, 2, False)
    """

    #: Whether a recoil may be observed in several bins.
    smeared: bool = True
    #: Whether a scale of the quenching factor moves it.
    scalable: ClassVar[bool] = False
    #: The bins along one axis, see `flat`; its edges and unit.
    axis: Axis
    edges: Values
    unit: str

    @property
    def binning(self) -> Binning:
        """Bins of what is observed."""
        raise NotImplementedError

    @property
    def bins(self) -> int:
        """Number of bins."""
        return self.binning.bins

    def parts(self, nuclei: Sequence[Nucleus]) -> list[tuple[tuple[int, ...], Any]]:
        """Return which nuclei share a response, and the response to recoils of these."""
        return [(tuple(range(len(nuclei))), self)]

    def to_electrons(self, electrons: ElectronResponse) -> DetectorResponse:
        """Return the response to electrons in the same bins.

        Raises
        ------
        InputError
            If what is known of nuclear recoils does not tell it.
        """
        raise InputError(
            f"electrons are counted, but {type(self).__name__} knows nuclear recoils alone: leave electrons out"
        )

    def check_recoils(self, recoil_kev: Array) -> None:
        """Refuse recoils [keV], shape (n,), of which the response makes what cannot be.

        Raises
        ------
        InputError
            If one is seen as more energy than it has.
        """

    def recoil_range(self, etas: Iterable[float] = (1.0,)) -> tuple[float, float]:
        """Return the lowest and highest recoil [keV] that can be observed in any bin for these scales."""
        raise NotImplementedError

    @property
    def rise(self) -> float:
        """Power of small recoils in which the acceptance vanishes, infinite below a threshold that is sharp."""
        raise NotImplementedError

    @property
    def sharp(self) -> Array:
        """Recoils [keV] where bins end at scale 1."""
        return np.empty(0)

    def cuts(self, low: float, high: float, etas: Array) -> Array:
        """Return, for each quenching scale, recoil energies [keV] between which acceptance is smooth.

        Returns
        -------
        ndarray, shape (etas, n)
            In any order; inf where a scale has fewer than others.
        """
        raise NotImplementedError

    def shares(self, recoil_kev: Array, etas: Any = 1.0) -> Array:
        """Return the probability to accept recoils in each bin, shape (bins, k).

        Parameters
        ----------
        recoil_kev : ndarray, shape (..., n)
            [keV], k of them.
        etas : float or ndarray
            Quenching scales, which broadcast.
        """
        raise NotImplementedError


def flat(binning: Binning) -> Axis:
    """Return the only axis of a binning, or one of its bins by number if there are several axes.

    Examples
    --------
    >>> charge, time = Axis("charge", [6, 8, 10], "PE"), Axis("time", [0, 1, 3, 6], "us")
    >>> flat(Binning([charge])).unit, flat(Binning([charge, time])).edges
    ('PE', (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0))
    """
    axes = binning.axes
    axis: Axis = axes[0] if len(axes) == 1 else Axis("bin", range(binning.bins + 1))
    return axis
