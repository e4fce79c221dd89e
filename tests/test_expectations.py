"""Expected intervals and regions: beside closed forms where data are Gaussian, and beside toys."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.stats import chi2, ncx2

from cevns.detectors import PolynomialQuenching, Response
from cevns.errors import DataError, InputError, UnknownNameError
from cevns.experiments import Experiment
from cevns.fluxes import pion_decay_at_rest
from cevns.inference import SIGMAS, ExpectedRegion, Result, Sensitivity, delta_chi2, expected_regions
from cevns.nuclei import Target

LEVEL = delta_chi2(0.90, 1)
ARGON = "coherent-argon-2020"


@pytest.fixture(scope="module")
def precise():
    """A detector with so many events that counts are straight lines in what moves them."""
    return Experiment(
        "precise",
        pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e28, distance=20.0),
        Target.of("Ar", mass=1000.0),
        Response(PolynomialQuenching((0.25,)), [2.0, 5.0, 10.0, 16.0, 25.0]),
        [0.0] * 4,
        [1.0] * 4,
        signal_sigma=1e-6,
    )


@pytest.fixture(scope="module")
def gaussian(precise):
    counts = precise.signal.counts("sm")
    return precise.replace(observed=counts, uncertainty=np.sqrt(counts))


def fisher(experiment, names, values):
    """The second derivatives of half of chi2, by differences of counts."""
    steps = 1e-5 * values

    def counts(at):
        return experiment.signal.counts("sm", **dict(zip(names, at, strict=True)))

    slopes = [(counts(values + row) - counts(values - row)) / (2 * row.sum()) for row in np.diag(steps)]
    weights = 1.0 / np.array(experiment.uncertainty) ** 2
    return np.array([[(a * b * weights).sum() for b in slopes] for a in slopes])


def test_ends_of_gaussian_data_are_those_of_the_fisher_matrix(gaussian):
    names, values = ("sin2_theta_w", "rn_ar"), np.array([0.2387, 3.4])
    matrix = fisher(gaussian, names, values)
    alone, profiled = 1 / math.sqrt(matrix[0, 0]), math.sqrt(np.linalg.inv(matrix)[0, 0])
    assert profiled > 1.5 * alone
    n = np.array(SIGMAS)
    for others, sigma, fixed in (((), alone, {"rn_ar": 3.4}), (("rn_ar",), profiled, {})):
        found = gaussian.expected_interval(
            "sm",
            "sin2_theta_w",
            profiled=others,
            truth=dict(zip(("sin2_theta_w", *others), values, strict=False)),
            **fixed,
        )
        np.testing.assert_allclose((found.upper[0] - values[0]) / sigma, n + math.sqrt(LEVEL), atol=2e-3)
        np.testing.assert_allclose((found.lower[0] - values[0]) / sigma, n - math.sqrt(LEVEL), atol=2e-3)


def test_bands_of_intervals_are_those_of_toys(gaussian):
    options = {"profiled": "rn_ar", "cl": 0.6827}
    found = gaussian.expected_interval("sm", "sin2_theta_w", **options)
    toys = gaussian.expected_interval("sm", "sin2_theta_w", bands="toys", toys=120, seed=3, **options)
    sigma = 0.5 * (found.upper - found.lower)[0, 2]
    # quantiles of 120 toys are known to 0.11 in the middle, of 2 standard deviations to 0.25
    for side in ("upper", "lower"):
        off = (getattr(toys, side) - getattr(found, side))[0] / sigma
        assert (np.abs(off) < [0.7, 0.35, 0.3, 0.35, 0.7]).all(), off
    assert (toys.toys, toys.profiled) == (120, ("rn_ar",))


@pytest.mark.parametrize("method", ["sensitivity", "expected_interval"])
def test_downward_fluctuations_of_what_interferes_belong_to_the_bands(argon, method):
    """Both ends of an epsilon add counts: data with fewer of them allow less on either side."""
    call = getattr(argon, method)
    words = ("nsi", "eps_u_mumu") if method == "expected_interval" else ("nsi",)
    named = {} if method == "expected_interval" else {"parameter": "eps_u_mumu"}
    found = call(*words, **named)
    toys = call(*words, bands="toys", toys=1000, seed=5, **named)
    width = (found.upper - found.lower)[0, 2]
    assert np.abs(found.upper - toys.upper).max() < 0.06 * width
    assert np.abs(found.lower - toys.lower).max() < 0.06 * width
    assert found.upper[0, 1] < found.upper[0, 2] - 0.05 * width


def test_exposures_are_the_rows(argon):
    found = argon.expected_interval("sm", "sin2_theta_w", exposure=[1.0, 4.0])
    alone = argon.scaled(4.0).expected_interval("sm", "sin2_theta_w")
    np.testing.assert_array_equal(found.upper[1], alone.upper[0])
    assert found.values.tolist() == [1.0, 4.0]
    assert (found.upper[1] - found.lower[1])[2] < (found.upper[0] - found.lower[0])[2]


def test_what_is_true_at_the_end_of_its_range_has_an_upper_end_alone(argon):
    found = argon.expected_interval("b-l", "coupling", mass=10.0, profiled="sin2_theta_w")
    assert found.lower is None
    median = argon.asimov("sm").interval("b-l", "coupling", mass=10.0, profiled="sin2_theta_w").allowed[-1, 1]
    assert found.median.tolist() == [median]
    assert (np.diff(found.upper) > 0).all()


def test_shares_of_gaussian_data_are_those_of_noncentral_chi2(gaussian):
    names, values = ("sin2_theta_w", "rn_ar"), np.array([0.2387, 3.4])
    matrix = fisher(gaussian, names, values)
    sigmas = np.sqrt(np.diag(np.linalg.inv(matrix)))
    grid = {name: v + s * np.array([-2.0, 0.0, 1.0, 2.5]) for name, v, s in zip(names, values, sigmas, strict=True)}
    truth = dict(zip(names, values.tolist(), strict=True))
    found = gaussian.expected_region("sm", grid, truth=truth)
    away = np.stack(np.meshgrid(*(axis - v for axis, v in zip(grid.values(), values, strict=True)), indexing="ij"), -1)
    noncentral = np.einsum("...i,ij,...j", away, matrix, away)
    level = chi2.ppf(0.9, 2)
    np.testing.assert_allclose(found.delta_chi2, noncentral, rtol=5e-3, atol=1e-3)
    np.testing.assert_allclose(found.excluded, ncx2.sf(level, 2, np.maximum(noncentral, 1e-9)), atol=2e-3)
    assert found.excluded[1, 1] == pytest.approx(0.1, abs=1e-6)
    toys = gaussian.expected_region("sm", grid, truth=truth, bands="toys", toys=4000, seed=8)
    assert (np.abs(toys.excluded - found.excluded) < 4 * toys.error + 2e-3).all()
    np.testing.assert_array_equal(toys.delta_chi2, found.delta_chi2)
    assert toys.error.max() < 0.01
    assert found.error.max() == 0


def test_a_region_of_one_parameter_ends_where_its_interval_does(gaussian):
    interval = gaussian.expected_interval("sm", "sin2_theta_w", profiled="rn_ar")
    ends = [interval.lower[0, 2], interval.upper[0, 2]]
    found = gaussian.expected_region("sm", {"sin2_theta_w": ends}, profiled="rn_ar")
    assert found.excluded[:, 0] == pytest.approx([0.5, 0.5], abs=2e-3)
    assert found.delta_chi2[:, 0] == pytest.approx([LEVEL, LEVEL], rel=1e-4)
    assert found.truth["sin2_theta_w"] == pytest.approx(0.2387, abs=1e-3)


def test_the_true_values_may_be_others(argon):
    found = argon.expected_region("sm", {"sin2_theta_w": [0.1, 0.3]}, truth={"sin2_theta_w": 0.3})
    assert found.excluded[1, 0] == pytest.approx(0.1, abs=1e-6)
    assert found.excluded[0, 0] > 0.5
    moved = argon.expected_interval("sm", "sin2_theta_w", truth={"sin2_theta_w": 0.3})
    assert moved.settings == "sin2_theta_w = 0.3"
    assert moved.median[0] > argon.expected_interval("sm", "sin2_theta_w").median[0]


def test_refusals(argon):
    grid = {"sin2_theta_w": [0.1, 0.3]}
    for call, message in (
        (lambda: argon.expected_region("sm", {}), "one or two parameters"),
        (lambda: argon.expected_region("sm", {"sin2_theta_w": [0.3, 0.1]}), "ascend"),
        (lambda: argon.expected_region("sm", grid, truth=0.3), "truth"),
        (lambda: argon.expected_region("b-l", {"mass": [1.0, 2.0], "coupling": [1e-5, 1e-4]}), "no true value"),
        (lambda: argon.expected_region("nsi", {"eps_u_tautau": [0, 0.1]}), "does not depend"),
        (lambda: argon.expected_region("nsi", {"eps_u_ee": [0, 0.1]}, profiled="eps_u_tautau"), "does not depend"),
        (lambda: argon.expected_region("nsi", {"eps_u_ee": [0, 0.1]}, eps_u_ee=0.2), "given twice"),
        (lambda: argon.expected_region("nsi", {"eps_u_ee": [0, 0.1]}, profiled=["eps_d_ee"] * 2), "given twice"),
        (lambda: argon.expected_interval("sm", "sin2_theta_w", bounds=[1]), "bounds"),
        (lambda: argon.expected_interval("sm", "sin2_theta_w", exposure=[1], threshold=[0]), "both given"),
        (lambda: argon.expected_interval("b-3ltau", "coupling", mass=10.0), "without effect|does not depend"),
    ):
        with pytest.raises(InputError, match=message):
            call()
    for call in (
        lambda: argon.expected_region("sm", grid, bands="none"),
        lambda: argon.expected_region("sm", {"sin2": [0.1, 0.3]}),
        lambda: argon.expected_interval("sm", "sin2"),
        lambda: argon.expected_interval("sm", "sin2_theta_w", truth={"rn_ar": 3.4}),
    ):
        with pytest.raises(UnknownNameError):
            call()


def test_commands(run, run_json, argon):
    words = ("sensitivity", ARGON, "--model", "sm")
    found = run_json(*words, "--parameter", "sin2_theta_w", "--profile", "rn_ar", "-o", "interval.csv")
    expected = argon.expected_interval("sm", "sin2_theta_w", profiled=["rn_ar"])
    assert found["expected"][0]["sin2_theta_w_median"] == expected.median[0]
    assert found["profiled"] == ["rn_ar"]
    assert Sensitivity.load("interval.csv") == expected
    found = run_json(
        *words, "--grid", "sin2_theta_w=0.1:0.4:4", "rn_ar=3:5:3", "--truth", "sin2_theta_w=0.25", "-o", "r.npz"
    )
    grid = {"sin2_theta_w": np.linspace(0.1, 0.4, 4), "rn_ar": np.linspace(3, 5, 3)}
    expected = argon.expected_region("sm", grid, truth={"sin2_theta_w": 0.25})
    assert [row["excluded"] for row in found["points"]] == expected.excluded.ravel().tolist()
    assert Result.load("r.npz") == expected
    assert run("plot", "r.npz", "-o", "r.png")[0] == 0
    for more, message in (
        (("--grid", "sin2_theta_w=0.1:0.4:4", "--exposure", "2"), "--exposure and --grid"),
        (("--grid", "sin2_theta_w=0.1:0.4:4", "-o", "r.csv"), "in .npz"),
        (("--parameter", "sin2_theta_w", "-o", "r.npz"), "in .csv"),
        (("--profile", "rn_ar"), "--parameter NAME"),
        (("--grid", "sin2_theta_w=0.1:0.4:4", "sin2_theta_w=0.1:0.2:3"), "twice"),
        (("--parameter", "sin2_theta_w", "--dof", "2"), "one degree of freedom"),
    ):
        code, out, err = run(*words, *more)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert message in err


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [("excluded", 1.5, "share"), ("x", -1.0, "ascend"), ("delta_chi2", -1.0, "chi2")],
)
def test_files_that_contradict_themselves_are_refused(argon, tmp_path, name, value, message):
    found = argon.expected_region("sm", {"sin2_theta_w": [0.1, 0.2, 0.3]})
    path = tmp_path / "region.npz"
    values = np.array(getattr(found, name))
    values.flat[-1] = value
    dataclasses.replace(found, **{name: values}).save(path)
    with pytest.raises(DataError, match=message):
        ExpectedRegion.load(path)


def test_a_prior_of_what_is_profiled_has_the_true_value(argon):
    likelihood = argon.with_priors(rn_ar=(3.4, 0.05))
    options = {"profiled": "rn_ar", "cl": 0.6827}
    found = likelihood.expected_interval("sm", "sin2_theta_w", **options)
    toys = likelihood.expected_interval("sm", "sin2_theta_w", bands="toys", toys=40, seed=1, **options)
    assert abs(toys.median[0] - found.median[0]) < 0.5 * (found.upper - found.lower)[0, 2]


def test_a_grid_between_whose_points_most_of_a_region_lies_says_so():
    strip = np.eye(12, dtype=bool)
    assert "make it finer" in expected_regions._coarse(np.where(strip, 0.1, 1.0))[0]
    assert "make the grid finer" in expected_regions._coarse(np.ones((12, 12)))[0]
    wide = np.abs(np.subtract.outer(np.arange(12), np.arange(12))) < 3
    assert expected_regions._coarse(np.where(wide, 0.1, 1.0)) == ()
    assert expected_regions._coarse(np.array([[1.0], [0.1], [0.2], [0.9]])) == ()


def test_bounds_hold_for_toys_too(argon):
    options = {"profiled": "eps_u_mumu", "bounds": {"eps_u_mumu": (-0.05, 0.05)}}
    found = argon.expected_interval("nsi", "eps_u_ee", **options)
    toys = argon.expected_interval("nsi", "eps_u_ee", bands="toys", toys=80, seed=2, **options)
    width = (found.upper - found.lower)[0, 2]
    assert np.abs(found.upper - toys.upper)[0, 1:4].max() < 0.1 * width
    free = argon.expected_interval("nsi", "eps_u_ee", profiled="eps_u_mumu")
    assert abs(free.lower[0, 2] - found.lower[0, 2]) > 0.04 * width


def test_a_mass_is_profiled_where_it_has_no_effect(argon):
    truth = {"mass": 20.0, "coupling": 8e-5}
    found = argon.expected_region("b-l", {"coupling": [0.0, 8e-5]}, profiled="mass", truth=truth)
    plain = argon.asimov("b-l", **truth).chi2("b-l", mass=20.0, coupling=0.0)
    assert found.delta_chi2[:, 0] == pytest.approx([plain, 0.0], abs=1e-6)


def test_ends_of_ranges_are_said(argon):
    said = "coupling is truly at the end of its range"
    grid = {"coupling": np.geomspace(1e-6, 2e-4, 9)}
    assert said in argon.expected_region("b-l", grid, mass=10.0).remarks[0]
    assert argon.expected_region("b-l", grid, mass=10.0, bands="toys", toys=30).remarks == ()
