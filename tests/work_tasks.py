"""Tasks of the tests of `cevns.work`, in a module that other processes can import."""

import os
import signal
import threading
import time
from pathlib import Path

from cevns.errors import InputError
from cevns.work import Task, generator


def draw(shard, seed, mean=3.5):
    """Return as many numbers as the shard's own number, and one more, and one row."""
    random = generator(seed, shard)
    return {"x": random.normal(mean, size=(shard % 4 + 1, 2)), "n": random.poisson(mean), "shard": [shard]}


def logged(shard, log, nap, seed=1):
    """Return the same, after a while, and write down who computed it."""
    time.sleep(nap)
    with open(log, "a", encoding="utf-8") as stream:
        stream.write(f"{shard} {os.getpid()}\n")
    return draw(shard, seed)


def computed(log):
    """Return the shards that were computed, and the processes that did."""
    lines = Path(log).read_text(encoding="utf-8").split("\n") if Path(log).exists() else []
    rows = [line.split() for line in lines if line]
    return [int(row[0]) for row in rows], {int(row[1]) for row in rows}


def failing(shard, at):
    """Fail at a shard."""
    if shard == at:
        raise InputError("mass is below 0")
    return draw(shard, 1)


class Odd(Exception):
    """An error that does not survive pickling."""

    def __init__(self, one, two):
        super().__init__(f"{one} {two}")
        self.lock = threading.Lock()


def oddly(shard):
    raise Odd("no", "good")


def dying(shard, at, log):
    """End the process at a shard, the first time if there is a file to note it."""
    if shard == at and not Path(log).exists():
        if Path(log).parent.exists():
            Path(log).touch()
        os._exit(7)
    time.sleep(0.01)
    return draw(shard, 1)


def of_likelihood(shard, likelihood, interaction, mass, seed):
    """Return chi2 at a few couplings."""
    couplings = generator(seed, shard).uniform(1e-6, 1e-4, size=5)
    return {"chi2": likelihood.chi2(interaction, mass=mass, coupling=couplings)}


def draws(shards=12, seed=1):
    return Task("draws", draw, {"seed": seed}, shards)


def main(log, folder, shards, nap, workers="1", company="1"):
    """Run a task in a folder, as a script of somebody would, when as many processes are there to do so."""
    from cevns.work import run

    # what a shell starts in the background ignores it
    signal.signal(signal.SIGINT, signal.default_int_handler)
    Path(f"{log}.{os.getpid()}").touch()
    while len(list(Path(log).parent.glob(f"{Path(log).name}.*"))) < int(company):
        time.sleep(0.01)
    run(Task("logged", logged, {"log": log, "nap": float(nap)}, int(shards)), folder, workers=int(workers))
