"""Mixing of a mediator with the photon over arrays; `loops.pxd` has the formula."""

from cevns.kernels.fluxes cimport require_aligned

from cevns.errors import InputError


def mixing(const double[::1] q2 not None, const double[::1] weights not None, const double[::1] masses not None,
           double[::1] out not None):
    """Write h(q) into `out`.

    Parameters
    ----------
    q2 : array, shape (n,)
        Squared momentum transfer [MeV^2], at least 0.
    weights, masses : array, shape (3,)
        w_k, which add up to 0, and masses [MeV] of the charged leptons.
    out : array, shape (n,)
        Result.
    """
    cdef Py_ssize_t i, n = min(q2.shape[0], out.shape[0])
    if weights.shape[0] != LEPTONS or masses.shape[0] != LEPTONS:
        raise InputError(
            f"{weights.shape[0]} weights and {masses.shape[0]} masses are given, but {LEPTONS} are needed of each: "
            "give one for each charged lepton")
    if n:
        require_aligned(&q2[0])
        require_aligned(&out[0])
    with nogil:
        for i in range(n):
            out[i] = loop_c(q2[i], &weights[0], &masses[0])
