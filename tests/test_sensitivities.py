"""Expected limits: their medians, their bands, and along exposures and thresholds."""

import math

import numpy as np
import pytest
from scipy.stats import chi2 as chi2_distribution
from scipy.stats import norm

from cevns.detectors import PolynomialQuenching, Response
from cevns.errors import InputError, UnknownNameError
from cevns.experiments import Experiment
from cevns.fluxes import pion_decay_at_rest
from cevns.inference import SIGMAS, Sensitivity, delta_chi2
from cevns.nuclei import Target

MIDDLE = SIGMAS.index(0)
LEVEL = delta_chi2(0.90, 1)


@pytest.fixture(scope="module")
def one_bin():
    """A detector whose every signal is known, so that all that fluctuates is one count."""
    return Experiment(
        "planned",
        pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e23, distance=20.0),
        Target.of("Ar", mass=100.0),
        Response(PolynomialQuenching((0.25,)), [5.0, 20.0]),
        [0.0],
        [7.0],
        signal_sigma=1e-6,
    )


def added(experiment, name, values):
    """What a moment adds to the count, in standard deviations."""
    there = experiment.signal.counts("magnetic-moment", **{name: np.asarray(values)})[..., 0]
    return (there - experiment.signal.counts("sm")[..., 0]) / experiment.uncertainty[0]


def test_bands_of_a_count_are_those_of_a_gaussian(one_bin):
    """The limit on an added count is n + sqrt(level) above the data, for n above 0; below 0 the best fit is nothing."""
    found = one_bin.sensitivity("magnetic-moment", parameter="mu_mu", dof=1)
    expected = [n + math.sqrt(LEVEL + min(n, 0) ** 2) if n < 0 else n + math.sqrt(LEVEL) for n in SIGMAS]
    np.testing.assert_allclose(added(one_bin, "mu_mu", found.upper[0]), expected, rtol=1e-5)
    assert found.lower is None
    assert found.values is None


def test_the_median_is_the_limit_of_asimov_data(both):
    masses = [1.0, 30.0, 1000.0]
    found = both.sensitivity("b-l", masses, cl=0.95)
    nothing = both.asimov("sm")
    np.testing.assert_allclose(found.median, nothing.limit("b-l", masses, cl=0.95).lowest, rtol=1e-9)
    assert (np.diff(found.upper, axis=1) > 0).all()
    without = both.sensitivity("b-l", masses, cl=0.95, bands="none")
    np.testing.assert_array_equal(without.upper, np.repeat(found.median[:, None], len(SIGMAS), axis=1))


def test_bands_cover_the_limits_of_toys(argon):
    rng = np.random.default_rng(5)
    signal, limits = argon.signal.counts("sm"), []
    for _ in range(150):
        counts = rng.normal(1.0, argon.signal_sigma) * signal
        for background in argon.backgrounds:
            counts = counts + rng.normal(1.0, background.sigma) * np.array(background.counts)
        toy = argon.with_data(rng.normal(counts, argon.uncertainty))
        excluded, best = toy.limit("b-l", 10.0).excluded[0], toy.best_fit("b-l", mass=10.0).coupling
        limits.append(min(low for low, _ in excluded if low >= best))
    found = argon.sensitivity("b-l", 10.0).upper[0]
    # binomial errors of 150 toys are 0.04 and 0.02
    assert np.mean((limits > found[1]) & (limits < found[3])) == pytest.approx(0.68, abs=0.12)
    assert np.mean((limits > found[0]) & (limits < found[4])) > 0.9
    assert np.mean(limits < found[MIDDLE]) == pytest.approx(0.5, abs=0.12)


def exact_limits(likelihood, model, masses, drawn, level, **fixed):
    """Both ends of what is allowed in each toy, as `Likelihood.limit` finds them."""
    found = []
    for row in drawn.data:
        parts = np.split(row, np.cumsum([len(e.observed) for e in likelihood.experiments])[:-1])
        toys = [e.with_data(part) for e, part in zip(likelihood.experiments, parts, strict=True)]
        toy = sum(toys[1:], toys[0])
        ends = []
        for mass in masses:
            at = {} if mass is None else {"mass": mass}
            least = toy.best_fit(model, **fixed).chi2
            excluded = toy.limit(model, mass, cl=chi2_distribution(1).cdf(level), dof=1, reference=least, **fixed)
            best = toy.best_fit(model, **at, **fixed).coupling
            pairs = excluded.excluded[0]
            inside = any(low < best < high for low, high in pairs)
            highest = best if inside else min((low for low, _ in pairs if low >= best), default=math.inf)
            allowed = [(-math.inf if low is None else low) for low, _ in pairs], [high for _, high in pairs]
            ends.append((highest, max(allowed[0]), min(allowed[1])))
        found.append(ends)
    return np.array(found)


@pytest.mark.parametrize(("model", "names"), [("b-l", "argon"), ("universal", "argon"), ("universal", "both")])
def test_bands_of_toys_are_quantiles_of_their_limits(request, model, names):
    likelihood, masses = request.getfixturevalue(names), [1.0, 30.0, 1000.0]
    found = likelihood.sensitivity(model, masses, bands="toys", toys=40, nuisances="fixed", seed=3)
    drawn = likelihood.draws(model, nuisances="fixed", pulls="central", seed=3, mass=1.0, coupling=0.0).take(0, 40)
    limits = exact_limits(likelihood, model, masses, drawn, found.delta_chi2)[:, :, 0]
    expected = np.quantile(limits, norm.cdf(SIGMAS), axis=0, method="inverted_cdf").T
    np.testing.assert_allclose(found.upper, expected, rtol=5e-4)
    assert (found.method, found.toys) == ("toys", 40)
    assert "bands of 40 toys" in repr(found)


def test_bands_of_toys_of_both_signs(argon):
    fixed = {name: 0.0 for name in argon.own_parameters("nsi") if name != "eps_u_ee"}
    found = argon.sensitivity("nsi", parameter="eps_u_ee", bands="toys", toys=30, nuisances="fixed", seed=3)
    drawn = argon.draws("nsi", nuisances="fixed", pulls="central", seed=3, eps_u_ee=0.0).take(0, 30)
    limits = exact_limits(argon, "nsi", [None], drawn, found.delta_chi2, **fixed)[:, 0, 1:]
    for ends, column in ((found.upper, 0), (found.lower, 1)):
        expected = np.quantile(limits[:, column], norm.cdf(SIGMAS), method="inverted_cdf")
        np.testing.assert_allclose(ends[0], expected, rtol=5e-4)


def test_bands_of_toys_hold_those_whose_constraints_are_measured_anew(one_bin):
    """The distribution of limits on a count that is known but for its fluctuation."""
    found = one_bin.sensitivity("magnetic-moment", parameter="mu_mu", dof=1, bands="toys", toys=4000)
    expected = [n + math.sqrt(LEVEL + min(n, 0) ** 2) if n < 0 else n + math.sqrt(LEVEL) for n in SIGMAS]
    errors = np.array([0.08, 0.04, 0.03, 0.04, 0.08])
    assert (np.abs(added(one_bin, "mu_mu", found.upper[0]) - expected) < 3 * errors).all()
    other = one_bin.sensitivity("magnetic-moment", parameter="mu_mu", dof=1, bands="toys", toys=4000, num_threads=2)
    assert (other.upper == found.upper).all()
    assert other == found


def test_statistics_shrink_with_the_exposure(one_bin):
    found = one_bin.sensitivity("magnetic-moment", parameter="mu_mu", exposure=[0.25, 1.0, 4.0], bands="none")
    np.testing.assert_allclose(found.median**2, found.median[1] ** 2 * np.array([2.0, 1.0, 0.5]), rtol=1e-6)
    assert [p.name for p in found.parameters] == ["exposure", "mu_mu"]
    assert found.values.tolist() == [0.25, 1.0, 4.0]


def test_along_exposures_and_thresholds_each_is_that_of_the_experiment(argon):
    more = argon.sensitivity("b-l", 10.0, exposure=[1.0, 5.0])
    np.testing.assert_allclose(more.upper[1], argon.scaled(5.0).sensitivity("b-l", 10.0).upper[0], rtol=1e-12)
    assert more.fixed == {"mass": 10.0}
    higher = argon.sensitivity("b-l", 10.0, threshold=[0.0, 20.0])
    np.testing.assert_allclose(higher.upper[1], argon.above(20.0).sensitivity("b-l", 10.0).upper[0], rtol=1e-12)
    assert higher.parameters[0].unit == "keVee"


def test_of_both_signs_the_outermost_values_are_told(argon):
    found = argon.sensitivity("nsi", parameter="eps_u_ee")
    nothing = argon.asimov("sm")
    allowed = nothing.limit("nsi", parameter="eps_u_ee").excluded[0]
    assert (found.lower[0, MIDDLE], found.upper[0, MIDDLE]) == pytest.approx((allowed[0, 1], allowed[-1, 0]), rel=1e-9)
    assert (np.diff(found.lower, axis=1) >= 0).all()


def test_what_is_never_seen_has_no_limit(argon):
    faint = argon.replace(signal_sigma=2.0, observed=argon.observed)
    found = faint.sensitivity("lmu-ltau", 10.0, cl=0.999)
    assert np.isinf(found.upper).any()
    assert not np.isnan(found.upper).any()


def test_significance_is_the_root_of_chi2(both):
    couplings = [0.0, 4e-5, 6e-5]
    found = both.significance("b-l", mass=10.0, coupling=couplings)
    expected = [math.sqrt(both.asimov("b-l", mass=10.0, coupling=g).chi2("sm")) for g in couplings]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-6)
    alone = both.significance("b-l", mass=10.0, coupling=6e-5)
    assert isinstance(alone, float)
    assert both.significance("b-l", dof=2, mass=10.0, coupling=6e-5) < alone == pytest.approx(found[2])
    assert both.significance("b-l", dof=2, mass=10.0, coupling=0.0) == 0.0


def test_options_of_a_limit_are_those_of_a_sensitivity(argon):
    heavier = argon.sensitivity("b-l", 10.0, rn_ar=3.7, mass_range=(5.0, 50.0))
    assert heavier.fixed == {"rn_ar": 3.7}
    assert heavier.median[0] != argon.sensitivity("b-l", 10.0, bands="none").median[0]
    assert Sensitivity.kind in repr(heavier).lower()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda e: e.sensitivity("b-l"), InputError, "mass"),
        (lambda e: e.sensitivity("sm"), InputError, "no coupling to limit"),
        (
            lambda e: e.sensitivity("b-l", [1.0, 2.0], exposure=[1.0, 2.0]),
            InputError,
            "2 masses are given with several",
        ),
        (lambda e: e.sensitivity("b-l", 1.0, exposure=[1.0], threshold=[0.0]), InputError, "leave one out"),
        (lambda e: e.sensitivity("b-l", 1.0, exposure=[0.0, 1.0]), InputError, "exposure"),
        (lambda e: e.sensitivity("b-l", 1.0, threshold=[3.0]), InputError, "lies inside a bin"),
        (lambda e: (e + e.replace(name="two")).sensitivity("b-l", 1.0, threshold=[0.0]), InputError, "one experiment"),
        (lambda e: e.sensitivity("b-l", 1.0, bands="toy"), UnknownNameError, "asimov"),
        (lambda e: e.sensitivity("b-l", 1.0, bands="toys", toys=10), InputError, "toys"),
        (lambda e: e.sensitivity("b-l", 1.0, bands="toys", nuisances="free"), InputError, "nuisances"),
        (lambda e: e.significance("sm"), InputError, "no coupling to discover"),
        (lambda e: e.significance("b-l", mass=1.0), InputError, "coupling"),
        (lambda e: e.significance("b-l", mass=1.0, coupling=1e-5, dof=0), InputError, "dof"),
    ],
)
def test_what_cannot_be_expected_is_refused(argon, call, error, message):
    with pytest.raises(error, match=message):
        call(argon)


ARGON = "coherent-argon-2020"


def test_command_and_library_expect_the_same(run, run_json, argon):
    found = run_json("sensitivity", ARGON, "--model", "b-l", "--mass", "1:100:3", "--cl", "0.95")
    expected = argon.sensitivity("b-l", [1.0, 10.0, 100.0], cl=0.95)
    assert [row["coupling_median"] for row in found["expected"]] == expected.median.tolist()
    assert (found["method"], found["cl"], found["dof"]) == ("asimov", 0.95, 2)
    code, out, _ = run("sensitivity", ARGON, "--model", "b-l", "--mass", "10", "--exposure", "1:4:3", "-o", "plan.csv")
    assert code == 0
    assert "mass = 10 MeV" in out
    saved = Sensitivity.load("plan.csv")
    assert saved.values.tolist() == pytest.approx([1.0, 2.0, 4.0])
    assert run("plot", "plan.csv", "-o", "plan.png")[0] == 0
    words = ("--model", "b-l", "--mass", "1", "100", "--bands", "toys", "--toys", "50", "--seed", "2")
    found = run_json("sensitivity", ARGON, *words, "-o", "toys.csv")
    expected = argon.sensitivity("b-l", [1.0, 100.0], bands="toys", toys=50, seed=2)
    assert [row["coupling_minus_2_sigma"] for row in found["expected"]] == expected.upper[:, 0].tolist()
    assert found["toys"] == Sensitivity.load("toys.csv").toys == 50
    seen = run_json("significance", ARGON, "--model", "b-l", "--mass", "10", "--coupling", "6e-5")
    assert seen["significance"] == argon.significance("b-l", mass=10.0, coupling=6e-5)


def test_commands_refuse_what_the_library_refuses(run):
    for words, message in (
        (("sensitivity", ARGON, "--model", "b-l", "--mass", "10", "-o", "plan.pdf"), "needs two masses"),
        (("sensitivity", ARGON, "--model", "b-l", "--mass", "10", "--set", "mass=20"), "by --mass and by --set"),
        (("sensitivity", ARGON, "--model", "b-l", "--mass", "10", "--threshold", "3"), "lies inside a bin"),
        (("significance", ARGON, "--model", "b-l", "--mass", "10"), "coupling"),
    ):
        code, out, err = run(*words)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert message in err


def test_regions_of_several_parts_are_said(argon):
    """The strip in which the coupling cancels the standard model is allowed again at large masses."""
    (said,) = argon.sensitivity("universal", [10.0, 1000.0]).remarks
    assert "allowed again at mass 1000 MeV" in said
    assert argon.sensitivity("b-l", [10.0, 1000.0]).remarks == ()
    assert argon.sensitivity("universal", [10.0, 1000.0], bands="none").remarks == ()
