"""Valleys of chi2 in a plane of the line and another parameter, such as a mass, for data of toys.

Lines at given values of the other parameter are searched first, the same for all toys, and several wells of each are
kept. Where one is lower than what it goes on as on the lines beside, it is the bottom of a valley that the other
parameter follows by Brent's method, the line being searched nearby alone; and on the line where the lowest one ends,
all of it is searched again.
"""

from libc.math cimport INFINITY, exp, fabs, fmax, fmin, sqrt

from cevns.kernels.components cimport poisson_line
from cevns.kernels.counts cimport fold_piece
from cevns.kernels.gaussian cimport MANY, row_t
from cevns.kernels.polynomials cimport find_piece
from cevns.kernels.search cimport chi2_at, row_minimum, row_wells, turning_point, well_t
from cevns.kernels.sums cimport joint_row, prior_chi2, start_sum, sum_t
from cevns.kernels.toys cimport toys_t

cdef enum:
    MOST_STEPS = 100  # of the other parameter in a valley
    ROUNDS = 3  # how often a line where a valley ends may lead to another valley

# step along the line, relative, with which a search nearby begins
cdef double NEARBY = 0.01
# how much lower than its neighbours' rise lets expect a valley may be
cdef double DEEPER = 3.0
# how far from the least chi2 of all lines wells are followed, and how far they move from one to the next, relative
cdef double HIGHEST = 10.0
cdef double ALIKE = 0.5
# relative to 1 + chi2: what a closer look at a valley may gain after the last one, and differences that are rounding
cdef double LAST_GAIN = 1e-9
cdef double ROUGH = 1e-11
# the last step of the other parameter, relative to the distance between lines
cdef double LAST_STEP = 1e-7


# --- nearby on a line ------------------------------------------------------------------------------------------------

cdef double unit_of(const sum_t *s, row_t *rows) noexcept nogil:
    """What y is multiplied by so that it says how much is seen: then valleys hardly move from line to line."""
    cdef double b = 0.0, c = 0.0
    cdef const double *f
    cdef double *line
    cdef Py_ssize_t i, k, n, piece
    for i in range(s.n):
        n = s.terms[i].bins
        piece = find_piece(s.terms[i].eta_edges, s.terms[i].pieces, 1.0, -1) if s.terms[i].order > 1 else 0
        fold_piece(s.terms[i].counts, &rows[i].counts, piece)
        f = rows[i].counts.bc + 2 * n * (piece * s.terms[i].order + s.terms[i].order // 2)
        for k in range(n):
            b, c = fmax(b, fabs(f[k])), fmax(c, f[n + k])
    for i in range(s.joint.n if s.joint != NULL else 0):
        n = s.joint.terms[i].energy
        line = joint_row(s, rows).rows[i].work
        poisson_line(s.joint.terms[i], joint_row(s, rows).rows + i, -1.0, line)
        for k in range(n):
            b, c = fmax(b, fabs(line[n + k])), fmax(c, line[2 * n + k])
    return sqrt(c) if c > 0.0 else (b if b > 0.0 else 1.0)


cdef double nearby(const sum_t *s, row_t *rows, double y, bint two_sided, double *at) noexcept nogil:
    """The next minimum along the line from y downhill, and where it is."""
    cdef double low = s.lowest, high = s.highest, step = NEARBY * fabs(y), left, right, here, before, after
    cdef int _
    if not two_sided:
        low = fmax(low, 0.0)
    y = fmin(fmax(y, low), high)
    at[0] = y
    here = chi2_at(s, rows, y)
    if step == 0.0:
        return here
    left, right = fmax(y - step, low), fmin(y + step, high)
    before, after = chi2_at(s, rows, left), chi2_at(s, rows, right)
    for _ in range(MOST_STEPS):
        step *= 2.0
        if before < here and before <= after:
            right, after, y, here = y, here, left, before
            left = fmax(y - step, low)
            before = chi2_at(s, rows, left) if left < y else INFINITY
        elif after < here:
            left, before, y, here = y, here, right, after
            right = fmin(y + step, high)
            after = chi2_at(s, rows, right) if right > y else INFINITY
        else:
            break
    at[0] = y
    if not (left < right and here <= before and here <= after):
        return here
    before = turning_point(s, rows, left, right, 1.0, &y)
    if before < here:
        at[0] = y
        return before
    return here


# --- valleys of a plane ----------------------------------------------------------------------------------------------

cdef double value_at(const plane_t *p, double x) noexcept nogil:
    """The other parameter at a place of its axis; its ends to the last bit."""
    return fmin(fmax(exp(x) if p.logarithmic else x, p.low), p.high)


cdef void start_at(toys_t *toys, const plane_t *p, double x, double *values) noexcept nogil:
    """Go to the line at a place of the other parameter's axis."""
    values[p.across] = value_at(p, x)
    start_sum(&toys.s, toys.rows, values, MANY)


cdef void look(toys_t *toys, const plane_t *p, double x, double z, double *values, place_t *out) noexcept nogil:
    """The minimum nearby on the line at a place of the axis."""
    cdef double unit
    start_at(toys, p, x, values)
    unit = unit_of(toys.engine, toys.rows) if z != 0.0 else 1.0
    out.chi2 = nearby(&toys.s, toys.rows, z / unit, p.two_sided, &out.y) + prior_chi2(&toys.s, values)
    out.x, out.z = x, out.y * unit


cdef void go_down(toys_t *toys, const plane_t *p, const place_t *before, const place_t *lowest, const place_t *after,
                  double *values, place_t *best) noexcept nogil:
    """Follow a valley from the lowest of three neighbouring places (Brent's method); at an end two of them are one."""
    cdef double left = before.x, right = after.x, width = right - left, tolerance = LAST_STEP * width
    cdef double golden = 0.3819660112501051, middle, d = 0.0, e = width, a, b, c
    cdef place_t x = lowest[0], w = before[0], v = after[0], u
    cdef int _
    best[0] = x
    if before.x == x.x or after.x == x.x:
        # an end that is as low as its neighbourhood
        look(toys, p, x.x + (tolerance if before.x == x.x else -tolerance), x.z, values, &u)
        if not u.chi2 < x.chi2 - ROUGH * (1.0 + fabs(x.chi2)):
            return
        if before.x == x.x:
            w = x
        else:
            v = x
        x = u
    if w.chi2 > v.chi2:
        w, v = v, w
    for _ in range(MOST_STEPS):
        middle = 0.5 * (left + right)
        if fabs(x.x - middle) <= 2.0 * tolerance - 0.5 * (right - left):
            break
        a = b = c = 0.0
        if fabs(e) > tolerance:
            c = (x.x - w.x) * (x.chi2 - v.chi2)
            b = (x.x - v.x) * (x.chi2 - w.chi2)
            a = (x.x - v.x) * b - (x.x - w.x) * c
            b = 2.0 * (b - c)
            if b > 0.0:
                a = -a
            else:
                b = -b
            c = e
            e = d
        if fabs(a) < fabs(0.5 * b * c) and a > b * (left - x.x) and a < b * (right - x.x):
            d = a / b
        else:
            e = right - x.x if x.x < middle else left - x.x
            d = golden * e
        look(toys, p, x.x + (d if fabs(d) >= tolerance else (tolerance if d > 0.0 else -tolerance)), x.z, values, &u)
        if u.chi2 <= x.chi2:
            if u.x < x.x:
                right = x.x
            else:
                left = x.x
            v, w, x = w, x, u
        else:
            if u.x < x.x:
                left = u.x
            else:
                right = u.x
            if u.chi2 <= w.chi2 or w.x == x.x:
                v, w = w, u
            elif u.chi2 <= v.chi2 or v.x == x.x or v.x == w.x:
                v = u
        if v.chi2 - x.chi2 <= LAST_GAIN * (1.0 + fabs(x.chi2)):
            # three places are the same to rounding
            break
    if x.chi2 < best.chi2:
        best[0] = x


cdef const place_t* alike(const place_t *wells, double z) noexcept nogil:
    """The well of a line that goes on with one at z of the next line; NULL if there is none."""
    cdef Py_ssize_t k
    cdef const place_t *out = NULL
    for k in range(WELLS):
        if wells[k].chi2 < INFINITY and fabs(wells[k].z - z) <= ALIKE * fabs(z) and (
                out == NULL or fabs(wells[k].z - z) < fabs(out.z - z)):
            out = wells + k
    return out


cdef bint beside(toys_t *toys, const plane_t *p, const place_t *lines, Py_ssize_t line, const place_t *well,
                 double *values, place_t *out) noexcept nogil:
    """How a well goes on on another line, of whose wells it may be none; False unless it rises or stays."""
    cdef const place_t *found = alike(lines + line * WELLS, well.z)
    if found != NULL:
        out[0] = found[0]
    else:
        look(toys, p, lines[line * WELLS].x, well.z, values, out)
    return out.chi2 >= well.chi2


cdef void plane_minimum(toys_t *toys, const plane_t *p, const place_t *lines, double *values,
                        place_t *out) noexcept nogil:
    """The least chi2 of the present toy, from the wells on all lines."""
    cdef Py_ssize_t i, k, best = 0, n = p.lines
    cdef const place_t *well
    cdef place_t found, before, after
    cdef double unit, step, rise, y = 0.0
    cdef int _
    for i in range(n):
        if lines[i * WELLS].chi2 != lines[i * WELLS].chi2:
            out[0] = lines[i * WELLS]
            return
        if lines[i * WELLS].chi2 < lines[best * WELLS].chi2:
            best = i
    out[0] = lines[best * WELLS]
    for k in range(n * WELLS):
        # the lowest line first
        i = (best + k // WELLS) % n
        well = lines + i * WELLS + k % WELLS
        if not well.chi2 < out.chi2 + HIGHEST or well.z == 0.0:
            continue
        before, after = well[0], well[0]
        if i > 0 and not beside(toys, p, lines, i - 1, well, values, &before):
            continue
        if i < n - 1 and not beside(toys, p, lines, i + 1, well, values, &after):
            continue
        rise = fmax(before.chi2, after.chi2) - well.chi2
        if rise > ROUGH * (1.0 + fabs(well.chi2)) and well.chi2 - DEEPER * rise < out.chi2:
            go_down(toys, p, &before, well, &after, values, &found)
            if found.chi2 < out.chi2:
                out[0] = found
    for _ in range(ROUNDS):
        # another valley may be lower on this very line
        start_at(toys, p, out.x, values)
        unit = unit_of(toys.engine, toys.rows)
        found.chi2 = row_minimum(&toys.s, toys.rows, p.two_sided, p.seeds, p.seeds + p.room, &y)
        found.chi2 += prior_chi2(&toys.s, values)
        if not found.chi2 < out.chi2 - LAST_GAIN * (1.0 + fabs(out.chi2)):
            break
        found.x, found.y, found.z = out.x, y, y * unit
        out[0] = found
        step = (lines[(n - 1) * WELLS].x - lines[0].x) / (n - 1)
        look(toys, p, fmax(out.x - step, lines[0].x), out.z, values, &before)
        look(toys, p, fmin(out.x + step, lines[(n - 1) * WELLS].x), out.z, values, &after)
        if out.chi2 <= before.chi2 and out.chi2 <= after.chi2:
            go_down(toys, p, &before, &found, &after, values, out)


cdef void fill_wells(toys_t *toys, const plane_t *p, double x, double unit, double others, place_t *out) noexcept nogil:
    """The wells of the present toy on the line of the rows, the least one first."""
    cdef well_t wells[WELLS]
    cdef Py_ssize_t k, found = row_wells(
        &toys.s, toys.rows, p.two_sided, p.seeds, p.seeds + p.room, wells, WELLS)
    for k in range(WELLS):
        out[k].x, out[k].chi2 = x, INFINITY
        out[k].y = out[k].z = 0.0
        if k < found:
            out[k].y, out[k].z, out[k].chi2 = wells[k].y, wells[k].y * unit, wells[k].chi2 + others
