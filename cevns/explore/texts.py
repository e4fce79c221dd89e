"""Words beside the pictures: sentences, the lines that compute the same numbers, and names without mathematics."""

from __future__ import annotations

import math
import re
import shlex
from typing import TYPE_CHECKING

from cevns.arrays import below
from cevns.explore.numbers import significance
from cevns.explore.regions import LAST, question, several_couplings
from cevns.tabular import chi2_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cevns.explore.numbers import Point, Setting
    from cevns.explore.regions import Region
    from cevns.explore.sources import Source
    from cevns.inference import Limit

__all__ = ["command_line", "number", "plain", "python_lines", "rows", "verdict"]

#: Relative to 1 + chi2, what is nothing but rounding.
ROUNDING = 1e-9
_GREEK = {"mu": "µ", "tau": "τ", "to": "→", "epsilon": "ε", "pi": "π"}


def plain(text: str) -> str:
    r"""Return a label of figures without mathematics.

    Examples
    --------
    >>> plain(r"$(g-2)_\mu$"), plain("BaBar"), plain(r"$Z \to 4\mu$")
    ('(g-2)_µ', 'BaBar', 'Z → 4µ')
    """
    text = re.sub(r"\\mathrm\{([^}]*)\}", r"\1", text)
    text = re.sub(r"\\([A-Za-z]+)", lambda found: _GREEK.get(found[1], found[1]), text)
    return re.sub(r"[${}\\]", "", text)


def number(value: float) -> str:
    """Return a number as it stands in a field: all its digits, and no more.

    Examples
    --------
    >>> number(10.0), number(5e-5)
    ('10', '5e-05')
    """
    return repr(value).removesuffix(".0")


def verdict(point: Point, region: Region | None, limit: Limit | None) -> str:
    """Return what is excluded at the mass of a point, and whether the point is."""
    if region is None or point.setting.x != region.question.x:
        return ""
    of, asked = point.setting, region.question
    delta = point.chi2 - region.chi2_min
    level = f"at {below(100 * asked.cl, 100)} % C.L."
    outside = "excluded" if point.chi2 > region.level else "allowed"
    _, sigma = significance(delta, 2)
    far = f"{sigma:.2f} σ" if math.isfinite(sigma) else "by far"
    words = [f"This point is {outside} {level} (Δχ² = {delta:.3g} from the best fit, {far}, 2 d.o.f.)."]
    if limit is not None and limit.mass is not None:
        unit = f" {of.spans[asked.y].unit}" if of.spans[asked.y].unit else ""
        what = f"{_excluded(asked.y, limit)}{unit}" if len(limit.excluded[0]) else f"no {asked.y}"
        words.insert(0, f"At {asked.x} = {float(limit.mass[0]):.6g} MeV, {what} is excluded {level}")
    return " ".join(words)


def _excluded(name: str, limit: Limit) -> str:
    """Return in words what is excluded at one mass."""
    intervals = limit.excluded[0]
    if len(intervals) == 1 and math.isinf(intervals[0, 1]) and not math.isinf(intervals[0, 0]):
        return f"{name} above {intervals[0, 0]:.6g}"
    return f"{name} in {limit.text(intervals)}".replace(", inf)", ", ∞)")


def rows(point: Point, region: Region | None) -> list[tuple[str, str]]:
    """Return names and values of the numbers at a point."""
    found = [("χ² at the point", chi2_text(point.chi2)), ("χ² of the standard model", chi2_text(point.standard))]
    difference = point.chi2 - point.standard
    rounding = abs(difference) < ROUNDING * (1 + point.standard)
    found.append(("difference", f"{0.0 if rounding else difference:+.6g}"))
    if point.moved is not None:
        found.append(("χ² with nuisances by hand", chi2_text(point.moved)))
    if region is not None:
        best = ", ".join(f"{name} {value:.4g}" for name, value in region.best.items())
        found += [("least χ² in the plane", chi2_text(region.chi2_min)), ("best fit", best)]
    for name, prediction in point.predictions.items():
        part = point.pulls.experiments[name]["chi2"]
        bins = prediction.observed.size
        found.append((name, f"χ² {part:.4g} in {bins} bin{'s' * (bins > 1)}"))
    shared = point.chi2 - sum(part["chi2"] for part in point.pulls.experiments.values())
    if abs(shared) > ROUNDING * (1 + point.chi2):
        found.append(("pulls in common, priors", f"χ² {shared:.4g}"))
    return found


def python_lines(source: Source, of: Setting) -> str:
    """Return lines of Python that compute the numbers of a point, its region included.

    Examples
    --------
    >>> from cevns.explore.numbers import setting
    >>> from cevns.explore.sources import Source
    >>> source = Source()
    >>> print(python_lines(source, setting(source, source.start(["coherent-argon-2020"], "b-l"))))
    import numpy as np
    import cevns
    <BLANKLINE>
    data = cevns.load("coherent-argon-2020")
    point = {"mass": 10.0, "coupling": 0.0001}
    data.chi2("b-l", **point)
    pulls = data.pulls("b-l", **point)
    data.predict("b-l", **point, pulls=pulls)
    data.chi2("sm")
    data.limit("b-l", mass=10.0, cl=0.9)
    data.limit("b-l", mass=np.geomspace(0.1, 10000.0, 121), cl=0.9).plot()
    """
    names = [e.name for e in of.likelihood.experiments]
    lines = ["import numpy as np", "import cevns", ""]
    model = f'"{of.model.name}"'
    if source.config:
        lines.append(f"config = cevns.config.load_config({source.config!r})")
        one = "[e for e in config.likelihood.experiments if e.name in " + repr(names) + "]"
        lines.append(f"data = cevns.Likelihood({one}, dict(config.likelihood.priors))")
    elif source.built_in:
        lines.append("data = " + " + ".join(f'cevns.load("{name}")' for name in names))
    else:
        lines.append(f"data = ...  # the likelihood of {' + '.join(names)}")
    if source.owns(of.model.name):
        lines.append(f"model = config.models[{model}]" if source.config else f"model = ...  # {of.model.name}")
        model = "model"
    lines.append(f"point = {_mapping(of.state.values)}")
    lines += [f"data.chi2({model}, **point)", f"pulls = data.pulls({model}, **point)"]
    lines.append(f"data.predict({model}, **point, pulls=pulls)")
    lines.append(f'data.chi2("sm"{_keywords(of.others)})')
    asked = question(of)
    if asked is None:
        return "\n".join(lines)
    if asked.mediator:
        several = several_couplings(of.likelihood, of.model)
        ends = f"({asked.limits[asked.x][0]!r}, {asked.limits[asked.x][1]!r})"
        more = f", cl={asked.cl!r}"
        more += (f', parameter="{asked.y}"' if several else "") + _keywords(dict(asked.fixed))
        lines.append(f"data.limit({model}, mass={of.values[asked.x]!r}{more})")
        lines.append(f"data.limit({model}, mass=np.geomspace{ends[:-1]}, {LAST}){more}).plot()")
    else:
        bounds = f"bounds={asked.limits!r}"
        more = f"cl={asked.cl!r}, {bounds}{_keywords(dict(asked.fixed))}"
        lines.append(f'data.contour({model}, "{asked.x}", "{asked.y}", {more}).plot()')
    return "\n".join(lines)


def command_line(source: Source, of: Setting) -> str:
    """Return commands that print the same numbers; empty for data that no command can load.

    Examples
    --------
    >>> from cevns.explore.numbers import setting
    >>> from cevns.explore.sources import Source
    >>> source = Source()
    >>> print(command_line(source, setting(source, source.start(["coherent-argon-2020"], "b-l"))))
    cevns chi2 coherent-argon-2020 --model b-l --set mass=10.0 coupling=0.0001
    cevns limit coherent-argon-2020 --model b-l --cl 0.9 --mass 10.0
    """
    if not source.built_in and not source.config:
        return ""
    names = [e.name for e in of.likelihood.experiments]
    inputs = [*names, *(["--config", source.config] if source.config else []), "--model", of.model.name]
    values = [f"{name}={value!r}" for name, value in of.state.values.items()]
    commands = [["cevns", "chi2", *inputs, *(["--set", *values] if values else [])]]
    asked = question(of)
    if asked is not None:
        others = [f"{name}={value!r}" for name, value in asked.fixed]
        own = ["--set", *others] if others else []
        if asked.mediator:
            several = several_couplings(of.likelihood, of.model)
            own += ["--parameter", asked.y] if several else []
            line = ["limit", *inputs, *own, "--cl", repr(asked.cl), "--mass", repr(of.values[asked.x])]
        else:
            bounds = [f"{name}={low!r}:{high!r}" for name, low, high in asked.bounds]
            line = ["contour", *inputs, *own, "--x", asked.x, "--y", asked.y, "--cl", repr(asked.cl)]
            line += ["--bounds", *bounds, "-o", "contour.pdf"]
        commands.append(["cevns", *line])
    return "\n".join(shlex.join(words) for words in commands)


def _mapping(values: Mapping[str, float]) -> str:
    return "{" + ", ".join(f'"{name}": {value!r}' for name, value in values.items()) + "}"


def _keywords(values: Mapping[str, float]) -> str:
    return "".join(f", {name}={value!r}" for name, value in values.items())
