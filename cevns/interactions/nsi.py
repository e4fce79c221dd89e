"""Non-standard contact interactions with quarks (eqs. 3.1 and 3.2 of arXiv:2008.05022)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from cevns.constants import FLAVOURS
from cevns.interactions.amplitudes import Amplitude
from cevns.interactions.charges import LARGEST_CHARGE, charge_table, product_tables
from cevns.interactions.flavours import CHANGES, subscript
from cevns.interactions.interaction import Interaction
from cevns.parameters import LARGEST_COUPLING, Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NonStandardInteractions", "contact", "quark_couplings"]

LAGRANGIAN = "L = -sqrt2 G_F sum_q,ab eps_q_ab (nubar_a gamma^m P_L nu_b) (qbar gamma_m q)"
_SCALE = Parameter("coupling", default=1.0, low=-LARGEST_COUPLING, high=LARGEST_COUPLING)


def NonStandardInteractions(
    name: str = "nsi", *, up: Mapping[str, float] | None = None, down: Mapping[str, float] | None = None, **fields: Any
) -> Interaction:
    """Return contact vector interactions with quarks (eqs. 3.1 and 3.2).

    Parameters
    ----------
    name : str
        Short name.
    up, down : mapping of str to float
        epsilon^uV_ll and epsilon^dV_ll by flavour; missing flavours are 0.
    **fields
        Further fields of `Interaction`.

    Returns
    -------
    Interaction
        With the amplitudes 2 eps_u + eps_d for protons and eps_u + 2 eps_d for neutrons, and one parameter ``coupling``
        that scales all of them, 1 unless given.

    Raises
    ------
    InputError
        If an epsilon is out of range.
    UnknownNameError
        If there is no such flavour.

    Examples
    --------
    >>> [p.name for p in NonStandardInteractions(up={"e": 0.1}, down={"e": -0.1}).parameters]
    ['coupling']
    """
    u, d = (dict(charge_table(key, {} if table is None else table)) for key, table in (("up", up), ("down", down)))
    given = [f for f in FLAVOURS if f in u or f in d]
    return _of_products(
        name,
        (
            {f: 2 * u.get(f, 0.0) + d.get(f, 0.0) for f in given},
            {f: u.get(f, 0.0) + 2 * d.get(f, 0.0) for f in given},
            {},
        ),
        fields,
    )


def contact(
    name: str,
    *,
    proton: Mapping[str, float],
    neutron: Mapping[str, float],
    electron: Mapping[str, float] | None = None,
    **fields: Any,
) -> Interaction:
    """Return a contact interaction from what it adds to g_V^p and g_V^n, and to g_V of electrons.

    Parameters
    ----------
    name : str
        Short name.
    proton, neutron : mapping of str to float
        By flavour; missing ones are 0. One parameter ``coupling`` scales all of them, 1 unless given.
    electron : mapping of str to float, optional
        The same for electrons, which know nothing of it unless it is given.
    **fields
        Further fields of `Interaction`.

    Raises
    ------
    InputError
        If a number is out of range.
    UnknownNameError
        If there is no such flavour.

    Examples
    --------
    >>> contact("neutrons", proton={}, neutron={"e": 0.1}).own_names
    ('coupling',)
    """
    return _of_products(name, product_tables(proton, neutron, electron), fields)


def _of_products(name: str, tables: tuple[dict[str, float], ...], fields: Mapping[str, Any]) -> Interaction:
    """Return a contact interaction of checked products of charges with those of protons, neutrons and electrons."""
    p, n, e = tables
    amplitudes = tuple(
        _unit(f).of(p.get(f, 0.0), n.get(f, 0.0), e.get(f, 0.0))
        for f in {**p, **n, **e}
        if p.get(f) or n.get(f) or e.get(f)
    )
    return Interaction(name, (_SCALE,) if amplitudes else (), amplitudes, **fields)


@functools.cache
def _unit(flavour: str) -> Amplitude:
    """Return the amplitude of contact interactions of a flavour for protons, whose form all of them have."""
    return Amplitude((flavour, flavour), 1.0, 0.0, (("coupling", 1),))


def quark_couplings(name: str = "nsi", **fields: Any) -> Interaction:
    """Return contact vector interactions with every epsilon as a parameter (eqs. 3.1 and 3.2).

    Parameters
    ----------
    name : str
        Short name.
    **fields
        Further fields of `Interaction`.

    Returns
    -------
    Interaction
        With ``eps_u_ee``, ``eps_d_ee``, and the same for ``mumu`` and ``tautau``; then ``eps_u_emu``, ``eps_u_emu_im``
        and so on, real and imaginary parts for ``emu``, ``etau`` and ``mutau`` of both quarks. All are 0 unless given.

    Examples
    --------
    >>> quark_couplings().own_names[:3]
    ('eps_u_ee', 'eps_d_ee', 'eps_u_mumu')
    """
    parameters, amplitudes = [], []
    numbers = {"u": (2.0, 1.0), "d": (1.0, 2.0)}
    limits: dict[str, Any] = {"default": 0.0, "low": -LARGEST_CHARGE, "high": LARGEST_CHARGE}
    for flavour in FLAVOURS:
        for quark, charges in numbers.items():
            parameters.append(_epsilon(quark, 2 * flavour, "", limits))
            amplitudes.append(Amplitude((flavour, flavour), *charges, ((parameters[-1].name, 1),)))
    for change, (a, b) in CHANGES.items():
        for quark, (p, n) in numbers.items():
            for part, unit in (("", 1.0), ("_im", 1j)):
                parameters.append(_epsilon(quark, change, part, limits))
                couplings = ((parameters[-1].name, 1),)
                # hermitian: the other way round it is the complex conjugate
                amplitudes += [
                    Amplitude((a, b), unit * p, unit * n, couplings),
                    Amplitude((b, a), (unit * p).conjugate(), (unit * n).conjugate(), couplings),
                ]
    return Interaction(name, tuple(parameters), tuple(amplitudes), **{"lagrangian": LAGRANGIAN, **fields})


def _epsilon(quark: str, flavours: str, part: str, limits: Mapping[str, Any]) -> Parameter:
    label = rf"\varepsilon^{{{quark}V}}_{{{subscript(flavours)}}}"
    shown = rf"$\mathrm{{Im}}\,{label}$" if part else f"${label}$"
    return Parameter(f"eps_{quark}_{flavours}{part}", "", shown, **limits)
