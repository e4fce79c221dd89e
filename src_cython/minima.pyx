"""The least of all minima of chi2, where nuisances deform: along which it is looked for more, in turn.

Where bounds do not say that there is no other minimum (see `cones.pyx`), descents begin all over what deforms, and it
is looked along each nuisance that may make several (see `looks.pyx`), until none leads lower.
"""

from libc.math cimport INFINITY, fabs, fmax, fmin
from libc.string cimport memcpy

from cevns.kernels.cones cimport bounded, deforms, fix_deforming, free_beside, is_lone, is_near
from cevns.kernels.descents cimport MAX_PULLS, begin_at, descend, joint_row_t, joint_t, keep_best
from cevns.kernels.looks cimport bring_to, look_along

cdef enum:
    # rounds until none leads lower
    MOST_ROUNDS = 8
    # starts all over what deforms, and rounds to find a root
    MOST_SPREAD = 32
    MOST_ROOTS = 40

# what a round gains, relative to 1 + chi2, that is the last one
cdef double LAST_GAIN = 1e-8


cdef double look_around(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                        double least) noexcept nogil:
    """Return chi2 at the least of all minima along each nuisance that may have several, others profiled."""
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
    cdef char beside[MAX_PULLS]
    cdef Py_ssize_t i, k, m, n = j.pulls
    cdef double far = INFINITY, own_far
    cdef bint left = False, any_freed = False
    for k in range(n):
        freed[k] = worth[k] = False
    for i in range(j.looks):
        k = j.look_pull[i]
        worth[k] = not mask[k]
        freed[k] = worth[k] and deforms(j, k)
    for k in range(n):
        if freed[k]:
            for m in range(n):
                beside[m] = m == k
            if not bounded(j, beside):
                # alone, with what it deforms
                worth[k] = not is_near(j, row, y, mask, beside, least)
                freed[k] = False
    for k in range(n):
        any_freed |= freed[k]
    if not any_freed or is_lone(j, row, y, mask, freed, least, &far):
        for k in range(n):
            worth[k] &= not freed[k]
        return least
    for k in range(n):
        if freed[k] and worth[k]:
            for m in range(n):
                beside[m] = m == k
            for i in range(j.n):
                free_beside(j.terms[i], k, mask, beside)
            if is_lone(j, row, y, mask, beside, least, &own_far):
                for m in range(n):
                    worth[m] &= not beside[m]
    for k in range(n):
        freed[k] &= worth[k]
        left |= freed[k]
    for k in range(n):
        freed[k] = left and worth[k]
    return spread_out(j, row, y, held, mask, freed, far, least)


cdef double spread_out(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                       const char *spread, double far, double least) noexcept nogil:
    """Return chi2 at the least minimum from starts all over some nuisances, up to a distance, if there are several.

    They are as even as multiples of powers of one number, the root of x^(n + 1) = x + 1, are in n dimensions.
    """
    cdef Py_ssize_t k, start, count = 0, n = j.pulls
    cdef double value, ratio = 2.0, share, place, low, high
    cdef bint kinked = False
    cdef int _
    for k in range(n):
        count += spread[k]
        if spread[k] and not deforms(j, k):
            kinked = True
    for _ in range(MOST_ROOTS):
        ratio = (1.0 + ratio) ** (1.0 / (count + 1))
    for start in range(MOST_SPREAD // (1 + kinked) if count > 1 else 0):
        begin_at(row, row.best if start % 2 else j.start, held, n)
        share = 0.5
        for k in range(n):
            if spread[k]:
                share /= ratio
                place = (share + 0.5) * (start + 1)
                place -= <Py_ssize_t> place
                low, high = j.low[k], j.high[k]
                if deforms(j, k):
                    low, high = fmax(low, j.centre[k] - far), fmin(high, j.centre[k] + far)
                row.x[k] = low + (high - low) * place
        value = descend(j, row, y, mask, least)
        if value == INFINITY:
            for k in range(n):
                if spread[k]:
                    bring_to(j, row, mask, k, 0.0)
            value = descend(j, row, y, mask, least)
        if value < least:
            least = value
            keep_best(j, row)
    return least


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
