"""Configurations: valid ones with every kind of key, and mutations of values, keys, nesting and bytes."""

import dataclasses
import random
import time

import numpy as np

from cevns.config import load_config
from cevns.errors import CevnsError
from cevns.interactions import get_interaction, known_interactions

from . import rich, tables, toml
from .messages import check_error
from .mutations import Fault, bytes_like, finite, mutated

__all__ = ["document", "play"]

#: Seconds that one call may take, and a limit of nuisances that are profiled by descents.
LONGEST, LONGEST_TOGETHER = 5.0, 20.0
#: A sum of squares that is computed as a difference may fall below 0 by its rounding.
ROUNDING = -1e-10
#: Counts beyond which the digits of a profiled quenching scale end.
LARGEST_SIGNAL = 1e9
_ATOMIC = {"Ar-40": 39.962, "Cs-133": 132.905, "I-127": 126.904, "Si-28": 27.977}


def play(rng, folder):
    """Load one configuration, and ask its experiments everything."""
    described = document(rng, folder)
    described = mutated(rng, described, rng.choice([0, 1, 1, 1, 1, 2, 3]))
    style = rng.randrange(2**32)
    content = toml.dumps(described, random.Random(style)).encode("utf-8", "replace")
    if rng.random() < 0.15:
        content = bytes_like(rng, content, rng.choice([1, 2, 5]))
        described = None
    path = folder / "mine.toml"
    path.write_bytes(content)
    config = _timed("load_config", load_config, path)
    model = _with_names(config.model or rng.choice(known_interactions()))
    mass, coupling = _point(rng, config)
    answer = _answers(config, model, mass, coupling, rng)
    if described is not None and answer is not None:
        path.write_bytes((b"\xef\xbb\xbf" if rng.random() < 0.3 else b"") + toml.dumps(described, rng).encode())
        again = load_config(path)
        chi2 = again.likelihood.chi2(_with_names(again.model or model), mass, coupling)
        # the order of nuclei and flavours moves the last digits
        if not np.allclose(chi2, answer, rtol=1e-7, atol=1e-9):
            raise Fault(f"chi2 {answer} becomes {chi2} by writing the same in another way")
    return "accepted"


def _timed(name, call, *arguments, longest=LONGEST):
    # a case asks much, and the time of other programs is none of its own
    begin = time.process_time()
    result = call(*arguments)
    if time.process_time() - begin > longest:
        raise Fault(f"{name} took {time.process_time() - begin:.1f} s")
    return result


def _with_names(model):
    """Return a model whose coupling is called so, and whose final lepton has a mass of its own."""
    model = get_interaction(model)
    if "coupling_squared" in model.own_names:
        return model.renamed(coupling_squared="coupling")
    if "m_chi" in model.final_masses:
        heavy = [dataclasses.replace(a, final_mass=3.0) for a in model.amplitudes]
        return model.replace(amplitudes=heavy, parameters=[p for p in model.parameters if p.name != "m_chi"])
    return model


def _point(rng, config):
    mass = rng.choice([None, 0.0, 1e-3, 0.3, 10.0, 500.0, 1e5, 1e15, config.likelihood.smallest_mass])
    return mass, rng.choice([None, 0.0, 1e-6, 1e-5, 1e-4, 1e-2, 1.0, 1e10, -0.3])


def _answers(config, model, mass, coupling, rng):
    """Return chi2 after a look at everything else that an experiment answers, None if the point is refused."""
    likelihood, chi2 = config.likelihood, None
    try:
        chi2 = _timed("chi2", likelihood.chi2, model, mass, coupling)
    except CevnsError as error:
        check_error(error)
        names = likelihood.bind(model).names
        if not names:
            mass = coupling = None
        else:
            mass, coupling = (10.0 if "mass" in names else None), 1e-4
        chi2 = likelihood.chi2(model, mass, coupling)
        check_chi2(likelihood, model, mass, coupling, chi2, rng)
        return None
    check_chi2(likelihood, model, mass, coupling, chi2, rng)
    return chi2


def check_chi2(likelihood, model, mass, coupling, chi2, rng):
    """Fault answers that are not finite or do not agree with each other."""
    finite("chi2", chi2)
    if chi2 < ROUNDING:
        raise Fault(f"chi2 = {chi2!r}")
    for prediction in likelihood.predict(model, mass, coupling).values():
        finite("prediction", prediction.signal, *prediction.backgrounds.values())
        if prediction.electrons is not None:
            finite("electrons", prediction.electrons)
            if prediction.electrons.min() < -1e-9 * (1 + np.abs(prediction.electrons).max()):
                raise Fault(f"electrons {prediction.electrons}")
        # where the new interaction cancels the weak one, a difference of large numbers is left
        if prediction.signal.min() < -1e-9 * (1 + np.abs(prediction.signal).max()):
            raise Fault(f"signal {prediction.signal}")
    profile = likelihood.pulls(model, mass, coupling)
    for part in profile.experiments.values():
        finite("pulls", part["chi2"], *part["pulls"].values())
        if part["chi2"] < ROUNDING:
            raise Fault(f"chi2 = {part['chi2']} in pulls")
    close(profile.chi2, chi2, "chi2 of pulls")
    names = likelihood.bind(model).names
    if not names:
        return
    points = np.array([1e-5, 1e-3, 0.0 if coupling is None else coupling, 1e-7])
    values = likelihood.chi2(model, mass, points)
    finite("chi2", values)
    if coupling is not None:
        close(values[2], chi2, "chi2 in an array")
    if rng.random() < 0.6:
        _check_limit(likelihood, model, names, mass, points, values)


def _check_limit(likelihood, model, names, mass, points, values):
    longest = LONGEST_TOGETHER if any(e.together for e in likelihood.experiments) else LONGEST
    limit = _timed("limit", likelihood.limit, model, mass if "mass" in names else None, longest=longest)
    finite("limit", limit.chi2_min, limit.best_fit.chi2, limit.best_fit.coupling, limit.delta_chi2)
    finite("intervals", *limit.excluded, infinite=True)
    if limit.chi2_min < ROUNDING:
        raise Fault(f"least chi2 {limit.chi2_min}")
    ends = limit.excluded[0].ravel()
    if (np.diff(ends) <= 0).any():
        raise Fault(f"intervals {ends}")
    level = limit.chi2_min + limit.delta_chi2
    for point, value in zip(points, values, strict=True):
        excluded = limit.excludes(mass if "mass" in names else None, point)
        if excluded != (value > level) and abs(value - level) > 1e-6 * (1 + level):
            # an end of an interval is known to some digits, where chi2 may rise steeply
            near = ends[np.isfinite(ends)]
            if not np.isclose(near, point, rtol=1e-9, atol=0).any() and _in_reach(likelihood, model, mass, point):
                raise Fault(f"coupling {point} with chi2 {value} at a level {level}: excluded is {excluded}, {ends}")
    in_range = "mass" not in names or max(0.1, likelihood.smallest_mass) <= mass <= 1e4
    if in_range and limit.chi2_min > values.min() + 1e-6 * (1 + values.min()):
        raise Fault(f"chi2 {values.min()} lies below the best fit {limit.chi2_min}")


def _in_reach(likelihood, model, mass, coupling):
    """Return whether an experiment could tell so large a signal from a larger one, at any quenching scale."""
    for experiment in likelihood.experiments:
        for eta in {1.0, min(10.0, experiment.signal.eta_range[1])}:
            if experiment.predict(model, mass, coupling, eta=eta).signal.max() > LARGEST_SIGNAL:
                return False
    return True


def close(found, expected, what):
    """Fault two numbers that should agree."""
    if not abs(found - expected) <= 1e-7 * (1 + abs(expected)):
        raise Fault(f"{what} is {found!r}, not {expected!r}")


def document(rng, folder):
    """Return a valid document; tables that it names are written to `folder`."""
    nuclei = {}
    if rng.random() < 0.3:
        nuclei["Ge-74"] = {
            "protons": 32,
            "neutrons": 42,
            "atomic_mass_u": 73.921177761,
            "proton_radius_fm": 4.0,
            "neutron_radius_fm": rng.uniform(3.5, 5),
        }
    experiments = [_experiment(rng, folder, i, nuclei) for i in range(rng.choice([1, 1, 1, 1, 2]))]
    out = {"schema": 1, "experiment": experiments[0] if len(experiments) == 1 and rng.random() < 0.3 else experiments}
    if nuclei:
        out["nuclei"] = nuclei
    if rng.random() < 0.8:
        out["model"] = _model(rng)
        if out["model"].get("kind") == "pseudoscalar" and rng.random() < 0.8:
            for experiment in experiments:
                experiment.setdefault("electrons", "free")
    return out


def _experiment(rng, folder, i, nuclei):
    if rng.random() < 0.04:
        return rich.known(rng)
    bins = rng.choice([1, 2, 3, 5, 10, 30])
    out = {
        "name": f"mine-{i}",
        "flux": _flux(rng, folder),
        "target": _target(rng, nuclei),
        "response": _response(rng, folder, bins),
        "signal_sigma": rng.choice([1e-6, 0.01, 0.12, 0.5, 2.0]),
        "data": {
            "observed": [float(rng.randint(-20, 300)) for _ in range(bins)],
            "uncertainty": [10.0 ** rng.uniform(-2 if rng.random() < 0.1 else 0, 2) for _ in range(bins)],
        },
    }
    if rng.random() < 0.2:
        out["data"] = _moved(rng, folder, f"data{i}.csv", out["data"])
    for key, value in (
        ("label", "$x_1$"),
        ("description", "an \u00e9xperiment"),
        ("references", ["arXiv:2008.05022"]),
        ("quenching_sigma", rng.choice([1e-6, 0.05, 0.2, 0.5])),
        ("form_factor", rng.choice(["helm", "klein-nystrand", {"name": "helm", "thickness_fm": 0.9}])),
    ):
        if rng.random() < 0.25:
            out[key] = value
    backgrounds = [
        {
            "name": f"background {k}",
            "counts": [float(rng.randint(0, 50)) for _ in range(bins)],
            "sigma": rng.choice([1e-6, 0.1, 0.5, 2.0]),
        }
        for k in range(rng.choice([0, 0, 1, 2]))
    ]
    if backgrounds:
        out["background"] = backgrounds
    rich_one = rng.random() < 0.4
    if rng.random() < 0.25 and not rich_one:
        _add_electrons(rng, out)
    return rich.enriched(rng, folder, out, bins) if rich_one else out


def _add_electrons(rng, out):
    """Add electrons, and to most fluxes which neutrinos they hold."""
    edges = out["response"]["edges"]
    table = {
        "binding": rng.choice(["free", "shells"]),
        "light_yield_per_kev": rng.choice([1.0, 13.35, 1e-3 * (edges[-1] or 1.0)]),
        "efficiency": {"kind": "constant", "value": rng.choice([0.5, 1.0])},
        "resolution": {"kind": "gaussian", "sigma_at_one": 0.3},
        "shells": {"Ar": [[2, 3.2], [16, 0.25]], "Si": [[2, 1.8], [12, 0.1]]},
    }
    kept = {key: value for key, value in table.items() if rng.random() < 0.5}
    if kept.get("binding") == "free":
        kept.pop("shells", None)
    out["electrons"] = rng.choice(["free", "shells", kept, kept])
    for flux in out["flux"] if isinstance(out["flux"], list) else [out["flux"]]:
        if flux["kind"] in ("monochromatic", "tabulated") and rng.random() < 0.9:
            flux["antineutrino"] = rng.random() < 0.5


def _flux(rng, folder):
    kind = rng.randrange(7)
    if kind < 2:
        return {"kind": "pion-decay-at-rest", "neutrinos_per_proton": 0.08, "protons": 3e23, "distance_m": 20.0}
    if kind == 2:
        return {
            "kind": "monochromatic",
            "energy_mev": rng.choice([1.0, 29.8, 100.0]),
            "fluence_per_cm2": 1e14,
            "flavour": rng.choice(["e", "mu", "tau"]),
        }
    if kind == 3:
        out = {"kind": "reactor", "thermal_power_gw": 3.95, "distance_m": 30.0, "exposure_days": 100.0}
        if rng.random() < 0.3:
            out["fission_fractions"] = {"U235": 0.6, "U238": 0.1, "Pu239": 0.25, "Pu241": 0.05}
        return out
    if kind == 6:
        return [part for part in (_flux(rng, folder), _flux(rng, folder)) if isinstance(part, dict)]
    n = rng.choice([2, 3, 10])
    energy = [5.0 * (k + 1) for k in range(n)]
    histogram = rng.random() < 0.5
    per_s = rng.choice(["", "_per_s"])
    columns = {
        f"{flavour}_per_cm2_per_mev{per_s}": [rng.choice([0.0, 1e12, 10.0 ** rng.uniform(8, 13)]) for _ in energy]
        for flavour in rng.sample(["e", "mu", "tau"], rng.choice([1, 2]))
    }
    if histogram:
        columns = {"energy_low_mev": energy, "energy_high_mev": [e + 5.0 for e in energy], **columns}
    else:
        columns = {"energy_mev": energy, **columns}
    out = _moved(rng, folder, "flux.csv", columns) if rng.random() < 0.5 else columns
    if per_s:
        out["exposure_s"] = 1e3
    return {"kind": "tabulated", **out}


def _moved(rng, folder, name, columns):
    """Write columns to a file, and return what stands for them."""
    rows = [list(map(float, row)) for row in zip(*columns.values(), strict=True)]
    content, _ = tables.written(rng, rows, list(columns))
    (folder / name).write_bytes(bytes_like(rng, content, 1) if rng.random() < 0.1 else content)
    out = {"file": name}
    if rng.random() < 0.3:
        out["columns"] = {key: i + 1 for i, key in enumerate(columns)}
    return out


def _target(rng, nuclei):
    composition = {name: float(rng.choice([1, 1, 2])) for name in rng.sample(list(_ATOMIC), rng.choice([1, 1, 2]))}
    molar_mass = sum(_ATOMIC[name] * count for name, count in composition.items())
    if nuclei and rng.random() < 0.7:
        composition["Ge-74"] = 1.0
        molar_mass += 73.921
    out = {"composition": composition, "molar_mass_g_per_mol": molar_mass, "mass_kg": 10.0 ** rng.uniform(-2, 3)}
    if rng.random() < 0.1:
        out |= {"molar_mass_g_per_mol": molar_mass + 16.0, "left_out_g_per_mol": 16.0}
    return out


def _response(rng, folder, bins):
    light = rng.choice([1.0, 1.0, 13.35, 0.1])
    low = light * rng.choice([0.0, 0.0, 0.1, 1.0, 3.0])
    width = light * rng.choice([0.1, 0.5, 2.0])
    out = {"edges": [low + width * k for k in range(bins + 1)], "quenching": _quenching(rng, folder)}
    if rng.random() < 0.5:
        out |= {"unit": rng.choice(["keVee", "PE"]), "light_yield_per_kevee": light}
    if rng.random() < 0.4:
        kind = rng.randrange(4)
        if kind == 0:
            out["efficiency"] = {"kind": "constant", "value": rng.choice([0.0, 0.5, 1.0])}
        elif kind == 1:
            edges = [low + width * k for k in range(4)]
            out["efficiency"] = {
                "kind": "steps",
                "edges": edges,
                "values": [rng.choice([0.0, 0.3, 1.0]) for _ in "abc"],
            }
        elif kind == 2:
            lows = [low + width * k for k in range(3)]
            out["efficiency"] = {
                "kind": "steps",
                "low": lows,
                "high": [*lows[1:], lows[-1] + width],
                "values": [0.1, 0.4, 0.9],
            }
        else:
            out["efficiency"] = {"kind": "points", "observable": [low, low + width, low + 9 * width]}
            out["efficiency"]["values"] = [0.0, rng.random(), rng.random()]
        if kind and rng.random() < 0.4:
            out["efficiency"]["beyond"] = rng.choice(["constant", "zero"])
    if rng.random() < 0.3:
        out["resolution"] = rng.choice(
            [{"kind": "poisson"}, {"kind": "gaussian", "sigma_at_one": rng.choice([1e-9, 1e-3, 0.3, 10.0, 1e9])}]
        )
    return out


def _quenching(rng, folder):
    kind = rng.randrange(7)
    if kind < 2:
        return {"kind": "constant", "factor": rng.choice([0.05, 0.1, 0.25, 1.0])}
    if kind == 2:
        return {"kind": "linear", "offset": 0.246, "slope_per_kev": 7.8e-4, "constant_above_kev": 125.0}
    if kind == 3:
        return {"kind": "polynomial", "coefficients_per_kev_n": [0.1, 1e-3, -1e-6], "maximum_kev": 300.0}
    if kind == 4:
        return {"kind": "lindhard", "protons": 18, "nucleons": 40, **({"k": 0.15} if rng.random() < 0.5 else {})}
    columns = {"recoil_kev": [1.0, 5.0, 20.0, 100.0, 200.0], "factors": [0.16, 0.16 + rng.choice([0, 1e-12, 0.05])]}
    columns["factors"] += [0.25, 0.28, 0.31]
    if kind == 5 and rng.random() < 0.5:
        columns = _moved(rng, folder, "quenching.csv", columns)
    if kind == 6:
        return {
            "kind": "birks",
            "onset_kev": 0.5,
            "birks_g_per_mev_cm2": 3e-3,
            "recoil_kev": [1.0, 3.0, 10.0, 30.0, 100.0, 200.0],
            "stopping_power_mev_cm2_per_g": [500.0 * t**0.3 for t in (1.0, 3.0, 10.0, 30.0, 100.0, 200.0)],
            "degree": rng.choice([1, 2, 3, 5]),
        }
    return {"kind": "tabulated", **columns}


def _of_kind(rng):
    """Return a model of a kind that is named, with some of what is optional."""
    charges = {"proton": rng.choice([0.0, 1.0, 17.3]), "neutron": rng.uniform(-20, 20)}
    neutrinos = {"neutrinos": {"e": 1.0, "mu": rng.uniform(-2, 2)}}
    kinds = {
        "scalar": ({}, charges | neutrinos | {"electron": rng.choice([0.0, 1.0])}),
        "pseudoscalar": ({}, neutrinos | {"electron": rng.uniform(-1, 1)}),
        "tensor": (charges, neutrinos),
        "upscattering": ({"exchange": rng.choice(["vector", "scalar"]), **charges}, neutrinos),
        "vector": ({"quarks": [1.0, rng.uniform(-1, 1)], "leptons": {"e": 1.0, "mu": -1.0}}, {"signed": True}),
    }
    kind = rng.choice(list(kinds))
    needed, optional = kinds[kind]
    kept = {key: value for key, value in optional.items() if rng.random() < 0.5}
    return {"kind": kind, "name": "mine", **needed, **kept}


def _model(rng):
    kind = rng.randrange(7)
    if kind == 0:
        out = {"name": rng.choice(known_interactions())}
    elif kind > 4:
        out = _of_kind(rng)
    elif kind == 1:
        out = {"name": "mine", "quarks": [1 / 3, 1 / 3], "leptons": {"e": -1.0, "mu": -1.0, "tau": -1.0}}
    elif kind == 2:
        out = {"name": "mine", "up": {"e": rng.uniform(-1, 1)}, "down": {"mu": rng.uniform(-1, 1)}}
    else:
        out = {"name": "mine", "proton": {"e": 1.0, "mu": rng.uniform(-3, 3)}, "neutron": {"tau": 1.0, "e": 0.5}}
        if rng.random() < 0.3:
            out["electron"] = {"e": -1.0, "mu": rng.uniform(-3, 3)}
        if kind == 4:
            out["mediated"] = rng.random() < 0.5
    if rng.random() < 0.3:
        out["weak"] = rng.choice(["radiative", "radiative-electrons", "tree-level"])
    if rng.random() < 0.2:
        out["label"] = "$Z'$"
    return out
