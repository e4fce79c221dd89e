"""What a detector makes of electrons that neutrinos hit: all of their energy is seen, without a quenching factor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.arrays import Value
from cevns.detectors.efficiency import Efficiency
from cevns.detectors.resolution import Resolution
from cevns.detectors.response import LARGEST_YIELD
from cevns.detectors.smooth import SmoothEfficiency
from cevns.errors import InputError
from cevns.nuclei.atoms import shells

if TYPE_CHECKING:
    from cevns._types import Values
    from cevns.detectors.base import DetectorResponse
    from cevns.nuclei import Nucleus

__all__ = ["ElectronResponse", "electron_response"]

#: How electrons are bound.
_BINDINGS = ("shells", "free")
#: Largest binding energy [keV] that is accepted, beyond that of any atom.
_LARGEST_BINDING = 1e3


@dataclass(frozen=True, eq=False, repr=False)
class ElectronResponse(Value):
    """Response to electrons, in the bins of that to nuclear recoils: the observable is light_yield times T.

    Parameters
    ----------
    binding : {"shells", "free"}
        Whether electrons take part from their binding energy on, or all of them at every energy.
    shells : mapping of str to sequence of (int, float), optional
        Number of electrons and binding energy [keV] of the subshells of elements, by symbol, for those that are not
        built in or to replace them.
    light_yield : float, optional
        Observable per keV; that of nuclear recoils per keVee unless given.
    efficiency : Efficiency or SmoothEfficiency, optional
        That of nuclear recoils unless given.
    resolution : optional
        That of nuclear recoils unless given.

    Raises
    ------
    UnknownNameError
        If there is no such `binding`.
    InputError
        If subshells are given for free electrons or twice for an element, or a number is out of range.

    Examples
    --------
    >>> import cevns
    >>> argon = cevns.load("coherent-argon-2020").replace(electrons=ElectronResponse(binding="free"))
    >>> f"{argon.predict('sm').electrons.sum():.1e}"
    '1.4e-03'
    """

    binding: str = "shells"
    shells: Values = ()
    light_yield: float | None = None
    efficiency: Efficiency | SmoothEfficiency | None = None
    resolution: Resolution | None = None

    def __post_init__(self) -> None:
        checks.known("binding", self.binding, _BINDINGS)
        own = tuple(self.shells.items()) if isinstance(self.shells, Mapping) else self.shells
        atoms = []
        for symbol, given in checks.pairs("shells", own, "(element, subshells)"):
            checks.text("element in shells", symbol)
            name = f"shells[{symbol!r}]"
            pairs = [
                (
                    checks.whole(f"number of electrons in {name}", n, low=1, high=200),
                    checks.real(f"binding energy in {name}", energy, unit="keV", low=0, high=_LARGEST_BINDING),
                )
                for n, energy in checks.pairs(name, given, "(number of electrons, binding energy [keV])")
            ]
            atoms.append((symbol, tuple(pairs)))
        if len(dict(atoms)) < len(atoms):
            raise InputError("shells gives an element more than once")
        if atoms and self.binding == "free":
            raise InputError("shells are given, but binding='free' asks for free electrons: leave one out")
        checks.put(self, shells=tuple(atoms))
        if self.light_yield is not None:
            limits: dict[str, Any] = {"low": 1 / LARGEST_YIELD, "high": LARGEST_YIELD}
            checks.put(self, light_yield=checks.real("light_yield", self.light_yield, unit="1/keV", **limits))
        checks.instance("efficiency", self.efficiency, (Efficiency, SmoothEfficiency, type(None)))
        checks.instance("resolution", self.resolution, (Resolution, type(None)))

    def of(self, response: DetectorResponse) -> DetectorResponse:
        """Return the response to electrons beside one to nuclear recoils."""
        return response.to_electrons(self)

    def atom(self, nucleus: Nucleus) -> tuple[tuple[int, float], ...]:
        """Return the number of electrons and the binding energy [keV] of each subshell of a nucleus' atom.

        Raises
        ------
        InputError
            If they are not known, or not as many electrons as protons.
        """
        if self.binding == "free":
            return ((nucleus.protons, 0.0),)
        own = dict(self.shells).get(nucleus.symbol)
        found = shells(nucleus.symbol) if own is None else own
        electrons = sum(n for n, _ in found)
        if electrons != nucleus.protons:
            raise InputError(
                f"shells of {nucleus.symbol} hold {electrons} electrons: there must be {nucleus.protons}, as many as "
                "protons"
            )
        return found


def electron_response(given: Any) -> ElectronResponse | None:
    """Return the response to electrons that a user means: None, ``"shells"``, ``"free"``, or one.

    Raises
    ------
    InputError, UnknownNameError
        If it is nothing of these.
    """
    if given is None or isinstance(given, ElectronResponse):
        return given
    checks.instance("electrons", given, (str, ElectronResponse), "'shells', 'free', or an ElectronResponse")
    return ElectronResponse(binding=checks.known("electrons", given, _BINDINGS))
