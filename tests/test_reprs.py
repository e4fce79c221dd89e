"""What objects show of themselves is about them, and not where they stand in memory."""

import importlib
import inspect
import re

import canonical
import numpy as np
import pytest

import cevns
from cevns import Background
from cevns.binning import Axis, Binning
from cevns.detectors import Arrival, Distribution, TabulatedQuenching, TabulatedResolution, TemplateResponse
from cevns.fluxes import PulseTiming
from cevns.interactions import sterile_dipole
from cevns.likelihoods import Deformation
from cevns.spread import Grid, Spread

ROOMS = ("nuclei", "fluxes", "interactions", "detectors", "predictions", "likelihoods", "inference", "experiments")
#: Bases, of which there are no objects.
ABSTRACT = {*canonical.BASES, "Pictured", "Inference"}
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


def public():
    rooms = [importlib.import_module(f"cevns.{room}") for room in (*ROOMS, "bounds", "config", "tables")]
    return {name: thing for room in rooms for name in room.__all__ if inspect.isclass(thing := getattr(room, name))}


def test_every_public_class_shows_itself():
    silent = {n for n, c in public().items() if c.__repr__ is object.__repr__ and not inspect.isabstract(c)}
    assert silent - ABSTRACT == set()


@pytest.mark.parametrize("kind", [name for name in dir(canonical) if name.isupper() and name not in ("BASES",)])
def test_no_canonical_object_shows_an_address(kind):
    held = getattr(canonical, kind)
    shown = {str(name): repr(thing) for name, thing in held.items()} if isinstance(held, dict) else {kind: repr(held)}
    assert {name: text for name, text in shown.items() if ADDRESS.search(text)} == {}


def functions():
    csi, argon = cevns.load("coherent-csi-2017"), cevns.load("coherent-argon-2020")
    spread = cevns.load("coherent-csi-2021")
    both = csi + argon
    dipole = sterile_dipole("portal")
    bound = both.bind("b-l", mass=10)
    return {
        "both": both.bind("b-l"),
        "fixed": bound,
        "radius": csi.bind("sm", free=["rn_csi"]),
        "alone": csi.bind("sm"),
        "refolded": csi.bind(dipole),
        "predictor": csi.predictor("universal"),
        "predictor, fixed": csi.predictor("universal", mass=10.0),
        "predictor, refolded": csi.predictor(dipole),
        "predictor, spread": spread.predictor("b-l"),
        "engine": bound.engine,
        "engine, refolded": csi.bind(dipole).engine,
        "counts": csi.predictor("universal").counts,
        "spectrum": csi.flux.spectra[0][1],
        "term": bound.engine.terms[0],
    }


@pytest.fixture(scope="module")
def made():
    return functions()


def test_no_function_shows_an_address(made):
    assert {name: text for name, thing in made.items() if ADDRESS.search(text := repr(thing))} == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("both", "<Evaluator of mass, coupling: chi2 of b-l and coherent-csi-2017 + coherent-argon-2020>"),
        ("fixed", "<Evaluator of coupling: chi2 of b-l with mass=10 and coherent-csi-2017 + coherent-argon-2020>"),
        ("radius", "<Evaluator of rn_csi: chi2 of sm and coherent-csi-2017>"),
        ("alone", "<Evaluator of no parameters: chi2 of sm and coherent-csi-2017>"),
        ("predictor", "<Predictor of mass, coupling: counts of universal>"),
        ("predictor, fixed", "<Predictor of coupling: counts of universal with mass=10>"),
        ("predictor, spread", "<SpreadPredictor of mass, coupling: counts of b-l>"),
        ("counts", "<Counts of 12 bins in mass, coupling>"),
    ],
)
def test_functions_tell_what_they_are_of(made, name, text):
    assert repr(made[name]) == text


def test_functions_tell_the_same_after_pickling(made):
    import pickle

    for name, thing in made.items():
        assert repr(pickle.loads(pickle.dumps(thing))) == repr(thing), name


def test_results_show_their_units():
    argon = cevns.load("coherent-argon-2020")
    assert repr(argon.interval("sm", "rn_ar")).endswith("] fm>")
    assert " rn_ar [fm] x sin2_theta_w, " in repr(argon.contour("sm", x="rn_ar", y="sin2_theta_w", cl=0.3))
    assert "20 toys from coupling = 1e-05, " in repr(
        argon.toys("b-l", 20, free="coupling", mass=10, coupling=1e-5, seed=1)
    )
    assert "20 toys from rn_ar = 3.3 fm, " in repr(argon.toys("sm", 20, free="rn_ar", rn_ar=3.3, seed=1))


def test_toys_of_the_best_fit_show_how_good_it_is_alone():
    argon = cevns.load("coherent-argon-2020")
    best = argon.goodness("b-l", 20, free="coupling", mass=10.0, seed=1)
    good = f"goodness of fit {best.goodness.value:.3g} +- {best.goodness.error:.1g}"
    assert best.at_best_fit
    assert repr(best).endswith(f"seed 1, {good}>")
    assert "<td>delta_chi2</td>" not in best._repr_html_()
    away = argon.toys("b-l", 20, free="coupling", mass=10.0, coupling=5e-5, seed=1)
    assert not away.at_best_fit
    assert repr(away).index("p-value") < repr(away).index("goodness of fit")
    assert "<td>delta_chi2</td>" in away._repr_html_()


def long():
    n = 1000
    edges, ones = np.arange(n + 1), np.ones(n)
    axis = Axis("x", edges)
    return [
        Background("b", ones, 0.1),
        Deformation("d", "b", ones),
        axis,
        Binning([axis]),
        Arrival(edges),
        Distribution([axis], np.ones((3, n)) / n),
        PulseTiming(0.5, 0.1, np.arange(1, 30)),
        TabulatedQuenching(edges[1:], ones),
        TabulatedResolution(edges[1:], ones),
        TemplateResponse(edges[1:], np.ones((n, n)) / n, Binning([axis])),
        Grid("z", edges, 3),
        Spread(np.ones((1, 1, 1, n))),
    ]


@pytest.mark.parametrize("thing", long(), ids=lambda thing: type(thing).__name__)
def test_long_lists_of_numbers_are_not_shown(thing):
    assert len(repr(thing)) < 400
    assert "1000" in repr(thing) or "1001" in repr(thing) or "29" in repr(thing)
