"""Interactions beyond the paper for experiments that are generated: random numbers, the library's model, the oracle's.

Each is drawn with one coupling and at most one mass that are free, which is what fits and limits take. Where the
library has the same interaction by name, with more parameters, `Beyond` says at which values of them.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from oracle_general import Interaction
from oracle_rates import Term

from cevns import interactions
from cevns.interactions import TREE_LEVEL_COUPLINGS, Amplitude, ScalarMediator, TensorMediator, VectorMediator, mediated
from cevns.parameters import Parameter, coupling, mass
from cevns.reference import ALPHA, G_F, M_E

#: pi alpha / m_e G_F, and the g^2 of a photon that a charge of e stands for.
MAGNETON, CHARGE = np.pi * ALPHA / (M_E * G_F), 4 * np.pi * ALPHA
KINDS = (
    "scalar",
    "tensor",
    "magnetic",
    "millicharge",
    "loop",
    "signed",
    "dipole",
    "heavy lepton by vector",
    "heavy lepton by scalar",
    "epsilons",
    "changing epsilons",
    "scalar on a vector",
    "vector on a scalar",
    "scalar with its vector",
)
#: Names of changes of flavour in names of parameters.
CHANGES = {("e", "mu"): "emu", ("e", "tau"): "etau", ("mu", "tau"): "mutau"}
_LOOPS = {
    "lmu-ltau-running": {"mu": 1.0, "tau": -1.0},
    "le-lmu": {"e": 1.0, "mu": -1.0},
    "le-ltau": {"e": 1.0, "tau": -1.0},
}


@dataclass
class Beyond:
    """An interaction that was drawn.

    Attributes
    ----------
    model : cevns.interactions.Interaction
        With a coupling and maybe a mass.
    oracle : oracle_general.Interaction
    named : cevns.interactions.Interaction, optional
        The same as the library has it, with more parameters.
    values : callable, optional
        From mass and coupling to values of these, by name.
    pole : int
        Power of 1 / T with which rates diverge at a recoil of 0, whatever the mass.
    """

    model: interactions.Interaction
    oracle: Interaction
    named: interactions.Interaction | None = None
    values: Callable | None = None
    pole: int = 0


def draw(rng, kind, plan, *, top, smallest_mass):
    """Return a `Beyond` of some kind for a plan.

    Parameters
    ----------
    rng : numpy.random.Generator
    kind : str
        Of `KINDS`.
    plan : generated.Plan
    top : float
        Highest energy of the flux [MeV].
    smallest_mass : float
        Least mass of a mediator that the experiment takes [MeV].
    """
    flavours = ("e", "mu", "tau") if plan.weak == "tree" else ("e", "mu")
    drawn = _DRAW[kind](rng, flavours, top, smallest_mass)
    drawn.oracle = dataclasses.replace(drawn.oracle, weak=plan.weak)
    if plan.weak == "tree":
        drawn.model = drawn.model.replace(weak=TREE_LEVEL_COUPLINGS)
        drawn.named = drawn.named and drawn.named.replace(weak=TREE_LEVEL_COUPLINGS)
    return drawn


def _charges(rng, flavours, low=-2.0):
    """Return numbers by flavour, of which one may be missing."""
    # of a mediator that couples to nothing there is no model
    found = {f: round(float(rng.uniform(low, 2)), 2) or 0.01 for f in flavours}
    if rng.random() < 0.3:
        missing = flavours[rng.integers(len(flavours))]
        if len(found) > 1:
            del found[missing]
    return found


def _two(rng, size=1.0):
    return tuple((size * rng.uniform(-1, 1, 2)).round(3).tolist())


def _oracle(terms, power):
    return Interaction({}, {}, mediated=False, terms=tuple(terms), power=power)


def _scalar(rng, flavours, top, smallest_mass, make=ScalarMediator):
    kind = "scalar" if make is ScalarMediator else "tensor"
    if kind == "scalar" and rng.random() < 0.3:
        return Beyond(ScalarMediator(), _oracle((Term((f, f), 17.3, 17.3, 0.5, "mass", "scalar") for f in flavours), 4))
    (p, n), table = _two(rng, 20.0), _charges(rng, flavours)
    terms = (Term((f, f), c * p, c * n, 0.5, "mass", kind) for f, c in table.items())
    return Beyond(make(kind, proton=p, neutron=n, neutrinos=table), _oracle(terms, 4))


def _tensor(rng, flavours, top, smallest_mass):
    return _scalar(rng, flavours, top, smallest_mass, TensorMediator)


def _moments(table, final_mass):
    """Return the model and the oracle's of magnetic moments in some proportions, along which y is the square."""
    make = interactions.magnetic_moment() if final_mass is None else interactions.sterile_dipole()
    own = {a.flavours[0]: a for a in make.amplitudes}
    amplitudes = [
        dataclasses.replace(own[f], proton=own[f].proton * c, couplings=(("coupling", 1),), final_mass=final_mass)
        for f, c in table.items()
    ]
    terms = [Term((f, f), MAGNETON * c, 0.0, 0.5, None, "magnetic", final_mass or 0.0) for f, c in table.items()]
    return interactions.Interaction(make.name, (coupling(),), amplitudes), _oracle(terms, 2), make


def _magnetic(rng, flavours, top, smallest_mass):
    table = _charges(rng, flavours, 0.1)
    model, oracle, named = _moments(table, None)
    return Beyond(model, oracle, named, lambda m, g: {f"mu_{f}": g * c for f, c in table.items()}, pole=1)


def _final_mass(rng, top):
    """Return a mass below the highest energy, or rarely just above it."""
    return float(top * (rng.uniform(1.0, 1.2) if rng.random() < 0.05 else 0.97 * 10 ** rng.uniform(-1.5, 0.0)))


def _dipole(rng, flavours, top, smallest_mass):
    table, final_mass = _charges(rng, flavours[:2], 0.1), _final_mass(rng, top)
    model, oracle, named = _moments(table, final_mass)
    values = lambda m, g: {"mass": final_mass} | {f"mu_{f}": g * c for f, c in table.items()}  # noqa: E731
    return Beyond(model, oracle, named, values)


def _changes(rng, flavours):
    """Return pairs of flavours, those that keep it among them or not."""
    pairs = [(f, f) for f in flavours] + [pair for pair in CHANGES if set(pair) <= set(flavours)]
    # nu_tau is there as a final flavour in any case
    return pairs + ([pair for pair in CHANGES if pair not in pairs] if rng.random() < 0.5 else [])


def _name(pair):
    return CHANGES.get(pair, pair[0] + pair[1])


def _millicharge(rng, flavours, top, smallest_mass):
    changing = rng.random() < 0.25
    table = {
        pair: round(float(rng.uniform(-2, 2)), 2)
        for pair in _changes(rng, flavours)
        if not changing or pair[0] != pair[1]
    }
    entries = [(pair, c) for (a, b), c in table.items() for pair in dict.fromkeys([(a, b), (b, a)])]
    charge = interactions.millicharge().amplitudes[0].proton
    model = interactions.Interaction(
        "millicharge",
        (Parameter("coupling", low=-1e10, high=1e10),),
        [Amplitude(pair, charge * c, 0.0, (("coupling", 1),), 0.0) for pair, c in entries],
    )
    terms = [Term(pair, CHARGE * c, 0.0, 0.5 if changing else 1.0, 0.0) for pair, c in entries]
    return Beyond(
        model,
        _oracle(terms, 2 if changing else 1),
        interactions.millicharge(),
        lambda m, g: {f"q_{_name(pair)}": g * c for pair, c in table.items()},
        pole=2,
    )


def _loop(rng, flavours, top, smallest_mass):
    if rng.random() < 0.4:
        name = list(_LOOPS)[rng.integers(3)]
        table, model = _LOOPS[name], interactions.get_interaction(name)
    else:
        table = {f: round(float(rng.uniform(-2, 2)), 2) for f in ("e", "mu")}
        table["tau"] = -table["e"] - table["mu"]
        model = mediated("loop", proton=table, neutron={}, loop=table)
    terms = [Term((f, f), c, 0.0, 1.0, "mass", loop=table) for f, c in table.items()]
    return Beyond(model, _oracle(terms, 2))


def _signed(rng, flavours, top, smallest_mass):
    (up, down), table = _two(rng), _charges(rng, flavours)
    model = VectorMediator("signed", quarks=(up, down), leptons=table, signed=True)
    terms = [Term((f, f), c * (2 * up + down), c * (up + 2 * down), 1.0, "mass") for f, c in table.items()]
    return Beyond(model, _oracle(terms, 1))


def _heavy(kinematics):
    def make(rng, flavours, top, smallest_mass):
        (p, n), table, final_mass = _two(rng, 3.0), _charges(rng, flavours), _final_mass(rng, top)
        amplitudes = [
            Amplitude((f, f), c * p, c * n, (("coupling", 2),), "mass", kinematics, final_mass)
            for f, c in table.items()
        ]
        terms = [Term((f, f), c * p, c * n, 0.5, "mass", kinematics, final_mass) for f, c in table.items()]
        return Beyond(interactions.Interaction("heavy", (mass(), coupling()), amplitudes), _oracle(terms, 4))

    return make


def _epsilons(rng, flavours, top, smallest_mass, changing=False):
    table = {}
    for pair in _changes(rng, flavours):
        if not changing or pair[0] != pair[1]:
            sizes = rng.uniform(-1, 1, 4).round(3)
            table[pair] = tuple((sizes[:2] + (0 if pair[0] == pair[1] else 1j) * sizes[2:]).tolist())
    entries = {}
    for (a, b), (up, down) in table.items():
        entries[a, b] = 2 * up + down, up + 2 * down
        entries[b, a] = tuple(np.conj(entries[a, b]).tolist())
    model = interactions.Interaction(
        "epsilons",
        (Parameter("coupling", low=-1e10, high=1e10),),
        [Amplitude(pair, p, n, (("coupling", 1),)) for pair, (p, n) in entries.items()],
    )
    terms = [Term(pair, p, n, 0.5 if changing else 1.0) for pair, (p, n) in entries.items()]

    def values(m, g):
        found = {}
        for pair, numbers in table.items():
            for quark, number in zip("ud", numbers, strict=True):
                found[f"eps_{quark}_{_name(pair)}"] = g * number.real
                if pair[0] != pair[1]:
                    found[f"eps_{quark}_{_name(pair)}_im"] = g * number.imag
        return found

    return Beyond(model, _oracle(terms, 2 if changing else 1), interactions.quark_couplings(), values)


def _changing(rng, flavours, top, smallest_mass):
    return _epsilons(rng, flavours, top, smallest_mass, changing=True)


def _sum(moving):
    """Return a function that draws a sum of a vector and a scalar, of which one is free and the other is given."""

    def make(rng, flavours, top, smallest_mass):
        (p, n), table = _two(rng, 3.0), _charges(rng, flavours)
        (c_p, c_n), neutrinos = _two(rng, 20.0), _charges(rng, flavours)
        given_mass = float(10 ** rng.uniform(np.log10(max(smallest_mass, 0.1)), 3))
        # about as strong as the weak interaction
        strength = float(10 ** rng.uniform(-1, 1) * 1e-11 * (given_mass**2 + 0.3 * top**2))
        vector = mediated("vector", proton=_scaled(table, p), neutron=_scaled(table, n))
        scalar = ScalarMediator("scalar", proton=c_p, neutron=c_n, neutrinos=neutrinos)
        names = {"mass": "given_mass", "coupling": "given_coupling"}
        if moving == "scalar":
            free, given, power, degrees = scalar, vector, 4, (0.0, 0.5)
            # less of it, so that the standard model is not all that differs from the data
            strength *= 0.1
        else:
            free, given, power, degrees = vector, scalar, 2, (1.0, 0.0)
        fixed = [
            Amplitude(a.flavours, a.proton * strength, a.neutron * strength, (), given_mass, a.kinematics)
            for a in given.amplitudes
        ]
        model = free + interactions.Interaction("given", (), fixed)
        one, other = (1.0, strength) if moving == "scalar" else (strength, 1.0)
        masses = ("mass", given_mass) if moving == "scalar" else (given_mass, "mass")
        terms = [Term((f, f), other * c * p, other * c * n, degrees[0], masses[1]) for f, c in table.items()] + [
            Term((f, f), one * c * c_p, one * c * c_n, degrees[1], masses[0], "scalar") for f, c in neutrinos.items()
        ]

        def values(m, g):
            return {"mass": m, "coupling": g, "given_mass": given_mass, "given_coupling": np.sqrt(strength)}

        return Beyond(model, _oracle(terms, power), free + given.renamed(**names), values)

    return make


def _scaled(table, number):
    return {f: c * number for f, c in table.items()}


def _together(rng, flavours, top, smallest_mass):
    """One mass and one coupling of a vector and a scalar: the vector interferes, and both squares add up."""
    (p, n), table = _two(rng, 3.0), _charges(rng, flavours)
    (c_p, c_n), neutrinos = _two(rng, 5.0), _charges(rng, flavours)
    vector = mediated("vector", proton=_scaled(table, p), neutron=_scaled(table, n))
    scalar = ScalarMediator("scalar", proton=c_p, neutron=c_n, neutrinos=neutrinos)
    model = interactions.Interaction("both", vector.parameters, vector.amplitudes + scalar.amplitudes)
    terms = [Term((f, f), c * p, c * n, 1.0, "mass") for f, c in table.items()]
    terms += [Term((f, f), c * c_p, c * c_n, 1.0, "mass", "scalar") for f, c in neutrinos.items()]
    return Beyond(model, _oracle(terms, 2))


_DRAW = dict(
    zip(
        KINDS,
        (
            _scalar,
            _tensor,
            _magnetic,
            _millicharge,
            _loop,
            _signed,
            _dipole,
            _heavy("vector"),
            _heavy("scalar"),
            _epsilons,
            _changing,
            _sum("scalar"),
            _sum("vector"),
            _together,
        ),
        strict=True,
    )
)
