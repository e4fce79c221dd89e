"""The oracle's cross section of every built-in interaction, as a function of the parameters by name."""

from functools import partial

import numpy as np

from cevns import reference

_FLAVOURS = ("e", "mu", "tau")
_CHANGES = {"emu": ("e", "mu"), "etau": ("e", "tau"), "mutau": ("mu", "tau")}


def _matrix(prefix, point):
    """Return entries of a symmetric matrix in flavour, from parameters such as ``q_ee`` and ``q_emu``."""
    out = {(f, f): point[f"{prefix}_{f}{f}"] for f in _FLAVOURS if f"{prefix}_{f}{f}" in point}
    return out | {pair: point[f"{prefix}_{name}"] for name, pair in _CHANGES.items() if f"{prefix}_{name}" in point}


def _epsilon(quark, point):
    real, imaginary = _matrix(f"eps_{quark}", point), {}
    for name, pair in _CHANGES.items():
        imaginary[pair] = point.get(f"eps_{quark}_{name}_im", 0.0)
    return {pair: complex(value, imaginary.get(pair, 0.0)) for pair, value in real.items()}


def _radii(point):
    """Return the charge radii that anapole moments stand for."""
    standard = {("e", "e"): -0.83, ("mu", "mu"): -0.48, ("tau", "tau"): -0.30}
    return {pair: -6 * a + standard.get(pair, 0.0) for pair, a in _matrix("a", point).items()}


def _vector(name, mass, coupling):
    return partial(reference.vector, charges=name, mass=mass, g2=coupling**2)


def _loop(name, mass, coupling):
    return partial(reference.loop_induced, charges=name, mass=mass, g2=coupling**2)


def _nsi(**point):
    return partial(reference.contact, eps_u=_epsilon("u", point), eps_d=_epsilon("d", point))


def _paper(name, **point):
    couplings = reference.model(name)
    return lambda E, T, nucleus, flavour, form_factor="helm": reference.cross_section(
        E, T, nucleus, flavour, couplings, **point, form_factor=form_factor
    )


#: By name, from values of the parameters to a function of E, T [MeV], nucleus and flavour [cm^2/MeV].
SIGMAS = {name: partial(_paper, name) for name in ("sm", "universal", "b-l", "lmu-ltau")}
SIGMAS |= {
    name: partial(_vector, name) for name in ("b-3le", "b-3lmu", "b-3ltau", "b-2le-lmu", "b-le-2lmu", "b+lmu+ltau")
}
SIGMAS |= {
    "lmu-ltau-running": partial(_loop, "lmu-ltau"),
    "le-lmu": partial(_loop, "le-lmu"),
    "le-ltau": partial(_loop, "le-ltau"),
    "scalar": lambda mass, coupling: partial(reference.scalar, mass=mass, g2=coupling**2),
    "magnetic-moment": lambda **mu: partial(
        reference.magnetic_moment, mu={f: mu.get(f"mu_{f}", 0.0) for f in _FLAVOURS}
    ),
    "millicharge": lambda **point: partial(reference.millicharge, charge=_matrix("q", point)),
    "charge-radius": lambda **point: partial(reference.charge_radius, r2=_matrix("r2", point)),
    "anapole": lambda **point: partial(reference.charge_radius, r2=_radii(point)),
    "nsi": _nsi,
    "sterile-dipole": lambda mass, **mu: partial(
        reference.dipole, mu={f: mu.get(f"mu_{f}", 0.0) for f in _FLAVOURS}, outgoing_mass=mass
    ),
}


def _electron_vector(name, mass, coupling):
    return partial(reference.electron_vector, charges=name, mass=mass, g2=coupling**2)


def _electron_loop(name, mass, coupling):
    return partial(reference.electron_loop_induced, charges=name, mass=mass, g2=coupling**2)


def _paper_loop(mass, coupling):
    """What the paper's loop of L_mu - L_tau, without running, does to electrons: the opposite of protons."""

    def sigma(E, T, atom, flavour, antineutrino):
        charge = reference.ALPHA / (3 * np.pi) * np.log(reference.M_TAU**2 / reference.M_MU**2)
        shift = {flavour: charge * reference.exchange(2 * reference.M_E * T, mass, coupling**2)}
        return reference.neutrino_electron(E, T, atom, flavour, antineutrino, *([shift] if flavour == "mu" else []))

    return sigma


def _none(**point):
    return reference.neutrino_electron


#: The same for electrons, functions of E, T [MeV], atom, flavour and whether it is an antineutrino.
ELECTRON_SIGMAS = dict.fromkeys(("sm", "scalar", "nsi", "b-3lmu", "b-3ltau", "b+lmu+ltau"), _none)
ELECTRON_SIGMAS |= {
    name: partial(_electron_vector, name) for name in ("universal", "b-l", "b-3le", "b-2le-lmu", "b-le-2lmu")
}
ELECTRON_SIGMAS |= {
    "lmu-ltau": _paper_loop,
    "lmu-ltau-running": partial(_electron_loop, "lmu-ltau"),
    "le-lmu": partial(_electron_loop, "le-lmu"),
    "le-ltau": partial(_electron_loop, "le-ltau"),
    "magnetic-moment": lambda **mu: partial(
        reference.electron_magnetic_moment, mu={f: mu.get(f"mu_{f}", 0.0) for f in _FLAVOURS}
    ),
    "millicharge": lambda **point: partial(reference.electron_millicharge, charge=_matrix("q", point)),
    "charge-radius": lambda **point: partial(reference.electron_charge_radius, r2=_matrix("r2", point)),
    "anapole": lambda **point: partial(reference.electron_charge_radius, r2=_radii(point)),
    "sterile-dipole": lambda mass, **mu: partial(
        reference.electron_dipole, mu={f: mu.get(f"mu_{f}", 0.0) for f in _FLAVOURS}, outgoing_mass=mass
    ),
}


def outgoing_masses(interaction, point):
    """Return the masses of final leptons, where the oracle's integrals have kinks."""
    return tuple(point[name] for name in interaction.final_masses)
