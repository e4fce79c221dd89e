"""What must hold for any experiment: each function takes a `generated.Case` and fails with an AssertionError.

Tolerances: counts agree to 1e-7 of the largest bin. chi2 is a sum of squares of residuals, which such errors shift:
with counts good to 1e-9, it is good to 1e-6 of itself and what `allowed` adds for data known far better than that.
"""

import ctypes

import numpy as np
from generated_electrons import electrons
from scipy import optimize

#: Accuracy of counts, as a share of the largest bin, and of chi2's residuals, as a share of the whole data vector.
COUNTS, RESIDUALS = 1e-7, 1e-9
SPREAD = np.concatenate([-np.geomspace(1e-1, 1e-5, 7), [0.0], np.geomspace(1e-5, 1e-1, 7)])


def allowed(case, chi2):
    """Return the tolerance on chi2."""
    noise = RESIDUALS * np.sqrt(case.oracle.base)
    return 1e-6 * (1 + chi2) + 2 * np.sqrt(np.maximum(chi2, 0)) * noise + noise**2


def rounding(case, chi2):
    """Return by how much two ways to the same chi2 may differ: it is a difference of terms of the size of `base`."""
    return 1e-10 * (1 + chi2) + 4e-15 * case.oracle.base


def point(model, mass, coupling):
    """Return the arguments of the library for a point."""
    return model, mass if "mass" in model.own_names else None, float(coupling) if model.own_names else None


def strengths(case, interaction, mass):
    """Return ascending y from no effect to saturation, the degenerate strips among them; y >= 0 for mediators."""
    oracle = case.oracle
    a, b, c = oracle.line(interaction, mass).coefficients(np.ones(1))[0] / case.plan.uncertainty
    # where a bin sees nothing, rounding may leave less
    c = np.maximum(c, 0.0)
    if not c.max() > 0:
        return np.array([0.0, 1e-12, 1.0]) if interaction.mediated else np.array([-1.0, 0.0, 1.0])

    def reaches(k):
        # the least y at which some bin changes by k standard deviations
        with np.errstate(divide="ignore"):
            return np.min(2 * k / (np.abs(b) + np.sqrt(b * b + 4 * c * k) + 1e-300))

    values = [reaches(k) for k in (1e-2, 0.3, 3.0, 30.0, 1e3)]
    used = c > 1e-12 * c.max()
    b, c, gap = b[used], c[used], (oracle.data[: a.size] - a)[used]
    root = np.sqrt(np.maximum(b * b + 4 * c * gap, 0))
    strips = np.concatenate([-b / c, (root - b) / (2 * c)])
    if interaction.mediated:
        strips = strips[strips > 0]
    if strips.size:
        values += [strips.min(), np.median(strips), strips.max()]
    values.append(1e3 * max(values))
    if not interaction.mediated:
        values += [-v for v in values]
    return np.unique([0.0, *values])


def couplings(interaction, y):
    """Return couplings for y, and the y that they have after rounding."""
    g = np.sqrt(y) if interaction.mediated else y
    return g, interaction.strength(g)


def values_at(case, model, interaction, mass):
    """Return couplings to try, and y."""
    if not model.own_names:
        return np.zeros(1), np.zeros(1)
    return couplings(interaction, strengths(case, interaction, mass))


def counts(case):
    """Counts of both models, at eta = 1 and where eta may go."""
    low, high = case.oracle.eta_range
    etas = [1.0] if low == high else [1.0, low, high, low + (high - low) * (0.1 + 0.8 * (case.seed % 17) / 17)]
    for model, interaction in case.models:
        for mass in case.masses[:2] if "mass" in model.own_names else case.masses[:1]:
            g, y = values_at(case, model, interaction, mass)
            for eta in etas:
                scale = case.oracle.counts(interaction, mass, 0.0, eta).max()
                for coupling, strength in zip(g[::3], y[::3], strict=True):
                    found = case.experiment.predict(*point(model, mass, coupling), eta=eta).signal
                    expected = case.oracle.counts(interaction, mass, strength, eta)
                    worst = np.abs(found - expected).max() / max(expected.max(), scale, 1e-30)
                    assert worst <= COUNTS, (
                        f"{model.name}, M = {mass}, g = {coupling}, eta = {eta}: counts off by {worst:.1e}"
                    )


def chi2(case):
    """chi2 of single calls is the least over all nuisances, and never negative."""
    for model, interaction in case.models:
        mass = case.masses[case.seed % 3]
        g, y = values_at(case, model, interaction, mass)
        expected, etas = case.oracle.profile(interaction, mass, y)
        for coupling, least, eta in zip(g, expected, etas, strict=True):
            found = case.experiment.chi2(*point(model, mass, coupling))
            where = f"{model.name}, M = {mass!r}, g = {coupling!r}: chi2 = {found!r}, least {least!r} at eta = {eta!r}"
            assert found >= -rounding(case, 0.0), f"negative: {where}"
            assert found <= least + allowed(case, least), f"not the least: {where}"
            if found < least - allowed(case, least) and case.plan.quenching_sigma:
                # the library may know a narrower minimum than the line shows: its own eta decides
                pulls = case.experiment.pulls(*point(model, mass, coupling)).experiments[case.experiment.name]["pulls"]
                least = min(
                    least, _at_eta(case, interaction, mass, interaction.strength(coupling), 1 + pulls["quenching"])
                )
            assert found >= least - allowed(case, least), f"below the least: {where}"


def _at_eta(case, interaction, mass, y, eta):
    eta = np.atleast_1d(np.clip(eta, *case.oracle.eta_range))
    return case.oracle.chi2(case.oracle.line(interaction, mass).each(eta, np.atleast_1d(y)), eta)[0]


def order(case):
    """The value at a point does not depend on what was asked before it, nor on how it was asked."""
    model, interaction = case.models[0]
    masses = case.masses[:2]
    g = np.unique(np.concatenate([values_at(case, model, interaction, mass)[0] for mass in masses]))
    bound = case.experiment.bind(model)
    alone = np.array([[bound(float(mass), float(coupling)) for coupling in g] for mass in masses])
    ways = {
        "ascending": case.experiment.chi2(model, masses[:, None], g),
        "descending": case.experiment.chi2(model, masses[:, None], g[::-1])[:, ::-1],
        "masses inside": case.experiment.chi2(model, masses, g[:, None]).T,
        "scan": case.experiment.scan(model, masses, g).chi2,
    }
    shuffled = np.random.default_rng(case.seed).permutation(alone.size)
    pairs = [np.broadcast_to(v, alone.shape).ravel()[shuffled] for v in (masses[:, None], g)]
    ways["shuffled"] = np.empty(alone.shape)
    ways["shuffled"].ravel()[shuffled] = case.experiment.chi2(model, *pairs)
    ways["pulls"] = np.array([[case.experiment.pulls(model, mass, x).chi2 for x in g] for mass in masses])
    compiled = bound.low_level_callable()
    ways["C"] = np.array([[call(compiled, mass, x) for x in g] for mass in masses])
    for name, values in ways.items():
        away = np.abs(values - alone) / rounding(case, alone)
        i, j = np.unravel_index(away.argmax(), away.shape)
        assert away.max() <= 1, (
            f"{name}: {model.name}, M = {masses[i]!r}, g = {g[j]!r}: {values[i, j]!r} for {alone[i, j]!r}"
        )


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
    if not interaction.mediated:
        line = np.concatenate([-line, line])
    return np.unique([0.0, *line, *(special[:, None] * (1 + SPREAD)).ravel()])


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


def _line_model(case):
    """Return the model, interaction and mass of the checks along a coupling: mediator or contact in turn."""
    model, interaction = case.models[case.seed // 2 % 3 == 0 and bool(case.models[1][0].own_names)]
    return model, interaction, float(case.masses[case.seed // 3 % 3])


def line(case):
    """Best fit and excluded intervals at one mass are those of a dense line of couplings."""
    model, interaction, mass = _line_model(case)
    fixed = {"mass": mass} if "mass" in model.own_names else {}
    fit = case.experiment.best_fit(model, **fixed)
    y = dense_line(case, interaction, mass)
    chi2 = case.oracle.profile(interaction, mass, y)[0]
    least, at = least_on(case, interaction, mass, y, chi2)
    where = f"{model.name}, M = {mass!r}: best fit {fit.chi2!r} at g = {fit.coupling!r}"
    assert fit.chi2 <= least + allowed(case, least), f"{where}; {least!r} at y = {at!r}"
    there = case.oracle.profile(interaction, mass, interaction.strength(fit.coupling))[0][0]
    assert abs(fit.chi2 - there) <= allowed(case, there), f"{where}, where chi2 is {there!r}"

    curve = case.experiment.limit(model, fixed.get("mass"), reference=fit)
    level, intervals = curve.chi2_min + curve.delta_chi2, curve.excluded[0]
    ends = intervals[np.isfinite(intervals) & (intervals != 0)]
    g, y = couplings(interaction, np.unique([*y, *(interaction.strength(ends)[:, None] * (1 + SPREAD)).ravel()]))
    chi2 = case.oracle.profile(interaction, mass, y)[0]
    # an interval from 0 on holds 0
    intervals = np.where(intervals == 0, -1e-300, intervals)
    inside = ((intervals[:, 0] < g[:, None]) & (g[:, None] < intervals[:, 1])).any(axis=1)
    wrong = (inside != (chi2 > level)) & (np.abs(chi2 - level) > 10 * allowed(case, level))
    assert not wrong.any(), (
        f"{model.name}, M = {mass!r}, level {level!r}: chi2 = {chi2[wrong][:3]} at g = {g[wrong][:3]}, "
        f"excluded {intervals.tolist()}"
    )
    for end in ends:
        # an end is known to 1e-11 of itself, which may be a lot of chi2
        below, on, above = case.oracle.profile(
            interaction, mass, interaction.strength(end * (1 + 1e-9 * np.arange(-1, 2)))
        )[0]
        assert abs(on - level) <= 10 * allowed(case, level) + abs(above - below), (
            f"{model.name}, M = {mass!r}: interval ends at {end!r}, where chi2 is {on!r}, the level {level!r}"
        )


def plane(case):
    """No point of a grid over masses and couplings, its best points refined, lies below the best fit."""
    model, interaction = case.models[0]
    low = max(1.0, case.experiment.smallest_mass)
    fit = case.experiment.best_fit(model, mass_range=(low, 1e3))
    best = []
    for mass in np.geomspace(low, 1e3, 9):
        special = strengths(case, interaction, mass)
        sizes = special[special > 0]
        y = np.unique([0.0, *np.geomspace(sizes.min() * 0.3, sizes.max(), 16), *special])
        chi2 = case.oracle.profile(interaction, mass, y)[0]
        best += [(chi2[k], mass, y[k]) for k in np.argsort(chi2)[:2]]
    best.sort()
    least = best[0]
    steps = 30 if case.plan.quenching_sigma else 150
    for _, mass, y in best[:2]:
        if y == 0:
            continue
        found = optimize.minimize(
            # masses of the range, and couplings that are accepted
            lambda p: case.oracle.profile(
                interaction, np.exp(np.clip(p[0], np.log(low), np.log(1e3))), np.exp(min(p[1], np.log(1e20)))
            )[0][0],
            np.log([mass, y]),
            method="Nelder-Mead",
            options={"maxfev": steps, "xatol": 1e-7, "fatol": 1e-9},
        )
        least = min(least, (found.fun, *np.exp(np.minimum(found.x, np.log(1e20)))))
    where = f"{model.name}: best fit {fit.chi2!r} at M = {fit.mass!r}, g = {fit.coupling!r}"
    assert fit.chi2 <= least[0] + allowed(case, least[0]), f"{where}; {least}"
    there = case.oracle.profile(interaction, fit.mass, fit.coupling**2)[0][0]
    assert abs(fit.chi2 - there) <= allowed(case, there), f"{where}, where chi2 is {there!r}"


def pulls(case):
    """The nuisances rebuild chi2, and `scipy.optimize` on all of them at once finds nothing lower."""
    plan, oracle = case.plan, case.oracle
    model, interaction = case.models[0]
    mass = case.masses[case.seed // 2 % 3]
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

        profile = case.experiment.pulls(*point(model, mass, g[k]))
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
