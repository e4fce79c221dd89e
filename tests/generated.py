"""Experiments that nobody designed: `make(seed)` draws one, the same on every machine and in every run.

What is drawn is plain numbers (`Plan`), from which `build` makes the library's objects and `oracle_general` its own
counts and chi2. Every kind of flux, target, quenching, efficiency, resolution and data turns up equally often in
consecutive seeds.
"""

import zlib
from dataclasses import dataclass, field, replace

import generated_interactions
import numpy as np
from generated_detectors import (
    BINS,
    DATA,
    EFFICIENCIES,
    ETAS,
    FLUXES,
    FORM_FACTORS,
    LEAST_RADIUS,
    MEDIATORS,
    NUCLEI,
    QUENCHINGS,
    RESOLUTIONS,
    SPACINGS,
    TARGETS,
    THICKNESS,
    UNCERTAINTIES,
    draw_detector,
    draw_flux,
    draw_quenching_sigma,
)
from oracle_general import Interaction, Oracle

import cevns
from cevns import fluxes
from cevns.detectors import (
    BirksQuenching,
    Efficiency,
    GaussianResolution,
    LindhardQuenching,
    LinearQuenching,
    PoissonResolution,
    PolynomialQuenching,
    Response,
    TabulatedQuenching,
)
from cevns.fluxes import reactor_antineutrinos
from cevns.interactions import TREE_LEVEL_COUPLINGS, NonStandardInteractions, VectorMediator, get_interaction, mediated
from cevns.likelihoods import Background
from cevns.nuclei import Nucleus, Target


@dataclass(frozen=True)
class Plan:
    """An experiment in plain numbers.

    Attributes
    ----------
    flux : tuple
        Parts: ("pion", protons), ("line", energy [MeV], fluence, flavour), ("table" or "histogram", energies, densities
        by flavour) or ("reactor", distance [m]).
    target : dict
        Numbers per formula unit by name in `NUCLEI`.
    mass : float
        Active mass [kg].
    form_factor : str
    quenching : tuple
        Kind and its parameters.
    light_yield : float
    edges : ndarray
    efficiency : tuple
        Abscissas, values, and what holds beyond the last.
    resolution : float or None
        The a of a Gaussian, 0 for Poisson, None for none.
    observed, uncertainty : ndarray
    signal_sigma, quenching_sigma : float
    backgrounds : tuple
        (counts, sigma) of each.
    weak : str
        "radiative" or "tree".
    """

    flux: tuple
    target: dict
    mass: float
    form_factor: str
    quenching: tuple
    light_yield: float
    edges: np.ndarray
    efficiency: tuple
    resolution: float | None
    observed: np.ndarray
    uncertainty: np.ndarray
    signal_sigma: float
    quenching_sigma: float
    backgrounds: tuple = ()
    weak: str = "radiative"

    def replace(self, **changes):
        """Return a copy with some numbers changed."""
        return replace(self, **changes)

    @property
    def nuclei(self):
        """Rows of Z, N, mass [MeV], R_p, R_n [fm], number per formula unit."""
        rows = []
        for name, count in self.target.items():
            z, n, mass, r_p, r_n = NUCLEI[name]
            rows.append((z, n, mass * 931.49410372 - z * 0.51099895069, r_p, r_n, count))
        return rows

    @property
    def molar_mass(self):
        """Of a formula unit [g/mol]."""
        return sum(NUCLEI[name][2] * count for name, count in self.target.items())


@dataclass
class Case:
    """A drawn experiment with its oracle and what to ask of it.

    Attributes
    ----------
    seed : int
    about : str
        Its kinds, for messages.
    plan : Plan
    experiment : cevns.Experiment
    oracle : Oracle
    models : tuple of (cevns.interactions.Interaction, Interaction)
        A mediator, a contact interaction or the standard model, and one of `generated_interactions`.
    masses : ndarray
        Mediator masses [MeV].
    beyond : generated_interactions.Beyond
        The last of the models.
    """

    seed: int
    about: str
    plan: Plan
    experiment: cevns.Experiment
    oracle: Oracle
    models: tuple
    masses: np.ndarray
    beyond: generated_interactions.Beyond | None = None
    rng: object = field(repr=False, default=None)

    @property
    def refused(self):
        """Whether the last model has events that diverge; see `diverges`."""
        flavours = {flavour for flavour, *_ in self.oracle.parts}
        return self.diverges and any(term.flavours[0] in flavours for term in self.beyond.oracle.all_terms)

    @property
    def diverges(self):
        """Whether events of photons diverge, or nearly so, since recoils are observed down to 0.

        Without a threshold they are; and n quanta are seen with a probability that rises like the observable's power n.
        """
        threshold = max(self.plan.edges[0], self.plan.efficiency[0][0])
        rise = np.inf if threshold > 0 else 0.0
        if self.plan.resolution == 0.0:
            rise = np.ceil(threshold)
        return rise < self.beyond.pole


def stratum(seed, name, kinds):
    """Return a kind such that consecutive seeds see all equally often, each dimension in an order of its own."""
    block, place = divmod(seed, len(kinds))
    order = np.random.default_rng([zlib.crc32(name.encode()), block]).permutation(len(kinds))
    return kinds[order[place]]


def make(seed):
    """Return the `Case` of a seed."""
    rng = np.random.default_rng([20080502, seed])
    kinds = {
        "flux": stratum(seed, "flux", FLUXES),
        "target": stratum(seed, "target", TARGETS),
        "quenching": stratum(seed, "quenching", QUENCHINGS),
        "efficiency": stratum(seed, "efficiency", EFFICIENCIES),
        "resolution": stratum(seed, "resolution", RESOLUTIONS),
        "bins": stratum(seed, "bins", BINS),
        "spacing": stratum(seed, "spacing", SPACINGS),
        "uncertainty": stratum(seed, "uncertainty", UNCERTAINTIES),
        "data": stratum(seed, "data", DATA),
        "eta": stratum(seed, "eta", ETAS),
        "mediator": stratum(seed, "mediator", MEDIATORS),
        "contact": stratum(seed, "contact", ("nsi", "nsi", "sm")),
        "beyond": stratum(seed, "beyond", generated_interactions.KINDS),
    }
    flux, weak = draw_flux(rng, kinds["flux"])
    target = kinds["target"]
    radius = min(NUCLEI[name][3] for name in target)
    allowed = [f for f in FORM_FACTORS if radius > 1.01 * LEAST_RADIUS[f] * THICKNESS[f]]
    plan = Plan(
        flux=flux,
        target=target,
        mass=1.0,
        form_factor=allowed[rng.integers(len(allowed))],
        quenching=("constant", 0.1),
        light_yield=1.0,
        edges=np.array([1.0, 2.0]),
        efficiency=((0.0, 1.0), (1.0,), "constant"),
        resolution=None,
        observed=np.ones(1),
        uncertainty=np.ones(1),
        signal_sigma=float(10 ** rng.uniform(-2, np.log10(0.5))),
        quenching_sigma=draw_quenching_sigma(rng, kinds["eta"]),
        weak=weak,
    )
    plan = draw_detector(rng, plan, kinds)
    models = tuple(_model(rng, kinds[k], plan) for k in ("mediator", "contact"))
    plan = _data(rng, plan, kinds, models[0])
    experiment = build(plan, f"generated-{seed}")
    least = experiment.smallest_mass
    masses = 10 ** np.sort(rng.uniform(np.log10(max(least, 1e-3)), 6.0, 3))
    oracle = Oracle(plan)
    # numbers of its own, so that the rest does not depend on how many it takes
    beyond = generated_interactions.draw(
        np.random.default_rng([20220817, seed]), kinds["beyond"], plan, top=oracle.top_energy, smallest_mass=least
    )
    models = (*models, (beyond.model, beyond.oracle))
    about = ", ".join(f"{k} {'+'.join(v) if isinstance(v, dict) else v}" for k, v in kinds.items())
    return Case(seed, f"seed {seed}: {about}", plan, experiment, oracle, models, masses, beyond, rng)


# --- from numbers to the library's objects


def build(plan, name="generated"):
    """Return the library's experiment for a plan."""
    parts = []
    for i, (kind, *values) in enumerate(plan.flux):
        # which nuclei do not know
        anti = {"antineutrino": i % 2 == 0}
        if kind == "pion":
            parts.append(fluxes.pion_decay_at_rest(neutrinos_per_proton=0.08, protons=values[0], distance=20.0))
        elif kind == "line":
            parts.append(fluxes.monochromatic(values[0], fluence=values[1], flavour=values[2], **anti))
        elif kind == "reactor":
            parts.append(reactor_antineutrinos(thermal_power=3.0, distance=values[0], exposure=300))
        else:
            parts.append(fluxes.tabulated(values[0], values[1], histogram=kind == "histogram", **anti))
    flux = parts[0]
    for part in parts[1:]:
        flux = flux + part
    nuclei = {}
    for nucleus, count in plan.target.items():
        z, n, mass, r_p, r_n = NUCLEI[nucleus]
        nuclei[Nucleus.from_atomic_mass(nucleus, z, n, mass, r_p, r_n)] = count
    kind, *values = plan.quenching
    quenching = {
        "constant": lambda f: PolynomialQuenching((f,)),
        "polynomial": lambda c, top: PolynomialQuenching(c, maximum=top),
        "linear": LinearQuenching,
        "birks": lambda onset, birks, t, s: BirksQuenching(onset, birks, t, s, degree=3),
        "table": TabulatedQuenching,
        "lindhard": LindhardQuenching,
    }[kind](*values)
    resolution = plan.resolution
    if resolution is not None:
        resolution = GaussianResolution(resolution) if resolution else PoissonResolution()
    return cevns.Experiment(
        name,
        flux,
        Target.of(nuclei, molar_mass=plan.molar_mass, mass=plan.mass),
        Response(
            quenching,
            plan.edges,
            unit="units",
            light_yield=plan.light_yield,
            efficiency=Efficiency(*plan.efficiency),
            resolution=resolution,
        ),
        plan.observed,
        plan.uncertainty,
        signal_sigma=plan.signal_sigma,
        backgrounds=tuple(Background(f"background {i}", c, s) for i, (c, s) in enumerate(plan.backgrounds)),
        quenching_sigma=plan.quenching_sigma,
        form_factor=plan.form_factor,
    )


def build_model(name, plan, *, charges=None):
    """Return (library's model, oracle's interaction) for a name or for charges."""
    tau = plan.weak == "tree"
    if name in ("universal", "b-l", "lmu-ltau", "sm"):
        model = get_interaction(name)
        loop = -(1 / 137.035999) / (3 * np.pi) * np.log(1776.86**2 / 105.6583755**2)
        table = {
            "universal": (dict.fromkeys(("e", "mu", "tau"), 3.0),) * 2,
            "b-l": (dict.fromkeys(("e", "mu", "tau"), -1.0),) * 2,
            "lmu-ltau": ({"mu": loop}, {}),
            "sm": ({}, {}),
        }[name]
        interaction = Interaction(*table, mediated=name != "sm", weak=plan.weak)
    elif name == "charges":
        quarks, leptons = charges
        model = VectorMediator("charges", quarks=quarks, leptons=leptons)
        up, down = quarks
        proton = {f: q * (2 * up + down) for f, q in leptons.items()}
        neutron = {f: q * (up + 2 * down) for f, q in leptons.items()}
        interaction = Interaction(proton, neutron, mediated=True, weak=plan.weak)
    elif name == "mirror":
        # proportional to the weak couplings: exactly degenerate with the standard model at twice their strength
        g = {
            "radiative": ({"e": 0.0401, "mu": 0.0318}, -0.5094),
            "tree": (dict.fromkeys(("e", "mu", "tau"), 0.0229), -0.5),
        }
        proton = {f: -x for f, x in g[plan.weak][0].items()}
        neutron = dict.fromkeys(proton, -g[plan.weak][1])
        model = mediated("mirror", proton=proton, neutron=neutron)
        interaction = Interaction(proton, neutron, mediated=True, weak=plan.weak)
    else:
        up, down = charges
        model = NonStandardInteractions(up=up, down=down)
        flavours = {*up, *down}
        proton = {f: 2 * up.get(f, 0.0) + down.get(f, 0.0) for f in flavours}
        neutron = {f: up.get(f, 0.0) + 2 * down.get(f, 0.0) for f in flavours}
        interaction = Interaction(proton, neutron, mediated=False, weak=plan.weak)
    return (model.replace(weak=TREE_LEVEL_COUPLINGS) if tau else model), interaction


# --- drawing


def _model(rng, kind, plan):
    flavours = ("e", "mu", "tau") if plan.weak == "tree" else ("e", "mu")
    if kind == "charges":
        charges = (
            tuple(rng.uniform(-1, 1, 2).round(3).tolist()),
            {f: round(float(rng.uniform(-3, 3)), 2) for f in flavours},
        )
        return build_model(kind, plan, charges=charges)
    if kind == "nsi":
        up, down = ({f: round(float(rng.uniform(-1, 1)), 3) for f in flavours} for _ in range(2))
        return build_model(kind, plan, charges=(up, down))
    return build_model(kind, plan)


def _data(rng, plan, kinds, model):
    total = 10 ** rng.uniform(1, 7)
    standard = Interaction({}, {}, mediated=False, weak=plan.weak)
    signal = Oracle(plan).counts(standard)
    if not signal.sum() > 0:
        raise AssertionError("a generated experiment sees nothing; draw its efficiency differently")
    plan = plan.replace(mass=total / signal.sum())
    bins = signal.size
    signal = signal * plan.mass
    shapes = (np.ones(bins), np.linspace(1, 0.1, bins), rng.uniform(0, 1, bins))
    backgrounds = []
    for i in range(rng.integers(0, 4)):
        size = total * 10 ** rng.uniform(-2, 1.5)
        shape = shapes[rng.integers(3)] if i else shapes[0]
        backgrounds.append((size * shape / max(shape.sum(), 1e-3), float(10 ** rng.uniform(-2, -0.1))))
    expected = signal + sum(c for c, _ in backgrounds)
    floor = max(1.0, 1e-3 * expected.max())
    uncertainty = {
        "counting": np.sqrt(expected + 1),
        "floor": np.maximum(np.sqrt(expected + 1), 0.05 * expected),
        "precise": 1e-4 * np.maximum(expected, floor),
    }[kinds["uncertainty"]]
    plan = plan.replace(backgrounds=tuple(backgrounds), uncertainty=uncertainty)
    oracle, rest = Oracle(plan), expected - signal
    kind = kinds["data"]
    eta = 1.0
    if kind == "model":
        mass = 10 ** rng.uniform(0, 3)
        pole = mass**2 + oracle.largest_q2 * 0.3
        y = 10 ** rng.uniform(-1.5, 1.5) * 1.65e-11 * pole
        observed = oracle.counts(model[1], mass, y) + rest
    elif kind == "shifted" and plan.quenching_sigma:
        eta = float(np.clip(1 + rng.choice([-4, 4]) * plan.quenching_sigma, *oracle.eta_range))
        observed = oracle.counts(standard, eta=eta) + rest
    elif kind == "shifted":
        observed = (1 + 4 * plan.signal_sigma) * signal + rest
    elif kind == "fluctuated":
        observed = expected + uncertainty * rng.standard_normal(bins)
    elif kind == "zeros":
        observed = np.zeros(bins)
    elif kind == "negative":
        observed = -rng.uniform(0, 0.3, bins) * expected
    elif kind == "tenfold":
        observed = 10 * expected
    else:
        observed = expected.copy()
        if kind == "wild bin":
            observed[rng.integers(bins)] += 30 * uncertainty.max()
    # what is beyond that is refused, since chi2 has no digits left
    return plan.replace(observed=np.clip(observed, -9e7 * uncertainty, 9e7 * uncertainty))
