"""The response of a detector as packed rows, from rates at the recoil nodes to counts.

Between the edges a < b of a panel a rate is sum_j rate_j L_j(T), with L_j = sum_k to_nodes[k, j] P_k(t) and
t = (2 T - a - b) / (b - a). A bin that accepts the share A(T) of recoils counts sum_j rate_j int A L_j dT. Where A is
constant this needs int P_k dt = (P_k+1 - P_k-1) / (2 k + 1) at both ends; what rounding leaves of it is one of the
panel, as that of the polynomial through its nodes is.
"""

from libc.math cimport erfc, exp, expm1, fabs, fmin, lgamma, log, log1p, sqrt

import numpy as np

from cevns.errors import InputError

cdef enum:
    MOST_NODES = 32  # of a panel
    NARROW_NODES = 5

# standard deviations beyond which nothing of a Gaussian is left in double precision
cdef double NOTHING = 39.0
# changes of the logarithm of a normal density across a segment over which it is a polynomial
cdef double NARROW = 0.5
# half of the nodes of Gauss and Legendre on [-1, 1], and their weights
cdef double NODES[3]
cdef double NODE_WEIGHTS[3]
NODES[:] = [0.0, 0.5384693101056831, 0.9061798459386640]
NODE_WEIGHTS[:] = [0.5688888888888889, 0.4786286704993665, 0.2369268850561891]
cdef double ROOT_OF_HALF = sqrt(0.5)
cdef double DENSITY_AT_0 = 0.3989422804014327
# ln((2 pi)^(1/2))
cdef double LOG_OF_ROOT = 0.9189385332046727
# numbers that are so near to the last one are reached from it
cdef double STEPS = 24.0
# unless they are so improbable that digits are gone
cdef double LEAST_TERM = 1e-280
# of a sum of falling terms
cdef double LAST_TERM = 1e-17


cdef struct recurrence_t:
    # of Legendre polynomials: factors of t P_k-1 and of P_k-2, which divisions would take longer for than all else
    double of_last[MOST_NODES + 1]
    double of_second[MOST_NODES + 1]


cdef class Weights:
    """Weights(values, pointers, firsts, cols)

    Packed response matrices; `cevns.predictions.folding.pack` makes them, and all interactions share them.

    Parameters
    ----------
    values : ndarray, or sequence of ndarray
        Rows without their zeros at both ends, one after another; of a sequence those of all. A copy is kept.
    pointers : ndarray of intp, shape (rows + 1,)
        Where each row starts in `values`.
    firsts : ndarray of intp, shape (rows,)
        Column of each row's first value.
    cols : int
        Number of columns.
    """

    def __cinit__(self, values, pointers, firsts, Py_ssize_t cols):
        parts = values if isinstance(values, (list, tuple)) else [values]
        # large ones are copied once
        self.values = np.concatenate([*parts, np.zeros(1)], dtype=np.float64)
        self.pointers = np.ascontiguousarray(pointers, dtype=np.intp)
        self.firsts = np.ascontiguousarray(firsts, dtype=np.intp)
        self.cols = cols
        lengths = np.diff(self.pointers)
        if self.pointers.size != self.firsts.size + 1 or self.pointers[0] != 0 or (lengths < 0).any() or (
                lengths.sum() != self.values.size - 1) or (self.firsts < 0).any() or (
                    self.firsts + lengths > cols).any():
            raise InputError(
                f"{self.values.size - 1} values, {self.pointers.size} pointers, {self.firsts.size} firsts and {cols} "
                "columns do not fit together: give one pointer more than firsts, ascending from 0 to the number of "
                "values, and rows inside the columns")

    @property
    def pairs(self):
        """The values, each twice, for rates that come in pairs: made if somebody asks for them, and kept."""
        if self.twice is None:
            self.twice = np.repeat(self.values, 2)
        return self.twice

    def __repr__(self):
        return f"<Weights of {self.firsts.size} rows and {self.cols} columns>"

    def __reduce__(self):
        return Weights, (self.values[:self.values.size - 1], self.pointers, self.firsts, self.cols)

    def scaled(self, factors):
        """Return a copy whose rows are multiplied by factors that repeat, one for each bin."""
        scaled = np.array(self.values[:self.values.size - 1])
        cdef double[::1] values = scaled
        cdef const double[::1] each = np.ascontiguousarray(factors, dtype=np.float64)
        cdef const Py_ssize_t[::1] pointers = self.pointers
        cdef Py_ssize_t i, row, rows = self.firsts.size, bins = each.shape[0]
        if bins == 0 or rows % bins:
            raise InputError(f"{bins} factors do not fit {rows} rows: give one for each bin")
        with nogil:
            for row in range(rows):
                for i in range(pointers[row], pointers[row + 1]):
                    values[i] *= each[row % bins]
        return Weights(scaled, self.pointers, self.firsts, self.cols)

    def dot(self, const double[:, ::1] rates not None):
        """Return the counts of all rows, shape (k, rows), for k sets of rates at the nodes, shape (k, cols)."""
        if rates.shape[1] != self.cols:
            raise InputError(f"{self.cols} rates are needed, got {rates.shape[1]}: give one for each column")
        return dot_rows(self.firsts, self.pointers, self.values, rates)


def dot_rows(const Py_ssize_t[::1] firsts not None, const Py_ssize_t[::1] pointers not None,
             const double[::1] values not None, const double[:, ::1] rates not None):
    """Return the counts of rows, as `Weights.dot`."""
    cdef Py_ssize_t i, j, k, n = firsts.shape[0], sets = rates.shape[0]
    cdef double total
    if pointers.shape[0] != n + 1:
        raise InputError(f"{n} firsts and {pointers.shape[0]} pointers do not fit together: give one pointer more")
    for i in range(n):
        if not 0 <= pointers[i] <= pointers[i + 1] <= values.shape[0] or (
                not 0 <= firsts[i] <= rates.shape[1] - (pointers[i + 1] - pointers[i])):
            raise InputError(
                f"row {i} has the values from {pointers[i]} to {pointers[i + 1]} of {values.shape[0]}, the first in "
                f"column {firsts[i]} of {rates.shape[1]}: each must be there")
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


def fold_intervals(const double[::1] edges not None, const double[:, ::1] to_nodes not None, Py_ssize_t count,
                   const Py_ssize_t[::1] rows not None, const Py_ssize_t[::1] panels not None,
                   const double[:, ::1] recoils not None, const double[:, ::1] accepted not None):
    """Return rows of weights from intervals of the recoil energy, each inside of one panel and seen in one bin.

    Parameters
    ----------
    edges : ndarray, shape (panels + 1,)
        [keV].
    to_nodes : ndarray, shape (nodes, nodes)
        Share of each Legendre polynomial in the Lagrange polynomials of a panel's nodes.
    count : int
        Number of rows.
    rows, panels : ndarray of intp, shape (n,)
        Of each interval; both ascend, the panels in each row.
    recoils : ndarray, shape (n, m)
        [keV]: the two ends of an interval where acceptance is constant, or else nodes of a rule of integration.
    accepted : ndarray, shape (n, 1) or (n, m)
        The constant; or at each of the nodes what is accepted, times its weight [keV].

    Returns
    -------
    firsts, pointers, values : ndarray
        As of `Weights`; panels with an interval are there as a whole.
    """
    cdef Py_ssize_t n = rows.shape[0], nodes = to_nodes.shape[0], last = edges.shape[0] - 2
    cdef Py_ssize_t i, k, size, m = recoils.shape[1], row = -1, panel = -1
    cdef double moments[MOST_NODES]
    cdef double ends[2][MOST_NODES + 1]
    cdef double half, share
    cdef recurrence_t recurrence
    cdef bint constant = m == 2 and accepted.shape[1] == 1
    cdef double *out
    if panels.shape[0] != n or recoils.shape[0] != n or accepted.shape[0] != n or (
            not constant and accepted.shape[1] != m) or to_nodes.shape[1] != nodes or not 1 < nodes <= MOST_NODES:
        raise InputError(
            f"{n} rows, {panels.shape[0]} panels, recoils of shape {recoils.shape[0]} x {m}, accepted of shape "
            f"{accepted.shape[0]} x {accepted.shape[1]} and {nodes} nodes do not fit together: give one of each for "
            f"each interval, and 2 to {MOST_NODES} nodes")
    for i in range(n):
        if not 0 <= rows[i] < count or not 0 <= panels[i] <= last or i and (
                rows[i] < rows[i - 1] or rows[i] == rows[i - 1] and panels[i] < panels[i - 1]):
            raise InputError(f"interval {i} is in row {rows[i]} and panel {panels[i]}: both must be there, and ascend")
    found_firsts, found_pointers = np.zeros(count, dtype=np.intp), np.zeros(count + 1, dtype=np.intp)
    cdef Py_ssize_t[::1] firsts = found_firsts, pointers = found_pointers
    for i in range(n):
        if i == 0 or rows[i] != rows[i - 1]:
            firsts[rows[i]] = panels[i] * nodes
        pointers[rows[i] + 1] = (panels[i] + 1) * nodes - firsts[rows[i]]
    for i in range(count):
        pointers[i + 1] += pointers[i]
    size = pointers[count]
    found = np.zeros(size)
    for k in range(2, nodes + 1):
        recurrence.of_last[k], recurrence.of_second[k] = (2.0 * k - 1.0) / k, 1.0 - 1.0 / k
    cdef double[::1] values = found
    with nogil:
        for i in range(n):
            if rows[i] != row or panels[i] != panel:
                if panel >= 0:
                    add_moments(to_nodes, moments, out)
                row, panel = rows[i], panels[i]
                half = 0.5 * (edges[panel + 1] - edges[panel])
                out = &values[pointers[row] + panel * nodes - firsts[row]]
                for k in range(nodes):
                    moments[k] = 0.0
            if constant:
                for k in range(2):
                    legendre(&recurrence, on_panel(edges, panel, recoils[i, k]), nodes + 1, ends[k])
                share = accepted[i, 0] * half
                moments[0] += share * (ends[1][1] - ends[0][1])
                for k in range(1, nodes):
                    moments[k] += share / (2 * k + 1) * (
                        (ends[1][k + 1] - ends[0][k + 1]) - (ends[1][k - 1] - ends[0][k - 1]))
            else:
                for k in range(m):
                    legendre(&recurrence, on_panel(edges, panel, recoils[i, k]), nodes, ends[0])
                    add_scaled(accepted[i, k], ends[0], nodes, moments)
        if panel >= 0:
            add_moments(to_nodes, moments, out)
    return found_firsts, found_pointers, found


cdef inline double on_panel(const double[::1] edges, Py_ssize_t panel, double recoil) noexcept nogil:
    """A recoil on its panel's own axis from -1 to 1."""
    return (2.0 * recoil - edges[panel] - edges[panel + 1]) / (edges[panel + 1] - edges[panel])


cdef inline void legendre(const recurrence_t *numbers, double t, Py_ssize_t n, double *out) noexcept nogil:
    """The first n > 1 Legendre polynomials at t."""
    cdef Py_ssize_t k
    out[0], out[1] = 1.0, t
    for k in range(2, n):
        out[k] = numbers.of_last[k] * t * out[k - 1] - numbers.of_second[k] * out[k - 2]


cdef inline void add_scaled(double x, const double *values, Py_ssize_t n, double *sums) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        sums[i] += x * values[i]


cdef void add_moments(const double[:, ::1] to_nodes, const double *moments, double *out) noexcept nogil:
    """Add the integrals of Lagrange polynomials, which are sums of those of Legendre polynomials."""
    cdef Py_ssize_t k
    for k in range(to_nodes.shape[0]):
        add_scaled(moments[k], &to_nodes[k, 0], to_nodes.shape[1], out)


def gaussian_shares(const double[::1] x not None, const double[::1] sigma not None, const double[::1] low not None,
                    const double[::1] high not None, const double[::1] offset not None,
                    const double[::1] slope not None):
    """Return int (offset + slope y) N(y; x, sigma) dy over segments, shape (segments, values).

    Parameters
    ----------
    x, sigma : ndarray, shape (values,)
        Means and standard deviations of Gaussians.
    low, high, offset, slope : ndarray, shape (segments,)
        Ends of segments, and the straight line on each.
    """
    cdef Py_ssize_t i, k, n = x.shape[0], segments = low.shape[0]
    cdef double z0, z1
    if sigma.shape[0] != n or high.shape[0] != segments or offset.shape[0] != segments or (
            slope.shape[0] != segments):
        raise InputError(
            f"{n} means with {sigma.shape[0]} widths, and segments of {segments} and {high.shape[0]} ends with "
            f"{offset.shape[0]} and {slope.shape[0]} numbers do not fit together: give one of each for each")
    found = np.zeros((segments, n))
    cdef double[:, ::1] out = found
    with nogil:
        for i in range(n):
            for k in range(segments):
                z0, z1 = (low[k] - x[i]) / sigma[i], (high[k] - x[i]) / sigma[i]
                if z1 > -NOTHING and z0 < NOTHING:
                    out[k, i] = on_segment(z0, z1, offset[k] + slope[k] * x[i], slope[k] * sigma[i])
    return found


cdef double on_segment(double z0, double z1, double value, double slope) noexcept nogil:
    """Integral of a line, with its value at 0, times the normal density."""
    cdef double middle = 0.5 * (z0 + z1), half = 0.5 * (z1 - z0), total = 0.0, first, last, share, exponent, t
    cdef Py_ssize_t k
    if 2.0 * half * (1.0 + fabs(middle)) < NARROW:
        # of differences between tails few digits would be left
        for k in range(NARROW_NODES):
            t = middle + (NODES[(k + 1) // 2] if k % 2 else -NODES[k // 2]) * half
            total += NODE_WEIGHTS[(k + 1) // 2] * (value + slope * t) * exp(-0.5 * t * t)
        return DENSITY_AT_0 * half * total
    # the tail beyond each end, or the difference of two that are small would be one of ones
    first, last = 0.5 * erfc(fabs(z0) * ROOT_OF_HALF), 0.5 * erfc(fabs(z1) * ROOT_OF_HALF)
    share = first - last if z0 > 0.0 else (last - first if z1 < 0.0 else 1.0 - first - last)
    if slope == 0.0:
        return value * share
    # the density at z1 minus that at z0, with all digits where they hardly differ
    t, exponent = fmin(fabs(z0), fabs(z1)), -half * (z1 + z0)
    total = DENSITY_AT_0 * exp(-0.5 * t * t) * expm1(-fabs(exponent))
    return value * share - slope * (total if exponent < 0.0 else -total)


def poisson_tails(const double[::1] numbers not None, const double[::1] means not None):
    """Return P(n <= k) for numbers k below the mean, and -P(n > k) for others, shape (numbers, means).

    With all digits however small they are; sums of some ten terms, or of the root of the number near the mean, and of
    the terms between a number and the next one where these are few.

    Parameters
    ----------
    numbers : ndarray, shape (numbers,)
        Whole ones, of which nothing is below 0; quick where they ascend.
    means : ndarray, shape (means,)
    """
    cdef Py_ssize_t i, k, n = means.shape[0], count = numbers.shape[0]
    found = np.zeros((count, n))
    of_numbers = np.zeros((count, 2))
    cdef double[:, ::1] out = found
    # logarithms of the numbers, and what n ln n - n leaves out of that of n!
    cdef double[:, ::1] logs = of_numbers
    cdef double number, log_mean, last, total = 0.0, term = 0.0
    with nogil:
        for k in range(count):
            number = numbers[k]
            if number > 0.0:
                logs[k, 0] = log(number)
                logs[k, 1] = 0.5 * logs[k, 0] + stirling(number) if number > 16.0 else (
                    lgamma(number + 1.0) - number * logs[k, 0] + number)
        for i in range(n):
            if not means[i] > 0.0:
                continue
            log_mean = log(means[i])
            # away from where tails are small, so that nothing is lost
            last = -1.0
            for k in range(count):
                number = numbers[k]
                if not 0.0 <= number < means[i]:
                    continue
                if term > LEAST_TERM and 0.0 <= last < number <= last + STEPS:
                    while last < number:
                        last += 1.0
                        term *= means[i] / last
                        total += term
                else:
                    total = tail(number, means[i], log_mean - logs[k, 0], logs[k, 1], &term)
                last, out[k, i] = number, total
            last = -1.0
            for k in range(count - 1, -1, -1):
                number = numbers[k]
                if number < means[i]:
                    continue
                if term > LEAST_TERM and number < last <= number + STEPS:
                    while last > number:
                        total -= term
                        term *= last / means[i]
                        last -= 1.0
                else:
                    total = tail(number, means[i], log_mean - logs[k, 0], logs[k, 1], &term)
                last, out[k, i] = number, total
    return found


cdef inline double stirling(double number) noexcept nogil:
    cdef double square = 1.0 / (number * number)
    return LOG_OF_ROOT + (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0))) / number


cdef double tail(double number, double mean, double log_ratio, double rest, double *own) noexcept nogil:
    """The tail beyond a number on the side on which it is small; and the probability of the number itself."""
    cdef double away, term, total, j
    if number > 0.0:
        away = (mean - number) / number
        # near the mean few digits would be left of the difference
        term = exp(number * ((log1p(away) if fabs(away) < 0.5 else log_ratio) - away) - rest)
    else:
        term = exp(-mean)
    own[0] = term
    if term == 0.0:
        return 0.0
    if number < mean:
        total, j = term, number
        while j > 0.0 and term > LAST_TERM * total:
            term *= j / mean
            total += term
            j -= 1.0
        return total
    j = number + 1.0
    term *= mean / j
    total = term
    while term > LAST_TERM * total:
        j += 1.0
        term *= mean / j
        total += term
    return -total


def add_line(const double[:, ::1] numbers not None, const double[:, ::1] folded not None,
             double[:, ::1] constant not None, double[:, :, ::1] linear not None):
    """Add folded channels times their numbers of y^0, y^1 and y^2 to a, and to b and c.

    Parameters
    ----------
    numbers : ndarray, shape (3, channels)
    folded : ndarray, shape (channels, rows x bins)
    constant : ndarray, shape (rows, bins)
    linear : ndarray, shape (rows, 2, bins)
    """
    cdef Py_ssize_t k, rows = constant.shape[0], bins = constant.shape[1]
    if numbers.shape[0] != 3 or numbers.shape[1] != folded.shape[0] or folded.shape[1] != rows * bins or (
            linear.shape[0] != rows or linear.shape[1] != 2 or linear.shape[2] != bins):
        raise InputError(
            f"numbers of {numbers.shape[1]} channels, {folded.shape[0]} folded channels and counts in {rows} rows of "
            f"{bins} bins do not fit together: give three numbers for each channel, and all of its counts")
    if rows * bins == 0 or folded.shape[0] == 0:
        return
    with nogil:
        # a stands in one piece
        add_channels(numbers[0], folded, &constant[0, 0], 1, rows * bins, 0)
        for k in range(2):
            add_channels(numbers[1 + k], folded, &linear[0, k, 0], rows, bins, 2 * bins)


cdef void add_channels(const double[::1] numbers, const double[:, ::1] folded, double *out, Py_ssize_t rows,
                       Py_ssize_t bins, Py_ssize_t stride) noexcept nogil:
    """Add channels times their numbers to rows that are `stride` apart, those that count three at a time."""
    cdef Py_ssize_t i, k, row, found = 0
    cdef double x[3]
    cdef const double *counts[3]
    cdef const double *first
    cdef const double *second
    cdef const double *third
    cdef double *sums
    for k in range(numbers.shape[0]):
        if numbers[k] != 0.0:
            x[found], counts[found] = numbers[k], &folded[k, 0]
            found += 1
        if found < 3 and k < numbers.shape[0] - 1 or not found:
            continue
        for i in range(found, 3):
            x[i], counts[i] = 0.0, counts[0]
        for row in range(rows):
            sums = out + row * stride
            first, second, third = counts[0] + row * bins, counts[1] + row * bins, counts[2] + row * bins
            for i in range(bins):
                sums[i] = sums[i] + x[0] * first[i] + x[1] * second[i] + x[2] * third[i]
        found = 0
