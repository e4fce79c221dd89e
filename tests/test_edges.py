"""Best fits at an end of what is searched: every result and every command says at which."""

import re

import pytest

from cevns.cli import main
from cevns.config import load_config
from cevns.inference import Result

CONFIG = """
schema = 1
[[experiment]]
name = "x"
signal_sigma = 0.01
quenching_sigma = {sigma}
[experiment.flux]
kind = "pion-decay-at-rest"
neutrinos_per_proton = 0.08
protons = 1e23
distance_m = 20.0
[experiment.target]
composition = "Ar"
mass_kg = 10.0
[experiment.response]
edges = [5, 10, 20, 30, 40]
[experiment.response.quenching]
kind = "constant"
factor = 0.25
[experiment.data]
observed = {observed}
uncertainty = [1, 1, 1, 1]
"""
HIGH = CONFIG.format(sigma=0.05, observed=[10, 20, 30, 40])
#: Of 0.3 the range ends at 0.25, which is not five standard deviations away.
LOW = CONFIG.format(sigma=0.3, observed=[1, 1, 1, 1])
SAID = "the quenching scale of x is at an end of its range, 1.25, 5 sigma above 1"


@pytest.fixture(scope="module")
def high(tmp_path_factory):
    path = tmp_path_factory.mktemp("edges") / "high.toml"
    path.write_text(HIGH)
    return path


@pytest.fixture(scope="module")
def likelihood(high):
    return load_config(high).likelihood


RESULTS = {
    "fit": lambda x: x.fit("sm", ["sin2_theta_w"]),
    "interval": lambda x: x.interval("sm", "sin2_theta_w"),
    "profile": lambda x: x.profile("sm", "sin2_theta_w", [0.2, 0.3]),
    "contour": lambda x: x.contour("sm", "sin2_theta_w", "rn_ar", bounds={"sin2_theta_w": (0.1, 0.3)}),
    "best fit": lambda x: x.best_fit("b-l"),
    "best fit at a mass": lambda x: x.best_fit("b-l", mass=10.0),
    "limit": lambda x: x.limit("b-l", [1.0, 10.0]),
    "limit from a fit": lambda x: x.limit("b-l", 10.0, reference=x.best_fit("b-l")),
    "scan": lambda x: x.scan("b-l", [1.0, 10.0], [1e-6, 1e-5]),
}


@pytest.mark.parametrize("kind", RESULTS)
def test_results_say_that_a_nuisance_ends_at_its_range(likelihood, kind, tmp_path):
    found = RESULTS[kind](likelihood)
    assert any(text.startswith(f"at the best fit {SAID}") for text in found.remarks), found.remarks
    path = tmp_path / f"x{found.suffix}"
    found.save(path)
    assert Result.load(path).remarks == found.remarks


def test_a_reference_without_a_point_says_nothing_of_nuisances(likelihood):
    found = likelihood.limit("b-l", 10.0, reference=likelihood.chi2("sm"))
    assert not any("quenching" in text for text in found.remarks)


def test_what_fits_inside_says_nothing(likelihood):
    inside = likelihood.experiments[0].asimov("sm")
    for kind in ("fit", "interval", "profile", "best fit at a mass"):
        assert not any("quenching" in text for text in RESULTS[kind](inside).remarks)


def test_the_lower_end_is_told_by_its_value(tmp_path):
    path = tmp_path / "low.toml"
    path.write_text(LOW)
    (said,) = load_config(path).likelihood.pulls("sm").remarks
    assert said.startswith("the quenching scale of x is at an end of its range, 0.25, 2.5 sigma below 1: ")


@pytest.mark.parametrize(
    "command",
    [
        ["chi2", "--model", "sm"],
        ["fit", "--model", "sm", "--free", "sin2_theta_w"],
        ["interval", "--model", "sm", "--parameter", "sin2_theta_w"],
        ["profile", "--model", "sm", "--parameter", "sin2_theta_w", "--values", "0.2", "0.3"],
        ["contour", "--model", "sm", "--x", "sin2_theta_w", "--y", "rn_ar", "--bounds", "sin2_theta_w=0.1:0.3"],
        ["limit", "--model", "b-l", "--mass", "10"],
        ["scan", "--model", "b-l", "--mass", "1:10:2", "--coupling", "1e-6:1e-5:2", "-o", "{}.npz"],
    ],
    ids=lambda command: command[0],
)
def test_commands_warn_of_a_nuisance_that_ends_at_its_range(high, command, capsys, tmp_path):
    assert main([*(word.format(tmp_path / "x") for word in command), "--config", str(high)]) == 0
    assert re.search(rf"^warning: (at the best fit )?{re.escape(SAID)}", capsys.readouterr().out, re.M)


# --- the masses


def test_the_end_of_the_masses_is_named(both):
    said = "the best fit lies at an end of the masses that are searched, "
    inside = both.best_fit("b-l")
    assert inside.remarks == ()
    for limits, end in (
        ((1.0, 0.5 * inside.mass), f"the upper one, {0.5 * inside.mass:g} MeV"),
        ((2.0 * inside.mass, 1e4), f"the lower one, {2.0 * inside.mass:g} MeV"),
    ):
        found = both.best_fit("b-l", mass_range=limits)
        assert found.remarks == (f"{said}{end}: chi2 may fall further beyond",)
        assert both.limit("b-l", [10.0, 20.0], mass_range=limits).remarks == found.remarks
        assert both.limit("b-l", 10.0, reference=found).remarks == found.remarks
    # of a contact interaction, whose mass is nothing but a scale, both fit as well
    found = both.best_fit("universal", mass_range=(1e5, 1e6))
    assert found.remarks[0].startswith(f"{said}the lower one, 100000 MeV and the upper one, 1e+06 MeV: ")
