"""The command line: what goes wrong, help, and the process."""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_cli import ARGON, CSI, POINT, assert_refused

import cevns
from cevns.cli import analysis

# what goes wrong


REFUSED = {
    "no command": ([], "COMMAND"),
    "misspelled command": (["predcit"], "'predict'"),
    "empty command": ([""], "command"),
    "unknown option": (["predict", CSI, "--model", "sm", "--mas", "1"], "--mas"),
    "misspelled experiment": (["predict", "coherent-csi", "--model", "sm"], CSI),
    "no experiment": (["chi2", "--model", "sm"], "EXPERIMENT"),
    "experiment twice": (["chi2", CSI, CSI, "--model", "sm"], "more than once"),
    "no model": (["predict", CSI], "--model"),
    "misspelled model": (["predict", CSI, "--model", "b_l"], "'b-l'"),
    "no mass": (["predict", CSI, "--model", "b-l", "--coupling", "1e-5"], "mass is missing"),
    "no coupling": (["predict", CSI, "--model", "b-l", "--mass", "10"], "coupling is missing"),
    "mass without a value": (["predict", CSI, "--model", "b-l", "--mass"], "--mass"),
    "mass in words": (["predict", CSI, *POINT, "--mass", "ten"], "--mass", "'ten'"),
    "grouped mass": (["predict", CSI, *POINT, "--mass", "1_0"], "--mass", "'1_0'"),
    "mass in other digits": (["predict", CSI, *POINT, "--mass", "\u0661\u0660"], "--mass", "one number"),
    "grouped coupling": (["chi2", CSI, *POINT, "--coupling", "1_0e-5"], "--coupling"),
    "grouped level": (["limit", CSI, "--model", "b-l", "--mass", "1", "--cl", "0.9_0"], "--cl"),
    "freedom in other digits": (["limit", CSI, "--model", "b-l", "--mass", "1", "--dof", "\u0662"], "--dof"),
    "grouped threads": (["limit", CSI, "--model", "b-l", "--mass", "1", "--threads", "1_0"], "--threads"),
    "empty mass": (["predict", CSI, *POINT, "--mass", ""], "--mass"),
    "negative mass": (["predict", CSI, *POINT, "--mass", "-10"], "--mass", "-10", "at least 0 MeV"),
    "negative mass with an exponent": (["predict", CSI, *POINT, "--mass", "-1e-5"], "--mass", "-1e-05"),
    "mass for the standard model": (
        ["chi2", CSI, "--model", "sm", "--mass", "10"],
        "mass is given",
        "has none: leave it out",
    ),
    "coupling for the standard model": (["predict", CSI, "--model", "sm", "--coupling", "1"], "coupling is given"),
    "negative mass for the standard model": (["predict", CSI, "--model", "sm", "--mass", "-1"], "--mass"),
    "mass not a number": (["chi2", CSI, *POINT, "--mass", "nan"], "--mass"),
    "infinite mass": (["chi2", CSI, *POINT, "--mass", "1e999"], "--mass"),
    "minus infinity": (["chi2", CSI, *POINT, "--mass", "-inf"], "--mass"),
    "huge mass": (["chi2", CSI, *POINT, "--mass", "1e300"], "mass"),
    "complex coupling": (["chi2", CSI, *POINT, "--coupling", "1j"], "--coupling"),
    "negative coupling": (["chi2", CSI, *POINT, "--coupling", "-1e-5"], "coupling"),
    "huge coupling": (["chi2", CSI, *POINT, "--coupling", "1e308"], "coupling"),
    "limit without a mass": (["limit", CSI, "--model", "b-l"], "mass is missing", "--mass of the command"),
    "limit whose prior means nothing": (
        ["limit", CSI, "--model", "b-l", "--mass", "10", "--prior", "rn_csi=4.9:0.1"],
        "--profile rn_csi",
    ),
    "two levels": (
        ["interval", CSI, "--model", "sm", "--parameter", "rn_csi", "--cl", "0.68", "0.9"],
        "--cl: it takes one value, got 0.68 and 0.9",
    ),
    "two couplings": (["chi2", CSI, *POINT, "--coupling=1e-5", "2e-5"], "--coupling: it takes one value"),
    "grid and a value": (
        ["scan", CSI, *POINT[:2], "--mass", "1:9:3", "4", "--coupling", "1e-6:1e-4:3", "-o", "a.npz"],
        "--mass: it takes one value, got 1:9:3 and 4",
    ),
    "options without names": (
        ["predict", "coherent-ge-2024", "--model", "sm", "--option", "quenching=lindhard"],
        "quenching of coherent-ge-2024 has no names: set it in a file",
    ),
    "quenching without names": (
        ["predict", "coherent-ge-2024", "--model", "sm", "--quenching", "lindhard"],
        "quenching of coherent-ge-2024 has no names",
    ),
    "limit with a bad mass": (["limit", CSI, "--model", "b-l", "--mass", "10", "x"], "--mass"),
    "limit on the standard model": (["limit", CSI, "--model", "sm", "--mass", "1"], "no coupling", "take chi2, or fit"),
    "level in per cent": (["limit", CSI, "--model", "b-l", "--mass", "1", "--cl", "90"], "--cl", "0.90"),
    "level of 0": (["limit", CSI, "--model", "b-l", "--mass", "1", "--cl", "0"], "--cl"),
    "level of 1": (["limit", CSI, "--model", "b-l", "--mass", "1", "--cl", "1"], "--cl"),
    "negative level": (["limit", CSI, "--model", "b-l", "--mass", "1", "--cl", "-0.9"], "--cl"),
    "broken degrees of freedom": (["limit", CSI, "--model", "b-l", "--mass", "1", "--dof", "1.5"], "--dof"),
    "no degrees of freedom": (["limit", CSI, "--model", "b-l", "--mass", "1", "--dof", "0"], "--dof"),
    "no threads": (["limit", CSI, "--model", "b-l", "--mass", "1", "--threads", "0"], "--threads"),
    "too many threads": (["limit", CSI, "--model", "b-l", "--mass", "1", "--threads", "1" + "0" * 30], "--threads"),
    "misspelled quenching": (["predict", CSI, "--model", "sm", "--quenching", "chicago"], "'chicago-3'"),
    "quenching for whom": (["chi2", CSI, ARGON, "--model", "sm", "--quenching", "constant"], "--quenching"),
    "quenching for another": (["chi2", CSI, "--model", "sm", "--quenching", f"{ARGON}=release"], "--quenching"),
    "misspelled form factor": (["predict", CSI, "--model", "sm", "--form-factor", "Helms"], "'helm'"),
    "no such configuration": (["predict", "--config", "nowhere.toml", "--model", "sm"], "nowhere.toml"),
    "plot of nothing": (["plot", "nowhere.npz", "-o", "a.pdf"], "nowhere.npz"),
    "plot without an output": (["plot", "nowhere.npz"], "--output"),
    "unknown figure format": (["plot", "nowhere.npz", "-o", "a.docx"], "--output", ".pdf", ".png", ".svg"),
    "figure without a format": (["plot", "nowhere.npz", "-o", "a"], ".pdf"),
    "figure in no folder": (["plot", "nowhere.npz", "-o", "no/where/a.pdf"], "no folder"),
    "figure that is a folder": (["plot", "nowhere.npz", "-o", "/"], "--output"),
    "unknown experiment to cite": (["cite", "coherent-argon"], ARGON),
    "unknown model to cite": (["cite", "--model", "bl"], "'b-l'"),
    "bounds of what": (["bounds"], "COMMAND"),
    "bounds of no model": (["bounds", "list", "--model", "sm"], "sm"),
    "no such bound": (["bounds", "show", "b-l", "babar"], "'babar-2014'"),
    "no such bound to draw": (["bounds", "plot", "b-l", "babar", "-o", "a.pdf"], "'babar-2014'"),
    "reproduce where": (["reproduce"], "--output"),
    "no such figure": (["reproduce", "6", "--output", "out"], "'6'"),
    "no such file to validate": (["config", "validate", "nowhere.toml"], "nowhere.toml"),
    "name with a line break": (["predict", "coherent\ncsi", "--model", "sm"], "unknown experiment"),
    "name beyond ASCII": (["predict", "\u03bd\udc80", "--model", "sm"], "unknown experiment"),
    "configuration with a null character": (["predict", "--config", "a\0b", "--model", "sm"], "NUL"),
    "figure with a null character": (["plot", "nowhere.npz", "-o", "a\0b.pdf"], "--output", "NUL"),
    "folder with a null character": (["reproduce", "1a", "--output", "a\0b"], "NUL"),
    "curve with a null character": (["bounds", "plot", "b-l", "--add", "a\0b", "-o", "a.pdf"], "NUL"),
    "scan with half a surrogate pair": (["plot", "\ud800.npz", "-o", "a.pdf"], "'\\ud800'"),
    "scan that is a device": (["plot", "/dev/zero", "-o", "a.pdf"], "a device"),
    "configuration that is a device": (["config", "validate", "/dev/zero"], "a device"),
    "percent signs": (["predict", "%s%d%(prog)s", "--model", "%n"], "%s%d%(prog)s"),
}


@pytest.mark.parametrize(("argv", "words"), [(v[0], v[1:]) for v in REFUSED.values()], ids=list(REFUSED))
def test_bad_arguments_are_one_line_and_leave_nothing_behind(run, argv, words):
    assert_refused(run(*argv), *words)
    assert os.listdir() == []


BAD_GRIDS = (
    *("", ":", "1", "1:2", "1:2:3:4", "1::5", "1:2:x", "1:2:2.5", "1:2:1", "1:2:0", "1:2:-3", "1:2:1000000000000"),
    *("1_0:20:5", "1:2_0:5", "1:20:1_0", "\u0661:20:5", "1:20:\u0665", "1:infinity:5"),
    *("2:1:5", "1:1:5", "0:1:5", "-1:-2:5", "-1:1:1", "nan:1:5", "1:inf:5", "a:2:5", "1e-400:1:5"),
)


@pytest.mark.parametrize("grid", BAD_GRIDS)
@pytest.mark.parametrize("axis", ["--mass", "--coupling"])
def test_bad_grids_are_refused(run, axis, grid):
    options = {"--model": "b-l", "--mass": "1:10:3", "--coupling": "1e-5:1e-3:3", "-o": "a.npz"} | {axis: grid}
    assert_refused(run("scan", ARGON, *itertools.chain(*options.items())), axis, "argument")
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        (["--model", "sm"], "no mediator mass to scan; use cevns chi2"),
        (["--coupling", "1:1e20:3"], "coupling"),
        (["--coupling", "-1e-5:1e-5:3"], "coupling contains -1e-05: every value must be finite and at least 0"),
        (["--mass", "1:10:100000", "--coupling", "1e-5:1:100000"], "points"),
        (["-o", "a.csv"], ".npz"),
        (["-o", "no/where/a.npz"], "folder"),
    ],
    ids=["model without a mass", "huge coupling", "negative couplings", "too many points", "suffix", "folder"],
)
def test_bad_scans_leave_nothing_behind(run, changes, word):
    options = {"--model": "b-l", "--mass": "1:10:3", "--coupling": "1e-5:1e-3:3", "-o": "a.npz"}
    options |= dict(zip(changes[::2], changes[1::2], strict=True))
    assert_refused(run("scan", ARGON, *itertools.chain(*options.items())), word)
    assert os.listdir() == []


def test_an_interrupt_leaves_no_file(run, monkeypatch):
    def interrupted(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", interrupted)
    command = ["scan", ARGON, "--model", "b-l", "--mass", "1:10:3", "--coupling", "1e-5:1e-3:3", "-o", "a.npz"]
    assert_refused(run(*command), "interrupted", code=130)
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("error", "word"), [(MemoryError(), "not enough memory"), (RuntimeError("a\nb"), "unexpected RuntimeError: a b")]
)
def test_no_error_is_a_traceback(run, monkeypatch, error, word):
    def failing(_args):
        raise error

    monkeypatch.setattr(analysis, "predict", failing)
    code, out, err = run("predict", CSI, "--model", "sm")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert word in err


def test_the_cause_of_a_bug_is_shown_in_development_mode():
    # in a process of its own, because nothing may replace sys.flags in a running one
    script = f"""
from cevns.cli import analysis, main

def failing(args):
    raise RuntimeError("cause")

analysis.predict = failing
main(["predict", {CSI!r}, "--model", "sm"])
"""
    done = python("-X", "dev", "-c", script)
    assert done.returncode == 1
    assert "in failing" in done.stderr
    assert done.stderr.endswith("RuntimeError: cause\n")


# help, version and the process


@pytest.mark.parametrize(
    "command", [[], ["limit"], ["bounds"], ["bounds", "plot"], ["config", "validate"]], ids=" ".join
)
def test_help_is_shown(run, command):
    code, out, err = run(*command, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: {' '.join(['cevns', *command])}")


def test_the_version_is_the_package_s(run):
    assert run("--version") == (0, f"cevns {cevns.__version__}\n", "")


def python(*argv, **options):
    return subprocess.run([sys.executable, *argv], capture_output=True, text=True, timeout=60, check=False, **options)


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["limit", "--help"], ["limit", "--bogus"]], ids=" ".join)
def test_help_version_and_usage_errors_import_nothing_heavy(argv):
    code = f"""
import sys
from cevns.cli import main
main({argv!r})
print(sorted({{"numpy", "scipy", "matplotlib", "tqdm", "cevns.files"}} & sys.modules.keys()), file=sys.stderr)
"""
    assert python("-c", code).stderr.splitlines()[-1] == "[]"


def test_the_module_runs_as_a_program():
    done = python("-m", "cevns", "chi2", ARGON, "--model", "sm", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["chi2"] == pytest.approx(8.86, abs=0.01)
    failed = python("-m", "cevns", "chi2", ARGON, "--model", "ms")
    assert_refused((failed.returncode, failed.stdout, failed.stderr), "unknown interaction 'ms'")


@pytest.mark.skipif(os.name != "posix", reason="closed pipes are reported in another way")
def test_a_closed_pipe_is_no_error_message():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stdout:
        command = [sys.executable, "-m", "cevns", "bounds", "show", "b-l", "babar-2014"]
        done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_is_one_line():
    with Path("/dev/full").open("w") as stdout:
        command = [sys.executable, "-m", "cevns", "list"]
        done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert_refused((done.returncode, "", done.stderr), "No space left")
