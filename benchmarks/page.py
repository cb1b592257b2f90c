"""docs/performance-startup.md from what the benchmarks recorded: figures with their limits, then a row per loss."""

import json

from measuring import MEASURED

PAGE = MEASURED.parent / "performance-startup.md"
PARTS = ("startup", "calls", "memory", "building")
INTRODUCTION = """# Start-up, small calls, memory and the build

Written by `python benchmarks/run.py` from docs/measured/{{{parts}}}.json, measured on {machine}.

- *First call*: `load` and the first value and gradient in float32, in a fresh process, after NumPy, Numba and symloss
  are imported; seconds of the processor. *Cold*: nothing compiled yet. *From disk*: machine code in Numba's cache, over
  the same of an empty cached function.
- *Call*: 1 000 elements per input, float32, over a call of an empty Numba function of as many arrays.
- *Memory*: the most that value and gradient of {elements} elements take beyond inputs and `out=`, as a share of one
  prediction; of losses that compare all samples with all, in buffers of N × N.
"""


def figures_table(recorded):
    """The figures that stand for all losses, with limits where there are any."""
    lines = ["| figure | value | limit | |", "|---|---|---|---|"]
    for part in recorded.values():
        for name, entry in part["figures"].items():
            limit = f"{entry['limit']:g} {entry['unit']}" if "limit" in entry else ""
            missed = "" if entry.get("reached", True) else "**not reached**"
            note = ", ".join(filter(None, [missed, f"`{entry['loss']}`" if "loss" in entry else ""]))
            lines.append(f"| {name} | {entry['value']:g} {entry['unit']} | {limit} | {note} |")
    return lines


def losses_table(recorded):
    """A row per loss."""
    cells = {
        "first call, cold": ("startup", lambda found: f"{found['cold']:.2f} s"),
        "from disk": ("startup", lambda found: f"{1000 * found['from_disk_over_empty']:.0f} ms"),
        "value": ("calls", lambda found: f"{found['value']:.1f} µs"),
        "and gradient": ("calls", lambda found: f"{found['value_and_grad']:.1f} µs"),
        "into `out=`": ("calls", lambda found: f"{found['value_and_grad_out']:.1f} µs"),
        "memory": ("memory", _memory),
    }
    names = sorted({name for part in recorded.values() for name in part.get("losses", ())})
    lines = [f"| loss | {' | '.join(cells)} |", "|---" * (len(cells) + 1) + "|"]
    for name in names:
        found = [(recorded.get(part, {}).get("losses", {}).get(name), show) for part, show in cells.values()]
        lines.append(f"| `{name}` | " + " | ".join(show(entry) if entry else "" for entry, show in found) + " |")
    return lines


def _memory(found):
    return f"{found['squares']:.2f} N × N" if "squares" in found else f"{found['inputs']:.3f}"


def main():
    """Write the page."""
    from memory import ELEMENTS

    paths = {part: MEASURED / f"{part}.json" for part in PARTS}
    recorded = {part: json.loads(path.read_text(encoding="utf-8")) for part, path in paths.items() if path.is_file()}
    machines = {f"{part['machine']['cpu']}, {part['machine']['cores']} cores" for part in recorded.values()}
    head = INTRODUCTION.format(
        parts=",".join(recorded), machine="; ".join(sorted(machines)), elements=f"{ELEMENTS:,}".replace(",", " ")
    )
    lines = [head, *figures_table(recorded), "", *losses_table(recorded)]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"  {PAGE.relative_to(PAGE.parents[1])}")


if __name__ == "__main__":
    main()
