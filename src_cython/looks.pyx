"""All minima of chi2 along a nuisance that may have several, all others profiled.

A time offset t makes the most of them, one wherever edges of time bins meet a rise of the pulse. With all others
profiled chi2 is a function of t, smooth on the scale of the polynomials that stand for the shares, which resolve all
of the pulse and the bins. So it is looked at where these meet, its value and slope being those that a Newton's step in
the others leads to; between two places that a minimum lies between, another descent stays until it has found it.

A free component f (b + d c) with a deformation d has a minimum for either sign of f: chi2 is convex in f and f d, so
that chi2 at given d, but for d's pull, has its one maximum where f = 0, whether d passes there or at infinity. If f has
a pull, z = (f - 1) / s, all of chi2 curves upwards in f and f d where s |d| < f, beyond which z^2 + d^2 is more than
1 / (2 s^2): there is no other minimum unless chi2 without these pulls is less by as much.
"""

from libc.math cimport INFINITY, fabs, fmax, fmin
from libc.string cimport memcpy

from cevns.kernels.components cimport poisson_t
from cevns.kernels.descents cimport (
    MAX_PULLS, at_pulls, begin_at, descend, find_step, held_by, joint_row_t, joint_t, keep_best, leave_walls,
    take_trial)

cdef enum:
    # rounds until none leads lower, steps in the others at a place, and how often one is shortened
    MOST_ROUNDS = 8
    MOST_SETTLING = 40
    MOST_SHORTER = 20
    # steps that may leave what can be expected
    MOST_BLOCKED = 2
    # of a range between places
    MOST_HALVINGS = 40

# what a round gains, relative to 1 + chi2, that is the last one
cdef double LAST_GAIN = 1e-8
# places that are one, relative to the range; how far above the least chi2 no descent begins
cdef double SAME_PLACE = 1e-9
cdef double HOPELESS = 1.0
# share of what a slope says up to which chi2 changes to the next place, unless there is a minimum on the way: on a
# parabola that has none it is more than a half
cdef double BENT = 0.25
cdef double STEEPER = 8.0
# what a step in the others may promise, twice, where no more are taken: anywhere, and where chi2 is far above the
# least. Of Poisson data, whose logarithms are self-concordant, a step that promises less than 2 falls short of chi2's
# minimum by a bounded part of itself, but one that promises more by any amount.
cdef double SETTLED = 0.1
cdef double BOUNDED = 1.3
cdef double FAR_ABOVE = 2.0


# standard deviation of a component from which on it is looked along what deforms it wherever chi2 is
cdef double WIDE = 0.4


cdef double look_around(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                        double least) noexcept nogil:
    """Return chi2 at the least of all minima along each nuisance that may have several, others profiled.

    Along several nuisances in turn, until none leads lower.
    """
    cdef char worth[MAX_PULLS]
    cdef Py_ssize_t i, k
    cdef double before, value, scaled = INFINITY, judged = INFINITY
    cdef int _
    for i in range(j.looks if not least < INFINITY else 0):
        # nothing is known yet to look from: it is where some bin gets what was seen in it
        for k in range(j.look_end[i - 1] if i else 0, j.look_end[i]):
            begin_at(row, j.start, held, j.pulls)
            if not mask[j.look_pull[i]]:
                row.x[j.look_pull[i]] = j.place[k]
            value = descend(j, row, y, mask, least)
            if value < least:
                least = value
                keep_best(j, row)
    if not least < INFINITY:
        scaled = least = scaled_least(j, row, y, held, mask)
    for _ in range(MOST_ROUNDS if least < INFINITY else 0):
        before = least
        for i in range(j.looks):
            worth[i] = True
            if mask[j.look_pull[i]]:
                continue
            k = before_of_one(j, i) if least == judged else -1
            worth[i] = worth[k] if k >= 0 else may_be_less(j, row, y, mask, j.look_pull[i], least)
            judged = least
            if worth[i]:
                least = look_along(j, row, y, held, mask, i, least)
        if not least < before - LAST_GAIN * (1.0 + fabs(before)):
            break
    return least if least < scaled else INFINITY


cdef inline Py_ssize_t morphed_by(const poisson_t *p, Py_ssize_t pull) noexcept nogil:
    """The component that a nuisance deforms linearly, -1 for none."""
    cdef Py_ssize_t k
    for k in range(p.morphs):
        if p.places[p.morph_pulls[k]] == pull:
            return p.morphed[k]
    return -1


cdef Py_ssize_t before_of_one(const joint_t *j, Py_ssize_t which) noexcept nogil:
    """The look before this one whose nuisance deforms the same component of one experiment, -1 for none."""
    cdef Py_ssize_t c, i
    if which == 0:
        return -1
    for i in range(j.n):
        c = morphed_by(j.terms[i], j.look_pull[which])
        if c != morphed_by(j.terms[i], j.look_pull[which - 1]):
            return -1
    return which - 1


cdef bint may_be_less(const joint_t *j, joint_row_t *row, double y, const char *mask, Py_ssize_t pull,
                      double least) noexcept nogil:
    """Whether chi2 may have another minimum along a nuisance; row.best is where it is least yet."""
    cdef double root[MAX_PULLS * MAX_PULLS]
    cdef double precision[MAX_PULLS * MAX_PULLS]
    cdef joint_t part = j[0]
    cdef Py_ssize_t c, i, n = j.pulls
    cdef double widest = 0.0, value
    cdef bint known = False
    memcpy(root, j.root, n * n * sizeof(double))
    memcpy(precision, j.precision, n * n * sizeof(double))
    for i in range(j.n):
        c = morphed_by(j.terms[i], pull)
        if c >= 0:
            known, widest = True, fmax(widest, set_free(j, j.terms[i], c, root, precision))
    if not known or widest > WIDE * WIDE:
        return True
    part.root, part.precision = root, precision
    memcpy(row.x, row.best, n * sizeof(double))
    value = descend(&part, row, y, mask, INFINITY)
    return not value < INFINITY or least - value > 0.5 / widest


cdef double set_free(const joint_t *j, const poisson_t *p, Py_ssize_t component, double *root,
                     double *precision) noexcept nogil:
    """Take the pulls from what scales and deforms a component; return the variance of its normalisation."""
    cdef Py_ssize_t k, pull, n = j.pulls
    cdef double variance = 0.0, scale, own
    for k in range(p.pulls):
        pull, scale = p.places[k], p.scales[component * p.pulls + k]
        if scale:
            own = j.precision[pull * n + pull]
            variance += scale * scale / own if own > 0.0 else INFINITY
            take_pull(pull, n, root, precision)
    for k in range(p.morphs):
        if p.morphed[k] == component:
            take_pull(p.places[p.morph_pulls[k]], n, root, precision)
    return variance


cdef inline void take_pull(Py_ssize_t pull, Py_ssize_t n, double *root, double *precision) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        root[i * n + pull] = precision[i * n + pull] = precision[pull * n + i] = 0.0


cdef inline void fix_deforming(const poisson_t *p, char *fixed) noexcept nogil:
    """Hold nuisances that do more than to scale components."""
    cdef Py_ssize_t k
    for k in range(p.shapes):
        fixed[p.places[p.shape[k].pull]] = True
    for k in range(p.morphs):
        fixed[p.places[p.morph_pulls[k]]] = True
    if p.offset.pull >= 0:
        fixed[p.places[p.offset.pull]] = True


cdef double scaled_least(const joint_t *j, joint_row_t *row, double y, const double *held,
                         const char *mask) noexcept nogil:
    """Return the least chi2 with nothing deformed but as where descents start: kinks next to walls stop others."""
    cdef char fixed[MAX_PULLS]
    cdef Py_ssize_t k, start, n = j.pulls
    cdef double value, least = INFINITY
    memcpy(fixed, mask, n)
    for k in range(j.n):
        fix_deforming(j.terms[k], fixed)
    for start in range(j.starts):
        begin_at(row, j.start + start * n, held, n)
        value = descend(j, row, y, fixed, INFINITY)
        if value < least:
            least = value
            keep_best(j, row)
    return least


cdef double look_along(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                       Py_ssize_t which, double least) noexcept nogil:
    """Return chi2 at the least minimum along one nuisance, which row.best gets, from one that is known."""
    cdef Py_ssize_t pull = j.look_pull[which], first = j.look_end[which - 1] if which else 0
    cdef Py_ssize_t i, count = 0, known = -1
    cdef double here = row.best[pull], same = SAME_PLACE * (j.high[pull] - j.low[pull]), left, right, at, lowest
    for i in range(first, j.look_end[which]):
        if known < 0 and j.place[i] > here - same:
            known = count
            row.places[count], row.heights[count], row.slopes[count], row.lacks[count] = here, least, 0.0, 0.0
            count += 1
        if fabs(j.place[i] - here) > same:
            row.places[count] = j.place[i]
            glance(j, row, y, held, mask, pull, least, count)
            count += 1
    for i in range(count):
        if i == known:
            continue
        # a minimum at an end, between this place and a neighbour, or lower than both
        left, right = row.places[max(i - 1, 0)], row.places[min(i + 1, count - 1)]
        at, lowest = row.places[i], row.heights[i]
        if row.slopes[i] < 0.0 and i + 1 < count and (row.slopes[i + 1] > 0.0 or row.heights[i + 1] == INFINITY):
            left = at
            at = meeting(row, i, &lowest)
        elif row.slopes[i] < 0.0 and i + 1 < count and bends_back(row, i, i + 1):
            left, lowest = at, row.heights[i] + row.slopes[i] * (row.places[i + 1] - at)
        elif row.slopes[i] > 0.0 and i > 0 and bends_back(row, i, i - 1):
            right, lowest = at, row.heights[i] + row.slopes[i] * (row.places[i - 1] - at)
        elif row.slopes[i] > 0.0 and i > 0 and row.heights[i - 1] == INFINITY:
            right = at
        elif i > 0 and (row.heights[i - 1] < row.heights[i] or row.slopes[i] > 0.0 > row.slopes[i - 1]) or (
                i + 1 < count and (row.heights[i + 1] < row.heights[i])):
            continue
        if row.heights[i] < INFINITY and lowest - row.lacks[i] < least + HOPELESS:
            least = search_between(j, row, y, held, mask, pull, at, left, right, least)
    return least


cdef inline bint bends_back(const joint_row_t *row, Py_ssize_t i, Py_ssize_t other) noexcept nogil:
    """Whether chi2 falls so much less to the next place than its slope says that there may be a minimum on the way."""
    return row.heights[other] - row.heights[i] > BENT * row.slopes[i] * (row.places[other] - row.places[i])


cdef double meeting(const joint_row_t *row, Py_ssize_t i, double *height) noexcept nogil:
    """Where a minimum between two places may be, and the height at which tangents meet."""
    cdef double apart = row.places[i + 1] - row.places[i], one = row.slopes[i], other = row.slopes[i + 1], along
    if row.heights[i + 1] == INFINITY:
        height[0] = row.heights[i] + one * apart
        return row.places[i]
    along = (row.heights[i + 1] - row.heights[i] - other * apart) / (one - other)
    height[0] = fmin(row.heights[i] + one * fmin(fmax(along, 0.0), apart), row.heights[i + 1])
    # where one slope is far steeper chi2 bends both ways in between, and tangents are no bound
    if fmax(fabs(one), other) > STEEPER * fmin(fabs(one), other):
        height[0] = row.heights[i if fabs(one) > other else i + 1] - BENT * fmax(fabs(one), other) * apart
    return row.places[i] - one / (other - one) * apart


cdef void glance(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask, Py_ssize_t pull,
                 double least, Py_ssize_t i) noexcept nogil:
    """Note chi2 at a place of one nuisance, others profiled as far as it takes to know whether it is low."""
    cdef char fixed[MAX_PULLS]
    cdef Py_ssize_t k, n = j.pulls
    memcpy(fixed, mask, n)
    fixed[pull] = True
    row.heights[i] = settle_at(j, row, y, held, fixed, pull, row.places[i], least, &row.lacks[i])
    row.slopes[i] = 0.0
    if row.heights[i] < INFINITY:
        # to where the last step in the others would lead
        row.slopes[i] = row.gradient[pull]
        for k in range(n):
            row.slopes[i] -= row.hessian[pull * n + k] * row.step[k]
        row.heights[i] -= 0.5 * row.lacks[i]


cdef double settle_at(const joint_t *j, joint_row_t *row, double y, const double *held, const char *fixed,
                      Py_ssize_t pull, double at, double least, double *gain) noexcept nogil:
    """Return chi2 at a value of one nuisance, others as the next function leaves them: from the best, or else anew."""
    cdef Py_ssize_t start, n = j.pulls
    cdef double value
    cdef int side
    begin_at(row, row.best, held, n)
    row.x[pull] = at
    value = settle_others(j, row, y, fixed, least, gain)
    for side in range(-1, 2):
        if value < INFINITY:
            break
        # what is deformed to below 0 needs a factor below 0, or none of it
        begin_at(row, row.best, held, n)
        row.x[pull] = at
        if bring_to(j, row, fixed, pull, side):
            value = settle_others(j, row, y, fixed, least, gain)
    for start in range(j.starts):
        if value < INFINITY:
            break
        begin_at(row, j.start + start * n, held, n)
        row.x[pull] = at
        value = settle_others(j, row, y, fixed, least, gain)
    return value


cdef bint bring_to(const joint_t *j, joint_row_t *row, const char *fixed, Py_ssize_t pull,
                   double factor) noexcept nogil:
    """Move x so that components that a nuisance deforms have a factor, by what scales them; whether any could be."""
    cdef const poisson_t *p
    cdef Py_ssize_t c, i, k, m
    cdef double now, room, scale
    cdef bint out = False
    for i in range(j.n):
        p = j.terms[i]
        c = morphed_by(p, pull)
        if c < 0:
            continue
        now, room = p.bases[c], 0.0
        for k in range(p.pulls):
            m, scale = p.places[k], p.scales[c * p.pulls + k]
            now += scale * row.x[m]
            if not fixed[m]:
                room += scale * scale / held_by(j, m)
        if room == 0.0:
            continue
        out = True
        for k in range(p.pulls):
            m, scale = p.places[k], p.scales[c * p.pulls + k]
            if not fixed[m]:
                row.x[m] += (factor - now) * scale / held_by(j, m) / room
                row.x[m] = fmin(fmax(row.x[m], j.low[m]), j.high[m])
    return out


cdef double settle_others(const joint_t *j, joint_row_t *row, double y, const char *held, double least,
                          double *gain) noexcept nogil:
    """Go from where x is towards the least chi2 over what is not held, unless it is far above; leaves the next step.

    Returns chi2, and twice the gain that this step promises.
    """
    cdef char fixed[MAX_PULLS]
    cdef double value, new, scale
    cdef Py_ssize_t k, n = j.pulls
    cdef int i, _, blocked = 0
    leave_walls(j, row)
    value = at_pulls(j, row, y, row.x, True, row.gradient, row.hessian)
    gain[0] = 0.0
    if value == INFINITY:
        return value
    for i in range(MOST_SETTLING + 1):
        gain[0] = find_step(j, row, y, held, fixed)
        if i == MOST_SETTLING or gain[0] < SETTLED or gain[0] < BOUNDED and value - 1.5 * gain[0] > least + FAR_ABOVE:
            break
        scale = 1.0
        for _ in range(MOST_SHORTER):
            for k in range(n):
                row.trial[k] = fmin(fmax(row.x[k] - scale * row.step[k], j.low[k]), j.high[k])
            new = at_pulls(j, row, y, row.trial, True, row.new_gradient, row.new_hessian)
            if new <= value - 1e-4 * scale * gain[0]:
                break
            blocked += new == INFINITY and scale == 1.0
            scale *= 0.5
        else:
            blocked = MOST_BLOCKED
        if blocked == MOST_BLOCKED:
            # an empty bin has nothing left, or a kink is in the way
            return settle_within(j, row, y, held, gain)
        value = new
        take_trial(j, row)
    return value


cdef double settle_within(const joint_t *j, joint_row_t *row, double y, const char *held, double *gain) noexcept nogil:
    """The same next to walls, to the end: no step is left. Infinite if that is not found."""
    cdef Py_ssize_t k
    cdef double value = descend(j, row, y, held, INFINITY)
    gain[0] = 0.0
    if not value < INFINITY:
        return INFINITY
    at_pulls(j, row, y, row.x, True, row.gradient, row.hessian)
    for k in range(j.pulls):
        row.step[k] = 0.0
    return value


cdef double search_between(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                           Py_ssize_t pull, double at, double left, double right, double least) noexcept nogil:
    """Return chi2 at a minimum with a nuisance between two places, and row.best its place, if it is the least yet."""
    cdef joint_t part = j[0]
    cdef char fixed[MAX_PULLS]
    cdef double low[MAX_PULLS]
    cdef double high[MAX_PULLS]
    cdef double value, lack = 0.0
    cdef Py_ssize_t n = j.pulls
    memcpy(low, j.low, n * sizeof(double))
    memcpy(high, j.high, n * sizeof(double))
    memcpy(fixed, mask, n)
    part.low, part.high, low[pull], high[pull], fixed[pull] = low, high, left, right, True
    settle_at(j, row, y, held, fixed, pull, at, least, &lack)
    value = descend(&part, row, y, mask, INFINITY)
    if value != value:
        return halved(j, row, y, held, fixed, pull, at, left, right, least)
    if value < least and (j.low[pull] < left == row.x[pull] or row.x[pull] == right < j.high[pull]):
        value = descend(j, row, y, mask, INFINITY)
    if value < least:
        least = value
        keep_best(j, row)
    return least


cdef double halved(const joint_t *j, joint_row_t *row, double y, const double *held, const char *fixed, Py_ssize_t pull,
                   double at, double left, double right, double least) noexcept nogil:
    """The same by bisections of the slope, where no descent gets away from walls."""
    cdef double value, slope, lack = 0.0, same = SAME_PLACE * (j.high[pull] - j.low[pull])
    cdef Py_ssize_t k, n = j.pulls
    cdef int _
    for _ in range(MOST_HALVINGS):
        value = settle_at(j, row, y, held, fixed, pull, at, least, &lack)
        if not value < INFINITY:
            break
        slope = row.gradient[pull]
        for k in range(n):
            slope -= row.hessian[pull * n + k] * row.step[k]
        # what a last step in the others gains is left out, so that the value is one of chi2
        if value < least:
            least = value
            keep_best(j, row)
        if slope > 0.0:
            right = at
        else:
            left = at
        if right - left <= same:
            break
        at = 0.5 * (left + right)
    return least
