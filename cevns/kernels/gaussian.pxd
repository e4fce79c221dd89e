"""A signal beside Gaussian data, for other Cython code; `gaussian.pyx` explains the mathematics."""

from libc.stdint cimport uint64_t

from cevns.kernels.counts cimport Counts, counts_row_t, counts_t
from cevns.kernels.pieces cimport MAX_ORDER

cdef enum:
    SCRATCH = 9  # vectors of counts in a row's workspace
    MASS_NODES = 8  # of an interval of a mediator's mass
    MOST_NUMBERS = 13 * MAX_ORDER  # at least polynomial_size
    LOOK_COLUMNS = 16  # coefficients in y of u, v and their derivatives in eta
    # what follows the start of a row: nothing but this point, points of the line, or many of them
    ALONE = 0
    FEW = 1
    MANY = 2
    # what is known of a piece, beside FOLDED
    POLYNOMIALS = 2
    REST = 4
    TABLE = 8


cdef struct mass_table_t:
    # u and v as functions of a mediator's mass, see masses.pyx: intervals of it, the first and the last one without end
    Py_ssize_t intervals, pieces
    # which parameter it is, and the power of the propagator that comes with y
    int parameter, power
    # where the middle intervals start and end, the first one in eighths of octaves, and squares of both
    uint64_t first
    double low, high, inverse_low, inverse_high
    # the squared mass with which y is scaled
    double middle
    double *centres
    double *inverse_halves
    # Chebyshev nodes, and from values there to coefficients
    double points[MASS_NODES]
    double to_chebyshev[MASS_NODES * MASS_NODES]
    # Chebyshev coefficients (node, number) of an interval and a piece of eta; NULL until needed
    void **blocks


cdef struct mass_point_t:
    # one mass: its interval, values of the Chebyshev polynomials there, and what y is multiplied by
    const mass_table_t *table
    Py_ssize_t interval
    double chebyshev[MASS_NODES]
    double scale
    # the polynomials of one piece, and whether the rest of v is among them
    Py_ssize_t piece
    bint rest
    double polynomials[MOST_NUMBERS]


cdef struct term_t:
    const counts_t *counts
    Py_ssize_t bins, backgrounds, pieces, order
    # data projected by P (bin), background modes (background, bin)
    const double *data
    const double *modes
    # from a vector's part along the modes to the backgrounds' pulls (background, background), and the data's pulls
    const double *to_shifts
    const double *data_shifts
    # chi2 of the data alone plus the signal's pull for no signal; 1/s^2 of the signal's factor, where it is centred,
    # and the product of both
    double base, pull, centre, lift
    # of pieces_t
    const double *eta_edges
    const double *points
    const double *to_powers
    const double *between
    const double *basis
    const double *to_rest
    Py_ssize_t looks
    const double *look_etas
    const Py_ssize_t *first_looks
    const Py_ssize_t *nearest_pieces
    # of the penalty of eta: where it is centred, 1 unless it was measured anew
    double inverse_eta_variance, eta_centre, eta_step, start
    # whether chi2 is summed from squares, lest its rounding shows; whether all of eta is searched, or else slopes fall
    # between pieces of it; and whether that has been found out
    bint precise, searched, kinked, certified
    # by how much chi2 has to rise at an end of a piece, upwards and downwards in eta, to go on rising: (2, piece)
    double *needs
    # NULL unless one mass and the line are all that moves counts
    const mass_table_t *masses


cdef struct row_t:
    # one term at one point of all parameters but the line's: counts, vectors of counts to work with, polynomials of
    # each piece
    counts_row_t counts
    double *scratch
    double *polynomials
    # of a search in all of eta: coefficients (column, look) and chi2 with its slope (2, look)
    double *table
    double *looks
    # the last point, its best eta with the piece, and how eta changed with y
    double y, eta, drift
    # of the last sum of squares: the signal's factor, and v; and u where shared nuisances need it
    double factor, weight, signal
    # where its residuals are still there to be read: eta, and the piece, or -1
    double summed_eta
    Py_ssize_t summed_piece
    Py_ssize_t piece
    # whether many couplings follow, so that polynomials pay
    bint many
    # the mass whose tabulated polynomials are used instead of those above, y in units of its scale; or NULL
    mass_point_t *mass


cdef inline Py_ssize_t polynomial_size(const term_t *t) noexcept nogil:
    # u has three and v five coefficients in y for each power of t, the rest of v five for each power of its own
    return 8 * t.order + 5 * (t.order - 1)


cdef inline double penalty(const term_t *t, double eta) noexcept nogil:
    return (eta - t.eta_centre) * (eta - t.eta_centre) * t.inverse_eta_variance


cdef inline double profiled(const term_t *t, double u, double v) noexcept nogil:
    """chi2 with the signal's normalisation and the backgrounds profiled: never negative, as sums of squares are."""
    cdef double value = t.base - (u + t.lift) * (u + t.lift) / (v + t.pull)
    # written so that NaN stays
    return 0.0 if value < 0.0 else value


cdef Py_ssize_t row_size(const term_t *t) noexcept nogil
cdef row_t* open_rows(const term_t **t, Py_ssize_t n, Py_ssize_t size, Py_ssize_t beyond) noexcept nogil
cdef Py_ssize_t rows_size(const term_t **t, Py_ssize_t n) noexcept nogil
cdef void start_row(const term_t *t, row_t *row, const double *values, int points) noexcept nogil
cdef void forget(const term_t *t, row_t *row) noexcept nogil
cdef void start_rows(const term_t **t, row_t *rows, Py_ssize_t n, const double *values, int points) noexcept nogil
cdef double direct_chi2(const term_t *t, row_t *row, double y, double eta, Py_ssize_t piece, double *slope,
                        double *shifts) noexcept nogil
cdef void build_piece(const term_t *t, row_t *row, Py_ssize_t piece) noexcept nogil
cdef void build_rest(const term_t *t, row_t *row, Py_ssize_t piece) noexcept nogil
cdef double look_chi2(const term_t *t, row_t *row, double eta, Py_ssize_t piece, double *slope) noexcept nogil
cdef bint rough(double base, double pull, double squares) noexcept nogil
cdef void build_table(const term_t *t, row_t *row, Py_ssize_t piece) noexcept nogil


cdef class GaussianTerm:
    cdef term_t t
    cdef mass_table_t table
    cdef double squares
    cdef readonly Counts counts
    cdef tuple arguments, owned
