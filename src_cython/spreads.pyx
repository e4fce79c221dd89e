"""Descents from places all over what deforms components, where chi2 may have several minima.

A component f (b + d c) with its factor f and a deformation d is linear in either, so that chi2 is convex in all factors
at given deformations, and in all deformations at given factors. Places are spread over the ones, the others are
profiled, and from the lowest descents begin in all together.
"""

from libc.math cimport INFINITY, fabs, fmax, fmin, sqrt
from libc.string cimport memcpy, memset

from cevns.kernels.components cimport poisson_t
from cevns.kernels.cones cimport deforms, find_scaling, fix_deforming
from cevns.kernels.descents cimport (
    MAX_PULLS, begin_at, descend, factorise, joint_row_t, joint_t, keep_best, scale_to, solve)
from cevns.kernels.entrances cimport descend_inside

cdef enum:
    # places, fewer where one nuisance alone deforms, and of how many one descent begins at the lowest
    MOST_PLACES = 32
    FEW_PLACES = 12
    DESCENTS = 4
    # rounds to find a root
    MOST_ROOTS = 40

# how far factors of what is scaled freely go
cdef double FREE = 2.0
# what of a variance is taken for rounding
cdef double ROUGH = 1e-13


cdef double spread_out(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                       const char *spread, double far, double least) noexcept nogil:
    """Return chi2 at the least minimum from places all over some nuisances, up to a distance, if there are several.

    With these fixed chi2 is convex in the others but for kinks, and with fixed what scales the components that they
    deform, too; so places all over that are others, and those where nothing is left of one of these components. If
    one alone deforms that is known from where it is looked along.
    """
    cdef char fixed[MAX_PULLS]
    cdef char scaling[MAX_PULLS]
    cdef Py_ssize_t i, k, count = 0, deforming = 0, n = j.pulls
    for k in range(n):
        count += spread[k]
        if spread[k] and deforms(j, k):
            deforming += 1
    if count < 2 or deforming == 0:
        return least
    memcpy(fixed, mask, n)
    for i in range(j.n):
        fix_deforming(j.terms[i], fixed)
    if deforming < 2:
        return descend_spread(j, row, y, held, mask, spread, fixed, NULL, FEW_PLACES, far, least)
    least = descend_spread(j, row, y, held, mask, spread, fixed, NULL, MOST_PLACES, far, least)
    find_scaling(j, mask, spread, scaling)
    for k in range(n):
        fixed[k] = mask[k] or scaling[k]
    least = descend_spread(j, row, y, held, mask, scaling, fixed, NULL, MOST_PLACES, INFINITY, least)
    return descend_spread(j, row, y, held, mask, scaling, fixed, spread, MOST_PLACES, INFINITY, least)


cdef void find_spread(const joint_t *j, joint_row_t *row, const char *mask, const char *spread,
                      double *out) noexcept nogil:
    """Cholesky factor of the covariance of some nuisances, 0 for those without a pull."""
    cdef char fixed[MAX_PULLS]
    cdef double unit[MAX_PULLS]
    cdef Py_ssize_t i, k, n = j.pulls
    for k in range(n):
        fixed[k], unit[k] = mask[k] or j.precision[k * n + k] == 0.0, 0.0
    for k in range(n * n):
        row.hessian[k] = 0.0
    if factorise(j.precision, fixed, n, ROUGH, row.factor):
        for k in range(n):
            unit[k] = 1.0
            solve(row.factor, fixed, unit, n, row.step)
            unit[k] = 0.0
            for i in range(n):
                row.hessian[i * n + k] = row.step[i]
    for k in range(n):
        fixed[k] |= not spread[k]
    if not factorise(row.hessian, fixed, n, ROUGH, out):
        memset(out, 0, n * n * sizeof(double))
    for k in range(n):
        if fixed[k]:
            out[k * n + k] = 0.0


cdef double most_scaled(const joint_t *j, Py_ssize_t pull) noexcept nogil:
    """By how much a unit of a nuisance scales a component, at most, in units of it."""
    cdef const poisson_t *p
    cdef Py_ssize_t c, i, k
    cdef double out = 0.0
    for i in range(j.n):
        p = j.terms[i]
        for k in range(p.pulls):
            for c in range(p.components if p.places[k] == pull else 0):
                out = fmax(out, fabs(p.scales[c * p.pulls + k]))
    return out if out > 0.0 else INFINITY


cdef void take_away(const joint_t *j, joint_row_t *row, const char *mask, const char *deforming,
                    Py_ssize_t which) noexcept nogil:
    """Move x so that nothing is left of one of the components that are deformed, counted round and round."""
    cdef const poisson_t *p
    cdef Py_ssize_t c, i, m, last, count = 0
    while True:
        for i in range(j.n):
            p, last = j.terms[i], -1
            for m in range(p.morphs):
                c = p.morphed[m]
                if c == last or not deforming[p.places[p.morph_pulls[m]]]:
                    continue
                last = c
                count += 1
                if count <= which:
                    continue
                scale_to(j, p, c, 0.0, mask, row.x)
                return
        if count == 0:
            return


cdef double descend_spread(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                           const char *spread, const char *fixed, const char *deforming, Py_ssize_t places, double far,
                           double least) noexcept nogil:
    """The same from places with some nuisances fixed, so that chi2 is convex in the others but for kinks.

    Places are as even as multiples of powers of one number, the root of x^(n + 1) = x + 1, are in n dimensions. From
    the lowest ones descents begin. With `deforming` nothing is left at each of one component that is deformed, in turn.
    """
    cdef double from_there[MOST_PLACES * MAX_PULLS]
    cdef double widths[MAX_PULLS * MAX_PULLS]
    cdef double heights[MOST_PLACES]
    cdef double shares[MAX_PULLS]
    cdef Py_ssize_t i, k, m, lowest, count = 0, n = j.pulls
    cdef double value, ratio = 2.0, share
    cdef int _
    for k in range(n):
        count += spread[k]
    if count == 0:
        return least
    for _ in range(MOST_ROOTS):
        ratio = (1.0 + ratio) ** (1.0 / (count + 1))
    find_spread(j, row, mask, spread, widths)
    # chi2 is no less than its pulls
    far = fmin(far, sqrt(least))
    for i in range(places):
        begin_at(row, row.best, held, n)
        share = 0.5
        for k in range(n):
            shares[k] = 0.0
            if spread[k]:
                share /= ratio
                shares[k] = (share + 0.5) * (i + 1)
                shares[k] -= <Py_ssize_t> shares[k]
        for k in range(n):
            if spread[k] and widths[k * n + k] > 0.0:
                row.x[k] = j.centre[k]
                for m in range(k + 1):
                    row.x[k] += widths[k * n + m] * far * (2.0 * shares[m] - 1.0)
                row.x[k] = fmin(fmax(row.x[k], j.low[k]), j.high[k])
            elif spread[k] and j.high[k] - j.low[k] < INFINITY:
                row.x[k] = j.low[k] + (j.high[k] - j.low[k]) * shares[k]
            elif spread[k]:
                row.x[k] += FREE * (2.0 * shares[k] - 1.0) / most_scaled(j, k)
        if deforming != NULL:
            take_away(j, row, mask, deforming, i)
        heights[i] = descend_inside(j, row, y, fixed)
        memcpy(from_there + i * n, row.x, n * sizeof(double))
    for _ in range(places // DESCENTS):
        lowest = 0
        for i in range(places):
            if not heights[lowest] <= heights[i]:
                lowest = i
        if not heights[lowest] < INFINITY:
            break
        heights[lowest] = INFINITY
        begin_at(row, from_there + lowest * n, held, n)
        value = descend(j, row, y, mask, least)
        if value < least:
            least = value
            keep_best(j, row)
    return least
