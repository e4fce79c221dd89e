"""One view: the widgets and pictures of a tab, and what happens when something is moved."""

from __future__ import annotations

import contextlib
import functools
from collections import deque
from html import escape
from typing import TYPE_CHECKING, Any

from bokeh.events import DocumentReady
from bokeh.models import Column, CustomJS, Div

from cevns.errors import CevnsError
from cevns.explore.exports import KINDS, PANELS
from cevns.explore.numbers import axes_of
from cevns.explore.page.controls import Choice, Nuisances, Values, styled
from cevns.explore.page.looks import look
from cevns.explore.page.panels import Pulls, Spectrum, Through
from cevns.explore.page.plane import Plane
from cevns.explore.page.template import PAGE, TITLE
from cevns.explore.runner import Runner
from cevns.explore.spans import rounded
from cevns.explore.texts import command_line, python_lines, rows, verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from cevns.explore.numbers import Line, Point, Setting
    from cevns.explore.regions import Region
    from cevns.explore.runner import Known, Lines
    from cevns.explore.sources import Source
    from cevns.explore.state import State
    from cevns.explore.workers import Regions
    from cevns.inference import Limit

__all__ = ["View"]

#: Milliseconds after which a page says that it computes, and after which the address follows a slider.
PATIENCE, FOLLOWS = 300, 250
#: Spectra that a first screen may show.
AT_ONCE = 3
#: The address cannot be changed but from the page; this is all that the page is told to run.
ADDRESS = "history.replaceState(null, '', '?' + cb_obj.tags[0])"


class View:
    """The widgets and pictures of a tab; what a screen shows first is made at once, the rest when that is drawn.

    Parameters
    ----------
    source : Source
        Data sets and interactions.
    regions : Regions
        Of all views.
    state : State
        What is shown first.
    theme : str
        Colours.
    problem : str
        What was wrong with the address.
    first : Known, optional
        The numbers of the state, if they are known.
    """

    def __init__(
        self,
        source: Source,
        regions: Regions,
        state: State,
        theme: str,
        problem: str = "",
        first: Known | None = None,
    ) -> None:
        self._document: Any = None
        self._source, self._regions, self._state, self._look = source, regions, state, look(theme)
        self._theme, self._moving, self._problem = theme, "", problem
        self._number, self._shown = 0, 0
        self._point: Point | None = None
        self._region: Region | None = None
        self._limit: Limit | None = None
        self._found: dict[str, Line] = {}
        self._key: tuple[Any, ...] = ()
        self._plane: Plane | None = None
        self._through: dict[str, Through] = {}
        self._spectra: list[tuple[str, Spectrum]] = []
        self._pulls: Pulls | None = None
        self._following, self._drawn = False, False
        self._posted: deque[tuple[str, int, Any]] = deque()
        self.choice = Choice(source, self._change)
        self.values = Values("values", self._move, self._refuse, "The standard model has none of its own.")
        self.more = Values("more", self._move, self._refuse)
        self.nuisances = Nuisances(self._change, self._refuse)
        texts = ("switch", "said", "numbers", "take")
        self.switch, self.said, self.numbers, self.take = (
            styled(Div, text="", name=name, disable_math=True, **({"sizing_mode": None} if name == "switch" else {}))
            for name in texts
        )
        self._panels = [Column(Div(text="…"), name=name, sizing_mode="stretch_width") for name in PANELS]
        self.plane, self.lines, self.spectra, self.pulls = self._panels
        # as many beside each other as fit
        self.spectra.styles = {"flex-direction": "row", "flex-wrap": "wrap", "gap": "8px"}
        self.take.js_on_change("tags", CustomJS(code=ADDRESS))
        self.choice.show(state, None)
        self._say(problem)
        if first is not None:
            self._receive_point(first.point, 0)
            self._receive_lines(first.lines)
            if first.region is not None:
                self._receive_region(first.region)

    def show(self, document: Any) -> None:
        """Fill the document of a session, and compute what is not known yet."""
        self._document = document
        document.title = TITLE
        document.template = PAGE
        document.template_variables["theme"] = self._theme
        document.template_variables["look"] = self._look
        document.template_variables["by_hand"] = self._state.pulls is not None
        controls = (self.choice.root, self.values.root, self.more.root, self.nuisances.root)
        texts_and_panels = (self.switch, self.said, self.numbers, self.take, *self._panels)
        with document.models.freeze():
            for root in (*controls, *texts_and_panels):
                document.add_root(root)
        document.on_event(DocumentReady, lambda _: self._complete())
        self._runner = Runner(self._source, self._regions, self._post)
        document.on_session_destroyed(lambda _: self._runner.end())
        self._ask()

    def _complete(self) -> None:
        """Make what lies below the first screen, or is folded up."""
        if not self._drawn:
            self._drawn = True
            if self._point is not None:
                self._show_rest(self._point)

    # --- from the page ----------------------------------------------------------------------------------------------

    def _change(self, change: Callable[[State], State], moving: str = "") -> None:
        try:
            state = change(self._state)
        except (CevnsError, ValueError) as error:
            self._refuse(str(error))
            return
        self._state, self._moving, self._problem = state, moving, ""
        self._ask()

    def _move(self, name: str, value: float | None) -> None:
        self._change(lambda state: state.with_value(name, value), name)

    def _tap(self, x: float | None, y: float | None) -> None:
        of = None if self._point is None else self._point.setting
        if of is None or not of.x or not all(isinstance(v, (int, float)) for v in (x, y)):
            return
        values = {name: rounded(float(v)) for name, v in ((of.x, x), (of.y, y)) if v is not None}
        self._change(lambda state: state.replace(values={**state.values, **values}))

    def _refuse(self, sentence: str) -> None:
        self._say(sentence)

    def _ask(self) -> None:
        self._number = self._runner.ask(self._state)
        self._document.add_timeout_callback(functools.partial(self._wait, self._number), PATIENCE)
        if not self._following:
            self._following = True
            self._document.add_timeout_callback(self._follow, FOLLOWS)

    def _follow(self) -> None:
        """Let the address say what is shown, when a slider rests."""
        self._following = False
        if self._shown < self._number:
            return
        self.take.tags = [self._state.query()]
        self._show_texts()

    def _wait(self, number: int) -> None:
        if self._shown < number == self._number:
            self._say("computing …", calm=True)

    # --- from the runner ---------------------------------------------------------------------------------------------

    def _post(self, kind: str, number: int, what: Any) -> None:
        # callbacks that come before the session is there are called in any order
        self._posted.append((kind, number, what))
        # a session that has ended takes nothing any more
        with contextlib.suppress(Exception):
            self._document.add_next_tick_callback(self._receive_all)

    def _receive_all(self) -> None:
        while self._posted:
            self._receive(*self._posted.popleft())

    def _receive(self, kind: str, number: int, what: Any) -> None:
        if kind == "region":
            self._receive_region(what)
        elif number == self._number:
            if kind == "point":
                self._receive_point(what, number)
            elif kind == "lines":
                self._receive_lines(what)
        if kind == "error":
            self._shown = max(self._shown, number)
            self._say(what)

    def _receive_point(self, point: Point, number: int) -> None:
        of = point.setting
        # values that were left open are known now; what was asked for stays
        self._state = of.state.replace(x=self._state.x, y=self._state.y)
        self._point, self._shown = point, number
        if self._key != _key(of):
            self._build(point)
            self._key = _key(of)
        self._limit = None if self._limit is None or not self._at_mass() else self._limit
        # first what is looked at first: each change is a message of its own
        self._show_numbers()
        self._say(self._problem)
        if self._plane is not None:
            self._plane.show_point(of)
            self._plane.show_others(of.model.name if self._state.others else "")
        self.choice.show(self._state, of)
        self.choice.about.text = escape(of.model.description)
        self.values.build(span for span in of.spans.values() if span.own)
        self.values.show(of.values, self._moving)
        self.nuisances.show(point, self._moving)
        for name, spectrum in self._spectra:
            spectrum.show(point.predictions[name], point.standard_predictions[name])
        if self._drawn:
            self._show_rest(point)
        if not self._following:
            self._follow()

    def _show_rest(self, point: Point) -> None:
        of = point.setting
        self.more.build(span for span in of.spans.values() if not span.own)
        self.more.show(of.values, self._moving)
        self._add_spectra(point)
        if self._pulls is None:
            self._pulls = Pulls(point, self._look)
            self._pulls.show(point)
            self.pulls.children = [self._pulls.figure]
        self._pulls.show(point)

    def _at_mass(self) -> bool:
        """Return whether the limit at one mass is that of the point's."""
        of, limit = self._point.setting, self._limit  # type: ignore[union-attr]
        return bool(limit.mass is not None and limit.mass[0] == of.values.get(of.x))  # type: ignore[union-attr]

    def _receive_lines(self, found: Lines) -> None:
        if self._point is None:
            return
        self._limit, self._found = found.limit, found.lines
        self._show_lines()
        self._show_numbers()

    def _show_lines(self) -> None:
        if self._point is not None:
            for name, line in self._found.items():
                self._through[name].show(line, self._point, self._region)

    def _receive_region(self, region: Region | None) -> None:
        if region is not None and self._key[0:2] != (region.question.experiments, region.question.model):
            return
        self._region = region
        if self._plane is not None and (region is None or (region.question.x, region.question.y) == self._key[2:]):
            self._plane.show_region(region)
        self._show_lines()
        self._show_numbers()
        self._show_texts()

    # --- what is shown -----------------------------------------------------------------------------------------------

    def _build(self, point: Point) -> None:
        """Make the pictures of other data, another interaction or another plane."""
        of = point.setting
        self._region, self._limit, self._found = None, None, {}
        self._plane = Plane(of, self._look, self._tap) if of.x else None
        few = "one coupling" if of.through else "no coupling"
        nothing = f"{of.model.name} has {few} on which these data depend"
        self.plane.children = [self._plane.figure] if self._plane else [_sentence(f"{nothing}, so there is no plane.")]
        self._through = {name: Through(of.spans[name], self._look) for name in of.through}
        self.lines.children = [through.figure for through in self._through.values()] or [_sentence(f"{nothing}.")]
        self._spectra = []
        self._add_spectra(point, None if self._drawn else AT_ONCE)
        self._pulls = None

    def _add_spectra(self, point: Point, most: int | None = None) -> None:
        """Add the spectra that are not there yet, up to a number of them."""
        axes = [(name, axis) for name, prediction in point.predictions.items() for axis in axes_of(prediction)]
        missing = axes[len(self._spectra) : most]
        for name, axis in missing:
            prediction = point.predictions[name]
            spectrum = Spectrum(prediction, axis, self._look, point.setting.model.name)
            # with its counts, or the browser looks in vain for the ends of its axes
            spectrum.show(prediction, point.standard_predictions[name])
            self._spectra.append((name, spectrum))
        if missing:
            self.spectra.children = [spectrum.figure for _, spectrum in self._spectra]

    def _say(self, sentence: str, *, calm: bool = False) -> None:
        text = f"<p>{escape(sentence)}</p>" if calm else f'<p role="alert"><strong>{escape(sentence)}</strong></p>'
        self.said.update(text=text if sentence else "", visible=bool(sentence))

    def _show_numbers(self) -> None:
        if self._point is None:
            return
        of = self._point.setting
        parts = []
        told = verdict(self._point, self._region, self._limit)
        if told:
            parts.append(f'<p class="verdict">{escape(told)}</p>')
        elif of.x:
            parts.append("<p>the region is being computed …</p>")
        cells = "".join(
            f"<tr><td>{escape(n)}</td><td>{escape(v)}</td></tr>" for n, v in rows(self._point, self._region)
        )
        parts.append(f"<table>{cells}</table>")
        if self._region is not None and told and not self._region.complete:
            parts.append("<p>the region is being computed …</p>")
        said = [*self._point.remarks, *(self._region.remarks if self._region else ())]
        if said:
            items = "".join(f"<li>{escape(text)}</li>" for text in dict.fromkeys(said))
            parts.append(f"<details><summary>Remarks ({len(dict.fromkeys(said))})</summary><ul>{items}</ul></details>")
        self.numbers.text = "".join(parts)

    def _show_texts(self) -> None:
        """Show what leads further: lines to copy, the address, and files."""
        if self._point is None:
            return
        of, query = self._point.setting, self._state.query()
        parts = [f"<p>Python</p><pre>{escape(python_lines(self._source, of))}</pre>"]
        command = command_line(self._source, of)
        if command:
            parts.append(f"<p>Command line</p><pre>{escape(command)}</pre>")
        files = [f"<td>{escape(name)}</td>{_links(name, query)}" for name in PANELS]
        parts.append(f"<table>{''.join(f'<tr>{row}</tr>' for row in files)}</table>")
        parts.append(f'<p><a href="?{escape(query)}">Address of this view</a></p>')
        self.take.text = "".join(parts)
        other = "light" if self._theme == "dark" else "dark"
        address = escape(self._state.replace(theme=other).query())
        self.switch.text = f'<a href="?{address}">{other} theme</a>'


def _sentence(text: str) -> Any:
    return styled(Div, text=escape(text), disable_math=True)


def _key(of: Setting) -> tuple[Any, ...]:
    """Return what pictures and sliders are made for."""
    return tuple(e.name for e in of.likelihood.experiments), of.model.name, of.x, of.y


def _links(panel: str, query: str) -> str:
    return "".join(
        f'<td><a href="export/{panel}.{kind}?{escape(query)}" download>{kind.upper()}</a></td>' for kind in KINDS
    )
