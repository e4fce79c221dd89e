"""Least chi2 of Poisson data with a floor, where counts were seen in bins in which next to nothing is expected.

With a floor F chi2 of n counts is f(max(N, F)), f(N) = 2 (N - n + n ln(n / N)), and where n > F it is not convex: its
slope ends at F. Beside a minimum that a descent has found there may be another one with such a bin below its floor,
but only if N < F exp(1 - F / n) at the first: the tangent of f there is a bound on f from below, and down to N = 0 it
is below f(F), too, unless this holds. Bins that hold it are put below their floor, and back, one by one, then all
below, and from each such place a descent goes down with every bin on the side on which it stands. There each bin has
one of two convex functions: f, which goes on below F as its parabola there; or the constant f(F) with a wall at N = 0.
Where N is 0 since nothing expects anything there is no way below F, and f(F) is what there is.
Where n <= F it is convex, with a kink at F; see `walls.pyx`.

Where components are deformed all minima are looked for with all bins above their floors: so chi2 is convex in what is
expected, and what bounds it without floors does so there.
"""

from libc.math cimport INFINITY, exp, fabs, fmax
from libc.string cimport memcpy, memset

from cevns.kernels.components cimport poisson_row_t, poisson_t
from cevns.kernels.descents cimport (
    MAX_PULLS, at_pulls, begin_at, descend, descend_within, joint_row_t, joint_t, keep_best, leave_walls, scale_to)
from cevns.kernels.entrances cimport enter
from cevns.kernels.poisson cimport poisson_chi2
from cevns.kernels.walls cimport ABOVE_FLOOR, AS_FLOOR, dropped, has_sides, seen_at

cdef enum:
    # times that sides are taken anew after a descent, bins that are tried one by one, and times that all are
    MOST_SIDES = 24
    MOST_TRIED = 16
    MOST_ROUNDS = 4
    # of a way back
    MOST_HALVINGS = 40

# how far from the minimum the last expectations of a descent may be
cdef double MARGIN = 1.5
# what another minimum gains, relative to 1 + chi2, that counts
cdef double LEAST_GAIN = 1e-10
# by how much a descent may end above where it began, and m of walls that lead nowhere else
cdef double NEARLY = 1e-8
cdef double LOW_WALL = 1e-6
# what is left of a component, in units of the floor
cdef double PART = 0.5


cdef inline bint idle(const poisson_t *p, const poisson_row_t *row, Py_ssize_t i) noexcept nogil:
    """Whether no component expects anything in a bin."""
    cdef Py_ssize_t v
    for v in range(p.vectors if row.expected[i] == 0.0 else 0):
        if row.vectors[v * p.bins + i] != 0.0:
            return False
    return row.expected[i] == 0.0


cdef inline bint below(const poisson_t *p, const poisson_row_t *row, Py_ssize_t i) noexcept nogil:
    """Whether a bin is below its floor, with a wall at 0: not where it is 0 since nothing expects anything there."""
    return row.expected[i] <= p.floor and row.expected[i] != 0.0


cdef inline bint doubtful(const poisson_t *p, const poisson_row_t *row, Py_ssize_t i, double margin) noexcept nogil:
    """Whether chi2 may be less on the other side of a bin's floor."""
    # what is far above the floor, as nearly all bins are, needs no exponential
    if row.expected[i] > 3.0 * margin * p.floor or not has_sides(p, i) or (
            not row.expected[i] < margin * p.floor * exp(1.0 - p.floor / p.observed[i])):
        return False
    return not idle(p, row, i)


cdef bint any_doubtful(const joint_t *j, const joint_row_t *row, double margin) noexcept nogil:
    cdef Py_ssize_t i, k
    for i in range(j.n):
        for k in range(j.terms[i].bins if j.terms[i].floor > 0.0 else 0):
            if doubtful(j.terms[i], row.rows + i, k, margin):
                return True
    return False


cdef bint any_idle(const joint_t *j, const joint_row_t *row) noexcept nogil:
    """Whether there is a bin with counts of which no component expects anything: without a floor there is no chi2."""
    cdef Py_ssize_t i, k
    for i in range(j.n):
        for k in range(j.terms[i].bins if j.terms[i].floor > 0.0 else 0):
            if j.terms[i].observed[k] > 0.0 and idle(j.terms[i], row.rows + i, k):
                return True
    return False


cdef void leave_floors(const joint_t *j, joint_row_t *row) noexcept nogil:
    """Let chi2 be what it is."""
    cdef Py_ssize_t i
    for i in range(j.n):
        row.rows[i].beside = False


cdef void put_above(const joint_t *j, joint_row_t *row) noexcept nogil:
    """Put all bins above their floors, whatever is expected."""
    cdef Py_ssize_t i
    for i in range(j.n):
        row.rows[i].beside = True
        memset(row.rows[i].sides, ABOVE_FLOOR, j.terms[i].bins)


cdef bint put_all(const joint_t *j, joint_row_t *row) noexcept nogil:
    """Put bins on the sides of floors on which the last expectations are; whether any is below."""
    cdef Py_ssize_t i, k
    cdef bint out = False
    for i in range(j.n):
        row.rows[i].beside = True
        for k in range(j.terms[i].bins):
            row.rows[i].sides[k] = AS_FLOOR if below(j.terms[i], row.rows + i, k) else ABOVE_FLOOR
            out |= dropped(j.terms[i], row.rows + i, k)
    return out


cdef bint cross(const joint_t *j, joint_row_t *row) noexcept nogil:
    """Put bins on the sides on which the last expectations are; whether any was on the other one."""
    cdef Py_ssize_t i, k
    cdef bint changed = False
    cdef char side
    for i in range(j.n):
        for k in range(j.terms[i].bins if j.terms[i].floor > 0.0 else 0):
            side = AS_FLOOR if below(j.terms[i], row.rows + i, k) else ABOVE_FLOOR
            if has_sides(j.terms[i], k) and row.rows[i].sides[k] != side:
                row.rows[i].sides[k], changed = side, True
    return changed


cdef bint inside(const joint_t *j, const joint_row_t *row) noexcept nogil:
    """Whether nothing is expected below 0 where more than the floor was seen."""
    cdef Py_ssize_t i, k
    for i in range(j.n):
        for k in range(j.terms[i].bins if j.terms[i].floor > 0.0 else 0):
            if has_sides(j.terms[i], k) and row.rows[i].expected[k] < 0.0:
                return False
    return True


cdef bint inside_at(const joint_t *j, joint_row_t *row, double y, const double *begin, double way) noexcept nogil:
    """The same with x on the way from where it came from to `trial`."""
    cdef Py_ssize_t k
    for k in range(j.pulls):
        row.x[k] = begin[k] + way * (row.trial[k] - begin[k])
    at_pulls(j, row, y, row.x, False, row.new_gradient, row.new_hessian)
    return inside(j, row)


cdef bint go_back(const joint_t *j, joint_row_t *row, double y, const double *begin) noexcept nogil:
    """Move x back to the last place on its way at which something is expected everywhere; whether there is one."""
    cdef double low = 0.0, high = 1.0
    cdef int _
    memcpy(row.trial, row.x, j.pulls * sizeof(double))
    for _ in range(MOST_HALVINGS):
        if inside_at(j, row, y, begin, 0.5 * (low + high)):
            low = 0.5 * (low + high)
        else:
            high = 0.5 * (low + high)
    return inside_at(j, row, y, begin, low)


cdef double settle_sides(const joint_t *j, joint_row_t *row, double y, const char *mask, double least) noexcept nogil:
    """Go down from where x and all sides are; return chi2 there, which row.best gets if it is the least yet."""
    cdef double begin[MAX_PULLS]
    cdef double value, first
    cdef int _
    leave_walls(j, row)
    if at_pulls(j, row, y, row.x, False, row.new_gradient, row.new_hessian) == INFINITY and not enter(j, row, y, mask):
        return least
    for _ in range(MOST_SIDES):
        memcpy(begin, row.x, j.pulls * sizeof(double))
        leave_walls(j, row)
        first = at_pulls(j, row, y, row.x, False, row.new_gradient, row.new_hessian)
        value = descend(j, row, y, mask, INFINITY)
        if not value <= first + NEARLY * (1.0 + fabs(first)):
            # high walls have led away from a place next to some
            memcpy(row.x, begin, j.pulls * sizeof(double))
            leave_walls(j, row)
            value = descend_within(j, row, y, mask, LOW_WALL)
        if not value < INFINITY:
            break
        at_pulls(j, row, y, row.x, False, row.new_gradient, row.new_hessian)
        if not inside(j, row) and not go_back(j, row, y, begin):
            break
        if not cross(j, row):
            if not least < INFINITY or value < least - LEAST_GAIN * (1.0 + fabs(least)):
                least = value
                keep_best(j, row)
            break
    return least


cdef bint on_sides(const joint_t *j, joint_row_t *row, double y) noexcept nogil:
    """Whether all bins of the best are on the sides on which they were put, so that chi2 is what it is there."""
    at_pulls(j, row, y, row.best, False, row.new_gradient, row.new_hessian)
    return not cross(j, row)


cdef double settle_near(const joint_t *j, joint_row_t *row, double y, const double *held,
                        const char *mask) noexcept nogil:
    """Return chi2 at a minimum next to the best of chi2 with bins on other sides, which row.best gets; or infinity."""
    leave_walls(j, row)
    at_pulls(j, row, y, row.best, False, row.new_gradient, row.new_hessian)
    put_all(j, row)
    begin_at(row, row.best, held, j.pulls)
    return settle_sides(j, row, y, mask, INFINITY)


cdef double settle_below(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                         double least) noexcept nogil:
    """The same from the best with all doubtful bins below their floors: one of them may hold the others above."""
    cdef Py_ssize_t i, k
    put_all(j, row)
    for i in range(j.n):
        for k in range(j.terms[i].bins):
            if doubtful(j.terms[i], row.rows + i, k, 1.0):
                row.rows[i].sides[k] = AS_FLOOR
    begin_at(row, row.best, held, j.pulls)
    return settle_sides(j, row, y, mask, least)


cdef double look_below_floors(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                              double least) noexcept nogil:
    """Return chi2 at the least minimum on any side of doubtful floors, which row.best gets, from one that is known.

    If none is known, which is infinite or NaN, one is looked for.
    """
    cdef Py_ssize_t i, k, tried
    cdef double before
    cdef int _
    if least < INFINITY:
        # of one descent the last expectations are nearly those at its minimum
        if j.convex and not any_doubtful(j, row, MARGIN):
            return least
    else:
        put_above(j, row)
        begin_at(row, j.start, held, j.pulls)
        least = settle_sides(j, row, y, mask, least)
    for _ in range(MOST_ROUNDS if least < INFINITY else 0):
        before, tried = least, 0
        at_pulls(j, row, y, row.best, False, row.new_gradient, row.new_hessian)
        for i in range(j.n):
            for k in range(j.terms[i].bins):
                if tried == MOST_TRIED or not doubtful(j.terms[i], row.rows + i, k, 1.0):
                    continue
                tried += 1
                put_all(j, row)
                row.rows[i].sides[k] = AS_FLOOR if row.rows[i].sides[k] == ABOVE_FLOOR else ABOVE_FLOOR
                begin_at(row, row.best, held, j.pulls)
                least = settle_sides(j, row, y, mask, least)
                # what stands next to its floor may be another one now
                at_pulls(j, row, y, row.best, False, row.new_gradient, row.new_hessian)
        if tried > 1:
            least = settle_below(j, row, y, held, mask, least)
        if not least < before - LEAST_GAIN * (1.0 + fabs(before)):
            break
    return least


cdef double look_without(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                         double least) noexcept nogil:
    """Return chi2 at the least minimum from where next to nothing is left of one component of the best, in turn.

    All that it expects alone is below floors there, which may cost less than its pull does.
    """
    cdef Py_ssize_t c, i, k, m
    cdef double most, lost
    leave_walls(j, row)
    for i in range(j.n if least < INFINITY else 0):
        for c in range(j.terms[i].components if j.terms[i].floor > 0.0 else 0):
            begin_at(row, row.best, held, j.pulls)
            poisson_chi2(j.terms[i], row.rows + i, y, row.x, False, False, j.pulls, NULL, NULL)
            most, lost = 0.0, 0.0
            for k in range(j.terms[i].bins):
                most = fmax(most, fabs(row.rows[i].vectors[c * j.terms[i].bins + k]))
            if most == 0.0 or not scale_to(j, j.terms[i], c, PART * j.terms[i].floor / most, mask, row.x):
                continue
            for m in range(j.n):
                poisson_chi2(j.terms[m], row.rows + m, y, row.x, False, False, j.pulls, NULL, NULL)
            if not put_all(j, row):
                continue
            for m in range(j.n):
                for k in range(j.terms[m].bins):
                    if dropped(j.terms[m], row.rows + m, k):
                        lost += seen_at(j.terms[m].observed[k], j.terms[m].floor)
            if lost < least:
                least = settle_sides(j, row, y, mask, least)
                leave_walls(j, row)
    return least
