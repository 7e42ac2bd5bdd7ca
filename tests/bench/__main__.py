"""`make bench`: ratios from interleaved runs; absolute figures hold on one machine only.

Exits with 0 unless something is broken (a status other than 200, a lost row): a missed aim is
printed, never an error, because a busy machine misses them too.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from tests.bench.aes import aes
from tests.bench.burden import memory, tickets
from tests.bench.client import Broken
from tests.bench.delay import latency, start
from tests.bench.processes import ROOT, Cores
from tests.bench.speed import speed
from tests.bench.stage import FULL, QUICK, Stage
from tests.bench.workers import workers

PARTS = {
    "speed": speed,
    "aes": aes,
    "latency": latency,
    "start": start,
    "tickets": tickets,
    "workers": workers,
    "memory": memory,
}
LONG = ("memory",)  # minutes; only with --long, or by name
RESULT = ROOT / "var" / "bench.json"


def main() -> int:
    """Measure what was asked for; prints each part as it is done."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--long", action="store_true", help="also what takes minutes: memory")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    arguments = parser.parse_args()
    parts = arguments.only or [name for name in PARTS if arguments.long or name not in LONG]
    found = []
    try:
        cores = Cores.here()
        # The servers are pinned to their own core; this process, the client, to the other.
        os.sched_setaffinity(0, {cores.client})
        with tempfile.TemporaryDirectory(prefix="nqi-bench-") as folder:
            stage = Stage(Path(folder), cores, QUICK if arguments.quick else FULL)
            for name in parts:
                before = os.getloadavg()[0]
                findings = PARTS[name](stage)
                load = f"load average {before:.1f} before, {os.getloadavg()[0]:.1f} after"
                print(f"{findings.text()}\n  ({load})", flush=True)  # noqa: T201 -- the report
                found.append({"part": name, "load": load, **findings.as_json()})
    except Broken as broken:
        print(f"broken: {broken}", file=sys.stderr)  # noqa: T201 -- the report
        return 1
    RESULT.parent.mkdir(exist_ok=True)
    result = {"quick": arguments.quick, "cores": cores.all, "parts": found}
    RESULT.write_text(json.dumps(result, ensure_ascii=False, indent=1), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
