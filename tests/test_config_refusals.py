"""Configuration files that are refused, with the path to the key."""

import os
import re

import pytest
from configs import DATA, FLUX, KNOWN, QUENCHING, RESPONSE, TARGET, own
from test_config import FLUX_FILE

from cevns.config import (
    document,
    load_config,
)
from cevns.errors import DataError

# what is refused


BAD = {
    "empty file": ("", ["schema: missing", "experiment: missing"]),
    "no schema": ('[[experiment]]\nname = "coherent-argon-2020"\n', ["schema: missing"]),
    "later schema": (KNOWN.replace("schema = 1", "schema = 2"), ["schema: must be 1"]),
    "schema that is true": (KNOWN.replace("schema = 1", "schema = true"), ["schema: must be 1", "got True"]),
    "schema as text": (KNOWN.replace("schema = 1", 'schema = "1"'), ["schema: must be 1"]),
    "no experiments": ("schema = 1\nexperiment = []\n", ["experiments is empty"]),
    "experiment as text": ('schema = 1\nexperiment = "coherent-argon-2020"\n', ["experiment: must be a table"]),
    "same experiment twice": (KNOWN + KNOWN.removeprefix("schema = 1\n"), ["more than once"]),
    "unknown experiment": (KNOWN.replace("argon", "argo"), ["experiment[1]: unknown experiment 'coherent-argo-2020'"]),
    "unknown top key": (KNOWN + '[mode]\nname = "b-l"\n', ["mode: unknown key; did you mean 'model'?"]),
    "unknown experiment key": (
        KNOWN + "quench = 1\n",
        ["experiment[1].quench: unknown key; did you mean 'quenching'?"],
    ),
    "unknown option value": (
        KNOWN + 'quenching = "released"\n',
        ["experiment[1]: unknown argon quenching", "'release'"],
    ),
    "key of another kind": (
        own(flux=FLUX + "energy_mev = 3\n"),
        ["experiment[1].flux.energy_mev: unknown key; allowed: neutrinos_per_proton"],
    ),
    "wrong unit in a key": (
        own(flux=FLUX.replace("distance_m", "distance_cm")),
        ["flux.distance_cm: unknown key; did you mean 'distance_m'?", "flux.distance_m: missing"],
    ),
    "unknown kind": (
        own(flux=FLUX.replace("at-rest", "in-flight")),
        ["flux.kind: unknown kind", "'pion-decay-at-rest'"],
    ),
    "no kind": (own(flux="[experiment.flux]\nprotons = 1\n"), ["flux.kind: missing; give one of pion-decay-at-rest"]),
    "kind that is a number": (own(flux="[experiment.flux]\nkind = 1\n"), ["flux.kind: unknown kind 1"]),
    "no flux": (own(flux=""), ["experiment[1].flux: missing"]),
    "empty fluxes": (own(flux="", head="flux = []\n"), ["experiment[1].flux: is empty"]),
    "negative distance": (
        own(flux=FLUX.replace("27.5", "-27.5")),
        ["experiment[1].flux: distance = -27.5", "at least 0.001 m"],
    ),
    "number as text": (
        own(flux=FLUX.replace("27.5", '"27.5"')),
        ["flux.distance_m: must be a finite number, got '27.5'"],
    ),
    "flag for a number": (
        own(flux=FLUX.replace("27.5", "true")),
        ["flux.distance_m: must be a finite number, got True"],
    ),
    "date for a number": (own(flux=FLUX.replace("27.5", "2020-01-01")), ["flux.distance_m: must be a finite number"]),
    "infinity": (own(flux=FLUX.replace("27.5", "inf")), ["flux.distance_m: must be a finite number, got inf"]),
    "not a number": (own(flux=FLUX.replace("27.5", "nan")), ["flux.distance_m: must be a finite number, got nan"]),
    "very long number": (own(flux=FLUX.replace("27.5", "9" * 400)), ["flux.distance_m: must be a finite number"]),
    "wrong flavour": (
        own(flux='[experiment.flux]\nkind = "monochromatic"\nenergy_mev = 9\nfluence_per_cm2 = 1\nflavour = "muon"\n'),
        ["experiment[1].flux: unknown neutrino flavour 'muon'"],
    ),
    "rates without a time": (
        own(flux=FLUX_FILE.replace('file = "flux.csv"', "energy_mev = [1, 2]\ne_per_cm2_per_mev_per_s = [1, 1]")),
        ["exposure_s"],
    ),
    "rates beyond all numbers": (
        own(
            flux=FLUX_FILE.replace(
                'file = "flux.csv"', "energy_mev = [1, 2]\ne_per_cm2_per_mev_per_s = [1e300, 1]\nexposure_s = 1e300"
            )
        ),
        ["experiment[1].flux: densities['e'] contains inf"],
    ),
    "table without flavours": (
        own(flux=FLUX_FILE.replace('file = "flux.csv"', "energy_mev = [1, 2]")),
        ["densities is empty"],
    ),
    "columns without a file": (own(data=DATA + "columns = {observed = 1}\n"), ["data.columns: needs file"]),
    "unknown nucleus": (own(target=TARGET.replace("Ar-40", "Ar-4O")), ["target.composition: unknown nucleus 'Ar-4O'"]),
    "negative share": (
        own(target=TARGET.replace("Ar-40 = 1", "Ar-40 = -1")),
        ["experiment[1].target: number of Ar-40"],
    ),
    "empty composition": (own(target=TARGET.replace("Ar-40 = 1", "")), ["experiment[1].target: components is empty"]),
    "nucleus without radii": (
        own(tail="[nuclei.X]\nprotons = 1\nneutrons = 1\natomic_mass_u = 2\nproton_radius_fm = 2\n"),
        ["nuclei.X.neutron_radius_fm: missing"],
    ),
    "half a proton": (
        own(
            tail="[nuclei.X]\nprotons = 1.5\nneutrons = 1\natomic_mass_u = 2\n"
            "proton_radius_fm = 2\nneutron_radius_fm = 2\n"
        ),
        ["nuclei.X.protons: must be a whole number, got 1.5"],
    ),
    "nuclei as a number": (own(tail="[nuclei]\nX = 3\n"), ["nuclei.X: must be a table, got 3"]),
    "descending edges": (
        own(response=RESPONSE.replace("5, 10", "10, 5") + QUENCHING),
        ["experiment[1].response: edges"],
    ),
    "text among edges": (
        own(response=RESPONSE.replace("10", '"10"') + QUENCHING),
        ["response.edges[2]: must be a finite"],
    ),
    "no quenching": (own(response=RESPONSE), ["experiment[1].response.quenching: missing"]),
    "steps with a value for each low edge": (
        own(
            response=RESPONSE
            + QUENCHING
            + 'efficiency = {kind = "steps", edges = [3, 5, 8], values = [0.2, 0.6, 0.8]}\n'
        ),
        ["experiment[1].response.efficiency: values must have 2 entries", "for 3 edges"],
    ),
    "points with a value too few": (
        own(
            response=RESPONSE
            + QUENCHING
            + 'efficiency = {kind = "points", observable = [3, 5, 8], values = [0.2, 0.6]}\n'
        ),
        ["experiment[1].response.efficiency: values must have 3 entries", "for 3 points"],
    ),
    "electrons that are neither bound nor free": (
        own(head='electrons = "bound"\n'),
        ["experiment[1].electrons: unknown electrons 'bound'; known: free, shells"],
    ),
    "a wrong key of electrons": (
        own(tail="[experiment.electrons]\nlight_yield_per_kevee = 1\n"),
        ["electrons.light_yield_per_kevee: unknown key; did you mean 'light_yield_per_kev'?"],
    ),
    "electrons of a flux that does not say which neutrinos": (
        own(
            flux='[experiment.flux]\nkind = "monochromatic"\nenergy_mev = 30\nfluence_per_cm2 = 1e14\nflavour = "mu"\n',
            head='electrons = "free"\n',
        ),
        ["experiment[1].electrons: flux 'monochromatic' does not say whether", "antineutrino=True or False"],
    ),
    "electrons of unknown shells": (
        own(target=TARGET.replace("Ar-40", "W-184").replace("39.96", "184"), head='electrons = "shells"\n'),
        ["experiment[1].electrons: binding energies of the electrons of W are not built in"],
    ),
    "electrons as many as no atom has": (
        own(tail="[experiment.electrons.shells]\nAr = [[2, 3.2]]\n"),
        ["experiment[1].electrons: shells of Ar hold 2 electrons"],
    ),
    "shells that are no pairs": (
        own(tail="[experiment.electrons.shells]\nAr = [[2, 3.2, 1]]\n"),
        ["experiment[1].electrons: shells['Ar'][0] must be a pair"],
    ),
    "per cent for a fraction": (
        own().replace("signal_sigma = 0.1", "signal_sigma = 10"),
        ["experiment[1].signal_sigma: signal_sigma = 10 is not allowed", "0.12 for 12 %"],
    ),
    "target of other nuclei": (
        own(target=TARGET.replace("39.96", "131.29")),
        ["experiment[1].target: molar_mass = 131.29 g/mol does not fit"],
    ),
    "flavour of two": (
        own(flux='[experiment.flux]\nkind = "tabulated"\nenergy_mev = [1, 2]\nemu_per_cm2_per_mev = [1, 2]\n'),
        ["flux.emu_per_cm2_per_mev: unknown key; allowed: energy_mev"],
    ),
    "efficiency above 1": (
        own(response=RESPONSE + QUENCHING + 'efficiency = {kind = "constant", value = 1.5}\n'),
        ["experiment[1].response.efficiency: values contains 1.5"],
    ),
    "wrong number of bins": (
        own(data=DATA.replace("40, 30", "40, 30, 20")),
        ["experiment[1].data.observed: must have length 2, one number for each bin of response.edges"],
    ),
    "Poisson counts below 0": (
        own(data="[experiment.data]\nobserved = [1, -2]\n"),
        ["experiment[1].data: observed contains -2", "at least 0", "(bin 2, energy 10 to 20 keVee)"],
    ),
    "uncertainty of 0": (
        own(data=DATA.replace("8, 7", "8, 0")),
        ["experiment[1].data: uncertainty contains 0", "(bin 2, energy 10 to 20 keVee)"],
    ),
    "no uncertainty of the signal": (
        own().replace("signal_sigma = 0.1\n", ""),
        ["experiment[1].signal_sigma: missing, which Gaussian data need"],
    ),
    "background without counts": (
        own(tail='[[experiment.background]]\nname = "n"\nsigma = 0.1\n'),
        ["experiment[1].background[1].counts: missing"],
    ),
    "unknown model": (KNOWN + '[model]\nname = "bl"\n', ["model: unknown interaction 'bl'", "'b-l'"]),
    "model without a name": (KNOWN + "[model]\nquarks = [1, 1]\nleptons = {e = 1}\n", ["model.name: missing"]),
    "model of two kinds": (KNOWN + "[model]\nup = {e = 1}\nquarks = [1, 1]\n", ["model: give", "quarks", "up"]),
    "unknown kind of model": (
        KNOWN + '[model]\nkind = "scalr"\nname = "m"\n',
        ["model.kind: unknown kind of a model 'scalr'; known: pseudoscalar, scalar"],
    ),
    "kind of a model without a name": (KNOWN + '[model]\nkind = "scalar"\n', ["model.name: missing"]),
    "tensor without charges": (
        KNOWN + '[model]\nkind = "tensor"\nname = "m"\nproton = 1\n',
        ["model.neutron: missing"],
    ),
    "tensor with electrons": (
        KNOWN + '[model]\nkind = "tensor"\nname = "m"\nproton = 1\nneutron = 1\nelectron = 1\n',
        ["model.electron: unknown key; did you mean 'neutron'?"],
    ),
    "pseudoscalar on nuclei": (
        KNOWN + '[model]\nkind = "pseudoscalar"\nname = "m"\nproton = 1\n',
        ["model.proton: unknown key"],
    ),
    "scalar by flavour": (
        KNOWN + '[model]\nkind = "scalar"\nname = "m"\nproton = {e = 1}\n',
        ["model.proton: must be a finite number, got {'e': 1}"],
    ),
    "scalar of another flavour": (
        KNOWN + '[model]\nkind = "scalar"\nname = "m"\nneutrinos = {muon = 1}\nproton = 1e9\n',
        ["model: unknown lepton flavour 'muon'", "model: proton = 1000000000.0 is not allowed"],
    ),
    "signed scalar": (
        KNOWN + '[model]\nkind = "scalar"\nname = "m"\nsigned = true\n',
        ["model.signed: unknown key; allowed: name"],
    ),
    "signed by a number": (
        KNOWN + '[model]\nname = "m"\nquarks = [1, 1]\nleptons = {e = 1}\nsigned = 1\n',
        ["model.signed: must be true or false, got 1"],
    ),
    "signed contact": (
        KNOWN + '[model]\nname = "m"\nproton = {e = 1}\nmediated = false\nsigned = true\n',
        ["model: signed = true is for mediators", "leave it out"],
    ),
    "upscattering by what": (
        KNOWN + '[model]\nkind = "upscattering"\nname = "m"\nexchange = "tensor"\nproton = 1\nneutron = 1\n',
        ["model.exchange: unknown exchange 'tensor'; known: scalar, vector"],
    ),
    "vector without charges": (
        KNOWN + '[model]\nkind = "vector"\nname = "m"\n',
        ["model: a vector has quarks and leptons, or electron, neutron, proton"],
    ),
    "numbers without a kind": (
        KNOWN + '[model]\nname = "m"\nproton = 14\nneutron = 15\n',
        ["model.kind: missing: proton goes in this form with one of", '"tensor", "upscattering"'],
    ),
    "couplings of neutrinos without a kind": (
        KNOWN + '[model]\nname = "m"\nneutrinos = {e = 1}\n',
        ["model.kind: missing: neutrinos goes"],
    ),
    "models of one name": (
        KNOWN + '[[model]]\nname = "b-l"\n[[model]]\nkind = "scalar"\nname = "b-l"\n',
        ["model[1].name: is 'b-l' more than once: give each model a name of its own"],
    ),
    "one of several models": (
        KNOWN + '[[model]]\nname = "b-l"\n[[model]]\nkind = "tensor"\nname = "m"\nproton = "a"\nneutron = 1\n',
        ["model[2].proton: must be a finite number, got 'a'"],
    ),
    "no model of several": (f"model = []\n{KNOWN}", ["model: is empty: give at least one model, or leave it out"]),
    "three quarks": (
        KNOWN + '[model]\nname = "m"\nquarks = [1, 1, 1]\nleptons = {e = 1}\n',
        ["model: quarks must be the two charges"],
    ),
    "unknown flavour": (KNOWN + "[model]\nup = {muon = 1}\n", ["model: unknown lepton flavour 'muon'"]),
    "flavour of text": (KNOWN + '[model]\nup = {e = "1"}\n', ["model.up.e: must be a finite number, got '1'"]),
    "unknown weak couplings": (
        KNOWN + '[model]\nname = "sm"\nweak = "tree"\n',
        ["model.weak: unknown weak", "'tree-level'"],
    ),
    "model as text": (f'model = "b-l"\n{KNOWN}', ["model: must be a table, got 'b-l'"]),
}


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=list(BAD))
def test_bad_configurations_are_refused_with_the_path_to_the_key(problems, text, words):
    found = "\n".join(problems(text))
    for word in words:
        assert word in found


def test_all_problems_are_reported_together(problems):
    text = own(
        flux=FLUX.replace("distance_m", "distance"), data=DATA.replace("[8, 7]", "8"), tail='[model]\nname = "bl"\n'
    )
    assert [problem.split(":")[0] for problem in problems(text)] == [
        "model",
        "experiment[1].flux.distance",
        "experiment[1].flux.distance_m",
        "experiment[1].data.uncertainty",
    ]


WITHHELD = {
    "wrong number of counts beside another problem": (
        own(flux=FLUX.replace("distance_m", "distance"), data=DATA.replace("40, 30", "40, 30, 20")),
        ["flux.distance:", "flux.distance_m: missing", "data.observed: must have length 2"],
    ),
    "every wrong number of counts": (
        own(
            data=DATA.replace("40, 30", "40").replace("8, 7", "8, 7, 6"),
            tail='[[experiment.background]]\nname = "n"\ncounts = [1]\nsigma = 0.1\n',
        ),
        ["data.observed: must", "data.uncertainty: must", "background[1].counts: must"],
    ),
    "one table, several numbers": (
        own(flux=FLUX.replace("27.5", "-27.5").replace("0.09", "-1").replace("13.7e22", "-1.0")),
        ["neutrinos_per_proton = -1", "protons = -1", "distance = -27.5"],
    ),
    "a number and a name": (
        own(flux='[experiment.flux]\nkind = "monochromatic"\nenergy_mev = -9\nfluence_per_cm2 = 1\nflavour = "m"\n'),
        ["energy = -9", "unknown neutrino flavour 'm'"],
    ),
    "what the experiment refuses beside its parts": (
        own(flux="", data=DATA.replace("8, 7", "8, 0")).replace("signal_sigma = 0.1", "signal_sigma = -0.1"),
        ["flux: missing", "uncertainty contains 0", "signal_sigma = -0.1"],
    ),
    "several things that the experiment refuses": (
        own(head="quenching_sigma = 7\n", data=DATA.replace("8, 7", "8, 0")).replace("= 0.1", "= -0.1"),
        ["uncertainty contains 0", "quenching_sigma = 7", "signal_sigma = -0.1"],
    ),
    "every nucleus that is not known": (
        own(target=TARGET.replace("Ar-40 = 1", "Ar-4 = 1, Ar-41 = 1")),
        ["unknown nucleus 'Ar-4'", "unknown nucleus 'Ar-41'"],
    ),
    "a nucleus and what uses it": (
        own(
            target=TARGET.replace("Ar-40", "X"),
            tail="[nuclei.X]\nprotons = 1\nneutrons = 1\natomic_mass_u = 2\nproton_radius_fm = 2\n",
        ),
        ["nuclei.X.neutron_radius_fm: missing"],
    ),
    "every column that is not known": (
        own(flux=FLUX_FILE + "columns = {energy = 1, mev = 2}\n"),
        ["unknown column 'energy'", "unknown column 'mev'"],
    ),
    "names and all else": (
        own(flux="") + own().removeprefix("schema = 1\n") + '[model]\nname = "bl"\n',
        [
            "unknown interaction 'bl'",
            "experiment: the name 'mine' is given more than once",
            "experiment[1].flux: missing",
        ],
    ),
}


@pytest.mark.parametrize(("text", "words"), WITHHELD.values(), ids=list(WITHHELD))
def test_no_problem_is_withheld(problems, text, words):
    found = problems(text)
    assert len(found) == len(words), found
    for problem, word in zip(found, words, strict=True):
        assert word in problem


@pytest.mark.parametrize(
    ("tail", "found"),
    [
        (
            '[[experiment.nuisance]]\nname = "flux"\nsigma = 50\n',
            [r"experiment\[1\]\.nuisance\[1\]: sigma of 'flux' = 50"],
        ),
        ('[[experiment.nuisance]]\nname = "flux"\n', [r"experiment\[1\]\.nuisance\[1\]\.sigma: missing"]),
        (
            '[[experiment.nuisance]]\nname = 3\nsigma = "x"\n[[experiment.nuisance]]\nname = "a"\nsigma = 0.1\n',
            [r"nuisance\[1\]\.name: must be a text", r"nuisance\[1\]\.sigma: must be a finite number"],
        ),
        ('[experiment.nuisance]\nname = "flux"\nsigma = -1\n', [r"experiment\[1\]\.nuisance: sigma of 'flux' = -1"]),
        (
            2 * '[[experiment.nuisance]]\nname = "flux"\nsigma = 0.1\n',
            ["names of nuisances must differ, but "],
        ),
        ('[[experiment.background]]\nname = "b"\ncounts = [1, 2]\nsigma = -1\n', [r"background\[1\]: sigma .*-1"]),
    ],
)
def test_a_wrong_entry_of_a_list_is_one_problem(problems, tail, found):
    lines = problems(own(tail=tail))
    assert len(lines) == len(found), lines
    for line, words in zip(lines, found, strict=True):
        assert re.search(words, line)


def test_a_wrong_reference_is_one_problem(problems):
    (line,) = problems(own(head='references = ["arXiv:1", 3]\n'))
    assert line.startswith("experiment[1].references[2]: must be a text")


def test_what_cannot_be_folded_is_listed_for_every_experiment(load):
    radius = "[nuclei.X]\nprotons = 1\nneutrons = 39\natomic_mass_u = 40\n"
    radius += "proton_radius_fm = 0.5\nneutron_radius_fm = 2\n"
    text = own(target=TARGET.replace("Ar-40", "X"))
    config = load(text + text.removeprefix("schema = 1\n").replace("mine", "other") + radius)
    with pytest.raises(
        DataError, match=r"has 2 problem\(s\):\n  \(1\) experiment 'mine'.*\n  \(2\) experiment 'other'"
    ):
        config.check_folding()


def test_only_ordinary_files_of_a_reasonable_size_are_read(problems, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for name, words in (("fifo", "a pipe (FIFO)"), ("/dev/zero", "a device"), (".", "a folder")):
        (found,) = problems(own(flux=FLUX_FILE.replace("flux.csv", name)))
        assert words in found
        with pytest.raises(DataError, match=re.escape(words)):
            load_config(tmp_path / name)
    (tmp_path / "long.toml").write_bytes(b"#" * (document.LARGEST_CONFIG + 1))
    with pytest.raises(DataError, match="longer than"):
        load_config(tmp_path / "long.toml")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"schema = ", "is not TOML"),
        (b"schema = " + b"1" * 5000, "is not TOML"),
        (b"schema = 1\nschema = 1\n", "is not TOML"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"\x00", "is not TOML"),
        (b"a = " + b"[" * 100_000, "is not TOML"),
    ],
    ids=["cut", "long number", "repeated", "binary", "null", "deep"],
)
def test_what_is_not_toml_is_refused(tmp_path, content, word):
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(DataError, match=word):
        load_config(path)


def test_a_folder_or_a_missing_file_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none.toml"):
        with pytest.raises(DataError, match="cannot read"):
            load_config(path)
