"""Counts whose parts cancel, for other Cython code; `losses.pyx` says what is done there."""

from cevns.kernels.counts cimport counts_row_t, counts_t
from cevns.kernels.gaussian cimport row_t
from cevns.kernels.sums cimport sum_t


cdef bint lost_counts(const counts_t *c, const counts_row_t *row, double unit) noexcept nogil
cdef bint lost_sum(const sum_t *s, row_t *rows) noexcept nogil
cdef bint cancelled(const sum_t *s, row_t *rows, const double *y, Py_ssize_t m, bint *out) noexcept nogil
cdef double least_place(const sum_t *s, row_t *rows) noexcept nogil
cdef bint expand_sum(sum_t *s, row_t *rows) noexcept nogil
