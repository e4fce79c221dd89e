"""chi2 without Python in between, for samplers: built by samplers.py, shown in docs/performance.md."""

import numpy as np

from libc.math cimport INFINITY

from cevns.kernels.likelihood cimport Evaluator, chi2_c


def chi2_of_logarithms(Evaluator chi2, double log_m, double log_g):
    """Return chi2 at 10^log_m MeV and 10^log_g."""
    cdef double[2] point
    point[0], point[1] = 10.0**log_m, 10.0**log_g
    return chi2_c(&chi2.c, point)


def log_probabilities(Evaluator chi2, const double[:, :] x):
    """Return -chi2/2 of rows (log10 mass, log10 coupling), minus infinity outside the prior."""
    cdef double[2] point  # values in the order of chi2.parameters
    cdef Py_ssize_t i
    out = np.empty(x.shape[0])
    cdef double[::1] values = out
    with nogil:
        for i in range(x.shape[0]):
            if -1.0 < x[i, 0] < 4.0 and -6.0 < x[i, 1] < -1.0:
                point[0], point[1] = 10.0**x[i, 0], 10.0**x[i, 1]
                values[i] = -0.5 * chi2_c(&chi2.c, point)
            else:
                values[i] = -INFINITY
    return out
