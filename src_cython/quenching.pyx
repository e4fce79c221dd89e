"""chi2 with the quenching scale eta profiled, the last nuisance of eqs. 4.1 and 4.2 (arXiv:2008.05022).

In each piece of eta, u and v of `gaussian.pyx` are polynomials, computed when a search first enters it. Where chi2 is
convex in eta, which a sample of masses and couplings tells, Newton steps find its only minimum; a walk across the kinks
between pieces, if there are any, finds the others (see `kinks.pyx`). Elsewhere a point alone looks whether chi2 is
convex there, as far as its penalty allows another minimum to be; and where it is not, every point looks at all of eta
that its penalty allows. Either way the answer is the least chi2 and does not know what was asked before.
"""

from libc.math cimport INFINITY, NAN, fabs, fmax, fmin, sqrt

from cevns.kernels.counts cimport fold_piece
from cevns.kernels.gaussian cimport (
    POLYNOMIALS, REST, TABLE, build_piece, build_table, direct_chi2, look_chi2, penalty, polynomial_size,
    profiled, row_t, term_t)
from cevns.kernels.kinks cimport (
    LANES, LARGE_BASE, across_kinks, alone_in_eta, at_coupling, chi2_here, eta_derivatives, lanes_t, least_here,
    row_polynomials)
from cevns.kernels.masses cimport mass_point_t, mass_polynomials
from cevns.kernels.pieces cimport MAX_ORDER
from cevns.kernels.polynomials cimport find_piece, quadratic, quartic


# a Newton step in eta after which the next one is nothing
cdef double SMALL_STEP = 1e-6
# share of a number by which its last digits are not known
cdef double ROUNDING = 1e-15

# --- where chi2 is convex in eta -------------------------------------------------------------------------------------

cdef double convex_chi2(const term_t *t, row_t *row, double y) noexcept nogil:
    """chi2 of a term that is convex in eta: Newton steps to the only minimum; NaN where it proves not to be convex.

    They start from where the row's last points lead, and go on until where they started cannot be told.
    """
    cdef double u[MAX_ORDER]
    cdef double v[MAX_ORDER]
    cdef double low = t.eta_edges[0], high = t.eta_edges[t.pieces], s = 0.0, step
    cdef double eta = fmin(fmax(row.eta + row.drift * (y - row.y), low), high)
    cdef double centre = 0.0, first = 0.0, second = 0.0, value
    cdef double eta_step = SMALL_STEP if t.searched else t.eta_step
    cdef Py_ssize_t piece = row.piece, last = -1
    cdef const double *p
    cdef bint low_tried = False, high_tried = False, inside = False
    cdef int _
    for _ in range(100):
        piece = find_piece(t.eta_edges, t.pieces, eta, piece)
        if piece != last:
            p = row_polynomials(t, row, piece, False)
            if p == NULL:
                return NAN
            at_coupling(t, p, y, u, v)
            last = piece
            s = 2.0 / (t.eta_edges[piece + 1] - t.eta_edges[piece])
            centre = 0.5 * (t.eta_edges[piece + 1] + t.eta_edges[piece])
        eta_derivatives(t, u, v, s * (eta - centre), s, eta, &first, &second)
        if not second > 0.0:
            return NAN
        if (eta == t.eta_edges[0] and first >= 0.0) or (eta == t.eta_edges[t.pieces] and first <= 0.0):
            break
        if first > 0.0:
            high = eta
        else:
            low = eta
        step = -first / second
        eta += step
        if fabs(step) < eta_step:
            # what is left of eta is of the order of the step's square, unless it leads into another piece
            if eta <= t.eta_edges[0]:
                eta = t.eta_edges[0]
                break
            if eta >= t.eta_edges[t.pieces]:
                eta = t.eta_edges[t.pieces]
                break
            if t.eta_edges[piece] <= eta <= t.eta_edges[piece + 1]:
                inside = True
                break
            if fabs(step) < 1e-9:
                eta = fmin(fmax(eta, t.eta_edges[piece]), t.eta_edges[piece + 1])
                break
        if high - low < 1e-12:
            eta = fmin(fmax(eta, low), high)
            piece = find_piece(t.eta_edges, t.pieces, eta, piece)
            break
        # the minimum lies between low and high; a step out of there becomes a bisection, except that the very end of
        # the range is tried first
        if not low < eta < high:
            if eta <= low == t.eta_edges[0] and not low_tried:
                eta, low_tried = low, True
            elif eta >= high == t.eta_edges[t.pieces] and not high_tried:
                eta, high_tried = high, True
            else:
                eta = 0.5 * (low + high)
    else:
        return NAN
    row.drift = (eta - row.eta) / (y - row.y) if y != row.y else 0.0
    row.eta = eta
    row.y = y
    row.piece = piece
    if piece != last:
        p = row_polynomials(t, row, piece, False)
        if p == NULL:
            return NAN
        at_coupling(t, p, y, u, v)
    if not inside:
        return chi2_here(t, row, y, eta, piece, u, v, NULL)
    value = least_here(t, row, y, &eta, piece, u, v)
    row.eta = eta
    return value


cdef double only_chi2(const term_t *t, row_t *row, double y) noexcept nogil:
    """chi2 of a term that is convex in every piece of eta; NaN where it proves not to be."""
    cdef double best = convex_chi2(t, row, y)
    return across_kinks(t, row, y, best) if t.kinked and best == best else best


cdef double convex_here(const term_t *t, row_t *row, double y) noexcept nogil:
    """chi2 of a single point if it proves to be convex in eta wherever a minimum may be; or else NaN.

    Its third derivative does not change much within a piece, unless counts vanish there.
    """
    cdef double u[MAX_ORDER]
    cdef double v[MAX_ORDER]
    cdef double best, reach, s, eta, first = 0.0, second = 0.0, before = -INFINITY
    cdef Py_ssize_t piece, last
    cdef const double *p
    cdef int look
    best = convex_chi2(t, row, y)
    if best != best:
        return NAN
    reach = sqrt(best / t.inverse_eta_variance)
    piece = find_piece(t.eta_edges, t.pieces, t.eta_centre - reach, -1)
    last = find_piece(t.eta_edges, t.pieces, t.eta_centre + reach, -1)
    while piece <= last:
        if t.first_looks[piece + 1] - t.first_looks[piece] > USUAL_LOOKS:
            return NAN
        p = row_polynomials(t, row, piece, False)
        if p == NULL:
            return NAN
        at_coupling(t, p, y, u, v)
        s = 2.0 / (t.eta_edges[piece + 1] - t.eta_edges[piece])
        for look in range(3):
            eta = t.eta_edges[piece] + look / s
            eta_derivatives(t, u, v, look - 1.0, s, eta, &first, &second)
            # the slope must grow across the edge of two pieces, too
            if not (second > 2.0 * CONVEX_MARGIN * t.inverse_eta_variance and (
                    look > 0 or first >= before - 1e-5 * (fabs(first) + sqrt(t.inverse_eta_variance)))):
                return NAN
        before = first
        piece += 1
    return best


cdef bint convex_lanes(const term_t *t, row_t *row, const double *y, double *out) noexcept nogil:
    """Add chi2 of a convex term at LANES couplings side by side, which vector instructions take at once.

    Returns False, and adds nothing, unless all of them stay in the piece of the row's last point and converge soon.
    """
    cdef double u[MAX_ORDER][LANES]
    cdef double v[MAX_ORDER][LANES]
    cdef lanes_t here
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
    cdef double r, r1, d, s, low, high, centre, inverse = t.inverse_eta_variance, pull = t.pull, lift = t.lift, largest
    cdef double middle = t.eta_centre
    cdef const double *p
    cdef Py_ssize_t k, piece = row.piece, order = t.order
    cdef int lane, _
    if piece < 0 or not row.counts.built[piece] & REST or t.base > LARGE_BASE:
        return False
    low, high = t.eta_edges[piece], t.eta_edges[piece + 1]
    s = 2.0 / (high - low)
    centre = 0.5 * (high + low)
    p = row.polynomials + piece * polynomial_size(t)
    for lane in range(LANES):
        eta[lane] = row.eta + row.drift * (y[lane] - row.y)
    for k in range(order):
        for lane in range(LANES):
            u[k][lane] = quadratic(p + 8 * k, y[lane])
            v[k][lane] = quartic(p + 8 * k + 3, y[lane])
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
            r = (u0[lane] + lift) * d
            r1 = u1[lane] - r * v1[lane]
            second[lane] = (-2.0 * r1 * r1 * d - r * (4.0 * u2[lane] - 2.0 * r * v2[lane])) * s * s + 2.0 * inverse
            step[lane] = (r * (2.0 * u1[lane] - r * v1[lane]) * s - 2.0 * (eta[lane] - middle) * inverse) / second[lane]
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
    if t.kinked:
        # a copy, lest the compiler has to keep u and v in memory where nobody else reads them
        for k in range(order):
            for lane in range(LANES):
                here.u[k][lane], here.v[k][lane] = u[k][lane], v[k][lane]
        if not alone_in_eta(t, row, y, &here):
            return False
    for lane in range(LANES):
        x[lane] = s * (eta[lane] - centre)
        u0[lane] = u[order - 1][lane]
        v0[lane] = v[order - 1][lane]
        v1[lane] = quartic(p + 8 * order + 5 * (order - 2), y[lane])
        v2[lane] = x[lane] - t.points[0]
    for k in range(order - 2, -1, -1):
        for lane in range(LANES):
            u0[lane] = u0[lane] * x[lane] + u[k][lane]
            v0[lane] = v0[lane] * x[lane] + v[k][lane]
    for k in range(order - 3, -1, -1):
        for lane in range(LANES):
            v1[lane] = v1[lane] * x[lane] + quartic(p + 8 * order + 5 * k, y[lane])
    for k in range(1, order):
        for lane in range(LANES):
            v2[lane] *= x[lane] - t.points[k]
    for lane in range(LANES):
        out[lane] += profiled(t, u0[lane], v0[lane] + v2[lane] * v1[lane]) + penalty(t, eta[lane])
    row.drift = (eta[LANES - 1] - eta[0]) / (y[LANES - 1] - y[0]) if y[LANES - 1] != y[0] else 0.0
    row.eta, row.y = eta[LANES - 1], y[LANES - 1]
    return True


# --- the search for the least chi2 over all of eta -------------------------------------------------------------------

cdef void look_around(const term_t *t, row_t *row, double y, Py_ssize_t low, Py_ssize_t high) noexcept nogil:
    """Fill the looks of the pieces from `low` to below `high` with chi2 and its derivative in eta."""
    cdef Py_ssize_t i, piece, n = t.looks, first = t.first_looks[low], last = t.first_looks[high]
    cdef const double *k = row.table
    cdef double *value = row.looks
    cdef double *slope = row.looks + n
    cdef double u, v, u1, v1, r, base = t.base, pull = t.pull, lift = t.lift, inverse = t.inverse_eta_variance
    cdef const double *eta = t.look_etas
    cdef double centre = t.eta_centre
    if row.counts.alone:
        for piece in range(low, high):
            fold_piece(t.counts, &row.counts, piece)
            for i in range(t.first_looks[piece], t.first_looks[piece + 1]):
                value[i] = look_chi2(t, row, eta[i], piece, slope + i)
        return
    if not t.searched:
        # a term that only seemed to be convex has no table
        for piece in range(low, high):
            for i in range(t.first_looks[piece], t.first_looks[piece + 1]):
                value[i] = direct_chi2(t, row, y, eta[i], piece, slope + i, NULL)
        return
    for piece in range(low, high):
        if not row.counts.built[piece] & TABLE:
            build_table(t, row, piece)
    for i in range(first, last):
        u = k[i] + y * (k[n + i] + y * k[2 * n + i]) + lift
        v = k[3 * n + i] + y * (k[4 * n + i] + y * (k[5 * n + i] + y * (k[6 * n + i] + y * k[7 * n + i]))) + pull
        u1 = k[8 * n + i] + y * (k[9 * n + i] + y * k[10 * n + i])
        v1 = k[11 * n + i] + y * (k[12 * n + i] + y * (k[13 * n + i] + y * (k[14 * n + i] + y * k[15 * n + i])))
        r = u / v
        value[i] = base - u * r + (eta[i] - centre) * (eta[i] - centre) * inverse
        slope[i] = -r * (2.0 * u1 - r * v1) + 2.0 * (eta[i] - centre) * inverse


cdef inline double least_penalty(const term_t *t, double left, double right) noexcept nogil:
    return penalty(t, left if left > t.eta_centre else (right if right < t.eta_centre else t.eta_centre))


cdef double searched_chi2(const term_t *t, row_t *row, double y) noexcept nogil:
    """Least chi2 over all of eta: every minimum that looks at chi2 and its slope betray, refined from the counts.

    Pieces come in the order of their distance from 1; those whose penalty exceeds what was found are left out.
    """
    cdef double best, value, eta = 1.0, left, right, ended = INFINITY, steep = 0.0
    cdef const double *f = row.looks
    cdef const double *d = row.looks + t.looks
    cdef Py_ssize_t i, j, piece = find_piece(t.eta_edges, t.pieces, 1.0, -1), last, lowest = t.looks, highest = 0
    # chi2 of the looks is a difference
    cdef double noise = 1e-12 * t.base
    best = direct_chi2(t, row, y, 1.0, piece, NULL, NULL)
    row.eta, row.piece = 1.0, piece
    if row.many:
        # all that may matter at once, in one long vector
        left = sqrt(best / t.inverse_eta_variance)
        i = find_piece(t.eta_edges, t.pieces, t.eta_centre - left, -1)
        j = find_piece(t.eta_edges, t.pieces, t.eta_centre + left, -1) + 1
        look_around(t, row, y, i, j)
        lowest, highest = t.first_looks[i], t.first_looks[j] - 1
    for j in range(t.pieces):
        piece = t.nearest_pieces[j]
        if least_penalty(t, t.eta_edges[piece], t.eta_edges[piece + 1]) >= best:
            continue
        if not row.many:
            look_around(t, row, y, piece, piece + 1)
        last = t.first_looks[piece + 1] - 1
        for i in range(t.first_looks[piece], last + 1):
            eta = t.look_etas[i]
            # the ends of a piece, where it meets another one in a kink, or nothing; unless chi2 falls on into that one,
            # or they are so near to others that they tell nothing new
            if f[i] < best + noise and (
                    (i == t.first_looks[piece] and d[i] >= 0.0 and not (i > lowest and d[i - 1] > 0.0))
                    or (i == last and d[i] <= 0.0 and not (i < highest and d[i + 1] < 0.0))
                    ) and fabs(eta - ended) * fmax(fabs(d[i]), steep) > ROUNDING * best:
                value = direct_chi2(t, row, y, eta, piece, NULL, NULL)
                ended, steep = eta, fabs(d[i])
                if value < best:
                    best = value
                    row.eta, row.piece = eta, piece
            if i == last:
                break
            left, right = eta, t.look_etas[i + 1]
            # chi2 is at least the penalty of eta
            if least_penalty(t, left, right) >= best:
                continue
            # where slopes do not say that there is a minimum, chi2 may, unless it changes by its rounding
            if d[i] < 0.0 < d[i + 1] or ((d[i] < 0.0 and f[i + 1] >= f[i] or d[i + 1] > 0.0 and f[i] >= f[i + 1])
                                         and fmax(fabs(d[i]), fabs(d[i + 1])) * (right - left) > ROUNDING * t.base):
                value = refined_minimum(
                    t, row, y, piece, left, f[i], d[i], right, f[i + 1], d[i + 1], best + noise, &eta)
                if value < best:
                    best = value
                    row.eta, row.piece = eta, piece
    return best


cdef inline double depth(double a, double fa, double da, double b, double fb, double db) noexcept nogil:
    """A value below which f does not fall between a and b, where its slopes lead towards each other.

    Where f is convex it lies above its tangents; it may fall twice as far below both ends here.
    """
    cdef double least = fmin(fa, fb), meet
    if not da < 0.0 < db:
        return -INFINITY
    meet = fa + da * (fb - fa - db * (b - a)) / (da - db)
    return 2.0 * meet - least


cdef double refined_minimum(const term_t *t, row_t *row, double y, Py_ssize_t piece, double a, double fa, double da,
                            double b, double fb, double db, double limit, double *at) noexcept nogil:
    """A minimum between two values of eta in a piece, from chi2 (f) and its slopes (d) at both.

    Regula falsi with the Illinois weights on the slope, where it changes its sign; bisections until it does. What does
    not fall below `limit` is not refined to the end.
    """
    cdef double x, fx, dx = 0.0, best = INFINITY, wa = da, wb = db
    cdef int iteration, side = 0
    at[0] = a
    for iteration in range(80):
        if depth(a, fa, da, b, fb, db) > limit:
            break
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

cdef double mass_chi2(const term_t *t, mass_point_t *point, double y, row_t *row) noexcept nogil:
    """chi2 of one term at a mass in its table; NaN where it proves not to be convex, or there is no memory.

    Of the row nothing is used but what a search leaves there.
    """
    cdef const double *p
    row.mass = point
    row.many = True
    row.eta = t.start
    row.y = row.drift = 0.0
    row.piece = -1
    y *= point.scale
    if t.order > 1:
        return convex_here(t, row, y) if t.searched else only_chi2(t, row, y)
    row.piece = 0
    p = mass_polynomials(t, point, 0, False)
    return profiled(t, quadratic(p, y), quartic(p + 3, y)) if p != NULL else NAN


cdef double row_chi2(const term_t *t, row_t *row, double y) noexcept nogil:
    """chi2 of one term at one coupling with eta profiled; leaves the best eta in the row."""
    cdef double value
    if t.order == 1:
        if t.precise:
            return direct_chi2(t, row, y, 1.0, 0, NULL, NULL)
        if not row.counts.built[0] & POLYNOMIALS:
            build_piece(t, row, 0)
        return profiled(t, quadratic(row.polynomials, y), quartic(row.polynomials + 3, y))
    if not t.searched:
        value = only_chi2(t, row, y)
        if value == value:
            return value
    elif row.counts.alone and t.base <= LARGEST_BASE:
        value = convex_here(t, row, y)
        if value == value:
            return value
        row.piece = -1
    return searched_chi2(t, row, y)


cdef void term_line(const term_t *t, row_t *row, const double *y, Py_ssize_t m, double *out) noexcept nogil:
    """Add chi2 of one term at m points of the line; ascending ones are the fastest."""
    cdef Py_ssize_t j = 0, last
    cdef const double *p
    cdef bint fast = t.order > 1 and not t.searched and not t.precise
    if t.order == 1 and not t.precise:
        if not row.counts.built[0] & POLYNOMIALS:
            build_piece(t, row, 0)
        p = row.polynomials
        for j in range(m):
            out[j] += profiled(t, quadratic(p, y[j]), quartic(p + 3, y[j]))
        return
    while j < m:
        if fast and j + LANES <= m and convex_lanes(t, row, y + j, out + j):
            j += LANES
            continue
        # where chi2 has several minima in eta the next lanes are no better
        last = min(j + LANES, m) if t.kinked else j + 1
        while j < last:
            out[j] += row_chi2(t, row, y[j])
            j += 1
