"""Sums of interactions: what is one parameter, what is refused, and what a sum no longer says."""

import itertools

import numpy as np
import pytest

from cevns.errors import InputError
from cevns.interactions import VectorMediator, get_interaction, known_interactions, mediated
from cevns.parameters import mass

NUMBERS = {"MeV": 12.0, "mu_B": 1e-9, "e": 1e-10, "1e-32 cm2": 3.0}


def point(interaction):
    return {p.name: 3e-5 if p.name == "coupling" else NUMBERS.get(p.unit, 0.1) for p in interaction.parameters}


@pytest.mark.parametrize("first", known_interactions())
def test_every_pair_of_built_in_interactions_adds(first, argon):
    """Equal names are one parameter; with names of their own the same numbers give the same counts."""
    one, others = get_interaction(first), known_interactions()
    for second in others[others.index(first) + 1 :]:
        other = get_interaction(second)
        both, apart = one + other, one + other.renamed(**{name: f"{name}_2" for name in other.own_names})
        values = point(both)
        spread = {name: values[name.removesuffix("_2")] for name in apart.own_names}
        expected = argon.predict(apart, **spread).signal
        np.testing.assert_allclose(argon.predict(both, **values).signal, expected, rtol=1e-9, err_msg=second)


def test_parameters_that_differ_in_their_symbol_alone_are_one():
    b_l, scalar = get_interaction("b-l"), get_interaction("scalar").renamed(coupling="g_s")
    for total in (b_l + scalar, scalar + b_l):
        labels = {p.name: p.label for p in total.parameters}
        # neither symbol is that of both
        assert labels == {"mass": "mass", "coupling": "$g_{Z'}$", "g_s": "$g_{s}$"}
    assert (b_l + b_l.replace(name="again")).parameters == b_l.parameters


def test_parameters_of_other_ranges_or_defaults_are_refused():
    one = get_interaction("b-l")
    for changes in ({"high": 100.0}, {"default": 1.0}, {"prior": (10.0, 1.0)}):
        other = one.replace(parameters=(mass(**changes), one.parameters[1]))
        with pytest.raises(InputError, match="both have a parameter 'mass', with another unit, range, default"):
            one + other


def test_charges_of_leptons_that_contradict_each_other_are_none():
    """Counts do not need them, and no single charge stands for both."""
    one = VectorMediator("one", quarks=(1, 1), leptons={"mu": 1})
    two = VectorMediator("two", quarks=(1, 1), leptons={"mu": -3})
    unsaid = two.replace(leptons=())
    # whatever comes on top
    for total in (one + two, two + one, one + two + one, one + unsaid, unsaid + one):
        assert total.leptons == ()
        with pytest.raises(InputError, match=r"gives no charge for the charged lepton 'mu', nor has a sum one"):
            total.lepton_charge("mu")
    assert (one + two).replace(leptons={"mu": 2}).lepton_charge("mu") == 2


def test_contradicting_charges_are_two_exchanges_with_one_mass_and_coupling(argon):
    pairs = itertools.combinations(("b-l", "b-3lmu", "b-2le-lmu"), 2)
    for a, b in pairs:
        one, other = get_interaction(a), get_interaction(b)
        amplitudes = one.amplitudes + other.amplitudes
        proton, neutron = (
            {f: sum(getattr(x, nucleon) for x in amplitudes if x.flavours[0] == f) for f in ("e", "mu")}
            for nucleon in ("proton", "neutron")
        )
        expected = argon.chi2(mediated("sum", proton=proton, neutron=neutron), 20.0, 4e-5)
        assert argon.chi2(one + other, 20.0, 4e-5) == pytest.approx(expected, rel=1e-12)


def test_points_of_more_parameters_than_a_function_takes(argon):
    """Bound with all other values fixed they are the same, whichever are given."""
    total = get_interaction("nsi") + get_interaction("charge-radius") + get_interaction("magnetic-moment")
    values = {"eps_u_ee": 0.05, "r2_mumu": 3.0, "mu_mu": 1e-9}
    expected = argon.bind(total, free=list(values))(*values.values())
    assert argon.chi2(total, **values) == pytest.approx(expected, rel=1e-12)
    assert argon.pulls(total, **values).chi2 == pytest.approx(expected, rel=1e-12)
    every = {p.name: p.default for p in total.parameters} | values
    assert argon.chi2(total, **every) == pytest.approx(expected, rel=1e-12)
    line = [0.0, 0.05, 0.1]
    along = argon.bind(total, free=["eps_u_ee"], **{n: v for n, v in values.items() if n != "eps_u_ee"})
    np.testing.assert_allclose(argon.chi2(total, **(every | {"eps_u_ee": line})), list(map(along, line)), rtol=1e-12)
    counts = argon.signal.counts(total, **(values | {"eps_u_ee": line, "rn_ar": 3.4}))
    assert counts.shape == (3, len(argon.observed))
    np.testing.assert_allclose(counts[1], argon.predict(total, **values, rn_ar=3.4).signal, rtol=1e-12)
    assert argon.asimov(total, **values).chi2(total, **values) == pytest.approx(0.0, abs=1e-12)


def test_points_of_more_mediators_than_a_function_takes(argon):
    """Five with couplings that add in squares are one with their sum."""
    one = get_interaction("b-l")
    total = sum((one.renamed(mass=f"m{i}", coupling=f"g{i}") for i in range(1, 5)), one)
    masses = {"mass": 10.0} | {f"m{i}": 10.0 for i in range(1, 5)}
    couplings = {"coupling": 1e-5} | {f"g{i}": 2e-5 for i in range(1, 5)}
    g = np.sqrt(1 + 4 * 4) * 1e-5
    assert argon.chi2(total, **masses, **couplings) == pytest.approx(argon.chi2("b-l", 10.0, g), rel=1e-10)
    found, expected = argon.predict(total, **masses, **couplings), argon.predict("b-l", 10.0, g)
    np.testing.assert_allclose(found.signal, expected.signal, rtol=1e-10)
    # four, and the radius
    four = {name: value for name, value in (masses | couplings).items() if not name.endswith("4")}
    less = sum((one.renamed(mass=f"m{i}", coupling=f"g{i}") for i in range(1, 4)), one)
    assert argon.chi2(less, **four, rn_ar=3.4) == pytest.approx(
        argon.chi2("b-l", 10.0, np.sqrt(13) * 1e-5, rn_ar=3.4), rel=1e-10
    )
    with pytest.raises(InputError, match="g3 is missing"):
        argon.chi2(total, **masses, **{n: v for n, v in couplings.items() if n != "g3"})
    with pytest.raises(InputError, match=r"masses of 5 mediators, .* are free at once"):
        argon.chi2(total, **{name: [5.0, 10.0] for name in masses}, **couplings)
