"""A flux is a sum of named components."""

import copy
import pickle

import numpy as np
import pytest

from cevns.errors import InputError, UnknownNameError
from cevns.fluxes import Component, Flux, monochromatic, pion_decay_at_rest, tabulated

LINE = monochromatic(30.0, fluence=2.0, flavour="mu", name="line")
TABLE = tabulated([1.0, 2.0, 4.0], {"e": [0.0, 1.0, 0.0], "tau": [1.0, 1.0, 1.0]}, name="table")


def parts(flux):
    return [(component.name, component.flavour) for component in flux.components]


def test_components_keep_their_names_in_a_sum():
    flux = pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e22, distance=20.0) + LINE + TABLE
    own = [("nu_e", "e"), ("anti-nu_mu", "mu"), ("prompt nu_mu", "mu")]
    assert parts(flux) == [*own, ("line", "mu"), ("table", "e"), ("table", "tau")]
    assert flux.spectra == tuple((component.flavour, component.spectrum) for component in flux.components)


def test_pairs_and_components_make_the_same_flux():
    (flavour, spectrum), *_ = LINE.spectra
    named = Flux("both", [Component(flavour, spectrum, "prompt"), (flavour, spectrum)])
    assert parts(named) == [("prompt", "mu"), ("both", "mu")]
    assert named == Flux("both", spectra=((flavour, spectrum), (flavour, spectrum)))
    assert named.moment("mu", 0.0) == 4.0


def test_the_sum_is_that_of_the_components():
    flux = LINE + TABLE
    apart = [Flux(c.name, [c]) for c in flux.components]
    for flavour in flux.flavours:
        whole = flux.moment(flavour, [0.0, 1.5, 3.0], 1)
        assert np.array_equal(whole, sum(part.moment(flavour, [0.0, 1.5, 3.0], 1) for part in apart))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda flux: pickle.loads(pickle.dumps(flux))])
def test_copies_keep_the_components(copied):
    flux = copied(LINE + TABLE)
    assert parts(flux) == parts(LINE + TABLE)
    assert flux.moment("mu", 0.0) == 2.0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("nu", LINE.spectra[0][1], "x"), UnknownNameError, "unknown neutrino flavour 'nu'"),
        (("e", [1.0], "x"), InputError, "spectrum of flavour 'e' must be a Spectrum"),
        (("e", LINE.spectra[0][1], ""), InputError, "name of a component must be a non-empty string"),
    ],
)
def test_a_component_that_is_none_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        Component(*arguments)
