"""Configurations of experiments in several axes, with shapes, nuisances, Poisson counts and expected ones."""

import numpy as np

__all__ = ["enriched", "known"]

_TIMING = {"kind": "pulse", "mean_us": 0.47, "sigma_us": 0.15, "lifetimes_us": [0.03]}


def known(rng):
    """Return a built-in experiment by name, with some of its options."""
    out, options = rng.choice(
        [
            ({"name": "coherent-argon-2020"}, {"form_factor": "helm", "quenching": "release"}),
            ({"name": "coherent-ge-2024"}, {"nuisance": {"name": "mass", "sigma": 0.02}, "floor": 1e-6}),
            ({"name": "coherent-csi-2021", "systematics": "core"}, {"nuisance": {"name": "strength", "sigma": 0.1}}),
            ({"name": "xenonnt-8b-2026"}, {"runs": rng.choice([["sr0"], ["sr1", "sr2"]])}),
            ({"name": "coherent-ge-2024"}, {"data": {"observed": "asimov", "uncertainty": "counting"}}),
            ({"name": "coherent-argon-2020"}, {"data": {"observed": "asimov"}, "electrons": "free"}),
        ]
    )
    return out | {key: value for key, value in options.items() if rng.random() < 0.7}


def enriched(rng, folder, table, bins):
    """Return an experiment of one's own with more axes and nuisances; files that it names are written to `folder`."""
    out = dict(table)
    bins = min(bins, 5)
    edges = out["response"]["edges"][: bins + 1]
    out["response"] = {**out["response"], "edges": edges}
    shape, names = [bins], ["energy"]
    if rng.random() < 0.2:
        names = ["light"]
        out["response"]["axis"] = "light"
    kind = rng.randrange(3)
    if kind == 1:
        _add_arrival(rng, out, shape, names)
    elif kind == 2:
        _add_distribution(rng, folder, out, shape, names)
    out["data"] = _data(rng, folder, out["name"], shape)
    _add_backgrounds(rng, folder, out, shape, names)
    if rng.random() < 0.3:
        out["signal_sigma"] = 0.1
    elif "uncertainty" not in out["data"] and rng.random() < 0.5:
        out.pop("signal_sigma")
    _add_nuisances(rng, out)
    if rng.random() < 0.5:
        _add_shapes(rng, folder, out, shape)
    if rng.random() < 0.3:
        out["floor"] = rng.choice([0.0, 1e-6, 0.01])
    return out


def _add_arrival(rng, out, shape, names):
    for flux in out["flux"] if isinstance(out["flux"], list) else [out["flux"]]:
        if flux["kind"] in ("pion-decay-at-rest", "monochromatic", "tabulated"):
            flux["timing"] = dict(_TIMING) | ({"latest_us": 9.0} if rng.random() < 0.2 else {})
    if any(flux["kind"] == "reactor" for flux in (out["flux"] if isinstance(out["flux"], list) else [out["flux"]])):
        # which has no times
        out["flux"] = {
            "kind": "pion-decay-at-rest",
            "neutrinos_per_proton": 0.08,
            "protons": 3e23,
            "distance_m": 20.0,
            "timing": dict(_TIMING),
        }
    out["arrival"] = {"edges_us": rng.choice([[0.0, 0.5, 1.0, 6.0], [0.0, 6.0], [-1.0, 0.4, 2.0]])}
    if rng.random() < 0.5:
        out["arrival"]["efficiency"] = rng.choice(
            [
                {"kind": "exponential", "start_us": 0.52, "rate_per_us": 0.0494},
                {"kind": "steps", "edges": [0.0, 1.0, 6.0], "values": [1.0, 0.5]},
                {"kind": "points", "observable": [0.0, 6.0], "values": [1.0, 0.2]},
            ]
        )
    shape.append(len(out["arrival"]["edges_us"]) - 1)
    names.append("time")


def _add_distribution(rng, folder, out, shape, names):
    axes = [{"name": "F90", "edges": [0.5, 0.7, 0.9]}, {"name": "time", "edges": [0.0, 1.0, 6.0], "unit": "us"}]
    axes = axes[: rng.choice([1, 1, 2])]
    shape += [2] * len(axes)
    names += [axis["name"] for axis in axes]
    shares = np.array([rng.random() for _ in range(int(np.prod(shape)))]).reshape(shape)
    shares *= rng.uniform(0.5, 1) / shares.reshape(shape[0], -1).sum(axis=1).max()
    key = "shares"
    if rng.random() < 0.2:
        # refused or not, by what the response expects
        key, shares = "template", shares * 10.0 ** rng.uniform(0, 4)
    out["distribution"] = {"axes": axes if rng.random() < 0.7 or len(axes) > 1 else axes[0]}
    out["distribution"][key] = _written(rng, folder, f"{out['name']}-{key}", shares)


def _written(rng, folder, name, values):
    """Return numbers as lists, in a row or in the shape of the axes, or the name of a file that holds them."""
    values = np.asarray(values, dtype=float)
    draw = rng.random()
    if draw < 0.4:
        return values.tolist()
    if draw < 0.6:
        return values.ravel().tolist()
    if draw < 0.8:
        np.save(folder / f"{name}.npy", values)
        if rng.random() < 0.1:
            content = (folder / f"{name}.npy").read_bytes()
            (folder / f"{name}.npy").write_bytes(content[: rng.randrange(len(content))])
        return f"{name}.npy"
    rows = values.reshape(len(values), -1)
    (folder / f"{name}.csv").write_text("".join(",".join(map(repr, row)) + "\n" for row in rows.tolist()))
    return f"{name}.csv"


def _data(rng, folder, name, shape):
    size = int(np.prod(shape))
    if rng.random() < 0.25:
        out = {"observed": "asimov"}
        if rng.random() < 0.5:
            out["asimov"] = rng.choice(
                [
                    {"model": "b-l", "mass": 10.0, "coupling": 1e-4},
                    {"sin2_theta_w": 0.25},
                    {"model": {"up": {"e": 0.1}, "down": {"mu": 0.2}}, "coupling": 0.3},
                ]
            )
        if rng.random() < 0.4:
            out["uncertainty"] = rng.choice(["counting", [10.0] * size])
        return out
    counts = np.array([rng.choice([0, 1, 5, rng.randint(0, 300)]) for _ in range(size)]).reshape(shape)
    out = {"observed": _written(rng, folder, f"{name}-data", counts)}
    if rng.random() < 0.3:
        out["uncertainty"] = _written(rng, folder, f"{name}-sigma", 1.0 + np.sqrt(counts))
    return out


def _add_backgrounds(rng, folder, out, shape, names):
    found = []
    for k in range(rng.choice([0, 1, 2])):
        background = {"name": f"background {k}", "sigma": rng.choice([0.0, 0.1, 1.0])}
        if rng.random() < 0.5:
            values = np.array([rng.choice([0.0, 1.0, rng.uniform(0, 30)]) for _ in range(int(np.prod(shape)))])
            background["counts"] = _written(rng, folder, f"{out['name']}-b{k}", values.reshape(shape))
        else:
            background["events"] = rng.choice([0.0, 1.0, 300.0])
            for name, bins in zip(names, shape, strict=True):
                values = [rng.uniform(0.1, 1) for _ in range(bins)]
                background[name] = rng.choice(["flat", values, _written(rng, folder, f"{out['name']}-b{k}", values)])
        found.append(background)
    out.pop("background", None)
    if found:
        out["background"] = found


def _add_nuisances(rng, out):
    components = ["signal", *(background["name"] for background in out.get("background", ()))]
    found = []
    for k in range(rng.choice([0, 1, 2])):
        nuisance = {"name": f"nuisance {k}", "sigma": rng.choice([0.01, 0.1, 1.0, float("inf")])}
        if rng.random() < 0.6:
            some = rng.sample(components, rng.randint(1, len(components)))
            nuisance["of"] = rng.choice([some, {name: rng.choice([1.0, -0.5, 2.0]) for name in some}])
        found.append(nuisance)
    if found:
        out["nuisance"] = found
    if len(found) == 2 and rng.random() < 0.4 and np.isfinite([n["sigma"] for n in found]).all():
        out["correlations"] = [{"of": [n["name"] for n in found], "value": rng.uniform(-0.99, 0.99)}]


def _add_shapes(rng, folder, out, shape):
    found = []
    if "arrival" in out and rng.random() < 0.6:
        found.append({"kind": "time-offset", "low_us": -0.25, "high_us": 0.3})
        if rng.random() < 0.5:
            found[-1]["sigma_us"] = rng.choice([0.1, float("inf")])
    backgrounds = out.get("background", ())
    if rng.random() < 0.4 and (backgrounds or "distribution" in out):
        of = rng.choice([*(background["name"] for background in backgrounds), "signal"])
        values = [rng.uniform(0, 1) for _ in range(int(np.prod(shape)))]
        deformation = {"kind": "deformation", "name": "deformed", "of": of}
        deformation["up"] = _written(rng, folder, f"{out['name']}-up", np.reshape(values, shape))
        if rng.random() < 0.5:
            deformation["down"] = values[::-1]
        if rng.random() < 0.3:
            deformation["reach"] = rng.choice([1.0, 5.0])
        found.append(deformation)
    if rng.random() < 0.3 and not {"quenching_sigma", "electrons"} & out.keys():
        quenching = out["response"]["quenching"]
        if quenching["kind"] == "constant":
            factor = quenching["factor"]
            found.append({"kind": "response", "name": "quenching"})
            for side, scale in (("up", 1.1), ("down", 0.9)):
                found[-1][side] = {"quenching": {"kind": "constant", "factor": factor * scale}}
            if rng.random() < 0.3:
                found[-1] |= {"low": -2.0, "high": 2.0}
    if found:
        out["shape"] = found
