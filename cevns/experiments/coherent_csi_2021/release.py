"""The files of the release: events, background shapes and coefficients, as plain arrays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cevns.experiments.released import columns

if TYPE_CHECKING:
    from cevns._types import Array

__all__ = ["counts", "efficiency_coefficients", "events", "light_coefficients", "neutrons"]

_FOLDER = Path(__file__).parent


def events(window: str) -> Array:
    """Return photoelectrons and recoil times [us] of the selected events, shape (2, events).

    Parameters
    ----------
    window : {"C", "AC"}
        Coincidence or anticoincidence window, both with the beam on.

    Examples
    --------
    >>> events("C").shape
    (2, 5142)
    """
    return columns(_FOLDER / f"dataBeamOn{window}.txt")


def counts(window: str, photoelectrons: Array, times: Array) -> Array:
    """Return the events in bins that hold their lower edges, shape (bins of photoelectrons, bins of time).

    Parameters
    ----------
    window : {"C", "AC"}
        As `events`.
    photoelectrons, times : array
        Edges, the times in us.

    Examples
    --------
    >>> int(counts("C", np.array([0.0, 60.0]), np.array([0.0, 6.0])).sum())
    1578
    """
    seen, when = events(window)
    # NumPy counts what lies on the last edge
    inside = (seen < photoelectrons[-1]) & (when < times[-1])
    found: Array = np.histogram2d(seen[inside], when[inside], (photoelectrons, times))[0]
    return found


def neutrons(name: str) -> tuple[Array, Array, Array, Array]:
    """Return the shapes of a neutron background in photoelectrons and, without the acceptance in time, in us.

    Parameters
    ----------
    name : {"brn", "nin"}
        Beam-related or neutrino-induced neutrons.

    Returns
    -------
    tuple of array
        Edges in photoelectrons, share of each bin; edges in us, counts of each bin.

    Examples
    --------
    >>> edges, share, times, counts = neutrons("brn")
    >>> edges.size - share.size, times.size - counts.size, round(float(share[edges[1:] <= 60].sum()), 6)
    (1, 1, 1.0)
    """
    pe, share = columns(_FOLDER / f"{name}PE.txt")
    time, number = columns(_FOLDER / f"{name}Trec.txt")
    return _edges(pe), share, _edges(time), number


def _edges(centres: Array) -> Array:
    """Return the edges of equal bins; they are multiples of a hundredth, and so is half a bin."""
    half = (centres[1] - centres[0]) / 2
    return np.round(np.append(centres - half, centres[-1] + half), 3)


def efficiency_coefficients() -> Array:
    """Return a, b, c, d of the efficiency, nominal, +1 and -1 sigma, shape (3, 4).

    Examples
    --------
    >>> efficiency_coefficients()[0].tolist()
    [1.32045, 0.285979, 10.8646, -0.333322]
    """
    return columns(_FOLDER / "effCoefficients.txt").T


def light_coefficients() -> Array:
    """Return a, b, c, d of the light of a recoil in MeV, nominal and +-1 sigma of models 0 and 1, shape (5, 4).

    Examples
    --------
    >>> light_coefficients()[0].tolist()
    [0.0554628, 4.30681, -111.707, 840.384]
    """
    return columns(_FOLDER.parent / "coherent_csi_2017" / "scintRespCoefficients.txt").T
