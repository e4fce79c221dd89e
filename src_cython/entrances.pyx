"""Ways to where expectations can be, from where some are below 0 and chi2 is infinite.

Of what is deformed there may be so little room, far from 0 deformations, that no point tried at random is in it. But
at given deformations, or at given factors, the room is convex. So instead of chi2 of each bin 2 (N - n ln N) is made
least, with a little for n in empty bins: it holds each N above 0, and below a threshold it goes on as its parabola
there, finite everywhere. Newton's steps in what is not held go down in it, and the threshold falls until there is
nothing below 0.
"""

from libc.math cimport INFINITY, fmax, fmin

from cevns.kernels.descents cimport (
    MAX_PULLS, at_pulls, descend, find_step, joint_row_t, joint_t, leave_walls, take_trial)
from cevns.kernels.walls cimport has_sides

cdef enum:
    MOST_THRESHOLDS = 7
    # steps for each, and how often one is halved
    MOST_STEPS = 12
    MOST_HALVINGS = 12

# in units of counts, how fast it falls, and what is below 0 at least with it
cdef double FIRST_THRESHOLD = 0.3
cdef double LOWER = 0.1
cdef double FALLING = 0.5
# gain of a step that is the last one
cdef double LAST_GAIN = 1e-2


cdef bint enter(const joint_t *j, joint_row_t *row, double y, const char *held) noexcept nogil:
    """Move x, but for what is held, to where chi2 is finite; whether that was found."""
    cdef double threshold = FIRST_THRESHOLD, last = INFINITY, below
    cdef bint inside = False
    cdef int _
    leave_walls(j, row)
    for _ in range(MOST_THRESHOLDS):
        put_threshold(j, row, threshold)
        go_down(j, row, y, held)
        below = most_below(j, row)
        put_threshold(j, row, 0.0)
        inside = at_pulls(j, row, y, row.x, False, row.gradient, row.hessian) < INFINITY
        # what is below 0 falls with the threshold, unless that is far above it, or there is no way in
        if inside or below > fmax(FALLING * last, threshold):
            break
        last = below
        threshold *= LOWER
    return inside


cdef double most_below(const joint_t *j, const joint_row_t *row) noexcept nogil:
    """How far the lowest expectation is below 0, of those that may not be."""
    cdef Py_ssize_t i, k
    cdef double out = 0.0
    for i in range(j.n):
        for k in range(j.terms[i].bins if j.terms[i].weights == NULL else 0):
            if j.terms[i].floor == 0.0 or has_sides(j.terms[i], k):
                out = fmax(out, -row.rows[i].expected[k])
    return out


cdef inline void put_threshold(const joint_t *j, joint_row_t *row, double threshold) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(j.n):
        row.rows[i].threshold = threshold


cdef void go_down(const joint_t *j, joint_row_t *row, double y, const char *mask) noexcept nogil:
    """Take steps until they gain little."""
    cdef char fixed[MAX_PULLS]
    cdef Py_ssize_t k
    cdef double gain, scale, new, value = at_pulls(j, row, y, row.x, False, row.gradient, row.hessian)
    cdef int _, _halving
    for _ in range(MOST_STEPS):
        gain = find_step(j, row, y, mask, fixed)
        if not gain > LAST_GAIN:
            break
        scale = 1.0
        for _halving in range(MOST_HALVINGS):
            for k in range(j.pulls):
                row.trial[k] = fmin(fmax(row.x[k] - scale * row.step[k], j.low[k]), j.high[k])
            new = at_pulls(j, row, y, row.trial, False, row.new_gradient, row.new_hessian)
            if new <= value - 1e-4 * scale * gain:
                break
            scale *= 0.5
        else:
            break
        value = new
        take_trial(j, row)


cdef double descend_inside(const joint_t *j, joint_row_t *row, double y, const char *mask) noexcept nogil:
    """Descend from where x is, or from where chi2 is finite near it; return chi2 at the end as `descend` does."""
    cdef double value = descend(j, row, y, mask, INFINITY)
    if value == INFINITY and enter(j, row, y, mask):
        value = descend(j, row, y, mask, INFINITY)
    return value
