"""Best fits, exact limits and scans."""

import functools
import math

import numpy as np
import pytest

from cevns import fluxes, parameters
from cevns.constants import FERMI_CONSTANT
from cevns.detectors import Response
from cevns.errors import DataError, InputError
from cevns.inference import TWO_SIGMA, Scan, best_fit, delta_chi2, limit, scan
from cevns.interactions import Amplitude, Interaction, NonStandardInteractions, mediated
from cevns.likelihoods import Likelihood
from cevns.parameters import Parameter

MEDIATORS = ("universal", "b-l", "lmu-ltau")


@pytest.mark.parametrize(
    ("cl", "dof", "expected"),
    [
        (0.6827, 2, 2.2957),
        (0.90, 2, 4.6052),
        (0.95, 2, 5.9915),
        (0.90, 1, 2.7055),
        (0.95, 1, 3.8415),
        (0.90, 3, 6.2514),
    ],
)
def test_levels_are_those_of_the_chi2_distribution(cl, dof, expected):
    assert delta_chi2(cl, dof) == pytest.approx(expected, abs=5e-4)


def test_two_sigma_level():
    assert delta_chi2(TWO_SIGMA, 2) == pytest.approx(6.18, abs=2e-3)
    assert delta_chi2(TWO_SIGMA, 1) == pytest.approx(4.0, rel=1e-12)


@pytest.mark.parametrize("cl", [0.0, 1.0, -0.1, 90, math.nan, "high"])
def test_confidence_levels_outside_the_open_interval_are_refused(cl):
    with pytest.raises(InputError, match="confidence level"):
        delta_chi2(cl)


@pytest.mark.parametrize("model", MEDIATORS)
def test_best_fit_is_below_every_point_of_a_grid(both, model):
    fit = both.best_fit(model)
    grid = scan(both, model, np.geomspace(0.1, 1e4, 60), np.geomspace(1e-7, 1.0, 400))
    assert fit.chi2 <= grid.chi2.min() + 1e-7
    assert fit.chi2 > grid.chi2.min() - 0.3  # a finer look cannot gain more than the grid's coarseness
    assert both.chi2(model, fit.mass, fit.coupling) == pytest.approx(fit.chi2, abs=1e-7)


@pytest.mark.parametrize(("size", "passes"), [(0.0, 1), (1e6, 8)])
def test_valleys_that_are_rounding_are_looked_at_once(size, passes):
    """A rough experiment takes 20 ms for each mass, and chi2 of light and heavy mediators does not depend on it."""
    from cevns.inference.fits import _refined

    class Line:
        seen = 0

        def minima(self, masses, num_threads):
            self.seen += 1
            return 1e6 + 1e-9 * np.sin(1e3 * masses) + size * (np.log(masses) - 1.234) ** 2, np.ones(masses.size)

    line = Line()
    chi2, at, _ = _refined(line, 1.0, 2.0, (1.0, 10.0), 1)
    assert line.seen <= passes
    assert chi2 == pytest.approx(1e6, rel=1e-12)
    assert at == pytest.approx(1.234, abs=1e-6 if size else 1.0)


def test_best_fit_at_a_fixed_mass(both):
    fit = both.best_fit("b-l", mass=50.0)
    couplings = np.geomspace(1e-7, 1e-1, 20000)
    assert fit.mass == 50.0
    assert fit.chi2 == pytest.approx(both.chi2("b-l", 50.0, couplings).min(), abs=1e-5)


@pytest.mark.parametrize("model", MEDIATORS)
@pytest.mark.parametrize("cl", [0.6827, 0.90, TWO_SIGMA])
def test_intervals_end_on_the_level(both, model, cl):
    curve = both.limit(model, np.geomspace(0.1, 1e4, 23), cl=cl)
    for mass, intervals in zip(curve.mass, curve.excluded, strict=True):
        for edge in intervals[np.isfinite(intervals) & (intervals > 0)]:
            assert both.chi2(model, mass, edge) - curve.chi2_min == pytest.approx(curve.delta_chi2, abs=1e-6)


@pytest.mark.parametrize("name", ["csi", "argon", "both"])
@pytest.mark.parametrize("model", MEDIATORS)
def test_intervals_agree_with_a_dense_line_of_couplings(request, name, model):
    data = request.getfixturevalue(name)
    couplings = np.geomspace(1e-7, 1.0, 4001)
    curve = data.limit(model, [0.5, 30.0, 95.0, 105.0, 130.0, 3000.0])
    for mass in curve.mass:
        above = data.chi2(model, mass, couplings) - curve.chi2_min > curve.delta_chi2
        inside = curve.excludes(mass, couplings)
        assert (above == inside).all()


def test_the_universal_strip_comes_out_at_every_mass_whatever_the_grid(both):
    """Section 5 of the paper: a strip near g = 2e-6 M/MeV is allowed above about 100 MeV."""
    masses = np.geomspace(120.0, 1e4, 40)
    curve = both.limit("universal", masses)
    for mass, intervals in zip(masses, curve.excluded, strict=True):
        assert intervals.shape == (2, 2)
        low, high = intervals[0, 1], intervals[1, 0]
        assert 1.6e-6 < low / mass < high / mass < 2.05e-6
        alone = both.limit("universal", mass, reference=curve.best_fit)
        np.testing.assert_array_equal(alone.excluded[0], intervals)
    assert len(both.limit("universal", 60.0).excluded[0]) == 1


@pytest.mark.parametrize("uncertainty", [1.0, 0.1, 1e-2, 1e-3])
def test_a_strip_far_narrower_than_any_grid_step_is_found(csi, uncertainty):
    """Couplings proportional to the weak ones make a heavy mediator exactly degenerate at twice their strength."""
    counts = csi.predict("sm").signal
    sharp = csi.replace(
        observed=counts, uncertainty=uncertainty * np.sqrt(counts), signal_sigma=0.01 * uncertainty, backgrounds=()
    )
    mirror = mediated("mirror", proton={"e": -0.0401, "mu": -0.0318}, neutron={"e": 0.5094, "mu": 0.5094})
    mass = 1e8
    degenerate = math.sqrt(2 * math.sqrt(2) * FERMI_CONSTANT) * mass
    intervals = sharp.limit(mirror, mass).excluded[0]
    assert intervals.shape == (2, 2)
    low, high = intervals[0, 1], intervals[1, 0]
    assert low < degenerate < high
    assert high / low - 1 < 0.3 * uncertainty


@pytest.mark.parametrize("mass", [None, 30.0], ids=["contact", "mediator"])
def test_limits_of_what_does_not_interfere_with_the_standard_model(both, mass):
    """A change of flavour adds a multiple of one power of its coupling, and nothing of the square of that."""
    if mass is None:
        own, power, values = (Parameter("eps", low=-10.0, high=10.0),), 1, np.linspace(0.0, 3.0, 6001)
    else:
        own, power, values = (parameters.mass(), parameters.coupling()), 2, np.geomspace(1e-7, 1e-2, 6001)
    name = own[-1].name
    amplitudes = [
        Amplitude(change, 1.0, 1.0, ((name, power),), mass and "mass") for change in (("e", "mu"), ("mu", "e"))
    ]
    interaction = Interaction("change", own, amplitudes)
    chi2 = both.chi2(interaction, mass, **{name: values})
    curve = both.limit(interaction, mass)
    assert curve.chi2_min <= chi2.min() + 1e-7
    *mirrored, (low, high) = curve.excluded[0]
    # the end of the range is no limit
    assert high == np.inf
    # a contact coupling has two signs, which do not differ
    np.testing.assert_allclose(mirrored, [] if mass else [[-np.inf, -low]])
    np.testing.assert_array_equal(chi2 > curve.chi2_min + curve.delta_chi2, values > low)


def test_limits_of_a_contact_interaction_have_two_sides(both):
    nsi = NonStandardInteractions(up={"e": 1.0, "mu": 1.0})
    curve = both.limit(nsi)
    intervals = curve.excluded[0]
    assert curve.mass is None
    assert curve.dof == 1  # the coupling is the one parameter
    assert both.limit(nsi, dof=2).delta_chi2 == pytest.approx(4.605, abs=1e-3)
    assert intervals[0, 0] == -np.inf
    assert intervals[-1, 1] == np.inf
    assert intervals[0, 1] < 0 < intervals[1, 0]
    for edge in intervals[np.isfinite(intervals)]:
        assert both.chi2(nsi, coupling=edge) - curve.chi2_min == pytest.approx(curve.delta_chi2, abs=1e-6)


def test_one_degree_of_freedom_excludes_more(both):
    two, one = (both.limit("b-l", [1.0, 300.0], dof=dof).lowest for dof in (2, 1))
    assert (one < two).all()


def test_a_level_above_saturation_excludes_nothing(csi):
    curve = csi.limit("b-l", 10.0, reference=200.0)
    assert curve.excluded[0].shape == (0, 2)
    assert curve.lowest[0] == np.inf


def test_limits_do_not_depend_on_threads(both):
    masses = np.geomspace(0.1, 1e4, 200)
    one, two = (both.limit("universal", masses, num_threads=n) for n in (1, 2))
    assert one.best_fit == two.best_fit
    for a, b in zip(one.excluded, two.excluded, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("sm", 1.0), "no coupling"),
        (("b-l", None), "mass is missing"),
        ((NonStandardInteractions(up={"e": 1.0}), 10.0), "mass is given, but interaction .nsi. has none"),
        (("b-l", -1.0), "-1"),
        (("b-l", [1.0, math.inf]), "inf"),
        (("b-l", [[1.0]]), "one-dimensional"),
        (("b-l", []), "mass is empty"),
        (("b-1", 1.0), "b-l"),
    ],
)
def test_bad_limit_input_is_named(both, arguments, match):
    with pytest.raises((InputError, KeyError), match=match):
        limit(both, *arguments)


@pytest.mark.parametrize("mass_range", [(1.0,), (1.0, 2.0, 3.0), (10.0, 1.0), (0.0, 1.0), (1.0, math.nan), 1.0, "low"])
def test_bad_mass_ranges_are_refused(both, mass_range):
    with pytest.raises(InputError, match="mass_range"):
        best_fit(both, "b-l", mass_range=mass_range)


@pytest.fixture(scope="module")
def no_threshold(argon):
    """Recoils of GeV neutrinos are observed down to 0, where the events of light mediators diverge."""
    data = argon.replace(
        name="no threshold",
        flux=fluxes.monochromatic(2000.0, fluence=1e14, flavour="mu"),
        response=Response(argon.response.quenching, (0.0, 10.0, 1e5)),
        observed=(500.0, 200.0),
        uncertainty=(20.0, 20.0),
        backgrounds=(),
    )
    assert data.smallest_mass > 0.1
    return data


def test_best_fits_stay_where_an_experiment_without_threshold_can_tell(no_threshold):
    least = no_threshold.smallest_mass
    fit = no_threshold.best_fit("b-l")
    assert fit == no_threshold.best_fit("b-l", mass_range=(least, 1e4))
    assert fit.coupling > 0
    assert no_threshold.chi2("b-l", fit.mass, fit.coupling) == pytest.approx(fit.chi2, abs=1e-7)
    assert no_threshold.limit("b-l", 1e3).best_fit == fit
    for method in (no_threshold.best_fit, functools.partial(no_threshold.limit, mass=1e3)):
        with pytest.raises(InputError, match=r"mass_range starts at 0\.1 MeV.*diverge; start at"):
            method("b-l", mass_range=(0.1, 1e4))


@pytest.mark.parametrize("mass", [[1.0, 2.0], [], np.array([1.0]), "heavy"])
def test_a_best_fit_has_one_fixed_mass(both, mass):
    with pytest.raises(InputError, match="mass must be one number"):
        both.best_fit("b-l", mass=mass)


@pytest.mark.parametrize(
    "call", [best_fit, functools.partial(limit, mass=10.0), functools.partial(scan, mass=[1.0], coupling=[1e-5])]
)
def test_inference_takes_likelihoods(argon, call):
    assert call(argon, "b-l") == call(Likelihood([argon]), "b-l")
    for wrong in ("coherent-argon-2020", None, [argon]):
        with pytest.raises(InputError, match=r"likelihood must be a Likelihood or an Experiment, got "):
            call(wrong, "b-l")


def test_a_scan_holds_chi2_and_is_the_same_for_any_number_of_threads(both):
    masses, couplings = np.geomspace(0.1, 1e4, 200), np.geomspace(1e-6, 1e-1, 200)
    one, two = (both.scan("universal", masses, couplings, num_threads=n) for n in (1, 2))
    np.testing.assert_array_equal(one.chi2, two.chi2)
    points = [(3, 5), (150, 77), (199, 199)]
    for i, j in points:
        assert one.chi2[i, j] == pytest.approx(both.chi2("universal", masses[i], couplings[j]), abs=1e-7)
    assert one.delta_chi2.min() == 0


def test_progress_is_reported_and_does_not_change_the_scan(argon):
    calls = []
    masses, couplings = np.geomspace(1, 100, 230), np.geomspace(1e-5, 1e-3, 9)
    watched = argon.scan("b-l", masses, couplings, progress=lambda *call: calls.append(call))
    assert calls[-1] == (230, 230)
    assert len(calls) > 50
    np.testing.assert_array_equal(watched.chi2, argon.scan("b-l", masses, couplings).chi2)


def test_a_scan_survives_its_file(argon, tmp_path):
    before = argon.scan("b-l", [1.0, 2.0], [1e-5, 1e-4, 1e-3])
    before.save(tmp_path / "scan.npz")
    after = Scan.load(tmp_path / "scan.npz")
    for name in ("model", "label", "experiments", "labels"):
        assert getattr(after, name) == getattr(before, name)
    for name in ("mass", "coupling", "chi2"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    assert [p.name for p in tmp_path.iterdir()] == ["scan.npz"]


@pytest.mark.parametrize("content", [b"", b"not a scan", b"PK\x03\x04broken"])
def test_files_that_are_no_scans_are_refused(tmp_path, content):
    path = tmp_path / "scan.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"scan\.npz"):
        Scan.load(path)


def test_scans_are_not_written_where_they_cannot_be(argon, tmp_path):
    result = argon.scan("b-l", [1.0], [1e-5])
    with pytest.raises(DataError, match="nowhere"):
        result.save(tmp_path / "nowhere" / "scan.npz")
    with pytest.raises(InputError, match=r"\.npz"):
        result.save(tmp_path / "scan.txt")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("mass", "coupling"), [([], [1e-5]), ([2.0, 1.0], [1e-5]), ([1.0], [1e-4, 1e-4]), ([1.0], []), ([-1.0], [1e-5])]
)
def test_empty_descending_or_negative_axes_are_refused(argon, mass, coupling):
    with pytest.raises(InputError):
        argon.scan("b-l", mass, coupling)


@pytest.mark.parametrize("num_threads", [0, -1, 1.5, 257, "two"])
def test_bad_numbers_of_threads_are_refused_for_small_jobs_too(argon, num_threads):
    with pytest.raises(InputError, match="num_threads"):
        argon.scan("b-l", [1.0], [1e-5], num_threads=num_threads)


def test_charges_that_nothing_depends_on_are_none(argon):
    # the fourth power of 1e-100 is 0, and a best fit of chi2 = -2e9 stood at a coupling of 1e49
    models = [mediated("a", proton={"e": k, "mu": k}, neutron={}) for k in (1e-100, 5e-324, 1e-50)]
    sm = argon.chi2("sm")
    for model in models:
        assert argon.chi2(model, 10.0, 1e10) == pytest.approx(sm, rel=1e-12)
    for model in models[:2]:
        found = argon.limit(model, 10.0)
        assert found.chi2_min == pytest.approx(sm, rel=1e-12)
        assert found.excluded[0].size == 0
    assert 0 <= argon.best_fit(models[2]).chi2 <= sm
