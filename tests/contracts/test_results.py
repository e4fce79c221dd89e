"""What every kind of result promises."""

import copy
import pickle
import re

import pytest
from canonical import results

from cevns.errors import InputError, UnknownNameError
from cevns.inference import Result, Sensitivity
from cevns.tabular import Table

KINDS = [
    *("Fit", "Fit, no mass", "Limit", "Limit, no mass", "Scan", "Estimate", "Estimate, at an edge"),
    *("Profile", "Interval", "Interval, open", "Toys", "Contour", "FeldmanCousins"),
    *("FeldmanCousins, one", "Sensitivity", "Sensitivity, exposures", "Sensitivity, interval"),
    *("ExpectedRegion", "ExpectedRegion, one"),
]
#: What an axis of a picture says of results that are not in the plane of mass and coupling.
AXES = {
    "Estimate, at an edge": "Ar",
    "Profile": "Ar",
    "Interval": "coupling",
    "Interval, open": "Ar",
    "Toys": "chi",
    "Contour": "Ar",
    "Sensitivity, exposures": "exposure",
    "FeldmanCousins, one": "coupling",
    "Sensitivity, interval": "exposure",
    "ExpectedRegion": "sin",
    "ExpectedRegion, one": "coupling",
}


@pytest.fixture(scope="module")
def made(argon):
    found = results(argon)
    assert list(found) == KINDS
    return found


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def result(made, kind):
    return made[kind]


def test_says_what_it_is_about(result, argon):
    assert result.model
    assert result.label
    assert result.experiments == (argon.name,)
    assert result.labels == (argon.label,)
    assert all(p.label for p in result.parameters)
    assert result.kind == type(result).__name__.lower()


def test_equal_by_value(result, made, argon, kind):
    for same in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result), results(argon)[kind]):
        assert (same == result) is True
        assert (same != result) is False
    assert [other == result for other in made.values()].count(True) == 1
    assert (result == 1) is False
    with pytest.raises(TypeError, match="unhashable"):
        hash(result)


def test_saved_and_loaded_it_is_the_same(result, tmp_path):
    path = tmp_path / f"result{result.suffix}"
    result.save(path)
    for reader in (type(result), Result):
        found = reader.load(path)
        assert type(found) is type(result)
        assert found == result
    again = tmp_path / f"again{result.suffix}"
    found.save(again)
    assert again.read_bytes() == path.read_bytes()


def test_table_has_names_and_units(result):
    table = result.table()
    assert isinstance(table, Table)
    assert len(set(table.names)) == len(table.names)
    units = dict(zip(table.names, table.units, strict=True))
    assert all(isinstance(unit, str) for unit in units.values())
    rows = list(table)
    assert len(rows) == len(table) > 0
    plain = (float, int, str, bool, type(None))
    assert all(type(cell) in plain for row in rows for cell in row)
    for parameter in result.parameters:
        # limits and intervals have two values for each interval, expected limits those of bands
        ends = next((word for word in ("excluded", "allowed") if f"{word}_from" in units), "")
        columns = [parameter.name] if parameter.name in units else [f"{ends}_from", f"{ends}_to"]
        if isinstance(result, Sensitivity) and columns != [parameter.name]:
            columns = [name for name in units if parameter.name in name]
        assert {units[name] for name in columns} == {parameter.unit}
    assert table.heads == tuple(f"{name} [{unit}]" if unit else name for name, unit in units.items())


def test_prints_one_line(result):
    text = repr(result)
    assert text.startswith(f"<{type(result).__name__}: {result.model}, {result.data}")
    assert text.endswith(">")
    assert "\n" not in text
    assert len(text) < 250


def test_a_column_that_is_not_there_is_told_from_those_that_are(result):
    table = result.table()
    with pytest.raises(UnknownNameError, match=f"known: .*{re.escape(table.names[0])}") as error:
        table["no such column"]
    assert isinstance(error.value, KeyError)


def test_shows_a_table_in_a_notebook(result):
    html = result._repr_html_()
    assert html.startswith("<table>")
    assert html.endswith("</table>")
    assert result.model in html


def test_draws_itself(result, kind):
    mpl = pytest.importorskip("matplotlib")
    mpl.use("agg")
    if kind in AXES:
        ax = result.plot()
        assert ax.has_data()
        assert AXES[kind] in ax.get_xlabel()
        return
    if "mass" not in [p.name for p in result.parameters]:
        # there is no plane to draw in
        with pytest.raises(InputError, match="contact"):
            result.plot()
        return
    ax = result.plot()
    assert ax.has_data()
    assert "MeV" in ax.get_xlabel()


def test_its_legend_hides_nothing(result, kind):
    pytest.importorskip("matplotlib").use("agg")
    try:
        ax = result.plot()
    except InputError:
        return
    ax.figure.draw_without_rendering()
    assert ax.get_legend().get_texts()
    legend, frame = ax.get_legend().get_window_extent(), ax.get_window_extent()
    # above the axes, in the figure
    assert legend.y0 >= frame.y1
    assert legend.y1 <= ax.figure.bbox.y1
    assert legend.x1 <= ax.figure.bbox.x1
    # what is above somebody else's axes is not ours
    given = ax.figure.add_subplot()
    inside = result.plot(given).get_legend()
    ax.figure.draw_without_rendering()
    assert given.get_window_extent().contains(*inside.get_window_extent().p0)
