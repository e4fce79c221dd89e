"""What kernels refuse is refused as everywhere: with an error of the package that tells value, allowed and remedy."""

import re
from pathlib import Path

import numpy as np
import pytest

import cevns
from cevns import errors
from cevns.errors import InputError
from cevns.fluxes import pion_decay_at_rest
from cevns.kernels import kinematics, loops
from cevns.kernels.weights import Weights

ROOT = Path(__file__).parents[1]
SOURCES = [*sorted((ROOT / "src_cython").glob("*.pyx")), *sorted((ROOT / "cevns" / "kernels").glob("*.pxd"))]
#: A lack of memory, which nobody mends by other values, has no message.
ALLOWED = {*errors.__all__, "MemoryError"}


def raised(text):
    """Return the names of what a source raises; those of functions that return an error are in lower case."""
    return [name for name in re.findall(r"^\s*raise (\w+)", text, flags=re.MULTILINE) if name != name.lower()]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_kernels_raise_errors_of_the_package(path):
    text = path.read_text(encoding="utf-8")
    assert {name for name in raised(text) if name not in ALLOWED} == set()
    # a name that was not imported would raise a NameError where it is needed
    for name in {*raised(text)} - {"MemoryError"}:
        assert re.search(rf"^ *from cevns\.errors import [\w, ]*\b{name}\b", text, flags=re.MULTILINE), name


def test_the_scan_finds_what_is_raised():
    assert raised("    raise ValueError(1)\n  raise rows_refused(2)\nraise TypeError\n") == ["ValueError", "TypeError"]


@pytest.fixture(scope="module")
def predictor():
    return cevns.load("coherent-argon-2020").predictor("b-l")


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([[10.0, 1e-5]], "got list"),
        (np.array([[10, 1]]), r"got int64 of shape \(1, 2\)"),
        (np.ones((3, 1)), r"got float64 of shape \(3, 1\)"),
        (np.ones(2), r"got float64 of shape \(2,\)"),
        (np.asfortranarray(np.ones((3, 2))), r"in C's order.*np\.ascontiguousarray"),
        (None, "got NoneType"),
    ],
)
def test_rows_that_are_no_rows_are_refused_with_the_remedy(predictor, values, found):
    out = np.empty((3, 12))
    for function in (lambda: predictor.rows(values, out), lambda: predictor.coefficients(values)):
        with pytest.raises(InputError, match=rf"values must be an array of 2 column\(s\), mass, coupling,.*{found}"):
            function()


@pytest.mark.parametrize("out", [np.empty((3, 11)), np.empty((3, 12), dtype=np.float32), [[0.0] * 12], None])
def test_places_to_write_that_do_not_fit_are_refused(predictor, out):
    with pytest.raises(InputError, match="out must be a writable array of 12 columns"):
        predictor.rows(np.ones((3, 2)), out)


def test_read_only_places_to_write_are_refused(predictor):
    out = np.empty((3, 12))
    out.flags.writeable = False
    with pytest.raises(InputError, match="writable"):
        predictor.rows(np.ones((3, 2)), out)


def test_counts_without_parameters_have_no_coefficients():
    with pytest.raises(InputError, match="bind some"):
        cevns.load("coherent-argon-2020").predictor("sm").coefficients(np.empty((1, 0)))


def test_kernels_tell_what_was_given():
    ones = np.ones(2)
    spectrum = pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e22, distance=20.0).spectra[0][1]
    odd = np.zeros(17, dtype=np.int8)[1:].view(float)
    for function, text in (
        (lambda: kinematics.kappa(99, ones, ones, 1.0, 0.0, ones.copy()), "kind 99 .* nuclei have the kinds"),
        (lambda: loops.mixing(ones, ones, ones, ones.copy()), "2 weights and 2 masses .* 3 are needed"),
        (lambda: Weights(ones, [0, 1], [0], 1), "2 values, 2 pointers, 1 firsts and 1 columns"),
        (lambda: Weights(ones, [0, 1, 2], [0, 0], 1).scaled(np.ones(3)), "3 factors do not fit 2 rows"),
        (lambda: spectrum.moment(ones, 3, ones.copy()), "moment 3 .* 0, 1 or 2"),
        (lambda: spectrum.density(odd, odd.copy()), "not aligned.*makes a copy"),
    ):
        with pytest.raises(InputError, match=text):
            function()
