"""Expected counts of one experiment in bins of one axis or several, and their derivatives in nuisances.

They are components, each times its own normalisation,

    N = sum_c f_c T_c,    f_c = 1 + sum_k s_ck x_k,

with nuisances x. The signal T_0 is a sum over groups g of neutrinos that arrive together, of counts in bins e of energy
times shares of the bins r of all other axes,

    T_0[e, r] = sum_g E_g[e](z) Q_g[r](t),

where the counts E depend on the couplings, and on nuisances z that deform the detector's response; the shares Q, or
Q[e, r], on a time offset t. Over pieces of z and t both are polynomials through Chebyshev nodes. Any component may have
deformations that are linear in a nuisance.
"""

from libc.math cimport sqrt
from libc.string cimport memcpy, memset

from cevns.kernels.counts cimport (
    counts_row_size, counts_row_t, fold_piece, place_counts_row, start_counts)
from cevns.kernels.polynomials cimport find_piece, to_piece


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
    size += (derivatives(p.shapes) + 6 * local_nodes(p) + 1) * p.groups * p.energy + 3 * p.groups * p.rows * p.rest
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
    row.blocks = memory
    memory += 6 * local_nodes(p) * p.groups * p.energy
    row.expected, row.slopes, row.bends, row.work = memory, memory + p.bins, memory + 2 * p.bins, memory + 3 * p.bins
    memory += 3 * p.bins + work_size(p)
    row.vectors = memory
    return memory + p.vectors * p.bins


cdef void start_poisson(const poisson_t *p, poisson_row_t *row, const double *values, bint alone) noexcept nogil:
    """Compute the rates of all groups at the parameters' values."""
    cdef Py_ssize_t g
    for g in range(p.groups):
        start_counts(p.counts[g], row.counts + g, values, alone)


# --- the signal ------------------------------------------------------------------------------------------------------

cdef void axis_basis(const axis_t *axis, double x, bint derived, basis_t *out) noexcept nogil:
    """The nodes' polynomials at a value of a nuisance."""
    cdef double t[3][MAX_NODES]
    cdef double scale, u
    cdef Py_ssize_t k, m, d, piece = find_piece(axis.edges, axis.pieces, x, -1), orders = 3 if derived else 1
    out.first = piece * axis.order
    if axis.order == 1:
        out.values[0][0], out.values[1][0], out.values[2][0] = 1.0, 0.0, 0.0
        return
    u = to_piece(axis.edges, piece, x)
    scale = 2.0 / (axis.edges[piece + 1] - axis.edges[piece])
    t[0][0], t[1][0], t[2][0] = 1.0, 0.0, 0.0
    t[0][1], t[1][1], t[2][1] = u, 1.0, 0.0
    for k in range(2, axis.order):
        t[0][k] = 2.0 * u * t[0][k - 1] - t[0][k - 2]
        t[1][k] = 2.0 * t[0][k - 1] + 2.0 * u * t[1][k - 1] - t[1][k - 2]
        t[2][k] = 4.0 * t[1][k - 1] + 2.0 * u * t[2][k - 1] - t[2][k - 2]
    for d in range(orders):
        for m in range(axis.order):
            out.values[d][m] = 0.0
        for k in range(axis.order):
            for m in range(axis.order):
                out.values[d][m] += t[d][k] * axis.to_chebyshev[k * axis.order + m]
    for m in range(axis.order if derived else 0):
        out.values[1][m] *= scale
        out.values[2][m] *= scale * scale


cdef void shape_bases(const poisson_t *p, const double *x, bint derived, basis_t *bases) noexcept nogil:
    cdef Py_ssize_t a
    for a in range(p.shapes):
        axis_basis(&p.shape[a], x[p.places[p.shape[a].pull]], derived, bases + a)


cdef Py_ssize_t local_nodes(const poisson_t *p) noexcept nogil:
    """Nodes of one interval of every shape."""
    cdef Py_ssize_t a, out = 1
    for a in range(p.shapes):
        out *= p.shape[a].order
    return out


cdef Py_ssize_t node_of(const poisson_t *p, const basis_t *bases, Py_ssize_t k, Py_ssize_t *where) noexcept nogil:
    """Which of all nodes the k-th one of the present intervals is; where it stands along each shape."""
    cdef Py_ssize_t a, node = 0, stride = 1
    for a in range(p.shapes - 1, -1, -1):
        where[a] = k % p.shape[a].order
        k //= p.shape[a].order
        node += stride * (bases[a].first + where[a])
        stride *= p.shape[a].pieces * p.shape[a].order
    return node


cdef double product(const poisson_t *p, const basis_t *bases, const Py_ssize_t *where, Py_ssize_t first,
                    Py_ssize_t second) noexcept nogil:
    """Polynomial of a node, derived in up to two shapes; -1 for none."""
    cdef Py_ssize_t a
    cdef double out = 1.0
    for a in range(p.shapes):
        out *= bases[a].values[(a == first) + (a == second)][where[a]]
    return out


cdef void gather(const poisson_t *p, poisson_row_t *row, double y, const basis_t *bases, double *out) noexcept nogil:
    """Counts by energy of all groups at the nodes of the present intervals, (node, group, energy)."""
    cdef Py_ssize_t where[MAX_SHAPES]
    cdef Py_ssize_t e, g, k, node, n = p.energy
    cdef const double *one
    cdef const double *line
    for k in range(local_nodes(p)):
        node = node_of(p, bases, k, where)
        for g in range(p.groups):
            fold_piece(p.counts[g], row.counts + g, node)
            one = row.counts[g].a + node * n
            line = row.counts[g].bc + 2 * node * n
            if row.counts[g].alone:
                memcpy(out, one, n * sizeof(double))
            else:
                for e in range(n):
                    out[e] = one[e] + y * (line[e] + y * line[n + e])
            out += n


cdef void contract(const double *values, Py_ssize_t rows, Py_ssize_t order, const double *basis, Py_ssize_t n,
                   double *out) noexcept nogil:
    """Sum over the nodes of one shape, the last one of those that are left: (row, node, n) to (row, n)."""
    cdef Py_ssize_t i, m, r
    cdef const double *x
    memset(out, 0, rows * n * sizeof(double))
    for r in range(rows):
        for m in range(order):
            x = values + (r * order + m) * n
            for i in range(n):
                out[r * n + i] += basis[m] * x[i]


cdef void fill_energy(const poisson_t *p, poisson_row_t *row, double y, const basis_t *bases,
                      bint derived) noexcept nogil:
    """Counts by energy of all groups, and their derivatives in the shapes up to the second order.

    One shape after the other is summed over, the last one first, and with every number of derivatives in it that the
    later ones have left over.
    """
    cdef int taken[MAX_DERIVATIVES][MAX_SHAPES + 1]
    cdef int next_taken[MAX_DERIVATIVES][MAX_SHAPES + 1]
    cdef Py_ssize_t a, b, d, k, s, sets = 1, found, rows = local_nodes(p), size = p.groups * p.energy
    cdef double *now = row.blocks
    cdef double *then = row.blocks + 3 * rows * size
    cdef double *swapped
    gather(p, row, y, bases, now)
    memset(taken, 0, sizeof(taken))
    for a in range(p.shapes - 1, -1, -1):
        rows //= p.shape[a].order
        found = 0
        for s in range(sets):
            for k in range(3 - taken[s][MAX_SHAPES] if derived else 1):
                contract(now + s * rows * p.shape[a].order * size, rows, p.shape[a].order, bases[a].values[k], size,
                         then + found * rows * size)
                for b in range(MAX_SHAPES + 1):
                    next_taken[found][b] = taken[s][b]
                next_taken[found][a] = k
                next_taken[found][MAX_SHAPES] += k
                found += 1
        sets = found
        memcpy(taken, next_taken, sizeof(taken))
        swapped = now
        now, then = then, swapped
    for s in range(sets):
        d = which_derivative(p.shapes, taken[s])
        memcpy(row.by_energy + d * size, now + s * size, size * sizeof(double))


cdef Py_ssize_t which_derivative(Py_ssize_t n, const int *taken) noexcept nogil:
    """Where derivatives stand: the value, the first ones, then the second ones of pairs in order."""
    cdef Py_ssize_t a, b, first = -1, second = -1, d = 1 + n
    for a in range(n):
        for _b in range(taken[a]):
            if first < 0:
                first = a
            else:
                second = a
    if first < 0:
        return 0
    if second < 0:
        return 1 + first
    for a in range(first):
        d += n - a
    return d + second - first


cdef void fill_shares(const poisson_t *p, poisson_row_t *row, const double *x, bint derived,
                      basis_t *basis) noexcept nogil:
    """Shares of the other axes' bins at the time offset, deformed, and two derivatives in the offset."""
    cdef Py_ssize_t d, g, i, m, block = p.rows * p.rest, nodes = p.offset.pieces * p.offset.order
    cdef const double *values
    cdef double *out
    cdef double z
    axis_basis(&p.offset, x[p.places[p.offset.pull]] if p.offset.pull >= 0 else 0.0, derived, basis)
    for d in range(3 if derived else 1):
        for g in range(p.groups):
            out = row.shares + (d * p.groups + g) * block
            memset(out, 0, block * sizeof(double))
            for m in range(p.offset.order):
                values = p.shares + (g * nodes + basis.first + m) * block
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


cdef void poisson_line(const poisson_t *p, poisson_row_t *row, double *out) noexcept nogil:
    """Coefficients in y of the counts by energy without deformations, and data less backgrounds, shape (4, energy).

    All in units of the data's standard deviations.
    """
    cdef Py_ssize_t e, g, r, n = p.energy
    cdef const double *one
    cdef const double *line
    cdef const double *shares
    cdef double total, scale
    memset(out, 0, 4 * n * sizeof(double))
    for g in range(p.groups):
        fold_piece(p.counts[g], row.counts + g, p.middle)
        one, line = row.counts[g].a + p.middle * n, row.counts[g].bc + 2 * p.middle * n
        for e in range(n):
            shares = p.shares + ((g * p.offset.pieces * p.offset.order + p.offset.order // 2) * p.rows
                                 + (e if p.rows > 1 else 0)) * p.rest
            total = 0.0
            for r in range(p.rest):
                total += shares[r]
            out[e] += total * one[e]
            out[n + e] += total * line[e]
            out[2 * n + e] += total * line[n + e]
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
