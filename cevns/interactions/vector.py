"""Light vector mediators of a U(1)' (eq. 3.3 of arXiv:2008.05022, and 3.4-3.6 with the charges in `registry`).

Of eq. 3.3, epsilon_ll^f = g^2 Q'_l Q'_f / (sqrt2 G_F (|q|^2 + M^2)), the charges are here and the propagator, which all
mediators have, is in `amplitudes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.errors import InputError
from cevns.interactions.amplitudes import Amplitude
from cevns.interactions.charges import LARGEST_CHARGE, charge_table, product_tables
from cevns.interactions.interaction import Interaction
from cevns.interactions.loops import Loop
from cevns.parameters import coupling, coupling_squared, mass

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["VectorMediator", "current", "mediated"]

#: Largest denominator of charges that are written as fractions.
_DENOMINATOR = 12


def VectorMediator(
    name: str, *, quarks: Sequence[float], leptons: Mapping[str, float], signed: bool = False, **fields: Any
) -> Interaction:
    """Return the interaction of a U(1)' gauge boson from the charges of quarks and leptons (eq. 3.3).

    Parameters
    ----------
    name : str
        Short name.
    quarks : (float, float)
        Q'_u and Q'_d.
    leptons : mapping of str to float
        Q'_l by flavour, for neutrinos and charged leptons alike.
    signed : bool
        Whether g^2 may have either sign, as a product of different couplings of neutrinos and quarks may.
    **fields
        Further fields of `Interaction`.

    Returns
    -------
    Interaction
        With parameters ``mass`` and ``coupling``, or ``coupling_squared`` of either sign, and the amplitudes Q'_l (2
        Q'_u + Q'_d) for protons, Q'_l (Q'_u + 2 Q'_d) for neutrons and Q'_l Q'_e for electrons.

    Raises
    ------
    InputError
        If `quarks` are not two charges, or a charge is out of range.
    UnknownNameError
        If there is no such flavour.

    Examples
    --------
    >>> [a.proton for a in VectorMediator("B-3L_mu", quarks=(1 / 3, 1 / 3), leptons={"mu": -3}).amplitudes]
    [-3.0]
    """
    try:
        # the keys of a mapping, or the members of a set, are no pair
        up, down = () if isinstance(quarks, (Mapping, Set, str)) else quarks
    except (TypeError, ValueError):
        raise InputError(f"quarks must be the two charges (Q'_u, Q'_d), got {quarks!r}") from None
    up, down = (
        checks.real(name, charge, low=-LARGEST_CHARGE, high=LARGEST_CHARGE)
        for name, charge in (("Q'_u", up), ("Q'_d", down))
    )
    table = charge_table("leptons", leptons)
    charges = {"u": up, "d": down} | {name: charge for f, charge in table for name in (f, f"nu_{f}")}
    fields = {"lagrangian": current(charges), **fields}
    of_electron = dict(table).get("e", 0.0)
    return mediated(
        name,
        proton={flavour: charge * (2 * up + down) for flavour, charge in table},
        neutron={flavour: charge * (up + 2 * down) for flavour, charge in table},
        electron={flavour: charge * of_electron for flavour, charge in table},
        leptons=table,
        signed=signed,
        **fields,
    )


def current(charges: Mapping[str, float]) -> str:
    """Return the Lagrangian of a vector mediator in plain text, from the charges of fermions.

    Examples
    --------
    >>> current({"u": 1 / 3, "d": 1 / 3, "mu": -3, "nu_mu": -3, "e": 0})
    "L = -g Z'_m sum_f Q_f fbar gamma^m f, Q = 1/3 (u, d), -3 (mu, nu_mu)"
    """
    members: dict[float, list[str]] = {}
    for fermion, charge in charges.items():
        if charge:
            members.setdefault(charge, []).append(fermion)
    listed = ", ".join(f"{_written(charge)} ({', '.join(some)})" for charge, some in members.items())
    return f"L = -g Z'_m sum_f Q_f fbar gamma^m f, Q = {listed or '0'}"


def _written(charge: float) -> str:
    """Return a charge as the fraction that it is, or else as a number."""
    for q in range(1, _DENOMINATOR + 1):
        p = round(charge * q)
        if p / q == charge:
            return f"{p}/{q}" if q > 1 else f"{p}"
    return f"{charge:g}"


def mediated(
    name: str,
    *,
    proton: Mapping[str, float],
    neutron: Mapping[str, float],
    electron: Mapping[str, float] | None = None,
    signed: bool = False,
    loop: Mapping[str, float] | None = None,
    **fields: Any,
) -> Interaction:
    """Return the interaction of a vector mediator from its charges of neutrinos times those of nucleons.

    Parameters
    ----------
    name : str
        Short name.
    proton, neutron : mapping of str to float
        By flavour; missing ones are 0.
    electron : mapping of str to float, optional
        Charges of neutrinos times that of electrons, which know nothing of it unless it is given.
    signed : bool
        Whether the parameter is g^2 of either sign, ``coupling_squared``.
    loop : mapping of str to float, optional
        Charges of the charged leptons through whose loops it mixes with the photon, which multiplies its charges of
        nucleons by h(q); see `Loop`. Electrons then have minus the number of protons, beside `electron`, which no loop
        multiplies.
    **fields
        Further fields of `Interaction`.

    Raises
    ------
    InputError
        If a charge is out of range, or those of a loop do not add up to 0.
    UnknownNameError
        If there is no such flavour.

    Examples
    --------
    >>> mediated("protophobic", proton={}, neutron={"e": 1, "mu": 1}).own_names
    ('mass', 'coupling')
    """
    p, n, e = product_tables(proton, neutron, electron)
    strength = coupling_squared() if checks.instance("signed", signed, bool) else coupling()
    mixing = None if loop is None else Loop(loop)
    power = ((strength.name, 1 if signed else 2),)
    # of what mixes with the photon electrons have the opposite charge of protons
    own = e if mixing is None else {f: -value for f, value in p.items()}
    amplitudes = tuple(
        Amplitude((f, f), p.get(f, 0.0), n.get(f, 0.0), power, "mass", loop=mixing, electron=own.get(f, 0.0))
        for f in {**p, **n, **own}
        if p.get(f) or n.get(f) or own.get(f)
    )
    if mixing is not None:
        amplitudes += tuple(
            Amplitude((f, f), 0.0, 0.0, power, "mass", electron=value) for f, value in e.items() if value
        )
    return Interaction(name, (mass(), strength) if amplitudes else (), amplitudes, **fields)
