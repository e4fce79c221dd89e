"""Counts of any cross section in the oracle: detectors of the paper, tables of a flux, nuclei and electrons."""

import itertools
from functools import partial

import numpy as np
import pytest

from cevns import reference
from cevns.errors import UnknownNameError
from cevns.reference import AR40, CS133, E_MAX, E_NUMU, I127, M_E

CSI = partial(reference.events_csi, method="fixed")
ARGON = partial(reference.events_argon, method="fixed")
ON_ELECTRONS = partial(reference.electron_events_csi, method="fixed")
NO_WEAK = {"standard_model": False}

#: Each kind of dependence on energy, and the mass of what goes out.
KINDS = {
    "vector": (partial(reference.vector, charges="b-2le-lmu", mass=20.0, g2=-1e-9), 0.0),
    "loop": (partial(reference.loop_induced, charges="le-lmu", mass=5.0, g2=1e-8), 0.0),
    "millicharge": (partial(reference.millicharge, charge={("mu", "mu"): -1e-9, ("e", "tau"): 1e-9}), 0.0),
    "scalar": (partial(reference.scalar, mass=30.0, g2=1e-9, **NO_WEAK), 0.0),
    "tensor": (partial(reference.tensor, mass=30.0, g2=1e-9, c_p=0.8, c_n=-0.2, **NO_WEAK), 0.0),
    "magnetic": (partial(reference.magnetic_moment, mu=1e-9, **NO_WEAK), 0.0),
    "dipole": (partial(reference.dipole, mu=1e-9, outgoing_mass=25.0, **NO_WEAK), 25.0),
    "closed line": (partial(reference.dipole, mu=1e-9, outgoing_mass=40.0, **NO_WEAK), 40.0),
    "vector to chi": (partial(reference.vector_to_chi, charges="b-l", mass=9.0, g2=1e-9, outgoing_mass=29.0), 29.0),
    "scalar to chi": (partial(reference.scalar_to_chi, mass=9.0, g2=1e-9, outgoing_mass=28.0, **NO_WEAK), 28.0),
}


@pytest.mark.parametrize("name", ["sm", "b-l"])
def test_names_and_functions_count_the_same(name):
    point = {"mass": 4.0, "coupling": 1e-4}
    sigma = partial(reference.cross_section, couplings=reference.model(name), **point)
    for events in (CSI, ARGON):
        np.testing.assert_array_equal(events(sigma), events(name, **point))


#: Loops by quadrature are slow: one detector has to do.
KINDS_OF_BOTH = [(name, events) for name in KINDS for events in ("csi", "argon") if (name, events) != ("loop", "argon")]


@pytest.mark.parametrize(("name", "events"), KINDS_OF_BOTH)
def test_components_add(name, events):
    (sigma, m), events = KINDS[name], {"csi": CSI, "argon": ARGON}[events]
    parts = [events(sigma, outgoing_masses=(m,), components=(c,)) for c in reference.COMPONENTS]
    total = events(sigma, outgoing_masses=(m,))
    np.testing.assert_allclose(np.sum(parts, axis=0), total, rtol=1e-12)
    assert total.min() >= 0 < total.max()
    assert parts[1].any() == (name != "closed line")


@pytest.mark.parametrize(("name", "events"), KINDS_OF_BOTH)
def test_adaptive_quadrature_of_the_line(name, events):
    """Fixed nodes cannot cope with a kink inside of their panels: the two agree where all kinks are cut at."""
    (sigma, m), events = KINDS[name], getattr(reference, f"events_{events}")
    adaptive, fixed = (events(sigma, method=w, outgoing_masses=(m,), components=("numu",)) for w in ("quad", "fixed"))
    np.testing.assert_allclose(fixed, adaptive, rtol=1e-10, atol=1e-300)


def test_adaptive_quadrature_of_spectra():
    sigma, m = KINDS["dipole"]
    spectra = {"outgoing_masses": (m,), "components": ("nue", "numubar"), "nuclei": (I127,)}
    adaptive, fixed = (reference.events_csi(sigma, method=w, **spectra) for w in ("quad", "fixed"))
    np.testing.assert_allclose(fixed, adaptive, rtol=1e-10)


@pytest.mark.parametrize("events", [CSI, ARGON])
def test_what_is_heavy_adds_to_the_standard_model(events):
    """Which goes on where what is heavy cannot be made, at other recoils and lower energies."""
    for m in (3.0, 25.0, 45.0):
        sigma = partial(reference.scalar_to_chi, mass=9.0, g2=1e-9, outgoing_mass=m)
        both, new = (events(s, outgoing_masses=(m,)) for s in (sigma, partial(sigma, **NO_WEAK)))
        np.testing.assert_allclose(both, events("sm") + new, rtol=1e-11)
        assert new.any()


def test_openings():
    M = AR40.mass
    for E, m in itertools.product((E_NUMU, E_MAX), (0.0, 1e-4, 5.0, 29.0)):
        low, high = reference.opening_recoils(E, M, m)
        assert (low == 0) == (m == 0)
        for T in (low, high)[m == 0 :]:
            assert reference.least_energy(T, M, m) == pytest.approx(E, rel=1e-12)
        inside = np.linspace(low, high, 9)[1:-1]
        assert np.all(reference.least_energy(inside, M, m) < E)
    assert reference.opening_recoils(30.0, M, 30.1) == ()
    # the least energy is not monotonic in T: about m where 2 M T = m^2
    assert reference.least_energy(20.0**2 / (2 * M), M, 20.0) == pytest.approx(20.0, rel=1e-12)


@pytest.mark.parametrize("name", ["dipole", "scalar to chi"])
def test_no_events_of_what_is_too_heavy(name):
    sigma, _ = KINDS[name]
    heavy = 1.001 * E_MAX
    assert not CSI(partial(sigma, outgoing_mass=heavy), outgoing_masses=(heavy,)).any()
    assert not ARGON(partial(sigma, outgoing_mass=heavy), outgoing_masses=(heavy,)).any()


@pytest.mark.parametrize("events", [CSI, ARGON])
def test_orders_of_polynomials(events):
    """Counts are quadratic in g^2 of a vector, linear in g^4 of a scalar and in the square of a moment."""

    def counts(sigma, name, values):
        return np.array([events(partial(sigma, **{name: value})) for value in values])

    vector = partial(reference.vector, charges="universal", mass=12.0)
    found = counts(vector, "g2", 1e-9 * np.array([-1.0, 0.0, 1.0, 2.0]))
    assert np.abs(np.diff(found, 3, axis=0)).max() < 1e-12 * found.max()
    assert np.abs(np.diff(found, 2, axis=0)).max() > 1e-3 * found.max()
    for sigma, name in (
        (partial(reference.scalar, mass=12.0), "g2"),
        (partial(reference.tensor, mass=12.0, c_p=1.0, c_n=1.0), "g2"),
        (reference.magnetic_moment, "mu"),
        (partial(reference.scalar_to_chi, mass=12.0, outgoing_mass=5.0), "g2"),
    ):
        found = counts(sigma, name, 1e-9 * np.sqrt([0.0, 1.0, 2.0]))
        assert np.abs(np.diff(found, 2, axis=0)).max() < 1e-12 * found.max()
        np.testing.assert_allclose(found[0], events("sm"), rtol=1e-12)
        assert found[1].sum() > 1.001 * found[0].sum()


@pytest.mark.parametrize("events", [CSI, ARGON])
def test_scalars_add_in_proportion_to_the_fourth_power(events):
    """K(m) in N = N_SM + K(m) g^4 is constant for a light mediator and falls as m^-4 for a heavy one."""

    def K(mass):
        return events(partial(reference.scalar, mass=mass, g2=1.0, **NO_WEAK))

    np.testing.assert_allclose(K(0.0), K(1e-3), rtol=1e-6)
    np.testing.assert_allclose(K(1e5) * 1e5**4, K(1e6) * 1e6**4, rtol=1e-5)
    assert K(0.0).sum() > 2 * K(50.0).sum() > 0


def test_loops_diminish_the_events_of_muon_neutrinos():
    sigma = partial(reference.loop_induced, charges="lmu-ltau", mass=5.0, g2=1e-6)
    assert ARGON(sigma).sum() == pytest.approx(93.9, abs=0.05)
    # the other sign in the paper, which has no running
    assert ARGON("lmu-ltau", 5.0, 1e-3).sum() == pytest.approx(186.6, abs=0.05)
    other_sign = partial(sigma, g2=-1e-6)
    assert ARGON(other_sign).sum() == pytest.approx(186.6, rel=3e-3)


def test_weak_angle_is_a_contact_addition():
    couplings = reference.model("sm")
    couplings["kp"] = dict.fromkeys(("e", "mu"), -2 * 0.02)
    sigma = partial(reference.weak_angle, sin2_theta_w=reference.SIN2_THETA_W + 0.02)
    np.testing.assert_allclose(ARGON(sigma), ARGON(couplings), rtol=1e-13)


def test_neutron_radii_are_those_of_the_nuclei():
    same = CSI("sm", nuclei=(CS133, I127))
    np.testing.assert_array_equal(same, CSI("sm"))
    larger = CSI("sm", nuclei=(CS133._replace(R_n=6.0), I127._replace(R_n=6.0)))
    assert np.all(larger < same)
    one = [CSI("sm", nuclei=(n,)) for n in (CS133._replace(R_n=6.0), I127._replace(R_n=6.0))]
    np.testing.assert_allclose(sum(one), larger, rtol=1e-13)
    assert ARGON("sm", nucleus=AR40._replace(R_n=4.2)).sum() < ARGON("sm").sum()


# --- tables

ENERGIES = [5.0, 12.0, 40.0, 45.0]
ROWS = np.array([0.0, 3e10, 1e10, 0.0])


def by_sums(sigma, edges, energies, values, target, n):
    """Return the double integral as a sum over cells, of which none knows where anything begins or ends."""
    T = np.geomspace(*edges, n + 1)
    E = np.linspace(energies[0], energies[-1], n + 1)
    middle_T, middle_E = (T[1:] + T[:-1]) / 2, (E[1:] + E[:-1]) / 2
    flux = np.interp(middle_E, energies, values)
    return np.diff(T) @ (sigma(middle_E[None, :], middle_T[:, None], *target) @ (flux * np.diff(E)))


@pytest.mark.parametrize("name", ["tensor", "dipole", "vector to chi", "scalar to chi"])
def test_tables_of_a_flux(name):
    sigma, m = KINDS[name]
    edges, flavour = [1.0, 8.0, 90.0], "tau" if name == "vector to chi" else "e"
    found = reference.double_integral(edges, ENERGIES, {flavour: ROWS}, AR40, sigma, outgoing_masses=(m,))
    for bin_edges, count in zip(itertools.pairwise(edges), found, strict=True):
        expected = by_sums(sigma, 1e-3 * np.array(bin_edges), ENERGIES, ROWS, (AR40, flavour), 1500)
        assert count == pytest.approx(expected, rel=3e-4, abs=0)


def test_flavours_of_a_symmetric_flux_may_be_exchanged():
    def counts(eps, flux):
        sigma = partial(reference.contact, eps_u=eps, eps_d={}, **NO_WEAK)
        return reference.double_integral([10.0, 20.0], ENERGIES[1:3], flux, AR40, sigma)[0]

    rows = ROWS[1:3]
    symmetric = {"e": rows, "mu": rows}
    swapped = {("e", "e"): 0.1, ("mu", "tau"): 0.3}, {("mu", "mu"): 0.1, ("e", "tau"): 0.3}
    assert counts(swapped[0], symmetric) == pytest.approx(counts(swapped[1], symmetric), rel=1e-12, abs=0)
    skewed = {"e": rows, "mu": 2 * rows}
    assert counts(swapped[0], skewed) != pytest.approx(counts(swapped[1], skewed), rel=1e-2, abs=0)


def test_bins_of_a_light_mediator_are_cut_where_it_asks():
    sigma = partial(reference.vector, charges="universal", mass=1e-2, g2=1e-10)
    flux = {"e": [1e10, 0.0]}
    cuts = np.geomspace(1e-9, 4.0, 12)
    at_once = reference.double_integral([0.0, 5.0], [20.0, 40.0], flux, AR40, sigma, cuts_kev=cuts)
    in_parts = reference.double_integral([0.0, *cuts, 5.0], [20.0, 40.0], flux, AR40, sigma)
    assert at_once[0] == pytest.approx(in_parts.sum(), rel=1e-12, abs=0)
    # nearly all of it comes from recoils of the order of m^2 / 2 M
    assert in_parts[1:5].sum() > 0.5 * at_once[0]


# --- electrons


@pytest.mark.parametrize(("atom", "number"), [("Cs", 55), ("I", 53), ("Ar", 18)])
def test_shells(atom, number):
    counts, energies = zip(*reference.SHELLS[atom], strict=True)
    assert sum(counts) == number
    assert list(energies) == sorted(energies, reverse=True)
    assert reference.effective_charge(1.0, atom) == number
    assert reference.effective_charge(1e-6, atom) == 0
    K = 1e-3 * energies[0]
    assert reference.effective_charge([0.999999 * K, K], atom).tolist() == [number - 2, number]
    assert reference.effective_charge([1e-6, 1.0], number).tolist() == [number, number]
    with pytest.raises(UnknownNameError, match="Cs"):
        reference.shells_of("caesium")


def test_events_on_free_electrons():
    free = (55, 53)
    assert ON_ELECTRONS(reference.neutrino_electron, free).sum() == pytest.approx(1.5e-5, rel=0.03, abs=0)
    moment = partial(reference.electron_magnetic_moment, mu={"mu": 1e-9})
    assert ON_ELECTRONS(moment, free).sum() == pytest.approx(0.38, abs=0.005)
    charge = partial(reference.electron_millicharge, charge={("mu", "mu"): 1e-9})
    assert ON_ELECTRONS(charge, free).sum() == pytest.approx(330, abs=0.5)


def test_events_on_bound_electrons():
    """Between 0.45 and 2.25 keV, the bins of CsI, only 40 of 55 and 40 of 53 electrons or so take part."""
    for sigma in (reference.neutrino_electron, partial(reference.electron_magnetic_moment, mu=1e-9)):
        ratio = ON_ELECTRONS(sigma).sum() / ON_ELECTRONS(sigma, (55, 53)).sum()
        assert 27 / 55 < ratio < 47 / 55


ON_ELECTRON = {
    "standard model": reference.neutrino_electron,
    "vector": partial(reference.electron_vector, charges="b-3le", mass=0.1, g2=-1e-12),
    "loop": partial(reference.electron_loop_induced, charges="lmu-ltau", mass=0.1, g2=1e-9),
    "radius": partial(reference.electron_charge_radius, r2={("e", "e"): 2.0, ("e", "tau"): 1j}),
    "millicharge": partial(reference.electron_millicharge, charge={("e", "mu"): 1e-11, ("mu", "mu"): 1e-11}),
    "magnetic moment": partial(reference.electron_magnetic_moment, mu=1e-10),
    "scalar": partial(reference.electron_scalar, mass=0.1, g2=1e-10),
    "pseudoscalar": partial(reference.electron_pseudoscalar, mass=0.1, g2=1e-8),
}


@pytest.mark.parametrize("name", ON_ELECTRON)
def test_adaptive_quadrature_on_electrons(name):
    """A binding energy inside of a panel would show."""
    atom = [(5, 1.0), (3, 2.0), (1, 40.0)]
    sigma, line = ON_ELECTRON[name], {"components": ("numu",)}
    adaptive, fixed = (reference.electron_events_csi(sigma, [atom], w, **line) for w in ("quad", "fixed"))
    np.testing.assert_allclose(fixed, adaptive, rtol=1e-10)
    adaptive, fixed = (reference.electron_events_argon(sigma, atom, w, **line) for w in ("quad", "fixed"))
    np.testing.assert_allclose(fixed, adaptive, rtol=1e-10)
    parts = [reference.electron_events_csi(sigma, method="fixed", components=(c,)) for c in reference.COMPONENTS]
    np.testing.assert_allclose(sum(parts), ON_ELECTRONS(sigma), rtol=1e-12)


@pytest.mark.parametrize("name", ON_ELECTRON)
def test_electron_options(name):
    """All take radiative couplings and the weak angle; nothing is below the least energy."""
    sigma = ON_ELECTRON[name]
    point = (30.0, 1e-3, "Cs", "e", False)
    assert sigma(*point, weak="radiative") != sigma(*point) != sigma(*point, sin2_theta_w=0.25)
    assert sigma(*point, **NO_WEAK) < 100 * sigma(*point)
    least = reference.electron_least_energy(0.5)
    assert sigma(0.999 * least, 0.5, "Cs", "e", True) == 0 < sigma(1.001 * least, 0.5, "Cs", "e", True)
    with pytest.raises(UnknownNameError, match="tree-level"):
        sigma(*point, weak="tree")


@pytest.mark.parametrize("flavour", ["e", "mu", "tau"])
def test_antineutrinos_on_electrons(flavour):
    """They exchange g_L and g_R, which counts where energies are those of the neutrino, and not far below."""
    E, T = 3.0, np.array([1e-6, 1.0])
    new = {"charges": "universal", "mass": 1.0, "g2": 1e-11}
    a, b = (reference.electron_vector(E, T, 1, flavour, anti, **new) for anti in (False, True))
    assert a[0] == pytest.approx(b[0], rel=1e-5, abs=0)
    assert abs(a[1] / b[1] - 1) > 0.05
    a, b = (reference.electron_vector(E, T, 1, flavour, anti, **new, **NO_WEAK) for anti in (False, True))
    np.testing.assert_allclose(a, b, rtol=1e-13)


@pytest.mark.parametrize("name", ["standard model", "radius", "scalar"])
def test_tables_of_a_flux_on_electrons(name):
    sigma, energies, rows = ON_ELECTRON[name], [0.3, 0.9, 2.0], [1e10, 3e10, 0.0]
    edges, atom = [20.0, 40.0, 700.0], [(3, 30.0), (2, 100.0)]
    found = reference.electron_double_integral(edges, energies, {"nuebar": rows}, atom, sigma)
    for bin_edges, count in zip(itertools.pairwise(edges), found, strict=True):
        expected = by_sums(sigma, 1e-3 * np.array(bin_edges), energies, rows, (atom, "e", True), 1500)
        assert count == pytest.approx(expected, rel=1e-3, abs=0)
    # bins may begin and end where the integrand has a step or a kink, and need not
    ends = 1e3 * reference.electron_greatest_recoil(np.array(energies))
    finer = np.unique([20.0, 30.0, 100.0, 700.0, *ends[ends < 700.0]])
    parts = reference.electron_double_integral(finer, energies, {"nuebar": rows}, atom, sigma)
    assert found.sum() == pytest.approx(parts.sum(), rel=1e-9, abs=0)
    with pytest.raises(UnknownNameError, match="nuebar"):
        reference.electron_double_integral(edges, energies, {"anti-nu_e": rows}, atom, sigma)


def test_couplings_to_electrons():
    for flavour, (g_V, g_A) in {"e": (0.9521, 0.4938), "mu": (-0.0397, -0.5062)}.items():
        assert reference.electron_couplings(flavour, "radiative") == (g_V, g_A)
        # the charge radius of the standard model is most of the difference to tree level between flavours
        tree = reference.electron_couplings(flavour)[0]
        left = g_V - tree + reference.RADIUS_AMPLITUDE * reference.RADII[flavour]
        assert left == pytest.approx(-0.0053, abs=2e-4)
    tau = reference.electron_couplings("tau", "radiative")
    assert tau == pytest.approx((-0.0397 + 0.0238 * 0.18, -0.5062), abs=1e-5)
    assert reference.electron_couplings("e", sin2_theta_w=0.25) == (1.0, 0.5)


def test_ends_of_electrons():
    for E in (0.3, E_NUMU):
        T = reference.electron_greatest_recoil(E)
        assert reference.electron_least_energy(T) == pytest.approx(E, rel=1e-14, abs=0)
        assert T < E
    assert reference.electron_greatest_recoil(1e-4) == pytest.approx(2e-8 / M_E, rel=1e-3, abs=0)
