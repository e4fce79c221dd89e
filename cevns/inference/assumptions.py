"""What a result assumes beside parameters: options of experiments, data that are none, priors, weak couplings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Model
    from cevns.likelihoods import Likelihood

__all__ = ["assumptions", "shown"]

#: Between the name of an experiment and what is said of it alone.
_OF = ": "


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
    found += [f"prior {name} = {mean:.6g} +- {sigma:.6g}" for name, (mean, sigma) in likelihood.priors.items()]
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
