"""What is moved by hand: data sets, interaction, parameters and nuisances."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bokeh.models import CheckboxGroup, Column, Div, RadioButtonGroup, Row, Select, Slider, TextInput

from cevns import checks
from cevns.errors import CevnsError
from cevns.explore.page.looks import WIDGETS
from cevns.explore.texts import number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cevns.explore.numbers import Point, Setting
    from cevns.explore.sources import Source
    from cevns.explore.spans import Span
    from cevns.explore.state import State

__all__ = ["Choice", "Nuisances", "Values", "styled"]

#: Steps of a slider.
STEPS = 400
LEVELS = (0.6827, 0.90, 0.95, 0.99)
#: Standard deviations over which nuisances are moved by hand.
WIDTHS = 3.0


def styled(kind: Any, **options: Any) -> Any:
    """Return a widget as wide as its place, in the colours of the page."""
    return kind(stylesheets=[WIDGETS], **{"sizing_mode": "stretch_width", **options})


class Choice:
    """Data sets, interaction, level, and the parameters of the plane.

    Parameters
    ----------
    source : Source
        What there is to choose from.
    changed : callable
        Takes a function of the state that returns the new one.
    """

    def __init__(self, source: Source, changed: Callable[[Callable[[State], State]], None]) -> None:
        self._source, self._changed, self._setting = source, changed, False
        self.data = styled(CheckboxGroup, labels=list(source.experiments), active=[])
        self.model = styled(Select, title="Interaction", options=list(source.models))
        self.level = styled(Select, title="Confidence level", options=[number(cl) for cl in LEVELS])
        self.x, self.y = (styled(Select, title=f"Plane, {axis}", options=[]) for axis in ("x", "y"))
        self.others = styled(CheckboxGroup, labels=["limits of other experiments"], active=[0])
        self.about = styled(Div, text="", disable_math=True)
        title = styled(Div, text="Data sets", disable_math=True)
        plane = Row(self.x, self.y, sizing_mode="stretch_width")
        children = [title, self.data, self.model, self.about, self.level, plane, self.others]
        self.root = Column(*children, name="choice", sizing_mode="stretch_width")
        names = list(source.experiments)
        self.data.on_change(
            "active", self._on(lambda state, active: _of_data(state, [n for i, n in enumerate(names) if i in active]))
        )
        self.model.on_change("value", self._on(self._of_model))
        self.level.on_change("value", self._on(lambda state, value: state.replace(cl=float(value))))
        self.x.on_change("value", self._on(lambda state, value: state.replace(x=value, y=self._other(value, "x"))))
        self.y.on_change("value", self._on(lambda state, value: state.replace(y=value, x=self._other(value, "y"))))
        self.others.on_change("active", self._on(lambda state, active: state.replace(others=bool(active))))

    def _other(self, value: str, axis: str) -> str:
        """Return the parameter of the other axis: if it would be the same, the one that this axis had."""
        mine, other = (self._had, self.y.value) if axis == "x" else (self._had_y, self.x.value)
        return str(mine if other == value else other)

    def _on(self, change: Callable[[State, Any], State]) -> Callable[[str, Any, Any], None]:
        def call(_: str, __: Any, new: Any) -> None:
            if not self._setting:
                self._changed(lambda state: change(state, new))

        return call

    def _of_model(self, state: State, name: str) -> State:
        """Return the state with another interaction: what both have stays, so that they can be compared."""
        model = self._source.model(name)
        before = self._source.model(state.model) if state.model in self._source.models else model
        kept = {n: v for n, v in state.values.items() if n not in before.own_names or n in model.own_names}
        return state.replace(model=name, values=kept, x="", y="")

    def show(self, state: State, of: Setting | None) -> None:
        """Put the widgets where a state has them."""
        self._setting = True
        try:
            names = list(self._source.experiments)
            self.data.active = [i for i, name in enumerate(names) if name in state.experiments]
            self.model.value = state.model if state.model in self._source.models else self._source.models[0]
            levels = sorted({*LEVELS, state.cl})
            self.level.update(options=[number(cl) for cl in levels], value=number(state.cl))
            self.others.active = [0] if state.others else []
            if of is not None:
                axes = list(of.axes) if of.x else []
                couplings = [name for name in axes if name != of.mediator]
                self.x.update(options=[of.x] if of.mediator else axes, value=of.x)
                self.y.update(options=couplings if of.mediator else axes, value=of.y)
                several = len(couplings) > 1
                self.x.visible = bool(of.x) and several and not of.mediator
                self.y.visible = bool(of.x) and several
                self._had, self._had_y = of.x, of.y
                self.others.visible = bool(of.mediator)
        finally:
            self._setting = False


def _of_data(state: State, names: list[str]) -> State:
    """Return the state with other data sets: radii of nuclei that are gone go with them, as do nuisances."""
    values = {name: value for name, value in state.values.items() if not name.startswith("rn_")}
    pulls: dict[tuple[str, str], float] | None = None if state.pulls is None else {}
    return state.replace(experiments=tuple(names), values=values, pulls=pulls)


class Values:
    """A slider and a field for each parameter.

    Parameters
    ----------
    name : str
        Of the root.
    moved : callable
        Takes the name of a parameter and its new value, None for none.
    refused : callable
        Takes the sentence that says what is wrong with what was typed.
    """

    def __init__(
        self, name: str, moved: Callable[[str, float | None], None], refused: Callable[[str], None], empty: str = ""
    ) -> None:
        self._moved, self._refused, self._empty = moved, refused, empty
        self._spans: tuple[Span, ...] = ()
        self.sliders: dict[str, Any] = {}
        self.fields: dict[str, Any] = {}
        self._setting, self._built = False, False
        self.root = Column(Div(text="…"), name=name, sizing_mode="stretch_width")

    def build(self, spans: Iterable[Span]) -> None:
        """Make the widgets of some parameters; those that are there stay, if they are the same."""
        found = tuple(spans)
        if found == self._spans and self._built:
            return
        self._spans, self._built = found, True
        self.sliders, self.fields = {}, {}
        rows: list[Any] = []
        for span in found:
            low, high = span.ends
            slider = styled(
                Slider,
                title=span.title,
                show_value=False,
                # of a logarithmic scale it would say the logarithm
                tooltips=False,
                start=low,
                end=high,
                step=(high - low) / STEPS,
                value=low if span.start is None else span.place(span.start),
                name=f"slider {span.name}",
            )
            field = styled(TextInput, title="value", value="", name=f"field {span.name}", width=92, sizing_mode=None)
            slider.on_change("value", self._slid(span))
            field.on_change("value", self._typed(span))
            self.sliders[span.name], self.fields[span.name] = slider, field
            rows.append(Row(slider, field, sizing_mode="stretch_width"))
        self.root.children = rows or [styled(Div, text=self._empty, disable_math=True)]

    def _slid(self, span: Span) -> Callable[[str, Any, Any], None]:
        def call(_: str, __: Any, place: Any) -> None:
            # a message of a client may bring anything that the slider takes
            if not self._setting and isinstance(place, (int, float)) and math.isfinite(place):
                self._moved(span.name, span.value(min(max(place, span.ends[0]), span.ends[1])))

        return call

    def _typed(self, span: Span) -> Callable[[str, Any, Any], None]:
        def call(_: str, __: Any, text: str) -> None:
            if self._setting:
                return
            try:
                self._moved(span.name, checks.real(span.name, checks.number(span.name, text)) if text.strip() else None)
            except CevnsError as error:
                self._refused(str(error))

        return call

    def show(self, values: Any, moving: str = "") -> None:
        """Put sliders and fields where values are; the slider that is being moved stays in the hand."""
        self._setting = True
        try:
            for span in self._spans:
                value = values.get(span.name, span.start)
                text = "" if value is None else number(value)
                if self.fields[span.name].value != text:
                    self.fields[span.name].value = text
                if value is not None and span.name != moving:
                    self.sliders[span.name].value = span.place(value)
        finally:
            self._setting = False


class Nuisances:
    """Whether nuisances are profiled, and if not, a slider for each.

    Parameters
    ----------
    changed, refused : callable
        As of `Choice` and `Values`.
    """

    def __init__(self, changed: Callable[[Callable[[State], State]], None], refused: Callable[[str], None]) -> None:
        self._changed, self._setting = changed, False
        self._names: dict[str, tuple[str, str]] = {}
        self.choice = styled(RadioButtonGroup, labels=["profiled", "by hand"], active=0)
        self.choice.on_change("active", self._chosen)
        self.values = Values("by hand", self._moved, refused)
        self.root = Column(self.choice, self.values.root, name="nuisances", sizing_mode="stretch_width")

    def _chosen(self, _: str, __: Any, active: Any) -> None:
        if not self._setting:
            self._changed(lambda state: state.replace(pulls={} if active == 1 else None))

    def _moved(self, title: str, value: float | None) -> None:
        key = self._names[title]

        def change(state: State) -> State:
            pulls = {k: v for k, v in (state.pulls or {}).items() if k != key}
            return state.replace(pulls=pulls if value is None else {**pulls, key: value})

        self._changed(change)

    def show(self, point: Point, moving: str = "") -> None:
        """Put the widgets where the nuisances of a point are."""
        from cevns.explore.spans import Span

        by_hand = point.setting.state.pulls is not None
        self._setting = True
        self.choice.active = int(by_hand)
        self._setting = False
        self.values.root.visible = by_hand
        if not by_hand:
            return
        self._names, spans, values = {}, [], {}
        for of, name, shift, width in point.pulls.table():
            if of == "priors":
                continue
            title = f"{of}: {name}"
            self._names[title] = ("" if of == "shared" else of, name)
            end = WIDTHS * (width if width is not None and math.isfinite(width) else 1.0)
            spans.append(Span(title, "", -end, end, False, 0.0, True))
            values[title] = shift
        self.values.build(spans)
        self.values.show(values, moving)
