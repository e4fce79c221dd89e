"""From the text of a file to cells in rows: comments, separators, titles and decimal signs."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from cevns.checks import vanishes
from cevns.errors import DataError
from cevns.tables.cells import COMMA_NUMBER, NUMBER, energy_unit, looks_like_a_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

__all__ = ["TITLES_HINT", "decoded", "parsed", "plain_numbers"]

_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+", re.ASCII)
BLANKS = " \t"
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
#: What separates the cells of tables for eyes, and of no file that is read.
_FOREIGN = re.compile(r"[|&]")
_COMMENT = re.compile(r"#|(?<=[ \t])(?:%|!|//)")
#: What blanks may not be in rows of numbers that need no other look: tabs around an empty cell, and line ends.
_UNPLAIN = re.compile(r"^ *\t|\t *\t|[\f\v]", re.MULTILINE)
_ERROR_VALUE = re.compile(r"#(?:N/A|DIV/0!|VALUE!|REF!|NAME\?|NUM!|NULL!)")
#: Lines above the rows among which their titles are looked for.
_MOST_TITLES = 100
_NAMES = {";": "semicolons", "\t": "tabs", ",": "commas", None: "blanks"}
_NO_ROWS = "{} holds no rows of numbers; give columns of numbers, and begin comments with #"
TITLES_HINT = ", or put # before it if it is a line of titles"
# byte order marks
_MARKS = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}


#: Characters of an ASCII text.
_ASCII = b"\t\n\r" + bytes(range(ord(" "), 0x7F))
#: Characters of rows of numbers that blanks separate.
_PLAIN = str.maketrans("", "", "0123456789+-.eE \t\r\n")


def decoded(content: bytes, path: object) -> str:
    """Return the text of a file's bytes."""
    if not content.translate(None, _ASCII):
        return content.decode("ascii")
    mark = next((mark for mark in _MARKS if content.startswith(mark)), b"")
    encoding, content = _MARKS.get(mark, "utf-8"), content[len(mark) :]
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = 1 + content[: error.start].count(b"\n")
        raise DataError(f"cannot read {path}: line {line} is no {encoding.upper()} text; save it as UTF-8") from None
    wrong = re.search(r"[^\t\n\r -~\xa0-\ud7ff\ue000-\U0010ffff]", text)
    if wrong:
        line = 1 + len(re.findall(r"\r\n?|\n", text[: wrong.start()]))
        what = "NUL character" if wrong[0] == "\0" else f"control character U+{ord(wrong[0]):04X}"
        raise DataError(f"cannot read {path}: line {line} holds a {what}; give a text file, saved as UTF-8")
    return text


def plain_numbers(text: str) -> np.ndarray | None:
    """Return the numbers of a text that nothing else can mean, shape (rows, columns), or None.

    Rows of numbers with points as decimal signs, separated by blanks, as many in each; and lines of comments.
    """
    # blanks and line ends beyond these are none, or uncertain, and tabs may enclose an empty cell
    if not text.isascii() or _UNPLAIN.search(text):
        return None
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    rows = [line for line in lines if line]
    tokens = [token for row in rows for token in row]
    # what begins with zeros may be grouped thousands
    if not rows or len({len(row) for row in rows}) > 1 or re.search(r"(?<!\S)[-+]?0\d", text):
        return None
    if "".join(tokens).translate(_PLAIN):
        return None
    try:
        values = np.array(tokens, dtype=float)
    except ValueError:
        return None
    # what is too small for a double has become 0
    if not np.isfinite(values).all() or any(vanishes(tokens[i], 0.0) for i in np.flatnonzero(values == 0).tolist()):
        return None
    return values.reshape(len(rows), -1)


@dataclass
class _Line:
    """A line that is no comment: its number, its text, and whether a row that is empty stands before it."""

    number: int
    text: str
    broken: bool
    cells: list[str] = None  # type: ignore[assignment]  # until all lines are known


def parsed(text: str, name: object) -> dict[str, Any]:
    """Return the fields of a `Table`, but for its name."""
    lines = _lines(text, name)
    separator = _separator(lines, name)
    for line in lines:
        line.cells = _split(line, separator, name)
    begin = next((i for i, line in enumerate(lines) if any(map(looks_like_a_number, line.cells))), len(lines))
    rows, segments = _rows(lines[begin:], name)
    if not rows:
        raise DataError(_NO_ROWS.format(name))
    width = _width(rows, lines[:begin])
    _check_widths(rows, width, separator, name)
    _check_groups(rows, separator, name)
    _check_first(rows, name)
    titles = _titles(lines[:begin], width, name)
    misfit = (0, ()) if titles else _misfit(lines[:begin], name)
    _check_commas(rows, width, separator, misfit, name)
    return {
        "titles": titles,
        "misfit": misfit,
        "width": width,
        "rows": [line.cells[:width] for line in rows],
        "lines": [line.number for line in rows],
        "segments": segments,
        "decimal": "." if separator is None else _decimal(rows, name),
    }


def _rows(lines: Sequence[_Line], name: object) -> Any:
    """Return the lines that hold numbers, and the segment of each."""
    rows: list[_Line] = []
    segments: list[int] = []
    broken = True
    for line in lines:
        broken |= line.broken
        if not any(line.cells):
            broken = True
            continue
        if not any(map(looks_like_a_number, line.cells)):
            above = ""
            if len(rows) == 1:
                cell = next(filter(looks_like_a_number, rows[0].cells))
                above = f" (line {rows[0].number} was taken for it because of {cell!r}; put # before it if it is none)"
            raise DataError(
                f"{name}, line {line.number}: no cell is a number; titles stand above the first row{above}, comments "
                "begin with #; correct or remove the line"
            )
        segments.append((segments[-1] if segments else -1) + broken)
        rows.append(line)
        broken = False
    return rows, segments


def _lines(text: str, name: object) -> list[_Line]:
    """Return the lines without comments and without those that are empty."""
    lines, broken = [], False
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        stripped = line.strip(BLANKS)
        if not stripped:
            broken = True
        elif not stripped.startswith(("#", "%", "!", "//")) or _ERROR_VALUE.match(stripped):
            line = _without_comment(line, f"{name}, line {number}")
            if line.strip(BLANKS):
                # tabs at the ends are separators
                lines.append(_Line(number, line.strip(" "), broken))
                broken = False
    return lines


def _without_comment(line: str, where: str) -> str:
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
        if not re.search(r"[^\W\d_]", rest) or rest[0] in "\t,;" or looks_like_a_number(rest):
            raise DataError(
                f"{where}: a % that begins no comment may mean per cent; give fractions without it, and begin comments "
                "with #"
            )
    return line[: comment.start()]


def _tokens(text: str) -> list[str]:
    return [token for token in re.split(r"[\s,;]+", text) if token]


def _separator(lines: Sequence[_Line], name: object) -> str | None:
    """Return what separates the cells in most of the rows, None for blanks."""
    texts = [(line, _QUOTED.sub("0.0", line.text) if '"' in line.text else line.text) for line in lines]
    texts = [(line, text) for line, text in texts if _tokens(text)]
    found = [(line, text) for line, text in texts if all(map(NUMBER.fullmatch, _tokens(text)))]
    # tables with a column of words have no row that is numbers alone
    found = found or [(line, text) for line, text in texts if any(map(looks_like_a_number, _tokens(text)))]
    if not found:
        raise DataError(_NO_ROWS.format(name))
    rows = [text for _, text in found]
    foreign = [(line, sign[0]) for line, text in found if (sign := _FOREIGN.search(text))]
    if 2 * len(foreign) >= len(rows):
        line, foreign_sign = foreign[0]
        raise DataError(
            f"{name}, line {line.number}: {foreign_sign} separates the cells; separate them with blanks, commas, "
            "semicolons or tabs"
        )
    if _most(";" in row for row in rows):
        return ";"
    tidy = [re.sub(" +", " ", row.strip(" ")).replace(" \t", "\t").replace("\t ", "\t") for row in rows]
    tabs = _most("\t" in row for row in tidy) and not _most(" " in row for row in tidy)
    commas = [(line, text) for line, text in found if "," in text]
    if 2 * len(commas) < len(rows):
        # where blanks stand for some of the tabs, tabs are blanks, unless two of them enclose an empty cell
        mixed = any(" " in row or "\t" not in row for row in tidy)
        return "\t" if tabs and (not mixed or any(re.search(r"^\t|\t\t", row) for row in tidy)) else None
    close = [re.sub(r"[ \t]+", " ", text.strip(BLANKS)) for _, text in commas]
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


def _most(conditions: Iterable[bool]) -> bool:
    conditions = list(conditions)
    return 2 * sum(conditions) >= len(conditions)


def _paired(rows: Sequence[str]) -> bool:
    """Return whether commas with blanks beside them may separate cells, and the others be decimal signs.

    So it may be in ``1,5, 2,3`` if all rows look like that and no decimal point shows that it is not so.
    """
    if any("." in row for row in rows):
        return False
    cells = [re.split(" , ?|, ", row.strip(" ,")) for row in rows]
    patterns = {tuple(cell.count(",") for cell in row) for row in cells}
    return len(patterns) == 1 and len(cells[0]) > 1 and max(patterns.pop()) == 1


def _split(line: _Line, separator: str | None, name: object) -> list[str]:
    text = line.text
    if '"' in text:
        return _split_quoted(text, separator, f"{name}, line {line.number}")
    if separator is None:
        # not str.split(), for which a no-break space, which groups digits, is a blank
        return text.split() if text.isascii() else re.split(rf"[{BLANKS}]+", text.strip(BLANKS))
    return [cell.strip(BLANKS) for cell in text.split(separator)]


def _split_quoted(text: str, separator: str | None, where: str) -> list[str]:
    cells, rest = [], text if separator == "\t" else text.strip(BLANKS)
    blanks = BLANKS if separator != "\t" else " "
    end = re.compile(rf"[{BLANKS}]+" if separator is None else re.escape(separator))
    while True:
        rest = rest.lstrip(blanks)
        if rest.startswith('"'):
            quoted = _QUOTED.match(rest)
            if not quoted:
                raise DataError(f'{where}: a cell begins with " but does not end with it; close or remove the quote')
            cells.append(quoted[0][1:-1].replace('""', '"').strip(BLANKS))
            rest = rest[quoted.end() :]
            rest = rest if separator is None else rest.lstrip(blanks)
            found = end.match(rest)
            if rest and not found:
                raise DataError(f"{where}: text follows the closing quote of a cell; separate or remove it")
        else:
            found = end.search(rest)
            cells.append((rest[: found.start()] if found else rest).strip(BLANKS))
        if not found:
            return cells
        rest = rest[found.end() :]


def _width(rows: Sequence[_Line], above: Sequence[_Line]) -> int:
    """Return the number of columns that fits most rows: the others are the ones that are wrong."""
    shapes = Counter((_filled(line.cells), len(line.cells)) for line in rows)
    titles = {_filled(line.cells) for line in above}
    first = _filled(rows[0].cells)

    def fit(width: int) -> tuple[Any, ...]:
        fitting = sum(count for (filled, total), count in shapes.items() if filled <= width <= total)
        return fitting, width in titles, width == first, -width

    return max({width for shape, _ in shapes.most_common(20) for width in shape}, key=fit)


def _filled(cells: Sequence[str]) -> int:
    """Return the number of cells without the empty ones at the end."""
    return next((i + 1 for i in reversed(range(len(cells))) if cells[i]), 0)


def _check_widths(rows: Sequence[_Line], width: int, separator: str | None, name: object) -> None:
    for line in rows:
        filled, total = _filled(line.cells), len(line.cells)
        if not filled <= width <= total:
            count = filled if filled > width else total
            hint = TITLES_HINT if line is rows[0] else ""
            if line is rows[-1] and filled == 1 and len(rows) > 1:
                behind = (
                    "a separator for each missing cell" if separator else "commas, in the place of blanks everywhere"
                )
                hint = f"; behind a last edge that stands alone put {behind}"
            raise DataError(
                f"{name}, line {line.number}: {count} column{'' if count == 1 else 's'} where the others have {width}, "
                f"separated by {_NAMES[separator]}; correct the row{hint}"
            )


def _check_first(rows: Sequence[_Line], name: object) -> None:
    """Refuse a first row with a word over a column of numbers, such as one of units, ``keV;1``."""
    first, *others = rows
    for i, cell in enumerate(first.cells):
        if len(others) < (1 if energy_unit(cell) else 2):
            continue
        if looks_like_a_number(cell) or not re.search(r"[^\W\d_]", cell):
            continue
        if all(i < len(line.cells) and re.match(r"[-+]?[.,]?\d", line.cells[i], re.ASCII) for line in others):
            raise DataError(
                f"{name}, line {first.number}: column {i + 1} holds text, which is not a number, over a column of "
                "numbers; correct the row, or put # before it if it is a line of titles or units"
            )


def _check_groups(rows: Sequence[_Line], separator: str | None, name: object) -> None:
    """Refuse what may be one number in two cells: thousands grouped by blanks, decimals after a comma."""
    if separator == "," and not any("." in cell for line in rows for cell in line.cells):
        # a zero has no exponent but 0
        left, right = r"[-+]?\d+", r"0\d+|0\d*[eEdD][-+]?0*[1-9]\d*"
        what = "the decimals of the cell before"
    elif separator is None:
        left, right = r"[-+]?\d{1,3}", r"0\d\d(\.\d*)?"
        what = "grouped thousands"
    else:
        return
    before, after = re.compile(left, re.ASCII), re.compile(right, re.ASCII)
    for line in rows:
        for i, cell in enumerate(line.cells):
            if i and cell.startswith("0") and after.fullmatch(cell) and before.fullmatch(line.cells[i - 1]):
                raise DataError(
                    f"{name}, line {line.number}: column {i + 1} begins with 0 and may be {what}; write numbers "
                    "without grouping and with a point as decimal sign"
                )


def _check_commas(
    rows: Sequence[_Line], width: int, separator: str | None, misfit: tuple[int, tuple[Any, ...]], name: object
) -> None:
    """Refuse commas between digits that make more cells than there are titles, where no point is a decimal sign."""
    line, titles = misfit
    if separator != "," or not 0 < len(titles) < width or any("." in cell for row in rows for cell in row.cells):
        return
    raise DataError(
        f"{name}, line {line}: {len(titles)} title{'' if len(titles) == 1 else 's'} over {width} cells separated by "
        "commas, some of which may be decimal signs; write numbers with a point as decimal sign, give each column a "
        "title, or put # before the line if it is none of titles"
    )


def _titles(lines: Sequence[_Line], width: int, name: object) -> tuple[str, ...]:
    """Return the cells of the last line of titles that has as many as the rows, or nothing."""
    for line in lines[: -_MOST_TITLES - 1 : -1]:
        # titles may be separated otherwise than the rows: commas over columns that stand apart
        for separator in ("", ";", "\t", ",", None):
            with contextlib.suppress(DataError):
                cells = _split(line, separator, name) if separator != "" else line.cells
                if _filled(cells) <= width <= len(cells) and all(not c or re.search(r"\w", c) for c in cells):
                    return tuple(cells[:width])
    return ()


def _misfit(above: Sequence[_Line], name: object) -> tuple[int, tuple[Any, ...]]:
    """Return number and cells of the last line with words, of titles that are not as many as the rows have."""
    line = next((line for line in reversed(above) if re.search(r"\w", line.text)), None)
    if line is None:
        return 0, ()
    cells = line.cells
    for separator in (";", "\t", ",", None):
        if len(cells) < 2:
            with contextlib.suppress(DataError):
                cells = _split(line, separator, name)
    return line.number, tuple(cells[: _filled(cells)])


def _decimal(rows: Sequence[_Line], name: object) -> str:
    """Return the decimal sign of the file."""
    commas = [(line, c) for line in rows for c in line.cells if "," in c and COMMA_NUMBER.fullmatch(c)]
    points = sum(1 for line in rows for c in line.cells if "." in c and NUMBER.fullmatch(c)) if commas else 0
    if points >= len(commas):
        return "."
    if all(_THOUSANDS.fullmatch(cell) for _, cell in commas):
        raise DataError(
            f"{name}, line {commas[0][0].number}: three digits follow each comma, which may group thousands or be the "
            "decimal sign; write numbers without grouping and with a point as decimal sign"
        )
    return ","
