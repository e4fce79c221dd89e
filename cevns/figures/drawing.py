"""Draw the figures of a paper and compare its numbers and statements with ours."""

from __future__ import annotations

import json
from pathlib import Path

from cevns import checks, threads
from cevns.figures import registry
from cevns.figures.registry import DEFAULT
from cevns.figures.styles import style_sheet
from cevns.files import make_folder, write_text
from cevns.plotting import file_figure, import_matplotlib, save

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterable, Sequence
    from typing import Any

    from matplotlib.figure import Figure

    from cevns import _types
    from cevns.figures.analysis import Analysis
    from cevns.figures.panels import Panel

__all__ = ["draw", "reproduce"]

_INCH = 25.4


def reproduce(
    figures: Iterable[str] | None = None,
    output: _types.Path = "figures",
    progress: Any = None,
    *,
    paper: str = DEFAULT,
    num_threads: int = 1,
    quick: bool = False,
) -> dict[str, Any]:
    """Draw figures of a paper and write them with their data and a summary.

    A figure becomes ``figure3.pdf`` and ``figure3.png``, each of its panels a table ``figure3a.csv``; ``summary.json``
    compares the paper's numbers and statements with ours. A file is written whole or not at all. Figures whose names
    are words are files of that name. In a folder that has the summary of another paper it is called
    ``summary-2005.01645.json``, with the number of this one.

    Parameters
    ----------
    figures : str or sequence of str, optional
        Figures (``"3"``) or single panels (``"3a"``); all figures unless given. The summary has the rows of those.
    output : str or path
        Folder; made if it does not exist.
    progress : callable, optional
        Called as ``progress(done, total, what)`` before each step and once at the end.
    paper : str
        arXiv number, ``"2008.05022"`` or ``"2005.01645"``, ``"today"`` for the same with the latest data, or
        ``"feldman-cousins"`` for regions by toys.
    num_threads : int
        Threads over the masses of limits, or processes that draw toys; the numbers do not depend on them.
    quick : bool
        Whether ``"feldman-cousins"`` has few points and toys.

    Returns
    -------
    dict
        ``output`` (folder), ``figures`` (files written, by figure), ``summary`` (rows, see `cevns.figures.rows`) and
        ``file`` (of the summary).

    Raises
    ------
    UnknownNameError
        If there is no such paper or figure.
    InputError
        If something else is to be quick.
    MissingDependencyError
        If Matplotlib is not installed.
    DataError
        If a file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> result = reproduce("1a", output=tempfile.mkdtemp())
    >>> [Path(name).name for name in result["figures"]["1a"]]
    ['figure1a.pdf', 'figure1a.png', 'figure1a.csv']
    >>> result["summary"]  # the paper gives no number of this figure
    []
    """
    names, num_threads = registry.selected(figures, paper), threads.checked(num_threads)
    import_matplotlib("drawing figures")
    output = make_folder(output)
    progress = checks.function("progress", progress) or (lambda done, total, what: None)
    analysis = registry.paper(paper).make_analysis(quick=quick)
    analysis.num_threads = num_threads
    files: dict[str, list[str]] = {}
    captions: dict[str, str] = {}
    for done, name in enumerate(names):
        progress(done, len(names) + 1, f"figure {name}")
        panels = registry.panels(name, analysis, paper)
        captions |= {panel.name: panel.caption for panel in panels}
        files[name] = _write(name, panels, output, paper)
    progress(len(names), len(names) + 1, "summary")
    rows = [row.as_dict() for row in registry.paper(paper).rows(analysis, None if figures is None else names)]
    summary = _summary_file(output, paper)
    result = {"output": str(output), "figures": files, "summary": rows, "file": str(summary)}
    # names without the folder, so that the file does not depend on where it is written
    stored = {
        "figures": {name: [Path(path).name for path in paths] for name, paths in files.items()},
        "captions": captions,
        "summary": rows,
    }
    write_text(summary, json.dumps(stored, indent=2, allow_nan=False) + "\n")
    progress(len(names) + 1, len(names) + 1, "done")
    return result


def _summary_file(output: pathlib.Path, paper: str) -> pathlib.Path:
    """Return where the summary goes: what another paper has written is not written over."""
    path = output / "summary.json"
    if not path.exists():
        return path
    try:
        names = set(json.loads(path.read_text(encoding="utf-8"))["figures"])
    except (OSError, ValueError, KeyError, TypeError):
        names = {""}
    own = registry.paper(paper).figures
    ours = {*own, *(name + ending for name, layout in own.items() for ending in layout.endings)}
    return path if names <= ours else output / f"summary-{paper}.json"


def draw(name: str, analysis: Analysis | None = None, *, paper: str = DEFAULT) -> Figure:
    """Return a figure, or a single panel, as a Matplotlib figure.

    Parameters
    ----------
    name : str
        Figure (``"3"``) or panel (``"3a"``).
    analysis : Analysis, optional
        Of the paper: keeps results for further figures; a new one unless given.
    paper : str
        arXiv number, or ``"today"``.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> [ax.get_title(loc="left") for ax in draw("1").axes]
    ['(a) Ar', '(b) CsI']
    """
    (name,) = registry.selected(name, paper)
    return _drawn(name, registry.panels(name, analysis or registry.paper(paper).make_analysis(), paper), paper)


def _drawn(name: str, panels: Sequence[Panel], paper: str) -> Figure:
    layout = registry.layout(name, paper)
    alone = len(panels) == 1
    width, height = layout.single if alone else layout.size
    columns, heights = (1, None) if alone else (layout.columns, layout.heights)
    with _style():
        figure = file_figure(figsize=(width / _INCH, height / _INCH))
        axes = figure.subplots(len(panels) // columns, columns, squeeze=False, height_ratios=heights)
        for ax, panel in zip(axes.flat, panels, strict=True):
            panel.draw(ax)
            ax.set_title(panel.title if layout.endings == ("",) else f"({panel.name[-1]}) {panel.title}", loc="left")
    return figure


def _write(name: str, panels: Sequence[Panel], output: pathlib.Path, paper: str) -> list[str]:
    figure = _drawn(name, panels, paper)
    about = {
        "Title": f"Figure {name} of arXiv:{paper}, redrawn"
        if name[0].isdigit()
        else f"{name} of {registry.paper(paper).title}",
        "Subject": " ".join(f"({panel.name[-1]}) {panel.caption}." for panel in panels)
        if len(panels) > 1
        else f"{panels[0].caption}.",
    }
    written = []
    with _style():
        # one layout for both files, which also halves the time
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        for suffix in ("pdf", "png"):
            written.append(output / f"{_stem(name)}.{suffix}")
            save(figure, written[-1], metadata=about)
    for panel in panels:
        written.append(output / f"{_stem(panel.name)}.csv")
        write_text(written[-1], panel.csv())
    return [str(path) for path in written]


def _stem(name: str) -> str:
    """Return the name of a figure's files: a number says of itself what it is of."""
    return f"figure{name}" if name[0].isdigit() else name


def _style() -> Any:
    """Return a context with Matplotlib's own settings and those of the figures, whatever a matplotlibrc file says."""
    return import_matplotlib("drawing figures").rc_context(fname=style_sheet())
