"""Minima and level crossings of chi2 along a line, for the sum of all terms."""

from libc.math cimport INFINITY, fabs, fmax, fmin, log, sqrt
from libc.stdlib cimport qsort
from libc.string cimport memcpy, memmove

from cevns.kernels.components cimport poisson_line, poisson_t
from cevns.kernels.counts cimport fold_piece
from cevns.kernels.gaussian cimport row_t, term_t
from cevns.kernels.descents cimport joint_row_t
from cevns.kernels.polynomials cimport find_piece, power
from cevns.kernels.sums cimport joint_row, line_chi2, line_prior, sum_chi2, sum_t

cdef enum:
    SEEDS = 160  # couplings, at least, on the logarithmic axis of a root search
    JOINT_SEEDS = 80  # the same where nuisances are profiled by descents, which take longer
    SEEDS_PER_E = 6
    FAR_SEEDS = 6
    ETA_SEEDS = 8  # quenching scales from whose counts seeds are taken, if all of eta is searched
    MOST_SEEDS = 4096
    PRIOR_SEEDS = 8  # on each side of a prior's mean
    ZOOM = 24  # parts of a range of couplings that is looked at more closely

# counts in units of the uncertainties at y = 1 below which no coupling that is accepted, up to 1e10, reaches anything
cdef double SMALLEST_SIGNAL = 1e-80


cdef double chi2_at(const sum_t *s, row_t *rows, double y) noexcept nogil:
    """chi2 at a point of the line, with the prior of its parameter."""
    return sum_chi2(s, rows, y) + line_prior(s, y)


cdef void chi2_along(const sum_t *s, row_t *rows, const double *y, Py_ssize_t m, double *out) noexcept nogil:
    """chi2 at m points of the line, with the prior of its parameter."""
    cdef Py_ssize_t i
    line_chi2(s, rows, y, m, out)
    for i in range(m if s.line_weight else 0):
        out[i] += line_prior(s, y[i])


# --- where to look ---------------------------------------------------------------------------------------------------

cdef Py_ssize_t most_seeds(const sum_t *s) noexcept nogil:
    """Room that seeds may need: those of bins twice, since they are merged with the others."""
    cdef Py_ssize_t i, out = 2 * (MOST_SEEDS + FAR_SEEDS) + 4 * PRIOR_SEEDS + 8
    for i in range(s.n):
        out += 8 * ETA_SEEDS * s.terms[i].bins
    for i in range(s.joint.n if s.joint != NULL else 0):
        out += 8 * ETA_SEEDS * s.joint.terms[i].energy
    return out


cdef int compare(const void *a, const void *b) noexcept nogil:
    cdef double x = (<const double *> a)[0], y = (<const double *> b)[0]
    return (x > y) - (x < y)


cdef Py_ssize_t seed_couplings(const sum_t *s, row_t *rows, bint two_sided,
                               double *seeds) noexcept nogil:
    """Fill `seeds` with ascending values of y between which chi2 has no hidden structure; return how many.

    A logarithmic axis from where the signal changes by a thousandth of an uncertainty to where the standard-model part
    is negligible, for each term, and for every bin the y where its count returns to the standard model's, turns around,
    or about meets the data. The last ones follow a degenerate strip however narrow good data make it.
    """
    cdef double low = INFINITY, high = 0.0, reach, ratio, y
    cdef double *middle
    cdef Py_ssize_t i, count = 0, node, steps, half, least = SEEDS
    cdef int look, looks
    cdef const double *b
    two_sided = two_sided or s.middle != 0.0
    for i in range(s.n):
        looks = ETA_SEEDS if several_wells(s.terms[i]) else 1
        for look in range(looks):
            node = seed_node(s.terms[i], look, looks)
            fold_piece(s.terms[i].counts, &rows[i].counts, node // s.terms[i].order)
            b = rows[i].counts.bc + 2 * node * s.terms[i].bins
            # the better the data, the longer the little that is left of the standard model shows
            reach = fmax(1e10, 1e6 * s.terms[i].pull * sqrt(s.terms[i].base))
            bin_seeds(rows[i].counts.a + node * s.terms[i].bins, b, b + s.terms[i].bins, s.terms[i].data,
                      s.terms[i].bins, reach, s.terms[i].base, two_sided, seeds, &count, &low, &high)
    for i in range(s.joint.n if s.joint != NULL else 0):
        # nothing but a pull keeps the signal's normalisation, so that chi2 rises with the counts in the end
        least = JOINT_SEEDS
        joint_seeds(s, joint_row(s, rows), i, two_sided, seeds, &count, &low, &high)
    if s.line_weight:
        prior_seeds(s, seeds, &count, two_sided)
    if s.middle != 0.0:
        # where the other coupling is alone
        add_seed(seeds, &count, -s.middle, two_sided)
    steps = half = 0
    if high > 0.0:
        steps = <Py_ssize_t> fmin(fmax(log(high / low) * SEEDS_PER_E * least / SEEDS, least), MOST_SEEDS)
        # far out chi2 goes to its limit, which may be the least, like 1/y; there a few couplings do, unless a quenching
        # scale at which counts vanish undoes any coupling
        half = steps + (0 if any_searched(s) or s.joint != NULL else FAR_SEEDS)
        ratio = (high / low) ** (1.0 / (steps - 1))
        middle = seeds + count + (half if two_sided else 0)
        middle[0] = 0.0
        y = low
        for i in range(half):
            if i >= steps:
                y *= 10.0
            middle[1 + i] = y
            if two_sided:
                middle[-1 - i] = -y
            if i < steps:
                y *= ratio
    i = (2 * half if two_sided else half) + 1 if half else 0
    return within_range(s, seeds, merged(seeds, count, count + i, most_seeds(s)))


cdef Py_ssize_t merged(double *seeds, Py_ssize_t own, Py_ssize_t count, Py_ssize_t room) noexcept nogil:
    """Sort seeds, the first of which have any order, while the others ascend; return how many."""
    cdef Py_ssize_t i = own, j = 0, k
    cdef double *others = seeds + room - own
    qsort(seeds, own, sizeof(double), compare)
    memcpy(others, seeds, own * sizeof(double))
    for k in range(count):
        if j == own:
            break
        if i < count and seeds[i] <= others[j]:
            seeds[k] = seeds[i]
            i += 1
        else:
            seeds[k] = others[j]
            j += 1
    return count


cdef void bin_seeds(const double *a, const double *b, const double *c, const double *data, Py_ssize_t n, double reach,
                    double base, bint two_sided, double *seeds, Py_ssize_t *count, double *low,
                    double *high) noexcept nogil:
    """Add seeds of bins, in units of whose uncertainties all is, and widen the range in which chi2 changes."""
    cdef double largest_b = 0.0, largest_c = 0.0, y, root
    cdef Py_ssize_t k
    for k in range(n):
        largest_b = fmax(largest_b, fabs(b[k]))
        largest_c = fmax(largest_c, c[k])
    if largest_c < SMALLEST_SIGNAL:
        if largest_b < SMALLEST_SIGNAL:
            return
        # what does not interfere with itself, such as a change of flavour in the coupling's square
        low[0] = fmin(low[0], 1e-3 / largest_b)
        high[0] = fmax(high[0], reach / largest_b)
        for k in range(n):
            if b[k] > 1e-12 * largest_b:
                add_seed(seeds, count, (data[k] - a[k]) / b[k], two_sided)
        return
    low[0] = fmin(low[0], fmin(sqrt(1e-3 / largest_c), 1e-3 / fmax(largest_b, 1e-300)))
    high[0] = fmax(high[0], sqrt(reach / largest_c))
    for k in range(n):
        if c[k] <= 1e-12 * largest_c:
            continue
        high[0] = fmax(high[0], fmax(1e4, 1e3 * base) * fabs(b[k]) / c[k])
        y = -0.5 * b[k] / c[k]
        root = y * y + (data[k] - a[k]) / c[k]
        add_seed(seeds, count, y, two_sided)
        add_seed(seeds, count, 2.0 * y, two_sided)
        if root > 0.0:
            add_seed(seeds, count, y - sqrt(root), two_sided)
            add_seed(seeds, count, y + sqrt(root), two_sided)


cdef void joint_seeds(const sum_t *s, joint_row_t *row, Py_ssize_t i, bint two_sided, double *seeds,
                      Py_ssize_t *count, double *low, double *high) noexcept nogil:
    """The same for a term whose nuisances are profiled with those of others: of its bins of energy.

    Where nothing is seen by the nominal response, responses all over the ranges of its shapes say what may be.
    """
    cdef const poisson_t *p = s.joint.terms[i]
    cdef double *line = row.rows[i].work
    cdef Py_ssize_t k
    cdef int look
    cdef bint seen = False
    for look in range(ETA_SEEDS):
        poisson_line(p, row.rows + i, (look - 1.0) / (ETA_SEEDS - 2), line)
        for k in range(p.energy):
            line[k] += s.middle * (line[p.energy + k] + s.middle * line[2 * p.energy + k])
            line[p.energy + k] += 2.0 * s.middle * line[2 * p.energy + k]
        bin_seeds(line, line + p.energy, line + 2 * p.energy, line + 3 * p.energy, p.energy, 1e6, 1.0, two_sided,
                  seeds, count, low, high)
        for k in range(p.energy):
            seen = seen or fabs(line[p.energy + k]) >= SMALLEST_SIGNAL or line[2 * p.energy + k] >= SMALLEST_SIGNAL
        if p.shapes == 0 or look == 0 and seen:
            return


cdef void prior_seeds(const sum_t *s, double *seeds, Py_ssize_t *count, bint two_sided) noexcept nogil:
    """Add the mean of the line's prior, and values around it: half a standard deviation away, one, two, and so on."""
    cdef double step = 0.5 / sqrt(s.line_weight)
    cdef int _
    add_seed(seeds, count, power(s.line_mean, s.line_power) - s.middle, two_sided)
    for _ in range(PRIOR_SEEDS):
        # a power that is even knows no values below 0
        if s.line_mean - step > 0.0 or s.line_power % 2:
            add_seed(seeds, count, power(s.line_mean - step, s.line_power) - s.middle, two_sided)
        if s.line_mean + step > 0.0 or s.line_power % 2:
            add_seed(seeds, count, power(s.line_mean + step, s.line_power) - s.middle, two_sided)
        step *= 2.0


cdef Py_ssize_t within_range(const sum_t *s, double *seeds, Py_ssize_t count) noexcept nogil:
    """Put the ends of the parameter's range in the place of ascending seeds beyond it; return how many there are."""
    cdef Py_ssize_t first = 0, last = count
    while first < count and seeds[first] < s.lowest:
        first += 1
    while last > first and seeds[last - 1] > s.highest:
        last -= 1
    if first > 0:
        first -= 1
        seeds[first] = s.lowest
    if last < count:
        seeds[last] = s.highest
        last += 1
    memmove(seeds, seeds + first, (last - first) * sizeof(double))
    return last - first


cdef inline Py_ssize_t seed_node(const term_t *t, int look, int looks) noexcept nogil:
    """The node of eta from whose counts seeds are taken: at eta = 1, and for several looks all over its range."""
    cdef double eta = 1.0
    if t.order == 1:
        return 0
    if looks > 1 and look > 0:
        eta = t.eta_edges[0] + (t.eta_edges[t.pieces] - t.eta_edges[0]) * (look - 1.0) / (looks - 2.0)
    return find_piece(t.eta_edges, t.pieces, eta, -1) * t.order + t.order // 2


cdef inline void add_seed(double *seeds, Py_ssize_t *count, double y, bint two_sided) noexcept nogil:
    if y > 0.0 or two_sided:
        seeds[count[0]] = y
        count[0] += 1


cdef inline bint any_searched(const sum_t *s) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(s.n):
        if several_wells(s.terms[i]):
            return True
    return False


cdef inline bint several_wells(const term_t *t) noexcept nogil:
    """Whether chi2 of a term may have several minima in eta."""
    return t.order > 1 and (t.searched or t.kinked)


cdef void zoom(const sum_t *s, row_t *rows, double *left, double *right, double sign) noexcept nogil:
    """Narrow a range of couplings to the neighbours of the best of a few, and once more among those."""
    cdef double values[ZOOM + 1]
    cdef double low, step
    cdef int k, best, _
    for _ in range(2):
        low, step = left[0], (right[0] - left[0]) / ZOOM
        best = 1
        for k in range(1, ZOOM):
            values[k] = sign * chi2_at(s, rows, low + k * step)
            if values[k] < values[best]:
                best = k
        left[0] = low + (best - 1) * step
        right[0] = low + (best + 1) * step


# --- minima and crossings --------------------------------------------------------------------------------------------

cdef double turning_point(const sum_t *s, row_t *rows, double left, double right, double sign,
                          double *at) noexcept nogil:
    """Minimum of sign x chi2 between two couplings by golden section and parabolas (Brent's method).

    With sharp data and a quenching scale that may go far there are several; then a closer look comes first.
    """
    cdef double golden = 0.3819660112501051
    if any_searched(s):
        zoom(s, rows, &left, &right, sign)
    cdef double x = left + golden * (right - left), w = x, v = x, d = 0.0, e = 0.0, middle, tolerance, p, q, r, u
    cdef double fx = sign * chi2_at(s, rows, x), fw = fx, fv = fx, fu
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
        fu = sign * chi2_at(s, rows, u)
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


cdef double crossing(const sum_t *s, row_t *rows, double level, double a, double fa, double b,
                     double fb) noexcept nogil:
    """The coupling between a and b where chi2 crosses `level`; fa and fb (chi2 - level) differ in sign.

    Chandrupatla's method (Adv. Eng. Software 28 (1997) 145): inverse quadratic steps where they are safe, or else
    bisections.
    """
    cdef double c = a, fc = fa, x, fx, fraction = 0.5, xi, phi, width
    cdef int _
    for _ in range(120):
        x = a + fraction * (b - a)
        fx = chi2_at(s, rows, x) - level
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


cdef double row_minimum(const sum_t *s, row_t *rows, bint two_sided, double *seeds, double *values,
                        double *at) noexcept nogil:
    """Least chi2 over all couplings at the rows' mass, and where; NaN where chi2 is not known everywhere."""
    cdef well_t least
    row_wells(s, rows, two_sided, seeds, values, &least, 1)
    at[0] = least.y
    return least.chi2


cdef Py_ssize_t row_wells(const sum_t *s, row_t *rows, bint two_sided, double *seeds, double *values, well_t *wells,
                          Py_ssize_t room) noexcept nogil:
    """Fill in the least chi2 over all couplings, and others of its minima, the lowest ones there is room for.

    Returns how many; where chi2 is not known everywhere, one that is NaN.
    """
    cdef Py_ssize_t count = seed_couplings(s, rows, two_sided, seeds), k, found = 1
    cdef well_t one
    if count == 0:
        wells[0].y, wells[0].chi2 = 0.0, chi2_at(s, rows, 0.0)
        return 1
    wells[0].y, wells[0].chi2 = seeds[0], INFINITY
    chi2_along(s, rows, seeds, count, values)
    for k in range(count):
        if values[k] != values[k]:
            wells[0].chi2 = values[k]
            return 1
        if values[k] < wells[0].chi2:
            wells[0].y, wells[0].chi2 = seeds[k], values[k]
    for k in range(1, count - 1):
        if flat(values[k - 1], values[k], values[k + 1]):
            continue
        if lowest(values[k - 1], values[k], values[k + 1]):
            one.chi2 = turning_point(s, rows, seeds[k - 1], seeds[k + 1], 1.0, &one.y)
            if one.chi2 < wells[0].chi2:
                # what was the least one may be the seed next to it
                if not seeds[k - 1] <= wells[0].y <= seeds[k + 1]:
                    found = take_well(wells, found, room, wells[0])
                wells[0] = one
            elif not seeds[k - 1] <= wells[0].y <= seeds[k + 1]:
                found = take_well(wells, found, room, one)
    return found


cdef Py_ssize_t take_well(well_t *wells, Py_ssize_t found, Py_ssize_t room, well_t one) noexcept nogil:
    """Keep a minimum that is not the least one, if there is room or a higher one has to go."""
    cdef Py_ssize_t k, highest = 1
    if found < room:
        wells[found] = one
        return found + 1
    for k in range(2, found):
        if wells[k].chi2 > wells[highest].chi2:
            highest = k
    if room > 1 and one.chi2 < wells[highest].chi2:
        wells[highest] = one
    return found


cdef inline bint flat(double before, double value, double after) noexcept nogil:
    """Whether three neighbouring values differ by rounding alone: where chi2 is saturated there is no minimum."""
    return fmax(fabs(before - value), fabs(after - value)) <= 1e-10 * (1.0 + fabs(value))


cdef inline bint lowest(double before, double value, double after) noexcept nogil:
    """Whether there may be a minimum between both neighbours: rounding may tell two seeds at nearly one place apart."""
    return value <= fmin(before, after) + 1e-10 * (1.0 + fabs(value))


cdef Py_ssize_t row_crossings(const sum_t *s, row_t *rows, bint two_sided, double level, double *seeds,
                              double *values, double *out, char *above_first) noexcept nogil:
    """All couplings where chi2 crosses `level`, ascending, into `out`; whether chi2 starts above it.

    Returns their number, -1 if there is no room for all, or -2 where chi2 is not known everywhere.
    """
    cdef Py_ssize_t count = seed_couplings(s, rows, two_sided, seeds), k, found = 0
    cdef double x, f
    if count == 0:
        above_first[0] = chi2_at(s, rows, 0.0) > level
        return 0
    chi2_along(s, rows, seeds, count, values)
    for k in range(count):
        if values[k] != values[k]:
            return -2
        values[k] -= level
    above_first[0] = values[0] > 0.0
    for k in range(1, count):
        if found > MAX_CROSSINGS - 2:
            return -1
        if (values[k] > 0.0) != (values[k - 1] > 0.0):
            out[found] = crossing(s, rows, level, seeds[k - 1], values[k - 1], seeds[k], values[k])
            found += 1
        elif k + 1 < count and (values[k + 1] > 0.0) == (values[k] > 0.0):
            # an extremum towards the level between three seeds on one side of it may touch it
            if flat(values[k - 1], values[k], values[k + 1]):
                continue
            if values[k] > 0.0 and lowest(values[k - 1], values[k], values[k + 1]):
                f = turning_point(s, rows, seeds[k - 1], seeds[k + 1], 1.0, &x) - level
            elif values[k] <= 0.0 and lowest(-values[k - 1], -values[k], -values[k + 1]):
                f = turning_point(s, rows, seeds[k - 1], seeds[k + 1], -1.0, &x) - level
            else:
                continue
            if (f > 0.0) != (values[k] > 0.0):
                out[found] = crossing(s, rows, level, seeds[k - 1], values[k - 1], x, f)
                out[found + 1] = crossing(s, rows, level, x, f, seeds[k + 1], values[k + 1])
                found += 2
    return found
