"""Amplitudes of coherent scattering: numbers and names, from which every rate follows.

For a neutrino of flavour a that becomes b, the cross section of eq. 2.1 (arXiv:2008.05022) is

    d sigma / dT = (G_F^2 M / pi) sum_{kinematics, b} kappa(T, E) |sum of amplitudes|^2,

where each amplitude is ``(p Z F_Z + n N F_N)`` times powers of couplings and, with a mediator of mass M, the propagator
of eq. 3.3, 1 / (sqrt2 G_F (|q|^2 + M^2)): `PROPAGATOR_SCALE`, and what `Monomial.along` divides by. Squared, a rate is
a polynomial in the couplings whose every monomial has three numbers, for (Z F_Z)^2, Z F_Z N F_N and (N F_N)^2.

Electrons have the same structure with numbers of their own, g_V in the place of p and g_A in that of n, and G_F^2 m_e /
pi: three numbers for g_V^2, g_V g_A and g_A^2, of which the second changes its sign for antineutrinos.
"""

from __future__ import annotations

import cmath
import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cevns import checks
from cevns.arrays import Value
from cevns.constants import FERMI_CONSTANT, FLAVOURS
from cevns.errors import InputError
from cevns.interactions.kinematics import ELECTRONS, NUCLEI, PSEUDOSCALAR
from cevns.interactions.loops import Loop
from cevns.kernels.kinematics import ELECTRON_KINDS, KINDS
from cevns.parameters import LARGEST_MASS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from cevns._types import Array

__all__ = ["Amplitude", "Monomial", "mass_at", "monomials"]

#: Numbers of amplitudes below which even the largest coupling, 1e10, adds less than 1e-28 to the weak charge; the
#: fourth powers of what is smaller would vanish, which leaves a search for couplings without an end.
SMALLEST_NUMBER = 1e-60
#: Between g^2 / (q^2 + m^2) and the amplitude in units of the weak charge [MeV^2].
PROPAGATOR_SCALE = 1 / (math.sqrt(2) * FERMI_CONSTANT)

#: Sets of forms whose products are kept; a scan over interactions must not fill the memory.
MOST_FORMS = 256


class Form(NamedTuple):
    """An amplitude without its numbers: fields of `Amplitude`."""

    kinematics: str
    final_mass: str | float | None
    flavours: tuple[str, str]
    couplings: tuple[tuple[str, int], ...]
    mediator: str | float | None
    loop: Loop | None


@dataclass(frozen=True, eq=False, repr=False)
class Amplitude(Value):
    """One addend of the amplitude for a change of flavour.

    Parameters
    ----------
    flavours : (str, str)
        Of the neutrino before and after.
    proton, neutron : float or complex
        p and n.
    couplings : tuple of (str, int), or mapping of str to int
        Parameters that multiply it, with their powers, 1 or more.
    mediator : str or float, optional
        Mass m of a mediator, the name of a parameter or a number [MeV], 0 for the photon: the amplitude is then
        multiplied by ``1 / (sqrt(2) G_F (q^2 + m^2))``. Without one it is a contact interaction.
    kinematics : {"vector", "scalar", "tensor", "magnetic", "pseudoscalar"}
        kappa(T, E), with E_min^2 = M T / 2: ``1 - E_min^2 / E^2`` for a vector, ``E_min^2 / E^2`` for a scalar,
        ``8 (1 - E_min^2 / 2 E^2)`` for a tensor, and ``(1 / M) (1 / T - 1 / E)`` for a magnetic moment. A pseudoscalar
        is of electrons alone, ``T^2 / 4 E^2``. Only amplitudes of the same kind interfere.
    final_mass : str or float, optional
        Mass of the neutral lepton that leaves, the name of a parameter or a number [MeV]: another one than the
        massless neutrino of the standard model, with which it does not interfere. Not for a tensor.
    loop : Loop, optional
        The amplitude is multiplied by its h(q) too.
    electron : float or complex
        What it adds to g_V of electrons where p and n stand for nucleons, with q^2 = 2 m_e T: of a photon's amplitudes
        minus `proton`. For a scalar it is the electron's coupling. Not for a tensor, and with a final mass for
        magnetic moments alone.
    electron_axial : float
        The same for g_A, for vectors alone.

    Raises
    ------
    UnknownNameError
        If there is no such flavour or kinematics.
    InputError
        If a number is out of range, or one is given that these kinematics do not know.

    Examples
    --------
    >>> Amplitude(("mu", "tau"), 1.0, -2.0, {"coupling": 2}, "mass").couplings
    (('coupling', 2),)
    """

    flavours: tuple[str, str]
    proton: complex
    neutron: complex
    couplings: tuple[tuple[str, int], ...] = ()
    mediator: str | float | None = None
    kinematics: str = "vector"
    final_mass: str | float | None = None
    loop: Loop | None = None
    electron: complex = 0.0
    electron_axial: complex = 0.0

    def __post_init__(self) -> None:
        flavours = checks.sequence("flavours", self.flavours, str, "the neutrino's before and after, ('e', 'e')")
        if len(flavours) != 2:
            raise InputError(f"flavours must be two, before and after, got {checks.shown(self.flavours)}")
        for flavour in flavours:
            checks.flavour("neutrino flavour", flavour, FLAVOURS, "give both, before and after, ('e', 'mu')")
        self._check_numbers()
        given = tuple(self.couplings.items()) if isinstance(self.couplings, Mapping) else self.couplings
        powers: dict[str, int] = {}
        for name, power in checks.pairs("couplings", given, "(parameter, power)"):
            checks.text("parameter of an amplitude", name)
            powers[name] = powers.get(name, 0) + checks.whole(f"power of {name}", power, low=1, high=4)
        masses: dict[str, str | float | None] = {}
        for field in ("mediator", "final_mass"):
            mass = getattr(self, field)
            if isinstance(mass, str) or mass is None:
                masses[field] = mass if mass is None else checks.text(field, mass)
            else:
                masses[field] = checks.real(field, mass, unit="MeV", low=0, high=LARGEST_MASS)
        checks.put(self, **masses)
        checks.known("kinematics", self.kinematics, {**KINDS, **ELECTRON_KINDS})
        if self.kinematics == PSEUDOSCALAR and (self.proton or self.neutron):
            raise InputError(
                "proton and neutron must be 0 for the kinematics of a pseudoscalar, which couples to spins of nuclei "
                "with a rate of q^2 / 4 M^2 that coherent scattering does not see: give electron alone"
            )
        if self.kinematics == "tensor" and self.final_mass is not None:
            raise InputError("final_mass is given, but the kinematics of a tensor know none: leave it out")
        if self.electron and self.kinematics not in ELECTRON_KINDS:
            raise InputError(
                f"electron = {self.electron!s} is not allowed for the kinematics of a {self.kinematics}, which are "
                f"those of nuclei: leave it out; known for electrons: {', '.join(ELECTRON_KINDS)}"
            )
        if (self.electron or self.electron_axial) and self.final_mass is not None and self.kinematics != "magnetic":
            raise InputError(
                "electron is given with a final_mass, which electrons know for magnetic moments alone: leave one out"
            )
        if self.electron_axial and self.kinematics != "vector":
            raise InputError(
                f"electron_axial = {self.electron_axial!s} is not allowed for {self.kinematics} kinematics: it is a "
                "vector's"
            )
        if self.loop is not None:
            checks.instance("loop", self.loop, Loop)
        # products of powers are compared in this order
        checks.put(self, flavours=flavours, couplings=tuple(sorted(powers.items())))

    def _check_numbers(self) -> None:
        for name in ("proton", "neutron", "electron", "electron_axial"):
            number = getattr(self, name)
            if type(number) is not float:
                checks.instance(f"{name} of an amplitude", number, (int, float, complex))
            if not cmath.isfinite(number):
                raise InputError(f"{name} of an amplitude = {number!s} is not allowed: it must be finite")

    @cached_property
    def form(self) -> Form:
        """All but the numbers."""
        return Form(self.kinematics, self.final_mass, self.flavours, self.couplings, self.mediator, self.loop)

    def of(self, proton: complex, neutron: complex, electron: complex) -> Amplitude:
        """Return a vector's amplitude with other numbers, which alone are checked, and the same form."""
        out = object.__new__(Amplitude)
        out.__dict__.update(self.__dict__, form=self.form, proton=proton, neutron=neutron, electron=electron)
        out._check_numbers()
        return out


class Monomial(NamedTuple):
    """What one product of couplings, propagators and loops multiplies, for each initial flavour.

    Attributes
    ----------
    kinematics : str
        kappa.
    final_mass : str or float
        Mass of the neutral lepton that leaves [MeV], the name of a parameter or a number.
    couplings : tuple of (str, int)
        Parameters with their powers, sorted.
    mediators : tuple of (str or float, int)
        Masses, names of parameters or numbers [MeV], with the powers of their propagators, sorted.
    loops : tuple of (Loop, int)
        Loops with their powers, sorted.
    coefficients : ndarray, shape (3 flavours,)
        Of (Z F_Z)^2 for each flavour, then of Z F_Z N F_N and (N F_N)^2 [MeV^(2 x propagators)]; for electrons what
        stands for g_V^2, 2 g_V g_A and g_A^2.
    target : {"nuclei", "electrons"}
        What neutrinos scatter on.

    Examples
    --------
    >>> from cevns.interactions import get_interaction
    >>> *_, square = get_interaction("b-l").monomials(["e"])
    >>> square.couplings, square.mediators
    ((('coupling', 4),), (('mass', 2),))
    >>> square.along(np.array([1500.0]), {"mass": 10.0, "coupling": 1e-4})
    array([3.90625e-23])
    """

    kinematics: str
    final_mass: str | float
    couplings: tuple[tuple[str, int], ...]
    mediators: tuple[tuple[str | float, int], ...]
    loops: tuple[tuple[Loop, int], ...]
    coefficients: np.ndarray
    target: str = NUCLEI

    def strength(self, numbers: Mapping[str, float]) -> float:
        """Return the product of couplings for numbers of all parameters, less their origins."""
        return math.prod(numbers[name] ** power for name, power in self.couplings)

    def along(self, q2: Array, numbers: Mapping[str, float]) -> Array:
        """Return the product of couplings, propagators and loops at squared momentum transfers [MeV^2]."""
        out = np.full(np.shape(q2), self.strength(numbers))
        for mass, power in self.mediators:
            out /= (q2 + mass_at(mass, numbers) ** 2) ** power
        for loop, power in self.loops:
            out *= loop(q2) ** power
        return out


def mass_at(mass: str | float, numbers: Mapping[str, float]) -> float:
    """Return a mass [MeV] that is given as a number, or by the name of a parameter that has one."""
    return numbers[mass] if isinstance(mass, str) else mass


def monomials(amplitudes: Iterable[Amplitude], flavours: Sequence[str], target: str = NUCLEI) -> tuple[Monomial, ...]:
    """Square sums of amplitudes: the rate of each flavour as a polynomial in couplings and propagators.

    Amplitudes for the same change of flavour, kinematics and mass of the final lepton add up before they are squared.

    Parameters
    ----------
    amplitudes : iterable of Amplitude
        All of them, the standard model's included.
    flavours : sequence of str
        Initial flavours.
    target : {"nuclei", "electrons"}
        What neutrinos scatter on.

    Returns
    -------
    tuple of Monomial

    Examples
    --------
    >>> weak = Amplitude(("e", "e"), 0.04, -0.51)
    >>> new = Amplitude(("e", "e"), 3.0, 3.0, (("coupling", 2),), "mass")
    >>> [(m.couplings, m.mediators) for m in monomials([weak, new], ["e"])]
    [((), ()), ((('coupling', 2),), (('mass', 1),)), ((('coupling', 4),), (('mass', 2),))]
    """
    members: list[Any] = []
    forms, plain = [], True
    for a in amplitudes:
        if a.flavours[0] in flavours:
            p, n = (a.electron, a.electron_axial) if target == ELECTRONS else (a.proton, a.neutron)
            scale = 1.0 if a.mediator is None else PROPAGATOR_SCALE
            p = p * scale if abs(p) >= SMALLEST_NUMBER else 0.0
            n = n * scale if abs(n) >= SMALLEST_NUMBER else 0.0
            plain = plain and type(p) is float and type(n) is float
            members.append((p, n))
            forms.append(a.form)
    keys, pairs = _products(tuple(forms), tuple(flavours))
    size = len(flavours)
    found: dict[int, list[float]] = {}
    for i, j, times, row, place in pairs:
        p, n = members[i]
        q, m = members[j]
        if plain:
            first, second, third = times * (p * q), times * (p * m + n * q), times * (n * m)
        else:
            q, m = q.conjugate(), m.conjugate()
            first, second, third = times * (p * q).real, times * (p * m + n * q).real, times * (n * m).real
        if not (first or second or third):
            continue
        total = found.get(place)
        if total is None:
            total = found[place] = [0.0] * (3 * size)
        total[row] += first
        total[size + row] += second
        total[2 * size + row] += third
    numbers = np.array(list(found.values()))
    return tuple([Monomial._make((*keys[place], row, target)) for place, row in zip(found, numbers, strict=True)])


@functools.lru_cache(MOST_FORMS)
def _products(
    forms: tuple[Form, ...], flavours: tuple[str, ...]
) -> tuple[tuple[tuple[Any, ...], ...], tuple[tuple[int, int, float, int, int], ...]]:
    """Return what the square of a sum of amplitudes consists of, whatever their numbers are.

    Returns
    -------
    monomials : tuple
        First fields of each `Monomial`.
    pairs : tuple of (int, int, float, int, int)
        Which two amplitudes are multiplied, how often, the row of the initial flavour, and of which monomial this is.
    """
    sectors: dict[tuple[Any, ...], list[int]] = {}
    for i, form in enumerate(forms):
        sectors.setdefault(form[:3], []).append(i)
    found: dict[tuple[Any, ...], int] = {}
    pairs = []
    for (kinematics, final_mass, (initial, _)), members in sectors.items():
        row = flavours.index(initial)
        for k, i in enumerate(members):
            for j in members[: k + 1]:
                one, other = forms[i], forms[j]
                key = (
                    kinematics,
                    0.0 if final_mass is None else final_mass,
                    _times(one.couplings, other.couplings),
                    _times(_propagator(one), _propagator(other)),
                    _times(_loops(one), _loops(other)),
                )
                pairs.append((i, j, 1.0 if i == j else 2.0, row, found.setdefault(key, len(found))))
    return tuple(found), tuple(pairs)


def _propagator(form: Form) -> tuple[tuple[str | float, int], ...]:
    return () if form.mediator is None else ((form.mediator, 1),)


def _loops(form: Form) -> tuple[tuple[Loop, int], ...]:
    return () if form.loop is None else ((form.loop, 1),)


def _times(first: tuple[tuple[Any, int], ...], second: tuple[tuple[Any, int], ...]) -> tuple[tuple[Any, int], ...]:
    """Return the product of two products of powers."""
    if not (first and second):
        return first or second
    if len(first) == 1 and len(second) == 1 and first[0][0] == second[0][0]:
        return ((first[0][0], first[0][1] + second[0][1]),)
    total = dict(first)
    for name, power in second:
        total[name] = total.get(name, 0) + power
    # names and numbers have no order among each other
    return tuple(sorted(total.items(), key=str))
