"""Fingerprints change with every number and with nothing else."""

import dataclasses
import enum
import functools
import importlib.util
import math
import os
import pickle
import subprocess
import sys
import types
from dataclasses import dataclass, field

import canonical
import numpy as np
import pytest

import cevns
from cevns.binning import Axis
from cevns.detectors import Arrival, Distribution, PolynomialQuenching, Response, TimeOffset
from cevns.errors import InputError
from cevns.experiments import Background, Experiment
from cevns.fluxes import PulseTiming, pion_decay_at_rest
from cevns.interactions import TREE_LEVEL_COUPLINGS, Amplitude, Interaction
from cevns.likelihoods import Nuisance
from cevns.nuclei import Target
from cevns.parameters import Parameter, coupling, mass
from cevns.work import described, fingerprint


def flux(distance=19.3):
    timing = PulseTiming(0.4673, 0.1475, [2.197])
    return pion_decay_at_rest(neutrinos_per_proton=0.08, protons=17.6e22, distance=distance).with_timing(timing)


def small(**changes):
    """Return an experiment whose numbers all are given here."""
    fields = {
        "name": "small",
        "flux": flux(),
        "target": Target.of("CsI", mass=14.6),
        "response": Response(PolynomialQuenching((0.0878,)), [1.0, 2.0, 5.0]),
        "observed": [30.0, 12.0],
    }
    return Experiment(**fields | changes)


#: Each field with another value, and what has to be the same on both sides for it to be possible.
CHANGES = {
    "name": "other",
    "flux": flux(19.300000000000004),
    "target": Target.of("CsI", mass=14.600000000000001),
    "response": Response(PolynomialQuenching((0.0878,)), [1.0, 2.0, 5.000000000000001]),
    "observed": [30.0, 12.000000000000002],
    "uncertainty": [6.0, 4.0],
    "signal_sigma": 0.1,
    "backgrounds": [Background("dust", [1.0, 1.0], 0.1)],
    "quenching_sigma": 0.05,
    "form_factor": "klein-nystrand",
    "label": "S",
    "description": "a small one",
    "references": ("arXiv:2008.05022",),
    "nuisances": [Nuisance("flux", 0.1)],
    "electrons": "free",
    "arrival": Arrival([0.0, 6.0]),
    "distribution": Distribution([Axis("F90", [0.5, 0.9])], [[0.4], [0.8]]),
    "shapes": [TimeOffset(-0.25, 0.25)],
    "correlations": {("a", "b"): 0.3},
    "floor": 0.01,
    "expected": True,
}
NEEDED = {
    "uncertainty": {"signal_sigma": 0.2},
    "quenching_sigma": {"signal_sigma": 0.2, "uncertainty": [6.0, 4.0]},
    "shapes": {"arrival": Arrival([0.0, 6.0])},
    "correlations": {"nuisances": [Nuisance("a", 0.1), Nuisance("b", 0.1)]},
}


def test_every_field_of_an_experiment_counts():
    assert CHANGES.keys() == {f.name for f in dataclasses.fields(Experiment) if f.compare}
    found = {"small": fingerprint(small())}
    for name, value in CHANGES.items():
        with_needed = small(**NEEDED.get(name, {}))
        found[name] = fingerprint(small(**NEEDED.get(name, {}) | {name: value}))
        assert found[name] != fingerprint(with_needed), name
    assert len(set(found.values())) == len(found)


def test_fingerprints_do_not_change():
    """Between versions, processes and machines: folders of weeks hang on them."""
    values = {"seed": 1, "a": [True, None, "é", b"x", 1j, np.arange(3), {2.5}]}
    found = [fingerprint(value) for value in (small(signal_sigma=0.1), cevns.get_interaction("b-l"), values)]
    assert found == [
        "72f6f7dab9be8eaad45156bd504ea5e2ecaf47e8fea3f34f36d9a827c4d9529c",
        "fb1827743f7e1c9dc1dfc51a7b2fc3ebcf2a20dbeaf91f2c8bc01b8fb2ca2ab9",
        "b2a9c693fffbd27a95a2e9f00061050ff2c59bce3d8853a66af02a9d226fbec5",
    ]


def test_neither_caches_nor_origin_count(argon):
    experiment = small(signal_sigma=0.2, uncertainty=[6.0, 4.0], quenching_sigma=0.05)
    before = fingerprint(experiment)
    experiment.chi2("b-l", mass=10.0, coupling=1e-5)
    experiment.limit("universal", 10.0)
    assert fingerprint(experiment) == before
    for other in (
        pickle.loads(pickle.dumps(experiment)),
        experiment.replace(floor=0),
        experiment.with_data(np.array([30, 12])),
        small(signal_sigma=0.2, uncertainty=np.array([6, 4]), quenching_sigma=np.float64(0.05), observed=(30, 12)),
    ):
        assert fingerprint(other) == before
    assert fingerprint(cevns.load("coherent-argon-2020")) == fingerprint(argon)


def test_likelihoods_have_theirs(csi, argon, both):
    assert fingerprint(both) == fingerprint(csi + argon)
    with_prior = both.with_priors(rn_ar=(3.4, 0.1))
    found = [both, argon + csi, csi, with_prior, both.with_priors(rn_ar=(3.4, 0.2)), both.asimov("sm")]
    assert len(set(map(fingerprint, found))) == 6
    assert fingerprint(pickle.loads(pickle.dumps(with_prior))) == fingerprint(with_prior)


def test_data_sets_and_interactions_all_differ():
    things = [*map(cevns.load, cevns.known_experiments()), *canonical.INTERACTIONS.values(), *canonical.FLUXES.values()]
    things += [*canonical.QUENCHINGS.values(), *canonical.EFFICIENCIES.values(), *canonical.TIMINGS.values()]
    things += [shape for _, shape in canonical.SHAPES.values()]
    found = [fingerprint(thing) for thing in things]
    assert len(set(found)) == len(things)
    assert [fingerprint(pickle.loads(pickle.dumps(thing))) for thing in things] == found


def test_numbers_of_interactions_and_parameters_count():
    amplitudes = [Amplitude((f, f), 0.0, 1.0, (("coupling", 2),), "mass") for f in ("e", "mu")]
    one = Interaction("one", (mass(), coupling()), amplitudes)
    other = Amplitude(("e", "e"), 0.0, math.nextafter(1, 2), (("coupling", 2),), "mass")
    found = [
        one,
        one.replace(amplitudes=[other, *amplitudes[1:]]),
        one.replace(amplitudes=amplitudes[:1]),
        one.replace(weak=TREE_LEVEL_COUPLINGS),
        one.replace(parameters=(mass(), coupling().replace(high=1.0))),
        one.replace(parameters=(mass(), coupling().replace(prior=(0.0, 1.0)))),
    ]
    assert len(set(map(fingerprint, found))) == len(found)
    # what a message says is no number
    assert fingerprint(Parameter("a", reason="why")) == fingerprint(Parameter("a"))


# --- values


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@dataclass
class Mine:
    number: float
    kept: float = field(default=0.0, compare=False)


def doubled(x):
    return 2 * x


def within(x):
    return lambda: x


DIFFERENT = [
    *(None, True, False, 0, 1, 2**53 + 1, -1, 0.1, math.inf, -math.inf, math.nan, 1j, "", "1", b"", b"1", "a", b"a"),
    *((), (1,), (1, 2), (2, 1), ((1,), 2), (1, (2,)), [[]], {}, {"a": 1}, {"a": 2}, {"b": 1}, set(), {1}),
    *(np.zeros(2), np.zeros((2, 1)), np.zeros((1, 2)), np.ones(2), np.zeros(2, bool), np.array(["a", "b"])),
    *(np.array([2**62]), np.array([2**62 + 1]), np.array([1j, 0]), np.array([1.0, np.nan]), np.array([None, "a"])),
    *(Colour.RED, Colour.BLUE, Mine(1.0), Mine(2.0), Mine, doubled, within(1), within(2), np.exp, np.log, math.exp),
    *(functools.partial(doubled, 1), functools.partial(doubled, 2), Mine(1.0).__eq__, Parameter("a"), Parameter("b")),
]
SAME = [
    (1, 1.0, np.int8(1), np.float32(1)),
    (0.0, -0.0, 0),
    (math.nan, -math.nan, np.float64("nan")),
    (np.bool_(True), True),
    ([1, 2], (1.0, 2)),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, types.MappingProxyType({"a": 1.0, "b": 2})),
    ({1, 2}, frozenset([2, 1])),
    (np.arange(6.0).reshape(2, 3), np.arange(6).reshape(2, 3), np.arange(6.0).reshape(2, 3).copy(order="F")),
    (
        np.array([0.0, np.nan]),
        np.array([-0.0, -np.nan]),
        np.array([0.0, np.nan]).astype(">f8"),
        np.float32([0, np.nan]),
    ),
    (Mine(1.0), Mine(1, kept=3.0)),
    (np.str_("a"), "a"),
]


def test_different_values_have_different_fingerprints():
    assert len(set(map(fingerprint, DIFFERENT))) == len(DIFFERENT)


@pytest.mark.parametrize("values", SAME, ids=range(len(SAME)))
def test_equal_values_have_one_fingerprint(values):
    assert len(set(map(fingerprint, values))) == 1


@pytest.mark.parametrize(
    "value",
    [object(), [object()], np.random.default_rng(1), iter([]), np.zeros(1, "M8[s]"), np.zeros(1, np.longdouble)],
    ids=["object", "in a list", "generator", "iterator", "dates", "long doubles"],
)
def test_what_has_no_fingerprint_is_told(value):
    with pytest.raises(InputError, match=r"no fingerprint can be made of an? "):
        fingerprint(value)


def test_what_holds_itself_has_none():
    value = []
    value.append(value)
    with pytest.raises(InputError, match="that holds itself"):
        fingerprint(value)


def test_functions_count_with_what_they_do():
    """By their source, or by their code where they have none."""
    sources = ["def f(x): return x", "def f(x): return 2 * x", "def f(x):\n    # alike\n    return x"]
    found = []
    for source in sources:
        scope = {"__name__": "mine"}
        exec(source, scope)
        found.append(fingerprint(scope["f"]))
    assert found[0] == found[2] != found[1]


def test_classes_count_with_what_they_do(tmp_path, monkeypatch):
    """Of one's own, such as a quenching factor; by their source, or by their code where they have none."""
    text = """
from dataclasses import dataclass
from cevns.detectors import Quenching

@dataclass(frozen=True)
class Own(Quenching):
    factor: float

    def signal(self, recoil):
        return {} * self.factor * recoil

@dataclass(frozen=True)
class Heir(Own):
    pass
"""
    typed, written = {"Own": [], "Heir": []}, {"Own": [], "Heir": []}
    for k, what in enumerate(("1", "1", "2")):
        scope = {"__name__": "typed"}
        exec(text.format(what), scope)
        path = tmp_path / f"{k}.py"
        path.write_text(text.format(what), encoding="utf-8")
        spec = importlib.util.spec_from_file_location("own", path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "own", module)
        spec.loader.exec_module(module)
        for name in typed:
            typed[name].append(fingerprint(scope[name](0.1)))
            written[name].append(fingerprint(getattr(module, name)(0.1)))
    for found in (*typed.values(), *written.values()):
        assert found[0] == found[1] != found[2]


def test_other_processes_find_the_same():
    code = (
        "import cevns; from cevns.work import fingerprint; print(fingerprint("
        "[cevns.load('coherent-argon-2020'), {'a', 'b', 'c', 'd'}, {'x': 1, 'y': 2}]))"
    )
    found = set()
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        found.add(done.stdout.strip())
    assert found == {fingerprint([cevns.load("coherent-argon-2020"), {"a", "b", "c", "d"}, {"x": 1, "y": 2}])}


# --- descriptions


def test_descriptions_go_down_to_fields(both):
    found = described({"likelihood": both, "seed": 3, "text": "x" * 100, "points": np.zeros(3)})
    assert found["seed"] == "3"
    assert found["likelihood.experiments.coherent-argon-2020.signal_sigma"] == "0.134"
    assert found["likelihood.experiments.coherent-csi-2017.observed"].startswith("sha256:")
    assert found["text"].startswith("sha256:")
    assert found["points"] == f"sha256:{fingerprint(np.zeros(3))}"
    assert max(name.count(".") for name in found) == 3
