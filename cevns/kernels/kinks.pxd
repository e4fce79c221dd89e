"""chi2 in eta within pieces and across the kinks between them, for other Cython code; `kinks.pyx` explains it."""

from libc.math cimport NAN, fmax, fmin

from cevns.kernels.gaussian cimport (
    POLYNOMIALS, REST, build_piece, build_rest, direct_chi2, penalty, polynomial_size, profiled, row_t, term_t)
from cevns.kernels.masses cimport mass_polynomials
from cevns.kernels.pieces cimport MAX_ORDER
from cevns.kernels.polynomials cimport quadratic, quartic, to_piece

cdef enum:
    LANES = 4  # couplings that are worked on side by side

# y'Py above which it shows that Newton steps know v by its polynomial alone, not by what is left between its nodes
cdef const double LARGE_BASE = 1e4
# share of chi2 that a slope may promise after the last step
cdef const double LARGEST_GAIN = 1e-7


cdef struct lanes_t:
    # u and the nodes' part of v of a piece at several couplings, as polynomials in t
    double u[MAX_ORDER][LANES]
    double v[MAX_ORDER][LANES]


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
    first[0] = -r * (2.0 * u1 - r * v1) * s + 2.0 * (eta - t.eta_centre) * t.inverse_eta_variance
    second[0] = (-2.0 * r1 * r1 * d - r * (4.0 * u2 - 2.0 * r * v2)) * s * s + 2.0 * t.inverse_eta_variance


cdef inline const double* row_polynomials(const term_t *t, row_t *row, Py_ssize_t piece, bint rest) noexcept nogil:
    """The polynomials of a piece, which are computed when they are first needed; NULL if there is no memory."""
    if row.mass != NULL:
        return mass_polynomials(t, row.mass, piece, rest)
    if not row.counts.built[piece] & POLYNOMIALS:
        build_piece(t, row, piece)
    if rest and not row.counts.built[piece] & REST:
        build_rest(t, row, piece)
    return row.polynomials + piece * polynomial_size(t)


cdef inline double chi2_here(const term_t *t, row_t *row, double y, double eta, Py_ssize_t piece, const double *u,
                             const double *v, double *slope) noexcept nogil:
    """chi2 at one eta, whose piece has the polynomials u and v: from them if many couplings follow, or the counts.

    `slope`, if it is not NULL, receives the derivative in eta, that of what v leaves between its nodes included.
    """
    cdef double x, s, u0, v0, r, d, factor, u1 = 0.0, v1 = 0.0, r1 = 0.0, d1 = 0.0
    cdef const double *p
    cdef Py_ssize_t k
    if t.precise or not row.many:
        return direct_chi2(t, row, y, eta, piece, slope, NULL)
    p = row_polynomials(t, row, piece, True)
    if p == NULL:
        return NAN
    x = to_piece(t.eta_edges, piece, eta)
    u0, v0 = u[t.order - 1], v[t.order - 1]
    for k in range(t.order - 2, -1, -1):
        u0 = u0 * x + u[k]
        v0 = v0 * x + v[k]
    p += 8 * t.order
    r = quartic(p + 5 * (t.order - 2), y)
    for k in range(t.order - 3, -1, -1):
        r = r * x + quartic(p + 5 * k, y)
    d = 1.0
    for k in range(t.order):
        d *= x - t.points[k]
    if slope != NULL:
        for k in range(t.order - 1, 0, -1):
            u1 = u1 * x + k * u[k]
            v1 = v1 * x + k * v[k]
        for k in range(t.order - 2, 0, -1):
            r1 = r1 * x + k * quartic(p + 5 * k, y)
        factor = 1.0
        for k in range(t.order):
            d1 = d1 * (x - t.points[k]) + factor
            factor *= x - t.points[k]
        s = 2.0 / (t.eta_edges[piece + 1] - t.eta_edges[piece])
        factor = (u0 + t.lift) / (v0 + d * r + t.pull)
        slope[0] = -factor * (2.0 * u1 - factor * (v1 + d1 * r + d * r1)) * s + 2.0 * (
            eta - t.eta_centre) * t.inverse_eta_variance
    return profiled(t, u0, v0 + d * r) + penalty(t, eta)


cdef inline double least_here(const term_t *t, row_t *row, double y, double *eta, Py_ssize_t piece, const double *u,
                              const double *v) noexcept nogil:
    """chi2 where Newton steps by u and v have found it to be least inside a piece, and where it is least indeed.

    These steps know v by its polynomial alone, which shows if the data are precise: a slope is left. NaN where it leads
    far.
    """
    cdef double value, moved, gain, slope = 0.0, first = 0.0, second = 0.0, s
    if t.base <= LARGE_BASE:
        return chi2_here(t, row, y, eta[0], piece, u, v, NULL)
    value = chi2_here(t, row, y, eta[0], piece, u, v, &slope)
    s = 2.0 / (t.eta_edges[piece + 1] - t.eta_edges[piece])
    eta_derivatives(t, u, v, to_piece(t.eta_edges, piece, eta[0]), s, eta[0], &first, &second)
    gain = 0.5 * slope * slope / second
    if gain > LARGEST_GAIN * (1.0 + value):
        return NAN
    moved = eta[0] - slope / second
    if not t.eta_edges[piece] <= moved <= t.eta_edges[piece + 1]:
        return value
    eta[0] = moved
    # a sum of squares stays one
    return fmax(value - gain, fmin(value, 0.0))


cdef double across_kinks(const term_t *t, row_t *row, double y, double best) noexcept nogil
cdef bint alone_in_eta(const term_t *t, row_t *row, const double *y, const lanes_t *here) noexcept nogil
