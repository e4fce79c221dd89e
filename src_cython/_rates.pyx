"""The double integral over recoil and neutrino energy of eq. 2.9 (arXiv:2008.05022), for any flux of `_fluxes`.

The energy integral is closed form; the recoil integral is Gauss-Legendre on intervals that the caller splits at every
kink, so that it is exact to rounding with few nodes.
"""

from cython.parallel cimport prange
from libc.stdlib cimport free, malloc

from cevns._fluxes cimport Spectrum, require_aligned


cdef class RecoilRate:
    """RecoilRate(nuclei, spectra, couplings)

    Recoil spectrum of a target in a flux for one interaction.

    Parameters
    ----------
    nuclei : array_like, shape (n, 8)
        Rows: mass [MeV], Z, N, R_p [fm], R_n [fm], thickness [fm], scale [cm^2/MeV], form-factor code.
    spectra : sequence of Spectrum, length f
        Spectra [cm^-2 MeV^-1]; one entry per flavour and component.
    couplings : array_like, shape (f, 4)
        g_V^p, g_V^n, kp and kn for each entry of `spectra`.
    """

    cdef nucleus_t *nuclei
    cdef flavour_t *flavours
    cdef const spectrum_t **spectra
    cdef Py_ssize_t n_nuclei, n_spectra
    cdef tuple owners
    cdef tuple arguments

    def __cinit__(self, nuclei, spectra, couplings):
        cdef Py_ssize_t i
        cdef Spectrum spectrum
        self.arguments = (nuclei, spectra, couplings)
        self.owners = tuple(spectra)
        self.n_nuclei, self.n_spectra = len(nuclei), len(self.owners)
        if len(couplings) != self.n_spectra:
            raise ValueError("couplings and spectra differ in length")
        self.nuclei = <nucleus_t *> malloc(self.n_nuclei * sizeof(nucleus_t))
        self.flavours = <flavour_t *> malloc(self.n_spectra * sizeof(flavour_t))
        self.spectra = <const spectrum_t **> malloc(self.n_spectra * sizeof(spectrum_t *))
        if not (self.nuclei and self.flavours and self.spectra):
            raise MemoryError
        for i in range(self.n_nuclei):
            mass, protons, neutrons, r_p, r_n, thickness, scale, code = nuclei[i]
            self.nuclei[i] = nucleus_t(
                mass, protons, neutrons, length_c(code, r_p, thickness), length_c(code, r_n, thickness), thickness,
                scale, code)
        for i in range(self.n_spectra):
            if not isinstance(self.owners[i], Spectrum):
                raise TypeError(f"spectra must hold Spectrum objects, got {self.owners[i]!r}")
            g_p, g_n, k_p, k_n = couplings[i]
            self.flavours[i] = flavour_t(g_p, g_n, k_p, k_n)
            spectrum = self.owners[i]
            self.spectra[i] = &spectrum.c

    def __dealloc__(self):
        free(self.nuclei)
        free(self.flavours)
        free(self.spectra)

    def __reduce__(self):
        return RecoilRate, self.arguments

    cdef double at(self, double recoil, double strength, double mass_squared, bint contact) noexcept nogil:
        cdef double total = 0.0
        cdef Py_ssize_t i
        for i in range(self.n_nuclei):
            total += recoil_rate_c(
                recoil, self.nuclei + i, self.n_spectra, self.spectra, self.flavours, strength, mass_squared, contact)
        return total

    def differential(self, const double[::1] recoil not None, double strength, double mass_squared, bint contact,
                     double[::1] out not None):
        """Write dN/dT [1/MeV] at recoils [MeV] into `out`; `strength` is x (|q|^2 + M^2), or x itself for contact."""
        cdef Py_ssize_t i, n = min(recoil.shape[0], out.shape[0])
        if n:
            require_aligned(&recoil[0])
            require_aligned(&out[0])
        with nogil:
            for i in range(n):
                out[i] = self.at(recoil[i], strength, mass_squared, contact)

    def integrate(self, const double[::1] low not None, const double[::1] high not None,
                  const double[::1] nodes not None,
                  const double[::1] weights not None, double strength, double mass_squared, bint contact,
                  double[::1] out not None, int num_threads=1):
        """Write Int dT dN/dT over each interval [low, high] [MeV] into `out`.

        Parameters
        ----------
        low, high : array, shape (m,)
            Ends of the intervals [MeV], none of which may hold a kink of the flux.
        nodes, weights : array, shape (k,)
            Gauss-Legendre rule on [-1, 1].
        strength, mass_squared, contact
            As in `differential`.
        out : array, shape (m,)
            Result.
        num_threads : int
            Most threads over the intervals; little work stays on one, and the result does not depend on it.
        """
        cdef Py_ssize_t i, j, n = min(low.shape[0], high.shape[0], out.shape[0])
        cdef Py_ssize_t k = min(nodes.shape[0], weights.shape[0])
        cdef double half, middle, total
        if n:
            require_aligned(&low[0])
            require_aligned(&high[0])
            require_aligned(&out[0])
        if k:
            require_aligned(&nodes[0])
            require_aligned(&weights[0])
        # about 50 ns for each node and nucleus: starting threads must be worth it
        cdef int threads = num_threads if <double> n * k * self.n_nuclei > 1e5 else 1
        for i in prange(n, nogil=True, schedule="static", num_threads=threads, use_threads_if=threads > 1):
            half = 0.5 * (high[i] - low[i])
            middle = 0.5 * (high[i] + low[i])
            total = 0.0
            for j in range(k):
                total = total + weights[j] * self.at(middle + half * nodes[j], strength, mass_squared, contact)
            out[i] = half * total
