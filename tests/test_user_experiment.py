"""An experiment of one's own, end to end: flux, target, response, data and nuisances."""

import numpy as np
import pytest
from scipy import optimize, stats

from cevns import Background, Experiment, fluxes, predictions
from cevns.detectors import (
    Efficiency,
    GaussianResolution,
    LinearQuenching,
    PoissonResolution,
    PolynomialQuenching,
    Response,
    TabulatedQuenching,
)
from cevns.errors import InputError
from cevns.interactions import WeakCouplings, get_interaction
from cevns.nuclei import Nucleus, Target

EDGES = np.arange(5.0, 46.0, 5.0)
BROKEN_LINE = TabulatedQuenching([1.0, 10.0, 40.0, 60.0, 100.0, 150.0], [0.2, 0.24, 0.27, 0.33, 0.34, 0.38])
LINEAR = LinearQuenching(0.246, 7.8e-4, 80.0)
CURVED = PolynomialQuenching((0.22, 1e-3))


@pytest.fixture(scope="module")
def flux():
    energy = np.linspace(0, 52, 27)
    return fluxes.tabulated(
        energy, {"e": 1e13 * np.clip(np.sin(np.pi * energy / 52), 0, None), "mu": 3e11 * energy * (1 - energy / 60)}
    )


@pytest.fixture(scope="module")
def target():
    germanium = Nucleus.from_atomic_mass("Ge-74", 32, 42, 73.921177761, 4.07, 4.15)
    return Target.of({germanium: 1, "Ar-40": 0.5}, molar_mass=94.0, mass=150)


@pytest.fixture(scope="module")
def make(flux, target):
    """Make an experiment whose data are its own standard-model prediction."""

    def build(quenching=CURVED, *, light_yield=1.0, efficiency=None, resolution=None, quenching_sigma=0.0):
        options = {} if efficiency is None else {"efficiency": efficiency}
        response = Response(quenching, EDGES, light_yield=light_yield, resolution=resolution, **options)
        flat = np.ones(response.bins)
        empty = Experiment("own", flux, target, response, flat, flat, signal_sigma=0.1, quenching_sigma=quenching_sigma)
        signal = empty.predict("sm").signal
        return empty.replace(
            observed=signal + 2, uncertainty=np.sqrt(signal + 4), backgrounds=(Background("flat", 2 * flat, 0.3),)
        )

    return build


def brute_force_counts(experiment, point, eta=1.0, panels=40000):
    """Counts by a midpoint rule over recoil energy, from `recoil_spectrum` and the response's definition."""
    end = 2e3 * experiment.flux.maximum_energy**2 / min(n.mass for n in experiment.target.nuclei)
    cuts = np.linspace(0, end, panels + 1)
    recoil = 0.5 * (cuts[1:] + cuts[:-1])
    spectrum = predictions.recoil_spectrum(point[0], experiment.flux, experiment.target, recoil, *point[1:])
    response = experiment.response
    x = response.light_yield * eta * response.quenching.factor(recoil) * recoil
    low, high = np.array(response.edges)[:-1, None], np.array(response.edges)[1:, None]
    if isinstance(response.resolution, GaussianResolution):
        normal = stats.norm(x, response.resolution.a * np.sqrt(x))
        accepted = normal.cdf(high) - normal.cdf(low)
    elif isinstance(response.resolution, PoissonResolution):
        accepted = stats.poisson(x).cdf(high - 1) - stats.poisson(x).cdf(low - 1)
    else:
        accepted = (x >= low) & (x < high)
    return (accepted * spectrum).sum(axis=1) * np.diff(cuts)[0]


def brute_force_chi2(experiment, point):
    """Least chi2 over a fine grid of eta, refined, with the linear nuisances by least squares."""
    pulls = np.array([experiment.signal_sigma, *(b.sigma for b in experiment.backgrounds)])
    sigma = np.array(experiment.uncertainty)

    def at(eta):
        signal = experiment.predict(*point, eta=eta).signal
        templates = np.array([signal, *(b.counts for b in experiment.backgrounds)])
        matrix = np.vstack([templates.T / sigma[:, None], np.diag(1 / pulls)])
        goal = np.concatenate([np.array(experiment.observed) / sigma, 1 / pulls])
        length = np.linalg.norm(matrix, axis=0)
        solution = np.linalg.lstsq(matrix / length, goal, rcond=None)[0]
        residual = goal - matrix / length @ solution
        return residual @ residual + ((eta - 1) / experiment.quenching_sigma) ** 2

    low, high = experiment.signal.eta_range
    grid = np.linspace(low, high, 161)
    values = [at(eta) for eta in grid]
    best = int(np.argmin(values))
    bounds = grid[[max(best - 1, 0), min(best + 1, grid.size - 1)]]
    fit = optimize.minimize_scalar(at, bounds=bounds, method="bounded", options={"xatol": 1e-9})
    return min(fit.fun, values[best])


# --- data that are the standard model


@pytest.mark.parametrize("quenching", [CURVED, LINEAR, BROKEN_LINE], ids=lambda q: type(q).__name__)
@pytest.mark.parametrize("resolution", [None, GaussianResolution(0.58), PoissonResolution()], ids=str)
@pytest.mark.parametrize("quenching_sigma", [0.0, 0.05])
def test_the_standard_model_fits_its_own_data(make, quenching, resolution, quenching_sigma):
    experiment = make(quenching, resolution=resolution, quenching_sigma=quenching_sigma)
    profile = experiment.pulls("sm")
    assert profile.chi2 == pytest.approx(0, abs=1e-7)
    pulls = profile.experiments["own"]["pulls"]
    assert set(pulls) == {"signal", "flat"} | ({"quenching"} if quenching_sigma else set())
    assert all(abs(pull) < 1e-5 for pull in pulls.values())
    assert experiment.chi2("universal", 10.0, 1e-4) > 10


def test_a_signal_that_was_put_in_is_found(make):
    experiment = make()
    truth = experiment.predict("b-l", 20.0, 2e-4).signal
    experiment = experiment.replace(observed=truth + 2)
    assert experiment.chi2("b-l", 20.0, 2e-4) == pytest.approx(0, abs=1e-8)
    assert experiment.chi2("sm") > 1


def test_a_shifted_quenching_that_was_put_in_is_found(make):
    experiment = make(quenching_sigma=0.05)
    experiment = experiment.replace(observed=experiment.predict("sm", eta=1.06).signal + 2)
    shift = experiment.pulls("sm").experiments["own"]["pulls"]["quenching"]
    assert 0.02 < shift < 0.06
    assert experiment.chi2("sm") < experiment.replace(quenching_sigma=0).chi2("sm")


# --- counts against a midpoint rule


@pytest.mark.parametrize("quenching", [CURVED, LINEAR, BROKEN_LINE], ids=lambda q: type(q).__name__)
@pytest.mark.parametrize("point", [("sm",), ("universal", 0.0, 1e-4), ("b-l", 50.0, 1e-3)], ids=lambda p: p[0])
def test_counts_without_resolution(make, quenching, point):
    experiment = make(quenching)
    # the midpoint rule misplaces a bin edge by up to half a step
    np.testing.assert_allclose(experiment.predict(*point).signal, brute_force_counts(experiment, point), rtol=1e-3)


@pytest.mark.parametrize("a", [1.0, 0.58, 0.2, 0.05, 0.02])
def test_counts_with_gaussian_resolution(make, a):
    experiment = make(LINEAR, resolution=GaussianResolution(a))
    for point in (("sm",), ("universal", 0.0, 1e-4)):
        expected = brute_force_counts(experiment, point)
        np.testing.assert_allclose(experiment.predict(*point).signal, expected, rtol=1e-6)


@pytest.mark.parametrize("light_yield", [1.0, 4.0])
def test_counts_with_poisson_resolution(make, light_yield):
    experiment = make(CURVED, light_yield=light_yield, resolution=PoissonResolution())
    expected = brute_force_counts(experiment, ("sm",))
    np.testing.assert_allclose(experiment.predict("sm").signal, expected, rtol=1e-6)


def test_detector_without_a_threshold(flux, target):
    def build(resolution):
        response = Response(LINEAR, np.linspace(0.0, 200.0, 41), resolution=resolution)
        flat = np.ones(response.bins)
        return Experiment("own", flux, target, response, flat, flat, 0.1)

    sharp = build(None).predict("sm").signal.sum()
    smeared = build(GaussianResolution(0.3))
    # smeared below 0 an event is lost: 1.6 % of these are
    expected = brute_force_counts(smeared, ("sm",)).sum()
    assert 0.98 * sharp < expected < 0.99 * sharp
    assert smeared.predict("sm").signal.sum() == pytest.approx(expected, rel=1e-5)
    all_events = predictions.recoil_events("sm", flux, target, [0.0, 1e3])[0]
    assert sharp == pytest.approx(all_events, rel=1e-9)
    for call in ("predict", "chi2"):
        with pytest.raises(InputError, match="mass = 0"):
            getattr(build(None), call)("b-l", 0.0, 1e-5)
    light = build(None).predict("b-l", 1.0, 1e-5).signal
    edges = build(None).response.recoil(np.linspace(0.0, 200.0, 41))
    bins = np.isfinite(edges).sum() - 1
    expected = predictions.recoil_events("b-l", flux, target, edges[: bins + 1], 1.0, 1e-5)
    np.testing.assert_allclose(light[:bins], expected, rtol=1e-9, atol=1e-9)


def test_efficiency_scales_counts(make):
    half = make(CURVED, efficiency=Efficiency([0.0, 100.0], [0.5]))
    np.testing.assert_allclose(2 * half.predict("sm").signal, make().predict("sm").signal, rtol=1e-10)
    cut = make(CURVED, efficiency=Efficiency([10.0, 100.0], [1.0])).predict("sm").signal
    assert cut[0] == 0
    np.testing.assert_allclose(cut[1:], make().predict("sm").signal[1:], rtol=1e-10)


def test_light_yield_is_a_scale_of_the_observable(make):
    twice = make(PolynomialQuenching((0.2,)), light_yield=2.0)
    as_quenching = make(PolynomialQuenching((0.4,)))
    np.testing.assert_allclose(twice.predict("sm").signal, as_quenching.predict("sm").signal, rtol=1e-11)


# --- the quenching nuisance against brute force


@pytest.mark.parametrize("quenching", [CURVED, LINEAR, BROKEN_LINE], ids=lambda q: type(q).__name__)
@pytest.mark.parametrize("resolution", [None, GaussianResolution(0.58)], ids=str)
@pytest.mark.parametrize(
    "point", [("universal", 1.0, 2e-5), ("b-l", 10.0, 8e-5), ("universal", 1.0, 3e-4)], ids=lambda p: f"{p[0]}-{p[2]}"
)
def test_profiled_quenching_is_the_least_chi2_over_eta(make, quenching, resolution, point):
    experiment = make(quenching, resolution=resolution, quenching_sigma=0.08)
    assert experiment.chi2(*point) == pytest.approx(brute_force_chi2(experiment, point), rel=1e-6, abs=1e-6)


def test_profiled_quenching_with_a_binned_flux(target):
    """Each bin edge of the flux is a jump, and a kink of the recoil spectrum."""
    flux = fluxes.tabulated([5, 20, 35, 50], {"e": [2e13, 1e13, 2e13], "mu": [1e13, 3e13, 1e13]}, histogram=True)
    response = Response(CURVED, EDGES)
    flat = np.ones(response.bins)
    experiment = Experiment("own", flux, target, response, flat, flat, 0.1, quenching_sigma=0.08)
    signal = experiment.predict("sm").signal
    experiment = experiment.replace(observed=1.1 * signal[::-1], uncertainty=np.sqrt(signal[::-1] + 4))
    for point in (("sm",), ("b-l", 10.0, 8e-5)):
        expected = brute_force_chi2(experiment.replace(backgrounds=()), point)
        assert experiment.chi2(*point) == pytest.approx(expected, rel=1e-6, abs=1e-6)


# --- refusals


def test_replace_makes_a_new_experiment(make):
    experiment = make()
    other = experiment.replace(signal_sigma=0.2, label="Ge")
    assert (experiment.signal_sigma, experiment.label, other.signal_sigma, other.label) == (0.1, "own", 0.2, "Ge")
    assert other.chi2("universal", 10.0, 1e-4) < experiment.chi2("universal", 10.0, 1e-4)
    with pytest.raises(AttributeError):
        experiment.signal_sigma = 0.3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"flux": "pion"}, "flux must be a Flux"),
        ({"target": "Ge"}, "target must be a Target"),
        ({"response": None}, "response must be a Response"),
        ({"observed": [1.0, 2.0]}, "observed must have one number for each of 8 bins"),
        ({"observed": [np.nan] * 8}, "observed contains nan"),
        ({"uncertainty": [0.0] * 8}, "uncertainty contains 0.0"),
        ({"uncertainty": [1.0] * 7}, "uncertainty must have one number for each of 8 bins"),
        ({"signal_sigma": 0.0}, "signal_sigma"),
        ({"quenching_sigma": -0.1}, "quenching_sigma"),
        ({"form_factor": "hellm"}, "Did you mean 'helm'"),
        ({"name": 5}, "name must be a non-empty string, got 5"),
        ({"name": ""}, "name must be a non-empty string"),
        ({"label": None}, "label must be a string"),
        ({"references": "arXiv:1"}, "references must be a sequence"),
        ({"backgrounds": 1}, "backgrounds must be a sequence, got 1"),
        ({"backgrounds": (1,)}, r"backgrounds\[0\] must be a Background, got 1"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_experiments_that_are_refused(make, change, message):
    with pytest.raises((InputError, KeyError), match=message):
        make().replace(**change)


def test_backgrounds_that_are_refused(make):
    with pytest.raises(InputError, match="3 bins, the response has 8"):
        make().replace(backgrounds=(Background("b", [1.0] * 3, 0.1),))
    with pytest.raises(InputError, match="names must differ"):
        make().replace(backgrounds=(Background("b", [1.0] * 8, 0.1),) * 2)
    with pytest.raises(InputError, match="background 'b'"):
        Background("b", [-1.0], 0.1)
    with pytest.raises(InputError, match="background 'b'"):
        Background("b", [1.0], -0.1)
    with pytest.raises(InputError, match="name of a background"):
        Background(5, [1.0], 0.1)


def test_a_detector_that_sees_nothing_is_refused(flux, target):
    flat = [1.0]
    blind = Experiment("blind", flux, target, Response(LINEAR, [1e4, 1e5]), flat, flat, 0.1)
    with pytest.raises(InputError, match="no recoil can be observed"):
        blind.predict("sm")


def test_radii_below_the_form_factors_limit_are_refused(flux):
    small = Target.of({Nucleus("H-3", 1, 2, 2809.0, 1.2, 1.2): 1}, molar_mass=3.0, mass=1.0)
    experiment = Experiment("small", flux, small, Response(CURVED, EDGES), [1.0] * 8, [1.0] * 8, 0.1)
    with pytest.raises(InputError, match=r"rn_h = 1\.2 is not allowed: .* at least 1\.5"):
        experiment.predict("sm")
    with pytest.raises(InputError, match="rms_radius"):
        predictions.recoil_events("sm", flux, small, [1.0, 10.0])


def test_flavours_without_a_weak_coupling_are_refused(target):
    flux = fluxes.monochromatic(30.0, fluence=1e14, flavour="tau")
    experiment = Experiment("tau", flux, target, Response(CURVED, [1.0, 5.0]), [1.0], [1.0], 0.1)
    assert experiment.predict("sm").signal.sum() > 0
    no_tau = get_interaction("sm").replace(weak=WeakCouplings({"e": 0.04, "mu": 0.03}, -0.5, "no tau"))
    with pytest.raises(InputError, match="flavour 'tau'"):
        experiment.predict(no_tau)


@pytest.mark.parametrize(
    ("edges", "message"),
    [([5.0], "at least 2"), ([5.0, 1.0], "ascend"), ([-1.0, 5.0], "edges_kev"), ([np.nan, 5.0], "edges_kev")],
)
def test_recoil_bins_that_are_refused(flux, target, edges, message):
    with pytest.raises(InputError, match=message):
        predictions.recoil_events("sm", flux, target, edges)


@pytest.mark.parametrize("function", [predictions.recoil_events, predictions.recoil_spectrum])
def test_recoil_functions_check_their_arguments(flux, target, function):
    with pytest.raises(InputError, match=r"flux must be a Flux, got 3; see cevns\.fluxes"):
        function("sm", 3, target, [1.0, 5.0])
    with pytest.raises(InputError, match=r"target must be a Target, got None; see cevns\.nuclei\.Target\.of"):
        function("sm", flux, None, [1.0, 5.0])
    with pytest.raises(InputError, match="mass must be one number"):
        function("b-l", flux, target, [1.0, 5.0], mass=[1.0, 2.0], coupling=1e-5)
    with pytest.raises(InputError, match="coupling must be one number"):
        function("b-l", flux, target, [1.0, 5.0], mass=1.0, coupling=np.array([1e-5]))


def test_massless_mediator_diverges_at_zero_recoil(flux, target):
    with pytest.raises(InputError, match="diverge"):
        predictions.recoil_events("universal", flux, target, [0.0, 5.0], 0.0, 1e-5)
    assert np.isfinite(predictions.recoil_events("universal", flux, target, [1e-6, 5.0], 0.0, 1e-5)).all()
    with pytest.raises(InputError, match="recoil_kev"):
        predictions.recoil_spectrum("sm", flux, target, [0.0, 1.0])


@pytest.mark.parametrize("fluence", [5e-324, 2.2e-308, 1e-290])
def test_fluences_at_the_end_of_what_numbers_can_be_are_folded_at_once(fluence):
    # panels were halved for ever, to follow numbers that have lost their digits
    flux = fluxes.monochromatic(100.0, fluence=fluence, flavour="e")
    target = Target.of({"I-127": 2}, molar_mass=253.808, mass=100.0)
    response = Response(quenching=PolynomialQuenching((0.16,)), edges=[1.0, 1.5, 2.0])
    experiment = Experiment("a", flux, target, response, [1.0, 2.0], [1.0, 1.0], signal_sigma=0.12)
    assert experiment.signal.nodes.recoil.size < 2000
    assert experiment.predict("sm").signal.max() < 1e-250
    assert experiment.chi2("b-l", 10.0, 1e-4) == pytest.approx(5.0)


def simple(observed, uncertainty, *backgrounds):
    flux = fluxes.pion_decay_at_rest(neutrinos_per_proton=0.08, protons=3e23, distance=20.0)
    target = Target.of({"Ar-40": 1}, molar_mass=39.96, mass=100.0)
    response = Response(quenching=PolynomialQuenching((0.25,)), edges=[1.0, 5.0, 10.0])
    return Experiment("a", flux, target, response, observed, uncertainty, signal_sigma=0.1, backgrounds=backgrounds)


def test_counts_beyond_the_digits_of_their_uncertainties_are_refused():
    # a background of 1e20 with an uncertainty of 5 gave chi2 = -1e23
    for arguments in (
        ([30.0, 20.0], [5.0, 4.0], Background("b", [1.0, 1e20], 2.0)),
        ([30.0, 1e20], [5.0, 1.0]),
        ([30.0, -1.0], [5.0, 1e-20]),
    ):
        with pytest.raises(InputError, match="of bin 2 is less than 1e-08 of its counts or of a background"):
            simple(*arguments)


def test_backgrounds_far_above_the_data_are_profiled_to_all_digits_there_are():
    experiment = simple([30.0, 20.0], [5.0, 4.0], Background("b", [1e7, 1e7], 2.0))
    signal = experiment.predict("sm").signal
    design = np.vstack([np.array([signal, [1e7, 1e7]]).T / [[5.0], [4.0]], [[10.0, 0.0], [0.0, 0.5]]])
    wanted = np.array([6.0, 5.0, 10.0, 0.5])
    expected = wanted - design @ np.linalg.lstsq(design, wanted, rcond=None)[0]
    assert experiment.chi2("sm") == pytest.approx(expected @ expected, rel=1e-6)
