"""Recoil spectra of coherent scattering, for other Cython code."""

from libc.math cimport sqrt

from cevns.kernels.fluxes cimport spectrum_t, kinematic_moment_c
from cevns.kernels.form_factors cimport form_factor_c
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


cdef struct monomial_t:
    # numbers of (Z F_Z)^2, Z F_Z N F_N and (N F_N)^2 for each flavour, times the propagators to these powers
    const double *numbers
    int powers[MAX_MEDIATORS]


cdef struct interaction_t:
    Py_ssize_t monomials
    int mediators
    const monomial_t *monomial
    double masses_squared[MAX_MEDIATORS]


cdef inline double recoil_rate_c(
        double recoil, const nucleus_t *nucleus, Py_ssize_t spectra, const spectrum_t **spectrum,
        const int *flavour, const interaction_t *interaction) noexcept nogil:
    """dN/dT [1/MeV] at a recoil T [MeV] on one nucleus: eq. 2.9 without efficiency, the energy integral exact."""
    cdef double q2 = 2.0 * nucleus.mass * recoil
    cdef double q = sqrt(q2)
    cdef double z = nucleus.protons * form_factor_c(nucleus.form_factor, q, nucleus.proton_length, nucleus.thickness)
    cdef double n = nucleus.neutrons * form_factor_c(
        nucleus.form_factor, q, nucleus.neutron_length, nucleus.thickness)
    cdef double total = 0.0, moment, charge, part
    cdef Py_ssize_t i, k
    cdef const double *numbers
    cdef int m
    for i in range(spectra):
        # E_min = sqrt(M T / 2) is half the momentum transfer
        moment = kinematic_moment_c(spectrum[i], 0.5 * q)
        charge = 0.0
        for k in range(interaction.monomials):
            numbers = interaction.monomial[k].numbers + 3 * flavour[i]
            part = numbers[0] * z * z + numbers[1] * z * n + numbers[2] * n * n
            for m in range(interaction.mediators):
                part *= power(1.0 / (q2 + interaction.masses_squared[m]), interaction.monomial[k].powers[m])
            charge += part
        total += moment * charge
    return nucleus.scale * total
