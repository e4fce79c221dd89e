"""chi2 in the quenching scale eta within its pieces, and across the kinks between them.

In a piece u and v of `gaussian.pyx` are polynomials in eta. Where two pieces meet, a step of the efficiency meets the
end of a line's recoils. Vectors' spectra vanish there, and the slope of chi2 in eta goes on; those of scalars and
magnetic moments do not, and the slope jumps. Where it falls, chi2 may have a minimum on either side.

If chi2 is convex in every piece, each has at most one minimum, which the slopes at its two ends tell: chi2 falls
outwards at the inner end. So a walk from one minimum to both sides finds all others. It may end where chi2 rises
outwards by more than slopes ever lose on the way from there: by `needs` of a term, one for each direction and piece,
which `convexity.pyx` samples together with the convexity itself.
"""

from libc.math cimport NAN, fabs

from cevns.kernels.gaussian cimport row_t, term_t
from cevns.kernels.pieces cimport MAX_ORDER
from cevns.kernels.polynomials cimport quadratic, quartic


# --- one coupling ----------------------------------------------------------------------------------------------------

cdef double across_kinks(const term_t *t, row_t *row, double y, double best) noexcept nogil:
    """The least chi2 over all of eta, one of its minima known: `best`, of which the row has eta and piece.

    Leaves the eta of the least one there; NaN where chi2 proves not to be convex, or there is no memory.
    """
    cdef double u[MAX_ORDER]
    cdef double v[MAX_ORDER]
    cdef double low, high, inner, outer, second = 0.0, eta, value
    cdef Py_ssize_t start = row.piece, piece
    cdef const double *p
    cdef int side
    for side in range(2):
        piece = start
        while True:
            p = row_polynomials(t, row, piece, False)
            if p == NULL:
                return NAN
            at_coupling(t, p, y, u, v)
            low, high = t.eta_edges[piece], t.eta_edges[piece + 1]
            # slopes outwards
            eta_derivatives(t, u, v, -1.0, 2.0 / (high - low), low, &inner, &second)
            eta_derivatives(t, u, v, 1.0, 2.0 / (high - low), high, &outer, &second)
            if side == 1:
                inner, outer = -outer, -inner
            if piece != start and inner < 0.0:
                if outer > 0.0:
                    eta = piece_minimum(t, u, v, low, high)
                    value = least_here(t, row, y, &eta, piece, u, v)
                else:
                    # the next piece may begin with a slope upwards
                    eta = high if side == 0 else low
                    value = chi2_here(t, row, y, eta, piece, u, v, NULL)
                if not value >= best:
                    if value != value:
                        return NAN
                    best = value
                    row.eta, row.piece = eta, piece
            if outer >= t.needs[side * t.pieces + piece] or piece == (t.pieces - 1 if side == 0 else 0):
                break
            piece += 1 if side == 0 else -1
    return best


cdef double piece_minimum(const term_t *t, const double *u, const double *v, double low, double high) noexcept nogil:
    """Where chi2 is least in a piece, at whose ends it falls inwards: Newton steps, or bisections."""
    cdef double s = 2.0 / (high - low), centre = 0.5 * (high + low), eta = centre, step, first = 0.0, second = 0.0
    cdef int _
    for _ in range(100):
        eta_derivatives(t, u, v, s * (eta - centre), s, eta, &first, &second)
        if first > 0.0:
            high = eta
        else:
            low = eta
        step = -first / second
        eta += step
        # what is left of eta is of the order of the step's square
        if fabs(step) < 1e-8 or high - low < 1e-12:
            break
        # written so that NaN fails
        if not low < eta < high:
            eta = 0.5 * (low + high)
    return min(max(eta, low), high)


# --- several couplings side by side ----------------------------------------------------------------------------------

cdef bint alone_in_eta(const term_t *t, row_t *row, const double *y, const lanes_t *here) noexcept nogil:
    """Whether minima of all lanes in the row's piece, of which `here` are the polynomials, are the only ones."""
    cdef lanes_t f
    # slopes at the ends of the row's piece, from which both walks start, and of another one
    cdef double low[2][LANES]
    cdef double high[2][LANES]
    cdef Py_ssize_t piece
    cdef double need
    cdef int side, lane, other
    cdef bint rises, enough
    end_slopes(t, here, row.piece, low[0], high[0])
    for side in range(2):
        piece = row.piece
        while True:
            other = piece != row.piece
            if other:
                at_lanes(t, row_polynomials(t, row, piece, False), y, &f)
                end_slopes(t, &f, piece, low[1], high[1])
            need = t.needs[side * t.pieces + piece]
            enough = rises = True
            for lane in range(LANES):
                if side == 0:
                    rises &= not other or low[1][lane] >= 0.0
                    enough &= high[other][lane] >= need
                else:
                    rises &= not other or high[1][lane] <= 0.0
                    enough &= -low[other][lane] >= need
            if not rises:
                return False
            if enough or piece == (t.pieces - 1 if side == 0 else 0):
                break
            piece += 1 if side == 0 else -1
    return True


cdef inline void at_lanes(const term_t *t, const double *p, const double *y, lanes_t *out) noexcept nogil:
    """u and the nodes' part of v of a piece in all lanes."""
    cdef Py_ssize_t k
    cdef int lane
    for k in range(t.order):
        for lane in range(LANES):
            out.u[k][lane] = quadratic(p + 8 * k, y[lane])
            out.v[k][lane] = quartic(p + 8 * k + 3, y[lane])


cdef inline void end_slopes(const term_t *t, const lanes_t *f, Py_ssize_t piece, double *low,
                            double *high) noexcept nogil:
    """Slopes of chi2 at both ends of a piece, in all lanes."""
    cdef double u[2][LANES]
    cdef double u1[2][LANES]
    cdef double v[2][LANES]
    cdef double v1[2][LANES]
    cdef double a = t.eta_edges[piece], b = t.eta_edges[piece + 1], s = 2.0 / (b - a), r, pull = t.pull, lift = t.lift
    cdef double first = 2.0 * (a - t.eta_centre) * t.inverse_eta_variance
    cdef double last = 2.0 * (b - t.eta_centre) * t.inverse_eta_variance
    cdef Py_ssize_t k, odd
    cdef int lane
    # even and odd powers apart: their sum is the value at 1, their difference that at -1
    for lane in range(LANES):
        u[0][lane], u[1][lane] = f.u[0][lane], 0.0
        v[0][lane], v[1][lane] = f.v[0][lane], 0.0
        u1[0][lane] = u1[1][lane] = v1[0][lane] = v1[1][lane] = 0.0
    for k in range(1, t.order):
        odd = k & 1
        for lane in range(LANES):
            u[odd][lane] += f.u[k][lane]
            v[odd][lane] += f.v[k][lane]
            u1[1 - odd][lane] += k * f.u[k][lane]
            v1[1 - odd][lane] += k * f.v[k][lane]
    for lane in range(LANES):
        r = (u[0][lane] - u[1][lane] + lift) / (v[0][lane] - v[1][lane] + pull)
        low[lane] = -r * (2.0 * (u1[0][lane] - u1[1][lane]) - r * (v1[0][lane] - v1[1][lane])) * s + first
        r = (u[0][lane] + u[1][lane] + lift) / (v[0][lane] + v[1][lane] + pull)
        high[lane] = -r * (2.0 * (u1[0][lane] + u1[1][lane]) - r * (v1[0][lane] + v1[1][lane])) * s + last
