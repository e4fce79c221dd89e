"""The grammar of the command line."""

from __future__ import annotations

import argparse
import importlib
import re

from cevns.cli import arguments, options
from cevns.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from typing import Any, NoReturn

__all__ = ["build", "parse"]

_FIGURE = (".pdf", ".png", ".svg")
_WEAK = ("radiative", "radiative-electrons", "tree-level")
#: Numbers, or grids of them, which are no names of experiments.
_NUMBERS = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?(:[-+.e\d:]*)?", re.IGNORECASE | re.ASCII)
_DESCRIPTION = "Coherent elastic neutrino-nucleus scattering: predictions and limits on light mediators."


class _Parser(argparse.ArgumentParser):
    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)
        #: ``module:function`` of what stands below the help, which is imported when somebody asks for it.
        self.appendix = ""
        self.register("action", None, _Once)
        # before 3.14 argparse takes -1e-3 and -inf for options, and then misses the value instead of refusing it
        self._negative_number_matcher = re.compile(r"-(\.?\d|inf|nan)", re.IGNORECASE)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if args and any(action.dest == "experiments" for action in self._get_positional_actions()):
            self._check_single(args)
        found, rest = super().parse_known_args(args, namespace)
        if rest and not any(word.startswith("-") for word in rest):
            rest = self._behind_options(found, rest)
        if rest:
            # of a command, not of the program, whose help says nothing of its options
            self.error(f"unrecognized arguments: {' '.join(rest)}{self._remedy(rest)}")
        return found, rest

    def _check_single(self, words: Sequence[str]) -> None:
        """Refuse a number behind that of an option that takes one, which would be the name of an experiment."""
        for i, word in enumerate(words):
            name, equals, value = word.partition("=")
            action = self._option_string_actions.get(name)
            if action is None or action.nargs is not None or action.type is None:
                continue
            several = [value, *words[i + 1 : i + 2]] if equals else [*words[i + 1 : i + 3]]
            if len(several) == 2 and all(map(_NUMBERS.fullmatch, several)):
                self.error(f"argument {name}: it takes one value, got {' and '.join(several)}")

    def format_help(self) -> str:
        """Return the help, with what stands below it."""
        module, _, name = self.appendix.partition(":")
        below = f"\n{getattr(importlib.import_module(module), name)()}\n" if module else ""
        return f"{super().format_help()}{below}"

    def _behind_options(self, found: Namespace, words: list[str]) -> list[str]:
        """Give words behind options to the positional that takes any number, or one that has none; return the others.

        argparse closes it with the first words that it meets, or as empty with those of the positional before it.
        """
        action = next((a for a in reversed(self._get_positional_actions()) if a.nargs in ("*", "+", "?")), None)
        if action is None:
            return words
        before = getattr(found, action.dest)
        if action.nargs in ("*", "+"):
            setattr(found, action.dest, [*(before or ()), *words])
            return []
        if before is not None:
            return words
        setattr(found, action.dest, words[0])
        return words[1:]

    def _remedy(self, words: Sequence[str]) -> str:
        """Return what to say if the first word is a parameter that has no option of its own."""
        name, equals, value = words[0].removeprefix("--").partition("=")
        value = value if equals else next(iter(words[1:]), "")
        parameter = words[0].startswith("--") and (name in ("mass", "coupling") or "_" in name)
        if not parameter or "--set" not in self._option_string_actions:
            return ""
        return f"; parameters have their values from --set, --set {name}={value or 'VALUE'}"

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see {self.prog} --help")


class _Once(argparse.Action):
    """Store a value, and refuse a second one, which would replace the first without a word."""

    given = False

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: Namespace, values: Any, option_string: str | None = None
    ) -> None:
        if self.given and option_string:
            raise argparse.ArgumentError(self, "it is given twice: give it once")
        self.given = True
        setattr(namespace, self.dest, values)


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from cevns import __version__

        print(f"cevns {__version__}")
        parser.exit()


def parse(argv: Sequence[str]) -> Namespace:
    """Return the parsed arguments; ``run`` is the function that does the work.

    Raises
    ------
    InputError
        If the arguments are not valid.
    SystemExit
        After ``--help`` and ``--version``.
    """
    parser, commands = build()
    # a command of two words, the first of which is one too
    if " ".join(argv[:2]) in commands:
        argv = [" ".join(argv[:2]), *argv[2:]]
    words = [word for word in argv[:1] if not word.startswith("-")]
    if words and words[0] not in commands:
        from cevns import checks

        checks.known("command", words[0], commands)
    args = parser.parse_args(argv)
    module, function = args.run.split(":")
    args.run = getattr(importlib.import_module(f"cevns.cli.{module}"), function)
    return args


def build() -> tuple[_Parser, tuple[str, ...]]:
    """Return the parser of the command line, and the names of all commands."""
    parser = _Parser(prog="cevns", description=_DESCRIPTION)
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    command = _command(commands, "predict", "analysis:predict", "expected counts in the bins of an experiment")
    _add_inputs(command, judges=False)
    _add_point(command)
    command.add_argument(
        "--fitted", action="store_true", help="at the nuisances that minimise chi2 of all experiments that are given"
    )
    _add_output(command, *_FIGURE, required=False)

    command = _command(commands, "chi2", "analysis:chi2", "chi2 and pulls at one point, all nuisances profiled")
    _add_inputs(command)
    _add_point(command)

    command = _command(commands, "limit", "analysis:limit", "exactly excluded intervals of the coupling")
    _add_inputs(command)
    options.add_masses(command)
    _add_level(command)
    _add_threads(command)
    _add_output(command, ".csv", *_FIGURE, required=False)

    command = _command(commands, "fit", "fits:fit", "best fit in any parameters, all minima, intervals")
    _add_inputs(command)
    command.add_argument("--free", nargs="+", action="extend", metavar="NAME", required=True, help="free parameters")
    _add_free(command)
    _add_output(command, ".json", *_FIGURE, required=False)

    command = _command(commands, "profile", "fits:profile", "chi2 along one parameter, others profiled")
    _add_inputs(command)
    _add_parameter(command)
    command.add_argument(
        "--values",
        type=arguments.values,
        required=True,
        nargs="+",
        action="extend",
        metavar="VALUE",
        help="values of it, or LOW:HIGH:N for N of them",
    )
    _add_free(command)
    _add_output(command, ".csv", *_FIGURE, required=False)

    command = _command(commands, "interval", "fits:interval", "exactly allowed intervals of one parameter")
    _add_inputs(command)
    _add_parameter(command)
    _add_cl(command)
    _add_free(command)
    _add_output(command, ".json", *_FIGURE, required=False)

    command = _command(commands, "contour", "fits:contour", "closed curves in the plane of two parameters")
    _add_inputs(command)
    for axis in "xy":
        command.add_argument(f"--{axis}", required=True, metavar="NAME", help=f"parameter on the {axis} axis")
    _add_profiled(command)
    _add_cl(command, nargs="+")
    _add_free(command)
    _add_output(command, ".json", *_FIGURE, required=False)

    command = _command(commands, "scan", "analysis:scan", "chi2 on a grid of masses and couplings, saved to a file")
    _add_inputs(command)
    for axis, kind, what in (
        ("mass", arguments.grid, "masses [MeV], evenly spaced in their logarithms"),
        ("coupling", arguments.signed_grid, "couplings, likewise, or evenly spaced from a LOW below 0"),
    ):
        command.add_argument(f"--{axis}", type=kind, required=True, metavar="LOW:HIGH:N", help=f"N {what}")
    _add_threads(command)
    _add_output(command, ".npz")

    command = _command(
        commands, "sensitivity", "plans:sensitivity", "expected limits of a planned experiment, with bands"
    )
    _add_inputs(command)
    options.add_masses(command)
    for name, what in (("exposure", "exposures in units of the experiment's own"), ("threshold", "edges of bins")):
        command.add_argument(
            f"--{name}",
            type=arguments.values,
            nargs="+",
            action="extend",
            metavar="VALUE",
            help=f"{what} along which the limit is computed, or LOW:HIGH:N for N of them",
        )
    _add_profiled(command)
    options.add_points(command, "the share of data that exclude each value of one or two parameters", required=False)
    options.add_truth(command)
    command.add_argument("--bands", choices=("asimov", "toys", "none"), default="asimov", help="how bands are found")
    options.add_toys(command, 1_000_000)
    options.add_seed(command)
    _add_level(command)
    _add_threads(command)
    _add_output(command, ".csv", ".npz", *_FIGURE, required=False)

    command = _command(commands, "significance", "plans:significance", "how well an interaction would be seen")
    _add_inputs(command)
    _add_point(command)
    command.add_argument(
        "--dof", type=arguments.whole("dof", 100), metavar="N", help="degrees of freedom (default: 1; 2 with the mass)"
    )

    command = _command(commands, "plot", "analysis:plot", "draw what a command has saved")
    command.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="written by cevns scan, toys or feldman-cousins (.npz), limit, profile or sensitivity (.csv, of a grid "
        ".npz), interval, contour or fit (.json); several share one picture",
    )
    _add_level(command, nargs="+")
    _add_output(command, *_FIGURE)

    command = _command(commands, "explore", "explore:explore", "the likelihood in a browser, live")
    options.add_view(command)

    _command(commands, "list", "catalogue:list_all", "models, experiments and form factors, with references")

    command = _command(commands, "cite", "catalogue:cite", "what to cite")
    command.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help="all unless given")
    command.add_argument("--model", metavar="NAME", help="all unless given, or those of --config")
    command.add_argument(
        "--config", metavar="FILE", help="experiments and models of your own, with what they are made of"
    )
    command.add_argument("--bibtex", action="store_true", help="print entries for BibTeX")

    command = _command(
        commands, "reproduce", "figures:reproduce", "redraw the figures of a paper, arXiv:2008.05022, and check it"
    )
    command.add_argument(
        "figures",
        nargs="*",
        metavar="[PAPER] FIGURE",
        help="another paper's arXiv number, 2005.01645, today, for the latest data, or feldman-cousins, for regions by "
        "toys, may come first; all its figures unless some are given",
    )
    command.add_argument("--quick", action="store_true", help="few points and toys, of feldman-cousins alone")
    command.appendix = "cevns.cli.figures:known"
    _add_threads(command)
    command.add_argument(
        "-o", "--output", required=True, metavar="DIR", help="folder for figures, data and summary.json"
    )

    for name, text in (
        ("toys", "data drawn at a point and fitted: p-values, goodness of fit"),
        ("goodness", "whether the best fit describes the data: its p-value by toys"),
        ("coverage", "how often asymptotic regions hold the point where data are drawn, by toys"),
    ):
        command = _command(commands, name, "toys:goodness" if name == "goodness" else "toys:toys", text)
        _add_inputs(command)
        _add_point(command)
        command.add_argument("--free", nargs="+", action="extend", metavar="NAME", required=True, help="what is fitted")
        if name != "goodness":
            _add_profiled(command)
        if name == "coverage":
            _add_level(command)
        options.add_toys(command, 100_000_000)
        options.add_work(command)
        _add_output(command, ".npz", *_FIGURE, required=False)

    command = _command(
        commands, "feldman-cousins", "toys:feldman_cousins", "regions by toys at every point, with their own coverage"
    )
    _add_inputs(command)
    options.add_grid(command)
    options.add_nuisances(command)
    _add_cl(command)
    options.add_work(command, parts=False)
    _add_output(command, ".npz", *_FIGURE, required=False)

    command = _command(
        commands, "toys merge", "work:merge", "put folders of shards together, whatever command made them"
    )
    command.add_argument("folders", nargs="+", metavar="DIR", help="folders with shards")
    options.add_folder(command, "-o", "--output", required=True)

    topic = _topic(commands, "bounds", "limits of other experiments")
    command = _command(topic, "list", "bounds:list_all", "limits that are known, with references")
    command.add_argument("model", metavar="MODEL", nargs="?", help="of one model only")
    command.add_argument("--model", dest="model_option", metavar="MODEL", help="the same")
    command = _command(topic, "show", "bounds:show", "one limit with its numbers and origin")
    command.add_argument("model", metavar="MODEL", help="the model that it limits; see cevns bounds list")
    command.add_argument("name", metavar="NAME", help="its name there")
    command = _command(topic, "plot", "bounds:plot", "draw the limits on a model, and your own")
    command.add_argument("model", metavar="MODEL", help="the model that they limit; see cevns bounds list")
    command.add_argument("names", nargs="*", metavar="NAME", help="all unless given")
    command.add_argument(
        "--add",
        action="append",
        default=[],
        metavar="FILE",
        help="your curve: a file of cevns limit -o FILE.csv, or a table of two or three columns: mass, coupling, "
        "highest excluded coupling; may come repeatedly",
    )
    command.add_argument("--mass-unit", metavar="UNIT", help="of the first column: eV, keV, MeV (default), GeV or TeV")
    command.add_argument(
        "--coupling",
        metavar="KIND",
        help="what the other columns hold: g (default) or g^2; for dark-photon epsilon (default) or epsilon^2",
    )
    command.add_argument(
        "--columns",
        type=arguments.columns,
        metavar="N,N",
        help="columns of mass and coupling(s) by number or title, where the file has others too; all unless given",
    )
    _add_output(command, *_FIGURE)

    topic = _topic(commands, "config", "files that describe experiments and models of your own")
    _command(topic, "template", "config:template", "print a commented example that works")
    _command(topic, "schema", "config:schema", "print the JSON schema, for editors")
    command = _command(topic, "validate", "config:validate", "check a file")
    command.add_argument("file", metavar="FILE", help="the file, in TOML")
    # a file may have many problems at once
    command.set_defaults(in_lines=True)
    return parser, tuple(commands.choices)


def _command(commands: Any, name: str, run: str, text: str) -> _Parser:
    command: _Parser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    command.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    command.set_defaults(run=run)
    return command


def _topic(commands: Any, name: str, text: str) -> Any:
    topic = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    return topic.add_subparsers(dest="subcommand", metavar="COMMAND", required=True)


def _add_inputs(command: _Parser, *, judges: bool = True) -> None:
    command.add_argument(
        "experiments", nargs="*", metavar="EXPERIMENT", help="see cevns list; with --config, which of its experiments"
    )
    command.add_argument(
        "--model", metavar="NAME", help="see cevns list; goes before that of --config, but keeps its weak couplings"
    )
    command.add_argument(
        "--weak", metavar="NAME", help=f"standard-model couplings: {', '.join(_WEAK)}; of the model unless given"
    )
    command.add_argument(
        "--config", metavar="FILE", help="experiments and model of your own; see cevns config template"
    )
    command.add_argument(
        "--quenching",
        action="append",
        metavar="[EXPERIMENT=]NAME",
        help="another quenching factor; may come repeatedly",
    )
    command.add_argument("--form-factor", metavar="NAME", help="nuclear form factor; see cevns list")
    command.add_argument(
        "--electrons",
        choices=("shells", "free"),
        help="count elastic scattering on electrons, too, bound in shells or free",
    )
    command.add_argument(
        "--option",
        type=arguments.option,
        nargs="+",
        action="extend",
        metavar="[EXPERIMENT:]NAME=VALUE",
        help="how experiments are loaded, for example systematics=core or runs=sr0,sr1,sr2; see cevns list",
    )
    command.add_argument(
        "--set",
        type=arguments.setting,
        nargs="+",
        action="extend",
        metavar="NAME=VALUE",
        help="values of parameters: the model's own, sin2_theta_w, neutron radii; may come repeatedly",
    )
    if judges:
        command.add_argument(
            "--prior",
            type=arguments.prior,
            nargs="+",
            action="extend",
            metavar="NAME=MEAN:SIGMA",
            help="Gaussian constraints, which add ((value - MEAN) / SIGMA)^2 to chi2; may come repeatedly",
        )


def _add_point(command: _Parser) -> None:
    command.add_argument("--mass", type=arguments.mass, metavar="MEV", help="mediator mass [MeV]")
    command.add_argument("--coupling", type=arguments.coupling, metavar="G", help="coupling")


def _add_parameter(command: _Parser) -> None:
    command.add_argument("--parameter", required=True, metavar="NAME", help="parameter")
    _add_profiled(command)


def _add_profiled(command: _Parser) -> None:
    command.add_argument(
        "--profile",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME",
        help="parameters over which chi2 is minimised at each value",
    )


def _add_free(command: _Parser) -> None:
    command.add_argument(
        "--bounds",
        type=arguments.bound,
        nargs="+",
        action="extend",
        metavar="NAME=LOW:HIGH",
        help="ranges of free parameters (default: their own; 0.1 MeV to 10 GeV for masses)",
    )
    _add_threads(command)


def _add_cl(command: _Parser, nargs: str | None = None) -> None:
    command.add_argument(
        "--cl",
        type=arguments.confidence_level,
        nargs=nargs,
        action="extend" if nargs else _Once,
        metavar="CL",
        help=f"confidence level{'s' if nargs else ''} (default: 0.90)",
    )


def _add_level(command: _Parser, nargs: str | None = None) -> None:
    _add_cl(command, nargs)
    command.add_argument(
        "--dof",
        type=arguments.whole("dof", 100),
        metavar="N",
        help="degrees of freedom of the level (default: 2 for a mediator, the plane; 1 for a contact interaction)",
    )


def _add_threads(command: _Parser) -> None:
    command.add_argument(
        "--threads", type=arguments.whole("threads", 256), default=1, metavar="N", help="threads (default: 1)"
    )


def _add_output(command: _Parser, *suffixes: str, required: bool = True) -> None:
    command.add_argument(
        "-o",
        "--output",
        type=arguments.output(*suffixes),
        required=required,
        metavar="FILE",
        help=f"file to write, ends in {' or '.join(suffixes)}",
    )
