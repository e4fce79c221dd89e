"""chi2 with the quenching scale profiled, for other Cython code; `quenching.pyx` explains the mathematics."""

from cevns.kernels.gaussian cimport row_t, term_t
from cevns.kernels.masses cimport mass_point_t
from cevns.kernels.polynomials cimport quadratic, quartic


# share of the penalty's curvature that has to be left for chi2 to count as convex in eta
cdef const double CONVEX_MARGIN = 0.02
# squared data above which polynomials in eta no longer find the best eta well enough
cdef const double LARGEST_BASE = 1e6


cdef inline void at_coupling(const term_t *t, const double *p, double y, double *u, double *v) noexcept nogil:
    """u and the nodes' part of v of a piece as polynomials in t."""
    cdef Py_ssize_t k
    for k in range(t.order):
        u[k] = quadratic(p + 8 * k, y)
        v[k] = quartic(p + 8 * k + 3, y)


cdef inline void eta_derivatives(const term_t *t, const double *u, const double *v, double x, double s, double eta,
                                 double *first, double *second) noexcept nogil:
    """First and second derivative of chi2 in eta; x and s are its place and its scale on the piece's own axis."""
    cdef double u0 = u[t.order - 1], u1 = 0.0, u2 = 0.0, v0 = v[t.order - 1], v1 = 0.0, v2 = 0.0, d, r, r1
    cdef Py_ssize_t k
    # Horner for value, first and half the second derivative
    for k in range(t.order - 2, -1, -1):
        u2 = u2 * x + u1
        v2 = v2 * x + v1
        u1 = u1 * x + u0
        v1 = v1 * x + v0
        u0 = u0 * x + u[k]
        v0 = v0 * x + v[k]
    d = 1.0 / (v0 + t.pull)
    r = (u0 + t.lift) * d
    r1 = u1 - r * v1
    first[0] = -r * (2.0 * u1 - r * v1) * s + 2.0 * (eta - 1.0) * t.inverse_eta_variance
    second[0] = (-2.0 * r1 * r1 * d - r * (4.0 * u2 - 2.0 * r * v2)) * s * s + 2.0 * t.inverse_eta_variance


cdef double mass_chi2(const term_t *t, mass_point_t *point, double y, row_t *row) noexcept nogil
cdef double row_chi2(const term_t *t, row_t *row, double y) noexcept nogil
cdef void term_line(const term_t *t, row_t *row, const double *y, Py_ssize_t m, double *out) noexcept nogil
cdef double convex_chi2(const term_t *t, row_t *row, double y) noexcept nogil
