"""Recoil spectra of coherent scattering, for other Cython code."""

from libc.math cimport sqrt

from cevns._fluxes cimport spectrum_t, kinematic_moment_c
from cevns._formfactors cimport (
    fermi_radius, helm_c, helm_radius, klein_nystrand_c, klein_nystrand_radius, symmetrized_fermi_c)


cdef struct nucleus_t:
    double mass  # MeV
    double protons, neutrons
    double proton_length, neutron_length  # fm: diffraction radius or its like
    double thickness  # fm
    double scale  # number of nuclei x G_F^2 M / pi x (hbar c)^2: cm^2 per MeV
    int form_factor


cdef struct flavour_t:
    double g_p, g_n, k_p, k_n


cdef inline double length_c(int form_factor, double rms_radius, double thickness) noexcept nogil:
    """The length that a form factor takes instead of the rms radius; order as in cevns.form_factors."""
    if form_factor == 0:
        return helm_radius(rms_radius, thickness)
    if form_factor == 1:
        return klein_nystrand_radius(rms_radius, thickness)
    return fermi_radius(rms_radius, thickness)


cdef inline double form_factor_c(int form_factor, double q, double length, double thickness) noexcept nogil:
    if form_factor == 0:
        return helm_c(q, length, thickness)
    if form_factor == 1:
        return klein_nystrand_c(q, length, thickness)
    return symmetrized_fermi_c(q, length, thickness)


cdef inline double weak_charge_c(const flavour_t *f, double x, double z_f, double n_f) noexcept nogil:
    """Q_l of eq. 3.2, with x as in `cevns.models.VectorModel`."""
    return (f.g_p + f.k_p * x) * z_f + (f.g_n + f.k_n * x) * n_f


cdef inline double recoil_rate_c(
        double recoil, const nucleus_t *nucleus, Py_ssize_t spectra, const spectrum_t **spectrum,
        const flavour_t *flavour, double strength, double mass_squared, bint contact) noexcept nogil:
    """dN/dT [1/MeV] at a recoil T [MeV] on one nucleus: eq. 2.9 without efficiency, the energy integral exact."""
    cdef double q2 = 2.0 * nucleus.mass * recoil
    cdef double q = sqrt(q2)
    cdef double x = strength if contact else strength / (q2 + mass_squared)
    cdef double z_f = nucleus.protons * form_factor_c(
        nucleus.form_factor, q, nucleus.proton_length, nucleus.thickness)
    cdef double n_f = nucleus.neutrons * form_factor_c(
        nucleus.form_factor, q, nucleus.neutron_length, nucleus.thickness)
    cdef double charge, total = 0.0
    cdef Py_ssize_t i
    for i in range(spectra):
        charge = weak_charge_c(flavour + i, x, z_f, n_f)
        # E_min = sqrt(M T / 2) is half the momentum transfer
        total += kinematic_moment_c(spectrum[i], 0.5 * q) * charge * charge
    return nucleus.scale * total
