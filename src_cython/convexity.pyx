"""Where chi2 is convex in the quenching scale eta, which a sample of all parameters tells.

Then Newton steps find its only minimum; elsewhere all of eta is searched.
"""

from libc.math cimport INFINITY, fabs, floor, fmax, fmin, sqrt
from libc.stdlib cimport free
from libc.string cimport memset

from cevns.kernels.counts cimport MAX_PARAMETERS, counts_t
from cevns.kernels.gaussian cimport (
    FEW, build_piece, open_rows, polynomial_size, row_t, rows_size, start_row, term_t)
from cevns.kernels.pieces cimport MAX_ORDER
from cevns.kernels.polynomials cimport find_piece
from cevns.kernels.quenching cimport CONVEX_MARGIN, LARGEST_BASE, at_coupling, convex_chi2, eta_derivatives

cdef enum:
    MASSES = 11  # of a mediator at which chi2 is sampled
    MOST_SAMPLES = 300  # of masses and all parameters but the line's

# what the last Newton step in eta may leave of chi2
cdef double ETA_ACCURACY = 5e-13


cdef extern from *:
    """
    /* Set so that whoever sees it sees all that was written before. */
    #if defined(_MSC_VER) && !defined(__clang__)
    #include <intrin.h>
    static void cevns_settle(int *flag, int value) { _InterlockedExchange((volatile long *)flag, value); }
    #else
    static inline void cevns_settle(int *flag, int value) { __atomic_store_n(flag, value, __ATOMIC_RELEASE); }
    #endif
    """
    void cevns_settle(bint *flag, bint value) nogil


cdef void certify(term_t *t) noexcept nogil:
    """Find out how a term is minimised in eta, once: until then all of eta is searched, which is always right.

    Others may use the term meanwhile: they go on as before until all is known.
    """
    cdef double step = 0.0
    if t.certified:
        return
    if t.base <= LARGEST_BASE and sampled(t.counts):
        step = convex_step(t)
    if step > 0.0:
        t.eta_step = step
        t.start = standard_eta(t)
        cevns_settle(&t.searched, False)
    t.certified = True


cdef bint sampled(const counts_t *c) noexcept nogil:
    """Whether a sample can say something of all parameters: of one mass, and others of a finite range."""
    cdef int f, masses = 0
    for f in range(c.factors):
        masses += not c.factor[f].form_factor
    return masses <= 1 and (MASSES if masses else 1) * (1 + 6 * c.others) <= MOST_SAMPLES


cdef void sample_others(const counts_t *c, int step, double *values) noexcept nogil:
    """Spread the parameters that are neither the line's nor a mass over their ranges, evenly in each."""
    cdef Py_ssize_t i
    cdef double place
    for i in range(c.parameters):
        if c.spread[i]:
            place = 0.5 + step * (0.6180339887498949 + 0.1 * i)
            values[i] = c.low[i] + (c.high[i] - c.low[i]) * (place - floor(place))


cdef double convex_step(const term_t *t) noexcept nogil:
    """Newton step in eta that leaves no more than ETA_ACCURACY; 0 unless chi2 is convex, with a margin.

    From a sample of all masses, couplings and etas.
    """
    cdef Py_ssize_t i, k, m, piece, node = find_piece(t.eta_edges, t.pieces, 1.0, -1) * t.order + t.order // 2
    cdef double lowest = INFINITY, highest = 0.0, y, low, high, largest_b, largest_c, elsewhere
    cdef double bend = 0.0, second = 0.0
    cdef double values[MAX_PARAMETERS]
    cdef const double *f
    cdef bint contact = t.counts.factors == 0 or t.counts.factor[0].form_factor
    cdef bint both_signs = (t.counts.line >= 0 and t.counts.line_power % 2 == 1
                            and t.counts.low[t.counts.line] < t.counts.origins[t.counts.line])
    cdef int masses = 1 if contact else MASSES, others = 1 + 6 * t.counts.others, steps = 32
    cdef bint convex = True
    cdef row_t *row = open_rows(&t, 1, rows_size(&t, 1))
    if row == NULL:
        return 0.0
    memset(values, 0, sizeof(values))
    for i in range(t.counts.nuclei * t.counts.cols):
        if t.counts.q2[i] > 0.0:
            lowest = fmin(lowest, t.counts.q2[i])
            highest = fmax(highest, t.counts.q2[i])
    for m in range(masses * others):
        # below and above, the mass only scales the coupling
        if not contact:
            values[t.counts.factor[0].parameter] = sqrt(
                1e-2 * lowest * (1e4 * highest / lowest) ** (m % masses / (masses - 1.0)))
        sample_others(t.counts, m // masses, values)
        start_row(t, row, values, FEW)
        for piece in range(t.pieces):
            build_piece(t, row, piece)
        f = row.counts.bc + 2 * node * t.bins
        largest_b = largest_c = elsewhere = 0.0
        for k in range(t.bins):
            largest_b = fmax(largest_b, fabs(f[k]))
            largest_c = fmax(largest_c, f[t.bins + k])
        for i in range(t.pieces * t.order):
            for k in range(t.bins):
                elsewhere = fmax(elsewhere, row.counts.bc[(2 * i + 1) * t.bins + k])
        # what is hardly seen at eta = 1 and well elsewhere is no matter of a few Newton steps
        convex = largest_c >= 1e-6 * elsewhere and convex_at(t, row, 0.0, &bend, &second)
        convex = convex and (largest_c > 0.0 or largest_b == 0.0)
        if largest_c > 0.0:
            low = sqrt(1e-3 / largest_c)
            high = fmax(1e5 / sqrt(largest_c), 1e4 * largest_b / largest_c)
            for i in range(steps + 1):
                y = low * (high / low) ** (i / <double> steps)
                convex = convex and convex_at(t, row, y, &bend, &second) and (
                    not both_signs or convex_at(t, row, -y, &bend, &second))
            for k in range(t.bins):
                # counts turn around, and are the standard model's again: destructive interference
                if f[t.bins + k] > 1e-12 * largest_c and (both_signs or f[k] < 0.0):
                    y = -f[k] / f[t.bins + k]
                    convex = convex and convex_at(t, row, 0.5 * y, &bend, &second) and convex_at(
                        t, row, y, &bend, &second)
        if not convex:
            break
    free(row)
    # a step d leaves an error bend d^2 of eta, and half the second derivative times its square of chi2
    return sqrt(sqrt(2.0 * ETA_ACCURACY / second) / fmax(bend, 1.0)) if convex else 0.0


cdef double standard_eta(const term_t *t) noexcept nogil:
    """The best eta of the standard model, which other points are seldom far from."""
    cdef double values[MAX_PARAMETERS]
    cdef row_t *row = open_rows(&t, 1, rows_size(&t, 1))
    cdef double eta = 1.0
    if row != NULL:
        memset(values, 0, sizeof(values))
        sample_others(t.counts, 0, values)
        start_row(t, row, values, FEW)
        convex_chi2(t, row, 0.0)
        eta = row.eta
    free(row)
    return eta


cdef bint convex_at(const term_t *t, const row_t *row, double y, double *bend, double *largest) noexcept nogil:
    """Whether chi2 is convex in eta at a coupling; raises the largest half ratio of third to second derivative, and the
    largest second one.
    """
    cdef double u[MAX_ORDER]
    cdef double v[MAX_ORDER]
    cdef double s, first = 0.0, before = -INFINITY, middle
    cdef double second[3]
    cdef Py_ssize_t piece
    cdef int look
    for piece in range(t.pieces):
        at_coupling(t, row.polynomials + piece * polynomial_size(t), y, u, v)
        s = 2.0 / (t.eta_edges[piece + 1] - t.eta_edges[piece])
        middle = 0.5 * (t.eta_edges[piece + 1] + t.eta_edges[piece])
        for look in range(3):
            eta_derivatives(t, u, v, look - 1.0, s, middle + (look - 1.0) / s, &first, &second[look])
            if not second[look] > 2.0 * CONVEX_MARGIN * t.inverse_eta_variance:
                return False
            largest[0] = fmax(largest[0], second[look])
            # where a slope falls from one piece to the next there is a minimum on either side
            if look == 0 and first < before - sqrt(2.0 * ETA_ACCURACY * second[0]):
                return False
        before = first
        bend[0] = fmax(bend[0], 0.25 * s * fabs(second[2] - second[0]) / second[1])
    return True
