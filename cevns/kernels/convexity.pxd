"""Where chi2 is convex in the quenching scale, for other Cython code."""

from cevns.kernels.counts cimport counts_t
from cevns.kernels.gaussian cimport term_t


cdef void certify(term_t *t) noexcept nogil
cdef int samples(const counts_t *c) noexcept nogil
