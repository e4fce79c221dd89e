"""Loops of charged leptons, by which a mediator that knows no quarks reaches nuclei (eq. 3.6 of arXiv:2008.05022)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import Value
from cevns.constants import ELECTRON_MASS, FINE_STRUCTURE, FLAVOURS, MUON_MASS, TAU_MASS
from cevns.errors import InputError
from cevns.interactions.charges import charge_table
from cevns.kernels.loops import mixing

if TYPE_CHECKING:
    from cevns._types import Array, ArrayLike

__all__ = ["LEPTON_MASSES", "Loop"]

#: Masses of electron, muon and tau [MeV].
LEPTON_MASSES = (ELECTRON_MASS, MUON_MASS, TAU_MASS)


@dataclass(frozen=True, eq=False, repr=False)
class Loop(Value):
    """Mixing of a mediator with the photon through loops of charged leptons that it couples to.

    A neutrino then meets protons with the amplitude ``Q'_l h(q) g^2 / (sqrt(2) G_F (q^2 + m^2))``, where

        h(q) = -(2 alpha / pi) sum_k Q'_k J_k(q),    J_k = Int_0^1 dx x (1 - x) ln(m_k^2 + x (1 - x) q^2),

    from the vacuum polarisation of quantum electrodynamics; at q = 0 it is (alpha / 3 pi) ln(m_tau^2 / m_mu^2) for
    L_mu - L_tau.

    Parameters
    ----------
    charges : mapping of str to float
        Q'_k of charged leptons, which must add up to 0: or else h depends on what is at high energies.

    Raises
    ------
    InputError
        If the charges do not add up to 0.

    Examples
    --------
    >>> loop = Loop({"mu": 1, "tau": -1})
    >>> f"{loop(0.0):.6f}"
    '0.004371'
    """

    charges: Any

    def __post_init__(self) -> None:
        given = charge_table("charges", self.charges)
        total = math.fsum(charge for _, charge in given)
        if abs(total) > 1e-12 * max((abs(charge) for _, charge in given), default=0.0):
            raise InputError(f"charges of a loop must add up to 0, or else it has no definite value; got {total:g}")
        checks.put(self, charges=tuple(sorted(given)))

    @property
    def weights(self) -> Array:
        """What multiplies J_k of electron, muon and tau."""
        charges = dict(self.charges)
        return np.array([-2 * FINE_STRUCTURE / math.pi * charges.get(flavour, 0.0) for flavour in FLAVOURS])

    def __call__(self, q2: ArrayLike) -> Any:
        """Return h for squared momentum transfers [MeV^2], any shape."""
        q2 = np.asarray(q2, dtype=float)
        out = np.empty(q2.size)
        mixing(np.ascontiguousarray(q2.ravel()), self.weights, np.array(LEPTON_MASSES), out)
        return out.reshape(q2.shape) if q2.ndim else float(out[0])
