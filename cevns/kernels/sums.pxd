"""chi2 of all experiments together, for other Cython code; `sums.pyx` explains the mathematics."""

from cevns.kernels.gaussian cimport row_t, term_t

cdef enum:
    MAX_SHARED = 8


cdef struct sum_t:
    const term_t **terms
    Py_ssize_t n
    # bytes of the rows of all terms
    Py_ssize_t size
    # range of y that the parameter's own range leaves
    double lowest, highest
    # nuisances that terms share: their sigmas, and how each term's centre follows them (term, nuisance)
    Py_ssize_t shared
    const double *sigma
    const double *members


cdef double sum_chi2(const sum_t *s, row_t *rows, double y) noexcept nogil
cdef void line_chi2(const sum_t *s, row_t *rows, const double *y, Py_ssize_t m, double *out) noexcept nogil
cdef void centred(const sum_t *s, Py_ssize_t i, const double *a, term_t *out) noexcept nogil
cdef double shared_chi2(const sum_t *s, row_t *rows, double y, double *best) noexcept nogil
