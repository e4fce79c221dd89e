"""Likelihoods under strain: data far sharper than the model's freedom, far pulls, many minima, many crossings."""

import functools
import itertools
import math

import numpy as np
import pytest
from generated import Plan, build, build_model, make
from generated_checks import allowed, line
from generated_checks import chi2 as check_chi2
from generated_checks import order as check_order
from oracle_general import Interaction, Oracle

from cevns import Experiment, fluxes
from cevns.detectors import PolynomialQuenching, Response
from cevns.errors import ConvergenceError
from cevns.experiments import Background
from cevns.inference import limit
from cevns.interactions import NonStandardInteractions, mediated
from cevns.kernels.counts import Counts
from cevns.kernels.engine import Engine
from cevns.kernels.gaussian import GaussianTerm
from cevns.kernels.likelihood import Evaluator
from cevns.likelihoods import Likelihood
from cevns.nuclei import Target
from cevns.predictions.folding import pack

STANDARD = Interaction({}, {}, mediated=False)

# --- one point, one chi2


@pytest.fixture(scope="module")
def two_bins():
    """Two bins of caesium with a large background, where a light mediator outshines the standard model."""
    return Experiment(
        "caesium",
        fluxes.pion_decay_at_rest(neutrinos_per_proton=0.08, protons=7.4168e24, distance=10.0),
        Target.of({"Cs-133": 1}, molar_mass=149.56568, mass=9.7084126),
        Response(PolynomialQuenching((0.08798758,)), [0.094236837, 0.519004767, 2.858393361]),
        observed=[68431.0, 50587.0],
        uncertainty=[261.593, 224.916],
        signal_sigma=0.154,
        backgrounds=(Background("flat", [18726.242, 10397.490], 0.0549),),
        quenching_sigma=0.1,
    )


def test_chi2_of_an_array_does_not_depend_on_the_order_of_its_couplings(two_bins):
    couplings = np.geomspace(1e-9, 1e-3, 2000)
    couplings[np.abs(couplings - 1.6e-8).argmin()] = 1.6e-8
    mass, mixed = 0.89459, np.random.default_rng(33).permutation(2000)
    ascending = two_bins.chi2("b-l", mass, couplings)
    alone = np.array([two_bins.chi2("b-l", mass, float(g)) for g in couplings])
    descending = two_bins.chi2("b-l", mass, couplings[::-1])[::-1]
    shuffled = np.empty(2000)
    shuffled[mixed] = two_bins.chi2("b-l", mass, couplings[mixed])
    for values in (ascending, descending, shuffled):
        np.testing.assert_allclose(values, alone, rtol=1e-9, atol=1e-9)
    at = np.flatnonzero(couplings == 1.6e-8)[0]
    assert alone[at] == pytest.approx(0.0026, abs=5e-5)


def line_on_argon(sigma, low, high, bins, mass, shift, signal_sigma):
    """Return (plan, interaction): a 10.03 MeV line on argon, data of the universal mediator at another eta."""
    plan = Plan(
        flux=(("line", 10.03, 1e16, "e"),),
        target={"Ar-40": 1},
        mass=float(mass),
        form_factor="helm",
        quenching=("lindhard", 18, 40),
        light_yield=1.0,
        edges=np.geomspace(low, high, bins + 1),
        efficiency=((0.0, 1.0), (1.0,), "constant"),
        resolution=None,
        observed=np.ones(bins),
        uncertainty=np.ones(bins),
        signal_sigma=signal_sigma,
        quenching_sigma=sigma,
    )
    interaction = build_model("universal", plan)[1]
    counts = Oracle(plan).counts(interaction, 0.85, 7.85e-6**2, 1 + shift * sigma)
    return plan.replace(observed=counts, uncertainty=np.sqrt(counts + 2)), interaction


@pytest.mark.parametrize(
    "numbers",
    [
        (0.348, 0.054, 0.403, 1, 813, -0.6682863491271753, 0.02),
        (0.333, 0.1, 0.212, 6, 975, 2.6592958871461203, 0.09),
        (0.342, 0.073, 0.292, 4, 60684, 3.2460433489819556, 0.05),
        (0.316, 0.098, 0.485, 2, 470191, 1.8877092247088783, 0.1),
        (0.247, 0.053, 0.52, 2, 254, -2.9302304892918185, 0.12),
    ],
)
def test_chi2_is_not_a_local_minimum(numbers):
    """The mediator cancels the standard model inside a bin, so that the counts depend on eta at this coupling alone."""
    plan, interaction = line_on_argon(*numbers)
    experiment, oracle = build(plan), Oracle(plan)
    couplings = 7.85e-6 * np.array([0.7, 0.9, 1.0, 1.1, 1.4])
    least = oracle.profile(interaction, 0.85, couplings**2)[0]
    found = np.array([experiment.chi2("universal", 0.85, float(g)) for g in couplings])
    noise = 1e-9 * np.sqrt(oracle.base)
    np.testing.assert_allclose(found, least, rtol=1e-6, atol=1e-6 + noise**2 + 2 * noise * np.sqrt(least.max()))


# --- sharp data


@pytest.mark.parametrize("precision", [6e-5, 2e-3])
@pytest.mark.parametrize("point", [("sm",), ("b-l", 30.0, 2e-4), ("universal", 1.0, 2e-5)])
def test_sharp_asimov_data_have_a_least_chi2_of_zero(csi, precision, point):
    for eta in (1.0, 0.93, 1.11):
        counts = csi.predict(*point, eta=eta).signal
        data = csi.replace(observed=counts, uncertainty=precision * counts, backgrounds=())
        model = "b-l" if point == ("sm",) else point[0]
        mass, truth = (10.0, 0.0) if point == ("sm",) else point[1:]
        couplings = np.unique([0.0, truth, *(truth * (1 + np.geomspace(1e-6, 0.3, 30))), *np.geomspace(1e-7, 1e-2, 60)])
        found = data.chi2(model, mass, couplings)
        assert found.min() > -1e-8
        profile = data.pulls(model, mass, truth)
        assert profile.chi2 > -1e-8
        assert data.scan(model, [mass], couplings).chi2.min() > -1e-8
        # at the truth nothing is paid but for eta
        assert profile.chi2 <= ((eta - 1) / csi.quenching_sigma) ** 2 + 1e-6
        fit = data.best_fit(model, mass=mass)
        assert -1e-8 < fit.chi2 <= profile.chi2 + 1e-8


@pytest.mark.parametrize("name", ["csi", "argon"])
def test_ordinary_asimov_data_are_not_refused(request, name):
    data = request.getfixturevalue(name)
    signal = data.predict("sm").signal
    total = signal + sum(np.array(b.counts) for b in data.backgrounds)
    for scale in (1.0, 1e2, 1e4):
        asimov = data.replace(observed=total, uncertainty=np.sqrt(total / scale + 1e-9))
        fit = asimov.best_fit("universal")
        assert -1e-8 < fit.chi2 < 1e-6


# --- the best fit of an injected signal

INJECTED = [
    ("argon", "b-l", 30.0, 2e-4),
    ("argon", "b-l", 60.0, 3e-4),
    ("argon", "universal", 20.0, 6e-5),
    ("csi", "b-l", 30.0, 2e-4),
    ("csi", "universal", 45.0, 1e-4),
]


@pytest.mark.parametrize(("name", "model", "mass", "coupling"), INJECTED)
def test_an_injected_signal_is_recovered(request, name, model, mass, coupling):
    data = request.getfixturevalue(name)
    counts = data.predict(model, mass, coupling).signal
    uncertainty = 0.02 * counts + 1e-3 * counts.max()
    data = data.replace(observed=counts, uncertainty=uncertainty, backgrounds=(), signal_sigma=0.02)
    fit = data.best_fit(model)
    assert fit.chi2 == pytest.approx(0, abs=1e-7)
    assert fit.mass == pytest.approx(mass, rel=1e-5)
    assert fit.coupling == pytest.approx(coupling, rel=1e-5)


# --- minima and intervals along the coupling


@pytest.mark.parametrize("seed", range(5000, 5030))
def test_minima_and_intervals_of_sharp_data_are_those_of_a_dense_line(seed):
    """Data a thousand times sharper than the model can be bent: every structure along the coupling is narrow."""
    case = make(seed)
    rng = np.random.default_rng(seed)
    interaction = case.models[0][1]
    mass = float(10 ** rng.uniform(0, 4))
    total = 10 ** rng.uniform(2, 5)
    plan = case.plan.replace(quenching_sigma=0.0, signal_sigma=float(10 ** rng.uniform(-3, -1)), backgrounds=())
    plan = plan.replace(mass=plan.mass * total / Oracle(plan).counts(STANDARD).sum())
    oracle = Oracle(plan)
    # the mediator's part from a tenth to ten times the standard model's
    a, b, c = oracle.line(interaction, mass).coefficients(np.ones(1))[0]
    y = 10 ** rng.uniform(-0.5, 0.5) * np.sqrt(a.sum() / max(c.sum(), 1e-300))
    truth = a + y * (b + y * c)
    sigma = 10 ** rng.uniform(-3.5, -1.5) * np.maximum(truth, 1e-2 * truth.max()) + 1e-3
    plan = plan.replace(observed=truth * (1 + 1e-3 * rng.standard_normal(truth.size)), uncertainty=sigma)
    case.plan, case.oracle, case.experiment = plan, Oracle(plan), build(plan)
    case.models, case.masses = (case.models[0],) * 2, np.full(3, mass)
    line(case)
    check_chi2(case)


def many_wells(n, height=100.0, spacing=20.0):
    """Return a likelihood with `n` wells of chi2 along the coupling, and a level that every well crosses twice.

    Each experiment has one bin, whose data one coupling meets. With r = counts / observed its chi2 is
    height (1 - r)^2 / (1 + r^2): 0 in the well, `height` far below it, where nothing is seen, and far above, where the
    normalisation is pulled to 0.
    """
    flux = fluxes.monochromatic(30.0, fluence=1e15, flavour="e")
    target = Target.of({"Ar-40": 1}, molar_mass=39.962383, mass=10.0)
    response = Response(PolynomialQuenching((0.25,)), [1.0, 2.0])
    first = Experiment("well", flux, target, response, [1.0], [1.0], signal_sigma=height**-0.5)
    lowest = 1e3 * first.predict("sm").signal[0]
    experiments = []
    for i in range(n):
        observed = lowest * spacing**i
        data = {"observed": [observed], "uncertainty": [observed * height**-0.5]}
        experiments.append(first.replace(name=f"well {i}", **data))
    return Likelihood(experiments), (n - 1 if n > 1 else 0.5) * height


@pytest.mark.parametrize(
    ("n", "contact"),
    [*((n, False) for n in (1, 2, 7, 9, 15, 16, 17)), *((n, True) for n in (1, 2, 7, 8, 9, 10))],
)
def test_no_interval_is_lost_in_silence(n, contact):
    """Every crossing is found, or the limit is refused: 16 wells of a mediator have 32, and 8 of a contact one."""
    likelihood, level = many_wells(n)
    model = NonStandardInteractions(up={"e": 1.0}) if contact else "universal"
    mass = None if contact else 10.0
    wells = 2 * n if contact else n
    ask = functools.partial(likelihood.limit, model, mass, reference=level - 4.0, dof=2, cl=1 - math.exp(-2.0))
    try:
        curve = ask()
    except ConvergenceError:
        assert wells > 14, "a few must never be refused"
        with pytest.raises(ConvergenceError, match="crosses the level"):
            ask()
        return
    assert curve.delta_chi2 == pytest.approx(4.0)
    intervals = curve.excluded[0]
    assert intervals.shape == (wells + 1, 2)
    assert (np.diff(intervals.ravel()[np.isfinite(intervals.ravel())]) > 0).all()
    chi2, fixed = likelihood.bind(model), () if contact else (10.0,)
    for edge in intervals[np.isfinite(intervals) & (intervals != 0)]:
        assert chi2(*fixed, float(edge)) == pytest.approx(level, abs=1e-5)
    for (_, end), (start, _) in itertools.pairwise(intervals):
        assert chi2(*fixed, 0.5 * float(end + start)) < level


class ManyWells(Likelihood):
    """A likelihood with more wells than anyone has data: 80 terms of one bin, one for each power of ten."""

    def bind(self, interaction, **_):
        parameters, none = interaction.parameters, np.zeros((0, 1))
        terms = [
            GaussianTerm(
                Counts(parameters, (0, 1), pack([np.ones((1, 1))]), 1, np.zeros((1, 1)),
                       np.array([[[0.0], [10.0 ** (62 - i)]]]), np.ones((1, 1))),
                np.array([10.0]), none, none[:, :0], none[:, 0], 200.0, 100.0,
            )
            for i in range(80)
        ]  # fmt: skip
        return Evaluator(parameters, Engine(terms))


def test_more_crossings_than_can_be_returned_are_refused(argon):
    """With wells of depth 44 below 79 times 100, and ridges of 28 between them, on either side of 0: 320 crossings."""
    contact = NonStandardInteractions(up={"e": 1.0})
    with pytest.raises(ConvergenceError, match=r"crosses the level more than 256 times"):
        limit(ManyWells([argon]), contact, reference=79 * 100.0 - 40.0, dof=2, cl=1 - math.exp(-2.0))


# --- valleys between the couplings that are tried first


@pytest.mark.parametrize("error", [1e-4, 1e-3, 1e-2, 5e-2])
@pytest.mark.parametrize("coupling", [2.37e-5, 5.623413251903491e-05, 3.1e-4])
def test_no_limit_excludes_its_own_best_fit(error, coupling):
    """A valley may be so narrow that chi2 is nearly saturated at every coupling tried beside it."""
    flux = fluxes.pion_decay_at_rest(neutrinos_per_proton=0.08, protons=3e23, distance=20.0)
    target = Target.of({"Ar-40": 1}, molar_mass=39.96, mass=1.0)
    response = Response(PolynomialQuenching((0.2,)), [2, 4, 6, 8, 12, 20, 30])
    bare = Experiment("valley", flux, target, response, np.ones(6), np.ones(6), 0.02, quenching_sigma=0.1)
    counts = bare.predict("universal", 0.1, coupling, eta=1.1).signal
    data = bare.replace(observed=counts, uncertainty=np.maximum(error * counts, 5e-5 * counts.max()))
    fit = data.best_fit("universal", mass=0.1)
    curve = data.limit("universal", 0.1, reference=fit)
    line = np.unique([*np.geomspace(1e-6, 1e-2, 400), *(coupling * (1 + np.linspace(-0.03, 0.03, 301))), fit.coupling])
    chi2 = data.chi2("universal", 0.1, line)
    assert fit.chi2 <= chi2.min() * (1 + 1e-9) + 1e-9
    level = fit.chi2 + curve.delta_chi2
    near = np.abs(chi2 - level) < 1e-3
    np.testing.assert_array_equal(curve.excludes(np.full(line.size, 0.1), line)[~near], (chi2 > level)[~near])


@pytest.mark.parametrize("coupling", [2e-5, 1e-4, 0.005063229844472428])
def test_asimov_data_of_csi_do_not_exclude_their_own_best_fit(csi, coupling):
    data = csi.replace(observed=csi.predict("universal", 10.0, coupling, eta=1.05).signal, backgrounds=())
    fit = data.best_fit("universal")
    assert not data.limit("universal", fit.mass, reference=fit).excludes(fit.mass, fit.coupling)


def test_couplings_that_only_another_quenching_scale_shows_are_searched():
    """The muon-neutrino line reaches the bins at eta = 1.15 alone."""
    flux = fluxes.monochromatic(40.0, fluence=1e14, flavour="e") + fluxes.monochromatic(
        25.0, fluence=1e14, flavour="mu"
    )
    target = Target.of({"Ar-40": 1}, molar_mass=39.96, mass=10.0)
    response = Response(PolynomialQuenching((0.2,)), [7, 8, 12, 17])
    bare = Experiment("hidden", flux, target, response, np.ones(3), np.ones(3), 0.1, quenching_sigma=0.1)
    counts = bare.predict("lmu-ltau", 10.0, 1e-2, eta=1.15).signal
    data = bare.replace(observed=counts, uncertainty=np.maximum(0.1 * counts, 0.02 * counts.max()))
    fit = data.best_fit("lmu-ltau", mass=10.0)
    assert fit.chi2 <= data.chi2("lmu-ltau", 10.0, np.geomspace(1e-4, 1.0, 400)).min() < 3
    assert data.limit("lmu-ltau", 10.0).excludes(10.0, 1e-4)


# --- far pulls of the quenching scale


@pytest.mark.parametrize("sigma", [0.1, 0.35])
@pytest.mark.parametrize("shift", [-4, 4])
@pytest.mark.parametrize("seed", [1, 12, 13])
def test_chi2_of_data_at_a_far_quenching_scale(seed, sigma, shift):
    """Couplings proportional to the weak ones, so that the signal's size is free and its shape asks for eta."""
    case = make(seed)
    plan = case.plan.replace(quenching_sigma=sigma, resolution=None, signal_sigma=0.1, backgrounds=())
    oracle = Oracle(plan)
    eta = float(np.clip(1 + shift * sigma, *oracle.eta_range))
    weak = "tree" if plan.weak == "tree" else "radiative"
    counts = oracle.counts(Interaction({}, {}, mediated=False, weak=weak), eta=eta)
    counts = 1e4 * counts / max(counts.sum(), 1e-300)
    plan = plan.replace(
        observed=counts,
        uncertainty=0.02 * counts + 1.0,
        mass=plan.mass * 1e4 / oracle.counts(Interaction({}, {}, mediated=False, weak=weak)).sum(),
    )
    case.plan, case.oracle, case.experiment = plan, Oracle(plan), build(plan)
    model = build_model("mirror", plan)
    case.models, case.masses = (model, model), np.array([30.0, 100.0, 1e3])
    check_chi2(case)
    check_order(case)


@pytest.mark.parametrize(("end", "other"), [(0.75, 1.25), (1.25, 0.75)])
def test_a_least_chi2_at_the_end_of_the_range_of_eta(csi, end, other):
    """Data that ask for an eta beyond the range leave it at the end, and chi2 there is the least."""
    sharp = csi.replace(quenching_sigma=0.05, backgrounds=())
    inside = sharp.predict("sm", eta=end).signal
    beyond = inside + 0.3 * (inside - sharp.predict("sm").signal)
    data = sharp.replace(observed=beyond, uncertainty=0.01 * inside + 0.01)

    def least(eta):
        sigma = np.array(data.uncertainty)
        design = np.append(data.predict("sm", eta=eta).signal / sigma, 1 / csi.signal_sigma)
        wanted = np.append(beyond / sigma, 1 / csi.signal_sigma)
        residual = wanted - (wanted @ design) / (design @ design) * design
        return residual @ residual + ((eta - 1) / 0.05) ** 2

    line = [least(eta) for eta in np.linspace(end, other, 101)]
    assert np.argmin(line) == 0
    profile = data.pulls("sm")
    assert 1 + profile.experiments[csi.name]["pulls"]["quenching"] == pytest.approx(end, abs=1e-6)
    assert profile.chi2 == pytest.approx(line[0], rel=1e-6)


def test_tolerances_of_generated_experiments_are_small():
    case = make(3)
    assert allowed(case, 0.0) < 1e-5


def test_the_mirror_of_the_weak_couplings_is_degenerate(csi):
    """The oracle's own model: at twice the weak strength a heavy mediator turns the sign of the amplitude alone."""
    mirror = mediated("mirror", proton={"e": -0.0401, "mu": -0.0318}, neutron={"e": 0.5094, "mu": 0.5094})
    mass = 1e8
    coupling = math.sqrt(2 * math.sqrt(2) * 1.1663787e-11) * mass
    assert csi.chi2(mirror, mass, coupling) == pytest.approx(csi.chi2("sm"), rel=1e-6)
