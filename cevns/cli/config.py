"""Commands for configuration files."""

from cevns.cli.output import Result

__all__ = ["template", "validate"]


def template(args):
    """The commented example."""
    from cevns.config import template as text

    return Result({"template": text()}, text().rstrip())


def validate(args):
    """Check a file, the folding of its experiments included."""
    from cevns.config import load_config

    config = load_config(args.file)
    config.check_folding(args.file)
    names = [e.name for e in config.likelihood.experiments]
    model = None if config.model is None else config.model.name
    text = f"{args.file} is valid: {' + '.join(names)}" + (f", model {model}" if model else "")
    return Result({"file": args.file, "experiments": names, "model": model}, text)
