"""What titles of columns say of their numbers, units above all, and where it contradicts what they are chosen for."""

from __future__ import annotations

import re

__all__ = ["OBSERVABLE_KEYS", "contradiction", "units_in"]

#: Multiples of the electronvolt, with what they are measured by.
_ENERGY = r"(?:(?P<prefix>[kMGTm]?)eV|(?P<small>[kmgt]?)ev)(?P<of>ee|nr)?(?:/c(?:\^?2|²)?)?"
_TIMES = {
    "ns": r"ns|nsec|nanoseconds?",
    "us": r"us|usec|µs|μs|\\mu ?s|microseconds?",
    "ms": r"ms|msec|milliseconds?",
    "s": r"s|secs?|seconds?",
    "min": r"min|minutes?",
    "h": r"h|hrs?|hours?",
    "day": r"d|days?",
    "year": r"yrs?|years?",
}
#: What may be a part of a name as well, and is a unit only in brackets or below a fraction.
_SHORT = re.compile(r"(?:s|min|h|d|m)", re.ASCII)
_AREA = r"(?P<length>[kcm]?m)(?:\^?\{?(?P<sign>-?)2\}?|(?P<minus>⁻?)²)"
_TOKEN = re.compile(
    rf"(?<![^\W\d_])(?:(?P<energy>{_ENERGY})|(?P<area>{_AREA})|"
    + "|".join(rf"(?P<time_{name}>{pattern})" for name, pattern in _TIMES.items())
    + r")(?![^\W\d_])(?P<power>\^?\{?-1\}?|⁻¹)?"
)
_FRACTION = re.compile(r"/|(?<![^\W_])per(?![^\W_])")
_BRACKETS = re.compile(r"\[[^\[\]]*\]|\([^()]*\)(?!.*[\[(])")
_LOGARITHM = re.compile(r"(?<![^\W\d_])(?:log_?(?:10|2)?|ln|lg)(?![^\W\d_])", re.IGNORECASE)
# a confidence level is no unit
_PERCENT = re.compile(r"(?<![\d.])(?<!\d )%|(?<![^\W\d_])(?:percent|per cent|pct)(?![^\W\d_])", re.IGNORECASE)
_MULTIPLE = re.compile(
    r"(?<![\w.^])[x\u00d7*]? ?(?:\d+(?:\.\d+)?[eE][+-]?\d+|10 ?(?:\^|\*\*) ?\{?[+-]?\d+\}?)(?!\w)"
    r"|[(\[] ?[x\u00d7*] ?10+ ?[)\]]"
)
_RELATIVE = re.compile(
    r"/ ?(?!eV)(?:E|e|T|x|mean|mu|energy)(?:_?\w{0,3})(?!\w)|(?<![^\W\d_])(?:rel|relative)(?![^\W\d_])"
)

#: A quantity in units of another one, as in ``E / MeV``, which is no density.
_IN_UNITS = re.compile(r"^[^\[(]*[^\W\d][^\[(]*/ ?[^\s/]+ ?$")

#: Keys of numbers that have no unit, or that of counts.
_PURE = frozenset(("factors", "values", "shares", "observed", "uncertainty", "counts", "up", "down", "template"))
_COUNTS = frozenset(("observed", "uncertainty", "counts"))
#: Keys of numbers in the unit of the axis of observables.
OBSERVABLE_KEYS = frozenset(("observable", "edges", "low", "high", "sigma"))


def units_in(title: str) -> dict[str, int]:
    """Return the units that a title names, with their powers: 1, or -1 for what stands below a fraction.

    Examples
    --------
    >>> units_in("flux [1/cm2/s/MeV]"), units_in("t_ns"), units_in("E_min (keVnr)"), units_in("sigma_s")
    ({'cm2': -1, 's': -1, 'MeV': -1}, {'ns': 1}, {'keVnr': 1}, {})
    """
    found: dict[str, int] = {}
    within = [range(*m.span()) for m in _BRACKETS.finditer(title)]
    for token in _TOKEN.finditer(title):
        fraction = any(m.end() <= token.start() for m in _FRACTION.finditer(title))
        inverse = bool(token["power"]) or bool(token["sign"]) or bool(token["minus"])
        bare = re.sub(r"[\W\d]+$", "", token[0]) if token["power"] else token[0]
        bracketed = any(token.start() in part for part in within)
        if _SHORT.fullmatch(bare) and not (bracketed or fraction or inverse):
            continue
        found[_name(token)] = -1 if fraction or inverse else 1
    return found


def _name(token: re.Match[str]) -> str:
    if token["energy"]:
        prefix = token["prefix"] if token["prefix"] is not None else token["small"].upper().replace("K", "k")
        return f"{prefix}eV{token['of'] or ''}"
    if token["area"]:
        return f"{token['length']}2"
    return next(name for name in _TIMES if token[f"time_{name}"])


def contradiction(key: str, title: str, unit: str | None = None) -> str | None:
    """Return what a title says that contradicts the key for which its column is chosen, None if nothing does.

    Parameters
    ----------
    key : str
        Of a configuration, whose end says the unit: ``energy_mev``, ``low_us``, ``e_per_cm2_per_mev_per_s``.
    title : str
        Of the column. One that names no unit, or several of one kind, contradicts nothing.
    unit : str, optional
        Of the axis of observables, for keys that are in it.

    Examples
    --------
    >>> contradiction("energy_mev", "E [keV]"), contradiction("low_us", "t0 [ns]"), contradiction("values", "eff. [%]")
    ('keV', 'ns', 'per cent')
    >>> contradiction("e_per_cm2_per_mev", "flux_per_day"), contradiction("e_per_cm2_per_mev", "phi")
    ('1/day', None)
    """
    for pattern, said in ((_LOGARITHM, "a logarithm"), (_PERCENT, "per cent")):
        if pattern.search(title):
            return said
    multiple = _MULTIPLE.search(title)
    if multiple:
        return f"a multiple, {multiple[0].strip()}"
    found = units_in(title)
    if key == "sigma" and _RELATIVE.search(title):
        return "relative"
    wanted = _wanted(key, unit)
    if not found or wanted is None or (len(found) > 1 and all(power == 1 for power in found.values())):
        return None
    if key in _PURE:
        # densities in the axis of a histogram are shares too, but counts are no rates
        rate = key in _COUNTS and found.keys() & _TIMES.keys()
        return None if all(power < 0 for power in found.values()) and not rate else _text(found)
    if len(found) == 1 and set(wanted.values()) == {1} and _IN_UNITS.search(title):
        found = dict.fromkeys(found, 1)
    missing = wanted.keys() - found.keys() if _BRACKETS.search(title) and len(wanted) > 1 else set()
    if missing or any(not _fits(name, power, wanted) for name, power in found.items()):
        return _text(found)
    return None


def _wanted(key: str, unit: str | None) -> dict[str, int] | None:
    """Return the units of what a key is for; None if they are not told, or are others than these."""
    if key in _PURE:
        return {}
    if key in OBSERVABLE_KEYS:
        known = units_in(f"[{unit}]") if unit else {}
        return known or ({unit: 1} if unit else None)
    if "_per_cm2_per_mev" in key:
        return {"cm2": -1, "MeV": -1} | ({"s": -1} if key.endswith("_per_s") else {})
    if "_per_" in key:
        return None
    return units_in(key) or None


def _fits(name: str, power: int, wanted: dict[str, int]) -> bool:
    """Return whether a unit is among those that are wanted: an energy may say what it is measured by, or not."""
    if wanted.get(name) == power:
        return True
    bare = {w.removesuffix("ee").removesuffix("nr"): (w, p) for w, p in wanted.items()}
    of = name.removesuffix("ee").removesuffix("nr")
    if of not in bare or bare[of][1] != power:
        return False
    other = bare[of][0]
    # recoils are nuclear, and neutrinos neither
    return of in (name, other) and not (other == of and name.endswith("ee"))


def _text(found: dict[str, int]) -> str:
    above = " ".join(name for name, power in found.items() if power > 0)
    below = "".join(f"/{name}" for name, power in found.items() if power < 0)
    return f"{above or '1'}{below}" if below else above
