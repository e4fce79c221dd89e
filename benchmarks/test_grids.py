"""Grids of mass and coupling, and what they need of memory."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from baselines import numpy_moments
from children import environment

MEMORY = """
import cevns, numpy as np
both = cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")
n = {n}
mass, coupling = np.geomspace(0.1, 1e4, n), np.geomspace(1e-6, 1e-1, n)
both.scan("b-l", mass[:2], coupling[:2])
def status(key):
    with open("/proc/self/status") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith(key))
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # forgets the highest memory so far
before = status("VmRSS")
scan = both.scan("b-l", mass, coupling)
print(status("VmHWM") - before - scan.chi2.nbytes)
"""


def axes(n):
    return np.geomspace(0.1, 1e4, n), np.geomspace(1e-6, 1e-1, n)


@pytest.mark.parametrize("version", ["cevns", "numpy"])
def test_combined_grid(version, measure, both, numpy_both, close, quick):
    masses, couplings = axes(50 if quick else 1000)
    function = {
        "cevns": lambda: both.scan("b-l", masses, couplings).chi2,
        "numpy": lambda: numpy_both.grid(masses, couplings),
    }[version]
    found = measure("combined grid", version, function, rounds=15 if version == "cevns" else 3)
    measure.note(error=close(found, both.scan("b-l", masses, couplings).chi2, 5e-3))


@pytest.mark.parametrize("version", ["threads", "pool"])
def test_combined_grid_on_two_threads(version, measure, both, quick):
    masses, couplings = axes(50 if quick else 1000)
    alone = both.scan("b-l", masses, couplings).chi2

    def pool():
        with ThreadPoolExecutor(2) as executor:
            # more parts than threads, since light masses and heavy ones do not cost the same
            parts = executor.map(lambda part: both.scan("b-l", part, couplings).chi2, np.array_split(masses, 8))
            return np.concatenate(list(parts))

    function = {"threads": lambda: both.scan("b-l", masses, couplings, num_threads=2).chi2, "pool": pool}[version]
    # bit for bit, whatever the threads do
    assert np.array_equal(measure("combined grid", version, function, rounds=15), alone)


@pytest.fixture
def busy_core():
    """A process that keeps one core busy."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    yield
    process.kill()
    process.wait()


@pytest.mark.usefixtures("busy_core")
@pytest.mark.parametrize("size", [30, 300])
@pytest.mark.parametrize("version", ["cevns", "threads"])
def test_grid_beside_a_busy_process(version, size, measure, both):
    masses, couplings = axes(size)
    threads = 2 if version == "threads" else 1
    alone = both.scan("b-l", masses, couplings).chi2
    found = measure(
        f"busy {size}", version, lambda: both.scan("b-l", masses, couplings, num_threads=threads).chi2, rounds=41
    )
    assert np.array_equal(found, alone)


@pytest.mark.parametrize("version", ["cevns", "numpy", "numpy-counts", "numba", "jax"])
def test_csi_grid(version, measure, csi_constant, numpy_constant, close):
    masses, couplings = numpy_moments.MASSES, numpy_moments.COUPLINGS
    moments, profile = numpy_constant
    if version in ("numba", "jax"):
        pytest.importorskip(version)
        sigma = np.array(csi_constant.uncertainty)
        if version == "numba":
            from baselines import numba_moments

            arguments = numba_moments.grid_arguments(moments, profile, sigma)

            def function():
                return numba_moments.grid(masses, couplings, *arguments)

        else:
            from baselines import jax_moments

            compiled = jax_moments.compile_grid(moments, profile, sigma)

            def function():
                return compiled(masses, couplings)

    else:
        function = {
            "cevns": lambda: csi_constant.scan("universal", masses, couplings).chi2,
            "numpy": lambda: profile.of_coefficients(moments.a, *moments.coefficients(masses), couplings),
            "numpy-counts": lambda: profile.of_counts(moments.grid(masses, couplings)),
        }[version]
    function()
    found = measure("CsI grid", version, function)
    measure.note(error=close(found, csi_constant.scan("universal", masses, couplings).chi2, 1e-8))


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="reads the memory from Linux's /proc")
def test_memory_of_a_scan(measure, quick):
    command = [sys.executable, "-c", MEMORY.format(n=50 if quick else 1000)]
    extra = int(
        measure(
            "memory",
            "cevns",
            lambda: subprocess.run(command, env=environment(), capture_output=True, text=True, check=True).stdout,
            rounds=3,
        )
    )
    # half of what the target allows would be a matrix of one number per point
    assert extra < 10e6
    measure.note(bytes=max(extra, 0))
