"""Light scalar, pseudoscalar and tensor mediators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cevns.constants import FLAVOURS
from cevns.interactions.amplitudes import Amplitude
from cevns.interactions.charges import charge_table, check_couples, nucleon_charge
from cevns.interactions.interaction import Interaction
from cevns.interactions.kinematics import PSEUDOSCALAR
from cevns.parameters import coupling, mass

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SCALAR_CHARGE", "PseudoscalarMediator", "ScalarMediator", "TensorMediator"]

#: c_p = c_n of a scalar that couples to u and d quarks alike, sum_q (m_N / m_q) f_q: sigma_piN / m_ud = 59.1 MeV / 3.42
#: MeV.
SCALAR_CHARGE = 17.3
SCALAR_LAGRANGIAN = "L = -phi (g_nu nubar nu + sum_q g_q qbar q)"
PSEUDOSCALAR_LAGRANGIAN = "L = -phi (g_nu nubar nu + g_e ebar i gamma5 e)"
TENSOR_LAGRANGIAN = "L = -T_mn (g_nu nubar sigma^mn nu + sum_N g_N Nbar sigma^mn N)"


def ScalarMediator(
    name: str = "scalar",
    *,
    proton: float = SCALAR_CHARGE,
    neutron: float = SCALAR_CHARGE,
    neutrinos: Mapping[str, float] | None = None,
    electron: float = 0.0,
    **fields: Any,
) -> Interaction:
    """Return the interaction of a light scalar, ``L = -phi (g_nu nubar nu + sum_q g_q qbar q)``.

    Parameters
    ----------
    name : str
        Short name.
    proton, neutron : float
        c_N = sum_q (g_nu g_q / g^2) (m_N / m_q) f_q^N, with g^2 the square of the parameter ``coupling``. The default
        is that of universal couplings to u and d quarks, for which ``coupling = sqrt(g_nu g_q)``; other matrix elements
        f_q^N give other numbers, which published limits differ by.
    neutrinos : mapping of str to float, optional
        Couplings of neutrinos by flavour relative to g_nu; 1 for all unless given.
    electron : float
        g_nu g_e / g^2, for electrons, which know nothing of a scalar unless it is given.
    **fields
        Further fields of `Interaction`.

    Returns
    -------
    Interaction
        With parameters ``mass`` [MeV] and ``coupling``. It flips the neutrino's helicity, so that rates are those of
        the standard model plus ``(G_F^2 M / pi) (M T / 2 E^2) |A|^2`` with ``A = g^2 (c_p Z F_Z + c_n N F_N) / (sqrt(2)
        G_F (q^2 + m^2))``.

    Examples
    --------
    >>> ScalarMediator("neutrons", proton=0.0).own_names
    ('mass', 'coupling')
    """
    fields = {"lagrangian": SCALAR_LAGRANGIAN, **fields}
    return _mediated(name, proton, neutron, neutrinos, "scalar", r"$M_\phi$", r"$g_\phi$", fields, electron)


def PseudoscalarMediator(
    name: str = "pseudoscalar",
    *,
    electron: float = 1.0,
    neutrinos: Mapping[str, float] | None = None,
    **fields: Any,
) -> Interaction:
    """Return the interaction of a light pseudoscalar, ``L = -phi (g_nu nubar nu + g_e ebar i gamma5 e)``.

    On nuclei it has no coherent amplitude: their pseudoscalar current goes with the spin, and its rate with q^2 / 4
    M^2. It is therefore for signals that count electrons too, and refused by others.

    Parameters
    ----------
    name : str
        Short name.
    electron : float
        g_nu g_e / g^2, with g^2 the square of the parameter ``coupling``: 1 for ``coupling = sqrt(g_nu g_e)``.
    neutrinos : mapping of str to float, optional
        Couplings of neutrinos by flavour relative to g_nu; 1 for all unless given.
    **fields
        Further fields of `Interaction`.

    Returns
    -------
    Interaction
        With parameters ``mass`` [MeV] and ``coupling``. It flips the neutrino's helicity, so that rates are those of
        the standard model plus ``m_e T^2 g^4 / 8 pi E^2 (2 m_e T + m^2)^2`` for each electron, which the same coupling
        ``nubar i gamma5 nu`` of neutrinos has too.

    Examples
    --------
    >>> import cevns
    >>> atoms = cevns.load("coherent-csi-2017").replace(electrons="shells")
    >>> found = atoms.predict(PseudoscalarMediator(), mass=0.1, coupling=3e-3)
    >>> f"{found.electrons.sum():.1f} events"
    '45.5 events'
    """
    fields = {"lagrangian": PSEUDOSCALAR_LAGRANGIAN, **fields}
    return _mediated(name, 0.0, 0.0, neutrinos, PSEUDOSCALAR, "$M_a$", "$g_a$", fields, electron)


def TensorMediator(
    name: str = "tensor",
    *,
    proton: float,
    neutron: float,
    neutrinos: Mapping[str, float] | None = None,
    **fields: Any,
) -> Interaction:
    """Return the interaction of a light tensor mediator whose charges add up coherently over nucleons.

    .. warning::
       A tensor current couples to spins. That its charges add up like Z and N is an assumption of some papers, which
       nuclei without spin, such as argon, do not support; normalisations differ by factors of 2 between papers.

    Parameters
    ----------
    name : str
        Short name.
    proton, neutron : float
        c_p and c_n, which have no default.
    neutrinos : mapping of str to float, optional
        Couplings of neutrinos by flavour relative to g; 1 for all unless given.
    **fields
        Further fields of `Interaction`.

    Returns
    -------
    Interaction
        With parameters ``mass`` [MeV] and ``coupling``: rates are those of the standard model plus ``(G_F^2 M / pi) 8
        (1 - M T / 4 E^2) |A|^2`` with A as of `ScalarMediator`.

    Examples
    --------
    >>> TensorMediator(proton=0.54 * 2 - 0.23, neutron=0.54 - 2 * 0.23).own_names
    ('mass', 'coupling')
    """
    fields = {"lagrangian": TENSOR_LAGRANGIAN, **fields}
    return _mediated(name, proton, neutron, neutrinos, "tensor", "$M_T$", "$g_T$", fields)


def _mediated(
    name: str,
    proton: float,
    neutron: float,
    neutrinos: Mapping[str, float] | None,
    kinematics: str,
    mass_label: str,
    coupling_label: str,
    fields: Mapping[str, Any],
    electron: float = 0.0,
) -> Interaction:
    p, n, e = (nucleon_charge(*given) for given in (("proton", proton), ("neutron", neutron), ("electron", electron)))
    table = charge_table("neutrinos", dict.fromkeys(FLAVOURS, 1.0) if neutrinos is None else neutrinos)
    amplitudes = tuple(
        Amplitude((f, f), charge * p, charge * n, (("coupling", 2),), "mass", kinematics, electron=charge * e)
        for f, charge in table
        if charge and (p or n or e)
    )
    check_couples(name, amplitudes, "neutrinos, nor proton, neutron and electron,")
    return Interaction(name, (mass(label=mass_label), coupling(label=coupling_label)), amplitudes, **fields)
