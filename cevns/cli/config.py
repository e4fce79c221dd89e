"""Commands for configuration files."""

from __future__ import annotations

from cevns.cli.output import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["schema", "template", "validate"]


def template(args: Namespace) -> Result:
    """The commented example."""
    from cevns.config import template as text

    return Result({"template": text()}, text().rstrip())


def schema(args: Namespace) -> Result:
    """The JSON schema, which is JSON with or without ``--json``."""
    import json

    from cevns.config import schema as made

    found = made()
    return Result(found, json.dumps(found, indent=2))


def validate(args: Namespace) -> Result:
    """Check a file, the folding of its experiments included."""
    from cevns.config import load_config

    config = load_config(args.file)
    config.check_folding(args.file)
    names = [e.name for e in config.likelihood.experiments]
    model = None if config.model is None else config.model.name
    several = [*config.models] if len(config.models) > 1 else []
    told = f", model {model}" if model else f", models {', '.join(several)}" if several else ""
    data = {"file": args.file, "experiments": names, "model": model, **({"models": several} if several else {})}
    return Result(data, f"{args.file} is valid: {' + '.join(names)}{told}")
