"""Draw the paper's figures and compare its numbers and statements with ours."""

from __future__ import annotations

import json
from pathlib import Path

from cevns import checks
from cevns.figures import registry
from cevns.figures.analysis import Analysis
from cevns.figures.styles import style_sheet
from cevns.figures.summary import summary
from cevns.files import make_folder, write_text
from cevns.plotting import file_figure, import_matplotlib, save

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterable, Sequence
    from typing import Any

    from matplotlib.figure import Figure

    from cevns import _types
    from cevns.figures.panels import Panel

__all__ = ["draw", "reproduce"]

_INCH = 25.4


def reproduce(
    figures: Iterable[str] | None = None, output: _types.Path = "figures", progress: Any = None
) -> dict[str, Any]:
    """Draw figures of arXiv:2008.05022 and write them with their data and a summary.

    A figure becomes ``figure3.pdf`` and ``figure3.png``, each of its panels a table ``figure3a.csv``; ``summary.json``
    compares the paper's numbers and statements with ours. A file is written whole or not at all.

    Parameters
    ----------
    figures : str or sequence of str, optional
        Figures (``"3"``) or single panels (``"3a"``); all five figures unless given. The summary is always complete.
    output : str or path
        Folder; made if it does not exist.
    progress : callable, optional
        Called as ``progress(done, total, what)`` before each step and once at the end.

    Returns
    -------
    dict
        ``output`` (folder), ``figures`` (files written, by figure) and ``summary`` (rows, see `cevns.figures.summary`).

    Raises
    ------
    UnknownNameError
        If there is no such figure.
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
    >>> all(row["met"] for row in result["summary"])
    True
    """
    names = registry.selected(figures)
    import_matplotlib("drawing figures")
    output = make_folder(output)
    progress = checks.function("progress", progress) or (lambda done, total, what: None)
    analysis = Analysis()
    files: dict[str, list[str]] = {}
    captions: dict[str, str] = {}
    for done, name in enumerate(names):
        progress(done, len(names) + 1, f"figure {name}")
        panels = registry.panels(name, analysis)
        captions |= {panel.name: panel.caption for panel in panels}
        files[name] = _write(name, panels, output)
    progress(len(names), len(names) + 1, "summary")
    rows = [row.as_dict() for row in summary(analysis)]
    result = {"output": str(output), "figures": files, "summary": rows}
    # names without the folder, so that the file does not depend on where it is written
    stored = {
        "figures": {name: [Path(path).name for path in paths] for name, paths in files.items()},
        "captions": captions,
        "summary": rows,
    }
    write_text(output / "summary.json", json.dumps(stored, indent=2, allow_nan=False) + "\n")
    progress(len(names) + 1, len(names) + 1, "done")
    return result


def draw(name: str, analysis: Analysis | None = None) -> Figure:
    """Return a figure, or a single panel, as a Matplotlib figure.

    Parameters
    ----------
    name : str
        Figure (``"3"``) or panel (``"3a"``).
    analysis : Analysis, optional
        Keeps limits for further figures; a new one unless given.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> [ax.get_title(loc="left") for ax in draw("1").axes]
    ['(a) Ar', '(b) CsI']
    """
    (name,) = registry.selected(name)
    return _drawn(name, registry.panels(name, analysis or Analysis()))


def _drawn(name: str, panels: Sequence[Panel]) -> Figure:
    layout = registry.layout(name)
    alone = len(panels) == 1
    width, height = layout.single if alone else layout.size
    columns, heights = (1, None) if alone else (layout.columns, layout.heights)
    with _style():
        figure = file_figure(figsize=(width / _INCH, height / _INCH))
        axes = figure.subplots(len(panels) // columns, columns, squeeze=False, height_ratios=heights)
        for ax, panel in zip(axes.flat, panels, strict=True):
            panel.draw(ax)
            ax.set_title(f"({panel.name[-1]}) {panel.title}", loc="left")
    return figure


def _write(name: str, panels: Sequence[Panel], output: pathlib.Path) -> list[str]:
    figure = _drawn(name, panels)
    about = {
        "Title": f"Figure {name} of arXiv:2008.05022, redrawn",
        "Subject": " ".join(f"({panel.name[-1]}) {panel.caption}." for panel in panels),
    }
    written = []
    with _style():
        # one layout for both files, which also halves the time
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        for suffix in ("pdf", "png"):
            written.append(output / f"figure{name}.{suffix}")
            save(figure, written[-1], metadata=about)
    for panel in panels:
        written.append(output / f"figure{panel.name}.csv")
        write_text(written[-1], panel.csv())
    return [str(path) for path in written]


def _style() -> Any:
    """Return a context with Matplotlib's own settings and those of the figures, whatever a matplotlibrc file says."""
    return import_matplotlib("drawing figures").rc_context(fname=style_sheet())
