"""The double integral over recoil and neutrino energy of eq. 2.9 (arXiv:2008.05022), for any flux of `fluxes.pyx`.

The energy integral is closed form; the recoil integral is Gauss-Legendre on intervals that the caller splits at every
kink, so that it is exact to rounding with few nodes.
"""

from cython.parallel cimport prange
from libc.stdlib cimport free, malloc

from cevns.kernels.fluxes cimport Spectrum, require_aligned
from cevns.kernels.form_factors cimport length_c
from cevns.kernels.loops cimport LEPTONS
from cevns.kernels.pieces cimport own

import numpy as np

from cevns.errors import InputError
from cevns.kernels import kinematics


cdef class RecoilRate:
    """RecoilRate(nuclei, spectra, flavours, numbers, kinds, powers, masses_squared, loops=(), lepton_masses=(1, 1, 1))

    Recoil spectrum of a target in a flux for one interaction at one point of its parameters.

    Parameters
    ----------
    nuclei : array_like, shape (n, 8)
        Rows: mass [MeV], Z, N, R_p [fm], R_n [fm], thickness [fm], scale [cm^2/MeV], form-factor code.
    spectra : sequence of Spectrum, length s
        Spectra [cm^-2 MeV^-1].
    flavours : sequence of int, length s
        Which flavour each of them has.
    numbers : array_like, shape (monomials, flavours, 3)
        Of (Z F_Z)^2, Z F_Z N F_N and (N F_N)^2, couplings included.
    kinds : sequence of (int, float), length monomials
        Kind of kinematics, and mass of the neutral lepton that leaves [MeV].
    powers : sequence of sequence of int, shape (monomials, mediators + loops)
        Powers of the propagators 1 / (q^2 + m^2), then of the loops.
    masses_squared : sequence of float, length mediators
        m^2 [MeV^2].
    loops : sequence of array, shape (loops, 3)
        Weights of the charged leptons in each loop; see `loops.pxd`.
    lepton_masses : array, shape (3,)
        Of the charged leptons [MeV].
    """

    cdef nucleus_t *nuclei
    cdef monomial_t *monomials
    cdef int *flavours
    cdef const spectrum_t **spectra
    cdef interaction_t interaction
    cdef Py_ssize_t n_nuclei, n_spectra
    cdef tuple owners
    cdef tuple arguments
    cdef list owned

    def __cinit__(self, nuclei, spectra, flavours, numbers, kinds, powers, masses_squared, loops=(),
                  lepton_masses=(1.0, 1.0, 1.0)):
        cdef Py_ssize_t i, m, k
        cdef Spectrum spectrum
        cdef const double *table
        cdef Py_ssize_t step
        self.arguments = (nuclei, spectra, flavours, numbers, kinds, powers, masses_squared, loops, lepton_masses)
        self.owners = tuple(spectra)
        self.n_nuclei, self.n_spectra = len(nuclei), len(self.owners)
        numbers = np.asarray(numbers, dtype=float)
        if not len(powers):
            numbers = numbers.reshape(0, 0, 3)
        for what, number, most in (("mediators", len(masses_squared), MAX_MEDIATORS), ("loops", len(loops), MAX_LOOPS)):
            if number > most:
                raise InputError(
                    f"{number} {what} contribute at once, at most {most} can: give others the coupling 0, or leave "
                    "them out of the sum")
        if len(flavours) != self.n_spectra or (
                numbers.ndim != 3 or not numbers.shape[0] == len(powers) == len(kinds) or numbers.shape[2] != 3
                or any(len(row) != len(masses_squared) + len(loops) for row in powers)
                or any(len(weights) != LEPTONS for weights in (*loops, lepton_masses))
                or any(kind not in kinematics.KINDS.values() for kind, _ in kinds)
                or (len(powers) and any(not 0 <= flavour < numbers.shape[1] for flavour in flavours))):
            raise InputError(
                f"{self.n_spectra} spectra of {len(flavours)} flavours, numbers of shape {numbers.shape}, "
                f"{len(powers)} powers, {len(kinds)} kinds, {len(masses_squared)} mediators and {len(loops)} loops do "
                "not fit together: give each monomial its kind, powers and three numbers for each flavour")
        self.owned = []
        step = 3 * numbers.shape[1]
        table = own(self.owned, numbers)
        self.nuclei = <nucleus_t *> malloc(self.n_nuclei * sizeof(nucleus_t))
        self.monomials = <monomial_t *> malloc(max(len(powers), 1) * sizeof(monomial_t))
        self.flavours = <int *> malloc(max(self.n_spectra, 1) * sizeof(int))
        self.spectra = <const spectrum_t **> malloc(max(self.n_spectra, 1) * sizeof(spectrum_t *))
        if not (self.nuclei and self.monomials and self.flavours and self.spectra):
            raise MemoryError
        for i in range(self.n_nuclei):
            mass, protons, neutrons, r_p, r_n, thickness, scale, code = nuclei[i]
            self.nuclei[i] = nucleus_t(
                mass, protons, neutrons, length_c(code, r_p, thickness), length_c(code, r_n, thickness), thickness,
                scale, code)
        for i in range(self.n_spectra):
            if not isinstance(self.owners[i], Spectrum):
                raise InputError(f"spectra must hold Spectrum objects, got {self.owners[i]!r}")
            self.flavours[i] = flavours[i]
            spectrum = self.owners[i]
            self.spectra[i] = &spectrum.c
        self.interaction.monomials = len(powers)
        self.interaction.mediators, self.interaction.loops = len(masses_squared), len(loops)
        self.interaction.monomial = self.monomials
        for i in range(len(powers)):
            self.monomials[i].numbers = table + i * step
            self.monomials[i].kind, self.monomials[i].final_mass = kinds[i]
            for m in range(len(masses_squared)):
                self.monomials[i].powers[m] = powers[i][m]
            for m in range(len(loops)):
                self.monomials[i].loops[m] = powers[i][len(masses_squared) + m]
        for m in range(len(masses_squared)):
            self.interaction.masses_squared[m] = masses_squared[m]
        for k in range(LEPTONS):
            self.interaction.lepton_masses[k] = lepton_masses[k]
            for m in range(len(loops)):
                self.interaction.weights[m][k] = loops[m][k]

    def __dealloc__(self):
        free(self.nuclei)
        free(self.monomials)
        free(self.flavours)
        free(self.spectra)

    def __repr__(self):
        return f"<RecoilRate of {self.n_nuclei} nuclei>"

    def __reduce__(self):
        return RecoilRate, self.arguments

    cdef double at(self, double recoil) noexcept nogil:
        cdef double total = 0.0
        cdef Py_ssize_t i
        for i in range(self.n_nuclei):
            total += recoil_rate_c(
                recoil, self.nuclei + i, self.n_spectra, self.spectra, self.flavours, &self.interaction)
        return total

    def differential(self, const double[::1] recoil not None, double[::1] out not None):
        """Write dN/dT [1/MeV] at recoils [MeV] into `out`."""
        cdef Py_ssize_t i, n = min(recoil.shape[0], out.shape[0])
        if n:
            require_aligned(&recoil[0])
            require_aligned(&out[0])
        with nogil:
            for i in range(n):
                out[i] = self.at(recoil[i])

    def integrate(self, const double[::1] low not None, const double[::1] high not None,
                  const double[::1] nodes not None, const double[::1] weights not None, double[::1] out not None,
                  int num_threads=1):
        """Write Int dT dN/dT over each interval [low, high] [MeV] into `out`.

        Parameters
        ----------
        low, high : array, shape (m,)
            Ends of the intervals [MeV], none of which may hold a kink of the flux.
        nodes, weights : array, shape (k,)
            Gauss-Legendre rule on [-1, 1].
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
                total = total + weights[j] * self.at(middle + half * nodes[j])
            out[i] = half * total
