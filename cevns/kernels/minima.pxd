"""The least of all minima, for other Cython code; `minima.pyx` has the mathematics."""

from cevns.kernels.descents cimport joint_row_t, joint_t

cdef double look_around(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                        double least) noexcept nogil
