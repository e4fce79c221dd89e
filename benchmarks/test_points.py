"""Point evaluations, as a sampler or a fit makes them."""

import numpy as np
import pytest

from cevns import reference

NAMES = ("coherent-csi-2017", "coherent-argon-2020")


@pytest.mark.parametrize("version", ["cevns", "numpy", "scipy"])
def test_combined_point(version, measure, both, numpy_both, plane, close):
    chi2 = both.bind("b-l")
    function, count, tolerance = {
        "cevns": (chi2, 1000, 1e-300),
        "numpy": (numpy_both.point, 50, 5e-3),
        "scipy": (lambda m, g: reference.chi2(NAMES, "b-l", m, g), 2, 1e-6),
    }[version]
    points = plane(count)
    found = measure("combined point", version, lambda: [function(m, g) for m, g in points], calls=count)
    measure.note(error=close(found, [chi2(m, g) for m, g in points], tolerance))


@pytest.mark.parametrize("version", ["cevns", "numpy"])
def test_combined_couplings(version, measure, both, numpy_both, close):
    mass, couplings = 20.0, np.geomspace(1e-6, 1e-1, 1000)
    function = {
        "cevns": lambda: both.chi2("b-l", mass, couplings),
        "numpy": lambda: numpy_both.grid([mass], couplings)[0],
    }[version]
    found = measure("combined couplings", version, function, calls=couplings.size)
    measure.note(error=close(found, both.chi2("b-l", mass, couplings), 5e-3))


@pytest.mark.parametrize("version", ["cevns", "numpy", "numba", "jax", "scipy"])
def test_prediction(version, measure, csi, numpy_csi, plane):
    counts = csi.predictor("universal")
    count = {"scipy": 2}.get(version, 1000)
    moments = numpy_csi()
    if version == "numba":
        pytest.importorskip("numba")
        from baselines import numba_moments

        arguments = numba_moments.node_arguments(moments)

        def function(mass, coupling):
            return numba_moments.counts(mass, coupling, *arguments)

    elif version == "jax":
        pytest.importorskip("jax")
        from baselines import jax_moments

        function = jax_moments.compile_counts(moments)
    else:
        function = {
            "cevns": counts,
            "numpy": moments.counts,
            "scipy": lambda m, g: reference.events_csi("universal", m, g),
        }[version]
    points = plane(count)
    function(*points[0])
    found = measure("prediction", version, lambda: [function(m, g) for m, g in points], calls=count)
    expected = np.array([counts(m, g) for m, g in points])
    worst = np.abs(np.array(found) / expected - 1).max()
    assert worst < 1e-8
    measure.note(error=worst)
