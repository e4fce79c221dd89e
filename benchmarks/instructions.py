"""Instruction counts of the kernels under Valgrind's callgrind, which other load on the machine does not change.

Each job runs in a Python process of its own; what it takes beyond a process without calls, divided by the number of
calls, is what a call costs, the interpreter's own work for it included. Valgrind offers AVX2 but no AVX-512.

Run ``python benchmarks/instructions.py`` to print the table.
"""

import re
import shutil
import subprocess
import sys

from children import environment

# everything is called once, so that what is made on the first call does not count
SETUP = """
import numpy as np
import cevns
from cevns.nuclei.form_factors import helm
csi = cevns.load("coherent-csi-2017")
both = csi + cevns.load("coherent-argon-2020")
generator = np.random.default_rng(20)
points = list(zip((10 ** generator.uniform(-1, 4, 10000)).tolist(), (10 ** generator.uniform(-6, -1, 10000)).tolist()))
couplings, q = np.geomspace(1e-6, 1e-1, 50000), np.linspace(0.01, 120.0, 200000)
chi2, counts = both.bind("b-l"), csi.predictor("universal")
chi2(20.0, 1e-4), counts(20.0, 1e-4), both.chi2("b-l", 20.0, couplings[:2]), helm(q[:8], 4.94, 0.9)
"""
# name: (code that is counted, calls in it)
JOBS = {
    "empty Python loop, one turn": ("for m, g in points: pass", 10000),
    "combined chi2, one point": ("for m, g in points: chi2(m, g)", 10000),
    "combined chi2, one coupling of a row": ("both.chi2('b-l', 20.0, couplings)", 50000),
    "prediction of 12 CsI bins, one point": ("for m, g in points: counts(m, g)", 10000),
    "Helm form factor, one point": ("helm(q, 4.94, 0.9)", 200000),
}

__all__ = ["JOBS", "count"]


def count():
    """Return instructions per call for each of `JOBS`, or None where there is no Valgrind."""
    if shutil.which("valgrind") is None:
        return None
    base = _run("")
    return {name: (_run(job) - base) / calls for name, (job, calls) in JOBS.items()}


def _run(job):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, "-c", SETUP + job]
    # one thread and a fixed hash seed make runs repeatable
    fixed = environment() | {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    result = subprocess.run(command, env=fixed, capture_output=True, text=True, check=True, timeout=600)
    return int(re.search(r"Collected : (\d+)", result.stderr)[1])


if __name__ == "__main__":
    counts = count()
    if counts is None:
        sys.exit("valgrind is not installed")
    for name, instructions in counts.items():
        print(f"{instructions:10.1f}  {name}")
