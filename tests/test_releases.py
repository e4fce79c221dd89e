"""What a release needs: one version everywhere, wheels for the declared Pythons, builds on other systems."""

import re
import runpy
import sys
import tomllib
from pathlib import Path

import pytest
import setuptools
import yaml
from setuptools.errors import CompileError, LinkError

import cevns

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
PYTHONS = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if "Python :: 3." in line]


def read(name):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


WORKFLOWS = {path.stem: read(path) for path in sorted(ROOT.glob(".github/workflows/*.yml"))}


def test_one_version_everywhere():
    assert read("CITATION.cff")["version"] == cevns.__version__
    assert read("recipe/recipe.yaml")["context"]["version"] == cevns.__version__


def test_the_recipe_needs_what_the_package_needs():
    recipe = read("recipe/recipe.yaml")
    built = [text.replace(">=", " >=", 1) for text in PYPROJECT["build-system"]["requires"]]
    host = recipe["requirements"]["host"]
    assert {name for name in host if name not in ("python", "pip")} == set(built)
    assert recipe["requirements"]["run"][1:] == [text.replace(">=", " >=") for text in PROJECT["dependencies"]]
    assert recipe["about"]["license"] == PROJECT["license"]
    assert recipe["about"]["license_file"] == PROJECT["license-files"]
    assert recipe["about"]["summary"] == PROJECT["description"]
    optional = {
        text for name in ("plot", "progress", "fit", "cluster") for text in PROJECT["optional-dependencies"][name]
    }
    constrained = {text.replace(" ", "").replace("-base", "") for text in recipe["requirements"]["run_constraints"]}
    assert constrained == optional


def test_wheels_and_tests_are_of_the_declared_pythons():
    assert PYPROJECT["tool"]["cibuildwheel"]["build"] == [f"cp{version.replace('.', '')}-*" for version in PYTHONS]
    assert WORKFLOWS["tests"]["jobs"]["tests"]["strategy"]["matrix"]["python"] == PYTHONS


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job.get("steps", ())]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflows_have_few_rights_and_pinned_actions(name):
    workflow = WORKFLOWS[name]
    assert workflow["permissions"] == {}
    for step in steps(workflow):
        if "uses" in step:
            assert re.search(r"@v\d+(\.\d+)*$", step["uses"])
            assert "checkout" not in step["uses"] or step["with"] == {"persist-credentials": False}
        # what others may write belongs into no shell
        assert "${{" not in step.get("run", "")
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8")
    assert "secrets." not in text
    publishes = [job for job, given in workflow["jobs"].items() if "id-token" in given.get("permissions", {})]
    assert publishes == (["publish"] if name == "release" else [])


def test_sessions_that_workflows_run_are_there():
    written = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    known = set(re.findall(r"^def (\w+)\(session\)", written, re.MULTILINE)) | {"site"}
    for workflow in WORKFLOWS.values():
        for step in steps(workflow):
            if step.get("run", "").startswith("nox --session "):
                assert set(step["run"].split()[2:]) <= known
    # of a clean clone: what takes the files of dist/ has the session that makes them before it
    bodies = dict(re.findall(r"^def (\w+)\(session\):\n((?:    .*\n|\n)*)", written, re.MULTILINE))
    takers = {name for name, body in bodies.items() if "built(" in body or "sphinx(" in body} - {"dist"}
    assert takers >= {"site", "wheel", "oldest"}
    for workflow in WORKFLOWS.values():
        for job in workflow["jobs"].values():
            lines = [step.get("run", "") for step in job.get("steps", ())]
            named = [name for line in lines if line.startswith("nox --session ") for name in line.split()[2:]]
            assert "dist" in named or not takers & set(named)
            assert not takers & set(named[: named.index("dist")] if "dist" in named else ())
    # minutes, and a compiler of its own
    assert "portable" in known
    assert "portable" not in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


class Compiler:
    """Accepts all flags but some."""

    def __init__(self, kind, refused):
        self.compiler_type, self.refused, self.tried = kind, refused, []

    def compile(self, sources, extra_postargs, **_):
        self.tried += extra_postargs
        if set(extra_postargs) & set(self.refused):
            raise CompileError("no")
        return []

    def link_executable(self, objects, name, extra_postargs, **_):
        self.tried += extra_postargs
        if set(extra_postargs) & set(self.refused):
            raise LinkError("no")


@pytest.fixture
def building(monkeypatch):
    """Return the flags with which setup.py builds on some system: of the compiler, of the linker, and for OpenMP."""

    def flags(platform, kind="unix", refused=(), **environment):
        monkeypatch.setattr(setuptools, "setup", lambda **_: None)
        monkeypatch.setattr(sys, "platform", platform)
        monkeypatch.chdir(ROOT)
        for name in ("CFLAGS", "CEVNS_OPENMP", "CEVNS_CYTHON_DEBUG", "CEVNS_SANITIZE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        builder = runpy.run_path(str(ROOT / "setup.py"))["BuildKernels"](setuptools.Distribution())
        builder.compiler = Compiler(kind, refused)
        found = builder.msvc_flags() if kind == "msvc" else builder.unix_flags()
        openmp = builder.openmp_flags()
        assert not {"-march=native", "-ffast-math", "-Ofast", "/fp:fast"} & {*builder.compiler.tried, *found[0]}
        return found, openmp

    return flags


IEEE = ["-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off"]


def test_flags_on_linux(building):
    (compiled, linked), openmp = building("linux")
    assert compiled == ["-O3", "-g0", *IEEE]
    assert linked == ["-Wl,--strip-debug", "-lm"]
    assert openmp == (["-fopenmp"], ["-fopenmp"])
    # as musl without libgomp, or Zig
    assert building("linux", refused=["-fopenmp"])[1] == ([], [])
    assert building("linux", CEVNS_OPENMP="0")[1] == ([], [])
    with pytest.raises(CompileError, match="cannot build a program that uses OpenMP"):
        building("linux", refused=["-fopenmp"], CEVNS_OPENMP="1")


def test_flags_on_macos(building):
    # its linker knows no such option, and its compiler no OpenMP
    (compiled, linked), openmp = building("darwin", refused=["-Wl,--strip-debug", "-fno-trapping-math"])
    assert compiled == ["-O3", "-g0", "-fno-math-errno", "-ffp-contract=off"]
    assert linked == ["-lm"]
    assert openmp == ([], [])
    # with that of Homebrew
    assert building("darwin", CEVNS_OPENMP="auto")[1] == (["-fopenmp"], ["-fopenmp"])


def test_flags_on_windows(building):
    (compiled, linked), openmp = building("win32", "msvc")
    assert (compiled, linked) == (["/O2"], [])
    assert openmp == (["/openmp"], [])
    assert building("win32", "msvc", refused=["/openmp"])[1] == ([], [])


def test_the_paper_has_the_length_and_the_references_that_it_names():
    text = (ROOT / "paper" / "paper.md").read_text(encoding="utf-8")
    _, head, body = text.split("---\n", 2)
    assert {"title", "tags", "authors", "affiliations", "date", "bibliography"} <= yaml.safe_load(head).keys()
    for section in ("Summary", "Statement of need", "State of the field", "Acknowledgements", "References"):
        assert f"# {section}\n" in body
    assert 250 <= len(body.split()) <= 1000
    cited = set(re.findall(r"@([\w:-]+)", body))
    known = set(
        re.findall(r"^@\w+\{([^,]+),", (ROOT / "paper" / "paper.bib").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert cited == known
