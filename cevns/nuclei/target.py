"""Targets: nuclei, and how many of each a detector holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.arrays import Value
from cevns.constants import AVOGADRO
from cevns.errors import InputError
from cevns.nuclei.elements import same_isotope
from cevns.nuclei.formulas import ISOTOPE_SYMBOLS, parse_formula
from cevns.nuclei.isotopes import natural
from cevns.nuclei.nucleus import Nucleus, is_name, nucleus

if TYPE_CHECKING:
    from cevns._types import Values

__all__ = ["Target"]

#: Largest relative difference of the nuclei's masses from the molar mass; one isotope may stand for an element.
MOLAR_TOLERANCE = 0.2
#: Largest active mass [kg], far above that of any detector and far below what would overflow.
LARGEST_ACTIVE_MASS = 1e30
#: Largest number of a nucleus per formula unit.
MOST_NUCLEI = 1e6


@dataclass(frozen=True, eq=False, repr=False)
class Target(Value):
    """A detector's active material.

    Parameters
    ----------
    components : tuple of (Nucleus, float)
        Nuclei with the number of each per formula unit; the contributions add incoherently.
    molar_mass : float
        Mass of a mole of formula units [g/mol].
    mass : float
        Active mass [kg].
    left_out : float
        The part of `molar_mass` that belongs to nuclei which are not among the components [g/mol], such as hydrogen;
        0 for none.

    Raises
    ------
    InputError
        If a value is out of range, or the nuclei's masses and `left_out` differ from `molar_mass` by more than 20 %.

    Examples
    --------
    >>> iodide = Target.of("CsI", mass=14.6)
    >>> f"{iodide.numbers[0]:.4g}"
    '3.384e+25'
    """

    components: Values
    molar_mass: float
    mass: float
    left_out: float = 0.0

    def __post_init__(self) -> None:
        components = []
        for component, count in checks.pairs("components", self.components, "(Nucleus, number)"):
            checks.instance("nucleus in components", component, Nucleus, "see cevns.nuclei.nucleus")
            count = checks.real(f"number of {component.name} per formula unit", count, above=0, high=MOST_NUCLEI)
            components.append((component, count))
        if not components:
            raise InputError("components is empty: a target needs at least one nucleus")
        checks.put(
            self,
            components=tuple(components),
            molar_mass=checks.real("molar_mass", self.molar_mass, unit="g/mol", above=0),
            mass=checks.real("mass", self.mass, unit="kg", above=0, high=LARGEST_ACTIVE_MASS),
            left_out=checks.real("left_out", self.left_out, unit="g/mol", low=0),
        )
        total = sum(count * component.atomic_mass_u for component, count in components) + self.left_out
        if abs(total / self.molar_mass - 1) > MOLAR_TOLERANCE:
            raise InputError(self._misfit(total))

    def _misfit(self, total: float) -> str:
        """Return what is wrong with components whose masses do not add up to the molar mass."""
        formula = " + ".join(f"{count:g} {component.name}" for component, count in self.components)
        message = (
            f"molar_mass = {self.molar_mass:g} g/mol does not fit the composition {formula}, which has {total:.5g}"
        )
        share = sum(count for _, count in self.components)
        if abs(share / 100 - 1) < 0.05:
            return f"{message}; give abundances as fractions that sum to 1, not in per cent"
        if abs(share - 1) < 0.05 and len(self.components) > 1:
            return (
                f"{message}; composition takes numbers of nuclei per formula unit, not mass fractions: divide each "
                "mass fraction by the mass of its nucleus and multiply by molar_mass"
            )
        return (
            f"{message}; composition takes numbers of nuclei per formula unit (not mass fractions, not per cent), "
            "molar_mass is that of the formula unit, and left_out stands for nuclei that are not named"
        )

    @classmethod
    def of(
        cls,
        composition: str | Mapping[Any, float],
        *,
        mass: float,
        molar_mass: float | None = None,
        left_out: float | None = None,
        nuclei: Iterable[Nucleus] = (),
    ) -> Target:
        """Make a target from a chemical formula, or from numbers of nuclei.

        Elements are taken with their natural isotopes. Hydrogen scatters incoherently and is left out: its mass goes
        into `left_out`. Deuterium, ``D`` or ``"H-2"``, is a nucleus like others.

        Parameters
        ----------
        composition : str or mapping
            A chemical formula or the name of a nucleus; or a mapping of these, or of `Nucleus` objects, to numbers per
            formula unit, such as ``{"Ge-76": 0.87, "Ge-74": 0.13}`` or ``{"Ca": 1, "W-184": 1, "O": 4}``.
        mass : float
            Active mass [kg].
        molar_mass : float, optional
            Mass of a mole of formula units [g/mol]; that of the atoms and of `left_out` unless given.
        left_out : float, optional
            The part of the molar mass that belongs to nuclei which `composition` does not name [g/mol].
        nuclei : iterable of Nucleus
            Nuclei of one's own, which go before those of the same name that are built in.

        Raises
        ------
        UnknownNameError
            If there is no such element or nucleus.
        InputError
            If a formula cannot be read, no nucleus is left, or as for `Target`.

        Examples
        --------
        >>> tungstate = Target.of("CaWO4", mass=0.3)
        >>> round(tungstate.molar_mass, 2), len(tungstate.nuclei)
        (287.92, 14)
        >>> Target.of({"Ge-76": 0.87, "Ge-74": 0.13}, mass=1.0).nuclei[0].name
        'Ge-76'
        """
        checks.instance("composition", composition, (str, Mapping), 'for example "CsI", or {"Cs-133": 1, "I-127": 1}')
        own = {n.name: n for n in checks.sequence("nuclei", nuclei, Nucleus)}
        entries = {composition: 1.0} if isinstance(composition, str) else composition
        components: dict[Nucleus, float] = {}
        hydrogen = 0.0
        for key, value in entries.items():
            count = checks.real(f"number of {_name(key)} per formula unit", value, above=0, high=MOST_NUCLEI)
            found, mass_left_out = _atoms(key, own)
            hydrogen += count * mass_left_out
            for component, share in found:
                components[component] = components.get(component, 0.0) + count * share
        if entries and not components:
            raise InputError(
                "composition holds nothing but hydrogen, on which scattering is not coherent; name deuterium 'D' or "
                "'H-2', or give a Nucleus of your own"
            )
        if hydrogen and left_out is not None:
            raise InputError(
                f"left_out = {left_out!s} is not allowed: composition names hydrogen, which is left out already "
                f"({hydrogen:.5g} g/mol); name the nuclei alone, or drop left_out"
            )
        rest = hydrogen if left_out is None else checks.real("left_out", left_out, unit="g/mol", low=0)
        if molar_mass is None:
            molar_mass = rest + sum(count * component.atomic_mass_u for component, count in components.items())
        return cls(tuple(components.items()), molar_mass, mass, rest)

    @property
    def nuclei(self) -> tuple[Nucleus, ...]:
        """The nuclei, in order."""
        return tuple(n for n, _ in self.components)

    @property
    def numbers(self) -> tuple[float, ...]:
        """Number of nuclei of each kind in the active mass, in the order of `nuclei`."""
        units = AVOGADRO * 1e3 * self.mass / self.molar_mass
        return tuple(units * count for _, count in self.components)


def _name(key: object) -> object:
    return key.name if isinstance(key, Nucleus) else key


def _atoms(key: Any, own: Mapping[str, Nucleus]) -> tuple[list[tuple[Nucleus, float]], float]:
    """Return the nuclei and numbers that one entry of a composition stands for, and its hydrogen [g/mol]."""
    if isinstance(key, Nucleus):
        return [(key, 1.0)], 0.0
    checks.text("a nucleus or formula in composition", key)
    if key in own or is_name(key):
        return [(own.get(same_isotope(key, own) or key) or nucleus(key), 1.0)], 0.0
    found: list[tuple[Nucleus, float]] = []
    hydrogen = 0.0
    for symbol, count in parse_formula(key).items():
        if symbol in own:
            found.append((own[symbol], count))
        elif symbol in ISOTOPE_SYMBOLS:
            name = ISOTOPE_SYMBOLS[symbol]
            found.append((own.get(name) or nucleus(name), count))
        elif symbol == "H" and "H-1" not in own:
            hydrogen += count * sum(i.abundance * i.atomic_mass_u for i in natural("H"))
        else:
            isotopes = natural(symbol)
            found += [(own.get(i.name) or nucleus(i.name), count * i.abundance) for i in isotopes]
    return found, hydrogen
