"""Mixing of a mediator with the photon through loops of charged leptons, for other Cython code.

    h(q) = sum_k w_k J_k(q^2),    J_k = Int_0^1 dx x (1 - x) ln(m_k^2 + x (1 - x) q^2),

with q^2 > 0 spacelike and weights w_k that add up to 0, so that the unit of the masses drops out. From the vacuum
polarisation of quantum electrodynamics.
"""

from libc.math cimport log, sqrt

cdef enum:
    LEPTONS = 3


cdef inline double loop_integral_c(double q2, double mass) noexcept nogil:
    """J with the mass in MeV: ln(m^2) / 6 plus what grows from 0 with z = q^2 / m^2."""
    cdef double z = q2 / (mass * mass), total = 0.0, term, s
    cdef int n
    if z < 1.0:
        # the closed form cancels; sum of (-1)^(n+1) z^n / n ((n+1)!)^2 / (2n+3)!
        term = z / 30.0
        for n in range(1, 40):
            total += term / n
            term *= -z * (n + 2.0) / (2.0 * (2.0 * n + 5.0))
        return log(mass) / 3.0 + total
    s = sqrt(1.0 + 4.0 / z)
    return log(mass) / 3.0 + (-5.0 / 3.0 + 4.0 / z + (1.0 - 2.0 / z) * s * log(
        0.25 * z * (s + 1.0) * (s + 1.0))) / 6.0


cdef inline double loop_c(double q2, const double *weights, const double *masses) noexcept nogil:
    """h at q^2 [MeV^2] for the three charged leptons."""
    cdef double total = 0.0
    cdef int k
    for k in range(LEPTONS):
        if weights[k] != 0.0:
            total += weights[k] * loop_integral_c(q2, masses[k])
    return total
