"""``python -m tests.fuzz``: many cases, or one again."""

import argparse
import collections
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from .judge import KINDS, play, warm
from .mutations import Fault

#: Cases that a worker plays before it is replaced, so that what it hoards shows in its memory and does not add up.
_CHUNK = 500


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--configs", type=int, default=0, metavar="N", help="cases of configurations")
    parser.add_argument("--others", type=int, default=0, metavar="N", help="cases of each other kind")
    parser.add_argument("--kind", choices=KINDS, help="one kind only")
    parser.add_argument("--case", type=int, metavar="I", help="play this case alone and show its error")
    parser.add_argument("--first", type=int, default=0, metavar="I", help="number of the first case")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="an empty folder that keeps the files of --case")
    parser.add_argument("--until", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.until is not None:
        return _work(args)
    if args.case is not None:
        return _replay(args)
    return _many(args)


def _replay(args):
    if args.keep:
        args.keep.mkdir(exist_ok=True)
    warm()
    print(play(args.kind, args.seed, args.case, args.keep))
    return 0


def _work(args):
    """Play a range of cases; a line of JSON for each that is a fault, and one for all."""
    import faulthandler
    import resource

    warm()
    counts = collections.Counter()
    for index in range(args.first, args.until):
        # a kernel that never returns ends the process, and the last line says where
        faulthandler.dump_traceback_later(150, exit=True)
        begin = time.process_time()
        try:
            counts[play(args.kind, args.seed, index)] += 1
        except Fault as fault:
            if "took" in str(fault) and time.process_time() - begin < 2.5:
                # other programs took the time
                counts["slow machine"] += 1
                continue
            counts["fault"] += 1
            print(json.dumps({"case": index, "fault": str(fault)}), flush=True)
    faulthandler.cancel_dump_traceback_later()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"counts": counts, "memory": memory}), flush=True)
    return 0


def _many(args):
    wanted = {kind: args.configs if kind == "config" else args.others for kind in KINDS if args.kind in (None, kind)}
    chunks = [
        (kind, first, min(first + _CHUNK, args.first + n))
        for kind, n in wanted.items()
        for first in range(args.first, args.first + n, _CHUNK)
    ]
    totals, faults, memory = collections.defaultdict(collections.Counter), [], 0
    running, begin, done = [], time.time(), 0
    while chunks or running:
        while chunks and len(running) < args.workers:
            kind, first, until = chunks.pop(0)
            command = [sys.executable, "-m", "tests.fuzz", "--kind", kind, "--seed", str(args.seed)]
            command += ["--first", str(first), "--until", str(until)]
            running.append((kind, first, until, subprocess.Popen(command, stdout=subprocess.PIPE, text=True)))
        kind, first, until, process = running.pop(0)
        lines = [json.loads(line) for line in process.communicate()[0].splitlines()]
        summary = lines.pop() if lines and "counts" in lines[-1] else None
        for line in lines:
            faults.append((kind, line["case"]))
            print(f"FAULT --kind {kind} --seed {args.seed} --case {line['case']}\n{line['fault']}\n", flush=True)
        if summary is None:
            faults.append((kind, first))
            print(f"FAULT a worker died between cases {first} and {until} of {kind}", flush=True)
        else:
            totals[kind].update(summary["counts"])
            memory = max(memory, summary["memory"])
        done += until - first
        print(f"{time.time() - begin:.0f} s: {done} cases, {len(faults)} faults", file=sys.stderr, flush=True)
    for kind, counts in totals.items():
        print(
            f"{kind}: {sum(counts.values())} cases, " + ", ".join(f"{n} {what}" for what, n in sorted(counts.items()))
        )
    print(f"{len(faults)} faults in {time.time() - begin:.0f} s, at most {memory} MB")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
