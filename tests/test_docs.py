"""The documentation says what the code does."""

import importlib.util
import re
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("page", ["README.md", "docs/extending.md", "docs/limits.md"])
def test_python_examples_run(page, tmp_path, monkeypatch):
    """All Python blocks of a page in turn, as a reader would type them."""
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    assert blocks
    scope = {}
    for block in blocks:
        if "import emcee" in block:
            pytest.importorskip("emcee")
        if "import iminuit" in block or "from iminuit" in block:
            pytest.importorskip("iminuit")
        exec(block, scope)
