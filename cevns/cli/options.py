"""Options that commands share which work in shards."""

from __future__ import annotations

from argparse import SUPPRESS

from cevns.cli import arguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser

__all__ = [
    "add_folder",
    "add_grid",
    "add_masses",
    "add_nuisances",
    "add_points",
    "add_seed",
    "add_toys",
    "add_truth",
    "add_view",
    "add_work",
]


def add_work(command: ArgumentParser, *folder: str, seed: bool = True, parts: bool = True) -> None:
    """Add what commands take that work in shards; `cevns.cli.work.compute` does what it says.

    Parameters
    ----------
    command : ArgumentParser
        Of the command.
    *folder : str
        Names of the option for the folder; ``--folder`` unless given.
    seed : bool
        Whether there are random numbers.
    parts : bool
        Whether what is to be done is known before any of it is: if not, a part is refused by name, and not told of.
    """
    command.add_argument(
        "--workers",
        type=arguments.whole("workers", 4096),
        metavar="N",
        help="processes that compute (default: 1, this one)",
    )
    command.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of a Dask cluster that computes, tcp://HOST:PORT, or the file of dask scheduler --scheduler-file",
    )
    command.add_argument(
        "--shard",
        type=arguments.shard,
        metavar="K/N",
        help="the K-th of N parts of the work only, for batch systems; cevns toys merge puts their folders together"
        if parts
        else SUPPRESS,
    )
    if seed:
        add_seed(command)
    add_folder(command, *(folder or ("--folder",)), required=False)


def add_seed(command: ArgumentParser) -> None:
    """Add the seed of toys."""
    command.add_argument(
        "--seed", type=arguments.seed, default=1, metavar="N", help="of all random numbers (default: 1)"
    )


def add_toys(command: ArgumentParser, most: int) -> None:
    """Add how many toys there are, and how nuisances are handled in them."""
    command.add_argument(
        "--toys", type=arguments.whole("toys", most), default=1000, metavar="N", help="how many toys (default: 1000)"
    )
    add_nuisances(command)


def add_folder(command: ArgumentParser, *names: str, required: bool) -> None:
    """Add the option for a folder of shards."""
    command.add_argument(
        *names,
        dest="folder",
        type=arguments.folder,
        required=required,
        metavar="DIR",
        help="folder in which shards are kept; what is there is not computed again",
    )


def add_grid(command: ArgumentParser) -> None:
    """Add the points of a region, and how well it is to be known."""
    add_points(command, "values of one or two parameters", required=True)
    command.add_argument(
        "--precision",
        type=arguments.share,
        default=0.05,
        metavar="X",
        help="relative error of critical values near the boundary (default: 0.05)",
    )


def add_points(command: ArgumentParser, text: str, *, required: bool) -> None:
    """Add the points of a region."""
    command.add_argument(
        "--grid",
        type=arguments.axis,
        nargs="+",
        action="extend",
        required=required,
        metavar="NAME=LOW:HIGH:N",
        help=text,
    )


def add_truth(command: ArgumentParser) -> None:
    """Add the values that data are expected for."""
    command.add_argument(
        "--truth",
        type=arguments.setting,
        nargs="+",
        action="extend",
        metavar="NAME=VALUE",
        help="true values of parameters of an interval or a region (default: those of the standard model)",
    )


def add_nuisances(command: ArgumentParser) -> None:
    """Add how nuisances of toys are handled."""
    command.add_argument(
        "--nuisances",
        choices=("fluctuated", "fixed"),
        default="fluctuated",
        help="whether constraints are measured anew for each toy (default: fluctuated)",
    )


def add_masses(command: ArgumentParser) -> None:
    """Add the masses of a limit, and along which of several couplings it is."""
    command.add_argument(
        "--mass",
        type=arguments.mass_or_grid,
        nargs="+",
        action="extend",
        metavar="MEV",
        help="mediator masses [MeV], or LOW:HIGH:N for N of them, evenly spaced in their logarithms",
    )
    command.add_argument(
        "--parameter", metavar="NAME", help="which of several couplings; the others have their defaults"
    )


def add_view(command: ArgumentParser) -> None:
    """Add what a live view takes."""
    command.add_argument(
        "experiments", nargs="*", metavar="EXPERIMENT", help="shown first; see cevns list (default: those of the paper)"
    )
    command.add_argument("--model", metavar="NAME", help="shown first; see cevns list (default: b-l)")
    command.add_argument("--config", metavar="FILE", help="experiments and models of your own")
    command.add_argument(
        "--port", type=arguments.whole("port", 65535), metavar="N", help="of 127.0.0.1 (default: 5006, or a free one)"
    )
    command.add_argument("--no-browser", action="store_true", help="only say the address")
