"""A whole configuration file."""

from __future__ import annotations

import reprlib
import tomllib
from dataclasses import dataclass, field, replace
from importlib import resources
from typing import TYPE_CHECKING

from cevns import checks
from cevns.config.experiments import experiments
from cevns.config.models import models
from cevns.config.readers import Reader, Section, takes
from cevns.config.targets import nuclei
from cevns.errors import CevnsError, DataError
from cevns.files import checked_path, read_bytes
from cevns.interactions import Interaction
from cevns.likelihoods import Likelihood

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from cevns._types import Path
    from cevns.experiments import Experiment
    from cevns.nuclei import Nucleus

__all__ = ["Config", "load_config", "schema", "template"]

SCHEMA = 1
#: Bytes of the longest configuration file that is read.
LARGEST_CONFIG = 2**20


@dataclass(frozen=True)
class Config:
    """What a configuration file describes.

    Attributes
    ----------
    likelihood : Likelihood
        Of its experiments.
    model : Interaction or None
        The file's ``[model]``; None if it has none, or several.
    models : mapping of str to Interaction
        All of them by name.
    fluxes : mapping of str to tuple of str
        Kinds of the fluxes of its own experiments, by their names.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "mine.toml"
    >>> _ = path.write_text(template(), encoding="utf-8")
    >>> config = load_config(path)
    >>> config.model.name, [e.name for e in config.likelihood.experiments]
    ('b-3lmu', ['germanium'])
    """

    likelihood: Likelihood
    model: Interaction | None
    models: Mapping[str, Interaction] = field(default_factory=dict)
    fluxes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def check_folding(self, name: str = "the configuration") -> None:
        """Fold each experiment with the models, or with the standard model if there is none.

        Parameters
        ----------
        name : str
            What the configuration is called in messages.

        Raises
        ------
        DataError
            If an experiment cannot be folded, with the problems of all of them.
        """
        problems = []
        for experiment in self.likelihood.experiments:
            for interaction in self.models.values() or ("sm",):
                try:
                    Likelihood([experiment]).bind(interaction)
                except CevnsError as error:
                    problems.append(f"experiment {checks.shown(experiment.name)}: {error}")
        if problems:
            raise DataError(_listed(name, [*dict.fromkeys(problems)]))


def load_config(path: Path) -> Config:
    """Return the experiments and the model that a TOML file describes.

    Parameters
    ----------
    path : str or path
        File; the tables that it names are looked for beside it.

    Returns
    -------
    Config

    Raises
    ------
    DataError
        If the file cannot be read or anything in it is wrong, with all problems that were found.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "mine.toml"
    >>> _ = path.write_text(template())
    >>> config = load_config(path)
    >>> round(config.likelihood.chi2(config.model, mass=10, coupling=1e-5), 3)
    0.28
    """
    path = checked_path(path)
    try:
        document = tomllib.loads(read_bytes(path, most=LARGEST_CONFIG).decode("utf-8-sig"), parse_float=_parsed)
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: {error}") from error
    except DataError:
        raise
    except (ValueError, RecursionError) as error:
        # a whole number of thousands of digits is no TOMLDecodeError
        raise DataError(f"{path} is not TOML: {error}") from error
    reader = Reader(path.parent)
    config: Config = reader.section(_DOCUMENT, document, "")
    if reader.problems:
        raise DataError(_listed(path, reader.problems))
    described = zip(config.likelihood.experiments, _tables(document["experiment"]), strict=True)
    own = {experiment.name: table["flux"] for experiment, table in described if "flux" in table}
    return replace(config, fluxes={name: tuple(one["kind"] for one in _tables(flux)) for name, flux in own.items()})


def _tables(value: Any) -> list[dict[str, Any]]:
    """Return the tables of a key that takes one or several."""
    return value if isinstance(value, list) else [value]


def _parsed(text: str) -> float:
    found = float(text)
    if checks.vanishes(text, found):
        raise ValueError(f"{text:.60} is too small to be told from 0; write 0, or choose another unit")
    return found


def _listed(name: object, problems: Sequence[str]) -> str:
    listed = "".join(f"\n  ({i}) {problem}" for i, problem in enumerate(problems, start=1))
    return f"{name} has {len(problems)} problem(s):{listed}"


def template() -> str:
    """Return a commented example of a configuration file that works as it is.

    Examples
    --------
    >>> "[[experiment]]" in template()
    True
    """
    return (resources.files("cevns.config") / "template.toml").read_text(encoding="utf-8")


def schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of configuration files, of which editors complete keys and check values.

    It knows keys, types and kinds, and no number that is out of its range: `load_config` checks these too.

    Returns
    -------
    dict
        As `json` writes it.

    Examples
    --------
    >>> sorted(schema()["properties"])
    ['experiment', 'model', 'nuclei', 'schema']
    """
    from cevns.config.schemas import Schemas

    return Schemas().whole(_DOCUMENT, f"Configuration of cevns, schema {SCHEMA}")


@takes({"const": SCHEMA})
def _schema(reader: Reader, value: Any, where: str) -> int:
    if type(value) is not int or value != SCHEMA:
        # true is 1 too
        reader.problem(where, f"must be {SCHEMA}, the version that this cevns reads, got {reprlib.repr(value)}")
    return SCHEMA


def _build_document(
    *,
    schema: int,
    experiment: list[Experiment],
    nuclei: dict[str, Nucleus] | None = None,
    model: dict[str, Interaction] | None = None,
) -> Config:
    named = model or {}
    return Config(Likelihood(experiment), next(iter(named.values())) if len(named) == 1 else None, named)


_DOCUMENT = Section(
    _build_document,
    {
        "schema": ("schema", _schema),
        # before the experiments, whose targets name them
        "nuclei": ("nuclei", nuclei),
        # before them too: of a model counts may be expected
        "model": ("model", models),
        "experiment": ("experiment", experiments),
    },
    means={"schema": "Version of this format."},
)
