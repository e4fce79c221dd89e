"""Expected counts beside the data of one experiment, for other Cython code; `poisson.pyx` has the mathematics."""

from cevns.kernels.components cimport poisson_row_t, poisson_t
from cevns.kernels.counts cimport counts_t


cdef double poisson_chi2(const poisson_t *p, poisson_row_t *row, double y, const double *nuisances, bint valued,
                         bint curved, Py_ssize_t n, double *gradient, double *hessian) noexcept nogil
cdef void add_bins(const poisson_t *p, const poisson_row_t *row, const double *nuisances, const char *fixed,
                   Py_ssize_t n, double *factor) noexcept nogil
cdef void step_in_bins(const poisson_t *p, const poisson_row_t *row, const double *nuisances, const double *step,
                       double *out) noexcept nogil
cdef void pull_back(const poisson_t *p, const poisson_row_t *row, const double *nuisances, double *bins,
                    double *out) noexcept nogil
cdef void rotate_in(double *values, Py_ssize_t n, double *factor) noexcept nogil
cdef bint poisson_gradient(const poisson_t *p, poisson_row_t *row, const double *values, const double *nuisances,
                           double *gradient) noexcept nogil


cdef class PoissonTerm:
    cdef poisson_t p
    cdef readonly tuple counts, places
    cdef tuple arguments, owned
    cdef const counts_t **all_counts
    cdef const double **all_morphs
