"""chi2 of the sum of all experiments with every nuisance profiled: points, rows, grids and exact limits."""

from cpython.pycapsule cimport PyCapsule_GetContext, PyCapsule_New, PyCapsule_SetContext
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.math cimport INFINITY, NAN, exp
from libc.stdlib cimport free, malloc

from cevns.kernels.convexity cimport certify as certify_term
from cevns.kernels.convexity cimport samples
from cevns.kernels.counts cimport MAX_PARAMETERS, line_value
from cevns.kernels.functions cimport inside
from cevns.kernels.gaussian cimport (
    ALONE, MANY, GaussianTerm, direct_chi2, open_rows, row_t, rows_size, start_rows, term_t)
from cevns.kernels.gradients cimport sum_gradient
from cevns.kernels.masses cimport tabulate
from cevns.kernels.pieces cimport own
from cevns.kernels.points cimport point_chi2, point_priors
from cevns.kernels.polynomials cimport power
from cevns.kernels.quenching cimport row_chi2
from cevns.kernels.search cimport (
    MAX_CROSSINGS, most_seeds, row_crossings, row_minimum)
from cevns.kernels.sums cimport MAX_SHARED, centred, line_chi2, line_prior, prior_chi2, shared_chi2

cimport numpy as np

import sys

import numpy as np

from cevns.errors import InputError

np.import_array()

cdef enum:
    TRIALS = 64  # single points before it pays to know whether terms are convex, of a few samples
    FEW_SAMPLES = 11


cdef double chi2_c(const bound_t *bound, const double *values) noexcept nogil:
    if not inside(&bound.ranges, values):
        return NAN
    return point_chi2(&bound.sum, values)


cdef double gradient_c(const bound_t *bound, const double *values, double *gradient) noexcept nogil:
    cdef Py_ssize_t i
    if not inside(&bound.ranges, values):
        for i in range(bound.ranges.n):
            gradient[i] = NAN
        return NAN
    return sum_gradient(&bound.sum, values, gradient)


cdef double nquad_chi2(int n, double *x, void *data) noexcept nogil:
    if n != (<const bound_t *> data).ranges.n:
        return NAN
    return chi2_c(<const bound_t *> data, x)


cdef double nquad_likelihood(int n, double *x, void *data) noexcept nogil:
    return exp(-0.5 * nquad_chi2(n, x, data))


cdef class Engine:
    """Engine(terms, shared=(), priors=())

    Sum of the chi2 of several terms, which are functions of the same parameters. Every method may run in several
    threads at once.

    Points come as rows of values, one for each parameter; along the line that the counts run along, as values of y.

    Parameters
    ----------
    terms : sequence of GaussianTerm
        One for each experiment.
    shared : sequence of (float, sequence of int)
        Nuisances that scale the signals of several terms: the relative uncertainty, and which terms.
    priors : sequence of (int, float, float)
        Index, mean and standard deviation of parameters that have a prior; of those that are fixed, -1, the value, and
        what it adds to chi2.
    """

    def __cinit__(self, terms, shared=(), priors=()):
        cdef Py_ssize_t i, k
        cdef GaussianTerm term, first
        cdef double[:, ::1] members
        self.terms = tuple(terms)
        self.s.n = len(self.terms)
        self.s.terms = <const term_t **> malloc(self.s.n * sizeof(term_t *))
        if self.s.terms == NULL:
            raise MemoryError
        if not self.s.n:
            raise ValueError("terms is empty")
        first = self.terms[0]
        for i in range(self.s.n):
            if not isinstance(self.terms[i], GaussianTerm):
                raise TypeError(f"terms must hold GaussianTerm objects, got {self.terms[i]!r}")
            term = self.terms[i]
            if (term.counts.c.parameters, term.counts.c.line, term.counts.c.line_power) != (
                    first.counts.c.parameters, first.counts.c.line, first.counts.c.line_power):
                raise ValueError("terms are functions of different parameters")
            tabulate(term)
            self.s.terms[i] = &term.t
            # each sample costs what some dozen points save
            self.trials = max(self.trials, TRIALS * max(samples(term.t.counts) - FEW_SAMPLES, 1))
        self.parameters = first.counts.c.parameters
        self.line, self.line_power = first.counts.c.line, first.counts.c.line_power
        self.s.lowest, self.s.highest = -INFINITY, INFINITY
        self.s.line, self.s.line_power, self.s.line_origin = self.line, self.line_power, 0.0
        if self.line >= 0:
            low = first.counts.c.low[self.line] - first.counts.c.origins[self.line]
            high = first.counts.c.high[self.line] - first.counts.c.origins[self.line]
            ends = sorted([power(low, self.line_power), power(high, self.line_power)])
            if self.line_power % 2 == 0 and low < 0 < high:
                ends[0] = 0.0
            self.s.lowest, self.s.highest = ends
            self.s.line_origin = first.counts.c.origins[self.line]
        self.shared = tuple([(float(sigma), tuple(where)) for sigma, where in shared])
        self.s.shared = len(self.shared)
        if self.s.shared > MAX_SHARED:
            raise InputError(f"{self.s.shared} shared nuisances are too many: at most {MAX_SHARED}")
        members = np.zeros((self.s.n, self.s.shared))
        for k, (_, where) in enumerate(self.shared):
            for i in where:
                members[i, k] = 1.0
        owned = []
        self.s.sigma = own(owned, np.array([sigma for sigma, _ in self.shared]))
        self.s.members = own(owned, members)
        self.take_priors(priors, owned)
        self.owned = tuple(owned)
        self.seeds = most_seeds(&self.s)
        self.calls, self.s.size = 0, rows_size(self.s.terms, self.s.n)

    def __dealloc__(self):
        free(self.s.terms)

    def __reduce__(self):
        return Engine, (self.terms, self.shared, self.priors)

    cdef take_priors(self, priors, list owned):
        """Put the priors where points and the line find them."""
        self.priors = tuple([(int(i), float(mean), float(sigma)) for i, mean, sigma in priors])
        self.s.constant = sum([sigma for i, _, sigma in self.priors if i < 0], 0.0)
        rest = [(i, mean, sigma ** -2.0) for i, mean, sigma in self.priors if i >= 0 and i != self.line]
        self.s.priors = len(rest)
        self.s.prior = own(owned, np.array(rest, dtype=float).reshape(-1, 3))
        self.s.line_mean = self.s.line_weight = 0.0
        for i, mean, sigma in self.priors:
            if i >= 0 and i == self.line:
                self.s.line_mean, self.s.line_weight = mean - self.s.line_origin, sigma ** -2.0

    cdef one_valued(self):
        """Refuse to go along the line where the prior of its parameter has two values."""
        cdef const term_t *t = self.s.terms[0]
        if self.s.line_weight and self.line_power % 2 == 0 and t.counts.low[self.line] < self.s.line_origin:
            name = (<GaussianTerm> self.terms[0]).counts.parameters[self.line].name
            raise InputError(
                f"{name} has both signs, of which chi2 knows the even power {self.line_power} alone, but its prior "
                "knows both: give it a range of one sign, or take fit, interval or contour")

    cdef certify(self):
        """Find out, once, how terms are minimised in eta; who comes meanwhile goes on as before, or finds the same."""
        cdef GaussianTerm term
        # shared nuisances move a term's centre, and widen its pull, of which the certificate knows nothing
        for term in self.terms if not self.s.shared else ():
            certify_term(&term.t)
        self.calls, self.s.size = -1, rows_size(self.s.terms, self.s.n)

    cdef int count(self) except -1:
        """Note one more point, of which many pay for a look at how terms are minimised in eta."""
        if self.calls >= 0:
            self.calls += 1
            if self.calls > self.trials:
                self.certify()
        return 0

    def prepare(self):
        """Find out how terms are minimised in eta, which pays before many points, and return the engine."""
        if self.calls >= 0:
            self.certify()
        return self

    cdef row_t* rows(self, const double[:, ::1] values) except NULL:
        cdef row_t *rows
        if values.shape[1] != self.parameters:
            raise ValueError(f"values need {self.parameters} columns, got {values.shape[1]}")
        self.prepare()
        rows = open_rows(self.s.terms, self.s.n, self.s.size)
        if rows == NULL:
            raise MemoryError
        return rows

    def profile(self, const double[::1] values not None):
        """Return chi2, the best eta, the signal's factor and the backgrounds' pulls of each term at one point.

        Returns
        -------
        terms : list of (float, float, float, ndarray)
            The pulls are in units of their sigmas.
        shared : list of float
            Values of the shared nuisances, of which no term's chi2 has the pull; nor has it those of parameters.
        """
        cdef Py_ssize_t i
        cdef double value, y = 0.0, none = 0.0
        cdef double best[MAX_SHARED]
        cdef term_t centred_term
        cdef double[::1] shifts
        cdef const double *at = &values[0] if values.shape[0] else &none
        if values.shape[0] != self.parameters:
            raise ValueError(f"{self.parameters} values are needed, got {values.shape[0]}")
        self.count()
        cdef row_t *rows = open_rows(self.s.terms, self.s.n, self.s.size)
        if rows == NULL:
            raise MemoryError
        out = []
        try:
            start_rows(self.s.terms, rows, self.s.n, at, ALONE)
            if self.s.shared:
                shared_chi2(&self.s, rows, y, best)
            for i in range(self.s.n):
                found = np.empty(1 + self.s.terms[i].backgrounds)
                shifts = found
                if not self.s.shared:
                    row_chi2(self.s.terms[i], rows + i, y)
                centred(&self.s, i, best, &centred_term)
                value = direct_chi2(&centred_term, rows + i, y, rows[i].eta, max(rows[i].piece, 0), NULL, &shifts[0])
                out.append((value, rows[i].eta, shifts[0], found[1:]))
        finally:
            free(rows)
        return out, [best[i] for i in range(self.s.shared)]

    def penalty(self, const double[::1] values not None):
        """Return what the priors of parameters add to chi2 at one point."""
        cdef double none = 0.0
        if values.shape[0] != self.parameters:
            raise ValueError(f"{self.parameters} values are needed, got {values.shape[0]}")
        return point_priors(&self.s, &values[0] if values.shape[0] else &none)

    def points(self, const double[:, ::1] values not None, double[::1] out not None):
        """Write chi2 of points, shape (n, parameters), into `out`; those that differ in the line alone share work."""
        cdef Py_ssize_t i = 0, last, n = min(values.shape[0], out.shape[0])
        cdef double none = 0.0
        cdef double *y = <double *> malloc((n + 1) * sizeof(double))
        cdef row_t *rows
        try:
            if y == NULL:
                raise MemoryError
            rows = self.rows(values)
            with nogil:
                for i in range(n):
                    y[i] = line_value(self.s.terms[0].counts, &values[i, 0] if self.parameters else &none)
                i = 0
                while i < n:
                    last = i + 1
                    while last < n and self.together(&values[i, 0], &values[last, 0]):
                        last += 1
                    start_rows(self.s.terms, rows, self.s.n, &values[i, 0] if self.parameters else &none,
                               MANY if last > i + 1 else ALONE)
                    if last == i + 1:
                        y[i] = 0.0
                    line_chi2(&self.s, rows, y + i, last - i, &out[i])
                    while i < last:
                        out[i] += point_priors(&self.s, &values[i, 0] if self.parameters else &none)
                        i += 1
            free(rows)
        finally:
            free(y)

    cdef bint together(self, const double *first, const double *second) noexcept nogil:
        cdef Py_ssize_t i
        for i in range(self.parameters):
            if i != self.line and first[i] != second[i]:
                return False
        return True

    def grid(self, const double[:, ::1] values not None, const double[::1] y not None, double[:, ::1] out not None):
        """Write chi2 on a grid of points and values of y into `out`, shape (points, values)."""
        cdef Py_ssize_t i, j, n = min(values.shape[0], out.shape[0]), m = min(y.shape[0], out.shape[1])
        cdef double others
        self.one_valued()
        cdef row_t *rows = self.rows(values)
        with nogil:
            if m:
                for i in range(n):
                    start_rows(self.s.terms, rows, self.s.n, &values[i, 0], MANY)
                    line_chi2(&self.s, rows, &y[0], m, &out[i, 0])
                    others = prior_chi2(&self.s, &values[i, 0])
                    for j in range(m):
                        out[i, j] += others + line_prior(&self.s, y[j])
            free(rows)

    def minima(self, const double[:, ::1] values not None, bint two_sided, double[::1] out not None,
               double[::1] at not None):
        """Write the least chi2 along the line through each point into `out` and its y into `at`."""
        cdef Py_ssize_t i, n = min(values.shape[0], out.shape[0], at.shape[0])
        self.one_valued()
        cdef row_t *rows = self.rows(values)
        cdef double *seeds = <double *> malloc(2 * self.seeds * sizeof(double))
        with nogil:
            if seeds != NULL:
                for i in range(n):
                    start_rows(self.s.terms, rows, self.s.n, &values[i, 0], MANY)
                    out[i] = row_minimum(&self.s, rows, two_sided, seeds, seeds + self.seeds, &at[i])
                    out[i] += prior_chi2(&self.s, &values[i, 0])
            free(rows)
            free(seeds)
        if seeds == NULL:
            raise MemoryError

    def crossings(self, const double[:, ::1] values not None, bint two_sided, double level,
                  double[:, ::1] out not None, Py_ssize_t[::1] counts not None, char[::1] above not None):
        """Find every y at which chi2 crosses `level`, on the line through each point.

        Parameters
        ----------
        values : array, shape (m, parameters)
            Points.
        two_sided : bool
            Whether y may be negative.
        level : float
            Absolute chi2.
        out : array, shape (m, `crossings_limit()`)
            Ascending crossings.
        counts : array of intp, shape (m,)
            How many there are; -1 where they are more than `crossings_limit()`.
        above : array of int8, shape (m,)
            Whether chi2 lies above the level before the first one.
        """
        cdef Py_ssize_t i, n = min(values.shape[0], out.shape[0], counts.shape[0], above.shape[0])
        cdef row_t *rows
        cdef double *seeds
        if out.shape[1] < MAX_CROSSINGS:
            raise ValueError(f"out needs {MAX_CROSSINGS} columns")
        self.one_valued()
        rows = self.rows(values)
        seeds = <double *> malloc(2 * self.seeds * sizeof(double))
        with nogil:
            if seeds != NULL:
                for i in range(n):
                    start_rows(self.s.terms, rows, self.s.n, &values[i, 0], MANY)
                    counts[i] = row_crossings(
                        &self.s, rows, two_sided, level - prior_chi2(&self.s, &values[i, 0]), seeds,
                        seeds + self.seeds, &out[i, 0], &above[i])
            free(rows)
            free(seeds)
        if seeds == NULL:
            raise MemoryError


cdef class Evaluator(Function):
    """Evaluator(parameters, engine)

    chi2 of one interaction as a fast function of its parameters; `Likelihood.bind` makes it. Safe to call from several
    threads.

    Other Cython code calls ``chi2_c(&evaluator.c, values)`` of ``cevns.kernels.likelihood`` without the GIL.

    Examples
    --------
    >>> import cevns
    >>> chi2 = cevns.load("coherent-argon-2020").bind("b-l")
    >>> round(chi2(10.0, 5e-5), 4)
    10.3209
    """

    def __cinit__(self, parameters, Engine engine not None):
        self.engine = engine
        self.c.ranges = self.ranges
        self.c.sum = engine.s

    def __call__(self, *args, **named):
        """Return chi2 at one point, all nuisances profiled.

        Returns
        -------
        float

        Raises
        ------
        InputError
            If a value is missing, superfluous, not a number or out of range.
        """
        cdef double values[MAX_PARAMETERS]
        cdef double value
        self.read(args, named, values)
        self.engine.count()
        value = point_chi2(&self.engine.s, values)
        if value != value:
            raise MemoryError
        return value

    def gradient(self, *args, **named):
        """Return chi2 at one point and its derivatives in all parameters, all nuisances profiled.

        Returns
        -------
        float, ndarray
            The derivatives have shape (parameters,), each in 1 / the parameter's unit. At an end of a parameter's range
            they are those from inside.

        Raises
        ------
        InputError
            If a value is missing, superfluous, not a number or out of range.

        Examples
        --------
        >>> import cevns
        >>> chi2 = cevns.load("coherent-argon-2020").bind("b-l")
        >>> value, (by_mass, by_coupling) = chi2.gradient(10.0, 5e-5)
        >>> round(value, 4), float(by_mass.round(4)), float(by_coupling.round(-3))
        (10.3209, -0.1228, 229000.0)
        """
        cdef double values[MAX_PARAMETERS]
        cdef double value
        cdef np.npy_intp n = self.ranges.n
        self.read(args, named, values)
        self.engine.count()
        out = np.PyArray_SimpleNew(1, &n, np.NPY_DOUBLE)
        value = sum_gradient(&self.engine.s, values, <double *> np.PyArray_DATA(out))
        if value != value:
            raise MemoryError
        return value, out

    def __reduce__(self):
        return Evaluator, (self.parameters, self.engine)

    def low_level_callable(self, quantity="chi2"):
        """Return the function as a `scipy.LowLevelCallable` of the parameters, for `scipy.integrate.nquad`.

        Parameters
        ----------
        quantity : {"chi2", "likelihood"}
            chi2 itself, or exp(-chi2 / 2).

        Returns
        -------
        scipy.LowLevelCallable
            NaN where a parameter is out of range. It keeps this evaluator alive.

        Examples
        --------
        >>> import cevns
        >>> from scipy.integrate import nquad
        >>> chi2 = cevns.load("coherent-argon-2020").bind("b-l")
        >>> function = chi2.low_level_callable("likelihood")
        >>> value, _ = nquad(function, [(1.0, 2.0), (0.0, 1e-4)], opts={"epsabs": 0.0})
        >>> f"{value:.3e}"
        '6.149e-07'
        """
        from scipy import LowLevelCallable

        names = {"chi2": "nquad_chi2", "likelihood": "nquad_likelihood"}
        if not isinstance(quantity, str) or quantity not in names:
            raise InputError(f"quantity = {quantity!r} is not allowed: it must be {' or '.join(names)}")
        self.engine.prepare()
        # the capsule owns a reference, since a LowLevelCallable cannot hold one itself
        Py_INCREF(self)
        capsule = PyCapsule_New(<void *> &self.c, NULL, release_evaluator)
        PyCapsule_SetContext(capsule, <void *> self)
        return LowLevelCallable.from_cython(sys.modules[__name__], names[quantity], capsule)


cdef void release_evaluator(object capsule) noexcept:
    Py_DECREF(<object> PyCapsule_GetContext(capsule))


def crossings_limit():
    """Return the most level crossings that `Engine.crossings` stores for a line."""
    return MAX_CROSSINGS
