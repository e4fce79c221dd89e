"""Bound points: tables in a mediator's mass beside the direct way, whatever was asked before and by however many."""

import pickle
import threading

import numpy as np
import pytest
from generated import make
from generated_checks import call, rounding, values_at

import cevns
from cevns.interactions import Amplitude, Interaction, VectorMediator, contact, get_interaction, mediated
from cevns.parameters import Parameter

MEDIATORS = ["universal", "b-l", "lmu-ltau"]


def fresh(likelihood, interaction, **options):
    """Return an evaluator that nobody else has, which knows how its terms are minimised."""
    evaluator = pickle.loads(pickle.dumps(likelihood.bind(interaction, **options)))
    evaluator.engine.prepare()
    return evaluator


def direct(evaluator, points):
    """Return chi2 of points without tables."""
    out = np.empty(len(points))
    evaluator.engine.points(np.ascontiguousarray(points), out)
    return out


def around(masses, rng):
    """Return couplings at masses [MeV] from far below to far above what data see."""
    return np.minimum(10 ** rng.uniform(-6.5, -2.5, masses.size) * np.maximum(masses / 50, 1), 1e9)


@pytest.mark.parametrize("name", MEDIATORS)
@pytest.mark.parametrize("data", ["csi", "argon", "both"])
def test_tables_in_mass_are_the_direct_way(request, name, data):
    likelihood, rng = request.getfixturevalue(data), np.random.default_rng(1)
    chi2 = fresh(likelihood, name)
    assert all(term.tabulated for term in chi2.engine.terms)
    ends = [0.0, 1e-300, 1e-30, 1e-9, 1e9, 1e14, 1e15]
    masses = np.concatenate([ends, 10 ** rng.uniform(-3, 6, 400), 10 ** rng.uniform(0, 3.5, 400)])
    points = np.stack([masses, around(masses, rng)], axis=1)
    expected = direct(chi2, points)
    found = np.array([chi2(*point) for point in points.tolist()])
    assert np.abs(found - expected).max() > 0, "nothing came from a table"
    assert (np.abs(found - expected) <= 5e-12 * (1 + expected)).all()


def test_tables_hold_at_the_edges_of_their_intervals(argon):
    """Where an eighth of an octave, and the outer intervals, begin and end."""
    chi2 = fresh(argon, "b-l")
    masses = np.concatenate([2.0**k * (1 + np.arange(8) / 8) for k in range(-3, 13)])
    masses = np.concatenate([np.nextafter(masses, 0), masses, np.nextafter(masses, np.inf)])
    points = np.stack([masses, 1e-5 * np.maximum(masses / 50, 1)], axis=1)
    found = np.array([chi2(*point) for point in points.tolist()])
    np.testing.assert_allclose(found, direct(chi2, points), rtol=1e-12)
    left, right = found.reshape(3, -1)[[0, 2]]
    np.testing.assert_allclose(left, right, rtol=1e-12)


@pytest.mark.parametrize("seed", range(0, 120, 8))
def test_tables_of_generated_experiments_are_the_direct_way(seed):
    case = make(seed)
    model, interaction = case.models[0]
    chi2 = fresh(case.experiment, model)
    masses = [case.experiment.smallest_mass, *case.masses, 30.0, 200.0]
    points = np.array([[m, g] for m in masses for g in values_at(case, model, interaction, m)[0]])
    found = np.array([chi2(*point) for point in points.tolist()])
    expected = direct(chi2, points)
    assert (np.abs(found - expected) <= rounding(case, expected)).all(), case.about
    far = np.array([chi2.gradient(*point)[0] for point in points.tolist()])
    np.testing.assert_allclose(far, found, rtol=1e-13, err_msg=case.about)


@pytest.mark.parametrize(
    "interaction",
    [
        VectorMediator("charges", quarks=(0.3, -0.2), leptons={"e": 1.0, "mu": -2.0}),
        mediated("neutrons", proton={}, neutron={"e": 1.0}),
        # no interference: y = g^4 comes with the square of the propagator
        Interaction(
            "changes", get_interaction("b-l").parameters, [Amplitude(("e", "tau"), 1.0, 2.0, {"coupling": 2}, "mass")]
        ),
        Interaction("one power", get_interaction("b-l").parameters,
                    [Amplitude(("e", "e"), 1.0, 2.0, {"coupling": 1}, "mass")]),
    ],
    ids=lambda i: i.name,
)  # fmt: skip
def test_all_kinds_of_one_mediator_have_tables(both, interaction):
    chi2, rng = fresh(both, interaction), np.random.default_rng(2)
    assert all(term.tabulated for term in chi2.engine.terms)
    masses = 10 ** rng.uniform(-2, 5, 200)
    points = np.stack([masses, around(masses, rng)], axis=1)
    found = np.array([chi2(*point) for point in points.tolist()])
    np.testing.assert_allclose(found, direct(chi2, points), rtol=1e-11)


def test_what_more_than_one_mass_moves_has_no_table(both):
    two = get_interaction("b-l") + get_interaction("universal").renamed(mass="heavy", coupling="g")
    also = get_interaction("b-l") + contact("more", proton={"e": 1.0}, neutron={}).renamed(coupling="eps")
    # a line along which a contact interaction comes with the mediator's
    some = Amplitude(("e", "e"), 1.0, 2.0, {"coupling": 2}, "mass"), Amplitude(("e", "e"), 1.0, 0.0, {"coupling": 2})
    mixed = Interaction("mixed", get_interaction("b-l").parameters, some)
    for interaction, free in ((two, []), (also, []), (mixed, []), ("sm", []), ("b-l", ["sin2_theta_w"])):
        evaluator = both.bind(interaction, free=free)
        assert not any(term.tabulated for term in evaluator.engine.terms)


def test_precise_data_have_no_table(argon):
    sharp = cevns.Experiment(
        "sharp", argon.flux, argon.target, argon.response, 1e3 * np.array(argon.observed),
        1e-3 * np.array(argon.uncertainty), signal_sigma=0.1,
    )  # fmt: skip
    assert not sharp.bind("b-l").engine.terms[0].tabulated


def test_the_past_changes_nothing(both):
    """The same to the last bit in any order; and before it is known how terms are minimised, but for rounding."""
    rng = np.random.default_rng(3)
    masses = 10 ** rng.uniform(0, 4, 60)
    points = np.stack([masses, around(masses, rng)], axis=1).tolist()
    one, two = fresh(both, "b-l"), fresh(both, "b-l")
    values = [one(*point) for point in points]
    assert [two(*point) for point in reversed(points)] == values[::-1]
    assert [one(*point) for point in points] == values
    young = pickle.loads(pickle.dumps(one))
    np.testing.assert_allclose([young(*point) for point in points], values, rtol=1e-11)
    copy = pickle.loads(pickle.dumps(one))
    copy.engine.prepare()
    assert [copy(*point) for point in points] == values


def test_eight_threads_fill_the_same_table(both):
    """From Python, and without the lock of the interpreter."""
    rng = np.random.default_rng(4)
    masses = 10 ** rng.uniform(0.5, 3.5, 150)
    points = np.stack([masses, around(masses, rng)], axis=1).tolist()
    alone = fresh(both, "universal")
    expected = [alone(*point) for point in points]
    for compiled in (False, True):
        shared = fresh(both, "universal")
        low_level = shared.low_level_callable()
        found, barrier = {}, threading.Barrier(8)

        def work(k, shared=shared, low_level=low_level, found=found, barrier=barrier, compiled=compiled):
            order = np.random.default_rng(k).permutation(len(points)).tolist()
            barrier.wait()
            found[k] = {i: call(low_level, *points[i]) if compiled else shared(*points[i]) for i in order}

        threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all([found[k][i] for i in range(len(points))] == expected for k in range(8))


def nsi(parameters=("eps_u_ee", "eps_d_ee", "eps_u_mumu", "eps_d_mumu")):
    """Return contact interactions of quarks, a parameter for each."""
    quarks = {"u": (2.0, 1.0), "d": (1.0, 2.0)}
    flavours = {"ee": ("e", "e"), "mumu": ("mu", "mu"), "emu": ("e", "mu"), "etau": ("e", "tau")}
    amplitudes = []
    for name in parameters:
        _, quark, change = name.split("_")
        amplitudes.append(Amplitude(flavours[change], *quarks[quark], {name: 1}))
    return Interaction("nsi", [Parameter(name, low=-5.0, high=5.0, default=0.0) for name in parameters], amplitudes)


@pytest.mark.parametrize("free", [[], ["sin2_theta_w"], ["sin2_theta_w", "rn_csi", "rn_ar"]])
def test_many_contact_couplings_at_once_are_the_line_along_the_last(both, free):
    """A point is folded alone, a grid along its line."""
    interaction, rng = nsi(("eps_u_ee", "eps_d_ee", "eps_u_mumu", "eps_d_emu", "eps_u_etau")), np.random.default_rng(5)
    chi2 = fresh(both, interaction, free=free)
    ranges = {"sin2_theta_w": (0.1, 0.4), "rn_csi": (3.5, 7.0), "rn_ar": (2.5, 5.0)}
    low, high = np.transpose([ranges.get(p.name, (-0.5, 0.5)) for p in chi2.parameters])
    points = rng.uniform(low, high, (40, low.size))
    line = chi2.engine.line
    for point in points:
        grid = np.empty((1, 3))
        y = np.array([-0.2, 0.1, 0.3]) ** chi2.engine.line_power
        chi2.engine.grid(point[None], y, grid)
        for value, expected in zip((-0.2, 0.1, 0.3), grid[0], strict=True):
            point[line] = value + chi2.parameters[line].origin
            assert chi2(*point) == pytest.approx(expected, rel=1e-10)


def test_an_interaction_is_folded_into_no_more_kernels_than_channels(both):
    """(Z F_Z)^2, Z F_Z N F_N and (N F_N)^2 for each flavour of the flux."""
    interaction = nsi()
    for experiment in both.experiments:
        parameters = both.bind(interaction, free=["sin2_theta_w"]).parameters
        counts = experiment.signal.bind(interaction, parameters)
        kernels = counts.__reduce__()[1][7]
        assert len(kernels) <= 6


def test_spectra_that_jump_take_the_table_where_chi2_is_convex(csi):
    """chi2 of a scalar is convex but for its kinks, across which each point has to look."""
    chi2 = fresh(csi, "scalar")
    (term,) = chi2.engine.terms
    assert (term.tabulated, term.searched, term.kinked) == (True, False, True)
    points = np.array([[m, g] for m in (1.0, 12.0, 100.0) for g in (3e-7, 1e-6, 1e-5, 2e-5, 1e-4)])
    found = np.array([chi2(*point) for point in points.tolist()])
    expected = direct(chi2, points)
    assert np.abs(found - expected).max() > 0, "nothing came from a table"
    np.testing.assert_allclose(found, expected, rtol=1e-11)


def test_lines_of_any_length_among_many_points_are_points(both):
    rng = np.random.default_rng(5)
    lengths = [1, 2, 9, 10, 11, 27, 28, 29, 40, 1, 1]
    masses = np.repeat(rng.uniform(1.0, 300.0, len(lengths)), lengths)
    couplings, angles = 10 ** rng.uniform(-5, -3.5, masses.size), np.full(masses.size, 0.23857)
    # another column ends a line where the mass does not
    angles[[50, 51, 120]] = 0.24
    together = both.chi2("b-l", masses, couplings, sin2_theta_w=angles)
    bound = both.bind("b-l", free="sin2_theta_w")
    one_by_one = [bound(*point) for point in zip(masses, couplings, angles, strict=True)]
    assert together == pytest.approx(one_by_one, rel=1e-9)
