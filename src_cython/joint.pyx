"""Least chi2 of several experiments over all their nuisances together.

All nuisances x together have the pull x' W x with the inverse W of their covariance, and each may have a range. With
the gradient g and the matrix H of second derivatives the steps are Newton's, -H^-1 g, in those that are not at an end
of their range that g leads out of, shortened until chi2 falls. Where H has a negative direction, it is taken without
the second derivatives of the expectations. The last step's gain, g' H^-1 g / 2, is taken without looking.

chi2 is convex if nuisances scale components alone, and has one minimum. What deforms them may make several: then each
descent starts anew from all of some places. What may make many is looked along besides; see `minima.pyx`.
"""

from libc.math cimport INFINITY, NAN, fabs
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from cevns.kernels.components cimport (
    place_poisson_row, poisson_row_size, poisson_row_t, poisson_t, start_poisson)
from cevns.kernels.cones cimport deforms
from cevns.kernels.descents cimport (
    MAX_PULLS, at_pulls, begin_at, descend, factorise, find_fixed, keep_best, leave_walls, rounding, solve)
from cevns.kernels.floors cimport (
    any_idle, leave_floors, look_below_floors, look_without, on_sides, put_above, put_all, settle_near)
from cevns.kernels.minima cimport look_around
from cevns.kernels.pieces cimport own, whole_address
from cevns.kernels.poisson cimport PoissonTerm, poisson_gradient

import numpy as np

from cevns.errors import InputError

# how far chi2 may seem to be below 0 where it is 0
cdef double BELOW = 1e-7
# chi2 of a point from whose nuisances no other one starts: they may be where nothing leads away from
cdef double FAR_OFF = 1e6
# what another minimum gains, relative to 1 + chi2, that counts
cdef double LEAST_GAIN = 1e-10

cdef enum:
    # times that all minima are looked for with the same bins below floors
    MOST_ROUNDS = 3


cdef Py_ssize_t joint_size(const joint_t *j) noexcept nogil:
    """Doubles that a row needs."""
    cdef Py_ssize_t i, size = j.n * sizeof(poisson_row_t) // sizeof(double) + 1
    for i in range(j.n):
        size += poisson_row_size(j.terms[i])
    return size + 6 * j.pulls + 3 * j.pulls * j.pulls + 4 * (j.most_places + 1)


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
    memory += 3 * n * n
    n = j.most_places + 1
    row.places, row.heights, row.slopes, row.lacks = memory, memory + n, memory + 2 * n, memory + 3 * n


cdef void start_joint(const joint_t *j, joint_row_t *row, const double *values, bint alone) noexcept nogil:
    """Compute the rates of all experiments at the parameters' values."""
    cdef Py_ssize_t i
    row.known = False
    for i in range(j.n):
        start_poisson(j.terms[i], row.rows + i, values, alone)


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
    cdef Py_ssize_t k, n = j.pulls
    cdef double least = INFINITY
    cdef bint failed = False
    for k in range(n):
        mask[k] = held != NULL and held[k] == held[k]
    leave_floors(j, row)
    if j.looks and j.floors:
        least = least_above_floors(j, row, y, held, mask)
    if least == INFINITY or j.floors and looks_elsewhere(j):
        least = least_of_all(j, row, y, held, mask, least, &failed)
    if j.floors:
        least = look_below_floors(j, row, y, held, mask, least)
    if j.looks and j.floors:
        least = look_without(j, row, y, held, mask, least)
        least = least_with_sides(j, row, y, held, mask, least)
    row.known, row.y = least < FAR_OFF, y
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


cdef double least_of_all(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                         double least, bint *failed) noexcept nogil:
    """Return the least chi2 from all places to start from, and from one that is known, with floors as they are."""
    cdef Py_ssize_t start, n = j.pulls
    cdef double value
    for start in range(1 if j.convex else j.starts):
        begin_at(row, row.best if j.convex and row.known and not at_walls(j, row) else j.start + start * n, held, n)
        value = descend(j, row, y, mask, least)
        if not value < INFINITY and j.convex and row.known:
            # expectations can vanish at the last point's nuisances, or the way from there be too far
            begin_at(row, j.start, held, n)
            value = descend(j, row, y, mask, least)
        if value != value:
            failed[0] = True
        elif value < least:
            least = value
            keep_best(j, row)
    return look_around(j, row, y, held, mask, least) if j.looks else least


cdef bint looks_elsewhere(const joint_t *j) noexcept nogil:
    """Whether minima are looked for along what moves the signal between bins, which leaves and enters them."""
    cdef Py_ssize_t i
    for i in range(j.looks):
        if not deforms(j, j.look_pull[i]):
            return True
    return False


cdef double least_above_floors(const joint_t *j, joint_row_t *row, double y, const double *held,
                               const char *mask) noexcept nogil:
    """Return chi2 at the minimum next to the least one of what is convex in expectations, which has bounds.

    That goes on below floors, and again, where bounds do not say that no other one is lower, of chi2 without floors:
    it has no kinks where less was seen than a floor.
    """
    cdef double first[MAX_PULLS]
    cdef joint_t convex = j[0]
    cdef double least, other
    cdef bint failed = False
    convex.floors = False
    put_above(j, row)
    least = least_of_all(&convex, row, y, held, mask, INFINITY, &failed)
    if least < INFINITY and not on_sides(j, row, y):
        least = settle_near(j, row, y, held, mask)
    leave_floors(j, row)
    if row.lone and least < INFINITY or any_idle(j, row):
        return least
    memcpy(first, row.best, j.pulls * sizeof(double))
    convex.terms = j.bare
    other = least_of_all(&convex, row, y, held, mask, INFINITY, &failed)
    if other < INFINITY:
        other = settle_near(j, row, y, held, mask)
    if least < INFINITY and not other < least:
        memcpy(row.best, first, j.pulls * sizeof(double))
        other = settle_near(j, row, y, held, mask)
    leave_floors(j, row)
    return other


cdef double least_with_sides(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                             double least) noexcept nogil:
    """Return chi2 at the least minimum with the bins below their floors that are so at one that is known, if any."""
    cdef double first[MAX_PULLS]
    cdef joint_t convex = j[0]
    cdef double other
    cdef bint failed = False
    cdef int _
    convex.floors = False
    for _ in range(MOST_ROUNDS if least < INFINITY else 0):
        leave_walls(j, row)
        at_pulls(j, row, y, row.best, False, row.new_gradient, row.new_hessian)
        if not put_all(j, row):
            break
        memcpy(first, row.best, j.pulls * sizeof(double))
        other = least_of_all(&convex, row, y, held, mask, least, &failed)
        if not other < least - LEAST_GAIN * (1.0 + fabs(least)):
            break
        if not on_sides(j, row, y):
            other = settle_near(j, row, y, held, mask)
        if not other < least:
            memcpy(row.best, first, j.pulls * sizeof(double))
            least = settle_near(j, row, y, held, mask)
            break
        least = other
    return least


cdef inline void restore_walls(const poisson_t *p, poisson_row_t *row) noexcept nogil:
    row.height, row.settled, row.beside = row.best_height, row.best_settled, row.best_beside
    if row.beside:
        memcpy(row.sides, row.best_sides, p.bins)
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
    """Joint(terms, root, low, high, starts, convex, centre=None, looks=())

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
    looks : sequence of (int, ndarray)
        Nuisances along which all minima are looked for, and ascending places from end to end of their ranges.
    """

    def __cinit__(self, terms, root, low, high, starts, bint convex, centre=None, looks=()):
        cdef PoissonTerm term
        cdef Py_ssize_t i
        self.arguments = (terms, root, low, high, starts, convex, centre, looks)
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
        sizes = [len(places) for _, places in looks]
        whole = np.array([*(pull for pull, _ in looks), *np.cumsum(sizes)], dtype=np.intp)
        owned.append(whole)
        self.j.looks, self.j.most_places = len(looks), max(sizes, default=0)
        if self.j.looks:
            if not all(0 <= pull < n and len(places) > 1 and (np.diff(places) > 0.0).all() for pull, places in looks):
                raise InputError(
                    f"looks along {[pull for pull, _ in looks]} with {sizes} places are not allowed: they need two "
                    f"ascending places at least, along one of {n} nuisances")
            self.j.look_pull = whole_address(whole)
            self.j.look_end = self.j.look_pull + self.j.looks
            self.j.place = own(owned, np.concatenate([places for _, places in looks]))
        self.all_terms = <const poisson_t **> malloc(2 * (self.j.n + 1) * sizeof(poisson_t *))
        self.bare = <poisson_t *> malloc((self.j.n + 1) * sizeof(poisson_t))
        if self.all_terms == NULL or self.bare == NULL:
            raise MemoryError
        self.j.bare = self.all_terms + self.j.n + 1
        for i in range(self.j.n):
            term = self.terms[i]
            if term.p.pulls and np.array(term.places).max() >= n:
                raise InputError(
                    f"a term has the nuisances {term.places}, but there are {n}: give the root of each")
            self.all_terms[i] = &term.p
            self.bare[i] = term.p
            self.bare[i].floor = 0.0
            self.j.bare[i] = self.bare + i
            self.j.floors |= term.p.floor > 0.0
        self.j.terms = self.all_terms
        self.owned = tuple(owned)

    def __dealloc__(self):
        free(self.all_terms)
        free(self.bare)

    def __repr__(self):
        return f"<Joint of {self.j.n} terms and {self.j.pulls} nuisances>"

    def __reduce__(self):
        return Joint, self.arguments
