"""The pages on data sets: every number in a comment is what its line gives, and tables show no other ones of ours."""

import ast
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from loaded import load

import cevns
from cevns.cli import main
from cevns.experiments import registry

FOLDER = Path(__file__).parents[1] / "docs" / "data-sets"
PAGES = sorted(FOLDER.glob("*.md"))
#: A number that is no part of a name.
NUMBER = re.compile(r"(?<![\w.-])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w-]|\.\d)")


def text(page):
    return page.read_text(encoding="utf-8")


def fenced(page, language):
    return re.findall(rf"```{language}\n(.*?)```", text(page), flags=re.DOTALL)


def statements(block):
    """Return the statements of a block with the comments behind them."""
    lines = block.splitlines()
    return [(node, lines[node.end_lineno - 1].partition("  # ")[2]) for node in ast.parse(block).body]


def numbers(comment):
    return NUMBER.findall(re.sub(r"'[^']*'", "", comment.partition(";")[0]))


def flat(value):
    """Return all numbers of a result in their order."""
    if isinstance(value, dict):
        return flat(list(value.values()))
    if isinstance(value, (tuple, list, np.ndarray)):
        return [number for part in value for number in flat(part)]
    return [] if isinstance(value, str) else [float(value)]


def near(shown, value):
    """Whether a number is shown as it is, to its last digit."""
    mantissa, _, exponent = shown.partition("e")
    digit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return value == pytest.approx(float(shown), abs=0.51 * digit, rel=0)


BLOCKS = [(page, i) for page in PAGES for i in range(len(fenced(page, "python")))]


@pytest.fixture(autouse=True)
def loaded(monkeypatch, tmp_path):
    """Blocks and commands take what is loaded already; experiments do not change."""
    monkeypatch.setattr(cevns, "load", load)
    monkeypatch.setattr(cevns.experiments, "load", load)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("page", "number"), BLOCKS, ids=lambda p: getattr(p, "stem", None))
def test_blocks_run_alone_and_give_what_comments_say(page, number):
    scope, told = {"__name__": "example"}, 0
    for node, comment in statements(fenced(page, "python")[number]):
        if isinstance(node, ast.Expr) and numbers(comment):
            found = flat(eval(compile(ast.Expression(node.value), page.name, "eval"), scope))
            shown = numbers(comment)
            assert len(shown) == len(found), (ast.unparse(node), found)
            assert [pair for pair in zip(shown, found, strict=True) if not near(*pair)] == [], ast.unparse(node)
            told += 1
        else:
            exec(compile(ast.Module([node], []), page.name, "exec"), scope)
    assert told


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_columns_of_ours_hold_numbers_of_the_blocks(page):
    told = {n for block in fenced(page, "python") for _, c in statements(block) for n in numbers(c)}
    lines = [line.strip("|").split("|") for line in text(page).splitlines() if line[:1] == "|"]
    rows = [[cell.strip() for cell in cells] for cells in lines]
    ours = []
    for i, cells in enumerate(rows):
        if i + 1 < len(rows) and set("".join(rows[i + 1])) <= set("-: "):
            ours = [k for k, title in enumerate(cells) if re.search(r"\bhere\b", title)]
        else:
            assert {n for k in ours for n in NUMBER.findall(cells[k])} <= told, cells


@pytest.mark.parametrize("page", [p for p in PAGES if "```sh" in text(p)], ids=lambda p: p.stem)
def test_commands_work(page, capsys):
    for command in "".join(fenced(page, "sh")).splitlines():
        words = shlex.split(command, comments=True)
        assert words[0] == "cevns"
        assert main(words[1:]) == 0
        out, err = capsys.readouterr()
        assert (bool(out), err) == (True, "")


def test_every_data_set_has_a_page_that_tells_its_options_and_where_its_files_are():
    assert {page.stem for page in PAGES} == {"README", *cevns.known_experiments()}
    for name in cevns.known_experiments():
        page, module = text(FOLDER / f"{name}.md"), registry._MODULES[name]
        assert [o for o in registry.known_options(name) if f"`{o}`" not in page] == []
        folder = "cevns/experiments/" + module.rpartition(".")[2]
        assert f"(../../{folder}/PROVENANCE.md)" in page
        for reference in load(name).references:
            assert reference in page
        assert f"({name}.md)" in text(FOLDER / "README.md")
