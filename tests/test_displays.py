"""Figures show themselves in notebooks and to pyplot, and files are written whatever display is asked for."""

import base64
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

import cevns
from cevns import plotting
from cevns.bounds import get_bound
from cevns.errors import DataError, InputError
from cevns.figures import registry
from cevns.plotting.pictures import Pictured

PNG = b"\x89PNG"

NOTEBOOKS = """
import json, sys
import nbclient, nbformat

start = "import numpy as np, cevns\\n"
start += "curve = cevns.load('coherent-argon-2020').limit('b-l', mass=np.geomspace(1, 100, 5))"
notebooks = [
    [start, "curve.plot()", "curve", "f = cevns.plotting.file_figure()\\nf.add_subplot()\\nf",
     "import matplotlib.pyplot as plt\\nplt.get_fignums()"],
    ["%matplotlib inline\\nimport matplotlib.pyplot as plt\\n" + start, "curve.plot()",
     "curve.plot().set_title('mine')\\nplt.show()", "curve.plot(plt.figure().add_subplot())", "plt.get_fignums()"],
]
found = []
for cells in notebooks:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    found.append([[output.get("data", {}) for output in cell.outputs] for cell in notebook.cells])
json.dump(found, sys.stdout)
"""


def run(code, folder, **environment):
    names = {name: value for name, value in os.environ.items() if name not in ("MPLBACKEND", "MATPLOTLIBRC")}
    command = [sys.executable, *code] if isinstance(code, list) else [sys.executable, "-c", code]
    return subprocess.run(
        command, env=names | environment, cwd=folder, timeout=120, check=False, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory):
    pytest.importorskip("ipykernel")
    pytest.importorskip("nbclient")
    # a process of its own: the packages of Jupyter may warn
    done = run(NOTEBOOKS, tmp_path_factory.mktemp("notebooks"))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def pictures(outputs):
    return [data["image/png"] for data in outputs if "image/png" in data]


@pytest.mark.parametrize("number", [0, 1])
def test_a_cell_of_a_notebook_shows_one_picture_and_keeps_no_figure(notebooks, number):
    _, *cells, figures = notebooks[number]
    for outputs in cells:
        (picture,) = pictures(outputs)
        assert base64.b64decode(picture).startswith(PNG)
    assert [data["text/plain"] for data in figures] == ["[]"]


@pytest.fixture(scope="module")
def results():
    argon = cevns.load("coherent-argon-2020")
    grid = np.geomspace(1, 100, 5), np.geomspace(1e-5, 1e-3, 5)
    return {
        "limit": argon.limit("b-l", mass=grid[0]),
        "scan": argon.scan("b-l", *grid),
        "prediction": argon.predict("b-l", 10.0, 5e-5),
        "bound": get_bound("b-l", "kloe-2015"),
    }


@pytest.mark.parametrize("name", ["limit", "scan", "prediction", "bound"])
def test_results_are_pictures(results, name):
    bundle = results[name]._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]).startswith(PNG)
    assert results[name]._repr_png_().startswith(PNG)


def test_what_cannot_be_drawn_stays_a_text():
    argon = cevns.load("coherent-argon-2020")
    for result in (argon.limit("b-l", mass=10.0), argon.predict("b-l", 10.0, [1e-5, 2e-5])):
        assert result._repr_png_() is None
        assert result._repr_mimebundle_() == {}


def test_without_matplotlib_results_stay_texts(results, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert results["limit"]._repr_mimebundle_() == {}


def test_the_picture_follows_a_table():
    class Both(Pictured):
        def plot(self, ax):
            return ax

        def _repr_html_(self):
            return "<table></table>"

    html = Both()._repr_mimebundle_()["text/html"]
    assert re.fullmatch(r'<table></table><img alt="[^"]+" src="data:image/png;base64,[A-Za-z0-9+/=]+">', html)


DISPLAY = """
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas
FigureManager = FigureManagerBase
"""
LOOP = """
import threading, warnings
warnings.simplefilter("error")
# what other packages warn each other of, as in pyproject.toml
warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"(matplotlib|pyparsing)(\\.|$)")
import matplotlib.pyplot as plt
import cevns
bound = cevns.bounds.get_bound("b-l", "e774")
for _ in range(40):
    figure = bound.plot().figure
print(len(plt.get_fignums()), plt.fignum_exists(1) and plt.figure(1).axes[0].has_data())
cevns.figures.draw("2a")
print(len(plt.get_fignums()))
plt.close("all")
thread = threading.Thread(target=bound.plot)
thread.start()
thread.join()
print(len(plt.get_fignums()))
"""


@pytest.mark.parametrize(
    ("backend", "shown"),
    # one that shows, one that does not, and one that is not there
    [
        ("module://display", ["20 True", "20", "0"]),
        ("agg", ["0 False", "0", "0"]),
        ("module://no_such_display", ["0 False", "0", "0"]),
    ],
)
def test_pyplot_has_the_figures_that_it_can_show_and_no_more(tmp_path, backend, shown):
    (tmp_path / "display.py").write_text(DISPLAY)
    done = run(LOOP, tmp_path, MPLBACKEND=backend, PYTHONPATH=str(tmp_path))
    assert done.stdout.splitlines() == shown, done.stderr


def test_scripts_do_not_import_pyplot(tmp_path):
    code = (
        "import sys, cevns; cevns.bounds.get_bound('b-l', 'e774').plot(); sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert run(code, tmp_path).returncode == 0


@pytest.fixture(scope="module")
def scan_file(results, tmp_path_factory):
    path = tmp_path_factory.mktemp("scan") / "scan.npz"
    results["scan"].save(path)
    return str(path)


@pytest.mark.parametrize("backend", ["nonsense", "TkAgg"])
def test_commands_write_files_whatever_the_display(tmp_path, scan_file, backend):
    done = run(["-m", "cevns", "plot", scan_file, "-o", "scan.pdf"], tmp_path, MPLBACKEND=backend)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "scan.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (b"text.usetex: True\n", "with LaTeX: .*; install LaTeX or set text.usetex: False"),
        (b"\xff\xfe\x80", "cannot read its settings: .*matplotlibrc"),
        (b"figure.figsize: 0, 0\n", "cannot draw scan.png: Matplotlib says"),
    ],
    ids=["usetex", "binary", "empty"],
)
def test_settings_that_forbid_a_file_are_one_sentence(tmp_path, scan_file, settings, message):
    (tmp_path / "hostile").write_bytes(settings)
    environment = {"MATPLOTLIBRC": str(tmp_path / "hostile"), "PATH": ""}
    done = run(["-m", "cevns", "plot", scan_file, "-o", "scan.png"], tmp_path, **environment)
    assert done.returncode == 2
    assert re.search(f"^cevns: error: .*{message}", done.stderr.splitlines()[-1])
    assert [path.name for path in tmp_path.iterdir()] == ["hostile"]


def test_the_papers_figures_do_not_depend_on_settings(tmp_path, monkeypatch):
    import matplotlib

    monkeypatch.setattr(registry.Paper, "rows", lambda self, analysis, figures: [])
    cevns.figures.reproduce("2a", tmp_path / "usual")
    with matplotlib.rc_context({"text.usetex": True, "font.size": 40, "savefig.bbox": "tight", "pdf.fonttype": 3}):
        cevns.figures.reproduce("2a", tmp_path / "hostile")
    for name in ("figure2a.pdf", "figure2a.png", "figure2a.csv"):
        assert (tmp_path / "usual" / name).read_bytes() == (tmp_path / "hostile" / name).read_bytes()


@pytest.mark.parametrize(
    "label", ["plain", "$^{40}$Ar", r"5\$", "one $", r"$\left(x^{2}\right) \rightarrow y$", "é\n$x$"]
)
def test_labels_that_can_be_set(label):
    assert plotting.checked_label(label) == label


NESTED = "$" + r"\sqrt{" * 40 + "x" + "}" * 40 + "$"


@pytest.mark.parametrize(
    "label", ["$^{40Ar$", r"$\nosuchsymbol$", "$$", "fine\n$x_{$", "\ud800", NESTED, "$" + "{" * 5000 + "$"]
)
def test_labels_that_cannot_be_set_are_refused_before_anything_is_drawn(label):
    ax = plotting.mass_coupling_axes()
    with pytest.raises(InputError, match=r"(?s)label '.*is not a text that Matplotlib can set: .*\\\$ is a dollar"):
        get_bound("b-l", "kloe-2015").plot(ax, label=label)
    assert not ax.lines
    assert not ax.patches


def test_the_label_of_an_experiment_is_refused_by_the_command_in_one_line(argon, tmp_path, capsys):
    from cevns.cli import main

    scan = argon.replace(label=NESTED).scan("b-l", [1.0, 10.0], [1e-5, 1e-3])
    scan.save(tmp_path / "scan.npz")
    assert main(["plot", str(tmp_path / "scan.npz"), "-o", str(tmp_path / "scan.pdf")]) == 2
    message = capsys.readouterr().err
    assert "nested 40 deep" in message
    assert "bug" not in message


def test_titles_that_cannot_be_set_are_named_when_they_are_written(tmp_path):
    figure = plotting.file_figure()
    figure.suptitle("$x_{$")
    with pytest.raises(InputError, match=r"label '\$x_\{\$' is not a text"):
        plotting.save(figure, tmp_path / "a.pdf")
    assert list(tmp_path.iterdir()) == []


def test_what_matplotlib_cannot_draw_is_an_error_of_the_file(tmp_path):
    figure = plotting.file_figure(figsize=(1e9, 1e9))
    with pytest.raises(DataError, match=r"cannot draw .*a\.png: Matplotlib says"):
        plotting.save(figure, tmp_path / "a.png")
