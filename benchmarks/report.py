"""Measure everything once and write the tables and plots of ``docs/performance.md``.

Run ``python benchmarks/report.py`` on a quiet machine; it takes several minutes. ``--keep FILE`` saves what was
measured, and ``--use FILE`` writes the page from such a file. ``--only NAME`` times the benchmarks that ``pytest -k
NAME`` selects and prints their rows. numba, JAX, iminuit, emcee and Valgrind are used where they are installed.
"""

import argparse
import inspect
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import textwrap
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import instructions
import numpy as np
import samplers
from children import environment

from cevns.files import atomic_path, write_text

FOLDER = Path(__file__).parent
PAGE = FOLDER.parent / "docs" / "performance.md"
PACKAGES = ("numpy", "scipy", "cython", "numba", "jax", "iminuit", "emcee")
BASELINES = {
    "numpy": "NumPy",
    "numpy-counts": "NumPy, counts",
    "numba": "numba",
    "jax": "JAX",
    "scipy": "SciPy",
    "scipy-loose": "SciPy, loose",
}
COLOURS = {
    "numpy": "#0055aa",
    "numpy-counts": "#77aadd",
    "numba": "#117733",
    "jax": "#ddaa33",
    "scipy": "#cc3311",
    "scipy-loose": "#ee9988",
}
#: Job, what it is, what counts, and the target: seconds, a ratio to a baseline, a share of another job of the library,
#: or something of its own.
TARGETS = (
    ("combined point", "one combined χ² at a new mass and coupling, called from Python", "seconds", 0.6e-6),
    ("combined couplings", "the same, couplings as an array at one mass, per point", "seconds", 0.15e-6),
    ("prediction", "one prediction of 12 CsI bins at a new mass and coupling, called from Python", "seconds", 2e-6),
    ("combined grid", "1000 x 1000 combined grid, one thread", "seconds", 0.14),
    ("combined grid", "the same on two threads, times faster", "threads", 1.8),
    ("combined grid", "the same in eight calls from a `ThreadPoolExecutor` of two, times faster", "pool", 1.8),
    ("busy 30", "30 x 30 on two threads beside a process that keeps a core busy, times faster", "threads", 0.95),
    ("busy 300", "300 x 300 on two threads beside such a process, times faster", "threads", 0.95),
    ("CsI grid", "CsI only, constant quenching, no η, universal model, 100 x 100", "seconds", 0.35e-3),
    ("cold start", "the same from cold interpreter to finished grid, at most NumPy's", "numpy", 1.0),
    ("limit", "exact 90% limit, 200 masses, combined, best fit given", "seconds", 10e-3),
    ("limit and best fit", "the same with the search for the best fit", "seconds", 10e-3),
    ("new data", "other CsI data, `with_data`, and their first χ²", "seconds", 50e-6),
    ("pulls", "pulls of both data sets at one point, called from Python", "seconds", 10e-6),
    ("new contact interaction", "a new contact interaction, made and bound to both data sets", "seconds", 100e-6),
    ("new radius", "χ² of CsI with a neutron radius for the first time", "seconds", 1e-3),
    ("prepared radius", "the same at other radii, bound", "seconds", 20e-6),
    ("contact", "one combined χ² in 5 contact parameters, called from Python", "seconds", 3e-6),
    ("contact and radii", "the same with the neutron radii of both data sets", "seconds", 15e-6),
    ("contact, gradient", "χ² and gradient in 5 contact parameters, in units of χ² alone", "value", 2.0),
    ("contact and radii, gradient", "the same with the neutron radii of both data sets", "value", 2.0),
    ("migrad", "MIGRAD in four contact parameters, experiments newly loaded", "seconds", 20e-3),
    ("contour", "90% contour of two contact parameters, two others profiled, about 200 points", "seconds", 0.5),
    ("contour of radii", "the same of two charge radii", "seconds", 0.5),
    ("scalar grid", "300 x 300 combined grid of a scalar, in units of a vector's", "vector", 1.0),
    ("magnetic moments", "300 x 300 plane of two magnetic moments, in units of a vector's grid", "vector", 1.0),
    ("sterile dipole", "sterile dipole, 100 masses x 200 couplings, experiments newly loaded", "seconds", 2.0),
    (
        "CsI 2021 core",
        "CsI 2021, 99 bins, 4 normalisations, new mass and coupling, from Python",
        "seconds",
        50e-6,
    ),
    ("CsI 2021 core couplings", "the same, couplings as an array at one mass, per point", "seconds", 10e-6),
    ("CsI 2021 full", "CsI 2021 with 8 nuisances, of which 4 are shapes, new mass and coupling", "seconds", 1e-3),
    ("CsI 2021 full couplings", "the same, couplings as an array at one mass, per point", "seconds", 200e-6),
    ("argon 3D", "argon in 960 bins of energy, time and pulse shape, new mass and coupling", "seconds", 100e-6),
    ("four data sets", "CsI 2021, argon in 3D, germanium and xenon, with the flux in common", "seconds", 250e-6),
    ("limit of CsI 2021 core", "90% limit, 200 masses, CsI 2021 with normalisations", "seconds", 1.0),
    ("limit of CsI 2021 full", "the same with all 8 nuisances", "seconds", 15.0),
    ("toys, mass and coupling", "a toy drawn and fitted over mass and coupling, CsI and argon", "seconds", 1e-3),
    ("toys, one parameter", "a toy drawn and fitted in one parameter, CsI and argon", "seconds", 50e-6),
    ("toys, CsI 2021 core", "a toy drawn and fitted in one parameter, CsI 2021 with normalisations", "seconds", 1e-3),
    ("Feldman-Cousins plane", "30 x 30 of mass and coupling to 1 %, CsI and argon, two processes", "seconds", 600.0),
    (
        "toys on Dask workers",
        "toys over mass and coupling on two workers of Dask, times faster than on one",
        "threads",
        1.8,
    ),
    ("Helm 100000", "Helm ufunc, 10⁵ points, per point; times faster than NumPy", "numpy", 2.0),
    ("Helm 1000000", "Helm ufunc, 10⁶ points, per point; times faster than NumPy", "numpy", 2.0),
    (
        "double integral smooth",
        "double integral, smooth flux table of 1000 rows, 12 bins; times faster than `dblquad`",
        "scipy",
        1000.0,
    ),
    ("double integral simulated", "the same, rows with 1% of statistical noise", "scipy", 1000.0),
    ("import", "`import numpy, cevns`, beyond `import numpy`", "import", 20e-3),
    ("first chi2", "cold interpreter to the first combined χ², beyond `import numpy`", "import", 80e-3),
    ("help", "`cevns --help`", "seconds", 0.15),
    ("memory", "memory of a 1000 x 1000 scan beyond its output", "bytes", 10e6),
)


def main():
    """Measure, or read what was measured, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, metavar="FILE", help="save what was measured")
    parser.add_argument("--use", type=Path, metavar="FILE", help="read it instead of measuring")
    parser.add_argument("--only", metavar="NAME", help="print the rows of some benchmarks and leave the page as it is")
    options = parser.parse_args()
    if options.only:
        print(targets(by_job(timings(options.only)), measured_only=True))
        return
    results = json.loads(options.use.read_text()) if options.use else measure()
    if options.keep:
        write_text(options.keep, json.dumps(results))
    entries = by_job(results["benchmarks"])
    text = PAGE.read_text(encoding="utf-8")
    for name, section in {
        "machine": machine(results),
        "targets": targets(entries),
        "accuracy": accuracy(entries),
        "scaling": scaling(results["benchmarks"]),
        "instructions": instruction_table(results["instructions"]),
        "samplers": sampler_table(results["samplers"]),
    }.items():
        text = replace_section(text, name, section)
    draw_ratios(entries)
    write_text(PAGE, text)


def by_job(benchmarks):
    """Entries by job and version, those of the scaling left out."""
    entries = {}
    for entry in benchmarks:
        if "axis" not in entry["extra_info"]:
            entries.setdefault(entry["extra_info"]["job"], {})[entry["extra_info"]["version"]] = entry
    return entries


def timings(only=None):
    """Run the benchmarks, all of them or those that pytest selects by a name, and return an entry for each."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "benchmarks.json"
        command = [sys.executable, "-m", "pytest", str(FOLDER), "-q", "-p", "no:cacheprovider"]
        command += ["--benchmark-disable-gc", "--benchmark-min-rounds=9", "--benchmark-max-time=1.5"]
        command += [f"--benchmark-json={output}", *(["-k", only] if only else [])]
        # one thread for the baselines' matrix products too
        single = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        subprocess.run(command, env=environment() | single, check=True, cwd=FOLDER.parent, stdout=subprocess.DEVNULL)
        found = json.loads(output.read_text())["benchmarks"]
    for entry in found:
        del entry["stats"]["data"]
    return found


def measure():
    """Run the benchmarks, the instruction counts and the samplers; all of it in one dictionary."""
    return {
        "benchmarks": timings(),
        "machine": {
            "cpu": _cpu(),
            "cores": os.cpu_count(),
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            "packages": {name: _version(name) for name in PACKAGES},
            "compiler": _compiler(),
        },
        "instructions": instructions.count(),
        "samplers": samplers.rates(),
    }


def _cpu():
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.*)", info.read_text()) if info.exists() else None
    return found[1].strip() if found else platform.processor()


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _compiler():
    from cevns.kernels import likelihood

    found = re.search(rb"GCC: \([^)]*\) [\d.]+|clang version [\d.]+", Path(likelihood.__file__).read_bytes())
    return found[0].decode() if found else "unknown"


def replace_section(text, name, section):
    """Put a section between its two markers."""
    begin, end = f"<!-- generated: {name} -->", "<!-- end -->"
    head, found, rest = text.partition(begin)
    if not found or end not in rest:
        raise SystemExit(f"{PAGE} has no markers for {name}")
    return f"{head}{begin}\n{section}\n{end}{rest.partition(end)[2]}"


def table(header, rows):
    """A Markdown table; all columns but the first are set to the right, and empty ones are left out."""
    kept = [i for i, _ in enumerate(header) if i == 0 or any(row[i] for row in rows)]
    header, rows = [header[i] for i in kept], [[row[i] for i in kept] for row in rows]
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def seconds(value):
    """A time with three digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if abs(value) >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def times(value):
    """A ratio with two or three digits."""
    return f"{value:.2g}" if value < 10 else f"{float(f'{value:.3g}'):,.0f}"


def timing(entry, key="median"):
    """Seconds per call."""
    return entry["stats"][key] / entry["extra_info"]["calls"]


def machine(results):
    """What was measured on, and how noisy it was."""
    about = results["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in about["packages"].items() if number)
    spread = [
        e["stats"]["iqr"] / e["stats"]["median"]
        for e in results["benchmarks"]
        if e["extra_info"]["version"] == "cevns" and e["stats"]["rounds"] > 2
    ]
    text = (
        f"{about['cpu']}, {about['cores']} cores, {about['system']}; Python {about['python']}, {packages}; kernels "
        f"compiled with {about['compiler']}. Medians; the smallest and largest time in brackets. Noise: half of the "
        f"timings of a typical job lie within {50 * statistics.median(spread):.1f}% of their median, those of the "
        f"noisiest within {50 * max(spread):.0f}%. Ratios compare versions that ran one after the other."
    )
    return textwrap.fill(text, 120, break_on_hyphens=False)


def targets(entries, measured_only=False):
    """The table of targets with what was measured."""
    shown = list(BASELINES)
    rows = []
    for job, title, kind, limit in TARGETS:
        versions = entries.get(job, {})
        if "cevns" not in versions and measured_only:
            continue
        if "cevns" not in versions:
            rows.append([title, "", "not measured", "", *["" for _ in shown]])
            continue
        found, goal, met = judge(versions, kind, limit)
        ratios = ["" for _ in shown]
        if kind in ("seconds", "value", "vector", "numpy", "scipy"):
            ratios = [times(versions[v]["extra_info"]["ratio"]) if v in versions else "" for v in shown]
        rows.append([title, goal, found, met, *ratios])
    return table(["job", "target", "measured", "met", *(f"{BASELINES[v]} / cevns" for v in shown)], rows)


def judge(versions, kind, limit):
    """What was measured, the target and whether it is met, as texts."""
    own = versions["cevns"]
    median = timing(own)
    found = f"{seconds(median)} ({seconds(timing(own, 'min'))} to {seconds(timing(own, 'max'))})"
    if kind == "seconds":
        return found, f"≤ {seconds(limit)}", _met(median / limit)
    if kind in ("value", "vector"):
        share = median / timing(versions[kind])
        return f"{times(share)}; {found}", f"≤ {limit:g}", _met(share / limit)
    if kind in ("threads", "pool"):
        gain = median / timing(versions[kind])
        best = timing(own, "min") / timing(versions[kind], "min")
        return f"{gain:.2f}; best times: {best:.2f}", f"≥ {limit:g}", _met(limit / gain)
    if kind == "import":
        extra = median - timing(versions["numpy"])
        found = f"{seconds(extra)} (NumPy: {seconds(timing(versions['numpy']))})"
        return found, f"≤ {seconds(limit)}", _met(max(extra, 0.0) / limit)
    if kind == "bytes":
        used = own["extra_info"]["bytes"]
        return f"{used / 1e6:.2f} MB", f"≤ {limit / 1e6:.0f} MB", _met(used / limit)
    ratio = versions[kind]["extra_info"]["ratio"]
    return found, f"≥ {limit:g}" if limit > 1 else "≤ NumPy", _met(limit / ratio)


def _met(share):
    """Whether a measurement keeps its limit, given what share of the limit it takes."""
    return "yes" if share <= 1 else f"no: {share:.3g} x the limit"


def accuracy(entries):
    """How well the versions agree."""
    rows = []
    for job, versions in entries.items():
        known = {v: e["extra_info"]["error"] for v, e in versions.items() if "error" in e["extra_info"]}
        if known:
            rows.append(
                [job, *(f"{known[v]:.0e}".replace("0e+00", "0") if v in known else "" for v in ("cevns", *BASELINES))]
            )
    return table(["job", "cevns", *BASELINES.values()], rows)


def scaling(benchmarks):
    """Fit and draw cost against size; the straight lines as a table."""
    axes = {}
    for entry in benchmarks:
        if "axis" in entry["extra_info"]:
            axes.setdefault(entry["extra_info"]["axis"], []).append(entry)
    figure, panels = _figure((10, 6.2), 2, 3)
    rows = []
    for panel, (axis, found) in zip(panels.flat, axes.items(), strict=True):
        size = np.array([e["extra_info"]["size"] for e in found], dtype=float)
        order = np.argsort(size)
        size, found = size[order], [found[i] for i in order]
        median, low, high = (np.array([timing(e, key) for e in found]) for key in ("median", "min", "q3"))
        panel.errorbar(size, median, [median - low, high - median], fmt="o", ms=4, color="black", capsize=2)
        panel.set(xlabel=axis, ylabel="time [s]", yscale="log")
        if axis.startswith("threads"):
            panel.set(xlabel="threads", title=axis.partition(", ")[2] + " grid", xticks=size)
            panel.set_ylim(median.min() / 3, median.max() * 3)
            continue
        # least squares of relative deviations
        line = np.linalg.lstsq(np.stack([1 / median, size / median], axis=1), np.ones(size.size), rcond=None)[0]
        smooth = np.geomspace(size[0], size[-1], 200)
        panel.plot(smooth, line[0] + line[1] * smooth, "--", color="#cc3311", lw=1)
        panel.set(xscale="log", title=f"{seconds(max(line[0], 0.0))} + {seconds(line[1])} each")
        worst = np.abs((line[0] + line[1] * size) / median - 1).max()
        rows.append([axis, f"{size[0]:.0f} to {size[-1]:.0f}", seconds(line[0]), seconds(line[1]), f"{worst:.0%}"])
    _save(figure, "performance-scaling.png")
    return table(["size", "range", "fixed cost", "cost of each", "largest deviation from the line"], rows)


def draw_ratios(entries):
    """Draw how much longer the other versions take."""
    bars = []
    for job, versions in entries.items():
        if job not in ("import", "first chi2"):
            bars += [(job, v, e["extra_info"]["ratio"]) for v, e in versions.items() if v in BASELINES]
    figure, panels = _figure((8, 0.22 * len(bars) + 0.9), 1, 1)
    panel = panels[0, 0]
    for i, (_, name, ratio) in enumerate(reversed(bars)):
        panel.barh(i, ratio, color=COLOURS[name])
        place = {"xytext": (3, 0), "textcoords": "offset points", "va": "center", "fontsize": 7}
        panel.annotate(times(ratio), (max(ratio, 1.0), i), **place)
    labels = [f"{job}: {BASELINES[name]}" for job, name, _ in reversed(bars)]
    panel.set(xscale="log", xlabel="time of the other version / time of cevns", yticks=range(len(bars)))
    panel.set_yticklabels(labels)
    panel.axvline(1.0, color="black", lw=0.8)
    panel.set_xlim(0.1, 20 * max(ratio for *_, ratio in bars))
    panel.set_ylim(-0.7, len(bars) - 0.3)
    _save(figure, "performance-ratios.png")


def _figure(size, rows, columns):
    # an Agg figure of its own: no global state and no display
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False)


def _save(figure, name):
    with atomic_path(PAGE.with_name(name)) as temporary:
        figure.savefig(temporary, metadata={"Software": None})


def instruction_table(counts):
    """Instructions per call."""
    if counts is None:
        return "Valgrind was not installed."
    return table(["kernel", "instructions"], [[name, f"{value:,.0f}"] for name, value in counts.items()])


def sampler_table(rates):
    """Calls a second, and the code that reached them."""
    rows = [[name, f"{rate:,.0f}"] for name, rate in rates.items()]
    shown = [name for name in rates if name != "a loop"]
    code = "\n\n\n".join(inspect.getsource(samplers.SAMPLERS[name]).strip() for name in shown)
    compiled = Path(samplers.__file__).with_name("loops.pyx").read_text(encoding="utf-8").strip()
    blocks = f"```python\n{code}\n```\n\nThe Cython functions:\n\n```cython\n{compiled}\n```"
    return f"{table(['sampler', 'χ² calls a second'], rows)}\n\n{blocks}"


if __name__ == "__main__":
    main()
