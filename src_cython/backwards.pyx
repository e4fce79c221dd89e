"""Derivatives of counts in all parameters, from what a sum over bins multiplies them by.

Backwards through the fold, so that the cost does not grow with the number of parameters: the response brings the
residuals to the recoil nodes, where each kernel, propagator and form factor meets them once, and the chain rule leads
from the polynomials of the kernels to the couplings.
"""

from libc.stdlib cimport free, malloc
from libc.string cimport memset

from cevns.kernels.counts cimport counts_row_t, counts_t, fill_factors, fill_strengths, product_t
from cevns.kernels.form_factors cimport form_factor_slopes_c
from cevns.kernels.polynomials cimport dot, power, quadratic


cdef bint counts_gradient(const counts_t *c, counts_row_t *row, Py_ssize_t first, const double *basis,
                          Py_ssize_t order, const double *residuals, const double *values,
                          double *gradient) noexcept nogil:
    """Add the derivatives of a sum of counts, each times its residual, at some nodes, each times its basis.

    False if there is no memory.
    """
    cdef Py_ssize_t i, j, k, m, n = c.bins
    cdef Py_ssize_t rates = c.cols * (1 + 2 * c.nuclei) if c.rated else 0
    cdef double *back = <double *> malloc((rates + c.kernels + order * n + 1) * sizeof(double))
    cdef double *kernels = back + rates
    cdef double *weighted = kernels + c.kernels
    cdef double y = row.y, along = 0.0
    cdef const double *b
    if back == NULL:
        return False
    # of the counts at all nodes
    for m in range(order):
        for i in range(n):
            weighted[m * n + i] = basis[m] * residuals[i]
    for m in range(order if c.line >= 0 else 0):
        b = c.linear + 2 * (first + m) * n
        along += dot(weighted + m * n, b, n) + 2.0 * y * dot(weighted + m * n, b + n, n)
    if c.kernels:
        if c.plain:
            fill_factors(c, row, values)
            fill_strengths(c, row, values)
        if c.rated:
            memset(back, 0, rates * sizeof(double))
            for i in range(order * n):
                k = first * n + i
                for j in range(c.pointers[k + 1] - c.pointers[k]):
                    back[c.firsts[k] + j] += weighted[i] * c.weights[c.pointers[k] + j]
        for k in range(c.kernels):
            if c.kernel[k].counts != NULL:
                kernels[k] = dot(weighted, c.kernel[k].counts + first * n, order * n)
            else:
                kernels[k] = kernel_gradient(c, row, k, back, values, gradient)
            along += kernels[k] * (row.strengths[3 * k + 1] + 2.0 * y * row.strengths[3 * k + 2])
        add_couplings(c, kernels, y, values, gradient)
        if c.rated:
            add_radii(c, back + c.cols * (1 + c.nuclei), back, values, gradient)
    if c.line >= 0:
        gradient[c.line] += along * line_slope(c, values)
    free(back)
    return True


cdef double kernel_gradient(const counts_t *c, counts_row_t *row, Py_ssize_t k, double *back, const double *values,
                            double *gradient) noexcept nogil:
    """Derivative in the number that multiplies a kernel of rates; adds those in masses, and in F_N at each node."""
    cdef Py_ssize_t j, n, size = c.nuclei * c.cols
    cdef double strength = quadratic(row.strengths + 3 * k, row.y), total = 0.0
    cdef double *product = back + c.cols
    cdef double *radial = product + size
    cdef const double *rates = c.kernel[k].rates
    cdef int f, parameter, exponent
    if c.factors == 1 and c.factor[0].form_factor:
        return radial_gradient(c, row.factors, k, strength, back, radial)
    for n in range(c.nuclei):
        for j in range(c.cols):
            product[n * c.cols + j] = back[j] * rates[n * c.cols + j]
    for f in range(c.factors):
        if not c.factor[f].form_factor:
            times_factor(row.factors + f * size, size, c.kernel[k].powers[f], product)
    for f in range(c.factors):
        exponent = c.kernel[k].powers[f]
        if c.factor[f].form_factor and exponent:
            # without one power of F_N, which may be 0
            times_factor(row.factors + f * size, size, exponent - 1, product)
            for j in range(size):
                radial[j] += strength * exponent * product[j]
            times_factor(row.factors + f * size, size, 1, product)
    for j in range(size):
        total += product[j]
    for f in range(c.factors):
        if not c.factor[f].form_factor and c.kernel[k].powers[f]:
            # d ln p / dm = -2 m p
            parameter = c.factor[f].parameter
            gradient[parameter] -= 2.0 * values[parameter] * strength * c.kernel[k].powers[f] * dot(
                product, row.factors + f * size, size)
    return total


cdef double radial_gradient(const counts_t *c, const double *factors, Py_ssize_t k, double strength, double *back,
                            double *radial) noexcept nogil:
    """What `kernel_gradient` does where F_N is the only factor, in one go at each nucleus."""
    cdef Py_ssize_t j, n, cols = c.cols
    cdef int exponent = c.kernel[k].powers[0]
    cdef double times = strength * exponent, total = 0.0
    cdef double *product = back + cols
    cdef const double *rates = c.kernel[k].rates
    for n in range(c.nuclei):
        if exponent == 0:
            total += dot(back, rates + n * cols, cols)
            continue
        for j in range(cols):
            product[j] = back[j] * rates[n * cols + j]
        # without one power of F_N, which may be 0
        times_factor(factors + n * cols, cols, exponent - 1, product)
        for j in range(cols):
            radial[n * cols + j] += times * product[j]
        total += dot(product, factors + n * cols, cols)
    return total


cdef void add_radii(const counts_t *c, const double *radial, double *work, const double *values,
                    double *gradient) noexcept nogil:
    """Add the derivatives in radii, from those in F_N at each node."""
    cdef Py_ssize_t n
    cdef int parameter
    for n in range(c.nuclei if c.radii != NULL else 0):
        parameter = c.radii[n]
        if parameter < 0:
            continue
        form_factor_slopes_c(c.form_factor, c.q + n * c.cols, values[parameter], c.thickness, work, c.cols)
        gradient[parameter] += dot(radial + n * c.cols, work, c.cols)


cdef inline void times_factor(const double *factor, Py_ssize_t n, int exponent, double *out) noexcept nogil:
    cdef Py_ssize_t j
    cdef int _
    for _ in range(exponent):
        for j in range(n):
            out[j] *= factor[j]


cdef void add_couplings(const counts_t *c, const double *kernels, double y, const double *values,
                        double *gradient) noexcept nogil:
    """Add the derivatives in all couplings but the line's, from those in the kernels' numbers."""
    cdef Py_ssize_t i, j, k
    cdef const product_t *product
    cdef double slope, x
    for k in range(c.products):
        product = c.product + k
        if product.first == product.last:
            continue
        slope = 0.0
        for i in range(product.first_share, product.last_share):
            slope += c.shares[i].coefficient * kernels[c.shares[i].kernel]
        slope *= power(y, product.line)
        for i in range(product.first, product.last):
            x = slope
            for j in range(product.first, product.last):
                if j != i:
                    x *= values[c.members[j]] - c.origins[c.members[j]]
            gradient[c.members[i]] += x
