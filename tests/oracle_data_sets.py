"""The oracle at a handful of points of the data sets beyond the paper, and the table of what it gave.

``python tests/oracle_data_sets.py`` writes ``frozen/data_sets.json`` anew, in half a minute.

The table: ``points`` holds the parameters of each point by name and, by data set, ``counts`` and ``chi2``.

- ``coherent-csi-2021``: counts [9][11] of photoelectrons and time; chi2 ``core`` and ``full``; ``shifted`` counts at
  `SHIFTS` of the shapes, and chi2 with all shapes held there.
- ``coherent-argon-2020-3d``: ``energy``, the 12 sums over F90 and time, and ``ratio``, the factor on the template in
  each; chi2.
- ``xenonnt-8b-2026``: counts by run, [81]; chi2 of SR0 and SR1, and ``all`` of the three runs.
- ``coherent-ge-2024``: one count; chi2.
"""

import json
from functools import cache, partial
from pathlib import Path

import numpy as np
from oracle_interactions import SIGMAS

from cevns import reference

FROZEN = Path(__file__).parent / "frozen" / "data_sets.json"
RUNS = ("sr0", "sr1", "sr2")
#: z_eff, z_q0 and z_q1 in standard deviations, dt in us.
SHIFTS = {"z_eff": 0.7, "z_q0": -0.8, "z_q1": 1.1, "dt": 0.06}
#: Interaction, and its parameters.
POINTS = {
    "sm": ("sm", {}),
    "universal": ("universal", {"mass": 10.0, "coupling": 3e-5}),
    "b-l": ("b-l", {"mass": 10.0, "coupling": 5e-5}),
    "lmu-ltau": ("lmu-ltau", {"mass": 10.0, "coupling": 1e-3}),
    "scalar": ("scalar", {"mass": 10.0, "coupling": 2e-5}),
    "universal-heavy": ("universal", {"mass": 300.0, "coupling": 6e-4}),
    "b-l-light": ("b-l", {"mass": 0.1, "coupling": 1e-4}),
}


@cache
def spectrum():
    """Return energies and the spectrum of boron-8 neutrinos."""
    return tuple(np.loadtxt(Path(__file__).parent / "frozen" / "b8_spectrum.csv", delimiter=",", skiprows=3).T)


def sigma(name):
    model, values = POINTS[name]
    return SIGMAS[model](**values)


def csi(name, *, full=True):
    model = sigma(name)
    shapes = list(SHIFTS.values())
    chi2 = {"core": reference.chi2_csi_2021(model, systematics="core")[0]}
    chi2["shifted"] = reference.chi2_csi_2021(model, shapes=shapes)[0]
    if full:
        chi2["full"] = reference.chi2_csi_2021(model)[0]
    counts = reference.events_csi_2021(model)
    return {"counts": counts, "shifted": reference.events_csi_2021(model, **SHIFTS), "chi2": chi2}


def argon(name):
    model = sigma(name)
    energy = reference.events_argon_3d(model).sum(axis=(1, 2))
    return {"energy": energy, "ratio": reference.signal_ratio(model), "chi2": reference.chi2_argon_3d(model)[0]}


def xenon(name):
    model = sigma(name)
    chi2 = {
        key: reference.chi2_xenonnt(model, spectrum=spectrum(), runs=runs)[0]
        for key, runs in (("default", RUNS[:2]), ("all", RUNS))
    }
    return {"counts": reference.events_xenonnt(model, spectrum=spectrum()), "chi2": chi2}


def germanium(name):
    model = partial(sigma(name), form_factor="klein-nystrand")
    return {"counts": reference.events_germanium(model), "chi2": reference.chi2_germanium(model)[0]}


DATA_SETS = {
    "coherent-csi-2021": csi,
    "coherent-argon-2020-3d": argon,
    "xenonnt-8b-2026": xenon,
    "coherent-ge-2024": germanium,
}


def main():
    points = {}
    for name, (model, values) in POINTS.items():
        points[name] = {"interaction": model, "parameters": values} | {key: f(name) for key, f in DATA_SETS.items()}
    table = {"shifts": SHIFTS, "points": points}
    FROZEN.write_text(json.dumps(table, default=np.ndarray.tolist, separators=(",", ":")) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
