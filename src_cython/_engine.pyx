"""chi2 with all nuisances profiled, as a function of mediator mass and coupling: points, rows, grids and exact limits.

Counts in units of their uncertainties are ``N = a + B y + C y^2``, with y = g^2 for a mediator. Only B and C know the
mass, through ``p = 1 / (q2 + M^2)`` at the recoil nodes. Backgrounds with Gaussian pulls are folded into the inverse
covariance
``P = 1 - H H'``, and the signal's normalisation, with pull variance s^2 and k = 1/s^2, profiles in closed form:

    chi2 = y'Py + k - (u + k)^2 / (v + k),    u = y'PN,  v = N'PN,

where every term stays bounded however large the signal is. u and v are polynomials of degree 2 and 4 in y, computed
once for each mass. It is the difference of large numbers if data are precise; then, and wherever a single point is
asked for, the squares of residuals and pulls are summed instead.

The quenching scale eta makes counts piecewise polynomials in eta as well (see `cevns.folding.EtaPieces`); a piece is
computed when a search first enters it. Where chi2 is convex in eta, which a sample of masses and couplings tells when a
term is made, Newton steps find its only minimum. Elsewhere every point looks at all of eta. Either way the answer is
the least chi2 and does not know what was asked before.
"""

from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.long cimport PyLong_AsLongLongAndOverflow, PyLong_CheckExact
from cpython.pycapsule cimport PyCapsule_GetContext, PyCapsule_New, PyCapsule_SetContext
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.math cimport INFINITY, NAN, exp, fabs, fmax, fmin, log, sqrt
from libc.stdlib cimport free, malloc, qsort
from libc.string cimport memset

cimport numpy as np

import sys

import numpy as np

from cevns import checks

np.import_array()

cdef enum:
    MAX_ORDER = 8  # eta nodes in a piece
    SEEDS = 160  # couplings, at least, on the logarithmic axis of a root search
    SEEDS_PER_E = 6
    ETA_SEEDS = 8  # quenching scales from whose counts seeds are taken, if all of eta is searched
    MOST_SEEDS = 4096
    MAX_CROSSINGS = 256
    ZOOM = 24  # parts of a range of couplings that is looked at more closely
    LANES = 4  # couplings that are worked on side by side
    SCRATCH = 9  # vectors of counts in a row's workspace
    LOOK_COLUMNS = 16  # coefficients in y of u, v and their derivatives in eta
    # what is known of a piece
    FOLDED = 1
    POLYNOMIALS = 2
    REST = 4
    TABLE = 8

# what the last Newton step in eta may leave of chi2
cdef double ETA_ACCURACY = 5e-13
# share of the penalty's curvature that has to be left for chi2 to count as convex in eta
cdef double CONVEX_MARGIN = 0.02
# rounding of chi2 as a difference, above which it is summed instead
cdef double LARGEST_ROUNDING = 5e-13
# counts in units of the uncertainties at y = 1 below which no coupling that is accepted, up to 1e10, reaches anything
cdef double SMALLEST_SIGNAL = 1e-80
# squared data above which polynomials in eta no longer find the best eta well enough
cdef double LARGEST_BASE = 1e6
cdef object FLOAT64 = np.float64
# looks at eta in a piece, on its own axis; graded towards its ends where counts vanish inside
LOOKS = np.concatenate([[-1.0], np.cos(np.pi * (np.arange(4.5, -0.5, -1.0)) / 5), [1.0]])
STEEP_LOOKS = np.sort(np.concatenate([LOOKS, *((1 - 2.0 * 0.3**k) * np.array([-1, 1]) for k in range(3, 14))]))


# --- one term at one mass --------------------------------------------------------------------------------------------

cdef inline Py_ssize_t polynomial_size(const term_t *t) noexcept nogil:
    # u has three and v five coefficients in y for each power of t, the rest of v five for each power of its own
    return 8 * t.order + 5 * (t.order - 1)


cdef inline Py_ssize_t row_size(const term_t *t) noexcept nogil:
    """Doubles that a row of this term needs."""
    return (2 * t.cols + SCRATCH * t.bins + t.backgrounds + 2 * t.pieces * t.order * t.bins
            + t.pieces * polynomial_size(t) + (LOOK_COLUMNS * t.searched + 2) * t.looks)


cdef void start_row(const term_t *t, row_t *row, double mass_squared, bint many) noexcept nogil:
    """Compute the rates' mass-dependent parts and forget all pieces; `many` says whether many couplings follow."""
    cdef Py_ssize_t j, n
    cdef double p
    cdef const double *q2
    for j in range(t.cols):
        row.rates[2 * j] = 0.0
        row.rates[2 * j + 1] = 0.0
    for n in range(t.nuclei):
        q2 = t.q2 + n * t.cols
        for j in range(t.cols):
            p = 1.0 / (q2[j] + mass_squared)
            row.rates[2 * j] += t.b[n * t.cols + j] * p
            row.rates[2 * j + 1] += t.c[n * t.cols + j] * (p * p)
    memset(row.built, 0, t.pieces)
    row.eta = t.start
    row.y = row.drift = 0.0
    row.piece = -1
    row.many = many


cdef inline void fold(const term_t *t, const row_t *row, Py_ssize_t node, double *b, double *c) noexcept nogil:
    """Counts' coefficients B and C of all bins at one node of eta."""
    cdef Py_ssize_t i, j, r, n
    cdef double b0, c0, b1, c1
    cdef const double *w
    cdef const double *x
    for i in range(t.bins):
        r = node * t.bins + i
        w = t.weights + 2 * t.pointers[r]
        n = 2 * (t.pointers[r + 1] - t.pointers[r])
        x = row.rates + 2 * t.firsts[r]
        b0 = c0 = b1 = c1 = 0.0
        # two chains hide the latency of the sums; weights come twice, for b and c, which makes them vectors
        j = 0
        while j + 3 < n:
            b0 += w[j] * x[j]
            c0 += w[j + 1] * x[j + 1]
            b1 += w[j + 2] * x[j + 2]
            c1 += w[j + 3] * x[j + 3]
            j += 4
        if j < n:
            b0 += w[j] * x[j]
            c0 += w[j + 1] * x[j + 1]
        b[i] = b0 + b1
        c[i] = c0 + c1


cdef inline void fold_piece(const term_t *t, row_t *row, Py_ssize_t piece) noexcept nogil:
    cdef Py_ssize_t node
    if row.built[piece] & FOLDED:
        return
    for node in range(piece * t.order, (piece + 1) * t.order):
        fold(t, row, node, row.folded + 2 * node * t.bins, row.folded + (2 * node + 1) * t.bins)
    row.built[piece] |= FOLDED


cdef inline Py_ssize_t find_piece(const term_t *t, double eta, Py_ssize_t hint) noexcept nogil:
    cdef Py_ssize_t low = 0, high = t.pieces, middle
    if hint >= 0 and t.eta_edges[hint] <= eta <= t.eta_edges[hint + 1]:
        return hint
    while high - low > 1:
        middle = (low + high) >> 1
        if t.eta_edges[middle] <= eta:
            low = middle
        else:
            high = middle
    return low


cdef inline double to_piece(const term_t *t, Py_ssize_t piece, double eta) noexcept nogil:
    """Eta on a piece's own axis from -1 to 1."""
    return (2.0 * eta - t.eta_edges[piece] - t.eta_edges[piece + 1]) / (t.eta_edges[piece + 1] - t.eta_edges[piece])


cdef inline void lagrange(const term_t *t, Py_ssize_t piece, double eta, double *weights,
                          double *slopes) noexcept nogil:
    """The Lagrange polynomials of a piece's nodes at eta, and their derivatives unless `slopes` is NULL."""
    cdef Py_ssize_t k, m
    cdef double x, power, s
    weights[0] = 1.0
    if t.order == 1:
        return
    x = to_piece(t, piece, eta)
    for m in range(t.order):
        weights[m] = t.to_powers[m]
    power = x
    for k in range(1, t.order):
        for m in range(t.order):
            weights[m] += t.to_powers[k * t.order + m] * power
        power *= x
    if slopes == NULL:
        return
    s = 2.0 / (t.eta_edges[piece + 1] - t.eta_edges[piece])
    for m in range(t.order):
        slopes[m] = 0.0
    for k in range(1, t.order):
        for m in range(t.order):
            slopes[m] += t.to_powers[k * t.order + m] * (s * k)
        s *= x


cdef inline double penalty(const term_t *t, double eta) noexcept nogil:
    return (eta - 1.0) * (eta - 1.0) * t.inverse_eta_variance


cdef inline void project(const term_t *t, const double *x, double *out, double *h) noexcept nogil:
    """Write P x, and H' x."""
    cdef Py_ssize_t i, k
    for i in range(t.bins):
        out[i] = x[i]
    for k in range(t.backgrounds):
        h[k] = dot(t.modes + k * t.bins, x, t.bins)
        for i in range(t.bins):
            out[i] -= h[k] * t.modes[k * t.bins + i]


cdef inline double dot(const double *x, const double *y, Py_ssize_t n) noexcept nogil:
    cdef double a = 0.0, b = 0.0, c = 0.0, d = 0.0
    cdef Py_ssize_t i = 0
    while i + 3 < n:
        a += x[i] * y[i]
        b += x[i + 1] * y[i + 1]
        c += x[i + 2] * y[i + 2]
        d += x[i + 3] * y[i + 3]
        i += 4
    while i < n:
        a += x[i] * y[i]
        i += 1
    return (a + b) + (c + d)


# --- chi2 at one eta as a sum of squares -----------------------------------------------------------------------------

cdef double direct_chi2(const term_t *t, row_t *row, double y, double eta, Py_ssize_t piece, double *slope,
                        double *shifts) noexcept nogil:
    """chi2 at one eta from the counts themselves.

    A sum of squares of residuals and pulls: never negative, and as exact as the counts however precise the data are.
    `slope`, if it is not NULL, receives the derivative in eta; `shifts` the factor of the signal and the backgrounds'
    pulls in units of their sigmas.
    """
    cdef double weights[MAX_ORDER]
    cdef double slopes[MAX_ORDER]
    cdef double *n = row.scratch
    cdef double *z = row.scratch + t.bins
    cdef double *h = row.scratch + SCRATCH * t.bins
    cdef double signal, total, pulled, v
    cdef Py_ssize_t i, j
    fold_piece(t, row, piece)
    lagrange(t, piece, eta, weights, slopes if slope != NULL else NULL)
    counts_at(t, row, piece, y, weights, n)
    for i in range(t.bins):
        # interpolation may leave a negative trace where counts vanish
        n[i] = fmax(n[i], 0.0)
    project(t, n, z, h)
    v = dot(z, z, t.bins)
    for j in range(t.backgrounds):
        pulled = dot(t.to_shifts + j * t.backgrounds, h, t.backgrounds)
        v += pulled * pulled
    signal = (dot(t.data, n, t.bins) + t.pull) / (v + t.pull)
    for i in range(t.bins):
        z[i] = t.data[i] - signal * z[i]
    total = dot(z, z, t.bins) + t.pull * (signal - 1.0) * (signal - 1.0) + penalty(t, eta)
    for j in range(t.backgrounds):
        pulled = t.data_shifts[j] - signal * dot(t.to_shifts + j * t.backgrounds, h, t.backgrounds)
        total += pulled * pulled
        if shifts != NULL:
            shifts[1 + j] = pulled
    if shifts != NULL:
        shifts[0] = signal
    if slope != NULL:
        counts_at(t, row, piece, y, slopes, n)
        slope[0] = -2.0 * signal * dot(z, n, t.bins) + 2.0 * (eta - 1.0) * t.inverse_eta_variance
    return total


cdef inline void counts_at(const term_t *t, const row_t *row, Py_ssize_t piece, double y, const double *weights,
                           double *out) noexcept nogil:
    """Weighted sum of the counts at a piece's nodes."""
    cdef Py_ssize_t i, m, n = t.bins, order = t.order
    cdef const double *a = t.sm + piece * order * n
    cdef const double *b = row.folded + 2 * piece * order * n
    cdef double total
    # bin by bin: vectors of a dozen bins are too short to pay
    for i in range(n):
        total = 0.0
        for m in range(order):
            total += weights[m] * (a[m * n + i] + y * (b[2 * m * n + i] + y * b[(2 * m + 1) * n + i]))
        out[i] = total


# --- chi2 from polynomials in eta and y ------------------------------------------------------------------------------

cdef inline double quadratic_c(const double *k, double y) noexcept nogil:
    return k[0] + y * (k[1] + y * k[2])


cdef inline double quartic_c(const double *k, double y) noexcept nogil:
    return k[0] + y * (k[1] + y * (k[2] + y * (k[3] + y * k[4])))


cdef inline double profiled_c(const term_t *t, double u, double v) noexcept nogil:
    """chi2 with the signal's normalisation and the backgrounds profiled."""
    return t.base - (u + t.pull) * (u + t.pull) / (v + t.pull)


cdef inline void moments(const term_t *t, const double *a, const double *b, const double *c,
                         double *out) noexcept nogil:
    """The coefficients in y of u (three) and v (five) for counts a + b y + c y^2."""
    cdef const double *h
    cdef double aa = 0.0, ab = 0.0, ac = 0.0, bb = 0.0, bc = 0.0, cc = 0.0, ua = 0.0, ub = 0.0, uc = 0.0, ha, hb, hc
    cdef Py_ssize_t i, k
    for i in range(t.bins):
        aa += a[i] * a[i]
        ab += a[i] * b[i]
        ac += a[i] * c[i]
        bb += b[i] * b[i]
        bc += b[i] * c[i]
        cc += c[i] * c[i]
        ua += t.data[i] * a[i]
        ub += t.data[i] * b[i]
        uc += t.data[i] * c[i]
    for k in range(t.backgrounds):
        h = t.modes + k * t.bins
        ha = hb = hc = 0.0
        for i in range(t.bins):
            ha += h[i] * a[i]
            hb += h[i] * b[i]
            hc += h[i] * c[i]
        aa -= ha * ha
        ab -= ha * hb
        ac -= ha * hc
        bb -= hb * hb
        bc -= hb * hc
        cc -= hc * hc
    out[0] = ua
    out[1] = ub
    out[2] = uc
    out[3] = aa
    out[4] = 2.0 * ab
    out[5] = bb + 2.0 * ac
    out[6] = 2.0 * bc
    out[7] = cc


cdef void build_piece(const term_t *t, row_t *row, Py_ssize_t piece) noexcept nogil:
    """Compute u and v of a piece as polynomials in t (its range mapped to [-1, 1]) and y.

    u is as exact as the counts. v is squared counts, of which the nodes fix only half the powers of t: good enough to
    find the best eta, and `build_rest` has what is left for the value there.
    """
    cdef double values[8 * MAX_ORDER]
    cdef double *out = row.polynomials + piece * polynomial_size(t)
    cdef const double *f
    cdef Py_ssize_t m, k, j
    cdef double total
    fold_piece(t, row, piece)
    for m in range(t.order):
        f = row.folded + 2 * (piece * t.order + m) * t.bins
        moments(t, t.sm + (piece * t.order + m) * t.bins, f, f + t.bins, values + 8 * m)
    if t.order == 1:
        for j in range(8):
            out[j] = values[j]
    else:
        for k in range(t.order):
            for j in range(8):
                total = 0.0
                for m in range(t.order):
                    total += t.to_powers[k * t.order + m] * values[8 * m + j]
                out[8 * k + j] = total
    row.built[piece] |= POLYNOMIALS


cdef void build_rest(const term_t *t, row_t *row, Py_ssize_t piece) noexcept nogil:
    """Compute the polynomial in t and y that, times the nodes' own polynomial, completes v of a piece."""
    cdef double values[8 * MAX_ORDER]
    cdef double basis[MAX_ORDER]
    cdef double middle = 0.5 * (t.eta_edges[piece + 1] + t.eta_edges[piece])
    cdef double half = 0.5 * (t.eta_edges[piece + 1] - t.eta_edges[piece])
    cdef double *p = row.polynomials + piece * polynomial_size(t)
    cdef double *out = p + 8 * t.order
    cdef Py_ssize_t e, k, j
    cdef double total, x
    for e in range(t.order - 1):
        x = t.between[e]
        lagrange(t, piece, middle + half * x, basis, NULL)
        interpolate(t, row, piece, basis, row.scratch)
        moments(t, row.scratch, row.scratch + t.bins, row.scratch + 2 * t.bins, values + 8 * e)
        for j in range(3, 8):
            total = 0.0
            for k in range(t.order - 1, -1, -1):
                total = total * x + p[8 * k + j]
            values[8 * e + j] -= total
    for k in range(t.order - 1):
        for j in range(5):
            total = 0.0
            for e in range(t.order - 1):
                total += t.to_rest[k * (t.order - 1) + e] * values[8 * e + 3 + j]
            out[5 * k + j] = total
    row.built[piece] |= REST


cdef inline void interpolate(const term_t *t, const row_t *row, Py_ssize_t piece, const double *basis,
                             double *out) noexcept nogil:
    """The counts' coefficients a, b and c of all bins between a piece's nodes."""
    cdef Py_ssize_t i, m
    cdef const double *a
    cdef const double *f
    for i in range(3 * t.bins):
        out[i] = 0.0
    for m in range(t.order):
        a = t.sm + (piece * t.order + m) * t.bins
        f = row.folded + 2 * (piece * t.order + m) * t.bins
        for i in range(t.bins):
            out[i] += basis[m] * a[i]
        for i in range(2 * t.bins):
            out[t.bins + i] += basis[m] * f[i]


cdef inline void at_coupling(const term_t *t, const double *p, double y, double *u, double *v) noexcept nogil:
    """u and the nodes' part of v of a piece as polynomials in t."""
    cdef Py_ssize_t k
    for k in range(t.order):
        u[k] = quadratic_c(p + 8 * k, y)
        v[k] = quartic_c(p + 8 * k + 3, y)


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
    r = (u0 + t.pull) * d
    r1 = u1 - r * v1
    first[0] = -r * (2.0 * u1 - r * v1) * s + 2.0 * (eta - 1.0) * t.inverse_eta_variance
    second[0] = (-2.0 * r1 * r1 * d - r * (4.0 * u2 - 2.0 * r * v2)) * s * s + 2.0 * t.inverse_eta_variance


cdef double convex_chi2(const term_t *t, row_t *row, double y) noexcept nogil:
    """chi2 of a term that is convex in eta: Newton steps to the only minimum; NaN where it proves not to be convex.

    They start from where the row's last points lead, and go on until where they started cannot be told.
    """
    cdef double u[MAX_ORDER]
    cdef double v[MAX_ORDER]
    cdef double low = t.eta_edges[0], high = t.eta_edges[t.pieces], s = 0.0, x, step
    cdef double eta = fmin(fmax(row.eta + row.drift * (y - row.y), low), high)
    cdef double centre = 0.0, first = 0.0, second = 0.0, u0, v0, r, d
    cdef Py_ssize_t piece = row.piece, k, last = -1
    cdef const double *p
    cdef bint done = False
    cdef int _
    for _ in range(100):
        piece = find_piece(t, eta, piece)
        if piece != last:
            if not row.built[piece] & POLYNOMIALS:
                build_piece(t, row, piece)
            at_coupling(t, row.polynomials + piece * polynomial_size(t), y, u, v)
            last = piece
            s = 2.0 / (t.eta_edges[piece + 1] - t.eta_edges[piece])
            centre = 0.5 * (t.eta_edges[piece + 1] + t.eta_edges[piece])
        eta_derivatives(t, u, v, s * (eta - centre), s, eta, &first, &second)
        if not second > 0.0:
            return NAN
        if first > 0.0:
            high = eta
        else:
            low = eta
        step = -first / second
        eta += step
        if fabs(step) < t.eta_step:
            # what is left of eta is of the order of the step's square, unless it leads into another piece
            if eta <= t.eta_edges[0]:
                eta = t.eta_edges[0]
                break
            if eta >= t.eta_edges[t.pieces]:
                eta = t.eta_edges[t.pieces]
                break
            if t.eta_edges[piece] <= eta <= t.eta_edges[piece + 1]:
                break
            if fabs(step) < 1e-9:
                eta = fmin(fmax(eta, t.eta_edges[piece]), t.eta_edges[piece + 1])
                break
        if high - low < 1e-12:
            eta = fmin(fmax(eta, low), high)
            piece = find_piece(t, eta, piece)
            break
        # the minimum lies between low and high; a step out of there becomes a bisection, except that the very end of
        # the range is tried first
        if not low < eta < high:
            if eta <= low and low == t.eta_edges[0] and first > 0.0:
                eta = low
                if done:
                    break
                done = True
            elif eta >= high and high == t.eta_edges[t.pieces] and first <= 0.0:
                eta = high
                if done:
                    break
                done = True
            else:
                eta = 0.5 * (low + high)
    row.drift = (eta - row.eta) / (y - row.y) if y != row.y else 0.0
    row.eta = eta
    row.y = y
    row.piece = piece
    if t.precise or not row.many:
        return direct_chi2(t, row, y, eta, piece, NULL, NULL)
    if not row.built[piece] & POLYNOMIALS:
        build_piece(t, row, piece)
    if not row.built[piece] & REST:
        build_rest(t, row, piece)
    p = row.polynomials + piece * polynomial_size(t)
    if piece != last:
        at_coupling(t, p, y, u, v)
    x = to_piece(t, piece, eta)
    u0, v0 = u[t.order - 1], v[t.order - 1]
    for k in range(t.order - 2, -1, -1):
        u0 = u0 * x + u[k]
        v0 = v0 * x + v[k]
    p += 8 * t.order
    r = quartic_c(p + 5 * (t.order - 2), y)
    for k in range(t.order - 3, -1, -1):
        r = r * x + quartic_c(p + 5 * k, y)
    d = 1.0
    for k in range(t.order):
        d *= x - t.points[k]
    return profiled_c(t, u0, v0 + d * r) + penalty(t, eta)


cdef bint convex_lanes(const term_t *t, row_t *row, const double *y, double *out) noexcept nogil:
    """Add chi2 of a convex term at LANES couplings side by side, which vector instructions take at once.

    Returns False, and adds nothing, unless all of them stay in the piece of the row's last point and converge soon.
    """
    cdef double u[MAX_ORDER][LANES]
    cdef double v[MAX_ORDER][LANES]
    cdef double eta[LANES]
    cdef double x[LANES]
    cdef double u0[LANES]
    cdef double u1[LANES]
    cdef double u2[LANES]
    cdef double v0[LANES]
    cdef double v1[LANES]
    cdef double v2[LANES]
    cdef double step[LANES]
    cdef double second[LANES]
    cdef double r, r1, d, s, low, high, centre, inverse = t.inverse_eta_variance, pull = t.pull, largest
    cdef const double *p
    cdef Py_ssize_t k, piece = row.piece, order = t.order
    cdef int lane, _
    if piece < 0 or not row.built[piece] & REST:
        return False
    low, high = t.eta_edges[piece], t.eta_edges[piece + 1]
    s = 2.0 / (high - low)
    centre = 0.5 * (high + low)
    p = row.polynomials + piece * polynomial_size(t)
    for lane in range(LANES):
        eta[lane] = row.eta + row.drift * (y[lane] - row.y)
    for k in range(order):
        for lane in range(LANES):
            u[k][lane] = quadratic_c(p + 8 * k, y[lane])
            v[k][lane] = quartic_c(p + 8 * k + 3, y[lane])
    for _ in range(3):
        for lane in range(LANES):
            x[lane] = s * (eta[lane] - centre)
            u0[lane] = u[order - 1][lane]
            v0[lane] = v[order - 1][lane]
            u1[lane] = u2[lane] = v1[lane] = v2[lane] = 0.0
        for k in range(order - 2, -1, -1):
            for lane in range(LANES):
                u2[lane] = u2[lane] * x[lane] + u1[lane]
                v2[lane] = v2[lane] * x[lane] + v1[lane]
                u1[lane] = u1[lane] * x[lane] + u0[lane]
                v1[lane] = v1[lane] * x[lane] + v0[lane]
                u0[lane] = u0[lane] * x[lane] + u[k][lane]
                v0[lane] = v0[lane] * x[lane] + v[k][lane]
        for lane in range(LANES):
            d = 1.0 / (v0[lane] + pull)
            r = (u0[lane] + pull) * d
            r1 = u1[lane] - r * v1[lane]
            second[lane] = (-2.0 * r1 * r1 * d - r * (4.0 * u2[lane] - 2.0 * r * v2[lane])) * s * s + 2.0 * inverse
            step[lane] = (r * (2.0 * u1[lane] - r * v1[lane]) * s - 2.0 * (eta[lane] - 1.0) * inverse) / second[lane]
            eta[lane] += step[lane]
        largest = 0.0
        for lane in range(LANES):
            # written so that NaN fails
            if not (second[lane] > 0.0 and low <= eta[lane] <= high):
                return False
            largest = fmax(largest, fabs(step[lane]))
        if largest < t.eta_step:
            break
    else:
        return False
    for lane in range(LANES):
        x[lane] = s * (eta[lane] - centre)
        u0[lane] = u[order - 1][lane]
        v0[lane] = v[order - 1][lane]
        v1[lane] = quartic_c(p + 8 * order + 5 * (order - 2), y[lane])
        v2[lane] = x[lane] - t.points[0]
    for k in range(order - 2, -1, -1):
        for lane in range(LANES):
            u0[lane] = u0[lane] * x[lane] + u[k][lane]
            v0[lane] = v0[lane] * x[lane] + v[k][lane]
    for k in range(order - 3, -1, -1):
        for lane in range(LANES):
            v1[lane] = v1[lane] * x[lane] + quartic_c(p + 8 * order + 5 * k, y[lane])
    for k in range(1, order):
        for lane in range(LANES):
            v2[lane] *= x[lane] - t.points[k]
    for lane in range(LANES):
        out[lane] += profiled_c(t, u0[lane], v0[lane] + v2[lane] * v1[lane]) + penalty(t, eta[lane])
    row.drift = (eta[LANES - 1] - eta[0]) / (y[LANES - 1] - y[0]) if y[LANES - 1] != y[0] else 0.0
    row.eta, row.y = eta[LANES - 1], y[LANES - 1]
    return True


# --- the search for the least chi2 over all of eta -------------------------------------------------------------------

cdef void build_table(const term_t *t, row_t *row, Py_ssize_t piece) noexcept nogil:
    """Compute u, v and their derivatives in eta at a piece's looks, as coefficients in y; a column for each look."""
    cdef double basis[MAX_ORDER]
    cdef double slopes[MAX_ORDER]
    cdef double value[8]
    cdef double *a = row.scratch  # a, b and c
    cdef double *d = row.scratch + 3 * t.bins  # their derivatives
    cdef double *z = row.scratch + 6 * t.bins  # and projections
    cdef Py_ssize_t j, look, n = t.bins
    fold_piece(t, row, piece)
    for look in range(t.first_looks[piece], t.first_looks[piece + 1]):
        lagrange(t, piece, t.look_etas[look], basis, slopes)
        interpolate(t, row, piece, basis, a)
        interpolate(t, row, piece, slopes, d)
        moments(t, a, a + n, a + 2 * n, value)
        for j in range(8):
            row.table[j * t.looks + look] = value[j]
        for j in range(3):
            project(t, a + j * n, z + j * n, row.scratch + SCRATCH * n)
            row.table[(8 + j) * t.looks + look] = dot(t.data, d + j * n, n)
        value[0] = 2.0 * dot(d, z, n)
        value[1] = 2.0 * (dot(d, z + n, n) + dot(d + n, z, n))
        value[2] = 2.0 * (dot(d + n, z + n, n) + dot(d, z + 2 * n, n) + dot(d + 2 * n, z, n))
        value[3] = 2.0 * (dot(d + n, z + 2 * n, n) + dot(d + 2 * n, z + n, n))
        value[4] = 2.0 * dot(d + 2 * n, z + 2 * n, n)
        for j in range(5):
            row.table[(11 + j) * t.looks + look] = value[j]
    row.built[piece] |= TABLE


cdef void look_around(const term_t *t, row_t *row, double y, Py_ssize_t low, Py_ssize_t high) noexcept nogil:
    """Fill the looks of the pieces from `low` to below `high` with chi2 and its derivative in eta."""
    cdef Py_ssize_t i, piece, n = t.looks, first = t.first_looks[low], last = t.first_looks[high]
    cdef const double *k = row.table
    cdef double *value = row.looks
    cdef double *slope = row.looks + n
    cdef double u, v, u1, v1, r, base = t.base, pull = t.pull, inverse = t.inverse_eta_variance
    cdef const double *eta = t.look_etas
    if not t.searched:
        # a term that only seemed to be convex has no table
        for piece in range(low, high):
            for i in range(t.first_looks[piece], t.first_looks[piece + 1]):
                value[i] = direct_chi2(t, row, y, eta[i], piece, slope + i, NULL)
        return
    for piece in range(low, high):
        if not row.built[piece] & TABLE:
            build_table(t, row, piece)
    for i in range(first, last):
        u = k[i] + y * (k[n + i] + y * k[2 * n + i]) + pull
        v = k[3 * n + i] + y * (k[4 * n + i] + y * (k[5 * n + i] + y * (k[6 * n + i] + y * k[7 * n + i]))) + pull
        u1 = k[8 * n + i] + y * (k[9 * n + i] + y * k[10 * n + i])
        v1 = k[11 * n + i] + y * (k[12 * n + i] + y * (k[13 * n + i] + y * (k[14 * n + i] + y * k[15 * n + i])))
        r = u / v
        value[i] = base - u * r + (eta[i] - 1.0) * (eta[i] - 1.0) * inverse
        slope[i] = -r * (2.0 * u1 - r * v1) + 2.0 * (eta[i] - 1.0) * inverse


cdef inline double least_penalty(const term_t *t, double left, double right) noexcept nogil:
    return penalty(t, left if left > 1.0 else (right if right < 1.0 else 1.0))


cdef double searched_chi2(const term_t *t, row_t *row, double y) noexcept nogil:
    """Least chi2 over all of eta: every minimum that looks at chi2 and its slope betray, refined from the counts.

    Pieces come in the order of their penalties, and end where the penalty alone exceeds what was found.
    """
    cdef double best, value, eta = 1.0, left, right
    cdef const double *f = row.looks
    cdef const double *d = row.looks + t.looks
    cdef Py_ssize_t i, j, piece = find_piece(t, 1.0, -1), last
    # chi2 of the looks is a difference
    cdef double noise = 1e-12 * t.base
    best = direct_chi2(t, row, y, 1.0, piece, NULL, NULL)
    row.eta, row.piece = 1.0, piece
    if row.many:
        # all that may matter at once, in one long vector
        left = sqrt(best / t.inverse_eta_variance)
        look_around(t, row, y, find_piece(t, 1.0 - left, -1), find_piece(t, 1.0 + left, -1) + 1)
    for j in range(t.pieces):
        piece = t.nearest_pieces[j]
        if least_penalty(t, t.eta_edges[piece], t.eta_edges[piece + 1]) >= best:
            break
        if not row.many:
            look_around(t, row, y, piece, piece + 1)
        last = t.first_looks[piece + 1] - 1
        for i in range(t.first_looks[piece], last + 1):
            eta = t.look_etas[i]
            # the ends of a piece, where it meets another one in a kink, or nothing
            if ((i == t.first_looks[piece] and d[i] >= 0.0) or (i == last and d[i] <= 0.0)) and f[i] < best + noise:
                value = direct_chi2(t, row, y, eta, piece, NULL, NULL)
                if value < best:
                    best = value
                    row.eta, row.piece = eta, piece
            if i == last:
                break
            left, right = eta, t.look_etas[i + 1]
            # chi2 is at least the penalty of eta
            if least_penalty(t, left, right) >= best:
                continue
            if (d[i] < 0.0 and (d[i + 1] > 0.0 or f[i + 1] >= f[i])) or (d[i + 1] > 0.0 and f[i] >= f[i + 1]):
                value = refined_minimum(t, row, y, piece, left, f[i], d[i], right, f[i + 1], d[i + 1], &eta)
                if value < best:
                    best = value
                    row.eta, row.piece = eta, piece
    return best


cdef double refined_minimum(const term_t *t, row_t *row, double y, Py_ssize_t piece, double a, double fa, double da,
                            double b, double fb, double db, double *at) noexcept nogil:
    """A minimum between two values of eta in a piece, from chi2 (f) and its slopes (d) at both.

    Regula falsi with the Illinois weights on the slope, where it changes its sign; bisections until it does.
    """
    cdef double x, fx, dx = 0.0, best = INFINITY, wa = da, wb = db
    cdef int iteration, side = 0
    at[0] = a
    for iteration in range(80):
        x = 0.5 * (a + b)
        if wa < 0.0 < wb and iteration % 4 != 3:
            x = (a * wb - b * wa) / (wb - wa)
            if not a < x < b:
                x = 0.5 * (a + b)
        fx = direct_chi2(t, row, y, x, piece, &dx, NULL)
        if fx < best:
            best = fx
            at[0] = x
        if dx == 0.0 or b - a < 1e-13 or fabs(dx) * (b - a) < 1e-15 * (1.0 + fx):
            break
        if (dx > 0.0 and (da < 0.0 or fa >= fx)) or (dx < 0.0 and not (db > 0.0 or fb >= fx)):
            b, fb, db, wb = x, fx, dx, dx
            if side == 1:
                wa *= 0.5
            side = 1
        else:
            a, fa, da, wa = x, fx, dx, dx
            if side == -1:
                wb *= 0.5
            side = -1
    return best


# --- one term --------------------------------------------------------------------------------------------------------

cdef double row_chi2(const term_t *t, row_t *row, double y) noexcept nogil:
    """chi2 of one term at one coupling with eta profiled; leaves the best eta in the row."""
    cdef double value
    if t.order == 1:
        if t.precise:
            return direct_chi2(t, row, y, 1.0, 0, NULL, NULL)
        if not row.built[0] & POLYNOMIALS:
            build_piece(t, row, 0)
        return profiled_c(t, quadratic_c(row.polynomials, y), quartic_c(row.polynomials + 3, y))
    if not t.searched:
        value = convex_chi2(t, row, y)
        if value == value:
            return value
    return searched_chi2(t, row, y)


cdef double convex_step(const term_t *t) noexcept nogil:
    """Newton step in eta that leaves no more than ETA_ACCURACY; 0 unless chi2 is convex, with a margin.

    From a sample of all masses, couplings and etas.
    """
    cdef Py_ssize_t i, k, m, piece, node = find_piece(t, 1.0, -1) * t.order + t.order // 2
    cdef double lowest = INFINITY, highest = 0.0, y, low, high, largest_b, largest_c, elsewhere
    cdef double bend = 0.0, second = 0.0
    cdef double *f
    cdef bint contact
    cdef int masses, steps = 32
    cdef bint convex = True
    cdef row_t *row = open_rows(&t, 1, row_size(t), t.pieces)
    if row == NULL:
        return 0.0
    for i in range(t.nuclei * t.cols):
        if t.q2[i] > 0.0:
            lowest = fmin(lowest, t.q2[i])
            highest = fmax(highest, t.q2[i])
    contact = highest == 0.0
    masses = 1 if contact else 11
    for m in range(masses):
        # below and above, the mass only scales the coupling
        start_row(t, row, 1.0 if contact else 1e-2 * lowest * (1e4 * highest / lowest) ** (m / (masses - 1.0)), False)
        for piece in range(t.pieces):
            build_piece(t, row, piece)
        f = row.folded + 2 * node * t.bins
        largest_b = largest_c = elsewhere = 0.0
        for k in range(t.bins):
            largest_b = fmax(largest_b, fabs(f[k]))
            largest_c = fmax(largest_c, f[t.bins + k])
        for i in range(t.pieces * t.order):
            for k in range(t.bins):
                elsewhere = fmax(elsewhere, row.folded[(2 * i + 1) * t.bins + k])
        # what is hardly seen at eta = 1 and well elsewhere is no matter of a few Newton steps
        convex = largest_c >= 1e-6 * elsewhere and convex_at(t, row, 0.0, &bend, &second)
        if largest_c > 0.0:
            low = sqrt(1e-3 / largest_c)
            high = fmax(1e5 / sqrt(largest_c), 1e4 * largest_b / largest_c)
            for i in range(steps + 1):
                y = low * (high / low) ** (i / <double> steps)
                convex = convex and convex_at(t, row, y, &bend, &second) and (
                    not contact or convex_at(t, row, -y, &bend, &second))
            for k in range(t.bins):
                # counts turn around, and are the standard model's again: destructive interference
                if f[t.bins + k] > 1e-12 * largest_c and (contact or f[k] < 0.0):
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
    cdef row_t *row = open_rows(&t, 1, row_size(t), t.pieces)
    cdef double eta = 1.0
    if row != NULL:
        start_row(t, row, 1.0, False)
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
    cdef double s, first = 0.0
    cdef double second[3]
    cdef Py_ssize_t piece
    cdef int look
    for piece in range(t.pieces):
        at_coupling(t, row.polynomials + piece * polynomial_size(t), y, u, v)
        s = 2.0 / (t.eta_edges[piece + 1] - t.eta_edges[piece])
        for look in range(3):
            eta_derivatives(t, u, v, look - 1.0, s, 1.0, &first, &second[look])
            if not second[look] > 2.0 * CONVEX_MARGIN * t.inverse_eta_variance:
                return False
            largest[0] = fmax(largest[0], second[look])
        bend[0] = fmax(bend[0], 0.25 * s * fabs(second[2] - second[0]) / second[1])
    return True


# --- all terms -------------------------------------------------------------------------------------------------------

cdef double sum_chi2(const term_t **t, row_t *rows, Py_ssize_t n, double y) noexcept nogil:
    cdef Py_ssize_t i
    cdef double total = 0.0
    for i in range(n):
        total += row_chi2(t[i], rows + i, y)
    return total


cdef void line_chi2(const term_t **t, row_t *rows, Py_ssize_t n, const double *y, Py_ssize_t m,
                    double *out) noexcept nogil:
    """chi2 at the rows' mass for m couplings; ascending ones are the fastest."""
    cdef Py_ssize_t i, j
    cdef const double *p
    cdef bint fast
    for j in range(m):
        out[j] = 0.0
    for i in range(n):
        if t[i].order == 1 and not t[i].precise:
            if not rows[i].built[0] & POLYNOMIALS:
                build_piece(t[i], rows + i, 0)
            p = rows[i].polynomials
            for j in range(m):
                out[j] += profiled_c(t[i], quadratic_c(p, y[j]), quartic_c(p + 3, y[j]))
            continue
        fast = t[i].order > 1 and not t[i].searched and not t[i].precise
        j = 0
        while j < m:
            if fast and j + LANES <= m and convex_lanes(t[i], rows + i, y + j, out + j):
                j += LANES
            else:
                out[j] += row_chi2(t[i], rows + i, y[j])
                j += 1


cdef row_t* open_rows(const term_t **t, Py_ssize_t n, Py_ssize_t space, Py_ssize_t flags) noexcept nogil:
    """Allocate the workspace of a row of every term in one block; NULL if there is no memory."""
    cdef char *block = <char *> malloc(n * sizeof(row_t) + space * sizeof(double) + flags)
    cdef row_t *rows = <row_t *> block
    cdef double *numbers = <double *> (block + n * sizeof(row_t))
    cdef char *marks = <char *> (numbers + space)
    cdef Py_ssize_t i
    if block == NULL:
        return NULL
    for i in range(n):
        rows[i].rates = numbers
        numbers += 2 * t[i].cols
        rows[i].scratch = numbers
        numbers += SCRATCH * t[i].bins + t[i].backgrounds
        rows[i].folded = numbers
        numbers += 2 * t[i].pieces * t[i].order * t[i].bins
        rows[i].polynomials = numbers
        numbers += t[i].pieces * polynomial_size(t[i])
        rows[i].looks = numbers
        numbers += 2 * t[i].looks
        rows[i].table = numbers
        numbers += LOOK_COLUMNS * t[i].searched * t[i].looks
        rows[i].built = marks
        marks += t[i].pieces
    return rows


cdef void start_rows(const term_t **t, row_t *rows, Py_ssize_t n, double mass_squared, bint many) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        start_row(t[i], rows + i, mass_squared, many)


cdef double point_c(const term_t **t, Py_ssize_t n, Py_ssize_t space, Py_ssize_t flags, double mass_squared,
                    double y) noexcept nogil:
    """chi2 at one point; NaN if there is no memory."""
    cdef row_t *rows = open_rows(t, n, space, flags)
    cdef double value
    if rows == NULL:
        return NAN
    start_rows(t, rows, n, mass_squared, False)
    value = sum_chi2(t, rows, n, y)
    free(rows)
    return value


cdef inline bint inside_c(const bound_t *b, double mass, double coupling) noexcept nogil:
    # written so that NaN is outside
    return (not b.has_mass or b.smallest_mass <= mass <= b.largest_mass) and (
        not b.interacting or (0.0 if b.mediated else -b.largest_coupling) <= coupling <= b.largest_coupling)


cdef inline double mass_squared_c(const bound_t *b, double mass) noexcept nogil:
    return mass * mass if b.has_mass else 1.0


cdef inline double strength_c(const bound_t *b, double coupling) noexcept nogil:
    return 0.0 if not b.interacting else (coupling * coupling if b.mediated else coupling)


cdef double chi2_c(const bound_t *bound, double mass, double coupling) noexcept nogil:
    if not inside_c(bound, mass, coupling):
        return NAN
    return point_c(bound.terms, bound.n, bound.space, bound.flags, mass_squared_c(bound, mass),
                   strength_c(bound, coupling))


cdef inline double vector_chi2(int n, const double *x, const bound_t *bound) noexcept nogil:
    """chi2 of the model's own parameters; NaN for any other number of them."""
    if n != bound.has_mass + bound.interacting:
        return NAN
    return chi2_c(bound, x[0] if bound.has_mass else 0.0, x[n - 1] if bound.interacting else 0.0)


cdef double nquad_chi2(int n, double *x, void *data) noexcept nogil:
    return vector_chi2(n, x, <const bound_t *> data)


cdef double nquad_likelihood(int n, double *x, void *data) noexcept nogil:
    return exp(-0.5 * vector_chi2(n, x, <const bound_t *> data))


# --- minima and level crossings along the coupling -------------------------------------------------------------------

cdef int compare(const void *a, const void *b) noexcept nogil:
    cdef double x = (<const double *> a)[0], y = (<const double *> b)[0]
    return (x > y) - (x < y)


cdef Py_ssize_t seed_couplings(const term_t **t, row_t *rows, Py_ssize_t n, bint two_sided,
                               double *seeds) noexcept nogil:
    """Fill `seeds` with ascending values of y between which chi2 has no hidden structure; return how many.

    A logarithmic axis from where the signal changes by a thousandth of an uncertainty to where the standard-model part
    is negligible, for each term, and for every bin the y where its count returns to the standard model's, turns around,
    or about meets the data. The last ones follow a degenerate strip however narrow good data make it.
    """
    cdef double *b
    cdef double *c
    cdef const double *sm
    cdef double largest_b, largest_c, low = INFINITY, high = 0.0, ratio, y, root
    cdef Py_ssize_t i, k, count = 0, node, steps
    cdef int look, looks
    for i in range(n):
        looks = ETA_SEEDS if t[i].searched else 1
        for look in range(looks):
            node = seed_node(t[i], look, looks)
            b, c = rows[i].scratch, rows[i].scratch + t[i].bins
            fold(t[i], rows + i, node, b, c)
            largest_b = largest_c = 0.0
            for k in range(t[i].bins):
                largest_b = fmax(largest_b, fabs(b[k]))
                largest_c = fmax(largest_c, c[k])
            if largest_c < SMALLEST_SIGNAL:
                continue
            low = fmin(low, fmin(sqrt(1e-3 / largest_c), 1e-3 / fmax(largest_b, 1e-300)))
            # the better the data, the longer the little that is left of the standard model shows
            high = fmax(high, sqrt(fmax(1e10, 1e6 * t[i].pull * sqrt(t[i].base)) / largest_c))
            sm = t[i].sm + node * t[i].bins
            for k in range(t[i].bins):
                if c[k] <= 1e-12 * largest_c:
                    continue
                high = fmax(high, fmax(1e4, 1e3 * t[i].base) * fabs(b[k]) / c[k])
                y = -0.5 * b[k] / c[k]
                root = y * y + (t[i].data[k] - sm[k]) / c[k]
                add_seed(seeds, &count, y, two_sided)
                add_seed(seeds, &count, 2.0 * y, two_sided)
                if root > 0.0:
                    add_seed(seeds, &count, y - sqrt(root), two_sided)
                    add_seed(seeds, &count, y + sqrt(root), two_sided)
    if high == 0.0:
        return 0
    steps = <Py_ssize_t> fmin(fmax(log(high / low) * SEEDS_PER_E, SEEDS), MOST_SEEDS)
    ratio = (high / low) ** (1.0 / (steps - 1))
    seeds[count] = 0.0
    count += 1
    y = low
    for _ in range(steps):
        seeds[count] = y
        count += 1
        if two_sided:
            seeds[count] = -y
            count += 1
        y *= ratio
    qsort(seeds, count, sizeof(double), compare)
    return count


cdef inline Py_ssize_t seed_node(const term_t *t, int look, int looks) noexcept nogil:
    """The node of eta from whose counts seeds are taken: at eta = 1, and for several looks all over its range."""
    cdef double eta = 1.0
    if t.order == 1:
        return 0
    if looks > 1 and look > 0:
        eta = t.eta_edges[0] + (t.eta_edges[t.pieces] - t.eta_edges[0]) * (look - 1.0) / (looks - 2.0)
    return find_piece(t, eta, -1) * t.order + t.order // 2


cdef inline void add_seed(double *seeds, Py_ssize_t *count, double y, bint two_sided) noexcept nogil:
    if y > 0.0 or two_sided:
        seeds[count[0]] = y
        count[0] += 1


cdef inline bint any_searched(const term_t **t, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        if t[i].order > 1 and t[i].searched:
            return True
    return False


cdef void zoom(const term_t **t, row_t *rows, Py_ssize_t n, double *left, double *right, double sign) noexcept nogil:
    """Narrow a range of couplings to the neighbours of the best of a few, and once more among those."""
    cdef double values[ZOOM + 1]
    cdef double low, step
    cdef int k, best, _
    for _ in range(2):
        low, step = left[0], (right[0] - left[0]) / ZOOM
        best = 1
        for k in range(1, ZOOM):
            values[k] = sign * sum_chi2(t, rows, n, low + k * step)
            if values[k] < values[best]:
                best = k
        left[0] = low + (best - 1) * step
        right[0] = low + (best + 1) * step


cdef double turning_point(const term_t **t, row_t *rows, Py_ssize_t n, double left, double right, double sign,
                          double *at) noexcept nogil:
    """Minimum of sign x chi2 between two couplings by golden section and parabolas (Brent's method).

    With sharp data and a quenching scale that may go far there are several; then a closer look comes first.
    """
    cdef double golden = 0.3819660112501051
    if any_searched(t, n):
        zoom(t, rows, n, &left, &right, sign)
    cdef double x = left + golden * (right - left), w = x, v = x, d = 0.0, e = 0.0, middle, tolerance, p, q, r, u
    cdef double fx = sign * sum_chi2(t, rows, n, x), fw = fx, fv = fx, fu
    cdef int _
    for _ in range(80):
        middle = 0.5 * (left + right)
        tolerance = 1e-8 * fabs(x) + 1e-300
        if fabs(x - middle) <= 2.0 * tolerance - 0.5 * (right - left):
            break
        p = q = r = 0.0
        if fabs(e) > tolerance:
            r = (x - w) * (fx - fv)
            q = (x - v) * (fx - fw)
            p = (x - v) * q - (x - w) * r
            q = 2.0 * (q - r)
            if q > 0.0:
                p = -p
            else:
                q = -q
            r = e
            e = d
        if fabs(p) < fabs(0.5 * q * r) and p > q * (left - x) and p < q * (right - x):
            d = p / q
        else:
            e = right - x if x < middle else left - x
            d = golden * e
        u = x + (d if fabs(d) >= tolerance else (tolerance if d > 0.0 else -tolerance))
        fu = sign * sum_chi2(t, rows, n, u)
        if fu <= fx:
            if u < x:
                right = x
            else:
                left = x
            v, w, x = w, x, u
            fv, fw, fx = fw, fx, fu
        else:
            if u < x:
                left = u
            else:
                right = u
            if fu <= fw or w == x:
                v, w = w, u
                fv, fw = fw, fu
            elif fu <= fv or v == x or v == w:
                v = u
                fv = fu
    at[0] = x
    return sign * fx


cdef double crossing(const term_t **t, row_t *rows, Py_ssize_t n, double level, double a, double fa, double b,
                     double fb) noexcept nogil:
    """The coupling between a and b where chi2 crosses `level`; fa and fb (chi2 - level) differ in sign.

    Chandrupatla's method (Adv. Eng. Software 28 (1997) 145): inverse quadratic steps where they are safe, or else
    bisections.
    """
    cdef double c = a, fc = fa, x, fx, fraction = 0.5, xi, phi, width
    cdef int _
    for _ in range(120):
        x = a + fraction * (b - a)
        fx = sum_chi2(t, rows, n, x) - level
        if (fx > 0.0) == (fa > 0.0):
            c, fc = a, fa
        else:
            c, fc, b, fb = b, fb, a, fa
        a, fa = x, fx
        width = 0.5e-11 * fmax(fabs(a), fabs(b))
        if fx == 0.0 or fabs(b - a) <= 2.0 * width:
            break
        xi = (a - b) / (c - b)
        phi = (fa - fb) / (fc - fb)
        fraction = 0.5
        if phi * phi < xi and (1.0 - phi) * (1.0 - phi) < 1.0 - xi:
            fraction = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        fraction = fmin(fmax(fraction, width / fabs(b - a)), 1.0 - width / fabs(b - a))
    return a if fabs(fa) < fabs(fb) else b


cdef double row_minimum(const term_t **t, row_t *rows, Py_ssize_t n, bint two_sided, double *seeds, double *values,
                        double *at) noexcept nogil:
    """Least chi2 over all couplings at the rows' mass, and where."""
    cdef Py_ssize_t count = seed_couplings(t, rows, n, two_sided, seeds), k
    cdef double best, x = 0.0, value
    if count == 0:
        at[0] = 0.0
        return sum_chi2(t, rows, n, 0.0)
    best = INFINITY
    line_chi2(t, rows, n, seeds, count, values)
    for k in range(count):
        if values[k] < best:
            best = values[k]
            at[0] = seeds[k]
    for k in range(1, count - 1):
        if flat(values[k - 1], values[k], values[k + 1]):
            continue
        if values[k] <= values[k - 1] and values[k] <= values[k + 1]:
            value = turning_point(t, rows, n, seeds[k - 1], seeds[k + 1], 1.0, &x)
            if value < best:
                best = value
                at[0] = x
    return best


cdef inline bint flat(double before, double value, double after) noexcept nogil:
    """Whether three neighbouring values differ by rounding alone: where chi2 is saturated there is no minimum."""
    return fmax(fabs(before - value), fabs(after - value)) <= 1e-10 * (1.0 + fabs(value))


cdef Py_ssize_t row_crossings(const term_t **t, row_t *rows, Py_ssize_t n, bint two_sided, double level, double *seeds,
                              double *values, double *out, char *above_first) noexcept nogil:
    """All couplings where chi2 crosses `level`, ascending, into `out`; whether chi2 starts above it.

    Returns their number, or -1 if there is no room for all.
    """
    cdef Py_ssize_t count = seed_couplings(t, rows, n, two_sided, seeds), k, found = 0
    cdef double x, f
    if count == 0:
        above_first[0] = sum_chi2(t, rows, n, 0.0) > level
        return 0
    line_chi2(t, rows, n, seeds, count, values)
    for k in range(count):
        values[k] -= level
    above_first[0] = values[0] > 0.0
    for k in range(1, count):
        if found > MAX_CROSSINGS - 2:
            return -1
        if (values[k] > 0.0) != (values[k - 1] > 0.0):
            out[found] = crossing(t, rows, n, level, seeds[k - 1], values[k - 1], seeds[k], values[k])
            found += 1
        elif k + 1 < count and (values[k + 1] > 0.0) == (values[k] > 0.0):
            # an extremum towards the level between three seeds on one side of it may touch it
            if flat(values[k - 1], values[k], values[k + 1]):
                continue
            if values[k] > 0.0 and values[k] <= values[k - 1] and values[k] <= values[k + 1]:
                f = turning_point(t, rows, n, seeds[k - 1], seeds[k + 1], 1.0, &x) - level
            elif values[k] <= 0.0 and values[k] >= values[k - 1] and values[k] >= values[k + 1]:
                f = turning_point(t, rows, n, seeds[k - 1], seeds[k + 1], -1.0, &x) - level
            else:
                continue
            if (f > 0.0) != (values[k] > 0.0):
                out[found] = crossing(t, rows, n, level, seeds[k - 1], values[k - 1], x, f)
                out[found + 1] = crossing(t, rows, n, level, x, f, seeds[k + 1], values[k + 1])
                found += 2
    return found


cdef class Weights:
    """Weights(values, pointers, firsts, cols)

    Packed response matrices; `cevns.folding.pack` makes them, and the terms of all models of an experiment share them.

    Parameters
    ----------
    values : ndarray
        Rows without their zeros at both ends, one after another.
    pointers : ndarray of intp, shape (rows + 1,)
        Where each row starts in `values`.
    firsts : ndarray of intp, shape (rows,)
        Column of each row's first value.
    cols : int
        Number of columns.
    """

    def __cinit__(self, values, pointers, firsts, Py_ssize_t cols):
        self.values = np.ascontiguousarray(np.append(values, 0.0))
        self.pairs = np.repeat(self.values, 2)
        self.pointers = np.ascontiguousarray(pointers, dtype=np.intp)
        self.firsts = np.ascontiguousarray(firsts, dtype=np.intp)
        self.cols = cols
        lengths = np.diff(self.pointers)
        if self.pointers.size != self.firsts.size + 1 or self.pointers[0] != 0 or (lengths < 0).any() or (
                lengths.sum() != self.values.size - 1) or (self.firsts < 0).any() or (
                    self.firsts + lengths > cols).any():
            raise ValueError("values, pointers, firsts and cols do not fit together")

    def __reduce__(self):
        return Weights, (self.values[:self.values.size - 1], self.pointers, self.firsts, self.cols)

    def scaled(self, factors):
        """Return a copy whose rows are multiplied by factors that repeat, one for each bin."""
        lengths = np.diff(self.pointers)
        each = np.repeat(np.tile(factors, lengths.size // len(factors)), lengths)
        return Weights(self.values[:self.values.size - 1] * each, self.pointers, self.firsts, self.cols)

    def dot(self, const double[::1] rates not None):
        """Return the counts of all rows for rates at the nodes."""
        cdef const double[::1] values = self.values
        cdef const Py_ssize_t[::1] pointers = self.pointers, firsts = self.firsts
        cdef Py_ssize_t i, j, n = firsts.shape[0]
        cdef double total
        if rates.shape[0] != self.cols:
            raise ValueError(f"{self.cols} rates are needed, got {rates.shape[0]}")
        out = np.empty(n)
        cdef double[::1] counts = out
        for i in range(n):
            total = 0.0
            for j in range(pointers[i + 1] - pointers[i]):
                total += values[pointers[i] + j] * rates[firsts[i] + j]
            counts[i] = total
        return out


cdef class Term:
    """Term(q2, b, c, weights, sm, data, modes, to_shifts, data_shifts, base, pull, eta_edges=None, points=None,
    eta_sigma=0.0)

    One experiment folded with one model. `cevns.likelihoods` makes these.

    Parameters
    ----------
    q2, b, c : ndarray, shape (nuclei, cols)
        Rates at the recoil nodes, standard-model part left out.
    weights : Weights
        Response in units of the uncertainties; rows (eta node, bin).
    sm : ndarray, shape (eta nodes, bins)
        Standard-model counts in units of the uncertainties.
    data : ndarray, shape (bins,)
        P y of the data y in those units, backgrounds subtracted.
    modes : ndarray, shape (backgrounds, bins)
        H', so that P = 1 - H H'.
    to_shifts : ndarray, shape (backgrounds, backgrounds)
        From H'x to the pulls, in units of their sigmas, with which the backgrounds follow x.
    data_shifts : ndarray, shape (backgrounds,)
        These pulls for the data.
    base : float
        y'Py + 1/s^2.
    pull : float
        1/s^2 of the signal's normalisation.
    eta_edges : ndarray, shape (pieces + 1,), optional
        Pieces of eta; `sm` and `weights` then hold the nodes of each in turn.
    points : ndarray, shape (order,), optional
        A piece's nodes on its own axis from -1 to 1.
    eta_sigma : float
        Uncertainty of eta.
    """

    def __cinit__(self, q2, b, c, Weights weights not None, sm, data, modes, to_shifts, data_shifts, double base,
                  double pull, eta_edges=None, points=None, double eta_sigma=0.0):
        self.arguments = (
            q2, b, c, weights, sm, data, modes, to_shifts, data_shifts, base, pull, eta_edges, points, eta_sigma)
        cdef term_t *t = &self.t
        t.nuclei, t.cols = q2.shape
        t.bins, t.backgrounds = sm.shape[1], modes.shape[0]
        t.pieces = 1 if eta_edges is None else len(eta_edges) - 1
        t.order = 1 if points is None else len(points)
        nodes = t.pieces * t.order
        shapes = {
            "b": (b, q2.shape), "c": (c, q2.shape), "sm": (sm, (nodes, t.bins)), "data": (data, (t.bins,)),
            "modes": (modes, (t.backgrounds, t.bins)), "to_shifts": (to_shifts, (t.backgrounds, t.backgrounds)),
            "data_shifts": (data_shifts, (t.backgrounds,)), "weights": (weights.firsts, (nodes * t.bins,)),
        }
        for name, (array, shape) in shapes.items():
            if array.shape != shape:
                raise ValueError(f"{name} has shape {array.shape}, needed: {shape}")
        if t.order > MAX_ORDER or weights.cols != t.cols or (eta_edges is None) != (points is None) or (
                points is not None and not (t.order > 1 and eta_sigma > 0.0)):
            raise ValueError("eta nodes, weights and rates do not fit together")
        arrays = [np.ascontiguousarray(x, dtype=float).ravel() for x in (
            q2, b, c, weights.pairs, sm, data, modes, to_shifts, data_shifts)]
        t.q2, t.b, t.c, t.weights = (
            address(arrays[0]), address(arrays[1]), address(arrays[2]), address(arrays[3]))
        t.sm, t.data, t.modes = address(arrays[4]), address(arrays[5]), address(arrays[6])
        t.to_shifts, t.data_shifts = address(arrays[7]), address(arrays[8])
        t.pointers, t.firsts = index_address(weights.pointers), index_address(weights.firsts)
        t.base, t.pull = base, pull
        squares = float((np.asarray(sm) ** 2).sum(axis=1).max())
        t.precise = 2.2e-16 * (base * (1.0 + sqrt(base / pull)) + 4.0 * squares) > LARGEST_ROUNDING
        self.owned = (weights, *arrays)
        t.looks = 0
        t.start = 1.0
        if t.order > 1:
            self.set_eta(np.asarray(sm, dtype=float), np.asarray(eta_edges, dtype=float), np.asarray(points), eta_sigma)

    cdef set_eta(self, sm, edges, points, double eta_sigma):
        """Set what the search in eta needs, and choose the way."""
        cdef term_t *t = &self.t
        # where a polynomial through the nodes is wrong, midway between them
        between = np.cos(np.pi * (np.arange(t.order - 1) + 0.5) / (t.order - 1))
        own = np.prod(between[:, None] - points, axis=1)
        arrays = [np.ascontiguousarray(x, dtype=float).ravel() for x in (
            np.linalg.inv(np.vander(points, increasing=True)), edges, points, between,
            np.linalg.inv(np.vander(between, increasing=True)) / own)]
        t.to_powers, t.eta_edges, t.points = address(arrays[0]), address(arrays[1]), address(arrays[2])
        t.between, t.to_rest = address(arrays[3]), address(arrays[4])
        t.inverse_eta_variance = 1.0 / (eta_sigma * eta_sigma)
        self.owned += tuple(arrays)
        counts = sm.reshape(t.pieces, t.order, t.bins)
        steep = (counts.min(axis=1) < 0.1 * counts.max(axis=1)).any(axis=1)
        looks = [STEEP_LOOKS if s else LOOKS for s in steep]
        firsts = np.cumsum([0, *map(len, looks)], dtype=np.intp)
        half = 0.5 * np.diff(edges)
        middle = edges[1:] - half
        etas = np.concatenate([m + h * x for m, h, x in zip(middle, half, looks, strict=True)])
        distance = np.maximum(np.abs(middle - 1.0) - half, 0.0)
        nearest = np.ascontiguousarray(np.argsort(distance, kind="stable"), dtype=np.intp)
        t.looks, t.look_etas = etas.size, address(etas)
        t.first_looks, t.nearest_pieces = index_address(firsts), index_address(nearest)
        self.owned += (etas, firsts, nearest)
        t.eta_step = 0.0 if t.base > LARGEST_BASE else convex_step(t)
        t.searched = t.eta_step == 0.0
        if not t.searched:
            t.start = standard_eta(t)

    @property
    def searched(self):
        """Whether every point searches all of eta for the least chi2."""
        return bool(self.t.searched)

    def __reduce__(self):
        return Term, self.arguments


cdef const double* address(const double[::1] view) noexcept:
    return &view[0] if view.shape[0] else NULL


cdef const Py_ssize_t* index_address(const Py_ssize_t[::1] view) noexcept:
    return &view[0]


cdef class Engine:
    """Engine(terms)

    Sum of the chi2 of several terms for one model. Masses come squared [MeV^2], couplings as y; a contact model takes
    mass squared 1. Immutable; every method may run in several threads at once.
    """

    def __cinit__(self, terms):
        cdef Py_ssize_t i
        cdef Term term
        self.terms = tuple(terms)
        self.n = len(self.terms)
        self.t = <const term_t **> malloc(self.n * sizeof(term_t *))
        if self.t == NULL:
            raise MemoryError
        self.space = self.flags = self.seeds = 0
        for i in range(self.n):
            if not isinstance(self.terms[i], Term):
                raise TypeError(f"terms must hold Term objects, got {self.terms[i]!r}")
            term = self.terms[i]
            self.t[i] = &term.t
            self.space += row_size(&term.t)
            self.flags += term.t.pieces
            self.seeds += 4 * ETA_SEEDS * term.t.bins
        self.seeds += 2 * MOST_SEEDS + 1

    def __dealloc__(self):
        free(self.t)

    def __reduce__(self):
        return Engine, (self.terms,)

    def chi2(self, double mass_squared, double y):
        """Return chi2 at one point."""
        cdef double value
        with nogil:
            value = point_c(self.t, self.n, self.space, self.flags, mass_squared, y)
        if value != value:
            raise MemoryError
        return value

    def profile(self, double mass_squared, double y):
        """Return, for each term, chi2, the best eta, the signal's factor and the backgrounds' pulls at one point.

        The pulls are an array in units of their sigmas.
        """
        cdef row_t *rows = open_rows(self.t, self.n, self.space, self.flags)
        cdef Py_ssize_t i
        cdef double value
        cdef double[::1] shifts
        if rows == NULL:
            raise MemoryError
        out = []
        try:
            start_rows(self.t, rows, self.n, mass_squared, False)
            for i in range(self.n):
                found = np.empty(1 + self.t[i].backgrounds)
                shifts = found
                row_chi2(self.t[i], rows + i, y)
                value = direct_chi2(self.t[i], rows + i, y, rows[i].eta, max(rows[i].piece, 0), NULL, &shifts[0])
                out.append((value, rows[i].eta, shifts[0], found[1:]))
        finally:
            free(rows)
        return out

    def pairs(self, const double[::1] mass_squared not None, const double[::1] y not None, double[::1] out not None):
        """Write chi2 of pairs (mass squared, y) into `out`; runs of equal masses share their work."""
        cdef Py_ssize_t i = 0, last, n = min(mass_squared.shape[0], y.shape[0], out.shape[0])
        cdef row_t *rows
        with nogil:
            rows = open_rows(self.t, self.n, self.space, self.flags)
            if rows != NULL:
                while i < n:
                    last = i + 1
                    while last < n and mass_squared[last] == mass_squared[i]:
                        last += 1
                    start_rows(self.t, rows, self.n, mass_squared[i], last > i + 1)
                    line_chi2(self.t, rows, self.n, &y[i], last - i, &out[i])
                    i = last
            free(rows)
        if rows == NULL:
            raise MemoryError

    def grid(self, const double[::1] mass_squared not None, const double[::1] y not None,
             double[:, ::1] out not None):
        """Write chi2 on a grid into `out`, shape (masses, couplings)."""
        cdef Py_ssize_t i, n = min(mass_squared.shape[0], out.shape[0]), m = min(y.shape[0], out.shape[1])
        cdef row_t *rows
        with nogil:
            rows = open_rows(self.t, self.n, self.space, self.flags)
            if rows != NULL and m:
                for i in range(n):
                    start_rows(self.t, rows, self.n, mass_squared[i], True)
                    line_chi2(self.t, rows, self.n, &y[0], m, &out[i, 0])
            free(rows)
        if rows == NULL:
            raise MemoryError

    def minima(self, const double[::1] mass_squared not None, bint two_sided, double[::1] out not None,
               double[::1] at not None):
        """Write the least chi2 over all couplings at each mass into `out` and its y into `at`."""
        cdef Py_ssize_t i, n = min(mass_squared.shape[0], out.shape[0], at.shape[0])
        cdef row_t *rows
        cdef double *seeds
        with nogil:
            rows = open_rows(self.t, self.n, self.space, self.flags)
            seeds = <double *> malloc(2 * self.seeds * sizeof(double))
            if rows != NULL and seeds != NULL:
                for i in range(n):
                    start_rows(self.t, rows, self.n, mass_squared[i], True)
                    out[i] = row_minimum(self.t, rows, self.n, two_sided, seeds, seeds + self.seeds, &at[i])
            free(rows)
            free(seeds)
        if rows == NULL or seeds == NULL:
            raise MemoryError

    def crossings(self, const double[::1] mass_squared not None, bint two_sided, double level,
                  double[:, ::1] out not None, Py_ssize_t[::1] counts not None, char[::1] above not None):
        """Find every y at which chi2 crosses `level`, for each mass.

        Parameters
        ----------
        mass_squared : array, shape (m,)
            [MeV^2].
        two_sided : bool
            Whether y may be negative.
        level : float
            Absolute chi2.
        out : array, shape (m, `crossings_limit()`)
            Ascending crossings.
        counts : array of intp, shape (m,)
            How many there are; -1 where they are more than `crossings_limit()`.
        above : array of int8, shape (m,)
            Whether chi2 lies above the level before the first one.
        """
        cdef Py_ssize_t i, n = min(mass_squared.shape[0], out.shape[0], counts.shape[0], above.shape[0])
        cdef row_t *rows
        cdef double *seeds
        if out.shape[1] < MAX_CROSSINGS:
            raise ValueError(f"out needs {MAX_CROSSINGS} columns")
        with nogil:
            rows = open_rows(self.t, self.n, self.space, self.flags)
            seeds = <double *> malloc(2 * self.seeds * sizeof(double))
            if rows != NULL and seeds != NULL:
                for i in range(n):
                    start_rows(self.t, rows, self.n, mass_squared[i], True)
                    counts[i] = row_crossings(
                        self.t, rows, self.n, two_sided, level, seeds, seeds + self.seeds, &out[i, 0], &above[i])
            free(rows)
            free(seeds)
        if rows == NULL or seeds == NULL:
            raise MemoryError


cdef class Bound:
    """A model whose mass and coupling are checked without leaving C."""

    def __cinit__(self, owner, model, limits):
        self.model = model
        self.c.mediated, self.c.has_mass, self.c.interacting = model.mediated, model.has_mass, model.interacting
        self.limits = limits
        self.c.smallest_mass, self.c.largest_mass, self.c.largest_coupling = limits

    @property
    def __signature__(self):
        """The parameters that the model has, for `inspect.signature` and for minimisers that go by names."""
        from inspect import Parameter, Signature

        names = ["mass"] * self.c.has_mass + ["coupling"] * self.c.interacting
        return Signature([Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in names])

    cdef bint inside(self, double mass, double coupling) noexcept nogil:
        return inside_c(&self.c, mass, coupling)

    cdef (double, double) point(self, mass, coupling) except *:
        """Mass and coupling as checked floats, whatever a caller gave."""
        if not self.c.has_mass and self.c.interacting and coupling is None:
            # the only argument is the coupling
            mass, coupling = None, mass
        return (self.model.check_mass(mass, low=self.c.smallest_mass, single=True),
                self.model.check_coupling(coupling, single=True))


cdef inline bint plain_number(object value, double *out):
    """Whether a value is a float or a whole number of a usual size, and so needs no further look."""
    cdef int overflow = 0
    cdef long long whole
    # not any subclass of float, which may carry a unit
    if PyFloat_CheckExact(value) or type(value) is FLOAT64:
        out[0] = PyFloat_AS_DOUBLE(value)
        return True
    # not a bool, which is a subclass
    if PyLong_CheckExact(value):
        whole = PyLong_AsLongLongAndOverflow(value, &overflow)
        out[0] = <double> whole
        return overflow == 0
    return False


cdef class Evaluator(Bound):
    """Evaluator(engine, model, limits)

    chi2 of one model as a fast function of mass and coupling; `Likelihood.bind` makes it. Safe to call from several
    threads.

    Other Cython code calls ``chi2_c(&evaluator.c, mass, coupling)`` of ``cevns._engine`` without the GIL.

    Examples
    --------
    >>> import cevns
    >>> chi2 = cevns.load("coherent-argon-2020").bind("b-l")
    >>> round(chi2(10.0, 5e-5), 4)
    10.3209
    """

    def __cinit__(self, Engine engine not None, model, limits):
        self.engine = engine
        self.c.terms, self.c.n, self.c.space, self.c.flags = engine.t, engine.n, engine.space, engine.flags

    def __call__(self, mass=None, coupling=None):
        """Return chi2 at one point, all nuisances profiled.

        Parameters
        ----------
        mass : float
            Mediator mass [MeV]; left out for models without one, whose coupling may then come first.
        coupling : float
            Coupling; the standard model has none, and for a contact interaction it is 1 unless given.

        Returns
        -------
        float

        Raises
        ------
        InputError
            If a value is missing, superfluous, not a number or out of range.
        """
        cdef double m = 0.0, g = 0.0, value
        if self.c.has_mass and plain_number(mass, &m) and plain_number(coupling, &g):
            value = chi2_c(&self.c, m, g)
            if value == value:
                return value
        m, g = self.point(mass, coupling)
        value = chi2_c(&self.c, m, g)
        if value != value:
            raise MemoryError
        return value

    def __reduce__(self):
        return Evaluator, (self.engine, self.model, self.limits)

    def low_level_callable(self, quantity="chi2"):
        """Return the function as a `scipy.LowLevelCallable` of x = (mass [MeV], coupling), for `scipy.integrate.nquad`.

        Parameters
        ----------
        quantity : {"chi2", "likelihood"}
            chi2 itself, or exp(-chi2 / 2).

        Returns
        -------
        scipy.LowLevelCallable
            NaN where mass or coupling are out of range. It keeps this evaluator alive.

        Examples
        --------
        >>> import cevns
        >>> from scipy.integrate import nquad
        >>> chi2 = cevns.load("coherent-argon-2020").bind("b-l")
        >>> function = chi2.low_level_callable("likelihood")
        >>> value, _ = nquad(function, [(1.0, 2.0), (0.0, 1e-4)], opts={"epsabs": 0.0})
        >>> f"{value:.3e}"
        '6.149e-07'
        """
        from scipy import LowLevelCallable

        names = {"chi2": "nquad_chi2", "likelihood": "nquad_likelihood"}
        name = names[checks.known("quantity", quantity, names)]
        # the capsule owns a reference, since a LowLevelCallable cannot hold one itself
        Py_INCREF(self)
        capsule = PyCapsule_New(<void *> &self.c, NULL, release_evaluator)
        PyCapsule_SetContext(capsule, <void *> self)
        return LowLevelCallable.from_cython(sys.modules[__name__], name, capsule)


cdef void release_evaluator(object capsule) noexcept:
    Py_DECREF(<object> PyCapsule_GetContext(capsule))


cdef class Predictor(Bound):
    """Predictor(term, model, limits)

    Signal counts of one model as a fast function of mass and coupling; `Experiment.predictor` makes it. Safe to call
    from several threads.

    Examples
    --------
    >>> import cevns
    >>> counts = cevns.load("coherent-argon-2020").predictor("b-l")
    >>> counts(10.0, 5e-5)[:3].round(2)
    array([167.71,  47.94,  10.96])
    """

    def __cinit__(self, Term term not None, model, limits):
        self.term = term

    cdef int counts(self, double mass_squared, double y, double *out) except -1 nogil:
        cdef const term_t *t = &self.term.t
        cdef row_t *row = open_rows(&t, 1, row_size(t), t.pieces)
        cdef Py_ssize_t i
        if row == NULL:
            with gil:
                raise MemoryError
        start_row(t, row, mass_squared, False)
        fold_piece(t, row, 0)
        for i in range(t.bins):
            out[i] = t.sm[i] + y * (row.folded[i] + y * row.folded[t.bins + i])
        free(row)
        return 0

    def __call__(self, mass=None, coupling=None):
        """Return counts, shape (bins,), at one point; the parameters are those of `Evaluator`.

        Raises
        ------
        InputError
            If a value is missing, superfluous, not a number or out of range.
        """
        cdef double m = 0.0, g = 0.0
        cdef Py_ssize_t bins = self.term.t.bins
        if not (self.c.has_mass and plain_number(mass, &m) and plain_number(coupling, &g) and self.inside(m, g)):
            m, g = self.point(mass, coupling)
        out = np.PyArray_SimpleNew(1, <np.npy_intp *> &bins, np.NPY_DOUBLE)
        self.counts(mass_squared_c(&self.c, m), strength_c(&self.c, g), <double *> np.PyArray_DATA(out))
        return out

    def __reduce__(self):
        return Predictor, (self.term, self.model, self.limits)

    def pairs(self, const double[::1] mass_squared not None, const double[::1] y not None, double[:, ::1] out not None):
        """Write counts of pairs (mass squared, y) into `out`, shape (pairs, bins)."""
        cdef Py_ssize_t i, n = min(mass_squared.shape[0], y.shape[0], out.shape[0])
        if out.shape[1] != self.term.t.bins:
            raise ValueError(f"out needs {self.term.t.bins} columns, got {out.shape[1]}")
        with nogil:
            for i in range(n):
                self.counts(mass_squared[i], y[i], &out[i, 0])


def crossings_limit():
    """Return the most level crossings that `Engine.crossings` stores for a mass."""
    return MAX_CROSSINGS
