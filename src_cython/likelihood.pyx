"""chi2 of the sum of all experiments with every nuisance profiled: points, rows, grids and exact limits."""

from cpython.pycapsule cimport PyCapsule_GetContext, PyCapsule_New, PyCapsule_SetContext
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.math cimport INFINITY, NAN, exp

from cevns.kernels.counts cimport MAX_PARAMETERS
from cevns.kernels.engine cimport Engine
from cevns.kernels.functions cimport Function, inside
from cevns.kernels.gradients cimport sum_gradient
from cevns.kernels.points cimport point_chi2

cimport numpy as np

import sys

import numpy as np

from cevns.errors import InputError

np.import_array()


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


cdef class Evaluator(Function):
    """Evaluator(parameters, engine, subject="")

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

    def __cinit__(self, parameters, Engine engine not None, subject=""):
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
        if not value < INFINITY:
            self.engine.refuse_at(value, values)
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
        if not value < INFINITY:
            self.engine.refuse_at(value, values)
        return value, out

    def __reduce__(self):
        return Evaluator, (self.parameters, self.engine, self.subject)

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
