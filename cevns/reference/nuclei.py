"""The nuclei of the paper."""

from typing import NamedTuple

from cevns.reference.constants import M_E, M_U


class Nucleus(NamedTuple):
    """Proton and neutron numbers, nuclear mass in MeV, rms radii in fm (eq. 2.5 and the text below it)."""

    Z: int
    N: int
    mass: float
    R_p: float
    R_n: float


# nuclear mass = atomic mass in u (AME2020) less the mass of the electrons
CS133 = Nucleus(55, 78, 132.905451961 * M_U - 55 * M_E, 4.804, 5.01)
I127 = Nucleus(53, 74, 126.9044719 * M_U - 53 * M_E, 4.749, 4.94)
AR40 = Nucleus(18, 22, 39.9623831237 * M_U - 18 * M_E, 3.448, 3.55)
