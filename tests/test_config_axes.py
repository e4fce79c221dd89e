"""Configurations of experiments in several axes: arrival times, distributions, shapes, nuisances, expected counts."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

import cevns
from cevns.binning import Axis
from cevns.config import load_config
from cevns.detectors import (
    Arrival,
    ArrivalEfficiency,
    Distribution,
    LogisticEfficiency,
    PolynomialQuenching,
    Response,
    ResponseShape,
    TimeOffset,
)
from cevns.errors import DataError
from cevns.fluxes import PulseTiming, pion_decay_at_rest
from cevns.likelihoods import Background, Deformation, Nuisance
from cevns.nuclei import Target
from cevns.predictions import Signal

HEAD = """schema = 1
[[experiment]]
name = "mine"
{head}
[experiment.flux]
kind = "pion-decay-at-rest"
neutrinos_per_proton = 0.09
protons = 13.7e22
distance_m = 27.5
timing = {{kind = "pulse", mean_us = 0.47, sigma_us = 0.15, lifetimes_us = [0.026]{latest}}}
[experiment.target]
composition = "Ar-40"
mass_kg = 24
[experiment.response]
edges = [5, 10, 20, 60]
quenching = {{kind = "constant", factor = 0.25}}
{response}
"""
ARRIVAL = "[experiment.arrival]\nedges_us = [0, 1, 6]\n"
PULSES = '[experiment.distribution]\naxes = {name = "F90", edges = [0.5, 0.7, 0.9]}\n'
SHARES = np.array([[0.4, 0.6], [0.2, 0.8], [0.1, 0.8]])
ROW = [70, 45, 21]
COUNTS = np.array([[30.0, 40.0], [25.0, 20.0], [9.0, 12.0]])
MOVED = SHARES + np.array([0.1, -0.1])
NEUTRONS = np.array([[3.0, 1.0], [2.0, 1.0], [1.0, 0.5]])
DATA = "[experiment.data]\nobserved = [[30, 40], [25, 20], [9, 12]]\n"
BACKGROUND = '[[experiment.background]]\nname = "neutrons"\nsigma = 0.3\ncounts = [[3, 1], [2, 1], [1, 0.5]]\n'
POINT = {"mass": 10.0, "coupling": 5e-5}


def text(*tail, head="", response="", latest="", data=DATA):
    return HEAD.format(head=head, response=response, latest=latest) + data + "".join(tail)


def experiment(**changes):
    """Return what the file describes, made in Python."""
    flux = pion_decay_at_rest(neutrinos_per_proton=0.09, protons=13.7e22, distance=27.5, timing=PULSE)
    parts = {
        "flux": flux,
        "target": Target.of("Ar-40", mass=24),
        "response": Response(PolynomialQuenching((0.25,)), Axis("energy", [5, 10, 20, 60], "keVee")),
        "observed": COUNTS,
    }
    return cevns.Experiment("mine", **parts | changes)


PULSE = PulseTiming(0.47, 0.15, [0.026])
TIMED = {"arrival": Arrival([0, 1, 6])}
SHAPED = {"distribution": Distribution([Axis("F90", [0.5, 0.7, 0.9])], SHARES)}
SHARES_TEXT = PULSES + "shares = [[0.4, 0.6], [0.2, 0.8], [0.1, 0.8]]\n"


@pytest.fixture
def load(tmp_path):
    """Load the only experiment of a configuration, with further files beside it."""

    def load(content, **files):
        for name, values in files.items():
            if isinstance(values, str):
                (tmp_path / f"{name}.csv").write_text(values, encoding="utf-8")
            else:
                np.save(tmp_path / f"{name}.npy", values)
        (tmp_path / "mine.toml").write_text(content, encoding="utf-8")
        (found,) = load_config(tmp_path / "mine.toml").likelihood.experiments
        return found

    return load


@pytest.fixture
def problems(load):
    """Return the problems of a configuration that must be refused."""

    def problems(content, **files):
        with pytest.raises(DataError) as caught:
            load(content, **files)
        _, *lines = str(caught.value).splitlines()
        return [re.sub(r"^  \(\d+\) ", "", line).replace("experiment[1].", "") for line in lines]

    return problems


def own():
    """Return counts of the standard model by energy."""
    e = experiment(observed=ROW)
    return Signal(e.flux, e.target, e.response).counts("sm")


MORE_LIGHT = Response(PolynomialQuenching((0.25,)), Axis("energy", [5, 10, 20, 60], "keVee"), light_yield=1.1)
LESS_LIGHT = Response(PolynomialQuenching((0.25,)), Axis("energy", [5, 10, 20, 60], "keVee"), light_yield=0.9)
LOGISTIC = 'efficiency = {kind = "logistic", a = 0.9, b = 0.8, c = 6}\n'
BENT = LogisticEfficiency(0.9, 0.8, 6)
WHOLE = (
    '{response = {edges = [5, 10, 20, 60], quenching = {kind = "constant", factor = 0.25}, light_yield_per_kevee = %s}}'
)
CASES = {
    "times": (text(ARRIVAL), lambda: experiment(**TIMED)),
    "end of the times": (
        text(ARRIVAL, latest=", latest_us = 5"),
        lambda: experiment(**TIMED).replace(
            flux=pion_decay_at_rest(
                neutrinos_per_proton=0.09, protons=13.7e22, distance=27.5, timing=PulseTiming(0.47, 0.15, [0.026], 5.0)
            )
        ),
    ),
    "efficiency in time": (
        text(ARRIVAL, 'efficiency = {kind = "exponential", start_us = 0.5, rate_per_us = 0.05}\n'),
        lambda: experiment(arrival=Arrival([0, 1, 6], ArrivalEfficiency(0.5, 0.05))),
    ),
    "shares": (text(SHARES_TEXT), lambda: experiment(**SHAPED)),
    "flat shares from a file": (
        text(PULSES, 'shares = "shares.csv"\n'),
        lambda: experiment(**SHAPED),
        {"shares": "0.4,0.6\n0.2,0.8\n0.1,0.8\n"},
    ),
    "template": (
        text(PULSES, 'template = "cevns.npy"\n'),
        lambda: experiment(**SHAPED),
        lambda: {"cevns": SHARES * own()[:, None]},
    ),
    "flat counts": (
        text(ARRIVAL, data="[experiment.data]\nobserved = [30, 40, 25, 20, 9, 12]\n"),
        lambda: experiment(**TIMED),
    ),
    "counts from a matrix": (
        text(ARRIVAL, data='[experiment.data]\nobserved = "counts.csv"\n'),
        lambda: experiment(**TIMED),
        {"counts": "early late\n30 40\n25 20\n9 12\n"},
    ),
    "counts from an array": (
        text(ARRIVAL, data='[experiment.data]\nobserved = "counts.npy"\n'),
        lambda: experiment(**TIMED),
        {"counts": COUNTS.astype(int)},
    ),
    "counts from a column": (
        text(ARRIVAL, data='[experiment.data]\nfile = "counts.csv"\ncolumns = {observed = 3}\n'),
        lambda: experiment(**TIMED),
        {"counts": "5,0,30\n5,1,40\n10,0,25\n10,1,20\n20,0,9\n20,1,12\n"},
    ),
    "Gaussian counts": (
        text(ARRIVAL, head="signal_sigma = 0.1", data=DATA + "uncertainty = [[6, 6], [5, 4], [3, 3]]\n"),
        lambda: experiment(**TIMED, signal_sigma=0.1, uncertainty=[[6, 6], [5, 4], [3, 3]]),
    ),
    "backgrounds": (
        text(ARRIVAL, BACKGROUND),
        lambda: experiment(**TIMED, backgrounds=[Background("neutrons", NEUTRONS.ravel(), 0.3)]),
    ),
    "product": (
        text(
            ARRIVAL,
            '[[experiment.background]]\nname = "b"\nsigma = 0\nevents = 30\nenergy = [3, 2, 1]\ntime = "flat"\n',
        ),
        lambda: experiment(
            **TIMED, backgrounds=[Background("b", 30 * np.outer([3 / 6, 2 / 6, 1 / 6], [1 / 6, 5 / 6]).ravel(), 0.0)]
        ),
    ),
    "product from files": (
        text(
            SHARES_TEXT,
            '[[experiment.background]]\nname = "b"\nsigma = 0.1\nevents = 30\nlight = "light.csv"\n"F90" = "f.npy"\n',
            response='axis = "light"',
        ),
        lambda: experiment(
            **SHAPED, backgrounds=[Background("b", 30 * np.outer([3 / 6, 2 / 6, 1 / 6], [1 / 4, 3 / 4]).ravel(), 0.1)]
        ),
        {"light": "3\n2\n1\n", "f": np.array([10.0, 30.0])},
    ),
    "nuisances": (
        text(
            BACKGROUND,
            '[[experiment.nuisance]]\nname = "strength"\nsigma = inf\n'
            '[[experiment.nuisance]]\nname = "flux"\nsigma = 0.1\nof = ["signal", "neutrons"]\n'
            '[[experiment.nuisance]]\nname = "neutron"\nsigma = 0.2\n'
            "of = {signal = -0.5, neutrons = 1}\n",
            ARRIVAL,
            head='correlations = [{of = ["flux", "neutron"], value = 0.5}]\nfloor = 1e-3',
        ),
        lambda: experiment(
            **TIMED,
            backgrounds=[Background("neutrons", NEUTRONS.ravel(), 0.3)],
            nuisances=[
                Nuisance("strength", math.inf),
                Nuisance("flux", 0.1, ["signal", "neutrons"]),
                Nuisance("neutron", 0.2, {"signal": -0.5, "neutrons": 1}),
            ],
            correlations=[(("flux", "neutron"), 0.5)],
            floor=1e-3,
        ),
    ),
    "shape of a part": (
        text(
            ARRIVAL,
            '[[experiment.shape]]\nkind = "response"\nname = "threshold"\nlow = -2\nhigh = 2.5\n'
            'up = {efficiency = {kind = "logistic", a = 0.9, b = 0.8, c = 5.5}}\n'
            'down = {efficiency = {kind = "logistic", a = 0.9, b = 0.8, c = 6.5}}\n',
            response=LOGISTIC,
        ),
        lambda: experiment(
            **TIMED,
            response=Response(PolynomialQuenching((0.25,)), Axis("energy", [5, 10, 20, 60], "keVee"), efficiency=BENT),
            shapes=[
                ResponseShape(
                    "threshold", LogisticEfficiency(0.9, 0.8, 5.5), LogisticEfficiency(0.9, 0.8, 6.5), -2.0, 2.5
                )
            ],
        ),
    ),
    "shape of the whole": (
        text(
            f'[[experiment.shape]]\nkind = "response"\nname = "light"\nup = {WHOLE % 1.1}\ndown = {WHOLE % 0.9}\n',
            data="[experiment.data]\nobserved = [60, 40, 20]\n",
        ),
        lambda: experiment(observed=[60, 40, 20], shapes=[ResponseShape("light", MORE_LIGHT, LESS_LIGHT)]),
    ),
    "time offset": (
        text(ARRIVAL, '[experiment.shape]\nkind = "time-offset"\nlow_us = -0.3\nhigh_us = 0.3\nsigma_us = 0.1\n'),
        lambda: experiment(**TIMED, shapes=[TimeOffset(-0.3, 0.3, 0.1)]),
    ),
    "free time offset": (
        text(
            ARRIVAL,
            '[experiment.shape]\nkind = "time-offset"\nlow_us = -0.3\nhigh_us = 0.3\nsigma_us = inf\nname = "clock"\n',
        ),
        lambda: experiment(**TIMED, shapes=[TimeOffset(-0.3, 0.3, name="clock")]),
    ),
    "deformation": (
        text(
            ARRIVAL,
            BACKGROUND,
            '[[experiment.shape]]\nkind = "deformation"\nname = "spectrum"\nof = "neutrons"\nreach = 3\n'
            'up = [[4, 1], [2, 1], [1, 0.5]]\ndown = "down.csv"\n',
        ),
        lambda: experiment(
            **TIMED,
            backgrounds=[Background("neutrons", NEUTRONS.ravel(), 0.3)],
            shapes=[Deformation("spectrum", "neutrons", [4, 1, 2, 1, 1, 0.5], [2, 1, 2, 1, 1, 0.5], 3.0)],
        ),
        {"down": "2\n1\n2\n1\n1\n0.5\n"},
    ),
    "deformation of shares": (
        text(
            SHARES_TEXT,
            '[[experiment.shape]]\nkind = "deformation"\nname = "F90"\nof = "signal"\n'
            "up = [[0.5, 0.5], [0.3, 0.7], [0.2, 0.7]]\n",
        ),
        lambda: experiment(**SHAPED, shapes=[Deformation("F90", "signal", MOVED)]),
    ),
    "deformation of a template": (
        text(
            PULSES,
            'template = "cevns.npy"\n[[experiment.shape]]\nkind = "deformation"\nname = "F90"\nof = "signal"\n'
            'up = "up.npy"\n',
        ),
        lambda: experiment(**SHAPED, shapes=[Deformation("F90", "signal", MOVED)]),
        lambda: {"cevns": SHARES * own()[:, None], "up": MOVED * own()[:, None]},
    ),
    "expected": (
        text(ARRIVAL, BACKGROUND, data='[experiment.data]\nobserved = "asimov"\n'),
        lambda: experiment(**TIMED, backgrounds=[Background("neutrons", NEUTRONS.ravel(), 0.3)]).asimov("sm"),
    ),
    "expected of a model": (
        text(
            ARRIVAL,
            data='[experiment.data]\nobserved = "asimov"\nasimov = {model = "b-l", mass = 20, coupling = 1e-4}\n',
        ),
        lambda: experiment(**TIMED).asimov("b-l", mass=20, coupling=1e-4),
    ),
    "expected with other radii": (
        text(ARRIVAL, data='[experiment.data]\nobserved = "asimov"\nasimov = {rn_ar = 3.6}\n'),
        lambda: experiment(**TIMED).asimov("sm", rn_ar=3.6),
    ),
    "expected of a model of one's own": (
        text(
            ARRIVAL,
            data='[experiment.data]\nobserved = "asimov"\n[experiment.data.asimov]\ncoupling = 0.5\n'
            "model = {up = {e = 0.3}, down = {mu = 0.1}}\n",
        ),
        lambda: experiment(**TIMED).asimov(
            cevns.interactions.NonStandardInteractions(up={"e": 0.3}, down={"mu": 0.1}), coupling=0.5
        ),
    ),
    "expected with their square roots": (
        text(
            head="signal_sigma = 0.1\nquenching_sigma = 0.05\n",
            data='[experiment.data]\nobserved = "asimov"\nuncertainty = "counting"\n',
        ),
        lambda: experiment(observed=own(), uncertainty=np.sqrt(own()), signal_sigma=0.1, quenching_sigma=0.05),
    ),
    "expected with uncertainties": (
        text(head="signal_sigma = 0.1\n", data='[experiment.data]\nobserved = "asimov"\nuncertainty = [9, 8, 7]\n'),
        lambda: experiment(observed=own(), uncertainty=[9, 8, 7], signal_sigma=0.1),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_a_file_describes_what_python_does(load, case):
    content, expected, *files = case
    files = files[0] if files else {}
    found, expected = load(content, **(files() if callable(files) else files)), expected()
    for name in ("target", "response", "form_factor", "nuisances", "correlations", "floor", "signal_sigma", "arrival"):
        assert getattr(found, name) == getattr(expected, name), name
    np.testing.assert_allclose(found.observed, expected.observed, rtol=1e-12)
    for name in ("backgrounds", "shapes"):
        assert len(getattr(found, name)) == len(getattr(expected, name))
    for model, values in (("sm", {}), ("b-l", POINT)):
        assert found.chi2(model, **values) == pytest.approx(expected.chi2(model, **values), rel=1e-9, abs=1e-9)


KNOWN = {
    "systematics": ('name = "coherent-csi-2021"\nsystematics = "core"\n', "coherent-csi-2021", {"systematics": "core"}),
    "shapes": (
        'name = "coherent-argon-2020-3d"\nshapes = ["F90", "PBRN-time"]\n',
        "coherent-argon-2020-3d",
        {"shapes": ["F90", "PBRN-time"]},
    ),
    "runs": ('name = "xenonnt-8b-2026"\nruns = ["sr2"]\n', "xenonnt-8b-2026", {"runs": ["sr2"]}),
    "quenching": (
        'name = "coherent-ge-2024"\nquenching = {kind = "lindhard", protons = 32, nucleons = 72.6, k = 0.2}\n',
        "coherent-ge-2024",
        {"quenching": cevns.detectors.LindhardQuenching(32, 72.6, 0.2)},
    ),
}


@pytest.mark.parametrize(("content", "name", "options"), KNOWN.values(), ids=list(KNOWN))
def test_built_in_experiments_take_their_options(load, content, name, options):
    expected = cevns.load(name, **options)
    assert load(f"schema = 1\n[[experiment]]\n{content}").chi2("sm") == expected.chi2("sm")


def test_built_in_experiments_keep_their_nuisances_and_take_more(load):
    known = 'schema = 1\n[[experiment]]\nname = "coherent-ge-2024"\n'
    plain = cevns.load("coherent-ge-2024")
    assert load(known).nuisances == plain.nuisances
    more = load(known + 'nuisance = {name = "mass", sigma = 0.02}\nfloor = 1e-5\n')
    assert more.nuisances == (*plain.nuisances, Nuisance("mass", 0.02))
    assert more.floor == 1e-5
    expected = load(known + 'data = {observed = "asimov", uncertainty = [3]}\n')
    assert expected.chi2("sm") == pytest.approx(0, abs=1e-9)
    assert expected.uncertainty == (3.0,)


def test_listings_of_the_page_on_extending_are_read(load, tmp_path):
    page = (Path(__file__).parents[1] / "docs" / "extending.md").read_text(encoding="utf-8")
    section = page.partition("## Several axes and nuisances in a configuration\n")[2].partition("\n## ")[0]
    mine, known = re.findall(r"```toml\n(.*?)```", section, flags=re.DOTALL)
    found = load(mine)
    assert found.signal.binning.shape == (3, 2)
    assert [n.name for n in found.nuisances] == ["flux", "level", "neutron yield"]
    assert {s.name for s in found.shapes} == {"threshold", "time offset", "neutron spectrum"}
    # counts that are invented near what is expected
    assert 0 < found.chi2("sm") < 12
    (tmp_path / "known.toml").write_text(known, encoding="utf-8")
    csi, argon, xenon = load_config(tmp_path / "known.toml").likelihood.experiments
    assert csi.shapes == ()
    assert len(argon.shapes) == 2
    assert xenon.chi2("sm") == pytest.approx(0, abs=1e-9)


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
    "axes that cannot be read": text(
        PULSES.replace("0.7", "0.4"),
        "shares = [[1, 0], [1, 0], [1, 0]]\n",
        '[[experiment.background]]\nname = "b"\nsigma = 0.1\nevents = 3\nenergy = [1, 1, 1]\nF90 = "flat"\n',
    ),
    "axes of one name": text(PULSES, "shares = [[1, 0], [1, 0], [1, 0]]\n", BACKGROUND, response='axis = "F90"'),
}


@pytest.mark.parametrize("content", ONE.values(), ids=list(ONE))
def test_what_follows_from_a_problem_is_none(problems, content):
    assert len(problems(content)) == 1


@pytest.mark.parametrize("case", BAD.values(), ids=list(BAD))
def test_what_is_wrong_is_named_with_its_place_and_a_remedy(problems, case):
    content, words, *files = case
    found = "\n".join(problems(content, **(files[0] if files else {})))
    assert [word for word in words if word not in found] == [], found
