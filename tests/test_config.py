"""Configuration files: what they build, and what they refuse."""

import pytest
from configs import FLUX, KNOWN, QUENCHING, RESPONSE, TARGET, only, own

import cevns
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
from cevns.fluxes import monochromatic, pion_decay_at_rest, reactor_antineutrinos, tabulated
from cevns.nuclei import Nucleus, Target
from cevns.nuclei.form_factors import FormFactor

# experiments


def test_built_in_experiments_and_models_go_by_name(load):
    text = KNOWN + '[[experiment]]\nname = "coherent-csi-2017"\nquenching = "constant"\n[model]\nname = "b-l"\n'
    config = load(text)
    expected = cevns.load("coherent-argon-2020") + cevns.load("coherent-csi-2017", quenching="constant")
    assert config.model == cevns.get_interaction("b-l")
    assert config.likelihood.chi2(config.model, 10, 5e-5) == expected.chi2("b-l", 10, 5e-5)


def test_a_configuration_knows_the_kinds_of_its_own_fluxes(load):
    assert load(KNOWN).fluxes == {}
    assert load(own()).fluxes == {"mine": ("pion-decay-at-rest",)}
    several = FLUX.replace("[experiment.flux]", "[[experiment.flux]]")
    assert load(own(flux=2 * several)).fluxes == {"mine": ("pion-decay-at-rest",) * 2}
    assert load(own().replace("[[experiment]]", "[experiment]")).fluxes == {"mine": ("pion-decay-at-rest",)}


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
