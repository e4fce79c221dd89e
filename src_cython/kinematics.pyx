"""Kinematics of recoils over arrays: E_min, kappa(T, E) and flux moments; `kinematics.pxd` has the formulas."""

from cevns.kernels.fluxes cimport Spectrum, require_aligned

from cevns.errors import InputError

#: Codes of the kinds of kinematics.
KINDS = {"vector": VECTOR, "scalar": SCALAR, "tensor": TENSOR, "magnetic": MAGNETIC}
#: Codes of those of electrons: of the three numbers of a quadratic form in g_V and g_A, or in the amplitude alone.
ELECTRON_KINDS = {
    "vector": (ELECTRON_VV, ELECTRON_VA, ELECTRON_AA),
    "scalar": (ELECTRON_SCALAR,),
    "magnetic": (ELECTRON_MAGNETIC,),
    "pseudoscalar": (ELECTRON_PSEUDOSCALAR,),
}


cdef int _check(int kind, double final_mass) except -1:
    if not VECTOR <= kind <= ELECTRON_PSEUDOSCALAR or (
            final_mass != 0.0 and (kind == TENSOR or (kind >= ELECTRON_VV and kind != ELECTRON_MAGNETIC))):
        raise InputError(
            f"kind {kind} with a final mass of {final_mass:g} MeV is not known: nuclei have the kinds {KINDS}, "
            f"electrons {ELECTRON_KINDS}, and tensors and electrons without magnetic moments take a final mass of 0")
    return 0


def kappa(int kind, const double[::1] recoil not None, const double[::1] energy not None, double mass,
          double final_mass, double[::1] out not None):
    """Write kappa(T, E) for a nucleus or electron of some mass into `out`; 0 where E lies below E_min.

    What rounding makes negative is 0.

    Parameters
    ----------
    kind : int
        0 vector, 1 scalar, 2 tensor, 3 magnetic; 4 to 9 those of electrons, see `ELECTRON_KINDS`.
    recoil, energy : array, shape (n,)
        T > 0 and E > 0 [MeV].
    mass, final_mass : float
        Of the nucleus or electron, and of the neutral lepton that leaves [MeV].
    out : array, shape (n,)
        Result: a pure number, for magnetic in MeV^-2.
    """
    cdef Py_ssize_t i, n = min(recoil.shape[0], energy.shape[0], out.shape[0])
    cdef double c[3]
    _check(kind, final_mass)
    if n:
        require_aligned(&recoil[0])
        require_aligned(&energy[0])
        require_aligned(&out[0])
    with nogil:
        for i in range(n):
            out[i] = 0.0
            if kind >= ELECTRON_VV:
                if energy[i] >= electron_least_energy_c(recoil[i], mass, final_mass):
                    electron_kappa_c(kind, recoil[i], mass, final_mass, c)
                    out[i] = max(c[0] + (c[1] + c[2] / energy[i]) / energy[i], 0.0)
            elif energy[i] >= least_energy_c(recoil[i], mass, final_mass):
                kappa_c(kind, recoil[i], mass, final_mass, c)
                out[i] = max(c[0] + (c[1] + c[2] / energy[i]) / energy[i], 0.0)


def rate_moments(Spectrum spectrum not None, int kind, const double[::1] recoil not None, double mass,
                 double final_mass, double[::1] out not None):
    """Write k(T) of a spectrum for a nucleus or electron of some mass into `out`; arguments as of `kappa`."""
    cdef Py_ssize_t i, n = min(recoil.shape[0], out.shape[0])
    _check(kind, final_mass)
    if n:
        require_aligned(&recoil[0])
        require_aligned(&out[0])
    with nogil:
        for i in range(n):
            out[i] = rate_moment_c(&spectrum.c, kind, recoil[i], mass, final_mass)
