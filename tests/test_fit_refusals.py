"""Fits, profiles and contours: what is refused, and their files."""

import json

import numpy as np
import pytest
from test_fits import DIAGONAL

from cevns import fluxes
from cevns.errors import CevnsError, DataError, InputError, UnknownNameError
from cevns.inference import Contour, Estimate, Fit, Interval, Profile, Result
from cevns.inference.objectives import Objective
from cevns.interactions import (
    VectorMediator,
    get_interaction,
    known_interactions,
)
from cevns.parameters import coupling

# --- refusals


REFUSED = {
    "no parameter": (lambda d: d.fit("sm", []), InputError, "no parameter is free: name at least one of sin2_theta_w"),
    "unknown": (lambda d: d.fit("sm", ["rn_xe"]), UnknownNameError, "unknown parameter 'rn_xe'"),
    "unknown fixed": (lambda d: d.fit("sm", "rn_ar", rn_xe=5.0), UnknownNameError, "unknown parameter 'rn_xe'"),
    "no mass": (
        lambda d: d.fit("b-l", "coupling"),
        InputError,
        "mass is neither free nor has it a value: .* give its value in MeV",
    ),
    "free and fixed": (
        lambda d: d.fit("sm", "rn_ar", rn_ar=3.0),
        InputError,
        "rn_ar cannot be free and have the value",
    ),
    "twice": (lambda d: d.interval("sm", "rn_ar", profiled="rn_ar"), InputError, "rn_ar is named twice"),
    "x is y": (lambda d: d.contour("sm", x="rn_ar", y="rn_ar"), InputError, "x and y are both rn_ar"),
    "one parameter": (lambda d: d.contour("sm", x="rn_ar", y=None), InputError, "y must be a string"),
    "out of range": (lambda d: d.fit("sm", "rn_ar", sin2_theta_w=2.0), InputError, "sin2_theta_w = 2.* at most 1"),
    "bounds of another": (
        lambda d: d.fit("sm", "rn_ar", bounds={"sin2_theta_w": (0.2, 0.3)}),
        UnknownNameError,
        "unknown free parameter in bounds 'sin2_theta_w'",
    ),
    "bounds out of range": (lambda d: d.fit("sm", "rn_ar", bounds={"rn_ar": (1.0, 9.0)}), InputError, "rn_ar = 1"),
    "bounds that fall": (lambda d: d.fit("sm", "rn_ar", bounds={"rn_ar": (5.0, 4.0)}), InputError, "bounds of rn_ar"),
    "bounds of no kind": (lambda d: d.fit("sm", "rn_ar", bounds=[1, 2]), InputError, "bounds must be a mapping"),
    "contradiction": (
        lambda d: d.fit("sm", ["rn_csi", "rn_cs"]),
        InputError,
        "sets the radius of Cs-133, which another",
    ),
    "contradictory values": (
        lambda d: d.fit("sm", "sin2_theta_w", rn_csi=5.0, rn_cs=4.9),
        InputError,
        "sets the radius of Cs-133, which another",
    ),
    "level": (lambda d: d.interval("sm", "rn_ar", cl=1.5), InputError, "confidence level"),
    "values fall": (lambda d: d.profile("sm", "rn_ar", [4.0, 3.0]), InputError, "rn_ar must ascend|rn_ar"),
    "values out of range": (lambda d: d.profile("sm", "rn_ar", [0.5, 3.0]), InputError, "rn_ar"),
    "masses out of what is searched": (
        lambda d: d.profile("b-l", "mass", [1e-3, 1.0], profiled="coupling"),
        InputError,
        r"lies outside of what is searched.*bounds=\{'mass'",
    ),
    "reference": (lambda d: d.interval("sm", "rn_ar", reference="sm"), InputError, "reference must be a chi2 or a fit"),
    "no likelihood": (lambda d: Objective(3, "sm", ["rn_ar"], {}), InputError, "likelihood must be a Likelihood"),
    "prior without a parameter": (
        lambda d: d.fit("sm", "rn_ar", priors={"rn_csi": (5.0, 0.1)}),
        InputError,
        "rn_csi has the prior",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(both, case):
    call, error, words = REFUSED[case]
    with pytest.raises(error, match=words):
        call(both)


def test_what_has_no_effect_is_refused(both, argon):
    """Charges of tau neutrinos alone, where the beam has none."""
    tau = VectorMediator("b-3ltau", quarks=(1 / 3, 1 / 3), leptons={"tau": -3})
    words = "does not depend on .*coupling.* of 'b-3ltau': the data say nothing about it"
    for call in (
        lambda: both.fit(tau, ["mass", "coupling"]),
        lambda: both.interval(tau, "coupling", mass=10.0),
        lambda: both.interval(tau, "coupling", mass=10.0, profiled="sin2_theta_w"),
        lambda: both.profile(tau, "coupling", [1e-5, 1e-4], mass=10.0),
        lambda: both.contour(tau, x="coupling", y="sin2_theta_w", mass=10.0),
    ):
        with pytest.raises(InputError, match=words):
            call()
    # neutrinos of a source that has them are another matter
    source = argon.replace(flux=fluxes.monochromatic(29.8, fluence=2e12, flavour="tau"), backgrounds=())
    assert source.fit(tau, "coupling", mass=10.0).chi2 >= 0


@pytest.mark.parametrize("name", sorted(set(known_interactions()) - {"sm", "b-3ltau"}))
def test_every_interaction_can_be_fitted(argon, name):
    """In each coupling by itself, at one mass: against the line, or said to be without effect."""
    interaction = get_interaction(name)
    masses = {p.name: 20.0 for p in interaction.parameters if p.name in argon.mediators(interaction)}
    others = {p.name: p.origin if p.default is None else p.default for p in interaction.parameters}
    found = 0
    for p in interaction.parameters:
        if p.name in masses:
            continue
        fixed = {n: v for n, v in others.items() if n != p.name} | masses
        try:
            fit = argon.fit(interaction, p.name, **fixed)
        except InputError as error:
            assert f"does not depend on {p.name}" in str(error)  # noqa: PT017
            assert argon.chi2(interaction, **fixed, **{p.name: p.low}) == pytest.approx(
                argon.chi2(interaction, **fixed, **{p.name: p.high}), rel=1e-12
            )
            continue
        found += 1
        line = argon.best_fit(interaction, **fixed)
        assert fit.chi2 == pytest.approx(line.chi2, abs=1e-8)
        if found == 3:
            # the others are like these
            break
    assert found


# --- files


@pytest.fixture(scope="module")
def saved(argon, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    found = {
        "estimate": argon.fit("sm", ["rn_ar", "sin2_theta_w"]),
        "interval": argon.interval("sm", "rn_ar", profiled="sin2_theta_w"),
        "contour": argon.contour("sm", x="rn_ar", y="sin2_theta_w", bounds={"rn_ar": (2.0, 5.0)}),
    }
    for name, result in found.items():
        result.save(folder / f"{name}.json")
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in found}


WRONG = {
    "values of others": ("estimate", {"values": {"rn_ar": 3.0}}, "its values are of rn_ar, not of"),
    "no minimum": ("estimate", {"minima": []}, "its first minimum is not that of its values"),
    "minima of no kind": ("estimate", {"minima": [3]}, "a minimum is no JSON object"),
    "another minimum": ("estimate", {"chi2": 1.0}, "its first minimum is not that of its values"),
    "covariance": ("estimate", {"covariance": [[1.0]]}, "its covariance has the shape"),
    "ragged covariance": ("estimate", {"covariance": [[1.0], [1.0, 2.0]]}, "its covariance is no array of numbers"),
    "no intervals": ("estimate", {"intervals": {}}, "not one list of intervals"),
    "edges": ("estimate", {"at_edge": {"mass": "lower"}}, "does not name ends of parameters"),
    "flat": ("estimate", {"flat": [3]}, "a flat direction is no JSON object"),
    "parameters": ("interval", {"parameters": []}, "no coupling|parameters"),
    "descending": ("interval", {"allowed": [[3.0, 2.0]]}, "do not ascend"),
    "overlapping": ("interval", {"allowed": [[1.0, 3.0], [2.0, 4.0]]}, "do not ascend"),
    "no pairs": ("interval", {"allowed": [1.0, 2.0]}, "are no pairs"),
    "best fit": ("interval", {"best_fit": 3.3}, "its best_fit 3.3 is not the value of rn_ar"),
    "level": ("interval", {"delta_chi2": 1.0}, "is not that of cl"),
    "points": ("interval", {"points": [2.0, 1.0], "chi2": [1.0, 2.0]}, "its points do not ascend"),
    "profiled": ("interval", {"profiled": ["rn_ar", "rn_ar"]}, "more than once"),
    "open curve": ("contour", {"curves": [[[[0, 0], [1, 0], [1, 1], [0, 1]]]]}, "a curve is not closed"),
    "no pairs in a curve": ("contour", {"curves": [[[[0], [1], [1], [0]]]]}, "no list of pairs"),
    "no levels": ("contour", {"cl": [], "delta_chi2": []}, "do not ascend"),
    "levels of others": ("contour", {"delta_chi2": [1.0]}, "is not that of cl"),
    "curves of no level": ("contour", {"curves": []}, "not one list of curves for each level"),
    "one parameter": ("contour", {"values": {"rn_ar": 3.0}}, "its values are of rn_ar, not of"),
    "an asymmetric covariance": ("estimate", {"covariance": [[1.0, 0.5], [0.1, 1.0]]}, "is not symmetric"),
    "a negative variance": ("estimate", {"covariance": [[1.0, 0.0], [0.0, -1.0]]}, "a variance below 0"),
    "allowed out of range": ("interval", {"allowed": [[-7.5, 4.0]]}, "a rn_ar is -7.5, outside its range"),
    "nothing allowed": ("interval", {"allowed": []}, "its allowed are not where its chi2 is at most"),
    "everything allowed": ("interval", {"allowed": [[None, None]]}, "its allowed are not where its chi2 is at most"),
    "another chi2_min": ("interval", {"chi2_min": 1e3}, "its allowed are not where its chi2 is at most"),
    "chi2_min below 0": ("contour", {"chi2_min": -1.0}, "its chi2_min is negative"),
    "a vertex out of range": (
        "contour",
        {"curves": [[[[3.0, 0.2], [3.0, 0.3], [-4.0, 0.3], [3.0, 0.2]]]]},
        "a rn_ar is -4, outside its range",
    ),
    "remarks": ("estimate", {"remarks": 3}, "its remarks are no list"),
    "fixed": ("estimate", {"fixed": [1]}, "its fixed parameters are no JSON object"),
    "kind": ("estimate", {"kind": "profile"}, r"of which cevns writes no \.json files"),
}


@pytest.mark.parametrize("case", WRONG)
def test_files_that_contradict_themselves_are_refused(saved, tmp_path, case):
    name, changes, words = WRONG[case]
    (tmp_path / "file.json").write_text(json.dumps(saved[name] | changes))
    with pytest.raises(DataError, match=words):
        Result.load(tmp_path / "file.json")


def test_profiles_whose_files_contradict_themselves_are_refused(argon, tmp_path):
    path = tmp_path / "profile.csv"
    argon.profile("sm", "rn_ar", [3.0, 4.0], profiled="sin2_theta_w").save(path)
    first, head, *rows = path.read_text().splitlines()
    for lines, words in (
        ([head.replace("chi2", "chi"), *rows], "its columns are"),
        ([head], "it has no rows"),
        ([head, rows[0]], None),
        ([head, rows[1], rows[0]], "rn_ar does not ascend"),
        ([head, rows[0] + ",1"], "cells"),
        ([head, rows[0].replace(rows[0].split(",")[1], "nan")], "nan|finite"),
    ):
        path.write_text("\n".join([first, *lines]) + "\n")
        if words is None:
            assert Profile.load(path).values.tolist() == [3.0]
        else:
            with pytest.raises(DataError, match=words):
                Profile.load(path)


def test_other_kinds_are_told_apart(argon, tmp_path):
    argon.fit("sm", "rn_ar").save(tmp_path / "file.json")
    assert isinstance(Result.load(tmp_path / "file.json"), Estimate)
    for kind in (Fit, Interval, Contour):
        with pytest.raises(DataError, match=r"but a estimate|but an estimate|estimate"):
            kind.load(tmp_path / "file.json")
    with pytest.raises(CevnsError, match=r"must end in \.json"):
        argon.fit("sm", "rn_ar").save(tmp_path / "fit.csv")


def test_ranges_of_an_interaction_are_kept(both):
    """A coupling whose range ends is not beyond it at any mass."""
    model = get_interaction("b-l")
    narrow = model.replace(parameters=(model.parameters[0], coupling(high=2e-5)))
    found = both.fit(narrow, ["mass", "coupling"])
    assert found.values["coupling"] <= 2e-5
    grid = both.chi2(model, np.geomspace(0.1, 1e4, 200)[:, None], np.linspace(0, 2e-5, 200))
    assert found.chi2 <= grid.min() + 1e-9


@pytest.mark.parametrize("bounds", [None, {"mu_e": (0.0, 1e-7)}], ids=str)
def test_a_bound_at_the_end_of_a_parameter_is_that_end(argon, bounds):
    fixed = {"mu_mu": 0.0, "mu_tau": 0.0}
    found = argon.interval("magnetic-moment", "mu_e", bounds=bounds, **fixed)
    assert found.allowed[0, 0] == 0.0
    assert found.remarks == ()
    fit = argon.fit("magnetic-moment", "mu_e", bounds=bounds, **fixed)
    assert fit.intervals["mu_e"][0, 0] == 0.0
    assert (fit.at_edge, fit.remarks) == ({}, ())


def test_a_bound_inside_of_a_parameters_range_is_no_end_of_it(argon):
    fixed = {"mu_mu": 0.0, "mu_tau": 0.0}
    found = argon.interval("magnetic-moment", "mu_e", bounds={"mu_e": (1e-9, 1e-7)}, **fixed)
    assert found.allowed[0, 0] == -np.inf
    assert any("allowed up to the lower end of its range, 1e-09" in remark for remark in found.remarks)
    # 0 lies inside of the range of a coupling of both signs
    found = argon.interval(DIAGONAL, "eps_u_ee", bounds={"eps_u_ee": (0.0, 2.0)})
    assert found.allowed[0, 0] == -np.inf
    both = dict.fromkeys(("mu_e", "mu_mu"), (0.0, 1e-7))
    moments = argon.contour("magnetic-moment", "mu_e", "mu_mu", bounds=both, mu_tau=0.0)
    assert moments.remarks == ()


def test_bounds_that_are_too_narrow_are_not_the_datas_fault(argon):
    narrow = {"rn_ar": (3.0, 3.0 + 1e-12)}
    words = r"bounds of rn_ar, from 3\.0 to 3\.000000000001, are too narrow: .* give wider ones, or fix it, rn_ar=3"
    for call in (
        lambda: argon.fit("sm", "rn_ar", bounds=narrow),
        lambda: argon.interval("sm", "rn_ar", bounds=narrow),
        lambda: argon.interval("sm", "rn_ar", bounds=narrow, profiled="sin2_theta_w"),
        lambda: argon.profile("sm", "rn_ar", [3.0], bounds=narrow),
        lambda: argon.contour("sm", "sin2_theta_w", "rn_ar", bounds=narrow),
        lambda: argon.posterior("sm", "rn_ar", bounds=narrow),
    ):
        with pytest.raises(InputError, match=words):
            call()
    beside = argon.fit("sm", ["rn_ar", "sin2_theta_w"], bounds=narrow)
    assert "chi2 does not depend on rn_ar within its bounds: any value there fits as well" in beside.remarks
    # what has no effect has none in narrow bounds either
    with pytest.raises(InputError, match=r"does not depend on mu_tau .* the data say nothing about it"):
        argon.fit("magnetic-moment", "mu_tau", bounds={"mu_tau": (0.0, 1e-30)})


def test_intervals_that_leave_out_the_best_value_are_refused(saved, tmp_path):
    for intervals, words in (
        ([[8.9, 9.0]], "do not hold the best value"),
        ([], "do not hold the best value"),
        ([[-5.0, 100.0]], "outside its range"),
    ):
        changed = saved["estimate"]["intervals"] | {"rn_ar": intervals}
        (tmp_path / "file.json").write_text(json.dumps(saved["estimate"] | {"intervals": changed}))
        with pytest.raises(DataError, match=words):
            Result.load(tmp_path / "file.json")
