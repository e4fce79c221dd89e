"""Data in the place of an engine's own, for other Cython code; `toys.pyx` explains what they share."""

from cevns.kernels.components cimport poisson_t
from cevns.kernels.convexity cimport sample_t
from cevns.kernels.descents cimport joint_t
from cevns.kernels.gaussian cimport row_t, term_t
from cevns.kernels.glances cimport glance_t
from cevns.kernels.sums cimport sum_t


cdef struct reference_t:
    # of a Gaussian term: backgrounds, standard deviations (bins), and backgrounds in units of these by one sigma of
    # their normalisation (background, bins)
    const double *total
    const double *sigma
    const double *scaled
    # sum of squares of the largest counts
    double squares


cdef struct widest_t:
    # how a term is minimised in eta on all lines that were sampled
    double eta_step
    bint kinked, searched
    double *needs


cdef struct toys_t:
    const sum_t *engine
    Py_ssize_t count
    # terms of each toy (toy, term), which know of the last line alone how they are minimised in eta
    term_t *terms
    widest_t *widest
    joint_t *joints
    poisson_t *others
    const poisson_t **other_terms
    # of each toy: what moves the pulls of shared nuisances (toy, shared), and priors as in sum_t, with the line's mean
    double *offsets
    double *priors
    double *means
    # the present toy, whose terms these are, and rows with room for every search
    sum_t s
    const term_t **present
    row_t *rows
    # values of y at which a line is sampled, by term
    double **places
    glance_t *glances
    double *memory
    sample_t sample


cdef Py_ssize_t centres_size(const sum_t *s) noexcept nogil
cdef Py_ssize_t data_size(const sum_t *s) noexcept nogil
cdef bint open_toys(toys_t *toys, const sum_t *engine, Py_ssize_t count) noexcept nogil
cdef void close_toys(toys_t *toys) noexcept nogil
cdef void fill_toy(toys_t *toys, const reference_t *references, Py_ssize_t toy, const double *data,
                   const double *centres) noexcept nogil
cdef void start_line(toys_t *toys, const double *values, int points, int samples) noexcept nogil
cdef void take_toy(toys_t *toys, Py_ssize_t toy) noexcept nogil
cdef void renew(toys_t *toys) noexcept nogil
cdef void certify_toy(toys_t *toys, Py_ssize_t toy) noexcept nogil
cdef void widen_toy(toys_t *toys, Py_ssize_t toy, bint first) noexcept nogil
cdef void settle_toy(toys_t *toys, Py_ssize_t toy) noexcept nogil
