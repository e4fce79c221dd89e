"""The tables of the release, as plain arrays: events, backgrounds and the response to recoils of each run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cevns.experiments.released import columns

if TYPE_CHECKING:
    from cevns._types import Array

__all__ = ["EXPOSURES", "RUNS", "Run", "edges", "run"]

RUNS = ("sr0", "sr1", "sr2")
#: Tonnes times years of each run.
EXPOSURES = {"sr0": 1.1744, "sr1": 2.3426, "sr2": 3.2497}

_FOLDER = Path(__file__).parent
#: Columns before those of the response, and lines before those of numbers.
_OTHERS, _TITLES = 4, 3


class Run(NamedTuple):
    """One run in its 81 bins: 3 each of cS2, shadow, S1 and S2 score, the last running fastest.

    Parameters
    ----------
    exposure : float
        Tonnes times years.
    observed : array, shape (81,)
        Events.
    accidental, electronic, neutron : array, shape (81,)
        Expected accidental coincidences, electronic recoils and neutrons in this exposure.
    energies : array, shape (46,)
        Recoil energies [keV].
    response : array, shape (81, 46)
        Probability that a recoil of such an energy is seen in a bin.
    """

    exposure: float
    observed: Array
    accidental: Array
    electronic: Array
    neutron: Array
    energies: Array
    response: Array


def run(name: str) -> Run:
    """Return the tables of a run.

    Parameters
    ----------
    name : str
        One of `RUNS`.

    Examples
    --------
    >>> first = run("sr0")
    >>> int(first.observed.sum()), first.response.shape, first.energies[[0, -1]].tolist()
    (9, (81, 46), [0.5, 5.0])
    """
    path = _FOLDER / f"{name}.csv"
    titles = path.read_text(encoding="ascii").splitlines()[_TITLES - 1].split(",")
    table = columns(path, delimiter=",", skiprows=_TITLES)
    exposure = EXPOSURES[name]
    observed, accidental, electronic, neutron = table[:_OTHERS]
    energies = np.array([float(title) for title in titles[_OTHERS:]])
    return Run(
        exposure,
        observed,
        exposure * accidental,
        exposure * electronic,
        exposure * neutron,
        energies,
        table[_OTHERS:].T,
    )


def edges(name: str) -> dict[str, Array]:
    """Return the edges of the bins of a run by observable, each of shape (4,).

    Parameters
    ----------
    name : str
        One of `RUNS`.

    Examples
    --------
    >>> [observable for observable in edges("sr1")]
    ['cs2', 's2_shadow_s2_time_shadow_quantile', 's1_bdt_score', 's2_bdt_score']
    """
    lines = (_FOLDER / "edges.csv").read_text(encoding="ascii").splitlines()[2:]
    rows = (line.split(",") for line in lines)
    return {observable: np.array([float(e) for e in cells]) for of, observable, *cells in rows if of == name}
