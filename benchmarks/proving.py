"""Measure the prover and write docs/measured/proofs.json.

    python benchmarks/proving.py [--jobs N] [LOSS …]

The seconds of every claim, proved afresh into a temporary folder; of the whole catalogue; of a run that only looks up
what is stored; and of the re-check of all evidence. What share of the claims is decided, and of those about every size
how many are proved for every size. The facts about functions (`atoms`) are proved in the same run and counted apart.
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
from symloss.build.sources import catalogue, data_folder
from symloss.language import SpecLibrary, read_spec
from symloss.proof.proving import decided
from symloss.proof.store import FACTS

COMMAND = [sys.executable, "-c", "import sys; from symloss.cli import main; sys.exit(main())", "prove", "--json"]


def lines(*arguments):
    """What `symloss prove --json` prints, and how long it takes."""
    started = time.perf_counter()
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode not in (0, 1):
        raise SystemExit(f"symloss prove failed:\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()], seconds


def shares(proved):
    """How many claims there are, are decided as expected, are about every size, and are proved for every size.

    A claim is about every size if the size of some axis matters and the claim names none.
    """
    library = SpecLibrary([data_folder("specs")])
    specs = {loss: read_spec(path, library) for loss, path in catalogue().items()}
    claims = [entry for entry in proved if entry["loss"] != FACTS]
    named = {
        (loss, claim.text): {axis for axis, some in claim.sizes.items() if some is not None}
        for loss, spec in specs.items()
        for claim in spec.claims
    }
    every = []
    for entry in claims:
        sizes = entry["scope"]["sizes"]
        shown = [sizes[axis] for axis in sizes if axis not in named[entry["loss"], entry["claim"]]]
        if entry["expect"] != "refuted" and shown:
            every.append(shown)
    return {
        "claims": len(claims),
        "facts": len(proved) - len(claims),
        "decided": sum(map(decided, claims)),
        "about_every_size": len(every),
        "proved_for_every_size": sum(all(some == "every" for some in shown) for shown in every),
        "by_z3_alone": sum(entry["summary"].endswith("(z3)") for entry in proved),
    }


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
    # The facts are no loss: their seconds count in the whole, not in the median.
    totals = {loss: round(sum(claim["seconds"] for claim in claims.values()), 2) for loss, claims in losses.items()}
    found = {
        "machine": machine(),
        "jobs": chosen.jobs,
        "seconds": round(seconds, 1),
        "seconds_of_the_median_loss": median(seconds for loss, seconds in totals.items() if loss != FACTS),
        "seconds_from_the_store": round(looked_up, 2),
        "seconds_of_the_recheck": round(rechecking, 1),
        **shares(proved),
        "verdicts": dict(sorted(Counter(entry["status"] for entry in proved).items())),
        "recheck": dict(sorted(Counter(entry["recheck"] for entry in checked).items())),
        "losses": {loss: {"seconds": totals[loss], "claims": claims} for loss, claims in sorted(losses.items())},
    }
    if not chosen.losses:
        (MEASURED / "proofs.json").write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({key: value for key, value in found.items() if key != "losses"}, indent=1))


if __name__ == "__main__":
    main()
