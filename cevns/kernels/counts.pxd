"""Counts of a signal, for other Cython code; `counts.pyx` explains the mathematics."""

from cevns.kernels.pieces cimport pieces_t

cdef enum:
    MAX_PARAMETERS = 24
    MAX_FACTORS = 4
    # what is known of a piece; higher bits belong to the statistic
    FOLDED = 1


cdef struct kernel_t:
    # what a polynomial of the couplings multiplies: rates at the recoil nodes (nuclei, cols), still to be multiplied by
    # powers of the factors, or counts (node, bin) where there are none
    const double *rates
    const double *counts
    int powers[MAX_FACTORS]
    bint lines[3]  # which powers of the line's variable y it comes with
    double size  # of the counts, without the factors; see `sizes.pyx`


cdef struct product_t:
    # a product of couplings, that of the line left out: parameters members[first:last], repeated for powers; the power
    # of y with it, 0 to 2; and which kernels it multiplies, shares[first_share:last_share]
    Py_ssize_t first, last, first_share, last_share
    int line
    double size  # of all counts that it multiplies, without the factors


cdef struct share_t:
    Py_ssize_t kernel
    double coefficient


cdef struct factor_t:
    # 1 / (q^2 + m^2) of a mediator whose mass is a parameter; or F_N, in which nuclei may have a radius as a parameter
    int parameter
    bint form_factor


cdef struct counts_t:
    Py_ssize_t cols, nuclei, bins, pieces, order, parameters, kernels, products
    int factors
    # which parameter the line runs along, y being its power; -1 for none
    int line, line_power
    # values at which the parameters' amplitudes vanish, to be subtracted
    double origins[MAX_PARAMETERS]
    # ranges of the parameters; which of them counts depend on beside the line's and masses, and how many there are
    double low[MAX_PARAMETERS]
    double high[MAX_PARAMETERS]
    bint spread[MAX_PARAMETERS]
    int others
    const double *q2  # (nuclei, cols)
    # response: row (node of eta, bin) has weights[pointers[r] : pointers[r + 1]] from column firsts[r] on; pairs are
    # the same, each twice
    const double *weights
    const double *pairs
    const Py_ssize_t *pointers
    const Py_ssize_t *firsts
    const pieces_t *eta  # NULL for eta = 1 alone
    # the part that knows no parameter but y: a (node, bin), and b, c (node, 2, bin)
    const double *constant
    const double *linear
    # the rest
    const kernel_t *kernel
    const product_t *product
    const share_t *shares
    const int *members
    factor_t factor[MAX_FACTORS]
    # F_N: default and q [MeV] (nuclei, cols), parameterisation, thickness [fm], and each nucleus' parameter or -1
    const double *neutron
    const double *q
    const int *radii
    int form_factor
    double thickness
    # sizes of a, b and c as far as no parameter moves them, the node that they are of, and the least q^2
    double sizes[3]
    Py_ssize_t usual
    double least_q2
    # whether kernels add to a, whether they add to b or c, whether any has rates, and whether they are b p + c p^2 of
    # one mediator alone
    bint loose, moving, rated, plain


cdef struct counts_row_t:
    # a signal at one point of all parameters but the line's: interleaved rates of b and c, rates of a, those of a
    # single kernel, factors (factor, nuclei, cols), products of couplings, and kernels' coefficients in y (kernel, 3)
    double *rates
    double *loose_rates
    double *kernel_rates
    double *factors
    double *products
    double *strengths
    # of each factor the largest value
    double largest[MAX_FACTORS]
    # counts: a (node, bin), b and c (node, 2, bin), and what of each piece is there
    const double *a
    const double *bc
    double *own_a
    double *own_bc
    char *built
    # whether it is a point of the line as well: then a has all counts, the y of searches is 0, b and c are not there,
    # and this is the point's y
    bint alone
    double y


cdef Py_ssize_t counts_row_size(const counts_t *c) noexcept nogil
cdef double* place_counts_row(const counts_t *c, counts_row_t *row, double *numbers, char *marks) noexcept nogil
cdef void start_counts(const counts_t *c, counts_row_t *row, const double *values, bint alone) noexcept nogil
cdef void fill_factors(const counts_t *c, counts_row_t *row, const double *values) noexcept nogil
cdef void fill_strengths(const counts_t *c, counts_row_t *row, const double *values) noexcept nogil
cdef void fold_piece(const counts_t *c, counts_row_t *row, Py_ssize_t piece) noexcept nogil
cdef double line_value(const counts_t *c, const double *values) noexcept nogil


cdef class Counts:
    cdef counts_t c
    cdef kernel_t *kernel
    cdef product_t *product
    cdef share_t *shares
    cdef int *members
    cdef place_products(self, kernels)
    cdef readonly tuple parameters
    cdef tuple owned, arguments
