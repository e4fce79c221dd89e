"""Expected counts of one experiment in bins of one axis or several, and their derivatives in nuisances.

They are components, each times its own normalisation,

    N = sum_c f_c T_c,    f_c = b_c + sum_k s_ck x_k,

with nuisances x. Those that can take a component to nothing are counted from there, b_c = 0, and their pulls are
centred elsewhere: so f_c has all its digits however far a signal is beyond the data. The signal T_0 is a sum over
groups g of neutrinos that arrive together, of counts in bins e of energy times shares of the bins r of all other axes,

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


cdef inline Py_ssize_t partial_sums(Py_ssize_t n) noexcept nogil:
    """Derivatives of n variables, of the last n - 1, and so on."""
    cdef Py_ssize_t k, out = 0
    for k in range(max(n, 1)):
        out += derivatives(n - k)
    return out


cdef inline Py_ssize_t doubles(Py_ssize_t size) noexcept nogil:
    """Doubles that some bytes need."""
    return size // sizeof(double) + 1


cdef Py_ssize_t poisson_row_size(const poisson_t *p) noexcept nogil:
    """Doubles that a row needs."""
    cdef Py_ssize_t g, size = doubles(p.groups * sizeof(counts_row_t))
    for g in range(p.groups):
        size += counts_row_size(p.counts[g]) + doubles(p.counts[g].pieces)
    size += (partial_sums(p.shapes) + 4 * kept_cells(p) * p.terms + 1) * p.groups * p.energy + 3 * p.groups * p.moments
    size += doubles(kept_cells(p) * sizeof(kept_t))
    size += 3 * p.groups * p.rows * p.rest
    return size + (7 + p.vectors) * p.bins + doubles(2 * p.bins) + work_size(p)


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
    memory += partial_sums(p.shapes) * p.groups * p.energy
    row.shares = memory
    memory += 3 * p.groups * p.rows * p.rest
    row.mixed = memory
    memory += p.groups * p.energy
    row.coefficients = memory
    memory += 4 * kept_cells(p) * p.terms * p.groups * p.energy
    row.moments = memory
    memory += 3 * p.groups * p.moments
    row.kept = <kept_t *> memory
    memory += doubles(kept_cells(p) * sizeof(kept_t))
    row.expected, row.slopes, row.bends, row.work = memory, memory + p.bins, memory + 2 * p.bins, memory + 3 * p.bins
    memory += 3 * p.bins + work_size(p)
    row.walls, row.before, row.best_walls = memory, memory + p.bins, memory + 2 * p.bins
    row.astray = memory + 3 * p.bins
    memory += 4 * p.bins
    row.sides, row.best_sides = <char *> memory, <char *> memory + p.bins
    memory += doubles(2 * p.bins)
    row.vectors = memory
    return memory + p.vectors * p.bins


cdef void start_poisson(const poisson_t *p, poisson_row_t *row, const double *values, bint alone) noexcept nogil:
    """Compute the rates of all groups at the parameters' values."""
    cdef Py_ssize_t g
    row.height, row.settled, row.beside, row.filled, row.threshold = 0.0, False, False, 0, 0.0
    for g in range(kept_cells(p)):
        row.kept[g].cell = -1
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


cdef inline Py_ssize_t kept_cells(const poisson_t *p) noexcept nogil:
    """Cells whose coefficients a row keeps: descents of one point visit few, again and again."""
    cdef Py_ssize_t a, cells = 1
    for a in range(p.shapes):
        cells *= p.shape[a].pieces
    return min(cells, <Py_ssize_t> MOST_KEPT)


cdef inline void products(const double *x, const double *y, Py_ssize_t n, double *first, double *second) noexcept nogil:
    """Products of two vectors of n, one after the other in `y`, with each of two in `x`: half the loads of `dot`."""
    cdef double a = 0.0, b = 0.0, c = 0.0, d = 0.0, e = 0.0, f = 0.0, g = 0.0, h = 0.0
    cdef Py_ssize_t i = 0
    while i + 1 < n:
        a += x[i] * y[i]
        b += x[i + 1] * y[i + 1]
        c += x[i] * y[n + i]
        d += x[i + 1] * y[n + i + 1]
        e += x[n + i] * y[i]
        f += x[n + i + 1] * y[i + 1]
        g += x[n + i] * y[n + i]
        h += x[n + i + 1] * y[n + i + 1]
        i += 2
    if i < n:
        a += x[i] * y[i]
        c += x[i] * y[n + i]
        e += x[n + i] * y[i]
        g += x[n + i] * y[n + i]
    first[0], first[1] = a + b, c + d
    second[0], second[1] = e + f, g + h


cdef void mix(const poisson_t *p, poisson_row_t *row, Py_ssize_t cell, Py_ssize_t parts, double *out) noexcept nogil:
    """Coefficients in y of the terms' counts in a cell, (part, term, group, energy): sums of moments of the rates."""
    cdef Py_ssize_t g, k, t, v, node, n = p.moments, size = p.groups * p.energy, vectors = parts * p.groups
    cdef Py_ssize_t rows = p.terms * p.energy, i = 0
    cdef const double *one
    cdef const double *mixing
    cdef double at[4]
    if p.mixing == NULL:
        for t in range(p.terms):
            node = cell * p.terms + t
            for g in range(p.groups):
                fold_piece(p.counts[g], row.counts + g, node)
                for k in range(parts):
                    one = row.counts[g].a + node * n if k == 0 else row.counts[g].bc + (2 * node + k - 1) * n
                    memcpy(out + (k * p.terms + t) * size + g * n, one, n * sizeof(double))
        return
    for g in range(p.groups):
        fold_piece(p.counts[g], row.counts + g, 0)
        for k in range(parts):
            one = row.counts[g].a if k == 0 else row.counts[g].bc + (k - 1) * n
            memcpy(row.moments + (k * p.groups + g) * n, one, n * sizeof(double))
    mixing = p.mixing + cell * rows * n
    # pairs of rows, which are bins of terms, and of vectors; what is left over alone
    while i + 1 < rows:
        for v in range(0, vectors - 1, 2):
            products(mixing, row.moments + v * n, n, at, at + 2)
            for k in range(4):
                out[place_of(p, i + k // 2, v + k % 2)] = at[k]
        if vectors % 2:
            for k in range(2):
                out[place_of(p, i + k, vectors - 1)] = dot(mixing + k * n, row.moments + (vectors - 1) * n, n)
        mixing += 2 * n
        i += 2
    if i < rows:
        for v in range(vectors):
            out[place_of(p, i, v)] = dot(mixing, row.moments + v * n, n)


cdef inline Py_ssize_t place_of(const poisson_t *p, Py_ssize_t row, Py_ssize_t vector) noexcept nogil:
    """Where (term, energy) and (part, group) stand in (part, term, group, energy)."""
    cdef Py_ssize_t part = vector // p.groups, group = vector - part * p.groups
    cdef Py_ssize_t term = row // p.energy, energy = row - term * p.energy
    return ((part * p.terms + term) * p.groups + group) * p.energy + energy


cdef const double* gather(const poisson_t *p, poisson_row_t *row, double y, Py_ssize_t cell) noexcept nogil:
    """Coefficients of the counts by energy in one cell, (term, group, energy)."""
    cdef Py_ssize_t i, n = p.terms * p.groups * p.energy, slot = cell % kept_cells(p)
    cdef bint alone = row.counts[0].alone
    cdef kept_t *kept = row.kept + slot
    cdef double *out = row.coefficients + 4 * slot * n
    cdef double *a = out + n
    cdef double *b = a + n
    cdef double *c = b + n
    if kept.cell != cell:
        mix(p, row, cell, 1 if alone else 3, out if alone else a)
    elif alone or kept.y == y:
        return out
    kept.cell, kept.y = cell, y
    if not alone:
        for i in range(n):
            out[i] = a[i] + y * (b[i] + y * c[i])
    return out


cdef void add_polynomial(double *out, const double *inner, const basis_t *basis, Py_ssize_t order, Py_ssize_t axes,
                         bint derived, Py_ssize_t n) noexcept nogil:
    """Add counts, and their derivatives in all axes but the first of `axes`, times a polynomial in the first one.

    Derivatives stand as in `fill_energy`: the counts, the first ones, then pairs.
    """
    cdef Py_ssize_t i, k, pairs = 1 + axes
    cdef double value = basis.values[0][order]
    cdef double slope, bend
    if not derived:
        for i in range(n):
            out[i] += value * inner[i]
        return
    slope, bend = basis.values[1][order], basis.values[2][order]
    for i in range(n):
        out[i] += value * inner[i]
        out[n + i] += slope * inner[i]
        out[pairs * n + i] += bend * inner[i]
    for k in range(1, axes):
        for i in range(k * n, (k + 1) * n):
            out[n + i] += value * inner[i]
            out[pairs * n + i] += slope * inner[i]
    # pairs of the other axes
    out += pairs * n
    for i in range(axes * n, derivatives(axes - 1) * n):
        out[i] += value * inner[i]


cdef void fill_energy(const poisson_t *p, poisson_row_t *row, double y, const basis_t *bases,
                      bint derived) noexcept nogil:
    """Counts by energy of all groups, then their first derivatives in the shapes, then the second ones of pairs.

    Terms that differ in the last shapes alone are summed before they are multiplied by polynomials in the first ones.
    """
    cdef Py_ssize_t a, t, axes = p.shapes, size = p.groups * p.energy
    cdef const Py_ssize_t *orders = p.orders
    # sums over the last shapes, of terms with equal orders in the others
    cdef double *sums[MAX_SHAPES + 1]
    cdef const double *coefficients = gather(p, row, y, cell_of(p, bases))
    if axes == 0:
        for t in range(size):
            row.by_energy[t] = coefficients[t]
        return
    sums[0] = row.by_energy
    for a in range(1, axes):
        sums[a] = sums[a - 1] + derivatives(axes - a + 1) * size
    memset(row.by_energy, 0, partial_sums(axes) * size * sizeof(double))
    for t in range(p.terms):
        sums[axes] = <double *> coefficients + t * size
        for a in range(axes - 1, -1, -1):
            add_polynomial(sums[a], sums[a + 1], bases + a, orders[a], axes - a, derived, size)
            if a + 1 < axes:
                memset(sums[a + 1], 0, derivatives(axes - a - 1) * size * sizeof(double))
            if t + 1 < p.terms and same(orders, orders + axes, a):
                break
        orders += axes


cdef bint known_energy(const poisson_t *p, poisson_row_t *row, double y, const double *x, bint derived) noexcept nogil:
    """Whether counts by energy are those of the last point: looks along a time offset need them once. Notes the point.
    """
    cdef Py_ssize_t a
    cdef bint out = row.filled > derived and row.filled_y == y
    for a in range(p.shapes):
        out &= row.filled_at[a] == x[p.places[p.shape[a].pull]]
        row.filled_at[a] = x[p.places[p.shape[a].pull]]
    if not out:
        row.filled_y, row.filled = y, 2 if derived else 1
    return out


cdef double signal_total(const poisson_t *p, const poisson_row_t *row) noexcept nogil:
    """The last signal without its normalisation, summed over all bins."""
    cdef Py_ssize_t i
    cdef double out = 0.0
    for i in range(p.bins):
        out += row.vectors[i]
    return out


cdef double observed_total(const poisson_t *p) noexcept nogil:
    cdef Py_ssize_t e
    cdef double out = 0.0
    for e in range(p.energy):
        out += p.energy_data[e]
    return out


cdef inline bint same(const Py_ssize_t *one, const Py_ssize_t *two, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t a
    for a in range(n):
        if one[a] != two[a]:
            return False
    return True


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
    for i in range(p.groups * block if p.offset.pull >= 0 else 0):
        if row.shares[i] < 0.0:
            # of next to nothing polynomials know no sign, and no expectation may be below 0
            for d in range(3 if derived else 1):
                row.shares[d * p.groups * block + i] = 0.0
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


cdef double factor_of(const poisson_t *p, Py_ssize_t component, const double *x) noexcept nogil:
    """Normalisation of a component."""
    cdef Py_ssize_t k
    cdef double out = p.bases[component]
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
    if not known_energy(p, row, y, x, derived):
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
        factors[c] = factor_of(p, c, x)
    for i in range(n):
        row.expected[i] = factors[0] * row.vectors[i]
    for c in range(1, p.components):
        for i in range(n):
            row.expected[i] += factors[c] * row.vectors[c * n + i]
