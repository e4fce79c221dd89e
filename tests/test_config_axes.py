"""Configurations of experiments in several axes: arrival times, distributions, shapes, nuisances, expected counts."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from configs import only

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
def load(load):
    """Load the only experiment of a configuration."""
    return lambda content, /, **files: only(load(content, **files))


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
    "expected of a model of the file": (
        text(
            ARRIVAL,
            '[model]\nname = "mine"\nup = {e = 0.3}\ndown = {mu = 0.1}\n',
            data='[experiment.data]\nobserved = "asimov"\nasimov = {model = "mine", coupling = 0.5}\n',
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
    more = load(known + 'nuisance = {name = "mass", sigma = 0.02}\n')
    assert more.nuisances == (*plain.nuisances, Nuisance("mass", 0.02))
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
