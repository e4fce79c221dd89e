"""Detectors' responses in configuration files."""

import re

import numpy as np
import pytest
from configs import only

from cevns.binning import Axis, Binning
from cevns.detectors import (
    Efficiency,
    GammaResolution,
    GaussianResolution,
    LogisticEfficiency,
    PolynomialQuenching,
    TabulatedResolution,
    TemplateResponse,
)
from cevns.errors import DataError

HEAD = """schema = 1
[[experiment]]
name = "mine"
signal_sigma = 0.1
flux = {kind = "pion-decay-at-rest", neutrinos_per_proton = 0.09, protons = 13.7e22, distance_m = 27.5}
target = {composition = "CsI", mass_kg = 24}
data = {observed = [40, 30], uncertainty = [8, 7]}
"""
USUAL = HEAD + '[experiment.response]\nedges = [5, 10, 20]\nlight_yield_per_kevee = 13.35\nunit = "PE"\n'
QUENCHING = 'quenching = {kind = "constant", factor = 0.1}\n'


@pytest.fixture
def load(load):
    """Load the response of the only experiment of a configuration."""
    return lambda text, **files: only(load(text, **files)).response


@pytest.fixture
def problem(load):
    """Return the first problem of a configuration, and fault others unless they are expected."""

    def problem(text, others=0, **files):
        with pytest.raises(DataError) as caught:
            load(text, **files)
        _, line, *rest = str(caught.value).splitlines()
        assert len(rest) == others
        return re.sub(r"^  \(\d+\) ", "", line)

    return problem


@pytest.mark.parametrize(
    ("table", "resolution"),
    [
        ('kind = "gaussian", sigma_at_one = 0.5, constant = 0.3', GaussianResolution(0.5, 0.3)),
        ('kind = "gaussian", linear = 0.1', GaussianResolution(linear=0.1)),
        ('kind = "gamma", shape_slope = 0.716', GammaResolution(0.716)),
        ('kind = "gamma", shape_slope = 0.5, shape_offset = 2', GammaResolution(0.5, 2.0)),
        ('kind = "gaussian-table", observable = [1, 9], sigma = [0.5, 2]', TabulatedResolution([1, 9], [0.5, 2])),
        ('kind = "gaussian-table", file = "sigma.csv"', TabulatedResolution([1, 9], [0.5, 2])),
    ],
)
def test_resolutions(load, table, resolution):
    found = load(USUAL + QUENCHING + f"resolution = {{{table}}}\n", sigma="observable,sigma\n1,0.5\n9,2\n")
    assert found.resolution == resolution


@pytest.mark.parametrize(
    ("table", "efficiency"),
    [
        ('kind = "logistic", a = 1.3, b = 0.3, c = 11, d = -0.3', LogisticEfficiency(1.3, 0.3, 11.0, -0.3)),
        ('kind = "logistic", a = 0.9, b = 0.3, c = 11', LogisticEfficiency(0.9, 0.3, 11.0)),
    ],
)
def test_logistic_efficiencies(load, table, efficiency):
    assert load(USUAL + QUENCHING + f"efficiency = {{{table}}}\n").efficiency == efficiency
    assert load(USUAL + QUENCHING + f"recoil_efficiency = {{{table}}}\n").recoil_efficiency == efficiency


@pytest.mark.parametrize(
    ("table", "efficiency"),
    [
        ('kind = "steps", edges_kev = [1, 5, 50], values = [0.3, 0.9]', Efficiency([1, 5, 50], [0.3, 0.9])),
        ('kind = "points", recoil_kev = [1, 5], values = [0.3, 0.9]', Efficiency([1, 5], [0.3, 0.9], kind="points")),
        (
            'kind = "points", file = "own.csv", beyond = "zero"',
            Efficiency([1, 5, 30], [0.0, 0.9, 0.8], "zero", "points"),
        ),
    ],
)
def test_efficiencies_in_recoil_energy(load, table, efficiency):
    found = load(
        USUAL + QUENCHING + f"recoil_efficiency = {{{table}}}\n", own="recoil_kev,values\n1,0\n5,0.9\n30,0.8\n"
    )
    assert found.recoil_efficiency == efficiency


def test_light_curves_in_mev(load):
    table = 'kind = "polynomial-mev", coefficients_per_mev_n = [0.055, 4.3, -111.7, 840.4], maximum_kev = 45'
    assert load(f"{USUAL}quenching = {{{table}}}\n").quenching == PolynomialQuenching.of_mev(
        (0.055, 4.3, -111.7, 840.4), maximum=45.0
    )


RECOIL, TEMPLATES = [1.0, 5.0, 30.0], np.array([[0.0, 0.1], [0.2, 0.3], [0.1, 0.6]])
TABLE = HEAD + '[experiment.response]\nkind = "templates"\n'
LIGHT = 'axes = {name = "light", edges = [5, 10, 20], unit = "PE"}\n'
ROWS = "1,0,0.1\n5,0.2,0.3\n30,0.1,0.6\n"


def test_templates(load, tmp_path):
    np.savez(tmp_path / "shares.npz", recoil_kev=RECOIL, templates=TEMPLATES)
    expected = TemplateResponse(RECOIL, TEMPLATES, Axis("light", [5, 10, 20], "PE"))
    assert load(TABLE + LIGHT + 'file = "shares.npz"\n') == expected
    assert load(TABLE + LIGHT + 'file = "shares.csv"\nrows = "points"\n', shares=ROWS) == expected
    two = 'axes = [{name = "light", edges = [5, 20], unit = "PE"}, {name = "time", edges = [0, 1, 6]}]\n'
    found = load(TABLE + two + 'file = "shares.csv"\nbeyond = "zero"\n', shares=ROWS)
    binning = Binning([Axis("light", [5, 20], "PE"), Axis("time", [0, 1, 6])])
    assert found == TemplateResponse(RECOIL, TEMPLATES, binning, beyond="zero")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('resolution = {kind = "gaussian"}', "response.resolution: a = 0.0 is not allowed"),
        ('resolution = {kind = "gaussian", sigma_at_one = 1, noise = 2}', "resolution.noise: unknown key"),
        ('resolution = {kind = "gamma"}', "resolution.shape_slope: missing"),
        ('resolution = {kind = "gamma", shape_slope = -1}', "resolution: shape_slope = -1"),
        ('resolution = {kind = "gaussian-table", observable = [2, 1], sigma = [1, 1]}', "resolution: x must ascend"),
        ('efficiency = {kind = "logistic", a = 1, b = 1}', "efficiency.c: missing"),
        ('efficiency = {kind = "logistic", a = 1, b = 1, c = 3, d = -2}', "efficiency: d = -2 is not allowed"),
        ('recoil_efficiency = {kind = "constant", value = 0.3}', "recoil_efficiency.kind: "),
        ('recoil_efficiency = {kind = "points", observable = [1, 2], values = [0, 1]}', "recoil_efficiency.observable"),
    ],
)
def test_what_is_refused(load, table, message):
    with pytest.raises(DataError, match=re.escape(message)):
        load(USUAL + QUENCHING + table + "\n")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (LIGHT, "response.file: missing"),
        ('file = "shares.csv"\n', "response.axes: missing"),
        (LIGHT + 'file = "nowhere.npz"\n', "nowhere.npz"),
        (LIGHT + "file = 3\n", "response.file: must be a text"),
        (LIGHT + 'file = "shares.csv"\nrows = "steps"\n', "3 rows for 3 recoil energies: there must be 2"),
        (LIGHT + 'file = "shares.csv"\nrows = "lines"\n', "kind of templates 'lines'"),
        (
            LIGHT + 'file = "shares.csv"\nquenching = {kind = "constant", factor = 1}\n',
            "response.quenching: unknown key",
        ),
        ('file = "shares.csv"\naxes = {name = "light", edges = [5, 6, 7, 8, 9]}\n', "3 columns, but there are 4"),
    ],
)
def test_templates_that_are_refused(problem, table, message):
    # four bins do not fit the data, either
    assert message in problem(TABLE + table, 2 if "9]" in table else 0, shares=ROWS)


def test_kinds_of_responses(problem):
    assert "kind 'matrix'" in problem(HEAD + '[experiment.response]\nkind = "matrix"\n')
