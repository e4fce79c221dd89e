"""Electrons of atoms by shell, with the energies that bind them."""

from __future__ import annotations

from cevns.errors import InputError

__all__ = ["SHELLS", "shells"]

#: Number of electrons and binding energy [keV] of each subshell, K first: X-Ray Data Booklet, LBNL-490, table 1-1. The
#: outermost electrons, which it leaves out, have a few eV: the first ionisation energy, or what is typical of them.
SHELLS: dict[str, tuple[tuple[int, float], ...]] = {
    "Ne": ((2, 0.8702), (2, 0.0485), (2, 0.0217), (4, 0.0216)),
    "Na": ((2, 1.0708), (2, 0.0635), (2, 0.0304), (4, 0.0305), (1, 0.0051)),
    "Si": ((2, 1.839), (2, 0.1497), (2, 0.0998), (4, 0.0994), (4, 0.0082)),
    "Ar": ((2, 3.2059), (2, 0.3263), (2, 0.2506), (4, 0.2484), (2, 0.0293), (2, 0.0159), (4, 0.0157)),
    "Ge": (
        *((2, 11.103), (2, 1.4146), (2, 1.2481), (4, 1.2170)),
        *((2, 0.1801), (2, 0.1249), (4, 0.1208), (4, 0.0298), (6, 0.0292), (4, 0.0079)),
    ),
    "I": (
        *((2, 33.169), (2, 5.188), (2, 4.852), (4, 4.557)),
        *((2, 1.072), (2, 0.931), (4, 0.875), (4, 0.6308), (6, 0.6193)),
        *((2, 0.186), (2, 0.123), (4, 0.123), (4, 0.0506), (6, 0.0489), (2, 0.014), (5, 0.003)),
    ),
    "Xe": (
        *((2, 34.561), (2, 5.453), (2, 5.107), (4, 4.786)),
        *((2, 1.1487), (2, 1.0021), (4, 0.9406), (4, 0.6890), (6, 0.6764)),
        *((2, 0.2132), (2, 0.1467), (4, 0.1455), (4, 0.0695), (6, 0.0675), (2, 0.0233), (2, 0.0134), (4, 0.0121)),
    ),
    "Cs": (
        *((2, 35.985), (2, 5.714), (2, 5.359), (4, 5.012)),
        *((2, 1.211), (2, 1.071), (4, 1.003), (4, 0.7405), (6, 0.7266)),
        *((2, 0.2323), (2, 0.1724), (4, 0.1613), (4, 0.0798), (6, 0.0775)),
        *((2, 0.0227), (2, 0.0142), (4, 0.0121), (1, 0.0039)),
    ),
}


def shells(symbol: str) -> tuple[tuple[int, float], ...]:
    """Return the number of electrons and the binding energy [keV] of each subshell of an element, K first.

    Raises
    ------
    InputError
        If they are not known.

    Examples
    --------
    >>> shells("Ar")[0]
    (2, 3.2059)
    """
    if symbol not in SHELLS:
        raise InputError(
            f"binding energies of the electrons of {symbol} are not built in, only those of {', '.join(SHELLS)}: ask "
            "for free electrons, electrons='free', or give them, "
            f"ElectronResponse(shells={{{symbol!r}: [(2, ...), ...]}})"
        )
    return SHELLS[symbol]
