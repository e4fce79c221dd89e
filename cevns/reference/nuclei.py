"""The nuclei of the paper, and the isotopes of germanium and xenon."""

from typing import NamedTuple

from cevns.reference.constants import HBAR_C, M_E, M_U


class Nucleus(NamedTuple):
    """Proton and neutron numbers, nuclear mass in MeV, rms radii in fm (eq. 2.5 and the text below it).

    Examples
    --------
    >>> AR40.Z, AR40.N, round(AR40.mass, 1), AR40.R_n  # MeV, fm
    (18, 22, 37215.5, 3.55)
    """

    Z: int
    N: int
    mass: float
    R_p: float
    R_n: float


# nuclear mass = atomic mass in u (AME2020) less the mass of the electrons
CS133 = Nucleus(55, 78, 132.905451961 * M_U - 55 * M_E, 4.804, 5.01)
I127 = Nucleus(53, 74, 126.9044719 * M_U - 53 * M_E, 4.749, 4.94)
AR40 = Nucleus(18, 22, 39.9623831237 * M_U - 18 * M_E, 3.448, 3.55)


def _natural(Z: int, *rows: tuple[int, float, float, float]) -> tuple[float, dict[Nucleus, float]]:
    # mean atomic mass in u, and mole fractions; rows are N, atomic mass in u, mole fraction, charge radius in fm
    fractions = {}
    for N, mass, fraction, charge_radius in rows:
        # proton 0.8409 fm, neutron -0.1161 fm^2, Darwin-Foldy term of a proton of 938.27208943 MeV; skin law of
        # antiprotonic atoms
        nucleons = 0.8409**2 - N / Z * 0.1161 + 0.75 * (HBAR_C / 938.27208943) ** 2
        R_p = (charge_radius**2 - nucleons) ** 0.5
        fractions[Nucleus(Z, N, mass * M_U - Z * M_E, R_p, R_p + 0.90 * (N - Z) / (N + Z) - 0.03)] = fraction
    return sum(mass * fraction for _, mass, fraction, _ in rows), fractions


#: Mean atomic mass in u, and mole fraction of each isotope (AME2020, CIAAW, Angeli and Marinova 2013).
GERMANIUM = _natural(
    32,
    (38, 69.924248542, 0.2052, 4.0414),
    (40, 71.922075824, 0.2745, 4.0576),
    (41, 72.923458954, 0.0776, 4.0632),
    (42, 73.921177760, 0.3652, 4.0742),
    (44, 75.921402725, 0.0775, 4.0811),
)
XENON = _natural(
    54,
    (70, 123.905885174, 0.00095, 4.7661),
    (72, 125.904297422, 0.00089, 4.7722),
    (74, 127.903530753, 0.0191, 4.7774),
    (75, 128.904780857, 0.26401, 4.7775),
    (76, 129.903509346, 0.04071, 4.7818),
    (77, 130.905084128, 0.21232, 4.7808),
    (78, 131.904155083, 0.26909, 4.7859),
    (80, 133.905393030, 0.10436, 4.7899),
    (82, 135.907214474, 0.08857, 4.7964),
)
