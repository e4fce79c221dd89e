"""Axes and bins."""

import pickle

import numpy as np
import pytest

from cevns.binning import Axis, Binning
from cevns.detectors import PolynomialQuenching, Response
from cevns.errors import InputError

CHARGE, TIME = Axis("charge", [6, 8, 12], "PE"), Axis("time", [0, 1, 3, 6], "us")


def test_an_axis_is_a_value_with_plain_numbers():
    assert Axis("charge", np.array([6.0, 8.0, 12.0]), "PE") == CHARGE
    assert hash(CHARGE) == hash(Axis("charge", (6, 8, 12), "PE"))
    assert Axis("charge", [6, 8, 12]) != CHARGE
    assert CHARGE.edges == (6.0, 8.0, 12.0)
    assert (CHARGE.bins, CHARGE.label, CHARGE.labels) == (2, "charge [PE]", ("6 to 8 PE", "8 to 12 PE"))
    assert Axis("n", [0, 1]).label == "n"
    assert Axis("n", [0, 1]).labels == ("0 to 1",)
    assert pickle.loads(pickle.dumps(Binning([CHARGE, TIME]))) == Binning((CHARGE, TIME))


def test_a_bin_holds_its_lower_edge():
    assert CHARGE.index([5.9, 6.0, 7.9, 8.0, 11.9, 12.0, np.inf, -np.inf, np.nan]).tolist() == [-1, 0, 0, 1, 1] + 4 * [
        -1
    ]
    assert CHARGE.index(7.0) == 0


def test_bins_of_several_axes_are_counted_with_the_last_running_fastest():
    binning = Binning([CHARGE, TIME])
    assert (binning.shape, binning.bins) == ((2, 3), 6)
    counts = np.arange(6).reshape(binning.shape)
    for i, charge in enumerate((7.0, 10.0)):
        for j, time in enumerate((0.5, 2.0, 5.0)):
            assert binning.index(charge, time) == counts[i, j]
    assert binning.index([[7.0], [10.0]], [0.5, 2.0, 5.0]).tolist() == counts.tolist()
    assert binning.index([7.0, 1.0, 7.0], [0.5, 0.5, 9.0]).tolist() == [0, -1, -1]
    assert binning.labels[1] == "charge 6 to 8 PE, time 1 to 3 us"
    assert len(binning.labels) == 6
    assert Binning([CHARGE]).labels == CHARGE.labels


def test_histograms_of_numpy_agree():
    rng = np.random.default_rng(1)
    charge, time = rng.uniform(5, 13, 1000), rng.uniform(-1, 7, 1000)
    binning = Binning([CHARGE, TIME])
    expected, *_ = np.histogram2d(charge, time, bins=[CHARGE.edges, TIME.edges])
    found = binning.index(charge, time)
    assert np.bincount(found[found >= 0], minlength=binning.bins).tolist() == expected.ravel().tolist()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Axis("", [0, 1]), "name of an axis must be a non-empty string"),
        (lambda: Axis("x", [0]), "edges must have at least 2"),
        (lambda: Axis("x", [1, 0]), "edges must ascend"),
        (lambda: Axis("x", [0, np.nan]), "edges contains nan"),
        (lambda: Axis("x", [0, 1], 3), "unit must be a string"),
        (lambda: Binning([]), "axes is empty"),
        (lambda: Binning([CHARGE, CHARGE]), "names of axes must differ, but 'charge'"),
        (lambda: Binning([CHARGE, (0, 1)]), r"axes\[1\] must be an Axis"),
        (lambda: Binning([Axis(f"x{i}", [0, 1, 2]) for i in range(34)]), "axes have 17,179,869,184 bins together"),
        (lambda: Binning([CHARGE, TIME]).index(7.0), "values are given for 1 of 2 axes: give charge, time"),
        (lambda: Binning([CHARGE, TIME]).index([1, 2], [1, 2, 3]), r"values of shapes \(2,\), \(3,\) do not broadcast"),
        (lambda: CHARGE.index("7"), "charge must be an array of numbers"),
    ],
    ids=range(12),
)
def test_what_is_no_bin_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_a_response_takes_an_axis_for_its_edges():
    quenching = PolynomialQuenching((0.1,))
    given = Response(quenching, CHARGE)
    assert given == Response(quenching, [6, 8, 12], unit="PE")
    assert (given.axis, given.edges, given.unit, given.bins) == (CHARGE, CHARGE.edges, "PE", 2)
    assert Response(quenching, CHARGE, unit="PE").axis == CHARGE
    assert Response(quenching, [1, 2]).axis == Axis("observable", [1, 2], "keVee")
    with pytest.raises(InputError, match="unit = 'MeV' is not that of the axis in edges, 'PE'"):
        Response(quenching, CHARGE, unit="MeV")
    with pytest.raises(InputError, match="at least 0 PE"):
        Response(quenching, Axis("charge", [-1, 2], "PE"))


def test_thousands_of_axes_are_refused_in_a_short_message():
    with pytest.raises(InputError, match=r"axes have more than 1,000,000,000,000 bins together, at most 10,000,000"):
        Binning([Axis(f"a{i}", range(101)) for i in range(2_200)])
