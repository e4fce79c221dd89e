"""Objects show themselves in a line, and messages say what is so."""

import re
from pathlib import Path

import numpy as np
import pytest

import cevns
from cevns import checks
from cevns.errors import DataError, InputError, UnknownNameError
from cevns.fluxes import monochromatic
from cevns.inference import Limit
from cevns.interactions import Amplitude, NonStandardInteractions, VectorMediator, get_interaction
from cevns.plotting import file_axes
from cevns.plotting.canvas import import_matplotlib


@pytest.mark.parametrize(
    "part",
    ["signal", "response", "flux", "target", "data", "statistic", "response.quenching", "response.efficiency"],
)
def test_parts_of_experiments_show_themselves_in_a_line(csi, argon, part):
    for found in (csi, argon):
        for name in part.split("."):
            found = getattr(found, name)
        shown = repr(found)
        assert len(shown) < 400
        assert " at 0x" not in shown
        assert "\n" not in shown


def test_what_is_shown_tells_what_it_is(csi):
    assert repr(csi.signal) == "<Signal: pion decay at rest on Cs-133 + I-127, 12 bins from 6 to 30 PE>"
    assert repr(csi.response) == "<Response: BirksQuenching, 12 bins from 6 to 30 PE>"
    assert repr(csi.flux).startswith("<Flux pion decay at rest: nu_e, anti-nu_mu, prompt nu_mu; e, mu up to 52.83 MeV>")
    assert repr(csi.flux.components[1]) == "<Component anti-nu_mu: antineutrinos of flavour mu>"
    assert "(0.5, 1.0, ..., 100.0: 34 values)" in repr(csi.response.quenching)
    assert repr(csi.bind("sterile-dipole")) == (
        "<RefoldedEvaluator of mass, mu_e, mu_mu: chi2 of sterile-dipole and coherent-csi-2017>"
    )


# --- flavours


@pytest.mark.parametrize(
    "call",
    [
        lambda: NonStandardInteractions(up={"emu": 1}),
        lambda: VectorMediator("x", quarks=(1, 1), leptons={"emu": 1}),
    ],
    ids=["nsi", "mediator"],
)
def test_couplings_that_change_the_flavour_are_pointed_to(call):
    with pytest.raises(UnknownNameError, match=r"'nsi', such as eps_u_emu, or amplitudes of your own, Amplitude\(\("):
        call()
    # which there are
    assert "eps_u_emu" in get_interaction("nsi").own_names
    assert Amplitude(("e", "mu"), 1.0, 1.0).flavours == ("e", "mu")


def test_a_flux_says_which_flavours_there_are():
    with pytest.raises(UnknownNameError, match="'emu'; known: e, mu, tau; neutrinos and antineutrinos") as refused:
        monochromatic(10.0, fluence=1e3, flavour="emu")
    assert "change the flavour" not in str(refused.value)


# --- masks


def test_a_mask_that_hides_nothing_loses_nothing():
    for mask in (np.ma.nomask, [False, False]):
        values = np.ma.array([2.0, 4.0], mask=mask)
        assert checks.array("x", values).tolist() == [2.0, 4.0]
        assert type(checks.array("x", values)) is np.ndarray
        assert checks.array("x", [values, values]).shape == (2, 2)
    with pytest.raises(InputError, match="x is masked"):
        checks.array("x", np.ma.array([2.0, 4.0], mask=[False, True]))


# --- limits


def test_an_excluded_coupling_of_0_is_inside_the_brackets(argon, run):
    many = argon.replace(observed=[3 * count for count in argon.observed])
    found = many.limit("universal", mass=10.0)
    assert found.excludes(10, 0.0)
    assert found.text(found.excluded[0]).startswith("[0, ")
    assert argon.limit("universal", mass=10.0).text(np.array([[1e-5, np.inf]])) == "(1e-05, inf)"
    # of an interaction with both signs 0 is a coupling as any other
    eps = argon.limit(NonStandardInteractions("eps", up={"e": 1.0}))
    assert eps.text(np.array([[0.0, 1.0]])) == "(0, 1)"
    assert eps.text(np.empty((0, 2))) == "none"
    Path("config.toml").write_text('schema = 1\n[[experiment]]\nname = "coherent-argon-2020"\n')
    shown = run("limit", "--config", "config.toml", "--model", "universal", "--mass", "10")[1]
    limit = cevns.load("coherent-argon-2020").limit("universal", mass=10.0)
    assert limit.text(limit.excluded[0]) in shown
    assert isinstance(limit, Limit)


# --- settings of Matplotlib


def test_a_cycle_without_colours_is_no_bug(run):
    matplotlib = import_matplotlib()
    from cycler import cycler

    with matplotlib.rc_context({"axes.prop_cycle": cycler("color", [])}):
        with pytest.raises(DataError, match=r"cannot draw axes: Matplotlib says .* matplotlibrc file may ask for it"):
            file_axes()
        for command in (
            ["limit", "coherent-argon-2020", "--model", "b-l", "--mass", "1:100:3", "-o", "x.pdf"],
            ["bounds", "plot", "b-l", "-o", "x.pdf"],
        ):
            code, out, err = run(*command)
            assert (code, out) == (2, "")
            assert "unexpected" not in err
            assert re.search("cannot draw axes", err)
