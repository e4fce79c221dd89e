"""The plan of the house: which rooms may import which, no circles, no long files, and kernels that need nobody."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: What everybody stands on.
GROUND = {
    "arrays",
    "binning",
    "checks",
    "constants",
    "errors",
    "exchange",
    "files",
    "kept",
    "kernels",
    "lazy",
    "parameters",
    "plotting",
    "spread",
    "steps",
    "tables",
    "tabular",
    "threads",
    "units",
    "work",
}
#: Predicts counts, and knows no chi2. Judges counts, and knows no neutrino.
PHYSICS, STATISTICS = {"nuclei", "fluxes", "interactions", "detectors", "predictions"}, {"likelihoods", "inference"}
ANYTHING = GROUND | PHYSICS | STATISTICS | {"experiments", "bounds", "reference", "config", "figures", "explore", "cli"}
#: What each room may import besides itself, anywhere in its code, but for names that only annotations need.
MAY_IMPORT = dict.fromkeys(GROUND, GROUND) | {
    "errors": set(),
    "kernels": {"errors"},
    "reference": {"errors"},
    "nuclei": GROUND,
    "fluxes": GROUND | {"nuclei"},
    "interactions": GROUND | {"nuclei", "fluxes"},
    "detectors": GROUND | {"nuclei"},
    "predictions": GROUND | {"nuclei", "fluxes", "interactions", "detectors"},
    "inference": GROUND,
    "likelihoods": GROUND | {"inference"},
    "experiments": GROUND | PHYSICS | STATISTICS,
    "bounds": GROUND | PHYSICS | STATISTICS,
    "config": ANYTHING,
    "figures": ANYTHING,
    "explore": ANYTHING,
    "cli": ANYTHING,
    "__main__": {"cli"},
    # names for annotations, of which nothing is there when a program runs
    "_types": ANYTHING,
}
#: Rooms of which nothing but the door is imported from outside: what stands inside may change.
CLOSED = {"cevns.predictions"}
#: Rooms whose nouns are drawn in a module of its own; the others of the room know nothing of figures.
DRAWN = PHYSICS | STATISTICS | {"experiments", "bounds"}
#: The one module of the primitives that they import: what lets a noun show itself, and knows no figure.
SHOWN = "cevns.plotting.pictures"
#: Lines of the longest file, and of those that are longer for a reason.
LONGEST = 500
LONGER: dict[str, int] = {}


@dataclass(frozen=True)
class Import:
    """One module that another one imports: when it is imported itself, in a function, or for annotations alone."""

    by: str
    of: str
    when: str

    def __str__(self):
        return f"{self.by} imports {self.of} ({self.when})"


class Package:
    """The modules and imports of a package.

    Parameters
    ----------
    folder : path
        Of the package.
    """

    def __init__(self, folder):
        self.name = folder.name
        self.files = {}
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder.parent).with_suffix("").parts
            self.files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
        self.imports = [i for module, path in self.files.items() for i in self._read(module, path)]

    def room(self, module):
        """Return the room of a module, empty for the package itself."""
        return module.partition(".")[2].partition(".")[0]

    def _read(self, module, path):
        is_package = path.name == "__init__.py"

        def visit(node, when):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, (ast.Import, ast.ImportFrom)):
                    yield from (Import(module, of, when) for of in self._named(child, module, is_package))
                elif isinstance(child, ast.Call) and isinstance(child.args[0] if child.args else None, ast.Constant):
                    name = child.args[0].value
                    if getattr(child.func, "attr", "") == "import_module" and self._is_own(name):
                        yield Import(module, name, when)
                    yield from visit(child, when)
                elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                    for part in child.body:
                        yield from visit(ast.Module([part], []), "types")
                    for part in child.orelse:
                        yield from visit(ast.Module([part], []), when)
                else:
                    inside = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
                    yield from visit(child, "function" if inside and when == "module" else when)

        yield from visit(ast.parse(path.read_text(encoding="utf-8")), "module")

    def _is_own(self, name):
        return isinstance(name, str) and (name == self.name or name.startswith(f"{self.name}."))

    def _named(self, node, module, is_package):
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names if self._is_own(alias.name)]
        base = node.module or ""
        if node.level:
            parts = module.split(".")[: len(module.split(".")) - node.level + is_package]
            base = ".".join([*parts, *([base] if base else [])])
        if not self._is_own(base):
            return []
        # a name may be a module, or something that the module holds, or of the package itself
        own = base == self.name
        names = [a.name for a in node.names if not (own and a.name.startswith("__"))]
        return sorted({f"{base}.{name}" if f"{base}.{name}" in self.files else base for name in names})

    def misfits(self, may_import, closed=(), drawn=()):
        """Return what is wrong with the imports, one line each."""
        found = [
            f"{room!r} is a room that MAY_IMPORT does not know: say what it may import"
            for room in sorted({self.room(module) for module in self.files} - {"", *may_import})
        ]
        for i in self.imports:
            by, of = self.room(i.by), self.room(i.of)
            if i.when != "types" and i.of == self.name and not may_import.get(by, set()) >= ANYTHING:
                found.append(f"{i}: what the package shows at its door is for those who may import anything")
            if i.when == "types" or not by or not of or by == of:
                continue
            if of not in may_import.get(by, {of}):
                found.append(f"{i}: {by} may not import {of}")
            if any(i.of.startswith(f"{door}.") for door in closed):
                found.append(f"{i}: what is behind the door of {of} is not for others")
            if of == "plotting" and by in drawn and "drawing" not in i.by.split(".") and i.of != SHOWN:
                found.append(f"{i}: figures of {by} are drawn in its drawing.py")
        return found

    def circle(self):
        """Return modules each of which imports the next, and the last the first, when they are imported; or nothing."""
        needs = {module: set() for module in self.files}
        for i in self.imports:
            if i.when == "module":
                # a module's packages are imported before it, which is news to those outside of them
                parts = i.of.split(".")
                packages = {".".join(parts[:n]) for n in range(1, len(parts))}
                needs[i.by] |= {p for p in packages | {i.of} if p == i.of or not f"{i.by}.".startswith(f"{p}.")}
        done, path = set(), []

        def visit(module):
            if module in path:
                return path[path.index(module) :]
            if module in done or module not in needs:
                return []
            path.append(module)
            for needed in sorted(needs[module]):
                if needed != module and (found := visit(needed)):
                    return found
            done.add(path.pop())
            return []

        for module in needs:
            if found := visit(module):
                return found
        return []


def kernel_imports(folder):
    """Return what the sources of kernels import of the package, but for other kernels and errors."""
    found = []
    for path in sorted([*folder.rglob("*.pyx"), *folder.rglob("*.pxd"), *folder.rglob("*.pxi")]):
        for line in path.read_text(encoding="utf-8").splitlines():
            for name in re.findall(r"^\s*(?:from|cimport|import)\s+(cevns[\w.]*)", line):
                rest = re.findall(r"\bc?import\s+\(?([\w, ]+)", line)
                names = [f"cevns.{n.strip()}" for n in rest[-1].split(",")] if name == "cevns" and rest else [name]
                found += [f"{path.name}: {n}" for n in names if not re.match(r"cevns\.(kernels|errors)\b", n)]
    return found


def too_long(root, longest, longer=()):
    """Return the sources with too many lines, and how many they have; and those that are in `longer` for nothing."""
    allowed, found = dict(longer), {}
    for path in sorted(p for end in ("py", "pyx", "pxd", "pxi") for p in root.rglob(f"*.{end}")):
        name, lines = path.relative_to(root.parent).as_posix(), path.read_text(encoding="utf-8").count("\n")
        if lines > allowed.get(name, longest) or (name in allowed and lines <= longest):
            found[name] = lines
    return found


# the house


@pytest.fixture(scope="module")
def house():
    return Package(ROOT / "cevns")


def test_the_whole_house_is_read(house):
    assert {"cevns", "cevns.errors", "cevns.predictions.signal"} <= house.files.keys()
    assert Import("cevns.likelihoods", "cevns.likelihoods.data", "module") in house.imports
    assert Import("cevns.predictions.signal", "cevns.checks", "module") in house.imports
    assert {i.when for i in house.imports} == {"module", "function", "types"}


def test_rooms_import_what_they_may(house):
    assert house.misfits(MAY_IMPORT, CLOSED, DRAWN) == []


def test_every_rule_is_for_a_room_that_is_there(house):
    assert MAY_IMPORT.keys() == {house.room(module) for module in house.files} - {""}
    assert {door for door in CLOSED if door not in house.files} == set()
    assert LONGER.keys() <= {path.relative_to(ROOT).as_posix() for path in ROOT.glob("src_cython/*")}


def test_the_page_names_the_rooms_of_the_ground():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    row = page.partition("| ground | ")[2].partition("\n")[0]
    assert set(re.findall(r"`(\w+)/?`", row)) == GROUND - {"kernels"}


def test_no_imports_go_round_in_a_circle(house):
    assert house.circle() == []


def test_kernels_import_nothing_but_errors():
    assert kernel_imports(ROOT / "src_cython") + kernel_imports(ROOT / "cevns") == []


@pytest.mark.parametrize("folder", ["cevns", "src_cython", "tests", "benchmarks"])
def test_no_file_is_too_long(folder):
    assert too_long(ROOT / folder, LONGEST, LONGER) == {}


# the inspector


@pytest.fixture
def made_up(tmp_path):
    """Build a package of modules that hold some lines: ``room__module``, or ``room__door`` for its __init__."""

    def build(**modules):
        for name, lines in modules.items():
            path = tmp_path.joinpath("cevns", *name.split("__")).with_suffix(".py")
            path = path.with_stem("__init__") if path.stem == "door" else path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(lines + "\n", encoding="utf-8")
        for folder in (tmp_path / "cevns", *(tmp_path / "cevns").iterdir()):
            if folder.is_dir():
                (folder / "__init__.py").touch()
        return Package(tmp_path / "cevns")

    return build


RULES = {"errors": set(), "fluxes": {"errors"}, "cli": {"errors", "fluxes", "plotting"}, "plotting": set()}


@pytest.mark.parametrize(
    "line",
    [
        "import cevns.cli",
        "import cevns.cli.parser as parser",
        "from cevns import cli",
        "from cevns.cli import parser",
        "from .. import cli",
        "from ..cli.parser import parse",
        "def f():\n    from cevns.cli import main",
        "class A:\n    def f(self):\n        import cevns.cli",
        "try:\n    from cevns import cli\nexcept ImportError:\n    pass",
        "import importlib\nimportlib.import_module('cevns.cli')",
        "if TYPE_CHECKING:\n    pass\nelse:\n    import cevns.cli",
    ],
)
def test_an_import_that_is_not_allowed_is_found(made_up, line):
    package = made_up(cli__parser="", fluxes__flux=line)
    (misfit,) = package.misfits(RULES)
    assert misfit.startswith("cevns.fluxes.flux imports cevns.cli")
    assert misfit.endswith("fluxes may not import cli")


@pytest.mark.parametrize(
    "line",
    [
        "import numpy, cevns_of_others",
        "from cevns import errors",
        "from cevns.errors import CevnsError",
        "from . import tables",
        "from cevns.fluxes.tables import x",
        "if TYPE_CHECKING:\n    from cevns.cli import main",
        "if typing.TYPE_CHECKING:\n    from cevns.cli import main",
        "from cevns import __version__",
        "text = 'import cevns.cli'",
    ],
)
def test_other_imports_are_not(made_up, line):
    assert made_up(errors="", cli__parser="", fluxes__tables="", fluxes__flux=line).misfits(RULES) == []


@pytest.mark.parametrize("line", ["from cevns import load", "def f():\n    from .. import Flux", "import cevns"])
def test_the_door_of_the_package_is_for_few(made_up, line):
    (misfit,) = made_up(errors="", fluxes__flux=line).misfits(RULES)
    assert misfit.startswith("cevns.fluxes.flux imports cevns ")
    assert "at its door" in misfit
    assert made_up(fluxes__other="", cli__main=line).misfits(RULES | {"fluxes": ANYTHING, "cli": ANYTHING}) == []


def test_a_room_without_rules_is_found(made_up):
    (misfit,) = made_up(errors="", attic="").misfits(RULES)
    assert "'attic' is a room" in misfit


def test_doors_and_drawings_are_watched(made_up):
    package = made_up(
        plotting="",
        fluxes__flux="def plot():\n    from cevns.plotting import save",
        fluxes__drawing="from cevns.plotting import save",
        cli__main="from cevns import plotting\nfrom cevns.fluxes import Flux\nfrom cevns.fluxes.flux import Flux",
    )
    rules = RULES | {"fluxes": {"plotting"}}
    assert [m.partition(":")[0] for m in package.misfits(rules, {"cevns.fluxes"}, {"fluxes"})] == [
        "cevns.cli.main imports cevns.fluxes.flux (module)",
        "cevns.fluxes.flux imports cevns.plotting (function)",
    ]


def test_circles_are_found(made_up):
    a = made_up(
        fluxes__flux="from cevns.errors import X",
        errors="import cevns.cli.parser",
        cli__parser="import cevns.fluxes.flux",
    )
    assert sorted(a.circle()) == ["cevns.cli.parser", "cevns.errors", "cevns.fluxes.flux"]


def test_a_room_that_imports_its_own_door_goes_round_in_a_circle(made_up):
    package = made_up(fluxes__door="from cevns.fluxes.flux import Flux", fluxes__flux="from cevns.fluxes import x")
    assert sorted(package.circle()) == ["cevns.fluxes", "cevns.fluxes.flux"]


def test_doors_of_other_rooms_belong_to_circles(made_up):
    package = made_up(
        fluxes__door="from cevns.fluxes.flux import Flux",
        fluxes__flux="from cevns.cli.parser import parse",
        fluxes__tables="",
        cli__parser="from cevns.fluxes.tables import x",
    )
    assert sorted(package.circle()) == ["cevns.cli.parser", "cevns.fluxes", "cevns.fluxes.flux"]


def test_imports_in_functions_and_for_annotations_make_no_circle(made_up):
    later = "def f():\n    import cevns.fluxes\nif TYPE_CHECKING:\n    import cevns.fluxes"
    package = made_up(errors=later, fluxes__flux="import cevns.errors", fluxes__door="import cevns.fluxes.flux")
    assert package.circle() == []


def test_kernels_that_import_others_are_found(tmp_path):
    (tmp_path / "good.pyx").write_text(
        "from cevns.kernels.fluxes cimport spectrum_t\nfrom cevns.errors import InputError\nimport numpy\n"
        "from cevns cimport kernels\n# from cevns.checks import real\n"
    )
    assert kernel_imports(tmp_path) == []
    (tmp_path / "bad.pyx").write_text("from cevns import checks\nfrom cevns.arrays import unique\n")
    (tmp_path / "bad.pxd").write_text("    cimport cevns.fluxes\n")
    assert kernel_imports(tmp_path) == ["bad.pxd: cevns.fluxes", "bad.pyx: cevns.checks", "bad.pyx: cevns.arrays"]


def test_long_files_are_found(tmp_path):
    (tmp_path / "short.py").write_text("\n" * 3)
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "long.pyx").write_text("\n" * 4)
    long = f"{tmp_path.name}/inside/long.pyx"
    assert too_long(tmp_path, 3) == {long: 4}
    assert too_long(tmp_path, 3, {long: 4}) == {}
    assert too_long(tmp_path, 2, {long: 3}) == {f"{tmp_path.name}/short.py": 3, long: 4}
    # an exception that is no longer needed
    assert too_long(tmp_path, 4, {long: 9}) == {long: 4}
