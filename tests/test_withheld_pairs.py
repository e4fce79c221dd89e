"""Any two problems of different parts of an experiment are listed beside each other, and no third one."""

import re

import pytest

from cevns.config import load_config
from cevns.errors import DataError

RIGHT = """
schema = 1
[[experiment]]
name = "x"
signal_sigma = 0.1
[experiment.flux]
kind = "pion-decay-at-rest"
neutrinos_per_proton = 0.08
protons = 1e23
distance_m = 20.0
[experiment.target]
composition = "Ar"
mass_kg = 10.0
[experiment.response]
edges = [5, 10, 20]
quenching = {kind = "constant", factor = 0.25}
efficiency = {kind = "points", observable = [0, 30], values = [0.5, 0.5]}
resolution = {kind = "gaussian", sigma_at_one = 0.1}
[experiment.data]
observed = [60, 18]
[[experiment.background]]
name = "b1"
sigma = 0.1
counts = [5, 6]
[[experiment.background]]
name = "b2"
sigma = 0.2
counts = [7, 8]
[[experiment.nuisance]]
name = "n1"
sigma = 0.3
of = ["signal"]
[[experiment.nuisance]]
name = "n2"
sigma = 0.4
of = {b2 = 0.5}
[[experiment.nuisance]]
name = "n3"
sigma = 0.5
[[experiment.shape]]
kind = "deformation"
name = "s1"
of = "b2"
up = [9, 4]
[experiment.correlations]
of = ["n1", "n3"]
value = 0.5
[model]
name = "m"
quarks = [1, 1]
leptons = {e = 1, mu = 1}
"""
#: What is wrong, instead of what, and what is said of it; one of each row at most.
WRONG = {
    "protons": ("protons = 1e23", "protons = -1", "flux: protons = -1"),
    "a key of the flux": ("distance_m = 20.0", "distance_m = 20.0\nfoo = 1", "flux.foo: unknown key"),
    "composition": ('composition = "Ar"', 'composition = "Qx"', "unknown element 'Qx'"),
    "mass": ("mass_kg = 10.0", "mass_kg = -1", "target: mass = -1"),
    "order of edges": ("edges = [5, 10, 20]", "edges = [5, 20, 10]", "response: edges must ascend"),
    "a negative edge": ("edges = [5, 10, 20]", "edges = [-5, 10, 20]", "response: edges contains -5"),
    "an edge that is a text": ("edges = [5, 10, 20]", 'edges = [5, "a", 20]', r"edges\[2\]: must be"),
    "a quenching factor of 5": ("factor = 0.25", "factor = 5", "f_Q is 5"),
    "a negative quenching factor": ("factor = 0.25", "factor = -5", "coefficients must start"),
    "quenching of no nucleus": (
        '{kind = "constant", factor = 0.25}',
        '{Xe = {kind = "constant", factor = 0.25}}',
        "'Xe'",
    ),
    "efficiency": ("values = [0.5, 0.5]", "values = [0.5, 5]", "efficiency: values contains 5"),
    "resolution": ("sigma_at_one = 0.1", "sigma_at_one = -1", "resolution: a = -1"),
    "observed": ("observed = [60, 18]", "observed = [60, -18]", "observed contains -18"),
    "counts": ("counts = [5, 6]", "counts = [5, -6]", "counts of background .* contains -6"),
    "number of counts": ("counts = [7, 8]", "counts = [7, 8, 9]", r"background\[2\].counts: must"),
    "sigma of a background": ("sigma = 0.1\ncounts", "sigma = 30\ncounts", "sigma of background .* = 30"),
    "backgrounds of one name": ('name = "b1"', 'name = "b2"', "background names must differ, but 'b2'"),
    "sigma of a nuisance": ("sigma = 0.3", "sigma = 40", "sigma of .* = 40"),
    "component of a nuisance": ('of = ["signal"]', 'of = ["signal", "bad"]', "unknown component 'bad'"),
    "sigma of another": ("sigma = 0.4", "sigma = 41", "sigma of .* = 41"),
    "component of another": ("of = {b2 = 0.5}", "of = {bed = 0.5}", "unknown component 'bed'"),
    "nuisances of one name": ('name = "n2"', 'name = "n1"', "names of nuisances must differ, but 'n1'"),
    "component of a shape": ('of = "b2"', 'of = "bud"', "unknown component 'bud'"),
    "counts of a shape": ("up = [9, 4]", "up = [9, -4]", "up of deformation .* contains -4"),
    "reach of a shape": ("up = [9, 4]", "up = [9, 4]\nreach = 100", "reach of deformation .* = 100"),
    "a shape like a nuisance": ('name = "s1"', 'name = "n3"', "are called 'n3'"),
    "correlation": ("value = 0.5", "value = 5", "value = 5"),
    "correlation with none": ('of = ["n1", "n3"]', 'of = ["n1", "n9"]', "unknown nuisance 'n9'"),
    "quarks": ("quarks = [1, 1]", "quarks = [1]", "quarks must"),
    "signal_sigma": ("signal_sigma = 0.1", "signal_sigma = 12", "signal_sigma = 12"),
    "form factor": ("signal_sigma = 0.1", 'signal_sigma = 0.1\nform_factor = "hulm"', "'hulm'"),
    "electrons": ("signal_sigma = 0.1", 'signal_sigma = 0.1\nelectrons = "shels"', "'shels'"),
}
#: Without these there is nothing to which a quenching factor may belong.
APART = {"composition", "quenching of no nucleus"}


def problems(path, *wrong):
    text = RIGHT
    for name in wrong:
        old, new, _ = WRONG[name]
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text)
    try:
        load_config(path)
    except DataError as error:
        return str(error).splitlines()[1:]
    return []


def test_nothing_else_is_wrong(tmp_path):
    assert problems(tmp_path / "mine.toml") == []


@pytest.mark.parametrize("first", WRONG)
def test_two_problems_are_two(tmp_path, first):
    later = list(WRONG)[list(WRONG).index(first) :]
    for second in later:
        one, other = WRONG[first][0], WRONG[second][0]
        if (first != second and (one in other or other in one)) or {first, second} == APART:
            continue
        both = dict.fromkeys((first, second))
        found = problems(tmp_path / "mine.toml", *both)
        assert len(found) == len(both), found
        for name in both:
            assert any(re.search(WRONG[name][2], line) for line in found), (name, found)
