"""Counts of a signal as polynomials in the couplings of an interaction: what the physics hands to the statistics.

At a recoil node the rate is a sum of monomials in the couplings, each with a rate that knows neither couplings nor
masses, times powers of two kinds of factors: propagators ``1 / (q^2 + m^2)`` of mediators whose mass is a parameter,
and ``F_N(q)`` where a neutron radius is one. Counts are one matrix product of the rates with the response,

    counts[node, bin] = sum_j weights[node, bin, j] sum_k P_k(couplings) rate_k[j] prod_f factor_f[j]^n_kf,

for each node of the quenching scale eta. Along one parameter, the line, they are

    counts = a + b y + c y^2,

with y the parameter, or its square for a coupling that comes as g^2. What no other parameter moves is folded once, when
a signal is bound to an interaction; the rest when a row of points first needs it.
"""

from libc.math cimport sqrt
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from cevns.kernels.form_factors cimport form_factor_c, length_c
from cevns.kernels.polynomials cimport power

import numpy as np

from cevns.errors import InputError

# looks at eta in a piece, on its own axis; graded towards its ends where counts vanish inside
LOOKS = np.concatenate([[-1.0], np.cos(np.pi * (np.arange(4.5, -0.5, -1.0)) / 5), [1.0]])
STEEP_LOOKS = np.sort(np.concatenate([LOOKS, *((1 - 2.0 * 0.3**k) * np.array([-1, 1]) for k in range(3, 14))]))


# --- a signal at one point of all parameters but the line's ----------------------------------------------------------

cdef Py_ssize_t counts_row_size(const counts_t *c) noexcept nogil:
    """Doubles that a row needs, in addition to a mark for each piece."""
    cdef Py_ssize_t folded = c.pieces * c.order * c.bins
    return (2 * c.cols * c.moving + c.cols * c.loose + c.factors * c.nuclei * c.cols + c.kernels
            + folded * c.loose + 2 * folded * c.moving)


cdef double* place_counts_row(const counts_t *c, counts_row_t *row, double *numbers, char *marks) noexcept nogil:
    """Divide memory of `counts_row_size` among a row; returns what follows it."""
    cdef Py_ssize_t folded = c.pieces * c.order * c.bins
    row.rates = numbers
    numbers += 2 * c.cols * c.moving
    row.loose_rates = numbers
    numbers += c.cols * c.loose
    row.factors = numbers
    numbers += c.factors * c.nuclei * c.cols
    row.strengths = numbers
    numbers += c.kernels
    row.own_a = numbers
    numbers += folded * c.loose
    row.own_bc = numbers
    row.built = marks
    return numbers + 2 * folded * c.moving


cdef double line_value(const counts_t *c, const double *values) noexcept nogil:
    """y of a point."""
    return power(values[c.line] - c.origins[c.line], c.line_power) if c.line >= 0 else 0.0


cdef void start_counts(const counts_t *c, counts_row_t *row, const double *values) noexcept nogil:
    """Compute the rates at the parameters' values and forget all pieces."""
    cdef Py_ssize_t j, n
    cdef double p, mass_squared
    cdef const double *q2
    row.a, row.bc = c.constant, c.linear
    if c.loose:
        row.a = row.own_a
    if c.moving:
        row.bc = row.own_bc
    memset(row.built, 0, c.pieces)
    if c.plain:
        mass_squared = values[c.factor[0].parameter] * values[c.factor[0].parameter]
        memset(row.rates, 0, 2 * c.cols * sizeof(double))
        for n in range(c.nuclei):
            q2 = c.q2 + n * c.cols
            for j in range(c.cols):
                p = 1.0 / (q2[j] + mass_squared)
                row.rates[2 * j] += c.kernel[0].rates[n * c.cols + j] * p
                row.rates[2 * j + 1] += c.kernel[1].rates[n * c.cols + j] * (p * p)
    elif c.kernels:
        fill_factors(c, row, values)
        fill_rates(c, row, values)


cdef void fill_factors(const counts_t *c, counts_row_t *row, const double *values) noexcept nogil:
    cdef Py_ssize_t j, n
    cdef int f, parameter
    cdef double length, mass_squared
    cdef double *out
    for f in range(c.factors):
        out = row.factors + f * c.nuclei * c.cols
        if not c.factor[f].form_factor:
            mass_squared = values[c.factor[f].parameter] * values[c.factor[f].parameter]
            for j in range(c.nuclei * c.cols):
                out[j] = 1.0 / (c.q2[j] + mass_squared)
            continue
        for n in range(c.nuclei):
            parameter = c.radii[n]
            if parameter < 0:
                for j in range(n * c.cols, (n + 1) * c.cols):
                    out[j] = c.neutron[j]
                continue
            length = length_c(c.form_factor, values[parameter], c.thickness)
            for j in range(n * c.cols, (n + 1) * c.cols):
                out[j] = form_factor_c(c.form_factor, sqrt(c.q2[j]), length, c.thickness)


cdef void fill_rates(const counts_t *c, counts_row_t *row, const double *values) noexcept nogil:
    cdef Py_ssize_t j, k, n, stride
    cdef int f, i, _
    cdef double strength, x
    cdef const kernel_t *kernel
    cdef const double *factor
    cdef double *out
    memset(row.rates, 0, 2 * c.cols * c.moving * sizeof(double))
    memset(row.loose_rates, 0, c.cols * c.loose * sizeof(double))
    for k in range(c.kernels):
        kernel = c.kernel + k
        strength = 1.0
        for i in range(c.parameters):
            strength *= power(values[i] - c.origins[i], kernel.couplings[i])
        row.strengths[k] = strength
        if kernel.rates == NULL:
            continue
        if kernel.line == 0:
            out, stride = row.loose_rates, 1
        else:
            out, stride = row.rates + kernel.line - 1, 2
        for n in range(c.nuclei):
            for j in range(c.cols):
                x = strength * kernel.rates[n * c.cols + j]
                for f in range(c.factors):
                    factor = row.factors + f * c.nuclei * c.cols + n * c.cols
                    for _ in range(kernel.powers[f]):
                        x *= factor[j]
                out[stride * j] += x


cdef void fold_piece(const counts_t *c, counts_row_t *row, Py_ssize_t piece) noexcept nogil:
    """Fold the counts at a piece's nodes, unless they are there."""
    cdef Py_ssize_t node
    if row.built[piece] & FOLDED:
        return
    if c.moving:
        for node in range(piece * c.order, (piece + 1) * c.order):
            fold_line(c, row, node, row.own_bc + 2 * node * c.bins)
    if c.loose:
        for node in range(piece * c.order, (piece + 1) * c.order):
            fold_constant(c, row, node, row.own_a + node * c.bins)
    if not c.plain and c.kernels:
        add_counts(c, row, piece)
    row.built[piece] |= FOLDED


cdef void fold_line(const counts_t *c, const counts_row_t *row, Py_ssize_t node, double *out) noexcept nogil:
    """b and c of all bins at one node of eta, from the rates."""
    cdef Py_ssize_t i, j, r, n
    cdef Py_ssize_t bins = c.bins
    cdef double b0, c0, b1, c1
    cdef const double *w
    cdef const double *x
    for i in range(bins):
        r = node * bins + i
        w = c.weights + 2 * c.pointers[r]
        n = 2 * (c.pointers[r + 1] - c.pointers[r])
        x = row.rates + 2 * c.firsts[r]
        b0 = c0 = b1 = c1 = 0.0
        # two chains hide the latency of the sums; weights come twice, for b and c, which makes them vectors
        j = 0
        while j + 3 < n:
            b0 += w[j] * x[j]
            c0 += w[j + 1] * x[j + 1]
            b1 += w[j + 2] * x[j + 2]
            c1 += w[j + 3] * x[j + 3]
            j += 4
        if j < n:
            b0 += w[j] * x[j]
            c0 += w[j + 1] * x[j + 1]
        out[i] = b0 + b1
        out[bins + i] = c0 + c1


cdef void fold_constant(const counts_t *c, const counts_row_t *row, Py_ssize_t node, double *out) noexcept nogil:
    """a of all bins at one node of eta, from the rates."""
    cdef Py_ssize_t i, j, r, n
    cdef double total
    cdef const double *w
    cdef const double *x
    for i in range(c.bins):
        r = node * c.bins + i
        w = c.weights + 2 * c.pointers[r]
        n = c.pointers[r + 1] - c.pointers[r]
        x = row.loose_rates + c.firsts[r]
        total = 0.0
        for j in range(n):
            total += w[2 * j] * x[j]
        out[i] = total


cdef void add_counts(const counts_t *c, counts_row_t *row, Py_ssize_t piece) noexcept nogil:
    """Add to a piece's counts what no parameter but y moves, and the kernels that were folded before."""
    cdef Py_ssize_t i, k, node, n = c.bins, first = piece * c.order, last = (piece + 1) * c.order
    cdef double strength
    cdef const double *counts
    cdef double *out
    if c.loose:
        for i in range(first * n, last * n):
            row.own_a[i] += c.constant[i]
    if c.moving:
        for i in range(2 * first * n, 2 * last * n):
            row.own_bc[i] += c.linear[i]
    for k in range(c.kernels):
        if c.kernel[k].counts == NULL:
            continue
        strength = row.strengths[k]
        for node in range(first, last):
            counts = c.kernel[k].counts + node * n
            if c.kernel[k].line == 0:
                out = row.own_a + node * n
            else:
                out = row.own_bc + (2 * node + c.kernel[k].line - 1) * n
            for i in range(n):
                out[i] += strength * counts[i]


# --- what Python makes -----------------------------------------------------------------------------------------------

cdef class Weights:
    """Weights(values, pointers, firsts, cols)

    Packed response matrices; `cevns.predictions.folding.pack` makes them, and all interactions share them.

    Parameters
    ----------
    values : ndarray
        Rows without their zeros at both ends, one after another.
    pointers : ndarray of intp, shape (rows + 1,)
        Where each row starts in `values`.
    firsts : ndarray of intp, shape (rows,)
        Column of each row's first value.
    cols : int
        Number of columns.
    """

    def __cinit__(self, values, pointers, firsts, Py_ssize_t cols):
        self.values = np.ascontiguousarray(np.append(values, 0.0))
        self.pairs = np.repeat(self.values, 2)
        self.pointers = np.ascontiguousarray(pointers, dtype=np.intp)
        self.firsts = np.ascontiguousarray(firsts, dtype=np.intp)
        self.cols = cols
        lengths = np.diff(self.pointers)
        if self.pointers.size != self.firsts.size + 1 or self.pointers[0] != 0 or (lengths < 0).any() or (
                lengths.sum() != self.values.size - 1) or (self.firsts < 0).any() or (
                    self.firsts + lengths > cols).any():
            raise ValueError("values, pointers, firsts and cols do not fit together")

    def __reduce__(self):
        return Weights, (self.values[:self.values.size - 1], self.pointers, self.firsts, self.cols)

    def scaled(self, factors):
        """Return a copy whose rows are multiplied by factors that repeat, one for each bin."""
        lengths = np.diff(self.pointers)
        each = np.repeat(np.tile(factors, lengths.size // len(factors)), lengths)
        return Weights(self.values[:self.values.size - 1] * each, self.pointers, self.firsts, self.cols)

    def dot(self, const double[:, ::1] rates not None):
        """Return the counts of all rows, shape (k, rows), for k sets of rates at the nodes, shape (k, cols)."""
        cdef const double[::1] values = self.values
        cdef const Py_ssize_t[::1] pointers = self.pointers, firsts = self.firsts
        cdef Py_ssize_t i, j, k, n = firsts.shape[0], sets = rates.shape[0]
        cdef double total
        if rates.shape[1] != self.cols:
            raise ValueError(f"{self.cols} rates are needed, got {rates.shape[1]}")
        out = np.empty((sets, n))
        cdef double[:, ::1] counts = out
        with nogil:
            for i in range(n):
                for k in range(sets):
                    total = 0.0
                    for j in range(pointers[i + 1] - pointers[i]):
                        total += values[pointers[i] + j] * rates[k, firsts[i] + j]
                    counts[k, i] = total
        return out


cdef class Pieces:
    """Pieces(edges, points, steep)

    Range of the quenching scale eta in pieces, inside which counts are polynomials.

    Parameters
    ----------
    edges : ndarray, shape (pieces + 1,)
        Ascending.
    points : ndarray, shape (order,)
        Nodes of a piece on its own axis from -1 to 1.
    steep : ndarray of bool, shape (pieces,)
        Where counts nearly vanish inside a piece, which then is looked at more closely near its ends.
    """

    def __cinit__(self, edges, points, steep):
        cdef pieces_t *p = &self.c
        self.edges, self.points, self.steep = edges, points, steep
        p.order, p.pieces = len(points), len(edges) - 1
        if not 1 < p.order <= MAX_ORDER or len(steep) != p.pieces:
            raise ValueError(f"pieces have 2 to {MAX_ORDER} nodes, and a mark each")
        # where a polynomial through the nodes is wrong, midway between them
        between = np.cos(np.pi * (np.arange(p.order - 1) + 0.5) / (p.order - 1))
        own_values = np.prod(between[:, None] - points, axis=1)
        looks = [STEEP_LOOKS if s else LOOKS for s in steep]
        half = 0.5 * np.diff(edges)
        middle = edges[1:] - half
        etas = np.concatenate([m + h * x for m, h, x in zip(middle, half, looks, strict=True)])
        firsts = np.cumsum([0, *map(len, looks)], dtype=np.intp)
        distance = np.maximum(np.abs(middle - 1.0) - half, 0.0)
        nearest = np.ascontiguousarray(np.argsort(distance, kind="stable"), dtype=np.intp)
        owned = [firsts, nearest]
        p.edges, p.points, p.between = own(owned, edges), own(owned, points), own(owned, between)
        p.to_powers = own(owned, np.linalg.inv(np.vander(points, increasing=True)))
        p.to_rest = own(owned, np.linalg.inv(np.vander(between, increasing=True)) / own_values)
        p.looks, p.look_etas = etas.size, own(owned, etas)
        p.first_looks, p.nearest_pieces = whole_address(firsts), whole_address(nearest)
        self.owned = tuple(owned)

    def __reduce__(self):
        return Pieces, (self.edges, self.points, self.steep)


def check_numbers(parameters, factors=()):
    """Refuse more parameters, or more of them that are factors, than the kernels take.

    Raises
    ------
    InputError
        With what can be done about it.
    """
    if len(parameters) > MAX_PARAMETERS:
        raise InputError(
            f"{len(parameters)} parameters are free at once, at most {MAX_PARAMETERS} can be: fix others, "
            "bind(interaction, name=value)")
    if len(factors) > MAX_FACTORS:
        masses = [parameters[i].name for i in factors if i >= 0]
        radius = " and neutron radii" if len(masses) < len(factors) else ""
        raise InputError(
            f"masses of {len(masses)} mediators, {', '.join(masses)},{radius} are free at once, at most "
            f"{MAX_FACTORS} can be, or {MAX_FACTORS - 1} beside neutron radii: fix others, bind(interaction, "
            f"{masses[0]}=value)")


cdef class Counts:
    """Counts(parameters, line, weights, bins, constant, linear, q2, kernels=(), factors=(), radii=None, eta=None)

    A signal bound to an interaction; `cevns.predictions.Signal.bind` makes it. Immutable. Counts are in the units of
    which `weights`, `constant`, `linear` and `kernels` are.

    Parameters
    ----------
    parameters : tuple of Parameter
        What counts are a function of, in the order in which values come.
    line : (int, int)
        Which of them the line runs along, and the power of it that y is; (-1, 1) for none.
    weights : Weights
        Response; rows (eta node, bin).
    bins : int
        Number of bins.
    constant : ndarray, shape (eta nodes, bins)
        a, as far as no parameter moves it.
    linear : ndarray, shape (eta nodes, 2, bins)
        b and c, as far as no other parameter moves them.
    q2 : ndarray, shape (nuclei, cols)
        Squared momentum transfer [MeV^2] at the recoil nodes.
    kernels : sequence of (int, tuple of int, tuple of int, ndarray or None, ndarray or None)
        What parameters move: power of y, powers of the parameters, powers of the factors, rates at the nodes (nuclei,
        cols), and counts (eta nodes, bins) in their stead where there is no factor.
    factors : sequence of int
        For each factor the parameter that is the mediator's mass; -1 for F_N.
    radii : (ndarray, ndarray, int, float), optional
        Default F_N (nuclei, cols); for each nucleus the parameter that is its neutron radius, or -1;
        parameterisation and thickness [fm] of the form factor.
    eta : Pieces, optional
        Pieces of the quenching scale.
    """

    def __cinit__(self, parameters, line, Weights weights not None, Py_ssize_t bins, constant, linear, q2, kernels=(),
                  factors=(), radii=None, Pieces eta=None):
        cdef counts_t *c = &self.c
        cdef Py_ssize_t i, j
        self.arguments = (parameters, line, weights, bins, constant, linear, q2, kernels, factors, radii, eta)
        self.parameters = tuple(parameters)
        c.parameters, c.kernels, c.factors = len(self.parameters), len(kernels), len(factors)
        c.nuclei, c.cols = q2.shape
        c.bins = bins
        c.line, c.line_power = line
        check_numbers(self.parameters, factors)
        for i, parameter in enumerate(self.parameters):
            c.origins[i] = parameter.origin
        c.order, c.pieces = 1, 1
        if eta is not None:
            c.order, c.pieces = eta.c.order, eta.c.pieces
            c.eta = &eta.c
        if weights.cols != c.cols or c.line >= c.parameters:
            raise ValueError("parameters, factors, eta nodes, weights and rates do not fit together")
        nodes = c.pieces * c.order
        shapes = {"constant": (constant, (nodes, bins)), "linear": (linear, (nodes, 2, bins)),
                  "weights": (weights.firsts, (nodes * bins,))}
        for name, (values, shape) in shapes.items():
            if values.shape != shape:
                raise ValueError(f"{name} has shape {values.shape}, needed: {shape}")
        owned = [weights, eta]
        c.q2, c.weights = own(owned, q2), own(owned, weights.pairs)
        c.pointers, c.firsts = whole_address(weights.pointers), whole_address(weights.firsts)
        c.constant, c.linear = own(owned, constant), own(owned, linear)
        self.most = np.abs(constant).max(axis=0)
        self.kernel = <kernel_t *> calloc(max(c.kernels, 1), sizeof(kernel_t))
        if self.kernel == NULL:
            raise MemoryError
        c.kernel = self.kernel
        for i, (power_of_y, couplings, powers, rates, counts) in enumerate(kernels):
            if (rates is None) == (counts is None) or (counts is not None and any(powers)) or (
                    (rates is not None and rates.shape != q2.shape)
                    or (counts is not None and counts.shape != constant.shape)
                    or not 0 <= power_of_y <= 2 or len(couplings) != c.parameters or len(powers) != c.factors):
                raise ValueError("a kernel has rates with factors or counts without, one number for each parameter")
            self.kernel[i].line = power_of_y
            for j in range(c.parameters):
                self.kernel[i].couplings[j] = couplings[j]
            for j in range(c.factors):
                self.kernel[i].powers[j] = powers[j]
            if rates is not None:
                self.kernel[i].rates = own(owned, rates)
            else:
                self.kernel[i].counts = own(owned, counts)
            c.loose |= power_of_y == 0
            c.moving |= power_of_y > 0
        for i, parameter in enumerate(factors):
            c.factor[i].form_factor = parameter < 0
            c.factor[i].parameter = max(parameter, 0)
        for i, parameter in enumerate(self.parameters):
            c.low[i], c.high[i] = parameter.low, parameter.high
            # a parameter that counts do not depend on is sampled for nothing
            c.spread[i] = i != c.line and i not in factors
            if c.spread[i]:
                c.others += 1 if c.high[i] - c.low[i] < 1e3 else 100
        if radii is not None:
            neutron, chosen, c.form_factor, c.thickness = radii
            which = np.ascontiguousarray(chosen, dtype=np.intc)
            if neutron.shape != q2.shape or which.shape != (c.nuclei,) or which.max() >= c.parameters:
                raise ValueError("radii need F_N at all nodes and a parameter or -1 for each nucleus")
            c.neutron, c.radii = own(owned, neutron), int_address(which)
            owned.append(which)
        c.plain = [(k[0], tuple(k[2]), any(k[1]), k[4] is None) for k in kernels] == [
            (1, (1,), False, True), (2, (2,), False, True)] and factors[0] >= 0
        self.owned = tuple(owned)

    def __dealloc__(self):
        free(self.kernel)

    @property
    def line(self):
        """Which parameter counts are quadratic in, or in a power of it; -1 for none."""
        return self.c.line

    @property
    def line_power(self):
        """The power of that parameter in which they are."""
        return self.c.line_power

    def __reduce__(self):
        return Counts, self.arguments


cdef const double* own(list owned, values):
    """Address of a contiguous copy, or of the array itself, which `owned` keeps alive."""
    cdef const double[::1] view
    array = np.ascontiguousarray(values, dtype=float).ravel()
    owned.append(array)
    view = array
    return &view[0] if view.shape[0] else NULL


cdef const Py_ssize_t* whole_address(const Py_ssize_t[::1] view):
    return &view[0]


cdef const int* int_address(const int[::1] view):
    return &view[0]
