"""Scalar form factors for other Cython code: ``from cevns._formfactors cimport helm_c``.

All take the momentum transfer q [MeV] and lengths [fm]; the diffraction radius comes from `helm_radius` and its siblings,
once per nucleus, so that a loop over q does not repeat the square root.
"""

from libc.math cimport cos, exp, expm1, sin, sqrt

cdef const double HBAR_C = 197.3269804  # MeV fm, CODATA 2022; equal to cevns.constants.HBAR_C (tested)
cdef const double PI = 3.14159265358979323846


cdef inline double uniform_sphere_c(double x) noexcept nogil:
    """3 j1(x) / x for x >= 0: the form factor of a uniform sphere.

    The closed form cancels like 1/x^2; below 2 the Taylor series has no such loss and thirteen terms reach 1e-17.
    """
    cdef double z
    if x < 2.0:
        z = x * x
        return 1.0 + z * (-0.1 + z * (0.0035714285714285713 + z * (-6.613756613756614e-05 + z * (
            7.515632515632515e-07 + z * (-5.7812557812557815e-09 + z * (3.2118087673643227e-11 + z * (
                -1.34949948208585e-13 + z * (4.439143033177138e-16 + z * (-1.1743764638034756e-18 + z * (
                    2.5529923126162516e-21 - z * 4.641804204756821e-24))))))))))
    return 3.0 * (sin(x) - x * cos(x)) / (x * x * x)


cdef inline double helm_radius(double rms_radius, double s) noexcept nogil:
    """R_0 [fm] of the Helm form factor; NaN below its limit R^2 = 3 s^2."""
    return sqrt(5.0 / 3.0 * (rms_radius * rms_radius - 3.0 * s * s))


cdef inline double helm_c(double q, double diffraction_radius, double s) noexcept nogil:
    """Helm form factor for a diffraction radius R_0."""
    cdef double k = q / HBAR_C
    return uniform_sphere_c(k * diffraction_radius) * exp(-0.5 * (k * s) * (k * s))


cdef inline double klein_nystrand_radius(double rms_radius, double a) noexcept nogil:
    """R_A [fm] of the Klein-Nystrand form factor; NaN below its limit R^2 = 6 a^2."""
    return sqrt(5.0 / 3.0 * (rms_radius * rms_radius - 6.0 * a * a))


cdef inline double klein_nystrand_c(double q, double hard_radius, double a) noexcept nogil:
    """Klein-Nystrand form factor for a hard-sphere radius R_A and a Yukawa range a."""
    cdef double k = q / HBAR_C
    return uniform_sphere_c(k * hard_radius) / (1.0 + (k * a) * (k * a))


cdef inline double fermi_radius(double rms_radius, double a) noexcept nogil:
    """Half-density radius c [fm] of the symmetrized Fermi form factor; NaN below its limit R^2 = 7/5 (pi a)^2."""
    return sqrt(5.0 / 3.0 * rms_radius * rms_radius - 7.0 / 3.0 * (PI * a) * (PI * a))


cdef inline double coth_excess_c(double y) noexcept nogil:
    """(y coth y - 1) / y^2 for y >= 0, by its Bernoulli series where the closed form cancels."""
    cdef double z = y * y
    cdef double e
    if y < 0.7:
        return 0.3333333333333333 + z * (-0.022222222222222223 + z * (0.0021164021164021165 + z * (
            -0.00021164021164021165 + z * (2.1377799155576935e-05 + z * (-2.1644042808063972e-06 + z * (
                2.1925947851873778e-07 + z * (-2.2214608789979678e-08 + z * (2.2507846516808994e-09 + z * (
                    -2.2805151204592183e-10 + z * (2.3106432599002624e-11 - z * 2.3411706819824886e-12))))))))))
    e = expm1(-2.0 * y)
    return (-y * (2.0 + e) / e - 1.0) / z


cdef inline double symmetrized_fermi_c(double q, double half_density_radius, double a) noexcept nogil:
    """Symmetrized Fermi form factor for a half-density radius c and a diffuseness a.

    The usual closed form is 0/0 at q = 0; it equals this weighted mean of two regular terms, with weights that do not
    depend on q.
    """
    cdef double k = q / HBAR_C
    cdef double x = k * half_density_radius
    cdef double y = PI * k * a
    cdef double weight = (PI * a) * (PI * a) / ((PI * a) * (PI * a) + half_density_radius * half_density_radius)
    cdef double sinc = 1.0 - x * x / 6.0 if x < 1e-4 else sin(x) / x
    cdef double damping = 1.0 if y < 1e-9 else -2.0 * y * exp(-y) / expm1(-2.0 * y)
    return damping * (3.0 * weight * coth_excess_c(y) * sinc + (1.0 - weight) * uniform_sphere_c(x))
