"""chi2's polynomials tabulated in the mass of a mediator: a point costs neither propagators nor a fold.

Where one mass m and one coupling are all that moves, counts are ``a + b(m) y + c(m) y^2`` with b and c sums over q of
``p = 1 / (q^2 + m^2)`` to some power times what knows no mass. So u and v of `gaussian.pyx` in a piece of eta are
polynomials whose coefficients are functions of m alone. Three intervals of m hold them all:

- near the momentum transfers, from an eighth of the least to eight times the largest one, an octave of m is cut in
  eight equal parts, which the bits of a double tell;
- below them u and v are analytic in m^2, above them in 1 / m^2.

Each y is taken times ``1 / (m^2 + Q^2)`` with a Q amid the momentum transfers, to the power that p has with it. What is
left of the coefficients neither vanishes nor grows in either limit, and has no singularities but those of p at
m = +-iq. On an octave's part [c - h, c + h], c >= 17 h, these lie outside the ellipse of Bernstein with the parameter
34 (for q -> 0; further out for all others), so that eight Chebyshev nodes leave about 34^-8, below 1e-12; the two outer
intervals do better. A block of the table, the Chebyshev coefficients of one interval and one piece of eta, is computed
when a point first needs it. Threads publish blocks by compare-and-swap: whoever comes second drops its own, which
is the same to the last bit.

A block has at most 0.9 kB for each node of eta in the piece (4 kB for five); a table of more than 64 MB, if all blocks
were there, is not begun, and its term goes the direct way.
"""

from libc.math cimport cos, fabs, fmax, fmin, sqrt
from libc.stdint cimport uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

from cevns.kernels.counts cimport counts_t, fill_strengths, line_value
from cevns.kernels.form_factors cimport PI
from cevns.kernels.gaussian cimport (
    MASS_NODES, GaussianTerm, build_piece, build_rest, mass_point_t, mass_table_t, open_rows, polynomial_size, row_t,
    rows_size, term_t)
from cevns.kernels.polynomials cimport power
from cevns.kernels.sizes cimport LOST, largest_constant

cdef enum:
    SHIFT = 49  # bits of a double below those that tell the eighth of an octave

# bytes of a whole table
cdef double LARGEST_TABLE = 64e6
# the nodes of all intervals, and the way from values there to coefficients
cdef double[MASS_NODES] POINTS
cdef double[MASS_NODES * MASS_NODES] TO_CHEBYSHEV


cdef void find_nodes() noexcept:
    cdef Py_ssize_t j, k
    for j in range(MASS_NODES):
        POINTS[j] = cos(PI * (j + 0.5) / MASS_NODES)
        for k in range(MASS_NODES):
            TO_CHEBYSHEV[k * MASS_NODES + j] = (
                (2.0 if k else 1.0) / MASS_NODES * cos(PI * k * (j + 0.5) / MASS_NODES))


find_nodes()


cdef extern from *:
    """
    /* Pointers that several threads fill: read so that what they point to is there, and set once. */
    #if defined(_MSC_VER) && !defined(__clang__)
    #include <intrin.h>
    static void *cevns_pointer(void **p)
    {
        return _InterlockedCompareExchangePointer((void *volatile *)p, NULL, NULL);
    }
    static int cevns_publish(void **p, void *made)
    {
        return _InterlockedCompareExchangePointer((void *volatile *)p, made, NULL) == NULL;
    }
    #else
    static inline void *cevns_pointer(void **p)
    {
        return __atomic_load_n(p, __ATOMIC_ACQUIRE);
    }
    static inline int cevns_publish(void **p, void *made)
    {
        void *expected = NULL;
        return __atomic_compare_exchange_n(p, &expected, made, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    }
    #endif

    static void cevns_sum_chebyshev(const double *restrict c, const double *restrict t, ptrdiff_t stride, ptrdiff_t n,
                                    double *restrict out)
    {
        for (ptrdiff_t j = 0; j < n; j++)
            out[j] = ((t[0] * c[j] + t[1] * c[stride + j]) + (t[2] * c[2 * stride + j] + t[3] * c[3 * stride + j]))
                + ((t[4] * c[4 * stride + j] + t[5] * c[5 * stride + j])
                   + (t[6] * c[6 * stride + j] + t[7] * c[7 * stride + j]));
    }
    """
    void* cevns_pointer(void **p) nogil
    bint cevns_publish(void **p, void *made) nogil
    void cevns_sum_chebyshev(const double *c, const double *t, Py_ssize_t stride, Py_ssize_t n, double *out) nogil


# --- a point ---------------------------------------------------------------------------------------------------------

cdef bint start_mass(const term_t *t, mass_point_t *point, const double *values) noexcept nogil:
    cdef const mass_table_t *table = t.masses
    cdef double mass, square, x
    cdef uint64_t bits
    cdef int k
    # without a coupling it is the standard model to the last bit
    if table == NULL or not t.certified or line_value(t.counts, values) == 0.0:
        return False
    mass = fabs(values[table.parameter])
    square = mass * mass
    if mass < table.low:
        point.interval = 0
        x = 2.0 * square * table.inverse_low - 1.0
    elif mass < table.high:
        memcpy(&bits, &mass, sizeof(bits))
        point.interval = 1 + <Py_ssize_t> ((bits >> SHIFT) - table.first)
        x = (mass - table.centres[point.interval]) * table.inverse_halves[point.interval]
    else:
        point.interval = table.intervals - 1
        x = 2.0 * table.inverse_high / square - 1.0
    point.table = table
    point.piece = -1
    point.scale = power(1.0 / (square + table.middle), table.power)
    point.chebyshev[0] = 1.0
    point.chebyshev[1] = x
    for k in range(2, MASS_NODES):
        point.chebyshev[k] = 2.0 * x * point.chebyshev[k - 1] - point.chebyshev[k - 2]
    return True


cdef const double* mass_polynomials(const term_t *t, mass_point_t *point, Py_ssize_t piece, bint rest) noexcept nogil:
    cdef const double *block
    cdef Py_ssize_t size = polynomial_size(t), own = 8 * t.order
    if point.piece != piece:
        block = mass_block(t, point, piece)
        if block == NULL:
            return NULL
        cevns_sum_chebyshev(block, point.chebyshev, size, size if rest else own, point.polynomials)
        point.piece, point.rest = piece, rest
    elif rest and not point.rest:
        block = mass_block(t, point, piece)
        cevns_sum_chebyshev(block + own, point.chebyshev, size, size - own, point.polynomials + own)
        point.rest = True
    return point.polynomials


cdef double mass_slopes(const term_t *t, const mass_point_t *point, Py_ssize_t piece, double mass,
                        double *out) noexcept nogil:
    cdef const mass_table_t *table = point.table
    cdef Py_ssize_t size = polynomial_size(t)
    cdef double slopes[MASS_NODES]
    cdef double x = point.chebyshev[1]
    cdef int k
    slopes[0], slopes[1] = 0.0, 1.0
    for k in range(2, MASS_NODES):
        slopes[k] = 2.0 * (point.chebyshev[k - 1] + x * slopes[k - 1]) - slopes[k - 2]
    cevns_sum_chebyshev(mass_block(t, point, piece), slopes, size, size, out)
    if point.interval == 0:
        return 4.0 * mass * table.inverse_low
    if point.interval == table.intervals - 1:
        return -4.0 * table.inverse_high / (mass * mass * mass)
    return table.inverse_halves[point.interval] if mass > 0.0 else -table.inverse_halves[point.interval]


cdef const double* mass_block(const term_t *t, const mass_point_t *point, Py_ssize_t piece) noexcept nogil:
    """A block of the table, which is made if nobody has made it."""
    cdef void **place = point.table.blocks + point.interval * t.pieces + piece
    cdef void *found = cevns_pointer(place)
    if found == NULL:
        found = made_block(t, point.table, point.interval, piece)
        if found != NULL and not cevns_publish(place, found):
            free(found)
            found = cevns_pointer(place)
    return <const double *> found


# --- the table -------------------------------------------------------------------------------------------------------

cdef void* made_block(const term_t *t, const mass_table_t *table, Py_ssize_t interval, Py_ssize_t piece) noexcept nogil:
    cdef Py_ssize_t size = polynomial_size(t), j, k, n
    cdef double *out = <double *> malloc(MASS_NODES * size * sizeof(double))
    cdef row_t *row = open_rows(&t, 1, rows_size(&t, 1), 0)
    cdef double x, z
    if out == NULL or row == NULL:
        free(out)
        free(row)
        return NULL
    memset(out, 0, MASS_NODES * size * sizeof(double))
    for n in range(MASS_NODES):
        x = table.points[n]
        if interval == 0:
            start_scaled(t.counts, table, row, 0.5 * (1.0 + x) / table.inverse_low, 1.0)
        elif interval == table.intervals - 1:
            start_scaled(t.counts, table, row, 1.0, 0.5 * (1.0 + x) / table.inverse_high)
        else:
            z = table.centres[interval] + x / table.inverse_halves[interval]
            start_scaled(t.counts, table, row, z * z, 1.0)
        build_piece(t, row, piece)
        if t.order > 1:
            build_rest(t, row, piece)
        for k in range(MASS_NODES):
            for j in range(size):
                out[k * size + j] += table.to_chebyshev[k * MASS_NODES + n] * row.polynomials[piece * size + j]
    free(row)
    return out


cdef void start_scaled(const counts_t *c, const mass_table_t *table, row_t *row, double square,
                       double one) noexcept nogil:
    """Start a row at m^2 = square / one, with y in units of its scale there."""
    cdef Py_ssize_t j, k, n
    cdef int line
    cdef double p, top = square + table.middle * one
    row.counts.alone = False
    row.counts.a, row.counts.bc = c.constant, row.counts.own_bc
    memset(row.counts.built, 0, c.pieces)
    memset(row.counts.rates, 0, 2 * c.cols * sizeof(double))
    # no couplings are among the products
    fill_strengths(c, &row.counts, c.origins)
    for k in range(c.kernels):
        for line in range(1, 3):
            if not c.kernel[k].lines[line]:
                continue
            for n in range(c.nuclei):
                for j in range(c.cols):
                    p = power(top / (square + c.q2[n * c.cols + j] * one), c.kernel[k].powers[0])
                    row.counts.rates[2 * j + line - 1] += (
                        row.counts.strengths[3 * k + line] * c.kernel[k].rates[n * c.cols + j] * p)


cdef int of_power(const counts_t *c) noexcept nogil:
    """The power of the propagator with y, if one mass and the line are all that moves counts; or else 0."""
    cdef Py_ssize_t i, k
    cdef int line, found = 0
    if c.factors != 1 or c.factor[0].form_factor or c.line < 0 or c.factor[0].parameter == c.line:
        return 0
    for i in range(2 * c.pieces * c.order * c.bins):
        if c.linear[i] != 0.0:
            return 0
    for k in range(c.products):
        if c.product[k].first != c.product[k].last:
            return 0
    for k in range(c.kernels):
        if c.kernel[k].rates == NULL or c.kernel[k].lines[0]:
            return 0
        for line in range(1, 3):
            if not c.kernel[k].lines[line]:
                continue
            if c.kernel[k].powers[0] % line or (found and c.kernel[k].powers[0] // line != found):
                return 0
            found = c.kernel[k].powers[0] // line
    return found


cdef uint64_t eighth(double x):
    """Which eighth of an octave holds a number, counted from 0."""
    cdef uint64_t bits
    memcpy(&bits, &x, sizeof(bits))
    return bits >> SHIFT


cdef double start_of(uint64_t index):
    cdef double x
    index <<= SHIFT
    memcpy(&x, &index, sizeof(x))
    return x


cdef int tabulate(GaussianTerm term) except -1:
    cdef const term_t *t = &term.t
    cdef const counts_t *c = t.counts
    cdef mass_table_t *table = &term.table
    cdef Py_ssize_t i, k
    cdef double least = 1e300, largest = 0.0, q2
    cdef uint64_t last
    cdef bint moves
    if t.masses != NULL or t.precise:
        return 0
    table.power = of_power(c)
    # parts that are so large may cancel, which a table does not tell
    if not table.power or 8.0 * largest_constant(c) > LOST:
        return 0
    for i in range(c.nuclei * c.cols):
        moves = False
        for k in range(c.kernels):
            moves |= c.kernel[k].rates[i] != 0.0
        if moves:
            least, largest = fmin(least, c.q2[i]), fmax(largest, c.q2[i])
    if not 0.0 < least <= largest:
        return 0
    table.first, last = eighth(sqrt(least) / 8.0), eighth(8.0 * sqrt(largest)) + 1
    table.intervals = <Py_ssize_t> (last - table.first) + 2
    if <double> table.intervals * c.pieces * MASS_NODES * polynomial_size(t) * sizeof(double) > LARGEST_TABLE:
        return 0
    table.low, table.high = start_of(table.first), start_of(last)
    table.inverse_low, table.inverse_high = 1.0 / (table.low * table.low), table.high * table.high
    table.middle, table.parameter = sqrt(least * largest), c.factor[0].parameter
    table.centres = <double *> calloc(table.intervals, sizeof(double))
    table.inverse_halves = <double *> calloc(table.intervals, sizeof(double))
    table.blocks = <void **> calloc(table.intervals * c.pieces, sizeof(void *))
    table.pieces = c.pieces
    if table.centres == NULL or table.inverse_halves == NULL or table.blocks == NULL:
        raise MemoryError
    for i in range(1, table.intervals - 1):
        q2 = start_of(table.first + i)
        table.centres[i] = 0.5 * (start_of(table.first + i - 1) + q2)
        table.inverse_halves[i] = 2.0 / (q2 - start_of(table.first + i - 1))
    memcpy(table.points, POINTS, sizeof(POINTS))
    memcpy(table.to_chebyshev, TO_CHEBYSHEV, sizeof(TO_CHEBYSHEV))
    term.t.masses = table
    return 0
