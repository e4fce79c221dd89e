"""Counts and chi2 of any experiment once more, from the definitions: the oracle for experiments that are generated.

Nothing numerical is shared with the library: flux moments, form factors, quenching and its inverse, response and
quadrature are written out here with NumPy and SciPy, chi2 is a least-squares residual, and eta is searched on a dense
line all of whose minima are refined. It takes a `generated.Plan`, that is, plain numbers. Energies and masses are in
MeV, recoils in keV.

A recoil spectrum is carried as a Legendre series on panels between its kinks, so that its integral between any two
recoils is exact to rounding. Without a resolution counts at any eta are differences of that integral (and of the
integral weighted with the signal, where the efficiency has a slope).
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import legendre
from oracle_rates import INTEGRAL, NODES, WEIGHTS, Grid, Term, flux_pieces, top_energy
from scipy import special

ETAS = 601


@dataclass(frozen=True)
class Interaction:
    """Couplings kp and kn by flavour on top of the standard model's, and other amplitudes.

    Attributes
    ----------
    proton, neutron : dict
    mediated : bool
        Whether they are those of a vector mediator, or contact interactions.
    weak : str
        "radiative" or "tree".
    terms : tuple of Term
    power : int, optional
        y is this power of the coupling: 2 with a mediator and 1 without unless given.
    """

    proton: dict
    neutron: dict
    mediated: bool
    weak: str = "radiative"
    terms: tuple = ()
    power: int | None = None

    @property
    def exponent(self):
        """The power of the coupling that y is."""
        return self.power or (2 if self.mediated else 1)

    @property
    def signed(self):
        """Whether y has both signs."""
        return self.exponent == 1

    @property
    def final_mass(self):
        """Mass of the final lepton of all amplitudes that have a massive one."""
        return max((t.final_mass for t in self.terms), default=0.0)

    @property
    def all_terms(self):
        """All amplitudes beside the standard model's."""
        mediator = "mass" if self.mediated else None
        plain = [
            Term((f, f), self.proton.get(f, 0.0), self.neutron.get(f, 0.0), mediator=mediator)
            for f in {**self.proton, **self.neutron}
        ]
        return [*plain, *self.terms]

    def strength(self, coupling):
        """Return y, in which counts are quadratic."""
        return np.asarray(coupling, dtype=float) ** self.exponent

    def coupling(self, y):
        """Return a coupling for y."""
        return np.asarray(y, dtype=float) ** (1 / self.exponent) if self.exponent > 1 else np.asarray(y, dtype=float)


class Oracle:
    """Counts and chi2 of a plan.

    Parameters
    ----------
    plan : generated.Plan
    bare : bool
        Whether only kinematics and quenching are needed.
    """

    def __init__(self, plan, *, bare=False):
        self.plan = plan
        self.nuclei = plan.nuclei
        self.parts = [piece for part in plan.flux for piece in flux_pieces(part)]
        self.top_energy = top = max(top_energy(p) for p in self.parts)
        self.recoil_end = max(2e3 * top**2 / n[2] for n in self.nuclei)
        self.largest_q2 = 4 * top**2
        sigma = plan.quenching_sigma
        self.eta_range = (max(1 - 5 * sigma, 0.25), 1 + 5 * sigma) if sigma else (1.0, 1.0)
        self.kept = {}
        if not bare:
            self._quenching_table()
            self._statistics()

    # --- detector

    def factor(self, t):
        """Return f_Q at recoils [keV]."""
        kind, *p = self.plan.quenching
        if kind == "constant":
            return p[0] + 0 * t
        if kind == "polynomial":
            return sum(c * t**k for k, c in enumerate(p[0]))
        if kind == "linear":
            return p[0] + p[1] * np.minimum(t, p[2])
        if kind == "birks":
            if "birks" not in self.kept:
                self.kept["birks"] = np.polynomial.Polynomial.fit(np.log(p[2]), np.log(p[3]), 2)
            log = self.kept["birks"]
            # far below its first row the law says nothing
            return (1 - np.exp(-t / p[0])) / (p[1] * np.exp(log(np.log(np.maximum(t, 1e-3 * p[2][0])))))
        if kind == "table":
            return np.interp(t, p[0], p[1])
        z, a = p
        k, eps = 0.133 * z ** (2 / 3) * a**-0.5, 11.5 * t * z ** (-7 / 3)
        g = 3 * eps**0.15 + 0.7 * eps**0.6 + eps
        return k * g / (1 + k * g)

    def signal(self, t):
        """Return the observable at eta = 1 for recoils [keV]."""
        return self.plan.light_yield * self.factor(t) * t

    def quenching_kinks(self):
        kind, *p = self.plan.quenching
        kinks = {"linear": lambda: [p[2]], "table": lambda: p[0]}.get(kind, list)()
        return np.array([k for k in kinks if 0 < k < self.recoil_end])

    def _quenching_table(self):
        t = np.geomspace(1e-12, 1, 4000) * self.recoil_end
        self.table_t = np.unique(np.concatenate([t, self.quenching_kinks()]))
        self.table_x = self.signal(self.table_t)
        assert (np.diff(self.table_x) > 0).all(), "the signal of a plan must grow with the recoil"

    def recoil(self, x):
        """Return recoils [keV] for values of the observable at eta = 1; the end of the spectrum where none reaches."""
        x = np.asarray(x, dtype=float)
        wanted = np.clip(x, self.table_x[0], self.table_x[-1])
        i = np.clip(np.searchsorted(self.table_x, wanted) - 1, 0, self.table_x.size - 2)
        a, b = np.log(self.table_t[i]), np.log(self.table_t[i + 1])
        log = np.log(wanted)
        slope = (np.log(self.table_x[i + 1]) - np.log(self.table_x[i])) / (b - a)
        c = a + (log - np.log(self.table_x[i])) / slope
        for _ in range(4):
            # the function is nearly straight here, so that each step with the chord's slope gains three digits
            c = np.clip(c - (np.log(self.signal(np.exp(c))) - log) / slope, a, b)
        out = np.exp(c)
        out = np.where(x <= self.table_x[0], x / self.table_x[0] * self.table_t[0], out)
        return np.where(x >= self.table_x[-1], self.recoil_end, out)

    def steps(self):
        """Return the observables between which the efficiency is one straight line inside one bin."""
        edges, (x, _, _) = self.plan.edges, self.plan.efficiency
        return np.unique([*edges, *[v for v in x if edges[0] < v < edges[-1]]])

    def efficiency_lines(self, steps):
        """Return offset and slope of the efficiency between consecutive steps."""
        x, values, beyond = (np.asarray(p) if i < 2 else p for i, p in enumerate(self.plan.efficiency))
        offset, slope = np.zeros(steps.size - 1), np.zeros(steps.size - 1)
        for i, (a, b) in enumerate(itertools.pairwise(steps)):
            middle = 0.5 * (a + b)
            if middle < x[0] or (middle > x[-1] and beyond == "zero"):
                continue
            if middle > x[-1]:
                offset[i] = values[-1]
            elif values.size < x.size:
                offset[i] = values[(x < middle).sum() - 1]
            else:
                j = (x < middle).sum() - 1
                slope[i] = (values[j + 1] - values[j]) / (x[j + 1] - x[j])
                offset[i] = values[j] - slope[i] * x[j]
        return offset, slope

    def acceptance(self, x):
        """Return the probability to see true observables in each bin, shape (bins, x.size); with a resolution."""
        steps, edges = self.steps(), self.plan.edges
        offset, slope = self.efficiency_lines(steps)
        index = np.searchsorted(steps, edges)
        if self.plan.resolution == 0.0:
            n = np.arange(np.ceil(edges[0]), np.ceil(edges[-1]))
            segment = np.searchsorted(steps, n, side="right") - 1
            logarithm = n[:, None] * np.log(x) - x - special.gammaln(n + 1)[:, None]
            efficient = offset[segment] + slope[segment] * n
            x_eff, values, beyond = self.plan.efficiency
            if beyond == "zero":
                efficient = np.where(n == x_eff[-1], values[-1], efficient)
            accepted = efficient[:, None] * np.exp(np.maximum(logarithm, -700))
            bins = np.searchsorted(edges, n, side="right") - 1
            return (np.arange(edges.size - 1)[:, None] == bins) @ accepted
        width = self.plan.resolution * np.sqrt(x)
        z = (steps[:, None] - x) / width
        share = np.diff(special.ndtr(z), axis=0)
        upper = z[:-1] > 0  # the other tail keeps its digits
        share = np.where(upper, -np.diff(special.ndtr(-z), axis=0), share)
        bell = np.diff(np.exp(-0.5 * z * z), axis=0) / np.sqrt(2 * np.pi)
        accepted = offset[:, None] * share + slope[:, None] * (x * share - width * bell)
        return np.array([accepted[a:b].sum(axis=0) for a, b in itertools.pairwise(index)])

    # --- recoil spectra

    def grid(self, final_mass=0.0):
        """Return the `Grid` of interactions with a final lepton of some mass; kept."""
        if ("grid", final_mass) not in self.kept:
            self.kept["grid", final_mass] = Grid(self, final_mass)
        return self.kept["grid", final_mass]

    def line(self, interaction, mass=0.0):
        """Return a `Line`: the counts' coefficients at any eta, for one mass."""
        key = id(interaction), float(mass)
        if key not in self.kept:
            self.kept[key] = Line(self, interaction, float(mass)), interaction
        return self.kept[key][0]

    def counts(self, interaction, mass=0.0, y=0.0, eta=1.0):
        """Return the counts at one point, shape (bins,)."""
        a, b, c = self.line(interaction, mass).coefficients(np.array([eta]), exact=True)[0]
        return a + y * (b + y * c)

    # --- statistics

    def _statistics(self):
        plan = self.plan
        backgrounds = np.array([c for c, _ in plan.backgrounds]).reshape(-1, plan.observed.size)
        pulls = np.array([s for _, s in plan.backgrounds])
        design = np.concatenate([(backgrounds / plan.uncertainty).T, np.diag(1 / pulls)])
        self.basis = np.linalg.qr(design)[0] if pulls.size else np.zeros((plan.observed.size, 0))
        self.data = self._project((plan.observed - backgrounds.sum(axis=0)) / plan.uncertainty)
        #: chi2 without a signal whose normalisation is free: the size of the terms whose difference chi2 may be.
        self.base = float(self.data @ self.data) + plan.signal_sigma**-2

    def _project(self, scaled):
        # two passes, since one leaves the rounding of a dominating background
        full = np.concatenate([scaled, np.zeros((*scaled.shape[:-1], self.basis.shape[0] - scaled.shape[-1]))], axis=-1)
        for _ in range(2):
            full = full - (full @ self.basis) @ self.basis.T
        return full

    def chi2(self, counts, eta):
        """Return chi2 of counts, shape (..., bins), at eta, with normalisation and backgrounds profiled."""
        model, prior = self._project(counts / self.plan.uncertainty), 1 / self.plan.signal_sigma
        # sizes of 1e40 would overflow as squares of squares, so the model is scaled to its own length first
        length = np.sqrt((model**2).sum(axis=-1) + prior**2)
        unit, unit_prior = model / length[..., None], prior / length
        share = (unit @ self.data) + unit_prior * prior
        residual = self.data - share[..., None] * unit
        chi2 = (residual**2).sum(axis=-1) + (prior - share * unit_prior) ** 2
        if self.plan.quenching_sigma:
            chi2 = chi2 + ((eta - 1) / self.plan.quenching_sigma) ** 2
        return chi2

    def profile(self, interaction, mass, y, *, margin=np.inf):
        """Return chi2 with everything profiled, and the best eta, for an array of y.

        Minima on the line of eta that lie `margin` or more above the best one are not refined.
        """
        y = np.atleast_1d(np.asarray(y, dtype=float))
        line = self.line(interaction, mass)
        if not self.plan.quenching_sigma:
            counts = line.at(np.ones(1), y[:, None])
            return self.chi2(counts, 1.0)[:, 0], np.ones(y.size)
        etas, chi2 = line.etas, np.empty((y.size, line.etas.size))
        for i in range(0, y.size, 32):
            chi2[i : i + 32] = self.chi2(line.at(etas, y[i : i + 32, None]), etas)
        padded = np.pad(chi2, ((0, 0), (1, 1)), constant_values=np.inf)
        lowest = (padded[:, 1:-1] <= padded[:, :-2]) & (padded[:, 1:-1] <= padded[:, 2:])
        lowest &= chi2 <= chi2.min(axis=1, keepdims=True) + margin
        row, k = np.nonzero(lowest)
        low, best, high = etas[np.maximum(k - 1, 0)], etas[k], etas[np.minimum(k + 1, etas.size - 1)]
        least = chi2[row, k]
        # the best eta stays between the others: beside a steep minimum chi2 may fall again
        for _ in range(48):
            right = high - best > best - low
            trial = best + 0.3819660112501051 * np.where(right, high - best, low - best)
            found = self.chi2(line.each(trial, y[row]), trial)
            better = found < least
            low = np.where(right & better, best, np.where(~right & ~better, trial, low))
            high = np.where(~right & better, best, np.where(right & ~better, trial, high))
            best, least = np.where(better, trial, best), np.where(better, found, least)
        out, eta = np.full(y.size, np.inf), np.ones(y.size)
        for r, v, e in zip(row, least, best, strict=True):
            if v < out[r]:
                out[r], eta[r] = v, e
        if self.plan.resolution is not None:
            self._exactly(line, y, out, eta)
        return out, eta

    def _exactly(self, line, y, chi2, eta):
        """Correct least chi2 where counts are far below the largest ones over eta, to which their series is good."""
        most = np.array([line.at(line.etas, v).max() for v in y])
        for i in np.flatnonzero(line.each(eta, y).max(axis=1) < 1e-5 * most):
            places = np.array([eta[i], *self.eta_range])
            a, b, c = np.moveaxis(line.coefficients(places, exact=True), 1, 0)
            found = self.chi2(a + y[i] * (b + y[i] * c), places)
            chi2[i], eta[i] = found.min(), places[found.argmin()]


class Line:
    """Coefficients of the counts in y, as functions of eta, for one interaction and mass."""

    def __init__(self, oracle, interaction, mass):
        self.oracle, plan = oracle, oracle.plan
        self.grid = grid = oracle.grid(interaction.final_mass)
        rates = grid.rates(interaction, mass)
        low, high = oracle.eta_range
        self.steps = oracle.steps()
        self.offset, self.slope = oracle.efficiency_lines(self.steps)
        self.index = np.searchsorted(self.steps, plan.edges)
        self.chebyshev = None
        if plan.resolution is None:
            values = np.concatenate([rates, rates * grid.x]).reshape(6, -1, NODES)
            self.series = np.einsum("kn,qpn,p->pkq", INTEGRAL, values, grid.half)
            # from the top, so that a bin at the end of a steep spectrum keeps its digits
            whole = self.series.sum(axis=1)
            self.above = np.concatenate([np.cumsum(whole[::-1], axis=0)[::-1], np.zeros((1, 6))])
        else:
            self.rates = (rates.reshape(3, -1, NODES) * (grid.half[:, None] * WEIGHTS)).reshape(3, -1)
        if low < high:
            self.etas = np.linspace(low, high, ETAS)
            if plan.resolution is None:
                cross = (self.steps[:, None] / oracle.signal(grid.kinks)).ravel()
                cross = cross[(cross > low) & (cross < high)]
                self.etas = np.unique([*self.etas, *cross, *(cross * (1 - 1e-5)), *(cross * (1 + 1e-5))])
                self.etas = np.unique(np.clip(self.etas, low, high))
            if plan.resolution is not None:
                self.chebyshev = self._interpolate()
            self.on_line = self.coefficients(self.etas)

    def _interpolate(self):
        oracle, grid = self.oracle, self.grid
        low, high = oracle.eta_range
        for n in (24, 48, 96, 160):
            points = np.polynomial.chebyshev.chebpts1(n)
            if ("nodes", n) not in grid.kept:
                etas = 0.5 * (low + high) + 0.5 * (high - low) * points
                grid.kept["nodes", n] = [oracle.acceptance(eta * grid.x) for eta in etas]
            values = np.array([a @ self.rates.T for a in grid.kept["nodes", n]])
            vander = np.polynomial.chebyshev.chebvander(points, n - 1)
            series = np.tensordot(vander.T * np.where(np.arange(n) == 0, 1, 2)[:, None] / n, values, axes=1)
            if (np.abs(series[-n // 8 :]).max(axis=0) <= 1e-12 * np.abs(values).max(axis=(0, 1))).all():
                break
        return series

    def coefficients(self, eta, *, exact=False):
        """Return the coefficients of 1, y and y^2, shape (eta.size, 3, bins).

        With a resolution they come from a Chebyshev series in eta that is good to 1e-12, unless `exact` is set.
        """
        oracle = self.oracle
        if oracle.plan.resolution is None:
            t = oracle.recoil(self.steps / eta[:, None])
            integral = self._above(t)
            parts = integral[:, :-1] - integral[:, 1:]
            parts = self.offset[:, None] * parts[..., :3] + (eta[:, None] * self.slope)[..., None] * parts[..., 3:]
            out = np.moveaxis(np.add.reduceat(parts, self.index[:-1], axis=1), 2, 1)
            if not self.grid.final_mass:
                # squares, of which rounding may leave less at the end of a spectrum
                a, b, c = out[:, 0], out[:, 1], out[:, 2]
                np.maximum(a, 0.0, out=a)
                np.maximum(c, 0.0, out=c)
                np.maximum(b, -2 * np.sqrt(a) * np.sqrt(c), out=b)
            return out
        if self.chebyshev is not None and not exact:
            low, high = oracle.eta_range
            t = (2 * eta - low - high) / (high - low)
            vander = np.polynomial.chebyshev.chebvander(t, self.chebyshev.shape[0] - 1)
            return np.moveaxis(np.tensordot(vander, self.chebyshev, axes=1), 2, 1)
        return np.array([(self.grid.acceptance_at(e) @ self.rates.T).T for e in eta])

    def _above(self, t):
        """Return the integrals of rates, and of rates times signal, above recoils, shape (..., 6)."""
        edges, half = self.grid.edges, self.grid.half
        flat = np.clip(t.ravel(), edges[0], edges[-1])
        panel = np.clip(np.searchsorted(edges, flat, side="right") - 1, 0, edges.size - 2)
        place = (flat - edges[panel]) / half[panel] - 1
        vander = legendre.legvander(place, NODES)
        below = np.einsum("nk,nkq->nq", vander, self.series[panel])
        return (self.above[panel] - below).reshape(*t.shape, 6)

    def at(self, etas, y):
        """Return counts, shape (broadcast y and etas, bins)."""
        found = self.on_line if hasattr(self, "on_line") and etas is self.etas else self.coefficients(etas)
        a, b, c = np.moveaxis(found, 1, 0)
        y = y[..., None]
        return a + y * (b + y * c)

    def each(self, etas, y):
        """Return counts at pairs of eta and y, shape (pairs, bins)."""
        a, b, c = np.moveaxis(self.coefficients(etas), 1, 0)
        return a + y[:, None] * (b + y[:, None] * c)


# --- fluxes, as `oracle_kinematics` takes them
