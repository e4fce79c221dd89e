"""All independent problems of a configuration are listed at once, and nothing that another one makes up."""

import re

import pytest

from cevns.config import load_config
from cevns.errors import DataError

HEAD = "schema = 1\n[[experiment]]\n"
OWN = """
name = "x"
signal_sigma = 0.1
[experiment.flux]
kind = "pion-decay-at-rest"
neutrinos_per_proton = {neutrinos}
protons = 1e23
distance_m = {distance}
[experiment.target]
composition = "{composition}"
mass_kg = {mass}
[experiment.response]
edges = {edges}
{quenching}
[experiment.data]
observed = {observed}
uncertainty = [8, 5]
"""
RIGHT = {
    "neutrinos": "0.08",
    "distance": "20.0",
    "composition": "Ar",
    "mass": "10.0",
    "edges": "[5, 10, 20]",
    "quenching": 'quenching = {kind = "constant", factor = 0.25}',
    "observed": "[60, 18]",
}


def own(**changes):
    return HEAD + OWN.format(**RIGHT | changes)


CASES = {
    "known experiment and model": (
        HEAD + 'name = "coherent-csi-2017"\nquenching = "x"\nform_factor = "y"\nbar = 3\n'
        '[model]\nname = "q"\nquarks = [1]\nleptons = {x = 1}\nweak = "z"\n',
        ["'z'", "quarks must", "lepton flavour 'x'", "bar: unknown", "quenching 'x'", "form factor 'y'"],
    ),
    "parts beside what cannot be read": (
        own(neutrinos='"a"', distance="-20.0", composition="Qx", mass="-1", edges="[5, 10, 8]", observed="[6, 1, 3]"),
        [
            "neutrinos_per_proton: must be",
            "distance = -20",
            "'Qx'",
            "mass = -1",
            "edges must ascend",
            "3 numbers in all, as",
        ],
    ),
    "edges beside a quenching factor": (
        own(edges="[5, 10, 8]", quenching='quenching = {kind = "constant", factor = -3}'),
        ["coefficients must start", "edges must ascend"],
    ),
    "a charge beside leptons that are missing": (
        own() + '[model]\nname = "m"\nquarks = [1]\n',
        ["leptons: missing", "quarks must"],
    ),
    "a text and a number": (
        own(quenching='quenching = {kind = "linear", offset = "a", slope_per_kev = -1, constant_above_kev = -1}'),
        ["offset: must be a finite number", "slope = -1", "constant_above = -1"],
    ),
    "two columns": (
        own(quenching='quenching = {kind = "tabulated", recoil_kev = [10, 1], factors = [0.1, -0.1]}'),
        ["recoil_kev must ascend", "factors contains -0.1"],
    ),
    "a maximum misspelled": (
        own(quenching='quenching = {kind = "polynomial", coefficients_per_kev_n = [0.1, -1e-3], maximum_kv = 40}'),
        ["maximum_kv: unknown key"],
    ),
    "a table of another length": (
        own(quenching='quenching = {kind = "tabulated", recoil_kev = ["a"], factors = [0.1, 0.2]}'),
        [r"recoil_kev\[1\]: must be"],
    ),
    "an order alone": (
        own(quenching='quenching = {kind = "tabulated", recoil_kev = [10, 1], factors = [0.5, 0.01]}'),
        ["recoil_kev must ascend"],
    ),
    "isotopes that do not sum": (
        own()
        .replace('composition = "Ar"', "composition = 3")
        .replace("mass_kg", "molar_mass_g_per_mol = 1e9\nmass_kg"),
        ["composition: must be a table"],
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
    for line, words in zip(found, expected, strict=True):
        assert re.search(words, line), line


def test_what_stands_in_is_right(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(own())
    assert load_config(path).likelihood.experiments[0].name == "x"
