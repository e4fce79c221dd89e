"""Experiments that nobody designed: `make(seed)` draws one, the same on every machine and in every run.

What is drawn is plain numbers (`Plan`), from which `build` makes the library's objects and `oracle_general` its own
counts and chi2. Every kind of flux, target, quenching, efficiency, resolution and data turns up equally often in
consecutive seeds.
"""

import zlib
from dataclasses import dataclass, field, replace

import generated_interactions
import numpy as np
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

# (Z, N, atomic mass [u], R_p, R_n [fm]), rounded: any numbers of the right size will do
NUCLEI = {
    "He-4": (2, 2, 4.0026, 1.676, 1.676),
    "C-12": (6, 6, 12.0, 2.47, 2.47),
    "O-16": (8, 8, 15.9949, 2.70, 2.70),
    "F-19": (9, 10, 18.9984, 2.90, 2.92),
    "Ne-20": (10, 10, 19.9924, 3.006, 3.0),
    "Na-23": (11, 12, 22.98977, 2.994, 3.0),
    "Si-28": (14, 14, 27.97693, 3.122, 3.122),
    "Ar-40": (18, 22, 39.96238, 3.427, 3.55),
    "Ca-40": (20, 20, 39.96259, 3.478, 3.45),
    "Ge-74": (32, 42, 73.92118, 4.074, 4.17),
    "I-127": (53, 74, 126.90447, 4.75, 4.94),
    "Xe-132": (54, 78, 131.90416, 4.786, 4.95),
    "Cs-133": (55, 78, 132.90545, 4.804, 5.01),
    "W-184": (74, 110, 183.95093, 5.366, 5.5),
    "Pb-208": (82, 126, 207.97665, 5.501, 5.7),
}
TARGETS = (
    {"He-4": 1},
    {"C-12": 1},
    {"Si-28": 1},
    {"Ar-40": 1},
    {"Ge-74": 1},
    {"Xe-132": 1},
    {"W-184": 1},
    {"Pb-208": 1},
    {"Cs-133": 1, "I-127": 1},
    {"Na-23": 1, "I-127": 1},
    {"C-12": 3, "F-19": 8},
    {"Ca-40": 1, "W-184": 1, "O-16": 4},
    {"Ne-20": 0.35, "Ar-40": 0.65},
)
FLUXES = ("pion", "line", "lines", "table", "gaps", "histogram", "reactor", "sum")
QUENCHINGS = ("constant", "polynomial", "linear", "birks", "table", "lindhard")
EFFICIENCIES = ("perfect", "steps", "lines", "zero beyond", "jumping rows")
RESOLUTIONS = ("none", "none", "none", "gaussian", "poisson")
BINS = (1, 2, 3, 5, 8, 12, 20)
SPACINGS = ("equal", "geometric", "unequal")
UNCERTAINTIES = ("counting", "counting", "floor", "precise")
DATA = ("sm", "model", "fluctuated", "zeros", "negative", "shifted", "tenfold", "wild bin")
ETAS = ("none", "none", "none", "narrow", "usual", "wide")
FORM_FACTORS = ("helm", "klein-nystrand", "symmetrized-fermi")
THICKNESS = {"helm": 0.9, "klein-nystrand": 0.7, "symmetrized-fermi": 2.30 / (4 * np.log(3))}
# least rms radius in units of the thickness
LEAST_RADIUS = {"helm": 3**0.5, "klein-nystrand": 6**0.5, "symmetrized-fermi": 1.4**0.5 * np.pi}
MEDIATORS = ("universal", "b-l", "lmu-ltau", "charges", "mirror")


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
    flux, weak = _flux(rng, kinds["flux"])
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
        quenching_sigma=_quenching_sigma(rng, kinds["eta"]),
        weak=weak,
    )
    plan = _detector(rng, plan, kinds)
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


def _flux(rng, kind):
    flavours = [("e",), ("mu",), ("e", "mu"), ("e", "mu", "tau")][rng.integers(4)]
    weak = "tree" if "tau" in flavours else "radiative"

    def one(kind):
        if kind == "pion":
            return [("pion", 1.5e23)]
        if kind == "reactor":
            return [("reactor", 15.0)]
        if kind in ("line", "lines"):
            return [
                (
                    "line",
                    float(10 ** rng.uniform(0.3, 1.8)),
                    float(1e14 * rng.uniform(0.1, 2)),
                    flavours[i % len(flavours)],
                )
                for i in range(1 if kind == "line" else rng.integers(2, 6))
            ]
        rows = int(rng.integers(3, 13))
        top = 10 ** rng.uniform(0.7, 1.8)
        energy = np.sort(rng.uniform(0 if rng.random() < 0.5 else 0.2 * top, top, rows))
        if rng.random() < 0.3:
            energy[0] = 0.0
        energy = energy + 1e-3 * top * np.arange(rows)  # no two rows at one place
        size = rows - 1 if kind == "histogram" else rows
        densities = {}
        for flavour in flavours:
            phi = 1e14 / top * rng.uniform(0.1, 2, size)
            if kind != "table":
                phi[rng.random(size) < 0.3] = 0.0
            if kind == "table" and rng.random() < 0.5:
                phi[-1] = 0.0
            if not phi[-2:].any():
                phi[-2:] = 1e14 / top
            densities[flavour] = phi
        return [("histogram" if kind == "histogram" else "table", energy, densities)]

    kinds = [FLUXES[i] for i in rng.integers(6, size=2)] if kind == "sum" else [kind]
    return tuple(part for each in kinds for part in one(each)), weak


def _quenching_sigma(rng, kind):
    ranges = {"none": None, "narrow": (0.005, 0.03), "usual": (0.03, 0.12), "wide": (0.12, 0.4)}[kind]
    return 0.0 if ranges is None else float(np.exp(rng.uniform(*np.log(ranges))))


def _quenching(rng, kind, end, plan):
    f = rng.uniform(0.08, 0.3)
    if kind == "constant":
        return kind, f
    if kind == "polynomial":
        return kind, (f, f * rng.uniform(-0.3, 0.8) / end, f * rng.uniform(-0.05, 0.3) / end**2), 1.2 * end
    if kind == "linear":
        return kind, f, 0.7 * f * rng.uniform(0, 1.5) / end, end * rng.uniform(0.2, 1.2)
    if kind == "birks":
        # a stopping power that is a quadratic in log-log, which a polynomial of degree 3 carries exactly
        onset, t = end * 10 ** rng.uniform(-1.5, 0.0), np.geomspace(1e-5 * end, 2 * end, 40)
        log = np.log(t / end)
        power = 100 * np.exp(rng.uniform(0, 0.2) * log + rng.uniform(-0.02, 0.0) * log**2)
        return kind, onset, 1 / (100 * f) * (1 - np.exp(-end / onset)) * rng.uniform(0.8, 1), t, power
    if kind == "table":
        rows = int(rng.integers(3, 11))
        t = end * np.sort(rng.uniform(0.02, 1.2, rows)) + 1e-2 * end * np.arange(rows)
        factors = [f]
        for ratio in t[1:] / t[:-1]:
            # f T must grow at both ends of each line
            least = max(ratio / (2 * ratio - 1), 2 - ratio, 0.7)
            factors.append(factors[-1] * rng.uniform(least + 0.02, 1.15))
        return kind, t, np.clip(factors, 0, 0.9)
    z, n = plan.nuclei[0][:2]
    return kind, z, z + n


def _detector(rng, plan, kinds):
    oracle = Oracle(plan, bare=True)
    end = oracle.recoil_end
    plan = plan.replace(quenching=_quenching(rng, kinds["quenching"], end, plan))
    resolution, light_yield = None, float(10 ** rng.uniform(-0.3, 1.3))
    top = float(Oracle(plan, bare=True).signal(end))
    if kinds["resolution"] == "poisson":
        resolution, light_yield = 0.0, float(10 ** rng.uniform(0.7, 2.3)) / top
    top *= light_yield
    bins = kinds["bins"]
    low = 0.0 if rng.random() < 0.15 else top * 10 ** rng.uniform(-1.7, -0.25)
    high = max(low * 1.1, top * rng.uniform(0.4, 1.3))
    if resolution == 0.0:
        high = max(high, low + 2.0)
    if kinds["spacing"] == "equal":
        edges = np.linspace(low, high, bins + 1)
    elif kinds["spacing"] == "geometric":
        edges = np.geomspace(max(low, 1e-3 * top), high, bins + 1)
    else:
        widths = rng.dirichlet(np.full(bins, 0.4)) + 2e-3
        edges = low + (high - low) * np.concatenate([[0.0], np.cumsum(widths) / widths.sum()])
    if kinds["resolution"] == "gaussian":
        resolution = float(rng.uniform(0.03, 0.4) * np.sqrt(0.5 * (low + high)))
    return plan.replace(
        light_yield=light_yield,
        edges=edges,
        efficiency=_efficiency(rng, kinds["efficiency"], edges),
        resolution=resolution,
        observed=np.zeros(bins),
        uncertainty=np.ones(bins),
    )


def _efficiency(rng, kind, edges):
    if kind == "perfect":
        return (0.0, 1.0), (1.0,), "constant"
    rows = int(rng.integers(2, 9))
    x = np.sort(rng.uniform(0, 1.2, rows)) * edges[-1] + 1e-3 * edges[-1] * np.arange(rows)
    # the first bin must see something
    x[0], x[-1] = min(x[0], 0.5 * (edges[0] + edges[1])), max(x[-1], edges[1])
    if kind == "steps":
        return tuple(x), tuple(rng.uniform(0.1, 1, rows - 1)), ("constant", "zero")[rng.integers(2)]
    if kind == "jumping rows":
        x = np.sort(np.concatenate([x, x[1:] * (1 + 1e-4)]))
        return tuple(x), tuple(rng.uniform(0, 1, x.size)), "constant"
    values = rng.uniform(0.05, 1, rows)
    if rng.random() < 0.5:
        values[0] = 0.0
    return tuple(x), tuple(values), "zero" if kind == "zero beyond" else "constant"


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
