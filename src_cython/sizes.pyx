"""How large the parts are that counts are sums of.

Amplitudes of several mediators, or of couplings to several quarks, may cancel. Of counts that are the small difference
of large parts double precision leaves few digits or none, which whoever asks for them has to be told; see `losses.pyx`.
Sizes are sums of absolute values over the bins, at the quenching scale nearest to 1, in the units of the counts.
"""

from libc.math cimport fabs, fmin
from libc.stdlib cimport calloc, free

from cevns.kernels.counts cimport counts_t, kernel_t, product_t
from cevns.kernels.polynomials cimport find_piece


cdef int measure(counts_t *c, kernel_t *kernel, product_t *product) except -1:
    """Fill in what is known before there is a point: sizes of the constant parts, of the kernels and their products."""
    cdef Py_ssize_t i, j, k, n, row
    cdef double *columns = NULL
    c.usual = find_piece(c.eta.edges, c.pieces, 1.0, -1) * c.order if c.eta != NULL else 0
    for i in range(c.bins):
        c.sizes[0] += fabs(c.constant[c.usual * c.bins + i])
        c.sizes[1] += fabs(c.linear[2 * c.usual * c.bins + i])
        c.sizes[2] += fabs(c.linear[(2 * c.usual + 1) * c.bins + i])
    c.least_q2 = 1e300
    for i in range(c.nuclei * c.cols):
        c.least_q2 = fmin(c.least_q2, c.q2[i])
    if c.rated:
        columns = <double *> calloc(c.cols + 1, sizeof(double))
        if columns == NULL:
            raise MemoryError
        for i in range(c.bins):
            row = c.usual * c.bins + i
            for j in range(c.pointers[row + 1] - c.pointers[row]):
                columns[c.firsts[row] + j] += fabs(c.weights[c.pointers[row] + j])
    for k in range(c.kernels):
        if kernel[k].counts != NULL:
            for i in range(c.bins):
                kernel[k].size += fabs(kernel[k].counts[c.usual * c.bins + i])
            continue
        for n in range(c.nuclei):
            for j in range(c.cols):
                kernel[k].size += columns[j] * fabs(kernel[k].rates[n * c.cols + j])
    free(columns)
    for k in range(c.products):
        for i in range(product[k].first_share, product[k].last_share):
            product[k].size += fabs(c.shares[i].coefficient) * kernel[c.shares[i].kernel].size
    return 0


cdef double kernel_size(const counts_t *c, Py_ssize_t k, const double *factors) noexcept nogil:
    """Size of the counts that a kernel multiplies, with its factors (factor, nuclei, cols) at a point."""
    cdef Py_ssize_t i, j, n, at, row, size = c.nuclei * c.cols
    cdef double total = 0.0, x
    cdef int f, _
    if c.kernel[k].counts != NULL:
        return c.kernel[k].size
    for i in range(c.bins):
        row = c.usual * c.bins + i
        for j in range(c.pointers[row + 1] - c.pointers[row]):
            for n in range(c.nuclei):
                at = n * c.cols + c.firsts[row] + j
                x = c.kernel[k].rates[at]
                for f in range(c.factors):
                    for _ in range(c.kernel[k].powers[f]):
                        x *= factors[f * size + at]
                total += fabs(x * c.weights[c.pointers[row] + j])
    return total


cdef double largest_constant(const counts_t *c) noexcept nogil:
    """A bound on the size of what the line's parameter does not move, where nothing but masses does."""
    cdef double total = c.sizes[0], x
    cdef Py_ssize_t i, k
    cdef const kernel_t *kernel
    cdef int f, _
    for k in range(c.products):
        if c.product[k].line:
            continue
        for i in range(c.product[k].first_share, c.product[k].last_share):
            kernel = c.kernel + c.shares[i].kernel
            x = fabs(c.shares[i].coefficient) * kernel.size
            for f in range(c.factors):
                for _ in range(kernel.powers[f]):
                    x /= c.least_q2
            total += x
    return total
