"""Pictures of fits of one parameter."""

import numpy as np
import pytest

from cevns.inference import Result


@pytest.fixture(scope="module")
def fits(both, argon):
    return {
        "radius": both.fit("sm", ["rn_ar"]),
        "coupling": both.fit("universal", ["coupling"], mass=300.0),
        "epsilon": argon.fit("nsi", ["eps_u_ee"]),
        "mass": both.fit("b-l", ["mass"], coupling=1e-4),
    }


@pytest.mark.parametrize("name", ["radius", "coupling", "epsilon", "mass"])
def test_a_fit_of_one_parameter_is_drawn(fits, name):
    found = fits[name]
    ax = found.plot()
    (p,) = found.parameters
    assert (ax.get_xlabel(), ax.get_ylabel()) == (p.axis_label, r"$\Delta\chi^2$")
    labels = ax.get_legend_handles_labels()[1]
    assert labels[:2] == [r"$\Delta\chi^2 \leq 1$", f"{found.title}, best fit"]
    assert len(labels) == 2 + (len(found.minima) > 1)
    bars, *marks = ax.get_lines()
    assert [tuple(line.get_xydata()[0]) for line in marks] == [
        (m["values"][p.name], m["chi2"] - found.chi2) for m in found.minima
    ]
    # what ends inside of the range is seen
    low, high = ax.get_xlim()
    ends = found.intervals[p.name]
    inner = ends[np.isfinite(ends) & (ends != p.low)]
    assert ((low < inner) & (inner < high)).all()
    x, y = bars.get_xydata().T
    assert np.isin(inner, x).all()
    assert set(y[np.isfinite(y)]) == {1.0}
    assert ax.get_ylim()[1] > 1


def test_a_saved_fit_is_drawn_and_a_fit_is_written_as_a_figure(fits, run, tmp_path):
    fits["radius"].save(tmp_path / "f.json")
    assert Result.load(tmp_path / "f.json").plot().get_xlabel() == fits["radius"].parameters[0].axis_label
    assert run("plot", tmp_path / "f.json", "-o", "f.pdf")[0] == 0
    code, _, err = run("fit", "coherent-argon-2020", "--model", "sm", "--free", "rn_ar", "-o", "g.png")
    assert (code, err) == (0, "")
    assert (tmp_path / "g.png").read_bytes().startswith(b"\x89PNG")
