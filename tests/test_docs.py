"""The documentation says what the code does."""

import importlib.util
import re
import shlex
from pathlib import Path

import pytest

from cevns.cli import main
from cevns.config import load_config

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("docs/*.md")), ROOT / "README.md"]


def test_the_table_of_limits_is_current():
    spec = importlib.util.spec_from_file_location("build_limits", ROOT / "docs" / "build_limits.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert (ROOT / "docs" / "limits.md").read_text(encoding="utf-8") == script.page(), "run docs/build_limits.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    for target in targets:
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def python_blocks(page):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    assert blocks
    return blocks


def run_block(block, scope):
    for package in ("emcee", "iminuit"):
        if re.search(rf"^(import|from) {package}\b", block, flags=re.MULTILINE):
            pytest.importorskip(package)
    exec(block, scope)


def test_python_examples_run_in_turn(tmp_path, monkeypatch):
    """As a reader of the page would type them, since later ones draw over what earlier ones made."""
    monkeypatch.chdir(tmp_path)
    scope = {}
    for block in python_blocks("docs/limits.md"):
        run_block(block, scope)


@pytest.mark.parametrize(
    ("page", "number"),
    [(page, i) for page in ("README.md", "docs/extending.md") for i in range(len(python_blocks(page)))],
)
def test_python_examples_run_alone(page, number, tmp_path, monkeypatch):
    """Each Python block by itself, as a reader would copy it."""
    monkeypatch.chdir(tmp_path)
    run_block(python_blocks(page)[number], {"__name__": "example"})


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
