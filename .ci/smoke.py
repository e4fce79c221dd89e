"""What must hold for an installed wheel with nothing but NumPy and SciPy beside it; run outside the tree."""

import hashlib
import json
import subprocess
from pathlib import Path

import cevns

package = Path(cevns.__file__).parent
assert "site-packages" in package.parts, package
for pattern in ("py.typed", "**/*.pxd", "**/*.pyi", "**/PROVENANCE.md"):
    assert list(package.glob(pattern)), f"the wheel has no {pattern}"
libraries = [*package.rglob("*.so"), *package.rglob("*.pyd")]
assert libraries, "the wheel has no kernels"
for library in libraries:
    assert b".debug_" not in library.read_bytes(), f"{library.name} holds debug information"
for sums in package.rglob("SHA256SUMS"):
    for line in sums.read_text().splitlines():
        digest, name = line.split("  ", 1)
        assert hashlib.sha256((sums.parent / name).read_bytes()).hexdigest() == digest, name


def command(*words):
    return subprocess.run(["cevns", *words], check=True, capture_output=True, text=True).stdout


point = ("--model", "b-l", "--mass", "10", "--coupling", "5e-5", "--json")
assert command("--version").split()[-1] == cevns.__version__
assert all(name in command("list") for name in (*cevns.known_experiments(), *cevns.known_interactions()))
counts = json.loads(command("predict", "coherent-csi-2017", *point))
assert len(counts["signal"]) == len(counts["observed"]) == len(counts["bin_edges"]) - 1 == 12, counts
joint = json.loads(command("chi2", "coherent-csi-2017", "coherent-argon-2020", *point))
parts = [part["chi2"] for part in joint["experiments"].values()]
assert len(parts) == 2, joint
assert abs(joint["chi2"] - sum(parts)) < 1e-9 * joint["chi2"], joint
