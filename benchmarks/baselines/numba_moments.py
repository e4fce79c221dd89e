"""The NumPy moments as loops that numba compiles: one pass over the recoil nodes for each mass, chi2 inside the loop.

Every node belongs to one bin, `first`, which makes b and c one-dimensional.
"""

import numba
import numpy as np


@numba.njit
def counts(mass, coupling, q2, first, a, b, c):
    """Counts at one point, shape (bins,)."""
    out, g2 = a.copy(), coupling * coupling
    for j in range(q2.size):
        x = g2 / (q2[j] + mass * mass)
        out[first[j]] += x * (b[j] + x * c[j])
    return out


@numba.njit(fastmath=True)
def grid(masses, couplings, q2, first, a, b, c, weight, data, background, base, signal_pull, cross):
    """chi2, shape (masses, couplings).

    For one background with its pull: P = W - W B B' W / cross with W the inverse variances.
    """
    bins = a.size
    out = np.empty((masses.size, couplings.size))
    out_b, out_c = np.empty(bins), np.empty(bins)
    for m in range(masses.size):
        out_b[:] = 0.0
        out_c[:] = 0.0
        for j in range(q2.size):
            p = 1 / (q2[j] + masses[m] * masses[m])
            out_b[first[j]] += p * b[j]
            out_c[first[j]] += p * p * c[j]
        for k in range(couplings.size):
            g2 = couplings[k] * couplings[k]
            u, v, h = signal_pull, signal_pull, 0.0
            for i in range(bins):
                n = a[i] + g2 * (out_b[i] + g2 * out_c[i])
                u += n * data[i]
                v += weight[i] * n * n
                h += background[i] * n
            out[m, k] = base - u * u / (v - h * h / cross)
    return out


def node_arguments(moments):
    """What `counts` takes after mass and coupling, from the NumPy baseline's moments."""
    first = np.argmax(moments.b != 0, axis=1)
    rows = np.arange(first.size)
    return moments.q2, first, moments.a, moments.b[rows, first], moments.c[rows, first]


def grid_arguments(moments, profile, sigma):
    """What `grid` takes after masses and couplings, from the NumPy baseline's moments and profile."""
    (scaled,) = profile.scaled
    return (
        *node_arguments(moments),
        sigma**-2.0,
        profile.projected,
        scaled / sigma**2,
        profile.base,
        profile.pull,
        1 + ((scaled / sigma) ** 2).sum(),
    )
