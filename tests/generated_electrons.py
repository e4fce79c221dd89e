"""What must hold for electrons as a channel of any experiment; the check of `generated_checks` for it.

The integral over energies is done anew, by Gauss-Legendre rules between all kinks: of the library it has the density of
the flux alone.
"""

import numpy as np

from cevns import reference
from cevns.detectors import ElectronResponse
from cevns.interactions import mediated

#: Accuracy of counts, as a share of the largest bin, and of chi2.
COUNTS, CHI2 = 1e-7, 1e-6
_T_RULE, _E_RULE = np.polynomial.legendre.leggauss(16), np.polynomial.legendre.leggauss(40)


def electrons(case):
    """Counts are those of an independent integral, no quenching scale moves them, and chi2 is the least with them."""
    rng = np.random.default_rng([20180105, case.seed])
    experiment, response = with_electrons(case, rng)
    # electrons as many as nuclei: the amplitude is that of the weak interaction at the lowest energies, and then scaled
    charges = {"e": 1.0, "mu": float(rng.uniform(-2, 2)), "tau": 1.0}
    model = mediated("electrons", proton={}, neutron={}, electron=charges)
    low = response.recoil_range()[0]
    least = max(experiment.smallest_mass, 1e-2)
    mass = float(least * 10 ** rng.uniform(0.1, 3))
    strength = 1.65e-11 * (2 * reference.M_E * max(1e-3 * low, 1e-4) + mass**2)
    plain = experiment.predict("sm")
    np.testing.assert_array_equal(plain.signal, case.experiment.predict("sm").signal)
    found = experiment.predict(model, mass, np.sqrt(strength))
    if not found.electrons.sum() > 0:
        assert not plain.electrons.any()
        return
    strength *= float(np.sqrt(max(found.signal.sum(), 1e-10) / found.electrons.sum()))
    coupling = float(np.sqrt(strength))
    found = experiment.predict(model, mass, coupling)
    assert (found.electrons >= 0).all()
    if response.resolution is None:
        expected = integral(experiment, response, charges, mass, strength)
        worst = np.abs(found.electrons - expected).max() / expected.max()
        assert worst <= COUNTS, f"electrons off by {worst:.1e}, M = {mass!r}, g = {coupling!r}"
    line = experiment.predict(model, mass, coupling * np.sqrt(np.arange(5.0))).electrons
    assert np.abs(np.diff(line, 3, axis=0)).max() <= 1e-11 * line.max(), "no quadratic form of the coupling"
    masses = mass * np.exp(1e-3 * np.arange(-2, 3))
    near = experiment.predict(model, masses, coupling).electrons
    rough = np.abs(np.diff(near, 4, axis=0)).max() / near.max()
    assert rough <= 1e-9, f"fourth difference in the mass is {rough:.1e}: M = {mass!r}"
    _chi2(case, experiment, model, mass, coupling, found)


def with_electrons(case, rng):
    """Return a case's experiment with electrons somewhere in its bins, and the response to them."""
    top = 10 ** rng.uniform(0.5, 4)
    options = {"light_yield": case.experiment.response.edges[-1] / top}
    if rng.random() < 0.5:
        bindings = np.sort(np.minimum(top * 10 ** rng.uniform(-2, 0.2, 2), 900.0))[::-1].tolist()
        symbols = {n.symbol: n.protons for n in case.experiment.target.nuclei}
        shells = {s: [(1, bindings[0]), (z - 1, bindings[1])] for s, z in symbols.items()}
        electrons = ElectronResponse(shells=shells, **options)
    else:
        electrons = ElectronResponse("free", **options)
    return case.experiment.replace(electrons=electrons), electrons.of(case.experiment.response)


def integral(experiment, response, charges, mass, strength):
    """Return counts on electrons, integrated over their energy and the neutrinos' by fixed rules between all kinks."""
    flux, target = experiment.flux, experiment.target
    atoms = [(number, experiment.electrons.atom(n)) for n, number in zip(target.nuclei, target.numbers, strict=True)]
    low, high = response.recoil_range()
    end = 1e3 * reference.electron_greatest_recoil(flux.maximum_energy)
    high = min(high, end)
    if not low < high:
        return np.zeros(response.bins)
    least = max(low, 1e-9 * high)
    cuts = [*response.steps / response.light_yield, *(1e3 * reference.electron_greatest_recoil(flux.break_energies))]
    cuts += [energy for _, atom in atoms for _, energy in atom]
    cuts = [low, *np.geomspace(least, high, 2 + int(np.log2(high / least))), *(c for c in cuts if low < c < high)]
    cuts = np.unique(cuts)
    half, middle = np.diff(cuts) / 2, (cuts[1:] + cuts[:-1]) / 2
    kev = middle[:, None] + half[:, None] * _T_RULE[0]
    rates = _rate(flux, 1e-3 * kev.ravel(), charges, mass, strength).reshape(kev.shape) * 1e-3
    bound = sum(number * sum(n * (kev >= energy) for n, energy in atom) for number, atom in atoms)
    observable = response.light_yield * kev
    pieces = (rates * bound * response.efficiency(observable)) @ _T_RULE[1] * half
    place = np.searchsorted(response.edges, response.light_yield * middle, side="right") - 1
    seen = (place >= 0) & (place < response.bins)
    return np.bincount(place[seen], pieces[seen], minlength=response.bins)


def _rate(flux, T, charges, mass, strength):
    """Return events per electron and MeV."""
    total = np.zeros(T.size)
    x = reference.exchange(2 * reference.M_E * T, mass, strength)
    least = reference.electron_least_energy(T)
    for component in flux.components:
        flavour, spectrum = component.flavour, component.spectrum

        def sigma(E, column=slice(None), flavour=flavour, anti=component.antineutrino):
            return reference.neutrino_electron(E, T[column], 1, flavour, anti, {flavour: charges[flavour] * x[column]})

        for energy, weight in zip(spectrum.line_energies, spectrum.line_weights, strict=True):
            total += weight * sigma(energy)
        for a, b in zip(spectrum.breaks[:-1], spectrum.breaks[1:], strict=True):
            used = least < b
            first, last = np.log(np.maximum(least[used], a)), np.log(b)
            half, middle = (last - first) / 2, (last + first) / 2
            for node, weight in zip(*_E_RULE, strict=True):
                E, density = np.exp(middle + half * node), np.empty(int(used.sum()))
                # inside of the piece, whatever rounding does
                spectrum.density(np.clip(E, a * (1 + 1e-14), b * (1 - 1e-14)), density)
                total[used] += weight * half * E * density * sigma(E, used)
    return total


def _chi2(case, experiment, model, mass, coupling, found):
    """chi2 is what counts at its own quenching scale give, and nowhere less; electrons do not know that scale."""
    plan = case.plan
    backgrounds = [(np.asarray(c), s) for c, s in plan.backgrounds]
    data = (plan.observed - sum(c for c, _ in backgrounds)) / plan.uncertainty

    def by_hand(eta):
        prediction = experiment.predict(model, mass, coupling, eta=eta)
        np.testing.assert_array_equal(prediction.electrons, found.electrons)
        counts = prediction.neutrinos / plan.uncertainty
        # least squares in all pulls: a covariance of large counts would lose the digits
        columns = [plan.signal_sigma * counts, *(s * c / plan.uncertainty for c, s in backgrounds)]
        design = np.concatenate([np.transpose(columns), -np.eye(len(columns))])
        data_rows = np.concatenate([data - counts, np.zeros(len(columns))])
        residuals = data_rows - design @ np.linalg.lstsq(design, data_rows)[0]
        penalty = ((eta - 1) / plan.quenching_sigma) ** 2 if plan.quenching_sigma else 0.0
        return float(residuals @ residuals) + penalty

    profile = experiment.pulls(model, mass, coupling)
    assert abs(experiment.chi2(model, mass, coupling) - profile.chi2) <= 1e-9 * (1 + profile.chi2)
    low, high = experiment.signal.eta_range
    etas = np.unique([1.0, *np.linspace(low, high, 9)]) if plan.quenching_sigma else [1.0]
    least = min(by_hand(float(eta)) for eta in etas)
    assert profile.chi2 <= least + CHI2 * (1 + least), f"{profile.chi2!r} is not the least: {least!r}"
    own = 1 + profile.experiments[experiment.name]["pulls"].get("quenching", 0.0)
    there = by_hand(float(own))
    assert abs(profile.chi2 - there) <= CHI2 * (1 + there), f"chi2 = {profile.chi2!r}, at its own scale {there!r}"
