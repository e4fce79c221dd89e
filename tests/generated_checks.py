"""What must hold for any experiment: each function takes a `generated.Case` and fails with an AssertionError.

Tolerances: counts agree to 1e-7 of the largest bin. chi2 is a sum of squares of residuals, which such errors shift:
with counts good to 1e-9, it is good to 1e-6 of itself and what `allowed` adds for data known far better than that.
"""

import ctypes

import numpy as np
import pytest
from generated_electrons import electrons
from scipy import optimize

from cevns.errors import InputError
from cevns.parameters import LARGEST_COUPLING

#: Accuracy of counts, as a share of the largest bin, and of chi2's residuals, as a share of the whole data vector.
COUNTS, RESIDUALS = 1e-7, 1e-9
#: Share of the recoils that may be lost in a tail of the resolution.
UNSEEN = 1e-16
_ONE = np.ones(1)
SPREAD = np.concatenate([-np.geomspace(1e-1, 1e-5, 7), [0.0], np.geomspace(1e-5, 1e-1, 7)])


def allowed(case, chi2):
    """Return the tolerance on chi2."""
    noise = RESIDUALS * np.sqrt(case.oracle.base)
    return 1e-6 * (1 + chi2) + 2 * np.sqrt(np.maximum(chi2, 0)) * noise + noise**2


def rounding(case, chi2):
    """Return by how much two ways to the same chi2 may differ: it is a difference of terms of the size of `base`.

    Each term is good to some tens of units in its last place: polynomials in eta, and Lagrange polynomials in ln M.
    """
    return 1e-10 * (1 + chi2) + 1e-14 * case.oracle.base


def point(model, mass, coupling):
    """Return values of the parameters for a point, by name."""
    strength = [name for name in model.own_names if name != "mass"]
    return dict.fromkeys(set(model.own_names) - set(strength), mass) | dict.fromkeys(strength, float(coupling))


def taken(case):
    """Return the models that the experiment takes; at the photon's pole the others must be refused."""
    if len(case.models) < 3 or not case.refused:
        return case.models
    model = case.models[2][0]
    with pytest.raises(InputError, match="observed down to 0"):
        case.experiment.chi2(model, **point(model, None, 1e-9))
    return case.models[:2]


def strengths(case, interaction, mass):
    """Return ascending y from no effect to saturation, the degenerate strips among them; y >= 0 unless it is signed."""
    oracle = case.oracle
    a, b, c = oracle.line(interaction, mass).coefficients(np.ones(1))[0] / case.plan.uncertainty
    # where a bin sees nothing, rounding may leave less
    c = np.maximum(c, 0.0)
    if not max(c.max(), np.abs(b).max()) > 0:
        return np.array([-1.0, 0.0, 1.0]) if interaction.signed else np.array([0.0, 1e-12, 1.0])

    def reaches(k):
        # the least y at which some bin changes by k standard deviations
        with np.errstate(divide="ignore"):
            return np.min(2 * k / (np.abs(b) + np.sqrt(b * b + 4 * c * k) + 1e-300))

    values = [reaches(k) for k in (1e-2, 0.3, 3.0, 30.0, 1e3)]
    gap = oracle.data[: a.size] - a
    if c.max() > 0:
        used = c > 1e-12 * c.max()
        b, c, gap = b[used], c[used], gap[used]
        root = np.sqrt(np.maximum(b * b + 4 * c * gap, 0))
        strips = np.concatenate([-b / c, (root - b) / (2 * c)])
    else:
        used = b > 1e-12 * b.max()
        strips = gap[used] / b[used]
    if not interaction.signed:
        strips = strips[strips > 0]
    if strips.size:
        values += [strips.min(), np.median(strips), strips.max()]
    values.append(1e3 * max(values))
    if interaction.signed:
        values += [-v for v in values]
    return np.unique([0.0, *values])


def couplings(interaction, y):
    """Return couplings for y, and the y that they have after rounding."""
    g = interaction.coupling(y)
    return g, interaction.strength(g)


def possible(interaction, y):
    """Return those y that a coupling inside its range has: nothing is said of others."""
    return y[np.abs(interaction.coupling(y)) <= LARGEST_COUPLING]


def observable(case, interaction, mass, y):
    """Return whether counts are more than what a tail of the resolution may have lost of the recoils."""
    if not case.plan.resolution:
        return np.ones(np.shape(y), dtype=bool)
    line = case.oracle.line(interaction, mass)
    recoils, seen = (c[0] + y[:, None] * (c[1] + y[:, None] * c[2]) for c in (line.rates, line.coefficients(_ONE)[0]))
    return UNSEEN * recoils.sum(axis=1) <= RESIDUALS * seen.max(axis=1)


def values_at(case, model, interaction, mass):
    """Return couplings to try, and y."""
    if not model.own_names:
        return np.zeros(1), np.zeros(1)
    # a heavy mediator of next to no charges may want more than there can be
    g, y = couplings(interaction, possible(interaction, strengths(case, interaction, mass)))
    seen = observable(case, interaction, mass, y)
    return g[seen], y[seen]


def counts(case):
    """Counts of all models, at eta = 1 and where eta may go."""
    low, high = case.oracle.eta_range
    etas = [1.0] if low == high else [1.0, low, high, low + (high - low) * (0.1 + 0.8 * (case.seed % 17) / 17)]
    for which, (model, interaction) in enumerate(taken(case)):
        for mass in case.masses[: 2 if "mass" in model.own_names and which < 2 else 1]:
            g, y = values_at(case, model, interaction, mass)
            for eta in etas:
                scale = case.oracle.counts(interaction, mass, 0.0, eta).max()
                for coupling, strength, found in zip(
                    g[::3], y[::3], _predicted(case, model, mass, g[::3], eta), strict=True
                ):
                    expected = case.oracle.counts(interaction, mass, strength, eta)
                    worst = np.abs(found - expected).max() / max(expected.max(), scale, 1e-30)
                    assert worst <= COUNTS, (
                        f"{model.name}, M = {mass}, g = {coupling}, eta = {eta}: counts off by {worst:.1e}"
                    )


def _predicted(case, model, mass, g, eta):
    """Return counts for some couplings, one by one at eta = 1, where what is folded is kept, and else at once."""
    if eta == 1.0:
        return [case.experiment.predict(model, **point(model, mass, x)).signal for x in g]
    values = point(model, mass, 0.0) | {name: g for name in model.own_names if name != "mass"}
    return np.broadcast_to(case.experiment.predict(model, eta=eta, **values).signal, (g.size, case.plan.observed.size))


def chi2(case):
    """chi2 of single calls is the least over all nuisances, and never negative."""
    for model, interaction in taken(case):
        mass = case.masses[case.seed % 3]
        g, y = values_at(case, model, interaction, mass)
        expected, etas = case.oracle.profile(interaction, mass, y)
        for coupling, least, eta in zip(g, expected, etas, strict=True):
            found = case.experiment.chi2(model, **point(model, mass, coupling))
            where = f"{model.name}, M = {mass!r}, g = {coupling!r}: chi2 = {found!r}, least {least!r} at eta = {eta!r}"
            assert found >= -rounding(case, 0.0), f"negative: {where}"
            assert found <= least + allowed(case, least), f"not the least: {where}"
            if found < least - allowed(case, least) and case.plan.quenching_sigma:
                # the library may know a narrower minimum than the line shows: its own eta decides
                profile = case.experiment.pulls(model, **point(model, mass, coupling))
                pulls = profile.experiments[case.experiment.name]["pulls"]
                least = min(
                    least, _at_eta(case, interaction, mass, interaction.strength(coupling), 1 + pulls["quenching"])
                )
            assert found >= least - allowed(case, least), f"below the least: {where}"


def _at_eta(case, interaction, mass, y, eta):
    eta = np.atleast_1d(np.clip(eta, *case.oracle.eta_range))
    return case.oracle.chi2(case.oracle.line(interaction, mass).each(eta, np.atleast_1d(y)), eta)[0]


def order(case):
    """The value at a point does not depend on what was asked before it, nor on how it was asked."""
    for model, interaction in _in_turn(case, 2):
        _order(case, model, interaction)


def _order(case, model, interaction):
    experiment, mediated = case.experiment, "mass" in model.own_names
    masses = case.masses[: 2 if mediated else 1]
    g = np.unique(np.concatenate([values_at(case, model, interaction, mass)[0] for mass in masses]))
    bound = experiment.bind(model)
    rows = [[tuple(point(model, float(mass), x).values()) for x in g.tolist()] for mass in masses]
    alone = np.array([[bound(*values) for values in row] for row in rows])

    def chi2(mass, coupling):
        named = {"mass": mass} if mediated else {}
        return experiment.chi2(model, **named, **{name: coupling for name in model.own_names if name != "mass"})

    ways = {
        "ascending": chi2(masses[:, None], g).reshape(alone.shape),
        "descending": chi2(masses[:, None], g[::-1]).reshape(alone.shape)[:, ::-1],
    }
    if mediated:
        ways["masses inside"] = chi2(masses, g[:, None]).T
        ways["scan"] = experiment.scan(model, masses, g).chi2
    shuffled = np.random.default_rng(case.seed).permutation(alone.size)
    pairs = [np.broadcast_to(v, alone.shape).ravel()[shuffled] for v in (masses[:, None], g)]
    ways["shuffled"] = np.empty(alone.shape)
    ways["shuffled"].ravel()[shuffled] = chi2(*pairs)
    ways["pulls"] = np.array([[experiment.pulls(model, **point(model, mass, x)).chi2 for x in g] for mass in masses])
    compiled = bound.low_level_callable()
    ways["C"] = np.array([[call(compiled, *values) for values in row] for row in rows])
    known = rounding(case, alone)
    if case.plan.quenching_sigma:
        # chi2 that is convex in eta comes from polynomials of counts and their squares, or all of eta is searched
        known = known + 1e-11 * np.sqrt(np.maximum(alone, 0) * case.oracle.base)
    for name, values in ways.items():
        away = np.abs(values - alone) / known
        i, j = np.unravel_index(away.argmax(), away.shape)
        assert away.max() <= 1, (
            f"{name}: {model.name}, M = {masses[i]!r}, g = {g[j]!r}: {values[i, j]!r} for {alone[i, j]!r}"
        )
    # with more parameters it may reach the flux where the model does not
    if len(case.models) == 3 and model is case.beyond.model and case.beyond.named and not case.diverges:
        named = case.experiment.chi2(case.beyond.named, **case.beyond.values(masses[0], g[g.size // 2]))
        expected = alone[0, g.size // 2]
        assert abs(named - expected) <= allowed(case, expected), f"{case.beyond.named.name}: {named!r} for {expected!r}"


def call(compiled, *x):
    """Call a `scipy.LowLevelCallable` of (n, x, data)."""
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    name = ctypes.pythonapi.PyCapsule_GetName
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    kind = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int, ctypes.POINTER(ctypes.c_double), ctypes.c_void_p)
    function = kind(pointer(compiled.function, name(compiled.function)))
    data = pointer(compiled.user_data, name(compiled.user_data))
    return function(len(x), (ctypes.c_double * max(len(x), 1))(*x), data)


def dense_line(case, interaction, mass, points=60):
    """Return ascending y that follow every strip: a logarithmic line, and a zoom on each special value."""
    special = strengths(case, interaction, mass)
    sizes = np.abs(special[special != 0])
    line = np.geomspace(sizes.min() * 0.3, sizes.max(), points)
    if interaction.signed:
        line = np.concatenate([-line, line])
    return possible(interaction, np.unique([0.0, *line, *(special[:, None] * (1 + SPREAD)).ravel()]))


def least_on(case, interaction, mass, y, chi2):
    """Return the least chi2 over all couplings: the lowest minima of a line, each zoomed into."""
    padded = np.pad(chi2, 1, constant_values=np.inf)
    lowest = np.flatnonzero((chi2 <= padded[:-2]) & (chi2 <= padded[2:]))
    lowest = lowest[np.argsort(chi2[lowest])[:4]]
    best = chi2.min(), y[chi2.argmin()]
    for k in lowest:
        low, high = y[max(k - 1, 0)], y[min(k + 1, y.size - 1)]
        for _ in range(7):
            fine = np.linspace(low, high, 17)
            values = case.oracle.profile(interaction, mass, fine)[0]
            j = values.argmin()
            low, high = fine[max(j - 1, 0)], fine[min(j + 1, 16)]
            best = min(best, (values[j], fine[j]))
    return best


def _in_turn(case, share, first=None):
    """Return the mediator, or `first`, and at every second of a check's seeds the model beyond the paper too."""
    found = [first or case.models[0]]
    # charges that are drawn may all be 0, which is the standard model
    beyond = [pair for pair in taken(case)[2:] if pair[0].own_names]
    return found + beyond if case.seed // share % 2 == 0 else found


def line(case):
    """Best fit and excluded intervals at one mass are those of a dense line of couplings."""
    # mediator or contact in turn
    first = case.models[case.seed // 2 % 3 == 0 and bool(case.models[1][0].own_names)]
    for model, interaction in _in_turn(case, 4, first):
        _line(case, model, interaction, float(case.masses[case.seed // 3 % 3]))


def _line(case, model, interaction, mass):
    fixed = {"mass": mass} if "mass" in model.own_names else {}
    fit = case.experiment.best_fit(model, **fixed)
    y = dense_line(case, interaction, mass)
    chi2 = case.oracle.profile(interaction, mass, y)[0]
    least, at = least_on(case, interaction, mass, y, chi2)
    where = f"{model.name}, M = {mass!r}: best fit {fit.chi2!r} at g = {fit.coupling!r}"
    assert fit.chi2 <= least + allowed(case, least), f"{where}; {least!r} at y = {at!r}"
    if observable(case, interaction, mass, interaction.strength(np.array([fit.coupling])))[0]:
        there = case.oracle.profile(interaction, mass, interaction.strength(fit.coupling))[0][0]
        assert abs(fit.chi2 - there) <= allowed(case, there), f"{where}, where chi2 is {there!r}"

    curve = case.experiment.limit(model, fixed.get("mass"), reference=fit)
    level, intervals = curve.chi2_min + curve.delta_chi2, curve.excluded[0]
    if not interaction.signed:
        # both signs of a coupling of which only an even power counts
        intervals = np.maximum(intervals, 0.0)
        intervals = intervals[intervals[:, 0] < intervals[:, 1]]
    ends = intervals[np.isfinite(intervals) & (intervals != 0)]
    y = np.unique([*y, *(interaction.strength(ends)[:, None] * (1 + SPREAD)).ravel()])
    g, y = couplings(interaction, possible(interaction, y))
    chi2 = case.oracle.profile(interaction, mass, y)[0]
    # an interval from 0 on holds 0
    intervals = np.where(intervals == 0, -1e-300, intervals)
    inside = ((intervals[:, 0] < g[:, None]) & (g[:, None] < intervals[:, 1])).any(axis=1)
    wrong = (inside != (chi2 > level)) & (np.abs(chi2 - level) > 10 * allowed(case, level))
    wrong &= observable(case, interaction, mass, y)
    assert not wrong.any(), (
        f"{model.name}, M = {mass!r}, level {level!r}: chi2 = {chi2[wrong][:3]} at g = {g[wrong][:3]}, "
        f"excluded {intervals.tolist()}"
    )
    for end in ends[observable(case, interaction, mass, interaction.strength(ends))]:
        # an end is known to 1e-11 of itself, which may be a lot of chi2
        below, on, above = case.oracle.profile(
            interaction, mass, interaction.strength(end * (1 + 1e-9 * np.arange(-1, 2)))
        )[0]
        assert abs(on - level) <= 10 * allowed(case, level) + abs(above - below), (
            f"{model.name}, M = {mass!r}: interval ends at {end!r}, where chi2 is {on!r}, the level {level!r}"
        )


def plane(case):
    """No point of a grid over masses and couplings, its best points refined, lies below the best fit."""
    for model, interaction in _in_turn(case, 16):
        if "mass" in model.own_names:
            _plane(case, model, interaction)


def _plane(case, model, interaction):
    low = max(1.0, case.experiment.smallest_mass)
    fit = case.experiment.best_fit(model, mass_range=(low, 1e3))
    best = []
    for mass in np.geomspace(low, 1e3, 9):
        special = strengths(case, interaction, mass)
        sizes = special[special > 0]
        y = np.geomspace(sizes.min() * 0.3, sizes.max(), 16)
        y = np.unique([0.0, *y, *(-y if interaction.signed else ()), *special])
        chi2 = case.oracle.profile(interaction, mass, y)[0]
        best += [(chi2[k], mass, y[k]) for k in np.argsort(chi2)[:2]]
    best.sort()
    least = best[0]
    steps = 30 if case.plan.quenching_sigma else 150
    for _, mass, y in best[:2]:
        if y == 0:
            continue
        # masses of the range, and couplings that are accepted
        most = np.log(1e10) * interaction.exponent

        sign = np.sign(y)
        found = optimize.minimize(
            lambda p, sign=sign, most=most: case.oracle.profile(
                interaction, np.exp(np.clip(p[0], np.log(low), np.log(1e3))), sign * np.exp(min(p[1], most))
            )[0][0],
            np.log([mass, abs(y)]),
            method="Nelder-Mead",
            options={"maxfev": steps, "xatol": 1e-7, "fatol": 1e-9},
        )
        least = min(least, (found.fun, *np.exp(np.minimum(found.x, most))))
    where = f"{model.name}: best fit {fit.chi2!r} at M = {fit.mass!r}, g = {fit.coupling!r}"
    assert fit.chi2 <= least[0] + allowed(case, least[0]), f"{where}; {least}"
    there = case.oracle.profile(interaction, fit.mass, interaction.strength(fit.coupling))[0][0]
    assert abs(fit.chi2 - there) <= allowed(case, there), f"{where}, where chi2 is {there!r}"


def pulls(case):
    """The nuisances rebuild chi2, and `scipy.optimize` on all of them at once finds nothing lower."""
    for model, interaction in _in_turn(case, 8):
        _pulls(case, model, interaction, case.masses[case.seed // 2 % 3])


def _pulls(case, model, interaction, mass):
    plan, oracle = case.plan, case.oracle
    g, y = values_at(case, model, interaction, mass)
    backgrounds = np.array([c for c, _ in plan.backgrounds]).reshape(-1, plan.observed.size)
    sigmas = np.array([plan.signal_sigma, *[s for _, s in plan.backgrounds]])
    line = oracle.line(interaction, mass)
    for k in np.unique([0, g.size // 3, 2 * g.size // 3, g.size - 1]):

        def residuals(p, strength=y[k]):
            eta = 1 + p[-1] if plan.quenching_sigma else 1.0
            counts = line.each(np.array([eta]), np.array([strength]))[0]
            total = (1 + p[0]) * counts + (1 + p[1 : 1 + len(backgrounds)]) @ backgrounds
            shifts = p[: sigmas.size] / sigmas
            last = [(eta - 1) / plan.quenching_sigma] if plan.quenching_sigma else []
            return np.concatenate([(plan.observed - total) / plan.uncertainty, shifts, last])

        profile = case.experiment.pulls(model, **point(model, mass, g[k]))
        found = profile.experiments[case.experiment.name]["pulls"]
        names = ["signal", *[b.name for b in case.experiment.backgrounds]]
        if plan.quenching_sigma:
            names.append("quenching")
        p = np.array([found[name] for name in names])
        rebuilt = (residuals(p) ** 2).sum()
        where = f"{model.name}, M = {mass!r}, g = {g[k]!r}: chi2 = {profile.chi2!r}, pulls {found}"
        # a pull is known to where chi2 is flat; 1 + pull of a huge signal to its rounding
        eta = np.array([1 + p[-1] if plan.quenching_sigma else 1.0])
        lost = 3e-16 * np.linalg.norm(line.each(eta, np.array([y[k]]))[0] / plan.uncertainty)
        rounding = lost * (lost + 2 * np.sqrt(profile.chi2))
        assert abs(rebuilt - profile.chi2) <= 1e-5 * (1 + profile.chi2) + allowed(case, profile.chi2) + rounding, (
            f"{where}, rebuilt {rebuilt!r}"
        )
        low, high = oracle.eta_range[0] - 1, oracle.eta_range[1] - 1
        starts = [p[-1], low, 0.5 * low, 0.0, 0.5 * high, high] if plan.quenching_sigma else [0.0]
        for start in starts:
            first = np.zeros(p.size)
            if plan.quenching_sigma:
                first[-1] = np.clip(start, low + 1e-9, high - 1e-9)
            # the other nuisances are linear: start from their best values at this eta
            if y[k] < 1e-3 * y.max() or plan.quenching_sigma == 0:
                first[0] = p[0]
            bounds = np.full((2, p.size), np.inf) * [[-1], [1]]
            if plan.quenching_sigma:
                bounds[:, -1] = low, high
            # the last places of a huge signal's normalisation are lost in its counts
            scale = np.append(sigmas, [plan.quenching_sigma] if plan.quenching_sigma else [])
            with np.errstate(over="ignore", invalid="ignore"):
                fit = optimize.least_squares(
                    residuals, first, bounds=bounds, x_scale=scale, xtol=1e-13, ftol=1e-13, max_nfev=60
                )
            least = 2 * fit.cost
            assert profile.chi2 <= least + allowed(case, least), f"{where}; scipy finds {least!r} at {fit.x}"


#: Each check with the share of seeds that it runs for in the suite: one in so many.
CHECKS = {counts: 1, chi2: 1, order: 2, line: 4, plane: 16, pulls: 8, electrons: 4}
