"""The chi2 engine, for other Cython code; `_engine.pyx` explains the mathematics."""


cdef struct term_t:
    # shape
    Py_ssize_t cols, nuclei, bins, backgrounds, pieces, order
    # rates at the recoil nodes: sum over nuclei of a + b p y + c p^2 y^2 with p = 1 / (q2 + M^2)
    const double *q2
    const double *b
    const double *c
    # response in units of the uncertainties: row (node of eta, bin) has weights[pointers[r] : pointers[r + 1]] from
    # column firsts[r] on
    const double *weights
    const Py_ssize_t *pointers
    const Py_ssize_t *firsts
    # standard-model counts (node, bin), data projected by P (bin), background modes (background, bin)
    const double *sm
    const double *data
    const double *modes
    # of the standard-model part: modes (node, background), u and v (node)
    const double *sm_modes
    const double *sm_u
    const double *sm_v
    # from values at a piece's nodes to powers of t
    const double *to_powers
    const double *eta_edges
    double inverse_eta_variance, base, pull
    # whether counts change so much with eta that chi2 may have several minima in it
    bint rough


cdef struct row_t:
    # one term at one mediator mass: interleaved sums over nuclei (b p, c p^2), room for B and C of all bins, then for
    # each piece its polynomials
    double *rates
    double *counts
    double *pieces
    char *built
    # of a rough term: B and C at every node of eta (node, 2, bin)
    double *folded
    # best eta and piece of the last point, from which the next one starts
    double eta
    Py_ssize_t piece


cdef class Weights:
    cdef readonly object values, pointers, firsts
    cdef readonly Py_ssize_t cols


cdef class Term:
    cdef term_t t
    cdef tuple arguments, owned


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


cdef class Evaluator(Bound):
    cdef readonly Engine engine


cdef class Predictor(Bound):
    cdef readonly Term term
    cdef int counts(self, double mass_squared, double y, double *out) except -1 nogil
