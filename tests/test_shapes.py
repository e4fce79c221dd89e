"""Shapes that move a response, and folds of many of their values at once."""

import itertools
import pickle

import numpy as np
import pytest

from cevns.detectors import (
    Efficiency,
    EfficiencyFunction,
    GammaResolution,
    GaussianResolution,
    LinearQuenching,
    LogisticEfficiency,
    PoissonResolution,
    PolynomialQuenching,
    Response,
    ResponseShape,
    TabulatedQuenching,
    TemplateResponse,
    shaped,
)
from cevns.errors import ConvergenceError, InputError, UnknownNameError
from cevns.fluxes import Flux, pion_decay_at_rest
from cevns.nuclei import Target, get_form_factor
from cevns.predictions import Signal
from cevns.predictions.deforming import shape_fold
from cevns.predictions.folding import dense, response_weights
from cevns.predictions.panels import RecoilNodes
from cevns.predictions.shaping import Reconstruction, shaped_nodes, shaped_weights
from cevns.spread import Grid

FLUX = pion_decay_at_rest(neutrinos_per_proton=0.0848, protons=3.198e23, distance=19.3)
CSI = Target.of("CsI", mass=14.6)
HELM = get_form_factor("helm")
# arXiv:2110.07730 and its ancillary files
EDGES = (0, 8, 12, 16, 20, 24, 32, 40, 50, 60)
EFFICIENCY = ResponseShape(
    "efficiency",
    LogisticEfficiency(1.3439, 0.285366, 9.84596, -0.356364),
    LogisticEfficiency(1.297, 0.286592, 11.8832, -0.31028),
)


def light(*coefficients):
    return PolynomialQuenching.of_mev(coefficients, maximum=45.0)


Q0 = ResponseShape("q0", light(0.0613632, 3.51547, -85.5548, 595.562), light(0.0495624, 5.09815, -137.858, 1085.2))
Q1 = ResponseShape("q1", light(0.055413, 3.93597, -93.1045, 630.092), light(0.0555126, 4.67765, -130.309, 1050.68))
SHAPES = (EFFICIENCY, Q0, Q1)
CSI_2021 = Response(
    light(0.0554628, 4.30681, -111.707, 840.384),
    EDGES,
    "PE",
    light_yield=1 / 0.0749,
    efficiency=LogisticEfficiency(1.32045, 0.285979, 10.8646, -0.333322),
    resolution=GammaResolution(9.56 * 0.0749),
)


def total(response):
    return Signal(FLUX, CSI, response).counts("sm").sum()


def test_the_light_curve_of_csi_2021_is_a_polynomial():
    t = np.array([1.0, 10.0, 45.0])
    mev = 1e-3 * t
    expected = 0.0554628 * mev + 4.30681 * mev**2 - 111.707 * mev**3 + 840.384 * mev**4
    np.testing.assert_allclose(CSI_2021.quenching.signal(t), 1e3 * expected, rtol=1e-13)
    assert CSI_2021.quenching.recoil(4.5) == np.inf


def test_the_standard_model_in_csi_2021():
    nominal = total(CSI_2021)
    assert nominal == pytest.approx(375.4, abs=0.05)
    # sums over events of both signs, as they come out here
    for shape, up, down in [(EFFICIENCY, 0.1107, -0.0980), (Q0, 0.0088, -0.0083), (Q1, -0.0304, 0.0302)]:
        for z, change in [(1.0, up), (-1.0, down)]:
            moved = total(shaped(CSI_2021, [shape], {shape.name: z}))
            assert moved / nominal - 1 == pytest.approx(change, abs=2e-4)


def test_the_standard_model_in_the_region_of_csi_2021():
    # shares of the time window for each component of the flux
    window = {"nu_e": 0.848, "anti-nu_mu": 0.848, "prompt nu_mu": 0.997}

    def region(response):
        parts = (Signal(Flux(c.name, (c,)), CSI, response).counts("sm").sum() for c in FLUX.components)
        return np.array([window[c.name] * part for c, part in zip(FLUX.components, parts, strict=True)])

    nominal = region(CSI_2021)
    np.testing.assert_allclose(sorted(nominal), [51.0, 104.6, 170.4], atol=0.06)
    up, down = (region(shaped(CSI_2021, [EFFICIENCY], {"efficiency": z})).sum() for z in (1, -1))
    assert up / nominal.sum() - 1 == pytest.approx(0.113, abs=5e-4)
    assert down / nominal.sum() - 1 == pytest.approx(-0.100, abs=5e-4)


def test_numbers_move_by_half_the_difference():
    moved = shaped(CSI_2021, SHAPES, {"q0": 0.5, "q1": -2.0, "efficiency": 1.0})
    c = [np.array(q.coefficients) for q in (CSI_2021.quenching, Q0.up, Q0.down, Q1.up, Q1.down)]
    np.testing.assert_allclose(moved.quenching.coefficients, c[0] + 0.25 * (c[1] - c[2]) - (c[3] - c[4]), rtol=1e-13)
    assert moved.efficiency.c == pytest.approx(10.8646 + 0.5 * (9.84596 - 11.8832))
    assert moved.resolution == CSI_2021.resolution
    assert moved.axis == CSI_2021.axis


def test_whole_responses_move_all_that_they_have():
    nominal = Response(
        {"Cs": LinearQuenching(0.1, 1e-3, 50.0), "I": TabulatedQuenching([0.0, 50.0], [0.1, 0.2])},
        EDGES,
        light_yield=10.0,
        efficiency=Efficiency([0, 5, 60], [0.0, 0.9, 0.98]),
        resolution=GaussianResolution(1.0, constant=0.5),
        recoil_efficiency=Efficiency([1, 9], [0.2], kind="steps"),
    )
    up, down = (
        Response(
            {"Cs": LinearQuenching(0.1 + s, 1e-3, 50.0), "I": TabulatedQuenching([0.0, 50.0], [0.1, 0.2 - s])},
            EDGES,
            light_yield=10.0 + 100 * s,
            efficiency=Efficiency([0, 5, 60], [0.0, 0.9 + s, 0.98 + s]),
            resolution=GaussianResolution(1.0, constant=0.5 - s),
            recoil_efficiency=Efficiency([1, 9], [0.2 + s], kind="steps"),
        )
        for s in (0.01, -0.01)
    )
    shape = ResponseShape("everything", up, down)
    moved = shaped(nominal, [shape], {"everything": 3.0})
    assert moved.light_yield == pytest.approx(13.0)
    assert moved.quenching["Cs"].offset == pytest.approx(0.13)
    assert moved.quenching["I"].factors == pytest.approx((0.1, 0.17))
    # no more than all
    assert moved.efficiency.values == pytest.approx((0.0, 0.93, 1.0))
    assert moved.resolution.constant == pytest.approx(0.47)
    assert moved.recoil_efficiency.values == pytest.approx((0.23,))


def test_parts_and_wholes_add_up():
    whole = ResponseShape(
        "whole", Response(LinearQuenching(0.21, 1e-3, 50.0), EDGES), Response(LinearQuenching(0.19, 1e-3, 50.0), EDGES)
    )
    part = ResponseShape("part", LinearQuenching(0.22, 1e-3, 50.0), LinearQuenching(0.18, 1e-3, 50.0))
    moved = shaped(Response(LinearQuenching(0.2, 1e-3, 50.0), EDGES), [whole, part], {"whole": 1.0, "part": -0.5})
    assert moved.quenching.offset == pytest.approx(0.2)


USUAL = Response(LinearQuenching(0.2, 1e-3, 50.0), EDGES, efficiency=Efficiency([0, 5, 60], [0.0, 0.9, 1.0]))


@pytest.mark.parametrize(
    ("up", "down", "message"),
    [
        (LinearQuenching(0.2, 0.0, 50.0), PolynomialQuenching((0.2,)), "LinearQuenching and PolynomialQuenching"),
        (PolynomialQuenching((0.2,)), PolynomialQuenching((0.2, 1e-3)), "coefficients of .* are 1 and 2"),
        (PolynomialQuenching((0.2,), 30.0), PolynomialQuenching((0.2,), 40.0), "maximum .* is 30.0 and 40.0"),
        (Efficiency([0, 5], [0, 1]), Efficiency([0, 6], [0, 1]), "x of Efficiency"),
        (Efficiency([0, 5], [1], kind="steps"), Efficiency([0, 5], [0, 1]), "kind of Efficiency|values"),
        (EfficiencyFunction(np.tanh), EfficiencyFunction(np.tanh), "no numbers that are known to move"),
        (0.1, 0.2, "up of shape 'bad' must be"),
    ],
)
def test_ends_that_do_not_match_are_refused(up, down, message):
    with pytest.raises(InputError, match=message):
        ResponseShape("bad", up, down)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (
            ResponseShape("q", PolynomialQuenching((0.2,)), PolynomialQuenching((0.1,))),
            "LinearQuenching and Polynomial",
        ),
        (ResponseShape("e", Efficiency([0, 5], [0, 1]), Efficiency([0, 5], [0.1, 1])), "x of Efficiency"),
        (ResponseShape("r", PoissonResolution(), PoissonResolution()), "NoneType and PoissonResolution"),
        (ResponseShape("w", CSI_2021, CSI_2021), "edges|unit|quenching|Quenching"),
    ],
)
def test_shapes_of_other_responses_are_refused(shape, message):
    with pytest.raises(InputError, match=f"(?s)shape '{shape.name}' do not match.*({message})"):
        shaped(USUAL, [shape], {})


def test_shifts_that_are_refused():
    with pytest.raises(UnknownNameError, match="shape 'q2'"):
        shaped(CSI_2021, SHAPES, {"q2": 1.0})
    with pytest.raises(InputError, match=r"z of 'q1' = 3\.5"):
        shaped(CSI_2021, SHAPES, {"q1": 3.5})
    with pytest.raises(InputError, match="names of shapes must differ"):
        shaped(CSI_2021, [Q0, Q0], {})
    with pytest.raises(InputError, match=r"low = 0\.5"):
        ResponseShape("q", Q0.up, Q0.down, low=0.5)
    with pytest.raises(InputError, match="leave no room"):
        ResponseShape("q", Q0.up, Q0.down, low=0.0, high=0.0)
    wide = ResponseShape("wide", LinearQuenching(0.3, 1e-3, 50.0), LinearQuenching(0.1, 1e-3, 50.0))
    with pytest.raises(InputError, match=r"wide = -3 leave no response: offset = -0.*narrow their ranges"):
        shaped(USUAL, [wide], {"wide": -3.0})


def test_shapes_are_values():
    assert pickle.loads(pickle.dumps(EFFICIENCY)) == EFFICIENCY
    assert len({EFFICIENCY, Q0, Q1, pickle.loads(pickle.dumps(Q0))}) == 3


# --- folds


def compared(response, shapes, shifts):
    """Return counts for shifts by one fold, and by a signal of each, relative to the largest of each shift."""
    nodes = shaped_nodes(FLUX, CSI, HELM, response, shapes)
    weights = shaped_weights(nodes, response, shapes, shifts)
    rates = nodes.channels(nodes.kinds[0], nodes.neutron_charge).reshape(-1, nodes.recoil.size)
    found = weights.dot(np.ascontiguousarray(rates)).reshape(len(rates), len(shifts), response.bins)
    for i, z in enumerate(shifts):
        own = RecoilNodes.build(FLUX, CSI, HELM, shaped(response, shapes, z))
        rates = own.channels(own.kinds[0], own.neutron_charge).reshape(-1, own.recoil.size)
        expected = rates @ response_weights(own).T
        yield found[:, i], expected


LATTICE = [
    {"efficiency": a, "q0": b, "q1": c} for b, c, a in itertools.product((-3, 0, 1.5), (-3, 3), (-3, -0.9, 0, 0.4, 3))
]


def test_one_fold_for_many_shifts_is_that_of_each():
    for found, expected in compared(CSI_2021, SHAPES, LATTICE):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11 * np.abs(expected).max())


@pytest.mark.parametrize(
    "response",
    [
        Response(CSI_2021.quenching, EDGES, "PE", 13.35, CSI_2021.efficiency),
        Response(CSI_2021.quenching, EDGES, "PE", 13.35, CSI_2021.efficiency, PoissonResolution()),
        Response(
            CSI_2021.quenching,
            EDGES,
            "PE",
            13.35,
            CSI_2021.efficiency,
            GaussianResolution(1.0, 0.5),
            recoil_efficiency=Efficiency([2.0, 9.0, 30.0], [0.1, 0.7, 0.9]),
        ),
    ],
    ids=["sharp", "poisson", "noise"],
)
def test_folds_of_other_resolutions(response):
    for found, expected in compared(response, SHAPES, LATTICE[:8]):
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10 * np.abs(expected).max())


def test_folds_of_efficiencies_in_tables():
    rows = ResponseShape("rows", Efficiency([0, 8.5, 60], [0.1, 1, 0.9]), Efficiency([0, 8.5, 60], [0, 0.7, 0.9]))
    response = Response(
        CSI_2021.quenching, EDGES, "PE", 13.35, Efficiency([0, 8.5, 60], [0.05, 0.85, 0.9]), CSI_2021.resolution
    )
    for found, expected in compared(response, [rows, Q0], [{"rows": z, "q0": 1.0} for z in (-3, 0, 2)]):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11 * np.abs(expected).max())


def test_folds_of_templates():
    axis, shares = CSI_2021.axis, np.linspace(0.01, 0.07, 27).reshape(3, 9)
    nominal, up, down = (TemplateResponse([3.0, 9.0, 40.0], s * shares, axis) for s in (1.0, 1.1, 0.85))
    for found, expected in compared(nominal, [ResponseShape("s", up, down)], [{"s": z} for z in (-2, 0, 1)]):
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_efficiencies_are_applied_to_densities_that_are_kept():
    nodes = shaped_nodes(FLUX, CSI, HELM, CSI_2021, SHAPES)
    kept = Reconstruction.build(nodes, CSI_2021, threshold=3.0)
    moved = shaped(CSI_2021, SHAPES, {"efficiency": -0.93})
    weights = kept.weights(moved.efficiency, np.array(EDGES, dtype=float))
    expected = dense(shaped_weights(nodes, CSI_2021, SHAPES, [{"efficiency": -0.93}]), slice(0, 9))
    rates = nodes.channels(nodes.kinds[0], nodes.neutron_charge).reshape(-1, nodes.recoil.size)
    np.testing.assert_allclose(rates @ weights.T, rates @ expected.T, rtol=1e-9, atol=1e-20)


def test_nodes_that_do_not_cover_a_shift_are_refused():
    narrow = [ResponseShape("efficiency", EFFICIENCY.up, EFFICIENCY.down, -0.1, 0.1), Q0, Q1]
    nodes = shaped_nodes(FLUX, CSI, HELM, CSI_2021, narrow)
    with pytest.raises(InputError, match=r"recoils from .* make them with shaped_nodes"):
        shaped_weights(nodes, CSI_2021, SHAPES, [{"efficiency": 3.0}])
    with pytest.raises(InputError, match="shifts is empty"):
        shaped_weights(nodes, CSI_2021, SHAPES, [])
    with pytest.raises(InputError, match="shapes are 11, at most 10"):
        shaped_nodes(FLUX, CSI, HELM, CSI_2021, [Q0] * 11)


def test_shifts_under_which_nuclei_no_longer_share_a_quenching_factor_are_refused():
    a, b = LinearQuenching(0.1, 0.0, 50.0), LinearQuenching(0.2, 0.0, 50.0)
    nominal = Response({"Cs": a, "I": a}, EDGES, light_yield=20.0)
    apart = ResponseShape("apart", Response({"Cs": a, "I": b}, EDGES, light_yield=20.0), nominal, -0.5, 0.5)
    with pytest.raises(InputError, match="shared by other nuclei"):
        shaped_nodes(FLUX, CSI, HELM, nominal, [apart])


def test_combinations_of_values_are_counted_before_they_are_made():
    grids = [Grid(f"z{i}", np.linspace(-2, 2, 17), 16) for i in range(4)]
    with pytest.raises(ConvergenceError, match="z0, z1, z2, z3: 4,294,967,296 combinations of their values"):
        shape_fold({}, None, [], grids)
