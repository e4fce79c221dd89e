"""The documentation says what the code does."""

import ast
import importlib.util
import inspect
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import cevns
from cevns.cli import main
from cevns.config import load_config
from cevns.interactions.loops import Loop

ROOT = Path(__file__).parents[1]
DATA_SETS = ROOT / "docs" / "data-sets"
#: But for those on data sets, whose blocks have a test of their own.
PAGES = [p for p in [*sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("*.md"))] if p.parent != DATA_SETS]


def script_of(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def test_the_table_of_limits_is_current():
    page = script_of("build_limits").page()
    assert (ROOT / "docs" / "limits.md").read_text(encoding="utf-8") == page, "run docs/build_limits.py"


def test_the_table_of_coverage_is_what_its_script_makes():
    """Of a row whose toys take half a second; versions of NumPy may draw others, within their errors."""
    script = script_of("build_coverage")
    page = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    assert script.CONCLUSIONS in page
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:2] == "| "][1:]
    assert len(rows) == len(script.ROWS)
    given = next(row for row in script.ROWS if row[1] == "magnetic-moment")
    cells = script.row(*given)
    (known,) = (row for row in rows if row[:5] == cells[:5])
    for one, other in zip(cells[5:], known[5:], strict=True):
        (share, error), (before, _) = (map(float, text.split(" ± ")) for text in (one, other))
        assert abs(share - before) <= 4 * error


@pytest.mark.parametrize(
    "page", [*PAGES, *sorted(DATA_SETS.glob("*.md"))], ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    for target in targets:
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def python_blocks(page):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    assert blocks
    return blocks


def run_block(block, scope):
    for package in ("distributed", "emcee", "iminuit"):
        if re.search(rf"^(import|from) {package}\b", block, flags=re.MULTILINE):
            pytest.importorskip(package)
    exec(block, scope)


BLOCKS = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8").count("```python") for page in PAGES}


@pytest.mark.parametrize(
    ("page", "number"),
    [(page, i) for page, blocks in BLOCKS.items() for i in range(blocks)],
)
def test_python_examples_run_alone(page, number, tmp_path, monkeypatch):
    """Each Python block by itself, as a reader would copy it."""
    monkeypatch.chdir(tmp_path)
    run_block(python_blocks(page)[number], {"__name__": "example"})


def test_loops_are_as_the_page_on_physics_says(argon):
    page = " ".join((ROOT / "docs" / "physics.md").read_text(encoding="utf-8").split())
    events = [argon.predict(name, mass=5.0, coupling=1e-3).signal.sum() for name in ("lmu-ltau", "lmu-ltau-running")]
    assert "`lmu-ltau-running` is this one, for both." in page
    assert f"argon sees {events[0]:.0f} and {events[1]:.0f} events" in page
    falls = []
    for other in ("mu", "tau"):
        loop = Loop({"e": 1, other: -1})
        falls.append(loop(0.0) / loop(40.0**2))
    assert falls[0] == pytest.approx(3, abs=0.1)
    assert f"from 0 to 40 MeV h of `le-lmu` falls to a third, that of `le-ltau` by a factor of {falls[1]:.1f}" in page


def test_commands_of_the_page_on_fits_work(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib").use("agg")
    page = (ROOT / "docs" / "fits.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    commands = re.findall(r"```sh\n(.*?)```", page, flags=re.DOTALL)[0].splitlines()
    assert len(commands) == 6
    for command in commands:
        assert main(shlex.split(command)[1:]) == 0
    assert capsys.readouterr().err == ""
    assert {path.name for path in tmp_path.iterdir()} == {"profile.csv", "contour.pdf", "profile.pdf"}


def test_the_script_of_the_page_on_clusters_works(tmp_path):
    """In processes, in parts, and merged as the page says."""
    block = python_blocks("docs/clusters.md")[0].replace("shards=20", "shards=4").replace('"each": 100', '"each": 5')
    (tmp_path / "mine.py").write_text(block, encoding="utf-8")

    def told(*arguments):
        command = [sys.executable, "mine.py", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    whole = told("1/1", "whole")
    assert re.fullmatch(r"20 toys, p = 0\.\d+\n", whole)
    for k in (1, 2):
        assert told(f"{k}/2", f"toys-{k}").startswith("10 toys")
    folders = [str(tmp_path / f"toys-{k}") for k in (1, 2)]
    assert main(["toys", "merge", *folders, "-o", str(tmp_path / "toys")]) == 0
    assert told() == whole


def test_the_interaction_of_the_page_on_contributing_is_one(argon):
    (block,) = python_blocks("CONTRIBUTING.md")
    scope = {}
    exec(block, scope)
    assert argon.chi2(scope["protophobic"](), mass=10.0, coupling=0.0) == pytest.approx(argon.chi2("sm"), rel=1e-12)
    assert argon.limit(scope["protophobic"](), mass=10.0).lowest[0] < 1e-3


PATH = re.compile(r"`([\w/]+/(?:[\w.]+)?)`")


def test_files_that_the_page_on_contributing_names_are_there():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = {name for name in PATH.findall(page) if "/" in name.rstrip("/") and not name[0].isupper()}
    assert len(named) > 30
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    rooms = page.partition("| ground")[2].partition("Rules")[0].partition("| kernels")[0]
    for name in re.findall(r"`(\w+)/?`", rooms):
        assert (ROOT / "cevns" / name).is_dir() or (ROOT / "cevns" / f"{name}.py").exists(), name


def numbers_of_equations(text):
    """Return the numbers of equations in a text, ranges such as 2.2-2.4 or 2.2 to 2.4 filled."""
    found = set()
    for section, first, other, last in re.findall(r"\b([2-4])\.(\d+)(?:(?:-| to )([2-4])\.(\d+))?", text):
        assert other in ("", section)
        found |= {f"{section}.{i}" for i in range(int(first), int(last or first) + 1)}
    return found


def test_files_that_know_the_kind_of_term_are_those_that_the_page_names():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`(\w+\.pyx)`", page[page.index("Today `Engine`") : page.index("*A published curve.*")])
    found = [p.name for p in ROOT.glob("src_cython/*.pyx") if "term_t" in p.read_text(encoding="utf-8")]
    assert sorted(named) == sorted(found)


@pytest.mark.parametrize("folder", sorted(ROOT.glob("cevns/experiments/coherent_*")), ids=lambda p: p.name)
def test_checksums_are_those_of_the_command_that_the_page_gives(folder):
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    command = re.search(r"\(`(ls [^`]*) > SHA256SUMS`\)", page)[1]
    found = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=True).stdout
    assert found == (folder / "SHA256SUMS").read_text(encoding="utf-8")


def test_counts_of_the_page_on_extending_are_those_of_its_example(csi):
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    nuclei, electrons = re.search(r"# nuclei ([\d.]+), electrons ([\d.]+)", page).groups()
    found = csi.replace(electrons="shells").predict("millicharge", q_mumu=1e-9)
    assert f"{found.signal.sum():.2f}" == nuclei
    assert f"{found.electrons.sum():.1f}" == electrons


def test_equations_are_where_the_page_on_contributing_says():
    """Each named in the docstring of a module of its row."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = page.partition("## Equations")[2].partition("## How")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines() if re.match(r"\| \d", line)]
    assert set().union(*(numbers_of_equations(row[0]) for row in rows)) >= {"2.1", "2.9", "3.3", "4.1"}
    for row in rows:
        modules = [ROOT / name for name in PATH.findall(row[1])]
        docs = [ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) for path in modules]
        assert numbers_of_equations(row[0]) <= set().union(*map(numbers_of_equations, docs)), row[0]
        if numbers_of_equations(row[0]) & {"2.1", "2.9", "3.3", "4.1"}:
            # those that a reader looks for first are named in every file that the row names
            texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in PATH.findall(row[1] + row[2])}
            assert [n for n, t in texts.items() if not numbers_of_equations(row[0]) & numbers_of_equations(t)] == []


def test_the_changelog_knows_this_version():
    page = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[?([\d.]+)", page, flags=re.MULTILINE)[0] == cevns.__version__
    # one place says it: an installation of another version beside this tree has no say
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "cevns.__version__"}
    assert "importlib.metadata" not in (ROOT / "cevns" / "__init__.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["fit", "interval", "profile", "contour", "posterior", "best_fit", "limit", "scan"])
def test_methods_of_likelihoods_tell_their_parameters(name):
    method, function = getattr(cevns.Likelihood, name), getattr(cevns.inference, name)
    taken, needed = inspect.signature(method).parameters, inspect.signature(function).parameters
    assert list(taken)[1:] == list(needed)[1:]
    assert [p.default for p in taken.values()][1:] == [p.default for p in needed.values()][1:]
    assert taken["self"].annotation is inspect.Parameter.empty
    told = inspect.getdoc(method).partition("Parameters\n")[2].partition("Returns\n")[0]
    entries = re.findall(r"^(\S.*?)(?: :|$)", told, re.MULTILINE)
    assert {word.strip("*") for entry in entries for word in entry.split(", ")} >= set(list(taken)[1:])
    assert f"cevns.inference.{name}" in method.__doc__


def test_the_walk_through_a_configuration_works(tmp_path, monkeypatch, capsys):
    """With the files and the commands of the page."""
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    section = page.partition("## A configuration, from tables to a limit\n")[2].partition("\n## ")[0]
    blocks = {kind: re.findall(rf"```{kind}\n(.*?)```", section, flags=re.DOTALL) for kind in ("csv", "toml", "sh")}
    (tmp_path / "mine").mkdir()
    names = ("quenching.csv", "data.csv", "germanium.toml")
    for name, text in zip(names, blocks["csv"] + blocks["toml"], strict=True):
        (tmp_path / "mine" / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    commands = blocks["sh"][0].splitlines()
    assert len(commands) == 2
    for command in commands:
        assert main(shlex.split(command)[1:]) == 0
    assert "is excluded" not in capsys.readouterr().out
    assert load_config("mine/germanium.toml").model.name == "b-l"
