"""Pulls show themselves: of what, how far, and how wide they are."""

import math

import pytest

import cevns


def test_pulls_print_names_shifts_and_widths(both):
    known = both.with_priors(rn_ar=(3.4, 0.2))
    pulls = known.pulls("sm", rn_ar=3.5)
    rows = {(of, name): (shift, width) for of, name, shift, width in pulls.table()}
    for experiment in both.experiments:
        own = pulls.experiments[experiment.name]["pulls"]
        assert {name: rows[experiment.name, name][0] for name in own} == own
        assert rows[experiment.name, "signal"][1] == experiment.signal_sigma
        for background in experiment.backgrounds:
            assert rows[experiment.name, background.name][1] == background.sigma
    assert rows["coherent-csi-2017", "quenching"][1] == both.experiments[0].quenching_sigma
    assert rows["priors", "rn_ar"] == (pytest.approx(0.5), 1.0)
    assert len(rows) == len(pulls.table())
    lines = str(pulls).splitlines()
    assert lines[0].startswith("coherent-csi-2017 + coherent-argon-2020, chi2 ")
    assert lines[1].split() == ["of", "pull", "shift", "width"]
    assert len(lines) == 2 + len(rows)
    assert repr(pulls).startswith("<Pulls: ")


def test_pulls_of_poisson_data_have_widths():
    timed = cevns.load("coherent-csi-2021", systematics="core")
    pulls = timed.pulls("sm")
    widths = dict(zip(pulls.table()["pull"], pulls.table()["width"], strict=True))
    for pull in timed.statistic.pulls:
        assert widths[pull.name] == pull.unit * pull.sigma
        assert widths[pull.name] > 0
        assert math.isfinite(pulls.table()["shift"][0])


def test_a_best_fit_has_values_by_name(argon):
    fit = argon.best_fit("b-l")
    assert fit.values == {"mass": fit.mass, "coupling": fit.coupling}
    assert (
        list(argon.best_fit("b-l", mass=10.0).values.values())
        == list(next(iter(argon.best_fit("b-l", mass=10.0).table())))[:2]
    )
    assert list(argon.best_fit("charge-radius", parameter="r2_ee").values) == ["r2_ee"]
    # a number that stands for a fit has none
    assert argon.limit("b-l", mass=[10.0], reference=8.0).best_fit.values == {}
