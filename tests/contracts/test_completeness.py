"""Nothing that a contract should hold is left out of `canonical.py`."""

import importlib
import inspect
import pkgutil

import canonical
import pytest

import cevns
from cevns.detectors import DetectorResponse, Quenching, SmoothEfficiency
from cevns.inference import Result

ROOMS = [
    *("nuclei", "fluxes", "interactions", "detectors", "predictions", "likelihoods", "inference", "experiments"),
    *("bounds", "tables", "config", "errors", "work"),
]


@pytest.fixture(scope="module")
def package():
    """The package with all its modules imported, so that every class is known to its bases."""
    for module in pkgutil.walk_packages(cevns.__path__, "cevns."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return cevns


def public():
    """Return everything that a room shows, by name."""
    rooms = [importlib.import_module(f"cevns.{room}") for room in ROOMS]
    return {name: getattr(room, name) for room in rooms for name in room.__all__}


def builders(noun):
    """Return the public functions that return objects of a class."""
    functions = {name: f for name, f in public().items() if inspect.isfunction(f)}
    return {name for name, f in functions.items() if inspect.signature(f).return_annotation == noun}


def concrete(base):
    found = {base}
    while more := {c for b in found for c in b.__subclasses__() if c.__module__.startswith("cevns.")} - found:
        found |= more
    return {c.__name__ for c in found if not inspect.isabstract(c)} - canonical.BASES


def kinds(instances):
    return {name.partition(",")[0] for name in instances}


def test_every_interaction_is_held():
    assert kinds(canonical.INTERACTIONS) == {
        *cevns.known_interactions(),
        *(builders("Interaction") - {"get_interaction"}),
        "Interaction",
    }


def test_every_flux_is_held():
    assert kinds(canonical.FLUXES) == builders("Flux")


def test_every_quenching_is_held(package):
    assert kinds(canonical.QUENCHINGS) == concrete(Quenching)
    assert [name for name, q in canonical.QUENCHINGS.items() if type(q).__name__ != name] == []


def test_every_timing_is_held():
    assert kinds(canonical.TIMINGS) == {
        n for n, c in public().items() if inspect.isclass(c) and hasattr(c, "cumulative")
    } - {"Timing"}


def test_every_resolution_is_held():
    smearing = {n for n, c in public().items() if inspect.isclass(c) and hasattr(c, "accepted")}
    assert kinds(canonical.RESOLUTIONS) - {"none"} == smearing


def test_every_smooth_efficiency_and_response_is_held(package):
    assert concrete(SmoothEfficiency) <= kinds(canonical.EFFICIENCIES)
    assert concrete(DetectorResponse) == {"Response", "TemplateResponse"} >= kinds(canonical.TEMPLATE_RESPONSES)


def test_every_result_is_held(package, argon):
    made = canonical.results(argon)
    assert kinds(made) == concrete(Result)
    assert [name for name, r in made.items() if type(r).__name__ != name.partition(",")[0]] == []


def test_every_public_class_is_held_or_has_a_reason_not_to_be(argon):
    held = {
        type(thing).__name__
        for group in (
            canonical.INTERACTIONS,
            canonical.FLUXES,
            canonical.QUENCHINGS,
            canonical.TIMINGS,
            canonical.EFFICIENCIES,
            canonical.ARRIVAL_EFFICIENCIES,
            canonical.ARRIVALS,
            canonical.RESOLUTIONS,
            canonical.ELECTRON_RESPONSES,
            canonical.responses(),
            canonical.TEMPLATE_RESPONSES,
            {name: shape for name, (_, shape) in canonical.SHAPES.items()},
            canonical.results(argon),
            {"Experiment": argon},
        )
        for thing in group.values()
    }
    classes = {name for name, thing in public().items() if inspect.isclass(thing)}
    assert classes - held - canonical.BASES == canonical.NOT_HELD.keys()


def test_every_room_is_looked_at():
    rooms = {name for name in cevns.__all__ if inspect.ismodule(getattr(cevns, name))}
    assert rooms - {*ROOMS} == {"constants", "explore", "figures", "plotting", "reference"}


class Lonely(Quenching):
    """A class of a test is none of the package's."""


def test_a_class_that_no_contract_holds_is_found(package, monkeypatch):
    assert "Lonely" not in concrete(Quenching)
    monkeypatch.setattr(Lonely, "__module__", "cevns.detectors.lonely")
    assert "Lonely" in concrete(Quenching)
