"""Chemical formulas: how many atoms of each element a formula unit has."""

from __future__ import annotations

import re

from cevns import checks
from cevns.errors import InputError, UnknownNameError
from cevns.nuclei.elements import SYMBOLS
from cevns.nuclei.isotopes import known_elements, natural

__all__ = ["parse_formula"]

#: Characters of the longest formula that is read.
LONGEST = 200
#: Symbols that stand for one isotope.
ISOTOPE_SYMBOLS = {"D": "H-2"}

# a bracket or a symbol, and the number that may follow it
_TOKEN = re.compile(r"(?P<token>[(\[{)\]}]|[A-Z][a-z]?)(?P<count>\d+(?:\.\d+)?|\.\d+)?|(?P<alone>\d+(?:\.\d+)?|\.\d+)")
_CLOSES = {"(": ")", "[": "]", "{": "}"}
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


#: Numbers of atoms in a compound from which on they are suspected to be mass numbers.
LEAST_MASS_NUMBER = 20


def parse_formula(formula: str) -> dict[str, float]:
    """Return the number of atoms of each element in a chemical formula.

    Symbols of elements (and D for deuterium) with numbers, which need not be whole; groups in any brackets, one in
    the other; parts joined by ``·`` or ``*``, whose leading number multiplies them. Dopants have no place in a formula,
    whose numbers would not be theirs: ``CsI(Na)`` and ``NaI:Tl`` are refused.

    Parameters
    ----------
    formula : str
        For example ``"CaWO4"``, ``"Cd0.9Zn0.1Te"`` or ``"Li6Gd(BO3)3"``.

    Returns
    -------
    dict of str to float
        In the order of the formula.

    Raises
    ------
    InputError
        If it is not a formula.
    UnknownNameError
        If it holds a symbol of no element.

    Examples
    --------
    >>> parse_formula("Li6Gd(BO3)3")
    {'Li': 6.0, 'Gd': 1.0, 'B': 3.0, 'O': 9.0}
    """
    text = checks.text("formula", formula).strip().translate(_SUBSCRIPTS)
    if len(text) > LONGEST:
        raise InputError(f"formula has {len(text)} characters, at most {LONGEST} are read")
    atoms: dict[str, float] = {}
    for part in re.split("[·*]", text):
        leading = re.match(r"\d+(?:\.\d+)?", part) if part != text else None
        for symbol, count in _part(formula, part[leading.end() :] if leading else part).items():
            atoms[symbol] = atoms.get(symbol, 0.0) + count * (float(leading[0]) if leading else 1.0)
    for symbol, count in atoms.items():
        checks.real(f"number of {symbol} in {formula!r}", count, above=0, high=1e6)
    for symbol, count in atoms.items():
        # C12H22O11 is sugar, but no compound has 127 atoms of iodine beside one of caesium
        if len(atoms) == 1 or count >= LEAST_MASS_NUMBER:
            _refuse_mass_number(formula, symbol, count)
    return atoms


def _part(formula: str, text: str) -> dict[str, float]:
    """Return the atoms of a formula without joined parts."""
    groups: list[tuple[str, dict[str, float]]] = [("", {})]
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise InputError(f"formula {formula!r} cannot be read at {text[place:]!r}{_hint(text[place:])}")
        place, token, count = found.end(), found["token"], found["count"]
        if not token:
            raise InputError(f"formula {formula!r}: the number {found[0]} follows no element{_hint(text)}")
        if token in _CLOSES:
            if count:
                raise InputError(f"formula {formula!r}: the number {count} follows no element")
            groups.append((token, {}))
            continue
        atoms = {token: 1.0}
        if token in _CLOSES.values():
            bracket, atoms = groups.pop()
            if not bracket or _CLOSES[bracket] != token or not atoms:
                raise InputError(f"formula {formula!r} has a {token!r} that closes nothing")
            if len(atoms) == 1 and not count:
                raise InputError(
                    f"formula {formula!r}: ({next(iter(atoms))}) may be a dopant, whose share the formula does not "
                    "tell; leave it out, or write the number of its atoms after it"
                )
        else:
            _check_symbol(formula, token)
        into = groups[-1][1]
        for symbol, number in atoms.items():
            into[symbol] = into.get(symbol, 0.0) + number * float(count or 1)
    if len(groups) > 1:
        raise InputError(f"formula {formula!r} has a {groups[-1][0]!r} that is not closed")
    if not groups[0][1]:
        raise InputError(f"formula {formula!r} has a part without elements")
    return groups[0][1]


def _check_symbol(formula: str, symbol: str) -> None:
    if symbol in SYMBOLS or symbol in ISOTOPE_SYMBOLS:
        return
    known = f"known: {', '.join(known_elements())}"
    # GE, or AR: one capital letter is left of what was meant to be a symbol
    close = next((s for s in SYMBOLS if len(s) == 2 and s.upper() in formula and symbol == s[0]), None)
    hint = f". Did you mean {close!r}?" if close else ""
    raise UnknownNameError(f"formula {formula!r}: unknown element {symbol!r}; {known}{hint}")


def _hint(rest: str) -> str:
    if rest[:1] == ":":
        return "; a dopant has no place in a formula: leave it out"
    if rest[:1] in "+-":
        return "; isotopes, such as 'Ge-76', are keys of a mapping: {'Ge-76': 1, 'O': 2}; charges are left out"
    if rest[:1].islower():
        return "; symbols of elements begin with a capital letter"
    if re.match(r"\d+[A-Z]", rest):
        return "; isotopes are written like 'Ge-76'"
    return ""


def _refuse_mass_number(formula: str, symbol: str, count: float) -> None:
    """Refuse 'Ge76', which may be meant for the isotope."""
    if count != 1 and symbol in known_elements() and any(count == i.protons + i.neutrons for i in natural(symbol)):
        raise InputError(
            f"formula {formula!r} may mean the isotope or {count:g} atoms; write '{symbol}-{count:g}' or {symbol!r}"
        )
