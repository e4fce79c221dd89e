"""Counts of a signal, for other Cython code; `counts.pyx` explains the mathematics."""

cdef enum:
    MAX_ORDER = 8  # nodes of eta in a piece
    MAX_PARAMETERS = 24
    MAX_FACTORS = 4
    # what is known of a piece; higher bits belong to the statistic
    FOLDED = 1


cdef struct kernel_t:
    # one monomial of the couplings: rates at the recoil nodes (nuclei, cols), still to be multiplied by powers of the
    # factors, or counts (node, bin) where there are none
    const double *rates
    const double *counts
    int line  # power of the line's variable y, 0 to 2
    int powers[MAX_FACTORS]
    int couplings[MAX_PARAMETERS]  # powers of the parameters, that of the line left out


cdef struct factor_t:
    # 1 / (q^2 + m^2) of a mediator whose mass is a parameter; or F_N, in which nuclei may have a radius as a parameter
    int parameter
    bint form_factor


cdef struct pieces_t:
    # range of eta: edges of its pieces; a piece's nodes on its own axis, and the way from values there to powers;
    # points between them, and the way from squares there to what the nodes leave of these
    Py_ssize_t pieces, order
    const double *edges
    const double *points
    const double *to_powers
    const double *between
    const double *to_rest
    # where to look first: piece p has looks first_looks[p] to first_looks[p + 1], in ascending order; and the pieces,
    # those nearest to 1 first
    Py_ssize_t looks
    const double *look_etas
    const Py_ssize_t *first_looks
    const Py_ssize_t *nearest_pieces


cdef struct counts_t:
    Py_ssize_t cols, nuclei, bins, pieces, order, parameters, kernels
    int factors
    # which parameter the line runs along, y being its power; -1 for none
    int line, line_power
    # values at which the parameters' amplitudes vanish, to be subtracted
    double origins[MAX_PARAMETERS]
    # ranges of the parameters; which of them are neither the line's nor a mass, and how many there are: too many to
    # count if one has no finite range
    double low[MAX_PARAMETERS]
    double high[MAX_PARAMETERS]
    bint spread[MAX_PARAMETERS]
    int others
    const double *q2  # (nuclei, cols)
    # response: row (node of eta, bin) has weights[pointers[r] : pointers[r + 1]] from column firsts[r] on, each twice
    const double *weights
    const Py_ssize_t *pointers
    const Py_ssize_t *firsts
    const pieces_t *eta  # NULL for eta = 1 alone
    # the part that knows no parameter but y: a (node, bin), and b, c (node, 2, bin)
    const double *constant
    const double *linear
    # the rest
    const kernel_t *kernel
    factor_t factor[MAX_FACTORS]
    # F_N: default (nuclei, cols), parameterisation, thickness [fm], and each nucleus' parameter or -1
    const double *neutron
    const int *radii
    int form_factor
    double thickness
    # whether kernels add to a, whether they add to b or c, and whether they are b p + c p^2 of one mediator alone
    bint loose, moving, plain


cdef struct counts_row_t:
    # a signal at one point of all parameters but the line's: interleaved rates of b and c, rates of a, factors
    # (factor, nuclei, cols), kernels' couplings
    double *rates
    double *loose_rates
    double *factors
    double *strengths
    # counts: a (node, bin), b and c (node, 2, bin), and what of each piece is there
    const double *a
    const double *bc
    double *own_a
    double *own_bc
    char *built


cdef Py_ssize_t counts_row_size(const counts_t *c) noexcept nogil
cdef double* place_counts_row(const counts_t *c, counts_row_t *row, double *numbers, char *marks) noexcept nogil
cdef void start_counts(const counts_t *c, counts_row_t *row, const double *values) noexcept nogil
cdef void fold_piece(const counts_t *c, counts_row_t *row, Py_ssize_t piece) noexcept nogil
cdef double line_value(const counts_t *c, const double *values) noexcept nogil


cdef class Weights:
    cdef readonly object values, pairs, pointers, firsts
    cdef readonly Py_ssize_t cols


cdef class Pieces:
    cdef pieces_t c
    cdef readonly object edges, points, steep
    cdef tuple owned


cdef class Counts:
    cdef counts_t c
    cdef kernel_t *kernel
    cdef readonly tuple parameters
    cdef readonly object most  # largest constant counts of each bin
    cdef tuple owned, arguments


cdef const double* own(list owned, values)
