"""The hot helpers of the kernels, inline: sums, polynomials in a coupling, and the pieces of a nuisance's range."""


cdef inline double dot(const double *x, const double *y, Py_ssize_t n) noexcept nogil:
    cdef double a = 0.0, b = 0.0, c = 0.0, d = 0.0
    cdef Py_ssize_t i = 0
    while i + 3 < n:
        a += x[i] * y[i]
        b += x[i + 1] * y[i + 1]
        c += x[i + 2] * y[i + 2]
        d += x[i + 3] * y[i + 3]
        i += 4
    while i < n:
        a += x[i] * y[i]
        i += 1
    return (a + b) + (c + d)


cdef inline double quadratic(const double *k, double y) noexcept nogil:
    return k[0] + y * (k[1] + y * k[2])


cdef inline double quartic(const double *k, double y) noexcept nogil:
    return k[0] + y * (k[1] + y * (k[2] + y * (k[3] + y * k[4])))


cdef inline double power(double x, int n) noexcept nogil:
    """x^n for the small whole powers of couplings."""
    cdef double out = 1.0
    while n > 0:
        out *= x
        n -= 1
    return out


cdef inline Py_ssize_t find_piece(const double *edges, Py_ssize_t pieces, double x, Py_ssize_t hint) noexcept nogil:
    """Index of the piece that holds x; `hint` is looked at first unless it is negative."""
    cdef Py_ssize_t low = 0, high = pieces, middle
    if hint >= 0 and edges[hint] <= x <= edges[hint + 1]:
        return hint
    while high - low > 1:
        middle = (low + high) >> 1
        if edges[middle] <= x:
            low = middle
        else:
            high = middle
    return low


cdef inline double to_piece(const double *edges, Py_ssize_t piece, double x) noexcept nogil:
    """x on a piece's own axis from -1 to 1."""
    return (2.0 * x - edges[piece] - edges[piece + 1]) / (edges[piece + 1] - edges[piece])


cdef inline void lagrange(const double *to_powers, Py_ssize_t order, const double *edges, Py_ssize_t piece, double x,
                          double *weights, double *slopes) noexcept nogil:
    """The Lagrange polynomials of a piece's nodes at x, and their derivatives unless `slopes` is NULL."""
    cdef Py_ssize_t k, m
    cdef double t, power, s
    weights[0] = 1.0
    if order == 1:
        return
    t = to_piece(edges, piece, x)
    for m in range(order):
        weights[m] = to_powers[m]
    power = t
    for k in range(1, order):
        for m in range(order):
            weights[m] += to_powers[k * order + m] * power
        power *= t
    if slopes == NULL:
        return
    s = 2.0 / (edges[piece + 1] - edges[piece])
    for m in range(order):
        slopes[m] = 0.0
    for k in range(1, order):
        for m in range(order):
            slopes[m] += to_powers[k * order + m] * (s * k)
        s *= t
