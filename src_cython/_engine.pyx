"""chi2 with all nuisances profiled, as a function of mediator mass and coupling: points, rows, grids and exact limits.

Counts in units of their uncertainties are ``N = a + B y + C y^2``, with y = g^2 for a mediator. Only B and C know the
mass, through ``p = 1 / (q2 + M^2)`` at the recoil nodes. Backgrounds with Gaussian pulls are folded into the inverse
covariance
``P = 1 - H H'``, and the signal's normalisation, with pull variance s^2 and k = 1/s^2, profiles in closed form:

    chi2 = y'Py + k - (u + k)^2 / (v + k),    u = y'PN,  v = N'PN,

where every term stays bounded however large the signal is. u and v are polynomials of degree 2 and 4 in y, computed
once for each mass. The quenching scale eta makes u and v piecewise polynomials in eta as well (see
`cevns.folding.EtaPieces`), and a safeguarded Newton search profiles it; a piece is computed when a search first enters
it.
"""

from cpython.pycapsule cimport PyCapsule_GetContext, PyCapsule_New, PyCapsule_SetContext
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.math cimport INFINITY, NAN, exp, fabs, fmax, fmin, sqrt
from libc.stdlib cimport free, malloc, qsort
from libc.string cimport memset

cimport numpy as np

import sys

import numpy as np

from cevns import checks

np.import_array()

cdef enum:
    MAX_ORDER = 8  # eta nodes in a piece
    SEEDS = 160  # couplings on the logarithmic axis of a root search
    MAX_INTERVALS = 16
    ROUGH_POINTS = 4  # looks at eta in each piece of a rough term

# a Newton step in eta below this leaves less than 1e-8 of chi2, also across a jump of its second derivative
cdef double ETA_STEP = 3e-5


# --- one term at one mass --------------------------------------------------------------------------------------------

cdef inline Py_ssize_t piece_size(const term_t *t) noexcept nogil:
    # u has three and v five coefficients in y for each power of t
    return 8 * t.order


cdef inline Py_ssize_t folded_size(const term_t *t) noexcept nogil:
    return 2 * t.pieces * t.order * t.bins if t.rough else 0


cdef void start_row(const term_t *t, row_t *row, double mass_squared) noexcept nogil:
    """Compute the rates' mass-dependent parts and forget all pieces."""
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
    row.eta = 1.0
    row.piece = -1
    if t.rough:
        for n in range(t.pieces * t.order):
            fold(t, row, n, row.folded + 2 * n * t.bins, row.folded + (2 * n + 1) * t.bins)


cdef inline void fold(const term_t *t, const row_t *row, Py_ssize_t node, double *b, double *c) noexcept nogil:
    """Counts' coefficients B and C of all bins at one node of eta."""
    cdef Py_ssize_t i, j, r, n
    cdef double b0, c0, b1, c1
    cdef const double *w
    cdef const double *x
    for i in range(t.bins):
        r = node * t.bins + i
        w = t.weights + t.pointers[r]
        n = t.pointers[r + 1] - t.pointers[r]
        x = row.rates + 2 * t.firsts[r]
        b0 = c0 = b1 = c1 = 0.0
        # two chains hide the latency of the sums
        j = 0
        while j + 1 < n:
            b0 += w[j] * x[2 * j]
            c0 += w[j] * x[2 * j + 1]
            b1 += w[j + 1] * x[2 * j + 2]
            c1 += w[j + 1] * x[2 * j + 3]
            j += 2
        if j < n:
            b0 += w[j] * x[2 * j]
            c0 += w[j] * x[2 * j + 1]
        b[i] = b0 + b1
        c[i] = c0 + c1


cdef void build_piece(const term_t *t, row_t *row, Py_ssize_t piece) noexcept nogil:
    """Compute u and v of a piece as polynomials in t (its range mapped to [-1, 1]) and y."""
    cdef double values[8 * MAX_ORDER]
    cdef double *b = row.counts
    cdef double *c = row.counts + t.bins
    cdef Py_ssize_t m, k, j, node
    cdef double *out = row.pieces + piece * piece_size(t)
    cdef double total
    for m in range(t.order):
        node = piece * t.order + m
        fold(t, row, node, b, c)
        moments(t, node, b, c, values + 8 * m)
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
    row.built[piece] = 1


cdef inline void moments(const term_t *t, Py_ssize_t node, const double *b, const double *c,
                         double *out) noexcept nogil:
    """The coefficients in y of u (three) and v (five) at one node of eta."""
    cdef const double *a = t.sm + node * t.bins
    cdef const double *h
    cdef double ab = 0.0, ac = 0.0, bb = 0.0, bc = 0.0, cc = 0.0, ub = 0.0, uc = 0.0, ha, hb, hc
    cdef Py_ssize_t i, k
    for i in range(t.bins):
        ab += a[i] * b[i]
        ac += a[i] * c[i]
        bb += b[i] * b[i]
        bc += b[i] * c[i]
        cc += c[i] * c[i]
        ub += t.data[i] * b[i]
        uc += t.data[i] * c[i]
    for k in range(t.backgrounds):
        h = t.modes + k * t.bins
        ha = t.sm_modes[node * t.backgrounds + k]
        hb = hc = 0.0
        for i in range(t.bins):
            hb += h[i] * b[i]
            hc += h[i] * c[i]
        ab -= ha * hb
        ac -= ha * hc
        bb -= hb * hb
        bc -= hb * hc
        cc -= hc * hc
    out[0] = t.sm_u[node]
    out[1] = ub
    out[2] = uc
    out[3] = t.sm_v[node]
    out[4] = 2.0 * ab
    out[5] = bb + 2.0 * ac
    out[6] = 2.0 * bc
    out[7] = cc


cdef inline double quadratic_c(const double *k, double y) noexcept nogil:
    return k[0] + y * (k[1] + y * k[2])


cdef inline double quartic_c(const double *k, double y) noexcept nogil:
    return k[0] + y * (k[1] + y * (k[2] + y * (k[3] + y * k[4])))


cdef inline double profiled_c(const term_t *t, double u, double v) noexcept nogil:
    """chi2 with the signal's normalisation and the backgrounds profiled."""
    return t.base - (u + t.pull) * (u + t.pull) / (v + t.pull)


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


cdef double direct_chi2(const term_t *t, row_t *row, double y, double eta, Py_ssize_t piece) noexcept nogil:
    """chi2 of a rough term at one eta, from the counts themselves.

    u and v come from one vector of counts, so that chi2 cannot become negative however steep the counts are in eta.
    """
    cdef double basis[MAX_ORDER]
    cdef double x = (2.0 * eta - t.eta_edges[piece] - t.eta_edges[piece + 1]) / (
        t.eta_edges[piece + 1] - t.eta_edges[piece])
    cdef double power = 1.0, count, u = 0.0, v = 0.0, h
    cdef const double *f
    cdef Py_ssize_t i, k, m, node
    for m in range(t.order):
        basis[m] = 0.0
    for k in range(t.order):
        for m in range(t.order):
            basis[m] += t.to_powers[k * t.order + m] * power
        power *= x
    for i in range(t.bins):
        count = 0.0
        for m in range(t.order):
            node = piece * t.order + m
            f = row.folded + 2 * node * t.bins
            count += basis[m] * (t.sm[node * t.bins + i] + y * (f[i] + y * f[t.bins + i]))
        # interpolation may leave a negative trace where counts vanish
        row.counts[i] = fmax(count, 0.0)
        u += t.data[i] * row.counts[i]
        v += row.counts[i] * row.counts[i]
    for k in range(t.backgrounds):
        h = 0.0
        for i in range(t.bins):
            h += t.modes[k * t.bins + i] * row.counts[i]
        v -= h * h
    return profiled_c(t, u, fmax(v, 0.0)) + (eta - 1.0) * (eta - 1.0) * t.inverse_eta_variance


cdef inline double rough_point(const term_t *t, Py_ssize_t m) noexcept nogil:
    """The m-th look at eta, piece edges among them: where a spectrum leaves a bin, chi2 may have a narrow minimum."""
    cdef Py_ssize_t piece = m // ROUGH_POINTS
    if piece >= t.pieces:
        return t.eta_edges[t.pieces]
    return t.eta_edges[piece] + (t.eta_edges[piece + 1] - t.eta_edges[piece]) * (
        <double> (m % ROUGH_POINTS)) / ROUGH_POINTS


cdef inline double rough_value(const term_t *t, row_t *row, double y, double eta) noexcept nogil:
    return direct_chi2(t, row, y, eta, find_piece(t, eta, -1))


cdef double golden_minimum(const term_t *t, row_t *row, double y, double left, double right, double *at) noexcept nogil:
    """Least chi2 of a rough term between two values of eta by golden section, which no kink can mislead."""
    cdef double golden = 0.6180339887498949
    cdef double x1 = right - golden * (right - left), x2 = left + golden * (right - left)
    cdef double f1 = rough_value(t, row, y, x1), f2 = rough_value(t, row, y, x2)
    while right - left > 1e-7:
        if f1 < f2:
            right, x2, f2 = x2, x1, f1
            x1 = right - golden * (right - left)
            f1 = rough_value(t, row, y, x1)
        else:
            left, x1, f1 = x1, x2, f2
            x2 = left + golden * (right - left)
            f2 = rough_value(t, row, y, x2)
    at[0] = x1 if f1 < f2 else x2
    return fmin(f1, f2)


cdef double rough_chi2(const term_t *t, row_t *row, double y) noexcept nogil:
    """chi2 of a rough term at one coupling: the least of all local minima between looks at eta."""
    cdef double best = INFINITY, before = INFINITY, value, after, eta = 1.0, refined
    cdef Py_ssize_t m, last = t.pieces * ROUGH_POINTS
    after = rough_value(t, row, y, rough_point(t, 0))
    for m in range(last + 1):
        value = after
        after = rough_value(t, row, y, rough_point(t, m + 1)) if m < last else INFINITY
        if value < best:
            best, row.eta = value, rough_point(t, m)
        if value <= before and value <= after:
            refined = golden_minimum(
                t, row, y, rough_point(t, m - 1 if m > 0 else 0), rough_point(t, m + 1 if m < last else last), &eta)
            if refined < best:
                best, row.eta = refined, eta
        before = value
    return best


cdef double row_chi2(const term_t *t, row_t *row, double y) noexcept nogil:
    """chi2 of one term at one coupling with eta profiled; starts from the eta of the last call and leaves its own."""
    cdef double u[MAX_ORDER]
    cdef double v[MAX_ORDER]
    cdef double low, high, eta, s = 0.0, x, step, value, first, second, centre = 0.0
    cdef double u0, u1, u2, v0, v1, v2, r, r1, d
    cdef Py_ssize_t piece, k, last = -1
    cdef const double *p
    cdef int _
    if t.order == 1:
        if not row.built[0]:
            build_piece(t, row, 0)
        return profiled_c(t, quadratic_c(row.pieces, y), quartic_c(row.pieces + 3, y))
    if t.rough:
        return rough_chi2(t, row, y)
    low, high, eta = t.eta_edges[0], t.eta_edges[t.pieces], row.eta
    piece = row.piece
    value = INFINITY
    for _ in range(100):
        piece = find_piece(t, eta, piece)
        if piece != last:
            if not row.built[piece]:
                build_piece(t, row, piece)
            p = row.pieces + piece * piece_size(t)
            for k in range(t.order):
                u[k] = quadratic_c(p + 8 * k, y)
                v[k] = quartic_c(p + 8 * k + 3, y)
            last = piece
            s = 2.0 / (t.eta_edges[piece + 1] - t.eta_edges[piece])
            centre = 0.5 * (t.eta_edges[piece + 1] + t.eta_edges[piece])
        x = s * (eta - centre)
        # Horner for value, first and half the second derivative
        u0, u1, u2 = u[t.order - 1], 0.0, 0.0
        v0, v1, v2 = v[t.order - 1], 0.0, 0.0
        for k in range(t.order - 2, -1, -1):
            u2 = u2 * x + u1
            v2 = v2 * x + v1
            u1 = u1 * x + u0
            v1 = v1 * x + v0
            u0 = u0 * x + u[k]
            v0 = v0 * x + v[k]
        d = v0 + t.pull
        r = (u0 + t.pull) / d
        r1 = (u1 - r * v1) / d
        value = t.base - (u0 + t.pull) * r + (eta - 1.0) * (eta - 1.0) * t.inverse_eta_variance
        first = -r * (2.0 * u1 - r * v1) * s + 2.0 * (eta - 1.0) * t.inverse_eta_variance
        second = (-2.0 * d * r1 * r1 - r * (4.0 * u2 - 2.0 * r * v2)) * s * s + 2.0 * t.inverse_eta_variance
        if first > 0.0:
            high = eta
        else:
            low = eta
        step = -first / second if second > 0.0 else NAN
        if fabs(step) < ETA_STEP:
            # the rest of a converged Newton step is known to second order
            value += 0.5 * first * step
            eta = fmin(fmax(eta + step, t.eta_edges[0]), t.eta_edges[t.pieces])
            break
        if high - low < ETA_STEP * 1e-3:
            break
        eta += step
        # the minimum lies between low and high; a step out of there, or none, becomes a bisection. At the first steps
        # the bracket is the whole range, and a step onto its very end is taken to see whether the minimum lies there
        if not low < eta < high:
            if eta <= low and low == t.eta_edges[0] and first > 0.0:
                eta = low + 1e-9
            elif eta >= high and high == t.eta_edges[t.pieces] and first <= 0.0:
                eta = high - 1e-9
            else:
                eta = 0.5 * (low + high)
    row.eta = eta
    row.piece = last
    return value


# --- all terms -------------------------------------------------------------------------------------------------------

cdef double sum_chi2(const term_t **t, row_t *rows, Py_ssize_t n, double y) noexcept nogil:
    cdef Py_ssize_t i
    cdef double total = 0.0
    for i in range(n):
        total += row_chi2(t[i], rows + i, y)
    return total


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
        rows[i].counts = numbers
        numbers += 2 * t[i].bins
        rows[i].pieces = numbers
        numbers += t[i].pieces * piece_size(t[i])
        rows[i].folded = numbers
        numbers += folded_size(t[i])
        rows[i].built = marks
        marks += t[i].pieces
    return rows


cdef void start_rows(const term_t **t, row_t *rows, Py_ssize_t n, double mass_squared) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        start_row(t[i], rows + i, mass_squared)


cdef double point_c(const term_t **t, Py_ssize_t n, Py_ssize_t space, Py_ssize_t flags, double mass_squared,
                    double y) noexcept nogil:
    """chi2 at one point; NaN if there is no memory."""
    cdef row_t *rows = open_rows(t, n, space, flags)
    cdef double value
    if rows == NULL:
        return NAN
    start_rows(t, rows, n, mass_squared)
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


cdef double nquad_chi2(int n, double *x, void *data) noexcept nogil:
    return chi2_c(<const bound_t *> data, x[0], x[1])


cdef double nquad_likelihood(int n, double *x, void *data) noexcept nogil:
    return exp(-0.5 * chi2_c(<const bound_t *> data, x[0], x[1]))


# --- minima and level crossings along the coupling -------------------------------------------------------------------

cdef int compare(const void *a, const void *b) noexcept nogil:
    cdef double x = (<const double *> a)[0], y = (<const double *> b)[0]
    return (x > y) - (x < y)


cdef Py_ssize_t seed_couplings(const term_t **t, row_t *rows, Py_ssize_t n, bint two_sided,
                               double *seeds) noexcept nogil:
    """Fill `seeds` with ascending values of y between which chi2 has no hidden structure; return how many.

    A logarithmic axis from where the signal changes by a thousandth of an uncertainty to where the standard-model part
    is negligible, and for every bin the y where its count returns to the standard model's, turns around, or about meets
    the data. The last ones follow a degenerate strip however narrow good data make it.
    """
    cdef double *b
    cdef double *c
    cdef double largest_b = 0.0, largest_c = 0.0, low, high, ratio, y, root
    cdef Py_ssize_t i, k, _, count = 0, node
    for i in range(n):
        node = 0 if t[i].order == 1 else find_piece(t[i], 1.0, -1) * t[i].order + t[i].order // 2
        b, c = rows[i].counts, rows[i].counts + t[i].bins
        fold(t[i], rows + i, node, b, c)
        for k in range(t[i].bins):
            largest_b = fmax(largest_b, fabs(b[k]))
            largest_c = fmax(largest_c, c[k])
    if largest_c == 0.0:
        return 0
    low = sqrt(1e-3 / largest_c)
    if largest_b > 0.0:
        low = fmin(low, 1e-3 / largest_b)
    high = fmax(1e5 / sqrt(largest_c), 1e4 * largest_b / largest_c)
    ratio = (high / low) ** (1.0 / (SEEDS - 1))
    y = low
    seeds[0] = 0.0
    count = 1
    for _ in range(SEEDS):
        seeds[count] = y
        count += 1
        if two_sided:
            seeds[count] = -y
            count += 1
        y *= ratio
    for i in range(n):
        node = 0 if t[i].order == 1 else find_piece(t[i], 1.0, -1) * t[i].order + t[i].order // 2
        b, c = rows[i].counts, rows[i].counts + t[i].bins
        for k in range(t[i].bins):
            if c[k] <= 1e-12 * largest_c:
                continue
            y = -0.5 * b[k] / c[k]
            root = y * y + (t[i].data[k] - t[i].sm[node * t[i].bins + k]) / c[k]
            add_seed(seeds, &count, y, two_sided)
            add_seed(seeds, &count, 2.0 * y, two_sided)
            if root > 0.0:
                add_seed(seeds, &count, y - sqrt(root), two_sided)
                add_seed(seeds, &count, y + sqrt(root), two_sided)
    qsort(seeds, count, sizeof(double), compare)
    return count


cdef inline void add_seed(double *seeds, Py_ssize_t *count, double y, bint two_sided) noexcept nogil:
    if y > 0.0 or two_sided:
        seeds[count[0]] = y
        count[0] += 1


cdef double turning_point(const term_t **t, row_t *rows, Py_ssize_t n, double left, double right, double sign,
                          double *at) noexcept nogil:
    """Minimum of sign x chi2 between two couplings by golden section and parabolas (Brent's method)."""
    cdef double golden = 0.3819660112501051
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

    Regula falsi with the Illinois weights, and a bisection wherever two steps did not halve the bracket.
    """
    cdef double x, fx, before
    cdef int iteration, side = 0
    for iteration in range(120):
        before = fabs(b - a)
        if before <= 1e-11 * fmax(fabs(a), fabs(b)):
            break
        x = (a * fb - b * fa) / (fb - fa)
        if iteration % 3 == 2 or not fmin(a, b) < x < fmax(a, b):
            x = 0.5 * (a + b)
        fx = sum_chi2(t, rows, n, x) - level
        if fx == 0.0:
            return x
        if (fx > 0.0) == (fb > 0.0):
            b, fb = x, fx
            if side == 1:
                fa *= 0.5
            side = 1
        else:
            a, fa = x, fx
            if side == -1:
                fb *= 0.5
            side = -1
    return 0.5 * (a + b)


cdef double row_minimum(const term_t **t, row_t *rows, Py_ssize_t n, bint two_sided, double *seeds, double *values,
                        double *at) noexcept nogil:
    """Least chi2 over all couplings at the rows' mass, and where."""
    cdef Py_ssize_t count = seed_couplings(t, rows, n, two_sided, seeds), k
    cdef double best, x = 0.0, value
    if count == 0:
        at[0] = 0.0
        return sum_chi2(t, rows, n, 0.0)
    best = INFINITY
    for k in range(count):
        values[k] = sum_chi2(t, rows, n, seeds[k])
        if values[k] < best:
            best = values[k]
            at[0] = seeds[k]
    for k in range(1, count - 1):
        # a local minimum whose seeds come close to the best one may hold it
        if values[k] <= values[k - 1] and values[k] <= values[k + 1] and values[k] < best + 1.0:
            value = turning_point(t, rows, n, seeds[k - 1], seeds[k + 1], 1.0, &x)
            if value < best:
                best = value
                at[0] = x
    return best


cdef Py_ssize_t row_crossings(const term_t **t, row_t *rows, Py_ssize_t n, bint two_sided, double level, double *seeds,
                              double *values, double *out, char *above_first) noexcept nogil:
    """All couplings where chi2 crosses `level`, ascending, into `out`; whether chi2 starts above it."""
    cdef Py_ssize_t count = seed_couplings(t, rows, n, two_sided, seeds), k, found = 0
    cdef double x, f
    if count == 0:
        above_first[0] = sum_chi2(t, rows, n, 0.0) > level
        return 0
    for k in range(count):
        values[k] = sum_chi2(t, rows, n, seeds[k]) - level
    above_first[0] = values[0] > 0.0
    for k in range(1, count):
        if (values[k] > 0.0) != (values[k - 1] > 0.0):
            out[found] = crossing(t, rows, n, level, seeds[k - 1], values[k - 1], seeds[k], values[k])
            found += 1
        elif k + 1 < count and (values[k + 1] > 0.0) == (values[k] > 0.0):
            # an extremum towards the level between three seeds on one side of it may touch it
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
        if found > 2 * MAX_INTERVALS - 3:
            break
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
    """Term(q2, b, c, weights, sm, data, modes, base, pull, eta_edges=None, to_powers=None, eta_sigma=0.0, rough=False)

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
    base : float
        y'Py + 1/s^2.
    pull : float
        1/s^2 of the signal's normalisation.
    eta_edges : ndarray, shape (pieces + 1,), optional
        Pieces of eta; `sm` and `weights` then hold the nodes of each in turn.
    to_powers : ndarray, shape (order, order), optional
        From values at a piece's nodes to powers of t.
    eta_sigma : float
        Uncertainty of eta.
    rough : bool
        Whether to search all of eta for the least chi2 rather than from 1 downhill.
    """

    def __cinit__(self, q2, b, c, Weights weights not None, sm, data, modes, double base, double pull,
                  eta_edges=None, to_powers=None, double eta_sigma=0.0, bint rough=False):
        self.arguments = (q2, b, c, weights, sm, data, modes, base, pull, eta_edges, to_powers, eta_sigma, rough)
        cdef term_t *t = &self.t
        t.nuclei, t.cols = q2.shape
        t.bins, t.backgrounds = sm.shape[1], modes.shape[0]
        t.pieces = 1 if eta_edges is None else len(eta_edges) - 1
        t.order = 1 if to_powers is None else len(to_powers)
        nodes = t.pieces * t.order
        shapes = {
            "b": (b, q2.shape), "c": (c, q2.shape), "sm": (sm, (nodes, t.bins)), "data": (data, (t.bins,)),
            "modes": (modes, (t.backgrounds, t.bins)), "weights": (weights.firsts, (nodes * t.bins,)),
        }
        for name, (array, shape) in shapes.items():
            if array.shape != shape:
                raise ValueError(f"{name} has shape {array.shape}, needed: {shape}")
        if t.order > MAX_ORDER or weights.cols != t.cols or (eta_edges is None) != (to_powers is None):
            raise ValueError("eta nodes, weights and rates do not fit together")
        sm_modes = sm @ modes.T
        arrays = [np.ascontiguousarray(x, dtype=float).ravel() for x in (
            q2, b, c, weights.values, sm, data, modes, sm_modes, sm @ data,
            (sm * sm).sum(axis=1) - (sm_modes**2).sum(axis=1),
            [1.0] if to_powers is None else to_powers, [1.0, 1.0] if eta_edges is None else eta_edges)]
        self.owned = (weights, *arrays)
        t.q2, t.b, t.c = address(arrays[0]), address(arrays[1]), address(arrays[2])
        t.weights, t.sm, t.data, t.modes = (
            address(arrays[3]), address(arrays[4]), address(arrays[5]), address(arrays[6]))
        t.sm_modes, t.sm_u, t.sm_v = address(arrays[7]), address(arrays[8]), address(arrays[9])
        t.to_powers, t.eta_edges = address(arrays[10]), address(arrays[11])
        t.pointers, t.firsts = index_address(weights.pointers), index_address(weights.firsts)
        t.base, t.pull = base, pull
        t.inverse_eta_variance = 1.0 / (eta_sigma * eta_sigma) if eta_sigma > 0.0 else 0.0
        t.rough = rough and t.order > 1

    @property
    def rough(self):
        """Whether all of eta is searched."""
        return bool(self.t.rough)

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
            self.space += 2 * (term.t.cols + term.t.bins) + term.t.pieces * piece_size(&term.t) + folded_size(&term.t)
            self.flags += term.t.pieces
            self.seeds += 4 * term.t.bins
        self.seeds += 2 * SEEDS + 1

    def __dealloc__(self):
        free(self.t)

    def __reduce__(self):
        return Engine, (self.terms,)

    @property
    def scale(self):
        """Size of the terms whose difference chi2 is: its rounding is of the order of 1e-15 of this."""
        cdef Py_ssize_t i
        cdef double total = 0.0
        for i in range(self.n):
            total += self.t[i].base
        return total

    def chi2(self, double mass_squared, double y):
        """Return chi2 at one point."""
        cdef double value
        with nogil:
            value = point_c(self.t, self.n, self.space, self.flags, mass_squared, y)
        if value != value:
            raise MemoryError
        return value

    def profile(self, double mass_squared, double y):
        """Return, for each term, chi2, the best eta and the best signal normalisation at one point."""
        cdef row_t *rows = open_rows(self.t, self.n, self.space, self.flags)
        cdef Py_ssize_t i, node
        cdef const term_t *t
        cdef double value, x, u, v
        cdef Py_ssize_t k
        cdef const double *p
        if rows == NULL:
            raise MemoryError
        out = []
        start_rows(self.t, rows, self.n, mass_squared)
        for i in range(self.n):
            t = self.t[i]
            value = row_chi2(t, rows + i, y)
            u = v = 0.0
            if t.rough:
                # the last look at eta need not have been the best one
                direct_chi2(t, rows + i, y, rows[i].eta, find_piece(t, rows[i].eta, -1))
                for k in range(t.bins):
                    u += t.data[k] * rows[i].counts[k]
                    v += rows[i].counts[k] * rows[i].counts[k]
                for node in range(t.backgrounds):
                    x = 0.0
                    for k in range(t.bins):
                        x += t.modes[node * t.bins + k] * rows[i].counts[k]
                    v -= x * x
                out.append((value, rows[i].eta, (u + t.pull) / (v + t.pull)))
                continue
            node = 0 if t.order == 1 else find_piece(t, rows[i].eta, -1)
            if not rows[i].built[node]:
                build_piece(t, rows + i, node)
            p = rows[i].pieces + node * piece_size(t)
            x = 0.0 if t.order == 1 else (
                2.0 * rows[i].eta - t.eta_edges[node] - t.eta_edges[node + 1]) / (
                    t.eta_edges[node + 1] - t.eta_edges[node])
            for k in range(t.order - 1, -1, -1):
                u = u * x + quadratic_c(p + 8 * k, y)
                v = v * x + quartic_c(p + 8 * k + 3, y)
            out.append((value, rows[i].eta, (u + t.pull) / (v + t.pull)))
        free(rows)
        return out

    def pairs(self, const double[::1] mass_squared not None, const double[::1] y not None, double[::1] out not None):
        """Write chi2 of pairs (mass squared, y) into `out`; runs of equal masses share their work."""
        cdef Py_ssize_t i, n = min(mass_squared.shape[0], y.shape[0], out.shape[0])
        cdef row_t *rows
        with nogil:
            rows = open_rows(self.t, self.n, self.space, self.flags)
            if rows != NULL:
                for i in range(n):
                    if i == 0 or mass_squared[i] != mass_squared[i - 1]:
                        start_rows(self.t, rows, self.n, mass_squared[i])
                    out[i] = sum_chi2(self.t, rows, self.n, y[i])
            free(rows)
        if rows == NULL:
            raise MemoryError

    def grid(self, const double[::1] mass_squared not None, const double[::1] y not None,
             double[:, ::1] out not None):
        """Write chi2 on a grid into `out`, shape (masses, couplings)."""
        cdef Py_ssize_t i, j, n = min(mass_squared.shape[0], out.shape[0]), m = min(y.shape[0], out.shape[1])
        cdef row_t *rows
        with nogil:
            rows = open_rows(self.t, self.n, self.space, self.flags)
            if rows != NULL:
                for i in range(n):
                    start_rows(self.t, rows, self.n, mass_squared[i])
                    for j in range(m):
                        out[i, j] = sum_chi2(self.t, rows, self.n, y[j])
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
                    start_rows(self.t, rows, self.n, mass_squared[i])
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
            How many there are.
        above : array of int8, shape (m,)
            Whether chi2 lies above the level before the first one.
        """
        cdef Py_ssize_t i, n = min(mass_squared.shape[0], out.shape[0], counts.shape[0], above.shape[0])
        cdef row_t *rows
        cdef double *seeds
        if out.shape[1] < 2 * MAX_INTERVALS:
            raise ValueError(f"out needs {2 * MAX_INTERVALS} columns")
        with nogil:
            rows = open_rows(self.t, self.n, self.space, self.flags)
            seeds = <double *> malloc(2 * self.seeds * sizeof(double))
            if rows != NULL and seeds != NULL:
                for i in range(n):
                    start_rows(self.t, rows, self.n, mass_squared[i])
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

    cdef bint inside(self, double mass, double coupling) noexcept nogil:
        return inside_c(&self.c, mass, coupling)

    def refuse(self, double mass, double coupling):
        """Let the model say what is wrong with a point."""
        self.model.check_mass(mass, low=self.c.smallest_mass)
        self.model.check_coupling(coupling)
        raise MemoryError


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

    def __call__(self, double mass, double coupling):
        """Return chi2 for one mass [MeV] and one coupling, nuisances profiled; models without a mass ignore it.

        Raises
        ------
        InputError
            If a value is out of range.
        """
        cdef double value
        with nogil:
            value = chi2_c(&self.c, mass, coupling)
        if value != value:
            self.refuse(mass, coupling)
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
        cdef row_t *row = open_rows(&t, 1, 2 * (t.cols + t.bins) + t.pieces * piece_size(t) + folded_size(t), t.pieces)
        cdef Py_ssize_t i
        if row == NULL:
            with gil:
                raise MemoryError
        start_row(t, row, mass_squared)
        fold(t, row, 0, row.counts, row.counts + t.bins)
        for i in range(t.bins):
            out[i] = t.sm[i] + y * (row.counts[i] + y * row.counts[t.bins + i])
        free(row)
        return 0

    def __call__(self, double mass, double coupling):
        """Return counts, shape (bins,), for one mass [MeV] and one coupling; models without a mass ignore it.

        Raises
        ------
        InputError
            If a value is out of range.
        """
        cdef Py_ssize_t bins = self.term.t.bins
        if not self.inside(mass, coupling):
            self.refuse(mass, coupling)
        out = np.PyArray_SimpleNew(1, <np.npy_intp *> &bins, np.NPY_DOUBLE)
        self.counts(mass_squared_c(&self.c, mass), strength_c(&self.c, coupling), <double *> np.PyArray_DATA(out))
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
    return 2 * MAX_INTERVALS
