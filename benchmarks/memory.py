"""The memory that a call takes beyond its inputs and the buffers it is given, for every shipped loss.

Linux only: the high-water mark of the resident memory is set back before the call and read after it, which counts
what kernels allocate as well as what NumPy does.
"""

import argparse
import sys
from pathlib import Path

from cases import CASES
from measuring import figure, in_fresh_process, show

ELEMENTS = 1 << 22
ENTRIES = ("value", "value_and_grad", "grad_hess_diag", "hvp")

PEAK = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import symloss
from cases import calling, inputs, predictions
name, elements = sys.argv[2], int(sys.argv[3])

def resident(key):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024

loss = symloss.load(name)
few, many = inputs(name, 4096), inputs(name, elements)
# Above the size at which helpers start, so that their stacks are there before; large enough for BLAS's own buffers.
some = inputs(name, 1 << 17)
found = {}
for entry in sys.argv[4].split(","):
    if entry not in loss.meta["entries"]:
        continue
    calling(loss, entry, few)()
    calling(loss, entry, some)()
    call = calling(loss, entry, many)
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    call()
    found[entry] = resident("VmHWM") - before
size = max(array.nbytes for array in predictions(loss, many))
rows = len(many[0])
square = rows * rows * many[0].itemsize
print(json.dumps({"peaks": found, "input": size, "square": square, "coupled": loss.meta["coupled"]}))
"""


def peaks(names=tuple(CASES), entries=("value_and_grad",)):
    """Per loss the largest peak over the entry points, as a share of one prediction or of one N x N buffer."""
    if sys.platform != "linux":
        raise SystemExit("peak memory is measured on Linux only")
    here = str(Path(__file__).resolve().parent)
    shares, squares = {}, {}
    for name in names:
        found = in_fresh_process(PEAK, here, name, str(ELEMENTS), ",".join(entries))
        peak = max(found["peaks"].values())
        if found["coupled"]:
            squares[name] = peak / found["square"]
        else:
            shares[name] = peak / found["input"]
    return shares, squares


def main(arguments=()):
    """Measure and print; returns the figures and those of each loss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("losses", nargs="*", default=list(CASES), metavar="LOSS")
    parser.add_argument("--entries", default="value_and_grad", help=f"of {', '.join(ENTRIES)}; separated by commas")
    chosen = parser.parse_args(arguments)
    shares, squares = peaks(chosen.losses, chosen.entries.split(","))
    figures = {}
    if shares:
        worst = max(shares, key=shares.get)
        figures["largest temporary of element-wise and row kernels"] = figure(
            shares[worst], "inputs", 0.99, loss=worst, entries=chosen.entries
        )
    for name, share in squares.items():
        # Buffers of N rows come on top of the two squares; a third square would be plain to see.
        figures[f"{name}: peak in buffers of N x N"] = figure(share, "squares", 2.5)
        if chosen.entries == "value_and_grad":
            product = peaks((name,), ("hvp",))[1][name]
            figures[f"{name}: of its Hessian-vector product"] = figure(product, "squares")
    show("memory", figures)
    for name, share in sorted(shares.items(), key=lambda item: -item[1])[:5]:
        print(f"    {name:<28} {share:.3f} of a prediction")
    losses = {name: {"inputs": round(share, 4)} for name, share in shares.items()}
    losses |= {name: {"squares": round(share, 3)} for name, share in squares.items()}
    return {"figures": figures, "losses": losses}


if __name__ == "__main__":
    main(sys.argv[1:])
