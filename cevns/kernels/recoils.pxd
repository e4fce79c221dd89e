"""Recoil spectra of coherent scattering, for other Cython code (eqs. 2.1 and 2.9 of arXiv:2008.05022)."""

from libc.math cimport sqrt

from cevns.kernels.fluxes cimport spectrum_t
from cevns.kernels.form_factors cimport form_factor_c
from cevns.kernels.kinematics cimport rate_moment_c
from cevns.kernels.loops cimport LEPTONS, loop_c
from cevns.kernels.polynomials cimport power


cdef struct nucleus_t:
    double mass  # MeV
    double protons, neutrons
    double proton_length, neutron_length  # fm: diffraction radius or its like
    double thickness  # fm
    double scale  # number of nuclei x G_F^2 M / pi x (hbar c)^2: cm^2 per MeV
    int form_factor


cdef enum:
    MAX_MEDIATORS = 8
    MAX_LOOPS = 4


cdef struct monomial_t:
    # numbers of (Z F_Z)^2, Z F_Z N F_N and (N F_N)^2 for each flavour, times propagators and loops to these powers
    const double *numbers
    int powers[MAX_MEDIATORS]
    int loops[MAX_LOOPS]
    # kinematics: kind, and mass of the neutral lepton that leaves [MeV]
    int kind
    double final_mass


cdef struct interaction_t:
    Py_ssize_t monomials
    int mediators, loops
    const monomial_t *monomial
    double masses_squared[MAX_MEDIATORS]
    # weights of the charged leptons in each loop, and their masses [MeV]
    double weights[MAX_LOOPS][LEPTONS]
    double lepton_masses[LEPTONS]


cdef inline double recoil_rate_c(
        double recoil, const nucleus_t *nucleus, Py_ssize_t spectra, const spectrum_t **spectrum,
        const int *flavour, const interaction_t *interaction) noexcept nogil:
    """dN/dT [1/MeV] at a recoil T [MeV] on one nucleus: eq. 2.9 without efficiency, the energy integral exact."""
    cdef double q2 = 2.0 * nucleus.mass * recoil
    cdef double q = sqrt(q2)
    cdef double z = nucleus.protons * form_factor_c(nucleus.form_factor, q, nucleus.proton_length, nucleus.thickness)
    cdef double n = nucleus.neutrons * form_factor_c(
        nucleus.form_factor, q, nucleus.neutron_length, nucleus.thickness)
    cdef double total = 0.0, moment = 0.0, part
    cdef double factors[MAX_MEDIATORS + MAX_LOOPS]
    cdef Py_ssize_t i, k
    cdef const double *numbers
    cdef const monomial_t *monomial
    cdef const monomial_t *last
    cdef int m
    for m in range(interaction.mediators):
        factors[m] = 1.0 / (q2 + interaction.masses_squared[m])
    for m in range(interaction.loops):
        factors[MAX_MEDIATORS + m] = loop_c(q2, interaction.weights[m], interaction.lepton_masses)
    for i in range(spectra):
        last = NULL
        for k in range(interaction.monomials):
            monomial = interaction.monomial + k
            if last == NULL or monomial.kind != last.kind or monomial.final_mass != last.final_mass:
                moment = rate_moment_c(spectrum[i], monomial.kind, recoil, nucleus.mass, monomial.final_mass)
            last = monomial
            numbers = monomial.numbers + 3 * flavour[i]
            part = numbers[0] * z * z + numbers[1] * z * n + numbers[2] * n * n
            for m in range(interaction.mediators):
                part *= power(factors[m], monomial.powers[m])
            for m in range(interaction.loops):
                part *= power(factors[MAX_MEDIATORS + m], monomial.loops[m])
            total += moment * part
    return nucleus.scale * total
