"""The pages of the documentation's site that run when it is built: here it is seen that they can."""

import ast
import importlib
import re
import shlex
import tomllib
from pathlib import Path

import pytest

import cevns
from cevns.cli.parser import parse
from cevns.figures.registry import selected

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path for folder in ("", "tutorials", "reproductions") for path in (DOCS / folder).glob("*.md"))
NOTEBOOKS = [path for path in PAGES if path.read_text(encoding="utf-8").startswith("---\nfile_format: mystnb\n")]
#: What the tutorials import and the tests may lack.
OPTIONAL = ("emcee", "iminuit", "matplotlib")


def cells(page):
    """Return the code of the cells of a page, without their options."""
    pattern = r"```\{code-cell\} ipython3\n(?::\w+: .*\n)*(.*?)```"
    return re.findall(pattern, page.read_text(encoding="utf-8"), flags=re.DOTALL)


def name(page):
    return page.relative_to(DOCS).as_posix()


def test_tutorials_and_reproductions_are_pages_that_run():
    tutorials = {page.parent.name: 0 for page in NOTEBOOKS}
    for page in NOTEBOOKS:
        tutorials[page.parent.name] += 1
    assert tutorials["tutorials"] == len(list((DOCS / "tutorials").glob("*.md"))) - 1
    assert tutorials["reproductions"] == len(list((DOCS / "reproductions").glob("*.md"))) - 1


@pytest.mark.parametrize("page", NOTEBOOKS, ids=name)
def test_cells_compile_and_import_what_there_is(page):
    assert cells(page)
    for cell in cells(page):
        tree = ast.parse(cell)
        for node in tree.body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                module = getattr(node, "module", None) or node.names[0].name
                if module.partition(".")[0] in OPTIONAL:
                    pytest.importorskip(module.partition(".")[0])
                exec(compile(ast.Module([node], []), page.name, "exec"), {})


@pytest.mark.parametrize("page", NOTEBOOKS, ids=name)
def test_names_of_cells_are_bound_by_cells_before_them(page):
    """One scope, from the first cell to the last."""
    bound = {*dir(__builtins__), *__builtins__}
    for cell in cells(page):
        tree = ast.parse(cell)
        nodes = list(ast.walk(tree))
        bound |= {a.asname or a.name.partition(".")[0] for n in nodes if hasattr(n, "names") for a in n.names}
        bound |= {n.name for n in nodes if isinstance(n, ast.FunctionDef)}
        bound |= {n.arg for n in nodes if isinstance(n, ast.arg)}
        bound |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        used = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        assert used <= bound, used - bound


def commands(page):
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.findall(r"^(?:\.venv/bin/)?cevns (.*)$", "".join(blocks), flags=re.MULTILINE)


@pytest.mark.parametrize("page", [p for p in PAGES if commands(p)], ids=name)
def test_commands_of_pages_are_ones(page):
    for line in commands(page):
        assert callable(parse(shlex.split(line, comments=True)).run)


def test_pages_are_written_for_what_the_site_knows():
    """Comments that stand for files, and directives, name what is there."""
    for page in DOCS.glob("**/*.md"):
        text = page.read_text(encoding="utf-8")
        for pattern in re.findall(r"^<!-- include: (\S+) -->$", text, flags=re.MULTILINE):
            assert list(ROOT.glob(pattern)), pattern
        for summary in re.findall(r"^```\{summary\} (.*)$", text, flags=re.MULTILINE):
            paper, *figures = summary.split()
            assert selected(figures or None, paper)


def test_figures_of_cells_have_texts():
    """Cells that draw, by what they call."""
    draws = re.compile(r"\.plot\(|\bdraw\(|subplots\(|plot_bounds\(")
    for page in NOTEBOOKS:
        blocks = re.findall(r"```\{code-cell\} ipython3\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for block in blocks:
            assert bool(draws.search(block)) == block.startswith(":alt: "), block


@pytest.fixture
def extension(monkeypatch):
    """Return the modules of the site by name."""
    monkeypatch.syspath_prepend(DOCS)
    monkeypatch.syspath_prepend(DOCS / "_ext")
    return importlib.import_module


@pytest.mark.parametrize("name", cevns.known_interactions())
def test_every_lagrangian_has_a_formula(extension, name):
    written = extension("site_lagrangians").formulas(cevns.get_interaction(name).lagrangian)
    assert written.startswith("$$\n\\mathcal{L} = ")
    # letters of TeX that nothing stands behind are what is left of plain words
    formula = re.sub(r"\\text\{.*?\}|\\[a-zA-Z]+|with|, mixed .*", "", written)
    assert not re.search(r"[a-zA-Z]{3,}", formula), formula


def test_formulas_have_indices_and_charges(extension):
    formulas = extension("site_lagrangians").formulas
    written = formulas("L = -g Z'_m sum_f Q_f fbar gamma^m f, Q = 1/3 (u, d), -3 (mu, nu_mu), mixed with photons")
    assert written.split("\n\n")[0] == "$$\n\\mathcal{L} = - g Z'_{\\mu} \\sum_{f} Q_{f} \\bar f \\gamma^{\\mu} f\n$$"
    assert "- 3 \\;( \\mu , \\nu_{\\mu} )$, mixed with photons." in written
    assert "\\varepsilon_{ab}^{q}" in formulas("L = eps_q_ab nu_b")
    assert formulas("L = d^n F_nm u d") == "$$\n\\mathcal{L} = \\partial^{\\nu} F_{\\nu\\mu} u d\n$$"
    with pytest.raises(KeyError, match="psi"):
        formulas("L = psi")


def test_the_page_of_commands_has_every_command_and_argument(extension):
    page = extension("site_commands").commands()
    assert re.findall(r"^## `cevns (.*)`$", page, flags=re.MULTILINE)[-3:] == [
        *("config template", "config schema", "config validate")
    ]
    assert "| `-o FILE`, `--output FILE` | file to write, ends in .npz (required) |" in page
    assert "| `--free NAME ...` | free parameters (required) |" in page
    usages = re.findall(r"```text\n(.*?)```", page, flags=re.DOTALL)
    assert max(len(line) for usage in usages for line in usage.splitlines()) <= 80


def test_the_site_has_an_extra_of_what_its_configuration_loads():
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"][
        "docs"
    ]
    names = {re.match(r"[\w-]+", entry)[0].replace("-", "_") for entry in extra}
    for module in re.findall(
        r'^    "(\w+)[\w.]*",$', (DOCS / "conf.py").read_text(encoding="utf-8"), flags=re.MULTILINE
    ):
        assert module in names or (DOCS / "_ext" / f"{module}.py").exists(), module
