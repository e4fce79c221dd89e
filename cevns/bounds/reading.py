"""Reading a limit of your own from a text file."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.bounds.bound import DARK_PHOTON, KINDS, Bound
from cevns.errors import DataError, InputError
from cevns.files import checked_path
from cevns.inference.files import kind_of
from cevns.interactions import Interaction, known_interactions
from cevns.tables import Table, energy_unit, order_problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array, Model, Path

__all__ = ["load_bound"]

_MASS_UNITS = {"eV": 1e-6, "keV": 1e-3, "MeV": 1.0, "GeV": 1e3, "TeV": 1e6}
_COUPLING_TITLE = re.compile(r"(g'?|eps|epsilon|\u03b5|\\epsilon)\s*((?:\^|\*\*)\s*\{?2\}?|\u00b2)?")
_POWERS = {"g": 1, "g^2": 2, "epsilon": 1, "epsilon^2": 2}


def load_bound(
    path: Path,
    *,
    model: Model,
    mass_unit: str,
    coupling: str,
    columns: Sequence[int | str] | None = None,
    kind: str | None = None,
    name: str | None = None,
    label: str | None = None,
    confidence_level: float | None = None,
    reference: str = "",
    note: str = "",
    search: str = "",
) -> Bound:
    """Read a limit from a table with two or three columns: mass, lowest excluded coupling, and highest if there is one.

    `cevns.tables` says which text files are understood. An empty line ends a segment: nothing is excluded between two
    segments.

    Parameters
    ----------
    path : str or path
        The file.
    model : str or Interaction
        Model of the coupling: one of `cevns.known_interactions`, ``"dark-photon"`` for kinetic mixing, or your own.
    mass_unit : {"eV", "keV", "MeV", "GeV", "TeV"}
        Unit of the first column.
    coupling : {"g", "g^2", "epsilon", "epsilon^2"}
        What the other columns hold; epsilon for ``"dark-photon"`` and for nothing else.
    columns : sequence of int or str, optional
        Columns of mass and coupling(s), by number from 1 or by title, where the file has others too: row numbers,
        errors, or several curves side by side.
    kind : {"lower", "region", "contour", "band"}, optional
        As in `Bound`; two columns are taken for ``"lower"`` and three for ``"region"`` unless given.
    name, label : str, optional
        The file's name without its suffix unless given.
    confidence_level : float, optional
        Of the limit, between 0 and 1.
    reference, note, search
        As in `Bound`.

    Returns
    -------
    Bound

    Raises
    ------
    InputError
        If a unit, kind or model is not known, the coupling is not the one of the model, a column is chosen twice, or
        the title of a column contradicts `mass_unit` or `coupling`.
    DataError
        If the file cannot be read or a row is malformed: the message names file, line and remedy.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "mine.csv").write_text("mass_GeV, epsilon^2\\n0.010, 1e-6\\n0.050, 4e-6\\n")
    >>> mine = load_bound(
    ...     folder / "mine.csv", model="dark-photon", mass_unit="GeV", coupling="epsilon^2", search="prompt"
    ... )
    >>> mine
    <Bound dark-photon/mine (lower), 10 to 50 MeV>
    >>> f"{mine.converted_to('b-l').lowest(10.0):.3e}"
    '4.788e-04'
    """
    scale = _MASS_UNITS[checks.known("mass_unit", mass_unit, _MASS_UNITS)]
    power = _POWERS[checks.known("coupling", coupling, _POWERS)]
    if not isinstance(model, Interaction):
        checks.known("model", model, (*known_interactions(), DARK_PHOTON))
    if (model == DARK_PHOTON) != coupling.startswith("epsilon"):
        wanted = "'epsilon' or 'epsilon^2'" if model == DARK_PHOTON else "'g' or 'g^2'"
        shown = checks.shown(getattr(model, "name", model))
        raise InputError(f"coupling = {coupling!r} does not fit model {shown}, whose coupling is given as {wanted}")
    if kind is not None:
        checks.known("kind", kind, KINDS)
    path = checked_path(path)
    if kind_of(path) == "limit":
        raise DataError(
            f"{path} is a limit that cevns wrote, with a model and intervals of its own: read it with "
            "cevns.inference.Limit.load, which plot_bounds takes as own=[...]"
        )
    table = Table.read(path)
    values = table.select(columns, distinct=True)
    _check_titles(table, columns or range(1, table.width + 1), mass_unit, coupling)
    kind = _kind(table, values, kind, columns is not None)
    segments = []
    rows, lines, numbers = len(values), np.array(table.lines), np.array(table.segments)
    for segment in np.unique(numbers[:rows]):
        inside = np.flatnonzero(numbers[:rows] == segment)
        _check(path, lines[inside], values[inside], scale, kind, _counts_rows(values))
        mass, *couplings = values[inside].T
        segments.append((scale * mass, *(c ** (1 / power) for c in couplings)))
    return Bound(
        name=name or path.stem,
        label=label or path.stem,
        model=model,
        kind=kind,
        segments=tuple(segments),
        confidence_level=confidence_level,
        reference=reference,
        origin=f"file {path.name}",
        note=note,
        search=search,
    )


def _check_titles(table: Table, columns: Sequence[int | str], mass_unit: str, coupling: str) -> None:
    """Refuse what the titles of the columns contradict; many say nothing."""
    first, *others = (table.titles[table.index(column)] if table.titles else "" for column in columns)
    unit = energy_unit(first)
    if unit not in (None, mass_unit):
        raise InputError(
            f"mass_unit = {mass_unit!r} contradicts the title {checks.shown(first)} of {table.name}; correct one "
            "of them"
        )
    for title in others:
        found = _COUPLING_TITLE.fullmatch(title.strip())
        if found:
            said = ("g" if found[1] in ("g", "g'") else "epsilon") + ("^2" if found[2] else "")
            if said != coupling:
                raise InputError(
                    f"coupling = {coupling!r} contradicts the title {checks.shown(title)} of {table.name}, which says "
                    f"{said!r}; correct one of them"
                )


def _kind(table: Table, values: Array, kind: str | None, chosen: bool) -> str:
    """Return the kind, after a look at the number of columns."""
    columns = values.shape[1]
    needed = (len(KINDS[kind]),) if kind else (2, 3)
    where = f"{table.name}, line {table.lines[0]}"
    if columns not in needed:
        raise DataError(
            f"{where}: {columns} column{'' if columns == 1 else 's'} where {' or '.join(map(str, needed))} are needed; "
            "give mass and coupling, or mass, lower and upper coupling, or choose them, as in columns=(2, 3) where "
            "column 1 is a row number or another curve stands in front"
        )
    if kind is None and columns == 3 and not chosen and len(values) > 2 and _counts_rows(values):
        raise DataError(
            f"{where}: column 1 counts the rows and may be a row number; choose mass and coupling, columns=(2, 3), or "
            "say kind='region' if it is the mass"
        )
    return kind or ("lower" if columns == 2 else "region")


def _counts_rows(values: Array) -> bool:
    """Return whether the first column is 0, 1, 2, ... or 1, 2, 3, ..."""
    return values[0, 0] in (0, 1) and bool((np.diff(values[:, 0]) == 1).all())


def _check(path: Path, lines: Array, values: Array, scale: float, kind: str, counted: bool) -> None:
    least = 3 if kind == "contour" else 2
    if len(values) < least:
        raise DataError(
            f"{path}, line {lines[0]}: the segment that starts here has {len(values)} row(s) where at least {least} "
            "are needed; remove the empty line after it, or the row"
        )
    lowest = 0.0 if kind == "band" else math.nextafter(0.0, 1.0)
    for line, (mass, *couplings) in zip(lines, values.tolist(), strict=True):
        if not 0 < scale * mass < math.inf:
            raise DataError(
                f"{path}, line {line}: mass {mass:g} is not positive and finite in MeV; correct or remove the row"
            )
        for value in couplings:
            if value < lowest:
                raise DataError(
                    f"{path}, line {line}: coupling {value:g} is not positive and finite; correct or remove the row"
                )
        if len(couplings) == 2 and couplings[0] > couplings[1]:
            remedy = "column 1 may be a row number: choose mass and coupling, columns=(2, 3)"
            raise DataError(
                f"{path}, line {line}: lower coupling {couplings[0]:g} exceeds upper {couplings[1]:g}; "
                + (remedy if counted and np.diff(values[:, 1]).min() > 0 else "swap the columns")
            )
    if kind != "contour" and (wrong := order_problem(values[:, 0])):
        i, remedy = wrong
        raise DataError(
            f"{path}, line {lines[i]}: mass {values[i, 0]:g} follows {values[i - 1, 0]:g}; {remedy}, begin a new "
            "segment with an empty line, or say kind='contour' for a closed outline"
        )
