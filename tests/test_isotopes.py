"""The table of isotopes, what follows from it, and targets by formula: what every element must keep."""

import importlib
import itertools
import math

import pytest

import cevns
from cevns.config import load_config, template
from cevns.constants import AVOGADRO
from cevns.errors import CevnsError, DataError, InputError, UnknownNameError
from cevns.nuclei import FormFactor, Nucleus, Target, known_elements, known_form_factors, known_nuclei, natural, nucleus
from cevns.nuclei.formulas import parse_formula
from cevns.nuclei.isotopes import SYMBOLS, isotope, neutron_radius, neutron_skin, point_proton_radius

#: Too small for the usual thicknesses: none of the form factors has R_p = 1.48 fm.
SMALL = {"He-3", "He-4"}
KEPT = {"Cs-133", "I-127", "Ar-40", "Si-28"}


@pytest.mark.parametrize("symbol", known_elements())
class TestElement:
    def test_abundances_are_those_of_a_whole(self, symbol):
        parts = [i.abundance for i in natural(symbol)]
        assert min(parts) > 0
        assert sum(parts) == pytest.approx(1, abs=2e-9)

    def test_isotopes_are_named_after_their_nucleons_and_ascend(self, symbol):
        found = natural(symbol)
        for i in found:
            assert i.symbol == symbol
            assert i.name == f"{symbol}-{i.protons + i.neutrons}"
            assert SYMBOLS[i.protons - 1] == symbol
        for light, heavy in itertools.pairwise(found):
            steps = heavy.neutrons - light.neutrons
            assert steps > 0
            # a neutron less its binding energy, which is 2 MeV in deuterium and 21 MeV in He-4
            assert 0.986 < (heavy.atomic_mass_u - light.atomic_mass_u) / steps < 1.0064

    def test_binding_energies_are_those_of_nuclei(self, symbol):
        for i in natural(symbol):
            nucleons = i.protons * 1.00782503 + i.neutrons * 1.00866492
            binding = (nucleons - i.atomic_mass_u) * cevns.constants.MEV_PER_U / (i.protons + i.neutrons)
            assert (7.0 if i.protons > 5 else 0.0 if symbol == "H" else 1.0) <= round(binding, 3) < 8.9

    def test_radii_grow_like_those_of_drops(self, symbol):
        for i in natural(symbol):
            drop = math.sqrt(5 / 3) * i.charge_radius / (1.2 * (i.protons + i.neutrons) ** (1 / 3))
            # light nuclei are all surface
            assert abs(drop - 1) < 0.15 or (i.protons < 11 and drop > 1)

    def test_every_nucleus_builds_every_form_factor(self, symbol):
        for i in natural(symbol):
            if i.name == "H-1":
                continue
            n = nucleus(i.name)
            assert (n.protons, n.neutrons) == (i.protons, i.neutrons)
            assert n.atomic_mass_u == pytest.approx(i.atomic_mass_u, abs=1e-6)
            for name in set(known_form_factors()) - {"point"}:
                factor = FormFactor(name, 0.3) if i.name in SMALL else FormFactor(name)
                for radius in (n.proton_radius, n.neutron_radius):
                    assert factor(0.0, radius) == pytest.approx(1.0, rel=1e-14)
                    assert 0 < factor(20.0, radius) < 1

    def test_a_natural_target_has_the_mass_of_its_nuclei(self, symbol):
        if symbol == "H":
            with pytest.raises(InputError, match="nothing but hydrogen"):
                Target.of(symbol, mass=1.0)
            return
        target = Target.of(symbol, mass=2.5)
        assert [n.name for n in target.nuclei] == [i.name for i in natural(symbol)]
        assert kilograms(target) == pytest.approx(2.5, rel=1e-8)


def kilograms(target):
    atoms = zip(target.nuclei, target.numbers, strict=True)
    named = sum(count * n.atomic_mass_u for n, count in atoms) / AVOGADRO / 1e3
    return named * target.molar_mass / (target.molar_mass - target.left_out)


# --- values known from elsewhere


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("Ge-74", "atomic_mass_u", 73.921178),
        ("Xe-132", "atomic_mass_u", 131.904155),
        ("C-12", "atomic_mass_u", 12.0),
        ("U-238", "atomic_mass_u", 238.050787),
        ("Xe-132", "abundance", 0.269),
        ("Ge-76", "abundance", 0.0775),
        ("Si-28", "abundance", 0.922),
        ("Ar-40", "abundance", 0.996),
        ("Na-23", "abundance", 1.0),
        ("Ar-40", "charge_radius", 3.4274),
        ("Pb-208", "charge_radius", 5.5012),
        ("Cs-133", "charge_radius", 4.8041),
        ("U-238", "charge_radius", 5.8571),
    ],
)
def test_values_of_the_literature(name, field, value):
    assert getattr(isotope(name), field) == pytest.approx(value, rel=1e-3 if field == "abundance" else 1e-7)


#: Conventional atomic weights of IUPAC, abridged to five digits.
WEIGHTS = {"C": 12.011, "O": 15.999, "Na": 22.990, "Si": 28.085, "Ar": 39.95, "Ca": 40.078, "Ge": 72.630, "I": 126.90}
WEIGHTS |= {"Xe": 131.29, "Cs": 132.91, "W": 183.84, "Pb": 207.2, "F": 18.998, "Cd": 112.41, "Te": 127.60, "Gd": 157.25}


@pytest.mark.parametrize(("symbol", "weight"), WEIGHTS.items())
def test_atomic_weights(symbol, weight):
    assert Target.of(symbol, mass=1.0).molar_mass == pytest.approx(weight, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "mass", "radii"),
    [
        ("Cs-133", 132.905451961, (4.804, 5.01)),
        ("I-127", 126.9044719, (4.749, 4.94)),
        ("Ar-40", 39.9623831237, (3.448, 3.55)),
        ("Si-28", 27.97692653442, (3.1224, 3.1224)),
    ],
)
def test_nuclei_of_the_analyses_keep_their_numbers_to_the_last_bit(name, mass, radii):
    n = nucleus(name)
    assert (n.proton_radius, n.neutron_radius) == radii
    assert n.mass == mass * 931.49410372 - n.protons * 0.51099895069


def test_the_table_is_not_read_for_the_nuclei_of_the_analyses(monkeypatch):
    def unread(name):
        raise AssertionError(name)

    # the package's attribute of this name is the function
    monkeypatch.setattr(importlib.import_module("cevns.nuclei.nucleus"), "isotope", unread)
    assert {nucleus(name).name for name in KEPT} == KEPT


# --- radii


def test_the_proton_radius_is_the_charge_radius_without_the_sizes_of_the_nucleons():
    expected = math.sqrt(4.0742**2 - 0.8409**2 + 42 / 32 * 0.1161 - 0.75 * (197.3269804 / 938.27209) ** 2)
    assert nucleus("Ge-74").proton_radius == point_proton_radius(4.0742, 32, 42) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("protons", "neutrons", "skin"), [(82, 126, 0.160), (20, 28, 0.120), (20, 20, -0.03), (18, 21, 0), (6, 6, 0)]
)
def test_the_skin_is_a_law_from_calcium_on(protons, neutrons, skin):
    assert neutron_skin(protons, neutrons) == pytest.approx(skin, abs=5e-4)
    assert neutron_radius(5.0, protons, neutrons) == pytest.approx(
        point_proton_radius(5.0, protons, neutrons) + skin, abs=5e-4
    )


@pytest.mark.parametrize("name", [n for n in known_nuclei() if n not in KEPT])
def test_radii_of_the_table_are_ordered(name):
    i, n = isotope(name), nucleus(name)
    assert 0.04 < i.charge_radius - n.proton_radius < 0.2
    # the most neutrons, of U-238, make the thickest skin
    assert -0.031 < n.neutron_radius - n.proton_radius < 0.18


@pytest.mark.parametrize(("name", "neighbours"), [("S-33", (32, 34)), ("V-50", (51,)), ("Ta-180", (181,))])
def test_a_radius_that_is_not_measured_is_that_of_the_neighbours(name, neighbours):
    symbol, _, nucleons = name.partition("-")
    scaled = [isotope(f"{symbol}-{a}").charge_radius * (int(nucleons) / a) ** (1 / 3) for a in neighbours]
    assert isotope(name).charge_radius == pytest.approx(sum(scaled) / len(scaled), rel=1e-12)


def test_a_proton_is_no_nucleus():
    with pytest.raises(InputError, match="leaves no distribution"):
        point_proton_radius(0.8783, 1, 0)
    with pytest.raises(UnknownNameError, match="not coherent"):
        nucleus("H-1")
    assert "H-1" not in known_nuclei()
    assert "H-2" in known_nuclei()


# --- formulas


@pytest.mark.parametrize(
    ("formula", "atoms"),
    [
        ("Ge", {"Ge": 1}),
        ("CsI", {"Cs": 1, "I": 1}),
        ("CaWO4", {"Ca": 1, "W": 1, "O": 4}),
        (" CaWO₄ ", {"Ca": 1, "W": 1, "O": 4}),
        ("Al2O3", {"Al": 2, "O": 3}),
        ("Bi4Ge3O12", {"Bi": 4, "Ge": 3, "O": 12}),
        ("CO", {"C": 1, "O": 1}),
        ("Co", {"Co": 1}),
        ("NaI", {"Na": 1, "I": 1}),
        ("CH3CH2OH", {"C": 2, "H": 6, "O": 1}),
        ("C6H5(CH2)3CH3", {"C": 10, "H": 14}),
        ("Li6Gd(BO3)3", {"Li": 6, "Gd": 1, "B": 3, "O": 9}),
        ("[Fe(CN)6]2", {"Fe": 2, "C": 12, "N": 12}),
        ("((CH3)2Si{O[Si]2}2)3", {"C": 6, "H": 18, "Si": 15, "O": 6}),
        ("Cd0.9Zn.1Te", {"Cd": 0.9, "Zn": 0.1, "Te": 1}),
        ("CuSO4·5H2O", {"Cu": 1, "S": 1, "O": 9, "H": 10}),
        ("3CdSO4*8H2O", {"Cd": 3, "S": 3, "O": 20, "H": 16}),
        ("CaSO4*0.5H2O", {"Ca": 1, "S": 1, "O": 4.5, "H": 1}),
        ("D2O", {"D": 2, "O": 1}),
        ("UO2", {"U": 1, "O": 2}),
        ("C60", {"C": 60}),
    ],
)
def test_formulas(formula, atoms):
    assert parse_formula(formula) == pytest.approx(atoms)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("", "non-empty"),
        ("()", "closes nothing"),
        ("C)", "closes nothing"),
        ("(CH3]2", "closes nothing"),
        ("C(", "not closed"),
        ("(" * 150, "not closed"),
        ("C" * 201, "201 characters"),
        ("2H2O", "the number 2 follows no element"),
        ("74GeO2", "isotopes are written like 'Ge-76'"),
        ("H2O·", "a part without elements"),
        ("C0", "greater than 0"),
        ("C9999999", r"at most 1e\+06"),
        ("C1.5.5", "follows no element"),
        ("germanium", "begin with a capital letter"),
        ("Csi", "begin with a capital letter"),
        ("Ca WO4", "cannot be read at ' WO4'"),
        ("CO3--", "charges are left out"),
        ("CsI(Na)", r"\(Na\) may be a dopant"),
        ("NaI[Tl]", r"\(Tl\) may be a dopant"),
        ("CaF2:Eu", "dopant"),
        ("Ge76", "may mean the isotope or 76 atoms; write 'Ge-76' or 'Ge'"),
        ("Li6", "may mean the isotope"),
    ],
)
def test_what_is_no_formula_is_refused(formula, message):
    with pytest.raises(InputError, match=message):
        Target.of(formula, mass=1.0)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Xx", "unknown element 'Xx'; known: H, He"),
        ("GE", "unknown element 'G'.*Did you mean 'Ge'"),
        ("NaXI", "unknown element 'X'"),
        ("Tc", "element 'Tc' has no natural composition"),
        ("NaPmO3", "element 'Pm' has no natural composition"),
        ("Ge-75", r"unknown nucleus 'Ge-75'; of Ge there are Ge-70, Ge-72, Ge-73, Ge-74, Ge-76\. Any other"),
        ("I-128", r"of I there is I-127\. Any other"),
        ("ge-74", "Did you mean 'Ge-74'"),
        ("Tc-99", "of Tc none is in the table"),
        ("Qq-99", "the natural isotopes, written like 'Ge-76', of H, He"),
    ],
)
def test_unknown_names_say_what_there_is(name, message):
    for composition in (name, {name: 1.0}, {"O": 2, name: 1}):
        with pytest.raises(UnknownNameError, match=message):
            Target.of(composition, mass=1.0)


# --- targets


@pytest.mark.parametrize(
    ("formula", "molar_mass", "protons"),
    [
        ("CsI", 259.809, 108),
        ("NaI", 149.894, 64),
        ("CaWO4", 287.92, 126),
        ("Al2O3", 101.961, 50),
        ("LiF", 25.966, 12),
        ("PbWO4", 455.04, 188),
        ("C8F18", 438.06, 210),
        ("Gd2SiO5", 422.58, 182),
    ],
)
def test_compounds_have_the_nuclei_and_electrons_of_their_formula(formula, molar_mass, protons):
    target = Target.of(formula, mass=14.6)
    assert target.molar_mass == pytest.approx(molar_mass, rel=1.1e-3 if "Li" in formula else 6e-5)
    units = AVOGADRO * 14.6e3 / target.molar_mass
    electrons = sum(n.protons * count for n, count in zip(target.nuclei, target.numbers, strict=True))
    assert electrons == pytest.approx(protons * units, rel=1e-9)
    assert sum(target.numbers) == pytest.approx(sum(parse_formula(formula).values()) * units, rel=1e-8)
    assert kilograms(target) == pytest.approx(14.6, rel=1e-9)


def test_isotopes_stand_beside_elements_and_add_up():
    tungstate = Target.of({"Ca": 1, "W-184": 1, "O": 4}, mass=1.0)
    assert [n.name for n in tungstate.nuclei if n.protons == 74] == ["W-184"]
    assert Target.of({"CaO": 1, "W-184": 1, "O": 3}, mass=1.0).molar_mass == pytest.approx(tungstate.molar_mass)
    half = Target.of({"Ge": 0.5, "Ge-76": 0.5}, mass=1.0)
    parts = {n.name: count for n, count in half.components}
    assert parts["Ge-76"] == pytest.approx(0.5 + 0.5 * isotope("Ge-76").abundance)
    assert parts["Ge-74"] == pytest.approx(0.5 * isotope("Ge-74").abundance)
    enriched = Target.of({"Ge-76": 0.87, "Ge-74": 0.13}, mass=1.0)
    assert enriched == Target.of({nucleus("Ge-76"): 0.87, nucleus("Ge-74"): 0.13}, mass=1.0)
    assert enriched.molar_mass == pytest.approx(0.87 * 75.921403 + 0.13 * 73.921178, rel=1e-7)
    assert Target.of("Ge-76", mass=1.0) == Target.of({"Ge-76": 1}, mass=1.0)


def test_hydrogen_is_left_out_but_weighs():
    styrene = Target.of("C8H8", mass=1.0)
    assert {n.protons for n in styrene.nuclei} == {6}
    assert styrene.left_out == pytest.approx(8 * 1.00798, rel=1e-4)
    assert sum(styrene.numbers) == pytest.approx(8 * AVOGADRO * 1e3 / 104.15, rel=1e-4)
    assert Target.of({"C": 8, "H": 8}, mass=1.0) == styrene
    with pytest.raises(InputError, match="which is left out already"):
        Target.of("C8H8", mass=1.0, left_out=8.06)
    with pytest.raises(InputError, match="nothing but hydrogen"):
        Target.of({"H": 2}, mass=1.0)
    heavy = Target.of("D2O", mass=1.0)
    assert heavy.left_out == 0
    assert (heavy.nuclei[0].name, heavy.components[0][1]) == ("H-2", 2.0)


def test_nuclei_of_ones_own_go_first():
    mine = Nucleus.from_atomic_mass("Ge-74", 32, 42, 73.921178, 4.0, 4.2)
    proton = Nucleus.from_atomic_mass("H-1", 1, 0, 1.00782503, 0.8, 0.8)
    germanium = Target.of("Ge", mass=1.0, nuclei=[mine])
    assert mine in germanium.nuclei
    assert nucleus("Ge-76") in germanium.nuclei
    assert Target.of("Ge-74", mass=1.0, nuclei=[mine]).nuclei == (mine,)
    water = Target.of("H2O", mass=1.0, nuclei=[proton])
    assert water.left_out == 0
    assert [n.name for n in water.nuclei[:2]] == ["H-1", "H-2"]
    average = Nucleus.from_atomic_mass("Xe", 54, 77, 131.29, 4.73, 4.86)
    assert Target.of({"Xe": 1}, mass=1.0, nuclei=[average]).nuclei == (average,)
    assert average in Target.of("XeF2", mass=1.0, nuclei=[average]).nuclei
    with pytest.raises(InputError, match=r"nuclei\[0\] must be a Nucleus"):
        Target.of("Ge", mass=1.0, nuclei=["Ge-74"])


def test_a_molar_mass_that_is_given_is_used_and_checked():
    assert Target.of("CsI", mass=14.6, molar_mass=259.8).numbers[0] == AVOGADRO * 1e3 * 14.6 / 259.8
    with pytest.raises(InputError, match="does not fit the composition"):
        Target.of("CsI", mass=1.0, molar_mass=150.0)
    iodine = Target.of({"I-127": 1}, mass=1.0, left_out=22.99)
    assert iodine.molar_mass == pytest.approx(149.894, rel=1e-5)


def test_the_isotopes_of_a_natural_element_predict_almost_what_its_average_does():
    xenon = cevns.load("coherent-argon-2020").replace(target=Target.of("Xe", mass=24.0))
    average = Nucleus.from_atomic_mass("Xe", 54, 77, 131.29, 4.725, 4.86)
    single = xenon.replace(target=Target.of({average: 1}, mass=24.0))
    many, one = (e.predict("sm").signal.sum() for e in (xenon, single))
    # (N - 0.08 Z)^2 averaged over N = 77.3 +- 2.2 and not at 77
    assert many == pytest.approx(one, rel=0.03)


# --- configuration files

COMPOSITION = "composition = {Ge-74 = 0.12, Ge-76 = 0.88}\n"


def configured(tmp_path, composition, *, own=True):
    text = template()
    assert COMPOSITION in text
    if not own:
        start, end = text.index("[nuclei.Ge-74]"), text.index("# Each [[experiment]]")
        text = text[:start] + text[end:]
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(COMPOSITION, composition + "\n"), encoding="utf-8")
    return load_config(path).likelihood.experiments[0].target


@pytest.mark.parametrize(
    ("composition", "expected"),
    [
        ('composition = "Ge"', "Ge"),
        ('composition = "CaWO4"', "CaWO4"),
        ('composition = "Ge-76"', "Ge-76"),
        ("composition = {Ge-74 = 0.12, Ge-76 = 0.88}", {"Ge-74": 0.12, "Ge-76": 0.88}),
        ("composition = {Ca = 1, W-184 = 1, O = 4}", {"Ca": 1, "W-184": 1, "O": 4}),
        ("composition = {CH4 = 0.1, Ar = 0.9}", {"CH4": 0.1, "Ar": 0.9}),
    ],
)
def test_configurations_name_formulas_elements_and_isotopes(tmp_path, composition, expected):
    assert configured(tmp_path, composition, own=False) == Target.of(expected, mass=10.0)


def test_nuclei_of_a_configuration_go_first_in_formulas(tmp_path):
    found = {n.name: n for n in configured(tmp_path, 'composition = "GeO2"').nuclei}
    assert (found["Ge-74"].neutron_radius, found["Ge-76"].neutron_radius) == (4.10, 4.14)
    assert found["Ge-72"] == nucleus("Ge-72")


@pytest.mark.parametrize(
    ("composition", "words"),
    [
        ('composition = "Tc"', ["composition: element 'Tc' has no natural"]),
        ('composition = "Ge76"', ["composition: formula 'Ge76' may mean"]),
        ('composition = "H"', ["nothing but hydrogen"]),
        ("composition = {Xx = 1, Ge-75 = 1}", ["composition: formula 'Xx'", "composition: unknown nucleus 'Ge-75'"]),
        ("composition = 3", ["composition: must be a table, got 3"]),
        ('composition = "CsI"\nmolar_mass_g_per_mol = 100', ["target: molar_mass = 100 g/mol does not fit"]),
        ('composition = "CH4"\nleft_out_g_per_mol = 4.0', ["target: left_out = 4.0 is not allowed"]),
        ("molar_mass_g_per_mol = 72.6", ["target.composition: missing"]),
    ],
)
def test_targets_of_configurations_are_refused_with_the_path(tmp_path, composition, words):
    with pytest.raises(DataError) as caught:
        configured(tmp_path, composition)
    assert len(str(caught.value).splitlines()) == 1 + len(words)
    for word in words:
        assert word in str(caught.value)


def test_all_errors_are_errors_of_cevns():
    for call in (lambda: nucleus(5), lambda: natural(None), lambda: isotope(""), lambda: Target.of({3: 1}, mass=1.0)):
        with pytest.raises(CevnsError):
            call()
