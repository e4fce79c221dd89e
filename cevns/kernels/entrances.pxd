"""Ways to where expectations can be, for other Cython code; `entrances.pyx` has the mathematics."""

from cevns.kernels.descents cimport joint_row_t, joint_t

cdef bint enter(const joint_t *j, joint_row_t *row, double y, const char *held) noexcept nogil
cdef double descend_inside(const joint_t *j, joint_row_t *row, double y, const char *mask) noexcept nogil
