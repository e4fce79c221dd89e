"""Least chi2 of several experiments over all their nuisances together.

All nuisances x together have the pull x' W x with the inverse W of their covariance, and each may have a range. With
the gradient g and the matrix H of second derivatives the steps are Newton's, -H^-1 g, in those that are not at an end
of their range that g leads out of, shortened until chi2 falls. Where H has a negative direction, it is taken without
the second derivatives of the expectations. The last step's gain, g' H^-1 g / 2, is taken without looking.

chi2 is convex if nuisances scale components alone, and has one minimum. What deforms them may make several: then each
descent starts anew from all of some places.
"""

from libc.math cimport INFINITY, NAN, fabs, fmax, fmin
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from cevns.kernels.components cimport (
    observed_total, place_poisson_row, poisson_row_size, poisson_row_t, poisson_t, signal_total, start_poisson)
from cevns.kernels.descents cimport (
    MAX_PULLS, at_pulls, descend_within, factorise, find_fixed, find_step, rounding, solve, take_trial)
from cevns.kernels.pieces cimport own
from cevns.kernels.poisson cimport PoissonTerm, poisson_gradient

import numpy as np

from cevns.errors import InputError

cdef enum:
    MOST_STEPS = 200
    MOST_HALVINGS = 40
    # steps that may leave what can be expected before walls are what a descent goes along, and those of which kinks
    # may leave next to nothing
    MOST_BLOCKED = 2
    MOST_SHORT = 5

# gain of a step, relative to 1 + chi2, that is the last one
cdef double LAST_GAIN = 1e-8
# how far chi2 may seem to be below 0 where it is 0
cdef double BELOW = 1e-7
# signals, relative to the data, that are brought near these before a descent
cdef double LARGE = 3.0
# of a step that a kink has shortened
cdef double SHORT = 0.1
# in the place of the inverse variance of nuisances without a pull
cdef double FREE = 1e-3
# where a descent leads to a minimum that is known: how near its next step comes to it, and what that gains at most
cdef double NEAR = 0.1
cdef double SAME_WELL = 2.0


cdef Py_ssize_t joint_size(const joint_t *j) noexcept nogil:
    """Doubles that a row needs."""
    cdef Py_ssize_t i, size = j.n * sizeof(poisson_row_t) // sizeof(double) + 1
    for i in range(j.n):
        size += poisson_row_size(j.terms[i])
    return size + 6 * j.pulls + 3 * j.pulls * j.pulls


cdef void place_joint(const joint_t *j, joint_row_t *row, double *memory) noexcept nogil:
    """Divide memory of `joint_size` among a row."""
    cdef Py_ssize_t i, n = j.pulls
    row.rows = <poisson_row_t *> memory
    memory += j.n * sizeof(poisson_row_t) // sizeof(double) + 1
    for i in range(j.n):
        memory = place_poisson_row(j.terms[i], row.rows + i, memory)
    row.best, row.x, row.gradient, row.step = memory, memory + n, memory + 2 * n, memory + 3 * n
    row.trial, row.new_gradient = memory + 4 * n, memory + 5 * n
    memory += 6 * n
    row.hessian, row.factor, row.new_hessian = memory, memory + n * n, memory + 2 * n * n


cdef void start_joint(const joint_t *j, joint_row_t *row, const double *values, bint alone) noexcept nogil:
    """Compute the rates of all experiments at the parameters' values."""
    cdef Py_ssize_t i
    row.known = False
    for i in range(j.n):
        start_poisson(j.terms[i], row.rows + i, values, alone)


cdef bint bring_near(const joint_t *j, joint_row_t *row, const char *held) noexcept nogil:
    """Move `trial` to where the nuisances that scale them bring large signals near the data; whether there are any."""
    cdef const poisson_t *p
    cdef Py_ssize_t i, k, pull
    cdef double now, wanted, total, observed, room
    cdef bint out = False
    cdef int _
    memcpy(row.trial, row.x, j.pulls * sizeof(double))
    for _ in range(2):
        # experiments share nuisances
        for i in range(j.n):
            p = j.terms[i]
            total, observed = signal_total(p, row.rows + i), observed_total(p)
            now, room = p.bases[0], 0.0
            for k in range(p.pulls):
                pull = p.places[k]
                now += p.scales[k] * row.trial[pull]
                if not (held != NULL and held[pull]):
                    room += p.scales[k] * p.scales[k] / (j.precision[pull * j.pulls + pull] + FREE)
            wanted = fmax(0.2 * observed, 1.0) / total if total > 0.0 else now
            if not (total * now > LARGE * (observed + 10.0) or now <= 0.0 < wanted and out) or room == 0.0:
                continue
            out = True
            for k in range(p.pulls):
                pull = p.places[k]
                if p.scales[k] and not (held != NULL and held[pull]):
                    row.trial[pull] += (wanted - now) * p.scales[k] / (
                        j.precision[pull * j.pulls + pull] + FREE) / room
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
    for k in range(j.n):
        kinked |= j.terms[k].floor > 0.0
        row.rows[k].height, row.rows[k].settled = 0.0, False
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
                return descend_within(j, row, y, held)
            scale *= 0.5 if new < INFINITY else 0.25
        else:
            new = value
        if new == value:
            # there is no way down: rounding is all that is left, or a kink is in the way
            if gain <= 1e-6 * (1.0 + fabs(value)):
                return value
            return descend_within(j, row, y, held)
        value = new
        take_trial(j, row)
        short += kinked and scale < SHORT
        if short == MOST_SHORT:
            break
    return descend_within(j, row, y, held)


cdef inline void begin_at(joint_row_t *row, const double *x, const double *held, Py_ssize_t n) noexcept nogil:
    """Begin a descent somewhere, nuisances that are held where they are held."""
    cdef Py_ssize_t k
    for k in range(n):
        row.x[k] = held[k] if held != NULL and held[k] == held[k] else x[k]


cdef double joint_chi2(const joint_t *j, joint_row_t *row, double y, const double *held, double *slope,
                       double *curvature) noexcept nogil:
    """Least chi2 over the nuisances, which row.best gets; infinite or NaN if there is none.

    Parameters
    ----------
    held : double*
        Values of nuisances that do not move, NaN for all others; or NULL.
    slope, curvature : double*
        Derivatives in all nuisances at the minimum, and second ones of the least chi2 in those that are held, shape
        (nuisances, nuisances); or NULL.
    """
    cdef char mask[MAX_PULLS]
    cdef Py_ssize_t k, start, n = j.pulls
    cdef double value, least = INFINITY
    cdef bint failed = False
    for k in range(n):
        mask[k] = held != NULL and held[k] == held[k]
    for start in range(1 if j.convex else j.starts):
        begin_at(row, row.best if j.convex and row.known and not at_walls(j, row) else j.start + start * n, held, n)
        value = descend(j, row, y, mask, least)
        if not value < INFINITY and j.convex and row.known:
            # expectations can vanish at the last point's nuisances, or the way from there be too far
            begin_at(row, j.start, held, n)
            value = descend(j, row, y, mask, least)
        if value != value:
            failed = True
        elif value < least:
            least = value
            memcpy(row.best, row.x, n * sizeof(double))
            for k in range(j.n):
                keep_walls(j.terms[k], row.rows + k)
    row.known, row.y = least < INFINITY, y
    if least == INFINITY:
        return NAN if failed else INFINITY
    for k in range(j.n):
        # descents from other places leave theirs
        restore_walls(j.terms[k], row.rows + k)
    if slope != NULL:
        memcpy(row.x, row.best, n * sizeof(double))
        at_pulls(j, row, y, row.x, not j.convex, row.gradient, row.hessian)
        memcpy(slope, row.gradient, n * sizeof(double))
        schur(j, row, mask, curvature)
    return lift(least)


cdef inline void keep_walls(const poisson_t *p, poisson_row_t *row) noexcept nogil:
    row.best_height, row.best_settled = row.height, row.settled
    if row.settled:
        memcpy(row.best_walls, row.walls, p.bins * sizeof(double))


cdef inline void restore_walls(const poisson_t *p, poisson_row_t *row) noexcept nogil:
    row.height, row.settled = row.best_height, row.best_settled
    if row.settled:
        memcpy(row.walls, row.best_walls, p.bins * sizeof(double))


cdef bint at_walls(const joint_t *j, const joint_row_t *row) noexcept nogil:
    """Whether the last minimum was next to walls, from where another one is hard to reach."""
    cdef Py_ssize_t i
    for i in range(j.n):
        if row.rows[i].settled:
            return True
    return False


cdef void schur(const joint_t *j, joint_row_t *row, const char *held, double *out) noexcept nogil:
    """Second derivatives in held nuisances of chi2 that is least in the others."""
    cdef char fixed[MAX_PULLS]
    cdef Py_ssize_t i, k, m, n = j.pulls
    memcpy(out, row.hessian, n * n * sizeof(double))
    find_fixed(j, row, held, fixed)
    if not factorise(row.hessian, fixed, n, rounding(at_walls(j, row)), row.factor):
        return
    for i in range(n):
        if not held[i]:
            continue
        solve(row.factor, fixed, row.hessian + i * n, n, row.step)
        for k in range(n):
            if held[k]:
                for m in range(n):
                    if not fixed[m]:
                        out[i * n + k] -= row.hessian[k * n + m] * row.step[m]


cdef bint joint_gradient(const joint_t *j, joint_row_t *row, const double *values, double *gradient) noexcept nogil:
    """Add the derivatives in all parameters at the nuisances of the last minimum; False if there is no memory."""
    cdef Py_ssize_t i
    for i in range(j.n):
        if not poisson_gradient(j.terms[i], row.rows + i, values, row.best, gradient):
            return False
    return True


cdef inline double lift(double chi2) noexcept nogil:
    """chi2, 0 where multipliers take it a little below: with them it is a bound on the least chi2 from below."""
    return 0.0 if -BELOW < chi2 < 0.0 else chi2


def lifted(double chi2):
    """Return what is left of a share of chi2: 0 where multipliers take it a little below."""
    return lift(chi2)


# --- what Python makes -----------------------------------------------------------------------------------------------

def square_root(matrix):
    """Return R of a matrix R'R that is positive definite but for rows that are 0."""
    units = np.sqrt(np.diag(matrix))
    scaled = np.divide(matrix, np.outer(units, units), out=np.zeros_like(matrix), where=np.outer(units, units) > 0.0)
    values, vectors = np.linalg.eigh(scaled)
    return np.ascontiguousarray(np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T * units)


cdef class Joint:
    """Joint(terms, root, low, high, starts, convex, centre=None)

    Experiments with all their nuisances. `cevns.likelihoods` makes these.

    Parameters
    ----------
    terms : sequence of PoissonTerm
        One for each experiment.
    root : ndarray, shape (nuisances, nuisances)
        R of the inverse covariance R'R, which is 0 for those without a pull; see `square_root`.
    low, high : ndarray, shape (nuisances,)
        Ranges, which may be infinite.
    starts : ndarray, shape (n, nuisances)
        From where the least chi2 is looked for.
    convex : bool
        Whether nuisances scale components alone.
    centre : ndarray, shape (nuisances,), optional
        Where pulls are centred; at 0 unless it is given.
    """

    def __cinit__(self, terms, root, low, high, starts, bint convex, centre=None):
        cdef PoissonTerm term
        cdef Py_ssize_t i
        self.arguments = (terms, root, low, high, starts, convex, centre)
        self.terms = tuple(terms)
        self.j.n, self.j.pulls, self.j.starts = len(self.terms), len(low), len(starts)
        self.j.convex = convex
        if self.j.pulls > MAX_PULLS:
            raise InputError(
                f"{self.j.pulls} nuisances are profiled together, at most {MAX_PULLS} can be: leave some out, or fix "
                "them")
        n = self.j.pulls
        centre = np.zeros(n) if centre is None else centre
        if (root.shape != (n, n) or high.shape != (n,) or centre.shape != (n,)
                or starts.shape != (self.j.starts, n) or not len(starts)):
            raise InputError(
                f"a root of shape {root.shape}, ranges of {n} and {high.shape}, centres of {centre.shape} and "
                f"starts of {starts.shape} do not fit together: give one of each for each nuisance, and one start at "
                "least")
        owned = [self.terms]
        self.j.root, self.j.precision = own(owned, root), own(owned, root.T @ root)
        self.j.start = own(owned, starts)
        self.j.low, self.j.high, self.j.centre = own(owned, low), own(owned, high), own(owned, centre)
        self.all_terms = <const poisson_t **> malloc((self.j.n + 1) * sizeof(poisson_t *))
        if self.all_terms == NULL:
            raise MemoryError
        for i in range(self.j.n):
            term = self.terms[i]
            if term.p.pulls and np.array(term.places).max() >= n:
                raise InputError(
                    f"a term has the nuisances {term.places}, but there are {n}: give the root of each")
            self.all_terms[i] = &term.p
        self.j.terms = self.all_terms
        self.owned = tuple(owned)

    def __dealloc__(self):
        free(self.all_terms)

    def __repr__(self):
        return f"<Joint of {self.j.n} terms and {self.j.pulls} nuisances>"

    def __reduce__(self):
        return Joint, self.arguments
