"""Whether chi2 of a toy is convex in the quenching scale eta on a line, at a glance.

What `convexity.pyx` asks at places of a line is asked here of many data vectors. v is the same for all; u and its
derivatives in eta, at both ends of a piece and amid it, are quadratic in y. What is left are a few products for each
piece, which vector instructions take side by side.

A toy whose slope falls between pieces by more than rounding is none of those that a glance tells.
"""

from libc.math cimport sqrt

from cevns.kernels.gaussian cimport polynomial_size, row_t, term_t
from cevns.kernels.pieces cimport MAX_ORDER
from cevns.kernels.polynomials cimport quartic
from cevns.kernels.quenching cimport CONVEX_MARGIN

# fall of a slope between pieces, relative to that of the penalty a standard deviation away, of which chi2 knows no more
# than some 1e-10
cdef double SMALLEST_FALL = 1e-5

cdef extern from *:
    """
    /* Count the second derivatives of n pieces, at one look, that are not above the least one. */
    static inline double cevns_bend(const double *restrict a, const double *restrict w, double y, double lift,
                                    double bend, double least, ptrdiff_t n)
    {
        double bad = 0.0;
        const ptrdiff_t row = 3 * n, part = 9 * n;
        for (ptrdiff_t i = 0; i < n; i++) {
            double u0 = a[i] + y * (a[part + i] + y * a[2 * part + i]) + lift;
            double u1 = a[row + i] + y * (a[part + row + i] + y * a[2 * part + row + i]);
            double u2 = a[2 * row + i] + y * (a[part + 2 * row + i] + y * a[2 * part + 2 * row + i]);
            double d = w[i], r = u0 * d, r1 = u1 - r * w[row + i];
            double second = bend - 2.0 * r1 * r1 * d - r * (4.0 * u2 - 2.0 * r * w[2 * row + i]);
            bad += second > least ? 0.0 : 1.0;
        }
        return bad;
    }

    /* Fill the slopes of n pieces at one look, which is an end of theirs. */
    static inline void cevns_slope(const double *restrict a, const double *restrict w, const double *restrict ends,
                                   double y, double lift, double centre, double bend, ptrdiff_t n,
                                   double *restrict slopes)
    {
        const ptrdiff_t row = 3 * n, part = 9 * n;
        for (ptrdiff_t i = 0; i < n; i++) {
            double u0 = a[i] + y * (a[part + i] + y * a[2 * part + i]) + lift;
            double u1 = a[row + i] + y * (a[part + row + i] + y * a[2 * part + row + i]);
            double r = u0 * w[i];
            slopes[i] = (ends[i] - centre) * bend - r * (2.0 * u1 - r * w[row + i]);
        }
    }

    static double cevns_glance(const double *u, const double *v, const double *edges, double y, double lift,
                               double centre, double bend, double least, ptrdiff_t n, double *slopes)
    {
        cevns_slope(u, v, edges, y, lift, centre, bend, n, slopes);
        cevns_slope(u + 2 * n, v + 2 * n, edges + 1, y, lift, centre, bend, n, slopes + n);
        return cevns_bend(u, v, y, lift, bend, least, n) + cevns_bend(u + n, v + n, y, lift, bend, least, n)
            + cevns_bend(u + 2 * n, v + 2 * n, y, lift, bend, least, n);
    }
    """
    double cevns_glance(const double *u, const double *v, const double *edges, double y, double lift, double centre,
                        double bend, double least, Py_ssize_t n, double *slopes) nogil


cdef Py_ssize_t glance_size(const term_t *t, Py_ssize_t room) noexcept nogil:
    """Doubles that a glance at so many places needs."""
    return (9 * room + 27 + 2) * t.pieces if t.order > 1 else 0


cdef void place_glance(const term_t *t, glance_t *glance, Py_ssize_t room, double *memory) noexcept nogil:
    """Give a glance its memory, of `glance_size`."""
    glance.places, glance.room = 0, room
    glance.fixed = memory
    glance.moving = memory + 9 * room * t.pieces
    glance.slopes = glance.moving + 27 * t.pieces


cdef inline void at_looks(const double *f, Py_ssize_t stride, Py_ssize_t order, double s, double *out,
                          Py_ssize_t n) noexcept nogil:
    """A polynomial with its first and half its second derivative in eta at -1, 0 and 1, (3, look), n apart.

    On the piece's own axis eta is `s` times as wide.
    """
    cdef double value[2]
    cdef double first[2]
    cdef double second[2]
    cdef Py_ssize_t k
    value[0], value[1] = f[0], 0.0
    first[0] = first[1] = second[0] = second[1] = 0.0
    # even and odd powers apart
    for k in range(1, order):
        value[k & 1] += f[k * stride]
        first[1 - (k & 1)] += k * f[k * stride]
        second[k & 1] += 0.5 * k * (k - 1) * f[k * stride]
    out[0], out[n], out[2 * n] = value[0] - value[1], f[0], value[0] + value[1]
    out[3 * n], out[4 * n], out[5 * n] = s * (first[0] - first[1]), s * f[stride], s * (first[0] + first[1])
    out[6 * n], out[8 * n] = s * s * (second[0] - second[1]), s * s * (second[0] + second[1])
    out[7 * n] = s * s * f[2 * stride] if order > 2 else 0.0


cdef inline double scale(const term_t *t, Py_ssize_t piece) noexcept nogil:
    return 2.0 / (t.eta_edges[piece + 1] - t.eta_edges[piece])


cdef void start_glance(const term_t *t, const row_t *row, glance_t *glance, const double *y,
                       Py_ssize_t n) noexcept nogil:
    """Compute what toys share at n places of the line of a row, of which all polynomials are there."""
    cdef double v[MAX_ORDER]
    cdef Py_ssize_t i, k, piece
    cdef const double *p
    cdef double *out
    glance.places = n
    for i in range(n):
        for piece in range(t.pieces):
            p = row.polynomials + piece * polynomial_size(t)
            for k in range(t.order):
                v[k] = quartic(p + 8 * k + 3, y[i])
            out = glance.fixed + 9 * i * t.pieces + piece
            at_looks(v, 1, t.order, scale(t, piece), out, t.pieces)
            for k in range(3):
                out[k * t.pieces] = 1.0 / (out[k * t.pieces] + t.pull)


cdef bint convex_at_a_glance(const term_t *t, const row_t *row, glance_t *glance, const double *y) noexcept nogil:
    """Whether chi2 of a toy, whose u the row has, is convex in every piece at all places, and its slope falls nowhere.

    It may be nevertheless where this says no.
    """
    cdef Py_ssize_t i, piece, power, n = t.pieces
    cdef double least = 2.0 * CONVEX_MARGIN * t.inverse_eta_variance
    cdef double smallest = SMALLEST_FALL * sqrt(t.inverse_eta_variance)
    cdef const double *low = glance.slopes
    cdef const double *high = glance.slopes + n
    for piece in range(n):
        for power in range(3):
            at_looks(row.polynomials + piece * polynomial_size(t) + power, 8, t.order, scale(t, piece),
                     glance.moving + 9 * power * n + piece, n)
    for i in range(glance.places):
        if cevns_glance(glance.moving, glance.fixed + 9 * i * n, t.eta_edges, y[i], t.lift, t.eta_centre,
                        2.0 * t.inverse_eta_variance, least, n, glance.slopes) != 0.0:
            return False
        for piece in range(1, n):
            if not low[piece] >= high[piece - 1] - smallest:
                return False
    return glance.places > 0
