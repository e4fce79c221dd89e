"""Searches for minima end at the least one: in long valleys, with more parameters free, and beside another method."""

import numpy as np
import pytest
from scipy import optimize

import cevns
from cevns.detectors import PolynomialQuenching, Response
from cevns.fluxes import pion_decay_at_rest
from cevns.inference import contours, estimates, intervals
from cevns.inference.minima import extents, find_minima
from cevns.inference.objectives import Objective
from cevns.interactions import get_interaction
from cevns.nuclei import Target

#: What two minima may differ by, relative to 1 + chi2.
SAME = 1e-6
ELECTRON, MUON = ("eps_u_ee", "eps_d_ee"), ("eps_u_mumu", "eps_d_mumu")
RADII = ("rn_csi", "rn_ar", "sin2_theta_w")
POOLS = {
    "nsi": (*ELECTRON, *MUON, "eps_u_emu", "eps_d_emu", "eps_u_etau", *RADII),
    "charge-radius": ("r2_ee", "r2_mumu", "r2_emu", "r2_etau", "r2_mutau", *RADII),
    "magnetic-moment": ("mu_e", "mu_mu", *RADII),
    "b-l": ("mass", "coupling", *RADII),
    "scalar": ("mass", "coupling", *RADII),
    "sm": RADII,
}


@pytest.mark.parametrize(
    ("free", "arguments", "highest"),
    [
        (ELECTRON, {}, 9.17395),
        ((*ELECTRON, "rn_csi"), {}, 9.17022),
        (
            (*ELECTRON, "rn_csi"),
            {"bounds": {"eps_u_ee": (-30.0, 30.0), "eps_d_ee": (-30.0, 30.0), "rn_csi": (3.0, 8.0)}},
            9.17022,
        ),
        ((*ELECTRON, "rn_csi"), {"priors": {"rn_csi": (4.9, 0.2)}}, 9.23131),
        (MUON, {}, 9.80585),
        ((*MUON, "rn_csi"), {}, 9.54024),
        ((*MUON, "rn_csi"), {"priors": {"rn_csi": (4.97, 0.2)}}, 9.62506),
    ],
)
def test_minima_at_the_far_ends_of_a_valley_are_found(both, free, arguments, highest):
    assert find_minima(Objective(both, "nsi", free, {}, **arguments))[0].chi2 <= highest


@pytest.mark.parametrize(
    ("model", "free", "priors", "highest"),
    [
        ("charge-radius", ("sin2_theta_w", "r2_mutau", "rn_ar"), {}, 8.93752),
        ("magnetic-moment", ("rn_ar", "mu_mu", "sin2_theta_w"), {}, 9.65369),
        ("charge-radius", ("r2_ee", "rn_csi", "r2_etau", "rn_ar", "r2_mutau"), {"rn_csi": (4.9, 0.2)}, 8.56438),
    ],
)
def test_deep_hollows_that_are_narrow_are_found(both, model, free, priors, highest):
    # form factors beyond their first zero, where few of the starts are
    assert find_minima(Objective(both, model, free, {}, priors=priors))[0].chi2 <= highest


@pytest.mark.parametrize("room", [estimates, intervals, contours])
def test_what_counts_from_a_minimum_begins_again_at_a_lower_one(both, monkeypatch, room):
    names = ("r2_ee", "r2_mumu")
    least = find_minima(Objective(both, "charge-radius", names, {}))[0].chi2
    monkeypatch.setattr(room, "find_minima", lambda objective: find_minima(objective)[-1:])
    if room is estimates:
        found = both.fit("charge-radius", names)
        assert found.minima[0]["chi2"] == found.chi2
        chi2 = found.chi2
    elif room is intervals:
        chi2 = both.interval("charge-radius", "r2_ee", profiled=["r2_mumu"]).chi2_min
    else:
        chi2 = both.contour("charge-radius", x="r2_ee", y="r2_mumu").chi2_min
    assert chi2 == pytest.approx(least, abs=SAME)


def test_a_lower_chi2_that_is_left_is_said(both, monkeypatch):
    from cevns.inference import lower

    monkeypatch.setattr(lower, "AGAIN", 0)
    monkeypatch.setattr(intervals, "find_minima", lambda objective: find_minima(objective)[-1:])
    found = both.interval("charge-radius", "r2_ee", profiled=["r2_mumu"])
    assert any("chi2 is lower than the minimum" in text for text in found.remarks)


def _case(rng, model, likelihoods, most):
    """Return a likelihood, free parameters, fixed ones and priors that are a fit."""
    k = int(rng.integers(len(likelihoods)))
    likelihood = likelihoods[k]
    known = {p.name for p in likelihood.parameters(model)}
    pool = [name for name in POOLS[model] if name in known]
    free = [str(name) for name in rng.choice(pool, min(int(rng.integers(2, most + 1)), len(pool)), replace=False)]
    fixed = {}
    if model in ("b-l", "scalar"):
        free = ["coupling", *(name for name in free if name != "coupling")]
        fixed = {} if "mass" in free else {"mass": float(rng.choice([1.0, 30.0, 300.0]))}
    priors = {"rn_csi": (4.9, 0.2)} if "rn_csi" in free and rng.random() < 0.4 else {}
    return likelihood, free, fixed, priors


def _check(rng, model, likelihoods, most, starts):
    likelihood, free, fixed, priors = _case(rng, model, likelihoods, most)
    objective = Objective(likelihood, model, free, fixed, priors=priors)
    least = find_minima(objective)[0].chi2
    highest = least - SAME * (1 + least)
    for name in set(objective.given) - {"mass", "coupling"}:
        rest = [other for other in objective.given if other != name]
        values = fixed | ({name: priors[name][0]} if name in priors else {})
        if rest and not {name} >= set(objective.names):
            fewer = find_minima(Objective(likelihood, model, rest, values, priors=priors))[0]
            assert fewer.chi2 >= highest, f"{model} {free} {fixed} {priors}: lower with {name} at its default"
    base = objective.base
    below, above = extents(objective, base[None])
    for _ in range(starts):
        share = rng.uniform(-1, 1, base.size) * rng.choice([0.05, 0.3, 1.0, 3.0])
        start = base + np.where(share > 0, share * above[0], share * below[0])
        units = np.maximum(0.1 * (above[0] + below[0]), 1e-9)
        found = optimize.minimize(
            lambda x, units=units: float(objective.chi2((x * units)[None].clip(objective.low, objective.high))[0]),
            start.clip(objective.low, objective.high) / units,
            method="Nelder-Mead",
            options={"maxiter": 400},
        )
        assert found.fun >= highest, f"{model} {free} {fixed} {priors}: lower at {found.x * units}"


@pytest.mark.parametrize("model", POOLS)
def test_no_further_parameter_and_no_other_method_ends_elsewhere(csi, argon, both, model):
    _check(np.random.default_rng(7), model, (csi, argon, both), most=3, starts=1)


@pytest.mark.long
@pytest.mark.parametrize("model", POOLS)
@pytest.mark.parametrize("seed", range(25))
def test_the_same_of_many_more(csi, argon, both, model, seed):
    _check(np.random.default_rng(seed), model, (csi, argon, both), most=5, starts=40)


def _counted(monkeypatch, fit):
    """Return what a fit gives, and how many points and gradients it asks the kernels for."""
    counted = [0]

    def counting(name, rows):
        whole = getattr(Objective, name)

        def asked(self, *arguments):
            counted[0] += len(arguments[rows])
            return whole(self, *arguments)

        monkeypatch.setattr(Objective, name, asked)

    counting("_points", 1)
    counting("gradients", 0)
    return fit(), counted[0]


@pytest.mark.long
def test_a_valley_that_never_ends_is_no_endless_walk(argon, monkeypatch):
    # two mediators cancel ever better the nearer their masses are, for a chi2 that falls in the seventh digit
    two = get_interaction("universal") + get_interaction("b-l").renamed(mass="m2", coupling="g2")
    found, points = _counted(monkeypatch, lambda: argon.fit(two, ["mass", "coupling", "m2", "g2"]))
    assert found.chi2 == pytest.approx(5.08079, abs=2e-5)
    assert found.intervals["mass"].tolist() == [[-np.inf, np.inf]]
    assert found.intervals["coupling"][0, 0] == pytest.approx(2.49067e-5, rel=1e-5)
    assert points < 5e6


def test_where_a_point_is_a_fold_few_are_asked_for(csi, monkeypatch):
    found, points = _counted(monkeypatch, lambda: csi.fit("scalar", ["mass", "coupling", "rn_csi"]))
    assert found.chi2 == pytest.approx(1.92441235, abs=1e-7)
    assert found.intervals["coupling"] == pytest.approx(np.array([[0.0, 0.0076144142]]), rel=1e-6)
    assert found.intervals["rn_csi"] == pytest.approx(np.array([[4.7762990, np.inf]]), rel=1e-6)
    assert points < 1.5e5


@pytest.mark.parametrize(
    ("name", "model", "free", "allowed"),
    [
        # the bottom of another valley is no place of the profile, which lies below the level there
        ("csi", "charge-radius", ("r2_ee", "r2_mumu", "r2_emu", "sin2_theta_w"), [-143.4013387, 43.5497564]),
        # a branch at a large radius, on which chi2 is 0.017 below the level at 45 MeV and 0.022 above it at 44.5 MeV
        ("argon", "scalar", ("mass", "coupling", "rn_ar"), [44.7811359, np.inf]),
    ],
)
def test_intervals_neither_lack_a_branch_nor_have_a_gap(request, name, model, free, allowed):
    found = request.getfixturevalue(name).fit(model, free)
    assert found.intervals[free[0]] == pytest.approx(np.array([allowed]), rel=1e-6)


def test_branches_are_followed_over_gaps_in_which_chi2_jumps(both):
    found = both.interval("nsi", "eps_d_ee", cl=0.6827, profiled=["eps_u_ee", "rn_csi"])
    assert found.chi2_min == pytest.approx(9.17021, abs=1e-5)
    assert not any("jumps" in text for text in found.remarks)
    # two images in the sign of each nucleus's amplitude, of which one pair has become one
    assert found.allowed == pytest.approx(np.array([[-17.855, -6.624], [-3.421, 4.127], [7.330, 18.561]]), abs=2e-3)


def one_bin(bins=1, rel=0.02, factor=1.0, element="Ar"):
    """Return an experiment that counts recoils in a bin or two, so that valleys of chi2 are flat."""
    zeros, target = np.zeros(bins), Target.of(element, mass=10.0)
    response = Response(quenching=PolynomialQuenching((0.2,)), edges=np.linspace(0.5, 4.0, bins + 1))
    flux = pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e23, distance=25.0)
    made = cevns.Experiment(
        "one bin", flux=flux, target=target, response=response, observed=zeros, uncertainty=zeros + 1, signal_sigma=0.01
    )
    signal = made.predict("sm").signal
    return made.with_data(factor * signal, rel * signal)


def within(*names, span=3.0):
    return dict.fromkeys(names, (-span, span))


@pytest.mark.parametrize(
    ("element", "rel"), [("Si", 0.05), ("Si", 0.02), ("CsI", 0.05), ("CsI", 0.055), ("Ar", 0.02), ("Ar", 0.045)]
)
def test_two_flat_strips_with_a_wall_between_them_are_two_minima(element, rel):
    made, bounds = one_bin(rel=rel, factor=1.5, element=element), within(*ELECTRON)
    found = made.fit("nsi", free=ELECTRON, bounds=bounds)
    assert len(found.degenerate) == 1
    curves = made.contour("nsi", x="eps_u_ee", y="eps_d_ee", cl=0.3, bounds=bounds)
    assert len(curves.curves[0]) == 2
    values = np.linspace(-3, 3, 20001)
    below = made.chi2("nsi", eps_u_ee=0.5, eps_d_ee=values) <= curves.chi2_min + curves.delta_chi2[0]
    assert np.count_nonzero(below != curves.allows(0.5, values)) <= 4


@pytest.mark.parametrize(("factor", "names"), [(1.0, ("eps_u_ee", "eps_u_mumu")), (1.5, ("eps_u_emu", "eps_u_etau"))])
def test_a_flat_valley_that_bends_is_one_minimum(factor, names):
    # a ring, which no straight way follows
    found = one_bin(factor=factor).fit("nsi", free=names, bounds=within(*names))
    assert not found.degenerate


@pytest.mark.parametrize("rounding", [0.0, 1e-14, -1e-14])
def test_an_ellipse_that_is_not_level_has_four_minima_and_nothing_flat(rounding, csi, argon):
    both = csi.with_data(np.array(csi.observed) * (1 + rounding * np.arange(12))) + argon
    found = both.fit("charge-radius", free=["r2_emu", "r2_etau"])
    signs = {(m["values"]["r2_emu"] > 0, m["values"]["r2_etau"] > 0) for m in found.minima}
    assert len(found.minima) == len(signs) == 4
    assert found.flat == ()
    # along the ellipse chi2 does rise, a little
    y = np.linspace(0.0, 40.0, 4001)
    along = [both.chi2("charge-radius", r2_emu=x, r2_etau=y).min() - found.chi2 for x in (0.0, 10.0)]
    assert along == pytest.approx([2.08e-4, 1.62e-3], rel=0.02)


def test_a_flat_region_with_another_parameter_profiled_has_its_curve():
    bounds = within("eps_u_ee", "eps_u_mumu") | within("eps_d_ee", span=1.0)
    made = one_bin(rel=0.05)
    found = made.contour("nsi", x="eps_u_mumu", y="eps_u_ee", profiled="eps_d_ee", bounds=bounds)
    assert found.allows(found.values["eps_u_mumu"], found.values["eps_u_ee"])
    grid = np.meshgrid(np.linspace(-2.9, 2.9, 23), np.linspace(-2.9, 2.9, 23), np.linspace(-1, 1, 201), indexing="ij")
    x, y, z = grid
    chi2 = made.chi2("nsi", eps_u_mumu=x, eps_u_ee=y, eps_d_ee=z).min(axis=-1)
    below = chi2 <= found.chi2_min + 0.98 * found.delta_chi2[0]
    assert found.allows(x[..., 0], y[..., 0])[below].all()
