"""Measure the prover and write docs/measured/proofs.json.

    python benchmarks/proving.py [--jobs N] [LOSS …]

The seconds of every claim, proved afresh into a temporary folder; of the whole catalogue; of a run that only looks up
what is stored; and of the re-check of all evidence.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from statistics import median

from measuring import MEASURED

from symloss.bench.machine import machine

COMMAND = [sys.executable, "-c", "import sys; from symloss.cli import main; sys.exit(main())", "prove", "--json"]


def lines(*arguments):
    """What `symloss prove --json` prints, and how long it takes."""
    started = time.perf_counter()
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode not in (0, 1):
        raise SystemExit(f"symloss prove failed:\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()], seconds


def main():
    """Prove, look up and re-check once each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("losses", nargs="*", metavar="LOSS")
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        where = [*chosen.losses, "--out", folder, "--jobs", str(chosen.jobs)]
        proved, seconds = lines(*where, "--again")
        looked_up = lines(*where)[1]
        checked, rechecking = lines(*where, "--recheck")
    losses = {}
    for entry in proved:
        losses.setdefault(entry["loss"], {})[entry["claim"]] = {"status": entry["status"], "seconds": entry["seconds"]}
    totals = {loss: round(sum(claim["seconds"] for claim in claims.values()), 2) for loss, claims in losses.items()}
    found = {
        "machine": machine(),
        "jobs": chosen.jobs,
        "seconds": round(seconds, 1),
        "seconds_of_the_median_loss": median(totals.values()),
        "seconds_from_the_store": round(looked_up, 2),
        "seconds_of_the_recheck": round(rechecking, 1),
        "verdicts": dict(sorted(Counter(entry["status"] for entry in proved).items())),
        "recheck": dict(sorted(Counter(entry["recheck"] for entry in checked).items())),
        "losses": {loss: {"seconds": totals[loss], "claims": claims} for loss, claims in sorted(losses.items())},
    }
    if not chosen.losses:
        (MEASURED / "proofs.json").write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({key: value for key, value in found.items() if key != "losses"}, indent=1))


if __name__ == "__main__":
    main()
