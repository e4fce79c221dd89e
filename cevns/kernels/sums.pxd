"""chi2 of all experiments together, for other Cython code; `sums.pyx` explains the mathematics."""

from cevns.kernels.counts cimport counts_t
from cevns.kernels.gaussian cimport row_t, term_t
from cevns.kernels.descents cimport joint_row_t, joint_t

cdef enum:
    MAX_SHARED = 8


cdef struct sum_t:
    # Gaussian terms, each of which profiles its own nuisances; and terms that do so together, or NULL
    const term_t **terms
    Py_ssize_t n
    const joint_t *joint
    # any counts, for what all of them share
    const counts_t *counts
    # bytes of the rows of all Gaussian terms; those of the others follow
    Py_ssize_t size
    # range of y that the parameter's own range leaves
    double lowest, highest
    # nuisances that terms share: their sigmas, and how each term's centre follows them (term, nuisance)
    Py_ssize_t shared
    const double *sigma
    const double *members
    # what is added to each for the terms that are profiled together, where the pulls of both are centred; NULL for 0
    const double *offsets
    # which of the joint terms' nuisances each of them is, or -1
    const Py_ssize_t *joined
    # priors of parameters, the line's left out: which parameter, mean and 1/sigma^2 of each (prior, 3); the pulls of
    # what is fixed; the line's own, whose mean counts from
    # its origin, where its amplitude vanishes; which parameter that is, and its power
    Py_ssize_t priors
    const double *prior
    double constant, line_mean, line_weight, line_origin
    int line, line_power
    # from where on the line the y of the Gaussian terms' rows, and of searches, count
    double middle


cdef inline joint_row_t* joint_row(const sum_t *s, row_t *rows) noexcept nogil:
    return <joint_row_t *> (<char *> rows + s.size)


cdef row_t* open_sum(const sum_t *s) noexcept nogil
cdef void start_sum(const sum_t *s, row_t *rows, const double *values, int points) noexcept nogil
cdef double sum_chi2(const sum_t *s, row_t *rows, double y) noexcept nogil
cdef void line_chi2(const sum_t *s, row_t *rows, const double *y, Py_ssize_t m, double *out) noexcept nogil
cdef double prior_chi2(const sum_t *s, const double *values) noexcept nogil
cdef double line_prior(const sum_t *s, double y) noexcept nogil
cdef void centred(const sum_t *s, Py_ssize_t i, const double *a, term_t *out) noexcept nogil
cdef double shared_chi2(const sum_t *s, row_t *rows, double y, double *best) noexcept nogil
