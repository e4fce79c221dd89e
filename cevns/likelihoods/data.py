"""What an experiment has observed, and what it expects besides the signal."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import Value
from cevns.errors import InputError

if TYPE_CHECKING:
    from cevns._types import Array, ArrayLike, Values

__all__ = ["Background", "Data"]

#: Largest counts, and smallest uncertainty of them, that are accepted: far from what overflows when it is squared.
LARGEST_COUNTS, SMALLEST_UNCERTAINTY = 1e30, 1e-30
#: Largest Poisson counts, whose logarithms would not tell neighbours apart.
LARGEST_POISSON = 1e12
#: Largest counts in units of their uncertainty: the difference of larger ones would have no digits left for chi2.
LARGEST_PRECISION = 1e8
#: Names of pulls beside those of backgrounds: of the signal's normalisation, and of the quenching scale.
OTHER_PULLS = ("signal", "quenching")


@dataclass(frozen=True, eq=False, repr=False)
class Background(Value):
    """A background with a normalisation pull.

    Parameters
    ----------
    name : str
        For tables and pulls.
    counts : array_like, shape (bins,) or that of all axes
        Expected counts.
    sigma : float
        Relative uncertainty of the normalisation, a fraction from 1e-6 to 2; 0 for one that is known.

    Attributes
    ----------
    axes : tuple of int
        Bins of each axis, if counts were given in the shape of several: an experiment has to have the same.

    Raises
    ------
    InputError
        If the counts are negative or not finite, or `sigma` is out of range.

    Examples
    --------
    >>> Background("neutrons", [4.0, 2.5], sigma=0.25).sigma
    0.25
    """

    name: str
    counts: Values
    sigma: float
    axes: tuple[int, ...] = field(default=(), init=False, compare=False)

    def __post_init__(self) -> None:
        checks.text("name of a background", self.name)
        if self.name in OTHER_PULLS:
            raise InputError(
                f"name of a background = {self.name!r} is not allowed: a pull of the signal has it; choose another name"
            )
        of = f"of background {checks.shown(self.name)}"
        counts = checks.array(f"counts {of}", self.counts, low=0, high=LARGEST_COUNTS)
        if counts.ndim == 0:
            raise InputError(f"counts {of} are one number, needed: one for each bin")
        checks.put(
            self,
            counts=tuple(counts.ravel().tolist()),
            axes=counts.shape[counts.ndim == 1 :],
            sigma=checks.relative(f"sigma {of}", self.sigma, or_none=True),
        )


@dataclass(frozen=True, eq=False, repr=False)
class Data(Value):
    """Observed counts in bins: Poisson data, or with uncorrelated Gaussian uncertainties.

    Parameters
    ----------
    observed : array_like, shape (bins,)
        Counts; with Gaussian uncertainties maybe with steady-state background subtracted.
    uncertainty : array_like, shape (bins,), optional
        Standard deviations. Without them the counts are Poisson data, at least 0 and not necessarily whole.

    Raises
    ------
    InputError
        If counts or uncertainties are of another shape, negative where they may not be, or out of range.

    Examples
    --------
    >>> Data([10, 12], [3, 3.5]).observed
    (10.0, 12.0)
    """

    observed: Values
    uncertainty: Values | None = None

    def __post_init__(self) -> None:
        if self.uncertainty is None:
            try:
                counts = checks.array("observed", self.observed, low=0, high=LARGEST_POISSON, ndim=1)
            except InputError as error:
                if error.at is not None and error.at[1] < 0.0:
                    error.args = (f"{error}; counts less a background are no Poisson counts: give uncertainties",)
                raise
            checks.put(self, observed=tuple(counts.tolist()))
            return
        most = LARGEST_COUNTS
        observed = checks.array("observed", self.observed, low=-most, high=most, ndim=1)
        uncertainty = checks.array(
            "uncertainty", self.uncertainty, low=SMALLEST_UNCERTAINTY, high=most, ndim=1, length=observed.size
        )
        checks.put(self, observed=tuple(observed.tolist()), uncertainty=tuple(uncertainty.tolist()))
        self.check_precision(observed)

    def check_precision(self, counts: ArrayLike) -> float:
        """Refuse counts that are so large beside their uncertainty that chi2 would have no digits.

        Returns
        -------
        float
            Largest ratio of a bin's counts to its uncertainty; 0 for Poisson data.

        Raises
        ------
        InputError
            Naming the bin.
        """
        uncertainty = self.arrays[1]
        if uncertainty is None:
            return 0.0
        ratio = np.abs(counts) / uncertainty
        largest = float(np.maximum.reduce(ratio, initial=0.0))
        if largest > LARGEST_PRECISION:
            raise InputError(
                f"uncertainty = {uncertainty[ratio.argmax()]:g} of bin {ratio.argmax() + 1} is less than "
                f"{1 / LARGEST_PRECISION:g} of its counts or of a background, which leaves chi2 no digits; correct it"
            )
        return largest

    @cached_property
    def arrays(self) -> tuple[Array, Any]:
        """The counts and their standard deviations as arrays; None for Poisson data."""
        return np.array(self.observed), None if self.uncertainty is None else np.array(self.uncertainty)

    @cached_property
    def precision(self) -> float:
        """Largest ratio of a bin's counts to its uncertainty."""
        observed, uncertainty = self.arrays
        return self.check_precision(observed) if uncertainty is not None else float(np.sqrt(observed.max(initial=0.0)))

    def replace(self, observed: ArrayLike, uncertainty: Any = None) -> Data:
        """Return other counts in the same bins, with the same uncertainties unless others are given.

        Raises
        ------
        InputError
            If what is new does not fit the rest.

        Examples
        --------
        >>> data = Data((3.0, 5.0), (2.0, 2.5))
        >>> data.replace(observed=(4.0, 4.0)).observed
        (4.0, 4.0)
        """
        most, own = LARGEST_COUNTS, self.arrays[1]
        if uncertainty is not None or own is None:
            return Data(checks.array("observed", observed, ndim=1, length=len(self.observed)), uncertainty)
        counts = checks.array("observed", observed, low=-most, high=most, ndim=1, length=own.size)
        out = object.__new__(Data)
        checks.put(out, observed=tuple(counts.tolist()), uncertainty=self.uncertainty, arrays=(counts, own))
        checks.put(out, precision=out.check_precision(counts))
        return out
