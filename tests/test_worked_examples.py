"""The worked examples of docs/examples.md: Python and file agree, and both agree with integrals of SciPy alone."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, optimize, special, stats

from cevns.config import load_config
from cevns.fluxes import solar_neutrinos

PAGE = (Path(__file__).parents[1] / "docs" / "examples.md").read_text(encoding="utf-8")
NAMES = {"Germanium at a reactor": ["germanium"], "Xenon and the Sun": ["xenon"]}
NAMES["Two detectors at one source"] = ["iodide", "planned"]


def section(title, language):
    (found,) = re.findall(
        rf"```{language}\n(.*?)```", PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0], flags=re.DOTALL
    )
    return found


@pytest.fixture(scope="module")
def examples():
    """Experiments that the Python blocks make, by their names there."""
    found = {}
    for title, names in NAMES.items():
        scope = {}
        exec(section(title, "python"), scope)
        found |= {name: scope[name] for name in names}
    return found


def near(text, value):
    """Compare with a number of the page."""
    assert value == pytest.approx(float(text), abs=0.6 * 10.0 ** -len(text.partition(".")[2]))


@pytest.mark.parametrize("title", NAMES)
def test_a_file_has_the_same_chi2(examples, tmp_path, title):
    path = tmp_path / "mine.toml"
    path.write_text(section(title, "toml"), encoding="utf-8")
    config = load_config(path)
    for found, name in zip(config.likelihood.experiments, NAMES[title], strict=True):
        expected = examples[name]
        np.testing.assert_allclose(found.observed, expected.observed, rtol=1e-12)
        for model, values in (("sm", {}), (config.model, {"mass": 20.0, "coupling": 1e-4})):
            assert found.chi2(model, **values) == pytest.approx(expected.chi2(model, **values), rel=1e-10, abs=1e-10)
    both = sum(examples[name] for name in NAMES[title])
    point = {"mass": 20.0, "coupling": 1e-4}
    assert config.likelihood.chi2(config.model, **point) == pytest.approx(both.chi2(config.model, **point), rel=1e-10)


def test_electrons_of_the_file_see_magnetic_moments(examples, tmp_path):
    text = section("Germanium at a reactor", "toml").replace("# electrons", "electrons")
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    (found,) = load_config(tmp_path / "mine.toml").likelihood.experiments
    expected = examples["germanium"].replace(electrons="shells").chi2("magnetic-moment", mu_e=2e-10)
    assert found.chi2("magnetic-moment", mu_e=2e-10) == pytest.approx(expected, rel=1e-10)


def test_the_page_tells_the_numbers(examples):
    germanium, xenon, iodide, planned = (examples[n] for n in ("germanium", "xenon", "iodide", "planned"))
    told = re.findall(r'chi2\("[a-z-]+".*?\)  # ([\d.]+)', PAGE)
    both = iodide + planned
    point = {"mass": 20.0, "coupling": 1e-4}
    moments = germanium.replace(electrons="shells").chi2("magnetic-moment", mu_e=2e-10)
    values = [germanium.chi2("sm"), moments, xenon.chi2("sm"), iodide.chi2("sm"), both.chi2("b-l", **point)]
    assert len(told) == len(values)
    for text, value in zip(told, values, strict=True):
        near(text, value)
    assert planned.chi2("sm") == pytest.approx(0, abs=1e-9)
    (pull,) = re.findall(r'shared\["source flux"\]  # (\S+)', PAGE)
    near(pull, both.pulls("b-l", **point).shared["source flux"])
    without, with_it = re.findall(r"without them (\d+) instead of (\d+) events", PAGE)[0]
    near(with_it, germanium.signal.counts("sm").sum())
    reactor = germanium.flux
    near(without, germanium.replace(flux=type(reactor)("below", reactor.components[:2])).signal.counts("sm").sum())


# --- the same counts from integrals alone ----------------------------------------------------------------------------

G_F, HBAR_C, AVOGADRO, SKIN = 1.1663787e-11, 197.3269804, 6.02214076e23, 0.9
PROTON, NEUTRON = {"e": 0.0401, "mu": 0.0318, "tau": 0.0275}, -0.5094
X, W = special.roots_legendre(24)
# between two rows of a table of neutrinos
X_ROWS, W_ROWS = special.roots_legendre(6)


def helm(q, radius):
    """Helm's form factor; q in 1/fm."""
    sphere = np.sqrt(5 / 3 * (radius**2 - 3 * SKIN**2))
    return 3 * special.spherical_jn(1, q * sphere) / (q * sphere) * np.exp(-((q * SKIN) ** 2) / 2)


def recoil_rate(recoil, target, pieces, model="sm", mass=None, coupling=None):
    """Events per keV at recoils [keV], from densities of neutrinos (flavour, function, energies where it has kinks)."""
    out = np.zeros(recoil.shape)
    for nucleus, count in target.components:
        atoms = 1000 * target.mass / target.molar_mass * AVOGADRO * count
        q = np.sqrt(2 * nucleus.mass * recoil * 1e-3)
        factor = G_F**2 * nucleus.mass / np.pi * (HBAR_C * 1e-13) ** 2 * 1e-3 * atoms
        p = nucleus.protons * helm(q / HBAR_C, nucleus.proton_radius)
        n = nucleus.neutrons * helm(q / HBAR_C, nucleus.neutron_radius)
        moved = 0.0
        if model == "b-l":
            moved = -(coupling**2) / (np.sqrt(2) * G_F * (q**2 + mass**2))
        least = np.sqrt(nucleus.mass * recoil * 1e-3 / 2)
        for flavour, density, breaks in pieces:
            charge = (PROTON[flavour] + moved) * p + (NEUTRON + moved) * n
            out += (
                factor
                * charge**2
                * np.array(
                    [kinematic(density, breaks, e, nucleus.mass, t) for e, t in zip(least, recoil * 1e-3, strict=True)]
                )
            )
    return out


def kinematic(density, breaks, least, mass, recoil):
    """Integral of a density times 1 - M T / 2 E^2 above the least energy; a pair is a line's energy and fluence."""
    if isinstance(density, tuple):
        energy, fluence = density
        return fluence * max(1 - mass * recoil / (2 * energy**2), 0.0) if energy > least else 0.0
    cuts = np.unique(np.clip(breaks, least, None))
    middle, half = 0.5 * (cuts[1:] + cuts[:-1])[:, None], 0.5 * np.diff(cuts)[:, None]
    energy = middle + half * X_ROWS
    return float((half * W_ROWS * density(energy) * (1 - mass * recoil / (2 * energy**2))).sum())


def folded(rate, seen, cuts):
    """Integral over recoil energies of events per keV times what is seen of each in the bins, shape (bins, n)."""
    cuts = np.asarray(cuts)
    middle, half = 0.5 * (cuts[1:] + cuts[:-1])[:, None], 0.5 * np.diff(cuts)[:, None]
    recoil = (middle + half * X).ravel()
    return seen(recoil) @ (rate(recoil) * (half * W).ravel())


def least(chi2, start):
    """Return the least chi2 over nuisances, without derivatives."""
    options = {"xatol": 1e-10, "fatol": 1e-13, "maxiter": 10_000}
    found = optimize.minimize(chi2, start, method="Nelder-Mead", options=options)
    return optimize.minimize(chi2, found.x, method="Nelder-Mead", options=options).fun


def test_germanium(examples):
    experiment = examples["germanium"]
    edges = np.array([0.16, 0.18, 0.2, 0.24, 0.3, 0.4])
    # the reactor's tables; what is made of them is the integral's own
    breaks = np.unique(np.concatenate([c.spectrum.breaks for c in experiment.flux.components]))
    flux = [("e", lambda e: experiment.flux.density("e", e.ravel()).reshape(e.shape), breaks)]

    def seen(recoil):
        eps = 11.5 * 32 ** (-7 / 3) * recoil
        g = 0.162 * (3 * eps**0.15 + 0.7 * eps**0.6 + eps)
        energy = g / (1 + g) * recoil
        width = np.sqrt(0.018**2 + 0.018**2 * energy)
        out = []
        for low, high in itertools.pairwise(edges):
            x = np.linspace(low, high, 9)
            half = 0.5 * np.diff(x)[:, None]
            nodes = (0.5 * (x[1:] + x[:-1])[:, None] + half * X).ravel()
            weights = (half * W).ravel() * special.expit(200 * (nodes - 0.16))
            out.append(weights @ stats.norm.pdf(nodes[:, None], energy, width))
        return np.array(out)

    highest = 2e3 * 11.0**2 / min(n.mass for n in experiment.target.nuclei)
    ends = [2e3 * e**2 / n.mass for e in (2.0, 8.0, 11.0) for n in experiment.target.nuclei]
    cuts = np.unique(np.concatenate([np.geomspace(1e-3, highest, 60), ends]))
    found = folded(lambda t: recoil_rate(t, experiment.target, flux), seen, cuts)
    np.testing.assert_allclose(experiment.signal.counts("sm"), found, rtol=1e-6)
    observed = np.array([237.0, 193, 255, 338, 523])
    flat = 1200 * np.diff(edges) / 0.24

    def chi2(x):
        expected = (1 + 0.05 * x[0]) * found + x[1] * flat
        return 2 * (expected - observed + special.xlogy(observed, observed / expected)).sum() + x[0] ** 2

    assert experiment.chi2("sm") == pytest.approx(least(chi2, [0.0, 1.0]), abs=1e-6)


def test_xenon(examples):
    experiment = examples["xenon"]
    # before oscillations, all of them as electron neutrinos
    whole = solar_neutrinos("8B", exposure=365.25, total=5.46e6, survival=1.0)
    breaks = np.unique(np.concatenate([whole.components[0].spectrum.breaks, [1.0, 5.0, 12.0]]))

    def born(energy):
        return whole.density("e", energy.ravel()).reshape(energy.shape)

    def share(energy):
        return np.interp(energy, [1.0, 5.0, 12.0], [0.5, 0.36, 0.31])

    flux = [
        ("e", lambda e: born(e) * share(e), breaks),
        ("mu", lambda e: born(e) * (1 - share(e)) / 2, breaks),
        ("tau", lambda e: born(e) * (1 - share(e)) / 2, breaks),
    ]
    table = np.array([0.3, 0.6, 1.0, 2.0, 4.0])

    def seen(recoil):
        mean = 10.0 * np.interp(recoil, table, [0.35, 0.42, 0.5, 0.58, 0.64]) * recoil
        accepted = np.interp(np.arange(12), [3, 4, 6, 8], [0.0, 0.2, 0.6, 0.8])
        bins = ([4], [5], [6, 7], [8, 9, 10, 11])
        return np.array([sum(accepted[n] * stats.poisson.pmf(n, mean) for n in some) for some in bins])

    highest = 2e3 * whole.maximum_energy**2 / min(n.mass for n in experiment.target.nuclei)
    ends = [2e3 * whole.maximum_energy**2 / n.mass for n in experiment.target.nuclei]
    cuts = np.unique(np.concatenate([np.geomspace(1e-3, highest, 14), table, ends]))
    cuts = cuts[cuts <= highest]
    found = folded(lambda t: recoil_rate(t, experiment.target, flux), seen, cuts)
    np.testing.assert_allclose(experiment.signal.counts("sm"), found, rtol=1e-6)
    observed, accidental = np.array([18.0, 15, 27, 31]), np.array([9.0, 4.5, 3.0, 1.5])

    def chi2(x):
        expected = (1 + 0.2 * x[0]) * found + (1 + 0.1 * x[1]) * accidental
        return 2 * (expected - observed + special.xlogy(observed, observed / expected)).sum() + x @ x

    assert experiment.chi2("sm") == pytest.approx(least(chi2, np.zeros(2)), abs=1e-6)


def pions(protons, distance):
    """Neutrinos of pion decay at rest, per cm^2: prompt nu_mu, and those of muons."""
    muon, pion = 105.6583755, 139.57039
    each = 0.085 * protons / (4 * np.pi * (100 * distance) ** 2)
    end = np.array([0.0, muon / 2])
    prompt = [("mu", ((pion**2 - muon**2) / (2 * pion), each), None)]
    delayed = [
        ("e", lambda e: each * 192 * e**2 / muon**3 * (0.5 - e / muon), end),
        ("mu", lambda e: each * 64 * e**2 / muon**3 * (0.75 - e / muon), end),
    ]
    return prompt, delayed


def arrivals(times, lives, efficiency, delay=0.0):
    """Share of neutrinos in bins of time: a Gaussian pulse, and decays one after another."""

    def density(t):
        # the pulse with one decay is an exponentially modified Gaussian, and with two their difference
        one = [stats.exponnorm.pdf(t, life / 0.15, loc=0.47 + delay, scale=0.15) for life in lives]
        if len(lives) == 1:
            return one[0]
        return (lives[0] * one[0] - lives[1] * one[1]) / (lives[0] - lives[1])

    cuts = np.unique([*times, 0.52, *np.linspace(times[0], 2.0, 17)])
    found = []
    for low, high in itertools.pairwise(times):
        inner = [t for t in cuts if low < t < high]
        found.append(
            sum(
                integrate.quad(lambda t: density(t) * efficiency(t), a, b, epsabs=1e-13, epsrel=1e-11)[0]
                for a, b in itertools.pairwise([low, *inner, high])
            )
        )
    return np.array(found)


TIMES = [0.0, 0.5, 1.0, 2.0, 6.0]
POINTS = [("sm", {}), ("b-l", {"mass": 20.0, "coupling": 1e-4})]


@pytest.mark.parametrize(("model", "values"), POINTS)
def test_argon_in_time(examples, model, values):
    experiment = examples["planned"]
    edges = np.array([5.0, 10, 20, 40, 80])

    def recoil_at(x):
        # T (0.246 + 7.8e-4 T) = x below 125 keV
        return (-0.246 + np.sqrt(0.246**2 + 4 * 7.8e-4 * np.asarray(x))) / (2 * 7.8e-4)

    def seen(recoil):
        energy = (0.246 + 7.8e-4 * np.minimum(recoil, 125.0)) * recoil
        accepted = np.interp(energy, [0, 5, 15, 80], [0, 0.2, 0.7, 0.8])
        return ((energy >= edges[:-1, None]) & (energy < edges[1:, None])) * accepted

    (prompt, delayed), target = pions(6e23, 27.5), experiment.target
    line = prompt[0][1][0]
    ends = [2e3 * e**2 / n.mass for e in (105.6583755 / 2, line) for n in target.nuclei]
    above = [t for t in (recoil_at(15.0), *recoil_at(edges)) if t < 125]
    top = 80 / (0.246 + 7.8e-4 * 125)
    cuts = np.unique([*np.linspace(above[1], min(max(ends), top), 20), *above, 125.0, top, *ends])
    cuts = cuts[cuts <= max(ends)]
    shares = [arrivals(TIMES, lives, lambda t: 1.0) for lives in ([0.026], [2.1969811, 0.026])]
    counts = [folded(lambda t, p=p: recoil_rate(t, target, p, model, **values), seen, cuts) for p in (prompt, delayed)]
    found = sum(np.outer(c, s) for c, s in zip(counts, shares, strict=True))
    np.testing.assert_allclose(experiment.signal.counts(model, **values).reshape(4, 4), found, rtol=1e-6)


@pytest.mark.parametrize(("model", "values"), POINTS)
def test_iodide_in_time(examples, model, values):
    experiment = examples["iodide"]
    edges = np.array([8.0, 16, 24, 40, 60])

    def seen(recoil):
        mean = 13.35 * 0.09 * recoil
        shape = 1 + 0.716 * mean
        out = []
        for low, high in itertools.pairwise(edges):
            x = np.linspace(low, high, 13)
            half = 0.5 * np.diff(x)[:, None]
            nodes = (0.5 * (x[1:] + x[:-1])[:, None] + half * X).ravel()
            weights = (half * W).ravel() * 0.95 * special.expit(0.3 * (nodes - 10.0))
            out.append(weights @ stats.gamma.pdf(nodes[:, None], shape, scale=mean / shape))
        return np.array(out)

    (prompt, delayed), target = pions(3.2e23, 19.3), experiment.target
    ends = [2e3 * e**2 / n.mass for e in (105.6583755 / 2, prompt[0][1][0]) for n in target.nuclei]
    cuts = np.unique([1e-3, *np.linspace(0.1, max(ends), 50), *ends])

    def efficiency(time):
        return float(np.exp(-0.0494 * max(time - 0.52, 0.0)))

    shares = [arrivals(TIMES, lives, efficiency) for lives in ([0.026], [2.1969811, 0.026])]
    counts = [folded(lambda t, p=p: recoil_rate(t, target, p, model, **values), seen, cuts) for p in (prompt, delayed)]
    found = sum(np.outer(c, s) for c, s in zip(counts, shares, strict=True))
    np.testing.assert_allclose(experiment.signal.counts(model, **values).reshape(4, 4), found, rtol=1e-6)
