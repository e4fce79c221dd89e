"""Write the files of cevns/experiments/xenonnt_8b_2026 from the release, so that NumPy alone reads them.

Run by hand with h5py installed, which nothing else here needs: ``python docs/convert_xenonnt.py RELEASE`` with a
copy of the repository of doi:10.5281/zenodo.20576156. The same release gives the same bytes, and so the checksums of
SHA256SUMS.
"""

import sys
from pathlib import Path

import h5py
import numpy as np

RUNS = ("sr0", "sr1", "sr2")
#: Names of the observables in the files of bins, and the columns of the events.
OBSERVABLES = ("cs2", "s2_shadow_s2_time_shadow_quantile", "s1_bdt_score", "s2_bdt_score")
#: Recoil energies of the templates [keV].
ENERGIES = [f"{e / 10:.3f}" for e in range(5, 51)]
FOLDER = Path(__file__).parents[1] / "cevns" / "experiments" / "xenonnt_8b_2026"
#: Significant digits of the templates; all sixteen would take twice the space.
DIGITS = 8
#: One unit in the last of the digits in which the edges are written.
ROUNDING = 1e-12


def edges_of(path):
    """Return the edges by observable; the file is YAML, of which it uses keys and lists of numbers."""
    edges, name = {}, ""
    for line in path.read_text(encoding="ascii").splitlines():
        if line.startswith("- "):
            edges[name].append(float(line[2:]))
        else:
            name = line.rstrip(":")
            edges[name] = []
    return [edges[name] for name in OBSERVABLES]


def template_of(path, edges):
    """Return the one histogram of a file, flat, the last observable running fastest."""
    with h5py.File(path) as file:
        for axis, expected in enumerate(edges):
            np.testing.assert_allclose(file[f"bins/{axis}"][()], expected, rtol=0, atol=ROUNDING)
        return file["templates/template"][()].ravel()


def observed(path, edges):
    """Return the counts in the same bins; all events of the release lie in one."""
    columns = np.loadtxt(path, delimiter=",", skiprows=1)[:, 1:]
    counts = np.histogramdd(columns, edges)[0].ravel().astype(int)
    assert counts.sum() == len(columns)
    return counts


def main(release):
    rows = ["# Edges of the bins of the release doi:10.5281/zenodo.20576156 (CC-BY-4.0)", "run,observable,e0,e1,e2,e3"]
    for run in RUNS:
        edges = edges_of(release / "binning" / f"{run}.yaml")
        rows += [",".join([run, name, *map(repr, e)]) for name, e in zip(OBSERVABLES, edges, strict=True)]
        folder = release / "templates" / run
        files = {
            "accidental": f"ac/template_XENONnT_{run}_ac_cevns.h5",
            "electronic": f"er/template_XENONnT_{run}_er_cevns.h5",
            "neutron": f"rg/template_XENONnT_{run}_rg_cevns_tly_0.0_tqy_0.0.h5",
        } | {e: f"mono/template_XENONnT_{run}_mono_{e}_cevns_tly_0.0_tqy_0.0.h5" for e in ENERGIES}
        columns = [template_of(folder / name, edges) for name in files.values()]
        counts = observed(release / "data" / f"{run}.csv", edges).tolist()
        lines = [
            f"# {run} of XENONnT, doi:10.5281/zenodo.20576156 (CC-BY-4.0), put into one table: events; backgrounds per",
            "# tonne and year; detection efficiency of recoils of 0.500 to 5.000 keV. One row is one of 3^4 bins.",
            ",".join(["observed", *files]),
            *(
                ",".join([str(count), *(f"{value:.{DIGITS}g}" for value in row)])
                for count, row in zip(counts, np.transpose(columns), strict=True)
            ),
        ]
        (FOLDER / f"{run}.csv").write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")
    (FOLDER / "edges.csv").write_text("\n".join(rows) + "\n", encoding="ascii", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
