"""All independent problems of what several axes, shapes and Poisson data bring, at once, with places in files."""

import re

import numpy as np
import pytest

from cevns.config import load_config
from cevns.errors import DataError

OWN = """
schema = 1
[[experiment]]
name = "x"
signal_sigma = 0.1
[experiment.flux]
kind = "pion-decay-at-rest"
neutrinos_per_proton = 0.08
protons = 1e23
distance_m = 20.0
timing = {kind = "pulse", mean_us = 0.5, sigma_us = 0.1}
[experiment.target]
composition = "Ar"
mass_kg = 10.0
[experiment.response]
edges = [5, 10, 20]
quenching = {kind = "constant", factor = 0.25}
"""
PIONS = """neutrinos_per_proton = 0.08
protons = 1e23
distance_m = 20.0
timing = {kind = "pulse", mean_us = 0.5, sigma_us = 0.1}"""
DATA = "[experiment.data]\nobserved = [60, 18, 3, 4]\n"
ARRIVAL = "[experiment.arrival]\nedges_us = [0, 1, 6]\n"
BAD = '[[experiment.nuisance]]\nname = "n"\nsigma = 0.1\nof = ["bad", "SSB"]\n'
KNOWN_2021 = 'schema = 1\n[[experiment]]\nname = "coherent-csi-2021"\n'
KNOWN = 'schema = 1\n[[experiment]]\nname = "coherent-csi-2017"\n'
MANY = [f'{{name="a{i}", edges=[0, 1, 2]}}' for i in range(34)]
BY_EVENTS = '[[experiment.background]]\nname = "b"\nsigma = 9\nevents = 1\nenergy = "flat"\n' + "".join(
    f'a{i} = "flat"\n' for i in range(34)
)

CASES = {
    "background": (
        OWN + ARRIVAL + DATA + '[[experiment.background]]\nname = "b"\nsigma = 9\ncounts = [1, -2, 3, 4]\n',
        ["sigma of background 'b' = 9", "counts of background 'b' contains -2"],
    ),
    "counts that are refused, and of another length": (
        OWN + DATA.replace("3, 4]", "3]\nuncertainty = [1, -1]") + "[[experiment.background]]\nname = 3\nsigma = 0.1\n"
        "counts = [1]\n",
        [
            "name: must be a text",
            "observed: must have length 2",
            "uncertainty contains -1",
            "counts: must have length 2",
        ],
    ),
    "data of both kinds": (
        OWN + DATA.replace("60, 18, 3, 4]", "1e300, 4]\nuncertainty = [1, -1]"),
        [r"observed contains 1e\+300", "uncertainty contains -1"],
    ),
    "more bins than any memory holds": (
        OWN + f"[experiment.distribution]\naxes = [{', '.join(MANY)}]\nshares = [[1], [1]]\n" + DATA + BY_EVENTS,
        ["sigma of background 'b' = 9", "axes have 17,179,869,184 bins together"],
    ),
    "more bins of energy and time": (
        OWN.replace("[5, 10, 20]", str([5 + 0.001 * i for i in range(5001)]))
        + ARRIVAL.replace("[0, 1, 6]", str(list(range(5001))))
        + '[experiment.data]\nobserved = "asimov"\n[[experiment.background]]\nname = "b"\nevents = 1\nsigma = 0.1\n'
        'energy = "flat"\ntime = "flat"\n',
        ["axes have 25,000,000 bins together"],
    ),
    "more bins of energy and others": (
        OWN.replace("[5, 10, 20]", str([5 + 0.001 * i for i in range(5001)]))
        + f'[experiment.distribution]\naxes = [{{name = "F90", edges = {list(range(5001))}}}]\nshares = [1, 1]\n'
        + DATA,
        ["axes have 25,000,000 bins together"],
    ),
    "a component that a data set does not have beside its sigma": (
        KNOWN_2021 + BAD.replace("0.1", "40"),
        ["sigma of 'n' = 40", "unknown component 'bad'; known: BRN, NIN, SSB, signal"],
    ),
    "the same beside names that come twice": (
        KNOWN_2021 + BAD + BAD.replace("bad", "NIN"),
        ["names of nuisances must differ, but 'n'", "unknown component 'bad'"],
    ),
    "the same beside another option": (
        KNOWN_2021 + 'form_factor = "hulm"\n' + BAD,
        ["form factor 'hulm'", "nuisance 'n' is of 'bad', which is no component"],
    ),
    "a time offset": (
        OWN + ARRIVAL + DATA + '[experiment.shape]\nkind = "time-offset"\nlow_us = 1\nhigh_us = -1\nsigma_us = -1\n',
        ["low = 1", "high = -1", "sigma = -1"],
    ),
    "a shape of a response": (
        OWN + DATA.replace(", 3, 4", "") + '[experiment.shape]\nkind = "response"\nname = "q"\nlow = 1\nhigh = "a"\n'
        'up.quenching = {kind = "linear", offset = -1, slope_per_kev = -1, constant_above_kev = 5}\n',
        ["down: missing", "high: must be a finite", "offset = -1", "slope = -1", "low = 1"],
    ),
    "a deformation": (
        OWN + DATA.replace(", 3, 4", "") + '[[experiment.background]]\nname = "b"\nsigma = 0.1\ncounts = [1, 2]\n'
        '[experiment.shape]\nkind = "deformation"\nname = "d"\nof = "b"\nup = [-1, 1]\ndown = [-2, 1]\n',
        ["up of deformation 'd' contains -1", "down of deformation 'd' contains -2"],
    ),
    "an efficiency": (
        OWN.replace("factor = 0.25}", 'factor = 0.25}\nefficiency = {kind = "logistic", a = -1, b = -1, c = 1}')
        + DATA.replace(", 3, 4", ""),
        ["a = -1", "b = -1"],
    ),
    "laws of arrival": (
        OWN.replace("mean_us = 0.5, sigma_us = 0.1", 'mean_us = "a", sigma_us = -1, lifetimes_us = [-1]')
        + ARRIVAL
        + DATA,
        ["mean_us: must be a finite", "lifetimes contains -1", "sigma = -1"],
    ),
    "the Sun": (
        OWN.replace("pion-decay-at-rest", "solar").replace(PIONS, 'source = "9C"\nexposure_days = -1\nsurvival = 2')
        + DATA.replace(", 3, 4", ""),
        ["'9C'", "exposure = -1", "survival = 2"],
    ),
    "a known experiment and its data": (
        KNOWN + 'form_factor = "y"\nfloor = -1\n[experiment.data]\nobserved = [1, 2]\n',
        ["form factor 'y'", "floor = -1", "observed: must have length"],
    ),
    "expected counts beside another problem": (
        OWN.replace("signal_sigma = 0.1", "signal_sigma = -0.1")
        + '[experiment.data]\nobserved = "asimov"\nasimov = {model = "b-l", x = 3}\n',
        ["signal_sigma = -0.1", "'x'"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_all_that_is_wrong_is_listed_at_once(tmp_path, text, expected):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(DataError) as refused:
        load_config(path)
    found = str(refused.value).splitlines()[1:]
    assert len(found) == len(expected), found
    assert [words for words in expected if not any(re.search(words, line) for line in found)] == [], found


FILES = {
    "observed of a file": ('observed = "n.txt"', "1 2\n3 -4\n", r"n\.txt, line 2, column 2: observed contains -4"),
    "an array of NumPy": ('observed = "n.npy"', [[1, 2], [3, -4]], r"n\.npy, element \[1, 1\]: observed contains -4"),
    "columns": (
        'file = "n.txt"\ncolumns = {observed = 2}',
        "# n\n1 1\n2 -5\n3 1\n4 1\n",
        r"n\.txt, line 3, column 2: observed contains -5",
    ),
}


@pytest.mark.parametrize(("table", "content", "said"), FILES.values(), ids=FILES)
def test_counts_out_of_range_say_where_they_stand(tmp_path, table, content, said):
    if isinstance(content, str):
        (tmp_path / "n.txt").write_text(content)
    else:
        np.save(tmp_path / "n.npy", content)
    path = tmp_path / "mine.toml"
    path.write_text(OWN + ARRIVAL + f"[experiment.data]\n{table}\n")
    with pytest.raises(DataError, match=rf"has 1 problem\(s\):\n.*{said}"):
        load_config(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("1 0.1 0.1\n5 0.2 -0.3\n30 0.1 0.6\n", r"line 2, column 3: templates contains -0\.3"),
        ("0 1 0.1 0.1\n1 5 -0.2 0.3\n", r"line 2, column 3: templates contains -0\.2"),
        ("-1 0.1 0.1\n5 0.2 0.3\n", r"line 1, column 1: recoil_kev contains -1"),
    ],
)
def test_templates_out_of_range_say_where_they_stand(tmp_path, content, said):
    (tmp_path / "t.txt").write_text(content)
    path = tmp_path / "mine.toml"
    response = 'kind = "templates"\nfile = "t.txt"\naxes = {name = "light", edges = [5, 10, 20], unit = "PE"}\n'
    text = OWN.replace('edges = [5, 10, 20]\nquenching = {kind = "constant", factor = 0.25}\n', response)
    path.write_text(text + DATA.replace(", 3, 4", ""))
    with pytest.raises(DataError, match=rf"has 1 problem\(s\):\n.*t\.txt, {said}"):
        load_config(path)


def test_a_nuisance_of_several_says_at_which_end_it_is(tmp_path):
    path = tmp_path / "mine.toml"
    shape = (
        '[[experiment.background]]\nname = "b"\nsigma = 0.1\ncounts = [10, 10]\n[experiment.shape]\n'
        'kind = "deformation"\nname = "tilt"\nof = "b"\nup = [9, 11]\nreach = 2\n'
    )
    path.write_text(OWN + "[experiment.data]\nobserved = [5, 500]\n" + shape)
    found = load_config(path).likelihood.pulls("sm")
    assert found.at_edge == ("x",)
    said = "nuisance tilt of x is at the upper end of its range, 2 sigma: chi2 may fall further beyond"
    assert found.remarks == (said,)


def test_a_column_that_is_none_and_sides_that_do_not_match_are_told_once(tmp_path):
    (tmp_path / "flux.csv").write_text("10,1e10\n20,2e10\n30,3e10\n")
    tabulated = 'kind = "tabulated"\nfile = "flux.csv"\ncolumns = {energy_mev = true, mu_per_cm2_per_mev = 2}\n'
    sides = (
        '[experiment.shape]\nkind = "response"\nname = "s"\nup = {resolution = {kind = "poisson"}}\n'
        'down = {quenching = {kind = "linear", offset = 0.1, slope_per_kev = 0.001, constant_above_kev = 50}}\n'
    )
    whole = OWN.replace('kind = "pion-decay-at-rest"\n', tabulated).replace(PIONS, "")
    path = tmp_path / "mine.toml"
    path.write_text(whole + DATA.replace(", 3, 4", "") + sides)
    with pytest.raises(DataError) as refused:
        load_config(path)
    found = str(refused.value).splitlines()[1:]
    assert len(found) == 2, found
    assert "columns.energy_mev: must be a number or a title" in found[0]
    assert "up and down of shape 's' do not match: PoissonResolution and LinearQuenching" in found[1]
