"""Kinds that generated experiments see, and plain numbers drawn for their fluxes, quenching and detectors."""

import numpy as np
from oracle_general import Oracle

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


def draw_flux(rng, kind):
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


def draw_quenching_sigma(rng, kind):
    ranges = {"none": None, "narrow": (0.005, 0.03), "usual": (0.03, 0.12), "wide": (0.12, 0.4)}[kind]
    return 0.0 if ranges is None else float(np.exp(rng.uniform(*np.log(ranges))))


def draw_quenching(rng, kind, end, plan):
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


def draw_detector(rng, plan, kinds):
    oracle = Oracle(plan, bare=True)
    end = oracle.recoil_end
    plan = plan.replace(quenching=draw_quenching(rng, kinds["quenching"], end, plan))
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
        efficiency=draw_efficiency(rng, kinds["efficiency"], edges),
        resolution=resolution,
        observed=np.zeros(bins),
        uncertainty=np.ones(bins),
    )


def draw_efficiency(rng, kind, edges):
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
