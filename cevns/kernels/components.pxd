"""Expected counts of one experiment, for other Cython code; `components.pyx` explains the mathematics."""

from cevns.kernels.counts cimport counts_row_t, counts_t

cdef enum:
    MAX_SHAPES = 4  # nuisances that deform the response
    MAX_DERIVATIVES = 15  # of counts in these, up to the second order
    MAX_ORDER = 16  # polynomials of an interval of such a nuisance, or of the time offset
    MOST_KEPT = 8  # cells whose coefficients a row keeps
    MAX_PULLS = 64  # nuisances of all experiments together
    MAX_VECTORS = 40  # components and deformations of an experiment


cdef struct axis_t:
    # intervals of a nuisance's range, inside each of which counts are sums of the first `order` Chebyshev polynomials;
    # which of the experiment's nuisances it is
    Py_ssize_t pieces, order, pull
    const double *edges


cdef struct basis_t:
    # the interval of a value of the nuisance, the polynomials there, and their first and second derivatives
    Py_ssize_t piece
    double values[3][MAX_ORDER]


cdef struct poisson_t:
    # moments of the rates of each group of neutrinos that arrive together, and what leads from them to coefficients of
    # counts, (cell of the shapes, term, energy bin, moment); NULL where nodes of counts are these coefficients
    Py_ssize_t groups, moments, energy, rest, bins
    const counts_t **counts
    const double *mixing
    # shapes of the response; cells are combinations of their intervals, the last one's fastest
    Py_ssize_t shapes
    axis_t shape[MAX_SHAPES]
    # terms are products of Chebyshev polynomials of all shapes: their orders, (term, shape)
    Py_ssize_t terms
    const Py_ssize_t *orders
    # time offset; without one its order is 1 and its pull -1
    axis_t offset
    # coefficients of the shares of the other axes' bins: (group, interval of the offset, order, row, rest), rows being
    # 1 or energy bins
    Py_ssize_t rows
    const double *shares
    # data (bins); 1 / sigma^2 of Gaussian ones, or NULL
    const double *observed
    const double *weights
    # least expectation
    double floor
    # components: the signal, then backgrounds (component - 1, bin); linear deformations of any, for the signal
    # (group, energy, rest)
    Py_ssize_t components, morphs
    const double *templates
    const double **morph
    const Py_ssize_t *morphed
    const Py_ssize_t *morph_pulls
    # nuisances: where they stand among those of all experiments; normalisations of the components at 0 of all of them,
    # and their change (component, nuisance)
    Py_ssize_t pulls, vectors
    const Py_ssize_t *places
    const double *bases
    const double *scales
    # observed and background counts of energy bins, and variances of the first, (3, energy)
    const double *energy_data


cdef struct kept_t:
    # a cell that is known, -1 for none, and the y that it was last needed for
    Py_ssize_t cell
    double y


cdef struct poisson_row_t:
    # one experiment at one point of all parameters but the line's
    counts_row_t *counts
    # counts by energy of each group, and their first and second derivatives in the shapes: (derivative, group, energy);
    # then the same of sums over the last shapes
    double *by_energy
    # the y and the shapes that they are of, and whether they are none, the counts alone, or all
    double filled_y
    double filled_at[MAX_SHAPES]
    int filled
    # shares at the offset with two derivatives (3, group, row, rest)
    double *shares
    double *mixed  # (group, energy)
    # coefficients of counts by energy, (cell, 4, term, group, energy), for the last y, then as a + b y + c y^2, and
    # which cells they are of
    double *coefficients
    kept_t *kept
    double *moments  # (part, group, moment)
    # of descents next to walls: m, 0 for none, and whether they are done; multipliers, expectations before a step, and
    # the first two and the multipliers where chi2 is least
    double height
    double best_height
    bint settled
    bint best_settled
    # the same of sides of floors
    bint beside
    bint best_beside
    char *sides
    char *best_sides
    double *walls
    double *before
    double *best_walls
    double *astray
    # where expectations cannot be: up to where chi2 goes on as a parabola, in units of counts, 0 for none
    double threshold
    # expectation, first derivative of chi2 in it, second one, and vectors of components and deformations
    double *expected
    double *slopes
    double *bends
    double *vectors
    double *work


cdef Py_ssize_t poisson_row_size(const poisson_t *p) noexcept nogil
cdef double* place_poisson_row(const poisson_t *p, poisson_row_t *row, double *memory) noexcept nogil
cdef void start_poisson(const poisson_t *p, poisson_row_t *row, const double *values, bint alone) noexcept nogil
cdef void expect(const poisson_t *p, poisson_row_t *row, double y, const double *x, bint derived, double *factors,
                 basis_t *bases) noexcept nogil
cdef void spread(const poisson_t *p, const double *by_energy, const double *shares, double *out) noexcept nogil
cdef double factor_of(const poisson_t *p, Py_ssize_t component, const double *x) noexcept nogil
cdef double signal_total(const poisson_t *p, const poisson_row_t *row) noexcept nogil
cdef double observed_total(const poisson_t *p) noexcept nogil
cdef Py_ssize_t cell_of(const poisson_t *p, const basis_t *bases) noexcept nogil
cdef double term_value(const poisson_t *p, const basis_t *bases, Py_ssize_t term, Py_ssize_t first,
                       Py_ssize_t second) noexcept nogil
cdef void poisson_line(const poisson_t *p, poisson_row_t *row, double place, double *out) noexcept nogil
