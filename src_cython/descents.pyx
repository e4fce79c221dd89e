"""Newton's steps in the nuisances of all experiments together, and descents to where empty bins have nothing left.

Nothing can be expected below 0. Where counts were seen chi2 itself keeps expectations above; in an empty bin it falls
like 2 N until N = 0, and there it may be least: at a wall, of several bins often. With a logarithm for each wall,
2 N - m ln N, it is smooth, and its minimum comes next to the one wanted as m falls. The multiplier z of N >= 0 is a
variable of its own, z N = m, so that Newton's steps converge whatever m is (primal and dual, Waechter and Biegler,
Math. Program. 106 (2006) 25). At the end the slope of such a bin is 2 - z, and z N, which chi2 has to fall yet until N
is 0, is taken from it, which leaves errors of the second order in m. Where an expectation has a floor F > 0, chi2 has a
kink there, whose slope z, 0 to 2, is the variable: (N - F) z (2 - z) = 2 m (z - 1).
"""

from libc.math cimport INFINITY, NAN, fabs, fmax, fmin, sqrt
from libc.string cimport memcpy, memset

from cevns.kernels.components cimport MAX_PULLS, factor_of, observed_total, poisson_row_t, poisson_t, signal_total
from cevns.kernels.poisson cimport add_bins, poisson_chi2, pull_back, rotate_in, step_in_bins
from cevns.kernels.walls cimport (
    below_floor, end_multipliers, lost_at_walls, move_walls, off_multipliers, open_walls, room_to_walls)

cdef enum:
    # steps, and where other descents may lead to the minimum
    MOST_STEPS = 200
    FEWER_STEPS = 100
    MOST_HALVINGS = 40
    # steps that may leave what can be expected before walls are what a descent goes along, and those of which kinks
    # may leave next to nothing, and along walls, one after the other
    MOST_BLOCKED = 2
    MOST_SHORT = 5
    MOST_MINUTE = 8
    # of one step, and at once, how often the way is bent back, and times that this was in vain
    MOST_BENT = 6
    BENT_AT_ONCE = 2
    MOST_VAIN = 9

# gain of a step, relative to 1 + chi2, that is the last one
cdef double LAST_GAIN = 1e-8
# signals, relative to the data, that are brought near these before a descent
cdef double LARGE = 3.0
# of a step that a kink has shortened, and along walls; how much longer than the last of those the next may be
cdef double SHORT = 0.1
cdef double MINUTE = 1e-3
cdef double LONGER = 64.0
# where a descent leads to a minimum that is known: how near its next step comes to it, and what that gains at most
cdef double NEAR = 0.1
cdef double SAME_WELL = 2.0
# m of walls at first, and at last relative to 1 + chi2, which it changes by about its square
cdef double FIRST_WALL = 0.1
cdef double LAST_WALL = 1e-11
# the same at most, where rounding allows no less
cdef double MOST_WALL = 1e-7
# what of a curvature is taken for rounding, and the same next to walls, along which all else is far less
cdef double ROUGH = 1e-13
cdef double SHARP = 1e-15
# what of a curvature is left with enough digits
cdef double SAFE = 1e-9
# what of a slope is taken for rounding where bins are added one by one
cdef double LOST = 1e-14
cdef double ROOT_OF_TWO = 1.4142135623730951
# rounding of chi2 of one event
cdef double BLUR = 1e-15
# which part of a step, or of a range, leads to the end of a range that is next
cdef double END = 1e-8
# how much of the way to the next wall a step may go
cdef double WAY_TO_WALL = 0.99


cdef double rounding(bint walls) noexcept nogil:
    """What of a curvature is taken for rounding, next to walls or elsewhere."""
    return SHARP if walls else ROUGH


cdef double at_pulls(const joint_t *j, joint_row_t *row, double y, const double *x, bint curved, double *gradient,
                     double *hessian) noexcept nogil:
    """chi2 at values of the nuisances with its derivatives, infinite where there can be no such expectations."""
    cdef Py_ssize_t i, k, n = j.pulls
    cdef double total = 0.0, pull
    memset(gradient, 0, n * sizeof(double))
    # squares, since pulls that are known far better than what they are sums of would lose their digits in x' W x
    for k in range(n):
        pull = 0.0
        for i in range(n):
            pull += j.root[k * n + i] * (x[i] - j.centre[i])
        if pull == 0.0:
            continue
        for i in range(n):
            gradient[i] += 2.0 * j.root[k * n + i] * pull
        total += pull * pull
    for k in range(n * n):
        hessian[k] = 2.0 * j.precision[k]
    for i in range(j.n):
        total += poisson_chi2(j.terms[i], row.rows + i, y, x, True, curved, n, gradient, hessian)
        if total == INFINITY:
            break
    return total


cdef bint factorise(const double *matrix, const char *fixed, Py_ssize_t n, double least, double *out) noexcept nogil:
    """Cholesky factor of a matrix with the rows and columns of fixed variables left out; False if there is none.

    Less than the part `least` of what curves along a variable is taken for rounding.
    """
    cdef Py_ssize_t i, k, m
    cdef double total
    for i in range(n):
        for k in range(i + 1):
            if fixed[i] or fixed[k]:
                out[i * n + k] = 1.0 if i == k else 0.0
                continue
            total = matrix[i * n + k]
            for m in range(k):
                total -= out[i * n + m] * out[k * n + m]
            if i == k:
                if not total > least * fabs(matrix[i * n + i]):
                    return False
                out[i * n + i] = sqrt(total)
            else:
                out[i * n + k] = total / out[k * n + k]
    return True


cdef bint factorise_bins(const joint_t *j, joint_row_t *row, const char *fixed, const double *matrix) noexcept nogil:
    """The same of the last second derivatives, those of the expectations left out, from bins and pulls one by one."""
    cdef double values[MAX_PULLS]
    cdef Py_ssize_t i, k, n = j.pulls
    memset(row.factor, 0, n * n * sizeof(double))
    for i in range(j.n):
        add_bins(j.terms[i], row.rows + i, row.x, fixed, n, row.factor)
    for i in range(n):
        for k in range(n):
            values[k] = 0.0 if fixed[k] else ROOT_OF_TWO * j.root[i * n + k]
        rotate_in(values, n, row.factor)
    for k in range(n):
        if fixed[k]:
            row.factor[k * n + k] = 1.0
        elif not row.factor[k * n + k] > LOST * sqrt(matrix[k * n + k]):
            return False
    return True


cdef void solve(const double *factor, const char *fixed, const double *right, Py_ssize_t n, double *out) noexcept nogil:
    """Solve with a Cholesky factor; what is fixed stays 0."""
    cdef Py_ssize_t i, k
    cdef double total
    for i in range(n):
        total = 0.0 if fixed[i] else right[i]
        for k in range(i):
            total -= factor[i * n + k] * out[k]
        out[i] = total / factor[i * n + i]
    for i in range(n - 1, -1, -1):
        total = out[i]
        for k in range(i + 1, n):
            total -= factor[k * n + i] * out[k]
        out[i] = total / factor[i * n + i]


cdef void find_fixed(const joint_t *j, const joint_row_t *row, const char *held, char *fixed) noexcept nogil:
    """Which nuisances do not move: held ones, those at an end of their range, and those that change nothing."""
    cdef Py_ssize_t k, n = j.pulls
    for k in range(n):
        fixed[k] = held != NULL and held[k]
        if row.x[k] <= j.low[k] and row.gradient[k] > 0.0 or row.x[k] >= j.high[k] and row.gradient[k] < 0.0:
            fixed[k] = True
        if row.hessian[k * n + k] == 0.0 and row.gradient[k] == 0.0:
            fixed[k] = True


cdef double find_step(const joint_t *j, joint_row_t *row, double y, const char *held, char *fixed) noexcept nogil:
    """Fill the step; return the gain that it promises, twice."""
    cdef Py_ssize_t k, n = j.pulls
    cdef double out = 0.0, near
    cdef bint walls = False, blocked = True
    for k in range(j.n):
        walls |= row.rows[k].height > 0.0
    find_fixed(j, row, held, fixed)
    while blocked:
        factorise_step(j, row, y, fixed, walls)
        solve(row.factor, fixed, row.gradient, n, row.step)
        # what stands at an end of its range stays there, where the way of all together leads out of it
        blocked = False
        for k in range(n):
            near = END * fmin(fabs(row.step[k]), j.high[k] - j.low[k])
            if not fixed[k] and (row.x[k] <= j.low[k] + near and row.step[k] > 0.0
                                 or row.x[k] >= j.high[k] - near and row.step[k] < 0.0):
                fixed[k] = blocked = True
    for k in range(n):
        out += row.step[k] * row.gradient[k]
    return out


cdef void factorise_step(const joint_t *j, joint_row_t *row, double y, const char *fixed, bint walls) noexcept nogil:
    """Find a factor that is positive, of the second derivatives if they are."""
    cdef Py_ssize_t k, n = j.pulls
    cdef double ridge = 1e-10, own, least = rounding(walls)
    # next to walls a matrix may be so near to singular ones that sums over bins do not tell it from them
    if (walls and j.convex and (factorise(row.hessian, fixed, n, SAFE, row.factor)
                                or factorise_bins(j, row, fixed, row.hessian))
            or factorise(row.hessian, fixed, n, least, row.factor)):
        return
    # without second derivatives of the expectations no direction is negative
    at_pulls(j, row, y, row.x, False, row.new_gradient, row.new_hessian)
    if factorise(row.new_hessian, fixed, n, least, row.factor) or factorise_bins(j, row, fixed, row.new_hessian):
        return
    while not factorise(row.new_hessian, fixed, n, least, row.factor) and ridge < INFINITY:
        for k in range(n):
            # each in its own units; where nothing was seen there are none
            own = row.new_hessian[k * n + k]
            row.new_hessian[k * n + k] += ridge * (own if own > 0.0 else 1.0)
        ridge *= 100.0


cdef void take_trial(const joint_t *j, joint_row_t *row) noexcept nogil:
    memcpy(row.x, row.trial, j.pulls * sizeof(double))
    memcpy(row.gradient, row.new_gradient, j.pulls * sizeof(double))
    memcpy(row.hessian, row.new_hessian, j.pulls * j.pulls * sizeof(double))


cdef void find_redundant(const joint_t *j, joint_row_t *row, const char *held, char *out) noexcept nogil:
    """Held nuisances, and those without which others move all that they move; of the last expectations."""
    cdef char fixed[MAX_PULLS]
    cdef Py_ssize_t i, k, n = j.pulls
    for k in range(n):
        out[k] = held != NULL and held[k]
    if not j.convex:
        return
    find_fixed(j, row, held, fixed)
    if factorise(row.hessian, fixed, n, ROUGH, row.factor):
        return
    for k in range(n):
        for i in range(n):
            fixed[i] = i > k or out[i]
        if not factorise(row.hessian, fixed, n, ROUGH, row.factor):
            out[k] = True


cdef void take_last(const joint_t *j, joint_row_t *row, double y) noexcept nogil:
    """Take the step that is there, which hardly changes chi2, but multipliers: slopes in parameters are of these."""
    cdef Py_ssize_t i, k
    for k in range(j.pulls):
        row.trial[k] = fmin(fmax(row.x[k] - row.step[k], j.low[k]), j.high[k])
    for i in range(j.n):
        step_in_bins(j.terms[i], row.rows + i, row.x, row.step, row.rows[i].before)
        end_multipliers(j.terms[i], row.rows + i, row.rows[i].before)
    if at_pulls(j, row, y, row.trial, False, row.new_gradient, row.new_hessian) < INFINITY:
        memcpy(row.x, row.trial, j.pulls * sizeof(double))


cdef void bend_back(const joint_t *j, joint_row_t *row, double y, const char *fixed, double scale) noexcept nogil:
    """Move `trial` towards where expectations are those that the step would lead to if they were linear in x.

    A signal far beyond the data whose deformation takes it away leaves a way so narrow and bent that straight steps
    along it would have to be minute.
    """
    cdef Py_ssize_t i, k, n = j.pulls
    cdef double *slopes = row.new_gradient
    cdef double *way = row.new_hessian
    for i in range(j.n):
        poisson_chi2(j.terms[i], row.rows + i, y, row.trial, False, False, n, NULL, NULL)
        for k in range(j.terms[i].bins):
            row.rows[i].astray[k] = row.rows[i].expected[k] - row.rows[i].before[k]
    at_pulls(j, row, y, row.x, True, row.gradient, row.hessian)
    memset(slopes, 0, n * sizeof(double))
    for i in range(j.n):
        step_in_bins(j.terms[i], row.rows + i, row.x, row.step, row.rows[i].work)
        for k in range(j.terms[i].bins):
            row.rows[i].astray[k] += scale * row.rows[i].work[k]
        pull_back(j.terms[i], row.rows + i, row.x, row.rows[i].astray, slopes)
    solve(row.factor, fixed, slopes, n, way)
    for k in range(n):
        row.trial[k] = fmin(fmax(row.trial[k] - way[k], j.low[k]), j.high[k])


cdef double descend_within(const joint_t *j, joint_row_t *row, double y, const char *held,
                           double first) noexcept nogil:
    """Go to a minimum that may be at walls, from where x is within them; return chi2 there, NaN if none is found.

    `first` is m of the first walls.
    """
    cdef char fixed[MAX_PULLS]
    cdef char idle[MAX_PULLS]
    cdef double height = first, last = 0.0, value, new = 0.0, gain, scale = 1.0, astray, blur = 0.0, enough
    cdef Py_ssize_t i, k, loose, n = j.pulls
    cdef double most
    cdef int _, _halving, _bend, minute = 0, vain = 0, bent
    at_pulls(j, row, y, row.x, False, row.gradient, row.hessian)
    for i in range(j.n):
        open_walls(j.terms[i], row.rows + i, height)
    at_pulls(j, row, y, row.x, False, row.gradient, row.hessian)
    for i in range(j.n):
        blur += BLUR * observed_total(j.terms[i])
    find_redundant(j, row, held, idle)
    for _ in range(MOST_STEPS if j.convex else FEWER_STEPS):
        value = at_pulls(j, row, y, row.x, not j.convex, row.gradient, row.hessian)
        if value == INFINITY:
            break
        for i in range(j.n):
            memcpy(row.rows[i].before, row.rows[i].expected, j.terms[i].bins * sizeof(double))
        gain = find_step(j, row, y, idle, fixed)
        astray, loose = 0.0, 0
        for i in range(j.n):
            astray += off_multipliers(j.terms[i], row.rows + i)
            loose += below_floor(j.terms[i], row.rows + i)
        # what is far below its floor gains m by twice as far, for ever, where nothing holds it
        # rounding that allows no lower walls allows no smaller gains, either
        enough = 0.01 * last if height == last < 1.001 * LAST_WALL * (1.0 + fabs(value)) else height
        if astray <= height and gain <= enough + 2.0 * loose * height:
            if height == last:
                if last > MOST_WALL * (1.0 + fabs(value)):
                    break
                take_last(j, row, y)
                for i in range(j.n):
                    row.rows[i].settled = True
                return at_pulls(j, row, y, row.x, not j.convex, row.gradient, row.hessian)
            last = LAST_WALL * (1.0 + fabs(value))
            for i in range(j.n):
                last = fmin(fmax(last, lost_at_walls(j.terms[i], row.rows + i, row.x)), height)
            height = fmax(fmin(0.2 * height, height * sqrt(height)), last)
            for i in range(j.n):
                row.rows[i].height = height
            continue
        # across a kink steps lead from one side to the other, for ever
        scale = fmin(LONGER * scale, 1.0) if minute > 1 else 1.0
        bent = 0 if not j.convex and vain < MOST_VAIN else MOST_BENT
        for _halving in range(MOST_HALVINGS):
            for k in range(n):
                row.trial[k] = fmin(fmax(row.x[k] - scale * row.step[k], j.low[k]), j.high[k])
            new = at_pulls(j, row, y, row.trial, False, row.new_gradient, row.new_hessian)
            # rounding may be all that is left to go down
            most = value - 1e-4 * scale * gain + 1e-13 * (1.0 + fabs(value)) + blur
            for _bend in range(BENT_AT_ONCE if bent < MOST_BENT else 0):
                if not new <= most:
                    bent += 1
                    bend_back(j, row, y, fixed, scale)
                    new = at_pulls(j, row, y, row.trial, False, row.new_gradient, row.new_hessian)
            if new <= most:
                vain = 0 if bent < MOST_BENT else vain
                break
            vain += bent < MOST_BENT
            if new < INFINITY:
                scale *= 0.5
                continue
            new = 1.0
            for i in range(j.n):
                new = fmin(new, room_to_walls(j.terms[i], row.rows + i))
            scale *= fmin(WAY_TO_WALL * new, 0.9)
        else:
            break
        minute = minute + 1 if scale < MINUTE else 0
        if minute == MOST_MINUTE:
            break
        for i in range(j.n):
            move_walls(j.terms[i], row.rows + i, scale)
        memcpy(row.x, row.trial, n * sizeof(double))
    for i in range(j.n):
        row.rows[i].height = 0.0
    return NAN


cdef bint scale_to(const joint_t *j, const poisson_t *p, Py_ssize_t component, double wanted, const char *held,
                   double *x) noexcept nogil:
    """Move nuisances, most those that pulls hold least, so that a component has a factor; whether any can be moved."""
    cdef double away = wanted - factor_of(p, component, x), room = 0.0, scale
    cdef Py_ssize_t k
    for k in range(p.pulls):
        scale = p.scales[component * p.pulls + k]
        if not (held != NULL and held[p.places[k]]):
            room += scale * scale / held_by(j, p.places[k])
    for k in range(p.pulls if room > 0.0 else 0):
        if not (held != NULL and held[p.places[k]]):
            x[p.places[k]] += away * p.scales[component * p.pulls + k] / held_by(j, p.places[k]) / room
    return room > 0.0


cdef bint bring_near(const joint_t *j, joint_row_t *row, const char *held) noexcept nogil:
    """Move `trial` to where the nuisances that scale them bring large signals near the data; whether there are any."""
    cdef const poisson_t *p
    cdef Py_ssize_t i, k
    cdef double now, wanted, total, observed
    cdef bint out = False
    cdef int _
    memcpy(row.trial, row.x, j.pulls * sizeof(double))
    for _ in range(2):
        # experiments share nuisances
        for i in range(j.n):
            p = j.terms[i]
            total, observed = signal_total(p, row.rows + i), observed_total(p)
            now = factor_of(p, 0, row.trial)
            wanted = fmax(0.2 * observed, 1.0) / total if total > 0.0 else now
            if total * now > LARGE * (observed + 10.0) or now <= 0.0 < wanted and out:
                out |= scale_to(j, p, 0, wanted, held, row.trial)
    for k in range(j.pulls if out else 0):
        row.trial[k] = fmin(fmax(row.trial[k], j.low[k]), j.high[k])
    return out


cdef double descend(const joint_t *j, joint_row_t *row, double y, const char *held, double least) noexcept nogil:
    """Go to a minimum from where x is, and return chi2 there; NaN if none is found.

    `least` is chi2 at row.best, if that is known: a descent that leads there ends.
    """
    cdef char fixed[MAX_PULLS]
    cdef double value, new, gain, scale, away
    cdef Py_ssize_t k, n = j.pulls
    cdef int _, _halving, blocked = 0, short = 0
    cdef bint kinked = False
    leave_walls(j, row)
    for k in range(j.n):
        kinked |= j.terms[k].floor > 0.0
    value = at_pulls(j, row, y, row.x, not j.convex, row.gradient, row.hessian)
    if value == INFINITY:
        return value
    if bring_near(j, row, held):
        new = at_pulls(j, row, y, row.trial, not j.convex, row.new_gradient, row.new_hessian)
        if new < value:
            value = new
            take_trial(j, row)
    for _ in range(MOST_STEPS):
        gain = find_step(j, row, y, held, fixed)
        if least < INFINITY and gain < SAME_WELL:
            away = 0.0
            for k in range(n):
                away = fmax(away, fabs(row.x[k] - row.step[k] - row.best[k]))
            if away < NEAR:
                return INFINITY
        scale = 1.0
        for k in range(n):
            # a step that leaves a range is shortened in that direction alone, and only the others may be the last
            if not fixed[k] and not j.low[k] <= row.x[k] - row.step[k] <= j.high[k]:
                scale = 0.0
        if scale and gain <= LAST_GAIN * (1.0 + fabs(value)):
            for k in range(n):
                row.x[k] -= row.step[k]
            return value - 0.5 * gain
        scale = 1.0
        for _halving in range(MOST_HALVINGS):
            for k in range(n):
                row.trial[k] = fmin(fmax(row.x[k] - scale * row.step[k], j.low[k]), j.high[k])
            new = at_pulls(j, row, y, row.trial, not j.convex, row.new_gradient, row.new_hessian)
            if new <= value - 1e-4 * scale * gain or new <= value and gain <= 1e-6 * (1.0 + fabs(value)):
                break
            blocked += new == INFINITY and scale == 1.0
            if blocked == MOST_BLOCKED:
                return descend_within(j, row, y, held, FIRST_WALL)
            scale *= 0.5 if new < INFINITY else 0.25
        else:
            new = value
        if new == value:
            # there is no way down: rounding is all that is left, or a kink is in the way
            if gain <= 1e-6 * (1.0 + fabs(value)):
                return value
            return descend_within(j, row, y, held, FIRST_WALL)
        value = new
        take_trial(j, row)
        short += kinked and scale < SHORT
        if short == MOST_SHORT:
            break
    return descend_within(j, row, y, held, FIRST_WALL)


cdef void begin_at(joint_row_t *row, const double *x, const double *held, Py_ssize_t n) noexcept nogil:
    """Begin a descent somewhere, nuisances that are held where they are held."""
    cdef Py_ssize_t k
    for k in range(n):
        row.x[k] = held[k] if held != NULL and held[k] == held[k] else x[k]


cdef void keep_best(const joint_t *j, joint_row_t *row) noexcept nogil:
    cdef Py_ssize_t i
    memcpy(row.best, row.x, j.pulls * sizeof(double))
    for i in range(j.n):
        keep_walls(j.terms[i], row.rows + i)


cdef void leave_walls(const joint_t *j, joint_row_t *row) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(j.n):
        row.rows[i].height, row.rows[i].settled = 0.0, False


cdef inline void keep_walls(const poisson_t *p, poisson_row_t *row) noexcept nogil:
    row.best_height, row.best_settled, row.best_beside = row.height, row.settled, row.beside
    if row.beside:
        memcpy(row.best_sides, row.sides, p.bins)
    if row.settled:
        memcpy(row.best_walls, row.walls, p.bins * sizeof(double))
