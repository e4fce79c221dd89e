"""Light mediators by which a neutrino becomes a massive neutral lepton, chi."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.constants import FLAVOURS
from cevns.interactions.amplitudes import Amplitude
from cevns.interactions.charges import charge_table, check_couples, nucleon_charge
from cevns.interactions.interaction import Interaction
from cevns.parameters import coupling, mass

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EXCHANGES", "Upscattering"]

#: What may be exchanged, with the Lagrangian of each.
EXCHANGES = {
    "vector": "L = -Z'_m (g_chi chibar gamma^m P_L nu + h.c. + sum_N g_N Nbar gamma^m N)",
    "scalar": "L = -phi (g_chi chibar P_L nu + h.c. + sum_N g_N Nbar N)",
}


def Upscattering(
    name: str = "upscattering",
    *,
    exchange: str,
    proton: float,
    neutron: float,
    neutrinos: Mapping[str, float] | None = None,
    **fields: Any,
) -> Interaction:
    """Return the interaction by which neutrinos become a massive neutral lepton on nuclei, nu_l N -> chi N.

    Parameters
    ----------
    name : str
        Short name.
    exchange : {"vector", "scalar"}
        What is exchanged.
    proton, neutron : float
        c_p and c_n, the mediator's couplings to nucleons: ``g^2 c_N = g_chi g_N``, with g^2 the square of the parameter
        ``coupling``. They have no default; a scalar with one coupling to u and d quarks has `SCALAR_CHARGE` for both.
    neutrinos : mapping of str to float, optional
        Couplings of chi to neutrinos by flavour relative to g_chi; 1 for all unless given.
    **fields
        Further fields of `Interaction`.

    Returns
    -------
    Interaction
        With parameters ``mass`` of the mediator [MeV], ``coupling`` and ``m_chi`` [MeV]. Rates are those of the
        standard model plus ``(G_F^2 M / pi) kappa |A|^2`` with ``A = g^2 (c_p Z F_Z + c_n N F_N) / (sqrt(2) G_F (q^2 +
        m^2))``. Kappa is ``1 - m_chi^2 / 2 E M - (M T / 2 + m_chi^2 / 4) / E^2`` for a vector and ``(M T / 2 + m_chi^2
        / 4) / E^2`` for a scalar. What electrons do is not known.

    Raises
    ------
    UnknownNameError
        If the exchange is not known.
    InputError
        If a number is not finite, or too large.

    Examples
    --------
    >>> Upscattering(exchange="vector", proton=3.0, neutron=3.0).own_names
    ('mass', 'coupling', 'm_chi')
    """
    checks.known("exchange", exchange, EXCHANGES)
    p, n = nucleon_charge("proton", proton), nucleon_charge("neutron", neutron)
    table = charge_table("neutrinos", dict.fromkeys(FLAVOURS, 1.0) if neutrinos is None else neutrinos)
    amplitudes = tuple(
        Amplitude((f, f), charge * p, charge * n, (("coupling", 2),), "mass", exchange, "m_chi")
        for f, charge in table
        if charge and (p or n)
    )
    check_couples(name, amplitudes, "neutrinos, nor proton and neutron,")
    parameters = mass(), coupling(), mass("m_chi", label=r"$m_\chi$")
    return Interaction(name, parameters, amplitudes, **{"lagrangian": EXCHANGES[exchange], **fields})
