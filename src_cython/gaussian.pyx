"""chi2 of Gaussian data at one value of the quenching scale, the signal's normalisation and the backgrounds profiled:
eqs. 4.1 and 4.2 of arXiv:2008.05022.

Counts in units of their uncertainties are ``N = a + b y + c y^2`` (see `counts.pyx`). Backgrounds with Gaussian pulls
are folded into the inverse covariance ``P = 1 - H H'``, and the signal's normalisation, with pull variance s^2 and
k = 1/s^2, profiles in closed form:

    chi2 = y'Py + k - (u + k)^2 / (v + k),    u = y'PN,  v = N'PN

(eq. 4.1 of arXiv:2008.05022 with its nuisances profiled), where every term stays bounded however large the signal is.
u and v are polynomials of degree 2 and 4 in y, computed once for a row. It is the difference of large numbers if data
are precise; then, and wherever a single point is asked for, the squares of residuals and pulls are summed instead.

Inside a piece of the quenching scale eta, u and v are polynomials in eta as well; `quenching.pyx` minimises over it.
"""

from libc.math cimport fabs, fmax, sqrt
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memset

from cevns.kernels.counts cimport (
    Counts, counts_row_size, counts_t, fold_piece, place_counts_row, start_counts)
from cevns.kernels.pieces cimport MAX_ORDER, own, pieces_t
from cevns.kernels.polynomials cimport dot, lagrange

from cevns.errors import InputError

# rounding of chi2 as a difference, above which it is summed instead
cdef double LARGEST_ROUNDING = 5e-13

# --- rows ------------------------------------------------------------------------------------------------------------

cdef Py_ssize_t row_size(const term_t *t) noexcept nogil:
    """Doubles that a row of this term needs, in addition to a mark for each piece."""
    return (counts_row_size(t.counts) + SCRATCH * t.bins + t.backgrounds + t.pieces * polynomial_size(t)
            + (LOOK_COLUMNS * t.searched + 2) * t.looks)


cdef Py_ssize_t rows_size(const term_t **t, Py_ssize_t n) noexcept nogil:
    """Bytes that `open_rows` needs; they do not grow when terms are certified."""
    cdef Py_ssize_t i, out = n * sizeof(row_t)
    for i in range(n):
        out += row_size(t[i]) * sizeof(double) + t[i].pieces
    # what follows may be doubles
    return (out + 15) // 16 * 16


cdef row_t* open_rows(const term_t **t, Py_ssize_t n, Py_ssize_t size, Py_ssize_t beyond) noexcept nogil:
    """Allocate a row of every term in one block of `rows_size` and some bytes beyond; NULL if there is no memory."""
    cdef Py_ssize_t i
    cdef char *block = <char *> malloc(size + beyond)
    cdef row_t *rows = <row_t *> block
    cdef double *numbers = <double *> (block + n * sizeof(row_t))
    cdef char *marks = block + size
    if block == NULL:
        return NULL
    for i in range(n):
        marks -= t[i].pieces
        numbers = place_counts_row(t[i].counts, &rows[i].counts, numbers, marks)
        rows[i].scratch = numbers
        numbers += SCRATCH * t[i].bins + t[i].backgrounds
        rows[i].polynomials = numbers
        numbers += t[i].pieces * polynomial_size(t[i])
        rows[i].looks = numbers
        numbers += 2 * t[i].looks
        rows[i].table = numbers
        numbers += LOOK_COLUMNS * t[i].searched * t[i].looks
    return rows


cdef void start_row(const term_t *t, row_t *row, const double *values, int points) noexcept nogil:
    """Go to a point of all parameters but the line's.

    `points` says what follows: ALONE that y has the value there, and is 0 for all that comes, a FEW or MANY that points
    of the line do.
    """
    start_counts(t.counts, &row.counts, values, points == ALONE)
    forget(t, row)
    row.many = points == MANY
    row.mass = NULL


cdef void forget(const term_t *t, row_t *row) noexcept nogil:
    """Begin a search as if nothing had been asked of the row before."""
    row.eta = t.start
    row.y = row.drift = 0.0
    row.piece = -1
    row.summed_piece = -1


cdef void start_rows(const term_t **t, row_t *rows, Py_ssize_t n, const double *values, int points) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        start_row(t[i], rows + i, values, points)


# --- chi2 at one eta as a sum of squares -----------------------------------------------------------------------------

cdef double direct_chi2(const term_t *t, row_t *row, double y, double eta, Py_ssize_t piece, double *slope,
                        double *shifts) noexcept nogil:
    """chi2 at one eta from the counts themselves.

    A sum of squares of residuals and pulls: never negative, and as exact as the counts however precise the data are.
    `slope`, if it is not NULL, receives the derivative in eta; `shifts` the factor of the signal and the backgrounds'
    pulls in units of their sigmas.
    """
    cdef double weights[MAX_ORDER]
    cdef double slopes[MAX_ORDER]
    cdef double *n = row.scratch
    cdef double *z = row.scratch + t.bins
    cdef double *h = row.scratch + SCRATCH * t.bins
    cdef double signal, total, pulled, v
    cdef Py_ssize_t i, j
    fold_piece(t.counts, &row.counts, piece)
    lagrange(t.to_powers, t.order, t.eta_edges, piece, eta, weights, slopes if slope != NULL else NULL)
    counts_at(t, row, piece, y, weights, n)
    for i in range(t.bins):
        # interpolation may leave a negative trace where counts vanish
        n[i] = fmax(n[i], 0.0)
    project(t, n, z, h)
    v = dot(z, z, t.bins)
    for j in range(t.backgrounds):
        pulled = dot(t.to_shifts + j * t.backgrounds, h, t.backgrounds)
        v += pulled * pulled
    signal = (dot(t.data, n, t.bins) + t.lift) / (v + t.pull)
    row.factor, row.weight = signal, v
    row.summed_eta, row.summed_piece = eta, piece
    for i in range(t.bins):
        z[i] = t.data[i] - signal * z[i]
    total = dot(z, z, t.bins) + t.pull * (signal - t.centre) * (signal - t.centre) + penalty(t, eta)
    for j in range(t.backgrounds):
        pulled = t.data_shifts[j] - signal * dot(t.to_shifts + j * t.backgrounds, h, t.backgrounds)
        total += pulled * pulled
        if shifts != NULL:
            shifts[1 + j] = pulled
    if shifts != NULL:
        shifts[0] = signal
    if slope != NULL:
        counts_at(t, row, piece, y, slopes, n)
        slope[0] = -2.0 * signal * dot(z, n, t.bins) + 2.0 * (eta - t.eta_centre) * t.inverse_eta_variance
    return total


cdef inline void counts_at(const term_t *t, const row_t *row, Py_ssize_t piece, double y, const double *weights,
                           double *out) noexcept nogil:
    """Weighted sum of the counts at a piece's nodes."""
    cdef Py_ssize_t i, m, n = t.bins, order = t.order
    cdef const double *a = row.counts.a + piece * order * n
    cdef const double *b = row.counts.bc + 2 * piece * order * n
    cdef double total
    if row.counts.alone:
        weighted(a, weights, n, order, out)
        return
    # bin by bin: vectors of a dozen bins are too short to pay
    for i in range(n):
        total = 0.0
        for m in range(order):
            total += weights[m] * (a[m * n + i] + y * (b[2 * m * n + i] + y * b[(2 * m + 1) * n + i]))
        out[i] = total


cdef inline void weighted(const double *a, const double *weights, Py_ssize_t n, Py_ssize_t order,
                          double *out) noexcept nogil:
    """Weighted sum of the rows of a matrix, shape (order, n)."""
    cdef Py_ssize_t i, m
    for i in range(n):
        out[i] = weights[0] * a[i]
    for m in range(1, order):
        for i in range(n):
            out[i] += weights[m] * a[m * n + i]


cdef inline void project(const term_t *t, const double *x, double *out, double *h) noexcept nogil:
    """Write P x, and H' x."""
    cdef Py_ssize_t i, k
    for i in range(t.bins):
        out[i] = x[i]
    for k in range(t.backgrounds):
        h[k] = dot(t.modes + k * t.bins, x, t.bins)
        for i in range(t.bins):
            out[i] -= h[k] * t.modes[k * t.bins + i]


# --- chi2 from polynomials in eta and y ------------------------------------------------------------------------------

cdef inline void moments(const term_t *t, const double *a, const double *b, const double *c,
                         double *out) noexcept nogil:
    """The coefficients in y of u (three) and v (five) for counts a + b y + c y^2."""
    cdef const double *h
    cdef double aa = 0.0, ab = 0.0, ac = 0.0, bb = 0.0, bc = 0.0, cc = 0.0, ua = 0.0, ub = 0.0, uc = 0.0, ha, hb, hc
    cdef Py_ssize_t i, k
    for i in range(t.bins):
        aa += a[i] * a[i]
        ab += a[i] * b[i]
        ac += a[i] * c[i]
        bb += b[i] * b[i]
        bc += b[i] * c[i]
        cc += c[i] * c[i]
        ua += t.data[i] * a[i]
        ub += t.data[i] * b[i]
        uc += t.data[i] * c[i]
    for k in range(t.backgrounds):
        h = t.modes + k * t.bins
        ha = hb = hc = 0.0
        for i in range(t.bins):
            ha += h[i] * a[i]
            hb += h[i] * b[i]
            hc += h[i] * c[i]
        aa -= ha * ha
        ab -= ha * hb
        ac -= ha * hc
        bb -= hb * hb
        bc -= hb * hc
        cc -= hc * hc
    out[0] = ua
    out[1] = ub
    out[2] = uc
    out[3] = aa
    out[4] = 2.0 * ab
    out[5] = bb + 2.0 * ac
    out[6] = 2.0 * bc
    out[7] = cc


cdef void build_piece(const term_t *t, row_t *row, Py_ssize_t piece) noexcept nogil:
    """Compute u and v of a piece as polynomials in t (its range mapped to [-1, 1]) and y.

    u is as exact as the counts. v is squared counts, of which the nodes fix only half the powers of t: good enough to
    find the best eta, and `build_rest` has what is left for the value there.
    """
    cdef double values[8 * MAX_ORDER]
    cdef double *out = row.polynomials + piece * polynomial_size(t)
    cdef const double *f
    cdef Py_ssize_t m, k, j
    cdef double total, u, v, h
    fold_piece(t.counts, &row.counts, piece)
    if row.counts.alone:
        for m in range(t.order):
            f = row.counts.a + (piece * t.order + m) * t.bins
            # in the order of `moments`, so that rounding is the same
            u = v = 0.0
            for j in range(t.bins):
                u += t.data[j] * f[j]
                v += f[j] * f[j]
            for k in range(t.backgrounds):
                h = 0.0
                for j in range(t.bins):
                    h += t.modes[k * t.bins + j] * f[j]
                v -= h * h
            values[m] = u
            values[MAX_ORDER + m] = v
        memset(out, 0, 8 * t.order * sizeof(double))
        for k in range(t.order):
            if t.order == 1:
                out[0] = values[0]
                out[3] = values[MAX_ORDER]
                break
            for m in range(t.order):
                out[8 * k] += t.to_powers[k * t.order + m] * values[m]
                out[8 * k + 3] += t.to_powers[k * t.order + m] * values[MAX_ORDER + m]
        row.counts.built[piece] |= POLYNOMIALS
        return
    for m in range(t.order):
        f = row.counts.bc + 2 * (piece * t.order + m) * t.bins
        moments(t, row.counts.a + (piece * t.order + m) * t.bins, f, f + t.bins, values + 8 * m)
    if t.order == 1:
        for j in range(8):
            out[j] = values[j]
    else:
        for k in range(t.order):
            for j in range(8):
                total = 0.0
                for m in range(t.order):
                    total += t.to_powers[k * t.order + m] * values[8 * m + j]
                out[8 * k + j] = total
    row.counts.built[piece] |= POLYNOMIALS


cdef void build_rest(const term_t *t, row_t *row, Py_ssize_t piece) noexcept nogil:
    """Compute the polynomial in t and y that, times the nodes' own polynomial, completes v of a piece."""
    cdef double values[8 * MAX_ORDER]
    cdef double *p = row.polynomials + piece * polynomial_size(t)
    cdef double *out = p + 8 * t.order
    cdef Py_ssize_t e, k, j
    cdef double total, x
    row.summed_piece = -1
    for e in range(t.order - 1):
        x = t.between[e]
        interpolate(t, row, piece, t.basis + e * t.order, row.scratch)
        moments(t, row.scratch, row.scratch + t.bins, row.scratch + 2 * t.bins, values + 8 * e)
        for j in range(3, 8):
            total = 0.0
            for k in range(t.order - 1, -1, -1):
                total = total * x + p[8 * k + j]
            values[8 * e + j] -= total
    for k in range(t.order - 1):
        for j in range(5):
            total = 0.0
            for e in range(t.order - 1):
                total += t.to_rest[k * (t.order - 1) + e] * values[8 * e + 3 + j]
            out[5 * k + j] = total
    row.counts.built[piece] |= REST


cdef inline void interpolate(const term_t *t, const row_t *row, Py_ssize_t piece, const double *basis,
                             double *out) noexcept nogil:
    """The counts' coefficients a, b and c of all bins between a piece's nodes."""
    cdef Py_ssize_t i, m
    cdef const double *a
    cdef const double *f
    for i in range(3 * t.bins):
        out[i] = 0.0
    for m in range(t.order):
        a = row.counts.a + (piece * t.order + m) * t.bins
        f = row.counts.bc + 2 * (piece * t.order + m) * t.bins
        for i in range(t.bins):
            out[i] += basis[m] * a[i]
        for i in range(2 * t.bins):
            out[t.bins + i] += basis[m] * f[i]


cdef void build_table(const term_t *t, row_t *row, Py_ssize_t piece) noexcept nogil:
    """Compute u, v and their derivatives in eta at a piece's looks, as coefficients in y; a column for each look."""
    cdef double basis[MAX_ORDER]
    cdef double slopes[MAX_ORDER]
    cdef double value[8]
    cdef double *a = row.scratch  # a, b and c
    cdef double *d = row.scratch + 3 * t.bins  # their derivatives
    cdef double *z = row.scratch + 6 * t.bins  # and projections
    cdef Py_ssize_t j, look, n = t.bins
    row.summed_piece = -1
    fold_piece(t.counts, &row.counts, piece)
    for look in range(t.first_looks[piece], t.first_looks[piece + 1]):
        lagrange(t.to_powers, t.order, t.eta_edges, piece, t.look_etas[look], basis, slopes)
        interpolate(t, row, piece, basis, a)
        interpolate(t, row, piece, slopes, d)
        moments(t, a, a + n, a + 2 * n, value)
        for j in range(8):
            row.table[j * t.looks + look] = value[j]
        for j in range(3):
            project(t, a + j * n, z + j * n, row.scratch + SCRATCH * n)
            row.table[(8 + j) * t.looks + look] = dot(t.data, d + j * n, n)
        value[0] = 2.0 * dot(d, z, n)
        value[1] = 2.0 * (dot(d, z + n, n) + dot(d + n, z, n))
        value[2] = 2.0 * (dot(d + n, z + n, n) + dot(d, z + 2 * n, n) + dot(d + 2 * n, z, n))
        value[3] = 2.0 * (dot(d + n, z + 2 * n, n) + dot(d + 2 * n, z + n, n))
        value[4] = 2.0 * dot(d + 2 * n, z + 2 * n, n)
        for j in range(5):
            row.table[(11 + j) * t.looks + look] = value[j]
    row.counts.built[piece] |= TABLE


cdef double look_chi2(const term_t *t, row_t *row, double eta, Py_ssize_t piece, double *slope) noexcept nogil:
    """chi2 at one eta as a difference, and its derivative in eta, of a row that is one point."""
    cdef double basis[MAX_ORDER]
    cdef double slopes[MAX_ORDER]
    cdef double *n = row.scratch
    cdef double *d = row.scratch + t.bins
    cdef double *z = row.scratch + 2 * t.bins
    cdef const double *a = row.counts.a + piece * t.order * t.bins
    cdef double u, r
    row.summed_piece = -1
    lagrange(t.to_powers, t.order, t.eta_edges, piece, eta, basis, slopes)
    weighted(a, basis, t.bins, t.order, n)
    weighted(a, slopes, t.bins, t.order, d)
    project(t, n, z, row.scratch + SCRATCH * t.bins)
    u = dot(t.data, n, t.bins) + t.lift
    r = u / (dot(n, z, t.bins) + t.pull)
    slope[0] = -2.0 * r * (dot(t.data, d, t.bins) - r * dot(z, d, t.bins)) + 2.0 * (
        eta - t.eta_centre) * t.inverse_eta_variance
    return t.base - u * r + penalty(t, eta)


# --- what Python makes -----------------------------------------------------------------------------------------------

cdef double largest_squares(const counts_t *c) noexcept nogil:
    """Sum over the bins of the squares of the largest constant counts."""
    cdef Py_ssize_t i, node
    cdef double counts, most, total = 0.0
    for i in range(c.bins):
        most = 0.0
        for node in range(c.pieces * c.order):
            counts = fabs(c.constant[node * c.bins + i])
            most = counts if counts > most else most
        total += most * most
    return total


cdef bint rough(double base, double pull, double squares) noexcept nogil:
    """Whether chi2 as a difference shows rounding, of data whose squares are `base` and counts of `squares`."""
    return 2.2e-16 * (base * (1.0 + sqrt(base / pull)) + 4.0 * squares) > LARGEST_ROUNDING


cdef class GaussianTerm:
    """GaussianTerm(counts, data, modes, to_shifts, data_shifts, base, pull, eta_sigma=0.0)

    One experiment's counts beside its data. `cevns.likelihoods.gaussian` makes these.

    Parameters
    ----------
    counts : Counts
        The signal, in units of the data's standard deviations.
    data : ndarray, shape (bins,)
        P y of the data y in units of their uncertainties, backgrounds subtracted.
    modes : ndarray, shape (backgrounds, bins)
        H', so that P = 1 - H H'.
    to_shifts : ndarray, shape (backgrounds, backgrounds)
        From H'x to the pulls, in units of their sigmas, with which the backgrounds follow x.
    data_shifts : ndarray, shape (backgrounds,)
        These pulls for the data.
    base : float
        y'Py + 1/s^2.
    pull : float
        1/s^2 of the signal's normalisation.
    eta_sigma : float
        Uncertainty of eta, where the counts have pieces.
    """

    def __cinit__(self, Counts counts not None, data, modes, to_shifts, data_shifts, double base,
                  double pull, double eta_sigma=0.0):
        self.arguments = (counts, data, modes, to_shifts, data_shifts, base, pull, eta_sigma)
        self.counts = counts
        cdef term_t *t = &self.t
        cdef const pieces_t *eta
        t.counts = &counts.c
        t.bins, t.pieces, t.order = counts.c.bins, counts.c.pieces, counts.c.order
        t.backgrounds = modes.shape[0]
        shapes = {
            "data": (data, (t.bins,)),
            "modes": (modes, (t.backgrounds, t.bins)), "to_shifts": (to_shifts, (t.backgrounds, t.backgrounds)),
            "data_shifts": (data_shifts, (t.backgrounds,)),
        }
        for name, (array, shape) in shapes.items():
            if array.shape != shape:
                raise InputError(f"{name} has shape {array.shape}, but must have {shape}: give one value for each")
        if (t.order > 1) != (eta_sigma > 0.0):
            raise InputError(
                f"counts have {t.pieces} pieces of eta of {t.order} nodes, but eta_sigma is {eta_sigma:g}: give an "
                "uncertainty of eta above 0 where there are pieces, and 0 where there are none")
        owned = [counts]
        t.data, t.modes = own(owned, data), own(owned, modes)
        t.to_shifts, t.data_shifts = own(owned, to_shifts), own(owned, data_shifts)
        t.base, t.pull, t.centre, t.lift = base, pull, 1.0, pull
        self.squares = largest_squares(t.counts)
        t.precise = rough(base, pull, self.squares)
        t.start = t.eta_centre = 1.0
        self.owned = tuple(owned)
        t.searched = t.order > 1
        t.certified = t.order == 1
        if t.order > 1:
            eta = t.counts.eta
            t.eta_edges, t.points, t.to_powers = eta.edges, eta.points, eta.to_powers
            t.between, t.basis, t.to_rest = eta.between, eta.basis, eta.to_rest
            t.looks, t.look_etas = eta.looks, eta.look_etas
            t.first_looks, t.nearest_pieces = eta.first_looks, eta.nearest_pieces
            t.inverse_eta_variance = 1.0 / (eta_sigma * eta_sigma)
            t.needs = <double *> calloc(2 * t.pieces, sizeof(double))
            if t.needs == NULL:
                raise MemoryError

    def __dealloc__(self):
        cdef Py_ssize_t i
        if self.table.blocks != NULL:
            for i in range(self.table.intervals * self.table.pieces):
                free(self.table.blocks[i])
        free(self.t.needs)
        free(self.table.blocks)
        free(self.table.centres)
        free(self.table.inverse_halves)

    @property
    def searched(self):
        """Whether every point searches all of eta for the least chi2, as far as is known."""
        return bool(self.t.searched)

    @property
    def kinked(self):
        """Whether chi2 may have a minimum on either side of a kink in eta, as far as is known."""
        return bool(self.t.kinked)

    @property
    def tabulated(self):
        """Whether points come from a table in the mass of a mediator."""
        return self.t.masses != NULL

    def __repr__(self):
        return f"<GaussianTerm of {self.t.bins} bins>"

    def __reduce__(self):
        return GaussianTerm, self.arguments
