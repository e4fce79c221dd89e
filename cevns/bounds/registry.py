"""The registry of limits by model and name, its documentation table, and what is left out."""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.arrays import below
from cevns.bounds.bound import DARK_PHOTON, KINDS, Bound
from cevns.bounds.connie import connie_bound
from cevns.bounds.magnetic_moments import ELECTRON_ANOMALY, MUON_ANOMALY
from cevns.inference.levels import TWO_SIGMA
from cevns.interactions import Interaction
from cevns.tables import Table

if TYPE_CHECKING:
    from cevns._types import Model


__all__ = ["NOT_DRAWN", "Omission", "bounds_for", "get_bound", "known_bounds", "table"]


@dataclass(frozen=True)
class Omission:
    """An experiment of the paper's figures that is not drawn, with the reason.

    Attributes
    ----------
    model, label, figure, reference, reason : str

    Examples
    --------
    >>> [omission.label for omission in NOT_DRAWN]
    ['ATLAS Z to 4 leptons']
    """

    model: str
    label: str
    figure: str
    reference: str
    reason: str


#: Everything that the captions of figures 3b, 4b and 5b of arXiv:2008.05022 name and that has no entry here.
NOT_DRAWN = (
    Omission(
        model="lmu-ltau",
        label="ATLAS Z to 4 leptons",
        figure="5b",
        reference="arXiv:1609.04026, from the data of arXiv:1403.5657",
        reason="no numbers of the recast are public, and it follows from a detector simulation, not from a formula; "
        "CMS, which is drawn, is stronger where both apply",
    ),
)

# how the decays were looked for, which the conversion of kinetic mixing to B-L needs
_SEARCHES = {"phenix-2014": "prompt", "lsnd": "displaced"}

# bounds that are computed, at the level at which the paper draws them
_COMPUTED = {
    ("universal", "connie"): lambda: connie_bound("universal", figure="3b"),
    ("universal", "g-2-mu"): lambda: MUON_ANOMALY.band_bound("universal", confidence_level=TWO_SIGMA, figure="3b"),
    ("b-l", "g-2-mu"): lambda: MUON_ANOMALY.band_bound("b-l", confidence_level=0.90, figure="4b"),
    ("b-l", "g-2-e"): lambda: ELECTRON_ANOMALY.limit_bound("b-l", confidence_level=0.90, figure="4b"),
    ("lmu-ltau", "g-2-mu"): lambda: MUON_ANOMALY.band_bound("lmu-ltau", confidence_level=TWO_SIGMA, figure="5b"),
}

# levels to which the paper rescales a published limit for a figure
_RESCALED = {("lmu-ltau", "babar-4mu-2016"): ("5b", 0.95)}


def known_bounds(model: Model | None = None) -> tuple[tuple[str, str], ...]:
    """Return (model, name) of all limits, or of those of one model, in the order of the documentation table.

    Raises
    ------
    UnknownNameError
        If there is no limit for the model.

    Examples
    --------
    >>> known_bounds("universal")
    (('universal', 'connie'), ('universal', 'g-2-mu'))
    """
    keys = (*_rows(), *(("b-l", name) for name in _SEARCHES), *_COMPUTED)
    if model is None:
        return keys
    name = model.name if isinstance(model, Interaction) else model
    checks.known("model with limits", name, {key[0] for key in keys})
    return tuple(key for key in keys if key[0] == name)


def get_bound(model: Model, name: str) -> Bound:
    """Return a limit as it was published, or computed at the level that the paper uses.

    Parameters
    ----------
    model : str or Interaction
        ``"b-l"``, ``"lmu-ltau"``, ``"universal"`` or ``"dark-photon"``.
    name : str
        See `known_bounds`.

    Returns
    -------
    Bound

    Raises
    ------
    UnknownNameError
        If the model has no limits, or none of that name.

    Examples
    --------
    >>> get_bound("b-l", "na48-2-2015")
    <Bound b-l/na48-2-2015 (lower), 8.9907 to 118.61 MeV>
    """
    names = [key[1] for key in known_bounds(model)]
    model = model.name if isinstance(model, Interaction) else model
    return _load(model, checks.known(f"limit of model {checks.shown(model)}", name, names))


def bounds_for(model: Model, figure: str | None = None) -> tuple[Bound, ...]:
    """Return the limits of a model.

    Parameters
    ----------
    model : str or Interaction
        As in `get_bound`.
    figure : str, optional
        Figure of arXiv:2008.05022: ``"3b"``, ``"4b"`` or ``"5b"``. Gives the limits that its caption names, each at the
        level at which it shows them: the BaBar four-muon limit rescaled from 90 % to 95 %. All limits as they were
        published unless given.

    Returns
    -------
    tuple of Bound

    Raises
    ------
    UnknownNameError
        If the model has no limits, or none in that figure.

    Examples
    --------
    >>> [bound.label for bound in bounds_for("lmu-ltau", figure="5b")]  # doctest: +NORMALIZE_WHITESPACE
    ['Borexino (rescaled)', 'BaBar 4mu', 'CCFR trident', 'CMS Z to 4 mu', '$(g-2)_\\\\mu$']
    """
    bounds = tuple(_load(*key) for key in known_bounds(model))
    if figure is None:
        return bounds
    checks.known("figure with limits of this model", figure, {b.figure for b in bounds if b.figure})
    return tuple(_as_drawn(b, figure) for b in bounds if b.figure == figure)


def table(model: Model | None = None) -> str:
    """Return a table in Markdown of all limits, or of one model's, and of those that are left out.

    Examples
    --------
    >>> print(table("universal"))  # doctest: +ELLIPSIS
    | model | name | limit | kind | mass [MeV] | C.L. | figure | reference | origin | doubts |
    | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
    | universal | `connie` | CONNIE (recast) | lower | 0.01 to 1e+04 | 95% | 3b | arXiv:1910.04951 | recast: ...
    """
    head = ("model", "name", "limit", "kind", "mass [MeV]", "C.L.", "figure", "reference", "origin", "doubts")
    lines = [head, ("---",) * len(head)]
    for key in known_bounds(model):
        b = _load(*key)
        low, high = b.mass_range
        level = "not stated" if b.confidence_level is None else f"{below(100 * b.confidence_level, 100)}%"
        about = (b.figure or "none", b.reference or "not stated", b.origin, b.note)
        lines.append((b.model, f"`{b.name}`", b.label, b.kind, f"{low:.4g} to {high:.4g}", level, *about))
    for o in NOT_DRAWN:
        if model is None or o.model == (model.name if isinstance(model, Interaction) else model):
            line = (o.model, "none", o.label, "none", "none", "none", o.figure, o.reference, "not drawn", o.reason)
            lines.append(line)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _as_drawn(bound: Bound, figure: str) -> Bound:
    drawn_in, level = _RESCALED.get((bound.model, bound.name), (None, None))
    return bound.rescaled(level) if level is not None and drawn_in == figure else bound


@functools.cache
def _rows() -> dict[tuple[str, str], dict[str, str]]:
    """Return the rows of SOURCES.csv by (model, name)."""
    text = (resources.files("cevns") / "bounds/data/SOURCES.csv").read_text(encoding="utf-8")
    return {(row["model"], row["file"]): row for row in csv.DictReader(text.splitlines())}


@functools.cache
def _load(model: str, name: str) -> Bound:
    if (model, name) in _COMPUTED:
        return _COMPUTED[model, name]()
    if (model, name) not in _rows():
        return _load(DARK_PHOTON, name).converted_to(model)
    row = _rows()[model, name]
    found = Table.read(Path(__file__).parent / "data" / model / f"{name}.csv")
    columns = found.titles
    kind = next(k for k, needed in KINDS.items() if len(columns) == len(needed) + 1 and columns[-1] == needed[-1])
    values = found.select()
    level = row["confidence_level"]
    return Bound(
        name=name,
        label=row["label"],
        model=model,
        kind=kind,
        segments=tuple(tuple(values[values[:, 0] == i, 1:].T) for i in np.unique(values[:, 0])),
        reference=row["reference"],
        confidence_level=float(level.removesuffix("%")) / 100 if level.endswith("%") else None,
        figure="" if row["figure"] == "beyond" else row["figure"],
        origin=row["origin"],
        note=row["note"],
        search=_SEARCHES.get(name, ""),
    )
