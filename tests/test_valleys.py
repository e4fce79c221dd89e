"""What is profiled is the least of all valleys: intervals and profiles beside grids, each refined by SciPy.

``pytest -m long tests/test_valleys.py`` compares hundreds of drawn ones.
"""

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar

#: By how much chi2 of a grid may be lower, and on the other side of a level.
MISSED, ASIDE = 1e-3, 1e-2
MEDIATORS = ("universal", "b-l", "b+lmu+ltau", "lmu-ltau-running", "le-ltau", "scalar")
KINDS = ("mediator", "mediator", "one flavour", "one flavour", "two flavours", "three", "radii", "others")
SHORT, LONG, BLOCK = range(8), range(100, 500), 20


@pytest.fixture(scope="module")
def data(csi, argon, both):
    return {"csi": csi, "argon": argon, "both": both}


def bound(names, size):
    return dict.fromkeys(names, (-size, size))


def draw(seed):
    """Return data, a model, the parameter of interest, what is profiled, a level and bounds, and a generator."""
    rng = np.random.default_rng([20080502, seed])

    def some(names, count):
        return [str(name) for name in rng.choice(names, count, replace=False)]

    which, cl, bounds = some(["csi", "argon", "both"], 1)[0], float(rng.choice([0.3, 0.5, 0.68, 0.9])), None
    kind = some(KINDS, 1)[0]
    if kind == "mediator":
        model, names = some(MEDIATORS, 1)[0], some(["mass", "coupling"], 2)
    elif kind == "one flavour":
        flavour = some(["ee", "mumu", "emu", "etau"], 1)[0]
        model, names = "nsi", some([f"eps_u_{flavour}", f"eps_d_{flavour}"], 2)
        bounds = bound(names, float(rng.choice([2.0, 20.0, 60.0])))
    elif kind in ("two flavours", "three"):
        pool = [f"eps_{quark}_{flavour}" for quark in "ud" for flavour in ("ee", "mumu", "emu")]
        model, names = "nsi", some(pool, 2 if kind == "two flavours" else 3)
        bounds = bound(names, float(rng.choice([2.0, 6.0])))
    elif kind == "radii":
        model, names = "charge-radius", some(["r2_ee", "r2_mumu", "r2_emu", "r2_mutau"], 2)
        bounds = bound(names, 300.0)
    elif rng.random() < 0.5:
        model, names = "magnetic-moment", some(["mu_e", "mu_mu"], 2)
    else:
        model, names = "millicharge", some(["q_ee", "q_mumu", "q_emu"], 2)
        bounds = bound(names, 1e-5)
    return which, model, names[0], names[1:], cl, bounds, rng


def grid(name, bounds, count):
    if name == "mass":
        return np.geomspace(0.1, 1e4, count)
    if bounds is None:
        return np.concatenate([[0.0], np.geomspace(1e-9, 10.0, count) * (1e-6 if name.startswith("mu_") else 1.0)])
    low, high = bounds[name]
    near = high * np.geomspace(1e-6, 1.0, count // 4)
    return np.unique(np.concatenate([np.linspace(low, high, count), near, -near]))


def least(likelihood, model, at, profiled, bounds):
    """Return the least chi2 at a value over one or two other parameters."""
    axes = [grid(name, bounds, 4001 if len(profiled) == 1 else 101) for name in profiled]
    mesh = np.meshgrid(*axes, indexing="ij")
    chi2 = likelihood.chi2(model, **at, **{name: part.ravel() for name, part in zip(profiled, mesh, strict=True)})
    chi2 = np.asarray(chi2).reshape(mesh[0].shape)
    padded, low = np.pad(chi2, 1, constant_values=np.inf), np.ones(chi2.shape, dtype=bool)
    for step in np.ndindex(*(3,) * chi2.ndim):
        low &= chi2 <= padded[tuple(slice(k, k + n) for k, n in zip(step, chi2.shape, strict=True))]
    places = np.argwhere(low)
    found = []
    for place in places[np.argsort(chi2[low])][:6]:
        ends = [axis[[max(k - 1, 0), min(k + 1, axis.size - 1)]] for axis, k in zip(axes, place, strict=True)]
        middle, sizes = np.array([axis[k] for axis, k in zip(axes, place, strict=True)]), np.ptp(ends, axis=1)

        def function(x, middle=middle, size=sizes):
            rows = zip(profiled, middle + np.atleast_1d(x) * size, axes, strict=True)
            return float(likelihood.chi2(model, **at, **{name: float(y.clip(a[0], a[-1])) for name, y, a in rows}))

        found.append(function(np.zeros(len(axes))))
        if len(axes) == 1:
            range_ = (ends[0] - middle) / np.ptp(ends[0])
            found.append(minimize_scalar(function, bounds=range_, method="bounded", options={"xatol": 1e-9}).fun)
        else:
            simplex = {"initial_simplex": [[0.0, 0.0], [0.5, 0.0], [0.0, 0.5]], "xatol": 1e-7, "fatol": 1e-7}
            found.append(minimize(function, np.zeros(2), method="Nelder-Mead", options=simplex).fun)
    return min(found)


def values(name, bounds, count, rng):
    """Return ascending values of a parameter of interest."""
    if name == "mass":
        return np.sort(10 ** rng.uniform(-1, 4, count))
    if bounds is None:
        return np.sort(10 ** (rng.uniform(-12, -8, count) if name.startswith("mu_") else rng.uniform(-6, 0, count)))
    high = bounds[name][1]
    near = high * rng.choice([-1, 1], count) * 10 ** rng.uniform(-3, 0, count)
    return np.sort(np.where(rng.random(count) < 0.6, rng.uniform(-high, high, count), near))


def agree(data, seed, count):
    which, model, name, profiled, cl, bounds, rng = draw(seed)
    likelihood, at = data[which], values(name, bounds, count, rng)
    expected = np.array([least(likelihood, model, {name: float(x)}, profiled, bounds) for x in at])
    profile = likelihood.profile(model, name, at, profiled=profiled, bounds=bounds)
    found = likelihood.interval(model, name, cl=cl, profiled=profiled, bounds=bounds)
    level = found.chi2_min + found.delta_chi2
    inside = ((at[:, None] >= found.allowed[:, 0]) & (at[:, None] <= found.allowed[:, 1])).any(axis=1)
    about = f"{which}, {model}, {name}, {profiled}, {cl}, {bounds}: {at.tolist()}, {expected.tolist()}, {found}"
    assert (expected > profile.chi2 - MISSED).all(), about
    assert expected.min() > found.chi2_min - MISSED, about
    assert (expected[~inside] > level - ASIDE).all(), about
    assert (np.minimum(expected, profile.chi2)[inside] < level + ASIDE).all(), about


@pytest.mark.parametrize("seed", SHORT)
def test_drawn_interval(data, seed):
    agree(data, seed, 4)


@pytest.mark.long
@pytest.mark.parametrize("first", LONG[::BLOCK])
def test_many_drawn_intervals(data, first):
    for seed in range(first, first + BLOCK):
        agree(data, seed, 10)


def test_a_valley_that_no_single_line_reaches(data):
    """Two quarks' couplings of one flavour are profiled beside another one."""
    agree(data, 246, 4)


@pytest.mark.parametrize(
    ("which", "mass", "axes"),
    [
        ("both", 588.8, ("coupling", "mass")),
        pytest.param("csi", 200.0, ("mass", "coupling"), marks=pytest.mark.long),
        ("argon", 30.0, ("coupling", "mass")),
    ],
)
def test_strips_of_a_mediator_beside_a_free_weak_angle(data, which, mass, axes):
    """Where the least chi2 passes from one branch of the angle to another, on lattices that tell of one alone."""
    likelihood, angles = data[which], np.linspace(0, 1, 1001)
    found = likelihood.contour("universal", *axes, profiled="sin2_theta_w")
    couplings = np.geomspace(1e-6, 1e-5, 120) * np.hypot(mass, 50.0) / 3
    rows = (likelihood.chi2("universal", mass=mass, coupling=g, sin2_theta_w=angles) for g in couplings.tolist())
    above = np.array([chi2.min() for chi2 in rows]) - found.chi2_min - found.delta_chi2[0]
    places = {"coupling": couplings, "mass": mass}
    inside = found.allows(*(places[name] for name in axes))
    assert 10 < inside.sum() < 110
    assert (above[inside] < 0.05).all()
    assert (above[~inside] > -0.05).all()
    assert not any("curve" in text for text in found.remarks)


# --- couplings over decades, with a mass profiled


@pytest.mark.parametrize(
    ("which", "model", "low", "high"),
    [
        ("argon", "universal", 3.57e-4, 0.01882),
        ("both", "universal", 2.95e-4, 0.01819),
        ("argon", "b+lmu+ltau", 5.28e-4, 0.03364),
        ("argon", "lmu-ltau-running", 0.0119, 0.7594),
        ("both", "lmu-ltau-running", 0.01164, 0.7424),
    ],
)
def test_a_light_mediator_belongs_to_the_strip_of_a_heavy_one(data, which, model, low, high):
    found = data[which].fit(model, free=["mass", "coupling"])
    np.testing.assert_allclose(found.intervals["coupling"], [[low, high]], rtol=2e-3)
    # an end is on the level: below it the strip has left the range of masses, or is not as good
    for value, side in ((low, -1), (high, 1)):
        for factor, allowed in ((1.01, side < 0), (0.99, side > 0)):
            chi2 = least(data[which], model, {"coupling": factor * value}, ["mass"], None)
            assert (chi2 < found.chi2 + 1) == allowed


@pytest.mark.parametrize("cl", [0.3, 0.5, 0.68])
@pytest.mark.parametrize("model", ["universal", "b+lmu+ltau", "lmu-ltau-running", "le-ltau"])
def test_couplings_of_all_decades_at_low_levels(argon, model, cl):
    found = argon.interval(model, "coupling", cl=cl, profiled=["mass"])
    level = found.chi2_min + found.delta_chi2
    assert not any("jumps" in text for text in found.remarks)
    for value in np.geomspace(1e-4, 0.5, 7):
        chi2 = least(argon, model, {"coupling": float(value)}, ["mass"], None)
        inside = ((found.allowed[:, 0] <= value) & (value <= found.allowed[:, 1])).any()
        assert inside == (chi2 <= level)


# --- two quarks of one flavour: two narrow valleys, which go on for hundreds of times their width


@pytest.mark.parametrize(
    ("which", "u", "size", "expected"),
    [
        ("both", -1.7983, None, 10.2935),
        ("both", -1.7983, 5.0, 10.2935),
        ("argon", 1.0, 20.0, 7.1109),
        ("argon", 5.0, 20.0, 6.9234),
        ("argon", 75.0, None, 5.2546),
    ],
)
def test_both_valleys_are_seen(data, which, u, size, expected):
    names = ["eps_u_ee", "eps_d_ee"]
    bounds = None if size is None else bound(names, size)
    found = data[which].profile("nsi", names[0], [u], profiled=names[1:], bounds=bounds)
    assert found.chi2[0] == pytest.approx(expected, abs=1e-4)


def test_valleys_that_no_minimum_belongs_to_are_allowed(csi, argon):
    found = csi.fit("nsi", free=["eps_u_ee", "eps_d_ee"])
    assert csi.chi2("nsi", eps_u_ee=-28.296, eps_d_ee=25.8471) < found.chi2 + 1
    ((low, high),) = found.intervals["eps_u_ee"]
    assert low < -28.296
    assert high > 28
    found = argon.fit("nsi", free=["eps_u_ee", "eps_d_ee"])
    assert not any("lower" in text for text in found.remarks)
    assert len(found.intervals["eps_u_ee"]) == 2
    for end, beyond in zip(found.intervals["eps_u_ee"].ravel(), (-1, 1, -1, 1), strict=True):
        for factor in (-0.01, 0.01):
            u = float(end * (1 + factor))
            chi2 = least(argon, "nsi", {"eps_u_ee": u}, ["eps_d_ee"], bound(["eps_d_ee"], 130.0))
            assert (chi2 > found.chi2 + 1) == (beyond * (u - end) > 0)


def test_changes_of_flavour_by_two_quarks(argon):
    found = argon.interval("nsi", "eps_u_etau", cl=0.6827, profiled=["eps_d_etau"])
    level = found.chi2_min + found.delta_chi2
    assert len(found.allowed) == 2
    for value, inside in ((-99.0, True), (-76.1, True), (-26.0, True), (-22.0, False), (0.0, False), (76.1, True)):
        assert ((found.allowed[:, 0] <= value) & (value <= found.allowed[:, 1])).any() == inside
        chi2 = least(argon, "nsi", {"eps_u_etau": value}, ["eps_d_etau"], bound(["eps_d_etau"], 130.0))
        assert (chi2 < level) == inside


def test_what_is_said_of_an_interval_is_said_of_a_fit(argon, monkeypatch):
    from cevns.inference import estimates

    monkeypatch.setattr(estimates, "allowed", lambda *_: (np.array([[0.2, 0.3]]), (0.25,)))
    found = argon.fit("sm", free=["sin2_theta_w"])
    assert "at sin2_theta_w = 0.25 chi2 jumps over the level: the end may be inexact" in found.remarks


def test_a_contour_over_both_quarks_of_two_flavours(argon):
    names = [f"eps_{quark}_{flavour}" for quark in "ud" for flavour in ("ee", "mumu")]
    found = argon.contour("nsi", *names[:2], profiled=names[2:], bounds=bound(names, 2.0))
    assert found.allows(0.0, 0.0)
    assert len(found.curves[0]) == 1
