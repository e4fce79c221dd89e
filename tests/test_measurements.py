"""The reproduction of arXiv:2005.01645: numbers that are met and can fail, figures, tables and names."""

import csv
import functools
import json

import numpy as np
import pytest
from oracle_interactions import SIGMAS

import cevns
from cevns import cli, figures, reference
from cevns.errors import UnknownNameError
from cevns.figures import measured, registry
from cevns.figures.measurements import Measurements
from cevns.figures.rows import PublishedRow, compared, format_table

PAPER, CSI = "2005.01645", "coherent-csi-2017"
FILES = [
    f"{name}.{end}"
    for name, ends in {
        "charge-radii-a": ["csv"],
        "charge-radii-b": ["csv"],
        "charge-radii": ["pdf", "png"],
        "magnetic-moments": ["csv", "pdf", "png"],
        "neutron-radii-a": ["csv"],
        "neutron-radii-b": ["csv"],
        "neutron-radii": ["pdf", "png"],
        "summary": ["json"],
        "weak-angle": ["csv", "pdf", "png"],
    }.items()
    for end in ends
]


@pytest.fixture(scope="module")
def analysis():
    return Measurements()


@pytest.fixture(scope="module")
def written(tmp_path_factory, analysis):
    folder = tmp_path_factory.mktemp("measurements")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry.Paper, "make_analysis", lambda self, *, quick: analysis)
        return folder, figures.reproduce(output=folder, paper=PAPER)


def table(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def test_every_figure_is_written(written):
    folder, result = written
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert list(result["figures"]) == list(figures.known_figures(PAPER))
    for path in folder.glob("*.png"):
        assert path.read_bytes().startswith(b"\x89PNG")
    stored = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert stored["summary"] == result["summary"]
    assert len(stored["captions"]) == 6


def test_every_number_is_met(written):
    rows = written[1]["summary"]
    assert [row["quantity"] for row in rows if row["met"] is not True] == []
    assert len({row["quantity"] for row in rows}) == len(rows) == 44


def test_every_row_says_how_its_published_value_is_known(written):
    for row in written[1]["summary"]:
        assert row["standing"] in ("checked", "abstract", "from memory", "not at hand")
        assert (row["published"] is None) == (row["standing"] == "not at hand")
        assert ("published within" in row["criterion"]) == (row["published"] is not None)
        if row["quantity"].strip("|").startswith(("r2_", "mu_")):
            assert "arrival times" in row["note"]
    shown = format_table(written[1]["summary"])
    assert "3.7 (abstract)" in shown
    assert "-65.3 to -47 or -9.91 to 8.75 *" in shown
    assert "without a star: least chi2 of a dense grid" in shown


def test_another_quenching_misses_numbers_of_cesium_iodide_alone(monkeypatch):
    monkeypatch.setattr(measured, "_profiled_radii", lambda analysis: ())
    monkeypatch.setattr(measured, "_magnetic_moments", lambda analysis: ())
    other = Measurements(csi=cevns.load("coherent-csi-2017", quenching="constant"))
    met = {row.quantity: row.met for row in measured.summary(other)}
    assert [name for name, value in met.items() if value and "CsI" in name] == ["R_n(CsI), 1 sigma [fm]"]
    assert all(value for name, value in met.items() if "CsI" not in name)


@pytest.mark.parametrize(
    ("computed", "met"), [(3.885, True), (3.95, False), ([3.88], False)], ids=["near", "far", "of another shape"]
)
def test_a_row_can_fail(computed, met):
    row = compared("q", 3.88, computed, 0.01)
    assert (row.met, row.published) == (met, None)
    assert not compared("q", 3.88, 3.88, 0.01, published=3.0, apart=0.5, standing="abstract").met


@pytest.mark.parametrize(
    ("model", "name", "label"),
    [
        ("charge-radius", "r2_ee", "Ar"),
        ("charge-radius", "r2_etau", "Ar"),
        ("magnetic-moment", "mu_mu", "Ar"),
        ("charge-radius", "r2_mumu", "CsI"),
    ],
)
def test_expected_ends_lie_on_the_oracles_level(analysis, model, name, label):
    """chi2 of the oracle, which shares nothing with the kernels, crosses the level within the tolerance of the row."""
    moments = model == "magnetic-moment"
    expected = (measured._MOMENTS if moments else measured._RADII)[label][name]
    found = analysis.interval(label, model, name)
    standard = {} if moments else {"r2_ee": -0.83, "r2_mumu": -0.48, "r2_tautau": -0.30}

    @functools.cache
    def chi2(value):
        sigma = SIGMAS[model](**(standard | {name: value}))
        if label == "Ar":
            return reference.chi2_argon(sigma)[0]
        return reference.chi2_csi(sigma, eta=eta_of(value))[0]

    def eta_of(value):
        return 1 + analysis.experiments["CsI"].pulls(model, **{name: value}).experiments[CSI]["pulls"]["quenching"]

    within = 0.002e-9 if moments else 0.02
    unit = 1e-9 if moments else 1.0
    ends = np.ravel(expected) * unit
    outwards = np.resize([-1.0, 1.0], ends.size) if isinstance(expected, list) else [1.0]
    level = chi2(float(found.best_fit)) + found.delta_chi2
    for end, side in zip(ends.tolist(), outwards, strict=True):
        assert chi2(end - side * within) < level < chi2(end + side * within), end


def test_profiled_radii_are_those_of_a_grid(analysis):
    chi2 = analysis.likelihoods["CsI + Ar"].chi2
    values = np.linspace(-110.0, 50.0, 161)
    grid = chi2("charge-radius", r2_ee=values[:, None], r2_mumu=values)
    for axis, name in ((1, "r2_ee"), (0, "r2_mumu")):
        ((low, high),) = measured._PROFILED_RADII[name]
        allowed = values[grid.min(axis=axis) < grid.min() + 2.706]
        assert allowed[[0, -1]] == pytest.approx([low, high], abs=1.0)


def test_profiled_transition_radii_are_those_of_a_grid(analysis):
    """Beyond the limit of a transition radius no pair of the others comes below the level, before it some do."""
    chi2 = analysis.likelihoods["CsI + Ar"].chi2
    e, mu = np.linspace(-75.0, 20.0, 39)[:, None], np.linspace(-65.0, 10.0, 31)
    for name in ("r2_emu", "r2_etau", "r2_mutau"):
        least = min(chi2("charge-radius", r2_ee=e, r2_mumu=mu, **{name: x}).min() for x in (0.0, 7.0, 11.0))
        end = measured._PROFILED_RADII[name]
        below, above = (
            chi2("charge-radius", r2_ee=e, r2_mumu=mu, **{name: x}).min() - least - 2.706
            for x in (end - 0.5, end + 0.5)
        )
        assert below < 0 < above, name


def test_profiled_moments_are_those_of_a_grid(analysis):
    chi2 = analysis.likelihoods["CsI + Ar"].chi2
    e, mu = np.linspace(0.0, 6e-9, 121)[:, None], np.linspace(0.0, 5e-9, 101)
    grid = chi2("magnetic-moment", mu_e=e, mu_mu=mu)
    for axis, values, end in ((1, e[:, 0], 5.126e-9), (0, mu, 3.558e-9)):
        allowed = values[grid.min(axis=axis) < grid.min() + 2.706]
        assert allowed[0] == 0
        assert allowed[-1] == pytest.approx(end, abs=5e-11)


def test_no_suppression_is_the_oracles_point(analysis):
    point = analysis.radii["CsI"].replace(form_factor="point")
    eta = 1 + point.pulls("sm").experiments[CSI]["pulls"]["quenching"]
    expected, *others = (reference.chi2_csi("sm", form_factor="point", eta=x)[0] for x in (eta, eta - 0.02, eta + 0.02))
    assert min(others) > expected
    assert float(point.chi2("sm")) == pytest.approx(expected, abs=1e-8)
    assert analysis.suppression() == pytest.approx(expected - analysis.radius("CsI", 0.68).chi2_min, abs=1e-8)


def test_a_free_radius_does_not_count_its_uncertainty_twice(analysis):
    assert (analysis.radii["Ar"].signal_sigma, analysis.radii["CsI"].signal_sigma) == (0.132, 0.112)
    assert analysis.experiments["Ar"].signal_sigma == 0.134


def test_tables_hold_what_is_drawn(written, analysis):
    rows = table(written[0] / "charge-radii-a.csv")
    assert set(rows[0]) == {"curve", "segment", "r2_ee_1e-32_cm2", "r2_mumu_1e-32_cm2"}
    contour = analysis.contour("CsI", "charge-radius", "r2_ee", "r2_mumu")
    assert len(contour.curves[0]) == 2
    for segment, curve in enumerate(contour.curves[0]):
        stored = [
            [float(row["r2_ee_1e-32_cm2"]), float(row["r2_mumu_1e-32_cm2"])]
            for row in rows
            if row["curve"] == "CsI" and row["segment"] == str(segment)
        ]
        np.testing.assert_array_equal(stored, curve)
    for name, labels in {
        "neutron-radii-a": ["CsI"],
        "neutron-radii-b": ["R_n >= R_p", "global minimum"],
        "weak-angle": ["Ar", "CsI", "CsI + Ar"],
        "charge-radii-b": ["r2_emu", "r2_etau", "r2_mutau"],
    }.items():
        rows = table(written[0] / f"{name}.csv")
        assert list(dict.fromkeys(row["curve"] for row in rows)) == labels
        figure = figures.draw(name, analysis, paper=PAPER)
        for label, line in zip(labels, figure.axes[0].lines, strict=False):
            stored = [tuple(map(float, list(row.values())[1:])) for row in rows if row["curve"] == label]
            np.testing.assert_array_equal(np.transpose(line.get_data()), stored)
            assert min(above for _, above in stored) == pytest.approx(0.0, abs=0.05)


def test_lines_differ_without_colours_and_say_their_level(analysis):
    for name in figures.known_figures(PAPER):
        for ax in figures.draw(name, analysis, paper=PAPER).axes:
            legend = ax.get_legend()
            looks = [(str(line._dash_pattern), line.get_linewidth(), line.get_marker()) for line in legend.get_lines()]
            assert len(set(looks)) == len(looks) >= 2, name
            texts = [legend.get_title().get_text(), *(text.get_text() for text in ax.texts)]
            assert any("d.o.f." in text for text in texts), name


def test_legends_hide_no_curve(analysis):
    for name in figures.known_figures(PAPER):
        figure = figures.draw(name, analysis, paper=PAPER)
        figure.draw_without_rendering()
        for ax in figure.axes:
            box = ax.get_legend().get_window_extent()
            for line in ax.lines:
                if len(line.get_xdata()) > 20:
                    points = ax.transData.transform(line.get_xydata())
                    assert not any(box.contains(*point) for point in points), (name, line.get_label())


def test_figures_use_their_width(analysis):
    for name in figures.known_figures(PAPER):
        figure = figures.draw(name, analysis, paper=PAPER)
        figure.draw_without_rendering()
        # nothing is left beside the labels of the axes
        left, below = (axis.get_tightbbox() for axis in (figure.axes[0].yaxis, figure.axes[0].xaxis))
        assert left.x0 < 0.02 * figure.bbox.width, name
        assert below.y0 < 0.02 * figure.bbox.height, name


def test_planes_have_no_line_along_the_end_of_a_range(analysis):
    (ax,) = figures.draw("magnetic-moments", analysis, paper=PAPER).axes
    drawn = [line.get_xydata() for line in ax.lines if len(line.get_xdata()) > 20]
    assert len(drawn) == 3
    for points in drawn:
        along = (points[1:] == points[:-1]) & (points[1:] == 0)
        assert not along.any()


def test_figures_of_another_paper_are_refused(tmp_path):
    with pytest.raises(
        UnknownNameError, match=r"unknown figure 'weak-angle'.*2005.01645 \(neutron-radii, weak-angle, "
    ):
        figures.reproduce("weak-angle", tmp_path / "out")
    with pytest.raises(UnknownNameError, match=r"unknown figure '1'.*weak-angle"):
        figures.reproduce("1", tmp_path / "out", paper=PAPER)
    with pytest.raises(
        UnknownNameError, match=r"unknown paper 'x'; known: 2005.01645, 2008.05022, feldman-cousins, today"
    ):
        figures.reproduce(None, tmp_path / "out", paper="x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["2005.01644"], "unknown paper '2005.01644'; known: 2005.01645, 2008.05022, feldman-cousins, today."),
        (["unknown"], "others: 2005.01645 ("),
        (["2005.01645", "1"], "charge-radii"),
        (["1", "2005.01645"], "unknown figure '2005.01645'"),
    ],
)
def test_the_command_refuses_what_it_does_not_know(capsys, tmp_path, words, said):
    assert cli.main(["reproduce", *words, "--output", str(tmp_path / "out")]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("written_as", ["2005.01645", "arXiv:2005.01645"])
def test_the_command_takes_a_paper(capsys, tmp_path, monkeypatch, analysis, written_as):
    monkeypatch.setattr(registry.Paper, "make_analysis", lambda self, *, quick: analysis)
    code = cli.main(["reproduce", written_as, "weak-angle", "--output", str(tmp_path)])
    out = capsys.readouterr().out
    assert (code, out.splitlines()[-1]) == (0, "6 of 6 met, of figure weak-angle alone")
    assert (tmp_path / "weak-angle.csv").exists()


def test_a_named_default_is_the_default():
    assert registry.known_papers()[0] == registry.DEFAULT == "2008.05022"
    assert registry.selected(None, "2008.05022") == registry.selected()
    assert isinstance(registry.paper(PAPER).make_analysis(), Measurements)


def test_published_rows_are_rows():
    row = PublishedRow("q", 1.0, 1.0, "near", True, "s")
    assert (row.published, row.standing) == (None, "not at hand")


def test_the_summary_of_another_paper_is_not_written_over(tmp_path):
    other = figures.reproduce("1a", tmp_path)
    before = (tmp_path / "summary.json").read_bytes()
    done = figures.reproduce("weak-angle", tmp_path, paper=PAPER)
    assert (tmp_path / "summary.json").read_bytes() == before
    assert done["file"] == str(tmp_path / f"summary-{PAPER}.json")
    stored = json.loads((tmp_path / f"summary-{PAPER}.json").read_text(encoding="utf-8"))
    assert list(stored["figures"]) == ["weak-angle"]
    # its own summary is
    assert figures.reproduce("1b", tmp_path)["file"] == other["file"] == str(tmp_path / "summary.json")
    assert list(json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["figures"]) == ["1b"]


def test_a_figure_alone_has_its_own_rows(tmp_path, analysis, written):
    every = [row["quantity"] for row in written[1]["summary"]]
    parts = [measured.summary(analysis, [name]) for name in figures.known_figures(PAPER)]
    assert sorted(row.quantity for rows in parts for row in rows) == sorted(every)
    assert [row.quantity for row in measured.summary(analysis, ["weak-angle"])] == [
        quantity for quantity in every if "sin2_theta_w" in quantity
    ]
    done = figures.reproduce("weak-angle", tmp_path, paper=PAPER)
    assert len(done["summary"]) == 6


def test_a_paper_whose_results_are_among_those_of_another_is_told_so(tmp_path):
    with pytest.raises(UnknownNameError, match=r"What arXiv:1908.06045 measures is among the figures of 2005.01645"):
        figures.reproduce(output=tmp_path, paper="1908.06045")


def test_the_weak_angle_ends_soon_after_its_curves(analysis):
    (ax,) = figures.draw("weak-angle", analysis, paper=PAPER).axes
    curves = [line for line in ax.lines if len(line.get_xdata()) > 20]
    last = max(line.get_xdata()[line.get_ydata() < ax.get_ylim()[1]].max() for line in curves)
    assert last < ax.get_xlim()[1] < last + 0.2
