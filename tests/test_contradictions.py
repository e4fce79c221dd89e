"""What contradicts itself is refused where a number would come out that nobody asked for."""

import re

import pytest

import cevns
from cevns.detectors import PolynomialQuenching, ResponseShape
from cevns.errors import InputError
from cevns.interactions import Amplitude, Interaction
from cevns.likelihoods import Likelihood, Nuisance
from cevns.nuclei import Target
from cevns.parameters import Parameter

# --- names of nuisances


@pytest.mark.parametrize("name", ["signal", "quenching", "prompt neutrons"])
def test_a_nuisance_is_not_called_like_a_pull_of_its_gaussian_experiment(csi, name):
    with pytest.raises(InputError, match=f"two nuisances of one experiment are called '{name}': rename one"):
        csi.replace(nuisances=[Nuisance(name, 0.3)])


def test_the_name_of_a_pull_that_an_experiment_lacks_is_free(csi, argon):
    point = {"mass": 10.0, "coupling": 5e-5}
    for e in (csi.replace(quenching_sigma=0), argon):
        named, other = (e.replace(nuisances=[Nuisance(name, 0.3)]) for name in ("quenching", "flux"))
        found = named.predict("b-l", **point, pulls=named.pulls("b-l", **point)).signal
        assert found == pytest.approx(other.predict("b-l", **point, pulls=other.pulls("b-l", **point)).signal)


def test_a_shape_called_quenching_moves_no_quenching_scale():
    e = cevns.load("coherent-csi-2017", quenching=PolynomialQuenching((0.0878,))).replace(quenching_sigma=0)
    up, down = PolynomialQuenching((0.09,)), PolynomialQuenching((0.085,))
    found = []
    for name in ("quenching", "factor"):
        shaped = e.replace(shapes=[ResponseShape(name, up, down)])
        found.append(shaped.predict("sm", pulls=shaped.pulls("sm")).signal)
    assert found[0] == pytest.approx(found[1], rel=1e-9)


# --- priors


def own_prior():
    parameter = Parameter("coupling", low=0.0, high=1.0, prior=(5e-5, 1e-5))
    amplitudes = [Amplitude((f, f), 0.0, 1.0, (("coupling", 2),)) for f in ("e", "mu")]
    return Interaction("constrained", [parameter], amplitudes)


def test_a_prior_does_not_replace_that_of_a_parameter(argon):
    model = own_prior()
    with pytest.raises(InputError, match=r"coupling has the prior \(5e-05, 1e-05\) of its own and \(5e-05, 2e-05\) in"):
        argon.with_priors(coupling=(5e-5, 2e-5)).chi2(model, coupling=6e-5)
    same = argon.with_priors(coupling=(5e-5, 1e-5))
    assert same.chi2(model, coupling=6e-5) == argon.chi2(model, coupling=6e-5)


def test_a_prior_does_not_replace_another(csi):
    one = csi.with_priors(rn_csi=(4.9, 0.1))
    assert one.with_priors(rn_csi=(4.9, 0.1)) == one
    with pytest.raises(InputError, match=r"rn_csi has the prior \(4.9, 0.1\) already, and \(5.0, 0.1\) does not"):
        one.with_priors(rn_csi=(5.0, 0.1))
    assert Likelihood(one.experiments).with_priors(rn_csi=(5.0, 0.1)).priors == {"rn_csi": (5.0, 0.1)}


# --- radii


@pytest.fixture(scope="module")
def iodides(csi):
    return csi + csi.replace(name="nai", target=Target.of("NaI", mass=10.0))


@pytest.mark.parametrize(
    ("radii", "said"),
    [
        ({"rn_csi": 5.2}, "rn_csi sets rn_i of coherent-csi-2017, but not that of nai: give rn_cs and rn_i instead"),
        ({"rn_nai": 5.2}, "rn_nai sets rn_i of nai, but not that of coherent-csi-2017: give rn_na and rn_i instead"),
        ({"rn_csi": 5.2, "rn_nai": 5.0}, "rn_csi sets rn_i of coherent-csi-2017, but not that of nai"),
    ],
)
def test_a_nucleus_has_one_radius_in_all_experiments(iodides, radii, said):
    calls = [
        lambda: iodides.chi2("sm", **radii),
        lambda: iodides.bind("sm", free=list(radii)),
        lambda: iodides.predict("sm", **radii),
        lambda: iodides.asimov("sm", **radii),
        lambda: iodides.chi2("sterile-dipole", mass=1.0, mu_mu=1e-9, **radii),
    ]
    for call in calls:
        with pytest.raises(InputError, match=re.escape(said)):
            call()


def test_radii_that_do_not_contradict_are_those_of_each_experiment(iodides, csi, argon):
    first, second = iodides.experiments
    radii = {"rn_cs": 5.0, "rn_i": 5.2}
    expected = first.chi2("sm", **radii) + second.chi2("sm", rn_i=5.2)
    assert iodides.chi2("sm", **radii) == pytest.approx(expected, rel=1e-12)
    # equal compounds, and nuclei that no other has
    both = csi + csi.replace(name="again") + argon
    expected = 2 * csi.chi2("sm", rn_csi=5.2) + argon.chi2("sm")
    assert both.chi2("sm", rn_csi=5.2) == pytest.approx(expected, rel=1e-12)


# --- pulls


def test_pulls_of_an_experiment_with_other_nuisances_are_refused(csi):
    flux = csi.replace(nuisances=[Nuisance("flux", 0.1)])
    with pytest.raises(InputError, match=r"of another 'coherent-csi-2017' than this, which has a nuisance 'flux'"):
        flux.predict("sm", pulls=csi.pulls("sm"))
    exact = csi.replace(quenching_sigma=0)
    with pytest.raises(InputError, match="which has no nuisance 'quenching'"):
        exact.predict("sm", pulls=csi.pulls("sm"))
    # those that only others of a sum share are nothing to it
    together = csi + cevns.load("coherent-argon-2020").replace(nuisances=[Nuisance("flux", 0.1)])
    assert "flux" in together.pulls("sm").shared
    assert csi.predict("sm", pulls=together.pulls("sm")).signal.sum() > 0
