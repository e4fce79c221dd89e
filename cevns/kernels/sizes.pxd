"""How large the parts are that counts are sums of, for other Cython code; `sizes.pyx` says what for."""

from cevns.kernels.counts cimport counts_t, kernel_t, product_t

# parts that are so many times as large as their sum, and as the uncertainties, leave it four or five digits
cdef const double LOST = 1e11


cdef int measure(counts_t *c, kernel_t *kernel, product_t *product) except -1
cdef double kernel_size(const counts_t *c, Py_ssize_t k, const double *factors) noexcept nogil
cdef double largest_constant(const counts_t *c) noexcept nogil
