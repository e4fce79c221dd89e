"""Mutation run: change one operator, number or comparison at a time and see whether the tests notice.

    python tests/mutation.py                         # 60 mutants of the numerical code, seed 1
    python tests/mutation.py --seed 2 --sample 200 cevns/detectors/response.py src_cython/likelihood.pyx

Each mutant lives in a copy of the tree: the touched kernel is built anew there and its tests run until one fails. What
lived is printed with its line. A line that cannot matter (a tolerance, a starting point, a limit that nothing reaches)
goes into `mutants.txt` beside this script with the reason, and no longer counts.

The maintained tools (mutmut, cosmic-ray) change Python's syntax tree and know neither Cython nor a rebuild, and half of
what matters here is in the kernels; this script changes tokens, which both languages share.
"""

import argparse
import io
import keyword
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import tokenize
from pathlib import Path

ROOT = Path(__file__).parents[1]
KERNELS = "cevns/kernels/*.so"
#: What holds no numbers: texts, drawings, formats of files, and doors.
LEFT_OUT = {
    *("__init__", "archives", "drawing", "errors", "files", "headers", "kept", "pictures", "registry", "tabular"),
    *("threads",),
}
#: Rooms whose numbers are mutated, and the tests of each, the quick ones first.
ROOMS = {
    "checks": ("checks", "inputs", "input_ranges", "slips", "small_print"),
    "nuclei": ("nuclei", "isotopes"),
    "fluxes": ("fluxes", "timing", "reactors", "flux_components", "solar"),
    "detectors": (
        *("detectors", "small_print", "user_experiment", "arrivals", "templates", "shapes", "resolutions"),
        *("smooth_efficiencies", "quenching_by_nucleus"),
    ),
    "interactions": (
        *("parameters", "small_print", "interactions", "kinematics", "reference_interactions", "electrons"),
        *("electron_responses", "magnetic_moments"),
    ),
    "predictions": (
        *("signals", "small_print", "predictions", "binning", "heavy_leptons", "shapes", "arrivals", "templates"),
        *("moments", "resolutions"),
    ),
    "likelihoods": ("likelihood", "priors", "nuisances", "joint", "free_parameters", "data_sets"),
    "inference": (
        *("inference", "small_print", "fits", "minima", "contours", "posteriors", "measurements", "results"),
        *("result_contradictions", "flats", "two_mediators", "contracts/results"),
    ),
    "bounds": ("bounds", "small_print", "magnetic_moments"),
    "experiments": ("experiments", "user_experiment"),
    "": ("binning", "arrays", "parameters", "small_print", "shapes", "data_sets"),
}
#: Tests of everything numerical, the quick ones first.
CORE = (
    *("small_print", "form_factors", "kernels", "likelihood", "bound_points", "gradients", "inference", "signals"),
    *("interactions", "oracle", "properties", "rough_eta", "traps", "strained", "lost_digits", "priors", "generated"),
)
#: Tests of counts in cells and their Poisson likelihoods, which those of the core do not meet.
POISSON = (
    *("reference_poisson", "reference_germanium", "reference_xenonnt", "shapes", "moments", "joint", "far_signals"),
    *("reference_argon_3d", "reference_csi_2021", "many_starts", "walls", "empty_bins", "time_offsets", "free_levels"),
)
#: Kernels that serve Poisson data alone.
CELLS = {
    *("backwards", "components", "cones", "descents", "engine", "entrances", "floors", "joint", "looks", "minima"),
    *("poisson", "spreads", "sums", "walls"),
}
#: Tests of toys, and the kernels that serve them.
TOYS = ("toys", "by_toys", "feldman_cousins", "sensitivities")
DRAWN = {"glances", "refits", "toys", "valleys"}
OPERATORS = {
    "+": "-",
    "-": "+",
    "*": "/",
    "/": "*",
    "**": "*",
    "//": "*",
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
    "==": "!=",
    "!=": "==",
    "+=": "-=",
    "-=": "+=",
    "*=": "/=",
    "/=": "*=",
    "|": "&",
    "&": "|",
}
NAMES = {
    "and": "or",
    "or": "and",
    "True": "False",
    "False": "True",
    "min": "max",
    "max": "min",
    "fmin": "fmax",
    "fmax": "fmin",
    "argmin": "argmax",
    "any": "all",
    "all": "any",
    "floor": "ceil",
    "ceil": "floor",
    "left": "right",
    "low": "high",
    "break": "pass",
}


def mutants(path):
    """Return (row, column, old, new) of every change to a file; tokens, so that strings and comments stay."""
    text = (ROOT / path).read_text(encoding="utf-8")
    found, statement = [], []
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError) as error:
        raise SystemExit(f"{path}: {error}") from error
    for token in tokens:
        if token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            statement = []
            continue
        if token.type in (tokenize.NL, tokenize.COMMENT):
            continue
        statement.append(token.string)
        # imports, decorators and the names of types hold nothing to get wrong
        if statement[0] in ("import", "from", "cimport", "@", "ctypedef") or "extern" in statement[:3]:
            continue
        before = statement[-2] if len(statement) > 1 else ""
        if token.type == tokenize.OP and token.string in OPERATORS:
            # a sign, a pointer or an unpacking is no operation between two values
            value = (
                before in (")", "]")
                or (before.isidentifier() and not keyword.iskeyword(before))
                or before[-1:].isdigit()
            )
            if value and before not in (
                "double",
                "char",
                "void",
                "const",
                "t",
                "row_t",
                "term_t",
                "bound_t",
                "spectrum_t",
            ):
                found.append((*token.start, token.string, OPERATORS[token.string]))
        elif token.type == tokenize.NAME and token.string in NAMES and before not in (".", "def", "class"):
            found.append((*token.start, token.string, NAMES[token.string]))
        elif token.type == tokenize.NAME and token.string == "not" and before not in ("is",):
            found.append((*token.start, "not ", ""))
        elif token.type == tokenize.NUMBER:
            found.extend((*token.start, token.string, new) for new in _numbers(token.string))
    return text, found


def _numbers(text):
    if not text.replace(".", "", 1).replace("e", "", 1).replace("-", "", 1).isdigit():
        return []
    if text.isdigit():
        return [str(int(text) + 1)] + ([str(int(text) - 1)] if int(text) else [])
    value = float(text)
    return [repr(value * 1.1), repr(value * 0.5)] if value else ["1.0"]


def sources():
    """Return the sources that hold numbers, as paths in the tree."""
    found = [*ROOT.glob("src_cython/*.pyx"), *ROOT.glob("cevns/kernels/*.pxd")]
    found += [path for room in ROOMS for path in (ROOT / "cevns" / room).glob("*.py")]
    numerical = [path for path in found if path.stem not in LEFT_OUT and not path.stem.startswith("_")]
    return sorted(path.relative_to(ROOT).as_posix() for path in numerical)


def tests_of(path):
    """Return the test files for a source file."""
    folder, stem = Path(path).parent.name, Path(path).stem
    own = (stem,) if (ROOT / f"tests/test_{stem}.py").exists() else ()
    if folder in ("src_cython", "kernels"):
        first = (*own, *(POISSON if stem in CELLS else ()), *(TOYS if stem in DRAWN else ()))
    else:
        first = (*own, *ROOMS["" if folder == "cevns" else folder])
    every = [name.rpartition("/") for name in dict.fromkeys((*first, *CORE))]
    return [f"tests/{within}{slash}test_{name}.py" for within, slash, name in every]


class Copy:
    """A copy of the checkout in which one file at a time is changed."""

    def __init__(self, folder, options):
        self.folder, self.options = Path(folder) / "tree", options
        names = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for name in [*names, *(str(p.relative_to(ROOT)) for p in ROOT.glob(KERNELS))]:
            if (ROOT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.folder / name)
        self.kernels = {}
        self.environment = os.environ | {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        self.environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        where = self.run("-c", "import cevns; print(cevns.__file__)").stdout.strip()
        if not Path(where).is_relative_to(self.folder):
            raise SystemExit(f"the copy in {self.folder} is not what is tested, but {where}")

    def run(self, *arguments, timeout=None):
        """Run Python in the copy."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def build(self, path):
        """Build the kernel of a .pyx file, or all kernels for a .pxd file; return whether it compiles."""
        sources = self.folder / "src_cython"
        alone = Path(path).suffix == ".pyx"
        aside = [p for p in sources.glob("*.pyx") if alone and p.name != Path(path).name]
        for source in aside:
            source.rename(source.with_suffix(".aside"))
        try:
            return self.run("setup.py", "-q", "build_ext", "--inplace").returncode == 0
        finally:
            for source in aside:
                source.with_suffix(".aside").rename(source)
            if alone:
                self._put(p for p in self.kernels if p.name.partition(".")[0] != Path(path).stem)

    def keep(self):
        """Remember the kernels as they are."""
        self.kernels = {p: p.read_bytes() for p in self.folder.glob(KERNELS)}

    def restore(self, path, text):
        """Undo a change."""
        self.write(path, text)
        if Path(path).suffix != ".py":
            self._put(self.kernels)

    def _put(self, kernels):
        """Write kernels as they were; new files, since a process may have the old ones mapped."""
        for kernel in kernels:
            kernel.unlink(missing_ok=True)
            kernel.write_bytes(self.kernels[kernel])

    def test(self, *paths):
        """Return whether the tests of some sources notice anything, "killed" or "lived", and what pytest says."""
        tests = dict.fromkeys(test for path in paths for test in tests_of(path))
        command = ["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *self.options.pytest, *tests]
        try:
            done = self.run(*command, timeout=self.options.timeout * len(paths))
        except subprocess.TimeoutExpired:
            return "killed", "no time is left"
        said = done.stdout[-2000:] + done.stderr[-2000:]
        if done.returncode in (4, 5):
            # no mutant makes pytest misread its command line or find no test
            raise SystemExit(said)
        return ("killed" if done.returncode else "lived"), said

    def write(self, path, text):
        """Write a file of the copy."""
        (self.folder / path).write_text(text, encoding="utf-8")


def judged():
    """Return the mutants that cannot matter, as (path, changed line)."""
    listed = Path(__file__).with_name("mutants.txt")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
    rows = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return {(row[0].strip(), row[1].strip()) for row in rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", default=sources(), help="sources; all numerical ones unless given")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sample", type=int, default=60, help="how many mutants")
    parser.add_argument("--timeout", type=float, default=900, help="seconds for the tests of one mutant")
    parser.add_argument("--pytest", type=shlex.split, default=[], help="further arguments for pytest, in one string")
    parser.add_argument("--list", action="store_true", help="show the sample only")
    options = parser.parse_args()
    everything = []
    for path in options.files:
        text, found = mutants(path)
        everything += [(path, text, change) for change in found]
    sample = random.Random(options.seed).sample(everything, min(options.sample, len(everything)))
    if options.list:
        for path, text, change in sample:
            print(f"{path}:{change[0]}: {_changed(text, change)[1].strip()}")
        return 0
    nothing, counts = judged(), {"killed": 0, "lived": 0, "does not build": 0, "cannot matter": 0}
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(folder, options)
        if any(Path(path).suffix != ".py" for path, _, _ in sample):
            copy.build("everything.pxd")
            copy.keep()
        result, said = copy.test(*{path for path, _, _ in sample})
        if result == "killed":
            raise SystemExit(f"{said}\nthe tests fail without any change")
        for i, (path, text, change) in enumerate(sample, 1):
            start = time.monotonic()
            mutated, line = _changed(text, change)
            copy.write(path, mutated)
            builds = Path(path).suffix == ".py" or copy.build(path)
            result = copy.test(path)[0] if builds else "does not build"
            copy.restore(path, text)
            if result == "lived" and (path, line.strip()) in nothing:
                result = "cannot matter"
            counts[result] += 1
            seconds = f"{time.monotonic() - start:5.0f} s"
            print(f"{i:4} {result:14} {seconds}  {path}:{change[0]}: {change[2]!r} -> {change[3]!r}", flush=True)
            if result == "lived":
                print(f"       - {text.splitlines()[change[0] - 1].strip()}\n       + {line.strip()}", flush=True)
    matter = counts["killed"] + counts["lived"]
    share = counts["killed"] / matter if matter else 0.0
    print(
        ", ".join(f"{n} {name}" for name, n in counts.items()) + f": {share:.0%} of those that can matter were killed"
    )
    return 0


def _changed(text, change):
    """Return the text and the line after a change."""
    row, column, old, new = change
    lines = text.splitlines(keepends=True)
    line = lines[row - 1]
    if not line[column:].startswith(old):
        old = old.strip()
    lines[row - 1] = line[:column] + new + line[column + len(old) :]
    return "".join(lines), lines[row - 1]


if __name__ == "__main__":
    sys.exit(main())
