"""Predictions in bins of several axes, at nuisances that were fitted, and what they look like."""

import dataclasses
import itertools
import pickle

import loaded
import numpy as np
import pytest
from scipy import stats

import cevns
from cevns import plotting
from cevns.binning import Axis, Binning
from cevns.detectors import Distribution
from cevns.errors import InputError, UnknownNameError
from cevns.fluxes import Flux, monochromatic
from cevns.likelihoods import Background, Nuisance
from cevns.plotting.counts import STACK_STYLES, central_interval
from cevns.predictions import nsi_quadratic_form, predict
from cevns.predictions.drawing import ELECTRON_STYLE, SIGNAL_STYLE, plot_prediction
from cevns.reference.poisson import baker_cousins


@pytest.fixture(scope="module")
def csi_core():
    return cevns.load("coherent-csi-2021", systematics="core")


@pytest.fixture(scope="module")
def argon_3d():
    return cevns.load("coherent-argon-2020-3d")


@pytest.fixture(scope="module")
def xenon():
    return cevns.load("xenonnt-8b-2026")


def against_data(experiment, expected):
    if experiment.uncertainty is None:
        return baker_cousins(experiment.observed, expected, max(experiment.floor, 1e-300))
    return float((((expected - experiment.observed) / experiment.uncertainty) ** 2).sum())


# components


def test_components_of_caesium_iodide(csi_core):
    """51.0, 170.4 and 104.6 of 325.9 events of the standard model."""
    found = csi_core.predict("sm").totals
    assert found["signal"] == pytest.approx(325.9, abs=0.05)
    expected = {"nu_e": 104.6, "anti-nu_mu": 170.4, "prompt nu_mu": 51.0}
    assert found["components"] == pytest.approx(expected, abs=0.05)


def test_components_arrive_when_they_do(csi_core):
    found = csi_core.predict("sm").projection("time").components
    early = np.array(csi_core.arrival.edges[1:]) <= 1
    shares = {name: counts[early].sum() / counts.sum() for name, counts in found.items()}
    assert shares["prompt nu_mu"] > 0.95
    assert shares["nu_e"] == pytest.approx(shares["anti-nu_mu"], abs=1e-12)
    assert shares["nu_e"] < 0.5


def test_components_see_what_an_interaction_does_to_their_flavour(argon_3d):
    plain = argon_3d.predict("sm").components
    muon = argon_3d.predict("lmu-ltau", mass=10.0, coupling=1e-3).components
    np.testing.assert_allclose(muon["nu_e"], plain["nu_e"], rtol=1e-12)
    assert muon["anti-nu_mu"].sum() > 1.1 * plain["anti-nu_mu"].sum()


def test_electrons_are_in_the_components(csi):
    found = csi.replace(electrons="shells").predict("millicharge", q_mumu=1e-9)
    assert found.totals["electrons"] > 200
    np.testing.assert_allclose(sum(found.components.values()), found.neutrinos, rtol=1e-12)
    assert found.totals["components"]["nu_e"] < 0.3 * found.totals["components"]["anti-nu_mu"]


def test_components_that_share_a_name_are_told_apart():
    line, other = monochromatic(1.0, fluence=1.0, flavour="e"), monochromatic(2.0, fluence=1.0, flavour="e")
    assert [name for name, _ in line.by_component()] == ["monochromatic"]
    anti = monochromatic(1.0, fluence=1.0, flavour="e", antineutrino=True)
    names = [name for name, _ in (line + anti).by_component()]
    assert names == ["monochromatic nu_e", "monochromatic anti-nu_e"]
    parts = Flux("two", (line + other).components).by_component()
    assert [name for name, _ in parts] == ["monochromatic nu_e 1", "monochromatic nu_e 2"]
    assert [part.maximum_energy for _, part in parts] == [1.0, 2.0]


def test_predictions_of_several_points_have_components(xenon):
    found = xenon.predict("b-l", np.array([1.0, 100.0])[:, None], [0.0, 1e-5, 1e-4])
    assert found.totals["signal"].shape == found.totals["components"]["8B nu_e"].shape == (2, 3)
    alone = xenon.predict("b-l", 100.0, 1e-4).components
    for name, counts in found.components.items():
        np.testing.assert_allclose(counts[1, 2], alone[name], rtol=1e-12)


def test_predictions_are_equal_by_value_and_pickle(argon_3d):
    found = argon_3d.predict("sm")
    copy = pickle.loads(pickle.dumps(found))
    assert copy == found
    assert copy.totals == found.totals
    assert found != argon_3d.predict("sm", pulls=argon_3d.pulls("sm"))
    assert dataclasses.replace(found, _origin=None).components == {}


# at nuisances that were fitted


@pytest.mark.parametrize("point", [("sm",), ("b-l", 10.0, 8e-5)], ids=lambda point: point[0])
def test_a_joint_fit_is_the_sum_of_what_each_experiment_expects(csi, csi_core, argon_3d, point):
    """The likelihood compares with the data what is predicted, however nuisances are shared."""
    alone = csi.replace(name="another detector", nuisances=[Nuisance("sns-flux", 0.1)])
    germanium = cevns.load("coherent-ge-2024")
    both = csi_core + argon_3d + germanium + alone
    profile = both.pulls(*point)
    found = both.predict(*point, pulls=profile)
    total = sum((pull / 0.1) ** 2 for pull in profile.shared.values())
    for experiment in both.experiments:
        own = {"signal": experiment.signal_sigma, "quenching": experiment.quenching_sigma}
        own |= {b.name: b.sigma for b in experiment.backgrounds}
        part = profile.experiments[experiment.name]
        penalty = sum((part["pulls"].get(name, 0.0) / sigma) ** 2 for name, sigma in own.items() if sigma)
        chi2 = against_data(experiment, found[experiment.name].total) + penalty
        assert chi2 == pytest.approx(part["chi2"], rel=1e-7)
        total += chi2
        assert found[experiment.name].pulls["sns-flux"] == profile.shared["sns-flux"] != 0
    assert total == pytest.approx(profile.chi2, rel=1e-7)


def test_deformed_templates_are_what_is_compared_with_the_data():
    shapes = ("F90", "signal-time", "PBRN-energy", "PBRN-time", "PBRN-width")
    argon = cevns.load("coherent-argon-2020-3d", shapes=shapes)
    profile = argon.pulls("sm")
    pulls = profile.of(argon.name)
    assert all(abs(pulls[f"argon {name}"]) > 1e-3 for name in shapes)
    found = argon.predict("sm", pulls=profile)
    sigmas = {"signal": argon.signal_sigma, "sns-flux": 0.1} | {b.name: b.sigma for b in argon.backgrounds}
    penalty = sum((pull / sigmas.get(name, 1.0)) ** 2 for name, pull in pulls.items())
    assert against_data(argon, found.total) + penalty == pytest.approx(profile.chi2, rel=1e-9)
    # the energies of the signal stay, and the times of the neutrons do not
    plain = argon.predict("sm")
    energies, neutrons = (
        [of(one) for one in (found, plain)]
        for of in (
            lambda one: one.projection("energy").signal / one.totals["signal"],
            lambda one: one.projection("time").backgrounds["PBRN"] / one.totals["backgrounds"]["PBRN"],
        )
    )
    np.testing.assert_allclose(*energies, atol=5e-3)
    assert np.abs(neutrons[0] - neutrons[1]).max() > 0.01


def test_shifted_arrival_times_and_responses_are_those_of_the_signal(csi_core):
    csi = loaded.load("coherent-csi-2021")
    profile = csi.pulls("sm")
    still = dict.fromkeys(profile.of(csi.name), 0.0)

    def with_pulls(**pulls):
        names = {name.replace(" ", "_").replace("-", "_"): name for name in still}
        return predict(csi, "sm", pulls=still | {names[name]: pull for name, pull in pulls.items()})

    plain = with_pulls()
    np.testing.assert_allclose(plain.signal, csi_core.predict("sm").signal, rtol=1e-9)
    late = with_pulls(csi_time_offset=0.1)
    mean = [one.projection("time").signal @ np.array(csi.arrival.edges[1:]) for one in (plain, late)]
    assert mean[1] > mean[0]
    bright = with_pulls(csi_efficiency=2.0)
    direct = dataclasses.replace(
        csi_core, response=dataclasses.replace(csi.response, efficiency=moved(csi, "csi efficiency", 2.0))
    )
    np.testing.assert_allclose(bright.signal, direct.predict("sm").signal, rtol=1e-9)
    assert with_pulls(sns_flux=0.1).signal.sum() == pytest.approx(1.1 * plain.signal.sum(), rel=1e-12)
    assert with_pulls(SSB=0.1).backgrounds["SSB"].sum() == pytest.approx(1.1 * 1286, rel=1e-12)


def moved(experiment, name, z):
    """Return an efficiency moved by hand."""
    (shape,) = (shape for shape in experiment.shapes if shape.name == name)
    nominal = experiment.response.efficiency
    parts = {
        part: getattr(nominal, part) + z * (getattr(shape.up, part) - getattr(shape.down, part)) / 2 for part in "abcd"
    }
    return type(nominal)(**parts)


def test_pulls_that_do_not_belong_are_refused(csi, argon):
    with pytest.raises(UnknownNameError, match="coherent-csi-2017"):
        csi.predict("sm", pulls=argon.pulls("sm"))
    with pytest.raises(InputError, match=r"likelihood\.pulls"):
        csi.predict("sm", pulls={"signal": 0.1})


# axes


def test_bins_may_have_names():
    run = Axis("run", range(3), names=("SR0", "SR1"))
    assert run.labels == ("SR0", "SR1")
    with pytest.raises(InputError, match="names are 1 for 2 bins"):
        Axis("run", range(3), names=("SR0",))
    binning = Binning([run, Axis("energy", [0, 1, 3], "keV")])
    assert str(binning) == "4 bins of run SR0, SR1 x energy 0 to 3 keV"
    counts = np.array([3.0, 4.0, 0.0, 12.0])
    assert binning.projected(counts, "energy").tolist() == [3.0, 16.0]
    assert binning.projected(counts, 0).tolist() == [7.0, 12.0]
    assert list(binning.table({"uncertainty": counts})) == [
        ("run", "SR0", "SR0", 5.0),
        ("run", "SR1", "SR1", 12.0),
        ("energy [keV]", 0.0, 1.0, 3.0),
        ("energy [keV]", 1.0, 3.0, pytest.approx(160**0.5)),
    ]


def test_the_bins_of_xenon_are_those_of_the_release(xenon):
    assert [axis.name for axis in xenon.signal.binning.axes] == [
        "run",
        "cS2",
        "shadow quantile",
        "S1 score",
        "S2 score",
    ]
    observed = xenon.predict("sm").projection("run").observed
    assert observed.tolist() == [9.0, 28.0]
    one = cevns.load("xenonnt-8b-2026", runs=["sr1"]).signal.binning
    # of a single run all edges are known
    assert one.axes[1].edges[0] == 90.0
    assert not one.axes[1].names


# error bars


@pytest.mark.parametrize("n", [0, 1, 3, 17, 400])
def test_central_intervals_leave_out_the_same_on_either_side(n):
    (low,), (high,) = central_interval([n])
    beyond = 0.5 * (1 - 0.6826894921370859)
    assert stats.poisson.cdf(n, high) == pytest.approx(beyond, rel=1e-9)
    if n:
        assert stats.poisson.sf(n - 1, low) == pytest.approx(beyond, rel=1e-9)
    else:
        assert low == 0


# drawings


def stacked(ax):
    """Return the upper ends of what is stacked, by label, as counts per bin or density."""
    return {patch.get_label(): patch.get_data() for patch in ax.patches if patch.get_fill()}


def test_a_stack_ends_where_the_sum_does(csi_core):
    found = csi_core.predict("sm", pulls=csi_core.pulls("sm"))
    panels = found.plot()
    assert [ax.get_xlabel() for ax in panels] == ["number of photoelectrons [PE]", r"arrival time [$\mu$s]"]
    assert [ax.get_ylabel() for ax in panels] == ["counts / PE", r"counts / $\mu$s"]
    for ax, name in zip(panels, ("energy", "time"), strict=True):
        one = found.projection(name)
        widths = np.diff(one.bin_edges)
        parts = stacked(ax)
        # the largest at the bottom, each on the one below
        assert list(parts) == ["signal, SM", "NIN", "BRN", "SSB"]
        for above, below in itertools.pairwise(parts.values()):
            np.testing.assert_allclose(above.baseline, below.values, rtol=1e-12)
        np.testing.assert_allclose(parts["signal, SM"].values, one.total / widths, rtol=1e-12)
        points, _, (bars,) = ax.containers[0]
        np.testing.assert_allclose(points.get_ydata(), one.observed / widths, rtol=1e-12)
        low, high = central_interval(one.observed)
        ends = np.array([segment[:, 1] for segment in bars.get_segments()])
        np.testing.assert_allclose(ends, np.array([low, high]).T / widths[:, None], rtol=1e-12)
        assert ax.get_ylim()[0] == 0
        assert ax.get_legend() is None
    (legend,) = panels[0].figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["signal, SM", "NIN", "BRN", "SSB", "data"]
    assert legend.get_title().get_text() == "coherent-csi-2021, nuisances at their best fit"
    assert csi_core.predict("sm").plot()[0].figure.legends[0].get_title().get_text().endswith("central values")


def test_a_legend_of_panels_hides_no_data(argon_3d):
    panels = argon_3d.predict("b-l", 10, 8e-5).plot()
    figure = panels[0].figure
    figure.draw_without_rendering()
    box = figure.legends[0].get_window_extent()
    assert all(not box.overlaps(ax.get_tightbbox()) for ax in panels)
    assert box.x1 <= figure.bbox.x1


def test_signals_of_several_predictions_are_told_apart(argon_3d):
    points = argon_3d.predict("sm"), argon_3d.predict("b-l", 10, 8e-5)
    ax = plot_prediction(points, axis="energy")
    parts, other = stacked(ax), points[1].projection("energy")
    lines = {patch.get_label(): patch for patch in ax.patches if not patch.get_fill()}
    (label,) = (label for label in lines if label.startswith("sum with $B-L$"))
    np.testing.assert_allclose(lines[label].get_data().values, other.total, rtol=1e-12)
    assert lines[label].get_linestyle() != lines["_nolegend_"].get_linestyle()
    np.testing.assert_allclose(parts["signal, SM"].values, points[0].projection("energy").total, rtol=1e-12)
    assert ax.get_legend() is not None


def test_data_less_backgrounds_have_bars_of_what_was_counted(argon_3d):
    found = argon_3d.predict("sm")
    (ax,) = {*plot_prediction(found, subtract=True)[:1]}
    one = found.projection("energy")
    points, _, (bars,) = ax.containers[0]
    excess = one.observed - sum(one.backgrounds.values())
    np.testing.assert_allclose(points.get_ydata(), excess, rtol=1e-9)
    low, high = central_interval(one.observed)
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    np.testing.assert_allclose(ends[:, 1] - ends[:, 0], high - low, rtol=1e-9)
    # beside backgrounds that are ten times larger nothing would be seen
    assert [patch for patch in ax.patches if patch.get_fill()] == []
    shown = plot_prediction(found, subtract=True, backgrounds=True)[0]
    assert len([patch for patch in shown.patches if patch.get_fill()]) == 1


def test_panels_need_axes_of_their_own(argon_3d):
    found = argon_3d.predict("sm")
    ax = plotting.new_figure().add_subplot()
    with pytest.raises(InputError, match="give axis='energy' or 'F90' or 'time' too"):
        found.plot(ax)
    assert found.plot(ax, axis="F90") is ax
    assert ax.get_xlabel() == "F90"
    with pytest.raises(UnknownNameError, match="axis"):
        found.plot(axis="mass")


def test_named_bins_are_ticks(xenon):
    run, *others = xenon.predict("sm").plot()
    assert [text.get_text() for text in run.get_xticklabels()] == ["SR0", "SR1"]
    assert run.get_xlim() == (0, 2)
    assert run.get_ylabel() == "counts per bin"
    assert len(others) == 4


def test_an_axis_of_one_bin_has_no_panel():
    (ax,) = cevns.load("coherent-ge-2024").predict("sm").plot()
    assert ax.get_xlabel() == r"observed energy [keV$_\mathrm{ee}$]"
    assert ax.get_ylim()[0] == 0


def test_poisson_data_of_one_axis_are_stacked(csi):
    background = Background("flat", [5.0] * 12, 0.1)
    counts = np.maximum(csi.observed, 0)
    poisson = csi.replace(observed=counts, uncertainty=None, backgrounds=[background], quenching_sigma=0)
    found = poisson.predict("sm", pulls=poisson.pulls("sm"))
    ax = found.plot()
    assert list(stacked(ax)) == ["signal, SM", "flat"]
    assert "uncertainty" not in found.table().names
    assert found._repr_png_().startswith(b"\x89PNG")
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["signal, SM", "flat", "data"]
    electrons = csi.replace(observed=counts, uncertainty=None, quenching_sigma=0, electrons="shells")
    shown = electrons.predict("millicharge", q_mumu=1e-9)
    parts = stacked(shown.plot())
    assert next(iter(parts)) == "on electrons"
    np.testing.assert_allclose(parts["on electrons"].values, shown.total, rtol=1e-12)


def test_what_is_stacked_is_told_apart_without_colours():
    from matplotlib.colors import to_rgb

    def grey(color):
        return float(np.dot([0.299, 0.587, 0.114], to_rgb(color)))

    faces = [face for face, _ in STACK_STYLES]
    hatches = [hatch for _, hatch in STACK_STYLES]
    assert len(set(hatches)) == len(hatches)
    assert SIGNAL_STYLE[1] != ELECTRON_STYLE[1]
    for dark, _ in (SIGNAL_STYLE, ELECTRON_STYLE):
        assert all(grey(face) - grey(dark) > 0.08 for face in faces)
        # points are black
        assert grey(dark) > 0.5


# as a quadratic form


@pytest.mark.parametrize("name", ["csi_core", "argon_3d", "xenon"])
def test_contact_interactions_are_a_quadratic_form_in_all_bins(name, request):
    experiment = request.getfixturevalue(name)
    names, form = nsi_quadratic_form(experiment)
    values = {"eps_u_ee": 0.1, "eps_d_ee": -0.2, "eps_u_mumu": 0.05, "eps_d_mumu": 0.3}
    # "eps_u_e" of the form is "eps_u_ee" of the model
    given = np.array([1.0, *(values.get(f"{name}{name.rpartition('_')[2]}", 0.0) for name in names[1:])])
    expected = experiment.predict("nsi", **dict.fromkeys(cevns.get_interaction("nsi").own_names, 0.0) | values).signal
    np.testing.assert_allclose(np.einsum("i,bij,j->b", given, form, given), expected, rtol=1e-9, atol=1e-12)


def test_shares_are_probabilities_unless_they_are_ratios():
    axis, shares = Axis("f", [0, 1, 2]), [[0.8, 0.4], [0.5, 0.5]]
    with pytest.raises(InputError, match=r"shares of bin 1 of energy add up to 1\.2: at most 1 can be seen"):
        Distribution([axis], shares)
    found = Distribution.of_template([axis], [[8, 4], [5, 5]], [10, 10])
    assert found == Distribution([axis], shares, ratios=True)
    np.testing.assert_array_equal(found.shares, shares)
