"""Toys: each is what the engine finds of data of its own, whatever the others are; and what they tell is statistics."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from generated import make
from scipy.optimize import minimize
from scipy.stats import chi2 as chi2_distribution
from scipy.stats import kstest

import cevns
from cevns import interactions
from cevns.errors import DataError, InputError, UnknownNameError
from cevns.inference.refits import Refit
from cevns.kernels.refits import Refits
from cevns.likelihoods import Pulls
from cevns.likelihoods.draws import BLOCK

CONTACT = interactions.contact("contact", proton={"e": 0.2}, neutron={"mu": 0.1})


def other(likelihood, draws, row):
    """Return the likelihood with the data of a toy."""
    counts = {name: row[part] for name, part in draws.slices.items()}
    return likelihood.with_data(next(iter(counts.values())) if len(counts) == 1 else counts)


def assert_the_same(likelihood, model, draws, n, *, best=None, within=1e-9, **point):
    """Assert that the first toys are what the engine finds of their data."""
    coupling = next(p.name for p in likelihood.parameters(model) if p.name in point and p.name != "mass")
    fixed = {name: value for name, value in point.items() if name != coupling}
    drawn = draws.take(0, n)
    found = Refit(likelihood, model, coupling, **fixed).statistic(drawn, **{coupling: point[coupling]})
    for k in range(n):
        own = other(likelihood, draws, drawn.data[k])
        fit = own.best_fit(model, **fixed)
        assert found.least[k] == pytest.approx(fit.chi2, rel=within, abs=within)
        at = own.chi2(model, **point)
        assert found.at[k] == pytest.approx(at, rel=within, abs=within)
        if best is not None:
            assert own.chi2(model, **fixed, **{coupling: found.values[k, 0]}) == pytest.approx(fit.chi2, abs=best)


@pytest.fixture(scope="module")
def both():
    return cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")


# --- each toy is what the engine finds -------------------------------------------------------------------------------


@pytest.mark.parametrize(("mass", "coupling"), [(0.3, 2e-5), (60.0, 1e-4), (3000.0, 2e-3)])
@pytest.mark.parametrize("model", ["b-l", "universal"])
def test_toys_of_the_built_in_data(both, model, mass, coupling):
    draws = both.draws(model, mass=mass, coupling=coupling, seed=1, nuisances="fixed")
    assert_the_same(both, model, draws, 6, best=1e-8, mass=mass, coupling=coupling)


def test_toys_whose_slopes_fall_between_pieces():
    csi = cevns.load("coherent-csi-2017")
    model = interactions.ScalarMediator("s")
    draws = csi.draws(model, mass=20.0, coupling=3e-5, seed=2, nuisances="fixed")
    assert_the_same(csi, model, draws, 6, mass=20.0, coupling=3e-5)


def test_toys_of_signed_couplings(both):
    draws = both.draws(CONTACT, coupling=0.3, seed=2, nuisances="fixed")
    assert_the_same(both, CONTACT, draws, 8, coupling=0.3)


@pytest.mark.parametrize(("name", "options"), [("coherent-csi-2021", {"systematics": "core"}), ("xenonnt-8b-2026", {})])
def test_toys_of_poisson_data(name, options):
    experiment = cevns.load(name, **options)
    draws = experiment.draws("b-l", mass=30.0, coupling=3e-5, seed=3, nuisances="fixed")
    assert_the_same(experiment, "b-l", draws, 3, mass=30.0, coupling=3e-5)


def test_toys_of_gaussian_and_poisson_data_with_a_nuisance_of_both():
    flux = cevns.likelihoods.Nuisance("flux", 0.1)
    csi = cevns.load("coherent-csi-2017").replace(nuisances=[flux])
    poisson = cevns.load("coherent-csi-2021", systematics="core").replace(nuisances=[flux], name="other")
    total = csi + poisson
    draws = total.draws("b-l", mass=30.0, coupling=3e-5, seed=3, nuisances="fixed")
    assert_the_same(total, "b-l", draws, 2, mass=30.0, coupling=3e-5)


@pytest.mark.parametrize("seed", [0, 4, 7, 12, 21])
def test_toys_of_experiments_that_nobody_designed(seed):
    case = make(seed)
    for model, _ in case.models[:2]:
        evaluator = case.experiment.bind(model)
        others = {name: float(case.masses[0]) for name in evaluator.names if name == "mass"}
        if evaluator.engine.line < 0 or len(evaluator.names) - len(others) != 1:
            continue
        (coupling,) = (name for name in evaluator.names if name not in others)
        point = {**others, coupling: 0.0}
        draws = case.experiment.draws(model, seed=seed, **point, nuisances="fixed")
        found = Refit(case.experiment, model, coupling, **others).statistic(draws.take(0, 3), **{coupling: 0.0})
        for k in range(3):
            own = other(case.experiment, draws, draws.take(0, 3).data[k])
            assert found.least[k] == pytest.approx(own.best_fit(model, **others).chi2, rel=1e-9, abs=1e-9)


def test_data_far_from_the_observed_search_all_of_eta():
    """The certificate of the engine's data says nothing of them."""
    csi = cevns.load("coherent-csi-2017")
    draws = csi.draws("b-l", mass=30.0, coupling=1e-4, seed=1, nuisances="fixed")
    drawn = draws.take(0, 4)
    wild = np.array([[1.0], [8.0], [-6.0], [25.0]]) * (drawn.data - drawn.data.mean(axis=1)[:, None])
    refit = Refit(csi, "b-l", "coupling", mass=30.0)
    found, values = refit.least(type(drawn)(wild, None, {}))
    for k in range(4):
        own = csi.with_data(wild[k])
        # where all couplings beyond some are as good, the engine ends before the last of them
        assert found[k] <= own.best_fit("b-l", mass=30.0).chi2 * (1 + 1e-9)
        assert found[k] == pytest.approx(own.chi2("b-l", mass=30.0, coupling=values[k, 0]), rel=1e-9)


@pytest.mark.parametrize(("mass", "coupling"), [(0.5, 2e-5), (30.0, 6e-5), (5000.0, 3e-3)])
def test_planes_have_the_least_chi2_of_best_fit(both, mass, coupling):
    draws = both.draws("universal", mass=mass, coupling=coupling, seed=11, nuisances="fixed")
    drawn = draws.take(38, 44)
    least, values = Refit(both, "universal", ["mass", "coupling"]).least(drawn)
    for k in range(len(drawn)):
        own = other(both, draws, drawn.data[k])
        assert least[k] == pytest.approx(own.best_fit("universal").chi2, abs=1e-6)
        assert own.chi2("universal", *values[k]) == pytest.approx(least[k], abs=1e-6)


def test_planes_of_precise_data():
    experiment = make(4).experiment
    draws = experiment.draws("b-l", mass=30.0, coupling=5e-5, seed=4, nuisances="fixed")
    least, _ = Refit(experiment, "b-l", ["coupling", "mass"]).least(draws.take(0, 2))
    for k in range(2):
        fit = other(experiment, draws, draws.take(0, 2).data[k]).best_fit("b-l")
        assert least[k] <= fit.chi2 + 1e-6 * (1 + fit.chi2)


def test_other_parameters_take_planes_or_descents(both):
    draws = both.draws("b-l", mass=20.0, coupling=3e-5, rn_csi=5.0, seed=2, nuisances="fixed")
    plane, descents = (Refit(both, "b-l", ["rn_csi", "coupling"], mass=20.0), Refit(both, "sm", ["rn_csi"]))
    assert (plane.way, descents.way) == ("plane", "descents")
    drawn = draws.take(0, 2)
    least, radii = descents.least(drawn)
    both_least, values = plane.least(drawn)
    for k in range(2):
        own = other(both, draws, drawn.data[k])
        fit = own.fit("sm", "rn_csi")
        assert least[k] == pytest.approx(fit.chi2, abs=1e-7)
        assert radii[k, 0] == pytest.approx(fit.values["rn_csi"], abs=1e-3)
        assert both_least[k] == pytest.approx(own.fit("b-l", ["coupling", "rn_csi"], mass=20.0).chi2, abs=1e-6)
        assert own.chi2("b-l", mass=20.0, rn_csi=values[k, 0], coupling=values[k, 1]) == pytest.approx(both_least[k])


def test_profiled_parameters_are_free_at_the_point_too(both):
    draws = both.draws("b-l", mass=20.0, coupling=3e-5, rn_csi=5.0, seed=2, nuisances="fixed")
    found = Refit(both, "b-l", "coupling", profiled="rn_csi", mass=20.0).statistic(draws.take(0, 2), coupling=3e-5)
    for k in range(2):
        own = other(both, draws, draws.take(0, 2).data[k])
        assert found.at[k] == pytest.approx(own.fit("b-l", "rn_csi", mass=20.0, coupling=3e-5).chi2, abs=1e-6)
    assert (found.delta_chi2 >= 0).all()


# --- constraints that are measured anew ------------------------------------------------------------------------------


def brute(experiment, data, centres, **point):
    """Return the least chi2 over nuisances of a Gaussian experiment whose constraints found `centres`."""
    statistic = experiment.statistic
    names = ["signal", "quenching", *(b.name for b in statistic.backgrounds)]
    sigmas = np.array([statistic.signal_sigma, statistic.eta_sigma, *(b.sigma for b in statistic.backgrounds)])
    found = np.concatenate([centres[:2], centres[2:] * sigmas[2:]])

    def chi2(x):
        pulls = Pulls(0.0, {experiment.name: {"chi2": 0.0, "pulls": dict(zip(names, x * sigmas, strict=True))}})
        expected = experiment.predict("b-l", pulls=pulls, **point).total
        return (((data - expected) / statistic.data.arrays[1]) ** 2).sum() + ((x - found / sigmas) ** 2).sum()

    best = minimize(chi2, found / sigmas, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9, "maxiter": 2000})
    return best.fun


def test_centres_of_pulls_are_where_constraints_were_measured():
    csi = cevns.load("coherent-csi-2017")
    point = {"mass": 30.0, "coupling": 5e-5}
    draws = csi.draws("b-l", nuisances="fluctuated", seed=5, **point)
    drawn = draws.take(0, 2)
    refit = Refit(csi, "b-l", "coupling", mass=30.0)
    at = refit.at(drawn, coupling=5e-5)
    for k in range(2):
        assert at[k] == pytest.approx(brute(csi, drawn.data[k], drawn.centres[k], **point), abs=1e-5)
    # the least chi2 along the line is that of points
    least, values = refit.least(drawn)
    for k in range(2):
        points = [refit.at(drawn[k : k + 1], coupling=float(g))[0] for g in np.linspace(0.0, 2e-4, 41)]
        assert least[k] <= min(points) + 1e-9
        assert refit.at(drawn[k : k + 1], coupling=float(values[k, 0]))[0] == pytest.approx(least[k], abs=1e-8)


def test_centres_of_poisson_data_move_their_pulls():
    core = cevns.load("coherent-csi-2021", systematics="core")
    point = {"mass": 30.0, "coupling": 3e-5}
    draws = core.draws("b-l", nuisances="fluctuated", pulls="central", seed=5, **point)
    drawn = draws.take(0, 1)
    joined = core._assembly.joined
    centre = joined.turn @ drawn.centres[0]
    observed = drawn.data[0]

    def chi2(x):
        own = {pull.name: pull.unit * value for pull, value in zip(joined.pulls, x, strict=True)}
        pulls = Pulls(0.0, {core.name: {"chi2": 0.0, "pulls": own}})
        expected = core.predict("b-l", pulls=pulls, **point).total
        if (expected <= 0).any():
            return 1e30
        logs = np.where(observed > 0, observed * np.log(np.where(observed > 0, observed, 1.0) / expected), 0.0)
        return 2 * (expected - observed + logs).sum() + (x - centre) @ joined.precision @ (x - centre)

    best = minimize(chi2, centre, method="BFGS", options={"gtol": 1e-4})
    at = Refit(core, "b-l", "coupling", mass=30.0).at(drawn, coupling=3e-5)
    assert at[0] == pytest.approx(best.fun, abs=1e-4)


def test_priors_of_parameters_are_measured_anew():
    csi = cevns.load("coherent-csi-2017").with_priors(rn_csi=(5.0, 0.2))
    draws = csi.draws("b-l", nuisances="fluctuated", mass=30.0, coupling=5e-5, rn_csi=4.9, seed=5)
    drawn = draws.take(0, 3)
    assert drawn.priors["rn_csi"].std() > 0
    fixed = Refit(csi, "b-l", "coupling", mass=30.0, rn_csi=4.9).at(drawn, coupling=5e-5)
    free = Refit(csi, "b-l", ["coupling", "rn_csi"], mass=30.0)
    assert free.at(drawn, coupling=5e-5, rn_csi=4.9) == pytest.approx(fixed, rel=1e-12)
    bare = Refit(cevns.load("coherent-csi-2017"), "b-l", "coupling", mass=30.0, rn_csi=4.9).at(drawn, coupling=5e-5)
    assert fixed - bare == pytest.approx(((4.9 - drawn.priors["rn_csi"]) / 0.2) ** 2, rel=1e-9)


# --- what does not matter --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nuisances", ["fixed", "fluctuated"])
def test_a_toy_depends_on_seed_and_number_alone(both, nuisances):
    draws = both.draws("b-l", nuisances=nuisances, mass=20.0, coupling=3e-5, seed=7)
    every = draws.take(0, 2 * BLOCK + 10)
    for part in (slice(0, 3), slice(BLOCK - 1, BLOCK + 1), slice(2 * BLOCK, 2 * BLOCK + 10)):
        some = draws.take(part.start, part.stop)
        assert (some.data == every.data[part]).all()
        assert some.centres is every.centres is None or (some.centres == every.centres[part]).all()
    others = [both.draws("b-l", mass=20.0, coupling=3e-5, **kind).take(0, 3) for kind in ({"seed": 8}, {"key": (1,)})]
    assert [bool((o.data == every.data[:3]).any()) for o in others] == [False, False]


@pytest.mark.parametrize("free", ["coupling", ["mass", "coupling"]])
def test_fits_depend_neither_on_other_toys_nor_on_threads(both, free):
    fixed = {"mass": 20.0} if free == "coupling" else {}
    draws = both.draws("b-l", nuisances="fluctuated", mass=20.0, coupling=3e-5, seed=7)
    refit = Refit(both, "b-l", free, **fixed)
    drawn = draws.take(0, 120)
    least, values = refit.least(drawn)
    for num_threads in (2, 3):
        again, where = refit.least(drawn, num_threads)
        assert (again == least).all()
        assert (where == values).all()
    backwards, _ = refit.least(drawn[::-1])
    assert (backwards[::-1] == least).all()
    assert all(refit.least(drawn[k : k + 1])[0][0] == least[k] for k in (0, 57, 119))


def test_poisson_toys_depend_on_no_other():
    core = cevns.load("coherent-csi-2021", systematics="core")
    refit = Refit(core, "b-l", "coupling", mass=20.0)
    drawn = core.draws("b-l", mass=20.0, coupling=3e-5, seed=7).take(0, 5)
    least = refit.least(drawn)[0]
    assert (refit.least(drawn[::-1])[0][::-1] == least).all()


# --- statistics ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def linear():
    """Data so precise that counts are linear in the only parameter, beside backgrounds with constraints."""
    argon = cevns.load("coherent-argon-2020").replace(signal_sigma=1e-6)
    alike = 3.0 * argon.predict("sm").signal
    backgrounds = [b.__class__(b.name, np.array(b.counts) + alike, 2e-4) for b in argon.backgrounds]
    precise = argon.replace(backgrounds=backgrounds, uncertainty=1e-3 * np.array(argon.uncertainty))
    return precise.asimov("sm")


SIGNED = interactions.VectorMediator("signed", quarks=(1, 1), leptons={"e": 1, "mu": 1}, signed=True)
LINEAR = {"free": "coupling_squared", "mass": 30.0, "coupling_squared": 0.0, "pulls": "central", "seed": 3}


def test_delta_chi2_of_a_linear_parameter_is_chi2(linear):
    """Wilks' theorem is exact, constraints being measured anew."""
    found = linear.toys(SIGNED, 4000, **LINEAR)
    assert kstest(found.delta_chi2, chi2_distribution(1).cdf).pvalue > 1e-2
    assert kstest(found.least, chi2_distribution(len(linear.observed) - 1).cdf).pvalue > 1e-2


def test_fluctuated_constraints_rebuild_coverage_and_fixed_ones_do_not(linear):
    """Without their fluctuations delta chi2 is that of the data alone, over a variance that has both parts."""
    fluctuated, fixed = (linear.toys(SIGNED, 4000, nuisances=mode, **LINEAR) for mode in ("fluctuated", "fixed"))
    assert fluctuated.coverage(0.9).value == pytest.approx(0.9, abs=4 * fluctuated.coverage(0.9).error)
    # analytically: the estimate is w'd / w'q with P q the projected signal, its variance without constraints w'w
    sigma = np.array(linear.uncertainty)
    signal = linear.predict(SIGNED, mass=30.0, coupling_squared=1e-14).signal - linear.predict("sm").signal
    scaled = np.array([b.sigma * np.array(b.counts) for b in linear.backgrounds]) / sigma
    w = np.linalg.solve(np.eye(sigma.size) + scaled.T @ scaled, signal / sigma)
    ratio = (w @ w) / (w @ (signal / sigma))
    assert ratio < 0.95
    assert kstest(fixed.delta_chi2 / ratio, chi2_distribution(1).cdf).pvalue > 1e-2


def test_zero_counts_are_data_too():
    core = cevns.load("coherent-csi-2021", systematics="core")
    drawn = core.observation
    nothing = type(drawn)(np.zeros_like(drawn.data), None, {})
    found = Refit(core, "b-l", "coupling", mass=30.0).least(nothing)[0][0]
    assert found == pytest.approx(
        core.with_data(np.zeros(drawn.data.shape[1])).best_fit("b-l", mass=30.0).chi2, rel=1e-9
    )


def test_goodness_and_p_values(both):
    found = both.goodness("b-l", 600, free=["mass", "coupling"], seed=1)
    assert found.observed_delta_chi2 == pytest.approx(0.0, abs=1e-6)
    assert found.p_value.value == 1.0
    assert found.observed_least == pytest.approx(both.best_fit("b-l").chi2, abs=1e-6)
    assert found.goodness.value == (found.least >= found.observed_least).mean()
    value, error = found.quantile(0.9)
    assert found.above(value).value == pytest.approx(0.1, abs=0.003)
    assert 0 < error < value
    assert both.coverage("b-l", 600, free="coupling", mass=20.0, coupling=3e-5, seed=1).value > 0.85


def test_toys_in_shards_are_those_of_one_process(argon, tmp_path):
    point = {"free": "coupling", "mass": 20.0, "coupling": 3e-5, "seed": 3}
    alone = argon.toys("b-l", 5000, **point)
    told = []
    kept = argon.toys(
        "b-l", 5000, folder=tmp_path / "toys", progress=lambda done, total: told.append((done, total)), **point
    )
    with ThreadPoolExecutor(2) as executor:
        pooled = argon.toys("b-l", 5000, executor=executor, **point)
    again = argon.toys("b-l", 5000, folder=tmp_path / "toys", **point)
    for found in (kept, pooled, again):
        np.testing.assert_array_equal(found.delta_chi2, alone.delta_chi2)
        np.testing.assert_array_equal(found.values, alone.values)
    assert told[-1] == (2, 2)
    assert argon.coverage("b-l", 5000, folder=tmp_path / "toys", **point) == alone.coverage(0.9)
    with pytest.raises(DataError, match="3 there, 4 here"):
        argon.toys("b-l", 5000, folder=tmp_path / "toys", **point | {"seed": 4})
    with pytest.raises(InputError, match="num_threads = 2 is of this process"):
        argon.toys("b-l", 100, workers=2, num_threads=2, **point)


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n = 0"),
        ({"n": 2.5}, "n must be a whole number"),
        ({"nuisances": "loose"}, "fixed, fluctuated"),
        ({"pulls": "mine"}, "best fit"),
        ({"seed": -1}, "seed"),
        ({"coupling": None}, "coupling is missing"),
        ({"mass": None}, "mass"),
        ({"free": []}, "no parameter is free"),
        ({"free": ["coupling", "coupling"]}, "twice"),
        ({"profiled": "coupling"}, "twice"),
        ({"coupling": -1.0}, "coupling"),
        ({"lines": 2}, "lines"),
        ({"num_threads": 0}, "num_threads"),
    ],
)
def test_refusals(both, options, message):
    given = {"n": 10, "free": "coupling", "mass": 20.0, "coupling": 3e-5} | options
    with pytest.raises(InputError, match=message):
        both.toys("b-l", given.pop("n"), **given)


def test_unknown_names_are_refused(both):
    with pytest.raises(UnknownNameError, match="bounds"):
        both.toys("b-l", 10, free="coupling", mass=20.0, coupling=3e-5, bounds={"rn_ar": (1, 2)})
    with pytest.raises(UnknownNameError, match="parameter"):
        both.toys("b-l", 10, free="g", mass=20.0)


def test_too_few_toys_have_no_quantile(both):
    found = both.toys("b-l", 5, free="coupling", mass=20.0, coupling=3e-5)
    with pytest.raises(InputError, match="5 toys are too few"):
        found.quantile(0.9)


def test_one_value_of_each_parameter_is_a_point(both):
    with pytest.raises(InputError, match="one value of each"):
        both.draws("b-l", mass=20.0, coupling=[1e-5, 2e-5], pulls="central")


def test_refits_travel():
    argon = cevns.load("coherent-argon-2020")
    refit = Refit(argon, "b-l", ["mass", "coupling"])
    draws = argon.draws("b-l", mass=20.0, coupling=3e-5, nuisances="fluctuated")
    there, drawn = pickle.loads(pickle.dumps((refit, draws)))
    assert (there.least(drawn.take(0, 4))[0] == refit.least(draws.take(0, 4))[0]).all()


def test_planes_of_poisson_data_have_the_least_chi2_of_best_fit():
    core = cevns.load("coherent-csi-2021", systematics="core")
    drawn = core.draws("b-l", mass=30.0, coupling=6e-5, seed=1, nuisances="fixed").take(0, 2)
    least, _ = Refit(core, "b-l", ["mass", "coupling"]).least(drawn)
    assert least[1] == pytest.approx(core.with_data(drawn.data[1]).best_fit("b-l").chi2, abs=1e-6)


def test_the_kernel_refuses_what_does_not_fit():
    argon = cevns.load("coherent-argon-2020")
    engine = argon.bind("b-l").engine
    refits = Refits(engine, argon.data_scales, np.array([[10.0, 0.0]]))
    out = np.empty((1, 1))
    with pytest.raises(InputError, match="data need 12 columns, got 3"):
        refits.minima(False, np.zeros((1, 3)), None, out, out.copy())
    with pytest.raises(InputError, match="centres"):
        refits.minima(False, np.zeros((1, 12)), np.zeros((1, 2)), out, out.copy())
    with pytest.raises(InputError, match="values need 2 columns"):
        refits.points(np.zeros((1, 1)), np.zeros((1, 12)), None, out)
    with pytest.raises(InputError, match="three lines"):
        refits.planes(0, True, False, np.zeros((1, 12)), None, np.empty((1, 3)))
    with pytest.raises(InputError, match="references of 0 terms"):
        Refits(engine, [], np.empty((0, 2)))
    with pytest.raises(InputError, match="references have the shapes"):
        Refits(engine, [(np.zeros(2), np.ones(2), np.zeros((2, 2)))], np.empty((0, 2)))
    with pytest.raises(InputError, match="lines need 2 columns"):
        Refits(engine, argon.data_scales, np.zeros((1, 3)))


def test_what_gaussian_and_poisson_data_share_is_measured_once():
    """All nuisances of both by a minimiser of its own; the joint one that they share is that of the Gaussian data."""
    flux = cevns.likelihoods.Nuisance("flux", 0.1)
    argon = cevns.load("coherent-argon-2020").replace(nuisances=[flux])
    poisson = cevns.load("coherent-csi-2021", systematics="core").replace(nuisances=[flux], name="other")
    both, point = argon + poisson, {"mass": 30.0, "coupling": 6e-5}
    draws = both.draws("b-l", nuisances="fluctuated", seed=4, **point)
    drawn, joined = draws.take(0, 1), both._assembly.joined
    sigmas = np.array([argon.signal_sigma, *(b.sigma for b in argon.backgrounds)])
    names = ["signal", *(b.name for b in argon.backgrounds)]
    centres, place = drawn.centres[0], joined.index("flux")
    own = np.array([centres[0] / sigmas[0], *centres[2:4]])
    shared, rest = centres[4] / 0.1, joined.turn @ centres[5:]
    precision = joined.precision.copy()
    precision[place] = precision[:, place] = 0.0
    counts = {name: drawn.data[0, part] for name, part in draws.slices.items()}

    def chi2(x):
        y = x[4:].copy()
        y[place] = x[3]
        found = {
            argon.name: dict(zip(names, x[:3] * sigmas, strict=True)),
            "other": {p.name: p.unit * v for p, v in zip(joined.pulls, y, strict=True) if p.name != "flux"},
        }
        experiments = {name: {"chi2": 0.0, "pulls": pulls} for name, pulls in found.items()}
        pulls = Pulls(0.0, experiments, shared={"flux": 0.1 * x[3]})
        first = (counts[argon.name] - argon.predict("b-l", pulls=pulls, **point).total) / np.array(argon.uncertainty)
        expected, seen = poisson.predict("b-l", pulls=pulls, **point).total, counts["other"]
        if (expected <= 0).any():
            return 1e30
        logs = np.where(seen > 0, seen * np.log(np.where(seen > 0, seen, 1.0) / expected), 0.0)
        pulled = ((x[:3] - own) ** 2).sum() + (x[3] - shared) ** 2 + (y - rest) @ precision @ (y - rest)
        return (first**2).sum() + 2 * (expected - seen + logs).sum() + pulled

    best = minimize(chi2, np.concatenate([own, [shared], rest]), method="BFGS", options={"gtol": 1e-4})
    at = Refit(both, "b-l", "coupling", mass=30.0).at(drawn, coupling=6e-5)
    assert at[0] == pytest.approx(best.fun, abs=1e-6)
