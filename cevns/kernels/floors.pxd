"""Minima below floors of Poisson data, for other Cython code; `floors.pyx` has the mathematics."""

from cevns.kernels.descents cimport joint_row_t, joint_t

cdef bint any_idle(const joint_t *j, const joint_row_t *row) noexcept nogil
cdef void leave_floors(const joint_t *j, joint_row_t *row) noexcept nogil
cdef void put_above(const joint_t *j, joint_row_t *row) noexcept nogil
cdef bint put_all(const joint_t *j, joint_row_t *row) noexcept nogil
cdef bint on_sides(const joint_t *j, joint_row_t *row, double y) noexcept nogil
cdef double look_below_floors(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                              double least) noexcept nogil
cdef double settle_near(const joint_t *j, joint_row_t *row, double y, const double *held,
                        const char *mask) noexcept nogil
cdef double look_without(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                         double least) noexcept nogil
