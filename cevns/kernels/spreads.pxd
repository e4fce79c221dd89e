"""Descents from places all over what deforms, for other Cython code; `spreads.pyx` has the mathematics."""

from cevns.kernels.descents cimport joint_row_t, joint_t

cdef double spread_out(const joint_t *j, joint_row_t *row, double y, const double *held, const char *mask,
                       const char *spread, double far, double least) noexcept nogil
