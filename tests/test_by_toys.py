"""The paper's regions by toys: quick ones, with the library's numbers."""

import csv
import json

import numpy as np
import pytest

from cevns import cli
from cevns.errors import InputError
from cevns.figures import registry
from cevns.figures.analysis import LABELS
from cevns.figures.by_toys import COLUMNS, ByToys

PAPER = "feldman-cousins"


@pytest.fixture(scope="module")
def analysis():
    return ByToys((5, 11), 0.2, 128)


@pytest.mark.parametrize("model", ["b-l", pytest.param("universal", marks=pytest.mark.long), "lmu-ltau"])
def test_panels_hold_each_data_set(analysis, model):
    found = registry.panels(model, analysis, PAPER)
    assert [panel.curves[0].name for panel in found] == list(LABELS)
    for panel, data in zip(found, LABELS, strict=True):
        region = analysis.region(model, data)
        rows = np.array([[np.nan if cell == "" else cell for cell in row] for row in panel.curves[0].rows], dtype=float)
        assert panel.columns == COLUMNS
        np.testing.assert_array_equal(rows[:, 3].reshape(5, 11), region.critical)
        np.testing.assert_array_equal(rows[:, 5].reshape(5, 11), region.excluded)
        # small couplings are allowed and large ones are not, whatever the mass
        assert not region.excluded[:, 0].any()
        assert region.excluded[:3, -1].all()
        assert region.seed == 2008


def test_regions_by_toys_count_from_the_same_chi2(analysis):
    region = analysis.region("b-l", "CsI")
    x, y = region.x[2], region.y[7]
    chi2 = analysis.likelihoods["CsI"].chi2("b-l", mass=x, coupling=y)
    assert region.delta_chi2[2, 7] == pytest.approx(chi2 - region.chi2_min, abs=1e-9)


def test_the_command_is_quick_when_asked(capsys, tmp_path, monkeypatch, analysis):
    asked = []
    monkeypatch.setattr(registry.Paper, "make_analysis", lambda self, *, quick: asked.append(quick) or analysis)
    assert cli.main(["reproduce", PAPER, "b-l", "--quick", "-o", str(tmp_path)]) == 0
    assert asked == [True]
    assert "no number of the paper is compared" in capsys.readouterr().out
    stored = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert stored["figures"]["b-l"] == ["b-l.pdf", "b-l.png", "b-l-a.csv", "b-l-b.csv", "b-l-c.csv"]
    assert "Wilks' theorem" in stored["captions"]["b-l-a"]
    with (tmp_path / "b-l-c.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    assert len(rows) == 55


def test_only_toys_can_be_quick():
    assert registry.paper(PAPER).make_analysis(quick=True).points == (13, 31)
    assert registry.paper(PAPER).make_analysis().points == (41, 81)
    with pytest.raises(InputError, match="quick is for feldman-cousins"):
        registry.paper("today").make_analysis(quick=True)
