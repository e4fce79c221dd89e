"""All minima of chi2 along a nuisance that may have several, all others profiled.

A time offset t makes the most of them, one wherever edges of time bins meet a rise of the pulse. With all others
profiled chi2 is a function of t, smooth on the scale of the polynomials that stand for the shares, which resolve all
of the pulse and the bins. So it is looked at where these meet, its value and slope being those that a Newton's step in
the others leads to; between two places that a minimum lies between, another descent stays until it has found it.

A component f (b + d c) whose factor f is known badly, or free, has a minimum for either sign of f, and a narrow one
where what is deformed vanishes in a bin, which no longer keeps it from growing. Here bounds say between which places
there may be one that is lower; see `cones.pyx`. Where another nuisance that makes several deforms as well they are
taken with a margin, and where kinks of it stop all descents it stays where chi2 is least.
"""

from libc.math cimport INFINITY, NAN, fabs, fmax, fmin, isnan, sqrt
from libc.string cimport memcpy

from cevns.kernels.cones cimport deforms, fix_deforming, free_beside, least_without, lone_reach
from cevns.kernels.descents cimport (
    MAX_PULLS, at_pulls, begin_at, descend, find_step, joint_row_t, joint_t, keep_best, leave_walls,
    take_trial)
from cevns.kernels.entrances cimport enter

cdef enum:
    # steps in the others at a place, and how often one is shortened
    MOST_SETTLING = 40
    MOST_SHORTER = 20
    # steps that may leave what can be expected, and places in a row at which kinks may stop descents
    MOST_BLOCKED = 2
    MOST_STUCK = 3
    # of a range between places
    MOST_HALVINGS = 40

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


cdef struct bounds_t:
    # along a nuisance that deforms: whether anything is known, and how much chi2 may yet lack there
    bint known
    bint several
    double margin
    # its pull; the least chi2 without, and where; how far off it goes with no other minimum than that which is known
    double centre
    double weight
    double least
    double at
    double lone


cdef double look_along(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                       Py_ssize_t which, double least) noexcept nogil:
    """Return chi2 at the least minimum along one nuisance, which row.best gets, from one that is known."""
    cdef Py_ssize_t pull = j.look_pull[which], first = j.look_end[which - 1] if which else 0
    cdef Py_ssize_t i, count = 0, known = -1
    cdef double here = row.best[pull], same = SAME_PLACE * (j.high[pull] - j.low[pull]), left, right, at, lowest
    cdef bounds_t bounds
    for i in range(first, j.look_end[which]):
        if known < 0 and j.place[i] > here - same:
            known = count
            row.places[count], row.heights[count], row.slopes[count], row.lacks[count] = here, least, 0.0, 0.0
            count += 1
        if fabs(j.place[i] - here) > same:
            row.places[count], row.heights[count] = j.place[i], NAN
            count += 1
    row.stuck = 0
    bounds.known = deforms(j, pull) and find_bounds(j, row, y, mask, pull, least, &bounds)
    glance_needed(j, row, y, held, mask, pull, least, &bounds, known, count)
    known = leave_out(row, known, &count)
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
        if row.heights[i] < INFINITY and lowest - row.lacks[i] < least + HOPELESS and not nothing_between(
                row, &bounds, least, max(i - 1, 0), min(i + 1, count - 1)):
            least = search_between(j, row, y, held, mask, pull, at, left, right, least)
    return least


cdef bint find_bounds(const joint_t *j, joint_row_t *row, double y, const char *mask, Py_ssize_t pull, double least,
                      bounds_t *out) noexcept nogil:
    """Fill what bounds chi2 along a nuisance that deforms; False if nothing does."""
    cdef char freed[MAX_PULLS]
    cdef char others[MAX_PULLS]
    cdef double memory[2 * MAX_PULLS * MAX_PULLS]
    cdef joint_t part
    cdef char ended = False
    cdef bint several = False
    cdef Py_ssize_t i, k, n = j.pulls
    for k in range(n):
        freed[k], others[k] = k == pull, False
    for i in range(j.n):
        fix_deforming(j.terms[i], others)
        several |= free_beside(j.terms[i], pull, mask, freed)
    out.least = least_without(j, row, y, mask, freed, least, &part, memory, &ended)
    if not out.least < INFINITY:
        return False
    out.at, out.centre, out.weight = row.x[pull], j.centre[pull], j.precision[pull * n + pull]
    out.several = several
    out.lone = 0.0 if several else lone_reach(j, row, mask, freed, sqrt(fmax(least - out.least, 0.0)))
    out.margin = 0.0
    for k in range(n):
        if others[k] and not freed[k] and not mask[k]:
            out.margin = HOPELESS
    return True


cdef bint nothing_between(const joint_row_t *row, const bounds_t *bounds, double least, Py_ssize_t first,
                          Py_ssize_t last) noexcept nogil:
    """Whether bounds say that there is no lower minimum between two places."""
    cdef double low = row.places[first] - bounds.centre, high = row.places[last] - bounds.centre
    cdef double near = 0.0 if low < 0.0 < high else fmin(fabs(low), fabs(high)), floor
    if not bounds.known:
        return False
    if fmax(fabs(low), fabs(high)) <= bounds.lone:
        return True
    near = fmax(near, bounds.lone)
    floor = bounds.least
    if not bounds.several and not row.places[first] <= bounds.at <= row.places[last]:
        floor = fmax(floor, fmin(without_pull(row, bounds, first), without_pull(row, bounds, last)))
    return floor + bounds.weight * near * near > least + bounds.margin


cdef inline double without_pull(const joint_row_t *row, const bounds_t *bounds, Py_ssize_t i) noexcept nogil:
    """chi2 at a place without the pull, at least."""
    cdef double away = row.places[i] - bounds.centre
    return row.heights[i] - row.lacks[i] - bounds.weight * away * away if row.heights[i] < INFINITY else -INFINITY


cdef void glance_needed(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                        Py_ssize_t pull, double least, const bounds_t *bounds, Py_ssize_t known,
                        Py_ssize_t count) noexcept nogil:
    """Note chi2 at all places between which there may be a lower minimum."""
    cdef Py_ssize_t i, first = 0, last = count - 1, middle = known
    if not bounds.known:
        for i in range(count):
            if i != known:
                glance(j, row, y, held, mask, pull, least, i)
        return
    # as far as the pull may go
    while first < known and too_far(row, bounds, least, first + 1):
        first += 1
    while last > known and too_far(row, bounds, least, last - 1):
        last -= 1
    if bounds.lone < fmax(fabs(row.places[first] - bounds.centre), fabs(row.places[last] - bounds.centre)):
        if first != known:
            glance(j, row, y, held, mask, pull, least, first)
        if last != known and last != first:
            glance(j, row, y, held, mask, pull, least, last)
        # where the pull is least
        for i in range(first, last + 1):
            if fabs(row.places[i] - bounds.centre) < fabs(row.places[middle] - bounds.centre):
                middle = i
        if isnan(row.heights[middle]):
            glance(j, row, y, held, mask, pull, least, middle)
        glance_between(j, row, y, held, mask, pull, least, bounds, first, min(known, middle))
        glance_between(j, row, y, held, mask, pull, least, bounds, min(known, middle), max(known, middle))
        glance_between(j, row, y, held, mask, pull, least, bounds, max(known, middle), last)


cdef inline bint too_far(const joint_row_t *row, const bounds_t *bounds, double least, Py_ssize_t i) noexcept nogil:
    cdef double away = row.places[i] - bounds.centre
    return bounds.least + bounds.weight * away * away > least + bounds.margin


cdef void glance_between(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                         Py_ssize_t pull, double least, const bounds_t *bounds, Py_ssize_t first,
                         Py_ssize_t last) noexcept nogil:
    cdef Py_ssize_t middle = (first + last) // 2
    if last - first > 1 and not nothing_between(row, bounds, least, first, last):
        glance(j, row, y, held, mask, pull, least, middle)
        glance_between(j, row, y, held, mask, pull, least, bounds, first, middle)
        glance_between(j, row, y, held, mask, pull, least, bounds, middle, last)


cdef Py_ssize_t leave_out(joint_row_t *row, Py_ssize_t known, Py_ssize_t *count) noexcept nogil:
    """Leave out places that were not glanced at; return where the known one is."""
    cdef Py_ssize_t i, kept = 0, out = known
    for i in range(count[0]):
        if isnan(row.heights[i]):
            continue
        if i == known:
            out = kept
        row.places[kept], row.heights[kept] = row.places[i], row.heights[i]
        row.slopes[kept], row.lacks[kept] = row.slopes[i], row.lacks[i]
        kept += 1
    count[0] = kept
    return out


cdef inline bint bends_back(const joint_row_t *row, Py_ssize_t i, Py_ssize_t other) noexcept nogil:
    """Whether chi2 falls so much less to the next place than its slope says that there may be a minimum on the way."""
    return row.heights[other] - row.heights[i] > BENT * row.slopes[i] * (row.places[other] - row.places[i])


cdef double meeting(const joint_row_t *row, Py_ssize_t i, double *height) noexcept nogil:
    """Where a minimum between two places may be, and the height at which tangents meet."""
    cdef double apart = row.places[i + 1] - row.places[i], one = row.slopes[i], other = row.slopes[i + 1], along
    cdef double steep
    if row.heights[i + 1] == INFINITY:
        height[0] = row.heights[i] + one * apart
        return row.places[i]
    along = (row.heights[i + 1] - row.heights[i] - other * apart) / (one - other)
    height[0] = fmin(row.heights[i] + one * fmin(fmax(along, 0.0), apart), row.heights[i + 1])
    # where one slope is far steeper chi2 bends both ways in between, and tangents are no bound
    if fmax(fabs(one), other) > STEEPER * fmin(fabs(one), other):
        steep = row.heights[i if fabs(one) > other else i + 1] - BENT * fmax(fabs(one), other) * apart
        height[0] = fmin(height[0], steep)
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
    cdef char smooth[MAX_PULLS]
    cdef Py_ssize_t start, n = j.pulls
    cdef double value = INFINITY
    cdef bint kinked = hold_looked(j, fixed, smooth)
    if row.stuck < MOST_STUCK:
        begin_at(row, row.best, held, n)
        row.x[pull] = at
        value = settle_others(j, row, y, fixed, least, gain)
        row.stuck = 0 if value < INFINITY or not kinked else row.stuck + 1
    if kinked and not value < INFINITY:
        begin_at(row, row.best, held, n)
        row.x[pull] = at
        value = settle_others(j, row, y, smooth, least, gain)
    # what is deformed to below 0 needs a factor below 0, or none of it
    for start in range(-1, j.starts if any_deforms(j, smooth) else 0):
        if value < INFINITY:
            break
        begin_at(row, row.best if start < 0 else j.start + start * n, held, n)
        row.x[pull] = at
        if enter(j, row, y, smooth):
            value = settle_others(j, row, y, smooth, least, gain)
    return value


cdef bint any_deforms(const joint_t *j, const char *mask) noexcept nogil:
    """Whether anything that is not held deforms linearly: elsewhere there is one minimum."""
    cdef Py_ssize_t k
    for k in range(j.pulls):
        if not mask[k] and deforms(j, k):
            return True
    return False


cdef bint hold_looked(const joint_t *j, const char *mask, char *out) noexcept nogil:
    """Hold what may have kinks and is looked along itself, besides; whether there is any."""
    cdef Py_ssize_t i, k
    cdef bint any_held = False
    memcpy(out, mask, j.pulls)
    for i in range(j.looks):
        k = j.look_pull[i]
        if not mask[k] and not deforms(j, k):
            out[k] = any_held = True
    return any_held


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
        elif left <= row.best[pull] <= right:
            # there may be several minima: this way is the lower one
            slope = at - row.best[pull]
        if slope > 0.0:
            right = at
        else:
            left = at
        if right - left <= same:
            break
        at = 0.5 * (left + right)
    return least
