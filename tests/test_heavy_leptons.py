"""Fits, profiles, intervals and contours along the mass of a final lepton, for whose every value counts are folded."""

import json
import math

import numpy as np
import pytest
from scipy import optimize

import cevns
from cevns import constants, reference
from cevns.errors import InputError, UnknownNameError
from cevns.inference import valleys
from cevns.inference.descent import Stencil
from cevns.inference.objectives import Objective
from cevns.inference.stepped import has_kink, slices
from cevns.interactions import Amplitude, Interaction, Upscattering
from cevns.interactions.kinematics import electron_ends, heaviest_lepton, heaviest_on_electrons, recoil_ends
from cevns.likelihoods import Likelihood
from cevns.parameters import coupling, mass
from cevns.predictions import panels

MODEL = "sterile-dipole"
#: Half the mass of the muon, where the spectrum of its decay ends.
HEAVIEST = 52.82918775
BOUNDS = {"mass": (1.0, 25.0)}


def upscattering(kinematics):
    """Return a mediator of neutrinos that become a heavy lepton."""
    return Interaction(
        f"{kinematics} upscattering",
        (mass(), coupling(), mass().replace(name="mass_n")),
        [Amplitude((f, f), 1.0, 1.0, (("coupling", 2),), "mass", kinematics, "mass_n") for f in ("e", "mu")],
        label="upscattering",
        description="mediator between neutrinos and a heavy lepton",
        reference="arXiv:1803.03262",
    )


@pytest.fixture(scope="module")
def fitted(argon):
    return argon.fit(MODEL, ["mass", "mu_mu"])


@pytest.fixture(scope="module")
def grid(argon):
    """Masses, moments, and chi2 on them."""
    masses = np.concatenate([np.geomspace(0.1, 25.0, 60), np.linspace(25.5, 52.8, 160)])
    moments = np.geomspace(3e-10, 1e-5, 181)
    return masses, moments, argon.chi2(MODEL, mass=masses[:, None], mu_mu=moments)


# --- the bottom of a valley


def searched(function, known, step=0.05, low=-1.0, high=1.0):
    search, count = valleys.bottom({x: function(x) for x in known}, step, low, high), 0
    try:
        x = next(search)
        while True:
            count += 1
            x = search.send(function(x))
    except StopIteration as stop:
        return *stop.value, count


@pytest.mark.parametrize(
    ("function", "expected", "most"),
    [
        (lambda x: 11 + 3 * (x - 0.3) ** 2 + (x - 0.3) ** 3, 11.0, 12),
        (lambda x: 11 + math.cosh(x - 0.2), 12.0, 12),
        # kinks, alone and on a slope that bends
        (lambda x: 11 + 3 * abs(x - 0.3), 11.0, 12),
        (lambda x: 11 + max(2 * (x - 0.3), -7 * (x - 0.3)) + 5 * (x - 0.3) ** 2, 11.0, 25),
        # ends, with and without a slope
        (lambda x: 11 + x, 10.0, 14),
        (lambda x: 11 + (x - 2) ** 2, 12.0, 14),
        (lambda x: 11.0, 11.0, 8),
    ],
    ids=["cubic", "cosh", "kink", "bent kink", "lower end", "upper end", "flat"],
)
@pytest.mark.parametrize("known", [[0.0], [-0.1, 0.0, 0.1]], ids=["one value", "three values"])
def test_the_bottom_of_a_valley_is_found_with_few_values(function, expected, most, known):
    x, value, count = searched(function, known)
    assert value == function(x)
    assert value == pytest.approx(expected, abs=1e-9)
    assert count <= most


def test_a_search_goes_down_from_the_lowest_known_value():
    x, *_ = searched(lambda x: (x**2 - 0.25) ** 2, [-0.6, 0.4])
    assert x == pytest.approx(0.5, abs=1e-4)


# --- which masses are seen


def test_the_heaviest_lepton_is_the_last_one_with_a_recoil_in_range():
    nucleus, energy = 37e3, 50.0
    for least, most in ((0.0, 1.0), (0.05, 0.06), (0.1, 1.0), (0.0, 0.01)):
        highest = heaviest_lepton(nucleus, energy, least, most)
        low, high = recoil_ends(nucleus, energy, highest * (1 - 1e-9))
        assert low < most
        assert high > least
        low, high = recoil_ends(nucleus, energy, highest * (1 + 1e-9))
        assert low > most or high < least or high == 0
    assert heaviest_lepton(nucleus, energy, math.inf, math.inf) == 0
    highest = heaviest_on_electrons(energy)
    assert electron_ends(energy, highest * (1 - 1e-9))[1] > 0
    assert electron_ends(energy, highest * (1 + 1e-9))[1] == 0


def test_chi2_ends_to_depend_on_the_mass_where_it_is_said_to(both):
    (masses,) = both.heaviest(MODEL).values()
    # the line of the pion's decay, and the end of the muon's
    assert masses[-2] == pytest.approx(29.79, abs=0.01)
    highest = masses[-1]
    assert highest == pytest.approx(HEAVIEST, rel=1e-12)
    standard = both.chi2("sm")
    assert both.chi2(MODEL, mass=highest, mu_mu=1e-4) == pytest.approx(standard, rel=1e-9)
    assert both.chi2(MODEL, mass=0.99 * highest, mu_mu=1e-6) > standard + 1


def test_a_spectrum_without_digits_is_not_cut_without_an_end(csi, monkeypatch):
    calls = []
    original = panels._missed
    monkeypatch.setattr(panels, "_missed", lambda *args: calls.append(len(calls)) or original(*args))
    # all of it lies in a thousandth of its recoils, and its values are differences of numbers a million times as large
    for exponent in (14, 16, 18, 20):
        calls.clear()
        counts = csi.signal.counts(MODEL, mass=HEAVIEST * (1 - 0.5**exponent), mu_mu=1e-4)
        assert np.isfinite(counts).all()
        assert len(calls) < 60


# --- fits


def test_a_fit_finds_what_a_grid_finds_and_more(argon, fitted, grid):
    masses, _, chi2 = grid
    assert fitted.chi2 <= chi2.min()
    assert fitted.chi2 == pytest.approx(argon.chi2(MODEL, **fitted.values), abs=1e-10)
    # every valley of the grid, the moment minimised, is a minimum of the fit
    least = chi2.min(axis=1)
    padded = np.pad(least, 1, constant_values=np.inf)
    for i in np.flatnonzero((least < padded[:-2] - 1e-6) & (least < padded[2:] - 1e-6)):
        assert any(
            m["chi2"] <= least[i] and abs(math.log(m["values"]["mass"] / masses[i])) < 0.1 for m in fitted.minima
        )
    # and none is lower nearby
    for m in fitted.minima:
        near = np.clip(m["values"]["mass"] * (1 + np.array([-1, 1]) * np.geomspace(1e-8, 1e-4, 5)[:, None]), 0.1, 52.82)
        line = [argon.best_fit(MODEL, mass=value, mu_e=0.0).chi2 for value in near.ravel()]
        assert min(line) >= m["chi2"] - 1e-9


def test_a_fit_says_what_lies_beyond_the_masses_that_are_seen(argon, fitted):
    (beyond,) = [r for r in fitted.remarks if r.startswith("above mass")]
    assert f"above mass = {HEAVIEST:.6g} MeV no recoil is observed" in beyond
    assert f"chi2 is {argon.chi2('sm'):.6g} there" in beyond
    # that of the standard model lies above the level, so that they are no part of it
    assert argon.chi2("sm") > fitted.chi2 + 1
    assert fitted.intervals["mass"][-1, 1] <= HEAVIEST
    narrower = argon.fit(MODEL, ["mass", "mu_mu"], bounds=BOUNDS)
    assert not any(r.startswith("above") for r in narrower.remarks)
    assert narrower.at_edge == {"mass": "lower"}


def test_intervals_of_a_fit_end_on_the_level(argon, fitted):
    level = fitted.chi2 + 1
    low = fitted.intervals["mass"][0, 0]
    assert argon.best_fit(MODEL, mass=low, mu_e=0.0).chi2 == pytest.approx(level, abs=1e-7)
    low = fitted.intervals["mu_mu"][0, 0]
    assert argon.profile(MODEL, "mu_mu", [low], profiled="mass").chi2 == pytest.approx(level, abs=1e-7)


def test_where_a_lepton_fits_no_better_than_none_a_fit_says_so(argon):
    empty = argon.asimov("sm")
    fit = empty.fit(MODEL, ["mass", "mu_mu"])
    assert fit.chi2 == pytest.approx(0, abs=1e-9)
    assert fit.values["mu_mu"] == pytest.approx(0, abs=1e-12)
    assert any("mass" in direction for direction in fit.flat)
    assert "mass" not in fit.at_edge
    assert any(r.startswith("chi2 does not change along mass") for r in fit.remarks)
    assert np.isnan(fit.covariance).all()


def test_a_prior_counts_where_nothing_else_does(argon):
    fit = argon.fit(MODEL, ["mass", "mu_mu"], priors={"mass": (100.0, 1.0)})
    assert fit.chi2 == pytest.approx(argon.chi2("sm"), abs=1e-6)
    assert fit.values["mass"] == pytest.approx(100.0, abs=1e-2)
    np.testing.assert_allclose(fit.intervals["mass"], [[99.0, 101.0]], atol=1e-3)
    fit = argon.fit(MODEL, ["mass", "mu_mu"], priors={"mass": (10.0, 0.5)})
    np.testing.assert_allclose(fit.intervals["mass"], [[9.5, 10.5]], atol=0.1)
    assert not any(r.startswith("above") for r in fit.remarks)


def test_electrons_that_open_at_the_mass_are_no_numbers_that_are_none():
    for value in np.linspace(0.01, 6.8, 400).tolist():
        energy = value + value**2 / (2 * constants.ELECTRON_MASS)
        low, high = electron_ends(np.nextafter(energy, [0.0, 100.0]), value)
        assert np.isfinite([low, high]).all()


def test_electrons_count_too(argon):
    fit = argon.replace(electrons="shells").fit(MODEL, ["mass", "mu_mu"], bounds={"mass": (1.0, 25.0)})
    assert fit.chi2 == pytest.approx(argon.replace(electrons="shells").chi2(MODEL, **fit.values), abs=1e-10)


@pytest.mark.parametrize("kinematics", ["vector", "scalar"])
def test_upscattering_is_fitted_with_its_final_mass(argon, kinematics):
    model = upscattering(kinematics)
    fit = argon.fit(model, ["mass_n", "coupling"], mass=30.0)
    assert fit.chi2 == pytest.approx(argon.chi2(model, mass=30.0, **fit.values), abs=1e-10)
    masses = np.concatenate([np.geomspace(0.1, 25.0, 20), np.linspace(26.0, 52.8, 60)])
    line = [argon.best_fit(model, mass=30.0, mass_n=value).chi2 for value in masses.tolist()]
    assert fit.chi2 <= min(line)
    assert any(m["chi2"] <= line[0] + 1e-9 for m in fit.minima)


def test_a_kink_has_no_covariance(argon):
    objective = Objective(argon, MODEL, ["mass", "mu_mu"], {}, bounds=BOUNDS)
    point = objective.to_points(np.array([[10.0, 3e-9]]))
    original = objective.chi2
    assert not has_kink(objective, point, [0, 1])
    objective.chi2 = lambda points: original(points) + np.abs(points[:, 0] - point[0, 0])
    assert has_kink(objective, point, [0, 1])
    assert not has_kink(objective, point, [1])
    # a stencil along it is of its own steps, not of the function
    wide, narrow = (
        Stencil(objective, point, np.diag([size, 1e-10])[None], [0, 1]).curvature[0, 0, 0] / size**2
        for size in (0.1, 0.01)
    )
    assert narrow > 3 * wide


# --- profiles, intervals, contours


def test_a_profile_along_the_mass_is_the_line_of_the_coupling(argon):
    masses = [0.5, 3.0, 12.0, 33.3, 52.0, 52.82918775, 80.0, 2e4]
    found = argon.profile(MODEL, "mass", masses, profiled="mu_mu", bounds={"mass": (0.1, 1e5)})
    expected = [argon.best_fit(MODEL, mass=value, mu_e=0.0).chi2 for value in masses]
    np.testing.assert_allclose(found.chi2, expected, atol=1e-8)
    np.testing.assert_allclose(found.chi2[-3:], argon.chi2("sm"), rtol=1e-12)


def test_the_mass_is_profiled_to_the_bottom(argon, grid):
    masses, *_ = grid
    moments = [1e-9, 3e-9, 1e-8, 1e-7]
    found = argon.profile(MODEL, "mu_mu", moments, profiled="mass", bounds={"mass": (0.1, 52.8)})
    every = argon.chi2(MODEL, mass=masses[:, None], mu_mu=np.array(moments))
    assert (found.chi2 <= every.min(axis=0) + 1e-10).all()
    # and that is reached
    for moment, value, chi2 in zip(moments, found.profiled["mass"], found.chi2, strict=True):
        assert argon.chi2(MODEL, mass=value, mu_mu=moment) == pytest.approx(chi2, abs=1e-10)


def test_an_interval_of_the_coupling_with_the_mass_profiled(argon, grid):
    masses, moments, chi2 = grid
    found = argon.interval(MODEL, "mu_mu", profiled="mass", bounds=BOUNDS)
    assert found.allowed[0, 0] == 0
    ((_, end),) = found.allowed
    inside = (masses >= 1) & (masses <= 25)
    level = found.chi2_min + found.delta_chi2
    at_end = argon.chi2(MODEL, mass=masses[inside], mu_mu=end)
    assert at_end.min() >= level - 1e-9
    assert at_end.min() <= level + 0.05
    np.testing.assert_array_equal(
        [found.allows(m) for m in moments], chi2[inside].min(axis=0) <= level, err_msg="the grid tells otherwise"
    )


def test_an_interval_of_the_mass_goes_on_where_it_has_no_effect(argon):
    found = argon.interval(MODEL, "mass", cl=0.9, mu_mu=3e-9, mu_e=0.0)
    assert found.allowed[-1, 1] == math.inf
    assert any("mass is allowed however large it is" in r for r in found.remarks)
    for low, high in found.allowed:
        for end in (low, high):
            if math.isfinite(end):
                level = found.chi2_min + found.delta_chi2
                assert argon.chi2(MODEL, mass=end, mu_mu=3e-9) == pytest.approx(level, abs=1e-8)


def test_a_contour_of_mass_and_coupling(argon, grid):
    masses, moments, chi2 = grid
    found = argon.contour(MODEL, x="mass", y="mu_mu", bounds=BOUNDS, reference=argon.chi2("sm"))
    level = argon.chi2("sm") + found.delta_chi2[0]
    (curve,) = found.curves[0]
    inner = (curve[:, 0] > 1.0001) & (curve[:, 0] < 24.999) & (curve[:, 1] > 0)
    assert inner.sum() > 30
    values = argon.chi2(MODEL, mass=curve[inner, 0], mu_mu=curve[inner, 1])
    np.testing.assert_allclose(values, level, atol=1e-6)
    inside = (masses > 1.01) & (masses < 24.5)
    near = np.abs(chi2[inside] - level) < 0.3
    expected = chi2[inside] <= level
    got = found.allows(*np.meshgrid(masses[inside], moments, indexing="ij"))
    assert (got == expected)[~near].all()
    assert got.any()
    assert not got.all()


def test_a_fold_serves_all_points_at_its_mass(argon, monkeypatch):
    made = []
    original = Likelihood.engine
    monkeypatch.setattr(Likelihood, "engine", lambda self, *args: made.append(args) or original(self, *args))
    objective = Objective(argon, MODEL, ["mass", "mu_mu"], {}, bounds={"mass": (1.0, 24.0)})
    lattice = slices(objective).places
    made.clear()
    rows = objective.to_points(np.array([[math.exp(u), moment] for u in lattice for moment in (1e-10, 1e-9, 1e-8)]))
    rows[:, 0] = np.repeat(lattice, 3)
    objective.chi2(rows)
    assert not made


# --- with radii, which are a fold for each value wherever there is a mass


def over_radius(experiment, model, radius, bounds, **values):
    """Return chi2 with a radius minimised by SciPy, at other parameters' values."""
    found = optimize.minimize_scalar(
        lambda value: experiment.chi2(model, **values, **{radius: value}),
        bounds=bounds,
        method="bounded",
        options={"xatol": 1e-9},
    )
    return min(found.fun, *(experiment.chi2(model, **values, **{radius: end}) for end in bounds))


def test_a_fit_of_the_mass_and_a_radius(argon):
    priors, bounds = {"rn_ar": (3.4, 0.3)}, {"mass": (1.0, 52.0), "rn_ar": (2.0, 8.0)}
    fit = argon.fit(MODEL, ["mass", "rn_ar"], mu_mu=3e-8, bounds=bounds, priors=priors)
    known = argon.with_priors(**priors)
    assert fit.chi2 == pytest.approx(known.chi2(MODEL, mu_mu=3e-8, **fit.values), abs=1e-10)
    masses = np.concatenate([np.geomspace(1.0, 25.0, 5), np.linspace(26.0, 52.0, 15)]).tolist()
    line = [over_radius(known, MODEL, "rn_ar", bounds["rn_ar"], mass=m, mu_mu=3e-8) for m in masses]
    assert fit.chi2 <= min(line) + 1e-9
    at_best = over_radius(known, MODEL, "rn_ar", bounds["rn_ar"], mass=fit.values["mass"], mu_mu=3e-8)
    assert fit.chi2 == pytest.approx(at_best, abs=1e-8)


@pytest.mark.parametrize(
    ("kinematics", "name", "radius", "bounds", "masses"),
    [
        ("magnetic", "csi", "rn_csi", (4.0, 8.0), [40.0]),
        *((kind, "argon", "rn_ar", (2.0, 8.0), [10.0, 33.3, 52.5]) for kind in ("magnetic", "vector", "scalar")),
    ],
)
def test_a_profile_along_the_mass_over_a_radius(request, kinematics, name, radius, bounds, masses):
    experiment = request.getfixturevalue(name)
    if kinematics == "magnetic":
        model, mass_name, others = MODEL, "mass", {"mu_mu": 1e-8}
    else:
        model, mass_name, others = upscattering(kinematics), "mass_n", {"coupling": 1e-4, "mass": 10.0}
    found = experiment.profile(model, mass_name, masses, profiled=radius, bounds={radius: bounds}, **others)
    expected = [over_radius(experiment, model, radius, bounds, **{mass_name: value}, **others) for value in masses]
    np.testing.assert_allclose(found.chi2, expected, rtol=1e-8)


def test_an_interval_of_a_radius_with_the_mass_profiled(argon):
    bounds = {"mass": (1.0, 25.0)}
    found = argon.interval(MODEL, "rn_ar", profiled="mass", mu_mu=3e-9, bounds=bounds)
    ((_, end),) = found.allowed
    line = optimize.minimize_scalar(
        lambda u: argon.chi2(MODEL, mass=math.exp(u), mu_mu=3e-9, rn_ar=end), bounds=np.log(bounds["mass"])
    )
    assert min(line.fun, argon.chi2(MODEL, mass=1.0, mu_mu=3e-9, rn_ar=end)) == pytest.approx(
        found.chi2_min + found.delta_chi2, abs=1e-6
    )


def test_a_contour_of_mass_and_radius(argon):
    bounds = {"mass": (5.0, 25.0), "rn_ar": (3.0, 8.0)}
    found = argon.contour(MODEL, x="mass", y="rn_ar", mu_mu=1e-9, bounds=bounds)
    curve = np.concatenate(found.curves[0])
    inner = (curve[:, 0] > 5.001) & (curve[:, 0] < 24.999) & (curve[:, 1] > 3.001) & (curve[:, 1] < 7.999)
    assert inner.sum() > 10
    values = argon.chi2(MODEL, mass=curve[inner, 0], rn_ar=curve[inner, 1], mu_mu=1e-9)
    np.testing.assert_allclose(values, found.chi2_min + found.delta_chi2[0], atol=1e-6)


# --- what is refused


def test_what_cannot_be_answered_is_refused_with_the_remedy(argon):
    with pytest.raises(
        InputError, match=r"bounds of mass begin at 60 MeV, .* heavier than 52\.8292 MeV no recoil .* below"
    ):
        argon.fit(MODEL, ["mass", "mu_mu"], bounds={"mass": (60.0, 70.0)})
    two = cevns.get_interaction(MODEL).renamed(mass="mass_4") + upscattering("vector")
    with pytest.raises(InputError, match=r"mass_4 and mass_n of .* one of them can be free at a time; give others"):
        argon.fit(two, ["mass_4", "mass_n", "mu_mu"], coupling=1e-5, mass=10.0)


def test_command_line(run_json, run, tmp_path):
    bounds = ["--bounds", "mass=1:25"]
    found = run_json("fit", "coherent-argon-2020", "--model", MODEL, "--free", "mass", "mu_mu", *bounds)
    expected = cevns.load("coherent-argon-2020").fit(MODEL, ["mass", "mu_mu"], bounds=BOUNDS)
    assert found["chi2_min"] == expected.chi2
    assert found["values"] == expected.values
    name = tmp_path / "profile.csv"
    given = ["--parameter", "mass", "--values", "1:80:5", "--profile", "mu_mu", "-o", str(name)]
    code, _, err = run("profile", "coherent-argon-2020", "--model", MODEL, *given)
    assert code == 0, err
    assert "80" in name.read_text()
    curve = tmp_path / "contour.json"
    plane = ["--x", "mass", "--y", "mu_mu", *bounds, "-o", str(curve)]
    found = run_json("contour", "coherent-argon-2020", "--model", MODEL, *plane)
    assert found["curves"]
    assert json.loads(curve.read_text())["kind"] == "contour"


@pytest.mark.parametrize("exchange", ["vector", "scalar"])
def test_upscattering_is_that_of_the_oracle(exchange):
    """By flavour, with the closed end below which the lepton is too heavy; a light one is as none."""
    model = Upscattering(exchange=exchange, proton=1.0, neutron=-1.0, neutrinos={"e": 1.0, "mu": -2.0})
    energy, recoil = np.array([15.0, 30.0, 45.0]), np.array([1e-3, 5e-3, 2e-2])[:, None]
    point = {"mass": 12.0, "coupling": 4e-4}
    for flavour, charge in (("e", 1.0), ("mu", -2.0), ("tau", 0.0)):
        for m_chi in (1.0, 20.0, 40.0):
            found = model.cross_section(energy, "Ar-40", flavour, 1e3 * recoil, m_chi=m_chi, **point)
            g2 = point["coupling"] ** 2 * charge
            if exchange == "vector":
                charges = {"u": 1, "d": -1, "e": 1, "mu": 1, "tau": 1}
                arguments = (charges, point["mass"], g2, m_chi)
                expected = reference.vector_to_chi(energy, recoil, reference.AR40, flavour, *arguments)
            else:
                arguments = (point["mass"], g2, m_chi, 1.0, -1.0)
                expected = reference.scalar_to_chi(energy, recoil, reference.AR40, flavour, *arguments)
            np.testing.assert_allclose(found, expected / 1e3, rtol=1e-9)


def test_what_upscattering_does_not_know():
    with pytest.raises(UnknownNameError, match="unknown exchange 'tensor'"):
        Upscattering(exchange="tensor", proton=1.0, neutron=1.0)
    with pytest.raises(InputError, match="proton = nan"):
        Upscattering(exchange="scalar", proton=np.nan, neutron=1.0)
    for nothing in ({"proton": 0.0, "neutron": 0.0}, {"proton": 1.0, "neutron": 1.0, "neutrinos": {"e": 0.0}}):
        with pytest.raises(InputError, match="'upscattering' is that of a mediator that couples to nothing: neutrinos"):
            Upscattering(exchange="scalar", **nothing)
