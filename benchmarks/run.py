"""All benchmarks: figures to docs/measured/*.json, tables of start-up, calls, building and memory to a page.

The machine should have nothing else to do. Without ``peers`` it takes less than ten minutes.
"""

import argparse
import time

import building
import calls
import memory
import page
import peers
import startup
from measuring import record

from symloss.bench.machine import machine

PARTS = {"startup": startup.main, "calls": calls.main, "memory": memory.main, "building": building.main}


def main():
    """Run all, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join([*PARTS, 'peers'])}; all")
    parser.add_argument("--no-peers", action="store_true", help="all but peers")
    chosen = parser.parse_args()
    parts = chosen.parts or [*PARTS, "peers"]
    unknown = sorted({*parts} - {*PARTS, "peers"})
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}")
    for part in PARTS:
        if part in parts:
            started = time.perf_counter()
            described = machine()
            record(part, {"machine": described} | PARTS[part]())
            print(f"  {part}: {time.perf_counter() - started:.0f} s")
    page.main()
    if "peers" in parts and not chosen.no_peers:
        peers.main([])


if __name__ == "__main__":
    main()
