"""Today's data as a paper of its own: complete, with the library's numbers; rows are met, and can fail."""

import csv
import itertools
import json
import math

import numpy as np
import pytest

import cevns
from cevns import cli, figures
from cevns.bounds import bounds_for
from cevns.figures import registry
from cevns.figures.today import numbers
from cevns.figures.today.analysis import DATA, HEAVIER, MASSES, NORMALISATION, Today

PAPER = "today"
PLANES = {"universal": 2, "b-l": 2, "lmu-ltau": 2, "scalar": 1}
PARAMETERS = ("neutron-radius", "mixing-angle", "cross-section")
FITS = {"csi-2021": 4, "argon-3d": 6}


@pytest.fixture(scope="module")
def analysis():
    """The core of CsI and few masses, so that nothing takes long."""
    return Today(csi=cevns.load("coherent-csi-2021", systematics="core"), masses=MASSES[::10])


@pytest.fixture(scope="module")
def drawn(analysis):
    """Return the axes of every figure, and its panels."""
    found = {}
    for name in figures.known_figures(PAPER):
        figure = figures.draw(name, analysis, paper=PAPER)
        figure.draw_without_rendering()
        found[name] = figure.axes, registry.panels(name, analysis, PAPER)
    return found


def test_figures_are_complete(drawn):
    assert list(drawn) == [*PLANES, *PARAMETERS, *FITS]
    panels = {name: len(found) for name, (_, found) in drawn.items()}
    assert panels == PLANES | dict.fromkeys(PARAMETERS, 1) | FITS
    for axes, found in drawn.values():
        assert len(axes) == len(found)
        assert all(panel.csv().startswith(f"# figure {panel.name}: {panel.caption}") for panel in found)


def test_planes_hold_the_limits_of_each_data_set_and_of_all(analysis, drawn):
    for model in PLANES:
        first, *others = drawn[model][1]
        assert [curve.name for curve in first.curves] == list(DATA)
        for curve in first.curves:
            limit = analysis.limit(model, curve.name)
            rows = [(m, *ends) for m, rows in zip(limit.mass, limit.excluded, strict=True) for ends in rows.tolist()]
            assert [tuple(row[1:]) for row in curve.rows] == rows
            assert limit.mass.size >= analysis.masses.size
            assert (limit.cl, limit.dof) == (0.90, 2)
        for panel in others:
            names = {bound.name for bound in bounds_for(model)}
            assert {curve.name for curve in panel.curves} == {"COHERENT and XENONnT all four", *names}
    assert analysis.limit("lmu-ltau", "Ge").mass[-2:].tolist() == list(HEAVIER)


@pytest.mark.parametrize("model", ["universal", "b-l"])
def test_minima_are_those_of_the_library(analysis, model):
    for data in DATA[1:4]:
        full = Today(csi=analysis.experiments["CsI 2021"]).best_fit(model, data)
        assert full.chi2 == pytest.approx(analysis.likelihoods[data].best_fit(model).chi2, abs=1e-3)


def test_all_together_share_the_flux(analysis):
    pulls = analysis.likelihoods["all four"].pulls("sm")
    assert "sns-flux" in pulls.shared
    of = [name for name, found in pulls.experiments.items() if "sns-flux" in found["pulls"]]
    assert of == ["coherent-csi-2021", "coherent-argon-2020-3d", "coherent-ge-2024"]


def test_the_normalisation_multiplies_counts():
    argon = cevns.load("coherent-argon-2020-3d")
    standard = argon.signal.counts("sm")
    np.testing.assert_allclose(argon.signal.counts(NORMALISATION, coupling=0.5), 2.25 * standard, rtol=1e-9)
    assert abs(argon.signal.counts(NORMALISATION, coupling=-1.0)).max() < 1e-12


def test_fits_hold_what_is_drawn(analysis, drawn):
    for name, fit in (("csi-2021", analysis.free("CsI 2021")), ("argon-3d", analysis.statistical())):
        half = FITS[name] // 2
        everything, less = drawn[name][1][:half], drawn[name][1][half:]
        prediction = fit.prediction
        for panel in everything:
            parts = {curve.name: sum(row[2] for row in curve.rows) for curve in panel.curves}
            data = parts.pop("data")
            assert data == pytest.approx(prediction.observed.sum())
            assert sum(parts.values()) == pytest.approx(prediction.total.sum())
        for panel, whole in zip(less, everything, strict=True):
            assert len(panel.curves) == len(whole.curves) - 1
            assert "less the fitted steady state background" in panel.caption
        assert abs(prediction.total.sum() / prediction.observed.sum() - 1) < 0.03


def test_data_are_within_their_panels(drawn):
    for name in FITS:
        for ax, panel in zip(*drawn[name], strict=True):
            (data,) = (curve for curve in panel.curves if curve.name == "data")
            low, high = ax.get_ylim()
            widths = np.array([row[1] - row[0] for row in data.rows])
            per = 1 if np.allclose(widths, widths[0]) else widths
            counts = np.array([row[2:] for row in data.rows]).T / per
            assert low <= counts.min()
            assert counts.max() < high


def test_lines_differ_without_colours_and_say_their_level(drawn):
    for name in (*PLANES, *PARAMETERS):
        ax = drawn[name][0][0]
        legend = ax.get_legend()
        looks = [(str(line._dash_pattern), line.get_linewidth(), line.get_marker()) for line in legend.get_lines()]
        assert len(set(looks)) == len(looks), name
        texts = [legend.get_title().get_text(), *(text.get_text() for text in ax.texts)]
        assert any("d.o.f." in text for text in texts), name
        assert name in PARAMETERS or "90% C.L." in texts[0]
    for name in FITS:
        areas = drawn[name][0][0].get_legend().get_patches()
        looks = [(area.get_hatch(), sum(area.get_facecolor()[:3])) for area in areas]
        assert len(areas) == 4
        assert all(a[0] != b[0] or abs(a[1] - b[1]) > 0.3 for a, b in itertools.combinations(looks, 2))


def test_texts_of_a_comparison_stay_inside_and_apart(drawn):
    from matplotlib.text import Text

    for model in ("universal", "b-l", "lmu-ltau"):
        ax = drawn[model][0][1]
        boxes = [(text.get_text(), Text.get_window_extent(text)) for text in ax.texts]
        for text, box in boxes:
            assert ax.bbox.x0 < box.x0, text
            assert box.x1 < ax.bbox.x1, text
            assert ax.bbox.y0 < box.y0, text
            assert box.y1 < ax.bbox.y1, text
        for (first, box), (second, other) in itertools.combinations(boxes, 2):
            assert not box.overlaps(other), (first, second)


def test_rows_say_how_their_published_values_are_known(analysis):
    rows = numbers.summary(analysis)
    assert len({row.quantity for row in rows}) == len(rows)
    for row in rows:
        assert row.standing in ("checked", "abstract", "second hand", "from memory", "not at hand")
        assert (row.published is None) == (row.standing == "not at hand")
    parts = [numbers.summary(analysis, [name]) for name in figures.known_figures(PAPER)]
    assert {row.quantity for part in parts for row in part} == {row.quantity for row in rows}


def test_argon_xenon_and_germanium_are_met_and_the_core_is_not(analysis):
    met = {row.quantity: row.met for row in numbers.summary(analysis)}
    assert all(value for name, value in met.items() if not name.startswith("CsI 2021"))
    # another set of nuisances than that of the numbers
    assert not met["CsI 2021: significance [sigma]"]
    assert not met["CsI 2021: cross section [1e-40 cm2]"]


def test_the_rows_of_caesium_iodide_are_met_with_all_its_shapes():
    rows = numbers.summary(Today(masses=MASSES[::10]), ["csi-2021"])
    assert len(rows) == 21
    assert [row.quantity for row in rows if not row.met] == []
    # errors of the number itself, in which the uncertainties of flux and efficiency have no part
    (errors,) = (row for row in rows if row.quantity == "CsI 2021: errors of the fitted CEvNS events")
    assert errors.computed == pytest.approx([-31.3, 32.2], abs=0.2)


def test_the_command_takes_today(capsys, tmp_path, monkeypatch, analysis):
    monkeypatch.setattr(registry.Paper, "make_analysis", lambda self, *, quick: analysis)
    code = cli.main(["reproduce", "today", "argon-3d", "--threads", "2", "--output", str(tmp_path)])
    out = capsys.readouterr().out
    assert (code, out.splitlines()[-1]) == (0, "20 of 20 met, of figure argon-3d alone")
    stored = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    row = next(row for row in stored["summary"] if row["quantity"] == "Ar 3-D: fitted CEvNS events")
    assert (row["published"], row["standing"], row["met"]) == (159.0, "second hand", True)
    with (tmp_path / "argon-3d-a.csv").open(encoding="utf-8") as file:
        found = list(csv.DictReader(line for line in file if not line.startswith("#")))
    assert set(found[0]) == {"curve", "low_keVee", "high_keVee", "counts", "down_to", "up_to"}


def test_the_number_of_threads_is_checked(tmp_path):
    with pytest.raises(cevns.CevnsError, match="num_threads"):
        figures.reproduce("scalar", tmp_path / "out", paper=PAPER, num_threads=0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_every_number_is_met_with_all_nuisances(tmp_path):
    done = figures.reproduce(output=tmp_path, paper=PAPER, num_threads=2)
    assert [row["quantity"] for row in done["summary"] if not row["met"]] == []
    assert math.prod(len(paths) > 0 for paths in done["figures"].values())
