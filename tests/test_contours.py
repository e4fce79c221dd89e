"""Curves of a level around rings, bananas, crosses and islands, however thin: against dense grids."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import minimize

import cevns
from cevns.errors import InputError
from cevns.inference import fronts, tracing
from cevns.inference.fields import Field
from cevns.inference.fronts import Seeds
from cevns.inference.objectives import Objective
from cevns.inference.planes import Starts
from cevns.inference.polygons import encloses
from cevns.inference.profiled import Profiled
from cevns.inference.seeds import chosen
from cevns.inference.sheets import Sheets
from cevns.inference.tracing import Bottom, trace
from cevns.interactions import Amplitude, Interaction
from cevns.parameters import Parameter

#: How far chi2 may lie on the wrong side of a curve, in units of the level above the minimum.
TOLERANCE = 0.01


class Surface:
    """A function of two numbers in the place of a plane of chi2."""

    narrowest, straight = 1e-15, True

    def __init__(self, function, low, high):
        self.function = function
        self.low, self.high = np.array(low, dtype=float), np.array(high, dtype=float)
        self.profiled = SimpleNamespace(
            moving=[],
            fixed=[0, 1],
            objective=SimpleNamespace(step=None),
            minima=[SimpleNamespace(point=np.zeros(2))],
            bases=lambda count: np.empty((count, 0, 0)),
        )

    def least(self, places, starts=None):
        assert ((places >= self.low) & (places <= self.high)).all()
        return self.function(*places.T), Starts(places.copy(), np.empty((len(places), 0, 0)))


def traced(function, minimum, span, level, low=(-5.0, -5.0), high=(5.0, 5.0), step=1e-5):
    """Curves around a region that spans (x0, y0) to (x1, y1), from one minimum alone."""
    span, minimum = np.array(span), np.array(minimum)
    least = float(function(*minimum[:, None])[0])
    field = Field(Surface(function, low, high), level, least, span[0], span[1])
    size = span[1] - span[0]
    rows = minimum + step * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, -1], [1, -1], [-1, 1]])
    f = function(*rows.T)
    mixed = (f[5] + f[6] - f[7] - f[8]) / 4
    bend = np.array([[f[1] + f[2] - 2 * f[0], mixed], [mixed, f[3] + f[4] - 2 * f[0]]]) / step**2
    curvature, axes = np.linalg.eigh(bend * np.outer(size, size))
    axes = axes * np.sqrt(2 * (level - least) / np.maximum(curvature, 1e-6)).clip(1e-9, 1)
    start = Starts(minimum[None], np.empty((1, 0, 0)))
    bottom = Bottom((minimum - span[0]) / size, (least - level) / field.unit, start, axes)
    return field, trace(field, [bottom])


def wrong(field, found, along, across, turned):
    """The largest excess that lies on the wrong side of curves, of points of a grid that follows the valley."""
    u, v = (a.ravel() for a in np.meshgrid(along, across))
    places = np.column_stack(turned(u, v))
    places = places[((places >= field.plane.low) & (places <= field.plane.high)).all(axis=1)]
    excess = (field.plane.function(*places.T) - field.level) / field.unit
    inside = encloses(found.curves, *field.spots(places).T)
    assert (excess < 0).sum() > 100
    assert (excess > 0).sum() > 100
    return np.abs(excess[inside != (excess <= 0)]).max(initial=0.0)


def frame(rng):
    """Functions that turn places by an angle, and back."""
    angle = rng.uniform(0, 2 * np.pi)
    c, s = np.cos(angle), np.sin(angle)
    return (lambda x, y: (c * x + s * y, -s * x + c * y)), (lambda u, v: (c * u - s * v, s * u + c * v))


def span_of(points, low=-5.0, high=5.0):
    x, y = points
    corners = [[x.min(), y.min()], [x.max(), y.max()]]
    return np.array(corners).clip(low, high)


SEEDS = range(12)


def thin(seed):
    rng = np.random.default_rng(seed)
    return rng, 10 ** rng.uniform(-3.0, -1.0), float(rng.choice([2.3, 4.6, 9.2])), *frame(rng)


@pytest.mark.parametrize("seed", SEEDS)
def test_rings(seed):
    rng, width, level, turned, back = thin(seed)
    a, b = rng.uniform(0.4, 1.0, 2)

    def chi2(x, y):
        u, v = turned(x, y)
        return (((u / a) ** 2 + (v / b) ** 2 - 1) / width) ** 2

    angles = np.linspace(0, 2 * np.pi, 1201)
    reach = np.sqrt(1 + np.sqrt(level) * width)
    span = span_of(back(reach * a * np.cos(angles), reach * b * np.sin(angles)))
    field, found = traced(chi2, back(a, 0.0), span, level, step=1e-3 * width)
    assert len(found.curves) == 2
    assert (found.lost, found.left) == (0, 0)
    radii = np.sqrt((1 + width * np.sqrt(level) * np.linspace(-2.0, 2.0, 41)).clip(1e-3))
    ring = lambda t, r: back(r * a * np.cos(t), r * b * np.sin(t))  # noqa: E731
    assert wrong(field, found, angles, radii, ring) < TOLERANCE


@pytest.mark.parametrize("cut", [False, True], ids=["inside", "cut by the ranges"])
@pytest.mark.parametrize("seed", SEEDS)
def test_bananas_and_waves(seed, cut):
    rng, width, level, turned, back = thin(seed)
    k, waves = rng.uniform(0.5, 3.0), rng.uniform(1.0, 6.0)
    shape = (lambda u: k * u**2) if seed % 2 else (lambda u: 0.3 * np.sin(waves * u))

    def chi2(x, y):
        u, v = turned(x, y)
        return 4 * u**2 + ((v - shape(u)) / width) ** 2

    u = np.linspace(-1, 1, 1601) * np.sqrt(level) / 2
    across = width * np.sqrt(level) * np.linspace(-2.0, 2.0, 41)
    valley = lambda u, v: back(u, shape(u) + v)  # noqa: E731
    low, high = ((-0.3, -0.4), (0.5, 0.35)) if cut else ((-5.0, -5.0), (5.0, 5.0))
    edge = np.concatenate([valley(u, s * across.max() / 2) for s in (-1, 1)], axis=1)
    span = span_of(edge).clip(low, high)
    field, found = traced(chi2, back(0.0, 0.0), span, level, low, high, 1e-3 * width)
    assert (found.lost, found.left) == (0, 0)
    if cut:
        # what the ranges part has no minimum of its own inside
        own = [curve for curve in found.curves if encloses([curve], *field.spots(np.zeros((1, 2))).T)[0]]
        assert len(own) == 1
        assert (field.excess(np.concatenate(own))[0] <= 1e-6).all()
    else:
        assert len(found.curves) == 1
        assert wrong(field, found, 1.2 * u, across, valley) < TOLERANCE


@pytest.mark.parametrize("seed", SEEDS)
def test_crosses(seed):
    _, width, level, turned, back = thin(seed)

    def chi2(x, y):
        u, v = turned(x, y)
        return (u * v / (0.1 * width)) ** 2 + 4 * (u**2 + v**2) ** 2

    reach = (level / 4) ** 0.25
    ends = np.array([-reach, reach, 0, 0]), np.array([0, 0, -reach, reach])
    field, found = traced(chi2, (0.0, 0.0), span_of(back(*ends)), level, step=1e-2 * width**0.5)
    assert len(found.curves) == 1
    assert (found.lost, found.left) == (0, 0)
    along = np.linspace(-1.2, 1.2, 601) * reach
    near = np.linspace(-1, 1, 61) ** 3 * 0.3
    assert wrong(field, found, along, near, back) < TOLERANCE
    assert wrong(field, found, near, along, back) < TOLERANCE


@pytest.mark.parametrize("seed", SEEDS)
def test_islands_along_a_valley(seed):
    """All from the middle one alone."""
    _, width, level, turned, back = thin(seed)

    def chi2(x, y):
        u, v = turned(x, y)
        return 12 * np.sin(4 * u) ** 2 + level * (u / 1.9) ** 2 + ((v - 0.2 * u**2) / width) ** 2

    u = np.linspace(-2.0, 2.0, 3001)
    valley = lambda u, v: back(u, 0.2 * u**2 + v)  # noqa: E731
    field, found = traced(chi2, (0.0, 0.0), span_of(valley(u, 0.0 * u)), level, step=1e-3 * width)
    assert len(found.curves) == 5
    assert (found.lost, found.left) == (0, 0)
    assert wrong(field, found, u, width * np.sqrt(level) * np.linspace(-2.0, 2.0, 41), valley) < TOLERANCE


def test_a_region_that_fills_its_ranges_is_the_box():
    field, found = traced(lambda x, y: x**2 + y**2, (0.1, 0.0), [(-1, -1), (1, 1)], 4.6, (-1.0, -1.0), (1.0, 1.0))
    (curve,) = found.curves
    assert field.places(curve).tolist() == [[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]


def test_what_curves_leave_out_is_counted(monkeypatch):
    monkeypatch.setattr(tracing, "follow", lambda field, seeds: [])
    _, found = traced(lambda x, y: x**2 + y**2, (0.0, 0.0), [(-2.2, -2.2), (2.2, 2.2)], 4.6)
    assert found.curves == []
    assert found.lost > 0
    assert found.left > 0


def bowl(x, y):
    return x**2 + y**2


def test_what_a_search_from_neighbours_missed_is_no_level():
    """A branch that lies lower, and that a search from nothing finds."""

    class Missing(Surface):
        def least(self, places, starts=None):
            chi2, states = super().least(places, starts)
            missed = (np.abs(places - 0.5) < 0.05).all(axis=1) & (starts is not None)
            return np.where(missed, 9.0, chi2), states

    field = Field(Missing(bowl, (-5, -5), (5, 5)), 4.0, 0.0, np.array([-2.0, -2.0]), np.array([2.0, 2.0]))
    states = Starts(np.zeros((1, 2)), np.empty((1, 0, 0)))
    assert trace(field, [Bottom(np.full(2, 0.5), -1.0, states, 0.5 * np.eye(2))]).lost == 0
    beside = Seeds(np.array([[0.55, 0.5]]), np.array([[9.0, 0.0]]), states)
    assert len(tracing._true(field, beside)) == 0


# --- of data


@pytest.fixture(scope="module")
def precise():
    argon = cevns.load("coherent-argon-2020")
    return argon.replace(signal_sigma=0.1 * argon.signal_sigma), 0.1 * np.array(argon.uncertainty)


def test_a_ring_of_two_changes_of_flavour(precise):
    plain, uncertainty = precise
    names = [Parameter(name, default=0.0, low=-3.0, high=3.0) for name in ("x", "y")]
    changes = [Amplitude(("mu", "e"), 1.0, 2.0, {"y": 1}), Amplitude(("mu", "tau"), 1.0, 2.0, {"x": 1})]
    ring = Interaction("ring", names, changes)
    data = plain.with_data(plain.asimov(ring, x=0.3, y=0.3).observed, uncertainty)
    found = data.contour(ring, x="x", y="y")
    angles, radius = np.linspace(0.0, 2 * np.pi, 721), 0.3 * np.sqrt(2)
    assert len(found.curves[0]) == 2
    assert found.allows(radius * np.cos(angles), radius * np.sin(angles)).all()


def test_ends_of_ranges_are_allowed_where_the_region_goes_on(precise):
    plain, uncertainty = precise
    data = plain.with_data(plain.asimov("sm").observed, 3 * uncertainty)
    found = data.contour("sm", x="sin2_theta_w", y="rn_ar", bounds={"rn_ar": (2.0, 5.0), "sin2_theta_w": (0.0, 1.0)})
    level = found.chi2_min + found.delta_chi2[0]
    for end in (2.0, 5.0):
        angles = np.linspace(0.0, 1.0, 401)
        chi2 = data.chi2("sm", sin2_theta_w=angles, rn_ar=end)
        clear = np.abs(chi2 - level) > 0.05
        assert (chi2 <= level).any()
        np.testing.assert_array_equal(found.allows(angles, end)[clear], (chi2 <= level)[clear])
    assert not found.allows(0.24, [1.99, 5.01]).any()


@pytest.mark.parametrize(
    ("point", "level", "match"),
    [
        ((np.nan, 5.0), 0, "sin2_theta_w contains nan"),
        ((0.24, [5.0, np.inf]), 0, "rn_csi contains inf"),
        (([0.2, 0.3], [4.0, 5.0, 6.0]), 0, "do not broadcast"),
        ((0.24, 5.0), 7, "level = 7 is not allowed"),
        ((0.24, 5.0), -1, "level = -1 is not allowed"),
        ((0.24, 5.0), True, "level must be a whole number"),
    ],
)
def test_what_allows_refuses(point, level, match):
    found = cevns.load("coherent-csi-2017").contour("sm", x="sin2_theta_w", y="rn_csi")
    with pytest.raises(InputError, match=match):
        found.allows(*point, level=level)


@pytest.mark.parametrize("end", [1e-9, 4e-9])
def test_ends_of_logarithmic_axes_are_the_ranges_to_the_last_digit(argon, end):
    bounds = {"mu_e": (0.0, end), "mu_mu": (0.0, 1e-8)}
    found = argon.contour("magnetic-moment", x="mu_e", y="mu_mu", bounds=bounds)
    assert max(curve[:, 0].max() for curve in found.curves[0]) == end
    assert found.allows(end, [0.0, 1e-9]).all()


def test_a_seed_without_a_slope_takes_no_other_with_it():
    field = Field(Surface(bowl, (-5, -5), (5, 5)), 1.0, 0.0, np.array([-1.0, -1.0]), np.array([1.0, 1.0]))
    spots = np.array([[0.5, 0.0], [0.9, 0.5], [1.0, 0.5], [0.5, 1.0], [0.5, 1.0]])
    gradients = np.array([[0.0, -2.0], [1e-12, 1e-14], [2.0, 0.0], [0.0, 2.0], [0.0, 2.0]])
    states = Starts(np.zeros((5, 2)), np.empty((5, 0, 0)))
    # of two that are the same one is left
    assert chosen(field, Seeds(spots, gradients, states)).spots.tolist() == spots[[0, 2, 4]].tolist()


def test_a_step_that_rounding_undoes_comes_to_no_seed():
    field = Field(Surface(bowl, (-5, -5), (5, 5)), 1.0, 0.0, np.array([-1.0, -1.0]), np.array([1.0, 1.0]))
    spots, gradients = np.array([[0.5, 0.0], [1.0, 0.5]]), np.array([[0.0, -2.0], [2.0, 0.0]])
    front = fronts._Fronts(field, Seeds(spots, gradients, Starts(np.zeros((2, 2)), np.empty((2, 0, 0)))))
    with np.errstate(all="raise"):
        assert not front._met(0, spots[0], 0.0)


def test_a_minimum_without_a_curve_is_said(csi):
    found = csi.contour("sm", x="sin2_theta_w", y="rn_csi", cl=(1e-10, 0.9))
    assert not found.allows(*found.values.values(), level=0)
    assert found.allows(*found.values.values(), level=1)
    said = [remark for remark in found.remarks if "no curve around the minimum was found" in remark]
    assert [remark.partition(":")[0] for remark in said] == ["1e-10 C.L."]


def test_edges_stay_near_the_level():
    data = cevns.load("coherent-csi-2017")
    found = data.contour("sm", x="sin2_theta_w", y="rn_csi", cl=0.99)
    for curve in found.curves[0]:
        middle = (curve[1:] + curve[:-1]) / 2
        side = (curve[1:] == curve[:-1]).any(axis=1)
        chi2 = data.chi2("sm", sin2_theta_w=middle[:, 0], rn_csi=middle[:, 1]) - found.chi2_min
        assert np.abs(chi2[~side] / found.delta_chi2[0] - 1).max() < TOLERANCE


# --- with others profiled


def profile_of_one(data, interaction, x, y, name, values):
    """The least chi2 over values of one parameter, shape (points, values), and parabolas through the least ones."""
    chi2 = data.chi2(interaction, **{**x, **y, name: values}).reshape(len(values), -1)
    k = chi2.argmin(axis=1).clip(1, chi2.shape[1] - 2)
    before, least, after = (chi2[np.arange(len(k)), k + shift] for shift in (-1, 0, 1))
    return least - (after - before) ** 2 / (8 * np.maximum(before + after - 2 * least, 1e-12))


def test_holes_where_the_profile_changes_from_branch_to_branch(both):
    """Two quarks of one flavour, of which one is profiled: two amplitudes, each of either sign."""
    found = both.contour("nsi", x="eps_u_ee", y="eps_u_mumu", profiled="eps_d_ee")
    assert not [remark for remark in found.remarks if "C.L." in remark]
    assert len(found.curves[0]) == 3
    places = np.stack(np.meshgrid(np.linspace(-25.0, 25.0, 16), np.linspace(-0.2, 0.6, 16)), axis=2).reshape(-1, 2)
    valley = -0.93 * places[:, :1] + np.linspace(-3.0, 3.0, 601)
    x, y = {"eps_u_ee": places[:, :1]}, {"eps_u_mumu": places[:, 1:]}
    above = profile_of_one(both, "nsi", x, y, "eps_d_ee", valley) - found.chi2_min
    clear = np.abs(above / found.delta_chi2[0] - 1) > TOLERANCE
    np.testing.assert_array_equal(found.allows(*places.T)[clear], (above < found.delta_chi2[0])[clear])


def test_along_a_strip_of_two_quarks_no_branch_is_missed(both):
    """A hundred times as long as wide, across both axes: the lattice along these had a few nodes in it."""
    found = both.contour("nsi", x="eps_u_ee", y="eps_d_ee", profiled="eps_u_emu")
    assert not [remark for remark in found.remarks if "C.L." in remark]
    assert len(found.curves[0]) == 1


def test_branches_move_with_the_plane_as_their_minima_do(csi):
    """Over a cell by many times what parts them, so that a slope that is wrong leads to none."""
    objective = Objective(csi, "nsi", ["eps_u_ee", "eps_u_mumu", "eps_d_ee"], {})
    profiled = Profiled(objective, ["eps_u_ee", "eps_u_mumu"])
    column, lines = objective.names.index("eps_d_ee"), [np.linspace(-20.0, 20.0, 5), np.linspace(-0.1, 0.5, 5)]
    sheets = Sheets(profiled, lambda spots: spots, lines, profiled.minima[0].chi2 + 25.0)
    node = np.flatnonzero((sheets.chi2[:, 0] < profiled.minima[0].chi2 + 10.0) & (np.abs(sheets.nodes[:, 0]) < 15.0))
    beside = sheets.nodes[node] + [1e-3, 1e-5]
    moved = sheets._moved(sheets._points[node, 0], sheets._slopes[node, 0], node, beside)
    starts = Starts(sheets._points[node, 0], sheets._bases[node, 0])
    _, exact, _ = profiled.from_starts(beside, starts.points, starts.bases)
    way = exact[:, column] - sheets._points[node, 0, column]
    assert node.size > 4
    assert (np.abs(moved[:, column] - exact[:, column]) < 0.05 * np.abs(way)).all()


QUARKS = ("eps_u_ee", "eps_d_ee", "eps_u_mumu", "eps_d_mumu")
CHANGES = ("eps_u_emu", "eps_d_etau", "eps_u_mutau")


def generated(csi, argon, seed):
    """Data that fluctuate, a plane of two contact couplings, and one or two others that are profiled."""
    rng = np.random.default_rng(seed)
    x, y, *rest = rng.permutation(QUARKS).tolist()
    profiled = rng.permutation([*rest, *CHANGES])[: rng.integers(1, 3)].tolist()
    truth = dict(zip((x, y), rng.normal(0.0, 0.1, 2).tolist(), strict=True))
    data = []
    for one in (csi, argon):
        expected, sigma = np.array(one.asimov("nsi", **truth).observed), np.array(one.uncertainty)
        data.append(one.with_data(expected + sigma * rng.normal(size=sigma.size), sigma))
    return rng, data[0] + data[1], x, y, profiled


def least_of_many_starts(data, names, place, rng, enough):
    """The least chi2 over all but the first two names, from many starts, or one that is below `enough`."""
    others = {name: 0.0 for name in data.own_parameters("nsi") if name not in names}
    chi2 = data.bind("nsi", free=(), **others)
    order = [names.index(name) for name in chi2.names]

    def function(rest):
        value, slopes = chi2.gradient(*np.concatenate([place, rest])[order].tolist())
        return value, np.array(slopes)[np.argsort(order)][2:]

    known, least = dict(zip(names, place, strict=False)), np.inf
    for _ in range(40):
        # two quarks of one flavour make up for each other
        partners = [name.replace("_u_", "_d_") if "_u_" in name else name.replace("_d_", "_u_") for name in names[2:]]
        start = [rng.uniform(-1, 1) - known.get(partner, 0.0) for partner in partners]
        least = min(least, minimize(function, start, jac=True, bounds=[(-1e3, 1e3)] * len(start)).fun)
        if least < enough:
            break
    return least


@pytest.mark.long
@pytest.mark.parametrize("seed", range(8))
def test_generated_planes_with_others_profiled(csi, argon, seed):
    rng, data, x, y, profiled = generated(csi, argon, seed)
    found = data.contour("nsi", x=x, y=y, profiled=profiled)
    level = found.chi2_min + found.delta_chi2[0]
    vertices = np.concatenate(found.curves[0])
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    # within the box around the curves, and near vertices of them
    places = rng.uniform(low - 0.05 * (high - low), high + 0.05 * (high - low), (60, 2))
    near = vertices[rng.integers(len(vertices), size=60)] + 0.02 * (high - low) * rng.normal(size=(60, 2))
    for place in np.concatenate([places, near]):
        least = least_of_many_starts(data, [x, y, *profiled], place, rng, level)
        if abs(least - level) > TOLERANCE * found.delta_chi2[0]:
            assert found.allows(*place) == (least < level), (x, y, profiled, place.tolist(), least - level)
