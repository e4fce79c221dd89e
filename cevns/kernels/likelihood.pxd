"""chi2 of an interaction with every nuisance profiled, for other Cython code."""

from cevns.kernels.engine cimport Engine
from cevns.kernels.functions cimport Function, ranges_t
from cevns.kernels.sums cimport sum_t


cdef struct bound_t:
    # the parameters' ranges, and the terms whose chi2 adds up
    ranges_t ranges
    sum_t sum


# chi2 at a point; NaN where it is out of range or there is no memory
cdef double chi2_c(const bound_t *bound, const double *values) noexcept nogil

# chi2 at a point and its derivatives in all parameters, into `gradient`, one for each of them; NaN all where chi2 is
cdef double gradient_c(const bound_t *bound, const double *values, double *gradient) noexcept nogil

# chi2 again, and exp(-chi2 / 2), for scipy.LowLevelCallable; data points to a bound_t
cdef double nquad_chi2(int n, double *x, void *data) noexcept nogil
cdef double nquad_likelihood(int n, double *x, void *data) noexcept nogil


cdef class Evaluator(Function):
    cdef readonly Engine engine
    cdef bound_t c
