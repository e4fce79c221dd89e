"""Counts of a signal as polynomials in the couplings of an interaction: what the physics hands to the statistics,
eq. 2.9 of arXiv:2008.05022 once the integral over neutrino energies is done.

At a recoil node the rate is a sum of kernels, which know neither couplings nor masses, each times a polynomial in the
couplings and powers of two kinds of factors: propagators ``1 / (q^2 + m^2)`` of mediators whose mass is a parameter,
and ``F_N(q)`` where a neutron radius is one. Counts are one matrix product of the rates with the response,

    counts[node, bin] = sum_j weights[node, bin, j] sum_k P_k(couplings) kernel_k[j] prod_f factor_f[j]^n_kf,

for each node of the quenching scale eta. Along one parameter, the line, they are

    counts = a + b y + c y^2,

with y the parameter, or its square for a coupling that comes as g^2. What no other parameter moves is folded once, when
a signal is bound to an interaction; the rest when a row of points first needs it. At a point alone nobody asks for a, b
and c, and the rates are summed before they are folded.
"""

from libc.stdlib cimport calloc, free
from libc.string cimport memset

from cevns.kernels.form_factors cimport form_factors_c
from cevns.kernels.pieces cimport Pieces, int_address, own, whole_address
from cevns.kernels.polynomials cimport dot, power, quadratic
from cevns.kernels.sizes cimport LOST, measure
from cevns.kernels.weights cimport Weights

import numpy as np

from cevns.errors import InputError, TooManyFreeError

# --- a signal at one point of all parameters but the line's ----------------------------------------------------------

cdef Py_ssize_t counts_row_size(const counts_t *c) noexcept nogil:
    """Doubles that a row needs, in addition to a mark for each piece."""
    cdef Py_ssize_t folded = c.pieces * c.order * c.bins
    return (2 * c.cols * c.moving + 2 * c.cols + c.factors * c.nuclei * c.cols + c.products + 3 * c.kernels
            + folded + 2 * folded * (c.line >= 0))


cdef double* place_counts_row(const counts_t *c, counts_row_t *row, double *numbers, char *marks) noexcept nogil:
    """Divide memory of `counts_row_size` among a row; returns what follows it."""
    cdef Py_ssize_t folded = c.pieces * c.order * c.bins
    row.rates = numbers
    numbers += 2 * c.cols * c.moving
    row.loose_rates = numbers
    row.kernel_rates = numbers + c.cols
    numbers += 2 * c.cols
    row.factors = numbers
    numbers += c.factors * c.nuclei * c.cols
    row.products = numbers
    numbers += c.products
    row.strengths = numbers
    numbers += 3 * c.kernels
    row.own_a = numbers
    numbers += folded
    row.own_bc = numbers
    row.built = marks
    return numbers + 2 * folded * (c.line >= 0)


cdef double line_value(const counts_t *c, const double *values) noexcept nogil:
    """y of a point."""
    return power(values[c.line] - c.origins[c.line], c.line_power) if c.line >= 0 else 0.0


cdef void start_counts(const counts_t *c, counts_row_t *row, const double *values, bint alone) noexcept nogil:
    """Compute the rates at the parameters' values, unless nobody reads them, and forget all pieces."""
    cdef Py_ssize_t j, n
    cdef double p, mass_squared
    cdef const double *q2
    row.alone = alone
    row.a, row.bc = c.constant, c.linear
    memset(row.built, 0, c.pieces)
    if alone:
        row.y = line_value(c, values)
    elif c.moving:
        row.bc = row.own_bc
    if (alone and (c.line >= 0 or c.kernels > 0)) or (not alone and c.loose):
        row.a = row.own_a
    if not c.kernels:
        return
    if not c.plain:
        fill_factors(c, row, values)
        fill_strengths(c, row, values)
        if c.rated or not alone:
            fill_rates(c, row)
        return
    mass_squared = values[c.factor[0].parameter] * values[c.factor[0].parameter]
    if alone:
        memset(row.loose_rates, 0, c.cols * sizeof(double))
        for n in range(c.nuclei):
            q2 = c.q2 + n * c.cols
            for j in range(c.cols):
                p = row.y / (q2[j] + mass_squared)
                row.loose_rates[j] += p * (c.kernel[0].rates[n * c.cols + j] + p * c.kernel[1].rates[n * c.cols + j])
        return
    memset(row.rates, 0, 2 * c.cols * sizeof(double))
    for n in range(c.nuclei):
        q2 = c.q2 + n * c.cols
        for j in range(c.cols):
            p = 1.0 / (q2[j] + mass_squared)
            row.rates[2 * j] += c.kernel[0].rates[n * c.cols + j] * p
            row.rates[2 * j + 1] += c.kernel[1].rates[n * c.cols + j] * (p * p)


cdef void fill_factors(const counts_t *c, counts_row_t *row, const double *values) noexcept nogil:
    cdef Py_ssize_t j, n
    cdef int f, parameter
    cdef double mass_squared
    cdef double *out
    for f in range(c.factors):
        out = row.factors + f * c.nuclei * c.cols
        if not c.factor[f].form_factor:
            mass_squared = values[c.factor[f].parameter] * values[c.factor[f].parameter]
            row.largest[f] = 1.0 / (c.least_q2 + mass_squared)
            for j in range(c.nuclei * c.cols):
                out[j] = 1.0 / (c.q2[j] + mass_squared)
            continue
        row.largest[f] = 1.0
        for n in range(c.nuclei):
            parameter = c.radii[n]
            if parameter < 0:
                for j in range(n * c.cols, (n + 1) * c.cols):
                    out[j] = c.neutron[j]
                continue
            form_factors_c(
                c.form_factor, c.q + n * c.cols, values[parameter], c.thickness, out + n * c.cols, c.cols)


cdef void fill_strengths(const counts_t *c, counts_row_t *row, const double *values) noexcept nogil:
    """Compute the products of couplings, and the kernels' coefficients in y."""
    cdef double shifted[MAX_PARAMETERS]
    cdef double x
    cdef Py_ssize_t i, k
    cdef const product_t *product
    for i in range(c.parameters):
        shifted[i] = values[i] - c.origins[i]
    memset(row.strengths, 0, 3 * c.kernels * sizeof(double))
    for k in range(c.products):
        product = c.product + k
        x = 1.0
        for i in range(product.first, product.last):
            x *= shifted[c.members[i]]
        row.products[k] = x
        for i in range(product.first_share, product.last_share):
            row.strengths[3 * c.shares[i].kernel + product.line] += c.shares[i].coefficient * x


cdef void fill_rates(const counts_t *c, counts_row_t *row) noexcept nogil:
    cdef Py_ssize_t j, k
    cdef int line
    cdef double strength
    cdef double *x = row.kernel_rates
    cdef double *out
    memset(row.loose_rates, 0, c.cols * sizeof(double))
    if not row.alone:
        memset(row.rates, 0, 2 * c.cols * c.moving * sizeof(double))
    for k in range(c.kernels):
        if c.kernel[k].rates == NULL:
            continue
        sum_kernel(c, row, c.kernel + k)
        if row.alone:
            strength = quadratic(row.strengths + 3 * k, row.y)
            for j in range(c.cols):
                row.loose_rates[j] += strength * x[j]
            continue
        for line in range(3):
            if not c.kernel[k].lines[line]:
                continue
            strength = row.strengths[3 * k + line]
            if line == 0:
                for j in range(c.cols):
                    row.loose_rates[j] += strength * x[j]
            else:
                out = row.rates + line - 1
                for j in range(c.cols):
                    out[2 * j] += strength * x[j]


cdef void sum_kernel(const counts_t *c, counts_row_t *row, const kernel_t *kernel) noexcept nogil:
    """Multiply a kernel's rates by its factors, and sum over the nuclei."""
    cdef Py_ssize_t j, n
    cdef const double *rates
    cdef const double *first = NULL
    cdef const double *second = NULL
    cdef double *out = row.kernel_rates
    cdef double x
    cdef int f, _, found = 0, size = c.nuclei * c.cols
    memset(out, 0, c.cols * sizeof(double))
    for f in range(c.factors):
        for _ in range(kernel.powers[f]):
            found += 1
            if found == 1:
                first = row.factors + f * size
            elif found == 2:
                second = row.factors + f * size
    for n in range(c.nuclei):
        rates = kernel.rates + n * c.cols
        # one or two factors as a rule
        if found == 1:
            for j in range(c.cols):
                out[j] += rates[j] * first[n * c.cols + j]
        elif found == 2:
            for j in range(c.cols):
                out[j] += rates[j] * first[n * c.cols + j] * second[n * c.cols + j]
        else:
            for j in range(c.cols):
                x = rates[j]
                for f in range(c.factors):
                    for _ in range(kernel.powers[f]):
                        x *= row.factors[f * size + n * c.cols + j]
                out[j] += x


cdef void fold_piece(const counts_t *c, counts_row_t *row, Py_ssize_t piece) noexcept nogil:
    """Fold the counts at a piece's nodes, unless they are there."""
    cdef Py_ssize_t node
    if row.built[piece] & FOLDED:
        return
    row.built[piece] |= FOLDED
    if row.alone:
        fold_point(c, row, piece)
        return
    if c.moving:
        for node in range(piece * c.order, (piece + 1) * c.order):
            fold_line(c, row, node, row.own_bc + 2 * node * c.bins)
    if c.loose:
        for node in range(piece * c.order, (piece + 1) * c.order):
            fold_constant(c, row, node, row.own_a + node * c.bins)
    if not c.plain and c.kernels:
        add_counts(c, row, piece)


cdef void fold_point(const counts_t *c, counts_row_t *row, Py_ssize_t piece) noexcept nogil:
    """Fold all counts at a piece's nodes into a."""
    cdef Py_ssize_t i, k, node, n = c.bins, first = piece * c.order, last = (piece + 1) * c.order
    cdef double strength
    cdef const double *b
    cdef const double *counts
    cdef double *out
    if row.a != row.own_a:
        return
    for node in range(first, last):
        out = row.own_a + node * n
        b = c.linear + 2 * node * n
        if c.rated:
            fold_constant(c, row, node, out)
            for i in range(n):
                out[i] += c.constant[node * n + i] + row.y * (b[i] + row.y * b[n + i])
        else:
            for i in range(n):
                out[i] = c.constant[node * n + i] + row.y * (b[i] + row.y * b[n + i])
    for k in range(c.kernels):
        if c.kernel[k].counts != NULL:
            counts = c.kernel[k].counts
            strength = quadratic(row.strengths + 3 * k, row.y)
            for i in range(first * n, last * n):
                row.own_a[i] += strength * counts[i]


cdef void fold_line(const counts_t *c, const counts_row_t *row, Py_ssize_t node, double *out) noexcept nogil:
    """b and c of all bins at one node of eta, from the rates."""
    cdef Py_ssize_t i, j, r, n
    cdef Py_ssize_t bins = c.bins
    cdef double b0, c0, b1, c1
    cdef const double *w
    cdef const double *x
    for i in range(bins):
        r = node * bins + i
        w = c.pairs + 2 * c.pointers[r]
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
    cdef Py_ssize_t i, r
    for i in range(c.bins):
        r = node * c.bins + i
        out[i] = dot(c.weights + c.pointers[r], row.loose_rates + c.firsts[r], c.pointers[r + 1] - c.pointers[r])


cdef void add_counts(const counts_t *c, counts_row_t *row, Py_ssize_t piece) noexcept nogil:
    """Add to a piece's counts what no parameter but y moves, and the kernels that were folded before."""
    cdef Py_ssize_t i, k, node, n = c.bins, first = piece * c.order, last = (piece + 1) * c.order
    cdef double strength
    cdef int line
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
        for line in range(3):
            if not c.kernel[k].lines[line]:
                continue
            strength = row.strengths[3 * k + line]
            for node in range(first, last):
                counts = c.kernel[k].counts + node * n
                out = row.own_a + node * n if line == 0 else row.own_bc + (2 * node + line - 1) * n
                for i in range(n):
                    out[i] += strength * counts[i]


# --- what Python makes -----------------------------------------------------------------------------------------------

def check_numbers(parameters, factors=()):
    """Raise a `TooManyFreeError` for more parameters, or more of them that are factors, than the kernels take."""
    if len(parameters) > MAX_PARAMETERS:
        raise TooManyFreeError(
            f"{len(parameters)} parameters are free at once, at most {MAX_PARAMETERS} can be: fix others, "
            "bind(interaction, name=value)")
    if len(factors) > MAX_FACTORS:
        masses = [parameters[i].name for i in factors if i >= 0]
        radius = " and neutron radii" if len(masses) < len(factors) else ""
        raise TooManyFreeError(
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
    kernels : sequence of (sequence of (int, tuple of int, float), tuple of int, ndarray or None, ndarray or None)
        What parameters move: a polynomial of the couplings, each term of it a power of y, powers of the parameters and
        a coefficient; powers of the factors; rates at the nodes (nuclei, cols), and counts (eta nodes, bins) in their
        stead where there is no factor.
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
        c.order, c.pieces = 1, constant.shape[0]  # without pieces of eta every node is there for itself
        if eta is not None:
            c.order, c.pieces = eta.c.order, eta.c.pieces
            c.eta = &eta.c
        if weights.cols != c.cols or c.line >= c.parameters:
            raise InputError(f"weights of {weights.cols} columns, {c.cols} rates and line {c.line} do not fit together")
        nodes = c.pieces * c.order
        shapes = {"constant": (constant, (nodes, bins)), "linear": (linear, (nodes, 2, bins)),
                  "weights": (weights.firsts, (nodes * bins,))}
        for name, (values, shape) in shapes.items():
            if values.shape != shape:
                raise InputError(f"{name} has shape {values.shape}, but must have {shape}: give one value for each")
        owned = [weights, eta]
        c.q2, c.weights = own(owned, q2), own(owned, weights.values)
        c.pointers, c.firsts = whole_address(weights.pointers), whole_address(weights.firsts)
        c.constant, c.linear = own(owned, constant), own(owned, linear)
        c.kernel = self.kernel = <kernel_t *> calloc(max(c.kernels, 1), sizeof(kernel_t))
        if self.kernel == NULL:
            raise MemoryError
        for i, (terms, powers, rates, counts) in enumerate(kernels):
            if (rates is None) == (counts is None) or (counts is not None and any(powers)) or (
                    (rates is not None and rates.shape != q2.shape)
                    or (counts is not None and counts.shape != constant.shape) or len(powers) != c.factors
                    or any(not 0 <= term[0] <= 2 or len(term[1]) != c.parameters for term in terms)):
                raise InputError("a kernel has rates with factors or counts without, one number for each parameter")
            for j in range(c.factors):
                self.kernel[i].powers[j] = powers[j]
            if rates is not None:
                self.kernel[i].rates = own(owned, rates)
                c.rated = True
            else:
                self.kernel[i].counts = own(owned, counts)
            for term in terms:
                self.kernel[i].lines[term[0]] = True
                c.loose |= term[0] == 0
                c.moving |= term[0] > 0
        if c.rated or c.moving:
            c.pairs = own(owned, weights.pairs)
        self.place_products(kernels)
        for i, parameter in enumerate(factors):
            c.factor[i].form_factor = parameter < 0
            c.factor[i].parameter = max(parameter, 0)
        used = {self.members[i] for i in range(c.product[c.products - 1].last)} if c.products else set()
        if radii is not None:
            neutron, chosen, c.form_factor, c.thickness = radii
            which = np.ascontiguousarray(chosen, dtype=np.intc)
            if neutron.shape != q2.shape or which.shape != (c.nuclei,) or which.max() >= c.parameters:
                raise InputError("radii need F_N at all nodes and a parameter or -1 for each nucleus")
            c.neutron, c.q, c.radii = own(owned, neutron), own(owned, np.sqrt(q2)), int_address(which)
            owned.append(which)
            used.update(which.tolist())
        for i, parameter in enumerate(self.parameters):
            c.low[i], c.high[i] = parameter.low, parameter.high
            c.spread[i] = i != c.line and i in used
            if c.spread[i]:
                c.others += 1
        measure(c, self.kernel, self.product)
        # amplitudes of one mediator make up for nothing that is large but what others have, of fixed couplings
        c.plain = 8.0 * c.sizes[0] <= LOST and [(tuple(k[0]), tuple(k[1]), k[3] is None) for k in kernels] == [
            (((n, (0,) * c.parameters, 1.0),), (n,), True) for n in (1, 2)] and factors[0] >= 0
        self.owned = tuple(owned)

    def __dealloc__(self):
        free(self.kernel)
        free(self.product)
        free(self.shares)
        free(self.members)

    cdef place_products(self, kernels):
        """Collect the kernels' polynomials by products of couplings, which several kernels share."""
        cdef counts_t *c = &self.c
        cdef Py_ssize_t k = 0, share = 0, member = 0
        found = {}
        for i, kernel in enumerate(kernels):
            for line, exponents, coefficient in kernel[0]:
                found.setdefault((line, tuple(exponents)), []).append((i, coefficient))
        c.products = len(found)
        sizes = [sum(map(len, found.values())), sum(sum(exponents) for _, exponents in found)]
        self.product = <product_t *> calloc(max(c.products, 1), sizeof(product_t))
        self.shares = <share_t *> calloc(max(sizes[0], 1), sizeof(share_t))
        self.members = <int *> calloc(max(sizes[1], 1), sizeof(int))
        if self.product == NULL or self.shares == NULL or self.members == NULL:
            raise MemoryError
        for (line, exponents), shares in found.items():
            self.product[k].line, self.product[k].first, self.product[k].first_share = line, member, share
            for i, exponent in enumerate(exponents):
                for _ in range(exponent):
                    self.members[member] = i
                    member += 1
            for kernel, coefficient in shares:
                self.shares[share].kernel, self.shares[share].coefficient = kernel, coefficient
                share += 1
            self.product[k].last, self.product[k].last_share = member, share
            k += 1
        c.product, c.shares, c.members = self.product, self.shares, self.members

    @property
    def line(self):
        """Which parameter counts are quadratic in, or in a power of it; -1 for none."""
        return self.c.line

    @property
    def line_power(self):
        """The power of that parameter in which they are."""
        return self.c.line_power

    def __repr__(self):
        return f"<Counts of {self.c.bins} bins in {', '.join([p.name for p in self.parameters])}>"

    def __reduce__(self):
        return Counts, self.arguments
