"""Axes say what they show, and take nothing else."""

import pytest

from cevns import load
from cevns.bounds import get_bound
from cevns.errors import InputError
from cevns.parameters import Parameter, coupling, coupling_squared, mass
from cevns.plotting import file_axes, mass_coupling_axes, plot_bound, plot_bounds
from cevns.plotting.quantities import quantity_of

MASSES = [1.0, 10.0, 100.0]


@pytest.fixture(scope="module")
def found(csi):
    return {
        "radii": csi.contour("charge-radius", "r2_ee", "r2_mumu"),
        "angle": csi.contour("sm", "sin2_theta_w", "rn_csi"),
        "interval": csi.interval("sm", "rn_csi"),
        "profile": csi.profile("sm", "sin2_theta_w", [0.2, 0.25]),
        "limit": csi.limit("b-l", mass=MASSES),
        "dipole": csi.limit("sterile-dipole", mass=[1.0, 10.0], parameter="mu_mu", mu_e=0.0),
        "prediction": csi.predict("sm"),
    }


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("angle", "radii"),
        ("limit", "dipole"),
        ("limit", "interval"),
        ("interval", "limit"),
        ("interval", "profile"),
        ("prediction", "interval"),
        ("limit", "prediction"),
    ],
)
def test_results_in_other_parameters_are_refused_on_axes_that_say_theirs(found, first, second):
    ax = found[first].plot(file_axes())
    count, ends = len(ax.lines), ax.get_xlim()
    with pytest.raises(InputError, match=r"ax shows .* what is to be drawn is .* axes of its own.*set_xlabel"):
        found[second].plot(ax)
    # and nothing of it is drawn
    assert (len(ax.lines), ax.get_xlim()) == (count, ends)


def test_the_message_names_both_with_their_units(found):
    ax = found["limit"].plot(file_axes())
    with pytest.raises(InputError, match=r"ax shows mass \[MeV\] x coupling, .* is mass \[MeV\] x mu_mu \[mu_B\]"):
        found["dipole"].plot(ax)


def test_axes_that_somebody_else_has_labelled_take_anything(found):
    ax = found["interval"].plot(file_axes())
    ax.set_xlabel("both parameters")
    found["profile"].plot(ax)
    own = file_axes()
    own.plot([0, 1], [0, 1])
    own.set(xlabel="x", ylabel="y")
    found["angle"].plot(own)
    ax.clear()
    found["limit"].plot(ax)
    assert ax.get_xlabel() == "$M_{Z'}$ [MeV]"


def test_limits_on_other_mediators_share_the_plane(csi, found):
    ax = found["limit"].plot(file_axes())
    for model in ("universal", "scalar"):
        csi.limit(model, mass=MASSES).plot(ax)
    plot_bound(get_bound("b-l", "babar-2014"), ax)
    csi.sensitivity("b-l", mass=MASSES, bands="none").plot(ax)
    csi.best_fit("b-l").plot(mass_coupling_axes())


def test_a_mixing_is_no_coupling(found):
    ax = found["limit"].plot(file_axes())
    with pytest.raises(InputError, match="epsilon"):
        plot_bound(get_bound("dark-photon", "phenix-2014"), ax)
    plot_bounds([get_bound("dark-photon", "phenix-2014")])


def test_predictions_of_one_axis_share_axes(csi):
    argon = load("coherent-argon-2020")
    ax = csi.predict("sm").plot(file_axes())
    csi.predict("b-l", 10, 5e-5).plot(ax)
    with pytest.raises(InputError, match=r"number of photoelectrons \[PE\]"):
        argon.predict("sm").plot(ax)


def test_kinds_of_parameters():
    def kinds(*parameters):
        return len({(q.kind, q.unit) for q in map(quantity_of, parameters)})

    assert kinds(coupling(), coupling("g_x"), Parameter("lambda_x", low=0.0, scale="log")) == 1
    assert kinds(mass(), mass("m_phi")) == 1
    assert kinds(coupling(), coupling_squared(), mass(), Parameter("eps_u_ee"), Parameter("eps_d_ee")) == 5
