"""Expected counts beside the data of one experiment: chi2 and its derivatives in all nuisances.

chi2 of Poisson data n for expectations N is that of Baker and Cousins (Nucl. Instrum. Meth. 221 (1984) 437),

    chi2 = 2 sum_i N_i - n_i + n_i ln(n_i / N_i),    d chi2 / dN = 2 (1 - n / N),    d2 chi2 / dN2 = 2 n / N^2,

and of Gaussian data sum_i ((N_i - n_i) / sigma_i)^2. Derivatives in the nuisances are sums over bins of products of
few vectors: the components, and derivatives of the signal in its deformations; see `components.pyx`.
"""

from libc.math cimport INFINITY, hypot, sqrt
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from cevns.kernels.backwards cimport counts_gradient
from cevns.kernels.components cimport (
    MAX_ORDER, MAX_PULLS, MAX_SHAPES, MAX_VECTORS, axis_t, basis_t, cell_of, expect, factor_of, poisson_row_t,
    poisson_t, spread, term_value)
from cevns.kernels.counts cimport Counts, counts_t
from cevns.kernels.pieces cimport own, whole_address
from cevns.kernels.polynomials cimport dot
from cevns.kernels.walls cimport (
    AS_FLOOR, beside_floor, beyond_walls, dropped, has_sides, log_ratio, next_to_wall, nothing, slight, walled)

import numpy as np

from cevns.errors import InputError


# --- chi2 and its derivatives ----------------------------------------------------------------------------------------

cdef double against(const poisson_t *p, const double *bins, const double *by_energy, const double *shares,
                    double *work) noexcept nogil:
    """Sum over bins of a vector times what `spread` makes of counts and shares."""
    spread(p, by_energy, shares, work)
    return dot(bins, work, p.bins)


cdef double compare(const poisson_t *p, poisson_row_t *row, bint valued) noexcept nogil:
    """chi2 of the expectations, infinite where they cannot be, and its derivatives in each of them.

    Without `valued` the logarithms are left out, and the value means nothing unless it is infinite.
    """
    cdef Py_ssize_t i
    cdef double total = 0.0, expected, observed, ratio
    if row.threshold > 0.0 and p.weights == NULL:
        return beyond_walls(p, row)
    for i in range(p.bins):
        expected, observed = row.expected[i], p.observed[i]
        if p.weights != NULL:
            row.slopes[i] = 2.0 * p.weights[i] * (expected - observed)
            row.bends[i] = 2.0 * p.weights[i]
            total += p.weights[i] * (expected - observed) * (expected - observed)
            continue
        if row.height > 0.0 and walled(p, row, i, expected):
            if not row.settled and expected <= 0.0 and (p.floor == 0.0 or dropped(p, row, i)):
                return INFINITY
            total += next_to_wall(p, row, i)
            continue
        if row.beside and has_sides(p, i):
            if expected < 0.0 and row.sides[i] == AS_FLOOR:
                return INFINITY
            total += beside_floor(p, row, i)
            continue
        if expected <= p.floor:
            # a floor is for what templates leave out; where more was seen none is below 0, or descents of signals
            # that are far too large would end beyond, where all is floor
            if observed > p.floor and (expected < -slight() * p.floor or p.floor == 0.0) or (
                    p.floor == 0.0 and expected < -nothing()):
                return INFINITY
            expected = p.floor
            row.slopes[i] = 0.0 if p.floor > 0.0 else 2.0
            row.bends[i] = 0.0
        else:
            ratio = observed / expected
            row.slopes[i] = 2.0 * (1.0 - ratio)
            row.bends[i] = 2.0 * ratio / expected
        if valued:
            # bin by bin, since sums of either term are far larger than their difference
            total += 2.0 * (expected - observed)
            if observed > 0.0:
                total -= 2.0 * observed * log_ratio(expected, observed)
    return total


cdef double poisson_chi2(const poisson_t *p, poisson_row_t *row, double y, const double *nuisances, bint valued,
                         bint curved, Py_ssize_t n, double *gradient, double *hessian) noexcept nogil:
    """Return chi2 at a point of the line and of the nuisances of all experiments; add its derivatives in these.

    Parameters
    ----------
    valued : bint
        Whether the value is needed, and not whether it is finite alone.
    curved : bint
        Whether second derivatives of the expectations count: without them the matrix has no negative direction.
    n : Py_ssize_t
        Number of nuisances of all experiments, of which `nuisances` and `gradient` have one entry each.
    gradient, hessian : double*
        NULL for neither.
    """
    cdef double factors[MAX_VECTORS]
    cdef double moments[MAX_VECTORS * MAX_VECTORS]
    cdef double first[MAX_VECTORS]
    cdef basis_t bases[MAX_SHAPES]
    cdef double value
    cdef Py_ssize_t i, j, m, bins = p.bins
    expect(p, row, y, nuisances, gradient != NULL, factors, bases)
    value = compare(p, row, valued)
    if gradient == NULL or value == INFINITY:
        return value
    for j in range(p.vectors):
        first[j] = dot(row.slopes, row.vectors + j * bins, bins)
        for i in range(bins):
            row.work[i] = row.bends[i] * row.vectors[j * bins + i]
        for m in range(j + 1):
            moments[j * p.vectors + m] = dot(row.work, row.vectors + m * bins, bins)
            moments[m * p.vectors + j] = moments[j * p.vectors + m]
    add_derivatives(p, factors, first, moments, nuisances, n, gradient, hessian)
    if curved:
        add_curvature(p, row, factors, first, n, hessian)
    return value


cdef void rotate_in(double *values, Py_ssize_t n, double *factor) noexcept nogil:
    """Make L of L L' + v v' from L, by Givens' rotations; v is used up."""
    cdef Py_ssize_t i, k
    cdef double r, c, s, last
    for k in range(n):
        if values[k] == 0.0:
            continue
        r = hypot(factor[k * n + k], values[k])
        c, s = factor[k * n + k] / r, values[k] / r
        factor[k * n + k] = r
        for i in range(k + 1, n):
            last = factor[i * n + k]
            factor[i * n + k] = c * last + s * values[i]
            values[i] = c * values[i] - s * last


cdef void add_bins(const poisson_t *p, const poisson_row_t *row, const double *nuisances, const char *fixed,
                   Py_ssize_t n, double *factor) noexcept nogil:
    """Add the last second derivatives, those of the expectations left out, to a Cholesky factor, bin by bin.

    What a sum over bins has lost to rounding is still there: a nuisance that others nearly stand for, for example.
    """
    cdef double factors[MAX_VECTORS]
    cdef double weights[MAX_PULLS][MAX_VECTORS]
    cdef double values[MAX_PULLS]
    cdef Py_ssize_t c, i, k, v
    for c in range(p.components):
        factors[c] = factor_of(p, c, nuisances)
    for k in range(p.pulls):
        vector_weights(p, factors, k, weights[k])
    for i in range(p.bins):
        if row.bends[i] == 0.0:
            continue
        memset(values, 0, n * sizeof(double))
        for k in range(p.pulls):
            if fixed[p.places[k]]:
                continue
            for v in range(p.vectors):
                values[p.places[k]] += weights[k][v] * row.vectors[v * p.bins + i]
            values[p.places[k]] *= sqrt(row.bends[i])
        rotate_in(values, n, factor)


cdef void step_in_bins(const poisson_t *p, const poisson_row_t *row, const double *nuisances, const double *step,
                       double *out) noexcept nogil:
    """What a step in the nuisances changes the last expectations by, to first order: all its digits, however small."""
    cdef double factors[MAX_VECTORS]
    cdef double weights[MAX_VECTORS]
    cdef double along[MAX_VECTORS]
    cdef Py_ssize_t c, i, k, v
    memset(along, 0, p.vectors * sizeof(double))
    for c in range(p.components):
        factors[c] = factor_of(p, c, nuisances)
    for k in range(p.pulls):
        vector_weights(p, factors, k, weights)
        for v in range(p.vectors):
            along[v] += step[p.places[k]] * weights[v]
    memset(out, 0, p.bins * sizeof(double))
    for v in range(p.vectors):
        for i in range(p.bins):
            out[i] += along[v] * row.vectors[v * p.bins + i]


cdef void pull_back(const poisson_t *p, const poisson_row_t *row, const double *nuisances, double *bins,
                    double *out) noexcept nogil:
    """Add what a change of the last expectations, which is used up, changes slopes in the nuisances by."""
    cdef double factors[MAX_VECTORS]
    cdef double weights[MAX_VECTORS]
    cdef double along[MAX_VECTORS]
    cdef Py_ssize_t c, i, k, v
    for c in range(p.components):
        factors[c] = factor_of(p, c, nuisances)
    for i in range(p.bins):
        bins[i] *= row.bends[i]
    for v in range(p.vectors):
        along[v] = dot(bins, row.vectors + v * p.bins, p.bins)
    for k in range(p.pulls):
        vector_weights(p, factors, k, weights)
        out[p.places[k]] += dot(weights, along, p.vectors)


cdef inline Py_ssize_t deformed(const poisson_t *p, Py_ssize_t vector, Py_ssize_t *pull) noexcept nogil:
    """The component that a vector deforms, and the nuisance it goes with; -1 for a component itself."""
    cdef Py_ssize_t k = vector - p.components
    if k < 0:
        return -1
    if k < p.shapes:
        pull[0] = p.shape[k].pull
        return 0
    k -= p.shapes
    if p.offset.pull >= 0:
        if k == 0:
            pull[0] = p.offset.pull
            return 0
        k -= 1
    pull[0] = p.morph_pulls[k]
    return p.morphed[k]


cdef void add_derivatives(const poisson_t *p, const double *factors, const double *first, const double *moments,
                          const double *x, Py_ssize_t n, double *gradient, double *hessian) noexcept nogil:
    """Add first derivatives, and second ones by first derivatives of the expectations."""
    cdef double weights[MAX_VECTORS]
    cdef double other[MAX_VECTORS]
    cdef double total
    cdef Py_ssize_t i, j, k, m
    for k in range(p.pulls):
        vector_weights(p, factors, k, weights)
        gradient[p.places[k]] += dot(weights, first, p.vectors)
        for m in range(k + 1):
            vector_weights(p, factors, m, other)
            total = 0.0
            for i in range(p.vectors):
                if weights[i] == 0.0:
                    continue
                for j in range(p.vectors):
                    total += weights[i] * other[j] * moments[i * p.vectors + j]
            hessian[p.places[k] * n + p.places[m]] += total
            if m != k:
                hessian[p.places[m] * n + p.places[k]] += total


cdef void vector_weights(const poisson_t *p, const double *factors, Py_ssize_t pull, double *out) noexcept nogil:
    """The derivative of the expectations in a nuisance, as a sum of the vectors."""
    cdef Py_ssize_t c, v, which = -1
    for c in range(p.components):
        out[c] = p.scales[c * p.pulls + pull]
    for v in range(p.components, p.vectors):
        c = deformed(p, v, &which)
        out[v] = factors[c] if which == pull else 0.0


cdef void add_curvature(const poisson_t *p, poisson_row_t *row, const double *factors, const double *first,
                        Py_ssize_t n, double *hessian) noexcept nogil:
    """Add second derivatives by those of the expectations, times first derivatives in them."""
    cdef Py_ssize_t a, b, c, d, k, v, pull = -1, size = p.groups * p.energy, block = p.groups * p.rows * p.rest
    cdef Py_ssize_t offset = p.places[p.offset.pull] if p.offset.pull >= 0 else -1
    for v in range(p.components, p.vectors):
        c = deformed(p, v, &pull)
        for k in range(p.pulls):
            put(hessian, n, p.places[k], p.places[pull], p.scales[c * p.pulls + k] * first[v])
    d = 1 + p.shapes
    for a in range(p.shapes):
        for b in range(a, p.shapes):
            put_half(hessian, n, p.places[p.shape[a].pull], p.places[p.shape[b].pull], a == b, factors[0] * against(
                p, row.slopes, row.by_energy + d * size, row.shares, row.work))
            d += 1
        if offset >= 0:
            put(hessian, n, p.places[p.shape[a].pull], offset, factors[0] * against(
                p, row.slopes, row.by_energy + (1 + a) * size, row.shares + block, row.work))
        for k in range(p.morphs):
            if p.morphed[k] == 0:
                spread(p, row.by_energy + (1 + a) * size, p.morph[k], row.work)
                put(hessian, n, p.places[p.shape[a].pull], p.places[p.morph_pulls[k]],
                    factors[0] * dot(row.slopes, row.work, p.bins))
    if offset >= 0:
        hessian[offset * n + offset] += factors[0] * against(
            p, row.slopes, row.by_energy, row.shares + 2 * block, row.work)


cdef inline void put(double *hessian, Py_ssize_t n, Py_ssize_t i, Py_ssize_t j, double value) noexcept nogil:
    """Add a mixed derivative of two roles, which may be those of one nuisance."""
    hessian[i * n + j] += value
    hessian[j * n + i] += value


cdef inline void put_half(double *hessian, Py_ssize_t n, Py_ssize_t i, Py_ssize_t j, bint same,
                          double value) noexcept nogil:
    if same:
        hessian[i * n + i] += value
    else:
        put(hessian, n, i, j, value)


cdef bint poisson_gradient(const poisson_t *p, poisson_row_t *row, const double *values, const double *nuisances,
                           double *gradient) noexcept nogil:
    """Add the derivatives of chi2 in all parameters, nuisances fixed; False if there is no memory."""
    cdef double factors[MAX_VECTORS]
    cdef basis_t bases[MAX_SHAPES]
    cdef Py_ssize_t cell, e, g, m, t, n = p.rest
    cdef const double *share
    cdef const double *mixing
    cdef const double *residuals
    cdef double weight
    expect(p, row, 0.0, nuisances, False, factors, bases)
    if compare(p, row, False) == INFINITY:
        return True
    for g in range(p.groups):
        for e in range(p.energy):
            share = row.shares + (g * p.rows + (e if p.rows > 1 else 0)) * n
            row.mixed[g * p.energy + e] = factors[0] * dot(row.slopes + e * n, share, n)
    cell = cell_of(p, bases)
    for g in range(p.groups):
        residuals = row.mixed + g * p.energy
        if p.mixing == NULL:
            for t in range(p.terms):
                weight = term_value(p, bases, t, -1, -1)
                if not counts_gradient(p.counts[g], row.counts + g, cell * p.terms + t, &weight, 1, residuals, values,
                                       gradient):
                    return False
            continue
        memset(row.moments, 0, p.moments * sizeof(double))
        mixing = p.mixing + cell * p.terms * p.energy * p.moments
        for t in range(p.terms):
            weight = term_value(p, bases, t, -1, -1)
            for e in range(p.energy):
                for m in range(p.moments):
                    row.moments[m] += weight * residuals[e] * mixing[m]
                mixing += p.moments
        weight = 1.0
        if not counts_gradient(p.counts[g], row.counts + g, 0, &weight, 1, row.moments, values, gradient):
            return False
    return True


# --- what Python makes -----------------------------------------------------------------------------------------------

cdef axis_t place_axis(edges, Py_ssize_t order, Py_ssize_t pull, list owned) except *:
    cdef axis_t axis
    axis.pieces, axis.order, axis.pull = len(edges) - 1, order, pull
    if not 1 <= order <= MAX_ORDER or axis.pieces < 1:
        raise InputError(
            f"{axis.pieces} intervals with {order} polynomials are not allowed: an axis needs one interval at least "
            f"and 1 to {MAX_ORDER} polynomials")
    axis.edges = own(owned, edges)
    return axis


cdef class PoissonTerm:
    """PoissonTerm(counts, mixing, observed, shares, templates, places, scales, shapes=(), orders=None, offset=None, \
morphs=(), variance=None, floor=0.0, bases=None)

    One experiment's expectations beside its data. `cevns.likelihoods.joint` makes these.

    Parameters
    ----------
    counts : sequence of Counts
        Moments of the signal's rates of each group.
    mixing : ndarray, shape (cells, terms, energy bins, moments), or None
        From moments to coefficients of counts by energy of terms in cells, which are combinations of intervals of the
        shapes, the last one's fastest. Without it counts have a node for each term of each cell: a coefficient.
    observed : ndarray, shape (energy bins x rest,)
        Data.
    shares : ndarray, shape (groups, intervals of the offset x its order, 1 or energy bins, rest)
        Of the other axes' bins, as coefficients of Chebyshev polynomials.
    templates : ndarray, shape (backgrounds, bins)
        Expected counts.
    places : sequence of int
        Where the term's nuisances stand among those of all.
    scales : ndarray, shape (1 + backgrounds, nuisances)
        Relative change of signal and backgrounds by a unit of each nuisance.
    shapes : sequence of (ndarray, int, int)
        Nuisances that deform the response: edges of intervals, number of polynomials, and which of the term's nuisances
        it is.
    orders : ndarray of int, shape (terms, shapes), optional
        Which polynomials of the shapes each term is a product of; one of order 0 unless given.
    offset : (ndarray, int, int), optional
        The same of the time offset.
    morphs : sequence of (int, int, ndarray)
        Component, which of the term's nuisances, and change of the counts, shape (bins,), by a unit of it; of the
        signal, change of the shares, shape (groups, 1 or energy bins, rest).
    variance : ndarray, shape (bins,), optional
        Of Gaussian data; they are Poisson data unless it is given.
    floor : float
        Least expectation.
    bases : ndarray, shape (1 + backgrounds,), optional
        Normalisations of signal and backgrounds where all nuisances are 0; 1 unless they are given.
    """

    def __cinit__(self, counts, mixing, observed, shares, templates, places, scales, shapes=(), orders=None,
                  offset=None, morphs=(), variance=None, double floor=0.0, bases=None):
        cdef poisson_t *p = &self.p
        cdef Counts one
        cdef Py_ssize_t i
        self.arguments = (counts, mixing, observed, shares, templates, places, scales, shapes, orders, offset, morphs,
                          variance, floor, bases)
        self.counts, self.places = tuple(counts), tuple(places)
        owned = [self.counts]
        p.groups = len(self.counts)
        if not p.groups or shares.ndim != 4 or shares.shape[0] != p.groups or templates.ndim != 2:
            raise InputError(
                f"counts of {p.groups} groups, shares of shape {shares.shape} and templates of {templates.shape} do "
                "not fit: give one group at least, shares of each, and templates by background and bin")
        one = self.counts[0]
        p.moments, p.rest, p.rows = one.c.bins, shares.shape[3], shares.shape[2]
        p.energy = p.moments if mixing is None else mixing.shape[2]
        p.bins, p.components, p.pulls = p.energy * p.rest, 1 + templates.shape[0], len(places)
        self.all_counts = <const counts_t **> malloc(p.groups * sizeof(counts_t *))
        self.all_morphs = <const double **> malloc((len(morphs) + 1) * sizeof(double *))
        if self.all_counts == NULL or self.all_morphs == NULL:
            raise MemoryError
        p.shapes, cells = len(shapes), 1
        if p.shapes > MAX_SHAPES:
            raise InputError(
                f"{p.shapes} shapes deform the response of one experiment, at most {MAX_SHAPES} can: leave "
                "some out")
        for i, (edges, order, pull) in enumerate(shapes):
            p.shape[i] = place_axis(edges, order, pull, owned)
            cells *= p.shape[i].pieces
        orders = np.zeros((1, p.shapes), dtype=np.intp) if orders is None else orders
        allowed = [order for _, order, _ in shapes]
        if orders.ndim != 2 or orders.shape[1] != p.shapes or not len(orders) or not (
                (orders >= 0) & (orders < np.array(allowed, dtype=np.intp))).all():
            raise InputError(f"orders of the terms are below {allowed}, got {orders.tolist()}")
        p.terms = len(orders)
        # never empty
        whole = np.append(orders, 0).astype(np.intp)
        owned.append(whole)
        p.orders = whole_address(whole)
        for i in range(p.groups):
            one = self.counts[i]
            if (one.c.order, one.c.pieces, one.c.bins) != (1, cells * p.terms if mixing is None else 1, p.moments):
                raise InputError(
                    f"counts of group {i} have {one.c.bins} moments and {one.c.pieces} nodes, but must have "
                    f"{p.moments} and {cells * p.terms if mixing is None else 1}: bind all groups alike")
            self.all_counts[i] = &one.c
        p.counts, p.morph = self.all_counts, self.all_morphs
        needed = cells, p.terms, p.energy, p.moments
        if mixing is not None and mixing.shape != needed:
            raise InputError(f"mixing has shape {np.shape(mixing)}, but must have {needed}: give all terms")
        p.mixing = NULL if mixing is None else own(owned, mixing)
        edges, order, pull = (np.array([-1.0, 1.0]), 1, -1) if offset is None else offset
        p.offset = place_axis(edges, order, pull, owned)
        p.vectors = p.components + p.shapes + (pull >= 0) + len(morphs)
        if p.vectors > MAX_VECTORS:
            raise InputError(
                f"one experiment has {p.vectors} components and deformations, at most {MAX_VECTORS} can be: add up "
                "backgrounds, or leave deformations out")
        bases = np.ones(p.components) if bases is None else bases
        wanted = {
            "observed": (observed, (p.bins,)), "templates": (templates, (p.components - 1, p.bins)),
            "scales": (scales, (p.components, p.pulls)), "bases": (bases, (p.components,)),
            "shares": (shares, (p.groups, p.offset.pieces * p.offset.order, p.rows, p.rest)),
            "variance": (observed if variance is None else variance, (p.bins,)),
        }
        for name, (array, shape) in wanted.items():
            if array.shape != shape or p.rows not in (1, p.energy):
                raise InputError(f"{name} has shape {array.shape}, but must have {shape}: give one value for each")
        p.shares, p.observed = own(owned, shares), own(owned, observed)
        p.templates, p.scales, p.bases = own(owned, templates), own(owned, scales), own(owned, bases)
        p.weights = NULL if variance is None else own(owned, 1.0 / variance)
        whole = np.array([*places, *(c for c, _, _ in morphs), *(k for _, k, _ in morphs)], dtype=np.intp)
        owned.append(whole)
        p.places = whole_address(whole)
        p.morphs, p.morphed, p.morph_pulls = len(morphs), p.places + p.pulls, p.places + p.pulls + len(morphs)
        for i, (component, pull, change) in enumerate(morphs):
            if change.size != (p.groups * p.rows * p.rest if component == 0 else p.bins) or not (
                    0 <= component < p.components and 0 <= pull < p.pulls):
                raise InputError(
                    f"a deformation of component {component} by nuisance {pull} has {change.size} values, which do not "
                    f"fit {p.components} components, {p.pulls} nuisances and {p.bins} bins: give one for each bin")
            self.all_morphs[i] = own(owned, change)
        p.floor = floor
        beside = templates.sum(axis=0).reshape(p.energy, p.rest).sum(axis=1)
        seen = observed if variance is None else variance
        by_energy = [v.reshape(p.energy, p.rest).sum(axis=1) for v in (observed, seen)]
        if variance is None:
            by_energy[1] = np.maximum(by_energy[1], 1.0)
        p.energy_data = own(owned, np.array([by_energy[0], beside, by_energy[1]]))
        self.owned = tuple(owned)

    def __dealloc__(self):
        free(self.all_counts)
        free(self.all_morphs)

    def __repr__(self):
        return f"<PoissonTerm of {self.p.bins} bins>"

    def __reduce__(self):
        return PoissonTerm, self.arguments
