"""One reader for every table of numbers that cevns reads: curves, fluxes, efficiencies, counts, shipped data.

It takes text files as people have them, and refuses what it does not understand, with file, line and remedy:

- UTF-8 with or without a byte order mark, or UTF-16 with one; line ends of any system.
- Cells separated by semicolons, tabs, commas or blanks: one of them in the whole file. Blanks around cells and
  separators at the end of a row mean nothing. ``"Quoted cells"`` may hold separators.
- Numbers like ``1``, ``.5``, ``1.5e-3``, and Fortran's ``1.5D-03``. A comma is the decimal sign where semicolons or
  tabs separate the cells, or inside quotes, and if it is so in the whole file. ``1,5 2,3`` is refused, being two
  numbers or four; so are thousands separators, units, hexadecimal numbers, nan and inf.
- Comments begin with ``#``, ``%``, ``!`` or ``//`` at the start of a line; after a row too, then with a blank before
  ``%``, ``!`` and ``//``. A semicolon begins no comment.
- Lines of titles at the top: those in which no cell looks like a number, so that a row with a bad number is never
  taken for one. The last one with as many cells as the rows have names the columns.
- A row that is empty, or holds separators alone, ends a segment of a curve; other tables ignore it.
- Columns are chosen by number, from 1, or by title. Columns that are chosen may end before the table does, as they do
  where curves of different length stand side by side. What other columns hold does not matter.
"""

import contextlib
import math
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from cevns import checks
from cevns.errors import DataError, InputError, UnknownNameError
from cevns.files import read_bytes

__all__ = ["LARGEST_TABLE", "Table", "join_bins", "read_histogram", "read_table"]

#: Bytes of the longest file that is read.
LARGEST_TABLE = 16 * 2**20

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?", re.ASCII)
_COMMA_NUMBER = re.compile(r"[-+]?\d*,\d+(?:[eEdD][-+]?\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+", re.ASCII)
_EXPONENT = str.maketrans("dD", "ee")
_BLANKS = " \t\f\v"
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_COMMENT = re.compile(r"#|(?<=[ \t])(?:%|!|//)")
_ERROR_VALUE = re.compile(r"#(?:N/A|DIV/0!|VALUE!|REF!|NAME\?|NUM!|NULL!)")
#: Lines above the rows among which their titles are looked for.
_MOST_TITLES = 100
_NAMES = {";": "semicolons", "\t": "tabs", ",": "commas", None: "blanks"}
_NO_ROWS = "{} holds no rows of numbers; give columns of numbers, and begin comments with #"
_TITLES_HINT = ", or put # before it if it is a line of titles"
# byte order marks; the longer one before the one that it begins with
_MARKS = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe\x00\x00": "utf-32-le",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}
# what stands for a missing number, which must not make a row of titles
_MISSING = frozenset(
    ("na", "nan", "inf", "infinity", "null", "none", "nil", "nd", "missing", "nodata", "notavailable", "unknown", "tbd")
)
# marks alone that stand for it as well; three dashes and more underline titles
_MARKS_ALONE = re.compile(r"-{1,2}|\*|[?./\\\u2013\u2014\u2026]+")
_UNIT = re.compile(r"(?<![A-Za-z])([kMGTm]?)eV(?![a-zA-Z])|(?<![A-Za-z])([kmgt]?)ev(?![a-zA-Z])")


def read_table(path, columns=None):
    """Read columns of numbers from a text file.

    Parameters
    ----------
    path : str or path
        The file; the formats are those of this module.
    columns : sequence of int or str, optional
        Numbers of columns, from 1, or their titles. All columns unless given.

    Returns
    -------
    ndarray, shape (rows, columns)

    Raises
    ------
    DataError
        If the file cannot be read or a row is not understood: the message names file, line, column and remedy.
    InputError, UnknownNameError
        If there is no such column.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "quenching.csv"
    >>> _ = path.write_text("recoil [keV];f_Q;error\\n5;0,09;0,01\\n20;0,11;0,01\\n")
    >>> recoil, factor = read_table(path, columns=["recoil [keV]", 2]).T
    >>> recoil, factor
    (array([ 5., 20.]), array([0.09, 0.11]))
    """
    return Table.read(path).select(columns)


def read_histogram(path, columns=None):
    """Read a histogram: low edge, high edge and one or more values in each row.

    Parameters
    ----------
    path : str or path
        The file.
    columns : sequence of int or str, optional
        Columns of low edge, high edge and values, by number or title. The first is the low edge, the second the high
        edge, and all others are values unless given.

    Returns
    -------
    tuple of ndarray
        The n + 1 edges, then n values for each column of values.

    Raises
    ------
    DataError
        As `read_table`, and if bins are empty, overlap or leave gaps.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cevns.fluxes import tabulated
    >>> path = Path(tempfile.mkdtemp()) / "flux.txt"
    >>> _ = path.write_text("% MeV MeV cm^-2/MeV\\n 0 10 1e12\\n10 20 3e12\\n20 30 2e12\\n")
    >>> edges, density = read_histogram(path)
    >>> tabulated(edges, {"mu": density}, histogram=True).moment("mu", 0.0)
    60000000000000.0
    """
    table = Table.read(path)
    found = table.select(columns, distinct=True)
    if found.shape[1] < 3:
        raise InputError(
            f"a histogram needs three columns or more, low edge, high edge and values; {table.name} gives "
            f"{found.shape[1]}: choose them with columns"
        )
    low, high, *values = found.T
    return join_bins(low, high, [f"{table.name}, line {line}" for line in table.lines]), *values


def join_bins(low, high, places=None):
    """Return the n + 1 edges of n bins that follow each other.

    Parameters
    ----------
    low, high : array_like, shape (n,)
        Edges of each bin.
    places : sequence of str, optional
        Where each bin comes from, for messages.

    Raises
    ------
    DataError
        If a bin is empty, or does not begin where the one before it ends.

    Examples
    --------
    >>> join_bins([0, 10], [10, 30])
    array([ 0., 10., 30.])
    """
    low, high = (checks.array(name, v, ndim=1) for name, v in (("low edges", low), ("high edges", high)))
    if low.size != high.size or low.size == 0:
        raise DataError(f"there are {low.size} low and {high.size} high edges: give one of each for every bin")
    places = [f"bin {i + 1}" for i in range(low.size)] if places is None else places
    for i in range(low.size):
        if not low[i] < high[i]:
            raise DataError(
                f"{places[i]}: the low edge {low[i]:g} is not below the high edge {high[i]:g}; correct or swap them"
            )
        if i and not math.isclose(low[i], high[i - 1], rel_tol=1e-12):
            what = "leaves a gap after" if low[i] > high[i - 1] else "overlaps"
            raise DataError(
                f"{places[i]}: the bin from {low[i]:g} to {high[i]:g} {what} the one before, from {low[i - 1]:g} to "
                f"{high[i - 1]:g}; give bins that follow each other, with 0 for one without content"
            )
    return np.append(low, high[-1])


@dataclass(frozen=True, eq=False)
class Table:
    """The cells of a text file, before columns are chosen.

    Attributes
    ----------
    name : str
        The file, for messages.
    titles : tuple of str
        Of the columns; empty if they have none.
    width : int
        Number of columns.
    rows : list of list of str
        Cells, fewer than `width` where the others are empty.
    lines : list of int
        Line of each row in the file, from 1.
    segments : list of int
        Number of the segment to which each row belongs, from 0.
    decimal : {".", ","}
        Decimal sign.
    misfit : (int, tuple of str)
        Line and cells of the last line of titles if they are not as many as the rows have; 0 and none otherwise.
    """

    name: str
    titles: tuple
    width: int
    rows: list = field(repr=False)
    lines: list = field(repr=False)
    segments: list = field(repr=False)
    decimal: str = "."
    misfit: tuple = (0, ())

    @classmethod
    def read(cls, path):
        """Read the cells of a file.

        Raises
        ------
        DataError
            If it cannot be read, holds no rows of numbers, or a row does not fit the others.
        """
        return _parsed(_decoded(read_bytes(path, most=LARGEST_TABLE), path), str(path))

    def select(self, columns=None, *, distinct=False):
        """Return columns as an array of shape (rows, columns); parameters and errors as in `read_table`.

        Rows at the end in which none of the chosen columns has a number are left out. `distinct` says that no column
        may be chosen twice.
        """
        if columns is None:
            indices, length = range(self.width), len(self.rows)
        else:
            indices = [self.index(column) for column in checks.sequence("columns", columns)]
            if not indices:
                raise InputError("columns is empty: give numbers from 1 or titles")
            if distinct:
                self.check_distinct(dict(enumerate(indices, start=1)))
            length = max(self._length(i) for i in indices)
            if not length:
                raise DataError(f"{self.name}: the chosen columns hold no numbers; choose others")
        out = np.empty((length, len(indices)))
        for j, index in enumerate(indices):
            out[:, j] = self.values(index, length)
        return out

    def index(self, column):
        """Return the index from 0 of a column that is given by its number from 1 or its title.

        Raises
        ------
        InputError, UnknownNameError
            If there is no such column, or several.
        """
        name = f"column of {self.name}"
        if not isinstance(column, str):
            return checks.whole(name, column, low=1, high=self.width) - 1
        found = [i for i, title in enumerate(self.titles) if title == column.strip()]
        if len(found) == 1:
            return found[0]
        if found:
            numbers = " and ".join(str(i + 1) for i in found)
            raise InputError(f"{name}: the title {column!r} stands over columns {numbers}; choose one by its number")
        self.check_titles([column.strip()])
        # a title that is not close is not shown, since a configuration may name any file of its reader's
        close = close_match(column, self.titles)
        hint = f"; did you mean {close!r}?" if close else f"; choose by number, from 1 to {self.width}"
        reason = "" if self.titles else f", since no line of titles with {self.width} cells stands above the rows"
        raise UnknownNameError(f"unknown {name} {column!r}{reason}{hint}")

    def check_distinct(self, indices):
        """Refuse one column for two quantities, which `indices` names.

        Raises
        ------
        InputError
            If there is one.
        """
        first = {}
        for name, index in indices.items():
            if first.setdefault(index, name) != name:
                raise InputError(
                    f"column {index + 1} of {self.name} is chosen twice, for {first[index]} and for {name}: choose "
                    "another, or copy the column if both are meant"
                )

    def check_titles(self, names):
        """Refuse a line of titles that holds one of the `names`, but not one title for each column.

        Raises
        ------
        DataError
            If there is such a line.
        """
        line, cells = self.misfit
        found = next((name for name in names if name in cells), None)
        if found is not None:
            raise DataError(
                f"{self.name}, line {line}: {len(cells)} title{'' if len(cells) == 1 else 's'}, {found!r} among them, "
                f"over {self.width} columns; give each column one, separated like the rows, or choose by number"
            )

    def values(self, index, length=None):
        """Return the first numbers of a column, counted from 0; up to its last one unless `length` is given.

        Raises
        ------
        DataError
            Naming the first line with a cell that is empty or not a finite number, and how many more there are.
        """
        length = self._length(index) if length is None else length
        values, bad = np.zeros(length), []
        for i, row in enumerate(self.rows[:length]):
            number = _number(row[index], self.decimal) if index < len(row) else None
            if number is None:
                bad.append(i)
            else:
                values[i] = number
        if bad:
            row = self.rows[bad[0]]
            complaint = _complaint(row[index] if index < len(row) else "", self.decimal)
            if bad[0] == 0 and not any(map(_NUMBER.fullmatch, row)):
                complaint += _TITLES_HINT
            more = f"; {len(bad) - 1} more below" if len(bad) > 1 else ""
            raise DataError(f"{self.name}, line {self.lines[bad[0]]}: column {index + 1} {complaint}{more}")
        return values

    def _length(self, index):
        """Return the number of rows up to the last one in which a column is not empty."""
        rows = self.rows
        return next((i + 1 for i in reversed(range(len(rows))) if index < len(rows[i]) and rows[i][index]), 0)


def energy_unit(title):
    """Return the multiple of the electronvolt that a title names, None if it names none or several.

    Examples
    --------
    >>> energy_unit("M_{Z'} [GeV/c^2]"), energy_unit("energy_mev"), energy_unit("g")
    ('GeV', 'MeV', None)
    """
    found = set()
    for unit in _UNIT.finditer(title):
        prefix = unit[1] if unit[1] is not None else unit[2].upper().replace("K", "k")
        found.add(f"{prefix}eV")
    return found.pop() if len(found) == 1 else None


def close_match(name, names):
    """Return the entry of `names` that is nearest to `name`, None if none is near."""
    import difflib

    return next(iter(difflib.get_close_matches(name, names, n=1)), None)


def order_problem(values, repeated=""):
    """Return the index of the first value that does not exceed the one before, and what to do about it.

    Parameters
    ----------
    values : array_like, shape (n,)
        What should ascend strictly.
    repeated : str
        What else a repeated value may be, for the message.

    Returns
    -------
    tuple of (int, str) or None
        None if the values ascend.

    Examples
    --------
    >>> order_problem([1.0, 3.0, 2.0])
    (2, 'sort the rows')
    """
    steps = np.diff(values)
    if (steps > 0).all():
        return None
    i = int(np.argmin(steps > 0))
    if steps[i] == 0:
        return i + 1, f"drop the repeated row{repeated}"
    return i + 1, "reverse the rows" if (steps < 0).all() else "sort the rows"


def _decoded(content, path):
    mark = next((mark for mark in _MARKS if content.startswith(mark)), b"")
    encoding, content = _MARKS.get(mark, "utf-8"), content[len(mark) :]
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = 1 + content[: error.start].count(b"\n")
        raise DataError(f"cannot read {path}: line {line} is no {encoding.upper()} text; save it as UTF-8") from None
    wrong = re.search(r"[^\t\n\f\v\r -~\xa0-\ud7ff\ue000-\U0010ffff]", text)
    if wrong:
        line = 1 + len(re.findall(r"\r\n?|\n", text[: wrong.start()]))
        what = "NUL character" if wrong[0] == "\0" else f"control character U+{ord(wrong[0]):04X}"
        raise DataError(f"cannot read {path}: line {line} holds a {what}; give a text file, saved as UTF-8")
    return text


@dataclass
class _Line:
    """A line that is no comment: its number, its text, and whether a row that is empty stands before it."""

    number: int
    text: str
    broken: bool
    cells: list = None


def _parsed(text, name):
    lines = _lines(text, name)
    separator = _separator(lines, name)
    for line in lines:
        line.cells = _split(line, separator, name)
    begin = next((i for i, line in enumerate(lines) if any(map(_looks_like_a_number, line.cells))), len(lines))
    rows, segments = _rows(lines[begin:], name)
    if not rows:
        raise DataError(_NO_ROWS.format(name))
    width = _width(rows, lines[:begin])
    _check_widths(rows, width, separator, name)
    _check_groups(rows, separator, name)
    _check_first(rows, name)
    titles = _titles(lines[:begin], width, name)
    return Table(
        name=name,
        titles=titles,
        misfit=(0, ()) if titles or not begin else _misfit(lines[begin - 1], name),
        width=width,
        rows=[line.cells[:width] for line in rows],
        lines=[line.number for line in rows],
        segments=segments,
        decimal="." if separator is None else _decimal(rows, name),
    )


def _rows(lines, name):
    """Return the lines that hold numbers, and the segment of each."""
    rows, segments, broken = [], [], True
    for line in lines:
        broken |= line.broken
        if not any(line.cells):
            broken = True
            continue
        if not any(map(_looks_like_a_number, line.cells)):
            raise DataError(
                f"{name}, line {line.number}: no cell is a number; titles stand above the first row, comments begin "
                "with #; correct or remove the line"
            )
        segments.append((segments[-1] if segments else -1) + broken)
        rows.append(line)
        broken = False
    return rows, segments


def _lines(text, name):
    """Return the lines without comments and without those that are empty."""
    lines, broken = [], False
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        stripped = line.strip(_BLANKS)
        if not stripped:
            broken = True
        elif not stripped.startswith(("#", "%", "!", "//")) or _ERROR_VALUE.match(stripped):
            line = _without_comment(line, f"{name}, line {number}")
            if line.strip(_BLANKS):
                # tabs at the ends are separators
                lines.append(_Line(number, line.strip(" \f\v"), broken))
                broken = False
    return lines


def _without_comment(line, where):
    masked = _QUOTED.sub(lambda quoted: "x" * len(quoted[0]), line) if '"' in line else line
    comment = _COMMENT.search(masked)
    if comment and (cell := _ERROR_VALUE.match(masked, comment.start())):
        raise DataError(
            f"{where}: {cell[0]} is what a spreadsheet shows for a cell without a value; correct or remove the row"
        )
    if not comment:
        return line
    if comment[0] == "%":
        # 5 % is not 5, and a comment says something
        rest = masked[comment.end() :].lstrip(" ")
        if not re.search(r"[^\W\d_]", rest) or rest[0] in "\t,;" or _looks_like_a_number(rest):
            raise DataError(
                f"{where}: a % that begins no comment may mean per cent; give fractions without it, and begin comments "
                "with #"
            )
    return line[: comment.start()]


def _tokens(text):
    return [token for token in re.split(r"[\s,;]+", text) if token]


def _separator(lines, name):
    """Return what separates the cells in most of the rows, None for blanks."""
    texts = [(line, _QUOTED.sub("0.0", line.text) if '"' in line.text else line.text) for line in lines]
    texts = [(line, text) for line, text in texts if _tokens(text)]
    found = [(line, text) for line, text in texts if all(map(_NUMBER.fullmatch, _tokens(text)))]
    # tables with a column of words have no row that is numbers alone
    found = found or [(line, text) for line, text in texts if any(map(_looks_like_a_number, _tokens(text)))]
    if not found:
        raise DataError(_NO_ROWS.format(name))
    rows = [text for _, text in found]
    if _most(";" in row for row in rows):
        return ";"
    tidy = [re.sub(" +", " ", row.strip(" \f\v")).replace(" \t", "\t").replace("\t ", "\t") for row in rows]
    tabs = _most("\t" in row for row in tidy) and not _most(" " in row for row in tidy)
    commas = [(line, text) for line, text in found if "," in text]
    if 2 * len(commas) < len(rows):
        # where blanks stand for some of the tabs, tabs are blanks, unless two of them enclose an empty cell
        mixed = any(" " in row or "\t" not in row for row in tidy)
        return "\t" if tabs and (not mixed or any(re.search(r"^\t|\t\t", row) for row in tidy)) else None
    close = [re.sub(r"[ \t]+", " ", text.strip(_BLANKS)) for _, text in commas]
    spaced = [" " in text.replace(" ,", ",").replace(", ", ",") for text in close]
    if 2 * sum(spaced) < len(spaced) and not _paired(close):
        return ","
    if tabs and any(spaced):
        return "\t"
    line = commas[next((i for i, blank in enumerate(spaced) if blank), 0)][0]
    raise DataError(
        f"{name}, line {line.number}: commas and blanks both stand between digits, so that it is uncertain what "
        "separates the cells; separate them with semicolons or tabs, or write numbers with a point as decimal sign"
    )


def _most(conditions):
    conditions = list(conditions)
    return 2 * sum(conditions) >= len(conditions)


def _paired(rows):
    """Return whether commas with blanks beside them may separate cells, and the others be decimal signs.

    So it may be in ``1,5, 2,3`` if all rows look like that and no decimal point shows that it is not so.
    """
    if any("." in row for row in rows):
        return False
    cells = [re.split(" , ?|, ", row.strip(" ,")) for row in rows]
    patterns = {tuple(cell.count(",") for cell in row) for row in cells}
    return len(patterns) == 1 and len(cells[0]) > 1 and max(patterns.pop()) == 1


def _split(line, separator, name):
    text = line.text
    if '"' in text:
        return _split_quoted(text, separator, f"{name}, line {line.number}")
    if separator is None:
        # not str.split(), for which a no-break space, which groups digits, is a blank
        return text.split() if text.isascii() else re.split(rf"[{_BLANKS}]+", text.strip(_BLANKS))
    return [cell.strip(_BLANKS) for cell in text.split(separator)]


def _split_quoted(text, separator, where):
    cells, rest = [], text if separator == "\t" else text.strip(_BLANKS)
    blanks = _BLANKS if separator != "\t" else " \f\v"
    end = re.compile(rf"[{_BLANKS}]+" if separator is None else re.escape(separator))
    while True:
        rest = rest.lstrip(blanks)
        if rest.startswith('"'):
            quoted = _QUOTED.match(rest)
            if not quoted:
                raise DataError(f'{where}: a cell begins with " but does not end with it; close or remove the quote')
            cells.append(quoted[0][1:-1].replace('""', '"').strip(_BLANKS))
            rest = rest[quoted.end() :]
            rest = rest if separator is None else rest.lstrip(blanks)
            found = end.match(rest)
            if rest and not found:
                raise DataError(f"{where}: text follows the closing quote of a cell; separate or remove it")
        else:
            found = end.search(rest)
            cells.append((rest[: found.start()] if found else rest).strip(_BLANKS))
        if not found:
            return cells
        rest = rest[found.end() :]


def _looks_like_a_number(cell):
    """Return whether a cell is, or may be a slip of, a number, so that its line is not one of titles."""
    if not cell:
        return False
    if _NUMBER.fullmatch(cell) or _is_missing(cell):
        return True
    # signs, quotes and the like before a number, as in "<5" or a minus that is not ASCII
    bare = cell.lstrip(
        "'\"`+-~<>=$\u2010\u2011\u2012\u2013\u2014\u2212\u00b1\u2248\u2264\u2265\u20ac\u00a3\ufeff\u200b\u00a0 "
    )
    if not bare:
        return False
    if bare[0] == "." or unicodedata.category(bare[0]).startswith("N") or _is_missing(bare):
        return True
    if _NUMBER.fullmatch(bare.strip("()[]{}'\"`,;")):
        return True
    # letters that are taken for digits: O.5
    digits = bare.translate(str.maketrans("OolI", "0011"))
    return "." in bare and any(c.isdigit() for c in bare) and bool(_NUMBER.fullmatch(digits))


def _is_missing(cell):
    """Return whether a cell stands for a number that is missing: ``n.a.``, ``N/A``, ``NaN``, ``--``, ``?``."""
    return bool(_MARKS_ALONE.fullmatch(cell)) or re.sub(r"[\W_]", "", cell.lower()) in _MISSING


def _width(rows, above):
    """Return the number of columns that fits most rows: the others are the ones that are wrong."""
    shapes = Counter((_filled(line.cells), len(line.cells)) for line in rows)
    titles = {_filled(line.cells) for line in above}
    first = _filled(rows[0].cells)

    def fit(width):
        fitting = sum(count for (filled, total), count in shapes.items() if filled <= width <= total)
        return fitting, width in titles, width == first, -width

    return max({width for shape, _ in shapes.most_common(20) for width in shape}, key=fit)


def _filled(cells):
    """Return the number of cells without the empty ones at the end."""
    return next((i + 1 for i in reversed(range(len(cells))) if cells[i]), 0)


def _check_widths(rows, width, separator, name):
    for line in rows:
        filled, total = _filled(line.cells), len(line.cells)
        if not filled <= width <= total:
            count = filled if filled > width else total
            hint = _TITLES_HINT if line is rows[0] else ""
            if line is rows[-1] and filled == 1 and len(rows) > 1:
                behind = (
                    "a separator for each missing cell" if separator else "commas, in the place of blanks everywhere"
                )
                hint = f"; behind a last edge that stands alone put {behind}"
            raise DataError(
                f"{name}, line {line.number}: {count} column{'' if count == 1 else 's'} where the others have {width}, "
                f"separated by {_NAMES[separator]}; correct the row{hint}"
            )


def _check_first(rows, name):
    """Refuse a first row with a word over a column of numbers, such as one of units, ``keV;1``."""
    first, *others = rows
    for i, cell in enumerate(first.cells):
        if len(others) < (1 if energy_unit(cell) else 2):
            continue
        if _looks_like_a_number(cell) or not re.search(r"[^\W\d_]", cell):
            continue
        if all(i < len(line.cells) and re.match(r"[-+]?[.,]?\d", line.cells[i], re.ASCII) for line in others):
            raise DataError(
                f"{name}, line {first.number}: column {i + 1} holds text, which is not a number, over a column of "
                "numbers; correct the row, or put # before it if it is a line of titles or units"
            )


def _check_groups(rows, separator, name):
    """Refuse what may be one number in two cells: thousands grouped by blanks, decimals after a comma."""
    if separator == "," and not any("." in cell for line in rows for cell in line.cells):
        left, right, what = r"[-+]?\d+", r"0\d+", "the decimals of the cell before"
    elif separator is None:
        left, right, what = r"[-+]?\d{1,3}", r"0\d\d(\.\d*)?", "grouped thousands"
    else:
        return
    left, right = re.compile(left, re.ASCII), re.compile(right, re.ASCII)
    for line in rows:
        for i, cell in enumerate(line.cells):
            if i and cell.startswith("0") and right.fullmatch(cell) and left.fullmatch(line.cells[i - 1]):
                raise DataError(
                    f"{name}, line {line.number}: column {i + 1} begins with 0 and may be {what}; write numbers "
                    "without grouping and with a point as decimal sign"
                )


def _titles(lines, width, name):
    """Return the cells of the last line of titles that has as many as the rows, or nothing."""
    for line in lines[: -_MOST_TITLES - 1 : -1]:
        # titles may be separated otherwise than the rows: commas over columns that stand apart
        for separator in ("", ";", "\t", ",", None):
            with contextlib.suppress(DataError):
                cells = _split(line, separator, name) if separator != "" else line.cells
                if _filled(cells) <= width <= len(cells) and all(not c or re.search(r"\w", c) for c in cells):
                    return tuple(cells[:width])
    return ()


def _misfit(line, name):
    """Return number and cells of a line of titles that are not as many as the rows have."""
    cells = line.cells
    for separator in (";", "\t", ",", None):
        if len(cells) < 2:
            with contextlib.suppress(DataError):
                cells = _split(line, separator, name)
    return line.number, tuple(cells[: _filled(cells)])


def _decimal(rows, name):
    """Return the decimal sign of the file."""
    commas = [(line, c) for line in rows for c in line.cells if "," in c and _COMMA_NUMBER.fullmatch(c)]
    points = sum(1 for line in rows for c in line.cells if "." in c and _NUMBER.fullmatch(c)) if commas else 0
    if points >= len(commas):
        return "."
    if all(_THOUSANDS.fullmatch(cell) for _, cell in commas):
        raise DataError(
            f"{name}, line {commas[0][0].number}: three digits follow each comma, which may group thousands or be the "
            "decimal sign; write numbers without grouping and with a point as decimal sign"
        )
    return ","


def _number(cell, decimal):
    """Return the finite number that a cell holds, None if it holds none."""
    if decimal == ",":
        cell = cell.replace(",", ".") if _COMMA_NUMBER.fullmatch(cell) else cell.replace(".", "?")
    if not _NUMBER.fullmatch(cell):
        return None
    number = float(cell.translate(_EXPONENT))
    return number if math.isfinite(number) else None


def _complaint(cell, decimal):
    """Return what is wrong with a cell, and the remedy.

    The cell is shown only if it is short and an attempt at a number, since a configuration may name any file.
    """
    if not cell:
        return "is empty; give a number, or choose other columns"
    if _is_missing(cell):
        return "holds no finite number; correct or remove the row"
    if len(cell) > 24 or not any(unicodedata.category(c).startswith("N") for c in cell):
        return "holds text, which is not a number; correct or remove the row"
    strange = next((c for c in cell if not c.isascii() and not c.isalpha()), None)
    if strange:
        what = f"the character U+{ord(strange):04X} ({unicodedata.name(strange, 'no name')})"
        return f"holds {what} in a number; write ASCII digits, - for minus, no grouping and no units"
    if not re.match(r"[-+]?[.,]?\d", cell, re.ASCII):
        return "holds text, which is not a number; correct or remove the row"
    return f"holds {cell!a}, which is not a number; {_remedy(cell, decimal)}"


def _remedy(cell, decimal):
    if _NUMBER.fullmatch(cell):
        return "it is too large" if decimal == "." else "the decimal sign of the other rows is a comma"
    if re.fullmatch(r"[-+]?[\d.,']+([eEdD][-+]?\d+)?", cell, re.ASCII):
        return "write a point as decimal sign and no grouping"
    for pattern, remedy in (
        (r"[-+]?0[xX].*", "write it in decimal"),
        (r"[\d_.eE+-]*", "write it without _, and with e before the exponent"),
        (r"[-+]?[\d.,]+[qQ][-+]?\d+", "write e before the exponent"),
        (r".*%", "give a fraction"),
        (r"[-+]?[\d.,]+([eEdD][-+]?\d+)? *[^\W\d_][\w/^-]*", "give it without the unit"),
    ):
        if re.fullmatch(pattern, cell, re.ASCII):
            return remedy
    return "correct it or remove the row"
