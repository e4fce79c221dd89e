"""Figures: how they are made, shown and written, whatever display the environment asks for."""

from __future__ import annotations

import contextlib
import functools
import inspect
import io
import logging
import os
import re
import sys
import threading
import traceback

from cevns import checks
from cevns.errors import CevnsError, DataError, InputError
from cevns.files import atomic_path, checked_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import ModuleType
    from typing import Any, ParamSpec, TypeVar

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cevns import _types

    Options = ParamSpec("Options")
    Drawn = TypeVar("Drawn")

__all__ = [
    "checked_label",
    "draws",
    "file_axes",
    "file_figure",
    "import_matplotlib",
    "is_empty",
    "label_or_none",
    "listed",
    "new_figure",
    "png",
    "save",
]

#: Backends of Matplotlib that never show anything.
_SILENT = frozenset(("agg", "cairo", "pdf", "pgf", "ps", "svg", "template"))
#: Nested groups in a label; Matplotlib's parser recurses and fails from 22 on, sooner the deeper its caller stands.
_DEEPEST_LABEL = 10
_GROUPS = re.compile(r"\\[{}]|(?P<open>\{|\\left(?![A-Za-z]))|(?P<close>\}|\\right(?![A-Za-z]))")


def import_matplotlib(purpose: str = "plotting") -> ModuleType:
    """Return Matplotlib, imported even where ``MPLBACKEND`` names a display backend that is not there.

    Jupyter sets that variable for every program that it starts, and Matplotlib refuses to be imported if it cannot find
    the backend, although no display is needed for files.

    Raises
    ------
    MissingDependencyError
        If Matplotlib is not installed.
    InputError
        If its settings file cannot be read.

    Examples
    --------
    >>> import_matplotlib().__name__
    'matplotlib'
    """
    if sys.modules.get("matplotlib") is not None:
        return sys.modules["matplotlib"]
    # nothing but this variable decides, and only while Matplotlib is imported for the first time
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        matplotlib = checks.optional_module("matplotlib", purpose)
    except (OSError, ValueError) as error:
        raise InputError(
            f"Matplotlib cannot read its settings: {_first_line(error)}; correct or remove the matplotlibrc file that "
            "MATPLOTLIBRC, the current folder or the configuration folder holds"
        ) from error
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    if backend:
        # what Matplotlib does itself, except that an unknown name is left out
        with contextlib.suppress(ValueError):
            matplotlib.rcParams["backend"] = backend
    return matplotlib


def new_figure(**options: Any) -> Figure:
    """Return a Matplotlib figure with a constrained layout that is shown where figures are shown.

    In the kernel of a notebook, or if pyplot is imported with a backend that displays, it is a figure of pyplot: the
    end of the cell or ``plt.show()`` shows it, and ``plt.close`` or the cell's end releases it. At most
    ``rcParams["figure.max_open_warning"]`` figures are handed to pyplot at a time, so that a loop fills no memory.
    Otherwise it is as from `file_figure`.

    Parameters
    ----------
    **options
        Of `matplotlib.figure.Figure`, for example ``figsize`` in inches.

    Raises
    ------
    MissingDependencyError
        If Matplotlib is not installed.

    Examples
    --------
    >>> new_figure(figsize=(4, 3)).get_size_inches()
    array([4., 3.])
    """
    pyplot = _pyplot_that_shows(import_matplotlib())
    if pyplot is not None:
        # the toolkit of the backend may be missing, or its display
        with contextlib.suppress(ImportError):
            figure: Figure = pyplot.figure(**({"layout": "constrained"} | options))
            return figure
    return file_figure(**options)


def draws(function: Callable[Options, Drawn]) -> Callable[Options, Drawn]:
    """Return a plot function that checks its axes and options, and says in one sentence what Matplotlib cannot draw.

    Its first parameter is what is drawn, and it has one called ``ax``.
    """
    signature = inspect.signature(function)
    first = next(iter(signature.parameters))

    @functools.wraps(function)
    def checked(*args: Options.args, **kwargs: Options.kwargs) -> Drawn:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            others = ", ".join(name for name in signature.parameters if name != first)
            raise InputError(
                f"{function.__name__}: {error}; what is drawn comes first, and it takes {others}"
            ) from None
        ax = given.get("ax")
        if ax is not None:
            _check_axes(ax)
        try:
            return function(*args, **kwargs)
        except (CevnsError, OSError, MemoryError):
            raise
        except Exception as error:
            if not _of_matplotlib(error):
                raise
            options = {name: value for name, value in given.items() if name not in (first, "ax")}
            options |= options.pop("options", {})
            # what FreeType raises is not about an option
            if not options or isinstance(error, RuntimeError):
                raise DataError(
                    f"cannot draw: Matplotlib says {_first_line(error)}; a matplotlibrc file may ask for it"
                ) from error
            shown = ", ".join(f"{name}={checks.shown(value)}" for name, value in options.items())
            raise InputError(f"cannot draw with {shown}: Matplotlib says {_first_line(error)}; correct it") from error

    return checked


def _check_axes(ax: object) -> None:
    import_matplotlib()
    from matplotlib.axes import Axes

    plane: Axes = checks.instance("ax", ax, Axes, "for example one of figure.subplots()")
    # in three dimensions the plane below is as any other
    if hasattr(plane, "zaxis") or not plane.transData.is_separable:
        raise InputError(
            f"ax must be plane axes with x and y at right angles, got those of the projection {plane.name!r}: make "
            "them without projection=, for example with figure.subplots()"
        )


def _of_matplotlib(error: Exception) -> bool:
    """Return whether an error was raised while Matplotlib was at work."""
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_globals.get("__name__", "").partition(".")[0] == "matplotlib" for frame, _ in frames)


def file_figure(**options: Any) -> Figure:
    """Return a Matplotlib figure with a constrained layout for files: pyplot and displays know nothing of it.

    Parameters
    ----------
    **options
        Of `matplotlib.figure.Figure`.

    Examples
    --------
    >>> import sys
    >>> figure = file_figure(figsize=(4, 3))
    >>> ax = figure.add_subplot()
    """
    import_matplotlib()
    from cevns.plotting.figures import Figure

    return Figure(**({"layout": "constrained"} | options))


def file_axes(**options: Any) -> Axes:
    """Return the axes of a new figure for files, or say in one sentence why Matplotlib cannot make them.

    Parameters
    ----------
    **options
        As of `file_figure`.

    Raises
    ------
    DataError
        If a setting of Matplotlib keeps it from making them.

    Examples
    --------
    >>> ax = file_axes(figsize=(4, 3))
    """
    figure = file_figure(**options)
    with _drawing(figure, "axes"):
        return figure.add_subplot()


def png(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG file.

    Examples
    --------
    >>> png(file_figure(figsize=(2, 1)))[1:4]
    b'PNG'
    """
    content = io.BytesIO()
    with _drawing(figure, "the figure"):
        figure.savefig(content, format="png")
    return content.getvalue()


def save(
    figure: Axes | Figure | Sequence[Axes], path: _types.Path, *, metadata: Mapping[str, Any] | None = None
) -> None:
    """Write a figure to a file, whole or not at all; the suffix gives the format.

    The same figure gives the same bytes: no date is written.

    Parameters
    ----------
    figure : matplotlib.figure.Figure, matplotlib.axes.Axes or sequence of matplotlib.axes.Axes
        What is written; of axes, the whole figure that they belong to, which is one.
    path : str or path
        File name that ends in ``.pdf``, ``.png``, ``.svg`` or another format of Matplotlib.
    metadata : dict, optional
        Of the PDF: ``Title``, ``Subject`` and the like.

    Raises
    ------
    InputError
        If the suffix is not a format that Matplotlib writes, `figure` is something else, axes belong to different
        figures, or Matplotlib cannot set a label.
    DataError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "empty.pdf"
    >>> save(file_figure(figsize=(2, 1)), path)
    >>> path.read_bytes()[:4]
    b'%PDF'
    """
    figure = _figure_of(figure)
    path = checked_path(path)
    formats = figure.canvas.get_supported_filetypes()
    kind = path.suffix[1:].lower()
    if kind not in formats:
        known = ", ".join(sorted(formats))
        raise InputError(f"path {path} has the suffix {path.suffix!r}, which is not among: {known}")
    undated: dict[str, dict[str, Any]] = {"pdf": {"CreationDate": None}, "ps": {}, "eps": {}, "svg": {"Date": None}}
    about = undated.get(kind, {}) | (dict(metadata or {}) if kind == "pdf" else {})
    with atomic_path(path) as temporary, _drawing(figure, path), _without_font_remarks():
        # not into the file, which Matplotlib does not close if the disk is full
        content = io.BytesIO()
        figure.savefig(content, format=kind, metadata=about)
        temporary.write_bytes(content.getvalue())


def is_empty(ax: Axes | None) -> bool:
    """Return whether axes are new ones, or have neither data nor logarithmic scales yet."""
    return ax is None or not (ax.has_data() or ax.get_xscale() == "log")


def checked_label(text: str) -> str:
    r"""Return a text that Matplotlib can set, or say what is wrong with it before anything is drawn.

    Parameters
    ----------
    text : str
        Plain text with mathematics between dollar signs; ``\$`` is a dollar.

    Raises
    ------
    InputError
        If mathtext cannot parse it, or groups are nested more than 10 deep.

    Examples
    --------
    >>> checked_label("$^{40}$Ar")
    '$^{40}$Ar'
    >>> checked_label("$^{40Ar$")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    cevns.errors.InputError: label '$^{40Ar$' is not a text that Matplotlib can set: ...
    """
    matplotlib = import_matplotlib()
    text = str(text)
    # LaTeX knows more than mathtext, and says itself what it does not know
    settings = matplotlib.rcParams
    problem = _problem(text, mathematics=settings["text.parse_math"] and not settings["text.usetex"])
    if problem:
        raise _label_error(text, problem)
    return text


def label_or_none(text: str | None) -> str | None:
    """Return the label that a plot function was given, checked; an empty one stays empty.

    Raises
    ------
    InputError
        If it is no text, or none that Matplotlib can set.
    """
    return checked_label(checks.instance("label", text, str)) if text else ""


def listed(name: str, things: Any, kind: type | tuple[type, ...]) -> list[Any]:
    """Return one thing or several as a list, of the kinds that can be drawn.

    Raises
    ------
    InputError
        If they are of another kind.
    """
    return [things] if isinstance(things, kind) else list(checks.sequence(name, things, kind))


def _figure_of(figure: Any) -> Figure:
    """Return the outermost figure of axes, of a figure within a figure, or of a figure."""
    import_matplotlib()
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

    # data in several axes are drawn on one each
    parts = figure if isinstance(figure, (tuple, list)) else getattr(figure, "flat", ())
    if len(parts):
        figures = {id(found): found for found in map(_figure_of, parts)}
        if len(figures) > 1:
            raise InputError(f"figure has axes of {len(figures)} figures, but a file holds one: save them one by one")
        return next(iter(figures.values()))
    checks.instance("figure", figure, (FigureBase, Axes), "a plot function returns axes, which are one of them")
    # a figure is its own figure
    while figure.figure is not figure:
        figure = figure.figure
    outermost: Figure = figure
    return outermost


def _pyplot_that_shows(matplotlib: ModuleType) -> ModuleType | None:
    """Return pyplot if a figure of it will be seen, else None."""
    imported = sys.modules.get("matplotlib.pyplot")
    if imported is None and not _in_kernel():
        return None
    if threading.current_thread() is not threading.main_thread():
        return None
    from matplotlib import pyplot

    if matplotlib.get_backend().lower() in _SILENT:
        return None
    most = matplotlib.rcParams["figure.max_open_warning"]
    return pyplot if most < 1 or len(pyplot.get_fignums()) < most else None


def _in_kernel() -> bool:
    """Return whether this is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


@contextlib.contextmanager
def _drawing(figure: Figure, what: object) -> Iterator[None]:
    """Turn what Matplotlib raises while it draws into one sentence."""
    try:
        yield
    except (CevnsError, OSError, MemoryError):
        raise
    except Exception as error:
        raise _drawing_error(figure, what, error) from error


def _drawing_error(figure: Figure, what: object, error: Exception) -> CevnsError:
    from matplotlib import rcParams
    from matplotlib.text import Text

    if rcParams["text.usetex"]:
        return InputError(
            f"cannot draw {what} with LaTeX: {_first_line(error)}; install LaTeX or set text.usetex: False in the "
            "matplotlibrc file"
        )
    for text in dict.fromkeys(artist.get_text() for artist in figure.findobj(Text)):
        problem = _problem(text)
        if problem:
            return _label_error(text, problem)
    return DataError(f"cannot draw {what}: Matplotlib says {_first_line(error)}; a matplotlibrc file may ask for it")


def _problem(text: str, mathematics: bool = True) -> str:
    """Return what keeps Matplotlib from setting a text, or an empty string."""
    from matplotlib.cbook import is_math_text
    from matplotlib.font_manager import FontProperties

    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "it holds a lone surrogate, which is half a character"
    # Matplotlib decides line by line whether there is any mathematics
    for line in text.split("\n") if mathematics else ():
        if not is_math_text(line):
            continue
        if _depth(line) > _DEEPEST_LABEL:
            return f"its groups are nested {_depth(line)} deep, at most {_DEEPEST_LABEL} are possible"
        try:
            _mathtext().parse(line, prop=FontProperties(size=10))
        except (ValueError, RecursionError) as error:
            return " ".join(str(error).split())
    return ""


@functools.cache
def _mathtext() -> Any:
    from matplotlib.mathtext import MathTextParser

    return MathTextParser("path")


def _depth(text: str) -> int:
    r"""Return how deep groups are nested: braces, and what stands between ``\left`` and ``\right``."""
    depth = deepest = 0
    for mark in _GROUPS.finditer(text):
        depth += (mark["open"] is not None) - (mark["close"] is not None)
        deepest = max(deepest, depth)
    return deepest


def _label_error(text: str, problem: object) -> InputError:
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    return InputError(
        f"label {shown!r} is not a text that Matplotlib can set: {problem}; correct it: mathematics stands between "
        r"dollar signs, and \$ is a dollar"
    )


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


@contextlib.contextmanager
def _without_font_remarks() -> Iterator[None]:
    """Keep fontTools from remarking on the time stamps of Matplotlib's own fonts when it embeds them."""
    logger = logging.getLogger("fontTools")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
