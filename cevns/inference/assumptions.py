"""What a result says beside its numbers: model, data, values that were given, and what was assumed besides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cevns.units import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import Model
    from cevns.likelihoods import Likelihood

__all__ = ["about", "assumptions", "shown", "typeset_prior"]

#: Between the name of an experiment and what is said of it alone.
_OF = ": "
#: How a prior is said.
_PRIOR, _WITHIN = "prior ", " +- "


def about(likelihood: Likelihood, interaction: Model, fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every `Result` says beside its numbers, but for the parameters that it is about, and remarks.

    Parameters
    ----------
    likelihood : Likelihood
        Of the data.
    interaction : str or Interaction
        Interaction.
    fixed : mapping of str to float
        Values of other parameters.

    Examples
    --------
    >>> import cevns
    >>> argon = cevns.load("coherent-argon-2020", form_factor="point")
    >>> about(argon, "b-l", {"mass": 10})["assumptions"]
    ('form_factor = point',)
    """
    known = {p.name: p for p in likelihood.parameters(interaction)}
    name, label = likelihood.describe(interaction)
    return {
        "model": name,
        # a name that stands for a label is no mathematics
        "label": plain(label) if label == name else label,
        "experiments": tuple(e.name for e in likelihood.experiments),
        "labels": tuple(plain(e.label) if e.label == e.name else e.label for e in likelihood.experiments),
        "fixed": {key: float(value) for key, value in fixed.items()},
        "fixed_parameters": tuple(known[key] for key in fixed),
        "assumptions": assumptions(likelihood, interaction),
    }


def assumptions(likelihood: Likelihood, interaction: Model) -> tuple[str, ...]:
    """Return in which ways experiments and interaction are not as they are unless something else is asked for.

    What is said of one of several experiments begins with its name.
    """
    experiments = likelihood.experiments
    found = list(experiments[0].signal.assumptions(interaction))
    # a channel that is no Experiment was never loaded
    own = {e.name: tuple(getattr(e, "differs", ())) for e in experiments}
    everywhere = [text for text in own[experiments[0].name] if all(text in texts for texts in own.values())]
    for name, texts in own.items():
        found += [f"{name}{_OF}{text}" for text in texts if text not in everywhere]
    found += everywhere
    found += [f"{_PRIOR}{name} = {mean:.6g}{_WITHIN}{sigma:.6g}" for name, (mean, sigma) in likelihood.priors.items()]
    return tuple(found)


def shown(texts: Sequence[str], names: Sequence[str], labels: Sequence[str]) -> tuple[str, ...]:
    """Return assumptions as legends have them, with the labels of experiments for their names.

    Examples
    --------
    >>> shown(("csi: form_factor = point", "expected data"), ("csi", "ar"), ("CsI", "Ar"))
    ('CsI: form_factor = point', 'expected data')
    """
    known = dict(zip(names, labels, strict=True))
    found = []
    for text in texts:
        name, separator, rest = text.partition(_OF)
        found.append(f"{known[name]}{_OF}{rest}" if separator and name in known else text)
    return tuple(found)


def typeset_prior(text: str, symbols: Mapping[str, str]) -> str:
    """Return a prior as legends have it, with the symbol of its parameter; nothing for what is no prior of these.

    Examples
    --------
    >>> print(typeset_prior("prior rn_ar = 3.4 +- 0.1", {"rn_ar": "$R_n$"}))
    prior $R_n$ = 3.4 $\\pm$ 0.1
    """
    name, _, rest = text.removeprefix(_PRIOR).partition(" = ")
    known = symbols.get(name) if text.startswith(_PRIOR) and _WITHIN in rest else ""
    return f"{_PRIOR}{known} = {rest}".replace(_WITHIN, r" $\pm$ ") if known else ""
