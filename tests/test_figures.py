"""The paper's figures: complete, written whole, with the library's numbers; the summary is met and can fail."""

import csv
import itertools
import json

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.path import Path

from cevns import figures, load
from cevns.bounds import NOT_DRAWN, bounds_for
from cevns.errors import DataError, InputError, UnknownNameError
from cevns.figures import figure1, figure2, registry
from cevns.figures.analysis import Analysis
from cevns.figures.panels import Curve, Panel
from cevns.figures.regions import bound_curve
from cevns.figures.summary import Row, format_table, summary
from cevns.inference import TWO_SIGMA


@pytest.fixture(scope="module")
def analysis():
    return Analysis()


@pytest.fixture(scope="module")
def rows(analysis):
    return summary(analysis)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    seen = []
    result = figures.reproduce("3a", folder / "new", lambda *step: seen.append(step))
    return folder / "new", result, seen


def table(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def test_registry_has_both_panels_of_every_figure(analysis):
    assert figures.known_figures() == ("1", "2", "3", "4", "5")
    for name in figures.known_figures():
        assert [panel.name for panel in registry.panels(name, analysis)] == [name + "a", name + "b"]
        assert [panel.name for panel in registry.panels(name + "b", analysis)] == [name + "b"]


def test_unknown_figure_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(UnknownNameError, match="unknown figure '6'"):
        figures.reproduce(["1", "6"], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_files_of_one_panel(written):
    folder, result, _ = written
    names = ["figure3a.csv", "figure3a.pdf", "figure3a.png", "summary.json"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert [path.rsplit("/")[-1] for path in result["figures"]["3a"]] == [names[1], names[2], names[0]]
    assert (folder / "figure3a.pdf").read_bytes().startswith(b"%PDF")
    assert (folder / "figure3a.png").read_bytes().startswith(b"\x89PNG")


def test_pdf_embeds_truetype_fonts_and_no_date(written):
    content = (written[0] / "figure3a.pdf").read_bytes()
    assert b"/FontFile2" in content
    assert b"CreationDate" not in content


def test_progress_counts_to_the_end(written):
    assert [step[:2] for step in written[2]] == [(0, 2), (1, 2), (2, 2)]


def test_csv_holds_the_limits(written, analysis):
    text = (written[0] / "figure3a.csv").read_text(encoding="utf-8")
    assert "90 % C.L." in text.splitlines()[0]
    found = table(written[0] / "figure3a.csv")
    assert set(found[0]) == {"curve", "segment", "mass_MeV", "coupling_low", "coupling_high"}
    limit = analysis.limit("universal", "CsI + Ar", 0.90)
    values = [
        (float(row["mass_MeV"]), float(row["coupling_low"]), float(row["coupling_high"]))
        for row in found
        if row["curve"] == "CsI + Ar"
    ]
    expected = [(m, low, high) for m, rows in zip(limit.mass, limit.excluded, strict=True) for low, high in rows]
    assert values == expected


def test_strip_is_followed_to_its_tip(analysis):
    limit = analysis.limit("universal", "CsI + Ar", 0.90)
    first = next(rows for rows in limit.excluded if len(rows) == 2)
    assert first[1, 0] / first[0, 1] < 1.01
    assert (np.diff(limit.mass) > 0).all()


def test_summary_file_is_what_is_returned(written):
    stored = json.loads((written[0] / "summary.json").read_text(encoding="utf-8"))
    assert stored["summary"] == written[1]["summary"]
    assert set(stored["captions"]) == {"3a"}


def test_failure_leaves_no_half_written_file(tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    def broken(self, path, **options):
        path.write(b"%PDF half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", broken)
    with pytest.raises(DataError, match="No space left"):
        figures.reproduce("2a", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_output_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "taken").touch()
    with pytest.raises(DataError, match="cannot make the folder"):
        figures.reproduce("1a", tmp_path / "taken")


def test_every_row_is_met(rows):
    assert [row.quantity for row in rows if not row.met] == []


def test_summary_covers_the_papers_numbers(rows):
    values = {row.quantity: row.computed for row in rows}
    assert len(values) == len(rows) == 14
    assert values["SM events, CsI, 6-30 PE, Chicago-3 quenching"] == pytest.approx(131.4, abs=0.05)
    assert values["chi2 of the SM, Ar"] == pytest.approx(8.86, abs=0.01)


def test_rows_say_what_is_tested(rows):
    notes = {row.quantity: row.note for row in rows}
    for model in ("B-L", "L_mu-L_tau"):
        note = notes[f"{model}, mass above which CsI is stronger than Ar [MeV]"]
        assert "M >~ 10 MeV" in note
        assert "some tens of MeV" in note
    gap = next(row for row in rows if "COHERENT alone" in row.quantity)
    assert "TEXONO, CHARM-II and Borexino" in gap.note
    assert 0 < gap.values["share_excluded_by_limits_beyond_the_figure"] <= 1
    assert "drawn in figure 4b" in gap.note
    assert all("same data files" in row.source for row in rows if row.quantity.startswith("SM events"))


def test_another_quenching_is_not_met():
    met = {row.quantity: row.met for row in summary(Analysis(csi=load("coherent-csi-2017", quenching="constant")))}
    assert not met["SM events, CsI, 6-30 PE, Chicago-3 quenching"]
    assert not met["chi2 of the SM, CsI"]
    assert met["SM events, Ar, 0-120 keVee"]


def test_less_precise_data_break_the_statements(analysis):
    argon, csi = analysis.experiments["Ar"], analysis.experiments["CsI"]
    vague = argon.replace(uncertainty=1.6 * np.array(argon.uncertainty))
    missed = [row.quantity for row in summary(Analysis(vague, csi.replace(signal_sigma=0.2))) if not row.met]
    for part in ("(g-2)_mu 2 sigma band", "Ar limit / CsI limit", "chi2 of the SM, Ar"):
        assert any(part in quantity for quantity in missed), missed


def test_table_shows_what_is_missed():
    row = {"quantity": "q", "expected": 1.0, "computed": [2.0, 3.0], "criterion": "near", "met": False, "note": ""}
    assert format_table([row]).splitlines()[-1].split() == ["q", "1", "2", "to", "3", "NO", "near"]
    *_, last, empty, note = format_table([row, row | {"note": "Why."}]).splitlines()
    assert (last.endswith("near (1)"), empty, note) == (True, "", "(1) Why.")
    assert Row("q", 1.0, 1.0, "c", True, "s").values == {}


def test_table_tells_the_papers_numbers_from_an_independent_calculation(rows):
    lines = format_table([vars(row) for row in rows]).splitlines()
    starred = [line for line in lines if " * " in line and not line.startswith("*")]
    assert len(starred) == 5
    assert all(line.startswith(("SM events", "chi2 of the SM")) for line in starred)
    assert any(line.startswith("* independent calculation") and "arXiv:2008.05022" in line for line in lines)


def dip(panel):
    """Return the least ratio of the universal model's rate to the standard model's."""
    standard, universal = (np.array(curve.rows)[:, 1] for curve in panel.curves[:2])
    inside = standard > 0
    return (universal[inside] / standard[inside]).min()


def test_spectra_rise_where_the_paper_says(analysis):
    for panel, below in zip(registry.panels("1", analysis), (40.0, 12.0), strict=True):
        rates = {curve.name: np.array(curve.rows) for curve in panel.curves}
        standard = rates.pop("sm")
        for spectrum in rates.values():
            low = spectrum[:, 0] < below
            assert (spectrum[low, 1] > standard[low, 1]).all()
        assert dip(panel) < 0.02


def test_cancellation_is_less_perfect_in_two_species(analysis):
    argon, csi = registry.panels("1", analysis)
    assert dip(csi) > 3 * dip(argon)


def test_figure_2_holds_the_predictions(analysis):
    panel = registry.panels("2b", analysis)[0]
    universal = next(curve for curve in panel.curves if curve.name == "universal")
    expected = analysis.experiments["CsI"].predict("universal", figure1.MASS, figure2.COUPLINGS["universal"]).signal
    assert [row[2] for row in universal.rows] == expected.tolist()


COMPARISONS = [("3b", "universal"), ("4b", "b-l"), ("5b", "lmu-ltau")]


@pytest.fixture(scope="module")
def comparisons(analysis):
    """Return the axes of the three comparisons."""
    return {name: figures.draw(name, analysis).axes[0] for name, _ in COMPARISONS}


@pytest.mark.parametrize(("name", "model"), COMPARISONS)
def test_comparison_draws_and_names_every_experiment(analysis, comparisons, name, model):
    (panel,) = registry.panels(name, analysis)
    bounds = bounds_for(model, name)
    assert {curve.name for curve in panel.curves} == {"COHERENT CsI + Ar", *(bound.name for bound in bounds)}
    texts = [text.get_text() for text in comparisons[name].texts]
    for bound in bounds:
        # several results of one collaboration share its name
        short = bound.label.split()[0].split("/")[0]
        assert any(short in text for text in texts), bound.label
    for omission in NOT_DRAWN:
        assert (omission.label in panel.caption) == (omission.figure == name)
        drawn = any(f"not drawn: {omission.label.split()[0]}" in text for text in texts)
        assert drawn == (omission.figure == name)


@pytest.mark.parametrize("name", ["3b", "4b", "5b"])
# coarse letters of a screen, whose sizes are rounded, and those of the files, with room for other versions' lines
@pytest.mark.parametrize(("dpi", "apart"), [(100, 0.0), (300, 5.0)], ids=["screen", "file"])
def test_texts_of_a_comparison_stay_inside_and_apart(comparisons, name, dpi, apart):
    from matplotlib.text import Text

    ax = comparisons[name]
    ax.figure.set_dpi(dpi)
    ax.figure.draw_without_rendering()
    # without the lines that lead from a name to its curve
    boxes = [(text.get_text(), Text.get_window_extent(text)) for text in ax.texts]
    for inset in ax.child_axes:
        for text in inset.texts:
            box = Text.get_window_extent(text)
            assert inset.bbox.containsx(box.x0), text
            assert inset.bbox.containsx(box.x1), text
            assert inset.bbox.containsy(box.y0), text
            assert inset.bbox.containsy(box.y1), text
        boxes.append(("inset", inset.get_tightbbox()))
    for text, box in boxes:
        assert ax.bbox.x0 < box.x0, text
        assert ax.bbox.y0 < box.y0, text
        assert box.x1 < ax.bbox.x1, text
        assert box.y1 < ax.bbox.y1, text
    for (first, box), (second, other) in itertools.combinations(boxes, 2):
        assert not box.padded(apart * dpi / 72).overlaps(other), (first, second)


@pytest.mark.parametrize(("name", "model"), [("3b", "universal"), ("5b", "lmu-ltau")])
def test_every_region_states_its_confidence_level(comparisons, name, model):
    texts = [text.get_text() for text in comparisons[name].texts]
    for bound in bounds_for(model, name):
        (text,) = (text for text in texts if text.startswith(bound.label.split()[0]))
        level = bound.confidence_level
        expected = "C.L. not stated" if level is None else r"2$\sigma$" if level == TWO_SIGMA else f"{100 * level:g}%"
        assert text.endswith(expected)


def test_the_levels_of_figure_4b_are_those_of_its_note(comparisons):
    from cevns.bounds.drawing import FIXED_TARGETS, family

    (note,) = (text.get_text() for text in comparisons["4b"].texts if "C.L." in text.get_text())
    assert "limits and band at 90% C.L.; of fixed\ntargets (orange) the C.L. is not stated" in note
    for bound in bounds_for("b-l", "4b"):
        assert bound.confidence_level == (None if family(bound) == FIXED_TARGETS else 0.90)


@pytest.mark.parametrize(("name", "model"), COMPARISONS)
def test_the_muons_band_is_said_to_be_favoured(comparisons, name, model):
    texts = "\n".join(text.get_text() for text in comparisons[name].texts)
    assert "favoured," in texts
    assert "not excluded" in texts.replace(",\nnot", ", not")


def test_figure_4b_names_the_limits_that_it_does_not_show(comparisons):
    (note,) = (text.get_text() for text in comparisons["4b"].texts if "not drawn" in text.get_text())
    drawn = {bound.name for bound in bounds_for("b-l", "4b")}
    missing = [bound.label for bound in bounds_for("b-l") if bound.name not in drawn]
    assert missing
    assert note.endswith(f"not drawn, nor in the paper's figure:\n{', '.join(missing)}")


def test_names_of_figure_4b_lead_to_their_curves(comparisons):
    bounds = {bound.name: bound for bound in bounds_for("b-l", "4b")}
    places = {}
    for text in comparisons["4b"].texts:
        if hasattr(text, "arrow_patch"):
            places.setdefault(text.get_text(), []).append(text.xy)
    for name, bound in bounds.items():
        if bound.kind == "region":
            ((mass, coupling),) = places[bound.label.split()[0]]
            assert bound.contains(0.98 * mass, coupling), name
            assert not bound.contains(1.02 * mass, coupling), name
    assert [mass < 200 for mass, _ in places["BaBar"]] == [True]


def test_crossing_curves_of_figure_4b_differ_without_colours(comparisons):
    from cevns.bounds.drawing import COLORS

    (inset,) = comparisons["4b"].child_axes
    looks = {}
    for line in inset.lines:
        style = line.get_linewidth(), line._dash_pattern, lightness(line.get_color()) > 0.5
        looks.setdefault(line.get_color(), set()).add(str(style))
    assert set(looks) == {COLORS[name] for name in ("KLOE", "NA48/2", "PHENIX", "A1/MAMI", "BaBar")}
    assert sum(map(len, looks.values())) == len(set().union(*looks.values())) == 5
    assert sorted(text.get_text() for text in inset.texts) == ["A1", "BaBar", "KLOE", "KLOE", "NA48/2", "PHENIX"]
    assert not inset.collections  # no shading in the way


def test_the_fade_of_connie_stays_near_its_line(comparisons):
    (connie,) = bounds_for("universal", "3b")[:1]
    (shading,) = comparisons["3b"].collections
    for path in shading.get_paths():
        mass, coupling = path.vertices.T
        inside = (mass > 0.1) & (mass < 1e4)
        assert (coupling[inside] < 2 * connie.lowest(mass[inside])).all()


def test_figure_5b_says_what_was_rescaled(comparisons):
    texts = [text.get_text() for text in comparisons["5b"].texts]
    assert any(text.startswith("Borexino (rescaled)") for text in texts)
    assert "BaBar $4\\mu$, 90%\nrescaled to 95%" in texts


def test_figure_2_says_what_its_data_and_error_bars_are(analysis):
    for ax in figures.draw("2", analysis).axes:
        *_, data = (text.get_text() for text in ax.get_legend().get_texts())
        assert data == "data $-$ nominal backgrounds,\nstatistical error bars"


def test_the_sample_of_figure_2_is_no_point_of_its_data(analysis):
    figure = figures.draw("2", analysis)
    figure.draw_without_rendering()
    for ax in figure.axes:
        legend = ax.get_legend()
        assert legend.get_frame_on()
        box = legend.get_frame().get_window_extent()
        steps = [
            np.column_stack([np.repeat(e, 2)[1:-1], np.repeat(v, 2)]) for v, e, _ in (p.get_data() for p in ax.patches)
        ]
        bars = ax.containers[0].lines[2][0].get_segments()
        for points in [*steps, *bars]:
            assert not Path(ax.transData.transform(points)).intersects_bbox(box, filled=False)


def lightness(color):
    return float(np.dot(to_rgb(color), (0.299, 0.587, 0.114)))


def test_accelerators_of_figure_4b_differ_in_colour_and_neighbours_in_grey(comparisons):
    from cevns.bounds.drawing import COLORS

    names = "BaBar", "LHCb", "KLOE", "NA48/2", "A1/MAMI", "PHENIX", "fixed targets"
    assert len({COLORS[name] for name in names}) == len(names)
    drawn = {line.get_color() for line in comparisons["4b"].lines}
    assert drawn >= {COLORS[name] for name in names}
    for first, second in (("BaBar", "LHCb"), ("NA48/2", "BaBar"), ("KLOE", "LHCb"), ("A1/MAMI", "KLOE")):
        assert abs(lightness(COLORS[first]) - lightness(COLORS[second])) > 0.1


def test_the_muons_band_has_one_colour(comparisons):
    from cevns.bounds.drawing import COLORS, MAGNETIC_MOMENTS

    for ax in comparisons.values():
        bands = [patch for patch in ax.patches if patch.get_hatch()]
        assert [patch.get_facecolor()[:3] for patch in bands] == [to_rgb(COLORS[MAGNETIC_MOMENTS[0]])]


def test_converted_limits_are_dashed_and_others_are_not(comparisons):
    from cevns.bounds.drawing import COLORS, FIXED_TARGETS

    dashed = [line.get_color() for line in comparisons["4b"].lines if line.is_dashed()]
    # PHENIX, and LSND among the fixed targets
    assert sorted(dashed) == sorted([COLORS["PHENIX"], COLORS[FIXED_TARGETS]])


@pytest.mark.parametrize(("name", "model"), COMPARISONS)
def test_only_what_is_closed_is_filled(comparisons, name, model):
    kinds = [bound.kind for bound in bounds_for(model, name)]
    ax = comparisons[name]
    # COHERENT, all fixed targets as one region, and the muon's band: nothing else has an edge
    assert len(ax.patches) == 2 + any(kind in ("region", "contour") for kind in kinds)
    assert len(ax.collections) == kinds.count("lower")


def test_no_line_goes_straight_up_where_a_table_ends(comparisons):
    from cevns.bounds.drawing import COLORS

    lines = [line for line in comparisons["4b"].lines if line.get_color() in (COLORS["KLOE"], COLORS["A1/MAMI"])]
    assert len(lines) == 6
    for line in lines:
        mass, coupling = np.log(line.get_data())
        slopes = np.diff(coupling[:-1]) / np.diff(mass[:-1])  # a gap ends each curve
        assert (np.abs(slopes[[0, -1]]) < 40).all()
        assert np.nanmax(coupling) < np.log(0.02)


def test_the_strip_has_an_inset_with_the_lines_of_the_panel(analysis):
    (ax,) = figures.draw("3a", analysis).axes
    (inset,) = ax.child_axes
    widths = [line.get_linewidth() for line in ax.lines]
    assert widths == [line.get_linewidth() for line in inset.lines]
    assert widths == [line.get_linewidth() for line in figures.draw("4a", analysis).axes[0].lines]
    # each data set has two edges inside it, at its last mass
    for line in inset.lines:
        mass, ratio = line.get_data()
        inside = (mass > 9e3) & (mass < 1e4) & (ratio > inset.get_ylim()[0]) & (ratio < inset.get_ylim()[1])
        assert np.ptp(ratio[inside]) > 0.1


def test_panels_use_their_room(analysis):
    (counts,) = figures.draw("2a", analysis).axes
    tail = counts.containers[0].lines[2][0].get_segments()[4:]
    to_axes = counts.transData + counts.transAxes.inverted()
    height = np.ptp(to_axes.transform(np.concatenate(tail))[:, 1])
    assert height > 0.35
    (spectrum,) = figures.draw("1b", analysis).axes
    low, high = spectrum.get_xlim()
    assert sum(low <= tick <= high for tick in spectrum.get_xticks()) >= 6


def test_the_allowed_strip_is_named_at_an_allowed_point(analysis):
    (ax,) = figures.draw("3b", analysis).axes
    (mass, coupling) = next(text.xy for text in ax.texts if text.get_text() == "allowed")
    limit = analysis.limit("universal", "CsI + Ar", TWO_SIGMA)
    i = int(np.searchsorted(limit.mass, mass))
    assert limit.excluded[i - 1][0, 1] < coupling < limit.excluded[i][1, 0]


def test_captions_say_where_a_level_is_not_stated(analysis):
    assert "C.L. not stated: Borexino" in registry.panels("5b", analysis)[0].caption
    assert "not stated" not in registry.panels("3b", analysis)[0].caption


def test_levels_of_the_comparisons(analysis):
    levels = {name: registry.panels(name, analysis)[0].curves[0].about for name in ("3b", "4b", "5b")}
    assert "2 sigma" in levels["3b"]
    assert "90 %" in levels["4b"]
    assert "2 sigma" in levels["5b"]
    assert analysis.limit("universal", "CsI + Ar", TWO_SIGMA).delta_chi2 == pytest.approx(6.18, abs=0.005)


def test_curves_of_bounds_keep_their_kind():
    curves = {bound.name: (bound, bound_curve(bound)) for bound in bounds_for("b-l", "4b")}
    bound, curve = curves["e137"]
    assert [row[1:] for row in curve.rows] == list(zip(*bound.segments[0], strict=True))
    assert {row[3] for row in curves["babar-2014"][1].rows} == {np.inf}
    assert all(row[2] == row[3] for row in curves["lsnd"][1].rows)


def test_curves_of_a_panel_must_have_different_names():
    curve = Curve("x", "", ())
    with pytest.raises(InputError, match="different names"):
        Panel("9a", "", "", (), (curve, curve), print)


def test_recoil_spectra_say_what_is_left_out(analysis):
    for ax in figures.draw("1", analysis).axes:
        assert "before detector response" in ax.get_legend().get_title().get_text()


def test_noisy_curves_that_overlap_have_marks(analysis):
    (ax,) = figures.draw("4b", analysis).axes
    marks = {line.get_marker(): line for line in ax.lines if line.get_marker() in ("o", "s")}
    note = " ".join(text.get_text() for text in ax.texts)
    assert "circles: BaBar, squares: LHCb" in note
    known = {bound.name: bound for bound in bounds_for("b-l", "4b")}
    for marker, name in (("o", "babar-2014"), ("s", "lhcb-2019")):
        points = {pair for segment in known[name].segments for pair in zip(*segment, strict=True)}
        x, y = marks[marker].get_data()
        # they stand on the curve, and where both are there are some of either
        assert {(a, b) for a, b in zip(x, y, strict=True)} <= points
        assert ((x > 200) & (x < 1000)).sum() >= 4
    (inset,) = ax.child_axes
    inset.figure.draw_without_rendering()
    low, high = inset.get_ylim()
    labels = [t.label1.get_text() for t in inset.yaxis.get_major_ticks() if low < t.get_loc() < high]
    assert labels == ["0.0002", "0.0005", "0.001", "0.002", "0.005"]


def test_rows_belong_to_figures(analysis, rows):
    parts = {name: [row.quantity for row in summary(analysis, [name])] for name in figures.known_figures()}
    assert parts["1"] == []
    assert {quantity for part in parts.values() for quantity in part} == {row.quantity for row in rows}
    assert "B-L, masses with couplings that COHERENT alone excludes [MeV]" in parts["4"]
    assert not any(quantity.startswith("L_mu") for quantity in parts["4"])
