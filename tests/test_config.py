"""Configuration files: what they build, and what they refuse."""

import json
import os
import re
import tomllib

import numpy as np
import pytest

import cevns
from cevns.cli import main
from cevns.config import (
    axes,
    counts,
    document,
    experiments,
    fluxes,
    load_config,
    models,
    responses,
    systematics,
    targets,
    template,
)
from cevns.config.readers import Section
from cevns.detectors import (
    BirksQuenching,
    Efficiency,
    ElectronResponse,
    GaussianResolution,
    LindhardQuenching,
    LinearQuenching,
    PoissonResolution,
    PolynomialQuenching,
    Response,
    TabulatedQuenching,
)
from cevns.errors import DataError
from cevns.fluxes import monochromatic, pion_decay_at_rest, reactor_antineutrinos, tabulated
from cevns.interactions import (
    TREE_LEVEL_COUPLINGS,
    NonStandardInteractions,
    PseudoscalarMediator,
    ScalarMediator,
    TensorMediator,
    Upscattering,
    VectorMediator,
    contact,
    mediated,
)
from cevns.nuclei import Nucleus, Target
from cevns.nuclei.form_factors import FormFactor

KNOWN = 'schema = 1\n[[experiment]]\nname = "coherent-argon-2020"\n'

FLUX = """[experiment.flux]
kind = "pion-decay-at-rest"
neutrinos_per_proton = 0.09
protons = 13.7e22
distance_m = 27.5
"""
TARGET = """[experiment.target]
composition = {Ar-40 = 1}
molar_mass_g_per_mol = 39.96
mass_kg = 24
"""
QUENCHING = 'quenching = {kind = "constant", factor = 0.25}\n'
RESPONSE = "[experiment.response]\nedges = [5, 10, 20]\n"
DATA = "[experiment.data]\nobserved = [40, 30]\nuncertainty = [8, 7]\n"
OWN = 'schema = 1\n[[experiment]]\nname = "mine"\nsignal_sigma = 0.1\n'


def own(*, head="", flux=FLUX, target=TARGET, response=RESPONSE + QUENCHING, data=DATA, tail=""):
    """An experiment of one's own in which parts can be replaced."""
    return OWN + head + flux + target + response + data + tail


@pytest.fixture
def load(tmp_path):
    """Load a configuration from text, with further files beside it."""

    def load(text, **files):
        for name, content in files.items():
            (tmp_path / f"{name}.csv").write_text(content, encoding="utf-8")
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return load_config(path)

    return load


@pytest.fixture
def problems(load):
    """Return the problems of a configuration that must be refused."""

    def problems(text, **files):
        with pytest.raises(DataError) as caught:
            load(text, **files)
        first, *lines = str(caught.value).splitlines()
        assert re.search(rf"mine\.toml has {len(lines)} problem", first)
        return [re.sub(r"^  \(\d+\) ", "", line) for line in lines]

    return problems


def only(config):
    (experiment,) = config.likelihood.experiments
    return experiment


# experiments


def test_built_in_experiments_and_models_go_by_name(load):
    text = KNOWN + '[[experiment]]\nname = "coherent-csi-2017"\nquenching = "constant"\n[model]\nname = "b-l"\n'
    config = load(text)
    expected = cevns.load("coherent-argon-2020") + cevns.load("coherent-csi-2017", quenching="constant")
    assert config.model == cevns.get_interaction("b-l")
    assert config.likelihood.chi2(config.model, 10, 5e-5) == expected.chi2("b-l", 10, 5e-5)


def test_a_configuration_need_not_hold_a_model(load):
    assert load(KNOWN).model is None


def test_built_in_experiments_take_quenching_and_form_factor_tables(load):
    options = 'quenching = {kind = "constant", factor = 0.26}\nform_factor = {name = "helm", thickness_fm = 0.95}\n'
    experiment = only(load(KNOWN + options))
    assert experiment.response.quenching == PolynomialQuenching((0.26,))
    assert experiment.form_factor == FormFactor("helm", 0.95)


def test_an_experiment_of_one_s_own_is_what_the_constructors_make(load):
    background = '[[experiment.background]]\nname = "neutrons"\ncounts = [5, 4]\nsigma = 0.3\n'
    head = 'label = "L"\ndescription = "D"\nreferences = ["arXiv:1"]\n'
    head += 'quenching_sigma = 0.04\nform_factor = "klein-nystrand"\n'
    expected = cevns.Experiment(
        name="mine",
        flux=pion_decay_at_rest(neutrinos_per_proton=0.09, protons=13.7e22, distance=27.5),
        target=Target.of({"Ar-40": 1}, molar_mass=39.96, mass=24),
        response=Response(quenching=PolynomialQuenching((0.25,)), edges=[5, 10, 20]),
        observed=[40, 30],
        uncertainty=[8, 7],
        signal_sigma=0.1,
        backgrounds=[cevns.Background("neutrons", [5, 4], 0.3)],
        quenching_sigma=0.04,
        form_factor="klein-nystrand",
        label="L",
        description="D",
        references=("arXiv:1",),
    )
    found = only(load(own(head=head, tail=background)))
    for field in (
        "name",
        "target",
        "response",
        "observed",
        "uncertainty",
        "signal_sigma",
        "backgrounds",
        "quenching_sigma",
    ):
        assert getattr(found, field) == getattr(expected, field)
    for field in ("form_factor", "label", "description", "references"):
        assert getattr(found, field) == getattr(expected, field)
    assert found.chi2("b-l", 10, 5e-5) == expected.chi2("b-l", 10, 5e-5)


def test_one_experiment_may_be_a_plain_table(load):
    assert only(load('schema = 1\n[experiment]\nname = "coherent-argon-2020"\n')).name == "coherent-argon-2020"


FLUXES = {
    "monochromatic": (
        'kind = "monochromatic"\nenergy_mev = 29.8\nfluence_per_cm2 = 1e14\nflavour = "mu"',
        lambda: monochromatic(29.8, fluence=1e14, flavour="mu"),
    ),
    "reactor": (
        'kind = "reactor"\nthermal_power_gw = 3.95\ndistance_m = 30\nexposure_days = 10\n'
        "fission_fractions = {U235 = 1}",
        lambda: reactor_antineutrinos(thermal_power=3.95, distance=30, exposure=10, fission_fractions={"U235": 1}),
    ),
    "table": (
        'kind = "tabulated"\nenergy_mev = [10, 20, 40]\n'
        "e_per_cm2_per_mev = [0, 2e12, 0]\nmu_per_cm2_per_mev = [0, 0, 1e12]",
        lambda: tabulated([10, 20, 40], {"e": [0, 2e12, 0], "mu": [0, 0, 1e12]}),
    ),
    "rates": (
        'kind = "tabulated"\nenergy_mev = [10, 20, 40]\ne_per_cm2_per_mev_per_s = [0, 2e6, 0]\nexposure_s = 1e6',
        lambda: tabulated([10, 20, 40], {"e": [0, 2e12, 0]}),
    ),
    "antineutrinos": (
        'kind = "tabulated"\nenergy_mev = [10, 20, 40]\nantineutrino = {e = true, mu = false}\n'
        "e_per_cm2_per_mev = [0, 2e12, 0]\nmu_per_cm2_per_mev = [0, 0, 1e12]",
        lambda: tabulated([10, 20, 40], {"e": [0, 2e12, 0], "mu": [0, 0, 1e12]}, antineutrino={"e": True, "mu": False}),
    ),
    "line of antineutrinos": (
        'kind = "monochromatic"\nenergy_mev = 30\nfluence_per_cm2 = 1e14\nflavour = "mu"\nantineutrino = true',
        lambda: monochromatic(30, fluence=1e14, flavour="mu", antineutrino=True),
    ),
    "table of antineutrinos": (
        'kind = "tabulated"\nenergy_mev = [10, 20, 40]\ntau_per_cm2_per_mev = [1e12, 2e12, 0]\nantineutrino = true',
        lambda: tabulated([10, 20, 40], {"tau": [1e12, 2e12, 0]}, antineutrino=True),
    ),
    "histogram": (
        'kind = "tabulated"\nenergy_mev = [10, 20, 40]\ntau_per_cm2_per_mev = [1e12, 2e12]\nhistogram = true',
        lambda: tabulated([10, 20, 40], {"tau": [1e12, 2e12]}, histogram=True),
    ),
}


@pytest.mark.parametrize(("text", "expected"), FLUXES.values(), ids=list(FLUXES))
def test_fluxes(load, text, expected):
    found, expected = only(load(own(flux=f"[experiment.flux]\n{text}\n"))).flux, expected()
    assert found.flavours == expected.flavours
    assert found.antineutrinos == expected.antineutrinos
    for flavour in found.flavours:
        assert found.moment(flavour, 5.0) == expected.moment(flavour, 5.0) > 0


def test_fluxes_add_up(load):
    flux = only(load(own(flux=2 * FLUX.replace("[experiment.flux]", "[[experiment.flux]]")))).flux
    single = only(load(own())).flux
    assert flux.moment("e", 10.0) == 2 * single.moment("e", 10.0)


QUENCHINGS = {
    "linear": ("offset = 0.246, slope_per_kev = 7.8e-4, constant_above_kev = 125", LinearQuenching(0.246, 7.8e-4, 125)),
    "polynomial": ("coefficients_per_kev_n = [0.2, 1e-4], maximum_kev = 300", PolynomialQuenching((0.2, 1e-4), 300)),
    "lindhard": ("protons = 32, nucleons = 73, k = 0.16", LindhardQuenching(32, 73, 0.16)),
    "tabulated": ("recoil_kev = [1, 100], factors = [0.2, 0.3]", TabulatedQuenching([1, 100], [0.2, 0.3])),
    "birks": (
        "onset_kev = 13, birks_g_per_mev_cm2 = 3e-3, recoil_kev = [1, 10, 200], "
        "stopping_power_mev_cm2_per_g = [1000, 1000, 1000], degree = 1",
        BirksQuenching(13, 3e-3, [1, 10, 200], [1000, 1000, 1000], degree=1),
    ),
}


def test_k_of_lindhard_follows_from_the_nucleus(load):
    response = RESPONSE + 'quenching = {kind = "lindhard", protons = 14, nucleons = 28}\n'
    assert only(load(own(response=response))).response.quenching == LindhardQuenching(14, 28)


@pytest.mark.parametrize("kind", QUENCHINGS)
def test_quenchings(load, kind):
    text, expected = QUENCHINGS[kind]
    response = RESPONSE + f'quenching = {{kind = "{kind}", {text}}}\n'
    assert only(load(own(response=response))).response.quenching == expected


EFFICIENCIES = {
    "constant": ("value = 0.5", Efficiency([0, 1], [0.5])),
    "steps": ('edges = [0, 10, 20], values = [0.2, 0.4], beyond = "zero"', Efficiency([0, 10, 20], [0.2, 0.4], "zero")),
    "points": ("observable = [0, 20], values = [0, 1]", Efficiency([0, 20], [0, 1])),
}


@pytest.mark.parametrize("kind", EFFICIENCIES)
def test_efficiencies(load, kind):
    text, expected = EFFICIENCIES[kind]
    response = RESPONSE + QUENCHING + f'efficiency = {{kind = "{kind}", {text}}}\n'
    assert only(load(own(response=response))).response.efficiency == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [('kind = "gaussian", sigma_at_one = 0.58', GaussianResolution(0.58)), ('kind = "poisson"', PoissonResolution())],
    ids=["gaussian", "poisson"],
)
def test_resolutions_unit_and_light_yield(load, text, expected):
    more = f'unit = "PE"\nlight_yield_per_kevee = 13.3\nresolution = {{{text}}}\n'
    response = only(load(own(response=RESPONSE + QUENCHING + more))).response
    assert (response.resolution, response.unit, response.light_yield) == (expected, "PE", 13.3)


def test_nuclei_of_the_file_come_before_the_built_in_ones(load):
    text = """
[nuclei.Xe-132]
protons = 54
neutrons = 78
atomic_mass_u = 131.9041551
proton_radius_fm = 4.79
neutron_radius_fm = 4.9
[nuclei.Ar-40]
protons = 18
neutrons = 22
atomic_mass_u = 39.9623831237
proton_radius_fm = 3.448
neutron_radius_fm = 3.7
"""
    target = TARGET.replace("Ar-40 = 1", "Ar-40 = 1, Xe-132 = 0.5, I-127 = 2").replace("39.96", "359.7")
    argon, xenon, iodine = only(load(own(target=target, tail=text))).target.nuclei
    assert argon.neutron_radius == 3.7
    assert xenon == Nucleus.from_atomic_mass("Xe-132", 54, 78, 131.9041551, 4.79, 4.9)
    assert iodine == cevns.nuclei.nucleus("I-127")


# tables in files


def test_a_table_is_read_from_a_file_beside_the_configuration(load):
    table = "# comment\nenergy_mev, e_per_cm2_per_mev\n10, 0\n20, 2e12\n\n40, 0  # end\n"
    flux = only(load(own(flux='[experiment.flux]\nkind = "tabulated"\nfile = "flux.csv"\n'), flux=table)).flux
    assert flux.moment("e", 5.0) == pytest.approx(3e13)


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("energy_mev e_per_cm2_per_mev\n10 0\n20 2e12\n40 0\n", ""),
        ("10,9,0\n20,9,2e12\n40,9,0\n", "columns = {energy_mev = 1, e_per_cm2_per_mev = 3}\n"),
        ("E,phi,x\n10,0,9\n20,2e12,9\n40,0,9\n", 'columns = {energy_mev = "E", e_per_cm2_per_mev = "phi"}\n'),
    ],
    ids=["white space", "by number", "by title"],
)
def test_columns_are_chosen(load, content, columns):
    text = f'[experiment.flux]\nkind = "tabulated"\nfile = "flux.csv"\n{columns}'
    assert only(load(own(flux=text), flux=content)).flux.moment("e", 5.0) == pytest.approx(3e13)


HISTOGRAMS = {
    "low and high edges": (
        "columns = {energy_low_mev = 1, energy_high_mev = 2, mu_per_cm2_per_mev = 3}\n",
        "0 10 1e12\n10 20 3e12\n20 30 2e12\n",
    ),
    "said to be one": (
        "histogram = true\ncolumns = {energy_low_mev = 1, energy_high_mev = 2, mu_per_cm2_per_mev = 3}\n",
        "low;high;phi\n0;10;1,0e12\n10;20;3,0e12\n20;30;2,0e12\n",
    ),
    "by titles": (
        "",
        "energy_low_mev\tenergy_high_mev\tmu_per_cm2_per_mev\n0\t10\t1e12\n10\t20\t3e12\n20\t30\t2e12\n",
    ),
    "interval between two edges": (
        "histogram = true\n",
        "energy_mev,mu_per_cm2_per_mev\n0,1e12\n10,3e12\n20,2e12\n30,\n",
    ),
}


@pytest.mark.parametrize(("more", "content"), HISTOGRAMS.values(), ids=list(HISTOGRAMS))
def test_histograms_come_from_files(load, more, content):
    flux = only(load(own(flux=FLUX_FILE + more), flux=content)).flux
    assert flux.moment("mu", 0.0) == pytest.approx(6.0e13)
    assert flux.moment("mu", 15.0) == pytest.approx(3.5e13)


def test_a_byte_order_mark_belongs_to_no_title_and_no_row(load):
    columns = "columns = {energy_mev = 1, mu_per_cm2_per_mev = 2}\n"
    flux = only(load(own(flux=FLUX_FILE + columns), flux="\ufeff10,1e13\n50,1e13\n60,0")).flux
    assert flux.moment("mu", 0.0) == pytest.approx(4.5e14)
    titled = "\ufeffenergy_mev,mu_per_cm2_per_mev\n10,1e13\n50,1e13\n60,0"
    assert only(load("\ufeff" + own(flux=FLUX_FILE), flux=titled)).flux.moment("mu", 0.0) == pytest.approx(4.5e14)


@pytest.mark.parametrize(
    "content",
    ["low,high,values\n0,10,0.2\n10,20,0.4\n", "edges,values\n0,0.2\n10,0.4\n20,\n"],
    ids=["low and high", "edges"],
)
def test_steps_of_an_efficiency_come_from_a_file(load, content):
    response = RESPONSE + QUENCHING + 'efficiency = {kind = "steps", file = "e.csv"}\n'
    assert only(load(own(response=response), e=content)).response.efficiency == Efficiency([0, 10, 20], [0.2, 0.4])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            'kind = "steps", edges = [3, 5, 8], values = [0.2, 0.6, 0.8]',
            ["got 3 for 3 edges", "interval between two edges", "kind = 'points'"],
        ),
        ('kind = "steps", edges = [3, 5, 8, 20], values = [0.2]', ["got 1 for 4 edges"]),
        (
            'kind = "points", observable = [3, 5, 8], values = [0.2, 0.6]',
            ["got 2 for 3 points", "kind = 'steps'"],
        ),
        ('kind = "steps", edges = [3, 5], low = [3], high = [5], values = [1]', ["either edges, or low and high"]),
        ('kind = "steps", low = [3, 5], high = [4, 6], values = [1, 1]', ["bin 2", "leaves a gap"]),
        ('kind = "steps", values = [1, 1]', ["either edges, or low and high"]),
    ],
)
def test_the_kind_of_an_efficiency_decides_on_its_lengths(problems, text, words):
    (found,) = problems(own(response=RESPONSE + QUENCHING + f"efficiency = {{{text}}}\n"))
    assert found.startswith("experiment[1].response.efficiency: ")
    for word in words:
        assert word in found


def test_data_and_backgrounds_come_from_one_file(load):
    data = '[experiment.data]\nfile = "d.csv"\ncolumns = {observed = 1, uncertainty = 2}\n'
    background = '[[experiment.background]]\nname = "n"\nsigma = 0.3\nfile = "d.csv"\ncolumns = {counts = 3}\n'
    experiment = only(load(own(data=data, tail=background), d="40,8,5\n30,7,4\n"))
    assert experiment.observed == (40, 30)
    assert experiment.uncertainty == (8, 7)
    assert experiment.backgrounds == (cevns.Background("n", (5, 4), 0.3),)


FLUX_FILE = '[experiment.flux]\nkind = "tabulated"\nfile = "flux.csv"\n'


BAD_TABLES = {
    "no file": (None, "", ["flux.csv", "No such file"]),
    "empty": ("", "", ["no rows"]),
    "no titles": ("10,0\n20,1\n", "", ["no line of titles"]),
    "misspelled title": (
        "energy_mev,e_per_cm2_per_MeV\n10,0\n20,1\n",
        "",
        ["e_per_cm2_per_MeV", "Did you mean 'e_per_cm2_per_mev'"],
    ),
    "short row": ("energy_mev,e_per_cm2_per_mev\n10,0\n20\n", "", ["line 3", "1 column where the others have 2"]),
    "empty cell": ("energy_mev,e_per_cm2_per_mev\n10,0\n20,\n", "", ["line 3", "column 2 is empty"]),
    "text": ("energy_mev,e_per_cm2_per_mev\n10,0\n20,x\n", "", ["line 3", "column 2 holds text"]),
    "bad first row": ("10,1O0\n20,1\n", "columns = {energy_mev = 1, e_per_cm2_per_mev = 2}\n", ["line 1", "1O0"]),
    "not finite": ("energy_mev,e_per_cm2_per_mev\n10,0\n20,nan\n", "", ["line 3", "no finite number"]),
    "descending": ("energy_mev,e_per_cm2_per_mev\n20,0\n10,1\n", "", ["line 3", "ascend", "reverse the rows"]),
    "unsorted": ("energy_mev,e_per_cm2_per_mev\n20,0\n10,1\n30,1\n", "", ["line 3", "ascend", "sort the rows"]),
    "repeated": (
        "energy_mev,e_per_cm2_per_mev\n10,0\n20,1\n20,1\n30,0\n",
        "",
        ["line 4", "drop the repeated row", "monochromatic"],
    ),
    "commented titles": ("# energy_mev,e_per_cm2_per_mev\n20,0\n30,1\n", "", ["no line of titles, without #"]),
    "other titles": (
        "E,phi\n20,0\n30,1\n",
        "",
        ["column 1 has a title that is none of energy_mev", "choose with columns"],
    ),
    "gap between bins": (
        "0,10,1\n10,20,1\n25,30,2\n",
        "columns = {energy_low_mev = 1, energy_high_mev = 2, mu_per_cm2_per_mev = 3}\n",
        ["line 3", "from 25 to 30 leaves a gap"],
    ),
    "overlapping bins": (
        "0,10,1\n5,20,1\n",
        "columns = {energy_low_mev = 1, energy_high_mev = 2, mu_per_cm2_per_mev = 3}\n",
        ["line 2", "from 5 to 20 overlaps"],
    ),
    "low edges alone": (
        "0,10,1\n10,20,1\n",
        "columns = {energy_low_mev = 1, mu_per_cm2_per_mev = 3}\n",
        ["energy_low_mev and energy_high_mev"],
    ),
    "bins that are no histogram": (
        "0,10,1\n10,20,1\n",
        "histogram = false\ncolumns = {energy_low_mev = 1, energy_high_mev = 2, mu_per_cm2_per_mev = 3}\n",
        ["histogram = false"],
    ),
    "histogram without a last edge": (
        "energy_mev,e_per_cm2_per_mev\n10,0\n20,1\n",
        "histogram = true\n",
        ["e_per_cm2_per_mev has 2 values for 2 energies", "one value less"],
    ),
    "null character in the name": (None, "", ["NUL"]),
    "twice": ("energy_mev,e_per_cm2_per_mev\n10,0\n20,1\n", "energy_mev = [1, 2]\n", ["given twice"]),
    "column out of range": ("1,2\n", "columns = {energy_mev = 1, e_per_cm2_per_mev = 3}\n", ["column", "from 1 to 2"]),
    "no such title": ("E,f\n1,2\n", 'columns = {energy_mev = "e"}\n', ["column", "'e'"]),
    "columns of an unknown key": (
        "1,2\n",
        "columns = {energy = 1}\n",
        ["unknown column 'energy'", "Did you mean 'energy_mev'"],
    ),
    "half a column": ("1,2\n", "columns = {energy_mev = 1.5}\n", ["columns.energy_mev"]),
}


@pytest.mark.parametrize(("content", "more", "words"), BAD_TABLES.values(), ids=list(BAD_TABLES))
def test_bad_tables_are_refused(problems, content, more, words):
    files = {} if content is None else {"flux": content}
    name = "flux\\u0000.csv" if "NUL" in words else "flux.csv"
    found = " ".join(problems(own(flux=FLUX_FILE.replace("flux.csv", name) + more), **files))
    assert "experiment[1].flux" in found
    for word in words:
        assert word in found


# electrons


ELECTRONS = {
    'electrons = "free"\n': ElectronResponse("free"),
    'electrons = "shells"\n': ElectronResponse(),
    "[experiment.electrons]\n": ElectronResponse(),
    '[experiment.electrons]\nbinding = "free"\nlight_yield_per_kev = 2.5\n'
    'efficiency = {kind = "constant", value = 0.5}\nresolution = {kind = "gaussian", sigma_at_one = 0.3}\n': (
        ElectronResponse(
            "free",
            light_yield=2.5,
            efficiency=Efficiency((0.0, 1.0), (0.5,), kind="steps"),
            resolution=GaussianResolution(0.3),
        )
    ),
    "[experiment.electrons.shells]\nAr = [[2, 3.2], [16, 0.25]]\n": ElectronResponse(
        shells={"Ar": [(2, 3.2), (16, 0.25)]}
    ),
}


@pytest.mark.parametrize("text", ELECTRONS)
def test_electrons(load, text):
    plain = text.startswith("electrons")
    mine = own(head=text) if plain else own(tail=text)
    for found in (only(load(mine)), only(load(KNOWN + text))):
        assert found.electrons == ELECTRONS[text]
        assert found.predict("sm").electrons.sum() > 0


# models


MODELS = {
    "charges": (
        'name = "m"\nlabel = "$m$"\ndescription = "d"\nreference = "r"\n'
        "quarks = [0.5, -1]\nleptons = {e = 1, mu = -2}\n",
        VectorMediator("m", quarks=(0.5, -1), leptons={"e": 1, "mu": -2}, label="$m$", description="d", reference="r"),
    ),
    "contact": (
        "up = {e = 0.1}\ndown = {mu = 0.2}\n",
        NonStandardInteractions(up={"e": 0.1}, down={"mu": 0.2}),
    ),
    "nucleons": (
        'name = "m"\nproton = {e = 1}\nneutron = {mu = 2}\nleptons = {mu = 1}\nweak = "tree-level"\n',
        mediated("m", proton={"e": 1}, neutron={"mu": 2}, leptons={"mu": 1}, weak=TREE_LEVEL_COUPLINGS),
    ),
    "contact nucleons": (
        'name = "m"\nneutron = {mu = 2}\nmediated = false\n',
        contact("m", proton={}, neutron={"mu": 2}),
    ),
    "electrons": (
        'name = "m"\nproton = {e = 1}\nelectron = {e = -1, mu = 2}\n',
        mediated("m", proton={"e": 1}, neutron={}, electron={"e": -1, "mu": 2}),
    ),
    "kind of vector": (
        'kind = "vector"\nname = "m"\nquarks = [0.5, -1]\nleptons = {e = 1}\nlagrangian = "L = 0"\n',
        VectorMediator("m", quarks=(0.5, -1), leptons={"e": 1}, lagrangian="L = 0"),
    ),
    "signed charges": (
        'name = "m"\nquarks = [1, 1]\nleptons = {mu = 1}\nsigned = true\n',
        VectorMediator("m", quarks=(1, 1), leptons={"mu": 1}, signed=True),
    ),
    "signed nucleons": (
        'kind = "vector"\nname = "m"\nneutron = {mu = 2}\nsigned = true\n',
        mediated("m", proton={}, neutron={"mu": 2}, signed=True),
    ),
    "scalar": (
        'kind = "scalar"\nname = "m"\nproton = 14\nneutron = 15.1\nelectron = 0.5\nneutrinos = {mu = 1}\n',
        ScalarMediator("m", proton=14, neutron=15.1, electron=0.5, neutrinos={"mu": 1}),
    ),
    "universal scalar": ('kind = "scalar"\nname = "m"\n', ScalarMediator("m")),
    "pseudoscalar": (
        'kind = "pseudoscalar"\nname = "m"\nelectron = 2\nneutrinos = {e = 1}\n',
        PseudoscalarMediator("m", electron=2, neutrinos={"e": 1}),
    ),
    "tensor": (
        'kind = "tensor"\nname = "m"\nproton = 0.85\nneutron = 0.08\nweak = "tree-level"\n',
        TensorMediator("m", proton=0.85, neutron=0.08, weak=TREE_LEVEL_COUPLINGS),
    ),
    "vector upscattering": (
        'kind = "upscattering"\nname = "m"\nexchange = "vector"\nproton = 1\nneutron = -2\n',
        Upscattering("m", exchange="vector", proton=1, neutron=-2),
    ),
    "scalar upscattering": (
        'kind = "upscattering"\nname = "m"\nexchange = "scalar"\nproton = 14\nneutron = 15\nneutrinos = {mu = 1}\n',
        Upscattering("m", exchange="scalar", proton=14, neutron=15, neutrinos={"mu": 1}),
    ),
    "contact electrons": (
        'name = "m"\nelectron = {mu = 2}\nmediated = false\n',
        contact("m", proton={}, neutron={}, electron={"mu": 2}),
    ),
    "built in with other weak couplings": (
        'name = "b-l"\nweak = "tree-level"\n',
        cevns.get_interaction("b-l").replace(weak=TREE_LEVEL_COUPLINGS),
    ),
}


@pytest.mark.parametrize(("text", "expected"), MODELS.values(), ids=list(MODELS))
def test_models(load, text, expected):
    assert load(f"{KNOWN}[model]\n{text}").model == expected


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
        "experiment[1].flux.distance",
        "experiment[1].flux.distance_m",
        "experiment[1].data.uncertainty",
        "model",
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
            "experiment: the name 'mine' is given more than once",
            "experiment[1].flux: missing",
            "unknown interaction 'bl'",
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
            ["nuisances must have different names: one of them"],
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


# the template and the command line


def test_the_template_works_as_it_is(load):
    config = load(template())
    assert {a.flavours: (a.proton, a.neutron) for a in config.model.amplitudes}["mu", "mu"] == pytest.approx((-3, -3))
    assert np.isfinite(config.likelihood.chi2(config.model, mass=10, coupling=1e-5))
    # invented data that the standard model describes
    assert config.likelihood.chi2("sm") < 3


def test_the_template_names_every_key_and_kind():
    text, words = template(), set()
    rooms = (axes, counts, document, experiments, fluxes, models, responses, systematics, targets)
    for section in [value for room in rooms for value in vars(room).values()]:
        if isinstance(section, Section):
            words |= section.keys.keys()
        elif isinstance(section, dict):
            for kind, part in section.items():
                if isinstance(part, Section):
                    words |= {kind, *part.keys}
    for _, section in models._MODELS:
        words |= section.keys.keys()
    assert {"schema", "lindhard", "edges", "up", "reactor", "sigma_us"} <= words
    rare = {"references", "histogram", "beyond", "degree", "fission_fractions", "energy_per_fission_mev", "reference"}
    rates = {word for word in words if word.endswith("_per_s")}
    assert sorted(word for word in words - rare - rates if not re.search(rf"\b{word}\b", text)) == []


def run(capsys, *argv):
    code = main([str(word) for word in argv])
    return code, *capsys.readouterr()


def test_the_command_line_prints_and_validates_the_template(capsys, tmp_path):
    code, out, err = run(capsys, "config", "template")
    assert (code, err) == (0, "")
    assert tomllib.loads(out)["schema"] == 1
    path = tmp_path / "mine.toml"
    path.write_text(out, encoding="utf-8")
    code, out, err = run(capsys, "config", "validate", path, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {"file": str(path), "experiments": ["germanium"], "model": "b-3lmu"}


def test_validation_meets_what_only_a_prediction_can(capsys, tmp_path):
    path = tmp_path / "mine.toml"
    radius = "[nuclei.X]\nprotons = 1\nneutrons = 1\natomic_mass_u = 2\nproton_radius_fm = 0.5\nneutron_radius_fm = 2\n"
    path.write_text(own(target=TARGET.replace("Ar-40", "X").replace("39.96", "2"), tail=radius), encoding="utf-8")
    code, out, err = run(capsys, "config", "validate", path)
    assert (code, out, err.count("\n")) == (2, "", 2)
    assert f"{path} has 1 problem(s):\n  (1) experiment 'mine'" in err
    assert "0.5" in err


def test_problems_are_one_line_on_stderr(capsys, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(own(flux="", target=""), encoding="utf-8")
    code, out, err = run(capsys, "predict", "--config", path, "--model", "sm")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "(1) experiment[1].flux: missing (2) experiment[1].target: missing" in err


def test_validation_prints_one_problem_per_line(capsys, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(own(flux="", target=""), encoding="utf-8")
    code, out, err = run(capsys, "config", "validate", path)
    assert (code, out) == (2, "")
    first, *problems = err.splitlines()
    assert first == f"cevns: error: {path} has 2 problem(s):"
    assert problems == ["  (1) experiment[1].flux: missing", "  (2) experiment[1].target: missing"]


@pytest.fixture
def two(tmp_path):
    path = tmp_path / "two.toml"
    path.write_text(KNOWN + own().removeprefix("schema = 1\n") + '[model]\nname = "b-l"\n', encoding="utf-8")
    return path


def test_commands_take_experiments_and_model_from_a_configuration(capsys, two):
    point = ["--mass", "10", "--coupling", "5e-5", "--json"]
    code, out, _ = run(capsys, "chi2", "--config", two, *point)
    config = load_config(two)
    assert code == 0
    assert json.loads(out)["chi2"] == pytest.approx(config.likelihood.chi2("b-l", 10, 5e-5))
    assert list(json.loads(out)["experiments"]) == ["coherent-argon-2020", "mine"]

    # names choose among the configuration's experiments, and --model goes before its model
    _, out, _ = run(capsys, "predict", "mine", "--config", two, "--model", "universal", *point)
    assert json.loads(out)["experiment"] == "mine"
    assert json.loads(out)["model"] == "universal"

    _, out, _ = run(capsys, "limit", "--config", two, "--mass", "50", "--json")
    found = config.likelihood.limit("b-l", 50.0)
    assert json.loads(out)["limits"] == [{"mass": 50, "excluded": [[found.lowest[0], None]]}]

    grid = two.parent / "grid.npz"
    code, *_ = run(capsys, "scan", "--config", two, "--mass", "1:10:3", "--coupling", "1e-6:1e-4:3", "-o", grid)
    assert code == 0
    figure = two.parent / "grid.png"
    code, *_ = run(capsys, "plot", grid, "-o", figure)
    assert code == 0
    assert figure.stat().st_size > 0


def test_a_contact_model_is_not_scanned_but_limited(capsys, two):
    text = two.read_text(encoding="utf-8").replace('name = "b-l"', 'name = "nsi"\nup = {e = 1}')
    two.write_text(text, encoding="utf-8")
    grids = ["--mass", "1:10:3", "--coupling", "1e-3:1:3", "-o", two.with_suffix(".npz")]
    code, out, err = run(capsys, "scan", "--config", two, *grids)
    assert (code, out) == (2, "")
    assert "use cevns limit or cevns chi2\n" in err
    assert run(capsys, "limit", "--config", two)[0] == 0


def test_a_contact_model_has_no_mass_and_takes_negative_couplings(capsys, two):
    text = two.read_text(encoding="utf-8").replace('name = "b-l"', "up = {e = 1, mu = 1}")
    two.write_text(text, encoding="utf-8")
    code, out, err = run(capsys, "predict", "mine", "--config", two, "--coupling", "-1e-2", "--json")
    assert (code, err) == (0, "")
    assert (json.loads(out)["mass"], json.loads(out)["coupling"]) == (None, -0.01)
    _, out, _ = run(capsys, "predict", "mine", "--config", two, "--json")
    assert json.loads(out)["coupling"] == 1.0
    code, out, err = run(capsys, "limit", "--config", two, "--json")
    assert (code, err) == (0, "")
    (entry,) = json.loads(out)["limits"]
    assert entry["mass"] is None
    assert entry["excluded"][0][0] is None
    assert entry["excluded"][-1][1] is None
    assert json.loads(out)["best_fit"]["mass"] is None


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (["other"], "unknown experiment of"),
        (["--quenching", "constant"], "set them in the file"),
        (["--form-factor", "helm"], "set them in the file"),
    ],
    ids=["unknown experiment", "quenching", "form factor"],
)
def test_options_that_do_not_go_with_a_configuration_are_refused(capsys, two, argv, word):
    code, out, err = run(capsys, "chi2", *argv, "--config", two, "--mass", "1", "--coupling", "0")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert word in err
