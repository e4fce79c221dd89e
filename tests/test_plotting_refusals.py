"""Drawing: primitives that import no result, and what Matplotlib would raise."""

import ast
import dataclasses
import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cevns
from cevns import plotting
from cevns.bounds import Bound
from cevns.errors import CevnsError, InputError
from cevns.plotting.canvas import draws

LAZY = """
import sys
import cevns.plotting.canvas, cevns.plotting.plane, cevns.plotting.regions, cevns.plotting.pictures
heavy = ("matplotlib", "cevns.inference", "cevns.interactions", "cevns.bounds", "cevns.predictions", "cevns.nuclei")
print([name for name in sys.modules if name.startswith(heavy)])
"""


def test_primitives_import_no_result_and_no_physics():
    done = subprocess.run([sys.executable, "-c", LAZY], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("package", [plotting, cevns.detectors, cevns.predictions])
def test_every_name_of_a_package_is_found_where_it_is_said_to_be(package):
    assert sorted(package._PUBLIC) == sorted(package.__all__) == dir(package)
    for name, module in package._PUBLIC.items():
        assert name in importlib.import_module(module).__all__
        assert getattr(package, name) is getattr(importlib.import_module(module), name)
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    assert {alias.name: node.module for node in block.body for alias in node.names} == package._PUBLIC
    # a module, once imported, would stand in the place of its namesake
    modules = {path.stem for path in Path(package.__file__).parent.iterdir()}
    assert modules.isdisjoint(package.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing


# --- what Matplotlib would raise


@pytest.fixture(scope="module")
def drawn(argon):
    mass, coupling = np.geomspace(1, 100, 3), np.geomspace(1e-5, 1e-3, 3)
    return {
        "limit": argon.limit("b-l", mass),
        "scan": argon.scan("b-l", mass, coupling),
        "bound": Bound("mine", "mine", "b-l", "lower", [([1.0, 10.0], [1e-4, 1e-3])]),
        "prediction": argon.predict("sm"),
        "fit": argon.best_fit("b-l", mass=10.0),
    }


@pytest.mark.parametrize("name", ["limit", "scan", "bound", "prediction", "fit"])
@pytest.mark.parametrize("options", [{"ax": 3}, {"ax": "x"}, {"foo": 3}], ids=str)
def test_axes_and_options_that_are_none_are_refused(drawn, name, options):
    with pytest.raises(InputError, match=r"ax must be an Axes|foo"):
        drawn[name].plot(**options)


@pytest.mark.parametrize("projection", ["3d", "polar", "mollweide"])
@pytest.mark.parametrize("name", ["limit", "scan", "bound", "prediction", "fit"])
def test_axes_that_are_no_plane_are_refused(drawn, name, projection):
    ax = plotting.file_figure().add_subplot(projection=projection)
    with pytest.raises(InputError, match=f"ax must be plane axes .* got those of the projection '{projection}'"):
        drawn[name].plot(ax=ax)
    assert not ax.has_data()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("limit", {"color": "nocolour"}),
        ("limit", {"linewidth": "x"}),
        ("limit", {"hatch": 3}),
        ("bound", {"linestyle": "x"}),
        ("bound", {"facecolor": "nope"}),
        ("bound", {"label": 3}),
        ("fit", {"marker": "nope"}),
        ("fit", {"label": 3}),
        ("scan", {"cl": "x"}),
        ("prediction", {"styles": [{"foo": 1}]}),
        ("prediction", {"styles": 3}),
        ("prediction", {"styles": [{}, {}]}),
    ],
    ids=str,
)
def test_options_that_cannot_be_drawn_are_named(drawn, name, options):
    with pytest.raises(InputError, match=f"{next(iter(options))}|confidence level"):
        drawn[name].plot(**options)


@pytest.mark.parametrize(
    "function",
    ["plot_limit", "plot_scan", "plot_fit", "plot_bound", "plot_published", "plot_bounds", "plot_prediction"],
)
@pytest.mark.parametrize("wrong", [3, "b-l", [3], None])
def test_what_is_drawn_is_of_the_right_kind(function, wrong):
    with pytest.raises(InputError, match="must be a"):
        getattr(plotting, function)(wrong)


def test_a_font_that_cannot_be_set_is_one_sentence(drawn, tmp_path):
    import matplotlib

    with matplotlib.rc_context({"font.size": 1e9}), pytest.raises(CevnsError, match=r"Matplotlib says .*matplotlibrc"):
        plotting.save(plotting.plot_bounds(drawn["bound"]), tmp_path / "a.png")


def test_limits_are_drawn_by_ascending_mass(argon):
    lines = [argon.limit("b-l", mass).plot().lines[0].get_xdata() for mass in ([1.0, 10.0, 100.0], [100.0, 1.0, 10.0])]
    np.testing.assert_array_equal(*lines)


def test_bugs_of_ours_are_not_blamed_on_matplotlib():
    @draws
    def broken(what, ax=None, **options):
        raise ValueError("ours")

    with pytest.raises(ValueError, match="ours") as raised:
        broken(1, color="red")
    assert not isinstance(raised.value, CevnsError)


def test_names_of_axes_that_matplotlib_cannot_set_are_refused_before_they_are_drawn(argon):
    """As those of a changed file."""
    found = argon.limit("b-l", [1.0, 10.0])
    mass, coupling = found.parameters
    broken = dataclasses.replace(found, parameters=(mass, coupling.replace(label="%$$x$g_{Z'}$")))
    with pytest.raises(InputError, match="is not a text that Matplotlib can set"):
        broken.plot()


def test_toys_share_axes_with_toys_alone(argon):
    toys = argon.toys("b-l", 50, free="coupling", mass=10.0, coupling=3e-5)
    ax = toys.plot()
    assert toys.plot(ax) is ax
    with pytest.raises(InputError, match="ax shows delta chi2 x share of toys"):
        argon.limit("b-l", [1.0, 10.0]).plot(ax)
