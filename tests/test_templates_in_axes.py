"""Templates in the shape of an experiment's axes: transposed ones are of other bins, and refused."""

import numpy as np
import pytest

import cevns
from cevns.detectors import Arrival, PolynomialQuenching, Response, TimeOffset
from cevns.errors import InputError
from cevns.likelihoods import Background, Deformation
from cevns.nuclei import Target

COUNTS = np.arange(1.0, 13.0).reshape(3, 4)


def experiment(counts, *shapes):
    response = Response(PolynomialQuenching((0.25,)), [5.0, 10.0, 20.0, 35.0])
    return cevns.Experiment(
        "mine",
        cevns.load("coherent-csi-2021").flux,
        Target.of("Ar", mass=1.0),
        response,
        np.ones((3, 4)),
        backgrounds=[Background("flat", counts, 0.5)],
        arrival=Arrival([0.0, 1.0, 2.0, 4.0, 6.0]),
        shapes=shapes,
    )


def test_counts_in_the_shape_of_the_axes_are_those_in_a_row():
    made = experiment(COUNTS, Deformation("d", "flat", 1.5 * COUNTS))
    assert made == experiment(COUNTS.ravel(), Deformation("d", "flat", 1.5 * COUNTS.ravel()))
    assert made.backgrounds[0].counts == tuple(COUNTS.ravel())


@pytest.mark.parametrize(
    ("counts", "shapes", "name"),
    [
        (COUNTS.T, (), "background 'flat'"),
        (COUNTS, (Deformation("d", "flat", COUNTS.T),), "up of deformation 'd'"),
        (COUNTS, (Deformation("d", "flat", COUNTS.T, COUNTS.T),), "up of deformation 'd'"),
    ],
)
def test_transposed_templates_are_refused(counts, shapes, name):
    with pytest.raises(InputError, match=rf"{name} has the shape \(4, 3\), the axes are .*\(3\), .*\(4\)"):
        experiment(counts, *shapes)


def test_templates_up_and_down_have_one_shape():
    with pytest.raises(InputError, match=r"up of deformation 'd' has the shape \(3, 4\), down \(4, 3\)"):
        Deformation("d", "flat", COUNTS, COUNTS.T)


def test_offsets_in_nanoseconds_are_refused():
    with pytest.raises(InputError, match=r"offset from -250 to 250 us takes neutrinos far out .* give microseconds"):
        experiment(COUNTS, TimeOffset(-250, 250))
    assert experiment(COUNTS, TimeOffset(-0.25, 0.25)).together
