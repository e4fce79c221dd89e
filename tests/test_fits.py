"""Fits, profiles, intervals and contours in any parameters: against grids, many starts and published numbers."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from cevns.errors import InputError
from cevns.inference import delta_chi2
from cevns.inference.objectives import Objective
from cevns.interactions import (
    Amplitude,
    Interaction,
    contact,
    get_interaction,
)
from cevns.parameters import Parameter

EPS = ("u_ee", "u_mumu", "d_ee", "d_mumu")


def free(name, **fields):
    return Parameter(name, default=0.0, **({"low": -2.0, "high": 2.0} | fields))


def nsi(*names):
    """Return contact interactions of quarks with neutrinos, complex where a part ends in _im."""
    numbers = {"u": (2.0, 1.0), "d": (1.0, 2.0)}
    amplitudes, parameters = [], []
    for name in names:
        quark, pair, *imaginary = name.split("_")
        first, second = {"ee": ("e", "e"), "mumu": ("mu", "mu"), "emu": ("e", "mu"), "tautau": ("tau", "tau")}[pair]
        parameters.append(free(f"eps_{name}"))
        for a, b in dict.fromkeys([(first, second), (second, first)]):
            factor = 1j if imaginary else 1.0
            amplitudes.append(Amplitude((a, b), *(factor * n for n in numbers[quark]), ((f"eps_{name}", 1),)))
    return Interaction("nsi", parameters, amplitudes)


DIAGONAL = nsi("u_ee", "u_mumu")
HEAVY_AND_LIGHT = get_interaction("b-l").renamed(coupling="g1", mass="m1") + contact(
    "point", proton={"e": 0.3, "mu": 0.3}, neutron={"e": 0.2, "mu": 0.2}
)


def windings(curve, x, y):
    """Return how often a closed curve goes around points."""
    dx, dy = curve[:, 0] - x[..., None], curve[:, 1] - y[..., None]
    across = dx[..., :-1] * dy[..., 1:] - dx[..., 1:] * dy[..., :-1]
    along = dx[..., :-1] * dx[..., 1:] + dy[..., :-1] * dy[..., 1:]
    return np.rint(np.arctan2(across, along).sum(axis=-1) / (2 * math.pi)).astype(int)


# --- numbers to meet


def test_the_neutron_radius_of_cesium_iodide(csi):
    """5.0 +- 0.7 fm in arXiv:1908.06045; 5.01 +- 0.74 fm and chi2 = 2.83 with the data and conventions here."""
    found = csi.fit("sm", "rn_csi")
    ((low, high),) = found.intervals["rn_csi"]
    assert found.chi2 == pytest.approx(2.83, abs=5e-3)
    assert found.values["rn_csi"] == pytest.approx(5.01, abs=5e-3)
    assert (high - low) / 2 == pytest.approx(0.74, abs=5e-3)
    assert found.errors["rn_csi"] == pytest.approx(0.74, abs=0.03)


@pytest.mark.parametrize(
    ("name", "best", "below", "above"),
    [("csi", 0.242, 0.043, 0.043), ("argon", 0.310, 0.060, 0.057), ("both", 0.265, 0.036, 0.036)],
)
def test_the_weak_mixing_angle(request, name, best, below, above):
    """With the default uncertainties of the signal, 11.2 % and 13.4 %; arXiv:2005.01645 has .24, .31 and .26."""
    data = request.getfixturevalue(name)
    found = data.fit("sm", "sin2_theta_w")
    ((low, high),) = found.intervals["sin2_theta_w"]
    assert found.values["sin2_theta_w"] == pytest.approx(best, abs=6e-4)
    assert found.values["sin2_theta_w"] - low == pytest.approx(below, abs=1e-3)
    assert high - found.values["sin2_theta_w"] == pytest.approx(above, abs=1e-3)
    one = data.interval("sm", "sin2_theta_w", cl=math.erf(math.sqrt(0.5)))
    np.testing.assert_allclose(one.allowed, [[low, high]], rtol=1e-7)


@pytest.mark.parametrize(("sigmas", "upper"), [(1, 2.95), (2, 5.23), (3, 8.81)])
def test_the_neutron_radius_of_argon_from_the_global_minimum(argon, sigmas, upper):
    found = argon.interval("sm", "rn_ar", cl=math.erf(sigmas / math.sqrt(2)))
    ((low, high),) = found.allowed
    assert (low, high) == (-math.inf, pytest.approx(upper, abs=6e-3))
    assert found.best_fit == pytest.approx(math.sqrt(3) * 0.9, abs=1e-3)
    assert any("rn_ar is at the lower end of its range" in remark for remark in found.remarks)


# --- fits against many starts and grids


CASES = {
    "two flavours": (DIAGONAL, ("eps_u_ee", "eps_u_mumu"), {}, 0.7),
    "up and down": (nsi("u_ee", "d_ee"), ("eps_u_ee", "eps_d_ee"), {}, 2.0),
    "flavour change": (nsi("u_ee", "d_emu", "d_emu_im"), ("eps_u_ee", "eps_d_emu"), {"eps_d_emu_im": 0.1}, 0.7),
    "angle and coupling": (DIAGONAL, ("eps_u_ee", "sin2_theta_w"), {"eps_u_mumu": 0.1}, 0.9),
    "mediator and point": (HEAVY_AND_LIGHT, ("g1", "coupling"), {"m1": 30.0}, None),
}


@pytest.mark.parametrize("case", CASES)
def test_best_fits_are_those_of_many_starts(both, case):
    interaction, names, fixed, span = CASES[case]
    found = both.fit(interaction, names, **fixed)
    function = both.bind(interaction, free=[n for n in names if n == "sin2_theta_w"], **fixed)
    order = [names.index(name) for name in function.names]
    sizes = np.array([span, span] if span else [3e-4, 2.0])
    low = np.array([max(p.low, -s) for p, s in zip(function.parameters, sizes[order], strict=True)])
    high = np.array([min(p.high, s) for p, s in zip(function.parameters, sizes[order], strict=True)])
    halton = (np.arange(1, 13)[:, None] * np.array([0.7548776662, 0.5698402910])) % 1
    ends = [
        minimize(
            lambda z: function(*np.clip(low + z * (high - low), low, high)),
            start,
            method="Nelder-Mead",
            bounds=[(0, 1)] * 2,
            options={"xatol": 1e-9, "fatol": 1e-11},
        )
        for start in halton
    ]
    # the range of the starts is not that of the fit
    assert found.chi2 <= min(end.fun for end in ends) + 1e-8
    values = [found.values[name] for name in function.names]
    assert function(*values) == pytest.approx(found.chi2, abs=1e-9)
    chi2 = np.array([m["chi2"] for m in found.minima])
    assert (np.diff(chi2) >= 0).all()
    # each of the others is a minimum: no neighbour is lower
    for m in found.minima:
        for i, name in enumerate(function.names):
            width = np.nanmin([*np.ptp(found.intervals[name], axis=1), 0.1 * sizes[order][i]])
            for sign in (-1, 1):
                near = [m["values"][n] for n in function.names]
                p = function.parameters[i]
                near[i] = min(max(near[i] + sign * 1e-4 * width, p.low), p.high)
                assert function(*near) >= m["chi2"] - 1e-9


def test_all_sign_images_are_found(both):
    """In a sharp copy of the data each of two flavours may have its amplitude with either sign: four minima."""
    sharp = sum(
        e.replace(observed=e.predict("sm").total, uncertainty=0.01 * np.array(e.uncertainty), signal_sigma=0.001)
        for e in both.experiments
    )
    up = nsi("u_ee", "u_mumu")
    found = sharp.fit(up, up.own_names)
    assert found.chi2 == pytest.approx(0.0, abs=1e-6)
    near = [m for m in found.minima if m["chi2"] < 9]
    assert {tuple(value > 0.2 for value in m["values"].values()) for m in near} >= {(False, False)}
    one = sharp.fit(nsi("u_ee"), "eps_u_ee")
    assert len(one.minima) == 1 or one.minima[1]["values"]["eps_u_ee"] > 0.3


def test_intervals_of_two_minima_as_deep(argon):
    """Of a change of flavour only the modulus counts, and both signs are as good."""
    many = argon.replace(observed=[1.3 * n for n in argon.observed])
    found = many.fit(nsi("d_emu"), "eps_d_emu")
    low, high = found.intervals["eps_d_emu"]
    assert found.degenerate
    assert found.degenerate[0]["values"]["eps_d_emu"] == pytest.approx(-found.values["eps_d_emu"], abs=1e-4)
    np.testing.assert_allclose(low, -high[::-1], rtol=1e-6)
    assert any("another minimum is as deep" in remark for remark in found.remarks)
    assert "degenerate" in repr(found)
    assert "as deep" in found._repr_html_()


def test_mediators_are_fitted_as_best_fit_does(both):
    for model in ("universal", "b-l", "lmu-ltau"):
        found, known = both.fit(model, ["mass", "coupling"]), both.best_fit(model)
        assert found.chi2 == pytest.approx(known.chi2, abs=1e-6)
        assert found.values["coupling"] == pytest.approx(known.coupling, rel=1e-3)
        assert (found.at_edge.get("mass") == "upper") == known.at_edge
    alone = both.fit("b-l", "coupling", mass=50.0)
    assert alone.chi2 == pytest.approx(both.best_fit("b-l", mass=50.0).chi2, abs=1e-9)


def test_flat_directions_are_said(both):
    silent = DIAGONAL + nsi("u_tautau")
    found = both.fit(silent, ["eps_u_ee", "eps_u_tautau"])
    assert {"eps_u_tautau": 1.0} in found.flat
    assert found.remarks[0] == "chi2 does not depend on eps_u_tautau: any value fits as well"
    np.testing.assert_array_equal(found.intervals["eps_u_tautau"], [[-np.inf, np.inf]])
    assert found.chi2 == pytest.approx(both.fit(silent, ["eps_u_ee"]).chi2, abs=1e-9)
    # without a coupling a mass means nothing
    light = both.fit("universal", ["mass", "coupling"], bounds={"coupling": (0.0, 1e-7), "mass": (1.0, 10.0)})
    assert any("chi2 does not change along mass" in r or "mass is at the" in r for r in light.remarks)


def test_covariances_are_those_of_a_parabola(both):
    """With Asimov counts and small uncertainties chi2 is one, and intervals are standard deviations."""
    sharp = sum(
        e.replace(observed=e.predict("sm").total, uncertainty=0.02 * np.array(e.uncertainty), quenching_sigma=0)
        for e in both.experiments
    ).with_priors(rn_ar=(3.5, 1e-3))
    found = sharp.fit("sm", ["sin2_theta_w", "rn_ar"])
    for name, sigma in found.errors.items():
        ((low, high),) = found.intervals[name]
        assert (high - low) / 2 == pytest.approx(sigma, rel=2e-2)
    assert found.covariance[0, 1] == pytest.approx(found.covariance[1, 0], rel=1e-9)
    assert found.errors["rn_ar"] == pytest.approx(1e-3, rel=1e-2)


def test_edges_are_said(argon):
    found = argon.fit("sm", "rn_ar", bounds={"rn_ar": (3.0, 6.0)})
    assert found.at_edge == {"rn_ar": "lower"}
    assert found.values["rn_ar"] == 3.0
    assert found.remarks == ("rn_ar is at the lower end of its range, 3 fm: chi2 may fall further beyond",)
    assert found.intervals["rn_ar"][0, 0] == -np.inf
    assert np.isnan(found.covariance).all()
    assert "at an edge" in repr(found)


# --- profiles and intervals


@pytest.mark.parametrize("case", CASES)
def test_profiles_are_the_least_of_a_grid(both, case):
    interaction, (name, other), fixed, span = CASES[case]
    found = both.fit(interaction, [name, other], **fixed)
    best = found.values[name]
    width = 0.3 * span if span else 3e-5
    p = next(p for p in both.parameters(interaction) if p.name == name)
    values = np.linspace(max(best - width, p.low), min(best + width, p.high), 13)
    curve = both.profile(interaction, name, values, profiled=other, **fixed)
    q = next(q for q in both.parameters(interaction) if q.name == other)
    grid = np.linspace(max(q.low, -20.0), min(q.high, 20.0), 8001)
    brute = both.chi2(interaction, **{name: values[:, None], other: grid}, **fixed)
    assert (curve.chi2 <= brute.min(axis=1) + 1e-9).all()
    assert (curve.chi2 >= found.chi2 - 1e-9).all()
    at = both.chi2(interaction, **{name: values, other: curve.profiled[other]}, **fixed)
    np.testing.assert_allclose(at, curve.chi2, atol=1e-9)
    # where the grid has the minimum, to its step
    assert np.abs(curve.chi2 - brute.min(axis=1)).max() < 0.3


@pytest.mark.parametrize("cl", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("case", CASES)
def test_intervals_end_on_the_level_and_miss_nothing(both, case, cl):
    interaction, (name, other), fixed, span = CASES[case]
    found = both.interval(interaction, name, cl=cl, profiled=other, **fixed)
    level = found.chi2_min + found.delta_chi2
    ends = found.allowed[np.isfinite(found.allowed)]
    ends = np.unique(ends[ends != 0])
    if ends.size:
        curve = both.profile(interaction, name, ends, profiled=other, **fixed)
        np.testing.assert_allclose(curve.chi2, level, atol=1e-6)
    p = next(p for p in both.parameters(interaction) if p.name == name)
    size = span or 3e-4
    values = np.linspace(max(p.low, -size), min(p.high, size), 41)
    dense = both.profile(interaction, name, values, profiled=other, **fixed)
    inside = np.array([found.allows(value) for value in values])
    clear = np.abs(dense.chi2 - level) > 1e-6
    np.testing.assert_array_equal(inside[clear], (dense.chi2 < level)[clear])


@pytest.mark.parametrize("name", ["csi", "argon", "both"])
def test_intervals_of_one_coupling_are_what_a_limit_leaves(request, name):
    data = request.getfixturevalue(name)
    for interaction, values in (
        (nsi("u_ee"), {}),
        (nsi("d_emu"), {}),
        ("universal", {"mass": 200.0}),
        ("b-l", {"mass": 10.0}),
    ):
        model = get_interaction(interaction)
        coupling_name = next(p.name for p in model.parameters if p.name != "mass")
        for cl in (0.68, 0.95):
            found = data.interval(model, coupling_name, cl=cl, **values)
            fit = data.best_fit(model, **values)
            assert found.chi2_min == pytest.approx(fit.chi2, abs=1e-9)
            curve = data.limit(model, *values.values(), cl=cl, dof=1, reference=fit)
            ends = np.sort(curve.excluded[0][(np.abs(curve.excluded[0]) < 2) & (curve.excluded[0] != 0)])
            ours = np.sort(found.allowed[np.isfinite(found.allowed) & (found.allowed != 0)])
            np.testing.assert_allclose(ours, ends, rtol=1e-7)


def test_narrow_strips_are_followed(csi):
    """As in `test_inference.py`: an interaction that is the standard model's mirror image at one coupling alone."""
    counts = csi.predict("sm").signal
    for uncertainty in (1.0, 1e-2, 1e-3):
        sharp = csi.replace(
            observed=counts, uncertainty=uncertainty * np.sqrt(counts), signal_sigma=0.01 * uncertainty, backgrounds=()
        )
        mirror = contact("mirror", proton={"e": -0.0401, "mu": -0.0318}, neutron={"e": 0.5094, "mu": 0.5094})
        found = sharp.interval(mirror, "coupling")
        (first, second), (third, fourth) = found.allowed
        assert first < 0 < second < third < 2 < fourth
        assert fourth - third < 0.6 * uncertainty


def test_references_move_the_level(both):
    usual = both.interval(DIAGONAL, "eps_u_ee")
    standard = both.interval(DIAGONAL, "eps_u_ee", reference=both.chi2("sm"))
    assert standard.chi2_min == both.chi2("sm") > usual.chi2_min
    assert np.ptp(standard.allowed, axis=1).sum() > np.ptp(usual.allowed, axis=1).sum()
    fit = both.fit(DIAGONAL, "eps_u_ee")
    assert both.interval(DIAGONAL, "eps_u_ee", reference=fit).chi2_min == fit.chi2
    nothing = both.interval(DIAGONAL, "eps_u_ee", reference=1.0)
    assert nothing.allowed.shape == (0, 2)
    assert list(nothing.table()) == [(None, None)]
    assert "nothing of eps_u_ee is allowed" in nothing.remarks[-1]


# --- contours


@pytest.mark.parametrize("case", ["two flavours", "angle and coupling", "flavour change"])
def test_contours_lie_on_the_level_and_enclose_what_is_below(both, case):
    interaction, (x, y), fixed, span = CASES[case]
    found = both.contour(interaction, x=x, y=y, cl=(0.5, 0.95), **fixed)
    p, q = (next(p for p in both.parameters(interaction) if p.name == name) for name in (x, y))
    grid = np.meshgrid(
        np.linspace(max(p.low, -span), min(p.high, span), 61), np.linspace(max(q.low, -span), min(q.high, span), 53)
    )
    chi2 = both.chi2(interaction, **{x: grid[0], y: grid[1]}, **fixed)
    for cl, level, curves in zip(found.cl, found.delta_chi2, found.curves, strict=True):
        assert level == pytest.approx(delta_chi2(cl, 2))
        winding = np.zeros(chi2.shape, dtype=int)
        for curve in curves:
            np.testing.assert_array_equal(curve[0], curve[-1])
            at = both.chi2(interaction, **{x: curve[:, 0], y: curve[:, 1]}, **fixed) - found.chi2_min
            edge = np.isin(curve, [p.low, p.high, q.low, q.high]).any(axis=1)
            np.testing.assert_allclose(at[~edge], level, atol=1e-6)
            assert (at[edge] <= level + 1e-6).all()
            winding += windings(curve, *grid)
        # edges cut corners by little
        clear = np.abs(chi2 - found.chi2_min - level) > 0.01 * level
        clear &= ~np.isin(grid[0], [p.low, p.high]) & ~np.isin(grid[1], [q.low, q.high])
        np.testing.assert_array_equal(winding[clear], (chi2 - found.chi2_min < level)[clear])
        assert set(np.unique(winding)) <= {0, 1}


def test_islands_and_holes(both):
    found = both.contour(DIAGONAL, x="eps_u_ee", y="eps_u_mumu")
    areas = [0.5 * np.sum(c[:-1, 0] * c[1:, 1] - c[1:, 0] * c[:-1, 1]) for c in found.curves[0]]
    # a ring: one curve around it, one around its hole
    assert sorted(area > 0 for area in areas) == [False, True]
    assert not found.allows(0.19, 0.19)
    assert found.allows(0.0, 0.0) == (both.chi2(DIAGONAL, eps_u_ee=0, eps_u_mumu=0) < found.chi2_min + 4.605)
    universal = both.contour("universal", x="mass", y="coupling")
    assert len(universal.curves[0]) == 2  # with the strip above 100 MeV
    masses, couplings = np.array([1.0, 200.0, 200.0, 200.0]), np.array([1e-5, 3.7e-4, 2e-4, 1e-3])
    limit = both.limit("universal", masses)
    expected = [not limit.excludes(m, g) for m, g in zip(masses, couplings, strict=True)]
    assert universal.allows(masses, couplings).tolist() == expected


def test_tips_of_a_narrow_valley_are_no_islands(both):
    found = both.contour("nsi", x="eps_u_ee", y="eps_d_ee", cl=0.90)
    assert len(found.curves[0]) == 2
    values = np.linspace(-21.0, 21.0, 85)
    curve = both.profile("nsi", "eps_u_ee", values, profiled="eps_d_ee")
    below = curve.chi2 <= found.chi2_min + found.delta_chi2[0]
    np.testing.assert_array_equal(found.allows(values, curve.profiled["eps_d_ee"]), below)


def test_parts_that_may_be_missing_are_said(both, monkeypatch):
    from cevns.inference import tracing

    follow = tracing.follow
    monkeypatch.setattr(tracing, "follow", lambda field, seeds: follow(field, seeds)[:1])
    monkeypatch.setattr(tracing, "ROUNDS", 1)
    found = both.contour("nsi", x="eps_u_ee", y="eps_d_ee", cl=0.90)
    assert any("may have more parts, or holes" in text for text in found.remarks)


def test_contours_with_others_profiled(both):
    priors = {"sin2_theta_w": (0.2386, 0.01)}
    names = {"x": "eps_u_ee", "y": "eps_u_mumu"}
    found = both.contour(DIAGONAL, **names, profiled="sin2_theta_w", priors=priors)
    level = found.chi2_min + found.delta_chi2[0]
    constrained = both.with_priors(**priors)
    for curve in found.curves[0]:
        for x, y in curve[::13]:
            point = constrained.fit(DIAGONAL, "sin2_theta_w", eps_u_ee=x, eps_u_mumu=y)
            assert point.chi2 == pytest.approx(level, abs=1e-6)
    assert found.chi2_min == pytest.approx(constrained.fit(DIAGONAL, [*names.values(), "sin2_theta_w"]).chi2, abs=1e-8)


def test_changes_of_flavour_are_profiled(both):
    """Two that share a rate, so that chi2 is the same along an ellipse."""
    names, radii = ("r2_emu", "r2_mutau"), np.linspace(-80.0, 30.0, 12)
    curve = both.profile("charge-radius", "r2_mumu", radii, profiled=names)
    grid = np.linspace(0.0, 60.0, 61)
    brute = both.chi2("charge-radius", r2_mumu=radii[:, None, None], r2_emu=grid[:, None], r2_mutau=grid)
    brute = brute.min(axis=(1, 2))
    assert (curve.chi2 <= brute + 1e-9).all()
    assert np.abs(curve.chi2 - brute).max() < 0.02
    at = both.chi2("charge-radius", r2_mumu=radii, **{name: curve.profiled[name] for name in names})
    np.testing.assert_allclose(at, curve.chi2, atol=1e-9)
    found = both.interval("charge-radius", "r2_mumu", profiled=names)
    ends = both.profile("charge-radius", "r2_mumu", np.ravel(found.allowed), profiled=names)
    np.testing.assert_allclose(ends.chi2, found.chi2_min + found.delta_chi2, atol=1e-6)


def test_both_changes_of_flavour_are_tried_everywhere(both):
    """Valleys along either of them begin at its zero, where a descent from the other one starts."""
    found = both.contour("millicharge", x="q_ee", y="q_mumu", profiled=["q_emu", "q_etau"], cl=0.68)
    # a vertex misses the level where the profile jumps
    assert [remark for remark in found.remarks if "electrons" not in remark] == []
    for x, y in found.curves[0][0][::31]:
        grid = np.concatenate([[0.0], np.geomspace(1e-9, 3e-7, 100)])
        brute = both.chi2("millicharge", q_ee=x, q_mumu=y, q_emu=grid[:, None], q_etau=grid, q_mutau=0.0, q_tautau=0.0)
        # the grid's least value, less than its step above the level
        assert -1e-6 <= brute.min() - (found.chi2_min + found.delta_chi2[0]) < 0.05


def test_signs_that_chi2_does_not_know(both):
    def even(interaction, names, **options):
        objective = Objective(both, interaction, names, {}, **options)
        return {objective.names[i] for i in objective.even}

    one, two = nsi("u_ee", "u_emu"), nsi("u_ee", "u_emu", "d_emu")
    assert even(one, one.own_names) == {"eps_u_emu"}
    # one of them alone changes how they add
    assert even(two, two.own_names) == set()
    assert even(one, one.own_names, priors={"eps_u_emu": (0.1, 0.1)}) == set()
    assert even(one, one.own_names, bounds={"eps_u_emu": (-1.0, 2.0)}) == set()


def test_regions_that_leave_the_range_are_closed_along_it(both):
    bounds = {"eps_u_ee": (-0.1, 0.5), "eps_u_mumu": (-1.0, 1.0)}
    found = both.contour(DIAGONAL, x="eps_u_ee", y="eps_u_mumu", bounds=bounds)
    every = np.concatenate(found.curves[0])
    assert (every[:, 0].min(), every[:, 0].max()) == (-0.1, 0.5)
    assert any("the region goes on beyond eps_u_ee = 0.5" in remark for remark in found.remarks)
    wide = contact("wide", proton={}, neutron={"e": 1e-12, "mu": 1e-12})
    with pytest.raises(InputError, match=r"the region goes on in coupling without an end: give bounds="):
        both.contour(wide, x="coupling", y="sin2_theta_w")
