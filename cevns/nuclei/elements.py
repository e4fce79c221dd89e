"""Chemical elements, and the names of their isotopes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["SYMBOLS", "closest_isotope", "element", "joined", "protons_and_nucleons", "same_isotope", "separated"]

_IN_ORDER = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr "
    "Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir "
    "Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl "
    "Mc Lv Ts Og"
)
#: The elements in the order of their numbers of protons.
SYMBOLS = tuple(_IN_ORDER.split())
#: The same in small letters.
_SMALL = frozenset(_IN_ORDER.lower().split())
_PROTONS = {symbol: z for z, symbol in enumerate(SYMBOLS, start=1)}
_NAME = re.compile(r"([A-Z][a-z]?)(?:[- _]?(\d{1,3}))?|(\d{1,3})[- _]?([A-Z][a-z]?)", re.ASCII)


def element(protons: int) -> str:
    """Return the symbol of the element with Z protons, ``"Z119"`` and so on beyond the last one that has a name."""
    return SYMBOLS[protons - 1] if protons <= len(SYMBOLS) else f"Z{protons}"


def joined(symbols: Sequence[str]) -> str:
    """Return the symbols of elements in one word of small letters, of which no two lists have the same.

    They are written together where whoever reads the longest symbol first finds them again, and with ``_`` between them
    elsewhere: carbon and oxygen are not cobalt.

    Examples
    --------
    >>> joined(["Cs", "I"]), joined(["C", "Si"]), joined(["C", "O"]), joined(["Co"])
    ('csi', 'c_si', 'c_o', 'co')
    """
    small = [symbol.lower() for symbol in symbols]
    together = "".join(small)
    return together if _read(together) == small else "_".join(small)


def _read(word: str) -> list[str]:
    """Return the symbols in a word of small letters, the longest possible ones; none if it is another word."""
    found = []
    while word:
        size = next((n for n in (2, 1) if word[:n] in _SMALL), 4)
        # beyond the last element that has a name
        if size == 4 and not (word[0] == "z" and word[1:4].isdecimal() and len(word) >= 4):
            return []
        found.append(word[:size])
        word = word[size:]
    return found


def separated(word: str) -> tuple[str, ...]:
    """Return the symbols that `joined` has written in one word; empty for another word.

    Examples
    --------
    >>> separated("csi"), separated("c_si"), separated("mine")
    (('Cs', 'I'), ('C', 'Si'), ())
    """
    small = [symbol for part in word.split("_") for symbol in _read(part)]
    symbols = tuple(symbol.capitalize() for symbol in small)
    return symbols if joined(symbols) == word else ()


def protons_and_nucleons(name: str) -> tuple[int, int | None] | None:
    """Return Z and A of an isotope's name, A being None for the name of an element.

    None for what is no such name. A single letter may be anything, and so may be fewer nucleons than protons.

    Examples
    --------
    >>> protons_and_nucleons("Ar-40"), protons_and_nucleons("40Ar"), protons_and_nucleons("Xe")
    ((18, 40), (18, 40), (54, None))
    >>> protons_and_nucleons("mine"), protons_and_nucleons("V2")
    (None, None)
    """
    found = _NAME.fullmatch(name)
    if not found:
        return None
    symbol, nucleons = found[1] or found[4], found[2] or found[3]
    protons = _PROTONS.get(symbol)
    if protons is None or (nucleons is None and len(symbol) == 1):
        return None
    if nucleons is None:
        return protons, None
    return (protons, int(nucleons)) if int(nucleons) >= protons else None


def same_isotope(name: object, names: Iterable[str]) -> str | None:
    """Return the one of `names` that is the name, or another spelling of the isotope that it is; None for none.

    Examples
    --------
    >>> same_isotope("132Xe", ["Xe-131", "Xe-132"]), same_isotope("Pu-239", ["Pu239", "U235"])
    ('Xe-132', 'Pu239')
    >>> same_isotope("Xe", ["Xe-132"])
    """
    names = list(names)
    if not isinstance(name, str) or name in names:
        return name if isinstance(name, str) else None
    wanted = protons_and_nucleons(name)
    same = [known for known in names if wanted and wanted[1] and protons_and_nucleons(known) == wanted]
    return same[0] if len(same) == 1 else None


def closest_isotope(name: str, names: Iterable[str]) -> str | None:
    """Return which of `names` is the isotope that another spelling stands for, or the nearest to what is none.

    Another isotope, even of the same element, is other physics.

    Examples
    --------
    >>> closest_isotope("40ar", ["Ar-40", "Si-28"])
    'Ar-40'
    >>> closest_isotope("Ge-73", ["Ge-76"])
    """
    import difflib

    wanted = protons_and_nucleons(re.sub("[A-Za-z]+", lambda letters: letters[0].capitalize(), name))
    if wanted is not None:
        return next((known for known in names if protons_and_nucleons(known) == wanted), None)
    number = re.findall(r"\d+", name)
    likely = [known for known in names if re.findall(r"\d+", known) == number]
    return next(iter(difflib.get_close_matches(name, likely, n=1)), None)
