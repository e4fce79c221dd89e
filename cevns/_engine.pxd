"""The chi2 engine, for other Cython code; `_engine.pyx` explains the mathematics."""


cdef struct term_t:
    # shape
    Py_ssize_t cols, nuclei, bins, backgrounds, pieces, order
    # rates at the recoil nodes: sum over nuclei of a + b p y + c p^2 y^2 with p = 1 / (q2 + M^2)
    const double *q2
    const double *b
    const double *c
    # response in units of the uncertainties: row (node of eta, bin) has weights[pointers[r] : pointers[r + 1]] from
    # column firsts[r] on, each of them twice
    const double *weights
    const Py_ssize_t *pointers
    const Py_ssize_t *firsts
    # standard-model counts (node, bin), data projected by P (bin), background modes (background, bin)
    const double *sm
    const double *data
    const double *modes
    # from a vector's part along the modes to the backgrounds' pulls (background, background), and the data's pulls
    const double *to_shifts
    const double *data_shifts
    double base, pull
    # eta: edges of its pieces; nodes of a piece, on its own axis, and the way from values there to powers; points
    # between them, and the way from v there to the rest of v
    const double *eta_edges
    const double *points
    const double *to_powers
    const double *between
    const double *to_rest
    double inverse_eta_variance, eta_step, start
    # where to look at eta first if all of it is searched: piece p has looks first_looks[p] to first_looks[p + 1], in
    # ascending order; and the pieces, those nearest to 1 first
    Py_ssize_t looks
    const double *look_etas
    const Py_ssize_t *first_looks
    const Py_ssize_t *nearest_pieces
    # whether chi2 is summed from squares, lest its rounding shows, and whether all of eta is searched
    bint precise, searched


cdef struct row_t:
    # one term at one mediator mass: interleaved sums over nuclei (b p, c p^2), vectors of counts to work with, B and C
    # at every node of eta (node, 2, bin), polynomials of each piece, and what is known of each piece
    double *rates
    double *scratch
    double *folded
    double *polynomials
    char *built
    # of a search in all of eta: coefficients (column, look) and chi2 with its slope (2, look)
    double *table
    double *looks
    # the last point, its best eta with the piece, and how eta changed with y
    double y, eta, drift
    Py_ssize_t piece
    # whether many couplings follow, so that polynomials pay
    bint many


cdef class Weights:
    cdef readonly object values, pairs, pointers, firsts
    cdef readonly Py_ssize_t cols


cdef class Term:
    cdef term_t t
    cdef tuple arguments, owned
    cdef set_eta(self, sm, edges, points, double eta_sigma)


cdef struct bound_t:
    # a model with the range of its parameters, and the terms whose chi2 adds up
    bint mediated, has_mass, interacting
    double smallest_mass, largest_mass, largest_coupling
    const term_t **terms
    Py_ssize_t n, space, flags


# chi2 at a mass [MeV] and a coupling; NaN where they are out of range or there is no memory
cdef double chi2_c(const bound_t *bound, double mass, double coupling) noexcept nogil

# the same, and exp(-chi2 / 2), of x = (mass, coupling) for scipy.LowLevelCallable; data points to a bound_t
cdef double nquad_chi2(int n, double *x, void *data) noexcept nogil
cdef double nquad_likelihood(int n, double *x, void *data) noexcept nogil


cdef class Engine:
    cdef readonly tuple terms
    cdef const term_t **t
    cdef Py_ssize_t n, space, flags, seeds


cdef class Bound:
    cdef readonly object model, limits
    cdef bound_t c
    cdef bint inside(self, double mass, double coupling) noexcept nogil
    cdef (double, double) point(self, mass, coupling) except *


cdef class Evaluator(Bound):
    cdef readonly Engine engine


cdef class Predictor(Bound):
    cdef readonly Term term
    cdef int counts(self, double mass_squared, double y, double *out) except -1 nogil
