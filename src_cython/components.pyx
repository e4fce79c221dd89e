"""Expected counts of one experiment in bins of one axis or several, and their derivatives in nuisances.

They are components, each times its own normalisation,

    N = sum_c f_c T_c,    f_c = 1 + sum_k s_ck x_k,

with nuisances x. The signal T_0 is a sum over groups g of neutrinos that arrive together, of counts in bins e of energy
times shares of the bins r of all other axes,

    T_0[e, r] = sum_g E_g[e](z) Q_g[r](t),

where the counts E depend on the couplings, and on nuisances z that deform the detector's response; the shares Q, or
Q[e, r], on a time offset t. Over pieces of z and t both are sums of Chebyshev polynomials: the counts of products of
one polynomial for each z. Their coefficients, far more numbers than recoil nodes, are sums of few moments of the rates
there. Any component may have deformations that are linear in a nuisance.
"""

from libc.math cimport sqrt
from libc.string cimport memcpy, memset

from cevns.kernels.counts cimport (
    counts_row_size, counts_row_t, fold_piece, place_counts_row, start_counts)
from cevns.kernels.polynomials cimport dot, find_piece, to_piece


# --- memory of a row -------------------------------------------------------------------------------------------------

cdef inline Py_ssize_t derivatives(Py_ssize_t n) noexcept nogil:
    """How many there are of n variables up to the second order, the value itself among them."""
    return 1 + n + n * (n + 1) // 2


cdef inline Py_ssize_t doubles(Py_ssize_t size) noexcept nogil:
    """Doubles that some bytes need."""
    return size // sizeof(double) + 1


cdef Py_ssize_t poisson_row_size(const poisson_t *p) noexcept nogil:
    """Doubles that a row needs."""
    cdef Py_ssize_t g, size = doubles(p.groups * sizeof(counts_row_t))
    for g in range(p.groups):
        size += counts_row_size(p.counts[g]) + doubles(p.counts[g].pieces)
    size += (derivatives(p.shapes) + p.terms + 1) * p.groups * p.energy + p.moments + 3 * p.groups * p.rows * p.rest
    return size + (3 + p.vectors) * p.bins + work_size(p)


cdef inline Py_ssize_t work_size(const poisson_t *p) noexcept nogil:
    """Doubles of `work`: one for each bin, or the rows of `poisson_line`."""
    return max(p.bins, 4 * p.energy)


cdef double* place_poisson_row(const poisson_t *p, poisson_row_t *row, double *memory) noexcept nogil:
    """Divide memory of `poisson_row_size` among a row; returns what follows it."""
    cdef Py_ssize_t g
    row.counts = <counts_row_t *> memory
    memory += doubles(p.groups * sizeof(counts_row_t))
    for g in range(p.groups):
        place_counts_row(p.counts[g], row.counts + g, memory, <char *> (memory + counts_row_size(p.counts[g])))
        memory += counts_row_size(p.counts[g]) + doubles(p.counts[g].pieces)
    row.by_energy = memory
    memory += derivatives(p.shapes) * p.groups * p.energy
    row.shares = memory
    memory += 3 * p.groups * p.rows * p.rest
    row.mixed = memory
    memory += p.groups * p.energy
    row.coefficients = memory
    memory += p.terms * p.groups * p.energy
    row.moments = memory
    memory += p.moments
    row.expected, row.slopes, row.bends, row.work = memory, memory + p.bins, memory + 2 * p.bins, memory + 3 * p.bins
    memory += 3 * p.bins + work_size(p)
    row.vectors = memory
    return memory + p.vectors * p.bins


cdef void start_poisson(const poisson_t *p, poisson_row_t *row, const double *values, bint alone) noexcept nogil:
    """Compute the rates of all groups at the parameters' values."""
    cdef Py_ssize_t g
    row.cell = -1
    for g in range(p.groups):
        start_counts(p.counts[g], row.counts + g, values, alone)


# --- the signal ------------------------------------------------------------------------------------------------------

cdef void axis_basis(const axis_t *axis, double x, bint derived, basis_t *out) noexcept nogil:
    """The polynomials at a value of a nuisance."""
    cdef double scale, u
    cdef double *value = out.values[0]
    cdef double *first = out.values[1]
    cdef double *second = out.values[2]
    cdef Py_ssize_t k
    out.piece = find_piece(axis.edges, axis.pieces, x, -1)
    value[0], first[0], second[0] = 1.0, 0.0, 0.0
    if axis.order == 1:
        return
    u = to_piece(axis.edges, out.piece, x)
    scale = 2.0 / (axis.edges[out.piece + 1] - axis.edges[out.piece])
    value[1], first[1], second[1] = u, scale, 0.0
    for k in range(2, axis.order):
        value[k] = 2.0 * u * value[k - 1] - value[k - 2]
        if derived:
            first[k] = 2.0 * (scale * value[k - 1] + u * first[k - 1]) - first[k - 2]
            second[k] = 2.0 * (2.0 * scale * first[k - 1] + u * second[k - 1]) - second[k - 2]


cdef void shape_bases(const poisson_t *p, const double *x, bint derived, basis_t *bases) noexcept nogil:
    cdef Py_ssize_t a
    for a in range(p.shapes):
        axis_basis(&p.shape[a], x[p.places[p.shape[a].pull]], derived, bases + a)


cdef Py_ssize_t cell_of(const poisson_t *p, const basis_t *bases) noexcept nogil:
    """Which of all combinations of intervals the present one is."""
    cdef Py_ssize_t a, cell = 0
    for a in range(p.shapes):
        cell = cell * p.shape[a].pieces + bases[a].piece
    return cell


cdef double term_value(const poisson_t *p, const basis_t *bases, Py_ssize_t term, Py_ssize_t first,
                       Py_ssize_t second) noexcept nogil:
    """Product of polynomials, derived in up to two shapes; -1 for none."""
    cdef Py_ssize_t a
    cdef double out = 1.0
    for a in range(p.shapes):
        out *= bases[a].values[(a == first) + (a == second)][p.orders[term * p.shapes + a]]
    return out


cdef const double* moments_at(const poisson_t *p, poisson_row_t *row, Py_ssize_t group, Py_ssize_t node,
                              double y) noexcept nogil:
    """Moments of a group, or coefficients of one term in one cell where there is no mixing."""
    cdef counts_row_t *counts = row.counts + group
    cdef Py_ssize_t m, n = p.moments
    fold_piece(p.counts[group], counts, node)
    cdef const double *one = counts.a + node * n
    cdef const double *line = counts.bc + 2 * node * n
    if counts.alone:
        return one
    for m in range(n):
        row.moments[m] = one[m] + y * (line[m] + y * line[n + m])
    return row.moments


cdef void gather(const poisson_t *p, poisson_row_t *row, double y, Py_ssize_t cell) noexcept nogil:
    """Coefficients of the counts by energy of all groups in one cell."""
    cdef Py_ssize_t e, g, i, t, n = p.moments, size = p.groups * p.energy
    cdef const double *mixing
    cdef const double *moments
    if row.cell == cell and row.y == y:
        return
    row.cell, row.y = cell, y
    for g in range(p.groups):
        if p.mixing == NULL:
            for t in range(p.terms):
                memcpy(row.coefficients + t * size + g * n, moments_at(p, row, g, cell * p.terms + t, y),
                       n * sizeof(double))
            continue
        moments = moments_at(p, row, g, 0, y)
        mixing = p.mixing + cell * p.terms * p.energy * n
        for t in range(p.terms):
            i = t * size + g * p.energy
            for e in range(p.energy):
                row.coefficients[i + e] = dot(mixing, moments, n)
                mixing += n


cdef void add_term(const poisson_t *p, poisson_row_t *row, Py_ssize_t term, double factor,
                   Py_ssize_t derivative) noexcept nogil:
    """Add a term's part of the counts by energy, or of a derivative."""
    cdef Py_ssize_t i, size = p.groups * p.energy
    cdef const double *values = row.coefficients + term * size
    cdef double *out = row.by_energy + derivative * size
    if factor:
        for i in range(size):
            out[i] += factor * values[i]


cdef void fill_energy(const poisson_t *p, poisson_row_t *row, double y, const basis_t *bases,
                      bint derived) noexcept nogil:
    """Counts by energy of all groups, then their first derivatives in the shapes, then the second ones of pairs."""
    cdef Py_ssize_t a, b, d, t, count = derivatives(p.shapes) if derived else 1
    gather(p, row, y, cell_of(p, bases))
    memset(row.by_energy, 0, count * p.groups * p.energy * sizeof(double))
    for t in range(p.terms):
        add_term(p, row, t, term_value(p, bases, t, -1, -1), 0)
        if not derived:
            continue
        d = 1 + p.shapes
        for a in range(p.shapes):
            add_term(p, row, t, term_value(p, bases, t, a, -1), 1 + a)
            for b in range(a, p.shapes):
                add_term(p, row, t, term_value(p, bases, t, a, b), d)
                d += 1


cdef void fill_shares(const poisson_t *p, poisson_row_t *row, const double *x, bint derived,
                      basis_t *basis) noexcept nogil:
    """Shares of the other axes' bins at the time offset, deformed, and two derivatives in the offset."""
    cdef Py_ssize_t d, g, i, m, block = p.rows * p.rest, orders = p.offset.pieces * p.offset.order
    cdef const double *values
    cdef double *out
    cdef double z
    axis_basis(&p.offset, x[p.places[p.offset.pull]] if p.offset.pull >= 0 else 0.0, derived, basis)
    for d in range(3 if derived else 1):
        for g in range(p.groups):
            out = row.shares + (d * p.groups + g) * block
            memset(out, 0, block * sizeof(double))
            for m in range(p.offset.order):
                values = p.shares + (g * orders + basis.piece * p.offset.order + m) * block
                for i in range(block):
                    out[i] += basis.values[d][m] * values[i]
    for m in range(p.morphs):
        if p.morphed[m] == 0:
            z = x[p.places[p.morph_pulls[m]]]
            for i in range(p.groups * block):
                row.shares[i] += z * p.morph[m][i]


cdef void spread(const poisson_t *p, const double *by_energy, const double *shares, double *out) noexcept nogil:
    """Sum over the groups of counts by energy times shares, into all bins."""
    cdef Py_ssize_t e, g, r, n = p.rest
    cdef const double *share
    cdef double value
    memset(out, 0, p.bins * sizeof(double))
    for g in range(p.groups):
        for e in range(p.energy):
            value = by_energy[g * p.energy + e]
            share = shares + (g * p.rows + (e if p.rows > 1 else 0)) * n
            for r in range(n):
                out[e * n + r] += value * share[r]


cdef void poisson_line(const poisson_t *p, poisson_row_t *row, double place, double *out) noexcept nogil:
    """Coefficients in y of the counts by energy without deformations, and data less backgrounds, shape (4, energy).

    All in units of the data's standard deviations. `place`, 0 to 1, is where all shapes are in their ranges; below 0
    they are 0.
    """
    cdef basis_t bases[MAX_SHAPES]
    cdef basis_t offset
    cdef Py_ssize_t a, cell, e, g, k, m, node, r, t, n = p.energy, block = p.rows * p.rest
    cdef const double *by_moment
    cdef const double *shares
    cdef double total, scale, factor, low, high
    memset(out, 0, 4 * n * sizeof(double))
    for a in range(p.shapes):
        low, high = p.shape[a].edges[0], p.shape[a].edges[p.shape[a].pieces]
        axis_basis(&p.shape[a], 0.0 if place < 0.0 else low + place * (high - low), False, bases + a)
    axis_basis(&p.offset, 0.0, False, &offset)
    cell = cell_of(p, bases)
    for g in range(p.groups):
        # shares of all energies, summed over the other axes
        memset(row.mixed, 0, n * sizeof(double))
        for m in range(p.offset.order):
            shares = p.shares + ((g * p.offset.pieces + offset.piece) * p.offset.order + m) * block
            for e in range(n):
                total = 0.0
                for r in range(p.rest):
                    total += shares[(e if p.rows > 1 else 0) * p.rest + r]
                row.mixed[e] += offset.values[0][m] * total
        for t in range(p.terms):
            node = cell * p.terms + t
            k = node if p.mixing == NULL else 0
            fold_piece(p.counts[g], row.counts + g, k)
            factor = term_value(p, bases, t, -1, -1)
            for m in range(3):
                by_moment = (row.counts[g].a + k * p.moments if m == 0
                             else row.counts[g].bc + (2 * k + m - 1) * p.moments)
                for e in range(n):
                    total = by_moment[e] if p.mixing == NULL else dot(
                        p.mixing + (node * n + e) * p.moments, by_moment, p.moments)
                    out[m * n + e] += factor * row.mixed[e] * total
    for e in range(n):
        out[3 * n + e] = p.energy_data[e] - p.energy_data[n + e]
        scale = 1.0 / sqrt(p.energy_data[2 * n + e])
        for g in range(4):
            out[g * n + e] *= scale


cdef inline double factor(const poisson_t *p, Py_ssize_t component, const double *x) noexcept nogil:
    """Normalisation of a component."""
    cdef Py_ssize_t k
    cdef double out = 1.0
    for k in range(p.pulls):
        out += p.scales[component * p.pulls + k] * x[p.places[k]]
    return out


cdef void expect(const poisson_t *p, poisson_row_t *row, double y, const double *x, bint derived, double *factors,
                 basis_t *bases) noexcept nogil:
    """Fill expectations, and vectors of components and deformations if they are asked for.

    Vectors are those of the components, and derivatives of these, without normalisation, in shapes, offset and morphs.
    """
    cdef Py_ssize_t a, c, i, m, n = p.bins, size = p.groups * p.energy, block = p.groups * p.rows * p.rest
    cdef basis_t offset
    cdef double *vector
    cdef double z
    shape_bases(p, x, derived, bases)
    fill_energy(p, row, y, bases, derived)
    fill_shares(p, row, x, derived, &offset)
    spread(p, row.by_energy, row.shares, row.vectors)
    for c in range(1, p.components):
        for i in range(n):
            row.vectors[c * n + i] = p.templates[(c - 1) * n + i]
    vector = row.vectors + p.components * n
    if derived:
        for a in range(p.shapes):
            spread(p, row.by_energy + (1 + a) * size, row.shares, vector)
            vector += n
        if p.offset.pull >= 0:
            spread(p, row.by_energy, row.shares + block, vector)
            vector += n
    for m in range(p.morphs):
        c = p.morphed[m]
        if c > 0:
            z = x[p.places[p.morph_pulls[m]]]
            for i in range(n):
                row.vectors[c * n + i] += z * p.morph[m][i]
        if derived:
            if c == 0:
                spread(p, row.by_energy, p.morph[m], vector)
            else:
                memcpy(vector, p.morph[m], n * sizeof(double))
            vector += n
    for c in range(p.components):
        factors[c] = factor(p, c, x)
    for i in range(n):
        row.expected[i] = factors[0] * row.vectors[i]
    for c in range(1, p.components):
        for i in range(n):
            row.expected[i] += factors[c] * row.vectors[c * n + i]
