"""Spectra of one neutrino flavour, piecewise cubic in energy plus lines, with exact moments.

The neutrino-energy integral of eq. 2.9 (arXiv:2008.05022) does not know the interaction, since Q depends on the recoil
alone: it is I_0(E_min) - E_min^2 I_2(E_min) with the moments I_k computed here in closed form. The pion-decay spectra
(eqs. 2.6-2.8) are cubics and a line; a table with linear interpolation is exact too.
"""

import numpy as np

from cevns.errors import InputError


cdef const double* _data(const double[::1] view) noexcept:
    return &view[0] if view.shape[0] else NULL


cdef Py_ssize_t _points(const double[::1] given, const double[::1] out) except -1:
    """How many points to compute, both arrays checked."""
    require_aligned(_data(given))
    require_aligned(_data(out))
    return min(given.shape[0], out.shape[0])


cdef class Spectrum:
    """Spectrum(breaks, coefficients, line_energies=(), line_weights=())

    Density phi(E) = sum_n coefficients[i, n] E^n on [breaks[i], breaks[i+1]], zero elsewhere, plus lines.

    Parameters
    ----------
    breaks : array_like, shape (m + 1,) or (0,)
        Ascending energies [MeV], the first at least 0.
    coefficients : array_like, shape (m, 4)
        Per MeV and whatever unit the flux has (here: cm^-2 over the exposure).
    line_energies, line_weights : array_like, shape (l,)
        Energies [MeV] and weights of delta functions.

    Notes
    -----
    Numbers are taken as they come, if they are numbers and fit together: `cevns.fluxes` checks what users give.
    Immutable; pickles.

    Examples
    --------
    >>> Spectrum([0.0, 10.0], [[1e10, 0.0, 0.0, 0.0]], [29.8], [1e12])  # flat up to 10 MeV, and a line
    <Spectrum of 1 intervals and 1 lines>
    """

    def __cinit__(self, breaks, coefficients, line_energies=(), line_weights=()):
        cdef Py_ssize_t i
        cdef int k
        self.breaks = _frozen("breaks", breaks)
        table = _frozen("coefficients", coefficients)
        self.line_energies = _frozen("line_energies", line_energies)
        self.line_weights = _frozen("line_weights", line_weights)
        cdef Py_ssize_t pieces = max(self.breaks.size - 1, 0)
        if (
            table.size != 4 * pieces
            or self.breaks.ndim != 1
            or self.line_energies.ndim != 1
            or self.line_energies.shape[0] != self.line_weights.size
        ):
            raise InputError(
                "breaks and coefficients, or line energies and weights, do not fit together: give four coefficients "
                "for each interval between two breaks, and a weight for each line")
        self.coefficients = table.reshape(-1, 4)
        tails = np.zeros(3 * (pieces + 1))
        cdef double[::1] tail = tails
        self.c.pieces = pieces
        self.c.breaks = _data(self.breaks)
        self.c.coefficients = _data(self.coefficients.reshape(-1))
        self.c.lines = self.line_energies.shape[0]
        self.c.line_energies = _data(self.line_energies)
        self.c.line_weights = _data(self.line_weights)
        for i in range(pieces - 1, -1, -1):
            for k in range(3):
                tail[3 * i + k] = tail[3 * (i + 1) + k] + (
                    INFINITY if self.c.breaks[i] == 0.0 and k > 0 and _diverges(self.coefficients[i], k)
                    else piece_moment_c(self.c.coefficients + 4 * i, self.c.breaks[i], self.c.breaks[i + 1], k))
        self._tails = tails
        self.c.tails = _data(tails)

    def __eq__(self, other):
        if not isinstance(other, Spectrum):
            return NotImplemented
        return _values(self) == _values(other)

    def __hash__(self):
        return hash(_values(self))

    def __repr__(self):
        parts = [f"{self.c.pieces} intervals"] if self.c.pieces else []
        parts += [f"{self.c.lines} lines"] if self.c.lines else []
        return f"<Spectrum of {' and '.join(parts) or 'nothing'}>"

    def __reduce__(self):
        return Spectrum, (self.breaks, self.coefficients, self.line_energies, self.line_weights)

    def density(self, const double[::1] energy not None, double[::1] out not None):
        """Write phi(E), lines left out, into `out`."""
        cdef Py_ssize_t i, n = _points(energy, out)
        with nogil:
            for i in range(n):
                out[i] = density_c(&self.c, energy[i])

    def moment(self, const double[::1] e_min not None, int k, double[::1] out not None):
        """Write I_k(E_min), k = 0, 1, 2, into `out`."""
        cdef Py_ssize_t i, n = _points(e_min, out)
        if not 0 <= k <= 2:
            raise InputError(f"moment {k} is not known: k must be 0, 1 or 2")
        with nogil:
            for i in range(n):
                out[i] = moment_c(&self.c, e_min[i], k)

    def kinematic_moment(self, const double[::1] e_min not None, double[::1] out not None):
        """Write I_0(E_min) - E_min^2 I_2(E_min) into `out`."""
        cdef Py_ssize_t i, n = _points(e_min, out)
        with nogil:
            for i in range(n):
                out[i] = kinematic_moment_c(&self.c, e_min[i])


def _diverges(coefficients, int k):
    """Whether Int_0 dE E^-k sum_n c_n E^n diverges at the lower end."""
    return any(coefficients[n] != 0.0 for n in range(k))


def _values(spectrum):
    arrays = spectrum.breaks, spectrum.coefficients, spectrum.line_energies, spectrum.line_weights
    return tuple(tuple(array.ravel().tolist()) for array in arrays)


def _frozen(name, values):
    # what an array of units, of masked values or of texts means would be lost
    if not isinstance(values, (list, tuple)) and type(values) is not np.ndarray:
        raise InputError(f"{name} must be an array of numbers, got an object of type {type(values).__name__}")
    try:
        given = np.asarray(values)
    except ValueError:
        given = np.empty(0, dtype=object)
    if given.dtype.kind not in "iuf":
        raise InputError(f"{name} must be an array of numbers")
    # in C's order whatever the order of `values`, because flat views of it are what the kernels read
    array = np.array(given, dtype=float, order="C")
    array.flags.writeable = False
    return array
