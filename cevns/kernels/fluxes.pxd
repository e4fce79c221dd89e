"""Neutrino spectra with exact moments, for other Cython code."""

from libc.math cimport INFINITY, log1p


ctypedef struct spectrum_t:
    # piecewise cubic: on [breaks[i], breaks[i+1]] the density is sum_n coefficients[4 i + n] E^n;
    # tails[3 i + k] is the moment k of everything above breaks[i]; lines are delta functions
    Py_ssize_t pieces
    const double *breaks
    const double *coefficients
    const double *tails
    Py_ssize_t lines
    const double *line_energies
    const double *line_weights


cdef inline int require_aligned(const double *data) except -1:
    """Refuse an address that no double may have: reading one there is undefined, if harmless on most CPUs."""
    if <size_t> data % sizeof(double):
        # a header cannot import for everybody who reads it
        from cevns.errors import InputError

        raise InputError("an array is not aligned in memory; np.require(array, float, 'CA') makes a copy that is")
    return 0


cdef inline double piece_moment_c(const double *c, double low, double high, int k) noexcept nogil:
    """Int_low^high dE E^-k sum_n c_n E^n for k = 0, 1, 2, written in differences that do not cancel."""
    cdef double h = high - low
    cdef double s = high + low
    if h <= 0.0:
        return 0.0
    if k == 0:
        return h * (c[0] + 0.5 * c[1] * s + c[2] * (s * s - low * high) / 3.0 + 0.25 * c[3] * s * (
            high * high + low * low))
    if k == 1:
        return (c[0] * log1p(h / low) if c[0] != 0.0 else 0.0) + h * (
            c[1] + 0.5 * c[2] * s + c[3] * (s * s - low * high) / 3.0)
    return ((c[0] * h / (low * high) if c[0] != 0.0 else 0.0) + (c[1] * log1p(h / low) if c[1] != 0.0 else 0.0)
            + h * (c[2] + 0.5 * c[3] * s))


cdef inline Py_ssize_t piece_c(const spectrum_t *f, double energy) noexcept nogil:
    """Index of the piece that holds `energy`; -1 below the first, `pieces` above the last."""
    cdef Py_ssize_t low = 0, high = f.pieces, middle
    if f.pieces == 0 or energy >= f.breaks[f.pieces]:
        return f.pieces
    if energy < f.breaks[0]:
        return -1
    while high - low > 1:
        middle = (low + high) >> 1
        if f.breaks[middle] <= energy:
            low = middle
        else:
            high = middle
    return low


cdef inline double moment_c(const spectrum_t *f, double e_min, int k) noexcept nogil:
    """I_k(E_min) = Int_{E_min} dE phi(E) E^-k for k = 0, 1, 2; a line counts where its energy is above E_min."""
    cdef Py_ssize_t i = piece_c(f, e_min), j
    cdef double total = 0.0
    if i < 0:
        total = f.tails[k]
    elif i < f.pieces and e_min == f.breaks[i]:
        total = f.tails[3 * i + k]
    elif i < f.pieces:
        total = piece_moment_c(f.coefficients + 4 * i, e_min, f.breaks[i + 1], k) + f.tails[3 * (i + 1) + k]
    for j in range(f.lines):
        if f.line_energies[j] > e_min:
            total += f.line_weights[j] / (1.0 if k == 0 else f.line_energies[j] ** k)
    return total


cdef inline double kinematic_moment_c(const spectrum_t *f, double e_min) noexcept nogil:
    """Int_{E_min} dE phi(E) (1 - E_min^2 / E^2): all that a recoil spectrum needs of the flux (eqs. 2.1 and 2.9)."""
    cdef Py_ssize_t i, j
    cdef double zeroth = 0.0, second = 0.0, ratio
    if e_min <= 0.0:
        return moment_c(f, e_min, 0)
    # moments 0 and 2 of `moment_c` after a single search
    i = piece_c(f, e_min)
    if i < 0:
        zeroth, second = f.tails[0], f.tails[2]
    elif i < f.pieces:
        zeroth = piece_moment_c(f.coefficients + 4 * i, e_min, f.breaks[i + 1], 0) + f.tails[3 * (i + 1)]
        second = piece_moment_c(f.coefficients + 4 * i, e_min, f.breaks[i + 1], 2) + f.tails[3 * (i + 1) + 2]
    zeroth -= e_min * e_min * second
    for j in range(f.lines):
        if f.line_energies[j] > e_min:
            ratio = e_min / f.line_energies[j]
            zeroth += f.line_weights[j] * (1.0 - ratio * ratio)
    return zeroth


cdef inline double density_c(const spectrum_t *f, double energy) noexcept nogil:
    """phi(E) without the lines."""
    cdef Py_ssize_t i = piece_c(f, energy)
    cdef const double *c
    if i < 0 or i >= f.pieces:
        return 0.0
    c = f.coefficients + 4 * i
    return c[0] + energy * (c[1] + energy * (c[2] + energy * c[3]))


cdef class Spectrum:
    cdef readonly object breaks, coefficients, line_energies, line_weights
    cdef object _tails
    cdef spectrum_t c
