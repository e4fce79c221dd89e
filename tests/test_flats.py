"""Directions in which chi2 does not change, and the covariance beside them."""

import numpy as np
import pytest


def moved(likelihood, model, found, direction, step):
    """Return chi2 beside a fit along a direction, less that of the fit."""
    values = {name: value + step * direction.get(name, 0.0) for name, value in found.values.items()}
    return likelihood.chi2(model, **values) - found.chi2


RADII = ("r2_ee", "r2_mumu", "sin2_theta_w")


@pytest.mark.parametrize("bounded", [None, (0.2, 0.25), (0.25, 0.42)])
def test_the_one_flat_direction_of_radii_and_the_weak_angle(argon, bounded):
    """Radii of all flavours in common are a shift of the weak angle, at an end of its range too."""
    bounds = bounded and {"sin2_theta_w": bounded}
    found = argon.fit("charge-radius", RADII, bounds=bounds)
    (flat,) = found.flat
    # sqrt(2) pi alpha <r^2> / 3 G_F = -2 times a shift of the angle
    shift = -0.02380 / 2
    expected = np.array([1.0, 1.0, shift]) / np.sqrt(2 + shift**2)
    np.testing.assert_allclose([flat[name] for name in RADII], expected, rtol=2e-4)
    # away from the end of the angle's range that may be nearer
    step = (1e-2 if bounded else 10.0) * np.sign(found.values["sin2_theta_w"] - np.mean(bounded or (0.0, 1.0)))
    assert moved(argon, "charge-radius", found, flat, step) == pytest.approx(0.0, abs=1e-9)
    assert sum("chi2 does not change along" in remark for remark in found.remarks) == 1
    assert np.isnan(found.covariance).all()


@pytest.mark.parametrize("bounds", [None, (0.2, 0.25), (0.3, 0.9)])
def test_what_has_no_part_in_a_flat_direction_keeps_its_covariance(argon, bounds):
    """As with one of the parameters that have anywhere on it, be it one that stands at an end of its range."""
    bounds = bounds and {"sin2_theta_w": bounds}
    found = argon.fit("charge-radius", [*RADII, "rn_ar"], priors={"rn_ar": (3.5, 0.1)}, bounds=bounds)
    (flat,) = found.flat
    assert set(flat) == set(RADII)
    alone = argon.fit(
        "charge-radius", [*RADII[:2], "rn_ar"], priors={"rn_ar": (3.5, 0.1)}, sin2_theta_w=found.values["sin2_theta_w"]
    )
    assert np.isnan([found.errors[name] for name in RADII]).all()
    assert found.errors["rn_ar"] == pytest.approx(alone.errors["rn_ar"], rel=1e-4)


def test_a_ring_is_flat_along_its_tangent_alone(argon):
    names = ["eps_u_emu", "eps_u_emu_im"]
    found = argon.fit("nsi", names)
    (flat,) = found.flat
    x, y = found.values.values()
    assert abs(flat[names[0]] * x + flat[names[1]] * y) < 1e-6 * np.hypot(x, y)
    (said,) = found.remarks
    assert said.startswith("chi2 does not change on a curve through the minimum, there along ")
    angle = np.linspace(0.0, 2 * np.pi, 7)
    ring = argon.chi2("nsi", eps_u_emu=np.hypot(x, y) * np.cos(angle), eps_u_emu_im=np.hypot(x, y) * np.sin(angle))
    np.testing.assert_allclose(ring, found.chi2, atol=1e-9)


def test_a_long_valley_is_not_flat_and_its_errors_are_those_of_the_curvature(both):
    """Curvatures are those of a polynomial through chi2 along lines, as wide as a hundredth of the errors."""
    found = both.fit("charge-radius", ["r2_ee", "r2_mumu", "r2_emu"])
    assert found.flat == ()
    names, at = list(found.values), np.array(list(found.values.values()))
    size = np.array([0.3, 0.3, 0.3])
    places = np.array([-3, -2, -1, 0, 1, 2, 3]) * 1.0

    def second(way):
        rows = at + places[:, None] * way
        chi2 = both.chi2("charge-radius", **dict(zip(names, rows.T, strict=True)))
        return 2 * np.polyfit(places, chi2 - found.chi2, 6)[4]

    curvature = np.empty((3, 3))
    for i, j in np.ndindex(3, 3):
        e, f = np.eye(3)[i] * size, np.eye(3)[j] * size
        curvature[i, j] = second(e) if i == j else (second(e + f) - second(e - f)) / 4
    errors = np.sqrt(2 * np.diag(np.linalg.inv(curvature))) * size
    np.testing.assert_allclose(list(found.errors.values()), errors, rtol=1e-2)


def test_nothing_is_flat_that_is_only_far_from_known(argon):
    found = argon.fit("nsi", ["eps_u_emu", "eps_d_emu"])
    assert found.flat == ()
    # seven hundred times as long as wide: what is left when one is moved and the other one fitted is a parabola
    at, step = found.values["eps_u_emu"], 0.3
    sides = [argon.fit("nsi", ["eps_d_emu"], eps_u_emu=at + side).chi2 - found.chi2 for side in (step, -step)]
    assert found.errors["eps_u_emu"] == pytest.approx(step * np.sqrt(2 / sum(sides)), rel=0.01)
    assert not any("does not change" in remark for remark in found.remarks)
