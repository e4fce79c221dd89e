"""Where no other minimum of chi2 is along what deforms components: bounds that cost one descent.

A component f (b + d c) with its factor f and a deformation d is linear in f and g = f d, and so chi2 without the pull
d^2 is convex in f, g and all else that scales; f has the variance s^2. Let V be its least value, where f is f0, and
r = f0 / s; and C the least chi2 that is known, D^2 = C - V. From V convex chi2 rises at least as fast as the pulls of
f, so that any lower minimum is in the set of (f - f0)^2 / s^2 + g^2 / f^2 <= D^2. This function of f and g has a
second derivative that is positive where s |d| < f, which is all of the set if r > 2^(1/2) D: then the set is convex,
chi2 is convex there, and there is no other minimum. The same holds with sums over several components and deformations,
and the least r. Otherwise it holds in the cone |d| <= r - D, where f >= f0 - s D.

Along a line, at one d, chi2 without the pull is N(d), which a minimum divides into two parts, and one maximum, where
f = 0, on the way around from d = infinity: sets where convex functions are low are convex, and seen from f = g = 0
they cover one range of directions. So between two places, but around the minimum, N is no less than at one of both.

Data may know f far better than its pulls do. Where they are counts n >= m, half of chi2 is self-concordant with the
constant m^(-1/2): then any lower minimum is u standard deviations of f from f0 at most, with w = u m^(-1/2) and
w - ln(1 + w) = D^2 / (2 m), and on the way second derivatives are no less than (1 - w)^2 of those at f0. So with the
standard deviation t of f there, all else profiled, chi2 is convex if t D / (1 - w) < f0 - u t.

What else deforms is taken for given, as where chi2 is least. What deforms several components has products f d that are
tied to each other, and below a floor chi2 is not convex, unless bins go on as above it (see `floors.pyx`): there are no
bounds.
"""

from libc.math cimport INFINITY, fmax, fmin, sqrt
from libc.string cimport memcpy

from cevns.kernels.components cimport MAX_PULLS, factor_of, poisson_t
from cevns.kernels.descents cimport (
    at_pulls, descend, factorise, joint_row_t, joint_t, leave_walls, solve)

cdef double ROOT_OF_TWO = 1.4142135623730951
# what of a curvature is taken for rounding
cdef double ROUGH = 1e-13
# standard deviation up to which a component is known well
cdef double WELL = 0.4
# a factor, in standard deviations, that is 0
cdef double NOTHING = 1e-6
# of a range, next to which its end is where a descent stopped
cdef double AT_END = 1e-9


cdef Py_ssize_t deformed_by(const poisson_t *p, Py_ssize_t pull) noexcept nogil:
    """The component that a nuisance deforms linearly, -1 for none."""
    cdef Py_ssize_t k
    for k in range(p.morphs):
        if p.places[p.morph_pulls[k]] == pull:
            return p.morphed[k]
    return -1


cdef bint deforms(const joint_t *j, Py_ssize_t pull) noexcept nogil:
    """Whether a nuisance deforms a component linearly."""
    cdef Py_ssize_t i
    for i in range(j.n):
        if deformed_by(j.terms[i], pull) >= 0:
            return True
    return False


cdef void fix_deforming(const poisson_t *p, char *fixed) noexcept nogil:
    """Hold nuisances that do more than to scale components."""
    cdef Py_ssize_t k
    for k in range(p.shapes):
        fixed[p.places[p.shape[k].pull]] = True
    for k in range(p.morphs):
        fixed[p.places[p.morph_pulls[k]]] = True
    if p.offset.pull >= 0:
        fixed[p.places[p.offset.pull]] = True


cdef bint free_beside(const poisson_t *p, Py_ssize_t pull, const char *mask, char *freed) noexcept nogil:
    """Free what deforms the same component besides; whether anything does."""
    cdef Py_ssize_t k, component = deformed_by(p, pull)
    cdef bint out = False
    for k in range(p.morphs):
        if p.morphed[k] == component and not mask[p.places[p.morph_pulls[k]]] and not freed[
                p.places[p.morph_pulls[k]]]:
            freed[p.places[p.morph_pulls[k]]] = out = True
    return out


cdef bint stands_alone(const joint_t *j, Py_ssize_t pull) noexcept nogil:
    """Whether a nuisance has a pull that no other one changes."""
    cdef Py_ssize_t i
    for i in range(j.pulls):
        if i != pull and j.precision[pull * j.pulls + i] != 0.0:
            return False
    return j.precision[pull * j.pulls + pull] > 0.0


cdef bint bounded(const joint_t *j, const char *freed) noexcept nogil:
    """Whether bounds hold: each nuisance deforms one component, its pull is no other's, and there are no floors."""
    cdef Py_ssize_t i, k, m, count
    if j.floors:
        return False
    for k in range(j.pulls):
        if not freed[k]:
            continue
        count = 0
        for i in range(j.n):
            for m in range(j.terms[i].morphs):
                if j.terms[i].places[j.terms[i].morph_pulls[m]] == k:
                    count += 1
        if count > 1 or not stands_alone(j, k):
            return False
    return True


cdef double variance_of(const double *precision, Py_ssize_t n, joint_row_t *row, const poisson_t *p,
                        Py_ssize_t component, const char *mask) noexcept nogil:
    """Variance of a component's factor, infinite if it is free."""
    cdef char fixed[MAX_PULLS]
    cdef double scales[MAX_PULLS]
    cdef Py_ssize_t k, pull
    cdef double out = 0.0
    for k in range(n):
        fixed[k], scales[k] = mask[k] or precision[k * n + k] == 0.0, 0.0
    for k in range(p.pulls):
        pull = p.places[k]
        scales[pull] = p.scales[component * p.pulls + k]
        if scales[pull] and not mask[pull] and fixed[pull]:
            return INFINITY
    if not factorise(precision, fixed, n, ROUGH, row.factor):
        return INFINITY
    solve(row.factor, fixed, scales, n, row.step)
    for k in range(n):
        out += scales[k] * row.step[k]
    return out


cdef double without_pulls(const joint_t *j, joint_row_t *row, double y, const char *mask, const char *freed,
                          joint_t *part, double *memory, char *ended) noexcept nogil:
    """Return the least chi2 without the pulls of some nuisances, from the best, and whether it ends at ends of them.

    `part` gets what is left, with `memory` of two square matrices.
    """
    cdef Py_ssize_t i, k, n = j.pulls
    cdef double value, near
    cdef double *root = memory
    cdef double *precision = memory + n * n
    memcpy(root, j.root, n * n * sizeof(double))
    memcpy(precision, j.precision, n * n * sizeof(double))
    for k in range(n):
        if freed[k]:
            for i in range(n):
                root[i * n + k] = precision[i * n + k] = precision[k * n + i] = 0.0
    part[0] = j[0]
    part.root, part.precision = root, precision
    memcpy(row.x, row.best, n * sizeof(double))
    value = descend(part, row, y, mask, INFINITY)
    ended[0] = False
    for k in range(n):
        near = AT_END * (j.high[k] - j.low[k])
        if freed[k] and not j.low[k] + near < row.x[k] < j.high[k] - near:
            ended[0] = True
    return value


cdef double least_ratio(const joint_t *j, joint_row_t *row, const char *mask, const char *freed) noexcept nogil:
    """Return the least ratio of a factor to its standard deviation, of what is deformed."""
    cdef const poisson_t *p
    cdef Py_ssize_t c, i, k, last
    cdef double out = INFINITY, variance
    for i in range(j.n):
        p, last = j.terms[i], -1
        for k in range(p.morphs):
            c = p.morphed[k]
            if freed[p.places[p.morph_pulls[k]]] and c != last:
                last, variance = c, variance_of(j.precision, j.pulls, row, p, c, mask)
                if variance:
                    out = fmin(out, factor_of(p, c, row.x) / sqrt(variance))
    return out


cdef bint at_nothing(const joint_t *j, joint_row_t *row, const char *mask, const char *freed) noexcept nogil:
    """Whether a descent without pulls ended where nothing is deformed: a saddle, maybe, for all that its slopes say."""
    return least_ratio(j, row, mask, freed) < NOTHING


cdef double lone_reach(const joint_t *j, joint_row_t *row, const char *mask, const char *freed,
                       double far) noexcept nogil:
    """How far what deforms goes with one minimum, if none is beyond `far`; row.x is the one without its pulls."""
    cdef double ratio = least_ratio(j, row, mask, freed)
    return INFINITY if ratio > ROOT_OF_TWO * far else fmax(ratio - far, 0.0)


cdef bint known_by_data(const joint_t *part, joint_row_t *row, double y, const char *mask, const char *freed,
                        double far) noexcept nogil:
    """The same from second derivatives of all that is left without these pulls."""
    cdef joint_t data = part[0]
    cdef double fewest = INFINITY, constant, away, lost, ratio
    cdef Py_ssize_t i, k
    for i in range(part.n):
        for k in range(part.terms[i].bins if part.terms[i].weights == NULL else 0):
            # what is seen below a floor curves chi2 above it alone
            if 0.0 < part.terms[i].observed[k] <= part.terms[i].floor:
                return False
            if part.terms[i].observed[k] > 0.0:
                fewest = fmin(fewest, part.terms[i].observed[k])
    constant = 1.0 / sqrt(fewest) if fewest < INFINITY else 0.0
    # w - ln(1 + w) is more than w^2 / (2 + 4 w / 3)
    away = constant * far * far / 3.0
    away += sqrt(away * away + far * far)
    lost = 1.0 - constant * away
    if lost <= 0.0:
        return False
    # empty bins curve nothing, walls next to which a descent ended do
    leave_walls(part, row)
    if at_pulls(part, row, y, row.x, False, row.gradient, row.hessian) == INFINITY:
        return False
    for k in range(part.pulls * part.pulls):
        row.hessian[k] *= 0.5
    data.precision = row.hessian
    ratio = least_ratio(&data, row, mask, freed)
    return far / lost < ratio - away


cdef bint below_nothing(const joint_t *j, joint_row_t *row, const char *mask, const char *freed,
                        double least) noexcept nogil:
    """Whether what is deformed may have a factor below 0 with less chi2, as far as its pulls say."""
    cdef const poisson_t *p
    cdef double centre[MAX_PULLS]
    cdef double variance, nominal
    cdef Py_ssize_t i, k
    for k in range(j.pulls):
        centre[k] = row.x[k] if mask[k] else j.centre[k]
    for i in range(j.n):
        p = j.terms[i]
        for k in range(p.morphs):
            if freed[p.places[p.morph_pulls[k]]]:
                variance = variance_of(j.precision, j.pulls, row, p, p.morphed[k], mask)
                nominal = factor_of(p, p.morphed[k], centre)
                if variance and not (nominal > 0.0 and least * variance < nominal * nominal):
                    return True
    return False


cdef double least_without(const joint_t *j, joint_row_t *row, double y, const char *mask, const char *freed,
                          double least, joint_t *part, double *memory, char *ended) noexcept nogil:
    """Return what `without_pulls` does where it bounds chi2, infinity elsewhere; row.x gets where it is least."""
    cdef double value
    if not bounded(j, freed):
        return INFINITY
    value = without_pulls(j, row, y, mask, freed, part, memory, ended)
    if not value < INFINITY or at_nothing(j, row, mask, freed) or (
            ended[0] and below_nothing(j, row, mask, freed, least)):
        return INFINITY
    return value


cdef void find_scaling(const joint_t *j, const char *mask, const char *deforming, char *out) noexcept nogil:
    """Note what scales components that are deformed."""
    cdef const poisson_t *p
    cdef Py_ssize_t c, i, k, m
    for k in range(j.pulls):
        out[k] = False
    for i in range(j.n):
        p = j.terms[i]
        for m in range(p.morphs):
            c = p.morphed[m]
            for k in range(p.pulls if deforming[p.places[p.morph_pulls[m]]] else 0):
                if p.scales[c * p.pulls + k] and not mask[p.places[k]]:
                    out[p.places[k]] = True


cdef bint is_near(const joint_t *j, joint_row_t *row, double y, const char *mask, const char *freed,
                  double least) noexcept nogil:
    """Whether pulls cost so little that no other minimum is likely, where there are no bounds.

    Of a component that is known well: its pulls and those of what deforms it are more than 1 / (2 s^2) together beyond
    where they curve upwards in f and f d, so chi2 is made least without all of them.
    """
    cdef double memory[2 * MAX_PULLS * MAX_PULLS]
    cdef char left[MAX_PULLS]
    cdef joint_t part
    cdef const poisson_t *p
    cdef char ended = False
    cdef Py_ssize_t i, k
    cdef double widest = 0.0, value
    for k in range(j.pulls):
        if freed[k] and not stands_alone(j, k):
            return False
    for i in range(j.n):
        p = j.terms[i]
        for k in range(p.morphs):
            if freed[p.places[p.morph_pulls[k]]]:
                widest = fmax(widest, variance_of(j.precision, j.pulls, row, p, p.morphed[k], mask))
    if widest > WELL * WELL:
        return False
    find_scaling(j, mask, freed, left)
    for k in range(j.pulls):
        left[k] |= freed[k]
    value = without_pulls(j, row, y, mask, left, &part, memory, &ended)
    return value < INFINITY and (widest == 0.0 or least - value < 0.5 / widest)


cdef bint is_lone(const joint_t *j, joint_row_t *row, double y, const char *mask, const char *freed, double least,
                  double *far) noexcept nogil:
    """Whether no minimum is lower along some nuisances that deform; row.best is the one that is known.

    `far` gets how far any may be.
    """
    cdef double memory[2 * MAX_PULLS * MAX_PULLS]
    cdef joint_t part
    cdef char ended = False
    cdef double value
    value = least_without(j, row, y, mask, freed, least, &part, memory, &ended)
    far[0] = sqrt(fmax(least - value, 0.0)) if value < INFINITY else INFINITY
    if not far[0] < INFINITY:
        return False
    return lone_reach(j, row, mask, freed, far[0]) == INFINITY or (
        not ended and known_by_data(&part, row, y, mask, freed, far[0]))
