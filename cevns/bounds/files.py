"""Reading a limit of your own from a text file."""

import re
from pathlib import Path

import numpy as np

from cevns import checks
from cevns.bounds.curves import DARK_PHOTON, KINDS, Bound
from cevns.errors import DataError, InputError
from cevns.models import VectorModel, known_models

__all__ = ["load_bound"]

_MASS_UNITS = {"eV": 1e-6, "keV": 1e-3, "MeV": 1.0, "GeV": 1e3, "TeV": 1e6}
_POWERS = {"g": 1, "g^2": 2, "epsilon": 1, "epsilon^2": 2}


def load_bound(
    path,
    *,
    model,
    mass_unit,
    coupling,
    kind=None,
    name=None,
    label=None,
    confidence_level=None,
    reference="",
    note="",
    search="",
):
    """Read a limit from a file with two or three columns: mass, lowest excluded coupling, and highest if there is one.

    Cells are separated by white space, commas or semicolons. Text after ``#`` and a first line of titles are skipped.
    An empty line ends a segment: nothing is excluded between two segments.

    Parameters
    ----------
    path : str or path
        The file.
    model : str or VectorModel
        Model of the coupling: one of `cevns.known_models`, ``"dark-photon"`` for kinetic mixing, or your own.
    mass_unit : {"eV", "keV", "MeV", "GeV", "TeV"}
        Unit of the first column.
    coupling : {"g", "g^2", "epsilon", "epsilon^2"}
        What the other columns hold; epsilon for ``"dark-photon"`` and for nothing else.
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
        If a unit, kind or model is not known, or the coupling is not the one of the model.
    DataError
        If the file cannot be read or a row is malformed: the message names file, line and remedy.

    Examples
    --------
    >>> import tempfile
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
    if isinstance(model, VectorModel):
        model = model.name
    else:
        checks.known("model", model, (*known_models(), DARK_PHOTON))
    if (model == DARK_PHOTON) != coupling.startswith("epsilon"):
        wanted = "'epsilon' or 'epsilon^2'" if model == DARK_PHOTON else "'g' or 'g^2'"
        raise InputError(f"coupling = {coupling!r} does not fit model {model!r}, whose coupling is given as {wanted}")
    if kind is not None:
        checks.known("kind", kind, KINDS)
    path = Path(path)
    blocks = _blocks(path, kind)
    kind = kind or ("lower" if len(blocks[0][0][1]) == 2 else "region")
    segments = []
    for block in blocks:
        _check(path, block, kind)
        mass, *couplings = np.array([row for _, row in block]).T
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


def _blocks(path, kind):
    """Return the rows of each segment with their line numbers."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path}: {error}; give a text file with two or three columns") from error
    columns, needed = (len(KINDS[kind]),) * 2 if kind else (None, "2 or 3")
    blocks, block, titles = [], [], True
    for number, line in enumerate([*lines, ""], start=1):
        text = line.partition("#")[0].strip().strip(",;")
        if not text:
            # a comment alone does not end a segment
            if block and not line.strip():
                blocks.append(block)
                block = []
            continue
        cells = [c for c in re.split(r"[\s,;]+", text) if c]
        values = [_number(cell) for cell in cells]
        first, titles = titles, False
        if first and all(v is None for v in values):
            continue
        if None in values:
            wrong = cells[values.index(None)]
            raise DataError(f"{path}, line {number}: {wrong!r} is not a number; correct or remove it")
        columns = columns or (len(values) if len(values) in (2, 3) else None)
        if len(values) != columns:
            raise DataError(
                f"{path}, line {number}: {len(values)} columns where {columns or needed} are needed: {line.strip()!r}; "
                "give mass and coupling, or mass, lower and upper coupling, with a point as decimal sign"
            )
        block.append((number, values))
    if not blocks:
        raise DataError(f"{path} holds no rows of numbers; give two or three columns: mass and coupling(s)")
    return blocks


def _number(cell):
    try:
        return float(cell)
    except ValueError:
        return None


def _check(path, block, kind):
    least = 3 if kind == "contour" else 2
    if len(block) < least:
        raise DataError(
            f"{path}, line {block[0][0]}: the segment that starts here has {len(block)} row(s) where at least {least} "
            "are needed; remove the empty line after it, or the row"
        )
    before = 0.0
    for number, (mass, *couplings) in block:
        zero_allowed = kind == "band"
        for what, value in (("mass", mass), *(("coupling", c) for c in couplings)):
            if not (0 < value < np.inf or (value == 0 and what == "coupling" and zero_allowed)):
                raise DataError(
                    f"{path}, line {number}: {what} {value:g} is not positive and finite; correct or remove the row"
                )
        if len(couplings) == 2 and couplings[0] > couplings[1]:
            raise DataError(
                f"{path}, line {number}: lower coupling {couplings[0]:g} exceeds upper {couplings[1]:g}; "
                "swap the columns"
            )
        if kind != "contour" and mass <= before:
            raise DataError(
                f"{path}, line {number}: mass {mass:g} follows {before:g}; sort the rows by mass, begin a new segment "
                "with an empty line, or say kind='contour' for a closed outline"
            )
        before = mass
