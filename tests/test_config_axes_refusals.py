"""Axes, nuisances and counts of configuration files that are refused, with their place and a remedy."""

import numpy as np
import pytest
from test_config_axes import ARRIVAL, BACKGROUND, DATA, PULSES, ROW, SHARES_TEXT, text


@pytest.fixture
def problems(problems):
    """Return the problems of the only experiment of a configuration."""
    return lambda content, /, **files: [line.replace("experiment[1].", "") for line in problems(content, **files)]


BAD = {
    "order of the axes": (
        text(ARRIVAL, data="[experiment.data]\nobserved = [[30, 25, 9], [40, 20, 12]]\n"),
        ["data.observed: must have the shape (3, 2), bins of energy and time", "turn rows into columns"],
    ),
    "too few numbers in a row": (
        text(ARRIVAL, data="[experiment.data]\nobserved = [1, 2, 3]\n"),
        ["data.observed: must have the shape (3, 2)", "or be 6 numbers", "got 3 numbers"],
    ),
    "rows of different length": (
        text(ARRIVAL, data="[experiment.data]\nobserved = [[1, 2], [3], [4, 5]]\n"),
        ["data.observed[2]: must be a list of 2 as the first one beside it, got one of 1"],
    ),
    "text among counts": (
        text(ARRIVAL, data='[experiment.data]\nobserved = [[1, 2], [3, "4"], [4, 5]]\n'),
        ["data.observed[2][2]: must be a finite number, got '4'"],
    ),
    "nan among counts": (
        text(ARRIVAL, data="[experiment.data]\nobserved = [[1, 2], [3, nan], [4, 5]]\n"),
        ["data.observed[2][2]: must be a finite number, got nan"],
    ),
    "negative counts": (
        text(ARRIVAL, data="[experiment.data]\nobserved = [[1, 2], [3, -4], [4, 5]]\n"),
        ["data: observed contains -4", "bin 4, energy 10 to 20 keVee, time 1 to 6 us"],
    ),
    "another word": (
        text(ARRIVAL, data='[experiment.data]\nobserved = "azimov"\n'),
        ["data.observed: must be 'asimov', numbers or a file, got 'azimov'"],
    ),
    "no such file": (text(ARRIVAL, data='[experiment.data]\nobserved = "none.csv"\n'), ["data.observed: ", "none.csv"]),
    "no array": (
        text(ARRIVAL, data='[experiment.data]\nobserved = "text.npy"\n'),
        ["data.observed: ", "text.npy is no array of numbers", "save of NumPy"],
        {"text": np.array(["a"])},
    ),
    "an array that is not finite": (
        text(ARRIVAL, data='[experiment.data]\nobserved = "text.npy"\n'),
        ["data.observed: ", "text.npy holds inf: every number must be finite"],
        {"text": np.array([1, np.inf])},
    ),
    "asimov of given counts": (
        text(ARRIVAL, data='[experiment.data]\nobserved = [1, 2, 3, 4, 5, 6]\nasimov = {model = "sm"}\n'),
        ['data: asimov says of which model counts are expected, and goes with observed = "asimov" alone'],
    ),
    "counting of given counts": (
        text(ARRIVAL, data='[experiment.data]\nobserved = [1, 2, 3, 4, 5, 6]\nuncertainty = "counting"\n'),
        ['data: uncertainty = "counting" goes with observed = "asimov" alone'],
    ),
    "counting where nothing is expected": (
        text(
            head="signal_sigma = 0.1",
            data='[experiment.data]\nobserved = "asimov"\nuncertainty = "counting"\n',
        ).replace("20, 60]", '20, 600]\nefficiency = {kind = "steps", edges = [5, 20, 600], values = [1, 0]}'),
        ["data.uncertainty: 'counting' is the square root", "which are 0 in bin 3, energy 20 to 600 keVee: merge bins"],
    ),
    "model without a value": (
        text(ARRIVAL, data='[experiment.data]\nobserved = "asimov"\nasimov = {model = "b-l", mass = 10}\n'),
        ["data.asimov: ", "coupling"],
    ),
    "unknown model and value": (
        text(ARRIVAL, data='[experiment.data]\nobserved = "asimov"\nasimov = {model = "bl", mass = "x"}\n'),
        ["data.asimov.model: unknown interaction 'bl'", "data.asimov.mass: must be a finite number"],
    ),
    "unknown parameter": (
        text(ARRIVAL, data='[experiment.data]\nobserved = "asimov"\nasimov = {rn_xe = 4}\n'),
        ["data.asimov: unknown parameter 'rn_xe'"],
    ),
    "projection on no axis": (
        text(ARRIVAL, BACKGROUND.replace("counts = [[3, 1], [2, 1], [1, 0.5]]", "events = 3\nenergie = [1, 1, 1]")),
        [
            "background[1].energie: unknown key; did you mean 'energy'?",
            "background[1].energy: missing",
            "time: missing",
        ],
    ),
    "projection on no axis of a file": (
        text(ARRIVAL, BACKGROUND.replace("counts = [[3, 1], [2, 1], [1, 0.5]]", 'events = 3\nfile = "b.csv"')),
        ["background[1].time: missing; give counts in the 2 bins"],
        {"b": "energy\n3\n2\n1\n"},
    ),
    "projections that do not fit": (
        text(
            ARRIVAL,
            BACKGROUND.replace(
                "counts = [[3, 1], [2, 1], [1, 0.5]]", "events = 3\nenergy = [1, -1, 1]\ntime = [0, 0, 0]"
            ).replace("sigma = 0.3", "sigma = 30"),
        ),
        [
            "background[1].energy: projection of background 'neutrons' contains -1",
            "background[1].time: must have length 2, one number for each bin of time; got 3",
            "background[1]: sigma of background 'neutrons' = 30",
        ],
    ),
    "empty projection": (
        text(
            BACKGROUND.replace("counts = [[3, 1], [2, 1], [1, 0.5]]", "events = 3\nenergy = [0, 0, 0]"), data=DATA
        ).replace("[[30, 40], [25, 20], [9, 12]]", str(ROW)),
        ["background[1].energy: is 0 in all bins"],
    ),
    "negative background": (
        text(ARRIVAL, BACKGROUND.replace("0.5", "-0.5")),
        ["background[1]: counts of background 'neutrons' contains -0.5", "(bin 6, energy 20 to 60 keVee, time 1 to 6"],
    ),
    "unknown component": (
        text(ARRIVAL, BACKGROUND, '[experiment.nuisance]\nname = "n"\nsigma = 0.1\nof = ["neutron"]\n'),
        ["nuisance.of: unknown component 'neutron'", "Did you mean 'neutrons'?"],
    ),
    "unknown component of a deformation": (
        text(
            ARRIVAL,
            '[experiment.shape]\nkind = "deformation"\nname = "d"\nof = "dust"\nup = [1, 1, 1, 1, 1, 1]\nreach = 99\n',
        ),
        ["shape: reach of deformation 'd' = 99", "20"],
    ),
    "deformation of other bins": (
        text(
            ARRIVAL,
            '[[experiment.shape]]\nkind = "deformation"\nname = "d"\nof = "dust"\nup = [1, 1]\n',
            "down = [1, 1, 1, 1, 1, -1]\n",
        ),
        ["shape[1].up: must have the shape (3, 2)", "shape[1]: up of", "contains -1", "shape[1].of: unknown component"],
    ),
    "unknown correlation": (
        text(ARRIVAL, head='correlations = {of = ["a", "b"], value = 2}'),
        ["correlations: value = 2"],
    ),
    "correlation of nothing": (
        text(ARRIVAL, head='correlations = {of = ["a", "b"], value = 0.5}'),
        ["correlations.of: unknown nuisance 'a'", "correlations.of: unknown nuisance 'b'"],
    ),
    "covariance": (
        text(
            ARRIVAL,
            "".join(f'[[experiment.nuisance]]\nname = "{name}"\nsigma = 0.1\n' for name in "abc"),
            head='correlations = [{of = ["a", "b"], value = 0.9}, {of = ["b", "c"], value = 0.9}, '
            '{of = ["a", "c"], value = -0.9}]',
        ),
        ["correlations: the covariance of the nuisances is not positive definite"],
    ),
    "infinite mass": (
        text(ARRIVAL, '[experiment.nuisance]\nname = "n"\nsigma = -inf\n'),
        ["nuisance.sigma: must be a finite number, got -inf"],
    ),
    "no timing": (
        text(ARRIVAL).replace("timing = ", "# timing = "),
        ["arrival: component ", "has no timing"],
    ),
    "time offset without times": (
        text('[experiment.shape]\nkind = "time-offset"\nlow_us = -1\nhigh_us = 1\n', data=DATA).replace(
            "[[30, 40], [25, 20], [9, 12]]", str(ROW)
        ),
        ["shape: offset is given, but there are no bins of arrival time"],
    ),
    "both": (
        text(ARRIVAL, SHARES_TEXT, data='[experiment.data]\nobserved = "asimov"\n'),
        ["arrival and distribution are both given"],
    ),
    "shares and a template": (
        text(SHARES_TEXT, "template = [[1, 2], [3, 4], [5, 6]]\n"),
        ["distribution: give either shares of each bin of energy, or a template"],
    ),
    "shares above 1": (
        text(SHARES_TEXT.replace("0.8]]", "8]]")),
        ["distribution.shares: shares of bin 3 of energy add up to 8.1: at most 1", "expected counts as template"],
    ),
    "shares of other bins": (
        text(SHARES_TEXT.replace(", [0.1, 0.8]", "")),
        ["distribution.shares: must have the shape (3, 2), bins of energy and F90", "got the shape (2, 2)"],
    ),
    "negative shares": (
        text(SHARES_TEXT.replace("0.4", "-0.4")),
        ["distribution.shares: shares contains -0.4", "bin 1, energy 5 to 10 keVee, F90 0.5 to 0.7"],
    ),
    "template in other units": (
        text(PULSES, "template = [[1e5, 2e5], [1, 2], [1, 2]]\n"),
        ["distribution.template: template adds up to 300006, but the response expects", "whole exposure"],
    ),
    "template where there is nothing": (
        text(PULSES, "template = [[50, 50], [40, 40], [30, 30]]\n").replace(
            "20, 60]", '20, 60]\nefficiency = {kind = "steps", edges = [5, 20, 60], values = [1, 0]}'
        ),
        ["distribution.template: template has 60 of its 240 counts where the response expects none, first in bin 3"],
    ),
    "shape of another kind": (
        text(
            ARRIVAL,
            '[[experiment.shape]]\nkind = "response"\nname = "threshold"\n'
            'up = {efficiency = {kind = "logistic", a = 0.9, b = 0.8, c = 5.5}}\n'
            'down = {efficiency = {kind = "logistic", a = 0.9, b = 0.8, c = 6.5}}\n',
        ),
        ["shape[1]: the response and shape 'threshold' do not match: Efficiency and LogisticEfficiency"],
    ),
    "sides that differ": (
        text(
            ARRIVAL,
            '[[experiment.shape]]\nkind = "response"\nname = "x"\nup = {}\n'
            'down = {efficiency = {kind = "constant", value = 1}, resolution = {kind = "poisson"}}\n',
        ),
        [
            "shape[1].up: give one of quenching, efficiency, resolution, response, got none",
            "shape[1].down: give one of",
        ],
    ),
    "kind of a shape": (
        text(ARRIVAL, '[[experiment.shape]]\nkind = "offset"\n'),
        ["shape[1].kind: unknown kind 'offset'", "time-offset"],
    ),
    "two nuisances of one name": (
        text(ARRIVAL, BACKGROUND, '[experiment.nuisance]\nname = "neutrons"\nsigma = 0.1\n'),
        ["nuisance: two nuisances of one experiment are called 'neutrons'"],
    ),
    "option of another data set": (
        'schema = 1\n[[experiment]]\nname = "coherent-ge-2024"\nruns = ["sr0"]\nsystematics = "core"\n',
        ["runs: is no option of coherent-ge-2024; it has quenching, form_factor", "systematics: is no option"],
    ),
    "value of an option": (
        'schema = 1\n[[experiment]]\nname = "xenonnt-8b-2026"\nruns = ["sr9"]\n',
        ["experiment[1]: unknown run 'sr9'"],
    ),
    "edges that are none, and counts of none": (
        text('[[experiment.background]]\nname = "b"\nsigma = 0.1\ncounts = [[]]\n').replace(
            "edges = [5", "edges = inf #"
        ),
        ["response.edges", "background[1].counts"],
    ),
    "a high floor beside a shape": (
        text(
            ARRIVAL,
            '[[experiment.shape]]\nkind = "time-offset"\nlow_us = -0.5\nhigh_us = 0.5\nsigma_us = 0.1\n',
            head="floor = 0.5",
        ),
        ["floor: floor = 0.5 beside shapes", "at most 0.01 counts"],
    ),
    "several things at once": (
        text(
            "[experiment.arrival]\nedges_us = [0, 1, 1]\n",
            '[[experiment.background]]\nname = "b"\nsigma = 9\ncounts = [[1, 2]]\n',
            '[[experiment.nuisance]]\nname = "n"\nsigma = 7\n[[experiment.shape]]\nkind = "time-offset"\nlow_us = 1\n'
            "high_us = 1\n",
            head="floor = -1\nquenching_sigma = 3",
        ),
        [
            "arrival: edges must ascend strictly",
            "nuisance[1]: sigma of 'n' = 7",
            "shape[1]: low = 1",
            # edges that do not ascend do not count bins: what is observed does
            "background[1].counts: must be 6 numbers in all, as observed; got 2 (the edges of energy and time",
            "background[1]: sigma of background 'b' = 9",
            "quenching_sigma: quenching_sigma = 3",
            "floor: floor = -1",
        ],
    ),
}


ONE = {
    "a background that is no table": text(
        ARRIVAL, '[experiment.nuisance]\nname = "n"\nsigma = 0.1\nof = ["neutrons"]\n', head='background = ["neutrons"]'
    ),
    "a nuisance that is no table": text(
        ARRIVAL, head='nuisance = ["a"]\ncorrelations = {of = ["a", "time offset"], value = 0.5}'
    ),
    "a high floor beside a shape": text(
        ARRIVAL,
        '[[experiment.shape]]\nkind = "time-offset"\nlow_us = -0.5\nhigh_us = 0.5\nsigma_us = 0.1\n',
        head="floor = 0.5",
    ),
    "axes that cannot be read": text(
        PULSES.replace("0.7", "0.4"),
        "shares = [[1, 0], [1, 0], [1, 0]]\n",
        '[[experiment.background]]\nname = "b"\nsigma = 0.1\nevents = 3\nenergy = [1, 1, 1]\nF90 = "flat"\n',
    ),
    "axes of one name": text(PULSES, "shares = [[1, 0], [1, 0], [1, 0]]\n", BACKGROUND, response='axis = "F90"'),
    "counts of a model that cannot be read": text(
        ARRIVAL,
        '[model]\nname = "mine"\nup = {e = "x"}\n',
        data='[experiment.data]\nobserved = "asimov"\nasimov = {model = "mine"}\n',
    ),
}


@pytest.mark.parametrize("content", ONE.values(), ids=list(ONE))
def test_what_follows_from_a_problem_is_none(problems, content):
    assert len(problems(content)) == 1


@pytest.mark.parametrize("case", BAD.values(), ids=list(BAD))
def test_what_is_wrong_is_named_with_its_place_and_a_remedy(problems, case):
    content, words, *files = case
    found = "\n".join(problems(content, **(files[0] if files else {})))
    assert [word for word in words if word not in found] == [], found
