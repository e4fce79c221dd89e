"""Derivatives of chi2 beside differences: every interaction, data set, form factor, and generated experiments."""

import ctypes
import math

import pytest
from canonical import INTERACTIONS, VALUES
from generated import make
from generated_checks import rounding, taken, values_at
from test_bound_points import fresh, nsi

import cevns
from cevns.errors import InputError
from cevns.likelihoods import Likelihood, Nuisance

AT = VALUES | {"sin2_theta_w": 0.225, "rn_cs": 4.9, "rn_i": 4.7, "rn_csi": 4.8, "rn_ar": 3.4, "heavy": 80.0}
AT |= {"eps_u_ee": 0.1, "eps_d_ee": 0.06, "eps_u_mumu": -0.04, "eps_d_mumu": 0.02, "eps_u_emu": 0.1, "eps_d_etau": 0.03}


def central(function, point, i, step):
    """Return the derivative in one parameter, to the fourth order in the step."""

    def at(k):
        moved = list(point)
        moved[i] += k * step
        return function(*moved)

    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step)


def check(evaluator, point, noise=1e-12, tolerance=1e-6):
    """Compare all derivatives; `noise` is that of chi2, as a share of 1 + chi2."""
    value, gradient = evaluator.gradient(*point)
    assert value == evaluator(*point)
    assert gradient.shape == (len(point),)
    for i, found in enumerate(gradient):
        steps = [s * (abs(point[i]) or 1e-3) for s in (3e-3, 1e-3, 3e-4)]
        expected = [central(evaluator, point, i, step) for step in steps]
        # one of the steps is neither too long for a polynomial nor too short for the rounding
        worst = min(
            abs(found - e) - tolerance * abs(e) - 10 * noise * (1 + value) / s
            for e, s in zip(expected, steps, strict=True)
        )
        assert worst <= 0, f"{evaluator.names[i]} at {point}: {found!r}, differences {expected}"


def point_of(evaluator):
    return [AT.get(p.name, p.default) for p in evaluator.parameters]


@pytest.mark.parametrize("data", ["csi", "argon", "both"])
@pytest.mark.parametrize("name", INTERACTIONS)
def test_every_interaction(request, data, name):
    likelihood, interaction = request.getfixturevalue(data), INTERACTIONS[name]
    if interaction.structure.needs_electrons:
        likelihood = sum(e.replace(electrons="shells") for e in getattr(likelihood, "experiments", [likelihood]))
    known = [p.name for p in likelihood.parameters(interaction)]
    for free in ([], ["sin2_theta_w"], [n for n in ("rn_cs", "rn_i", "rn_ar") if n in known]):
        fixed = {}
        if steps := getattr(likelihood.bind(interaction, free=free).engine, "stepped", ()):
            with pytest.raises(InputError, match="fix it"):
                likelihood.bind(interaction, free=free).gradient(*point_of(likelihood.bind(interaction, free=free)))
            fixed = {step: AT[step] for step in steps}
        for evaluator in (
            likelihood.bind(interaction, free=free, **fixed),
            fresh(likelihood, interaction, free=free, **fixed),
        ):
            if evaluator.parameters:
                check(evaluator, point_of(evaluator))


@pytest.mark.parametrize("form_factor", ["helm", "klein-nystrand", "symmetrized-fermi"])
def test_radii_in_every_form_factor(form_factor):
    """From the least radius that the form factor takes, where the sphere has none, to where it has zeros."""
    for name in ("coherent-csi-2017", "coherent-argon-2020"):
        data = cevns.load(name, form_factor=form_factor)
        (radius,) = [p for p in data.parameters("sm") if p.name in ("rn_csi", "rn_ar")]
        chi2 = data.bind("sm", free=[radius.name])
        for value in (1.0, 2.5, 3.5, 5.0, 8.0, 14.0, 19.0):
            check(chi2, [max(value, 1.02 * radius.low)], tolerance=3e-6)
        # the derivative from inside
        for end, step in ((radius.low, 1e-5), (radius.high, -1e-5)):
            inside = [chi2(end + k * step) for k in range(3)]
            expected = (-3 * inside[0] + 4 * inside[1] - inside[2]) / (2 * step)
            assert chi2.gradient(end)[1][0] == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_many_couplings_and_radii(both):
    interaction = nsi(("eps_u_ee", "eps_d_ee", "eps_u_mumu", "eps_d_mumu", "eps_u_emu", "eps_d_etau"))
    for free in ([], ["sin2_theta_w", "rn_csi", "rn_ar"]):
        chi2 = fresh(both, interaction, free=free)
        check(chi2, point_of(chi2))
        # where single factors vanish
        check(chi2, [0.0 if name.startswith("eps") else AT[name] for name in chi2.names])


def test_mediators_with_radii_and_a_second_mediator(both):
    one, other = (cevns.get_interaction(n) for n in ("b-l", "universal"))
    for interaction, free in (
        (one, ["rn_csi", "rn_ar"]),
        (one + other.renamed(mass="heavy", coupling="g"), ["sin2_theta_w"]),
    ):
        chi2 = fresh(both, interaction, free=free)
        check(chi2, point_of(chi2))


def test_in_the_mass_from_0_to_where_it_is_heavy(both):
    chi2 = fresh(both, "b-l")
    for mass in (1e-3, 1.0, 4.4, 4.7, 12.0, 50.0, 90.0, 300.0, 900.0, 1.2e3, 3e3, 1e5):
        check(chi2, [mass, 3e-5 * max(mass / 30, 1)])
    value, (by_mass, by_coupling) = chi2.gradient(0.0, 2e-5)
    assert (value, by_mass) == (chi2(0.0, 2e-5), 0.0)
    assert by_coupling == pytest.approx(central(chi2, [0.0, 2e-5], 1, 1e-8), rel=1e-6)


def test_shared_nuisances(csi, argon):
    both = Likelihood([e.replace(nuisances=[Nuisance("flux", 0.1)]) for e in (csi, argon)])
    for name in ("b-l", "universal"):
        check(both.bind(name), [20.0, 6e-5], tolerance=3e-6)


def test_priors_of_the_line_and_of_others(both):
    priors = {"sin2_theta_w": (0.24, 0.01), "rn_csi": (4.9, 0.2)}
    check(both.bind("sm", free=["sin2_theta_w", "rn_csi"], priors=priors), [0.225, 5.3])
    mass, coupling = cevns.get_interaction("b-l").parameters
    interaction = cevns.get_interaction("b-l").replace(
        parameters=(mass.replace(prior=(30.0, 5.0)), coupling.replace(prior=(5e-5, 2e-5)))
    )
    check(both.bind(interaction), [21.0, 7e-5])


# two of them take as long as all others
@pytest.mark.parametrize(
    "seed", [pytest.param(n, marks=[pytest.mark.long] if n in (61, 97) else []) for n in range(1, 120, 6)]
)
def test_generated_experiments(seed):
    case = make(seed)
    for model, interaction in taken(case):
        free = ["sin2_theta_w"] if case.seed % 2 else []
        radius = next(p for p in case.experiment.parameters(model) if p.name.startswith("rn_"))
        if case.seed % 3 and radius.default:
            free.append(radius.name)
        chi2 = case.experiment.bind(model, free=free)
        chi2.engine.prepare()
        mass = float(case.masses[1])
        couplings, _ = values_at(case, model, interaction, mass)
        at = {"mass": mass, "sin2_theta_w": 0.23, radius.name: radius.default}
        for coupling in couplings[couplings != 0][:3] if model.own_names else [0.0]:
            point = [float(at.get(p.name, coupling)) for p in chi2.parameters]
            if not point:
                continue
            value = chi2(*point)
            check(chi2, point, noise=max(1e-12, rounding(case, value) / (1 + value)), tolerance=1e-5)


def test_the_c_function_is_the_same(both):
    from cevns.kernels import likelihood

    chi2 = fresh(both, "b-l")
    capsule = likelihood.__pyx_capi__["gradient_c"]
    name = ctypes.pythonapi.PyCapsule_GetName
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    doubles = ctypes.POINTER(ctypes.c_double)
    function = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_void_p, doubles, doubles)(pointer(capsule, name(capsule)))
    user = chi2.low_level_callable().user_data
    data = pointer(user, name(user))
    values, gradient = (ctypes.c_double * 2)(10.0, 5e-5), (ctypes.c_double * 2)()
    value, expected = chi2.gradient(10.0, 5e-5)
    assert function(data, values, gradient) == value
    assert list(gradient) == expected.tolist()
    values[0] = -1.0
    assert math.isnan(function(data, values, gradient))
    assert all(map(math.isnan, gradient))


def test_arguments_are_those_of_the_value(argon):
    chi2 = argon.bind("b-l")
    value, gradient = chi2.gradient(mass=10, coupling=5e-5)
    assert (value, gradient.tolist()) == (chi2(10.0, 5e-5), chi2.gradient(10.0, 5e-5)[1].tolist())
    for args in ((10.0,), (10.0, 1.0, 1.0), (-1.0, 1e-5), (10.0, math.nan), ("10", 1e-5)):
        with pytest.raises(InputError):
            chi2.gradient(*args)
    value, gradient = argon.bind("sm").gradient()
    assert value == argon.chi2("sm")
    assert gradient.shape == (0,)
