"""Walls and kinks of chi2 of Poisson data at bins in which nothing is left, with their multipliers.

`descents.pyx` has the mathematics: nothing can be expected below 0, and below a floor F nothing changes. Of n counts up
to F chi2 is constant below F and rises from there: it is 1 - n / F of the kink of an empty bin and a function without.
A bin of more counts that is put below its floor has the constant chi2 f(F), and a wall at 0; see `floors.pyx`.
"""

from libc.math cimport fabs, fmax, fmin, hypot, log

from cevns.kernels.components cimport MAX_VECTORS, poisson_row_t, poisson_t

# how far multipliers may be from what expectations say they are, and how much of the way to their ends they go
cdef double ASTRAY = 1e10
cdef double WAY = 0.99
# how far slopes at kinks may lag behind what expectations say they are
cdef double LAG = 0.1
# of what sums lose
cdef double ROUNDING = 1e-15
# how far below a kink nothing is left of a slope, in units of m
cdef double FAR = 1e3
# what is seen in empty bins on the way to where expectations can be
cdef double FEWEST = 0.3
# how near a wall is, in units of these
cdef double NEXT_TO = 1e3


cdef inline double above(double m, double away) noexcept nogil:
    """away + (away^2 + m^2)^(1/2), which is small below a floor."""
    return away + hypot(m, away) if away > 0.0 else m * (m / (hypot(m, away) - away))


cdef inline double kink(double m, double away) noexcept nogil:
    """The slope at a kink, 0 to 2, with all digits where it is next to 0: a signal far beyond the data weighs it."""
    return (m + above(m, away)) / (m + hypot(m, away))


cdef inline double slope_beside_kink(const poisson_t *p, Py_ssize_t i, double expected) noexcept nogil:
    """The slope of chi2 above a floor that is more than what was seen, less the one that it has at the floor."""
    return 2.0 * p.observed[i] * (expected - p.floor) / (p.floor * expected) if expected > p.floor else 0.0


cdef inline double bend_beside_kink(const poisson_t *p, Py_ssize_t i, double expected) noexcept nogil:
    return 2.0 * p.observed[i] / expected / expected if expected > p.floor else 0.0


cdef inline double held_off(const poisson_t *p, const poisson_row_t *row, Py_ssize_t i) noexcept nogil:
    """What the multiplier of a wall at 0 is times the expectation."""
    return row.height if dropped(p, row, i) else fmax(row.height, 2.0 * p.observed[i])


cdef double next_to_wall(const poisson_t *p, poisson_row_t *row, Py_ssize_t i) noexcept nogil:
    """chi2 of a bin with a wall, and its derivatives by the bin's multiplier; in the end chi2 without the wall."""
    cdef double expected = row.expected[i], observed = p.observed[i], z = row.walls[i], m = row.height, away, share
    if dropped(p, row, i):
        row.slopes[i], row.bends[i] = -z if row.settled else -m / expected, z / expected
        return seen_at(observed, p.floor) - (0.0 if row.settled else m * log(expected))
    if p.floor > 0.0:
        away, share = expected - p.floor, 1.0 - observed / p.floor
        row.slopes[i] = share * (z if row.settled else kink(m, away)) + slope_beside_kink(p, i, expected)
        row.bends[i] = 0.5 * share * z * (2.0 - z) / (m + fmax(away * (z - 1.0), 0.0))
        row.bends[i] += bend_beside_kink(p, i, expected)
        if not row.settled:
            m = above(m, away) - m * log(m + hypot(m, away))
        else:
            m = z * away if fmin(z, 2.0 - z) > fabs(away) else 2.0 * fmax(away, 0.0)
        return seen_at(observed, fmax(expected, p.floor)) + share * (m - 2.0 * fmax(away, 0.0))
    row.bends[i] = z / expected
    if not row.settled:
        m = fmax(m, 2.0 * observed)
        row.slopes[i] = 2.0 - m / expected
        return 2.0 * (expected - observed) - m * (
            log_ratio(expected, observed) if observed > 0.0 else log(expected))
    row.slopes[i] = 2.0 - z
    return seen_at(observed, expected) - (z * expected - 2.0 * observed if m > 2.0 * observed and z > expected else 0.0)


cdef double beside_floor(const poisson_t *p, poisson_row_t *row, Py_ssize_t i) noexcept nogil:
    """chi2 of a bin on the side of its floor on which it was put, and its derivatives; see `floors.pyx`."""
    cdef double expected = row.expected[i], observed = p.observed[i], away, out
    if row.sides[i] == AS_FLOOR or expected == 0.0:
        row.slopes[i], row.bends[i] = 0.0, 0.0
        return seen_at(observed, p.floor)
    away = fmin(expected - p.floor, 0.0)
    expected -= away
    row.bends[i] = 2.0 * observed / expected / expected
    row.slopes[i] = 2.0 * (1.0 - observed / expected)
    out = seen_at(observed, expected) + (row.slopes[i] + 0.5 * row.bends[i] * away) * away
    row.slopes[i] += row.bends[i] * away
    return out


cdef double beyond_walls(const poisson_t *p, poisson_row_t *row) noexcept nogil:
    """What leads to where expectations can be, and its derivatives; see `entrances.pyx`."""
    cdef double counts, above, away, total = 0.0
    cdef Py_ssize_t i
    for i in range(p.bins):
        if p.observed[i] <= p.floor and p.floor > 0.0:
            # below its floor nothing holds it
            row.slopes[i], row.bends[i] = 0.0, 0.0
            continue
        counts = fmax(p.observed[i], FEWEST)
        above = fmax(row.expected[i], row.threshold * counts)
        away = row.expected[i] - above
        row.bends[i] = 2.0 * counts / above / above
        row.slopes[i] = 2.0 * (1.0 - counts / above)
        total += 2.0 * (above - counts * log(above)) + (row.slopes[i] + 0.5 * row.bends[i] * away) * away
        row.slopes[i] += row.bends[i] * away
    return total


cdef void open_walls(const poisson_t *p, poisson_row_t *row, double height) noexcept nogil:
    """Begin with multipliers at the last expectations."""
    cdef double away
    cdef Py_ssize_t i
    row.height, row.settled = height, False
    for i in range(p.bins):
        away = row.expected[i] - p.floor
        if dropped(p, row, i):
            row.walls[i] = 1.0
        elif p.floor > 0.0:
            row.walls[i] = kink(height, away)
        else:
            row.walls[i] = fmax(2.0 * p.observed[i] / away, 1.0) if away > nothing() else 1.0


cdef void move_walls(const poisson_t *p, poisson_row_t *row, double scale) noexcept nogil:
    """Take a step of Newton's in the multipliers, where `scale` of one led from the expectations before to the last."""
    cdef double step, away, z, m
    cdef Py_ssize_t i
    for i in range(p.bins):
        if not walled(p, row, i, row.before[i]):
            continue
        step = (row.expected[i] - row.before[i]) / scale
        if p.floor > 0.0 and not dropped(p, row, i):
            away, z = row.before[i] - p.floor, row.walls[i]
            m = z + ((away + step) * z * (2.0 - z) + 2.0 * row.height * (1.0 - z)) / (
                2.0 * (row.height + fmax(away * (z - 1.0), 0.0)))
            m = fmin(fmax(m, (1.0 - WAY) * z), z + WAY * (2.0 - z))
            # far below a floor nothing holds what nothing else does: steps would grow for ever with slopes that lag
            z = kink(row.height, row.expected[i] - p.floor)
            row.walls[i] = fmin(fmax(m, LAG * z), 2.0 - LAG * kink(row.height, p.floor - row.expected[i]))
            continue
        m = held_off(p, row, i)
        z = fmax((m - row.walls[i] * step) / row.before[i], (1.0 - WAY) * row.walls[i])
        m /= row.expected[i]
        row.walls[i] = fmin(fmax(z, m / ASTRAY), m * ASTRAY)


cdef void end_multipliers(const poisson_t *p, poisson_row_t *row, const double *step) noexcept nogil:
    """Take the slopes that a last step leads to, which changes the last expectations by -`step`, for multipliers.

    Expectations next to walls have lost the digits that multipliers are made of.
    """
    cdef Py_ssize_t i
    cdef double slope
    for i in range(p.bins):
        if walled(p, row, i, row.expected[i]):
            slope = row.slopes[i] - row.bends[i] * step[i]
            if dropped(p, row, i):
                row.walls[i] = fmax(-slope, 0.0)
            elif p.floor > 0.0:
                slope -= slope_beside_kink(p, i, row.expected[i]) - bend_beside_kink(p, i, row.expected[i]) * step[i]
                row.walls[i] = fmin(fmax(slope / (1.0 - p.observed[i] / p.floor), 0.0), 2.0)
            else:
                row.walls[i] = fmax(2.0 - slope, 0.0)


cdef double off_multipliers(const poisson_t *p, const poisson_row_t *row) noexcept nogil:
    """How far multipliers are from what expectations say they are, in what they change chi2 by."""
    cdef double out = 0.0, away
    cdef Py_ssize_t i
    for i in range(p.bins):
        if not walled(p, row, i, row.expected[i]):
            continue
        if p.floor == 0.0 or dropped(p, row, i):
            out += fabs(row.walls[i] * row.expected[i] - held_off(p, row, i))
        else:
            away = row.expected[i] - p.floor
            if away > -FAR * row.height:
                out += fabs(away * (row.walls[i] - kink(row.height, away)))
    return out


cdef Py_ssize_t below_floor(const poisson_t *p, const poisson_row_t *row) noexcept nogil:
    """How many bins are far below a kink."""
    cdef Py_ssize_t i, out = 0
    for i in range(p.bins if p.floor > 0.0 else 0):
        out += walled(p, row, i, row.expected[i]) and not dropped(p, row, i) and (
            p.floor - row.expected[i] > FAR * row.height)
    return out


cdef double lost_at_walls(const poisson_t *p, const poisson_row_t *row, const double *nuisances) noexcept nogil:
    """What rounding makes of the last expectations of bins with walls, where components or what scales them cancel."""
    cdef double factors[MAX_VECTORS]
    cdef double out = 0.0, total
    cdef Py_ssize_t c, i, k
    for c in range(p.components):
        factors[c] = fabs(p.bases[c])
        for k in range(p.pulls):
            factors[c] += fabs(p.scales[c * p.pulls + k] * nuisances[p.places[k]])
    for i in range(p.bins):
        if walled(p, row, i, row.expected[i]):
            total = 0.0
            for c in range(p.components):
                total += factors[c] * fabs(row.vectors[c * p.bins + i])
            if fabs(row.expected[i] - (0.0 if dropped(p, row, i) else p.floor)) < NEXT_TO * ROUNDING * total:
                out = fmax(out, ROUNDING * total)
    return out


cdef double room_to_walls(const poisson_t *p, const poisson_row_t *row) noexcept nogil:
    """Which part of the way from the expectations before to the last ones keeps all above 0."""
    cdef double out = 1.0
    cdef Py_ssize_t i
    for i in range(p.bins if p.weights == NULL else 0):
        if row.expected[i] <= 0.0 < row.before[i]:
            out = fmin(out, row.before[i] / (row.before[i] - row.expected[i]))
    return out
