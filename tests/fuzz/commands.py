"""Command lines: every command with options, values, paths and encodings of all kinds."""

import contextlib
import functools
import io
import json
import os
import random
import re

from cevns.cli import main
from cevns.config import template

from . import configs, results, tables, toml
from .mutations import NUMBERS, TEXTS, Fault, bytes_like, mutated, text

__all__ = ["play"]

_MODELS = ("sm", "universal", "b-l", "lmu-ltau", "dark-photon", "x")
_OPTIONS = {
    "--model": ("b-l", "universal", "sm", "lmu-ltau", "b_l"),
    "--weak": ("radiative", "tree-level", "tree"),
    "--config": ("fast.toml", "fast.toml", "mine.toml", "mutated.toml", "none.toml"),
    "--quenching": ("chicago-3", "coherent-csi-2017=chicago-1", "=", "mine=x"),
    "--form-factor": ("helm", "klein-nystrand", "x"),
    "--cl": ("0.9", "0.95", "0.9999999", "90", "0"),
    "--dof": ("1", "2", "3", "100", "0"),
    "--threads": ("1", "2", "256", "257"),
    "--mass-unit": ("eV", "MeV", "GeV", "mev"),
    "--columns": ("1,2", "2,1", "1,2,3", "ta,tb", ",", "1"),
    "--add": ("curve.csv", "curve.txt", "none.csv"),
}
_MASSES = ("10", "0.1", "1e3", "0", "1e15", "-1")
_COUPLINGS = ("1e-5", "1e-3", "0", "1e10", "-0.2")
_GRIDS = ("1:100:3", "0.1:1e4:5", "1:1:2", "2:1:3", "1:2:1", "1:2:100001", "1e-300:1e300:3", "::", "1:2")
_OUTPUTS = (
    "out.csv",
    "out.png",
    "out.svg",
    "out.pdf",
    "out.npz",
    "folder",
    "none/out.png",
    "link.csv",
    "fifo",
    "OUT.PNG",
)


def play(rng, folder):
    """Run one command line in a folder with files of all kinds."""
    _furnish(folder)
    argv = _argv(rng, folder)
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        argv = _changed(rng, argv)
    if argv[:1] == ["reproduce"] and not {"--help", "-h"} & set(argv):
        # what takes long is refused before it begins
        argv.insert(1, "9z")
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    encoding = rng.choice(["utf-8", "utf-8", "ascii", "cp1252"])
    code, out, err = run(argv, folder, encoding)
    _check(argv, code, out, err)
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    if code == 2:
        if after != before:
            changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
            raise Fault(f"{argv} failed and changed {changed}")
        return "refused"
    return "accepted"


def run(argv, folder, encoding="utf-8"):
    """Return exit code, stdout and stderr of a command that runs in a folder."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=e) for e in ("strict", "backslashreplace"))
    back = os.getcwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(argv)
    finally:
        os.chdir(back)
    out.flush()
    err.flush()
    return code, out.buffer.getvalue().decode(encoding), err.buffer.getvalue().decode(encoding)


def _check(argv, code, out, err):
    if code not in (0, 2):
        raise Fault(f"{argv}: exit code {code}, {err}")
    lines = err.splitlines()
    if code == 2:
        validates = argv[:2] == ["config", "validate"]
        if out or not lines or not lines[0].startswith("cevns: error: ") or (len(lines) > 1 and not validates):
            raise Fault(f"{argv}: stdout {out!r}, stderr {err!r}")
        if len(err) > 100_000:
            raise Fault(f"{argv}: an error of {len(err)} characters")
    elif err:
        raise Fault(f"{argv}: stderr {err!r}")
    if re.search(r"unexpected \w+Error|a bug;|Traceback|numpy\.|np\.float|object at 0x", out + err):
        raise Fault(f"{argv}: {(out + err)[:1000]}")
    helps = {"-h", "--help", "--version"} & set(argv)
    if code == 0 and "--json" in argv and not helps:
        try:
            json.loads(out, parse_constant=_no_constant)
        except ValueError as error:
            raise Fault(f"{argv}: {error} in {out[:500]}") from error
    elif code == 0 and re.search(r"(?<![\w./-])nan(?![\w.-])", out) and "nan" not in " ".join(argv):
        raise Fault(f"{argv}: {out[:1000]}")


def _no_constant(name):
    raise Fault(f"JSON with {name}")


@functools.cache
def _stock():
    calm = random.Random(0)
    fast = template().replace("quenching_sigma = 0.05", "quenching_sigma = 0.0").encode()
    return {
        "mine.toml": template().encode(),
        "fast.toml": fast,
        "curve.csv": b"1,1e-4\n10,2e-4\n100,1e-3\n",
        "curve.txt": tables.written(calm, [[1.0, 1e-4, 1e-3], [2.0, 2e-4, 1e-2]], ["ta", "tb", "tc"])[0],
        "limit.csv": results._limit_text(True).encode(),
        "scan.npz": _plain_scan(),
        "out.csv": b"old\n",
    }


def _plain_scan():
    import numpy as np

    arrays, about = results._scan()
    stream = io.BytesIO()
    np.savez(stream, **arrays, about=np.array(json.dumps(about)))
    return stream.getvalue()


def _furnish(folder):
    for name, content in _stock().items():
        (folder / name).write_bytes(content)
    (folder / "folder").mkdir()
    (folder / "link.csv").symlink_to("out.csv")
    (folder / "loop").symlink_to("loop")
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "fifo")


def _argv(rng, folder):
    command = rng.choice(
        [
            "predict",
            "chi2",
            "limit",
            "scan",
            "plot",
            "list",
            "cite",
            "reproduce",
            "bounds",
            "bounds",
            "config",
            "config",
        ]
    )
    argv = [command]
    if command in ("predict", "chi2", "limit", "scan"):
        argv += _inputs(rng, folder)
        if command == "scan":
            argv += ["--mass", rng.choice(_GRIDS), "--coupling", rng.choice(_GRIDS).replace("1e4", "1e-2")]
        elif command == "limit":
            argv += ["--mass", *rng.choices((*_MASSES, *_GRIDS[:4]), k=rng.choice([1, 1, 2]))]
        else:
            argv += ["--mass", rng.choice(_MASSES), "--coupling", rng.choice(_COUPLINGS)]
    if command == "plot":
        argv.append(_result_file(rng, folder))
    if command == "cite":
        argv += rng.choice([[], ["coherent-csi-2017"], ["x"], ["--model", "b-l"]])
    if command == "reproduce":
        argv += [rng.choice(["1", "9", "all", ""]), "--output", rng.choice(["folder", "mine.toml", "none/x", ""])]
    if command == "bounds":
        topic = rng.choice(["list", "show", "plot"])
        argv += [topic, rng.choice(_MODELS)]
        if topic == "show":
            argv.append(rng.choice(["babar", "connie", "coherent", "x"]))
        elif topic == "plot" and rng.random() < 0.6:
            argv += ["--add", rng.choice(_OPTIONS["--add"])]
            argv += rng.choice([[], ["--columns", rng.choice(_OPTIONS["--columns"])], ["--coupling", "g^2"]])
    if command == "config":
        argv += rng.choice([["template"], ["validate", "fast.toml"], ["validate", _config(rng, folder)]])
    for option in ("--cl", "--dof", "--threads"):
        if command in ("limit", "scan", "plot") and rng.random() < 0.1:
            argv += [option, rng.choice(_OPTIONS[option])]
    if command in ("plot", "scan") or (command == "limit" and rng.random() < 0.3) or argv[:2] == ["bounds", "plot"]:
        # figures take long, so that most have a name that is refused
        drawn = command in ("plot", "bounds") and rng.random() < 0.05
        wanted = "out.npz" if command == "scan" else "out.png" if drawn else None
        argv += ["-o", wanted if wanted and rng.random() < 0.8 else rng.choice(("out.csv", *_OUTPUTS[4:]))]
    if rng.random() < 0.4:
        argv.append("--json")
    return argv


def _inputs(rng, folder):
    draw = rng.random()
    if draw < 0.01:
        return [rng.choice(["coherent-csi-2017", "coherent-argon-2020"]), "--model", "b-l"]
    if draw < 0.06:
        return [rng.choice(["coherent-csi", "x", ""]), "--model", "b-l"]
    out = ["--config", "fast.toml" if draw < 0.7 else _config(rng, folder)]
    for option in ("--model", "--weak", "--quenching", "--form-factor"):
        if rng.random() < (0.4 if option == "--model" else 0.05):
            out += [option, rng.choice(_OPTIONS[option])]
    return out


def _config(rng, folder):
    """Return the name of a configuration, mutated more often than not."""
    name = rng.choice(["mutated.toml", "mutated.toml", "mine.toml", "none.toml", "folder", "fifo", "loop", "scan.npz"])
    if name == "mutated.toml":
        document = configs.document(rng, folder)
        content = toml.dumps(mutated(rng, document, rng.choice([0, 1, 1, 2])), rng).encode("utf-8", "replace")
        (folder / name).write_bytes(bytes_like(rng, content, rng.choice([0, 0, 1])))
    return name


def _result_file(rng, folder):
    name = rng.choice(
        ["scan.npz", "limit.csv", "damaged.npz", "damaged.csv", "none.npz", "folder", "fifo", "fast.toml"]
    )
    if name == "damaged.npz":
        (folder / name).write_bytes(results.scan_file(rng))
    if name == "damaged.csv":
        (folder / name).write_bytes(results.limit_file(rng))
    return name


def _changed(rng, argv):
    """Change a command line by a word."""
    argv = list(argv)
    i = rng.randrange(len(argv) + 1)
    action = rng.randrange(9)
    if action == 0:
        del argv[i : i + 1]
    elif action == 1:
        argv.insert(
            i, rng.choice([*_OPTIONS, "--mass", "--coupling", "--json", "-o", "--output", "--help", "--", "-x"])
        )
    elif action == 2:
        name = rng.choice(list(_OPTIONS))
        argv += [name, rng.choice(_OPTIONS[name])]
    elif action == 3 and argv:
        i %= len(argv)
        argv[i] = text(rng, argv[i])
    elif action == 4 and argv:
        i %= len(argv)
        argv[i] = rng.choice([str(rng.choice(NUMBERS)), rng.choice(TEXTS), "\udcff", "--mass=" + rng.choice(_MASSES)])
    elif action == 5:
        argv.insert(i, rng.choice(TEXTS))
    elif action == 6 and argv:
        argv.insert(i, argv[i % len(argv)])
    elif action == 7:
        rng.shuffle(argv)
    elif len(argv) > 1:
        i = rng.randrange(1, len(argv))
        argv[i - 1], argv[i] = argv[i], argv[i - 1]
    return argv
