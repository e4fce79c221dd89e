"""Kinematics of a recoil by kind of interaction, for other Cython code.

A recoil T of a nucleus of mass M needs neutrinos of at least E_min, and its rate is

    kappa(T, E) = c_0 + c_1 / E + c_2 / E^2,    k(T) = Int_{E_min} dE phi(E) kappa = c_0 I_0 + c_1 I_1 + c_2 I_2,

in units of G_F^2 M / pi times the squared amplitude, with numbers c that depend on T, M and the mass m of the neutral
lepton that leaves; e_0^2 = M T / 2 and E_min = e_0 (1 + m^2 / 2 M T). T / E is dropped beside 1, as in eq. 2.1 of
arXiv:2008.05022.

    vector      1 - m^2 / 2 E M - (e_0^2 + m^2 / 4) / E^2
    scalar      (e_0^2 + m^2 / 4) / E^2
    tensor      8 (1 - e_0^2 / 2 E^2), m = 0
    magnetic    (1 / M) [1 / T - (1 + m^2 / 2 T M) / E + (m^2 / 4 M - m^2 / 4 T + m^4 (T - M) / 8 T^2 M^2) / E^2]

For electrons M is their mass, E_min = (T + sqrt(T^2 + 2 M T)) / 2 (1 + m^2 / 2 M T), and nothing is dropped. A vector
exchange has three numbers there, for the squares of g_V and g_A and for twice their product, which has the opposite
sign for antineutrinos:

    g_V^2         1 - T / E + (T^2 - M T) / 2 E^2
    2 g_V g_A     T / E - T^2 / 2 E^2
    g_A^2         1 - T / E + (T^2 + M T) / 2 E^2
    scalar        T (2 M + T) / 4 E^2
    magnetic      as of nuclei
    pseudoscalar  T^2 / 4 E^2

Of a pseudoscalar coherent scattering on nuclei sees nothing.
"""

from libc.math cimport sqrt

from cevns.kernels.fluxes cimport kinematic_moment_c, piece_c, piece_moment_c, spectrum_t

cdef enum:
    VECTOR = 0
    SCALAR = 1
    TENSOR = 2
    MAGNETIC = 3
    # of electrons
    ELECTRON_VV = 4
    ELECTRON_VA = 5
    ELECTRON_AA = 6
    ELECTRON_SCALAR = 7
    ELECTRON_MAGNETIC = 8
    ELECTRON_PSEUDOSCALAR = 9


cdef inline double least_energy_c(double recoil, double mass, double final_mass) noexcept nogil:
    """E_min [MeV] of a recoil T > 0 [MeV]."""
    cdef double least = sqrt(0.5 * mass * recoil)
    # the square of a tiny recoil may vanish
    return least if final_mass == 0.0 else least * (1.0 + final_mass * final_mass / (2.0 * mass * recoil))


cdef inline void kappa_c(int kind, double recoil, double mass, double final_mass, double *c) noexcept nogil:
    """c_0, c_1 and c_2 at a recoil T > 0 [MeV]."""
    cdef double square = 0.5 * mass * recoil, m2 = final_mass * final_mass
    c[0] = c[1] = 0.0
    if kind == VECTOR:
        c[0], c[1], c[2] = 1.0, -0.5 * m2 / mass, -(square + 0.25 * m2)
    elif kind == SCALAR:
        c[2] = square + 0.25 * m2
    elif kind == TENSOR:
        c[0], c[2] = 8.0, -4.0 * square
    else:
        c[0] = 1.0 / (recoil * mass)
        c[1] = -(1.0 + m2 / (2.0 * recoil * mass)) / mass
        c[2] = 0.25 * m2 * (1.0 / mass - 1.0 / recoil + 0.5 * m2 * (recoil - mass) / (recoil * recoil * mass * mass)
                            ) / mass


cdef inline double electron_least_energy_c(double energy, double mass, double final_mass) noexcept nogil:
    """E_min [MeV] for an electron that gets the energy T > 0 [MeV]."""
    cdef double least = 0.5 * (energy + sqrt(energy * (energy + 2.0 * mass)))
    return least if final_mass == 0.0 else least * (1.0 + final_mass * final_mass / (2.0 * mass * energy))


cdef inline void electron_kappa_c(int kind, double energy, double mass, double final_mass, double *c) noexcept nogil:
    """c_0, c_1 and c_2 for an electron that gets the energy T > 0 [MeV]."""
    cdef double half = 0.5 * energy
    c[0] = c[1] = 0.0
    if kind == ELECTRON_VV:
        c[0], c[1], c[2] = 1.0, -energy, half * (energy - mass)
    elif kind == ELECTRON_VA:
        c[1], c[2] = energy, -energy * half
    elif kind == ELECTRON_AA:
        c[0], c[1], c[2] = 1.0, -energy, half * (energy + mass)
    elif kind == ELECTRON_SCALAR:
        c[2] = half * (mass + half)
    elif kind == ELECTRON_PSEUDOSCALAR:
        c[2] = half * half
    else:
        kappa_c(MAGNETIC, energy, mass, final_mass, c)


cdef inline double rate_moment_c(const spectrum_t *f, int kind, double recoil, double mass,
                                 double final_mass) noexcept nogil:
    """k(T): all that a recoil spectrum needs of the flux."""
    cdef double c[3]
    cdef double e_min
    if kind >= ELECTRON_VV:
        electron_kappa_c(kind, recoil, mass, final_mass, c)
        return _moments_c(f, electron_least_energy_c(recoil, mass, final_mass), c)
    e_min = least_energy_c(recoil, mass, final_mass)
    if kind == VECTOR and final_mass == 0.0:
        # without the cancellation at the end of the spectrum
        return kinematic_moment_c(f, e_min)
    kappa_c(kind, recoil, mass, final_mass, c)
    return _moments_c(f, e_min, c)


cdef inline double _moments_c(const spectrum_t *f, double e_min, const double *c) noexcept nogil:
    """c_0 I_0 + c_1 I_1 + c_2 I_2 at E_min."""
    cdef double total = 0.0, energy
    cdef Py_ssize_t i, j
    cdef int n
    i = piece_c(f, e_min)
    for n in range(3):
        if c[n] == 0.0:
            continue
        if i < 0:
            total += c[n] * f.tails[n]
        elif i < f.pieces:
            total += c[n] * (piece_moment_c(f.coefficients + 4 * i, e_min, f.breaks[i + 1], n)
                             + f.tails[3 * (i + 1) + n])
    for j in range(f.lines):
        energy = f.line_energies[j]
        if energy > e_min:
            total += f.line_weights[j] * (c[0] + (c[1] + c[2] / energy) / energy)
    return total
