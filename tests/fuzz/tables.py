"""Tables of numbers: dialects that must be read rightly, and mutations of their cells and bytes."""

import codecs
import re

import numpy as np

from cevns.errors import CevnsError
from cevns.tables import Table, read_histogram, read_table

from .messages import check_error
from .mutations import Fault, bytes_like, finite, number, text

__all__ = ["play", "written"]

_CELLS = (
    *("O.5", "0.5keV", "\u22121.5", "1,5,2", "1.234,5", "0x10", "1_000", "nan", "inf", "-", "--", "NA", "1e", "1e999"),
    *("1.0D+01", "1.0Q-3", "5 %", "<5", "1.2.3", "++1", "1e5.5", "\u0661", "1\u00a0000", "abc", "1e-400", "'1'", "(1)"),
)


def play(rng, folder):
    """Read one table in every way."""
    rows = rng.choice([1, 2, 2, 3, 5, 8, 40])
    columns = rng.choice([1, 2, 2, 3, 3, 4, 9])
    values = [[_value(rng, j, i) for j in range(columns)] for i in range(rows)]
    path = folder / "table.csv"
    action = rng.random()
    if action < 0.35:
        content, exact = written(rng, values)
        path.write_bytes(content)
        return _read_rightly(path, values, exact)
    if action < 0.65:
        return _cell_changed(rng, path, values)
    content = bytes_like(rng, written(rng, values)[0], rng.choice([1, 1, 2, 3, 8, 30]))
    path.write_bytes(content)
    outcome = "refused"
    # other ways to read are tried although one was refused
    for read in (read_table, read_histogram, _by_titles):
        try:
            found = read(path)
        except CevnsError as error:
            check_error(error)
        else:
            finite("table", *(found if isinstance(found, tuple) else [found]))
            outcome = "accepted"
    return outcome


def _by_titles(path):
    table = Table.read(path)
    return table.select(table.titles or [1])


def _value(rng, column, row):
    if column == 0 and rng.random() < 0.8:
        return float(row + 1)
    return rng.choice(
        [
            float(rng.randint(0, 9)),
            round(rng.uniform(-10, 10), rng.randint(0, 6)),
            10.0 ** rng.uniform(-20, 20),
            rng.uniform(0, 1e6),
            -0.0,
            float(rng.randint(0, 2000)),
        ]
    )


def written(rng, values, titles=None):
    """Return the bytes of a table in some dialect, and whether nothing about it is uncertain.

    Parameters
    ----------
    rng : random.Random
        Chooses the dialect.
    values : list of list of float
        Rows.
    titles : list of str, optional
        Of the columns; drawn unless given.
    """
    separator = rng.choice([",", ";", "\t", " ", "  ", ", ", " ,", " ; ", "\t\t"[:1]])
    # one column with commas is two columns of whole numbers
    decimal = "," if len(values[0]) > 1 and separator.strip(" ") in (";", "\t") and rng.random() < 0.3 else "."
    style = rng.choice([repr, lambda x: f"{x:.17e}", lambda x: f"{x:.17E}", lambda x: f"{x:.17e}".replace("e", "D")])
    quoted = rng.random() < 0.1
    lines = []
    for row in values:
        cells = [style(x).replace(".", decimal) for x in row]
        if quoted:
            cells = [f'"{cell}"' for cell in cells]
        line = separator.join(cells)
        if rng.random() < 0.1:
            line = "  " + line
        if rng.random() < 0.1:
            line += rng.choice([" ", "  # remark", " ! remark"])
        lines.append(line)
    if titles is not None or rng.random() < 0.5:
        names = titles or [
            f"{rng.choice(['E', 'mass', 'value', 'density'])}{chr(97 + i)}" for i in range(len(values[0]))
        ]
        lines.insert(0, separator.join(names))
    for _ in range(rng.choice([0, 0, 1, 3])):
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(["# remark, 1 2 3", "% 1", "! x", "// 5 6", "", "   "]))
    joined = rng.choice(["\n", "\n", "\r\n", "\r"]).join(lines) + rng.choice(["", "\n", "\n\n"])
    encoding, mark = rng.choice(
        [("utf-8", b"")] * 4
        + [("utf-8", codecs.BOM_UTF8), ("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE)]
    )
    # with a comma as decimal sign what has none may decide otherwise: such tables may be refused, never misread
    return mark + joined.encode(encoding), decimal == "." and not quoted


def _read_rightly(path, values, exact):
    try:
        found = read_table(path)
    except CevnsError as error:
        if exact and not _may_be_refused(str(error)):
            raise Fault(f"a valid table is refused: {error}") from error
        raise
    if found.shape != np.shape(values) or not np.array_equal(found, np.array(values)):
        raise Fault(f"read {found.tolist()} for {values}")
    return "accepted"


def _may_be_refused(message):
    # what is uncertain by the documented rules
    return any(words in message for words in ("may be", "uncertain", "may group"))


def _cell_changed(rng, path, values):
    """Change one cell: it must be refused, or the others stay as they are, every row in its place."""
    i, j = rng.randrange(len(values)), rng.randrange(len(values[0]))
    separator = rng.choice([",", ";", "\t"])
    cells = [[repr(x) for x in row] for row in values]
    choice = rng.random()
    new = rng.choice(_CELLS) if choice < 0.6 else str(number(rng, 5.0)) if choice < 0.8 else text(rng, cells[i][j])
    cut = '#%!/\r\n\v\f\x85\u2028,;\t"' + " " * (len(values[0]) == 1)
    if any(c in new.strip(" ") for c in cut) or not new.strip():
        # a comment, a line end or another cell is another table, not another cell
        new = rng.choice(["x1", "1x", "--1", "1..2"])
    cells[i][j] = new
    titled = rng.random() < 0.5
    lines = [separator.join(row) for row in cells]
    if titled:
        lines.insert(0, separator.join(f"t{k}" for k in range(len(values[0]))))
    path.write_text("\n".join(lines), encoding="utf-8", newline="")
    try:
        found = read_table(path)
    except CevnsError:
        # the other columns must still be readable
        others = [k + 1 for k in range(len(values[0])) if k != j]
        if others:
            try:
                rest = read_table(path, others)
            except CevnsError as error:
                check_error(error)
            else:
                _same_but(rest, np.delete(np.array(values), j, axis=1), None, new)
        raise
    if len(values[0]) == 1 and i == 0 and len(found) == len(values) - 1:
        # a word above one column of numbers is its title
        if re.match(r"[-+.<(]*\d", new):
            raise Fault(f"the first row, {new!r}, is taken for a title")
        return "accepted"
    _same_but(found, np.array(values), (i, j), new)
    return "accepted"


def _same_but(found, values, cell, new):
    finite("table", found)
    if found.shape != values.shape:
        raise Fault(f"a table of shape {values.shape} with a cell {new!r} is read with shape {found.shape}")
    changed = found != values
    if cell is not None:
        changed[cell] = False
    if changed.any():
        raise Fault(f"a cell {new!r} changes others: {found.tolist()}")
