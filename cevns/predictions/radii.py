"""Neutron radii of a target's nuclei, as parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cevns.arrays import Value
from cevns.errors import InputError
from cevns.nuclei.elements import joined
from cevns.nuclei.nucleus import LARGEST_RADIUS
from cevns.parameters import Parameter

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cevns.nuclei import FormFactor, Target

__all__ = ["Radii"]


@dataclass(frozen=True, eq=False, repr=False)
class Radii(Value):
    """Parameters that are neutron radii: one for each element, and one for all nuclei of a compound.

    Parameters
    ----------
    target : Target
        Nuclei.
    form_factor : FormFactor
        Of neutrons; parameters are none if it has no radius.

    Examples
    --------
    >>> from cevns.nuclei import Target, get_form_factor
    >>> radii = Radii(Target.of("CsI", mass=1.0), get_form_factor("helm"))
    >>> radii.members
    {'rn_cs': (0,), 'rn_i': (1,), 'rn_csi': (0, 1)}
    >>> radii.chosen(("rn_cs",), {"rn_i": 5.0})
    {0: 'rn_cs', 1: 5.0}
    """

    target: Target
    form_factor: FormFactor

    @cached_property
    def members(self) -> dict[str, tuple[int, ...]]:
        """Names, and the nuclei that each of them stands for."""
        if not self.form_factor.has_radius:
            return {}
        elements: dict[str, list[int]] = {}
        for i, nucleus in enumerate(self.target.nuclei):
            elements.setdefault(nucleus.symbol, []).append(i)
        # a name says the elements, since in a joint likelihood it stands for the nuclei of other signals too
        found = {f"rn_{joined([symbol])}": tuple(members) for symbol, members in elements.items()}
        if len(elements) > 1:
            found[f"rn_{joined(list(elements))}"] = tuple(range(len(self.target.nuclei)))
        return found

    @cached_property
    def elements(self) -> dict[str, tuple[str, ...]]:
        """Names, and those of the elements for which each stands."""
        *elements, whole = list(self.members) or [""]
        return {name: tuple(elements) if elements and name == whole else (name,) for name in self.members}

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """All of them, with the nuclei's radii as defaults."""
        found = []
        for name, members in self.members.items():
            nuclei = [self.target.nuclei[i] for i in members]
            radii = {nucleus.neutron_radius for nucleus in nuclei}
            symbols = "".join(dict.fromkeys(nucleus.symbol for nucleus in nuclei))
            found.append(
                Parameter(
                    name,
                    "fm",
                    rf"$R_n(\mathrm{{{symbols}}})$",
                    # nuclei that differ have no radius in common unless it is given
                    default=radii.pop() if len(radii) == 1 else None,
                    low=self.form_factor.least_radius,
                    high=LARGEST_RADIUS,
                )
            )
        return tuple(found)

    def chosen(self, names: Collection[str], fixed: Mapping[str, float]) -> dict[int, str | float]:
        """Return the radii of nuclei that do not have their own: names of parameters, or values [fm].

        Raises
        ------
        InputError
            If a nucleus has two, or a value is out of range.
        """
        radii: dict[int, str | float] = {}
        for parameter in self.parameters:
            name = parameter.name
            given = name in names or fixed.get(name) is not None
            for nucleus in self.members[name] if given else ():
                if nucleus in radii:
                    raise InputError(
                        f"{name} sets the radius of {self.target.nuclei[nucleus].name}, which another parameter sets: "
                        "leave one out"
                    )
                radii[nucleus] = name if name in names else parameter.number(fixed[name])
        return radii
