"""Reading of the text tables that come with experiments, or that users bring."""

import sys
from pathlib import Path

import numpy as np

from cevns.errors import DataError

__all__ = ["read_table"]


def read_table(package, name, *, columns, delimiter=None, skip_header=False):
    """Read a table of numbers; lines that start with ``#`` and empty lines are skipped.

    Parameters
    ----------
    package : str or None
        Imported package that holds the file, or None for an ordinary path.
    name : str or path
        File name.
    columns : int
        Numbers in every row.
    delimiter : str, optional
        White space unless given.
    skip_header : bool
        Whether the first line that is no comment is a title.

    Returns
    -------
    ndarray, shape (rows, columns)

    Raises
    ------
    DataError
        Naming the file, the line and what is wrong with it.
    """
    path = Path(name) if package is None else Path(sys.modules[package].__file__).parent / name
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {name}: {error}") from error
    rows = []
    for number, line in enumerate(lines, start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        if skip_header:
            skip_header = False
            continue
        cells = text.split(delimiter)
        if len(cells) != columns:
            raise DataError(f"{name}, line {number}: {len(cells)} columns where {columns} are needed: {line.strip()!r}")
        try:
            rows.append([float(cell) for cell in cells])
        except ValueError:
            raise DataError(f"{name}, line {number}: not all numbers: {line.strip()!r}") from None
    table = np.array(rows)
    if not rows:
        raise DataError(f"{name} holds no rows of numbers")
    if not np.isfinite(table).all():
        raise DataError(f"{name} holds values that are not finite")
    return table
