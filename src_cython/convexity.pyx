"""Where chi2 is convex in the quenching scale eta, which a sample of all parameters tells.

Then Newton steps find its only minimum; elsewhere all of eta is searched. Between is chi2 that is convex within the
pieces of eta, but whose slope falls where they meet (see `kinks.pyx`). Of it the sample tells how far slopes fall.

Each parameter but the line's and a mass is spread over its range; but a coupling that may be far more than what shows
from a tenth to some thousand times what changes a count by its uncertainty, with either sign. From each such point the
line goes all the way from no effect to where nothing else is left.
"""

from libc.math cimport INFINITY, copysign, fabs, floor, fmax, fmin, sqrt
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from cevns.kernels.counts cimport MAX_PARAMETERS, counts_t, fold_piece
from cevns.kernels.gaussian cimport (
    FEW, build_piece, open_rows, polynomial_size, row_t, rows_size, start_row, term_t)
from cevns.kernels.kinks cimport at_coupling, eta_derivatives
from cevns.kernels.pieces cimport MAX_ORDER
from cevns.kernels.polynomials cimport find_piece
from cevns.kernels.quenching cimport CONVEX_MARGIN, LARGEST_BASE, USUAL_LOOKS, convex_chi2

cdef enum:
    MASSES = 11  # of a mediator at which chi2 is sampled
    # points of all parameters but the line's and a mass, for each of these: along it, spread over all ranges, and how
    # many if the line has no effect
    ALONG = 4
    SPREAD = 6
    MANY_MORE = 40
    MOST_SAMPLES = 500  # of masses and all parameters but the line's

# what the last Newton step in eta may leave of chi2
cdef double ETA_ACCURACY = 5e-13
# couplings in units of what shows: ranges beyond are there to keep numbers finite; and powers of ten that are sampled
cdef double WIDE = 100.0
cdef double LEAST_POWER = -1.0
cdef double POWERS = 4.5


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
    cdef sample_t sample
    cdef double units[MAX_PARAMETERS]
    cdef double step = 0.0
    if t.certified:
        return
    memset(&sample, 0, sizeof(sample))
    sample.falls = <double *> calloc(4 * t.pieces, sizeof(double))
    if sample.falls != NULL and t.base <= LARGEST_BASE and samples(t.counts):
        sample.slopes = sample.falls + 2 * t.pieces
        step = convex_step(t, &sample, units)
    if step > 0.0:
        t.eta_step = step
        t.start = standard_eta(t, units)
        take_kinks(t, &sample)
        cevns_settle(&t.searched, False)
    free(sample.falls)
    t.certified = True


cdef void take_kinks(term_t *t, const sample_t *sample) noexcept nogil:
    """Tell a term how far slopes fall between pieces."""
    cdef Py_ssize_t i
    for i in range(2 * t.pieces if sample.kinked else 0):
        # what lies between samples may fall further
        t.needs[i] = fmax(0.0, sample.falls[i] + 0.5 * fabs(sample.falls[i]) + 0.05 * sqrt(t.inverse_eta_variance))
    t.kinked = sample.kinked


cdef double last_step(const sample_t *sample) noexcept nogil:
    """The Newton step in eta that leaves no more than ETA_ACCURACY."""
    # a step d leaves an error bend d^2 of eta, and half the second derivative times its square of chi2
    return sqrt(sqrt(2.0 * ETA_ACCURACY / sample.second) / fmax(sample.bend, 1.0))


cdef int samples(const counts_t *c) noexcept nogil:
    """At how many points of all parameters but the line's chi2 is sampled; 0 if these are too many."""
    cdef int f, masses = 0, found
    for f in range(c.factors):
        masses += not c.factor[f].form_factor
    found = (MASSES if masses else 1) * (1 + (ALONG + SPREAD) * c.others)
    return found if masses <= 1 and found <= MOST_SAMPLES else 0


cdef bint wide(const counts_t *c, Py_ssize_t parameter, const double *units) noexcept nogil:
    """Whether a parameter is a coupling whose range says nothing of where it matters."""
    cdef Py_ssize_t n
    for n in range(c.nuclei if c.radii != NULL else 0):
        if c.radii[n] == parameter:
            return False
    return c.high[parameter] - c.low[parameter] > WIDE * units[parameter]


cdef void sample_others(const counts_t *c, int step, const double *units, double *values) noexcept nogil:
    """A point of the parameters that are neither the line's nor a mass.

    First the middle of all, where couplings vanish; from there along each of them; and then spread over all ranges.
    """
    cdef Py_ssize_t i
    cdef int along = 0
    cdef double place, x
    for i in range(c.parameters):
        if not c.spread[i]:
            continue
        place = 0.5
        if step > ALONG * c.others:
            place += step * (0.6180339887498949 + 0.1 * i)
            place -= floor(place)
        elif (step - 1) // ALONG == along and step > 0:
            place = (step - 1) % ALONG / (ALONG - 1.0)
        along += 1
        if not wide(c, i, units):
            values[i] = c.low[i] + (c.high[i] - c.low[i]) * place
            continue
        x = 2.0 * place - 1.0
        if x != 0.0:
            x = copysign(units[i] * 10.0 ** (LEAST_POWER + POWERS * fabs(x)), x)
        if not c.low[i] <= c.origins[i] + x <= c.high[i]:
            x = -x
        values[i] = fmin(fmax(c.origins[i] + x, c.low[i]), c.high[i])


cdef void find_units(const term_t *t, row_t *row, double *values, double *units) noexcept nogil:
    """What changes some count by about its uncertainty, for each coupling; 1 if nothing does."""
    cdef const counts_t *c = t.counts
    cdef Py_ssize_t i, k, piece = find_piece(t.eta_edges, t.pieces, 1.0, -1)
    cdef Py_ssize_t node = piece * t.order + t.order // 2
    cdef double x, centre, most
    for i in range(c.parameters):
        units[i] = 0.0
    sample_others(c, 0, units, values)
    start_row(t, row, values, FEW)
    fold_piece(c, &row.counts, piece)
    memcpy(row.scratch, row.counts.a + node * t.bins, t.bins * sizeof(double))
    for i in range(c.parameters):
        if not c.spread[i] or not wide(c, i, units):
            continue
        centre, x, most = values[i], 1e-15, 0.0
        while most < 1.0 and 4.0 * x < c.high[i] - c.low[i]:
            x *= 4.0
            values[i] = centre + x if centre + x <= c.high[i] else centre - x
            start_row(t, row, values, FEW)
            fold_piece(c, &row.counts, piece)
            for k in range(t.bins):
                most = fmax(most, fabs(row.counts.a[node * t.bins + k] - row.scratch[k]))
        values[i] = centre
        units[i] = x if most >= 1.0 else 1.0


cdef double convex_step(const term_t *t, sample_t *sample, double *units) noexcept nogil:
    """Newton step in eta that leaves no more than ETA_ACCURACY; 0 unless chi2 is convex in every piece, with a margin.

    From a sample of all masses, couplings and etas.
    """
    cdef Py_ssize_t i, k, m, piece, node = find_piece(t.eta_edges, t.pieces, 1.0, -1) * t.order + t.order // 2
    cdef double lowest = INFINITY, highest = 0.0, y, low, high, largest_b, largest_c, other_b, other_c
    cdef double values[MAX_PARAMETERS]
    cdef const double *f
    cdef bint contact = t.counts.factors == 0 or t.counts.factor[0].form_factor
    cdef bint both_signs = (t.counts.line >= 0 and t.counts.line_power % 2 == 1
                            and t.counts.low[t.counts.line] < t.counts.origins[t.counts.line])
    cdef int masses = 1 if contact else MASSES, others = 1 + (ALONG + SPREAD) * t.counts.others, steps = 32
    cdef bint convex = True, further = False
    cdef row_t *row = open_rows(&t, 1, rows_size(&t, 1), 0)
    if row == NULL:
        return 0.0
    memset(values, 0, sizeof(values))
    if not contact:
        values[t.counts.factor[0].parameter] = 50.0
    find_units(t, row, values, units)
    for i in range(t.counts.nuclei * t.counts.cols):
        if t.counts.q2[i] > 0.0:
            lowest = fmin(lowest, t.counts.q2[i])
            highest = fmax(highest, t.counts.q2[i])
    m = 0
    while convex and m < masses * others:
        # beyond these, the mass only scales the coupling
        if not contact:
            values[t.counts.factor[0].parameter] = sqrt(
                1e-2 * lowest * (1e4 * highest / lowest) ** (m % masses / (masses - 1.0)))
        sample_others(t.counts, m // masses, units, values)
        m += 1
        start_row(t, row, values, FEW)
        for piece in range(t.pieces):
            build_piece(t, row, piece)
        f = row.counts.bc + 2 * node * t.bins
        largest_b = largest_c = other_b = other_c = 0.0
        for k in range(t.bins):
            largest_b = fmax(largest_b, fabs(f[k]))
            largest_c = fmax(largest_c, f[t.bins + k])
        for i in range(t.pieces * t.order):
            for k in range(t.bins):
                other_b = fmax(other_b, row.counts.bc[2 * i * t.bins + k])
                other_c = fmax(other_c, row.counts.bc[(2 * i + 1) * t.bins + k])
        # what is hardly seen at eta = 1 and well elsewhere is no matter of a few Newton steps
        convex = largest_c >= 1e-6 * other_c and (largest_c > 0.0 or largest_b >= 1e-6 * other_b)
        convex = convex and convex_at(t, row, 0.0, sample)
        if m == others * masses and largest_b == largest_c == 0.0 and not further:
            # all that moves counts are the others
            others, further = 1 + MANY_MORE * t.counts.others, True
        if largest_c > 0.0 or largest_b > 0.0:
            if largest_c > 0.0:
                low = sqrt(1e-3 / largest_c)
                high = fmax(1e5 / sqrt(largest_c), 1e4 * largest_b / largest_c)
            else:
                low, high = 1e-3 / largest_b, 1e8 / largest_b
            for i in range(steps + 1):
                y = low * (high / low) ** (i / <double> steps)
                convex = convex and convex_at(t, row, y, sample) and (
                    not both_signs or largest_c == 0.0 or convex_at(t, row, -y, sample))
            for k in range(t.bins):
                # counts turn around, and are the standard model's again: destructive interference
                if f[t.bins + k] > 1e-12 * largest_c and (both_signs or f[k] < 0.0):
                    y = -f[k] / f[t.bins + k]
                    convex = convex and convex_at(t, row, 0.5 * y, sample) and convex_at(t, row, y, sample)
    free(row)
    if sample.kinked:
        for piece in range(t.pieces):
            # where counts vanish three looks do not tell all of a piece
            convex = convex and t.first_looks[piece + 1] - t.first_looks[piece] <= USUAL_LOOKS
    return last_step(sample) if convex else 0.0


cdef double standard_eta(const term_t *t, const double *units) noexcept nogil:
    """The best eta of the standard model, which other points are seldom far from."""
    cdef double values[MAX_PARAMETERS]
    cdef row_t *row = open_rows(&t, 1, rows_size(&t, 1), 0)
    cdef double eta = 1.0
    if row != NULL:
        memset(values, 0, sizeof(values))
        sample_others(t.counts, 0, units, values)
        start_row(t, row, values, FEW)
        convex_chi2(t, row, 0.0)
        eta = row.eta
    free(row)
    return eta


cdef bint convex_at(const term_t *t, const row_t *row, double y, sample_t *sample) noexcept nogil:
    """Whether chi2 is convex in every piece of eta at a coupling; notes in the sample what is learnt."""
    cdef double u[MAX_ORDER]
    cdef double v[MAX_ORDER]
    cdef double s, first = 0.0, middle, ahead
    cdef double second[3]
    cdef double *falls = sample.falls
    cdef double *low = sample.slopes
    cdef double *high = sample.slopes + t.pieces
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
            sample.second = fmax(sample.second, second[look])
            if look == 0:
                low[piece] = first
        high[piece] = first
        # where a slope falls from one piece to the next there is a minimum on either side
        if piece > 0 and low[piece] < high[piece - 1] - sqrt(2.0 * ETA_ACCURACY * second[0]):
            sample.kinked = True
        sample.bend = fmax(sample.bend, 0.25 * s * fabs(second[2] - second[0]) / second[1])
    ahead = INFINITY
    for piece in range(t.pieces - 1, -1, -1):
        falls[piece] = fmax(falls[piece], high[piece] - ahead)
        ahead = fmin(ahead, low[piece])
    ahead = -INFINITY
    for piece in range(t.pieces):
        falls[t.pieces + piece] = fmax(falls[t.pieces + piece], ahead - low[piece])
        ahead = fmax(ahead, high[piece])
    return True
