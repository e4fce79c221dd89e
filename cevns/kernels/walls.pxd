"""Walls and kinks of chi2 at bins in which nothing is left, for other Cython code; `walls.pyx` explains them."""

from libc.math cimport fabs, log

from cevns.kernels.components cimport poisson_row_t, poisson_t

cdef enum:
    # sides of a floor on which a bin can be put
    ABOVE_FLOOR, AS_FLOOR


cdef inline double slight() noexcept nogil:
    """How far below 0 an expectation may be where it is held there, in units of the floor."""
    return 1e-6


cdef inline double nothing() noexcept nogil:
    """Counts that are none: their squares are no numbers any more."""
    return 1e-150


cdef inline double log_ratio(double expected, double observed) noexcept nogil:
    """ln(expected / observed), also where the ratio of two such numbers is none any more."""
    cdef double ratio = expected / observed
    return log(ratio) if 1e-300 < ratio < 1e300 else log(expected) - log(observed)


cdef inline double seen_at(double observed, double expected) noexcept nogil:
    """chi2 of a bin."""
    cdef double out = 2.0 * (expected - observed)
    if observed > 0.0:
        out -= 2.0 * observed * log_ratio(expected, observed)
    return out


cdef inline bint has_sides(const poisson_t *p, Py_ssize_t i) noexcept nogil:
    """Whether chi2 of a bin ceases to rise below a floor."""
    return p.weights == NULL and 0.0 < p.floor < p.observed[i]


cdef inline bint dropped(const poisson_t *p, const poisson_row_t *row, Py_ssize_t i) noexcept nogil:
    """Whether a bin was put below its floor, where chi2 is constant down to 0."""
    return row.beside and has_sides(p, i) and row.sides[i] == AS_FLOOR


cdef inline bint walled(const poisson_t *p, const poisson_row_t *row, Py_ssize_t i, double expected) noexcept nogil:
    """Whether a bin has a wall or a kink."""
    if p.weights != NULL:
        return False
    if p.floor > 0.0:
        return p.observed[i] < p.floor or dropped(p, row, i)
    return p.observed[i] > 0.0 or fabs(expected) > nothing()


cdef double beside_floor(const poisson_t *p, poisson_row_t *row, Py_ssize_t i) noexcept nogil
cdef double beyond_walls(const poisson_t *p, poisson_row_t *row) noexcept nogil
cdef double next_to_wall(const poisson_t *p, poisson_row_t *row, Py_ssize_t i) noexcept nogil
cdef void open_walls(const poisson_t *p, poisson_row_t *row, double height) noexcept nogil
cdef void move_walls(const poisson_t *p, poisson_row_t *row, double scale) noexcept nogil
cdef void end_multipliers(const poisson_t *p, poisson_row_t *row, const double *step) noexcept nogil
cdef double off_multipliers(const poisson_t *p, const poisson_row_t *row) noexcept nogil
cdef Py_ssize_t below_floor(const poisson_t *p, const poisson_row_t *row) noexcept nogil
cdef double lost_at_walls(const poisson_t *p, const poisson_row_t *row, const double *nuisances) noexcept nogil
cdef double room_to_walls(const poisson_t *p, const poisson_row_t *row) noexcept nogil
