"""docs/performance.md from what `peers.py` recorded."""

from peers_goals import goals, measured

from symloss.bench.machine import disturbed
from symloss.bench.measuring import ADDING, EXPONENTIALS, FIRST_ORDER, MOVING, OURS, PRODUCTS
from symloss.bench.text import cells, columns_of, duration, reasons, times, title

INTRODUCTION = """# Performance on a CPU

Written by `python benchmarks/peers.py` from docs/measured/peers.json in {minutes} minutes; `symloss bench LOSS` does
one loss.

{machine}

- All candidates of a case run in one process and take turns; within a turn a call is repeated for 2 ms or more, after a
  pause in which the threads of the candidate before come to rest, and calls for 20 ms that are not counted. A figure
  such as "4.1 (3.9 to 4.6)" is the time of the library in ours: the median of the ratios within each round, and the
  quartiles. Above 1 we are faster.
- Results are compared before anything is timed; a library that computes something else is left out.
- Ours writes into `out=` and checks its inputs. torch, torch.compile (for these very shapes) and JAX (jit) run forward
  and backward of the library's own function, or of what its users write where there is none. scikit-learn's compiled
  losses write values and gradients per sample.
- *{moving}*: a loop that reads the same inputs and writes the same outputs once, with the same kind of stores, as a
  share of our time; 100 % is the limit. It is left out where samples interact: there *{products}* are those of matrices
  that our call does, by NumPy alone, as a share of our time.
- *{adding}*: adding up one number per sample in double precision, in the cache, by the code of our kernels, as a share
  of our time. *{exponentials}*: one exponential per entry of the predictions by NumPy's vectorised `exp` in the cache;
  left out where samples interact.
- For one thread the whole process is confined to one processor.
"""


def write_page(content, path, pictures):
    """Write the page.

    Args:
        content: what was recorded.
        path: of the page.
        pictures: file names of plots, with their captions.
    """
    runs = content["runs"]
    lines = [_introduction(content)]
    lines += [f"![{caption}](pictures/{name})\n" for name, caption in pictures.items()]
    lines += ["## Figures to reach\n", *_goals(runs)]
    for run in runs:
        threads = f"{run['threads']} thread{'s' if run['threads'] > 1 else ''}"
        for entry, dtype, heading in (
            ("value_and_grad", "float32", "Value and gradient, float32"),
            ("value_and_grad", "float64", "Value and gradient, float64"),
            ("grad_hess_diag", "float32", "Gradient and Hessian diagonal, float32"),
        ):
            lines += _table([run], f"{heading}, {threads}", entry, dtype, run["threads"])
    lines += _training(runs) + _confident(runs) + _missing(runs)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _introduction(content):
    first = content["runs"][0]
    machine = first["machine"]
    versions = ", ".join(
        f"{key} {machine[key]}" for key in machine if key not in ("cpu", "cores", "system", "load_before")
    )
    words = f"{machine['cpu']}, {machine['cores']} processors, {machine['system']}; {versions}."
    load = machine.get("load_before", "unknown")
    limits = [f"{run['threads']}: {_limits(run['limits'])}" for run in content["runs"]]
    return INTRODUCTION.format(
        minutes=content["minutes"],
        machine="\n".join(
            [f"Measured on {words}", f"By threads: {'; '.join(limits)}.", f"Load before: {load}.", *_warning(machine)]
        ),
        moving=MOVING,
        exponentials=EXPONENTIALS,
        adding=ADDING,
        products=PRODUCTS,
    )


def _warning(machine):
    return [f"**{disturbed(machine)}**"] if disturbed(machine) else []


def _limits(limits):
    copied = f"a copy of float32 numbers moves {limits['copy_gigabytes_per_second']:g} GB/s (read and written)"
    taken = [f"{found:g} ns in {dtype}" for dtype, found in limits["nanoseconds_per_exponential"].items()]
    return f"{copied}, an exponential takes {', '.join(taken)}"


def _goals(runs):
    lines = ["| figure | aim | measured, at worst | | on one thread |", "|---|---|---|---|---|"]
    for sentence, bound, worst, alone in goals(runs):
        cells = ["not measured", "", ""]
        if worst is not None:
            cells[:2] = _figure(worst), "" if worst[0] >= bound else "**not reached**"
        if alone is not None:
            cells[2] = _figure(alone)
        lines.append(f"| {sentence} | {bound:g} | {' | '.join(cells)} |")
    return [*lines, ""]


def _figure(worst):
    value, outcome = worst
    return f"{value:.3g} (`{title(outcome)}`)"


def _table(runs, heading, entry, dtype, threads):
    outcomes = list(measured(runs, threads, entry, dtype))
    if not outcomes:
        return []
    columns = columns_of(outcomes)
    lines = [f"## {heading}\n", f"| | {OURS} | {' | '.join(columns)} |", "|---" * (len(columns) + 2) + "|"]
    lines += [f"| `{title(outcome)}` | {' | '.join(cells(outcome, columns))} |" for outcome in outcomes]
    if FIRST_ORDER in columns:
        lines += [
            "",
            f"*{FIRST_ORDER.capitalize()}*: our own `value_and_grad` on the same inputs, in the time of this call.",
        ]
    return [*lines, ""]


def _training(runs):
    found = [(run["threads"], one) for run in runs for one in run["boosting"]]
    if not found:
        return []
    lines = [
        "## Training gradient-boosted trees\n",
        "The same training with our gradient and Hessian diagonal as a custom objective, and with the built-in one.",
        "The last column is the mean difference of the predictions, in their spread.\n",
        "| loss | threads | library | built in | ours | ours in built in | difference |",
        "|---" * 7 + "|",
    ]
    for threads, one in found:
        for library, entry in one["libraries"].items():
            seconds = entry["seconds"]
            lines.append(
                f"| `{one['loss']}`, {one['rows']:,} rows, {one['trees']} trees | {threads} | {library} "
                f"| {duration(seconds['built-in']['median'])} | {duration(seconds['symloss']['median'])} "
                f"| {times(entry['ratio'])} | {entry['difference']:.1g} |"
            )
    return [*lines, ""]


def _confident(runs):
    found = [one for run in runs for one in run["confident"]]
    if not found:
        return []
    lines = [
        "## Accuracy at confident predictions\n",
        "Relative errors in float64 against the exact result of the formula. 1 means that no digit is right.\n",
        "| loss | at | exact value | library | error of the value | error of the gradient |",
        "|---" * 6 + "|",
    ]
    for one in found:
        about = one["errors"]
        for library, entry in sorted(about["libraries"].items(), key=lambda item: (item[0] != OURS, item[0])):
            gradient = _error(entry["gradient"]) if "gradient" in entry else ""
            point = f"| `{one['loss']}` | {about['point']} | {about['exact value']:.4g}"
            lines.append(f"{point} | {library} | {_error(entry['value'])} | {gradient} |")
    return [*lines, ""]


def _error(relative):
    return {0.0: "0", 1.0: "1"}.get(relative, f"{relative:.1e}")


def _missing(runs):
    """What is left out, and why."""
    lines = []
    for run in runs:
        for (library, reason), cases in reasons(run["outcomes"]).items():
            every = len({title(o) + o["case"]["dtype"] for o in run["outcomes"]}) == len(cases)
            lines.append(
                f"- {library}, threads {run['threads']}: {reason} ({'all cases' if every else ', '.join(cases)})."
            )
        lines += [f"- threads {run['threads']}: {one['reason']}." for one in run["refused"]]
        for one in run["boosting"]:
            lines += [
                f"- {lib}, `{one['loss']}`, threads {run['threads']}: {why}." for lib, why in one["skipped"].items()
            ]
        if run["ended"]:
            lines.append(f"- threads {run['threads']}: not everything was measured, {run['ended']}.")
    return ["## Left out\n", *(lines or ["Nothing."]), ""]
