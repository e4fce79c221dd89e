"""The least of all minima of chi2, where nuisances deform: along which it is looked for more, in turn.

Where bounds do not say that there is no other minimum (see `cones.pyx`), descents begin all over what deforms (see
`spreads.pyx`), and it is looked along each nuisance that may make several (see `looks.pyx`), until none leads lower.
"""

from libc.math cimport INFINITY, fabs
from libc.string cimport memcpy

from cevns.kernels.cones cimport bounded, deforms, fix_deforming, free_beside, is_lone, is_near
from cevns.kernels.descents cimport MAX_PULLS, begin_at, descend, joint_row_t, joint_t, keep_best
from cevns.kernels.entrances cimport descend_inside
from cevns.kernels.looks cimport look_along
from cevns.kernels.spreads cimport spread_out

cdef enum:
    # rounds until none leads lower
    MOST_ROUNDS = 8

# what a round gains, relative to 1 + chi2, that is the last one
cdef double LAST_GAIN = 1e-8


cdef double look_around(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                        double least) noexcept nogil:
    """Return chi2 at the least of all minima along each nuisance that may have several, others profiled."""
    cdef char worth[MAX_PULLS]
    cdef Py_ssize_t i, k
    cdef double before, scaled = INFINITY, judged = INFINITY
    cdef int _
    if not least < INFINITY:
        scaled = least = scaled_least(j, row, y, held, mask)
    for i in range(j.looks):
        # nothing is known yet to look from: it is where some bin gets what was seen in it
        for k in range(j.look_end[i - 1] if i else 0, j.look_end[i]):
            if least < INFINITY:
                break
            begin_at(row, j.start, held, j.pulls)
            if not mask[j.look_pull[i]]:
                row.x[j.look_pull[i]] = j.place[k]
            least = descend_inside(j, row, y, mask)
            if least < INFINITY:
                keep_best(j, row)
    for _ in range(MOST_ROUNDS if least < INFINITY else 0):
        before = least
        if least != judged:
            judged = least
            least = judge(j, row, y, held, mask, least, worth)
        for i in range(j.looks):
            if worth[j.look_pull[i]]:
                least = look_along(j, row, y, held, mask, i, least)
        if not least < before - LAST_GAIN * (1.0 + fabs(before)):
            break
    return least if least < scaled else INFINITY


cdef double judge(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask, double least,
                  char *worth) noexcept nogil:
    """Note along what to look; return chi2 at the least minimum of all that a few descents find where it is needed."""
    cdef char freed[MAX_PULLS]
    cdef char alone[MAX_PULLS]
    cdef Py_ssize_t i, k, m, n = j.pulls
    cdef double far = INFINITY, own_far
    cdef bint unbounded = False
    for k in range(n):
        freed[k] = worth[k] = False
    for i in range(j.looks):
        k = j.look_pull[i]
        worth[k] = not mask[k]
        freed[k] = worth[k] and deforms(j, k)
    for k in range(n):
        if freed[k]:
            for m in range(n):
                alone[m] = m == k
            if not bounded(j, alone):
                freed[k], worth[k] = False, not is_near(j, row, y, mask, alone, least)
                unbounded |= worth[k]
    # all that has bounds together, then each with what deforms the same
    set_aside(j, row, y, mask, freed, least, &far, worth)
    for k in range(n):
        if freed[k] and worth[k]:
            for m in range(n):
                alone[m] = m == k
            for i in range(j.n):
                free_beside(j.terms[i], k, mask, alone)
            set_aside(j, row, y, mask, alone, least, &own_far, worth)
    if any_deforms(j, worth):
        # what bounds say of others they say at values that move with these
        for k in range(n):
            worth[k] |= not mask[k] and deforms(j, k)
    row.lone = True
    for k in range(n):
        row.lone &= not worth[k]
    return spread_out(j, row, y, held, mask, worth, INFINITY if unbounded else far, least)


cdef bint any_deforms(const joint_t *j, const char *worth) noexcept nogil:
    cdef Py_ssize_t k
    for k in range(j.pulls):
        if worth[k] and deforms(j, k):
            return True
    return False


cdef inline void set_aside(const joint_t *j, joint_row_t *row, double y, const char *mask, const char *freed,
                           double least, double *far, char *worth) noexcept nogil:
    """Note that some nuisances are not worth a look, if bounds say so."""
    cdef Py_ssize_t k
    cdef bint any_freed = False
    for k in range(j.pulls):
        any_freed |= freed[k]
    if any_freed and is_lone(j, row, y, mask, freed, least, far):
        for k in range(j.pulls):
            worth[k] &= not freed[k]


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
