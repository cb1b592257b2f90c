"""Speed against torch, JAX, scikit-learn, XGBoost and LightGBM, and against the machine's limits.

Writes docs/measured/peers.json, docs/performance.md and its plots. Needs the extra `bench`
(``pip install -e '.[bench]'``); what is not installed is left out, and the page says so. The machine should have
nothing else to do. Takes a quarter of an hour on two cores; ``--large`` adds 1e8 elements and InfoNCE at 8192 x 512,
needs 16 GiB and takes a few minutes more. How things are measured is in symloss/bench; `symloss bench LOSS` does one.
"""

import argparse
import sys
import time
from pathlib import Path

from measuring import record
from peers_page import write_page
from peers_plan import BOOSTED, CONFIDENT, plan
from peers_plots import write_plots

from symloss.bench.machine import disturbed, processors
from symloss.bench.running import run
from symloss.errors import SymlossError

DOCS = Path(__file__).resolve().parents[1] / "docs"
#: Smaller trainings where small sizes are asked for: rows, trees, seconds.
SMALL_TRAINING = {"rows": 5000, "trees": 10, "seconds": 1.0}


def main(arguments=None):
    """Measure, write, and say what was left out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("losses", nargs="*", metavar="LOSS", help="of those that are planned; all")
    parser.add_argument("--sizes", choices=("small", "usual"), default="usual", help="small: does it work at all?")
    parser.add_argument("--large", action="store_true", help="1e8 elements and InfoNCE at 8192 x 512 as well")
    parser.add_argument("--threads", type=int, action="append", help="one and two if left out; repeatable")
    parser.add_argument("--seconds", type=float, default=1.5, help="about how long the rounds of a case may take")
    parser.add_argument("--out", type=Path, help="write under this folder instead of docs/")
    chosen = parser.parse_args(arguments)
    partial = bool(chosen.losses or chosen.threads or chosen.sizes != "usual")
    if partial and chosen.out is None:
        parser.error("what docs/ records is the whole table: give --out FOLDER for a part of it")
    threads = chosen.threads or [count for count in (2, 1) if count <= len(processors())]
    runs, started = [], time.perf_counter()
    try:
        for count in threads:
            print(f"  threads: {count}", flush=True)
            cases = plan(chosen.losses, count == max(threads), chosen.sizes == "small", chosen.large)
            found = run(
                cases,
                count,
                chosen.seconds,
                copy_size=1 << (22 if chosen.sizes == "small" else 26),
                confident=[] if count != max(threads) else [n for n in CONFIDENT if n in (chosen.losses or CONFIDENT)],
                boosting=[n for n in BOOSTED if n in (chosen.losses or BOOSTED)],
                training=SMALL_TRAINING if chosen.sizes == "small" else {},
            )
            found.pop("begun")
            runs.append(found)
            if found["ended"]:
                print(f"  not everything was measured: {found['ended']}", file=sys.stderr)
    except (SymlossError, ValueError) as error:
        sys.exit(f"error: {error}")
    content = {"minutes": round((time.perf_counter() - started) / 60, 1), "runs": runs}
    if disturbed(runs[0]["machine"]):
        print(f"  {disturbed(runs[0]['machine'])}", file=sys.stderr)
    docs = chosen.out or DOCS
    record("peers", content, docs / "measured")
    pictures = write_plots(content, docs / "pictures")
    write_page(content, docs / "performance.md", pictures)
    print(f"  {content['minutes']} minutes; {docs / 'performance.md'}")


if __name__ == "__main__":
    main()
