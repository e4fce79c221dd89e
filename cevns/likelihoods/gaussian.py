"""Gaussian chi2 of one experiment with normalisation pulls (eqs. 4.1 and 4.2 of arXiv:2008.05022)."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cevns.kernels.gaussian import GaussianTerm
from cevns.likelihoods.nuisances import QUENCHING, SIGNAL, check_differ

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from cevns._types import Array
    from cevns.kernels.counts import Counts
    from cevns.likelihoods.data import Background, Data

__all__ = ["GaussianStatistic"]


class GaussianStatistic:
    """Data beside backgrounds and normalisations, ready for counts of any interaction.

    Parameters
    ----------
    data : Data
        Observed counts.
    backgrounds : tuple of Background
        With their pulls.
    signal_sigma : float
        Relative uncertainty of the signal's normalisation.
    eta_sigma : float
        Uncertainty of the quenching scale; 0 for none.
    shared : sequence of str
        Names of further nuisances that scale the signal.

    Raises
    ------
    InputError
        If two nuisances have one name.
    """

    def __init__(
        self,
        data: Data,
        backgrounds: tuple[Background, ...],
        signal_sigma: float,
        eta_sigma: float,
        shared: Sequence[str] = (),
    ) -> None:
        self.data, self.backgrounds = data, backgrounds
        self.signal_sigma, self.eta_sigma, self.shared = signal_sigma, eta_sigma, tuple(shared)
        check_differ([*self._own, *self.shared])

    def __repr__(self) -> str:
        return f"<GaussianStatistic: {len(self.data.observed)} bins>"

    def with_data(self, data: Data) -> GaussianStatistic:
        """Return the same for other data, sharing what they do not change."""
        out = object.__new__(GaussianStatistic)
        same = {"_modes": self._modes} if data.uncertainty == self.data.uncertainty else {}
        kept = {name: self.__dict__[name] for name in ("backgrounds", "signal_sigma", "eta_sigma", "shared")}
        out.__dict__.update(kept, data=data, **same)
        return out

    @property
    def _own(self) -> list[str]:
        """Names of the pulls that are the experiment's alone."""
        return [SIGNAL, *(b.name for b in self.backgrounds), *([QUENCHING] if self.eta_sigma else [])]

    @property
    def precision(self) -> float:
        """How exact counts have to be over the range of the quenching scale; see `Folds.over`."""
        return self.data.precision if self.eta_sigma else 1.0

    @property
    def units(self) -> tuple[float, ...]:
        """In which counts have to come: the data's standard deviations."""
        return tuple(self.data.uncertainty or ())

    @cached_property
    def _modes(self) -> tuple[Array, ...]:
        """Scaled backgrounds G (backgrounds, bins), their sum, the modes H' and the way from H'x to the pulls."""
        _, sigma = self.data.arrays
        counts = np.array([b.counts for b in self.backgrounds]).reshape(-1, sigma.size)
        pulls = np.array([b.sigma for b in self.backgrounds])
        scaled = pulls[:, None] * (counts / sigma)
        # P = (1 + G'G)^-1 = 1 - G'(1 + GG')^-1 G = 1 - H H' with H = G' L'^-1, G the scaled backgrounds as rows
        root = np.linalg.cholesky(np.eye(pulls.size) + scaled @ scaled.T)
        return scaled, counts.sum(axis=0), np.linalg.solve(root, scaled), np.linalg.inv(root).T

    @property
    def reference(self) -> tuple[Array, Array, Array]:
        """All backgrounds (bins,), standard deviations (bins,), and scaled backgrounds (backgrounds, bins).

        What the kernels make data of from counts.
        """
        scaled, total, _, _ = self._modes
        return total, self.data.arrays[1], scaled

    @cached_property
    def _projected(self) -> tuple[Any, ...]:
        """P y, the backgrounds' pulls for the data alone, and y'Py."""
        scaled, total, modes, to_shifts = self._modes
        observed, sigma = self.data.arrays
        y = (observed - total) / sigma
        # for as few bins as these `@` takes twice as long as `dot`
        shifts = to_shifts.dot(modes.dot(y))
        projected = y - shifts.dot(scaled)
        # y'Py as the squares of what the backgrounds leave, and of their pulls
        return projected, shifts, float(projected.dot(projected) + shifts.dot(shifts))

    def term(self, counts: Counts) -> GaussianTerm:
        """Return the compiled chi2 for counts in units of the data's standard deviations."""
        _, _, modes, to_shifts = self._modes
        projected, shifts, squares = self._projected
        pull = self.signal_sigma**-2.0
        return GaussianTerm(counts, projected, modes, to_shifts, shifts, squares + pull, pull, self.eta_sigma)

    def pulls(self, eta: float, signal: float, shifts: np.ndarray) -> dict[str, float]:
        """Return relative shifts by name: that of the signal, and from what the compiled chi2 found."""
        pulls = {SIGNAL: signal}
        for background, shift in zip(self.backgrounds, shifts.tolist(), strict=True):
            pulls[background.name] = background.sigma * shift
        if self.eta_sigma:
            pulls[QUENCHING] = eta - 1.0
        return pulls

    @property
    def pull_units(self) -> dict[str, str]:
        """In what pulls are, by name: all of them are relative shifts."""
        return dict.fromkeys([*self._own, *self.shared], "relative")

    @property
    def pull_widths(self) -> dict[str, float]:
        """Standard deviations of its own pulls by name, all of them relative."""
        own = {SIGNAL: self.signal_sigma} | {b.name: b.sigma for b in self.backgrounds}
        return own | ({QUENCHING: self.eta_sigma} if self.eta_sigma else {})

    def expected_signal(self, by_energy: Mapping[int, Array], pulls: Mapping[str, float]) -> Array:
        """Return the counts that pulls make of a signal, shape (..., bins); see `JointStatistic.expected_signal`."""
        scale = 1.0 + sum(pulls.get(name, 0.0) for name in (SIGNAL, *self.shared))
        found: Array = scale * np.asarray(sum(by_energy.values()))
        return found

    def expected_backgrounds(self, pulls: Mapping[str, float]) -> dict[str, Array]:
        """Return the counts that pulls make of the backgrounds, shape (bins,), by name."""
        return {b.name: (1.0 + pulls.get(b.name, 0.0)) * np.array(b.counts) for b in self.backgrounds}
