"""Nuclei and targets."""

import dataclasses

import pytest

from cevns import constants, get_interaction
from cevns.errors import InputError, UnknownNameError
from cevns.nuclei import Nucleus, Target, nucleus


@pytest.mark.parametrize(
    ("name", "atomic_mass", "neutron_radius"),
    [("Cs-133", 132.905451961, 5.01), ("I-127", 126.9044719, 4.94), ("Ar-40", 39.9623831237, 3.55)],
)
def test_masses_are_nuclear_and_radii_those_of_the_paper(name, atomic_mass, neutron_radius):
    n = nucleus(name)
    assert n.mass == pytest.approx(atomic_mass * constants.MEV_PER_U - n.protons * constants.ELECTRON_MASS, rel=1e-14)
    assert n.neutron_radius == neutron_radius
    assert n.proton_radius < n.neutron_radius


def test_target_counts_nuclei():
    target = Target.of({"Cs-133": 1, "I-127": 1}, molar_mass=259.8, mass=14.6)
    assert target.numbers == pytest.approx((6.02214076e23 * 14600 / 259.8,) * 2, rel=1e-14)
    water = Target.of({nucleus("Si-28"): 1, nucleus("Ar-40"): 2}, molar_mass=107.9, mass=1)
    assert water.numbers[1] == 2 * water.numbers[0]
    assert water.nuclei == (nucleus("Si-28"), nucleus("Ar-40"))


def test_unknown_nucleus_names_the_closest():
    with pytest.raises(UnknownNameError, match="Did you mean 'Ar-40'"):
        nucleus("ar40")


def test_spellings_of_an_isotope_are_one_nucleus():
    for name in ("Xe132", "132Xe", "Xe_132", "132-Xe"):
        assert nucleus(name) is nucleus("Xe-132")
    assert nucleus("40Ar") is nucleus("Ar40") is nucleus("Ar-40")
    for name in ("132Xe", "132-Xe", "Xe_132"):
        assert Target.of(name, mass=1.0) == Target.of("Xe-132", mass=1.0)
    mine = nucleus("Xe-132")
    mine = dataclasses.replace(mine, neutron_radius=5.0)
    assert Target.of("132Xe", mass=1.0, nuclei=[mine]).nuclei == (mine,)
    sm = get_interaction("sm")
    assert sm.cross_section(20.0, "132Xe", "mu") == sm.cross_section(20.0, "Xe-132", "mu")
    # the formula of so many atoms is written in the same way
    with pytest.raises(InputError, match="may mean the isotope or 132 atoms; write 'Xe-132'"):
        Target.of("Xe132", mass=1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "name must be a non-empty string"),
        ({"protons": 0}, "protons"),
        ({"protons": 1.5}, "whole number"),
        ({"neutrons": -1}, "neutrons"),
        ({"mass": 0.0}, "mass"),
        ({"proton_radius": -1.0}, "proton_radius"),
        ({"neutron_radius": float("nan")}, "neutron_radius"),
    ],
    ids=str,
)
def test_nuclei_that_are_refused(change, message):
    fields = {"name": "X", "protons": 18, "neutrons": 22, "mass": 37000.0, "proton_radius": 3.4, "neutron_radius": 3.5}
    with pytest.raises(InputError, match=message):
        Nucleus(**fields | change)


@pytest.mark.parametrize(
    ("composition", "molar_mass", "mass", "message"),
    [
        ({}, 40.0, 1.0, "empty"),
        (["Ar-40"], 40.0, 1.0, r"composition must be a string or a mapping, got \['Ar-40'\]; for example"),
        ({"Ar-40": 0}, 40.0, 1.0, "number of Ar-40"),
        ({"Ar-40": "all"}, 40.0, 1.0, "number of Ar-40 per formula unit must be one number"),
        ({"Ar-40": 1}, 0.0, 1.0, "molar_mass"),
        ({"Ar-40": 1}, 40.0, -1.0, "mass"),
    ],
)
def test_targets_that_are_refused(composition, molar_mass, mass, message):
    with pytest.raises(InputError, match=message):
        Target.of(composition, molar_mass=molar_mass, mass=mass)


def test_target_refuses_what_is_no_nucleus():
    with pytest.raises(InputError, match=r"must be a Nucleus, got 'Ar-40'; see cevns\.nuclei\.nucleus"):
        Target((("Ar-40", 1.0),), 40.0, 1.0)
    with pytest.raises(InputError, match=r"components\[0\] must be a pair of \(Nucleus, number\), got 1"):
        Target((1, 2), 40.0, 1.0)


def test_targets_are_equal_whatever_sequence_made_them():
    argon = nucleus("Ar-40")
    assert hash(Target([[argon, 1]], 40.0, 1.0)) == hash(Target(((argon, 1.0),), 40.0, 1.0))


@pytest.mark.parametrize("protons", [0, "18", 1.5, None])
def test_protons_are_checked_before_their_electrons_are_taken_off(protons):
    with pytest.raises(InputError, match="protons"):
        Nucleus.from_atomic_mass("X", protons, 22, 39.96, 3.4, 3.5)
