"""Cells of tables: which are numbers, which may be slips of one, and what to do about these."""

from __future__ import annotations

import math
import re
import unicodedata

from cevns import checks

__all__ = ["COMMA_NUMBER", "NUMBER", "complaint_about", "energy_unit", "is_missing", "looks_like_a_number", "number_in"]

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?", re.ASCII)
COMMA_NUMBER = re.compile(r"[-+]?\d*,\d+(?:[eEdD][-+]?\d+)?", re.ASCII)
# what a number has and a name has not
_TELLING = re.compile(r"[.,][\dOolI]|[eEdD][-+][\dOolI]", re.ASCII)
_EXPONENT = str.maketrans("dD", "ee")
# what stands for a missing number, which must not make a row of titles
_MISSING = frozenset(
    ("na", "nan", "inf", "infinity", "null", "none", "nil", "nd", "missing", "nodata", "notavailable", "unknown", "tbd")
)
# marks alone that stand for it as well; three dashes and more underline titles
_MARKS_ALONE = re.compile(r"-{1,2}|\*|[?./\\\u2013\u2014\u2026]+")
# what is shown of a cell, whatever the file: a number with too many signs or with letters like digits, or a share
_SHOWN = re.compile(r"[-+]?[\dOolI.,']+(?:[eEdDqQ][-+]?\d+)?%?", re.ASCII)
_UNIT = re.compile(r"(?<![A-Za-z])([kMGTm]?)eV(?![a-zA-Z])|(?<![A-Za-z])([kmgt]?)ev(?![a-zA-Z])")


def energy_unit(title: str) -> str | None:
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


def looks_like_a_number(cell: str) -> bool:
    """Return whether a cell is, or may be a slip of, a number, so that its line is not one of titles."""
    if not cell:
        return False
    if NUMBER.fullmatch(cell) or is_missing(cell):
        return True
    # signs, quotes and the like before a number, as in "<5" or a minus that is not ASCII
    bare = cell.lstrip(
        "'\"`+-~<>=$\u2010\u2011\u2012\u2013\u2014\u2212\u00b1\u2248\u2264\u2265\u20ac\u00a3\ufeff\u200b\u00a0 "
    )
    if not bare:
        return False
    if bare[0] == "." or unicodedata.category(bare[0]).startswith("N") or is_missing(bare):
        return True
    if NUMBER.fullmatch(bare.strip("()[]{}'\"`,;")):
        return True
    # letters that are taken for digits: O.5; without a decimal sign or the sign of an exponent they may be names, as I1
    digits = bare.translate(str.maketrans("OolI", "0011"))
    return bool(_TELLING.search(bare) and (NUMBER.fullmatch(digits) or COMMA_NUMBER.fullmatch(digits)))


def is_missing(cell: str) -> bool:
    """Return whether a cell stands for a number that is missing: ``n.a.``, ``N/A``, ``NaN``, ``--``, ``?``."""
    return bool(_MARKS_ALONE.fullmatch(cell)) or re.sub(r"[\W_]", "", cell.lower()) in _MISSING


def number_in(cell: str, decimal: str) -> float | None:
    """Return the finite number that a cell holds, None if it holds none."""
    if decimal == ",":
        cell = cell.replace(",", ".") if COMMA_NUMBER.fullmatch(cell) else cell.replace(".", "?")
    if not NUMBER.fullmatch(cell):
        return None
    cell = cell.translate(_EXPONENT)
    number = float(cell)
    return number if math.isfinite(number) and not checks.vanishes(cell, number) else None


def complaint_about(cell: str, decimal: str) -> str:
    """Return what is wrong with a cell, and the remedy.

    The cell is shown only if it is short and holds nothing but what numbers do: a configuration may name any file.
    """
    if not cell:
        return "is empty; give a number, or choose other columns"
    if is_missing(cell):
        return "holds no finite number; correct or remove the row"
    if len(cell) > 24 or not any(unicodedata.category(c).startswith("N") for c in cell):
        return "holds text, which is not a number; correct or remove the row"
    strange = next((c for c in cell if not c.isascii() and not c.isalpha()), None)
    if strange:
        what = f"the character U+{ord(strange):04X} ({unicodedata.name(strange, 'no name')})"
        return f"holds {what} in a number; write ASCII digits, - for minus, no grouping and no units"
    if not re.match(r"[-+]?[.,]?\d", cell, re.ASCII):
        return "holds text, which is not a number; correct or remove the row"
    shown = repr(cell) if _SHOWN.fullmatch(cell) else "text"
    return f"holds {shown}, which is not a number; {_remedy(cell, decimal)}"


def _remedy(cell: str, decimal: str) -> str:
    if (NUMBER if decimal == "." else COMMA_NUMBER).fullmatch(cell):
        small = float(cell.replace(",", ".").translate(_EXPONENT)) == 0
        return "it is too small to be told from 0; write 0, or choose another unit" if small else "it is too large"
    if NUMBER.fullmatch(cell):
        return "the decimal sign of the other rows is a comma"
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
