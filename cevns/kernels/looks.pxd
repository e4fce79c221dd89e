"""Minima along a nuisance that may have several, for other Cython code; `looks.pyx` has the mathematics."""

from cevns.kernels.descents cimport joint_row_t, joint_t

cdef double look_along(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                       Py_ssize_t which, double least) noexcept nogil
