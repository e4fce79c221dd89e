"""Charges by lepton flavour, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cevns import checks
from cevns.constants import FLAVOURS
from cevns.errors import InputError

__all__ = ["LARGEST_CHARGE", "LARGEST_NUMBER", "charge_table", "check_couples", "nucleon_charge", "product_tables"]

#: Largest charge or epsilon that is accepted.
LARGEST_CHARGE = 1e6
#: Largest number of an amplitude that is accepted: a product of two charges of up to 1e6, times 3.
LARGEST_NUMBER = 3e12


#: Where two flavours go, which have no charge.
_CHANGING = (
    "couplings that change the flavour are parameters of the interaction 'nsi', such as eps_u_emu, or amplitudes of "
    "your own, Amplitude(('e', 'mu'), ...)"
)


def check_couples(name: str, amplitudes: Sequence[Any], give: str) -> None:
    """Refuse a mediator without amplitudes, which would have neither mass nor coupling.

    Parameters
    ----------
    name : str
        Of the interaction.
    amplitudes : sequence of Amplitude
        Of the mediator.
    give : str
        What has to differ from 0, for the message.

    Raises
    ------
    InputError
        If there are none.
    """
    if not amplitudes:
        raise InputError(
            f"interaction {checks.shown(name)} is that of a mediator that couples to nothing: {give} must not all be "
            "0; without a mediator it is 'sm'"
        )


def charge_table(name: str, values: Any, largest: float = LARGEST_CHARGE) -> tuple[tuple[str, float], ...]:
    """Return numbers by lepton flavour as pairs.

    Raises
    ------
    InputError
        If a number is not finite or too large, or a flavour comes more than once.
    UnknownNameError
        If a flavour is not known.
    """
    if type(values) in (tuple, dict) and not values:
        return ()
    if isinstance(values, (tuple, list)) and all(isinstance(entry, (tuple, list)) for entry in values):
        pairs = checks.pairs(name, values, "(flavour, number)")
    else:
        pairs = checks.instance(name, values, Mapping, "give numbers by flavour, such as {'mu': -3}").items()
    table: dict[str, float] = {}
    for flavour, value in pairs:
        checks.flavour("lepton flavour", flavour, FLAVOURS, _CHANGING)
        if flavour in table:
            raise InputError(f"{name} gives flavour {flavour!r} more than once")
        table[flavour] = checks.real(f"{name}[{flavour!r}]", value, low=-largest, high=largest)
    return tuple(table.items())


def product_tables(proton: Any, neutron: Any, electron: Any = None) -> tuple[dict[str, float], ...]:
    """Return charges of neutrinos times those of protons, neutrons and electrons, by flavour; None is 0 for all."""
    given = {"proton": proton, "neutron": neutron, "electron": {} if electron is None else electron}
    return tuple(dict(charge_table(name, values, LARGEST_NUMBER)) for name, values in given.items())


def nucleon_charge(name: str, value: Any) -> float:
    """Return a checked charge of protons, neutrons or electrons.

    Raises
    ------
    InputError
        If it is not a finite number, or too large.
    """
    return checks.real(name, value, low=-LARGEST_CHARGE, high=LARGEST_CHARGE)
