"""Scalar form factors for other Cython code: ``from cevns.kernels.form_factors cimport helm_c``.

All take the momentum transfer q [MeV] and lengths [fm]; the diffraction radius comes from `helm_radius` and its
siblings, once per nucleus, so that a loop over q does not repeat the square root.
"""

from libc.math cimport cos, exp, expm1, sin, sqrt

cdef const double HBAR_C = 197.3269804  # MeV fm, CODATA 2022; equal to cevns.constants.HBAR_C (tested)
cdef const double PER_HBAR_C = 1.0 / 197.3269804
cdef const double PI = 3.14159265358979323846


cdef extern from *:
    """
    #include <math.h>
    #include <stdint.h>
    #include <string.h>

    /* 3 j1(x) / x as a polynomial in z = x^2 for z < 16, which covers |q| R at any reactor or stopped-pion source. The
       form 1 + z V(z) is exact at 0 and has no cancellation; V interpolates (U - 1) / z at Chebyshev nodes of [0, 16]
       and misses U by less than 1e-17 of it. No branch, so that loops over it vectorise. */
    static inline double cevns_sphere_small(double z)
    {
        double v = -0.1 + z * (0.0035714285714285704 + z * (-6.613756613756411e-05 + z * (7.515632515612777e-07 + z
            * (-5.781255780267555e-09 + z * (3.2118087384855165e-11 + z * (-1.349498955548631e-13 + z *
            (4.439081301011128e-16 + z * (-1.1739104845001867e-18 + z * (2.531052794478058e-21 + z *
            (-4.0514898068775086e-24))))))))));
        return 1.0 + z * v;
    }

    /* U'(x) / x = 2 dU/dz of the same U = 1 + z V. */
    static inline double cevns_sphere_small_slope(double z)
    {
        return -0.2 + z * (0.014285714285714282 + z * (-0.0003968253968253847 + z * (6.012506012490222e-06 + z
            * (-5.781255780267555e-08 + z * (3.85417048618262e-10 + z * (-1.8892985377680833e-12 + z *
            (7.1025300816178045e-15 + z * (-2.113038872100336e-17 + z * (5.062105588956116e-20 + z *
            (-8.913277575130519e-23))))))))));
    }

    /* exp(x) for -700 <= x <= 0: x = n ln 2 + r, exp(r) by a polynomial good to 2e-17; within 1 ulp. No branch. */
    static inline double cevns_exp(double x)
    {
        const double shift = 6755399441055744.0;  /* 1.5 x 2^52: adding it rounds to a whole number */
        double t = x * 1.4426950408889634 + shift;
        double n = t - shift;
        double r = (x - n * 0.6931471803691238) - n * 1.9082149292705877e-10;
        double p = 0.5 + r * (0.16666666666666669 + r * (0.041666666666624164 + r * (0.008333333333330065 + r *
            (0.0013888888917196719 + r * (0.00019841269863040545 + r * (2.4801521322368692e-05 + r *
            (2.7557268480310024e-06 + r * (2.7620075879983367e-07 + r * (2.5100375832561234e-08)))))))));
        uint64_t bits;
        double scale;
        memcpy(&bits, &t, sizeof bits);
        bits = (bits + 1023) << 52;  /* the low bits of t hold n; the rest is shifted out */
        memcpy(&scale, &bits, sizeof scale);
        return scale * (1.0 + (r + (r * r) * p));
    }

    /* Helm form factor where (k R_0)^2 < 16: the fast half of helm_c, and the body of the vector loop below. */
    static inline double cevns_helm_small(double k, double radius, double s)
    {
        double x = k * radius, y = k * s;
        return cevns_sphere_small(x * x) * cevns_exp(-0.5 * (y * y));
    }
    """
    double cevns_sphere_small(double z) noexcept nogil
    double cevns_sphere_small_slope(double z) noexcept nogil
    double cevns_exp(double x) noexcept nogil
    double cevns_helm_small(double k, double radius, double s) noexcept nogil


cdef inline double uniform_sphere_c(double x) noexcept nogil:
    """3 j1(x) / x for x >= 0: the form factor of a uniform sphere.

    The closed form cancels like 1/x^2; a polynomial replaces it below 4.
    """
    if x * x < 16.0:
        return cevns_sphere_small(x * x)
    return 3.0 * (sin(x) - x * cos(x)) / (x * x * x)


# What the surface adds to the squared rms radius [fm^2], which is the least that it may be. Checks and radii share it,
# since a second way to write it rounds differently and turns the limit itself into the root of a negative number.

cdef inline double helm_surface(double s) noexcept nogil:
    return 3.0 * (s * s)


cdef inline double klein_nystrand_surface(double a) noexcept nogil:
    return 6.0 * (a * a)


cdef inline double fermi_surface(double a) noexcept nogil:
    return 1.4 * ((PI * a) * (PI * a))


cdef inline double sphere_radius(double rms_radius, double surface) noexcept nogil:
    """Radius [fm] of the uniform sphere that leaves the given share of R^2 to the surface."""
    return sqrt(5.0 / 3.0 * (rms_radius * rms_radius - surface))


cdef inline double helm_radius(double rms_radius, double s) noexcept nogil:
    """R_0 [fm] of the Helm form factor; NaN below its limit R^2 = 3 s^2."""
    return sphere_radius(rms_radius, helm_surface(s))


cdef inline double helm_c(double q, double diffraction_radius, double s) noexcept nogil:
    """Helm form factor for a diffraction radius R_0."""
    cdef double k = q * PER_HBAR_C
    cdef double x = k * diffraction_radius
    if x * x < 16.0 and k * s < 37.0:
        return cevns_helm_small(k, diffraction_radius, s)
    return uniform_sphere_c(x) * exp(-0.5 * (k * s) * (k * s))


cdef inline double klein_nystrand_radius(double rms_radius, double a) noexcept nogil:
    """R_A [fm] of the Klein-Nystrand form factor; NaN below its limit R^2 = 6 a^2."""
    return sphere_radius(rms_radius, klein_nystrand_surface(a))


cdef inline double klein_nystrand_c(double q, double hard_radius, double a) noexcept nogil:
    """Klein-Nystrand form factor for a hard-sphere radius R_A and a Yukawa range a."""
    cdef double k = q * PER_HBAR_C
    return uniform_sphere_c(k * hard_radius) / (1.0 + (k * a) * (k * a))


cdef inline double fermi_radius(double rms_radius, double a) noexcept nogil:
    """Half-density radius c [fm] of the symmetrized Fermi form factor; NaN below its limit R^2 = 7/5 (pi a)^2."""
    return sphere_radius(rms_radius, fermi_surface(a))


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
    cdef double k = q * PER_HBAR_C
    cdef double x = k * half_density_radius
    cdef double y = PI * k * a
    cdef double weight = (PI * a) * (PI * a) / ((PI * a) * (PI * a) + half_density_radius * half_density_radius)
    cdef double sinc = 1.0 - x * x / 6.0 if x < 1e-4 else sin(x) / x
    cdef double damping = 1.0 if y < 1e-9 else -2.0 * y * exp(-y) / expm1(-2.0 * y)
    return damping * (3.0 * weight * coth_excess_c(y) * sinc + (1.0 - weight) * uniform_sphere_c(x))


cdef inline double sphere_slope_c(double x) noexcept nogil:
    """U'(x) / x of the uniform sphere U = 3 j1(x) / x for x >= 0, which is -3 j2(x) / x^2."""
    cdef double z = x * x
    if z < 16.0:
        return cevns_sphere_small_slope(z)
    return 3.0 * (sin(x) / x - uniform_sphere_c(x)) / z


cdef inline double form_factor_slope_c(int form_factor, double q, double rms_radius, double length,
                                       double thickness) noexcept nogil:
    """dF / dR [1/fm] of the rms radius R, of which `length` is what `length_c` makes.

    All lengths L of spheres have dL / dR = 5/3 R / L, and dF / dL = k^2 L U'(x) / x with x = k L, so that L = 0 is
    fine.
    """
    cdef double k = q * PER_HBAR_C
    cdef double x = k * length
    cdef double outer = 5.0 / 3.0 * rms_radius, surface, weight, y, damping
    if form_factor == 0:
        y = k * thickness
        return outer * k * k * sphere_slope_c(x) * (cevns_exp(-0.5 * y * y) if y < 37.0 else exp(-0.5 * y * y))
    if form_factor == 1:
        return outer * k * k * sphere_slope_c(x) / (1.0 + (k * thickness) * (k * thickness))
    if form_factor == 3:
        return 0.0
    # the weight w of `symmetrized_fermi_c` has dw / dL = -2 w L / ((pi a)^2 + L^2), and the derivative of sin x / x is
    # -x U / 3
    surface = (PI * thickness) * (PI * thickness)
    weight = surface / (surface + length * length)
    y = PI * k * thickness
    damping = 1.0 if y < 1e-9 else -2.0 * y * exp(-y) / expm1(-2.0 * y)
    return outer * damping * (
        -2.0 * weight / (surface + length * length) * (
            3.0 * coth_excess_c(y) * (1.0 - x * x / 6.0 if x < 1e-4 else sin(x) / x) - uniform_sphere_c(x))
        + k * k * ((1.0 - weight) * sphere_slope_c(x) - weight * coth_excess_c(y) * uniform_sphere_c(x)))


cdef inline double length_c(int form_factor, double rms_radius, double thickness) noexcept nogil:
    """The length that a form factor takes instead of the rms radius; order as in cevns.nuclei.form_factors."""
    if form_factor == 0:
        return helm_radius(rms_radius, thickness)
    if form_factor == 1:
        return klein_nystrand_radius(rms_radius, thickness)
    if form_factor == 2:
        return fermi_radius(rms_radius, thickness)
    return rms_radius


cdef inline double form_factor_c(int form_factor, double q, double length, double thickness) noexcept nogil:
    if form_factor == 0:
        return helm_c(q, length, thickness)
    if form_factor == 1:
        return klein_nystrand_c(q, length, thickness)
    if form_factor == 2:
        return symmetrized_fermi_c(q, length, thickness)
    return 1.0


# form factors at many q of one radius, and their derivatives in it [1/fm]
cdef void form_factors_c(int form_factor, const double *q, double rms_radius, double thickness, double *out,
                         Py_ssize_t n) noexcept nogil
cdef void form_factor_slopes_c(int form_factor, const double *q, double rms_radius, double thickness, double *out,
                               Py_ssize_t n) noexcept nogil
