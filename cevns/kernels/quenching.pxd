"""chi2 with the quenching scale profiled, for other Cython code; `quenching.pyx` explains the mathematics."""

from cevns.kernels.gaussian cimport row_t, term_t


cdef double row_chi2(const term_t *t, row_t *row, double y) noexcept nogil
cdef void term_line(const term_t *t, row_t *row, const double *y, Py_ssize_t m, double *out) noexcept nogil
cdef void certify(term_t *t) noexcept nogil
