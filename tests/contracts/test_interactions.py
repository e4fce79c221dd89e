"""What every interaction promises, built in or built from the public functions."""

import copy
import math
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from canonical import INTERACTIONS, VALUES
from generated_checks import call
from oracle_interactions import ELECTRON_SIGMAS, SIGMAS, outgoing_masses

import cevns
from cevns import interactions, reference
from cevns.errors import UnknownNameError
from cevns.interactions import electron_cross_section, mediated
from cevns.units import typeset

ROOT = Path(__file__).parents[2]
#: The oracle's nuclei by the library's names.
ORACLE_NUCLEI = {"Ar-40": reference.AR40, "Cs-133": reference.CS133, "I-127": reference.I127}


@pytest.fixture(params=INTERACTIONS)
def interaction(request):
    return INTERACTIONS[request.param]


@pytest.fixture(params=cevns.known_interactions())
def built_in(request):
    return cevns.get_interaction(request.param)


def seen(experiment, interaction):
    """Return an experiment with electrons for what scatters on them alone."""
    return experiment.replace(electrons="shells") if interaction.structure.needs_electrons else experiment


def values(interaction):
    """Return a value for each of its own parameters; contact couplings are of the order of 1."""
    contact = {name for a in interaction.amplitudes if a.mediator is None for name, _ in a.couplings}
    return {p.name: VALUES.get(p.name, 0.7 if p.name in contact else None) for p in interaction.parameters}


def couplings(interaction):
    return [name for name in interaction.exponents if name in interaction.own_names]


def reached(interaction):
    """Return the parameters that electron and muon neutrinos know of."""
    seen = [a for a in interaction.amplitudes if a.flavours[0] != "tau"]
    names = {name for a in seen for name, _ in a.couplings}
    return names | {m for a in seen for m in (a.mediator, a.final_mass) if isinstance(m, str)}


def test_parameters_say_what_they_are(interaction):
    names = [p.name for p in interaction.all_parameters]
    assert len(set(names)) == len(names)
    for p in interaction.all_parameters:
        assert p.label
        assert p.low <= p.origin <= p.high
        assert p.low < p.high < math.inf
        assert p.default is None or p.low <= p.default <= p.high
        assert p.scale in ("linear", "log")
        # outside of mathematics there are letters alone, none of them raw powers or indices
        assert re.fullmatch(r"[A-Za-z /]*", "".join(typeset(p.unit).split("$")[::2])), p.unit
        assert p.axis_label == (f"{p.label} [{typeset(p.unit)}]" if p.unit else p.label)
    masses = {m for a in interaction.amplitudes for m in (a.mediator, a.final_mass) if isinstance(m, str)}
    assert masses == interaction.mediators | interaction.final_masses
    assert {p.name for p in interaction.all_parameters if p.unit == "MeV"} == masses


def test_every_parameter_is_of_some_use(argon, interaction):
    point, argon = values(interaction), seen(argon, interaction)
    before = argon.signal.counts(interaction, **point)
    for name in reached(interaction):
        value = point[name]
        assert not np.array_equal(argon.signal.counts(interaction, **point | {name: 1.1 * value}), before), name


def test_equal_by_value_and_copied(interaction):
    for other in (pickle.loads(pickle.dumps(interaction)), copy.deepcopy(interaction), interaction.replace()):
        assert other == interaction
        assert hash(other) == hash(interaction)
    assert interaction.replace(name="another") != interaction
    assert [other == interaction for other in INTERACTIONS.values()].count(True) == 1


def test_adds(argon, interaction):
    other = mediated("other", proton={"e": 1.0}, neutron={"mu": 1.0}).renamed(mass="other_mass", coupling="other_g")
    both, point, argon = interaction + other, values(interaction), seen(argon, interaction)
    assert both.own_names == interaction.own_names + other.own_names
    off = argon.signal.counts(both, **point, other_mass=10.0, other_g=0.0)
    np.testing.assert_allclose(off, argon.signal.counts(interaction, **point), rtol=1e-14)
    on = argon.signal.counts(both, **point, other_mass=10.0, other_g=1e-4)
    assert not np.allclose(on, off, rtol=1e-3)


def test_parameters_are_renamed(argon, interaction):
    names = {name: f"{name}_x" for name in interaction.own_names}
    other, point, argon = interaction.renamed(**names), values(interaction), seen(argon, interaction)
    assert other.own_names == tuple(names.values())
    renamed = {names[name]: value for name, value in point.items()}
    np.testing.assert_array_equal(argon.signal.counts(other, **renamed), argon.signal.counts(interaction, **point))
    with pytest.raises(UnknownNameError):
        interaction.renamed(no_such_parameter="x")


def test_without_coupling_it_is_the_standard_model(both, interaction):
    """Counts to the last bit, chi2 to rounding: the search over the quenching scale may begin elsewhere."""
    origins = {p.name: p.origin for p in interaction.parameters}
    off = values(interaction) | {name: origins[name] for name in couplings(interaction)}
    standard = cevns.get_interaction("sm")
    both = sum(seen(experiment, interaction) for experiment in both.experiments)
    for experiment in both.experiments:
        np.testing.assert_array_equal(experiment.signal.counts(interaction, **off), experiment.signal.counts(standard))
    assert both.chi2(interaction, **off) == pytest.approx(both.chi2("sm"), rel=1e-14)


def test_counts_are_a_quadratic_form_on_every_line(argon, interaction):
    """Third differences vanish in the power of a coupling along which the kernels know chi2 exactly."""
    point, argon = values(interaction), seen(argon, interaction)
    for name, powers in interaction.exponents.items():
        step = math.gcd(*powers)
        assert max(powers) <= 2 * step, name
        origin = next(p.origin for p in interaction.all_parameters if p.name == name)
        line = origin + point.get(name, 0.1) * np.arange(4.0) ** (1 / step)
        counts = argon.signal.counts(interaction, **point | {name: line})
        third = counts[3] - 3 * counts[2] + 3 * counts[1] - counts[0]
        assert np.abs(third).max() <= 1e-12 * counts.max(), name


def test_all_ways_to_counts_agree(csi, interaction):
    point, csi = values(interaction), seen(csi, interaction)
    counts = csi.signal.counts(interaction, **point)
    assert counts.shape == (csi.response.bins,)
    np.testing.assert_array_equal(csi.predictor(interaction)(**point), counts)
    np.testing.assert_array_equal(csi.predictor(interaction)(*point.values()), counts)
    found = csi.predict(interaction, **point)
    both = found.signal if found.electrons is None else found.signal + found.electrons
    np.testing.assert_allclose(both, counts, rtol=0 if found.electrons is None else 1e-14)
    many = csi.signal.counts(interaction, **{name: [value, 2 * value] for name, value in point.items()})
    np.testing.assert_allclose(many[0] if point else many, counts, rtol=1e-14)


def test_all_ways_to_chi2_agree(both, interaction):
    point, both = values(interaction), sum(seen(experiment, interaction) for experiment in both.experiments)
    function = both.bind(interaction)
    chi2 = function(*point.values())
    assert function.names == interaction.own_names
    # to rounding: the search over the quenching scale may begin elsewhere
    for other in (
        function(**point),
        both.chi2(interaction, **point),
        call(function.low_level_callable(), *point.values()) if not interaction.final_masses else chi2,
        pickle.loads(pickle.dumps(function))(*point.values()),
        both.pulls(interaction, **point).chi2,
        sum(e.chi2(interaction, **point) for e in both.experiments),
    ):
        assert other == pytest.approx(chi2, rel=1e-12)
    if point:
        # rows of a grid go another way through the kernels
        name = next(name for name in reversed(point) if name in reached(interaction) or not reached(interaction))
        value = point[name]
        grid = both.chi2(interaction, **point | {name: value * np.array([0.5, 1.0, 2.0])})
        assert grid[1] == pytest.approx(chi2, rel=1e-10)
        if interaction.own_names == ("mass", "coupling"):
            scan = both.scan(interaction, [point["mass"]], value * np.array([0.5, 1.0, 2.0]))
            np.testing.assert_allclose(scan.chi2[0], grid, rtol=1e-10)


def test_the_oracle_knows_it(built_in):
    """Every built-in interaction has its equation in `cevns.reference`, and both have one cross section."""
    point = values(built_in)
    sigma = SIGMAS[built_in.name](**point)
    for name, nucleus in ORACLE_NUCLEI.items():
        for flavour in ("e", "mu"):
            energy, recoil = np.array([15.0, 30.0, 45.0]), 1e-3 * np.array([1.0, 5.0, 20.0])
            expected = sigma(energy[:, None], recoil, nucleus, flavour)
            found = built_in.cross_section(energy[:, None], name, flavour, 1e3 * recoil, **point)
            np.testing.assert_allclose(found, expected / 1e3, rtol=1e-9)


def test_the_oracle_knows_what_it_does_to_electrons(built_in):
    """Weakly enough that electrons, which know a massless photon at far smaller q^2, show all of its amplitudes."""
    point = {name: 1e-4 * value if name.startswith("q_") else value for name, value in values(built_in).items()}
    point |= {"mass": 1.5} if "mass" in point else {}
    sigma = ELECTRON_SIGMAS[built_in.name](**point)
    energy, recoil = np.array([0.2, 15.0, 30.0, 45.0])[:, None], 1e-3 * np.array([0.5, 20.0, 3e3])
    for flavour in ("e", "mu"):
        for antineutrino in (False, True):
            expected = sigma(energy, recoil, 1, flavour, antineutrino)
            found = electron_cross_section(built_in, energy, flavour, 1e3 * recoil, antineutrino=antineutrino, **point)
            np.testing.assert_allclose(found, expected / 1e3, rtol=1e-9)


def test_electrons_are_a_channel_beside_nuclei(csi, interaction):
    """All ways to counts and chi2, with electrons: nuclei are what they were, and electrons add."""
    point, atoms = values(interaction), csi.replace(electrons="shells")
    found, counts = atoms.predict(interaction, **point), atoms.signal.counts(interaction, **point)
    alone = csi.predict("sm") if interaction.structure.needs_electrons else csi.predict(interaction, **point)
    np.testing.assert_array_equal(found.signal, alone.signal)
    assert (found.electrons > 0).all()
    np.testing.assert_allclose(counts, found.signal + found.electrons, rtol=1e-13)
    function, chi2 = atoms.bind(interaction), atoms.pulls(interaction, **point).chi2
    assert function(**point) == pytest.approx(chi2, rel=1e-12)
    assert atoms.asimov(interaction, **point).chi2(interaction, **point) == pytest.approx(0, abs=1e-8)
    eta = atoms.pulls(interaction, **point).experiments[atoms.name]["pulls"]["quenching"]
    at = atoms.predict(interaction, eta=1 + eta, **point)
    np.testing.assert_allclose(at.electrons, found.electrons, rtol=1e-13)
    for name, powers in interaction.exponents.items():
        origin = next(p.origin for p in interaction.all_parameters if p.name == name)
        line = origin + point.get(name, 0.1) * np.arange(4.0) ** (1 / math.gcd(*powers))
        electrons = atoms.predict(interaction, **point | {name: line}).electrons
        third = electrons[3] - 3 * electrons[2] + 3 * electrons[1] - electrons[0]
        assert np.abs(third).max() <= 1e-11 * electrons.max(), name
    off = point | {p.name: p.origin for p in interaction.parameters if p.name in couplings(interaction)}
    np.testing.assert_array_equal(atoms.predict(interaction, **off).electrons, atoms.predict("sm").electrons)


def test_its_counts_are_those_of_the_oracle(both, built_in):
    """Argon to the constants, CsI to how the stopping power is interpolated, as shares of the largest bin."""
    point = values(built_in)
    sigma, masses = SIGMAS[built_in.name](**point), outgoing_masses(built_in, point)
    csi, argon = both.experiments
    for experiment, events, tolerance in ((argon, reference.events_argon, 5e-7), (csi, reference.events_csi, 1e-3)):
        expected = events(sigma, method="fixed", outgoing_masses=masses)
        found = experiment.signal.counts(built_in, **point)
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * expected.max())


def test_users_find_it(built_in, run):
    assert built_in.description
    assert built_in.reference.startswith("arXiv:")
    assert built_in.label
    assert re.fullmatch(r"L = [ -~]{20,130}", built_in.lagrangian)
    _, out, _ = run("list")
    assert any(line.startswith(f"{built_in.name} ") and built_in.lagrangian in line for line in out.splitlines())
    assert any(line.startswith(f"{built_in.name} ") and built_in.reference in line for line in out.splitlines())
    page = (ROOT / "docs" / "physics.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("|")]
    assert any(f"`{built_in.name}`" in row for row in rows), "docs/physics.md has no row for it"


def test_the_page_has_the_lagrangians():
    """Of all that are built in, and of the kinds that are not."""
    page = (ROOT / "docs" / "physics.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `([^`]+)` \| `(L = [^`]+)` \|$", page, re.MULTILINE))
    expected = {name: cevns.get_interaction(name).lagrangian for name in cevns.known_interactions()}
    expected["TensorMediator"] = interactions.TensorMediator(proton=1.0, neutron=1.0).lagrangian
    expected["PseudoscalarMediator"] = interactions.PseudoscalarMediator().lagrangian
    assert listed == expected


def test_a_lagrangian_says_the_charges(interaction):
    """Those of a user are told as those that are built in; a sum has those of its parts."""
    model = interactions.VectorMediator("mine", quarks=(0.3, -1.5), leptons={"e": 2, "tau": -1 / 3})
    assert model.lagrangian == (
        "L = -g Z'_m sum_f Q_f fbar gamma^m f, Q = 3/10 (u), -3/2 (d), 2 (e, nu_e), -1/3 (tau, nu_tau)"
    )
    other = interaction.renamed(**{name: f"{name}_x" for name in interaction.own_names})
    assert (model + other).lagrangian == "; ".join(filter(None, (model.lagrangian, interaction.lagrangian)))
    assert model.replace(lagrangian="L = 0").lagrangian == "L = 0"
